//! Permission sets of single sign-on, and organisations' control policies.

use super::super::Resource;
use super::super::note;
use super::super::sink::Sink;
use super::document;
use super::grants::named_policy;
use crate::model::{
    Assignment, ControlTarget, Entitlement, EntitlementRole, IdentityId, PermissionSet, Platform,
    Policy, PolicyId, PolicyKind, Scope,
};
use crate::platform::aws::arn::Arn;

/// The ARN of a permission set, or what stands for it.
pub(super) fn permission_set(resource: &Resource) -> String {
    match resource.text("arn").filter(|arn| Arn::parse(arn).is_some()) {
        Some(arn) => arn.to_owned(),
        None => format!(
            "arn:aws:sso:::permissionSet/{}/{}",
            resource.place(),
            resource.named("name")
        ),
    }
}

/// Reads permission sets, assignments and control policies; whether it was one.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) -> bool {
    match resource.kind.as_str() {
        "aws_ssoadmin_permission_set" => sink.facts.permission_sets.push(PermissionSet {
            arn: permission_set(resource).into(),
            name: Some(resource.named("name").into()),
            session: resource.text("session_duration").map(Into::into),
            evidence: resource.evidence.clone(),
        }),
        "aws_ssoadmin_managed_policy_attachment" => {
            if let Some(policy) = resource.text("managed_policy_arn") {
                let policy = named_policy(sink, resource, policy);
                give(sink, resource, policy, EntitlementRole::Grant, "attached");
            }
        }
        "aws_ssoadmin_permission_set_inline_policy" => inline(sink, resource),
        "aws_ssoadmin_permissions_boundary_attachment" => {
            let managed = super::texts_at(
                &resource.attributes,
                "permissions_boundary.managed_policy_arn",
            );
            if let Some(policy) = managed.first() {
                let policy = named_policy(sink, resource, policy);
                let via = "permissions boundary";
                give(sink, resource, policy, EntitlementRole::Boundary, via);
            }
        }
        "aws_ssoadmin_account_assignment" => assignment(sink, resource),
        "aws_organizations_policy" => control(sink, resource),
        "aws_organizations_policy_attachment" => target(sink, resource),
        _ => return false,
    }
    true
}

fn set(sink: &Sink<'_>, resource: &Resource) -> Option<IdentityId> {
    let text = resource.text("permission_set_arn")?;
    let known = sink
        .index
        .identity(&resource.estate, "aws_ssoadmin_permission_set", text);
    Some(known.unwrap_or_else(|| text.into()))
}

fn give(
    sink: &mut Sink<'_>,
    resource: &Resource,
    policy: PolicyId,
    role: EntitlementRole,
    via: &str,
) {
    let Some(principal) = set(sink, resource) else {
        return;
    };
    sink.facts.entitlements.push(Entitlement {
        principal,
        policy,
        scope: Scope::Account("*".into()),
        role,
        via: via.into(),
        evidence: resource.evidence.clone(),
    });
}

fn inline(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(set) = set(sink, resource) else {
        return;
    };
    let id = PolicyId::from(format!("{set}#inline"));
    let mut policy = Policy::new(
        id.clone(),
        Platform::Aws,
        PolicyKind::PermissionSet,
        "inline policy",
    );
    policy.evidence.insert(resource.evidence.clone());
    let mut trouble = Vec::new();
    let rules = resource
        .attributes
        .get("inline_policy")
        .and_then(|node| document::rules(node, &resource.evidence, &mut |m| trouble.push(m)));
    sink.problems
        .extend(trouble.into_iter().map(|m| note(resource, m)));
    if let Some(rules) = rules {
        policy.rules = rules.into_iter().collect();
        sink.facts.policies.push(policy);
    }
    give(sink, resource, id, EntitlementRole::Grant, "inline");
}

fn assignment(sink: &mut Sink<'_>, resource: &Resource) {
    let (Some(set), Some(account), Some(principal)) = (
        set(sink, resource),
        resource.text("target_id"),
        resource.text("principal_id"),
    ) else {
        return;
    };
    sink.facts.assignments.push(Assignment {
        permission_set: set.0,
        account: account.into(),
        group: resource.text("principal_type") == Some("GROUP"),
        principal: principal.into(),
        evidence: resource.evidence.clone(),
    });
}

/// The id of a control policy that code declares.
fn control_id(resource: &Resource) -> PolicyId {
    match resource.text("id").filter(|id| id.starts_with("p-")) {
        Some(id) => id.into(),
        None => resource.alias().into(),
    }
}

fn control(sink: &mut Sink<'_>, resource: &Resource) {
    let kind = match resource.text("type") {
        None | Some("SERVICE_CONTROL_POLICY") => PolicyKind::ServiceControl,
        Some("RESOURCE_CONTROL_POLICY") => PolicyKind::ResourceControl,
        Some(_) => return,
    };
    let mut policy = Policy::new(
        control_id(resource),
        Platform::Aws,
        kind,
        resource.named("name"),
    );
    policy.evidence.insert(resource.evidence.clone());
    let mut trouble = Vec::new();
    let rules = resource
        .attributes
        .get("content")
        .and_then(|node| document::rules(node, &resource.evidence, &mut |m| trouble.push(m)));
    sink.problems
        .extend(trouble.into_iter().map(|m| note(resource, m)));
    if let Some(rules) = rules {
        policy.rules = rules.into_iter().collect();
        sink.facts.policies.push(policy);
    }
}

fn target(sink: &mut Sink<'_>, resource: &Resource) {
    let (Some(policy), Some(target)) = (resource.text("policy_id"), resource.text("target_id"))
    else {
        return;
    };
    let known = sink.resource(resource, policy).map(control_id);
    sink.facts.control_targets.push(ControlTarget {
        policy: known.unwrap_or_else(|| policy.into()),
        target: target.into(),
        evidence: resource.evidence.clone(),
    });
}
