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
mod labels;
pub mod pattern;
mod registry;
mod review;
mod roster;
mod vendors;

pub use agree::Agreement;

use crate::model::{
    Attribution, IdentityId, Inventory, Ownership, RegistryEntry, Review, Str, SubjectId,
    Timestamp, VendorTie,
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
}

/// Resolves ownership for every identity and credential of the inventory.
pub fn resolve(inventory: &Inventory, options: &OwnershipOptions) -> Resolved {
    let mut resolved = Resolved::default();
    let mut claims = claims::Claims::new(inventory, options);
    let mut roster = roster::Roster::new(inventory, options.now);
    resolved.vendors = vendors::ties(inventory);
    for id in containers(inventory) {
        let subject = SubjectId::Container(id.clone());
        let found = claims.of_container(&subject, id);
        let ownership = conclude::conclude(&subject, found, &mut roster);
        let review = claims.containers(id).find_map(review::of_container);
        resolved
            .reviews
            .extend(review.map(|r| (subject.clone(), r)));
        resolved.ownership.insert(subject, ownership);
    }
    for (id, identity) in &inventory.identities {
        let entries = claims.registry.entries(identity);
        let subject = SubjectId::Identity(id.clone());
        let ownership = match &identity.provider_managed {
            Some(why) => conclude::provider_managed(why),
            None => {
                let found = claims.of_identity(&subject, identity, &entries);
                conclude::conclude(&subject, found, &mut roster)
            }
        };
        let around = identity.containers();
        let around = around.iter().flat_map(|id| claims.containers(id));
        let registered = entries.iter().map(|e| e.entry);
        let review = review::of(registered, &identity.labels, around);
        resolved
            .reviews
            .extend(review.map(|r| (subject.clone(), r)));
        resolved.ownership.insert(subject, ownership);
        if !entries.is_empty() {
            let entries = entries.iter().map(|e| e.entry.clone()).collect();
            resolved.registered.insert(id.clone(), entries);
        }
    }
    for (id, credential) in &inventory.credentials {
        let subject = SubjectId::Credential(id.clone());
        let found = claims.of_credential(&subject, credential);
        let own = conclude::conclude(&subject, found, &mut roster);
        let ownership = conclude::inherited(inventory, credential, &resolved.ownership, own);
        resolved.ownership.insert(subject, ownership);
    }
    resolved
}

/// The ids of all containers, each once.
fn containers(inventory: &Inventory) -> BTreeSet<&Str> {
    inventory.containers.iter().map(|c| &c.id).collect()
}
