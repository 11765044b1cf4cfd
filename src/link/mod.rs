//! Joins: facts that different sources state about the same thing are brought together.

use crate::model::Inventory;

pub mod aws;

/// Joins everything that can be joined. Idempotent.
pub fn link(inventory: &mut Inventory) {
    aws::link(inventory);
}
