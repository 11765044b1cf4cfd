//! Answers of AWS's commands and calls, in whatever somebody wrapped them: one to a file or many, as an
//! array, one after the other, or as members of an object of the exporter's own.
//!
//! What is not asked for is dropped while it is read, so that memory follows what is learnt, and values
//! that nobody wants (variables of functions, generated passwords) never become text.

use super::aws_json::utf8;
use super::tree::json_message;
use crate::model::{Document, Evidence, Facts, Probe, Problem, ProblemKind, Str, Timestamp};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fmt;

/// How deep the objects of wrappers may lie around an answer.
const WRAPPERS: usize = 4;
/// How deep keys of the first bytes are looked at.
const DEEPEST: usize = 7;

/// What of a document is kept.
pub(super) struct Keep {
    /// Names of members that are kept.
    pub keys: &'static [&'static str],
    /// Names of members that are kept with everything in them: policy documents.
    pub whole: &'static [&'static str],
}

/// A reader at work on one document.
pub(super) struct Reading<'a> {
    pub document: &'a Document<'a>,
    pub name: &'static str,
    pub facts: Facts,
    pub problems: Vec<Problem>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(document: &'a Document<'a>, name: &'static str) -> Self {
        Self {
            document,
            name,
            facts: Facts::default(),
            problems: Vec::new(),
        }
    }

    pub(super) fn at(&self, pointer: &str) -> Evidence {
        self.document.at_record(self.name, pointer)
    }

    pub(super) fn problem(&mut self, kind: ProblemKind, message: impl Into<Str>) {
        self.problems.push(Problem {
            path: self.document.origin.path.clone(),
            line: None,
            column: None,
            kind,
            reader: self.name,
            message: message.into(),
        });
    }

    pub(super) fn malformed(&mut self, pointer: &str, message: &str) {
        let at = if pointer.is_empty() { "/" } else { pointer };
        self.problem(ProblemKind::Malformed, format!("{at}: {message}"));
    }

    /// Hands over every object of the document that may be an answer or a part of one, outermost first.
    /// What `claim` says yes to is not looked into any further.
    pub(super) fn walk(
        &mut self,
        keep: &Keep,
        claim: &mut dyn FnMut(&mut Self, &Place<'_>) -> bool,
    ) {
        let bytes = utf8(self.document.bytes);
        let stop = values(&bytes, keep, &mut |value, pointer| {
            let mut path = Path {
                around: Vec::new(),
                keys: Vec::new(),
                pointer,
            };
            step(self, value, &mut path, 0, claim);
        });
        if let Err((line, column, message)) = stop {
            let message = format!("{message}; what stands before it was kept");
            self.problem(ProblemKind::Malformed, message);
            if let Some(problem) = self.problems.last_mut() {
                problem.line = Some(line);
                problem.column = Some(column);
            }
        }
    }

    pub(super) fn done(mut self) -> (Facts, Vec<Problem>) {
        self.facts.sources.sort();
        self.facts.sources.dedup();
        (self.facts, self.problems)
    }
}

/// An object in a document, and what is around it.
pub(super) struct Place<'a> {
    /// The object.
    pub map: &'a Map<String, Value>,
    /// The objects around it, the outermost first.
    pub around: &'a [&'a Map<String, Value>],
    /// The names of the members that lead to it, the outermost first.
    pub keys: &'a [&'a str],
    /// Where it stands.
    pub pointer: &'a str,
}

impl<'a> Place<'a> {
    /// The name of the member it is, or of the list it is an element of.
    pub(super) fn key(&self) -> &'a str {
        self.keys.last().copied().unwrap_or_default()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(|value| !value.is_null())
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        text(self.map, key)
    }

    /// The first of these that is text: in the object, then in the objects around it, the nearest first.
    pub(super) fn named(&self, keys: &[&str]) -> Option<&'a str> {
        let near = std::iter::once(self.map).chain(self.around.iter().rev().copied());
        let mut found = near.flat_map(|map| keys.iter().filter_map(|key| text(map, key)));
        found.next()
    }

    /// The same without the object itself: what the wrapper says.
    pub(super) fn wrapped(&self, keys: &[&str]) -> Option<&'a str> {
        let mut near = self.around.iter().rev().copied();
        near.find_map(|map| keys.iter().find_map(|key| text(map, key)))
    }

    /// A list of objects, each with its place.
    pub(super) fn list(&self, key: &str) -> Vec<(&'a Map<String, Value>, String)> {
        let items = self.map.get(key).and_then(Value::as_array);
        let items = items.into_iter().flatten().enumerate();
        items
            .filter_map(|(i, item)| {
                Some((item.as_object()?, format!("{}/{key}/{i}", self.pointer)))
            })
            .collect()
    }
}

