//! Unique ids (`AKIA…`, `AROA…`): what the prefix says, and the account that newer ones carry.

/// What an id's four-letter prefix says it belongs to, as the IAM user guide lists them.
pub fn kind(id: &str) -> Option<&'static str> {
    Some(match id.get(..4)? {
        "ABIA" => "bearer token",
        "ACCA" => "context-specific credential",
        "AGPA" => "group",
        "AIDA" => "user",
        "AIPA" => "instance profile",
        "AKIA" => "access key",
        "ANPA" => "managed policy",
        "ANVA" => "managed policy version",
        "APKA" => "public key",
        "AROA" => "role",
        "ASCA" => "certificate",
        "ASIA" => "temporary access key",
        _ => return None,
    })
}

/// The 12-digit account that an id was issued in; `None` when the id does not carry one.
///
/// The sixteen characters behind the prefix are base32. Ids of the newer generation have the top bit
/// set and the account in the 40 bits from bit 39 down to bit 7 of the first six bytes. In older ids (a fifth character
/// below `Q`, such as the documentation's `AKIAIOSFODNN7EXAMPLE`) those bits mean nothing.
pub fn account(id: &str) -> Option<String> {
    kind(id)?;
    let mut bits: u64 = 0;
    let encoded = id.as_bytes().get(4..)?;
    if encoded.len() < 16 {
        return None;
    }
    // Ten characters hold 50 bits; the first 48 are six bytes, big-endian.
    for &c in encoded.get(..10)? {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'2'..=b'7' => c - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | u64::from(value);
    }
    let z = bits >> 2;
    if z >> 47 == 0 {
        return None;
    }
    let account = (z & 0x7fff_ffff_ff80) >> 7;
    (account < 1_000_000_000_000).then(|| format!("{account:012}"))
}

#[cfg(test)]
mod tests {
    use super::account;

    #[test]
    fn new_ids_carry_their_account_and_old_ones_do_not() {
        assert_eq!(
            account("ASIAY34FZKBOKMUTVV7A").as_deref(),
            Some("609629065308")
        );
        assert_eq!(account("AKIAIOSFODNN7EXAMPLE"), None);
        assert_eq!(account("AKIA"), None);
        assert_eq!(account("ghp_aaaaaaaaaaaaaaaaaaaa"), None);
    }
}
