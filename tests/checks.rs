//! Checks through the public surface: the built-in ones, loading with its errors, evaluation, waivers.

// Helpers outside test functions may fail a test, too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use tenure::check::{
    CheckSet, Controls, EvaluateOptions, Evaluation, Parameters, Setting, Settings, SubjectKind,
    evaluate, reference,
};
use tenure::model::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/deploy";
const USER: &str = "arn:aws:iam::111122223333:user/ci-deploy";

/// The ids that ship; their absence would break somebody's waivers.
const IDS: [&str; 267] = [
    "accountability-collapsed",
    "accountability-incomplete",
    "agent-without-sponsor",
    "allow-actions-exceeded",
    "anonymous-grant",
    "ansible-become-password-plain",
    "ansible-root-by-password",
    "argocd-cluster-not-verified",
    "argocd-cluster-static-credential",
    "argocd-project-token-without-expiry",
    "attestation-stale",
    "aws-account-not-exported",
    "aws-account-suspended-with-identities",
    "aws-account-without-control-policy",
    "aws-admin-by-inline-policy",
    "aws-admin-user-with-keys",
    "aws-analyzer-external-access",
    "aws-analyzer-public-access",
    "aws-analyzer-unused-identity",
    "aws-assume-any-role",
    "aws-boundary-unread",
    "aws-can-disable-logging",
    "aws-changes-own-permissions",
    "aws-ci-role-without-boundary",
    "aws-compute-role-admin",
    "aws-console-password-unused",
    "aws-decrypt-with-any-key",
    "aws-escalation-conditional",
    "aws-iam-all-actions",
    "aws-instance-role-admin",
    "aws-key-inactive-not-deleted",
    "aws-key-of-console-user",
    "aws-key-older-than-a-year",
    "aws-key-unused-45-days",
    "aws-leaked-key-of-unread-account",
    "aws-not-action-allow",
    "aws-oidc-any-ref-privileged",
    "aws-oidc-mutable-subject",
    "aws-oidc-never-matches",
    "aws-oidc-open-to-guests",
    "aws-oidc-open-to-organization",
    "aws-oidc-open-to-strangers",
    "aws-oidc-pull-requests",
    "aws-oidc-without-audience",
    "aws-pass-any-role",
    "aws-path-to-data",
    "aws-permission-set-admin-widely-assigned",
    "aws-permission-set-assigned-to-users",
    "aws-permission-set-long-session",
    "aws-policy-unread",
    "aws-policy-wider-dormant-version",
    "aws-powerful-key-long-lived",
    "aws-privileged-role-unused",
    "aws-profile-chain-broken",
    "aws-profile-keys-begin-role-chain",
    "aws-profile-runs-program-of-repository",
    "aws-provider-trusted-by-nobody",
    "aws-read-any-secret",
    "aws-role-for-machines-and-people",
    "aws-role-never-used",
    "aws-roles-anywhere-unbound",
    "aws-root-access-key",
    "aws-root-used",
    "aws-saml-metadata-ends-soon",
    "aws-saml-metadata-expired",
    "aws-saml-without-audience",
    "aws-service-all-actions",
    "aws-service-credential-long-lived",
    "aws-service-trust-unbound",
    "aws-share-data-outside",
    "aws-signing-certificate-active",
    "aws-takeover-of-other-account",
    "aws-trust-anyone-privileged",
    "aws-trust-anyone-weakly-bound",
    "aws-trust-dangling",
    "aws-trust-deleted-principal",
    "aws-trust-itself",
    "aws-trust-other-account-admin",
    "aws-trust-suspended-account",
    "aws-trust-unknown-party",
    "aws-trust-unknown-party-powerful",
    "aws-trust-vendor-powerful",
    "aws-trust-vendor-without-external-id",
    "aws-two-active-keys",
    "aws-user-direct-policy",
    "aws-user-inline-policy",
    "azure-owner-assigned",
    "backup-owner-missing",
    "ci-actor-name-trusted",
    "ci-all-secrets-in-one",
    "ci-app-token-all-permissions",
    "ci-assumes-open-role",
    "ci-comment-starts-powerful-job",
    "ci-context-on-every-branch",
    "ci-credentials-in-proposals",
    "ci-foreign-artefact",
    "ci-foreign-code-undecided",
    "ci-foreign-code-unknown-power",
    "ci-foreign-code-with-power",
    "ci-id-token-unused",
    "ci-image-with-secrets",
    "ci-merge-request-with-secrets",
    "ci-outsiders-start-powerful-job",
    "ci-permissions-default-write",
    "ci-permissions-not-stated",
    "ci-permissions-write-all",
    "ci-personal-token",
    "ci-script-injection",
    "ci-secrets-inherited-by-remote",
    "ci-secrets-inherited-by-third-party",
    "ci-self-hosted-runs-proposals",
    "ci-service-connection-in-proposals",
    "ci-service-principal-in-environment",
    "ci-static-aws-key",
    "ci-static-azure-key",
    "ci-static-gcp-key",
    "ci-unpinned-code",
    "ci-unpinned-code-near-secrets",
    "ci-unpinned-code-with-secrets",
    "ci-unpinned-code-with-write-token",
    "ci-unsecure-commands",
    "compose-secret-as-default",
    "compose-service-mounts-credentials",
    "compose-service-reaches-daemon",
    "compose-service-without-isolation",
    "console-access-without-mfa",
    "container-owner-disputed",
    "container-owner-missing",
    "container-owner-orphaned",
    "container-review-date-unreadable",
    "container-review-overdue",
    "credential-expired",
    "credential-leaked",
    "credential-never-used",
    "credential-rotation-overdue",
    "credential-shared-across-environments",
    "credential-unused",
    "credential-without-expiry",
    "cross-account-trust-unconditioned",
    "database-default-password-published",
    "database-open-without-password",
    "database-user-made-superuser",
    "declaration-expired",
    "declared-not-found",
    "default-service-account-granted",
    "deploy-key-with-write",
    "directory-names-no-owner",
    "docker-login-kept-plain",
    "entra-graph-takeover",
    "entra-owned-by-machines",
    "entra-secret-long-lived",
    "environment-mismatch",
    "federation-cloud-principal-cluster-admin",
    "federation-identity-shared",
    "federation-never-matches",
    "federation-of-default-account",
    "federation-open-to-organization",
    "federation-open-to-strangers",
    "federation-subject-missing",
    "federation-without-audience",
    "flux-applies-as-controller",
    "found-not-declared",
    "gcp-basic-role",
    "gcp-impersonation-role",
    "gcp-public-grant",
    "gcp-service-account-open",
    "git-password-kept-plain",
    "host-keys-unchecked",
    "human-use-of-machine-identity",
    "iac-backend-credential",
    "iac-key-never-ends",
    "iac-output-exposes-secret",
    "iac-plaintext-secret-argument",
    "iac-secret-in-state",
    "iac-token-without-ttl",
    "identity-admin",
    "identity-can-escalate",
    "identity-can-issue-credentials",
    "identity-review-overdue",
    "identity-unused",
    "jenkins-credential-for-every-job",
    "jenkins-credential-unencrypted",
    "jenkins-key-beside-credentials",
    "kubeconfig-impersonates",
    "kubeconfig-password",
    "kubeconfig-removed-sign-in",
    "kubeconfig-static-token",
    "kubeconfig-without-server-verification",
    "kubernetes-all-accounts-granted",
    "kubernetes-api-service-not-verified",
    "kubernetes-aws-auth-writer",
    "kubernetes-binds-roles",
    "kubernetes-bootstrap-token-without-expiry",
    "kubernetes-client-certificate-long-lived",
    "kubernetes-csr-for-masters",
    "kubernetes-deploys-by-controller",
    "kubernetes-enters-any-pod",
    "kubernetes-escalates-roles",
    "kubernetes-host-path-volumes",
    "kubernetes-impersonation",
    "kubernetes-kubelet-api",
    "kubernetes-masters-certificate",
    "kubernetes-masters-member",
    "kubernetes-mints-any-token",
    "kubernetes-mutates-everything",
    "kubernetes-privileged-workload-powerful-account",
    "kubernetes-projected-token-long-lived",
    "kubernetes-reads-all-secrets",
    "kubernetes-registry-credential-in-manifest",
    "kubernetes-relabels-namespaces",
    "kubernetes-role-missing",
    "kubernetes-runs-pods-anywhere",
    "kubernetes-secret-store-static-key",
    "kubernetes-signs-certificates",
    "kubernetes-source-without-tls",
    "kubernetes-tls-certificate-long-lived",
    "kubernetes-token-of-powerful-account-never-ends",
    "kubernetes-webhook-outside",
    "kubernetes-webhook-outside-fails-open",
    "kubernetes-webhook-outside-sees-secrets",
    "kubernetes-workload-default-account-privileged",
    "kubernetes-workload-takes-node",
    "kustomize-secret-literal",
    "legacy-service-account-token",
    "login-file-in-repository",
    "machine-use-of-human-identity",
    "okta-service-account-unmanaged",
    "okta-token-from-anywhere",
    "owner-disputed",
    "owner-missing",
    "owner-orphaned",
    "owner-suggested-only",
    "password-of-several-accounts",
    "privilege-beyond-approval",
    "privileged-credential-leaked",
    "pulumi-plain-secret",
    "purpose-generic",
    "purpose-missing",
    "registry-account-shared",
    "registry-entry-date-unreadable",
    "registry-login-in-repository",
    "registry-login-unprotected",
    "review-date-missing",
    "review-date-unreadable",
    "review-overdue",
    "revocation-path-missing",
    "revocation-untested",
    "support-identity-privileged",
    "third-party-privileged",
    "token-automounted",
    "unused-privileged-services",
    "unused-services",
    "user-credentials-in-repository",
    "vault-role-any-account",
    "vendor-accountability-model-missing",
    "vendor-contract-end-unknown",
    "vendor-contract-not-begun",
    "vendor-data-unowned",
    "vendor-ended-active",
    "vendor-owner-missing",
    "vendor-privileged-unapproved",
    "vendor-shared-model-no-customer-approval",
    "vendor-unregistered",
    "waiver-expired",
    "waiver-unused",
    "wildcard-grant",
    "workload-identity-unresolved",
];

