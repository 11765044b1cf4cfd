//! Commits and tags: what they say, and who comes before whom.

use super::store::Store;
use super::{Id, Kind};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

/// Parents of one commit that are followed at most.
const PARENTS: usize = 4_096;

/// A commit as it was read.
pub(super) struct Raw {
    pub(super) object: u32,
    tree: Id,
    parents: Vec<Id>,
    /// When it was committed, in seconds.
    time: i64,
}

impl Raw {
    /// The commits it comes from.
    pub(super) fn parents(&self) -> &[Id] {
        &self.parents
    }
}

/// A commit or tag in parts.
pub(in crate::source) struct Parts<'a> {
    head: &'a [u8],
    /// What a person wrote.
    pub(in crate::source) message: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(in crate::source) fn of(bytes: &'a [u8]) -> Self {
        let end = memchr::memmem::find(bytes, b"\n\n");
        let (head, message) = bytes.split_at(end.unwrap_or(bytes.len()));
        Self {
            head,
            message: message.get(2..).unwrap_or_default(),
        }
    }

    fn field(&self, name: &[u8]) -> impl Iterator<Item = &'a [u8]> {
        let lines = self.head.split(|b| *b == b'\n');
        lines.filter_map(move |line| line.strip_prefix(name)?.strip_prefix(b" "))
    }

    fn ids(&self, name: &[u8]) -> impl Iterator<Item = Id> {
        self.field(name)
            .filter_map(|value| super::id(std::str::from_utf8(value).ok()?))
    }

    /// The commit, if it is one.
    pub(super) fn commit(&self, object: u32) -> Option<Raw> {
        let committer = self.field(b"committer").next().map(signature);
        Some(Raw {
            object,
            tree: self.ids(b"tree").next()?,
            parents: self.ids(b"parent").take(PARENTS).collect(),
            time: committer.map(|(_, _, time)| time).unwrap_or_default(),
        })
    }

    /// The tree of a commit.
    pub(super) fn tree(&self) -> Option<Id> {
        self.ids(b"tree").next()
    }

    /// What a tag points at.
    pub(super) fn target(&self) -> Option<Id> {
        self.ids(b"object").next()
    }

    /// What a tag is called.
    pub(super) fn tag(&self) -> Option<String> {
        let name = self.field(b"tag").next()?;
        Some(String::from_utf8_lossy(name).into_owned())
    }

    /// Name, address and time of the author of a commit, or of the maker of a tag.
    pub(in crate::source) fn author(&self) -> Option<(String, String, i64)> {
        let (name, mail, time) = self
            .field(b"author")
            .chain(self.field(b"tagger"))
            .next()
            .map(signature)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
        Some((text(name), text(mail), time))
    }

    /// When a commit was made, which may be long after it was written.
    pub(in crate::source) fn committed(&self) -> Option<i64> {
        let line = self.field(b"committer").next()?;
        Some(signature(line).2)
    }
}

/// `Jane Doe <jane@example.com> 1700000000 +0100`
fn signature(line: &[u8]) -> (&[u8], &[u8], i64) {
    let open = memchr::memchr(b'<', line).unwrap_or(line.len());
    let (name, rest) = line.split_at(open);
    let close = memchr::memrchr(b'>', rest).unwrap_or(rest.len());
    let mail = rest.get(1..close).unwrap_or_default();
    let time = rest.get(close + 1..).unwrap_or_default().trim_ascii();
    let time = time.split(|b| *b == b' ').next().unwrap_or_default();
    let time = std::str::from_utf8(time).ok().and_then(|t| t.parse().ok());
    (name, mail, time.unwrap_or_default())
}

/// All commits, parents before children, the older first among those that do not come from each other;
/// those that no reference leads to last.
pub(super) struct Commits {
    pub(super) list: Vec<Commit>,
    parents: Vec<u32>,
    /// How many are reachable: they are the first.
    reachable: usize,
    ranks: HashMap<u32, u32>,
}

/// One commit.
pub(super) struct Commit {
    pub(super) object: u32,
    /// Its tree; `None` where that is not there.
    pub(super) tree: Option<u32>,
    parents: (u32, u32),
    /// Whether parents are not there: what it holds may be older.
    pub(super) cut: bool,
}

