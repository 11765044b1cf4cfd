//! The versioned wire form of a scan: what a snapshot file holds, what `--format json` prints, what
//! drift compares and what reports are rendered from.
//!
//! These types are a promise to other programs: within one major version fields are only added. The
//! published JSON schema is generated from them (`tenure schema`). Nothing in them can hold a secret's
//! value: the model they are made from has none.

mod containers;
mod convert;
mod jobs;
mod owners;
mod parse;
mod registration;
mod schema;
mod unused;

pub use containers::{Container, Review, VendorTie};
pub use jobs::{Assumed, Job, SecretUse, Token, Used};
pub use owners::{Party, PartySpelling, PartyTie};
pub use parse::{MAX_BYTES, SnapshotError};
pub use registration::{Accountability, DataCategory, Gap, Held, Registration, Vendor};
pub use schema::schema;
pub use unused::{Proposal, ServiceUse, Unused};

use crate::model::{Pointer, Str};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The version of this form.
pub const SCHEMA_VERSION: &str = "1.0";

/// A word of a vocabulary of this form.
pub type Word = Cow<'static, str>;

/// One scan: what was found, how it was judged, and what was looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    /// Version of this form: `major.minor`.
    pub schema_version: String,
    /// The program that wrote it.
    pub tool: Tool,
    /// The time that ages and expiries were judged at, ISO 8601 UTC.
    pub scanned_at: String,
    /// What was read and what was not.
    pub coverage: Coverage,
    /// Identities, by id.
    pub identities: Vec<Identity>,
    /// Credentials, by id.
    pub credentials: Vec<Credential>,
    /// Who may become whom, by target.
    pub trusts: Vec<Trust>,
    /// What runs as whom, by id.
    pub workloads: Vec<Workload>,
    /// Jobs of CI systems, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<Job>,
    /// Who is handed which secret, by who is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_uses: Vec<SecretUse>,
    /// What accounts are called, by their ids, where an organisation's records were read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub account_names: BTreeMap<Str, Str>,
    /// Namespaces, accounts, projects and stacks that were read of, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<Container>,
    /// Everybody who is named as an owner anywhere, each once, with every spelling, by owner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<Party>,
    /// What the registry declares.
    pub declarations: Vec<Declaration>,
    /// Vendors that a register has, or that hold an identity, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vendors: Vec<Vendor>,
    /// Every check that was evaluated, by id.
    pub checks: Vec<Check>,
    /// Findings: the worst first, then by check and subject.
    pub findings: Vec<Finding>,
    /// The comparison with an earlier snapshot, when there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A program and its version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
}

/// What was read and what was not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Whether every input was readable and well-formed.
    pub complete: bool,
    /// Files read.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Binary files, not searched for secrets.
    pub binary: u64,
    /// Files over the size limit that no format reader claimed.
    pub oversized: u64,
    /// Files and directories left out by the user's rules.
    pub excluded: u64,
    /// Links not followed, devices, sockets and pipes.
    pub special: u64,
    /// Documents that each reader claimed.
    pub readers: BTreeMap<String, u64>,
    /// What was looked at in the histories of git repositories; absent when that was nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryCoverage>,
    /// What was asked of histories about owners; absent when nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_history: Option<OwnerHistory>,
    /// The git work trees around the inputs.
    pub repositories: Vec<Repository>,
    /// Everything that went wrong.
    pub problems: Vec<Problem>,
}

/// What was looked at in the histories of git repositories.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryCoverage {
    /// Repositories.
    pub repositories: u64,
    /// Commits.
    pub commits: u64,
    /// Versions of files.
    pub blobs: u64,
    /// Bytes of those, and of messages.
    pub bytes: u64,
}

/// What histories were asked about owners, and how far what they suggest agrees with what is declared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OwnerHistory {
    /// Subjects that histories were asked about.
    pub asked: u64,
    /// Those for which they suggested somebody.
    pub answered: u64,
    /// Of those with a declared owner, the ones where the best suggestion is that owner or belongs to it.
    pub agree: u64,
    /// Those where the best suggestion is not and does not, and it is known who does.
    pub differ: u64,
    /// Those of `differ` where another one of those suggested is or does.
    pub among: u64,
    /// Those where it is not known who belongs to the declared owner.
    pub not_comparable: u64,
    /// Commits that were compared with their parents.
    pub commits: u64,
}

