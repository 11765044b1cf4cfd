//! The only place that knows the order of the stages. Also parallelism, limits and coverage.

use crate::check::{self, EvaluateOptions};
pub use crate::check::{
    Check, CheckError, CheckSet, Controls, Parameters, Setting, Settings,
    reference as check_attributes,
};
pub use crate::detect::{Detector, RuleError};
pub use crate::drift::against_baseline;
use crate::model::{
    Assessed, Attribution, Coverage, Document, Evidence, Facts, Fingerprinter, Inventory, Method,
    Origin, Owner, Presence, Probe, Problem, ProblemKind, Str, SubjectId, Timestamp, Waiver,
};
use crate::ownership;
pub use crate::ownership::OwnershipOptions;
use crate::platform::embedded;
use crate::reader::{self, Reader};
use crate::snapshot::Snapshot;
use crate::source::tree::{self, BadGlob, Entry, TreeOptions};
use crate::source::{authors, open};
use crate::{link, privilege};
use rayon::prelude::*;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many first bytes readers see when they decide whether a document is theirs.
const HEAD: usize = 8 * 1024;
/// Size beyond which text is not searched for secrets, unless configured otherwise.
pub const DEFAULT_TEXT_LIMIT: u64 = 25_000_000;
/// Files whose last author is looked up at most, when nobody is declared.
const MAX_AUTHORED: usize = 5_000;

/// Something to scan, as the user named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A directory or a file.
    Path(PathBuf),
    /// Bytes that were handed in, such as standard input, under this name.
    Bytes(Str, Vec<u8>),
}

/// Everything that a scan depends on.
pub struct ScanOptions {
    /// What to scan.
    pub inputs: Vec<Input>,
    /// Which files of trees are looked at.
    pub tree: TreeOptions,
    /// Size in bytes beyond which text is not searched for secrets.
    pub text_limit: u64,
    /// The secret detector.
    pub detector: Detector,
    /// The checks.
    pub checks: CheckSet,
    /// Parameters of the checks, from [`CheckSet::bind`].
    pub parameters: Parameters,
    /// Accepted findings.
    pub waivers: Vec<Waiver>,
    /// Ownership configuration.
    pub ownership: OwnershipOptions,
    /// Makes finding fingerprints.
    pub fingerprinter: Fingerprinter,
    /// The time that ages and expiries are judged at.
    pub now: Timestamp,
}

/// Why a scan could not run at all.
#[derive(Debug)]
pub enum ScanError {
    /// An input named by the user does not exist or cannot be read.
    Input(PathBuf, std::io::Error),
    /// An exclude glob is not valid.
    Glob(BadGlob),
}

