//! Workflows and pipelines: `fixtures/ci/<case>` holds files and what they state, one fact a line.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tenure::model::*;
use tenure::reader::Reader;
use tenure::reader::azure_pipelines::AzurePipelines;
use tenure::reader::bitbucket::Bitbucket;
use tenure::reader::circleci::CircleCi;
use tenure::reader::github_actions::GithubActions;
use tenure::reader::gitlab_ci::GitlabCi;
use tenure::reader::jenkinsfile::Jenkinsfile;

fn readers() -> Vec<Box<dyn Reader>> {
    vec![
        Box::new(AzurePipelines),
        Box::new(Bitbucket),
        Box::new(CircleCi),
        Box::new(GithubActions),
        Box::new(GitlabCi),
        Box::new(Jenkinsfile),
    ]
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ci")
}

/// The files below a directory, by path.
fn files(folder: &Path, to: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, to);
        } else if path.file_name().unwrap() != "expected.txt" {
            to.push(path);
        }
    }
}

/// Reads texts as a scan would.
fn read(texts: &[(String, Vec<u8>)]) -> (Inventory, Vec<Problem>) {
    let mut inventory = Inventory::default();
    let mut problems = Vec::new();
    let origins: Vec<Arc<Origin>> = texts
        .iter()
        .map(|(path, _)| Origin::file(path.as_str()))
        .collect();
    for reader in readers() {
        let mut documents = Vec::new();
        for ((_, bytes), origin) in texts.iter().zip(&origins) {
            let head = &bytes[..bytes.len().min(8192)];
            let probe = Probe {
                origin,
                head,
                complete: head.len() == bytes.len(),
                binary: head.contains(&0),
            };
            if reader.accepts(&probe) {
                documents.push(Document { origin, bytes });
            }
        }
        let (facts, trouble) = reader.read_together(&documents);
        inventory.absorb(facts);
        problems.extend(trouble);
    }
    (inventory, problems)
}

fn one(path: &str, text: &str) -> (Inventory, Vec<Problem>) {
    read(&[(path.to_owned(), text.as_bytes().to_vec())])
}

