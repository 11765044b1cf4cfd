//! Policies of resources: who may do what to a bucket, a key, a queue.

use super::{Effect, Evidence, Matcher, Str, TrustPrincipal};

/// One statement of a resource's policy. Roles' trust policies are [`super::Trust`], not this.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceStatement {
    /// The resource's ARN.
    pub resource: Str,
    /// The account that owns it, where known.
    pub account: Option<Str>,
    /// Gives or takes away.
    pub effect: Effect,
    /// Whom it speaks of.
    pub principals: Vec<TrustPrincipal>,
    /// Whether it speaks of everybody but those (`NotPrincipal`).
    pub others: bool,
    /// Actions.
    pub actions: Matcher,
    /// Resources, as written.
    pub resources: Matcher,
    /// The `Condition` block as canonical JSON; `None` when absent.
    pub condition: Option<Str>,
    /// The policy language version.
    pub version: Option<Str>,
    /// The statement's `Sid` or index.
    pub label: Str,
    /// Where it was read.
    pub evidence: Evidence,
}
