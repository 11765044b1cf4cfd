//! Owners as tables.

use super::{OwnerView, Owners};
use crate::report::csv::join;

/// Columns of `owners.csv`.
pub(in crate::report) const COLUMNS: [&str; 24] = [
    "owner",
    "standing",
    "owned",
    "owned_percent",
    "disputed",
    "orphaned",
    "suggested",
    "containers",
    "credentials",
    "admin",
    "escalate",
    "issue",
    "write",
    "read",
    "none",
    "unknown",
    "reviews_overdue",
    "open_findings",
    "worst_severity",
    "known_by",
    "evidence",
    "spellings",
    "name",
    "standing_reason",
];

/// The rows of `owners.csv`.
pub(in crate::report) fn rows(owners: &Owners<'_>) -> Vec<Vec<String>> {
    let row = |row: &super::OwnerRow<'_>| {
        let share = row.identities.iter().find(|s| s.state == "owned");
        let mut cells = vec![
            row.owner.to_owned(),
            row.standing.unwrap_or_default().to_owned(),
            row.count("owned").to_string(),
            share.map_or(0.0, |s| s.percent).to_string(),
        ];
        cells.extend(["disputed", "orphaned", "suggested"].map(|s| row.count(s).to_string()));
        cells.extend([row.containers.to_string(), row.credentials.to_string()]);
        let tiers = [
            "admin", "escalate", "issue", "write", "read", "none", "unknown",
        ];
        cells.extend(tiers.map(|tier| {
            let found = row.tiers.iter().find(|(name, _)| *name == tier);
            found.map_or(0, |(_, n)| *n).to_string()
        }));
        cells.extend([
            row.reviews_overdue.to_string(),
            row.open_findings.to_string(),
            row.worst_severity.unwrap_or_default().to_owned(),
            join(
                row.known_by
                    .iter()
                    .map(|k| format!("{} {}", k.claims, k.method)),
            ),
            join(
                row.known_by
                    .iter()
                    .map(|k| format!("{} {}", k.method, k.evidence)),
            ),
            join(row.spellings.iter().map(|s| s.raw)),
            row.name.unwrap_or_default().to_owned(),
            row.standing_reason.unwrap_or_default().to_owned(),
        ]);
        cells
    };
    owners.owners.iter().map(row).collect()
}

/// Columns of the scorecard.
pub(super) const SCORES: [&str; 13] = [
    "id",
    "title",
    "published_percent",
    "published_by",
    "year",
    "respondents",
    "definition",
    "source",
    "estate_percent",
    "numerator",
    "denominator",
    "unknown",
    "counted",
];

pub(super) fn scores(owners: &Owners<'_>) -> Vec<Vec<String>> {
    let row = |score: &crate::report::scorecard::Score| {
        let p = &score.published;
        let optional = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
        let mut cells = vec![
            p.id.clone(),
            p.title.clone(),
            p.percent.to_string(),
            p.who.clone(),
            optional(p.year.map(u32::from)),
            optional(p.respondents),
            p.definition.clone(),
            p.source.clone(),
        ];
        match score.estate {
            Some(share) => cells.extend([
                share.percent.to_string(),
                share.numerator.to_string(),
                share.denominator.to_string(),
                share.unknown.to_string(),
                p.ours.clone(),
            ]),
            None => {
                cells.extend(std::iter::repeat_n(String::new(), 4));
                let why = score.not_computable.unwrap_or_default();
                cells.push(format!("not computable: {why}"));
            }
        }
        cells
    };
    owners.scorecard.iter().map(row).collect()
}

/// Columns of what one owner has to do with.
pub(super) const HOLDINGS: [&str; 13] = [
    "ref_id",
    "record_type",
    "id",
    "name",
    "platform",
    "kind",
    "owner_state",
    "privilege_tier",
    "review",
    "open_findings",
    "worst_severity",
    "owner_method",
    "owner_evidence",
];

pub(super) fn holdings(view: &OwnerView<'_>) -> Vec<Vec<String>> {
    let row = |h: &super::Holding<'_>| {
        vec![
            h.ref_id.clone(),
            h.of.to_owned(),
            h.id.to_owned(),
            h.name.clone(),
            h.platform.to_owned(),
            h.kind.to_owned(),
            h.state.to_owned(),
            h.tier.to_owned(),
            h.review.clone().unwrap_or_default(),
            h.open_findings.to_string(),
            h.worst_severity.unwrap_or_default().to_owned(),
            h.claims.first().map_or("", |c| &c.method).to_owned(),
            join(
                h.claims
                    .iter()
                    .map(|c| format!("{} {} {}: {}", c.method, c.confidence, c.evidence, c.owner)),
            ),
        ]
    };
    view.holdings.iter().map(row).collect()
}
