//! Modules that make identities, keys and grants in clouds and clusters.

use super::tasks::{Call, made};
use super::{name, text};
use crate::model::{
    Credential, CredentialLink, Document, Entitlement, EntitlementRole, Humanity, Identity,
    IdentityId, IdentityKind, Label, LabelSource, Moment, Platform, Policy, PolicyId, PolicyKind,
    Presence, Scope, Str, Trust, TrustPrincipal,
};
use crate::platform::aws::policy;
use crate::reader::aws_policy_rules::Context;
use crate::reader::aws_statement::{crosses, effect, principal};
use crate::reader::keeping::{Keeping, part, short};
use crate::reader::kubernetes::Kubernetes;
use crate::reader::tree::{Node, Value};
use crate::reader::{Reader, ansible};

/// Modules that are read here.
pub(super) fn known(module: &str) -> bool {
    matches!(
        module,
        "iam_user"
            | "iam_role"
            | "iam_access_key"
            | "iam_managed_policy"
            | "iam_policy"
            | "gcp_iam_service_account"
            | "gcp_iam_service_account_key"
            | "azure_rm_adserviceprincipal"
            | "azure_rm_adapplication"
            | "azure_rm_adpassword"
    )
}

pub(super) fn read(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    match call.module {
        "iam_user" => principal_of(keeping, call, "user", IdentityKind::AwsUser),
        "iam_role" => principal_of(keeping, call, "role", IdentityKind::AwsRole),
        "iam_access_key" => access_key(keeping, call),
        "iam_managed_policy" => managed_policy(keeping, call),
        "iam_policy" => inline_policy(keeping, call),
        "gcp_iam_service_account" => google_account(keeping, call),
        "gcp_iam_service_account_key" => google_key(keeping, call),
        _ => entra(keeping, call),
    }
}

fn arn(call: &Call<'_>, sort: &str, path: &str, shown: &str) -> String {
    format!("arn:aws:iam::{}:{sort}{path}{}", call.estate, name(shown))
}

/// Tags of a resource.
fn tags(keeping: &Keeping<'_>, call: &Call<'_>, identity: &mut Identity) {
    let tags = call.arguments.get("tags").map_or(&[][..], Node::entries);
    for (key, value) in tags {
        identity.labels.insert(Label {
            source: LabelSource::Tag,
            key: short(key),
            value: short(value.text().unwrap_or_default()),
            evidence: keeping.at(value.line),
        });
    }
}

fn principal_of(keeping: &mut Keeping<'_>, call: &Call<'_>, sort: &str, kind: IdentityKind) {
    let Some(shown) = call.any(&["name", "role_name", "user_name"]) else {
        return;
    };
    let path = call
        .any(&["path", "path_prefix"])
        .filter(|p| p.starts_with('/') && p.ends_with('/'));
    let id = IdentityId::from(arn(call, sort, path.unwrap_or("/"), shown));
    let mut identity = made(keeping, call, id.0.to_string(), Platform::Aws, kind, shown);
    identity.account = Some(call.estate.into());
    if kind == IdentityKind::AwsRole {
        identity.humanity = (Humanity::NonHuman, "IAM role".into());
    }
    tags(keeping, call, &mut identity);
    keeping.facts.identities.push(identity);
    let held = ["managed_policies", "managed_policy"]
        .iter()
        .find_map(|key| call.arguments.get(key));
    if let Some(held) = held {
        let single = held.text().map(|_| held);
        for policy in held.items().iter().chain(single).filter_map(Node::text) {
            let policy = policy_id(call, policy);
            entitle(
                keeping,
                call,
                &id,
                policy,
                EntitlementRole::Grant,
                "attached",
            );
        }
    }
    if let Some(boundary) = call.any(&["boundary", "permissions_boundary"]) {
        let policy = policy_id(call, boundary);
        entitle(
            keeping,
            call,
            &id,
            policy,
            EntitlementRole::Boundary,
            "permissions boundary",
        );
    }
    if let Some(node) = call.arguments.get("assume_role_policy_document") {
        trusts(keeping, call, &id, node);
    }
}

/// A policy by ARN; a name is one of the estate's own, unless AWS has one that is called so.
fn policy_id(call: &Call<'_>, named: &str) -> PolicyId {
    if named.starts_with("arn:") {
        return named.into();
    }
    arn(call, "policy", "/", named).into()
}

fn entitle(
    keeping: &mut Keeping<'_>,
    call: &Call<'_>,
    id: &IdentityId,
    policy: PolicyId,
    role: EntitlementRole,
    via: &str,
) {
    let evidence = keeping.at(call.line);
    keeping.facts.entitlements.push(Entitlement {
        principal: id.clone(),
        policy,
        scope: Scope::Account(call.estate.into()),
        role,
        via: via.into(),
        evidence,
    });
}

