//! Stripe's keys name their account.

use super::Decoded;
use crate::model::{ClaimName, JoinForm};

/// Behind the `5` of `sk_live_51…` stand the sixteen characters of the account's id.
pub(super) fn key(secret: &[u8]) -> Decoded {
    let mut decoded = Decoded {
        account: account(secret),
        ..Decoded::default()
    };
    if let Some(account) = decoded.account.clone() {
        decoded.claims.add(ClaimName::Tenant, &account);
        decoded.join(JoinForm::StripeAccount, "stripe", &account);
    }
    decoded
}

pub(super) fn account(key: &[u8]) -> Option<String> {
    let body = key.rsplit(|b| *b == b'_').next()?;
    let id = body.strip_prefix(b"5")?.get(..16)?;
    (id.first() == Some(&b'1')).then(|| format!("acct_{}", String::from_utf8_lossy(id)))
}
