//! YAML and JSON as one tree with line numbers, for everything that reads configuration.
//!
//! Built from the parser's events rather than with a loader, because input is hostile: aliases are
//! expanded within a budget (a "billion laughs" document is refused, not expanded), nesting is bounded,
//! duplicate keys do not lose the document (the last one counts, as in `kubectl`), and one broken
//! document of a stream does not lose the others.

mod comments;
mod lenient;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};
use std::collections::HashMap;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 100;
/// How many nodes aliases may add to one document; long texts count as several.
const MAX_ALIASED: usize = 100_000;
/// How many bytes of text weigh as much as a node.
const NODE_BYTES: usize = 128;

/// A value and the line it stands on.
#[derive(Clone, Debug)]
pub struct Node {
    /// 1-based; 0 in JSON, where records are named by pointer instead.
    pub line: u32,
    /// The file of the line, where a tree is put together from several, as whoever does so counts them; 0 in a
    /// tree as it was read.
    pub file: u32,
    /// The value.
    pub value: Value,
}

/// A YAML or JSON value.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// A scalar as written; `plain` when it was not quoted and so may be a number or a boolean.
    Scalar {
        /// The text, unescaped.
        text: String,
        /// Not quoted.
        plain: bool,
    },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in order; later duplicates have replaced earlier ones.
    Map(Vec<(String, Node)>),
}

/// Why a document could not be read.
#[derive(Clone, Debug)]
pub struct TreeError {
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// What.
    pub message: String,
    /// Whether a limit was hit, rather than the syntax broken.
    pub limit: bool,
}

impl Node {
    const NULL: Self = Self::new(0, Value::Null);

    /// A value of a tree of one file.
    pub const fn new(line: u32, value: Value) -> Self {
        Self {
            line,
            file: 0,
            value,
        }
    }

    /// The member of this name; `None` also when this is not a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The member at a path of names.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The text of a scalar; `None` for null, lists and mappings.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar member.
    pub fn str(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// A boolean member, as YAML 1.2 (and the YAML 1.1 spellings that Kubernetes accepts) write it.
    pub fn bool(&self, key: &str) -> Option<bool> {
        match &self.get(key)?.value {
            Value::Scalar { text, plain: true } => match text.as_str() {
                "true" | "True" | "TRUE" | "yes" | "on" => Some(true),
                "false" | "False" | "FALSE" | "no" | "off" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// The items of a list member; empty when absent or not a list.
    pub fn list(&self, key: &str) -> &[Self] {
        self.get(key).map_or(&[], Self::items)
    }

    /// The items of a list; empty when this is not one.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of a mapping; empty when this is not one.
    pub fn entries(&self) -> &[(String, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The texts of a list member's scalars.
    pub fn strings(&self, key: &str) -> Vec<std::sync::Arc<str>> {
        self.list(key)
            .iter()
            .filter_map(Self::text)
            .map(Into::into)
            .collect()
    }

    /// Whether this is a mapping.
    pub fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// The value of a mapping with one member, and the member's name.
    pub fn only(&self) -> Option<(&str, &Self)> {
        match self.entries() {
            [(key, value)] => Some((key, value)),
            _ => None,
        }
    }
}

/// What becomes of a node's own tag: `!Ref name`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tags {
    /// It is left out.
    Drop,
    /// The node becomes a mapping whose one member is named by the tag: `{"!Ref": name}`.
    Keep,
}

/// Reads every document of a YAML stream, each on its own. Empty documents are left out.
pub fn yaml(text: &str) -> Vec<Result<Node, TreeError>> {
    stream(text, Tags::Drop)
}

fn stream(text: &str, tags: Tags) -> Vec<Result<Node, TreeError>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut first_line = 0u32;
    let mut offset = 0;
    for (number, line) in (0u32..).zip(text.split_inclusive('\n')) {
        let marker = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if marker && offset > start {
            parts.push((first_line, text.get(start..offset).unwrap_or_default()));
            start = offset;
            first_line = number;
        }
        offset += line.len();
    }
    parts.push((first_line, text.get(start..).unwrap_or_default()));
    parts
        .into_iter()
        .filter_map(|(line, part)| lenient::read(part, line, tags).transpose())
        .collect()
}

/// Reads a JSON document; several concatenated ones are read one after the other.
pub fn json(text: &[u8]) -> Vec<Result<Node, TreeError>> {
    serde_json::Deserializer::from_slice(text)
        .into_iter::<Node>()
        .map(|item| {
            item.map_err(|error| TreeError {
                line: u32::try_from(error.line()).unwrap_or(u32::MAX),
                column: u32::try_from(error.column()).unwrap_or(u32::MAX),
                message: json_message(&error),
                limit: false,
            })
        })
        .collect()
}

/// What is wrong with a JSON text, without quoting any of it.
pub fn json_message(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => "JSON ends too early: the file is truncated".to_owned(),
        serde_json::error::Category::Data => "JSON value of an unexpected type".to_owned(),
        _ => {
            let text = error.to_string();
            // serde_json's syntax errors name no content, only the position, which is given apart.
            let text = text.split(" at line ").next().unwrap_or_default();
            format!("invalid JSON: {text}")
        }
    }
}

/// Whether a document is JSON rather than YAML: it opens with a brace or bracket, or a comment of programs.
pub fn looks_like_json(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let head = head.trim_ascii_start();
    matches!(head.first(), Some(b'{' | b'[')) || head.starts_with(b"//") || head.starts_with(b"/*")
}

/// Reads a document of either syntax, chosen by its first character. Invalid UTF-8 is an error that names the line.
pub fn documents(bytes: &[u8]) -> Vec<Result<Node, TreeError>> {
    of_either(bytes, Tags::Drop)
}

/// As [`documents`]; a node with a tag of its document's own (`!Ref name`) becomes a mapping whose one member is
/// named by the tag.
pub fn tagged_documents(bytes: &[u8]) -> Vec<Result<Node, TreeError>> {
    of_either(bytes, Tags::Keep)
}

fn of_either(bytes: &[u8], tags: Tags) -> Vec<Result<Node, TreeError>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = memchr::memchr_iter(b'\n', before).count() + 1;
            return vec![Err(TreeError {
                line: u32::try_from(line).unwrap_or(u32::MAX),
                column: 0,
                message: "not valid UTF-8".to_owned(),
                limit: false,
            })];
        }
    };
    if looks_like_json(bytes) {
        let read = json(bytes);
        if read.iter().any(Result::is_err) {
            let plain = json(&comments::blanked(bytes));
            if plain.iter().all(Result::is_ok) {
                return plain;
            }
        }
        // A YAML flow mapping also starts with a brace; what is not JSON may still be YAML.
        if read.iter().all(Result::is_ok) || bytes.len() > 1 << 20 {
            return read;
        }
        let again = stream(text, tags);
        return if again.iter().all(Result::is_ok) {
            again
        } else {
            read
        };
    }
    stream(text, tags)
}

