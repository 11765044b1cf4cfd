//! Certificates: public, and no credential; but with its private key one tells whom that stands for.

use super::{Claims, Evidence, ImpliedTier, JoinKey, Moment, Str, Timestamp};
use std::collections::BTreeSet;

/// A certificate that stands somewhere without its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Certificate {
    /// The SHA-256 of its public key in DER: what [`JoinForm::PublicKeyFingerprint`](super::JoinForm) compares.
    pub public: Str,
    /// When it ends.
    pub expires: Moment,
    /// From when on it is valid.
    pub created: Option<Timestamp>,
    /// Subject, issuer, names, thumbprint.
    pub claims: Claims,
    /// What its subject may do, where the subject alone says so.
    pub implied_tier: ImpliedTier,
    /// By what its issuer's listing holds it.
    pub join_keys: BTreeSet<JoinKey>,
    /// Where it was read.
    pub evidence: Evidence,
}
