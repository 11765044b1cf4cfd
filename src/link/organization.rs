//! Joins of an organisation's records: which trusted accounts are of the same organisation, and which account
//! an identity provider is of.

use crate::model::{IdentityProvider, Inventory, OrgNode, OrgNodeKind, Str, Trust, TrustPrincipal};
use crate::platform::aws::arn::Arn;
use std::collections::{BTreeMap, BTreeSet};

/// Deepest tree that is followed.
const MAX_DEPTH: usize = 32;
/// Prefix of the ids of OIDC providers of which the account is not known.
const UNPLACED: &str = "oidc-provider/";

/// Joins. Idempotent.
pub fn link(inventory: &mut Inventory) {
    place_trusts(inventory);
    place_providers(inventory);
}

fn place_trusts(inventory: &mut Inventory) {
    let organizations = organizations(&inventory.org_nodes);
    if organizations.is_empty() {
        return;
    }
    let whole: BTreeSet<Str> = inventory
        .sources
        .iter()
        .filter(|(kind, _)| &**kind == "aws-organizations")
        .map(|(_, organization)| organization.clone())
        .collect();
    let inside = |trust: &Trust| -> Option<bool> {
        let own = Arn::parse(&trust.target.0)?.customer()?;
        let other = match &trust.principal {
            TrustPrincipal::Account(id) => id,
            TrustPrincipal::Principal(id) | TrustPrincipal::Federated(id) => {
                Arn::parse(id)?.customer()?
            }
            _ => return None,
        };
        if own == other {
            return Some(true);
        }
        let home = organizations.get(own)?;
        match organizations.get(other) {
            Some(organization) => Some(organization == home),
            // Not being on a list says something only if the list was read to its end.
            None => whole.contains(home).then_some(false),
        }
    };
    let trusts = std::mem::take(&mut inventory.trusts);
    let placed = trusts.into_iter().map(|trust| Trust {
        inside_organization: inside(&trust),
        ..trust
    });
    inventory.trusts = placed.collect();
}

/// The organisation of every account: as its own record says, or one above it, or the only one there is.
fn organizations(nodes: &BTreeSet<OrgNode>) -> BTreeMap<Str, Str> {
    let mut said: BTreeMap<&str, &Str> = BTreeMap::new();
    let mut above: BTreeMap<&str, &str> = BTreeMap::new();
    for node in nodes {
        if let Some(organization) = &node.organization {
            said.entry(&node.id).or_insert(organization);
        }
        if let Some(parent) = &node.parent {
            above.entry(&node.id).or_insert(parent);
        }
    }
    let all: BTreeSet<&Str> = said.values().copied().collect();
    let only = all.first().filter(|_| all.len() == 1).copied();
    let accounts = nodes
        .iter()
        .filter(|node| node.kind == OrgNodeKind::Account);
    accounts
        .filter_map(|node| {
            let mut at = &*node.id;
            for _ in 0..MAX_DEPTH {
                if let Some(organization) = said.get(at) {
                    return Some((node.id.clone(), (*organization).clone()));
                }
                match above.get(at) {
                    Some(next) => at = next,
                    None => break,
                }
            }
            Some((node.id.clone(), only?.clone()))
        })
        .collect()
}

/// An answer about one OIDC provider does not say of which account it is; when only one account has a
/// provider of that issuer, it is that one.
fn place_providers(inventory: &mut Inventory) {
    let unplaced = |provider: &IdentityProvider| provider.id.starts_with(UNPLACED);
    if !inventory.identity_providers.iter().any(unplaced) {
        return;
    }
    let mut known: BTreeMap<Str, BTreeSet<Str>> = BTreeMap::new();
    for provider in inventory.identity_providers.iter().filter(|p| !unplaced(p)) {
        if let Some(issuer) = &provider.issuer {
            let ids = known.entry(issuer.clone()).or_default();
            ids.insert(provider.id.clone());
        }
    }
    let providers = std::mem::take(&mut inventory.identity_providers);
    let placed = providers.into_iter().map(|provider| {
        let ids = provider
            .issuer
            .as_ref()
            .and_then(|issuer| known.get(issuer));
        match ids.and_then(BTreeSet::first) {
            Some(id) if unplaced(&provider) && ids.is_some_and(|ids| ids.len() == 1) => {
                let account = Arn::parse(id).and_then(|arn| arn.customer());
                IdentityProvider {
                    account: account.map(Str::from),
                    id: id.clone(),
                    ..provider
                }
            }
            _ => provider,
        }
    });
    inventory.identity_providers = placed.collect();
}
