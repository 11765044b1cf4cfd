//! Proofs: the chain from an identity over groups, policies, statements and roles to what it can do.

use super::escalate::{Rise, Way};
use super::set::Allowed;
use super::world::{Node, World};
use crate::model::{Certainty, Hop, Proof};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Longest chain of principals that is written out.
const MAX_CHAIN: usize = 8;

/// Why an action is allowed.
pub(super) fn of_allowed(world: &World<'_, '_>, node: &Node<'_>, allowed: &Allowed) -> Proof {
    let mut hops = Vec::new();
    statement(world, node, allowed, &mut hops);
    Proof {
        claim: depending(allowed.claim.clone(), &allowed.keys).into(),
        hops,
        certainty: allowed.certainty,
        scope: Some(allowed.scope.as_str().into()),
    }
}

/// Why a principal is an admin or can become one.
pub(super) fn of_rise(world: &World<'_, '_>, wide: &[Option<Rise<'_>>], position: usize) -> Proof {
    let mut proof = Proof {
        claim: "".into(),
        hops: Vec::new(),
        certainty: Certainty::Certain,
        scope: None,
    };
    let mut next = Some(position);
    for step in 0..MAX_CHAIN {
        let Some(position) = next.take() else {
            break;
        };
        let (Some(node), Some(Some(rise))) = (world.nodes.get(position), wide.get(position)) else {
            break;
        };
        if step > 0 {
            proof.hops.push(Arc::new(Hop {
                what: node.id.0.clone(),
                evidence: node
                    .identity
                    .and_then(|identity| identity.evidence.first().cloned()),
            }));
        }
        let (claim, certainty) = match rise {
            Rise::Root => {
                proof.hops.push(Arc::new(Hop {
                    what: "root user of the account".into(),
                    evidence: node
                        .identity
                        .and_then(|identity| identity.evidence.first().cloned()),
                }));
                ("every action in the account".to_owned(), Certainty::Certain)
            }
            Rise::Admin(allowed) => {
                statement(world, node, allowed, &mut proof.hops);
                (
                    depending(allowed.claim.clone(), &allowed.keys),
                    allowed.certainty,
                )
            }
            Rise::Way(way) => {
                walk(world, node, way, &mut proof.hops);
                next = way.target;
                let claim = format!("can {}: {} ({})", way.rule.title, way.subject, way.rule.id);
                let claim = depending(claim, &way.keys);
                (lacking(claim, &way.missing), way.certainty)
            }
        };
        if step == 0 {
            proof.claim = claim.into();
        }
        proof.certainty = proof.certainty.max(certainty);
    }
    proof
}

/// A role's proof, as that of one who can assume the role.
pub(super) fn of_hop(world: &World<'_, '_>, node: &Node<'_>, way: &Way<'_>, role: &Proof) -> Proof {
    let mut hops = Vec::new();
    walk(world, node, way, &mut hops);
    hops.push(Arc::new(Hop {
        what: way.subject.as_str().into(),
        evidence: None,
    }));
    hops.extend(role.hops.iter().take(MAX_CHAIN * 4).cloned());
    let claim = depending(format!("{} as {}", role.claim, way.subject), &way.keys);
    Proof {
        claim: lacking(claim, &way.missing).into(),
        hops,
        certainty: role.certainty.max(way.certainty),
        scope: role.scope.clone(),
    }
}

/// The steps of a path: what allows it, then the trust that lets in.
fn walk(world: &World<'_, '_>, node: &Node<'_>, way: &Way<'_>, hops: &mut Vec<Arc<Hop>>) {
    for allowed in &way.allowed {
        statement(world, node, allowed, hops);
    }
    if let Some(trust) = way.trust {
        hops.push(Arc::new(Hop {
            what: format!(
                "trust policy {} lets in {}",
                trust.label,
                trust.principal.describe()
            )
            .into(),
            evidence: Some(trust.evidence.clone()),
        }));
    }
}

/// How a principal comes to a statement: group, policy, statement. What is there already is not repeated.
fn statement(world: &World<'_, '_>, node: &Node<'_>, allowed: &Allowed, hops: &mut Vec<Arc<Hop>>) {
    let mut steps = Vec::new();
    let held = node.holdings.iter().find(|(p, _)| *p == allowed.policy);
    steps.extend(held.into_iter().flat_map(|(_, hops)| hops.iter().cloned()));
    let policy = world.policies.get(allowed.policy);
    if let Some(statement) = policy.and_then(|p| p.statements.get(allowed.statement)) {
        steps.push(Arc::clone(&statement.hop));
    }
    for step in steps {
        if !hops.contains(&step) {
            hops.push(step);
        }
    }
}

fn lacking(claim: String, missing: &BTreeSet<String>) -> String {
    if missing.is_empty() {
        return claim;
    }
    let missing: Vec<_> = missing.iter().map(String::as_str).collect();
    format!("{claim}, if there is {}", missing.join(", and "))
}

fn depending(claim: String, keys: &BTreeSet<String>) -> String {
    if keys.is_empty() {
        return claim;
    }
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    format!("{claim}, depending on {}", keys.join(", "))
}
