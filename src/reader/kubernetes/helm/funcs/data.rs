//! Lists, dictionaries, defaults and types.

use super::super::engine::{Engine, Stop, error};
use super::super::value::{Map, Value};
use super::{Answer, Arguments};
use std::collections::BTreeMap;

/// Deepest dictionaries that are merged into each other.
const MAX_DEPTH: usize = 64;
/// Most entries that are merged at once.
const MAX_MERGED: usize = 200_000;

pub(super) fn call(engine: &mut Engine, name: &str, a: &Arguments) -> Answer {
    let flag = |flag: bool| Ok(Value::Bool(flag));
    let name = match name.strip_prefix("must") {
        Some("Append" | "Push") => "append",
        Some("Prepend") => "prepend",
        Some("First") => "first",
        Some("Last") => "last",
        Some("Rest") => "rest",
        Some("Initial") => "initial",
        Some("Reverse") => "reverse",
        Some("Uniq") => "uniq",
        Some("Without") => "without",
        Some("Has") => "has",
        Some("Slice") => "slice",
        Some("Compact") => "compact",
        Some("Chunk") => "chunk",
        Some("Merge") => "merge",
        Some("MergeOverwrite") => "mergeOverwrite",
        Some("DeepCopy") => "deepCopy",
        _ => name,
    };
    // Every one of these may copy what it is given.
    let weight: usize = a
        .all()
        .iter()
        .map(|value| match value {
            Value::List(items) => items.len(),
            Value::Map(map) => map.borrow().len(),
            _ => 0,
        })
        .sum();
    if weight > 0
        && let Err(stop) = engine.spend(weight * 16)
    {
        return Some(Err(stop));
    }
    let items = |i: usize| a.get(i).items();
    let list = |items: Vec<Value>| Ok(Value::list(items));
    Some(match name {
        "default" => Ok(if a.len() > 1 && a.get(1).truth() {
            a.get(1).clone()
        } else {
            a.get(0).clone()
        }),
        "empty" => flag(!a.get(0).truth()),
        "coalesce" => Ok(a
            .all()
            .iter()
            .find(|value| value.truth())
            .cloned()
            .unwrap_or(Value::Null)),
        "ternary" => Ok(if a.get(2).truth() {
            a.get(0).clone()
        } else {
            a.get(1).clone()
        }),
        "kindOf" => Ok(Value::str(a.get(0).kind())),
        "kindIs" => flag(a.get(1).kind() == a.text(0)),
        "typeOf" => Ok(Value::str(a.get(0).type_name())),
        "typeIs" | "typeIsLike" => flag(a.get(1).type_name() == a.text(0).trim_start_matches('*')),
        "deepEqual" => flag(a.get(0).same(a.get(1))),
        "len" => Ok(Value::Int(match a.get(0) {
            Value::Str(text) => size(text.len()),
            Value::List(items) => size(items.len()),
            Value::Map(map) => size(map.borrow().len()),
            Value::Files(files) => size(files.len()),
            _ => return Some(error("length of what has none")),
        })),
        "index" => index(a),
        "slice" => slice(a),
        "list" | "tuple" => list(a.all().to_vec()),
        "first" => Ok(match a.get(0) {
            Value::Str(text) => Value::str(text.chars().take(1).collect::<String>()),
            _ => items(0).into_iter().next().unwrap_or(Value::Null),
        }),
        "last" => Ok(items(0).pop().unwrap_or(Value::Null)),
        "rest" => list(items(0).into_iter().skip(1).collect()),
        "initial" => {
            let mut all = items(0);
            all.pop();
            list(all)
        }
        "append" | "push" => {
            let mut all = items(0);
            all.push(a.get(1).clone());
            list(all)
        }
        "prepend" => {
            let mut all = items(0);
            all.insert(0, a.get(1).clone());
            list(all)
        }
        "concat" => list(a.all().iter().flat_map(Value::items).collect()),
        "reverse" => {
            let mut all = items(0);
            all.reverse();
            list(all)
        }
        "compact" => list(items(0).into_iter().filter(Value::truth).collect()),
        "uniq" => {
            let mut kept: Vec<Value> = Vec::new();
            for item in items(0) {
                if let Err(stop) = engine.spend(kept.len()) {
                    return Some(Err(stop));
                }
                if !kept.iter().any(|known| known.same(&item)) {
                    kept.push(item);
                }
            }
            list(kept)
        }
        "without" => {
            let left_out = a.all().get(1..).unwrap_or_default();
            let kept = items(0).into_iter();
            list(
                kept.filter(|item| !left_out.iter().any(|out| out.same(item)))
                    .collect(),
            )
        }
        "has" => flag(items(1).iter().any(|item| item.same(a.get(0)))),
        "chunk" => {
            let by = usize::try_from(a.int(0).max(1)).unwrap_or(1);
            list(
                items(1)
                    .chunks(by)
                    .map(|part| Value::list(part.to_vec()))
                    .collect(),
            )
        }
        "sortAlpha" => {
            let mut words: Vec<_> = items(0).iter().map(Value::text).collect();
            words.sort();
            list(words.into_iter().map(Value::str).collect())
        }
        "dict" => Ok(Value::map(
            a.all()
                .chunks(2)
                .map(|pair| {
                    let key = pair.first().map(Value::text).unwrap_or_default();
                    (key, pair.get(1).cloned().unwrap_or_else(|| Value::str("")))
                })
                .collect(),
        )),
        "get" => Ok(a.get(0).get(&a.text(1)).unwrap_or_else(|| Value::str(""))),
        "set" => match a.get(0) {
            Value::Map(map) => {
                map.borrow_mut().insert(a.text(1), a.get(2).clone());
                Ok(a.get(0).clone())
            }
            _ => error("set in what is no dictionary"),
        },
        "unset" => match a.get(0) {
            Value::Map(map) => {
                map.borrow_mut().remove(&a.text(1));
                Ok(a.get(0).clone())
            }
            _ => error("unset in what is no dictionary"),
        },
        "hasKey" => flag(a.get(0).get(&a.text(1)).is_some()),
        "keys" => {
            let keys = a.all().iter().flat_map(|value| match value {
                Value::Map(map) => map.borrow().keys().cloned().collect(),
                _ => Vec::new(),
            });
            list(keys.map(Value::str).collect())
        }
        "values" => list(match a.get(0) {
            Value::Map(map) => map.borrow().values().cloned().collect(),
            _ => Vec::new(),
        }),
        "pluck" => {
            let key = a.text(0);
            let rest = a.all().get(1..).unwrap_or_default();
            list(rest.iter().filter_map(|value| value.get(&key)).collect())
        }
        "pick" | "omit" => {
            let named: Vec<_> = a.all().iter().skip(1).flat_map(names).collect();
            let picks = name == "pick";
            match a.get(0) {
                Value::Map(map) => Ok(Value::map(
                    map.borrow()
                        .iter()
                        .filter(|(key, _)| named.contains(key) == picks)
                        .map(|(key, value)| (key.clone(), value.clone()))
                        .collect(),
                )),
                _ => Ok(Value::map(BTreeMap::new())),
            }
        }
        "merge" | "mergeOverwrite" => {
            let weight: usize = a.all().iter().map(|value| value.weight(100_000)).sum();
            if let Err(stop) = engine.spend(weight * 8) {
                return Some(Err(stop));
            }
            for other in a.all().iter().skip(1) {
                if let (Value::Map(into), Value::Map(from)) = (a.get(0), other) {
                    merge(into, from, name == "mergeOverwrite", 0, &mut { MAX_MERGED });
                }
            }
            Ok(a.get(0).clone())
        }
        "deepCopy" => match engine.spend(a.get(0).weight(100_000) * 16) {
            Ok(()) => Ok(a.get(0).deep_copy()),
            Err(stop) => Err(stop),
        },
        "dig" => Ok(dig(a)),
        "call" => error("call of what is no function"),
        _ => return None,
    })
}

