//! A secret's value, which never leaves the detector, and the keyed fingerprint that may.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// A secret value. It has no `Display`, its `Debug` is redacted, it cannot be serialised, and its
/// memory is overwritten when it is dropped.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes a copy of the value.
    pub fn new(value: &[u8]) -> Self {
        Self(Zeroizing::new(value.to_vec()))
    }

    /// The value, for validation and decoding inside the detector only.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// What may be shown: the issuer's public prefix, and the last four characters of long values.
    ///
    /// `prefix_len` is the length of the part that says nothing but the kind (`ghp_`, `sk_live_`);
    /// `tail` is whether the value is random enough that four characters give nothing away.
    pub fn redacted(&self, prefix_len: usize, tail: bool) -> String {
        let value = String::from_utf8_lossy(&self.0);
        let count = value.chars().count();
        let prefix: String = value.chars().take(prefix_len.min(count / 3)).collect();
        // Control characters would let a hostile file write to the reader's terminal.
        let clean = |s: String| {
            s.chars()
                .map(|c| if c.is_ascii_graphic() { c } else { '?' })
                .collect::<String>()
        };
        let mut shown = clean(prefix);
        shown.push('…');
        if tail && count >= 20 {
            let last: String = value.chars().skip(count - 4).collect();
            shown.push_str(&clean(last));
        }
        shown
    }
}

impl Secret {
    /// What may be shown when the user says how much: the issuer's public prefix and at most this many (up
    /// to four) characters behind it, of values that are long enough to keep four times as many to themselves.
    pub fn revealed(&self, prefix_len: usize, characters: usize) -> String {
        let value = String::from_utf8_lossy(&self.0);
        let count = value.chars().count();
        let prefix = prefix_len.min(count / 3);
        let more = characters.min(4).min((count - prefix) / 5);
        let mut shown: String = value
            .chars()
            .take(prefix + more)
            .map(|c| if c.is_ascii_graphic() { c } else { '?' })
            .collect();
        shown.push('…');
        shown
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// A keyed digest of a secret: the same secret gives the same fingerprint wherever it is seen, and
/// without the key the value cannot be tried against it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// Makes fingerprints with one key (HMAC-SHA-256, cut to 128 bits).
pub struct Fingerprinter(Hmac<Sha256>);

impl Fingerprinter {
    /// With the organisation's key, or with the built-in one when there is none. The built-in key keeps
    /// fingerprints stable between runs and shards but is public: a guessable password can be tried
    /// against it, so organisations that share snapshots set their own.
    pub fn new(key: Option<&[u8]>) -> Self {
        let key = key.unwrap_or(b"tenure:fingerprint:v1");
        // HMAC takes keys of every length, so the fallback is never reached.
        Self(Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default())))
    }

    /// The fingerprint of a secret.
    pub fn secret(&self, secret: &Secret) -> Fingerprint {
        self.bytes(&[secret.expose()])
    }

    /// The fingerprint of a sequence of parts; part boundaries count.
    pub fn bytes(&self, parts: &[&[u8]]) -> Fingerprint {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        let digest = mac.finalize().into_bytes();
        let mut short = [0; 16];
        short
            .iter_mut()
            .zip(digest.iter())
            .for_each(|(s, d)| *s = *d);
        Fingerprint(short)
    }
}

impl fmt::Debug for Fingerprinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprinter")
    }
}
