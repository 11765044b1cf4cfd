//! What git knows: work trees around the inputs, and the last author as a hint at an owner.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use std::path::Path;
use support::{NOW, put, room, run, status, stderr};

const ACCOUNT: &str =
    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: NAME, namespace: build}\n";

fn commit(git: &git2::Repository, file: &str, content: &str, name: &str, mail: &str) {
    put(git.workdir().unwrap(), file, content);
    let mut index = git.index().unwrap();
    index.add_path(Path::new(file)).unwrap();
    index.write().unwrap();
    let tree = git.find_tree(index.write_tree().unwrap()).unwrap();
    let author = git2::Signature::now(name, mail).unwrap();
    let parent = git.head().ok().and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    git.commit(Some("HEAD"), &author, &author, "change", &tree, &parents)
        .unwrap();
}

fn scan(directory: &Path, path: &str) -> serde_json::Value {
    let output = run(directory, &["scan", path, "--now", NOW, "--format", "json"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn ownership(report: &serde_json::Value, name: &str) -> (String, String) {
    let identities = report["identities"].as_array().unwrap();
    let found = identities.iter().find(|i| i["name"] == name).unwrap();
    let text = |key: &str| {
        found["ownership"][key]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    (text("state"), text("suggestion"))
}

#[test]
fn the_last_person_who_changed_a_manifest_is_suggested_and_closes_no_gap() {
    let room = room();
    let git = git2::Repository::init(room.path().join("repo")).unwrap();
    git.remote(
        "origin",
        "https://user:secret-of-remote@git.acme.test/acme/infra.git",
    )
    .unwrap();
    commit(
        &git,
        "k8s/a.yaml",
        &ACCOUNT.replace("NAME", "a"),
        "Jane Doe",
        "Jane@acme.test",
    );
    commit(
        &git,
        "k8s/b.yaml",
        &ACCOUNT.replace("NAME", "b"),
        "renovate[bot]",
        "29139614+renovate[bot]@users.noreply.git.test",
    );
    // A machine's change does not make the machine the owner.
    commit(
        &git,
        "k8s/a.yaml",
        &format!("# bumped\n{}", ACCOUNT.replace("NAME", "a")),
        "renovate[bot]",
        "bot@renovate.test",
    );
    put(
        room.path(),
        "repo/k8s/new.yaml",
        ACCOUNT.replace("NAME", "uncommitted"),
    );

    for (directory, path) in [
        ("", "repo"),
        ("repo", "."),
        ("", "repo/k8s"),
        ("repo", "k8s"),
    ] {
        let report = scan(&room.path().join(directory), path);
        let suggested = ("suggested".to_owned(), "mail:jane@acme.test".to_owned());
        assert_eq!(
            ownership(&report, "a"),
            suggested,
            "{path} in {directory:?}"
        );
        assert_ne!(ownership(&report, "b").0, "suggested");
        assert_ne!(ownership(&report, "uncommitted").0, "suggested");
        let repository = &report["coverage"]["repositories"][0];
        assert_eq!(repository["remote"], "git.acme.test/acme/infra");
        assert_eq!(repository["head"].as_str().unwrap().len(), 40);
        let findings = report["findings"].as_array().unwrap();
        let of_a: Vec<&str> = findings
            .iter()
            .filter(|f| f["subject"]["name"].as_str().unwrap().ends_with('a'))
            .map(|f| f["check"].as_str().unwrap())
            .collect();
        assert_eq!(of_a, ["owner-suggested-only"], "{path}");
        assert!(!report.to_string().contains("secret-of-remote"));
    }
}

#[test]
fn a_declared_owner_outranks_history() {
    let room = room();
    let git = git2::Repository::init(room.path()).unwrap();
    commit(
        &git,
        "k8s/a.yaml",
        &ACCOUNT.replace("NAME", "a"),
        "Jane Doe",
        "jane@acme.test",
    );
    put(room.path(), ".github/CODEOWNERS", "k8s/ @acme/platform\n");
    let report = scan(room.path(), ".");
    assert_eq!(ownership(&report, "a").0, "owned");
    assert_eq!(
        report["identities"][0]["ownership"]["owner"],
        "team:acme/platform"
    );
}
