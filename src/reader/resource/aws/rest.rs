//! What runs as a role, and policies of resources: by the table `rules/terraform/aws.yaml`.

use super::super::Resource;
use super::super::note;
use super::super::sink::Sink;
use super::super::value::{text_at, texts_at, walk};
use super::document;
use crate::model::{Effect, Matcher, ResourceStatement, Str, TrustPrincipal, Workload};
use crate::platform::aws::arn::{Arn, is_account};
use crate::platform::embedded;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    workloads: Vec<Runs>,
    resource_policies: Vec<Carries>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Runs {
    types: Vec<String>,
    #[serde(rename = "as")]
    kind: String,
    service: String,
    name: String,
    roles: Vec<String>,
    #[serde(default)]
    suffix: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Carries {
    types: Vec<String>,
    of: Vec<String>,
    arn: String,
    policy: Vec<String>,
}

/// The rows of each type.
#[derive(Default)]
struct Table {
    workloads: HashMap<&'static str, Vec<&'static Runs>>,
    policies: HashMap<&'static str, &'static Carries>,
}

static FILE: LazyLock<File> = LazyLock::new(|| {
    let text = embedded::TERRAFORM
        .iter()
        .find(|(name, _)| *name == "aws.yaml");
    text.and_then(|(_, text)| serde_yaml::from_str(text).ok())
        .unwrap_or_default()
});

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    let file: &'static File = &FILE;
    for row in &file.workloads {
        for kind in &row.types {
            table.workloads.entry(kind).or_default().push(row);
        }
    }
    for row in &file.resource_policies {
        for kind in &row.types {
            table.policies.insert(kind, row);
        }
    }
    table
});

/// Reads what runs as a role and what carries a policy; whether it was one.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) -> bool {
    if resource.data {
        return false;
    }
    let mut ours = false;
    for row in TABLE
        .workloads
        .get(resource.kind.as_str())
        .into_iter()
        .flatten()
    {
        runs(sink, resource, row);
        ours = true;
    }
    if let Some(row) = TABLE.policies.get(resource.kind.as_str()) {
        carries(sink, resource, row);
        ours = true;
    }
    match resource.kind.as_str() {
        "aws_lambda_permission" => permission(sink, resource),
        "aws_kms_grant" => kms_grant(sink, resource),
        "aws_iam_instance_profile" => profile(sink, resource),
        _ => return ours,
    }
    true
}

fn runs(sink: &mut Sink<'_>, resource: &Resource, row: &Runs) {
    let name = match text_at(&resource.attributes, &row.name) {
        Some(name) => name.to_owned(),
        None => resource.address.clone(),
    };
    let id = match resource.text("arn").filter(|arn| Arn::parse(arn).is_some()) {
        Some(arn) => arn.to_owned(),
        None => {
            let (service, kind) = row.service.split_once(':').unwrap_or((&row.service, ""));
            format!("arn:aws:{service}::{}:{kind}/{name}", resource.account())
        }
    };
    let roles: Vec<String> = row
        .roles
        .iter()
        .flat_map(|path| texts_at(&resource.attributes, path))
        .map(str::to_owned)
        .collect();
    for role in roles {
        let runs_as = super::named_role(sink, resource, &role);
        sink.facts.workloads.push(Workload {
            id: format!("{id}{}", row.suffix).into(),
            kind: row.kind.as_str().into(),
            name: name.as_str().into(),
            runs_as,
            automount: None,
            evidence: resource.evidence.clone(),
        });
    }
}

/// An instance profile: machines that have it act as its role.
fn profile(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(role) = resource.first(&["role", "roles"]).map(str::to_owned) else {
        return;
    };
    let runs_as = super::principal(sink, resource, "role", &role);
    sink.facts.workloads.push(Workload {
        id: super::computed(resource, "arn").unwrap_or_default().into(),
        kind: "AWS::IAM::InstanceProfile".into(),
        name: resource.named("name").into(),
        runs_as,
        automount: None,
        evidence: resource.evidence.clone(),
    });
}

