//! Secrets that are split: concatenated literals, folded lines, continued lines.
//!
//! Nothing is put together on suspicion: only where a hit of the prefilter, or the value of an assignment,
//! is followed by what continues it.

use super::{How, Mark, View};
use crate::detect::text::{after, before};
use std::ops::Range;
use zeroize::Zeroizing;

/// A piece of a literal that is longer is whole.
const PIECE: usize = 512;
/// Blanks, operators and comments between two pieces.
const GAP: usize = 160;
const PIECES: usize = 200;
const JOINED: usize = 32 << 10;
/// Places in one document that look split.
pub(in crate::detect) const PLACES: usize = 10_000;

/// Where a value begins that goes on behind its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::detect) struct Broken(usize);

impl Broken {
    /// Whether what begins here (a token, the value of an assignment) goes on elsewhere.
    pub(in crate::detect) fn at(text: &[u8], at: usize) -> Option<Self> {
        let block = header(text, at).is_some();
        let end = piece_end(text, at);
        (block || gap(text, at, end).is_some()).then_some(Self(at))
    }

    /// `name = ("…"` and more below: literals side by side in brackets. `name` is the end of the name.
    pub(in crate::detect) fn group(text: &[u8], name: usize) -> Option<Self> {
        let rest = after(text, name, GAP);
        let blank = |b: &u8| b.is_ascii_whitespace();
        let marks = |b: &u8| blank(b) || b":=>\"'])".contains(b);
        let given = rest.iter().take_while(|b| marks(b)).count();
        let bracket = rest.get(given..)?.strip_prefix(b"(")?;
        let blanks = bracket.iter().take_while(|b| blank(b)).count();
        let opens = matches!(bracket.get(blanks), Some(b'"' | b'\''));
        let gives = rest.get(..given)?.iter().any(|b| matches!(b, b':' | b'='));
        let at = name + given + 1 + blanks + 1;
        let more = opens && gives && gap(text, at, piece_end(text, at)).is_some();
        more.then_some(Self(at))
    }
}

/// What is put together at the places found.
pub(super) fn views(text: &[u8], broken: &[Broken], look: &mut impl FnMut(View) -> bool) {
    let mut places: Vec<usize> = broken.iter().map(|broken| broken.0).collect();
    places.sort_unstable();
    let mut done = 0;
    for at in places {
        if at < done {
            continue;
        }
        if let Some((view, end)) = joined(text, at) {
            done = end;
            if !look(view) {
                return;
            }
        }
    }
}

fn joined(text: &[u8], at: usize) -> Option<(View, usize)> {
    let left = before(text, at, 200);
    let line = left.len() - memchr::memrchr(b'\n', left).map_or(0, |at| at + 1);
    let mut plain = Zeroizing::new(Vec::with_capacity(JOINED + 1024));
    let mut marks = Vec::new();
    let mut add = |plain: &mut Vec<u8>, from: usize, to: usize| {
        marks.push(Mark {
            at: plain.len(),
            outer: from,
            pointer: None,
            verbatim: true,
        });
        plain.extend_from_slice(text.get(from..to).unwrap_or_default());
    };
    // A block's key is on the line above its first one.
    let mut from = match header(text, at) {
        Some(first) => {
            add(&mut plain, at - line, at);
            first
        }
        None => {
            match block_of(text, at) {
                Some(key) => add(&mut plain, key.start, key.end),
                None => match bracket(text, at) {
                    // Without it the literal stands right behind the name.
                    Some(open) => {
                        add(&mut plain, line_start(text, open), open);
                        add(&mut plain, at - 1, at);
                    }
                    None => add(&mut plain, at - line, at),
                },
            }
            at
        }
    };
    let mut pieces = 0;
    let end = loop {
        let end = piece_end(text, from);
        add(&mut plain, from, end);
        match gap(text, from, end) {
            Some(next) if pieces < PIECES && plain.len() < JOINED => from = next,
            _ => break end,
        }
        pieces += 1;
    };
    if pieces == 0 && header(text, at).is_none() {
        return None;
    }
    let rest = after(text, end, 200);
    let rest = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    add(&mut plain, end, end + rest);
    let view = View {
        text: plain,
        marks,
        how: How::Parts,
        covers: vec![Range { start: at, end }],
        instead: false,
        place: None,
    };
    Some((view, end))
}

/// The bracket that opens right before the literal at this place.
fn bracket(text: &[u8], at: usize) -> Option<usize> {
    let left = before(text, at, GAP);
    let left = left
        .strip_suffix(b"\"")
        .or_else(|| left.strip_suffix(b"'"))?;
    let open = left.trim_ascii_end();
    let blanks = left.len() - open.len();
    open.ends_with(b"(").then(|| at - 2 - blanks)
}

fn line_start(text: &[u8], at: usize) -> usize {
    let left = before(text, at, 200);
    at - left.len() + memchr::memrchr(b'\n', left).map_or(0, |at| at + 1)
}

/// The end of the piece that begins here.
fn piece_end(text: &[u8], at: usize) -> usize {
    let rest = after(text, at, PIECE);
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`\\".contains(byte);
    at + rest.iter().position(ends).unwrap_or(rest.len())
}

/// Where the next piece begins, if what follows this one continues it.
fn gap(text: &[u8], start: usize, end: usize) -> Option<usize> {
    let rest = after(text, end, GAP);
    let newline = |rest: &[u8]| match rest {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    };
    match rest {
        [quote @ (b'"' | b'\'' | b'`'), behind @ ..] => {
            let length = operator(text, end, *quote, behind)?;
            Some(end + 1 + length)
        }
        // Shell, C, Python, Makefile, Dockerfile, properties.
        [b'\\', behind @ ..] => {
            let length = newline(behind)?;
            let blanks = behind.get(length..)?.iter();
            let blanks = blanks.take_while(|b| matches!(b, b' ' | b'\t')).count();
            Some(end + 1 + length + blanks)
        }
        // A line of a block, alone on it, with another such below.
        _ => {
            let length = newline(rest)?;
            let indent = indentation(text, start)?;
            let below = rest.get(length..)?;
            let blanks = below.iter().take_while(|b| **b == b' ').count();
            let next = end + length + blanks;
            let behind = text.get(piece_end(text, next)).copied();
            let alone =
                matches!(behind, None | Some(b'\n' | b'\r')) && piece_end(text, next) > next;
            let inside = block_of(text, start).is_some();
            (indent > 0 && blanks == indent && alone && inside).then_some(next)
        }
    }
}

