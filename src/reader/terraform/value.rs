//! Values, with the lines they were written on.

use super::super::tree::{Node, Value as NodeValue};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

/// Text of values; evaluation stays on one thread.
pub(super) type Text = Rc<str>;
/// Entries of a map or object, by key as Terraform orders them.
pub(super) type Map = BTreeMap<Text, Val>;

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Val {
    /// The file, by number.
    pub(super) file: u32,
    /// 0 where it was worked out.
    pub(super) line: u32,
    pub(super) v: V,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum V {
    Null,
    Bool(bool),
    Number(f64),
    /// May hold `${…}` where parts are not known.
    Text(Text),
    List(Rc<Vec<Val>>),
    Set(Rc<Vec<Val>>),
    Map(Rc<Map>),
    /// What files do not decide: the expression, with full addresses.
    Unknown(Text),
    /// A resource, an instance of one, a module: what it has is worked out when it is asked for.
    Object(Rc<Object>),
}

/// Something with attributes that are worked out late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    /// The instance of a module in which it stands, by number.
    pub(super) instance: usize,
    pub(super) what: What,
    /// The full address.
    pub(super) address: Text,
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// All instances of a resource, by its place in its module.
    Resource(usize),
    /// One of them.
    ResourceInstance(usize, usize),
    /// All instances of a call of a module.
    Module(usize),
    /// One of them.
    ModuleInstance(usize, usize),
}

/// Longest text of an expression that is kept.
const MAX_SYMBOL: usize = 400;

