//! Files that are there to hold credentials and give them no name: their place in the line says what they
//! are, and the file's own name says which format it is.

mod store;

use super::Detector;
use super::describe::{Decoded, Match};
use super::place::Place;
use super::search::{Candidate, Weight};
use crate::model::Confidence;
use serde::Deserialize;
use std::ops::Range;

/// A format without names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Format {
    /// PostgreSQL: `host:port:database:user:password`.
    Pgpass,
    /// `user:hash` and what may follow: shadow, htpasswd, htdigest, ProFTPD, Dovecot.
    Passwd,
    /// Samba: `user:uid:LM:NT:flags:`.
    Smbpasswd,
    /// PPP: `client server secret addresses`.
    Ppp,
    /// Postfix: `host user:password`.
    Sasl,
    /// strongSwan: `left right : PSK "secret"`.
    Ipsec,
    /// A file that holds a secret and nothing else.
    Whole,
    /// A binary store of credentials, known by its first bytes.
    Store,
}

/// How much of a text tells whether it is of one of these formats.
const HEAD: usize = 1024;
/// No file of these formats has more entries that are worth telling.
const ENTRIES: usize = 10_000;

impl Format {
    /// Whether a file of this path, in lower case, has the format.
    fn claims(self, path: &str) -> bool {
        let file = path.rsplit('/').next().unwrap_or_default();
        match self {
            Self::Pgpass => matches!(file, ".pgpass" | "pgpass" | "pgpass.conf"),
            Self::Passwd => {
                matches!(
                    file,
                    "shadow"
                        | "shadow-"
                        | "gshadow"
                        | "gshadow-"
                        | "passwd"
                        | "passwd-"
                        | "master.passwd"
                        | ".htpasswd"
                        | "htpasswd"
                        | ".htdigest"
                        | "proftpdpasswd"
                        | "ftpd.passwd"
                        | "users.passwd"
                        | "passwd.dovecot"
                ) || (file.ends_with("passwd")
                    && !file.contains(['.', '-'])
                    && file != "smbpasswd"
                    && file != "sasl_passwd")
            }
            Self::Smbpasswd => file == "smbpasswd",
            Self::Ppp => matches!(file, "chap-secrets" | "pap-secrets"),
            Self::Sasl => file == "sasl_passwd",
            Self::Ipsec => file == "ipsec.secrets" || path.ends_with("ipsec.d/secrets"),
            Self::Whole => {
                path.ends_with("secrets/master.key")
                    || path.ends_with("config/master.key")
                    || path.contains("config/credentials/") && file.ends_with(".key")
                    || matches!(
                        file,
                        ".vault-token" | ".vault_pass" | ".vault_pass.txt" | ".vault_password"
                    )
            }
            Self::Store => true,
        }
    }

    /// Where the secrets stand, each with its user if one is named.
    fn read(self, text: &[u8]) -> Vec<Entry> {
        let mut at = 0;
        let mut entries = Vec::new();
        for line in text.split_inclusive(|b| *b == b'\n') {
            let start = at;
            at += line.len();
            let line = line.trim_ascii_end();
            if line.is_empty() || matches!(line.first(), Some(b'#' | b';')) || line.len() > 4096 {
                continue;
            }
            if let Some(entry) = self.line(line) {
                entries.push(entry.shifted(start));
            }
            if entries.len() >= ENTRIES || self == Self::Whole {
                break;
            }
        }
        entries
    }