/// The length of what stands between a closing quote and the next opening one, which included, when it
/// joins the two literals.
fn operator(text: &[u8], end: usize, quote: u8, behind: &[u8]) -> Option<usize> {
    const OPERATORS: [&[u8]; 10] = [
        b"+", b"..", b".", b"&", b"<>", b"~", b"||", b"++", b"^", b",",
    ];
    let blank = |b: &u8| b.is_ascii_whitespace() || *b == b'\\' || *b == b'_';
    let mut at = behind.iter().take_while(|b| blank(b)).count();
    let rest = behind.get(at..)?;
    let operator = OPERATORS
        .iter()
        .filter(|operator| rest.starts_with(operator))
        .max_by_key(|operator| operator.len());
    match operator {
        Some(&b",") if !list_is_joined(text, end) => return None,
        Some(operator) => {
            at += operator.len();
            let rest = behind.get(at..)?;
            at += rest.iter().take_while(|b| blank(b)).count();
        }
        // Literals side by side are one in C, Python and others; `""` is a quote in a literal.
        None if at == 0 => return None,
        None => {}
    }
    let rest = behind.get(at..)?;
    let prefix = rest.iter().take_while(|b| b"rbuL".contains(b)).count();
    let prefix = if prefix <= 2 { prefix } else { return None };
    let opens = rest.get(prefix).copied()?;
    let fits = opens == quote || (operator.is_some() && matches!(opens, b'"' | b'\'' | b'`'));
    // Nothing follows in an empty literal, nor in a text between triple quotes.
    let empty = rest.get(prefix + 1) == Some(&opens);
    (fits && !empty).then_some(at + prefix + 1)
}

/// `["…", "…"].join("")`, `"".join(["…", "…"])`, `implode('', ['…', '…'])`
fn list_is_joined(text: &[u8], end: usize) -> bool {
    let left = before(text, end, 400);
    let called = [b".join([".as_slice(), b".join((", b"implode(", b"concat("];
    if called
        .iter()
        .any(|call| memchr::memmem::rfind(left, call).is_some())
    {
        return true;
    }
    let right = after(text, end, 2048);
    memchr::memchr2(b']', b')', right)
        .and_then(|at| right.get(at + 1..))
        .is_some_and(|behind| {
            let behind = behind.trim_ascii_start();
            [
                b".join(\"\")".as_slice(),
                b".join('')",
                b".join(``)",
                b".join\n",
                b".concat()",
            ]
            .iter()
            .any(|call| behind.starts_with(call))
        })
}

/// How far the line is indented on which this stands first and alone.
fn indentation(text: &[u8], at: usize) -> Option<usize> {
    let left = before(text, at, 200);
    let blanks = left.iter().rev().take_while(|b| **b == b' ').count();
    let above = left.len().checked_sub(blanks + 1);
    (above.and_then(|at| left.get(at)) == Some(&b'\n')).then_some(blanks)
}

/// `key: >-`: where the first line of the block begins, if all of it is one word.
fn header(text: &[u8], at: usize) -> Option<usize> {
    let rest = after(text, at, GAP);
    let mark = rest.iter().take_while(|b| b"|>+-".contains(b)).count();
    if !(1..=2).contains(&mark) || !matches!(rest.first(), Some(b'|' | b'>')) {
        return None;
    }
    let behind = rest.get(mark..)?;
    let line = memchr::memchr(b'\n', behind)?;
    if !behind.get(..line)?.trim_ascii().is_empty() {
        return None;
    }
    let below = behind.get(line + 1..)?;
    let blanks = below.iter().take_while(|b| **b == b' ').count();
    let first = at + mark + line + 1 + blanks;
    let end = piece_end(text, first);
    let alone = matches!(text.get(end), None | Some(b'\n' | b'\r'));
    (blanks > 0 && end > first && alone).then_some(first)
}

/// The key of the block scalar whose line this is: from the start of its line to its mark.
fn block_of(text: &[u8], at: usize) -> Option<Range<usize>> {
    let indent = indentation(text, at)?;
    let mut end = at.checked_sub(indent + 1)?;
    // Lines of the block above this one are indented alike.
    for _ in 0..PIECES {
        let left = before(text, end, PIECE + 64);
        let start = memchr::memrchr(b'\n', left).map_or(0, |at| at + 1);
        let line = left.get(start..)?;
        let trimmed = line.trim_ascii_end();
        let head = trimmed
            .strip_suffix(b"-")
            .or_else(|| trimmed.strip_suffix(b"+"))
            .unwrap_or(trimmed);
        let head = head
            .strip_suffix(b"|")
            .or_else(|| head.strip_suffix(b">"))
            .filter(|head| head.trim_ascii_end().ends_with(b":"));
        let begin = end - line.len();
        if let Some(head) = head {
            return Some(begin..begin + head.len());
        }
        let blanks = line.iter().take_while(|b| **b == b' ').count();
        if blanks != indent || trimmed.len() <= blanks {
            return None;
        }
        end = begin.checked_sub(1)?;
    }
    None
}
