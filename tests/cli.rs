//! The contract with scripts: exit codes, streams, files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use std::fs;
use support::{NOW, put, room, run, status, stderr, stdout};

const ADMIN: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ci, namespace: build}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: ci}\nroleRef: {kind: ClusterRole, name: cluster-admin, apiGroup: rbac.authorization.k8s.io}\nsubjects: [{kind: ServiceAccount, name: ci, namespace: build}]\n";

#[test]
fn exit_codes() {
    let room = room();
    put(room.path(), "clean/readme.md", "nothing here\n");
    put(room.path(), "admin/ci.yaml", ADMIN);
    put(
        room.path(),
        "broken/sa.yaml",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: [\n",
    );
    let code = |arguments: &[&str]| status(&run(room.path(), arguments));
    assert_eq!(code(&["scan", "clean"]), 0);
    assert_eq!(code(&["scan", "clean", "--fail-on", "info"]), 0);
    assert_eq!(code(&["scan", "admin"]), 0, "findings alone do not fail");
    assert_eq!(code(&["scan", "admin", "--fail-on", "high"]), 1);
    assert_eq!(code(&["scan", "nowhere"]), 2);
    assert_eq!(code(&["scan", "clean", "--fail-on", "terrible"]), 2);
    assert_eq!(code(&["scan", "clean", "--now", "yesterday"]), 2);
    assert_eq!(code(&["scan", "clean", "--exclude", "{a"]), 2);
    assert_eq!(
        code(&["scan", "clean", "--snapshot", "no/such/dir/x.json"]),
        2
    );
    assert_eq!(code(&["scan", "broken"]), 3);
    assert_eq!(code(&["scan", "broken", "--allow-incomplete"]), 0);
    assert_eq!(
        code(&["scan", "broken", "admin", "--fail-on", "high"]),
        1,
        "findings outrank incompleteness"
    );
    assert_eq!(code(&["--help"]), 0);
    assert_eq!(code(&["--version"]), 0);
    assert_eq!(code(&[]), 2);
}

#[test]
fn results_go_to_standard_output_and_everything_else_does_not() {
    let room = room();
    put(room.path(), "ci.yaml", ADMIN);
    put(room.path(), "tenure.yaml", "version: 1\n");
    let output = run(
        room.path(),
        &["scan", ".", "--format", "json", "--now", NOW],
    );
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema_version"], "1.0");
    assert_eq!(stderr(&output), "configuration: tenure.yaml\n");
    let output = run(
        room.path(),
        &["scan", ".", "--format", "json", "--now", NOW, "--quiet"],
    );
    assert_eq!(stderr(&output), "");
    assert_eq!(
        fs::read_dir(room.path()).unwrap().count(),
        2,
        "nothing is written that was not asked for"
    );
}

#[test]
fn standard_input_is_an_input_like_any_other() {
    let room = room();
    let output = support::tenure(room.path())
        .args(["scan", "-", "--format", "json", "--now", NOW])
        .write_stdin(ADMIN)
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["identities"][0]["id"], "k8s:cluster/build/ci");
    assert_eq!(report["identities"][0]["evidence"][0]["path"], "-");
}

#[test]
fn files_can_be_left_out() {
    let room = room();
    put(room.path(), "a/ci.yaml", ADMIN);
    put(room.path(), "vendor/x/ci.yaml", ADMIN);
    put(room.path(), "secret.tmp", "x");
    put(room.path(), ".tenureignore", "*.tmp\n");
    put(room.path(), ".gitignore", "a/\n");
    let files = |arguments: &[&str]| {
        let mut all = vec!["scan", ".", "--format", "json"];
        all.extend(arguments);
        let report: serde_json::Value =
            serde_json::from_slice(&run(room.path(), &all).stdout).unwrap();
        (
            report["coverage"]["files"].as_u64().unwrap(),
            report["coverage"]["excluded"].as_u64().unwrap(),
        )
    };
    assert_eq!(files(&[]), (4, 1));
    assert_eq!(files(&["--exclude", "vendor/"]), (3, 2));
    assert_eq!(
        files(&["--exclude", "vendor/", "--respect-gitignore"]),
        (2, 3)
    );
}

