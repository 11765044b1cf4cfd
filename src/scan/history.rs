//! Histories: what they hold beside the files of today, joined with what those hold.

use super::{Input, Observer, ScanError};
use crate::detect::Detector;
use crate::model::{
    Allow, Coverage, Credential, CredentialId, Document, Exposure, Inventory, Problem, ProblemKind,
    Timestamp,
};
use crate::reader::allow;
use crate::source::cache::Cache;
use crate::source::history::range::{self, Part};
use crate::source::history::{self, Found, Met, Options, Searcher};
use crate::source::tree::{self, Entry, TreeOptions};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// How much of the histories of repositories is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryOptions {
    /// Whether histories are looked at beside files.
    pub wanted: bool,
    /// Only commits made at this time or later.
    pub since: Option<Timestamp>,
    /// Only what these branches lead to; everything when empty.
    pub branches: Vec<String>,
    /// Only these commits, and no files: `A..B`, `A...B` or one commit.
    pub commits: Vec<String>,
    /// Only what is staged, and no files.
    pub staged: bool,
    /// Whose owners histories are asked about.
    pub owners: OwnersAsked,
}

/// Whose owners histories are asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnersAsked {
    /// Everything's, also where an owner is declared: for comparing the two.
    All,
    /// That of what has no declared owner.
    #[default]
    Undeclared,
    /// Nobody's.
    None,
}

impl HistoryOptions {
    /// Whether only changes are looked at, and no files.
    pub fn only_changes(&self) -> bool {
        self.staged || !self.commits.is_empty()
    }

    /// The parts of history that are wanted; none for all of it.
    fn parts(&self) -> Vec<Part> {
        let mut parts: Vec<Part> = self.commits.iter().cloned().map(Part::Commits).collect();
        if self.staged {
            parts.push(Part::Staged);
        }
        if parts.is_empty() && (self.since.is_some() || !self.branches.is_empty()) {
            parts.push(Part::Recent {
                branches: self.branches.clone(),
                since: self.since,
            });
        }
        parts
    }
}

/// The detector, asked by the walk through history.
struct Asked<'a> {
    detector: &'a Detector,
    /// Which versions were asked of before.
    cache: Option<&'a Cache>,
    /// What comments beside the credentials accept; `None` where files are read, whose comments count.
    allowed: Option<Mutex<BTreeSet<(CredentialId, Allow)>>>,
}

impl Asked<'_> {
    /// Keeps the comments that speak of what was found.
    fn comments(&self, document: &Document<'_>, found: &[Credential]) -> Vec<Problem> {
        let Some(allowed) = self.allowed.as_ref().filter(|_| !found.is_empty()) else {
            return Vec::new();
        };
        let (allows, problems) = allow::allows(document);
        // What another thread left is whole: nothing is done in between.
        let mut allowed = allowed.lock().unwrap_or_else(PoisonError::into_inner);
        for allow in allows {
            let here = |e: &Exposure| e.evidence.line == Some(allow.line);
            for credential in found.iter().filter(|c| c.exposures.iter().any(here)) {
                allowed.insert((credential.id.clone(), allow.clone()));
            }
        }
        problems
    }
}

impl Searcher for Asked<'_> {
    fn suspects(&self, bytes: &[u8]) -> bool {
        // The same bytes are the same at any path and in any repository.
        let id = self
            .cache
            .map(|cache| (cache, cache.id(&[b"version", bytes])));
        if id.as_ref().is_some_and(|(cache, id)| cache.clean(id)) {
            return false;
        }
        // What makes the detector fall is looked at again, where it is said.
        let suspect =
            catch_unwind(AssertUnwindSafe(|| self.detector.suspects(bytes))).unwrap_or(true);
        if let Some((cache, id)) = id.filter(|_| !suspect) {
            cache.mark_clean(id);
        }
        suspect
    }

    fn read(&self, document: &Document<'_>) -> (Vec<Credential>, Vec<Problem>) {
        let read = || {
            let (found, mut problems) = self.detector.scan(document);
            problems.extend(self.comments(document, &found));
            (found, problems)
        };
        catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
            let problem = Problem {
                path: document.origin.path.clone(),
                line: None,
                column: None,
                kind: ProblemKind::Unreadable,
                reader: crate::detect::READER,
                message: "internal error in the reader; please report it".into(),
            };
            (Vec::new(), vec![problem])
        })
    }
}

/// What histories are read with.
pub(super) struct Reading<'a> {
    pub(super) detector: &'a Detector,
    /// Remembers which versions hold nothing.
    pub(super) cache: Option<&'a Cache>,
    /// Whether comments in what is read may accept findings.
    pub(super) allows: bool,
    pub(super) tree: &'a TreeOptions,
    pub(super) text_limit: u64,
    pub(super) roots: Vec<PathBuf>,
    pub(super) observer: &'a dyn Observer,
}

