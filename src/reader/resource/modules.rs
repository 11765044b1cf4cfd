//! Calls of modules whose files are not there: the identities that they make, by `rules/terraform/modules.yaml`.

use super::sink::{Sink, Sort};
use super::table::{kind, platform};
use super::value::{document, text_at, texts_at};
use super::{Resource, Value, symbolic};
use crate::model::{
    Entitlement, EntitlementRole, Identity, IdentityId, IdentityKind, Moment, Platform, PolicyId,
    Scope, Str, UNREAD_MODULE, Workload,
};
use crate::platform::kubernetes::names::{self, CLUSTER, DEFAULT_NAMESPACE};
use crate::platform::{embedded, glob};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    modules: Vec<Row>,
    fallback: Vec<Fallback>,
}

/// What a module makes; the head of the file explains the fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    source: Vec<String>,
    kind: String,
    platform: String,
    #[serde(default)]
    name: Vec<String>,
    #[serde(default)]
    names: Vec<(String, String)>,
    #[serde(default)]
    label: Vec<String>,
    #[serde(default)]
    many: Vec<String>,
    prefix: Option<String>,
    default: Option<String>,
    #[serde(default)]
    namespace: Vec<String>,
    #[serde(default)]
    project: Vec<String>,
    #[serde(default)]
    policies: Vec<String>,
    #[serde(default)]
    inline: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    serves: Option<String>,
    #[serde(default)]
    subjects: Vec<String>,
    #[serde(default)]
    repositories: Vec<String>,
    #[serde(default)]
    accounts: Vec<(String, String)>,
    #[serde(default)]
    unless: BTreeMap<String, String>,
    #[serde(default)]
    only: BTreeMap<String, String>,
    key: Option<Key>,
    account: Option<Account>,
}

/// A ServiceAccount that a module makes along with a role, which it becomes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    name: Vec<String>,
    namespace: Vec<String>,
    #[serde(default)]
    unless: BTreeMap<String, String>,
}

/// A credential that a module makes along with an identity.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    kind: String,
    title: String,
    #[serde(default)]
    unless: BTreeMap<String, String>,
    #[serde(default)]
    only: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fallback {
    arguments: Vec<String>,
    kind: String,
    platform: String,
    #[serde(default)]
    namespace: Vec<String>,
}

static FILE: LazyLock<File> = LazyLock::new(|| {
    let text = embedded::TERRAFORM
        .iter()
        .find(|(name, _)| *name == "modules.yaml");
    text.and_then(|(_, text)| serde_yaml::from_str(text).ok())
        .unwrap_or_default()
});

/// Arguments that name a role that is there, which what the module makes runs as.
const RUNS_AS: [&str; 6] = [
    "role_arn",
    "iam_role_arn",
    "task_role_arn",
    "execution_role_arn",
    "lambda_role",
    "service_account_role_arn",
];

/// Most names that one argument lists.
const MOST: usize = 1_000;

/// A source without what tells where it is fetched from.
fn plain(source: &str) -> String {
    let source = source.split('?').next().unwrap_or(source);
    let source = source.strip_prefix("git::").unwrap_or(source);
    let source = ["https://", "http://", "ssh://", "git@", "tfr:///", "tfr://"]
        .iter()
        .fold(source, |text, scheme| {
            text.strip_prefix(scheme).unwrap_or(text)
        });
    source.replace(".git", "").to_ascii_lowercase()
}

fn row(source: &str) -> Option<&'static Row> {
    let file: &'static File = &FILE;
    file.modules.iter().find(|row| {
        row.source
            .iter()
            .any(|pattern| glob::matches(&pattern.to_ascii_lowercase(), source))
    })
}

fn has(resource: &Resource, asked: &BTreeMap<String, String>) -> bool {
    asked
        .iter()
        .any(|(name, value)| resource.text(name).is_some_and(|text| text == value))
}

