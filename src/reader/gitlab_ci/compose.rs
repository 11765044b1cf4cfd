//! A pipeline of GitLab as it is composed: includes, `default`, `extends`, `!reference`.

use super::pipeline;
use super::{NAME, include};
use crate::model::{Document, Used};
use crate::reader::tree::{self, Node, TreeError, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How deep includes are followed (GitLab allows 150 files in all).
const MAX_FILES: usize = 150;
/// How deep `extends` are followed (GitLab allows eleven levels).
const MAX_EXTENDS: usize = 11;
/// As many nodes may come of extending and referring.
const MAX_NODES: usize = 200_000;
/// What stands for the tag `!reference` in a list.
const REFERENCE: &str = "!reference";

/// Keys that are no jobs.
const GLOBAL: [&str; 16] = [
    "default",
    "include",
    "stages",
    "variables",
    "workflow",
    "spec",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
    "types",
    "pages:",
    "pages.",
    "inputs",
    "component",
];

/// Reads a file. The tag `!reference` becomes the first item of its list, as the tree keeps no tags.
pub(super) fn parse(bytes: &[u8]) -> Vec<Result<Node, TreeError>> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains("!reference [") => {
            tree::documents(text.replace("!reference [", "['!reference', ").as_bytes())
        }
        _ => tree::documents(bytes),
    }
}

/// Whether a mapping is a job: it says what to run.
fn is_job(name: &str, node: &Node) -> bool {
    !GLOBAL.contains(&name)
        && node.is_map()
        && ["script", "trigger", "extends", "run", "stage", "release"]
            .iter()
            .any(|key| node.get(key).is_some())
}

/// Whether a file has jobs.
pub(super) fn has_jobs(node: &Node) -> bool {
    node.entries().iter().any(|(name, node)| is_job(name, node))
}

/// A pipeline.
pub(super) struct Pipeline<'p> {
    pub(super) document: &'p Document<'p>,
    /// The files that it is composed of, its own first.
    pub(super) files: Vec<&'p str>,
    /// Top-level entries by key; those of including files go before included ones.
    entries: BTreeMap<&'p str, (&'p Node, &'p Document<'p>)>,
    /// What it includes from elsewhere.
    pub(super) remote: Vec<Used>,
    /// Where a limit was met.
    pub(super) limited: Option<u32>,
}

/// A job, with what it extends.
pub(super) struct Job<'p> {
    pub(super) name: &'p str,
    pub(super) node: Node,
    pub(super) document: &'p Document<'p>,
}

impl<'p> Job<'p> {
    /// A key of the job, of `default`, or as it was once written at the top.
    pub(super) fn get<'j>(&'j self, key: &str, pipeline: &'j Pipeline<'_>) -> Option<&'j Node> {
        let inherits = self.node.get("inherit").and_then(|it| it.get("default"));
        let inherits = inherits.and_then(Node::text) != Some("false");
        self.node.get(key).or_else(|| {
            let default = pipeline.top("default").and_then(|d| d.get(key));
            default.or_else(|| pipeline.top(key)).filter(|_| inherits)
        })
    }
}

