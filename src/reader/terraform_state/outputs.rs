//! Outputs that give away what resources keep secret.

use super::State;
use crate::model::{Confidence, Exposure, Facts, Str};
use crate::platform::tree::{Node, Value};
use std::collections::{BTreeSet, HashMap};

/// Attributes that hold secrets, whatever the type.
const SECRET: [&str; 24] = [
    "authentication_token",
    "client_secret",
    "client_token",
    "key",
    "key_string",
    "master_password",
    "password",
    "primary_access_key",
    "primary_key",
    "private_key",
    "private_key_openssh",
    "private_key_pem",
    "result",
    "sas",
    "secondary_access_key",
    "secondary_key",
    "secret",
    "secret_data",
    "secret_id",
    "secret_string",
    "service_password",
    "ses_smtp_password_v4",
    "token",
    "value",
];

/// Shorter values are no secrets, and could be anything's.
const SHORTEST: usize = 8;

/// Adds an exposure to the credential whose value an output repeats.
pub(super) fn read(state: &State<'_>, root: &Node, facts: &mut Facts) {
    let outputs = root
        .get("outputs")
        .or_else(|| root.at(&["values", "outputs"]));
    let outputs = outputs.or_else(|| root.at(&["planned_values", "outputs"]));
    let Some(outputs) = outputs else { return };
    // The lines of credentials' records are those of their resources.
    let mut secrets: HashMap<&str, Option<u32>> = HashMap::new();
    for resource in &state.resources {
        for name in SECRET {
            if let Some(text) = resource
                .attributes
                .str(name)
                .filter(|t| t.len() >= SHORTEST)
            {
                secrets.insert(text, resource.evidence.line);
            }
        }
    }
    if secrets.is_empty() {
        return;
    }
    let mut given: HashMap<u32, Vec<Exposure>> = HashMap::new();
    for (name, output) in outputs.entries() {
        let sensitive = output.bool("sensitive") == Some(true);
        let Some(value) = output.get("value") else {
            continue;
        };
        let mut texts = Vec::new();
        gather(value, &mut texts, 0);
        for (text, line) in texts {
            let Some(Some(of)) = secrets.get(text) else {
                continue;
            };
            let marked = if sensitive {
                "marked sensitive"
            } else {
                "not marked sensitive"
            };
            let reason = format!("output {name}, {marked}");
            given.entry(*of).or_default().push(Exposure::in_tree(
                state.evidence(line),
                Confidence::High,
                BTreeSet::from([Str::from(reason)]),
                None,
            ));
        }
    }
    for credential in &mut facts.credentials {
        let lines: Vec<u32> = credential.records.iter().filter_map(|e| e.line).collect();
        for line in lines {
            if let Some(exposures) = given.get(&line) {
                credential
                    .exposures
                    .extend(exposures.iter().take(100).cloned());
            }
        }
    }
}

fn gather<'n>(node: &'n Node, found: &mut Vec<(&'n str, u32)>, depth: usize) {
    if depth > 100 {
        return;
    }
    match &node.value {
        Value::Scalar { text, .. } if text.len() >= SHORTEST => found.push((text, node.line)),
        Value::List(items) => items.iter().for_each(|n| gather(n, found, depth + 1)),
        Value::Map(entries) => entries
            .iter()
            .for_each(|(_, n)| gather(n, found, depth + 1)),
        _ => {}
    }
}