#[test]
fn a_baseline_tells_new_from_old() {
    let room = room();
    put(room.path(), "e/ci.yaml", ADMIN);
    let scan = |arguments: &[&str]| {
        let mut all = vec!["scan", "e"];
        all.extend(arguments);
        run(room.path(), &all)
    };
    assert_eq!(
        status(&scan(&["--now", "2026-10-01", "--snapshot", "old.json"])),
        0
    );
    assert_eq!(
        status(&scan(&[
            "--now",
            NOW,
            "--baseline",
            "old.json",
            "--fail-on",
            "low",
            "--new-only"
        ])),
        0
    );
    put(
        room.path(),
        "e/more.yaml",
        ADMIN.replace("name: ci", "name: ci2"),
    );
    let output = scan(&[
        "--now",
        NOW,
        "--baseline",
        "old.json",
        "--fail-on",
        "high",
        "--new-only",
        "--format",
        "json",
    ]);
    assert_eq!(status(&output), 1);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let of = |name: &str| {
        findings
            .iter()
            .find(|f| f["subject"]["name"] == name)
            .unwrap()
    };
    assert_eq!(of("ci")["status"], "persisting");
    assert_eq!(of("ci")["first_seen"], "2026-10-01T00:00:00Z");
    assert_eq!(of("ci2")["status"], "new");
    let changes = report["baseline"]["changes"].as_array().unwrap();
    assert!(
        changes
            .iter()
            .any(|c| c["kind"] == "identity-appeared"
                && c["subject"]["id"] == "k8s:cluster/build/ci2")
    );
    fs::remove_file(room.path().join("e/ci.yaml")).unwrap();
    let output = scan(&["--now", NOW, "--baseline", "old.json", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!report["baseline"]["gone"].as_array().unwrap().is_empty());
}

#[test]
fn a_snapshot_renders_as_the_scan_did() {
    let room = room();
    put(room.path(), "ci.yaml", ADMIN);
    run(
        room.path(),
        &["scan", "ci.yaml", "--now", NOW, "--snapshot", "s.json"],
    );
    for format in ["terminal", "json", "csv", "sarif", "markdown"] {
        let direct = stdout(&run(
            room.path(),
            &["scan", "ci.yaml", "--now", NOW, "--format", format],
        ));
        let again = stdout(&run(room.path(), &["report", "s.json", "--format", format]));
        assert_eq!(direct, again, "{format}");
    }
}

#[test]
fn show_finds_by_name_and_says_what_is_near() {
    let room = room();
    put(room.path(), "ci.yaml", ADMIN);
    let output = run(room.path(), &["show", "ci", "."]);
    assert_eq!(status(&output), 0);
    assert!(stdout(&output).contains("cluster-admin"));
    let output = run(room.path(), &["show", "cj", "."]);
    assert_eq!(status(&output), 2);
}

#[test]
fn init_writes_files_that_scan_understands_and_never_overwrites() {
    let room = room();
    put(room.path(), "ci.yaml", ADMIN);
    assert_eq!(status(&run(room.path(), &["init", "."])), 0);
    let registry = fs::read_to_string(room.path().join("nhi-registry.yaml")).unwrap();
    assert!(
        registry.contains("id: \"k8s:cluster/build/ci\""),
        "{registry}"
    );
    assert_eq!(
        status(&run(room.path(), &["init", "."])),
        2,
        "files that exist are left alone"
    );
    let output = run(
        room.path(),
        &["scan", ".", "--now", NOW, "--format", "json"],
    );
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["coverage"]["problems"], serde_json::json!([]));
    assert_eq!(
        report["identities"][0]["declaration"],
        "k8s:cluster/build/ci"
    );
}

