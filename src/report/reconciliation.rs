//! The registry beside what was found: declared only, found only, or both, each with what is missing.

use super::Report;
use super::csv::join;
use super::subject::{Subject, ref_id};
use crate::snapshot::Declaration;
use std::collections::BTreeMap;

/// Columns of `registry.csv`.
pub(super) const COLUMNS: [&str; 13] = [
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
];

/// The rows of `registry.csv`: entries with what they speak of in their order, then what no entry speaks of.
pub(super) fn rows(report: &Report<'_>) -> Vec<Vec<String>> {
    let found: BTreeMap<&str, &Subject<'_>> = report
        .inventory
        .iter()
        .map(|row| &row.subject)
        .filter(|s| s.kind == "identity" && !s.id.starts_with("registry:"))
        .map(|s| (s.id, s))
        .collect();
    let mut rows = Vec::new();
    for declaration in &report.snapshot.declarations {
        let met: Vec<&&Subject<'_>> = declaration
            .identities
            .iter()
            .filter_map(|id| found.get(&**id))
            .collect();
        if met.is_empty() {
            rows.push(row(Some(declaration), None, "declared-only"));
        }
        for subject in met {
            rows.push(row(Some(declaration), Some(subject), "both"));
        }
    }
    let undeclared = found.values().filter(|s| {
        s.identity.is_some_and(|i| {
            i.declaration.is_none()
                && i.humanity != "human"
                && i.provider_managed.is_none()
                && i.presence.iter().any(|p| p != "referenced")
                && !matches!(&*i.kind, "ci-job" | "host-user" | "database-user")
        })
    });
    rows.extend(undeclared.map(|subject| row(None, Some(subject), "found-only")));
    rows
}

fn row(entry: Option<&Declaration>, subject: Option<&Subject<'_>>, state: &str) -> Vec<String> {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let of = |get: fn(&Declaration) -> Option<&String>| entry.and_then(get).map(String::as_str);
    let (owner, purpose) = (of(|d| d.owner.as_ref()), of(|d| d.purpose.as_ref()));
    let (review, end) = (of(|d| d.review_by.as_ref()), of(|d| d.expires.as_ref()));
    let revocation = of(|d| d.revocation.as_ref());
    let mut gaps: Vec<&str> = match state {
        "declared-only" => vec!["not-found"],
        "found-only" => vec!["not-declared"],
        _ => Vec::new(),
    };
    if entry.is_some() {
        let fields = [
            ("no-owner", owner),
            ("no-purpose", purpose),
            ("no-review-date", review),
            ("no-end", end),
            ("no-revocation", revocation),
        ];
        gaps.extend(
            fields
                .iter()
                .filter(|(_, value)| value.is_none())
                .map(|(gap, _)| *gap),
        );
    }
    let ownership = subject.and_then(|s| s.ownership);
    let settled = subject.map(Subject::owner_state);
    match settled {
        Some("owned") | None => {}
        Some(state) => gaps.push(match state {
            "disputed" => "owner-disputed",
            "orphaned" => "owner-gone",
            "suggested" => "owner-only-suggested",
            "unowned" => "unowned",
            _ => "owner-unknown",
        }),
    }
    let places = entry.map(|d| d.evidence.to_string());
    let places = places.into_iter().chain(
        subject
            .iter()
            .flat_map(|s| s.evidence.iter().map(ToString::to_string)),
    );
    vec![
        match (subject, entry) {
            (Some(subject), _) => subject.ref_id.clone(),
            (None, Some(entry)) => ref_id("declaration", &entry.id),
            (None, None) => String::new(),
        },
        text(entry.map(|d| d.id.as_str())),
        text(subject.map(|s| s.id)),
        state.to_owned(),
        text(owner.or(ownership.and_then(|o| o.owner.as_deref()))),
        text(settled),
        text(purpose),
        text(review),
        text(end),
        text(revocation),
        text(subject.map(|s| s.tier())),
        join(gaps),
        join(places),
    ]
}
