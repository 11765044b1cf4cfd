//! Coverage: what was read, skipped or failed, and why. "Nothing found" is never "not looked at".

use super::{Repository, Str};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// What went wrong with an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// It could not be opened or read.
    Unreadable,
    /// It is of a known format and breaks it.
    Malformed,
    /// It hit a limit (size, depth, expansion) and was not read whole.
    Limited,
    /// Something about it is worth knowing; everything in it was read.
    Note,
}

impl ProblemKind {
    /// The name used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Malformed => "malformed",
            Self::Limited => "limited",
            Self::Note => "note",
        }
    }

    /// Whether coverage is incomplete because of it.
    pub const fn incomplete(self) -> bool {
        matches!(self, Self::Unreadable | Self::Malformed)
    }
}

/// Trouble with one input. Data, not an error: the scan goes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Problem {
    /// The input.
    pub path: Str,
    /// Line, 1-based.
    pub line: Option<u32>,
    /// Column, 1-based.
    pub column: Option<u32>,
    /// What sort.
    pub kind: ProblemKind,
    /// Who noticed: a reader's name, or `source`.
    pub reader: &'static str,
    /// What, in a sentence without the path. Never quotes content that could be a secret.
    pub message: Str,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        write!(f, ": {}: {}", self.kind.as_str(), self.message)
    }
}

/// What histories were asked about owners, and how far what they suggest agrees with what is declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnerHistory {
    /// Subjects that histories were asked about.
    pub asked: u64,
    /// Those for which they suggested somebody.
    pub answered: u64,
    /// Of those with a declared owner, the ones where the best suggestion is that owner or belongs to it.
    pub agree: u64,
    /// Those where the best suggestion is not and does not, and it is known who does.
    pub differ: u64,
    /// Those of `differ` where another one of those suggested is or does.
    pub among: u64,
    /// Those where it is not known who belongs to the declared owner.
    pub not_comparable: u64,
    /// Commits that were compared with their parents.
    pub commits: u64,
}

/// What was looked at in the histories of git repositories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryCoverage {
    /// Repositories.
    pub repositories: u64,
    /// Commits.
    pub commits: u64,
    /// Versions of files.
    pub blobs: u64,
    /// Bytes of those, and of messages.
    pub bytes: u64,
    /// What was asked about owners.
    pub owners: OwnerHistory,
}

/// What was read and what was not. Merging is commutative and associative.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Files read.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Binary files, not searched for secrets.
    pub binary: u64,
    /// Files over the size limit that no format reader claimed.
    pub oversized: u64,
    /// Files and directories left out by the user's own rules.
    pub excluded: u64,
    /// Symbolic links not followed, devices, sockets and pipes.
    pub special: u64,
    /// Documents that each reader claimed.
    pub readers: BTreeMap<&'static str, u64>,
    /// What was looked at in histories.
    pub history: HistoryCoverage,
    /// The git work trees around the inputs.
    pub repositories: BTreeSet<Arc<Repository>>,
    /// Everything that went wrong.
    pub problems: BTreeSet<Problem>,
}

impl Coverage {
    /// Adds another part of the same scan.
    pub fn merge(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.binary += other.binary;
        self.oversized += other.oversized;
        self.excluded += other.excluded;
        self.special += other.special;
        for (reader, count) in other.readers {
            *self.readers.entry(reader).or_default() += count;
        }
        self.history.repositories += other.history.repositories;
        self.history.commits += other.history.commits;
        self.history.blobs += other.history.blobs;
        self.history.bytes += other.history.bytes;
        let (own, others) = (&mut self.history.owners, other.history.owners);
        own.asked += others.asked;
        own.answered += others.answered;
        own.agree += others.agree;
        own.differ += others.differ;
        own.among += others.among;
        own.not_comparable += others.not_comparable;
        own.commits += others.commits;
        self.repositories.extend(other.repositories);
        self.problems.extend(other.problems);
    }

    /// Whether some input could not be read or understood.
    pub fn incomplete(&self) -> bool {
        self.problems.iter().any(|p| p.kind.incomplete())
    }
}
