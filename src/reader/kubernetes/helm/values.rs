//! Values of a chart and of the charts inside it, put together as Helm does.

use super::super::tree;
use super::files::{Estate, Files};
use super::value::{Map, Value};
use crate::model::Document;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Deepest charts inside charts.
const MAX_DEPTH: usize = 8;
/// Most charts that one chart takes in, all depths together.
const MAX_CHARTS: usize = 300;

/// A chart with those that it takes in.
pub(super) struct Loaded<'e, 'd> {
    /// The name that its parent knows it by.
    pub(super) name: String,
    pub(super) files: &'e Files<'d>,
    pub(super) meta: Value,
    own: Value,
    pub(super) children: Vec<Child<'e, 'd>>,
    /// Dependencies that were not found.
    pub(super) missing: Vec<String>,
}

/// A chart that another takes in.
pub(super) struct Child<'e, 'd> {
    pub(super) chart: Loaded<'e, 'd>,
    /// Paths in the parent's values, of which the first that is there decides.
    condition: Vec<String>,
    tags: Vec<String>,
    imports: Vec<Value>,
}

/// A chart's values, and those of the charts that it takes in.
pub(super) struct Scope<'l, 'e, 'd> {
    pub(super) chart: &'l Loaded<'e, 'd>,
    pub(super) values: Value,
    /// What switched it off, if anything did.
    pub(super) off: Option<String>,
    pub(super) children: Vec<Scope<'l, 'e, 'd>>,
}

/// The first document of a file, as a dictionary.
pub(super) fn read(document: Option<&Document<'_>>) -> Value {
    let node = document.and_then(|document| tree::documents(document.bytes).into_iter().next());
    match node {
        Some(Ok(node)) if node.is_map() => Value::of(&node),
        _ => Value::map(BTreeMap::new()),
    }
}

/// Loads a chart with all that it takes in.
pub(super) fn load<'e, 'd>(estate: &'e Estate<'d>, index: usize) -> Option<Loaded<'e, 'd>> {
    let mut left = MAX_CHARTS;
    one(estate, index, None, &mut Vec::new(), &mut left)
}

fn one<'e, 'd>(
    estate: &'e Estate<'d>,
    index: usize,
    alias: Option<String>,
    around: &mut Vec<usize>,
    left: &mut usize,
) -> Option<Loaded<'e, 'd>> {
    let files = estate.charts.get(index)?;
    if around.contains(&index) || around.len() > MAX_DEPTH {
        return None;
    }
    *left = left.checked_sub(1)?;
    around.push(index);
    let meta = read(Some(files.meta));
    let mut children = Vec::new();
    let mut missing = Vec::new();
    let mut taken = Vec::new();
    let listed = match meta.get("dependencies") {
        Some(list) => list,
        None => read(files.requirements)
            .get("dependencies")
            .unwrap_or(Value::Null),
    };
    for dependency in listed.items() {
        let text = |key: &str| dependency.get(key).map(|v| v.text()).unwrap_or_default();
        let words = |text: String| -> Vec<String> {
            let words = text.split(',').map(str::trim);
            words
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let name = text("name");
        let Some(found) = find(estate, files, &name, &text("repository")) else {
            missing.push(name);
            continue;
        };
        taken.push(found);
        let alias = Some(text("alias"))
            .filter(|alias| !alias.is_empty())
            .unwrap_or(name);
        let Some(chart) = one(estate, found, Some(alias), around, left) else {
            continue;
        };
        let tags = dependency.get("tags").unwrap_or(Value::Null);
        children.push(Child {
            chart,
            condition: words(text("condition")),
            tags: tags.items().iter().map(Value::text).collect(),
            imports: dependency
                .get("import-values")
                .unwrap_or(Value::Null)
                .items(),
        });
    }
    for &child in files.children.iter().filter(|child| !taken.contains(child)) {
        let Some(chart) = one(estate, child, None, around, left) else {
            continue;
        };
        children.push(Child {
            chart,
            condition: Vec::new(),
            tags: Vec::new(),
            imports: Vec::new(),
        });
    }
    around.pop();
    Some(Loaded {
        name: alias.unwrap_or_else(|| files.name.clone()),
        files,
        meta,
        own: read(files.values),
        children,
        missing,
    })
}

/// The chart that a dependency means: in the `charts` folder, where its repository is a path, or, of libraries, one
/// of that name anywhere in the scan.
fn find(estate: &Estate<'_>, files: &Files<'_>, name: &str, repository: &str) -> Option<usize> {
    let named = |index: &&usize| {
        let chart = estate.charts.get(**index);
        chart.is_some_and(|chart| chart.name == name)
    };
    if let Some(found) = files.children.iter().find(named) {
        return Some(*found);
    }
    if let Some(path) = repository.strip_prefix("file://") {
        let dir = joined(&files.dir, path);
        if let Some(found) = estate.by_dir.get(&dir) {
            return Some(*found);
        }
    }
    let mut libraries = estate
        .charts
        .iter()
        .enumerate()
        .filter(|(_, chart)| chart.library && chart.name == name);
    libraries.next().map(|(index, _)| index)
}

/// A path joined to a directory, without `.` and `..` as far as they go.
pub(super) fn joined(dir: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let absolute = dir.starts_with('/');
    for part in dir.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&"..") | None => parts.push(".."),
                Some(_) => drop(parts.pop()),
            },
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if absolute {
        format!("/{joined}")
    } else if dir.starts_with("./") {
        format!("./{joined}")
    } else {
        joined
    }
}

