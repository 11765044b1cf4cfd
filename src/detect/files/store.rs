//! Binary stores of credentials, by their first bytes: not read, but worth knowing that they are there.

/// What is said of each: `file is a Java key store`.
const STORES: [(&[u8], &str); 12] = [
    (b"\xfe\xed\xfe\xed\0\0\0", "file is a Java key store"),
    (
        b"\xce\xce\xce\xce\0\0\0",
        "file is a Java key store with secret keys",
    ),
    (
        b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5",
        "file is a KeePass database",
    ),
    (
        b"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5",
        "file is a KeePass database",
    ),
    (
        b"\x03\xd9\xa2\x9a\x66\xfb\x4b\xb5",
        "file is a KeePass database",
    ),
    (b"PWS3", "file is a Password Safe database"),
    (b"GnomeKeyring\n\r\0\n", "file is a GNOME keyring"),
    (b"KWALLET\n\r\0\r\n", "file is a KDE wallet"),
    (b"kych\0\x01\0\0", "file is a macOS keychain"),
    (b"KSB\x01", "file is a GnuPG key box"),
    (
        b"\x05\x04\0\x0c\0\x01\0\x08",
        "file is a Kerberos credential cache",
    ),
    (b"TDB file\n\0\0\0secrets", "file is Samba's secrets"),
];

/// What store the bytes begin, if any.
pub(in crate::detect) fn of(bytes: &[u8]) -> Option<&'static str> {
    STORES
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|(_, what)| *what)
        .or_else(|| pkcs12(bytes).then_some("file is a PKCS #12 store of keys"))
        .or_else(|| keytab(bytes).then_some("file is a Kerberos key table"))
}

/// RFC 7292: a sequence, version 3, then a sequence that begins with the type of signed or plain data.
fn pkcs12(bytes: &[u8]) -> bool {
    let Some(rest) = sequence(bytes) else {
        return false;
    };
    let Some(rest) = rest.strip_prefix(b"\x02\x01\x03") else {
        return false;
    };
    let data = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07";
    sequence(rest).is_some_and(|inner| inner.starts_with(data))
}

/// What stands inside a DER sequence.
fn sequence(bytes: &[u8]) -> Option<&[u8]> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *tag != 0x30 {
        return None;
    }
    match length {
        0..=0x80 => Some(rest),
        0x81..=0x84 => rest.get(usize::from(length - 0x80)..),
        _ => None,
    }
}

/// MIT's format: version 5.2, then the length of the first entry, its components, and a realm.
fn keytab(bytes: &[u8]) -> bool {
    match bytes {
        [5, 2, 0, 0, _, _, 0, components, 0, realm, letter, ..] => {
            (1..=4).contains(components) && *realm > 1 && letter.is_ascii_uppercase()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_are_known_by_their_first_bytes() {
        assert!(of(b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01").is_some());
        assert!(of(b"\x30\x82\x0a\x10\x02\x01\x03\x30\x82\x09\xd6\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01").is_some());
        assert!(of(b"\x05\x02\0\0\0\x3c\0\x02\0\x0bEXAMPLE.COM").is_some());
        assert!(of(b"\x30\x82\x0a\x10\x30\x82").is_none());
        assert!(of(b"\x7fELF").is_none());
        assert!(of(b"").is_none());
    }
}
