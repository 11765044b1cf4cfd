//! Resources of Entra (`azuread`) and Azure (`azurerm`).

use super::sink::{Sink, Sort, ends};
use super::value::{blocks, text_at, texts_at};
use super::{Resource, symbolic};
use crate::model::{
    Effect, IdentityId, IdentityKind, Moment, Platform, PolicyId, Str, Trust, TrustPrincipal,
    Workload,
};
use crate::platform::federation;

/// How credentials of applications are called.
const SECRET: Sort<'_> = Sort {
    kind: "entra-client-secret",
    issuer: "entra",
    title: "Entra client secret",
};
const CERTIFICATE: Sort<'_> = Sort {
    kind: "entra-certificate",
    issuer: "entra",
    title: "Entra certificate credential",
};

/// Attributes of a state that hold keys of whole services (provider documentation).
const SERVICE_KEYS: [(&str, &[&str], &str); 16] = [
    (
        "azurerm_storage_account",
        &["primary_access_key", "secondary_access_key"],
        "Azure storage account key",
    ),
    (
        "azurerm_storage_account_sas",
        &["sas"],
        "Azure shared access signature",
    ),
    (
        "azurerm_storage_account_blob_container_sas",
        &["sas"],
        "Azure shared access signature",
    ),
    (
        "azurerm_cosmosdb_account",
        &["primary_key", "secondary_key"],
        "Azure Cosmos DB key",
    ),
    (
        "azurerm_redis_cache",
        &["primary_access_key", "secondary_access_key"],
        "Azure cache key",
    ),
    (
        "azurerm_servicebus_namespace_authorization_rule",
        &["primary_key", "secondary_key"],
        "Azure Service Bus key",
    ),
    (
        "azurerm_servicebus_queue_authorization_rule",
        &["primary_key", "secondary_key"],
        "Azure Service Bus key",
    ),
    (
        "azurerm_servicebus_topic_authorization_rule",
        &["primary_key", "secondary_key"],
        "Azure Service Bus key",
    ),
    (
        "azurerm_eventhub_authorization_rule",
        &["primary_key", "secondary_key"],
        "Azure Event Hubs key",
    ),
    (
        "azurerm_eventhub_namespace_authorization_rule",
        &["primary_key", "secondary_key"],
        "Azure Event Hubs key",
    ),
    (
        "azurerm_cognitive_account",
        &["primary_access_key", "secondary_access_key"],
        "Azure Cognitive Services key",
    ),
    (
        "azurerm_search_service",
        &["primary_key", "secondary_key"],
        "Azure Search admin key",
    ),
    (
        "azurerm_container_registry",
        &["admin_password"],
        "Azure container registry admin password",
    ),
    (
        "azurerm_container_registry_token_password",
        &["password1.value", "password2.value"],
        "Azure container registry token password",
    ),
    (
        "azurerm_function_app_host_keys",
        &["primary_key", "default_function_key"],
        "Azure function key",
    ),
    (
        "azurerm_kubernetes_cluster",
        &["kube_admin_config.password", "kube_admin_config.client_key"],
        "AKS admin credential",
    ),
];

fn tenant(resource: &Resource) -> String {
    match resource.text("tenant_id").filter(|id| !symbolic(id)) {
        Some(tenant) => tenant.to_owned(),
        None => resource.account(),
    }
}

fn entra(resource: &Resource, what: &str) -> IdentityId {
    format!("entra:{}/{what}", tenant(resource)).into()
}

/// The name or id of an application.
fn application(resource: &Resource) -> String {
    let id = resource
        .first(&["client_id", "application_id"])
        .filter(|id| !symbolic(id));
    id.map_or_else(|| resource.named("display_name"), str::to_owned)
}

fn system_assigned(resource: &Resource) -> bool {
    text_at(&resource.attributes, "identity.type")
        .is_some_and(|kind| kind.contains("SystemAssigned"))
}

