//! What each identity may do: one analyser per platform, one vocabulary for the answer.

use crate::model::{
    Certainty, Hop, Identity, IdentityId, IdentityKind, Inventory, Privilege, Proof, Tier,
    Timestamp,
};
use aws::web_identity::{Entrance, entrance};
use std::collections::BTreeMap;
use std::sync::Arc;

pub mod aws;
pub mod kubernetes;
pub mod named;

/// The privilege of every identity of the inventory, whenever that is asked.
pub fn assess(inventory: &Inventory) -> BTreeMap<IdentityId, Privilege> {
    judge(inventory, None)
}

/// The privilege of every identity of the inventory as of a time: what a date has ended is over.
pub fn assess_at(inventory: &Inventory, now: Timestamp) -> BTreeMap<IdentityId, Privilege> {
    judge(inventory, Some(now))
}

fn judge(inventory: &Inventory, now: Option<Timestamp>) -> BTreeMap<IdentityId, Privilege> {
    let mut out = BTreeMap::new();
    aws::assess(inventory, now, &mut out);
    for privilege in out.values_mut() {
        privilege.own_tier = privilege.tier;
    }
    kubernetes::assess(inventory, &mut out);
    named::assess(inventory, &mut out);
    for id in inventory.identities.keys() {
        out.entry(id.clone()).or_default();
    }
    across_platforms(inventory, &mut out);
    out
}

/// What an identity becomes by design on another platform (a ServiceAccount the IAM role that its
/// annotation names), it can do itself. What it becomes does not become something else in turn.
fn across_platforms(inventory: &Inventory, out: &mut BTreeMap<IdentityId, Privilege>) {
    let mut changed = Vec::new();
    for identity in inventory
        .identities
        .values()
        .filter(|i| !i.becomes.is_empty())
    {
        let mut own = out.get(&identity.id).cloned().unwrap_or_default();
        take_over(inventory, identity, out, &mut own);
        changed.push((identity.id.clone(), own));
    }
    out.extend(changed);
}

fn take_over(
    inventory: &Inventory,
    identity: &Identity,
    known: &BTreeMap<IdentityId, Privilege>,
    own: &mut Privilege,
) {
    for (target, evidence) in &identity.becomes {
        let name = inventory
            .identities
            .get(target)
            .map_or(&*target.0, |i| &*i.name);
        let profile = identity.kind == IdentityKind::Profile;
        let by = if profile { "setting" } else { "annotation" };
        let mut steps = vec![Arc::new(Hop {
            what: format!("becomes {name} by its {by}").into(),
            evidence: Some(evidence.clone()),
        })];
        let namespace = identity.namespace.as_deref().unwrap_or_default();
        // Whom a profile signs in as first, and so whom the trust would have to let in, is its credential's matter.
        let entrance = if profile {
            Entrance::Unread
        } else {
            entrance(inventory, target, namespace, &identity.name)
        };
        let firm = entrance.certainty();
        let mut depending = String::new();
        match &entrance {
            Entrance::Shut => {
                own.shut_out.insert(target.clone());
                continue;
            }
            Entrance::Open { trust, keys } => {
                steps.push(Arc::new(Hop {
                    what: format!(
                        "trust policy {} lets in {}",
                        trust.label,
                        trust.principal.describe()
                    )
                    .into(),
                    evidence: Some(trust.evidence.clone()),
                }));
                if !keys.is_empty() {
                    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                    depending = format!(", depending on {}", keys.join(", "));
                }
            }
            Entrance::Unread => {}
        }
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
            continue;
        };
        if matches!(entrance, Entrance::Unread) {
            own.unresolved
                .insert(format!("who may assume {target}").into());
        }
        let via = |proof: &Arc<Proof>| {
            Arc::new(Proof {
                claim: format!("{}{depending}", proof.claim).into(),
                hops: steps.iter().chain(&proof.hops).cloned().collect(),
                certainty: proof.certainty.max(firm),
                scope: proof.scope.clone(),
            })
        };
        for (capability, proof) in &theirs.capabilities {
            own.add(*capability, via(proof));
        }
        if theirs.tier > own.tier {
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
    }
}