/// A git work tree.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Repository {
    /// Its root, as the paths of this scan are written.
    pub root: String,
    /// `github.com/acme/payments`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// Checked-out branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Checked-out commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
}

/// Trouble with one input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The input.
    pub path: String,
    /// 1-based.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// 1-based.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// `unreadable`, `malformed`, `limited` or `note`.
    pub kind: String,
    /// Who noticed.
    pub reader: String,
    /// What.
    pub message: String,
}

/// Where a fact was read.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Evidence {
    /// The document.
    pub path: Str,
    /// 1-based.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// 1-based.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Record in an export: a JSON pointer or `row N`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub pointer: Option<Pointer>,
    /// The repository the document lies in: `github.com/acme/payments`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Str>,
    /// The reader.
    pub reader: Word,
}

impl Evidence {
    /// The pointer as text.
    pub fn pointer_text(&self) -> Option<Cow<'_, str>> {
        self.pointer.as_ref().map(Pointer::text)
    }
}

impl std::fmt::Display for Evidence {
    /// `path:line`, `path#pointer` or `path:line (commit 1a2b3c4d)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        match &self.pointer {
            Some(pointer) if &*self.reader == "secrets" => write!(f, " ({pointer})"),
            Some(pointer) => write!(f, "#{pointer}"),
            None => Ok(()),
        }
    }
}

/// When: at an instant, never, or unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum When {
    /// No source says.
    #[default]
    Unknown,
    /// Never.
    Never,
    /// At this instant.
    At {
        /// ISO 8601 UTC.
        at: Str,
    },
}

impl When {
    /// The instant, if there is one.
    pub fn at(&self) -> Option<&str> {
        match self {
            Self::At { at } => Some(at),
            Self::Unknown | Self::Never => None,
        }
    }
}

/// A principal that can act.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// Natural id: an ARN, `k8s:<cluster>/<namespace>/<name>`, …
    pub id: Str,
    /// `aws`, `kubernetes`, `other`.
    pub platform: Word,
    /// `aws-user`, `kubernetes-service-account`, …
    pub kind: Word,
    /// The name people use.
    pub name: Str,
    /// Account or cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Str>,
    /// Kubernetes namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Str>,
    /// How it is known: `referenced`, `declared`, `observed`.
    pub presence: Vec<Word>,
    /// `non-human`, `human` or `undetermined`.
    pub humanity: Word,
    /// Why.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub humanity_reason: Str,
    /// Why it is the provider's own, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_managed: Option<Str>,
    /// Whether it can act at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Str>,
    /// When it last acted.
    pub last_used: When,
    /// When it ends.
    pub expires: When,
    /// Whether somebody can sign in interactively.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console_access: Option<bool>,
    /// Whether a second factor is enrolled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<bool>,
    /// Whose it is.
    pub ownership: Ownership,
    /// What it may do.
    pub privilege: Privilege,
    /// The policies it holds.
    pub entitlements: Vec<Entitlement>,
    /// Ids of its credentials.
    pub credentials: Vec<Str>,
    /// Ids of the workloads that run as it.
    pub workloads: Vec<Str>,
    /// Ids of identities of other platforms that it becomes by design.
    pub becomes: Vec<Str>,
    /// What acts through it, as far as trust, path and tags tell: `lambda`, `ec2:<instance profile>`,
    /// `eks:<cluster>/<namespace>/<name>`, `github-actions:acme/payments`, `single-sign-on:ReadOnly`,
    /// `service-linked:ecs`, `account:444455556666`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serves: Vec<Str>,
    /// The users and groups of a directory that single sign-on lets act as it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned: Vec<Str>,
    /// The tokens of its own platform that it can show to others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<Token>,
    /// What had to be worked out to know of it, and what could not be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub derivation: Vec<Str>,
    /// What is notable about how it is set up or kept: `docker-socket`, `static-keys`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traits: Vec<Str>,
    /// Id of the registry entry that speaks of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declaration: Option<Str>,
    /// What it is for, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Str>,
    /// Environment, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Str>,
    /// When the need for it is to be reviewed, where the registry, its labels or its container say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// How it stands to the registry; absent where no registry was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Registration>,
    /// The vendors that hold it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vendors: Vec<VendorTie>,
    /// Tenants, as declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<Str>,
    /// Where it was read.
    pub evidence: Vec<Evidence>,
}

