//! The variables that a service is started with: which of them are secrets, and where each comes from.

use super::users::{self, Made};
use super::{Keeping, Service, defaulted, handed, part, variable};
use crate::detect::Stored;
use crate::reader::keeping::{Secret, Url};
use crate::reader::tree::Node;
use std::collections::BTreeMap;

/// A variable with its value and line; without a value it comes from the shell.
pub(super) type Variables<'a> = BTreeMap<&'a str, (Option<&'a str>, u32)>;

pub(super) fn read(keeping: &mut Keeping<'_>, service: &mut Service<'_>) {
    let mut variables: Variables<'_> = BTreeMap::new();
    // The nearest counts.
    for node in service.all("environment") {
        for (name, value) in node.entries() {
            variables.entry(name).or_insert((value.text(), value.line));
        }
        for item in node.items() {
            let Some(text) = item.text() else {
                continue;
            };
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (text, None),
            };
            variables.entry(name.trim()).or_insert((value, item.line));
        }
    }
    let made = users::made(service, &variables);
    for user in &made {
        database_user(keeping, service, user);
    }
    for (name, (value, line)) in &variables {
        if names_secret(name) {
            one(keeping, service, name, *value, *line);
        } else if let Some(url) = value
            .and_then(Url::parse)
            .filter(|url| url.password.is_some())
        {
            one(keeping, service, name, url.password, *line);
        }
    }
    // Redis takes its password from the command line.
    if let Some((secret, line)) = users::command_password(service) {
        let user = Made {
            user: "default".to_owned(),
            secret: Some(secret),
            line,
            open: false,
        };
        database_user(keeping, service, &user);
    }
}

/// Whether a variable of this name is a secret.
fn names_secret(name: &str) -> bool {
    const WORDS: [&str; 10] = [
        "PASSWORD",
        "PASSWD",
        "PASS",
        "PWD",
        "SECRET",
        "TOKEN",
        "CREDENTIALS",
        "APIKEY",
        "PASSPHRASE",
        "PAT",
    ];
    let upper = name.to_ascii_uppercase();
    let mut words = upper.split('_');
    let key = upper.ends_with("_KEY") && !upper.contains("PUBLIC")
        || upper.ends_with("_KEY_ID") && upper.contains("ACCESS");
    key || words.any(|word| WORDS.contains(&word)) && !upper.ends_with("_FILE")
}

/// One secret that the service is handed.
fn one(
    keeping: &mut Keeping<'_>,
    service: &mut Service<'_>,
    name: &str,
    value: Option<&str>,
    line: u32,
) {
    let how = format!("env {name}");
    let folder = service.folder;
    let Some(value) = value else {
        let id = format!("compose:{folder}/variable/{}", part(name));
        handed(keeping, service, id, name, &how, line);
        return;
    };
    match keeping.judge(value) {
        Stored::Reference => {
            let from = variable(value).unwrap_or(name);
            let id = format!("compose:{folder}/variable/{}", part(from));
            handed(keeping, service, id, from, &how, line);
            if let Some(default) = defaulted(value)
                && keeping.judge(default) == Stored::Value
                && keeping.found_at(line)
            {
                service.note("secret-as-default");
            }
        }
        Stored::Value => {
            if !keeping.found_at(line) {
                return;
            }
            let digest = keeping.digest(value);
            let id = format!("compose:{folder}/value/{digest}");
            handed(keeping, service, id, name, &how, line);
            service.note("secret-in-file");
        }
        _ => {}
    }
}

/// A user that the service's image makes when it starts first.
fn database_user(keeping: &mut Keeping<'_>, service: &Service<'_>, made: &Made<'_>) {
    let user = match keeping.judge(&made.user) {
        Stored::Reference => defaulted(&made.user)
            .or(variable(&made.user).map(|_| made.user.as_str()))
            .unwrap_or("unnamed"),
        _ => &made.user,
    };
    let folder = service.folder;
    let mut identity = keeping.identity(
        format!("database:{folder}/{}/{}", part(service.name), part(user)),
        crate::model::Platform::Host,
        crate::model::IdentityKind::DatabaseUser,
        &format!("{user} of {}", service.name),
        crate::model::Presence::Declared,
        made.line,
    );
    identity.humanity = (
        crate::model::Humanity::NonHuman,
        "user that an image makes".into(),
    );
    identity.account = Some(folder.into());
    if service.identity.traits.contains(&"published".into()) {
        identity.traits.insert("published".into());
    }
    if made.open {
        identity.traits.insert("no-password".into());
    }
    let id = identity.id.clone();
    if let Some(secret) = made.secret {
        let judged = keeping.judge(secret);
        match judged {
            _ if super::well_known(judged, secret, user) => {
                identity.traits.insert("default-password".into());
            }
            Stored::Value => {
                identity.traits.insert("secret-in-file".into());
                let what = Secret {
                    kind: "password",
                    title: "database password",
                    issuer: "unknown",
                    basis: "variable that the image makes the user with",
                    traits: &["compose"],
                };
                keeping.secret(secret, made.line, &what, &id);
            }
            Stored::Reference => {
                identity.traits.insert("secret-elsewhere".into());
                if let Some(default) = defaulted(secret) {
                    let known = super::well_known(keeping.judge(default), default, user);
                    if known {
                        identity.traits.insert("default-password-unless-set".into());
                    }
                }
            }
            _ => {}
        }
    }
    keeping.facts.identities.push(identity);
}

/// The words of a command, however it is written.
pub(super) fn words<'a>(node: &'a Node) -> Vec<&'a str> {
    match node.text() {
        Some(text) => text.split_whitespace().collect(),
        None => node.items().iter().filter_map(Node::text).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::names_secret;

    #[test]
    fn which_variables_are_secrets() {
        for (name, expected) in [
            ("POSTGRES_PASSWORD", true),
            ("AWS_SECRET_ACCESS_KEY", true),
            ("AWS_ACCESS_KEY_ID", true),
            ("GITHUB_TOKEN", true),
            ("POSTGRES_PASSWORD_FILE", false),
            ("JWT_PUBLIC_KEY", false),
            ("COMPASS_HOME", false),
            ("PORT", false),
        ] {
            assert_eq!(names_secret(name), expected, "{name}");
        }
    }
}
