//! Resources of Google Cloud.

use super::note;
use super::sink::{Sink, Sort};
use super::value::{blocks, document, text_at, texts_at};
use super::{Node, Resource, symbolic};
use crate::model::{
    Effect, Humanity, IdentityId, IdentityKind, JoinForm, JoinKey, Moment, Platform, PolicyId, Str,
    Timestamp, Trust, TrustPrincipal, Workload,
};
use crate::platform::federation;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, HashMap};

/// Attributes of `google_*_iam_*` that name the resource that the grant is on.
const ON: [&str; 40] = [
    "bucket",
    "project",
    "folder",
    "org_id",
    "organization",
    "billing_account_id",
    "topic",
    "subscription",
    "dataset_id",
    "secret_id",
    "crypto_key_id",
    "key_ring_id",
    "repository",
    "service",
    "name",
    "cloud_function",
    "instance",
    "instance_name",
    "database",
    "table",
    "table_id",
    "registry",
    "service_name",
    "workflow_id",
    "queue",
    "cluster",
    "zone",
    "managed_zone",
    "subnetwork",
    "disk",
    "image",
    "job",
    "web_backend_service",
    "tunnel_instance",
    "endpoint",
    "tag_key",
    "tag_value",
    "parent",
    "api",
    "ca_pool",
];

/// Roles on a service account by which somebody becomes it (IAM documentation, "Roles for service account
/// authentication").
const BECOMES: [&str; 8] = [
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountKeyAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.workloadIdentityUser",
    "roles/iam.serviceAccountOpenIdTokenCreator",
    "roles/iam.serviceAccountUser",
    "roles/owner",
    "roles/iam.securityAdmin",
];

/// Where what runs as a service account names it.
const RUNS: [(&str, &str); 34] = [
    (
        "google_cloud_run_service",
        "template.spec.service_account_name",
    ),
    ("google_cloud_run_v2_service", "template.service_account"),
    (
        "google_cloud_run_v2_job",
        "template.template.service_account",
    ),
    (
        "google_cloud_run_v2_worker_pool",
        "template.service_account",
    ),
    ("google_cloudfunctions_function", "service_account_email"),
    (
        "google_cloudfunctions2_function",
        "service_config.service_account_email",
    ),
    ("google_compute_instance", "service_account.email"),
    ("google_compute_instance_template", "service_account.email"),
    (
        "google_compute_region_instance_template",
        "service_account.email",
    ),
    ("google_container_cluster", "node_config.service_account"),
    ("google_container_node_pool", "node_config.service_account"),
    ("google_cloudbuild_trigger", "service_account"),
    (
        "google_cloudbuildv2_connection",
        "github_config.service_account",
    ),
    (
        "google_composer_environment",
        "config.node_config.service_account",
    ),
    (
        "google_cloud_scheduler_job",
        "http_target.oidc_token.service_account_email",
    ),
    (
        "google_cloud_tasks_queue",
        "http_target.oidc_token.service_account_email",
    ),
    (
        "google_pubsub_subscription",
        "push_config.oidc_token.service_account_email",
    ),
    ("google_workflows_workflow", "service_account"),
    ("google_eventarc_trigger", "service_account"),
    ("google_notebooks_instance", "service_account"),
    (
        "google_workbench_instance",
        "gce_setup.service_accounts.email",
    ),
    ("google_dataflow_job", "service_account_email"),
    ("google_dataflow_flex_template_job", "service_account_email"),
    (
        "google_dataproc_cluster",
        "cluster_config.gce_cluster_config.service_account",
    ),
    (
        "google_dataproc_batch",
        "environment_config.execution_config.service_account",
    ),
    ("google_app_engine_standard_app_version", "service_account"),
    ("google_app_engine_flexible_app_version", "service_account"),
    (
        "google_app_engine_application_url_dispatch_rules",
        "service_account",
    ),
    (
        "google_vertex_ai_endpoint_with_model_garden_deployment",
        "service_account",
    ),
    (
        "google_clouddeploy_target",
        "execution_configs.service_account",
    ),
    ("google_tpu_v2_vm", "service_account.email"),
    (
        "google_bigquery_data_transfer_config",
        "service_account_name",
    ),
    ("google_data_fusion_instance", "dataproc_service_account"),
    ("google_infra_manager_deployment", "service_account"),
];

fn project(resource: &Resource) -> String {
    let project = resource
        .text("project")
        .map(|p| p.trim_start_matches("projects/"));
    match project {
        Some(project) if !project.is_empty() => project.to_owned(),
        _ => resource.account(),
    }
}

