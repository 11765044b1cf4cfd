//! Resources of AWS.

use super::sink::{Sink, Sort};
use super::value::{texts, texts_at};
use super::{Resource, symbolic};
use crate::model::{
    Federation, Humanity, IdentityId, IdentityKind, IdentityProvider, Membership, Moment, Platform,
    PolicyId, Presence, Str,
};
use crate::platform::aws::arn::Arn;

mod center;
mod credentials;
mod document;
mod grants;
mod rest;

/// `arn:aws:iam::<account or estate>:<rest>`; an ARN that the platform has told goes before.
fn arn(resource: &Resource, rest: &str) -> String {
    match resource.text("arn").filter(|arn| Arn::parse(arn).is_some()) {
        Some(arn) if !symbolic(arn) => arn.to_owned(),
        _ => format!(
            "arn:{}:iam::{}:{rest}",
            partition(resource),
            resource.account()
        ),
    }
}

/// The partition, as far as other attributes tell.
fn partition(resource: &Resource) -> &'static str {
    match resource.first(&["permissions_boundary", "policy_arn"]) {
        Some(arn) if arn.starts_with("arn:aws-cn:") => "aws-cn",
        Some(arn) if arn.starts_with("arn:aws-us-gov:") => "aws-us-gov",
        _ => "aws",
    }
}

/// The path of an IAM resource, with slashes at both ends.
fn path(resource: &Resource) -> String {
    let path = resource.text("path").unwrap_or("/").trim_matches('/');
    match path {
        "" => "/".to_owned(),
        path => format!("/{path}/"),
    }
}

/// The id of what a resource of IAM is: of users and roles, and of groups, which hold policies as well.
pub(super) fn identity(resource: &Resource) -> Option<IdentityId> {
    let rest = match resource.kind.as_str() {
        "aws_iam_user" => format!("user{}{}", path(resource), resource.named("name")),
        "aws_iam_role" => format!("role{}{}", path(resource), resource.named("name")),
        "aws_iam_group" => format!("group{}{}", path(resource), resource.named("name")),
        "aws_iam_service_linked_role" => {
            let service = resource.text("aws_service_name").unwrap_or_default();
            let suffix = resource.text("custom_suffix").unwrap_or_default();
            let name = format!("AWSServiceRoleFor${{{}.name}}{suffix}", resource.address);
            let name = resource.text("name").map_or(name, str::to_owned);
            format!("role/aws-service-role/{service}/{name}")
        }
        "aws_ssoadmin_permission_set" => return Some(center::permission_set(resource).into()),
        _ => return None,
    };
    Some(arn(resource, &rest).into())
}

/// The id of a managed policy.
pub(super) fn policy(resource: &Resource) -> Option<PolicyId> {
    if resource.kind != "aws_iam_policy" {
        return None;
    }
    if resource.data
        && let Some(name) = resource.text("name")
        && crate::platform::aws::managed::policy(&format!("arn:aws:iam::aws:policy/{name}"))
            .is_some()
    {
        return Some(format!("arn:aws:iam::aws:policy/{name}").into());
    }
    let rest = format!("policy{}{}", path(resource), resource.named("name"));
    Some(arn(resource, &rest).into())
}