/// One YAML document: events to a tree, with an explicit stack.
fn one(text: &str, first_line: u32, tags: Tags) -> Result<Option<Node>, TreeError> {
    let mut builder = Builder {
        keeps_tags: tags == Tags::Keep,
        ..Builder::default()
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| scan_error(&e, first_line))?;
        let line = first_line + u32::try_from(span.start.line()).unwrap_or(u32::MAX - first_line);
        let column = u32::try_from(span.start.col() + 1).unwrap_or(u32::MAX);
        builder.event(event, line).map_err(|message| TreeError {
            line,
            column,
            message: message.to_owned(),
            limit: true,
        })?;
    }
    Ok(builder
        .root
        .filter(|node| !matches!(node.value, Value::Null)))
}

fn scan_error(error: &ScanError, first_line: u32) -> TreeError {
    let marker = error.marker();
    TreeError {
        line: first_line.saturating_add(u32::try_from(marker.line()).unwrap_or(u32::MAX)),
        column: u32::try_from(marker.col() + 1).unwrap_or(u32::MAX),
        // The scanner's texts are fixed sentences but for the few that quote a character or a tag.
        message: format!(
            "invalid YAML: {}",
            error
                .info()
                .split(['`', '\'', '"'])
                .next()
                .unwrap_or_default()
                .trim_end()
        ),
        limit: false,
    }
}

/// An unfinished collection.
enum Frame {
    List {
        line: u32,
        anchor: usize,
        items: Vec<Node>,
    },
    Map {
        line: u32,
        anchor: usize,
        entries: Vec<(String, Node)>,
        key: Option<String>,
    },
}

