//! Values that a format names for what they are (a client certificate of a kubeconfig, a token field) are handed
//! over rather than found: what they say about themselves, without the value.

use super::{Decoded, jwt, key, x509};
use crate::model::{
    Certificate, Claims, Evidence, IdentityId, ImpliedTier, JoinForm, JoinKey, Moment, Timestamp,
};
use std::collections::BTreeSet;

/// Longer armour is no single certificate.
const LONGEST: usize = 64 << 10;

/// What a JSON web token says of itself.
#[derive(Debug)]
pub struct WebToken {
    /// Issuer, subject, audience and the rest.
    pub claims: Claims,
    /// When it was issued.
    pub created: Option<Timestamp>,
    /// When it ends; never where it says no end.
    pub expires: Moment,
    /// The identity that it names as its holder, where the platform's form of tokens does.
    pub holder: Option<IdentityId>,
    /// What it may do by its own account.
    pub implied_tier: ImpliedTier,
    /// By what its issuer's listing holds it.
    pub join_keys: BTreeSet<JoinKey>,
}

/// Whom a request for a certificate asks one for.
#[derive(Debug)]
pub struct Requested {
    /// The common name: for Kubernetes the user.
    pub common_name: Option<String>,
    /// The organisations: for Kubernetes the groups.
    pub organisations: Vec<String>,
}

/// The first certificate in armour; `kubernetes` where it is one that an API server accepts, which makes its
/// organisations groups.
pub fn certificate(armour: &[u8], kubernetes: bool, evidence: Evidence) -> Option<Certificate> {
    let at = memchr::memmem::find(armour, b"-----BEGIN CERTIFICATE-----")?;
    let end = at.saturating_add(LONGEST).min(armour.len());
    let der = x509::armoured(armour.get(at..end)?)?;
    let certificate = x509::parse(&der)?;
    let mut decoded = Decoded::default();
    x509::describe(&certificate, kubernetes, &mut decoded);
    let public = key::fingerprint(&certificate.public);
    decoded.join(JoinForm::PublicKeyFingerprint, "", &public);
    Some(Certificate {
        public: public.into(),
        expires: decoded.expires,
        created: decoded.created,
        join_keys: joins(&decoded, "kubernetes"),
        claims: decoded.claims,
        implied_tier: decoded.tier,
        evidence,
    })
}

/// Whom a request for a certificate (PKCS #10) in armour asks one for.
pub fn certificate_request(armour: &[u8]) -> Option<Requested> {
    const MARK: &[u8] = b"-----BEGIN CERTIFICATE REQUEST-----";
    let at = memchr::memmem::find(armour, MARK)? + MARK.len();
    let body = armour.get(at..at.saturating_add(LONGEST).min(armour.len()))?;
    let body = body.get(..memchr::memmem::find(body, b"-----END")?)?;
    let der = super::encoding::base64(&key::letters(body))?;
    let (common_name, organisations) = x509::requested(&der)?;
    Some(Requested {
        common_name,
        organisations,
    })
}

/// What a JSON web token says of itself; `None` for anything else.
pub fn web_token(token: &[u8]) -> Option<WebToken> {
    if token.len() > LONGEST || token.iter().filter(|b| **b == b'.').count() != 2 {
        return None;
    }
    let decoded = jwt::jwt(token, true).or_else(|| jwt::jwt(token, false))?;
    Some(WebToken {
        join_keys: joins(&decoded, "kubernetes"),
        claims: decoded.claims,
        created: decoded.created,
        expires: decoded.expires,
        holder: decoded.holder.map(|(id, _)| id),
        implied_tier: decoded.tier,
    })
}

fn joins(decoded: &Decoded, issuer: &str) -> BTreeSet<JoinKey> {
    let all = decoded.joins.iter().map(|(form, own, value)| {
        let issuer = if own.is_empty() { issuer } else { own };
        JoinKey::new(*form, issuer, value)
    });
    all.collect()
}
