//! Helm charts, read without Helm: templates are run by an interpreter of their own, within bounds, with the values that
//! the chart, its other files of values, or a release say.
//!
//! Objects that these values switch off are declared all the same: a second run finds them, and identities among them are
//! said to be disabled. What cannot be run is read leniently; what cannot be known stays a symbol.

use super::tree::{self, Node, TreeError};
use crate::model::{Document, Facts, Presence, Problem, ProblemKind, Set};
use engine::{Condition, Want};
use release::Release;
use render::{Outcome, Rendered, Renderer, Wanted};
use std::collections::{BTreeMap, BTreeSet};
use value::Value;

mod capabilities;
mod engine;
mod files;
mod funcs;
mod lenient;
mod output;
mod release;
mod render;
mod syntax;
#[cfg(test)]
mod tests;
mod value;
mod values;

pub(super) use files::{Chart, charts, claims};

/// Stack of the thread that runs a chart's templates: they may be nested, and include each other.
const STACK: usize = 256 << 20;
/// Most other files of values that a chart is rendered with.
const MAX_VARIANTS: usize = 16;
/// Most conditions of one template that are tried one by one.
const MAX_CONDITIONS: usize = 8;

/// What a chart states.
pub(super) fn read(chart: &Chart<'_>) -> (Facts, Vec<Problem>) {
    let run = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, || read_chart(chart)).ok()?;
        thread.join().ok()
    });
    run.unwrap_or_else(|| {
        let meta = chart.estate.charts.get(chart.index).map(|files| files.meta);
        let problem = meta.map(|meta| {
            let message = "internal error while the chart was read; please report it".to_owned();
            problem(meta, 0, ProblemKind::Unreadable, message)
        });
        (Facts::default(), problem.into_iter().collect())
    })
}

/// What a text with actions states that belongs to no chart, read without running it; `None` where that gives no YAML.
pub(super) fn loose(document: &Document<'_>) -> Option<(Facts, Vec<Problem>)> {
    let text = std::str::from_utf8(document.bytes).ok()?;
    let read = lenient::read(text, |_, _| None);
    let (nodes, broken) = lenient_nodes(&read);
    if broken.is_some() {
        return None;
    }
    let (mut facts, problems) = super::read_made(document, &nodes);
    mark(&mut facts, "template, read without rendering");
    Some((facts, problems))
}

fn lenient_nodes(read: &lenient::Lenient) -> (Vec<Node>, Option<TreeError>) {
    let mut nodes = Vec::new();
    let mut broken = None;
    for part in tree::yaml(&read.text) {
        match part {
            Ok(mut node) => {
                render::relate(&mut node, &|line| line, &read.symbols);
                nodes.push(node);
            }
            Err(error) => drop(broken.get_or_insert(error)),
        }
    }
    (nodes, broken)
}

fn problem(document: &Document<'_>, line: u32, kind: ProblemKind, message: String) -> Problem {
    Problem {
        path: document.origin.path.clone(),
        line: (line > 0).then_some(line),
        column: None,
        kind,
        reader: super::NAME,
        message: message.into(),
    }
}

/// Says of identities that are declared how they came about.
fn mark(facts: &mut Facts, derivation: &str) {
    for identity in &mut facts.identities {
        if identity.presence.contains(&Presence::Declared) {
            identity.derivation.insert(derivation.into());
            if identity.name.contains("{{") {
                let open = format!("not resolved: {}", identity.name);
                identity.derivation.insert(open.into());
            }
        }
    }
}

/// One reading of a chart.
struct Reading<'c, 'd> {
    loaded: values::Loaded<'c, 'd>,
    renderer: Renderer<'d>,
    facts: Facts,
    problems: BTreeSet<Problem>,
    /// Ids of all identities that are on.
    known: BTreeSet<String>,
}

fn read_chart(chart: &Chart<'_>) -> (Facts, Vec<Problem>) {
    let estate = &*chart.estate;
    let Some(loaded) = values::load(estate, chart.index) else {
        return (Facts::default(), Vec::new());
    };
    let renderer = Renderer::new(&loaded);
    let name = loaded.name.clone();
    let variants: Vec<_> = loaded
        .files
        .variants
        .iter()
        .take(MAX_VARIANTS)
        .cloned()
        .collect();
    let mut reading = Reading {
        loaded,
        renderer,
        facts: Facts::default(),
        problems: BTreeSet::new(),
        known: BTreeSet::new(),
    };
    let plain = |said_by: String, values: Vec<Node>| Release {
        name: name.clone(),
        namespace: None,
        said_by,
        values,
        parameters: Vec::new(),
    };
    let mut switched = Vec::new();
    if chart.releases.is_empty() {
        let defaults = plain("default values".to_owned(), Vec::new());
        switched.push((reading.on(&defaults), defaults));
        for (inside, document) in variants {
            let read = tree::documents(document.bytes).into_iter().next();
            if let Some(Ok(node)) = read.filter(|read| read.as_ref().is_ok_and(Node::is_map)) {
                reading.on(&plain(inside, vec![node]));
            }
        }
    }
    for release in &chart.releases {
        switched.push((reading.on(release), release.clone()));
    }
    for (off, release) in switched {
        reading.off(&off, &release);
    }
    (reading.facts, reading.problems.into_iter().collect())
}

