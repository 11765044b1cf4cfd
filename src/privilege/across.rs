//! What identities may do because they become others by design: a ServiceAccount the IAM role that its annotation
//! names, a job of a CI system the service account that it signs in as, an IAM role a user of a cluster.

use super::entrance::{Doors, Entrance};
use crate::model::{
    Certainty, Evidence, Hop, Identity, IdentityId, IdentityKind, Inventory, Path, Platform,
    Privilege, Proof, Tier, TrustPrincipal,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most ways further that one identity takes over from those that it becomes.
const MOST_PATHS: usize = 25;

/// Longest chain that is written out; further steps are found in the proof of the identity that it leads to.
const MAX_HOPS: usize = 64;

/// Adds to each identity what those may do that it becomes. What becomes something else in turn goes first; those
/// that go round in a circle keep what they have.
pub(super) fn assess(inventory: &Inventory, out: &mut BTreeMap<IdentityId, Privilege>) {
    let doors = Doors::new(inventory);
    let names = names(inventory);
    for id in ordered(inventory, &names) {
        let Some(identity) = inventory.identities.get(id) else {
            continue;
        };
        let mut own = out.get(id).cloned().unwrap_or_default();
        for (target, evidence) in &identity.becomes {
            let target = names.get(&*target.0).map_or(target, |id| id);
            let entrance = doors.entrance(identity, target);
            Step {
                inventory,
                identity,
                target,
                evidence,
                entrance,
            }
            .take_over(out, &mut own);
        }
        out.insert(id.clone(), own);
    }
}

/// What ServiceAccounts may do on other platforms, as far as it makes those stronger who can run as them.
pub(super) fn of_accounts(
    inventory: &Inventory,
    known: &BTreeMap<IdentityId, Privilege>,
) -> BTreeMap<IdentityId, Privilege> {
    let mut found = BTreeMap::new();
    let mut doors = None;
    for identity in inventory.identities.values() {
        if identity.kind != IdentityKind::KubernetesServiceAccount || identity.becomes.is_empty() {
            continue;
        }
        let (doors, names) = doors.get_or_insert_with(|| (Doors::new(inventory), names(inventory)));
        let mut there = Privilege::default();
        for (target, evidence) in &identity.becomes {
            let target = names.get(&*target.0).map_or(target, |id| id);
            let step = Step {
                inventory,
                identity,
                target,
                evidence,
                entrance: doors.entrance(identity, target),
            };
            step.take_over(known, &mut there);
        }
        if there.tier >= Tier::Escalate {
            found.insert(identity.id.clone(), there);
        }
    }
    found
}

/// Whom other names mean that somebody is said to become.
fn names(inventory: &Inventory) -> BTreeMap<&str, &IdentityId> {
    let identities = || inventory.identities.values();
    let wanted: BTreeSet<&str> = identities()
        .flat_map(|identity| identity.becomes.iter().map(|(id, _)| id))
        .filter(|id| !inventory.identities.contains_key(*id))
        .map(|id| &*id.0)
        .collect();
    let mut names = BTreeMap::new();
    if wanted.is_empty() {
        return names;
    }
    for identity in identities() {
        for alias in identity.aliases.iter().filter(|a| wanted.contains(&***a)) {
            names.entry(&**alias).or_insert(&identity.id);
        }
    }
    names
}

/// Whoever becomes somebody, after those whom they become.
fn ordered<'i>(
    inventory: &'i Inventory,
    names: &BTreeMap<&str, &'i IdentityId>,
) -> Vec<&'i IdentityId> {
    let mut done: BTreeSet<&IdentityId> = BTreeSet::new();
    let mut open: BTreeSet<&IdentityId> = BTreeSet::new();
    let mut order = Vec::new();
    for first in inventory.identities.values() {
        let mut stack = vec![(&first.id, false)];
        while let Some((id, left)) = stack.pop() {
            if left {
                open.remove(id);
                if done.insert(id) {
                    order.push(id);
                }
                continue;
            }
            let Some(identity) = inventory.identities.get(id) else {
                continue;
            };
            if identity.becomes.is_empty() || done.contains(id) || !open.insert(id) {
                continue;
            }
            stack.push((id, true));
            let targets = identity.becomes.iter().map(|(target, _)| target);
            stack.extend(targets.map(|t| (names.get(&*t.0).copied().unwrap_or(t), false)));
        }
    }
    order
}

/// One identity becomes another.
struct Step<'i> {
    inventory: &'i Inventory,
    identity: &'i Identity,
    target: &'i IdentityId,
    evidence: &'i Evidence,
    entrance: Entrance<'i>,
}

