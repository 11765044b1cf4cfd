//! Whole small organisations, end to end.

mod support;

use std::collections::BTreeSet;
use std::fs;
use support::{NOW, copy, fixture, room, run, status, stderr, stdout};

type Key = (String, String);

fn report(directory: &std::path::Path, arguments: &[&str]) -> serde_json::Value {
    let mut all = vec!["scan", "--now", NOW, "--format", "json"];
    all.extend(arguments);
    let output = run(directory, &all);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn findings(report: &serde_json::Value) -> Vec<(Key, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let list = report["findings"].as_array().unwrap();
    list.iter().map(|f| ((text(&f["check"]), text(&f["subject"]["id"])), text(&f["severity"]))).collect()
}

#[test]
fn acme_tells_all_its_stories_and_nothing_false() {
    let expected = fs::read_to_string(fixture("estates/acme/expected.yaml")).unwrap();
    let expected: serde_yaml::Value = serde_yaml::from_str(&expected).unwrap();
    let mut wanted: BTreeSet<Key> = BTreeSet::new();
    for story in expected["stories"].as_sequence().unwrap() {
        for finding in story["findings"].as_sequence().unwrap() {
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            wanted.insert((text("check"), text("subject")));
        }
    }
    // In a place of its own: the estate is not part of any repository.
    let room = room();
    copy(&fixture("estates/acme"), &room.path().join("acme"));
    let report = report(room.path(), &["acme"]);
    let found = findings(&report);
    let every: BTreeSet<Key> = found.iter().map(|(key, _)| resolved(key)).collect();
    let serious: BTreeSet<Key> = found
        .iter()
        .filter(|(_, severity)| matches!(severity.as_str(), "medium" | "high" | "critical"))
        .map(|(key, _)| resolved(key))
        .collect();
    let missing: Vec<_> = wanted.difference(&every).collect();
    let surplus: Vec<_> = serious.difference(&wanted).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing: {missing:#?}\nbeyond the stories: {surplus:#?}");
}

/// Secrets without an issuer's id are named by fingerprint, which the expectations abbreviate.
fn resolved((check, subject): &Key) -> Key {
    let subject = if subject.starts_with("secret:") { "secret:*" } else { subject };
    (check.clone(), subject.to_owned())
}

#[test]
fn order_and_threads_do_not_matter() {
    let acme = fixture("estates/acme");
    let paths = ["exports", "nhi-registry.yaml", "repos"];
    let run_with = |arguments: &[&str]| {
        let mut all = vec!["scan", "--now", NOW, "--format", "json"];
        all.extend(arguments);
        stdout(&run(&acme, &all))
    };
    let reference = run_with(&[paths[0], paths[1], paths[2], "--threads", "1"]);
    assert!(reference.len() > 10_000);
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        for threads in ["1", "2", "8"] {
            let again = run_with(&[paths[order[0]], paths[order[1]], paths[order[2]], "--threads", threads]);
            assert!(again == reference, "order {order:?}, {threads} threads");
        }
    }
}

#[test]
fn every_statement_has_its_evidence() {
    let report = report(&fixture("estates/acme"), &["."]);
    for finding in report["findings"].as_array().unwrap() {
        assert!(!finding["evidence"].as_array().unwrap().is_empty(), "{finding}");
        assert!(!finding["controls"].as_array().unwrap().is_empty(), "{finding}");
    }
    for identity in report["identities"].as_array().unwrap() {
        let privilege = &identity["privilege"];
        if !matches!(privilege["tier"].as_str().unwrap(), "none" | "unknown") {
            assert!(!privilege["proof"]["hops"].as_array().unwrap().is_empty(), "{}", identity["id"]);
        }
        let ownership = &identity["ownership"];
        if ownership["owner"].is_string() {
            assert!(!ownership["claims"].as_array().unwrap().is_empty(), "{}", identity["id"]);
        }
        assert!(!ownership["reason"].as_str().unwrap().is_empty(), "{}", identity["id"]);
    }
}
