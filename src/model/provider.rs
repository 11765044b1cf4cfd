//! Identity providers: outside parties whose tokens an account accepts.

use super::{Evidence, Moment, Str, Timestamp};

/// The protocol a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Federation {
    /// OpenID Connect.
    Oidc,
    /// SAML 2.0.
    Saml,
}

/// An OIDC or SAML provider that an account accepts. Records of one provider may each tell a part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityProvider {
    /// Its ARN.
    pub id: Str,
    /// The account that accepts it.
    pub account: Option<Str>,
    /// Protocol.
    pub federation: Federation,
    /// The issuer, without scheme: `token.actions.githubusercontent.com`.
    pub issuer: Option<Str>,
    /// The audiences it accepts.
    pub audiences: Option<Vec<Str>>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When what it is trusted by ends (SAML metadata's `ValidUntil`).
    pub expires: Moment,
    /// Where it was read.
    pub evidence: Evidence,
}
