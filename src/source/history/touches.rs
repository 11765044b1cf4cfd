//! The history of wanted files: from the commit checked out back to those that brought them in, by
//! whatever paths they came.

use super::commits::{Commits, Parts, Raw};
use super::compare::{Compared, Comparer};
use super::locate::Directories;
use super::made::Maker;
use super::store::Store;
use super::walk::Bits;
use super::wanted::Wanted;
use super::{Id, Kind};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Commits that are compared before it is looked at which files still need more.
const BATCH: usize = 4_096;
/// Commits that one thread compares in a row.
const CHUNK: usize = 256;
/// Largest commit that is read.
const COMMIT: u64 = 1 << 20;
/// What all comparisons may cost, in bytes of trees.
const WORK: u64 = 200 << 30;
/// How often a file may have moved within one batch.
const MOVES: usize = 64;
/// Files at one path that came from it later.
const SERVED: usize = 1_000;
/// What one commit did to a file, for all files together.
const TOUCHES: usize = 5_000_000;
/// The same of the commits that one thread compares in a row: what is gathered at once must stay small.
const CHUNK_TOUCHES: usize = 100_000;

/// What a commit did to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Act {
    /// Brought it in.
    Came,
    /// Moved it here, unchanged.
    Moved,
    /// Moved it here and changed it.
    Reworked,
    /// Changed it.
    Changed,
}

/// One commit's part in the history of one file.
#[derive(Clone, Debug)]
pub(in crate::source) struct Touch {
    /// The commit, by rank: parents come before children.
    pub(in crate::source) commit: u32,
    pub(in crate::source) act: Act,
    /// The version, by its id.
    pub(super) version: Id,
}

/// The histories of the wanted files of one repository.
pub(in crate::source) struct Past {
    pub(super) store: Store,
    commits: Commits,
    head: Option<Id>,
    /// Of each wanted file, in the order they were given, latest first.
    pub(in crate::source) files: Vec<Vec<Touch>>,
    /// How many files each commit touched that had part in one.
    pub(in crate::source) sizes: BTreeMap<u32, u32>,
    /// How many commits were compared.
    pub(in crate::source) compared: u64,
    /// Whether history is cut off.
    pub(in crate::source) shallow: bool,
    /// Whether not all was compared that should have been.
    pub(in crate::source) limited: bool,
}

/// A path that wanted files stood at.
struct Tracked {
    path: Vec<u8>,
    serves: Vec<Serves>,
}

/// The part of a path's history that is a file's.
struct Serves {
    file: u32,
    /// Only commits before this one.
    until: u32,
    /// Whether the commit is known that brought it here: nothing before that is this file's.
    closed: bool,
    /// The pass over commits in which it was found.
    pass: u32,
}

/// All paths that wanted files stood at.
#[derive(Default)]
struct Paths {
    tracked: Vec<Tracked>,
    numbers: HashMap<Vec<u8>, u32>,
}

impl Paths {
    /// Adds a path that a file stood at before a commit; `None` where that is known already.
    fn add(&mut self, path: &[u8], file: u32, until: u32, pass: u32) -> Option<u32> {
        let next = self.tracked.len() as u32;
        let number = *self.numbers.entry(path.to_vec()).or_insert(next);
        if number == next {
            self.tracked.push(Tracked {
                path: path.to_vec(),
                serves: Vec::new(),
            });
        }
        let serves = &mut self.tracked.get_mut(number as usize)?.serves;
        let known = |s: &Serves| s.file == file && s.until >= until && !s.closed;
        if serves.len() >= SERVED || serves.iter().any(known) {
            return None;
        }
        serves.push(Serves {
            file,
            until,
            closed: false,
            pass,
        });
        Some(number)
    }

    /// Whether of any file it is not known yet where it came from.
    fn open(&self) -> bool {
        self.tracked.iter().any(Tracked::open)
    }

    /// The paths whose history is not known yet, or those of them that are named.
    fn wanted(&self, only: Option<&[u32]>) -> Wanted {
        let all = (0u32..).zip(&self.tracked);
        let named = |number: &u32| only.is_none_or(|only| only.contains(number));
        let open = all.filter(|(number, tracked)| tracked.open() && named(number));
        Wanted::new(open.map(|(number, tracked)| (tracked.path.as_slice(), number)))
    }
}

impl Tracked {
    fn open(&self) -> bool {
        self.serves.iter().any(|serves| !serves.closed)
    }
}