/// What a call of a module states.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) {
    let source = plain(resource.text("source").unwrap_or_default());
    runs(sink, resource);
    match row(&source) {
        Some(row) if row.kind == "none" => {}
        Some(row) => made(sink, resource, row, &source),
        None => guessed(sink, resource, &source),
    }
}

fn first<'r>(resource: &'r Resource, names: &[String]) -> Option<&'r str> {
    names
        .iter()
        .find_map(|name| text_at(&resource.attributes, name))
}

/// The names of what a module makes.
fn called(resource: &Resource, row: &Row) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (argument, default) in &row.names {
        let name = resource.text(argument).unwrap_or(default);
        found.push(name.to_owned());
    }
    for argument in &row.many {
        let Some(node) = resource.attributes.get(argument) else {
            continue;
        };
        let prefix = row.prefix.as_deref().and_then(|name| resource.text(name));
        let named = |name: &str| match prefix {
            Some(prefix) => format!("{prefix}-{name}"),
            None => name.to_owned(),
        };
        match &node.value {
            Value::Map(entries) => found.extend(entries.iter().map(|(key, _)| named(key))),
            _ => found.extend(super::value::texts(node).into_iter().map(named)),
        }
    }
    found.truncate(MOST);
    if !found.is_empty() {
        return found;
    }
    // A label is put together from its parts.
    let parts: Vec<&str> = row
        .label
        .iter()
        .filter_map(|name| resource.text(name))
        .collect();
    if parts.len() > 1 {
        return vec![parts.join("-")];
    }
    let name = first(resource, &row.name).map(str::to_owned);
    let name = name.or_else(|| row.default.clone().filter(|default| !symbolic(default)));
    vec![name.unwrap_or_else(|| format!("${{{}}}", resource.address))]
}

fn id(
    resource: &Resource,
    of: Platform,
    kind: IdentityKind,
    name: &str,
    namespace: Option<&str>,
    project: Option<&str>,
) -> IdentityId {
    let account = resource.account();
    match (of, kind) {
        (Platform::Aws, IdentityKind::AwsUser) => format!("arn:aws:iam::{account}:user/{name}"),
        (Platform::Aws, _) => format!("arn:aws:iam::{account}:role/{name}"),
        (Platform::Gcp, _) => {
            let project = project.unwrap_or(&account);
            format!("gcp:{name}@{project}.iam.gserviceaccount.com")
        }
        (Platform::Kubernetes, _) => {
            names::account(CLUSTER, namespace.unwrap_or(DEFAULT_NAMESPACE), name)
        }
        (Platform::Entra, _) => format!("entra:{account}/{name}"),
        _ => format!("terraform:{}/{}", resource.place(), resource.address),
    }
    .into()
}

fn made(sink: &mut Sink<'_>, resource: &Resource, row: &Row, source: &str) {
    if !row.only.is_empty() && !has(resource, &row.only) {
        return;
    }
    let off = has(resource, &row.unless);
    if off {
        return;
    }
    let (of, sort) = (platform(&row.platform), kind(&row.kind));
    let namespace = first(resource, &row.namespace);
    let project = first(resource, &row.project);
    for name in called(resource, row) {
        let id = id(resource, of, sort, &name, namespace, project);
        let mut identity = declared(sink, resource, id.clone(), of, sort, &name, source);
        identity.namespace =
            (of == Platform::Kubernetes).then(|| namespace.unwrap_or(DEFAULT_NAMESPACE).into());
        if of == Platform::Kubernetes {
            identity.account = Some(CLUSTER.into());
        } else if let (Platform::Gcp, Some(project)) = (of, project) {
            identity.account = Some(project.into());
        }
        identity.serves.extend(row.serves.as_deref().map(Str::from));
        for argument in row.repositories.iter().chain(&row.subjects) {
            let given = texts_at(&resource.attributes, argument);
            let given = given
                .iter()
                .map(|text| format!("github-actions:{text}").into());
            identity.serves.extend(given);
        }
        for (space, account) in &row.accounts {
            if let (Some(space), Some(account)) = (
                text_at(&resource.attributes, space),
                text_at(&resource.attributes, account),
            ) {
                identity
                    .serves
                    .insert(format!("kubernetes:{space}/{account}").into());
            }
        }
        if of == Platform::Aws {
            identity.humanity = (
                crate::model::Humanity::NonHuman,
                format!("made by {source}").into(),
            );
            held(sink, resource, row, &id);
        }
        if of == Platform::Gcp {
            for argument in &row.roles {
                for role in texts_at(&resource.attributes, argument) {
                    // `project=>role`
                    let (on, role) = role
                        .split_once("=>")
                        .unwrap_or((project.unwrap_or("*"), role));
                    let scope = format!("gcp:projects/{on}");
                    sink.grant(resource, id.clone(), Platform::Gcp, role, &scope);
                }
            }
        }
        sink.facts.identities.push(identity);
        if let Some(account) = &row.account {
            bound(sink, resource, account, &id, source);
        }
        if let Some(key) = &row.key
            && (key.only.is_empty() || has(resource, &key.only))
            && !has(resource, &key.unless)
        {
            let sort = Sort {
                kind: &key.kind,
                issuer: &row.platform,
                title: &key.title,
            };
            let name = format!("{}#{name}", resource.alias());
            let mut key = sink.credential(resource, Some(name), sort, Some(id));
            key.expires = Moment::Never;
            sink.facts.credentials.push(key);
        }
    }
}

