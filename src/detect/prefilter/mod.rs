//! The prefilter: every place in a text where one of the rules' literals stands, at about a gigabyte a
//! second whatever their number. Rules run their patterns only there.

mod grams;

use grams::Grams;
use std::collections::BTreeMap;

/// What to do at a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// Try the pattern of this kind.
    Kind(usize),
    /// Read the assignment that the word of this length may belong to.
    Word(usize),
}

/// A text to look for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Literal {
    text: Box<[u8]>,
    /// Whether case matters.
    exact: bool,
    /// Whether it counts only where a word may begin: see [`super::text::begins`].
    bounded: bool,
}

impl Literal {
    fn stands_at(&self, text: &[u8], at: usize) -> bool {
        text.get(at..at + self.text.len()).is_some_and(|found| {
            if self.exact {
                *found == *self.text
            } else {
                found.eq_ignore_ascii_case(&self.text)
            }
        })
    }

    /// Whether the literal may count behind this byte: at a boundary, or behind an escape (`\n`, `%3D`,
    /// `\u003d`), which ends in one of these.
    fn may_follow(&self, byte: u8) -> bool {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let first = self.text.first().copied().unwrap_or_default();
        let escape = byte.is_ascii_hexdigit() || matches!(byte, b'n' | b'r' | b't');
        !self.bounded || !word(first) || !word(byte) || escape
    }
}

/// Collects what to look for.
#[derive(Debug, Default)]
pub(super) struct Literals(BTreeMap<Literal, Vec<Action>>);

impl Literals {
    /// A text of three bytes or more, in just this case, for a kind. With `bounded` it counts only where a
    /// word may begin.
    pub(super) fn exact(&mut self, text: &str, bounded: bool, action: Action) {
        self.add(text.as_bytes().into(), true, bounded, action);
    }

    /// A text of three bytes or more in any case, anywhere.
    pub(super) fn folded(&mut self, text: &str, action: Action) {
        let text = text.to_ascii_lowercase().into_bytes();
        self.add(text.into(), false, false, action);
    }

    fn add(&mut self, text: Box<[u8]>, exact: bool, bounded: bool, action: Action) {
        let literal = Literal {
            text,
            exact,
            bounded,
        };
        let actions = self.0.entry(literal).or_default();
        if !actions.contains(&action) {
            actions.push(action);
        }
    }
}

/// All literals.
#[derive(Debug)]
pub(super) struct Prefilter(Grams);

impl Prefilter {
    /// Over these literals.
    pub(super) fn new(literals: Literals) -> Self {
        Self(Grams::new(literals.0.into_iter().collect()))
    }

    /// Calls back for every literal at every place.
    pub(super) fn each_hit(&self, text: &[u8], found: impl FnMut(usize, Action)) {
        self.0.each_hit(text, found);
    }
}

/// The spellings of a word in snake case, apart from upper and lower case: `api_key`, `apikey` (and so
/// `apiKey`), `api-key`, `api.key`.
pub(super) fn spellings(word: &str) -> Vec<String> {
    let lower = word.to_ascii_lowercase();
    if !lower.contains('_') {
        return vec![lower];
    }
    let mut all: Vec<String> = ["", "-", "."]
        .iter()
        .map(|separator| lower.replace('_', separator))
        .collect();
    all.push(lower);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(literals: &[(&str, bool)], text: &str) -> Vec<(usize, usize)> {
        let mut all = Literals::default();
        for (i, (literal, exact)) in literals.iter().enumerate() {
            if *exact {
                all.exact(literal, false, Action::Kind(i));
            } else {
                all.folded(literal, Action::Kind(i));
            }
        }
        let mut found = Vec::new();
        Prefilter::new(all).each_hit(text.as_bytes(), |at, action| {
            if let Action::Kind(kind) = action {
                found.push((at, kind));
            }
        });
        found.sort();
        found
    }

    #[test]
    fn literals_that_begin_alike_or_overlap_are_all_found() {
        assert_eq!(
            hits(
                &[("sk-", true), ("sk-ant-", true), ("k-an", true)],
                "x sk-ant-1 sk-2"
            ),
            [(2, 0), (2, 1), (3, 2), (11, 0)]
        );
        assert_eq!(hits(&[("aaa", true)], "aaaaa"), [(0, 0), (1, 0), (2, 0)]);
        assert_eq!(hits(&[("ghp_", true)], ""), []);
    }

    #[test]
    fn case_matters_where_it_should() {
        let literals = [("secret_key", false), ("Live_", true), ("pwd", false)];
        assert_eq!(
            hits(&literals, "SECRET_KEY live_ Live_ PWD pWd"),
            [(0, 0), (17, 1), (23, 2), (27, 2)]
        );
    }

    /// A naive search is the oracle: every literal at every offset of every length of text.
    #[test]
    fn every_literal_is_found_wherever_it_stands() {
        let literals: Vec<String> = (100..400).map(|i| format!("lit{i}_x")).collect();
        let with: Vec<(&str, bool)> = literals.iter().map(|l| (l.as_str(), true)).collect();
        let text = literals.join(" ");
        assert_eq!(hits(&with, &text).len(), 300);
        for literal in [
            "abc",
            "abcd",
            "abcde",
            "abcdef",
            "token",
            "github_pat_",
            "zzzzzzzzz",
        ] {
            for before in 0..20 {
                for behind in 0..12 {
                    let text = format!("{}{literal}{}", "-".repeat(before), "-".repeat(behind));
                    assert_eq!(hits(&[(literal, true)], &text), [(before, 0)], "{text}");
                    let upper = text.to_uppercase();
                    assert_eq!(hits(&[(literal, false)], &upper), [(before, 0)], "{upper}");
                }
            }
        }
    }

    #[test]
    fn short_literals_count_at_the_beginnings_of_words_and_behind_escapes() {
        for (text, expected) in [
            ("=abcd1", true),
            ("abcd1", true),
            ("\"abcd", true),
            ("\\nabcd", true),
            ("%3Dabcd", true),
            ("\\u003dabcd", true),
            ("xabcd", false),
            ("Zabcd", false),
        ] {
            let mut all = Literals::default();
            all.exact("abcd", true, Action::Kind(0));
            all.exact("bcd", true, Action::Kind(1));
            let mut found = 0;
            // At even and odd places alike.
            for shift in [" ", "  "] {
                let text = format!("{shift}{text}");
                Prefilter::new(std::mem::take(&mut all)).each_hit(text.as_bytes(), |_, action| {
                    found += usize::from(action == Action::Kind(0));
                });
                all.exact("abcd", true, Action::Kind(0));
            }
            if expected {
                assert_eq!(found, 2, "{text}");
            }
        }
    }

    #[test]
    fn spellings_of_words() {
        assert_eq!(spellings("token"), ["token"]);
        assert_eq!(
            spellings("api_key"),
            ["apikey", "api-key", "api.key", "api_key"]
        );
    }
}
