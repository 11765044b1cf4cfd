//! The prefilter: every place in a text where one of the rules' literals stands, at about a gigabyte a
//! second whatever their number. Rules run their patterns only there.

mod grams;
mod short;

use aho_corasick::BuildError;
use grams::Grams;
use short::Group;
use std::collections::BTreeMap;

/// What to do at a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// Try the pattern of this kind.
    Kind(usize),
    /// Read the assignment that the word of this length may belong to.
    Word(usize),
    /// An issuer's name of this length: see whether one of its credentials stands behind it.
    Issuer(usize),
}

/// A text to look for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Literal {
    text: Box<[u8]>,
    /// Whether case matters.
    exact: bool,
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
}

/// Collects what to look for.
#[derive(Debug, Default)]
pub(super) struct Literals(BTreeMap<Literal, Vec<Action>>);

impl Literals {
    /// Adds a text of three bytes or more; with `exact`, in just this case.
    pub(super) fn add(&mut self, text: &str, exact: bool, action: Action) {
        // Of a short text the usual cases are looked for one by one.
        if !exact && text.len() <= grams::GRAM {
            let lower = text.to_ascii_lowercase();
            for spelling in [capitalise(&lower), lower.to_ascii_uppercase(), lower] {
                self.add(&spelling, true, action);
            }
            return;
        }
        let text = if exact {
            text.as_bytes().into()
        } else {
            text.to_ascii_lowercase().into_bytes().into()
        };
        let actions = self.0.entry(Literal { text, exact }).or_default();
        if !actions.contains(&action) {
            actions.push(action);
        }
    }
}

/// All literals.
#[derive(Debug)]
pub(super) struct Prefilter {
    grams: Grams,
    groups: Vec<Group>,
}

impl Prefilter {
    /// Over these literals.
    ///
    /// # Errors
    /// When there is more to look for than an automaton can hold.
    pub(super) fn new(literals: Literals) -> Result<Self, BuildError> {
        let (long, short): (Vec<_>, Vec<_>) = literals
            .0
            .into_iter()
            .partition(|(literal, _)| literal.text.len() > grams::GRAM);
        let short: Vec<_> = short
            .into_iter()
            .map(|(literal, actions)| (literal.text.into_vec(), actions))
            .collect();
        Ok(Self {
            grams: Grams::new(long),
            groups: short::groups(&short)?,
        })
    }

    /// Calls back for every literal at every place.
    pub(super) fn each_hit(&self, text: &[u8], mut found: impl FnMut(usize, Action)) {
        for group in &self.groups {
            group.each_hit(text, &mut found);
        }
        self.grams.each_hit(text, &mut found);
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

/// With the first letter in upper case.
fn capitalise(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(literals: &[(&str, bool)], text: &str) -> Vec<(usize, usize)> {
        let mut all = Literals::default();
        for (i, (literal, exact)) in literals.iter().enumerate() {
            all.add(literal, *exact, Action::Kind(i));
        }
        let mut found = Vec::new();
        Prefilter::new(all)
            .unwrap()
            .each_hit(text.as_bytes(), |at, action| {
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
            [(0, 0), (17, 1), (23, 2)]
        );
    }

    /// A naive search is the oracle: every literal at every offset of every length of text.
    #[test]
    fn every_literal_is_found_wherever_it_stands() {
        let literals: Vec<String> = (100..400).map(|i| format!("lit{i}_x")).collect();
        let with: Vec<(&str, bool)> = literals.iter().map(|l| (l.as_str(), true)).collect();
        let text = literals.join(" ");
        assert_eq!(hits(&with, &text).len(), 300);
        for literal in ["abcde", "abcdef", "token", "github_pat_", "zzzzzzzzz"] {
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
    fn spellings_of_words() {
        assert_eq!(spellings("token"), ["token"]);
        assert_eq!(
            spellings("api_key"),
            ["apikey", "api-key", "api.key", "api_key"]
        );
    }
}
