//! JSON as a tree whose nodes know their lines: for files of which findings name the line.

use super::tree::{Node, TreeError, Value};
use std::collections::HashMap;

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 100;

/// Reads one JSON document. Of a key that stands twice the last counts.
///
/// # Errors
/// Where the text is no JSON, or nested too deep. The message quotes nothing.
pub fn json(bytes: &[u8]) -> Result<Node, TreeError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = Reader {
        bytes,
        at: 0,
        line: 1,
    };
    let node = reader.value(0)?;
    reader.space();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.error("invalid JSON: something follows the document", false)),
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    line: u32,
}

impl Reader<'_> {
    fn error(&self, message: &str, limit: bool) -> TreeError {
        let before = self.bytes.get(..self.at).unwrap_or_default();
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        TreeError {
            line: self.line,
            column: u32::try_from(self.at - start + 1).unwrap_or(u32::MAX),
            message: message.to_owned(),
            limit,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => self.line = self.line.saturating_add(1),
                b' ' | b'\t' | b'\r' => {}
                _ => return,
            }
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, TreeError> {
        self.space();
        let line = self.line;
        if depth > MAX_DEPTH {
            return Err(self.error("JSON is nested more than 100 levels deep", true));
        }
        let value = match self.peek() {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Scalar {
                text: self.string()?,
                plain: false,
            },
            Some(_) => self.word()?,
            None => return Err(self.error("JSON ends too early: the file is truncated", false)),
        };
        Ok(Node {
            line,
            file: 0,
            value,
        })
    }

    fn list(&mut self, depth: usize) -> Result<Value, TreeError> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.next(b']')? {
                return Ok(Value::List(items));
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, TreeError> {
        self.at += 1;
        let mut entries: Vec<(String, Node)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Map(entries));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.error("invalid JSON: key must be a string", false));
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.error("invalid JSON: expected `:`", false));
            }
            self.at += 1;
            let node = self.value(depth + 1)?;
            match places.get(&key).and_then(|place| entries.get_mut(*place)) {
                Some(known) => known.1 = node,
                None => {
                    places.insert(key.clone(), entries.len());
                    entries.push((key, node));
                }
            }
            if self.next(b'}')? {
                return Ok(Value::Map(entries));
            }
        }
    }

    /// Whether a collection ends here, rather than going on after a comma.
    fn next(&mut self, end: u8) -> Result<bool, TreeError> {
        self.space();
        let found = self.peek();
        if found == Some(end) || found == Some(b',') {
            self.at += 1;
            return Ok(found == Some(end));
        }
        Err(match found {
            None => self.error("JSON ends too early: the file is truncated", false),
            Some(_) => self.error(
                "invalid JSON: expected `,` or the end of a list or object",
                false,
            ),
        })
    }

    fn string(&mut self) -> Result<String, TreeError> {
        let start = self.at;
        self.at += 1;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(next) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.bytes.len();
                return Err(self.error("JSON ends too early: the file is truncated", false));
            };
            self.at += next;
            if self.peek() == Some(b'"') {
                self.at += 1;
                break;
            }
            self.at += 2;
        }
        let raw = self.bytes.get(start..self.at).unwrap_or_default();
        match serde_json::from_slice(raw) {
            Ok(text) => Ok(text),
            Err(_) => Err(self.error("invalid JSON: a string is not well formed", false)),
        }
    }

    fn word(&mut self) -> Result<Value, TreeError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let length = rest
            .iter()
            .position(|byte| !plain(byte))
            .unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        let text = String::from_utf8_lossy(word).into_owned();
        let number = word
            .first()
            .is_some_and(|b| b.is_ascii_digit() || *b == b'-')
            && serde_json::from_slice::<serde_json::Number>(word).is_ok();
        let value = match text.as_str() {
            "null" => Value::Null,
            "true" | "false" => Value::Scalar { text, plain: true },
            _ if number => Value::Scalar { text, plain: true },
            _ => return Err(self.error("invalid JSON: expected value", false)),
        };
        self.at += length;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_know_their_lines() {
        let node =
            json(b"{\n \"a\": [1,\n {\"b\": \"x\\ny\"}],\n \"c\": null, \"c\": true}").unwrap();
        let b = node.get("a").unwrap().items()[1].get("b").unwrap();
        assert_eq!((b.line, b.text()), (3, Some("x\ny")));
        assert_eq!(node.bool("c"), Some(true));
        assert_eq!(node.entries().len(), 2);
    }

    #[test]
    fn what_is_broken_is_an_error() {
        for text in [
            "",
            "{",
            "[1",
            "{\"a\"}",
            "{\"a\":}",
            "nul",
            "[1 2]",
            "\"\\",
            "{\"a\":1}}",
            "[01]",
        ] {
            assert!(json(text.as_bytes()).is_err(), "{text}");
        }
        assert!(json("[".repeat(100_000).as_bytes()).is_err());
    }
}
