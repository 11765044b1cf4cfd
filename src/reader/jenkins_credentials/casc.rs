//! Configuration as Code: `credentials.system.domainCredentials`, with references or literals for values.

use super::{Entries, Entry};
use crate::reader::tree::Node;

/// Keys whose values are secrets, whichever class has them.
const SECRETS: [&str; 13] = [
    "password",
    "secret",
    "secretBytes",
    "privateKey",
    "passphrase",
    "secretKey",
    "apiToken",
    "token",
    "clientSecret",
    "secretId",
    "clientKeySecret",
    "secretJsonKey",
    "accessToken",
];

pub(super) fn read(entries: &mut Entries<'_, '_>) {
    for tree in entries.keeping.trees() {
        // A chart's values hold the same, below `JCasC.configScripts`, as text.
        let Some(domains) = tree.at(&["credentials", "system", "domainCredentials"]) else {
            continue;
        };
        for domain in domains.items() {
            let name = domain.at(&["domain", "name"]).and_then(Node::text);
            for credential in domain.list("credentials") {
                for (class, node) in credential.entries() {
                    one(entries, class, node, name);
                }
            }
        }
    }
}

fn one(entries: &mut Entries<'_, '_>, class: &str, node: &Node, domain: Option<&str>) {
    let mut secrets = Vec::new();
    collect(node, &mut secrets);
    entries.add(
        &Entry {
            class,
            id: node.str("id").unwrap_or_default(),
            // What the plugin takes where nothing is said.
            scope: node.str("scope").unwrap_or("GLOBAL"),
            description: node.str("description").unwrap_or_default(),
            username: ["username", "appID", "clientId", "roleId", "projectId"]
                .iter()
                .find_map(|name| node.str(name)),
            access_key: node.str("accessKey"),
            secrets,
            domain,
            line: node.line,
        },
        false,
    );
}

fn collect<'n>(node: &'n Node, secrets: &mut Vec<(&'n str, u32)>) {
    for (key, value) in node.entries() {
        match value.text() {
            Some(text) if SECRETS.contains(&key.as_str()) && !text.is_empty() => {
                secrets.push((text, value.line));
            }
            Some(_) => {}
            None => collect(value, secrets),
        }
    }
}