fn email(resource: &Resource) -> Option<String> {
    if let Some(email) = resource.text("email").filter(|email| !symbolic(email)) {
        return Some(email.to_owned());
    }
    let id = resource
        .text("account_id")
        .map_or_else(|| resource.named("account_id"), str::to_owned);
    // A data source may be given the address, or the full name, for the id.
    let id = id.rsplit('/').next().unwrap_or_default();
    if id.contains('@') {
        return Some(id.to_owned());
    }
    Some(format!(
        "{id}@{}.iam.gserviceaccount.com",
        project(resource)
    ))
}

/// The id of a service account.
pub(super) fn identity(resource: &Resource) -> Option<IdentityId> {
    let email = match resource.kind.as_str() {
        "google_service_account" => email(resource)?,
        "google_project_service_identity"
        | "google_compute_default_service_account"
        | "google_app_engine_default_service_account"
        | "google_storage_project_service_account"
        | "google_bigquery_default_service_account"
        | "google_storage_transfer_project_service_account" => {
            match resource.first(&["email", "email_address"]) {
                Some(email) => email.to_owned(),
                None => format!("${{{}.email}}", resource.address),
            }
        }
        _ => return None,
    };
    Some(format!("gcp:{email}").into())
}

/// The id of a custom role.
pub(super) fn policy(resource: &Resource) -> Option<PolicyId> {
    let role = resource.text("role_id")?;
    match resource.kind.as_str() {
        "google_project_iam_custom_role" => {
            Some(format!("projects/{}/roles/{role}", project(resource)).into())
        }
        "google_organization_iam_custom_role" => {
            let organization = resource.text("org_id").unwrap_or_default();
            Some(format!("organizations/{organization}/roles/{role}").into())
        }
        _ => None,
    }
}

/// The value of an attribute that Google works out.
pub(super) fn computed(resource: &Resource, attribute: &str) -> Option<String> {
    match (resource.kind.as_str(), attribute) {
        ("google_service_account", "email") => email(resource),
        ("google_service_account", "member") => {
            Some(format!("serviceAccount:{}", email(resource)?))
        }
        ("google_service_account", "name" | "id") => Some(format!(
            "projects/{}/serviceAccounts/{}",
            project(resource),
            email(resource)?
        )),
        (
            "google_project_iam_custom_role" | "google_organization_iam_custom_role",
            "id" | "name",
        ) => Some(policy(resource)?.0.to_string()),
        ("google_iam_workload_identity_pool", "name" | "id") => Some(format!(
            "projects/{}/locations/global/workloadIdentityPools/{}",
            project(resource),
            resource.text("workload_identity_pool_id")?
        )),
        ("google_iam_policy", "policy_data") => Some(compose(&resource.attributes)),
        ("google_project", "project_id") => resource.text("project_id").map(str::to_owned),
        ("google_project", "id") => Some(format!("projects/{}", resource.text("project_id")?)),
        ("google_client_config", "project") => resource.account.as_deref().map(str::to_owned),
        _ => None,
    }
}

/// The policy that a data source `google_iam_policy` composes.
fn compose(attributes: &Node) -> String {
    let bindings: Vec<Json> = blocks(attributes, "binding")
        .into_iter()
        .map(|binding| {
            json!({
                "role": binding.str("role").unwrap_or_default(),
                "members": texts_at(binding, "members"),
            })
        })
        .collect();
    json!({ "bindings": bindings }).to_string()
}

/// Providers of workload identity pools, by the pool's id.
pub(super) fn pools(resources: &[Resource]) -> HashMap<String, &Resource> {
    let providers = resources
        .iter()
        .filter(|r| r.kind == "google_iam_workload_identity_pool_provider");
    providers
        .filter_map(|r| {
            let pool = r.text("workload_identity_pool_id")?;
            let pool = pool.trim_end_matches(".workload_identity_pool_id}");
            let pool = pool.rsplit('/').next().unwrap_or(pool);
            Some((pool.to_owned(), r))
        })
        .collect()
}

