//! Which vendors hold which identities, and whether they still may: the register of vendors beside trusts, tags,
//! directories and mail domains.

mod contract;
mod register;

use super::registry::RegistryIndex;
use super::roster::Roster;
use crate::model::{
    Assessed, Effect, Evidence, Humanity, Identity, IdentityId, IdentityKind, Inventory, Owner,
    Ownership, Platform, Presence, RegistryEntry, Str, SubjectId, Supplier, Timestamp, Trust,
    TrustPrincipal, VendorTie,
};
use crate::platform::aws::arn::Arn;
use crate::platform::aws::{key_id, vendors as known};
use register::Register;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many ways to know of a vendor are told of one identity.
const MAX_TIES: usize = 16;

/// Labels that name a vendor, by the last part of the key without punctuation.
const LABELS: [&str; 9] = [
    "vendor",
    "vendorname",
    "supplier",
    "suppliername",
    "thirdparty",
    "thirdpartyname",
    "externalvendor",
    "managedbyvendor",
    "partner",
];
/// The tenant that owns an application of a directory, by the last part of the key without punctuation.
const OWNER_TENANT: [&str; 2] = ["appownerorganizationid", "appownertenantid"];
/// Who publishes it.
const PUBLISHER: [&str; 3] = [
    "publishername",
    "verifiedpublisher",
    "verifiedpublisherdisplayname",
];
/// Tenants of the provider of the directory itself (Microsoft Learn, "Verify first-party Microsoft applications in
/// sign-in reports").
const FIRST_PARTY: [&str; 2] = [
    "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
    "72f988bf-86f1-41af-91ab-2d7cd011db47",
];
/// What labels hold that name nobody.
const NOBODY: [&str; 14] = [
    "", "-", "0", "1", "false", "internal", "n/a", "na", "no", "none", "true", "unknown", "yes",
    "self",
];

/// The vendors that hold each identity; identities that none holds are left out.
pub(super) fn ties(
    inventory: &Inventory,
    domains: &[Str],
    registered: &BTreeMap<IdentityId, Vec<RegistryEntry>>,
    ownership: &BTreeMap<SubjectId, Ownership>,
) -> BTreeMap<IdentityId, Vec<VendorTie>> {
    let mut register = Register::new(&inventory.vendors);
    register.forget_domains(&own_domains(inventory, domains));
    let stated = register.selectors(&inventory.vendors);
    let stated = RegistryIndex::new(&stated);
    let trusts = foreign_trusts(inventory);
    let mut all = BTreeMap::new();
    for (id, identity) in &inventory.identities {
        if identity.humanity.0 == Humanity::Human || identity.provider_managed.is_some() {
            continue;
        }
        let mut found = Found {
            register: &register,
            identity,
            ties: Vec::new(),
        };
        found.by_entries(registered.get(id).map_or(&[][..], Vec::as_slice));
        for selected in stated.entries(identity) {
            let why = "the register of vendors says so";
            found.add(&selected.entry.id, why.to_owned(), &selected.entry.evidence);
        }
        found.by_trusts(trusts.get(id).map_or(&[][..], Vec::as_slice));
        found.by_account();
        found.by_labels();
        found.by_serves();
        found.by_domains(ownership.get(&SubjectId::Identity(id.clone())));
        if !found.ties.is_empty() {
            all.insert(id.clone(), found.ties);
        }
    }
    all
}

/// Mail domains of the organisation itself: those that the configuration names, and the one that most people of the
/// roster have. Registers list them beside a vendor's by mistake, or because a vendor is part of the organisation;
/// everybody has an address there, so it tells of no vendor.
fn own_domains(inventory: &Inventory, configured: &[Str]) -> BTreeSet<String> {
    let mut own: BTreeSet<String> = configured.iter().map(|d| d.to_lowercase()).collect();
    let mut people: BTreeMap<String, usize> = BTreeMap::new();
    for person in &inventory.people {
        let domains = person.names.iter().filter_map(|name| {
            let (_, domain) = name.rsplit_once('@')?;
            (domain.contains('.') && !domain.contains('/')).then(|| domain.to_lowercase())
        });
        for domain in domains.collect::<BTreeSet<_>>() {
            *people.entry(domain).or_default() += 1;
        }
    }
    let most = people.into_iter().max_by_key(|(_, many)| *many);
    own.extend(
        most.filter(|(_, n)| *n > 2 && *n * 2 > inventory.people.len())
            .map(|(d, _)| d),
    );
    own
}