#[derive(Default)]
struct Builder {
    stack: Vec<Frame>,
    anchors: HashMap<usize, (Node, usize)>,
    aliased: usize,
    root: Option<Node>,
    /// Whether tags name what they stand at.
    keeps_tags: bool,
    /// The tags of unfinished collections.
    tags: Vec<Option<String>>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, line: u32) -> Result<(), &'static str> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let value = if plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") {
                    Value::Null
                } else {
                    Value::Scalar {
                        text: text.into_owned(),
                        plain,
                    }
                };
                let tag = self.kept(tag);
                self.done(named(Node::new(line, value), tag), anchor);
            }
            Event::SequenceStart(anchor, tag) => {
                let tag = self.kept(tag);
                self.tags.push(tag);
                self.open(Frame::List {
                    line,
                    anchor,
                    items: Vec::new(),
                })?;
            }
            Event::MappingStart(anchor, tag) => {
                let tag = self.kept(tag);
                self.tags.push(tag);
                self.open(Frame::Map {
                    line,
                    anchor,
                    entries: Vec::new(),
                    key: None,
                })?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let tag = self.tags.pop().flatten();
                let (line, anchor, value) = match self.stack.pop() {
                    Some(Frame::List {
                        line,
                        anchor,
                        items,
                    }) => (line, anchor, Value::List(items)),
                    Some(Frame::Map {
                        line,
                        anchor,
                        entries,
                        ..
                    }) => (line, anchor, Value::Map(finish_map(entries))),
                    None => return Ok(()),
                };
                self.done(named(Node::new(line, value), tag), anchor);
            }
            Event::Alias(anchor) => {
                let (node, size) = self
                    .anchors
                    .get(&anchor)
                    .cloned()
                    .unwrap_or((Node::NULL, 1));
                self.aliased = self.aliased.saturating_add(size);
                if self.aliased > MAX_ALIASED {
                    return Err(
                        "YAML aliases expand beyond 100,000 nodes; the document was not read",
                    );
                }
                self.done(node, 0);
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// The tag as the name of a member; none for tags of YAML itself.
    fn kept(&self, tag: Option<std::borrow::Cow<'_, saphyr_parser::Tag>>) -> Option<String> {
        let tag = tag.filter(|tag| self.keeps_tags && tag.handle == "!")?;
        Some(format!("!{}", tag.suffix))
    }

    fn open(&mut self, frame: Frame) -> Result<(), &'static str> {
        if self.stack.len() >= MAX_DEPTH {
            return Err("YAML is nested more than 100 levels deep; the document was not read");
        }
        self.stack.push(frame);
        Ok(())
    }

    fn done(&mut self, node: Node, anchor: usize) {
        if anchor > 0 {
            let size = size(&node);
            // An anchor's copy costs as much as an alias of it.
            self.aliased = self.aliased.saturating_add(size);
            if self.aliased <= MAX_ALIASED {
                self.anchors.insert(anchor, (node.clone(), size));
            }
        }
        match self.stack.last_mut() {
            None => self.root = self.root.take().or(Some(node)),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { entries, key, .. }) => match key.take() {
                None => {
                    *key = Some(match node.value {
                        Value::Scalar { text, .. } => text,
                        // A key that is a collection or null names nothing that any format of ours uses.
                        _ => String::new(),
                    });
                }
                Some(key) => entries.push((key, node)),
            },
        }
    }
}

/// The node below the name of its tag.
fn named(node: Node, tag: Option<String>) -> Node {
    match tag {
        Some(tag) => Node {
            line: node.line,
            file: 0,
            value: Value::Map(vec![(tag, node)]),
        },
        None => node,
    }
}

/// Applies merge keys (`<<`) and keeps the last of duplicate keys.
fn finish_map(entries: Vec<(String, Node)>) -> Vec<(String, Node)> {
    let mut merged: Vec<(String, Node)> = Vec::with_capacity(entries.len());
    let mut position: HashMap<String, usize> = HashMap::new();
    let mut inherited = Vec::new();
    for (key, node) in entries {
        if key == "<<" {
            match node.value {
                Value::Map(inner) => inherited.extend(inner),
                Value::List(items) => {
                    inherited.extend(items.into_iter().flat_map(|item| match item.value {
                        Value::Map(inner) => inner,
                        _ => Vec::new(),
                    }))
                }
                _ => {}
            }
            continue;
        }
        match position.get(&key).and_then(|&i| merged.get_mut(i)) {
            Some(slot) => slot.1 = node,
            None => {
                position.insert(key.clone(), merged.len());
                merged.push((key, node));
            }
        }
    }
    for (key, node) in inherited {
        if !position.contains_key(&key) {
            position.insert(key.clone(), merged.len());
            merged.push((key, node));
        }
    }
    merged
}

