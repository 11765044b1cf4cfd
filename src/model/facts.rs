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
    /// Jobs of CI systems.
    pub jobs: Vec<Job>,
    /// Who is handed which secret.
    pub secret_uses: Vec<SecretUse>,
    /// Statements of resources' policies.
    pub resource_statements: Vec<ResourceStatement>,
    /// Nodes of organisations of accounts.
    pub org_nodes: Vec<OrgNode>,
    /// Where control policies are attached.
    pub control_targets: Vec<ControlTarget>,
    /// Lists of control policies that were read to their end.
    pub control_listings: Vec<ControlListing>,
    /// Permission sets of single sign-on.
    pub permission_sets: Vec<PermissionSet>,
    /// Who is given which permission set where.
    pub assignments: Vec<Assignment>,
    /// Users and groups of the directory behind single sign-on.
    pub directory: Vec<DirectoryEntry>,
    /// Identity providers that accounts accept.
    pub identity_providers: Vec<IdentityProvider>,
    /// What identities were seen to use.
    pub usage: Vec<Usage>,
    /// The time that records of use look at.
    pub usage_windows: Vec<UsageWindow>,
    /// What the platform's own analyser found.
    pub analyzer_findings: Vec<AnalyzerFinding>,
    /// Namespaces, accounts, stacks and what else identities live in.
    pub containers: Vec<Container>,
    /// What deploys things from where.
    pub deployments: Vec<Deployment>,
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
    /// Names that mean one party.
    pub aliases: Vec<Alias>,
    /// Vendors and other third parties.
    pub vendors: Vec<Vendor>,
    /// Who owns what, as platforms record it.
    pub attributions: Vec<Attribution>,
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
        self.jobs.append(&mut other.jobs);
        self.secret_uses.append(&mut other.secret_uses);
        self.resource_statements
            .append(&mut other.resource_statements);
        self.org_nodes.append(&mut other.org_nodes);
        self.control_targets.append(&mut other.control_targets);
        self.control_listings.append(&mut other.control_listings);
        self.directory.append(&mut other.directory);
        self.permission_sets.append(&mut other.permission_sets);
        self.assignments.append(&mut other.assignments);
        self.identity_providers
            .append(&mut other.identity_providers);
        self.usage.append(&mut other.usage);
        self.usage_windows.append(&mut other.usage_windows);
        self.analyzer_findings.append(&mut other.analyzer_findings);
        self.containers.append(&mut other.containers);
        self.deployments.append(&mut other.deployments);
        self.codeowners.append(&mut other.codeowners);
        self.catalog.append(&mut other.catalog);
        self.registry.append(&mut other.registry);
        self.people.append(&mut other.people);
        self.teams.append(&mut other.teams);
        self.aliases.append(&mut other.aliases);
        self.vendors.append(&mut other.vendors);
        self.attributions.append(&mut other.attributions);
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
            + self.jobs.len()
            + self.secret_uses.len()
            + self.resource_statements.len()
            + self.org_nodes.len()
            + self.control_targets.len()
            + self.control_listings.len()
            + self.directory.len()
            + self.permission_sets.len()
            + self.assignments.len()
            + self.identity_providers.len()
            + self.usage.len()
            + self.usage_windows.len()
            + self.analyzer_findings.len()
            + self.containers.len()
            + self.deployments.len()
            + self.codeowners.len()
            + self.catalog.len()
            + self.registry.len()
            + self.people.len()
            + self.teams.len()
            + self.aliases.len()
            + self.vendors.len()
            + self.attributions.len()
            + self.allows.len()
            + self.sources.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
