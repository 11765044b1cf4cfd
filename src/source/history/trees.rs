//! Trees in a compact form: of each, only what may lead to a blob that was hit.

use super::pack::NONE;
use super::store::Store;
use super::{Id, Kind};
use std::collections::{HashMap, HashSet};

/// Marks an entry that is a tree rather than a hit.
const TREE: u32 = 1 << 31;
/// Entries of the memory for ids met lately.
const RECENT: usize = 1 << 13;
/// Bits of the filter over hits.
const FILTER: usize = 1 << 20;

/// One entry of a tree: its name, and the object it leads to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Entry {
    pub(super) name: u32,
    child: u32,
}

impl Entry {
    /// What it leads to.
    pub(super) fn node(self) -> Node {
        match self.child & TREE {
            0 => Node::Blob(self.child),
            _ => Node::Tree(self.child & !TREE),
        }
    }
}

/// What a path leads to, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Node {
    /// Nothing, or nothing that was hit.
    Nothing,
    /// A directory, by its object.
    Tree(u32),
    /// A hit, by its object.
    Blob(u32),
}

impl Node {
    pub(super) fn tree(self) -> Option<u32> {
        match self {
            Self::Tree(object) => Some(object),
            _ => None,
        }
    }

    pub(super) fn blob(self) -> Option<u32> {
        match self {
            Self::Blob(object) => Some(object),
            _ => None,
        }
    }
}

/// The blobs that were hit.
pub(super) struct Hits {
    objects: HashMap<Id, u32>,
    filter: Vec<u64>,
}

impl Hits {
    pub(super) fn new(store: &Store, hits: &[u32]) -> Self {
        let mut filter = vec![0u64; FILTER / 64];
        let objects: HashMap<Id, u32> = hits.iter().map(|hit| (store.id(*hit), *hit)).collect();
        for id in objects.keys() {
            let bit = Self::bit(id);
            if let Some(word) = filter.get_mut(bit / 64) {
                *word |= 1 << (bit % 64);
            }
        }
        Self { objects, filter }
    }

    fn bit(id: &Id) -> usize {
        match id {
            [a, b, c, ..] => (usize::from(*a) << 12) | (usize::from(*b) << 4) | usize::from(c >> 4),
        }
    }

    fn find(&self, id: &Id) -> Option<u32> {
        let bit = Self::bit(id);
        let maybe = self
            .filter
            .get(bit / 64)
            .is_some_and(|w| w & (1 << (bit % 64)) != 0);
        maybe.then(|| self.objects.get(id).copied()).flatten()
    }
}

/// What one thread has gathered of trees.
pub(super) struct Gathered {
    names: Names,
    entries: Vec<Entry>,
    lists: Vec<(u32, u32, u32)>,
    recent: Vec<(Id, u32)>,
    /// Objects that could not be made.
    pub(super) lost: Vec<(u32, super::inflate::Fault)>,
    /// Directories that are named but not there.
    pub(super) absent: u64,
}

#[derive(Default)]
struct Names {
    numbers: HashMap<Box<[u8]>, u32>,
}

impl Names {
    fn number(&mut self, name: &[u8]) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(name.into(), number);
        number
    }
}

impl Gathered {
    pub(super) fn new() -> Self {
        Self {
            names: Names::default(),
            entries: Vec::new(),
            lists: Vec::new(),
            recent: vec![([0; 20], NONE); RECENT],
            lost: Vec::new(),
            absent: 0,
        }
    }

    /// Keeps what matters of a tree.
    pub(super) fn tree(&mut self, store: &Store, hits: &Hits, object: u32, bytes: &[u8]) {
        let start = self.entries.len();
        for (mode, name, id) in entries(bytes) {
            let child = match mode {
                b"40000" | b"040000" => match self.find(store, id) {
                    Some(object) => object | TREE,
                    None => {
                        self.absent += 1;
                        continue;
                    }
                },
                // What another repository holds.
                b"160000" => continue,
                _ => match hits.find(id) {
                    Some(object) => object,
                    None => continue,
                },
            };
            let name = self.names.number(name);
            self.entries.push(Entry { name, child });
        }
        self.close(object, start);
    }

    /// Neighbours among the deltas are often the same as far as it matters.
    fn close(&mut self, object: u32, start: usize) {
        let mut place = (start as u32, self.entries.len() as u32);
        if let Some((_, from, to)) = self.lists.last() {
            let before = self.entries.get(*from as usize..*to as usize);
            if before == self.entries.get(start..) {
                place = (*from, *to);
                self.entries.truncate(start);
            }
        }
        self.lists.push((object, place.0, place.1));
    }

    fn find(&mut self, store: &Store, id: &Id) -> Option<u32> {
        let slot = match id {
            [a, b, ..] => (usize::from(*a) << 5) | usize::from(b >> 3),
        };
        let recent = self.recent.get_mut(slot)?;
        if recent.0 != *id || recent.1 == NONE {
            *recent = (*id, store.find(id)?);
        }
        Some(recent.1)
    }
}

