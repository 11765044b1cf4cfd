//! CSV (RFC 4180): always quoted, CRLF, one row a subject, no line breaks within cells, and no cell
//! that a spreadsheet would take for a formula.

use super::owners::{self, Filter, Owners};
use super::subject::Subject;
use super::text::{self, clean, day};
use super::view::{FindingRow, Gap, InventoryRow};
use super::{Report, Style, Table, reconciliation};
use crate::model::Str;
use crate::snapshot::{Commit, Container, Evidence, Proof, When};
use ::csv::{QuoteStyle, Terminator, WriterBuilder};
use std::io;

/// What a spreadsheet takes in one cell, less room for marks (Excel: 32,767 characters).
const CELL: usize = 32_000;

pub(super) fn write(
    table: Table,
    report: &Report<'_>,
    out: &mut dyn io::Write,
    style: &Style,
) -> io::Result<()> {
    match table {
        Table::Owners => {
            let owners = Owners::new(report, &Filter::default());
            return self::table(&owners::COLUMNS, owners::rows(&owners), out, style);
        }
        Table::Registry => {
            let rows = reconciliation::rows(report);
            return self::table(&reconciliation::COLUMNS, rows, out, style);
        }
        Table::OwnershipGaps | Table::Inventory | Table::Findings => {}
    }
    let mut writer = writer(out);
    let mut row = |cells: Vec<String>| {
        let cells = cells.iter().map(|cell| finish(cell, style.raw_csv));
        writer.write_record(cells).map_err(io::Error::from)
    };
    match table {
        Table::OwnershipGaps => {
            row(names(&GAPS))?;
            report.gaps.iter().try_for_each(|gap| row(gap_row(gap)))?;
        }
        Table::Inventory => {
            row(names(&INVENTORY))?;
            let rows = &mut report.inventory.iter();
            rows.try_for_each(|item| row(inventory_row(item)))?;
            let containers = &mut report.snapshot.containers.iter();
            containers.try_for_each(|container| row(container_row(container)))?;
        }
        Table::Findings => {
            row(names(&FINDINGS))?;
            let mut rows = report.findings.iter().chain(&report.waived);
            rows.try_for_each(|finding| row(finding_row(finding)))?;
        }
        Table::Owners | Table::Registry => {}
    }
    writer.flush()
}

/// A table whose rows are cells already.
pub(super) fn table(
    columns: &[&str],
    rows: Vec<Vec<String>>,
    out: &mut dyn io::Write,
    style: &Style,
) -> io::Result<()> {
    let mut writer = writer(out);
    for row in std::iter::once(names(columns)).chain(rows) {
        writer.write_record(row.iter().map(|cell| finish(cell, style.raw_csv)))?;
    }
    writer.flush()
}

fn writer(out: &mut dyn io::Write) -> ::csv::Writer<&mut dyn io::Write> {
    WriterBuilder::new()
        .quote_style(QuoteStyle::Always)
        .terminator(Terminator::CRLF)
        .from_writer(out)
}

/// Columns of `ownership-gaps.csv`. The last four are for the analyst to fill in.
const GAPS: [&str; 41] = [
    "ref_id",
    "subject_type",
    "subject_id",
    "name",
    "platform",
    "kind",
    "account",
    "environment",
    "severity",
    "owner_state",
    "owner",
    "suggested_owner",
    "owner_evidence",
    "owner_method",
    "owner_confidence",
    "owner_as_of",
    "privilege_tier",
    "privilege_certainty",
    "capabilities",
    "privilege_evidence",
    "created",
    "expires",
    "last_used",
    "review_by",
    "registered_end",
    "purpose",
    "gaps",
    "why",
    "findings",
    "locations",
    "first_seen",
    "status",
    "controls",
    "remediation",
    "identity",
    "repository",
    "reach",
    "attested_owner",
    "attested_purpose",
    "attested_by",
    "attested_on",
];

fn gap_row(gap: &Gap<'_>) -> Vec<String> {
    let s = &gap.subject;
    let mut cells = vec![
        s.ref_id.clone(),
        s.kind.to_owned(),
        s.id.to_owned(),
        s.name.clone(),
        s.platform.to_owned(),
        s.sort.to_owned(),
        s.account.clone().unwrap_or_default(),
        join(&s.environments),
        gap.severity.map_or("", |s| s.as_str()).to_owned(),
    ];
    cells.extend(owner_cells(s));
    cells.extend(privilege_cells(s));
    cells.extend(time_cells(s));
    let repositories = gap.locations.iter().filter_map(|e| e.repository.as_deref());
    cells.extend([
        s.purpose.unwrap_or_default().to_owned(),
        join(gap.reasons.iter().map(|r| r.id)),
        join(gap.reasons.iter().map(|r| r.title)),
        gap.findings.len().to_string(),
        places(&gap.locations),
        gap.first_seen.unwrap_or_default().to_owned(),
        gap.status.unwrap_or_default().to_owned(),
        join(&gap.controls),
        join(&gap.remediations),
        s.identity.map_or("", |i| &i.id).to_owned(),
        join(repositories.collect::<std::collections::BTreeSet<_>>()),
        reach(s),
    ]);
    cells.resize(GAPS.len(), String::new());
    cells
}

