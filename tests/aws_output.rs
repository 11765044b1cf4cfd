//! What people and programs are shown of AWS identities.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use support::{put, report, room, run, status, stderr, stdout};

const ACCOUNT: &str = "111122223333";

fn role(name: &str, trust: &Value, policy: Option<&Value>) -> Value {
    let inline: Vec<Value> = policy
        .map(|document| json!({"PolicyName": "own", "PolicyDocument": document}))
        .into_iter()
        .collect();
    json!({
        "Path": "/", "RoleName": name, "RoleId": format!("AROA{name}"),
        "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        "CreateDate": "2024-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "InstanceProfileList": [], "RolePolicyList": inline, "AttachedManagedPolicies": [], "Tags": [],
    })
}

fn export(room: &Path, roles: &[Value]) {
    let details = json!({
        "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": [],
        "IsTruncated": false,
    });
    put(room, "details.json", details.to_string());
    let accounts = json!({"Accounts": [{
        "Id": ACCOUNT, "Name": "payments-prod", "Status": "ACTIVE", "Email": "p@acme.test",
        "Arn": format!("arn:aws:organizations::{ACCOUNT}:account/o-abcdefghij/{ACCOUNT}"),
    }]});
    put(room, "accounts.json", accounts.to_string());
}

fn show(room: &Path, name: &str) -> String {
    let output = run(room, &["show", name, ".", "--no-config"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_trust_says_who_gets_in_and_whose_account_that_is() {
    let room = room();
    let provider =
        format!("arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com");
    let tokens = json!({
        "Effect": "Allow", "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme/*"}},
    });
    let vendor = json!({
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::464622532012:root"},
        "Action": "sts:AssumeRole",
    });
    export(
        room.path(),
        &[
            role("pipeline", &tokens, None),
            role("monitor", &vendor, None),
        ],
    );
    let text = show(room.path(), "pipeline");
    assert!(
        text.contains(
            "lets in everything of one owner (organization): every repository or project"
        ),
        "{text}"
    );
    assert!(text.contains("aws:111122223333 (payments-prod)"), "{text}");
    let text = show(room.path(), "monitor");
    assert!(text.contains("the account is Datadog's"), "{text}");

    let snapshot = report(room.path(), &[".", "--no-config"]);
    let trusts = snapshot["trusts"].as_array().unwrap();
    let graded = trusts.iter().find(|t| t["principal_kind"] == "federated");
    let graded = graded.unwrap();
    assert_eq!(graded["exposure"], "organization");
    let flaws = graded["flaws"].as_array().unwrap();
    assert!(flaws.contains(&json!("no-audience")), "{graded}");
    let other = trusts.iter().find(|t| t["principal_kind"] == "account");
    assert!(other.unwrap().get("exposure").is_none());
    assert_eq!(snapshot["account_names"][ACCOUNT], "payments-prod");
    // One fact is told once: the vendor's check, not that of strangers, too.
    let checks: Vec<&str> = snapshot["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["subject"]["id"].as_str().unwrap().contains("monitor<-"))
        .map(|f| f["check"].as_str().unwrap())
        .collect();
    assert_eq!(checks, ["aws-trust-vendor-without-external-id"]);
}

#[test]
fn paths_that_are_not_listed_are_counted() {
    let room = room();
    let rules = std::fs::read_to_string("rules/aws/escalation.yaml").unwrap();
    let rules: Vec<Value> = serde_yaml::from_str(&rules).unwrap();
    let texts = |member: &str| -> BTreeSet<String> {
        let through = |rule: &&Value| {
            let targets = rule["targets"].as_array().unwrap();
            targets
                .iter()
                .any(|t| t == "passed-role" || t == "running-role")
        };
        let lists = rules
            .iter()
            .filter(through)
            .filter_map(|rule| rule[member].as_array());
        lists
            .flatten()
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    };
    let services = json!({
        "Effect": "Allow", "Principal": {"Service": texts("services")}, "Action": "sts:AssumeRole",
    });
    let lambda = json!({
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
    });
    let allowed = |actions: &Value| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": "*"},
        ]})
    };
    let roles = [
        role("wide", &services, Some(&allowed(&json!("*")))),
        role("passer", &lambda, Some(&allowed(&json!(texts("actions"))))),
    ];
    export(room.path(), &roles);
    let snapshot = report(room.path(), &[".", "--no-config"]);
    let identities = snapshot["identities"].as_array().unwrap();
    let passer = identities.iter().find(|i| i["name"] == "passer").unwrap();
    let privilege = &passer["privilege"];
    assert_eq!(privilege["paths"].as_array().unwrap().len(), 64);
    let left = privilege["paths_left_out"].as_u64().unwrap();
    assert!(left > 0, "{left}");
    let text = show(room.path(), "passer");
    let more = format!("and {} more paths", 64 - 12 + left);
    assert!(text.contains(&more), "{more}: {text}");
}

#[test]
fn an_action_that_is_not_known_is_said_to_be_none() {
    let room = room();
    export(room.path(), &[]);
    let ask = |action: &str| {
        let output = run(room.path(), &["can", ACCOUNT, action, "--input", "."]);
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        stderr(&output)
    };
    assert!(ask("s3:Foo").contains("not known to have an action `s3:Foo`"));
    assert_eq!(ask("s3:getobject"), "");
}
