//! Where everything in a registry stands, to the byte: the parser's events with their marks, as a tree.
//!
//! The same parser reads registries for scans, so what is edited here is what is understood there.

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Deepest nesting that is edited; the reader's limit is the same.
const MAX_DEPTH: usize = 100;

/// Why a text cannot be edited: a line, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Refusal {
    /// 1-based; 0 where no line can be named.
    pub line: usize,
    /// Why; quotes nothing of the file.
    pub why: &'static str,
}

impl Refusal {
    pub(super) const fn new(line: usize, why: &'static str) -> Self {
        Self { line, why }
    }
}

/// A value and where it stands, in bytes.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub start: usize,
    /// Behind the last byte that belongs to it; of what spans lines, on its last line.
    pub end: usize,
    /// 1-based.
    pub line: usize,
    /// 0-based, in characters.
    pub column: usize,
    /// Whether it has an anchor or a tag, or is an alias: what others may refer to is not changed.
    pub shared: bool,
    pub shape: Shape,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Scalar { text: String, style: ScalarStyle },
    List { items: Vec<Spot> },
    Map { entries: Vec<(Spot, Spot)> },
    Alias,
}

impl Spot {
    /// The value of a key; of one that is there twice the last, as the reader takes it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    pub(super) fn entry(&self, key: &str) -> Option<&(Self, Self)> {
        self.entries().iter().rfind(|(k, _)| k.text() == Some(key))
    }

    pub(super) fn entries(&self) -> &[(Self, Self)] {
        match &self.shape {
            Shape::Map { entries } => entries,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.shape {
            Shape::List { items } => items,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.shape {
            Shape::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether nothing is written where the value would be.
    pub(super) fn nothing(&self) -> bool {
        self.start == self.end && matches!(self.shape, Shape::Scalar { .. })
    }

    /// Whether an alias is in it, at any depth.
    pub(super) fn holds_alias(&self) -> bool {
        match &self.shape {
            Shape::Alias => true,
            Shape::Scalar { .. } => false,
            Shape::List { items } => items.iter().any(Self::holds_alias),
            Shape::Map { entries } => entries
                .iter()
                .any(|(key, value)| key.holds_alias() || value.holds_alias()),
        }
    }
}

/// An unfinished collection.
struct Frame {
    spot: Spot,
    key: Option<Spot>,
}

/// The documents of a text, in order; each its root.
pub(super) fn read(text: &str) -> Result<Vec<Spot>, Refusal> {
    let offsets = Offsets::new(text);
    let mut roots = Vec::new();
    let mut stack: Vec<Frame> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| Refusal::new(error.marker().line(), "this is not valid YAML"))?;
        let line = span.start.line();
        let spot = |shared, shape| Spot {
            start: offsets.byte(span.start.index()),
            end: offsets.byte(span.end.index()),
            line,
            column: span.start.col(),
            shared,
            shape,
        };
        let done = match event {
            Event::Scalar(value, style, anchor, tag) => {
                let shape = Shape::Scalar {
                    text: value.into_owned(),
                    style,
                };
                Some(spot(anchor != 0 || tag.is_some(), shape))
            }
            Event::Alias(_) => Some(spot(true, Shape::Alias)),
            Event::SequenceStart(anchor, tag) => {
                let shape = Shape::List { items: Vec::new() };
                stack.push(Frame {
                    spot: spot(anchor != 0 || tag.is_some(), shape),
                    key: None,
                });
                None
            }
            Event::MappingStart(anchor, tag) => {
                let shape = Shape::Map {
                    entries: Vec::new(),
                };
                stack.push(Frame {
                    spot: spot(anchor != 0 || tag.is_some(), shape),
                    key: None,
                });
                None
            }
            Event::SequenceEnd | Event::MappingEnd => stack.pop().map(|frame| {
                let mut spot = frame.spot;
                let last = match &spot.shape {
                    Shape::List { items } => items.last(),
                    Shape::Map { entries } => entries.last().map(|(_, value)| value),
                    _ => None,
                };
                spot.end = match flow(text, &spot) {
                    true => offsets.byte(span.start.index()) + 1,
                    false => last.map_or(spot.start, |last| last.end),
                };
                spot
            }),
            _ => None,
        };
        if stack.len() > MAX_DEPTH {
            return Err(Refusal::new(line, "nested too deeply"));
        }
        if let Some(mut spot) = done {
            scalar_end(text, &mut spot);
            place(text, &mut stack, &mut roots, spot)?;
        }
    }
    Ok(roots)
}

/// Puts a finished value where it belongs.
fn place(
    text: &str,
    stack: &mut [Frame],
    roots: &mut Vec<Spot>,
    mut spot: Spot,
) -> Result<(), Refusal> {
    let Some(frame) = stack.last_mut() else {
        block_end(text, &mut spot, 0);
        roots.push(spot);
        return Ok(());
    };
    let column = frame.spot.column;
    match &mut frame.spot.shape {
        Shape::List { items } => {
            block_end(text, &mut spot, column);
            if spot.nothing() {
                // Its mark may be at whatever comes next; the dash is what stands for it.
                let last = items.last().map_or(frame.spot.start, |last| last.end);
                spot.start = last;
                spot.end = last;
            }
            items.push(spot);
        }
        Shape::Map { entries } => match frame.key.take() {
            None => frame.key = Some(spot),
            Some(key) => {
                block_start(text, &mut spot, &key);
                block_end(text, &mut spot, key.column);
                if spot.nothing() {
                    let colon = colon(text, key.end);
                    let at = colon.unwrap_or(key.end);
                    spot.line = key.line;
                    spot.start = at;
                    spot.end = at;
                }
                entries.push((key, spot));
            }
        },
        Shape::Scalar { .. } | Shape::Alias => {}
    }
    Ok(())
}

/// The end of a text, where the parser's mark is behind what follows it: of one in quotes the closing quote, of a
/// plain one its last character that is no blank.
fn scalar_end(text: &str, spot: &mut Spot) {
    let Shape::Scalar { style, text: value } = &spot.shape else {
        return;
    };
    if value.is_empty() && *style == ScalarStyle::Plain {
        spot.end = spot.start;
        return;
    }
    let rest = text.get(spot.start..).unwrap_or_default().as_bytes();
    let closing = match style {
        ScalarStyle::Plain => {
            let written = text.get(spot.start..spot.end).unwrap_or_default();
            spot.end = spot.start + written.trim_end().len();
            return;
        }
        ScalarStyle::SingleQuoted => {
            let mut at = 1;
            loop {
                match memchr::memchr(b'\'', rest.get(at..).unwrap_or_default()) {
                    Some(n) if rest.get(at + n + 1) == Some(&b'\'') => at += n + 2,
                    other => break other.map(|n| at + n),
                }
            }
        }
        ScalarStyle::DoubleQuoted => {
            let mut at = 1;
            loop {
                match memchr::memchr2(b'"', b'\\', rest.get(at..).unwrap_or_default()) {
                    Some(n) if rest.get(at + n) == Some(&b'\\') => at += n + 2,
                    other => break other.map(|n| at + n),
                }
            }
        }
        _ => return,
    };
    if let Some(closing) = closing {
        spot.end = spot.start + closing + 1;
    }
}

/// The start of a literal or folded text: its mark is at the first line, and the sign for it behind the colon.
fn block_start(text: &str, spot: &mut Spot, key: &Spot) {
    let Shape::Scalar { style, .. } = &spot.shape else {
        return;
    };
    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
        && let Some(colon) = colon(text, key.end)
    {
        let rest = text.get(colon..).unwrap_or_default();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        spot.start = colon + blanks;
        spot.line = key.line;
    }
}

/// The end of a literal or folded text: of the lines indented more than what it belongs to, the last with text.
fn block_end(text: &str, spot: &mut Spot, parent: usize) {
    let Shape::Scalar { style, .. } = &spot.shape else {
        return;
    };
    if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        return;
    }
    let mut end = line_end(text, spot.start);
    let mut at = end;
    while let Some(line) = text
        .get(next_line(text, at)..)
        .filter(|rest| !rest.is_empty())
    {
        let start = next_line(text, at);
        let line = line.split('\n').next().unwrap_or_default();
        let content = line.trim_start_matches(' ');
        let blank = content.trim_end().is_empty();
        if !blank && line.len() - content.len() <= parent && !(parent == 0 && line.starts_with(' '))
        {
            break;
        }
        let stop = line_end(text, start);
        if !blank {
            end = stop;
        }
        if stop >= text.len() || next_line(text, stop) <= at {
            break;
        }
        at = stop;
    }
    spot.end = end;
}

