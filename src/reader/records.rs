//! Records of identity platforms' exports: lists of objects, bare or inside a page of the API, one page to a file or
//! many, whole or cut off; or a table. One record lies in memory at a time.
//!
//! The same object has different spellings: REST calls and command line programs write `displayName`, PowerShell's
//! `ConvertTo-Json` and `Export-Csv` write `DisplayName`. Names begin with a small letter here.

use super::aws_json::{Stop, utf8};
use crate::model::{Document, Evidence, Problem, ProblemKind, Str, Timestamp};
use crate::platform::tree::json_message;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// How deep pages may lie in one another: a list of pages, an object of lists.
const DEEPEST: usize = 4;

/// Members whose values are secrets where a record was written when they were made, or pictures. They never become
/// text.
const DROPPED: [&str; 14] = [
    "secretText",
    "client_secret",
    "clientSecret",
    "password",
    "privateKeyData",
    "private_key",
    "privateKey",
    "token",
    "hashed_token",
    "secret",
    "logo",
    "photo",
    "addIns",
    "pem_file",
];

/// A record of an export, and what is around it.
pub(super) struct Record<'r> {
    /// Its members.
    pub map: &'r Map<String, Value>,
    /// The name of the list that it is an element of; empty where it is the document, or of a bare list.
    pub list: &'r str,
    /// The members of the page around it that stand before the list.
    pub page: &'r Map<String, Value>,
    /// Where it stands: `/value/3`, `row 7`.
    pub pointer: &'r str,
}

impl<'r> Record<'r> {
    /// A member that is text and not empty.
    pub(super) fn text(&self, key: &str) -> Option<&'r str> {
        text(self.map, key)
    }

    /// The first of these that is text.
    pub(super) fn first(&self, keys: &[&str]) -> Option<&'r str> {
        keys.iter().find_map(|key| self.text(key))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    pub(super) fn all(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.has(key))
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        flag(self.map, key)
    }

    pub(super) fn time(&self, key: &str) -> Option<Timestamp> {
        time(self.map, key)
    }

    /// The elements of a list that are objects.
    pub(super) fn objects(
        &self,
        key: &str,
    ) -> impl Iterator<Item = &'r Map<String, Value>> + use<'r> {
        objects(self.map, key)
    }

    /// The elements of a list that are text.
    pub(super) fn texts(&self, key: &str) -> Vec<&'r str> {
        texts(self.map, key)
    }

    /// An object below this one.
    pub(super) fn inside(&self, key: &str) -> Option<&'r Map<String, Value>> {
        self.map.get(key)?.as_object()
    }

    pub(super) fn at(&self, document: &Document<'_>, reader: &'static str) -> Evidence {
        document.at_record(reader, self.pointer)
    }
}

/// A member that is text and not empty.
pub(super) fn text<'v>(map: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    let text = map.get(key)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

/// A member that is true or false; tables write it in words.
pub(super) fn flag(map: &Map<String, Value>, key: &str) -> Option<bool> {
    match map.get(key)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A date: ISO 8601, PowerShell's `/Date(1700000000000)/`, or seconds or milliseconds since the epoch.
pub(super) fn time(map: &Map<String, Value>, key: &str) -> Option<Timestamp> {
    let epoch = |number: i64| {
        // Beyond the year 5138 in seconds: milliseconds.
        let seconds = if number.unsigned_abs() >= 100_000_000_000 {
            number / 1000
        } else {
            number
        };
        Timestamp::from_seconds(seconds)
    };
    match map.get(key)? {
        Value::String(text) => match text.strip_prefix("/Date(") {
            Some(rest) => rest.trim_end_matches(")/").parse().ok().map(epoch),
            None => Timestamp::parse(text),
        },
        Value::Number(number) => number.as_i64().map(epoch),
        Value::Object(inner) => time(inner, "dateTime").or_else(|| time(inner, "value")),
        _ => None,
    }
}

/// The elements of a list member that are objects; a lone object counts as a list of one.
pub(super) fn objects<'v>(
    map: &'v Map<String, Value>,
    key: &str,
) -> impl Iterator<Item = &'v Map<String, Value>> + use<'v> {
    let found = match map.get(key) {
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    found.iter().filter_map(Value::as_object)
}

/// The elements of a list member that are text; a lone text counts as a list of one.
pub(super) fn texts<'v>(map: &'v Map<String, Value>, key: &str) -> Vec<&'v str> {
    let found = match map.get(key) {
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let texts = found.iter().filter_map(Value::as_str);
    texts.filter(|text| !text.trim().is_empty()).collect()
}

