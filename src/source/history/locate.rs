//! Which directories a repository's history is read from, and that they are the user's to give: what a
//! repository names is followed only inside of what was named, or where the other end points back.

use super::Id;
use crate::source::open;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Largest file of a git directory that is read, but for packed references.
const SMALL: u64 = 1 << 20;
/// Largest list of packed references that is read.
const REFS_LIMIT: u64 = 256 << 20;
/// Most references of one repository.
const REFS: usize = 200_000;

/// The directories of one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directories {
    /// Of this work tree: HEAD and index.
    pub(super) git: PathBuf,
    /// Of the repository: objects and references.
    pub(super) common: PathBuf,
}

/// Whether a directory is a repository without a work tree, or the git directory of one.
pub(in crate::source) fn is_bare(directory: &Path) -> bool {
    let is = |name: &str, folder: bool| {
        directory
            .join(name)
            .symlink_metadata()
            .is_ok_and(|m| if folder { m.is_dir() } else { m.is_file() })
    };
    is("HEAD", false) && is("objects", true) && (is("refs", true) || is("packed-refs", false))
}

impl Directories {
    /// Finds the directories of the repository at `directory`, a work tree or bare.
    ///
    /// # Errors
    /// Why they are not looked into.
    pub(super) fn of(directory: &Path, roots: &[PathBuf]) -> Result<Self, String> {
        let inside = |path: &Path| roots.iter().any(|root| path.starts_with(root));
        let dot_git = directory.join(".git");
        let git = match dot_git.symlink_metadata() {
            Err(_) if is_bare(directory) => real(directory)?,
            Err(_) => return Err("no git directory".to_owned()),
            Ok(metadata) if metadata.is_dir() => real(&dot_git)?,
            Ok(metadata) if metadata.is_file() => {
                let text = small(&dot_git)?;
                let target = text.trim().strip_prefix("gitdir:").map(str::trim);
                let target = target.ok_or("its .git file names no directory")?;
                let target = real(&directory.join(target))?;
                if !inside(&target) && !points_back(&target, directory) {
                    return Err(ELSEWHERE.to_owned());
                }
                target
            }
            // A link.
            Ok(_) => {
                let target = real(&dot_git)?;
                if !inside(&target) {
                    return Err(ELSEWHERE.to_owned());
                }
                target
            }
        };
        let common = match small(&git.join("commondir")) {
            Err(_) => git.clone(),
            Ok(text) => {
                let common = real(&git.join(text.trim()))?;
                let listed = git.parent().and_then(Path::parent) == Some(&common);
                if !listed && !inside(&common) {
                    return Err(ELSEWHERE.to_owned());
                }
                common
            }
        };
        Ok(Self { git, common })
    }

    /// What the repository's configuration says about the form of its objects. Nothing in it is followed.
    pub(super) fn form(&self) -> Form {
        let text = small(&self.common.join("config")).unwrap_or_default();
        let mut form = Form::default();
        for line in text.to_ascii_lowercase().lines() {
            let Some((key, value)) = line.split_once('=') else {
                continue;
            };
            // A section may stand on the same line.
            let key = key.rsplit([']', ' ', '\t']).find(|part| !part.is_empty());
            match (key.unwrap_or_default(), value.trim()) {
                ("objectformat", value) => form.sha256 |= value != "sha1",
                ("refstorage", value) => form.reftable |= value == "reftable",
                ("promisor" | "partialclone" | "partialclonefilter", value) => {
                    form.partial |= value != "false";
                }
                _ => {}
            }
        }
        form
    }

