//! Where bytes came from, and where in them a fact was read.

use super::{Pointer, Str};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The git work tree a file lies in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    /// Root of the work tree, written as the paths of this scan are written.
    pub root: Str,
    /// The `origin` remote without scheme, user and `.git`: `github.com/acme/payments`.
    pub remote: Option<Str>,
    /// The checked-out branch; `None` when HEAD is detached.
    pub branch: Option<Str>,
    /// The commit HEAD points at; `None` in a repository without commits.
    pub head: Option<Str>,
}

/// One input as a whole: a file or standard input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The path as the user would type it: the named root joined with the path below it, `/`-separated.
    /// Bytes that are not UTF-8 are replaced. `-` is standard input.
    pub path: Str,
    /// How many bytes of the path are the root that the user named: what lies above is the user's own
    /// choice and says nothing about the file (a repository checked out below `/home/dev/test`).
    pub named: usize,
    /// How many bytes of the path are the file on disk, where the document stands inside an archive:
    /// `backups/home.zip!/etc/app.env` is a member of `backups/home.zip`.
    pub archive: Option<usize>,
    /// The git work tree around the file.
    pub repository: Option<Arc<Repository>>,
    /// The Kubernetes cluster that the file is of, where the configuration tells; manifests do not.
    pub cluster: Option<Str>,
}

/// What stands in a path between an archive and the name of its member.
const INSIDE: &str = "!/";
/// Names of members are cut to this many bytes: a hostile archive must not fill the memory with them.
const MEMBER_NAME: usize = 512;

impl Origin {
    /// The file on disk: the archive around a member, else the path itself. Owners are looked up by it.
    pub fn on_disk(&self) -> &str {
        self.archive
            .and_then(|length| self.path.get(..length))
            .unwrap_or(&self.path)
    }

    /// The origin of a member of this archive. The name is only a name: nothing is opened by it.
    pub fn member(&self, name: &str) -> Arc<Self> {
        let name = name.trim_start_matches(['/', '\\']);
        let end = (0..=name.len().min(MEMBER_NAME))
            .rev()
            .find(|end| name.is_char_boundary(*end));
        let name = name
            .get(..end.unwrap_or(0))
            .unwrap_or_default()
            .replace('\\', "/");
        Arc::new(Self {
            path: format!("{}{INSIDE}{name}", self.path).into(),
            archive: self.archive.or(Some(self.path.len())),
            ..self.clone()
        })
    }

    /// The path below the root that the user named; the file's name when the file itself was named. Of a
    /// member it is the path inside the archive.
    pub fn below_root(&self) -> &str {
        let inside = self
            .archive
            .and_then(|length| self.path.get(length..)?.strip_prefix(INSIDE));
        // `translations/nb.json.gz!/nb.json`: what is only compressed keeps its folders.
        let archive = self.archive.and_then(|length| self.path.get(..length));
        let compressed = |inside: &str| {
            archive.is_some_and(|path| {
                let file = path.rsplit('/').next().unwrap_or_default();
                let ending = file.strip_prefix(inside);
                matches!(ending, Some(".gz" | ".bz2" | ".xz" | ".zst"))
            })
        };
        if let Some(inside) = inside
            && !compressed(inside)
        {
            return inside;
        }
        match self
            .path
            .get(self.named..)
            .map(|rest| rest.trim_start_matches('/'))
        {
            Some("") | None => self.file_name(),
            Some(below) => below,
        }
    }

    /// The path below the root of the git work tree around the file.
    pub fn below_repository(&self) -> Option<&str> {
        let root = &*self.repository.as_deref()?.root;
        match root {
            "." => Some(&self.path),
            root => self.path.strip_prefix(root)?.strip_prefix('/'),
        }
    }

    /// An origin outside any repository, of which no root is known.
    pub fn file(path: impl Into<Str>) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            named: 0,
            archive: None,
            repository: None,
            cluster: None,
        })
    }

    /// The last component of the path.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// What a reader may look at to decide whether a document is its own: name, size and first bytes.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a> {
    /// The document's origin.
    pub origin: &'a Origin,
    /// The first bytes, at most 8 KiB. May end inside a character.
    pub head: &'a [u8],
    /// Whether `head` is the whole document.
    pub complete: bool,
    /// Whether the document looks binary (a NUL byte in the head, and no UTF-16 mark).
    pub binary: bool,
}

impl Probe<'_> {
    /// Whether the path ends in one of these (lower-case) extensions, without the dot.
    pub fn has_extension(&self, extensions: &[&str]) -> bool {
        self.origin
            .file_name()
            .rsplit_once('.')
            .is_some_and(|(_, found)| extensions.iter().any(|e| e.eq_ignore_ascii_case(found)))
    }

    /// Whether the first bytes contain this text.
    pub fn head_contains(&self, needle: &str) -> bool {
        memchr::memmem::find(self.head, needle.as_bytes()).is_some()
    }
}

/// The bytes of one input, whole, with their origin.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    /// Where the bytes came from.
    pub origin: &'a Arc<Origin>,
    /// The bytes. Not necessarily valid in any encoding.
    pub bytes: &'a [u8],
}

impl Document<'_> {
    /// Evidence for a fact at a line (1-based).
    pub fn at_line(&self, reader: &'static str, line: u32) -> Evidence {
        Evidence {
            line: Some(line),
            ..self.whole(reader)
        }
    }

    /// Evidence for a fact in a record of an export, named by a JSON pointer or a row.
    pub fn at_record(&self, reader: &'static str, pointer: impl Into<Pointer>) -> Evidence {
        Evidence {
            pointer: Some(pointer.into()),
            ..self.whole(reader)
        }
    }

    /// Evidence for a fact that the document as a whole states.
    pub fn whole(&self, reader: &'static str) -> Evidence {
        Evidence {
            origin: Arc::clone(self.origin),
            line: None,
            column: None,
            pointer: None,
            reader,
        }
    }
}

impl fmt::Debug for Document<'_> {
    /// Never the bytes: they may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Document({}, {} bytes)",
            self.origin.path,
            self.bytes.len()
        )
    }
}

/// Where a fact was read, and by which reader.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    /// The document.
    pub origin: Arc<Origin>,
    /// Line, 1-based.
    pub line: Option<u32>,
    /// Column in bytes, 1-based.
    pub column: Option<u32>,
    /// Record in an export: a JSON pointer (`/UserDetailList/3`) or `row 7`.
    pub pointer: Option<Pointer>,
    /// The reader's name.
    pub reader: &'static str,
}

impl Evidence {
    /// The pointer as text.
    pub fn pointer_text(&self) -> Option<Cow<'_, str>> {
        self.pointer.as_ref().map(Pointer::text)
    }
}

impl fmt::Display for Evidence {
    /// `path:line`, `path#pointer` or `path:line (commit 1a2b3c4d)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin.path)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        match &self.pointer {
            // The detector points into histories, other readers into documents.
            Some(pointer) if self.reader == "secrets" => write!(f, " ({pointer})"),
            Some(pointer) => write!(f, "#{pointer}"),
            None => Ok(()),
        }
    }
}
