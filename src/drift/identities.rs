//! Identities: who came and went, whose they are, what they may do, when they end.

use super::{Changes, Side, Sides, by_key};
use crate::model::{ChangeKind as Kind, Str, Tier, Timestamp};
use crate::snapshot::{Evidence, Identity, Ownership, Privilege, Proof, Subject, When};
use std::collections::BTreeSet;

pub(super) fn compare(sides: &Sides<'_>, changes: &mut Changes) {
    let before = by_key(&sides.before.identities, |i| &*i.id);
    let after = by_key(&sides.after.identities, |i| &*i.id);
    for (id, old) in &before {
        match after.get(id) {
            Some(new) => pair(old, new, changes),
            None => left(sides, old, changes),
        }
    }
    for (id, new) in &after {
        if !before.contains_key(id) {
            came(sides, new, changes);
        }
    }
}

fn came(sides: &Sides<'_>, new: &Identity, changes: &mut Changes) {
    let looked = sides.seen_before.all(&new.evidence, new.account.as_deref());
    let before = match looked {
        true => Side::default(),
        false => Side::new("its source was not read", Vec::new()),
    };
    let after = Side::new(summary(new), new.evidence.clone());
    changes.push(Kind::IdentityAppeared, &subject(new), before, after);
}

fn left(sides: &Sides<'_>, old: &Identity, changes: &mut Changes) {
    let looked = sides.seen_after.all(&old.evidence, old.account.as_deref());
    let (kind, after) = match looked {
        true => (Kind::IdentityVanished, Side::default()),
        false => (
            Kind::IdentityUnseen,
            Side::new("its source was not read", Vec::new()),
        ),
    };
    let before = Side::new(summary(old), old.evidence.clone());
    changes.push(kind, &subject(old), before, after);
}

fn summary(identity: &Identity) -> String {
    format!(
        "{}, {}, privilege {}",
        identity.kind,
        party(&identity.ownership),
        tier_text(&identity.privilege)
    )
}

fn pair(old: &Identity, new: &Identity, changes: &mut Changes) {
    let subject = subject(new);
    enabled(old, new, &subject, changes);
    owner(old, new, &subject, changes);
    privilege(old, new, &subject, changes);
    reach(old, new, &subject, changes);
    let (from, to) = (old.evidence.clone(), new.evidence.clone());
    expiry((&old.expires, from), (&new.expires, to), &subject, changes);
    let (was, is) = (set(&old.tenants), set(&new.tenants));
    for tenant in is.difference(&was) {
        let after = Side::new(*tenant, new.evidence.clone());
        changes.push(Kind::TenantAdded, &subject, Side::default(), after);
    }
    // Without its registry entry nothing is known of the tenants.
    if new.declaration.is_some() || old.declaration.is_none() {
        for tenant in was.difference(&is) {
            let before = Side::new(*tenant, old.evidence.clone());
            changes.push(Kind::TenantRemoved, &subject, before, Side::default());
        }
    }
}

fn enabled(old: &Identity, new: &Identity, subject: &Subject, changes: &mut Changes) {
    let (kind, before, after) = match (old.enabled, new.enabled) {
        (Some(false), Some(true)) => (Kind::IdentityEnabled, "disabled", "enabled"),
        (Some(true), Some(false)) => (Kind::IdentityDisabled, "enabled", "disabled"),
        _ => return,
    };
    let before = Side::new(before, old.evidence.clone());
    changes.push(
        kind,
        subject,
        before,
        Side::new(after, new.evidence.clone()),
    );
}

fn owner(old: &Identity, new: &Identity, subject: &Subject, changes: &mut Changes) {
    let (was, is) = (&old.ownership, &new.ownership);
    let kind = match (state(was), state(is)) {
        ("owned" | "disputed", "unknown") => Kind::OwnerUnknown,
        ("owned", "disputed") => Kind::OwnerDisputed,
        ("owned" | "disputed", "orphaned" | "suggested" | "unowned") => Kind::OwnerLost,
        (a, "owned") if a != "owned" => Kind::OwnerGained,
        ("owned", "owned") | ("orphaned", "orphaned") if was.owner != is.owner => {
            Kind::OwnerChanged
        }
        _ => return,
    };
    let before = Side::new(party(was), claims(was));
    changes.push(kind, subject, before, Side::new(party(is), claims(is)));
}

fn state(ownership: &Ownership) -> &str {
    match &*ownership.state {
        "" => "unknown",
        state => state,
    }
}

/// `team:payments`, `orphaned (user:jdoe)`, `unowned (maybe user:jdoe)`.
fn party(ownership: &Ownership) -> String {
    let state = state(ownership);
    match (&ownership.owner, &ownership.suggestion) {
        (Some(owner), _) if state == "owned" => owner.to_string(),
        (Some(owner), _) => format!("{state} ({owner})"),
        (None, Some(guess)) => format!("{state} (maybe {guess})"),
        (None, None) if state == "unknown" => "owner unknown".to_owned(),
        (None, None) => state.to_owned(),
    }
}

fn claims(ownership: &Ownership) -> Vec<Evidence> {
    let claims = ownership.claims.iter();
    claims.map(|c| c.evidence.clone()).collect()
}

