//! Entries of service catalogs and of databases of what an organisation runs.

use super::{Evidence, Method, Str};
use std::collections::BTreeSet;

/// Which sort of catalog an entry stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CatalogSource {
    /// Backstage.
    Backstage,
    /// OpsLevel.
    OpsLevel,
    /// Cortex.
    Cortex,
    /// A platform's own list of environments, one JSON file each.
    Environments,
    /// ServiceNow's configuration management database.
    ServiceNow,
    /// PagerDuty: who is on call, which is not the same as who owns.
    PagerDuty,
    /// The manifest of a package or chart, which names authors or maintainers.
    Package,
}

impl CatalogSource {
    /// The name used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backstage => "Backstage",
            Self::OpsLevel => "OpsLevel",
            Self::Cortex => "Cortex",
            Self::Environments => "environments",
            Self::ServiceNow => "ServiceNow",
            Self::PagerDuty => "PagerDuty",
            Self::Package => "package",
        }
    }

    /// How a claim is made that rests on such an entry.
    pub const fn method(self) -> Method {
        match self {
            Self::Backstage | Self::OpsLevel | Self::Cortex | Self::Environments => Method::Catalog,
            Self::ServiceNow => Method::Cmdb,
            Self::PagerDuty => Method::OnCall,
            Self::Package => Method::Package,
        }
    }
}

/// What ties an entry to what it speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tie {
    /// A natural id or alias of an identity, such as an ARN.
    Id(Str),
    /// The id of a container: `k8s:<cluster>/<namespace>`, `aws:<account>`.
    Container(Str),
    /// A Kubernetes namespace, in whichever cluster.
    Namespace(Str),
    /// The value of the label `backstage.io/kubernetes-id`, or a workload's name.
    KubernetesId(Str),
    /// A repository as `host/owner/name`, lower case; with `//` and a path, that folder in it.
    Repository(Str),
    /// A directory as paths of this scan are written, ending in `/` unless empty: what is declared below it
    /// belongs to it.
    Directory(Str),
    /// The last two components of a directory's path, in whichever repository: `environments/payments`.
    Folder(Str),
    /// A name that the thing goes by elsewhere: compared whole, without regard to case.
    Name(Str),
}

/// An entry that says who owns something, or that it is part of something that somebody owns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CatalogEntity {
    /// Which catalog.
    pub source: CatalogSource,
    /// What the catalog calls it, lower case: `component:default/payments-api`.
    pub reference: Str,
    /// `Component`, `Resource`, `System`, …
    pub kind: Str,
    /// Its name.
    pub name: Str,
    /// Its owners as written, the most accountable first.
    pub owners: Vec<Str>,
    /// References of the entities whose owner is inherited, the nearest first (`spec.system`, then `spec.domain`).
    pub parents: Vec<Str>,
    /// What it speaks of.
    pub ties: BTreeSet<Tie>,
    /// Where it was read.
    pub evidence: Evidence,
}
