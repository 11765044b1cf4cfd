//! Who a role's trust policy lets in.

use super::condition::{Condition, Verdict};
use super::world::{Kind, Node, World};
use crate::model::{Certainty, Effect, IdentityId, Inventory, Trust, TrustPrincipal};
use crate::platform::aws::arn::Arn;
use crate::platform::glob;
use std::collections::{BTreeMap, BTreeSet};

/// A trust policy, sorted by whom it speaks of.
#[derive(Debug, Default)]
pub(super) struct Gate<'i> {
    /// Statements that name one principal.
    pub named: Vec<Entry<'i>>,
    /// Statements that name an account.
    pub accounts: Vec<Entry<'i>>,
    /// Statements that let everybody in, or everybody but some.
    pub anyone: Vec<Entry<'i>>,
    /// Services that may act as the role, with the statement.
    pub services: BTreeMap<&'i str, Entry<'i>>,
    denials: Vec<Entry<'i>>,
}

/// One principal of one statement.
#[derive(Debug)]
pub(super) struct Entry<'i> {
    pub trust: &'i Trust,
    condition: Option<Condition>,
}

/// That a role lets a principal in.
pub(super) struct Admitted<'i> {
    pub trust: &'i Trust,
    pub certainty: Certainty,
    pub keys: BTreeSet<String>,
    /// It names the principal itself, which inside one account needs no policy of the principal's.
    pub direct: bool,
}

impl<'i> Gate<'i> {
    /// The gates of all roles.
    pub(super) fn all(inventory: &'i Inventory) -> BTreeMap<&'i IdentityId, Self> {
        let mut gates: BTreeMap<&IdentityId, Self> = BTreeMap::new();
        for trust in &inventory.trusts {
            let assumes = trust.actions.iter().any(|action| {
                let action = action.to_ascii_lowercase();
                glob::matches(&action, "sts:assumerole")
            });
            if !assumes {
                continue;
            }
            let gate = gates.entry(&trust.target).or_default();
            let entry = Entry {
                trust,
                condition: trust.condition.as_deref().map(Condition::new),
            };
            if trust.effect == Effect::Deny {
                gate.denials.push(entry);
                continue;
            }
            match &trust.principal {
                TrustPrincipal::Anyone => gate.anyone.push(entry),
                TrustPrincipal::Account(_) => gate.accounts.push(entry),
                TrustPrincipal::Principal(_) => gate.named.push(entry),
                TrustPrincipal::Service(name) => {
                    gate.services.entry(name).or_insert(entry);
                }
                // Everybody but those named.
                TrustPrincipal::Other(text) if text.starts_with("not AWS:") => {
                    gate.anyone.push(entry);
                }
                TrustPrincipal::Federated(_) | TrustPrincipal::Other(_) => {}
            }
        }
        gates
    }

    /// Whether the principal is let in: the firmest answer, and among equals the one that names it.
    pub(super) fn admits(&self, world: &World<'i, '_>, position: usize) -> Option<Admitted<'i>> {
        let node = world.nodes.get(position)?;
        let mut barred = BTreeSet::new();
        for denial in &self.denials {
            if !names(world, &denial.trust.principal, position, node) {
                continue;
            }
            match denial.judge(world, node) {
                Verdict::Holds => return None,
                Verdict::Fails => {}
                Verdict::Depends(keys) => barred.extend(keys),
            }
        }
        let mut best: Option<Admitted<'i>> = None;
        for entry in self.named.iter().chain(&self.accounts).chain(&self.anyone) {
            if !names(world, &entry.trust.principal, position, node) {
                continue;
            }
            let mut keys = match entry.judge(world, node) {
                Verdict::Holds => BTreeSet::new(),
                Verdict::Fails => continue,
                Verdict::Depends(keys) => keys,
            };
            keys.extend(barred.iter().cloned());
            let certainty = if keys.is_empty() {
                Certainty::Certain
            } else {
                Certainty::Conditional
            };
            let direct = !matches!(entry.trust.principal, TrustPrincipal::Account(_));
            let better = best
                .as_ref()
                .is_none_or(|b| (certainty, !direct) < (b.certainty, !b.direct));
            if better {
                best = Some(Admitted {
                    trust: entry.trust,
                    certainty,
                    keys,
                    direct,
                });
            }
        }
        best
    }

    /// The accounts whose principals it lets in if their own policies do; `None` for every account.
    pub(super) fn delegates(&self) -> Option<BTreeSet<&'i str>> {
        if !self.anyone.is_empty() {
            return None;
        }
        let accounts = self
            .accounts
            .iter()
            .filter_map(|e| match &e.trust.principal {
                TrustPrincipal::Account(id) => Some(&**id),
                _ => None,
            });
        Some(accounts.collect())
    }
}

impl Entry<'_> {
    fn judge(&self, world: &World<'_, '_>, node: &Node<'_>) -> Verdict {
        let kind = match node.kind {
            Kind::Root => "Account",
            Kind::Role => "AssumedRole",
            Kind::User | Kind::Group => "User",
        };
        match &self.condition {
            None => Verdict::Holds,
            Some(condition) => {
                let mut context: Vec<(&str, &str)> = vec![
                    ("aws:principalarn", &node.id.0),
                    ("aws:principalaccount", &node.account),
                    ("aws:principaltype", kind),
                    ("aws:principalisawsservice", "false"),
                ];
                // Where the organisations of caller and role were read.
                let caps = world.sets.get(node.set).map(|set| &set.caps);
                let known = caps.into_iter().flat_map(|caps| &caps.known);
                context.extend(known.map(|(key, value)| (*key, value.as_str())));
                if let Some(target) = Arn::parse(&self.trust.target.0) {
                    context.push(("aws:resourceaccount", target.account));
                    let organizations = caps.map(|caps| &caps.estate.organizations);
                    let of = organizations.and_then(|of| of.get(target.account));
                    context.extend(of.map(|id| ("aws:resourceorgid", &**id)));
                }
                condition.judge(&context)
            }
        }
    }
}

/// The node that a principal of a trust policy is: by ARN, by the ARN of its sessions, by unique id.
pub(super) fn resolve(world: &World<'_, '_>, principal: &str) -> Option<usize> {
    if let Some(&position) = world.by_arn.get(principal) {
        return Some(position);
    }
    match Arn::parse(principal) {
        Some(arn) if arn.service == "sts" => {
            let name = arn
                .resource
                .strip_prefix("assumed-role/")?
                .split('/')
                .next()?;
            world
                .by_alias
                .get(&format!("{}/{name}", arn.account))
                .copied()
        }
        _ => world.by_alias.get(principal).copied(),
    }
}

fn names(
    world: &World<'_, '_>,
    principal: &TrustPrincipal,
    position: usize,
    node: &Node<'_>,
) -> bool {
    match principal {
        TrustPrincipal::Anyone => true,
        TrustPrincipal::Account(id) => **id == *node.account,
        TrustPrincipal::Principal(id) => resolve(world, id) == Some(position),
        TrustPrincipal::Other(text) => match text.strip_prefix("not AWS:") {
            Some(id) => {
                let root = format!("arn:aws:iam::{}:root", node.account);
                resolve(world, id) != Some(position) && id != root && id != &*node.account
            }
            None => false,
        },
        TrustPrincipal::Service(_) | TrustPrincipal::Federated(_) => false,
    }
}
