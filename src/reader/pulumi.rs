//! Stacks of Pulumi: exports (`pulumi stack export`), and `Pulumi.<stack>.yaml` with its configuration.
//!
//! Pulumi's types and properties are those of Terraform's providers in other letters, and are read as such.

use super::Reader;
use super::resource::{self, Resource};
use super::tree::{self, Node, Value};
use crate::model::{
    Confidence, Credential, CredentialId, Document, Exposure, Facts, Moment, Presence, Probe,
    Problem, ProblemKind, Str,
};
use crate::platform::aws::arn::Arn;
use crate::platform::located;
use std::collections::BTreeSet;

const NAME: &str = "pulumi";

/// The key that marks a secret value in an export (Pulumi SDK, `sig.go`).
const SENTINEL: &str = "4dabf18193072939515e22adb298388d";

/// Types that are not what Terraform calls them but for the letters.
const TYPES: [(&str, &str); 40] = [
    ("aws:ec2/instance:Instance", "aws_instance"),
    (
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws_launch_template",
    ),
    (
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "aws_iam_openid_connect_provider",
    ),
    ("aws:iam/sshKey:SshKey", "aws_iam_user_ssh_key"),
    ("aws:s3/bucketObject:BucketObject", "aws_s3_object"),
    (
        "aws:cloudwatch/eventTarget:EventTarget",
        "aws_cloudwatch_event_target",
    ),
    (
        "gcp:serviceAccount/account:Account",
        "google_service_account",
    ),
    (
        "gcp:serviceaccount/account:Account",
        "google_service_account",
    ),
    ("gcp:serviceAccount/key:Key", "google_service_account_key"),
    ("gcp:serviceaccount/key:Key", "google_service_account_key"),
    (
        "gcp:serviceAccount/iAMMember:IAMMember",
        "google_service_account_iam_member",
    ),
    (
        "gcp:serviceaccount/iAMMember:IAMMember",
        "google_service_account_iam_member",
    ),
    (
        "gcp:serviceAccount/iAMBinding:IAMBinding",
        "google_service_account_iam_binding",
    ),
    (
        "gcp:serviceaccount/iAMBinding:IAMBinding",
        "google_service_account_iam_binding",
    ),
    (
        "gcp:projects/iAMMember:IAMMember",
        "google_project_iam_member",
    ),
    (
        "gcp:projects/iAMBinding:IAMBinding",
        "google_project_iam_binding",
    ),
    (
        "gcp:projects/iAMPolicy:IAMPolicy",
        "google_project_iam_policy",
    ),
    (
        "gcp:projects/iAMCustomRole:IAMCustomRole",
        "google_project_iam_custom_role",
    ),
    (
        "gcp:organizations/iAMMember:IAMMember",
        "google_organization_iam_member",
    ),
    (
        "gcp:organizations/iAMBinding:IAMBinding",
        "google_organization_iam_binding",
    ),
    ("gcp:folder/iAMMember:IAMMember", "google_folder_iam_member"),
    (
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        "google_storage_bucket_iam_member",
    ),
    (
        "gcp:storage/bucketIAMBinding:BucketIAMBinding",
        "google_storage_bucket_iam_binding",
    ),
    ("gcp:storage/hmacKey:HmacKey", "google_storage_hmac_key"),
    (
        "gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
        "google_iam_workload_identity_pool",
    ),
    (
        "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
        "google_iam_workload_identity_pool_provider",
    ),
    (
        "gcp:secretmanager/secretVersion:SecretVersion",
        "google_secret_manager_secret_version",
    ),
    (
        "azure:authorization/assignment:Assignment",
        "azurerm_role_assignment",
    ),
    (
        "azure:authorization/roleDefinition:RoleDefinition",
        "azurerm_role_definition",
    ),
    (
        "azure:authorization/userAssignedIdentity:UserAssignedIdentity",
        "azurerm_user_assigned_identity",
    ),
    (
        "azure:armmsi/federatedIdentityCredential:FederatedIdentityCredential",
        "azurerm_federated_identity_credential",
    ),
    (
        "azure:keyvault/accessPolicy:AccessPolicy",
        "azurerm_key_vault_access_policy",
    ),
    ("azure:keyvault/keyVault:KeyVault", "azurerm_key_vault"),
    ("azure:keyvault/secret:Secret", "azurerm_key_vault_secret"),
    ("azure:storage/account:Account", "azurerm_storage_account"),
    ("vault:index/token:Token", "vault_token"),
    (
        "vault:appRole/authBackendRole:AuthBackendRole",
        "vault_approle_auth_backend_role",
    ),
    (
        "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId",
        "vault_approle_auth_backend_role_secret_id",
    ),
    ("okta:app/oAuth:OAuth", "okta_app_oauth"),
    (
        "datadog:index/serviceAccountApplicationKey:ServiceAccountApplicationKey",
        "datadog_service_account_application_key",
    ),
];

