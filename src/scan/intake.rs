//! Reading: opens, bounds and dispatches documents in parallel, and keeps account of what was read.

use super::rules::lies_in;
use super::vintage::{Plan, Record};
use super::{Input, Observer, ScanError};
use crate::model::{
    Coverage, Document, Facts, Inventory, Origin, Probe, Problem, ProblemKind, Str, Wide,
};
use crate::platform::paths::PathPattern;
use crate::reader::{Family, Reader, allow};
use crate::source::cache::{Cache, CacheId};
use crate::source::history::Met;
use crate::source::tree::{self, Entry, TreeOptions};
use crate::source::{archive, open};
use rayon::prelude::*;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// How many first bytes readers see when they decide whether a document is theirs.
const HEAD: usize = 8 * 1024;

/// Files of these names are text, and missed when they are not.
const CONFIGURATION: [&str; 6] = ["tf", "tofu", "tfvars", "tfstate", "yaml", "yml"];

/// Members of archives that a format reader claims are read up to this many bytes.
const MEMBER_LIMIT: u64 = 256 << 20;

/// What one thread has gathered. Merging is commutative, so threads need no order.
#[derive(Default)]
pub(super) struct Part {
    pub(super) inventory: Inventory,
    /// What exports of AWS say, which may be of several times; with a plan, what was.
    pub(super) aws: Inventory,
    /// What is needed to tell these times apart.
    pub(super) records: Vec<Record>,
    pub(super) coverage: Coverage,
    /// Repositories whose history can be looked at.
    pub(super) met: BTreeSet<Met>,
    /// Documents that are read when all have been met, with the reader's name.
    pub(super) kept: BTreeMap<&'static str, Vec<Kept>>,
}

/// A document that says what it says only together with others.
pub(super) struct Kept {
    origin: Arc<Origin>,
    bytes: Box<[u8]>,
}

impl Part {
    fn merge(mut self, other: Self) -> Self {
        self.inventory = joined(self.inventory, other.inventory);
        self.aws = joined(self.aws, other.aws);
        self.records.extend(other.records);
        self.coverage.merge(other.coverage);
        self.met.extend(other.met);
        for (reader, documents) in other.kept {
            self.kept.entry(reader).or_default().extend(documents);
        }
        self
    }

    /// Takes what a document of AWS says.
    fn aws(&mut self, intake: &Intake<'_>, record: &mut Record, facts: Facts) {
        match intake.plan {
            None => {
                record.note(&facts);
                self.aws.absorb(facts);
            }
            Some(plan) => {
                let (now, before) = plan.split(record, facts);
                now.into_iter()
                    .for_each(|facts| self.inventory.absorb(facts));
                before.into_iter().for_each(|facts| self.aws.absorb(facts));
            }
        }
    }
}

/// Two inventories as one: the smaller into the larger, for absorbing costs what is absorbed.
pub(super) fn joined(mut one: Inventory, mut other: Inventory) -> Inventory {
    if one.identities.len() + one.credentials.len()
        < other.identities.len() + other.credentials.len()
    {
        std::mem::swap(&mut one, &mut other);
    }
    one.merge(other);
    one
}

