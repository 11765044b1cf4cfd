//! Configuration of package managers: at which registries one signs in, and as whom.

use super::Login;
use crate::detect::Stored;
use crate::model::{IdentityKind, Platform};
use crate::reader::keeping::{Keeping, MOST, Secret, Setting, Url, owner, settings};
use crate::reader::tree::Node;
use base64::Engine;
use std::collections::BTreeMap;

/// What a registry accepts.
fn what<'a>(kind: &'a str, basis: &'a str) -> Secret<'a> {
    Secret {
        kind,
        title: match kind {
            "token" => "registry token",
            _ => "registry password",
        },
        issuer: "unknown",
        basis,
        traits: &["package-registry"],
    }
}

/// One sign-in at a registry.
fn sign_in(
    keeping: &mut Keeping<'_>,
    host: &str,
    user: Option<&str>,
    secret: (&str, u32),
    kind: &str,
    basis: &str,
) {
    let plain = host.starts_with("http://");
    let host = host
        .trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_start_matches("//");
    let id = keeping.login(&Login {
        host,
        user,
        secret: secret.0,
        line: secret.1,
        what: what(kind, basis),
        kind: IdentityKind::RegistryAccount,
        platform: Platform::Registry,
        realm: "registry",
    });
    if let Some(identity) = keeping.facts.identities.last_mut()
        && identity.id == id
    {
        if plain {
            identity.traits.insert("plain-http".into());
        }
        if identity.traits.contains(&"secret-in-file".into()) {
            identity.traits.insert("registry-login".into());
        }
    }
}

/// `.npmrc`: `//registry.acme.test/:_authToken=…`, and which scopes come from there.
pub(super) fn npmrc(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    let settings = settings(text, true);
    let mut scopes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut users: BTreeMap<&str, &str> = BTreeMap::new();
    let mut unchecked = false;
    let mut insecure: Vec<String> = Vec::new();
    for setting in &settings {
        let value = setting.value.trim_matches('"');
        match setting.key {
            "strict-ssl" => unchecked |= value == "false",
            "registry" => insecure.extend(insecure_host(value)),
            key => {
                if let Some(scope) = key.strip_suffix(":registry") {
                    let host = bare(value);
                    insecure.extend(insecure_host(value));
                    scopes.entry(host).or_default().push(scope);
                } else if let Some(host) = key.strip_suffix(":username") {
                    users.insert(host, value);
                }
            }
        }
    }
    let default = settings.iter().find(|s| s.key == "registry");
    let default = default.map_or("registry.npmjs.org", |s| s.value);
    for setting in &settings {
        let (host, key) = match setting.key.rsplit_once(':') {
            Some((host, key)) => (host, key),
            None => (default, setting.key),
        };
        let value = setting.value.trim_matches('"');
        let (kind, user, secret) = match key {
            "_authToken" => ("token", None, value.to_owned()),
            "_password" => (
                "password",
                users.get(host).copied().map(str::to_owned),
                value.to_owned(),
            ),
            "_auth" => {
                let (user, secret) = basic(value);
                ("password", user, secret)
            }
            _ => continue,
        };
        let secret = zeroize::Zeroizing::new(secret);
        sign_in(
            keeping,
            host,
            user.as_deref(),
            (&secret, setting.line),
            kind,
            "registry of the setting in .npmrc",
        );
        annotate(keeping, setting, &scopes, host);
        if let Some(identity) = keeping.facts.identities.last_mut() {
            if unchecked {
                identity.traits.insert("tls-unchecked".into());
            }
            if insecure.contains(&bare(host)) {
                identity.traits.insert("plain-http".into());
            }
        }
    }
}

/// A registry's address as `.npmrc` keys it.
fn bare(host: &str) -> String {
    let host = host
        .trim_start_matches("https:")
        .trim_start_matches("http:")
        .trim_start_matches("//");
    host.trim_end_matches('/').to_ascii_lowercase()
}

fn insecure_host(url: &str) -> Option<String> {
    let local = |host: &str| {
        ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .any(|name| host.starts_with(name))
    };
    url.starts_with("http://")
        .then(|| bare(url))
        .filter(|host| !local(host))
}

fn annotate(
    keeping: &mut Keeping<'_>,
    setting: &Setting<'_>,
    scopes: &BTreeMap<String, Vec<&str>>,
    host: &str,
) {
    let label = setting
        .comment
        .and_then(owner)
        .map(|who| keeping.field("owner", who, setting.line.saturating_sub(1)));
    let Some(identity) = keeping.facts.identities.last_mut() else {
        return;
    };
    identity.labels.extend(label);
    for scope in scopes.get(&bare(host)).into_iter().flatten() {
        identity
            .serves
            .insert(format!("packages of {scope}").into());
    }
}

/// `user:password` in base64; where it is no such thing, as it is.
fn basic(value: &str) -> (Option<String>, String) {
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(value)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.as_deref().and_then(|text| text.split_once(':')) {
        Some((user, password)) => (Some(user.to_owned()), password.to_owned()),
        None => (None, value.to_owned()),
    }
}