/// The value of an attribute that AWS works out.
pub(super) fn computed(resource: &Resource, attribute: &str) -> Option<String> {
    match (resource.kind.as_str(), attribute) {
        (
            "aws_iam_user" | "aws_iam_role" | "aws_iam_group" | "aws_iam_service_linked_role",
            "arn",
        ) => Some(identity(resource)?.0.to_string()),
        (
            "aws_iam_user" | "aws_iam_role" | "aws_iam_group" | "aws_iam_instance_profile",
            "id" | "name",
        ) => Some(resource.named("name")),
        ("aws_iam_policy", "arn" | "id") => Some(policy(resource)?.0.to_string()),
        ("aws_iam_policy", "name") => Some(resource.named("name")),
        ("aws_iam_policy_document", "json" | "minified_json") => {
            document::compose(&resource.attributes)
        }
        ("aws_iam_openid_connect_provider", "arn" | "id") => Some(oidc_arn(resource)),
        ("aws_iam_saml_provider", "arn" | "id") => Some(arn(
            resource,
            &format!("saml-provider/{}", resource.named("name")),
        )),
        ("aws_iam_instance_profile", "arn") => Some(arn(
            resource,
            &format!(
                "instance-profile{}{}",
                path(resource),
                resource.named("name")
            ),
        )),
        ("aws_ssoadmin_permission_set", "arn" | "id") => Some(center::permission_set(resource)),
        ("aws_caller_identity", "account_id" | "id") => {
            resource.account.as_deref().map(str::to_owned)
        }
        ("aws_partition", "partition" | "id") => Some("aws".to_owned()),
        ("aws_partition", "dns_suffix") => Some("amazonaws.com".to_owned()),
        ("aws_s3_bucket", "arn") => {
            let bucket = resource.text("bucket")?;
            Some(format!("arn:aws:s3:::{bucket}"))
        }
        ("aws_s3_bucket", "id") => resource.text("bucket").map(str::to_owned),
        _ => None,
    }
}

fn oidc_arn(resource: &Resource) -> String {
    let url = resource
        .text("url")
        .map_or_else(|| resource.named("url"), str::to_owned);
    let host = url.trim_start_matches("https://").trim_end_matches('/');
    arn(resource, &format!("oidc-provider/{host}"))
}

/// What a resource states.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) {
    match resource.kind.as_str() {
        "aws_iam_user" => user(sink, resource),
        "aws_iam_role" | "aws_iam_service_linked_role" => role(sink, resource),
        "aws_iam_group_membership" | "aws_iam_user_group_membership" => membership(sink, resource),
        "aws_iam_openid_connect_provider" => provider(sink, resource, Federation::Oidc),
        "aws_iam_saml_provider" => provider(sink, resource, Federation::Saml),
        _ => {
            let _ = grants::read(sink, resource)
                || credentials::read(sink, resource)
                || center::read(sink, resource)
                || rest::read(sink, resource);
        }
    }
}

fn user(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(id) = identity(resource) else { return };
    let name = resource.named("name");
    let mut user = sink.identity(
        resource,
        id.clone(),
        Platform::Aws,
        IdentityKind::AwsUser,
        &name,
    );
    account(&mut user, &id);
    // Whether a person uses it, its name, its password and its keys tell.
    user.humanity = (Humanity::Undetermined, "".into());
    unique(&mut user, resource);
    grants::boundary(sink, resource, &id);
    sink.facts.identities.push(user);
}

fn role(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(id) = identity(resource) else { return };
    let name = id.0.rsplit('/').next().unwrap_or_default().to_owned();
    let name = resource.text("name").map_or(name, str::to_owned);
    let mut role = sink.identity(
        resource,
        id.clone(),
        Platform::Aws,
        IdentityKind::AwsRole,
        &name,
    );
    account(&mut role, &id);
    role.humanity = (Humanity::Undetermined, "".into());
    unique(&mut role, resource);
    if resource.kind == "aws_iam_service_linked_role" || id.0.contains(":role/aws-service-role/") {
        role.provider_managed = Some("service-linked role".into());
    }
    let of = role.account.clone().unwrap_or_default();
    if let Some(node) = resource.attributes.get("assume_role_policy") {
        match document::trusts(&id, &of, node, &resource.evidence, &mut |message| {
            sink.problems.push(super::note(resource, message));
        }) {
            Some(trusts) => sink.facts.trusts.extend(trusts),
            None => {
                role.derivation
                    .insert("not resolved: assume_role_policy".into());
            }
        }
    }
    grants::boundary(sink, resource, &id);
    grants::embedded(sink, resource, &id);
    sink.facts.identities.push(role);
}

