//! Whose each identity and credential is: claims from every source, the best one, and why.
//!
//! Sources, strongest first: the registry, labels of the identity itself, labels of its namespace or
//! account, a service catalog, CODEOWNERS of the file that declares it, and what merely suggests an owner.
//! All claims are kept; declared ones of the best confidence decide, and where those name different
//! parties the subject is disputed. A roster, when there is one, tells owners who are no longer there.

mod agree;
mod catalog;
mod claims;
mod codeowners;
mod conclude;
mod contained;
mod deployers;
mod directory;
mod entities;
mod expressions;
mod labels;
mod named;
mod names;
mod parties;
pub mod pattern;
mod reconcile;
mod registry;
mod review;
mod roster;
mod vendors;

pub use agree::Agreement;

use crate::model::{
    Alias, Assessed, Attribution, IdentityId, Inventory, Ownership, Party, RegistryEntry, Review,
    Str, SubjectId, Timestamp, VendorTie,
};
use std::collections::{BTreeMap, BTreeSet};

/// What the user can configure about ownership, and what other parts of a scan contribute.
#[derive(Clone, Debug, Default)]
pub struct OwnershipOptions {
    /// Label keys that name an owner beside the built-in ones. They come before those.
    pub owner_keys: Vec<Str>,
    /// The time of the scan: somebody whose last day is before it has left. Without it, leaving dates
    /// alone do not tell.
    pub now: Option<Timestamp>,
    /// Names that are one party's, as the user says. The first name of each stands for all.
    pub aliases: Vec<Alias>,
    /// Mail domains that are one organisation's: the same local part in two of them is one party.
    pub domains: Vec<Str>,
    /// Claims from outside the inventory, such as commit authors.
    pub suggestions: Vec<Attribution>,
}

/// What ownership analysis concludes.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// Whose each identity and each credential is.
    pub ownership: BTreeMap<SubjectId, Ownership>,
    /// The registry entries that speak of each identity, best first. Identities without are left out.
    pub registered: BTreeMap<IdentityId, Vec<RegistryEntry>>,
    /// The vendors that hold each identity. Identities that none holds are left out.
    pub vendors: BTreeMap<IdentityId, Vec<VendorTie>>,
    /// When the need for each identity and container is to be reviewed, where anything says so.
    pub reviews: BTreeMap<SubjectId, Review>,
    /// Everybody whom a claim names, each once, with every spelling, by the name that stands for all.
    pub parties: Vec<Party>,
}

/// Resolves ownership for every identity and credential of the inventory.
///
/// Who is one party shows only when all claims are known; so they are gathered first and judged then.
pub fn resolve(inventory: &Inventory, options: &OwnershipOptions) -> Resolved {
    let mut resolved = Resolved::default();
    let mut claims = claims::Claims::new(inventory, options);
    let mut gathered: Vec<(SubjectId, claims::Found)> = Vec::new();
    for id in containers(inventory) {
        let subject = SubjectId::Container(id.clone());
        let review = claims.containers(id).find_map(review::of_container);
        resolved
            .reviews
            .extend(review.map(|r| (subject.clone(), r)));
        gathered.push((subject.clone(), claims.of_container(&subject, id)));
    }
    for (id, identity) in &inventory.identities {
        let entries = claims.registry.entries(identity);
        let subject = SubjectId::Identity(id.clone());
        match &identity.provider_managed {
            Some(why) => {
                let ownership = conclude::provider_managed(why);
                resolved.ownership.insert(subject.clone(), ownership);
            }
            None => {
                let found = claims.of_identity(&subject, identity, &entries);
                gathered.push((subject.clone(), found));
            }
        }
        let around = identity.containers();
        let around = around.iter().flat_map(|id| claims.containers(id));
        let registered = entries.iter().map(|e| e.entry);
        let review = review::of(registered, &identity.labels, around);
        resolved.reviews.extend(review.map(|r| (subject, r)));
        if !entries.is_empty() {
            let entries = entries.iter().map(|e| e.entry.clone()).collect();
            resolved.registered.insert(id.clone(), entries);
        }
    }
    for (id, credential) in &inventory.credentials {
        let subject = SubjectId::Credential(id.clone());
        let found = claims.of_credential(&subject, credential);
        gathered.push((subject, found));
    }
    let mut roster = roster::Roster::new(inventory, options.now);
    let parties = parties::Parties::new(spellings(&gathered), inventory, options, &roster);
    roster.settle(parties);
    for (subject, mut found) in gathered {
        found.rename(|owner| roster.parties().canonical(owner));
        let own = conclude::conclude(&subject, found, &mut roster);
        // Credentials come last: whose their identities are is known.
        let credential = match &subject {
            SubjectId::Credential(id) => inventory.credentials.get(id),
            _ => None,
        };
        let ownership = match credential {
            Some(of) => conclude::inherited(inventory, of, &resolved.ownership, own),
            None => own,
        };
        resolved.ownership.insert(subject, ownership);
    }
    resolved.vendors = vendors::ties(
        inventory,
        &options.domains,
        &resolved.registered,
        &resolved.ownership,
    );
    resolved.parties = parties::Parties::list(&mut roster);
    resolved
}

/// Compares the registries with what was found and concluded: of identities ([`Assessed::reconciled`]) and of
/// vendors ([`Assessed::suppliers`]).
pub fn settle(assessed: &mut Assessed, now: Option<Timestamp>) {
    assessed.reconciled = reconcile::reconcile(assessed, now);
    assessed.suppliers = vendors::suppliers(assessed, now);
}

/// Whether everybody can have an address in a mail domain, so that it says nothing of an organisation.
pub fn everybodys_domain(domain: &str) -> bool {
    parties::names::FREE_MAIL.contains(&domain)
}

/// Every spelling of every owner in what was found.
fn spellings(gathered: &[(SubjectId, claims::Found)]) -> parties::Spellings {
    let mut spellings = parties::Spellings::default();
    let declarations = gathered.iter().flat_map(|(_, found)| &found.declarations);
    for (owner, raw) in declarations.flat_map(|declaration| &declaration.owners) {
        spellings.add(owner, raw);
    }
    spellings
}

/// The ids of all containers, each once.
fn containers(inventory: &Inventory) -> BTreeSet<&Str> {
    inventory.containers.iter().map(|c| &c.id).collect()
}
