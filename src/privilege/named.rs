//! Roles and permissions that their platforms know by name: what they amount to, tables tell.

use crate::model::{
    Capability, Certainty, Entitlement, EntitlementRole, Hop, IdentityId, Inventory, Platform,
    Policy, Privilege, Proof, Reach, RuleBody, Scope, Tier,
};
use crate::platform::named;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Adds the privilege of every identity of a platform whose grants go by names.
pub fn assess(inventory: &Inventory, out: &mut BTreeMap<IdentityId, Privilege>) {
    for entitlement in &inventory.entitlements {
        let Some(identity) = inventory.identities.get(&entitlement.principal) else {
            continue;
        };
        let judged_elsewhere = matches!(identity.platform, Platform::Aws | Platform::Kubernetes);
        if judged_elsewhere || entitlement.role == EntitlementRole::Boundary {
            continue;
        }
        let answer = out.entry(identity.id.clone()).or_default();
        match inventory.policies.get(&entitlement.policy) {
            Some(policy) => hold(answer, entitlement, policy),
            None => unknown(
                answer,
                format!("{} ({})", entitlement.policy, entitlement.via),
            ),
        }
        answer.own_tier = answer.tier;
    }
}

/// Takes over what a policy gives.
fn hold(answer: &mut Privilege, entitlement: &Entitlement, policy: &Policy) {
    let reach = match &entitlement.scope {
        Scope::Account(account) => Reach::Account(account.clone()),
        Scope::Cluster(cluster) => Reach::Cluster(cluster.clone()),
        Scope::Namespace(cluster, namespace) => {
            Reach::Namespace(cluster.clone(), namespace.clone())
        }
        Scope::Resource(place) => Reach::Resource(place.clone()),
    };
    if policy.rules.is_empty() {
        raise(answer, Tier::None, None);
    }
    for rule in policy.rules.iter() {
        let RuleBody::Named(name) = &rule.body else {
            continue;
        };
        let Some(role) = named::role(policy.platform.as_str(), name) else {
            unknown(answer, format!("what {name} gives"));
            continue;
        };
        let tier = Tier::ALL.into_iter().find(|t| t.as_str() == role.tier);
        let tier = tier.unwrap_or_default();
        let proof = Arc::new(Proof {
            claim: match entitlement.role {
                EntitlementRole::Conditional => {
                    format!("{name} on {reach}, depending on {}", entitlement.via).into()
                }
                EntitlementRole::Grant | EntitlementRole::Boundary => {
                    format!("{name} on {reach}").into()
                }
            },
            hops: vec![
                hop(&entitlement.via, &entitlement.evidence),
                hop(
                    &format!("{} {}", policy.kind.as_str(), policy.name),
                    &rule.evidence,
                ),
            ],
            certainty: match entitlement.role {
                EntitlementRole::Conditional => Certainty::Conditional,
                EntitlementRole::Grant | EntitlementRole::Boundary => Certainty::Certain,
            },
            scope: None,
        });
        for capability in Capability::ALL {
            if role.capabilities.iter().any(|c| c == capability.as_str()) {
                answer.add(capability, Arc::clone(&proof));
            }
        }
        if tier > Tier::None {
            answer.reach.insert(reach.clone());
        }
        raise(answer, tier, Some(proof));
    }
}

fn hop(what: &str, evidence: &crate::model::Evidence) -> Arc<Hop> {
    Arc::new(Hop {
        what: what.into(),
        evidence: Some(evidence.clone()),
    })
}

fn raise(answer: &mut Privilege, tier: Tier, proof: Option<Arc<Proof>>) {
    let certainty = |proof: &Option<Arc<Proof>>| proof.as_ref().map(|proof| proof.certainty);
    let firmer = tier == answer.tier
        && match (certainty(&answer.proof), certainty(&proof)) {
            (None, _) => true,
            (Some(known), Some(new)) => new < known,
            (Some(_), None) => false,
        };
    if tier > answer.tier || firmer {
        if let Some(certainty) = certainty(&proof) {
            answer.certainty = certainty;
        }
        answer.tier = tier;
        answer.proof = proof;
    }
}

fn unknown(answer: &mut Privilege, what: String) {
    answer.unresolved.insert(what.into());
    if answer.tier <= Tier::None {
        answer.tier = Tier::Unknown;
        answer.certainty = Certainty::Unresolved;
    }
}
