//! What is declared and what is observed: one identity with both presences.
//!
//! Code often does not say in which account it is applied; the estate then stands in the account's place of an ARN.
//! Where a state of the same configuration was read, it knows the ARN by the resource's address. Else, if exactly one
//! observed identity has the same kind, path and name, it is that one; if several have, they stay apart and that is
//! said.

use crate::model::{
    Identity, IdentityId, IdentityKind, Inventory, Platform, PolicyId, Presence, Str,
    TrustPrincipal,
};
use crate::platform::aws::arn::Arn;
use std::collections::{BTreeMap, BTreeSet};

/// Joins. Idempotent.
pub fn link(inventory: &mut Inventory) {
    let names = matches(inventory);
    rename(inventory, &names);
    same_place(inventory);
    switched_off(inventory);
}

/// What one declaration switches off and another makes exists all the same: a chart with its account switched off
/// beside the manifest that declares it. Only what nothing else makes is disabled.
fn switched_off(inventory: &mut Inventory) {
    for identity in inventory.identities.values_mut() {
        if !identity.presence.contains(&Presence::SwitchedOff) {
            continue;
        }
        let made = |p: &Presence| matches!(p, Presence::Declared | Presence::Observed);
        let made = identity.presence.iter().any(made);
        identity.presence = identity
            .presence
            .iter()
            .copied()
            .filter(|p| *p != Presence::SwitchedOff)
            .collect();
        identity.presence.insert(Presence::Declared);
        if !made {
            identity.enabled = Some(false);
        }
    }
}

/// Whether an identity was seen to exist.
fn observed(identity: &Identity) -> bool {
    identity.presence.iter().any(|p| *p == Presence::Observed)
}

/// A declared identity whose account no file tells.
fn unplaced(identity: &Identity) -> bool {
    matches!(identity.kind, IdentityKind::AwsUser | IdentityKind::AwsRole)
        && identity.platform == Platform::Aws
        && identity
            .presence
            .iter()
            .any(|p| matches!(p, Presence::Declared | Presence::SwitchedOff))
        && !observed(identity)
        && Arn::parse(&identity.id.0).is_some_and(|arn| arn.customer().is_none())
}

/// Which declared identities are which observed ones.
fn matches(inventory: &mut Inventory) -> BTreeMap<Str, Str> {
    let mut by_alias: BTreeMap<Str, BTreeSet<IdentityId>> = BTreeMap::new();
    let mut by_name: BTreeMap<(IdentityKind, Str), BTreeSet<IdentityId>> = BTreeMap::new();
    for identity in inventory.identities.values().filter(|i| observed(i)) {
        for alias in identity
            .aliases
            .iter()
            .filter(|a| a.starts_with("terraform:") || a.starts_with("cloudformation:"))
        {
            by_alias
                .entry(alias.clone())
                .or_default()
                .insert(identity.id.clone());
        }
        if let Some(arn) = Arn::parse(&identity.id.0).filter(|arn| arn.customer().is_some()) {
            let key = (identity.kind, Str::from(arn.resource));
            by_name.entry(key).or_default().insert(identity.id.clone());
        }
    }
    let mut names = BTreeMap::new();
    let mut several: Vec<(IdentityId, usize)> = Vec::new();
    for identity in inventory.identities.values().filter(|i| unplaced(i)) {
        let by_state: BTreeSet<&IdentityId> = identity
            .aliases
            .iter()
            .filter_map(|alias| by_alias.get(alias))
            .flatten()
            .collect();
        if let [only] = by_state.iter().collect::<Vec<_>>().as_slice() {
            names.insert(identity.id.0.clone(), only.0.clone());
            continue;
        }
        let Some(arn) = Arn::parse(&identity.id.0) else {
            continue;
        };
        // What is symbolic could be anything.
        if arn.resource.contains("${") || arn.resource.contains("{{") {
            continue;
        }
        let key = (identity.kind, Str::from(arn.resource));
        let Some(found) = by_name.get(&key) else {
            continue;
        };
        match found.iter().collect::<Vec<_>>().as_slice() {
            [only] => {
                names.insert(identity.id.0.clone(), only.0.clone());
            }
            more => several.push((identity.id.clone(), more.len())),
        }
    }
    for (id, count) in several {
        if let Some(identity) = inventory.identities.get_mut(&id) {
            let note =
                format!("its account is not known, and {count} accounts have one of this name");
            identity.derivation.insert(note.into());
        }
    }
    names
}

/// An id under its new name; what is embedded in an identity goes with it.
fn renamed(names: &BTreeMap<Str, Str>, id: &str) -> Option<Str> {
    if let Some(new) = names.get(id) {
        return Some(new.clone());
    }
    let (of, rest) = id.split_once('#')?;
    Some(format!("{}#{rest}", names.get(of)?).into())
}

