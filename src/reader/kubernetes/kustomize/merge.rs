//! Strategic merge: a patch that has the form of what it changes.

use super::Node;
use super::edit;
use crate::reader::tree::Value;

/// What a patch makes of an object.
pub(super) enum Merged {
    /// It was changed.
    Changed,
    /// It is to be deleted.
    Deleted,
}

/// Lists whose items are known by a member, with that member; all other lists are replaced.
const KEYED: &[(&str, &str)] = &[
    ("containers", "name"),
    ("devices", "name"),
    ("env", "name"),
    ("ephemeralContainers", "name"),
    ("hostAliases", "ip"),
    ("imagePullSecrets", "name"),
    ("initContainers", "name"),
    ("ownerReferences", "uid"),
    ("ports", "containerPort"),
    ("resourceClaims", "name"),
    ("secrets", "name"),
    ("taints", "key"),
    ("topologySpreadConstraints", "topologyKey"),
    ("volumeDevices", "devicePath"),
    ("volumeMounts", "mountPath"),
    ("volumes", "name"),
    ("webhooks", "name"),
];

/// Lists of plain values that are joined rather than replaced.
const JOINED: &[&str] = &["finalizers"];

/// Applies a patch to a whole object.
pub(super) fn object(target: &mut Node, patch: &Node) -> Merged {
    match patch.str("$patch") {
        Some("delete") => return Merged::Deleted,
        Some("replace") => {
            *target = without_directives(patch);
            return Merged::Changed;
        }
        _ => {}
    }
    // Of a kind that no schema tells of, lists are plain.
    let known = known(target);
    map(target, patch, known);
    Merged::Changed
}

/// Whether the object is of a group that Kubernetes itself serves.
fn known(object: &Node) -> bool {
    let version = object.str("apiVersion").unwrap_or_default();
    version.split_once('/').is_none_or(|(group, _)| {
        !group.contains('.') || group.ends_with(".k8s.io") && !group.contains(".x-k8s.io")
    })
}

fn map(target: &mut Node, patch: &Node, known: bool) {
    if !matches!(target.value, Value::Map(_)) {
        *target = without_directives(patch);
        return;
    }
    for (key, value) in patch.entries() {
        if key.starts_with('$') {
            directive(target, key, value);
            continue;
        }
        if matches!(value.value, Value::Null) {
            edit::remove(target, key);
            continue;
        }
        let Some(mine) = edit::member(target, key) else {
            if !deletes(value) {
                edit::set(target, &[key], without_directives(value));
            }
            continue;
        };
        match &value.value {
            Value::Map(_) => match value.str("$patch") {
                Some("delete") => {
                    edit::remove(target, key);
                }
                Some("replace") => *mine = without_directives(value),
                _ => map(mine, value, known),
            },
            Value::List(items) => list(mine, key, value, items, known),
            Value::Null | Value::Scalar { .. } => *mine = value.clone(),
        }
    }
}

/// `$deleteFromPrimitiveList/<list>`, `$retainKeys`; order is of no account here.
fn directive(target: &mut Node, key: &str, value: &Node) {
    if let Some(list) = key.strip_prefix("$deleteFromPrimitiveList/")
        && let Some(node) = edit::member(target, list)
        && let Value::List(items) = &mut node.value
    {
        let gone: Vec<&str> = value.items().iter().filter_map(Node::text).collect();
        items.retain(|item| item.text().is_none_or(|text| !gone.contains(&text)));
    }
    if key == "$retainKeys"
        && let Value::Map(entries) = &mut target.value
    {
        let kept: Vec<&str> = value.items().iter().filter_map(Node::text).collect();
        entries.retain(|(name, _)| kept.contains(&name.as_str()));
    }
}

fn list(mine: &mut Node, key: &str, patch: &Node, items: &[Node], known: bool) {
    let keyed = KEYED.iter().find(|(name, _)| known && *name == key);
    let Value::List(old) = &mut mine.value else {
        *mine = without_directives(patch);
        return;
    };
    if JOINED.contains(&key) {
        let new: Vec<Node> = items
            .iter()
            .filter(|item| !old.iter().any(|o| o.text() == item.text()))
            .cloned()
            .collect();
        old.extend(new);
        return;
    }
    let Some((_, by)) = keyed else {
        *mine = without_directives(patch);
        return;
    };
    if items
        .iter()
        .any(|item| item.str("$patch") == Some("replace"))
    {
        *mine = without_directives(patch);
        return;
    }
    // New items come before the old ones, as kustomize has it.
    let mut added = Vec::new();
    for item in items {
        let name = item.str(by);
        let at = old.iter().position(|o| name.is_some() && o.str(by) == name);
        match (at, item.str("$patch")) {
            (Some(at), Some("delete")) => {
                old.remove(at);
            }
            (None, Some("delete")) => {}
            (Some(at), _) => {
                if let Some(slot) = old.get_mut(at) {
                    map(slot, item, known);
                }
            }
            (None, _) => added.push(without_directives(item)),
        }
    }
    added.append(old);
    *old = added;
}

fn deletes(node: &Node) -> bool {
    node.str("$patch") == Some("delete")
}

/// The value of a patch where there is nothing to merge it with.
fn without_directives(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .filter(|(key, value)| {
                    !key.starts_with('$') && !matches!(value.value, Value::Null) && !deletes(value)
                })
                .map(|(key, value)| (key.clone(), without_directives(value)))
                .collect(),
        ),
        Value::List(items) => Value::List(
            items
                .iter()
                .filter(|item| item.get("$patch").is_none())
                .map(without_directives)
                .collect(),
        ),
        other => other.clone(),
    };
    Node {
        file: node.file,
        ..Node::new(node.line, value)
    }
}
