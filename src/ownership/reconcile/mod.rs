//! The registry beside what was found, both ways: what is declared and not found, what is found and not declared,
//! and what is missing or amiss where both are there.

mod actions;
mod cover;
mod entry;
mod found;

pub(super) use found::vendor_of;

use super::roster::Roster;
use crate::model::{
    Assessed, GapKind, Identity, IdentityId, IdentityKind, Presence, Reconciled, Registration,
    RegistrationState, RegistryEntry, Timestamp,
};
use std::collections::{BTreeMap, HashMap};

/// Days after which a trial or a confirmation is old.
const YEAR: i64 = 365;

/// Compares every entry with every identity that it speaks of.
pub(super) fn reconcile(assessed: &Assessed, now: Option<Timestamp>) -> Reconciled {
    let inventory = &assessed.inventory;
    let mut done = Reconciled::default();
    if inventory.registry.is_empty() && !inventory.has_source("registry", "*") {
        return done;
    }
    let mut roster = Roster::new(inventory, now);
    let cover = cover::Cover::new(inventory);
    let mut ids: HashMap<&str, usize> = HashMap::new();
    for entry in &inventory.registry {
        *ids.entry(&entry.id).or_default() += 1;
    }
    for entry in &inventory.registry {
        let mut registration = entry::gaps(entry, &mut roster, now);
        if ids.get(&*entry.id).is_some_and(|times| *times > 1) {
            registration.add(GapKind::EntryRepeated, None);
        }
        registration.covered = cover.covers(entry);
        done.entries.insert(entry.clone(), registration);
    }
    let mut found = found::Found::new(assessed);
    let mut amiss: BTreeMap<(&RegistryEntry, GapKind), (String, usize)> = BTreeMap::new();
    for (id, identity) in &inventory.identities {
        let entries = assessed.registered.get(id).map_or(&[][..], Vec::as_slice);
        let Some(first) = entries.first() else {
            if exists(identity) {
                let registration = found_only(assessed, identity);
                done.identities.insert(id.clone(), registration);
            }
            continue;
        };
        let mut registration = found.gaps(identity, first, &mut roster);
        for gap in &registration.gaps {
            let told = || match &gap.detail {
                Some(detail) => format!("{}: {detail}", identity.name),
                None => identity.name.to_string(),
            };
            let known = amiss
                .entry((first, gap.kind))
                .or_insert_with(|| (told(), 0));
            known.1 += 1;
        }
        let of_entry = done.entries.get(first);
        let covered = of_entry.is_some_and(|of| of.covered);
        registration
            .gaps
            .extend(of_entry.into_iter().flat_map(|of| of.gaps.clone()));
        registration.state = match (exists(identity), covered) {
            (true, _) => RegistrationState::Both,
            (false, true) => RegistrationState::DeclaredOnly,
            (false, false) => RegistrationState::NotEvaluable,
        };
        done.identities.insert(id.clone(), registration);
        for entry in entries.iter().filter(|_| exists(identity)) {
            if let Some(of) = done.entries.get_mut(entry) {
                of.matched += 1;
            }
        }
    }
    for ((entry, kind), (mut first, times)) in amiss {
        if times > 1 {
            first.push_str(&format!(", and {} more", times - 1));
        }
        if let Some(of) = done.entries.get_mut(entry) {
            of.add(kind, Some(first));
        }
    }
    for of in done.entries.values_mut() {
        of.state = match (of.matched, of.covered) {
            (1.., _) => RegistrationState::Both,
            (0, true) => RegistrationState::DeclaredOnly,
            (0, false) => RegistrationState::NotEvaluable,
        };
    }
    done
}

/// Whether a source says that the identity exists, rather than only naming it.
fn exists(identity: &Identity) -> bool {
    let mut presence = identity.presence.iter();
    presence.any(|p| matches!(p, Presence::Declared | Presence::Observed))
}

/// What is missing of an identity that no entry speaks of: what its labels and containers say is not.
fn found_only(assessed: &Assessed, identity: &Identity) -> Registration {
    let mut registration = Registration {
        state: RegistrationState::FoundOnly,
        needs_entry: needs_entry(assessed, identity),
        ..Registration::default()
    };
    if !registration.needs_entry {
        return registration;
    }
    let subject = crate::model::SubjectId::Identity(identity.id.clone());
    registration.add(GapKind::EntryMissing, None);
    registration.add(GapKind::PurposeMissing, None);
    registration.add(GapKind::RevocationMissing, None);
    let ownership = assessed.ownership.get(&subject);
    if ownership.is_none_or(|o| o.owner.is_none()) {
        registration.add(GapKind::OwnerMissing, None);
    }
    if !assessed.reviews.contains_key(&subject) {
        registration.add(GapKind::ReviewAbsent, None);
    }
    if identity.expires.at().is_none() {
        registration.add(GapKind::ExpiryAbsent, None);
    }
    registration
}

/// Whether an existing identity should be in the registry: machine identities that the customer keeps. Jobs of CI
/// systems and users of single hosts and databases come and go with the files that declare them.
fn needs_entry(assessed: &Assessed, identity: &Identity) -> bool {
    use IdentityKind as Kind;
    let own_record = !matches!(
        identity.kind,
        Kind::AwsRoot
            | Kind::KubernetesUser
            | Kind::KubernetesGroup
            | Kind::CiJob
            | Kind::HostUser
            | Kind::DatabaseUser
    );
    let idle_default = identity.kind == Kind::KubernetesServiceAccount
        && &*identity.name == "default"
        && !holds(assessed, &identity.id);
    let off = identity.enabled == Some(false) && !identity.presence.contains(&Presence::Observed);
    own_record
        && identity.humanity.0 != crate::model::Humanity::Human
        && identity.provider_managed.is_none()
        && !idle_default
        && !off
}

/// Whether anything is granted to it by name. Entitlements are in the order of principals.
fn holds(assessed: &Assessed, id: &IdentityId) -> bool {
    use crate::model::{Entitlement, EntitlementRole, Evidence, Origin, PolicyId, Scope};
    let least = Entitlement {
        principal: id.clone(),
        policy: PolicyId::from(""),
        scope: Scope::Account("".into()),
        role: EntitlementRole::Grant,
        via: "".into(),
        evidence: Evidence {
            origin: Origin::file(""),
            line: None,
            column: None,
            pointer: None,
            reader: "",
        },
    };
    let mut held = assessed.inventory.entitlements.range(least..);
    held.next().is_some_and(|e| e.principal == *id)
}
