//! Checksums that issuers put into their tokens. A right one proves that the issuer made the token.

use super::rule::Checksum;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Whether the value carries the right checksum; `None` when the format of the value has none.
pub(super) fn verify(checksum: Checksum, value: &[u8]) -> Option<bool> {
    let at = value.len().checked_sub(width(checksum)?)?;
    let (body, found) = value.split_at_checked(at)?;
    // GitHub's newer installation tokens are signed instead.
    if checksum == Checksum::GithubCrc32 && body.contains(&b'.') {
        return None;
    }
    // GitLab's older tokens have the same prefix and no checksum.
    if checksum == Checksum::GitlabRoutableCrc32 && !body.contains(&b'.') {
        return None;
    }
    let expected = compute(checksum, body)?;
    if checksum == Checksum::ZuploCrc32 {
        return Some(zuplo(body).iter().any(|right| right.as_bytes() == found));
    }
    Some(expected.as_bytes() == found)
}

/// Zuplo documents that its keys end in a checksum, not over how much of them: by chance none of the ways
/// is right once in a billion keys.
fn zuplo(body: &[u8]) -> [String; 3] {
    let whole = body.strip_suffix(b"_").unwrap_or(body);
    let random = whole.strip_prefix(b"zpka_").unwrap_or(whole);
    [random, whole, body].map(|part| format!("{:08x}", crc32fast::hash(part)))
}

/// The checksum to put behind `body`, everything of the token that stands before it.
pub(super) fn compute(checksum: Checksum, body: &[u8]) -> Option<String> {
    Some(match checksum {
        Checksum::None => return None,
        // Behind the prefix are 30 random characters and the CRC-32 of these in base 62.
        Checksum::GithubCrc32 | Checksum::NpmCrc32 => {
            let random = body.get(body.iter().position(|&b| b == b'_')? + 1..)?;
            in_base(crc32fast::hash(random), BASE62, 6)
        }
        // Over everything before it.
        Checksum::GitlabRoutableCrc32 => in_base(crc32fast::hash(body), BASE36, 7),
        // Over prefix and random part without the underscore between them and the checksum.
        Checksum::GrafanaCrc32 => {
            let body = body.strip_suffix(b"_").unwrap_or(body);
            format!("{:08x}", crc32fast::hash(body).swap_bytes())
        }
        Checksum::AtlassianCrc32 => format!("{:08X}", crc32fast::hash(body)),
        // Over the 54 characters between the prefix and itself, little-endian in base 64.
        Checksum::ConfluentCrc32 => {
            let random = body.strip_prefix(b"cflt").unwrap_or(body);
            STANDARD_NO_PAD.encode(crc32fast::hash(random).to_le_bytes())
        }
        Checksum::ZuploCrc32 => {
            let [random, ..] = zuplo(body);
            random
        }
    })
}

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE36: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

const fn width(checksum: Checksum) -> Option<usize> {
    Some(match checksum {
        Checksum::None => return None,
        Checksum::GithubCrc32 | Checksum::NpmCrc32 | Checksum::ConfluentCrc32 => 6,
        Checksum::GitlabRoutableCrc32 => 7,
        Checksum::GrafanaCrc32 | Checksum::AtlassianCrc32 | Checksum::ZuploCrc32 => 8,
    })
}

fn in_base(mut number: u32, alphabet: &[u8], width: usize) -> String {
    let base = alphabet.len() as u32;
    let mut digits = Vec::with_capacity(width);
    for _ in 0..width {
        let digit = alphabet.get((number % base) as usize).copied();
        digits.push(char::from(digit.unwrap_or(b'0')));
        number /= base;
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_wrong_and_absent() {
        let all = [
            (Checksum::GithubCrc32, "ghp_abcdefghijklmnopqrstuvwxyz0123"),
            (Checksum::NpmCrc32, "npm_abcdefghijklmnopqrstuvwxyz0123"),
            (Checksum::GitlabRoutableCrc32, "glpat-bWVpc3Rlcg.01.0g"),
            (
                Checksum::GrafanaCrc32,
                "glsa_abcdefghijklmnopqrstuvwxyz012345_",
            ),
            (Checksum::AtlassianCrc32, "ATATT3xFfGF0abc="),
            (Checksum::ConfluentCrc32, "cfltabcdefghijklmnopqrstuvwxyz"),
            (Checksum::ZuploCrc32, "zpka_d67b7e241bb9487aaabbcc_"),
        ];
        for (checksum, body) in all {
            let right = format!("{body}{}", compute(checksum, body.as_bytes()).unwrap());
            assert_eq!(verify(checksum, right.as_bytes()), Some(true), "{right}");
            let wrong = right.replacen('b', "c", 1);
            assert_eq!(verify(checksum, wrong.as_bytes()), Some(false), "{wrong}");
        }
        assert_eq!(verify(Checksum::None, b"x"), None);
        let old = b"glpat-abcdefghijklmnopqrst";
        assert_eq!(verify(Checksum::GitlabRoutableCrc32, old), None);
    }

    /// The example of Confluent's documentation.
    #[test]
    fn confluent_is_as_documented() {
        let parts = [
            "cfltT8d8RzkNseTMEDKcjNM1BZTFPHqRn/dQm9q7",
            "w6SjzZ12wZfwjaJdip",
        ];
        let crc = compute(Checksum::ConfluentCrc32, parts.concat().as_bytes());
        assert_eq!(crc.as_deref(), Some("HZtDjw"));
    }

    /// The standard's check value: CRC-32 of `123456789` is CBF43926.
    #[test]
    fn crc_is_the_standard_one() {
        let crc = compute(Checksum::AtlassianCrc32, b"123456789");
        assert_eq!(crc.as_deref(), Some("CBF43926"));
    }
}