/// A member that is text and not empty.
pub(super) fn text<'v>(map: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    let text = map.get(key)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

/// A date as the CLI's versions and the API write it: ISO 8601, or seconds since the epoch.
pub(super) fn time(map: &Map<String, Value>, key: &str) -> Option<Timestamp> {
    match map.get(key)? {
        Value::String(text) => Timestamp::parse(text),
        Value::Number(number) => number
            .as_f64()
            .filter(|seconds| seconds.abs() < 1e12)
            // In range for the cast; fractions of a second are not kept.
            .map(|seconds| Timestamp::from_seconds(seconds as i64)),
        _ => None,
    }
}

struct Path<'v> {
    around: Vec<&'v Map<String, Value>>,
    keys: Vec<&'v str>,
    pointer: String,
}

fn step<'v, 'd>(
    reading: &mut Reading<'d>,
    value: &'v Value,
    path: &mut Path<'v>,
    depth: usize,
    claim: &mut dyn FnMut(&mut Reading<'d>, &Place<'_>) -> bool,
) {
    let length = path.pointer.len();
    match value {
        Value::Object(map) => {
            let place = Place {
                map,
                around: &path.around,
                keys: &path.keys,
                pointer: &path.pointer,
            };
            if claim(reading, &place) || depth > WRAPPERS {
                return;
            }
            path.around.push(map);
            for (key, value) in map.iter().filter(|(_, v)| v.is_object() || v.is_array()) {
                path.keys.push(key);
                path.pointer.push('/');
                // As RFC 6901 wants it; keys of wrappers can be ARNs.
                path.pointer
                    .push_str(&key.replace('~', "~0").replace('/', "~1"));
                step(reading, value, path, depth + 1, claim);
                path.pointer.truncate(length);
                path.keys.pop();
            }
            path.around.pop();
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.pointer.push_str(&format!("/{index}"));
                // A list does not take one further in; lists of lists do.
                let deeper = depth + usize::from(item.is_array());
                if deeper <= WRAPPERS {
                    step(reading, item, path, deeper, claim);
                }
                path.pointer.truncate(length);
            }
        }
        _ => {}
    }
}

/// Line, column (both 1-based) and what is wrong there, without quoting the content.
type Stop = (u32, u32, String);

/// Every value of a document, and every element of one that is an array, one at a time.
fn values(bytes: &[u8], keep: &Keep, handle: &mut dyn FnMut(&Value, String)) -> Result<(), Stop> {
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    let mut number = 0_usize;
    loop {
        let start = stream.byte_offset();
        let text = match stream.next() {
            None => return Ok(()),
            Some(Ok(raw)) => raw.get().as_bytes(),
            // What is left of a value that is cut off is gone through as far as it goes.
            Some(Err(_)) => bytes.get(start..).unwrap_or_default(),
        };
        number += 1;
        let top = Top {
            keep,
            prefix: if number == 1 {
                String::new()
            } else {
                format!("document {number}: ")
            },
            handle: &mut *handle,
        };
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        if let Err(error) = top.deserialize(&mut deserializer) {
            // The value itself begins behind white space, which the stream does not count.
            let skipped = bytes.get(start..).unwrap_or_default();
            let blank = skipped.len() - skipped.trim_ascii_start().len();
            let before = bytes.get(..start + blank).unwrap_or_default();
            let lines = memchr::memchr_iter(b'\n', before).count();
            return Err((
                u32::try_from(lines + error.line()).unwrap_or(u32::MAX),
                u32::try_from(error.column()).unwrap_or(u32::MAX),
                json_message(&error),
            ));
        }
        if stream.byte_offset() <= start {
            return Ok(());
        }
    }
}

