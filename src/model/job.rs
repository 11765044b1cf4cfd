//! Jobs of CI systems: what runs when, on what, with whose code.

use super::{Evidence, IdentityId, Platform, Set, Str};

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
    /// The names of the secrets that it is handed, as written.
    pub secrets: Set<Str>,
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
    /// Whether it is handed every secret there is (`secrets: inherit`, `toJSON(secrets)`).
    pub all_secrets: bool,
    /// Whether it checks out and may run code of whoever proposes a change.
    pub runs_foreign_code: Option<bool>,
    /// Code of others that it runs.
    pub uses: Set<Used>,
    /// What else is notable, by the name that checks ask for: `static-cloud-key:aws`.
    pub traits: Set<Str>,
    /// Where it was read.
    pub evidence: Evidence,
}
