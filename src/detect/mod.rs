//! The secret detector: finds credentials in any text by the rules of `rules/detectors`.
//!
//! Literals first: a vectorised search over the whole text finds the few places where one of the rules'
//! literals stands, and only there, on a bounded window, does a rule's pattern run. What matches is
//! decoded, weighed and, where two rules claim the same bytes, given to the more specific one. A secret's
//! value never leaves this module: what goes on is a redacted form and a keyed fingerprint.

mod assignment;
mod checksum;
mod credentials;
mod describe;
mod example;
mod files;
mod issuer;
mod judge;
mod kind;
mod language;
mod layers;
mod place;
mod prefilter;
mod ready;
mod redact;
mod rule;
mod runs;
mod search;
mod stored;
mod suspect;
mod text;
mod vocabulary;

pub use example::ExampleFailure;
pub use kind::Kind;
pub use rule::RuleError;
pub use stored::{Stored, illustrates};

use crate::model::{Certificate, Credential, Document, Fingerprinter, Origin, Problem, Str};
use judge::Judge;
use prefilter::{Action, Literals, Prefilter, spellings};
use ready::Source;
use std::collections::HashMap;
use vocabulary::Vocabulary;

/// The name of the detector in evidence.
pub const READER: &str = "secrets";

/// The certificates of a text, which belong to private keys that may stand elsewhere.
pub fn certificates(document: &Document<'_>, reader: &'static str) -> Vec<Certificate> {
    describe::certificates(document, reader)
}

/// All rules, compiled, and the prefilter over their literals.
#[derive(Debug)]
pub struct Detector {
    kinds: Vec<Kind>,
    prefilter: Prefilter,
    judge: Judge,
    /// What leads to the kinds that look at assignments.
    vocabulary: Vocabulary,
    /// The kind that looks at any assignment.
    generic: Option<usize>,
    /// The kinds that stand at certain places of certain files.
    filed: Vec<usize>,
    fingerprinter: Fingerprinter,
    digest: [u8; 32],
    /// How much of a value is shown behind the issuer's prefix, where the user has set it.
    reveal: Option<usize>,
}

impl Detector {
    /// With these rule files, as name and text: the built-in ones are
    /// [`DETECTORS`](crate::platform::embedded::DETECTORS), to which users add their own.
    ///
    /// # Errors
    ///
    /// The first rule that is incomplete, malformed or defined twice, with the place to mend.
    pub fn new(files: &[(&str, &str)], fingerprinter: Fingerprinter) -> Result<Self, RuleError> {
        let sources: Vec<Source<'_>> = files.iter().map(Source::text).collect();
        Self::read(&sources, fingerprinter)
    }

    /// With the built-in rules and these of the user's: as [`new`](Self::new), but the built-in ones come
    /// read already, without their examples.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn ready(files: &[(&str, &str)], fingerprinter: Fingerprinter) -> Result<Self, RuleError> {
        let mut sources: Vec<Source<'_>> = Source::all_builtin().collect();
        sources.extend(files.iter().map(Source::text));
        Self::read(&sources, fingerprinter)
    }

    fn read(sources: &[Source<'_>], fingerprinter: Fingerprinter) -> Result<Self, RuleError> {
        let mut kinds: Vec<Kind> = Vec::new();
        let mut owners: HashMap<Str, &str> = HashMap::new();
        let mut generics = 0;
        for source in sources {
            let (name, text) = (source.name, source.text);
            let place = rule::Place { name, text };
            // The patterns of the built-in files are proven by a test and need not be compiled now.
            for kind in kind::kinds(&place, source.parse()?, !source.builtin)? {
                if let Some(other) = owners.insert(kind.id.clone(), name) {
                    let problem = format!("the id is taken by {other}");
                    return Err(place.error(Some(&kind.id), "id", problem, "choose another id"));
                }
                if kind.rule.generic.is_some() && generics > 0 {
                    let hint = "describe what is special about yours with `assignment`";
                    let problem = "there is a rule for any assignment already";
                    return Err(place.error(Some(&kind.id), "generic", problem, hint));
                }
                generics += usize::from(kind.rule.generic.is_some());
                kinds.push(kind);
            }
        }
        let digest = ready::digest(sources);
        Ok(Self::with(kinds, fingerprinter, digest))
    }

    fn with(kinds: Vec<Kind>, fingerprinter: Fingerprinter, digest: [u8; 32]) -> Self {
        let mut literals = Literals::default();
        for (index, kind) in kinds.iter().enumerate() {
            for literal in &kind.rule.literals {
                if kind.rule.ignore_case {
                    literals.folded(literal, Action::Kind(index));
                } else {
                    literals.exact(literal, kind.rule.before == 0, Action::Kind(index));
                }
            }
        }
        // Kinds that look at assignments share the telling words, their own and those of the generic rule.
        let generic = kinds.iter().find_map(|kind| kind.rule.generic.as_ref());
        let fallback: Vec<String> = ["password", "secret", "token", "key"]
            .map(str::to_owned)
            .into();
        let words = match generic {
            Some(rule) => rule.words.as_slice(),
            None if kinds.iter().all(|kind| kind.rule.assignment.is_none()) => &[],
            None => &fallback,
        };
        for word in words {
            for spelling in spellings(word) {
                literals.folded(&spelling, Action::Word(spelling.len()));
            }
        }
        Self {
            prefilter: Prefilter::new(literals),
            judge: Judge::new(generic),
            vocabulary: Vocabulary::new(&kinds),
            generic: kinds.iter().position(|kind| kind.rule.generic.is_some()),
            filed: (0..)
                .zip(&kinds)
                .filter(|(_, kind)| kind.rule.file.is_some())
                .map(|(index, _)| index)
                .collect(),
            kinds,
            fingerprinter,
            digest,
            reveal: None,
        }
    }

    /// Shows of a value the issuer's prefix and this many characters behind it, nothing else.
    #[must_use]
    pub const fn revealing(mut self, characters: Option<usize>) -> Self {
        self.reveal = characters;
        self
    }

    /// Changes with the rules and with the code that applies them.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
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
        let mut found = self.find(text.bytes(), &document.origin.path, &place);
        let filed = self.filed(document.origin.below_root(), &place, text.bytes());
        found.candidates.extend(filed);
        let (inner, limit) = self.unfold(document, text.bytes(), &place, &mut found);
        let (candidates, limited) = (found.candidates, found.limited);
        if candidates.is_empty() && limited.is_empty() && inner.is_empty() && limit.is_none() {
            return Default::default();
        }
        let (credentials, mut problems) =
            self.credentials(document, text.bytes(), &place, candidates, &limited);
        problems.extend(limit);
        (layers::merged(credentials, inner), problems)
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
