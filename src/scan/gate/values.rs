//! Values of credentials that code put together into names: `"app-${var.password}"`.
//!
//! The detector knows formats of tokens in any text, but a password only by the name it is given to. What it found
//! where it was given is looked for in the names of what is declared.

use crate::detect::Detector;
use crate::snapshot::Snapshot;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeSet, HashSet};

/// Shortest value that is looked for: what is shorter is also a word of its own.
const SHORTEST: usize = 8;
/// Longest name whose parts are looked at.
const LONGEST: usize = 256;
/// Most breaks of a name between which parts are looked at.
const BREAKS: usize = 16;
/// What stands for a value.
const REDACTED: &str = "…";

/// Takes values of credentials out of every text of the snapshot, if a name holds any.
pub(super) fn strike(snapshot: &mut Snapshot, detector: &Detector) {
    let values = held(snapshot, detector);
    if values.is_empty() {
        return;
    }
    each(&mut snapshot.identities, &values);
    each(&mut snapshot.credentials, &values);
    each(&mut snapshot.trusts, &values);
    each(&mut snapshot.workloads, &values);
    each(&mut snapshot.jobs, &values);
    each(&mut snapshot.secret_uses, &values);
    each(&mut snapshot.containers, &values);
    each(&mut snapshot.owners, &values);
    each(&mut snapshot.declarations, &values);
    each(&mut snapshot.vendors, &values);
    each(&mut snapshot.findings, &values);
    each(std::slice::from_mut(&mut snapshot.coverage), &values);
}

/// The parts of names that are values of credentials, the longest first.
fn held(snapshot: &Snapshot, detector: &Detector) -> Vec<String> {
    let exposed = snapshot.credentials.iter();
    let exposed = exposed.filter(|credential| credential.id.starts_with("secret:"));
    let known: HashSet<&str> = exposed.map(|credential| &*credential.id).collect();
    let mut values = BTreeSet::new();
    if known.is_empty() {
        return Vec::new();
    }
    for identity in &snapshot.identities {
        // What only an export lists is called what it is called.
        if identity
            .presence
            .iter()
            .any(|presence| *presence == "declared")
        {
            for part in parts(&identity.name) {
                if !values.contains(part) && known.contains(&*detector.unnamed(part).0.0) {
                    values.insert(part.to_owned());
                }
            }
        }
    }
    let mut values: Vec<String> = values.into_iter().collect();
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values
}

/// Every part of a name that lies between two breaks and could be a secret: letters and digits, not only one sort.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    let name = if name.len() > LONGEST { "" } else { name };
    let breaks = || {
        name.match_indices(|c: char| !c.is_alphanumeric())
            .take(BREAKS)
    };
    let starts: Vec<usize> = std::iter::once(0)
        .chain(breaks().map(|(at, text)| at + text.len()))
        .collect();
    let ends: Vec<usize> = breaks()
        .map(|(at, _)| at)
        .chain(std::iter::once(name.len()))
        .collect();
    starts.into_iter().flat_map(move |start| {
        let ends = ends
            .clone()
            .into_iter()
            .filter(move |end| *end >= start + SHORTEST);
        let parts = ends.filter_map(move |end| name.get(start..end));
        parts.filter(|part| {
            part.bytes().any(|b| b.is_ascii_digit())
                && part.bytes().any(|b| b.is_ascii_alphabetic())
        })
    })
}

fn each<T: Serialize + DeserializeOwned + Default>(items: &mut [T], values: &[String]) {
    for item in items {
        // What cannot be serialised cannot be written either.
        let Ok(mut value) = serde_json::to_value(&*item) else {
            *item = T::default();
            continue;
        };
        if replace(&mut value, values) {
            *item = serde_json::from_value(value).unwrap_or_default();
        }
    }
}

/// Whether something was replaced.
fn replace(value: &mut serde_json::Value, values: &[String]) -> bool {
    match value {
        serde_json::Value::String(text) => {
            let mut any = false;
            for secret in values {
                if text.contains(secret.as_str()) {
                    *text = text.replace(secret.as_str(), REDACTED);
                    any = true;
                }
            }
            any
        }
        serde_json::Value::Array(items) => {
            let mut any = false;
            for item in items {
                any |= replace(item, values);
            }
            any
        }
        serde_json::Value::Object(fields) => {
            let mut any = false;
            for field in fields.values_mut() {
                any |= replace(field, values);
            }
            any
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn parts_may_hold_breaks() {
        let found: Vec<&str> = parts("app-Hunter2-xyzzy").collect();
        assert_eq!(found, ["app-Hunter2", "app-Hunter2-xyzzy", "Hunter2-xyzzy"]);
        assert_eq!(parts("payments-api").count(), 0);
    }
}
