//! Resources whose meaning a table tells: `rules/terraform/resources.yaml`.

use super::sink::{Sink, Sort, ends};
use super::value::{text_at, texts_at, walk};
use super::{Resource, Value, symbolic};
use crate::model::{CredentialStatus, IdentityId, IdentityKind, Moment, Platform, Str};
use crate::platform::embedded;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    resources: Vec<Row>,
}

/// What resources of these types mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    types: Vec<String>,
    /// As the model spells it; `none` where a credential is of no platform in particular.
    platform: String,
    identity: Option<Makes>,
    #[serde(default)]
    credentials: Vec<Issues>,
    #[serde(default)]
    grants: Vec<Gives>,
}

/// An identity that a resource makes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Makes {
    /// The kind, as the model spells it.
    kind: String,
    /// The part of the id that says what it is: `service-account`.
    segment: String,
    /// Paths of its name, the first that is there counts.
    name: Vec<String>,
    /// An attribute that must have this value for it to be one: `{type: service}`.
    #[serde(default)]
    only: HashMap<String, String>,
    /// Attributes that switch it off when they have this value.
    #[serde(default)]
    off: HashMap<String, String>,
    /// When it ends.
    #[serde(default)]
    ends: Vec<String>,
}

/// A credential that a resource makes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Issues {
    kind: String,
    title: String,
    issuer: String,
    /// Attributes that name whose it is; `self` for the identity of the same resource.
    #[serde(default)]
    of: Vec<String>,
    /// Where what `of` names is not declared: the segment of its id and its kind.
    holder: Option<(String, String)>,
    /// Attributes with the time at which it ends.
    #[serde(default)]
    at: Vec<String>,
    /// Attributes with the time after which it ends.
    #[serde(default)]
    after: Vec<String>,
    /// What holds where none of those is set: `never` (the default) or `unknown`.
    #[serde(default)]
    without: Option<String>,
    /// Attributes whose values are secret.
    #[serde(default)]
    secret: Vec<String>,
    /// Only where one of the secrets stands in the open.
    #[serde(default)]
    exposed_only: bool,
    /// Attributes that must have this value.
    #[serde(default)]
    only: HashMap<String, String>,
}

/// A grant that a resource makes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gives {
    /// Attributes that name who is given it; `self` for the identity of the same resource.
    to: Vec<String>,
    /// Where what `to` names is not declared: the segment of its id and its kind.
    holder: Option<(String, String)>,
    /// Paths of the roles.
    #[serde(default)]
    roles: Vec<String>,
    /// What stands before a role's name in the table of roles: `repository:`.
    #[serde(default)]
    prefix: String,
    /// Roles that it gives always.
    #[serde(default)]
    always: Vec<String>,
    /// Attributes that give a role when they have a value: `[attribute, value, role]`.
    #[serde(default)]
    when: Vec<(String, String, String)>,
    /// Attributes that name what it is on.
    #[serde(default)]
    on: Vec<String>,
    /// What that is: `repository`.
    #[serde(default)]
    scope: String,
}

static FILE: LazyLock<File> = LazyLock::new(|| {
    let text = embedded::TERRAFORM
        .iter()
        .find(|(name, _)| *name == "resources.yaml");
    text.and_then(|(_, text)| serde_yaml::from_str(text).ok())
        .unwrap_or_default()
});

static ROWS: LazyLock<HashMap<&'static str, &'static Row>> = LazyLock::new(|| {
    let file: &'static File = &FILE;
    let rows = file.resources.iter();
    rows.flat_map(|row| row.types.iter().map(move |kind| (kind.as_str(), row)))
        .collect()
});

fn row(resource: &Resource) -> Option<&'static Row> {
    ROWS.get(resource.kind.as_str()).copied()
}

/// The platform of this name.
pub(super) fn platform(name: &str) -> Platform {
    const ALL: [Platform; 13] = [
        Platform::Aws,
        Platform::Kubernetes,
        Platform::Gcp,
        Platform::Entra,
        Platform::GitHub,
        Platform::GitLab,
        Platform::Vault,
        Platform::Okta,
        Platform::Snowflake,
        Platform::Databricks,
        Platform::Datadog,
        Platform::Grafana,
        Platform::Registry,
    ];
    let found = ALL.into_iter().find(|platform| platform.as_str() == name);
    found.unwrap_or(Platform::Other)
}

