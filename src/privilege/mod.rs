//! What each identity may do: one analyser per platform, one vocabulary for the answer.

use crate::model::{IdentityId, Inventory, Privilege, Timestamp};
use std::collections::BTreeMap;

mod across;
pub mod aws;
mod entrance;
pub mod kubernetes;
pub mod named;

/// The privilege of every identity of the inventory, whenever that is asked.
pub fn assess(inventory: &Inventory) -> BTreeMap<IdentityId, Privilege> {
    judge(inventory, None)
}

/// The privilege of every identity of the inventory as of a time: what a date has ended is over.
pub fn assess_at(inventory: &Inventory, now: Timestamp) -> BTreeMap<IdentityId, Privilege> {
    judge(inventory, Some(now))
}

fn judge(inventory: &Inventory, now: Option<Timestamp>) -> BTreeMap<IdentityId, Privilege> {
    let mut out = BTreeMap::new();
    aws::assess(inventory, now, &mut out);
    for privilege in out.values_mut() {
        privilege.own_tier = privilege.tier;
    }
    named::assess(inventory, &mut out);
    let elsewhere = across::of_accounts(inventory, &out);
    kubernetes::assess(inventory, &elsewhere, &mut out);
    for id in inventory.identities.keys() {
        out.entry(id.clone()).or_default();
    }
    across::assess(inventory, &mut out);
    out
}