fn privilege(old: &Identity, new: &Identity, subject: &Subject, changes: &mut Changes) {
    let (was, is) = (&old.privilege, &new.privilege);
    let mut push = |kind, after: String| {
        let before = Side::new(tier_text(was), proof(was.proof.as_deref()));
        let after = Side::new(after, proof(is.proof.as_deref()));
        changes.push(kind, subject, before, after);
    };
    let (old_rank, new_rank) = match (rank(was), rank(is)) {
        (None, None) => return,
        (None, Some(_)) => return push(Kind::TierKnown, tier_text(is)),
        (Some(_), None) => return push(Kind::TierUnknown, tier_text(is)),
        (Some(a), Some(b)) => (a, b),
    };
    let lower = new_rank < old_rank;
    if new_rank > old_rank {
        push(Kind::TierRose, tier_text(is));
    } else if lower && firm(was, is) {
        push(Kind::TierFell, tier_text(is));
    } else if lower {
        let unread = is.unresolved.join(", ");
        push(
            Kind::TierUnknown,
            format!("at least {}; not read: {unread}", is.tier),
        );
    }
    capabilities(was, is, subject, changes);
}

/// Whether less was found although everything was read that had been read before.
fn firm(was: &Privilege, is: &Privilege) -> bool {
    set(&is.unresolved).is_subset(&set(&was.unresolved))
}

fn capabilities(was: &Privilege, is: &Privilege, subject: &Subject, changes: &mut Changes) {
    let (old, new) = (
        by_key(&was.capabilities, |c| &*c.name),
        by_key(&is.capabilities, |c| &*c.name),
    );
    for (name, capability) in &new {
        if !old.contains_key(name) {
            let after = Side::new(*name, proof(Some(&capability.proof)));
            changes.push(Kind::CapabilityGained, subject, Side::default(), after);
        }
    }
    for (name, capability) in &old {
        if !new.contains_key(name) && firm(was, is) {
            let before = Side::new(*name, proof(Some(&capability.proof)));
            changes.push(Kind::CapabilityLost, subject, before, Side::default());
        }
    }
}

/// Reach is where its privilege holds, and whom it becomes by design.
fn reach(old: &Identity, new: &Identity, subject: &Subject, changes: &mut Changes) {
    if rank(&old.privilege).is_none() || rank(&new.privilege).is_none() {
        return;
    }
    let all = |i: &Identity| -> BTreeSet<String> {
        let becomes = i.becomes.iter().map(|id| format!("identity:{id}"));
        i.privilege
            .reach
            .iter()
            .map(ToString::to_string)
            .chain(becomes)
            .collect()
    };
    let (was, is) = (all(old), all(new));
    let side = |reach: &BTreeSet<String>, i: &Identity| {
        let text = reach.iter().map(String::as_str).collect::<Vec<_>>();
        let mut evidence = proof(i.privilege.proof.as_deref());
        if evidence.is_empty() {
            evidence.clone_from(&i.evidence);
        }
        Side((!text.is_empty()).then(|| text.join(", ")), evidence)
    };
    if !is.is_subset(&was) {
        let (before, after) = (side(&was, old), side(&is, new));
        changes.push(Kind::ReachWidened, subject, before, after);
    }
    if !was.is_subset(&is) && firm(&old.privilege, &new.privilege) {
        let (before, after) = (side(&was, old), side(&is, new));
        changes.push(Kind::ReachNarrowed, subject, before, after);
    }
}

/// How the end of an identity or a credential changed.
pub(super) fn expiry(
    (was, from): (&When, Vec<Evidence>),
    (is, to): (&When, Vec<Evidence>),
    subject: &Subject,
    changes: &mut Changes,
) {
    let kind = match (was, is) {
        (When::At { .. }, When::Never) => Kind::ExpiryRemoved,
        (When::At { .. } | When::Never, When::Unknown) => Kind::ExpiryUnknown,
        (When::Never | When::Unknown, When::At { .. }) => Kind::ExpirySet,
        (When::At { at: a }, When::At { at: b }) => {
            match (Timestamp::parse(a), Timestamp::parse(b)) {
                (Some(a), Some(b)) if b > a => Kind::ExpiryExtended,
                (Some(a), Some(b)) if b < a => Kind::ExpiryShortened,
                _ => return,
            }
        }
        _ => return,
    };
    let before = Side::new(when(was), from);
    changes.push(kind, subject, before, Side::new(when(is), to));
}

fn when(when: &When) -> &str {
    match when {
        When::Unknown => "unknown",
        When::Never => "never",
        When::At { at } => at,
    }
}

fn tier_text(privilege: &Privilege) -> String {
    let tier = match &*privilege.tier {
        "" => "unknown",
        tier => tier,
    };
    match &*privilege.certainty {
        "" | "certain" => tier.to_owned(),
        _ if tier == "unknown" => tier.to_owned(),
        certainty => format!("{tier} ({certainty})"),
    }
}

/// How high the tier is; `None` when it is not known.
fn rank(privilege: &Privilege) -> Option<Tier> {
    let tiers = Tier::ALL.into_iter();
    let mut known = tiers.filter(|t| *t != Tier::Unknown);
    known.find(|t| t.as_str() == privilege.tier)
}

fn proof(proof: Option<&Proof>) -> Vec<Evidence> {
    let hops = proof.into_iter().flat_map(|p| &p.hops);
    hops.filter_map(|h| h.evidence.clone()).collect()
}

fn set(texts: &[Str]) -> BTreeSet<&str> {
    texts.iter().map(|text| &**text).collect()
}

fn subject(identity: &Identity) -> Subject {
    Subject {
        kind: "identity".into(),
        id: identity.id.clone(),
        name: identity.name.clone(),
    }
}
