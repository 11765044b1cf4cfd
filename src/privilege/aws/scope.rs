//! Resource patterns, as far as one can say what they are worth to an action.

use super::statement::{Probe, known, spelling};
use crate::platform::aws::pattern::is_everything;
use crate::platform::glob;
use std::collections::BTreeMap;

/// Whether a pattern matches all that the action works on, as far as that is known: everything, every
/// resource of the action's service, or, for IAM, every resource of the kind that the action is about. A policy
/// that names the account whose principals hold it, `home`, means all that they can act on there.
pub(super) fn blankets(pattern: &str, probe: Probe, home: Option<&str>) -> bool {
    if is_everything(pattern) {
        return true;
    }
    let assumes = spelling(probe).starts_with("sts:AssumeRole");
    let anywhere = home.filter(|_| !assumes).and_then(|home| {
        let mut parts: Vec<&str> = pattern.splitn(6, ':').collect();
        let account = parts.get_mut(4).filter(|account| **account == home)?;
        *account = "*";
        Some(parts.join(":"))
    });
    let pattern = anywhere.as_deref().unwrap_or(pattern);
    if known(probe).is_some_and(|action| action.is_covered_by(pattern)) {
        return true;
    }
    let Some((service, verb)) = spelling(probe).split_once(':') else {
        return false;
    };
    let assumes = service == "sts" && verb.starts_with("AssumeRole");
    let service = if assumes { "iam" } else { service };
    let mut parts = pattern.splitn(6, ':');
    let mut part = || parts.next().unwrap_or_default();
    let (arn, _, of, region, account, resource) = (part(), part(), part(), part(), part(), part());
    let open = |part: &str| part.is_empty() || part.bytes().all(|b| b == b'*');
    if arn != "arn" || !glob::matches(of, service) || !open(region) {
        return false;
    }
    if service != "iam" {
        // Every launch makes an instance, whatever else it takes.
        let launched = verb == "RunInstances" && resource == "instance/*";
        return open(account) && (resource == "*" || launched);
    }
    // IAM's own actions work on their own account, whatever its id; roles of any account can be assumed.
    if assumes && !open(account) {
        return false;
    }
    resource == "*" || kind(verb).is_some_and(|kind| resource.strip_suffix("/*") == Some(kind))
}

/// The kind of resource that an action of IAM, or the assuming of a role, is about.
fn kind(verb: &str) -> Option<&'static str> {
    [
        ("PolicyVersion", "policy"),
        ("Role", "role"),
        ("Group", "group"),
        ("User", "user"),
        ("AccessKey", "user"),
        ("LoginProfile", "user"),
    ]
    .into_iter()
    .find(|(word, _)| verb.contains(word))
    .map(|(_, kind)| kind)
}

/// Whether a pattern can match a resource that the action works on. To an action that the table does not know
/// any pattern will do.
pub(super) fn speaks_of(probe: Probe, pattern: &str) -> bool {
    let loose = loosened(pattern);
    let pattern = loose.as_deref().unwrap_or(pattern);
    known(probe).is_none_or(|action| action.works_on(pattern))
}

/// Whether a variable is an expression of infrastructure code that files do not decide (`module.data.bucket_arn`),
/// rather than one of IAM's own, which have a colon after their service (`aws:username`).
fn undecided(variable: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let rest = variable.trim_start_matches(word);
    !rest.starts_with(':') && !matches!(variable.trim(), "*" | "?" | "$")
}

/// The expressions in a pattern that files do not decide.
pub(super) fn open_expressions(pattern: &str) -> impl Iterator<Item = &str> {
    let parts = pattern.split("${").skip(1);
    parts
        .filter_map(|part| part.split_once('}').map(|(inside, _)| inside))
        .filter(|inside| undecided(inside))
}

/// A pattern with anything in the place of what files do not decide; `None` where they decide it all. It is one
/// resource (or so many) that is meant: nothing that takes every resource fits.
pub(super) fn loosened(pattern: &str) -> Option<String> {
    open_expressions(pattern).next()?;
    let mut text = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        match after.split_once('}') {
            Some((inside, tail)) if undecided(inside) => {
                text.push('*');
                rest = tail;
            }
            _ => {
                text.push_str("${");
                rest = after;
            }
        }
    }
    text.push_str(rest);
    Some(match is_everything(&text) {
        true => "arn:*:*".to_owned(),
        false => text,
    })
}

/// Whether a pattern can match no other user than this one: its last part is the user's own name.
pub(super) fn own_only(pattern: &str, own: &str) -> bool {
    let name = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    pattern.contains('/') && name(pattern) == name(own) || pattern == own
}

/// A pattern with its policy variables filled in; `None` when one has no value, and so nothing matches.
/// What only a request tells matches anything.
pub(super) fn substituted(pattern: &str, values: &BTreeMap<String, String>) -> Option<String> {
    let mut text = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        let Some((variable, tail)) = after.split_once('}') else {
            text.push_str("${");
            rest = after;
            continue;
        };
        let (name, default) = match variable.split_once(',') {
            Some((name, default)) if !undecided(name) => {
                (name.trim(), Some(default.trim().trim_matches('\'')))
            }
            _ => (variable.trim(), None),
        };
        let key = name.to_ascii_lowercase();
        match (values.get(&key), default) {
            (Some(value), _) => text.push_str(value),
            (None, Some(default)) => text.push_str(default),
            // `${*}`, `${?}` and `${$}` are those characters themselves; one character, then.
            (None, None) if matches!(name, "*" | "?" | "$") => text.push('?'),
            (None, None) if key == "aws:username" || key.starts_with("aws:principaltag/") => {
                return None;
            }
            (None, None) if undecided(name) => {
                text.push_str("${");
                text.push_str(variable);
                text.push('}');
            }
            (None, None) => text.push('*'),
        }
        rest = tail;
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_that_files_do_not_decide_are_no_wildcards() {
        for (pattern, expected) in [
            ("${module.data.bucket_arn}/*", Some("*/*")),
            ("${var.resource}", Some("arn:*:*")),
            (
                "arn:aws:s3:::${var.x ? \"a\" : \"b\"}/k",
                Some("arn:aws:s3:::*/k"),
            ),
            (
                "arn:aws:s3:::b/${aws:username}/${var.k}",
                Some("arn:aws:s3:::b/${aws:username}/*"),
            ),
            ("arn:aws:iam::*:user/${aws:username}", None),
            ("arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}", None),
            ("arn:aws:s3:::b/${*}", None),
            ("*", None),
        ] {
            assert_eq!(loosened(pattern).as_deref(), expected, "{pattern}");
            if expected.is_some() {
                let left = substituted(pattern, &BTreeMap::new());
                assert!(left.is_none_or(|left| left.contains("${")), "{pattern}");
            }
        }
    }
}
