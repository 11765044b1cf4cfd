//! What the AWS CLI's JSON answers have in common: pages of lists, one page in a file or several, as an
//! array or one after the other, and sometimes cut off. Lists are read element by element, so a broken
//! element or a truncated file loses nothing that stands before it.

use crate::model::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::io::{BufReader, Read};

/// The member that says that a page is not the last one.
pub(super) const TRUNCATED: &str = "IsTruncated";

/// Something met on the way through a file.
pub(super) enum Item<'a> {
    /// An element of one of the lists asked for.
    Element {
        /// The list's name.
        list: &'a str,
        /// The element.
        raw: &'a RawValue,
        /// Where it stands: `/UserDetailList/3`.
        pointer: String,
    },
    /// Another member of a page; or, with `null`, that the page has one of the lists.
    Member {
        /// Its name.
        key: &'a str,
        /// Its value.
        raw: &'a RawValue,
    },
    /// One of the lists asked for is something else.
    NotAList {
        /// Where it stands.
        pointer: String,
    },
    /// A page is read to its end.
    PageEnd,
}

/// Why reading stopped before the end.
pub(super) struct Stop {
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// What, without quoting the content.
    pub message: String,
}

/// The bytes as UTF-8 without a byte-order mark. Shells that redirect the CLI's output to a file write
/// UTF-16 on some systems.
pub(super) fn utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let units = |rest: &[u8], read: fn([u8; 2]) -> u16| {
        let units = rest
            .chunks_exact(2)
            .filter_map(|pair| pair.try_into().ok().map(read));
        let text: String = char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        Cow::Owned(text.into_bytes())
    };
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => Cow::Borrowed(rest),
        [0xFF, 0xFE, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => units(rest, u16::from_be_bytes),
        _ => Cow::Borrowed(bytes),
    }
}

/// Goes through every page of a file and hands over the elements of the named lists.
pub(super) fn pages(
    bytes: &[u8],
    lists: &[&str],
    handle: &mut dyn FnMut(Item<'_>),
) -> Result<(), Stop> {
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    let mut number = 0;
    loop {
        let start = stream.byte_offset();
        let (text, place) = match stream.next() {
            None => return Ok(()),
            // Whole values are gone through one by one; what is left of a cut-off one as far as it goes.
            Some(Ok(raw)) => (raw.get().as_bytes(), number),
            Some(Err(_)) => (bytes.get(start..).unwrap_or_default(), number),
        };
        let walk = Walk {
            lists,
            handle: &mut *handle,
            prefix: self::prefix(place),
            whole: true,
        };
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        if let Err(error) = walk.deserialize(&mut deserializer) {
            let before = bytes.get(..start).unwrap_or_default();
            let lines = memchr::memchr_iter(b'\n', before).count();
            return Err(Stop {
                line: u32::try_from(lines + error.line()).unwrap_or(u32::MAX),
                column: u32::try_from(error.column()).unwrap_or(u32::MAX),
                message: super::tree::json_message(&error),
            });
        }
        if stream.byte_offset() <= start {
            // A value that could be walked but not delimited: nothing after it can be found.
            return Ok(());
        }
        number += 1;
    }
}

/// As [`pages`], of what follows `bytes` in a stream, too; only one element lies in memory at a time.
pub(super) fn pages_of_stream(
    bytes: &[u8],
    rest: &mut dyn Read,
    lists: &[&str],
    handle: &mut dyn FnMut(Item<'_>),
) -> Result<(), Stop> {
    let stream = BufReader::with_capacity(64 << 10, bytes.chain(rest));
    let mut deserializer = serde_json::Deserializer::from_reader(stream);
    let mut number = 0;
    loop {
        // Nothing but white space follows, or it cannot be read on.
        match deserializer.end() {
            Ok(()) => return Ok(()),
            Err(error) if !error.is_syntax() => return Err(stop(&error)),
            Err(_) => {}
        }
        let walk = Walk {
            lists,
            handle: &mut *handle,
            prefix: prefix(number),
            whole: false,
        };
        walk.deserialize(&mut deserializer)
            .map_err(|error| stop(&error))?;
        number += 1;
    }
}

fn prefix(number: usize) -> String {
    if number == 0 {
        String::new()
    } else {
        format!("document {}: ", number + 1)
    }
}

fn stop(error: &serde_json::Error) -> Stop {
    Stop {
        line: u32::try_from(error.line()).unwrap_or(u32::MAX),
        column: u32::try_from(error.column()).unwrap_or(u32::MAX),
        message: super::tree::json_message(error),
    }
}

/// A page, or an array of pages.
struct Walk<'a> {
    lists: &'a [&'a str],
    handle: &'a mut dyn FnMut(Item<'_>),
    prefix: String,
    /// Whether all members are handed over: of a stream they might be of any size.
    whole: bool,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page or an array of pages")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        page(self.lists, self.handle, &self.prefix, self.whole, map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            let page = Page {
                lists: self.lists,
                handle: &mut *self.handle,
                prefix: format!("{}/{index}", self.prefix),
                whole: self.whole,
            };
            if seq.next_element_seed(page)?.is_none() {
                break;
            }
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

struct Page<'a> {
    lists: &'a [&'a str],
    handle: &'a mut dyn FnMut(Item<'_>),
    prefix: String,
    /// Whether all members are handed over: of a stream they might be of any size.
    whole: bool,
}

impl<'de> DeserializeSeed<'de> for Page<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Page<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        page(self.lists, self.handle, &self.prefix, self.whole, map)
    }
}

fn page<'de, A: MapAccess<'de>>(
    lists: &[&str],
    handle: &mut dyn FnMut(Item<'_>),
    prefix: &str,
    whole: bool,
    mut map: A,
) -> Result<(), A::Error> {
    while let Some(key) = map.next_key::<String>()? {
        if let Some(list) = lists.iter().find(|list| **list == key) {
            // That the page has the list, be it empty.
            handle(Item::Member {
                key: &key,
                raw: RawValue::NULL,
            });
            map.next_value_seed(List {
                list,
                handle: &mut *handle,
                pointer: format!("{prefix}/{list}"),
            })?;
        } else if whole || key == TRUNCATED {
            let raw = map.next_value::<Box<RawValue>>()?;
            handle(Item::Member {
                key: &key,
                raw: &raw,
            });
        } else {
            map.next_value::<IgnoredAny>()?;
        }
    }
    handle(Item::PageEnd);
    Ok(())
}

struct List<'a> {
    list: &'a str,
    handle: &'a mut dyn FnMut(Item<'_>),
    pointer: String,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        while let Some(raw) = seq.next_element::<Box<RawValue>>()? {
            (self.handle)(Item::Element {
                list: self.list,
                raw: &raw,
                pointer: format!("{}/{index}", self.pointer),
            });
            index += 1;
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.odd();
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.odd();
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.odd();
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.odd();
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.odd();
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.odd();
        Ok(())
    }
}

impl List<'_> {
    fn odd(self) {
        (self.handle)(Item::NotAList {
            pointer: self.pointer,
        });
    }
}

/// A date as the CLI's versions write it: ISO 8601 with an offset or `Z`, or seconds since the epoch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Date(pub Option<Timestamp>);

impl<'de> serde::Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Timestamp::parse(&text),
            serde_json::Value::Number(number) => number
                .as_f64()
                .filter(|seconds| seconds.abs() < 1e12)
                // In range for the cast; fractions of a second are not kept.
                .map(|seconds| Timestamp::from_seconds(seconds as i64)),
            _ => None,
        }))
    }
}
