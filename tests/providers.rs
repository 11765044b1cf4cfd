//! What identity platforms' own exports say, end to end: each folder of `fixtures/<platform>` is an export, and the
//! file of its name with `.yaml` says what comes of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use support::{findings, fixture, put, report, room};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case shows.
    about: String,
    /// What comes of it, by id; null where nothing does.
    #[serde(default)]
    identities: BTreeMap<String, Option<Identity>>,
    #[serde(default)]
    credentials: BTreeMap<String, Option<Credential>>,
    /// `check: a part of the message`.
    #[serde(default)]
    findings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    kind: Option<String>,
    name: Option<String>,
    enabled: Option<bool>,
    state: Option<String>,
    owner: Option<String>,
    suggestion: Option<String>,
    /// Parts of the reason.
    #[serde(default)]
    reason: Vec<String>,
    /// All claims, as `method owner`.
    claims: Option<Vec<String>>,
    traits: Option<Vec<String>>,
    serves: Option<Vec<String>>,
    tier: Option<String>,
    presence: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credential {
    kind: Option<String>,
    status: Option<String>,
    /// A time, or `never`.
    expires: Option<String>,
    identity: Option<String>,
    owner: Option<String>,
}

fn cases() -> Vec<PathBuf> {
    let platforms = ["entra", "github", "google", "okta", "sailpoint"];
    let all = platforms.iter().flat_map(|platform| {
        let files = std::fs::read_dir(fixture(platform)).unwrap();
        files.map(|entry| entry.unwrap().path())
    });
    let mut cases: Vec<PathBuf> = all.filter(|path| path.is_dir()).collect();
    cases.sort();
    cases
}

fn by_id<'r>(report: &'r Value, list: &str, id: &str) -> Option<&'r Value> {
    let list = report[list].as_array().unwrap();
    list.iter().find(|item| item["id"] == id)
}