/// Whether a collection is written in brackets or braces. The mark of a list at its key's own indentation is at its
/// first item, which may be in braces.
pub(super) fn flow(text: &str, spot: &Spot) -> bool {
    let open = match spot.shape {
        Shape::List { .. } => '[',
        _ => '{',
    };
    text.get(spot.start..)
        .is_some_and(|rest| rest.starts_with(open))
}

/// Behind the colon of a key that ends here; `None` where none follows on the line.
pub(super) fn colon(text: &str, end: usize) -> Option<usize> {
    let rest = text.get(end..)?;
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    rest.get(blanks..)?
        .starts_with(':')
        .then_some(end + blanks + 1)
}

/// The end of the line, without its line break.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let end = rest.find('\n').map_or(text.len(), |n| at + n);
    match text.get(at..end) {
        Some(line) if line.ends_with('\r') => end - 1,
        _ => end,
    }
}

/// The start of the line after the one that this is on; the text's end where there is none.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.find('\n').map_or(text.len(), |n| at + n + 1)
}

/// The start of the line.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.rfind('\n').map_or(0, |n| n + 1)
}

/// From the parser's characters to bytes.
struct Offsets {
    /// Empty where every character is a byte.
    bytes: Vec<usize>,
    end: usize,
}

impl Offsets {
    fn new(text: &str) -> Self {
        let bytes = match text.is_ascii() {
            true => Vec::new(),
            false => text.char_indices().map(|(at, _)| at).collect(),
        };
        Self {
            bytes,
            end: text.len(),
        }
    }

