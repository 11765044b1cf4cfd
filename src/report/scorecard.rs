//! The estate's own figures beside published ones, as context and never as a threshold.

use super::Report;
use super::subject::{owner_state, tier};
use crate::snapshot::{Declaration, Identity, Snapshot, When};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const SURVEY: &str = include_str!("../../rules/survey.yaml");

/// A published figure.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Its name.
    pub id: String,
    /// For a person.
    pub title: String,
    /// The figure, in per cent.
    pub percent: f64,
    /// Who asked, or who quotes it.
    pub who: String,
    /// When, where that is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// How many answered, where that is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respondents: Option<u32>,
    /// What was asked.
    pub definition: String,
    /// What is counted here.
    pub ours: String,
    /// Where it is published.
    pub source: String,
}

/// A published figure and the estate's own.
#[derive(Clone, Debug, Serialize)]
pub struct Score {
    /// The published one.
    #[serde(flatten)]
    pub published: Published,
    /// The estate's own; absent where the inputs do not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estate: Option<Share>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_computable: Option<&'static str>,
}

/// So many of so many, and of how many more it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// Those of whom it is so.
    pub numerator: usize,
    /// Those of whom it is known whether it is so.
    pub denominator: usize,
    /// Those of whom it is not known.
    pub unknown: usize,
    /// In per cent of the denominator, to one decimal.
    pub percent: f64,
}

impl Share {
    pub(super) fn new(numerator: usize, denominator: usize, unknown: usize) -> Self {
        Self {
            numerator,
            denominator,
            unknown,
            percent: percent(numerator, denominator),
        }
    }
}

/// In per cent, to one decimal; 0 of nothing.
pub(super) fn percent(part: usize, whole: usize) -> f64 {
    match whole {
        0 => 0.0,
        whole => (part as f64 * 1000.0 / whole as f64).round() / 10.0,
    }
}

/// Yes, no, or not known.
type Answer = Option<bool>;

/// The scorecard of what a report shows.
pub fn scorecard(report: &Report<'_>) -> Vec<Score> {
    // A test reads the file.
    let survey: Survey = serde_yaml::from_str(SURVEY).unwrap_or_default();
    let identities: Vec<&Identity> = report
        .inventory
        .iter()
        .filter(|row| row.subject.kind == "identity")
        .filter_map(|row| row.subject.identity)
        .filter(|i| i.humanity != "human")
        .collect();
    let world = World::new(report.snapshot);
    survey
        .figures
        .into_iter()
        .map(|published| {
            let estate = world.share(&published.id, &identities);
            Score {
                not_computable: estate.err(),
                estate: estate.ok(),
                published,
            }
        })
        .collect()
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Survey {
    figures: Vec<Published>,
}

/// What the figures ask of, beside the identity.
struct World<'a> {
    snapshot: &'a Snapshot,
    /// Whether somebody outside may become it, where that is known.
    outside: BTreeMap<&'a str, Answer>,
    /// Whether an entry says how it is revoked, and that this was tried.
    revocable: BTreeMap<&'a str, Answer>,
}

