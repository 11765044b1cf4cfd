//! Literals of three and four bytes, by vectorised searchers over a few dozen each.

use super::Action;
use aho_corasick::packed::{self, Searcher};
use aho_corasick::{AhoCorasick, BuildError, MatchKind, Span};
use std::fmt;

/// How many literals one vectorised searcher takes before it slows down more than a second pass costs.
const GROUP: usize = 32;

/// What must stand at a hit, and what to do when it does.
type Target = (Box<[u8]>, Action);

/// Some of the literals.
pub(super) struct Group {
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

/// Groups over these literals, which are sorted.
///
/// # Errors
/// When there is more to look for than an automaton can hold.
pub(super) fn groups(literals: &[(Vec<u8>, Vec<Action>)]) -> Result<Vec<Group>, BuildError> {
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
    [long, short]
        .into_iter()
        .flat_map(|part| {
            let count = part.len().div_ceil(GROUP).max(1);
            part.chunks(part.len().div_ceil(count).max(1))
        })
        .map(Group::new)
        .collect()
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

    /// Calls back for every literal at every place.
    pub(super) fn each_hit(&self, text: &[u8], found: &mut impl FnMut(usize, Action)) {
        let mut from = 0;
        while let Some((pattern, at)) = self.engine.find(text, from) {
            from = at + 1;
            let Some(targets) = self.targets.get(pattern) else {
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
