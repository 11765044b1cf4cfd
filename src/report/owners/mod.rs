//! Owners: what each answers for, how that is known, and how much of the estate has one.

mod csv;
mod detail;
mod markdown;
mod parties;
mod terminal;

pub(super) use csv::{COLUMNS, rows};
pub use detail::{Holding, OwnerView, view};
pub(super) use markdown::scores as markdown_scores;

use super::scorecard::{Score, percent, scorecard};
use super::subject::{Subject, owner_state};
use super::{Format, Report, Style};
use crate::model::{OwnershipState, Severity, Str, Tier};
use crate::snapshot::{Claim, Container, Ownership};
use parties::Parties;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// Which subjects are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// States of ownership; all where there are none.
    pub states: Vec<String>,
    /// Platforms, likewise.
    pub platforms: Vec<String>,
}

/// Owners of an estate.
#[derive(Clone, Debug, Serialize)]
pub struct Owners<'a> {
    /// The time of the scan.
    pub scanned_at: &'a str,
    /// How many have an owner: identities, all first, then by platform; the same by team, those with most first;
    /// containers, all first, then by kind.
    pub coverage: Vec<Coverage<'a>>,
    /// Who owns, or is said to: those with most privilege first.
    pub owners: Vec<OwnerRow<'a>>,
    /// The estate's figures beside published ones.
    pub scorecard: Vec<Score>,
}

/// How many of a group have an owner.
#[derive(Clone, Debug, Serialize)]
pub struct Coverage<'a> {
    /// `identities`, `teams` (the same identities, by the team of the owner or of whom is suggested) or `containers`.
    pub of: &'static str,
    /// The platform, team or kind; absent for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<&'a str>,
    /// How many there are.
    pub total: usize,
    /// By state, best first.
    pub states: Vec<StateCount>,
}

/// How many are in a state.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StateCount {
    /// Which.
    pub state: &'static str,
    /// How many.
    pub count: usize,
    /// In per cent, to one decimal.
    pub percent: f64,
}

/// One owner.
#[derive(Clone, Debug, Serialize)]
pub struct OwnerRow<'a> {
    /// `team:…`, `user:…`, `mail:…`.
    pub owner: &'a str,
    /// What people call it, where sources say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// `there`, `left`, `empty` or `unknown`, as the roster says; `gone` where an older snapshot tells no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<&'a str>,
    /// How that is known, with its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing_reason: Option<&'a str>,
    /// Whether what it owns is orphaned by that.
    pub gone: bool,
    /// Who is in it, where a roster lists that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<&'a [Str]>,
    /// Identities by state: owned, disputed (it is one side), orphaned, suggested (it is the suggestion).
    pub identities: Vec<StateCount>,
    /// Credentials that it answers for.
    pub credentials: usize,
    /// Containers that it owns.
    pub containers: usize,
    /// Tiers of the identities it owns, highest first.
    pub tiers: Vec<(&'static str, usize)>,
    /// Reviews that are overdue, of identities and containers.
    pub reviews_overdue: usize,
    /// Open findings about what it owns.
    pub open_findings: usize,
    /// The worst of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst_severity: Option<&'static str>,
    /// How it is known, strongest first: so many claims of a method, and where one of them stands.
    pub known_by: Vec<Known>,
    /// Its spellings in the sources, the commonest first.
    pub spellings: Vec<Spelling<'a>>,
}

/// Claims of one method.
#[derive(Clone, Debug, Serialize)]
pub struct Known {
    /// Which.
    pub method: String,
    /// How many.
    pub claims: usize,
    /// Where the first of them stands.
    pub evidence: String,
}

/// A spelling and how often it is met.
#[derive(Clone, Debug, Serialize)]
pub struct Spelling<'a> {
    /// As written.
    pub raw: &'a str,
    /// How often.
    pub claims: u64,
}

impl OwnerRow<'_> {
    /// How many identities of a state.
    pub fn count(&self, state: &str) -> usize {
        let found = self.identities.iter().find(|s| s.state == state);
        found.map_or(0, |s| s.count)
    }
}

