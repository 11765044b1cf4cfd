//! Private keys in armour: PEM, OpenSSH, PuTTY. What they say is their public half, by which they are found
//! in the listings of those who trust them, their comment, and their certificate where it stands near.

use super::der::{BIT_STRING, INTEGER, OBJECT_ID, OCTET_STRING, SEQUENCE, Walk, element};
use super::encoding::{Reader, base64, prefixed};
use super::{Decoded, Match, ssh, x509};
use crate::detect::judge;
use crate::detect::text::after;
use crate::model::{ClaimName, Confidence, JoinForm};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};

/// `1.2.840.113549.1.1.1`
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// `1.2.840.10045.2.1`
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// `1.3.101.112`
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// The curves that SSH knows, by object id.
const CURVES: [(&[u8], &str); 3] = [
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        "nistp256",
    ),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], "nistp384"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], "nistp521"),
];

/// The base64 of a private key in armour, wherever its lines stand: in a file, in a JSON string with
/// `\n`, in an array of string literals. So the same key has the same fingerprint everywhere.
pub(in crate::detect) fn armoured(block: &[u8]) -> Vec<u8> {
    let start = memchr::memmem::find(block, b"KEY").and_then(|at| {
        let rest = block.get(at..)?;
        Some(at + memchr::memmem::find(rest, b"-----")? + 5)
    });
    let body = block.get(start.unwrap_or(0)..).unwrap_or_default();
    let end = memchr::memmem::rfind(body, b"-----END").unwrap_or(body.len());
    letters(body.get(..end).unwrap_or_default())
}

/// The letters of base64 among line ends, escapes, quotes and headers.
pub(super) fn letters(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    // Escapes are two characters, the second of which is a letter of the alphabet.
    let mut escaped = false;
    for line in body.split(|b| *b == b'\n') {
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

/// A private key in armour that stands at `at` in a text.
pub(super) fn pem(text: &[u8], at: usize, block: &[u8]) -> Option<Decoded> {
    let mut decoded = block_only(block)?;
    if memchr::memmem::find(block, b"PGP PRIVATE").is_some() {
        return Some(decoded);
    }
    let body = base64(&armoured(block)).unwrap_or_default();
    let public = if body.starts_with(ssh::MAGIC) {
        ssh::private(&body, &mut decoded);
        ssh::certificate(text, at, &mut decoded);
        None
    } else {
        let public = public(&body);
        if let Some(public) = &public {
            tell(public, &mut decoded);
        }
        public
    };
    if !body.starts_with(ssh::MAGIC)
        && let Some(certificate) = x509::beside(text, at, public.as_deref())
    {
        x509::describe(&certificate, false, &mut decoded);
    }
    Some(decoded)
}

/// The key of a user in a kubeconfig: armour in base64, with the certificate of the same user near.
pub(super) fn kubeconfig(text: &[u8], found: &Match) -> Option<Decoded> {
    let span = found.secret.clone()?;
    let at = span.start;
    let block = base64(text.get(span)?)?;
    memchr::memmem::find(&block, b"PRIVATE KEY-----")?;
    let mut decoded = block_only(&block)?;
    let body = armoured(&block);
    let public = base64(&body).and_then(|der| public(&der));
    if let Some(public) = &public {
        tell(public, &mut decoded);
    }
    if let Some(certificate) = x509::beside(text, at, public.as_deref()) {
        x509::describe(&certificate, true, &mut decoded);
    }
    decoded.canonical = Some(body.into());
    Some(decoded)
}

/// What the armour alone tells: whether it holds a key at all, and whether that is encrypted.
fn block_only(block: &[u8]) -> Option<Decoded> {
    let body = armoured(block);
    // The shortest private key, an Ed25519 one, has 64 characters.
    if body.len() < 60 || judge::entropy(&body) < 3.5 {
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
    head.strip_prefix(ssh::MAGIC)
        .is_some_and(|rest| !rest.starts_with(b"\0\0\0\x04none"))
}

/// The public half of a private key in DER, where the key holds it: PKCS #1, PKCS #8 and SEC 1.
fn public(der: &[u8]) -> Option<Vec<u8>> {
    let mut walk = Walk(der).enter(SEQUENCE)?;
    let version = walk.expect(INTEGER)?;
    let next = walk.next()?;
    match next.tag {
        INTEGER => rsa(Walk(der)),
        // SEC 1: the curve and the point are optional, in contexts 0 and 1.
        OCTET_STRING if version.body == [1] => {
            let (mut curve, mut point) = (None, None);
            while let Some(part) = walk.next() {
                match part.tag {
                    0xa0 => curve = Walk(part.body).expect(OBJECT_ID),
                    0xa1 => point = Walk(part.body).expect(BIT_STRING),
                    _ => {}
                }
            }
            Some(spki(
                &[element(OBJECT_ID, EC), curve?.whole.to_vec()],
                point?.whole,
            ))
        }
        SEQUENCE => {
            let mut algorithm = Walk(next.body);
            let id = algorithm.expect(OBJECT_ID)?;
            let inner = walk.expect(OCTET_STRING)?.body;
            if id.body == RSA {
                return rsa(Walk(inner));
            }
            if id.body == EC {
                let curve = algorithm.expect(OBJECT_ID)?;
                let mut parts = Walk(inner).enter(SEQUENCE)?;
                let point = std::iter::from_fn(|| parts.next()).find(|part| part.tag == 0xa1)?;
                let point = Walk(point.body).expect(BIT_STRING)?;
                return Some(spki(
                    &[id.whole.to_vec(), curve.whole.to_vec()],
                    point.whole,
                ));
            }
            // RFC 5958 lets the public half follow, in context 1.
            let point = std::iter::from_fn(|| walk.next()).find(|part| part.tag == 0x81)?;
            Some(spki(&[id.whole.to_vec()], &element(BIT_STRING, point.body)))
        }
        _ => None,
    }
}

fn rsa(mut walk: Walk<'_>) -> Option<Vec<u8>> {
    let mut parts = walk.enter(SEQUENCE)?;
    parts.expect(INTEGER)?;
    let (modulus, exponent) = (parts.expect(INTEGER)?, parts.expect(INTEGER)?);
    let key = element(SEQUENCE, &[modulus.whole, exponent.whole].concat());
    let bits = element(BIT_STRING, &[&[0], &*key].concat());
    let null = vec![0x05, 0x00];
    Some(spki(&[element(OBJECT_ID, RSA), null], &bits))
}

/// A public key with its algorithm.
fn spki(algorithm: &[Vec<u8>], bits: &[u8]) -> Vec<u8> {
    let algorithm = element(SEQUENCE, &algorithm.concat());
    element(SEQUENCE, &[&*algorithm, bits].concat())
}

/// Tells the fingerprints of a public key: as those who trust it show them.
fn tell(public: &[u8], decoded: &mut Decoded) {
    decoded.join(JoinForm::PublicKeyFingerprint, "", &fingerprint(public));
    if let Some(blob) = ssh_blob(public) {
        ssh_fingerprint(&blob, decoded);
    }
}

/// The fingerprint of a public key in DER, as Snowflake shows it.
pub(super) fn fingerprint(public: &[u8]) -> String {
    format!("SHA256:{}", STANDARD.encode(Sha256::digest(public)))
}

/// Tells the fingerprint of a public key in the form that SSH has.
pub(super) fn ssh_fingerprint(blob: &[u8], decoded: &mut Decoded) {
    let fingerprint = format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob)));
    decoded.claims.add(ClaimName::SshFingerprint, &fingerprint);
    decoded.join(JoinForm::SshFingerprint, "", &fingerprint);
}

