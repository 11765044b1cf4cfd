//! Files of user names and passwords: `.netrc`, `.git-credentials`, `.pgpass`, `.my.cnf` and others; and of whom
//! `ssh` signs in as.

use super::Login;
use crate::model::{IdentityKind, Platform, Presence};
use crate::reader::keeping::{Keeping, MOST, Secret, Url, part, settings, short};
use std::collections::BTreeMap;

const fn password<'a>(basis: &'a str, traits: &'a [&'a str]) -> Secret<'a> {
    Secret {
        kind: "password",
        title: "password",
        issuer: "unknown",
        basis,
        traits,
    }
}

pub(super) fn netrc(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    let mut host: Option<&str> = None;
    let mut user: Option<&str> = None;
    let mut found = Vec::new();
    let mut macro_body = false;
    for (line, raw) in (1u32..).zip(text.lines()) {
        // A macro goes on to the next empty line.
        if macro_body {
            macro_body = !raw.trim().is_empty();
            continue;
        }
        let raw = raw.split(" #").next().unwrap_or_default();
        if raw.trim_start().starts_with('#') {
            continue;
        }
        let mut words = raw.split_whitespace();
        while let Some(word) = words.next() {
            match word {
                "machine" => (host, user) = (words.next(), None),
                "default" => (host, user) = (Some("any host"), None),
                "login" => user = words.next(),
                "password" => {
                    if let (Some(host), Some(secret)) = (host, words.next()) {
                        found.push((host, user, secret, line));
                    }
                }
                "account" => {
                    words.next();
                }
                "macdef" => macro_body = true,
                _ => {}
            }
        }
        if found.len() >= MOST {
            break;
        }
    }
    for (host, user, secret, line) in found {
        let id = keeping.login(&Login {
            host,
            user,
            secret: secret.trim_matches('"'),
            line,
            what: password("entry of the machine in .netrc", &["netrc"]),
            kind: IdentityKind::HostUser,
            platform: Platform::Host,
            realm: "host",
        });
        mark(keeping, &id, "netrc");
    }
}

/// Adds a trait to the identity that was just recorded.
fn mark(keeping: &mut Keeping<'_>, id: &crate::model::IdentityId, name: &str) {
    let last = keeping.facts.identities.last_mut();
    if let Some(identity) = last.filter(|identity| identity.id == *id) {
        identity.traits.insert(name.into());
    }
}

pub(super) fn git_credentials(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    for (line, raw) in (1u32..).zip(text.lines()).take(MOST) {
        let Some(url) = Url::parse(raw).filter(|url| url.user.is_some()) else {
            continue;
        };
        // With one part only, it is a token where the user belongs.
        let (user, secret) = match url.password {
            Some(password) => (url.user, password),
            None => (None, url.user.unwrap_or_default()),
        };
        let user = user.filter(|user| !keeping_token(user));
        let id = keeping.login(&Login {
            host: url.host,
            user,
            secret,
            line,
            what: password("line of git's store", &["git-store"]),
            kind: IdentityKind::HostUser,
            platform: Platform::Host,
            realm: "host",
        });
        mark(keeping, &id, "git-store");
    }
}

/// Whether what stands where a user belongs is as long as only tokens are.
fn keeping_token(user: &str) -> bool {
    user.len() >= 30 && !user.contains('@')
}

