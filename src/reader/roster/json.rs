//! JSON exports of directories, record by record: objects as they are met, in whatever pages and wrappers
//! somebody saved them, one at a time. Of a list only the places of its elements are kept, so that memory
//! follows the text and not what it would unfold to; values of another type than expected lose themselves alone.

use crate::reader::tree::json_message;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// How many lists and wrappers may lie around a record.
const DEEPEST: usize = 10;
/// Elements of one record's lists that are looked at: no group of a directory comes near.
pub(super) const MAX_ITEMS: usize = 2_000_000;

/// A value.
#[derive(Debug, Default)]
pub(super) enum Value<'a> {
    #[default]
    Null,
    Bool(bool),
    /// A text, or a number as it is written.
    Text(Cow<'a, str>),
    /// A list, unread.
    List(Vec<&'a RawValue>),
    Map(Record<'a>),
}

/// An object. Names of members are compared without case: PowerShell writes `AccountEnabled`.
#[derive(Debug, Default)]
pub(super) struct Record<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Record<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&Value<'a>> {
        let mut members = self.0.iter();
        members
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, value)| value)
    }

    /// Whether there is such a member, be it null.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Whether there is any of these members.
    pub(super) fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.has(key))
    }

    /// A member that is text or a number, and not empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// The first of these members that is text.
    pub(super) fn first(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.text(key))
    }

    /// A member that is true or false, also written as text.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Value::Bool(flag) => Some(*flag),
            Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Some(true),
                "false" | "no" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn number(&self, key: &str) -> Option<u64> {
        self.text(key)?.parse().ok()
    }

    pub(super) fn map(&self, key: &str) -> Option<&Record<'a>> {
        match self.get(key)? {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The elements of a member that is a list.
    pub(super) fn list(&self, key: &str) -> Option<&[&'a RawValue]> {
        match self.get(key)? {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The elements of a list that are objects, each read when it is asked for, with its position.
    pub(super) fn records(&self, key: &str) -> impl Iterator<Item = (usize, Record<'a>)> + use<'a> {
        let items = self.list(key).unwrap_or_default().to_vec();
        let items = items.into_iter().enumerate().take(MAX_ITEMS);
        items.filter_map(|(at, raw)| Some((at, record(raw)?)))
    }

    /// The members, in order.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }

    /// The texts of a list, or of a member that is one text.
    pub(super) fn texts(&self, key: &str) -> Vec<Cow<'a, str>> {
        match self.get(key) {
            Some(Value::Text(text)) => vec![text.clone()],
            Some(Value::List(items)) => {
                let items = items.iter().take(MAX_ITEMS);
                items
                    .filter_map(|raw| match value(raw.get()).0 {
                        Value::Text(text) => Some(text),
                        _ => None,
                    })
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

/// An element of a list, when it is an object.
pub(super) fn record<'a>(raw: &'a RawValue) -> Option<Record<'a>> {
    let text = raw.get();
    if !text.starts_with('{') {
        return None;
    }
    match value(text).0 {
        Value::Map(record) => Some(record),
        _ => None,
    }
}

/// A value as far as it can be read, and why it ends early.
fn value(text: &str) -> (Value<'_>, Option<serde_json::Error>) {
    let mut value = Value::Null;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let end = Slot(&mut value).deserialize(&mut deserializer);
    (value, end.err())
}

/// A record and what is around it.
pub(super) struct Place<'p, 'a> {
    pub record: &'p Record<'a>,
    /// The objects around it, the outermost first.
    pub around: &'p [&'p Record<'a>],
    /// The names of the members that lead to it, the outermost first.
    pub keys: &'p [&'p str],
    /// Where it stands, as a JSON pointer; in a file of several documents with the line in front.
    pub pointer: &'p str,
}

impl<'p, 'a> Place<'p, 'a> {
    /// The name of the member that it is, or of the list that it is in. Lists of pages (`nodes`, `value`) are
    /// passed over.
    pub(super) fn key(&self) -> &'p str {
        let mut keys = self.keys.iter().rev();
        keys.find(|key| !matches!(**key, "nodes" | "edges" | "node"))
            .copied()
            .unwrap_or_default()
    }

    /// Whether nothing is around it, but lists.
    pub(super) fn top(&self) -> bool {
        self.around.is_empty()
    }
}

/// Why reading stopped, at what line and column (1-based).
pub(super) struct Stop {
    pub line: u32,
    pub column: u32,
    pub message: String,
}

/// Goes through every object of a text, the outermost first. What `visit` says yes to is not looked into.
/// Documents may follow each other; of lines of JSON a broken one loses itself alone.
pub(super) fn walk<'a>(
    text: &'a str,
    visit: &mut dyn FnMut(&Place<'_, 'a>) -> bool,
    stopped: &mut dyn FnMut(Stop),
) {
    let mut offset = 0;
    let mut number = 0_usize;
    let mut line = Lines::new(text);
    loop {
        let rest = text.get(offset..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start().len();
        let start = offset + blank;
        let rest = text.get(start..).unwrap_or_default();
        if rest.is_empty() {
            return;
        }
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let whole = stream.next().and_then(Result::ok);
        let length = whole.map_or(rest.len(), |raw| raw.get().len());
        let (read, error) = value(rest.get(..length).unwrap_or_default());
        number += 1;
        // Of several documents each is named by its line.
        let after = rest.get(length..).unwrap_or_default();
        let mut pointer = match number {
            1 if after.trim_start().is_empty() => String::new(),
            _ => format!("line {}", line.at(start)),
        };
        step(&read, &mut Vec::new(), &mut Vec::new(), &mut pointer, visit);
        let Some(error) = error else {
            // Nothing was read: it cannot be gone on from here.
            if length == 0 {
                return;
            }
            offset = start + length;
            continue;
        };
        stopped(Stop {
            line: line.at(start) + u32::try_from(error.line().saturating_sub(1)).unwrap_or(0),
            column: u32::try_from(error.column()).unwrap_or(u32::MAX),
            message: json_message(&error),
        });
        // A broken line among lines.
        let end = memchr::memchr(b'\n', rest.as_bytes());
        match end.and_then(|end| Some((end, rest.get(end..)?.trim_start()))) {
            Some((end, next)) if error.line() == 1 && next.starts_with('{') => offset = start + end,
            _ => return,
        }
    }
}

/// Counts lines up to positions that only grow.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    const fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    fn at(&mut self, position: usize) -> u32 {
        let between = self.text.get(self.at..position).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', between).count();
        self.line += u32::try_from(lines).unwrap_or(0);
        self.at = position.max(self.at);
        self.line
    }
}

