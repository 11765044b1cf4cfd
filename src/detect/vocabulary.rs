//! What issuers are called, and which of their kinds an assignment's surroundings therefore suggest.
//!
//! Hundreds of issuers hand out credentials that look alike (32 hexadecimal digits); only the name of the
//! variable, a host or a comment nearby tells them apart. One automaton looks for all their names at once.

use super::kind::Kind;
use super::prefilter;
use super::text::{after, before};
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

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
    words: Vec<(String, Vec<Use>)>,
    /// Compiled when the first assignment is met: many scans meet none.
    automaton: OnceLock<Option<AhoCorasick>>,
}

/// A kind that is suggested, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Suggestion {
    /// How far away the word stands; 0 in the name itself.
    distance: usize,
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
        let mut words: BTreeMap<String, Vec<Use>> = BTreeMap::new();
        let mut add = |word: &str, this: Use| {
            for spelling in spellings(word) {
                let uses = words.entry(spelling).or_default();
                match uses
                    .iter_mut()
                    .find(|u| u.kind == this.kind && u.whole == this.whole)
                {
                    Some(known) => {
                        known.named |= this.named;
                        known.near |= this.near;
                    }
                    None => uses.push(this),
                }
            }
        };
        for (kind, rule) in kinds.iter().enumerate() {
            let Some(assignment) = &rule.rule.assignment else {
                continue;
            };
            let this = |named, near, whole| Use {
                kind,
                named,
                near,
                whole,
            };
            for word in &assignment.names {
                add(word, this(true, false, false));
            }
            for word in &assignment.near {
                add(word, this(false, true, false));
            }
            for word in rule.names.iter() {
                add(word, this(true, true, false));
            }
            for word in rule.words.iter() {
                add(word, this(true, true, true));
            }
        }
        Self {
            words: words.into_iter().collect(),
            automaton: OnceLock::new(),
        }
    }

    /// The kinds that a name and its surroundings suggest, the best first. `line` is what is looked at
    /// behind the value.
    pub(super) fn suggestions(
        &self,
        text: &[u8],
        name: &Range<usize>,
        value: &Range<usize>,
        path: &str,
    ) -> Vec<Suggestion> {
        let mut found = Vec::new();
        let left = before(text, name.start, BEFORE);
        self.each(left, |u, at| {
            // One more than none: the name itself is nearest.
            let distance = left.len() - at.end + 1;
            if u.near && (!u.whole || distance <= JUST_BEFORE) {
                found.push((distance, at.len(), u.kind));
            }
        });
        self.each(text.get(name.clone()).unwrap_or_default(), |u, at| {
            if u.named {
                found.push((0, at.len(), u.kind));
            }
        });
        let right = after(text, value.end, BEHIND);
        let line = right.split(|b| *b == b'\n').next().unwrap_or_default();
        self.each(line, |u, at| {
            if u.near && !u.whole {
                found.push((BEFORE + at.start, at.len(), u.kind));
            }
        });
        self.each(path.as_bytes(), |u, at| {
            if u.near && !u.whole {
                found.push((BEFORE + BEHIND, at.len(), u.kind));
            }
        });
        let mut suggestions: Vec<Suggestion> = found
            .into_iter()
            .map(|(distance, length, kind)| Suggestion {
                distance,
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
            match &mut best {
                Some((known, kinds)) if *known == at => kinds.push(this.kind),
                // Of two that end together the longer one says more.
                Some((known, _))
                    if at.end < known.end || at.end == known.end && at.len() < known.len() => {}
                _ => best = Some((at, vec![this.kind])),
            }
        });
        best.map(|(at, mut kinds)| {
            kinds.sort_unstable();
            (at, kinds)
        })
    }

    fn each(&self, text: &[u8], mut found: impl FnMut(Use, Range<usize>)) {
        let Some(automaton) = self.automaton.get_or_init(|| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .build(self.words.iter().map(|(word, _)| word))
                .ok()
        }) else {
            return;
        };
        for hit in automaton.find_overlapping_iter(text) {
            if !begins_word(text, hit.start()) {
                continue;
            }
            let Some((_, uses)) = self.words.get(hit.pattern().as_usize()) else {
                continue;
            };
            let whole = ends_word(text, hit.end());
            for this in uses.iter().filter(|this| whole || !this.whole) {
                found(*this, hit.range());
            }
        }
    }
}

/// The styles of [`prefilter::spellings`], and with spaces, as texts have it.
fn spellings(word: &str) -> Vec<String> {
    let mut all = prefilter::spellings(word);
    if word.contains('_') {
        all.push(word.to_ascii_lowercase().replace('_', " "));
    }
    all
}

/// Whether a word may begin here: no letter before, or a change of case.
fn begins_word(text: &[u8], at: usize) -> bool {
    let Some(previous) = at.checked_sub(1).and_then(|i| text.get(i)) else {
        return true;
    };
    !previous.is_ascii_alphabetic()
        || previous.is_ascii_lowercase() && text.get(at).is_some_and(u8::is_ascii_uppercase)
}

/// Whether a word may end here.
fn ends_word(text: &[u8], at: usize) -> bool {
    let (Some(last), Some(next)) = (at.checked_sub(1).and_then(|i| text.get(i)), text.get(at))
    else {
        return true;
    };
    !next.is_ascii_alphabetic() || last.is_ascii_lowercase() && next.is_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_and_end_at_boundaries() {
        assert!(begins_word(b"x_box", 2));
        assert!(begins_word(b"myBox", 2));
        assert!(!begins_word(b"mybox", 2));
        assert!(ends_word(b"boxKey", 3));
        assert!(!ends_word(b"boxes", 3));
        assert!(ends_word(b"BOX_KEY", 3));
    }

    #[test]
    fn names_of_several_words_are_spelled_in_every_style() {
        let all = spellings("abstract_api");
        for spelling in [
            "abstractapi",
            "abstract_api",
            "abstract-api",
            "abstract.api",
        ] {
            assert!(all.iter().any(|s| s == spelling), "{spelling}");
        }
    }
}
