//! What the tables of AWS's actions and managed policies decide, from export to verdict.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod support;

use serde_json::{Value, json};
use support::{put, room, run, status, stdout};
use tenure::platform::aws::{actions, managed, tables};

const ACCOUNT: &str = "111122223333";

/// A user with one inline statement, attached policies and perhaps a boundary.
fn user(name: &str, statement: &Value, attached: &[&str], boundary: Option<&str>) -> Value {
    let mut user = json!({"UserName": name, "Arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"), "Path": "/",
        "UserId": format!("AIDA{name}"), "CreateDate": "2024-01-01T00:00:00Z",
        "AttachedManagedPolicies": attached.iter().map(|arn| json!({"PolicyName": "x", "PolicyArn": arn})).collect::<Vec<_>>()});
    if !statement.is_null() {
        user["UserPolicyList"] = json!([{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": statement}}]);
    }
    if let Some(arn) = boundary {
        user["PermissionsBoundary"] =
            json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn});
    }
    user
}

fn allow(actions: Value, resources: Value) -> Value {
    json!([{"Effect": "Allow", "Action": actions, "Resource": resources}])
}

/// The snapshot of a scan of these users and policies.
fn scan(users: &[Value], policies: &Value) -> Value {
    let room = room();
    let details = json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [], "Policies": policies});
    put(room.path(), "details.json", details.to_string());
    let output = run(room.path(), &["scan", ".", "--format", "json"]);
    assert_eq!(status(&output), 0);
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn privilege<'a>(snapshot: &'a Value, name: &str) -> &'a Value {
    let all = snapshot["identities"].as_array().unwrap();
    let found = all.iter().find(|i| i["name"] == name);
    &found.unwrap_or_else(|| panic!("no {name}"))["privilege"]
}

fn capabilities(privilege: &Value) -> Vec<&str> {
    let all = privilege["capabilities"].as_array().unwrap().iter();
    all.map(|c| c["capability"].as_str().or(c["name"].as_str()).unwrap())
        .collect()
}

/// A statement whose resources are none that its actions work on gives nothing.
#[test]
fn what_an_action_cannot_work_on_gives_nothing() {
    let one = |text: &str| json!(text);
    let cases = [
        // name, action, resource, tier
        (
            "wrong-service",
            "iam:PutUserPolicy",
            "arn:aws:s3:::bucket",
            "none",
        ),
        (
            "wrong-kind",
            "iam:PutUserPolicy",
            "arn:aws:iam::111122223333:role/x",
            "none",
        ),
        (
            "wrong-kind-anywhere",
            "iam:PutUserPolicy",
            "arn:aws:iam::*:role/*",
            "none",
        ),
        (
            "right-kind",
            "iam:PutUserPolicy",
            "arn:aws:iam::*:user/*",
            "escalate",
        ),
        (
            "no-resource",
            "ec2:DescribeInstances",
            "arn:aws:ec2:*:*:instance/*",
            "none",
        ),
        ("no-resource-star", "ec2:DescribeInstances", "*", "read"),
        (
            "bucket-not-object",
            "s3:PutObject",
            "arn:aws:s3:::bucket",
            "none",
        ),
        ("object", "s3:PutObject", "arn:aws:s3:::bucket/*", "write"),
        (
            "all-on-a-user",
            "*",
            "arn:aws:iam::111122223333:user/nobody",
            "escalate",
        ),
        ("all-on-an-object", "*", "arn:aws:s3:::bucket/key", "write"),
        (
            "newer-than-the-table",
            "quantumledger:MakeThing",
            "arn:aws:quantumledger:::x",
            "write",
        ),
        ("withdrawn", "codestar:CreateProject", "*", "none"),
    ];
    let users: Vec<_> = cases
        .iter()
        .map(|(name, action, resource, _)| {
            user(name, &allow(one(action), one(resource)), &[], None)
        })
        .collect();
    let mut others = users.clone();
    others.push(user("nobody", &Value::Null, &[], None));
    let snapshot = scan(&others, &json!([]));
    for (name, action, resource, tier) in cases {
        let found = privilege(&snapshot, name);
        assert_eq!(
            found["tier"], tier,
            "{name}: {action} on {resource}: {found}"
        );
    }
}

#[test]
fn access_levels_are_those_of_the_reference() {
    let cases = [
        (
            "read",
            json!([
                "s3:GetObject",
                "ec2:Describe*",
                "logs:FilterLogEvents",
                "kms:Decrypt"
            ]),
            "read",
        ),
        (
            "reads-by-wildcard",
            json!(["glue:Get*", "redshift:Describe*"]),
            "read",
        ),
        (
            "named-like-a-read",
            json!("lambda:CheckpointDurableExecution"),
            "write",
        ),
        ("shows-a-policy", json!("fsx:GetResourcePolicy"), "read"),
        ("tags", json!("ec2:CreateTags"), "write"),
    ];
    let users: Vec<_> = cases
        .iter()
        .map(|(name, actions, _)| user(name, &allow(actions.clone(), json!("*")), &[], None))
        .collect();
    let snapshot = scan(&users, &json!([]));
    for (name, _, tier) in cases {
        assert_eq!(privilege(&snapshot, name)["tier"], tier, "{name}");
    }
}

