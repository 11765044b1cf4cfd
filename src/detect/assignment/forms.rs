//! The forms of assignments that reach further than a name, a sign and a value.

use super::cursor::{Cursor, Style};
use super::{Assignment, of_name};
use crate::detect::place::{Class, Place};
use crate::detect::text::{after, before};
use std::ops::Range;

/// A setting among others in one text: `Server=db;User Id=app;Password=…`, `host=db user=app password=…`.
pub(super) fn in_connection_string(text: &[u8], at: usize) -> bool {
    const OTHERS: [&[u8]; 17] = [
        b"server=",
        b"data source=",
        b"host=",
        b"user id=",
        b"userid=",
        b"uid=",
        b"username=",
        b"user=",
        b"endpoint=",
        b"accountname=",
        b"database=",
        b"dbname=",
        b"driver=",
        b"initial catalog=",
        b"address=",
        b"addr=",
        b"login=",
    ];
    let left = before(text, at, 240);
    let left = left
        .rsplit(|b| matches!(b, b'"' | b'\'' | b'`' | b'\n'))
        .next();
    let left = left.unwrap_or_default();
    let apart =
        left.trim_ascii_end().ends_with(b";") || left.ends_with(b" ") || left.ends_with(b",");
    if !apart || left.len() < 5 {
        return false;
    }
    let left = left.to_ascii_lowercase();
    OTHERS
        .iter()
        .any(|other| memchr::memmem::find(&left, other).is_some())
}

/// Whether a call of this name takes the value rather than names it: a setter, a builder's step, a
/// constructor. `password("…")` alone may ask for one.
pub(super) fn gives(text: &[u8], name: &Range<usize>) -> bool {
    let whole = text.get(name.clone()).unwrap_or_default();
    let last = whole.rsplit(|b| *b == b'.').next().unwrap_or_default();
    let setter = [b"set".as_slice(), b"with", b"Set", b"With"]
        .iter()
        .any(|prefix| last.starts_with(prefix));
    let declared = match before(text, name.start, 2) {
        [kind, b' '] => kind.is_ascii_alphanumeric() || *kind == b'>',
        [b'-', b'>'] => true,
        _ => false,
    };
    // `new JsonPathToken("…")` makes something else.
    let lower = last.first().is_some_and(u8::is_ascii_lowercase);
    setter || lower && (last.len() < whole.len() || declared)
}

/// `variable "db_password" { default = "…" }`
pub(super) fn of_default(
    cursor: &mut Cursor<'_>,
    quote: Option<u8>,
    name: Range<usize>,
    place: &Place,
) -> Option<Assignment> {
    quote?;
    let at = name.start.checked_sub(1)?;
    if !before(cursor.text, at, 9).ends_with(b"variable ") {
        return None;
    }
    let block = cursor.rest(400);
    let block = block.split(|b| *b == b'}').next()?;
    let found = memchr::memmem::find(block, b"default")?;
    cursor.at += found + 7;
    cursor.blanks();
    if !cursor.eat(b"=") {
        return None;
    }
    cursor.blanks();
    let (value, quoted) = cursor.value(place, Style::Equals)?;
    (!value.is_empty()).then_some(Assignment {
        name,
        value,
        quoted,
    })
}

/// The name is itself a value: `name: DB_PASSWORD` with `value: …` behind it, as containers'
/// environments, XML settings and Terraform have it; or the first of two arguments.
pub(super) fn of_pair(
    cursor: &mut Cursor<'_>,
    quote: Option<u8>,
    name: &Range<usize>,
    place: &Place,
) -> Option<(Range<usize>, bool)> {
    let comma = cursor.eat(b",");
    let spaces = cursor.skip(|b| b.is_ascii_whitespace(), 80);
    if comma && quote.is_some() && cursor.quoted_next() {
        let start = cursor.at;
        let quote = cursor.peek();
        cursor.at += 1;
        if !(cursor.eat(b"value") && cursor.peek() == quote) {
            cursor.at = start;
            let value = cursor.value(place, Style::Equals)?;
            return two(cursor, name.start, value.0.end).then_some(value);
        }
        cursor.at = start;
    }
    if !comma && spaces == 0 {
        return None;
    }
    let inner = cursor.skip(|b| b == b'"' || b == b'\'', 1);
    if !(cursor.eat(b"value") || cursor.eat(b"Value")) {
        return None;
    }
    cursor.skip(|b| b == b'"' || b == b'\'', inner);
    cursor.blanks();
    let style = match cursor.peek()? {
        b':' => Style::Colon,
        b'=' => Style::Equals,
        _ => return None,
    };
    cursor.at += 1;
    cursor.blanks();
    cursor.value(place, style)
}

