//! What deploys things: Argo CD Applications, Flux Kustomizations and HelmReleases, and the sources they name.

use super::{Evidence, Label, Set, Str};

/// An object that a deployer keeps of what it applies, or of where it takes that from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deployment {
    /// `Application`, `AppProject`, `Kustomization`, `HelmRelease`, `GitRepository`, …
    pub kind: Str,
    /// The cluster that the object is of.
    pub cluster: Str,
    /// Its namespace.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
    /// The name of the Helm release that it makes, where it says one that is not its own.
    pub release: Option<Str>,
    /// The repository it takes things from as `host/owner/name`, lower case.
    pub repository: Option<Str>,
    /// The directory in that repository.
    pub path: Option<Str>,
    /// The kind, namespace and name of the object that says more: the source of a Kustomization, the project of an
    /// Application.
    pub parent: Option<(Str, Str, Str)>,
    /// Its labels and annotations.
    pub labels: Set<Label>,
    /// Where it was read.
    pub evidence: Evidence,
}