/// Policies that AWS manages are known without the export's help; what the export says goes before that.
#[test]
fn managed_policies_are_known_and_exports_go_first() {
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    let reads = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let users = [
        user("admin", &Value::Null, &[admin], None),
        user(
            "china",
            &Value::Null,
            &["arn:aws-cn:iam::aws:policy/AdministratorAccess"],
            None,
        ),
        user("reader", &Value::Null, &[reads], None),
        user("bounded", &Value::Null, &[admin], Some(reads)),
        user(
            "unknown",
            &Value::Null,
            &[],
            Some("arn:aws:iam::aws:policy/NotYetPublished"),
        ),
    ];
    let snapshot = scan(&users, &json!([]));
    for (name, tier, certainty) in [
        ("admin", "admin", "certain"),
        ("china", "admin", "certain"),
        ("reader", "read", "certain"),
        ("bounded", "read", "certain"),
        ("unknown", "unknown", "unresolved"),
    ] {
        let found = privilege(&snapshot, name);
        assert_eq!(
            (&found["tier"], &found["certainty"]),
            (&json!(tier), &json!(certainty)),
            "{name}: {found}"
        );
    }
    let proof = privilege(&snapshot, "admin")["proof"].to_string();
    assert!(
        proof.contains("AdministratorAccess v1 (AWS-managed, as of 2015-02-06)"),
        "{proof}"
    );
    let policies = json!([{"PolicyName": "AdministratorAccess", "Arn": admin, "DefaultVersionId": "v9",
        "PolicyVersionList": [{"VersionId": "v9", "IsDefaultVersion": true, "Document":
            {"Version": "2012-10-17", "Statement": allow(json!("s3:GetObject"), json!("*"))}}]}]);
    let snapshot = scan(&users, &policies);
    assert_eq!(privilege(&snapshot, "admin")["tier"], "read");
}

/// A managed policy's variables are filled in as a customer's are.
#[test]
fn managed_policies_may_hold_variables() {
    let own = "arn:aws:iam::aws:policy/IAMSelfManageServiceSpecificCredentials";
    let users = [
        user("ann", &Value::Null, &[own], None),
        user("other", &Value::Null, &[], None),
    ];
    let snapshot = scan(&users, &json!([]));
    let found = privilege(&snapshot, "ann");
    assert!(
        !capabilities(found).contains(&"issue-credentials"),
        "{found}"
    );
    assert!(found["tier"] != "issue", "{found}");
}

/// Of what a principal can do it is said on how much.
#[test]
fn capabilities_have_a_breadth() {
    let cases = [
        ("all", json!("*"), "all"),
        ("kind", json!("arn:aws:s3:::*"), "all"),
        ("prefix", json!("arn:aws:s3:::bucket/in/*"), "prefix"),
        ("single", json!("arn:aws:s3:::bucket/key"), "single"),
        (
            "widest",
            json!(["arn:aws:s3:::bucket/key", "arn:aws:s3:::bucket/*", "*"]),
            "all",
        ),
    ];
    let users: Vec<_> = cases
        .iter()
        .map(|(name, on, _)| user(name, &allow(json!("s3:PutObject"), on.clone()), &[], None))
        .collect();
    let snapshot = scan(&users, &json!([]));
    for (name, _, breadth) in cases {
        let found = privilege(&snapshot, name);
        let all = found["capabilities"].as_array().unwrap();
        let write = all.iter().find(|c| c["name"] == "write-data").unwrap();
        assert_eq!(write["proof"]["breadth"], breadth, "{name}: {found}");
    }
}

#[test]
fn what_ships_is_whole() {
    assert_eq!(tables::faults().collect::<Vec<_>>(), [""; 0]);
    assert!(managed::arns().count() > 1_500);
    // Nearly all that AWS's own policies name is in the table of actions.
    let mut unknown = std::collections::BTreeSet::new();
    let mut named = std::collections::BTreeSet::new();
    for arn in managed::arns() {
        let policy = managed::policy(&arn).unwrap();
        for statement in policy.document.statements {
            named.extend(statement.actions.patterns);
        }
    }
    for action in named.iter().filter(|a| !a.contains(['*', '?'])) {
        if matches!(actions::known(action), actions::Known::Unknown) {
            unknown.insert(action);
        }
    }
    assert!(named.len() > 10_000);
    assert!(unknown.len() < 100, "{unknown:?}");
}
