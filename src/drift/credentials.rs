//! Credentials: added, rotated, revived, removed, and where they stand in the open.

use super::identities::expiry;
use super::{Changes, Side, Sides, by_key};
use crate::model::{ChangeKind as Kind, Timestamp};
use crate::snapshot::{Credential, Evidence, Exposure, Subject};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn compare(sides: &Sides<'_>, changes: &mut Changes) {
    let before = by_key(&sides.before.credentials, |c| &*c.id);
    let after = by_key(&sides.after.credentials, |c| &*c.id);
    let mut left = Vec::new();
    let mut came = Vec::new();
    for (id, old) in &before {
        match after.get(id) {
            Some(new) => pair(sides, old, new, changes),
            None => left.push(*old),
        }
    }
    for (id, new) in &after {
        if !before.contains_key(id) {
            came.push(*new);
        }
    }
    for new in &came {
        leaked(&[], new, changes);
    }
    let (left, came) = rotated(sides, left, came, changes);
    for old in left {
        gone(sides, old, changes);
    }
    for new in came {
        // One that is known only from the open is told as leaked.
        if !new.records.is_empty() || new.exposures.is_empty() {
            let after = Side::new(summary(new), places(new));
            changes.push(Kind::CredentialAdded, &subject(new), Side::default(), after);
        }
    }
}

/// Takes out the pairs of one listed credential that went and one of the same kind that came for the
/// same identity: oldest with oldest.
fn rotated<'a>(
    sides: &Sides<'_>,
    left: Vec<&'a Credential>,
    came: Vec<&'a Credential>,
    changes: &mut Changes,
) -> (Vec<&'a Credential>, Vec<&'a Credential>) {
    let mut waiting: BTreeMap<(&str, &str), Vec<&Credential>> = BTreeMap::new();
    let mut rest = Vec::new();
    for old in left {
        let listed = !old.records.is_empty() && looked(sides, &old.records, old);
        match &old.identity {
            Some(identity) if listed => waiting.entry((identity, &old.kind)).or_default().push(old),
            _ => rest.push(old),
        }
    }
    for old in waiting.values_mut() {
        // Popped from the end, so the oldest is last.
        old.sort_by(|a, b| (&b.created, &b.id).cmp(&(&a.created, &a.id)));
    }
    let mut came = came;
    came.sort_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)));
    let mut added = Vec::new();
    for new in came {
        let partner = match &new.identity {
            Some(identity) if !new.records.is_empty() => waiting
                .get_mut(&(&**identity, new.kind.as_str()))
                .and_then(Vec::pop),
            _ => None,
        };
        match partner {
            None => added.push(new),
            Some(old) => {
                let before = Side::new(name(old), old.records.clone());
                let after = Side::new(name(new), new.records.clone());
                changes.push(Kind::CredentialRotated, &subject(new), before, after);
                withdrawn(sides, old, &[], changes);
            }
        }
    }
    rest.extend(waiting.into_values().flatten());
    (rest, added)
}

fn gone(sides: &Sides<'_>, old: &Credential, changes: &mut Changes) {
    if !old.records.is_empty() {
        let (kind, after) = match looked(sides, &old.records, old) {
            true => (Kind::CredentialRemoved, Side::default()),
            false => (
                Kind::CredentialUnseen,
                Side::new("its source was not read", Vec::new()),
            ),
        };
        let before = Side::new(summary(old), old.records.clone());
        changes.push(kind, &subject(old), before, after);
    }
    withdrawn(sides, old, &[], changes);
}

