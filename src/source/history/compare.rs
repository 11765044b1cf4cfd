//! One commit against its parents: which wanted files it touched, how many files it touched in all, and
//! where those that it brought in stood before.
//!
//! Only folders on the way to wanted files are compared without bound; all others as far as a few
//! thousand entries: a tree may hold itself many times over.

use super::commits::{Commit, Commits};
use super::differ::{Difference, Slot, differences};
use super::inflate::Buffer;
use super::made::Maker;
use super::store::Store;
use super::wanted::Wanted;
use super::{Id, Kind};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Largest tree that is read.
const TREE: u64 = 16 << 20;
/// Trees above this size are thought costly to make.
const LARGE: u64 = 128 << 10;
/// What reading a tree is thought to cost beside its bytes.
const READ: u64 = 2_000;
/// Entries that differ beyond which a commit's files are not counted any further.
pub(super) const COUNTED: u32 = 1_000;
/// Entries that are looked at for where moved files came from.
const SEARCHED: u32 = 50_000;
/// Folders in folders.
const DEPTH: usize = 128;
/// Parents that a file is looked for in.
const PARENTS: usize = 64;
/// Files that were taken away and are compared with one that came.
const CANDIDATES: usize = 24;
/// Largest file that is compared with another by its lines.
const SIMILAR: u64 = 256 << 10;
/// Comparisons by lines for one commit.
const COMPARED: usize = 400;

/// What a commit did to a wanted file.
#[derive(Debug)]
pub(super) struct Touched {
    pub(super) path: u32,
    pub(super) after: Id,
    /// Whether it stood in no parent.
    pub(super) added: bool,
    /// The path it stood at before, and whether it came over unchanged.
    pub(super) source: Option<(Vec<u8>, bool)>,
}

/// What a commit did.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) touched: Vec<Touched>,
    /// Files that it touched in all, as far as they were counted.
    pub(super) files: u32,
    /// What it cost: bytes of trees, as far as they do not depend on what was at hand.
    pub(super) work: u64,
    /// Whether what comes after it was not compared, since it touched too much.
    pub(super) cut_short: bool,
}

struct Open {
    folder: usize,
    depth: usize,
    after: Id,
    before: Vec<Option<Id>>,
}

/// Compares commits.
pub(super) struct Comparer<'a> {
    pub(super) store: &'a Store,
    pub(super) commits: &'a Commits,
    pub(super) wanted: &'a Wanted,
}

