//! `.env`: variables that a program starts with. What belongs together is told by names: `DB_USER`, `DB_PASSWORD`
//! and `DB_HOST` are one user of one database.

use super::Login;
use crate::model::{IdentityKind, Platform, Presence, Str};
use crate::reader::keeping::{Keeping, MOST, Secret, Url, owner, part};
use std::collections::BTreeMap;

/// `.env`, `.env.production`, `prod.env`.
pub(super) fn named(file: &str) -> bool {
    file == ".env"
        || file.starts_with(".env.") && !file.ends_with(".js") && !file.ends_with(".ts")
        || file.ends_with(".env") && file.len() > 4
        || file == ".envrc"
}

/// One variable.
struct Variable<'a> {
    name: &'a str,
    value: &'a str,
    line: u32,
    comment: Option<&'a str>,
}

fn variables(text: &str) -> Vec<Variable<'_>> {
    let mut comment = None;
    let mut variables = Vec::new();
    for (line, raw) in (1u32..).zip(text.lines()) {
        let raw = raw.trim();
        if let Some(note) = raw.strip_prefix('#') {
            comment = Some(note.trim());
            continue;
        }
        let assigned = raw.strip_prefix("export ").unwrap_or(raw);
        let Some((name, value)) = assigned.split_once('=') else {
            comment = None;
            continue;
        };
        let name = name.trim();
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(fine) {
            continue;
        }
        variables.push(Variable {
            name,
            value: unquoted(value),
            line,
            comment: comment.take(),
        });
        if variables.len() >= MOST {
            break;
        }
    }
    variables
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or_default();
        }
    }
    value.split(" #").next().unwrap_or_default().trim_end()
}

pub(super) fn read(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    let variables = variables(text);
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    let mut told: Vec<u32> = Vec::new();
    for variable in &variables {
        if let Some(url) = Url::parse(variable.value).filter(|u| u.password.is_some()) {
            sign_in(keeping, &url, variable);
            told.push(variable.line);
            continue;
        }
        let Some((prefix, role)) = role(variable.name) else {
            continue;
        };
        let group = groups.entry(prefix).or_default();
        match role {
            Role::User => group.user = Some(variable),
            Role::Host => group.host = Some(variable),
            Role::Password => group.password = Some(variable),
        }
    }
    for (prefix, group) in groups {
        let (Some(user), Some(password)) = (group.user, group.password) else {
            continue;
        };
        told.push(password.line);
        let (realm, kind) = realm(prefix);
        let here = format!(
            "{}/{}",
            keeping.folder(),
            part(&prefix.to_ascii_lowercase())
        );
        let host = group.host.map(|host| host.value).filter(|h| !h.is_empty());
        keeping.login(&Login {
            host: host.unwrap_or(&here),
            user: Some(user.value),
            secret: password.value,
            line: password.line,
            what: Secret {
                kind: "password",
                title: "password",
                issuer: "unknown",
                basis: "variables of one prefix name user and password",
                traits: &[],
            },
            kind,
            platform: Platform::Host,
            realm,
        });
    }
    for variable in &variables {
        if told.contains(&variable.line) {
            continue;
        }
        owned(keeping, variable);
    }
}

/// A secret of which the comment above says whose it is.
fn owned(keeping: &mut Keeping<'_>, variable: &Variable<'_>) {
    let Some(who) = variable.comment.and_then(owner) else {
        return;
    };
    if !keeping.found_at(variable.line) {
        return;
    }
    let id = format!(
        "host:{}/{}",
        part(&keeping.document.origin.path),
        variable.name
    );
    let mut identity = keeping.identity(
        id,
        Platform::Host,
        IdentityKind::ServiceAccount,
        variable.name,
        Presence::Referenced,
        variable.line,
    );
    let label = keeping.field("owner", who, variable.line - 1);
    identity.labels.insert(label);
    let what = Secret {
        kind: "token",
        title: "secret",
        issuer: "unknown",
        basis: "variable with an owner in the comment above",
        traits: &[],
    };
    let id = identity.id.clone();
    keeping.facts.identities.push(identity);
    keeping.secret(variable.value, variable.line, &what, &id);
}

#[derive(Default)]
struct Group<'a> {
    user: Option<&'a Variable<'a>>,
    host: Option<&'a Variable<'a>>,
    password: Option<&'a Variable<'a>>,
}

