//! Jobs of CI systems: what runs when, on what, with whose code.

use super::{Evidence, IdentityId, Platform, Set, Str};
use std::collections::BTreeMap;

/// Code of somebody that a job runs: an action, an orb, an included template, an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Used {
    /// `action`, `reusable-workflow`, `orb`, `template`, `pipe`, `image`.
    pub kind: Str,
    /// What: `aws-actions/configure-aws-credentials`.
    pub name: Str,
    /// The version asked for: `v4`, a commit, a digest.
    pub version: Option<Str>,
    /// Whether the version names content that nobody can replace (a commit, a digest).
    pub pinned: bool,
    /// Whether somebody else than the repository's own organisation and the platform writes it; `None` when
    /// the organisation is not known.
    pub third_party: Option<bool>,
    /// The names of the secrets that it is handed itself, as written; `*` for every one there is.
    pub secrets: Set<Str>,
    /// The names of secrets in the environment of everything that the job runs, which it can read as well.
    pub ambient: Set<Str>,
    /// Where it was read.
    pub evidence: Evidence,
}

/// Whom a job signs in as elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Assumed {
    /// `aws`, `gcp`, `azure`, `vault`.
    pub cloud: Str,
    /// Whom: an ARN, an address, a client id; as written where a run decides it: `${{ vars.ROLE }}`.
    pub target: Str,
    /// The identity's id, where the file tells it whole.
    pub identity: Option<IdentityId>,
    /// By what it proves itself: `oidc`, `key` (a key that lasts), `role` (a role assumed before).
    pub by: Str,
    /// The audience that the token is asked for.
    pub audience: Option<Str>,
    /// How long the session lasts, in seconds, where it is said.
    pub seconds: Option<u32>,
    /// Where it was read.
    pub evidence: Evidence,
}

/// A job of a CI system. The identity that it acts as holds the permissions of its token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Job {
    /// The same text as the identity's id.
    pub id: Str,
    /// The system.
    pub platform: Platform,
    /// The job's name in its file.
    pub name: Str,
    /// The workflow or pipeline: its file, below the repository.
    pub workflow: Str,
    /// The identity that it acts as.
    pub runs_as: IdentityId,
    /// What starts it, as the system calls it: `push`, `pull_request_target`, `schedule`.
    pub triggers: Set<Str>,
    /// Where it runs: `ubuntu-latest`, `self-hosted`.
    pub runners: Set<Str>,
    /// Whether it runs on a machine of one's own; `None` when that cannot be told.
    pub self_hosted: Option<bool>,
    /// The deployment environment whose rules and secrets it is given.
    pub environment: Option<Str>,
    /// Whether the file says what the job's token may do, rather than a setting elsewhere.
    pub permissions_stated: bool,
    /// Where what the token may do is said: `job`, `workflow`, `caller`, `repository` (its setting was read),
    /// `default` (a setting that was not read).
    pub permissions_from: Str,
    /// What the token may do, as far as that is known: `contents` → `write`. What is not named it may not.
    pub permissions: BTreeMap<Str, Str>,
    /// What the file states for the job itself, before callers cap it; `None` where it states nothing.
    pub stated: Option<BTreeMap<Str, Str>>,
    /// Whom it signs in as elsewhere.
    pub assumes: Set<Assumed>,
    /// Whether it is handed every secret there is (`secrets: inherit`, `toJSON(secrets)`).
    pub all_secrets: bool,
    /// Whether it checks out and may run code of whoever proposes a change, although it is started with the
    /// power of the repository itself; `None` when that cannot be told.
    pub runs_foreign_code: Option<bool>,
    /// Code of others that it runs.
    pub uses: Set<Used>,
    /// What else is notable, by the name that checks ask for: `static-cloud-key:aws`.
    pub traits: Set<Str>,
    /// Where it was read.
    pub evidence: Evidence,
}
