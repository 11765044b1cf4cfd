//! The SDK's answers in the form in which the AWS command line prints them: the API's names, dates in ISO 8601, policy
//! documents as objects.

use crate::platform::aws::policy::embedded;
use aws_sdk_iam::operation as op;
use aws_sdk_iam::primitives::{DateTime, DateTimeFormat};
use aws_sdk_iam::types as iam;
use base64::Engine as _;
use serde_json::{Map, Value, json};

/// An object of the fields that are there.
pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(
        fields
            .map(|(k, v)| (k.to_owned(), v))
            .collect::<Map<_, _>>(),
    )
}

fn date(date: Option<&DateTime>) -> Value {
    let text = date.and_then(|date| date.fmt(DateTimeFormat::DateTime).ok());
    // As the command line writes it.
    json!(text.map(|text| match text.strip_suffix('Z') {
        Some(start) => format!("{start}+00:00"),
        None => text,
    }))
}

fn list<T>(items: Option<&[T]>, each: impl Fn(&T) -> Value) -> Value {
    items.map_or(Value::Null, |items| items.iter().map(each).collect())
}

/// A policy document as an object; as received when it is none.
fn document(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| {
        let text = Value::from(text);
        let held = embedded(&text).map(std::borrow::Cow::into_owned);
        held.unwrap_or(text)
    })
}

fn tags(tags: Option<&[iam::Tag]>) -> Value {
    list(tags, |tag| json!({"Key": tag.key, "Value": tag.value}))
}

fn attached(policies: Option<&[iam::AttachedPolicy]>) -> Value {
    list(policies, |policy| {
        object([
            ("PolicyName", json!(policy.policy_name)),
            ("PolicyArn", json!(policy.policy_arn)),
        ])
    })
}

fn inline(policies: Option<&[iam::PolicyDetail]>) -> Value {
    list(policies, |policy| {
        object([
            ("PolicyName", json!(policy.policy_name)),
            ("PolicyDocument", document(policy.policy_document())),
        ])
    })
}

fn boundary(boundary: Option<&iam::AttachedPermissionsBoundary>) -> Value {
    boundary.map_or(Value::Null, |boundary| {
        let kind = boundary
            .permissions_boundary_type()
            .map(|kind| kind.as_str());
        object([
            ("PermissionsBoundaryType", json!(kind)),
            (
                "PermissionsBoundaryArn",
                json!(boundary.permissions_boundary_arn),
            ),
        ])
    })
}

fn last_used(used: Option<&iam::RoleLastUsed>) -> Value {
    used.map_or(Value::Null, |used| {
        object([
            ("LastUsedDate", date(used.last_used_date())),
            ("Region", json!(used.region)),
        ])
    })
}

/// A page of `get-account-authorization-details`.
pub(super) fn details(
    page: &op::get_account_authorization_details::GetAccountAuthorizationDetailsOutput,
) -> Value {
    object([
        ("UserDetailList", list(Some(page.user_detail_list()), user)),
        (
            "GroupDetailList",
            list(Some(page.group_detail_list()), group),
        ),
        ("RoleDetailList", list(Some(page.role_detail_list()), role)),
        ("Policies", list(Some(page.policies()), managed)),
        ("IsTruncated", json!(page.is_truncated)),
    ])
}

fn user(user: &iam::UserDetail) -> Value {
    object([
        ("Path", json!(user.path)),
        ("UserName", json!(user.user_name)),
        ("UserId", json!(user.user_id)),
        ("Arn", json!(user.arn)),
        ("CreateDate", date(user.create_date())),
        ("UserPolicyList", inline(user.user_policy_list.as_deref())),
        ("GroupList", json!(user.group_list)),
        (
            "AttachedManagedPolicies",
            attached(user.attached_managed_policies.as_deref()),
        ),
        ("PermissionsBoundary", boundary(user.permissions_boundary())),
        ("Tags", tags(user.tags.as_deref())),
    ])
}

