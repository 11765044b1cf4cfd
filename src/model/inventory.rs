//! The inventory: facts merged by natural id, in canonical order.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// Facts merged by natural id. Absorbing is commutative, associative and idempotent, and every
/// collection is ordered, so the same facts in any order give the same inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Identities by id.
    pub identities: BTreeMap<IdentityId, Identity>,
    /// Credentials by id.
    pub credentials: BTreeMap<CredentialId, Credential>,
    /// Certificates without their keys.
    pub certificates: BTreeSet<Certificate>,
    /// Policies by id.
    pub policies: BTreeMap<PolicyId, Policy>,
    /// Who holds which policy, ordered by principal.
    pub entitlements: BTreeSet<Entitlement>,
    /// Who is in which group, ordered by member.
    pub memberships: BTreeSet<Membership>,
    /// Who may become whom, ordered by target.
    pub trusts: BTreeSet<Trust>,
    /// What runs as whom.
    pub workloads: BTreeSet<Workload>,
    /// Jobs of CI systems.
    pub jobs: BTreeSet<Job>,
    /// Who is handed which secret.
    pub secret_uses: BTreeSet<SecretUse>,
    /// Statements of resources' policies.
    pub resource_statements: BTreeSet<ResourceStatement>,
    /// Nodes of organisations of accounts.
    pub org_nodes: BTreeSet<OrgNode>,
    /// Where control policies are attached.
    pub control_targets: BTreeSet<ControlTarget>,
    /// Lists of control policies that were read to their end.
    pub control_listings: BTreeSet<ControlListing>,
    /// Permission sets of single sign-on.
    pub permission_sets: BTreeSet<PermissionSet>,
    /// Who is given which permission set where.
    pub assignments: BTreeSet<Assignment>,
    /// Users and groups of the directory behind single sign-on.
    pub directory: BTreeSet<DirectoryEntry>,
    /// Identity providers that accounts accept.
    pub identity_providers: BTreeSet<IdentityProvider>,
    /// What identities were seen to use.
    pub usage: BTreeSet<Usage>,
    /// The time that records of use look at.
    pub usage_windows: BTreeSet<UsageWindow>,
    /// What the platform's own analyser found.
    pub analyzer_findings: BTreeSet<AnalyzerFinding>,
    /// Namespaces, accounts, stacks and what else identities live in.
    pub containers: BTreeSet<Container>,
    /// What deploys things from where.
    pub deployments: BTreeSet<Deployment>,
    /// CODEOWNERS files.
    pub codeowners: BTreeSet<Codeowners>,
    /// Catalog entities.
    pub catalog: BTreeSet<CatalogEntity>,
    /// Registry entries.
    pub registry: BTreeSet<RegistryEntry>,
    /// People of a roster.
    pub people: BTreeSet<Person>,
    /// Teams of a roster.
    pub teams: BTreeSet<Team>,
    /// Names that mean one party.
    pub aliases: BTreeSet<Alias>,
    /// Vendors and other third parties.
    pub vendors: BTreeSet<Vendor>,
    /// Who owns what, as platforms record it.
    pub attributions: BTreeSet<Attribution>,
    /// Comments that accept findings.
    pub allows: BTreeSet<Allow>,
    /// Sources present, as `(kind, account)`.
    pub sources: BTreeSet<(Str, Str)>,
}

impl Inventory {
    /// Merges facts in.
    pub fn absorb(&mut self, facts: Facts) {
        for identity in facts.identities {
            self.add_identity(identity);
        }
        for credential in facts.credentials {
            self.add_credential(credential);
        }
        self.certificates.extend(facts.certificates);
        for policy in facts.policies {
            self.add_policy(policy);
        }
        self.entitlements.extend(facts.entitlements);
        self.memberships.extend(facts.memberships);
        self.trusts.extend(facts.trusts);
        self.workloads.extend(facts.workloads);
        self.jobs.extend(facts.jobs);
        self.secret_uses.extend(facts.secret_uses);
        self.resource_statements.extend(facts.resource_statements);
        self.org_nodes.extend(facts.org_nodes);
        self.control_targets.extend(facts.control_targets);
        self.control_listings.extend(facts.control_listings);
        self.directory.extend(facts.directory);
        self.permission_sets.extend(facts.permission_sets);
        self.assignments.extend(facts.assignments);
        self.identity_providers.extend(facts.identity_providers);
        self.usage.extend(facts.usage);
        self.usage_windows.extend(facts.usage_windows);
        self.analyzer_findings.extend(facts.analyzer_findings);
        self.containers.extend(facts.containers);
        self.deployments.extend(facts.deployments);
        self.codeowners.extend(facts.codeowners);
        self.catalog.extend(facts.catalog);
        self.registry.extend(facts.registry);
        self.people.extend(facts.people);
        self.teams.extend(facts.teams);
        self.aliases.extend(facts.aliases);
        self.vendors.extend(facts.vendors);
        self.attributions.extend(facts.attributions);
        self.allows.extend(facts.allows);
        self.sources.extend(facts.sources);
    }

