//! Lists, sets and maps.

use super::super::value::{Map, Text, V, Val, wrapped};
use super::super::world::World;
use super::{MAX_ITEMS, Outcome, items, number_of, set, text_of, whole, written};
use std::rc::Rc;

pub(super) fn apply(world: &World<'_>, name: &str, values: &[V]) -> Option<Outcome> {
    let first = values.first();
    let unknown = matches!(first, Some(V::Unknown(_)));
    let list = first.and_then(items);
    let result: Outcome = match name {
        "merge" => Outcome::Known(merge(values)),
        "concat" => Outcome::Known(concat(values)),
        "flatten" => match first {
            Some(V::List(list) | V::Set(list)) => {
                let mut out = Vec::new();
                flatten(world, list, &mut out, 0);
                V::list(out).into_known()
            }
            _ => Outcome::Open,
        },
        "toset" | "tolist" | "sort" | "distinct" | "reverse" | "compact" | "sum"
            if unknown || list.is_none() =>
        {
            match (name, first) {
                // A text becomes no list.
                ("tolist" | "toset", Some(V::Null)) => Outcome::Known(V::Null),
                _ => Outcome::Open,
            }
        }
        "toset" => Outcome::Known(set(list?.to_vec())),
        "tolist" => Outcome::Known(V::List(Rc::clone(list?))),
        "sort" => {
            let V::Set(sorted) = set_keeping(list?) else {
                return None;
            };
            Outcome::Known(V::List(sorted))
        }
        "distinct" => {
            let mut seen = std::collections::HashSet::new();
            let mut out = list?.to_vec();
            out.retain(|item| seen.insert(written(&item.v)));
            V::list(out).into_known()
        }
        "reverse" => V::list(list?.iter().rev().cloned().collect()).into_known(),
        "compact" => {
            let mut out = list?.to_vec();
            out.retain(|item| match item.v.scalar() {
                Some(text) => !text.is_empty(),
                None => !item.v.is_null(),
            });
            V::list(out).into_known()
        }
        "sum" => {
            let numbers: Option<Vec<f64>> = list?.iter().map(|item| item.v.number()).collect();
            numbers.map(|n| V::Number(n.iter().sum())).into()
        }
        "tomap" | "toobject" | "sensitive" | "nonsensitive" | "issensitive" => {
            first.cloned().into()
        }
        "tostring" => match first? {
            V::Unknown(_) => Outcome::Known(first?.clone()),
            V::Null => Outcome::Known(V::Null),
            value => value.scalar().map(V::Text).into(),
        },
        "tonumber" => match first? {
            V::Null => Outcome::Known(V::Null),
            value => value.number().map(V::Number).into(),
        },
        "tobool" => match first? {
            V::Null => Outcome::Known(V::Null),
            value => value.bool().map(V::Bool).into(),
        },
        "keys" => match first? {
            V::Map(map) => {
                V::list(map.keys().map(|k| V::Text(k.clone()).val()).collect()).into_known()
            }
            _ => Outcome::Open,
        },
        "values" => match first? {
            V::Map(map) => V::list(map.values().cloned().collect()).into_known(),
            _ => Outcome::Open,
        },
        "lookup" => match first? {
            V::Map(map) => {
                let key = text_of(values, 1)?;
                match (map.get(&key), values.get(2)) {
                    (Some(found), _) => Outcome::Known(found.v.clone()),
                    (None, _) if open_map(map) || !V::Text(key).decided() => Outcome::Open,
                    (None, Some(default)) => Outcome::Known(default.clone()),
                    (None, None) => Outcome::Fault,
                }
            }
            _ => Outcome::Open,
        },
        "coalesce" => coalesce(values),
        "coalescelist" => {
            for value in values {
                match value {
                    V::List(items) | V::Set(items) if items.is_empty() => {}
                    V::Null => {}
                    V::Unknown(_) => return Some(Outcome::Open),
                    found => return Some(Outcome::Known(found.clone())),
                }
            }
            Outcome::Fault
        }
        "length" => match first? {
            V::List(items) | V::Set(items) if !open_list(items) => {
                Outcome::Known(number(items.len()))
            }
            V::Map(map) if !open_map(map) => Outcome::Known(number(map.len())),
            V::Text(text) if V::Text(text.clone()).decided() => {
                Outcome::Known(number(text.chars().count()))
            }
            V::Null => Outcome::Fault,
            _ => Outcome::Open,
        },
        "element" => match (list, number_of(values, 1)) {
            (Some(list), Some(at)) if !list.is_empty() => {
                let length = i64::try_from(list.len()).ok()?;
                let at = usize::try_from(whole(at).rem_euclid(length)).ok()?;
                list.get(at).map(|item| item.v.clone()).into()
            }
            (Some(_), Some(_)) => Outcome::Fault,
            _ => Outcome::Open,
        },
        "contains" => match list {
            Some(list) => contains(list, values.get(1)?),
            None => Outcome::Open,
        },
        "index" => match list {
            Some(list) => {
                let wanted = values.get(1)?;
                match list.iter().position(|i| i.v.equal(wanted) == Some(true)) {
                    Some(at) => Outcome::Known(number(at)),
                    None if open_list(list) || !wanted.decided() => Outcome::Open,
                    None => Outcome::Fault,
                }
            }
            None => Outcome::Open,
        },
        "one" => match first? {
            V::List(items) | V::Set(items) => match items.as_slice() {
                [] => Outcome::Known(V::Null),
                [only] => Outcome::Known(only.v.clone()),
                _ => Outcome::Fault,
            },
            V::Null => Outcome::Known(V::Null),
            // One of what may not be there: it is what would be there.
            V::Object(_) => Outcome::Known(first?.clone()),
            _ => Outcome::Open,
        },
        "slice" => match (list, number_of(values, 1), number_of(values, 2)) {
            (Some(list), Some(from), Some(to)) => {
                let from = usize::try_from(whole(from)).ok()?;
                let to = usize::try_from(whole(to)).ok()?;
                list.get(from..to).map(|part| V::list(part.to_vec())).into()
            }
            _ => Outcome::Open,
        },
        "chunklist" => match (list, number_of(values, 1)) {
            (Some(list), Some(size)) if size >= 1.0 => {
                let size = usize::try_from(whole(size)).ok()?;
                let chunks = list.chunks(size).map(|part| V::list(part.to_vec()).val());
                V::list(chunks.collect()).into_known()
            }
            _ => Outcome::Open,
        },
        "zipmap" => match (list, values.get(1).and_then(items)) {
            (Some(keys), Some(values)) => {
                let pairs = keys.iter().zip(values.iter());
                let entry = |(key, value): (&Val, &Val)| {
                    let key = key
                        .v
                        .interpolated()
                        .unwrap_or_else(|| wrapped(&written(&key.v)));
                    (key, value.clone())
                };
                V::map(pairs.map(entry).collect()).into_known()
            }
            _ => Outcome::Open,
        },
        "transpose" => match first? {
            V::Map(map) => transpose(map),
            _ => Outcome::Open,
        },
        "matchkeys" => match (
            list,
            values.get(1).and_then(items),
            values.get(2).and_then(items),
        ) {
            (Some(list), Some(keys), Some(wanted)) => {
                let wanted: std::collections::HashSet<String> =
                    wanted.iter().map(|w| written(&w.v)).collect();
                let pairs = list.iter().zip(keys.iter());
                let found = pairs.filter(|(_, key)| wanted.contains(&written(&key.v)));
                V::list(found.map(|(item, _)| item.clone()).collect()).into_known()
            }
            _ => Outcome::Open,
        },
        "setproduct" => product(world, values),
        "setunion" | "setintersection" | "setsubtract" => combine(name, values),
        "range" => range(world, values),
        "min" | "max" => {
            let numbers: Option<Vec<f64>> = values.iter().map(V::number).collect();
            let pick = if name == "min" { f64::min } else { f64::max };
            match numbers {
                Some(numbers) => numbers.into_iter().reduce(pick).map(V::Number).into(),
                None => Outcome::Open,
            }
        }
        "abs" => first?.number().map(|n| V::Number(n.abs())).into(),
        "ceil" => first?.number().map(|n| V::Number(n.ceil())).into(),
        "floor" => first?.number().map(|n| V::Number(n.floor())).into(),
        "signum" => first?
            .number()
            .map(|n| V::Number(if n == 0.0 { 0.0 } else { n.signum() }))
            .into(),
        "pow" => match (number_of(values, 0), number_of(values, 1)) {
            (Some(base), Some(power)) => Outcome::Known(V::Number(base.powf(power))),
            _ => Outcome::Open,
        },
        "alltrue" | "anytrue" => match list {
            Some(list) => truth(name == "alltrue", list),
            None => Outcome::Open,
        },
        _ => return None,
    };
    Some(result)
}