    fn line(self, line: &[u8]) -> Option<Entry> {
        match self {
            Self::Pgpass => {
                let parts = fields(line);
                let (user, secret) = (parts.get(3)?.clone(), parts.get(4)?.start..line.len());
                Entry::of(secret, Some(user))
            }
            Self::Passwd => {
                let parts = fields(line);
                let user = parts.first()?.clone();
                // `user:realm:hash` of digest authentication.
                let digest = parts.get(2).filter(|p| {
                    p.len() == 32
                        && parts.len() == 3
                        && line
                            .get((*p).clone())
                            .is_some_and(|v| v.iter().all(u8::is_ascii_hexdigit))
                });
                let secret = digest.or(parts.get(1))?.clone();
                let value = line.get(secret.clone())?;
                let locked = matches!(
                    value,
                    b"x" | b"*" | b"!" | b"!!" | b"*LK*" | b"NP" | b"!*" | b"*NP*"
                ) || value.starts_with(b"!");
                let name = line.get(user.clone())?;
                let plain = |b: &u8| b.is_ascii_graphic();
                (!locked && value.len() >= 6 && value.iter().all(plain) && name.iter().all(plain))
                    .then(|| Entry::of(secret, Some(user)))?
            }
            Self::Smbpasswd => {
                let parts = fields(line);
                let secret = parts.get(3)?.clone();
                let value = line.get(secret.clone())?;
                (value.len() == 32 && value.iter().all(u8::is_ascii_hexdigit))
                    .then(|| Entry::of(secret, parts.first().cloned()))?
            }
            Self::Ppp => {
                let words = words(line);
                Entry::of(words.get(2)?.clone(), words.first().cloned())
            }
            Self::Sasl => {
                let second = words(line).get(1)?.clone();
                let colon = second.start + memchr::memchr(b':', line.get(second.clone())?)?;
                Entry::of(colon + 1..second.end, Some(second.start..colon))
            }
            Self::Ipsec => {
                let words = words(line);
                let keyword = words.iter().position(|word| {
                    matches!(
                        line.get(word.clone()),
                        Some(
                            b"PSK"
                                | b"XAUTH"
                                | b"EAP"
                                | b"NTLM"
                                | b"PIN"
                                | b"RSA"
                                | b"ECDSA"
                                | b"P12"
                        )
                    )
                })?;
                let file = matches!(
                    line.get(words.get(keyword)?.clone()),
                    Some(b"RSA" | b"ECDSA" | b"P12" | b"PIN")
                );
                let secret = words.get(keyword + 1 + usize::from(file))?.clone();
                (line.get(secret.clone())? != b"%prompt").then(|| Entry::of(secret, None))?
            }
            Self::Whole => {
                let fine =
                    line.len() >= 6 && line.len() <= 1024 && line.iter().all(u8::is_ascii_graphic);
                (fine && !line.starts_with(b"-----")).then(|| Entry::of(0..line.len(), None))?
            }
            Self::Store => None,
        }
    }
}

/// A secret in a line, and whose it is.
#[derive(Debug)]
struct Entry {
    secret: Range<usize>,
    user: Option<Range<usize>>,
}

impl Entry {
    fn of(secret: Range<usize>, user: Option<Range<usize>>) -> Option<Self> {
        (secret.len() >= 3 && secret.len() <= 1024).then_some(Self { secret, user })
    }

    fn shifted(self, by: usize) -> Self {
        let shift = |span: Range<usize>| span.start + by..span.end + by;
        Self {
            secret: shift(self.secret),
            user: self.user.map(shift),
        }
    }
}

/// What stands between colons; `\:` is a colon inside.
fn fields(line: &[u8]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for at in memchr::memchr_iter(b':', line) {
        if at > 0 && line.get(at - 1) == Some(&b'\\') {
            continue;
        }
        parts.push(start..at);
        start = at + 1;
    }
    parts.push(start..line.len());
    parts
}

/// Words between blanks; in quotes they may hold blanks, and come without the quotes.
fn words(line: &[u8]) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(byte) = line.get(at) {
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        if *byte == b'#' {
            break;
        }
        let rest = line.get(at + 1..).unwrap_or_default();
        if matches!(byte, b'"' | b'\'') {
            let length = memchr::memchr(*byte, rest).unwrap_or(rest.len());
            words.push(at + 1..at + 1 + length);
            at += length + 2;
        } else {
            let length = 1 + rest.iter().take_while(|b| !b.is_ascii_whitespace()).count();
            words.push(at..at + length);
            at += length;
        }
    }
    words
}

