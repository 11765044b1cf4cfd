//! Several snapshots of one account: the newest tells what there is, the one before it what has changed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use support::{NOW, room, run, stderr};

const ONE: &str = "111122223333";
const TWO: &str = "444455556666";

/// A user with an inline policy that allows these actions.
struct User(&'static str, &'static str, &'static [&'static str]);

fn user(account: &str, User(name, created, actions): &User) -> Value {
    json!({
        "Path": "/", "UserName": name, "UserId": format!("AIDA{name:X<17}").to_uppercase(),
        "Arn": format!("arn:aws:iam::{account}:user/{name}"), "CreateDate": format!("{created}T00:00:00Z"),
        "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement":
            [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}}],
        "GroupList": [], "AttachedManagedPolicies": [], "Tags": []
    })
}

fn details(account: &str, users: &[User]) -> String {
    let users: Vec<Value> = users.iter().map(|one| user(account, one)).collect();
    json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [], "Policies": []})
        .to_string()
}

fn report(account: &str, users: &[(&str, &str)]) -> String {
    let mut text = String::from(
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
         password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,\
         access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
         access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
         access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,\
         cert_2_active,cert_2_last_rotated\n",
    );
    for (name, rotated) in users {
        text += &format!(
            "{name},arn:aws:iam::{account}:user/{name},2024-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false,true,\
             {rotated}T00:00:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n"
        );
    }
    text
}

fn write(room: &Path, path: &str, text: &str) {
    let path = room.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn scan(room: &Path, inputs: &[&str]) -> Value {
    let mut arguments = vec!["scan"];
    arguments.extend(inputs);
    arguments.extend(["--now", NOW, "--format", "json"]);
    let output = run(room, &arguments);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)))
}

fn names(snapshot: &Value) -> Vec<&str> {
    let identities = snapshot["identities"].as_array().unwrap().iter();
    let observed = identities.filter(|i| {
        i["presence"]
            .as_array()
            .unwrap()
            .contains(&json!("observed"))
    });
    observed.map(|i| i["name"].as_str().unwrap()).collect()
}

fn tier<'a>(snapshot: &'a Value, name: &str) -> &'a str {
    let mut identities = snapshot["identities"].as_array().unwrap().iter();
    let found = identities.find(|i| i["name"] == name);
    found.unwrap()["privilege"]["tier"].as_str().unwrap()
}

/// `tier-rose ci`, sorted.
fn changes(snapshot: &Value) -> Vec<String> {
    let changes = snapshot["baseline"]["changes"].as_array();
    let one = |c: &Value| {
        format!(
            "{} {}",
            c["kind"].as_str().unwrap(),
            c["subject"]["name"].as_str().unwrap()
        )
    };
    let mut all: Vec<String> = changes.into_iter().flatten().map(one).collect();
    all.sort();
    all
}

/// The notes about snapshots, by path.
fn notes(snapshot: &Value) -> Vec<String> {
    let problems = snapshot["coverage"]["problems"].as_array().unwrap().iter();
    let about = problems.filter(|p| {
        let message = p["message"].as_str().unwrap();
        message.contains("snapshot") || message.contains("no date tells")
    });
    about
        .map(|p| {
            format!(
                "{}: {}",
                p["path"].as_str().unwrap(),
                p["message"].as_str().unwrap()
            )
        })
        .collect()
}

const READ: &[&str] = &["s3:ListAllMyBuckets"];
const ALL: &[&str] = &["*"];

fn october() -> [User; 3] {
    [
        User("ci", "2024-01-01", READ),
        User("gone", "2024-01-02", ALL),
        User("fallen", "2024-01-03", ALL),
    ]
}

fn november() -> [User; 3] {
    [
        User("ci", "2024-01-01", ALL),
        User("fallen", "2024-01-03", READ),
        User("fresh", "2026-10-20", READ),
    ]
}

