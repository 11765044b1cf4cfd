//! No secret's value in anything that the program writes.
//!
//! Canaries are planted wherever a secret can stand: in text, in structured files that several readers
//! take, in broken files, in places that are quoted in messages. Then every byte of every output is searched
//! for them, also base64- and hex-encoded.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use base64::Engine;
use std::fs;
use support::{NOW, put, room, run, status};

/// The secrets, built here so that no scanner takes this file for a leak.
fn canaries() -> Vec<String> {
    let body = |seed: u64, length: usize| -> String {
        let alphabet = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
        let mut state = seed;
        (0..length)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                char::from(alphabet[(state >> 33) as usize % alphabet.len()])
            })
            .collect()
    };
    vec![
        format!("ghp_{}", body(1, 36)),
        format!(
            "xoxb-{}-{}-{}",
            123_456_789_012u64,
            987_654_321_098u64,
            body(2, 24)
        ),
        format!("sk_live_{}", body(3, 24)),
        format!("glpat-{}", body(4, 20)),
        format!("SG.{}.{}", body(5, 22), body(6, 43)),
        body(7, 40),
        format!("Pa55-{}", body(8, 16)),
        body(9, 32),
    ]
}

/// Pieces of a canary that must be nowhere: every run of nine characters behind its public prefix, but the
/// last four, which may be shown. Ids that the issuer itself lists beside the token may be shown, too.
fn pieces(canary: &str) -> Vec<String> {
    let inner: Vec<char> = canary.chars().collect();
    let start = match canary.get(..3) {
        Some("xox") => canary.rfind('-').unwrap() + 1,
        Some("SG.") => canary.rfind('.').unwrap() + 1,
        _ => canary.find(['_', '-', '.']).map_or(0, |i| i + 1).min(8),
    };
    (start..inner.len().saturating_sub(4 + 9))
        .map(|i| inner[i..i + 9].iter().collect())
        .collect()
}

