//! The assessed inventory with its records side by side: what belongs to each subject, found once.

use super::accounts::Accounts;
use super::subject::account::AccountView;
use super::subject::analyzer_finding::AnalyzerFindingView;
use super::subject::credential::CredentialView;
use super::subject::declaration::DeclarationView;
use super::subject::identity::IdentityView;
use super::subject::job::JobView;
use super::subject::permission_set::PermissionSetView;
use super::subject::provider::ProviderView;
use super::subject::trust::TrustView;
use super::subject::workload::WorkloadView;
use crate::model::{
    Assessed, Identity, IdentityId, Inventory, Platform, Presence, RegistryEntry, Selector,
    SubjectId, Timestamp, Workload,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Every identity with what belongs to it, in order of id.
pub(super) fn identities<'a>(
    assessed: &'a Assessed,
    accounts: &'a Accounts<'a>,
    now: Timestamp,
) -> Vec<IdentityView<'a>> {
    let inventory = &assessed.inventory;
    let registry_present = !inventory.registry.is_empty() || inventory.has_source("registry", "*");
    let sources: BTreeSet<(&str, &str)> = inventory
        .sources
        .iter()
        .map(|(k, a)| (&**k, &**a))
        .collect();
    let listed = |kind: &str, account: &str| {
        sources.contains(&(kind, account)) || sources.contains(&(kind, "*"))
    };
    // All maps are in order of id, so one walk finds what a lookup for each identity would.
    let mut privilege = Cursor::new(assessed.privilege.iter());
    let mut registered = Cursor::new(assessed.registered.iter());
    let mut ownership = Cursor::new(assessed.ownership.iter().filter_map(|(id, o)| match id {
        SubjectId::Identity(id) => Some((id, o)),
        _ => None,
    }));
    let mut reviews = Cursor::new(assessed.reviews.iter().filter_map(|(id, r)| match id {
        SubjectId::Identity(id) => Some((id, r)),
        _ => None,
    }));
    let mut views: Vec<IdentityView<'_>> = inventory
        .identities
        .values()
        .map(|identity| IdentityView {
            identity,
            privilege: privilege.at(&identity.id),
            ownership: ownership.at(&identity.id),
            review: reviews.at(&identity.id),
            entries: registered.at(&identity.id).map_or(&[], Vec::as_slice),
            credentials: Vec::new(),
            workloads: Vec::new(),
            policies: Vec::new(),
            becomes_missing: becomes_missing(identity, inventory),
            keys_listed: identity.account.as_deref().is_some_and(|account| {
                ["aws-credential-report", "aws-access-keys"]
                    .iter()
                    .any(|k| listed(k, account))
            }),
            registry_present,
            accounts,
            now,
        })
        .collect();
    let index = index(&views);
    let mut missing = Vec::new();
    for credential in inventory.credentials.values() {
        // Two exports may say of one key whose it is.
        let holders: BTreeSet<&IdentityId> = credential.links.iter().map(|l| &l.identity).collect();
        for holder in holders {
            attach(&index, holder, credential, &mut missing);
        }
    }
    let credentials = std::mem::take(&mut missing);
    let mut workloads = Vec::new();
    for workload in pods(inventory) {
        attach(&index, &workload.runs_as, workload, &mut workloads);
    }
    let mut policies = Vec::new();
    for entitlement in &inventory.entitlements {
        let name = inventory.policies.get(&entitlement.policy).map_or_else(
            || entitlement.policy.0.rsplit('/').next().unwrap_or_default(),
            |p| &*p.name,
        );
        attach(&index, &entitlement.principal, name, &mut policies);
    }
    drop(index);
    for (at, credential) in credentials {
        if let Some(view) = views.get_mut(at) {
            view.credentials.push(credential);
        }
    }
    for (at, workload) in workloads {
        if let Some(view) = views.get_mut(at) {
            view.workloads.push(workload);
        }
    }
    for (at, policy) in policies {
        if let Some(view) = views.get_mut(at) {
            view.policies.push(policy);
        }
    }
    views
}

