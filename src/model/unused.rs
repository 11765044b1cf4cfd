//! What an identity is granted beside what it was seen to use.

use super::{Evidence, Granularity, Moment, Str, Timestamp};
use std::collections::BTreeSet;

/// Granted and used, held side by side for one identity. Speaks only of what the record of use tells:
/// what the record does not follow is never called unused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unused {
    /// When the time that was looked at begins, where known.
    pub from: Option<Timestamp>,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// How finely the record tells.
    pub granularity: Granularity,
    /// Where the record was read.
    pub evidence: Evidence,
    /// Whether all services are granted, by wildcard or by naming what is not.
    pub everything: bool,
    /// The services that are granted and that the record speaks of, by name.
    pub services: Vec<ServiceUse>,
    /// Services that are granted by name and that the record does not speak of.
    pub untold: BTreeSet<Str>,
    /// A smaller policy that keeps what was used; `None` where nothing can be taken away, or the policies
    /// were not read.
    pub proposal: Option<Proposal>,
}

/// A service that an identity is granted, and its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUse {
    /// The service, as in action names: `s3`.
    pub service: Str,
    /// When it was last used, in the window.
    pub last: Moment,
    /// How many of its actions are granted, as far as its actions are known.
    pub granted: usize,
    /// The mightiest of the granted actions, if one can give rights away, become others, read secrets or run
    /// code: `iam:CreateAccessKey`.
    pub privileged: Option<Str>,
    /// Granted actions that the record follows and that were not used: `PutObject`. Empty for a service that
    /// was not used at all.
    pub unused_actions: Vec<Str>,
    /// Whether the record follows single actions of this service.
    pub tracked: bool,
}

/// A policy that could take the place of all that an identity holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The policy document: JSON without white space.
    pub document: Str,
    /// What to know before using it.
    pub notes: Vec<Str>,
}

impl Unused {
    /// The services that were not used in the window.
    pub fn never_used(&self) -> impl Iterator<Item = &ServiceUse> {
        self.services.iter().filter(|s| s.last == Moment::Never)
    }

    /// How many days were looked at.
    pub fn days(&self) -> Option<i64> {
        Some(self.until?.days_since(self.from?))
    }
}
