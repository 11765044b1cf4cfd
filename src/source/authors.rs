//! Who last changed a file, as git's history tells: a hint at an owner, never more.

use super::repository::open_git;
use crate::model::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Commits that are walked at most for one repository.
const MAX_COMMITS: usize = 5_000;

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
    let mailmap = git.mailmap().ok();
    let Ok(mut walk) = git.revwalk() else {
        return found;
    };
    if walk.push_head().is_err() || walk.set_sorting(git2::Sort::TIME).is_err() {
        return found;
    }
    let mut open: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    for id in walk.flatten().take(MAX_COMMITS) {
        if open.is_empty() {
            break;
        }
        let Ok(commit) = git.find_commit(id) else {
            continue;
        };
        // A merge brings in others' work; its parents tell whose.
        if commit.parent_count() > 1 {
            continue;
        }
        let (Ok(tree), parent) = (
            commit.tree(),
            commit.parent(0).ok().and_then(|p| p.tree().ok()),
        ) else {
            continue;
        };
        // One comparison of trees per commit descends only where they differ.
        let Ok(diff) = git.diff_tree_to_tree(parent.as_ref(), Some(&tree), None) else {
            continue;
        };
        let touched: Vec<String> = diff
            .deltas()
            .filter_map(|delta| delta.new_file().path()?.to_str().map(str::to_owned))
            .filter(|path| open.contains(path.as_str()))
            .collect();
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
            open.remove(path.as_str());
            found.insert(
                path,
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

/// Whether a commit's author is a machine, or an address that nobody reads.
fn unattended(name: &str, mail: &str) -> bool {
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
