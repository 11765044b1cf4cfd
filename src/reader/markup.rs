//! XML as a tree with lines, as far as configuration needs it: no entities but the five, no documents from
//! elsewhere, bounded in depth and size.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Deepest nesting that is read.
const DEPTH: usize = 64;
/// Most elements that are read.
const ELEMENTS: usize = 500_000;

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    /// The text directly inside, trimmed.
    pub(super) text: String,
    pub(super) line: u32,
}

impl Element {
    /// The children of this name, in order.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of this name, unless it is empty.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        let child = self.named(name).next()?;
        Some(child.text.as_str()).filter(|text| !text.is_empty())
    }

    /// An attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Counts lines as reading goes on.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: u32,
}

impl Lines<'_> {
    fn to(&mut self, at: usize) -> u32 {
        let passed = self.text.get(self.at..at).unwrap_or_default();
        self.line += u32::try_from(memchr::memchr_iter(b'\n', passed).count()).unwrap_or(0);
        self.at = self.at.max(at);
        self.line
    }
}

/// The root element; an error is a line and what is wrong, without quoting anything.
pub(super) fn parse(text: &str) -> Result<Element, (u32, &'static str)> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut lines = Lines {
        text: text.as_bytes(),
        at: 0,
        line: 1,
    };
    let mut stack: Vec<Element> = vec![Element::default()];
    let mut count = 0usize;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let line = lines.to(at);
        let event = reader.read_event().map_err(|_| (line, "invalid XML"))?;
        match event {
            Event::Start(start) => {
                count += 1;
                if stack.len() > DEPTH || count > ELEMENTS {
                    return Err((line, "XML is nested too deep or too long; it was not read"));
                }
                stack.push(element(&start, line));
            }
            Event::Empty(start) => {
                count += 1;
                if count > ELEMENTS {
                    return Err((line, "XML is too long; it was not read"));
                }
                let child = element(&start, line);
                if let Some(parent) = stack.last_mut() {
                    parent.children.push(child);
                }
            }
            Event::End(_) => {
                if let (Some(mut child), true) = (stack.pop(), !stack.is_empty()) {
                    child.text = child.text.trim().to_owned();
                    if let Some(parent) = stack.last_mut() {
                        parent.children.push(child);
                    }
                }
            }
            Event::Text(text) => add(&mut stack, &text),
            Event::CData(text) => add(&mut stack, &text),
            Event::GeneralRef(name) => {
                // Only what XML itself defines; a document's own entities stay unread.
                let character = match name.as_ref() {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => name.resolve_char_ref().ok().flatten(),
                };
                if let Some(character) = character {
                    add(&mut stack, character.encode_utf8(&mut [0; 4]));
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if stack.len() != 1 {
        return Err((lines.line, "XML ends too early: the file is truncated"));
    }
    let root = stack.pop().and_then(|mut root| root.children.pop());
    root.ok_or((1, "no XML element"))
}

fn add(stack: &mut [Element], text: &str) {
    if let Some(element) = stack.last_mut() {
        element.text.push_str(text);
    }
}

fn element(start: &BytesStart<'_>, line: u32) -> Element {
    let attributes = start.attributes().flatten().take(64);
    Element {
        name: start.name().as_ref().to_owned(),
        attributes: attributes
            .map(|attribute| {
                let key = attribute.key.as_ref().to_owned();
                let value = attribute.value.into_owned();
                (key, unescaped(value))
            })
            .collect(),
        line,
        ..Element::default()
    }
}

fn unescaped(value: String) -> String {
    if !value.contains('&') {
        return value;
    }
    let value = value.replace("&lt;", "<").replace("&gt;", ">");
    let value = value.replace("&quot;", "\"").replace("&apos;", "'");
    value.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_lines_texts_and_attributes() {
        let root =
            parse("<?xml version='1.1'?>\n<a>\n <b x='1 &amp; 2'>c &lt; d</b>\n <e/>\n</a>\n")
                .unwrap();
        assert_eq!(root.name, "a");
        let b = root.named("b").next().unwrap();
        assert_eq!(
            (&*b.text, b.attribute("x"), b.line),
            ("c < d", Some("1 & 2"), 3)
        );
        assert_eq!(root.children.len(), 2);
    }

    #[test]
    fn entities_are_not_expanded_and_depth_is_bounded() {
        let bomb = "<!DOCTYPE a [<!ENTITY x \"yyyy\">]><a>&x;&x;</a>";
        assert_eq!(parse(bomb).unwrap().text, "");
        assert!(parse(&"<a>".repeat(1000)).is_err());
        assert!(parse("<a><b></a>").is_err());
        assert!(parse("").is_err());
    }
}