fn group(group: &iam::GroupDetail) -> Value {
    object([
        ("Path", json!(group.path)),
        ("GroupName", json!(group.group_name)),
        ("GroupId", json!(group.group_id)),
        ("Arn", json!(group.arn)),
        ("CreateDate", date(group.create_date())),
        (
            "GroupPolicyList",
            inline(group.group_policy_list.as_deref()),
        ),
        (
            "AttachedManagedPolicies",
            attached(group.attached_managed_policies.as_deref()),
        ),
    ])
}

fn role(role: &iam::RoleDetail) -> Value {
    object([
        ("Path", json!(role.path)),
        ("RoleName", json!(role.role_name)),
        ("RoleId", json!(role.role_id)),
        ("Arn", json!(role.arn)),
        ("CreateDate", date(role.create_date())),
        (
            "AssumeRolePolicyDocument",
            document(role.assume_role_policy_document()),
        ),
        (
            "InstanceProfileList",
            list(role.instance_profile_list.as_deref(), instance_profile),
        ),
        ("RolePolicyList", inline(role.role_policy_list.as_deref())),
        (
            "AttachedManagedPolicies",
            attached(role.attached_managed_policies.as_deref()),
        ),
        ("PermissionsBoundary", boundary(role.permissions_boundary())),
        ("Tags", tags(role.tags.as_deref())),
        ("RoleLastUsed", last_used(role.role_last_used())),
    ])
}

fn instance_profile(profile: &iam::InstanceProfile) -> Value {
    object([
        ("Path", json!(profile.path)),
        ("InstanceProfileName", json!(profile.instance_profile_name)),
        ("InstanceProfileId", json!(profile.instance_profile_id)),
        ("Arn", json!(profile.arn)),
        ("CreateDate", date(Some(&profile.create_date))),
        ("Roles", list(Some(&profile.roles), profile_role)),
        ("Tags", tags(profile.tags.as_deref())),
    ])
}

fn profile_role(role: &iam::Role) -> Value {
    object([
        ("Path", json!(role.path)),
        ("RoleName", json!(role.role_name)),
        ("RoleId", json!(role.role_id)),
        ("Arn", json!(role.arn)),
        ("CreateDate", date(Some(&role.create_date))),
        (
            "AssumeRolePolicyDocument",
            document(role.assume_role_policy_document()),
        ),
    ])
}

fn managed(policy: &iam::ManagedPolicyDetail) -> Value {
    object([
        ("PolicyName", json!(policy.policy_name)),
        ("PolicyId", json!(policy.policy_id)),
        ("Arn", json!(policy.arn)),
        ("Path", json!(policy.path)),
        ("DefaultVersionId", json!(policy.default_version_id)),
        ("AttachmentCount", json!(policy.attachment_count)),
        (
            "PermissionsBoundaryUsageCount",
            json!(policy.permissions_boundary_usage_count),
        ),
        ("IsAttachable", json!(policy.is_attachable)),
        ("Description", json!(policy.description)),
        ("CreateDate", date(policy.create_date())),
        ("UpdateDate", date(policy.update_date())),
        (
            "PolicyVersionList",
            list(policy.policy_version_list.as_deref(), |version| {
                object([
                    ("Document", document(version.document())),
                    ("VersionId", json!(version.version_id)),
                    ("IsDefaultVersion", json!(version.is_default_version)),
                    ("CreateDate", date(version.create_date())),
                ])
            }),
        ),
    ])
}

/// The answer of `get-credential-report`.
pub(super) fn credential_report(
    report: &op::get_credential_report::GetCredentialReportOutput,
) -> Value {
    let content = report.content().map(AsRef::as_ref).unwrap_or_default();
    object([
        (
            "Content",
            json!(base64::engine::general_purpose::STANDARD.encode(content)),
        ),
        (
            "ReportFormat",
            json!(report.report_format().map(|format| format.as_str())),
        ),
        ("GeneratedTime", date(report.generated_time())),
    ])
}

