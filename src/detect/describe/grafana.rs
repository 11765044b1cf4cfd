//! Grafana Cloud's tokens: JSON in base64.

use super::Decoded;
use super::encoding::{json, member};
use crate::model::{ClaimName, JoinForm};

pub(super) fn cloud(secret: &[u8]) -> Option<Decoded> {
    let json = json(secret.get(4..)?)?;
    let mut decoded = Decoded {
        account: member(&json, "o"),
        ..Decoded::default()
    };
    if let Some(organisation) = member(&json, "o") {
        decoded.claims.add(ClaimName::Tenant, &organisation);
        decoded.join(JoinForm::Tenant, "grafana", &organisation);
    }
    if let Some(name) = member(&json, "n") {
        decoded.claims.add(ClaimName::TokenId, &name);
        decoded.join(JoinForm::CredentialId, "grafana", &name);
    }
    if let Some(region) = json.get("m").and_then(|m| member(m, "r")) {
        decoded.claims.add(ClaimName::Region, &region);
    }
    Some(decoded)
}
