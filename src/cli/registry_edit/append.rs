//! Further entries, at the end of `identities:`, in the style of those that are there.

use super::layout::{Shape, Spot, line_end, line_start, next_line};
use super::{Refusal, Registry, Splice, scalar};
use std::fmt::Write as _;

/// An entry to be added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Stub {
    /// The identity.
    pub id: String,
    /// Lines of comment below the id.
    pub notes: Vec<String>,
    /// The other fields.
    pub fields: Vec<Field>,
}

/// A field of an entry to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Field {
    /// Its key.
    pub key: &'static str,
    /// Its value.
    pub value: Value,
    /// A comment behind it.
    pub note: Option<String>,
}

/// A value of an entry to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Value {
    /// A text, in quotes.
    Text(String),
    /// A text that is a date, as it is.
    Date(String),
    /// Further fields.
    Map(Vec<(&'static str, String)>),
}

impl Value {
    fn written(&self) -> String {
        match self {
            Self::Text(text) => scalar::quoted(text),
            Self::Date(text) => scalar::written(text, Some(saphyr_parser::ScalarStyle::Plain)),
            Self::Map(fields) => {
                let fields = fields
                    .iter()
                    .map(|(key, text)| format!("{key}: {}", scalar::quoted(text)));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// How a list's entries are laid out.
struct Block<'a> {
    /// Blanks before the dash.
    dash: usize,
    /// Columns from the dash to the keys.
    keys: usize,
    /// Whether a blank line goes before each.
    blank: bool,
    newline: &'a str,
}

impl Default for Block<'_> {
    fn default() -> Self {
        Self {
            dash: 2,
            keys: 2,
            blank: true,
            newline: "\n",
        }
    }
}

impl Block<'_> {
    fn lines(&self, stubs: &[Stub]) -> String {
        let mut out = String::new();
        let (dash, newline) = (" ".repeat(self.dash), self.newline);
        let keys = " ".repeat(self.dash + self.keys);
        let gap = " ".repeat(self.keys.saturating_sub(1).max(1));
        for stub in stubs {
            if self.blank {
                out.push_str(newline);
            }
            // Writing to a String cannot fail.
            let _ = write!(out, "{dash}-{gap}id: {}{newline}", scalar::quoted(&stub.id));
            for note in &stub.notes {
                let _ = write!(out, "{keys}# {}{newline}", scalar::comment(note));
            }
            for field in &stub.fields {
                let _ = write!(out, "{keys}{}: {}", field.key, field.value.written());
                if let Some(note) = &field.note {
                    let _ = write!(out, "  # {}", scalar::comment(note));
                }
                out.push_str(newline);
            }
        }
        out
    }
}

impl Registry {
    /// Adds entries.
    pub(super) fn append(&self, stubs: &[Stub]) -> Result<Vec<Splice>, Refusal> {
        if stubs.is_empty() {
            return Ok(Vec::new());
        }
        let Some(root) = self.roots.get(self.root) else {
            return Ok(vec![self.fresh(stubs)]);
        };
        if !matches!(root.shape, Shape::Map { .. }) {
            return match root.nothing() {
                true => Ok(vec![self.fresh(stubs)]),
                false => Err(Refusal::new(root.line, "a registry is a mapping")),
            };
        }
        let block = Block {
            newline: self.newline(),
            ..Block::default()
        };
        let Some((key, list)) = root.entry("identities") else {
            if self.is_flow(root) {
                return Err(Refusal::new(
                    root.line,
                    "there is no `identities` in it, and in braces none can be added",
                ));
            }
            let lines = format!("identities:{}{}", self.newline(), block.lines(stubs));
            let at = next_line(&self.text, root.end);
            return Ok(vec![self.splice_line(at, &lines)]);
        };
        if list.shared {
            return Err(Refusal::new(
                list.line,
                "`identities` has an anchor, a tag or an alias; change it by hand",
            ));
        }
        match &list.shape {
            Shape::List { items } if self.is_flow(list) => {
                self.add_in_brackets(root, key, list, items, stubs, &block)
            }
            Shape::List { items } => self.add_behind_dashes(items, stubs),
            Shape::Scalar { .. } if list.nothing() && !self.is_flow(root) => {
                let at = next_line(&self.text, key.end);
                Ok(vec![self.splice_line(at, &block.lines(stubs))])
            }
            _ => Err(Refusal::new(list.line, "`identities` is not a list")),
        }
    }

    /// A registry of which nothing but comments is there.
    fn fresh(&self, stubs: &[Stub]) -> Splice {
        let newline = self.newline();
        let block = Block {
            newline,
            ..Block::default()
        };
        let lines = block.lines(stubs);
        self.splice_line(
            self.text.len(),
            &format!("version: 1{newline}identities:{newline}{lines}"),
        )
    }

    fn add_behind_dashes(&self, items: &[Spot], stubs: &[Stub]) -> Result<Vec<Splice>, Refusal> {
        let (Some(first), Some(last)) = (items.first(), items.last()) else {
            return Err(Refusal::new(0, "`identities` is not a list"));
        };
        let start = line_start(&self.text, first.start);
        let before = self.text.get(start..first.start).unwrap_or_default();
        let blanks = before.len() - before.trim_start_matches(' ').len();
        let lead = before.get(blanks..).unwrap_or_default();
        let lead = match lead.strip_prefix('-') {
            Some(gap) if gap.chars().all(|c| c == ' ') && !gap.is_empty() => lead.len(),
            _ => {
                return Err(Refusal::new(
                    first.line,
                    "the first entry does not stand behind a dash; add to this list by hand",
                ));
            }
        };
        // What stands above an entry may be a comment on it.
        let above = self.text.get(..line_start(&self.text, last.start));
        let above = above.unwrap_or_default().lines().rev();
        let above = above.map(str::trim).find(|line| !line.starts_with('#'));
        let block = Block {
            dash: blanks,
            keys: lead,
            blank: items.len() < 2 || above.is_none_or(str::is_empty),
            newline: self.newline(),
        };
        let at = self.behind_comments(last.end, blanks);
        Ok(vec![self.splice_line(at, &block.lines(stubs))])
    }

    fn add_in_brackets(
        &self,
        root: &Spot,
        key: &Spot,
        list: &Spot,
        items: &[Spot],
        stubs: &[Stub],
        block: &Block<'_>,
    ) -> Result<Vec<Splice>, Refusal> {
        let written = self.text.get(list.start..list.end).unwrap_or_default();
        let empty = written
            .trim_matches(['[', ']'])
            .trim_matches(' ')
            .is_empty();
        let own_line = line_start(&self.text, key.start) == key.start;
        if items.is_empty() && empty && own_line && !self.is_flow(root) {
            let tail = self.text.get(list.end..line_end(&self.text, list.end));
            let blank = tail.is_none_or(|tail| tail.trim().is_empty());
            let start = if blank {
                super::layout::colon(&self.text, key.end).unwrap_or(list.start)
            } else {
                list.start
            };
            let at = next_line(&self.text, list.end);
            return Ok(vec![
                Splice {
                    start,
                    end: list.end,
                    text: String::new(),
                },
                self.splice_line(at, &block.lines(stubs)),
            ]);
        }
        // In what is all in braces and quotes, JSON is meant, and that has no comments.
        let json = self.is_flow(root)
            && self
                .text
                .get(key.start..)
                .is_some_and(|rest| rest.starts_with('"'));
        let newline = self.newline();
        let column = items.last().map_or(4, |last| {
            let start = line_start(&self.text, last.start);
            let before = self.text.get(start..last.start).unwrap_or_default();
            match before.trim().is_empty() {
                true => before.len(),
                false => 4,
            }
        });
        let indent = " ".repeat(column);
        let mut text = String::new();
        for (at, stub) in stubs.iter().enumerate() {
            if at > 0 || !items.is_empty() {
                text.push(',');
            }
            text.push_str(newline);
            if !json {
                let of = stub.fields.iter();
                let of = of.filter_map(|f| Some(format!("{}: {}", f.key, f.note.as_ref()?)));
                for note in stub.notes.iter().cloned().chain(of) {
                    let _ = write!(text, "{indent}# {}{newline}", scalar::comment(&note));
                }
            }
            let name = |key: &str| match json {
                true => scalar::quoted(key),
                false => key.to_owned(),
            };
            let _ = write!(
                text,
                "{indent}{{{}: {}",
                name("id"),
                scalar::quoted(&stub.id)
            );
            for field in &stub.fields {
                let value = match &field.value {
                    Value::Date(text) if json => scalar::quoted(text),
                    Value::Map(fields) if json => {
                        let fields = fields
                            .iter()
                            .map(|(k, v)| ((*k).to_owned(), v.as_str().into()));
                        let map: serde_json::Map<String, serde_json::Value> = fields.collect();
                        serde_json::Value::Object(map).to_string()
                    }
                    value => value.written(),
                };
                let _ = write!(text, ", {}: {value}", name(field.key));
            }
            text.push('}');
        }
        let at = match items.last() {
            Some(last) => last.end,
            None => list.end.saturating_sub(1),
        };
        if items.is_empty() {
            text.push_str(newline);
        }
        Ok(vec![Splice {
            start: at,
            end: at,
            text,
        }])
    }
}
