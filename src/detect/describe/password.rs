//! Passwords in URLs and in HTTP's basic scheme.

use super::WORD;
use super::encoding::base64;
use super::{Decoded, Match};
use crate::detect::judge;
use crate::model::{ClaimName, Confidence};
use std::ops::Range;

/// `user:password`; anything else in base64 is none.
pub(super) fn basic(value: &[u8]) -> Option<Decoded> {
    let text = base64(value)?;
    let colon = memchr::memchr(b':', &text)?;
    let (user, password) = (text.get(..colon)?, text.get(colon + 1..)?);
    if user.is_empty() || password.len() < 3 || !text.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let decoded = Decoded::default();
    Some(if judge::weak(password) {
        decoded.doubt(Confidence::Low, WORD)
    } else {
        decoded
    })
}

/// A password in a URL: many are the ones that everybody's database starts with.
pub(super) fn url(text: &[u8], found: &Match) -> Option<Decoded> {
    let part = |span: &Option<Range<usize>>| {
        span.clone()
            .and_then(|span| text.get(span))
            .unwrap_or_default()
    };
    let (secret, user, host) = (part(&found.secret), part(&found.user), part(&found.host));
    let mut decoded = Decoded::default();
    let local: [&[u8]; 6] = [
        b"localhost",
        b"127.0.0.1",
        b"0.0.0.0",
        b"[::1]",
        b"host",
        b"hostname",
    ];
    if local.iter().any(|name| host.eq_ignore_ascii_case(name)) {
        decoded = decoded.doubt(Confidence::Low, "host is the local one");
    } else if let Ok(host) = std::str::from_utf8(host) {
        // The user is not told: some put their token there.
        decoded.claims.add(ClaimName::Host, host);
    }
    let example: [&[u8]; 5] = [
        b"example.com",
        b"example.org",
        b"example.net",
        b".example",
        b".test",
    ];
    if example.iter().any(|name| host.ends_with(name)) {
        decoded = decoded.doubt(Confidence::Low, "host is reserved for examples");
    }
    if secret == user || judge::weak(secret) {
        decoded = decoded.doubt(Confidence::Low, WORD);
    }
    Some(decoded)
}
