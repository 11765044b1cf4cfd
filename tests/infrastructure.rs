//! What infrastructure code and what was made of it tell: states, plans, stacks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should stop"
)]

use serde_json::json;
use std::sync::Arc;
use tenure::detect::Detector;
use tenure::link;
use tenure::model::{
    Document, Fingerprinter, Inventory, Moment, Origin, Presence, Probe, Problem, Tier, Timestamp,
};
use tenure::privilege;
use tenure::reader::{Family, Reader, readers};

fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T00:00:00Z").unwrap()
}

fn ours() -> Vec<Box<dyn Reader>> {
    let detector = Detector::new(&[], Fingerprinter::new(None)).unwrap();
    let mut all = readers(Arc::new(detector));
    all.retain(|reader| {
        matches!(
            Family::of(reader.name()),
            Family::Infrastructure | Family::Aws | Family::Kubernetes
        )
    });
    all
}

/// Reads files, and who read them.
fn read(files: &[(&str, &str)]) -> (Inventory, Vec<Problem>, Vec<&'static str>) {
    let mut inventory = Inventory::default();
    let (mut problems, mut names) = (Vec::new(), Vec::new());
    let readers = ours();
    for (name, text) in files {
        let origin = Origin::file(*name);
        let bytes = text.as_bytes();
        let head = &bytes[..bytes.len().min(8192)];
        let probe = Probe {
            origin: &origin,
            head,
            complete: head.len() == bytes.len(),
            binary: false,
        };
        let document = Document {
            origin: &origin,
            bytes,
        };
        for reader in readers.iter().filter(|reader| reader.accepts(&probe)) {
            let (facts, trouble) = reader.read(&document);
            names.push(reader.name());
            inventory.absorb(facts);
            problems.extend(trouble);
        }
    }
    link::link(&mut inventory);
    (inventory, problems, names)
}

fn tier(inventory: &Inventory, id: &str) -> Option<Tier> {
    let answers = privilege::assess_at(inventory, now());
    answers.get(&id.into()).map(|p| p.tier)
}

fn instance(kind: &str, name: &str, attributes: serde_json::Value) -> serde_json::Value {
    json!({"mode": "managed", "type": kind, "name": name,
        "provider": "provider[\"registry.terraform.io/hashicorp/x\"]",
        "instances": [{"schema_version": 0, "attributes": attributes}]})
}

fn state(resources: &[serde_json::Value], outputs: serde_json::Value) -> String {
    let state = json!({"version": 4, "terraform_version": "1.9.5", "serial": 3,
        "lineage": "0f6b", "outputs": outputs, "resources": resources});
    serde_json::to_string_pretty(&state).unwrap()
}

const ADMIN: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

#[test]
fn a_key_in_a_state_is_its_users_and_leaked() {
    let secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzzzzKEY";
    let text = state(
        &[
            instance(
                "aws_iam_user",
                "bot",
                json!({"name": "bot", "path": "/ci/",
                "arn": "arn:aws:iam::111122223333:user/ci/bot", "unique_id": "AIDAEXAMPLE",
                "tags": {"team": "payments"}}),
            ),
            instance(
                "aws_iam_user_policy",
                "all",
                json!({"user": "bot", "name": "all", "policy": ADMIN}),
            ),
            instance(
                "aws_iam_access_key",
                "bot",
                json!({"user": "bot", "id": "AKIAQWERTYUIOPASDFGH",
                "secret": secret, "status": "Active", "create_date": "2021-05-01T00:00:00Z"}),
            ),
        ],
        json!({"key": {"value": secret, "type": "string"}}),
    );
    let (inventory, problems, names) = read(&[("envs/prod/terraform.tfstate", &text)]);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(names, ["terraform-state"]);
    let id = "arn:aws:iam::111122223333:user/ci/bot";
    let user = &inventory.identities[&id.into()];
    assert!(user.presence.iter().any(|p| *p == Presence::Observed));
    assert!(
        user.aliases
            .iter()
            .any(|a| a.ends_with("#aws_iam_user.bot"))
    );
    assert_eq!(user.account.as_deref(), Some("111122223333"));
    assert_eq!(tier(&inventory, id), Some(Tier::Admin));
    let key = &inventory.credentials[&"aws:access-key:AKIAQWERTYUIOPASDFGH".into()];
    assert_eq!(key.expires, Moment::Never);
    assert_eq!(key.created, Timestamp::parse("2021-05-01T00:00:00Z"));
    assert_eq!(key.identity().map(|i| &*i.0), Some(id));
    let reasons: Vec<&str> = key
        .exposures
        .iter()
        .flat_map(|e| e.reasons.iter().map(|r| &**r))
        .collect();
    assert!(
        reasons.contains(&"attribute secret in a state"),
        "{reasons:?}"
    );
    assert!(
        reasons.contains(&"output key, not marked sensitive"),
        "{reasons:?}"
    );
    assert!(!format!("{inventory:?}").contains(secret));
}

