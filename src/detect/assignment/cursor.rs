//! Reading values: what a literal is, in quotes and bare.

use super::{SCHEMES, VALUE};
use crate::detect::place::Place;
use crate::detect::text::after;
use std::ops::Range;

/// How the value is set apart from what follows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `name: value`
    Colon,
    /// `name = value`
    Equals,
    /// `--name value`
    Flag,
    /// `?name=value&`
    Query,
    /// `;name=value;`
    Setting,
    /// `name value`
    Spaced,
}

/// A place in the text that moves on as parts are recognised.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn rest(&self, length: usize) -> &'a [u8] {
        after(self.text, self.at, length)
    }

    pub(super) fn eat(&mut self, expected: &[u8]) -> bool {
        let found = self.rest(expected.len()) == expected;
        if found {
            self.at += expected.len();
        }
        found
    }

    pub(super) fn skip(&mut self, of: impl Fn(u8) -> bool, most: usize) -> usize {
        let count = self.rest(most).iter().take_while(|b| of(**b)).count();
        self.at += count;
        count
    }

    pub(super) fn blanks(&mut self) -> usize {
        self.skip(|b| b == b' ' || b == b'\t', 64)
    }

    pub(super) fn quoted_next(&self) -> bool {
        matches!(self.peek(), Some(b'"' | b'\'' | b'`')) || self.rest(2) == b"\\\""
    }

    /// `password: Option<&str> = "…"`: where the value stands behind a type.
    pub(super) fn behind_type(&self) -> Option<usize> {
        let of_type = |b: &u8| b.is_ascii_alphanumeric() || b"_<>&'[]|., ?*:".contains(b);
        let rest = self.rest(64);
        let length = rest.iter().take_while(|b| of_type(b)).count();
        let behind = rest.get(length..)?;
        let spaces = behind
            .strip_prefix(b"=")?
            .iter()
            .take_while(|b| **b == b' ')
            .count();
        let at = self.at + length + 1 + spaces;
        let next = after(self.text, at, 1).first().copied();
        (length > 0 && matches!(next, Some(b'"' | b'\'' | b'`'))).then_some(at)
    }

    /// A text without blanks up to this byte, which ends it.
    pub(super) fn up_to(&self, end: u8) -> Option<(Range<usize>, bool)> {
        let rest = self.rest(VALUE);
        let length = rest
            .iter()
            .position(|b| *b == end || b.is_ascii_whitespace())?;
        (rest.get(length) == Some(&end)).then_some((self.at..self.at + length, true))
    }

    /// The text of an element: up to the next tag, on one line.
    pub(super) fn element(&self) -> Option<(Range<usize>, bool)> {
        let rest = self.rest(VALUE);
        let rest = rest.strip_prefix(b"<![CDATA[").map_or(rest, |inner| inner);
        let from = self.at + if self.rest(9) == b"<![CDATA[" { 9 } else { 0 };
        let length = memchr::memchr2(b'<', b'\n', rest)?;
        let value = rest.get(..length)?;
        let value = value.strip_suffix(b"]]>").unwrap_or(value);
        (rest.get(length) == Some(&b'<') || from > self.at)
            .then_some((from..from + value.len(), true))
    }

    /// Over line breaks, if a text in quotes follows.
    pub(super) fn lines_to_quote(&mut self) {
        if !matches!(self.peek(), Some(b'\n' | b'\r')) {
            return;
        }
        let start = self.at;
        self.skip(|b| b.is_ascii_whitespace(), 80);
        if !self.quoted_next() {
            self.at = start;
        }
    }

    /// `|` or `>-` and the end of the line: a YAML block, whose only line is the value.
    pub(super) fn eat_block(&mut self) -> bool {
        let start = self.at;
        if !matches!(self.peek(), Some(b'|' | b'>')) {
            return false;
        }
        self.at += 1;
        self.skip(|b| matches!(b, b'-' | b'+'), 1);
        self.blanks();
        let fine = self.eat(b"\n") && self.blanks() > 0;
        if !fine {
            self.at = start;
        }
        fine
    }

    /// `{ get; set; }` between a property and its value; the cursor stands behind the brace.
    pub(super) fn eat_accessors(&mut self) -> bool {
        let rest = self.rest(48);
        let length = rest
            .iter()
            .take_while(|b| b.is_ascii_lowercase() || matches!(b, b' ' | b';'))
            .count();
        let fine = length > 3 && rest.get(length) == Some(&b'}');
        if fine {
            self.at += length + 1;
            self.blanks();
        }
        fine
    }

    /// `env.TOKEN || "…"`: what is taken where the expression gives nothing; and the literal inside a
    /// conversion, `[]byte("…")`.
    fn behind_expression(&mut self, place: &Place) -> Option<(Range<usize>, bool)> {
        const CONVERSIONS: [&[u8]; 12] = [
            b"[]byte(",
            b"String::from(",
            b"Some(",
            b"SecretStr(",
            b"SecretString::from(",
            b"SecretString::new(",
            b"Secret::new(",
            b"Buffer.from(",
            b"std::string(",
            b"string(",
            b"bytes(",
            b"new String(",
        ];
        if CONVERSIONS.iter().any(|call| self.eat(call)) {
            if !self.quoted_next() {
                return None;
            }
            return self.value(place, Style::Equals);
        }
        let line = self.rest(120);
        let line = line.split(|b| *b == b'\n').next().unwrap_or_default();
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_.[]\"'$?()>-: ".contains(b);
        let length = line.iter().take_while(|b| plain(b)).count();
        let operator = line.get(length..)?;
        let head = line.get(..length)?;
        let skipped = if operator.starts_with(b"||") {
            length + 2
        } else if let Some(at) = memchr::memmem::find(head, b" ?? ") {
            at + 4
        } else {
            memchr::memmem::find(head, b" or ")? + 4
        };
        self.at += skipped;
        self.blanks();
        if !self.quoted_next() {
            return None;
        }
        self.value(place, Style::Equals)
    }

    /// The literal at the cursor.
    pub(super) fn value(&mut self, place: &Place, style: Style) -> Option<(Range<usize>, bool)> {
        if self.eat(b"\\\"") {
            let end = memchr::memmem::find(self.rest(VALUE), b"\\\"")?;
            return Some((self.at..self.at + end, true));
        }
        let prefix = self
            .rest(3)
            .iter()
            .take_while(|b| b"rbfuLR@$".contains(b))
            .count();
        if let Some(quote @ (b'"' | b'\'' | b'`')) = self.text.get(self.at + prefix).copied() {
            // Interpolated texts are put together from references.
            if self.rest(prefix).iter().any(|b| b"f$".contains(b)) {
                return None;
            }
            self.at += prefix + 1;
            return self.quoted(quote);
        }
        for scheme in SCHEMES {
            if self.eat(scheme) {
                return self.bare(Style::Flag);
            }
        }
        if place.source
            && !matches!(
                style,
                Style::Flag | Style::Query | Style::Setting | Style::Spaced
            )
        {
            return self.behind_expression(place);
        }
        self.bare(style)
    }

    fn quoted(&self, quote: u8) -> Option<(Range<usize>, bool)> {
        let mut length = 0;
        let mut bytes = self.rest(VALUE).iter();
        while let Some(&byte) = bytes.next() {
            match byte {
                _ if byte == quote => return Some((self.at..self.at + length, true)),
                b'\n' => return None,
                b'\\' => {
                    bytes.next();
                    length += 2;
                }
                _ => length += 1,
            }
        }
        None
    }

    fn bare(&self, style: Style) -> Option<(Range<usize>, bool)> {
        let rest = self.rest(VALUE);
        let stops = |b: u8| match style {
            Style::Query => b.is_ascii_whitespace() || b"&\"'<>#;".contains(&b),
            Style::Setting => b.is_ascii_whitespace() || b"\"'<>;".contains(&b),
            Style::Flag => b.is_ascii_whitespace() || b"\"'`;|)".contains(&b),
            // A quote inside a word is part of it: `p"ss'w;rd`. A semicolon at its end is not.
            Style::Colon | Style::Equals | Style::Spaced => {
                b.is_ascii_whitespace() || b"\"'`;".contains(&b)
            }
        };
        let length = rest.iter().position(|b| stops(*b));
        // A value that runs into the limit is none, unless the text ends there.
        let length = match length {
            Some(length) => length,
            None if rest.len() < VALUE => rest.len(),
            None => return None,
        };
        let value = rest.get(..length)?;
        let value = value.strip_suffix(b",").unwrap_or(value);
        if matches!(style, Style::Colon | Style::Spaced) && phrase(rest.get(length..)?) {
            return None;
        }
        Some((self.at..self.at + value.len(), false))
    }
}

/// Whether more words follow on the line: then it is a sentence, not `name: value`.
fn phrase(rest: &[u8]) -> bool {
    let line = rest.split(|b| *b == b'\n').next().unwrap_or_default();
    let more = line.trim_ascii();
    !(more.is_empty()
        || more.starts_with(b"#")
        || more.starts_with(b"//")
        || more.starts_with(b"}")
        || matches!(more, b";" | b"," | b")" | b"\"" | b"'" | b"\","))
}
