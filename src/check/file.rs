//! A check file as it is written: this type mirrors the YAML exactly and refuses fields it does not know.
//! Words of a set are plain text here; the loader knows their place and says what was meant.

use super::parameter::Setting;
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
    pub severity: String,
    /// How sure a finding is at most.
    #[serde(default)]
    pub confidence: Option<String>,
    /// What it speaks of.
    pub applies_to: String,
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
    pub outcome: String,
}
