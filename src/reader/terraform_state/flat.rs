//! States before version 4: attributes are one flat list, `tags.owner`, `groups.#`, `groups.0`.

use super::{Made, State};
use crate::model::Presence;
use crate::platform::tree::{Node, Value};
use std::collections::BTreeMap;

/// Names are no deeper.
const DEEPEST: usize = 16;

/// `modules[].resources.<address>.primary.attributes`.
pub(super) fn read(state: &mut State<'_>, root: &Node) {
    for module in root.list("modules") {
        let path: Vec<String> = module
            .list("path")
            .iter()
            .filter_map(Node::text)
            .filter(|part| *part != "root")
            .map(|part| format!("module.{part}"))
            .collect();
        let path = (!path.is_empty()).then(|| path.join("."));
        let Some(resources) = module.get("resources") else {
            continue;
        };
        for (key, resource) in resources.entries() {
            let Some(kind) = resource.str("type") else {
                state.problem(resource.line, "a resource without type; left out");
                continue;
            };
            let Some(attributes) = resource.at(&["primary", "attributes"]) else {
                continue;
            };
            let data = key.starts_with("data.");
            // `aws_iam_user.bot.0` is `aws_iam_user.bot[0]`.
            let name = match key.rsplit_once('.') {
                Some((name, number)) if number.parse::<u32>().is_ok() => {
                    format!("{name}[{number}]")
                }
                _ => key.clone(),
            };
            let address = match &path {
                Some(path) => format!("{path}.{name}"),
                None => name,
            };
            state.push(Made {
                kind,
                address,
                attributes: unfolded(attributes),
                presence: Presence::Observed,
                data,
                module: path.clone(),
                line: resource.line,
            });
        }
    }
}

/// A branch while it grows. Keys of lists are numbers, or hashes in sets.
#[derive(Default)]
struct Branch {
    leaf: Option<Node>,
    list: bool,
    below: BTreeMap<String, Branch>,
}

/// The tree that a flat list of attributes stands for.
pub(super) fn unfolded(flat: &Node) -> Node {
    let mut root = Branch::default();
    for (key, value) in flat.entries() {
        let mut branch = &mut root;
        let mut parts = key.split('.').take(DEEPEST).peekable();
        while let Some(part) = parts.next() {
            match part {
                "#" => branch.list = true,
                "%" => {}
                part => {
                    branch = branch.below.entry(part.to_owned()).or_default();
                    if parts.peek().is_none() {
                        branch.leaf = Some(value.clone());
                    }
                }
            }
        }
    }
    tree(root, flat.line)
}

fn tree(branch: Branch, line: u32) -> Node {
    if let (Some(leaf), true) = (&branch.leaf, branch.below.is_empty()) {
        return leaf.clone();
    }
    let value = if branch.list {
        let mut items: Vec<(Option<u64>, String, Branch)> = branch
            .below
            .into_iter()
            .map(|(key, branch)| (key.parse().ok(), key, branch))
            .collect();
        items.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        Value::List(
            items
                .into_iter()
                .map(|(.., branch)| tree(branch, line))
                .collect(),
        )
    } else {
        let entries = branch.below.into_iter();
        Value::Map(
            entries
                .map(|(key, branch)| (key, tree(branch, line)))
                .collect(),
        )
    };
    Node {
        line,
        file: 0,
        value,
    }
}