pub(super) fn rename(inventory: &mut Inventory, names: &BTreeMap<Str, Str>) {
    if names.is_empty() {
        return;
    }
    let fix = |id: &mut IdentityId| {
        if let Some(new) = renamed(names, &id.0) {
            *id = IdentityId(new);
        }
    };
    let fix_policy = |id: &mut PolicyId| {
        if let Some(new) = renamed(names, &id.0) {
            *id = PolicyId(new);
        }
    };
    for (old, new) in names {
        let Some(mut identity) = inventory.identities.remove(&IdentityId(old.clone())) else {
            continue;
        };
        let known = inventory.identities.get(&IdentityId(new.clone()));
        identity.id = IdentityId(new.clone());
        // The account is the observed one's, and so are the words for whether a person uses it.
        identity.account = known.and_then(|known| known.account.clone());
        if let Some(known) = known {
            identity.name = known.name.clone();
        }
        identity
            .derivation
            .insert(format!("declared as {old}").into());
        inventory.add_identity(identity);
    }
    for identity in inventory.identities.values_mut() {
        if identity
            .becomes
            .iter()
            .any(|(id, _)| renamed(names, &id.0).is_some())
        {
            let becomes = std::mem::take(&mut identity.becomes);
            identity.becomes = becomes
                .iter()
                .cloned()
                .map(|(mut id, evidence)| {
                    fix(&mut id);
                    (id, evidence)
                })
                .collect();
        }
    }
    let entitlements = std::mem::take(&mut inventory.entitlements);
    inventory.entitlements = entitlements
        .into_iter()
        .map(|mut entitlement| {
            fix(&mut entitlement.principal);
            fix_policy(&mut entitlement.policy);
            entitlement
        })
        .collect();
    let policies = std::mem::take(&mut inventory.policies);
    let mut moved = Vec::new();
    for (_, mut policy) in policies {
        fix_policy(&mut policy.id);
        moved.push(policy);
    }
    inventory.absorb(crate::model::Facts {
        policies: moved,
        ..Default::default()
    });
    let memberships = std::mem::take(&mut inventory.memberships);
    inventory.memberships = memberships
        .into_iter()
        .map(|mut membership| {
            fix(&mut membership.member);
            membership
        })
        .collect();
    let trusts = std::mem::take(&mut inventory.trusts);
    inventory.trusts = trusts
        .into_iter()
        .map(|mut trust| {
            fix(&mut trust.target);
            if let TrustPrincipal::Principal(id) = &mut trust.principal
                && let Some(new) = renamed(names, id)
            {
                *id = new;
            }
            trust
        })
        .collect();
    let workloads = std::mem::take(&mut inventory.workloads);
    inventory.workloads = workloads
        .into_iter()
        .map(|mut workload| {
            fix(&mut workload.runs_as);
            workload
        })
        .collect();
    let attributions = std::mem::take(&mut inventory.attributions);
    inventory.attributions = attributions
        .into_iter()
        .map(|mut claim| {
            if let crate::model::SubjectId::Identity(id) = &mut claim.subject {
                fix(id);
            }
            claim
        })
        .collect();
    let uses = std::mem::take(&mut inventory.secret_uses);
    inventory.secret_uses = uses
        .into_iter()
        .map(|mut used| {
            fix(&mut used.user);
            used
        })
        .collect();
    for credential in inventory.credentials.values_mut() {
        let links = std::mem::take(&mut credential.links);
        credential.links = links
            .into_iter()
            .map(|mut link| {
                fix(&mut link.identity);
                link
            })
            .collect();
    }
}

/// A secret that the detector found where an argument or attribute of a resource stands is that credential: what is
/// known of it (whose it is, its end) goes to what was found, which knows the secret.
fn same_place(inventory: &mut Inventory) {
    let mut places: BTreeMap<(Str, u32), BTreeSet<crate::model::CredentialId>> = BTreeMap::new();
    for credential in inventory
        .credentials
        .values()
        .filter(|c| c.fingerprint.is_some())
    {
        for exposure in credential
            .exposures
            .iter()
            .filter(|e| e.evidence.reader == "secrets")
        {
            if let Some(line) = exposure.evidence.line {
                let place = (exposure.evidence.origin.path.clone(), line);
                places
                    .entry(place)
                    .or_default()
                    .insert(credential.id.clone());
            }
        }
    }
    let told: Vec<crate::model::CredentialId> = inventory
        .credentials
        .values()
        .filter(|c| {
            let made = ["terraform:", "cloudformation:", "pulumi:"];
            made.iter().any(|language| c.id.0.starts_with(language))
        })
        .filter(|c| c.fingerprint.is_none())
        .map(|c| c.id.clone())
        .collect();
    for id in told {
        let Some(credential) = inventory.credentials.get(&id) else {
            continue;
        };
        let found: BTreeSet<&crate::model::CredentialId> = credential
            .exposures
            .iter()
            .filter_map(|e| places.get(&(e.evidence.origin.path.clone(), e.evidence.line?)))
            .flatten()
            .collect();
        let Some(only) = found
            .first()
            .filter(|_| found.len() == 1)
            .map(|id| (*id).clone())
        else {
            continue;
        };
        let Some(mut credential) = inventory.credentials.remove(&id) else {
            continue;
        };
        credential.id = only;
        // The place itself is known already.
        let reasons: BTreeSet<Str> = credential
            .exposures
            .iter()
            .flat_map(|e| e.reasons.iter().cloned())
            .collect();
        let known = inventory.credentials.get(&credential.id);
        let exposures = known
            .map(|known| known.exposures.clone())
            .unwrap_or_default();
        let mine = std::mem::take(&mut credential.exposures);
        let extra = mine.into_iter().filter(|e| {
            !exposures.iter().any(|known| {
                known.evidence.origin.path == e.evidence.origin.path
                    && known.evidence.line == e.evidence.line
            })
        });
        credential.exposures = extra.collect();
        inventory.add_credential(credential.clone());
        if let Some(known) = inventory.credentials.get_mut(&credential.id) {
            let exposures = std::mem::take(&mut known.exposures);
            known.exposures = exposures
                .into_iter()
                .map(|mut e| {
                    if e.evidence.reader == "secrets" && e.in_tree {
                        e.reasons.extend(reasons.iter().cloned());
                    }
                    e
                })
                .collect();
        }
    }
}