/// How many objects trees name that are not there, as in copies that were made without them.
pub(super) fn absent(store: &Store, loose: &[u32], limit: u64) -> u64 {
    let mut wanted = store.packed_of(Kind::Tree);
    loose.iter().for_each(|tree| wanted.set(*tree));
    let parts = store.walk(&wanted, limit, HashSet::new, |absent, _, _, outcome| {
        let named = outcome.map(entries).into_iter().flatten();
        let objects = named.filter(|(mode, ..)| *mode != b"160000");
        absent.extend(
            objects
                .map(|(.., id)| *id)
                .filter(|id| store.find(id).is_none()),
        );
    });
    let absent: HashSet<Id> = parts.into_iter().flatten().collect();
    absent.len() as u64
}

/// The entries of a tree: mode, name and object.
pub(super) fn entries(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8], &Id)> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let space = rest.iter().take(8).position(|b| *b == b' ')?;
        let (mode, after) = rest.split_at(space);
        let after = after.get(1..)?;
        let (name, after) = after.split_at_checked(memchr::memchr(0, after)?)?;
        let (id, after) = after.get(1..)?.split_first_chunk::<20>()?;
        rest = after;
        Some((mode, name, id))
    })
}

/// All trees that lead to hits.
pub(super) struct Trees {
    pub(super) names: Vec<Box<[u8]>>,
    entries: Vec<Entry>,
    lists: HashMap<u32, (u32, u32)>,
}

impl Trees {
    /// Joins what the threads have gathered and leaves out what leads to no hit.
    pub(super) fn new(parts: Vec<Gathered>) -> Self {
        // Numbered in their own order: which thread met which name first must not show where limits cut.
        let mut names: Vec<Box<[u8]>> = parts
            .iter()
            .flat_map(|part| part.names.numbers.keys().cloned())
            .collect();
        names.sort_unstable();
        names.dedup();
        let mut trees = Self {
            names,
            entries: Vec::new(),
            lists: HashMap::new(),
        };
        for part in parts {
            let mut renamed = vec![0u32; part.names.numbers.len()];
            for (name, number) in &part.names.numbers {
                let own = trees.names.binary_search(name).unwrap_or_default();
                if let Some(slot) = renamed.get_mut(*number as usize) {
                    *slot = own as u32;
                }
            }
            let offset = trees.entries.len() as u32;
            trees.entries.extend(part.entries.into_iter().map(|entry| {
                Entry {
                    name: renamed
                        .get(entry.name as usize)
                        .copied()
                        .unwrap_or_default(),
                    ..entry
                }
            }));
            let lists = part.lists.into_iter();
            trees
                .lists
                .extend(lists.map(|(object, from, to)| (object, (from + offset, to + offset))));
        }
        trees.prune();
        trees
    }

    /// The entries of a tree that lead to hits, in the order of the names' numbers.
    pub(super) fn list(&self, tree: u32) -> &[Entry] {
        let place = self.lists.get(&tree);
        place
            .and_then(|(from, to)| self.entries.get(*from as usize..*to as usize))
            .unwrap_or_default()
    }

    fn prune(&mut self) {
        let leads = self.leading();
        let mut kept: Vec<Entry> = Vec::new();
        let mut places: HashMap<(u32, u32), (u32, u32)> = HashMap::new();
        let mut lists = HashMap::new();
        for (object, place) in &self.lists {
            if leads.get(object) != Some(&Some(true)) {
                continue;
            }
            let place =
                *places.entry(*place).or_insert_with(|| {
                    let start = kept.len();
                    let list = self.entries.get(place.0 as usize..place.1 as usize);
                    kept.extend(list.unwrap_or_default().iter().filter(
                        |entry| match entry.node() {
                            Node::Tree(tree) => leads.get(&tree) == Some(&Some(true)),
                            _ => true,
                        },
                    ));
                    if let Some(own) = kept.get_mut(start..) {
                        own.sort_unstable();
                    }
                    (start as u32, kept.len() as u32)
                });
            lists.insert(*object, place);
        }
        kept.shrink_to_fit();
        self.entries = kept;
        self.lists = lists;
    }

    /// Whether each tree leads to a hit, children before parents without recursion.
    fn leading(&self) -> HashMap<u32, Option<bool>> {
        let mut leads: HashMap<u32, Option<bool>> = HashMap::with_capacity(self.lists.len());
        let mut open: Vec<(u32, bool)> = Vec::new();
        for root in self.lists.keys() {
            open.push((*root, false));
            while let Some((tree, done)) = open.pop() {
                if done {
                    let hit = self.list(tree).iter().any(|entry| match entry.node() {
                        Node::Tree(child) => leads.get(&child) == Some(&Some(true)),
                        _ => true,
                    });
                    leads.insert(tree, Some(hit));
                    continue;
                }
                // Open ones are unknown: a tree that claims to hold itself does not lead anywhere.
                if leads.contains_key(&tree) {
                    continue;
                }
                leads.insert(tree, None);
                open.push((tree, true));
                let children = self
                    .list(tree)
                    .iter()
                    .filter_map(|entry| entry.node().tree());
                open.extend(
                    children
                        .filter(|c| !leads.contains_key(c))
                        .map(|child| (child, false)),
                );
            }
        }
        leads
    }

    /// What a name leads to in a tree.
    pub(super) fn entry(&self, tree: Option<u32>, name: u32) -> Node {
        let Some(tree) = tree else {
            return Node::Nothing;
        };
        let list = self.list(tree);
        let at = list.partition_point(|entry| entry.name < name);
        match list.get(at) {
            Some(entry) if entry.name == name => entry.node(),
            _ => Node::Nothing,
        }
    }
}
