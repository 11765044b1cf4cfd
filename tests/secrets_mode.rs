//! Scans for credentials alone, what is shown of them, and baselines.

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
use support::{NOW, findings, put, report, room, run, status, stderr, stdout, token};

const ADMIN: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ci, namespace: build}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: ci}\nroleRef: {kind: ClusterRole, name: cluster-admin, apiGroup: rbac.authorization.k8s.io}\nsubjects: [{kind: ServiceAccount, name: ci, namespace: build}]\n";

#[test]
fn only_secrets_reads_nothing_else_and_judges_nothing_else() {
    let room = room();
    put(room.path(), "in/ci.yaml", ADMIN);
    put(room.path(), "in/.env", format!("TOKEN={}\n", token(1)));
    let whole = report(room.path(), &["in"]);
    let only = report(room.path(), &["in", "--only", "secrets"]);
    assert!(!whole["identities"].as_array().unwrap().is_empty());
    assert!(only["identities"].as_array().unwrap().is_empty());
    assert_eq!(findings(&only, "credential-leaked").len(), 1);
    assert_eq!(
        findings(&only, "credential-leaked"),
        findings(&whole, "credential-leaked")
    );
    for check in only["checks"].as_array().unwrap() {
        let id = check["id"].as_str().unwrap();
        let file = format!("{}/rules/checks/{id}.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(file).unwrap();
        let asks = |kind: &str| text.contains(&format!("applies_to: {kind}\n"));
        assert!(asks("credential") || asks("waiver"), "{id}");
    }
    assert_eq!(only["coverage"]["files"], 2);
}

#[test]
fn families_go_together_and_are_validated() {
    let room = room();
    put(room.path(), "in/ci.yaml", ADMIN);
    put(room.path(), "in/.env", format!("TOKEN={}\n", token(1)));
    put(room.path(), "in/CODEOWNERS", "* @acme/platform\n");
    let both = report(room.path(), &["in", "--only", "secrets,ownership"]);
    let owned = &both["credentials"][0]["ownership"];
    assert_eq!(owned["owner"], "team:acme/platform", "{owned}");
    let manifests = report(room.path(), &["in", "--only", "kubernetes"]);
    assert!(manifests["credentials"].as_array().unwrap().is_empty());
    assert_eq!(findings(&manifests, "identity-admin").len(), 1);
    assert!(
        findings(&manifests, "owner-missing").is_empty(),
        "nobody who knows owners was asked"
    );
    let wrong = run(room.path(), &["scan", "in", "--only", "secret"]);
    assert_eq!(status(&wrong), 2);
    assert!(
        stderr(&wrong).contains("did you mean `secrets`?"),
        "{}",
        stderr(&wrong)
    );
}

#[test]
fn settings_and_waivers_of_checks_outside_the_scan_are_left_alone() {
    let room = room();
    put(room.path(), "in/.env", format!("TOKEN={}\n", token(1)));
    put(
        room.path(),
        "tenure.yaml",
        "version: 1\nparameters:\n  identity-unused: {max_idle_days: 30}\nwaivers:\n  - {check: identity-admin, subject: '*', owner: o, approver: a, reason: r, expires: 2027-01-01}\n  - {check: credential-leaked, subject: 'secret:nothing', owner: o, approver: a, reason: r, expires: 2027-01-01}\n",
    );
    let only = report(room.path(), &["in", "--only", "secrets"]);
    let unused = findings(&only, "waiver-unused");
    assert_eq!(unused.len(), 1, "{unused:?}");
    assert_eq!(
        unused[0]["subject"]["id"],
        "credential-leaked secret:nothing"
    );
    assert_eq!(
        findings(&report(room.path(), &["in"]), "waiver-unused").len(),
        2
    );
}

#[test]
fn what_is_shown_of_a_value_is_the_prefix_and_what_was_asked_for() {
    let room = room();
    let token = token(7);
    let password = format!("Pa55-{}", &support::token(9)[6..22]);
    put(
        room.path(),
        "in/app.env",
        format!("TOKEN={token}\nDB_PASSWORD={password}\n"),
    );
    for (shown, flag) in [(0, "0"), (4, "4")] {
        let json = report(room.path(), &["in", "--reveal-prefix", flag]);
        let displays: Vec<&str> = json["credentials"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|c| c["display"].as_str())
            .collect();
        assert!(
            displays.contains(&format!("{}…", &token[..6 + shown]).as_str()),
            "{displays:?}"
        );
        assert!(
            displays.contains(&"…"),
            "a password shows nothing: {displays:?}"
        );
        for format in [
            "terminal",
            "sarif",
            "markdown",
            "csv-findings",
            "csv-inventory",
            "json",
        ] {
            let arguments = [
                "scan",
                "in",
                "--now",
                NOW,
                "--reveal-prefix",
                flag,
                "-f",
                format,
            ];
            let out = stdout(&run(room.path(), &arguments));
            assert!(!out.contains(&token[..6 + shown + 1]), "{format}");
            assert!(!out.contains(&token[token.len() - 4..]), "{format}");
            assert!(!out.contains(&password[..6]), "{format}");
        }
    }
    let five = run(room.path(), &["scan", "in", "--reveal-prefix", "5"]);
    assert_eq!(status(&five), 2);
}

#[test]
fn a_baseline_holds_when_lines_move() {
    let room = room();
    put(room.path(), "in/.env", format!("A=1\nTOKEN={}\n", token(1)));
    let first = run(
        room.path(),
        &[
            "scan",
            "in",
            "--only",
            "secrets",
            "--snapshot",
            "debt.json",
            "-q",
        ],
    );
    assert_eq!(status(&first), 0);
    let gate = [
        "scan",
        "in",
        "--only",
        "secrets",
        "--baseline",
        "debt.json",
        "--new-only",
        "--fail-on",
        "low",
    ];
    // The old one moved, in the file and to another file.
    put(
        room.path(),
        "in/.env",
        format!("A=1\nB=2\n\n\nTOKEN={}\n", token(1)),
    );
    put(
        room.path(),
        "in/config/prod.env",
        format!("TOKEN={}\n", token(1)),
    );
    let output = run(room.path(), &gate);
    assert_eq!(status(&output), 0, "{}", stdout(&output));
    put(room.path(), "in/new.env", format!("TOKEN={}\n", token(2)));
    assert_eq!(status(&run(room.path(), &gate)), 1);
}

#[test]
fn sarif_recognises_results_and_quotes_no_text() {
    let room = room();
    put(room.path(), "in/.env", format!("A=1\nTOKEN={}\n", token(1)));
    let sarif = |room: &std::path::Path| -> serde_json::Value {
        let output = run(
            room,
            &[
                "scan", "in", "--only", "secrets", "-f", "sarif", "--now", NOW,
            ],
        );
        assert!(!stdout(&output).contains("snippet"));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let fingerprints =
        |log: &serde_json::Value| log["runs"][0]["results"][0]["partialFingerprints"].clone();
    let before = fingerprints(&sarif(room.path()));
    put(
        room.path(),
        "in/.env",
        format!("\n\nA=1\nTOKEN={}\n", token(1)),
    );
    assert_eq!(fingerprints(&sarif(room.path())), before);
    assert!(before["primaryLocationLineHash"].is_string());
}

#[cfg(target_os = "linux")]
#[test]
fn no_memory_is_ever_dumped() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    // A pipe that nobody writes to keeps the program waiting where it can be looked at.
    let room = room();
    let binary = assert_cmd::cargo::cargo_bin("tenure");
    let mut child = Command::new(binary)
        .args(["scan", "-", "-q", "--no-config"])
        .current_dir(room.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let of =
        |name: &str| fs::read_to_string(format!("/proc/{}/{name}", child.id())).unwrap_or_default();
    let started = Instant::now();
    let (mut limits, mut filter) = (String::new(), String::new());
    while started.elapsed() < Duration::from_secs(20) {
        (limits, filter) = (of("limits"), of("coredump_filter"));
        if filter.trim() == "00000000" {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(child.stdin.take());
    child.wait().unwrap();
    assert_eq!(filter.trim(), "00000000");
    let core = limits
        .lines()
        .find(|l| l.starts_with("Max core file size"))
        .unwrap();
    let numbers: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(numbers, ["0", "0"], "{core}");
}

/// The text of a file at the root of the repository.
fn shipped(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(path).unwrap()
}

/// Every `run:` script of the Action, without its indentation.
fn scripts() -> Vec<String> {
    let action: serde_json::Value = serde_yaml::from_str(&shipped("action.yml")).unwrap();
    let steps = action["runs"]["steps"].as_array().unwrap();
    let scripts = steps.iter().filter_map(|step| step["run"].as_str());
    scripts.map(str::to_owned).collect()
}

#[test]
fn the_action_runs_no_text_of_its_inputs_and_no_action_of_others() {
    let scripts = scripts();
    assert_eq!(scripts.len(), 3);
    for script in &scripts {
        assert!(!script.contains("${{"), "{script}");
        assert!(script.starts_with("set -euo pipefail"), "{script}");
    }
    assert!(!shipped("action.yml").contains("uses:"));
}

/// Runs the Action's scan with a program that writes down its arguments, one a line.
#[cfg(unix)]
fn action(environment: &[(&str, &str)]) -> (i32, String) {
    use std::os::unix::fs::PermissionsExt;
    let room = room();
    let path = |name: &str| room.path().join(name).to_str().unwrap().to_owned();
    put(
        room.path(),
        "tenure",
        "#!/bin/sh\nprintf '%s\\n' \"$@\"\nexit 1\n",
    );
    fs::set_permissions(path("tenure"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = std::process::Command::new("bash");
    command
        .args(["-c", &scripts()[1]])
        .current_dir(room.path())
        .env("TENURE_BINARY", path("tenure"))
        .env("RUNNER_TEMP", path("temp"))
        .env("GITHUB_OUTPUT", path("output"))
        .env("GITHUB_STEP_SUMMARY", path("summary"));
    for name in [
        "ONLY",
        "FAIL_ON",
        "WHOLE_TREE",
        "BASELINE",
        "TRUST",
        "BASE",
        "HEAD",
        "PATHS",
    ] {
        command.env(format!("TENURE_{name}"), "");
    }
    let output = command.envs(environment.iter().copied()).output().unwrap();
    (status(&output), stdout(&output))
}

#[cfg(unix)]
#[test]
fn the_action_passes_inputs_as_arguments_and_keeps_the_status() {
    let hostile = "a b; touch x\n$(touch y)\n--rules\n";
    let (code, said) = action(&[
        ("TENURE_PATHS", hostile),
        ("TENURE_ONLY", "secrets"),
        ("TENURE_FAIL_ON", "high"),
        ("TENURE_TRUST", "true"),
        ("TENURE_BASE", "0000000000000000000000000000000000000000"),
        ("TENURE_HEAD", "; touch z"),
    ]);
    assert_eq!(code, 1);
    // What the program says stands between the lines that keep the runner from obeying it.
    let mut lines: Vec<&str> = said.lines().collect();
    let silence = lines.remove(0).strip_prefix("::stop-commands::").unwrap();
    assert_eq!(lines.pop().unwrap(), format!("::{silence}::"));
    let lines = lines.split_off(3);
    assert_eq!(
        lines,
        [
            "--format",
            "terminal",
            "--only=secrets",
            "--fail-on=high",
            "--",
            "a b; touch x",
            "$(touch y)",
            "--rules"
        ]
    );
    let (code, said) = action(&[
        ("TENURE_FAIL_ON", "never"),
        ("TENURE_BASE", &"a".repeat(40)),
        ("TENURE_HEAD", &"b".repeat(40)),
    ]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("fetch-depth"), "{said}");
}

#[test]
fn hooks_and_templates_ask_for_flags_that_there_are() {
    let hooks: serde_json::Value =
        serde_yaml::from_str(&shipped(".pre-commit-hooks.yaml")).unwrap();
    for hook in hooks.as_array().unwrap() {
        let entry = hook["entry"].as_str().unwrap();
        assert!(
            entry.starts_with("tenure scan --staged --only secrets --fail-on "),
            "{entry}"
        );
        assert_eq!(hook["pass_filenames"], false);
    }
    let template: serde_json::Value =
        serde_yaml::from_str(&shipped("ci/gitlab-ci-template.yml")).unwrap();
    assert!(
        template["tenure"]["script"][0]
            .as_str()
            .unwrap()
            .starts_with("set -eu")
    );
    let room = room();
    let help = stdout(&run(room.path(), &["scan", "--help"]));
    for flag in [
        "--only",
        "--fail-on",
        "--baseline",
        "--new-only",
        "--out",
        "--exclude",
        "--no-config",
    ] {
        assert!(help.contains(flag), "{flag}");
    }
}

#[test]
fn a_password_that_code_puts_into_a_name_is_struck_from_all_texts() {
    let room = room();
    let password = ["wq7RzK93", "vTb2LmXd"].concat();
    put(
        room.path(),
        "in/main.tf",
        format!(
            "locals {{\n  db_password = \"{password}\"\n}}\n\nresource \"aws_iam_user\" \"app\" {{\n  name = \"app-${{local.db_password}}\"\n}}\n"
        ),
    );
    let whole = report(room.path(), &["in"]);
    assert_eq!(findings(&whole, "credential-leaked").len(), 1);
    assert_eq!(whole["identities"][0]["name"], "app-…");
    assert!(!whole.to_string().contains(&password));
}