impl V {
    fn into_known(self) -> Outcome {
        Outcome::Known(self)
    }
}

fn number(count: usize) -> V {
    // Collections are far smaller than what a float holds exactly.
    #[expect(clippy::cast_precision_loss)]
    V::Number(count as f64)
}

/// Whether a map has entries that are not known.
fn open_map(map: &Map) -> bool {
    map.keys().any(|key| !V::Text(key.clone()).decided())
}

/// Whether a list has members that may stand for several.
fn open_list(list: &[Val]) -> bool {
    list.iter()
        .any(|item| matches!(&item.v, V::Unknown(symbol) if symbol.ends_with("...")))
}

/// What is not known stays as an entry under its own name, so that it is not taken for nothing.
fn merge(values: &[V]) -> V {
    // One map and nothing else is that map.
    let mut out = Map::new();
    for value in values {
        match value {
            V::Map(map) => out.extend(map.iter().map(|(k, v)| (k.clone(), v.clone()))),
            V::Null => {}
            other => {
                let symbol = wrapped(&written(other));
                out.insert(symbol.clone(), V::Text(symbol).val());
            }
        }
    }
    V::map(out)
}

/// What is not known stays as a member that stands for several.
fn concat(values: &[V]) -> V {
    let mut out = Vec::new();
    for value in values {
        match value {
            V::List(items) | V::Set(items) => out.extend(items.iter().cloned()),
            V::Null => {}
            other => out.push(several(other)),
        }
    }
    V::list(out)
}

