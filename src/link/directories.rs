//! What code and governance tools call by one name and a directory by another: one identity.
//!
//! Code that registers an application in Entra knows its name, and its id only from a state; exports know both. A tool
//! of identity governance knows what its source calls an account (`nativeIdentity`): an object id, an address, an ARN.
//! What exactly one observed identity is called is that one; where several are, they stay apart and that is said.

use super::declared::rename;
use crate::model::{Identity, IdentityId, IdentityKind, Inventory, Platform, Presence, Str};
use std::collections::{BTreeMap, BTreeSet};

/// How ids begin of what a tool of identity governance lists.
const GOVERNED: &str = "sailpoint:";

/// Joins. Idempotent.
pub fn link(inventory: &mut Inventory) {
    let wanted = |i: &Identity| entra(i) || governed(i);
    if !inventory.identities.values().any(wanted) {
        return;
    }
    let mut by_alias: BTreeMap<&str, BTreeSet<&IdentityId>> = BTreeMap::new();
    let mut by_name: BTreeMap<(IdentityKind, &str), BTreeSet<&IdentityId>> = BTreeMap::new();
    for identity in inventory.identities.values().filter(|i| !governed(i)) {
        let observed = identity.presence.contains(&Presence::Observed);
        let own = identity.id.0.split_once(':').map(|(_, rest)| rest);
        // A governance tool knows nothing of prefixes: `jane@acme.iam.gserviceaccount.com`.
        for name in identity
            .aliases
            .iter()
            .map(|a| &**a)
            .chain([&*identity.id.0])
            .chain(own)
        {
            by_alias.entry(name).or_default().insert(&identity.id);
        }
        if identity.platform == Platform::Entra && observed && !symbolic(&identity.name) {
            let key = (identity.kind, &*identity.name);
            by_name.entry(key).or_default().insert(&identity.id);
        }
    }
    let mut names: BTreeMap<Str, Str> = BTreeMap::new();
    let mut several: Vec<(IdentityId, usize)> = Vec::new();
    for identity in inventory.identities.values().filter(|i| wanted(i)) {
        let observed = |id: &&IdentityId| {
            let other = inventory.identities.get(*id);
            **id != identity.id && other.is_some_and(|o| o.presence.contains(&Presence::Observed))
        };
        // What code calls a thing in a state is not what the directory calls it.
        let code = |alias: &&Str| !alias.starts_with("terraform:") && !alias.starts_with("pulumi:");
        let own = identity.id.0.rsplit('/').next().unwrap_or_default();
        let called = identity
            .aliases
            .iter()
            .filter(code)
            .map(|a| &**a)
            .chain([own]);
        let found: BTreeSet<&IdentityId> = called
            .filter_map(|name| by_alias.get(name))
            .flatten()
            .copied()
            .filter(observed)
            .collect();
        let found = match found.is_empty() && entra(identity) && !observed(&&identity.id) {
            false => found,
            true => by_name
                .get(&(identity.kind, &*identity.name))
                .into_iter()
                .flatten()
                .copied()
                .filter(observed)
                .collect(),
        };
        match found.iter().collect::<Vec<_>>().as_slice() {
            [] => {}
            [only] => {
                names.insert(identity.id.0.clone(), only.0.clone());
            }
            more => several.push((identity.id.clone(), more.len())),
        }
    }
    for (id, count) in several {
        if let Some(identity) = inventory.identities.get_mut(&id) {
            let note = format!("{count} identities that directories list are called so");
            identity.derivation.insert(note.into());
        }
    }
    rename(inventory, &names);
}

/// An identity of Entra that code declares or something refers to, and that no export lists under this id.
fn entra(identity: &Identity) -> bool {
    identity.platform == Platform::Entra && !identity.presence.contains(&Presence::Observed)
}

fn governed(identity: &Identity) -> bool {
    identity.id.0.starts_with(GOVERNED)
}

fn symbolic(name: &str) -> bool {
    name.contains("${") || name.contains("{{")
}
