//! Kubernetes Secrets: what stands under `data` is base64, and its key says what it is.

use super::alphabet::{base64, mostly_text, of_base64};
use super::{How, Mark, View};
use crate::detect::place::Place;
use crate::detect::text::{after, before};
use std::ops::Range;
use zeroize::Zeroizing;

/// Longer values are not of interest as one text; runs are found in them all the same.
const VALUE: usize = 1 << 20;

/// The values of a manifest's Secrets, decoded, behind their keys.
pub(super) fn views(file: &str, text: &[u8], place: &Place, look: &mut impl FnMut(View) -> bool) {
    if (place.source && !file.ends_with(".json")) || !speaks_of_secret(text) {
        return;
    }
    let mut view = View {
        text: Zeroizing::new(Vec::new()),
        marks: Vec::new(),
        how: How::Base64,
        covers: Vec::new(),
        instead: true,
        place: Some(Place {
            source: false,
            ..*place
        }),
    };
    let mut done = 0;
    for at in memchr::memmem::find_iter(text, b"data") {
        // A key of that name inside: its values were read with the others.
        if at < done {
            continue;
        }
        let pairs = if before(text, at, 1) == b"\"" {
            braced(text, at + 4)
        } else {
            block(text, at)
        };
        for (key, value) in pairs {
            let end = value.end;
            if add(text, key, value, &mut view) {
                done = end;
            }
        }
    }
    if !view.text.is_empty() {
        look(view);
    }
}

/// `kind: Secret`, in YAML, JSON or JSON inside a string.
fn speaks_of_secret(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b"Secret").any(|at| {
        let behind = text.get(at + 6).copied().unwrap_or(b'\n');
        let left = before(text, at, 16);
        let quiet = |b: &u8| matches!(b, b' ' | b':' | b'"' | b'\'' | b'\\');
        let marks = left.iter().rev().take_while(|b| quiet(b)).count();
        let name = left.get(..left.len() - marks).unwrap_or_default();
        marks > 0 && name.ends_with(b"kind") && !(behind.is_ascii_alphanumeric() || behind == b'-')
    })
}

/// Adds a pair, decoded. `false` when the value is no base64 of a text.
fn add(text: &[u8], key: Range<usize>, value: Range<usize>, view: &mut View) -> bool {
    let (Some(name), Some(encoded)) = (text.get(key), text.get(value.clone())) else {
        return false;
    };
    let digits = encoded.iter().filter(|b| of_base64(**b)).count();
    let padding = encoded.iter().rev().take_while(|b| **b == b'=').count();
    if digits < 4 || (digits + padding) % 4 != 0 || encoded.len() > VALUE {
        return false;
    }
    let decoded = base64(encoded);
    if !mostly_text(&decoded) {
        return false;
    }
    let mark = |view: &mut View| {
        view.marks.push(Mark {
            at: view.text.len(),
            outer: value.start,
            pointer: None,
            verbatim: false,
        });
    };
    let value_text = decoded.trim_ascii_end();
    mark(view);
    if value_text.contains(&b'\n') {
        // A file, whose lines speak for themselves.
        view.text.extend_from_slice(b"\n# ");
        view.text.extend_from_slice(name);
        view.text.push(b'\n');
        view.text.extend_from_slice(value_text);
        view.text.extend_from_slice(b"\n\n");
    } else {
        let quote = if value_text.contains(&b'"') {
            b'\''
        } else {
            b'"'
        };
        view.text.extend_from_slice(name);
        view.text.extend_from_slice(&[b':', b' ', quote]);
        view.text.extend_from_slice(value_text);
        view.text.extend_from_slice(&[quote, b'\n']);
    }
    view.covers.push(value);
    true
}