/// A page of `list-access-keys`.
pub(super) fn access_keys(page: &op::list_access_keys::ListAccessKeysOutput) -> Value {
    object([
        (
            "AccessKeyMetadata",
            list(Some(page.access_key_metadata()), |key| {
                object([
                    ("UserName", json!(key.user_name)),
                    ("AccessKeyId", json!(key.access_key_id)),
                    ("Status", json!(key.status().map(|status| status.as_str()))),
                    ("CreateDate", date(key.create_date())),
                ])
            }),
        ),
        ("IsTruncated", json!(page.is_truncated)),
    ])
}

/// The answer of `get-access-key-last-used`, which does not name the key.
pub(super) fn key_last_used(
    key: &str,
    answer: &op::get_access_key_last_used::GetAccessKeyLastUsedOutput,
) -> Value {
    let used = answer.access_key_last_used().map(|used| {
        object([
            ("LastUsedDate", date(used.last_used_date())),
            ("ServiceName", json!(used.service_name)),
            ("Region", json!(used.region)),
        ])
    });
    object([
        ("AccessKeyId", json!(key)),
        ("UserName", json!(answer.user_name)),
        ("AccessKeyLastUsed", json!(used)),
    ])
}

/// A page of `list-service-specific-credentials`.
pub(super) fn service_credentials(
    page: &op::list_service_specific_credentials::ListServiceSpecificCredentialsOutput,
) -> Value {
    object([
        (
            "ServiceSpecificCredentials",
            list(Some(page.service_specific_credentials()), |credential| {
                object([
                    ("UserName", json!(credential.user_name)),
                    ("Status", json!(credential.status.as_str())),
                    ("ServiceUserName", json!(credential.service_user_name)),
                    (
                        "ServiceCredentialAlias",
                        json!(credential.service_credential_alias),
                    ),
                    ("CreateDate", date(Some(&credential.create_date))),
                    ("ExpirationDate", date(credential.expiration_date())),
                    (
                        "ServiceSpecificCredentialId",
                        json!(credential.service_specific_credential_id),
                    ),
                    ("ServiceName", json!(credential.service_name)),
                ])
            }),
        ),
        ("IsTruncated", json!(page.is_truncated)),
    ])
}

/// The answer of `list-open-id-connect-providers`.
pub(super) fn oidc_providers(arns: &[String]) -> Value {
    json!({"OpenIDConnectProviderList": arns.iter().map(|arn| json!({"Arn": arn})).collect::<Value>()})
}

/// The answer of `get-open-id-connect-provider`, which does not name the provider.
pub(super) fn oidc_provider(
    arn: &str,
    answer: &op::get_open_id_connect_provider::GetOpenIdConnectProviderOutput,
) -> Value {
    object([
        ("Arn", json!(arn)),
        ("Url", json!(answer.url)),
        ("ClientIDList", json!(answer.client_id_list)),
        ("ThumbprintList", json!(answer.thumbprint_list)),
        ("CreateDate", date(answer.create_date())),
        ("Tags", tags(answer.tags.as_deref())),
    ])
}

/// The answer of `list-saml-providers`.
pub(super) fn saml_providers(providers: &[iam::SamlProviderListEntry]) -> Value {
    object([(
        "SAMLProviderList",
        list(Some(providers), |provider| {
            object([
                ("Arn", json!(provider.arn)),
                ("ValidUntil", date(provider.valid_until())),
                ("CreateDate", date(provider.create_date())),
            ])
        }),
    )])
}

