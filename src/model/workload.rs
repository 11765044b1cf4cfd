//! Workloads: what runs as an identity.

use super::{Evidence, IdentityId, Platform, Str};

/// A pod or a controller of pods and the ServiceAccount it runs as; or a cloud resource and its role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// `k8s:<cluster>/<namespace>/<Kind>/<name>`; of a cloud resource its ARN.
    pub id: Str,
    /// `Deployment`, `CronJob`, …; `AWS::Lambda::Function`, …
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

impl Workload {
    /// The platform that it runs on, as its id tells.
    pub fn platform(&self) -> Platform {
        match self.id.split(':').next() {
            Some("k8s") => Platform::Kubernetes,
            Some("arn") => Platform::Aws,
            Some("compose") => Platform::Host,
            _ => Platform::Other,
        }
    }
}
