//! Directory trees, walked as a stream: memory does not grow with the size of the tree.

use super::history::{Met, locate};
use super::open;
use super::repository;
use crate::model::{Origin, Problem, ProblemKind, Repository, Str};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walkdir::WalkDir;

/// The name under which this stage reports problems.
const SOURCE: &str = "source";
/// The project's own ignore file, in gitignore syntax.
const IGNORE_FILE: &str = ".tenureignore";
/// Largest ignore file that is honoured.
const IGNORE_LIMIT: u64 = 1 << 20;

/// Which files of a tree are looked at.
#[derive(Clone, Debug, Default)]
pub struct TreeOptions {
    /// Globs in gitignore syntax that leave files and directories out, relative to the named root.
    pub exclude: Vec<String>,
    /// Whether files that git ignores are left out. They are looked at by default: that is where `.env` lives.
    pub respect_gitignore: bool,
}

/// What a walk meets.
#[derive(Debug)]
pub enum Entry {
    /// A regular file.
    File {
        /// Its path for opening.
        path: PathBuf,
        /// Its origin for evidence.
        origin: Arc<Origin>,
    },
    /// The root of a git work tree.
    Repository(Arc<Repository>),
    /// A repository whose history can be looked at.
    History(Box<Met>),
    /// A file or directory left out by the user's rules.
    Excluded,
    /// A link, device, socket or pipe.
    Special,
    /// Something that could not be looked at.
    Problem(Problem),
}

/// Bad `--exclude` globs, each with the reason.
#[derive(Debug)]
pub struct BadGlob(pub String, pub String);

/// Walks what the user named: a directory tree, or a single file.
///
/// A named path that is itself a link is followed, since the user chose it. Links below it are not: what
/// they point at inside the tree is met under its own name, and what lies outside was not asked for.
///
/// # Errors
/// When an `--exclude` glob is not valid. Trouble with single entries is an [`Entry::Problem`].
pub fn walk(root: &Path, options: &TreeOptions) -> Result<Walk, BadGlob> {
    let display = display_path(root);
    let excludes = excludes(root, &options.exclude)?;
    let mut walk = Walk {
        root: root.to_path_buf(),
        display,
        excludes,
        respect_gitignore: options.respect_gitignore,
        inner: WalkDir::new(root).follow_links(false).into_iter(),
        levels: Vec::new(),
        pending: Vec::new(),
    };
    if let Some(found) = repository::around(root) {
        walk.enter_surrounding(found);
    }
    Ok(walk)
}

/// What the user leaves out below a root.
///
/// # Errors
/// When a glob is not valid.
pub fn excludes(root: &Path, globs: &[String]) -> Result<Gitignore, BadGlob> {
    let mut excludes = GitignoreBuilder::new(root);
    for glob in globs {
        excludes
            .add_line(None, glob)
            .map_err(|e| BadGlob(glob.clone(), e.to_string()))?;
    }
    excludes
        .build()
        .map_err(|e| BadGlob(globs.join(", "), e.to_string()))
}

/// What holds inside one directory of the walk.
struct Level {
    depth: usize,
    ignores: Vec<Gitignore>,
    repository: Option<Arc<Repository>>,
}

/// An iterator over what a root holds. Order is the file system's; results do not depend on it.
pub struct Walk {
    root: PathBuf,
    display: String,
    excludes: Gitignore,
    respect_gitignore: bool,
    inner: walkdir::IntoIter,
    levels: Vec<Level>,
    pending: Vec<Entry>,
}