impl Past {
    /// Follows wanted files, named by their paths in the repository, back from the commit checked out.
    ///
    /// # Errors
    /// Why the repository was not looked into.
    pub(in crate::source) fn of(
        directory: &Path,
        roots: &[PathBuf],
        files: &[&str],
    ) -> Result<Self, String> {
        let directories = Directories::of(directory, roots)?;
        if directories.form().sha256 {
            return Err("its objects are named by SHA-256, which is not supported".to_owned());
        }
        let inside = |path: &Path| {
            path.starts_with(&directories.common) || roots.iter().any(|r| path.starts_with(r))
        };
        let (store, _) = Store::open(&directories.common.join("objects"), inside);
        if directories.form().reftable {
            return Err("its references are kept in a reftable, which is not supported".to_owned());
        }
        let head = directories.references().head;
        let cut = directories.shallow();
        let raw = head.map(|head| ancestry(&store, head)).unwrap_or_default();
        let tips: BTreeSet<Id> = head.into_iter().collect();
        let commits = Commits::new(&raw, &store, &tips, &HashMap::new(), &cut);
        let mut past = Self {
            store,
            commits,
            head,
            files: vec![Vec::new(); files.len()],
            sizes: BTreeMap::new(),
            compared: 0,
            shallow: !cut.is_empty(),
            limited: false,
        };
        past.follow(files);
        Ok(past)
    }

    fn follow(&mut self, files: &[&str]) {
        let mut paths = Paths::default();
        let there = self.there(files);
        for (number, path) in (0u32..).zip(files) {
            if there.contains(&number) {
                paths.add(path.as_bytes(), number, u32::MAX, 0);
            }
        }
        let mut end = self.commits.list.len();
        let (mut pass, mut work, mut touches) = (0, 0, 0);
        let mut sizes = BTreeMap::new();
        let mut histories = vec![Vec::new(); files.len()];
        let makers = Mutex::new(Vec::new());
        let mut limited = false;
        let mut done = 0;
        while end > 0 && paths.open() && !limited {
            let start = end.saturating_sub(BATCH);
            let mut upper = end;
            let mut only: Option<Vec<u32>> = None;
            for moves in 0.. {
                pass += 1;
                let compared = self.compare(start..upper, &paths, only.as_deref(), &makers);
                let rerun = only.is_some();
                let mut notes = Notes {
                    paths: &mut paths,
                    files: &mut histories,
                    pass,
                    rerun,
                    found: Vec::new(),
                };
                for (rank, compared) in &compared {
                    work += compared.work;
                    if notes.note(*rank, compared) {
                        sizes.insert(*rank, compared.files);
                        touches += compared.touched.len();
                    }
                }
                let mut found = notes.found;
                limited |= compared.iter().any(|(_, compared)| compared.cut_short);
                limited |= work > WORK || touches > TOUCHES;
                // What stood elsewhere before is looked for there, in the same commits.
                let Some(latest) = found.iter().map(|(_, until)| *until).max() else {
                    break;
                };
                if moves >= MOVES {
                    limited = true;
                    break;
                }
                upper = latest as usize;
                found.sort_unstable();
                found.dedup();
                only = Some(found.into_iter().map(|(path, _)| path).collect());
            }
            done += (end - start) as u64;
            end = start;
        }
        drop(makers);
        for file in &mut histories {
            file.sort_by_key(|touch: &Touch| std::cmp::Reverse(touch.commit));
        }
        (self.files, self.sizes) = (histories, sizes);
        (self.compared, self.limited) = (done, limited);
    }

    /// The wanted files that the commit checked out holds.
    fn there(&self, files: &[&str]) -> HashSet<u32> {
        let paths = (0u32..).zip(files);
        let wanted = Wanted::new(paths.map(|(number, path)| (path.as_bytes(), number)));
        let comparer = Comparer {
            store: &self.store,
            commits: &self.commits,
            wanted: &wanted,
        };
        let head = self.head.and_then(|head| self.store.find(&head));
        let mut list = self.commits.list.iter().rev();
        let commit = list.find(|commit| Some(commit.object) == head);
        let tree = commit.and_then(|commit| commit.tree);
        let mut maker = Maker::new(&self.store);
        tree.map(|tree| comparer.there(tree, &mut maker))
            .unwrap_or_default()
    }

