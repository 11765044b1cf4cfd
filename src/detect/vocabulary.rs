//! What issuers are called, and which of their kinds an assignment's surroundings therefore suggest.
//!
//! Thousands of issuers hand out credentials that look alike (32 hexadecimal digits); only the name of the
//! variable, a host or a comment nearby tells them apart. Where a word begins, the names that begin with
//! the same two letters are compared; case and what separates the parts of a name do not count.

use super::kind::Kind;
use super::text::{after, before};
use std::ops::Range;

/// How far before a name an issuer's name still tells whose the value is.
const BEFORE: usize = 200;
/// The same for everyday words.
const JUST_BEFORE: usize = 64;
/// How far behind the value, in the same line.
const BEHIND: usize = 120;

/// How a kind uses a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Use {
    kind: usize,
    /// It may stand in the name of the assignment.
    named: bool,
    /// It may stand near.
    near: bool,
    /// Only as a whole word.
    whole: bool,
}

/// The words of all kinds that look at assignments.
#[derive(Debug)]
pub(super) struct Vocabulary {
    long: Words,
    /// Those of two and three letters.
    short: Words,
    /// Which four letters any of the long words begins with, by a hash: most words of a text end here.
    heads: Vec<u64>,
}

/// Words without case and separators, sorted, with their use.
#[derive(Debug)]
struct Words {
    words: Vec<(Box<[u8]>, Use)>,
    /// Where the words begin that begin with these two letters, and where they end.
    index: Vec<Range<u32>>,
}

impl Words {
    fn new(mut words: Vec<(Box<[u8]>, Use)>) -> Self {
        words.sort_unstable();
        words.dedup();
        let mut index = vec![0..0; 36 * 36];
        for (at, (word, _)) in (0..).zip(&words) {
            if let Some(range) = slot(word).and_then(|slot| index.get_mut(slot)) {
                if range.start == range.end {
                    range.start = at;
                }
                range.end = at + 1;
            }
        }
        Self { words, index }
    }

    /// Those that begin with the first two letters of this.
    fn like(&self, letters: &[u8]) -> &[(Box<[u8]>, Use)] {
        let range = slot(letters).and_then(|slot| self.index.get(slot));
        let range = range.cloned().unwrap_or_default();
        let words = self.words.get(range.start as usize..range.end as usize);
        words.unwrap_or_default()
    }
}

/// A kind that is suggested, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Suggestion {
    /// How far away the word stands; 0 in the name itself.
    distance: usize,
    /// Where in the name it begins: whose it is comes first.
    start: usize,
    /// Of two words in the name the longer one tells more.
    brevity: usize,
    /// Index of the kind.
    pub(super) kind: usize,
}

impl Suggestion {
    /// Whether the name itself says so.
    pub(super) const fn named(&self) -> bool {
        self.distance == 0
    }
}

impl Vocabulary {
    pub(super) fn new(kinds: &[Kind]) -> Self {
        let mut words: Vec<(Box<[u8]>, Use)> = Vec::new();
        for (kind, rule) in kinds.iter().enumerate() {
            let Some(assignment) = &rule.rule.assignment else {
                continue;
            };
            let lists = [
                (&*assignment.names, (true, false, false)),
                (&*assignment.near, (false, true, false)),
                (&*rule.names, (true, true, false)),
                (&*rule.words, (true, true, true)),
            ];
            for (list, (named, near, whole)) in lists {
                let this = Use {
                    kind,
                    named,
                    near,
                    whole,
                };
                words.extend(list.iter().map(|word| (plain(word), this)));
            }
        }
        words.retain(|(word, _)| word.len() >= 2);
        let (long, short): (Vec<_>, Vec<_>) = words.into_iter().partition(|(w, _)| w.len() >= 4);
        let mut heads = vec![0; HEADS / 64];
        for (word, _) in &long {
            if let &[a, b, c, d, ..] = &**word
                && let at = head([a, b, c, d])
                && let Some(bits) = heads.get_mut(at / 64)
            {
                *bits |= 1 << (at % 64);
            }
        }
        Self {
            long: Words::new(long),
            short: Words::new(short),
            heads,
        }
    }