/// What a copy of a node costs, in nodes.
fn size(node: &Node) -> usize {
    let text = |text: &str| text.len() / NODE_BYTES;
    match &node.value {
        Value::Null => 1,
        Value::Scalar { text: it, .. } => 1 + text(it),
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| text(key) + size(value));
            1 + entries.sum::<usize>()
        }
    }
}

impl<'de> serde::Deserialize<'de> for Node {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl NodeVisitor {
    fn scalar(text: impl ToString, plain: bool) -> Node {
        let text = text.to_string();
        Node::new(0, Value::Scalar { text, plain })
    }
}

impl<'de> serde::de::Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::NULL)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Self::scalar(value, true))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Self::scalar(value, true))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Self::scalar(value, true))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Self::scalar(value, true))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Self::scalar(value, false))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::new(0, Value::List(items)))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry::<String, Node>()? {
            entries.push(entry);
        }
        Ok(Node::new(0, Value::Map(finish_map(entries))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_document_does_not_lose_its_neighbours() {
        let read = yaml("a: 1\n---\nb: [\n---\nc: 3\n");
        assert_eq!(read.len(), 3);
        assert_eq!(read[0].as_ref().unwrap().str("a"), Some("1"));
        assert!(read[1].as_ref().unwrap_err().line >= 2);
        let third = read[2].as_ref().unwrap();
        assert_eq!(
            (third.str("c"), third.get("c").unwrap().line),
            (Some("3"), 5)
        );
    }

    #[test]
    fn the_last_duplicate_counts_and_merge_keys_apply() {
        let read = yaml("base: &b {x: 1, y: 2}\nit:\n  <<: *b\n  y: 3\n  y: 4\n");
        let it = read[0].as_ref().unwrap().get("it").unwrap();
        assert_eq!((it.str("x"), it.str("y")), (Some("1"), Some("4")));
    }

    #[test]
    fn brackets_may_close_as_far_left_as_their_key() {
        let read = yaml("m:\n  a: [\n    {x: 1},\n  ]\n  b: {\n    y: 2\n  }\nc: 3\n");
        let node = read[0].as_ref().unwrap();
        assert_eq!(node.at(&["m", "b"]).unwrap().str("y"), Some("2"));
        assert_eq!(node.get("c").unwrap().line, 8);
        // A text without quotes may hold one: YAML says that this is `1 ]`.
        let read = yaml("a: 1\n  ]\n");
        assert_eq!(read[0].as_ref().unwrap().str("a"), Some("1 ]"));
        assert!(yaml("a: [1\nb: 2\n").remove(0).is_err());
    }

    #[test]
    fn alias_bombs_are_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..12 {
            let list = vec![format!("*a{}", i - 1); 10].join(", ");
            text.push_str(&format!("a{i}: &a{i} [{list}]\n"));
        }
        let error = yaml(&text).remove(0).unwrap_err();
        assert!(error.limit, "{}", error.message);
    }

    #[test]
    fn aliases_of_long_texts_are_refused_too() {
        for value in [
            format!("\"{}\"", "x".repeat(1 << 20)),
            format!("{{{}: 1}}", "x".repeat(1000)),
        ] {
            let text = format!("a: &a {value}\nb: [{}]\n", vec!["*a"; 50_000].join(", "));
            let error = yaml(&text).remove(0).unwrap_err();
            assert!(error.limit, "{}", error.message);
        }
    }

    #[test]
    fn deep_nesting_is_refused_in_either_syntax() {
        assert!(yaml(&"[".repeat(100_000)).remove(0).is_err());
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(documents(deep.as_bytes()).remove(0).is_err());
        assert!(
            yaml(
                &(0..5000)
                    .map(|i| format!("{}a:\n", " ".repeat(i)))
                    .collect::<String>()
            )
            .remove(0)
            .is_err()
        );
    }

    #[test]
    fn scalars_keep_their_text() {
        let read = yaml("id: 0123\nneg: -1\nyes: \"true\"\ntag: =\n");
        let node = read[0].as_ref().unwrap();
        assert_eq!(node.str("id"), Some("0123"));
        assert_eq!(node.bool("yes"), None);
        assert_eq!(node.str("tag"), Some("="));
    }
}