/// A value of a document.
struct Top<'a> {
    keep: &'a Keep,
    prefix: String,
    handle: &'a mut dyn FnMut(&Value, String),
}

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let mut value = Value::Null;
        let end = Slot::new(&mut value, self.keep).visit_map(map);
        (self.handle)(&value, self.prefix);
        end
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            let mut value = Value::Null;
            let end = seq.next_element_seed(Slot::new(&mut value, self.keep));
            let more = !matches!(end, Ok(None));
            if more {
                (self.handle)(&value, format!("{}/{index}", self.prefix));
            }
            end?;
            if !more {
                break;
            }
        }
        Ok(())
    }
}

/// Where a value goes. It is written as it is read, so that what stands before an error stays.
struct Slot<'a> {
    into: &'a mut Value,
    keep: &'a Keep,
    /// How many objects are around it that nobody asked for.
    unasked: usize,
    /// Whether everything below is kept.
    whole: bool,
    /// Whether it is kept when it is neither object nor array.
    plain: bool,
}

impl<'a> Slot<'a> {
    fn new(into: &'a mut Value, keep: &'a Keep) -> Self {
        Self {
            into,
            keep,
            unasked: 0,
            whole: false,
            plain: true,
        }
    }

    fn set(self, value: Value) {
        if self.plain {
            *self.into = value;
        }
    }
}