#[test]
fn checks_explain_and_prove_themselves() {
    let room = room();
    let list = stdout(&run(room.path(), &["checks", "list"]));
    assert!(list.lines().count() >= 25, "{list}");
    let shown = stdout(&run(room.path(), &["checks", "show", "owner-missing"]));
    assert!(
        shown.contains("condition") && shown.contains("NHI1:2025"),
        "{shown}"
    );
    assert_eq!(status(&run(room.path(), &["checks", "test"])), 0);
    let output = run(room.path(), &["checks", "show", "owner-mising"]);
    assert_eq!(status(&output), 2);
    assert!(
        stderr(&output).contains("owner-missing"),
        "{}",
        stderr(&output)
    );
    assert!(stdout(&run(room.path(), &["checks", "attributes"])).contains("owner.state"));
}

#[test]
fn a_wrong_rule_is_refused_with_its_place() {
    let room = room();
    put(room.path(), "ci.yaml", ADMIN);
    put(
        room.path(),
        "rules/mine.yaml",
        "id: mine\ntitle: Mine\ncondition: owner.stat == 'unowned'\n",
    );
    let output = run(room.path(), &["scan", "ci.yaml", "--rules", "rules"]);
    assert_eq!(status(&output), 2);
    assert!(
        stderr(&output).contains("rules/mine.yaml:"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_schema_command_prints_the_published_schema() {
    let room = room();
    let printed = stdout(&run(room.path(), &["schema"]));
    let published = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/rules/snapshot.schema.json"
    ))
    .unwrap();
    assert_eq!(printed.trim_end(), published.trim_end());
}

#[test]
fn a_closed_pipe_is_a_polite_good_bye() {
    let room = room();
    put(room.path(), "ci.yaml", ADMIN);
    let binary = assert_cmd::cargo::cargo_bin("tenure");
    let script = format!(
        "'{}' scan ci.yaml --format json | true; echo ${{PIPESTATUS[0]}}",
        binary.display()
    );
    let output = std::process::Command::new("bash")
        .arg("-c")
        .arg(script)
        .current_dir(room.path())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "0",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_job_is_one_row_and_no_entry_of_a_registry() {
    let room = room();
    let steps = "[{uses: somebody/upload@main, with: {token: '${{ secrets.UPLOAD }}'}}]";
    let text = format!(
        "on: push\npermissions: {{contents: read}}\njobs:\n  build: {{runs-on: ubuntu-24.04, steps: {steps}}}\n"
    );
    put(room.path(), ".github/workflows/ci.yml", &text);
    let shown = stdout(&run(room.path(), &["scan", ".", "--now", NOW, "-q"]));
    assert_eq!(shown.matches("\n  ci.yml/build").count(), 1, "{shown}");
    assert!(shown.contains("MEDIUM"), "{shown}");
    assert_eq!(status(&run(room.path(), &["init", "."])), 0);
    let registry = fs::read_to_string(room.path().join("nhi-registry.yaml")).unwrap();
    assert!(registry.contains("identities: []"), "{registry}");
}

#[test]
fn checks_are_listed_by_what_their_names_hold() {
    let room = room();
    let listed = stdout(&run(room.path(), &["checks", "list", "Webhook"]));
    assert!(listed.contains("kubernetes-webhook-outside "), "{listed}");
    assert!(listed.lines().all(|l| l.to_lowercase().contains("webhook")));
}

#[test]
fn traits_and_derivations_are_shown() {
    let room = room();
    put(
        room.path(),
        "chart/Chart.yaml",
        "apiVersion: v2\nname: shipper\nversion: 1.0.0\n",
    );
    put(room.path(), "chart/values.yaml", "pruner: false\n");
    let account = "{{- if .Values.pruner }}\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: pruner, namespace: logs}\n{{- end }}\n";
    put(room.path(), "chart/templates/account.yaml", account);
    put(
        room.path(),
        "agent.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: logs}\nspec:\n  serviceAccountName: agent\n  containers: [{name: a, image: a, securityContext: {privileged: true}}]\n",
    );
    let show = |who: &str| stdout(&run(room.path(), &["show", who, ".", "--now", NOW, "-q"]));
    let pruner = show("pruner");
    assert!(pruner.contains("worked out   chart shipper"), "{pruner}");
    assert!(pruner.contains("status       disabled"), "{pruner}");
    let agent = show("agent");
    assert!(agent.contains("Pod agent (privileged"), "{agent}");
}