/// Whose a subject is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ownership {
    /// `owned`, `disputed`, `orphaned`, `suggested`, `unowned`, `unknown`.
    pub state: Word,
    /// `team:…`, `user:…` or `mail:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Str>,
    /// The other sides, where declared sources disagree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<Str>,
    /// The best guess when nobody is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<Str>,
    /// How much the claim that decides is worth: `high`, `medium` or `low`; absent where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Word>,
    /// How this was concluded.
    pub reason: Str,
    /// Every claim, strongest first.
    pub claims: Vec<Claim>,
}

/// A claim that a party owns a subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// `registry`, `label`, `provider`, `definition`, `container`, `catalog`, `codeowners`, `deployer`, `cmdb`,
    /// `creator`, `on-call`, `commit-author`, `package`, `unit`, `name-pattern`.
    pub method: Word,
    /// Whether somebody declared it, rather than it being inferred.
    pub declared: bool,
    /// `high`, `medium`, `low`.
    pub confidence: Word,
    /// Who, normalised.
    pub owner: Str,
    /// The spelling in the source.
    pub raw: Str,
    /// The day of the claim, where the source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Why, as what a sentence says of the owner, where the method alone does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Str>,
    /// Where.
    pub evidence: Evidence,
}

/// What an identity may do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Privilege {
    /// `admin`, `escalate`, `issue`, `write`, `read`, `none`, `unknown`.
    pub tier: Word,
    /// The tier without what everybody is given who has signed in at all; the same as `tier` where there
    /// are no such grants.
    #[serde(default)]
    pub own_tier: Word,
    /// `certain`, `conditional`, `unresolved`.
    pub certainty: Word,
    /// The proof of the tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Arc<Proof>>,
    /// Particular things it can do.
    pub capabilities: Vec<Capability>,
    /// `account:…`, `cluster:…`, `namespace:…`.
    pub reach: Vec<Str>,
    /// The ways to go further than its own rights, the firmest first, then the shortest; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<Arc<Path>>,
    /// How many more such ways there are that are not listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub paths_left_out: u64,
    /// The proof that a rule grants everything by wildcard, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wildcard: Option<Arc<Proof>>,
    /// Documents the answer depends on that were not read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unresolved: Vec<Str>,
    /// What it is granted beside what it was seen to use; absent where no record of use was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused: Option<Unused>,
}

/// A capability and its proof.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Capability {
    /// `administer`, `issue-credentials`, …
    pub name: Word,
    /// Why.
    pub proof: Arc<Proof>,
}

/// The chain from an identity to the rule that gives it something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// What is proven.
    pub claim: Str,
    /// `certain`, `conditional`, `unresolved`.
    pub certainty: Word,
    /// The pattern of the resources that it holds on, where it speaks of one rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Str>,
    /// How much that is: `all`, `prefix` or `single`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breadth: Option<Word>,
    /// The chain.
    pub hops: Vec<Arc<Hop>>,
}

/// A way in which an identity can get further than its own rights go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Path {
    /// `admin` or `data`: to doing anything, or to data and secrets that its own rights do not reach.
    pub goal: Word,
    /// `certain`, `conditional`, `unresolved`.
    pub certainty: Word,
    /// The number of the first step in the platform's table of ways: `iam-007`.
    pub rule: Str,
    /// Numbers of ways to the same end whose actions hold this one's, or are held by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Str>,
    /// What the first step does, after "can".
    pub title: Str,
    /// On whom or what: an ARN, a pattern, or `itself`.
    pub subject: Str,
    /// Condition keys that it depends on and that files do not decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Str>,
    /// What it depends on and was not read: `a Lambda function that runs as arn:…`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Str>,
    /// The steps to the goal, from the identity outwards.
    pub hops: Vec<Hop>,
}

/// One step of a proof.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hop {
    /// What.
    pub what: Str,
    /// Where; absent for what the platform itself defines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// A policy that an identity holds, itself or through a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entitlement {
    /// The policy's id.
    pub policy: Str,
    /// Its name.
    pub policy_name: Str,
    /// `managed policy`, `ClusterRole`, …; `unread` when the policy's own document was not read.
    pub policy_kind: Word,
    /// Where it holds: `account:…`, `cluster:…`, `namespace:…`.
    pub scope: Str,
    /// Whether it caps rather than grants.
    #[serde(default)]
    pub boundary: bool,
    /// How it is held.
    pub via: Str,
    /// The group it is held through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Str>,
    /// Where.
    pub evidence: Evidence,
}

