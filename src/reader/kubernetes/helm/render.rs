//! Runs the templates of a chart and of those that it takes in.

use super::super::tree::{self, Node, TreeError};
use super::capabilities;
use super::engine::{Budget, Condition, Engine, Stop};
use super::output::{Out, spelled};
use super::release::Release;
use super::syntax::{self, Parsed, SyntaxError};
use super::value::Value;
use super::values::{Loaded, Scope};
use crate::model::Document;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What one template may spend; steps are milliseconds' worth.
const TEMPLATE: Budget = Budget {
    steps: 400_000,
    bytes: 32 << 20,
};
/// What a chart may spend with all its values.
const CHART: Budget = Budget {
    steps: 12_000_000,
    bytes: 512 << 20,
};

/// A template that was parsed.
struct Template<'d> {
    document: &'d Document<'d>,
    name: String,
    parsed: Result<Parsed, SyntaxError>,
}

/// The templates of a chart and of those that it takes in, parsed once for all values.
pub(super) struct Renderer<'d> {
    templates: Vec<Template<'d>>,
    engine: Engine,
    left: Budget,
}

/// What a template gave.
pub(super) struct Rendered<'d> {
    pub(super) document: &'d Document<'d>,
    pub(super) outcome: Outcome,
    /// What could not be worked out.
    pub(super) troubles: BTreeSet<String>,
    /// Conditions that kept objects out.
    pub(super) off: BTreeSet<Condition>,
    /// What switched its chart off.
    pub(super) chart_off: Option<String>,
}

/// How it ended.
pub(super) enum Outcome {
    /// Objects, and where the first document that is no YAML begins.
    Nodes(Vec<Node>, Option<TreeError>),
    Syntax(SyntaxError),
    Limit,
}

/// What to render.
pub(super) struct Wanted<'w> {
    pub(super) release: &'w Release,
    /// Whether objects that conditions keep out are wanted as well.
    pub(super) force: bool,
    /// Whether charts that are switched off are rendered.
    pub(super) off_charts: bool,
    /// Only this template, by its document's path.
    pub(super) only: Option<&'w str>,
}

impl<'d> Renderer<'d> {
    pub(super) fn new<'e: 'd>(chart: &Loaded<'e, 'd>) -> Self {
        let mut renderer = Self {
            templates: Vec::new(),
            engine: Engine::new(Budget { steps: 0, bytes: 0 }),
            left: CHART,
        };
        renderer.parse(chart, &chart.name);
        renderer
    }

    /// Parses a chart's templates; what an outer chart defines replaces what an inner one does.
    fn parse<'e: 'd>(&mut self, chart: &Loaded<'e, 'd>, path: &str) {
        for child in &chart.children {
            let path = format!("{path}/charts/{}", child.chart.name);
            self.parse(&child.chart, &path);
        }
        for missing in &chart.missing {
            if missing == "common" {
                self.define(include_str!("common.tpl"));
            }
        }
        // Definitions of a file that sorts later replace those of an earlier one.
        for (inside, document) in &chart.files.templates {
            let file = document.origin.file_name();
            if file == "NOTES.txt" || file.ends_with(".txt") {
                continue;
            }
            let text = String::from_utf8_lossy(document.bytes);
            let mut parsed = syntax::parse(text.trim_start_matches('\u{FEFF}'));
            if let Ok(parsed) = &mut parsed {
                self.engine
                    .defines
                    .extend(std::mem::take(&mut parsed.defines));
            }
            if !chart.files.library && !file.starts_with('_') && !file.ends_with(".tpl") {
                self.templates.push(Template {
                    document,
                    name: format!("{path}/{inside}"),
                    parsed,
                });
            }
        }
    }

    fn define(&mut self, text: &str) {
        if let Ok(parsed) = syntax::parse(text) {
            for (name, body) in parsed.defines {
                self.engine.defines.entry(name).or_insert(body);
            }
        }
    }