/// What a resource states.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) {
    let kind = resource.kind.as_str();
    if let Some((on, what)) = kind
        .strip_prefix("google_")
        .and_then(|rest| rest.rsplit_once("_iam_"))
        && matches!(what, "member" | "binding" | "policy")
        && !resource.data
    {
        return grants(sink, resource, on, what);
    }
    if let Some(id) = identity(resource) {
        return account(sink, resource, id);
    }
    if let Some(id) = policy(resource) {
        let permissions = texts_at(&resource.attributes, "permissions");
        let name = resource.text("role_id").unwrap_or_default();
        return sink.state(resource, id, Platform::Gcp, name, &permissions);
    }
    match kind {
        "google_service_account_key" => key(sink, resource),
        "google_storage_hmac_key" => hmac(sink, resource),
        "google_apikeys_key" => api_key(sink, resource),
        "google_bigquery_dataset_access" | "google_bigquery_dataset" => dataset(sink, resource),
        "google_storage_bucket_access_control" | "google_storage_default_object_access_control" => {
            if let (Some(entity), Some(role)) = (resource.text("entity"), resource.text("role")) {
                let who = entity.replace("user-", "user:").replace("group-", "group:");
                let scope = format!(
                    "gcp:storage_bucket/{}",
                    resource.text("bucket").unwrap_or("*")
                );
                let id = member(sink, resource, &who);
                sink.grant(resource, id, Platform::Gcp, role, &scope);
            }
        }
        _ => {}
    }
    for (_, path) in RUNS.iter().filter(|(of, _)| *of == kind) {
        runs(sink, resource, path);
    }
}

fn account(sink: &mut Sink<'_>, resource: &Resource, id: IdentityId) {
    let email = id.0.trim_start_matches("gcp:").to_owned();
    let name = resource.text("account_id").unwrap_or(&email);
    let name = name.rsplit('/').next().unwrap_or(name).to_owned();
    let mut identity = sink.identity(
        resource,
        id,
        Platform::Gcp,
        IdentityKind::GcpServiceAccount,
        &name,
    );
    identity.account = Some(project(resource).into());
    identity
        .aliases
        .extend(resource.text("unique_id").map(Str::from));
    // How a leaked key names its account.
    identity
        .aliases
        .insert(JoinKey::new(JoinForm::ServiceAccount, "gcp", &email).alias());
    if resource.attributes.bool("disabled") == Some(true) {
        identity.enabled = Some(false);
    }
    if resource.kind != "google_service_account" {
        identity.provider_managed = Some("made by Google for a service".into());
    }
    sink.facts.identities.push(identity);
}

/// The service account that a text names.
fn service_account(sink: &mut Sink<'_>, resource: &Resource, text: &str) -> IdentityId {
    if let Some(id) = sink.index.identity(&resource.estate, "google", text) {
        return id;
    }
    let email = text.rsplit('/').next().unwrap_or(text);
    let email = email.trim_start_matches("serviceAccount:");
    let id = IdentityId::from(format!("gcp:{email}"));
    let project = email
        .split_once('@')
        .and_then(|(_, host)| host.strip_suffix(".iam.gserviceaccount.com"));
    let name = email.split('@').next().unwrap_or(email);
    sink.refer(
        &id,
        Platform::Gcp,
        IdentityKind::GcpServiceAccount,
        name,
        project,
    );
    id
}

fn key(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(of) = resource.text("service_account_id").map(str::to_owned) else {
        return;
    };
    let holder = service_account(sink, resource, &of);
    let sort = Sort {
        kind: "gcp-service-account-key",
        issuer: "gcp",
        title: "Google Cloud service account key",
    };
    // `projects/<p>/serviceAccounts/<email>/keys/<id>`
    let id = resource
        .first(&["name", "id"])
        .and_then(|name| name.rsplit_once("/keys/"))
        .map(|(_, id)| id.to_owned());
    let name = id
        .as_ref()
        .map(|id| format!("gcp:service-account-key:{id}"));
    let mut key = sink.credential(resource, name, sort, Some(holder));
    key.created = resource.text("valid_after").and_then(Timestamp::parse);
    key.expires = match resource.text("valid_before").and_then(Timestamp::parse) {
        // Google writes the end of the year 9999 for keys without an end.
        Some(end) if end.seconds() < 253_000_000_000 => Moment::At(end),
        _ => Moment::Never,
    };
    if let Some(id) = id {
        key.display = Some(id.as_str().into());
        key.join_keys
            .insert(JoinKey::new(JoinForm::CredentialId, "gcp", &id));
    }
    sink.expose(resource, &["private_key"], &mut key);
    sink.facts.credentials.push(key);
}

