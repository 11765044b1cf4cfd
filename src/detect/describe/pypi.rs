//! PyPI's tokens are macaroons of the second version: the token's id, and caveats that narrow what it is
//! good for. <https://github.com/rescrv/libmacaroons/blob/master/doc/format.txt>

use super::Decoded;
use super::encoding::{Reader, base64, list, plain, seconds};
use crate::model::{ClaimName, JoinForm, Moment, Tier, Timestamp};
use serde_json::Value;

const END: usize = 0;
const LOCATION: usize = 1;
const IDENTIFIER: usize = 2;

pub(super) fn macaroon(secret: &[u8], decoded: &mut Decoded) -> Option<()> {
    let bytes = base64(secret.strip_prefix(b"pypi-")?)?;
    let mut reader = Reader(&bytes);
    if reader.byte()? != 2 {
        return None;
    }
    let mut caveats = 0;
    let mut first = true;
    // Sections of fields, each ended by a zero: the first is the token's own, then one for each caveat.
    for _ in 0..256 {
        let kind = reader.varint()?;
        if kind == END {
            if first {
                first = false;
                continue;
            }
            // The zero behind the last caveat stands alone and is followed by the signature.
            if reader.0.first() == Some(&6) {
                break;
            }
            continue;
        }
        let length = reader.varint()?;
        let field = reader.take(length)?;
        match (kind, first) {
            (LOCATION, true) => {
                if let Ok(host) = std::str::from_utf8(field) {
                    decoded.claims.add(ClaimName::Host, host);
                }
            }
            (IDENTIFIER, true) => {
                if let Ok(id) = std::str::from_utf8(field) {
                    decoded.claims.add(ClaimName::TokenId, id);
                    decoded.join(JoinForm::CredentialId, "pypi", id);
                }
            }
            (IDENTIFIER, false) => {
                caveats += 1;
                if let Ok(caveat) = serde_json::from_slice::<Value>(field) {
                    tell(&caveat, decoded);
                }
            }
            _ => {}
        }
    }
    if caveats == 0 {
        decoded.claims.add(ClaimName::Scope, "user");
    }
    let narrowed = decoded.claims.of(ClaimName::Project).next().is_some();
    let basis = if narrowed {
        "token publishes to the projects it names"
    } else {
        "token publishes to every project of its user"
    };
    decoded.implies(Tier::Write, basis);
    Some(())
}

/// One caveat: an object in the first version of the format, since then a list that begins with a number.
fn tell(caveat: &Value, decoded: &mut Decoded) {
    match caveat {
        Value::Object(members) => match members.get("permissions") {
            Some(Value::String(scope)) => decoded.claims.add(ClaimName::Scope, scope),
            Some(Value::Object(scope)) => {
                let projects = scope.get("projects").map(list).unwrap_or_default();
                narrow(&projects, decoded);
            }
            _ => {
                if let Some(end) = members.get("exp").and_then(seconds) {
                    decoded.expires = Moment::At(Timestamp::from_seconds(end));
                }
            }
        },
        Value::Array(parts) => {
            let part = |at: usize| parts.get(at);
            let time = |at: usize| part(at).and_then(seconds).map(Timestamp::from_seconds);
            match part(0).and_then(Value::as_u64) {
                Some(0) => {
                    if let Some(end) = time(1) {
                        decoded.expires = Moment::At(end);
                    }
                    if let Some(start) = time(2) {
                        decoded.created = Some(start);
                        decoded.claims.add(ClaimName::ValidFrom, &start.to_string());
                    }
                }
                Some(1 | 2) => {
                    narrow(&part(1).map(list).unwrap_or_default(), decoded);
                }
                Some(3) => {
                    decoded.claims.add(ClaimName::Scope, "user");
                    if let Some(user) = part(1).and_then(plain) {
                        decoded.claims.add(ClaimName::User, &user);
                    }
                }
                Some(4) => {
                    decoded.claims.add(ClaimName::Kind, "trusted publisher");
                    if let Some(publisher) = part(1).and_then(plain) {
                        decoded.claims.add(ClaimName::App, &publisher);
                    }
                }
                _ => {}
            }
        }
        _ => {}
    }
}

fn narrow(projects: &[String], decoded: &mut Decoded) {
    decoded.claims.add(ClaimName::Scope, "projects");
    for project in projects {
        decoded.claims.add(ClaimName::Project, project);
    }
}
