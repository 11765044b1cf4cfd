//! A part of the history that the user names, and what is staged: few commits, read through libgit2, each
//! compared with its parents.

use super::commits::Parts;
use super::{Found, Met, Options, SOURCE, Searcher, locate::Directories, store};
use crate::model::{
    Commit, Credential, CredentialId, Document, Exposure, Origin, Problem, ProblemKind, Timestamp,
};
use crate::source::repository::open_git;
use git2::{ObjectType, Odb, Oid};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

/// Largest commit and largest tree object, in bytes, that are read.
const MAX_COMMIT: usize = 1 << 20;
const MAX_TREE: usize = 16 << 20;
/// Folders and entries that the comparison of all commits may look at.
const STEPS: u64 = 10_000_000;
/// The same of one commit, so that one cannot keep others from being compared.
const COMMIT_STEPS: u64 = 1_000_000;
/// Files that one commit changes at most.
const CHANGES: usize = 200_000;
/// Paths at which one version is read again at most.
const COPIES: usize = 256;
/// Commits that are looked at behind the last one that counted, for clocks that went wrong.
const SLOP: usize = 256;
/// Versions of files that are held at once.
const BATCH: usize = 64;

/// Which part of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Commits as the user names them: `A..B`, `A...B` or one.
    Commits(String),
    /// What these branches lead to (all references when empty), from a time on.
    Recent {
        /// Branches by name.
        branches: Vec<String>,
        /// Commits made earlier are left out.
        since: Option<Timestamp>,
    },
    /// What is staged, against the commit checked out.
    Staged,
}

/// Looks through a part of a history.
///
/// # Errors
/// What the user named that is not there.
pub fn part(
    met: &Met,
    wanted: &Part,
    options: &Options,
    searcher: &dyn Searcher,
) -> Result<Found, String> {
    let mut found = Found::default();
    let git = match opened(met, options) {
        Ok(git) => git,
        Err(why) => {
            found
                .coverage
                .problems
                .insert(met.problem(ProblemKind::Unreadable, why));
            return Ok(found);
        }
    };
    let odb = git.odb().map_err(|e| e.message().to_owned())?;
    let mut range = Range {
        met,
        options,
        searcher,
        git: &git,
        odb: &odb,
        read: HashMap::new(),
        copies: HashMap::new(),
        problems: BTreeSet::new(),
        steps: 0,
        blobs: 0,
        bytes: 0,
    };
    let commits = match wanted {
        Part::Staged => {
            found.credentials = range.staged()?;
            Vec::new()
        }
        Part::Commits(text) => range.named(text)?,
        Part::Recent { branches, since } => range.recent(branches, *since)?,
    };
    if !commits.is_empty() {
        found.credentials = range.introduced(&commits);
    }
    let shallow = git.is_shallow() && !matches!(wanted, Part::Staged);
    if shallow {
        let why = "history is shallow: what is older than its first commits is not there";
        range.problems.insert(met.problem(ProblemKind::Note, why));
    }
    found.coverage.problems.append(&mut range.problems);
    found.coverage.history.repositories = 1;
    found.coverage.history.commits = commits.len() as u64;
    found.coverage.history.blobs = range.blobs;
    found.coverage.history.bytes = range.bytes;
    Ok(found)
}

/// Opens a repository whose objects and configuration lie where they may be looked for.
fn opened(met: &Met, options: &Options) -> Result<git2::Repository, String> {
    let directories = Directories::of(&met.directory, &options.roots)?;
    if directories.form().sha256 {
        let why = "its objects are named by SHA-256, which is not supported; history not read";
        return Err(why.to_owned());
    }
    let inside = |path: &Path| {
        path.starts_with(&directories.common)
            || options.roots.iter().any(|root| path.starts_with(root))
    };
    if store::borrows(&directories.common.join("objects"), inside) {
        let why = "borrows objects from a repository outside of what is scanned; history not read";
        return Err(why.to_owned());
    }
    open_git(&met.directory)
}

/// A version of a file: path and object.
type Version = (Arc<str>, Oid);

/// The life of a secret at a path: the commit that brought it in, the secret as it stood then, and the
/// commit that took it out.
type Life = (Oid, Credential, Option<Oid>);

/// What a commit changed at a path.
struct Change {
    path: Arc<str>,
    after: Option<Oid>,
    before: Vec<Option<Oid>>,
}

