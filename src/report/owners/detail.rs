//! One owner whole: everything it has to do with, and how that is known.

use super::{OwnerRow, Owners, claims_of, known_state, parties, platform_of};
use crate::model::{Owner, Tier};
use crate::report::subject::{owner_state, ref_id};
use crate::report::{Report, view::severity};
use crate::snapshot::{Claim, Ownership, Review};
use serde::Serialize;
use std::cmp::Reverse;

/// An owner with everything it has to do with.
#[derive(Clone, Debug, Serialize)]
pub struct OwnerView<'a> {
    /// The time of the scan.
    pub scanned_at: &'a str,
    /// Counts.
    #[serde(flatten)]
    pub row: OwnerRow<'a>,
    /// What it has to do with: containers, identities with most privilege first, then credentials.
    pub holdings: Vec<Holding<'a>>,
}

/// Something that an owner has to do with.
#[derive(Clone, Debug, Serialize)]
pub struct Holding<'a> {
    /// As in every report.
    pub ref_id: String,
    /// `container`, `identity` or `credential`.
    pub of: &'a str,
    /// Id.
    pub id: &'a str,
    /// What a person calls it.
    pub name: String,
    /// Platform, or the issuer of a credential.
    pub platform: &'a str,
    /// `aws-user`, `namespace`, …
    pub kind: &'a str,
    /// `owned`, `disputed`, `orphaned` or `suggested`.
    pub state: &'static str,
    /// What it may do; empty for containers.
    pub tier: String,
    /// `overdue 2026-01-31`, where anything was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// Open findings.
    pub open_findings: usize,
    /// The worst of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst_severity: Option<&'static str>,
    /// How this was concluded.
    pub reason: &'a str,
    /// The claims that name this owner, strongest first; of what is disputed, all that are declared.
    pub claims: Vec<&'a Claim>,
}

/// The owners that a name means: one by its normal form; else any of this name, or spelt so somewhere.
pub fn view<'a>(
    report: &Report<'a>,
    owners: &Owners<'a>,
    name: &str,
) -> Result<OwnerView<'a>, Vec<String>> {
    let name = name.trim();
    let parsed = Owner::parse(name).map(|o| o.to_string());
    let exact = |row: &&OwnerRow<'a>| row.owner == name || Some(row.owner) == parsed.as_deref();
    let lower = name.to_lowercase();
    let bare = |row: &&OwnerRow<'a>| {
        let (_, short) = row.owner.split_once(':').unwrap_or(("", row.owner));
        short == lower
            || short.rsplit('/').next() == Some(&lower)
            || row.spellings.iter().any(|s| s.raw.to_lowercase() == lower)
    };
    let mut found: Vec<&OwnerRow<'a>> = owners.owners.iter().filter(exact).take(1).collect();
    if found.is_empty() {
        found = owners.owners.iter().filter(bare).collect();
    }
    match &*found {
        [only] => Ok(of(report, owners, only)),
        [] => {
            let like = owners
                .owners
                .iter()
                .filter(|r| !lower.is_empty() && r.owner.contains(&lower));
            Err(like.take(20).map(|r| r.owner.to_owned()).collect())
        }
        several => Err(several
            .iter()
            .take(20)
            .map(|r| r.owner.to_owned())
            .collect()),
    }
}

fn of<'a>(report: &Report<'a>, owners: &Owners<'a>, row: &OwnerRow<'a>) -> OwnerView<'a> {
    let mut holdings = Vec::new();
    for container in &report.snapshot.containers {
        if parties(&container.ownership).contains(&row.owner) {
            holdings.push(Holding {
                ref_id: ref_id("container", &container.id),
                of: "container",
                id: &container.id,
                name: container.name.to_string(),
                platform: platform_of(container),
                kind: &container.kind,
                state: known_state(owner_state(Some(&container.ownership))),
                tier: String::new(),
                review: container.review.as_ref().map(review),
                open_findings: 0,
                worst_severity: None,
                reason: &container.ownership.reason,
                claims: claims(&container.ownership, row.owner),
            });
        }
    }
    let mut rest: Vec<Holding<'a>> = Vec::new();
    for item in &report.inventory {
        let subject = &item.subject;
        let Some(ownership) = subject.ownership else {
            continue;
        };
        if !parties(ownership).contains(&row.owner) {
            continue;
        }
        let identity = subject.identity.filter(|_| subject.kind == "identity");
        rest.push(Holding {
            ref_id: subject.ref_id.clone(),
            of: subject.kind,
            id: subject.id,
            name: subject.name.clone(),
            platform: subject.platform,
            kind: subject.sort,
            state: known_state(owner_state(Some(ownership))),
            tier: subject.tier().to_owned(),
            review: identity.and_then(|i| i.review.as_ref()).map(review),
            open_findings: item.open,
            worst_severity: item.worst.map(crate::model::Severity::as_str),
            reason: &ownership.reason,
            claims: claims(ownership, row.owner),
        });
    }
    rest.sort_by_key(|h| {
        let tier = Tier::ALL.iter().position(|t| t.as_str() == h.tier);
        (
            Reverse(h.of),
            tier,
            Reverse(h.worst_severity.map(severity)),
            h.id,
        )
    });
    holdings.extend(rest);
    OwnerView {
        scanned_at: owners.scanned_at,
        row: row.clone(),
        holdings,
    }
}

fn claims<'a>(ownership: &'a Ownership, owner: &str) -> Vec<&'a Claim> {
    match owner_state(Some(ownership)) {
        "disputed" => ownership.claims.iter().filter(|c| c.declared).collect(),
        _ => claims_of(ownership, owner),
    }
}

fn review(review: &Review) -> String {
    match &review.date {
        Some(date) => format!("{} {date}", review.state),
        None => review.state.to_string(),
    }
}