#[test]
fn every_export_says_what_its_case_says() {
    let mut faults = String::new();
    let cases = cases();
    assert!(cases.len() >= 7, "the folders hold the cases");
    for folder in cases {
        let text = std::fs::read_to_string(folder.with_extension("yaml")).unwrap();
        let case: Case = serde_yaml::from_str(&text).unwrap();
        assert!(!case.about.is_empty());
        let report = report(&folder, &["."]);
        let mut fault = |id: &str, what: &str, expected: Value, found: &Value| {
            if expected != *found && !(expected.is_null()) {
                writeln!(
                    faults,
                    "{}: {id}: {what} is {found}, not {expected}",
                    folder.display()
                )
                .unwrap();
            }
        };
        assert_eq!(
            report["coverage"]["problems"],
            json!([]),
            "{}",
            folder.display()
        );
        for (id, expected) in &case.identities {
            let found = by_id(&report, "identities", id);
            let (Some(expected), Some(found)) = (expected, found) else {
                fault(
                    id,
                    "presence",
                    json!(expected.is_some()),
                    &json!(found.is_some()),
                );
                continue;
            };
            let own = &found["ownership"];
            fault(id, "kind", json!(expected.kind), &found["kind"]);
            fault(id, "name", json!(expected.name), &found["name"]);
            fault(id, "enabled", json!(expected.enabled), &found["enabled"]);
            fault(id, "state", json!(expected.state), &own["state"]);
            fault(id, "owner", json!(expected.owner), &own["owner"]);
            fault(
                id,
                "suggestion",
                json!(expected.suggestion),
                &own["suggestion"],
            );
            fault(id, "traits", json!(expected.traits), &found["traits"]);
            fault(id, "serves", json!(expected.serves), &found["serves"]);
            fault(
                id,
                "tier",
                json!(expected.tier),
                &found["privilege"]["tier"],
            );
            fault(id, "presence", json!(expected.presence), &found["presence"]);
            for part in &expected.reason {
                let reason = own["reason"].as_str().unwrap();
                fault(
                    id,
                    "reason",
                    json!(true),
                    &json!(reason.contains(part.as_str())),
                );
            }
            let claims = own["claims"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            let claims: Vec<String> = claims
                .iter()
                .map(|claim| format!("{} {}", claim["method"], claim["owner"]).replace('"', ""))
                .collect();
            fault(id, "claims", json!(expected.claims), &json!(claims));
        }
        for (id, expected) in &case.credentials {
            let found = by_id(&report, "credentials", id);
            let (Some(expected), Some(found)) = (expected, found) else {
                fault(
                    id,
                    "presence",
                    json!(expected.is_some()),
                    &json!(found.is_some()),
                );
                continue;
            };
            let expires = match found["expires"]["state"].as_str() {
                Some("at") => &found["expires"]["at"],
                _ => &found["expires"]["state"],
            };
            fault(id, "kind", json!(expected.kind), &found["kind"]);
            fault(id, "status", json!(expected.status), &found["status"]);
            fault(id, "expires", json!(expected.expires), expires);
            fault(id, "identity", json!(expected.identity), &found["identity"]);
            fault(
                id,
                "owner",
                json!(expected.owner),
                &found["ownership"]["owner"],
            );
        }
        for line in &case.findings {
            let (check, part) = line.split_once(": ").unwrap();
            let said = findings(&report, check);
            let said = said
                .iter()
                .any(|f| f["message"].as_str().unwrap().contains(part));
            fault(line, "finding", json!(true), &json!(said));
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

/// Owners in files of their own, and an owner whom the directory has closed out in another.
#[test]
fn owners_may_stand_in_other_files_than_what_they_own() {
    let room = room();
    let app = "8d1f5f1e-0c11-4e5b-9a51-0b4c8f6d1a01";
    put(
        room.path(),
        "applications.json",
        json!([{"appId": "11111111-aaaa-4bbb-8ccc-000000000001", "id": app, "displayName": "sync"}]).to_string(),
    );
    let owners = |value: Value| {
        json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#directoryObjects", "value": value})
            .to_string()
    };
    let jane = json!({"@odata.type": "#microsoft.graph.user", "id": "aaaaaaaa-0000-4000-8000-000000000001",
                      "userPrincipalName": "jane@acme.example", "accountEnabled": false});
    let rae = json!({"@odata.type": "#microsoft.graph.user", "id": "aaaaaaaa-0000-4000-8000-000000000002",
                     "userPrincipalName": "rae@acme.example"});
    put(
        room.path(),
        &format!("applications/{app}/owners.json"),
        owners(json!([jane])),
    );
    let all = report(room.path(), &["."]);
    let owned = &all["identities"][0]["ownership"];
    assert_eq!(
        (&owned["state"], &owned["owner"]),
        (&json!("orphaned"), &json!("mail:jane@acme.example"))
    );
    // One of several owners who is there will do.
    put(
        room.path(),
        &format!("applications/{app}/owners.json"),
        owners(json!([jane, rae])),
    );
    let all = report(room.path(), &["."]);
    let owned = &all["identities"][0]["ownership"];
    assert_eq!(
        (&owned["state"], &owned["owner"]),
        (&json!("owned"), &json!("mail:rae@acme.example"))
    );
    // Nothing says whose these are.
    std::fs::remove_dir_all(room.path().join("applications")).unwrap();
    put(room.path(), "owners.json", owners(json!([jane])));
    let all = report(room.path(), &["."]);
    assert_eq!(all["identities"][0]["ownership"]["state"], "unknown");
}

/// An application that code declares by name is the one that the directory lists.
#[test]
fn what_code_declares_is_what_the_directory_lists() {
    let room = room();
    put(
        room.path(),
        "main.tf",
        "resource \"azuread_application\" \"sync\" {\n  display_name = \"payments-sync\"\n}\n",
    );
    let app = json!({"appId": "11111111-aaaa-4bbb-8ccc-000000000001", "publisherDomain": "acme.example",
                     "id": "8d1f5f1e-0c11-4e5b-9a51-0b4c8f6d1a01", "displayName": "payments-sync", "owners": []});
    put(room.path(), "applications.json", json!([app]).to_string());
    let all = report(room.path(), &["."]);
    let identities = all["identities"].as_array().unwrap();
    assert_eq!(identities.len(), 1, "{identities:#?}");
    assert_eq!(identities[0]["presence"], json!(["declared", "observed"]));
    assert_eq!(
        identities[0]["id"],
        "entra:acme.example/11111111-aaaa-4bbb-8ccc-000000000001"
    );
    // Two of one name stay apart.
    let other = json!({"appId": "11111111-aaaa-4bbb-8ccc-000000000002", "publisherDomain": "acme.example",
                       "id": "8d1f5f1e-0c11-4e5b-9a51-0b4c8f6d1a02", "displayName": "payments-sync"});
    put(
        room.path(),
        "applications.json",
        json!([app, other]).to_string(),
    );
    let all = report(room.path(), &["."]);
    assert_eq!(all["identities"].as_array().unwrap().len(), 3);
}

/// What a hostile or cut-off export costs is its own rest.
#[test]
fn what_is_cut_off_loses_only_what_is_missing() {
    let room = room();
    let whole = std::fs::read_to_string(fixture("entra/tenant/applications.json")).unwrap();
    let cut = whole.find("app-factory-made").unwrap();
    put(room.path(), "applications.json", &whole[..cut]);
    let output = support::run(
        room.path(),
        &["scan", ".", "--now", support::NOW, "--format", "json"],
    );
    assert_eq!(support::status(&output), 3);
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(all["identities"].as_array().unwrap().len(), 2);
    let problem = &all["coverage"]["problems"][0];
    assert!(
        problem["message"]
            .as_str()
            .unwrap()
            .contains("what stands before it was kept"),
        "{problem}"
    );
}

/// A secret that somebody kept in an export stays there.
#[test]
fn the_values_of_secrets_are_never_shown() {
    let room = room();
    let value = "Zk8~qWcVb0d1sRt5yU7pLm2nHgFx3aJ.KoE9wQ"; // made up
    let app = json!([{"appId": "11111111-aaaa-4bbb-8ccc-000000000001", "id": "8d1f5f1e-0c11-4e5b-9a51-0b4c8f6d1a01",
        "displayName": "sync", "passwordCredentials": [
            {"keyId": "f0b0c1d2-1111-4222-8333-444455556601", "hint": "Zk8", "secretText": value,
             "endDateTime": "2027-01-01T00:00:00Z", "startDateTime": "2026-01-01T00:00:00Z"}]}]);
    put(room.path(), "applications.json", app.to_string());
    let all = report(room.path(), &["."]).to_string();
    assert!(all.contains("f0b0c1d2-1111-4222-8333-444455556601"));
    assert!(!all.contains(value));
}
