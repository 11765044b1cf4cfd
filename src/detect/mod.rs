//! The secret detector: finds credentials in any text by the rules of `rules/detectors`.
//!
//! Literals first: a vectorised search over the whole text finds the few places where one of the rules'
//! literals stands, and only there, on a bounded window, does a rule's pattern run. What matches is
//! decoded, weighed and, where two rules claim the same bytes, given to the more specific one. A secret's
//! value never leaves this module: what goes on is a redacted form and a keyed fingerprint.

mod assignment;
mod checksum;
mod credentials;
mod example;
mod files;
mod judge;
mod kind;
mod language;
mod place;
mod prefilter;
mod redact;
mod rule;
mod search;
mod structure;
mod text;

pub use example::ExampleFailure;
pub use kind::Kind;
pub use rule::RuleError;

use crate::model::{Credential, Document, Fingerprinter, Origin, Problem};
use crate::platform::embedded::DETECTORS;
use judge::Judge;
use prefilter::{Action, Prefilter, capitalise, spellings};
use std::collections::BTreeMap;

/// The name of the detector in evidence.
pub const READER: &str = "secrets";

/// All rules, compiled, and the prefilter over their literals.
#[derive(Debug)]
pub struct Detector {
    kinds: Vec<Kind>,
    prefilter: Prefilter,
    judge: Judge,
    /// The kinds that look at assignments, those of issuers first.
    assigned: Vec<usize>,
    /// The kinds that stand at certain places of certain files.
    filed: Vec<usize>,
    fingerprinter: Fingerprinter,
}

impl Detector {
    /// With these rule files, as name and text: the built-in ones are
    /// [`DETECTORS`], to which users add their own.
    ///
    /// # Errors
    ///
    /// The first rule that is incomplete, malformed or defined twice, with the place to mend.
    pub fn new(files: &[(&str, &str)], fingerprinter: Fingerprinter) -> Result<Self, RuleError> {
        let mut kinds: Vec<Kind> = Vec::new();
        let mut owners: BTreeMap<String, &str> = BTreeMap::new();
        for &(name, text) in files {
            let place = rule::Place { name, text };
            let file = rule::parse(name, text)?;
            // The patterns of the built-in files are proven by a test and need not be compiled now.
            let builtin = DETECTORS.iter().any(|(_, known)| *known == text);
            for kind in kind::kinds(&place, file, !builtin)? {
                if let Some(other) = owners.insert(kind.id.to_string(), name) {
                    let problem = format!("the id is taken by {other}");
                    return Err(place.error(Some(&kind.id), "id", problem, "choose another id"));
                }
                let generics = kinds.iter().filter(|k| k.rule.generic.is_some()).count();
                if kind.rule.generic.is_some() && generics > 0 {
                    let hint = "describe what is special about yours with `assignment`";
                    let problem = "there is a rule for any assignment already";
                    return Err(place.error(Some(&kind.id), "generic", problem, hint));
                }
                kinds.push(kind);
            }
        }
        Self::with(kinds, fingerprinter).map_err(|error| RuleError {
            file: "the rules together".to_owned(),
            line: None,
            field: "literals".to_owned(),
            problem: error.to_string(),
            hint: "shorten the literals of your own rules".to_owned(),
        })
    }

