//! What stands around resources and may show credentials: providers and backends that are given one in the open, and
//! outputs that show the secret of a key.

use super::sink::{Sink, Sort};
use super::{Resource, symbolic};
use crate::model::{Confidence, Exposure, Moment, Str};
use crate::platform::aws::key_id;
use std::collections::{BTreeSet, HashMap};

/// Arguments of providers and backends that are secret (their documentation on Terraform's registry).
const SECRET: [&str; 22] = [
    "access_token",
    "api_key",
    "api_token",
    "app_key",
    "application_key",
    "auth",
    "client_certificate_password",
    "client_key",
    "client_secret",
    "conn_str",
    "credentials",
    "encryption_key",
    "http_auth",
    "oidc_token",
    "password",
    "private_key",
    "sas_token",
    "secret_id",
    "secret_key",
    "sse_customer_key",
    "token",
    "token_secret",
];

/// The providers of clouds whose issuers go by another name.
fn issuer(label: &str) -> &str {
    match label {
        "s3" => "aws",
        "google" | "google-beta" | "gcs" => "gcp",
        "azurerm" | "azuread" | "azapi" | "azuredevops" => "entra",
        other => other,
    }
}

/// Credentials that a provider or a backend is given in the open.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) {
    let label = resource.text("label").unwrap_or("unknown");
    let backend = resource.kind == "backend";
    for argument in SECRET {
        give(sink, resource, label, argument, backend);
    }
    // Of a storage account the access key is the secret; elsewhere it is the public half.
    if backend && label == "azurerm" {
        give(sink, resource, label, "access_key", true);
    }
}

fn give(
    sink: &mut Sink<'_>,
    resource: &Resource,
    label: &str,
    argument: &'static str,
    backend: bool,
) {
    let Some(value) = resource.text(argument).filter(|text| !symbolic(text)) else {
        return;
    };
    // The name of a file, or a connection without a password, is no secret.
    let file = matches!(argument, "credentials" | "private_key" | "client_key")
        && !value.trim_start().starts_with(['{', '-']);
    if file || argument == "conn_str" && !value.contains('@') {
        return;
    }
    let key = (argument == "secret_key")
        .then(|| resource.text("access_key"))
        .flatten()
        .filter(|id| key_id::kind(id) == Some("access key"));
    let id = match key {
        Some(id) => format!("aws:access-key:{id}"),
        None => format!("{}#{argument}", resource.alias()),
    };
    let issuer = issuer(label);
    let (kind, title) = match (issuer, argument, backend) {
        ("aws", "secret_key", _) => ("aws-access-key", "AWS access key"),
        ("gcp", "credentials", _) => (
            "gcp-service-account-key",
            "Google Cloud service account key",
        ),
        ("entra", "client_secret", _) => ("entra-client-secret", "Entra client secret"),
        (_, "encryption_key" | "sse_customer_key", true) => {
            ("encryption-key", "Encryption key of a state")
        }
        (_, _, true) => ("terraform-backend-token", "Credential of a state's backend"),
        (_, _, false) => (
            "terraform-provider-credential",
            "Credential of a Terraform provider",
        ),
    };
    let sort = Sort {
        kind,
        issuer,
        title,
    };
    let mut found = sink.credential(resource, Some(id), sort, None);
    found.display = Some(key.map_or_else(
        || format!("{}, {argument}", resource.address).into(),
        Str::from,
    ));
    found.account = key.and_then(key_id::account).map(Str::from);
    found.expires = match kind {
        "aws-access-key" | "gcp-service-account-key" => Moment::Never,
        _ => Moment::Unknown,
    };
    sink.expose(resource, &[argument], &mut found);
    if !found.exposures.is_empty() {
        sink.facts.credentials.push(found);
    }
}

/// Attributes that are the secret of what makes them.
const SHOWN: [&str; 6] = [
    "SecretAccessKey",
    "secret",
    "ses_smtp_password_v4",
    "private_key",
    "private_key_pem",
    "result",
];

/// Outputs of templates that show the secret of a key to whoever may look at the stack.
pub(super) fn outputs(sink: &mut Sink<'_>) {
    let mut shown: HashMap<String, Vec<&Resource>> = HashMap::new();
    let all = sink.resources();
    for output in all.iter().filter(|resource| resource.kind == "output") {
        let text = output.text("value").unwrap_or_default();
        for inside in text.split("${").skip(1) {
            let Some((inside, _)) = inside.split_once('}') else {
                continue;
            };
            let Some((address, attribute)) = inside.rsplit_once('.') else {
                continue;
            };
            if !SHOWN.contains(&attribute) {
                continue;
            }
            let text = format!("${{{address}}}");
            if let Some(made) = sink.resource(output, &text) {
                shown.entry(made.alias()).or_default().push(output);
            }
        }
    }
    for credential in &mut sink.facts.credentials {
        let outputs = shown.get(&*credential.id.0).into_iter().flatten();
        for output in outputs {
            let name = output.address.trim_start_matches("output.");
            credential.exposures.insert(Exposure::in_tree(
                output.evidence.clone(),
                Confidence::High,
                BTreeSet::from([format!("output {name} shows it").into()]),
                None,
            ));
        }
    }
}