fn hmac(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(of) = resource.text("service_account_email").map(str::to_owned) else {
        return;
    };
    let holder = service_account(sink, resource, &of);
    let sort = Sort {
        kind: "gcp-hmac-key",
        issuer: "gcp",
        title: "Google Cloud Storage HMAC key",
    };
    let id = resource
        .text("access_id")
        .map(|id| format!("gcp:hmac-key:{id}"));
    let mut key = sink.credential(resource, id, sort, Some(holder));
    key.expires = Moment::Never;
    if resource.text("state") == Some("INACTIVE") {
        key.status = crate::model::CredentialStatus::Inactive;
    }
    sink.expose(resource, &["secret"], &mut key);
    sink.facts.credentials.push(key);
}

fn api_key(sink: &mut Sink<'_>, resource: &Resource) {
    let sort = Sort {
        kind: "gcp-api-key",
        issuer: "gcp",
        title: "Google Cloud API key",
    };
    let holder = resource.text("service_account_email").map(str::to_owned);
    let holder = holder.map(|email| service_account(sink, resource, &email));
    let mut key = sink.credential(resource, None, sort, holder);
    key.expires = Moment::Never;
    sink.expose(resource, &["key_string"], &mut key);
    sink.facts.credentials.push(key);
}

fn dataset(sink: &mut Sink<'_>, resource: &Resource) {
    let accesses: Vec<&Node> = match resource.kind.as_str() {
        "google_bigquery_dataset" => blocks(&resource.attributes, "access"),
        _ => vec![&resource.attributes],
    };
    let scope = format!(
        "gcp:bigquery_dataset/{}",
        resource.text("dataset_id").unwrap_or("*")
    );
    for access in accesses {
        let Some(role) = access.str("role") else {
            continue;
        };
        let who = [
            "user_by_email",
            "group_by_email",
            "iam_member",
            "special_group",
            "domain",
        ]
        .iter()
        .find_map(|name| Some((*name, access.str(name).filter(|v| !v.is_empty())?)));
        let Some((sort, who)) = who else { continue };
        let who = match sort {
            "user_by_email" if who.ends_with(".gserviceaccount.com") || symbolic(who) => {
                format!("serviceAccount:{who}")
            }
            "user_by_email" => format!("user:{who}"),
            "group_by_email" => format!("group:{who}"),
            "domain" => format!("domain:{who}"),
            _ => who.to_owned(),
        };
        let id = member(sink, resource, &who);
        sink.grant(resource, id, Platform::Gcp, role, &scope);
    }
}

/// The principal that a member names; one that no resource declares is referred to.
fn member(sink: &mut Sink<'_>, resource: &Resource, member: &str) -> IdentityId {
    if let Some(id) = sink.index.identity(&resource.estate, "google", member) {
        return id;
    }
    if let Some(email) = member.strip_prefix("serviceAccount:")
        && !member.contains(".svc.id.goog[")
    {
        return service_account(sink, resource, email);
    }
    let id = IdentityId::from(format!("gcp:{member}"));
    let name = member.split_once(':').map_or(member, |(_, name)| name);
    sink.refer(&id, Platform::Gcp, IdentityKind::GcpPrincipal, name, None);
    // A Google account is a person's, and so is what is in a domain; who is in a group is not said.
    if let Some(last) = sink.facts.identities.last_mut()
        && last.id == id
        && (member.starts_with("user:") || member.starts_with("domain:"))
    {
        last.humanity = (Humanity::Human, "a Google account".into());
    }
    id
}

/// `google_*_iam_member`, `_binding` and `_policy`.
fn grants(sink: &mut Sink<'_>, resource: &Resource, on: &str, what: &str) {
    let mut pairs: Vec<(String, String)> = Vec::new();
    if what == "policy" {
        let Some(data) = resource.attributes.get("policy_data").and_then(document) else {
            return sink
                .problems
                .push(note(resource, "policy_data is not resolved".to_owned()));
        };
        let bindings = data
            .get("bindings")
            .and_then(Json::as_array)
            .cloned()
            .unwrap_or_default();
        for binding in &bindings {
            let role = binding
                .get("role")
                .and_then(Json::as_str)
                .unwrap_or_default();
            let members = binding.get("members").and_then(Json::as_array);
            let members = members.into_iter().flatten().filter_map(Json::as_str);
            pairs.extend(members.map(|member| (role.to_owned(), member.to_owned())));
        }
    } else {
        let role = resource.text("role").unwrap_or_default();
        let members = ["member", "members"];
        let members = members
            .iter()
            .flat_map(|name| texts_at(&resource.attributes, name));
        pairs.extend(members.map(|member| (role.to_owned(), member.to_owned())));
    }
    if on == "service_account" {
        let Some(target) = resource.text("service_account_id").map(str::to_owned) else {
            return;
        };
        let target = service_account(sink, resource, &target);
        for (role, who) in pairs {
            becomes(sink, resource, &target, &role, &who);
        }
        return;
    }
    let place = ON.iter().find_map(|name| {
        let of_project = *name == "project" && on != "project";
        resource.text(name).filter(|_| !of_project)
    });
    let place = match place {
        Some(place) => place.to_owned(),
        None => project(resource),
    };
    let scope = match on {
        "project" => format!("gcp:projects/{}", place.trim_start_matches("projects/")),
        "folder" => format!("gcp:folders/{}", place.trim_start_matches("folders/")),
        "organization" => format!(
            "gcp:organizations/{}",
            place.trim_start_matches("organizations/")
        ),
        on => format!("gcp:{on}/{place}"),
    };
    for (role, who) in pairs {
        let id = member(sink, resource, &who);
        sink.grant(resource, id, Platform::Gcp, &role, &scope);
    }
}

