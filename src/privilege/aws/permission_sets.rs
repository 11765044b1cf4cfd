//! Permission sets and the roles they are provisioned as: who changes a permission set changes what all its
//! roles may do.

use super::world::{Kind, Node};
use crate::model::Inventory;
use crate::platform::aws::single_sign_on::permission_set_of;
use std::collections::{BTreeMap, BTreeSet};

/// A permission set as principals meet it.
#[derive(Debug, Default)]
#[allow(dead_code, reason = "what paths over single sign-on ask for")]
pub(super) struct PermissionSet<'i> {
    /// Its ARN; `None` where only its roles tell of it.
    pub arn: Option<&'i str>,
    /// Its name, which its roles carry.
    pub name: &'i str,
    /// Accounts that it is assigned in or has a role in.
    pub accounts: BTreeSet<&'i str>,
    /// Positions of the roles it is provisioned as. Who acts as one of them holds the permission set, and a
    /// change of the set is a change of every one of them.
    pub roles: Vec<usize>,
}

/// Every permission set, by name and then ARN. Sets of one name (of several instances) cannot be told apart by
/// their roles; each then has those of accounts that it is assigned in, or all where no assignments tell.
pub(super) fn permission_sets<'i>(
    inventory: &'i Inventory,
    nodes: &[Node<'i>],
) -> Vec<PermissionSet<'i>> {
    let mut roles: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (position, node) in nodes.iter().enumerate() {
        if node.kind == Kind::Role
            && let Some(name) = permission_set_of(&node.id.0)
        {
            roles.entry(name).or_default().push(position);
        }
    }
    let mut assigned: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for assignment in &inventory.assignments {
        let accounts = assigned.entry(&assignment.permission_set).or_default();
        accounts.insert(&assignment.account);
    }
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for set in &inventory.permission_sets {
        if let Some(name) = &set.name {
            named.entry(name).or_default().insert(&set.arn);
        }
    }
    let mut all = Vec::new();
    for (name, arns) in &named {
        let provisioned = roles.remove(name).unwrap_or_default();
        for arn in arns {
            let accounts = assigned.get(arn);
            let alone = arns.len() == 1 || accounts.is_none();
            let own = provisioned.iter().copied().filter(|&position| {
                let account = nodes.get(position).map(|node| &*node.account);
                alone || account.is_some_and(|a| accounts.is_some_and(|all| all.contains(a)))
            });
            all.push(PermissionSet {
                arn: Some(arn),
                name,
                accounts: accounts.cloned().unwrap_or_default(),
                roles: own.collect(),
            });
        }
    }
    let unlisted = roles.into_iter().map(|(name, roles)| PermissionSet {
        name,
        roles,
        ..PermissionSet::default()
    });
    all.extend(unlisted);
    for set in &mut all {
        // Account numbers live as long as the inventory in the ids of the roles.
        let of = set.roles.iter().filter_map(|&position| {
            let id: &'i str = &nodes.get(position)?.id.0;
            id.split(':').nth(4)
        });
        set.accounts.extend(of);
    }
    all
}
