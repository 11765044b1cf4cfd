//! Encodings inside tokens: base64 in any dress, JSON objects, numbers in base 32 and 36, protobuf-like
//! varints, length-prefixed strings.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

/// Nothing that describes itself is longer.
const LONGEST: usize = 64 << 10;

/// Both alphabets and any padding: tokens are cut and pasted.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > LONGEST {
        return None;
    }
    let url = text.iter().any(|b| matches!(b, b'-' | b'_'));
    let alphabet = if url {
        &alphabet::URL_SAFE
    } else {
        &alphabet::STANDARD
    };
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}

/// A JSON object in base64. `serde_json` bounds the depth.
pub(super) fn json(text: &[u8]) -> Option<Value> {
    serde_json::from_slice(&base64(text)?)
        .ok()
        .filter(Value::is_object)
}

/// A member as text, if it is short and harmless enough to show.
pub(super) fn member(json: &Value, name: &str) -> Option<String> {
    plain(json.get(name)?)
}

/// A text or number as text, if it is short and harmless enough to show.
pub(super) fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let fine = |c: char| c.is_ascii_alphanumeric() || ".-_@:/|".contains(c);
    (!text.is_empty() && text.len() <= 128 && text.chars().all(fine)).then_some(text)
}

/// The texts of a list, or of a text with spaces between them; the first few.
pub(super) fn list(value: &Value) -> Vec<String> {
    const MOST: usize = 16;
    match value {
        Value::Array(items) => items.iter().filter_map(plain).take(MOST).collect(),
        Value::String(text) => text
            .split([' ', ','])
            .filter_map(|word| plain(&Value::from(word)))
            .take(MOST)
            .collect(),
        _ => Vec::new(),
    }
}

/// Seconds since the epoch, whole or not.
pub(super) fn seconds(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|seconds| seconds as i64))
        // Milliseconds and nonsense: nothing that is a time in seconds lies beyond the year 9999.
        .filter(|seconds| (0..=253_402_300_799).contains(seconds))
}

/// Big-endian number in base 32 with the letters first; at most twelve digits.
pub(super) fn base32(digits: &[u8]) -> Option<u64> {
    if digits.len() > 12 {
        return None;
    }
    digits.iter().try_fold(0, |bits: u64, byte| {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        Some(bits << 5 | u64::from(value))
    })
}

/// Upper-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Reads from the front; every step is bounded by what is left.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    /// A string with its length in four bytes before it, as SSH writes everything.
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// Seven bits a byte, the lowest first.
    pub(super) fn varint(&mut self) -> Option<usize> {
        let mut value = 0_usize;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

/// A string with its length before it, to be hashed.
pub(super) fn prefixed(out: &mut Vec<u8>, part: &[u8]) {
    out.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(part);
}
