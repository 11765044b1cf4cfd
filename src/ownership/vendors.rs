//! Which vendors hold which identities.

use crate::model::{IdentityId, Inventory, VendorTie};
use std::collections::BTreeMap;

/// The vendors that hold each identity; identities that none holds are left out.
pub(super) fn ties(_inventory: &Inventory) -> BTreeMap<IdentityId, Vec<VendorTie>> {
    BTreeMap::new()
}
