//! What an identity may do, in words common to all platforms, with the path that proves it.

use super::{Evidence, IdentityId, Set, Str, Unused};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How much an identity may do, lowest first. `Unknown` sorts below everything and is never `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// No source tells what it holds.
    #[default]
    Unknown,
    /// It holds nothing.
    None,
    /// It can look.
    Read,
    /// It can change things.
    Write,
    /// It can mint or reset credentials, tokens or sessions for others, or recover accounts.
    Issue,
    /// It can make itself or another admin.
    Escalate,
    /// It can do anything in its scope.
    Admin,
}

impl Tier {
    /// All tiers, highest first.
    pub const ALL: [Self; 7] = [
        Self::Admin,
        Self::Escalate,
        Self::Issue,
        Self::Write,
        Self::Read,
        Self::None,
        Self::Unknown,
    ];

    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
            Self::Issue => "issue",
            Self::Escalate => "escalate",
            Self::Admin => "admin",
        }
    }
}

/// A particular thing an identity can do that matters in itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Do anything in scope.
    Administer,
    /// Become more powerful.
    Escalate,
    /// Mint credentials, tokens or sessions for others.
    IssueCredentials,
    /// Reset passwords or second factors.
    RecoverAccounts,
    /// Read secrets.
    ReadSecrets,
    /// Act as another identity.
    Impersonate,
    /// Change who may do what.
    ManageAccess,
    /// Look into running environments: logs, sessions, memory, metadata.
    InspectEnvironment,
    /// Run code.
    ExecuteCode,
    /// Read data.
    ReadData,
    /// Write data.
    WriteData,
    /// Delete data.
    DeleteData,
    /// Switch off logging or detection.
    DisableLogging,
}

impl Capability {
    /// All capabilities, in order.
    pub const ALL: [Self; 13] = [
        Self::Administer,
        Self::Escalate,
        Self::IssueCredentials,
        Self::RecoverAccounts,
        Self::ReadSecrets,
        Self::Impersonate,
        Self::ManageAccess,
        Self::InspectEnvironment,
        Self::ExecuteCode,
        Self::ReadData,
        Self::WriteData,
        Self::DeleteData,
        Self::DisableLogging,
    ];

    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administer => "administer",
            Self::Escalate => "escalate",
            Self::IssueCredentials => "issue-credentials",
            Self::RecoverAccounts => "recover-accounts",
            Self::ReadSecrets => "read-secrets",
            Self::Impersonate => "impersonate",
            Self::ManageAccess => "manage-access",
            Self::InspectEnvironment => "inspect-environment",
            Self::ExecuteCode => "execute-code",
            Self::ReadData => "read-data",
            Self::WriteData => "write-data",
            Self::DeleteData => "delete-data",
            Self::DisableLogging => "disable-logging",
        }
    }
}

/// How firm a conclusion is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// It follows from what was read.
    #[default]
    Certain,
    /// It holds if a condition does, which cannot be decided from files.
    Conditional,
    /// A document that it depends on was not read.
    Unresolved,
}

impl Certainty {
    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Conditional => "conditional",
            Self::Unresolved => "unresolved",
        }
    }
}

/// Something that a grant reaches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// A cloud account.
    Account(Str),
    /// A whole cluster.
    Cluster(Str),
    /// One namespace: cluster, namespace.
    Namespace(Str, Str),
    /// A place of another platform: `gcp:projects/acme`, `github:acme/payments`.
    Resource(Str),
}

impl std::fmt::Display for Reach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Cluster(id) => write!(f, "cluster:{id}"),
            Self::Namespace(cluster, name) => write!(f, "namespace:{cluster}/{name}"),
            Self::Resource(place) => f.write_str(place),
        }
    }
}

/// One step of a proof: `attached policy AdministratorAccess`, with where it was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// What the step is.
    pub what: Str,
    /// Where it was read; `None` for what the platform itself defines (`cluster-admin`'s rules).
    pub evidence: Option<Evidence>,
}

/// Why an identity has a capability: the chain from it to the rule that gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Proof {
    /// What is proven, in a sentence: `iam:CreateAccessKey on *`.
    pub claim: Str,
    /// The chain, from the identity outwards.
    pub hops: Vec<Arc<Hop>>,
    /// How firm.
    pub certainty: Certainty,
    /// The pattern of the resources that it holds on; `None` where the platform has no such thing, or where it
    /// speaks of more than one rule.
    pub scope: Option<Str>,
}

/// How much of what there is a proof speaks of; the wider the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Breadth {
    /// Everything, or everything of a kind.
    All,
    /// What a pattern matches.
    Prefix,
    /// One resource.
    Single,
}

impl Breadth {
    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Prefix => "prefix",
            Self::Single => "single",
        }
    }

    /// Of a pattern of ARNs in which `*` and `?` are wildcards.
    pub fn of(pattern: &str) -> Self {
        if !pattern.contains(['*', '?']) {
            return Self::Single;
        }
        let open = |part: &str| part.bytes().all(|b| matches!(b, b'*' | b'/'));
        let parts: Vec<&str> = pattern.splitn(6, ':').collect();
        let all = match *parts {
            [_, _, _, _, account, resource] => {
                // `user/*` is every user, where it stands for an account; a bucket's `name/*` is not.
                let kind = resource
                    .strip_suffix(['*'])
                    .and_then(|r| r.strip_suffix(['/', ':']));
                open(resource)
                    || !account.is_empty()
                        && kind.is_some_and(|kind| !kind.contains(['/', ':', '*', '?']))
            }
            _ => open(pattern) || pattern == "arn:*",
        };
        if all { Self::All } else { Self::Prefix }
    }
}

impl Proof {
    /// How much it speaks of, where that is known.
    pub fn breadth(&self) -> Option<Breadth> {
        self.scope.as_deref().map(Breadth::of)
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Goal {
    /// To doing anything.
    Admin,
    /// To data or secrets that the identity's own rights do not reach.
    Data,
}

impl Goal {
    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Data => "data",
        }
    }
}

/// A way in which an identity can get further than its own rights go. Shared by all that can take it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// Where it leads.
    pub goal: Goal,
    /// How firm.
    pub certainty: Certainty,
    /// The number of its first step in the platform's table of ways: `iam-007`.
    pub rule: Str,
    /// Rows with the same end whose actions hold all of this one's, or are held by them.
    pub also: BTreeSet<Str>,
    /// What the first step does, in a sentence: `write an inline policy on a user`.
    pub title: Str,
    /// On whom or what the first step is taken: an ARN, or a pattern of names.
    pub subject: Str,
    /// Condition keys that it depends on and that files do not decide.
    pub conditions: BTreeSet<Str>,
    /// Resources or documents that it depends on and that were not read:
    /// `a Lambda function that runs as arn:…`.
    pub missing: BTreeSet<Str>,
    /// The steps to the goal, from the identity outwards.
    pub hops: Vec<Hop>,
}

/// What an identity may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privilege {
    /// Summary.
    pub tier: Tier,
    /// How firm the tier is.
    pub certainty: Certainty,
    /// The tier without what everybody is given who has signed in at all: a grant to everybody is one
    /// mistake, not one of each identity. The same as `tier` where there are no such grants.
    pub own_tier: Tier,
    /// Capabilities, each with the best proof (the most certain, then the shortest).
    pub capabilities: BTreeMap<Capability, Arc<Proof>>,
    /// Rows of the platform's table of permissions that amount to something, by name (`mint-tokens`), each with
    /// the best proof; without what everybody is given, as `own_tier`. Kubernetes only.
    pub powers: BTreeMap<Str, Arc<Proof>>,
    /// The proof of the tier, for every tier above `none`.
    pub proof: Option<Arc<Proof>>,
    /// The ways to go further than the own rights: the firmest first, then the shortest.
    pub paths: Vec<Arc<Path>>,
    /// How many more ways there are that are not told.
    pub paths_left_out: usize,
    /// What it reaches.
    pub reach: Set<Reach>,
    /// A rule grants every action, or every action on every resource, by wildcard: its proof.
    pub wildcard: Option<Arc<Proof>>,
    /// Documents the answer depends on that were not read: `policy arn:… (attached)`.
    pub unresolved: BTreeSet<Str>,
    /// Identities of other platforms that it is to become by design, and whose trust was read and does not
    /// let it in.
    pub shut_out: BTreeSet<IdentityId>,
    /// What it is granted beside what it was seen to use; `None` where no record of use was read.
    pub unused: Option<std::sync::Arc<Unused>>,
}

impl Privilege {
    /// Records a capability, keeping the better of two proofs.
    pub fn add(&mut self, capability: Capability, proof: impl Into<Arc<Proof>>) {
        use std::collections::btree_map::Entry;
        let proof = proof.into();
        match self.capabilities.entry(capability) {
            Entry::Vacant(slot) => {
                slot.insert(proof);
            }
            Entry::Occupied(mut slot) => {
                let key = |p: &Proof| (p.certainty, p.breadth(), p.hops.len());
                let (old, new) = (key(slot.get()), key(&proof));
                if new < old || (new == old && proof < *slot.get()) {
                    slot.insert(proof);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Breadth::{self, *};

    #[test]
    fn breadths() {
        for (pattern, expected) in [
            ("*", All),
            ("arn:*", All),
            ("arn:aws:s3:::*", All),
            ("arn:aws:iam::*:user/*", All),
            ("arn:aws:sqs:*:111122223333:*", All),
            ("arn:aws:lambda:*:*:function:*", All),
            ("arn:aws:s3:::bucket/*", Prefix),
            ("arn:aws:iam::*:user/ci-*", Prefix),
            ("arn:aws:iam::*:user/ci/*", Prefix),
            ("arn:aws:iam::111122223333:role/a", Single),
        ] {
            assert_eq!(Breadth::of(pattern), expected, "{pattern}");
        }
    }
}
