//! What a condition is lowered to: a tree of typed operations over slots of a row, evaluated with
//! three-valued (Kleene) logic. `None` is "unknown": a comparison with an unknown attribute is unknown,
//! and the whole is unknown unless the rest decides it.
//!
//! Types are settled when a check is loaded, so nothing here can fail, and no name is looked up.

use super::value::Value;
use crate::model::Timestamp;
use regex::Regex;
use std::cmp::Ordering;

/// A condition of truth.
#[derive(Debug)]
pub(super) enum Bool {
    Const(bool),
    Attribute(usize),
    Parameter(usize),
    /// Whether an attribute is known. Itself never unknown.
    Has(usize),
    Not(Box<Self>),
    All(Box<[Self]>),
    Any(Box<[Self]>),
    If(Box<(Self, Self, Self)>),
    Same(Box<(Self, Self)>),
    /// An attribute against a constant: the common comparison, without a detour.
    Against(Relation, usize, i64),
    Compare(Relation, Box<(Int, Int)>),
    OneOf(Int, Box<[i64]>),
    Equal(Box<(Text, Text)>),
    Less(Relation, Box<(Text, Text)>),
    Contains(Box<(Text, Text)>),
    Starts(Box<(Text, Text)>),
    Ends(Box<(Text, Text)>),
    Matches(Text, Box<Regex>),
    In(Text, List),
    Exists(List, Box<Self>),
    Every(List, Box<Self>),
}

/// A number, an instant, or the position of a word.
#[derive(Debug)]
pub(super) enum Int {
    Const(i64),
    Attribute(usize),
    Parameter(usize),
    Now,
    Add(Box<(Self, Self)>),
    Subtract(Box<(Self, Self)>),
    /// Whole days between two instants.
    Days(Box<(Self, Self)>),
    Length(Text),
    Size(List),
    If(Box<(Bool, Self, Self)>),
}

/// Text.
#[derive(Debug)]
pub(super) enum Text {
    Const(Box<str>),
    Attribute(usize),
    Parameter(usize),
    /// The word that a position stands for.
    Word(&'static super::schema::Enumeration, Box<Int>),
    /// The item of an `exists` or `all` around this, so many levels out.
    Item(usize),
    If(Box<(Bool, Self, Self)>),
}

/// A list of texts.
#[derive(Debug)]
pub(super) enum List {
    Const(Box<[String]>),
    Attribute(usize),
    Parameter(usize),
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Different => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// What a condition is evaluated against.
pub(super) struct Scope<'s, 'a> {
    /// The subject's attributes, by position in its table.
    pub row: &'s [Value<'a>],
    /// The check's parameters.
    pub parameters: &'s [Value<'static>],
    /// The time of the scan.
    pub now: Timestamp,
}

/// The item that an `exists` or `all` looks at, and the ones around it.
#[derive(Clone, Copy)]
struct Item<'s> {
    text: &'s str,
    outer: Option<&'s Item<'s>>,
}

impl Bool {
    /// The truth for a subject; `None` when no source carries what decides it.
    pub(super) fn eval(&self, scope: &Scope<'_, '_>) -> Option<bool> {
        self.truth(scope, None)
    }

    fn truth(&self, scope: &Scope<'_, '_>, item: Option<&Item<'_>>) -> Option<bool> {
        match self {
            Self::Const(value) => Some(*value),
            Self::Attribute(at) => truth(scope.row.get(*at)),
            Self::Parameter(at) => truth(scope.parameters.get(*at)),
            Self::Has(at) => Some(!matches!(scope.row.get(*at), None | Some(Value::Unknown))),
            Self::Not(inner) => inner.truth(scope, item).map(|t| !t),
            Self::All(parts) => decide(parts.iter().map(|p| p.truth(scope, item)), false),
            Self::Any(parts) => decide(parts.iter().map(|p| p.truth(scope, item)), true),
            Self::If(parts) => {
                let (condition, yes, no) = &**parts;
                match condition.truth(scope, item) {
                    Some(true) => yes.truth(scope, item),
                    Some(false) => no.truth(scope, item),
                    None => {
                        let (yes, no) = (yes.truth(scope, item), no.truth(scope, item));
                        if yes == no { yes } else { None }
                    }
                }
            }
            Self::Same(parts) => Some(parts.0.truth(scope, item)? == parts.1.truth(scope, item)?),
            Self::Against(relation, at, constant) => {
                let value = number(scope.row.get(*at))?;
                Some(relation.holds(value.cmp(constant)))
            }
            Self::Compare(relation, parts) => {
                let (a, b) = (parts.0.eval(scope, item)?, parts.1.eval(scope, item)?);
                Some(relation.holds(a.cmp(&b)))
            }
            Self::OneOf(value, set) => Some(set.contains(&value.eval(scope, item)?)),
            Self::Equal(parts) => Some(parts.0.eval(scope, item)? == parts.1.eval(scope, item)?),
            Self::Less(relation, parts) => {
                let (a, b) = (parts.0.eval(scope, item)?, parts.1.eval(scope, item)?);
                Some(relation.holds(a.cmp(b)))
            }
            Self::Contains(parts) => {
                let (a, b) = (parts.0.eval(scope, item)?, parts.1.eval(scope, item)?);
                Some(a.contains(b))
            }
            Self::Starts(parts) => {
                let (a, b) = (parts.0.eval(scope, item)?, parts.1.eval(scope, item)?);
                Some(a.starts_with(b))
            }
            Self::Ends(parts) => {
                let (a, b) = (parts.0.eval(scope, item)?, parts.1.eval(scope, item)?);
                Some(a.ends_with(b))
            }
            Self::Matches(text, regex) => Some(regex.is_match(text.eval(scope, item)?)),
            Self::In(text, list) => {
                let wanted = text.eval(scope, item)?;
                list.any(scope, |i| i == wanted)
            }
            Self::Exists(list, inner) => list.decide(scope, item, inner, true),
            Self::Every(list, inner) => list.decide(scope, item, inner, false),
        }
    }
}

