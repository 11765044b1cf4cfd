//! Client secrets and certificates of applications and service principals.

use super::NAME;
use crate::model::{
    Credential, CredentialId, CredentialLink, CredentialStatus, Evidence, IdentityId, JoinForm,
    JoinKey, Moment, Str, Timestamp,
};
use crate::reader::records::{Record, text, time};
use std::collections::BTreeSet;

/// A secret or certificate as the directory lists it: never its value.
pub(super) struct Key {
    id: Str,
    secret: bool,
    /// Whether the directory itself signs with it, for single sign-on.
    signs: bool,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    hint: Option<Str>,
    thumbprint: Option<Str>,
}

/// The credentials that a record lists.
pub(super) fn of(record: &Record<'_>) -> Vec<Key> {
    let mut found: Vec<Key> = Vec::new();
    for (list, secret) in [("keyCredentials", false), ("passwordCredentials", true)] {
        for item in record.objects(list) {
            let Some(id) = text(item, "keyId") else {
                continue;
            };
            found.push(Key {
                id: id.to_ascii_lowercase().into(),
                secret,
                signs: text(item, "usage").is_some_and(|usage| usage.eq_ignore_ascii_case("sign")),
                start: time(item, "startDateTime").or_else(|| time(item, "startDate")),
                end: time(item, "endDateTime").or_else(|| time(item, "endDate")),
                hint: text(item, "hint").map(Str::from),
                thumbprint: text(item, "customKeyIdentifier").and_then(thumbprint),
            });
        }
    }
    // A certificate for signing comes with its public half and with the password of its private one: one thing.
    let signing: BTreeSet<Str> = found
        .iter()
        .filter(|key| key.signs)
        .flat_map(|key| key.thumbprint.iter().chain([&key.id]))
        .cloned()
        .collect();
    found.retain(|key| {
        key.signs
            || !(signing.contains(&key.id)
                || key
                    .thumbprint
                    .as_ref()
                    .is_some_and(|print| signing.contains(print)))
    });
    found
}

/// The SHA-1 of a certificate in upper-case hexadecimal. The directory writes it so, or as base64 of its bytes or of
/// that text.
fn thumbprint(text: &str) -> Option<Str> {
    let hexadecimal = |text: &str| text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if hexadecimal(text) {
        return Some(text.to_ascii_uppercase().into());
    }
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text)
        .ok()?;
    match (bytes.len(), std::str::from_utf8(&bytes)) {
        (20, _) => Some(
            bytes
                .iter()
                .map(|b| format!("{b:02X}"))
                .collect::<String>()
                .into(),
        ),
        (40, Ok(text)) if hexadecimal(text) => Some(text.to_ascii_uppercase().into()),
        _ => None,
    }
}

impl Key {
    /// The credential of an identity.
    pub(super) fn credential(
        &self,
        identity: &IdentityId,
        tenant: Option<&Str>,
        evidence: &Evidence,
    ) -> Credential {
        let (kind, title) = match (self.secret, self.signs) {
            (true, _) => ("entra-client-secret", "Entra client secret"),
            (false, true) => (
                "entra-signing-certificate",
                "Entra token signing certificate",
            ),
            (false, false) => ("entra-certificate", "Entra certificate credential"),
        };
        let id = CredentialId::from(format!("entra:key:{}", self.id));
        let mut credential = Credential::new(id, kind, NAME, title);
        credential.account = tenant.cloned();
        credential.display = Some(self.id.clone());
        // The directory lists what has ended as well, until somebody deletes it.
        credential.status = CredentialStatus::Active;
        credential.created = self.start;
        credential.expires = self.end.map_or(Moment::Unknown, Moment::At);
        credential.lifetime = self
            .start
            .zip(self.end)
            .map(|(start, end)| end.seconds().saturating_sub(start.seconds()))
            .filter(|length| *length > 0);
        credential.links.insert(CredentialLink {
            identity: identity.clone(),
            basis: "the directory lists it at the application".into(),
            evidence: evidence.clone(),
        });
        credential.records.insert(evidence.clone());
        let hint = self.hint.as_deref();
        let hint = hint.map(|hint| JoinKey::new(JoinForm::EntraHint, "azure", hint));
        let print = self.thumbprint.as_deref();
        let print = print.map(|print| JoinKey::new(JoinForm::CertificateThumbprint, "", print));
        credential.join_keys.extend(hint.into_iter().chain(print));
        credential
    }
}

#[cfg(test)]
mod tests {
    use super::thumbprint;

    #[test]
    fn thumbprints_in_all_spellings() {
        let expected = "52ED9B5038A47B9E2E2190715CC238359D4F8F73";
        for text in [
            "52ed9b5038a47b9e2e2190715cc238359d4f8f73",
            "Uu2bUDike54uIZBxXMI4NZ1Pj3M=",
            "NTJFRDlCNTAzOEE0N0I5RTJFMjE5MDcxNUNDMjM4MzU5RDRGOEY3Mw==",
        ] {
            assert_eq!(thumbprint(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(thumbprint("a name"), None);
    }
}