/// What stands in a folder, by name.
type Entries = BTreeMap<Vec<u8>, (Option<ObjectType>, Oid)>;

struct Range<'a> {
    met: &'a Met,
    options: &'a Options,
    searcher: &'a dyn Searcher,
    git: &'a git2::Repository,
    odb: &'a Odb<'a>,
    /// What stands in each version that was read.
    read: HashMap<Version, Vec<Credential>>,
    /// At how many paths each version was to be read.
    copies: HashMap<Oid, usize>,
    problems: BTreeSet<Problem>,
    steps: u64,
    blobs: u64,
    bytes: u64,
}

impl<'a> Range<'a> {
    fn commit(&self, id: Oid) -> Option<git2::Commit<'a>> {
        let (size, _) = self.odb.read_header(id).ok()?;
        (size <= MAX_COMMIT).then(|| self.git.find_commit(id).ok())?
    }

    fn tree(&self, id: Oid) -> Option<git2::Tree<'a>> {
        let (size, kind) = self.odb.read_header(id).ok()?;
        (size <= MAX_TREE && kind == ObjectType::Tree).then(|| self.git.find_tree(id).ok())?
    }

    /// What stands in a folder; of entries of one name the first.
    fn entries(&self, id: Option<Oid>) -> Entries {
        let mut entries = Entries::new();
        let tree = id.and_then(|id| self.tree(id));
        for entry in tree.iter().flat_map(git2::Tree::iter) {
            entries
                .entry(entry.name_bytes().to_vec())
                .or_insert((entry.kind(), entry.id()));
        }
        entries
    }

    /// Whether a text begins with the name of an object that is too large to be read for being named.
    fn names_too_large(&self, text: &str) -> bool {
        let name = text.split(['~', '^', ':']).next().unwrap_or_default();
        let id = Oid::from_str(name).ok().filter(|_| name.len() == 40);
        let id = id.or_else(|| {
            let reference = self.git.resolve_reference_from_short_name(name).ok()?;
            reference.resolve().ok()?.target()
        });
        let header = id.and_then(|id| self.odb.read_header(id).ok());
        header.is_some_and(|(size, _)| size > MAX_COMMIT)
    }

    /// The commit that a text names; ambiguous and unknown names are errors.
    fn resolve(&self, text: &str) -> Result<Oid, String> {
        let unknown = |_| format!("`{text}` names no commit of {}", self.met.root);
        if self.names_too_large(text) {
            return Err(format!(
                "what `{text}` names in {} is too large for a commit",
                self.met.root
            ));
        }
        let object = self.git.revparse_single(text).map_err(unknown)?;
        Ok(object.peel_to_commit().map_err(unknown)?.id())
    }

    /// The commits of a range, parents first.
    fn named(&self, text: &str) -> Result<Vec<Oid>, String> {
        let or_head = |text| if str::is_empty(text) { "HEAD" } else { text };
        let commits = if let Some((left, right)) = text.split_once("...") {
            let (left, right) = (self.resolve(or_head(left))?, self.resolve(or_head(right))?);
            self.painted(left, right, |sides| sides == 1 || sides == 2)
        } else if let Some((left, right)) = text.split_once("..") {
            let (left, right) = (self.resolve(or_head(left))?, self.resolve(or_head(right))?);
            self.painted(left, right, |sides| sides == 2)
        } else {
            vec![self.resolve(text)?]
        };
        Ok(self.ordered(commits))
    }

    /// The commits that the left end (1), the right end (2) or both (3) lead to, as wanted.
    fn painted(&self, left: Oid, right: Oid, wanted: impl Fn(u8) -> bool) -> Vec<Oid> {
        let mut sides: HashMap<Oid, u8> = HashMap::new();
        let mut open: BinaryHeap<(i64, Oid)> = BinaryHeap::new();
        let mut settled = 0;
        let push = |open: &mut BinaryHeap<_>, sides: &mut HashMap<Oid, u8>, id, side| {
            let known: &mut u8 = sides.entry(id).or_default();
            if *known | side != *known {
                *known |= side;
                let time = self.commit(id).map_or(i64::MIN, |c| c.time().seconds());
                open.push((time, id));
            }
        };
        push(&mut open, &mut sides, left, 1);
        push(&mut open, &mut sides, right, 2);
        while let Some((_, id)) = open.pop() {
            let side = sides.get(&id).copied().unwrap_or_default();
            // Once only commits of both sides are left, all behind them are, too.
            let common = |(_, id): &(i64, Oid)| sides.get(id) == Some(&3);
            if side == 3 && (open.len() < 64 || settled > SLOP) && open.iter().all(common) {
                settled += 1;
                if settled > SLOP {
                    break;
                }
            } else {
                settled = 0;
            }
            let parents: Vec<Oid> = self
                .commit(id)
                .iter()
                .flat_map(|c| c.parent_ids())
                .collect();
            for parent in parents {
                push(&mut open, &mut sides, parent, side);
            }
        }
        sides
            .into_iter()
            .filter(|(_, side)| wanted(*side))
            .map(|(id, _)| id)
            .collect()
    }

    /// What branches or all references lead to, from a time on.
    fn recent(&self, branches: &[String], since: Option<Timestamp>) -> Result<Vec<Oid>, String> {
        let mut tips = Vec::new();
        for name in branches {
            let found = ["refs/heads/", "refs/remotes/", "refs/remotes/origin/"]
                .iter()
                .find_map(|prefix| self.git.find_reference(&format!("{prefix}{name}")).ok());
            let commit = found.and_then(|reference| reference.peel_to_commit().ok());
            let commit =
                commit.ok_or_else(|| format!("no branch `{name}` in {}", self.met.root))?;
            tips.push(commit.id());
        }
        if branches.is_empty() {
            let all = self.git.references().map_err(|e| e.message().to_owned())?;
            let commits = all.flatten().filter_map(|r| r.peel_to_commit().ok());
            tips.extend(commits.map(|commit| commit.id()));
            tips.extend(self.git.head().ok().and_then(|head| head.target()));
        }
        let since = since.map_or(i64::MIN, Timestamp::seconds);
        let mut kept = Vec::new();
        let mut seen: HashSet<Oid> = HashSet::new();
        let mut open: BinaryHeap<(i64, Oid)> = BinaryHeap::new();
        let mut early = 0;
        let time = |id| self.commit(id).map(|commit| commit.time().seconds());
        for tip in tips {
            if seen.insert(tip) {
                open.extend(time(tip).map(|time| (time, tip)));
            }
        }
        while let Some((when, id)) = open.pop() {
            if when >= since {
                kept.push(id);
            } else {
                early += 1;
                if early > SLOP {
                    break;
                }
            }
            for parent in self.commit(id).iter().flat_map(|c| c.parent_ids()) {
                if seen.insert(parent) {
                    open.extend(time(parent).map(|time| (time, parent)));
                }
            }
        }
        Ok(self.ordered(kept))
    }

    /// Parents before children, the older first.
    fn ordered(&self, commits: Vec<Oid>) -> Vec<Oid> {
        let set: BTreeSet<Oid> = commits.into_iter().collect();
        let mut waiting: HashMap<Oid, usize> = HashMap::new();
        let mut children: HashMap<Oid, Vec<Oid>> = HashMap::new();
        let mut ready = BTreeSet::new();
        let key = |id: Oid| (self.commit(id).map(|c| c.time().seconds()), id);
        for id in &set {
            let parents: BTreeSet<Oid> = self
                .commit(*id)
                .iter()
                .flat_map(|c| c.parent_ids())
                .collect();
            let inside = parents.intersection(&set);
            let count = inside
                .map(|p| children.entry(*p).or_default().push(*id))
                .count();
            waiting.insert(*id, count);
            if count == 0 {
                ready.insert(key(*id));
            }
        }
        let mut order = Vec::with_capacity(set.len());
        while let Some((_, id)) = ready.pop_first() {
            order.push(id);
            for child in children.get(&id).into_iter().flatten() {
                if let Some(count) = waiting.get_mut(child) {
                    *count -= 1;
                    if *count == 0 {
                        ready.insert(key(*child));
                    }
                }
            }
        }
        order
    }

    /// Whether the user asked for a path of the repository.
    fn asked(&self, path: &str) -> bool {
        let origin = self.met.origin(path);
        if self.options.excluded(&origin) {
            return false;
        }
        !self.met.around || {
            let directory = self.met.directory.canonicalize().unwrap_or_default();
            let whole = directory.join(path);
            self.options
                .roots
                .iter()
                .any(|root| whole.starts_with(root))
        }
    }

    /// What a commit changed against all of its parents.
    fn changes(&mut self, commit: &git2::Commit<'_>) -> Vec<Change> {
        let before: Vec<Option<Oid>> = commit
            .parent_ids()
            .map(|parent| self.commit(parent).map(|parent| parent.tree_id()))
            .collect();
        let mut changes = Vec::new();
        let mut open = vec![(String::new(), Some(commit.tree_id()), before)];
        let until = STEPS.min(self.steps + COMMIT_STEPS);
        while let Some((folder, after, before)) = open.pop() {
            self.steps += 1;
            if self.steps > until || changes.len() > CHANGES {
                let why = "its trees expand without bound: not every commit was compared";
                self.problems
                    .insert(self.met.problem(ProblemKind::Limited, why));
                break;
            }
            if before.contains(&after) {
                continue;
            }
            let after = self.entries(after);
            let before: Vec<Entries> = before.iter().map(|id| self.entries(*id)).collect();
            let sides = std::iter::once(&after).chain(&before);
            let names: BTreeSet<&Vec<u8>> = sides.flat_map(BTreeMap::keys).collect();
            self.steps += names.len() as u64;
            for name in names {
                let text = String::from_utf8_lossy(name);
                let path = match folder.as_str() {
                    "" => text.into_owned(),
                    folder => format!("{folder}/{text}"),
                };
                let entry = |tree: &Entries, kind: ObjectType| {
                    let (own, id) = tree.get(name)?;
                    (*own == Some(kind)).then_some(*id)
                };
                for kind in [ObjectType::Tree, ObjectType::Blob] {
                    let now = entry(&after, kind);
                    let then: Vec<Option<Oid>> =
                        before.iter().map(|tree| entry(tree, kind)).collect();
                    if then.contains(&now) || now.is_none() && then.iter().all(Option::is_none) {
                        continue;
                    }
                    if kind == ObjectType::Tree {
                        if path.len() < 4096 {
                            open.push((path.clone(), now, then));
                        }
                    } else if self.asked(&path) {
                        changes.push(Change {
                            path: path.as_str().into(),
                            after: now,
                            before: then,
                        });
                    }
                }
            }
        }
        changes
    }

    /// Reads versions of files that were not read before.
    fn look(&mut self, versions: impl Iterator<Item = Version>) {
        let new: BTreeSet<Version> = versions
            .filter(|version| !self.read.contains_key(version))
            .collect();
        let mut new: Vec<Version> = new.into_iter().collect();
        let all = new.len();
        new.retain(|(_, blob)| {
            let copies = self.copies.entry(*blob).or_default();
            *copies += 1;
            *copies <= COPIES
        });
        if all > new.len() {
            let why = format!("some files stood at more than {COPIES} paths: the first were read");
            self.problems
                .insert(self.met.problem(ProblemKind::Limited, why));
        }
        let limit = usize::try_from(self.options.text_limit).unwrap_or(usize::MAX);
        for batch in new.chunks(BATCH) {
            let mut texts = Vec::new();
            for version in batch {
                match self.odb.read_header(version.1) {
                    Ok((size, ObjectType::Blob)) if size > limit => {
                        let why =
                            format!("larger than {limit} bytes: not searched (--max-file-size)");
                        let mut problem = self.met.problem(ProblemKind::Limited, why);
                        problem.path = self.met.origin(&version.0).path.clone();
                        self.problems.insert(problem);
                    }
                    Ok((_, ObjectType::Blob)) => match self.odb.read(version.1) {
                        Ok(object) => texts.push((version.clone(), object.data().to_vec())),
                        Err(_) => self.lost(&version.0),
                    },
                    _ => self.lost(&version.0),
                }
            }
            self.blobs += texts.len() as u64;
            self.bytes += texts.iter().map(|(_, text)| text.len() as u64).sum::<u64>();
            let (met, searcher) = (self.met, self.searcher);
            let read: Vec<_> = texts
                .into_par_iter()
                .map(|(version, bytes)| {
                    let origin: Arc<Origin> = met.origin(&version.0);
                    let document = Document {
                        origin: &origin,
                        bytes: &bytes,
                    };
                    (version, searcher.read(&document))
                })
                .collect();
            for (version, (credentials, problems)) in read {
                self.problems.extend(problems);
                self.read.insert(version, credentials);
            }
        }
    }

    fn lost(&mut self, path: &str) {
        let why = "a version of it is not there or corrupt";
        let mut problem = self.met.problem(ProblemKind::Malformed, why);
        problem.path = self.met.origin(path).path.clone();
        problem.reader = SOURCE;
        self.problems.insert(problem);
    }

    fn held(&self, path: &Arc<str>, blob: Option<Oid>) -> &[Credential] {
        let read = blob.and_then(|blob| self.read.get(&(Arc::clone(path), blob)));
        read.map_or(&[], Vec::as_slice)
    }

    fn holds(&self, path: &Arc<str>, blob: Option<Oid>, id: &CredentialId) -> bool {
        self.held(path, blob)
            .iter()
            .any(|credential| credential.id == *id)
    }

    /// What the commits brought in, and which of it they took out again.
    fn introduced(&mut self, commits: &[Oid]) -> Vec<Credential> {
        let mut lives: BTreeMap<(Arc<str>, CredentialId), Life> = BTreeMap::new();
        let mut messages = Vec::new();
        for id in commits {
            let Some(commit) = self.commit(*id) else {
                continue;
            };
            messages.extend(self.message(&commit));
            let changes = self.changes(&commit);
            let after = |c: &Change| Some((Arc::clone(&c.path), c.after?));
            self.look(changes.iter().filter_map(after));
            // What was there before matters only where something is there now, or came in earlier.
            let speaking = |c: &&Change| {
                let own = (Arc::clone(&c.path), CredentialId::from(String::new()));
                let known = lives.range(own..).next();
                !self.held(&c.path, c.after).is_empty()
                    || known.is_some_and(|((path, _), _)| *path == c.path)
            };
            let changes: Vec<&Change> = changes.iter().filter(speaking).collect();
            let before: Vec<Version> = changes
                .iter()
                .flat_map(|c| c.before.iter().flatten().map(|b| (Arc::clone(&c.path), *b)))
                .collect();
            self.look(before.into_iter());
            for change in changes {
                let Change {
                    path,
                    after,
                    before,
                } = change;
                for credential in self.held(path, *after) {
                    if !before
                        .iter()
                        .any(|blob| self.holds(path, *blob, &credential.id))
                    {
                        let key = (Arc::clone(path), credential.id.clone());
                        lives
                            .entry(key)
                            .or_insert_with(|| (*id, credential.clone(), None));
                    }
                }
                let gone: Vec<CredentialId> = before
                    .iter()
                    .take(1)
                    .flat_map(|blob| self.held(path, *blob))
                    .map(|credential| credential.id.clone())
                    .filter(|c| !self.holds(path, *after, c))
                    .filter(|c| before.iter().all(|blob| self.holds(path, *blob, c)))
                    .collect();
                for credential in gone {
                    if let Some(life) = lives.get_mut(&(Arc::clone(path), credential)) {
                        life.2 = Some(*id);
                    }
                }
            }
        }
        let mut credentials = messages;
        let tip = commits.last().copied();
        let is_head = tip.is_some() && self.git.head().ok().and_then(|h| h.target()) == tip;
        let tree = tip.and_then(|tip| Some(self.commit(tip)?.tree_id()));
        let keys: Vec<_> = lives.keys().cloned().collect();
        let at_tip: HashMap<Arc<str>, Oid> = keys
            .iter()
            .filter_map(|(path, _)| Some((Arc::clone(path), self.at(tree?, path)?)))
            .collect();
        let versions: Vec<Version> = at_tip.iter().map(|(p, b)| (Arc::clone(p), *b)).collect();
        self.look(versions.into_iter());
        for ((path, id), (commit, mut credential, removed)) in lives {
            let held = self.holds(&path, at_tip.get(&path).copied(), &id);
            let Some(introduced) = self.author(commit) else {
                continue;
            };
            let Some(mut exposure) = super::attribute::best(&mut credential) else {
                continue;
            };
            exposure.evidence.pointer = Some(format!("commit {}", introduced.short()).into());
            exposure.in_tree = held && is_head;
            exposure.introduced = Some(introduced);
            exposure.removed = removed.filter(|_| !held).and_then(|id| self.author(id));
            credential.exposures.insert(exposure);
            credentials.push(credential);
        }
        credentials
    }

    /// The blob at a path of a tree.
    fn at(&self, tree: Oid, path: &str) -> Option<Oid> {
        let mut at = (tree, ObjectType::Tree);
        for name in path.split('/') {
            let tree = self.tree(at.0)?;
            let entry = tree.get_name(name)?;
            at = (entry.id(), entry.kind()?);
        }
        (at.1 == ObjectType::Blob).then_some(at.0)
    }

    fn author(&self, id: Oid) -> Option<Commit> {
        let object = self.odb.read(id).ok()?;
        let (author, mail, time) = Parts::of(object.data()).author().unwrap_or_default();
        Some(Commit {
            when: Timestamp::from_seconds(time),
            id: id.to_string().into(),
            author: author.into(),
            mail: mail.to_ascii_lowercase().into(),
        })
    }

    /// What stands in a commit's message.
    fn message(&mut self, commit: &git2::Commit<'_>) -> Vec<Credential> {
        let origin = self.met.origin("");
        let document = Document {
            origin: &origin,
            bytes: commit.message_bytes(),
        };
        self.bytes += document.bytes.len() as u64;
        let (mut credentials, problems) = self.searcher.read(&document);
        self.problems.extend(problems);
        let commit = self.author(commit.id());
        for credential in &mut credentials {
            let change = |mut exposure: Exposure| {
                let short = commit.as_ref().map(Commit::short).unwrap_or_default();
                exposure.evidence.pointer = Some(format!("message of commit {short}").into());
                exposure.in_tree = false;
                exposure.introduced = commit.clone();
                exposure
            };
            let exposures = std::mem::take(&mut credential.exposures);
            credential.exposures = exposures.into_iter().map(change).collect();
        }
        credentials
    }

    /// What is staged and was not in the commit that is checked out.
    fn staged(&mut self) -> Result<Vec<Credential>, String> {
        let text = |e: git2::Error| e.message().to_owned();
        let index = self.git.index().map_err(text)?;
        let head = self.git.head().ok().and_then(|head| head.target());
        let head = head.and_then(|head| self.commit(head)?.tree().ok());
        let mut how = git2::DiffOptions::new();
        how.ignore_submodules(true).skip_binary_check(true);
        let diff = self
            .git
            .diff_tree_to_index(head.as_ref(), Some(&index), Some(&mut how))
            .map_err(text)?;
        let mut changes = Vec::new();
        for delta in diff.deltas() {
            let (old, new) = (delta.old_file(), delta.new_file());
            let Some(path) = new.path_bytes() else {
                continue;
            };
            let path = String::from_utf8_lossy(path).into_owned();
            let file = |id: Oid| (!id.is_zero()).then_some(id);
            if delta.status() != git2::Delta::Deleted
                && new.mode() != git2::FileMode::Commit
                && self.asked(&path)
            {
                changes.push(Change {
                    path: path.into(),
                    after: file(new.id()),
                    before: vec![file(old.id())],
                });
            }
        }
        drop(diff);
        let after = |c: &Change| Some((Arc::clone(&c.path), c.after?));
        self.look(changes.iter().filter_map(after));
        let speaking = |c: &&Change| !self.held(&c.path, c.after).is_empty();
        let changes: Vec<&Change> = changes.iter().filter(speaking).collect();
        let before: Vec<Version> = changes
            .iter()
            .flat_map(|c| c.before.iter().flatten().map(|b| (Arc::clone(&c.path), *b)))
            .collect();
        self.look(before.into_iter());
        let mut credentials = Vec::new();
        for Change {
            path,
            after,
            before,
        } in changes
        {
            for credential in self.held(path, *after) {
                if !before
                    .iter()
                    .any(|blob| self.holds(path, *blob, &credential.id))
                {
                    let mut credential = credential.clone();
                    let exposures = std::mem::take(&mut credential.exposures);
                    let staged = exposures.into_iter().map(|mut exposure| {
                        exposure.evidence.pointer = Some("staged".into());
                        exposure
                    });
                    credential.exposures = staged.collect();
                    credentials.push(credential);
                }
            }
        }
        Ok(credentials)
    }
}