    fn with(
        kinds: Vec<Kind>,
        fingerprinter: Fingerprinter,
    ) -> Result<Self, aho_corasick::BuildError> {
        let mut literals: BTreeMap<Vec<u8>, Vec<Action>> = BTreeMap::new();
        let mut add = |literal: &str, action: Action| {
            let actions = literals.entry(literal.as_bytes().to_vec()).or_default();
            if !actions.contains(&action) {
                actions.push(action);
            }
        };
        let mut assigned = Vec::new();
        for (index, kind) in kinds.iter().enumerate() {
            for literal in &kind.rule.literals {
                add(literal, Action::Kind(index));
                if kind.rule.ignore_case {
                    let lower = literal.to_ascii_lowercase();
                    add(&capitalise(&lower), Action::Kind(index));
                    add(&lower, Action::Kind(index));
                    add(&literal.to_ascii_uppercase(), Action::Kind(index));
                }
            }
            if kind.rule.assignment.is_some() || kind.rule.generic.is_some() {
                assigned.push(index);
            }
        }
        // Kinds that look at assignments share the telling words, their own and those of the generic rule.
        let generic = kinds.iter().find_map(|kind| kind.rule.generic.as_ref());
        let fallback: Vec<String> = ["password", "secret", "token", "key"]
            .map(str::to_owned)
            .into();
        let words = match generic {
            Some(rule) => rule.words.as_slice(),
            None if assigned.is_empty() => &[],
            None => &fallback,
        };
        for word in words {
            for spelling in spellings(word) {
                add(&spelling, Action::Word(spelling.len()));
            }
        }
        assigned.sort_by_key(|index| kinds.get(*index).map(|kind| kind.rule.generic.is_some()));
        Ok(Self {
            prefilter: Prefilter::new(&literals)?,
            judge: Judge::new(generic),
            filed: (0..kinds.len())
                .filter(|index| {
                    kinds
                        .get(*index)
                        .is_some_and(|kind| kind.rule.file.is_some())
                })
                .collect(),
            kinds,
            assigned,
            fingerprinter,
        })
    }

    /// The kinds of credential it knows, in the order of the files.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.iter()
    }

    /// Every credential in a text, one for each distinct secret, in the order of their ids; and what was
    /// not looked at. Binary documents hold none.
    pub fn scan(&self, document: &Document<'_>) -> (Vec<Credential>, Vec<Problem>) {
        let Some(text) = text::Text::of(document.bytes) else {
            let place = place::Place::of(document.origin.below_root());
            let Some(store) = self.store(&place, document.bytes) else {
                return Default::default();
            };
            return self.credentials(document, document.bytes, &place, vec![store], &[]);
        };
        let place = place::Place::of(document.origin.below_root());
        let (mut candidates, limited) = self.search(text.bytes(), &document.origin.path, &place);
        candidates.extend(self.filed(document.origin.below_root(), &place, text.bytes()));
        if candidates.is_empty() && limited.is_empty() {
            return Default::default();
        }
        self.credentials(document, text.bytes(), &place, candidates, &limited)
    }

    /// Whether binary data with these first bytes is a store of credentials.
    pub fn knows_store(head: &[u8]) -> bool {
        files::store_of(head).is_some()
    }

    /// Runs every rule's own examples. Empty when all rules keep their promises.
    pub fn check_examples(&self) -> Vec<ExampleFailure> {
        let mut failures = Vec::new();
        for kind in &self.kinds {
            let examples = &kind.rule.examples;
            let lists = [
                ("positive", &examples.positive),
                ("negative", &examples.negative),
            ];
            for (list, texts) in lists {
                for (index, template) in (1..).zip(texts) {
                    let problem = self.check_example(kind, template, list == "positive");
                    failures.extend(problem.map(|problem| ExampleFailure {
                        kind: kind.id.to_string(),
                        list,
                        index,
                        problem,
                    }));
                }
            }
        }
        failures
    }

    fn check_example(&self, kind: &Kind, template: &str, positive: bool) -> Option<String> {
        let text = match example::fill(template, kind.rule.checksum, &kind.id) {
            Ok(text) => text,
            Err(problem) => return Some(problem),
        };
        // What a file's name decides needs one: `path: .pgpass` in the first line.
        let (path, text) = match text.strip_prefix("path: ").and_then(|t| t.split_once('\n')) {
            Some((path, text)) => (path.to_owned(), text.to_owned()),
            None => ("-".to_owned(), text),
        };
        let document = Document {
            origin: &Origin::file(path),
            bytes: text.as_bytes(),
        };
        let (credentials, _) = self.scan(&document);
        let found = credentials.iter().any(|c| c.kind == kind.id);
        match (positive, found) {
            (true, false) => {
                let instead: Vec<&str> = credentials.iter().map(|c| &*c.kind).collect();
                Some(format!(
                    "was not found; found instead: [{}]",
                    instead.join(", ")
                ))
            }
            (false, true) => Some("was found".to_owned()),
            _ => None,
        }
    }
}
