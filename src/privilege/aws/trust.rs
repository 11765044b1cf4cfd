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
    /// Services that may act as the role, with the statements, by the service's name without a region.
    services: BTreeMap<String, Vec<Entry<'i>>>,
    /// Identity providers whose users it lets in, by ARN, with the statement.
    pub federated: Vec<(&'i str, &'i Trust)>,
    denials: Vec<Entry<'i>>,
}

/// One principal of one statement.
#[derive(Debug)]
pub(super) struct Entry<'i> {
    pub trust: &'i Trust,
    condition: Option<Condition>,
}

/// That a service may act as a role.
pub(super) struct Serves<'i> {
    pub trust: &'i Trust,
    /// Condition keys it depends on.
    pub keys: BTreeSet<String>,
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
            if let (Effect::Allow, TrustPrincipal::Federated(provider)) =
                (trust.effect, &trust.principal)
            {
                let gate = gates.entry(&trust.target).or_default();
                if provider.starts_with("arn:") {
                    gate.federated.push((provider, trust));
                } else {
                    // What hands roles out itself: `cognito-identity.amazonaws.com`.
                    gate.serve(provider, trust);
                }
                continue;
            }
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
                TrustPrincipal::Service(name) => gate.serve(name, trust),
                // Everybody but those named.
                TrustPrincipal::Other(text) if text.starts_with("not AWS:") => {
                    gate.anyone.push(entry);
                }
                TrustPrincipal::Federated(_) | TrustPrincipal::Other(_) => {}
            }
        }
        gates
    }

    fn serve(&mut self, service: &str, trust: &'i Trust) {
        let condition = trust.condition.as_deref().map(Condition::new);
        let entry = Entry { trust, condition };
        let name = everywhere(service);
        self.services.entry(name).or_default().push(entry);
    }

    /// The services that may act as the role, each by its firmest statement.
    pub(super) fn serves(&self, account: &str) -> Vec<(&str, Serves<'i>)> {
        let known = [
            ("aws:sourceaccount", account),
            ("aws:principalisawsservice", "true"),
        ];
        let services = self.services.iter().filter_map(|(service, entries)| {
            let mut barred = BTreeSet::new();
            for denial in &self.denials {
                let spoken = match &denial.trust.principal {
                    TrustPrincipal::Service(name) => everywhere(name) == *service,
                    TrustPrincipal::Anyone => true,
                    _ => false,
                };
                if !spoken {
                    continue;
                }
                match denial.condition.as_ref().map(|c| c.judge(&known)) {
                    None | Some(Verdict::Holds) => return None,
                    Some(Verdict::Fails) => {}
                    Some(Verdict::Depends(keys)) => barred.extend(keys),
                }
            }
            let open = entries.iter().filter_map(|entry| {
                let keys = match entry.condition.as_ref().map(|c| c.judge(&known)) {
                    None | Some(Verdict::Holds) => BTreeSet::new(),
                    Some(Verdict::Fails) => return None,
                    Some(Verdict::Depends(keys)) => keys,
                };
                Some((entry.trust, keys))
            });
            let (trust, mut keys) = open.min_by_key(|(_, keys)| keys.len())?;
            keys.extend(barred);
            Some((service.as_str(), Serves { trust, keys }))
        });
        services.collect()
    }

    /// Whether the principal is let in: the firmest answer, and among equals the one that names it.
    pub(super) fn admits(&self, world: &World<'i, '_>, position: usize) -> Option<Admitted<'i>> {
        let node = world.nodes.get(position)?;
        let mut barred = BTreeSet::new();
        for denial in &self.denials {
            if !names(world, &denial.trust.principal, position, node) {
                continue;
            }
            match denial.judge(node) {
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
            let mut keys = match entry.judge(node) {
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

/// A service's name without region and partition: `states.eu-west-1.amazonaws.com` is
/// `states.amazonaws.com`.
fn everywhere(service: &str) -> String {
    let service = service.trim().to_ascii_lowercase();
    let service = service.strip_suffix(".cn").unwrap_or(&service);
    let parts: Vec<&str> = service.split('.').collect();
    match parts.as_slice() {
        [name, region, "amazonaws", "com"]
            if region.contains('-') && region.ends_with(|c: char| c.is_ascii_digit()) =>
        {
            format!("{name}.amazonaws.com")
        }
        _ => service.to_owned(),
    }
}

impl Entry<'_> {
    fn judge(&self, node: &Node<'_>) -> Verdict {
        let kind = match node.kind {
            Kind::Root => "Account",
            Kind::Role => "AssumedRole",
            Kind::User | Kind::Group => "User",
        };
        match &self.condition {
            None => Verdict::Holds,
            Some(condition) => condition.judge(&[
                ("aws:principalarn", &node.id.0),
                ("aws:principalaccount", &node.account),
                ("aws:principaltype", kind),
            ]),
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
