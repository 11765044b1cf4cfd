//! A ServiceAccount and the IAM role that its annotation names: what it gets depends on the role's trust.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod support;

use serde_json::{Value, json};
use support::{put, room, run, stdout};

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE";

/// The ServiceAccount `app/api` of a scan in which the role it names has this trust policy.
fn scanned(trust: &Value) -> (Value, Vec<String>) {
    let room = room();
    let role = json!({"RoleDetailList": [{
        "Path": "/", "RoleName": "api", "RoleId": "AROAEXAMPLEAPI000001",
        "Arn": "arn:aws:iam::111122223333:role/api", "CreateDate": "2025-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": trust},
        "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}],
        "AttachedManagedPolicies": [], "InstanceProfileList": [], "Tags": []}],
        "UserDetailList": [], "GroupDetailList": [], "Policies": [], "IsTruncated": false});
    put(room.path(), "details.json", role.to_string());
    put(
        room.path(),
        "account.yaml",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: api\n  namespace: app\n  \
         annotations:\n    eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/api\n",
    );
    let output = run(room.path(), &["scan", ".", "--format", "json"]);
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let of = |v: &&Value| v["id"] == "k8s:cluster/app/api";
    let identities = report["identities"].as_array().unwrap();
    let identity = identities.iter().find(of).unwrap().clone();
    let findings = report["findings"].as_array().unwrap().iter();
    let findings = findings.filter(|f| f["subject"]["id"] == identity["id"]);
    let checks = findings.map(|f| f["check"].as_str().unwrap().to_owned());
    let checks = checks.collect();
    (identity, checks)
}

fn statement(effect: &str, condition: Value) -> Value {
    let mut statement = json!({"Effect": effect, "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}")}});
    if !condition.is_null() {
        statement["Condition"] = condition;
    }
    statement
}

fn claim(operator: &str, name: &str, value: &str) -> Value {
    json!({operator: {format!("{ISSUER}:{name}"): value}})
}

#[test]
fn a_trust_policy_decides_whether_the_annotation_works() {
    let sub = |operator, value| json!([statement("Allow", claim(operator, "sub", value))]);
    let me = "system:serviceaccount:app:api";
    let open = [
        sub("StringEquals", me),
        sub("StringLike", "system:serviceaccount:app:*"),
        sub("StringLike", "system:serviceaccount:*:api"),
        json!([statement("Allow", Value::Null)]),
        json!([statement(
            "Allow",
            claim("StringEquals", "aud", "sts.amazonaws.com")
        )]),
        json!([
            statement("Allow", Value::Null),
            statement(
                "Deny",
                claim("StringEquals", "sub", "system:serviceaccount:app:other")
            )
        ]),
    ];
    for trust in open {
        let (identity, checks) = scanned(&trust);
        let privilege = &identity["privilege"];
        assert_eq!(privilege["tier"], "admin", "{trust}");
        assert_eq!(privilege["certainty"], "certain", "{trust}");
        let proof = privilege["proof"].to_string();
        assert!(proof.contains("by its annotation") && proof.contains("trust policy"));
        assert!(!checks.contains(&"workload-identity-unresolved".to_owned()));
    }
    let depends = [
        json!([statement(
            "Allow",
            json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})
        )]),
        json!([statement("Allow", claim("StringEquals", "aud", "another"))]),
    ];
    for trust in depends {
        let (identity, _) = scanned(&trust);
        assert_eq!(identity["privilege"]["tier"], "admin", "{trust}");
        assert_eq!(identity["privilege"]["certainty"], "conditional", "{trust}");
    }
    let service = json!([{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "ec2.amazonaws.com"}}]);
    let shut = [
        sub("StringEquals", "system:serviceaccount:app:other"),
        sub("StringEquals", "system:serviceaccount:prod:api"),
        // Only StringLike knows wildcards.
        sub("StringEquals", "system:serviceaccount:app:*"),
        json!([
            statement("Allow", Value::Null),
            statement("Deny", claim("StringEquals", "sub", me))
        ]),
        service,
    ];
    for trust in shut {
        let (identity, checks) = scanned(&trust);
        assert_eq!(identity["privilege"]["tier"], "none", "{trust}");
        assert!(
            checks.contains(&"workload-identity-unresolved".to_owned()),
            "{trust}"
        );
    }
}
