//! Escapes: `%3A`, `\u0040`, `\x67`, `&quot;`, `=3D`.

use super::alphabet::{hex_byte, textual};
use super::{How, Mark, View};
use crate::detect::text::{after, before};
use std::ops::Range;
use zeroize::Zeroizing;

/// How far a text is looked at around an escape.
const AROUND: usize = 2048;

/// Every piece of text with escapes that may hide something, unescaped.
pub(super) fn views(text: &[u8], look: &mut impl FnMut(View) -> bool) {
    // Each scheme's last piece: further escapes in it are not new.
    let mut done = [0; 4];
    for at in memchr::memchr3_iter(b'%', b'\\', b'&', text) {
        let Some((how, slot)) = scheme(text, at) else {
            continue;
        };
        let Some(done) = done.get_mut(slot) else {
            continue;
        };
        if at < *done {
            continue;
        }
        let piece = match how {
            How::Percent => word(text, at),
            _ => line(text, at),
        };
        let piece = piece.start.max(*done)..piece.end;
        *done = piece.end;
        if let Some(view) = unescaped(text, piece, how)
            && !look(view)
        {
            return;
        }
    }
}

/// Which scheme an escape at this place belongs to, if it is one that hides letters or quotes.
fn scheme(text: &[u8], at: usize) -> Option<(How, usize)> {
    let next = |skip: usize, length: usize| after(text, at + skip, length);
    match text.get(at)? {
        b'%' => {
            let byte = hex_byte(next(1, 2))?;
            // `%2d` and the like are formats of printf; what hides something comes with others.
            let upper = !next(1, 2).iter().any(u8::is_ascii_lowercase);
            let fine = textual(byte) && (upper || memchr::memchr(b'%', next(3, 64)).is_some());
            fine.then_some((How::Percent, 0))
        }
        b'\\' => match next(1, 1) {
            b"x" => {
                // A text and not a key: four in a row are letters.
                let run = next(0, 16);
                let letters = |part: &[u8]| match part {
                    [b'\\', b'x', digits @ ..] => hex_byte(digits).is_some_and(textual),
                    _ => false,
                };
                (run.len() == 16 && run.chunks_exact(4).all(letters)).then_some((How::Escapes, 1))
            }
            b"u" => {
                let byte = next(2, 4).strip_prefix(b"00").and_then(hex_byte)?;
                textual(byte).then_some((How::Escapes, 1))
            }
            // `\\\"`: a text in a text in a text. One level is read as it stands; so is `\/`, but for URLs.
            b"\\" => next(2, 2).eq(b"\\\"").then_some((How::Escapes, 1)),
            b"/" => next(2, 2).eq(b"\\/").then_some((How::Escapes, 1)),
            _ => None,
        },
        b'&' => {
            let quote = next(1, 5) == b"quot;" || next(1, 5) == b"apos;" || next(1, 3) == b"#39";
            let number = next(1, 1) == b"#" && reference(next(0, 10)).is_some();
            (quote || number).then_some((How::Entities, 2))
        }
        _ => None,
    }
}

/// The text without blanks and quotes around a place.
fn word(text: &[u8], at: usize) -> Range<usize> {
    let outside = |b: &u8| b.is_ascii_whitespace() || b"\"'`<>".contains(b);
    let left = before(text, at, AROUND);
    let right = after(text, at, AROUND);
    let left = left.iter().rev().take_while(|b| !outside(b)).count();
    let right = right.iter().take_while(|b| !outside(b)).count();
    at - left..at + right
}

/// The line around a place, or what of it is near.
fn line(text: &[u8], at: usize) -> Range<usize> {
    let left = before(text, at, AROUND);
    let right = after(text, at, AROUND);
    let left = left.len() - memchr::memrchr(b'\n', left).map_or(0, |at| at + 1);
    let right = memchr::memchr(b'\n', right).unwrap_or(right.len());
    at - left..at + right
}

