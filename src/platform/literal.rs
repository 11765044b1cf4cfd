//! Many patterns against many texts: only those whose literal part the text holds need a closer look.

use aho_corasick::AhoCorasick;
use std::collections::BTreeMap;

/// Patterns by number, found by a text that each needs to stand in what it matches.
#[derive(Debug, Default)]
pub struct Literals {
    automaton: Option<AhoCorasick>,
    /// In the automaton's order.
    patterns: Vec<Vec<usize>>,
    /// Patterns without a literal part.
    always: Vec<usize>,
}

impl Literals {
    /// An index of pattern numbers, each with its literal part; an empty one may stand anywhere.
    pub fn new<T: AsRef<str>>(patterns: impl IntoIterator<Item = (T, usize)>) -> Self {
        let mut by_literal: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (literal, number) in patterns {
            let list = by_literal.entry(literal.as_ref().to_owned()).or_default();
            list.push(number);
        }
        let mut always = by_literal.remove("").unwrap_or_default();
        let automaton = AhoCorasick::new(by_literal.keys()).ok();
        if automaton.is_none() {
            always.extend(by_literal.values().flatten());
        }
        Self {
            automaton,
            patterns: by_literal.into_values().collect(),
            always,
        }
    }

    /// The numbers of all patterns that may match the text, in no particular order, each once.
    pub fn candidates(&self, text: &str) -> Vec<usize> {
        let mut found: Vec<usize> = self
            .automaton
            .iter()
            .flat_map(|automaton| automaton.find_overlapping_iter(text))
            .map(|found| found.pattern().as_usize())
            .collect();
        found.sort_unstable();
        found.dedup();
        let found = found.into_iter().filter_map(|at| self.patterns.get(at));
        self.always.iter().chain(found.flatten()).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Literals;

    #[test]
    fn candidates_are_those_whose_literal_stands_in_the_text() {
        let index = Literals::new([("a", 0), ("", 1), ("aab", 2), ("c", 3), ("a", 4)]);
        let candidates = |text| {
            let mut found = index.candidates(text);
            found.sort_unstable();
            found
        };
        assert_eq!(candidates("xaabx"), [0, 1, 2, 4]);
        assert_eq!(candidates("cc"), [1, 3]);
        assert_eq!(candidates(""), [1]);
        assert!(Literals::default().candidates("a").is_empty());
    }
}
