//! Whose each identity and credential is: claims from every source, the best one, and why.

use crate::model::{IdentityId, Inventory, Ownership, RegistryEntry, Str, SubjectId};
use std::collections::BTreeMap;

/// What the user can configure about ownership.
#[derive(Clone, Debug, Default)]
pub struct OwnershipOptions {
    /// Label keys that name an owner beside the built-in ones.
    pub owner_keys: Vec<Str>,
}

/// What ownership analysis concludes.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// Whose each identity and each credential is.
    pub ownership: BTreeMap<SubjectId, Ownership>,
    /// The registry entries that speak of each identity, best first.
    pub registered: BTreeMap<IdentityId, Vec<RegistryEntry>>,
}

/// Resolves ownership for every identity and credential of the inventory.
pub fn resolve(_inventory: &Inventory, _options: &OwnershipOptions) -> Resolved {
    Resolved::default()
}
