//! What may be done: policies (permission sets), who holds them, and group membership.

use super::id::natural_id;
use super::identity::merge_option;
use super::{Evidence, IdentityId, Platform, Set, Str, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

natural_id! {
    /// The natural id of a policy: an ARN, `<principal ARN>#inline/<name>`, `k8s:<cluster>/clusterrole/<name>`,
    /// `k8s:<cluster>/<namespace>/role/<name>`.
    PolicyId
}

/// What sort of permission set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    /// An IAM managed policy, by the customer or by AWS.
    IamManaged,
    /// An IAM policy embedded in one principal.
    IamInline,
    /// A service control policy of an organisation: caps what principals of accounts may do.
    ServiceControl,
    /// A resource control policy of an organisation: caps what may be done to resources of accounts.
    ResourceControl,
    /// What a permission set of single sign-on holds itself.
    PermissionSet,
    /// A Kubernetes ClusterRole.
    ClusterRole,
    /// A Kubernetes Role.
    Role,
    /// A role, scope or permission that its platform knows by name: `roles/owner`, `Contributor`,
    /// `contents: write`.
    Named,
}

impl PolicyKind {
    /// The name used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IamManaged => "managed policy",
            Self::IamInline => "inline policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::PermissionSet => "permission set",
            Self::ClusterRole => "ClusterRole",
            Self::Role => "Role",
            Self::Named => "named role",
        }
    }
}

/// Whether a rule gives or takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It gives.
    Allow,
    /// It takes away, whatever else gives.
    Deny,
}

/// A list that matches what is in it, or everything but what is in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matcher {
    /// `Action`, `Resource`.
    In(Vec<Str>),
    /// `NotAction`, `NotResource`.
    NotIn(Vec<Str>),
}

/// One statement of an IAM policy. Patterns are as written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IamRule {
    /// Actions.
    pub actions: Matcher,
    /// Resources.
    pub resources: Matcher,
    /// The `Condition` block as canonical JSON (keys sorted, no white space); `None` when absent.
    pub condition: Option<Str>,
    /// The policy language version; policy variables are literal text before `2012-10-17`.
    pub version: Option<Str>,
}

/// One rule of a Kubernetes Role or ClusterRole, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RbacRule {
    /// `apiGroups`; the empty string is the core group.
    pub api_groups: Vec<Str>,
    /// `resources`, with subresources as `pods/exec`.
    pub resources: Vec<Str>,
    /// `verbs`.
    pub verbs: Vec<Str>,
    /// `resourceNames`; empty means every name.
    pub resource_names: Vec<Str>,
    /// `nonResourceURLs`.
    pub non_resource_urls: Vec<Str>,
}

/// The permission a rule speaks of, in its platform's own terms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleBody {
    /// An IAM statement.
    Iam(IamRule),
    /// A Kubernetes RBAC rule.
    Rbac(RbacRule),
    /// A permission that its platform knows by name: `roles/owner`, `contents:write`. What it amounts to, a
    /// table of the platform says.
    Named(Str),
}

/// One statement or rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    /// Gives or takes away.
    pub effect: Effect,
    /// The permission.
    pub body: RuleBody,
    /// What a person would call it: the `Sid`, or `rules[2]`.
    pub label: Str,
    /// Where it was read.
    pub evidence: Evidence,
}

/// One label requirement of an aggregated ClusterRole; all terms of a selector must hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AggregationTerm {
    /// Label key.
    pub key: Str,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: Str,
    /// Values for `In` and `NotIn`.
    pub values: Vec<Str>,
}

/// A set of permissions that can be given to principals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Natural id.
    pub id: PolicyId,
    /// Platform.
    pub platform: Platform,
    /// What sort.
    pub kind: PolicyKind,
    /// The name people use.
    pub name: Str,
    /// Account or cluster.
    pub account: Option<Str>,
    /// The date of the version that was read, where the source has one; a newer one replaces an older.
    pub as_of: Option<Timestamp>,
    /// Its rules, without duplicates.
    pub rules: Set<Rule>,
    /// The id of the version that the rules are of: `v3`.
    pub version: Option<Str>,
    /// Versions without effect that could be made the one in effect, by id.
    pub dormant: BTreeMap<Str, Set<Rule>>,
    /// Kubernetes labels, which aggregation selects by.
    pub labels: BTreeMap<Str, Str>,
    /// For an aggregated ClusterRole: selectors, any of which suffices.
    pub aggregation: BTreeSet<Vec<AggregationTerm>>,
    /// Where it was read. Empty for a policy that the platform itself defines.
    pub evidence: Set<Evidence>,
}

impl Policy {
    /// A new policy without rules.
    pub fn new(id: PolicyId, platform: Platform, kind: PolicyKind, name: impl Into<Str>) -> Self {
        Self {
            id,
            platform,
            kind,
            name: name.into(),
            account: None,
            as_of: None,
            rules: Set::new(),
            version: None,
            dormant: BTreeMap::new(),
            labels: BTreeMap::new(),
            aggregation: BTreeSet::new(),
            evidence: Set::new(),
        }
    }

    /// Takes over another record of the same policy: the newer version's rules, or the union of two
    /// that are equally old (the same manifest in several overlays).
    pub fn merge(&mut self, other: Self) {
        if self.as_of < other.as_of {
            self.rules = other.rules;
            self.as_of = other.as_of;
            self.version = other.version;
            self.dormant = other.dormant;
        } else if self.as_of == other.as_of {
            self.rules.extend(other.rules);
            merge_option(&mut self.version, other.version, std::cmp::max);
            for (version, rules) in other.dormant {
                self.dormant.entry(version).or_default().extend(rules);
            }
        }
        merge_option(&mut self.account, other.account, std::cmp::min);
        for (key, value) in other.labels {
            let mine = self.labels.entry(key).or_insert_with(|| value.clone());
            if value < *mine {
                *mine = value;
            }
        }
        self.aggregation.extend(other.aggregation);
        self.evidence.extend(other.evidence);
    }
}

/// Where a grant holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// A cloud account.
    Account(Str),
    /// A whole Kubernetes cluster.
    Cluster(Str),
    /// One namespace: cluster, namespace.
    Namespace(Str, Str),
    /// What another platform calls the place of a grant: `gcp:projects/acme`, `entra:/subscriptions/…`,
    /// `github:acme/payments`.
    Resource(Str),
}

/// Whether the policy gives permissions or caps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntitlementRole {
    /// It gives what its rules allow.
    Grant,
    /// It gives what its rules allow under a condition that the request decides (IAM conditions of Google Cloud,
    /// of Azure's role assignments), which `via` names.
    Conditional,
    /// It caps what other policies give (an IAM permissions boundary).
    Boundary,
}

/// A principal holds a policy within a scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entitlement {
    /// Who: an identity's id, or a group's (an IAM group ARN).
    pub principal: IdentityId,
    /// What.
    pub policy: PolicyId,
    /// Where.
    pub scope: Scope,
    /// Grant or cap.
    pub role: EntitlementRole,
    /// How: `attached`, `inline`, `RoleBinding ci/deployers`.
    pub via: Str,
    /// Where it was read.
    pub evidence: Evidence,
}

/// A principal is in a group and holds what the group holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Membership {
    /// The member.
    pub member: IdentityId,
    /// The group's id.
    pub group: IdentityId,
    /// Where it was read.
    pub evidence: Evidence,
}