/// The states in which a party has to do with a subject.
const TIED: [&str; 4] = ["owned", "disputed", "orphaned", "suggested"];

/// Who has to do with a subject, in its state.
pub(super) fn parties(ownership: &Ownership) -> Vec<&str> {
    match owner_state(Some(ownership)) {
        "disputed" => sides(ownership).into_iter().map(|c| &*c.owner).collect(),
        "suggested" => ownership.suggestion.as_deref().into_iter().collect(),
        _ => ownership.owner.as_deref().into_iter().collect(),
    }
}

/// The claims that make a party the one that is shown, strongest first. A party may be known by a name that no claim
/// has, where the roster says who is meant; then those that decided.
pub(super) fn claims_of<'a>(ownership: &'a Ownership, party: &str) -> Vec<&'a Claim> {
    let claims = ownership.claims.iter();
    let named: Vec<_> = claims.clone().filter(|c| *c.owner == *party).collect();
    let first = claims.clone().next();
    match (named.is_empty(), first) {
        (true, Some(first)) => claims.filter(|c| c.method == first.method).collect(),
        _ => named,
    }
}

/// The best claim of each side of a dispute.
pub fn sides(ownership: &Ownership) -> Vec<&Claim> {
    if !ownership.rivals.is_empty() {
        let parties = ownership.owner.iter().chain(&ownership.rivals);
        let best = parties.filter_map(|party| {
            let mut claims = ownership.claims.iter();
            claims.find(|claim| claim.declared && claim.owner == *party)
        });
        return best.collect();
    }
    // A snapshot of a version that did not say who disputes.
    let mut seen = BTreeSet::new();
    let declared = ownership.claims.iter().filter(|c| c.declared);
    let best = declared.clone().next().map(|c| standing(&c.method));
    let sides: Vec<&Claim> = declared
        .filter(|c| Some(standing(&c.method)) == best)
        .filter(|c| seen.insert(&*c.owner))
        .collect();
    let named = |c: &&Claim| ownership.reason.contains(&*c.owner);
    let told: Vec<&Claim> = sides.iter().copied().filter(named).collect();
    if told.len() > 1 { told } else { sides }
}

/// Which methods weigh the same: what they say disputes each other.
fn standing(method: &str) -> u8 {
    match method {
        "registry" | "label" | "provider" => 0,
        "definition" | "container" | "catalog" => 1,
        _ => 2,
    }
}

#[derive(Default)]
struct Tally<'a> {
    states: BTreeMap<&'static str, usize>,
    gone: bool,
    credentials: usize,
    containers: usize,
    tiers: BTreeMap<Tier, usize>,
    overdue: usize,
    open: usize,
    worst: Option<Severity>,
    methods: BTreeMap<usize, (String, usize, String)>,
    spellings: BTreeMap<&'a str, u64>,
}

impl<'a> Tally<'a> {
    fn claims(&mut self, party: &str, ownership: &'a Ownership) {
        for claim in claims_of(ownership, party) {
            let rank = crate::model::Method::ALL
                .iter()
                .position(|m| m.as_str() == claim.method)
                .unwrap_or(usize::MAX);
            let known = self
                .methods
                .entry(rank)
                .or_insert_with(|| (claim.method.to_string(), 0, claim.evidence.to_string()));
            known.1 += 1;
            *self.spellings.entry(&claim.raw).or_default() += 1;
        }
    }
}

