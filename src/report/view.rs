//! The view of a snapshot that all writers share: sorted, filtered and counted.

use super::subject::{Subject, Subjects, owner_state};
use crate::model::{Bearing, ChangeKind, OwnershipState, Severity, Str, Tier};
use crate::snapshot::{Change, Check, Evidence, Finding, Problem, Snapshot};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Checks whose very subject are people's identities; their findings are shown although people are not.
const SPEAKS_OF_PEOPLE: [&str; 1] = ["machine-use-of-human-identity"];

/// What to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewOptions {
    /// Whether people's identities are shown.
    pub include_human: bool,
    /// Whether identities that belong to the provider are shown.
    pub include_provider_managed: bool,
    /// The least severity that is shown. Ownership gaps that no check speaks of count as `info`.
    pub minimum: Severity,
    /// Whether a person's report lists waived findings. Files for programs always carry them, marked.
    pub show_waived: bool,
    /// How many rows a person's report shows before it counts the rest.
    pub limit: usize,
}

impl Default for ViewOptions {
    fn default() -> Self {
        Self {
            include_human: false,
            include_provider_managed: false,
            minimum: Severity::Info,
            show_waived: false,
            limit: 50,
        }
    }
}

/// A snapshot, ready to be written down.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// What it is a view of.
    pub snapshot: &'a Snapshot,
    /// How it was asked for.
    pub options: ViewOptions,
    /// Counts.
    pub totals: Totals,
    /// Ownership by platform, all platforms first.
    pub ownership: Vec<OwnershipRow<'a>>,
    /// Subjects with an open finding or without an owner: the worst first.
    pub gaps: Vec<Gap<'a>>,
    /// Identities, then credentials.
    pub inventory: Vec<InventoryRow<'a>>,
    /// Open findings, the worst first.
    pub findings: Vec<FindingRow<'a>>,
    /// Waived findings, the worst first.
    pub waived: Vec<FindingRow<'a>>,
    /// Trouble with inputs; what makes coverage incomplete first.
    pub problems: Vec<&'a Problem>,
    /// Checks that could not be evaluated for any subject they speak of.
    pub blind_checks: Vec<&'a Check>,
    /// What changed since the baseline, what to look at first first.
    pub changes: Vec<ChangeRow<'a>>,
    /// Findings of the baseline that are no longer there.
    pub gone: Vec<&'a Finding>,
    /// What is not shown.
    pub hidden: Hidden,
}

/// Counts of what is shown.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Identities.
    pub identities: usize,
    /// Credentials.
    pub credentials: usize,
    /// Credentials that stand in the open somewhere.
    pub leaked: usize,
    /// Open findings.
    pub open: usize,
    /// Waived findings.
    pub waived: usize,
    /// Open findings that the baseline does not have; `None` without a baseline.
    pub new: Option<usize>,
    /// By severity, the worst first.
    pub severities: Vec<SeverityCount>,
    /// Subjects without an owner of which no open finding speaks.
    pub ownerless: usize,
    /// Checks that could be evaluated.
    pub evaluated: usize,
    /// Inputs that could not be read or understood.
    pub unread: usize,
    /// Inputs that were not read whole.
    pub limited: usize,
    /// Changes for the worse.
    pub worse: usize,
    /// Changes for the better.
    pub better: usize,
}

/// Findings of one severity.
#[derive(Clone, Copy, Debug)]
pub struct SeverityCount {
    /// Which.
    pub severity: Severity,
    /// Open.
    pub open: usize,
    /// Waived.
    pub waived: usize,
    /// Open, and not in the baseline.
    pub new: usize,
    /// Subjects of which it is the worst.
    pub subjects: usize,
}

/// How many identities of a platform have an owner.
#[derive(Clone, Debug)]
pub struct OwnershipRow<'a> {
    /// Platform; `None` for all.
    pub platform: Option<&'a str>,
    /// Identities.
    pub total: usize,
    /// Of these, owned.
    pub owned: usize,
    /// Each state with its count, best first.
    pub states: Vec<(&'static str, usize)>,
}