fn builtin() -> CheckSet {
    CheckSet::builtin().unwrap_or_else(|errors| panic!("{}", lines(&errors)))
}

fn lines<T: ToString>(items: &[T]) -> String {
    let all: Vec<String> = items.iter().map(ToString::to_string).collect();
    all.join("\n")
}

#[test]
fn every_built_in_check_proves_itself() {
    let checks = builtin();
    let ids: Vec<&str> = checks.iter().map(|c| &*c.id).collect();
    assert_eq!(ids, IDS);
    let failures = checks.run_cases();
    assert!(failures.is_empty(), "{}", lines(&failures));
    assert!(checks.case_count() >= 3 * IDS.len());
}

#[test]
fn built_in_files_are_named_for_their_check_and_explain_themselves() {
    for check in builtin().iter() {
        assert_eq!(*check.file, *format!("{}.yaml", check.id));
        assert!(check.description.len() > 60, "{}", check.id);
        assert!(check.remediation.len() > 30, "{}", check.id);
        assert!(check.message.ends_with('.'), "{}", check.id);
        assert!(!check.title.ends_with('.'), "{}", check.id);
        assert!(!check.controls.is_empty(), "{}", check.id);
        for parameter in &check.parameters {
            assert!(parameter.description.ends_with('.'), "{}", check.id);
        }
    }
}