impl<'a> Owners<'a> {
    /// The owners of what a report shows.
    pub fn new(report: &Report<'a>, filter: &Filter) -> Self {
        let snapshot = report.snapshot;
        let wanted =
            |list: &[String], value: &str| list.is_empty() || list.iter().any(|v| v == value);
        let mut tallies: BTreeMap<&'a str, Tally<'a>> = BTreeMap::new();
        let mut identities = Counts::default();
        let mut containers = Counts::default();
        let mut teams = Counts::default();
        let parties_of = Parties::new(snapshot);
        let rows = report.inventory.iter().map(|row| &row.subject);
        let listed: BTreeSet<&str> = rows
            .filter(|s| s.kind == "identity")
            .map(|s| s.id)
            .collect();
        let mut total = 0;
        for row in &report.inventory {
            let subject = &row.subject;
            let platform = subject.identity.map_or(subject.platform, |i| &i.platform);
            if !wanted(&filter.platforms, platform) {
                continue;
            }
            let state = known_state(owner_state(subject.ownership));
            if subject.kind == "identity" {
                identities.add(platform, state);
                teams.add(parties_of.team(subject.ownership), state);
                total += 1;
            }
            let Some(ownership) = subject.ownership else {
                continue;
            };
            if !wanted(&filter.states, state) {
                continue;
            }
            for party in parties(ownership) {
                let tally = tallies.entry(party).or_default();
                // What a listed identity signs in with says nothing new.
                let again = subject.kind == "credential"
                    && subject.identity.is_some_and(|i| listed.contains(&*i.id));
                if !again {
                    tally.claims(party, ownership);
                }
                tally.subject(subject, state, row.open, row.worst);
            }
        }
        for container in &snapshot.containers {
            if !wanted(&filter.platforms, platform_of(container)) {
                continue;
            }
            let state = known_state(owner_state(Some(&container.ownership)));
            containers.add(&container.kind, state);
            if !wanted(&filter.states, state) {
                continue;
            }
            for party in parties(&container.ownership) {
                let tally = tallies.entry(party).or_default();
                tally.containers += 1;
                tally.gone |= state == "orphaned";
                tally.overdue += usize::from(
                    container
                        .review
                        .as_ref()
                        .is_some_and(|r| r.state == "overdue"),
                );
                tally.claims(party, &container.ownership);
            }
        }
        let mut coverage = identities.rows("identities");
        let mut teams = teams.rows("teams");
        teams.sort_by_key(|row| (row.group.is_some(), Reverse(row.total), row.group));
        coverage.extend(teams.into_iter().filter(|row| row.group.is_some()));
        coverage.extend(containers.rows("containers"));
        let mut owners: Vec<OwnerRow<'a>> = tallies
            .into_iter()
            .map(|(owner, tally)| tally.row(owner, total, &parties_of))
            .collect();
        owners.sort_by_key(|row| {
            let tiers: Vec<usize> = Tier::ALL
                .iter()
                .take(3)
                .map(|t| {
                    row.tiers
                        .iter()
                        .find(|(n, _)| *n == t.as_str())
                        .map_or(0, |(_, n)| *n)
                })
                .collect();
            (
                Reverse((tiers, row.count("owned"), row.containers)),
                row.owner,
            )
        });
        Self {
            scanned_at: &snapshot.scanned_at,
            coverage,
            owners,
            scorecard: scorecard(report),
        }
    }
}

impl<'a> Tally<'a> {
    fn subject(
        &mut self,
        subject: &Subject<'a>,
        state: &'static str,
        open: usize,
        worst: Option<Severity>,
    ) {
        self.open += open;
        self.worst = self.worst.max(worst);
        self.gone |= state == "orphaned";
        if subject.kind == "credential" {
            self.credentials += 1;
            return;
        }
        *self.states.entry(state).or_default() += 1;
        if state == "owned" {
            let tier = Tier::ALL.into_iter().find(|t| t.as_str() == subject.tier());
            *self.tiers.entry(tier.unwrap_or_default()).or_default() += 1;
        }
        let review = subject.identity.and_then(|i| i.review.as_ref());
        self.overdue += usize::from(review.is_some_and(|r| r.state == "overdue"));
    }