impl Iterator for Walk {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if let Some(entry) = self.pending.pop() {
            return Some(entry);
        }
        loop {
            let entry = match self.inner.next()? {
                Ok(entry) => entry,
                Err(error) => return Some(Entry::Problem(self.walk_problem(&error))),
            };
            let depth = entry.depth();
            // A named link is entered by walkdir; what it yields for it is the link's own type.
            let kind = if depth == 0 {
                match std::fs::metadata(entry.path()) {
                    Ok(metadata) => metadata.file_type(),
                    Err(error) => {
                        return Some(Entry::Problem(self.io_problem(entry.path(), &error)));
                    }
                }
            } else {
                entry.file_type()
            };
            while self
                .levels
                .last()
                .is_some_and(|level| level.depth >= depth.max(1))
            {
                self.levels.pop();
            }
            if depth > 0 && self.ignored(entry.path(), kind.is_dir()) {
                if kind.is_dir() {
                    self.inner.skip_current_dir();
                }
                return Some(Entry::Excluded);
            }
            if kind.is_dir() {
                if depth > 0 && entry.file_name() == ".git" {
                    // History is read through git, not as files; the configuration may hold a remote's password.
                    self.inner.skip_current_dir();
                    let config = entry.path().join("config");
                    if std::fs::symlink_metadata(&config).is_ok_and(|m| m.is_file()) {
                        return Some(self.file(config));
                    }
                    continue;
                }
                let inside = entry.path().parent().filter(|_| depth > 0);
                if entry.file_name() == "objects" && inside.is_some_and(locate::is_bare) {
                    // The objects of a repository without a work tree.
                    self.inner.skip_current_dir();
                    continue;
                }
                self.enter(entry.path(), depth);
                if let Some(entry) = self.pending.pop() {
                    return Some(entry);
                }
                continue;
            }
            if !kind.is_file() {
                return Some(Entry::Special);
            }
            let path = if depth == 0 {
                self.root.clone()
            } else {
                entry.into_path()
            };
            return Some(self.file(path));
        }
    }
}

impl Walk {
    fn file(&self, path: PathBuf) -> Entry {
        let origin = Origin {
            named: self.named(),
            path: self.display_of(&path),
            archive: None,
            repository: self
                .levels
                .iter()
                .rev()
                .find_map(|level| level.repository.clone()),
            cluster: None,
        };
        Entry::File {
            path,
            origin: Arc::new(origin),
        }
    }

    /// Reads what a directory says about itself: ignore files, and whether it is a git work tree.
    fn enter(&mut self, directory: &Path, depth: usize) {
        let mut level = Level {
            depth,
            ignores: Vec::new(),
            repository: None,
        };
        let files: &[&str] = if self.respect_gitignore {
            &[".gitignore", IGNORE_FILE]
        } else {
            &[IGNORE_FILE]
        };
        for name in files {
            if let Some(ignore) = self.ignore_file(directory, name) {
                level.ignores.push(ignore);
            }
        }
        if directory.join(".git").symlink_metadata().is_ok() {
            match repository::open(directory, self.display_of(directory)) {
                Ok(repository) => {
                    let repository = Arc::new(repository);
                    level.repository = Some(Arc::clone(&repository));
                    self.meet(directory, Some(Arc::clone(&repository)), false);
                    self.pending.push(Entry::Repository(repository));
                }
                Err(why) => {
                    self.meet(directory, None, false);
                    let note = self.problem(
                        directory,
                        ProblemKind::Note,
                        format!("git work tree not opened: {why}"),
                    );
                    self.pending.push(Entry::Problem(note));
                }
            }
        }
        if locate::is_bare(directory) {
            let repository = repository::open(directory, self.display_of(directory)).ok();
            self.meet(directory, repository.map(Arc::new), false);
        }
        if !level.ignores.is_empty() || level.repository.is_some() {
            self.levels.push(level);
        }
    }

    /// Notes a repository for its history.
    fn meet(&mut self, directory: &Path, repository: Option<Arc<Repository>>, around: bool) {
        let root = match &repository {
            Some(repository) => repository.root.clone(),
            None => self.display_of(directory),
        };
        self.pending.push(Entry::History(Box::new(Met {
            named: self.named(),
            root,
            directory: directory.to_path_buf(),
            repository,
            around,
        })));
    }

    fn named(&self) -> usize {
        if self.display == "." {
            0
        } else {
            self.display.len()
        }
    }

