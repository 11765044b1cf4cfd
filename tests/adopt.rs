//! `tenure adopt`: what was found comes into the registry, and what people answered comes back into it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use support::{NOW, put, room, run, status, stderr, stdout};

const ACCOUNTS: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: api, namespace: shop, labels: {team: payments}}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: worker, namespace: shop}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ci, namespace: build}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: ci}\nroleRef: {kind: ClusterRole, name: cluster-admin, apiGroup: rbac.authorization.k8s.io}\nsubjects: [{kind: ServiceAccount, name: ci, namespace: build}]\n";

const REGISTRY: &str = "# Ours.\r\nversion: 1\r\nidentities:   # all of them\r\n\r\n- id: 'k8s:shop/api'   # the API\r\n  # asked for in 2024\r\n  purpose: serves the shop\r\n  tenants: [a, b]\r\n\r\n# patterns\r\n- match: {name: \"worker*\"}\r\n  owner: team:batch\r\n";

fn estate() -> tempfile::TempDir {
    let room = room();
    put(room.path(), "k8s.yaml", ACCOUNTS);
    room
}

fn adopt(room: &Path, more: &[&str]) -> std::process::Output {
    run(room, &[&["adopt", ".", "--now", NOW], more].concat())
}

fn registry(room: &Path) -> String {
    fs::read_to_string(room.join("nhi-registry.yaml")).unwrap()
}