/// Whether a text is a GUID: `3f2504e0-4f89-41d3-9a0c-0305e82c3301`.
pub(super) fn guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Goes through every record of a document: the elements of the named lists, and objects that hold none of them.
/// What stands before an error is handed over; the error becomes a problem.
pub(super) fn each(
    document: &Document<'_>,
    reader: &'static str,
    lists: &[&str],
    handle: &mut dyn FnMut(&Record<'_>),
) -> Option<Problem> {
    let bytes = utf8(document.bytes);
    let stop = match bytes.trim_ascii_start().first() {
        Some(b'{' | b'[') => json(&bytes, lists, handle).err(),
        _ => table(&bytes, handle),
    };
    stop.map(|stop| Problem {
        path: document.origin.path.clone(),
        line: Some(stop.line),
        column: Some(stop.column),
        kind: ProblemKind::Malformed,
        reader,
        message: Str::from(format!("{}; what stands before it was kept", stop.message)),
    })
}

fn json(bytes: &[u8], lists: &[&str], handle: &mut dyn FnMut(&Record<'_>)) -> Result<(), Stop> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let page = Map::new();
    let mut number = 0_usize;
    // Several documents may follow one another: pages, or one record to a line.
    while deserializer.end().is_err() {
        let level = Level {
            lists,
            handle: &mut *handle,
            list: "",
            page: &page,
            pointer: match number {
                0 => String::new(),
                _ => format!("document {}: ", number.saturating_add(1)),
            },
            depth: 0,
        };
        level.deserialize(&mut deserializer).map_err(|error| Stop {
            line: u32::try_from(error.line()).unwrap_or(u32::MAX),
            column: u32::try_from(error.column()).unwrap_or(u32::MAX),
            message: json_message(&error),
        })?;
        number = number.saturating_add(1);
    }
    Ok(())
}

/// A record, a page of records, or a list of either.
struct Level<'a> {
    lists: &'a [&'a str],
    handle: &'a mut dyn FnMut(&Record<'_>),
    list: &'a str,
    page: &'a Map<String, Value>,
    pointer: String,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record or a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.depth > DEEPEST {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        for index in 0_usize.. {
            let element = Level {
                lists: self.lists,
                handle: &mut *self.handle,
                list: self.list,
                page: self.page,
                pointer: format!("{}/{index}", self.pointer),
                depth: self.depth.saturating_add(1),
            };
            if seq.next_element_seed(element)?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let mut map = Map::new();
        let mut paged = false;
        while let Some(key) = access.next_key::<String>()? {
            let key = small(key);
            // A record's own members come after its id; those of a page are before none.
            let record = map.contains_key("id") || map.contains_key("appId");
            if let Some(list) = self.lists.iter().find(|list| **list == key)
                && !record
                && self.depth <= DEEPEST
            {
                paged = true;
                access.next_value_seed(Level {
                    lists: self.lists,
                    handle: &mut *self.handle,
                    list,
                    page: &map,
                    pointer: format!("{}/{list}", self.pointer),
                    depth: self.depth.saturating_add(1),
                })?;
                continue;
            }
            member(&mut map, key, &mut access)?;
        }
        if !paged && !map.is_empty() {
            (self.handle)(&Record {
                map: &map,
                list: self.list,
                page: self.page,
                pointer: if self.pointer.is_empty() {
                    "/"
                } else {
                    &self.pointer
                },
            });
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
}

/// `DisplayName` as `displayName`.
fn small(key: String) -> String {
    match key.as_bytes().first() {
        Some(first) if first.is_ascii_uppercase() => {
            let mut chars = key.chars();
            let first = chars.next().map(|c| c.to_ascii_lowercase());
            first.into_iter().chain(chars).collect()
        }
        _ => key,
    }
}

/// Reads a member's value. What PowerShell puts under `AdditionalProperties` belongs to the object itself.
fn member<'de, A: MapAccess<'de>>(
    map: &mut Map<String, Value>,
    key: String,
    access: &mut A,
) -> Result<(), A::Error> {
    if DROPPED.contains(&key.as_str()) {
        access.next_value::<IgnoredAny>()?;
        return Ok(());
    }
    let value = access.next_value_seed(Tree)?;
    if key == "additionalProperties" {
        if let Value::Object(inner) = value {
            for (key, value) in inner {
                map.entry(key).or_insert(value);
            }
        }
        return Ok(());
    }
    map.insert(key, value);
    Ok(())
}

/// A value with its names begun small and without what is dropped.
struct Tree;

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            member(&mut map, small(key), &mut access)?;
        }
        Ok(Value::Object(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Tree)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = serde_json::Number::from_f64(value);
        number
            .map(Value::Number)
            .ok_or_else(|| E::custom("not a number"))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
}

/// The rows of a table as records of text. Rows are counted as a spreadsheet shows them.
fn table(bytes: &[u8], handle: &mut dyn FnMut(&Record<'_>)) -> Option<Stop> {
    let text = bytes.trim_ascii_start();
    // Windows PowerShell writes the type of the objects into the first line.
    let rows = match text.starts_with(b"#TYPE") {
        true => text
            .iter()
            .position(|b| *b == b'\n')
            .and_then(|end| text.get(end.saturating_add(1)..)),
        false => Some(text),
    };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(rows.unwrap_or_default());
    let names: Vec<String> = match reader.byte_headers() {
        Ok(headers) => headers
            .iter()
            .map(|name| small(String::from_utf8_lossy(name).into_owned()))
            .collect(),
        Err(_) => return None,
    };
    let page = Map::new();
    let mut record = csv::ByteRecord::new();
    let mut row = 1_usize;
    // Reading from memory fails only by way of a defect; the rows before it stand.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        row = row.saturating_add(1);
        let cells = record
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).into_owned());
        let map: Map<String, Value> = names
            .iter()
            .cloned()
            .zip(cells.map(Value::String))
            .filter(|(name, cell)| !name.is_empty() && cell.as_str() != Some(""))
            .collect();
        handle(&Record {
            map: &map,
            list: "",
            page: &page,
            pointer: &format!("row {row}"),
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Origin;

    fn read(text: &str) -> (Vec<String>, Option<Problem>) {
        let origin = Origin::file("x.json");
        let document = Document {
            origin: &origin,
            bytes: text.as_bytes(),
        };
        let mut seen = Vec::new();
        let problem = each(&document, "test", &["value", "apps"], &mut |record| {
            let map = Value::Object(record.map.clone());
            let page = text_of(record.page);
            seen.push(format!("{} {} {page}{map}", record.pointer, record.list));
        });
        (seen, problem)
    }

    fn text_of(page: &Map<String, Value>) -> String {
        super::text(page, "context").unwrap_or_default().to_owned()
    }

    #[test]
    fn records_are_found_in_whatever_is_around_them() {
        for (text, expected) in [
            (r#"[{"a": 1}]"#, vec![r#"/0  {"a":1}"#]),
            (
                r#"{"id": "x", "value": [1]}"#,
                vec![r#"/  {"id":"x","value":[1]}"#],
            ),
            (
                r#"{"context": "c", "value": [{"Id": "x"}, {"Id": "y"}]}"#,
                vec![
                    r#"/value/0 value c{"id":"x"}"#,
                    r#"/value/1 value c{"id":"y"}"#,
                ],
            ),
            (
                "{\"value\": [{\"a\": 1}]}\n{\"value\": [{\"a\": 2}]}",
                vec![
                    r#"/value/0 value {"a":1}"#,
                    r#"document 2: /value/0 value {"a":2}"#,
                ],
            ),
            (
                r#"[{"value": []}, {"apps": [{"a": {"SecretText": "s", "KeyId": "k"}}]}]"#,
                vec![r#"/1/apps/0 apps {"a":{"keyId":"k"}}"#],
            ),
            (
                r#"[{"Id": "x", "AdditionalProperties": {"mail": "m"}}]"#,
                vec![r#"/0  {"id":"x","mail":"m"}"#],
            ),
            (
                "#TYPE System.Object\n\"AppId\",\"DisplayName\"\n\"a\",\"b\"\n",
                vec![r#"row 2  {"appId":"a","displayName":"b"}"#],
            ),
        ] {
            let (seen, problem) = read(text);
            assert_eq!(seen, expected, "{text}");
            assert!(problem.is_none());
        }
    }

    #[test]
    fn what_stands_before_an_error_is_kept() {
        let (seen, problem) = read("{\"value\": [{\"a\": 1},\n{\"b\"");
        assert_eq!(seen.len(), 1);
        assert_eq!(problem.and_then(|p| p.line), Some(2));
        let deep = format!("{}1", "[".repeat(500));
        assert!(read(&deep).1.is_some());
    }

    #[test]
    fn dates_in_all_spellings() {
        let map = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        for text in [
            r#"{"t": "2026-01-02T00:00:00Z"}"#,
            r#"{"t": "/Date(1767312000000)/"}"#,
            r#"{"t": 1767312000}"#,
            r#"{"t": 1767312000000}"#,
        ] {
            assert_eq!(
                time(&map(text), "t"),
                Timestamp::parse("2026-01-02"),
                "{text}"
            );
        }
    }
}
