//! The history of a git repository: every version of every file once, and the commits that brought in
//! and took out what is found.
//!
//! Objects are read straight from packs and loose files, without running or following anything: nothing
//! of the repository's configuration is interpreted, no reference is resolved by name, and what claims to
//! be large is not believed. First, every version of a file is asked whether it could hold anything;
//! that is all that most are ever asked. Only for those that could are trees and commits compared, to
//! learn the paths and the commits; then those versions are read again, as what they are.

mod attribute;
mod changes;
pub(in crate::source) mod commits;
mod compare;
mod differ;
pub(in crate::source) mod holds;
mod index;
mod inflate;
pub(in crate::source) mod locate;
mod made;
mod pack;
mod people;
pub mod range;
mod store;
pub(in crate::source) mod touches;
mod trees;
mod walk;
mod wanted;

use crate::model::{Coverage, Credential, Document, Origin, Problem, ProblemKind, Repository, Str};
use commits::{Commits, MESSAGES, Parts, Raw};
use ignore::gitignore::Gitignore;
use inflate::Fault;
use locate::{Directories, References};
use people::People;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Store, Trouble};

/// The name under which history reports problems.
const SOURCE: &str = "history";
/// The reason that an exposure carries whose history is cut off.
pub const CUT: &str = "history is cut off at this commit: it may have come in earlier";
/// Objects up to this size are made even where smaller ones are searched: others are made from them.
const MADE: u64 = 32 << 20;

/// An object's id.
type Id = [u8; 20];

/// The sorts of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Commit = 1,
    Tree = 2,
    Blob = 3,
    Tag = 4,
}

impl Kind {
    const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Commit),
            2 => Some(Self::Tree),
            3 => Some(Self::Blob),
            4 => Some(Self::Tag),
            _ => None,
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "commit" => Some(Self::Commit),
            "tree" => Some(Self::Tree),
            "blob" => Some(Self::Blob),
            "tag" => Some(Self::Tag),
            _ => None,
        }
    }
}

/// Reads an id of forty hexadecimal digits.
fn id(text: &str) -> Option<Id> {
    let digits = text.as_bytes();
    let mut id = [0; 20];
    if digits.len() != 40 {
        return None;
    }
    for (byte, pair) in id.iter_mut().zip(digits.as_chunks::<2>().0) {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        *byte = u8::try_from(high? << 4 | low?).ok()?;
    }
    Some(id)
}

/// Writes an id.
fn hex(id: &Id) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(40);
    for byte in id {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// What looks for secrets.
pub trait Searcher: Sync {
    /// Whether anything could be found in these bytes, wherever they stood. `false` is certain.
    fn suspects(&self, bytes: &[u8]) -> bool;
    /// What stands in a document.
    fn read(&self, document: &Document<'_>) -> (Vec<Credential>, Vec<Problem>);
}

/// A repository that was met.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Met {
    /// Its root, written as the paths of this scan are written.
    pub root: Str,
    /// How many bytes of a path below the root are what the user named.
    pub named: usize,
    /// The directory, for opening: a work tree's root, or the repository itself.
    pub directory: PathBuf,
    /// What git knows about it.
    pub repository: Option<Arc<Repository>>,
    /// Whether the user named only a part of it.
    pub around: bool,
}

impl Met {
    /// The origin of a file of its history.
    fn origin(&self, path: &str) -> Arc<Origin> {
        let path = match (&*self.root, path) {
            (root, "") => root.into(),
            (".", path) => path.into(),
            (root, path) => format!("{}/{path}", root.trim_end_matches('/')).into(),
        };
        Arc::new(Origin {
            archive: None,
            path,
            named: self.named,
            repository: self.repository.clone(),
            cluster: None,
        })
    }

    fn problem(&self, kind: ProblemKind, message: impl Into<Str>) -> Problem {
        Problem {
            path: self.root.clone(),
            line: None,
            column: None,
            kind,
            reader: SOURCE,
            message: message.into(),
        }
    }
}

/// How histories are read.
pub struct Options {
    /// Size in bytes beyond which versions of files are not searched.
    pub text_limit: u64,
    /// What the user named, resolved.
    pub roots: Vec<PathBuf>,
    /// What the user leaves out, relative to what was named.
    pub exclude: Gitignore,
}

impl Options {
    /// Whether the user leaves out a path of a repository's history.
    fn excluded(&self, origin: &Origin) -> bool {
        let below = Path::new(origin.below_root());
        !self.exclude.is_empty()
            && self
                .exclude
                .matched_path_or_any_parents(below, false)
                .is_ignore()
    }
}

/// What was found in a history, and what was looked at.
#[derive(Debug, Default)]
pub struct Found {
    /// Credentials with the places where they stand or stood.
    pub credentials: Vec<Credential>,
    /// What was looked at, and what went wrong.
    pub coverage: Coverage,
}

/// The repositories of what was met, each once, though it may have several work trees.
pub fn distinct(met: Vec<Met>, options: &Options) -> Vec<Met> {
    let mut sorted: Vec<(bool, Met)> = met
        .into_iter()
        .map(|met| (!met.directory.join(".git").is_dir(), met))
        .collect();
    sorted.sort();
    let mut seen = BTreeSet::new();
    sorted.retain(
        |(_, met)| match Directories::of(&met.directory, &options.roots) {
            Ok(directories) => seen.insert(directories.common),
            Err(_) => true,
        },
    );
    sorted.into_iter().map(|(_, met)| met).collect()
}

/// A repository's objects and what leads to them, as read.
struct Archive<'a> {
    met: &'a Met,
    options: &'a Options,
    store: Store,
    references: References,
    seen: Seen,
}

