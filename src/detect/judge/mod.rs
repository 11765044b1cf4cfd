//! Is this value a secret, or a placeholder, a reference, a name, a word? Judged by the value, the name it
//! is given to, what stands around both, and the kind of file.

mod context;
mod look_alike;
mod shape;
mod words;

pub(super) use look_alike::{entropy, repetitive};
pub(super) use shape::{name_of_code, weak, wordy};
pub(super) use words::{defaults, says_example};

use super::place::{Class, Place};
use super::rule::GenericRule;
use crate::model::Confidence;
use aho_corasick::AhoCorasick;
use context::{Name, Speaks};
use look_alike::{code, hashed, numeric, path, uuid};
use shape::{Classes, Shape};
use std::ops::Range;
use words::{encoded, foreign, formatted, in_braces, label, mentions_a_test, same_words};

/// The marks of placeholders and references, compiled, and the limits.
#[derive(Debug)]
pub(super) struct Judge {
    placeholders: Option<AhoCorasick>,
    references: Option<AhoCorasick>,
    min_length: usize,
    max_length: usize,
    entropy: f64,
}

/// A value under judgement, with all that bears on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case<'a> {
    /// The text that it stands in.
    pub(super) text: &'a [u8],
    /// The whole name that it is given to.
    pub(super) name: &'a [u8],
    /// The telling word of the name.
    pub(super) word: &'a [u8],
    /// Where the value stands.
    pub(super) start: usize,
    /// The value.
    pub(super) value: &'a [u8],
    /// Whether it stands in quotes, or as certainly apart from the text around.
    pub(super) quoted: bool,
    /// The kind of file.
    pub(super) place: &'a Place,
}

impl Case<'_> {
    fn span(&self) -> Range<usize> {
        self.start..self.start + self.value.len()
    }
}

/// What a value without a format of its own was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) confidence: Confidence,
    pub(super) reasons: Vec<&'static str>,
}

impl Verdict {
    fn new(confidence: Confidence, reason: &'static str) -> Self {
        Self {
            confidence,
            reasons: vec![reason],
        }
    }

    fn lower(&mut self, reason: &'static str) {
        self.confidence = match self.confidence {
            Confidence::High => Confidence::Medium,
            Confidence::Medium | Confidence::Low => Confidence::Low,
        };
        self.reasons.push(reason);
    }

    fn raise(&mut self, reason: &'static str) {
        if self.confidence == Confidence::Low {
            self.confidence = Confidence::Medium;
            self.reasons.push(reason);
        }
    }
}

