//! Kubernetes RBAC: what ServiceAccounts, users and groups may do, judged as the API server's authoriser does.
//!
//! Every role is judged once for the whole cluster and once for a namespace (`judge`); an identity adds
//! up what its bindings and its groups' bindings give (`holdings`); then whoever can run as, or get a
//! token of, somebody stronger becomes as strong (`paths`).

use crate::model::{Entitlement, Identity, IdentityId, Inventory, Platform, Privilege};
use crate::platform::kubernetes::names;
use std::collections::BTreeMap;

mod held;
mod holdings;
mod judge;
mod paths;
mod roles;

use holdings::{Assessor, Draft};
use paths::Surroundings;
use roles::Roles;

/// Adds the privilege of every Kubernetes identity of the inventory.
pub fn assess(inventory: &Inventory, out: &mut BTreeMap<IdentityId, Privilege>) {
    let identities: Vec<&Identity> = inventory
        .identities
        .values()
        .filter(|identity| identity.platform == Platform::Kubernetes)
        .collect();
    if identities.is_empty() {
        return;
    }
    let mut grants: BTreeMap<&str, Vec<&Entitlement>> = BTreeMap::new();
    for entitlement in &inventory.entitlements {
        grants
            .entry(&entitlement.principal.0)
            .or_default()
            .push(entitlement);
    }
    let roles = Roles::new(inventory);
    let surroundings = Surroundings::new(inventory);
    let mut judged = judge_all(inventory, &identities, &grants, &roles, &surroundings);

    // Judged again without what everybody is given, where anything is.
    let everybody: Vec<String> = identities
        .iter()
        .flat_map(|i| everybodys_groups(cluster(i)))
        .collect();
    let before = grants.len();
    for group in &everybody {
        grants.remove(group.as_str());
    }
    if grants.len() == before {
        for privilege in judged.values_mut() {
            privilege.own_tier = privilege.tier;
        }
    } else {
        let own = judge_all(inventory, &identities, &grants, &roles, &surroundings);
        for (id, privilege) in &mut judged {
            let of_everybody = everybody.iter().any(|group| **group == *id.0);
            let own = own.get(id).filter(|_| !of_everybody);
            privilege.own_tier = own.map_or(privilege.tier, |own| own.tier);
        }
    }
    out.extend(judged);
}

/// The ids of the groups that every ServiceAccount, or everybody at all, is in.
fn everybodys_groups(cluster: &str) -> [String; 3] {
    [
        names::ALL_ACCOUNTS,
        names::AUTHENTICATED,
        names::UNAUTHENTICATED,
    ]
    .map(|g| names::group(cluster, g))
}

fn cluster(identity: &Identity) -> &str {
    identity.account.as_deref().unwrap_or(names::CLUSTER)
}

fn judge_all<'a>(
    inventory: &Inventory,
    identities: &[&'a Identity],
    grants: &BTreeMap<&str, Vec<&'a Entitlement>>,
    roles: &Roles<'a>,
    surroundings: &Surroundings<'a>,
) -> BTreeMap<IdentityId, Privilege> {
    let mut assessor = Assessor::new(roles, surroundings);
    let mut drafts: Vec<Draft<'_>> = identities
        .iter()
        .map(|&identity| {
            let read = inventory.has_source("kubernetes", cluster(identity));
            assessor.draft(identity, cluster(identity), grants, read)
        })
        .collect();
    paths::follow(&mut drafts, surroundings);
    drafts
        .into_iter()
        .map(|draft| (draft.identity.id.clone(), draft.finish()))
        .collect()
}