/// A subject with something open.
#[derive(Clone, Debug)]
pub struct Gap<'a> {
    /// Which.
    pub subject: Subject<'a>,
    /// The worst severity of its open findings; `None` where no check speaks of the gap.
    pub severity: Option<Severity>,
    /// Its open findings, the worst first.
    pub findings: Vec<&'a Finding>,
    /// Why it is listed: ids with titles, the worst first.
    pub reasons: Vec<Reason<'a>>,
    /// Where to look, the most telling place first, none twice.
    pub locations: Vec<&'a Evidence>,
    /// When the oldest of its findings was first seen.
    pub first_seen: Option<&'a str>,
    /// `new` when one of its findings is; `persisting` else; `None` without a baseline.
    pub status: Option<&'static str>,
    /// Control ids, none twice.
    pub controls: Vec<&'a str>,
    /// What to do, for the worst first, none twice.
    pub remediations: Vec<&'a str>,
}

/// One reason why a subject is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// The check's id, or `ownership:<state>` where no check speaks of it.
    pub id: &'a str,
    /// For a person.
    pub title: &'a str,
    /// How sure the finding is; empty where no check speaks.
    pub confidence: &'a str,
    /// Whether the baseline does not have it.
    pub new: bool,
}

/// An identity or a credential.
#[derive(Clone, Debug)]
pub struct InventoryRow<'a> {
    /// Which.
    pub subject: Subject<'a>,
    /// How many open findings it has.
    pub open: usize,
    /// The worst of them.
    pub worst: Option<Severity>,
}

/// A finding and what it speaks of.
#[derive(Clone, Debug)]
pub struct FindingRow<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// Its severity.
    pub severity: Severity,
    /// Its subject.
    pub subject: Subject<'a>,
}

/// A change and which way it points.
#[derive(Clone, Copy, Debug)]
pub struct ChangeRow<'a> {
    /// The change.
    pub change: &'a Change,
    /// Which way it points.
    pub bearing: Bearing,
}

/// What was found and is not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// People's identities.
    pub human: usize,
    /// Findings about them.
    pub human_findings: usize,
    /// The provider's own identities.
    pub provider_managed: usize,
    /// Findings about them.
    pub provider_managed_findings: usize,
    /// Open findings below the least severity.
    pub below_minimum: usize,
    /// Waived findings that are counted and not listed.
    pub waived: usize,
}

enum Visibility {
    Shown,
    Human,
    ProviderManaged,
}

impl ViewOptions {
    fn visibility(&self, subject: &Subject<'_>) -> Visibility {
        let Some(identity) = subject.identity else {
            return Visibility::Shown;
        };
        // A credential counts by itself: a person's leaked key is a machine's way in.
        let own = subject.kind == "identity";
        if own && identity.humanity == "human" && !self.include_human {
            Visibility::Human
        } else if subject.kind != "credential"
            && identity.provider_managed.is_some()
            && !self.include_provider_managed
        {
            Visibility::ProviderManaged
        } else {
            Visibility::Shown
        }
    }
}

impl<'a> Report<'a> {
    /// The view of a snapshot.
    pub fn new(snapshot: &'a Snapshot, options: &ViewOptions) -> Self {
        let subjects = Subjects::new(snapshot);
        let mut report = Self {
            snapshot,
            options: options.clone(),
            totals: Totals::default(),
            ownership: Vec::new(),
            gaps: Vec::new(),
            inventory: Vec::new(),
            findings: Vec::new(),
            waived: Vec::new(),
            problems: problems(snapshot),
            blind_checks: blind_checks(snapshot),
            changes: Vec::new(),
            gone: Vec::new(),
            hidden: Hidden::default(),
        };
        report.sift_findings(&subjects);
        report.list_inventory(&subjects);
        report.ownership = ownership(&report.inventory);
        report.gaps = gaps(&report);
        report.list_changes(&subjects);
        report.count();
        report
    }