/// The kind of identity of this name.
pub(super) fn kind(name: &str) -> IdentityKind {
    const ALL: [IdentityKind; 16] = [
        IdentityKind::AwsUser,
        IdentityKind::AwsRole,
        IdentityKind::KubernetesServiceAccount,
        IdentityKind::GcpServiceAccount,
        IdentityKind::GcpPrincipal,
        IdentityKind::EntraApplication,
        IdentityKind::EntraManagedIdentity,
        IdentityKind::EntraPrincipal,
        IdentityKind::DeployKey,
        IdentityKind::App,
        IdentityKind::ServiceAccount,
        IdentityKind::DatabaseUser,
        IdentityKind::VaultRole,
        IdentityKind::RegistryAccount,
        IdentityKind::ServiceConnection,
        IdentityKind::ModuleDeclared,
    ];
    let found = ALL.into_iter().find(|kind| kind.as_str() == name);
    found.unwrap_or(IdentityKind::ServiceAccount)
}

/// Whether attributes have the values that are asked for.
fn all(resource: &Resource, asked: &HashMap<String, String>) -> bool {
    asked.iter().all(|(name, value)| {
        resource
            .text(name)
            .is_some_and(|text| text.eq_ignore_ascii_case(value))
    })
}

fn any(resource: &Resource, asked: &HashMap<String, String>) -> bool {
    asked.iter().any(|(name, value)| {
        resource
            .text(name)
            .is_some_and(|text| text.eq_ignore_ascii_case(value))
    })
}

fn name(resource: &Resource, makes: &Makes) -> String {
    let told = makes
        .name
        .iter()
        .find_map(|path| text_at(&resource.attributes, path));
    told.map_or_else(|| format!("${{{}}}", resource.address), str::to_owned)
}

fn id_of(row: &Row, resource: &Resource, segment: &str, name: &str) -> IdentityId {
    // The backend stands before the name of a role of Vault, as the platform itself names it.
    if row.platform == "vault" && segment == "role" {
        let mount =
            resource
                .first(&["backend", "mount", "path"])
                .unwrap_or(match resource.kind.as_str() {
                    "vault_kubernetes_auth_backend_role" => "kubernetes",
                    "vault_approle_auth_backend_role" => "approle",
                    "vault_jwt_auth_backend_role" => "jwt",
                    "vault_aws_auth_backend_role" => "aws",
                    "vault_gcp_auth_backend_role" => "gcp",
                    "vault_azure_auth_backend_role" => "azure",
                    "vault_cert_auth_backend_role" => "cert",
                    "vault_token_auth_backend_role" => "token",
                    _ => "?",
                });
        return format!("vault:{mount}/role/{name}").into();
    }
    format!("{}:{}/{segment}/{name}", row.platform, resource.place()).into()
}

/// The id of the identity that a resource makes.
pub(super) fn identity(resource: &Resource) -> Option<IdentityId> {
    let row = row(resource)?;
    let makes = row.identity.as_ref()?;
    all(resource, &makes.only).then(|| id_of(row, resource, &makes.segment, &name(resource, makes)))
}

/// The value of an attribute that the platform works out: nothing that names decide.
pub(super) fn computed(resource: &Resource, attribute: &str) -> Option<String> {
    match (resource.kind.as_str(), attribute) {
        ("vault_policy", "id") => resource.text("name").map(str::to_owned),
        ("vault_auth_backend" | "vault_jwt_auth_backend", "id") => {
            resource.first(&["path", "type"]).map(str::to_owned)
        }
        ("vault_auth_backend", "path") => resource.first(&["path", "type"]).map(str::to_owned),
        ("github_repository", "id") => resource.text("name").map(str::to_owned),
        _ => None,
    }
}

/// What a resource states.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) {
    super::vault::read(sink, resource);
    let Some(row) = row(resource) else { return };
    let own = identity(resource);
    if let (Some(id), Some(makes)) = (&own, &row.identity) {
        make(sink, resource, row, makes, id.clone());
    }
    if resource.data {
        return;
    }
    for issues in &row.credentials {
        if all(resource, &issues.only) {
            issue(sink, resource, row, issues, own.as_ref());
        }
    }
    for gives in &row.grants {
        give(sink, resource, row, gives, own.as_ref());
    }
}

fn make(sink: &mut Sink<'_>, resource: &Resource, row: &Row, makes: &Makes, id: IdentityId) {
    let name = name(resource, makes);
    let mut identity = sink.identity(
        resource,
        id,
        platform(&row.platform),
        kind(&makes.kind),
        &name,
    );
    for attribute in ["id", "client_id", "application_id", "login_name", "email"] {
        let text = resource.text(attribute).filter(|text| !symbolic(text));
        let platform = &row.platform;
        identity
            .aliases
            .extend(text.map(|text| Str::from(format!("{platform}:{attribute}:{text}"))));
    }
    if any(resource, &makes.off) {
        identity.enabled = Some(false);
    }
    if !makes.ends.is_empty() {
        let paths: Vec<&str> = makes.ends.iter().map(String::as_str).collect();
        identity.expires = ends(resource, &paths, &[]);
    }
    sink.facts.identities.push(identity);
}