/// Trusts that let other accounts or providers in, with the account or host.
fn foreign_trusts(inventory: &Inventory) -> HashMap<&IdentityId, Vec<(&Trust, Str)>> {
    let mut all: HashMap<&IdentityId, Vec<(&Trust, Str)>> = HashMap::new();
    for trust in &inventory.trusts {
        let outside = trust.effect == Effect::Allow
            && trust.cross_account != Some(false)
            && trust.inside_organization != Some(true);
        if !outside {
            continue;
        }
        let party = match &trust.principal {
            TrustPrincipal::Account(id) => Some(id.to_string()),
            TrustPrincipal::Principal(id) => match Arn::parse(id) {
                Some(arn) => arn.customer().map(str::to_owned),
                None => key_id::account(id),
            },
            TrustPrincipal::Federated(issuer) => Some(issuer.to_string()),
            TrustPrincipal::Anyone | TrustPrincipal::Service(_) | TrustPrincipal::Other(_) => None,
        };
        // A vendor that looks at its own account trusts itself.
        let own = Arn::parse(&trust.target.0).and_then(|arn| arn.customer());
        if let Some(party) = party.filter(|party| Some(party.as_str()) != own) {
            let of = all.entry(&trust.target).or_default();
            if of.len() < MAX_TIES {
                of.push((trust, party.into()));
            }
        }
    }
    all
}

/// What ties one identity to vendors.
struct Found<'a> {
    register: &'a Register,
    identity: &'a Identity,
    ties: Vec<VendorTie>,
}

