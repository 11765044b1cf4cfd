//! What is asked of an account, and the least policy that lets somebody ask it.

use super::Options;
use serde_json::{Value, json};

/// One question: the name of its file, and the actions that it needs.
pub(super) struct Question {
    /// As the AWS command line calls it.
    pub name: &'static str,
    /// As policies call them.
    pub actions: &'static [&'static str],
}

const fn question(name: &'static str, actions: &'static [&'static str]) -> Question {
    Question { name, actions }
}

pub(super) const DETAILS: &str = "get-account-authorization-details";
pub(super) const REPORT: &str = "get-credential-report";
pub(super) const KEYS: &str = "list-access-keys";
pub(super) const KEYS_USED: &str = "get-access-key-last-used";
pub(super) const SERVICE_CREDENTIALS: &str = "list-service-specific-credentials";
pub(super) const OIDC_LIST: &str = "list-open-id-connect-providers";
pub(super) const OIDC: &str = "get-open-id-connect-provider";
pub(super) const SAML_LIST: &str = "list-saml-providers";
pub(super) const SAML: &str = "get-saml-provider";
pub(super) const SUMMARY: &str = "get-account-summary";
pub(super) const ALIASES: &str = "list-account-aliases";
pub(super) const MFA: &str = "list-virtual-mfa-devices";
pub(super) const LAST_ACCESSED: &str = "get-service-last-accessed-details";

/// Answers that say neither whose they are nor name anything that tells.
pub(super) const NAMELESS: [&str; 5] = [KEYS, KEYS_USED, SERVICE_CREDENTIALS, SUMMARY, ALIASES];

/// What every account is asked.
pub(super) const ACCOUNT: [Question; 12] = [
    question(DETAILS, &["iam:GetAccountAuthorizationDetails"]),
    question(
        REPORT,
        &["iam:GenerateCredentialReport", "iam:GetCredentialReport"],
    ),
    question(KEYS, &["iam:ListAccessKeys"]),
    question(KEYS_USED, &["iam:GetAccessKeyLastUsed"]),
    question(SERVICE_CREDENTIALS, &["iam:ListServiceSpecificCredentials"]),
    question(OIDC_LIST, &["iam:ListOpenIDConnectProviders"]),
    question(OIDC, &["iam:GetOpenIDConnectProvider"]),
    question(SAML_LIST, &["iam:ListSAMLProviders"]),
    question(SAML, &["iam:GetSAMLProvider"]),
    question(SUMMARY, &["iam:GetAccountSummary"]),
    question(ALIASES, &["iam:ListAccountAliases"]),
    question(MFA, &["iam:ListVirtualMFADevices"]),
];

/// What is asked with `--last-accessed`.
pub(super) const USE: Question = question(
    LAST_ACCESSED,
    &[
        "iam:GenerateServiceLastAccessedDetails",
        "iam:GetServiceLastAccessedDetails",
    ],
);

pub(super) const ORGANIZATION: &str = "describe-organization";
pub(super) const ACCOUNTS: &str = "list-accounts";
pub(super) const ROOTS: &str = "list-roots";
pub(super) const UNITS: &str = "list-organizational-units-for-parent";
pub(super) const CHILDREN: &str = "list-accounts-for-parent";
pub(super) const SERVICE_CONTROL: &str = "list-policies-service-control-policy";
pub(super) const RESOURCE_CONTROL: &str = "list-policies-resource-control-policy";
pub(super) const POLICY: &str = "describe-policy";
pub(super) const TARGETS: &str = "list-targets-for-policy";

/// What the organisation is asked.
pub(super) const TREE: [Question; 9] = [
    question(ORGANIZATION, &["organizations:DescribeOrganization"]),
    question(ACCOUNTS, &["organizations:ListAccounts"]),
    question(ROOTS, &["organizations:ListRoots"]),
    question(UNITS, &["organizations:ListOrganizationalUnitsForParent"]),
    question(CHILDREN, &["organizations:ListAccountsForParent"]),
    question(SERVICE_CONTROL, &["organizations:ListPolicies"]),
    question(RESOURCE_CONTROL, &["organizations:ListPolicies"]),
    question(POLICY, &["organizations:DescribePolicy"]),
    question(TARGETS, &["organizations:ListTargetsForPolicy"]),
];

/// The least policy for a collection with these options, as JSON. With an organisation, the role in each member
/// account needs the statement `Account`; whoever collects needs all of it.
pub fn policy(options: &Options) -> String {
    let mut account: Vec<&str> = ACCOUNT.iter().flat_map(|q| q.actions).copied().collect();
    if options.last_accessed {
        account.extend(USE.actions);
    }
    account.sort_unstable();
    let mut statements = vec![statement("Account", &account, "*")];
    if options.organization {
        let mut tree: Vec<&str> = TREE.iter().flat_map(|q| q.actions).copied().collect();
        tree.sort_unstable();
        tree.dedup();
        statements.push(statement("Organization", &tree, "*"));
        let partition = partition_of(options.region.as_deref().unwrap_or_default());
        let role = format!("arn:{partition}:iam::*:role/{}", options.role_name);
        statements.push(statement("MemberAccounts", &["sts:AssumeRole"], &role));
    }
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    format!("{policy:#}\n")
}

/// `sts:GetCallerIdentity` needs no permission.
fn statement(sid: &str, actions: &[&str], resource: &str) -> Value {
    json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource})
}

/// The partition that a region belongs to.
fn partition_of(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
