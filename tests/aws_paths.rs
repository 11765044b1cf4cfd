//! Escalation paths: for every row of `rules/aws/escalation.yaml` an account in which it works and one in
//! which it does not (`fixtures/aws/paths`), and accounts in which the way is closed, made from each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should stop"
)]

#[path = "aws_paths/account.rs"]
mod account;
#[path = "aws_paths/twins.rs"]
mod twins;

use account::Account;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tenure::model::{Certainty, Goal, Tier};
use tenure::platform::aws::tables::ESCALATIONS;

/// The pairs, by the row's id.
fn pairs() -> Vec<(String, Account, Account)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/aws/paths");
    let rows = ESCALATIONS.iter().map(|row| {
        let file = folder.join(format!("{}.yaml", row.id));
        let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", row.id));
        let pair: Value = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", row.id));
        let one = |name: &str| Account::new(pair[name].clone());
        (row.id.clone(), one("hit"), one("miss"))
    });
    rows.collect()
}

#[test]
fn every_row_has_a_pair_and_tells_its_two_sides_apart() {
    let mut failures = Vec::new();
    for (id, hit, miss) in pairs() {
        let found = hit.judge();
        if !found.names(&id) {
            failures.push(format!("{id}: not found: {found}"));
        }
        // What AWS itself wrote stands in no export.
        let path = found.paths.iter().find(|p| p.goal == Goal::Admin);
        let read = |h: &tenure::model::Hop| {
            h.evidence.is_some() || h.what.contains("policy AdministratorAccess")
        };
        if !path.is_some_and(|p| !p.hops.is_empty() && p.hops.iter().all(read)) {
            failures.push(format!("{id}: not proven: {found}"));
        }
        let missed = miss.judge();
        if missed.flagged() {
            failures.push(format!("{id}: alarm on the near miss: {missed}"));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert!(ESCALATIONS.len() >= 115, "{}", ESCALATIONS.len());
}

#[test]
fn what_exists_unseen_is_conditional_and_named() {
    for (id, hit, _) in pairs() {
        let row = ESCALATIONS.iter().find(|row| row.id == id).unwrap();
        let verdict = hit.judge();
        let path = verdict.paths.iter().find(|p| *p.rule == *id);
        let Some(path) = path else { continue };
        let unseen = row.existing.is_some() || row.needs.is_some() || row.retired.is_some();
        let sso = id.starts_with("x-35") || id.starts_with("x-36") || id.starts_with("x-37");
        let sso = sso || id == "own-29";
        assert_eq!(unseen || sso, !path.missing.is_empty(), "{id}: {verdict}");
        assert_eq!(
            path.certainty,
            if unseen || sso {
                Certainty::Conditional
            } else {
                Certainty::Certain
            },
            "{id}: {verdict}"
        );
    }
}

#[test]
fn closed_twins_raise_no_alarm() {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    let mut failures = Vec::new();
    let controls = twins::controls_count();
    for (id, hit, _) in pairs() {
        for (how, twin) in twins::closed(&id, &hit, controls) {
            *counts.entry(how).or_default() += 1;
            let verdict = twin.judge();
            if verdict.flagged() {
                failures.push(format!("{id} closed by {how}: {verdict}"));
            }
        }
    }
    let all: usize = counts.values().sum();
    assert!(
        failures.is_empty(),
        "{} of {all}\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(all > 1_000, "{all}");
}

#[test]
fn names_and_numbers_decide_nothing() {
    for (id, hit, miss) in pairs() {
        for (account, name) in [(&hit, "hit"), (&miss, "miss")] {
            let (plain, other) = (account.judge(), account.renamed().judge());
            assert_eq!(plain.shape(), other.shape(), "{id}, {name}");
        }
    }
}

#[test]
fn chains_are_followed_to_their_end() {
    // Every link from one principal to the next, and every last link to everything.
    let links = [
        "assume", "retrust", "key", "password", "pass", "existing", "group",
    ];
    let mut count = 0;
    for first in links {
        for second in links {
            for third in ["", "assume", "pass", "key"] {
                for fourth in ["", "retrust", "key"] {
                    if third.is_empty() && !fourth.is_empty() {
                        continue;
                    }
                    let chain = [first, second, third, fourth];
                    let chain: Vec<&str> = chain.into_iter().filter(|l| !l.is_empty()).collect();
                    let Some(account) = twins::chain(&chain) else {
                        continue;
                    };
                    let verdict = account.judge();
                    count += 1;
                    assert_eq!(verdict.tier, Tier::Escalate, "{chain:?}: {verdict}");
                    let conditional = chain.contains(&"existing");
                    assert_eq!(
                        verdict.certainty,
                        if conditional {
                            Certainty::Conditional
                        } else {
                            Certainty::Certain
                        },
                        "{chain:?}: {verdict}"
                    );
                    let longest = verdict.paths.iter().map(|p| p.hops.len()).max().unwrap();
                    assert!(longest > chain.len(), "{chain:?}: {verdict}");
                    let broken = twins::chain_without_end(&chain).unwrap();
                    let verdict = broken.judge();
                    assert!(!verdict.flagged(), "{chain:?} without its end: {verdict}");
                }
            }
        }
    }
    assert!(count > 150, "{count}");
}

#[test]
fn data_is_a_goal_of_its_own() {
    let reader = json!({"trusts": ["lambda.amazonaws.com"], "allow": [{"do": ["s3:GetObject"], "on": "arn:aws:s3:::records/*"}]});
    let pass = json!([
        {"do": ["iam:PassRole"], "on": "role/t"},
        {"do": ["lambda:CreateFunction", "lambda:InvokeFunction"]}
    ]);
    let account =
        |user: Value, role: &Value| Account::new(json!({"user/a": user, "role/t": role})).judge();
    let open = account(json!({"allow": pass}), &reader);
    assert!(
        open.names("lambda-001") && open.paths[0].goal == Goal::Data,
        "{open}"
    );
    assert_eq!(open.paths[0].certainty, Certainty::Certain);
    assert!(open.tier < Tier::Escalate, "{open}");
    // What it reads itself is no prize.
    let mut own = pass.as_array().unwrap().clone();
    own.push(json!({"do": ["s3:GetObject"], "on": "arn:aws:s3:::records/*"}));
    assert!(account(json!({ "allow": own }), &reader).paths.is_empty());
    let wider =
        json!([pass[0], pass[1], {"do": ["s3:GetObject"], "on": "arn:aws:s3:::records/open/*"}]);
    assert!(account(json!({ "allow": wider }), &reader).names("lambda-001"));
    // Closed on the reader's own side.
    let mut denied = reader.clone();
    denied["deny"] = json!([{"do": ["s3:*"]}]);
    assert!(account(json!({"allow": pass}), &denied).paths.is_empty());
    // Over a role in between, and over something that exists.
    let two = Account::new(json!({
        "user/a": {"allow": [{"do": ["sts:AssumeRole"], "on": "role/m"}]},
        "role/m": {"trusts": ["account"], "allow": [{"do": ["lambda:UpdateFunctionCode", "lambda:InvokeFunction"]}]},
        "role/t": reader,
    }))
    .judge();
    let path = two.paths.iter().find(|p| p.goal == Goal::Data).unwrap();
    assert_eq!(
        (&*path.rule, path.certainty),
        ("sts-001", Certainty::Conditional),
        "{two}"
    );
    assert!(path.missing.iter().any(|m| m.contains("role/t")), "{two}");
}

#[test]
fn nobody_is_flagged_for_what_alone_does_nothing() {
    let mut failures = Vec::new();
    let all: BTreeSet<&str> = ESCALATIONS
        .iter()
        .flat_map(|row| row.actions.iter().map(String::as_str))
        .collect();
    let alone: BTreeSet<&str> = ESCALATIONS
        .iter()
        .filter(|row| row.actions.len() == 1)
        .map(|row| &*row.actions[0])
        .collect();
    for action in all.difference(&alone) {
        let account = Account::new(json!({
            "user/a": {"allow": [{"do": [action]}]},
            "role/t": {"trusts": ["lambda.amazonaws.com", "ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "glue.amazonaws.com"], "admin": true},
            "user/b": {"admin": true},
        }));
        let verdict = account.judge();
        if verdict.flagged() {
            failures.push(format!("{action}: {verdict}"));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn tiers_of_those_who_are_nearly_admins() {
    let managed = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
    let judge = |user: Value| Account::new(json!({ "user/a": user })).judge();
    let with = |name: &str| judge(json!({"attached": [managed(name)]}));
    assert_eq!(with("AdministratorAccess").tier, Tier::Admin);
    assert!(with("AdministratorAccess").paths.is_empty());
    assert_eq!(with("IAMFullAccess").tier, Tier::Escalate);
    assert!(!with("PowerUserAccess").flagged());
    assert!(!with("ReadOnlyAccess").flagged());
    let capped = json!({"admin": true, "boundary": managed("PowerUserAccess")});
    assert!(!judge(capped).flagged());
    let denied = json!({"admin": true, "deny": [{"do": ["iam:*", "organizations:*"]}]});
    assert!(!judge(denied).flagged());
    let reading = json!({"admin": true, "boundary": managed("ReadOnlyAccess")});
    assert!(!judge(reading).flagged());
}

#[test]
fn conditions_are_carried_along() {
    let mfa = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let verdict = Account::new(json!({
        "user/a": {"allow": [{"do": ["sts:AssumeRole"], "on": "role/t", "if": mfa}]},
        "role/t": {"trusts": ["account"], "admin": true},
    }))
    .judge();
    assert_eq!(
        (verdict.tier, verdict.certainty),
        (Tier::Escalate, Certainty::Conditional)
    );
    assert_eq!(
        verdict.paths[0]
            .conditions
            .iter()
            .map(|k| &**k)
            .collect::<Vec<_>>(),
        ["aws:multifactorauthpresent"]
    );
    // A denial that may not apply does not protect, and nothing is certain.
    let denied = Account::new(json!({
        "user/a": {
            "allow": [{"do": ["iam:PutUserPolicy"], "on": "user/a"}],
            "deny": [{"do": ["iam:*"], "if": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}],
        },
    }))
    .judge();
    assert_eq!(
        (denied.tier, denied.certainty),
        (Tier::Escalate, Certainty::Conditional)
    );
}

#[test]
fn both_sides_count_across_accounts() {
    let judge = |allowed: Value, trusts: Value| {
        Account::new(json!({
            "user/a": {"allow": allowed},
            "2/role/t": {"trusts": trusts, "admin": true},
        }))
        .judge()
    };
    let may = json!([{"do": ["sts:AssumeRole"], "on": "2/role/t"}]);
    assert_eq!(
        judge(may.clone(), json!(["1/account"])).tier,
        Tier::Escalate
    );
    assert_eq!(judge(may.clone(), json!(["1/user/a"])).tier, Tier::Escalate);
    assert!(!judge(json!([]), json!(["1/user/a"])).flagged());
    assert!(!judge(json!([]), json!(["1/account"])).flagged());
    assert!(!judge(may.clone(), json!(["account"])).flagged());
    let external = json!([{"who": "1/account", "if": {"StringEquals": {"sts:ExternalId": "x"}}}]);
    let verdict = judge(may, external);
    assert_eq!(
        (verdict.tier, verdict.certainty),
        (Tier::Escalate, Certainty::Conditional)
    );
    // Nothing else crosses the border of an account.
    for action in ["iam:UpdateAssumeRolePolicy", "iam:PassRole", "lambda:*"] {
        assert!(!judge(json!([{"do": [action]}]), json!(["lambda.amazonaws.com"])).flagged());
    }
}

#[test]
fn no_path_leads_in_a_circle() {
    let verdict = Account::new(json!({
        "actor": "role/a",
        "role/a": {"trusts": ["account"], "allow": [
            {"do": ["iam:PutRolePolicy"], "on": "role/a"}, {"do": ["sts:AssumeRole"], "on": "role/b"}]},
        "role/b": {"trusts": ["account"], "allow": [{"do": ["sts:AssumeRole"], "on": "role/a"}]},
    }))
    .judge();
    let rules: Vec<_> = verdict.paths.iter().map(|p| &*p.rule).collect();
    assert_eq!(rules, ["iam-005"], "{verdict}");
}

#[test]
fn what_is_seen_to_run_makes_a_path_certain() {
    let open = |function: &str| {
        Account::new(json!({
            "user/a": {"allow": [{"do": ["lambda:UpdateFunctionCode", "lambda:InvokeFunction"], "on": format!("arn:aws:lambda:eu-west-1:111111111111:function:{function}")}]},
            "role/t": {"trusts": ["lambda.amazonaws.com"], "admin": true},
            "runs": {"arn:aws:lambda:eu-west-1:111111111111:function:sync": "role/t"},
        }))
        .judge()
    };
    let verdict = open("sync");
    assert_eq!(
        (verdict.tier, verdict.certainty),
        (Tier::Escalate, Certainty::Certain),
        "{verdict}"
    );
    assert!(verdict.names("lambda-004"));
    assert_eq!(open("other").certainty, Certainty::Conditional);
}

#[test]
fn what_closes_a_way_closes_it_however_it_is_written() {
    let make = json!({"do": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]});
    let functions =
        json!({"do": ["lambda:CreateFunction"], "on": "arn:aws:lambda:*:111111111111:function:*"});
    let some = json!({"do": ["lambda:CreateFunction"], "on": "arn:aws:lambda:eu-west-1:111111111111:function:*"});
    let launch = json!({"do": ["iam:PassRole", "ec2:RunInstances"]});
    let instances = json!({"do": ["ec2:RunInstances"], "on": "arn:aws:ec2:*:*:instance/*"});
    let key = |tag: &str| json!({"do": ["iam:CreateAccessKey"], "if": {"StringEquals": {"aws:ResourceTag/team": tag}}});
    let join = json!({"do": ["iam:AddUserToGroup"], "on": "group/g"});
    let attach = json!({"do": ["iam:AttachUserPolicy"]});
    let only = |policy: &str| json!({"do": ["iam:AttachUserPolicy"], "if": {"ArnEquals": {"iam:PolicyARN": format!("arn:aws:iam::aws:policy/{policy}")}}});
    let others = json!({
        "role/t": {"trusts": ["lambda.amazonaws.com", "ec2.amazonaws.com"], "admin": true},
        "user/b": {"admin": true, "tags": {"Team": "web"}},
        "group/g": {"admin": true},
        "policy/cap": {"allow": [{"do": ["iam:AddUserToGroup"]}]},
    });
    let cases = [
        (
            "denied on all of the account",
            json!({"allow": [make], "deny": [functions]}),
            false,
        ),
        (
            "denied in one region",
            json!({"allow": [make], "deny": [some]}),
            true,
        ),
        (
            "no instance may be launched",
            json!({"allow": [launch], "deny": [instances]}),
            false,
        ),
        (
            "for a tag that it has",
            json!({"allow": [key("web")]}),
            true,
        ),
        (
            "for a tag that it has not",
            json!({"allow": [key("ops")]}),
            false,
        ),
        ("joins", json!({"allow": [join]}), true),
        (
            "joins under a boundary",
            json!({"allow": [join], "boundary": "policy/cap"}),
            false,
        ),
        (
            "may attach what is harmless",
            json!({"allow": [only("ReadOnlyAccess")]}),
            false,
        ),
        (
            "may not attach one",
            json!({"allow": [attach], "deny": [only("AdministratorAccess")]}),
            true,
        ),
    ];
    for (name, actor, open) in cases {
        let account = Account::new(others.clone()).with(|all| {
            all.insert("user/a".into(), actor);
        });
        let verdict = account.judge();
        assert_eq!(verdict.tier == Tier::Escalate, open, "{name}: {verdict}");
        let firm = verdict.certainty == Certainty::Certain;
        assert!(firm || !open, "{name}: {verdict}");
    }
}

#[test]
fn an_instance_under_systems_manager_makes_a_path_certain() {
    let open = |allow: Value, role: Value| {
        Account::new(json!({
            "user/a": {"allow": [allow]},
            "role/t": role,
            "runs": {"arn:aws:ec2:eu-west-1:111111111111:instance/i-1": "role/t"},
        }))
        .judge()
    };
    let admin = json!({"trusts": ["ec2.amazonaws.com"], "admin": true});
    let run = |on: &str| json!({"do": ["ssm:SendCommand"], "on": on});
    let anywhere = open(run("*"), admin.clone());
    assert_eq!(anywhere.certainty, Certainty::Certain, "{anywhere}");
    // Without a document to run, and where the agent may not register, it is not certain.
    let bare = open(run("arn:aws:ec2:*:*:instance/*"), admin);
    assert_ne!(
        (bare.tier, bare.certainty),
        (Tier::Escalate, Certainty::Certain)
    );
    let quiet = json!({"trusts": ["ec2.amazonaws.com"], "allow": [{"do": ["iam:*"]}]});
    let quiet = open(run("*"), quiet);
    assert_ne!(
        (quiet.tier, quiet.certainty),
        (Tier::Escalate, Certainty::Certain)
    );
}

#[test]
fn two_keys_are_all_that_a_user_may_have() {
    let judge = |keys: u8, actions: Value| {
        Account::new(json!({
            "user/a": {"allow": [{"do": actions, "on": "user/b"}]},
            "user/b": {"admin": true, "keys": keys},
        }))
        .judge()
    };
    assert!(judge(1, json!(["iam:CreateAccessKey"])).names("iam-002"));
    assert!(!judge(2, json!(["iam:CreateAccessKey"])).flagged());
    let both = judge(2, json!(["iam:CreateAccessKey", "iam:DeleteAccessKey"]));
    assert!(both.names("iam-003") && !both.names("iam-002"), "{both}");
}

#[test]
fn services_own_roles_are_no_targets() {
    let verdict = Account::new(json!({
        "user/a": {"allow": [{"do": ["iam:PassRole", "lambda:*", "ec2:*", "ssm:*", "iam:UpdateAssumeRolePolicy"]}]},
        "role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForSomething": {"trusts": ["lambda.amazonaws.com", "ec2.amazonaws.com"], "admin": true},
    }))
    .judge();
    assert!(!verdict.flagged(), "{verdict}");
}

#[test]
fn the_list_is_bounded_and_in_order() {
    let verdict = Account::new(json!({
        "user/a": {"allow": [{"not_do": ["sts:AssumeRole", "s3:GetObject"]}]},
        "role/t": {"trusts": ["lambda.amazonaws.com", "ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "glue.amazonaws.com", "cloudformation.amazonaws.com", "codebuild.amazonaws.com", "sagemaker.amazonaws.com", "states.amazonaws.com", "ssm.amazonaws.com", "bedrock-agentcore.amazonaws.com"], "admin": true},
        "user/b": {"admin": true},
        "group/g": {"admin": true},
    }))
    .judge();
    assert!(
        verdict.paths.len() <= 64 && verdict.paths.len() > 30,
        "{}",
        verdict.paths.len()
    );
    let firm: Vec<_> = verdict.paths.iter().map(|p| p.certainty).collect();
    assert!(firm.is_sorted(), "{firm:?}");
    let rules: BTreeSet<_> = verdict.paths.iter().map(|p| (p.goal, &*p.rule)).collect();
    assert_eq!(rules.len(), verdict.paths.len(), "one entry a row and goal");
}