#[test]
fn flat_states_and_backups_are_read_as_well() {
    let text = r#"{"version": 3, "terraform_version": "0.11.14", "modules": [
      {"path": ["root", "ci"], "outputs": {}, "resources": {
        "aws_iam_user.bot.0": {"type": "aws_iam_user", "primary": {"id": "bot", "attributes": {
          "arn": "arn:aws:iam::111122223333:user/bot", "name": "bot", "path": "/", "tags.%": "1", "tags.owner": "payments"}}},
        "aws_iam_group_membership.m": {"type": "aws_iam_group_membership", "primary": {"attributes": {
          "group": "admins", "users.#": "1", "users.1234": "bot"}}}}}]}"#;
    let (inventory, problems, _) = read(&[("old/terraform.tfstate.backup", text)]);
    assert!(problems.is_empty(), "{problems:?}");
    let user = &inventory.identities[&"arn:aws:iam::111122223333:user/bot".into()];
    assert_eq!(
        user.labels.iter().next().map(|l| &*l.value),
        Some("payments")
    );
    assert!(
        user.aliases
            .iter()
            .any(|a| a.ends_with("#module.ci.aws_iam_user.bot[0]"))
    );
    assert_eq!(inventory.memberships.len(), 1);
}

#[test]
fn a_plan_says_what_is_about_to_be() {
    let plan = json!({"format_version": "1.2", "terraform_version": "1.9.5",
      "resource_changes": [
        {"address": "aws_iam_role.ci", "mode": "managed", "type": "aws_iam_role", "name": "ci",
         "change": {"actions": ["create"], "before": null,
           "after": {"name": "ci", "path": "/", "assume_role_policy":
             "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sts:AssumeRole\"}]}"},
           "after_unknown": {"arn": true, "id": true}}},
        {"address": "aws_iam_role_policy_attachment.ci", "mode": "managed",
         "type": "aws_iam_role_policy_attachment", "name": "ci",
         "change": {"actions": ["create"], "after": {"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"},
           "after_unknown": {"role": true}}},
        {"address": "aws_iam_user.gone", "mode": "managed", "type": "aws_iam_user", "name": "gone",
         "change": {"actions": ["delete"], "before": {"name": "gone"}, "after": null}}],
      "configuration": {"root_module": {"resources": [
        {"address": "aws_iam_role_policy_attachment.ci", "expressions": {
          "role": {"references": ["aws_iam_role.ci.name", "aws_iam_role.ci"]}}}]}}});
    let (inventory, problems, names) = read(&[("infra/plan.json", &plan.to_string())]);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(names, ["terraform-state"]);
    assert_eq!(inventory.identities.len(), 1);
    let id = "arn:aws:iam::infra:role/ci";
    assert_eq!(tier(&inventory, id), Some(Tier::Admin));
    assert_eq!(inventory.trusts.len(), 1);
}

