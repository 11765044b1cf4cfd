//! Google's credential files, and what Azure's command line keeps.

use super::Login;
use crate::model::{Humanity, Identity, IdentityId, IdentityKind, Platform, Presence};
use crate::reader::keeping::{Keeping, Secret, part, short};
use crate::reader::tree::Node;

/// Whether a JSON file is one of Google's credential files: by its type, which no other format has.
pub(super) fn google_named(file: &str, has: &dyn Fn(&str) -> bool) -> bool {
    file == "application_default_credentials.json"
        || has("\"type\"")
            && (has("\"service_account\"") && has("\"private_key_id\"")
                || has("\"authorized_user\"") && has("\"refresh_token\"")
                || has("\"external_account\"") && has("\"subject_token_type\"")
                || has("\"impersonated_service_account\""))
}

pub(super) fn google(keeping: &mut Keeping<'_>) {
    for tree in keeping.trees() {
        one(keeping, &tree, 0);
    }
}

/// One credential file, or one inside another. Returns whom it signs in as.
fn one(keeping: &mut Keeping<'_>, node: &Node, depth: usize) -> Option<IdentityId> {
    let line = |key: &str| node.get(key).map_or(node.line, |n| n.line);
    match node.str("type")? {
        "service_account" => service_account(keeping, node),
        "authorized_user" | "external_account_authorized_user" => {
            let client = node.str("client_id").unwrap_or("unknown");
            let account = node.str("account").filter(|account| !account.is_empty());
            let user = account.map_or_else(|| part(&keeping.document.origin.path), part);
            let mut identity = keeping.identity(
                format!("gcp:{user}/application-default"),
                Platform::Gcp,
                IdentityKind::GcpPrincipal,
                account.unwrap_or("user of application default credentials"),
                Presence::Referenced,
                line("client_id"),
            );
            identity.humanity = (
                Humanity::Human,
                "credentials of a person who signed in".into(),
            );
            identity.traits.insert("user-credentials".into());
            if let Some(project) = node.str("quota_project_id") {
                identity.account = Some(short(project));
            }
            identity
                .derivation
                .insert(short(&format!("signed in through the client {client}")));
            let id = identity.id.clone();
            let token = node.get("refresh_token");
            if let Some((text, at)) = token.and_then(|n| Some((n.text()?, n.line))) {
                let what = Secret {
                    kind: "refresh-token",
                    title: "Google refresh token",
                    issuer: "google",
                    basis: "refresh token of the same file",
                    traits: &[],
                };
                let judged = keeping.judge(text);
                keeping.judged(&mut identity, text, judged, at, &what);
            }
            keeping.facts.identities.push(identity);
            Some(id)
        }
        "external_account" => {
            let audience = node.str("audience").unwrap_or_default();
            let subject = audience.trim_start_matches("//iam.googleapis.com/");
            let mut identity = keeping.identity(
                format!("gcp:{}", part(subject)),
                Platform::Gcp,
                IdentityKind::GcpPrincipal,
                subject,
                Presence::Referenced,
                line("audience"),
            );
            identity.traits.insert("federated".into());
            if node.at(&["credential_source", "executable"]).is_some() {
                identity.traits.insert("credential-process".into());
                identity
                    .derivation
                    .insert("its token comes from a program".into());
            }
            if let Some(url) = node.str("service_account_impersonation_url") {
                becomes(
                    keeping,
                    &mut identity,
                    url,
                    line("service_account_impersonation_url"),
                );
            }
            let id = identity.id.clone();
            keeping.facts.identities.push(identity);
            Some(id)
        }
        "impersonated_service_account" if depth < 8 => {
            let source = node.get("source_credentials")?;
            let from = one(keeping, source, depth + 1)?;
            let url = node.str("service_account_impersonation_url")?;
            let last = keeping
                .facts
                .identities
                .iter()
                .rposition(|i| i.id == from)?;
            let mut identity = keeping.facts.identities.remove(last);
            // `delegates` stand between, in order; each is made by the one before.
            for delegate in node.strings("delegates") {
                let address = delegate.rsplit('/').next().unwrap_or(&delegate).to_owned();
                becomes(keeping, &mut identity, &address, line("delegates"));
            }
            becomes(
                keeping,
                &mut identity,
                url,
                line("service_account_impersonation_url"),
            );
            keeping.facts.identities.push(identity);
            Some(from)
        }
        _ => None,
    }
}

/// The service account that an address or a URL of impersonation names.
fn becomes(keeping: &mut Keeping<'_>, identity: &mut Identity, url: &str, line: u32) {
    let name = url.rsplit('/').next().unwrap_or_default();
    let address = name.split(':').next().unwrap_or_default();
    if !address.contains('@') {
        return;
    }
    let target = format!("gcp:{}", short(address));
    let account = keeping.identity(
        target.clone(),
        Platform::Gcp,
        IdentityKind::GcpServiceAccount,
        address,
        Presence::Referenced,
        line,
    );
    keeping.facts.identities.push(account);
    let evidence = keeping.at(line);
    identity.becomes.insert((target.into(), evidence));
}