/// The id of an application or managed identity.
pub(super) fn identity(resource: &Resource) -> Option<IdentityId> {
    match resource.kind.as_str() {
        "azuread_application" | "azuread_application_registration" => {
            Some(entra(resource, &application(resource)))
        }
        "azuread_service_principal" => {
            // One that stands for an application that is declared is that application.
            match stands_for(resource) {
                Some(text) if symbolic(text) => None,
                _ => Some(entra(resource, &application(resource))),
            }
        }
        "azurerm_user_assigned_identity" => {
            let id = resource.text("client_id").filter(|id| !symbolic(id));
            let name = id.map_or_else(|| resource.named("name"), str::to_owned);
            Some(entra(resource, &name))
        }
        _ if system_assigned(resource) => {
            let id = text_at(&resource.attributes, "identity.principal_id");
            let id = id.filter(|id| !symbolic(id)).map(str::to_owned);
            Some(entra(
                resource,
                &id.unwrap_or_else(|| resource.named("name")),
            ))
        }
        _ => None,
    }
}

/// The application that a service principal stands for.
pub(super) fn stands_for(resource: &Resource) -> Option<&str> {
    if resource.kind != "azuread_service_principal" {
        return None;
    }
    resource.first(&["client_id", "application_id"])
}

/// The id of a custom role.
pub(super) fn policy(resource: &Resource) -> Option<PolicyId> {
    let custom = ["azurerm_role_definition", "azuread_custom_directory_role"];
    (custom.contains(&resource.kind.as_str()) && !resource.data).then(|| {
        let name = resource
            .first(&["name", "display_name"])
            .unwrap_or(&resource.address);
        format!("entra:{}/role/{name}", resource.place()).into()
    })
}

/// The value of an attribute that Azure works out.
pub(super) fn computed(resource: &Resource, attribute: &str) -> Option<String> {
    match (resource.kind.as_str(), attribute) {
        ("azuread_client_config" | "azurerm_client_config", "tenant_id") => {
            resource.account.as_deref().map(str::to_owned)
        }
        ("azurerm_subscription", "id") => {
            let id = resource.first(&["subscription_id", "id"])?;
            Some(format!(
                "/subscriptions/{}",
                id.trim_start_matches("/subscriptions/")
            ))
        }
        _ => None,
    }
}

/// What a resource states.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) {
    match resource.kind.as_str() {
        "azuread_application" | "azuread_application_registration" => app(sink, resource),
        "azuread_service_principal" => principal_of(sink, resource),
        "azurerm_user_assigned_identity" => managed(sink, resource),
        "azuread_application_password" | "azuread_service_principal_password" => {
            credential(sink, resource, SECRET, &["value"]);
        }
        "azuread_application_certificate"
        | "azuread_service_principal_certificate"
        | "azuread_service_principal_token_signing_certificate" => {
            credential(sink, resource, CERTIFICATE, &[]);
        }
        "azuread_application_federated_identity_credential"
        | "azuread_application_flexible_federated_identity_credential"
        | "azurerm_federated_identity_credential" => federated(sink, resource),
        "azuread_app_role_assignment" => app_role(sink, resource),
        "azuread_application_api_access" => api_access(sink, resource),
        "azuread_directory_role_assignment"
        | "azuread_directory_role_member"
        | "azuread_directory_role_eligibility_schedule_request" => directory_role(sink, resource),
        "azurerm_role_assignment"
        | "azurerm_pim_active_role_assignment"
        | "azurerm_pim_eligible_role_assignment" => assignment(sink, resource),
        "azurerm_role_definition" | "azuread_custom_directory_role" => definition(sink, resource),
        "azurerm_key_vault_access_policy" => {
            let vault = resource.text("key_vault_id").unwrap_or("*").to_owned();
            vault_access(sink, resource, &resource.attributes, &vault);
        }
        "azurerm_key_vault" => {
            let vault = resource.named("name");
            for block in blocks(&resource.attributes, "access_policy") {
                vault_access(sink, resource, block, &vault);
            }
        }
        _ => {}
    }
    if resource.kind.starts_with("azurerm_") {
        machine(sink, resource);
    }
    service_keys(sink, resource);
}

