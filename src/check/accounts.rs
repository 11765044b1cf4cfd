//! What holds for whole AWS accounts and organisations, found once: which were read, who is in them, which
//! statements trust whom, which policies control what.

use super::grants::Grants;
use crate::model::{
    Effect, EntitlementRole, IdentityId, IdentityKind, Inventory, OrgNode, OrgNodeKind, PolicyId,
    Presence, Trust, TrustPrincipal,
};
use crate::platform::aws::arn::Arn;
use crate::platform::aws::key_id;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Deepest tree of an organisation that is followed.
const MAX_DEPTH: usize = 32;

/// The source that lists users and roles of an account.
const DETAILS: &str = "aws-authorization-details";

/// Facts about accounts.
pub(super) struct Accounts<'a> {
    /// Accounts of which users and roles were listed.
    read: BTreeSet<&'a str>,
    /// Nodes of organisations, with all that their records say together.
    pub nodes: BTreeMap<&'a str, Node<'a>>,
    /// Whether attachments of control policies were read.
    pub controls_read: bool,
    /// Ids of identities that exist, and their other names.
    known: HashSet<&'a str>,
    /// Account and name of roles that exist, for sessions, which leave out the path.
    roles: HashSet<(&'a str, &'a str)>,
    /// Trusts by whom they let in or shut out.
    trusts: HashMap<&'a IdentityId, Vec<&'a Trust>>,
    /// How many roles trust each identity provider.
    trusting: HashMap<&'a str, usize>,
    /// What each principal holds.
    pub grants: Grants<'a>,
    /// Boundaries by who has them, with whether the document was read.
    pub boundaries: HashMap<&'a IdentityId, (&'a PolicyId, bool)>,
    /// Policies that a principal holds itself: the id and whether it is embedded.
    pub held: HashMap<&'a IdentityId, Vec<(&'a PolicyId, bool)>>,
    /// How many groups a principal is in.
    pub groups: HashMap<&'a IdentityId, usize>,
    /// Who becomes each identity.
    pub became_by: HashMap<&'a str, BTreeSet<&'a str>>,
    /// The groups of clusters that each identity was put in, by name.
    pub cluster_groups: HashMap<&'a IdentityId, BTreeSet<&'a str>>,
    /// Namespace and name of ServiceAccounts that exist, in whatever cluster.
    service_accounts: HashSet<(&'a str, &'a str)>,
    /// Namespaces of which something was read.
    namespaces: HashSet<&'a str>,
    inventory: &'a Inventory,
}

/// A root, unit or account of an organisation.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub kind: OrgNodeKind,
    pub name: Option<&'a str>,
    pub parent: Option<&'a str>,
    pub management: Option<bool>,
    pub status: Option<&'a str>,
    pub records: Vec<&'a OrgNode>,
    /// Control policies attached to it.
    pub controls: BTreeSet<&'a PolicyId>,
}

