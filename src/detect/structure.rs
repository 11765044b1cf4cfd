//! What credentials say about themselves: account, expiry, holder. Decoded offline, by the formats that
//! the issuers document.

use super::kind::Kind;
use super::rule::Structure;
use super::text::{after, before, string};
use crate::model::{Confidence, IdentityId, Moment, Timestamp};
use crate::platform::aws::key_id;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use std::ops::Range;

/// A match of a kind's pattern, as offsets into the text.
#[derive(Clone, Debug, Default)]
pub(super) struct Match {
    /// The literal that led here.
    pub(super) at: usize,
    /// The secret; `None` where only its public id was seen.
    pub(super) secret: Option<Range<usize>>,
    /// The issuer's public id for it.
    pub(super) id: Option<Range<usize>>,
    /// The account it belongs to.
    pub(super) account: Option<Range<usize>>,
    /// User and host of a URL.
    pub(super) user: Option<Range<usize>>,
    pub(super) host: Option<Range<usize>>,
}

/// Why a password may be none.
pub(super) const WORD: &str = "password is a word";

/// What was decoded.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) account: Option<String>,
    pub(super) expires: Moment,
    pub(super) created: Option<Timestamp>,
    /// The identity that the credential names as its holder, and what says so.
    pub(super) holder: Option<(IdentityId, &'static str)>,
    /// What lowers the confidence, and to what at most.
    pub(super) doubts: Vec<(Confidence, &'static str)>,
}

impl Decoded {
    fn doubt(mut self, most: Confidence, reason: &'static str) -> Self {
        self.doubts.push((most, reason));
        self
    }
}

/// Decodes a match. `None` when the structure shows that it is none.
pub(super) fn decode(kind: &Kind, text: &[u8], found: &mut Match) -> Option<Decoded> {
    let secret = found
        .secret
        .clone()
        .and_then(|span| text.get(span))
        .unwrap_or_default();
    match kind.rule.structure {
        Structure::None | Structure::Given => Some(Decoded::default()),
        Structure::AwsKeyId => {
            let id = string(text, found.id.clone()?);
            let decoded = Decoded {
                account: key_id::account(&id),
                ..Decoded::default()
            };
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
        Structure::AzureSas => azure_sas(text, found),
        Structure::AzureCask => Some(Decoded {
            created: azure_cask(secret),
            ..Decoded::default()
        }),
        Structure::Basic => basic(secret),
        Structure::GcpServiceAccount => gcp_service_account(text, found),
        Structure::GithubFineGrained => Some(Decoded {
            account: github_user(secret),
            ..Decoded::default()
        }),
        Structure::GithubInstallation => Some(Decoded {
            expires: github_installation(secret).unwrap_or_default(),
            ..Decoded::default()
        }),
        Structure::GrafanaCloud => {
            let json = json(secret.get(4..)?)?;
            Some(Decoded {
                account: member(&json, "o"),
                ..Decoded::default()
            })
        }
        Structure::JfrogReference => jfrog(secret),
        Structure::Jwt => jwt(secret, false),
        Structure::JwtKubernetes => jwt(secret, true),
        Structure::Password => password(text, found),
        Structure::Pem => pem(secret),
        Structure::Putty => putty(text, found),
        Structure::Sentry => {
            let json = json(secret.get(7..)?.split(|b| *b == b'_').next()?)?;
            let seconds = json.get("iat").and_then(Value::as_f64);
            Some(Decoded {
                account: member(&json, "org"),
                created: seconds.map(|s| Timestamp::from_seconds(s as i64)),
                ..Decoded::default()
            })
        }
        Structure::Stripe => Some(Decoded {
            account: stripe_account(secret),
            ..Decoded::default()
        }),
    }
}

/// Both alphabets and any padding: tokens are cut and pasted.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let url = text.iter().any(|b| matches!(b, b'-' | b'_'));
    let alphabet = if url {
        &alphabet::URL_SAFE
    } else {
        &alphabet::STANDARD
    };
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}

fn json(text: &[u8]) -> Option<Value> {
    serde_json::from_slice(&base64(text)?)
        .ok()
        .filter(Value::is_object)
}

/// A member as text, if it is short and harmless enough to show.
fn member(json: &Value, name: &str) -> Option<String> {
    let text = match json.get(name)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let fine = |c: char| c.is_ascii_alphanumeric() || ".-_@:/".contains(c);
    (!text.is_empty() && text.len() <= 128 && text.chars().all(fine)).then_some(text)
}

fn jwt(token: &[u8], kubernetes: bool) -> Option<Decoded> {
    let mut parts = token.split(|b| *b == b'.');
    let header = json(parts.next()?)?;
    let claims = json(parts.next()?)?;
    let algorithm = header.get("alg")?.as_str()?;
    let seconds = |name: &str| {
        let value = claims.get(name)?;
        let seconds = value
            .as_i64()
            .or_else(|| value.as_f64().map(|f| f as i64))?;
        Some(Timestamp::from_seconds(seconds))
    };
    let expires = match (claims.get("exp"), seconds("exp")) {
        (None | Some(Value::Null), _) => Moment::Never,
        (Some(_), Some(time)) => Moment::At(time),
        (Some(_), None) => Moment::Unknown,
    };
    let subject = claims
        .get("sub")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let holder = subject
        .strip_prefix("system:serviceaccount:")
        .and_then(|rest| rest.split_once(':'))
        .filter(|(namespace, name)| dns_label(namespace) && dns_label(name))
        .map(|(namespace, name)| {
            let id = format!("k8s:cluster/{namespace}/{name}");
            (IdentityId::from(id), "the token's sub claim")
        });
    if kubernetes != holder.is_some() {
        return None;
    }
    let mut decoded = Decoded {
        account: member(&claims, "tid").filter(|_| !kubernetes),
        expires,
        created: seconds("iat"),
        holder,
        doubts: Vec::new(),
    };
    if ["sub", "iss", "aud", "exp"]
        .iter()
        .all(|name| claims.get(name).is_none())
    {
        decoded = decoded.doubt(Confidence::Low, "token names neither issuer nor subject");
    }
    if algorithm.eq_ignore_ascii_case("none") {
        decoded = decoded.doubt(Confidence::Low, "token is not signed");
    }
    if claims.get("role").and_then(Value::as_str) == Some("anon") {
        decoded = decoded.doubt(Confidence::Low, "token is for anonymous use");
    }
    Some(decoded)
}

fn dns_label(name: &str) -> bool {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    !name.is_empty() && name.len() <= 253 && name.chars().all(fine)
}

/// The base64 of a private key in armour, wherever its lines stand: in a file, in a JSON string with
/// `\n`, in an array of string literals. So the same key has the same fingerprint everywhere.
pub(super) fn armoured(block: &[u8]) -> Vec<u8> {
    let start = memchr::memmem::find(block, b"KEY").and_then(|at| {
        let rest = block.get(at..)?;
        Some(at + memchr::memmem::find(rest, b"-----")? + 5)
    });
    let body = block.get(start.unwrap_or(0)..).unwrap_or_default();
    let end = memchr::memmem::rfind(body, b"-----END").unwrap_or(body.len());
    let mut out = Vec::with_capacity(end);
    // Escapes are two characters, the second of which is a letter of the alphabet.
    let mut escaped = false;
    for line in body.get(..end).unwrap_or_default().split(|b| *b == b'\n') {
        // Headers: `Proc-Type: 4,ENCRYPTED`, `DEK-Info: …`, `Version: …`, `Comment: …`.
        if line.len() < 100 && memchr::memmem::find(line, b": ").is_some() {
            continue;
        }
        for &byte in line {
            let letter = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
            if letter && !escaped {
                out.push(byte);
            }
            escaped = byte == b'\\';
        }
        escaped = false;
    }
    out
}

fn pem(block: &[u8]) -> Option<Decoded> {
    let body = armoured(block);
    // The shortest private key, an Ed25519 one, has 64 characters.
    if body.len() < 60 || super::judge::entropy(&body) < 3.5 {
        return None;
    }
    let contains = |needle: &[u8]| memchr::memmem::find(block, needle).is_some();
    let decoded = Decoded::default();
    if contains(b"ENCRYPTED") || openssh_cipher(&body) {
        let reason = "key is encrypted with a passphrase";
        return Some(decoded.doubt(Confidence::Medium, reason));
    }
    Some(decoded)
}

/// Whether the block is OpenSSH's format with a cipher other than `none`: behind the magic comes the
/// cipher's name with its length.
fn openssh_cipher(body: &[u8]) -> bool {
    let head = base64(body.get(..60).unwrap_or_default()).unwrap_or_default();
    head.strip_prefix(b"openssh-key-v1\0")
        .is_some_and(|rest| !rest.starts_with(b"\0\0\0\x04none"))
}

fn putty(text: &[u8], found: &Match) -> Option<Decoded> {
    let head = after(text, found.at, 400);
    let plain = memchr::memmem::find(head, b"Encryption: none").is_some();
    let decoded = Decoded::default();
    Some(if plain {
        decoded
    } else {
        decoded.doubt(Confidence::Medium, "key is encrypted with a passphrase")
    })
}

/// A service account file, in whatever order its members stand: the key must be near its id.
fn gcp_service_account(text: &[u8], found: &mut Match) -> Option<Decoded> {
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
    let block = near.get(begin..end)?;
    let mut decoded = pem(block)?;
    decoded.account = field("\"project_id");
    decoded.holder = field("\"client_email")
        .filter(|email| email.contains('@'))
        .map(|email| (IdentityId::from(email), "client_email in the key file"));
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

/// `se` in the signature's query is the expiry; without `se` a stored policy has it.
fn azure_sas(text: &[u8], found: &Match) -> Option<Decoded> {
    let outside = |b: &u8| b.is_ascii_whitespace() || b"\"'<>`".contains(b);
    let left = before(text, found.at, 600);
    let left = left.rsplit(|b| outside(b)).next()?;
    let right = after(text, found.at, 600);
    let right = right.split(|b| outside(b)).next()?;
    let query = [left, right].concat();
    let query = String::from_utf8(query).ok()?;
    let query = query.replace("&amp;", "&");
    let field = |name: &str| {
        query
            .split(['?', '&', ';'])
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    field("sv")?;
    let expires = match field("se") {
        Some(time) => {
            let time = time.replace("%3A", ":").replace("%3a", ":");
            Timestamp::parse(&time).map_or(Moment::Unknown, Moment::At)
        }
        None => Moment::Unknown,
    };
    Some(Decoded {
        expires,
        account: field("sktid")
            .map(str::to_owned)
            .filter(|id| id.len() == 36),
        ..Decoded::default()
    })
}

/// Microsoft's common annotated security keys: behind `JQQJ99` come a letter for the year from 2024 on
/// and one for the month.
fn azure_cask(key: &[u8]) -> Option<Timestamp> {
    let at = memchr::memmem::find(key, b"JQQJ99")? + 6;
    let (year, month) = (*key.get(at)?, *key.get(at + 1)?);
    if !year.is_ascii_uppercase() || !(b'A'..=b'L').contains(&month) {
        return None;
    }
    let (year, month) = (2024 + u32::from(year - b'A'), 1 + u32::from(month - b'A'));
    Timestamp::parse(&format!("{year}-{month:02}-01"))
}

/// Behind `github_pat_11` seven base-32 characters hold the user's number.
fn github_user(token: &[u8]) -> Option<String> {
    let digits = token.get(13..20)?;
    let mut bits: u64 = 0;
    for &byte in digits {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | u64::from(value);
    }
    // 35 bits, of which the last three are padding.
    (bits & 0b111 == 0).then(|| format!("user {}", bits >> 3))
}

/// Behind `ghs_` and the app's id stands a JSON web token; the older format says nothing.
fn github_installation(token: &[u8]) -> Option<Moment> {
    let at = memchr::memmem::find(token, b"_eyJ")? + 1;
    jwt(token.get(at..)?, false).map(|decoded| decoded.expires)
}

/// `user:password`; anything else in base64 is none.
fn basic(value: &[u8]) -> Option<Decoded> {
    let text = base64(value)?;
    let colon = memchr::memchr(b':', &text)?;
    let (user, password) = (text.get(..colon)?, text.get(colon + 1..)?);
    if user.is_empty() || password.len() < 3 || !text.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let decoded = Decoded::default();
    Some(if super::judge::wordy(password) {
        decoded.doubt(Confidence::Low, WORD)
    } else {
        decoded
    })
}

/// `reftkn:01:<expiry in seconds, 0 for never>:…`
fn jfrog(token: &[u8]) -> Option<Decoded> {
    let text = String::from_utf8(base64(token)?).ok()?;
    let mut parts = text.strip_prefix("reftkn:")?.split(':');
    let seconds: i64 = parts.nth(1)?.parse().ok()?;
    let expires = match seconds {
        0 => Moment::Never,
        _ => Moment::At(Timestamp::from_seconds(seconds)),
    };
    Some(Decoded {
        expires,
        ..Decoded::default()
    })
}

/// Behind the `5` of `sk_live_51…` stand the sixteen characters of the account's id.
fn stripe_account(key: &[u8]) -> Option<String> {
    let body = key.rsplit(|b| *b == b'_').next()?;
    let id = body.strip_prefix(b"5")?.get(..16)?;
    (id.first() == Some(&b'1')).then(|| format!("acct_{}", String::from_utf8_lossy(id)))
}

/// A password in a URL: many are the ones that everybody's database starts with.
fn password(text: &[u8], found: &Match) -> Option<Decoded> {
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
    if secret == user || super::judge::wordy(secret) {
        decoded = decoded.doubt(Confidence::Low, "password is a word");
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_inside_tokens() {
        // Seven base-32 characters of 32 bits: user 1,500,000 is 0x0016E360.
        assert_eq!(
            github_user(b"github_pat_11AALOGYA").as_deref(),
            Some("user 1500000")
        );
        assert_eq!(github_user(b"github_pat_11AAL8GYA"), None);
        assert_eq!(
            stripe_account(b"sk_live_51Abcdefghijklmnopqrst").as_deref(),
            Some("acct_1Abcdefghijklmno")
        );
        assert_eq!(stripe_account(b"sk_live_4eC39HqLyjWDarjtT1zdp7dc"), None);
        let key = format!("{}JQQJ99BFACAAAAAAA", "a".repeat(52));
        assert_eq!(
            azure_cask(key.as_bytes()).map(Timestamp::date).as_deref(),
            Some("2025-06-01")
        );
    }

    #[test]
    fn armour_is_read_alike_everywhere() {
        let lines = ["MIIabcDEF+/012", "rnXYZ="];
        let file = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
            lines.join("\n")
        );
        let string = file.replace('\n', "\\n");
        let array = format!(
            "-----BEGIN PRIVATE KEY-----\\n\"\n \"{}\\n\"\n -----END PRIVATE KEY-----",
            lines.join("\\n\"\n \"")
        );
        for text in [&file, &string, &array] {
            assert_eq!(
                armoured(text.as_bytes()),
                lines.concat().as_bytes(),
                "{text}"
            );
        }
    }
}
