//! A registry entry for an identity that has none, with what is known of its owner and how.

use super::super::registry_edit::{Field, Stub, Value};
use crate::snapshot::{Claim, Identity, Ownership};
use clap::ValueEnum;

/// How many claims are written down.
const CLAIMS: usize = 4;

/// Which owners are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(in crate::cli) enum Accept {
    /// Those that a source declares.
    Declared,
    /// Those that are only suggested, too.
    Inferred,
}

/// The entry of an identity, to be completed by a person.
pub(in crate::cli) fn stub(identity: &Identity, accept: Option<Accept>) -> Stub {
    let ownership = &identity.ownership;
    let (owner, note) = owner(ownership, accept);
    let empty = |key| Field {
        key,
        value: Value::Text(String::new()),
        note: None,
    };
    let mut revocation = empty("revocation");
    revocation.value = Value::Map(vec![
        ("runbook", String::new()),
        ("last_tested", String::new()),
    ]);
    Stub {
        id: identity.id.to_string(),
        notes: notes(identity),
        fields: vec![
            Field {
                key: "owner",
                value: Value::Text(owner),
                note: Some(note),
            },
            empty("purpose"),
            empty("review_by"),
            empty("expires"),
            revocation,
        ],
    }
}

/// What it is, and who says whose it is.
pub(super) fn notes(identity: &Identity) -> Vec<String> {
    let place = identity.evidence.first().map(ToString::to_string);
    let tier = crate::report::own_tier(&identity.privilege);
    let what = format!("{} · privilege: {tier}", identity.kind);
    let mut notes = vec![match place {
        Some(place) => format!("{what} · {place}"),
        None => what,
    }];
    let claims = &identity.ownership.claims;
    // The first is told beside the owner.
    let others = claims.iter().skip(1).take(CLAIMS);
    notes.extend(others.map(|claim| format!("also {}", told(claim))));
    let left = claims.len().saturating_sub(CLAIMS + 1);
    if left > 0 {
        notes.push(format!("and {left} more"));
    }
    notes
}

/// `team:payments by label (high), k8s/sa.yaml:7`.
fn told(claim: &Claim) -> String {
    let commit = claim.as_of.as_deref();
    let day = commit.map(|day| format!(", {day}")).unwrap_or_default();
    format!(
        "{} by {} ({}{day}), {}",
        claim.owner, claim.method, claim.confidence, claim.evidence
    )
}

/// The owner to fill in, and what is said of it.
fn owner(ownership: &Ownership, accept: Option<Accept>) -> (String, String) {
    let best = |name: &str| {
        let claims = ownership.claims.iter();
        claims
            .clone()
            .find(|claim| *claim.owner == *name)
            .or_else(|| claims.clone().next())
            .map(told)
            .unwrap_or_else(|| name.to_owned())
    };
    match (&*ownership.state, &ownership.owner, &ownership.suggestion) {
        ("owned", Some(owner), _) if accept.is_some() => (owner.to_string(), best(owner)),
        ("owned", Some(owner), _) => (String::new(), format!("declared: {}", best(owner))),
        ("disputed", ..) => (String::new(), format!("disputed: {}", sides(ownership))),
        ("orphaned", Some(owner), _) => (
            String::new(),
            format!("gone: {}; {}", best(owner), ownership.reason),
        ),
        (_, _, Some(suggestion)) if accept == Some(Accept::Inferred) => (
            suggestion.to_string(),
            format!("only suggested: {}", best(suggestion)),
        ),
        (_, _, Some(suggestion)) => (String::new(), format!("suggested: {}", best(suggestion))),
        _ => (String::new(), ownership.reason.to_string()),
    }
}

/// The parties of a dispute, each with its best claim.
fn sides(ownership: &Ownership) -> String {
    let sides = crate::report::sides(ownership).into_iter();
    let mut sides: Vec<String> = sides.map(told).collect();
    sides.truncate(CLAIMS);
    sides.join("; or ")
}