fn label(used: &Used) -> String {
    let list = |names: &Set<Str>| {
        names
            .iter()
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let whose = match used.third_party {
        Some(true) => "third party",
        Some(false) => "own",
        None => "unknown party",
    };
    let pinned = if used.pinned { "pinned" } else { "open" };
    let version = used.version.as_deref().unwrap_or("-");
    let mut text = format!("{} {} {version}, {pinned}, {whose}", used.kind, used.name);
    if !used.secrets.is_empty() {
        let _ = write!(text, ", given {}", list(&used.secrets));
    }
    if !used.ambient.is_empty() {
        let _ = write!(text, ", near {}", list(&used.ambient));
    }
    text
}

/// What an inventory holds, one fact a line.
fn rendered(inventory: &Inventory) -> String {
    let mut out = String::new();
    for job in &inventory.jobs {
        let _ = writeln!(out, "{}", job.id);
        let join = |set: &Set<Str>| {
            set.iter()
                .map(|t| t.to_string())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let _ = writeln!(out, "  started by {}", join(&job.triggers));
        let granted: Vec<String> = job
            .permissions
            .iter()
            .map(|(n, l)| format!("{n}:{l}"))
            .collect();
        let _ = writeln!(
            out,
            "  token ({}) {}",
            job.permissions_from,
            granted.join(" ")
        );
        if !job.runners.is_empty() || job.self_hosted.is_some() {
            let _ = writeln!(
                out,
                "  on {} self-hosted {:?}",
                join(&job.runners),
                job.self_hosted
            );
        }
        if let Some(environment) = &job.environment {
            let _ = writeln!(out, "  to {environment}");
        }
        if job.runs_foreign_code != Some(false) {
            let _ = writeln!(out, "  foreign code {:?}", job.runs_foreign_code);
        }
        if job.all_secrets {
            let _ = writeln!(out, "  all secrets");
        }
        for used in &job.uses {
            let _ = writeln!(out, "  uses {}", label(used));
        }
        for assumed in &job.assumes {
            let id = assumed.identity.as_ref().map_or("-", |id| &id.0);
            let audience = assumed.audience.as_deref().unwrap_or("-");
            let _ = writeln!(
                out,
                "  becomes {} by {} for {audience}: {id}",
                assumed.target, assumed.by
            );
        }
        for mark in &job.traits {
            let _ = writeln!(out, "  is {mark}");
        }
        for secret in inventory
            .secret_uses
            .iter()
            .filter(|s| s.workload == job.id)
        {
            let to = secret
                .receiver
                .as_deref()
                .map(|r| format!(" to {r}"))
                .unwrap_or_default();
            let line = secret.evidence.line.unwrap_or_default();
            let _ = writeln!(
                out,
                "  secret {} by {}{to} (line {line})",
                secret.secret, secret.how
            );
        }
        let identity = &inventory.identities[&job.runs_as];
        for token in &identity.tokens {
            let issuer = token.issuer.as_deref().unwrap_or("-");
            let audience = token.audience.as_deref().unwrap_or("-");
            let _ = writeln!(out, "  shows {issuer} {} to {audience}", token.subject);
        }
        for line in &identity.derivation {
            let _ = writeln!(out, "  derived: {line}");
        }
    }
    out
}

#[test]
fn fixtures_state_what_they_should() {
    let mut wrong = Vec::new();
    let mut cases: Vec<_> = fs::read_dir(root())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 10);
    for case in cases {
        let mut paths = Vec::new();
        files(&case, &mut paths);
        let texts: Vec<_> = paths
            .iter()
            .map(|path| {
                let below = path
                    .strip_prefix(root())
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                (below, fs::read(path).unwrap())
            })
            .collect();
        let (inventory, problems) = read(&texts);
        assert!(problems.is_empty(), "{problems:?}");
        let actual = rendered(&inventory);
        let expected = fs::read_to_string(case.join("expected.txt")).unwrap_or_default();
        if actual != expected {
            wrong.push(format!("== {}\n{actual}", case.display()));
        }
        // The order of files says nothing.
        let mut reversed = texts.clone();
        reversed.reverse();
        reversed.sort();
        assert_eq!(rendered(&read(&reversed).0), actual);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_taken_for_another_system() {
    let mut paths = Vec::new();
    files(&root(), &mut paths);
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        let below = path.strip_prefix(root()).unwrap().to_str().unwrap();
        let origin = Origin::file(below);
        let probe = Probe {
            origin: &origin,
            head: &bytes,
            complete: true,
            binary: false,
        };
        let names: Vec<&str> = readers()
            .iter()
            .filter(|r| r.accepts(&probe))
            .map(|r| r.name())
            .collect();
        assert!(names.len() <= 1, "{below}: {names:?}");
    }
    for (path, text) in [
        ("a/values.yaml", "on: true\nimage: x\n"),
        ("a/k8s.yaml", "apiVersion: v1\nkind: Pod\njobs: []\n"),
        ("a/compose.yml", "services: {a: {image: b}}\n"),
        (".travis.yml", "language: rust\njobs: {include: []}\n"),
    ] {
        let (inventory, problems) = one(path, text);
        assert!(inventory.jobs.is_empty() && problems.is_empty(), "{path}");
    }
}

#[test]
fn every_form_of_triggers_is_read() {
    for (on, expected) in [
        ("on: push", "push"),
        ("on: [push, fork]", "fork push"),
        (
            "on: {push: {branches: [a]}, schedule: [{cron: x}]}",
            "push schedule",
        ),
        ("'on': push", "push"),
        ("true: push", "push"),
        ("on:\n  - push", "push"),
        ("on:\n  push:", "push"),
    ] {
        let text = format!("{on}\njobs: {{a: {{runs-on: ubuntu-latest, steps: []}}}}\n");
        let (inventory, _) = one("r/.github/workflows/a.yml", &text);
        let job = inventory.jobs.first().unwrap();
        let actual: Vec<&str> = job.triggers.iter().map(|t| &**t).collect();
        assert_eq!(actual.join(" "), expected, "{on}");
    }
}

#[test]
fn a_repositorys_setting_decides_what_is_not_stated() {
    let workflow = (
        "o/r/.github/workflows/a.yml".to_owned(),
        b"on: push\njobs: {a: {steps: []}}\n".to_vec(),
    );
    let setting = |value: &str| {
        let text = format!(
            "{{\"default_workflow_permissions\":\"{value}\",\"can_approve_pull_request_reviews\":false}}"
        );
        (
            "exports/o/r/actions-permissions-workflow.json".to_owned(),
            text.into_bytes(),
        )
    };
    let of = |texts: &[(String, Vec<u8>)]| {
        let (inventory, _) = read(texts);
        let job = inventory.jobs.first().unwrap().clone();
        (
            job.permissions_from.to_string(),
            job.permissions.get("contents").map(|l| l.to_string()),
            job.permissions.len(),
        )
    };
    assert_eq!(
        of(std::slice::from_ref(&workflow)),
        ("default".into(), None, 0)
    );
    assert_eq!(
        of(&[workflow.clone(), setting("write")]),
        ("repository".into(), Some("write".into()), 14)
    );
    assert_eq!(
        of(&[workflow, setting("read")]),
        ("repository".into(), Some("read".into()), 2)
    );
}

#[test]
fn hostile_files_are_bounded_and_told() {
    let paths = [
        "r/.github/workflows/a.yml",
        "r/action.yml",
        "r/.gitlab-ci.yml",
        "r/.circleci/config.yml",
        "r/azure-pipelines.yml",
        "r/bitbucket-pipelines.yml",
        "r/Jenkinsfile",
    ];
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let list = vec![format!("*a{}", i - 1); 10].join(", ");
        bomb.push_str(&format!("a{i}: &a{i} [{list}]\n"));
    }
    bomb.push_str("on: push\njobs: *a11\n");
    let types = [
        "on: 3\njobs: 4\n",
        "on: [[[]]]\njobs: {a: [], b: null, c: 1, d: {steps: {x: 1}, env: [1], permissions: [1], strategy: 3, runs-on: {a: [b]}, services: 1, container: [], environment: [], uses: [], if: {}}}\n",
        "jobs: {a: {steps: [1, [2], {uses: {a: b}}, {run: [x]}, {with: 3, uses: a/b}]}}\non: push\n",
        "include: {a: [b]}\nx: {script: {a: [{b: c}]}, extends: [x, [y], x], id_tokens: 3, secrets: [1], image: [[]]}\n",
        "pipelines: {default: [{step: 1}, {parallel: {steps: 3}}, 4], branches: 7}\n",
        "stages: [1, {stage: [], jobs: 5}]\njobs: [{job: {a: b}, steps: 3}]\npool: []\nvariables: {group: [1]}\n",
        "version: 2.1\norbs: [1]\njobs: {a: {docker: {b: c}, steps: [{x/y: [z]}]}}\nworkflows: {m: {jobs: [{a: 3}, [b]]}}\n",
        "{{ template }}\n- [",
        "\u{0}",
        "",
        "%YAML 9\n",
        "on: push\njobs:\n  a: &a\n    steps: [*a]\n",
    ];
    for path in paths {
        for text in types.iter().copied().chain([bomb.as_str()]) {
            let (inventory, _) = one(path, text);
            let _ = rendered(&inventory);
        }
        let (_, _) = read(&[(path.to_owned(), vec![0xff; 3000])]);
    }
    let (_, problems) = one("r/.github/workflows/a.yml", &bomb);
    assert!(!problems.is_empty());
}

#[test]
fn circles_end() {
    let call = |to: &str| {
        format!("on: workflow_call\njobs: {{a: {{uses: ./.github/workflows/{to}.yml}}}}\n")
            .into_bytes()
    };
    let (inventory, _) = read(&[
        ("r/.github/workflows/a.yml".into(), call("b")),
        ("r/.github/workflows/b.yml".into(), call("a")),
    ]);
    assert_eq!(inventory.jobs.len(), 2);
    // Actions that multiply: each uses the next ten times.
    let mut texts = vec![(
        "r/.github/workflows/a.yml".to_owned(),
        b"on: push\njobs: {a: {steps: [{uses: ./x0}]}}\n".to_vec(),
    )];
    for i in 0..9 {
        let step = format!("{{uses: ./x{}}}", i + 1);
        let steps = vec![step; 10].join(", ");
        let text = format!("runs: {{using: composite, steps: [{steps}]}}\n");
        texts.push((format!("r/x{i}/action.yml"), text.into_bytes()));
    }
    let (inventory, problems) = read(&texts);
    assert_eq!(inventory.jobs.len(), 1);
    assert!(problems.iter().any(|p| p.kind == ProblemKind::Limited));
    let extends =
        "a: {extends: b, script: [x]}\nb: {extends: a, script: [!reference [b, script]]}\n";
    let (inventory, _) = one("r/.gitlab-ci.yml", extends);
    assert_eq!(inventory.jobs.len(), 2);
}

#[test]
fn symbolic_parts_are_said_and_never_guessed() {
    let text = "on: push\npermissions: {id-token: write}\njobs:\n  a:\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with: {role-to-assume: 'arn:aws:iam::${{ vars.ACCOUNT }}:role/x'}\n";
    let (inventory, _) = one("r/.github/workflows/a.yml", text);
    let identity = inventory.identities.values().next().unwrap();
    assert!(identity.becomes.is_empty());
    assert!(
        identity
            .derivation
            .iter()
            .any(|d| d.contains("${{ vars.ACCOUNT }}"))
    );
    assert_eq!(
        &*identity.tokens.first().unwrap().audience.clone().unwrap(),
        "sts.amazonaws.com"
    );
}

#[test]
fn what_fills_a_secret_of_a_gitlab_job_is_one_and_a_role_is_assumed_once() {
    let (inventory, _) = one(
        "r/.gitlab-ci.yml",
        "variables: {ROLE: \"arn:aws:iam::111122223333:role/deploy\"}\n\
         deploy:\n  image: acme/tools:1\n  id_tokens: {AWS_TOKEN: {aud: https://gitlab.com}}\n  \
         variables: {ROLE_ARN: \"arn:aws:iam::111122223333:role/deploy\"}\n  \
         script: ['aws sts assume-role-with-web-identity --role-arn ${ROLE_ARN} --web-identity-token $AWS_TOKEN']\n\
         static:\n  variables: {AWS_ACCESS_KEY_ID: $AK, AWS_SECRET_ACCESS_KEY: $SK, NPM_TOKEN: $NPM_TOKEN}\n  \
         script: [aws s3 ls]\n\
         next:\n  image: acme/tools:1\n  trigger: {project: acme/other}\n",
    );
    let job = |name: &str| inventory.jobs.iter().find(|job| &*job.name == name);
    let deploy = job("deploy").unwrap();
    let assumed: Vec<_> = deploy
        .assumes
        .iter()
        .map(|it| (&*it.target, it.audience.as_deref()))
        .collect();
    let role = "arn:aws:iam::111122223333:role/deploy";
    assert_eq!(assumed, [(role, Some("https://gitlab.com"))]);
    let fixed = job("static").unwrap();
    assert!(
        fixed
            .traits
            .iter()
            .any(|it| &**it == "static-cloud-key:aws")
    );
    let secrets: Vec<&str> = inventory
        .secret_uses
        .iter()
        .filter(|used| used.workload == fixed.id)
        .map(|used| &*used.name)
        .collect();
    assert_eq!(secrets, ["AK", "NPM_TOKEN", "SK"]);
    assert!(job("next").unwrap().uses.is_empty());
}