impl Comparer<'_> {
    /// What a commit did to wanted files.
    pub(super) fn commit(&self, commit: &Commit, maker: &mut Maker<'_>) -> Compared {
        let mut compared = Compared::default();
        let Some(tree) = commit.tree.map(|tree| self.store.id(tree)) else {
            return compared;
        };
        let parents = self.commits.parents(commit).iter().take(PARENTS);
        let before: Vec<Option<Id>> = parents
            .filter_map(|parent| self.commits.list.get(*parent as usize))
            .map(|parent| parent.tree.map(|tree| self.store.id(tree)))
            .collect();
        let mut open = vec![Open {
            folder: Wanted::ROOT,
            depth: 0,
            after: tree,
            before: before.clone(),
        }];
        while let Some(at) = open.pop() {
            self.folder(&at, maker, &mut open, &mut compared);
        }
        if compared.touched.is_empty() {
            return compared;
        }
        let came = compared.touched.iter().any(|touched| touched.added);
        let parents = if before.is_empty() {
            vec![None]
        } else {
            before
        };
        let mut gone = Vec::new();
        for (number, parent) in parents.iter().take(if came { 2 } else { 1 }).enumerate() {
            let files = self.others(tree, *parent, came, maker, &mut gone, &mut compared.work);
            if number == 0 {
                compared.files = files;
            }
        }
        if came && !gone.is_empty() {
            gone.sort_unstable();
            gone.dedup();
            self.sources(&gone, maker, &mut compared);
        }
        compared
    }

    /// The wanted files that a tree holds.
    pub(super) fn there(&self, tree: u32, maker: &mut Maker<'_>) -> HashSet<u32> {
        let mut compared = Compared::default();
        let mut open = vec![Open {
            folder: Wanted::ROOT,
            depth: 0,
            after: self.store.id(tree),
            before: Vec::new(),
        }];
        while let Some(at) = open.pop() {
            self.folder(&at, maker, &mut open, &mut compared);
        }
        compared
            .touched
            .iter()
            .map(|touched| touched.path)
            .collect()
    }

    fn folder(
        &self,
        at: &Open,
        maker: &mut Maker<'_>,
        open: &mut Vec<Open>,
        compared: &mut Compared,
    ) {
        // What is as it was in one of the parents came from there.
        if at.depth > DEPTH || at.before.contains(&Some(at.after)) {
            return;
        }
        let Some(after) = self.tree(&at.after, maker, &mut compared.work) else {
            return;
        };
        let before: Vec<Option<Arc<Buffer>>> = at
            .before
            .iter()
            .map(|id| self.tree(id.as_ref()?, maker, &mut compared.work))
            .collect();
        let bytes = |tree: Option<&'_ Arc<Buffer>>| tree.cloned();
        let first = bytes(before.first().and_then(Option::as_ref));
        let first = first.as_ref().map(|tree| tree.bytes()).unwrap_or_default();
        let is_wanted = |d: &Difference<'_>| self.wanted.leaf(at.folder, d.name).is_some();
        let mut differing: Vec<(Difference<'_>, Vec<Option<Slot>>)> =
            differences(first, after.bytes())
                .into_iter()
                .filter(|d| d.after.is_some() && is_wanted(d))
                .map(|d| {
                    let before = vec![d.before];
                    (d, before)
                })
                .collect();
        for other in before.iter().skip(1) {
            if differing.is_empty() {
                return;
            }
            let other = other.as_ref().map(|tree| tree.bytes()).unwrap_or_default();
            let others = differences(other, after.bytes());
            differing.retain_mut(|(own, before)| {
                let same = |d: &&Difference<'_>| d.name == own.name && d.after == own.after;
                let found = others.iter().find(same);
                before.push(found.and_then(|d| d.before));
                found.is_some()
            });
        }
        for (difference, before) in differing {
            let Some(leaf) = self.wanted.leaf(at.folder, difference.name) else {
                continue;
            };
            match difference.after {
                Some(Slot::Blob(after)) => {
                    if let Some(path) = leaf.file {
                        let stood = |slot: &Option<Slot>| matches!(slot, Some(Slot::Blob(_)));
                        compared.touched.push(Touched {
                            path,
                            after,
                            added: !before.iter().any(stood),
                            source: None,
                        });
                    }
                }
                Some(Slot::Tree(after)) => {
                    if let Some(folder) = leaf.folder {
                        let tree = |slot: Option<Slot>| match slot {
                            Some(Slot::Tree(id)) => Some(id),
                            _ => None,
                        };
                        // A parent without the folder has none of its files.
                        open.push(Open {
                            folder,
                            depth: at.depth + 1,
                            after,
                            before: before.into_iter().map(tree).collect(),
                        });
                    }
                }
                None => {}
            }
        }
    }

    fn tree(&self, id: &Id, maker: &mut Maker<'_>, work: &mut u64) -> Option<Arc<Buffer>> {
        let object = self.store.find(id)?;
        let (kind, bytes) = maker.read(object, TREE).ok()?;
        let size = bytes.bytes().len() as u64;
        // Counted as if nothing had been at hand: what is done must not depend on what was done before.
        let chain = u64::from(self.store.chain(object, 256));
        *work += READ + size + size * chain / if size > LARGE { 1 } else { 32 };
        (kind == Kind::Tree).then_some(bytes)
    }

    /// Counts the files that differ, and gathers those that were taken away.
    fn others(
        &self,
        after: Id,
        before: Option<Id>,
        gather: bool,
        maker: &mut Maker<'_>,
        gone: &mut Vec<(Vec<u8>, Id)>,
        work: &mut u64,
    ) -> u32 {
        let limit = if gather { SEARCHED } else { COUNTED };
        let (mut files, mut steps) = (0, 0);
        let mut open = vec![(Vec::new(), 0, before, Some(after))];
        while let Some((path, depth, before, after)) = open.pop() {
            if before == after || depth > DEPTH || steps > limit {
                continue;
            }
            let old = before.and_then(|id| self.tree(&id, maker, work));
            let new = after.and_then(|id| self.tree(&id, maker, work));
            let old = old.as_ref().map(|tree| tree.bytes()).unwrap_or_default();
            let new = new.as_ref().map(|tree| tree.bytes()).unwrap_or_default();
            for difference in differences(old, new) {
                steps += 1;
                if steps > limit {
                    break;
                }
                let below = || {
                    let mut below = path.clone();
                    if !below.is_empty() {
                        below.push(b'/');
                    }
                    below.extend_from_slice(difference.name);
                    below
                };
                let tree = |slot: Option<Slot>| match slot {
                    Some(Slot::Tree(id)) => Some(id),
                    _ => None,
                };
                let (from, to) = (tree(difference.before), tree(difference.after));
                if from.is_some() || to.is_some() {
                    open.push((below(), depth + 1, from, to));
                }
                let blob = |slot| matches!(slot, Some(Slot::Blob(_)));
                files += u32::from(blob(difference.before) || blob(difference.after));
                if let (true, Some(Slot::Blob(id)), None) =
                    (gather, difference.before, difference.after)
                {
                    gone.push((below(), id));
                }
            }
        }
        files
    }

    /// Where files that came stood before, among those that went: the same content first, then much the
    /// same, preferably under the same name.
    fn sources(&self, gone: &[(Vec<u8>, Id)], maker: &mut Maker<'_>, compared: &mut Compared) {
        let mut by_id: HashMap<&Id, &Vec<u8>> = HashMap::new();
        let mut by_name: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (at, (path, id)) in gone.iter().enumerate() {
            by_id.entry(id).or_insert(path);
            let namesakes = by_name.entry(file_name(path)).or_default();
            if namesakes.len() < CANDIDATES {
                namesakes.push(at);
            }
        }
        let mut left = COMPARED;
        for touched in compared.touched.iter_mut().filter(|t| t.added) {
            if touched.after == EMPTY {
                continue;
            }
            if let Some(path) = by_id.get(&touched.after) {
                touched.source = Some(((*path).clone(), true));
                continue;
            }
            let name = self.wanted.name(touched.path);
            let namesakes = by_name.get(name).into_iter().flatten().copied();
            let others = (0..gone.len()).filter(|_| gone.len() <= CANDIDATES);
            let candidates: BTreeSet<usize> = namesakes.chain(others).collect();
            if left == 0 || candidates.is_empty() {
                continue;
            }
            let Some(own) = Lines::of(self.store, &touched.after, maker) else {
                continue;
            };
            let mut best: Option<(usize, &Vec<u8>)> = None;
            for (path, id) in candidates.iter().filter_map(|at| gone.get(*at)) {
                if left == 0 {
                    break;
                }
                left -= 1;
                let other = Lines::of(self.store, id, maker);
                let likeness = other.as_ref().map(|other| own.likeness(other));
                let likeness = likeness.unwrap_or_default();
                let other = other.map(|other| other.size).unwrap_or_default();
                compared.work += 16 * (own.size + other) as u64;
                // Half of the lines, as git has it.
                if likeness >= 50 && best.is_none_or(|(most, _)| likeness > most) {
                    best = Some((likeness, path));
                }
            }
            touched.source = best.map(|(_, path)| (path.clone(), false));
        }
    }
}

fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// The blob of no bytes.
const EMPTY: Id = [
    0xe6, 0x9d, 0xe2, 0x9b, 0xb2, 0xd1, 0xd6, 0x43, 0x4b, 0x8b, 0x29, 0xae, 0x77, 0x5a, 0xd8, 0xc2,
    0xe4, 0x8c, 0x53, 0x91,
];

/// The lines of a file, sorted.
struct Lines {
    hashes: Vec<(u64, usize)>,
    size: usize,
}

impl Lines {
    fn of(store: &Store, id: &Id, maker: &mut Maker<'_>) -> Option<Self> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let (_, bytes) = maker.read(store.find(id)?, SIMILAR).ok()?;
        let bytes = bytes.bytes();
        let mut hashes: Vec<(u64, usize)> = bytes
            .split_inclusive(|b| *b == b'\n')
            .map(|line| {
                let mut hasher = DefaultHasher::new();
                line.hash(&mut hasher);
                (hasher.finish(), line.len())
            })
            .collect();
        hashes.sort_unstable();
        (!bytes.is_empty()).then_some(Self {
            hashes,
            size: bytes.len(),
        })
    }

    /// How many of a hundred bytes of the longer stand in lines of both.
    fn likeness(&self, other: &Self) -> usize {
        let (mut own, mut others) = (
            self.hashes.iter().peekable(),
            other.hashes.iter().peekable(),
        );
        let mut shared = 0;
        while let (Some((a, size)), Some((b, _))) = (own.peek(), others.peek()) {
            let order = a.cmp(b);
            if order.is_eq() {
                shared += size;
            }
            if order.is_le() {
                own.next();
            }
            if order.is_ge() {
                others.next();
            }
        }
        shared * 100 / self.size.max(other.size).max(1)
    }
}