/// What one thread has seen of a repository's objects.
#[derive(Default)]
struct Seen {
    commits: Vec<Raw>,
    tags: Vec<(u32, Id)>,
    /// Versions of files that could hold something.
    hits: Vec<u32>,
    /// Commits and tags whose messages could.
    messages: Vec<u32>,
    /// Loose trees, whose kind is not known before they were read.
    trees: Vec<u32>,
    blobs: u64,
    bytes: u64,
    large: u64,
    lost: BTreeMap<Fault, u64>,
}

impl Seen {
    fn merge(&mut self, other: Self) {
        self.commits.extend(other.commits);
        self.tags.extend(other.tags);
        self.hits.extend(other.hits);
        self.messages.extend(other.messages);
        self.trees.extend(other.trees);
        self.blobs += other.blobs;
        self.bytes += other.bytes;
        self.large += other.large;
        for (fault, count) in other.lost {
            *self.lost.entry(fault).or_default() += count;
        }
    }
}

/// Looks through all of a repository's history.
pub fn everything(met: &Met, options: &Options, searcher: &dyn Searcher) -> Found {
    let mut found = Found::default();
    let refuse = |mut found: Found, why: String| {
        found
            .coverage
            .problems
            .insert(met.problem(ProblemKind::Unreadable, why));
        found
    };
    let directories = match Directories::of(&met.directory, &options.roots) {
        Ok(directories) => directories,
        Err(why) => return refuse(found, why),
    };
    let form = directories.form();
    if form.sha256 {
        let why = "its objects are named by SHA-256, which is not supported; history not read";
        return refuse(found, why.to_owned());
    }
    let inside = |path: &Path| options.roots.iter().any(|root| path.starts_with(root));
    let allowed = |path: &Path| inside(path) || path.starts_with(&directories.common);
    let (store, trouble) = Store::open(&directories.common.join("objects"), allowed);
    let seen = look(&store, options.text_limit, searcher);
    let references = directories.references();
    let shallow = directories.shallow();

    found.coverage.history.repositories = 1;
    found.coverage.history.commits = seen.commits.len() as u64;
    found.coverage.history.blobs = seen.blobs;
    found.coverage.history.bytes = seen.bytes;
    let mut notes = troubles(met, &trouble);
    notes.extend(losses(met, &seen, options.text_limit));
    if form.reftable {
        let why = "its references are kept in a reftable, which is not supported: which commits \
                   are still reachable is not known";
        notes.push(met.problem(ProblemKind::Note, why));
    }
    if !shallow.is_empty() {
        let why = "history is shallow: what is older than its first commits is not there";
        notes.push(met.problem(ProblemKind::Note, why));
    }
    if form.partial {
        let count = trees::absent(&store, &seen.trees, options.text_limit.max(MADE));
        if count > 0 {
            let why = format!("a partial copy: {count} objects are not there and were not read");
            notes.push(met.problem(ProblemKind::Limited, why));
        }
    }
    let archive = Archive {
        met,
        options,
        store,
        references,
        seen,
    };
    let parts = archive.attribute(&shallow, &form, searcher);
    found.credentials = parts.credentials;
    found.coverage.problems.extend(notes);
    found.coverage.problems.extend(parts.problems);
    found
}

/// Asks every version of a file, and every message, whether it could hold something.
fn look(store: &Store, text_limit: u64, searcher: &dyn Searcher) -> Seen {
    let [commit, tag] = MESSAGES;
    let wanted = store.unique(&[Kind::Blob, commit, tag]);
    let limit = text_limit.max(MADE);
    let parts = store.walk(
        &wanted,
        limit,
        Seen::default,
        |seen, object, kind, outcome| {
            let bytes = match outcome {
                Ok(bytes) => bytes,
                Err(Fault::Large) => {
                    seen.large += 1;
                    return;
                }
                Err(fault) => {
                    *seen.lost.entry(fault).or_default() += 1;
                    return;
                }
            };
            match kind {
                Some(Kind::Blob) => {
                    seen.blobs += 1;
                    seen.bytes += bytes.len() as u64;
                    if bytes.len() as u64 > text_limit {
                        seen.large += 1;
                    } else if searcher.suspects(bytes) {
                        seen.hits.push(object);
                    }
                }
                Some(Kind::Tree) => seen.trees.push(object),
                Some(kind @ (Kind::Commit | Kind::Tag)) => {
                    let parts = Parts::of(bytes);
                    seen.bytes += parts.message.len() as u64;
                    if kind == Kind::Commit {
                        seen.commits.extend(parts.commit(object));
                    } else {
                        seen.tags
                            .extend(parts.target().map(|target| (object, target)));
                    }
                    if searcher.suspects(parts.message) {
                        seen.messages.push(object);
                    }
                }
                None => {}
            }
        },
    );
    let mut seen = Seen::default();
    parts.into_iter().for_each(|part| seen.merge(part));
    seen.hits.sort_unstable();
    seen.messages.sort_unstable();
    seen
}

