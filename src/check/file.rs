//! A check file as it is written: this type mirrors the YAML exactly and refuses what it does not know.

use super::parameter::Setting;
use super::schema::SubjectKind;
use crate::model::{Confidence, Outcome, Severity};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Largest check file that is read, in bytes.
pub(super) const MAX_FILE: usize = 256 * 1024;

/// One check.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckFile {
    /// Its name, for what it finds; lower case with dashes.
    pub id: String,
    /// The finding in a few words.
    pub title: String,
    /// Why it matters.
    pub description: String,
    /// How bad a finding is.
    #[serde(deserialize_with = "severity")]
    pub severity: Severity,
    /// How sure a finding is at most.
    #[serde(default, deserialize_with = "confidence")]
    pub confidence: Option<Confidence>,
    /// What it speaks of.
    pub applies_to: SubjectKind,
    /// Its thresholds.
    #[serde(default)]
    pub parameters: BTreeMap<String, ParameterFile>,
    /// Of which subjects it speaks; of all when absent.
    #[serde(default)]
    pub when: Option<String>,
    /// What is a finding.
    pub condition: String,
    /// The sentence people read.
    pub message: String,
    /// What to do.
    pub remediation: String,
    /// Control ids, the most telling first.
    #[serde(default)]
    pub controls: Vec<String>,
    /// Where to read more.
    #[serde(default)]
    pub references: Vec<String>,
    /// Earlier ids.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Examples, positive and negative.
    pub cases: Vec<CaseFile>,
}

/// A parameter as declared.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ParameterFile {
    /// `int`, `bool`, `string`, `strings` or a set of words.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its value unless set.
    pub default: Setting,
    /// What it does.
    pub description: String,
}

/// An example with the outcome it must have.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseFile {
    /// What it shows.
    pub name: String,
    /// Attributes; those not named are unknown.
    #[serde(default)]
    pub subject: BTreeMap<String, Option<Setting>>,
    /// Parameters that differ from their defaults.
    #[serde(default)]
    pub parameters: BTreeMap<String, Setting>,
    /// The time of the scan, where it matters.
    #[serde(default)]
    pub now: Option<String>,
    /// What the check must say.
    #[serde(deserialize_with = "outcome")]
    pub outcome: Outcome,
}

/// The name of an outcome.
pub(super) const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "fail",
        Outcome::Pass => "pass",
        Outcome::NotApplicable => "not-applicable",
        Outcome::NotEvaluable => "not-evaluable",
    }
}

fn outcome<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Outcome, D::Error> {
    const ALL: [Outcome; 4] = [
        Outcome::Fail,
        Outcome::Pass,
        Outcome::NotApplicable,
        Outcome::NotEvaluable,
    ];
    named(from, &ALL, outcome_name, "an outcome")
}

fn severity<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Severity, D::Error> {
    named(from, &Severity::ALL, Severity::as_str, "a severity")
}

fn confidence<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Confidence>, D::Error> {
    const ALL: [Confidence; 3] = [Confidence::Low, Confidence::Medium, Confidence::High];
    named(from, &ALL, Confidence::as_str, "a confidence").map(Some)
}

/// Reads a word of a set of named values.
fn named<'de, D: serde::Deserializer<'de>, T: Copy>(
    from: D,
    all: &[T],
    name: fn(T) -> &'static str,
    what: &str,
) -> Result<T, D::Error> {
    let word = String::deserialize(from)?;
    all.iter().copied().find(|t| name(*t) == word).ok_or_else(|| {
        let names: Vec<String> = all.iter().map(|t| format!("`{}`", name(*t))).collect();
        serde::de::Error::custom(format!(
            "`{word}` is not {what}; there are {}",
            names.join(", ")
        ))
    })
}