/// The ServiceAccount that a module makes along with a role.
fn bound(
    sink: &mut Sink<'_>,
    resource: &Resource,
    account: &Account,
    role: &IdentityId,
    source: &str,
) {
    if has(resource, &account.unless) {
        return;
    }
    let Some(name) = first(resource, &account.name) else {
        return;
    };
    let (of, sort) = (Platform::Kubernetes, IdentityKind::KubernetesServiceAccount);
    let namespace = first(resource, &account.namespace).unwrap_or(DEFAULT_NAMESPACE);
    let id = id(resource, of, sort, name, Some(namespace), None);
    let mut identity = declared(sink, resource, id, of, sort, name, source);
    identity.namespace = Some(namespace.into());
    identity.account = Some(CLUSTER.into());
    let becomes = (role.clone(), resource.evidence.clone());
    identity.becomes.insert(becomes);
    sink.facts.identities.push(identity);
}

fn declared(
    sink: &Sink<'_>,
    resource: &Resource,
    id: IdentityId,
    of: Platform,
    sort: IdentityKind,
    name: &str,
    source: &str,
) -> Identity {
    let mut identity = sink.identity(resource, id, of, sort, name);
    let call = format!("{} ({source})", resource.address);
    identity.derivation.insert(call.into());
    identity.derivation.insert(UNREAD_MODULE.into());
    identity
}

/// The policies that a module gives what it makes.
fn held(sink: &mut Sink<'_>, resource: &Resource, row: &Row, id: &IdentityId) {
    let mut policies: Vec<String> = Vec::new();
    for argument in &row.policies {
        match resource.attributes.get(argument).map(|node| &node.value) {
            Some(Value::Map(entries)) => {
                policies.extend(
                    entries
                        .iter()
                        .filter_map(|(_, v)| v.text().map(str::to_owned)),
                );
            }
            Some(_) => policies.extend(
                texts_at(&resource.attributes, argument)
                    .into_iter()
                    .map(str::to_owned),
            ),
            None => {}
        }
    }
    let scope = Scope::Account(resource.account().into());
    for arn in policies {
        let known = sink.index.policy(&resource.estate, &arn);
        sink.facts.entitlements.push(Entitlement {
            principal: id.clone(),
            policy: known.unwrap_or_else(|| PolicyId::from(arn)),
            scope: scope.clone(),
            role: EntitlementRole::Grant,
            via: format!("given to {}", resource.address).into(),
            evidence: resource.evidence.clone(),
        });
    }
    for argument in &row.inline {
        let given = super::value::walk(&resource.attributes, argument);
        if given
            .iter()
            .any(|node| document(node).is_some() || node.text().is_some())
        {
            // What it says is in the module's own policy, which is not here.
            sink.facts.entitlements.push(Entitlement {
                principal: id.clone(),
                policy: PolicyId::from(format!("{id}#inline/{argument}")),
                scope: scope.clone(),
                role: EntitlementRole::Grant,
                via: format!("given to {}", resource.address).into(),
                evidence: resource.evidence.clone(),
            });
        }
    }
}

