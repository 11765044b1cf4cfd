//! What readers of files in which programs keep passwords may ask of the detector: whether a value is one, and
//! what its credential is called, so that both speak of the same.

use super::{Detector, judge, place};
use crate::model::{CredentialId, Fingerprint, Secret};

/// What stands at the place of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Nothing.
    Nothing,
    /// Where the secret is, or what it is filled in from: `${TOKEN}`, `{{ token }}`.
    Reference,
    /// Something to be replaced: `changeme`, `<token>`.
    Placeholder,
    /// What programs come with, so that everybody knows it: `postgres`.
    Default,
    /// Something encrypted: a vault's text, a value in a master key's braces.
    Encrypted,
    /// A secret.
    Value,
}

impl Detector {
    /// What this is, which stands where a secret belongs.
    pub fn stored(&self, value: &str) -> Stored {
        let trimmed = value.trim();
        let bytes = trimmed.as_bytes();
        if bytes.is_empty() {
            Stored::Nothing
        } else if encrypted(trimmed) {
            Stored::Encrypted
        } else if self.judge.reference(bytes) || trimmed.contains("${") || trimmed.contains("{{") {
            Stored::Reference
        } else if judge::defaults(bytes) {
            Stored::Default
        } else if self.judge.placeholder(bytes) && bytes.len() < 40 {
            Stored::Placeholder
        } else {
            Stored::Value
        }
    }

    /// What the credential with this value is called, where no issuer has an id for it.
    pub fn unnamed(&self, value: &str) -> (CredentialId, Fingerprint) {
        let fingerprint = self.fingerprinter.secret(&Secret::new(value.as_bytes()));
        (format!("secret:{fingerprint}").into(), fingerprint)
    }
}

/// Whether a file is there to show something, as its path below what the user named tells: an example, a
/// test.
pub fn illustrates(path: &str) -> bool {
    place::Place::of(path).lowers.is_some()
}

/// Values that say themselves that they are encrypted: of Ansible, Jenkins, Maven, SOPS, sealed boxes.
fn encrypted(value: &str) -> bool {
    let braces = value.starts_with('{') && value.ends_with('}') && !value.starts_with("{{");
    let inside = value.trim_matches(['{', '}']);
    let text = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    value.starts_with("$ANSIBLE_VAULT;")
        || value.starts_with("ENC[")
        || braces && inside.len() >= 20 && inside.chars().all(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fingerprinter;

    #[test]
    fn what_stands_where_a_secret_belongs() {
        let detector = Detector::ready(&[], Fingerprinter::new(None)).unwrap();
        for (value, expected) in [
            ("", Stored::Nothing),
            ("${TOKEN}", Stored::Reference),
            ("$TOKEN", Stored::Reference),
            ("{{ vault_password }}", Stored::Reference),
            ("changeme", Stored::Placeholder),
            ("<your token>", Stored::Reference),
            ("postgres", Stored::Default),
            ("{AQAAABAAAAAQ2jhgTvv0HNpDb8p9zJ4rH4x=}", Stored::Encrypted),
            ("$ANSIBLE_VAULT;1.1;AES256\n6162", Stored::Encrypted),
            ("qV8rT2qZ7mLk", Stored::Value),
        ] {
            assert_eq!(detector.stored(value), expected, "{value}");
        }
    }

    #[test]
    fn examples_are_known_by_their_path() {
        assert!(illustrates(".env.example"));
        assert!(illustrates("docs/compose.yaml"));
        assert!(!illustrates("deploy/compose.yaml"));
    }
}