#[test]
fn hostile_states_are_problems_and_no_more() {
    let deep = format!(
        "{{\"version\": 4, \"terraform_version\": \"1\", \"resources\": {}",
        "[".repeat(200_000)
    );
    let wrong = r#"{"version": 4, "terraform_version": "1.0", "resources": [7, {"type": 3}, {"type": "aws_iam_user", "name": "x",
        "instances": [null, {"attributes": []}, {"attributes": {"name": ["a"], "tags": 7, "path": {}, "policy": 3}}]},
        {"type": "aws_iam_role", "name": "r", "instances": [{"attributes": {"assume_role_policy": "{", "name": null}}]},
        {"type": "google_project_iam_policy", "name": "p", "instances": [{"attributes": {"policy_data": "[]"}}]}],
        "outputs": {"a": 3, "b": {"value": null}}}"#;
    for (text, kept) in [
        (deep.as_str(), false),
        (
            "{\"version\": 4, \"terraform_version\": \"1.0\", \"resources\": [{\"type\"",
            false,
        ),
        ("{\"version\": 99, \"terraform_version\": \"1.0\"}", false),
        (wrong, true),
    ] {
        let (inventory, problems, names) = read(&[("x/terraform.tfstate", text)]);
        assert_eq!(names, ["terraform-state"]);
        assert!(!problems.is_empty());
        assert_eq!(!inventory.identities.is_empty(), kept);
        for problem in problems {
            assert!(!problem.message.contains("aws_iam_user\""));
        }
    }
}

