//! Kubernetes RBAC: what ServiceAccounts, users and groups may do, judged as the API server's authoriser does.
//!
//! Every role is judged once for the whole cluster and once for a namespace (`judge`); an identity adds
//! up what its bindings and its groups' bindings give (`holdings`); then whoever can run as, or get a
//! token of, somebody stronger becomes as strong (`paths`).

use crate::model::{
    Entitlement, Identity, IdentityId, IdentityKind, Inventory, Platform, Privilege,
};
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
        .filter(|identity| {
            identity.platform == Platform::Kubernetes && identity.kind != IdentityKind::Declared
        })
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
    let mut assessor = Assessor::new(&roles, &surroundings);
    let mut drafts: Vec<Draft<'_>> = identities
        .into_iter()
        .map(|identity| {
            let cluster = identity.account.as_deref().unwrap_or(names::CLUSTER);
            let read = inventory.has_source("kubernetes", cluster);
            assessor.draft(identity, cluster, &grants, read)
        })
        .collect();
    paths::follow(&mut drafts, &surroundings);
    out.extend(
        drafts
            .into_iter()
            .map(|draft| (draft.identity.id.clone(), draft.finish())),
    );
}
