//! Joins: facts that different sources state about the same thing are brought together.

use crate::model::Inventory;

pub mod aws;
mod aws_late;
pub mod aws_third_parties;
pub mod credentials;
pub mod declared;
pub mod directories;
pub mod federation;
pub mod identity_center;
pub mod instance_profiles;
pub mod kubernetes;
pub mod oidc_grades;
pub mod organization;

pub use aws_late::unbound;

/// Joins everything that can be joined. Idempotent.
pub fn link(inventory: &mut Inventory) {
    declared::link(inventory);
    directories::link(inventory);
    aws::link(inventory);
    organization::link(inventory);
    oidc_grades::link(inventory);
    identity_center::link(inventory);
    instance_profiles::link(inventory);
    aws_late::link(inventory);
    aws_third_parties::link(inventory);
    federation::link(inventory);
    kubernetes::link(inventory);
    credentials::link(inventory);
    aws::identify(inventory);
}
