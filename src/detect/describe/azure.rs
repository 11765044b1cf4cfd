//! Azure: shared access signatures, keys of Microsoft's common annotated format, Entra's client secrets.

use super::{Decoded, Match};
use crate::detect::text::{after, before};
use crate::model::{ClaimName, JoinForm, Moment, Tier, Timestamp};

/// What the letters of `sp` stand for, and which of them change something.
const RIGHTS: [(char, &str, Tier); 16] = [
    ('r', "read", Tier::Read),
    ('a', "add", Tier::Write),
    ('c', "create", Tier::Write),
    ('w', "write", Tier::Write),
    ('d', "delete", Tier::Write),
    ('x', "delete-version", Tier::Write),
    ('y', "delete-permanently", Tier::Write),
    ('l', "list", Tier::Read),
    ('t', "tags", Tier::Write),
    ('f', "filter", Tier::Read),
    ('m', "move", Tier::Write),
    ('e', "execute", Tier::Write),
    ('o', "ownership", Tier::Write),
    ('p', "permissions", Tier::Write),
    ('u', "update", Tier::Write),
    ('i', "immutability", Tier::Write),
];

/// `se` in the signature's query is the expiry; without `se` a stored policy has it.
pub(super) fn shared_access(text: &[u8], found: &Match) -> Option<Decoded> {
    let outside = |b: &u8| b.is_ascii_whitespace() || b"\"'<>`".contains(b);
    let left = before(text, found.at, 600);
    let left = left.rsplit(|b| outside(b)).next()?;
    let right = after(text, found.at, 600);
    let right = right.split(|b| outside(b)).next()?;
    let url = String::from_utf8([left, right].concat()).ok()?;
    let url = url
        .replace("&amp;", "&")
        .replace("%3A", ":")
        .replace("%3a", ":");
    let field = |name: &str| {
        url.split(['?', '&', ';'])
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    field("sv")?;
    let time = |name: &str| Timestamp::parse(field(name)?);
    let mut decoded = Decoded {
        expires: time("se").map_or(Moment::Unknown, Moment::At),
        created: time("st"),
        account: field("sktid")
            .map(str::to_owned)
            .filter(|id| id.len() == 36),
        ..Decoded::default()
    };
    let kind = match (field("skoid"), field("ss")) {
        (Some(_), _) => "user delegation",
        (None, Some(_)) => "account",
        (None, None) => "service",
    };
    decoded.claims.add(ClaimName::Kind, kind);
    let mut tier = Tier::Unknown;
    for letter in field("sp").unwrap_or_default().chars() {
        if let Some((_, name, right)) = RIGHTS.iter().find(|(l, ..)| *l == letter) {
            decoded.claims.add(ClaimName::Scope, name);
            tier = tier.max(*right);
        }
    }
    decoded.implies(tier, "rights in the signature's sp");
    for (name, part) in [
        (ClaimName::Tenant, "sktid"),
        (ClaimName::User, "skoid"),
        // A stored policy can be withdrawn without changing the account's keys.
        (ClaimName::TokenId, "si"),
        (ClaimName::Project, "cn"),
    ] {
        if let Some(value) = field(part) {
            decoded.claims.add(name, value);
        }
    }
    if let Some(range) = field("sip") {
        decoded
            .claims
            .add(ClaimName::Audience, &format!("ip {range}"));
    }
    if let Some(services) = field("ss") {
        decoded
            .claims
            .add(ClaimName::Audience, &format!("services {services}"));
    }
    if let Some(resources) = field("srt").or_else(|| field("sr")) {
        decoded
            .claims
            .add(ClaimName::Audience, &format!("resources {resources}"));
    }
    if let Some(object) = field("skoid") {
        decoded.join(JoinForm::EntraObject, "azure", object);
    }
    let host = url
        .split("://")
        .nth(1)
        .and_then(|rest| rest.split(['/', '?', ':']).next());
    if let Some(host) = host.filter(|host| host.contains('.')) {
        decoded.claims.add(ClaimName::Host, host);
    }
    Some(decoded)
}

/// Microsoft's common annotated security keys: behind `JQQJ99` come a letter for the year from 2024 on
/// and one for the month, and 16 characters on the four of the provider.
pub(super) fn annotated(key: &[u8]) -> Decoded {
    let mut decoded = Decoded {
        created: allocated(key),
        ..Decoded::default()
    };
    let provider = memchr::memmem::find(key, b"JQQJ99")
        .and_then(|at| key.get(at + 24..at + 28))
        .and_then(|mark| std::str::from_utf8(mark).ok());
    if let Some(provider) = provider {
        decoded
            .claims
            .add(ClaimName::Kind, &format!("provider {provider}"));
    }
    decoded
}

pub(super) fn allocated(key: &[u8]) -> Option<Timestamp> {
    let at = memchr::memmem::find(key, b"JQQJ99")? + 6;
    let (year, month) = (*key.get(at)?, *key.get(at + 1)?);
    if !year.is_ascii_uppercase() || !(b'A'..=b'L').contains(&month) {
        return None;
    }
    let (year, month) = (2024 + u32::from(year - b'A'), 1 + u32::from(month - b'A'));
    Timestamp::parse(&format!("{year}-{month:02}-01"))
}

/// The first three characters of a client secret are what the directory shows as its hint.
pub(super) fn client_secret(secret: &[u8], decoded: &mut Decoded) {
    if let Some(hint) = secret.get(..3).and_then(|h| std::str::from_utf8(h).ok()) {
        decoded.join(JoinForm::EntraHint, "azure", hint);
    }
}
