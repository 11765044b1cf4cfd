//! `tenure owners`: who answers for what, how that is known, and how much of the estate has an owner.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use std::path::Path;
use support::{NOW, put, room, status, stderr, stdout, tenure};

const ESTATE: &str = "apiVersion: v1
kind: Namespace
metadata: {name: shop, annotations: {owner: \"Shop Team\"}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: api, namespace: shop, labels: {team: payments}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: worker, namespace: shop}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: ci, namespace: build, labels: {owner: jane_at_example-com}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: nobody, namespace: build}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ci}
roleRef: {kind: ClusterRole, name: cluster-admin, apiGroup: rbac.authorization.k8s.io}
subjects: [{kind: ServiceAccount, name: ci, namespace: build}]
";

const REGISTRY: &str = "version: 1
identities:
  - id: k8s:shop/api
    owner: \"@acme/payments\"
    purpose: serves the shop
    revocation: {runbook: docs/revoke.md, last_tested: 2026-01-05}
  - id: k8s:shop/gone
    owner: team:payments
";

fn estate() -> tempfile::TempDir {
    let room = room();
    put(room.path(), "k8s.yaml", ESTATE);
    put(room.path(), "nhi-registry.yaml", REGISTRY);
    put(
        room.path(),
        "roster.csv",
        "email,status,end_date\njane@example.com,terminated,2026-01-31\njohn@example.com,active,\n",
    );
    room
}

fn owners(room: &Path, arguments: &[&str]) -> std::process::Output {
    tenure(room)
        .env("COLUMNS", "80")
        .args([&["owners", "-q", "--now", NOW], arguments].concat())
        .output()
        .unwrap()
}

fn json(room: &Path, arguments: &[&str]) -> serde_json::Value {
    let output = owners(room, &[&["--format", "json"], arguments].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", stderr(&output)))
}

#[test]
fn the_terminal_has_room_for_it_at_80_columns() {
    let room = estate();
    let shown = stdout(&owners(room.path(), &[]));
    for line in shown.lines() {
        assert!(unicode_width::UnicodeWidthStr::width(line) <= 80, "{line}");
    }
    for text in [
        "IDENTITIES",
        "CONTAINERS",
        "OWNER",
        "known by label 1× (k8s.yaml:3)",
        "BESIDE PUBLISHED SURVEYS",
        "not computable: no record of use was read",
    ] {
        assert!(shown.contains(text), "{text}:\n{shown}");
    }
    insta::assert_snapshot!("one", stdout(&owners(room.path(), &["@acme/payments"])));
    insta::assert_snapshot!(
        "markdown",
        stdout(&owners(room.path(), &["--format", "markdown"]))
    );
}

#[test]
fn every_owner_says_how_it_is_known() {
    let room = estate();
    let all = json(room.path(), &[]);
    let rows = all["owners"].as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        let known = row["known_by"].as_array().unwrap();
        assert!(!known.is_empty(), "{row}");
        for known in known {
            assert!(known["evidence"].as_str().unwrap().contains(':'), "{known}");
        }
        assert!(!row["spellings"].as_array().unwrap().is_empty());
        let one = json(room.path(), &[row["owner"].as_str().unwrap()]);
        let holdings = one["holdings"].as_array().unwrap();
        assert!(!holdings.is_empty());
        for holding in holdings {
            assert!(
                !holding["claims"].as_array().unwrap().is_empty(),
                "{holding}"
            );
            assert!(!holding["reason"].as_str().unwrap().is_empty());
        }
    }
}

#[test]
fn coverage_adds_up() {
    let room = estate();
    let all = json(room.path(), &[]);
    for row in all["coverage"].as_array().unwrap() {
        let states = row["states"].as_array().unwrap();
        let sum: u64 = states.iter().map(|s| s["count"].as_u64().unwrap()).sum();
        assert_eq!(sum, row["total"].as_u64().unwrap());
        let percent: f64 = states.iter().map(|s| s["percent"].as_f64().unwrap()).sum();
        assert!((percent - 100.0).abs() < 0.5, "{row}");
    }
    let of = |group: &str, what: &str| {
        let rows = all["coverage"].as_array().unwrap();
        let row = rows.iter().find(|r| r["of"] == what && r["group"] == group);
        row.unwrap_or_else(|| panic!("{what} {group}")).clone()
    };
    assert_eq!(of("namespace", "containers")["total"], 1);
    assert!(of("kubernetes", "identities")["total"].as_u64().unwrap() >= 4);
    // By team are the same identities, each once.
    let rows = all["coverage"].as_array().unwrap().iter();
    let sum = |what: &str, all: bool| -> u64 {
        let rows = rows.clone().filter(|r| r["of"] == what);
        let rows = rows.filter(|r| r["group"].is_null() == all);
        rows.map(|r| r["total"].as_u64().unwrap()).sum()
    };
    assert_eq!(sum("teams", false), sum("identities", true));
    assert_eq!(of("(nobody)", "teams")["states"][0]["count"], 0);
}

#[test]
fn filters_and_names() {
    let room = estate();
    let names = |arguments: &[&str]| -> Vec<String> {
        let all = json(room.path(), arguments);
        let rows = all["owners"].as_array().unwrap().iter();
        rows.map(|r| r["owner"].as_str().unwrap().to_owned())
            .collect()
    };
    let orphaned = names(&["--state", "orphaned"]);
    assert_eq!(orphaned, ["mail:jane@example.com"]);
    let all = json(room.path(), &[]);
    let jane = all["owners"].as_array().unwrap().iter();
    let jane = jane
        .clone()
        .find(|r| r["owner"] == "mail:jane@example.com")
        .unwrap();
    assert_eq!(jane["standing"], "left");
    assert_eq!(jane["gone"], true);
    assert!(names(&["--platform", "aws"]).is_empty());
    assert!(names(&["--platform", "k8s"]).len() >= 3);
    assert_eq!(status(&owners(room.path(), &["--state", "lost"])), 2);
    assert_eq!(status(&owners(room.path(), &["team:no-such"])), 2);
    assert_eq!(status(&owners(room.path(), &["--format", "sarif"])), 2);
    let spelt = stdout(&owners(room.path(), &["--owner", "Shop Team"]));
    assert!(spelt.starts_with("team:shop-team\n"), "{spelt}");
}

#[test]
fn snapshots_say_the_same() {
    let room = estate();
    support::run(
        room.path(),
        &["scan", ".", "-q", "--now", NOW, "--snapshot", "s.json"],
    );
    std::fs::create_dir(room.path().join("elsewhere")).unwrap();
    let from = |arguments: &[&str]| stdout(&owners(room.path(), arguments));
    assert_eq!(
        from(&["--exclude", "s.json"]),
        from(&["--snapshot", "s.json"])
    );
    let one = ["--snapshot", "s.json", "mail:jane@example.com"];
    assert!(from(&one).contains("gone"), "{}", from(&one));
    assert_eq!(
        status(&owners(room.path(), &["--snapshot", "s.json", "elsewhere"])),
        2
    );
}

#[test]
fn the_scorecard_says_what_it_cannot_tell() {
    let room = estate();
    let all = json(room.path(), &["--scorecard"]);
    let score = |id: &str| {
        let scores = all.as_array().unwrap();
        scores.iter().find(|s| s["id"] == id).unwrap().clone()
    };
    let owner = score("no-clear-owner");
    assert_eq!(owner["percent"], 51.0);
    let estate = &owner["estate"];
    let (n, d) = (
        estate["numerator"].as_u64().unwrap(),
        estate["denominator"].as_u64().unwrap(),
    );
    assert!(n >= 2 && n < d, "{estate}");
    assert!(score("excess-privilege")["estate"].is_null());
    assert_eq!(
        score("excess-privilege")["not_computable"],
        "no record of use was read"
    );
    assert_eq!(score("formal-offboarding")["estate"]["numerator"], 1);
    let nothing = support::room();
    let none = json(nothing.path(), &["--scorecard"]);
    for score in none.as_array().unwrap() {
        assert_eq!(score["not_computable"], "no machine identities were found");
    }
}

#[test]
fn tables_are_written_with_the_reports() {
    let room = estate();
    let out = room.path().join("out");
    support::run(
        room.path(),
        &[
            "scan",
            ".",
            "-q",
            "--now",
            NOW,
            "--out",
            out.to_str().unwrap(),
        ],
    );
    let rows = |name: &str| -> Vec<std::collections::HashMap<String, String>> {
        let mut reader = csv::Reader::from_path(out.join(name)).unwrap();
        let names = reader.headers().unwrap().clone();
        let rows = reader.records().map(|r| {
            let r = r.unwrap();
            names
                .iter()
                .map(str::to_owned)
                .zip(r.iter().map(str::to_owned))
                .collect()
        });
        rows.collect()
    };
    let registry = rows("registry.csv");
    let state = |id: &str| {
        let row = registry
            .iter()
            .find(|r| r["identity"] == id || r["entry"] == id);
        let row = row.unwrap_or_else(|| panic!("{id}"));
        (row["state"].clone(), row["gaps"].clone())
    };
    assert_eq!(state("k8s:shop/api").0, "both");
    assert_eq!(state("k8s:shop/gone").0, "declared-only");
    let gaps = state("k8s:shop/gone").1;
    for gap in ["purpose-missing", "review-absent", "revocation-missing"] {
        assert!(gaps.contains(gap), "{gaps}");
    }
    assert_eq!(state("k8s:cluster/build/nobody").0, "found-only");
    let inventory = rows("inventory.csv");
    let namespace = inventory
        .iter()
        .find(|r| r["record_type"] == "container")
        .unwrap();
    assert_eq!(namespace["owner"], "team:shop-team");
    assert!(
        namespace["owner_evidence"].contains("k8s.yaml:3"),
        "{namespace:?}"
    );
    for row in inventory.iter().filter(|r| !r["owner"].is_empty()) {
        assert!(
            !row["owner_method"].is_empty() && !row["owner_confidence"].is_empty(),
            "{row:?}"
        );
    }
    for row in rows("owners.csv") {
        assert!(!row["evidence"].is_empty(), "{row:?}");
    }
}