/// A piece with its escapes resolved. `None` when that changes nothing.
fn unescaped(text: &[u8], piece: Range<usize>, how: How) -> Option<View> {
    let source = text.get(piece.clone())?;
    let mut plain = Zeroizing::new(Vec::with_capacity(source.len()));
    let mut marks = Vec::new();
    let mark = |at: usize, outer: usize| Mark {
        at,
        outer,
        pointer: None,
        verbatim: true,
    };
    marks.push(mark(0, piece.start));
    let mut at = 0;
    while let Some(&byte) = source.get(at) {
        let rest = source.get(at..).unwrap_or_default();
        let resolved = match (how, byte) {
            (How::Percent, b'%') => rest.get(1..3).and_then(hex_byte).map(|byte| (byte, 3)),
            (How::Escapes, b'\\') => escape(rest),
            (How::Entities, b'&') => reference(rest),
            (How::QuotedPrintable, b'=') => soft(rest),
            _ => None,
        };
        match resolved {
            Some((byte, length)) => {
                if byte != 0 {
                    plain.push(byte);
                }
                at += length;
                marks.push(mark(plain.len(), piece.start + at));
            }
            None => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    (marks.len() > 1).then(|| View {
        text: plain,
        marks,
        how,
        covers: vec![piece],
        instead: false,
        place: None,
    })
}

/// The escapes of string literals. Those of characters outside ASCII are no part of credentials.
fn escape(rest: &[u8]) -> Option<(u8, usize)> {
    match rest.get(1)? {
        b'x' => Some((
            rest.get(2..4).and_then(hex_byte).filter(|b| textual(*b))?,
            4,
        )),
        b'u' => {
            let digits = rest.get(2..6)?.strip_prefix(b"00")?;
            Some((hex_byte(digits).filter(|b| textual(*b))?, 6))
        }
        b'n' => Some((b'\n', 2)),
        b'r' => Some((b'\r', 2)),
        b't' => Some((b'\t', 2)),
        byte @ (b'\\' | b'"' | b'/' | b'\'') => Some((*byte, 2)),
        _ => None,
    }
}

/// `&quot;`, `&#34;`, `&#x22;`
fn reference(rest: &[u8]) -> Option<(u8, usize)> {
    const NAMES: [(&[u8], u8); 9] = [
        (b"quot;", b'"'),
        (b"apos;", b'\''),
        (b"amp;", b'&'),
        (b"lt;", b'<'),
        (b"gt;", b'>'),
        (b"equals;", b'='),
        (b"colon;", b':'),
        (b"sol;", b'/'),
        (b"lowbar;", b'_'),
    ];
    let body = rest.get(1..)?;
    for (name, byte) in NAMES {
        if body.starts_with(name) {
            return Some((byte, name.len() + 1));
        }
    }
    let digits = body.strip_prefix(b"#")?;
    let end = digits.iter().take(7).position(|b| *b == b';')?;
    let number = std::str::from_utf8(digits.get(..end)?).ok()?;
    let value = match number.strip_prefix(['x', 'X']) {
        Some(number) => u8::from_str_radix(number, 16),
        None => number.parse(),
    };
    let value = value.ok().filter(|byte| textual(*byte))?;
    Some((value, end + 3))
}

/// `=3D`, and line ends that are none; the byte 0 stands for nothing.
fn soft(rest: &[u8]) -> Option<(u8, usize)> {
    if rest.starts_with(b"=\r\n") {
        return Some((0, 3));
    }
    if rest.starts_with(b"=\n") {
        return Some((0, 2));
    }
    let byte = rest.get(1..3).and_then(hex_byte)?;
    textual(byte).then_some((byte, 3))
}

/// A mail with parts in quoted-printable, decoded whole: sentences, not words, are wrapped.
pub(super) fn mail(text: &[u8], look: &mut impl FnMut(View) -> bool) {
    if memchr::memmem::find(after(text, 0, 16 << 10), b"quoted-printable").is_some()
        && let Some(view) = unescaped(text, 0..text.len(), How::QuotedPrintable)
    {
        look(View {
            instead: true,
            ..view
        });
    }
}