/// Something that authenticates as an identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Credential {
    /// Natural id.
    pub id: Str,
    /// `aws-access-key`, `slack-bot-token`, …
    pub kind: String,
    /// `aws`, `slack`, …
    pub issuer: String,
    /// `AWS access key`.
    pub title: String,
    /// Account or cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Str>,
    /// The identity it authenticates as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Str>,
    /// How that was concluded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_basis: Option<String>,
    /// `active`, `inactive`, `expired`, `unknown`.
    pub status: String,
    /// When it was created or last rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// When it ends.
    pub expires: When,
    /// When it was last used.
    pub last_used: When,
    /// What may be shown of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Keyed digest of the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// `high`, `medium`, `low`: how sure the detector is, for one that was seen in the open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<String>,
    /// Whose it is.
    pub ownership: Ownership,
    /// Where the value stands in the open.
    pub exposures: Vec<Exposure>,
    /// Where an export lists it or a manifest declares it.
    pub records: Vec<Evidence>,
    /// Where to revoke it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<String>,
    /// What it says about itself, by name: `tenant`, `user`, `scope`, `host`, `kind`, `token-id`, …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, Vec<String>>,
    /// What is notable about how it is kept: `encrypted`, `plain`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traits: Vec<Str>,
    /// What it may do by its own account or by its kind, whoever holds it: `admin`, `escalate`, `issue`,
    /// `write`, `read`, `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implied_tier: Option<String>,
    /// What says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implied_tier_basis: Option<String>,
}

/// A place where a credential stands in the open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exposure {
    /// Where.
    pub evidence: Evidence,
    /// `high`, `medium`, `low`.
    pub confidence: String,
    /// What raised or lowered the confidence.
    pub reasons: Vec<String>,
    /// The environment the place belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether it stands there now, and not only in history.
    #[serde(default = "in_tree")]
    pub in_tree: bool,
    /// The commit that brought it in, where history tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introduced: Option<Commit>,
    /// The commit that took it out, where no branch and no tag holds it there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Commit>,
}

/// Snapshots from before histories were looked at speak of files only.
const fn in_tree() -> bool {
    true
}

/// A commit of a git repository.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Commit {
    /// When its author made the change, ISO 8601 UTC.
    pub date: String,
    /// Its id, in full.
    pub id: String,
    /// The author's name, after `.mailmap`.
    pub author: String,
    /// The author's address, after `.mailmap`.
    pub mail: String,
}

impl Commit {
    /// The start of the id.
    pub fn short(&self) -> &str {
        self.id.get(..8).unwrap_or(&self.id)
    }
}

/// Who may become an identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// Stable id.
    pub id: Str,
    /// The identity that can be assumed.
    pub target: Str,
    /// `anyone`, `account`, `principal`, `service`, `federated`, `other`.
    pub principal_kind: Word,
    /// Who.
    pub principal: Str,
    /// `allow` or `deny`.
    pub effect: Word,
    /// Actions.
    pub actions: Vec<Str>,
    /// Condition keys named.
    pub condition_keys: Vec<Str>,
    /// Whether the principal belongs to another account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_account: Option<bool>,
    /// Whether the principal's account is of the same organisation, where that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside_organization: Option<bool>,
    /// Of a trust in an OIDC provider: whose tokens get in, narrowest first: `nobody`, `pinned` (one workload),
    /// `project`, `organization`, `platform` (whoever has an account with the provider), `anyone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Word>,
    /// What is wrong with its condition: `no-audience`, `any-branch`, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flaws: Vec<Word>,
    /// The same in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure_reason: Option<String>,
    /// Where.
    pub evidence: Evidence,
}

/// What runs as an identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Workload {
    /// Stable id.
    pub id: String,
    /// `Deployment`, …
    pub kind: String,
    /// Name.
    pub name: String,
    /// The identity it runs as.
    pub runs_as: String,
    /// What is notable of it: `privileged`, `host-path:/etc`, `outside:hooks.acme.example`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traits: Vec<Str>,
    /// Where.
    pub evidence: Evidence,
}