    fn sift_findings(&mut self, subjects: &Subjects<'a>) {
        for finding in &self.snapshot.findings {
            let subject = subjects.find(&finding.subject);
            let of_people = SPEAKS_OF_PEOPLE.contains(&&*finding.check);
            match self.options.visibility(&subject) {
                Visibility::Human if !of_people => self.hidden.human_findings += 1,
                Visibility::ProviderManaged => self.hidden.provider_managed_findings += 1,
                Visibility::Human | Visibility::Shown => {
                    let severity = severity(&finding.severity);
                    let row = FindingRow {
                        finding,
                        severity,
                        subject,
                    };
                    if severity < self.options.minimum {
                        self.hidden.below_minimum += 1;
                    } else if finding.waiver.is_some() {
                        self.waived.push(row);
                    } else {
                        self.findings.push(row);
                    }
                }
            }
        }
        for rows in [&mut self.findings, &mut self.waived] {
            rows.sort_by(|a, b| finding_order(a.finding).cmp(&finding_order(b.finding)));
        }
        if !self.options.show_waived {
            self.hidden.waived = self.waived.len();
        }
    }

    fn list_inventory(&mut self, subjects: &Subjects<'a>) {
        let mut open: BTreeMap<(&str, &str), (usize, Severity)> = BTreeMap::new();
        for row in &self.findings {
            let key = (row.subject.kind, row.subject.id);
            let (count, worst) = open.entry(key).or_insert((0, row.severity));
            *count += 1;
            *worst = row.severity.max(*worst);
        }
        let identities = subjects.identities.values();
        let credentials = subjects.credentials.values();
        let all = identities
            .map(|i| subjects.identity(i))
            .chain(credentials.map(|c| subjects.credential(c)));
        for subject in all {
            match self.options.visibility(&subject) {
                Visibility::Human => self.hidden.human += 1,
                Visibility::ProviderManaged => self.hidden.provider_managed += 1,
                Visibility::Shown => {
                    let found = open.get(&(subject.kind, subject.id));
                    self.inventory.push(InventoryRow {
                        open: found.map_or(0, |(count, _)| *count),
                        worst: found.map(|(_, worst)| *worst),
                        subject,
                    });
                }
            }
        }
    }

    fn list_changes(&mut self, subjects: &Subjects<'a>) {
        let Some(baseline) = &self.snapshot.baseline else {
            return;
        };
        for change in &baseline.changes {
            let subject = subjects.find(&change.subject);
            if matches!(self.options.visibility(&subject), Visibility::Shown) {
                // A kind of a later version is shown, and taken as neither good nor bad.
                let kind = ChangeKind::from_name(&change.kind);
                self.changes.push(ChangeRow {
                    change,
                    bearing: kind.map_or(Bearing::Neutral, ChangeKind::bearing),
                });
            }
        }
        self.changes.sort_by_key(|row| {
            let kind = ChangeKind::from_name(&row.change.kind);
            (row.bearing, kind, row.change)
        });
        self.gone = baseline.gone.iter().collect();
        self.gone.sort_by_key(|f| finding_order(f));
    }

