//! Workloads: what runs as an identity.

use super::{Evidence, IdentityId, Str};

/// A pod or a controller of pods, and the ServiceAccount it runs as.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// `k8s:<cluster>/<namespace>/<Kind>/<name>`.
    pub id: Str,
    /// `Deployment`, `CronJob`, …
    pub kind: Str,
    /// Its name.
    pub name: Str,
    /// The identity it runs as.
    pub runs_as: IdentityId,
    /// `automountServiceAccountToken` of the pod; `None` when the pod does not say, and the account decides.
    pub automount: Option<bool>,
    /// Where it was read.
    pub evidence: Evidence,
}
