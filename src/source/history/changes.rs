//! What each commit changed of the files that were hit: its tree against those of its parents, only
//! where they differ and lead to hits.

use super::commits::Commits;
use super::pack::NONE;
use super::trees::{Node, Trees};
use std::collections::{BTreeSet, HashMap};

/// Steps that the comparison of all commits may take: trees that hold themselves many times over would
/// take for ever.
const STEPS: u64 = 200_000_000;
/// Steps that one commit's comparison may take, so that one cannot keep others from being compared.
const COMMIT_STEPS: u64 = 300_000;
/// Files that are told apart at most.
const PATHS: usize = 1_000_000;
/// Folders in folders.
const DEPTH: u32 = 512;

/// The root of all paths.
pub(super) const ROOT: u32 = 0;

/// Paths by number, each as the folder it lies in and its name.
pub(super) struct Paths {
    parts: Vec<(u32, u32)>,
    numbers: HashMap<(u32, u32), u32>,
}

impl Paths {
    fn new() -> Self {
        Self {
            parts: vec![(NONE, NONE)],
            numbers: HashMap::new(),
        }
    }

    fn number(&mut self, folder: u32, name: u32) -> Option<u32> {
        if let Some(number) = self.numbers.get(&(folder, name)) {
            return Some(*number);
        }
        if self.parts.len() >= PATHS {
            return None;
        }
        let number = self.parts.len() as u32;
        self.parts.push((folder, name));
        self.numbers.insert((folder, name), number);
        Some(number)
    }

    /// The path as text, `/`-separated; bytes that are not UTF-8 are replaced.
    pub(super) fn text(&self, trees: &Trees, path: u32) -> String {
        let mut names = Vec::new();
        let mut at = path;
        while let Some((folder, name)) = self.parts.get(at as usize).filter(|p| p.0 != NONE) {
            let name = trees.names.get(*name as usize);
            names.push(String::from_utf8_lossy(
                name.map(|n| &**n).unwrap_or_default(),
            ));
            at = *folder;
        }
        names.reverse();
        names.join("/")
    }

    /// The names from the root to a path.
    fn names(&self, path: u32) -> Vec<u32> {
        let mut names = Vec::new();
        let mut at = path;
        while let Some((folder, name)) = self.parts.get(at as usize).filter(|p| p.0 != NONE) {
            names.push(*name);
            at = *folder;
        }
        names.reverse();
        names
    }
}

/// One file that a commit changed, where that or what was there before was hit.
pub(super) struct Change {
    /// The commit, by rank.
    pub(super) commit: u32,
    pub(super) path: u32,
    /// The hit that is there now; `NONE` for none.
    pub(super) after: u32,
    /// The hits that were there in its parents, one for each, as a range of [`Changes::before`].
    before: (u32, u32),
}

/// All changes, in the order of the commits.
pub(super) struct Changes {
    pub(super) list: Vec<Change>,
    before: Vec<u32>,
    pub(super) paths: Paths,
    /// Whether not all was compared.
    pub(super) limited: bool,
    steps: u64,
}

struct Open {
    path: u32,
    depth: u32,
    after: Node,
    before: Vec<Node>,
}

impl Changes {
    /// Compares every commit with its parents.
    pub(super) fn new(commits: &Commits, trees: &Trees) -> Self {
        let mut changes = Self {
            list: Vec::new(),
            before: Vec::new(),
            paths: Paths::new(),
            limited: false,
            steps: 0,
        };
        for (rank, commit) in (0u32..).zip(&commits.list) {
            let node = |tree: Option<u32>| tree.map_or(Node::Nothing, Node::Tree);
            let parents = commits.parents(commit).iter();
            let parents = parents.filter_map(|parent| commits.list.get(*parent as usize));
            let before = parents.map(|parent| node(parent.tree)).collect();
            // A tree that is not there changed nothing that is known.
            if commit.tree.is_some() {
                changes.compare(rank, trees, node(commit.tree), before);
            }
        }
        changes
    }

    /// The hits that were at the path in the parents.
    pub(super) fn before(&self, change: &Change) -> &[u32] {
        let (from, to) = change.before;
        self.before
            .get(from as usize..to as usize)
            .unwrap_or_default()
    }

    /// Counts a step, and says whether there may be more.
    fn step(&mut self, until: u64) -> bool {
        self.steps += 1;
        let fine = self.steps <= until.min(STEPS);
        self.limited |= !fine;
        fine
    }

    fn compare(&mut self, commit: u32, trees: &Trees, after: Node, before: Vec<Node>) {
        let mut open = vec![Open {
            path: ROOT,
            depth: 0,
            after,
            before,
        }];
        let until = self.steps + COMMIT_STEPS;
        while let Some(at) = open.pop() {
            // What is as it was in one of the parents came from there.
            if at.before.contains(&at.after) {
                continue;
            }
            if !self.step(until) {
                break;
            }
            if at.after.blob().is_some() || at.before.iter().any(|node| node.blob().is_some()) {
                let start = self.before.len() as u32;
                let blobs = at.before.iter().map(|node| node.blob().unwrap_or(NONE));
                self.before.extend(blobs);
                self.list.push(Change {
                    commit,
                    path: at.path,
                    after: at.after.blob().unwrap_or(NONE),
                    before: (start, self.before.len() as u32),
                });
            }
            if at.depth >= DEPTH {
                self.limited = true;
                continue;
            }
            let sides = || std::iter::once(&at.after).chain(&at.before);
            let names: BTreeSet<u32> = sides()
                .filter_map(|node| node.tree())
                .flat_map(|tree| trees.list(tree))
                .map(|entry| entry.name)
                .collect();
            for name in names {
                let after = trees.entry(at.after.tree(), name);
                let before = at.before.iter().map(|node| trees.entry(node.tree(), name));
                let before: Vec<Node> = before.collect();
                if before.contains(&after) {
                    continue;
                }
                let Some(path) = self.paths.number(at.path, name) else {
                    self.limited = true;
                    break;
                };
                open.push(Open {
                    path,
                    depth: at.depth + 1,
                    after,
                    before,
                });
            }
        }
    }

    /// Every hit in a tree, with its path where that is known: where it is not, no commit brought it there.
    pub(super) fn held(&mut self, trees: &Trees, tree: u32, mut each: impl FnMut(u32, u32)) {
        let mut open = vec![(ROOT, 0, tree)];
        let until = self.steps + COMMIT_STEPS;
        while let Some((path, depth, tree)) = open.pop() {
            for entry in trees.list(tree) {
                if !self.step(until) || depth > DEPTH {
                    return;
                }
                let Some(path) = self.paths.numbers.get(&(path, entry.name)) else {
                    continue;
                };
                match entry.node() {
                    Node::Tree(tree) => open.push((*path, depth + 1, tree)),
                    Node::Blob(blob) => each(*path, blob),
                    Node::Nothing => {}
                }
            }
        }
    }

    /// The hit at a path of a tree; `NONE` for none.
    pub(super) fn at(&self, trees: &Trees, tree: Option<u32>, path: u32) -> u32 {
        let start = tree.map_or(Node::Nothing, Node::Tree);
        let names = self.paths.names(path);
        let end = names
            .into_iter()
            .fold(start, |at, name| trees.entry(at.tree(), name));
        end.blob().unwrap_or(NONE)
    }
}