    fn count(&mut self) {
        let snapshot = self.snapshot;
        let is_new = |row: &&FindingRow<'_>| row.finding.status.as_deref() == Some("new");
        let of = |rows: &[FindingRow<'_>], severity| {
            rows.iter().filter(|r| r.severity == severity).count()
        };
        let gaps = |worst| self.gaps.iter().filter(|g| g.severity == worst).count();
        let severities = Severity::ALL.into_iter().rev().map(|severity| {
            let open = self.findings.iter().filter(|r| r.severity == severity);
            SeverityCount {
                severity,
                open: of(&self.findings, severity),
                waived: of(&self.waived, severity),
                new: open.filter(is_new).count(),
                subjects: gaps(Some(severity)),
            }
        });
        let problems = |kinds: &[&str]| {
            let matching = snapshot.coverage.problems.iter();
            matching.filter(|p| kinds.contains(&&*p.kind)).count()
        };
        let bearing = |bearing| self.changes.iter().filter(|c| c.bearing == bearing).count();
        let credentials = self.inventory.iter().filter_map(|r| r.subject.credential);
        self.totals = Totals {
            identities: self.inventory.len() - credentials.clone().count(),
            leaked: credentials
                .clone()
                .filter(|c| !c.exposures.is_empty())
                .count(),
            credentials: credentials.count(),
            open: self.findings.len(),
            waived: self.waived.len(),
            new: snapshot
                .baseline
                .as_ref()
                // Older exports of an account say what has changed, not what was found then.
                .filter(|baseline| {
                    let findings = &snapshot.findings;
                    findings.is_empty()
                        || !baseline.gone.is_empty()
                        || findings.iter().any(|f| f.status.is_some())
                })
                .map(|_| self.findings.iter().filter(is_new).count()),
            severities: severities.collect(),
            ownerless: gaps(None),
            evaluated: snapshot.checks.len() - self.blind_checks.len(),
            unread: problems(&["unreadable", "malformed"]),
            limited: problems(&["limited"]),
            worse: bearing(Bearing::Worse),
            better: bearing(Bearing::Better),
        };
    }
}

/// The severity of this name. [`Snapshot::parse`] refuses others, so the fallback is for snapshots made
/// by hand in memory.
pub(super) fn severity(name: &str) -> Severity {
    let mut all = Severity::ALL.into_iter();
    all.find(|s| s.as_str() == name).unwrap_or(Severity::Info)
}

fn finding_order(f: &Finding) -> impl Ord + use<'_> {
    (
        Reverse(severity(&f.severity)),
        &f.check,
        &f.subject,
        &f.fingerprint,
    )
}

fn problems(snapshot: &Snapshot) -> Vec<&Problem> {
    let rank = |p: &Problem| match &*p.kind {
        "unreadable" | "malformed" => 0,
        "limited" => 1,
        _ => 2,
    };
    let mut problems: Vec<_> = snapshot.coverage.problems.iter().collect();
    problems.sort_by(|a, b| {
        let key = |p| (rank(p), &p.path, p.line, p.column, &p.message);
        key(a).cmp(&key(b))
    });
    problems
}

fn blind_checks(snapshot: &Snapshot) -> Vec<&Check> {
    let checks = snapshot.checks.iter();
    checks
        .filter(|c| c.not_evaluable > 0 && c.pass == 0 && c.fail == 0)
        .collect()
}

fn ownership<'a>(inventory: &[InventoryRow<'a>]) -> Vec<OwnershipRow<'a>> {
    let mut counts: BTreeMap<Option<&str>, BTreeMap<&str, usize>> = BTreeMap::new();
    for row in inventory.iter().filter(|r| r.subject.kind == "identity") {
        for platform in [None, Some(row.subject.platform)] {
            let states = counts.entry(platform).or_default();
            let state = row.subject.ownership.map_or("", |o| &*o.state);
            // A state of a later version is one that we do not know.
            let known = OwnershipState::ALL.iter().map(|s| s.as_str());
            let state = known.into_iter().find(|s| *s == state).unwrap_or("unknown");
            *states.entry(state).or_default() += 1;
        }
    }
    let rows = counts.into_iter().map(|(platform, states)| {
        let of = |state: &str| states.get(state).copied().unwrap_or_default();
        OwnershipRow {
            platform,
            total: states.values().sum(),
            owned: of("owned"),
            states: OwnershipState::ALL
                .iter()
                .map(|s| (s.as_str(), of(s.as_str())))
                .collect(),
        }
    });
    rows.collect()
}

