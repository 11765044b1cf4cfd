//! Joins of instance profiles: lists of profiles and records of roles tell of the same ones.

use crate::model::{Inventory, Str};
use std::collections::BTreeSet;

/// Keeps one record of each instance profile and role, the first. Idempotent.
pub fn link(inventory: &mut Inventory) {
    let mut seen: BTreeSet<(Str, Str)> = BTreeSet::new();
    inventory.workloads.retain(|workload| {
        !workload.id.starts_with("arn:")
            || seen.insert((workload.id.clone(), workload.runs_as.0.clone()))
    });
}
