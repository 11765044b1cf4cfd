//! Fields of files that people write by hand: registries of identities and of vendors. What cannot be understood is
//! said with its line, and nothing that stands there is repeated that could be anything.

use super::tree;
use crate::model::{DateField, Document, Owner, Problem, ProblemKind, Str};

/// How many problems are named one by one.
const MAX_PROBLEMS: usize = 1000;

/// Reads fields of a document, and keeps what is wrong with them.
pub(super) struct Fields<'a> {
    pub(super) document: &'a Document<'a>,
    reader: &'static str,
    problems: Vec<Problem>,
    dropped: usize,
}

impl<'a> Fields<'a> {
    pub(super) const fn new(document: &'a Document<'a>, reader: &'static str) -> Self {
        Self {
            document,
            reader,
            problems: Vec::new(),
            dropped: 0,
        }
    }

    /// What was wrong.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        if self.dropped > 0 {
            let message = format!("{} more problems of this sort", self.dropped);
            self.push(None, ProblemKind::Malformed, message);
        }
        self.problems
    }

    /// A document that is no YAML.
    pub(super) fn broken(&mut self, error: tree::TreeError) {
        self.problems
            .push(error.problem(self.document, self.reader));
    }

    pub(super) fn owner(&mut self, item: &tree::Node, key: &str) -> Option<(Owner, Str)> {
        let raw = self.text(item, key)?;
        let owner = Owner::parse(&raw);
        if owner.is_none() {
            let message = format!("`{key}` names nobody");
            self.note(item.get(key).map_or(item.line, |n| n.line), &message);
        }
        Some((owner?, raw))
    }

    /// One of a few words, lower case, or what stands for one of them.
    pub(super) fn word(
        &mut self,
        item: &tree::Node,
        key: &str,
        known: &[&'static str],
        meant: &[(&str, &'static str)],
    ) -> Option<&'static str> {
        let word = self
            .text(item, key)?
            .to_lowercase()
            .replace([' ', '_'], "-");
        let found = known.iter().find(|name| **name == word).copied();
        let found = found.or_else(|| {
            let mut meant = meant.iter();
            meant.find(|(name, _)| *name == word).map(|(_, name)| *name)
        });
        if found.is_none() {
            let line = item.get(key).map_or(item.line, |n| n.line);
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("`{key}` is none of {}", known.join(", "));
            self.malformed(line, &message);
        }
        found
    }

    pub(super) fn date(&mut self, item: &tree::Node, key: &str) -> DateField {
        let Some(node) = item.get(key) else {
            return DateField::Absent;
        };
        let text = match &node.value {
            tree::Value::Null => "",
            tree::Value::Scalar { text, .. } => text.as_str(),
            _ => {
                self.wrong_type(node, key, "a date");
                return DateField::Malformed("".into());
            }
        };
        let date = DateField::read(Some(text));
        let wrong = match date {
            DateField::Ambiguous(_) => "can be read in two ways",
            DateField::Malformed(_) => "is not a date that can be read",
            DateField::Absent | DateField::Empty | DateField::At(_) => return date,
        };
        self.note(
            node.line,
            &format!("`{key}` {wrong}; write it as YYYY-MM-DD"),
        );
        date
    }

    pub(super) fn boolean(&mut self, item: &tree::Node, key: &str) -> Option<bool> {
        let node = item.get(key)?;
        let value = item.bool(key);
        if value.is_none() && !matches!(node.value, tree::Value::Null) {
            self.wrong_type(node, key, "true or false");
        }
        value
    }

    pub(super) fn text(&mut self, item: &tree::Node, key: &str) -> Option<Str> {
        let node = item.get(key)?;
        match &node.value {
            tree::Value::Null => None,
            tree::Value::Scalar { text, .. } => {
                let text = text.trim();
                (!text.is_empty()).then(|| text.into())
            }
            _ => {
                self.wrong_type(node, key, "a text");
                None
            }
        }
    }

    /// A list of texts; one text stands for a list of one.
    pub(super) fn texts(&mut self, item: &tree::Node, key: &str) -> Vec<Str> {
        let Some(node) = item.get(key) else {
            return Vec::new();
        };
        match &node.value {
            tree::Value::Null => Vec::new(),
            tree::Value::Scalar { text, .. } if text.trim().is_empty() => Vec::new(),
            tree::Value::Scalar { text, .. } => vec![text.trim().into()],
            tree::Value::List(items) => {
                if items.iter().any(|item| item.text().is_none()) {
                    self.wrong_type(node, key, "a list of texts");
                }
                item.strings(key)
            }
            tree::Value::Map(_) => {
                self.wrong_type(node, key, "a list of texts");
                Vec::new()
            }
        }
    }

    /// A mapping of a field; what is none is said.
    pub(super) fn mapping<'n>(
        &mut self,
        item: &'n tree::Node,
        key: &str,
        known: Option<&[&str]>,
    ) -> Option<&'n tree::Node> {
        let node = item.get(key)?;
        if matches!(node.value, tree::Value::Null) {
            return None;
        }
        if !node.is_map() {
            self.wrong_type(node, key, "a mapping");
            return None;
        }
        if let Some(known) = known {
            self.unknown_fields(node, known);
        }
        Some(node)
    }

    /// Says which fields are not known, with the one that was probably meant.
    pub(super) fn unknown_fields(&mut self, node: &tree::Node, known: &[&str]) {
        for (key, value) in node.entries() {
            if known.contains(&key.as_str()) || key.starts_with("x-") {
                continue;
            }
            let meant = known
                .iter()
                // The distance takes memory for every pair of characters; what is this long is no slip.
                .filter(|_| key.len() <= 64)
                .map(|name| (strsim::damerau_levenshtein(name, &key.to_lowercase()), name))
                .min()
                .filter(|(distance, name)| *distance <= name.len() / 3);
            // A key that does not look like a field's name is not repeated: it could be anything.
            let wordlike =
                key.len() <= 24 && key.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
            let message = match (meant, wordlike) {
                (Some((_, name)), true) => format!("unknown field `{key}`; did you mean `{name}`?"),
                (Some((_, name)), false) => format!("unknown field; did you mean `{name}`?"),
                (None, true) => format!("unknown field `{key}`; known are {}", known.join(", ")),
                (None, false) => format!("unknown field; known are {}", known.join(", ")),
            };
            self.malformed(value.line, &message);
        }
    }

    pub(super) fn wrong_type(&mut self, node: &tree::Node, key: &str, wanted: &str) {
        let message = format!("`{key}` is not {wanted}");
        self.malformed(node.line, &message);
    }

    pub(super) fn malformed(&mut self, line: u32, message: &str) {
        self.problem(line, ProblemKind::Malformed, message);
    }

    pub(super) fn note(&mut self, line: u32, message: &str) {
        self.problem(line, ProblemKind::Note, message);
    }

    fn problem(&mut self, line: u32, kind: ProblemKind, message: &str) {
        if self.problems.len() >= MAX_PROBLEMS {
            self.dropped += 1;
            return;
        }
        self.push(
            Some(line).filter(|line| *line > 0),
            kind,
            message.to_owned(),
        );
    }

    fn push(&mut self, line: Option<u32>, kind: ProblemKind, message: String) {
        self.problems.push(Problem {
            path: self.document.origin.path.clone(),
            line,
            column: None,
            kind,
            reader: self.reader,
            message: message.into(),
        });
    }
}