fn troubles(met: &Met, trouble: &Trouble) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, why) in &trouble.unreadable {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let why = format!("objects in {name} were not read: {why}");
        problems.push(met.problem(ProblemKind::Unreadable, why));
    }
    if trouble.outside > 0 {
        let why =
            "borrows objects from a repository outside of what is scanned; those were not read";
        problems.push(met.problem(ProblemKind::Unreadable, why));
    }
    if trouble.broken > 0 {
        let why = format!("{} entries of packs are broken", trouble.broken);
        problems.push(met.problem(ProblemKind::Malformed, why));
    }
    if trouble.absent > 0 {
        let why = format!(
            "{} objects are made from others that are not there",
            trouble.absent
        );
        problems.push(met.problem(ProblemKind::Malformed, why));
    }
    problems
}

fn losses(met: &Met, seen: &Seen, limit: u64) -> Vec<Problem> {
    let mut problems = Vec::new();
    if seen.large > 0 {
        let why = format!(
            "{} objects of its history are larger than {limit} bytes, or made from such, and were \
             not searched (--max-file-size)",
            seen.large
        );
        problems.push(met.problem(ProblemKind::Limited, why));
    }
    for (fault, count) in &seen.lost {
        let (kind, why) = match fault {
            Fault::Bomb => (
                ProblemKind::Limited,
                "unpack to far more than they should; not read",
            ),
            Fault::Absent => (
                ProblemKind::Malformed,
                "are made from others that are not there",
            ),
            Fault::Corrupt | Fault::Large => (ProblemKind::Malformed, "are corrupt"),
        };
        problems.push(met.problem(kind, format!("{count} objects of its history {why}")));
    }
    problems
}

/// What attribution has come to.
#[derive(Default)]
struct Attributed {
    credentials: Vec<Credential>,
    problems: Vec<Problem>,
}

impl Archive<'_> {
    fn limit(&self) -> u64 {
        self.options.text_limit.max(MADE)
    }

    fn attribute(
        &self,
        shallow: &BTreeSet<Id>,
        form: &locate::Form,
        searcher: &dyn Searcher,
    ) -> Attributed {
        if self.seen.hits.is_empty() && self.seen.messages.is_empty() {
            return Attributed::default();
        }
        let tags: HashMap<u32, Id> = self.seen.tags.iter().copied().collect();
        let mut tips = self.references.tips.clone();
        tips.extend(&self.references.notes);
        if form.reftable {
            tips.extend(
                self.seen
                    .commits
                    .iter()
                    .map(|commit| self.store.id(commit.object)),
            );
        }
        let commits = Commits::new(&self.seen.commits, &self.store, &tips, &tags, shallow);
        let mut people = People::new(&self.store, self.references.head.as_ref());
        let mut attributed = self.messages(&commits, &mut people, searcher);
        let files = attribute::Files {
            archive: self,
            commits: &commits,
            tags: &tags,
            tips: &tips,
            partial: form.partial,
        };
        let of_files = files.attribute(&mut people, searcher);
        attributed.credentials.extend(of_files.credentials);
        attributed.problems.extend(of_files.problems);
        attributed
    }

    /// What stands in messages of commits and tags.
    fn messages(
        &self,
        commits: &Commits,
        people: &mut People<'_>,
        searcher: &dyn Searcher,
    ) -> Attributed {
        let mut attributed = Attributed::default();
        let origin = self.met.origin("");
        for object in &self.seen.messages {
            let Ok((kind, bytes)) = self.store.read(*object, self.limit()) else {
                continue;
            };
            let parts = Parts::of(&bytes);
            let document = Document {
                origin: &origin,
                bytes: parts.message,
            };
            let (credentials, problems) = searcher.read(&document);
            attributed.problems.extend(problems);
            let commit = people.author(*object, &parts);
            let pointer = match kind {
                Kind::Tag => format!("message of tag {}", parts.tag().unwrap_or_default()),
                _ => {
                    let reachable = commits.reachable(*object);
                    let word = if reachable { "" } else { "unreachable " };
                    format!("message of {word}commit {}", commit.short())
                }
            };
            for mut credential in credentials {
                credential.exposures = std::mem::take(&mut credential.exposures)
                    .into_iter()
                    .map(|mut exposure| {
                        exposure.evidence.pointer = Some(pointer.as_str().into());
                        exposure.in_tree = false;
                        exposure.introduced = Some(commit.clone());
                        exposure
                    })
                    .collect();
                attributed.credentials.push(credential);
            }
        }
        attributed
    }
}
