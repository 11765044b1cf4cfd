//! Which kustomization takes in what, and which are taken in by none.

use super::applied::{self, Applied};
use super::estate::Estate;
use super::{Node, remote};
use std::collections::{BTreeSet, HashMap};

/// What is built on its own: a kustomization, or a directory without one that something applies.
pub(super) struct Root {
    pub(super) kustomization: Option<usize>,
    /// What applies it, and changes it on the way.
    pub(super) applied: Option<Applied>,
    /// Kustomizations below a directory without one.
    pub(super) inner: Vec<usize>,
    /// Every file of the build: what in them cannot be read is said of them.
    pub(super) files: Vec<usize>,
}

/// What one kustomization names.
#[derive(Default)]
struct Taken {
    kustomizations: Vec<usize>,
    files: Vec<usize>,
}

/// The kustomizations to build, and all files that are part of any build.
pub(super) fn roots(estate: &Estate<'_>) -> (Vec<Root>, BTreeSet<usize>) {
    let taken: Vec<(usize, Taken)> = estate
        .kustomizations
        .iter()
        .map(|&index| (index, taken_by(estate, index)))
        .collect();
    let by_index: HashMap<usize, &Taken> =
        taken.iter().map(|(index, taken)| (*index, taken)).collect();
    let named: BTreeSet<usize> = taken
        .iter()
        .flat_map(|(index, t)| t.kustomizations.iter().filter(move |other| *other != index))
        .copied()
        .collect();
    let mut all = BTreeSet::new();
    let mut reached: BTreeSet<usize> = BTreeSet::new();
    let mut roots = Vec::new();
    let first = taken.iter().map(|(i, _)| *i).filter(|i| !named.contains(i));
    // Then those that only take each other in.
    let then = taken.iter().map(|(i, _)| *i).filter(|i| named.contains(i));
    for index in first.chain(then) {
        if named.contains(&index) && reached.contains(&index) {
            continue;
        }
        let files = reach(index, &by_index);
        reached.extend(&files);
        all.extend(&files);
        roots.push(Root {
            kustomization: Some(index),
            applied: None,
            inner: Vec::new(),
            files: files.into_iter().collect(),
        });
    }
    let applied = applied(estate, &roots, &by_index, &all);
    let replaced: BTreeSet<usize> = applied
        .iter()
        .flat_map(|root| root.kustomization.iter().chain(&root.inner))
        .copied()
        .collect();
    roots.retain(|root| {
        root.kustomization
            .is_none_or(|index| !replaced.contains(&index))
    });
    for root in &applied {
        all.extend(&root.files);
    }
    roots.extend(applied);
    (roots, all)
}

/// What Flux and Argo CD apply, where they do more than the kustomization itself.
fn applied(
    estate: &Estate<'_>,
    roots: &[Root],
    taken: &HashMap<usize, &Taken>,
    all: &BTreeSet<usize>,
) -> Vec<Root> {
    let of_root: HashMap<usize, &Root> = roots
        .iter()
        .filter_map(|root| Some((root.kustomization?, root)))
        .collect();
    let mut found = Vec::new();
    for applied in applied::all(estate) {
        let cluster = |index: usize| estate.documents.get(index)?.origin.cluster.clone();
        let elsewhere =
            |index: usize| applied.cluster.is_some() && applied.cluster != cluster(index);
        if let Some(index) = estate.directories.get(&applied.directory).copied() {
            let alone = of_root.contains_key(&index);
            if alone && !applied.changes() && !elsewhere(index) {
                continue;
            }
            let files = match of_root.get(&index) {
                Some(root) => root.files.clone(),
                None => reach(index, taken).into_iter().collect(),
            };
            found.push(Root {
                kustomization: Some(index),
                applied: Some(applied),
                inner: Vec::new(),
                files,
            });
            continue;
        }
        let (mut files, mut inner) = (Vec::new(), Vec::new());
        let mut covered: Vec<&str> = Vec::new();
        for (path, file) in estate.below(&applied.directory) {
            let (directory, _) = path.rsplit_once('/').unwrap_or(("", path));
            let below = directory != applied.directory;
            if below && !applied.recurse || covered.iter().any(|top| lies_below(directory, top)) {
                continue;
            }
            match nearest(estate, directory, &applied.directory) {
                Some((top, index)) => {
                    covered.push(top);
                    inner.push(index);
                }
                None if !all.contains(&file) => files.push(file),
                None => {}
            }
        }
        let first = files.first().or(inner.first()).copied();
        if first.is_some_and(|index| applied.changes() || elsewhere(index)) {
            found.push(Root {
                kustomization: None,
                applied: Some(applied),
                inner,
                files,
            });
        }
    }
    found
}

fn lies_below(directory: &str, top: &str) -> bool {
    let rest = directory.strip_prefix(top);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The outermost kustomization between a directory and one above it.
fn nearest<'p>(estate: &Estate<'_>, directory: &'p str, above: &str) -> Option<(&'p str, usize)> {
    let mut ends: Vec<usize> = directory.match_indices('/').map(|(at, _)| at).collect();
    ends.push(directory.len());
    ends.into_iter()
        .filter(|end| *end > above.len())
        .find_map(|end| {
            let top = directory.get(..end)?;
            Some((top, *estate.directories.get(top)?))
        })
}

/// All files that a kustomization reaches.
fn reach(index: usize, taken: &HashMap<usize, &Taken>) -> BTreeSet<usize> {
    let mut files = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![index];
    while let Some(next) = open.pop() {
        if seen.insert(next) {
            files.insert(next);
            if let Some(taken) = taken.get(&next) {
                files.extend(&taken.files);
                open.extend(&taken.kustomizations);
            }
        }
    }
    files
}

fn taken_by(estate: &Estate<'_>, index: usize) -> Taken {
    let mut taken = Taken::default();
    let Some(node) = estate.kustomization(index) else {
        return taken;
    };
    let directory = estate.directory(index);
    let mut add = |entry: Option<&Node>| {
        let Some(text) = entry.and_then(Node::text) else {
            return;
        };
        if text.contains('\n') || text.starts_with('/') || remote::is_one(text) {
            return;
        }
        let Some(path) = estate.resolve(&directory, text) else {
            return;
        };
        match (estate.directories.get(&path), estate.file(&path)) {
            (Some(other), _) => taken.kustomizations.push(*other),
            (None, Some(file)) => {
                if estate.kustomizations.binary_search(&file).is_ok() {
                    taken.kustomizations.push(file);
                } else {
                    taken.files.push(file);
                }
            }
            (None, None) => {}
        }
    };
    for key in [
        "resources",
        "bases",
        "components",
        "patchesStrategicMerge",
        "patches",
        "generators",
        "transformers",
        "configurations",
        "crds",
    ] {
        for entry in node.list(key) {
            add(Some(entry));
        }
    }
    for key in ["patches", "patchesJson6902", "replacements"] {
        for entry in node.list(key) {
            add(entry.get("path"));
        }
    }
    taken
}