/// Told what a scan is doing, for a progress display.
pub trait Observer: Sync {
    /// A file was read.
    fn file(&self, bytes: u64);
    /// A stage begins.
    fn stage(&self, name: &'static str);
}

/// Runs all stages.
///
/// # Errors
/// When an input that the user named cannot be read at all. Trouble inside inputs is data, in the coverage.
pub fn run(options: ScanOptions, observer: &dyn Observer) -> Result<Snapshot, ScanError> {
    let ScanOptions {
        inputs,
        tree,
        text_limit,
        detector,
        checks,
        parameters,
        waivers,
        mut ownership,
        fingerprinter,
        now,
    } = options;
    let detector = Arc::new(detector);
    let readers = reader::readers(Arc::clone(&detector));
    let intake = Intake {
        readers: &readers,
        text_limit,
        observer,
    };

    observer.stage("reading");
    let (mut inventory, coverage) = read_all(&inputs, &tree, &intake)?;
    observer.stage("joining");
    link::link(&mut inventory);
    observer.stage("weighing privileges");
    let privilege = privilege::assess(&inventory);
    observer.stage("finding owners");
    let authors = commit_authors(&inventory, &coverage, &ownership);
    ownership.suggestions.extend(authors);
    let resolved = ownership::resolve(&inventory, &ownership);
    let assessed = Assessed {
        inventory,
        privilege,
        ownership: resolved.ownership,
        registered: resolved.registered,
    };
    observer.stage("checking");
    let evaluation = check::evaluate(
        &checks,
        &assessed,
        &EvaluateOptions {
            now,
            waivers: &waivers,
            parameters: &parameters,
            fingerprinter: &fingerprinter,
        },
    );
    let snapshot = Snapshot::new(
        &assessed,
        &coverage,
        &evaluation.summaries,
        &evaluation.findings,
        now,
    );
    Ok(without_secrets(snapshot, &detector))
}

/// The snapshot with every text that holds a secret redacted. What readers take for names (users of an
/// export, objects of a manifest, files of a tree) comes from the input, and somebody may have pasted a
/// token there; nothing of known format leaves, whatever a reader took it for.
fn without_secrets(snapshot: Snapshot, detector: &Detector) -> Snapshot {
    if !holds_secret(&snapshot, detector) {
        return snapshot;
    }
    let Ok(mut value) = serde_json::to_value(&snapshot) else {
        return Snapshot::default();
    };
    redact(&mut value, detector);
    serde_json::from_value(value).unwrap_or_default()
}

/// Whether any text of the snapshot holds a secret, looked at in pieces: one search in a long text is
/// cheaper than one for each text, and a snapshot as a whole can be large.
fn holds_secret(snapshot: &Snapshot, detector: &Detector) -> bool {
    fn any<T: serde::Serialize + Sync>(items: &[T], detector: &Detector) -> bool {
        items.par_chunks(256).any(|chunk| {
            // What cannot be serialised cannot be written either.
            serde_json::to_vec(chunk).is_ok_and(|text| detector.holds_secret(&text))
        })
    }
    any(&snapshot.identities, detector)
        || any(&snapshot.credentials, detector)
        || any(&snapshot.trusts, detector)
        || any(&snapshot.workloads, detector)
        || any(&snapshot.declarations, detector)
        || any(&snapshot.findings, detector)
        || any(std::slice::from_ref(&snapshot.coverage), detector)
}

fn redact(value: &mut serde_json::Value, detector: &Detector) {
    match value {
        serde_json::Value::String(text) => {
            if let Some(redacted) = detector.redact(text) {
                *text = redacted;
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| redact(item, detector)),
        serde_json::Value::Object(fields) => fields
            .values_mut()
            .for_each(|field| redact(field, detector)),
        _ => {}
    }
}

/// The detector with the rules that ship with the program and the user's own, given as name and text.
///
/// # Errors
/// What is wrong with a rule file, with its place.
pub fn detector(
    files: &[(&str, &str)],
    fingerprinter: Fingerprinter,
) -> Result<Detector, RuleError> {
    let all: Vec<(&str, &str)> = embedded::DETECTORS.iter().chain(files).copied().collect();
    Detector::new(&all, fingerprinter)
}

/// What one thread has gathered. Merging is commutative, so threads need no order.
#[derive(Default)]
struct Part {
    inventory: Inventory,
    coverage: Coverage,
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
        self
    }
}

fn read_all(
    inputs: &[Input],
    tree: &TreeOptions,
    intake: &Intake<'_>,
) -> Result<(Inventory, Coverage), ScanError> {
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
    Ok((total.inventory, total.coverage))
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
struct Intake<'a> {
    readers: &'a [Box<dyn Reader>],
    text_limit: u64,
    observer: &'a dyn Observer,
}

impl Intake<'_> {
    fn entry(&self, entry: Entry, part: &mut Part) {
        match entry {
            Entry::File { path, origin } => self.file(&path, &origin, part),
            Entry::Repository(repository) => {
                part.coverage.repositories.insert(repository);
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

/// Who last changed the files that brought in identities and leaked credentials for which nobody is declared.
fn commit_authors(
    inventory: &Inventory,
    coverage: &Coverage,
    options: &OwnershipOptions,
) -> Vec<Attribution> {
    if coverage.repositories.is_empty() {
        return Vec::new();
    }
    // Only where nobody is declared: history is expensive, and only ever suggests.
    let declared = ownership::resolve(inventory, options);
    let undeclared = declared
        .ownership
        .into_iter()
        .filter(|(_, o)| o.owner.is_none())
        .map(|(subject, _)| subject);
    // Repository root, file below it → the subjects that the file brought in, with where.
    let mut wanted: BTreeMap<Str, BTreeMap<String, Vec<(SubjectId, Evidence)>>> = BTreeMap::new();
    let mut count = 0;
    for subject in undeclared {
        for evidence in committed_evidence(inventory, &subject) {
            let Some(repository) = &evidence.origin.repository else {
                continue;
            };
            let Some(file) = below(&repository.root, &evidence.origin.path) else {
                continue;
            };
            let files = wanted.entry(repository.root.clone()).or_default();
            if count >= MAX_AUTHORED && !files.contains_key(file) {
                continue;
            }
            count += usize::from(!files.contains_key(file));
            files
                .entry(file.to_owned())
                .or_default()
                .push((subject.clone(), evidence));
        }
    }
    let mut claims = Vec::new();
    for (root, files) in wanted {
        let names = files.keys().cloned().collect();
        for (file, author) in authors::last(Path::new(&*root), &names) {
            for (subject, evidence) in files.get(&file).into_iter().flatten() {
                claims.push(Attribution {
                    method: Method::CommitAuthor,
                    subject: subject.clone(),
                    owner: Owner::Mail(author.mail.as_str().into()),
                    raw: format!("{} <{}>", author.name, author.mail).into(),
                    as_of: Some(author.when),
                    evidence: Evidence {
                        pointer: Some(format!("commit {}", author.commit).into()),
                        reader: "git",
                        ..evidence.clone()
                    },
                });
            }
        }
    }
    claims
}

/// Where a subject was brought in by a commit: the manifests that declare an identity, the places where a
/// credential stands in the open. Who commits an export says nothing about what it lists.
fn committed_evidence(inventory: &Inventory, subject: &SubjectId) -> Vec<Evidence> {
    match subject {
        SubjectId::Identity(id) => inventory
            .identities
            .get(id)
            .filter(|identity| identity.presence.contains(&Presence::Declared))
            .map(|identity| identity.evidence.iter().cloned().collect())
            .unwrap_or_default(),
        SubjectId::Credential(id) => inventory
            .credentials
            .get(id)
            .map(|credential| {
                credential
                    .exposures
                    .iter()
                    .map(|e| e.evidence.clone())
                    .collect()
            })
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// A path relative to a root that is written in the same way.
fn below<'a>(root: &str, path: &'a str) -> Option<&'a str> {
    if root == "." {
        return (!path.starts_with('/') && !path.starts_with("../")).then_some(path);
    }
    path.strip_prefix(root)?.strip_prefix('/')
}
