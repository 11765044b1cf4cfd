//! Waivers: accepted findings, each with a reason and, in the configuration, an owner and an end.

use super::{Confidence, Evidence, Str, Timestamp};

/// An accepted finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Waiver {
    /// What a person calls it: `<check> <subject>`, or `<check> <path>`.
    pub id: Str,
    /// The check's id, or a glob over ids.
    pub check: Str,
    /// The subject's id, or a glob over ids.
    pub subject: Str,
    /// Where the finding must have been read.
    pub scope: WaiverScope,
    /// Who answers for the exception; empty where the waiver names nobody, as comments do.
    pub owner: Str,
    /// Who approved it; likewise.
    pub approver: Str,
    /// Why.
    pub reason: Str,
    /// When it ends; the day itself is still covered. `None`: as long as it is written there.
    pub expires: Option<Timestamp>,
    /// Where it is written.
    pub evidence: Evidence,
}

/// Where findings must have been read for a waiver to cover them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaiverScope {
    /// Anywhere.
    Anywhere,
    /// In this line (1-based) of the document that the waiver stands in.
    Line(u32),
    /// In files whose path matches this pattern, in gitignore syntax.
    Paths(Str),
}

impl WaiverScope {
    /// The name used in reports: `configuration`, `comment`, `path-rule`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Anywhere => "configuration",
            Self::Line(_) => "comment",
            Self::Paths(_) => "path-rule",
        }
    }
}

/// A comment that accepts findings in the line that it stands in or above: `tenure:allow <check> reason`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Allow {
    /// The check's id, or a glob over ids.
    pub check: Str,
    /// Why. Never empty.
    pub reason: Str,
    /// The line whose findings it accepts, 1-based.
    pub line: u32,
    /// Where the comment stands.
    pub evidence: Evidence,
}

/// A rule by path: leaks in these files are at most this sure to be real.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathRule {
    /// The files, as a pattern in gitignore syntax.
    pub paths: Str,
    /// At most this sure.
    pub confidence: Confidence,
    /// When it ends; the day itself is still covered.
    pub expires: Option<Timestamp>,
}