/// Maps whose keys are the user's own.
const VERBATIM: [&str; 8] = [
    "tags",
    "tagsAll",
    "labels",
    "annotations",
    "data",
    "keepers",
    "metadata",
    "variables",
];

/// Reads stacks.
pub struct Pulumi;

impl Reader for Pulumi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        if probe.binary {
            return false;
        }
        let name = probe.origin.file_name();
        let configuration = name.starts_with("Pulumi.")
            && probe.has_extension(&["yaml", "yml"])
            && stack(name).is_some();
        configuration
            || tree::looks_like_json(probe.head)
                && (probe.head_contains("\"deployment\"") || probe.head_contains("\"checkpoint\""))
                && (probe.head_contains("\"urn:pulumi:")
                    || probe.head_contains("\"manifest\"") && probe.head_contains("\"version\""))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        if let Some(stack) = stack(document.origin.file_name()) {
            return configuration(document, stack);
        }
        let root = match located::json(document.bytes) {
            Ok(root) => root,
            Err(error) => return (Facts::default(), vec![error.problem(document, NAME)]),
        };
        let deployment = root
            .get("deployment")
            .or_else(|| root.at(&["checkpoint", "latest"]))
            .unwrap_or(&root);
        let mut problems = Vec::new();
        let mut resources = Vec::new();
        for node in deployment.list("resources") {
            match read_one(document, node) {
                Ok(found) => resources.extend(found),
                Err(message) if problems.len() < 100 => problems.push(Problem {
                    path: document.origin.path.clone(),
                    line: Some(node.line),
                    column: None,
                    kind: ProblemKind::Malformed,
                    reader: NAME,
                    message: message.into(),
                }),
                Err(_) => {}
            }
        }
        let (facts, trouble) = resource::facts(&resources);
        problems.extend(trouble);
        (facts, problems)
    }
}

/// The stack that a file `Pulumi.<stack>.yaml` configures.
fn stack(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("Pulumi.")?;
    let stack = rest
        .strip_suffix(".yaml")
        .or_else(|| rest.strip_suffix(".yml"))?;
    (!stack.is_empty()).then_some(stack)
}

fn read_one(document: &Document<'_>, node: &Node) -> Result<Option<Resource>, &'static str> {
    let (Some(kind), Some(urn)) = (node.str("type"), node.str("urn")) else {
        return Err("a resource without type or urn; left out");
    };
    // Stacks, providers and components make nothing of their own.
    let Some((terraform, manifest)) = terraform(kind) else {
        return Ok(None);
    };
    let mut attributes = Vec::new();
    for member in ["outputs", "inputs"] {
        for (key, value) in node.get(member).map_or(&[][..], Node::entries) {
            let key = snake(key);
            if !attributes.iter().any(|(known, _)| *known == key) {
                attributes.push((key.clone(), converted(value, &key, manifest, 0)));
            }
        }
    }
    if let Some(id) = node.get("id")
        && !attributes.iter().any(|(key, _)| key == "id")
    {
        attributes.push(("id".to_owned(), id.clone()));
    }
    let mut attributes = Node {
        line: node.line,
        file: 0,
        value: Value::Map(attributes),
    };
    if manifest {
        attributes = Node {
            line: node.line,
            file: 0,
            value: Value::Map(vec![("manifest".to_owned(), attributes)]),
        };
    }
    let arn = attributes.str("arn").and_then(Arn::parse);
    let account = arn.and_then(|arn| arn.customer()).map(Str::from);
    let account = account.or_else(|| attributes.str("project").map(Str::from));
    // `urn:pulumi:<stack>::<project>::<parents>$<type>::<name>`
    let mut parts = urn.trim_start_matches("urn:pulumi:").split("::");
    let (stack, project) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let name = parts.last().unwrap_or_default();
    let created = matches!(node.str("id"), Some(id) if !id.is_empty());
    Ok(Some(Resource {
        address: format!("{terraform}.{name}"),
        kind: terraform,
        estate: format!("{project}/{stack}").into(),
        account,
        attributes,
        presence: if created {
            Presence::Observed
        } else {
            Presence::Declared
        },
        data: node.bool("external") == Some(true),
        defaults: Vec::new(),
        modules: Vec::new(),
        evidence: document.at_line(NAME, node.line),
    }))
}

/// Terraform's type, and whether the properties are those of a Kubernetes manifest.
fn terraform(kind: &str) -> Option<(String, bool)> {
    if let Some((_, known)) = TYPES.iter().find(|(pulumi, _)| *pulumi == kind) {
        return Some(((*known).to_owned(), false));
    }
    let mut parts = kind.split(':');
    let (package, module, name) = (parts.next()?, parts.next()?, parts.next()?);
    match package {
        "pulumi" => return None,
        "kubernetes" if module.contains('/') => {
            return Some(("kubernetes_manifest".to_owned(), true));
        }
        "kubernetes" => return None,
        _ => {}
    }
    let package = match package {
        "gcp" => "google",
        "azure" => "azurerm",
        other => other,
    };
    let module = module.split('/').next().unwrap_or_default();
    // `V2` is another version of the same.
    let name = snake(name);
    let name = name.strip_suffix("_v2").unwrap_or(&name);
    Some((
        match module {
            // `random:index/randomPassword` is `random_password`.
            "index" | "" if name.starts_with(&format!("{package}_")) => name.to_owned(),
            "index" | "" => format!("{package}_{name}"),
            module => format!("{package}_{}_{name}", snake(module)),
        },
        false,
    ))
}

/// `assumeRolePolicy` as `assume_role_policy`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = '_';
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            if before.is_ascii_lowercase() || before.is_ascii_digit() {
                out.push('_');
            }
            out.push(c.to_ascii_lowercase());
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}