#[test]
fn no_output_holds_a_secret() {
    let room = room();
    let estate = room.path().join("estate");
    let canaries = canaries();
    let c = |i: usize| canaries[i].as_str();
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);

    put(
        &estate,
        "app/.env.production",
        format!(
            "GITHUB_TOKEN={}\nSLACK_TOKEN={}\nDB_PASSWORD={}\n",
            c(0),
            c(1),
            c(6)
        ),
    );
    put(
        &estate,
        "app/.env.staging",
        format!("GITHUB_TOKEN={}\n", c(0)),
    );
    put(
        &estate,
        "app/settings.py",
        format!("STRIPE = \"{}\"\nAPI_KEY = \"{}\"\n", c(2), c(7)),
    );
    put(
        &estate,
        "app/url.txt",
        format!("postgres://app:{}@db.acme.test:5432/ledger\n", c(6)),
    );
    put(
        &estate,
        "deploy.sh",
        format!(
            "export AWS_ACCESS_KEY_ID=AKIA{}\nexport AWS_SECRET_ACCESS_KEY={}\n",
            "Y34FZKBOKMUTVV7A",
            c(5)
        ),
    );
    put(&estate, "wide.txt", {
        let text = format!("token = \"{}\"\n", c(3));
        let mut bytes = vec![0xFF, 0xFE];
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        bytes
    });
    put(
        &estate,
        "k8s/secret.yaml",
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: t\n  namespace: ci\n  annotations:\n    kubernetes.io/service-account.name: bot\n    note: {}\n    kubectl.kubernetes.io/last-applied-configuration: '{{\"data\":\"{}\"}}'\ntype: kubernetes.io/service-account-token\ndata:\n  token: {}\nstringData:\n  password: {}\n",
            c(4),
            c(4),
            base64(c(5)),
            c(6),
        ),
    );
    put(
        &estate,
        "k8s/deploy.yaml",
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a, namespace: ci}}\nspec:\n  template:\n    spec:\n      serviceAccountName: bot\n      containers:\n        - name: a\n          env:\n            - {{name: PASSWORD, value: \"{}\"}}\n",
            c(6)
        ),
    );
    // Answers of AWS that carry values beside what is asked of them.
    let arn = "arn:aws:iam::111122223333";
    for (name, text) in [
        (
            "functions.json",
            format!(
                r#"{{"Functions": [{{"FunctionName": "f", "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:f", "Role": "{arn}:role/r", "Environment": {{"Variables": {{"DB_PASSWORD": "{}", "PLAIN": "{}"}}}}}}]}}"#,
                c(6),
                c(7)
            ),
        ),
        (
            "new-credential.json",
            format!(
                r#"{{"ServiceSpecificCredential": {{"UserName": "u", "Status": "Active", "CreateDate": "2026-01-01T00:00:00Z", "ServiceUserName": "u-at-111122223333", "ServicePassword": "{}", "ServiceCredentialSecret": "{}", "ServiceSpecificCredentialId": "ACCAEXAMPLE000000001", "ServiceName": "codecommit.amazonaws.com"}}}}"#,
                c(5),
                c(7)
            ),
        ),
        (
            "new-key.json",
            format!(
                r#"{{"AccessKey": {{"UserName": "u", "AccessKeyId": "AKIA{}", "Status": "Active", "SecretAccessKey": "{}", "CreateDate": "2026-01-01T00:00:00Z"}}}}"#,
                "Y34FZKBOKMUTVV7A",
                c(5)
            ),
        ),
        (
            "tasks.json",
            format!(
                r#"{{"taskDefinitions": [{{"taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/t:1", "family": "t", "taskRoleArn": "{arn}:role/r", "containerDefinitions": [{{"name": "c", "environment": [{{"name": "API_KEY", "value": "{}"}}]}}]}}]}}"#,
                c(7)
            ),
        ),
        (
            "tags.json",
            format!(
                r#"{{"UserDetailList": [{{"UserName": "{0}", "UserId": "AIDAEXAMPLE0000000001", "Arn": "{arn}:user/{0}", "CreateDate": "2026-01-01T00:00:00Z", "Tags": [{{"Key": "{1}", "Value": "{0}"}}], "UserPolicyList": [{{"PolicyName": "{1}", "PolicyDocument": {{"Statement": [{{"Sid": "{0}", "Effect": "Allow", "Action": "iam:*", "Resource": "arn:aws:iam::*:user/{1}", "Condition": {{"StringLike": {{"aws:PrincipalTag/{0}": "{1}"}}}}}}]}}}}]}}], "RoleDetailList": [], "GroupDetailList": [], "Policies": []}}"#,
                c(0),
                c(3)
            ),
        ),
    ] {
        put(&estate, &format!("aws/{name}"), text);
    }
    // Broken files, whose parsers would love to quote them.
    put(
        &estate,
        "broken/details.json",
        format!(
            "{{\"UserDetailList\": [{{\"UserName\": \"{}\", \"Arn\": {}",
            c(0),
            c(7)
        ),
    );
    put(
        &estate,
        "broken/sa.yaml",
        format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: \"{}\n  x: [{}\n",
            c(2),
            c(7)
        ),
    );
    put(
        &estate,
        "broken/report.csv",
        format!(
            "user,arn,user_creation_time,password_enabled\n{},{}\n\"{}\n",
            c(0),
            c(1),
            c(2)
        ),
    );
    put(
        &estate,
        "broken/keys.json",
        format!(
            "{{\"AccessKeyMetadata\": [{{\"UserName\": \"x\", \"Status\": \"{}\", \"CreateDate\": \"{}\"}}]}}",
            c(3),
            c(7)
        ),
    );
    put(
        &estate,
        "nhi-registry.yaml",
        format!(
            "version: 1\nidentities:\n  - id: k8s:ci/bot\n    owner: team:a\n    password: {}\n    review_by: {}\n  - {}\n",
            c(6),
            c(7),
            c(3)
        ),
    );
    put(
        &estate,
        "CODEOWNERS",
        format!("*.txt @acme/{}\n![{}]\n", "platform", c(7)),
    );
    put(
        &estate,
        "catalog-info.yaml",
        format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: a, annotations: {{token: {}}}}}\nspec: {{type: service, owner: team-a}}\n",
            c(2)
        ),
    );
    put(
        &estate,
        "repo/.git/config",
        format!(
            "[remote \"origin\"]\n\turl = https://bot:{}@git.acme.test/acme/repo.git\n",
            c(0)
        ),
    );

    let baseline = room.path().join("before.json");
    let out = room.path().join("out");
    let (baseline, out) = (baseline.to_str().unwrap(), out.to_str().unwrap());
    let estate = estate.to_str().unwrap();
    let mut produced: Vec<(String, Vec<u8>)> = Vec::new();
    let mut keep = |what: &str, arguments: &[&str]| {
        let output = run(room.path(), arguments);
        assert!(matches!(status(&output), 0..=3), "{what}");
        produced.push((format!("{what}: standard output"), output.stdout));
        produced.push((format!("{what}: standard error"), output.stderr));
    };
    keep(
        "snapshot",
        &["scan", estate, "--now", NOW, "--snapshot", baseline],
    );
    for format in ["terminal", "json", "csv", "sarif", "markdown"] {
        keep(
            format,
            &[
                "scan",
                estate,
                "--now",
                NOW,
                "--format",
                format,
                "--include-human",
                "--include-provider-managed",
                "--baseline",
                baseline,
            ],
        );
    }
    keep(
        "out",
        &["scan", estate, "--now", NOW, "--out", out, "--csv-raw"],
    );
    keep("show", &["show", "bot", estate]);
    keep("init", &["init", estate, "--dir", out]);
    keep(
        "config",
        &[
            "scan",
            estate,
            "--config",
            &format!("{estate}/nhi-registry.yaml"),
        ],
    );
    keep(
        "rules",
        &[
            "scan",
            estate,
            "--rules",
            &format!("{estate}/app/.env.production"),
        ],
    );
    keep(
        "baseline",
        &[
            "scan",
            estate,
            "--baseline",
            &format!("{estate}/broken/details.json"),
        ],
    );
    for entry in fs::read_dir(out).unwrap() {
        let path = entry.unwrap().path();
        produced.push((path.display().to_string(), fs::read(&path).unwrap()));
    }
    produced.push(("the snapshot".to_owned(), fs::read(baseline).unwrap()));

    let json: serde_json::Value = serde_json::from_slice(&fs::read(baseline).unwrap()).unwrap();
    let leaks = json["credentials"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| !c["exposures"].as_array().unwrap().is_empty());
    assert!(
        leaks.count() >= 6,
        "the canaries must be found for their absence in the output to mean anything"
    );

    for canary in &canaries {
        let mut forms = pieces(canary);
        forms.push(base64(canary).trim_end_matches('=').to_owned());
        forms.push(canary.bytes().map(|b| format!("{b:02x}")).collect());
        for (name, bytes) in &produced {
            let text = String::from_utf8_lossy(bytes);
            for form in &forms {
                assert!(
                    !text.contains(form.as_str()),
                    "{name} holds a piece of a secret: …{form}…"
                );
            }
        }
    }
}