impl Step<'_> {
    fn take_over(&self, known: &BTreeMap<IdentityId, Privilege>, own: &mut Privilege) {
        let target = self.target;
        let mut steps = vec![Arc::new(Hop {
            what: self.described().into(),
            evidence: Some(self.evidence.clone()),
        })];
        let firm = self.entrance.certainty();
        let mut depending = String::new();
        let mut conditions = BTreeSet::new();
        match &self.entrance {
            Entrance::Shut => {
                own.shut_out.insert(target.clone());
                return;
            }
            Entrance::Open { trust, keys } => {
                steps.push(Arc::new(Hop {
                    what: format!(
                        "{} {} lets in {}",
                        if target.0.starts_with("arn:") {
                            "trust policy"
                        } else {
                            "trust"
                        },
                        trust.label,
                        trust.principal.describe()
                    )
                    .into(),
                    evidence: Some(trust.evidence.clone()),
                }));
                if !keys.is_empty() {
                    let named: Vec<&str> = keys.iter().map(String::as_str).collect();
                    depending = format!(", depending on {}", named.join(", "));
                    conditions = keys.iter().map(|key| key.as_str().into()).collect();
                }
            }
            Entrance::Unread | Entrance::Given => {}
        }
        let unread = matches!(self.entrance, Entrance::Unread);
        let theirs = known.get(target).filter(|p| p.tier != Tier::Unknown);
        let Some(theirs) = theirs else {
            own.unresolved
                .insert(format!("what {target} may do").into());
            own.certainty = own.certainty.max(Certainty::Unresolved);
            // It may well do something; "nothing" is not known to be true.
            for tier in [&mut own.tier, &mut own.own_tier] {
                if *tier == Tier::None {
                    *tier = Tier::Unknown;
                }
            }
            return;
        };
        if unread {
            own.unresolved
                .insert(format!("who may assume {target}").into());
        }
        let via = |proof: &Arc<Proof>| {
            Arc::new(Proof {
                claim: format!("{}{depending}", proof.claim).into(),
                hops: (steps.iter().chain(&proof.hops).take(MAX_HOPS).cloned()).collect(),
                certainty: proof.certainty.max(firm),
                scope: proof.scope.clone(),
            })
        };
        for (capability, proof) in &theirs.capabilities {
            own.add(*capability, via(proof));
        }
        // Nothing beside what is not known is not nothing.
        let nothing =
            own.tier == Tier::Unknown && theirs.tier == Tier::None && !own.unresolved.is_empty();
        if theirs.tier > own.tier && !nothing {
            own.tier = theirs.tier;
            own.certainty = theirs.certainty.max(firm);
            own.proof = theirs.proof.as_ref().map(via);
        }
        own.own_tier = own.own_tier.max(theirs.own_tier);
        if own.wildcard.is_none() {
            own.wildcard = theirs.wildcard.as_ref().map(via);
        }
        own.reach.extend(theirs.reach.iter().cloned());
        own.unresolved.extend(theirs.unresolved.iter().cloned());
        let before = own.paths.len();
        let missing = unread.then(|| format!("who may assume {target}").into());
        for path in theirs.paths.iter().take(MOST_PATHS.saturating_sub(before)) {
            let mut path = Path::clone(path);
            path.certainty = path.certainty.max(firm);
            path.conditions.extend(conditions.iter().cloned());
            path.missing.extend(missing.clone());
            let steps = steps.iter().map(|step| Hop::clone(step));
            path.hops = steps.chain(path.hops).take(MAX_HOPS).collect();
            own.paths.push(Arc::new(path));
        }
        let taken = own.paths.len() - before;
        own.paths_left_out += theirs.paths.len() - taken + theirs.paths_left_out;
    }

    /// How it becomes the other, in words.
    fn described(&self) -> String {
        let name = self.inventory.identities.get(self.target);
        let name = name.map_or(&*self.target.0, |i| &*i.name);
        let how = match (self.identity.platform, self.identity.kind) {
            _ if matches!(self.entrance, Entrance::Given) => "in the cluster",
            (Platform::Kubernetes, _) => match &self.entrance {
                Entrance::Open { trust, .. } if trust.evidence == *self.evidence => "by its trust",
                Entrance::Open { trust, .. }
                    if matches!(trust.principal, TrustPrincipal::Service(_)) =>
                {
                    "by an association of its cluster"
                }
                _ => "by its annotation",
            },
            (_, IdentityKind::CiJob) => "when it signs in",
            _ => "by its setting",
        };
        format!("becomes {name} {how}")
    }
}
