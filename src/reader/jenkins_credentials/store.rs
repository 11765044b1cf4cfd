//! `credentials.xml` and folders' `config.xml`: domains, and lists of credentials of many classes.

use super::{Entries, Entry};
use crate::reader::markup::{self, Element};

/// Elements whose text is a secret, whichever class has them.
const SECRETS: [&str; 16] = [
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
    "serverCaCertificate",
    "clientKey",
    "clientKeySecret",
    "secretJsonKey",
    "accessToken",
    "uploadedKeystoreBytes",
];

pub(super) fn read(entries: &mut Entries<'_, '_>) {
    let text = entries.keeping.text();
    let root = match markup::parse(text) {
        Ok(root) => root,
        Err((line, message)) => {
            entries.keeping.malformed(line, message);
            return;
        }
    };
    let folder = !root.name.contains("CredentialsProvider");
    walk(entries, &root, folder);
}

/// Finds the lists; the tree's depth is bounded by its parser.
fn walk(entries: &mut Entries<'_, '_>, element: &Element, folder: bool) {
    if element.name == "domainCredentialsMap" {
        for entry in element.named("entry") {
            let domain = entry
                .children
                .iter()
                .find(|c| c.name.ends_with("domains.Domain"));
            let domain = domain.and_then(|domain| domain.text_of("name"));
            for list in entry
                .children
                .iter()
                .filter(|c| !c.name.ends_with("domains.Domain"))
            {
                for credential in &list.children {
                    one(entries, credential, domain, folder);
                }
            }
        }
        return;
    }
    // Before domains there was one list.
    if element.name == "credentials"
        && element
            .children
            .iter()
            .any(|c| c.named("scope").next().is_some())
    {
        for credential in &element.children {
            one(entries, credential, None, folder);
        }
        return;
    }
    for child in &element.children {
        walk(entries, child, folder);
    }
}

fn one(entries: &mut Entries<'_, '_>, element: &Element, domain: Option<&str>, folder: bool) {
    let mut secrets = Vec::new();
    collect(element, &mut secrets);
    entries.add(
        &Entry {
            class: &element.name,
            id: element.text_of("id").unwrap_or_default(),
            scope: element.text_of("scope").unwrap_or_default(),
            description: element.text_of("description").unwrap_or_default(),
            username: ["username", "appID", "clientId", "roleId", "projectId"]
                .iter()
                .find_map(|name| element.text_of(name)),
            access_key: element.text_of("accessKey"),
            secrets,
            domain,
            line: element.line,
        },
        folder,
    );
}

fn collect<'e>(element: &'e Element, secrets: &mut Vec<(&'e str, u32)>) {
    for child in &element.children {
        if SECRETS.contains(&child.name.as_str()) && !child.text.is_empty() {
            secrets.push((&child.text, child.line));
        }
        collect(child, secrets);
    }
}