/// Something that stands for any number of members.
fn several(value: &V) -> Val {
    let symbol = written(value);
    V::unknown(format!("{}...", symbol.trim_end_matches("..."))).val()
}

fn flatten(world: &World<'_>, list: &[Val], out: &mut Vec<Val>, depth: u32) {
    for item in list {
        if out.len() > MAX_ITEMS || depth > 30 {
            world.limit("a value of more than 100,000 parts stays symbolic");
            return;
        }
        match world.settled(item.v.clone()) {
            V::List(items) | V::Set(items) => flatten(world, &items, out, depth + 1),
            V::Unknown(_) => out.push(item.clone()),
            _ => out.push(item.clone()),
        }
    }
}

/// Sorted, with what stands there several times.
fn set_keeping(list: &[Val]) -> V {
    let mut out = list.to_vec();
    out.sort_by_cached_key(|item| match item.v.scalar() {
        Some(text) => (*text).to_owned(),
        None => written(&item.v),
    });
    V::Set(Rc::new(out))
}

/// The first that is neither null nor empty.
fn coalesce(values: &[V]) -> Outcome {
    for value in values {
        match value {
            V::Null => {}
            V::Text(text) if text.is_empty() => {}
            V::Unknown(_) => return Outcome::Open,
            found => return Outcome::Known(found.clone()),
        }
    }
    Outcome::Fault
}

fn contains(list: &[Val], wanted: &V) -> Outcome {
    let mut open = open_list(list);
    for item in list {
        match item.v.equal(wanted) {
            Some(true) => return Outcome::Known(V::Bool(true)),
            Some(false) => {}
            None => open = true,
        }
    }
    if open {
        Outcome::Open
    } else {
        Outcome::Known(V::Bool(false))
    }
}