impl Found<'_> {
    /// A tie to the vendor of this id or name.
    fn add(&mut self, name: &str, why: String, evidence: &Evidence) {
        let known = self.register.named(name);
        let vendor = known.map_or_else(|| name.trim().into(), |v| v.id.clone());
        let mut ties = self.ties.iter();
        let told = ties.any(|tie| tie.vendor == vendor && *tie.why == *why);
        if self.ties.len() < MAX_TIES && !told {
            self.ties.push(VendorTie {
                vendor,
                registered: known.is_some(),
                why: why.into(),
                evidence: evidence.clone(),
            });
        }
    }

    fn by_entries(&mut self, entries: &[RegistryEntry]) {
        if let Some((vendor, entry)) = super::reconcile::vendor_of(entries) {
            let why = format!("registry entry {} names it", entry.id);
            self.add(vendor, why, &entry.evidence);
        }
    }

    fn by_trusts(&mut self, trusts: &[(&Trust, Str)]) {
        for (trust, party) in trusts {
            if let TrustPrincipal::Federated(_) = trust.principal {
                let host = party.rsplit("oidc-provider/").next().unwrap_or(party);
                let host = host.split('/').next().unwrap_or(host);
                if let Some(vendor) = self.register.of_host(host) {
                    let (id, why) = (
                        vendor.id.clone(),
                        format!("its trust lets tokens of {host} in"),
                    );
                    self.add(&id, why, &trust.evidence);
                }
                continue;
            }
            let why = format!("its trust lets account {party} in");
            let registered = self.register.of_account(party).map(|v| v.id.clone());
            let listed = || {
                let vendor = known::vendor(party).filter(|vendor| !vendor.aws)?;
                Some(Str::from(vendor.name.as_str()))
            };
            if let Some(name) = registered.or_else(listed) {
                self.add(&name, why, &trust.evidence);
            }
        }
    }

    /// By what joining and readers say that it serves, where nothing says it more exactly.
    fn by_serves(&mut self) {
        let Some(place) = self.identity.evidence.first() else {
            return;
        };
        for name in self
            .served()
            .filter(|_| self.ties.is_empty())
            .collect::<Vec<_>>()
        {
            self.add(&name, "the vendor acts through it".to_owned(), place);
        }
    }

    /// The vendors that it is known to serve, by name.
    fn served(&self) -> impl Iterator<Item = Str> + use<> {
        let names = self.identity.serves.iter();
        let names = names.filter_map(|served| served.strip_prefix("vendor:"));
        names
            .filter(|name| !name.is_empty())
            .map(Str::from)
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// By accounts, tenants and apps of the vendor.
    fn by_account(&mut self) {
        let identity = self.identity;
        let Some(place) = identity.evidence.first() else {
            return;
        };
        let called = matches!(
            identity.kind,
            IdentityKind::App | IdentityKind::EntraApplication | IdentityKind::ServiceConnection
        ) || identity.platform == Platform::GitHub;
        let names = std::iter::once(&identity.id.0)
            .chain(&identity.aliases)
            .chain(identity.account.as_ref())
            .chain(called.then_some(&identity.name));
        for name in names {
            if let Some(vendor) = self.register.of_account(name) {
                let id = vendor.id.clone();
                self.add(
                    &id,
                    format!("the register has {name} as an account of it"),
                    place,
                );
            }
        }
    }

    fn by_labels(&mut self) {
        let identity = self.identity;
        let mut publisher = None;
        let mut tenant = None;
        for label in &identity.labels {
            let key = label
                .key
                .rsplit(['/', ':', '.'])
                .next()
                .unwrap_or(&label.key);
            let key: String = key
                .chars()
                .filter(|c| c.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect();
            let value = label.value.trim();
            if value.len() > 128 || NOBODY.contains(&value.to_lowercase().as_str()) {
                continue;
            }
            if LABELS.contains(&key.as_str()) {
                self.add(value, format!("`{}` names it", label.key), &label.evidence);
            } else if PUBLISHER.contains(&key.as_str()) {
                publisher = Some(value);
            } else if OWNER_TENANT.contains(&key.as_str()) {
                tenant = Some((value, &label.evidence));
            }
        }
        let Some((tenant, evidence)) = tenant else {
            return;
        };
        let lower = tenant.to_lowercase();
        let own = identity
            .account
            .as_deref()
            .is_none_or(|own| own.eq_ignore_ascii_case(tenant));
        if own || FIRST_PARTY.contains(&lower.as_str()) {
            return;
        }
        let name = match self.register.of_account(tenant) {
            Some(vendor) => vendor.id.to_string(),
            None => {
                let served = self.served().next();
                let publisher = publisher
                    .map(str::to_owned)
                    .or(served.map(|name| name.to_string()));
                publisher.unwrap_or_else(|| format!("tenant {tenant}"))
            }
        };
        self.add(
            &name,
            format!("tenant {tenant} owns its application"),
            evidence,
        );
    }

    /// By mail domains of owners and of those who act as it.
    fn by_domains(&mut self, ownership: Option<&Ownership>) {
        if !self.register.has_domains() {
            return;
        }
        let mut found: Vec<(Str, String, Evidence)> = Vec::new();
        for claim in ownership.into_iter().flat_map(|o| &o.claims) {
            let Owner::Mail(address) = &claim.owner else {
                continue;
            };
            let domain = address.rsplit('@').next().unwrap_or_default();
            let vendor = self
                .register
                .of_host(domain)
                .filter(|_| claim.method.declared());
            if let Some(vendor) = vendor {
                let why = format!("its owner has an address of {domain}");
                found.push((vendor.id.clone(), why, claim.evidence.clone()));
            }
        }
        let users = self.identity.assigned.iter().chain([&self.identity.name]);
        for user in users.take(MAX_TIES) {
            let Some(place) = self.identity.evidence.first() else {
                break;
            };
            // A guest is `jane_acme.example#EXT#@tenant`.
            let address = match user.split_once("#EXT#") {
                Some((guest, _)) => guest.rsplit_once('_').map(|(_, domain)| domain),
                None => user.rsplit_once('@').map(|(_, domain)| domain),
            };
            let vendor = address.and_then(|domain| self.register.of_host(domain));
            if let (Some(vendor), Some(domain)) = (vendor, address) {
                let why = format!("who acts as it has an address of {domain}");
                found.push((vendor.id.clone(), why, place.clone()));
            }
        }
        for (vendor, why, evidence) in found {
            self.add(&vendor, why, &evidence);
        }
    }
}

/// Every vendor that a register has or that holds something, with what it holds.
pub(super) fn suppliers(assessed: &Assessed, now: Option<Timestamp>) -> Vec<Supplier> {
    let inventory = &assessed.inventory;
    let register = Register::new(&inventory.vendors);
    let mut roster = Roster::new(inventory, now);
    let mut all: BTreeMap<Str, Supplier> = BTreeMap::new();
    for vendor in register.all() {
        let (contract, contract_reason, contract_end) = contract::state(&vendor.contracts, now);
        let owner = vendor.owner.clone();
        let owner_there = owner
            .as_ref()
            .is_none_or(|owner| roster.standing(owner).there());
        let supplier = Supplier {
            id: vendor.id.clone(),
            name: vendor.name.clone(),
            registered: true,
            contract,
            contract_reason: contract_reason.into(),
            contract_end,
            owner,
            owner_there,
            approver: vendor.approver.clone(),
            accountability: vendor.accountability.clone(),
            data: vendor.data.clone(),
            identities: Vec::new(),
            evidence: vendor.evidence.clone(),
        };
        all.insert(vendor.id.clone(), supplier);
    }
    for (id, ties) in &assessed.vendors {
        let acts = |identity: &&Identity| {
            let mut presence = identity.presence.iter();
            presence.any(|p| matches!(p, Presence::Declared | Presence::Observed))
                && identity.enabled != Some(false)
        };
        if inventory.identities.get(id).filter(acts).is_none() {
            continue;
        }
        let vendors: BTreeSet<&Str> = ties.iter().map(|tie| &tie.vendor).collect();
        for vendor in vendors {
            let mine: Vec<VendorTie> = ties
                .iter()
                .filter(|t| t.vendor == *vendor)
                .cloned()
                .collect();
            let supplier = all.entry(vendor.clone()).or_insert_with(|| Supplier {
                id: vendor.clone(),
                name: vendor.clone(),
                registered: false,
                contract: crate::model::ContractState::Unknown,
                contract_reason: "no register has it".into(),
                contract_end: None,
                owner: None,
                owner_there: true,
                approver: None,
                accountability: None,
                data: None,
                identities: Vec::new(),
                evidence: Vec::new(),
            });
            if !supplier.registered {
                supplier
                    .evidence
                    .extend(mine.first().map(|tie| tie.evidence.clone()));
            }
            supplier.identities.push((id.clone(), mine));
        }
    }
    all.into_values().collect()
}