    /// Compares commits, latest first.
    fn compare<'s>(
        &'s self,
        range: Range<usize>,
        paths: &Paths,
        only: Option<&[u32]>,
        makers: &Mutex<Vec<Maker<'s>>>,
    ) -> Vec<(u32, Compared)> {
        let wanted = paths.wanted(only);
        let comparer = Comparer {
            store: &self.store,
            commits: &self.commits,
            wanted: &wanted,
        };
        let start = range.start as u32;
        let list = self.commits.list.get(range).unwrap_or_default();
        let mut ranked: Vec<_> = (start..).zip(list).collect();
        ranked.reverse();
        let chunks: Vec<Vec<(u32, Compared)>> = ranked
            .par_chunks(CHUNK)
            .map(|chunk| {
                // What makers remember from before only saves time.
                let lock = || makers.lock().unwrap_or_else(PoisonError::into_inner);
                let maker = lock().pop();
                let mut maker = maker.unwrap_or_else(|| Maker::new(&self.store));
                let mut gathered = Vec::with_capacity(chunk.len());
                let mut touches = 0;
                for (rank, commit) in chunk {
                    let mut compared = comparer.commit(commit, &mut maker);
                    touches += compared.touched.len();
                    compared.cut_short = touches > CHUNK_TOUCHES;
                    let stop = compared.cut_short;
                    gathered.push((*rank, compared));
                    if stop {
                        break;
                    }
                }
                lock().push(maker);
                gathered
            })
            .collect();
        chunks.into_iter().flatten().collect()
    }

    /// What is made of each commit that had part in a file, from its id and what it says.
    pub(in crate::source) fn commits<T: Send>(
        &self,
        make: impl Fn(String, &[u8]) -> T + Sync + Send,
    ) -> BTreeMap<u32, T> {
        let commit = |rank: &u32| Some((self.commits.list.get(*rank as usize)?.object, *rank));
        let ranks: HashMap<u32, u32> = self.sizes.keys().filter_map(commit).collect();
        let mut wanted = Bits::new(self.store.len());
        ranks.keys().for_each(|object| wanted.set(*object));
        let parts = self
            .store
            .walk(&wanted, COMMIT, Vec::new, |made, object, _, outcome| {
                if let (Ok(bytes), Some(rank)) = (outcome, ranks.get(&object)) {
                    let id = super::hex(&self.store.id(object));
                    made.push((*rank, make(id, bytes)));
                }
            });
        parts.into_iter().flatten().collect()
    }

    /// Whether a commit joins several.
    pub(in crate::source) fn merges(&self, rank: u32) -> bool {
        let commit = self.commits.list.get(rank as usize);
        commit.is_some_and(|commit| self.commits.parents(commit).len() > 1)
    }

    /// Whether what a commit holds may be older, since what came before it is not there.
    pub(in crate::source) fn cut(&self, rank: u32) -> bool {
        let commit = self.commits.list.get(rank as usize);
        commit.is_some_and(|commit| commit.cut)
    }

    /// A small file at the root of the commit checked out.
    pub(in crate::source) fn at_root(&self, name: &str, limit: u64) -> Option<Vec<u8>> {
        let object = |id: &Id, limit| self.store.read(self.store.find(id)?, limit).ok();
        let (_, commit) = object(self.head.as_ref()?, COMMIT)?;
        let (_, tree) = object(&Parts::of(&commit).tree()?, 16 << 20)?;
        let mut entries = super::trees::entries(&tree);
        let (.., id) = entries.find(|(_, other, _)| *other == name.as_bytes())?;
        let (kind, bytes) = object(id, limit)?;
        (kind == Kind::Blob).then_some(bytes)
    }
}

/// What was found out in one pass over commits.
struct Notes<'a> {
    paths: &'a mut Paths,
    files: &'a mut [Vec<Touch>],
    pass: u32,
    /// Whether only paths count that the pass before found.
    rerun: bool,
    /// Where moved files stood before, with the commits that moved them.
    found: Vec<(u32, u32)>,
}

impl Notes<'_> {
    /// Notes what a commit did; those after it come first. Says whether it had part in any file.
    fn note(&mut self, rank: u32, compared: &Compared) -> bool {
        let mut had_part = false;
        for touched in &compared.touched {
            let Some(tracked) = self.paths.tracked.get_mut(touched.path as usize) else {
                continue;
            };
            let act = match &touched.source {
                _ if !touched.added => Act::Changed,
                None => Act::Came,
                Some((_, true)) => Act::Moved,
                Some((_, false)) => Act::Reworked,
            };
            let mut moved = Vec::new();
            for serves in &mut tracked.serves {
                let due = if self.rerun {
                    serves.pass + 1 == self.pass
                } else {
                    serves.pass < self.pass
                };
                if !due || serves.closed || rank >= serves.until {
                    continue;
                }
                had_part = true;
                if let Some(file) = self.files.get_mut(serves.file as usize) {
                    file.push(Touch {
                        commit: rank,
                        act,
                        version: touched.after,
                    });
                }
                if touched.added {
                    serves.closed = true;
                    moved.push(serves.file);
                }
            }
            if let Some((path, _)) = &touched.source {
                for file in moved {
                    let path = self.paths.add(path, file, rank, self.pass);
                    self.found.extend(path.map(|path| (path, rank)));
                }
            }
        }
        had_part
    }
}

/// The commits that one leads to, as they were read.
fn ancestry(store: &Store, head: Id) -> Vec<Raw> {
    let wanted = store.packed_of(Kind::Commit);
    let parts = store.walk(
        &wanted,
        COMMIT,
        Vec::new,
        |commits: &mut Vec<Raw>, object, _, outcome| {
            commits.extend(
                outcome
                    .ok()
                    .and_then(|bytes| Parts::of(bytes).commit(object)),
            );
        },
    );
    let mut packed: HashMap<u32, Raw> = parts
        .into_iter()
        .flatten()
        .map(|raw| (raw.object, raw))
        .collect();
    let mut reached = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![head];
    while let Some(id) = open.pop() {
        let Some(object) = store.find(&id).filter(|object| seen.insert(*object)) else {
            continue;
        };
        // Of loose objects it is not known what they are before they are read.
        let raw = packed.remove(&object).or_else(|| {
            let (kind, bytes) = store.read(object, COMMIT).ok()?;
            (kind == Kind::Commit).then(|| Parts::of(&bytes).commit(object))?
        });
        if let Some(raw) = raw {
            open.extend(raw.parents().iter().copied());
            reached.push(raw);
        }
    }
    reached
}