#[test]
fn every_platforms_credentials_have_an_end_or_none() {
    let text = state(
        &[
            instance(
                "google_service_account",
                "ci",
                json!({"account_id": "ci", "project": "acme",
                "email": "ci@acme.iam.gserviceaccount.com", "unique_id": "1234"}),
            ),
            instance(
                "google_service_account_key",
                "ci",
                json!({"name":
                "projects/acme/serviceAccounts/ci@acme.iam.gserviceaccount.com/keys/0a1b", "private_key": "c2VjcmV0c2VjcmV0",
                "service_account_id": "ci@acme.iam.gserviceaccount.com", "valid_after": "2024-01-01T00:00:00Z",
                "valid_before": "9999-12-31T23:59:59Z"}),
            ),
            instance(
                "google_project_iam_member",
                "owner",
                json!({"project": "acme", "role": "roles/owner",
                "member": "serviceAccount:ci@acme.iam.gserviceaccount.com"}),
            ),
            instance(
                "azuread_application",
                "app",
                json!({"client_id": "c-1", "object_id": "o-1", "display_name": "app"}),
            ),
            instance(
                "azuread_application_password",
                "app",
                json!({"application_id": "/applications/o-1",
                "key_id": "k-1", "value": "secretsecretsecret", "start_date": "2024-01-01T00:00:00Z", "end_date": "2034-01-01T00:00:00Z"}),
            ),
            instance(
                "azuread_service_principal",
                "app",
                json!({"client_id": "c-1", "object_id": "o-2", "display_name": "app"}),
            ),
            instance(
                "azurerm_role_assignment",
                "owner",
                json!({"principal_id": "o-2", "role_definition_name": "Owner",
                "scope": "/subscriptions/s-1"}),
            ),
            instance(
                "github_repository_deploy_key",
                "k",
                json!({"title": "deploy", "repository": "app", "read_only": false}),
            ),
            instance(
                "vault_token",
                "t",
                json!({"display_name": "ci", "policies": ["root"], "client_token": "hvs.aaaaaaaaaaaaaaaaaaaaaaaa"}),
            ),
            instance(
                "grafana_service_account",
                "g",
                json!({"name": "ci", "role": "Admin", "id": "1:7"}),
            ),
            instance(
                "grafana_service_account_token",
                "g",
                json!({"name": "t", "service_account_id": "1:7", "seconds_to_live": 0, "key": "glsa_secretsecret"}),
            ),
            instance(
                "kubernetes_service_account_v1",
                "k",
                json!({"metadata": [{"name": "deployer", "namespace": "ci"}]}),
            ),
            instance(
                "kubernetes_cluster_role_binding",
                "k",
                json!({"metadata": [{"name": "deployer"}],
                "role_ref": [{"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}],
                "subject": [{"kind": "ServiceAccount", "name": "deployer", "namespace": "ci", "api_group": ""}]}),
            ),
        ],
        json!({}),
    );
    let (inventory, problems, _) = read(&[("envs/prod/terraform.tfstate", &text)]);
    assert!(problems.is_empty(), "{problems:?}");
    let credential = |id: &str| {
        let found = inventory.credentials.get(&id.into());
        found.unwrap_or_else(|| panic!("{id}: {:#?}", inventory.credentials.keys()))
    };
    let key = credential("gcp:service-account-key:0a1b");
    assert_eq!(key.expires, Moment::Never);
    assert_eq!(
        key.identity().map(|i| &*i.0),
        Some("gcp:ci@acme.iam.gserviceaccount.com")
    );
    let secret = credential("entra:key:k-1");
    assert_eq!(
        secret.expires,
        Moment::At(Timestamp::parse("2034-01-01T00:00:00Z").unwrap())
    );
    assert_eq!(
        secret.identity().map(|i| &*i.0),
        Some("entra:prod/c-1").map(|_| secret.identity().unwrap().0.as_ref())
    );
    assert!(secret.lifetime.is_some_and(|l| l > 9 * 365 * 86_400));
    let token = credential("terraform:envs/prod#grafana_service_account_token.g");
    assert_eq!(token.expires, Moment::Never);
    assert!(token.identity().is_some());
    assert_eq!(
        tier(&inventory, "k8s:cluster/ci/deployer"),
        Some(Tier::Admin)
    );
    assert_eq!(
        tier(&inventory, "gcp:ci@acme.iam.gserviceaccount.com"),
        Some(Tier::Admin)
    );
    let app = inventory
        .identities
        .keys()
        .find(|id| id.0.ends_with("/c-1"))
        .unwrap();
    assert_eq!(tier(&inventory, &app.0), Some(Tier::Admin));
}

#[test]
fn stacks_of_pulumi_are_read_in_terraforms_words() {
    let secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzzzzKEY";
    let stack = json!({"version": 3, "deployment": {"manifest": {"time": "2026-01-01T00:00:00Z"}, "resources": [
      {"urn": "urn:pulumi:prod::pay::pulumi:pulumi:Stack::pay-prod", "type": "pulumi:pulumi:Stack"},
      {"urn": "urn:pulumi:prod::pay::aws:iam/user:User::bot", "type": "aws:iam/user:User", "custom": true, "id": "bot",
       "outputs": {"arn": "arn:aws:iam::111122223333:user/bot", "name": "bot", "path": "/", "tags": {"costCentre": "a"}}},
      {"urn": "urn:pulumi:prod::pay::aws:iam/userPolicyAttachment:UserPolicyAttachment::a", "id": "a",
       "type": "aws:iam/userPolicyAttachment:UserPolicyAttachment",
       "outputs": {"user": "bot", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}},
      {"urn": "urn:pulumi:prod::pay::aws:iam/accessKey:AccessKey::k", "id": "AKIAQWERTYUIOPASDFGH",
       "type": "aws:iam/accessKey:AccessKey", "outputs": {"user": "bot", "id": "AKIAQWERTYUIOPASDFGH",
         "secret": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": format!("\"{secret}\"")}}},
      {"urn": "urn:pulumi:prod::pay::aws:iam/accessKey:AccessKey::l", "id": "AKIAQWERTYUIOPASDFGI",
       "type": "aws:iam/accessKey:AccessKey", "outputs": {"user": "bot",
         "secret": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc:def"}}},
      {"type": "x"}]}});
    let text = serde_json::to_string_pretty(&stack).unwrap();
    let (inventory, problems, names) = read(&[("prod.json", &text)]);
    assert_eq!(names, ["pulumi"]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(
        tier(&inventory, "arn:aws:iam::111122223333:user/bot"),
        Some(Tier::Admin)
    );
    let exposed = |id: &str| !inventory.credentials[&id.into()].exposures.is_empty();
    assert!(exposed("aws:access-key:AKIAQWERTYUIOPASDFGH"));
    assert!(!exposed("aws:access-key:AKIAQWERTYUIOPASDFGI"));
    assert!(!format!("{inventory:?}").contains(secret));

    let settings = "config:\n  aws:region: eu-west-1\n  app:dbPassword: hunter2hunter2\n  app:token:\n    secure: AAABAMc\n";
    let (inventory, problems, names) = read(&[("Pulumi.prod.yaml", settings)]);
    assert_eq!((names, problems.len()), (vec!["pulumi"], 0));
    assert_eq!(inventory.credentials.len(), 1);
}

#[test]
fn a_backends_credentials_are_known() {
    let text = r#"{"version": 3, "serial": 1, "backend": {"type": "s3", "config": {
      "bucket": "b", "access_key": "AKIAQWERTYUIOPASDFGH",
      "secret_key": "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", "token": ""}}}"#;
    let (inventory, problems, names) = read(&[("infra/.terraform/terraform.tfstate", text)]);
    assert_eq!((names, problems.len()), (vec!["terraform-backend"], 0));
    let key = &inventory.credentials[&"aws:access-key:AKIAQWERTYUIOPASDFGH".into()];
    assert_eq!(key.exposures.len(), 1);
    assert_eq!(key.exposures.first().unwrap().evidence.line, Some(3));
}

