//! Facts: what readers append. Readers know nothing of each other; merging comes later.

use super::*;

/// Everything one or more documents said. Appending is the only operation.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Identities, possibly many partial records of one.
    pub identities: Vec<Identity>,
    /// Credentials, likewise.
    pub credentials: Vec<Credential>,
    /// Certificates without their keys.
    pub certificates: Vec<Certificate>,
    /// Policies, likewise.
    pub policies: Vec<Policy>,
    /// Who holds which policy.
    pub entitlements: Vec<Entitlement>,
    /// Who is in which group.
    pub memberships: Vec<Membership>,
    /// Who may become whom.
    pub trusts: Vec<Trust>,
    /// What runs as whom.
    pub workloads: Vec<Workload>,
    /// Namespaces and accounts.
    pub containers: Vec<Container>,
    /// CODEOWNERS files.
    pub codeowners: Vec<Codeowners>,
    /// Catalog entities.
    pub catalog: Vec<CatalogEntity>,
    /// Registry entries.
    pub registry: Vec<RegistryEntry>,
    /// People of a roster.
    pub people: Vec<Person>,
    /// Teams of a roster.
    pub teams: Vec<Team>,
    /// Comments that accept findings.
    pub allows: Vec<Allow>,
    /// Sources present, as `(kind, account)`: lets a later stage tell "not listed" from "no listing read".
    pub sources: Vec<(Str, Str)>,
}

impl Facts {
    /// Appends everything another set says.
    pub fn append(&mut self, mut other: Self) {
        self.identities.append(&mut other.identities);
        self.credentials.append(&mut other.credentials);
        self.certificates.append(&mut other.certificates);
        self.policies.append(&mut other.policies);
        self.entitlements.append(&mut other.entitlements);
        self.memberships.append(&mut other.memberships);
        self.trusts.append(&mut other.trusts);
        self.workloads.append(&mut other.workloads);
        self.containers.append(&mut other.containers);
        self.codeowners.append(&mut other.codeowners);
        self.catalog.append(&mut other.catalog);
        self.registry.append(&mut other.registry);
        self.people.append(&mut other.people);
        self.teams.append(&mut other.teams);
        self.allows.append(&mut other.allows);
        self.sources.append(&mut other.sources);
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.identities.len()
            + self.credentials.len()
            + self.certificates.len()
            + self.policies.len()
            + self.entitlements.len()
            + self.memberships.len()
            + self.trusts.len()
            + self.workloads.len()
            + self.containers.len()
            + self.codeowners.len()
            + self.catalog.len()
            + self.registry.len()
            + self.people.len()
            + self.teams.len()
            + self.allows.len()
            + self.sources.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
