//! Assignments: from a telling word in a text to the name it belongs to and the value given to that name.
//!
//! Dedicated code rather than a pattern: the many ways to write an assignment would make one pattern of
//! hundreds of bytes that runs at every third identifier of a program.

use super::place::Place;
use super::text::{after, before};
use std::ops::Range;

/// Names longer than this are not looked at whole.
const NAME: usize = 64;
/// Values longer than this are none.
const VALUE: usize = 512;

/// What may stand before the credential in an `Authorization` header.
pub(super) const SCHEMES: [&[u8]; 5] = [b"Bearer ", b"bearer ", b"Basic ", b"Token ", b"token "];

/// A name and the literal value given to it, as offsets into the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    /// The whole name, with the parts before and behind the telling word.
    pub(super) name: Range<usize>,
    /// The value, without quotes.
    pub(super) value: Range<usize>,
    /// Whether the value stood in quotes.
    pub(super) quoted: bool,
}

/// The end of the name that the word at `word` belongs to: no other word inside is worth a look.
pub(super) fn name(text: &[u8], word: Range<usize>) -> Range<usize> {
    let left = before(text, word.start, NAME);
    let start = word.start - left.iter().rev().take_while(|b| of_name(**b)).count();
    let right = after(text, word.end, NAME);
    let end = word.end
        + right
            .iter()
            .take_while(|b| of_name(**b) && **b != b'.')
            .count();
    start..end
}

const fn of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Reads the assignment to a name. `None` when none stands there, or its value is not a literal.
pub(super) fn read(text: &[u8], name: Range<usize>, place: &Place) -> Option<Assignment> {
    let dashes = after(text, name.start, 2)
        .iter()
        .take_while(|b| **b == b'-')
        .count();
    let mut cursor = Cursor { text, at: name.end };
    // The end of `"name"`, `'name']`, `name[]`, `name[32]`, `name?`.
    let opened = before(text, name.start, 1).first().copied();
    let mut quote = None;
    cursor.eat(b"\\");
    if let Some(byte @ (b'"' | b'\'' | b'`')) = cursor.peek() {
        if opened != Some(byte) {
            return None;
        }
        quote = Some(byte);
        cursor.at += 1;
        cursor.eat(b"]");
    } else if cursor.at > name.end {
        return None;
    } else if cursor.eat(b"[") {
        cursor.skip(|b| b.is_ascii_alphanumeric() || b == b'_', 32);
        if !cursor.eat(b"]") {
            return None;
        }
    } else {
        let _ = cursor.eat(b"?");
    }
    let behind_name = cursor.at;
    cursor.blanks();
    let value = match cursor.peek()? {
        b':' => {
            cursor.at += 1;
            if cursor.peek() == Some(b':') {
                return None;
            }
            cursor.eat(b"=");
            cursor.blanks();
            if cursor.quoted_next() {
                cursor.value(place, Style::Colon)?
            } else if let Some(at) = cursor.behind_type() {
                cursor.at = at;
                cursor.value(place, Style::Equals)?
            } else {
                cursor.value(place, Style::Colon)?
            }
        }
        b'=' => {
            cursor.at += 1;
            match cursor.peek()? {
                b'=' | b'~' => return None,
                b'>' => cursor.at += 1,
                _ => {}
            }
            let tight = cursor.blanks() == 0;
            let query = matches!(opened, Some(b'?' | b'&')) && tight;
            let style = if query {
                Style::Query
            } else if tight && dashes == 2 {
                Style::Flag
            } else {
                Style::Equals
            };
            cursor.value(place, style)?
        }
        b'?' if cursor.eat(b"?=") => {
            cursor.blanks();
            cursor.value(place, Style::Equals)?
        }
        // <password>value</password>
        b'>' if opened == Some(b'<') => {
            cursor.at += 1;
            let at = cursor.at;
            let end = memchr::memchr(b'<', after(text, at, VALUE))? + at;
            (at..end, true)
        }
        b'(' => return None,
        _ if cursor.at > behind_name && dashes == 2 => cursor.value(place, Style::Flag)?,
        _ if cursor.at > behind_name && (place.netrc || behind_env(text, name.start)) => {
            cursor.value(place, Style::Flag)?
        }
        _ => {
            cursor.at = behind_name;
            cursor.of_pair(quote, place)?
        }
    };
    let (value, quoted) = value;
    (!value.is_empty()).then_some(Assignment {
        name,
        value,
        quoted,
    })
}

