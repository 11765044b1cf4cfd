//! What identities were seen to use, out of what they are granted.

use super::{Evidence, IdentityId, Moment, Str, Timestamp};

/// How finely a record of use tells what was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Granularity {
    /// Services only.
    Service,
    /// Single actions, for the services that track them.
    Action,
}

impl Granularity {
    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Action => "action",
        }
    }
}

/// When an identity last used a service, or one of its actions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usage {
    /// Who.
    pub identity: IdentityId,
    /// The service, as in action names: `s3`.
    pub service: Str,
    /// The action without its service, where single actions are tracked: `GetObject`.
    pub action: Option<Str>,
    /// When, in the window.
    pub last: Moment,
    /// Where it was read.
    pub evidence: Evidence,
}

/// The time that a record of an identity's use looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsageWindow {
    /// Whose use.
    pub identity: IdentityId,
    /// When it begins, where known.
    pub from: Option<Timestamp>,
    /// When it ends: when the record was made.
    pub until: Option<Timestamp>,
    /// How finely it tells.
    pub granularity: Granularity,
    /// Where it was read.
    pub evidence: Evidence,
}