/// Settings of each section, by key.
fn sections<'t>(text: &'t str) -> BTreeMap<&'t str, BTreeMap<&'t str, (&'t str, u32)>> {
    let mut sections: BTreeMap<&str, BTreeMap<&str, (&str, u32)>> = BTreeMap::new();
    for setting in settings(text, true) {
        let value = setting.value.trim_matches(['"', '\'']);
        sections
            .entry(setting.section)
            .or_default()
            .insert(setting.key, (value, setting.line));
    }
    sections
}

/// `.pypirc`: one section an index.
pub(super) fn pypirc(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    for (section, keys) in sections(text) {
        let Some(secret) = keys.get("password").copied() else {
            continue;
        };
        let host = keys.get("repository").map_or(
            match section {
                "pypi" => "upload.pypi.org/legacy",
                "testpypi" => "test.pypi.org/legacy",
                other => other,
            },
            |(url, _)| url,
        );
        let user = keys.get("username").map(|(user, _)| *user);
        // A token's user is always called the same, and tells nobody.
        let token = user == Some("__token__");
        let user = user.filter(|_| !token);
        let kind = if token { "token" } else { "password" };
        sign_in(
            keeping,
            host,
            user,
            secret,
            kind,
            "index of the section in .pypirc",
        );
    }
}

/// `pip.conf`: indexes with user and password in the URL.
pub(super) fn pip(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    urls(keeping, text, "index URL of pip");
}

/// Every URL of a file that holds a password.
fn urls(keeping: &mut Keeping<'_>, text: &str, basis: &str) {
    for (line, raw) in (1u32..).zip(text.lines()).take(MOST) {
        if raw.trim_start().starts_with(['#', ';']) {
            continue;
        }
        for word in raw.split([' ', '\t', '=', '"', '\'', ',']) {
            let Some(url) = Url::parse(word) else {
                continue;
            };
            let (user, secret) = match (url.user, url.password) {
                (user, Some(password)) => (user, password),
                // A token alone stands where the user belongs.
                (Some(user), None) if keeping.judge(user) == Stored::Value && user.len() >= 20 => {
                    (None, user)
                }
                _ => continue,
            };
            let host = match url.scheme {
                "http" => format!("http://{}", url.host),
                _ => url.host.to_owned(),
            };
            sign_in(keeping, &host, user, (secret, line), "password", basis);
        }
    }
}

pub(super) fn condarc(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    urls(keeping, text, "channel of conda");
    // `https://conda.anaconda.org/t/<token>/channel`
    for (line, raw) in (1u32..).zip(text.lines()).take(MOST) {
        let Some((before, rest)) = raw.split_once("/t/") else {
            continue;
        };
        let token = rest.split('/').next().unwrap_or_default();
        let host = before.rsplit("://").next().unwrap_or_default();
        if token.len() >= 8 && !raw.trim_start().starts_with('#') {
            sign_in(
                keeping,
                host,
                None,
                (token, line),
                "token",
                "channel of conda",
            );
        }
    }
}

/// `.yarnrc.yml`: `npmRegistries` and `npmScopes`.
pub(super) fn yarnrc(keeping: &mut Keeping<'_>) {
    for tree in keeping.trees() {
        let default = tree
            .str("npmRegistryServer")
            .unwrap_or("registry.yarnpkg.com");
        yarn_entry(keeping, &tree, default, None);
        for (host, entry) in tree.get("npmRegistries").map_or(&[][..], Node::entries) {
            yarn_entry(keeping, entry, host, None);
        }
        for (scope, entry) in tree.get("npmScopes").map_or(&[][..], Node::entries) {
            let host = entry.str("npmRegistryServer").unwrap_or(default);
            yarn_entry(keeping, entry, host, Some(scope));
        }
    }
}

fn yarn_entry(keeping: &mut Keeping<'_>, entry: &Node, host: &str, scope: Option<&str>) {
    let token = entry
        .get("npmAuthToken")
        .and_then(|n| Some((n.text()?, n.line)));
    let ident = entry
        .get("npmAuthIdent")
        .and_then(|n| Some((n.text()?, n.line)));
    if let Some(secret) = token {
        sign_in(
            keeping,
            host,
            None,
            secret,
            "token",
            "registry of the entry in .yarnrc.yml",
        );
    } else if let Some((ident, line)) = ident {
        let plain = ident
            .split_once(':')
            .map(|(u, p)| (Some(u.to_owned()), p.to_owned()));
        let (user, secret) = plain.unwrap_or_else(|| basic(ident));
        let secret = zeroize::Zeroizing::new(secret);
        sign_in(
            keeping,
            host,
            user.as_deref(),
            (&secret, line),
            "password",
            "registry of the entry in .yarnrc.yml",
        );
    } else {
        return;
    }
    if let (Some(scope), Some(identity)) = (scope, keeping.facts.identities.last_mut()) {
        identity
            .serves
            .insert(format!("packages of @{scope}").into());
    }
}