fn app(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(id) = identity(resource) else { return };
    let name = resource.named("display_name");
    let mut identity = sink.identity(
        resource,
        id.clone(),
        Platform::Entra,
        IdentityKind::EntraApplication,
        &name,
    );
    let ids = ["client_id", "application_id", "object_id"];
    identity
        .aliases
        .extend(ids.iter().filter_map(|n| resource.text(n)).map(Str::from));
    sink.facts.identities.push(identity);
    requested(sink, resource, &id);
    // Passwords that the application's own block makes.
    for block in blocks(&resource.attributes, "password") {
        let mut secret = sink.credential(
            resource,
            Some(format!("{}#password", resource.alias())),
            SECRET,
            Some(id.clone()),
        );
        secret.expires = block
            .str("end_date")
            .and_then(crate::model::Timestamp::parse)
            .map_or(Moment::Unknown, Moment::At);
        sink.expose(resource, &["password.value"], &mut secret);
        sink.facts.credentials.push(secret);
    }
}

/// Permissions that an application asks for: in effect once an administrator has consented.
fn requested(sink: &mut Sink<'_>, resource: &Resource, id: &IdentityId) {
    for api in blocks(&resource.attributes, "required_resource_access") {
        let of = api.str("resource_app_id").unwrap_or("*");
        for access in blocks(api, "resource_access") {
            if access.str("type") != Some("Role") {
                continue;
            }
            if let Some(role) = access.str("id") {
                let scope = format!("entra:{of}");
                sink.grant(resource, id.clone(), Platform::Entra, quoted(role), &scope);
            }
        }
    }
}

fn api_access(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(id) = holder(sink, resource, &["application_id"]) else {
        return;
    };
    let scope = format!("entra:{}", resource.text("api_client_id").unwrap_or("*"));
    for role in texts_at(&resource.attributes, "role_ids") {
        sink.grant(resource, id.clone(), Platform::Entra, quoted(role), &scope);
    }
}

/// The name in `${azuread_service_principal.graph.app_role_ids["Application.ReadWrite.All"]}`.
fn quoted(text: &str) -> &str {
    match text.split('"').nth(1) {
        Some(name) if symbolic(text) && !name.is_empty() => name,
        _ => text,
    }
}

fn principal_of(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(id) = sink
        .index
        .own(resource)
        .or_else(|| stands_for(resource).map(|_| entra(resource, &application(resource))))
    else {
        return;
    };
    let name = resource.first(&["display_name"]).map(str::to_owned);
    let name = name.unwrap_or_else(|| id.0.rsplit('/').next().unwrap_or_default().to_owned());
    let mut identity = sink.identity(
        resource,
        id,
        Platform::Entra,
        IdentityKind::EntraApplication,
        &name,
    );
    identity.enabled = match resource.attributes.bool("account_enabled") {
        Some(false) => Some(false),
        _ => identity.enabled,
    };
    let ids = ["client_id", "application_id", "object_id"];
    identity.aliases.extend(
        ids.iter()
            .filter_map(|n| resource.text(n))
            .filter(|id| !symbolic(id))
            .map(Str::from),
    );
    sink.facts.identities.push(identity);
}

fn managed(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(id) = identity(resource) else { return };
    let name = resource.named("name");
    let mut identity = sink.identity(
        resource,
        id,
        Platform::Entra,
        IdentityKind::EntraManagedIdentity,
        &name,
    );
    let ids = ["client_id", "principal_id"];
    identity
        .aliases
        .extend(ids.iter().filter_map(|n| resource.text(n)).map(Str::from));
    sink.facts.identities.push(identity);
}

