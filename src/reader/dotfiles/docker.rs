//! Docker's `config.json`: registries that one has signed in to, and what keeps the passwords.

use super::Login;
use crate::detect::Stored;
use crate::model::{IdentityKind, Platform, Presence};
use crate::reader::keeping::{Keeping, Secret, part, short};
use base64::Engine;

pub(super) fn config(keeping: &mut Keeping<'_>) {
    for tree in keeping.trees() {
        let auths = tree.get("auths");
        let store = tree.str("credsStore").filter(|s| !s.is_empty());
        // `.dockercfg` has the registries at its top.
        let old = auths.is_none() && store.is_none() && tree.get("credHelpers").is_none();
        let entries = match (auths, old) {
            (Some(auths), _) => auths.entries(),
            (None, true) => tree.entries(),
            (None, false) => &[],
        };
        for (host, entry) in entries {
            if old && entry.get("auth").is_none() {
                continue;
            }
            if entry.entries().is_empty() || entry.str("auth").is_none_or(str::is_empty) {
                helped(keeping, host, store, entry.line);
                continue;
            }
            sign_in(keeping, host, entry);
        }
        for (host, helper) in tree.get("credHelpers").map_or(&[][..], |n| n.entries()) {
            helped(keeping, host, helper.text(), helper.line);
        }
    }
}

fn sign_in(keeping: &mut Keeping<'_>, host: &str, entry: &crate::reader::tree::Node) {
    let Some(auth) = entry.get("auth") else {
        return;
    };
    let encoded = auth.text().unwrap_or_default();
    let judged = keeping.judge(encoded);
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .map(zeroize::Zeroizing::new);
    let login = decoded.as_deref().and_then(|text| text.split_once(':'));
    let user = login.map(|(user, _)| user).or(entry.str("username"));
    // A token is put where the user belongs by some registries.
    let user = user.filter(|user| user.len() <= 80 && keeping.judge(user) != Stored::Encrypted);
    let secret = login.map_or(encoded, |(_, password)| password);
    let secret = if judged == Stored::Reference {
        encoded
    } else {
        secret
    };
    let line = auth.line.max(entry.line);
    let host = host
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    let host = host.trim_end_matches("/v1/").trim_end_matches("/v2/");
    keeping.login(&Login {
        host,
        user,
        secret,
        line,
        what: Secret {
            kind: "password",
            title: "registry password",
            issuer: "unknown",
            basis: "entry of the registry in Docker's configuration",
            traits: &["docker-login"],
        },
        kind: IdentityKind::RegistryAccount,
        platform: Platform::Registry,
        realm: "registry",
    });
    if let Some(identity) = keeping.facts.identities.last_mut()
        && identity.traits.contains(&"secret-in-file".into())
    {
        identity.traits.insert("docker-login-plain".into());
    }
}

/// A registry whose password a program of the system keeps.
fn helped(keeping: &mut Keeping<'_>, host: &str, helper: Option<&str>, line: u32) {
    let host = host
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    let host = host.trim_end_matches("/v1/").trim_end_matches("/v2/");
    let Some(helper) = helper.filter(|helper| !helper.is_empty()) else {
        return;
    };
    let mut identity = keeping.identity(
        format!("registry:{}/by-{}", part(host), part(helper)),
        Platform::Registry,
        IdentityKind::RegistryAccount,
        &format!("user at {host}"),
        Presence::Referenced,
        line,
    );
    identity.traits.insert("credential-helper".into());
    let text = format!("its password is kept by docker-credential-{helper}");
    identity.derivation.insert(short(&text));
    keeping.facts.identities.push(identity);
}
