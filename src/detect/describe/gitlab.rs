//! GitLab's routable tokens: behind the prefix, in base64, random bytes, lines of `key:value` that say where
//! the token belongs, and the number of random bytes.

use super::Decoded;
use super::encoding::base64;
use crate::model::{ClaimName, JoinForm};

pub(super) fn routable(secret: &[u8], decoded: &mut Decoded) -> Option<()> {
    let (body, _) = secret.split_at(memchr::memchr(b'.', secret)?);
    // `glpat-`, `glrt-t1_`: base64 itself may hold either sign, so the longest prefix that fits is not it.
    let mut start = memchr::memchr(b'-', body)? + 1;
    if let [b't', b'1'..=b'3', b'_', ..] = body.get(start..)? {
        start += 3;
    }
    let bytes = base64(body.get(start..)?)?;
    let (&random, payload) = bytes.split_last()?;
    let lines = std::str::from_utf8(payload.get(usize::from(random)..)?).ok()?;
    for line in lines.lines().take(8) {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let Ok(number) = u64::from_str_radix(value, 36) else {
            continue;
        };
        let number = number.to_string();
        let (name, form) = match key {
            "o" => (ClaimName::Tenant, None),
            "u" => (ClaimName::User, Some(JoinForm::GitlabUser)),
            "p" => (ClaimName::Project, Some(JoinForm::GitlabProject)),
            "g" => (ClaimName::Group, Some(JoinForm::GitlabGroup)),
            "c" => (ClaimName::Region, None),
            "t" => {
                let kind = match number.as_str() {
                    "1" => "instance runner",
                    "2" => "group runner",
                    "3" => "project runner",
                    _ => continue,
                };
                decoded.claims.add(ClaimName::Kind, kind);
                continue;
            }
            _ => continue,
        };
        decoded.claims.add(name, &number);
        if let Some(form) = form {
            decoded.join(form, "gitlab", &number);
        }
    }
    Some(())
}
