//! Kubernetes RBAC: what ServiceAccounts, users and groups may do, judged as the API server's authoriser does.
//!
//! Every role is judged once for the whole cluster and once for a namespace (`judge`); an identity adds
//! up what its bindings and its groups' bindings give (`holdings`); then whoever can run as, or get a
//! token of, somebody stronger becomes as strong (`paths`).

use crate::model::{Entitlement, Evidence, Identity, IdentityId, Inventory, Platform, Privilege};
use crate::platform::kubernetes::names;
use std::collections::BTreeMap;

mod held;
mod holdings;
mod judge;
mod list;
mod paths;
mod roles;

use holdings::{Assessor, Draft};
use paths::Surroundings;
use roles::Roles;

/// Adds the privilege of every Kubernetes identity of the inventory.
///
/// `elsewhere` is what ServiceAccounts may do on other platforms: whoever can run as them can do that, too.
pub fn assess(
    inventory: &Inventory,
    elsewhere: &BTreeMap<IdentityId, Privilege>,
    out: &mut BTreeMap<IdentityId, Privilege>,
) {
    let identities: Vec<&Identity> = inventory
        .identities
        .values()
        .filter(|identity| identity.platform == Platform::Kubernetes)
        .collect();
    if identities.is_empty() {
        return;
    }
    let mut grants: BTreeMap<&str, Vec<&Entitlement>> = BTreeMap::new();
    for entitlement in &inventory.entitlements {
        grants
            .entry(&entitlement.principal.0)
            .or_default()
            .push(entitlement);
    }
    let mut groups: BTreeMap<&str, Vec<(&str, &Evidence)>> = BTreeMap::new();
    for membership in &inventory.memberships {
        if membership.group.0.starts_with("k8s:") {
            let slot = groups.entry(&membership.member.0).or_default();
            slot.push((&membership.group.0, &membership.evidence));
        }
    }
    let roles = Roles::new(inventory);
    let surroundings = Surroundings::new(inventory);
    let estate = Estate {
        inventory,
        elsewhere,
        identities: &identities,
        groups: &groups,
        roles: &roles,
        surroundings: &surroundings,
    };
    let mut judged = estate.judge_all(&grants);

    // Judged again without what everybody is given, where anything is.
    let everybody: Vec<String> = identities
        .iter()
        .flat_map(|i| everybodys_groups(cluster(i)))
        .collect();
    let before = grants.len();
    for group in &everybody {
        grants.remove(group.as_str());
    }
    if grants.len() == before {
        for privilege in judged.values_mut() {
            privilege.own_tier = privilege.tier;
        }
    } else {
        let own = estate.judge_all(&grants);
        for (id, privilege) in &mut judged {
            let of_everybody = everybody.iter().any(|group| **group == *id.0);
            let own = own.get(id).filter(|_| !of_everybody);
            privilege.own_tier = own.map_or(privilege.tier, |own| own.tier);
            if let Some(own) = own {
                // What everybody is given is said once, of everybody.
                privilege.powers.clone_from(&own.powers);
                privilege.wildcard.clone_from(&own.wildcard);
            }
        }
    }
    out.extend(judged);
}

/// The ids of the groups that every ServiceAccount, or everybody at all, is in.
fn everybodys_groups(cluster: &str) -> [String; 3] {
    [
        names::ALL_ACCOUNTS,
        names::AUTHENTICATED,
        names::UNAUTHENTICATED,
    ]
    .map(|g| names::group(cluster, g))
}

fn cluster(identity: &Identity) -> &str {
    identity.account.as_deref().unwrap_or(names::CLUSTER)
}

/// What all identities are judged by.
struct Estate<'a, 'r> {
    inventory: &'a Inventory,
    elsewhere: &'r BTreeMap<IdentityId, Privilege>,
    identities: &'r [&'a Identity],
    /// The ids of the groups that each identity was put in.
    groups: &'r BTreeMap<&'a str, Vec<(&'a str, &'a Evidence)>>,
    roles: &'r Roles<'a>,
    surroundings: &'r Surroundings<'a>,
}

impl<'a> Estate<'a, '_> {
    fn judge_all(
        &self,
        grants: &BTreeMap<&str, Vec<&'a Entitlement>>,
    ) -> BTreeMap<IdentityId, Privilege> {
        let mut assessor = Assessor::new(self.roles, self.surroundings);
        let mut drafts: Vec<Draft<'_>> = self
            .identities
            .iter()
            .map(|&identity| {
                let groups = self.groups.get(&*identity.id.0);
                let groups = groups.map_or(&[][..], Vec::as_slice);
                let cluster = self.home(identity, groups);
                let prefix = names::group(cluster, "");
                let groups: Vec<(&str, &Evidence)> = groups
                    .iter()
                    .filter_map(|(group, at)| Some((group.strip_prefix(prefix.as_str())?, *at)))
                    .collect();
                let read = self.inventory.has_source("kubernetes", cluster);
                assessor.draft(identity, cluster, grants, &groups, read)
            })
            .collect();
        for draft in &mut drafts {
            if let Some(elsewhere) = self.elsewhere.get(&draft.identity.id) {
                draft.is_elsewhere(elsewhere);
            }
        }
        paths::follow(&mut drafts, self.surroundings);
        list::list(&mut drafts, self.surroundings);
        drafts
            .into_iter()
            .map(|draft| (draft.identity.id.clone(), draft.finish()))
            .collect()
    }

    /// The cluster that an identity is judged in: its own, or, if that was not read, the one in whose groups it is.
    fn home(&self, identity: &'a Identity, groups: &[(&'a str, &Evidence)]) -> &'a str {
        let own = cluster(identity);
        if self.inventory.has_source("kubernetes", own) {
            return own;
        }
        let of_groups = groups.iter().filter_map(|(group, _)| {
            let (cluster, _) = group.strip_prefix("k8s:")?.split_once("#group:")?;
            Some(cluster)
        });
        let mut read = of_groups.filter(|name| self.inventory.has_source("kubernetes", name));
        read.next().unwrap_or(own)
    }
}
