//! How far trusts in OpenID Connect providers go, from a table of conditions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tenure::platform::aws::oidc::{Exposure, grade};

fn texts(value: &Value) -> Vec<&str> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}

/// A condition with the provider's name in its keys.
fn filled(condition: &Value, key: &str) -> Option<String> {
    if condition.is_null() {
        return None;
    }
    let mut filled = serde_json::Map::new();
    let Some(block) = condition.as_object() else {
        return Some(condition.to_string());
    };
    for (operator, tests) in block {
        let tests = tests.as_object().unwrap().iter().map(|(name, value)| {
            let named = |rest: &str, prefix: &str| format!("{prefix}{key}{rest}");
            let name = match (name.strip_prefix('P'), name.strip_prefix("https://P")) {
                (Some(rest), _) => named(rest, ""),
                (_, Some(rest)) => named(rest, "https://"),
                _ => name.clone(),
            };
            (name, value.clone())
        });
        filled.insert(operator.clone(), Value::Object(tests.collect()));
    }
    Some(Value::Object(filled).to_string())
}

#[test]
fn every_vector_is_graded_as_it_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/oidc/vectors.yaml");
    let groups: Value = serde_yaml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let (mut count, mut wrong) = (0, Vec::new());
    for group in groups.as_array().unwrap() {
        let provider = group["provider"].as_str().unwrap();
        let key = group["key"].as_str().unwrap_or(provider);
        for vector in group["vectors"].as_array().unwrap() {
            count += 1;
            let subject = |operator: &str, value: &Value| {
                let mut block = json!({ "StringEquals": { "P:aud": "sts.amazonaws.com" } });
                block[operator]["P:sub"] = value.clone();
                block
            };
            let condition = if vector["like"].is_null() && vector["equals"].is_null() {
                vector["condition"].clone()
            } else if vector["like"].is_null() {
                subject("StringEquals", &vector["equals"])
            } else {
                subject("StringLike", &vector["like"])
            };
            let condition = filled(&condition, key);
            let denies: Vec<Option<String>> = vector["deny"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|deny| filled(deny, key))
                .collect();
            let denies: Vec<Option<&str>> = denies.iter().map(Option::as_deref).collect();
            let mut actions = texts(&vector["actions"]);
            if actions.is_empty() {
                actions.push("sts:AssumeRoleWithWebIdentity");
            }
            let provider = vector["provider"].as_str().unwrap_or(provider);
            let grade = grade(provider, &actions, condition.as_deref(), &denies);
            let flaws: BTreeSet<&str> = grade.flaws.iter().map(|f| f.as_str()).collect();
            let mut complaints = Vec::new();
            if Some(grade.exposure.as_str()) != vector["is"].as_str() {
                complaints.push(format!("it is {}", grade.exposure.as_str()));
            }
            for flaw in texts(&vector["flaws"]) {
                if !flaws.contains(flaw) {
                    complaints.push(format!("no {flaw}"));
                }
            }
            for flaw in texts(&vector["not"]) {
                if flaws.contains(flaw) {
                    complaints.push(flaw.to_string());
                }
            }
            if !vector["serves"].is_null() && !grade.serves.iter().eq(texts(&vector["serves"])) {
                complaints.push(format!("serves {:?}", grade.serves));
            }
            for key in texts(&vector["depends"]) {
                if !grade.depends.contains(key) {
                    complaints.push(format!("does not depend on {key}"));
                }
            }
            if !complaints.is_empty() {
                wrong.push(format!("{provider} {vector}: {complaints:?} of {flaws:?}"));
            }
        }
    }
    assert!(count >= 200, "{count} vectors");
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// A subject of GitHub that a stranger can have: any owner but `acme`, any other part.
fn strangers() -> impl Strategy<Value = String> {
    (
        "(acme)?[a-z]{1,6}(-acme)?",
        "(app|svc-a|[a-z]{1,4})",
        "(ref:refs/heads/(main|acme/app|[a-z]{1,5})|environment:(prod|[a-z]{1,3})|pull_request)",
    )
        .prop_filter("its own", |(owner, _, _)| owner != "acme")
        .prop_map(|(owner, repo, tail)| format!("repo:{owner}/{repo}:{tail}"))
}

proptest! {
    /// A pattern that some stranger's subject is like is never graded narrower than the platform.
    #[test]
    fn no_pattern_that_a_stranger_satisfies_is_taken_for_narrow(
        pattern in r"(repo|r\*|\*)?:?(acme|a\*|\*|acme\*|ac\?e)?/?(app|\*|a\?p|svc-\*)?:?(\*|ref:refs/heads/\*|ref:\*|environment:prod)?",
        subject in strangers(),
    ) {
        let key = "token.actions.githubusercontent.com";
        let condition = json!({"StringLike": {format!("{key}:sub"): pattern}}).to_string();
        let grade = grade(key, &["sts:AssumeRoleWithWebIdentity"], Some(&condition), &[]);
        if tenure::platform::glob::matches(&pattern, &subject) {
            prop_assert!(grade.exposure >= Exposure::Platform, "{pattern} lets {subject} in");
        }
    }

    /// Whatever stands in a condition, grading it ends.
    #[test]
    fn nothing_breaks_the_grading(condition in ".{0,200}", provider in ".{0,60}") {
        let _ = grade(&provider, &["sts:*"], Some(&condition), &[Some(&condition)]);
        let block = json!({"StringLike": {format!("{provider}:sub"): condition}}).to_string();
        let _ = grade(&provider, &["sts:*"], Some(&block), &[Some(&block), None]);
    }
}
