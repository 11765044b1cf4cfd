//! Text as it comes: encodings, and the line of an offset.

use crate::model::Wide;
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
    /// Transcodes UTF-16. `None` for binary data.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let head = bytes.get(..8192).unwrap_or(bytes);
        if let Some(wide) = Wide::of(head) {
            return Some(Self::Transcoded(wide.decode(bytes)));
        }
        let binary = memchr::memchr(0, head).is_some();
        (!binary).then_some(Self::Bytes(bytes))
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
    fn binary_and_empty() {
        assert!(Text::of(b"\x7fELF\0").is_none());
        assert!(Text::of(b"").is_some());
    }
}
