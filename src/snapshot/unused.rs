//! The wire form of what is granted and not used.

use super::{Evidence, When};
use crate::model;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an identity is granted beside what it was seen to use. Only what the record of use follows is
/// called unused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unused {
    /// When the time that was looked at begins, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// How finely the record tells: `service` or `action`.
    pub granularity: String,
    /// Where the record was read.
    pub evidence: Evidence,
    /// Whether all services are granted, by wildcard or by naming what is not.
    #[serde(default)]
    pub everything: bool,
    /// The services that are granted and that the record speaks of.
    pub services: Vec<ServiceUse>,
    /// Services that are granted by name and that the record does not speak of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<String>,
    /// A smaller policy that keeps what was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
}

/// A service that an identity is granted, and its use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceUse {
    /// As in action names: `s3`.
    pub service: String,
    /// When it was last used, in the window.
    pub last_used: When,
    /// How many of its known actions are granted.
    pub granted_actions: u64,
    /// The mightiest of them, if one can give rights away, become others, read secrets or run code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privileged: Option<String>,
    /// Whether the record follows single actions of this service.
    #[serde(default)]
    pub tracked: bool,
    /// Granted actions that the record follows and that were not used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused_actions: Vec<String>,
}

/// A policy that could take the place of all that an identity holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Proposal {
    /// The policy document.
    pub policy: serde_json::Value,
    /// What to know before using it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Unused {
    /// The services that were not used in the window.
    pub fn never_used(&self) -> impl Iterator<Item = &ServiceUse> {
        let never = |service: &&ServiceUse| service.last_used == When::Never;
        self.services.iter().filter(never)
    }
}

impl From<&model::Unused> for Unused {
    fn from(u: &model::Unused) -> Self {
        Self {
            from: u.from.map(|t| t.to_string()),
            until: u.until.map(|t| t.to_string()),
            granularity: u.granularity.as_str().to_owned(),
            evidence: (&u.evidence).into(),
            everything: u.everything,
            services: u.services.iter().map(Into::into).collect(),
            untold: u.untold.iter().map(ToString::to_string).collect(),
            proposal: u.proposal.as_ref().map(|p| Proposal {
                policy: serde_json::from_str(&p.document).unwrap_or_default(),
                notes: p.notes.iter().map(ToString::to_string).collect(),
            }),
        }
    }
}

impl From<&model::ServiceUse> for ServiceUse {
    fn from(s: &model::ServiceUse) -> Self {
        Self {
            service: s.service.to_string(),
            last_used: s.last.into(),
            granted_actions: s.granted as u64,
            privileged: s.privileged.as_ref().map(ToString::to_string),
            tracked: s.tracked,
            unused_actions: s.unused_actions.iter().map(ToString::to_string).collect(),
        }
    }
}
