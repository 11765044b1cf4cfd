//! Roles that vendors act through: of those that trust an account which a vendor tells its customers to trust.

use crate::model::{Effect, IdentityId, Inventory, Str, TrustPrincipal};
use crate::platform::aws::arn::Arn;
use crate::platform::aws::key_id;
use crate::platform::aws::vendors::vendor;
use std::collections::{BTreeMap, BTreeSet};

/// Says of each role which vendors it serves. Idempotent.
pub fn link(inventory: &mut Inventory) {
    let mut found: BTreeMap<IdentityId, BTreeSet<Str>> = BTreeMap::new();
    for trust in &inventory.trusts {
        if trust.effect != Effect::Allow || trust.cross_account == Some(false) {
            continue;
        }
        let account = match &trust.principal {
            TrustPrincipal::Account(id) => Some(id.to_string()),
            TrustPrincipal::Principal(id) => match Arn::parse(id) {
                Some(arn) => arn.customer().map(str::to_owned),
                None => key_id::account(id),
            },
            _ => None,
        };
        // A vendor that looks at its own account trusts itself.
        let own = Arn::parse(&trust.target.0).and_then(|arn| arn.customer());
        let Some(account) = account.filter(|account| Some(account.as_str()) != own) else {
            continue;
        };
        if let Some(vendor) = vendor(&account).filter(|vendor| !vendor.aws) {
            let serves = found.entry(trust.target.clone()).or_default();
            serves.insert(format!("vendor:{}", vendor.name).into());
        }
    }
    for (id, serves) in found {
        if let Some(identity) = inventory.identities.get_mut(&id) {
            identity.serves.extend(serves);
        }
    }
}