impl<'a> World<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let mut outside: BTreeMap<&str, Answer> = BTreeMap::new();
        for trust in snapshot.trusts.iter().filter(|t| t.effect == "allow") {
            let open = trust.principal_kind == "anyone"
                || trust
                    .exposure
                    .as_deref()
                    .is_some_and(|e| matches!(e, "platform" | "anyone"));
            let across = match (trust.cross_account, trust.inside_organization) {
                (Some(true), Some(true)) | (Some(false), _) => Some(false),
                (Some(true), _) => Some(true),
                (None, _) if matches!(&*trust.principal_kind, "account" | "principal") => None,
                (None, _) => Some(false),
            };
            let answer = if open { Some(true) } else { across };
            let known = outside.entry(&trust.target).or_insert(answer);
            *known = match (*known, answer) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (None, _) | (_, None) => None,
                _ => Some(false),
            };
        }
        let mut revocable = BTreeMap::new();
        for declaration in &snapshot.declarations {
            for id in &declaration.identities {
                let answer = tested(declaration, &snapshot.scanned_at);
                let known = revocable.entry(&**id).or_insert(answer);
                *known = match (*known, answer) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (None, _) | (_, None) => None,
                    _ => Some(false),
                };
            }
        }
        Self {
            snapshot,
            outside,
            revocable,
        }
    }

    fn share(&self, figure: &str, identities: &[&Identity]) -> Result<Share, &'static str> {
        if identities.is_empty() {
            return Err("no machine identities were found");
        }
        let no_registry = self.snapshot.declarations.is_empty();
        let of = |answer: &dyn Fn(&Identity) -> Answer| share(identities, answer);
        match figure {
            "no-clear-owner" => some(
                of(&no_clear_owner),
                "no source that could name an owner was read",
            ),
            "full-visibility" => Ok(of(&visible)),
            "excess-privilege" => some(of(&excess), "no record of use was read"),
            "third-party-exposure" => {
                let vendors = identities.iter().any(|i| !i.vendors.is_empty());
                if self.snapshot.trusts.is_empty() && !vendors {
                    return Err("neither trusts nor a register of vendors were read");
                }
                some(
                    of(&|i| self.exposed(i)),
                    "of no identity it is known who may become it",
                )
            }
            "formal-offboarding" if no_registry => Err("no registry was read"),
            "formal-offboarding" => Ok(of(&|i| {
                self.revocable.get(&*i.id).copied().unwrap_or(Some(false))
            })),
            "reviewed-yearly" => {
                let said = identities.iter().any(|i| i.review.is_some());
                if no_registry && !said {
                    return Err("neither a registry nor review dates were read");
                }
                Ok(of(&reviewed))
            }
            _ => Err("not counted by this version"),
        }
    }

    fn exposed(&self, identity: &Identity) -> Answer {
        if !identity.vendors.is_empty() {
            return Some(true);
        }
        match self.outside.get(&*identity.id) {
            Some(answer) => *answer,
            // Of what is only mentioned it is not known who may become it.
            None if identity.presence.iter().all(|p| p == "referenced") => None,
            None => Some(false),
        }
    }
}

fn share(identities: &[&Identity], answer: &dyn Fn(&Identity) -> Answer) -> Share {
    let (mut yes, mut known) = (0, 0);
    for answer in identities.iter().filter_map(|identity| answer(identity)) {
        known += 1;
        yes += usize::from(answer);
    }
    Share::new(yes, known, identities.len() - known)
}

/// A share of nobody is none.
fn some(share: Share, why: &'static str) -> Result<Share, &'static str> {
    match share.denominator {
        0 => Err(why),
        _ => Ok(share),
    }
}

fn no_clear_owner(identity: &Identity) -> Answer {
    match owner_state(Some(&identity.ownership)) {
        "unknown" => None,
        state => Some(state != "owned"),
    }
}

fn visible(identity: &Identity) -> Answer {
    let owner = owner_state(Some(&identity.ownership)) == "owned";
    Some(owner && tier(&identity.privilege) != "unknown" && identity.last_used != When::Unknown)
}

/// Whether an entry says how what it speaks of is revoked, and that this was tried before the day of the scan ended.
fn tested(entry: &Declaration, scanned_at: &str) -> Answer {
    match (&entry.revocation, entry.revocation_tested.as_deref()) {
        (None, _) | (_, None) => Some(false),
        (Some(_), Some(day)) if day.starts_with(|c: char| c.is_ascii_digit()) => {
            Some(scanned_at.is_empty() || day <= scanned_at)
        }
        // Something is said, and it is no date.
        (Some(_), Some(_)) => None,
    }
}

fn excess(identity: &Identity) -> Answer {
    let unused = identity.privilege.unused.as_ref()?;
    Some(unused.never_used().next().is_some())
}

fn reviewed(identity: &Identity) -> Answer {
    match identity.review.as_ref().map(|r| &*r.state) {
        Some("ambiguous" | "malformed") => None,
        state => Some(state == Some("due")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_counterpart_and_a_source() {
        let survey: Survey = serde_yaml::from_str(SURVEY).unwrap();
        let snapshot = Snapshot::default();
        let world = World::new(&snapshot);
        let identity = Identity::default();
        for figure in &survey.figures {
            assert!(!figure.source.is_empty() && (0.0..=100.0).contains(&figure.percent));
            let share = world.share(&figure.id, &[&identity]);
            assert_ne!(
                share.err(),
                Some("not counted by this version"),
                "{}",
                figure.id
            );
        }
        assert_eq!(survey.figures.len(), 6);
        assert_eq!(percent(1, 3), 33.3);
    }
}
