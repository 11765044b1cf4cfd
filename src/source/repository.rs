//! What git knows about a work tree, read through libgit2 without running anything of the repository's.

use super::history::locate::is_bare;
use super::open;
use crate::model::{Repository, Str};
use std::path::{Path, PathBuf};

/// Largest repository configuration that is looked at.
const CONFIG_LIMIT: u64 = 1 << 20;

/// A work tree around a path.
#[derive(Debug)]
pub struct Around {
    /// The repository, or why it was not opened.
    pub repository: Result<Repository, String>,
    /// Its root.
    pub root: PathBuf,
    /// The directories from its root to the path, without the path itself.
    pub between: Vec<PathBuf>,
}

/// The work tree that a named path lies in but is not the root of.
pub fn around(path: &Path) -> Option<Around> {
    let absolute = std::path::absolute(path).ok()?;
    let start = absolute.parent()?;
    let root = start
        .ancestors()
        .find(|directory| directory.join(".git").symlink_metadata().is_ok())?;
    // The path itself may be a work tree of its own; then the walk finds it.
    let mut between: Vec<PathBuf> = start
        .ancestors()
        .take_while(|d| d.starts_with(root))
        .map(Path::to_path_buf)
        .collect();
    between.reverse();
    // How many levels up the root is, so that evidence can be written relative to the user's own words.
    let mut display = PathBuf::from(path);
    for _ in &between {
        display = up(&display);
    }
    let display: Str = display.to_string_lossy().into();
    Some(Around {
        repository: open(root, display),
        root: root.to_path_buf(),
        between,
    })
}

/// One directory up, in the user's own words where possible.
fn up(path: &Path) -> PathBuf {
    let last = path.components().next_back();
    match last {
        Some(std::path::Component::Normal(_)) => match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
            Some(parent) => parent.to_path_buf(),
            None => PathBuf::from(".."),
        },
        Some(std::path::Component::CurDir) | None => PathBuf::from(".."),
        _ => path.join(".."),
    }
}

/// Opens the work tree whose root is `directory`.
///
/// # Errors
/// Why it was not opened, as text: broken, owned by somebody else, or with a configuration that includes
/// other files (which libgit2 would follow wherever they lead).
pub fn open(directory: &Path, display: Str) -> Result<Repository, String> {
    let git = open_git(directory)?;
    let remote = git
        .find_remote("origin")
        .ok()
        .and_then(|remote| remote.url().ok().and_then(normalise_remote));
    let head = git.head().ok();
    Ok(Repository {
        root: display,
        remote: remote.map(Into::into),
        branch: head
            .as_ref()
            .filter(|h| h.is_branch())
            .and_then(|h| h.shorthand().ok().map(Into::into)),
        head: head
            .and_then(|h| h.target())
            .map(|id| id.to_string().into()),
    })
}

/// Opens the git directory of a work tree, after making sure that its configuration leads nowhere else.
pub(super) fn open_git(directory: &Path) -> Result<git2::Repository, String> {
    let git_directory = git_directory(directory).ok_or("its .git file names no directory")?;
    let mut configurations = vec![
        git_directory.join("config"),
        git_directory.join("config.worktree"),
    ];
    match open::small(&git_directory.join("commondir"), 4096) {
        Ok(common) => {
            let common = String::from_utf8_lossy(&common);
            configurations.push(git_directory.join(common.trim()).join("config"));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        // libgit2 might still make sense of what is not looked at here.
        Err(error) => return Err(super::tree::reason(&error)),
    }
    for path in configurations {
        match open::small(&path, CONFIG_LIMIT) {
            Ok(text) if has_include(&text) => {
                return Err("its configuration includes other files".to_owned());
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(super::tree::reason(&error)),
        }
    }
    let flags = git2::RepositoryOpenFlags::NO_SEARCH;
    git2::Repository::open_ext(directory, flags, std::iter::empty::<&Path>())
        .map_err(|e| e.message().to_owned())
}

/// `.git` itself, or what a `.git` file (worktrees, submodules) points at.
fn git_directory(directory: &Path) -> Option<PathBuf> {
    let dot_git = directory.join(".git");
    let Ok(metadata) = dot_git.symlink_metadata() else {
        return is_bare(directory).then(|| directory.to_path_buf());
    };
    if metadata.is_dir() {
        return Some(dot_git);
    }
    let text = open::small(&dot_git, 4096).ok()?;
    let text = String::from_utf8_lossy(&text);
    let target = text.trim().strip_prefix("gitdir:")?.trim();
    let target = directory.join(target);
    target.is_dir().then_some(target)
}

/// Whether a section that includes other files may begin anywhere: sections need not stand on lines of
/// their own. A bracket within a value looks the same, which costs the repository's name, not safety.
fn has_include(config: &[u8]) -> bool {
    let text = String::from_utf8_lossy(config).to_ascii_lowercase();
    text.split('[')
        .skip(1)
        .any(|section| section.trim_start().starts_with("include"))
}

/// A remote's URL without scheme, user, password, port and `.git`: `github.com/acme/payments`.
/// `None` for remotes that are paths of this machine.
fn normalise_remote(url: &str) -> Option<String> {
    let rest = match url.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.to_owned(),
        // scp-like: user@host:path
        None => {
            let (host, path) = url.split_once(':')?;
            if host.contains('/') || host.len() < 2 {
                return None;
            }
            format!("{host}/{path}")
        }
    };
    let (authority, path) = rest.split_once('/')?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?.to_ascii_lowercase();
    let path = path.trim_matches('/').trim_end_matches(".git");
    Some(format!("{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_lose_everything_but_host_and_path() {
        for (url, expected) in [
            (
                "https://github.com/acme/payments.git",
                Some("github.com/acme/payments"),
            ),
            (
                "https://user:pw@github.com/acme/payments",
                Some("github.com/acme/payments"),
            ),
            (
                "git@github.com:acme/payments.git",
                Some("github.com/acme/payments"),
            ),
            (
                "ssh://git@gitlab.acme.example:2222/a/b/c.git",
                Some("gitlab.acme.example/a/b/c"),
            ),
            ("file:///srv/git/x.git", None),
            ("/srv/git/x.git", None),
            ("../x", None),
        ] {
            assert_eq!(normalise_remote(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn includes_are_noticed() {
        assert!(has_include(
            b"[core]\n\tbare = false\n[include]\n\tpath = /dev/zero\n"
        ));
        assert!(has_include(b"[ includeIf \"gitdir:x\" ]\n"));
        assert!(has_include(b"\xEF\xBB\xBF[include]\npath = /dev/zero\n"));
        assert!(has_include(b"[core] [INCLUDE] path = /dev/zero\n"));
        assert!(!has_include(b"[core]\n\tbare = false\n"));
    }
}
