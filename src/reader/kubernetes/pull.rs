//! Credentials for registries: `.dockerconfigjson` and `.dockercfg`.

use super::naming::{belongs, host};
use super::object::Object;
use super::secret::value;
use super::{Node, Sink, tree};
use crate::model::{ClaimName, IdentityKind, Moment, Platform, Str};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// More registries in one Secret are not told.
const MOST: usize = 1000;

/// User names that stand for a token rather than an account, by the registries' documentation.
const TOKEN_USERS: &[&str] = &[
    "_json_key",
    "_json_key_base64",
    "00000000-0000-0000-0000-000000000000",
    "<token>",
    "$oauthtoken",
    "AWS",
    "oauth2accesstoken",
    "token",
];

/// One account at each registry that the Secret names; `nested` where they stand below `auths`.
pub(super) fn registries(sink: &mut Sink<'_>, object: &Object<'_>, key: &str, nested: bool) {
    let Some((text, node)) = value(object, key) else {
        return;
    };
    let evidence = sink.spot(object, node, &format!("/data/{key}"));
    if std::str::from_utf8(&text)
        .is_ok_and(|text| super::naming::symbolic(text) && !text.contains("auths"))
    {
        return; // filled in elsewhere
    }
    let Some(Ok(config)) = tree::documents(&text).into_iter().next() else {
        let message = format!("{key} of a Secret is no JSON: not read");
        sink.note(node.line, message);
        return;
    };
    let entries = if nested {
        config.get("auths")
    } else {
        Some(&config)
    };
    for (registry, entry) in entries.map_or(&[][..], Node::entries).iter().take(MOST) {
        let Some(host) = host(registry) else { continue };
        let Some((user, secret)) = account(entry) else {
            continue;
        };
        let title = (
            "registry-credential",
            "registry",
            "registry credential in a Secret",
        );
        let mut credential = sink.held(object, host, title);
        credential.account = Some(host.into());
        credential.claims.add(ClaimName::Host, host);
        credential.claims.add(ClaimName::Kind, secret);
        if &*user == "AWS" || &*user == "oauth2accesstoken" {
            // ECR's lasts 12 hours, Google's one.
            credential.claims.add(ClaimName::ValidFor, "12 h");
            credential.expires = Moment::Unknown;
        }
        if !user.is_empty() {
            credential.claims.add(ClaimName::User, &user);
            let shared = TOKEN_USERS.contains(&&*user);
            // A user name that only says "a token follows" is nobody in particular.
            let name: Str = if shared {
                format!("{user} of {}/{}", object.namespace, object.name).into()
            } else {
                Str::clone(&user)
            };
            let identity = sink.refer_identity(
                format!("registry:{host}/account/{name}"),
                Platform::Registry,
                IdentityKind::RegistryAccount,
                &name,
                "pods pull images as it",
                &evidence,
            );
            if let Some(last) = sink.facts.identities.last_mut() {
                last.account = Some(host.into());
            }
            belongs(
                &mut credential,
                identity,
                "the Secret names its user",
                evidence.clone(),
            );
        }
        sink.facts.credentials.push(credential);
    }
}

/// The user name of an entry, and which sort of secret it has; `None` where it has none.
fn account(entry: &Node) -> Option<(Str, &'static str)> {
    let has = |key: &str| entry.str(key).is_some_and(|text| !text.is_empty());
    if let Some(auth) = entry.str("auth").filter(|text| !text.is_empty()) {
        let plain = BASE64_STANDARD.decode(auth.trim()).ok().map(Zeroizing::new);
        let user = plain.as_ref().and_then(|plain| {
            let at = memchr::memchr(b':', plain)?;
            std::str::from_utf8(plain.get(..at)?).ok()
        });
        let user = user.or_else(|| entry.str("username")).unwrap_or_default();
        return Some((shown(user), "password"));
    }
    let user = shown(entry.str("username").unwrap_or_default());
    if has("password") {
        Some((user, "password"))
    } else if has("identitytoken") {
        Some((user, "identity token"))
    } else if has("registrytoken") {
        Some((user, "registry token"))
    } else {
        None
    }
}

/// A user name, if it can be one.
fn shown(user: &str) -> Str {
    let plain = user.len() <= 128 && user.chars().all(|c| c.is_ascii_graphic());
    if plain { user.into() } else { "".into() }
}