/// Works out the values of a chart, given what its user says.
pub(super) fn scope<'l, 'e, 'd>(chart: &'l Loaded<'e, 'd>, given: &Value) -> Scope<'l, 'e, 'd> {
    let values = given.deep_copy();
    fill(&values, &chart.own);
    let mut children = Vec::new();
    for child in &chart.children {
        let name = &child.chart.name;
        let off = switched_off(child, &values);
        let inside = match values.get(name) {
            Some(inside @ Value::Map(_)) => inside,
            _ => Value::map(BTreeMap::new()),
        };
        if let Some(global @ Value::Map(_)) = values.get("global") {
            let inherited = global.deep_copy();
            if let Some(own) = inside.get("global") {
                fill(&inherited, &own);
            }
            insert(&inside, "global", inherited);
        } else if inside.get("global").is_none() {
            insert(&inside, "global", Value::map(BTreeMap::new()));
        }
        let below = scope(&child.chart, &inside);
        let below = Scope { off, ..below };
        if below.off.is_none() {
            imported(child, &below.values, &values);
        }
        insert(&values, name, below.values.clone());
        children.push(below);
    }
    Scope {
        chart,
        values,
        off: None,
        children,
    }
}

fn insert(into: &Value, key: &str, value: Value) {
    if let Value::Map(map) = into {
        map.borrow_mut().insert(key.to_owned(), value);
    }
}

/// Adds what is not there; a key that is set to nothing is taken out.
pub(super) fn fill(into: &Value, from: &Value) {
    if let (Value::Map(into), Value::Map(from)) = (into, from) {
        fill_map(into, from, 0);
    }
}

fn fill_map(into: &Map, from: &Map, depth: usize) {
    if depth > 60 || Rc::ptr_eq(into, from) {
        return;
    }
    let entries: Vec<(String, Value)> = from
        .borrow()
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for (key, value) in entries {
        let mine = into.borrow().get(&key).cloned();
        match (mine, &value) {
            (None, _) => {
                into.borrow_mut().insert(key, value.deep_copy());
            }
            (Some(Value::Null), _) => {
                into.borrow_mut().remove(&key);
            }
            (Some(Value::Map(mine)), Value::Map(theirs)) => fill_map(&mine, theirs, depth + 1),
            _ => {}
        }
    }
}

/// Says over a value, by path.
pub(super) fn put(values: &Value, path: &[String], value: Value) {
    let Some((last, before)) = path.split_last() else {
        return;
    };
    let mut at = values.clone();
    for key in before {
        let next = match at.get(key) {
            Some(next @ Value::Map(_)) => next,
            _ => {
                let next = Value::map(BTreeMap::new());
                insert(&at, key, next.clone());
                next
            }
        };
        at = next;
    }
    insert(&at, last, value);
}

/// Which condition or tag switches a chart off.
fn switched_off(child: &Child<'_, '_>, values: &Value) -> Option<String> {
    for condition in &child.condition {
        let path: Vec<&str> = condition.split('.').collect();
        match values.at(&path) {
            Some(Value::Bool(true)) => return None,
            Some(Value::Bool(false)) => return Some(format!(".Values.{condition}")),
            _ => {}
        }
    }
    let tags = values.get("tags").unwrap_or(Value::Null);
    let mut off = None;
    for tag in &child.tags {
        match tags.get(tag) {
            Some(Value::Bool(true)) => return None,
            Some(Value::Bool(false)) => off = Some(format!(".Values.tags.{tag}")),
            _ => {}
        }
    }
    off
}

/// `import-values`: what a chart lends its parent, where the parent says nothing itself.
fn imported(child: &Child<'_, '_>, below: &Value, values: &Value) {
    for import in &child.imports {
        let (from, to) = match import {
            Value::Str(name) => (format!("exports.{name}"), String::new()),
            map => {
                let text = |key| map.get(key).map(|v| v.text()).unwrap_or_default();
                (text("child"), text("parent"))
            }
        };
        let path: Vec<&str> = from.split('.').collect();
        let Some(value) = below.at(&path) else {
            continue;
        };
        let target = Value::map(BTreeMap::new());
        let path: Vec<String> = to
            .split('.')
            .filter(|key| !key.is_empty() && *key != ".")
            .map(str::to_owned)
            .collect();
        if path.is_empty() {
            fill(values, &value);
        } else {
            put(&target, &path, value.deep_copy());
            fill(values, &target);
        }
    }
}
