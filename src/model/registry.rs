//! The registry: what was declared about identities, by the people who answer for them.

use super::{DateField, Evidence, Owner, Str};

/// Which identities an entry speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// One identity, by natural id.
    Exact(Str),
    /// Every identity whose name (and id, where given) matches the glob, whose platform, kind, account and namespace
    /// are the ones given, and that has the labels, where given.
    Pattern {
        /// Glob over the name (`*` and `?`).
        name: Str,
        /// Platform name.
        platform: Option<Str>,
        /// Account or cluster.
        account: Option<Str>,
        /// Kubernetes namespace.
        namespace: Option<Str>,
        /// Glob over the natural id.
        id: Option<Str>,
        /// What sort of principal, by the name of [`super::IdentityKind`].
        kind: Option<Str>,
        /// Labels that it has all of: key, lower case, and glob over the value. Sorted.
        labels: Vec<(Str, Str)>,
    },
}

/// Who answers for which part of what an identity does.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Accountability {
    /// Who designed the workflow that it acts in.
    pub workflow_owner: Option<(Owner, Str)>,
    /// Who decides what it may do.
    pub policy_owner: Option<(Owner, Str)>,
    /// Who runs it day by day.
    pub operator: Option<(Owner, Str)>,
    /// How accountability is shared with a supplier: `customer`, `shared`, `vendor`, `agent`.
    pub model: Option<Str>,
    /// Other parts, by name.
    pub others: Vec<(Str, Str)>,
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
    /// Who answers for which part of what it does.
    pub accountability: Accountability,
    /// The actions that it is meant to do, in the platform's own terms and with its wildcards.
    pub allowed_actions: Vec<Str>,
    /// The vendor that holds it, by id or name.
    pub vendor: Option<Str>,
    /// Who confirmed what stands here.
    pub attested_by: Option<Str>,
    /// When that was.
    pub attested_on: DateField,
    /// Where it was read.
    pub evidence: Evidence,
}

impl RegistryEntry {
    /// An entry of which only the id, what it speaks of and its place are known.
    pub fn new(id: impl Into<Str>, selector: Selector, evidence: Evidence) -> Self {
        Self {
            id: id.into(),
            selector,
            owner: None,
            backup_owner: None,
            purpose: None,
            role: None,
            human: None,
            environment: None,
            tenants: Vec::new(),
            approver: None,
            data_categories: Vec::new(),
            approved_tier: None,
            review_by: DateField::Absent,
            expires: DateField::Absent,
            revocation: None,
            revocation_tested: DateField::Absent,
            accountability: Accountability::default(),
            allowed_actions: Vec::new(),
            vendor: None,
            attested_by: None,
            attested_on: DateField::Absent,
            evidence,
        }
    }
}