/// `bunfig.toml`: `registry = { url, token }`, and scopes in the same form.
pub(super) fn bunfig(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    for setting in settings(text, true) {
        if !setting.section.starts_with("install") {
            continue;
        }
        let of = |key: &str| {
            let at = setting.value.find(&format!("{key} ="))?;
            setting.value.get(at..)?.split('"').nth(1)
        };
        let url = of("url").unwrap_or("registry.npmjs.org");
        if let Some(token) = of("token") {
            sign_in(
                keeping,
                url,
                None,
                (token, setting.line),
                "token",
                "registry of bunfig.toml",
            );
        } else if let Some(secret) = of("password") {
            sign_in(
                keeping,
                url,
                of("username"),
                (secret, setting.line),
                "password",
                "registry of bunfig.toml",
            );
        }
    }
}

/// `.cargo/credentials.toml`.
pub(super) fn cargo(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    for (section, keys) in sections(text) {
        let Some(secret) = keys.get("token").copied() else {
            continue;
        };
        let host = match section.strip_prefix("registries.") {
            Some(name) => format!("cargo:{}", name.trim_matches('"')),
            None => "crates.io".to_owned(),
        };
        sign_in(
            keeping,
            &host,
            None,
            secret,
            "token",
            "registry of Cargo's credentials",
        );
    }
}

/// Composer's `auth.json`.
pub(super) fn composer(keeping: &mut Keeping<'_>) {
    const BASIS: &str = "host of Composer's auth.json";
    for tree in keeping.trees() {
        for (sort, hosts) in tree.entries() {
            for (host, entry) in hosts.entries() {
                match &**sort {
                    "http-basic" => {
                        let Some(secret) = entry.get("password") else {
                            continue;
                        };
                        let text = secret.text().unwrap_or_default();
                        sign_in(
                            keeping,
                            host,
                            entry.str("username"),
                            (text, secret.line),
                            "password",
                            BASIS,
                        );
                    }
                    "github-oauth" | "gitlab-token" | "gitlab-oauth" | "bearer"
                    | "bitbucket-oauth" => {
                        let token = entry.get("token").or_else(|| entry.get("consumer-secret"));
                        let token = token.unwrap_or(entry);
                        if let Some(text) = token.text() {
                            let user = entry.str("username").or(entry.str("consumer-key"));
                            sign_in(keeping, host, user, (text, token.line), "token", BASIS);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

/// `gradle.properties`: `acmeUsername` and `acmePassword`.
pub(super) fn gradle(keeping: &mut Keeping<'_>) {
    const ENDINGS: [&str; 4] = ["Password", "_password", ".password", "PASSWORD"];
    let text = keeping.text();
    let settings = settings(text, true);
    let value = |name: &str| settings.iter().find(|s| s.key == name).map(|s| s.value);
    for setting in &settings {
        let Some(prefix) = ENDINGS.iter().find_map(|end| setting.key.strip_suffix(end)) else {
            continue;
        };
        let user = [
            "Username",
            "User",
            "_username",
            ".username",
            "_user",
            ".user",
            "USERNAME",
            "USER",
        ]
        .iter()
        .find_map(|end| value(&format!("{prefix}{end}")));
        // Proxies and signing keys have passwords, too, but nobody signs in to a registry with them.
        let Some(user) = user.filter(|_| !prefix.is_empty() && !prefix.starts_with("systemProp"))
        else {
            continue;
        };
        let host = format!("gradle:{}", prefix.trim_end_matches(['.', '_']));
        sign_in(
            keeping,
            &host,
            Some(user),
            (setting.value, setting.line),
            "password",
            "properties of one prefix name user and password",
        );
    }
}

/// `.terraformrc` and `credentials.tfrc.json`.
pub(super) fn terraform(keeping: &mut Keeping<'_>) {
    const BASIS: &str = "host of Terraform's credentials";
    let mut tokens: Vec<(String, zeroize::Zeroizing<String>, u32)> = Vec::new();
    if keeping.document.origin.file_name().ends_with(".json") {
        for tree in keeping.trees() {
            for (host, entry) in tree.get("credentials").map_or(&[][..], Node::entries) {
                if let Some((text, line)) =
                    entry.get("token").and_then(|n| Some((n.text()?, n.line)))
                {
                    tokens.push((host.clone(), text.to_owned().into(), line));
                }
            }
        }
    } else {
        let text = keeping.text();
        let mut host: Option<&str> = None;
        for (line, raw) in (1u32..).zip(text.lines()).take(MOST) {
            let raw = raw.trim();
            if let Some(rest) = raw.strip_prefix("credentials ") {
                host = rest.split('"').nth(1);
            } else if raw.starts_with('}') {
                host = None;
            }
            let token = raw.find("token").and_then(|at| raw.get(at..));
            if let (Some(host), Some(token)) = (host, token.and_then(|t| t.split('"').nth(1))) {
                tokens.push((host.to_owned(), token.to_owned().into(), line));
            }
        }
    }
    for (host, token, line) in tokens {
        sign_in(keeping, &host, None, (&token, line), "token", BASIS);
    }
}