/// What must be said whatever the files are called.
fn expect_november(snapshot: &Value) {
    assert_eq!(names(snapshot), ["ci", "fallen", "fresh"]);
    assert_eq!(tier(snapshot, "ci"), "admin");
    assert_ne!(tier(snapshot, "fallen"), "admin");
    let changes = changes(snapshot);
    for change in [
        "tier-rose ci",
        "tier-fell fallen",
        "identity-vanished gone",
        "identity-appeared fresh",
    ] {
        assert!(changes.iter().any(|c| c == change), "{change}: {changes:?}");
    }
    assert_eq!(
        changes
            .iter()
            .filter(|c| c.starts_with("identity-"))
            .count(),
        2,
        "{changes:?}"
    );
    assert!(
        snapshot["findings"]
            .as_array()
            .unwrap()
            .iter()
            .all(|f| f["status"].is_null())
    );
}

#[test]
fn two_folders_with_dates() {
    let room = room();
    write(room.path(), "2026-10-01/a.json", &details(ONE, &october()));
    write(room.path(), "2026-11-01/a.json", &details(ONE, &november()));
    let snapshot = scan(room.path(), &["."]);
    expect_november(&snapshot);
    assert_eq!(snapshot["baseline"]["scanned_at"], "2026-10-01T00:00:00Z");
    let notes = notes(&snapshot);
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(
        notes[0].contains("2026-10-01/a.json")
            && notes[0].contains("before the newest one, of 2026-10-01")
    );
    assert!(
        notes[1].contains("taken as the newest snapshot of account 111122223333, of 2026-11-01")
    );
    assert_eq!(
        snapshot["coverage"]["files"], 2,
        "the second reading counts nothing"
    );
}

#[test]
fn the_order_of_inputs_and_what_names_sort_like_do_not_matter() {
    let room = room();
    write(
        room.path(),
        "z/2026-10-01/a.json",
        &details(ONE, &october()),
    );
    write(
        room.path(),
        "a/2026-11-01/a.json",
        &details(ONE, &november()),
    );
    let one = scan(room.path(), &["a", "z"]);
    expect_november(&one);
    assert_eq!(one, scan(room.path(), &["z", "a"]));
    assert_eq!(one, scan(room.path(), &["z", "a", "a"]));
}

#[test]
fn one_folder_with_dates_in_the_names_of_files() {
    for (old, new) in [
        ("iam-20261001.json", "iam-20261101.json"),
        ("20261001T101500Z.json", "20261001T111500Z.json"),
        ("b_2026-10-31.json", "a_2026-11-01.json"),
    ] {
        let room = room();
        write(room.path(), old, &details(ONE, &october()));
        write(room.path(), new, &details(ONE, &november()));
        expect_november(&scan(room.path(), &["."]));
    }
}

#[test]
fn pages_belong_together() {
    // Disjoint: one snapshot, whatever the dates inside.
    let room = room();
    let [ci, gone, fallen] = october();
    write(room.path(), "a-1.json", &details(ONE, &[ci, gone]));
    write(room.path(), "a-2.json", &details(ONE, &[fallen]));
    let snapshot = scan(room.path(), &["."]);
    assert_eq!(names(&snapshot), ["ci", "fallen", "gone"]);
    assert!(snapshot["baseline"].is_null() && notes(&snapshot).is_empty());

    // Two times two pages, cut at different places.
    let pages = |old: &str, new: &str| {
        let room = support::room();
        let [ci, gone, fallen] = october();
        write(
            room.path(),
            &format!("{old}1.json"),
            &details(ONE, &[ci, gone]),
        );
        write(
            room.path(),
            &format!("{old}2.json"),
            &details(ONE, &[fallen]),
        );
        let [ci, fallen, fresh] = november();
        write(room.path(), &format!("{new}1.json"), &details(ONE, &[ci]));
        write(
            room.path(),
            &format!("{new}2.json"),
            &details(ONE, &[fallen, fresh]),
        );
        expect_november(&scan(room.path(), &["."]));
    };
    pages("2026-10-01/page", "2026-11-01/page");
    pages("x-2026-10-01-", "x-2026-11-01-");
    pages("z-", "a-");
}

