//! JFrog's reference tokens: `reftkn:01:<expiry in seconds, 0 for never>:…` in base64.

use super::Decoded;
use super::encoding::base64;
use crate::model::{Moment, Timestamp};

pub(super) fn reference(secret: &[u8]) -> Option<Decoded> {
    let text = String::from_utf8(base64(secret)?).ok()?;
    let mut parts = text.strip_prefix("reftkn:")?.split(':');
    let seconds: i64 = parts.nth(1)?.parse().ok()?;
    let expires = match seconds {
        0 => Moment::Never,
        1..=253_402_300_799 => Moment::At(Timestamp::from_seconds(seconds)),
        _ => Moment::Unknown,
    };
    Some(Decoded {
        expires,
        ..Decoded::default()
    })
}