/// A role on a service account: whoever has it may become it, or may not.
fn becomes(sink: &mut Sink<'_>, resource: &Resource, target: &IdentityId, role: &str, who: &str) {
    let form = federation::google_member(who);
    let scope = format!(
        "gcp:serviceAccounts/{}",
        target.0.trim_start_matches("gcp:")
    );
    if let (Some(form), true) = (&form, BECOMES.contains(&role)) {
        let pool = who.split("/workloadIdentityPools/").nth(1);
        let pool = pool.and_then(|rest| rest.split('/').next());
        let provider = pool.and_then(|pool| sink.pools.get(pool).copied());
        let mapped = provider.map(|provider| through(provider, form));
        let form = mapped.as_ref().unwrap_or(form);
        sink.facts.trusts.push(Trust {
            target: target.clone(),
            principal: TrustPrincipal::Federated(form.issuer.as_str().into()),
            effect: Effect::Allow,
            actions: vec![role.into()],
            condition: form.condition.as_deref().map(Str::from),
            condition_keys: form.keys.iter().map(|key| key.as_str().into()).collect(),
            cross_account: None,
            inside_organization: None,
            grade: None,
            label: who.into(),
            evidence: resource.evidence.clone(),
        });
        return;
    }
    let id = member(sink, resource, who);
    sink.grant(resource, id.clone(), Platform::Gcp, role, &scope);
    if BECOMES.contains(&role) {
        let principal = match who {
            "allUsers" | "allAuthenticatedUsers" => TrustPrincipal::Anyone,
            _ => TrustPrincipal::Principal(id.0),
        };
        sink.facts.trusts.push(Trust {
            target: target.clone(),
            principal,
            effect: Effect::Allow,
            actions: vec![role.into()],
            condition: None,
            condition_keys: Vec::new(),
            cross_account: None,
            inside_organization: None,
            grade: None,
            label: who.into(),
            evidence: resource.evidence.clone(),
        });
    }
}

/// The form of a member whose pool's provider is declared beside it.
fn through(provider: &Resource, form: &federation::Form) -> federation::Form {
    let issuer = text_at(&provider.attributes, "oidc.issuer_uri").unwrap_or("*");
    let audiences = texts_at(&provider.attributes, "oidc.allowed_audiences");
    let mapping: BTreeMap<String, String> = provider
        .attributes
        .get("attribute_mapping")
        .map(|node| {
            let entries = node.entries().iter();
            entries
                .filter_map(|(key, value)| Some((key.clone(), value.text()?.to_owned())))
                .collect()
        })
        .unwrap_or_default();
    let condition = provider.text("attribute_condition");
    federation::google_provider(form, issuer, &audiences, &mapping, condition)
}

fn runs(sink: &mut Sink<'_>, resource: &Resource, path: &str) {
    let accounts: Vec<String> = texts_at(&resource.attributes, path)
        .into_iter()
        .map(str::to_owned)
        .collect();
    for account in accounts {
        let runs_as = service_account(sink, resource, &account);
        let name = resource.first(&["name", "function_id", "workflow_id"]);
        sink.facts.workloads.push(Workload {
            id: resource.alias().into(),
            kind: resource.kind.as_str().into(),
            name: name.unwrap_or(&resource.address).into(),
            runs_as,
            automount: None,
            evidence: resource.evidence.clone(),
        });
    }
}
