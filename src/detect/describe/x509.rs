//! Certificates that stand beside a private key. A certificate alone is public and no leak; with its key it
//! tells whom the key stands for and until when.

use super::der::{BIT_STRING, OBJECT_ID, OCTET_STRING, SEQUENCE, SET, Walk};
use super::encoding::{base64, hex};
use super::{Decoded, key};
use crate::detect::text::Lines;
use crate::model::{self, ClaimName, Document, JoinForm, JoinKey, Moment, Tier, Timestamp};
use crate::platform::kubernetes::names;
use sha1::{Digest as _, Sha1};

/// How far from the key a certificate is looked for, in bytes.
const REACH: usize = 32 << 10;
/// How many certificates near one key are looked at.
const MOST: usize = 8;
/// How many names of one certificate are told.
const NAMES: usize = 16;

/// What a certificate says.
#[derive(Debug, Default)]
pub(super) struct Certificate {
    pub(super) common_name: Option<String>,
    pub(super) organisations: Vec<String>,
    pub(super) issuer: Option<String>,
    pub(super) alternatives: Vec<String>,
    pub(super) from: Option<Timestamp>,
    pub(super) until: Moment,
    /// SHA-1 of the whole, in upper-case hexadecimal.
    pub(super) thumbprint: String,
    /// The public key with its algorithm, in DER.
    pub(super) public: Vec<u8>,
}

/// Reads a certificate in DER.
pub(super) fn parse(der: &[u8]) -> Option<Certificate> {
    let mut outer = Walk(der);
    let whole = outer.expect(SEQUENCE)?;
    let mut body = Walk(whole.body).enter(SEQUENCE)?;
    // The version is left out in the first version.
    let mut ahead = body;
    if ahead.next()?.tag == 0xa0 {
        body = ahead;
    }
    body.next()?; // serial number
    body.expect(SEQUENCE)?; // signature algorithm
    let issuer = body.enter(SEQUENCE)?;
    let mut validity = body.enter(SEQUENCE)?;
    let subject = body.enter(SEQUENCE)?;
    let public = body.expect(SEQUENCE)?;
    let from = time(&mut validity).and_then(Moment::at);
    let until = time(&mut validity).unwrap_or_default();
    let mut certificate = Certificate {
        from,
        until,
        thumbprint: hex(&Sha1::digest(whole.whole)),
        public: public.whole.to_vec(),
        ..Certificate::default()
    };
    let issued_by = name(issuer);
    let part = |names: &[(u8, String)], kind| {
        let mut of = names.iter().filter(|(k, _)| *k == kind);
        of.next().map(|(_, text)| text.clone())
    };
    certificate.issuer = part(&issued_by, 3).or_else(|| part(&issued_by, 10));
    for (kind, text) in name(subject) {
        match kind {
            3 => certificate.common_name = Some(text),
            10 => certificate.organisations.push(text),
            _ => {}
        }
    }
    while let Some(element) = body.next() {
        if element.tag == 0xa3 {
            certificate.alternatives = alternatives(element.body).unwrap_or_default();
        }
    }
    Some(certificate)
}

/// Common name and organisations of the subject of a request (PKCS #10) in DER.
pub(super) fn requested(der: &[u8]) -> Option<(Option<String>, Vec<String>)> {
    let mut body = Walk(der).enter(SEQUENCE)?.enter(SEQUENCE)?;
    body.next()?; // version
    let (mut common_name, mut organisations) = (None, Vec::new());
    for (kind, text) in name(body.enter(SEQUENCE)?) {
        match kind {
            3 => common_name = Some(text),
            10 => organisations.push(text),
            _ => {}
        }
    }
    Some((common_name, organisations))
}