/// A template's path with the conditions that kept objects of it out, or what switched its chart off.
struct Off {
    path: String,
    conditions: Vec<Condition>,
    chart: Option<String>,
}

impl<'c, 'd> Reading<'c, 'd>
where
    'c: 'd,
{
    /// What the user of a release says.
    fn given(release: &Release) -> Value {
        let given = Value::map(BTreeMap::new());
        for node in &release.values {
            let over = Value::of(node);
            values::fill(&over, &given);
            if let (Value::Map(given), Value::Map(over)) = (&given, &over) {
                *given.borrow_mut() = over.borrow().clone();
            }
        }
        for (path, value, forced) in &release.parameters {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            let value = match (value.as_str(), *forced) {
                ("true", false) => Value::Bool(true),
                ("false", false) => Value::Bool(false),
                ("null", false) => Value::Null,
                (text, _) => Value::str(text),
            };
            values::put(&given, &path, value);
        }
        given
    }

    fn derivation(&self, release: &Release) -> String {
        format!("chart {}, {}", self.loaded.files.name, release.said_by)
    }

    /// Reads what a release installs; tells what is switched off.
    fn on(&mut self, release: &Release) -> Vec<Off> {
        let scope = values::scope(&self.loaded, &Self::given(release));
        let wanted = Wanted {
            release,
            force: false,
            off_charts: true,
            only: None,
        };
        let mut off = Vec::new();
        let rendered = self.renderer.render(&scope, &wanted);
        let derivation = self.derivation(release);
        for one in rendered {
            if one.chart_off.is_none() {
                let facts = self.take(&one, release, &derivation);
                let ids = facts
                    .identities
                    .iter()
                    .map(|identity| identity.id.to_string());
                self.known.extend(ids);
                self.facts.append(facts);
            }
            if one.chart_off.is_some() || !one.off.is_empty() {
                off.push(Off {
                    path: one.document.origin.path.to_string(),
                    conditions: one.off.into_iter().take(MAX_CONDITIONS).collect(),
                    chart: one.chart_off,
                });
            }
        }
        off
    }

    /// What a template that was run states.
    fn take(&mut self, one: &Rendered<'d>, release: &Release, derivation: &str) -> Facts {
        let document = one.document;
        let (nodes, lenient) = match &one.outcome {
            Outcome::Nodes(nodes, None) => (nodes.clone(), None),
            Outcome::Nodes(nodes, Some(error)) => (
                nodes.clone(),
                Some((error.line, ProblemKind::Malformed, error.message.clone())),
            ),
            Outcome::Syntax(error) => {
                let message = format!("template: {}", error.message);
                (
                    Vec::new(),
                    Some((error.line, ProblemKind::Malformed, message)),
                )
            }
            Outcome::Limit => {
                let message = "template goes on beyond its bounds; it was not run to its end";
                (
                    Vec::new(),
                    Some((0, ProblemKind::Limited, message.to_owned())),
                )
            }
        };
        let mut facts = self.said(document, nodes.clone(), release);
        mark(&mut facts, derivation);
        for trouble in &one.troubles {
            mark(&mut facts, &format!("not worked out: {trouble}"));
        }
        if let Some((line, kind, message)) = lenient {
            let (more, broken) = self.renderer.leniently(document, None);
            let read: BTreeSet<u32> = nodes.iter().map(|node| node.line).collect();
            let more: Vec<_> = more
                .into_iter()
                .filter(|node| !read.contains(&node.line))
                .collect();
            let any = !more.is_empty();
            let mut found = self.said(document, more, release);
            mark(&mut found, derivation);
            mark(&mut found, "template, read without rendering");
            facts.append(found);
            match (broken, kind) {
                (None, ProblemKind::Malformed) if any => {
                    let message = format!("{message}; read without rendering");
                    self.problems
                        .insert(problem(document, line, ProblemKind::Note, message));
                }
                _ => drop(self.problems.insert(problem(document, line, kind, message))),
            }
        }
        facts
    }

    /// What objects say, in the namespace of their release.
    fn said(&mut self, document: &Document<'_>, mut nodes: Vec<Node>, release: &Release) -> Facts {
        if let Some(namespace) = &release.namespace {
            for node in &mut nodes {
                settle(node, namespace);
            }
        }
        let (facts, problems) = super::read_made(document, &nodes);
        self.problems.extend(problems);
        facts
    }

    /// Reads what a release leaves out: identities, disabled.
    fn off(&mut self, switched: &[Off], release: &Release) {
        for off in switched {
            let mut found = BTreeMap::new();
            let all = self.forced(off, &off.conditions, release);
            if let Some(why) = &off.chart {
                found.extend(all.into_iter().map(|identity| (identity, why.clone())));
            } else {
                if let [_, _, ..] = &off.conditions[..] {
                    for condition in &off.conditions {
                        for identity in self.forced(off, std::slice::from_ref(condition), release) {
                            found.entry(identity).or_insert(condition.text.clone());
                        }
                    }
                }
                let texts: Vec<_> = off.conditions.iter().map(|c| c.text.as_str()).collect();
                for identity in all {
                    found.entry(identity).or_insert_with(|| texts.join("; "));
                }
            }
            let derivation = self.derivation(release);
            for (Ordered(mut identity), why) in found {
                if !self.known.contains(&identity.id.to_string()) {
                    identity.presence = Set::from_iter([Presence::SwitchedOff]);
                    identity.derivation.insert(derivation.as_str().into());
                    let why = format!("off by {}: {why}", release.said_by);
                    identity.derivation.insert(why.into());
                    self.facts.identities.push(identity);
                }
            }
        }
    }

    /// The identities that a template declares when conditions are made to hold.
    fn forced(&mut self, off: &Off, conditions: &[Condition], release: &Release) -> Vec<Ordered> {
        let given = Self::given(release);
        let plain = values::scope(&self.loaded, &given);
        let owner = owner(&plain, &off.path, &mut Vec::new()).unwrap_or_default();
        for (path, want) in conditions.iter().flat_map(|condition| &condition.wants) {
            let full: Vec<String> = owner.iter().chain(path).cloned().collect();
            let keys: Vec<&str> = full.iter().map(String::as_str).collect();
            let value = match (want, plain.values.at(&keys)) {
                (Want::True, None | Some(Value::Null | Value::Bool(_))) => Value::Bool(true),
                (Want::False, _) => Value::Bool(false),
                (Want::Text(text), _) => Value::str(text.as_str()),
                // An object of which nothing is known is of no use.
                (Want::True, _) => continue,
            };
            values::put(&given, &full, value);
        }
        let scope = values::scope(&self.loaded, &given);
        let single = conditions.len() == 1 && off.conditions.len() > 1;
        let wanted = Wanted {
            release,
            force: !single,
            off_charts: true,
            only: Some(&off.path),
        };
        let mut identities = Vec::new();
        for one in self.renderer.render(&scope, &wanted) {
            let Outcome::Nodes(mut nodes, _) = one.outcome else {
                continue;
            };
            if let Some(namespace) = &release.namespace {
                for node in &mut nodes {
                    settle(node, namespace);
                }
            }
            // What such objects grant is granted to nobody.
            let (facts, _) = super::read_made(one.document, &nodes);
            let declared = facts
                .identities
                .into_iter()
                .filter(|identity| identity.presence.contains(&Presence::Declared));
            identities.extend(declared.map(Ordered));
        }
        identities
    }
}

