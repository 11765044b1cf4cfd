//! GitHub's tokens.

use super::encoding::base32;
use super::{Decoded, jwt};
use crate::model::{ClaimName, JoinForm};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// Any of GitHub's tokens: by what listings and the audit log find it.
pub(super) fn token(secret: &[u8], decoded: &mut Decoded) {
    let text = String::from_utf8_lossy(secret);
    if let Some(last) = text.len().checked_sub(8).and_then(|at| text.get(at..)) {
        decoded.join(JoinForm::GithubLastEight, "github", last);
    }
    let hash = STANDARD.encode(Sha256::digest(secret));
    decoded.join(JoinForm::GithubHashedToken, "github", &hash);
}

/// Behind `github_pat_11` seven base-32 characters hold the user's number.
pub(super) fn fine_grained(secret: &[u8]) -> Decoded {
    let mut decoded = Decoded::default();
    token(secret, &mut decoded);
    if let Some(user) = user(secret) {
        decoded.claims.add(ClaimName::User, &user);
        decoded.join(JoinForm::GithubUser, "github", &user);
        decoded.account = Some(format!("user {user}"));
    }
    decoded
}

pub(super) fn user(token: &[u8]) -> Option<String> {
    let bits = base32(token.get(13..20)?)?;
    // 35 bits, of which the last three are padding.
    (bits & 0b111 == 0).then(|| (bits >> 3).to_string())
}

/// Behind `ghs_` and the app's id stands a JSON web token; the older format says nothing.
pub(super) fn installation(secret: &[u8]) -> Decoded {
    let signed =
        memchr::memmem::find(secret, b"_eyJ").and_then(|at| jwt::jwt(secret.get(at + 1..)?, false));
    let mut decoded = signed.unwrap_or_default();
    token(secret, &mut decoded);
    decoded
}
