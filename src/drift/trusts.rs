//! Trusts: who may become whom, and on which conditions.

use super::{Changes, Side, Sides};
use crate::model::{ChangeKind as Kind, Str};
use crate::snapshot::{Evidence, Snapshot, Subject, Trust};
use std::collections::{BTreeMap, BTreeSet};

/// One outside party of one identity, whatever statements name it and in whatever order.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str);

fn parties(snapshot: &Snapshot) -> BTreeMap<Key<'_>, Vec<&Trust>> {
    let mut parties: BTreeMap<Key<'_>, Vec<&Trust>> = BTreeMap::new();
    for t in &snapshot.trusts {
        let key = (&*t.target, &*t.effect, &*t.principal_kind, &*t.principal);
        parties.entry(key).or_default().push(t);
    }
    parties
}

pub(super) fn compare(sides: &Sides<'_>, changes: &mut Changes) {
    let names = |s: &'_ Snapshot| -> BTreeMap<Str, Str> {
        let pairs = s.identities.iter();
        pairs.map(|i| (i.id.clone(), i.name.clone())).collect()
    };
    let (old_names, new_names) = (names(sides.before), names(sides.after));
    let (before, after) = (parties(sides.before), parties(sides.after));
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
    for key in keys {
        let (target, effect, ..) = key;
        // A new or vanished identity is a change of its own and brings or takes its trusts along.
        if old_names.contains_key(target) != new_names.contains_key(target) {
            continue;
        }
        let name = new_names.get(target).map_or(target, |name| &**name);
        let subject = Subject {
            kind: "identity".into(),
            id: target.into(),
            name: name.into(),
        };
        let opens = effect != "deny";
        let (old, new) = (before.get(&key), after.get(&key));
        let (wider, narrower) = match (old, new) {
            (None, Some(_)) => (opens, !opens),
            (Some(old), None) => {
                // A trust whose document was not read this time is not gone.
                if !sides.seen_after.all(old.iter().map(|t| &t.evidence), None) {
                    continue;
                }
                (!opens, opens)
            }
            (Some(old), Some(new)) => {
                let (more, less) = (exceeds(new, old), exceeds(old, new));
                if opens { (more, less) } else { (less, more) }
            }
            (None, None) => continue,
        };
        let side = |trusts: Option<&Vec<&Trust>>| match trusts {
            None => Side::default(),
            Some(trusts) => Side::new(describe(trusts), evidence(trusts)),
        };
        if wider {
            changes.push(Kind::TrustWidened, &subject, side(old), side(new));
        }
        if narrower {
            changes.push(Kind::TrustNarrowed, &subject, side(old), side(new));
        }
    }
}

/// Whether some statement of `these` lets through what no statement of `those` does: an action that
/// none of them names, or the same action with fewer condition keys.
fn exceeds(these: &[&Trust], those: &[&Trust]) -> bool {
    let covers = |wide: &Trust, action: &Str, narrow: &Trust| {
        let keys: BTreeSet<_> = narrow.condition_keys.iter().collect();
        wide.actions.contains(action) && wide.condition_keys.iter().all(|k| keys.contains(k))
    };
    these.iter().any(|t| {
        let mut actions = t.actions.iter();
        actions.any(|action| !those.iter().any(|other| covers(other, action, t)))
    })
}

fn describe(trusts: &[&Trust]) -> String {
    let texts: BTreeSet<String> = trusts
        .iter()
        .map(|t| {
            let who = match &*t.principal_kind {
                "anyone" => "anyone",
                _ => &t.principal,
            };
            let deny = if t.effect == "deny" { "not " } else { "" };
            let conditions = match &*t.condition_keys {
                [] => "without conditions".to_owned(),
                keys => format!("if {}", keys.join(", ")),
            };
            format!("{deny}{who} {conditions} ({})", t.actions.join(", "))
        })
        .collect();
    texts.into_iter().collect::<Vec<_>>().join("; ")
}

fn evidence(trusts: &[&Trust]) -> Vec<Evidence> {
    let all: BTreeSet<_> = trusts.iter().map(|t| &t.evidence).collect();
    all.into_iter().cloned().collect()
}