/// An identity, in the order of ids.
struct Ordered(crate::model::Identity);

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.id.cmp(&other.0.id)
    }
}

/// Where the values of the chart that a template belongs to stand in those of the outermost chart.
fn owner(
    scope: &values::Scope<'_, '_, '_>,
    path: &str,
    at: &mut Vec<String>,
) -> Option<Vec<String>> {
    let here = scope
        .chart
        .files
        .templates
        .iter()
        .any(|(_, document)| &*document.origin.path == path);
    if here {
        return Some(at.clone());
    }
    for child in &scope.children {
        at.push(child.chart.name.clone());
        let found = owner(child, path, at);
        at.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Puts an object that names no namespace into that of its release.
fn settle(node: &mut Node, namespace: &str) {
    let line = node.line;
    let tree::Value::Map(entries) = &mut node.value else {
        return;
    };
    for (key, value) in entries {
        match (key.as_str(), &mut value.value) {
            ("items", tree::Value::List(items)) => {
                for item in items {
                    settle(item, namespace);
                }
            }
            ("metadata", tree::Value::Map(members))
                if members.iter().all(|(key, _)| key != "namespace") =>
            {
                let value = tree::Value::Scalar {
                    text: namespace.to_owned(),
                    plain: false,
                };
                members.push((
                    "namespace".to_owned(),
                    Node {
                        line,
                        file: 0,
                        value,
                    },
                ));
            }
            _ => {}
        }
    }
}
