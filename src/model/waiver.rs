//! Waivers: accepted findings, each with an owner, a reason and an end.

use super::{Evidence, Str, Timestamp};

/// An accepted finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Waiver {
    /// What a person calls it: `<check> <subject>`.
    pub id: Str,
    /// The check's id, or a glob over ids.
    pub check: Str,
    /// The subject's id, or a glob over ids.
    pub subject: Str,
    /// Who answers for the exception.
    pub owner: Str,
    /// Who approved it.
    pub approver: Str,
    /// Why.
    pub reason: Str,
    /// When it ends; the day itself is still covered.
    pub expires: Timestamp,
    /// Where it is written.
    pub evidence: Evidence,
}
