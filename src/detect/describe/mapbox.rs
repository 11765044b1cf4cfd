//! Mapbox's tokens: `pk.`, `sk.` or `tk.`, then JSON in base64, then a signature.

use super::Decoded;
use super::encoding::{json, member};
use crate::model::{ClaimName, JoinForm, Tier};

pub(super) fn token(secret: &[u8], decoded: &mut Decoded) -> Option<()> {
    let mut parts = secret.split(|b| *b == b'.');
    let kind = parts.next()?;
    let json = json(parts.next()?)?;
    let user = member(&json, "u")?;
    decoded.claims.add(ClaimName::User, &user);
    decoded.join(JoinForm::Tenant, "mapbox", &user);
    decoded.account = Some(user);
    if let Some(id) = member(&json, "a") {
        decoded.claims.add(ClaimName::TokenId, &id);
        decoded.join(JoinForm::CredentialId, "mapbox", &id);
    }
    let (kind, tier) = match kind {
        b"pk" => ("public", Tier::Read),
        b"tk" => ("temporary", Tier::Unknown),
        _ => ("secret", Tier::Unknown),
    };
    decoded.claims.add(ClaimName::Kind, kind);
    decoded.implies(tier, "token is public");
    Some(())
}