/// The answer of `get-saml-provider`, which does not name the provider.
pub(super) fn saml_provider(
    arn: &str,
    answer: &op::get_saml_provider::GetSamlProviderOutput,
) -> Value {
    let mode = answer.assertion_encryption_mode();
    object([
        ("Arn", json!(arn)),
        ("SAMLProviderUUID", json!(answer.saml_provider_uuid)),
        ("SAMLMetadataDocument", json!(answer.saml_metadata_document)),
        ("CreateDate", date(answer.create_date())),
        ("ValidUntil", date(answer.valid_until())),
        ("Tags", tags(answer.tags.as_deref())),
        (
            "AssertionEncryptionMode",
            json!(mode.map(|mode| mode.as_str())),
        ),
        (
            "PrivateKeyList",
            list(answer.private_key_list.as_deref(), |key| {
                object([
                    ("KeyId", json!(key.key_id)),
                    ("Timestamp", date(key.timestamp())),
                ])
            }),
        ),
    ])
}

/// The answer of `get-account-summary`.
pub(super) fn summary(answer: &op::get_account_summary::GetAccountSummaryOutput) -> Value {
    let map = answer.summary_map().into_iter().flatten();
    let map: Map<String, Value> = map
        .map(|(key, count)| (key.as_str().to_owned(), json!(count)))
        .collect();
    json!({ "SummaryMap": map })
}

/// A page of `list-virtual-mfa-devices`. What seeds a device is not in it.
pub(super) fn mfa_devices(
    page: &op::list_virtual_mfa_devices::ListVirtualMfaDevicesOutput,
) -> Value {
    object([
        (
            "VirtualMFADevices",
            list(Some(page.virtual_mfa_devices()), |device| {
                let user = device.user().map(|user| {
                    object([
                        ("Path", json!(user.path)),
                        ("UserName", json!(user.user_name)),
                        ("UserId", json!(user.user_id)),
                        ("Arn", json!(user.arn)),
                        ("CreateDate", date(Some(&user.create_date))),
                        ("PasswordLastUsed", date(user.password_last_used())),
                    ])
                });
                object([
                    ("SerialNumber", json!(device.serial_number)),
                    ("User", json!(user)),
                    ("EnableDate", date(device.enable_date())),
                    ("Tags", tags(device.tags.as_deref())),
                ])
            }),
        ),
        ("IsTruncated", json!(page.is_truncated)),
    ])
}

/// A page of `get-service-last-accessed-details`, which does not name whom it is about.
pub(super) fn last_accessed(
    arn: &str,
    page: &op::get_service_last_accessed_details::GetServiceLastAccessedDetailsOutput,
) -> Value {
    let error = page
        .error()
        .map(|error| json!({"Message": error.message, "Code": error.code}));
    object([
        ("Arn", json!(arn)),
        ("JobStatus", json!(page.job_status.as_str())),
        ("JobType", json!(page.job_type().map(|kind| kind.as_str()))),
        ("JobCreationDate", date(Some(&page.job_creation_date))),
        (
            "ServicesLastAccessed",
            list(Some(&page.services_last_accessed), |service| {
                object([
                    ("ServiceName", json!(service.service_name)),
                    ("LastAuthenticated", date(service.last_authenticated())),
                    ("ServiceNamespace", json!(service.service_namespace)),
                    (
                        "LastAuthenticatedEntity",
                        json!(service.last_authenticated_entity),
                    ),
                    (
                        "LastAuthenticatedRegion",
                        json!(service.last_authenticated_region),
                    ),
                    (
                        "TotalAuthenticatedEntities",
                        json!(service.total_authenticated_entities),
                    ),
                    (
                        "TrackedActionsLastAccessed",
                        list(service.tracked_actions_last_accessed.as_deref(), |action| {
                            object([
                                ("ActionName", json!(action.action_name)),
                                ("LastAccessedEntity", json!(action.last_accessed_entity)),
                                ("LastAccessedTime", date(action.last_accessed_time())),
                                ("LastAccessedRegion", json!(action.last_accessed_region)),
                            ])
                        }),
                    ),
                ])
            }),
        ),
        ("JobCompletionDate", date(Some(&page.job_completion_date))),
        ("IsTruncated", json!(page.is_truncated)),
        ("Error", json!(error)),
    ])
}
