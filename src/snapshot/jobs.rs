//! Jobs of CI systems, secrets in use and tokens on the wire.

use super::{Evidence, Word};
use crate::model::{self, Str};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A job of a CI system.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Job {
    /// Id: that of the identity that it acts as.
    pub id: Str,
    /// The system.
    pub platform: Word,
    /// Its name in the file.
    pub name: Str,
    /// The file, below the repository.
    pub workflow: Str,
    /// The identity that it acts as.
    pub runs_as: Str,
    /// What starts it, also by way of workflows that call it.
    pub triggers: Vec<Str>,
    /// Where it runs.
    pub runners: Vec<Str>,
    /// Whether it runs on a machine of one's own, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_hosted: Option<bool>,
    /// The environment that it deploys to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Str>,
    /// Whether the file says what its token may do.
    pub permissions_stated: bool,
    /// Where that is said: `job`, `workflow`, `caller`, `repository`, `default` (a setting that was not read).
    pub permissions_from: Str,
    /// What its token may do, as far as known: `contents` → `write`. What is not named it may not.
    pub permissions: BTreeMap<Str, Str>,
    /// What the file states for the job itself, before callers cap it; absent where it states nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_permissions: Option<BTreeMap<Str, Str>>,
    /// Whether it is handed every secret there is.
    pub all_secrets: bool,
    /// Names of the secrets that it is handed.
    pub secrets: Vec<Str>,
    /// Whether it may run code of whoever proposes a change, with the repository's power.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs_foreign_code: Option<bool>,
    /// Whom it signs in as elsewhere.
    pub assumes: Vec<Assumed>,
    /// Code of others that it runs.
    pub uses: Vec<Used>,
    /// What else is notable: `static-cloud-key:aws`.
    pub traits: Vec<Str>,
    /// Where.
    pub evidence: Evidence,
}

/// Whom a job signs in as.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assumed {
    /// `aws`, `gcp`, `azure`, `vault`.
    pub cloud: Str,
    /// Whom, as far as the file tells: an ARN, an address, `${{ vars.ROLE }}`.
    pub target: Str,
    /// The identity's id, where the file tells it whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Str>,
    /// By what: `oidc`, `key`, `role`.
    pub by: Str,
    /// The audience that the token is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Str>,
    /// How long the session lasts, in seconds, where it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// Where.
    pub evidence: Evidence,
}

/// Code of others that a job runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Used {
    /// `action`, `reusable-workflow`, `orb`, `template`, `pipe`, `image`.
    pub kind: Str,
    /// What.
    pub name: Str,
    /// The version asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Str>,
    /// Whether the version names content that nobody can replace.
    pub pinned: bool,
    /// Whether somebody else than the repository's own organisation and the platform writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_party: Option<bool>,
    /// Names of the secrets that it is handed itself; `*` for every one there is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Str>,
    /// Names of secrets in the environment of everything that the job runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ambient_secrets: Vec<Str>,
    /// Where.
    pub evidence: Evidence,
}

/// A secret that something is handed, by its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SecretUse {
    /// The identity that can read it.
    pub user: Str,
    /// The secret's id.
    pub secret: Str,
    /// Its name.
    pub name: Str,
    /// The workload or job that it is handed to.
    pub workload: Str,
    /// How: `env AWS_KEY`, `with token of acme/deploy@v1`.
    pub how: Str,
    /// The third party's code that receives it, with its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<Str>,
    /// Where.
    pub evidence: Evidence,
}

/// A token that an identity is given by its own platform.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    /// The issuer without scheme, where files tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Str>,
    /// The subject; `*` stands for what only a run decides.
    pub subject: Str,
    /// The audience that is asked for, where it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Str>,
    /// Other claims, by name.
    pub claims: BTreeMap<Str, Str>,
    /// Where.
    pub evidence: Evidence,
}

/// Every job, with the names of its secrets.
pub(super) fn convert(jobs: &BTreeSet<model::Job>, uses: &BTreeSet<model::SecretUse>) -> Vec<Job> {
    let mut secrets: BTreeMap<&str, BTreeSet<Str>> = BTreeMap::new();
    for used in uses {
        let of = secrets.entry(&used.workload).or_default();
        of.insert(used.name.clone());
    }
    jobs.iter()
        .map(|job| {
            let names = secrets.get(&*job.id).into_iter().flatten().cloned();
            one(job, names.collect())
        })
        .collect()
}

fn one(j: &model::Job, secrets: Vec<Str>) -> Job {
    Job {
        id: j.id.clone(),
        platform: j.platform.as_str().into(),
        name: j.name.clone(),
        workflow: j.workflow.clone(),
        runs_as: j.runs_as.0.clone(),
        triggers: j.triggers.iter().cloned().collect(),
        runners: j.runners.iter().cloned().collect(),
        self_hosted: j.self_hosted,
        environment: j.environment.clone(),
        permissions_stated: j.permissions_stated,
        permissions_from: j.permissions_from.clone(),
        permissions: j.permissions.clone(),
        stated_permissions: j.stated.clone(),
        all_secrets: j.all_secrets,
        secrets,
        runs_foreign_code: j.runs_foreign_code,
        assumes: j.assumes.iter().map(assumed).collect(),
        uses: j.uses.iter().map(used).collect(),
        traits: j.traits.iter().cloned().collect(),
        evidence: (&j.evidence).into(),
    }
}

fn assumed(a: &model::Assumed) -> Assumed {
    Assumed {
        cloud: a.cloud.clone(),
        target: a.target.clone(),
        identity: a.identity.as_ref().map(|id| id.0.clone()),
        by: a.by.clone(),
        audience: a.audience.clone(),
        seconds: a.seconds,
        evidence: (&a.evidence).into(),
    }
}

fn used(u: &model::Used) -> Used {
    Used {
        kind: u.kind.clone(),
        name: u.name.clone(),
        version: u.version.clone(),
        pinned: u.pinned,
        third_party: u.third_party,
        secrets: u.secrets.iter().cloned().collect(),
        ambient_secrets: u.ambient.iter().cloned().collect(),
        evidence: (&u.evidence).into(),
    }
}

/// Every use of a secret.
pub(super) fn secret_uses(uses: &BTreeSet<model::SecretUse>) -> Vec<SecretUse> {
    uses.iter()
        .map(|u| SecretUse {
            user: u.user.0.clone(),
            secret: u.secret.clone(),
            name: u.name.clone(),
            workload: u.workload.clone(),
            how: u.how.clone(),
            receiver: u.receiver.clone(),
            evidence: (&u.evidence).into(),
        })
        .collect()
}

/// An identity's tokens.
pub(super) fn tokens(tokens: &model::Set<model::Token>) -> Vec<Token> {
    tokens
        .iter()
        .map(|t| Token {
            issuer: t.issuer.clone(),
            subject: t.subject.clone(),
            audience: t.audience.clone(),
            claims: t.claims.clone(),
            evidence: (&t.evidence).into(),
        })
        .collect()
}