/// `ENV NAME value`, as image build files have it.
fn behind_env(text: &[u8], at: usize) -> bool {
    before(text, at, 5).ends_with(b"\nENV ") || (at == 4 && text.starts_with(b"ENV "))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `name: value`
    Colon,
    /// `name = value`
    Equals,
    /// `--name value`
    Flag,
    /// `?name=value&`
    Query,
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn rest(&self, length: usize) -> &[u8] {
        after(self.text, self.at, length)
    }

    fn eat(&mut self, expected: &[u8]) -> bool {
        let found = self.rest(expected.len()) == expected;
        if found {
            self.at += expected.len();
        }
        found
    }

    fn skip(&mut self, of: impl Fn(u8) -> bool, most: usize) -> usize {
        let count = self.rest(most).iter().take_while(|b| of(**b)).count();
        self.at += count;
        count
    }

    fn blanks(&mut self) -> usize {
        self.skip(|b| b == b' ' || b == b'\t', 64)
    }

    fn quoted_next(&self) -> bool {
        matches!(self.peek(), Some(b'"' | b'\'' | b'`')) || self.rest(2) == b"\\\""
    }

    /// `password: Option<&str> = "…"`: where the value stands behind a type.
    fn behind_type(&self) -> Option<usize> {
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

    /// The name is itself a value: `name: DB_PASSWORD` with `value: …` behind it, as containers'
    /// environments, XML settings and Terraform have it; or the first of two arguments.
    fn of_pair(&mut self, quote: Option<u8>, place: &Place) -> Option<(Range<usize>, bool)> {
        let comma = self.eat(b",");
        let spaces = self.skip(|b| b.is_ascii_whitespace(), 80);
        if comma && quote.is_some() && self.quoted_next() {
            let start = self.at;
            let quote = self.peek();
            self.at += 1;
            if !(self.eat(b"value") && self.peek() == quote) {
                self.at = start;
                return self.value(place, Style::Equals);
            }
            self.at = start;
        }
        if !comma && spaces == 0 {
            return None;
        }
        let inner = self.skip(|b| b == b'"' || b == b'\'', 1);
        if !(self.eat(b"value") || self.eat(b"Value")) {
            return None;
        }
        self.skip(|b| b == b'"' || b == b'\'', inner);
        self.blanks();
        let style = match self.peek()? {
            b':' => Style::Colon,
            b'=' => Style::Equals,
            _ => return None,
        };
        self.at += 1;
        self.blanks();
        self.value(place, style)
    }

    /// The literal at the cursor.
    fn value(&mut self, place: &Place, style: Style) -> Option<(Range<usize>, bool)> {
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
        if place.source && style != Style::Flag && style != Style::Query {
            return None;
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
            Style::Flag => b.is_ascii_whitespace() || b"\"'`;|)".contains(&b),
            Style::Colon | Style::Equals => b.is_ascii_whitespace() || b"\"'`;".contains(&b),
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
        if style == Style::Colon && phrase(rest.get(length..)?) {
            return None;
        }
        Some((self.at..self.at + value.len(), false))
    }
}

/// Whether more words follow on the line: then it is a sentence, not `name: value`.
fn phrase(rest: &[u8]) -> bool {
    let line = rest.split(|b| *b == b'\n').next().unwrap_or_default();
    let more = line.trim_ascii();
    !(more.is_empty() || more.starts_with(b"#") || more.starts_with(b"//"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(path: &str, text: &str) -> Option<String> {
        let at = text.to_ascii_lowercase().find("password")?;
        let name = name(text.as_bytes(), at..at + 8);
        let found = read(text.as_bytes(), name, &Place::of(path))?;
        text.get(found.value).map(str::to_owned)
    }

    #[test]
    fn ways_to_write_an_assignment() {
        for (path, text) in [
            ("a.env", "DB_PASSWORD=VALUE\n"),
            ("a.env", "export DB_PASSWORD='VALUE'"),
            ("a.yaml", "password: VALUE # rotate\n"),
            ("a.yaml", "password: \"VALUE\""),
            ("a.json", "{\"password\": \"VALUE\"}"),
            ("a.json", "{\\\"password\\\": \\\"VALUE\\\"}"),
            ("a.py", "config['password'] = 'VALUE'"),
            ("a.py", "password: str = \"VALUE\""),
            ("a.rs", "let password: &str = \"VALUE\";"),
            ("a.go", "password := \"VALUE\""),
            ("a.c", "char password[] = \"VALUE\";"),
            ("a.c", "static char password[32] = \"VALUE\";"),
            ("a.rb", ":password => 'VALUE'"),
            ("a.js", "set(\"password\", \"VALUE\")"),
            ("a.xml", "<password>VALUE</password>"),
            ("a.xml", "<add key=\"Password\" value=\"VALUE\"/>"),
            ("a.yaml", "- name: DB_PASSWORD\n  value: VALUE\n"),
            (
                "a.json",
                "{\"name\": \"DB_PASSWORD\", \"value\": \"VALUE\"}",
            ),
            ("a.tf", "name  = \"DB_PASSWORD\"\n value = \"VALUE\""),
            ("a.sh", "run --password VALUE --x"),
            ("a.sh", "run --password=VALUE --x"),
            ("Dockerfile", "FROM x\nENV DB_PASSWORD VALUE\n"),
            (".netrc", "machine h login u password VALUE"),
            ("a.md", "https://host/?password=VALUE&b=c"),
            ("Makefile", "PASSWORD ?= VALUE\n"),
        ] {
            assert_eq!(value(path, text).as_deref(), Some("VALUE"), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_assignment_of_a_literal() {
        for (path, text) in [
            ("a.c", "password = get_it();"),
            ("a.c", "if (password == \"VALUE\")"),
            ("a.cc", "password::hash"),
            ("a.py", "password(\"VALUE\")"),
            ("a.py", "password = f\"{x}\""),
            ("a.md", "the password: it is a long story"),
            ("a.md", "the password is"),
            ("a.txt", "password"),
            ("a.txt", "password="),
        ] {
            assert_eq!(value(path, text), None, "{text}");
        }
    }
}