impl<'a> Accounts<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut all = Self {
            read: BTreeSet::new(),
            nodes: BTreeMap::new(),
            controls_read: !inventory.control_targets.is_empty(),
            known: HashSet::new(),
            roles: HashSet::new(),
            trusts: HashMap::new(),
            trusting: HashMap::new(),
            grants: Grants::new(inventory),
            boundaries: HashMap::new(),
            held: HashMap::new(),
            groups: HashMap::new(),
            became_by: HashMap::new(),
            cluster_groups: HashMap::new(),
            service_accounts: HashSet::new(),
            namespaces: HashSet::new(),
            inventory,
        };
        let sources = inventory.sources.iter();
        all.read = sources
            .filter(|(kind, _)| &**kind == DETAILS)
            .map(|(_, account)| &**account)
            .collect();
        all.place(inventory);
        all.joined(inventory);
        for identity in inventory.identities.values() {
            let exists = identity.presence.contains(&Presence::Observed);
            if !exists || !identity.kind.as_str().starts_with("aws-") {
                continue;
            }
            all.known.insert(&identity.id.0);
            all.known.extend(identity.aliases.iter().map(|a| &**a));
            if let (IdentityKind::AwsRole, Some(account)) = (identity.kind, &identity.account) {
                all.roles.insert((account, &identity.name));
            }
        }
        for trust in &inventory.trusts {
            all.trusts.entry(&trust.target).or_default().push(trust);
            if let (Effect::Allow, TrustPrincipal::Federated(provider)) =
                (trust.effect, &trust.principal)
            {
                *all.trusting.entry(provider).or_default() += 1;
            }
        }
        for membership in &inventory.memberships {
            *all.groups.entry(&membership.member).or_default() += 1;
        }
        for entitlement in &inventory.entitlements {
            let (who, policy) = (&entitlement.principal, &entitlement.policy);
            match entitlement.role {
                EntitlementRole::Boundary => {
                    let read = inventory.policies.contains_key(policy)
                        || policy.0.contains("::aws:policy/");
                    all.boundaries.insert(who, (policy, read));
                }
                EntitlementRole::Grant | EntitlementRole::Conditional => {
                    let embedded = policy.0.contains("#inline/");
                    all.held.entry(who).or_default().push((policy, embedded));
                }
            }
        }
        all
    }

    /// What there is of clusters, and who becomes whom.
    fn joined(&mut self, inventory: &'a Inventory) {
        for identity in inventory.identities.values() {
            for (target, _) in &identity.becomes {
                let slot = self.became_by.entry(&target.0).or_default();
                slot.insert(&identity.id.0);
            }
            let exists = identity.presence.iter().any(|p| *p != Presence::Referenced);
            if identity.kind == IdentityKind::KubernetesServiceAccount
                && exists
                && let Some(namespace) = identity.namespace.as_deref()
            {
                self.service_accounts.insert((namespace, &identity.name));
                self.namespaces.insert(namespace);
            }
        }
        for container in &inventory.containers {
            let rest = container.id.strip_prefix("k8s:");
            let namespace = rest.and_then(|rest| rest.rsplit('/').next());
            self.namespaces.extend(namespace);
        }
        for membership in &inventory.memberships {
            if let Some((_, name)) = membership.group.0.split_once("#group:") {
                let slot = self.cluster_groups.entry(&membership.member).or_default();
                slot.insert(name);
            }
        }
    }

    /// The subjects that a trust names literally and of which it is known that they are not there: ServiceAccounts
    /// of namespaces of which something was read.
    pub(super) fn missing_subjects(&self, trust: &Trust) -> Vec<String> {
        let named = trust.named_accounts().into_iter();
        named
            .filter(|(namespace, name)| {
                self.namespaces.contains(namespace.as_str())
                    && !self
                        .service_accounts
                        .contains(&(namespace.as_str(), name.as_str()))
                    // Every namespace has one.
                    && name != "default"
            })
            .map(|(namespace, name)| format!("{namespace}/{name}"))
            .collect()
    }

    fn place(&mut self, inventory: &'a Inventory) {
        for record in &inventory.org_nodes {
            let node = self.nodes.entry(&record.id).or_insert_with(|| Node {
                kind: record.kind,
                name: None,
                parent: None,
                management: None,
                status: None,
                records: Vec::new(),
                controls: BTreeSet::new(),
            });
            node.name = node.name.or(record.name.as_deref());
            node.parent = node.parent.or(record.parent.as_deref());
            node.management = node.management.or(record.management);
            node.status = node.status.or(record.status.as_deref());
            node.records.push(record);
        }
        for target in &inventory.control_targets {
            if let Some(node) = self.nodes.get_mut(&*target.target) {
                node.controls.insert(&target.policy);
            }
        }
    }

    /// Whether the users and roles of an account were listed.
    pub(super) fn read(&self, account: &str) -> bool {
        self.read.contains(account) || self.read.contains("*")
    }

    /// An account of an organisation that was read.
    pub(super) fn member(&self, account: &str) -> Option<&Node<'a>> {
        let node = self.nodes.get(account)?;
        (node.kind == OrgNodeKind::Account).then_some(node)
    }

    /// Control policies that hold for an account, from its root down, without those that allow everything;
    /// `None` where attachments were not read.
    pub(super) fn controls(&self, account: &str) -> Option<BTreeSet<&'a str>> {
        if !self.controls_read {
            return None;
        }
        let mut names = BTreeSet::new();
        let mut at = Some(account);
        for _ in 0..MAX_DEPTH {
            let Some(node) = at.and_then(|id| self.nodes.get(id)) else {
                break;
            };
            for &id in &node.controls {
                let all = ["p-FullAWSAccess", "p-RCPFullAWSAccess"];
                if !all.iter().any(|full| id.0.ends_with(full)) {
                    let policy = self.inventory.policies.get(id);
                    names.insert(policy.map_or(&*id.0, |p| &*p.name));
                }
            }
            at = node.parent;
        }
        Some(names)
    }

    /// The trusts of an identity.
    pub(super) fn trusts(&self, id: &IdentityId) -> &[&'a Trust] {
        self.trusts.get(id).map_or(&[], Vec::as_slice)
    }

    /// How many roles trust a provider.
    pub(super) fn trusting(&self, provider: &str) -> usize {
        self.trusting.get(provider).copied().unwrap_or_default()
    }

    /// The account of a principal.
    pub(super) fn account_of(principal: &TrustPrincipal) -> Option<String> {
        match principal {
            TrustPrincipal::Account(id) => Some(id.to_string()),
            TrustPrincipal::Principal(id) => match Arn::parse(id) {
                Some(arn) => arn.customer().map(str::to_owned),
                None => key_id::account(id),
            },
            _ => None,
        }
    }

    /// Whether a principal that a policy names is no longer there; `None` when its account was not read.
    pub(super) fn missing(&self, principal: &str) -> Option<bool> {
        if self.known.contains(principal) {
            return Some(false);
        }
        let Some(arn) = Arn::parse(principal) else {
            // IAM writes the unique id in place of the ARN once the principal is deleted.
            let unique = matches!(key_id::kind(principal), Some("user" | "role"));
            return unique.then_some(true);
        };
        let account = arn.customer()?;
        if !self.read(account) {
            return None;
        }
        match (arn.service, arn.kind()) {
            ("iam", "user" | "role") => Some(true),
            ("sts", "assumed-role") => {
                let role = arn.resource.split('/').nth(1)?;
                Some(!self.roles.contains(&(account, role)))
            }
            _ => None,
        }
    }
}