/// Columns of `inventory.csv`.
const INVENTORY: [&str; 49] = [
    "ref_id",
    "record_type",
    "id",
    "name",
    "platform",
    "kind",
    "account",
    "namespace",
    "environment",
    "presence",
    "humanity",
    "humanity_reason",
    "provider_managed",
    "status",
    "owner_state",
    "owner",
    "suggested_owner",
    "owner_evidence",
    "owner_method",
    "owner_confidence",
    "owner_as_of",
    "privilege_tier",
    "privilege_certainty",
    "capabilities",
    "privilege_evidence",
    "reach",
    "created",
    "expires",
    "last_used",
    "review_by",
    "registered_end",
    "console_access",
    "mfa",
    "identity",
    "identity_basis",
    "credentials",
    "entitlements",
    "workloads",
    "becomes",
    "purpose",
    "tenants",
    "locations",
    "open_findings",
    "worst_severity",
    "serves",
    "unused_services",
    "unused_window",
    "traits",
    "derivation",
];

fn inventory_row(row: &InventoryRow<'_>) -> Vec<String> {
    let s = &row.subject;
    let credential = s.credential;
    // What is said of an identity is said once, in its own row.
    let identity = s.identity.filter(|_| credential.is_none());
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let list = |values: Option<&Vec<Str>>| values.map(join).unwrap_or_default();
    let truth = |value: Option<bool>| value.map_or("unknown", yes_no).to_owned();
    let status = match (identity, credential) {
        (Some(i), _) => i.enabled.map_or("unknown", |on| match on {
            true => "enabled",
            false => "disabled",
        }),
        (None, Some(c)) => &c.status,
        (None, None) => "",
    };
    let mut cells = vec![
        s.ref_id.clone(),
        s.kind.to_owned(),
        s.id.to_owned(),
        s.name.clone(),
        s.platform.to_owned(),
        s.sort.to_owned(),
        s.account
            .clone()
            .or_else(|| credential.and_then(|c| c.account.as_deref().map(str::to_owned)))
            .unwrap_or_default(),
        text(identity.and_then(|i| i.namespace.as_deref())),
        join(&s.environments),
        identity.map(|i| join(&i.presence)).unwrap_or_default(),
        text(identity.map(|i| &*i.humanity)),
        text(identity.map(|i| &*i.humanity_reason)),
        text(identity.and_then(|i| i.provider_managed.as_deref())),
        status.to_owned(),
    ];
    cells.extend(owner_cells(s));
    cells.extend(privilege_cells(s));
    cells.push(reach(s));
    cells.extend(time_cells(s));
    let policies = identity.map(|i| i.entitlements.iter().map(|e| &*e.policy_name));
    cells.extend([
        identity.map_or_else(String::new, |i| truth(i.console_access)),
        identity.map_or_else(String::new, |i| truth(i.mfa)),
        text(credential.and_then(|c| c.identity.as_deref())),
        text(credential.and_then(|c| c.identity_basis.as_deref())),
        list(identity.map(|i| &i.credentials)),
        policies.map(join).unwrap_or_default(),
        list(identity.map(|i| &i.workloads)),
        list(identity.map(|i| &i.becomes)),
        s.purpose.unwrap_or_default().to_owned(),
        list(identity.map(|i| &i.tenants)),
        places(&s.evidence),
        row.open.to_string(),
        row.worst.map_or("", |s| s.as_str()).to_owned(),
        list(identity.map(|i| &i.serves)),
    ]);
    let unused = identity.and_then(|i| i.privilege.unused.as_ref());
    let never = unused.map(|u| u.never_used().map(|s| s.service.as_str()));
    cells.push(never.map(join).unwrap_or_default());
    cells.push(unused.map(window).unwrap_or_default());
    let traits = identity.map(|i| &i.traits);
    cells.push(list(traits.or(credential.map(|c| &c.traits))));
    cells.push(list(identity.map(|i| &i.derivation)));
    cells
}