#[test]
fn built_in_checks_name_only_known_controls() {
    let controls = Controls::builtin().unwrap();
    for check in builtin().iter() {
        for id in &check.controls {
            assert!(controls.get(id).is_some(), "{}: {id}", check.id);
        }
    }
    assert_eq!(controls.resolve("CSF:PR.AC-4"), ["CSF:PR.AA-05"]);
    assert_eq!(controls.resolve("CSF:PR.AA-05"), ["CSF:PR.AA-05"]);
    assert!(controls.resolve("CSF:PR.XX-99").is_empty());
    for control in controls.iter() {
        assert!(!control.title.is_empty() && !control.framework.is_empty());
    }
}

#[test]
fn the_reference_lists_every_attribute() {
    let text = reference();
    for kind in SubjectKind::ALL {
        for attribute in kind.attributes() {
            assert!(text.contains(&format!("  {}: ", attribute.name)));
        }
    }
}

/// A check file with one line replaced or added.
fn file(changes: &[(&str, &str)]) -> String {
    let mut lines = vec![
        "id: my-check".to_owned(),
        "title: Mine".to_owned(),
        "description: Why.".to_owned(),
        "severity: low".to_owned(),
        "applies_to: identity".to_owned(),
        "condition: tier == 'admin'".to_owned(),
        "message: \"{name} is {tier}.\"".to_owned(),
        "remediation: Do.".to_owned(),
        "cases:".to_owned(),
        "  - {name: a, subject: {tier: admin}, outcome: fail}".to_owned(),
        "  - {name: b, subject: {tier: read}, outcome: pass}".to_owned(),
    ];
    for (key, line) in changes {
        let found = lines.iter_mut().find(|l| l.starts_with(&format!("{key}:")));
        match found {
            Some(found) => *found = (*line).to_owned(),
            None => lines.insert(4, (*line).to_owned()),
        }
    }
    lines.join("\n")
}

fn refusal(changes: &[(&str, &str)]) -> String {
    match CheckSet::load(&[("my.yaml", file(changes))]) {
        Ok(_) => "loaded".to_owned(),
        Err(errors) => lines(&errors),
    }
}

