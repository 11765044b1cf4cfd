//! What each identity may do: one analyser per platform, one vocabulary for the answer.

use crate::model::{IdentityId, Inventory, Privilege};
use std::collections::BTreeMap;

pub mod aws;

/// The privilege of every identity of the inventory.
pub fn assess(inventory: &Inventory) -> BTreeMap<IdentityId, Privilege> {
    let mut out = BTreeMap::new();
    aws::assess(inventory, &mut out);
    out
}
