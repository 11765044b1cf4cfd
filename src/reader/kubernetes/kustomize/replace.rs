//! Replacements and variables: values of one object that stand in others.

use super::Node;
use super::edit::{self, Mark};
use super::resource::{Id, Resource};
use super::select::Selector;
use crate::reader::tree::Value;

/// Applies one replacement. `Err` says what did not fit.
pub(super) fn replacement(resources: &mut [Resource], rule: &Node) -> Result<(), &'static str> {
    let source = rule.get("source").ok_or("a replacement without source")?;
    let value = match rule.get("sourceValue") {
        Some(value) => value.clone(),
        None => source_value(resources, source)?,
    };
    for target in rule.list("targets") {
        let select = target
            .get("select")
            .ok_or("a replacement's target without select")?;
        let wanted = Selector::new(select).ok_or("a selector that is none")?;
        let rejects: Vec<Selector> = target
            .list("reject")
            .iter()
            .map(|reject| Selector::new(reject).ok_or("a selector that is none"))
            .collect::<Result<_, _>>()?;
        let options = target.get("options");
        let create = options.and_then(|o| o.bool("create")).unwrap_or(false);
        for resource in resources.iter_mut() {
            if !wanted.selects(resource) || rejects.iter().any(|r| r.selects(resource)) {
                continue;
            }
            let before = resource.id();
            let paths: Vec<Vec<String>> = match target.get("fieldPaths") {
                Some(paths) => paths
                    .items()
                    .iter()
                    .filter_map(Node::text)
                    .map(fields)
                    .collect(),
                None => vec![fields("metadata.name")],
            };
            for path in paths {
                put(&mut resource.node, &path, create, &mut |place| {
                    assign(place, &value, options);
                });
            }
            renamed(resource, before);
        }
    }
    Ok(())
}

/// What names an object by its old name goes on doing so.
fn renamed(resource: &mut Resource, before: Id) {
    if !resource.id().same(&before) {
        resource.previous.push(before);
    }
}

fn source_value(resources: &[Resource], source: &Node) -> Result<Node, &'static str> {
    let selector = Selector::new(source).ok_or("a selector that is none")?;
    let found = resources
        .iter()
        .find(|resource| selector.selects(resource))
        .ok_or("a replacement whose source is not in the build")?;
    let path = fields(source.str("fieldPath").unwrap_or("metadata.name"));
    let mut value =
        get(&found.node, &path).ok_or("a replacement whose source has no such field")?;
    if let Some(options) = source.get("options")
        && let (Some(delimiter), Some(text)) = (options.str("delimiter"), value.text())
        && !delimiter.is_empty()
    {
        let at = options
            .str("index")
            .and_then(|i| i.parse().ok())
            .unwrap_or(0);
        let part = text.split(delimiter).nth(at).unwrap_or_default();
        value = Mark::of(&value).text(part);
    }
    Ok(value)
}

/// Writes a value, or a part of one where the target says how it is divided.
fn assign(place: &mut Node, value: &Node, options: Option<&Node>) {
    let delimiter = options
        .and_then(|o| o.str("delimiter"))
        .filter(|d| !d.is_empty());
    let (Some(delimiter), Some(new), Some(old)) = (delimiter, value.text(), place.text()) else {
        place.value = value.value.clone();
        return;
    };
    let at: i64 = options
        .and_then(|o| o.str("index"))
        .and_then(|i| i.parse().ok())
        .unwrap_or(0);
    let mut parts: Vec<&str> = old.split(delimiter).collect();
    match usize::try_from(at) {
        Err(_) => parts.insert(0, new),
        Ok(at) => match parts.get_mut(at) {
            Some(part) => *part = new,
            None => parts.push(new),
        },
    }
    let joined = parts.join(delimiter);
    edit::set_text(place, &joined);
}

/// A field path: members apart by dots, `\.` a dot in a name, `[name=x]` an item, `*` all of them.
fn fields(path: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut inside = false;
    let mut chars = path.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&'.') => {
                chars.next();
                push(&mut parts, '.');
            }
            '[' => {
                inside = true;
                if parts.last().is_some_and(|last| !last.is_empty()) {
                    parts.push(String::new());
                }
                push(&mut parts, c);
            }
            ']' => {
                inside = false;
                push(&mut parts, c);
            }
            '.' if !inside => parts.push(String::new()),
            _ => push(&mut parts, c),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn push(parts: &mut [String], c: char) {
    if let Some(last) = parts.last_mut() {
        last.push(c);
    }
}