fn step<'p, 'a>(
    value: &'p Value<'a>,
    around: &mut Vec<&'p Record<'a>>,
    keys: &mut Vec<&'p str>,
    pointer: &mut String,
    visit: &mut dyn FnMut(&Place<'_, 'a>) -> bool,
) {
    let length = pointer.len();
    match value {
        Value::Map(record) => {
            let place = Place {
                record,
                around,
                keys,
                pointer,
            };
            if visit(&place) || around.len() >= DEEPEST {
                return;
            }
            around.push(record);
            let inside = |value: &&(Cow<'_, str>, Value<'_>)| {
                matches!(value.1, Value::Map(_) | Value::List(_))
            };
            for (key, value) in record.0.iter().filter(inside) {
                keys.push(key);
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                step(value, around, keys, pointer, visit);
                pointer.truncate(length);
                keys.pop();
            }
            around.pop();
        }
        Value::List(items) => elements(items, around, keys, pointer, 0, visit),
        _ => {}
    }
}

fn elements<'a>(
    items: &[&'a RawValue],
    around: &[&Record<'a>],
    keys: &[&str],
    pointer: &mut String,
    depth: usize,
    visit: &mut dyn FnMut(&Place<'_, 'a>) -> bool,
) {
    let length = pointer.len();
    for (index, raw) in items.iter().enumerate() {
        // Lists of lists are pages.
        if depth >= DEEPEST || !raw.get().starts_with(['{', '[']) {
            continue;
        }
        pointer.push_str(&format!("/{index}"));
        match value(raw.get()).0 {
            Value::List(items) => elements(&items, around, keys, pointer, depth + 1, visit),
            read => {
                let (mut around, mut keys) = (around.to_vec(), keys.to_vec());
                step(&read, &mut around, &mut keys, pointer, visit);
            }
        }
        pointer.truncate(length);
    }
}

/// Where a value goes. It is written as it is read, so that what stands before an error stays.
struct Slot<'s, 'a>(&'s mut Value<'a>);

impl<'a> DeserializeSeed<'a> for Slot<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Slot<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut access: A) -> Result<(), A::Error> {
        *self.0 = Value::Map(Record::default());
        let Value::Map(Record(members)) = self.0 else {
            return Err(A::Error::custom("not an object"));
        };
        while let Some(Key(key)) = access.next_key()? {
            let mut value = Value::Null;
            let end = access.next_value_seed(Slot(&mut value));
            members.push((key, value));
            end?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut access: A) -> Result<(), A::Error> {
        *self.0 = Value::List(Vec::new());
        let Value::List(items) = self.0 else {
            return Err(A::Error::custom("not a list"));
        };
        while let Some(item) = access.next_element::<&'a RawValue>()? {
            items.push(item);
        }
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        *self.0 = Value::Bool(value);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        *self.0 = Value::Text(value.to_string().into());
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        *self.0 = Value::Text(value.to_string().into());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        *self.0 = Value::Text(value.to_string().into());
        Ok(())
    }

    fn visit_borrowed_str<E>(self, value: &'a str) -> Result<(), E> {
        *self.0 = Value::Text(Cow::Borrowed(value));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        *self.0 = Value::Text(Cow::Owned(value.to_owned()));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        *self.0 = Value::Null;
        Ok(())
    }
}

/// The name of a member, borrowed where it can be.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl<'de> Visitor<'de> for Name {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(name))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(name.to_owned()))
            }
        }

        deserializer.deserialize_str(Name).map(Key)
    }
}