/// A registry entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Declaration {
    /// The entry's id or pattern, as written.
    pub id: String,
    /// Accountable party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Review date, `YYYY-MM-DD`; `malformed` or `ambiguous` when it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_by: Option<String>,
    /// End, `YYYY-MM-DD`; `malformed` or `ambiguous` when it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// How it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<String>,
    /// When that was last tried, `YYYY-MM-DD`; `malformed` or `ambiguous` when it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_tested: Option<String>,
    /// Who answers when the owner does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_owner: Option<String>,
    /// What sort of work it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Whether a person uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human: Option<bool>,
    /// Environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whose data it may touch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<Str>,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
    /// The highest privilege it was approved for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_tier: Option<String>,
    /// Categories of data it may touch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_categories: Vec<Str>,
    /// The actions that it is meant to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_actions: Vec<Str>,
    /// Who answers for which part of what it does.
    #[serde(default, skip_serializing_if = "Accountability::is_empty")]
    pub accountability: Accountability,
    /// The vendor that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Who confirmed the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested_by: Option<String>,
    /// When that was, `YYYY-MM-DD`; `malformed` or `ambiguous` when it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested_on: Option<String>,
    /// `both` (declared and found), `declared-only`, or `not-evaluable`: nothing that was read could show it.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub state: Word,
    /// What is missing or amiss.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Ids of the identities it speaks of.
    pub identities: Vec<Str>,
    /// Where.
    pub evidence: Evidence,
}

/// A check and how it went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Why the condition matters.
    pub description: String,
    /// `info`, `low`, `medium`, `high`, `critical`.
    pub severity: String,
    /// What to do.
    pub remediation: String,
    /// Control ids, most telling first.
    pub controls: Vec<String>,
    /// Subjects that failed.
    pub fail: u64,
    /// Subjects that passed.
    pub pass: u64,
    /// Subjects it does not speak of.
    pub not_applicable: u64,
    /// Subjects for which no source carries what it asks.
    pub not_evaluable: u64,
}

/// What a check or a change speaks of.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Subject {
    /// `identity`, `credential`, `declaration`, `trust`, `workload`, `job`, `account`, `provider`,
    /// `permission-set`, `analyzer-finding`, `vendor`, `waiver`.
    pub kind: Word,
    /// Id.
    pub id: Str,
    /// What a person calls it.
    pub name: Str,
}

/// A check that failed for a subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Stable id of check × subject.
    pub fingerprint: Str,
    /// The check's id.
    pub check: Str,
    /// Its title.
    pub title: Str,
    /// `info`, `low`, `medium`, `high`, `critical`.
    pub severity: Word,
    /// `high`, `medium`, `low`.
    pub confidence: Word,
    /// Of what.
    pub subject: Subject,
    /// One sentence with the facts.
    pub message: Str,
    /// Where, the primary place first.
    pub evidence: Vec<Evidence>,
    /// What to do.
    pub remediation: Str,
    /// Control ids.
    pub controls: Vec<Str>,
    /// The waiver that covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Waiver>,
    /// Against the baseline: `new` or `persisting`; absent without one. Among those that are no longer
    /// there: `gone`, or `unverified` where the source was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Str>,
    /// When a scan first reported it, ISO 8601 UTC.
    pub first_seen: Str,
}

/// An accepted finding.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Waiver {
    /// `configuration`; `comment` beside the finding; `path-rule` of the configuration. Empty in snapshots of
    /// earlier versions, which know the configuration only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Who answers for the exception; empty where it names nobody.
    pub owner: String,
    /// Who approved it; likewise.
    pub approver: String,
    /// Why.
    pub reason: String,
    /// When it ends, `YYYY-MM-DD`; empty where it has no end.
    pub expires: String,
    /// Where it is written.
    pub evidence: Evidence,
}

/// The comparison with an earlier snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// When the earlier scan was made.
    pub scanned_at: String,
    /// What changed.
    pub changes: Vec<Change>,
    /// Findings of the earlier scan that are no longer there.
    pub gone: Vec<Finding>,
}

/// One change between two sides.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Change {
    /// `identity-appeared`, `tier-rose`, `owner-lost`, …
    pub kind: String,
    /// Of what.
    pub subject: Subject,
    /// Before, where there was something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// After, where there is something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Evidence of the earlier side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before_evidence: Vec<Evidence>,
    /// Evidence of the later side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after_evidence: Vec<Evidence>,
}
