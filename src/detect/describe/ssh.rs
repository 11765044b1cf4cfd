//! OpenSSH's private keys and the certificates beside them.

use super::Decoded;
use super::encoding::{Reader, base64, prefixed};
use super::key::ssh_fingerprint;
use crate::detect::text::{after, before};
use crate::model::{ClaimName, Moment, Timestamp};

/// What the private key format begins with.
pub(super) const MAGIC: &[u8] = b"openssh-key-v1\0";

/// How far from the key its certificate is looked for, in bytes.
const REACH: usize = 16 << 10;

/// Tells the public half, and where the key is not encrypted its comment.
pub(super) fn private(body: &[u8], decoded: &mut Decoded) {
    read(body, decoded);
}

fn read(body: &[u8], decoded: &mut Decoded) -> Option<()> {
    let mut reader = Reader(body.strip_prefix(MAGIC)?);
    let cipher = reader.string()?;
    reader.string()?; // key derivation
    reader.string()?; // and its options
    if reader.u32()? != 1 {
        return None;
    }
    let public = reader.string()?;
    // The kind of key stands first in it.
    Reader(public).string().filter(|kind| !kind.is_empty())?;
    ssh_fingerprint(public, decoded);
    if cipher != b"none" {
        return None;
    }
    let mut fields = Reader(reader.string()?);
    fields.take(8)?; // two equal random numbers
    let kind = fields.string()?;
    if kind.starts_with(b"sk-") {
        return None; // has flags between its strings
    }
    // All fields are strings, the comment is the last, and behind it the bytes 1, 2, 3 … fill up.
    let mut last = None;
    for _ in 0..12 {
        let padding = fields.0.iter().zip(1..=255_u8).all(|(byte, n)| *byte == n);
        if fields.0.len() < 32 && padding {
            break;
        }
        last = Some(fields.string()?);
    }
    comment(last?, decoded);
    Some(())
}

/// Tells a comment, which is usually the user and the host where the key was made.
pub(super) fn comment(text: &[u8], decoded: &mut Decoded) {
    if let Ok(text) = std::str::from_utf8(text) {
        decoded.claims.add(ClaimName::Comment, text);
    }
}

/// Tells what the certificate near a key says, if it is that key's.
pub(super) fn certificate(text: &[u8], at: usize, decoded: &mut Decoded) {
    const MARK: &[u8] = b"-cert-v01@openssh.com ";
    let near = [before(text, at, REACH), after(text, at, REACH)];
    for part in near {
        for found in memchr::memmem::find_iter(part, MARK).take(8) {
            let blob = part.get(found + MARK.len()..).unwrap_or_default();
            let letter = |b: &&u8| b.is_ascii_alphanumeric() || b"+/=".contains(b);
            let length = blob.iter().take_while(letter).count();
            let blob = base64(blob.get(..length).unwrap_or_default()).unwrap_or_default();
            if told(&blob, decoded).is_some() {
                return;
            }
        }
    }
}

fn told(blob: &[u8], decoded: &mut Decoded) -> Option<()> {
    let mut reader = Reader(blob);
    let kind = std::str::from_utf8(reader.string()?).ok()?;
    let kind = kind.strip_suffix("-cert-v01@openssh.com")?;
    reader.string()?; // random
    let parts = match kind {
        "ssh-ed25519" => 1,
        "ssh-rsa" => 2,
        "ssh-dss" => 4,
        _ if kind.starts_with("ecdsa-sha2-") => 2,
        _ => return None,
    };
    let mut public = Vec::new();
    prefixed(&mut public, kind.as_bytes());
    for _ in 0..parts {
        prefixed(&mut public, reader.string()?);
    }
    let mut own = Decoded::default();
    ssh_fingerprint(&public, &mut own);
    let known: Vec<&str> = decoded.claims.of(ClaimName::SshFingerprint).collect();
    if !own.claims.of(ClaimName::SshFingerprint).eq(known) {
        return None;
    }
    let serial = reader.u64()?;
    let host = reader.u32()? == 2;
    let id = reader.string()?;
    let mut principals = Reader(reader.string()?);
    let (from, until) = (reader.u64()?, reader.u64()?);
    let claims = &mut decoded.claims;
    if let Ok(id) = std::str::from_utf8(id) {
        claims.add(ClaimName::Subject, id);
    }
    if serial != 0 {
        claims.add(ClaimName::TokenId, &serial.to_string());
    }
    let name = if host {
        ClaimName::Host
    } else {
        ClaimName::User
    };
    for _ in 0..16 {
        let Some(principal) = principals.string() else {
            break;
        };
        if let Ok(principal) = std::str::from_utf8(principal) {
            claims.add(name, principal);
        }
    }
    let stamp = |seconds: u64| {
        let seconds = i64::try_from(seconds).ok()?;
        (seconds <= 253_402_300_799).then(|| Timestamp::from_seconds(seconds))
    };
    decoded.created = stamp(from).filter(|t| t.seconds() != 0);
    // The key goes on without its certificate, but nothing that trusts the certificate's issuer lets it in.
    decoded.expires = match until {
        u64::MAX => Moment::Never,
        _ => stamp(until).map_or(Moment::Unknown, Moment::At),
    };
    Some(())
}
