//! JSON patches (RFC 6902).

use super::Node;
use super::edit::{Mark, weight};
use crate::reader::tree::Value;

/// Deepest place that an operation reaches, and deepest value that it copies.
const MAX_DEPTH: usize = 64;
/// How many nodes the operations of one patch may copy: copies of copies must not fill the memory.
const MAX_COPIED: usize = 20_000;

/// Whether a tree is a JSON patch: a list of operations.
pub(super) fn is_one(node: &Node) -> bool {
    let items = node.items();
    !items.is_empty()
        && items
            .iter()
            .all(|item| item.get("op").is_some() && item.get("path").is_some())
}

/// Applies a patch, operation by operation. `Err` is the line of the first one that does not fit; those before
/// it stay applied.
pub(super) fn apply(target: &mut Node, patch: &Node) -> Result<(), u32> {
    let mut left = MAX_COPIED;
    for operation in patch.items() {
        one(target, operation, &mut left).ok_or(operation.line)?;
    }
    Ok(())
}

fn one(target: &mut Node, operation: &Node, left: &mut usize) -> Option<()> {
    let path = pointer(operation.str("path")?);
    if path.len() > MAX_DEPTH {
        return None;
    }
    let value = || {
        let value = operation.get("value").cloned();
        value.unwrap_or_else(|| Mark::of(operation).node(Value::Null))
    };
    match operation.str("op")? {
        "add" => add(target, &path, value()),
        "remove" => remove(target, &path).map(|_| ()),
        "replace" => {
            *find(target, &path)? = value();
            Some(())
        }
        "move" => {
            let from = pointer(operation.str("from")?);
            let value = remove(target, &from)?;
            if deeper(&value, MAX_DEPTH) {
                return None;
            }
            add(target, &path, value)
        }
        "copy" => {
            let value = find(target, &pointer(operation.str("from")?))?;
            if deeper(value, MAX_DEPTH) {
                return None;
            }
            *left = left.checked_sub(weight(value))?;
            let value = value.clone();
            add(target, &path, value)
        }
        "test" => same(find(target, &path)?, &value()).then_some(()),
        _ => None,
    }
}

/// Whether a value is nested deeper than this.
fn deeper(node: &Node, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return true;
    };
    node.items().iter().any(|item| deeper(item, depth))
        || node.entries().iter().any(|(_, value)| deeper(value, depth))
}

fn pointer(text: &str) -> Vec<String> {
    let text = text.strip_prefix('/').unwrap_or(text);
    if text.is_empty() {
        return Vec::new();
    }
    text.split('/')
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect()
}

fn find<'n>(node: &'n mut Node, path: &[String]) -> Option<&'n mut Node> {
    let Some((first, rest)) = path.split_first() else {
        return Some(node);
    };
    let inner = match &mut node.value {
        Value::Map(entries) => &mut entries.iter_mut().find(|(key, _)| key == first)?.1,
        Value::List(items) => {
            let at = index(first, items.len())?;
            items.get_mut(at)?
        }
        Value::Null | Value::Scalar { .. } => return None,
    };
    find(inner, rest)
}

fn add(target: &mut Node, path: &[String], value: Node) -> Option<()> {
    let Some((last, parents)) = path.split_last() else {
        *target = value;
        return Some(());
    };
    let parent = find(target, parents)?;
    match &mut parent.value {
        Value::Map(entries) => match entries.iter_mut().find(|(key, _)| key == last) {
            Some(slot) => slot.1 = value,
            None => entries.push((last.clone(), value)),
        },
        Value::List(items) => {
            let at = if last == "-" {
                items.len()
            } else {
                index(last, items.len())?
            };
            if at > items.len() {
                return None;
            }
            items.insert(at, value);
        }
        Value::Null => parent.value = Value::Map(vec![(last.clone(), value)]),
        Value::Scalar { .. } => return None,
    }
    Some(())
}

fn remove(target: &mut Node, path: &[String]) -> Option<Node> {
    let (last, parents) = path.split_last()?;
    match &mut find(target, parents)?.value {
        Value::Map(entries) => {
            let at = entries.iter().position(|(key, _)| key == last)?;
            Some(entries.remove(at).1)
        }
        Value::List(items) => {
            let at = index(last, items.len())?;
            (at < items.len()).then(|| items.remove(at))
        }
        Value::Null | Value::Scalar { .. } => None,
    }
}

/// An index, counted from the end where it is negative, as the library that kustomize uses allows.
fn index(text: &str, length: usize) -> Option<usize> {
    match text.strip_prefix('-') {
        Some(back) => length.checked_sub(back.parse().ok()?),
        None => text.parse().ok(),
    }
}

fn same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Null, Value::Null) => true,
        (Value::Scalar { text: a, .. }, Value::Scalar { text: b, .. }) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Map(a), Value::Map(_)) => {
            a.len() == b.entries().len()
                && a.iter()
                    .all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => false,
    }
}