impl Judge {
    /// With the lists of a rule, or with none.
    pub(super) fn new(rule: Option<&GenericRule>) -> Self {
        let automaton = |list: &[String]| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(list)
                .ok()
        };
        Self {
            placeholders: rule.and_then(|rule| automaton(&rule.placeholders)),
            references: rule.and_then(|rule| automaton(&rule.references)),
            min_length: rule.map_or(8, |rule| rule.min_length),
            max_length: rule.map_or(256, |rule| rule.max_length),
            entropy: rule.map_or(3.0, |rule| rule.entropy),
        }
    }

    /// Whether somebody is meant to put the value in here.
    pub(super) fn placeholder(&self, value: &[u8]) -> bool {
        self.placeholders
            .as_ref()
            .is_some_and(|a| a.is_match(value))
            || repetitive(value)
    }

    /// Whether the value says where the secret is instead of being it.
    pub(super) fn reference(&self, value: &[u8]) -> bool {
        let bracketed =
            |open: &[u8], close: &[u8]| value.starts_with(open) && value.ends_with(close);
        // `{AQAAAB…}`: Jenkins puts what it encrypts into braces.
        if value.starts_with(b"{AQAA") {
            return false;
        }
        self.references.as_ref().is_some_and(|a| a.is_match(value))
            || bracketed(b"<", b">")
            || bracketed(b"%", b"%")
            || bracketed(b"__", b"__")
            || bracketed(b"{", b"}")
            || bracketed(b"[", b"]")
            || matches!(value, [b'$', c, ..] if (c.is_ascii_alphabetic() || *c == b'_') && !hashed(value))
            || matches!(value, [b'$', b'.', ..] | [b'$', b'$', b'.', ..])
            || matches!(value, [b'@', c, ..] if c.is_ascii_alphabetic() && wordy(value))
            || formatted(value)
            || in_braces(value)
    }

    /// Judges the value of an assignment to a telling name. `None` when it is none.
    pub(super) fn assigned(&self, case: &Case<'_>) -> Option<Verdict> {
        let place = case.place;
        let value = case.value;
        let length = value.len();
        let configured = matches!(place.class, Class::Config | Class::Shell);
        let name = Name::of(case.name, case.word);
        let shortest = match name.speaks {
            Speaks::Password if place.kept => 4,
            Speaks::Password if configured => 5,
            Speaks::Password => 6,
            Speaks::Generated if place.kept => 6,
            Speaks::Generated => self.min_length,
        };
        if length < shortest || length > self.max_length || place.class == Class::Translation {
            return None;
        }
        if value.iter().any(u8::is_ascii_control) || foreign(value) {
            return None;
        }
        if self.reference(value) || uuid(value) || code(value, case.quoted) {
            return None;
        }
        // `Basic dXNlcjpwYXNzd29yZA==`: what is inside counts.
        if let Some(inside) = encoded(value)
            && (inside.is_empty()
                || self.placeholder(&inside)
                || self.reference(&inside)
                || defaults(&inside))
        {
            return None;
        }
        if hashed(value) {
            let mut verdict = Verdict::new(Confidence::Low, "value is the hash of a password");
            if place.kept {
                verdict.raise("the file is there to hold credentials");
            }
            return Some(verdict);
        }
        let shape = Shape::of(value, self.entropy);
        // In a long text of a generator a short word is chance.
        let chance =
            shape == Shape::Random && length >= 40 && !says_example(value) && !repetitive(value);
        if self.placeholder(value) && !chance {
            let plain = value.iter().all(u8::is_ascii_alphanumeric) && length <= 24;
            return ((place.kept || configured && name.exact)
                && plain
                && !repetitive(value)
                && name.speaks == Speaks::Password)
                .then(|| Verdict::new(Confidence::Low, "value is what it often is by default"));
        }
        if let Some(verdict) = self.wallet(case) {
            return Some(verdict);
        }
        if (numeric(value) && shape != Shape::Number) || path(value) && shape != Shape::Random {
            return None;
        }
        if same_words(case.name, value) {
            return None;
        }
        if defaults(value) {
            let told = place.kept || configured && name.exact && name.speaks == Speaks::Password;
            return told
                .then(|| Verdict::new(Confidence::Low, "value is what it often is by default"));
        }
        let mut verdict = match name.speaks {
            Speaks::Password => self.password(case, name, shape)?,
            Speaks::Generated => self.generated(case, name, shape)?,
        };
        self.weigh(case, name, shape, &mut verdict);
        Some(verdict)
    }

    /// The private key of a wallet in hexadecimal, or the words that it can be made from again.
    fn wallet(&self, case: &Case<'_>) -> Option<Verdict> {
        let name = case.name.to_ascii_lowercase();
        let says = |word: &[u8]| memchr::memmem::find(&name, word).is_some();
        let mut verdict = if let Some(digits) = case.value.strip_prefix(b"0x") {
            let key = digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit);
            if !key || repetitive(digits) || !(says(b"private") || says(b"secret")) {
                return None;
            }
            Verdict::new(Confidence::Medium, "value is as long as a private key")
        } else if says(b"mnemonic") {
            let mut words: Vec<&[u8]> = case.value.split(|b| *b == b' ').collect();
            let fine = |word: &&[u8]| {
                (3..=8).contains(&word.len()) && word.iter().all(u8::is_ascii_lowercase)
            };
            if !matches!(words.len(), 12 | 15 | 18 | 21 | 24) || !words.iter().all(fine) {
                return None;
            }
            let all = words.len();
            words.sort_unstable();
            words.dedup();
            // The documented phrase repeats one word.
            if words.len() * 2 < all {
                return None;
            }
            Verdict::new(
                Confidence::Medium,
                "value is a phrase to restore a wallet from",
            )
        } else {
            return None;
        };
        let name = Name::of(case.name, case.word);
        self.weigh(case, name, Shape::Hex, &mut verdict);
        Some(verdict)
    }

    /// The value of something that people make up.
    fn password(&self, case: &Case<'_>, name: Name, shape: Shape) -> Option<Verdict> {
        use Confidence::{Low, Medium};
        let place = case.place;
        let length = case.value.len();
        let configured = matches!(place.class, Class::Config | Class::Shell);
        Some(match shape {
            Shape::Random => generator(case, name),
            Shape::Hex if length >= 24 => Verdict::new(Medium, "value looks random"),
            Shape::Hex | Shape::Password if length <= 80 => {
                Verdict::new(Medium, "value looks like a password")
            }
            Shape::Hex | Shape::Password => return None,
            _ if place.kept => Verdict::new(Medium, "the file is there to hold credentials"),
            _ if !name.exact || length > 40 => return None,
            Shape::Phrase => {
                let passphrase = memchr::memmem::find(&case.word.to_ascii_lowercase(), b"phrase");
                let sentence = case.value.iter().any(|b| b".,:!?()'\"".contains(b))
                    || case.value.first().is_some_and(u8::is_ascii_uppercase);
                if sentence || !case.quoted || !configured && passphrase.is_none() {
                    return None;
                }
                let words = case.value.split(|b| *b == b' ').count();
                if words < 4 || !configured {
                    return Some(Verdict::new(Low, "value may be a passphrase"));
                }
                Verdict::new(Medium, "value looks like a passphrase")
            }
            Shape::Number if configured && length >= 6 => {
                Verdict::new(Medium, "value may be a password of digits")
            }
            Shape::Number => return None,
            Shape::Mixed if configured => {
                Verdict::new(Medium, "configuration gives a password in the open")
            }
            // `pass: first` is about something else, unless there is a user with it.
            Shape::Words
                if case.name.len() == 4 && !context::with_account(case.text, &case.span()) =>
            {
                return None;
            }
            Shape::Words if configured && length >= 6 && !label(case.value) => {
                Verdict::new(Medium, "configuration gives a password in the open")
            }
            Shape::Mixed if case.quoted => Verdict::new(Low, "value may be a password"),
            Shape::Words if case.quoted && !label(case.value) => {
                Verdict::new(Low, "value may be a weak password")
            }
            _ => return None,
        })
    }

    /// The value of something that programs generate.
    fn generated(&self, case: &Case<'_>, name: Name, shape: Shape) -> Option<Verdict> {
        use Confidence::{Low, Medium};
        let place = case.place;
        let length = case.value.len();
        let configured = matches!(place.class, Class::Config | Class::Shell);
        Some(match shape {
            Shape::Random => generator(case, name),
            Shape::Hex if length >= 24 => Verdict::new(Medium, "value looks random"),
            Shape::Hex | Shape::Password if name.exact && (10..=80).contains(&length) => {
                let classes = Classes::of(case.value);
                let random = super::language::bits(case.value) >= super::language::RANDOM;
                if classes.kinds() >= 2 && (random || shape == Shape::Hex) {
                    Verdict::new(Medium, "value looks partly random")
                } else {
                    Verdict::new(Low, "value may be made by a generator")
                }
            }
            Shape::Words
                if place.kept && name.exact && case.word.eq_ignore_ascii_case(b"secret") =>
            {
                Verdict::new(Medium, "the file is there to hold credentials")
            }
            Shape::Mixed | Shape::Password | Shape::Hex if place.kept => {
                Verdict::new(Medium, "the file is there to hold credentials")
            }
            Shape::Mixed | Shape::Password if configured && name.exact && length >= 10 => {
                Verdict::new(Low, "value may be a secret that somebody made up")
            }
            _ => return None,
        })
    }

    /// Weighs what stands around.
    fn weigh(&self, case: &Case<'_>, name: Name, shape: Shape, verdict: &mut Verdict) {
        let place = case.place;
        let weak = shape.weak();
        let (left, right) = context::line(case.text, &case.span());
        if verdict.confidence == Confidence::Low
            && weak
            && name.exact
            && matches!(shape, Shape::Mixed)
            && matches!(place.class, Class::Program | Class::Other)
            && context::with_account(case.text, &case.span())
        {
            verdict.raise("a user or host is named with it");
        }
        if let Some(reason) = place.lowers {
            verdict.lower(reason);
            // A test may need a secret that works; what is written to be read does not.
            if place.shows {
                verdict.confidence = Confidence::Low;
            }
        } else if place.class == Class::Prose {
            verdict.lower("file is written for people");
        } else if place.class == Class::Program
            && verdict.confidence > Confidence::Low
            && context::in_docstring(case.text, case.start, place)
        {
            verdict.lower("stands in a text about the program");
        }
        if place.class == Class::Derived {
            verdict.confidence = Confidence::Low;
            verdict.reasons.push("file is made by a program");
        }
        if shape == Shape::Hex && context::of_digest(left) {
            verdict.confidence = Confidence::Low;
            verdict.reasons.push("line speaks of a digest");
        }
        if matches!(shape, Shape::Words)
            && !place.kept
            && context::named_beside(case.text, &case.span())
        {
            verdict.lower("value is also a name near by");
        }
        if name.made_up {
            verdict.lower("name says that it is for a test");
        }
        if shape != Shape::Random && mentions_a_test(case.value) {
            verdict.lower("value mentions a test");
        }
        if let Some(reason) = context::shown(left) {
            verdict.lower(reason);
        }
        if shape != Shape::Random
            && !place.kept
            && matches!(place.class, Class::Program | Class::Other)
        {
            if context::minified(left, right) {
                verdict.lower("text is minified");
            }
            if context::repeated(case.text, &case.span()) {
                verdict.lower("value stands in many places near by");
            }
        }
    }
}

