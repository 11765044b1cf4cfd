//! Requests: every case of `fixtures/aws-can`, written from AWS's documentation; the evaluator against a
//! naive one; the command.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod requests;
mod support;

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fs;
use support::{fixture, put, room, run, status, stdout, tenure};
use tenure::model::Decision;
use tenure::scan::can::{Inquiry, Terms, decide};

/// Replaces `$name` by what the file says it is.
fn filled(value: &Value, names: &Map<String, Value>) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('$').and_then(|name| names.get(name)) {
            Some(value) => filled(value, names),
            None => value.clone(),
        },
        Value::Array(items) => items.iter().map(|item| filled(item, names)).collect(),
        Value::Object(map) => {
            let members = map.iter().map(|(k, v)| (k.clone(), filled(v, names)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// File and name of a case, the request and the decision that is expected.
fn cases() -> Vec<(String, Value, String)> {
    let mut all = Vec::new();
    let mut files: Vec<_> = fs::read_dir(fixture("aws-can"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let file: Value = serde_yaml::from_str(&text).unwrap();
        let none = Map::new();
        let names = file["let"].as_object().unwrap_or(&none);
        let named = |name: &Value| {
            let file = path.file_stem().unwrap().to_string_lossy();
            format!("{file}: {}", name.as_str().unwrap())
        };
        let whole = |request: &Value| {
            let mut all = file["every"].as_object().cloned().unwrap_or_default();
            for (key, value) in request.as_object().unwrap() {
                all.insert(key.clone(), value.clone());
            }
            all.retain(|_, value| !value.is_null());
            filled(&Value::Object(all), names)
        };
        for case in file["cases"].as_array().unwrap() {
            let expected = case[1].as_str().unwrap().to_owned();
            all.push((named(&case[0]), whole(&case[2]), expected));
        }
        for case in file["conditions"].as_array().into_iter().flatten() {
            let policy = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
                "Action": "*", "Resource": "*", "Condition": case[1]}});
            let request = json!({"context": case[2], "identity_policies": [policy]});
            let expected = case[3].as_str().unwrap().to_owned();
            all.push((named(&case[0]), whole(&request), expected));
        }
    }
    all
}

fn answer(request: &Value) -> Decision {
    let inquiry = Inquiry::read(request, Terms::default(), &|_| Vec::new())
        .unwrap_or_else(|e| panic!("{e}: {request}"));
    decide(&inquiry, None).unwrap()
}

#[test]
fn every_case_is_decided_as_documented() {
    let mut failures = String::new();
    let cases = cases();
    assert!(cases.len() > 150, "{}", cases.len());
    for (name, request, expected) in cases {
        let decision = answer(&request);
        let list = |field: &str| -> BTreeSet<String> {
            let items = request[field].as_array().into_iter().flatten();
            items.map(|v| v.as_str().unwrap().to_owned()).collect()
        };
        let given = |names: &BTreeSet<tenure::model::Str>| -> BTreeSet<String> {
            names.iter().map(ToString::to_string).collect()
        };
        let outcome = decision.outcome.as_str();
        if outcome != expected {
            failures += &format!(
                "{name}: {outcome}, not {expected}: {}\n",
                decision.explanation
            );
        } else if given(&decision.missing) != list("missing") {
            failures += &format!("{name}: missing {:?}\n", decision.missing);
        } else if given(&decision.conditions) != list("conditions") {
            failures += &format!("{name}: depends on {:?}\n", decision.conditions);
        }
        let decides = !matches!(outcome, "implicitly-denied" | "unresolved");
        let root = request["principal"]
            .as_str()
            .is_some_and(|p| p.ends_with(":root"));
        if decides && decision.deciding.is_empty() && !root {
            failures += &format!("{name}: no statement decides\n");
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn the_command_answers_line_by_line() {
    let room = room();
    let cases = cases();
    let mut lines = String::new();
    for (number, (_, request, _)) in cases.iter().enumerate() {
        let mut request = request.clone();
        request["id"] = json!(number);
        lines += &format!("{request}\n");
        if number == 2 {
            lines += "\nnot JSON\n{\"id\": \"x\", \"principal\": \"nobody\", \"action\": \"s3:GetObject\"}\n{\"action\": 7}\n[]\n";
        }
    }
    put(room.path(), "requests.jsonl", &lines);
    let output = run(room.path(), &["can", "--requests", "requests.jsonl"]);
    assert_eq!(status(&output), 3);
    let text = stdout(&output);
    let answers: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(answers.len(), cases.len() + 4);
    let (errors, answers): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|a| a.get("error").is_some());
    let lines: Vec<_> = errors.iter().map(|e| e["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [5, 6, 7, 8]);
    assert_eq!(errors[1]["id"], "x");
    for (number, (answer, (name, _, expected))) in answers.iter().zip(&cases).enumerate() {
        assert_eq!(answer["id"], json!(number), "{name}");
        assert_eq!(answer["decision"], json!(expected), "{name}");
        let allowed = match expected.as_str() {
            "allowed" => json!(true),
            "implicitly-denied" | "explicitly-denied" => json!(false),
            _ => Value::Null,
        };
        assert_eq!(answer["allowed"], allowed, "{name}");
    }
    // The same through standard input, and on one thread.
    let piped = tenure(room.path())
        .args(["can", "--requests", "-", "-j", "1"])
        .write_stdin(fs::read(room.path().join("requests.jsonl")).unwrap())
        .output()
        .unwrap();
    assert_eq!(stdout(&piped), text);
}

/// Enough to meet most pairs of elements, in about a second.
const CASES: u32 = 2000;

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn two_implementations_agree(request in requests::request()) {
        let decision = answer(&request);
        let expected = requests::decide(&request);
        proptest::prop_assert_eq!(
            decision.outcome.as_str(), expected, "{}\n{}", decision.explanation, request
        );
    }
}

/// The command on the exports of `fixtures/aws-can-estate`.
fn asked(arguments: &[&str]) -> (i32, String) {
    let estate = fixture("");
    let mut all = vec!["can", "--input", "aws-can-estate", "--now", support::NOW];
    all.extend(arguments);
    let output = tenure(&estate)
        .args(&all)
        .env("COLUMNS", "80")
        .output()
        .unwrap();
    (status(&output), stdout(&output))
}

const OBJECT: &str = "arn:aws:s3:::shop/a";

#[test]
fn exports_answer() {
    for (principal, action, resource, expected) in [
        ("ann", "s3:GetObject", OBJECT, "allowed"),
        ("ann", "s3:PutObject", OBJECT, "implicitly-denied"),
        ("AIDAANN000", "s3:GetObject", OBJECT, "allowed"),
        (
            "arn:aws:iam::111122223333:user/ann",
            "S3:getobject",
            OBJECT,
            "allowed",
        ),
        ("capped", "s3:GetObject", OBJECT, "implicitly-denied"),
        ("team", "s3:GetObject", OBJECT, "allowed"),
        ("other-team", "s3:GetObject", OBJECT, "implicitly-denied"),
        ("office", "s3:GetObject", OBJECT, "conditional"),
        ("unread", "s3:GetObject", OBJECT, "unresolved"),
        ("expired", "s3:GetObject", OBJECT, "implicitly-denied"),
        (
            "arn:aws:sts::111122223333:assumed-role/reader/x",
            "s3:GetObject",
            OBJECT,
            "allowed",
        ),
        (
            "arn:aws:iam::999988887777:user/who",
            "s3:GetObject",
            OBJECT,
            "unresolved",
        ),
        ("111122223333", "s3:GetObject", OBJECT, "allowed"),
        (
            "bob",
            "sts:AssumeRole",
            "arn:aws:iam::111122223333:role/reader",
            "allowed",
        ),
        (
            "bob",
            "sts:AssumeRole",
            "arn:aws:iam::111122223333:role/app",
            "implicitly-denied",
        ),
        (
            "eve",
            "sts:AssumeRole",
            "arn:aws:iam::111122223333:role/reader",
            "implicitly-denied",
        ),
        (
            "eve",
            "sts:AssumeRole",
            "arn:aws:iam::999988887777:role/there",
            "unresolved",
        ),
        (
            "lambda.amazonaws.com",
            "sts:AssumeRole",
            "arn:aws:iam::111122223333:role/app",
            "allowed",
        ),
    ] {
        let (code, text) = asked(&[principal, action, resource, "--format", "json"]);
        assert_eq!(code, 0);
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            answer["decision"], expected,
            "{principal} {action} {resource}: {text}"
        );
    }
    let ip = |ip: &str| {
        let context = format!("aws:SourceIp={ip}");
        let (code, text) = asked(&[
            "office",
            "s3:GetObject",
            OBJECT,
            "--context",
            &context,
            "--check",
        ]);
        (code, text.lines().next().unwrap().to_owned())
    };
    assert_eq!(ip("203.0.113.9"), (0, "allowed".to_owned()));
    assert_eq!(ip("192.0.2.9"), (1, "denied: nothing allows it".to_owned()));
    let (code, _) = asked(&[
        "office",
        "s3:GetObject",
        OBJECT,
        "--complete-context",
        "--check",
    ]);
    assert_eq!(code, 1);
    for wrong in [
        &["ann"][..],
        &["ann", "GetObject"],
        &["no one", "s3:GetObject"],
        &[],
    ] {
        assert_eq!(asked(wrong).0, 2, "{wrong:?}");
    }
}

#[test]
fn answers_look_like_this() {
    let shown = |arguments: &[&str]| asked(arguments).1;
    insta::assert_snapshot!("can", shown(&["ann", "s3:GetObject", OBJECT]));
    insta::assert_snapshot!(
        "can_conditional",
        shown(&["office", "s3:GetObject", OBJECT])
    );
    insta::assert_snapshot!(
        "can_json",
        shown(&["capped", "s3:GetObject", OBJECT, "-f", "json"])
    );
    insta::assert_snapshot!("who_can", shown(&["--who-can", "s3:GetObject", OBJECT]));
    let json = shown(&["--who-can", "s3:GetObject", OBJECT, "-f", "json"]);
    let all: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        all["through_roles"][0]["through"][0],
        "arn:aws:iam::111122223333:role/reader"
    );
    for text in [
        shown(&["ann", "s3:GetObject", OBJECT]),
        shown(&["--who-can", "s3:GetObject", OBJECT]),
    ] {
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
    }
}