/// A policy document as a task has it: as YAML, or as a string of JSON. `None` of what a run looks up.
fn document(node: &Node) -> Option<serde_json::Value> {
    match node.text() {
        Some(text)
            if text.trim_start().starts_with('{') && !text.trim_start().starts_with("{{") =>
        {
            serde_json::from_str(text).ok()
        }
        Some(_) => None,
        None => Some(json(node)),
    }
}

/// A tree as JSON. The tree's depth is bounded by its parser.
fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Scalar { text, plain: true } if text == "true" => true.into(),
        Value::Scalar { text, plain: true } if text == "false" => false.into(),
        Value::Scalar { text, plain: true } => match text.parse::<i64>() {
            Ok(number) if number.to_string() == *text => number.into(),
            _ => text.as_str().into(),
        },
        Value::Scalar { text, .. } => text.as_str().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| (key.clone(), json(value)));
            serde_json::Value::Object(entries.collect())
        }
    }
}

fn trusts(keeping: &mut Keeping<'_>, call: &Call<'_>, target: &IdentityId, node: &Node) {
    let Some(value) = document(node) else {
        return;
    };
    let (document, problems) = policy::document(&value);
    for (_, message) in problems {
        keeping.malformed(node.line, message);
    }
    for statement in &document.statements {
        let actions = statement.actions.patterns.iter();
        let actions: Vec<Str> = if statement.actions.negated {
            actions.map(|a| format!("not {a}").into()).collect()
        } else {
            actions.map(|a| a.as_str().into()).collect()
        };
        let outsiders = statement.not_principals.iter();
        let outsiders =
            outsiders.map(|p| TrustPrincipal::Other(format!("not {}:{}", p.kind, p.value).into()));
        for principal in statement.principals.iter().map(principal).chain(outsiders) {
            let evidence = keeping.at(node.line);
            keeping.facts.trusts.push(Trust {
                target: target.clone(),
                cross_account: crosses(&principal, call.estate),
                inside_organization: None,
                grade: None,
                principal,
                effect: effect(statement),
                actions: actions.clone(),
                condition: statement.condition.as_deref().map(Str::from),
                condition_keys: statement
                    .condition_keys
                    .iter()
                    .map(|k| k.as_str().into())
                    .collect(),
                label: statement.label().into(),
                evidence,
            });
        }
    }
}

/// A policy with its rules, if its document is written out.
fn rules(keeping: &mut Keeping<'_>, node: &Node, policy: &mut Policy) {
    let Some(value) = document(node) else {
        return;
    };
    let context = Context {
        document: keeping.document,
        reader: ansible::NAME,
    };
    let mut problems = Vec::new();
    let rules = context.rules(&value, "", &mut problems);
    keeping.problems.extend(problems);
    let place = keeping.at(node.line);
    for mut rule in rules.into_iter().flatten() {
        // Pointers of a part of a task lead nowhere; its line does.
        rule.evidence = place.clone();
        policy.rules.insert(rule);
    }
    policy.evidence.insert(place);
}

fn managed_policy(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    let Some(shown) = call.any(&["name", "policy_name"]) else {
        return;
    };
    let Some(node) = call.arguments.get("policy") else {
        return;
    };
    let id = policy_id(call, shown);
    let mut policy = Policy::new(id, Platform::Aws, PolicyKind::IamManaged, short(shown));
    policy.account = Some(call.estate.into());
    rules(keeping, node, &mut policy);
    keeping.facts.policies.push(policy);
}

fn inline_policy(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    let (Some(holder), Some(shown)) = (call.get("iam_name"), call.get("policy_name")) else {
        return;
    };
    let sort = call.get("iam_type").unwrap_or("user");
    let holder = IdentityId::from(arn(call, sort, "/", holder));
    let id = PolicyId::from(format!("{holder}/{}", name(shown)));
    let Some(node) = call.arguments.get("policy_json") else {
        return;
    };
    let mut policy = Policy::new(
        id.clone(),
        Platform::Aws,
        PolicyKind::IamInline,
        short(shown),
    );
    policy.account = Some(call.estate.into());
    rules(keeping, node, &mut policy);
    keeping.facts.policies.push(policy);
    entitle(keeping, call, &holder, id, EntitlementRole::Grant, "inline");
}

/// A key that a task makes: of a user, without an end.
fn access_key(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    let Some(user) = call.any(&["user_name", "username", "name"]) else {
        return;
    };
    let identity = IdentityId::from(arn(call, "user", "/", user));
    let mut credential = Credential::new(
        format!("ansible:{}/access-key/{}", call.estate, name(user)).into(),
        "aws-access-key",
        "aws",
        "AWS access key",
    );
    credential.display = Some(short(&format!("of {user}")));
    credential.account = Some(call.estate.into());
    credential.expires = Moment::Never;
    credential.traits.insert("declared".into());
    record(
        keeping,
        call,
        credential,
        identity,
        "the task names the user",
    );
}