fn attach<T>(
    index: &HashMap<&IdentityId, usize>,
    id: &IdentityId,
    thing: T,
    to: &mut Vec<(usize, T)>,
) {
    if let Some(at) = index.get(id) {
        to.push((*at, thing));
    }
}

fn index<'v>(views: &[IdentityView<'v>]) -> HashMap<&'v IdentityId, usize> {
    let ids = views.iter().enumerate();
    ids.map(|(at, view)| (&view.identity.id, at)).collect()
}

/// Finds keys in an ordered sequence when asked for them in order.
struct Cursor<I: Iterator>(std::iter::Peekable<I>);

impl<'a, T: 'a, I: Iterator<Item = (&'a IdentityId, &'a T)>> Cursor<I> {
    fn new(items: I) -> Self {
        Self(items.peekable())
    }

    fn at(&mut self, id: &IdentityId) -> Option<&'a T> {
        while self.0.next_if(|(found, _)| *found < id).is_some() {}
        self.0.next_if(|(found, _)| *found == id).map(|(_, t)| t)
    }
}

/// The views of everything that is not an identity, over the views of the identities.
pub(super) struct Others<'v> {
    pub credentials: Vec<CredentialView<'v>>,
    pub declarations: Vec<DeclarationView<'v>>,
    pub trusts: Vec<TrustView<'v>>,
    pub workloads: Vec<WorkloadView<'v>>,
    pub jobs: Vec<JobView<'v>>,
    pub accounts: Vec<AccountView<'v>>,
    pub providers: Vec<ProviderView<'v>>,
    pub permission_sets: Vec<PermissionSetView<'v>>,
    pub analyzer_findings: Vec<AnalyzerFindingView<'v>>,
}

/// Every credential, registry entry, trust and workload.
pub(super) fn others<'v>(
    assessed: &'v Assessed,
    identities: &'v [IdentityView<'v>],
    accounts: &'v Accounts<'v>,
    now: Timestamp,
) -> Others<'v> {
    let inventory = &assessed.inventory;
    let index = index(identities);
    let find = |id: &IdentityId| index.get(id).and_then(|at| identities.get(*at));
    let matched = matched(assessed);
    Others {
        credentials: inventory
            .credentials
            .values()
            .map(|credential| CredentialView {
                credential,
                identity: credential.identity().and_then(&find),
                ownership: assessed
                    .ownership
                    .get(&SubjectId::Credential(credential.id.clone())),
                accounts,
                now,
            })
            .collect(),
        declarations: inventory
            .registry
            .iter()
            .map(|entry| DeclarationView {
                entry,
                matched: matched.get(entry).copied().unwrap_or_default(),
                sources_present: sources_present(entry, inventory),
                now,
            })
            .collect(),
        trusts: inventory
            .trusts
            .iter()
            .map(|trust| TrustView {
                trust,
                id: trust.id(),
                target: find(&trust.target),
                accounts,
            })
            .collect(),
        workloads: pods(inventory)
            .map(|workload| WorkloadView {
                workload,
                identity: find(&workload.runs_as),
            })
            .collect(),
        jobs: JobView::all(inventory, &find, accounts),
        accounts: AccountView::all(inventory, accounts),
        providers: ProviderView::all(inventory, accounts, now),
        permission_sets: PermissionSetView::all(inventory),
        analyzer_findings: AnalyzerFindingView::all(inventory, &find, now),
    }
}

/// What runs in clusters: conditions on workloads speak of pods, and a cloud's instance profiles are none.
fn pods(inventory: &Inventory) -> impl Iterator<Item = &Workload> {
    let workloads = inventory.workloads.iter();
    workloads.filter(|workload| !workload.id.starts_with("arn:"))
}

/// Whether a source says that the identity exists, rather than only naming it.
fn exists(identity: &Identity) -> bool {
    identity
        .presence
        .iter()
        .any(|p| matches!(p, Presence::Declared | Presence::Observed))
}

