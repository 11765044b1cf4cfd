//! Sentry's organisation tokens: JSON in base64 between the prefix and the secret part.

use super::Decoded;
use super::encoding::{json, member, seconds};
use crate::model::{ClaimName, JoinForm, Timestamp};

pub(super) fn organisation(secret: &[u8]) -> Option<Decoded> {
    let json = json(secret.get(7..)?.split(|b| *b == b'_').next()?)?;
    let mut decoded = Decoded {
        account: member(&json, "org"),
        created: json
            .get("iat")
            .and_then(seconds)
            .map(Timestamp::from_seconds),
        ..Decoded::default()
    };
    if let Some(organisation) = member(&json, "org") {
        decoded.claims.add(ClaimName::Tenant, &organisation);
        decoded.join(JoinForm::Tenant, "sentry", &organisation);
    }
    for name in ["region_url", "url"] {
        if let Some(address) = member(&json, name) {
            let host = address.split("://").last().unwrap_or_default();
            decoded.claims.add(ClaimName::Host, host);
        }
    }
    Some(decoded)
}
