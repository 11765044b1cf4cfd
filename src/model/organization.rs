//! An organisation of accounts: its tree, and the policies that control what lies below a node.

use super::{Evidence, PolicyId, Str};

/// What a node of an organisation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrgNodeKind {
    /// The root of the tree.
    Root,
    /// An organisational unit.
    Unit,
    /// An account.
    Account,
}

/// What one record says of a root, organisational unit or account. Records of one node may each tell a part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrgNode {
    /// `r-…`, `ou-…` or twelve digits.
    pub id: Str,
    /// What it is.
    pub kind: OrgNodeKind,
    /// Its name.
    pub name: Option<Str>,
    /// The id of the node above.
    pub parent: Option<Str>,
    /// The organisation: `o-…`.
    pub organization: Option<Str>,
    /// Whether it is the management account, to which control policies do not apply; `None` when not said.
    pub management: Option<bool>,
    /// `ACTIVE`, `SUSPENDED`, …
    pub status: Option<Str>,
    /// Where it was read.
    pub evidence: Evidence,
}

/// A control policy (service control policy, resource control policy) is attached to a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControlTarget {
    /// The policy.
    pub policy: PolicyId,
    /// Id of the node.
    pub target: Str,
    /// Where it was read.
    pub evidence: Evidence,
}