/// Looks through the histories of the repositories that were met, and joins what they hold.
pub(super) fn read_all(
    met: BTreeSet<Met>,
    wanted: &HistoryOptions,
    reading: &Reading<'_>,
    inventory: &mut Inventory,
    coverage: &mut Coverage,
) -> Result<(), ScanError> {
    if !wanted.wanted || met.is_empty() {
        return Ok(());
    }
    reading.observer.stage("reading history");
    let options = Options {
        text_limit: reading.text_limit,
        roots: reading.roots.clone(),
        exclude: tree::excludes("".as_ref(), &reading.tree.exclude).map_err(ScanError::Glob)?,
    };
    let parts = wanted.parts();
    let asked = Asked {
        detector: reading.detector,
        cache: reading.cache,
        allowed: (reading.allows && wanted.only_changes()).then(Mutex::default),
    };
    // Of a repository of which only a part was named, history is not asked for unless by name.
    let met = met
        .into_iter()
        .filter(|met| !met.around || wanted.only_changes());
    for met in history::distinct(met.collect(), &options) {
        if parts.is_empty() {
            let found = history::everything(&met, &options, &asked);
            join(found, inventory, coverage);
        }
        for part in &parts {
            let found = range::part(&met, part, &options, &asked);
            join(found.map_err(ScanError::History)?, inventory, coverage);
        }
    }
    if let Some(allowed) = asked.allowed {
        let allowed = allowed.into_inner().unwrap_or_else(PoisonError::into_inner);
        accept(allowed, inventory);
    }
    Ok(())
}

/// Lets comments speak of the credentials that they stood beside, at the lines that are told.
///
/// One beside what is not new accepts nothing here and is not called unused either.
fn accept(allowed: BTreeSet<(CredentialId, Allow)>, inventory: &mut Inventory) {
    for (id, allow) in allowed {
        let exposures = inventory.credentials.get(&id).map(|c| &c.exposures);
        let path = &allow.evidence.origin.path;
        let there = exposures.into_iter().flatten();
        let there = there.filter(|e| e.evidence.origin.path == *path);
        let lines: Vec<u32> = there.filter_map(|e| e.evidence.line).collect();
        inventory.allows.extend(lines.into_iter().map(|line| Allow {
            line,
            ..allow.clone()
        }));
    }
}

/// The repositories around what was named, without looking at any file.
pub(super) fn around(
    inputs: &[Input],
    tree: &TreeOptions,
) -> Result<(Inventory, Coverage, BTreeSet<Met>), ScanError> {
    let mut all = BTreeSet::new();
    let mut coverage = Coverage::default();
    for input in inputs {
        let Input::Path(path) = input else {
            let why = "standard input has no history: name a directory";
            return Err(ScanError::History(why.to_owned()));
        };
        std::fs::metadata(path).map_err(|e| ScanError::Input(path.clone(), e))?;
        // What surrounds a path is met before what is in it.
        let mut entries = tree::walk(path, tree).map_err(ScanError::Glob)?.take(32);
        let met = entries.find_map(|entry| match entry {
            Entry::History(met) => Some(*met),
            _ => None,
        });
        let met = met.ok_or_else(|| {
            ScanError::History(format!("{} is in no git repository", path.display()))
        })?;
        coverage.repositories.extend(met.repository.clone());
        all.insert(met);
    }
    Ok((Inventory::default(), coverage, all))
}

/// Joins what a history holds with what stands in files: a place where a secret still stands is told once.
pub(super) fn join(found: Found, inventory: &mut Inventory, coverage: &mut Coverage) {
    coverage.merge(found.coverage);
    for mut credential in found.credentials {
        let known = inventory.credentials.get_mut(&credential.id);
        if let Some(known) = known {
            credential.exposures.retain(|past| !noted(known, past));
            if credential.exposures.is_empty() {
                continue;
            }
        }
        inventory.add_credential(credential);
    }
}

/// Notes at the places of today what history tells of them, if it speaks of one of them.
fn noted(known: &mut Credential, past: &Exposure) -> bool {
    // What no commit brought in at a path is worth telling only of what is nowhere else.
    let dangling = past.introduced.is_none();
    if dangling && known.exposures.iter().any(|now| now.in_tree) {
        return true;
    }
    let path = &past.evidence.origin.path;
    let same = |now: &Exposure| now.in_tree && now.evidence.origin.path == *path;
    if !known.exposures.iter().any(same) {
        return false;
    }
    known.exposures = std::mem::take(&mut known.exposures)
        .into_iter()
        .map(|mut now| {
            if same(&now) {
                let cut = past
                    .reasons
                    .iter()
                    .filter(|reason| ***reason == *history::CUT);
                now.reasons.extend(cut.cloned());
                now.introduced = match (now.introduced, &past.introduced) {
                    (Some(one), Some(other)) => Some(one.min(other.clone())),
                    (one, other) => one.or_else(|| other.clone()),
                };
            }
            now
        })
        .collect();
    true
}
