//! Reading: opens, bounds and dispatches documents in parallel, and keeps account of what was read.

use super::{Input, Observer, ScanError};
use crate::model::{Coverage, Document, Facts, Inventory, Origin, Probe, Problem, ProblemKind};
use crate::reader::Reader;
use crate::source::history::Met;
use crate::source::open;
use crate::source::tree::{self, Entry, TreeOptions};
use rayon::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// How many first bytes readers see when they decide whether a document is theirs.
const HEAD: usize = 8 * 1024;

/// What one thread has gathered. Merging is commutative, so threads need no order.
#[derive(Default)]
struct Part {
    inventory: Inventory,
    coverage: Coverage,
    /// Repositories whose history can be looked at.
    met: BTreeSet<Met>,
}

impl Part {
    fn merge(mut self, other: Self) -> Self {
        // The smaller into the larger: absorbing costs what is absorbed.
        if self.inventory.identities.len() + self.inventory.credentials.len()
            < other.inventory.identities.len() + other.inventory.credentials.len()
        {
            return other.merge(self);
        }
        self.inventory.merge(other.inventory);
        self.coverage.merge(other.coverage);
        self.met.extend(other.met);
        self
    }
}

/// Reads every input with every reader that claims it.
pub(super) fn read_all(
    inputs: &[Input],
    tree: &TreeOptions,
    intake: &Intake<'_>,
) -> Result<(Inventory, Coverage, BTreeSet<Met>), ScanError> {
    let mut total = Part::default();
    // The same place named twice is read once; what lies inside another named place is met there.
    let mut seen = BTreeSet::new();
    for input in inputs {
        match input {
            Input::Bytes(name, bytes) => {
                let mut part = Part::default();
                let origin = Origin::file(name.clone());
                intake.document(&origin, bytes, bytes.len() as u64, &mut part);
                total = total.merge(part);
            }
            Input::Path(path) => {
                let canonical =
                    std::fs::canonicalize(path).map_err(|e| ScanError::Input(path.clone(), e))?;
                if !seen.insert(canonical) {
                    continue;
                }
                probe_root(path).map_err(|e| ScanError::Input(path.clone(), e))?;
                let walk = tree::walk(path, tree).map_err(ScanError::Glob)?;
                let part = walk
                    .par_bridge()
                    .fold(Part::default, |mut part, entry| {
                        intake.entry(entry, &mut part);
                        part
                    })
                    .reduce(Part::default, Part::merge);
                total = total.merge(part);
            }
        }
    }
    Ok((total.inventory, total.coverage, total.met))
}

/// Whether the user's own input can be read at all; inside it, trouble is data.
fn probe_root(path: &Path) -> std::io::Result<()> {
    if std::fs::metadata(path)?.is_dir() {
        std::fs::read_dir(path).map(|_| ())
    } else {
        // A named link is followed, as a named directory is.
        let path = std::fs::canonicalize(path)?;
        open::regular(&path).map(|_| ())
    }
}

thread_local! {
    /// Each thread reads into its own buffer, which grows to the largest file it met.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Buffers larger than this are given back after use.
const KEEP_BUFFER: usize = 4 << 20;

/// Opens, bounds and dispatches documents.
pub(super) struct Intake<'a> {
    pub(super) readers: &'a [Box<dyn Reader>],
    pub(super) text_limit: u64,
    pub(super) observer: &'a dyn Observer,
}

