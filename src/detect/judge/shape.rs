//! The shape of a value: what could have made it.

use super::look_alike::entropy;
use crate::detect::language::{self, NAME, RANDOM};

/// What a value was made by, as far as its characters tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// Digits alone.
    Number,
    /// Words or a name.
    Words,
    /// Words with digits, as people choose them: `monkey42`.
    Mixed,
    /// Words with blanks between them.
    Phrase,
    /// A password by any rule of passwords: letters, digits and symbols.
    Password,
    /// Hexadecimal digits, too many for a number.
    Hex,
    /// Made by a generator.
    Random,
}

impl Shape {
    /// Of a value; what is generated has at least this entropy.
    pub(super) fn of(value: &[u8], floor: f64) -> Self {
        // Django marks so what it generates for a new project; the rest is the key.
        let value = value.strip_prefix(b"django-insecure-").unwrap_or(value);
        let classes = Classes::of(value);
        let length = value.len();
        if classes.letters() + classes.symbols == 0 {
            return Self::Number;
        }
        let bits = language::bits(value);
        let blanks = value.iter().filter(|b| **b == b' ').count();
        let one_case = classes.lower == 0 || classes.upper == 0;
        let both = classes.digits > 0 && classes.letters() > 0;
        if classes.hex && one_case && both && length >= 16 {
            return Self::Hex;
        }
        let random = bits >= RANDOM && entropy(value) >= floor;
        // Random letters alone change their case more often than camel case does.
        let mixed = if classes.digits > 0 {
            classes.letters() > 0
        } else {
            classes.changes * 4 >= length || bits >= 6.2
        };
        if length >= 16 && random && mixed && blanks * 6 < length {
            return Self::Random;
        }
        // `django-insecure-…`, `prod_key_…`: a name in front of what was generated.
        if length >= 28 && blanks == 0 && generated_part(value) {
            return Self::Random;
        }
        if blanks > 0 {
            // `wP8 $x;Qz`: no word among them.
            let words = value.split(|b| *b == b' ').filter(|w| w.len() > 3).count();
            return if random && classes.kinds() >= 4 && words == 0 {
                Self::Password
            } else {
                Self::Phrase
            };
        }
        let telling = value.iter().any(|b| b"!@#$%^&*+=?~|\\".contains(b));
        let foreign = !value.is_ascii();
        let chosen = (classes.digits > 0 && classes.letters() > 0 && (telling || foreign))
            || (telling && classes.letters() > 0 && bits >= NAME && inner_symbol(value))
            || (classes.kinds() >= 2 && classes.digits > 0 && bits >= RANDOM)
            || (classes.kinds() >= 3 && bits >= NAME && classes.digits > 0);
        if chosen && classes.letters() > 0 {
            return Self::Password;
        }
        if classes.letters() > 0 && classes.digits > 0 && !wordy(value) {
            return Self::Mixed;
        }
        if classes.digits > 0 && classes.letters() > 0 {
            Self::Mixed
        } else {
            Self::Words
        }
    }

    /// Whether somebody could have chosen it as a name for something.
    pub(super) const fn weak(self) -> bool {
        matches!(
            self,
            Self::Number | Self::Words | Self::Mixed | Self::Phrase
        )
    }
}

/// Whether the longest run of letters and digits is long and random.
fn generated_part(value: &[u8]) -> bool {
    value
        .split(|b| !b.is_ascii_alphanumeric())
        .max_by_key(|part| part.len())
        .is_some_and(|part| {
            part.len() >= 20
                && part.len() < value.len()
                && part.iter().any(u8::is_ascii_digit)
                && language::bits(part) >= RANDOM
        })
}

/// A symbol between letters rather than at an end, where punctuation stands.
fn inner_symbol(value: &[u8]) -> bool {
    let inner = value.get(1..value.len().saturating_sub(1));
    inner
        .unwrap_or_default()
        .iter()
        .any(|b| b"!@#$%^&*+?~".contains(b))
}

/// Whether the value is made of words: nothing in it surprises, and there are digits only at the ends of
/// words (`oauth2`, `node-01`). It errs towards words: what generators make fails soon.
pub(in crate::detect) fn wordy(value: &[u8]) -> bool {
    let classes = Classes::of(value);
    let others = value
        .iter()
        .filter(|b| !b.is_ascii_alphanumeric() && !b"_-.:/,[] ".contains(b))
        .count();
    let mut islands = 0;
    let mut previous = b' ';
    for byte in value {
        islands += usize::from(byte.is_ascii_digit() && !previous.is_ascii_digit());
        previous = *byte;
    }
    others == 0
        && classes.letters() > 0
        && islands <= 2
        && classes.digits <= 4
        && language::bits(value) < RANDOM
}