/// `2025-10-18/2026-11-22`, empty on the side that is not known.
fn window(unused: &crate::snapshot::Unused) -> String {
    let side = |at: &Option<String>| at.as_deref().map_or("", day).to_owned();
    format!("{}/{}", side(&unused.from), side(&unused.until))
}

/// Columns of `findings.csv`.
const FINDINGS: [&str; 39] = [
    "ref_id",
    "check",
    "title",
    "severity",
    "confidence",
    "status",
    "first_seen",
    "waived",
    "waiver_owner",
    "waiver_approver",
    "waiver_reason",
    "waiver_expires",
    "subject_ref_id",
    "subject_type",
    "subject_id",
    "subject_name",
    "platform",
    "kind",
    "account",
    "environment",
    "owner_state",
    "owner",
    "privilege_tier",
    "message",
    "locations",
    "remediation",
    "controls",
    "identity",
    "repository",
    "in_tree",
    "introduced_by",
    "introduced_on",
    "introduced_commit",
    "removed_by",
    "removed_on",
    "removed_commit",
    "confidence_reasons",
    "owner_method",
    "owner_evidence",
];

fn finding_row(row: &FindingRow<'_>) -> Vec<String> {
    let (f, s) = (row.finding, &row.subject);
    let waiver = |get: fn(&crate::snapshot::Waiver) -> &String| {
        f.waiver
            .as_ref()
            .map(|w| get(w).clone())
            .unwrap_or_default()
    };
    let evidence: Vec<_> = f.evidence.iter().collect();
    let exposure = evidence.first().and_then(|e| s.exposure(e));
    let commit = |commit: Option<&Commit>| {
        commit.map_or_else(Default::default, |c| {
            [c.author.clone(), c.date.clone(), c.id.clone()]
        })
    };
    let [introduced_by, introduced_on, introduced_commit] =
        commit(exposure.and_then(|e| e.introduced.as_ref()));
    let [removed_by, removed_on, removed_commit] =
        commit(exposure.and_then(|e| e.removed.as_ref()));
    vec![
        format!("fnd-{}", f.fingerprint),
        f.check.to_string(),
        f.title.to_string(),
        f.severity.to_string(),
        f.confidence.to_string(),
        f.status.as_deref().unwrap_or_default().to_owned(),
        f.first_seen.to_string(),
        yes_no(f.waiver.is_some()).to_owned(),
        waiver(|w| &w.owner),
        waiver(|w| &w.approver),
        waiver(|w| &w.reason),
        waiver(|w| &w.expires),
        s.ref_id.clone(),
        s.kind.to_owned(),
        s.id.to_owned(),
        s.name.clone(),
        s.platform.to_owned(),
        s.sort.to_owned(),
        s.account.clone().unwrap_or_default(),
        join(&s.environments),
        s.owner_state().to_owned(),
        owner(s),
        s.tier().to_owned(),
        f.message.to_string(),
        places(&evidence),
        f.remediation.to_string(),
        join(&f.controls),
        s.identity.map_or("", |i| &i.id).to_owned(),
        join(
            evidence
                .iter()
                .filter_map(|e| e.repository.as_deref())
                .take(1),
        ),
        exposure.map_or("", |e| yes_no(e.in_tree)).to_owned(),
        introduced_by,
        introduced_on,
        introduced_commit,
        removed_by,
        removed_on,
        removed_commit,
        join(exposure.map_or(&[][..], |e| &e.reasons)),
        method(s),
        evidence_of_owner(s),
    ]
}

/// The owner; of a registry entry that no identity matches, the one it names.
fn owner(s: &Subject<'_>) -> String {
    let concluded = s.ownership.and_then(|o| o.owner.as_deref());
    let named = s.named_owner.filter(|_| s.ownership.is_none());
    concluded.or(named).unwrap_or_default().to_owned()
}

fn owner_cells(s: &Subject<'_>) -> [String; 7] {
    let best = text::best_claim(s.ownership);
    [
        s.owner_state().to_owned(),
        owner(s),
        s.ownership
            .and_then(|o| o.suggestion.as_deref())
            .unwrap_or_default()
            .to_owned(),
        evidence_of_owner(s),
        method(s),
        best.map_or("", |c| &c.confidence).to_owned(),
        best.and_then(|c| c.as_of.clone()).unwrap_or_default(),
    ]
}

/// How the owner is known that is shown: the method of the claim that it is taken from.
fn method(s: &Subject<'_>) -> String {
    match (text::best_claim(s.ownership), s.named_owner) {
        (Some(claim), _) => claim.method.to_string(),
        (None, Some(_)) if s.ownership.is_none() => text::named_by(s).to_owned(),
        _ => String::new(),
    }
}

