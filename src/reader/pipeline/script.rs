//! Command lines of the clouds in scripts of jobs, and shell variables.

use super::role_arn;
use crate::model::{Assumed, Evidence};
use std::collections::BTreeSet;

/// The audience that AWS documents for tokens of CI systems.
const AWS_AUDIENCE: &str = "sts.amazonaws.com";

/// What a script signs in as by the command lines of the clouds. `resolve` knows what `${{ env.X }}` comes to.
pub(in crate::reader) fn of_script(
    run: &str,
    resolve: &dyn Fn(&str) -> BTreeSet<String>,
    evidence: &Evidence,
) -> Vec<Assumed> {
    let mut out = Vec::new();
    for (command, by, audience) in [
        ("assume-role-with-web-identity", "oidc", Some(AWS_AUDIENCE)),
        ("sts assume-role ", "role", None),
    ] {
        for (at, _) in run.match_indices(command).take(16) {
            let rest = run.get(at..).unwrap_or_default();
            let Some(role) = option(rest, "--role-arn") else {
                continue;
            };
            for role in shell(role, resolve) {
                out.push(Assumed {
                    cloud: "aws".into(),
                    identity: role_arn(&role),
                    target: role.into(),
                    by: by.into(),
                    audience: audience.map(Into::into),
                    seconds: option(rest, "--duration-seconds").and_then(|t| t.parse().ok()),
                    evidence: evidence.clone(),
                });
            }
        }
    }
    out
}

/// The value of an option of a command line: up to white space, without quotes.
fn option<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let at = text.find(name)? + name.len();
    let rest = text.get(at..)?.trim_start_matches([' ', '=', '\t']);
    let rest = rest.trim_start_matches(['"', '\'']);
    let end = if rest.starts_with("${{") {
        rest.find("}}").map(|at| at + 2)
    } else {
        rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ')' | ';'))
    };
    rest.get(..end.unwrap_or(rest.len()))
        .filter(|text| !text.is_empty())
}

/// A shell variable is the environment's, where that is known.
fn shell(text: &str, resolve: &dyn Fn(&str) -> BTreeSet<String>) -> BTreeSet<String> {
    let name = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .or_else(|| text.strip_prefix('$'));
    match name.filter(|n| n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')) {
        Some(name) => {
            let asked = format!("${{{{ env.{name} }}}}");
            let known = resolve(&asked);
            if known.contains(&asked) {
                BTreeSet::from([text.to_owned()])
            } else {
                known
            }
        }
        None => resolve(text),
    }
}

/// Shell variables that a text names: `$NAME`, `${NAME}`.
pub(in crate::reader) fn shell_variables(text: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = rest.get(at + 1..).unwrap_or_default();
        let inside = rest.strip_prefix('{').unwrap_or(rest);
        let end = inside
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(inside.len());
        let name = inside.get(..end).unwrap_or_default();
        if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            out.insert(name.to_owned());
        }
    }
    out
}

/// Whether a variable's name says that it holds a secret.
pub(in crate::reader) fn secret_like(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    [
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "PRIVATE_KEY",
        "ACCESS_KEY",
        "API_KEY",
        "APIKEY",
        "CREDENTIALS",
        "SERVICE_KEY",
        "SA_KEY",
        "AUTH_CONFIG",
    ]
    .iter()
    .any(|word| name.contains(word))
        || name.ends_with("_PAT")
}
