//! What the platform's own analyser found: access from outside, access not used.

use super::{Evidence, Str, Timestamp};

/// One finding of an access analyser, as exported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnalyzerFinding {
    /// Its id.
    pub id: Str,
    /// `ExternalAccess`, `InternalAccess`, `UnusedIAMRole`, `UnusedIAMUserAccessKey`,
    /// `UnusedIAMUserPassword`, `UnusedPermission`.
    pub kind: Str,
    /// The resource it speaks of, an ARN.
    pub resource: Str,
    /// `AWS::IAM::Role`.
    pub resource_type: Option<Str>,
    /// `ACTIVE`, `ARCHIVED`, `RESOLVED`.
    pub status: Option<Str>,
    /// Who is let in, as `type:value`, sorted.
    pub principals: Vec<Str>,
    /// Actions: those that the outside may take, or those not used.
    pub actions: Vec<Str>,
    /// The service whose permissions are not used.
    pub service: Option<Str>,
    /// The key that is not used.
    pub access_key: Option<Str>,
    /// Conditions on the access, as canonical JSON.
    pub condition: Option<Str>,
    /// Whether everybody is let in.
    pub public: Option<bool>,
    /// When it was last used; `None` when that is not said.
    pub last_used: Option<Timestamp>,
    /// When it was last looked at.
    pub updated: Option<Timestamp>,
    /// Where it was read.
    pub evidence: Evidence,
}