fn service_account(keeping: &mut Keeping<'_>, node: &Node) -> Option<IdentityId> {
    let email = node.get("client_email")?;
    let address = email.text().filter(|a| a.contains('@'))?;
    let mut identity = keeping.identity(
        format!("gcp:{}", short(address)),
        Platform::Gcp,
        IdentityKind::GcpServiceAccount,
        address,
        Presence::Referenced,
        email.line,
    );
    identity.humanity = (Humanity::NonHuman, "Google service account".into());
    identity.account = node.str("project_id").map(short);
    let id = identity.id.clone();
    if let Some(number) = node.str("client_id").filter(|id| !id.is_empty()) {
        identity.aliases.insert(short(number));
    }
    let key = node.get("private_key");
    if let Some((text, line)) = key.and_then(|n| Some((n.text()?, n.line))) {
        // Only the detector's finding: a key that it does not take for one is an example.
        let armoured = text.contains("PRIVATE KEY");
        if armoured && keeping.found_at(line) {
            let what = Secret {
                kind: "private-key",
                title: "key of a Google service account",
                issuer: "google",
                basis: "client_email of the same file",
                traits: &[],
            };
            identity.traits.insert("secret-in-file".into());
            keeping.secret(text, line, &what, &id);
        }
    }
    keeping.facts.identities.push(identity);
    Some(id)
}

/// `accessTokens.json` and the cache of MSAL: who is signed in.
pub(super) fn azure(keeping: &mut Keeping<'_>) {
    for tree in keeping.trees() {
        for entry in tree.items() {
            let tenant = entry
                .str("_authority")
                .map(|a| a.rsplit('/').next().unwrap_or(a).to_owned());
            azure_entry(
                keeping,
                entry,
                entry.str("userId").or(entry.str("servicePrincipalId")),
                tenant.as_deref(),
                "refreshToken",
            );
        }
        let accounts = tree.get("Account").map_or(&[][..], Node::entries);
        for (_, account) in accounts {
            azure_entry(
                keeping,
                account,
                account.str("username"),
                account.str("realm"),
                "",
            );
        }
    }
}

fn azure_entry(
    keeping: &mut Keeping<'_>,
    entry: &Node,
    user: Option<&str>,
    tenant: Option<&str>,
    token: &str,
) {
    let Some(user) = user else {
        return;
    };
    let tenant = tenant.unwrap_or("common");
    let mut identity = keeping.identity(
        format!("entra:{}/{}", part(tenant), part(user)),
        Platform::Entra,
        IdentityKind::EntraPrincipal,
        user,
        Presence::Referenced,
        entry.line,
    );
    identity.account = Some(short(tenant));
    identity.traits.insert("user-credentials".into());
    if user.contains('@') {
        identity.humanity = (
            Humanity::Human,
            "user name of a person who signed in".into(),
        );
    }
    let secret = entry.get(token).and_then(|n| Some((n.text()?, n.line)));
    if let Some((text, line)) = secret {
        let what = Secret {
            kind: "refresh-token",
            title: "Entra refresh token",
            issuer: "microsoft",
            basis: "user of the same entry",
            traits: &[],
        };
        let judged = keeping.judge(text);
        keeping.judged(&mut identity, text, judged, line, &what);
    }
    keeping.facts.identities.push(identity);
}

/// `service_principal_entries.json`: applications that `az login --service-principal` keeps with their secrets.
pub(super) fn azure_principals(keeping: &mut Keeping<'_>) {
    for tree in keeping.trees() {
        for entry in tree.items().iter().chain(std::iter::once(&tree)) {
            let client = entry.str("client_id").or(entry.str("servicePrincipalId"));
            let Some((client, secret)) = client.zip(entry.get("client_secret")) else {
                continue;
            };
            let tenant = entry.str("tenant").or(entry.str("servicePrincipalTenant"));
            let id = keeping.login(&Login {
                host: tenant.unwrap_or("common"),
                user: Some(client),
                secret: secret.text().unwrap_or_default(),
                line: secret.line,
                what: Secret {
                    kind: "client-secret",
                    title: "Entra client secret",
                    issuer: "microsoft",
                    basis: "client of the same entry",
                    traits: &[],
                },
                kind: IdentityKind::EntraApplication,
                platform: Platform::Entra,
                realm: "entra",
            });
            if let Some(identity) = keeping.facts.identities.iter_mut().rfind(|i| i.id == id) {
                identity.account = tenant.map(short);
            }
        }
    }
}
