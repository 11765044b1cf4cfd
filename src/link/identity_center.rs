//! Joins of Identity Center: permission sets that answers name only by their short id, and the roles that
//! permission sets are provisioned as, with who is assigned.

use crate::model::{
    Assignment, DirectoryEntry, Entitlement, IdentityId, IdentityKind, Inventory, Policy, PolicyId,
    Str,
};
use crate::platform::aws::single_sign_on::{
    is_permission_set, permission_set_id, permission_set_of,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Joins. Idempotent.
pub fn link(inventory: &mut Inventory) {
    name_in_full(inventory);
    join_roles(inventory);
}

/// Files named by a permission set's short id speak of the set that has that id in its ARN.
fn name_in_full(inventory: &mut Inventory) {
    let full: BTreeMap<Str, Str> = inventory
        .permission_sets
        .iter()
        .map(|set| &set.arn)
        .chain(inventory.assignments.iter().map(|a| &a.permission_set))
        .filter_map(|arn| Some((permission_set_id(arn)?.into(), arn.clone())))
        .filter(|(id, arn): &(Str, Str)| id != arn)
        .collect();
    if full.is_empty() {
        return;
    }
    let short = |id: &str| is_permission_set(id.split('#').next().unwrap_or_default());
    let renamed = |id: &str| -> Option<Str> {
        let (own, rest) = id
            .split_once('#')
            .map_or((id, None), |(own, rest)| (own, Some(rest)));
        let arn = full.get(own)?;
        Some(rest.map_or_else(|| arn.clone(), |rest| format!("{arn}#{rest}").into()))
    };
    if inventory.entitlements.iter().any(|e| short(&e.principal.0)) {
        let entitlements = std::mem::take(&mut inventory.entitlements);
        let whole = entitlements.into_iter().map(|entitlement| Entitlement {
            principal: renamed(&entitlement.principal.0)
                .map_or_else(|| entitlement.principal.clone(), IdentityId),
            policy: renamed(&entitlement.policy.0)
                .map_or_else(|| entitlement.policy.clone(), PolicyId),
            ..entitlement
        });
        inventory.entitlements = whole.collect();
    }
    if inventory
        .assignments
        .iter()
        .any(|a| short(&a.permission_set))
    {
        let assignments = std::mem::take(&mut inventory.assignments);
        let whole = assignments.into_iter().map(|assignment| Assignment {
            permission_set: renamed(&assignment.permission_set)
                .unwrap_or_else(|| assignment.permission_set.clone()),
            ..assignment
        });
        inventory.assignments = whole.collect();
    }
    let ids: Vec<PolicyId> = inventory
        .policies
        .keys()
        .filter(|id| short(&id.0))
        .cloned()
        .collect();
    for id in ids {
        if let (Some(arn), Some(policy)) = (renamed(&id.0), inventory.policies.remove(&id)) {
            let id = PolicyId(arn);
            let policy = Policy {
                id: id.clone(),
                ..policy
            };
            match inventory.policies.get_mut(&id) {
                Some(known) => known.merge(policy),
                None => {
                    inventory.policies.insert(id, policy);
                }
            }
        }
    }
}

/// Says of the roles that Identity Center made which permission set they are, and who is assigned it there.
fn join_roles(inventory: &mut Inventory) {
    let mut names: HashMap<&str, &DirectoryEntry> = HashMap::new();
    for entry in &inventory.directory {
        names.entry(&entry.id).or_insert(entry);
    }
    let mut called: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for set in &inventory.permission_sets {
        if let Some(name) = &set.name {
            called.entry(name).or_default().insert(&set.arn);
        }
    }
    let mut assigned: BTreeMap<(&str, &str), BTreeSet<&Assignment>> = BTreeMap::new();
    for assignment in &inventory.assignments {
        let key = (&*assignment.permission_set, &*assignment.account);
        assigned.entry(key).or_default().insert(assignment);
    }
    let mut found: Vec<(IdentityId, Str, BTreeSet<Str>)> = Vec::new();
    for identity in inventory.identities.values() {
        if identity.kind != IdentityKind::AwsRole {
            continue;
        }
        let Some(name) = permission_set_of(&identity.id.0) else {
            continue;
        };
        let account = identity.account.as_deref().unwrap_or_default();
        let sets = called.get(name).into_iter().flatten();
        let holders = sets
            .filter_map(|arn| assigned.get(&(*arn, account)))
            .flatten();
        let holders = holders.map(|assignment| {
            let kind = if assignment.group { "group" } else { "user" };
            let name = names.get(&*assignment.principal);
            let name = name.map_or(&*assignment.principal, |entry| &*entry.name);
            Str::from(format!("{kind} {name}"))
        });
        let serves = format!("single-sign-on:{name}").into();
        found.push((identity.id.clone(), serves, holders.collect()));
    }
    for (id, serves, holders) in found {
        if let Some(identity) = inventory.identities.get_mut(&id) {
            identity.serves.insert(serves);
            identity.assigned.extend(holders);
        }
    }
}