    /// Renders with values that were worked out.
    pub(super) fn render(
        &mut self,
        scope: &Scope<'_, '_, 'd>,
        wanted: &Wanted<'_>,
    ) -> Vec<Rendered<'d>> {
        let mut roots = BTreeMap::new();
        contexts(
            scope,
            wanted.release,
            &scope.chart.name,
            None,
            true,
            &mut roots,
        );
        let templates = std::mem::take(&mut self.templates);
        let mut rendered = Vec::new();
        for template in &templates {
            if wanted
                .only
                .is_some_and(|only| only != &*template.document.origin.path)
            {
                continue;
            }
            let chart = template
                .name
                .split_once("/templates/")
                .map(|(chart, _)| chart);
            let Some((root, off)) = chart.and_then(|chart| roots.get(chart)) else {
                continue;
            };
            if off.is_some() && !wanted.off_charts {
                continue;
            }
            rendered.push(self.template(template, root, off.clone(), wanted));
        }
        self.templates = templates;
        rendered
    }

    /// What the only template prints.
    #[cfg(test)]
    pub(super) fn print(&mut self, scope: &Scope<'_, '_, 'd>, release: &Release) -> String {
        let mut roots = BTreeMap::new();
        let path = &scope.chart.name;
        contexts(scope, release, path, None, true, &mut roots);
        let (root, _) = roots.remove(path).unwrap();
        let template = self.templates.remove(0);
        if let Value::Map(map) = &root {
            let base = Value::str("bat/templates");
            let entries = [
                ("Name", Value::str("bat/templates/e.yaml")),
                ("BasePath", base),
            ];
            let entries = entries.map(|(key, value)| (key.to_owned(), value));
            map.borrow_mut()
                .insert("Template".to_owned(), Value::map(BTreeMap::from(entries)));
        }
        self.engine.budget = TEMPLATE;
        let out = self
            .engine
            .run(&template.parsed.unwrap().body, &root)
            .unwrap();
        let troubles: Vec<_> = self.engine.troubles.iter().cloned().collect();
        out.text + &troubles.join(";")
    }

    fn template(
        &mut self,
        template: &Template<'d>,
        root: &Value,
        chart_off: Option<String>,
        wanted: &Wanted<'_>,
    ) -> Rendered<'d> {
        let engine = &mut self.engine;
        engine.troubles.clear();
        engine.off.clear();
        engine.force = wanted.force;
        let granted = Budget {
            steps: TEMPLATE.steps.min(self.left.steps),
            bytes: TEMPLATE.bytes.min(self.left.bytes),
        };
        let before = (granted.steps, granted.bytes);
        engine.budget = granted;
        let outcome = match &template.parsed {
            Err(failed) => Outcome::Syntax(failed.clone()),
            Ok(parsed) => {
                if let Value::Map(map) = root {
                    let base = template.name.split_once("/templates/");
                    let base =
                        base.map_or_else(String::new, |(base, _)| format!("{base}/templates"));
                    let entries = [("Name", template.name.clone()), ("BasePath", base)];
                    let entries = entries.map(|(key, text)| (key.to_owned(), Value::str(text)));
                    map.borrow_mut()
                        .insert("Template".to_owned(), Value::map(BTreeMap::from(entries)));
                }
                match engine.run(&parsed.body, root) {
                    Ok(out) => nodes(&out, &engine.symbols),
                    Err(Stop::Limit) => Outcome::Limit,
                    // Errors end at the action that they are in.
                    Err(Stop::Error(_)) => Outcome::Nodes(Vec::new(), None),
                }
            }
        };
        self.left.steps = self
            .left
            .steps
            .saturating_sub(before.0 - engine.budget.steps.min(before.0));
        self.left.bytes = self
            .left
            .bytes
            .saturating_sub(before.1 - engine.budget.bytes.min(before.1));
        Rendered {
            document: template.document,
            outcome,
            troubles: std::mem::take(&mut engine.troubles),
            off: std::mem::take(&mut engine.off),
            chart_off,
        }
    }

    /// Reads a template without running it, with the actions worked out that stand for themselves.
    pub(super) fn leniently(
        &mut self,
        document: &Document<'_>,
        root: Option<&Value>,
    ) -> (Vec<Node>, Option<TreeError>) {
        let text = String::from_utf8_lossy(document.bytes);
        let engine = &mut self.engine;
        engine.budget = Budget {
            steps: TEMPLATE.steps / 4,
            bytes: TEMPLATE.bytes / 4,
        };
        let read = super::lenient::read(&text, |words, line| {
            let root = root?;
            // Variables and the dot of a range are not known here.
            if words.contains('$') || !words.contains(".Values") && !words.contains("include") {
                return None;
            }
            let pipe = syntax::pipe(words, line, false).ok()?;
            let value = engine.alone(&pipe, root).ok()?;
            let text = value.text();
            (!text.is_empty() && !text.contains(super::engine::OPEN)).then_some(text)
        });
        super::lenient_nodes(&read)
    }
}

