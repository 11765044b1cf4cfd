//! Assignments: from a telling word in a text to the name it belongs to and the value given to that name.
//!
//! Dedicated code rather than a pattern: the many ways to write an assignment would make one pattern of
//! hundreds of bytes that runs at every third identifier of a program.

mod cursor;
mod forms;
#[cfg(test)]
mod tests;

use super::place::Place;
use super::text::{after, before};
use cursor::{Cursor, Style};
use std::ops::Range;

/// Names longer than this are not looked at whole.
const NAME: usize = 64;
/// Values longer than this are none.
const VALUE: usize = 512;

/// What may stand before the credential in an `Authorization` header.
pub(super) const SCHEMES: [&[u8]; 8] = [
    b"Bearer ",
    b"bearer ",
    b"Basic ",
    b"basic ",
    b"Token ",
    b"token ",
    b"ApiKey ",
    b"GenieKey ",
];

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
        let _ = cursor.eat(b"?") || cursor.eat(b"}") && opened == Some(b'{');
    }
    let behind_name = cursor.at;
    let within = opened.filter(|b| matches!(b, b'"' | b'\'' | b'`') && quote.is_none());
    cursor.blanks();
    if cursor.eat(b"{") && !cursor.eat_accessors() {
        cursor.at = behind_name;
        return forms::of_default(&mut cursor, quote, name, place);
    }
    // `||=`, `??=`: only where nothing is yet.
    if cursor.rest(3) == b"||=" || cursor.rest(3) == b"??=" {
        cursor.at += 2;
    }
    // Most names in programs are followed by something else: that must be cheap to see.
    let next = cursor.peek()?;
    let spaced = cursor.at > behind_name;
    let value = match next {
        // `"X-Api-Key: value"`: a header as one text.
        b':' if within.is_some() && cursor.rest(2) == b": " => {
            cursor.at += 2;
            let _ = SCHEMES.iter().any(|scheme| cursor.eat(scheme));
            cursor.up_to(within?)?
        }
        // `${NAME:-value}`: the value where none is given.
        b':' if before(text, name.start, 2) == b"${" => {
            cursor.at += 1;
            // `${NAME:?message}` and `${NAME:+instead}` give none.
            if matches!(cursor.peek(), Some(b'?' | b'+')) {
                return None;
            }
            cursor.skip(|b| b == b'-' || b == b'=', 1);
            cursor.up_to(b'}')?
        }
        b':' => {
            cursor.at += 1;
            if cursor.peek() == Some(b':') {
                // LDIF: what stands behind two colons is encoded, and read as such elsewhere.
                return None;
            }
            let equals = cursor.eat(b"=");
            cursor.blanks();
            cursor.lines_to_quote();
            if cursor.quoted_next() {
                cursor.value(place, Style::Colon)?
            } else if let Some(at) = cursor.behind_type().filter(|_| !equals) {
                cursor.at = at;
                cursor.value(place, Style::Equals)?
            } else if cursor.eat_block() {
                cursor.value(place, Style::Colon)?
            } else {
                let style = if equals { Style::Equals } else { Style::Colon };
                cursor.value(place, style)?
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
            } else if (b';' == *before(text, name.start, 1).first().unwrap_or(&b'\n')
                || place.source
                || opened == Some(b' '))
                && forms::in_connection_string(text, name.start)
            {
                Style::Setting
            } else {
                Style::Equals
            };
            cursor.value(place, style)?
        }
        // password <- "value"
        b'<' if spaced && cursor.eat(b"<- ") && cursor.quoted_next() => {
            cursor.value(place, Style::Equals)?
        }
        // setPassword("value"), .password("value"), std::string password("value")
        b'(' if cursor.at == behind_name && forms::gives(text, &name) => {
            cursor.at += 1;
            if !cursor.quoted_next() && cursor.rest(2) != b"@\"" {
                return None;
            }
            let value = cursor.value(place, Style::Equals)?;
            let mut end = Cursor {
                text,
                at: value.0.end + 1,
            };
            end.blanks();
            if end.peek() != Some(b')') {
                return None;
            }
            value
        }
        // <string name="password">value</string>, <key>password</key> <string>value</string>
        b'>' if quote.is_some() => {
            cursor.at += 1;
            cursor.element()?
        }
        b'<' if cursor.eat(b"</") => forms::of_entry(&mut cursor)?,
        b'?' if cursor.eat(b"?=") => {
            cursor.blanks();
            cursor.value(place, Style::Equals)?
        }
        // <password>value</password>, <password type="plain">value</password>
        b'>' if opened == Some(b'<') || tag_prefix(text, name.start) => {
            cursor.at += 1;
            cursor.element()?
        }
        _ if opened == Some(b'<') && spaced => forms::of_tag(&mut cursor)?,
        b'(' => return None,
        // Dim password As String = "value"
        b'A' | b'a' if spaced && matches!(cursor.rest(3), b"As " | b"as ") => {
            cursor.at += 3;
            cursor.skip(|b| b.is_ascii_alphanumeric() || b == b'.', 40);
            if cursor.blanks() == 0 || !cursor.eat(b"=") {
                return None;
            }
            cursor.blanks();
            cursor.value(place, Style::Equals)?
        }
        _ if spaced && dashes == 2 => cursor.value(place, Style::Flag)?,
        _ if spaced && forms::separated(text, name.start, &cursor, place) => {
            cursor.value(place, Style::Spaced)?
        }
        _ => {
            cursor.at = behind_name;
            let pair = forms::of_pair(&mut cursor, quote, &name, place);
            cursor.at = behind_name;
            pair.or_else(|| forms::of_attribute(&cursor, quote, name.start))?
        }
    };
    let (value, quoted) = value;
    (!value.is_empty()).then_some(Assignment {
        name,
        value,
        quoted,
    })
}

/// `<ns:password>`: a tag in a namespace.
fn tag_prefix(text: &[u8], start: usize) -> bool {
    let left = before(text, start, 24);
    left.strip_suffix(b":").is_some_and(|left| {
        let name = left.iter().rev().take_while(|b| of_name(**b)).count();
        name > 0 && left.get(left.len() - name - 1..left.len() - name) == Some(b"<")
    })
}
