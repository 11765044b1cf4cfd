//! Who an AWS identity is: person or machine with the reason, what acts through it, and whether it is AWS's own.
//! `fixtures/aws-identity/<case>` holds exports and what is expected of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod support;

use serde_json::{Value, json};
use std::path::Path;
use support::{fixture, put, room, run, stdout};

/// Scans a folder and gives the snapshot.
fn scan(folder: &Path) -> Value {
    let output = run(folder, &["scan", ".", "--format", "json"]);
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn identity<'a>(snapshot: &'a Value, name: &str) -> &'a Value {
    let all = snapshot["identities"].as_array().unwrap();
    let found = all
        .iter()
        .find(|i| i["id"].as_str().unwrap().ends_with(name));
    found.unwrap_or_else(|| panic!("no identity {name}"))
}

/// One line of `expected.txt`: `<end of the id>: <humanity> | <part of the reason> | <serves, by space> | <provider's>`.
fn holds(line: &str, snapshot: &Value) -> Result<(), String> {
    let (name, rest) = line.split_once(": ").ok_or("no answer")?;
    let found = identity(snapshot, name);
    let mut parts = rest.split('|').map(str::trim);
    let mut part = || parts.next().unwrap_or_default();
    let serves: Vec<_> = found["serves"].as_array().into_iter().flatten().collect();
    let serves: Vec<_> = serves.into_iter().filter_map(Value::as_str).collect();
    let humanity = found["humanity"].as_str().unwrap_or_default();
    let reason = found["humanity_reason"].as_str().unwrap_or_default();
    let managed = found["provider_managed"].as_str().unwrap_or_default();
    let said = format!("{humanity} | {reason} | {} | {managed}", serves.join(" "));
    let good = part() == humanity
        && {
            let expected = part();
            reason.contains(expected) && expected.is_empty() == reason.is_empty()
        }
        && part() == serves.join(" ")
        && part() == managed;
    if good { Ok(()) } else { Err(said) }
}

#[test]
fn natures_and_workloads() {
    let mut failures = String::new();
    let mut cases: Vec<_> = std::fs::read_dir(fixture("aws-identity"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 2);
    for case in cases {
        let snapshot = scan(&case);
        let expected = std::fs::read_to_string(case.join("expected.txt")).unwrap();
        for line in expected.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Err(found) = holds(line, &snapshot) {
                let case = case.file_name().unwrap().to_string_lossy();
                failures.push_str(&format!("{case}: {line}\n    {found}\n"));
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

fn role(arn: &str, service: &str) -> Value {
    let name = arn.rsplit('/').next().unwrap();
    json!({"RoleName": name, "Arn": arn, "Path": "/", "RoleId": format!("AROA{name}"),
        "CreateDate": "2020-01-01T00:00:00Z",
        "AttachedManagedPolicies": [{"PolicyName": "a", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}],
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}})
}

/// What AWS made for itself is set aside: counted, and no finding of it is shown by default.
#[test]
fn what_is_aws_own_raises_no_findings_by_default() {
    let linked =
        "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
    let own = "arn:aws:iam::111122223333:role/service-role/mine";
    // A path that only looks like it.
    let forged = "arn:aws:iam::111122223333:role/x/aws-service-role/forged";
    let roles = json!([
        role(linked, "ecs.amazonaws.com"),
        role(own, "lambda.amazonaws.com"),
        role(forged, "lambda.amazonaws.com"),
    ]);
    let room = room();
    let document = json!({"UserDetailList": [], "RoleDetailList": roles, "GroupDetailList": [], "Policies": []});
    put(room.path(), "details.json", document.to_string());
    let text = |extra: &[&str]| {
        let arguments = ["scan", ".", "--format", "terminal"];
        stdout(&run(room.path(), &[&arguments[..], extra].concat()))
    };
    let few = text(&[]);
    assert!(!few.contains("AWSServiceRoleForECS"), "{few}");
    assert!(few.contains("mine") && few.contains("forged"), "{few}");
    let all = text(&["--include-provider-managed"]);
    assert!(all.contains("AWSServiceRoleForECS"), "{all}");
}

/// The same exports under other names give the same answers, where the exports say something.
#[test]
fn names_do_not_decide_where_exports_do() {
    let report = |name: &str, password: bool, key: bool| {
        format!(
            "{name},arn:aws:iam::111122223333:user/{name},2022-01-02T03:04:05+00:00,{password},N/A,N/A,N/A,{password},\
             {key},2022-01-02T03:05:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n"
        )
    };
    let header = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
        password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,\
        access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
        access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
        access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,\
        cert_2_active,cert_2_last_rotated\n";
    let mut answers = Vec::new();
    for names in [
        ["ci-bot", "anna"],
        ["anna", "ci-bot"],
        ["a@example.com", "svc-x"],
    ] {
        let text =
            header.to_owned() + &report(names[0], true, false) + &report(names[1], false, true);
        let room = room();
        put(room.path(), "report.csv", text);
        let snapshot = scan(room.path());
        let answer = names.map(|n| identity(&snapshot, &format!("/{n}"))["humanity"].clone());
        answers.push(answer);
    }
    assert_eq!(answers[0], [json!("human"), json!("non-human")]);
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
}
