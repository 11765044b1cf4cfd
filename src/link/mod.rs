//! Joins: facts that different sources state about the same thing are brought together.

use crate::model::Inventory;

pub mod aws;
pub mod aws_third_parties;
pub mod credentials;
pub mod kubernetes;

/// Joins everything that can be joined. Idempotent.
pub fn link(inventory: &mut Inventory) {
    aws::link(inventory);
    aws_third_parties::link(inventory);
    kubernetes::link(inventory);
    credentials::link(inventory);
}
