//! What looks like a secret and is something else: fillers, numbers, ids, paths, code, hashes.

use super::shape::wordy;
use crate::detect::language;

/// Shannon entropy in bits per byte.
pub(in crate::detect) fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for &byte in value {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let total = value.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|&count| {
            let share = f64::from(count) / total;
            -share * share.log2()
        })
        .sum()
}

/// Whether somebody typed it to fill the space: runs of one character, of the alphabet or of digits.
pub(in crate::detect) fn repetitive(value: &[u8]) -> bool {
    let mut seen = [false; 256];
    for &byte in value {
        if let Some(slot) = seen.get_mut(usize::from(byte)) {
            *slot = true;
        }
    }
    if value.len() >= 8 && seen.iter().filter(|seen| **seen).count() < 5 {
        return true;
    }
    // `a0b1c2d3e4f5`: two alphabets in turns.
    let pairs = value.windows(3).filter(|w| {
        matches!(w, [a, _, c] if a.checked_add(1) == Some(*c) || matches!((a, c), (b'9', b'0') | (b'f', b'a')))
    });
    if value.len() >= 16 && pairs.count() * 4 >= value.len() * 3 {
        return true;
    }
    let (mut same, mut steps) = (1, 1);
    for pair in value.windows(2) {
        let [a, b] = pair else { continue };
        same = if a == b { same + 1 } else { 1 };
        let step = b.is_ascii_alphanumeric() && a.checked_add(1) == Some(*b);
        let wraps = (*a, *b) == (b'9', b'0');
        steps = if step || wraps { steps + 1 } else { 1 };
        if same >= 6 || steps >= 7 {
            return true;
        }
    }
    false
}

pub(super) fn numeric(value: &[u8]) -> bool {
    let of_number = |b: &u8| b.is_ascii_digit() || b".,:-+/xX_TZ".contains(b);
    value.iter().all(of_number)
        || (value.starts_with(b"0x") && value.iter().skip(2).all(u8::is_ascii_hexdigit))
}

/// `123e4567-e89b-12d3-a456-426614174000`: an id of something, and a secret only where a format says so.
pub(super) fn uuid(value: &[u8]) -> bool {
    value.windows(36).any(|part| {
        part.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
    })
}

/// What is stored instead of a password: crypt(3)'s `$6$…`, `pbkdf2_sha256$10000$…`, `{SSHA}…`, MySQL's `*`
/// and 40 digits. It opens nothing as it is.
pub(super) fn hashed(value: &[u8]) -> bool {
    const NAMES: [&[u8]; 8] = [
        b"pbkdf2", b"argon2", b"bcrypt", b"scrypt", b"scram", b"sha1", b"sha256", b"sha512",
    ];
    if let [b'*', digits @ ..] = value {
        return digits.len() == 40 && digits.iter().all(u8::is_ascii_hexdigit);
    }
    if let [b'{', rest @ ..] = value {
        let name = rest.split(|b| *b == b'}').next().unwrap_or_default();
        return (3..=14).contains(&name.len())
            && name
                .iter()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'-');
    }
    // `user:$2y$05$…`, a line of a password file.
    if let Some(colon) = memchr::memchr(b':', value)
        && value.get(colon + 1) == Some(&b'$')
    {
        return hashed(value.get(colon + 1..).unwrap_or_default());
    }
    let mut parts = value.split(|b| *b == b'$');
    let (first, second) = (parts.next(), parts.next());
    if parts.next().is_none() {
        return false;
    }
    match (first, second) {
        (Some(b""), Some(id)) => {
            matches!(
                id,
                b"1" | b"2a" | b"2b" | b"2x" | b"2y" | b"5" | b"6" | b"7" | b"y" | b"gy" | b"apr1"
            ) || NAMES.iter().any(|name| id.starts_with(name))
        }
        (Some(name), _) => {
            let name = name.to_ascii_lowercase();
            NAMES.iter().any(|known| name.starts_with(known))
        }
        _ => false,
    }
}