    /// Merges another inventory in.
    pub fn merge(&mut self, other: Self) {
        self.absorb(Facts {
            identities: other.identities.into_values().collect(),
            credentials: other.credentials.into_values().collect(),
            certificates: other.certificates.into_iter().collect(),
            policies: other.policies.into_values().collect(),
            entitlements: other.entitlements.into_iter().collect(),
            memberships: other.memberships.into_iter().collect(),
            trusts: other.trusts.into_iter().collect(),
            workloads: other.workloads.into_iter().collect(),
            jobs: other.jobs.into_iter().collect(),
            secret_uses: other.secret_uses.into_iter().collect(),
            resource_statements: other.resource_statements.into_iter().collect(),
            org_nodes: other.org_nodes.into_iter().collect(),
            control_targets: other.control_targets.into_iter().collect(),
            control_listings: other.control_listings.into_iter().collect(),
            directory: other.directory.into_iter().collect(),
            permission_sets: other.permission_sets.into_iter().collect(),
            assignments: other.assignments.into_iter().collect(),
            identity_providers: other.identity_providers.into_iter().collect(),
            usage: other.usage.into_iter().collect(),
            usage_windows: other.usage_windows.into_iter().collect(),
            analyzer_findings: other.analyzer_findings.into_iter().collect(),
            containers: other.containers.into_iter().collect(),
            deployments: other.deployments.into_iter().collect(),
            codeowners: other.codeowners.into_iter().collect(),
            catalog: other.catalog.into_iter().collect(),
            registry: other.registry.into_iter().collect(),
            people: other.people.into_iter().collect(),
            teams: other.teams.into_iter().collect(),
            aliases: other.aliases.into_iter().collect(),
            vendors: other.vendors.into_iter().collect(),
            attributions: other.attributions.into_iter().collect(),
            allows: other.allows.into_iter().collect(),
            sources: other.sources.into_iter().collect(),
        });
    }

    /// Adds an identity or merges it into the one with its id.
    pub fn add_identity(&mut self, identity: Identity) {
        match self.identities.get_mut(&identity.id) {
            Some(known) => known.merge(identity),
            None => {
                self.identities.insert(identity.id.clone(), identity);
            }
        }
    }

    /// Adds a credential or merges it into the one with its id.
    pub fn add_credential(&mut self, credential: Credential) {
        match self.credentials.get_mut(&credential.id) {
            Some(known) => known.merge(credential),
            None => {
                self.credentials.insert(credential.id.clone(), credential);
            }
        }
    }

    fn add_policy(&mut self, policy: Policy) {
        match self.policies.get_mut(&policy.id) {
            Some(known) => known.merge(policy),
            None => {
                self.policies.insert(policy.id.clone(), policy);
            }
        }
    }

    /// Whether a source of this kind was read for this account (`"*"` stands for any account).
    pub fn has_source(&self, kind: &str, account: &str) -> bool {
        self.sources
            .contains(&(Str::from(kind), Str::from(account)))
            || self.sources.contains(&(Str::from(kind), Str::from("*")))
    }
}

/// The inventory with what the analyses concluded.
#[derive(Clone, Debug, Default)]
pub struct Assessed {
    /// What there is.
    pub inventory: Inventory,
    /// What each identity may do. Every identity of the inventory has an entry.
    pub privilege: BTreeMap<IdentityId, Privilege>,
    /// Whose each identity, credential and container is. Every one of them has an entry.
    pub ownership: BTreeMap<SubjectId, Ownership>,
    /// The registry entries that speak of each identity, best first. Identities without are left out.
    pub registered: BTreeMap<IdentityId, Vec<RegistryEntry>>,
    /// The vendors that hold each identity, by the register's ids, each with how that is known. Identities that no
    /// vendor holds are left out.
    pub vendors: BTreeMap<IdentityId, Vec<VendorTie>>,
    /// What was said about the review of each subject: the nearest statement, with where it was read.
    pub reviews: BTreeMap<SubjectId, Review>,
    /// Everybody who is named as an owner, each once, by the name that stands for all of its names.
    pub parties: Vec<Party>,
    /// Vendors, with what they hold, by id.
    pub suppliers: Vec<Supplier>,
    /// The registry beside what was found.
    pub reconciled: Reconciled,
}