    fn row(self, owner: &'a str, total: usize, parties: &Parties<'a>) -> OwnerRow<'a> {
        let party = parties.get(owner);
        let mut spellings: Vec<(&str, u64)> = match party {
            Some(party) => party
                .spellings
                .iter()
                .map(|s| (&*s.raw, s.claims))
                .collect(),
            None => self.spellings.into_iter().collect(),
        };
        spellings.sort_by_key(|(raw, many)| (Reverse(*many), *raw));
        OwnerRow {
            owner,
            name: party.and_then(|p| p.name.as_deref()),
            standing: match party {
                Some(party) => Some(&*party.standing),
                None => self.gone.then_some("gone"),
            },
            standing_reason: party.map(|p| &*p.reason).filter(|r| !r.is_empty()),
            gone: self.gone,
            members: party.and_then(|p| p.members.as_deref()),
            identities: TIED
                .iter()
                .map(|state| {
                    let count = self.states.get(state).copied().unwrap_or_default();
                    StateCount {
                        state,
                        count,
                        percent: percent(count, total),
                    }
                })
                .collect(),
            credentials: self.credentials,
            containers: self.containers,
            tiers: Tier::ALL
                .iter()
                .filter_map(|t| Some((t.as_str(), *self.tiers.get(t)?)))
                .collect(),
            reviews_overdue: self.overdue,
            open_findings: self.open,
            worst_severity: self.worst.map(Severity::as_str),
            known_by: self
                .methods
                .into_values()
                .map(|(method, claims, evidence)| Known {
                    method,
                    claims,
                    evidence,
                })
                .collect(),
            spellings: spellings
                .into_iter()
                .map(|(raw, claims)| Spelling { raw, claims })
                .collect(),
        }
    }
}

/// Counts of states, by group.
#[derive(Default)]
struct Counts<'a>(BTreeMap<Option<&'a str>, BTreeMap<&'static str, usize>>);

impl<'a> Counts<'a> {
    fn add(&mut self, group: &'a str, state: &'static str) {
        for group in [None, Some(group)] {
            *self.0.entry(group).or_default().entry(state).or_default() += 1;
        }
    }

    fn rows(self, of: &'static str) -> Vec<Coverage<'a>> {
        let rows = self.0.into_iter().map(|(group, states)| {
            let total = states.values().sum();
            let count = |state: &OwnershipState| {
                let state = state.as_str();
                let count = states.get(state).copied().unwrap_or_default();
                StateCount {
                    state,
                    count,
                    percent: percent(count, total),
                }
            };
            Coverage {
                of,
                group,
                total,
                states: OwnershipState::ALL.iter().map(count).collect(),
            }
        });
        rows.collect()
    }
}

/// A state of a later version is one that we do not know.
fn known_state(state: &str) -> &'static str {
    let mut all = OwnershipState::ALL.iter().map(|s| s.as_str());
    all.find(|known| *known == state).unwrap_or("unknown")
}

/// The platform that a container's id begins with, as identities name it.
pub(super) fn platform_of(container: &Container) -> &str {
    match container.id.split(':').next().unwrap_or_default() {
        "k8s" => "kubernetes",
        platform => platform,
    }
}

/// Writes owners in a format; CSV is the table of owners.
pub fn write(
    owners: &Owners<'_>,
    format: Format,
    limit: usize,
    out: &mut dyn io::Write,
    style: &Style,
) -> io::Result<()> {
    match format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, owners)?;
            out.write_all(b"\n")
        }
        Format::Csv(_) => super::csv::table(&COLUMNS, rows(owners), out, style),
        Format::Markdown => markdown::owners(owners, limit, out),
        _ => terminal::owners(owners, limit, out, style),
    }
}

/// Writes the scorecard alone.
pub fn write_scorecard(
    owners: &Owners<'_>,
    format: Format,
    out: &mut dyn io::Write,
    style: &Style,
) -> io::Result<()> {
    match format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &owners.scorecard)?;
            out.write_all(b"\n")
        }
        Format::Csv(_) => super::csv::table(&csv::SCORES, csv::scores(owners), out, style),
        Format::Markdown => markdown::scores(&owners.scorecard, out),
        _ => terminal::scorecard(owners, out, style),
    }
}

/// Writes one owner whole.
pub fn write_one(
    view: &OwnerView<'_>,
    format: Format,
    out: &mut dyn io::Write,
    style: &Style,
) -> io::Result<()> {
    match format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, view)?;
            out.write_all(b"\n")
        }
        Format::Csv(_) => super::csv::table(&csv::HOLDINGS, csv::holdings(view), out, style),
        Format::Markdown => markdown::one(view, out),
        _ => terminal::one(view, out, style),
    }
}