fn transpose(map: &Map) -> Outcome {
    let mut out: std::collections::BTreeMap<Text, Vec<Val>> = std::collections::BTreeMap::new();
    for (key, value) in map {
        let Some(items) = value.v.items() else {
            return Outcome::Open;
        };
        for item in items.iter() {
            let Some(name) = item.v.interpolated() else {
                return Outcome::Open;
            };
            out.entry(name)
                .or_default()
                .push(V::Text(key.clone()).val());
        }
    }
    let entries = out
        .into_iter()
        .map(|(key, items)| (key, V::list(items).val()));
    V::map(entries.collect()).into_known()
}

fn product(world: &World<'_>, values: &[V]) -> Outcome {
    let mut lists = Vec::new();
    let mut total = 1usize;
    for value in values {
        let Some(list) = items(value) else {
            return Outcome::Open;
        };
        total = total.saturating_mul(list.len());
        lists.push(list);
    }
    if total.saturating_mul(lists.len().max(1)) > MAX_ITEMS {
        world.limit("a value of more than 100,000 parts stays symbolic");
        return Outcome::Open;
    }
    let mut rows: Vec<Vec<Val>> = vec![Vec::new()];
    for list in lists {
        rows = rows
            .iter()
            .flat_map(|row| {
                list.iter().map(move |item| {
                    let mut row = row.clone();
                    row.push(item.clone());
                    row
                })
            })
            .collect();
    }
    world.charge(total);
    V::list(rows.into_iter().map(|row| V::list(row).val()).collect()).into_known()
}

fn combine(name: &str, values: &[V]) -> Outcome {
    let mut lists = Vec::new();
    for value in values {
        match items(value) {
            Some(list) => lists.push(list),
            None if name == "setunion" => return set(items_of(concat(values))).into_known(),
            None => return Outcome::Open,
        }
    }
    let Some((first, rest)) = lists.split_first() else {
        return Outcome::Fault;
    };
    let keys = |list: &Rc<Vec<Val>>| -> std::collections::HashSet<String> {
        list.iter().map(|item| written(&item.v)).collect()
    };
    let mut out = first.to_vec();
    match name {
        "setunion" => out.extend(rest.iter().flat_map(|list| list.iter().cloned())),
        "setintersection" => {
            for list in rest {
                let keys = keys(list);
                out.retain(|item| keys.contains(&written(&item.v)));
            }
        }
        _ => {
            for list in rest {
                let keys = keys(list);
                out.retain(|item| !keys.contains(&written(&item.v)));
            }
        }
    }
    set(out).into_known()
}

fn items_of(value: V) -> Vec<Val> {
    value
        .items()
        .map(|items| items.to_vec())
        .unwrap_or_default()
}

fn range(world: &World<'_>, values: &[V]) -> Outcome {
    let numbers: Option<Vec<f64>> = values.iter().map(V::number).collect();
    let Some(numbers) = numbers else {
        return Outcome::Open;
    };
    let (from, to, step) = match numbers.as_slice() {
        [to] => (0.0, *to, if *to < 0.0 { -1.0 } else { 1.0 }),
        [from, to] => (*from, *to, if to < from { -1.0 } else { 1.0 }),
        [from, to, step] => (*from, *to, *step),
        _ => return Outcome::Fault,
    };
    if step == 0.0 || !((to - from) / step).is_finite() {
        return Outcome::Fault;
    }
    if (to - from) / step > 10_000.0 {
        world.limit("a range of more than 10,000 numbers stays symbolic");
        return Outcome::Open;
    }
    let mut out = Vec::new();
    let mut at = from;
    while (step > 0.0 && at < to) || (step < 0.0 && at > to) {
        out.push(V::Number(at).val());
        at += step;
        if out.len() > 10_000 {
            return Outcome::Open;
        }
    }
    world.charge(out.len());
    V::list(out).into_known()
}

fn truth(all: bool, list: &[Val]) -> Outcome {
    let mut open = open_list(list);
    for item in list {
        match item.v.bool() {
            Some(value) if value != all => return Outcome::Known(V::Bool(!all)),
            Some(_) => {}
            None => open = true,
        }
    }
    if open {
        Outcome::Open
    } else {
        Outcome::Known(V::Bool(all))
    }
}