/// A value in Terraform's letters. A secret that is encrypted is nothing here; one that is not is its value.
fn converted(node: &Node, key: &str, manifest: bool, depth: usize) -> Node {
    let null = Node {
        line: node.line,
        file: 0,
        value: Value::Null,
    };
    if depth > 100 {
        return null;
    }
    let value = match &node.value {
        Value::Map(entries) if entries.iter().any(|(key, _)| key == SENTINEL) => {
            let Some(plain) = node.str("plaintext") else {
                return null;
            };
            // The plain text is JSON again.
            return match located::json(plain.as_bytes()) {
                Ok(mut inner) => {
                    inner.line = node.line;
                    converted(&inner, key, manifest, depth + 1)
                }
                Err(_) => null,
            };
        }
        Value::Map(entries) => {
            let own = manifest || VERBATIM.contains(&key);
            let entries = entries.iter().filter(|(key, _)| !key.starts_with("__"));
            Value::Map(
                entries
                    .map(|(key, value)| {
                        let inner = converted(value, key, manifest, depth + 1);
                        (if own { key.clone() } else { snake(key) }, inner)
                    })
                    .collect(),
            )
        }
        Value::List(items) => Value::List(
            items
                .iter()
                .map(|item| converted(item, key, manifest, depth + 1))
                .collect(),
        ),
        other => other.clone(),
    };
    Node {
        line: node.line,
        file: 0,
        value,
    }
}

/// Words in names of settings whose values are secrets.
const TELLING: [&str; 9] = [
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "credential",
    "connectionstring",
];

/// `Pulumi.<stack>.yaml`: secrets that are not encrypted (`secure:`).
fn configuration(document: &Document<'_>, stack: &str) -> (Facts, Vec<Problem>) {
    let mut facts = Facts::default();
    let mut problems = Vec::new();
    for part in tree::documents(document.bytes) {
        let root = match part {
            Ok(root) => root,
            Err(error) => {
                problems.push(error.problem(document, NAME));
                continue;
            }
        };
        for (key, value) in root.get("config").map_or(&[][..], Node::entries) {
            let name: String = key
                .rsplit(':')
                .next()
                .unwrap_or_default()
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .collect();
            let telling = TELLING
                .iter()
                .any(|word| name.to_ascii_lowercase().contains(word));
            let Some(text) = value.text().filter(|text| telling && text.len() >= 6) else {
                continue;
            };
            // A name, a path or a switch is none.
            if text.starts_with(['$', '/'])
                || text.contains("://") && !text.contains('@')
                || matches!(text, "false" | "true")
            {
                continue;
            }
            let mut found = Credential::new(
                CredentialId::from(format!("pulumi:{}#{key}", document.origin.path)),
                "pulumi-plain-secret",
                "unknown",
                "Secret in a stack's configuration that is not encrypted",
            );
            found.display = Some(format!("{key} of stack {stack}").into());
            found.expires = Moment::Unknown;
            let evidence = document.at_line(NAME, value.line);
            found.exposures.insert(Exposure::in_tree(
                evidence.clone(),
                Confidence::Medium,
                BTreeSet::from([Str::from("setting of a stack that is not encrypted")]),
                None,
            ));
            found.records.insert(evidence);
            facts.credentials.push(found);
        }
    }
    (facts, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_become_terraforms() {
        for (pulumi, expected) in [
            ("aws:iam/role:Role", "aws_iam_role"),
            ("aws:iam/accessKey:AccessKey", "aws_iam_access_key"),
            (
                "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
                "aws_iam_role_policy_attachment",
            ),
            ("aws:s3/bucketV2:BucketV2", "aws_s3_bucket"),
            ("gcp:serviceaccount/key:Key", "google_service_account_key"),
            (
                "azuread:index/application:Application",
                "azuread_application",
            ),
            (
                "github:index/repositoryDeployKey:RepositoryDeployKey",
                "github_repository_deploy_key",
            ),
            (
                "random:index/randomPassword:RandomPassword",
                "random_password",
            ),
            ("kubernetes:core/v1:ServiceAccount", "kubernetes_manifest"),
        ] {
            let found = terraform(pulumi).map(|(kind, _)| kind);
            assert_eq!(found.as_deref(), Some(expected), "{pulumi}");
        }
        assert!(terraform("pulumi:pulumi:Stack").is_none());
    }
}