/// Every claim with its place: who says that it is whose.
fn evidence_of_owner(s: &Subject<'_>) -> String {
    let claims = s.ownership.map_or(&[][..], |o| &o.claims);
    if let (None, Some(owner)) = (s.ownership, s.named_owner) {
        let places = s.evidence.iter().take(1);
        let by = text::named_by(s);
        return join(places.map(|place| format!("{by} {place}: {owner}")));
    }
    join(
        claims
            .iter()
            .map(|c| format!("{} {}: {}", c.method, c.evidence, c.owner)),
    )
}

/// A container's row among the identities: what it is, whose, and when its need is to be reviewed.
fn container_row(container: &Container) -> Vec<String> {
    let ownership = &container.ownership;
    let best = text::best_claim(Some(ownership));
    let claims = ownership.claims.iter();
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let review = container.review.as_ref();
    let cell = |column: &&str| match *column {
        "ref_id" => super::ref_id("container", &container.id),
        "record_type" => "container".to_owned(),
        "id" => container.id.to_string(),
        "name" => container.name.to_string(),
        "platform" => owners::platform_of(container).to_owned(),
        "kind" => container.kind.to_string(),
        "account" => text(container.parent.as_deref()),
        "owner_state" => super::subject::owner_state(Some(ownership)).to_owned(),
        "owner" => text(ownership.owner.as_deref()),
        "suggested_owner" => text(ownership.suggestion.as_deref()),
        "owner_evidence" => join(
            claims
                .clone()
                .map(|c| format!("{} {}: {}", c.method, c.evidence, c.owner)),
        ),
        "owner_method" => text(best.map(|c| &*c.method)),
        "owner_confidence" => text(best.map(|c| &*c.confidence)),
        "owner_as_of" => text(best.and_then(|c| c.as_of.as_deref())),
        "review_by" => text(review.map(|r| r.date.as_deref().unwrap_or(&r.state))),
        "locations" => join(container.evidence.iter().map(ToString::to_string)),
        _ => String::new(),
    };
    INVENTORY.iter().map(cell).collect()
}

fn privilege_cells(s: &Subject<'_>) -> [String; 4] {
    let Some(privilege) = s.privilege else {
        return Default::default();
    };
    [
        s.tier().to_owned(),
        privilege.certainty.to_string(),
        join(privilege.capabilities.iter().map(|c| &c.name)),
        privilege.proof.as_deref().map(proof).unwrap_or_default(),
    ]
}

fn time_cells(s: &Subject<'_>) -> [String; 5] {
    let when = |when: Option<&When>| match when {
        None => String::new(),
        Some(When::Unknown) => "unknown".to_owned(),
        Some(When::Never) => "never".to_owned(),
        Some(When::At { at }) => at.to_string(),
    };
    [
        s.created.unwrap_or_default().to_owned(),
        when(s.expires),
        when(s.last_used),
        s.review_by.unwrap_or_default().to_owned(),
        s.registered_end.unwrap_or_default().to_owned(),
    ]
}

/// `iam:* on * <- user ci-deploy (export.json#/3) <- policy admin`.
fn proof(proof: &Proof) -> String {
    let hops = proof.hops.iter().map(|hop| match &hop.evidence {
        Some(evidence) => format!(" <- {} ({evidence})", hop.what),
        None => format!(" <- {}", hop.what),
    });
    std::iter::once(proof.claim.to_string())
        .chain(hops)
        .collect()
}

fn reach(s: &Subject<'_>) -> String {
    s.privilege.map(|p| join(&p.reach)).unwrap_or_default()
}

fn places(evidence: &[&Evidence]) -> String {
    join(evidence.iter().map(ToString::to_string))
}

const fn yes_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

fn names(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|name| (*name).to_owned()).collect()
}

pub(super) fn join<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let mut joined = String::new();
    for item in items {
        if !joined.is_empty() {
            joined.push_str(" | ");
        }
        joined.push_str(item.as_ref());
    }
    joined
}

/// A cell on one line, of a length that spreadsheets take, that is not a formula.
fn finish(cell: &str, raw: bool) -> String {
    let cell = clean(cell);
    let formula = cell
        .trim_start()
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let mark = if formula && !raw { "'" } else { "" };
    let length = cell.chars().count();
    match length > CELL {
        true => mark
            .chars()
            .chain(cell.chars().take(CELL))
            .chain(['…'])
            .collect(),
        false => format!("{mark}{cell}"),
    }
}