#[test]
fn credential_reports_of_two_days() {
    let room = room();
    let users = |rotated| report(ONE, &[("ci", rotated), ("still", "2026-01-01")]);
    write(
        room.path(),
        "credentials-2026-10-01.csv",
        &users("2025-01-01"),
    );
    write(
        room.path(),
        "credentials-2026-11-01.csv",
        &users("2026-10-30"),
    );
    let snapshot = scan(room.path(), &["."]);
    let changes = changes(&snapshot);
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert!(changes[0].starts_with("credential-rotated"), "{changes:?}");
}

#[test]
fn a_report_that_says_when_it_was_made_is_believed_before_its_name() {
    use base64::Engine as _;
    let room = room();
    let wrapped = |made: &str, rotated: &str| {
        let csv = report(ONE, &[("ci", rotated)]);
        let content = base64::engine::general_purpose::STANDARD.encode(csv);
        json!({"Content": content, "ReportFormat": "text/csv", "GeneratedTime": made}).to_string()
    };
    write(
        room.path(),
        "2026-12-01.json",
        &wrapped("2026-10-01T10:00:00+00:00", "2025-01-01"),
    );
    write(
        room.path(),
        "2026-01-01.json",
        &wrapped("2026-11-01T10:00:00+00:00", "2026-10-30"),
    );
    let snapshot = scan(room.path(), &["."]);
    assert_eq!(
        snapshot["credentials"][0]["created"],
        "2026-10-30T00:00:00Z"
    );
    assert_eq!(snapshot["baseline"]["scanned_at"], "2026-10-01T10:00:00Z");
}

#[test]
fn a_collection_says_when_it_was_made() {
    let room = room();
    for (folder, date, users) in [
        ("old", "2026-10-01", october()),
        ("new", "2026-11-01", november()),
    ] {
        let manifest = json!({"TenureCollection": 1, "AccountId": ONE, "Caller": "x",
            "Started": format!("{date}T01:00:00Z"), "Finished": format!("{date}T02:00:00Z"), "Parts": {}});
        write(
            room.path(),
            &format!("{folder}/tenure-collection.json"),
            &manifest.to_string(),
        );
        write(
            room.path(),
            &format!("{folder}/iam.json"),
            &details(ONE, &users),
        );
    }
    let snapshot = scan(room.path(), &["."]);
    expect_november(&snapshot);
    assert_eq!(snapshot["baseline"]["scanned_at"], "2026-10-01T02:00:00Z");
}

#[test]
fn of_three_the_newest_wins_and_the_next_is_compared_with() {
    let room = room();
    write(
        room.path(),
        "2026-09-01/a.json",
        &details(
            ONE,
            &[
                User("ci", "2024-01-01", ALL),
                User("ancient", "2023-01-01", ALL),
            ],
        ),
    );
    write(room.path(), "2026-10-01/a.json", &details(ONE, &october()));
    write(room.path(), "2026-11-01/a.json", &details(ONE, &november()));
    let snapshot = scan(room.path(), &["."]);
    expect_november(&snapshot);
    let notes = notes(&snapshot);
    assert!(
        notes[0].contains("2026-09-01") && notes[0].contains("not used"),
        "{notes:?}"
    );
}

#[test]
fn without_a_date_the_latest_event_inside_is_a_guess_and_said_to_be_one() {
    let room = room();
    write(room.path(), "z.json", &details(ONE, &october()));
    write(room.path(), "a.json", &details(ONE, &november()));
    let snapshot = scan(room.path(), &["."]);
    expect_november(&snapshot);
    assert!(
        notes(&snapshot)
            .iter()
            .all(|note| note.contains("neither it nor its name"))
    );
}

#[test]
fn what_no_date_tells_apart_is_read_as_one() {
    let room = room();
    write(
        room.path(),
        "a.json",
        &details(ONE, &[User("ci", "2024-01-01", READ)]),
    );
    write(
        room.path(),
        "b.json",
        &details(ONE, &[User("ci", "2024-01-01", ALL)]),
    );
    let snapshot = scan(room.path(), &["."]);
    assert_eq!(tier(&snapshot, "ci"), "admin");
    assert!(snapshot["baseline"].is_null());
    let notes = notes(&snapshot);
    assert_eq!(notes.len(), 2);
    assert!(
        notes[0].contains("no date tells which is newer"),
        "{notes:?}"
    );
}

