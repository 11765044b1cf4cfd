//! Namespaces, accounts, projects, stacks: what identities live in, and inherit an owner from.

use super::{Evidence, Label, Set, Str};

/// What sort of container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerKind {
    /// A Kubernetes namespace.
    Namespace,
    /// A Kubernetes cluster.
    Cluster,
    /// A CloudFormation stack, or what other tools call so.
    Stack,
    /// A Google Cloud project.
    Project,
    /// An Azure resource group.
    ResourceGroup,
    /// An Azure subscription.
    Subscription,
    /// An AWS account.
    Account,
    /// A folder, organisational unit or management group.
    Folder,
    /// The state or root module of infrastructure code.
    Estate,
    /// A repository.
    Repository,
}

impl ContainerKind {
    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::Cluster => "cluster",
            Self::Stack => "stack",
            Self::Project => "project",
            Self::ResourceGroup => "resource-group",
            Self::Subscription => "subscription",
            Self::Account => "account",
            Self::Folder => "folder",
            Self::Estate => "estate",
            Self::Repository => "repository",
        }
    }
}

/// What identities live in. Its labels speak for what is inside, unless something nearer speaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Container {
    /// `k8s:<cluster>/<namespace>`, `aws:<account>`, `aws:<account>/stack/<name>`, `gcp:<project>`,
    /// `entra:<subscription>`; see [`super::Identity::containers`].
    pub id: Str,
    /// What sort.
    pub kind: ContainerKind,
    /// The name people use.
    pub name: Str,
    /// The id of the container that it lies in, where one is known.
    pub parent: Option<Str>,
    /// Its labels.
    pub labels: Set<Label>,
    /// Where it was read.
    pub evidence: Evidence,
}
