//! Answers to requests: for a person, and as JSON.

use super::Style;
use super::paint::{BOLD, CYAN, DIM, GREEN, PLAIN, Pen, RED, YELLOW};
use super::text::{clean, count};
use crate::model::{Answer, DecidingStatement, Decision, Effect, PrincipalDecision, Str};
use crate::snapshot::Evidence;
use anstyle::Style as Ansi;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io;

/// What was asked, as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who; `None` where everybody is meant.
    pub principal: Option<&'a str>,
    /// What.
    pub action: &'a str,
    /// On what.
    pub resource: Option<&'a str>,
}

/// An answer as JSON. Fields are only ever added.
#[derive(Debug, Serialize)]
struct Wire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a str>,
    action: &'a str,
    resource: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Str]>::is_empty")]
    through: &'a [Str],
    /// `allowed`, `conditional`, `unresolved`, `implicitly-denied`, `explicitly-denied`.
    decision: &'static str,
    /// `null` where the answer depends on something.
    allowed: Option<bool>,
    certainty: &'static str,
    conditions: &'a BTreeSet<Str>,
    missing: &'a BTreeSet<Str>,
    assumptions: &'a BTreeSet<Str>,
    deciding: Vec<WireStatement<'a>>,
    explanation: &'a str,
}

#[derive(Debug, Serialize)]
struct WireStatement<'a> {
    layer: &'static str,
    policy: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    statement: &'a str,
    effect: &'static str,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    conditions: &'a BTreeSet<Str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
}

impl<'a> Wire<'a> {
    fn new(asked: Asked<'a>, decision: &'a Decision) -> Self {
        Self {
            line: None,
            id: None,
            principal: asked.principal,
            action: asked.action,
            resource: asked.resource,
            through: &[],
            decision: decision.outcome.as_str(),
            allowed: match decision.outcome {
                Answer::Allowed => Some(true),
                Answer::ImplicitlyDenied | Answer::ExplicitlyDenied => Some(false),
                Answer::Conditional | Answer::Unresolved => None,
            },
            certainty: decision.outcome.certainty(),
            conditions: &decision.conditions,
            missing: &decision.missing,
            assumptions: &decision.assumptions,
            deciding: decision.deciding.iter().map(WireStatement::new).collect(),
            explanation: &decision.explanation,
        }
    }
}

impl<'a> WireStatement<'a> {
    fn new(statement: &'a DecidingStatement) -> Self {
        Self {
            layer: statement.layer.as_str(),
            policy: &statement.policy,
            version: statement.version.as_deref(),
            statement: &statement.statement,
            effect: effect(statement.effect),
            conditions: &statement.conditions,
            evidence: statement.evidence.as_ref().map(Evidence::from),
        }
    }
}

const fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    }
}

/// One answer as a line of JSON, with the number and the id of the request that it answers.
pub fn line(asked: Asked<'_>, decision: &Decision, line: usize, id: Option<&Value>) -> String {
    let wire = Wire {
        line: Some(line),
        id,
        ..Wire::new(asked, decision)
    };
    serde_json::to_string(&wire).unwrap_or_default()
}

/// One answer as JSON for a person to read.
pub fn write_json(
    asked: Asked<'_>,
    decision: &Decision,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Wire::new(asked, decision))?;
    writeln!(out)
}

/// The answers of all principals as JSON.
pub fn write_all_json(
    asked: Asked<'_>,
    verdicts: &[PrincipalDecision],
    others: usize,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct All<'a> {
        action: &'a str,
        resource: Option<&'a str>,
        principals: Vec<Wire<'a>>,
        through_roles: Vec<Wire<'a>>,
        denied: usize,
    }
    let wire = |one: &'_ PrincipalDecision| -> bool { one.through.is_empty() };
    let make = |direct: bool| {
        let chosen = verdicts.iter().filter(|v| wire(v) == direct);
        let each = chosen.map(|verdict| {
            let asked = Asked {
                principal: Some(&verdict.principal),
                ..asked
            };
            Wire {
                through: &verdict.through,
                ..Wire::new(asked, &verdict.decision)
            }
        });
        each.collect()
    };
    let all = All {
        action: asked.action,
        resource: asked.resource,
        principals: make(true),
        through_roles: make(false),
        denied: others,
    };
    serde_json::to_writer_pretty(&mut *out, &all)?;
    writeln!(out)
}

const fn shade(answer: Answer) -> Ansi {
    match answer {
        Answer::Allowed => GREEN,
        Answer::Conditional => YELLOW,
        Answer::Unresolved => CYAN,
        Answer::ImplicitlyDenied | Answer::ExplicitlyDenied => RED,
    }
}

const fn words(answer: Answer) -> &'static str {
    match answer {
        Answer::Allowed => "allowed",
        Answer::Conditional => "allowed under conditions",
        Answer::Unresolved => "cannot be told: a document is missing",
        Answer::ImplicitlyDenied => "denied: nothing allows it",
        Answer::ExplicitlyDenied => "denied by a statement",
    }
}