#[test]
fn only_the_account_with_an_older_snapshot_has_changed() {
    let room = room();
    let other = [User("steady", "2024-01-01", ALL)];
    write(
        room.path(),
        "2026-10-01/one.json",
        &details(ONE, &october()),
    );
    write(room.path(), "2026-10-01/two.json", &details(TWO, &other));
    write(
        room.path(),
        "2026-11-01/one.json",
        &details(ONE, &november()),
    );
    let snapshot = scan(room.path(), &["."]);
    assert_eq!(names(&snapshot), ["ci", "fallen", "fresh", "steady"]);
    assert!(!changes(&snapshot).iter().any(|c| c.contains("steady")));
}

#[test]
fn one_document_may_speak_of_two_accounts_of_which_one_has_a_newer_snapshot() {
    let room = room();
    let both = format!(
        "{}\n{}",
        details(ONE, &october()),
        details(TWO, &[User("steady", "2024-01-01", ALL)])
    );
    write(room.path(), "2026-10-01/both.json", &both);
    write(
        room.path(),
        "2026-11-01/one.json",
        &details(ONE, &november()),
    );
    let snapshot = scan(room.path(), &["."]);
    assert_eq!(names(&snapshot), ["ci", "fallen", "fresh", "steady"]);
    assert_eq!(tier(&snapshot, "steady"), "admin");
    assert_ne!(tier(&snapshot, "fallen"), "admin");
    assert!(!changes(&snapshot).iter().any(|c| c.contains("steady")));
}

#[test]
fn an_export_that_lies_with_the_older_snapshot_tells_nothing_of_the_present() {
    let room = room();
    write(room.path(), "2026-10-01/a.json", &details(ONE, &october()));
    write(
        room.path(),
        "2026-10-01/c.csv",
        &report(ONE, &[("ci", "2026-01-01"), ("gone", "2026-01-01")]),
    );
    write(room.path(), "2026-11-01/a.json", &details(ONE, &november()));
    let snapshot = scan(room.path(), &["."]);
    assert_eq!(names(&snapshot), ["ci", "fallen", "fresh"]);
    assert_eq!(tier(&snapshot, "ci"), "admin");
    // Of two sources that told of it one was not read again.
    assert!(changes(&snapshot).contains(&"identity-unseen gone".to_owned()));
    assert!(
        changes(&snapshot)
            .iter()
            .all(|c| !c.starts_with("credential-removed")),
        "not looked at"
    );
    assert!(
        notes(&snapshot)
            .iter()
            .any(|n| n.contains("c.csv") && n.contains("older snapshot"))
    );
}

#[test]
fn a_baseline_of_the_users_own_comes_first() {
    let room = room();
    write(room.path(), "2026-10-01/a.json", &details(ONE, &october()));
    write(room.path(), "2026-11-01/a.json", &details(ONE, &november()));
    let snapshot = scan(room.path(), &["2026-11-01", "--snapshot", "now.json"]);
    assert!(snapshot["baseline"].is_null());
    let snapshot = scan(
        room.path(),
        &["2026-10-01", "2026-11-01", "--baseline", "now.json"],
    );
    assert!(changes(&snapshot).iter().all(|c| !c.contains("gone")));
    assert_eq!(snapshot["baseline"]["scanned_at"], NOW);
}

#[test]
fn requests_are_answered_from_the_newest() {
    let room = room();
    write(room.path(), "2026-10-01/a.json", &details(ONE, &october()));
    write(room.path(), "2026-11-01/a.json", &details(ONE, &november()));
    let principal = "arn:aws:iam::111122223333:user/fallen";
    let output = run(room.path(), &["can", principal, "iam:CreateUser"]);
    let text = support::stdout(&output);
    assert!(text.starts_with("denied"), "{text} {}", stderr(&output));
}
