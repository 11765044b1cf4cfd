//! Text as it comes: encodings, and the line of an offset.

use std::borrow::Cow;
use zeroize::Zeroizing;

/// A document's text in an encoding that patterns understand.
pub(super) enum Text<'a> {
    /// As it came: ASCII, UTF-8 or another superset of ASCII.
    Bytes(&'a [u8]),
    /// Transcoded; overwritten when dropped, since it is a copy of whatever secrets the document holds.
    Transcoded(Zeroizing<Vec<u8>>),
}

impl<'a> Text<'a> {
    /// Transcodes UTF-16 with a byte order mark. `None` for binary data.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let unit: fn([u8; 2]) -> u16 = match bytes {
            [0xff, 0xfe, ..] => u16::from_le_bytes,
            [0xfe, 0xff, ..] => u16::from_be_bytes,
            _ => {
                let head = bytes.get(..8192).unwrap_or(bytes);
                let binary = memchr::memchr(0, head).is_some();
                return (!binary).then_some(Self::Bytes(bytes));
            }
        };
        let mut text = Zeroizing::new(Vec::with_capacity(bytes.len() / 2 + 16));
        let units = bytes
            .get(2..)
            .unwrap_or_default()
            .chunks_exact(2)
            .map(|pair| match pair {
                [a, b] => unit([*a, *b]),
                _ => 0,
            });
        let mut buffer = [0; 4];
        for c in char::decode_utf16(units) {
            let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
            text.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        }
        Some(Self::Transcoded(text))
    }

    /// The bytes to look at.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Transcoded(bytes) => bytes,
        }
    }
}

/// Turns offsets into lines and columns. Offsets must be asked for in ascending order: then the text is
/// passed over once, and not at all when nothing was found.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    counted: usize,
    line: u32,
    line_start: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            counted: 0,
            line: 1,
            line_start: 0,
        }
    }

    /// Line and column in bytes, both 1-based.
    pub(super) fn locate(&mut self, offset: usize) -> (u32, u32) {
        if offset > self.counted {
            let passed = self.text.get(self.counted..offset).unwrap_or_default();
            let newlines = memchr::memchr_iter(b'\n', passed).count();
            if let Some(last) = memchr::memrchr(b'\n', passed) {
                self.line_start = self.counted + last + 1;
            }
            self.line = self
                .line
                .saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
            self.counted = offset;
        }
        let column = offset.saturating_sub(self.line_start) + 1;
        (self.line, u32::try_from(column).unwrap_or(u32::MAX))
    }
}

/// Up to `length` bytes on from `at`.
pub(super) fn after(text: &[u8], at: usize, length: usize) -> &[u8] {
    let end = at.saturating_add(length).min(text.len());
    text.get(at.min(end)..end).unwrap_or_default()
}

/// Up to `length` bytes before `at`.
pub(super) fn before(text: &[u8], at: usize, length: usize) -> &[u8] {
    let at = at.min(text.len());
    text.get(at.saturating_sub(length)..at).unwrap_or_default()
}

/// The text between two offsets, for looking at only.
pub(super) fn string(text: &[u8], span: std::ops::Range<usize>) -> Cow<'_, str> {
    String::from_utf8_lossy(text.get(span).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns() {
        let mut lines = Lines::new(b"ab\ncd\n\nef");
        assert_eq!(lines.locate(0), (1, 1));
        assert_eq!(lines.locate(1), (1, 2));
        assert_eq!(lines.locate(3), (2, 1));
        assert_eq!(lines.locate(8), (4, 2));
        assert_eq!(lines.locate(8), (4, 2));
    }

    #[test]
    fn utf_16_of_both_orders_and_binary() {
        for mark in [[0xff, 0xfe], [0xfe, 0xff]] {
            let mut bytes = mark.to_vec();
            for unit in "aé\u{1f511}".encode_utf16() {
                let pair = if mark[0] == 0xff {
                    unit.to_le_bytes()
                } else {
                    unit.to_be_bytes()
                };
                bytes.extend(pair);
            }
            bytes.push(0x41);
            let text = Text::of(&bytes).unwrap();
            assert_eq!(text.bytes(), "aé\u{1f511}".as_bytes());
        }
        assert!(Text::of(b"\x7fELF\0").is_none());
        assert!(Text::of(b"").is_some());
    }
}
