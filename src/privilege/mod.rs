//! What each identity may do: one analyser per platform, one vocabulary for the answer.

use crate::model::{IdentityId, Inventory, Privilege};
use std::collections::BTreeMap;

/// The privilege of every identity of the inventory.
pub fn assess(_inventory: &Inventory) -> BTreeMap<IdentityId, Privilege> {
    BTreeMap::new()
}