    /// The named root lies inside a work tree: know it, and honour the ignore files between its root and ours.
    fn enter_surrounding(&mut self, found: repository::Around) {
        let mut level = Level {
            depth: 0,
            ignores: Vec::new(),
            repository: None,
        };
        if self.respect_gitignore {
            for directory in &found.between {
                level
                    .ignores
                    .extend(self.ignore_file(directory, ".gitignore"));
            }
        }
        if let Ok(repository) = found.repository {
            let repository = Arc::new(repository);
            level.repository = Some(Arc::clone(&repository));
            self.meet(&found.root, Some(Arc::clone(&repository)), true);
            self.pending.push(Entry::Repository(repository));
        }
        self.levels.push(level);
    }

    fn ignore_file(&mut self, directory: &Path, name: &str) -> Option<Gitignore> {
        let path = directory.join(name);
        if !path.symlink_metadata().ok()?.is_file() {
            return None;
        }
        let bytes = match open::small(&path, IGNORE_LIMIT) {
            Ok(bytes) => bytes,
            Err(error) => {
                let problem = self.io_problem(&path, &error);
                self.pending.push(Entry::Problem(problem));
                return None;
            }
        };
        let mut builder = GitignoreBuilder::new(directory);
        let text = String::from_utf8_lossy(&bytes);
        for (number, line) in (1u32..).zip(text.lines()) {
            if builder.add_line(None, line).is_err() {
                let mut problem = self.problem(
                    &path,
                    ProblemKind::Note,
                    "not a valid ignore pattern; line skipped",
                );
                problem.line = Some(number);
                self.pending.push(Entry::Problem(problem));
            }
        }
        builder.build().ok()
    }

    fn ignored(&self, path: &Path, directory: bool) -> bool {
        if self.excludes.matched(path, directory).is_ignore() {
            return true;
        }
        // The deepest file that says anything decides, as in git.
        for ignore in self
            .levels
            .iter()
            .rev()
            .flat_map(|level| level.ignores.iter().rev())
        {
            let matched = ignore.matched(path, directory);
            if !matched.is_none() {
                return matched.is_ignore();
            }
        }
        false
    }

    fn display_of(&self, path: &Path) -> Str {
        let Ok(below) = path.strip_prefix(&self.root) else {
            return display_path(path).into();
        };
        let below = display_path(below);
        match (self.display.as_str(), below.as_str()) {
            (display, ".") => display.into(),
            (".", below) => below.into(),
            (display, below) if display.ends_with('/') => format!("{display}{below}").into(),
            (display, below) => format!("{display}/{below}").into(),
        }
    }

    fn problem(&self, path: &Path, kind: ProblemKind, message: impl Into<Str>) -> Problem {
        Problem {
            path: self.display_of(path),
            line: None,
            column: None,
            kind,
            reader: SOURCE,
            message: message.into(),
        }
    }

    fn io_problem(&self, path: &Path, error: &std::io::Error) -> Problem {
        self.problem(path, ProblemKind::Unreadable, reason(error))
    }

    fn walk_problem(&self, error: &walkdir::Error) -> Problem {
        let path = error.path().unwrap_or(&self.root);
        match error.io_error() {
            Some(io) => self.io_problem(path, io),
            None => self.problem(
                path,
                ProblemKind::Note,
                "a link that leads back to its own parent; not followed",
            ),
        }
    }
}

/// Why a file could not be read, in words that are the same on every run.
pub fn reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind as K;
    match error.kind() {
        K::NotFound => "vanished while the scan was running".to_owned(),
        K::PermissionDenied => "permission denied".to_owned(),
        K::InvalidInput => "not a regular file any more".to_owned(),
        _ => error.to_string(),
    }
}

/// A path as the user would type it: `/`-separated, without `./`; `.` for the empty path. Bytes that are
/// not UTF-8 are replaced.
fn display_path(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = if std::path::MAIN_SEPARATOR == '/' {
        text
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/").into()
    };
    let mut text: &str = &text;
    while let Some(rest) = text.strip_prefix("./") {
        text = rest.trim_start_matches('/');
    }
    let trimmed = text.trim_end_matches('/');
    match (trimmed, text) {
        ("", "") => ".".to_owned(),
        ("", _) => "/".to_owned(),
        (path, _) => path.to_owned(),
    }
}