impl<'p> Pipeline<'p> {
    /// Follows the includes of a file.
    pub(super) fn compose(
        entry: &'p str,
        root: &str,
        files: &'p BTreeMap<&str, (Node, &'p Document<'p>)>,
        document: &'p Document<'p>,
    ) -> Pipeline<'p> {
        let mut it = Pipeline {
            document,
            files: Vec::new(),
            entries: BTreeMap::new(),
            remote: Vec::new(),
            limited: None,
        };
        let mut waiting = vec![entry];
        let mut seen: BTreeSet<&str> = BTreeSet::from([entry]);
        while let Some(path) = waiting.pop() {
            let Some((path, (node, document))) = files.get_key_value(path) else {
                continue;
            };
            if it.files.len() >= MAX_FILES {
                it.limited = Some(node.line);
                break;
            }
            it.files.push(path);
            for (key, value) in node.entries() {
                it.entries.entry(key).or_insert((value, document));
            }
            let includes = node.get("include");
            let many = includes.map_or(&[][..], Node::items);
            let one = includes.filter(|node| node.items().is_empty());
            for include in one.into_iter().chain(many) {
                let at = pipeline::at(document, NAME, include);
                let local = include
                    .str("local")
                    .or_else(|| include.text().filter(|text| !text.contains("://")));
                if let Some(local) = local {
                    let wanted = format!("{root}/{}", local.trim_start_matches('/'));
                    let wanted = wanted.trim_start_matches('/');
                    for known in files.keys() {
                        let same = known.trim_start_matches('/') == wanted
                            || crate::platform::glob::matches(
                                wanted,
                                known.trim_start_matches('/'),
                            );
                        if same && seen.insert(known) {
                            waiting.push(known);
                        }
                    }
                    continue;
                }
                it.remote.extend(elsewhere(include, at));
            }
        }
        it
    }

    /// A top-level key.
    pub(super) fn top(&self, key: &str) -> Option<&'p Node> {
        self.entries.get(key).map(|(node, _)| *node)
    }

    /// Variables of the whole pipeline.
    pub(super) fn variables(&self) -> impl Iterator<Item = &'p (String, Node)> {
        self.top("variables").map_or(&[][..], Node::entries).iter()
    }

    /// Every job that is not hidden.
    pub(super) fn jobs(&self) -> Vec<Job<'p>> {
        let mut budget = MAX_NODES;
        let jobs = self.entries.iter();
        jobs.filter(|(name, (node, _))| !name.starts_with('.') && is_job(name, node))
            .map(|(name, (node, document))| {
                let whole = self.extended(node, 0, &mut budget);
                Job {
                    name,
                    node: self.referring(&whole, 0, &mut budget),
                    document,
                }
            })
            .collect()
    }

    /// A job with what it extends: mappings are merged key by key, the rest is replaced.
    fn extended(&self, node: &Node, depth: usize, budget: &mut usize) -> Node {
        if depth >= MAX_EXTENDS || *budget == 0 {
            return node.clone();
        }
        let mut whole: Option<Node> = None;
        for parent in pipeline::texts(node.get("extends")) {
            if let Some((parent, _)) = self.entries.get(parent.as_str()) {
                let parent = self.extended(parent, depth + 1, budget);
                whole = Some(match whole {
                    Some(known) => merged(&known, &parent, 0, budget),
                    None => parent,
                });
            }
        }
        match whole {
            Some(parent) => merged(&parent, node, 0, budget),
            None => node.clone(),
        }
    }

    /// Replaces references to parts of other jobs.
    fn referring(&self, node: &Node, depth: usize, budget: &mut usize) -> Node {
        if *budget == 0 || depth > 10 {
            return Node {
                line: node.line,
                value: Value::Null,
            };
        }
        *budget = budget.saturating_sub(1);
        let value = match &node.value {
            Value::List(items) => {
                if items.first().and_then(Node::text) == Some(REFERENCE) {
                    let mut path = items.iter().skip(1).filter_map(Node::text);
                    let start = path.next().and_then(|name| self.top(name));
                    let found = start.and_then(|start| path.try_fold(start, |at, key| at.get(key)));
                    return match found {
                        Some(found) => self.referring(found, depth + 1, budget),
                        None => Node {
                            line: node.line,
                            value: Value::Null,
                        },
                    };
                }
                let items = items.iter();
                Value::List(
                    items
                        .map(|item| self.referring(item, depth, budget))
                        .collect(),
                )
            }
            Value::Map(entries) => {
                let entries = entries.iter();
                let read =
                    entries.map(|(key, it)| (key.clone(), self.referring(it, depth, budget)));
                Value::Map(read.collect())
            }
            other => other.clone(),
        };
        Node {
            line: node.line,
            value,
        }
    }
}

/// Two jobs, of which the second goes first.
fn merged(below: &Node, above: &Node, depth: usize, budget: &mut usize) -> Node {
    let (Value::Map(lower), Value::Map(upper)) = (&below.value, &above.value) else {
        return above.clone();
    };
    *budget = budget.saturating_sub(lower.len() + upper.len());
    if depth > 20 || *budget == 0 {
        return above.clone();
    }
    let mut out = upper.clone();
    for (key, value) in lower {
        match out.iter_mut().find(|(known, _)| known == key) {
            Some((_, mine)) => *mine = merged(value, mine, depth + 1, budget),
            None => out.push((key.clone(), value.clone())),
        }
    }
    Node {
        line: above.line,
        value: Value::Map(out),
    }
}

/// What an include takes from elsewhere. GitLab's own templates are the platform's.
fn elsewhere(node: &Node, at: crate::model::Evidence) -> Vec<Used> {
    let mut out = Vec::new();
    if let Some(project) = node.str("project") {
        for file in pipeline::texts(node.get("file")) {
            let name = format!("{project}/{}", file.trim_start_matches('/'));
            out.push(include(&name, node.str("ref"), None, at.clone()));
        }
    }
    if let Some(component) = node.str("component") {
        let (name, version) = match component.rsplit_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (component, None),
        };
        out.push(include(name, version, None, at.clone()));
    }
    if let Some(remote) = node
        .str("remote")
        .or(node.text().filter(|t| t.contains("://")))
    {
        let mut used = include(remote, None, Some(true), at.clone());
        used.pinned = node.get("integrity").is_some();
        out.push(used);
    }
    if let Some(template) = node.str("template") {
        out.push(include(template, None, Some(false), at));
    }
    out
}