fn record(
    keeping: &mut Keeping<'_>,
    call: &Call<'_>,
    mut credential: Credential,
    identity: IdentityId,
    basis: &str,
) {
    credential.records.insert(keeping.at(call.line));
    credential.links.insert(CredentialLink {
        identity,
        basis: basis.into(),
        evidence: keeping.at(call.line),
    });
    keeping.facts.credentials.push(credential);
}

fn google_account(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    let Some(address) = call.get("name") else {
        return;
    };
    // The module takes the whole address; some give its first part.
    let address = match (address.contains('@'), call.get("project")) {
        (false, Some(project)) => format!("{address}@{project}.iam.gserviceaccount.com"),
        _ => address.to_owned(),
    };
    let id = format!("gcp:{}", short(&address));
    let mut identity = made(
        keeping,
        call,
        id,
        Platform::Gcp,
        IdentityKind::GcpServiceAccount,
        &address,
    );
    identity.account = call.get("project").map(short);
    identity.humanity = (Humanity::NonHuman, "Google service account".into());
    if let Some(shown) = call.get("display_name") {
        let label = keeping.field("display_name", shown, call.line);
        identity.labels.insert(label);
    }
    keeping.facts.identities.push(identity);
}

fn google_key(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    let account = call.arguments.get("service_account");
    let address = account.and_then(|node| node.text().or(text(node, "name")));
    let Some(address) = address else {
        return;
    };
    let mut credential = Credential::new(
        format!(
            "ansible:{}/service-account-key/{}",
            call.estate,
            name(address)
        )
        .into(),
        "gcp-service-account-key",
        "google",
        "key of a Google service account",
    );
    credential.display = Some(short(&format!("of {address}")));
    credential.expires = Moment::Never;
    credential.traits.insert("declared".into());
    let identity = format!("gcp:{}", short(address)).into();
    record(
        keeping,
        call,
        credential,
        identity,
        "the task names the service account",
    );
}

fn entra(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    let Some(shown) = call.any(&[
        "app_id",
        "display_name",
        "client_id",
        "service_principal_object_id",
    ]) else {
        return;
    };
    let tenant = call.get("tenant").unwrap_or(call.estate);
    let id = IdentityId::from(format!("entra:{}/{}", part(tenant), name(shown)));
    if call.module == "azure_rm_adpassword" {
        let mut credential = Credential::new(
            format!("ansible:{}/client-secret/{}", call.estate, name(shown)).into(),
            "entra-client-secret",
            "microsoft",
            "Entra client secret",
        );
        credential.display = Some(short(&format!("of {shown}")));
        if let Some(end) = call
            .get("end_date")
            .and_then(crate::model::Timestamp::parse)
        {
            credential.expires = Moment::At(end);
        }
        record(
            keeping,
            call,
            credential,
            id,
            "the task names the application",
        );
        return;
    }
    let mut identity = made(
        keeping,
        call,
        id.0.to_string(),
        Platform::Entra,
        IdentityKind::EntraApplication,
        shown,
    );
    identity.humanity = (Humanity::NonHuman, "application".into());
    identity.account = Some(part(tenant).into());
    keeping.facts.identities.push(identity);
}

/// Objects that a task makes in a cluster, where they are written out.
pub(super) fn kubernetes(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    let definition = ["definition", "resource_definition"]
        .iter()
        .find_map(|key| call.arguments.get(key));
    let Some(definition) = definition else {
        return;
    };
    let trees: Vec<String> = match definition.text() {
        Some(text) => vec![text.to_owned()],
        None if definition.is_map() => vec![json(definition).to_string()],
        None => definition
            .items()
            .iter()
            .map(|item| json(item).to_string())
            .collect(),
    };
    for tree in trees {
        let inner = Document {
            origin: keeping.document.origin,
            bytes: tree.as_bytes(),
        };
        let (mut facts, _) = Kubernetes.read(&inner);
        // Places inside the definition are the task's.
        let place = keeping.at(definition.line);
        for identity in &mut facts.identities {
            identity.evidence = std::iter::once(place.clone()).collect();
            if keeping.illustrates {
                identity.presence.insert(Presence::Referenced);
            }
        }
        for entitlement in &mut facts.entitlements {
            entitlement.evidence = place.clone();
        }
        for workload in &mut facts.workloads {
            workload.evidence = place.clone();
        }
        keeping.facts.append(facts);
    }
}