/// Files that say whose things are, with secrets in every field that holds text.
fn ownership(estate: &std::path::Path, canaries: &[String]) {
    let c = |i: usize| canaries[i].as_str();
    let (token, other, secret) = (c(0), c(3), c(7));
    put(
        estate,
        "k8s/ns.yaml",
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels: {{team: \"{token}\"}}\n  annotations:\n    acme.test/owner: \"Shop {token}: shop@acme.test\"\n    acme.test/team-name: \"{other}\"\n    acme.test/review-after: \"{token}\"\n    acme.test/source-code: \"https://x:{token}@git.acme.test/a/b\"\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: bot, namespace: shop, annotations: {{a8r.io/owner: \"{other}\", a8r.io/description: \"{token}\"}}}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: \"ns-{token}\"}}\n"
        ),
    );
    put(
        estate,
        "nhi-registry.yaml",
        format!(
            "# the token is {token}\nversion: 1\nidentities:\n  - id: k8s:shop/bot   # or {other}\n    owner: \"{token}\"\n    backup_owner: \"{other}\"\n    purpose: \"deploys with {token}\"\n    environment: \"{token}\"\n    tenants: [\"{other}\"]\n    data_categories: [\"{token}\"]\n    allowed_actions: [\"{token}\"]\n    review_by: \"{other}\"\n    expires: \"{token}\"\n    revocation: \"revoke {token}\"\n    revocation_tested: \"{token}\"\n    vendor: \"{other}\"\n    accountability: {{workflow_owner: \"{token}\", policy_owner: \"{other}\", operator: \"{token}\", model: \"{other}\"}}\n    {token}: x\n"
        ),
    );
    put(
        estate,
        "vendors.yaml",
        format!(
            "vendors:\n  - id: \"{token}\"\n    name: \"Vendor {other}\"\n    owner: \"{token}\"\n    notes: \"{other}\"\n    description: \"{token}\"\n    contract_end: \"{other}\"\n    business_owner: \"{token}\"\n    accounts: [\"{token}\", \"111122223333\"]\n    domains: [\"{other}\"]\n    data_categories: [\"{token}\"]\n"
        ),
    );
    put(
        estate,
        "third-parties.csv",
        format!(
            "vendor_id,name,description,owner,contract_end,notes\n{token},{other},{token},{other},{token},{other}\n"
        ),
    );
    put(
        estate,
        "cmdb_ci_service.csv",
        format!(
            "sys_id,name,owned_by,managed_by,support_group,short_description,sys_class_name,operational_status\n1,bot,{token},{other},{token},{token},cmdb_ci_service,{other}\n2,{token},Jane Doe,{other},{token},{token},cmdb_ci_service,1\n"
        ),
    );
    put(
        estate,
        "entra/applications.json",
        format!(
            r##"{{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#applications", "value": [{{"id": "a0000000-0000-4000-8000-000000000001", "appId": "b0000000-0000-4000-8000-000000000001", "displayName": "app {token}", "notes": "{other}", "description": "{token}", "serviceManagementReference": "{other}", "tags": ["{token}"], "identifierUris": ["api://{other}"], "passwordCredentials": [{{"keyId": "c0000000-0000-4000-8000-000000000001", "displayName": "{other}", "hint": "{}", "secretText": "{secret}", "startDateTime": "{token}", "endDateTime": "2027-01-01T00:00:00Z"}}], "keyCredentials": [{{"keyId": "c0000000-0000-4000-8000-000000000002", "key": "{secret}", "displayName": "{token}", "customKeyIdentifier": "{other}", "endDateTime": "{other}"}}], "owners": [{{"@odata.type": "#microsoft.graph.user", "id": "d0000000-0000-4000-8000-000000000001", "displayName": "{token}", "userPrincipalName": "{other}@acme.test", "mail": "{token}"}}]}}]}}"##,
            &c(5)[..3]
        ),
    );
    put(
        estate,
        "okta/apps.json",
        format!(
            r#"[{{"id": "0oa1gjh63g214q0Hq0g4", "name": "oidc_client", "label": "app {token}", "status": "ACTIVE", "created": "{other}", "signOnMode": "OPENID_CONNECT", "notes": {{"admin": "{token}", "enduser": "{other}"}}, "credentials": {{"oauthClient": {{"client_id": "0oa1gjh63g214q0Hq0g4", "client_secret": "{secret}", "autoKeyRotation": true, "token_endpoint_auth_method": "client_secret_post"}}}}, "settings": {{"oauthClient": {{"grant_types": ["client_credentials"], "application_type": "service", "client_uri": "https://{token}"}}, "notes": {{"admin": "{other}"}}}}, "profile": {{"owner": "{token}", "label": "{other}"}}}}]"#
        ),
    );
    put(
        estate,
        "okta/api-tokens.json",
        format!(
            r#"[{{"id": "00Tabcdefg1234567890", "name": "{token}", "userId": "{other}", "token": "{secret}", "tokenWindow": "P30D", "clientName": "Okta API", "created": "2026-01-01T00:00:00.000Z", "expiresAt": "{token}", "lastUpdated": "{other}"}}]"#
        ),
    );
    put(
        estate,
        "scim/users.json",
        format!(
            r#"{{"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 1, "Resources": [{{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "u1", "userName": "{token}", "password": "{secret}", "displayName": "{other}", "active": "{token}", "emails": [{{"value": "{other}@acme.test", "primary": true}}], "nickName": "{token}", "title": "{other}", "name": {{"formatted": "{token}"}}, "groups": [{{"value": "{other}", "display": "{token}"}}]}}]}}"#
        ),
    );
    put(
        estate,
        "people.csv",
        format!(
            "email,name,status,team,left_on\n{token}@acme.test,{other},{token},{other},{token}\n"
        ),
    );
    put(
        estate,
        "catalog/catalog-info.yaml",
        format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: bot, description: \"{token}\", annotations: {{\"backstage.io/kubernetes-namespace\": shop, \"github.com/project-slug\": \"{other}\"}}, tags: [\"{token}\"]}}\nspec: {{type: service, owner: \"group:{token}\", system: \"{other}\"}}\n---\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {{name: \"{token}\"}}\nspec: {{type: team, profile: {{displayName: \"{other}\", email: \"{token}@acme.test\"}}, parent: \"{other}\", members: [\"{token}\"]}}\n"
        ),
    );
    put(
        estate,
        "environments/shop.json",
        format!(
            r#"{{"account-type": "member", "codeowners": ["{token}"], "environments": [{{"name": "{other}", "access": [{{"sso_group_name": "{token}", "level": "{other}"}}]}}], "tags": {{"application": "{token}", "business-unit": "{other}", "infrastructure-support": "{token}@acme.test", "owner": "Shop {token}: {other}@acme.test"}}, "github-oidc-team-repositories": ["{other}"], "go-live-date": "{token}"}}"#
        ),
    );
    put(
        estate,
        "opslevel.yml",
        format!(
            "version: 1\nservice:\n  name: bot\n  owner: \"{token}\"\n  description: \"{other}\"\n  aliases: [\"{token}\"]\n  tags: [{{key: owner, value: \"{other}\"}}]\n"
        ),
    );
    put(
        estate,
        "cortex.yaml",
        format!(
            "openapi: 3.0.1\ninfo:\n  title: \"{token}\"\n  description: \"{other}\"\n  x-cortex-tag: bot\n  x-cortex-owners:\n    - {{type: email, email: \"{token}@acme.test\", description: \"{other}\"}}\n    - {{type: group, name: \"{token}\", provider: OKTA}}\n"
        ),
    );
    put(
        estate,
        "pagerduty/services.json",
        format!(
            r#"{{"services": [{{"id": "PABC123", "type": "service", "name": "bot {token}", "summary": "{other}", "description": "{token}", "teams": [{{"id": "PT1", "type": "team_reference", "summary": "{token}"}}], "escalation_policy": {{"id": "PE1", "type": "escalation_policy_reference", "summary": "{other}"}}, "status": "active", "html_url": "https://{token}", "integrations": [{{"integration_key": "{secret}"}}]}}], "limit": 25, "offset": 0, "more": false}}"#
        ),
    );
    put(
        estate,
        "package.json",
        format!(
            r#"{{"name": "bot", "version": "1.0.0", "author": "{token} <{other}@acme.test>", "maintainers": [{{"name": "{other}", "email": "{token}@acme.test"}}]}}"#
        ),
    );
    put(
        estate,
        ".mailmap",
        format!("{token} <a@acme.test> {other} <{token}@acme.test>\n"),
    );
    put(
        estate,
        "CODEOWNERS",
        format!("* @acme/{token}\n/k8s/ {other}@acme.test # {token}\n"),
    );
    put(
        estate,
        "list-accounts.json",
        format!(
            r#"{{"Accounts": [{{"Id": "111122223333", "Arn": "arn:aws:organizations::444455556666:account/o-abcdefghij/111122223333", "Email": "{token}@acme.test", "Name": "acct {other}", "Status": "ACTIVE", "JoinedMethod": "CREATED", "JoinedTimestamp": "2026-01-01T00:00:00Z", "Tags": [{{"Key": "owner", "Value": "{token}"}}]}}]}}"#
        ),
    );
    put(
        estate,
        "main.tf",
        format!(
            "provider \"aws\" {{\n  default_tags {{\n    tags = {{ owner = \"{token}\", team = \"{other}\" }}\n  }}\n}}\nresource \"aws_iam_user\" \"u\" {{\n  name = \"shop\"\n  tags = {{ description = \"{token}\", review-date = \"{other}\" }}\n}}\n"
        ),
    );
}

