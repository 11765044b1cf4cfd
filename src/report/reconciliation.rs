//! The registry beside what was found: declared only, found only, or both, each with what is missing.

use super::Report;
use super::csv::join;
use super::subject::{owner_state, ref_id, tier};
use crate::snapshot::{Declaration, Evidence, Gap, Identity};
use std::collections::BTreeMap;

/// Columns of `registry.csv`.
pub(super) const COLUMNS: [&str; 21] = [
    "ref_id",
    "entry",
    "identity",
    "state",
    "owner",
    "owner_state",
    "purpose",
    "review_by",
    "expires",
    "revocation",
    "privilege_tier",
    "gaps",
    "locations",
    "backup_owner",
    "approver",
    "vendor",
    "revocation_tested",
    "attested_by",
    "attested_on",
    "gap_details",
    "not_evaluable",
];

/// The rows of `registry.csv`: entries with what they speak of in their order, then what should have an entry and has
/// none. What reports leave out by default, as people's own users, is shown where an entry speaks of it.
pub(super) fn rows(report: &Report<'_>) -> Vec<Vec<String>> {
    let found: BTreeMap<&str, &Identity> = report
        .snapshot
        .identities
        .iter()
        .map(|i| (&*i.id, i))
        .collect();
    let mut rows = Vec::new();
    for declaration in &report.snapshot.declarations {
        let met: Vec<&&Identity> = declaration
            .identities
            .iter()
            .filter_map(|id| found.get(&**id))
            .collect();
        if met.is_empty() {
            rows.push(row(Some(declaration), None));
        }
        for identity in met {
            rows.push(row(Some(declaration), Some(identity)));
        }
    }
    // Snapshots of versions that did not say leave it to what is known of the identity.
    let told = found.values().any(|i| i.registration.is_some());
    let undeclared = found.values().filter(|i| match &i.registration {
        Some(registration) => registration.needs_entry,
        None => {
            !told
                && i.declaration.is_none()
                && i.humanity != "human"
                && i.provider_managed.is_none()
                && i.presence.iter().any(|p| p != "referenced")
                && !matches!(&*i.kind, "ci-job" | "host-user" | "database-user")
        }
    });
    rows.extend(undeclared.map(|identity| row(None, Some(identity))));
    rows
}

fn row(entry: Option<&Declaration>, identity: Option<&Identity>) -> Vec<String> {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let of =
        |get: fn(&Declaration) -> Option<&String>| text(entry.and_then(get).map(String::as_str));
    let registration = identity.and_then(|i| i.registration.as_ref());
    let state = match (entry.map(|d| &*d.state), registration.map(|r| &*r.state)) {
        (_, Some(state)) if identity.is_some() && !state.is_empty() => state,
        (Some(state), _) if !state.is_empty() => state,
        // A snapshot of a version that did not say.
        _ if identity.is_none() => "declared-only",
        _ if entry.is_none() => "found-only",
        _ => "both",
    };
    let ownership = identity.map(|i| &i.ownership);
    let settled = ownership.map(|o| owner_state(Some(o)));
    // Of an identity, what is amiss with it and its entry; a pattern's entry speaks of several.
    let gaps: &[Gap] = match (registration, entry) {
        (Some(registration), _) => &registration.gaps,
        (None, Some(entry)) => &entry.gaps,
        (None, None) => &[],
    };
    let mut kinds: Vec<&str> = gaps.iter().map(|gap| &*gap.kind).collect();
    kinds.extend(match settled {
        Some("disputed") => Some("owner-disputed"),
        Some("orphaned") => Some("owner-gone"),
        Some("suggested") => Some("owner-only-suggested"),
        Some("unknown") => Some("owner-unknown"),
        _ => None,
    });
    let details = gaps.iter().filter_map(|gap| {
        let detail = gap.detail.as_ref()?;
        Some(format!("{}: {detail}", gap.kind))
    });
    let open = registration.map(|r| &*r.open).unwrap_or_default();
    let places = entry.map(|d| d.evidence.to_string());
    let seen = identity.iter().flat_map(|i| &i.evidence);
    let places = places.into_iter().chain(seen.map(Evidence::to_string));
    let concluded = ownership.and_then(|o| o.owner.as_deref());
    vec![
        match (identity, entry) {
            (Some(identity), _) => ref_id("identity", &identity.id),
            (None, Some(entry)) => ref_id("declaration", &entry.id),
            (None, None) => String::new(),
        },
        text(entry.map(|d| d.id.as_str())),
        text(identity.map(|i| &*i.id)),
        state.to_owned(),
        match entry.and_then(|d| d.owner.as_deref()) {
            Some(owner) => owner.to_owned(),
            None => text(concluded),
        },
        text(settled),
        of(|d| d.purpose.as_ref()),
        of(|d| d.review_by.as_ref()),
        of(|d| d.expires.as_ref()),
        of(|d| d.revocation.as_ref()),
        text(identity.map(|i| tier(&i.privilege))),
        join(kinds),
        join(places),
        of(|d| d.backup_owner.as_ref()),
        of(|d| d.approver.as_ref()),
        of(|d| d.vendor.as_ref()),
        of(|d| d.revocation_tested.as_ref()),
        of(|d| d.attested_by.as_ref()),
        of(|d| d.attested_on.as_ref()),
        join(details),
        join(open.iter().map(|kind| &**kind)),
    ]
}
