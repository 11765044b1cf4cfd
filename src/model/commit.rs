//! Commits: who changed something, and when.

use super::{Str, Timestamp};

/// A commit of a git repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commit {
    /// When its author made the change. First, so that commits sort by age.
    pub when: Timestamp,
    /// The commit's id, in full.
    pub id: Str,
    /// The author's name, after `.mailmap`.
    pub author: Str,
    /// The author's address, after `.mailmap`, lower case.
    pub mail: Str,
}

impl Commit {
    /// The start of the id, enough to tell commits of one repository apart.
    pub fn short(&self) -> &str {
        self.id.get(..8).unwrap_or(&self.id)
    }
}
