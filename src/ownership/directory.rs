//! What directories of identity platforms say of owners: several owners of one identity own it together, and a
//! directory that lists owners has been asked even where it lists none.

use super::claims::{Declaration, What};
use crate::model::{Identity, Method};

/// The trait of identities of which the directory's list of owners was read.
const LISTED: &str = "owners-listed";

/// What the directory is called that a reader reads.
pub(super) fn name(reader: &str) -> &'static str {
    match reader {
        "entra" => "Entra",
        "okta" => "Okta",
        "sailpoint" => "SailPoint",
        "github" => "GitHub",
        _ => "the platform's directory",
    }
}

/// The directory whose list of owners was read for an identity.
pub(super) fn asked(identity: &Identity) -> Option<&'static str> {
    let listed = identity.traits.iter().any(|name| &**name == LISTED);
    let mut readers = identity
        .evidence
        .iter()
        .map(|evidence| name(evidence.reader));
    listed.then(|| {
        readers
            .find(|name| !name.starts_with("the "))
            .unwrap_or("the platform's directory")
    })
}

/// The declarations, with all that one directory names in one: each owner is as good as the next, and none of them
/// disputes another. The first stands for all.
pub(super) fn together(declarations: Vec<Declaration>) -> Vec<Declaration> {
    let mut joined: Vec<Declaration> = Vec::with_capacity(declarations.len());
    for declaration in declarations {
        let same = |known: &&mut Declaration| {
            known.method == Method::Provider
                && declaration.method == Method::Provider
                && matches!(
                    (&known.what, &declaration.what),
                    (What::Suggestion(_), What::Suggestion(_))
                )
                && known.evidence.reader == declaration.evidence.reader
        };
        match joined.iter_mut().find(same) {
            Some(known) => {
                // Each owner keeps the place that names it.
                let first = known.evidence.clone();
                known.places.resize(known.owners.len(), first);
                let places = declaration.places.into_iter().map(Some);
                let places = places.chain(std::iter::repeat(None));
                for (owner, place) in declaration.owners.into_iter().zip(places) {
                    if !known.owners.contains(&owner) {
                        known.owners.push(owner);
                        let place = place.unwrap_or_else(|| declaration.evidence.clone());
                        known.places.push(place);
                    }
                }
            }
            None => joined.push(declaration),
        }
    }
    joined
}
