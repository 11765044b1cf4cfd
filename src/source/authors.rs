//! Who last changed a file, as git's history tells: a hint at an owner, never more.

use super::open;
use super::repository::open_git;
use crate::model::Timestamp;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::path::Path;

/// Commits that are walked at most for one repository.
const MAX_COMMITS: usize = 5_000;
/// Parents of one commit that are followed at most.
const MAX_PARENTS: usize = 100;
/// Largest commit and largest tree object, in bytes, that are read.
const MAX_COMMIT_SIZE: usize = 1 << 20;
const MAX_TREE_SIZE: usize = 16 << 20;
/// Largest `.mailmap` that is honoured.
const MAILMAP_LIMIT: u64 = 1 << 20;

/// The author of the last commit that touched a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Name, after `.mailmap`.
    pub name: String,
    /// Address, after `.mailmap`, lower case.
    pub mail: String,
    /// When.
    pub when: Timestamp,
    /// The commit.
    pub commit: String,
}

/// The last author of each of these files (paths relative to the work tree's root). Bots and addresses
/// that nobody reads are passed over in favour of the person before them. Files without history are left out.
pub fn last(directory: &Path, files: &BTreeSet<String>) -> BTreeMap<String, Author> {
    let mut found = BTreeMap::new();
    let Ok(git) = open_git(directory) else {
        return found;
    };
    // Only the work tree's own file, bounded: the configuration may name any file of this machine.
    let mailmap = open::small(&directory.join(".mailmap"), MAILMAP_LIMIT)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| git2::Mailmap::from_buffer(&text).ok());
    let Some(head) = git.head().ok().and_then(|head| head.target()) else {
        return found;
    };
    let Ok(odb) = git.odb() else {
        return found;
    };
    let mut wanted: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    // Latest first. An own walk, since libgit2's reads every commit whole, however large it claims to be.
    let mut waiting: BinaryHeap<(i64, git2::Oid)> = BinaryHeap::from([(i64::MAX, head)]);
    let mut seen = BTreeSet::from([head]);
    for _ in 0..MAX_COMMITS {
        let Some((_, id)) = waiting.pop() else { break };
        if wanted.is_empty() {
            break;
        }
        let Some(commit) = commit(&git, &odb, id) else {
            continue;
        };
        let parents: Vec<git2::Commit<'_>> = commit
            .parent_ids()
            .take(MAX_PARENTS)
            .filter_map(|parent| self::commit(&git, &odb, parent))
            .collect();
        for parent in &parents {
            if seen.insert(parent.id()) {
                waiting.push((parent.time().seconds(), parent.id()));
            }
        }
        // A merge brings in others' work; its parents tell whose.
        if commit.parent_count() > 1 {
            continue;
        }
        let before = parents.first().map(git2::Commit::tree_id);
        let touched = touched(&git, &odb, before, commit.tree_id(), &wanted);
        if touched.is_empty() {
            continue;
        }
        let signature = match &mailmap {
            Some(map) => commit.author_with_mailmap(map).ok(),
            None => Some(commit.author().to_owned()),
        };
        let Some(signature) = signature else { continue };
        let (Ok(name), Ok(mail)) = (signature.name(), signature.email()) else {
            continue;
        };
        if unattended(name, mail) {
            continue;
        }
        for path in touched {
            wanted.remove(path);
            found.insert(
                path.to_owned(),
                Author {
                    name: name.to_owned(),
                    mail: mail.to_ascii_lowercase(),
                    when: Timestamp::from_seconds(commit.time().seconds()),
                    commit: id.to_string(),
                },
            );
        }
    }
    found
}

/// A commit, unless it is larger than commits are.
fn commit<'g>(
    git: &'g git2::Repository,
    odb: &git2::Odb<'_>,
    id: git2::Oid,
) -> Option<git2::Commit<'g>> {
    let (size, _) = odb.read_header(id).ok()?;
    (size <= MAX_COMMIT_SIZE).then(|| git.find_commit(id).ok())?
}

/// The wanted files that differ between two trees. Only directories on the way to a wanted file are
/// looked into: comparing whole trees would expand a tree that holds itself many times over ("git bomb").
fn touched<'f>(
    git: &git2::Repository,
    odb: &git2::Odb<'_>,
    before: Option<git2::Oid>,
    after: git2::Oid,
    wanted: &BTreeSet<&'f str>,
) -> Vec<&'f str> {
    let tree = |id| {
        let (size, _) = odb.read_header(id).ok()?;
        (size <= MAX_TREE_SIZE).then(|| git.find_tree(id).ok())?
    };
    let mut touched = Vec::new();
    // Each with what is left of the path. Sorted, so what lies in one directory stands together.
    let all: Vec<(&str, &str)> = wanted.iter().map(|path| (*path, *path)).collect();
    let mut open = vec![(before, after, all)];
    while let Some((before, after, paths)) = open.pop() {
        if before == Some(after) {
            continue;
        }
        let Some(after) = tree(after) else { continue };
        let before = before.and_then(tree);
        for group in paths.chunk_by(|a, b| first(a.0) == first(b.0)) {
            let Some(name) = group.first().map(|(rest, _)| first(rest)) else {
                continue;
            };
            let Some(new) = after.get_name(name) else {
                continue;
            };
            let old = before.as_ref().and_then(|tree| tree.get_name(name));
            if old
                .as_ref()
                .is_some_and(|old| old.id() == new.id() && old.filemode() == new.filemode())
            {
                continue;
            }
            match new.kind() {
                Some(git2::ObjectType::Tree) => {
                    let below =
                        |(rest, path): &(&'f str, &'f str)| Some((rest.split_once('/')?.1, *path));
                    let old = old.filter(|old| old.kind() == new.kind());
                    let below: Vec<_> = group.iter().filter_map(below).collect();
                    open.push((old.map(|old| old.id()), new.id(), below));
                }
                Some(git2::ObjectType::Blob) => touched.extend(
                    group
                        .iter()
                        .filter(|(rest, _)| !rest.contains('/'))
                        .map(|(_, path)| *path),
                ),
                _ => {}
            }
        }
    }
    touched
}

fn first(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

/// Whether a commit's author is a machine, or an address that nobody reads.
pub fn unattended(name: &str, mail: &str) -> bool {
    let (name, mail) = (name.to_ascii_lowercase(), mail.to_ascii_lowercase());
    let local = mail.split('@').next().unwrap_or_default();
    name.contains("[bot]")
        || local.contains("[bot]")
        || mail.contains("noreply")
        || mail.contains("no-reply")
        || name
            .split([' ', '-', '_'])
            .any(|word| matches!(word, "bot" | "renovate" | "dependabot" | "jenkins" | "ci"))
        || !mail.contains('@')
}