/// The identity that attributes name.
fn holder(
    sink: &mut Sink<'_>,
    resource: &Resource,
    row: &Row,
    names: &[String],
    unknown: Option<&(String, String)>,
    own: Option<&IdentityId>,
) -> Vec<IdentityId> {
    let mut found = Vec::new();
    for path in names {
        if path == "self" {
            found.extend(own.cloned());
            continue;
        }
        let texts: Vec<String> = texts_at(&resource.attributes, path)
            .into_iter()
            .map(str::to_owned)
            .collect();
        let class = resource.provider().to_owned();
        for text in texts {
            if let Some(id) = sink.index.identity(&resource.estate, &class, &text) {
                found.push(id);
            } else if let Some((segment, sort)) = unknown {
                let id = id_of(row, resource, segment, &text);
                let account = resource.account();
                sink.refer(
                    &id,
                    platform(&row.platform),
                    kind(sort),
                    &text,
                    Some(&account),
                );
                found.push(id);
            }
        }
        if !found.is_empty() {
            break;
        }
    }
    found
}

fn issue(
    sink: &mut Sink<'_>,
    resource: &Resource,
    row: &Row,
    issues: &Issues,
    own: Option<&IdentityId>,
) {
    let holders = holder(sink, resource, row, &issues.of, issues.holder.as_ref(), own);
    let sort = Sort {
        kind: &issues.kind,
        issuer: &issues.issuer,
        title: &issues.title,
    };
    // One resource may make several credentials.
    let id = (row.credentials.len() > 1).then(|| format!("{}#{}", resource.alias(), issues.kind));
    let mut found = sink.credential(resource, id, sort, holders.into_iter().next());
    let paths = |list: &'static [String]| list.iter().map(String::as_str).collect::<Vec<_>>();
    let rows: Option<&'static Row> = ROWS.get(resource.kind.as_str()).copied();
    let stated = rows.and_then(|row| row.credentials.iter().find(|i| i.kind == issues.kind));
    let Some(stated) = stated else { return };
    found.expires = match (
        ends(resource, &paths(&stated.at), &paths(&stated.after)),
        issues.without.as_deref(),
    ) {
        (Moment::Never, Some("unknown")) => Moment::Unknown,
        (known, _) => known,
    };
    if resource.attributes.bool("revoked") == Some(true)
        || resource.attributes.bool("active") == Some(false)
    {
        found.status = CredentialStatus::Inactive;
    }
    sink.expose(resource, &paths(&stated.secret), &mut found);
    if !found.exposures.is_empty() || !issues.exposed_only {
        sink.facts.credentials.push(found);
    }
}

fn give(
    sink: &mut Sink<'_>,
    resource: &Resource,
    row: &Row,
    gives: &Gives,
    own: Option<&IdentityId>,
) {
    let mut roles: Vec<String> = gives.always.clone();
    for path in &gives.roles {
        for node in walk(&resource.attributes, path) {
            match &node.value {
                // `permissions = { contents = "write" }`
                Value::Map(entries) => roles.extend(
                    entries
                        .iter()
                        .filter_map(|(key, value)| Some(format!("{key}:{}", value.text()?))),
                ),
                _ => roles.extend(super::value::texts(node).into_iter().map(str::to_owned)),
            }
        }
    }
    for (attribute, value, role) in &gives.when {
        if resource
            .text(attribute)
            .is_some_and(|text| text.eq_ignore_ascii_case(value))
        {
            roles.push(role.clone());
        }
    }
    if roles.is_empty() {
        return;
    }
    let holders = holder(sink, resource, row, &gives.to, gives.holder.as_ref(), own);
    let on = gives
        .on
        .iter()
        .find_map(|path| text_at(&resource.attributes, path));
    let place = match (on, gives.scope.as_str()) {
        (Some(on), "") => on.to_owned(),
        (Some(on), scope) => format!("{scope}/{on}"),
        (None, "") => resource.account(),
        (None, scope) => format!("{scope}/{}", resource.account()),
    };
    let scope = format!("{}:{place}", row.platform);
    for holder in holders {
        for role in &roles {
            let role = format!("{}{role}", gives.prefix);
            sink.grant(
                resource,
                holder.clone(),
                platform(&row.platform),
                &role,
                &scope,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_form_it_should() {
        let (_, text) = embedded::TERRAFORM
            .iter()
            .find(|(name, _)| *name == "resources.yaml")
            .unwrap();
        let file: File = serde_yaml::from_str(text).unwrap();
        let mut seen = std::collections::HashSet::new();
        for row in &file.resources {
            for kind in &row.types {
                assert!(seen.insert(kind), "{kind} twice");
            }
            if let Some(makes) = &row.identity {
                assert_eq!(kind(&makes.kind).as_str(), makes.kind);
            }
            let known = platform(&row.platform) != Platform::Other || row.platform == "other";
            assert!(known, "{}", row.platform);
        }
    }
}
