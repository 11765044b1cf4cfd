//! Maven's `settings.xml` and NuGet's configuration.

use super::Login;
use crate::model::{IdentityKind, Platform};
use crate::reader::keeping::{Keeping, Secret};
use crate::reader::markup::{self, Element};

pub(super) fn maven(keeping: &mut Keeping<'_>) {
    let Some(root) = parse(keeping) else {
        return;
    };
    for servers in root.named("servers") {
        for server in servers.named("server") {
            let Some(id) = server.text_of("id") else {
                continue;
            };
            for secret in server.named("password").chain(server.named("passphrase")) {
                login(
                    keeping,
                    &format!("maven:{id}"),
                    server.text_of("username"),
                    &secret.text,
                    secret.line,
                    "server of Maven's settings",
                );
            }
        }
    }
}

pub(super) fn nuget(keeping: &mut Keeping<'_>) {
    let Some(root) = parse(keeping) else {
        return;
    };
    let mut sources = std::collections::BTreeMap::new();
    for list in root.named("packageSources") {
        for add in list.named("add") {
            if let (Some(key), Some(value)) = (add.attribute("key"), add.attribute("value")) {
                sources.insert(key.to_owned(), value.to_owned());
            }
        }
    }
    for list in root.named("packageSourceCredentials") {
        for source in &list.children {
            let mut user = None;
            let mut secret = None;
            for add in source.named("add") {
                match add.attribute("key") {
                    Some("Username") => user = add.attribute("value"),
                    Some("ClearTextPassword") => secret = Some((add, false)),
                    Some("Password") => secret = Some((add, true)),
                    _ => {}
                }
            }
            let Some((add, encrypted)) = secret else {
                continue;
            };
            let name = source.name.replace("_x0020_", " ");
            let host = sources.get(&name).unwrap_or(&name);
            let plain = host.starts_with("http://");
            let host = host
                .trim_start_matches("https://")
                .trim_start_matches("http://")
                .to_owned();
            let value = add.attribute("value").unwrap_or_default();
            // `Password` is encrypted with the keys of the machine's user.
            if encrypted && keeping.judge(value) == crate::detect::Stored::Value {
                login(
                    keeping,
                    &host,
                    user,
                    "",
                    add.line,
                    "source of NuGet's configuration",
                );
                if let Some(identity) = keeping.facts.identities.last() {
                    let id = identity.id.clone();
                    keeping.encrypted(
                        value,
                        add.line,
                        &secret_of("source of NuGet's configuration"),
                        &id,
                    );
                }
            } else {
                login(
                    keeping,
                    &host,
                    user,
                    value,
                    add.line,
                    "source of NuGet's configuration",
                );
            }
            if let (true, Some(identity)) = (plain, keeping.facts.identities.last_mut()) {
                identity.traits.insert("plain-http".into());
            }
        }
    }
}

fn parse(keeping: &mut Keeping<'_>) -> Option<Element> {
    let text = keeping.text();
    match markup::parse(text) {
        Ok(root) => Some(root),
        Err((line, message)) => {
            keeping.malformed(line, message);
            None
        }
    }
}

fn secret_of(basis: &str) -> Secret<'_> {
    Secret {
        kind: "password",
        title: "registry password",
        issuer: "unknown",
        basis,
        traits: &["package-registry"],
    }
}

fn login(
    keeping: &mut Keeping<'_>,
    host: &str,
    user: Option<&str>,
    secret: &str,
    line: u32,
    basis: &str,
) {
    keeping.login(&Login {
        host,
        user,
        secret,
        line,
        what: secret_of(basis),
        kind: IdentityKind::RegistryAccount,
        platform: Platform::Registry,
        realm: "registry",
    });
    if let Some(identity) = keeping.facts.identities.last_mut()
        && identity.traits.contains(&"secret-in-file".into())
    {
        identity.traits.insert("registry-login".into());
    }
}
