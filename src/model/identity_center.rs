//! Single sign-on into accounts: permission sets and who is given them where.

use super::{Evidence, Str};

/// A permission set of an Identity Center instance. What it gives is entitlements of its ARN.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionSet {
    /// `arn:aws:sso:::permissionSet/ssoins-…/ps-…`.
    pub arn: Str,
    /// Its name, which the roles it is provisioned as carry.
    pub name: Option<Str>,
    /// How long a session lasts, ISO 8601 (`PT8H`).
    pub session: Option<Str>,
    /// Where it was read.
    pub evidence: Evidence,
}

/// A user or group of the directory is given a permission set in an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Assignment {
    /// The permission set's ARN.
    pub permission_set: Str,
    /// The account.
    pub account: Str,
    /// Whether it is given to a group rather than to one user.
    pub group: bool,
    /// The directory's id of the user or group.
    pub principal: Str,
    /// Where it was read.
    pub evidence: Evidence,
}

/// A user or group of the directory behind single sign-on. Users are people: what acts through them is the
/// role that a permission set is provisioned as.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectoryEntry {
    /// The directory's id of it. Memberships speak of it by this id.
    pub id: Str,
    /// Whether it is a group.
    pub group: bool,
    /// The name people use: of a user the sign-in name.
    pub name: Str,
    /// Whether it can sign in; `None` when not said.
    pub enabled: Option<bool>,
    /// Where it was read.
    pub evidence: Evidence,
}