/// One wrong line each, and what its author is told.
#[test]
fn wrong_checks_are_refused_with_place_and_hint() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[], "loaded"),
        (
            &[("condition", "condition: teir == 'admin'")],
            "my.yaml:6:12: condition: unknown attribute `teir` (did you mean `tier`?)",
        ),
        (
            &[("condition", "condition: owner.stat == 'owned'")],
            "my.yaml:6:12: condition: unknown attribute `owner.stat` (did you mean `owner.state`?)",
        ),
        (
            &[("condition", "condition: enabled && state == 'owned'")],
            "my.yaml:6:23: condition: unknown attribute `state` (did you mean `owner.state`?)",
        ),
        (
            &[("condition", "condition: tier == 'root'")],
            "my.yaml:6:20: condition: `root` is no tier; there are `none`, `read`, `write`, `issue`, `escalate`, `admin`",
        ),
        (
            &[("condition", "condition: tier == 'unknown'")],
            "my.yaml:6:20: condition: `unknown` is no tier; there are `none`, `read`, `write`, `issue`, `escalate`, `admin` (unknown is not a word: write `!has(attribute)`)",
        ),
        (
            &[("condition", "condition: kind in ['aws-role', 'aws-usr']")],
            "my.yaml:6:20: condition: `aws-usr` is no identity kind; there are `aws-root`, `aws-user`, `aws-role`, `kubernetes-service-account`, `kubernetes-user`, `kubernetes-group`, `gcp-service-account`, `gcp-principal`, `entra-application`, `entra-managed-identity`, `entra-agent-identity`, `entra-principal`, `ci-job`, `deploy-key`, `app`, `service-account`, `database-user`, `vault-role`, `registry-account`, `profile`, `service-connection`, `host-user`, `module-declared` (did you mean `aws-user`?)",
        ),
        (
            &[("condition", "condition: \"'admninister' in capabilities\"")],
            "my.yaml:6:13: condition: `admninister` is no capability; there are `administer`, `escalate`, `issue-credentials`, `recover-accounts`, `read-secrets`, `impersonate`, `manage-access`, `inspect-environment`, `execute-code`, `read-data`, `write-data`, `delete-data`, `disable-logging` (did you mean `administer`?)",
        ),
        (
            &[("condition", "condition: platform > 'aws'")],
            "my.yaml:6:21: condition: a platform has no order",
        ),
        (
            &[("condition", "condition: age_days > '90'")],
            "my.yaml:6:21: condition: a number cannot be compared with text",
        ),
        (
            &[("condition", "condition: age_days")],
            "my.yaml:6:12: condition: a truth value is needed here, and this is a number",
        ),
        (
            &[("condition", "condition: age_days > 90.5")],
            "my.yaml:6:23: condition: numbers are whole, without a suffix",
        ),
        (
            &[("condition", "condition: owner == null")],
            "my.yaml:6:21: condition: there is no null: an attribute is known or not (write `has(attribute)`)",
        ),
        (
            &[("condition", "condition: name.startWith('a')")],
            "my.yaml:6:26: condition: `startWith` is not part of conditions (did you mean `startsWith`?)",
        ),
        (
            &[("condition", "condition: age_days * 2 > 4")],
            "my.yaml:6:21: condition: `*` is not part of conditions",
        ),
        (
            &[("condition", "condition: policies[0] == 'a'")],
            "my.yaml:6:20: condition: `[ ]` is not part of conditions",
        ),
        (
            &[("condition", "condition: name.matches('(')")],
            "my.yaml:6:25: condition: not a regular expression, or too large a one",
        ),
        (
            &[("condition", "condition: age_days > parameters.max")],
            "my.yaml:6:23: condition: the check declares no parameter `max`",
        ),
        (
            &[("condition", "condition: tier == 'admin' &&")],
            "my.yaml:6:29: condition: not a CEL expression: mismatched input '<EOF>'",
        ),
        (
            &[(
                "condition",
                "condition: |\n  tier == 'admin'\n  && age_dys > 90",
            )],
            "my.yaml:8:6: condition: unknown attribute `age_dys` (did you mean `age_days`?)",
        ),
        (
            &[(
                "condition",
                "condition: >-\n  tier == 'admin'\n\n    || (enabled\n    && mfaa)",
            )],
            "my.yaml:10:8: condition: unknown attribute `mfaa` (did you mean `mfa`?)",
        ),
        (
            &[("when", "when: humann == 'human'")],
            "my.yaml:5:7: when: unknown attribute `humann` (did you mean `human`?)",
        ),
        (
            &[("message", "message: \"{nam} is {tier}.\"")],
            "my.yaml:7:12: message: unknown attribute `nam` (did you mean `name`?)",
        ),
        (
            &[("message", "message: \"[{name} is {tier}.\"")],
            "my.yaml:7:11: message: a `[` is not closed",
        ),
        (
            &[("message", "message: \"{name:day}.\"")],
            "my.yaml:7:12: message: `name` is no number to count",
        ),
        (
            &[("severity", "severity: severe")],
            "my.yaml:4:11: `severe` is no severity; there are `info`, `low`, `medium`, `high`, `critical`",
        ),
        (
            &[("applies_to", "applies_to: identty")],
            "my.yaml:5:13: `identty` is no applies_to; there are `identity`, `credential`, `declaration`, `trust`, `workload`, `job`, `account`, `provider`, `permission-set`, `analyzer-finding`, `container`, `vendor`, `waiver` (did you mean `identity`?)",
        ),
        (
            &[(
                "cases",
                "cases:\n  - {name: c, subject: {}, outcome: failed}",
            )],
            "my.yaml:10:37: `failed` is no outcome; there are `fail`, `pass`, `not-applicable`, `not-evaluable` (did you mean `fail`?)",
        ),
        (
            &[("remediation", "remediaton: Do.")],
            "my.yaml:8:1: unknown field `remediaton`, expected one of `id`, `title`, `description`, `severity`, `confidence`, `applies_to`, `parameters`, `when`, `condition`, `message`, `remediation`, `controls`, `references`, `aliases`, `cases` (did you mean `remediation`?)",
        ),
        (
            &[("controls", "controls: [\"CSF:PR.AC-4\"]")],
            "my.yaml:5:12: control `CSF:PR.AC-4` is of an earlier version (write CSF:PR.AA-05)",
        ),
        (
            &[("controls", "controls: [\"SP800-53:AC-2(10)\"]")],
            "my.yaml:5:12: control `SP800-53:AC-2(10)` is withdrawn: incorporated into AC-2",
        ),
        (&[("controls", "controls: [\"ACME:SEC-12\"]")], "loaded"),
        (
            &[("id", "id: owner-missing")],
            "my.yaml:1:5: check id `owner-missing` is taken by owner-missing.yaml",
        ),
        (
            &[("id", "id: My Check")],
            "my.yaml:1:5: `My Check` is no id: lower-case letters, digits and dashes",
        ),
        (
            &[(
                "parameters",
                "parameters: {max: {type: integer, default: 1, description: Max.}}",
            )],
            "my.yaml:5:26: `integer` is no type of a parameter (did you mean `int`?)",
        ),
        (
            &[(
                "parameters",
                "parameters: {max: {type: int, default: often, description: Max.}}",
            )],
            "my.yaml:5:40: `often` is not of type int",
        ),
        (
            &[(
                "parameters",
                "parameters: {max: {type: int, default: 1, description: Max.}}",
            )],
            "my.yaml:5:19: nothing reads parameter `max`",
        ),
        (
            &[(
                "cases",
                "cases:\n  - {name: c, subject: {teir: admin}, outcome: fail}",
            )],
            "my.yaml:10:31: unknown attribute `teir` (did you mean `tier`?)",
        ),
        (
            &[(
                "cases",
                "cases:\n  - {name: c, subject: {tier: root}, outcome: fail}",
            )],
            "my.yaml:10:31: `root` is no tier; there are `none`, `read`, `write`, `issue`, `escalate`, `admin`",
        ),
    ];
    let mut wrong = Vec::new();
    for (changes, expected) in cases {
        let actual = refusal(changes);
        if actual != *expected {
            wrong.push(format!(
                "{changes:?}\n  expected {expected}\n  actual   {actual}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_check_without_cases_is_refused() {
    let text = file(&[]).replace("outcome: pass", "outcome: fail");
    let errors = CheckSet::load(&[("my.yaml", text)]).unwrap_err();
    assert!(
        errors[0].message.starts_with("no case shows a pass"),
        "{}",
        errors[0]
    );
}

#[test]
fn a_case_that_does_not_come_out_is_reported_with_its_line() {
    let text = file(&[("condition", "condition: tier == 'read'")]);
    let failures = CheckSet::only(&[("my.yaml", text)]).unwrap().run_cases();
    assert_eq!(
        lines(&failures),
        "my.yaml:10: check `my-check`, case `a`: expected fail, got pass\n\
         my.yaml:11: check `my-check`, case `b`: expected pass, got fail"
    );
}

/// Outcomes of conditions over a few attributes, as three-valued logic gives them.
#[test]
fn conditions_evaluate_with_three_values() {
    const SUBJECT: &str = "tier: write, age_days: 100, name: svc-Éclair, enabled: false, \
        policies: [edit, view], capabilities: [read-data], becomes: []";
    for (condition, outcome) in [
        ("tier >= 'write'", "fail"),
        ("'write' > tier", "pass"),
        ("tier in ['read', 'write']", "fail"),
        ("tier > approved_tier", "not-evaluable"),
        ("mfa", "not-evaluable"),
        ("!mfa", "not-evaluable"),
        ("mfa && enabled", "pass"),
        ("mfa || !enabled", "fail"),
        ("mfa || enabled", "not-evaluable"),
        ("mfa == enabled", "not-evaluable"),
        ("has(mfa)", "pass"),
        ("!has(mfa) && has(tier)", "fail"),
        ("has(mfa) && mfa", "pass"),
        ("age_days + 1 > 100 && age_days - 1 < 100", "fail"),
        ("age_days > -5 && age_days - 200 == -100", "fail"),
        ("age_days in [1, 100]", "fail"),
        ("last_used_days in [1, 100]", "not-evaluable"),
        ("size(policies) == 2 && policies.size() == 2", "fail"),
        ("size(name) == 10", "fail"),
        ("size(becomes) == 0", "fail"),
        ("name.startsWith('svc-')", "fail"),
        ("name.endsWith('clair') && name.contains('É')", "fail"),
        ("name.matches('^svc-.clair$')", "fail"),
        ("'edit' in policies", "fail"),
        ("name in ['a', 'b']", "pass"),
        ("'read-data' in capabilities", "fail"),
        ("policies.exists(p, p == 'view')", "fail"),
        ("policies.all(p, p.size() == 4)", "fail"),
        ("policies.exists(p, p == owner)", "not-evaluable"),
        ("policies.exists(p, p == owner || p == 'edit')", "fail"),
        ("becomes.all(p, p == owner)", "fail"),
        ("unresolved.exists(p, true)", "not-evaluable"),
        (
            "policies.exists(p, capabilities.exists(c, c == 'read-data' && p == 'edit'))",
            "fail",
        ),
        ("['edit', 'admin'].exists(p, p in policies)", "fail"),
        ("(enabled ? 'read' : 'write') == name", "pass"),
        ("tier >= (enabled ? 'read' : tier)", "fail"),
        ("mfa ? enabled : enabled", "pass"),
        ("mfa ? true : enabled", "not-evaluable"),
        ("kind == 'aws-role' || tier != 'write'", "not-evaluable"),
        ("now > timestamp('2020-01-01T00:00:00Z')", "fail"),
        ("now - timestamp('2025-12-31T00:00:00Z') == 1", "fail"),
        ("kind.startsWith('aws')", "not-evaluable"),
        ("tier.startsWith('wr')", "fail"),
        ("true", "fail"),
    ] {
        let text = format!(
            "{}\n  - {{name: c, subject: {{{SUBJECT}}}, outcome: {outcome}}}",
            file(&[("condition", &format!("condition: \"{condition}\""))])
        );
        let checks = CheckSet::only(&[("my.yaml", text)])
            .unwrap_or_else(|errors| panic!("{condition}: {}", lines(&errors)));
        let failure = checks.run_cases().into_iter().find(|f| f.case == "c");
        assert_eq!(failure.map(|f| f.actual), None, "{condition}");
    }
}

fn at(path: &str, line: u32) -> Evidence {
    Evidence {
        origin: Origin::file(path),
        line: Some(line),
        column: None,
        pointer: None,
        reader: "test",
    }
}

fn day(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn now() -> Timestamp {
    day("2026-11-22")
}

/// An estate in the making.
#[derive(Default)]
struct Estate(Assessed);

impl Estate {
    fn identity(&mut self, id: &str, change: impl FnOnce(&mut Identity)) -> &mut Self {
        let kubernetes = id.starts_with("k8s:");
        let (platform, kind) = match () {
            () if id.contains("#group:") => (Platform::Kubernetes, IdentityKind::KubernetesGroup),
            () if kubernetes => (Platform::Kubernetes, IdentityKind::KubernetesServiceAccount),
            () if id.contains(":user/") => (Platform::Aws, IdentityKind::AwsUser),
            () => (Platform::Aws, IdentityKind::AwsRole),
        };
        let name = id
            .rsplit(['/', '#'])
            .next()
            .unwrap()
            .trim_start_matches("group:");
        let mut identity = Identity::new(id.into(), platform, kind, name);
        identity.humanity = (Humanity::NonHuman, "test".into());
        identity.presence = [Presence::Observed].into();
        identity.evidence = [at("iam.json", 1)].into();
        change(&mut identity);
        self.0.inventory.add_identity(identity);
        self
    }

    fn tier(&mut self, id: &str, tier: Tier, certainty: Certainty) -> &mut Self {
        let hop = |what: &str, line| Hop {
            what: what.into(),
            evidence: Some(at("policy.json", line)),
        };
        let proof = Proof {
            claim: "iam:* on *".into(),
            hops: vec![
                hop("attached policy Deploy", 7).into(),
                hop("statement 0", 9).into(),
            ],
            certainty,
            scope: None,
        };
        let privilege = Privilege {
            tier,
            own_tier: tier,
            certainty,
            proof: Some(proof.into()),
            ..Privilege::default()
        };
        self.0.privilege.insert(id.into(), privilege);
        self
    }

    fn owned(&mut self, id: &str, state: OwnershipState) -> &mut Self {
        let ownership = Ownership {
            state,
            ..Ownership::default()
        };
        self.0
            .ownership
            .insert(SubjectId::Identity(id.into()), ownership);
        self
    }

    fn leak(&mut self, of: Option<&str>, confidence: Confidence) -> &mut Self {
        let mut credential = Credential::new(
            "aws:access-key:AKIAIOSFODNN7EXAMPLE".into(),
            "aws-access-key",
            "aws",
            "AWS access key",
        );
        credential.display = Some("AKIA…MPLE".into());
        credential.exposures.insert(Exposure::in_tree(
            at("app/.env", 3),
            confidence,
            BTreeSet::new(),
            Some("prod".into()),
        ));
        if let Some(of) = of {
            credential.links.insert(CredentialLink {
                identity: of.into(),
                basis: "listing".into(),
                evidence: at("keys.json", 2),
            });
        }
        self.0.inventory.add_credential(credential);
        self
    }

    fn evaluate(&self, waivers: &[Waiver]) -> Evaluation {
        let mut assessed = self.0.clone();
        tenure::ownership::settle(&mut assessed, Some(now()));
        evaluate(
            &builtin(),
            &assessed,
            &EvaluateOptions {
                now: now(),
                waivers,
                parameters: &Parameters::default(),
                fingerprinter: &Fingerprinter::new(None),
            },
        )
    }

    fn ids(&self) -> Vec<String> {
        let evaluation = self.evaluate(&[]);
        let found = evaluation.findings.iter();
        found
            .map(|f| format!("{} {}", f.check, f.subject))
            .collect()
    }
}

#[test]
fn a_clean_estate_yields_nothing() {
    let mut estate = Estate::default();
    estate
        .identity(ROLE, |i| {
            i.last_used = Moment::At(day("2026-11-20"));
            i.created = Some(day("2024-01-01"));
            i.expires = Moment::Never;
        })
        .tier(ROLE, Tier::Write, Certainty::Certain)
        .owned(ROLE, OwnershipState::Owned)
        .identity("k8s:cluster/shop/api", |i| {
            i.presence = [Presence::Declared].into()
        })
        .tier("k8s:cluster/shop/api", Tier::Read, Certainty::Certain)
        .owned("k8s:cluster/shop/api", OwnershipState::Owned)
        .identity("k8s:cluster/shop/default", |_| {})
        .tier("k8s:cluster/shop/default", Tier::None, Certainty::Certain)
        .owned("k8s:cluster/shop/default", OwnershipState::Unowned)
        .identity("k8s:cluster#group:system:unauthenticated", |i| {
            i.presence = [Presence::Referenced].into();
            i.humanity.0 = Humanity::Undetermined;
        })
        .identity(
            "arn:aws:iam::111122223333:role/aws-service-role/x/AWSServiceRoleForX",
            |i| {
                i.provider_managed = Some("service-linked role".into());
            },
        );
    let estate = &mut estate.0;
    estate.inventory.entitlements.insert(Entitlement {
        principal: "k8s:cluster#group:system:unauthenticated".into(),
        policy: "k8s:cluster/clusterrole/system:public-info-viewer".into(),
        scope: Scope::Cluster("cluster".into()),
        role: EntitlementRole::Grant,
        via: "ClusterRoleBinding system:public-info-viewer".into(),
        evidence: at("rbac.yaml", 4),
    });
    estate.inventory.workloads.insert(Workload {
        id: "k8s:cluster/shop/Deployment/api".into(),
        kind: "Deployment".into(),
        name: "api".into(),
        runs_as: "k8s:cluster/shop/api".into(),
        automount: None,
        traits: Default::default(),
        evidence: at("api.yaml", 1),
    });
    let evaluation = Estate(estate.clone()).evaluate(&[]);
    let found: Vec<String> = evaluation
        .findings
        .iter()
        .map(|f| format!("{} {}", f.check, f.subject))
        .collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_leak_of_a_powerful_identity_is_one_finding_with_its_evidence() {
    let mut estate = Estate::default();
    estate
        .identity(USER, |_| {})
        .tier(USER, Tier::Escalate, Certainty::Conditional)
        .owned(USER, OwnershipState::Owned)
        .leak(Some(USER), Confidence::High);
    let evaluation = estate.evaluate(&[]);
    let about: Vec<&Finding> = evaluation
        .findings
        .iter()
        .filter(|f| matches!(f.subject, SubjectId::Credential(_)))
        .collect();
    assert_eq!(about.len(), 1);
    let finding = about[0];
    assert_eq!(&*finding.check, "privileged-credential-leaked");
    assert_eq!(finding.severity, Severity::Critical);
    // The tier depends on a condition, so the conclusion is no surer than that.
    assert_eq!(finding.confidence, Confidence::Medium);
    assert_eq!(
        &*finding.message,
        "AWS access key AKIA…MPLE stands in the open in app/.env:3 and authenticates as ci-deploy, whose \
         privilege is escalate (iam:* on *, by attached policy Deploy → statement 0); nobody owns it."
    );
    let evidence: Vec<String> = finding.evidence.iter().map(ToString::to_string).collect();
    assert_eq!(
        evidence,
        [
            "app/.env:3",
            "policy.json:9",
            "policy.json:7",
            "keys.json:2"
        ]
    );
    assert_eq!(evaluation.findings[0].severity, Severity::Critical);
}

#[test]
fn a_leak_of_unknown_or_lesser_identity_is_the_other_finding() {
    let mut unknown = Estate::default();
    unknown.leak(None, Confidence::Medium);
    assert_eq!(
        unknown.ids(),
        ["credential-leaked aws:access-key:AKIAIOSFODNN7EXAMPLE"]
    );
    assert_eq!(
        unknown.evaluate(&[]).findings[0].confidence,
        Confidence::Medium
    );
    let mut unsure = Estate::default();
    unsure.leak(None, Confidence::Low);
    assert_eq!(unsure.ids(), Vec::<String>::new());
}

#[test]
fn unknown_is_counted_as_not_evaluable_and_never_as_passed() {
    let mut estate = Estate::default();
    estate.identity(ROLE, |_| {});
    let evaluation = estate.evaluate(&[]);
    let of = |id: &str| {
        let found = evaluation.summaries.iter().find(|s| &*s.id == id).unwrap();
        (
            found.fail,
            found.pass,
            found.not_applicable,
            found.not_evaluable,
        )
    };
    assert_eq!(of("owner-missing"), (0, 0, 0, 1));
    assert_eq!(of("identity-admin"), (0, 0, 0, 1));
    assert_eq!(of("found-not-declared"), (0, 0, 1, 0));
    assert_eq!(of("credential-leaked"), (0, 0, 0, 0));
    assert_eq!(evaluation.summaries.len(), IDS.len());
}

fn waiver(check: &str, subject: &str, expires: &str) -> Waiver {
    Waiver {
        id: format!("{check} {subject}").into(),
        check: check.into(),
        subject: subject.into(),
        scope: WaiverScope::Anywhere,
        owner: "team:platform".into(),
        approver: "user:ciso".into(),
        reason: "migration".into(),
        expires: Some(day(expires)),
        evidence: at("tenure.yaml", 12),
    }
}

#[test]
fn waivers_cover_expire_and_go_unused() {
    let mut estate = Estate::default();
    estate
        .identity(ROLE, |_| {})
        .tier(ROLE, Tier::Admin, Certainty::Certain)
        .owned(ROLE, OwnershipState::Owned);
    let waivers = [
        // The last day is still covered.
        waiver(
            "identity-*",
            "arn:aws:iam::111122223333:role/*",
            "2026-11-22",
        ),
        waiver("identity-admin", ROLE, "2026-11-21"),
        waiver("owner-missing", "*", "2027-01-01"),
    ];
    let evaluation = estate.evaluate(&waivers);
    let admin = evaluation
        .findings
        .iter()
        .find(|f| &*f.check == "identity-admin")
        .unwrap();
    assert_eq!(admin.waiver.as_ref(), Some(&waivers[0]));
    let about: Vec<String> = evaluation
        .findings
        .iter()
        .filter(|f| matches!(f.subject, SubjectId::Waiver(_)))
        .map(|f| f.message.to_string())
        .collect();
    assert_eq!(
        about,
        [
            format!(
                "The waiver identity-admin {ROLE} ended on 2026-11-21; team:platform answers for it, and \
                 1 finding is open again."
            ),
            "The waiver owner-missing * matches no finding; team:platform answers for it."
                .to_owned(),
        ]
    );
    let expired = estate.evaluate(&waivers[1..2]);
    assert_eq!(
        expired
            .findings
            .iter()
            .filter(|f| f.waiver.is_some())
            .count(),
        0
    );
}

#[test]
fn declared_and_found_are_compared_only_where_something_was_read() {
    let entry = |id: &str| RegistryEntry {
        purpose: Some("deploys the shop".into()),
        approved_tier: Some("read".into()),
        review_by: DateField::At(day("2026-10-01")),
        revocation: Some("runbook".into()),
        ..RegistryEntry::new(id, Selector::Exact(id.into()), at("nhi-registry.yaml", 3))
    };
    let gone = "arn:aws:iam::111122223333:role/gone";
    let elsewhere = "arn:aws:iam::444455556666:role/elsewhere";
    let mut estate = Estate::default();
    estate
        .identity(ROLE, |_| {})
        .tier(ROLE, Tier::Write, Certainty::Certain)
        .owned(ROLE, OwnershipState::Owned)
        .identity(USER, |_| {})
        .owned(USER, OwnershipState::Owned);
    let inventory = &mut estate.0.inventory;
    inventory.registry = [entry(ROLE), entry(gone), entry(elsewhere)].into();
    inventory.sources = [
        ("registry".into(), "*".into()),
        ("aws-authorization-details".into(), "111122223333".into()),
    ]
    .into();
    estate.0.registered.insert(ROLE.into(), vec![entry(ROLE)]);
    assert_eq!(
        estate.ids(),
        [
            format!("privilege-beyond-approval {ROLE}"),
            format!("declared-not-found {gone}"),
            format!("found-not-declared {USER}"),
            format!("review-overdue {ROLE}"),
            format!("review-overdue {gone}"),
            format!("review-overdue {elsewhere}"),
        ]
    );
}

#[test]
fn findings_do_not_depend_on_the_number_of_threads_and_keep_their_fingerprint() {
    let mut estate = Estate::default();
    for n in 0..2_000 {
        let id = format!("arn:aws:iam::111122223333:role/r{n}");
        estate
            .identity(&id, |_| {})
            .tier(&id, Tier::ALL[n % 6], Certainty::Certain)
            .owned(&id, OwnershipState::ALL[n % 5]);
    }
    let in_pool = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| estate.evaluate(&[]))
    };
    let (one, many) = (in_pool(1), in_pool(4));
    assert_eq!(one.findings, many.findings);
    assert_eq!(one.summaries, many.summaries);
    let prints: BTreeSet<String> = one
        .findings
        .iter()
        .map(|f| f.fingerprint.to_string())
        .collect();
    assert_eq!(prints.len(), one.findings.len());
    assert!(one.findings.iter().all(|f| !f.evidence.is_empty()));
    let order = |f: &Finding| {
        (
            std::cmp::Reverse(f.severity),
            f.check.clone(),
            f.subject.clone(),
        )
    };
    assert!(one.findings.is_sorted_by_key(order));
}

#[test]
fn parameters_are_set_by_name_and_refused_when_they_do_not_fit() {
    let checks = builtin();
    let set = |id: &str, name: &str, value: Setting| -> Settings {
        BTreeMap::from([(id.into(), BTreeMap::from([(name.into(), value)]))])
    };
    let refused = |settings: &Settings| match checks.bind("tenure.yaml", settings) {
        Ok(_) => "bound".to_owned(),
        Err(errors) => lines(&errors),
    };
    assert_eq!(
        refused(&set("identity-unused", "max_idle_dys", Setting::Int(1))),
        "tenure.yaml: check `identity-unused` has no parameter `max_idle_dys` (did you mean `max_idle_days`?)"
    );
    assert_eq!(
        refused(&set("identity-unusd", "max_idle_days", Setting::Int(1))),
        "tenure.yaml: there is no check `identity-unusd` (did you mean `identity-unused`?)"
    );
    assert_eq!(
        refused(&set(
            "identity-unused",
            "max_idle_days",
            Setting::Text("x".into())
        )),
        "tenure.yaml: check `identity-unused`, parameter `max_idle_days`: `x` is not of type int"
    );
    let settings = set("identity-unused", "max_idle_days", Setting::Int(10));
    let parameters = checks.bind("tenure.yaml", &settings).unwrap();
    let mut estate = Estate::default();
    estate.identity(ROLE, |i| i.last_used = Moment::At(day("2026-11-02")));
    let options = EvaluateOptions {
        now: now(),
        waivers: &[],
        parameters: &parameters,
        fingerprinter: &Fingerprinter::new(None),
    };
    let found = evaluate(&checks, &estate.0, &options).findings;
    assert_eq!(
        &*found[0].message,
        "deploy was not used for more than 10 days; its last use was 20 days ago."
    );
    assert!(
        !estate
            .ids()
            .iter()
            .any(|f| f.starts_with("identity-unused"))
    );
}