/// The attributes of a distinguished name under `2.5.4`, by their last number.
fn name(mut sets: Walk<'_>) -> Vec<(u8, String)> {
    let mut names = Vec::new();
    while let Some(set) = sets.next() {
        let mut pairs = Walk(set.body);
        while let (SET, Some(pair)) = (set.tag, pairs.next()) {
            let mut pair = Walk(pair.body);
            let (Some(kind), Some(value)) = (pair.expect(OBJECT_ID), pair.next()) else {
                continue;
            };
            // UTF8String, PrintableString, T61String, IA5String.
            let readable = matches!(value.tag, 0x0c | 0x13 | 0x14 | 0x16);
            if let ([0x55, 0x04, kind], true) = (kind.body, readable)
                && let Ok(text) = std::str::from_utf8(value.body)
                && names.len() < NAMES
            {
                names.push((*kind, text.to_owned()));
            }
        }
    }
    names
}

/// Host names and addresses of the extension for alternative names.
fn alternatives(extensions: &[u8]) -> Option<Vec<String>> {
    let mut list = Walk(extensions).enter(SEQUENCE)?;
    while let Some(extension) = list.next() {
        let mut parts = Walk(extension.body);
        if parts.expect(OBJECT_ID)?.body != [0x55, 0x1d, 0x11] {
            continue;
        }
        let mut value = parts.next()?;
        if value.tag != OCTET_STRING {
            // Whether it is critical stands in between.
            value = parts.expect(OCTET_STRING)?;
        }
        let mut names = Walk(value.body).enter(SEQUENCE)?;
        let mut found = Vec::new();
        while let Some(name) = names.next() {
            // rfc822Name, dNSName, uniformResourceIdentifier.
            if matches!(name.tag, 0x81 | 0x82 | 0x86)
                && found.len() < NAMES
                && let Ok(text) = std::str::from_utf8(name.body)
            {
                found.push(text.to_owned());
            }
        }
        return Some(found);
    }
    None
}

/// UTCTime or GeneralizedTime. RFC 5280: `99991231235959Z` says that there is no end.
fn time(walk: &mut Walk<'_>) -> Option<Moment> {
    let element = walk.next()?;
    let text = std::str::from_utf8(element.body).ok()?;
    let (year, rest) = match element.tag {
        0x17 => {
            let short: u32 = text.get(..2)?.parse().ok()?;
            let century = if short < 50 { 2000 } else { 1900 };
            (century + short, text.get(2..)?)
        }
        0x18 => (text.get(..4)?.parse().ok()?, text.get(4..)?),
        _ => return None,
    };
    if year == 9999 {
        return Some(Moment::Never);
    }
    let digits = rest.strip_suffix('Z')?;
    let pair = |at: usize| digits.get(at..at + 2);
    let (month, day) = (pair(0)?, pair(2)?);
    let (hour, minute, second) = (pair(4)?, pair(6)?, pair(8).unwrap_or("00"));
    let stamp = format!("{year:04}-{month}-{day}T{hour}:{minute}:{second}Z");
    Timestamp::parse(&stamp).map(Moment::At)
}

/// Whether a certificate is of a key whose public half, in DER, is known.
fn belongs(certificate: &Certificate, public: &[u8]) -> bool {
    // The algorithm's parameters can be written in two ways; the key itself cannot.
    let bits = |der: &[u8]| {
        let mut walk = Walk(der).enter(SEQUENCE)?;
        walk.expect(SEQUENCE)?;
        walk.expect(BIT_STRING).map(|key| key.body.to_vec())
    };
    bits(public).is_some_and(|key| bits(&certificate.public) == Some(key))
}

/// The certificate of the key that stands at `at`: the one with its public half, or where that cannot be
/// told the only one near.
pub(super) fn beside(text: &[u8], at: usize, public: Option<&[u8]>) -> Option<Certificate> {
    const PLAIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    // The same in base64, as Kubernetes keeps it.
    const WRAPPED: &[u8] = b"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t";
    let start = at.saturating_sub(REACH);
    let near = text.get(start..at.saturating_add(REACH).min(text.len()))?;
    let mut places: Vec<(usize, usize, bool)> = Vec::new();
    for (mark, wrapped) in [(PLAIN, false), (WRAPPED, true)] {
        for found in memchr::memmem::find_iter(near, mark) {
            places.push((found.abs_diff(at - start), found, wrapped));
        }
    }
    places.sort_unstable();
    places.truncate(MOST);
    let mut found: Vec<Certificate> = Vec::new();
    for (_, place, wrapped) in places {
        let rest = near.get(place..)?;
        let der = if wrapped {
            let letter = |b: &&u8| b.is_ascii_alphanumeric() || b"+/=".contains(b);
            let length = rest.iter().take_while(letter).count();
            let Some(plain) = base64(rest.get(..length)?) else {
                continue;
            };
            armoured(&plain)
        } else {
            armoured(rest)
        };
        found.extend(der.as_deref().and_then(parse));
    }
    match public {
        Some(public) => found.into_iter().find(|c| belongs(c, public)),
        None => {
            let last = found.pop()?;
            // The same one may stand there twice.
            let same = |other: &Certificate| other.thumbprint == last.thumbprint;
            found.iter().all(same).then_some(last)
        }
    }
}