fn plan_of_user(name: &str) -> String {
    json!({"format_version": "1.2", "terraform_version": "1.9.5", "resource_changes": [
      {"address": "aws_iam_user.u", "mode": "managed", "type": "aws_iam_user", "name": "u",
       "change": {"actions": ["create"], "after": {"name": name, "path": "/"}, "after_unknown": {"arn": true}}},
      {"address": "aws_iam_user_policy.p", "mode": "managed", "type": "aws_iam_user_policy", "name": "p",
       "change": {"actions": ["create"], "after": {"name": "p", "user": name, "policy": ADMIN}}}]})
    .to_string()
}

fn export(account: &str, name: &str) -> String {
    json!({"UserDetailList": [{"Path": "/", "UserName": name, "UserId": format!("AIDA{account}"),
      "Arn": format!("arn:aws:iam::{account}:user/{name}"), "CreateDate": "2024-01-01T00:00:00Z",
      "GroupList": [], "AttachedManagedPolicies": []}],
      "GroupDetailList": [], "RoleDetailList": [], "Policies": []})
    .to_string()
}

#[test]
fn what_is_declared_is_what_was_observed_where_one_answers_to_it() {
    let plan = plan_of_user("bot");
    let one = export("111122223333", "bot");
    let (inventory, _, _) = read(&[("infra/plan.json", &plan), ("a.json", &one)]);
    assert_eq!(inventory.identities.len(), 1);
    let id = "arn:aws:iam::111122223333:user/bot";
    let user = &inventory.identities[&id.into()];
    assert_eq!(user.presence.len(), 2);
    assert_eq!(user.account.as_deref(), Some("111122223333"));
    assert_eq!(tier(&inventory, id), Some(Tier::Admin));

    let two = export("444455556666", "bot");
    let (inventory, _, _) = read(&[
        ("infra/plan.json", &plan),
        ("a.json", &one),
        ("b.json", &two),
    ]);
    assert_eq!(inventory.identities.len(), 3);
    let apart = &inventory.identities[&"arn:aws:iam::infra:user/bot".into()];
    assert!(
        apart
            .derivation
            .iter()
            .any(|d| d.contains("2 accounts have one of this name"))
    );
}
