//! How surprising a text is as a name or a word. What people write is made of syllables, what programs
//! generate is not; entropy cannot tell them apart in texts as short as a password.

/// Sixteenths of a bit for each letter behind the two before it; made by `rules/words/train.py`.
static TRIGRAMS: &[u8] = include_bytes!("../../rules/words/trigrams.bin");

/// a–z, any digit, and the boundary between words.
const SYMBOLS: usize = 28;
const DIGIT: usize = 26;
const BOUNDARY: usize = 27;

/// Names and words need at most this many bits a character; one in a hundred needs more.
pub(super) const NAME: f32 = 5.0;
/// What is generated from letters and digits needs at least this many; one in a hundred needs fewer.
pub(super) const RANDOM: f32 = 5.5;

/// Bits that it takes to write a character of this text when it is taken for a name: 3.5 for identifiers of
/// programs, 7 for random letters and digits. Digits alone surprise nobody.
pub(super) fn bits(text: &[u8]) -> f32 {
    let mut state = Surprise::default();
    let mut previous = 0_u8;
    let mut following = text.iter().skip(1);
    for &byte in text {
        let next = following.next().copied().unwrap_or_default();
        let after_lower = previous.is_ascii_lowercase();
        let last_of_capitals = previous.is_ascii_uppercase() && next.is_ascii_lowercase();
        if byte.is_ascii_uppercase() && (after_lower || last_of_capitals) {
            state.boundary();
        }
        match byte {
            b'a'..=b'z' => state.next(usize::from(byte - b'a')),
            b'A'..=b'Z' => state.next(usize::from(byte - b'A')),
            b'0'..=b'9' => state.next(DIGIT),
            _ => state.boundary(),
        }
        previous = byte;
    }
    state.boundary();
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX).max(1);
    f32::from(u16::try_from(state.sum / 16).unwrap_or(u16::MAX)) / f32::from(length)
}

struct Surprise {
    before: (usize, usize),
    sum: u32,
}

impl Default for Surprise {
    fn default() -> Self {
        Self {
            before: (BOUNDARY, BOUNDARY),
            sum: 0,
        }
    }
}

impl Surprise {
    fn next(&mut self, symbol: usize) {
        let (a, b) = self.before;
        let bits = TRIGRAMS
            .get((a * SYMBOLS + b) * SYMBOLS + symbol)
            .copied()
            .unwrap_or_default();
        self.sum = self.sum.saturating_add(u32::from(bits));
        self.before = (b, symbol);
    }

    fn boundary(&mut self) {
        if self.before.1 != BOUNDARY {
            self.next(BOUNDARY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_words_do_not_surprise() {
        for text in [
            "access-token",
            "kubernetes.io/service-account-token",
            "clientSecretName",
            "production_database",
            "GitHubOAuth2Token",
            "JSONWebTokenHS256",
            "dragonfly",
            "correcthorsebatterystaple",
        ] {
            assert!(bits(text.as_bytes()) < NAME, "{text}");
        }
    }

    #[test]
    fn what_is_generated_does() {
        for text in [
            "x7Kp2mQ9vLr4",
            "hT5gZq8W",
            "wJalrXUtnFEMIK7MDENGbPxRfiCY",
            "kdjfhgkjqwx",
            "T0ub4d0r7vq",
        ] {
            assert!(bits(text.as_bytes()) > RANDOM, "{text}");
        }
    }

    #[test]
    fn the_table_is_whole() {
        assert_eq!(TRIGRAMS.len(), SYMBOLS.pow(3));
        assert!(bits(b"").abs() < f32::EPSILON);
    }
}
