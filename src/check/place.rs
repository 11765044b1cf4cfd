//! Where things stand in a check file, so that an error names the author's own line.

use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::BTreeMap;

/// Where the keys and values of a YAML document stand.
pub(super) struct Places<'t> {
    text: &'t str,
    /// By path: `parameters.max_age_days.default` with `/` between the names.
    values: BTreeMap<String, Place>,
}

#[derive(Clone, Copy)]
struct Place {
    /// Characters before it.
    index: usize,
    line: u32,
    column: u32,
    block: bool,
}

enum Frame {
    List(usize),
    Map(Option<String>),
}

impl<'t> Places<'t> {
    /// Reads the places of a document; what cannot be read has none.
    pub(super) fn new(text: &'t str) -> Self {
        let mut values = BTreeMap::new();
        let mut stack: Vec<Frame> = Vec::new();
        for event in Parser::new_from_str(text) {
            let Ok((event, span)) = event else { break };
            let place = |style: ScalarStyle| Place {
                index: span.start.index(),
                line: u32::try_from(span.start.line()).unwrap_or(u32::MAX),
                column: u32::try_from(span.start.col() + 1).unwrap_or(u32::MAX),
                block: matches!(style, ScalarStyle::Literal | ScalarStyle::Folded),
            };
            match event {
                Event::SequenceStart(..) => {
                    values.insert(path(&stack), place(ScalarStyle::Plain));
                    stack.push(Frame::List(0));
                }
                Event::MappingStart(..) => {
                    values.insert(path(&stack), place(ScalarStyle::Plain));
                    stack.push(Frame::Map(None));
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    stack.pop();
                    step(&mut stack);
                }
                Event::Scalar(name, style, ..) => {
                    if let Some(Frame::Map(key @ None)) = stack.last_mut() {
                        *key = Some(name.into_owned());
                        // A key without a value of its own still has a place.
                        values.insert(path(&stack), place(ScalarStyle::Plain));
                    } else {
                        values.insert(path(&stack), place(style));
                        step(&mut stack);
                    }
                }
                Event::Alias(_) => step(&mut stack),
                _ => {}
            }
        }
        Self { text, values }
    }

    /// Line and column of the value at a path; of the nearest one around it otherwise.
    pub(super) fn of(&self, path: &str) -> (u32, u32) {
        let mut path = path;
        loop {
            if let Some(place) = self.values.get(path) {
                return (place.line, place.column);
            }
            match path.rsplit_once('/') {
                Some((outer, _)) => path = outer,
                None => return (1, 1),
            }
        }
    }

    /// Line and column of a character inside the text at a path. Text and source are walked side by
    /// side, white space aside, so that folding and indentation do not matter.
    pub(super) fn inside(&self, path: &str, content: &str, offset: usize) -> (u32, u32) {
        let Some(place) = self.values.get(path) else {
            return self.of(path);
        };
        let (mut line, mut column) = (place.line, place.column);
        let mut source = self.text.chars().skip(place.index).peekable();
        let mut step = |c: char| {
            if c == '\n' {
                line += 1;
                column = 1;
            } else {
                column += 1;
            }
            (line, column)
        };
        let mut at = (place.line, place.column);
        if place.block && source.peek().is_some_and(|c| matches!(c, '|' | '>')) {
            for c in source.by_ref() {
                at = step(c);
                if c == '\n' {
                    break;
                }
            }
        }
        let wanted = content
            .chars()
            .take(offset + 1)
            .filter(|c| !c.is_whitespace());
        let mut found = at;
        for wanted in wanted {
            for c in source.by_ref() {
                found = at;
                at = step(c);
                if c == wanted {
                    break;
                }
            }
        }
        found
    }
}

/// The last name of the way is complete: on to the next item or key.
fn step(stack: &mut [Frame]) {
    match stack.last_mut() {
        Some(Frame::List(at)) => *at += 1,
        Some(Frame::Map(key)) => *key = None,
        None => {}
    }
}

fn path(stack: &[Frame]) -> String {
    let names: Vec<String> = stack
        .iter()
        .map(|frame| match frame {
            Frame::List(at) => at.to_string(),
            Frame::Map(key) => key.clone().unwrap_or_default(),
        })
        .collect();
    names.join("/")
}