/// A public key in DER in the form that SSH has, for the kinds that SSH knows.
fn ssh_blob(public: &[u8]) -> Option<Vec<u8>> {
    let mut walk = Walk(public).enter(SEQUENCE)?;
    let mut algorithm = walk.enter(SEQUENCE)?;
    let id = algorithm.expect(OBJECT_ID)?.body;
    let (unused, bits) = walk.expect(BIT_STRING)?.body.split_first()?;
    if *unused != 0 {
        return None;
    }
    let mut blob = Vec::new();
    if id == RSA {
        let mut key = Walk(bits).enter(SEQUENCE)?;
        let (modulus, exponent) = (key.expect(INTEGER)?, key.expect(INTEGER)?);
        prefixed(&mut blob, b"ssh-rsa");
        prefixed(&mut blob, exponent.body);
        prefixed(&mut blob, modulus.body);
    } else if id == EC {
        let curve = algorithm.expect(OBJECT_ID)?.body;
        let (_, name) = CURVES.iter().find(|(id, _)| *id == curve)?;
        prefixed(&mut blob, format!("ecdsa-sha2-{name}").as_bytes());
        prefixed(&mut blob, name.as_bytes());
        prefixed(&mut blob, bits);
    } else if id == ED25519 {
        prefixed(&mut blob, b"ssh-ed25519");
        prefixed(&mut blob, bits);
    } else {
        return None;
    }
    Some(blob)
}

/// PuTTY's format: a text with the comment and the public half before the private one.
pub(super) fn putty(text: &[u8], found: &Match) -> Option<Decoded> {
    let head = after(text, found.at, 8192);
    let field = |name: &str| {
        let at = memchr::memmem::find(head, name.as_bytes())? + name.len();
        let line = head.get(at..)?.split(|b| b"\r\n".contains(b)).next()?;
        std::str::from_utf8(line).ok().map(str::trim)
    };
    let mut decoded = Decoded::default();
    if let Some(comment) = field("Comment: ") {
        ssh::comment(comment.as_bytes(), &mut decoded);
    }
    let public = field("Public-Lines: ").and_then(|count| {
        let count: usize = count.parse().ok()?;
        let at = memchr::memmem::find(head, b"Public-Lines: ")?;
        let lines = head.get(at..)?.split(|b| *b == b'\n').skip(1);
        let body: Vec<u8> = lines.take(count.min(64)).flatten().copied().collect();
        base64(
            &body
                .trim_ascii()
                .iter()
                .filter(|b| **b != b'\r')
                .copied()
                .collect::<Vec<u8>>(),
        )
    });
    if let Some(blob) = public.filter(|blob| Reader(blob).string().is_some()) {
        ssh_fingerprint(&blob, &mut decoded);
    }
    Some(match field("Encryption: ") {
        Some("none") => decoded,
        _ => decoded.doubt(Confidence::Medium, "key is encrypted with a passphrase"),
    })
}
