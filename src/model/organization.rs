//! An organisation of accounts: its tree, and the policies that control what lies below a node.

use super::{Evidence, PolicyId, PolicyKind, Str};

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

/// That a list was read to its end, or a switch was seen: what makes "not there" out of "not read".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ControlListing {
    /// The organisation has this control policy.
    Exists(PolicyId, PolicyKind),
    /// All control policies of a kind that are attached to a node: node, kind.
    OfNode(Str, PolicyKind),
    /// All nodes that a control policy is attached to.
    OfPolicy(PolicyId),
    /// All control policies of a kind that the organisation has.
    OfKind(PolicyKind),
    /// Whether control policies of a kind are in force below a root, or in a whole organisation: its id,
    /// the kind, on or off.
    Switch(Str, PolicyKind, bool),
}
