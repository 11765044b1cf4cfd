//! Values of resources: texts at paths, policy documents, lengths of time.

use super::super::tree::{Node, Value};
use serde_json::{Map, Number, Value as Json};

/// More values at one path tell nothing new.
const MOST: usize = 10_000;

/// The nodes at a path of names (`template.spec.role`); lists on the way are gone through.
pub(super) fn walk<'n>(node: &'n Node, path: &str) -> Vec<&'n Node> {
    let mut at = vec![node];
    for name in path.split('.') {
        let mut next = Vec::new();
        for node in at {
            match &node.value {
                Value::List(items) => next.extend(items.iter().filter_map(|item| item.get(name))),
                _ => next.extend(node.get(name)),
            }
            if next.len() > MOST {
                break;
            }
        }
        at = next;
    }
    at
}

/// The texts of a scalar, or of a list's scalars.
pub(super) fn texts(node: &Node) -> Vec<&str> {
    match &node.value {
        Value::Scalar { text, .. } if !text.is_empty() => vec![text],
        Value::List(items) => items
            .iter()
            .filter_map(Node::text)
            .filter(|text| !text.is_empty())
            .collect(),
        _ => Vec::new(),
    }
}

/// The texts at a path.
pub(super) fn texts_at<'n>(node: &'n Node, path: &str) -> Vec<&'n str> {
    walk(node, path).into_iter().flat_map(texts).collect()
}

/// The first text at a path.
pub(super) fn text_at<'n>(node: &'n Node, path: &str) -> Option<&'n str> {
    texts_at(node, path).first().copied()
}

/// The blocks of a name, whether there is one or a list of them.
pub(super) fn blocks<'n>(node: &'n Node, name: &str) -> Vec<&'n Node> {
    match node.get(name) {
        Some(block) if block.is_map() => vec![block],
        Some(list) => list.items().iter().filter(|item| item.is_map()).collect(),
        None => Vec::new(),
    }
}

/// As JSON. Nesting is bounded by what made the tree.
pub(super) fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Scalar { text, plain } => match (plain, text.as_str()) {
            (true, "true") => Json::Bool(true),
            (true, "false") => Json::Bool(false),
            (true, number) => number
                .parse::<i64>()
                .map_or_else(|_| Json::from(number), |n| Json::Number(Number::from(n))),
            (false, text) => Json::from(text),
        },
        Value::List(items) => Json::Array(items.iter().map(json).collect()),
        Value::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| (key.clone(), json(value)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
    }
}

/// A policy document: an object, or the JSON of one. `None` where files do not tell what it says.
pub(super) fn document(node: &Node) -> Option<Json> {
    match &node.value {
        Value::Map(_) => Some(json(node)),
        Value::Scalar { text, .. } => {
            let text = text.trim();
            let read: Json = serde_json::from_str(text).ok()?;
            read.is_object().then_some(read)
        }
        _ => None,
    }
}

/// A length of time in seconds: `3600`, `8760h`, `1h30m`, `30d`.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(seconds);
    }
    let (mut total, mut number, mut any) = (0_i64, 0_i64, false);
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = number.checked_mul(10)?.checked_add(i64::from(digit))?;
            any = true;
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            'y' => 31_536_000,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        number = 0;
    }
    (any && number == 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (text, expected) in [
            ("3600", Some(3600)),
            ("8760h", Some(31_536_000)),
            ("1h30m", Some(5400)),
            ("30d", Some(2_592_000)),
            ("soon", None),
            ("9999999999999999999999h", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
