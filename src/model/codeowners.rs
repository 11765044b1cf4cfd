//! CODEOWNERS files as they were read.

use super::{Evidence, Str};

/// Whose rules a CODEOWNERS file follows: the hosts read the same patterns differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodeownersDialect {
    /// GitHub: like gitignore, without negation and character ranges.
    GitHub,
    /// GitLab: shell globs, sections, exclusions.
    GitLab,
    /// Gitea and Forgejo: regular expressions over whole paths, of which every match counts.
    Gitea,
}

/// One line of a CODEOWNERS file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeownersRule {
    /// The pattern as written.
    pub pattern: Str,
    /// The owners as written; none means explicitly unowned.
    pub owners: Vec<Str>,
    /// The GitLab section it stands in, lower case. In each section the last match wins on its own.
    pub section: Option<Str>,
    /// Line, 1-based.
    pub line: u32,
}

/// A CODEOWNERS file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Codeowners {
    /// The directory its patterns are relative to, written as the paths of this scan are; `""` for the
    /// scan's working directory. Ends in `/` otherwise.
    pub root: Str,
    /// Which of the host's places it was found in; the lowest is the one that counts.
    pub rank: u8,
    /// Whose rules it follows.
    pub dialect: CodeownersDialect,
    /// The lines, in order: the last match wins.
    pub rules: Vec<CodeownersRule>,
    /// The file.
    pub evidence: Evidence,
}