fn carries(sink: &mut Sink<'_>, resource: &Resource, row: &Carries) {
    let account = resource.account();
    let named = row
        .of
        .iter()
        .find_map(|path| text_at(&resource.attributes, path));
    let named = named.unwrap_or(&resource.address);
    let arn = match Arn::parse(named) {
        Some(_) => named.to_owned(),
        None => row.arn.replace('@', &account).replace("{}", named),
    };
    for path in &row.policy {
        for node in walk(&resource.attributes, path) {
            let mut trouble = Vec::new();
            let statements = document::resource_statements(
                &arn,
                &account,
                node,
                &resource.evidence,
                &mut |message| trouble.push(message),
            );
            sink.facts
                .resource_statements
                .extend(statements.into_iter().flatten());
            sink.problems
                .extend(trouble.into_iter().map(|m| note(resource, m)));
        }
    }
}

/// A principal as `aws_lambda_permission` and `aws_kms_grant` write it.
fn principal(text: &str) -> TrustPrincipal {
    match text {
        "*" => TrustPrincipal::Anyone,
        account if is_account(account) => TrustPrincipal::Account(account.into()),
        service if service.ends_with(".amazonaws.com") => TrustPrincipal::Service(service.into()),
        arn => match Arn::parse(arn) {
            Some(parsed) if parsed.resource == "root" => {
                TrustPrincipal::Account(parsed.account.into())
            }
            _ => TrustPrincipal::Principal(arn.into()),
        },
    }
}

fn permission(sink: &mut Sink<'_>, resource: &Resource) {
    let (Some(who), Some(function)) = (resource.text("principal"), resource.text("function_name"))
    else {
        return;
    };
    let action = resource.text("action").unwrap_or("lambda:InvokeFunction");
    let mut equals = serde_json::Map::new();
    for (attribute, key) in [
        ("source_account", "AWS:SourceAccount"),
        ("principal_org_id", "aws:PrincipalOrgID"),
        ("event_source_token", "lambda:EventSourceToken"),
        ("function_url_auth_type", "lambda:FunctionUrlAuthType"),
    ] {
        if let Some(value) = resource.text(attribute) {
            equals.insert(key.to_owned(), value.into());
        }
    }
    let mut condition = serde_json::Map::new();
    if let Some(arn) = resource.text("source_arn") {
        condition.insert(
            "ArnLike".to_owned(),
            serde_json::json!({ "AWS:SourceArn": arn }),
        );
    }
    if !equals.is_empty() {
        condition.insert("StringEquals".to_owned(), equals.into());
    }
    let account = resource.account();
    let arn = match Arn::parse(function) {
        Some(_) => function.to_owned(),
        None => format!("arn:aws:lambda::{account}:function:{function}"),
    };
    statement(
        sink,
        resource,
        &arn,
        principal(who),
        vec![action.into()],
        (!condition.is_empty()).then(|| serde_json::Value::Object(condition).to_string().into()),
    );
}

fn kms_grant(sink: &mut Sink<'_>, resource: &Resource) {
    let (Some(who), Some(key)) = (resource.text("grantee_principal"), resource.text("key_id"))
    else {
        return;
    };
    let operations = texts_at(&resource.attributes, "operations");
    let actions = operations
        .iter()
        .map(|op| format!("kms:{op}").into())
        .collect();
    let account = resource.account();
    let arn = match Arn::parse(key) {
        Some(_) => key.to_owned(),
        None => format!("arn:aws:kms::{account}:key/{key}"),
    };
    statement(sink, resource, &arn, principal(who), actions, None);
}

fn statement(
    sink: &mut Sink<'_>,
    resource: &Resource,
    arn: &str,
    who: TrustPrincipal,
    actions: Vec<Str>,
    condition: Option<Str>,
) {
    sink.facts.resource_statements.push(ResourceStatement {
        resource: arn.into(),
        account: Some(resource.account().into()),
        effect: Effect::Allow,
        principals: vec![who],
        others: false,
        actions: Matcher::In(actions),
        resources: Matcher::In(vec![arn.into()]),
        condition,
        version: Some("2012-10-17".into()),
        label: resource
            .text("statement_id")
            .unwrap_or(&resource.address)
            .into(),
        evidence: resource.evidence.clone(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_form_it_should() {
        let (_, text) = embedded::TERRAFORM
            .iter()
            .find(|(n, _)| *n == "aws.yaml")
            .unwrap();
        let file: File = serde_yaml::from_str(text).unwrap();
        assert!(file.workloads.len() > 30 && file.resource_policies.len() > 20);
    }
}
