//! The registry: what was declared about identities, by the people who answer for them.

use super::{Evidence, Owner, Str, Timestamp};

/// A date as a person wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DateField {
    /// The field is missing or empty.
    #[default]
    Absent,
    /// Readable.
    At(Timestamp),
    /// Not a date that can be read; the text is kept.
    Malformed(Str),
}

/// Which identities an entry speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// One identity, by natural id.
    Exact(Str),
    /// Every identity whose name matches the glob, and whose platform, account and namespace are the
    /// ones given, where given.
    Pattern {
        /// Glob over the name (`*` and `?`).
        name: Str,
        /// Platform name.
        platform: Option<Str>,
        /// Account or cluster.
        account: Option<Str>,
        /// Kubernetes namespace.
        namespace: Option<Str>,
    },
}

/// One entry of `nhi-registry.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryEntry {
    /// What a person calls the entry: the id as written, or the pattern.
    pub id: Str,
    /// What it speaks of.
    pub selector: Selector,
    /// The accountable party, with its spelling.
    pub owner: Option<(Owner, Str)>,
    /// Who answers when the owner does not.
    pub backup_owner: Option<(Owner, Str)>,
    /// What the identity is for.
    pub purpose: Option<Str>,
    /// What sort of work it does, where stated: `support`, `ci`, `integration`, `agent`.
    pub role: Option<Str>,
    /// Whether a person uses it, where stated.
    pub human: Option<bool>,
    /// `prod`, `staging`, …
    pub environment: Option<Str>,
    /// Whose data it may touch.
    pub tenants: Vec<Str>,
    /// Who approved it.
    pub approver: Option<Str>,
    /// Categories of data it may touch.
    pub data_categories: Vec<Str>,
    /// The highest privilege it was approved for, as a tier name.
    pub approved_tier: Option<Str>,
    /// When its need is to be reviewed.
    pub review_by: DateField,
    /// When it ends.
    pub expires: DateField,
    /// How it is revoked: a runbook or a command.
    pub revocation: Option<Str>,
    /// When that was last tried.
    pub revocation_tested: DateField,
    /// Where it was read.
    pub evidence: Evidence,
}