fn gaps<'a>(report: &Report<'a>) -> Vec<Gap<'a>> {
    let mut by_subject: BTreeMap<(&str, &str), (Subject<'a>, Vec<&'a Finding>)> = BTreeMap::new();
    for row in &report.findings {
        let key = (row.subject.kind, row.subject.id);
        let (_, findings) = by_subject
            .entry(key)
            .or_insert_with(|| (row.subject.clone(), Vec::new()));
        findings.push(row.finding);
    }
    let waived: BTreeSet<_> = report
        .waived
        .iter()
        // What somebody accepted to stand in the open needs no owner.
        .filter(|row| row.finding.check.starts_with("owner-") || row.subject.kind == "credential")
        .map(|row| (row.subject.kind, row.subject.id))
        .collect();
    if report.options.minimum == Severity::Info {
        for row in &report.inventory {
            let subject = &row.subject;
            let key = (subject.kind, subject.id);
            // A credential of a known identity is that identity's owner's to answer for.
            let answers = subject.kind == "identity" || subject.identity.is_none();
            // What is probably no credential at all needs no owner.
            let doubtful = subject
                .credential
                .is_some_and(|c| c.confidence.as_deref() == Some("low"));
            if answers && !doubtful && subject.owner_state() != "owned" && !waived.contains(&key) {
                by_subject
                    .entry(key)
                    .or_insert_with(|| (subject.clone(), Vec::new()));
            }
        }
    }
    let mut gaps: Vec<_> = by_subject
        .into_values()
        .map(|(subject, findings)| gap(subject, findings))
        .collect();
    gaps.sort_by(|a, b| {
        let key = |gap: &Gap<'a>| {
            let tiers = Tier::ALL.iter();
            let tier = tiers
                .take_while(|t| t.as_str() != gap.subject.tier())
                .count();
            (Reverse(gap.severity), tier, Reverse(gap.findings.len()))
        };
        let (a_name, b_name) = (&a.subject, &b.subject);
        key(a)
            .cmp(&key(b))
            .then_with(|| a_name.name.cmp(&b_name.name))
            .then_with(|| (a_name.kind, a_name.id).cmp(&(b_name.kind, b_name.id)))
    });
    gaps
}

fn gap<'a>(subject: Subject<'a>, findings: Vec<&'a Finding>) -> Gap<'a> {
    let mut reasons: Vec<Reason<'a>> = findings
        .iter()
        .map(|f| Reason {
            id: &f.check,
            title: if f.title.is_empty() {
                &f.check
            } else {
                &f.title
            },
            confidence: &f.confidence,
            new: f.status.as_deref() == Some("new"),
        })
        .collect();
    if reasons.is_empty() {
        reasons.push(unspoken(owner_state(subject.ownership)));
    }
    let places = findings.iter().flat_map(|f| &f.evidence);
    let mut seen = BTreeSet::new();
    let mut locations: Vec<&'a Evidence> = places.chain(subject.evidence.iter().copied()).collect();
    locations.retain(|e| seen.insert((&e.path, e.line, &e.pointer)));
    let status = match () {
        () if reasons.iter().any(|r| r.new) => Some("new"),
        () if findings.iter().any(|f| f.status.is_some()) => Some("persisting"),
        () => None,
    };
    Gap {
        severity: findings.iter().map(|f| severity(&f.severity)).max(),
        locations,
        first_seen: findings.iter().map(|f| &*f.first_seen).min(),
        status,
        controls: unique(findings.iter().flat_map(|f| &f.controls)),
        remediations: unique(findings.iter().map(|f| &f.remediation)),
        reasons,
        findings,
        subject,
    }
}

/// The reason for a row that no check speaks of.
fn unspoken(state: &str) -> Reason<'static> {
    let (id, title) = match state {
        "disputed" => ("ownership:disputed", "Declared owners disagree"),
        "orphaned" => ("ownership:orphaned", "The declared owner is gone"),
        "suggested" => ("ownership:suggested", "An owner is only suggested"),
        "unowned" => ("ownership:unowned", "Nobody is declared as owner"),
        _ => (
            "ownership:unknown",
            "No source that could name an owner was read",
        ),
    };
    Reason {
        id,
        title,
        confidence: "",
        new: false,
    }
}

fn unique<'a>(texts: impl Iterator<Item = &'a Str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    texts
        .map(|text| &**text)
        .filter(|text| !text.is_empty() && seen.insert(*text))
        .collect()
}
