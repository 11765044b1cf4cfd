//! Rules' own examples. Random parts are written as `{{base62:30}}`, so that no rule file holds a text
//! that a platform's push protection would take for a live credential.

use super::checksum;
use super::rule::Checksum;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// One example that its own rule gets wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleFailure {
    /// The kind.
    pub kind: String,
    /// Which list: `positive` or `negative`.
    pub list: &'static str,
    /// Which example of the list, from 1.
    pub index: usize,
    /// What went wrong.
    pub problem: String,
}

/// Fills the template of an example in:
///
/// - `{{base62:N}}`, `base64`, `base64url`, `base32`, `base36`, `hex`, `HEX`, `digits`, `alpha`: N random
///   characters of that alphabet, the same on every run;
/// - `{{b64:TEXT}}`, `{{b64url:TEXT}}`: the text in base64, the latter without padding;
/// - `{{armour:N}}`: N random characters of base64 in lines of 64;
/// - `{{ anything }}` with spaces: itself;
/// - `{{checksum}}`: the rule's checksum over the token so far, which begins behind the last space or quote.
pub(super) fn fill(template: &str, checksum: Checksum, seed: &str) -> Result<String, String> {
    let mut random = Random::new(seed);
    let mut out = String::new();
    let mut rest = template;
    while let Some((plain, behind)) = rest.split_once("{{") {
        // The last two of a run of braces: the text itself may end in one.
        let mut end = behind.find("}}").ok_or("`{{` without `}}`")?;
        while behind
            .get(end + 1..)
            .is_some_and(|rest| rest.starts_with("}}"))
        {
            end += 1;
        }
        let (command, behind) = (
            behind.get(..end).unwrap_or_default(),
            behind.get(end + 2..).unwrap_or_default(),
        );
        out.push_str(plain);
        rest = behind;
        let (name, argument) = command.split_once(':').unwrap_or((command, ""));
        match name {
            // Other template languages put spaces there.
            _ if command.starts_with(' ') => {
                out.push_str("{{");
                out.push_str(command);
                out.push_str("}}");
            }
            "b64" => out.push_str(&STANDARD.encode(argument)),
            "b64url" => out.push_str(&URL_SAFE_NO_PAD.encode(argument)),
            "checksum" => {
                let token = out.rsplit(|c: char| c.is_whitespace() || "\"'".contains(c));
                let token = token.into_iter().next().unwrap_or_default();
                let sum = checksum::compute(checksum, token.as_bytes());
                out.push_str(&sum.ok_or("`{{checksum}}` in a rule without checksum")?);
            }
            _ => {
                let count: usize = argument
                    .parse()
                    .ok()
                    .filter(|count| *count <= 1 << 16)
                    .ok_or_else(|| format!("`{{{{{command}}}}}` is not a template; use {{{{base62:30}}}} and the like"))?;
                let alphabet = alphabet(name).ok_or_else(|| {
                    format!("`{name}` is not an alphabet; use base62, base64, base64url, base32, base36, hex, HEX, digits or alpha")
                })?;
                for i in 0..count {
                    if name == "armour" && i > 0 && i % 64 == 0 {
                        out.push('\n');
                    }
                    out.push(random.pick(alphabet));
                }
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn alphabet(name: &str) -> Option<&'static str> {
    Some(match name {
        "base62" => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "base64" | "armour" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        "base64url" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        "base32" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "base36" => "0123456789abcdefghijklmnopqrstuvwxyz",
        "hex" => "0123456789abcdef",
        "HEX" => "0123456789ABCDEF",
        "digits" => "0123456789",
        "alpha" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        _ => return None,
    })
}

/// A small generator (SplitMix64): examples need variety, not secrecy, and must be the same on every run.
struct Random(u64);

impl Random {
    fn new(seed: &str) -> Self {
        Self(u64::from(crc32fast::hash(seed.as_bytes())) << 32 | 0x9e37_79b9)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn pick(&mut self, alphabet: &str) -> char {
        let at = usize::try_from(self.next() % alphabet.len() as u64).unwrap_or(0);
        alphabet.as_bytes().get(at).map_or('0', |b| char::from(*b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        let fill = |template| fill(template, Checksum::GithubCrc32, "seed");
        assert_eq!(fill("plain").unwrap(), "plain");
        assert_eq!(fill("a {{b64:x:y}} b").unwrap(), "a eDp5 b");
        assert_eq!(fill("{{hex:8}}").unwrap().len(), 8);
        assert_eq!(fill("{{hex:8}}"), fill("{{hex:8}}"));
        let token = fill("t=\"ghp_{{base62:30}}{{checksum}}\"").unwrap();
        let token = token.trim_start_matches("t=\"").trim_end_matches('"');
        assert_eq!(
            checksum::verify(Checksum::GithubCrc32, token.as_bytes()),
            Some(true)
        );
        assert!(fill("{{nothing:3}}").is_err());
        assert!(fill("{{hex:x}}").is_err());
        assert!(fill("{{hex:3").is_err());
    }
}