/// How many existing identities each registry entry speaks of.
fn matched(assessed: &Assessed) -> BTreeMap<&RegistryEntry, usize> {
    let mut counts = BTreeMap::new();
    for (id, entries) in &assessed.registered {
        if assessed.inventory.identities.get(id).is_some_and(exists) {
            for entry in entries {
                *counts.entry(entry).or_default() += 1;
            }
        }
    }
    counts
}

/// Whether a role that the identity becomes is in no export although its account was exported;
/// `None` when a role's account was not exported.
fn becomes_missing(identity: &Identity, inventory: &Inventory) -> Option<bool> {
    let mut answer = Some(false);
    for (target, _) in &identity.becomes {
        if inventory.identities.get(target).is_some_and(exists) {
            continue;
        }
        let account = target.0.split(':').nth(4).unwrap_or_default();
        if inventory.has_source("aws-authorization-details", account) {
            return Some(true);
        }
        answer = None;
    }
    answer
}

/// Whether exports were read that would list what a registry entry speaks of.
fn sources_present(entry: &RegistryEntry, inventory: &Inventory) -> bool {
    match &entry.selector {
        Selector::Exact(id) if id.starts_with("k8s:") => kubernetes_covers(id, inventory),
        Selector::Exact(id) if id.starts_with("arn:aws") || id.starts_with("aws:") => {
            let account = id
                .split([':', '/'])
                .find(|part| part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit()));
            aws_covers(account, id.contains("user"), inventory)
        }
        // Another platform: nothing that is read could show it.
        Selector::Exact(_) => false,
        Selector::Pattern {
            platform,
            account,
            namespace,
            ..
        } => {
            let platform = platform.as_deref();
            let aws = platform.is_none_or(|p| p == Platform::Aws.as_str())
                && aws_covers(account.as_deref(), true, inventory);
            let kubernetes = platform
                .is_none_or(|p| p == Platform::Kubernetes.as_str() || p == "k8s")
                && inventory.identities.values().any(|i| {
                    i.platform == Platform::Kubernetes
                        && (namespace.is_none() || *namespace == i.namespace)
                        && (account.is_none() || *account == i.account)
                        && exists(i)
                });
            aws || kubernetes
        }
    }
}

/// Whether IAM was listed for the account (any account, when none is named). The credential report
/// lists users only.
fn aws_covers(account: Option<&str>, user: bool, inventory: &Inventory) -> bool {
    inventory.sources.iter().any(|(kind, of)| {
        let lists = match &**kind {
            "aws-authorization-details" => true,
            "aws-credential-report" => user,
            _ => false,
        };
        lists && (&**of == "*" || account.is_none_or(|a| a == &**of))
    })
}

/// Manifests are seldom a whole cluster: a ServiceAccount counts as looked for when its cluster was
/// dumped, or when what was read declares something else in its namespace.
fn kubernetes_covers(id: &str, inventory: &Inventory) -> bool {
    let mut parts = id.strip_prefix("k8s:").unwrap_or(id).splitn(3, '/');
    let (cluster, namespace) = (parts.next(), parts.next());
    let in_cluster =
        |i: &&Identity| i.platform == Platform::Kubernetes && i.account.as_deref() == cluster;
    let mut identities = inventory.identities.values().filter(in_cluster);
    let covered = identities.any(|i| {
        i.presence.contains(&Presence::Observed)
            || (exists(i) && namespace.is_some() && i.namespace.as_deref() == namespace)
    });
    covered
        || inventory.workloads.iter().any(|w| {
            let mut parts = w.id.strip_prefix("k8s:").unwrap_or(&w.id).splitn(3, '/');
            (parts.next(), parts.next()) == (cluster, namespace)
        })
}

/// The distinct names of the policies of an identity.
pub(super) fn distinct<'a>(names: &[&'a str]) -> BTreeSet<&'a str> {
    names.iter().copied().collect()
}