/// A resource that has identities: one of its own, or some that were made apart.
fn machine(sink: &mut Sink<'_>, resource: &Resource) {
    let mut acting: Vec<IdentityId> = Vec::new();
    if resource.kind != "azurerm_user_assigned_identity"
        && system_assigned(resource)
        && let Some(id) = identity(resource)
    {
        let name = resource.named("name");
        let mut own = sink.identity(
            resource,
            id.clone(),
            Platform::Entra,
            IdentityKind::EntraManagedIdentity,
            &name,
        );
        own.derivation
            .insert(format!("system-assigned identity of {}", resource.kind).into());
        sink.facts.identities.push(own);
        acting.push(id);
    }
    for text in texts_at(&resource.attributes, "identity.identity_ids") {
        acting.extend(sink.index.identity(&resource.estate, "azuread", text));
    }
    for runs_as in acting {
        sink.facts.workloads.push(Workload {
            id: resource.alias().into(),
            kind: resource.kind.as_str().into(),
            name: resource.named("name").into(),
            runs_as,
            automount: None,
            evidence: resource.evidence.clone(),
        });
    }
}

/// The identity that one of these attributes names; one that no resource declares is referred to.
fn holder(sink: &mut Sink<'_>, resource: &Resource, names: &[&str]) -> Option<IdentityId> {
    let text = resource.first(names)?;
    Some(named(sink, resource, text))
}

fn named(sink: &mut Sink<'_>, resource: &Resource, text: &str) -> IdentityId {
    if let Some(id) = sink.index.identity(&resource.estate, "azuread", text) {
        return id;
    }
    // `/applications/<object id>`
    let name = text.rsplit('/').next().unwrap_or(text);
    if let Some(id) = sink.index.identity(&resource.estate, "azuread", name) {
        return id;
    }
    let id = entra(resource, name);
    sink.refer(
        &id,
        Platform::Entra,
        IdentityKind::EntraPrincipal,
        name,
        Some(&tenant(resource)),
    );
    id
}

fn credential(sink: &mut Sink<'_>, resource: &Resource, sort: Sort<'_>, secrets: &[&str]) {
    let names = [
        "application_id",
        "application_object_id",
        "service_principal_id",
    ];
    let holder = holder(sink, resource, &names);
    let id = resource.text("key_id").filter(|id| !symbolic(id));
    let id = id.map(|id| format!("entra:key:{id}"));
    let mut found = sink.credential(resource, id, sort, holder);
    // Without an end of one's own, the directory's policy decides.
    found.expires = match ends(resource, &["end_date"], &["end_date_relative"]) {
        Moment::Never => Moment::Unknown,
        known => known,
    };
    found.created = resource
        .text("start_date")
        .and_then(crate::model::Timestamp::parse);
    sink.expose(resource, secrets, &mut found);
    sink.facts.credentials.push(found);
}

fn federated(sink: &mut Sink<'_>, resource: &Resource) {
    let names = [
        "application_id",
        "application_object_id",
        "parent_id",
        "user_assigned_identity_id",
    ];
    let Some(target) = holder(sink, resource, &names) else {
        return;
    };
    let audiences: Vec<&str> = ["audiences", "audience"]
        .iter()
        .flat_map(|name| texts_at(&resource.attributes, name))
        .collect();
    let form = federation::entra(
        resource.text("issuer").unwrap_or("*"),
        resource.text("subject"),
        resource.text("claims_matching_expression"),
        &audiences,
    );
    sink.facts.trusts.push(Trust {
        target,
        principal: TrustPrincipal::Federated(form.issuer.as_str().into()),
        effect: Effect::Allow,
        actions: vec!["federatedIdentityCredential".into()],
        condition: form.condition.as_deref().map(Str::from),
        condition_keys: form.keys.iter().map(|key| key.as_str().into()).collect(),
        cross_account: None,
        inside_organization: None,
        grade: None,
        label: resource
            .first(&["display_name", "name"])
            .unwrap_or(&resource.address)
            .into(),
        evidence: resource.evidence.clone(),
    });
}