impl V {
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        Self::Text(text.as_ref().into())
    }

    pub(super) fn list(items: Vec<Val>) -> Self {
        Self::List(Rc::new(items))
    }

    pub(super) fn map(map: Map) -> Self {
        Self::Map(Rc::new(map))
    }

    pub(super) fn unknown(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        match text.char_indices().nth(MAX_SYMBOL) {
            Some((end, _)) => {
                Self::Unknown(format!("{}…", text.get(..end).unwrap_or_default()).into())
            }
            None => Self::Unknown(text.into()),
        }
    }

    pub(super) fn at(self, file: u32, line: u32) -> Val {
        Val {
            file,
            line,
            v: self,
        }
    }

    /// A value that was worked out.
    pub(super) fn val(self) -> Val {
        self.at(0, 0)
    }

    /// How many values it holds, counted up to a limit: shared parts count as often as they are met.
    pub(super) fn size(&self, limit: usize) -> usize {
        let add = |sum: usize, val: &Val| {
            if sum > limit {
                sum
            } else {
                sum + val.v.size(limit - sum)
            }
        };
        match self {
            Self::Text(text) => 1 + text.len() / 16,
            Self::List(items) | Self::Set(items) => items.iter().fold(1, add),
            Self::Map(map) => map.values().fold(1, add),
            _ => 1,
        }
    }

    /// A scalar as text; numbers and booleans are converted, as templates do.
    pub(super) fn scalar(&self) -> Option<Text> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Bool(true) => Some("true".into()),
            Self::Bool(false) => Some("false".into()),
            Self::Number(number) => Some(number_text(*number).into()),
            _ => None,
        }
    }

    /// A scalar as it stands in a text: what is not known as `${…}`.
    pub(super) fn interpolated(&self) -> Option<Text> {
        match self {
            Self::Unknown(symbol) => Some(wrapped(symbol)),
            Self::Object(object) => Some(wrapped(&object.address)),
            _ => self.scalar(),
        }
    }

    pub(super) fn items(&self) -> Option<&Rc<Vec<Val>>> {
        match self {
            Self::List(items) | Self::Set(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn entries(&self) -> Option<&Rc<Map>> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
            _ => None,
        }
    }

    pub(super) fn bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Text(text) => match &**text {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether any part is not known. Looks into collections.
    pub(super) fn partial(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => false,
            Self::Text(text) => super::super::resource::symbolic(text),
            Self::List(items) | Self::Set(items) => items.iter().any(|item| item.v.partial()),
            Self::Map(map) => map
                .iter()
                .any(|(key, value)| value.v.partial() || super::super::resource::symbolic(key)),
            Self::Unknown(_) | Self::Object(_) => true,
        }
    }

    /// Whether it is known whole enough to be compared: a scalar without unknown parts.
    pub(super) fn decided(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => true,
            Self::Text(text) => !super::super::resource::symbolic(text),
            _ => false,
        }
    }

    /// How the value would be written in an expression, cut where it is long.
    pub(super) fn written(&self, out: &mut String) {
        if out.len() > MAX_SYMBOL {
            return;
        }
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(_) | Self::Number(_) => out.push_str(&self.scalar().unwrap_or_default()),
            Self::Text(text) => {
                // A text that is nothing but an unknown is that.
                let inner = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'));
                match inner.filter(|inner| !inner.contains("${")) {
                    Some(inner) => out.push_str(inner),
                    None => {
                        let _ = write!(out, "\"{text}\"");
                    }
                }
            }
            Self::List(items) | Self::Set(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push_str(", ");
                    }
                    item.v.written(out);
                }
                out.push(']');
            }
            Self::Map(map) => {
                out.push('{');
                for (at, (key, value)) in map.iter().enumerate() {
                    if at > 0 {
                        out.push_str(", ");
                    }
                    out.push_str(key);
                    out.push_str(" = ");
                    value.v.written(out);
                }
                out.push('}');
            }
            Self::Unknown(symbol) => out.push_str(symbol),
            Self::Object(object) => out.push_str(&object.address),
        }
    }

    /// Whether two values are equal; `None` where that is not known.
    pub(super) fn equal(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Object(a), Self::Object(b)) if a == b => Some(true),
            (Self::Unknown(_) | Self::Object(_), _) | (_, Self::Unknown(_) | Self::Object(_)) => {
                None
            }
            (Self::Null, Self::Null) => Some(true),
            (Self::List(a) | Self::Set(a), Self::List(b) | Self::Set(b)) => {
                if a.len() != b.len() {
                    return (!self.partial() && !other.partial()).then_some(false);
                }
                let pairs = a.iter().zip(b.iter());
                all(pairs.map(|(a, b)| a.v.equal(&b.v)))
            }
            (Self::Map(a), Self::Map(b)) => {
                if !a.keys().eq(b.keys()) {
                    return (!self.partial() && !other.partial()).then_some(false);
                }
                all(a.values().zip(b.values()).map(|(a, b)| a.v.equal(&b.v)))
            }
            _ => {
                let (Some(a), Some(b)) = (self.scalar(), other.scalar()) else {
                    return Some(false);
                };
                if a == b {
                    return Some(true);
                }
                (self.decided() && other.decided()).then_some(false)
            }
        }
    }

    fn node(&self, file: u32, line: u32) -> Node {
        let scalar = |text: &str, plain| NodeValue::Scalar {
            text: text.to_owned(),
            plain,
        };
        let value = match self {
            Self::Null => NodeValue::Null,
            Self::Bool(_) | Self::Number(_) => scalar(&self.scalar().unwrap_or_default(), true),
            Self::Text(text) => scalar(text, false),
            Self::List(items) | Self::Set(items) => {
                NodeValue::List(items.iter().map(|item| item.node(file, line)).collect())
            }
            Self::Map(map) => NodeValue::Map(
                map.iter()
                    .map(|(key, value)| ((**key).to_owned(), value.node(file, line)))
                    .collect(),
            ),
            Self::Unknown(_) | Self::Object(_) => {
                scalar(&self.interpolated().unwrap_or_default(), false)
            }
        };
        Node {
            line,
            file: 0,
            value,
        }
    }
}

impl Val {
    pub(super) const NULL: Self = Self {
        file: 0,
        line: 0,
        v: V::Null,
    };

    /// The value as readers of resources take it. What was worked out, or written in another file, has the line of
    /// what it is in.
    pub(super) fn node(&self, file: u32, outer: u32) -> Node {
        let own = self.line > 0 && self.file == file;
        self.v.node(file, if own { self.line } else { outer })
    }
}

/// Whether all are true; unknown when none is false and one is unknown.
fn all(verdicts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for verdict in verdicts {
        match verdict {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = false,
        }
    }
    known.then_some(true)
}

/// `${…}` around an expression.
pub(super) fn wrapped(symbol: &str) -> Text {
    format!("${{{symbol}}}").into()
}

/// A number as Terraform writes it.
pub(super) fn number_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e21 {
        format!("{number:.0}")
    } else {
        format!("{number}")
    }
}
