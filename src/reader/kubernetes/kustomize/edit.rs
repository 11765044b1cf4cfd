//! Changing trees: what transformers and patches are made of.

use super::Node;
use crate::reader::tree::Value;

/// A place that a new value is said to stand at.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub(super) file: u32,
    pub(super) line: u32,
}

impl Mark {
    pub(super) fn of(node: &Node) -> Self {
        Self {
            file: node.file,
            line: node.line,
        }
    }

    /// A node here.
    pub(super) fn node(self, value: Value) -> Node {
        Node {
            file: self.file,
            ..Node::new(self.line, value)
        }
    }

    /// A text here.
    pub(super) fn text(self, text: impl Into<String>) -> Node {
        self.node(Value::Scalar {
            text: text.into(),
            plain: false,
        })
    }
}

/// The member of this name, to be changed.
pub(super) fn member<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    match &mut node.value {
        Value::Map(entries) => entries.iter_mut().find(|(k, _)| k == key).map(|(_, v)| v),
        _ => None,
    }
}

/// The member at a path, made where it is missing; `None` where something else is in the way.
pub(super) fn made<'n>(node: &'n mut Node, path: &[&str], mark: Mark) -> Option<&'n mut Node> {
    let Some((first, rest)) = path.split_first() else {
        return Some(node);
    };
    if matches!(node.value, Value::Null) {
        node.value = Value::Map(Vec::new());
    }
    let Value::Map(entries) = &mut node.value else {
        return None;
    };
    let at = match entries.iter().position(|(key, _)| key == first) {
        Some(at) => at,
        None => {
            entries.push(((*first).to_owned(), mark.node(Value::Null)));
            entries.len() - 1
        }
    };
    made(&mut entries.get_mut(at)?.1, rest, mark)
}

/// Sets the member at a path.
pub(super) fn set(node: &mut Node, path: &[&str], value: Node) {
    if let Some(place) = made(node, path, Mark::of(&value)) {
        *place = value;
    }
}

/// Sets a text where it stands, so that its place stays.
pub(super) fn set_text(node: &mut Node, text: &str) {
    node.value = Value::Scalar {
        text: text.to_owned(),
        plain: false,
    };
}

/// Takes a member out.
pub(super) fn remove(node: &mut Node, key: &str) -> Option<Node> {
    let Value::Map(entries) = &mut node.value else {
        return None;
    };
    let at = entries.iter().position(|(k, _)| k == key)?;
    Some(entries.remove(at).1)
}

/// The items of a list, to be changed.
pub(super) fn items(node: &mut Node) -> &mut [Node] {
    match &mut node.value {
        Value::List(items) => items,
        _ => &mut [],
    }
}

/// Says of a whole tree which file it stands in, and moves its lines by as many.
pub(super) fn stamp(node: &mut Node, file: u32, lines: u32) {
    node.file = file;
    node.line = match node.line {
        0 => lines,
        line => line.saturating_add(lines),
    };
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| stamp(item, file, lines)),
        Value::Map(entries) => entries
            .iter_mut()
            .for_each(|(_, value)| stamp(value, file, lines)),
        Value::Null | Value::Scalar { .. } => {}
    }
}

/// Hands over every node that a path of members leads to; lists on the way are gone through.
pub(super) fn visit(node: &mut Node, path: &[&str], then: &mut dyn FnMut(&mut Node)) {
    if let Value::List(items) = &mut node.value
        && !path.is_empty()
    {
        items.iter_mut().for_each(|item| visit(item, path, then));
        return;
    }
    match path.split_first() {
        None => then(node),
        Some((first, rest)) => {
            if let Some(inner) = member(node, first) {
                visit(inner, rest, then);
            }
        }
    }
}

/// Hands over every text in a tree.
pub(super) fn texts(node: &mut Node, then: &mut dyn FnMut(&mut String)) {
    match &mut node.value {
        Value::Scalar { text, .. } => then(text),
        Value::List(items) => items.iter_mut().for_each(|item| texts(item, then)),
        Value::Map(entries) => entries.iter_mut().for_each(|(_, value)| texts(value, then)),
        Value::Null => {}
    }
}

/// How many nodes a tree has.
pub(super) fn weight(node: &Node) -> usize {
    match &node.value {
        Value::Null | Value::Scalar { .. } => 1,
        Value::List(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|(_, v)| weight(v)).sum::<usize>(),
    }
}