impl Intake<'_> {
    fn entry(&self, entry: Entry, part: &mut Part) {
        match entry {
            Entry::File { path, origin } => self.file(&path, &origin, part),
            Entry::Repository(repository) => {
                part.coverage.repositories.insert(repository);
            }
            Entry::History(met) => {
                part.met.insert(*met);
            }
            Entry::Excluded => part.coverage.excluded += 1,
            Entry::Special => part.coverage.special += 1,
            Entry::Problem(problem) => {
                part.coverage.problems.insert(problem);
            }
        }
    }

    fn file(&self, path: &Path, origin: &Arc<Origin>, part: &mut Part) {
        BUFFER.with_borrow_mut(|buffer| {
            buffer.clear();
            match self.load(path, origin, buffer) {
                Ok(size) => self.document(origin, buffer, size, part),
                Err(error) => {
                    part.coverage.problems.insert(Problem {
                        path: origin.path.clone(),
                        line: None,
                        column: None,
                        kind: ProblemKind::Unreadable,
                        reader: "source",
                        message: tree::reason(&error).into(),
                    });
                }
            }
            if buffer.capacity() > KEEP_BUFFER {
                *buffer = Vec::new();
            }
        });
    }

    /// Reads a file as far as anybody wants it: binaries no further than the head, text up to the limit,
    /// what a format reader claims whole. Returns the file's size.
    fn load(&self, path: &Path, origin: &Origin, buffer: &mut Vec<u8>) -> std::io::Result<u64> {
        let (mut file, size) = match open::regular(path) {
            // A link that the user named: opened without following, so resolve it first.
            Err(_) if path.is_symlink() => open::regular(&std::fs::canonicalize(path)?)?,
            opened => opened?,
        };
        (&mut file).take(HEAD as u64).read_to_end(buffer)?;
        if buffer.len() < HEAD {
            return Ok(buffer.len() as u64);
        }
        let probe = probe(origin, buffer, false);
        let whole = self
            .readers
            .iter()
            .any(|r| r.unlimited() && r.accepts(&probe));
        if whole {
            buffer.reserve(
                usize::try_from(size)
                    .unwrap_or(0)
                    .saturating_sub(buffer.len()),
            );
            file.read_to_end(buffer)?;
            return Ok(buffer.len() as u64);
        }
        if !probe.binary {
            let rest = self.text_limit.saturating_sub(buffer.len() as u64);
            file.take(rest).read_to_end(buffer)?;
        }
        Ok(size.max(buffer.len() as u64))
    }

    /// Hands a document to every reader that claims it.
    fn document(&self, origin: &Arc<Origin>, bytes: &[u8], size: u64, part: &mut Part) {
        part.coverage.files += 1;
        part.coverage.bytes += bytes.len() as u64;
        self.observer.file(bytes.len() as u64);
        let head = bytes.get(..HEAD).unwrap_or(bytes);
        let probe = probe(origin, head, head.len() as u64 == size);
        if probe.binary {
            part.coverage.binary += 1;
        }
        for reader in self.readers {
            if !reader.accepts(&probe) {
                continue;
            }
            *part.coverage.readers.entry(reader.name()).or_default() += 1;
            let mut bytes = bytes;
            if !reader.unlimited() && size > self.text_limit {
                let limit = usize::try_from(self.text_limit).unwrap_or(usize::MAX);
                bytes = bytes.get(..limit).unwrap_or(bytes);
                part.coverage.oversized += 1;
                part.coverage.problems.insert(Problem {
                    path: origin.path.clone(),
                    line: None,
                    column: None,
                    kind: ProblemKind::Limited,
                    reader: reader.name(),
                    message: format!(
                        "{size} bytes: only the first {limit} were searched (--max-file-size)"
                    )
                    .into(),
                });
            }
            let (facts, problems) = guarded(reader.as_ref(), &Document { origin, bytes });
            part.inventory.absorb(facts);
            part.coverage.problems.extend(problems);
        }
    }
}

/// A reader that panics is a bug, but it must not take the scan with it; what it read is lost and said to be.
fn guarded(reader: &dyn Reader, document: &Document<'_>) -> (Facts, Vec<Problem>) {
    catch_unwind(AssertUnwindSafe(|| reader.read(document))).unwrap_or_else(|_| {
        let problem = Problem {
            path: document.origin.path.clone(),
            line: None,
            column: None,
            kind: ProblemKind::Unreadable,
            reader: reader.name(),
            message: "internal error in the reader; please report it".into(),
        };
        (Facts::default(), vec![problem])
    })
}

fn probe<'a>(origin: &'a Origin, head: &'a [u8], complete: bool) -> Probe<'a> {
    let wide = head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]);
    Probe {
        origin,
        head,
        complete,
        binary: !wide && memchr::memchr(0, head).is_some(),
    }
}
