//! `.terraform/terraform.tfstate`: where the state is kept, with the credentials that `terraform init` was given.

use super::Reader;
use super::tree::Node;
use crate::model::{
    Confidence, Credential, CredentialId, Document, Exposure, Facts, Moment, Probe, Problem, Str,
};
use crate::platform::aws::key_id;
use crate::platform::located;
use std::collections::BTreeSet;

const NAME: &str = "terraform-backend";

/// Arguments of backends that are secret (Terraform documentation, "Backend configuration"), what they are and
/// who issued them.
const SECRET: [(&str, &str, &str, &str); 16] = [
    ("secret_key", "aws-access-key", "aws", "AWS access key"),
    (
        "token",
        "terraform-backend-token",
        "unknown",
        "Token of a state's backend",
    ),
    (
        "access_key",
        "azure-service-key",
        "azure",
        "Azure storage account key",
    ),
    (
        "sas_token",
        "azure-sas",
        "azure",
        "Azure shared access signature",
    ),
    (
        "client_secret",
        "entra-client-secret",
        "entra",
        "Entra client secret",
    ),
    (
        "client_certificate_password",
        "entra-certificate",
        "entra",
        "Password of a client certificate",
    ),
    (
        "oidc_token",
        "oidc-token",
        "unknown",
        "OIDC token of a state's backend",
    ),
    (
        "credentials",
        "gcp-service-account-key",
        "gcp",
        "Google Cloud service account key",
    ),
    (
        "access_token",
        "terraform-backend-token",
        "unknown",
        "Token of a state's backend",
    ),
    (
        "encryption_key",
        "encryption-key",
        "unknown",
        "Encryption key of a state",
    ),
    (
        "sse_customer_key",
        "encryption-key",
        "unknown",
        "Encryption key of a state",
    ),
    (
        "password",
        "terraform-backend-password",
        "unknown",
        "Password of a state's backend",
    ),
    (
        "http_auth",
        "terraform-backend-password",
        "unknown",
        "Password of a state's backend",
    ),
    (
        "conn_str",
        "database-password",
        "unknown",
        "Database connection of a state's backend",
    ),
    (
        "secret_id",
        "terraform-backend-token",
        "unknown",
        "Key of a state's backend",
    ),
    (
        "client_certificate",
        "entra-certificate",
        "entra",
        "Client certificate of a state's backend",
    ),
];

/// Reads where states are kept.
pub struct TerraformBackend;

impl Reader for TerraformBackend {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        !probe.binary
            && probe.origin.file_name() == "terraform.tfstate"
            && (probe.origin.path.contains(".terraform/") || probe.head_contains("\"backend\":"))
            && crate::platform::tree::looks_like_json(probe.head)
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let root = match located::json(document.bytes) {
            Ok(root) => root,
            Err(error) => return (Facts::default(), vec![error.problem(document, NAME)]),
        };
        let mut facts = Facts::default();
        let kind = root.at(&["backend", "type"]).and_then(Node::text);
        let kind = kind.unwrap_or("unknown");
        if let Some(config) = root.at(&["backend", "config"]) {
            for row in SECRET {
                facts.credentials.extend(one(document, kind, config, row));
            }
        }
        (facts, Vec::new())
    }
}

fn one(
    document: &Document<'_>,
    backend: &str,
    config: &Node,
    (argument, kind, issuer, title): (&str, &str, &str, &str),
) -> Option<Credential> {
    let node = config.get(argument)?;
    let value = node.text().filter(|text| !text.is_empty())?;
    // Of `s3` the access key is the public half, of `azurerm` it is the secret.
    if argument == "access_key" && backend != "azurerm"
        // A path or the name of one is no key.
        || argument == "credentials" && !value.trim_start().starts_with('{')
        || argument == "conn_str" && !value.contains('@')
    {
        return None;
    }
    let id = config
        .str("access_key")
        .filter(|id| argument == "secret_key" && key_id::kind(id) == Some("access key"));
    let name = match id {
        Some(id) => format!("aws:access-key:{id}"),
        None => format!("terraform-backend:{}#{argument}", document.origin.path),
    };
    let mut found = Credential::new(CredentialId::from(name), kind, issuer, title);
    found.display = Some(id.map_or_else(
        || format!("backend {backend}, {argument}").into(),
        Str::from,
    ));
    found.account = id.and_then(key_id::account).map(Str::from);
    if issuer == "aws" || argument == "access_key" {
        found.expires = Moment::Never;
    }
    let evidence = document.at_line(NAME, node.line);
    found.exposures.insert(Exposure::in_tree(
        evidence.clone(),
        Confidence::High,
        BTreeSet::from([format!("argument {argument} of a state's backend").into()]),
        None,
    ));
    found.records.insert(evidence);
    Some(found)
}