fn scanned(room: &Path) -> serde_json::Value {
    let output = run(room, &["scan", ".", "-q", "--now", NOW, "--format", "json"]);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// `ownership-gaps.csv` with these cells filled in, by the subject's id, in this delimiter.
fn filled(room: &Path, cells: &[(&str, &[(&str, &str)])]) -> Vec<BTreeMap<String, String>> {
    let csv = stdout(&run(
        room,
        &["scan", ".", "-q", "--now", NOW, "--format", "csv"],
    ));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let mut rows: Vec<BTreeMap<String, String>> = reader
        .records()
        .map(|row| {
            names
                .iter()
                .cloned()
                .zip(row.unwrap().iter().map(str::to_owned))
                .collect()
        })
        .collect();
    for (id, fields) in cells {
        let row = rows.iter_mut().find(|row| row["subject_id"] == *id);
        let row = row.unwrap_or_else(|| panic!("no row of {id}:\n{csv}"));
        for (name, value) in *fields {
            row.insert((*name).to_owned(), (*value).to_owned());
        }
    }
    rows
}

fn sheet(rows: &[BTreeMap<String, String>], delimiter: u8) -> String {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .from_writer(Vec::new());
    writer.write_record(rows[0].keys()).unwrap();
    for row in rows {
        writer.write_record(row.values()).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

const ATTESTED: [(&str, &str); 3] = [
    ("owner", "team:platform"),
    ("attested_by", "jane@example.com"),
    ("attested_on", "2026-11-20"),
];

#[test]
fn entries_are_added_once_and_nothing_else_changes() {
    let room = estate();
    put(room.path(), "nhi-registry.yaml", REGISTRY);
    let output = adopt(room.path(), &["--dry-run"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    insta::assert_snapshot!(stdout(&output).replace('\r', "␍"));
    assert_eq!(registry(room.path()), REGISTRY, "a dry run writes nothing");

    assert_eq!(status(&adopt(room.path(), &[])), 0);
    let new = registry(room.path());
    assert!(new.starts_with(REGISTRY), "{new}");
    assert!(new.contains("id: \"k8s:cluster/build/ci\""));
    assert!(
        !new.contains("shop/worker"),
        "a pattern speaks of it:\n{new}"
    );
    assert_eq!(new.matches('\n').count(), new.matches("\r\n").count());

    let output = adopt(room.path(), &[]);
    assert_eq!(
        stderr(&output),
        "./nhi-registry.yaml: nothing to change\n".replace("./", "")
    );
    assert_eq!(registry(room.path()), new);
    let report = scanned(room.path());
    assert_eq!(report["coverage"]["problems"], serde_json::json!([]));
    for identity in report["identities"].as_array().unwrap() {
        assert!(
            identity["declaration"].is_string() || identity["kind"] != "kubernetes-service-account"
        );
    }
}

#[test]
fn a_registry_is_made_where_there_is_none() {
    let room = estate();
    assert_eq!(status(&adopt(room.path(), &["--dry-run"])), 0);
    assert!(!room.path().join("nhi-registry.yaml").exists());
    assert_eq!(status(&adopt(room.path(), &[])), 0);
    let made = registry(room.path());
    for id in ["build/ci", "shop/api", "shop/worker"] {
        assert!(
            made.contains(&format!("  - id: \"k8s:cluster/{id}\"\n")),
            "{made}"
        );
    }
    assert!(
        made.contains("owner: \"\"  # declared: team:payments by label (high), k8s.yaml:"),
        "{made}"
    );
    assert_eq!(
        scanned(room.path())["coverage"]["problems"],
        serde_json::json!([])
    );
}

#[test]
fn what_is_added_can_be_chosen() {
    let room = estate();
    let ids = |more: &[&str]| -> Vec<String> {
        let diff = stdout(&adopt(room.path(), &[&["--dry-run"], more].concat()));
        let ids = diff
            .lines()
            .filter_map(|l| l.strip_prefix("+  - id: \"k8s:cluster/"));
        ids.map(|id| id.trim_end_matches('"').to_owned()).collect()
    };
    assert_eq!(ids(&[]), ["build/ci", "shop/api", "shop/worker"]);
    assert_eq!(ids(&["--only-gaps"]), ["build/ci", "shop/worker"]);
    assert_eq!(ids(&["--min-tier", "admin"]), ["build/ci"]);
    assert_eq!(ids(&["--namespace", "sh*"]), ["shop/api", "shop/worker"]);
    assert_eq!(ids(&["--container", "k8s:cluster/build"]), ["build/ci"]);
    assert_eq!(ids(&["--platform", "k8s"]).len(), 3);
    assert_eq!(ids(&["--platform", "aws"]), [""; 0]);
    let filled = stdout(&adopt(room.path(), &["--dry-run", "--accept-suggestions"]));
    assert!(
        filled.contains("owner: \"team:payments\"  # team:payments by label"),
        "{filled}"
    );
    assert_eq!(filled.matches("owner: \"\"").count(), 2);
    assert_eq!(status(&adopt(room.path(), &["--min-tier", "some"])), 2);
    assert_eq!(status(&adopt(room.path(), &["--registry", "list.yaml"])), 2);
}

#[test]
fn a_dispute_is_not_settled_by_accepting() {
    let room = room();
    put(
        room.path(),
        "k8s.yaml",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: api, namespace: shop, labels: {team: payments, owner: billing}}\n",
    );
    let diff = stdout(&adopt(room.path(), &["--dry-run", "--accept-suggestions"]));
    let line = diff.lines().find(|l| l.contains("owner: ")).unwrap();
    if scanned(room.path())["identities"][0]["ownership"]["state"] == "disputed" {
        assert!(
            line.contains("owner: \"\"  # disputed: ") && line.contains("; or "),
            "{diff}"
        );
    }
}

#[test]
fn answers_come_back_from_a_spreadsheet() {
    for (delimiter, wide) in [(b',', false), (b';', false), (b'\t', true)] {
        let room = estate();
        put(room.path(), "nhi-registry.yaml", REGISTRY);
        let mut rows = filled(
            room.path(),
            &[
                (
                    "k8s:cluster/build/ci",
                    &[
                        ("attested_owner", "Platform Team: platform@example.com"),
                        ("attested_purpose", "'=builds \"everything\": # all\nof it"),
                        ("attested_by", "jane@example.com"),
                        ("attested_on", "2026-11-20"),
                    ],
                ),
                (
                    "k8s:shop/api",
                    &[
                        ("owner", "team:payments"),
                        ("purpose", "serves the shop's API"),
                        ("attested_by", "Jane Doe"),
                        ("attested_on", "2026-11-21"),
                    ],
                ),
            ],
        );
        rows.reverse();
        for row in &mut rows {
            row.insert("aaa_notes".into(), "ours, not yours".into());
        }
        let text = sheet(&rows, delimiter);
        let bytes: Vec<u8> = match wide {
            true => format!("\u{feff}{text}")
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
            false => format!("\u{feff}{text}").into_bytes(),
        };
        fs::write(room.path().join("back.csv"), bytes).unwrap();
        let output = adopt(room.path(), &["--attest", "back.csv"]);
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        let new = registry(room.path());
        let expected = REGISTRY.replace(
            "  purpose: serves the shop\r\n  tenants: [a, b]\r\n",
            "  purpose: \"serves the shop's API\"\r\n  tenants: [a, b]\r\n  attested_by: Jane Doe\r\n  attested_on: 2026-11-21\r\n",
        );
        let expected = expected.replace("the API\r\n", "the API\r\n  owner: team:payments\r\n");
        let (head, tail) = new.split_at(expected.len());
        assert_eq!(head, expected);
        insta::allow_duplicates! {
            insta::assert_snapshot!("answered", tail.replace('\r', "␍"));
        }
        let again = adopt(room.path(), &["--attest", "back.csv"]);
        assert_eq!(
            (status(&again), registry(room.path())),
            (0, new),
            "{}",
            stderr(&again)
        );
    }
}

#[test]
fn an_untouched_sheet_says_nothing() {
    let room = estate();
    put(room.path(), "nhi-registry.yaml", REGISTRY);
    let csv = stdout(&run(
        room.path(),
        &["scan", ".", "-q", "--now", NOW, "--format", "csv"],
    ));
    put(room.path(), "gaps.csv", &csv);
    let output = adopt(room.path(), &["--attest", "gaps.csv"]);
    assert_eq!(
        (status(&output), registry(room.path())),
        (0, REGISTRY.to_owned())
    );
}

#[test]
fn rows_that_attest_nothing_sound_are_refused_and_listed() {
    let room = estate();
    put(room.path(), "nhi-registry.yaml", REGISTRY);
    let ci = "k8s:cluster/build/ci";
    let base: BTreeMap<&str, &str> = ATTESTED.into_iter().collect();
    for (fields, why) in [
        (&[("attested_by", "")][..], "`attested_by` is empty"),
        (&[("attested_on", "")], "`attested_on` is empty"),
        (&[("attested_on", ""), ("attested_by", "")], "are empty"),
        (&[("attested_on", "2027-01-01")], "lies in the future"),
        (&[("attested_on", "soon")], "not a date"),
        (&[("attested_on", "45000000")], "not a date"),
        (&[("owner", "TBD")], "`owner` names nobody"),
        (&[("owner", "")], "neither an owner nor a purpose"),
        (&[("attested_by", "n/a")], "`attested_by` names nobody"),
        (
            &[("attested_purpose", "a\u{1b}[31mb")],
            "control or invisible",
        ),
        (
            &[("attested_purpose", "a\u{202e}b")],
            "control or invisible",
        ),
        (
            &[("subject_id", "k8s:cluster/shop/api")],
            "name different subjects",
        ),
        (
            &[("subject_id", "k8s:cluster/no/such"), ("ref_id", "")],
            "was found",
        ),
        (
            &[
                ("subject_type", "account"),
                ("subject_id", "aws:1"),
                ("ref_id", ""),
            ],
            "identities and credentials only",
        ),
    ] {
        let mut cells = base.clone();
        cells.extend(fields.iter().copied());
        let cells: Vec<(&str, &str)> = cells.into_iter().collect();
        let good: &[(&str, &str)] = &[
            ("attested_owner", "team:payments"),
            ("attested_by", "jane"),
            ("attested_on", "2026-11-20"),
        ];
        let rows = filled(room.path(), &[(ci, &cells), ("k8s:shop/api", good)]);
        let at = rows.iter().position(|r| r["name"] == "ci").unwrap() + 2;
        put(room.path(), "back.csv", sheet(&rows, b','));
        let output = adopt(room.path(), &["-q", "--dry-run", "--attest", "back.csv"]);
        let said = stderr(&output);
        assert_eq!(status(&output), 3, "{fields:?}: {said}");
        assert!(
            said.starts_with(&format!("row {at}")) && said.contains(why),
            "{fields:?}: {said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            stdout(&output).contains("+  owner: team:payments"),
            "the others are taken"
        );
    }
}

#[test]
fn a_hostile_sheet_writes_texts_and_nothing_else() {
    let room = estate();
    put(
        room.path(),
        "nhi-registry.yaml",
        "version: 1\nidentities: [{id: k8s:shop/api, owner: team:a}]\n",
    );
    let purpose = "x\"}, {id: \"*\", owner: \"team:evil\"}] # ' \\ : - &a *a !!t {{b}} <<: ${HOME}";
    let rows = filled(
        room.path(),
        &[(
            "k8s:cluster/build/ci",
            &[
                ("attested_owner", "team:a], x: {b"),
                ("attested_purpose", purpose),
                ("attested_by", "j: [doe] # x"),
                ("attested_on", "2026-11-20"),
            ],
        )],
    );
    put(room.path(), "back.csv", sheet(&rows, b','));
    let output = adopt(room.path(), &["--attest", "back.csv"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let report = scanned(room.path());
    let declared = report["declarations"].as_array().unwrap();
    assert_eq!(declared.len(), 2, "{declared:?}");
    let ours = declared
        .iter()
        .find(|d| d["id"] == "k8s:cluster/build/ci")
        .unwrap();
    assert_eq!(ours["purpose"], purpose);
    assert!(
        registry(room.path())
            .starts_with("version: 1\nidentities: [{id: k8s:shop/api, owner: team:a},\n")
    );
}

#[test]
fn a_registry_that_cannot_be_changed_safely_is_left_alone() {
    let anchored = "x-o: &o team:a\nversion: 1\nidentities:\n- id: k8s:shop/api\n  owner: *o\n";
    for (text, code, said) in [
        (anchored, 3, "nhi-registry.yaml:5: the value has an anchor"),
        ("version: 1\nidentities: [\n", 2, "not valid YAML"),
        (
            "version: 1\nidentities: some\n",
            2,
            "`identities` is not a list",
        ),
    ] {
        let room = estate();
        put(room.path(), "nhi-registry.yaml", text);
        let rows = filled(room.path(), &[("k8s:cluster/build/ci", &ATTESTED)]);
        let mut rows = rows;
        let mut other = rows.iter().find(|r| r["name"] == "ci").unwrap().clone();
        other.insert("subject_id".into(), "k8s:cluster/shop/api".into());
        other.insert("ref_id".into(), String::new());
        rows.push(other);
        put(room.path(), "back.csv", sheet(&rows, b','));
        let output = adopt(room.path(), &["--attest", "back.csv"]);
        assert_eq!(status(&output), code, "{text}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
        let new = registry(room.path());
        assert!(new.starts_with(text), "{new}");
        assert_eq!(new.len() > text.len(), code == 3);
    }
    #[cfg(unix)]
    {
        let room = estate();
        put(room.path(), "elsewhere/real.yaml", "version: 1\n");
        std::os::unix::fs::symlink("elsewhere/real.yaml", room.path().join("nhi-registry.yaml"))
            .unwrap();
        assert_eq!(status(&adopt(room.path(), &[])), 2);
    }
}

#[test]
fn patterns_and_snapshots_can_be_answered_for() {
    let room = estate();
    put(room.path(), "nhi-registry.yaml", REGISTRY);
    run(
        room.path(),
        &["scan", ".", "-q", "--now", NOW, "--snapshot", "estate.json"],
    );
    put(
        room.path(),
        "back.csv",
        "subject_type;subject_id;attested_purpose;attested_by;attested_on\ndeclaration;name=worker*;works off the queue;jane;2026-11-20\n",
    );
    let output = run(
        room.path(),
        &["adopt", "--snapshot", "estate.json", "--attest", "back.csv"],
    );
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let expected = REGISTRY.replace(
        "  owner: team:batch\r\n",
        "  owner: team:batch\r\n  purpose: works off the queue\r\n  attested_by: jane\r\n  attested_on: 2026-11-20\r\n",
    );
    assert_eq!(registry(room.path()), expected);
}

#[test]
fn what_the_sheet_itself_has_changed_is_no_edit_when_it_comes_again() {
    let room = estate();
    let registry_text = "version: 1\nidentities:\n  - id: k8s:shop/api\n    owner: team:old\n    purpose: test\n    review_by: 2020-01-01\n";
    put(room.path(), "nhi-registry.yaml", registry_text);
    let answer: &[(&str, &str)] = &[
        ("attested_owner", "team:new"),
        ("attested_purpose", "serves the shop"),
        ("attested_by", "jane@example.com"),
        ("attested_on", "2026-11-20"),
    ];
    let rows = filled(room.path(), &[("k8s:cluster/shop/api", answer)]);
    put(room.path(), "back.csv", sheet(&rows, b';'));
    for _ in 0..2 {
        let output = adopt(room.path(), &["--attest", "back.csv"]);
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert!(registry(room.path()).contains("owner: team:new"));
    }
}

#[test]
fn nobody_who_has_left_is_attested() {
    let room = estate();
    put(
        room.path(),
        "roster.csv",
        "email,status,end_date\njane@example.com,terminated,2026-01-31\njohn@example.com,active,\n",
    );
    put(
        room.path(),
        "more.yaml",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: old, namespace: shop, annotations: {owner: jane@example.com}}\n",
    );
    let answer: &[(&str, &str)] = &[
        ("attested_owner", "Jane@Example.com"),
        ("attested_by", "john@example.com"),
        ("attested_on", "2026-11-20"),
    ];
    let rows = filled(room.path(), &[("k8s:cluster/build/ci", answer)]);
    put(room.path(), "back.csv", sheet(&rows, b','));
    let output = adopt(room.path(), &["--attest", "back.csv"]);
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    assert!(stderr(&output).contains("is gone"), "{}", stderr(&output));
}
