//! Users and roles as IAM lists them singly (`aws iam list-roles`, `get-role`, `list-users`, `get-user`):
//! who they are and whom roles trust. What they hold is not in it, and stays unknown.

use super::Reader;
use super::aws_answer::{Head, Keep, Place, Reading, text, time};
use super::aws_statement::{crosses, effect, principal};
use crate::model::{
    Document, Entitlement, EntitlementRole, Facts, Humanity, Identity, IdentityId, IdentityKind,
    Label, LabelSource, Moment, Platform, Presence, Probe, Problem, ProblemKind, Scope, Str, Trust,
    TrustPrincipal,
};
use crate::platform::aws::arn::Arn;
use crate::platform::aws::policy;
use serde_json::Value;

const NAME: &str = "aws-principals";

const KEEP: Keep = Keep {
    keys: &[
        "Arn",
        "CreateDate",
        "IsTruncated",
        "Key",
        "LastUsedDate",
        "PasswordLastUsed",
        "Path",
        "PermissionsBoundary",
        "PermissionsBoundaryArn",
        "Role",
        "RoleId",
        "RoleLastUsed",
        "RoleName",
        "Roles",
        "Tags",
        "User",
        "UserId",
        "UserName",
        "Users",
        "Value",
    ],
    whole: &["AssumeRolePolicyDocument"],
};

/// Reads single users and roles.
pub struct AwsPrincipals;

impl Reader for AwsPrincipals {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        Head::of(probe, &["\"RoleId\"", "\"UserId\""]).is_some_and(|head| {
            head.under(
                Some(&["Role", "Roles"]),
                &["RoleId", "RoleName", "Arn", "AssumeRolePolicyDocument"],
                5,
            ) && !head.together(&["InstanceProfileId", "Roles"], 9)
                || head.under(
                    Some(&["User", "Users"]),
                    &["UserId", "UserName", "Arn", "CreateDate"],
                    5,
                ) && !head.together(&["SerialNumber", "User"], 9)
        })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading::new(document, NAME);
        let mut more = false;
        reading.walk(&KEEP, &mut |reading, place| {
            if place.map.contains_key("IsTruncated") {
                more = place.map.get("IsTruncated") == Some(&Value::Bool(true));
            }
            match place.key() {
                "Role" | "Roles" if place.has("RoleName") => {
                    one(reading, place, IdentityKind::AwsRole)
                }
                "User" | "Users" if place.has("UserName") => {
                    one(reading, place, IdentityKind::AwsUser)
                }
                _ => return false,
            }
            true
        });
        if more && reading.problems.is_empty() {
            let message = "the listing says that more pages exist after its last one (IsTruncated)";
            reading.problem(ProblemKind::Note, message);
        }
        reading.done()
    }
}

