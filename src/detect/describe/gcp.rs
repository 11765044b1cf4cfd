//! Google's service account files, in whatever order their members stand.

use super::{Decoded, Match, key};
use crate::model::{ClaimName, IdentityId, JoinForm};

/// The key must be near its id.
pub(super) fn service_account(text: &[u8], found: &mut Match) -> Option<Decoded> {
    const REACH: usize = 4096;
    let start = found.at.saturating_sub(REACH);
    let near = text.get(start..found.at.saturating_add(REACH).min(text.len()))?;
    // The nearest key: one file may hold several accounts.
    let middle = found.at - start;
    let begin = memchr::memmem::find_iter(near, b"-----BEGIN PRIVATE KEY-----")
        .min_by_key(|at| at.abs_diff(middle))?;
    let end = begin + memchr::memmem::find(near.get(begin..)?, b"-----END PRIVATE KEY-----")? + 25;
    found.secret = Some(start + begin..start + end);
    let field = |name: &str| {
        memchr::memmem::find_iter(near, name.as_bytes())
            .min_by_key(|at| at.abs_diff(middle))
            .and_then(|at| string_behind(near.get(at + name.len()..)?))
    };
    let mut decoded = key::pem(text, start + begin, near.get(begin..end)?)?;
    decoded.account = field("\"project_id");
    if let Some(project) = decoded.account.clone() {
        decoded.claims.add(ClaimName::Project, &project);
    }
    if let Some(id) = field("\"private_key_id") {
        decoded.claims.add(ClaimName::TokenId, &id);
        decoded.join(JoinForm::CredentialId, "gcp", &id);
    }
    if let Some(email) = field("\"client_email").filter(|email| email.contains('@')) {
        decoded.claims.add(ClaimName::Email, &email);
        decoded.join(JoinForm::ServiceAccount, "gcp", &email);
        decoded.holder = Some((IdentityId::from(email), "client_email in the key file"));
    }
    Some(decoded)
}

/// The plain string behind `": "`.
fn string_behind(rest: &[u8]) -> Option<String> {
    let mut parts = rest.get(..300.min(rest.len()))?.split(|b| *b == b'"');
    let separator = parts.nth(1)?;
    let value = parts.next()?;
    let fine = |b: &u8| b.is_ascii_alphanumeric() || b".-_@:".contains(b);
    let value = value.strip_suffix(b"\\").unwrap_or(value);
    (separator.contains(&b':') && !value.is_empty() && value.iter().all(fine))
        .then(|| String::from_utf8_lossy(value).into_owned())
}
