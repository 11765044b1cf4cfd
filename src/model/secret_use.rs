//! Secrets by name: who is handed which, and where it goes.

use super::{Evidence, IdentityId, Str};

/// A secret that something is handed, by its name; never its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretUse {
    /// Who can read it: the job, or the ServiceAccount that the pod runs as.
    pub user: IdentityId,
    /// The secret: `k8s:secret:<cluster>/<namespace>/<name>`, `github:acme/app/secret/DEPLOY_KEY`.
    pub secret: Str,
    /// The name people use: `DEPLOY_KEY`.
    pub name: Str,
    /// The workload or job that it is handed to.
    pub workload: Str,
    /// How it is handed over: `env AWS_KEY`, `volume certs`, `with token of acme/deploy@v1`.
    pub how: Str,
    /// The third party's code that receives it, with its version, where it does: `acme/deploy@v1`.
    pub receiver: Option<Str>,
    /// Where it was read.
    pub evidence: Evidence,
}