impl Detector {
    /// What a file of a format without names holds.
    pub(super) fn filed(&self, path: &str, place: &Place, text: &[u8]) -> Vec<Candidate> {
        if !place.kept {
            return Vec::new();
        }
        let path = path.to_ascii_lowercase();
        let mut candidates = Vec::new();
        for &index in &self.filed {
            let Some(kind) = self.kinds.get(index) else {
                continue;
            };
            let Some(format) = kind
                .rule
                .file
                .filter(|f| *f != Format::Store && f.claims(&path))
            else {
                continue;
            };
            for entry in format.read(text) {
                let value = text.get(entry.secret.clone()).unwrap_or_default();
                if self.judge.reference(value) {
                    continue;
                }
                let mut weight = Weight::new(
                    kind.rule.confidence.into(),
                    "the file is there to hold credentials",
                );
                if self.judge.placeholder(value) && value.len() < 24 {
                    weight.at_most(Confidence::Low, "value looks made up");
                }
                if let Some(reason) = place.lowers {
                    weight.step_down(reason);
                }
                candidates.push(candidate(index, entry, weight));
            }
        }
        candidates
    }

    /// Whether a text could hold something if it were one of these files, by its beginning.
    pub(super) fn could_be_filed(&self, text: &[u8]) -> bool {
        let trimmed = text.trim_ascii();
        let single = trimmed.len() <= 512 && !trimmed.iter().any(u8::is_ascii_whitespace);
        // The first line that is no comment tells; a longer one is of none of these formats.
        let head = text.get(..HEAD).unwrap_or(text);
        let mut lines = head.split_inclusive(|b| *b == b'\n');
        let line = lines.find(|line| !matches!(line.trim_ascii().first(), None | Some(b'#')));
        let head = line.unwrap_or_default();
        single && !trimmed.is_empty()
            || self.filed.iter().any(|index| {
                let kind = self.kinds.get(*index);
                kind.and_then(|kind| kind.rule.file)
                    .filter(|format| !matches!(format, Format::Store | Format::Whole))
                    .is_some_and(|format| !format.read(head).is_empty())
            })
    }

    /// The store of credentials that a binary file is.
    pub(super) fn store(&self, place: &Place, bytes: &[u8]) -> Option<Candidate> {
        let what = store::of(bytes)?;
        let of_store = |index: &&usize| {
            self.kinds
                .get(**index)
                .is_some_and(|kind| kind.rule.file == Some(Format::Store))
        };
        let index = *self.filed.iter().find(of_store)?;
        let mut weight = Weight::new(Confidence::Medium, what);
        if let Some(reason) = place.lowers {
            weight.step_down(reason);
        }
        let entry = Entry {
            secret: 0..bytes.len(),
            user: None,
        };
        Some(candidate(index, entry, weight))
    }
}

fn candidate(kind: usize, entry: Entry, weight: Weight) -> Candidate {
    Candidate {
        kind,
        found: Match {
            at: entry.secret.start,
            secret: Some(entry.secret),
            user: entry.user,
            ..Match::default()
        },
        decoded: Decoded::default(),
        weight,
    }
}

/// Whether the first bytes are those of a store of credentials.
pub(super) use store::of as store_of;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(format: Format, text: &str) -> Vec<&str> {
        format
            .read(text.as_bytes())
            .into_iter()
            .filter_map(|entry| text.get(entry.secret))
            .collect()
    }

    #[test]
    fn the_place_in_the_line_says_what_it_is() {
        for (format, text, expected) in [
            (
                Format::Pgpass,
                "# c\n*:5432:app:me:a\\:b:c\n",
                vec!["a\\:b:c"],
            ),
            (
                Format::Passwd,
                "root:$6$salt$hash:1:0:::::\nbin:*:1::\nme:!:2:\n",
                vec!["$6$salt$hash"],
            ),
            (
                Format::Passwd,
                "me:realm:5d41402abc4b2a76b9719d911017c592\n",
                vec!["5d41402abc4b2a76b9719d911017c592"],
            ),
            (Format::Passwd, "root:x:0:0:root:/root:/bin/sh\n", vec![]),
            (
                Format::Ppp,
                "me * \"two words\" *\nyou\tserver\tsecret1\t*\n",
                vec!["two words", "secret1"],
            ),
            (
                Format::Sasl,
                "[smtp.internal]:587 me@internal:pw:x\n",
                vec!["pw:x"],
            ),
            (
                Format::Ipsec,
                ": RSA key.pem \"phrase\"\n1.2.3.4 : PSK \"shared\" # x\n",
                vec!["phrase", "shared"],
            ),
            (Format::Whole, "abcdefgh\nrest\n", vec!["abcdefgh"]),
        ] {
            assert_eq!(found(format, text), expected, "{text}");
        }
    }
}
