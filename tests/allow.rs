//! Comments and path rules that accept findings.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use serde_json::Value;
use support::{NOW, findings, put, report, room, run, status, stderr, stdout, token};

fn leaks(report: &Value) -> Vec<&Value> {
    findings(report, "credential-leaked")
}

#[test]
fn a_comment_accepts_the_leak_beside_it_and_says_so() {
    let room = room();
    let text = format!(
        "a = \"{}\"  # tenure:allow credential-leaked revoked in March\n# tenure:allow credential-* kept for the parser's test\nb = \"{}\"\nc = \"{}\"\n",
        token(1),
        token(2),
        token(3)
    );
    put(room.path(), "in/app.py", text);
    let json = report(room.path(), &["in"]);
    let waived: Vec<(u64, &str, u64)> = leaks(&json)
        .iter()
        .filter(|f| f["waiver"].is_object())
        .map(|f| {
            let waiver = &f["waiver"];
            assert_eq!(waiver["source"], "comment");
            assert_eq!(waiver["evidence"]["path"], "in/app.py");
            (
                f["evidence"][0]["line"].as_u64().unwrap(),
                waiver["reason"].as_str().unwrap(),
                waiver["evidence"]["line"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(waived.len(), 2);
    assert!(waived.contains(&(1, "revoked in March", 1)));
    assert!(waived.contains(&(3, "kept for the parser's test", 2)));
    assert_eq!(leaks(&json).len(), 3);
    assert!(findings(&json, "waiver-unused").is_empty());

    let fail = |file: &str| status(&run(room.path(), &["scan", file, "--fail-on", "low", "-q"]));
    assert_eq!(fail("in"), 1, "the third is not accepted");
    put(
        room.path(),
        "one/app.py",
        format!(
            "a = \"{}\"  # tenure:allow credential-leaked revoked\n",
            token(1)
        ),
    );
    assert_eq!(fail("one"), 0);
    let shown = stdout(&run(
        room.path(),
        &["scan", "one", "--show-waived", "--now", NOW],
    ));
    assert!(
        shown.contains("by a comment in one/app.py:1: revoked"),
        "{shown}"
    );
    let sarif = stdout(&run(
        room.path(),
        &["scan", "one", "-f", "sarif", "--now", NOW],
    ));
    assert!(sarif.contains("\"inSource\""), "{sarif}");
}

#[test]
fn a_comment_accepts_nothing_but_its_own_line_check_and_place() {
    let room = room();
    let t = token(1);
    for (name, text) in [
        (
            "other-line",
            format!("# tenure:allow credential-leaked x\n\nk = \"{t}\"\n"),
        ),
        (
            "line-below-code",
            format!("x = 1 # tenure:allow credential-leaked x\nk = \"{t}\"\n"),
        ),
        (
            "other-check",
            format!("k = \"{t}\" # tenure:allow identity-admin x\n"),
        ),
        (
            "no-reason",
            format!("k = \"{t}\" # tenure:allow credential-leaked\n"),
        ),
        (
            "second-place",
            format!("k = \"{t}\" # tenure:allow credential-leaked x\nsecond = 1\nk = \"{t}\"\n"),
        ),
    ] {
        let directory = format!("{name}/in");
        put(room.path(), &format!("{directory}/a.py"), text);
        let json = report(room.path(), &[&directory]);
        assert_eq!(leaks(&json).len(), 1, "{name}");
        assert!(leaks(&json)[0]["waiver"].is_null(), "{name}");
    }
}

#[test]
fn a_comment_without_a_reason_or_a_known_check_is_a_note_and_changes_no_exit_status() {
    let room = room();
    put(
        room.path(),
        "in/a.py",
        "x = 1 # tenure:allow credential-leaked\ny = 2 # tenure:allow credential-leakd because\n",
    );
    let json = report(room.path(), &["in"]);
    let problems = json["coverage"]["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems.iter().all(|p| p["kind"] == "note"));
    let text = format!("{problems:?}");
    assert!(text.contains("gives no reason"), "{text}");
    assert!(text.contains("did you mean `credential-leaked`?"), "{text}");
    assert_eq!(json["coverage"]["complete"], true);
    let output = run(room.path(), &["scan", "in", "--fail-on", "info", "-q"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
}

#[test]
fn a_comment_that_matches_nothing_is_unused_unless_its_check_did_not_run() {
    let room = room();
    put(
        room.path(),
        "in/a.py",
        "x = 1 # tenure:allow credential-leaked gone\ny = 2 # tenure:allow identity-admin gone\n",
    );
    let unused = |arguments: &[&str]| -> Vec<String> {
        findings(&report(room.path(), arguments), "waiver-unused")
            .iter()
            .map(|f| f["subject"]["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        unused(&["in"]),
        ["credential-leaked in/a.py", "identity-admin in/a.py"]
    );
    assert_eq!(
        unused(&["in", "--only", "secrets"]),
        ["credential-leaked in/a.py"]
    );
}

#[test]
fn comments_speak_of_manifests_too() {
    let room = room();
    let account =
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ci, namespace: build}\n---\n";
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: ci}\nroleRef: {kind: ClusterRole, name: cluster-admin, apiGroup: rbac.authorization.k8s.io}\nsubjects: [{kind: ServiceAccount, name: ci, namespace: build}]\n";
    put(room.path(), "in/ci.yaml", format!("{account}{binding}"));
    let bare = report(room.path(), &["in"]);
    let admin = findings(&bare, "identity-admin");
    let line = admin[0]["evidence"][0]["line"].as_u64().unwrap() as usize;
    let mut lines: Vec<String> = format!("{account}{binding}")
        .lines()
        .map(str::to_owned)
        .collect();
    lines.insert(
        line - 1,
        "# tenure:allow identity-admin the bootstrap account".to_owned(),
    );
    put(room.path(), "in/ci.yaml", lines.join("\n"));
    let json = report(room.path(), &["in"]);
    let admin = findings(&json, "identity-admin");
    assert_eq!(
        admin[0]["waiver"]["reason"], "the bootstrap account",
        "{admin:?}"
    );
}

#[test]
fn repositories_that_nobody_trusts_accept_nothing() {
    let room = room();
    put(
        room.path(),
        "in/a.py",
        format!(
            "k = \"{}\" # tenure:allow credential-leaked trust me\n",
            token(1)
        ),
    );
    let json = report(room.path(), &["in", "--no-config"]);
    assert!(leaks(&json)[0]["waiver"].is_null());
}

fn with_paths(rules: &str) -> (tempfile::TempDir, Value) {
    let room = room();
    put(
        room.path(),
        "in/tests/a.py",
        format!("k = \"{}\"\n", token(1)),
    );
    put(
        room.path(),
        "in/src/b.py",
        format!("k = \"{}\"\n", token(2)),
    );
    put(
        room.path(),
        "tenure.yaml",
        format!("version: 1\npaths:\n{rules}"),
    );
    let json = report(room.path(), &["in"]);
    (room, json)
}

#[test]
fn path_rules_waive_by_place() {
    let (room, json) = with_paths(
        "  - {match: 'src/', ignore: [credential-leaked], reason: being rotated, expires: 2027-01-01}\n",
    );
    for leak in leaks(&json) {
        let inside = leak["evidence"][0]["path"] == "in/src/b.py";
        assert_eq!(leak["waiver"].is_object(), inside, "{leak}");
        if inside {
            assert_eq!(leak["waiver"]["source"], "path-rule");
            assert_eq!(leak["waiver"]["expires"], "2027-01-01");
            assert_eq!(leak["waiver"]["evidence"]["line"], 3);
        }
    }
    // The same secret elsewhere is not accepted.
    put(
        room.path(),
        "in/lib/c.py",
        format!("k = \"{}\"\n", token(2)),
    );
    let json = report(room.path(), &["in"]);
    assert!(leaks(&json).iter().all(|leak| leak["waiver"].is_null()));

    let (_room, json) = with_paths(
        "  - {match: 'src/', ignore: [credential-leaked], reason: r, expires: 2026-01-01}\n",
    );
    assert!(leaks(&json).iter().all(|leak| leak["waiver"].is_null()));
    assert_eq!(findings(&json, "waiver-expired").len(), 1);
    let (_room, json) = with_paths("  - {match: 'nowhere/', ignore: ['*'], reason: r}\n");
    assert_eq!(findings(&json, "waiver-unused").len(), 1);
}

#[test]
fn path_rules_doubt_by_place() {
    let (_room, json) = with_paths("  - {match: 'src/**', confidence: low, reason: generated}\n");
    let of = |path: &str| -> (String, String) {
        let all = json["credentials"].as_array().unwrap();
        let found = all
            .iter()
            .find(|c| c["exposures"][0]["evidence"]["path"] == path)
            .unwrap();
        (
            found["confidence"].as_str().unwrap().to_owned(),
            found["exposures"][0]["reasons"].to_string(),
        )
    };
    let (confidence, reasons) = of("in/src/b.py");
    assert_eq!(confidence, "low");
    assert!(reasons.contains("path rule"), "{reasons}");
    assert!(!of("in/tests/a.py").1.contains("path rule"));
}

#[test]
fn mistakes_in_path_rules_are_named_with_their_line() {
    let room = room();
    put(room.path(), "in/a", "x\n");
    put(
        room.path(),
        "tenure.yaml",
        "version: 1\npaths:\n  - {match: 'a{b', ignore: [x], reason: r}\n  - {mach: a, ignore: [x], reason: r}\n  - {match: a, confidence: sure, reason: r}\n  - {match: a, reason: r}\n",
    );
    let output = run(room.path(), &["scan", "in"]);
    assert_eq!(status(&output), 2);
    let said = stderr(&output);
    for part in [
        "tenure.yaml:3: `match` is a pattern",
        "unknown key `mach`; did you mean `match`?",
        "tenure.yaml:5: `confidence` is low or medium",
        "tenure.yaml:6: a path rule needs one of",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
