//! Who holds which policy of IAM.

use super::super::note;
use super::super::sink::Sink;
use super::super::value::{blocks, texts_at};
use super::super::{Node, Resource};
use super::{document, policy, principal};
use crate::model::{
    Entitlement, EntitlementRole, IdentityId, Platform, Policy, PolicyId, PolicyKind, Scope,
};
use crate::platform::aws::arn::Arn;

/// Reads policies and attachments; whether it was one.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) -> bool {
    match resource.kind.as_str() {
        "aws_iam_policy" => managed(sink, resource),
        "aws_iam_user_policy" => inline(sink, resource, "user"),
        "aws_iam_role_policy" => inline(sink, resource, "role"),
        "aws_iam_group_policy" => inline(sink, resource, "group"),
        "aws_iam_user_policy_attachment" | "aws_iam_user_policy_attachments_exclusive" => {
            attached(sink, resource, &[("user", &["user", "user_name"])]);
        }
        "aws_iam_role_policy_attachment" | "aws_iam_role_policy_attachments_exclusive" => {
            attached(sink, resource, &[("role", &["role", "role_name"])]);
        }
        "aws_iam_group_policy_attachment" | "aws_iam_group_policy_attachments_exclusive" => {
            attached(sink, resource, &[("group", &["group", "group_name"])]);
        }
        "aws_iam_policy_attachment" => attached(
            sink,
            resource,
            &[
                ("user", &["users"]),
                ("role", &["roles"]),
                ("group", &["groups"]),
            ],
        ),
        _ => return false,
    }
    true
}

/// The account that grants of a principal hold in.
fn scope(resource: &Resource, principal: &IdentityId) -> Scope {
    let account = Arn::parse(&principal.0).map(|arn| arn.account);
    match account.filter(|account| !account.is_empty()) {
        Some(account) => Scope::Account(account.into()),
        None => Scope::Account(resource.account().into()),
    }
}

fn managed(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(id) = policy(resource) else { return };
    if resource.data && resource.attributes.get("policy").is_none() {
        return;
    }
    let mut stated = Policy::new(
        id,
        Platform::Aws,
        PolicyKind::IamManaged,
        resource.named("name"),
    );
    stated.account = Some(resource.account().into());
    stated.evidence.insert(resource.evidence.clone());
    let mut trouble = Vec::new();
    let rules = resource.attributes.get("policy").and_then(|node| {
        document::rules(node, &evidence(resource, node), &mut |m| trouble.push(m))
    });
    sink.problems
        .extend(trouble.into_iter().map(|m| note(resource, m)));
    // One that files do not tell stays unresolved, which is not the same as one without rules.
    if let Some(rules) = rules {
        stated.rules = rules.into_iter().collect();
        sink.facts.policies.push(stated);
    }
}

fn evidence(resource: &Resource, node: &Node) -> crate::model::Evidence {
    let mut evidence = resource.evidence.clone();
    if node.line > 0 {
        evidence.line = Some(node.line);
    }
    evidence
}

fn inline(sink: &mut Sink<'_>, resource: &Resource, kind: &str) {
    let Some(holder) = resource.text(kind) else {
        return;
    };
    let holder = principal(sink, resource, kind, holder);
    let name = resource.named("name");
    embed(
        sink,
        resource,
        &holder,
        &name,
        resource.attributes.get("policy"),
    );
}

/// A policy embedded in a principal.
fn embed(
    sink: &mut Sink<'_>,
    resource: &Resource,
    holder: &IdentityId,
    name: &str,
    node: Option<&Node>,
) {
    let id = PolicyId::from(format!("{holder}#inline/{name}"));
    let mut trouble = Vec::new();
    let rules = node.and_then(|node| {
        document::rules(node, &evidence(resource, node), &mut |m| trouble.push(m))
    });
    sink.problems
        .extend(trouble.into_iter().map(|m| note(resource, m)));
    if let Some(rules) = rules {
        let mut stated = Policy::new(id.clone(), Platform::Aws, PolicyKind::IamInline, name);
        stated.account = Some(resource.account().into());
        stated.rules = rules.into_iter().collect();
        stated.evidence.insert(resource.evidence.clone());
        sink.facts.policies.push(stated);
    }
    let scope = scope(resource, holder);
    push(
        sink,
        resource,
        holder,
        id,
        scope,
        "inline",
        EntitlementRole::Grant,
    );
}

fn push(
    sink: &mut Sink<'_>,
    resource: &Resource,
    principal: &IdentityId,
    policy: PolicyId,
    scope: Scope,
    via: &str,
    role: EntitlementRole,
) {
    sink.facts.entitlements.push(Entitlement {
        principal: principal.clone(),
        policy,
        scope,
        role,
        via: via.into(),
        evidence: resource.evidence.clone(),
    });
}

fn attached(sink: &mut Sink<'_>, resource: &Resource, holders: &[(&str, &[&str])]) {
    let policies: Vec<PolicyId> = ["policy_arn", "policy_arns"]
        .iter()
        .flat_map(|name| texts_at(&resource.attributes, name))
        .map(|arn| named_policy(sink, resource, arn))
        .collect();
    for (kind, names) in holders {
        let holders: Vec<String> = names
            .iter()
            .flat_map(|name| texts_at(&resource.attributes, name))
            .map(str::to_owned)
            .collect();
        for holder in holders {
            let holder = principal(sink, resource, kind, &holder);
            for policy in &policies {
                let scope = scope(resource, &holder);
                push(
                    sink,
                    resource,
                    &holder,
                    policy.clone(),
                    scope,
                    "attached",
                    EntitlementRole::Grant,
                );
            }
        }
    }
}

/// The policy that an ARN or a reference names.
pub(super) fn named_policy(sink: &Sink<'_>, resource: &Resource, text: &str) -> PolicyId {
    let known = sink.index.policy(&resource.estate, text);
    known.unwrap_or_else(|| PolicyId::from(text))
}

/// The permissions boundary of a user or role.
pub(super) fn boundary(sink: &mut Sink<'_>, resource: &Resource, id: &IdentityId) {
    if let Some(arn) = resource.text("permissions_boundary") {
        let policy = named_policy(sink, resource, arn);
        let scope = scope(resource, id);
        push(
            sink,
            resource,
            id,
            policy,
            scope,
            "permissions boundary",
            EntitlementRole::Boundary,
        );
    }
}

/// What a role's own block gives it: `inline_policy`, `managed_policy_arns`.
pub(super) fn embedded(sink: &mut Sink<'_>, resource: &Resource, id: &IdentityId) {
    for block in blocks(&resource.attributes, "inline_policy") {
        // An empty block says that there are none.
        let Some(name) = block.str("name").filter(|name| !name.is_empty()) else {
            continue;
        };
        embed(sink, resource, id, name, block.get("policy"));
    }
    for arn in texts_at(&resource.attributes, "managed_policy_arns") {
        let policy = named_policy(sink, resource, arn);
        let scope = scope(resource, id);
        push(
            sink,
            resource,
            id,
            policy,
            scope,
            "attached",
            EntitlementRole::Grant,
        );
    }
}
