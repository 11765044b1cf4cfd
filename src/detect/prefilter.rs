//! The prefilter: every place in a text where one of the rules' literals stands, at several gigabytes a
//! second. Rules run their patterns only there.

use aho_corasick::packed::{self, Searcher};
use aho_corasick::{AhoCorasick, BuildError, MatchKind, Span};
use std::collections::BTreeMap;
use std::fmt;

/// How many literals one vectorised searcher takes before it slows down more than a second pass costs.
const GROUP: usize = 32;

/// What to do at a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// Try the pattern of this kind.
    Kind(usize),
    /// Read the assignment that the word of this length may belong to.
    Word(usize),
}

/// What must stand at a hit, and what to do when it does.
type Target = (Box<[u8]>, Action);

/// All literals, in groups.
#[derive(Debug)]
pub(super) struct Prefilter {
    groups: Vec<Group>,
}

struct Group {
    engine: Engine,
    /// For each literal of the engine: what must stand at the hit (the literal or a longer one that
    /// begins with it), and what to do then.
    targets: Vec<Vec<Target>>,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({} literals)", self.targets.len())
    }
}

enum Engine {
    /// Vectorised.
    Packed(Searcher),
    /// For processors without the instructions.
    Automaton(AhoCorasick),
}

impl Prefilter {
    /// Over these literals.
    ///
    /// # Errors
    /// When there is more to look for than an automaton can hold.
    pub(super) fn new(literals: &BTreeMap<Vec<u8>, Vec<Action>>) -> Result<Self, BuildError> {
        // A literal that begins with another one is looked for by that one: so at most one literal of
        // the searchers matches at any place, and none hides another.
        let mut shortest: Vec<(&[u8], Vec<Target>)> = Vec::new();
        for (literal, actions) in literals {
            let targets = actions
                .iter()
                .map(|action| (literal.clone().into_boxed_slice(), *action));
            match shortest.last_mut() {
                Some((prefix, list)) if literal.starts_with(prefix) => list.extend(targets),
                _ => shortest.push((literal, targets.collect())),
            }
        }
        // Short literals make short fingerprints: they must not spoil the groups of the longer ones.
        shortest.sort_by_key(|(literal, _)| literal.len() < 4);
        let boundary = shortest.partition_point(|(literal, _)| literal.len() >= 4);
        let (long, short) = shortest.split_at(boundary);
        let groups = [long, short]
            .into_iter()
            .flat_map(|part| {
                let count = part.len().div_ceil(GROUP).max(1);
                part.chunks(part.len().div_ceil(count).max(1))
            })
            .map(Group::new)
            .collect::<Result<_, _>>()?;
        Ok(Self { groups })
    }

    /// Calls back for every literal at every place.
    pub(super) fn each_hit(&self, text: &[u8], mut found: impl FnMut(usize, Action)) {
        for group in &self.groups {
            let mut from = 0;
            while let Some((pattern, at)) = group.engine.find(text, from) {
                from = at + 1;
                let Some(targets) = group.targets.get(pattern) else {
                    continue;
                };
                let rest = text.get(at..).unwrap_or_default();
                for (literal, action) in targets {
                    if rest.starts_with(literal) {
                        found(at, *action);
                    }
                }
            }
        }
    }
}

impl Group {
    fn new(literals: &[(&[u8], Vec<Target>)]) -> Result<Self, BuildError> {
        let texts = || literals.iter().map(|(literal, _)| *literal);
        let packed = packed::Config::new()
            .match_kind(packed::MatchKind::LeftmostFirst)
            .builder()
            .extend(texts())
            .build();
        let engine = match packed {
            Some(searcher) => Engine::Packed(searcher),
            None => Engine::Automaton(
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostFirst)
                    .build(texts())?,
            ),
        };
        let targets = literals
            .iter()
            .map(|(_, targets)| targets.clone())
            .collect();
        Ok(Self { engine, targets })
    }
}

impl Engine {
    fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let span = Span::from(from..text.len());
        match self {
            Self::Packed(searcher) => searcher
                .find_in(text, span)
                .map(|hit| (hit.pattern().as_usize(), hit.start())),
            Self::Automaton(automaton) => automaton
                .find(aho_corasick::Input::new(text).span(span))
                .map(|hit| (hit.pattern().as_usize(), hit.start())),
        }
    }
}

/// The spellings of a word in snake case: `api_key`, `API_KEY`, `apiKey`, `ApiKey`, `api-key`, `Api-Key`,
/// `apikey`, `APIKEY`. Looking for these costs a fraction of folding the case of every text.
pub(super) fn spellings(word: &str) -> Vec<String> {
    let lower = word.to_ascii_lowercase();
    let parts: Vec<&str> = lower.split('_').collect();
    let capitalised: Vec<String> = parts.iter().map(|part| capitalise(part)).collect();
    let mut camel = capitalised.concat();
    if let Some(first) = parts.first()
        && let Some(rest) = camel.get(first.len()..)
    {
        camel = format!("{first}{rest}");
    }
    let mut all = vec![
        lower.to_ascii_uppercase(),
        capitalised.concat(),
        camel,
        parts.join("-"),
        parts.join("."),
        capitalised.join("-"),
        parts.concat(),
        parts.concat().to_ascii_uppercase(),
        lower,
    ];
    all.sort();
    all.dedup();
    all
}

/// With the first letter in upper case.
pub(super) fn capitalise(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(literals: &[&str], text: &str) -> Vec<(usize, usize)> {
        let mut map: BTreeMap<Vec<u8>, Vec<Action>> = BTreeMap::new();
        for (i, literal) in literals.iter().enumerate() {
            let actions = map.entry(literal.as_bytes().to_vec()).or_default();
            actions.push(Action::Kind(i));
        }
        let mut found = Vec::new();
        Prefilter::new(&map)
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
            hits(&["sk-", "sk-ant-", "k-an"], "x sk-ant-1 sk-2"),
            [(2, 0), (2, 1), (3, 2), (11, 0)]
        );
        assert_eq!(hits(&["aaa"], "aaaaa"), [(0, 0), (1, 0), (2, 0)]);
        assert_eq!(hits(&["ghp_"], ""), []);
    }

    #[test]
    fn more_literals_than_one_group_takes() {
        let literals: Vec<String> = (100..400).map(|i| format!("lit{i}")).collect();
        let texts: Vec<&str> = literals.iter().map(String::as_str).collect();
        let text = literals.join(" ");
        assert_eq!(hits(&texts, &text).len(), 300);
    }

    #[test]
    fn spellings_of_words() {
        assert_eq!(spellings("token"), ["TOKEN", "Token", "token"]);
        assert!(spellings("api_key").contains(&"apiKey".to_owned()));
        assert!(spellings("api_key").contains(&"Api-Key".to_owned()));
    }
}
