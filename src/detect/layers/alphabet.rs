//! Alphabets of encodings, and what text looks like.

use zeroize::Zeroizing;

/// The value of a base64 digit in either alphabet; 64 for any other byte.
const DIGITS: [u8; 256] = {
    let mut table = [64; 256];
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0;
    #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    while at < 64 {
        table[letters[at] as usize] = at as u8;
        at += 1;
    }
    #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    {
        table[b'-' as usize] = 62;
        table[b'_' as usize] = 63;
    }
    table
};

/// The value of a base64 digit, of the standard or the URL alphabet.
pub(super) fn digit(byte: u8) -> Option<u8> {
    DIGITS
        .get(usize::from(byte))
        .copied()
        .filter(|value| *value < 64)
}

/// Whether a byte can stand in base64, padding left out.
pub(super) fn of_base64(byte: u8) -> bool {
    DIGITS
        .get(usize::from(byte))
        .is_some_and(|value| *value < 64)
}

/// The value of a hexadecimal digit.
pub(super) const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Two hexadecimal digits.
pub(super) fn hex_byte(digits: &[u8]) -> Option<u8> {
    match digits {
        [a, b] => Some(hex(*a)? << 4 | hex(*b)?),
        _ => None,
    }
}

/// Decodes base64 of either alphabet; padding and what is behind it are left out, blanks passed over.
pub(super) fn base64(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 3));
    let (mut bits, mut count) = (0_u32, 0);
    for &byte in text {
        let Some(value) = digit(byte) else {
            if byte == b'=' {
                break;
            }
            continue;
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

/// Whether a byte stands in text.
pub(super) const fn textual(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')
}

/// Whether bytes are text for the most part.
pub(super) fn mostly_text(bytes: &[u8]) -> bool {
    let strange = bytes.iter().filter(|byte| !textual(**byte)).count();
    !bytes.is_empty() && strange * 10 <= bytes.len() && !bytes.contains(&0)
}