/// Writes an answer for a person.
pub fn write(
    asked: Asked<'_>,
    decision: &Decision,
    out: &mut dyn io::Write,
    style: &Style,
) -> io::Result<()> {
    let pen = &mut Pen::new(out, style);
    let shown = words(decision.outcome);
    let shown = pen.paint(shade(decision.outcome), shown);
    pen.line(&shown)?;
    if let Some(principal) = asked.principal {
        pen.field("principal", PLAIN, &clean(principal))?;
    }
    pen.field("action", PLAIN, &clean(asked.action))?;
    if let Some(resource) = asked.resource {
        pen.field("resource", PLAIN, &clean(resource))?;
    }
    pen.field("why", PLAIN, &clean(&decision.explanation))?;
    pen.field_list("depends on", &decision.conditions)?;
    pen.field_list("missing", &decision.missing)?;
    pen.field_list("assumed", &decision.assumptions)?;
    if !decision.deciding.is_empty() {
        pen.blank()?;
        let title = pen.paint(BOLD, "Deciding statements");
        pen.line(&title)?;
    }
    for statement in &decision.deciding {
        let (word, style) = match statement.effect {
            Effect::Allow => ("Allow", GREEN),
            Effect::Deny => ("Deny ", RED),
        };
        let version = statement.version.as_deref();
        let version = version.map_or_else(String::new, |v| format!(" {v}"));
        let text = format!(
            "{} · {}{version} · {}",
            statement.layer.as_str(),
            statement.policy,
            statement.statement
        );
        pen.item(2, (style, word), PLAIN, clean(&text).trim())?;
        if !statement.conditions.is_empty() {
            let keys: Vec<&str> = statement.conditions.iter().map(|k| &**k).collect();
            pen.text(8, DIM, &clean(&format!("if {}", keys.join(", "))))?;
        }
        if let Some(evidence) = &statement.evidence {
            pen.text(8, DIM, &clean(&evidence.to_string()))?;
        }
    }
    Ok(())
}

/// Writes the answers of all principals for a person.
pub fn write_all(
    asked: Asked<'_>,
    verdicts: &[PrincipalDecision],
    others: usize,
    limit: usize,
    out: &mut dyn io::Write,
    style: &Style,
) -> io::Result<()> {
    let pen = &mut Pen::new(out, style);
    let on = asked.resource.unwrap_or("any resource");
    let title = pen.paint(BOLD, &clean(&format!("{} on {on}", asked.action)));
    pen.line(&title)?;
    for direct in [true, false] {
        for answer in Answer::ALL {
            let chosen = || {
                verdicts
                    .iter()
                    .filter(move |v| v.through.is_empty() == direct)
                    .filter(move |v| v.decision.outcome == answer)
            };
            let number = chosen().count();
            if number == 0 {
                continue;
            }
            pen.blank()?;
            let head = format!(
                "{}{} ({})",
                words(answer),
                if direct {
                    ""
                } else {
                    ", as a role that it may assume"
                },
                count(number, "principal", "principals")
            );
            let head = pen.paint(shade(answer), &head);
            pen.line(&head)?;
            for verdict in chosen().take(limit) {
                one(verdict, pen)?;
            }
            if number > limit {
                pen.text(2, DIM, &format!("… and {} more", number - limit))?;
            }
        }
    }
    pen.blank()?;
    let rest = match (verdicts.iter().any(|v| v.through.is_empty()), others) {
        (false, others) => format!(
            "No principal of its own: {}.",
            count(others, "is denied", "are denied")
        ),
        (true, others) => format!("{} denied.", count(others, "other is", "others are")),
    };
    pen.text(0, DIM, &rest)?;
    let direct = verdicts.iter().filter(|v| v.through.is_empty());
    let assumed: BTreeSet<Str> = direct
        .flat_map(|v| v.decision.assumptions.iter().cloned())
        .collect();
    for text in assumed.iter().take(limit) {
        pen.text(0, DIM, &clean(&format!("Assumed: {text}.")))?;
    }
    Ok(())
}

fn one(verdict: &PrincipalDecision, pen: &mut Pen<'_>) -> io::Result<()> {
    pen.text(2, PLAIN, &clean(&verdict.principal))?;
    for role in &verdict.through {
        pen.text(4, DIM, &clean(&format!("as {role}")))?;
    }
    let decision = &verdict.decision;
    let mut notes = Vec::new();
    if verdict.through.is_empty()
        && let Some(first) = decision.deciding.first()
    {
        let policy = first.policy.rsplit('/').next().unwrap_or_default();
        notes.push(format!(
            "{} {policy} · {}",
            first.layer.as_str(),
            first.statement
        ));
    }
    let list = |names: &BTreeSet<Str>| {
        let names: Vec<&str> = names.iter().map(|n| &**n).collect();
        names.join(", ")
    };
    if !decision.conditions.is_empty() {
        notes.push(format!("if {}", list(&decision.conditions)));
    }
    if !decision.missing.is_empty() {
        notes.push(format!("without {}", list(&decision.missing)));
    }
    for note in notes {
        pen.text(4, DIM, &clean(&note))?;
    }
    Ok(())
}

impl Pen<'_> {
    /// A field of several texts, a line each; nothing where there are none.
    fn field_list(&mut self, label: &str, texts: &BTreeSet<Str>) -> io::Result<()> {
        for (index, text) in texts.iter().enumerate() {
            self.field(if index == 0 { label } else { "" }, PLAIN, &clean(text))?;
        }
        Ok(())
    }
}
