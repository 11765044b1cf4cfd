//! AWS: what access key ids and presigned URLs say.

use super::{Decoded, Match};
use crate::detect::text::{after, before, string};
use crate::model::{ClaimName, Confidence, JoinForm, Moment, Timestamp};
use crate::platform::aws::key_id;

pub(super) fn access_key(text: &[u8], found: &Match) -> Option<Decoded> {
    let id = string(text, found.id.clone()?);
    let mut decoded = Decoded {
        account: key_id::account(&id),
        ..Decoded::default()
    };
    decoded.claims.add(ClaimName::TokenId, &id);
    if let Some(kind) = key_id::kind(&id) {
        decoded.claims.add(ClaimName::Kind, kind);
    }
    if let Some(account) = decoded.account.clone() {
        decoded.claims.add(ClaimName::Tenant, &account);
    }
    let base32 = |b: u8| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b);
    Some(if id.bytes().all(base32) {
        decoded
    } else {
        decoded.doubt(
            Confidence::Low,
            "key id has characters that AWS does not use",
        )
    })
}

/// A URL that is signed for a while: by which key, for what, from when and how long.
pub(super) fn presigned(text: &[u8], found: &Match) -> Option<Decoded> {
    let outside = |b: &u8| b.is_ascii_whitespace() || b"\"'<>`".contains(b);
    let left = before(text, found.at, 2048);
    let left = left.rsplit(|b| outside(b)).next()?;
    let right = after(text, found.at, 2048);
    let right = right.split(|b| outside(b)).next()?;
    let url = String::from_utf8([left, right].concat()).ok()?;
    let url = url
        .replace("&amp;", "&")
        .replace("%2F", "/")
        .replace("%2f", "/");
    let field = |name: &str| {
        url.split(['?', '&'])
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    let mut scope = field("X-Amz-Credential")?.split('/');
    let (id, _date) = (scope.next()?, scope.next()?);
    let (region, service) = (scope.next()?, scope.next()?);
    // 20260101T120000Z
    let stamp = field("X-Amz-Date")?;
    let part = |from: usize, to: usize| stamp.get(from..to);
    let made = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(9, 11)?,
        part(11, 13)?,
        part(13, 15)?
    );
    let made = Timestamp::parse(&made)?;
    // A week at most: the signature is of the key, and no key signs for longer.
    let life: i64 = field("X-Amz-Expires")?.parse().ok()?;
    let life = life.clamp(0, 7 * Timestamp::DAY);
    let mut decoded = Decoded {
        account: key_id::account(id),
        created: Some(made),
        expires: Moment::At(Timestamp::from_seconds(made.seconds() + life)),
        ..Decoded::default()
    };
    decoded.claims.add(ClaimName::TokenId, id);
    decoded.claims.add(ClaimName::Region, region);
    decoded.claims.add(ClaimName::Audience, service);
    let host = url
        .split("://")
        .nth(1)
        .and_then(|rest| rest.split(['/', '?']).next());
    if let Some(host) = host.filter(|host| host.contains('.')) {
        decoded.claims.add(ClaimName::Host, host);
    }
    decoded.join(JoinForm::SignedBy, "aws", id);
    Some(decoded)
}