/// What no one thinks up: how sure depends on the place and the name.
fn generator(case: &Case<'_>, name: Name) -> Verdict {
    let strong = case.value.len() >= 20
        && name.exact
        && super::language::bits(case.value) >= 6.0
        && matches!(case.place.class, Class::Config | Class::Shell);
    if strong {
        let mut verdict = Verdict::new(Confidence::High, "value looks random");
        verdict
            .reasons
            .push("configuration gives it to an exact name");
        return verdict;
    }
    Verdict::new(Confidence::Medium, "value looks random")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confidence(path: &str, name: &str, value: &str) -> Option<Confidence> {
        let place = Place::of(path);
        let text = format!("{name} = \"{value}\"\n");
        Judge::new(None)
            .assigned(&Case {
                text: text.as_bytes(),
                name: name.as_bytes(),
                word: name.rsplit('_').next()?.as_bytes(),
                start: name.len() + 4,
                value: value.as_bytes(),
                quoted: true,
                place: &place,
            })
            .map(|verdict| verdict.confidence)
    }

    #[test]
    fn the_same_value_weighs_differently_in_different_places() {
        use Confidence::{High, Low, Medium};
        for (path, name, value, expected) in [
            (
                "app.env",
                "db_password",
                "q8Zt3Lk9Xw2Vb7Nm4Rp6Ty1U",
                Some(High),
            ),
            (
                "app.py",
                "db_password",
                "q8Zt3Lk9Xw2Vb7Nm4Rp6Ty1U",
                Some(Medium),
            ),
            (
                "tests/app.py",
                "db_password",
                "q8Zt3Lk9Xw2Vb7Nm4Rp6Ty1U",
                Some(Low),
            ),
            ("app.py", "db_password", "Tr0ub4dor&3", Some(Medium)),
            ("app.py", "db_token", "Tr0ub4dor&3", Some(Medium)),
            ("app.yaml", "password", "dragonfly", Some(Medium)),
            ("app.py", "password", "dragonfly", Some(Low)),
            ("README.md", "password", "dragonfly", Some(Low)),
            ("app.yaml", "token", "dragonfly", None),
            ("locale/de.json", "password", "Passwort1!", None),
            (
                "app.yaml",
                "password",
                "correct horse battery staple",
                Some(Medium),
            ),
        ] {
            assert_eq!(
                confidence(path, name, value),
                expected,
                "{path} {name} {value}"
            );
        }
    }

    #[test]
    fn what_is_no_secret_anywhere() {
        for text in [
            "123e4567-e89b-12d3-a456-426614174000",
            "/var/run/secrets/token",
            "https://vault.internal/v1/x7Kp2mQ9",
            "get_password(x7Kp2mQ9)",
            "<your-token-here>",
            "$DB_PASSWORD",
            "server.key",
            "two words",
        ] {
            assert_eq!(confidence("a.py", "password", text), None, "{text}");
        }
    }
}