/// Paths, URLs, host names, addresses and file names.
pub(super) fn path(value: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(value, needle).is_some();
    if has(b"://")
        || value.starts_with(b"./")
        || value.starts_with(b"../")
        || value.starts_with(b"~/")
        || value.starts_with(b"--")
        || has(b":\\")
        || (value.starts_with(b"/") && !has(b"+") && !value.ends_with(b"="))
    {
        return true;
    }
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"._-".contains(b);
    // `name@host.tld`
    let mut halves = value.splitn(2, |b| *b == b'@');
    if let (Some(user), Some(host)) = (halves.next(), halves.next()) {
        let domain = host.contains(&b'.') && host.iter().all(plain) && host.len() > 3;
        if domain && !user.is_empty() && user.iter().all(|b| plain(b) || *b == b'+') {
            return wordy(host);
        }
    }
    // `server.key`, `tls-cert.pem`
    let mut ends = value.rsplitn(2, |b| *b == b'.');
    if let (Some(extension), Some(_)) = (ends.next(), ends.next()) {
        const FILES: [&[u8]; 22] = [
            b"cer", b"cfg", b"conf", b"crt", b"csv", b"env", b"gpg", b"html", b"ini", b"jks",
            b"js", b"json", b"key", b"p12", b"pem", b"pfx", b"php", b"pub", b"py", b"txt", b"yaml",
            b"yml",
        ];
        if FILES.contains(&extension) {
            return true;
        }
    }
    // Two slashes between words.
    let slashes = value.iter().filter(|b| **b == b'/').count();
    slashes >= 1
        && value
            .split(|b| *b == b'/')
            .all(|part| part.is_empty() || wordy(part))
}

/// Calls, member accesses, patterns and other expressions.
pub(super) fn code(value: &[u8], quoted: bool) -> bool {
    // Symbols in what a generator made are chance.
    if quoted && language::bits(value) >= 5.0 && value.len() >= 10 {
        return escapes(value);
    }
    // `required|string|min:8`: alternatives or rules.
    let parts = || value.split(|b| *b == b'|');
    if parts().count() >= 3 && parts().all(wordy) {
        return true;
    }
    let call = value.contains(&b'(') && (value.contains(&b')') || !quoted);
    let expression = [
        b"->".as_slice(),
        b"::",
        b"=>",
        b"&&",
        b"||",
        b"\\w",
        b"\\d",
        b".*",
    ];
    // At the end it is the padding of base64.
    let padding = value.iter().rev().take_while(|b| **b == b'=').count();
    let unpadded = value.get(..value.len() - padding).unwrap_or(value);
    if call
        || escapes(value)
        || memchr::memmem::find(unpadded, b"==").is_some()
        || expression
            .iter()
            .any(|e| memchr::memmem::find(value, e).is_some())
    {
        return true;
    }
    if quoted {
        return false;
    }
    let identifier = |part: &[u8]| {
        part.first()
            .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
            && part.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
    };
    let member =
        value.contains(&b'.') && value.split(|b| *b == b'.').all(identifier) && wordy(value);
    member || value.ends_with(b"(") || value.iter().any(|b| b"[]{".contains(b))
}

/// Bytes written in hex: `\x0b\x0b…` is a key in a test of cryptography. Character classes: `[a-z]`.
fn escapes(value: &[u8]) -> bool {
    const MARKS: [&[u8]; 8] = [
        b"\\x", b"[a-z", b"[A-Z", b"[0-9", b"a-zA-Z", b"A-Za-z", b"(?", b"[^",
    ];
    MARKS
        .iter()
        .any(|mark| memchr::memmem::find(value, mark).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fillers() {
        for text in [
            "xxxxxxxxxxxx",
            "0123456789",
            "abcdefghij",
            "aabbaabbaabb",
            "key-0000000",
            "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5",
        ] {
            assert!(repetitive(text.as_bytes()), "{text}");
        }
        assert!(!repetitive(b"x7Kp2mQ9vLr4"));
    }

    #[test]
    fn hashes_are_not_passwords() {
        for text in [
            "$6$rounds=656000$tgK3gYTyRLUmhyv2$lAFrYUQwn7E6VsjPOwQwoSx30l",
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
            "pbkdf2_sha256$10000$LUyhxJjuLwXF$f6Zbpnx1L5dPze8m0itBaHMDyZ",
            "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
            "*1A01CF8FBE6425398935FB90359AD8B817399102",
        ] {
            assert!(hashed(text.as_bytes()), "{text}");
        }
        for text in [
            "Pa$$w0rd!",
            "$ecret$2024",
            "x7Kp$mQ9v$Lr4Z",
            "*k7Qz!p",
            "{x}",
        ] {
            assert!(!hashed(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn entropy_of_known_texts() {
        assert!(entropy(b"aaaa").abs() < 1e-9);
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
        assert!(entropy(b"").abs() < 1e-9);
    }
}