pub(super) fn pgpass(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    for (line, raw) in (1u32..).zip(text.lines()).take(MOST) {
        if raw.starts_with('#') {
            continue;
        }
        let escaped = raw.replace("\\:", "\u{1}");
        let parts: Vec<&str> = escaped.splitn(5, ':').collect();
        let [host, port, _, user, secret] = parts.as_slice() else {
            continue;
        };
        let host = match *port {
            "*" | "5432" => (*host).to_owned(),
            port => format!("{host}:{port}"),
        };
        let secret = zeroize::Zeroizing::new(secret.replace('\u{1}', "\\:"));
        let id = keeping.login(&Login {
            host: &host,
            user: Some(user),
            secret: &secret,
            line,
            what: password("line of the password file", &["pgpass"]),
            kind: IdentityKind::DatabaseUser,
            platform: Platform::Host,
            realm: "database",
        });
        mark(keeping, &id, "password-file");
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

pub(super) fn mysql(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    for (_, keys) in sections(text) {
        let get = |key: &str| keys.get(key).copied();
        let (Some((secret, line)), Some((user, _))) = (get("password"), get("user")) else {
            continue;
        };
        let host = get("host").map_or("localhost", |(host, _)| host);
        let id = keeping.login(&Login {
            host,
            user: Some(user),
            secret,
            line,
            what: password("option file of MySQL", &["my-cnf"]),
            kind: IdentityKind::DatabaseUser,
            platform: Platform::Host,
            realm: "database",
        });
        mark(keeping, &id, "password-file");
    }
}

pub(super) fn s3cfg(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    for (section, keys) in sections(text) {
        keys_of(keeping, section, &keys, "access_key", "s3cfg");
    }
}

pub(super) fn boto(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    for (section, keys) in sections(text) {
        keys_of(keeping, section, &keys, "aws_access_key_id", "boto");
        if let Some((address, line)) = keys.get("gs_service_client_id").copied()
            && address.ends_with(".iam.gserviceaccount.com")
        {
            let identity = keeping.identity(
                format!("gcp:{}", short(address)),
                Platform::Gcp,
                IdentityKind::GcpServiceAccount,
                address,
                Presence::Referenced,
                line,
            );
            keeping.facts.identities.push(identity);
        }
    }
}

/// A pair of AWS keys of a program's configuration.
fn keys_of(
    keeping: &mut Keeping<'_>,
    section: &str,
    keys: &BTreeMap<&str, (&str, u32)>,
    name: &str,
    program: &str,
) {
    let Some((key, line)) = keys.get(name).copied() else {
        return;
    };
    let shape = matches!(key.get(..4), Some("AKIA" | "ASIA"))
        && key.len() >= 16
        && key
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if !shape {
        return;
    }
    let path = part(&keeping.document.origin.path);
    let mut identity = keeping.identity(
        format!("aws:{path}/profile/{}", part(section)),
        Platform::Aws,
        IdentityKind::Profile,
        &format!("{section} of {program}"),
        Presence::Referenced,
        line,
    );
    identity.traits.insert("static-keys".into());
    let id = identity.id.clone();
    keeping.facts.identities.push(identity);
    let what = Secret {
        kind: "aws-access-key",
        title: "AWS access key",
        issuer: "aws",
        basis: "the program signs in with it",
        traits: &["in-profile"],
    };
    keeping.named(format!("aws:access-key:{key}"), line, &what, key, &id);
}

pub(super) fn rclone(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    for (section, keys) in sections(text) {
        let get = |key: &str| keys.get(key).copied();
        if get("type").is_some_and(|(kind, _)| kind == "s3") {
            keys_of(keeping, section, &keys, "access_key_id", "rclone");
        }
        let Some((secret, line)) = get("pass").or_else(|| get("token")) else {
            continue;
        };
        let host = get("host").or_else(|| get("url")).or_else(|| get("type"));
        let host = host.map_or(section, |(host, _)| host);
        keeping.login(&Login {
            host,
            user: get("user").map(|(user, _)| user),
            secret,
            line,
            what: password(
                "remote of rclone, which only disguises passwords",
                &["rclone"],
            ),
            kind: IdentityKind::HostUser,
            platform: Platform::Host,
            realm: "host",
        });
    }
}

/// `Host` blocks: whom `ssh` signs in as, and with which key file.
pub(super) fn ssh(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    let mut blocks: Vec<(String, BTreeMap<String, (String, u32)>)> = Vec::new();
    for (line, raw) in (1u32..).zip(text.lines()) {
        let raw = raw.trim();
        if raw.is_empty() || raw.starts_with('#') {
            continue;
        }
        let Some((key, value)) = raw.split_once([' ', '\t', '=']) else {
            continue;
        };
        let key = key.to_ascii_lowercase();
        let value = value
            .trim_start_matches(['=', ' ', '\t'])
            .trim_matches('"')
            .trim();
        if matches!(&*key, "host" | "match") {
            blocks.push((value.to_owned(), BTreeMap::new()));
        } else if let Some((_, settings)) = blocks.last_mut() {
            // The first value counts.
            settings.entry(key).or_insert((value.to_owned(), line));
        }
        if blocks.len() >= MOST {
            break;
        }
    }
    for (pattern, settings) in blocks {
        let get = |key: &str| {
            settings
                .get(key)
                .map(|(value, line)| (value.as_str(), *line))
        };
        let Some((user, line)) = get("user").or_else(|| get("identityfile")) else {
            continue;
        };
        let user = get("user").map_or("$USER", |_| user);
        let host = get("hostname").map_or(pattern.as_str(), |(host, _)| host);
        let mut identity = keeping.identity(
            format!("host:{}/{}", part(&host.to_ascii_lowercase()), part(user)),
            Platform::Host,
            IdentityKind::HostUser,
            &format!("{user} at {host}"),
            Presence::Referenced,
            line,
        );
        if let Some((file, _)) = get("identityfile") {
            let text = format!("signs in with the key {file}");
            identity.derivation.insert(short(&text));
            identity.traits.insert("ssh-key-file".into());
        }
        if get("stricthostkeychecking")
            .is_some_and(|(value, _)| matches!(value.to_ascii_lowercase().as_str(), "no" | "off"))
        {
            identity.traits.insert("host-keys-unchecked".into());
        }
        if get("forwardagent").is_some_and(|(value, _)| value.eq_ignore_ascii_case("yes")) {
            identity.traits.insert("forwards-agent".into());
        }
        keeping.facts.identities.push(identity);
    }
}