impl<'de> DeserializeSeed<'de> for Slot<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Slot<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        *self.into = Value::Object(Map::new());
        let Value::Object(map) = self.into else {
            return Err(A::Error::custom("not an object"));
        };
        while let Some(key) = access.next_key::<String>()? {
            let whole = self.whole || self.keep.whole.contains(&&*key);
            let asked = whole || self.keep.keys.contains(&&*key);
            if !asked && self.unasked >= WRAPPERS {
                access.next_value::<IgnoredAny>()?;
                continue;
            }
            let mut value = Value::Null;
            let end = access.next_value_seed(Slot {
                into: &mut value,
                keep: self.keep,
                unasked: self.unasked + usize::from(!asked),
                whole,
                plain: asked,
            });
            if asked || value.is_object() || value.is_array() {
                map.insert(key, value);
            }
            end?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        *self.into = Value::Array(Vec::new());
        let Value::Array(items) = self.into else {
            return Err(A::Error::custom("not a list"));
        };
        loop {
            let mut value = Value::Null;
            let end = access.next_element_seed(Slot {
                into: &mut value,
                keep: self.keep,
                unasked: self.unasked,
                whole: self.whole,
                plain: self.plain,
            });
            let more = !matches!(end, Ok(None));
            if more && (self.plain || value.is_object() || value.is_array()) {
                items.push(value);
            }
            end?;
            if !more {
                return Ok(());
            }
        }
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.set(Value::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.set(value.into());
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.set(value.into());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.set(value.into());
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        if self.plain {
            *self.into = Value::String(value.to_owned());
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.set(Value::Null);
        Ok(())
    }
}

/// A key in the first bytes of a JSON document.
struct Key {
    /// Which object it is a member of.
    object: usize,
    /// How many objects and lists are around it.
    depth: usize,
    /// Its name.
    name: String,
    /// The name of the member that its object is, or is an element of.
    parent: String,
    /// What its value begins with, up to 24 bytes.
    value: Vec<u8>,
}

/// The keys in the first bytes of a document, for deciding whose it is.
pub(super) struct Head {
    keys: Vec<Key>,
}

impl Head {
    /// `None` when it is not JSON, or none of these texts stands in it.
    pub(super) fn of(probe: &Probe<'_>, telling: &[&str]) -> Option<Self> {
        if probe.binary {
            return None;
        }
        let head = utf8(probe.head);
        if !matches!(head.trim_ascii_start().first(), Some(b'{' | b'[')) {
            return None;
        }
        let tells = |text: &&str| memchr::memmem::find(&head, text.as_bytes()).is_some();
        telling
            .iter()
            .any(tells)
            .then(|| Self { keys: keys(&head) })
    }

    /// Whether one object has all these members, in no more than so many objects and lists.
    pub(super) fn together(&self, names: &[&str], deepest: usize) -> bool {
        self.under(None, names, deepest)
    }

    /// The same for an object that is a member of one of these names, or an element of such a list.
    pub(super) fn under(&self, parents: Option<&[&str]>, names: &[&str], deepest: usize) -> bool {
        let Some((first, rest)) = names.split_first() else {
            return false;
        };
        let fits = |key: &&Key| {
            key.name == *first
                && key.depth <= deepest
                && parents.is_none_or(|parents| parents.contains(&&*key.parent))
        };
        self.keys.iter().filter(fits).any(|key| {
            let mates = || self.keys.iter().filter(|mate| mate.object == key.object);
            rest.iter()
                .all(|name| mates().any(|mate| mate.name == *name))
        })
    }

    /// Whether a member of this name begins with something that a test says yes to.
    pub(super) fn begins(&self, name: &str, deepest: usize, test: &dyn Fn(&[u8]) -> bool) -> bool {
        let mut named = self
            .keys
            .iter()
            .filter(|key| key.name == name && key.depth <= deepest);
        named.any(|key| test(&key.value))
    }
}

/// Goes through text that is meant to be JSON and notes the keys. Linear, and content with anything.
fn keys(head: &[u8]) -> Vec<Key> {
    // For each open object or list: the object's number (none for a list) and its member's name.
    let mut open: Vec<(Option<usize>, String)> = Vec::new();
    let mut found: Vec<Key> = Vec::new();
    let (mut objects, mut at) = (0_usize, 0_usize);
    let mut member = String::new();
    while let Some(&byte) = head.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => {
                if open.len() > 64 {
                    break;
                }
                let parent = match open.last() {
                    Some((None, name)) => name.clone(),
                    _ => std::mem::take(&mut member),
                };
                objects += 1;
                open.push(((byte == b'{').then_some(objects), parent));
            }
            b'}' | b']' => {
                open.pop();
            }
            b'"' => {
                let start = at;
                while let Some(&inner) = head.get(at) {
                    at += 1;
                    match inner {
                        b'\\' => at += 1,
                        b'"' => break,
                        _ => {}
                    }
                }
                let rest = head.get(at..).unwrap_or_default().trim_ascii_start();
                let Some((b':', after)) = rest.split_first() else {
                    continue;
                };
                let Some((Some(object), parent)) = open.last() else {
                    continue;
                };
                let name = head.get(start..at.saturating_sub(1)).unwrap_or_default();
                member = String::from_utf8_lossy(name).into_owned();
                if open.len() <= DEEPEST {
                    let after = after.trim_ascii_start();
                    found.push(Key {
                        object: *object,
                        depth: open.len(),
                        name: member.clone(),
                        parent: parent.clone(),
                        value: after
                            .get(..24.min(after.len()))
                            .unwrap_or_default()
                            .to_vec(),
                    });
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Origin;

    fn head(text: &str) -> Head {
        Head {
            keys: keys(text.as_bytes()),
        }
    }

    #[test]
    fn keys_of_one_object_are_told_from_those_of_another() {
        let found = head(r#"{"a": [{"x": 1, "y": {"z": "}{\"q\": "}}, {"w": 2}], "b": "{"#);
        assert!(found.together(&["a", "b"], 1));
        assert!(found.together(&["x", "y"], 3));
        assert!(!found.together(&["x", "y"], 2));
        assert!(!found.together(&["x", "w"], 9));
        assert!(found.under(Some(&["a"]), &["w"], 9) && !found.under(Some(&["y"]), &["w"], 9));
        assert!(found.under(Some(&["y"]), &["z"], 9));
        assert!(!found.together(&["q"], 9));
    }

    #[test]
    fn what_nobody_asked_for_is_dropped_and_what_stands_before_an_error_stays() {
        let origin = Origin::file("x.json");
        let keep = Keep {
            keys: &["L", "n"],
            whole: &["p"],
        };
        let bytes = br#"{"wrap": {"L": [{"n": 1, "secret": "s", "p": {"q": "r"}}, {"n": 2}, {"n""#;
        let document = Document {
            origin: &origin,
            bytes,
        };
        let mut reading = Reading::new(&document, "test");
        let mut seen = Vec::new();
        reading.walk(&keep, &mut |_, place| {
            if place.has("n") {
                let json = Value::Object(place.map.clone()).to_string();
                seen.push(format!("{} {} {json}", place.pointer, place.key()));
            }
            false
        });
        assert_eq!(
            seen,
            [
                r#"/wrap/L/0 L {"n":1,"p":{"q":"r"}}"#,
                r#"/wrap/L/1 L {"n":2}"#
            ]
        );
        assert_eq!(reading.problems.len(), 1);
    }
}