    fn byte(&self, index: usize) -> usize {
        match self.bytes.is_empty() {
            true => index.min(self.end),
            false => self.bytes.get(index).copied().unwrap_or(self.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spots(text: &str, spot: &Spot, out: &mut Vec<String>) {
        match &spot.shape {
            Shape::Scalar { .. } | Shape::Alias => out.push(
                text.get(spot.start..spot.end)
                    .unwrap_or_default()
                    .to_owned(),
            ),
            Shape::List { items } => items.iter().for_each(|i| spots(text, i, out)),
            Shape::Map { entries } => entries.iter().for_each(|(k, v)| {
                spots(text, k, out);
                spots(text, v, out);
            }),
        }
    }

    #[test]
    fn every_value_is_where_it_stands() {
        for (text, values) in [
            ("a: b # c\nd: 'e ''f' # g\n", vec!["a", "b", "d", "'e ''f'"]),
            ("ä: \"ü\" \né: ö\n", vec!["ä", "\"ü\"", "é", "ö"]),
            (
                "a:\nb: # x\n  # y\nc: 1\n",
                vec!["a", "", "b", "", "c", "1"],
            ),
            (
                "l:\n  - a: |\n      t\n\n      u\n\n    # no\n    b: >-\n     v\n  - x\n",
                vec!["l", "a", "|\n      t\n\n      u", "b", ">-\n     v", "x"],
            ),
            (
                "l:\r\n- a: x y\r\n  b: {c: , \"d\": [1, 2], e}\r\n",
                vec!["l", "a", "x y", "b", "c", "", "\"d\"", "1", "2", "e", ""],
            ),
            (
                "a: x\n  y # z\nb: \"m\n  n\"\n",
                vec!["a", "x\n  y", "b", "\"m\n  n\""],
            ),
            ("---\na: 1\n...\n---\nb: 2\n", vec!["a", "1", "b", "2"]),
        ] {
            let roots = read(text).unwrap();
            let mut found = Vec::new();
            roots.iter().for_each(|root| spots(text, root, &mut found));
            assert_eq!(found, values, "{text}");
        }
    }
}