/// Whether name and value are arguments or a pair, and not two of many texts in a list.
fn two(cursor: &Cursor<'_>, name: usize, value: usize) -> bool {
    let left = before(cursor.text, name.saturating_sub(1), 40).trim_ascii_end();
    let right = after(cursor.text, value + 1, 80).trim_ascii_start();
    let (left, right) = (left.last().copied(), right.first().copied());
    match left {
        Some(b'(') => true,
        Some(b'[') => right == Some(b']'),
        Some(b'{') => right == Some(b'}'),
        _ => right == Some(b')'),
    }
}

/// `<key>password</key> <string>value</string>`, `<Name>password</Name><Value>value</Value>`; the cursor
/// stands inside the closing tag.
pub(super) fn of_entry(cursor: &mut Cursor<'_>) -> Option<(Range<usize>, bool)> {
    let closed = cursor.skip(|b| of_name(b) || b == b':', 24);
    if closed == 0 || !cursor.eat(b">") {
        return None;
    }
    cursor.skip(|b| b.is_ascii_whitespace(), 80);
    const TAGS: [&[u8]; 5] = [
        b"<string>",
        b"<value>",
        b"<Value>",
        b"<text>",
        b"<param-value>",
    ];
    if !TAGS.iter().any(|tag| cursor.eat(tag)) {
        return None;
    }
    cursor.element()
}

/// `<password type="plain">value</password>`, and `<Password><Value>value</Value>` of answer files.
pub(super) fn of_tag(cursor: &mut Cursor<'_>) -> Option<(Range<usize>, bool)> {
    let rest = cursor.rest(200);
    let end = memchr::memchr2(b'>', b'<', rest)?;
    let tag = rest.get(..end)?;
    if rest.get(end) != Some(&b'>') || tag.ends_with(b"/") || !tag.contains(&b'=') {
        return None;
    }
    cursor.at += end + 1;
    cursor.element()
}

/// `<add value="…" key="password"/>`: the value stands before the name, in the same tag; and
/// `<property name="password" type="…" value="…"/>`, where something stands between.
pub(super) fn of_attribute(
    cursor: &Cursor<'_>,
    quote: Option<u8>,
    name: usize,
) -> Option<(Range<usize>, bool)> {
    let quote = quote?;
    // Only behind an attribute that names something.
    let left = before(cursor.text, name.saturating_sub(1), 200);
    const NAMES: [&[u8]; 5] = [b"key=", b"name=", b"Key=", b"Name=", b"id="];
    if !NAMES.iter().any(|n| left.ends_with(n)) {
        return None;
    }
    let open = memchr::memrchr(b'<', left)?;
    let inside = left.get(open..)?;
    if inside.contains(&b'>') {
        return None;
    }
    let value = |from: usize, part: &[u8]| {
        let at = [b" value=".as_slice(), b" Value="]
            .iter()
            .find_map(|n| memchr::memmem::find(part, n))?
            + 7;
        let behind = part.get(at..)?;
        let mark = *behind.first().filter(|b| matches!(b, b'"' | b'\''))?;
        let length = memchr::memchr(mark, behind.get(1..)?)?;
        let start = from + at + 1;
        Some((start..start + length, true))
    };
    let base = name.saturating_sub(1) - left.len();
    let _ = quote;
    value(base + open, inside).or_else(|| {
        let right = cursor.rest(300);
        let right = right.get(..memchr::memchr(b'>', right)?)?;
        value(cursor.at, right)
    })
}

/// `name value`, where a directive or the kind of file says that a blank assigns: `ENV NAME value`,
/// `#define NAME "value"`, `set(NAME "value")`, `setx NAME value`, a line of a `.netrc`.
pub(super) fn separated(text: &[u8], name: usize, cursor: &Cursor<'_>, place: &Place) -> bool {
    let left = before(text, name, 24);
    let line = left.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let quoted = cursor.quoted_next() || cursor.rest(2) == b"@\"";
    if line.ends_with(b"ENV ") && line.trim_ascii() == b"ENV" || line.ends_with(b"setx ") {
        return true;
    }
    let directives: [&[u8]; 7] = [
        b"#define ",
        b"set(",
        b"SET(",
        b"setq ",
        b"defvar ",
        b"def ",
        b"set -x ",
    ];
    if quoted && directives.iter().any(|d| line.ends_with(d)) {
        return true;
    }
    // `storePassword "value"`, the first on its line: a call without parentheses.
    if quoted
        && line.trim_ascii().is_empty()
        && matches!(place.class, Class::Program | Class::Config)
    {
        return true;
    }
    // A Clojure or Lisp keyword: `:password "value"`.
    if quoted && line.ends_with(b":") && line.len() > 1 && !line.ends_with(b"::") {
        return true;
    }
    if !place.spaced {
        return false;
    }
    let start = line.trim_ascii_start();
    place.kept
        || (start.is_empty() || start.iter().all(|b| of_name(*b) || *b == b' ') && start.len() < 12)
            && matches!(place.class, Class::Config)
            && cursor
                .peek()
                .is_some_and(|b| b.is_ascii_graphic() && !b"{}()<>[],;".contains(&b))
}