    /// The kinds that a name and its surroundings suggest, the best first.
    pub(super) fn suggestions(
        &self,
        text: &[u8],
        name: &Range<usize>,
        value: &Range<usize>,
        path: &str,
    ) -> Vec<Suggestion> {
        let mut found = Vec::new();
        let left = before(text, name.start, BEFORE);
        // Distance, place in the name, length, kind.
        self.each(left, |u, at| {
            // One more than none: the name itself is nearest.
            let distance = left.len() - at.end + 1;
            if u.near && (!u.whole || distance <= JUST_BEFORE) {
                found.push((distance, 0, at.len(), u.kind));
            }
        });
        self.each(text.get(name.clone()).unwrap_or_default(), |u, at| {
            if u.named {
                found.push((0, at.start, at.len(), u.kind));
            }
        });
        let right = after(text, value.end, BEHIND);
        let line = right.split(|b| *b == b'\n').next().unwrap_or_default();
        self.each(line, |u, at| {
            if u.near && !u.whole {
                found.push((BEFORE + at.start, 0, at.len(), u.kind));
            }
        });
        self.each(path.as_bytes(), |u, at| {
            if u.near && !u.whole {
                found.push((BEFORE + BEHIND, 0, at.len(), u.kind));
            }
        });
        let mut suggestions: Vec<Suggestion> = found
            .into_iter()
            .map(|(distance, start, length, kind)| Suggestion {
                distance,
                start,
                brevity: usize::MAX - length,
                kind,
            })
            .collect();
        suggestions.sort_unstable();
        suggestions
    }

    /// The distinctive name that stands last in a text, and the kinds it suggests.
    pub(super) fn before(&self, text: &[u8]) -> Option<(Range<usize>, Vec<usize>)> {
        let mut best: Option<(Range<usize>, Vec<usize>)> = None;
        self.each(text, |this, at| {
            if this.whole || !(this.named && this.near) {
                return;
            }
            // Of two that end together the longer one says more.
            let order = |at: &Range<usize>| (at.end, at.len());
            match &mut best {
                Some((known, kinds)) if *known == at => kinds.push(this.kind),
                Some((known, _)) if order(&at) < order(known) => {}
                _ => best = Some((at, vec![this.kind])),
            }
        });
        best.map(|(at, mut kinds)| {
            kinds.sort_unstable();
            (at, kinds)
        })
    }

    fn each(&self, text: &[u8], mut found: impl FnMut(Use, Range<usize>)) {
        let mut previous = b' ';
        for (start, &byte) in text.iter().enumerate() {
            let begins = byte.is_ascii_alphanumeric()
                && (!previous.is_ascii_alphabetic()
                    || previous.is_ascii_lowercase() && byte.is_ascii_uppercase());
            previous = byte;
            if !begins {
                continue;
            }
            let rest = text.get(start..).unwrap_or_default();
            let mut letters = Letters { text: rest, at: 0 };
            let (Some(a), Some(b)) = (letters.next(), letters.next()) else {
                continue;
            };
            let long = match (letters.next(), letters.next()) {
                (Some(c), Some(d)) if self.begins([a, b, c, d]) => self.long.like(&[a, b]),
                _ => &[],
            };
            for (word, this) in self.short.like(&[a, b]).iter().chain(long) {
                let Some(length) = stands(word, rest) else {
                    continue;
                };
                let end = start + length;
                let goes_on = || !this.whole && goes_on(word, text.get(end..).unwrap_or_default());
                if ends_word(text, end) || goes_on() {
                    found(*this, start..end);
                }
            }
        }
    }

    /// Whether a long word may begin with these letters.
    fn begins(&self, letters: [u8; 4]) -> bool {
        let at = head(letters);
        let bits = self.heads.get(at / 64).copied().unwrap_or_default();
        bits >> (at % 64) & 1 == 1
    }
}

/// Bits of the table of heads.
const HEADS: usize = 1 << 16;

/// The place of four letters in the table of heads.
const fn head(letters: [u8; 4]) -> usize {
    (u32::from_le_bytes(letters).wrapping_mul(0x9E37_79B1) >> 16) as usize
}