enum Role {
    User,
    Host,
    Password,
}

/// The prefix of a variable, and what it says of whom the prefix is about.
fn role(name: &str) -> Option<(&str, Role)> {
    const ROLES: [(&str, Role); 11] = [
        ("_USERNAME", Role::User),
        ("_USER", Role::User),
        ("_LOGIN", Role::User),
        ("_HOSTNAME", Role::Host),
        ("_HOST", Role::Host),
        ("_SERVER", Role::Host),
        ("_URL", Role::Host),
        ("_PASSWORD", Role::Password),
        ("_PASSWD", Role::Password),
        ("_PASS", Role::Password),
        ("_PWD", Role::Password),
    ];
    ROLES.into_iter().find_map(|(ending, role)| {
        let prefix = name.strip_suffix(ending)?;
        (!prefix.is_empty()).then_some((prefix, role))
    })
}

/// What a prefix is about.
fn realm(prefix: &str) -> (&'static str, IdentityKind) {
    const DATABASES: [&str; 16] = [
        "DB",
        "DATABASE",
        "POSTGRES",
        "PG",
        "MYSQL",
        "MARIADB",
        "MSSQL",
        "ORACLE",
        "MONGO",
        "MONGODB",
        "REDIS",
        "SQL",
        "CLICKHOUSE",
        "SNOWFLAKE",
        "RABBITMQ",
        "ELASTICSEARCH",
    ];
    let database = prefix
        .split('_')
        .any(|word| DATABASES.iter().any(|d| word.eq_ignore_ascii_case(d)));
    let registry = prefix
        .split('_')
        .any(|word| ["REGISTRY", "DOCKER", "NEXUS", "ARTIFACTORY"].contains(&word));
    match (database, registry) {
        (true, _) => ("database", IdentityKind::DatabaseUser),
        (_, true) => ("registry", IdentityKind::RegistryAccount),
        _ => ("host", IdentityKind::HostUser),
    }
}

/// A URL with user and password.
fn sign_in(keeping: &mut Keeping<'_>, url: &Url<'_>, variable: &Variable<'_>) {
    let (realm, kind) = of_scheme(url.scheme);
    let id = keeping.login(&Login {
        host: url.host,
        user: url.user,
        secret: url.password.unwrap_or_default(),
        line: variable.line,
        what: Secret {
            kind: "password",
            title: "password in a URL",
            issuer: "unknown",
            basis: "the URL names the user",
            traits: &[],
        },
        kind,
        platform: Platform::Host,
        realm,
    });
    if let Some(who) = variable.comment.and_then(owner) {
        let label = keeping.field("owner", who, variable.line - 1);
        let last = keeping.facts.identities.iter_mut().rev();
        for identity in last.filter(|identity| identity.id == id).take(1) {
            identity.labels.insert(label.clone());
        }
    }
}

/// What users of URLs of a scheme are users of.
pub(in crate::reader) fn of_scheme(scheme: &str) -> (&'static str, IdentityKind) {
    let scheme: Str = scheme.split(['+', '.']).next().unwrap_or_default().into();
    match &*scheme {
        "postgres" | "postgresql" | "mysql" | "mariadb" | "mssql" | "sqlserver" | "oracle"
        | "mongodb" | "redis" | "rediss" | "clickhouse" | "snowflake" | "amqp" | "amqps"
        | "cockroachdb" | "cassandra" | "jdbc" => ("database", IdentityKind::DatabaseUser),
        _ => ("host", IdentityKind::HostUser),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_env_files() {
        for (file, expected) in [
            (".env", true),
            (".env.production", true),
            ("prod.env", true),
            (".environment.ts", false),
            (".env.d.ts", false),
            ("env.py", false),
        ] {
            assert_eq!(named(file), expected, "{file}");
        }
    }

    #[test]
    fn values_come_without_quotes_and_comments() {
        let found: Vec<_> = variables("# owner: x\nexport A=\"b # c\" # d\nB=c # d\n=x\n")
            .into_iter()
            .map(|v| (v.name, v.value, v.line, v.comment))
            .collect();
        assert_eq!(
            found,
            [("A", "b # c", 2, Some("owner: x")), ("B", "c", 3, None)]
        );
    }
}