/// Reads every input with every reader that claims it.
pub(super) fn read_all(
    inputs: &[Input],
    tree: &TreeOptions,
    intake: &Intake<'_>,
) -> Result<Part, ScanError> {
    let mut total = Part::default();
    // The same place named twice is read once; what lies inside another named place is met there.
    let mut seen = BTreeSet::new();
    for input in inputs {
        match input {
            Input::Bytes(name, bytes) => {
                let mut part = Part::default();
                let origin = intake.placed(Origin::file(name.clone()));
                if intake.opens(bytes) {
                    intake.archive(
                        &mut Cursor::new(bytes),
                        bytes.len() as u64,
                        &origin,
                        &mut part,
                    );
                } else {
                    intake.document(&origin, bytes, bytes.len() as u64, None, &mut part);
                }
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
    intake.together(&mut total);
    Ok(total)
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
    pub(super) cache: Option<&'a Cache>,
    /// Whether comments in the documents may accept findings.
    pub(super) allows: bool,
    /// Whether archives are opened.
    pub(super) archives: bool,
    /// Which Kubernetes cluster files are of, by their paths.
    pub(super) clusters: &'a [(PathPattern, Str)],
    /// What goes where, when exports are read again because they are of several times. Then only these are.
    pub(super) plan: Option<&'a Plan>,
    pub(super) observer: &'a dyn Observer,
}

impl Intake<'_> {
    fn entry(&self, entry: Entry, part: &mut Part) {
        match entry {
            Entry::File { origin, .. } if self.passes_over(&origin) => {}
            Entry::File { path, origin } => self.file(&path, &self.placed(origin), part),
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

    /// A file's origin with the cluster that it is of, by the first rule that matches its path.
    fn placed(&self, origin: Arc<Origin>) -> Arc<Origin> {
        let mut rules = self.clusters.iter();
        match rules.find(|(pattern, _)| lies_in(pattern, &origin)) {
            Some((_, name)) => Arc::new(Origin {
                cluster: Some(name.clone()),
                ..(*origin).clone()
            }),
            None => origin,
        }
    }

    /// Whether there is nothing in a file that is to be read again.
    fn passes_over(&self, origin: &Origin) -> bool {
        self.plan
            .is_some_and(|plan| !plan.concerns(origin.on_disk()))
    }

    /// Whether a reader is asked: when exports are read again, only theirs are.
    fn asks(&self, reader: &dyn Reader) -> bool {
        self.plan.is_none() || Family::of(reader.name()) == Family::Aws
    }

    fn file(&self, path: &Path, origin: &Arc<Origin>, part: &mut Part) {
        BUFFER.with_borrow_mut(|buffer| {
            buffer.clear();
            let opened = open(path).and_then(|(mut file, size)| {
                (&mut file).take(HEAD as u64).read_to_end(buffer)?;
                Ok((file, size))
            });
            let loaded = match opened {
                Ok((mut file, size)) if self.opens(buffer) => {
                    // Members are read into buffers of their own.
                    self.archive(&mut file, size, origin, part);
                    return;
                }
                Ok((mut file, size)) => {
                    let hint = usize::try_from(size).unwrap_or(0);
                    self.load(&mut file, hint, u64::MAX, origin, buffer)
                        .map(|more| (file, more, size))
                }
                Err(error) => Err(error),
            };
            match loaded {
                Ok((mut file, more, size)) => {
                    let size = if buffer.len() < HEAD { 0 } else { size };
                    let size = size.max(buffer.len() as u64);
                    let rest = more.then_some(&mut file as &mut dyn Read);
                    self.document(origin, buffer, size, rest, part);
                }
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

    /// Whether a file that begins so is an archive, and to be opened.
    fn opens(&self, head: &[u8]) -> bool {
        self.archives && archive::detect(head).is_some()
    }

    /// Hands what an archive holds to the readers, member by member.
    fn archive<F: Read + Seek>(
        &self,
        file: &mut F,
        size: u64,
        origin: &Arc<Origin>,
        part: &mut Part,
    ) {
        part.coverage.files += 1;
        self.observer.file(0);
        // Decompressors are others' code, and hostile input is their daily bread; yet none is perfect.
        let finished = catch_unwind(AssertUnwindSafe(|| {
            let mut members = Members { intake: self, part };
            archive::expand(
                file,
                size,
                origin,
                &archive::Limits::default(),
                &mut members,
            );
        }));
        if finished.is_err() {
            part.coverage.problems.insert(Problem {
                path: origin.path.clone(),
                line: None,
                column: None,
                kind: ProblemKind::Unreadable,
                reader: "archive",
                message: "internal error in a decompressor; please report it".into(),
            });
        }
    }

    /// Reads on behind the head as far as anybody wants it: binaries no further, text up to the limit,
    /// what a format reader claims whole, but never beyond `most` bytes. Says whether what may follow is to
    /// be read as a stream.
    fn load(
        &self,
        stream: &mut dyn Read,
        size: usize,
        most: u64,
        origin: &Origin,
        buffer: &mut Vec<u8>,
    ) -> std::io::Result<bool> {
        if buffer.len() < HEAD {
            return Ok(false);
        }
        // Lines in another encoding are decoded whole.
        let plain = Wide::of(buffer).is_none();
        let (claimed, streamed, binary) = self.with_probe(origin, buffer, false, |probe| {
            let readers = self.readers.iter().map(AsRef::as_ref);
            let claims = |r: &&dyn Reader| self.asks(*r) && r.unlimited() && r.accepts(probe);
            let claimed: Vec<&dyn Reader> = readers.filter(claims).collect();
            let streamed = plain && matches!(&*claimed, [only] if only.streams());
            (!claimed.is_empty(), streamed, probe.binary)
        });
        let text = self.text_limit.min(most);
        let limit = match (claimed, binary) {
            (false, true) => return Ok(false),
            (true, _) if !streamed => most,
            _ => text,
        };
        if claimed {
            let wanted = size.min(usize::try_from(limit).unwrap_or(usize::MAX));
            buffer.reserve(wanted.saturating_sub(buffer.len()));
        }
        let rest = limit.saturating_sub(buffer.len() as u64);
        stream.take(rest).read_to_end(buffer)?;
        Ok(streamed && buffer.len() as u64 >= limit)
    }

    /// Asks something of a document's head, in an encoding that readers understand.
    fn with_probe<T>(
        &self,
        origin: &Origin,
        head: &[u8],
        complete: bool,
        ask: impl FnOnce(&Probe<'_>) -> T,
    ) -> T {
        let head = head.get(..HEAD).unwrap_or(head);
        let decoded = Wide::of(head).map(|wide| wide.decode(head));
        let head = decoded.as_ref().map_or(head, |text| text.as_slice());
        ask(&probe(origin, head, complete))
    }

    /// Hands a document to every reader that claims it. `rest` is what follows the bytes, for the reader
    /// that streams.
    fn document(
        &self,
        origin: &Arc<Origin>,
        bytes: &[u8],
        size: u64,
        rest: Option<&mut dyn Read>,
        part: &mut Part,
    ) {
        let mut size = size;
        let streamed = rest.is_some();
        if let Some(rest) = rest {
            let read = self.stream(origin, bytes, rest, part);
            size = size.max(read);
            part.coverage.bytes += read.saturating_sub(bytes.len() as u64);
        }
        part.coverage.files += 1;
        part.coverage.bytes += bytes.len() as u64;
        self.observer.file(bytes.len() as u64);
        let whole = bytes.len() as u64 == size;
        // Readers know no UTF-16; lines stay what they are.
        let head = bytes.get(..HEAD).unwrap_or(bytes);
        let decoded = Wide::of(head).map(|wide| wide.decode(bytes));
        let size = match &decoded {
            Some(text) if whole => text.len() as u64,
            _ => size,
        };
        let bytes = decoded.as_ref().map_or(bytes, |text| text.as_slice());
        let head = bytes.get(..HEAD).unwrap_or(bytes);
        let probe = probe(origin, head, whole && head.len() == bytes.len());
        if probe.binary {
            part.coverage.binary += 1;
            if probe.has_extension(&CONFIGURATION) {
                part.coverage.problems.insert(Problem {
                    path: origin.path.clone(),
                    line: None,
                    column: None,
                    kind: ProblemKind::Malformed,
                    reader: "source",
                    message: "holds NUL bytes: taken for binary, and not read".into(),
                });
            }
        }
        for reader in self.readers {
            if !self.asks(reader.as_ref())
                || !reader.accepts(&probe)
                || streamed && reader.streams()
            {
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
            let document = Document { origin, bytes };
            if Family::of(reader.name()) == Family::Secrets {
                self.searched(reader.as_ref(), &document, part);
                continue;
            }
            if reader.gathers(&document) {
                let kept = Kept {
                    origin: Arc::clone(origin),
                    bytes: bytes.into(),
                };
                part.kept.entry(reader.name()).or_default().push(kept);
                continue;
            }
            self.told(reader.as_ref(), &document, None, part);
        }
        if self.allows && !probe.binary {
            let limit = usize::try_from(self.text_limit).unwrap_or(usize::MAX);
            let bytes = bytes.get(..limit).unwrap_or(bytes);
            let (allows, problems) = allow::allows(&Document { origin, bytes });
            if !allows.is_empty() || !problems.is_empty() {
                part.inventory.allows.extend(allows);
                part.coverage.problems.extend(problems);
            }
        }
    }

    /// Hands a document to the reader that streams it; how many bytes it has.
    fn stream(
        &self,
        origin: &Arc<Origin>,
        bytes: &[u8],
        rest: &mut dyn Read,
        part: &mut Part,
    ) -> u64 {
        let document = Document { origin, bytes };
        let head = bytes.get(..HEAD).unwrap_or(bytes);
        let probe = probe(origin, head, false);
        let mut readers = self.readers.iter();
        let mut rest = Counted {
            stream: rest,
            read: 0,
        };
        if let Some(reader) =
            readers.find(|r| self.asks(r.as_ref()) && r.streams() && r.accepts(&probe))
        {
            *part.coverage.readers.entry(reader.name()).or_default() += 1;
            let rest: &mut dyn Read = &mut rest;
            self.told(reader.as_ref(), &document, Some(rest), part);
        }
        bytes.len() as u64 + rest.read
    }

    /// Takes what a reader of a format says of a document.
    fn told(
        &self,
        reader: &dyn Reader,
        document: &Document<'_>,
        rest: Option<&mut dyn Read>,
        part: &mut Part,
    ) {
        let mut problems = if Family::of(reader.name()) == Family::Aws {
            let mut record = Record::new(document, reader.name());
            let problems = guarded(reader, document, rest, &mut |facts| {
                part.aws(self, &mut record, facts)
            });
            if record.tells() {
                part.records.push(record);
            }
            problems
        } else {
            guarded(reader, document, rest, &mut |facts| {
                part.inventory.absorb(facts)
            })
        };
        part.coverage.problems.extend(problems.drain(..));
    }

    /// Hands the documents that were kept to their readers. What they say is of no export.
    fn together(&self, total: &mut Part) {
        let kept = std::mem::take(&mut total.kept);
        for (name, mut documents) in kept {
            let Some(reader) = self.readers.iter().find(|reader| reader.name() == name) else {
                continue;
            };
            documents.sort_by(|a, b| (&a.origin.path, &a.bytes).cmp(&(&b.origin.path, &b.bytes)));
            let views: Vec<Document<'_>> = documents
                .iter()
                .map(|kept| Document {
                    origin: &kept.origin,
                    bytes: &kept.bytes,
                })
                .collect();
            let read = catch_unwind(AssertUnwindSafe(|| reader.read_together(&views)));
            let (facts, problems) = read.unwrap_or_else(|_| {
                let lost = documents
                    .iter()
                    .map(|kept| internal_error(&kept.origin, name));
                (Facts::default(), lost.collect())
            });
            total.inventory.absorb(facts);
            total.coverage.problems.extend(problems);
        }
    }

    /// The secret detector, which need not look again at what it has found clean.
    fn searched(&self, reader: &dyn Reader, document: &Document<'_>, part: &mut Part) {
        let id = self.cache.map(|cache| (cache, cache_id(cache, document)));
        if id.as_ref().is_some_and(|(cache, id)| cache.clean(id)) {
            return;
        }
        let mut facts = Facts::default();
        let problems = guarded(reader, document, None, &mut |part| facts.append(part));
        if let Some((cache, id)) = id
            && facts.is_empty()
            && problems.is_empty()
        {
            cache.mark_clean(id);
        }
        part.inventory.absorb(facts);
        part.coverage.problems.extend(problems);
    }
}

/// A stream that counts what is read from it.
struct Counted<'a> {
    stream: &'a mut dyn Read,
    read: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

/// What the detector goes by: the bytes, and the path, which tells a test from a deployment.
fn cache_id(cache: &Cache, document: &Document<'_>) -> CacheId {
    let origin = document.origin;
    let named = origin.named.to_le_bytes();
    cache.id(&[b"file", origin.path.as_bytes(), &named, document.bytes])
}

/// A reader that panics is a bug, but it must not take the scan with it; what it had not handed over is
/// lost, and said to be.
fn guarded(
    reader: &dyn Reader,
    document: &Document<'_>,
    rest: Option<&mut dyn Read>,
    facts: &mut dyn FnMut(Facts),
) -> Vec<Problem> {
    let read = AssertUnwindSafe(|| reader.read_in_parts(document, rest, facts));
    catch_unwind(read).unwrap_or_else(|_| vec![internal_error(document.origin, reader.name())])
}

fn internal_error(origin: &Origin, reader: &'static str) -> Problem {
    Problem {
        path: origin.path.clone(),
        line: None,
        column: None,
        kind: ProblemKind::Unreadable,
        reader,
        message: "internal error in the reader; please report it".into(),
    }
}

fn probe<'a>(origin: &'a Origin, head: &'a [u8], complete: bool) -> Probe<'a> {
    Probe {
        origin,
        head,
        complete,
        binary: memchr::memchr(0, head).is_some(),
    }
}

/// Opens a file of a tree.
fn open(path: &Path) -> std::io::Result<(std::fs::File, u64)> {
    match open::regular(path) {
        // A link that the user named: opened without following, so resolve it first.
        Err(_) if path.is_symlink() => open::regular(&std::fs::canonicalize(path)?),
        opened => opened,
    }
}

/// Takes the members of archives as documents.
struct Members<'a, 'b> {
    intake: &'a Intake<'b>,
    part: &'a mut Part,
}

impl archive::Sink for Members<'_, '_> {
    fn member(
        &mut self,
        origin: &Arc<Origin>,
        head: Vec<u8>,
        rest: &mut dyn Read,
    ) -> std::io::Result<()> {
        let mut bytes = head;
        let loaded = self.intake.load(rest, 0, MEMBER_LIMIT, origin, &mut bytes);
        let mut size = bytes.len() as u64;
        if let Ok(true) = loaded {
            self.intake
                .document(origin, &bytes, size, Some(rest), self.part);
            return Ok(());
        }
        let loaded = loaded.map(|_| ());
        // Whether more follows is not known but by asking for it.
        if loaded.is_ok() && bytes.len() >= HEAD {
            size += rest.read(&mut [0]).unwrap_or(0) as u64;
        }
        if size > MEMBER_LIMIT {
            self.problem(Problem {
                path: origin.path.clone(),
                line: None,
                column: None,
                kind: ProblemKind::Limited,
                reader: "archive",
                message: format!("only the first {MEMBER_LIMIT} bytes were read").into(),
            });
        }
        self.intake.document(origin, &bytes, size, None, self.part);
        loaded
    }

    fn problem(&mut self, problem: Problem) {
        self.part.coverage.problems.insert(problem);
    }

    fn head(&self) -> usize {
        HEAD
    }
}