/// A word without case and separators.
fn plain(word: &str) -> Box<[u8]> {
    word.bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|b| b.to_ascii_lowercase())
        .collect()
}

/// The place in the index of words that begin with these two letters or digits.
fn slot(word: &[u8]) -> Option<usize> {
    let digit = |b: u8| char::from(b).to_digit(36).map(|d| d as usize);
    match word {
        [a, b, ..] => Some(digit(*a)? * 36 + digit(*b)?),
        _ => None,
    }
}

/// The letters and digits of a name, in lower case; one sign between two of them is passed over.
struct Letters<'a> {
    text: &'a [u8],
    at: usize,
}

impl Iterator for Letters<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let mut byte = *self.text.get(self.at)?;
        if matches!(byte, b'_' | b'-' | b'.' | b' ') && self.at > 0 {
            self.at += 1;
            byte = *self.text.get(self.at)?;
        }
        self.at += 1;
        byte.is_ascii_alphanumeric()
            .then(|| byte.to_ascii_lowercase())
    }
}

/// How long the beginning of a text is that spells a word.
fn stands(word: &[u8], text: &[u8]) -> Option<usize> {
    let mut letters = Letters { text, at: 0 };
    for expected in word {
        if letters.next()? != *expected {
            return None;
        }
    }
    Some(letters.at)
}

/// Whether a word may end here.
fn ends_word(text: &[u8], at: usize) -> bool {
    let (Some(last), Some(next)) = (at.checked_sub(1).and_then(|i| text.get(i)), text.get(at))
    else {
        return true;
    };
    // `boxKey`, `auth0Key`; `IBMKey`.
    let behind = text.get(at + 1).is_some_and(u8::is_ascii_lowercase);
    let camel = !last.is_ascii_uppercase() || behind;
    !next.is_ascii_alphabetic() || next.is_ascii_uppercase() && camel
}

/// Whether a name is one although the word does not end with it: long names are chance nowhere, behind
/// short ones stands what they are the name of (`STRIPEKEY`, not `CheckResource` for Checkr).
fn goes_on(word: &[u8], rest: &[u8]) -> bool {
    const LONG: usize = 8;
    const BEHIND: [&[u8]; 24] = [
        b"access", b"account", b"admin", b"api", b"app", b"auth", b"bot", b"client", b"cloud",
        b"conf", b"cred", b"dev", b"hook", b"key", b"live", b"pass", b"private", b"prod", b"pwd",
        b"sdk", b"secret", b"test", b"token", b"user",
    ];
    word.len() >= LONG
        || BEHIND.iter().any(|behind| {
            rest.get(..behind.len())
                .is_some_and(|rest| rest.eq_ignore_ascii_case(behind))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_boundaries() {
        assert!(ends_word(b"boxKey", 3));
        assert!(!ends_word(b"boxes", 3));
        assert!(ends_word(b"BOX_KEY", 3));
        assert!(ends_word(b"auth0Key", 5));
        assert!(ends_word(b"IBMKey", 3));
        assert!(!ends_word(b"CheckResource", 6));
        assert!(!ends_word(b"SOFTREMOVE", 5));
    }

    #[test]
    fn short_names_are_not_the_beginning_of_words() {
        assert!(goes_on(b"stripe", b"KEY"));
        assert!(goes_on(b"pagerduty", b"ing"));
        assert!(!goes_on(b"checkr", b"esource"));
        assert!(!goes_on(b"softr", b"EMOVE"));
    }

    #[test]
    fn names_of_several_words_stand_in_every_style() {
        let word = plain("abstract_api");
        for text in [
            "abstractapi",
            "ABSTRACT_API",
            "abstract-api.com",
            "abstract.api",
            "AbstractApi",
            "Abstract API",
        ] {
            assert!(stands(&word, text.as_bytes()).is_some(), "{text}");
        }
        for text in ["abstract__api", "abstract", "abstraction", "_abstractapi"] {
            assert!(stands(&word, text.as_bytes()).is_none(), "{text}");
        }
    }
}