impl Commits {
    /// Orders commits. `tips` are followed through tags.
    pub(super) fn new(
        raw: &[Raw],
        store: &Store,
        tips: &BTreeSet<Id>,
        tags: &HashMap<u32, Id>,
        shallow: &BTreeSet<Id>,
    ) -> Self {
        let mut raw: Vec<&Raw> = raw.iter().collect();
        raw.sort_unstable_by_key(|commit| commit.object);
        let place: HashMap<u32, u32> = (0..)
            .zip(&raw)
            .map(|(at, commit)| (commit.object, at))
            .collect();
        let mut cut = vec![false; raw.len()];
        let parents: Vec<Vec<u32>> = raw
            .iter()
            .zip(&mut cut)
            .map(|(commit, cut)| {
                if shallow.contains(&store.id(commit.object)) {
                    *cut = true;
                    return Vec::new();
                }
                let known = |id| place.get(&store.find(id)?).copied();
                let mut parents: Vec<u32> = commit.parents.iter().filter_map(known).collect();
                *cut = parents.len() < commit.parents.len();
                parents.dedup();
                parents
            })
            .collect();
        // What references lead to.
        let mut reached = vec![false; raw.len()];
        let mut open: Vec<u32> = tips
            .iter()
            .filter_map(|tip| place.get(&peel(store, tags, tip)?).copied())
            .collect();
        while let Some(at) = open.pop() {
            if let Some(mark) = reached.get_mut(at as usize)
                && !std::mem::replace(mark, true)
            {
                open.extend(parents.get(at as usize).into_iter().flatten());
            }
        }
        let order = order(&raw, &parents, &reached, store);
        let mut ranks = vec![0u32; raw.len()];
        for (rank, at) in (0u32..).zip(&order) {
            if let Some(slot) = ranks.get_mut(*at as usize) {
                *slot = rank;
            }
        }
        let mut commits = Self {
            list: Vec::with_capacity(raw.len()),
            parents: Vec::new(),
            reachable: reached.iter().filter(|reached| **reached).count(),
            ranks: HashMap::with_capacity(raw.len()),
        };
        for (rank, at) in (0u32..).zip(order) {
            let Some(of) = raw.get(at as usize) else {
                continue;
            };
            let start = commits.parents.len() as u32;
            let own = parents.get(at as usize).into_iter().flatten();
            let own = own.filter_map(|parent| ranks.get(*parent as usize));
            // Commits whose ids lie could be their own ancestors.
            commits.parents.extend(own.filter(|parent| **parent < rank));
            commits.ranks.insert(of.object, rank);
            commits.list.push(Commit {
                object: of.object,
                tree: store.find(&of.tree),
                parents: (start, commits.parents.len() as u32),
                cut: cut.get(at as usize).copied().unwrap_or_default(),
            });
        }
        commits
    }

    /// The parents of a commit, by rank.
    pub(super) fn parents(&self, commit: &Commit) -> &[u32] {
        let (start, end) = commit.parents;
        self.parents
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// Whether a reference leads to a commit.
    pub(super) fn reachable(&self, object: u32) -> bool {
        let rank = self.ranks.get(&object);
        rank.is_some_and(|rank| self.reaches(*rank))
    }

    /// Whether a reference leads to the commit of this rank.
    pub(super) fn reaches(&self, rank: u32) -> bool {
        (rank as usize) < self.reachable
    }

    /// Whether each commit is reachable from these.
    pub(super) fn from(&self, tips: impl Iterator<Item = u32>) -> Vec<bool> {
        let mut reached = vec![false; self.list.len()];
        let mut open: Vec<u32> = tips.collect();
        while let Some(rank) = open.pop() {
            if let (Some(mark), Some(commit)) =
                (reached.get_mut(rank as usize), self.list.get(rank as usize))
                && !std::mem::replace(mark, true)
            {
                open.extend(self.parents(commit));
            }
        }
        reached
    }

    /// The rank of what an id names, tags being followed.
    pub(super) fn rank(&self, store: &Store, tags: &HashMap<u32, Id>, id: &Id) -> Option<u32> {
        self.ranks.get(&peel(store, tags, id)?).copied()
    }
}

/// What a tag, or a tag of a tag, points at.
fn peel(store: &Store, tags: &HashMap<u32, Id>, id: &Id) -> Option<u32> {
    let mut object = store.find(id)?;
    for _ in 0..100 {
        match tags.get(&object) {
            Some(target) => object = store.find(target)?,
            None => return Some(object),
        }
    }
    None
}

fn order(raw: &[&Raw], parents: &[Vec<u32>], reached: &[bool], store: &Store) -> Vec<u32> {
    let mut waiting: Vec<u32> = parents.iter().map(|p| p.len() as u32).collect();
    let mut children: Vec<Vec<u32>> = vec![Vec::new(); raw.len()];
    for (child, parents) in (0u32..).zip(parents) {
        for parent in parents {
            if let Some(of) = children.get_mut(*parent as usize) {
                of.push(child);
            }
        }
    }
    let key = |at: u32| {
        let commit = raw.get(at as usize);
        let reached = reached.get(at as usize).copied().unwrap_or_default();
        let time = commit.map(|c| c.time).unwrap_or_default();
        let id = commit.map(|c| store.id(c.object)).unwrap_or_default();
        Reverse((!reached, time, id, at))
    };
    let free = (0u32..).zip(&waiting).filter(|(_, count)| **count == 0);
    let mut ready: BinaryHeap<_> = free.map(|(at, _)| key(at)).collect();
    let mut order = Vec::with_capacity(raw.len());
    while let Some(Reverse((.., at))) = ready.pop() {
        order.push(at);
        for child in children.get(at as usize).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(*child as usize) {
                *count -= 1;
                if *count == 0 {
                    ready.push(key(*child));
                }
            }
        }
    }
    order
}

/// The kinds of objects that hold messages.
pub(super) const MESSAGES: [Kind; 2] = [Kind::Commit, Kind::Tag];