/// What modules that no row speaks of make, as far as their arguments tell.
fn guessed(sink: &mut Sink<'_>, resource: &Resource, source: &str) {
    let file: &'static File = &FILE;
    for row in &file.fallback {
        let Some(name) = first(resource, &row.arguments) else {
            continue;
        };
        let (of, sort) = (platform(&row.platform), kind(&row.kind));
        let namespace = first(resource, &row.namespace);
        let name = match sort {
            IdentityKind::ModuleDeclared => resource.address.clone(),
            _ => name.to_owned(),
        };
        let id = id(
            resource,
            of,
            sort,
            &name,
            namespace,
            resource.text("project_id"),
        );
        let mut identity = declared(sink, resource, id, of, sort, &name, source);
        identity
            .derivation
            .insert("concluded from the module's arguments".into());
        if of == Platform::Kubernetes {
            identity.account = Some(CLUSTER.into());
            identity.namespace = Some(namespace.unwrap_or(DEFAULT_NAMESPACE).into());
        }
        for argument in ["github_repositories", "github_repository", "repositories"] {
            let given = texts_at(&resource.attributes, argument);
            let given = given
                .iter()
                .map(|text| format!("github-actions:{text}").into());
            identity.serves.extend(given);
        }
        sink.facts.identities.push(identity);
        return;
    }
}

fn runs(sink: &mut Sink<'_>, resource: &Resource) {
    for argument in RUNS_AS {
        let Some(role) = resource.text(argument) else {
            continue;
        };
        let id = sink.index.identity(&resource.estate, "aws_iam_role", role);
        let id = match id {
            Some(id) => id,
            None if role.starts_with("arn:") && !symbolic(role) => IdentityId::from(role),
            None => continue,
        };
        sink.facts.workloads.push(Workload {
            id: resource.alias().into(),
            kind: "module".into(),
            name: resource.address.as_str().into(),
            runs_as: id,
            traits: crate::model::Set::new(),
            automount: None,
            evidence: resource.evidence.clone(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_form_it_should() {
        let (_, text) = embedded::TERRAFORM
            .iter()
            .find(|(name, _)| *name == "modules.yaml")
            .unwrap();
        let file: File = serde_yaml::from_str(text).unwrap();
        for row in &file.modules {
            assert!(
                row.kind == "none" || kind(&row.kind).as_str() == row.kind,
                "{}",
                row.kind
            );
        }
    }

    #[test]
    fn sources_lead_to_their_rows() {
        for (source, expected) in [
            (
                "terraform-aws-modules/iam/aws//modules/iam-user",
                Some("aws-user"),
            ),
            (
                "git::https://github.com/terraform-aws-modules/terraform-aws-iam.git//modules/iam-assumable-role?ref=v5.0.0",
                Some("aws-role"),
            ),
            (
                "terraform-google-modules/service-accounts/google",
                Some("gcp-service-account"),
            ),
            (
                "github.com/example/cloud-platform-terraform-serviceaccount?ref=1.0",
                Some("kubernetes-service-account"),
            ),
            (
                "github.com/example/cloud-platform-terraform-irsa?ref=2.1.0",
                Some("aws-role"),
            ),
            ("cloudposse/iam-user/aws", Some("aws-user")),
            ("terraform-aws-modules/vpc/aws", None),
            (
                "terraform-aws-modules/iam/aws//modules/iam-policy",
                Some("none"),
            ),
        ] {
            let found = row(&plain(source)).map(|row| row.kind.as_str());
            assert_eq!(found, expected, "{source}");
        }
    }
}
