//! The rules of policy documents as the AWS CLI's answers embed them.

use crate::model::{Document, Effect, IamRule, Matcher, Problem, ProblemKind, Rule, RuleBody, Str};
use crate::platform::aws::policy::{self, Selection};
use serde_json::Value;

/// What a reader does with its document.
pub(super) struct Context<'a> {
    /// The document.
    pub document: &'a Document<'a>,
    /// The reader's name.
    pub reader: &'static str,
}

impl Context<'_> {
    /// Trouble with the document.
    pub(super) fn problem(&self, kind: ProblemKind, message: String) -> Problem {
        Problem {
            path: self.document.origin.path.clone(),
            line: None,
            column: None,
            kind,
            reader: self.reader,
            message: message.into(),
        }
    }

    /// The rules of a policy document that stands, as JSON or as a string that holds it, at a pointer; `None`
    /// when it is no document at all.
    pub(super) fn rules(
        &self,
        value: &Value,
        pointer: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<Vec<Rule>> {
        let mut malformed = |place: &str, message: &str| {
            problems.push(self.problem(
                ProblemKind::Malformed,
                format!("{pointer}{place}: {message}"),
            ));
        };
        let Some(value) = policy::embedded(value) else {
            malformed("", "policy document is neither JSON nor URL-encoded JSON");
            return None;
        };
        let (document, troubles) = policy::document(&value);
        for (place, message) in troubles {
            malformed(&place, message);
        }
        if !policy::is_of_size(&value) {
            return None;
        }
        let version: Option<Str> = document.version.map(Str::from);
        let mut rules = Vec::new();
        for statement in document.statements {
            let place = format!("/Statement/{}", statement.index);
            let Some(resources) = &statement.resources else {
                malformed(&place, "statement has no Resource");
                continue;
            };
            rules.push(Rule {
                effect: if statement.allow {
                    Effect::Allow
                } else {
                    Effect::Deny
                },
                body: RuleBody::Iam(IamRule {
                    actions: matcher(&statement.actions),
                    resources: matcher(resources),
                    condition: statement.condition.as_deref().map(Str::from),
                    version: version.clone(),
                }),
                label: statement.label().into(),
                evidence: self
                    .document
                    .at_record(self.reader, format!("{pointer}{place}")),
            });
        }
        Some(rules)
    }
}

fn matcher(selection: &Selection) -> Matcher {
    let patterns = selection.patterns.iter();
    let patterns = patterns.map(|p| p.as_str().into()).collect();
    if selection.negated {
        Matcher::NotIn(patterns)
    } else {
        Matcher::In(patterns)
    }
}