/// Kleene's "and" (`decisive` false) and "or" (`decisive` true).
fn decide(parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut all_known = true;
    for part in parts {
        match part {
            Some(truth) if truth == decisive => return Some(decisive),
            Some(_) => {}
            None => all_known = false,
        }
    }
    all_known.then_some(!decisive)
}

fn truth(value: Option<&Value<'_>>) -> Option<bool> {
    match value {
        Some(Value::Bool(truth)) => Some(*truth),
        _ => None,
    }
}

fn number(value: Option<&Value<'_>>) -> Option<i64> {
    match value {
        Some(Value::Int(number)) => Some(*number),
        _ => None,
    }
}

fn text<'s>(value: Option<&'s Value<'_>>) -> Option<&'s str> {
    match value {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

impl Int {
    fn eval(&self, scope: &Scope<'_, '_>, item: Option<&Item<'_>>) -> Option<i64> {
        match self {
            Self::Const(value) => Some(*value),
            Self::Attribute(at) => number(scope.row.get(*at)),
            Self::Parameter(at) => number(scope.parameters.get(*at)),
            Self::Now => Some(scope.now.seconds()),
            Self::Add(parts) => {
                let (a, b) = (parts.0.eval(scope, item)?, parts.1.eval(scope, item)?);
                Some(a.saturating_add(b))
            }
            Self::Subtract(parts) => {
                let (a, b) = (parts.0.eval(scope, item)?, parts.1.eval(scope, item)?);
                Some(a.saturating_sub(b))
            }
            Self::Days(parts) => {
                let (a, b) = (parts.0.eval(scope, item)?, parts.1.eval(scope, item)?);
                Some(Timestamp::from_seconds(a).days_since(Timestamp::from_seconds(b)))
            }
            Self::Length(text) => i64::try_from(text.eval(scope, item)?.chars().count()).ok(),
            Self::Size(list) => list.size(scope),
            Self::If(parts) => {
                let (condition, yes, no) = &**parts;
                if condition.truth(scope, item)? {
                    yes.eval(scope, item)
                } else {
                    no.eval(scope, item)
                }
            }
        }
    }
}

impl Text {
    fn eval<'s>(&'s self, scope: &Scope<'s, '_>, item: Option<&Item<'s>>) -> Option<&'s str> {
        match self {
            Self::Const(value) => Some(value),
            Self::Attribute(at) => text(scope.row.get(*at)),
            Self::Parameter(at) => text(scope.parameters.get(*at)),
            Self::Word(set, rank) => Some(set.word(rank.eval(scope, item)?)),
            Self::Item(0) => item.map(|i| i.text),
            Self::Item(levels) => {
                let mut found = item?;
                for _ in 0..*levels {
                    found = found.outer?;
                }
                Some(found.text)
            }
            Self::If(parts) => {
                let (condition, yes, no) = &**parts;
                if condition.truth(scope, item)? {
                    yes.eval(scope, item)
                } else {
                    no.eval(scope, item)
                }
            }
        }
    }
}

impl List {
    fn any(&self, scope: &Scope<'_, '_>, test: impl Fn(&str) -> bool) -> Option<bool> {
        let items = match self {
            Self::Const(items) => return Some(items.iter().any(|i| test(i))),
            Self::Attribute(at) => scope.row.get(*at),
            Self::Parameter(at) => scope.parameters.get(*at),
        };
        match items {
            Some(Value::List(items)) => Some(items.iter().any(|i| test(i))),
            _ => None,
        }
    }

    fn size(&self, scope: &Scope<'_, '_>) -> Option<i64> {
        let items = match self {
            Self::Const(items) => return i64::try_from(items.len()).ok(),
            Self::Attribute(at) => scope.row.get(*at),
            Self::Parameter(at) => scope.parameters.get(*at),
        };
        match items {
            Some(Value::List(items)) => i64::try_from(items.len()).ok(),
            _ => None,
        }
    }

    /// `exists` (decisive true) and `all` (decisive false).
    fn decide(
        &self,
        scope: &Scope<'_, '_>,
        outer: Option<&Item<'_>>,
        inner: &Bool,
        decisive: bool,
    ) -> Option<bool> {
        let test = |text: &str| inner.truth(scope, Some(&Item { text, outer }));
        let items = match self {
            Self::Const(items) => {
                return decide(items.iter().map(|i| test(i)), decisive);
            }
            Self::Attribute(at) => scope.row.get(*at),
            Self::Parameter(at) => scope.parameters.get(*at),
        };
        match items {
            Some(Value::List(items)) => decide(items.iter().map(|i| test(i)), decisive),
            _ => None,
        }
    }
}