fn pair(sides: &Sides<'_>, old: &Credential, new: &Credential, changes: &mut Changes) {
    let subject = subject(new);
    let side = |c: &Credential| Side::new(&*c.status, places(c));
    let usable = |c: &Credential| match &*c.status {
        "active" => Some(true),
        "inactive" | "expired" => Some(false),
        _ => None,
    };
    match (usable(old), usable(new)) {
        (Some(false), Some(true)) => {
            changes.push(Kind::CredentialRevived, &subject, side(old), side(new));
        }
        (Some(true), Some(false)) => {
            changes.push(Kind::CredentialDisabled, &subject, side(old), side(new));
        }
        _ => {}
    }
    let (was, is) = (made(old), made(new));
    let renewed = was.is_some() && is > was;
    let other_value = old.fingerprint.is_some()
        && new.fingerprint.is_some()
        && old.fingerprint != new.fingerprint;
    if renewed || other_value {
        let side = |c: &Credential| {
            let text = c.created.as_ref().map(|at| format!("created {at}"));
            Side(text.or_else(|| c.display.clone()), places(c))
        };
        changes.push(Kind::CredentialRotated, &subject, side(old), side(new));
    }
    let (from, to) = (places(old), places(new));
    expiry((&old.expires, from), (&new.expires, to), &subject, changes);
    leaked(&old.exposures, new, changes);
    withdrawn(sides, old, &new.exposures, changes);
}

/// Exposures in files where there was none before. Lines move; files count.
fn leaked(before: &[Exposure], new: &Credential, changes: &mut Changes) {
    let known: BTreeSet<_> = before.iter().map(place).collect();
    let stood: BTreeSet<_> = before.iter().filter(|e| e.in_tree).map(place).collect();
    let fresh: Vec<_> = new
        .exposures
        .iter()
        // What stood in a file and is left in its history has not leaked again; the other way round it has.
        .filter(|e| !if e.in_tree { &stood } else { &known }.contains(&place(e)))
        .map(|e| e.evidence.clone())
        .collect();
    if !fresh.is_empty() {
        // The places where it already stood are evidence; it has not moved from them.
        let before = Side(None, before.iter().map(|e| e.evidence.clone()).collect());
        let after = Side(list(&fresh), fresh);
        changes.push(Kind::CredentialLeaked, &subject(new), before, after);
    }
}

/// Exposures that are gone from files that were read.
fn withdrawn(sides: &Sides<'_>, old: &Credential, after: &[Exposure], changes: &mut Changes) {
    let left: BTreeSet<_> = after.iter().map(place).collect();
    let stands: BTreeSet<_> = after.iter().filter(|e| e.in_tree).map(place).collect();
    let gone: Vec<_> = old
        .exposures
        .iter()
        .filter(|e| match e.in_tree {
            true => !stands.contains(&place(e)),
            // Histories that were not looked at have lost nothing.
            false => sides.histories && !left.contains(&place(e)),
        })
        .filter(|e| sides.seen_after.source(&e.evidence, None))
        .map(|e| e.evidence.clone())
        .collect();
    if !gone.is_empty() {
        let text = list(&gone);
        let kept: Vec<_> = after.iter().map(|e| e.evidence.clone()).collect();
        let (before, after) = (Side(text, gone), Side(list(&kept), kept));
        changes.push(Kind::ExposureRemoved, &subject(old), before, after);
    }
}

fn looked(sides: &Sides<'_>, evidence: &[Evidence], credential: &Credential) -> bool {
    let account = credential.account.as_deref();
    sides.seen_after.all(evidence, account)
}

fn place(exposure: &Exposure) -> (&str, Option<&str>) {
    let evidence = &exposure.evidence;
    (&evidence.path, evidence.repository.as_deref())
}

fn list(evidence: &[Evidence]) -> Option<String> {
    let texts: Vec<_> = evidence.iter().map(ToString::to_string).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

fn made(credential: &Credential) -> Option<Timestamp> {
    Timestamp::parse(credential.created.as_deref()?)
}

fn places(credential: &Credential) -> Vec<Evidence> {
    let exposures = credential.exposures.iter().map(|e| &e.evidence);
    credential
        .records
        .iter()
        .chain(exposures)
        .cloned()
        .collect()
}

fn summary(c: &Credential) -> String {
    let status = match &*c.status {
        "" => "unknown",
        status => status,
    };
    format!("{}, status {status}", name(c))
}

/// What to call it: `AWS access key AKIA…`.
fn name(c: &Credential) -> String {
    match &c.display {
        Some(display) => format!("{} {display}", c.title),
        None => c.title.clone(),
    }
}

fn subject(c: &Credential) -> Subject {
    Subject {
        kind: "credential".into(),
        id: c.id.clone(),
        name: name(c).into(),
    }
}
