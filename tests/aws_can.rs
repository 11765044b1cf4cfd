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
use tenure::model::{
    ControlTarget, Decision, Effect, Evidence, IamRule, Identity, IdentityId, IdentityKind,
    Inventory, Matcher, OrgNode, OrgNodeKind, Origin, Platform, Policy, PolicyKind,
    ResourceStatement, Rule, RuleBody, TrustPrincipal,
};
use tenure::scan::can::{Estate, Inquiry, Terms, decide, who_can};

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

fn evidence() -> Evidence {
    Evidence {
        origin: Origin::file("export.json"),
        line: None,
        column: None,
        pointer: None,
        reader: "aws-authorization-details",
    }
}

fn rule(allow: bool, action: &str) -> Rule {
    Rule {
        effect: if allow { Effect::Allow } else { Effect::Deny },
        body: RuleBody::Iam(IamRule {
            actions: Matcher::In(vec![action.into()]),
            resources: Matcher::In(vec!["*".into()]),
            condition: None,
            version: Some("2012-10-17".into()),
        }),
        label: "Statement[0]".into(),
        evidence: evidence(),
    }
}

/// An organisation: root, a unit with two accounts, and the management account; a queue in the second account.
fn organisation() -> Inventory {
    let mut inventory = Inventory::default();
    let mut node = |id: &str, kind, parent: Option<&str>, management| {
        inventory.org_nodes.insert(OrgNode {
            id: id.into(),
            kind,
            name: None,
            parent: parent.map(Into::into),
            organization: Some("o-acme".into()),
            management: Some(management),
            status: None,
            evidence: evidence(),
        });
    };
    node("r-1", OrgNodeKind::Root, None, false);
    node("ou-1", OrgNodeKind::Unit, Some("r-1"), false);
    node("111122223333", OrgNodeKind::Account, Some("ou-1"), false);
    node("444455556666", OrgNodeKind::Account, Some("ou-1"), false);
    node("999988887777", OrgNodeKind::Account, Some("r-1"), true);
    let mut attach = |policy: &str, kind, rules: Vec<Rule>, target: &str| {
        let mut held = Policy::new(policy.into(), Platform::Aws, kind, policy);
        held.rules = rules.into_iter().collect();
        inventory.policies.insert(policy.into(), held);
        inventory.control_targets.insert(ControlTarget {
            policy: policy.into(),
            target: target.into(),
            evidence: evidence(),
        });
    };
    let scp = PolicyKind::ServiceControl;
    attach("no-sqs", scp, vec![rule(false, "sqs:DeleteQueue")], "ou-1");
    let rcp = PolicyKind::ResourceControl;
    attach(
        "no-purge",
        rcp,
        vec![rule(false, "sqs:PurgeQueue")],
        "444455556666",
    );
    for account in ["111122223333", "444455556666", "999988887777"] {
        let id = format!("arn:aws:iam::{account}:user/ann");
        let mut ann = Identity::new(
            IdentityId::from(id.as_str()),
            Platform::Aws,
            IdentityKind::AwsUser,
            "ann",
        );
        ann.account = Some(account.into());
        ann.evidence.insert(evidence());
        inventory.add_identity(ann);
        let policy = format!("{id}#inline/own");
        let mut held = Policy::new(
            policy.as_str().into(),
            Platform::Aws,
            PolicyKind::IamInline,
            "own",
        );
        held.rules.insert(rule(true, "sqs:*"));
        inventory.policies.insert(policy.as_str().into(), held);
        inventory.entitlements.insert(tenure::model::Entitlement {
            principal: IdentityId::from(id.as_str()),
            policy: policy.as_str().into(),
            scope: tenure::model::Scope::Account(account.into()),
            role: tenure::model::EntitlementRole::Grant,
            via: "inline".into(),
            evidence: evidence(),
        });
    }
    inventory.resource_statements.insert(ResourceStatement {
        resource: "arn:aws:sqs:eu-west-1:444455556666:jobs".into(),
        account: Some("444455556666".into()),
        effect: Effect::Allow,
        principals: vec![TrustPrincipal::Anyone],
        others: false,
        actions: Matcher::In(vec!["sqs:*".into()]),
        resources: Matcher::In(vec!["*".into()]),
        condition: Some(r#"{"StringEquals":{"aws:PrincipalOrgID":"o-acme"}}"#.into()),
        version: Some("2012-10-17".into()),
        label: "Members".into(),
        evidence: evidence(),
    });
    inventory
}

#[test]
fn organisations_cap_and_resources_let_in() {
    let inventory = organisation();
    let estate = Estate::new(&inventory);
    let ann = |account: &str| format!("arn:aws:iam::{account}:user/ann");
    let queue = "arn:aws:sqs:eu-west-1:444455556666:jobs";
    for (who, action, resource, expected) in [
        // Members of the organisation are let in, strangers are not.
        (ann("111122223333"), "sqs:SendMessage", queue, "allowed"),
        (ann("999988887777"), "sqs:SendMessage", queue, "allowed"),
        (ann("222222222222"), "sqs:SendMessage", queue, "unresolved"),
        // The unit's policy denies; the management account is not capped.
        (
            ann("111122223333"),
            "sqs:DeleteQueue",
            queue,
            "explicitly-denied",
        ),
        (ann("999988887777"), "sqs:DeleteQueue", queue, "allowed"),
        // The resource's account denies whoever comes.
        (
            ann("999988887777"),
            "sqs:PurgeQueue",
            queue,
            "explicitly-denied",
        ),
        // A resource of another account whose policy was not read.
        (
            ann("111122223333"),
            "sqs:SendMessage",
            "arn:aws:sqs:eu-west-1:444455556666:other",
            "unresolved",
        ),
        (
            ann("444455556666"),
            "sqs:SendMessage",
            "arn:aws:sqs:eu-west-1:444455556666:other",
            "allowed",
        ),
    ] {
        let terms = Terms::default();
        let inquiry = Inquiry::new(Some(&who), action, Some(resource), terms).unwrap();
        let decision = decide(&inquiry, Some(&estate)).unwrap();
        let told = format!("{who} {action}: {}", decision.explanation);
        assert_eq!(decision.outcome.as_str(), expected, "{told}");
    }
    let inquiry = Inquiry::new(None, "sqs:DeleteQueue", Some(queue), Terms::default()).unwrap();
    let (verdicts, others) = who_can(&inquiry, &estate);
    assert_eq!((verdicts.len(), others), (1, 2));
    assert_eq!(*verdicts[0].principal, *ann("999988887777"));
}

#[test]
fn requests_cannot_be_made_to_take_forever() {
    let policy = |length| {
        let long = "a*".repeat(length);
        json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": long}})
    };
    let read = |request: &Value| Inquiry::read(request, Terms::default(), &|_| Vec::new());
    let short = json!({"action": "s3:GetObject", "resource": "a".repeat(4000), "context": {},
        "identity_policies": [policy(100_000)]});
    decide(&read(&short).unwrap(), None).unwrap();
    let large = json!({"action": "s3:GetObject", "identity_policies": [policy(1_000_000)]});
    assert!(read(&large).is_err());
    let endless = json!({"action": "s3:GetObject", "resource": "a".repeat(5000)});
    assert!(read(&endless).is_err());
    let many = json!({"action": "s3:GetObject", "context": {"k": vec!["v"; 1001]}});
    assert!(read(&many).is_err());
}