/// Whether a password is a word, as those that everybody starts with are: not by any rule of passwords, which
/// want both cases and digits.
pub(in crate::detect) fn weak(value: &[u8]) -> bool {
    let classes = Classes::of(value);
    let chosen = classes.digits > 0 && classes.lower > 0 && classes.upper > 0 && value.len() >= 8;
    !chosen && wordy(value)
}

/// Whether it is what programs call something: `ServiceNowV1DepartmentNode`, `label-text-color`. Surer than
/// `wordy`, for values whose form alone would make them credentials.
pub(in crate::detect) fn name_of_code(value: &[u8]) -> bool {
    value.len() >= 12 && language::bits(value) < NAME && wordy(value)
}

/// How many characters of each class.
pub(super) struct Classes {
    pub(super) lower: usize,
    pub(super) upper: usize,
    pub(super) digits: usize,
    pub(super) symbols: usize,
    /// How often the class changes from one character to the next.
    pub(super) changes: usize,
    hex: bool,
}

impl Classes {
    pub(super) fn of(value: &[u8]) -> Self {
        let mut classes = Self {
            lower: 0,
            upper: 0,
            digits: 0,
            symbols: 0,
            changes: 0,
            hex: value.iter().all(u8::is_ascii_hexdigit),
        };
        let mut last = 0;
        for byte in value {
            let (class, count) = match byte {
                b'a'..=b'z' => (1, &mut classes.lower),
                b'A'..=b'Z' => (2, &mut classes.upper),
                b'0'..=b'9' => (3, &mut classes.digits),
                _ => (4, &mut classes.symbols),
            };
            *count += 1;
            classes.changes += usize::from(last != 0 && last != class);
            last = class;
        }
        classes
    }

    pub(super) const fn letters(&self) -> usize {
        self.lower + self.upper
    }

    pub(super) fn kinds(&self) -> usize {
        [self.lower, self.upper, self.digits, self.symbols]
            .iter()
            .filter(|count| **count > 0)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_words_and_random_is_not() {
        for text in [
            "access-token",
            "kubernetes.io/service-account-token",
            "oauth2",
            "clientSecretName",
            "production_database",
            "node-01",
            "sha256",
        ] {
            assert!(wordy(text.as_bytes()), "{text}");
        }
        for text in [
            "x7Kp2mQ9vLr4",
            "hT5gZq8W",
            "wJalrXUtnFEMIK7MDENGbPxRfiCY",
            "p@ssW0rd!9",
        ] {
            assert!(!wordy(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn weak_passwords() {
        for text in ["dragonfly", "node-01", "Summer7", "guest"] {
            assert!(weak(text.as_bytes()), "{text}");
        }
        for text in ["Kestrel93bNm", "Summer2023!", "hT5gZq8W"] {
            assert!(!weak(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn names_of_code() {
        for text in [
            "ServiceNowV1DepartmentNode",
            "NumbersV1SmsVerificationCheckRequest",
            "RegisteredMCPServerSigV4Details",
            "hover-state-layer-color",
            "OAuth2CredentialProviderVendor",
        ] {
            assert!(name_of_code(text.as_bytes()), "{text}");
        }
        for text in ["q8Zt3Lk9Xw2Vb7Nm4Rp6", "kdjfhgkjqwxvbnzqkdjw", "monkey42"] {
            assert!(!name_of_code(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn shapes() {
        for (text, shape) in [
            ("84629173", Shape::Number),
            ("dragonfly", Shape::Words),
            ("clientSecretName", Shape::Words),
            ("monkey42", Shape::Mixed),
            ("correct horse battery staple", Shape::Phrase),
            ("Summer2023!", Shape::Password),
            ("Tr0ub4dor&3", Shape::Password),
            ("hT5gZq8W", Shape::Password),
            ("5d41402abc4b2a76b9719d911017c592", Shape::Hex),
            ("q8Zt3Lk9Xw2Vb7Nm4Rp6", Shape::Random),
            ("kdjfhgkjqwxvbnzqkdjw", Shape::Random),
            ("django-insecure-q8(t3lk9$w2vb=nm4rp6", Shape::Random),
        ] {
            assert_eq!(Shape::of(text.as_bytes(), 3.0), shape, "{text}");
        }
    }
}
