//! Which kustomization takes in what, and which are taken in by none.

use super::estate::Estate;
use super::{Node, remote};
use std::collections::BTreeSet;

/// A kustomization that is built on its own.
pub(super) struct Root {
    pub(super) kustomization: usize,
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
    let by_index: std::collections::HashMap<usize, &Taken> =
        taken.iter().map(|(index, taken)| (*index, taken)).collect();
    let named: BTreeSet<usize> = taken
        .iter()
        .flat_map(|(index, t)| t.kustomizations.iter().filter(move |other| *other != index))
        .copied()
        .collect();
    let mut all = BTreeSet::new();
    let mut reached = BTreeSet::new();
    let mut roots = Vec::new();
    let first = taken.iter().map(|(i, _)| *i).filter(|i| !named.contains(i));
    // Then those that only take each other in.
    let then = taken.iter().map(|(i, _)| *i).filter(|i| named.contains(i));
    for index in first.chain(then) {
        if named.contains(&index) && reached.contains(&index) {
            continue;
        }
        let mut files = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![index];
        while let Some(next) = open.pop() {
            if !seen.insert(next) {
                continue;
            }
            files.insert(next);
            if let Some(taken) = by_index.get(&next) {
                files.extend(&taken.files);
                open.extend(&taken.kustomizations);
            }
        }
        reached.extend(seen);
        all.extend(&files);
        roots.push(Root {
            kustomization: index,
            files: files.into_iter().collect(),
        });
    }
    (roots, all)
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