fn one(reading: &mut Reading<'_>, place: &Place<'_>, kind: IdentityKind) {
    let role = kind == IdentityKind::AwsRole;
    let wanted = if role { "role" } else { "user" };
    let arn = place.text("Arn").unwrap_or_default();
    let parsed = Arn::parse(arn).filter(|arn| arn.service == "iam" && arn.kind() == wanted);
    let Some(account) = parsed.and_then(|arn| arn.customer()) else {
        return reading.malformed(place.pointer, "record without a usable ARN; left out");
    };
    let account: Str = account.into();
    let evidence = reading.at(place.pointer);
    let id = IdentityId::from(arn);
    let name = place
        .text(if role { "RoleName" } else { "UserName" })
        .unwrap_or_default();
    let mut identity = Identity::new(id.clone(), Platform::Aws, kind, name);
    identity.account = Some(account.clone());
    identity.presence.insert(Presence::Observed);
    identity.created = time(place.map, "CreateDate");
    identity.aliases.extend(
        place
            .text(if role { "RoleId" } else { "UserId" })
            .map(Str::from),
    );
    for (tag, _) in place.list("Tags") {
        if let Some(key) = text(tag, "Key") {
            identity.labels.insert(Label {
                source: LabelSource::Tag,
                key: key.into(),
                value: text(tag, "Value").unwrap_or_default().into(),
                evidence: evidence.clone(),
            });
        }
    }
    if let Some(used) = time(place.map, "PasswordLastUsed") {
        identity.last_used = Moment::At(used);
    }
    // Listings leave this out; a single answer without a date says that nobody assumed the role in the
    // days IAM looks back.
    if let Some(used) = place.map.get("RoleLastUsed").and_then(Value::as_object) {
        identity.last_used = match (
            used.contains_key("LastUsedDate"),
            time(used, "LastUsedDate"),
        ) {
            (_, Some(time)) => Moment::At(time),
            (false, None) => Moment::Never,
            (true, None) => Moment::Unknown,
        };
    }
    if arn.contains(":role/aws-service-role/") {
        identity.provider_managed = Some("service-linked role".into());
    } else if arn.contains("/aws-reserved/sso.amazonaws.com/") {
        identity.provider_managed = Some("Identity Center permission-set role".into());
    }
    if role {
        let trusts = trusts(reading, place, &id, &account);
        let service = trusts.iter().find_map(|trust| match &trust.principal {
            TrustPrincipal::Service(name) => Some(name.clone()),
            _ => None,
        });
        if let Some(service) = service {
            identity.humanity = (Humanity::NonHuman, format!("trusts {service}").into());
        }
        reading.facts.trusts.extend(trusts);
    }
    let boundary = place
        .map
        .get("PermissionsBoundary")
        .and_then(Value::as_object);
    if let Some(arn) = boundary.and_then(|b| text(b, "PermissionsBoundaryArn")) {
        let evidence = reading.at(&format!("{}/PermissionsBoundary", place.pointer));
        reading.facts.entitlements.push(Entitlement {
            principal: id.clone(),
            policy: arn.into(),
            scope: Scope::Account(account.clone()),
            role: EntitlementRole::Boundary,
            via: "permissions boundary".into(),
            evidence,
        });
    }
    identity.evidence.insert(evidence);
    reading.facts.identities.push(identity);
    reading.facts.sources.push((NAME.into(), account));
}

fn trusts(
    reading: &mut Reading<'_>,
    place: &Place<'_>,
    target: &IdentityId,
    account: &str,
) -> Vec<Trust> {
    let pointer = format!("{}/AssumeRolePolicyDocument", place.pointer);
    let Some(value) = place
        .map
        .get("AssumeRolePolicyDocument")
        .filter(|v| !v.is_null())
    else {
        return Vec::new();
    };
    let Some(value) = policy::embedded(value) else {
        reading.malformed(
            &pointer,
            "policy document is neither JSON nor URL-encoded JSON",
        );
        return Vec::new();
    };
    let (document, problems) = policy::document(&value);
    for (at, message) in problems {
        reading.malformed(&format!("{pointer}{at}"), message);
    }
    let mut trusts = Vec::new();
    for statement in &document.statements {
        let evidence = reading.at(&format!("{pointer}/Statement/{}", statement.index));
        let actions = statement.actions.patterns.iter();
        let actions: Vec<Str> = if statement.actions.negated {
            actions.map(|a| format!("not {a}").into()).collect()
        } else {
            actions.map(|a| a.as_str().into()).collect()
        };
        // Once for all principals, of whom there can be many.
        let condition: Option<Str> = statement.condition.as_deref().map(Str::from);
        let keys = statement.condition_keys.iter();
        let condition_keys: Vec<Str> = keys.map(|k| k.as_str().into()).collect();
        let outsiders = statement.not_principals.iter();
        let outsiders =
            outsiders.map(|p| TrustPrincipal::Other(format!("not {}:{}", p.kind, p.value).into()));
        for principal in statement.principals.iter().map(principal).chain(outsiders) {
            trusts.push(Trust {
                target: target.clone(),
                cross_account: crosses(&principal, account),
                inside_organization: None,
                grade: None,
                principal,
                effect: effect(statement),
                actions: actions.clone(),
                condition: condition.clone(),
                condition_keys: condition_keys.clone(),
                label: statement.label().into(),
                evidence: evidence.clone(),
            });
        }
    }
    trusts
}