/// The account that an ARN of a state tells goes before that of the provider.
fn account(identity: &mut crate::model::Identity, id: &IdentityId) {
    if let Some(account) = Arn::parse(&id.0).and_then(|arn| arn.customer()) {
        identity.account = Some(account.into());
    }
}

fn unique(identity: &mut crate::model::Identity, resource: &Resource) {
    identity.aliases.extend(
        resource
            .text("unique_id")
            .filter(|id| !symbolic(id))
            .map(Str::from),
    );
}

fn membership(sink: &mut Sink<'_>, resource: &Resource) {
    let (users, groups) = match resource.kind.as_str() {
        "aws_iam_group_membership" => ("users", "group"),
        _ => ("user", "groups"),
    };
    let members: Vec<IdentityId> = texts_at(&resource.attributes, users)
        .iter()
        .map(|user| principal(sink, resource, "user", user))
        .collect();
    let groups: Vec<IdentityId> = texts_at(&resource.attributes, groups)
        .iter()
        .map(|group| principal(sink, resource, "group", group))
        .collect();
    for member in &members {
        for group in &groups {
            sink.facts.memberships.push(Membership {
                member: member.clone(),
                group: group.clone(),
                evidence: resource.evidence.clone(),
            });
        }
    }
}

/// The user, role or group that a text names; one that no resource declares is referred to.
fn principal(sink: &mut Sink<'_>, resource: &Resource, kind: &str, text: &str) -> IdentityId {
    if let Some(id) = sink
        .index
        .identity(&resource.estate, &format!("aws_iam_{kind}"), text)
    {
        return id;
    }
    let name = match Arn::parse(text) {
        Some(arn) if arn.service == "iam" => {
            let id = IdentityId::from(text);
            refer(sink, &id, kind, arn.name(), arn.account);
            return id;
        }
        _ => text,
    };
    let account = resource.account();
    let id = IdentityId::from(format!("arn:aws:iam::{account}:{kind}/{name}"));
    refer(sink, &id, kind, name, &account);
    id
}

fn refer(sink: &mut Sink<'_>, id: &IdentityId, kind: &str, name: &str, account: &str) {
    let kind = match kind {
        "user" => IdentityKind::AwsUser,
        "role" => IdentityKind::AwsRole,
        _ => return,
    };
    let account = Some(account).filter(|account| !account.is_empty());
    sink.refer(id, Platform::Aws, kind, name, account);
}

/// The role that a text names: a name, an ARN or a reference.
fn named_role(sink: &mut Sink<'_>, resource: &Resource, text: &str) -> IdentityId {
    // An instance profile stands for the role in it.
    if let Some(profile) = sink.resource(resource, text)
        && profile.kind == "aws_iam_instance_profile"
        && let Some(role) = profile.first(&["role", "roles"])
    {
        return principal(sink, profile, "role", role);
    }
    principal(sink, resource, "role", text)
}

fn provider(sink: &mut Sink<'_>, resource: &Resource, federation: Federation) {
    let id = computed(resource, "arn").unwrap_or_default();
    let url = resource.text("url");
    let audiences = resource
        .attributes
        .get("client_id_list")
        .map(|list| texts(list).into_iter().map(Str::from).collect());
    sink.facts.identity_providers.push(IdentityProvider {
        id: id.into(),
        account: Some(resource.account().into()),
        federation,
        issuer: url.map(|url| {
            url.trim_start_matches("https://")
                .trim_end_matches('/')
                .into()
        }),
        audiences,
        created: None,
        expires: resource
            .text("valid_until")
            .and_then(crate::model::Timestamp::parse)
            .map_or(Moment::Unknown, Moment::At),
        evidence: resource.evidence.clone(),
    });
}

/// How AWS's credentials are called.
const fn sort<'s>(kind: &'s str, title: &'s str) -> Sort<'s> {
    Sort {
        kind,
        issuer: "aws",
        title,
    }
}

/// Whether a resource is of a state.
fn observed(resource: &Resource) -> bool {
    resource.presence == Presence::Observed
}