fn item_matches(item: &Node, part: &str) -> bool {
    let inner = part.strip_prefix('[').and_then(|p| p.strip_suffix(']'));
    match inner.and_then(|inner| inner.split_once('=')) {
        Some(("", value)) => item.text() == Some(value),
        Some((key, value)) => item.str(key) == Some(value),
        None => false,
    }
}

fn get(node: &Node, path: &[String]) -> Option<Node> {
    let Some((first, rest)) = path.split_first() else {
        return Some(node.clone());
    };
    let inner = match &node.value {
        Value::Map(_) => node.get(first)?,
        Value::List(items) => match first.parse::<usize>() {
            Ok(at) => items.get(at)?,
            Err(_) => items
                .iter()
                .find(|item| first == "*" || item_matches(item, first))?,
        },
        Value::Null | Value::Scalar { .. } => return None,
    };
    get(inner, rest)
}

fn put(node: &mut Node, path: &[String], create: bool, then: &mut dyn FnMut(&mut Node)) {
    let Some((first, rest)) = path.split_first() else {
        then(node);
        return;
    };
    if let Value::List(items) = &mut node.value {
        let number = first.parse::<usize>().ok();
        for (at, item) in items.iter_mut().enumerate() {
            if first == "*" || number == Some(at) || item_matches(item, first) {
                put(item, rest, create, then);
            }
        }
        return;
    }
    if create {
        let mark = Mark::of(node);
        if let Some(inner) = edit::made(node, &[first], mark) {
            put(inner, rest, create, then);
        }
    } else if let Some(inner) = edit::member(node, first) {
        put(inner, rest, create, then);
    }
}

/// A variable: `$(NAME)` stands for a field of an object.
pub(super) struct Variable {
    pub(super) name: String,
    /// The object as the kustomization that declares it knows it.
    object: Id,
    path: Vec<String>,
}

impl Variable {
    pub(super) fn new(node: &Node) -> Option<Self> {
        let object = node.get("objref")?;
        let path = node
            .at(&["fieldref", "fieldpath"])
            .or_else(|| node.at(&["fieldref", "fieldPath"]))
            .and_then(Node::text)
            .unwrap_or("metadata.name");
        let version = object.str("apiVersion").unwrap_or_default();
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        Some(Self {
            name: node.str("name")?.to_owned(),
            object: Id {
                group: object.str("group").unwrap_or(group).to_owned(),
                version: version.to_owned(),
                kind: object.str("kind")?.to_owned(),
                namespace: object.str("namespace").unwrap_or_default().to_owned(),
                name: object.str("name")?.to_owned(),
            },
            path: fields(path),
        })
    }

    /// What it stands for in a build.
    fn value(&self, resources: &[Resource]) -> Option<String> {
        let meant = |id: Id| {
            id.kind == self.object.kind
                && id.name == self.object.name
                && (self.object.group.is_empty() || id.group == self.object.group)
                && (self.object.namespace.is_empty() || id.namespace == self.object.namespace)
        };
        let found = resources
            .iter()
            .find(|resource| resource.ids().any(meant))?;
        Some(get(&found.node, &self.path)?.text()?.to_owned())
    }
}

/// Puts values where variables stand. Those that stand for nothing stay as they are.
pub(super) fn variables(resources: &mut [Resource], variables: &[Variable]) {
    let values: Vec<(String, String)> = variables
        .iter()
        .filter_map(|variable| Some((format!("$({})", variable.name), variable.value(resources)?)))
        .collect();
    if values.is_empty() {
        return;
    }
    for resource in resources {
        edit::texts(&mut resource.node, &mut |text| {
            if !text.contains("$(") {
                return;
            }
            for (name, value) in &values {
                if text.contains(name.as_str()) {
                    *text = text.replace(name.as_str(), value);
                }
            }
        });
    }
}
