//! Notebooks: cells are read as their authors wrote them, not as the JSON they are stored in.

use super::{How, Mark, View};
use crate::detect::place::Place;
use crate::detect::text::after;
use crate::model::Str;
use std::ops::Range;
use zeroize::Zeroizing;

/// Deeper documents are no notebooks.
const DEPTH: usize = 64;

/// The cells of a notebook: what was typed, and what came out.
pub(super) fn views(file: &str, text: &[u8], place: &Place, look: &mut impl FnMut(View) -> bool) {
    let head = after(text, 0, 64 << 10);
    let named = file.rsplit_once('.').is_some_and(|(_, e)| e == "ipynb");
    if !(named || place.unknown) || memchr::memmem::find(head, b"\"cells\"").is_none() {
        return;
    }
    let view = |source: bool| View {
        text: Zeroizing::new(Vec::with_capacity(text.len() + text.len() / 8)),
        marks: Vec::new(),
        how: How::Cell,
        covers: Vec::new(),
        instead: true,
        place: Some(Place { source, ..*place }),
    };
    let (mut typed, mut printed) = (view(true), view(false));
    let mut scanner = Scanner {
        text,
        at: 0,
        stack: Vec::new(),
    };
    let mut last = None;
    let mut line = 1;
    while let Some((span, part)) = scanner.next_text() {
        let view = match part.kind {
            Kind::Typed => &mut typed,
            Kind::Printed => &mut printed,
        };
        if last != Some((part.cell, part.value, part.kind)) {
            last = Some((part.cell, part.value, part.kind));
            line = 1;
            view.text.extend_from_slice(b"\n\n");
        }
        let pointer = match part.kind {
            Kind::Typed => "",
            Kind::Printed => " output",
        };
        append(
            text,
            span,
            view,
            &mut line,
            &format!("cell {}{pointer}", part.cell),
        );
    }
    for view in [typed, printed] {
        if !view.covers.is_empty() && !look(view) {
            return;
        }
    }
}

/// Appends a string's text, with a mark for each of its lines and behind each escape.
fn append(text: &[u8], span: Range<usize>, view: &mut View, line: &mut u32, cell: &str) {
    let source = text.get(span.clone()).unwrap_or_default();
    let named = |line: u32| Some(Str::from(format!("{cell} line {line}")));
    let mut pointer = named(*line);
    let mark = |view: &mut View, outer: usize, pointer: Option<Str>| {
        view.marks.push(Mark {
            at: view.text.len(),
            outer,
            pointer,
            verbatim: true,
        });
    };
    mark(view, span.start, pointer.clone());
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        view.text
            .extend_from_slice(rest.get(..plain).unwrap_or_default());
        at += plain;
        let Some(&escaped) = source.get(at + 1) else {
            break;
        };
        at += 2;
        match escaped {
            b'n' => {
                view.text.push(b'\n');
                *line = line.saturating_add(1);
                pointer = named(*line);
            }
            b'r' => view.text.push(b'\r'),
            b't' => view.text.push(b'\t'),
            b'u' => {
                let digits = source
                    .get(at..at + 4)
                    .and_then(|d| std::str::from_utf8(d).ok());
                let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                let c = value.and_then(char::from_u32).unwrap_or('\u{fffd}');
                view.text
                    .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                at += 4;
            }
            other => view.text.push(other),
        }
        mark(view, span.start + at, pointer.clone());
    }
    view.covers.push(span);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Typed,
    Printed,
}

/// Which part of which cell a string is.
struct Part {
    kind: Kind,
    cell: usize,
    /// Where the value begins that the string is one line of.
    value: usize,
}

/// Walks the JSON; what is broken ends it.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    stack: Vec<Level>,
}

struct Level {
    object: bool,
    /// In an object the key whose value follows; in an array the key of the array.
    key: Range<usize>,
    /// Whether a key is next.
    expects_key: bool,
    index: usize,
    start: usize,
}

impl Scanner<'_> {
    /// The next string that is a cell's text.
    fn next_text(&mut self) -> Option<(Range<usize>, Part)> {
        loop {
            let byte = *self.text.get(self.at)?;
            let start = self.at;
            self.at += 1;
            match byte {
                b'{' | b'[' => {
                    let key = self.stack.last().map_or(0..0, |level| level.key.clone());
                    if self.stack.len() >= DEPTH {
                        return None;
                    }
                    self.stack.push(Level {
                        object: byte == b'{',
                        key,
                        expects_key: byte == b'{',
                        index: 0,
                        start,
                    });
                }
                b'}' | b']' => {
                    self.stack.pop()?;
                }
                b',' => {
                    let level = self.stack.last_mut()?;
                    level.index += 1;
                    level.expects_key = level.object;
                }
                b'"' => {
                    let span = self.string()?;
                    let level = self.stack.last_mut()?;
                    if level.expects_key {
                        level.key = span;
                        level.expects_key = false;
                    } else if let Some(part) = self.part(start) {
                        return Some((span, part));
                    }
                }
                _ => {}
            }
        }
    }

    /// The content of the string whose quote was just read.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        loop {
            let rest = self.text.get(self.at..)?;
            self.at += memchr::memchr2(b'"', b'\\', rest)? + 1;
            if self.text.get(self.at - 1) == Some(&b'"') {
                return Some(start..self.at - 1);
            }
            self.at += 1;
        }
    }

    fn part(&self, at: usize) -> Option<Part> {
        let level = self.stack.last()?;
        let kind = match self.text.get(level.key.clone())? {
            b"source" | b"input" => Kind::Typed,
            b"text" | b"text/plain" | b"text/html" | b"traceback" | b"evalue" => Kind::Printed,
            _ => return None,
        };
        let cells = self.stack.iter().find(|level| {
            !level.object && self.text.get(level.key.clone()) == Some(b"cells".as_slice())
        })?;
        Some(Part {
            kind,
            cell: cells.index + 1,
            value: if level.object { at } else { level.start },
        })
    }
}