/// The DER inside the armour that begins here.
pub(super) fn armoured(text: &[u8]) -> Option<Vec<u8>> {
    let body = text.get(b"-----BEGIN CERTIFICATE-----".len()..)?;
    let end = memchr::memmem::find(body, b"-----END")?;
    base64(&key::letters(body.get(..end)?))
}

/// Puts what the certificate of a key says among what the key says.
pub(super) fn describe(certificate: &Certificate, kubernetes: bool, decoded: &mut Decoded) {
    let c = certificate;
    let claims = &mut decoded.claims;
    if let Some(name) = &c.common_name {
        claims.add(ClaimName::Subject, name);
    }
    for name in &c.organisations {
        let kind = if kubernetes || name.starts_with("system:") {
            ClaimName::Group
        } else {
            ClaimName::Tenant
        };
        claims.add(kind, name);
    }
    for name in &c.alternatives {
        claims.add(ClaimName::Host, name);
    }
    if let Some(issuer) = &c.issuer {
        claims.add(ClaimName::Issuer, issuer);
    }
    claims.add(ClaimName::Thumbprint, &c.thumbprint);
    decoded.expires = c.until;
    decoded.created = c.from;
    decoded.join(JoinForm::CertificateThumbprint, "", &c.thumbprint);
    if c.organisations.iter().any(|name| name == names::MASTERS) {
        decoded.implies(Tier::Admin, "its certificate says O=system:masters");
    }
    let node = c
        .common_name
        .as_deref()
        .is_some_and(|name| name.starts_with("system:node:"));
    if node || c.organisations.iter().any(|name| name == "system:nodes") {
        decoded.implies(Tier::Write, "its certificate says O=system:nodes");
    }
    // What Kubernetes itself issues says so by its groups; a kubeconfig says so by its format.
    let ours = kubernetes || c.organisations.iter().any(|o| o.starts_with("system:"));
    if ours {
        if let Some(name) = &c.common_name {
            decoded.join(JoinForm::KubernetesUser, "kubernetes", name);
        }
        for name in &c.organisations {
            decoded.join(JoinForm::KubernetesGroup, "kubernetes", name);
        }
    }
}

/// The certificates of a text, the first so many.
pub(in crate::detect) fn all(
    document: &Document<'_>,
    reader: &'static str,
) -> Vec<model::Certificate> {
    const MOST: usize = 1000;
    let text = document.bytes;
    let mut lines = Lines::new(text);
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(text, b"-----BEGIN CERTIFICATE-----").take(MOST) {
        let near = text.get(at..at.saturating_add(REACH).min(text.len()));
        let Some(certificate) = near.and_then(armoured).as_deref().and_then(parse) else {
            continue;
        };
        let mut decoded = Decoded::default();
        describe(&certificate, false, &mut decoded);
        found.push(model::Certificate {
            public: key::fingerprint(&certificate.public).into(),
            expires: decoded.expires,
            created: decoded.created,
            claims: decoded.claims,
            implied_tier: decoded.tier,
            join_keys: decoded
                .joins
                .iter()
                .map(|(form, issuer, value)| JoinKey::new(*form, issuer, value))
                .collect(),
            evidence: document.at_line(reader, lines.locate(at).0),
        });
    }
    found
}
