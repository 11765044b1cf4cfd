//! Comparison, logic and arithmetic.

use super::super::engine::{Engine, Stop, error};
use super::super::value::Value;
use super::{Answer, Arguments};
use std::cmp::Ordering;

/// Longest list of numbers that is made.
const MAX_UNTIL: i64 = 100_000;

pub(super) fn call(engine: &mut Engine, name: &str, a: &Arguments) -> Answer {
    let flag = |flag: bool| Ok(Value::Bool(flag));
    let order = |expected: &[Ordering]| match compare(a.get(0), a.get(1)) {
        Some(order) => flag(expected.contains(&order)),
        None => error("comparison of what cannot be compared"),
    };
    Some(match name {
        "eq" => {
            let rest = a.all().get(1..).unwrap_or_default();
            flag(rest.iter().any(|other| a.get(0).same(other)))
        }
        "ne" => flag(!a.get(0).same(a.get(1))),
        "lt" => order(&[Ordering::Less]),
        "le" => order(&[Ordering::Less, Ordering::Equal]),
        "gt" => order(&[Ordering::Greater]),
        "ge" => order(&[Ordering::Greater, Ordering::Equal]),
        "not" => flag(!a.get(0).truth()),
        "all" => flag(a.all().iter().all(Value::truth)),
        "any" => flag(a.all().iter().any(Value::truth)),
        "int" | "int64" | "atoi" | "toDecimal" => match (name, a.get(0)) {
            ("toDecimal", value) => Ok(Value::Int(
                i64::from_str_radix(&value.text(), 8).unwrap_or(0),
            )),
            (_, value) => Ok(Value::Int(value.int())),
        },
        "float64" => Ok(Value::Float(a.get(0).number())),
        "add" => Ok(Value::Int(
            a.all().iter().fold(0, |sum, v| sum.wrapping_add(v.int())),
        )),
        "add1" => Ok(Value::Int(a.int(0).wrapping_add(1))),
        "sub" => Ok(Value::Int(a.int(0).wrapping_sub(a.int(1)))),
        "mul" => Ok(Value::Int(
            a.all().iter().fold(1, |all, v| all.wrapping_mul(v.int())),
        )),
        "div" => whole(a.int(0).checked_div(a.int(1))),
        "mod" => whole(a.int(0).checked_rem(a.int(1))),
        "addf" => Ok(Value::Float(a.all().iter().map(Value::number).sum())),
        "add1f" => Ok(Value::Float(a.get(0).number() + 1.0)),
        "subf" => {
            let rest = a.all().get(1..).unwrap_or_default();
            let taken: f64 = rest.iter().map(Value::number).sum();
            Ok(Value::Float(a.get(0).number() - taken))
        }
        "mulf" => Ok(Value::Float(a.all().iter().map(Value::number).product())),
        "divf" => Ok(Value::Float(a.get(0).number() / a.get(1).number())),
        "max" | "biggest" => Ok(Value::Int(
            a.all().iter().map(Value::int).max().unwrap_or(0),
        )),
        "min" => Ok(Value::Int(
            a.all().iter().map(Value::int).min().unwrap_or(0),
        )),
        "maxf" => Ok(Value::Float(
            a.all().iter().map(Value::number).fold(f64::MIN, f64::max),
        )),
        "minf" => Ok(Value::Float(
            a.all().iter().map(Value::number).fold(f64::MAX, f64::min),
        )),
        "floor" => Ok(Value::Float(a.get(0).number().floor())),
        "ceil" => Ok(Value::Float(a.get(0).number().ceil())),
        "round" => {
            let places = i32::try_from(a.int(1).clamp(0, 15)).unwrap_or(0);
            let factor = 10f64.powi(places);
            Ok(Value::Float((a.get(0).number() * factor).round() / factor))
        }
        "until" => numbers(engine, 0, a.int(0), if a.int(0) < 0 { -1 } else { 1 }),
        "untilStep" => numbers(engine, a.int(0), a.int(1), a.int(2)),
        "seq" => {
            let (from, step, to) = match a.len() {
                1 => (1, if a.int(0) < 1 { -1 } else { 1 }, a.int(0)),
                2 => (a.int(0), if a.int(1) < a.int(0) { -1 } else { 1 }, a.int(1)),
                _ => (a.int(0), a.int(1), a.int(2)),
            };
            let end = to.saturating_add(step.signum());
            numbers(engine, from, end, step).map(|list| {
                let words: Vec<_> = list.items().iter().map(Value::text).collect();
                Value::str(words.join(" "))
            })
        }
        _ => return None,
    })
}

fn whole(value: Option<i64>) -> Result<Value, Stop> {
    match value {
        Some(value) => Ok(Value::Int(value)),
        None => error("division by zero"),
    }
}

fn numbers(engine: &mut Engine, from: i64, to: i64, step: i64) -> Result<Value, Stop> {
    let count = match step {
        0 => 0,
        step => to
            .saturating_sub(from)
            .checked_div(step)
            .unwrap_or(0)
            .max(0)
            .saturating_add(1),
    };
    if count > MAX_UNTIL {
        return Err(Stop::Limit);
    }
    engine.spend(usize::try_from(count).unwrap_or(0) * 16)?;
    let mut items = Vec::new();
    let mut at = from;
    while step != 0 && (if step > 0 { at < to } else { at > to }) {
        items.push(Value::Int(at));
        at = at.saturating_add(step);
    }
    Ok(Value::list(items))
}

fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            one.number().partial_cmp(&other.number())
        }
        _ => None,
    }
}
