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
