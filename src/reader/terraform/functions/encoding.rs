//! JSON, YAML, base64, digests.

use super::super::super::tree::{self, Node, Value as NodeValue};
use super::super::value::{Map, V, Val, wrapped};
use super::super::world::World;
use super::{Outcome, text_of, written};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub(super) fn apply(world: &World<'_>, name: &str, values: &[V]) -> Option<Outcome> {
    let first = values.first();
    let text = text_of(values, 0);
    let decided = first.is_some_and(V::decided);
    Some(match name {
        "jsonencode" => match first? {
            // A text of JSON with unknown parts is told apart from a text that is not known at all.
            V::Unknown(_) => Outcome::Open,
            value => json(value).map(V::text).into(),
        },
        "yamlencode" => match first? {
            V::Unknown(_) => Outcome::Open,
            // JSON is YAML.
            value => json(value).map(V::text).into(),
        },
        "jsondecode" | "yamldecode" => match (first?, text) {
            (V::Text(_), Some(text)) => {
                world.charge(text.len() / 16);
                let mut read = tree::documents(text.as_bytes());
                match (read.len(), read.pop()) {
                    (1, Some(Ok(node))) => Outcome::Known(value(&node)),
                    _ if decided => Outcome::Fault,
                    _ => Outcome::Open,
                }
            }
            _ => Outcome::Open,
        },
        "base64encode" | "textencodebase64" | "base64gzip" if !decided => Outcome::Open,
        "base64encode" => Outcome::Known(V::text(STANDARD.encode(text?.as_bytes()))),
        "base64decode" => {
            let bytes = text.and_then(|text| STANDARD.decode(text.trim()).ok());
            match bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(text) => Outcome::Known(V::text(text)),
                None if decided => Outcome::Fault,
                None => Outcome::Open,
            }
        }
        "urlencode" if decided => {
            let mut out = String::new();
            for byte in text?.bytes() {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                        out.push(byte.into());
                    }
                    b' ' => out.push('+'),
                    _ => out.push_str(&format!("%{byte:02X}")),
                }
            }
            Outcome::Known(V::text(out))
        }
        "sha256" | "base64sha256" | "sha1" | "md5" | "sha512" if !decided => Outcome::Open,
        "sha256" => {
            use sha2::Digest;
            Outcome::Known(V::text(hex(&sha2::Sha256::digest(text?.as_bytes()))))
        }
        "sha1" => {
            use sha1::Digest;
            Outcome::Known(V::text(hex(&sha1::Sha1::digest(text?.as_bytes()))))
        }
        _ => return None,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A value as JSON. What is not known stands in it as `${…}`.
pub(in super::super) fn json(value: &V) -> Option<String> {
    serde_json::to_string(&encode(value, 0)?).ok()
}

fn encode(value: &V, depth: u32) -> Option<serde_json::Value> {
    if depth > 100 {
        return None;
    }
    Some(match value {
        V::Null => serde_json::Value::Null,
        V::Bool(value) => (*value).into(),
        V::Number(number) => {
            let text = super::super::value::number_text(*number);
            serde_json::from_str(&text).ok()?
        }
        V::Text(text) => (**text).into(),
        V::List(items) | V::Set(items) => {
            let items: Option<Vec<_>> = items.iter().map(|i| encode(&i.v, depth + 1)).collect();
            items?.into()
        }
        V::Map(map) => {
            let mut out = serde_json::Map::new();
            for (key, value) in map.iter() {
                out.insert((**key).to_owned(), encode(&value.v, depth + 1)?);
            }
            out.into()
        }
        V::Unknown(symbol) => (*wrapped(symbol)).into(),
        V::Object(_) => (*wrapped(&written(value))).into(),
    })
}

/// A decoded document as a value.
pub(in super::super) fn value(node: &Node) -> V {
    match &node.value {
        NodeValue::Null => V::Null,
        NodeValue::Scalar { text, plain: false } => V::text(text),
        NodeValue::Scalar { text, plain: true } => match text.as_str() {
            "true" => V::Bool(true),
            "false" => V::Bool(false),
            // Only what is written like the number it is: `0123` and `1_000` are texts.
            _ => match text.parse::<f64>() {
                Ok(number) if super::super::value::number_text(number) == *text => {
                    V::Number(number)
                }
                _ => V::text(text),
            },
        },
        NodeValue::List(items) => V::list(items.iter().map(|i| value(i).val()).collect()),
        NodeValue::Map(entries) => {
            let entry = |(key, node): &(String, Node)| -> (super::super::value::Text, Val) {
                (key.as_str().into(), value(node).val())
            };
            V::map(entries.iter().map(entry).collect::<Map>())
        }
    }
}