#[test]
fn no_owner_vendor_or_container_is_called_by_a_secret() {
    let room = room();
    let estate = room.path().join("estate");
    let canaries = canaries();
    ownership(&estate, &canaries);
    let (token, other) = (&canaries[0], &canaries[3]);
    // The author of a commit, too.
    let git = |arguments: &[&str]| {
        let done = std::process::Command::new("git")
            .current_dir(&estate)
            .args(["-c", &format!("user.name=Jane {token}")])
            .args(["-c", &format!("user.email={other}@acme.test")])
            .args(["-c", "commit.gpgsign=false"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", token]);

    let mut produced: Vec<(String, Vec<u8>)> = Vec::new();
    let mut keep = |what: &str, arguments: &[&str]| -> Vec<u8> {
        let output = run(&estate, arguments);
        assert!(matches!(status(&output), 0..=3), "{what}");
        produced.push((format!("{what}: standard output"), output.stdout.clone()));
        produced.push((format!("{what}: standard error"), output.stderr));
        output.stdout
    };
    let mut csv = Vec::new();
    for format in ["terminal", "json", "csv", "sarif", "markdown"] {
        let found = keep(
            format,
            &[
                "scan",
                ".",
                "--now",
                NOW,
                "--format",
                format,
                "--include-human",
            ],
        );
        if format == "csv" {
            csv = found;
        }
    }
    for format in ["terminal", "json", "csv", "markdown"] {
        keep(
            &format!("owners as {format}"),
            &["owners", ".", "--now", NOW, "--format", format],
        );
    }
    keep(
        "owner",
        &["owners", ".", "--now", NOW, "--owner", "shop@acme.test"],
    );
    keep("show", &["show", "k8s:shop/bot", "."]);
    keep("adoption", &["adopt", ".", "--now", NOW, "--dry-run"]);

    // Somebody fills in what they take for a name.
    let mut sheet = csv::ReaderBuilder::new().from_reader(csv.as_slice());
    let head = sheet.headers().unwrap().clone();
    let mut filled = csv::Writer::from_writer(Vec::new());
    filled.write_record(&head).unwrap();
    for (number, row) in sheet.records().map(Result::unwrap).enumerate() {
        let cells = head.iter().zip(row.iter()).map(|(name, cell)| match name {
            "attested_on" => "2026-11-20".to_owned(),
            "attested_by" if number % 4 == 0 => token.clone(),
            "attested_owner" if number % 4 == 1 => other.clone(),
            "attested_purpose" if number % 4 == 2 => format!("holds {token}"),
            "subject_id" | "ref_id" if number % 4 == 3 => token.clone(),
            "attested_by" => "jane@acme.test".to_owned(),
            _ => cell.to_owned(),
        });
        filled.write_record(cells).unwrap();
    }
    let stood = fs::read_to_string(estate.join("nhi-registry.yaml")).unwrap();
    put(&estate, "answers.csv", filled.into_inner().unwrap());
    for more in [&["--dry-run"][..], &[]] {
        let mut all = vec!["adopt", ".", "--now", NOW, "--attest", "answers.csv"];
        all.extend(more);
        keep("answers", &all);
    }
    let registry = fs::read(estate.join("nhi-registry.yaml")).unwrap();
    fs::remove_file(estate.join("nhi-registry.yaml")).unwrap();
    keep(
        "fresh",
        &[
            "adopt",
            ".",
            "--now",
            NOW,
            "--accept-suggestions",
            "inferred",
        ],
    );
    let fresh = fs::read(estate.join("nhi-registry.yaml")).unwrap();
    produced.push(("the registry that was made".to_owned(), fresh));
    // What stood there stays, and nothing comes to it.
    let registry = String::from_utf8(registry).unwrap();
    let both = |text: &str| [token, other].map(|canary| text.matches(canary.as_str()).count());
    assert_eq!(both(&registry), both(&stood), "{registry}");

    for canary in &canaries {
        for form in pieces(canary) {
            for (name, bytes) in &produced {
                let text = String::from_utf8_lossy(bytes);
                assert!(
                    !text.contains(form.as_str()),
                    "{name} holds a piece of a secret: …{form}…: {}",
                    text.lines()
                        .find(|line| line.contains(form.as_str()))
                        .unwrap_or_default()
                );
            }
        }
    }
}
