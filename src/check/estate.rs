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
use super::subject::vendor::VendorView;
use super::subject::workload::WorkloadView;
use crate::model::{
    Assessed, Identity, IdentityId, Inventory, Presence, Registration, RegistryEntry, SubjectId,
    Timestamp, Workload,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

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
    let mut registrations = Cursor::new(assessed.reconciled.identities.iter());
    let mut ties = Cursor::new(assessed.vendors.iter());
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
            registration: registrations.at(&identity.id),
            ties: ties.at(&identity.id).map_or(&[], Vec::as_slice),
            suppliers: &assessed.suppliers,
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
    pub vendors: Vec<VendorView<'v>>,
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
    static NOWHERE: LazyLock<Registration> = LazyLock::new(Registration::default);
    let reconciled = &assessed.reconciled.entries;
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
        declarations: called_once(inventory)
            .map(|entry| DeclarationView {
                entry,
                registration: reconciled.get(entry).unwrap_or(&NOWHERE),
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
        vendors: VendorView::all(assessed, &find, now),
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

/// Registry entries, of several with one id the one that stands first: a subject has one id.
fn called_once(inventory: &Inventory) -> impl Iterator<Item = &RegistryEntry> {
    let mut first: BTreeMap<&str, &RegistryEntry> = BTreeMap::new();
    for entry in &inventory.registry {
        let known = first.entry(&entry.id).or_insert(entry);
        if entry.evidence < known.evidence {
            *known = entry;
        }
    }
    first.into_values()
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

/// The distinct names of the policies of an identity.
pub(super) fn distinct<'a>(names: &[&'a str]) -> BTreeSet<&'a str> {
    names.iter().copied().collect()
}
