//! Credentials of IAM users.

use super::super::Resource;
use super::super::sink::{Sink, ends};
use super::super::value::texts_at;
use super::{observed, principal, sort};
use crate::model::{CredentialStatus, IdentityId, Moment, Platform, Str, Timestamp};

/// Reads credentials; whether it was one.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) -> bool {
    match resource.kind.as_str() {
        "aws_iam_access_key" => access_key(sink, resource),
        "aws_iam_user_login_profile" => login_profile(sink, resource),
        "aws_iam_user_ssh_key" => other(
            sink,
            resource,
            ("aws:ssh-public-key:", "ssh_public_key_id"),
            ("aws-ssh-public-key", "AWS SSH public key (CodeCommit)"),
            &[],
        ),
        "aws_iam_signing_certificate" => other(
            sink,
            resource,
            ("aws:signing-certificate:", "certificate_id"),
            ("aws-signing-certificate", "AWS signing certificate"),
            &[],
        ),
        "aws_iam_service_specific_credential" => other(
            sink,
            resource,
            (
                "aws:service-specific-credential:",
                "service_specific_credential_id",
            ),
            (
                "aws-service-specific-credential",
                "AWS service-specific credential",
            ),
            &["service_password"],
        ),
        "aws_transfer_user" => return transfer(sink, resource),
        _ => return false,
    }
    true
}

fn user(sink: &mut Sink<'_>, resource: &Resource) -> Option<IdentityId> {
    let user = resource
        .first(&["user", "username", "user_name"])?
        .to_owned();
    Some(principal(sink, resource, "user", &user))
}

fn access_key(sink: &mut Sink<'_>, resource: &Resource) {
    let user = user(sink, resource);
    // Only a state knows the key's id.
    let id = resource
        .text("id")
        .filter(|id| crate::platform::aws::key_id::kind(id) == Some("access key"));
    let mut key = sink.credential(
        resource,
        id.map(|id| format!("aws:access-key:{id}")),
        sort("aws-access-key", "AWS access key"),
        user,
    );
    key.display = Some(id.unwrap_or(&resource.address).into());
    // IAM's access keys cannot be given an end.
    key.expires = Moment::Never;
    key.created = resource.text("create_date").and_then(Timestamp::parse);
    key.status = match resource.text("status") {
        Some("Inactive") => CredentialStatus::Inactive,
        Some("Active") if observed(resource) => CredentialStatus::Active,
        _ => key.status,
    };
    sink.expose(
        resource,
        &["secret", "ses_smtp_password_v4", "ses_smtp_password"],
        &mut key,
    );
    sink.facts.credentials.push(key);
}

fn login_profile(sink: &mut Sink<'_>, resource: &Resource) {
    let Some(id) = user(sink, resource) else {
        return;
    };
    let name = id.0.rsplit('/').next().unwrap_or_default().to_owned();
    let mut user = sink.identity(
        resource,
        id.clone(),
        Platform::Aws,
        crate::model::IdentityKind::AwsUser,
        &name,
    );
    // The profile is no record of the user; it says that somebody may sign in as it.
    user.aliases = crate::model::Set::new();
    user.labels = crate::model::Set::new();
    user.derivation = crate::model::Set::new();
    user.presence = crate::model::Set::new();
    user.presence.insert(crate::model::Presence::Referenced);
    user.humanity = (crate::model::Humanity::Undetermined, Str::from(""));
    user.console_access = Some(true);
    sink.facts.identities.push(user);
    let mut password = sink.credential(
        resource,
        None,
        sort("aws-console-password", "AWS console password"),
        Some(id),
    );
    sink.expose(resource, &["password"], &mut password);
    if !password.exposures.is_empty() {
        sink.facts.credentials.push(password);
    }
}

fn other(
    sink: &mut Sink<'_>,
    resource: &Resource,
    (prefix, attribute): (&str, &str),
    (kind, title): (&str, &str),
    secrets: &[&str],
) {
    let user = user(sink, resource);
    let id = resource.text(attribute).map(|id| format!("{prefix}{id}"));
    let mut found = sink.credential(resource, id, sort(kind, title), user);
    found.expires = ends(
        resource,
        &["expiration_date", "expires_at"],
        &["credential_age_days"],
    );
    if kind == "aws-signing-certificate" {
        // The certificate has an end of its own, which is inside it.
        found.expires = Moment::Unknown;
    }
    found.status = match resource.text("status") {
        Some("Inactive") => CredentialStatus::Inactive,
        _ => found.status,
    };
    sink.expose(resource, secrets, &mut found);
    sink.facts.credentials.push(found);
}

/// A user of a file transfer server, and the role it works as.
fn transfer(sink: &mut Sink<'_>, resource: &Resource) -> bool {
    let Some(role) = texts_at(&resource.attributes, "role")
        .first()
        .map(|r| (*r).to_owned())
    else {
        return true;
    };
    let name = resource.named("user_name");
    let id = IdentityId::from(format!("aws:{}/transfer-user/{name}", resource.account()));
    let role = super::named_role(sink, resource, &role);
    let mut user = sink.identity(
        resource,
        id,
        Platform::Aws,
        crate::model::IdentityKind::ServiceAccount,
        &name,
    );
    user.becomes.insert((role, resource.evidence.clone()));
    sink.facts.identities.push(user);
    true
}