/// The pairs of `"data": {"key": "value", …}`; quotes may be escaped. `at` is behind the name.
fn braced(text: &[u8], at: usize) -> Vec<(Range<usize>, Range<usize>)> {
    let mut pairs = Vec::new();
    let mut at = at;
    let skip = |at: &mut usize, of: &[u8]| {
        let rest = text.get(*at..).unwrap_or_default();
        *at += rest.iter().take_while(|b| of.contains(b)).count();
    };
    skip(&mut at, b"\\\"");
    skip(&mut at, b" \t\r\n:");
    if text.get(at) != Some(&b'{') {
        return pairs;
    }
    at += 1;
    loop {
        // Between pairs stand a comma and blanks, which may be escaped, too.
        let rest = after(text, at, 400);
        let Some(quote) = memchr::memchr2(b'"', b'}', rest) else {
            return pairs;
        };
        if rest.get(quote) == Some(&b'}') {
            return pairs;
        }
        at += quote + 1;
        let Some(key) = quoted(text, &mut at) else {
            return pairs;
        };
        skip(&mut at, b" \t\r\n:");
        skip(&mut at, b"\\");
        if text.get(at) != Some(&b'"') {
            return pairs;
        }
        at += 1;
        let Some(value) = quoted(text, &mut at) else {
            return pairs;
        };
        pairs.push((key, value));
    }
}

/// The text up to a quote, whose escape does not count; `at` is then behind the quote.
fn quoted(text: &[u8], at: &mut usize) -> Option<Range<usize>> {
    let start = *at;
    let rest = after(text, start, VALUE);
    let end = start + memchr::memchr(b'"', rest)?;
    *at = end + 1;
    let content = text.get(start..end)?;
    let escapes = content.iter().rev().take_while(|b| **b == b'\\').count();
    Some(start..end - escapes)
}

/// The pairs under `data:` on a line of its own: the lines that are indented further.
fn block(text: &[u8], at: usize) -> Vec<(Range<usize>, Range<usize>)> {
    let mut pairs = Vec::new();
    let left = before(text, at, 64);
    let line_start = memchr::memrchr(b'\n', left).map_or(0, |at| at + 1);
    let indentation = left.get(line_start..).unwrap_or_default();
    let listed = |b: &u8| matches!(b, b' ' | b'-');
    let rest = after(text, at + 4, 32);
    let rest = rest.split(|b| *b == b'\n').next().unwrap_or_default();
    let alone = rest.trim_ascii() == b":";
    if !alone || !indentation.iter().all(listed) {
        return pairs;
    }
    let outer = indentation.len();
    let mut line = at + 4 + rest.len() + 1;
    let mut folded: Option<(Range<usize>, usize)> = None;
    while let Some(rest) = text.get(line..).filter(|rest| !rest.is_empty()) {
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let content = rest.get(..length).unwrap_or_default();
        let indent = content.iter().take_while(|b| **b == b' ').count();
        let from = line + indent;
        line += length + 1;
        let body = content.trim_ascii();
        if body.is_empty() || body.starts_with(b"#") {
            continue;
        }
        if indent <= outer {
            break;
        }
        // A value on the lines below its key.
        if let Some((key, depth)) = folded.clone()
            && indent > depth
        {
            let end = from + body.len();
            match pairs.last_mut() {
                Some((last, value)) if *last == key => *value = value.start..end,
                _ => pairs.push((key, from..end)),
            }
            continue;
        }
        folded = None;
        let Some(colon) = memchr::memchr(b':', body) else {
            continue;
        };
        let name = body.get(..colon).unwrap_or_default();
        let quotes = usize::from(name.starts_with(b"\"") || name.starts_with(b"'"));
        let key = from + quotes..from + colon - quotes.min(colon);
        let value = body.get(colon + 1..).unwrap_or_default();
        let blanks = value.iter().take_while(|b| **b == b' ').count();
        let value = value.trim_ascii();
        if value.is_empty() || matches!(value, b"|" | b"|-" | b">" | b">-" | b"|+" | b">+") {
            folded = Some((key, indent));
            continue;
        }
        let start = from + colon + 1 + blanks;
        let value = value.split(|b| *b == b' ').next().unwrap_or_default();
        let quotes = usize::from(value.starts_with(b"\"") || value.starts_with(b"'"));
        if value.len() >= 2 * quotes {
            pairs.push((key, start + quotes..start + value.len() - quotes));
        }
    }
    pairs
}