/// The contexts that the templates of each chart run in, by the chart's path.
fn contexts(
    scope: &Scope<'_, '_, '_>,
    release: &Release,
    path: &str,
    off: Option<String>,
    is_root: bool,
    roots: &mut BTreeMap<String, (Value, Option<String>)>,
) -> Value {
    let text = |text: &str| Value::str(text);
    let dictionary = |entries: Vec<(&str, Value)>| {
        Value::map(
            entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    };
    let off = off.or_else(|| scope.off.clone());
    let mut below = BTreeMap::new();
    for child in &scope.children {
        let path = format!("{path}/charts/{}", child.chart.name);
        let context = contexts(child, release, &path, off.clone(), false, roots);
        below.insert(child.chart.name.clone(), context);
    }
    let namespace = release.namespace.as_deref().unwrap_or("default");
    let released = dictionary(vec![
        ("Name", text(&release.name)),
        ("Namespace", text(namespace)),
        ("Service", text("Helm")),
        ("IsInstall", Value::Bool(true)),
        ("IsUpgrade", Value::Bool(false)),
        ("Revision", Value::Int(1)),
    ]);
    let files = scope.chart.files;
    let others = files.others.iter().map(|(inside, document)| {
        let text: Rc<str> = String::from_utf8_lossy(document.bytes).into();
        (inside.clone(), text)
    });
    let context = dictionary(vec![
        ("Values", scope.values.clone()),
        ("Release", released),
        ("Chart", metadata(scope.chart, is_root)),
        ("Capabilities", capabilities::value()),
        ("Files", Value::Files(Rc::new(others.collect()))),
        ("Subcharts", Value::map(below)),
    ]);
    roots.insert(path.to_owned(), (context.clone(), off));
    context
}

/// `.Chart`: members with capital letters.
fn metadata(chart: &Loaded<'_, '_>, is_root: bool) -> Value {
    let mut entries = BTreeMap::new();
    if let Value::Map(meta) = &chart.meta {
        for (key, value) in meta.borrow().iter() {
            let mut chars = key.chars();
            let Some(first) = chars.next() else { continue };
            let key = match key.as_str() {
                "apiVersion" => "APIVersion".to_owned(),
                _ => first.to_uppercase().collect::<String>() + chars.as_str(),
            };
            // Versions are text, whatever they look like.
            let value = match (key.as_str(), value) {
                ("Version" | "AppVersion" | "Name", value) => Value::str(value.text()),
                (_, value) => value.clone(),
            };
            entries.insert(key, value);
        }
    }
    entries.insert("Name".to_owned(), Value::str(chart.name.as_str()));
    entries.insert("IsRoot".to_owned(), Value::Bool(is_root));
    entries
        .entry("AppVersion".to_owned())
        .or_insert_with(|| Value::str(""));
    Value::map(entries)
}

/// The objects in a text, with the lines of the template.
fn nodes(out: &Out, symbols: &[String]) -> Outcome {
    let mut found = Vec::new();
    let mut broken = None;
    for part in tree::yaml(&out.text) {
        match part {
            Ok(mut node) => {
                relate(&mut node, &|line| out.line(line), symbols);
                found.push(node);
            }
            Err(mut error) => {
                error.line = out.line(error.line);
                broken.get_or_insert(error);
            }
        }
    }
    Outcome::Nodes(found, broken)
}

/// Gives a tree the lines of its source, and spells its symbols out.
pub(super) fn relate(node: &mut Node, line: &impl Fn(u32) -> u32, symbols: &[String]) {
    node.line = line(node.line);
    match &mut node.value {
        tree::Value::Scalar { text, .. } if text.contains(super::engine::OPEN) => {
            *text = spelled(text, symbols, "{{ ", " }}");
        }
        tree::Value::Scalar { .. } | tree::Value::Null => {}
        tree::Value::List(items) => {
            for item in items {
                relate(item, line, symbols);
            }
        }
        tree::Value::Map(entries) => {
            for (key, item) in entries {
                if key.contains(super::engine::OPEN) {
                    *key = spelled(key, symbols, "{{ ", " }}");
                }
                relate(item, line, symbols);
            }
        }
    }
}