    /// References, HEADs of all work trees, and stashes.
    pub(super) fn references(&self) -> References {
        let mut named = BTreeMap::new();
        let packed = open::small(&self.common.join("packed-refs"), REFS_LIMIT).unwrap_or_default();
        for line in packed.split(|b| *b == b'\n').take(REFS) {
            let line = String::from_utf8_lossy(line);
            if let Some((id, name)) = line.split_once(' ')
                && let Some(id) = super::id(id)
            {
                named.insert(name.trim().to_owned(), id);
            }
        }
        for folder in [&self.common, &self.git] {
            for entry in walkdir::WalkDir::new(folder.join("refs"))
                .follow_root_links(false)
                .max_depth(32)
                .into_iter()
                .flatten()
                .filter(|entry| entry.file_type().is_file())
                .take(REFS)
            {
                if let Ok(name) = entry.path().strip_prefix(folder)
                    && let Some(id) = small(entry.path()).ok().and_then(|t| super::id(t.trim()))
                {
                    // Loose ones are newer than packed ones.
                    named.insert(name.to_string_lossy().replace('\\', "/"), id);
                }
            }
        }
        let mut heads = vec![self.git.join("HEAD"), self.common.join("HEAD")];
        let trees = std::fs::read_dir(self.common.join("worktrees"));
        heads.extend(
            trees
                .into_iter()
                .flatten()
                .flatten()
                .map(|e| e.path().join("HEAD")),
        );
        let resolve = |path: &PathBuf| {
            let text = small(path).ok()?;
            match text.trim().strip_prefix("ref:") {
                Some(name) => named.get(name.trim()).copied(),
                None => super::id(text.trim()),
            }
        };
        let head = heads.first().and_then(resolve);
        let mut tips: BTreeSet<Id> = heads.iter().filter_map(resolve).collect();
        let stashes = small(&self.common.join("logs/refs/stash")).unwrap_or_default();
        let stashes = stashes
            .lines()
            .filter_map(|line| super::id(line.split(' ').nth(1)?));
        tips.extend(stashes);
        let notes = |name: &&String| name.starts_with("refs/notes/");
        let noted = named.iter().filter(|(name, _)| notes(name));
        let noted = noted.map(|(_, id)| *id).collect();
        tips.extend(
            named
                .iter()
                .filter(|(name, _)| !notes(name))
                .map(|(_, id)| *id),
        );
        References {
            head,
            tips,
            notes: noted,
        }
    }

    /// The commits at which history was cut off when the repository was copied.
    pub(super) fn shallow(&self) -> BTreeSet<Id> {
        let text = open::small(&self.common.join("shallow"), REFS_LIMIT).unwrap_or_default();
        let lines = text.split(|b| *b == b'\n');
        lines
            .filter_map(|line| super::id(std::str::from_utf8(line).ok()?.trim()))
            .collect()
    }
}

/// What the configuration says about the form of a repository.
#[derive(Debug, Default)]
pub(super) struct Form {
    pub(super) sha256: bool,
    pub(super) reftable: bool,
    pub(super) partial: bool,
}

/// Where history begins to be looked at.
#[derive(Debug, Default)]
pub(super) struct References {
    /// The commit checked out.
    pub(super) head: Option<Id>,
    /// What branches, tags and all other references point at.
    pub(super) tips: BTreeSet<Id>,
    /// What the references of notes point at.
    pub(super) notes: BTreeSet<Id>,
}

const ELSEWHERE: &str =
    "its git directory lies outside of what is scanned and does not point back; history not read";

/// Whether a git directory names this work tree as its own: that of a linked work tree, or a submodule's.
fn points_back(git: &Path, directory: &Path) -> bool {
    let Ok(directory) = directory.canonicalize() else {
        return false;
    };
    if let Ok(text) = small(&git.join("gitdir")) {
        let named = git.join(text.trim());
        return named.parent().and_then(|d| d.canonicalize().ok()) == Some(directory);
    }
    let config = small(&git.join("config")).unwrap_or_default();
    config.lines().any(|line| {
        let Some((key, value)) = line.split_once('=') else {
            return false;
        };
        key.trim().eq_ignore_ascii_case("worktree")
            && git
                .join(value.trim().trim_matches('"'))
                .canonicalize()
                .ok()
                .as_ref()
                == Some(&directory)
    })
}

fn real(path: &Path) -> Result<PathBuf, String> {
    let real = path
        .canonicalize()
        .map_err(|e| crate::source::tree::reason(&e))?;
    if real.is_dir() {
        Ok(real)
    } else {
        Err("its git directory is none".to_owned())
    }
}

fn small(path: &Path) -> Result<String, String> {
    let bytes = open::small(path, SMALL).map_err(|e| crate::source::tree::reason(&e))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