fn size(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn names(value: &Value) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().map(Value::text).collect(),
        other => vec![other.text()],
    }
}

fn index(a: &Arguments) -> Result<Value, Stop> {
    let mut value = a.get(0).clone();
    for key in a.all().iter().skip(1) {
        value = match &value {
            Value::Map(map) => map
                .borrow()
                .get(&key.text())
                .cloned()
                .unwrap_or(Value::Null),
            Value::List(items) => {
                let at = usize::try_from(key.int()).ok();
                match at.and_then(|at| items.get(at)) {
                    Some(item) => item.clone(),
                    None => return error("index out of range"),
                }
            }
            Value::Str(text) => {
                let at = usize::try_from(key.int()).ok();
                match at.and_then(|at| text.as_bytes().get(at)) {
                    Some(byte) => Value::Int(i64::from(*byte)),
                    None => return error("index out of range"),
                }
            }
            Value::Null => Value::Null,
            _ => return error("index of what has none"),
        };
    }
    Ok(value)
}

fn slice(a: &Arguments) -> Result<Value, Stop> {
    let bound = |i: usize, otherwise: usize| match a.get(i) {
        Value::Null => otherwise,
        value => usize::try_from(value.int()).unwrap_or(0),
    };
    match a.get(0) {
        Value::List(items) => match items.get(bound(1, 0)..bound(2, items.len())) {
            Some(part) => Ok(Value::list(part.to_vec())),
            None => error("slice out of range"),
        },
        Value::Str(text) => match text.get(bound(1, 0)..bound(2, text.len())) {
            Some(part) => Ok(Value::str(part)),
            None => error("slice out of range"),
        },
        _ => error("slice of what has none"),
    }
}

/// Merges one dictionary into another. Without `over` what is there and not empty stays.
fn merge(into: &Map, from: &Map, over: bool, depth: usize, left: &mut usize) {
    if depth > MAX_DEPTH || std::rc::Rc::ptr_eq(into, from) || *left == 0 {
        return;
    }
    *left = left.saturating_sub(1 + from.borrow().len());
    let entries: Vec<(String, Value)> = from
        .borrow()
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for (key, value) in entries {
        let mine = into.borrow().get(&key).cloned();
        match (&mine, &value) {
            (Some(Value::Map(mine)), Value::Map(theirs)) => {
                merge(mine, theirs, over, depth + 1, left)
            }
            (Some(mine), _) if mine.truth() && !over => {}
            _ => {
                into.borrow_mut().insert(key, value);
            }
        }
    }
}

/// `dig "a" "b" default dict`.
fn dig(a: &Arguments) -> Value {
    let Some((subject, rest)) = a.all().split_last() else {
        return Value::Null;
    };
    let Some((otherwise, keys)) = rest.split_last() else {
        return Value::Null;
    };
    let mut value = subject.clone();
    for key in keys {
        match value.get(&key.text()) {
            Some(found) => value = found,
            None => return otherwise.clone(),
        }
    }
    value
}