fn app_role(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(id) = holder(sink, resource, &["principal_object_id"]) else {
        return;
    };
    let Some(role) = resource.text("app_role_id") else {
        return;
    };
    let scope = resource.text("resource_object_id").unwrap_or("*");
    let scope = format!(
        "entra:{}",
        scope.trim_start_matches("${").trim_end_matches('}')
    );
    sink.grant(resource, id, Platform::Entra, quoted(role), &scope);
}

fn directory_role(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(id) = holder(
        sink,
        resource,
        &["principal_object_id", "principal_id", "member_object_id"],
    ) else {
        return;
    };
    let Some(role) = resource.first(&["role_id", "role_definition_id", "role_object_id"]) else {
        return;
    };
    let role = match sink.resource(resource, role) {
        Some(known) => known
            .first(&["display_name", "template_id"])
            .unwrap_or(role),
        None => role,
    };
    let scope = resource
        .first(&["directory_scope_id", "app_scope_id"])
        .unwrap_or("/");
    let scope = format!("entra:{}{scope}", tenant(resource));
    sink.grant(resource, id, Platform::Entra, role, &scope);
}

fn assignment(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(id) = holder(sink, resource, &["principal_id"]) else {
        return;
    };
    let Some(role) = resource.first(&["role_definition_name", "role_definition_id"]) else {
        return;
    };
    let role = match sink.resource(resource, role) {
        // A data source names a role that is built in.
        Some(known) if known.data => known.text("name").unwrap_or(role),
        _ => role,
    };
    let role = match role.rsplit_once("/roleDefinitions/") {
        Some((_, id)) if !symbolic(role) => id,
        _ => role,
    };
    let scope = format!("entra:{}", resource.text("scope").unwrap_or("*"));
    sink.grant(resource, id, Platform::Entra, role, &scope);
}

fn definition(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(id) = policy(resource) else { return };
    let paths = [
        "permissions.actions",
        "permissions.data_actions",
        "permissions.allowed_resource_actions",
    ];
    let actions: Vec<&str> = paths
        .iter()
        .flat_map(|path| texts_at(&resource.attributes, path))
        .collect();
    let name = resource
        .first(&["name", "display_name"])
        .unwrap_or(&resource.address)
        .to_owned();
    sink.state(resource, id, Platform::Entra, &name, &actions);
}

fn vault_access(sink: &mut Sink<'_>, resource: &Resource, block: &super::Node, vault: &str) {
    let Some(who) = block.str("object_id").filter(|id| !id.is_empty()) else {
        return;
    };
    let id = named(sink, resource, who);
    let scope = format!("entra:vault/{vault}");
    for (list, kind) in [
        ("secret_permissions", "secrets"),
        ("key_permissions", "keys"),
        ("certificate_permissions", "certificates"),
        ("storage_permissions", "storage"),
    ] {
        for permission in texts_at(block, list) {
            let name = format!("keyvault/{kind}/{}", permission.to_ascii_lowercase());
            sink.grant(resource, id.clone(), Platform::Entra, &name, &scope);
        }
    }
}

fn service_keys(sink: &mut Sink<'_>, resource: &Resource) {
    let Some((_, attributes, title)) = SERVICE_KEYS.iter().find(|(of, ..)| *of == resource.kind)
    else {
        return;
    };
    let sort = Sort {
        kind: "azure-service-key",
        issuer: "azure",
        title,
    };
    let mut key = sink.credential(resource, None, sort, None);
    key.expires = match resource.kind.contains("_sas") {
        true => ends(resource, &["expiry"], &[]),
        false => Moment::Never,
    };
    sink.expose(resource, attributes, &mut key);
    // In code nothing of it shows, and nothing of it is made but with the service.
    if !key.exposures.is_empty() || resource.kind.contains("_sas") {
        sink.facts.credentials.push(key);
    }
}
