//! Whose namespaces, accounts, projects and root modules are, and what lives in them: `fixtures/containers`, end to end.

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
use support::{NOW, copy, fixture, room, run, status, stderr};

/// The report on a fixture, copied out of this repository.
fn report(name: &str, repositories: &[(&str, &str)]) -> Value {
    let room = room();
    copy(
        &fixture(&format!("containers/{name}")),
        &room.path().join(name),
    );
    for (below, remote) in repositories {
        let path = room.path().join(below);
        let repository = git2::Repository::init(path).unwrap();
        repository.remote("origin", remote).unwrap();
    }
    let output = run(
        room.path(),
        &["scan", "--now", NOW, "--format", "json", name],
    );
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// State, owner, confidence and reason of the container or identity whose id ends like this.
fn of(report: &Value, list: &str, id: &str) -> (String, String, String, String) {
    let all = report[list].as_array().unwrap();
    let mut found = all
        .iter()
        .filter(|item| item["id"].as_str().unwrap().ends_with(id));
    let item = found.next().unwrap_or_else(|| {
        let ids: Vec<&Value> = all.iter().map(|item| &item["id"]).collect();
        panic!("no {id} among {ids:?}")
    });
    let ownership = &item["ownership"];
    let text = |name: &str| ownership[name].as_str().unwrap_or_default().to_owned();
    (
        text("state"),
        text("owner"),
        text("confidence"),
        text("reason"),
    )
}

#[track_caller]
fn expect(report: &Value, list: &str, id: &str, wanted: (&str, &str, &str), parts: &[&str]) {
    let (state, owner, confidence, reason) = of(report, list, id);
    assert_eq!(
        (state.as_str(), owner.as_str(), confidence.as_str()),
        wanted,
        "{id}: {reason}"
    );
    for part in parts {
        assert!(reason.contains(part), "{id}: {part} is not in: {reason}");
    }
}

#[test]
fn folders_of_namespaces() {
    let report = report(
        "folders",
        &[("folders", "https://github.com/acme/environments")],
    );
    let containers = |id, wanted, parts: &[&str]| expect(&report, "containers", id, wanted, parts);
    let identities = |id, wanted, parts: &[&str]| expect(&report, "identities", id, wanted, parts);
    let high = |owner| ("owned", owner, "high");
    let medium = |owner| ("owned", owner, "medium");

    // A namespace by its own annotations; an owner's address beside a team is no dispute.
    containers(
        "/shop-dev",
        high("mail:shop@example.com"),
        &[
            "`platform.example.com/owner`",
            "shop-dev/00-namespace.yaml:10",
        ],
    );
    // Who reviews the folder need not own what is in it.
    containers(
        "/billing-prod",
        high("mail:billing@example.com"),
        &["CODEOWNERS says otherwise: it gives", "team:acme/reviewers"],
    );
    // One without an owner is whose the code in its folder is.
    containers(
        "/bare",
        medium("team:bare-team"),
        &["module input `team_name`", "bare/resources/variables.tf:2"],
    );
    // A business unit is asked only where nobody else is named, and everybody knows what it is worth.
    let (_, owner, confidence, _) = of(&report, "containers", "/unit-only");
    assert_eq!(
        (owner.as_str(), confidence.as_str()),
        ("team:acme/platform", "medium")
    );

    identities(
        "/shop-dev/deployer",
        medium("mail:shop@example.com"),
        &["of k8s:cluster/shop-dev names"],
    );
    // Code in a namespace's folder is for it.
    identities(
        ":user/shop-uploads",
        medium("mail:shop@example.com"),
        &["in whose folder it stands", "00-namespace.yaml:1"],
    );
    // Arguments of modules here and elsewhere; the evidence is where the value stands.
    for id in [":user/billing-bot", "/billing-irsa"] {
        identities(id, medium("team:billing-core"), &["terraform.tfvars:1"]);
    }
    // A tag of its own comes before what its provider gives everything.
    identities(
        ":role/billing-own",
        high("mail:ledger@example.com"),
        &["tag `Owner`", "main.tf:31"],
    );
    let own = report["identities"].as_array().unwrap().iter();
    let mut own = own.filter(|i| i["id"].as_str().unwrap().ends_with(":role/billing-own"));
    let claims = own.next().unwrap()["ownership"]["claims"].clone();
    let default = claims.as_array().unwrap().iter();
    let mut default = default.filter(|claim| claim["method"] == "definition");
    assert_eq!(
        default.next(),
        None,
        "the tag's own value takes the place of the default"
    );
    // A folder with several namespaces says nothing about the code beside them.
    identities(":user/loose", medium("team:acme/platform"), &["CODEOWNERS"]);

    let findings = report["findings"].as_array().unwrap();
    let checks = |id: &str| -> Vec<&str> {
        let mut checks: Vec<&str> = findings
            .iter()
            .filter(|f| f["subject"]["id"].as_str().unwrap().ends_with(id))
            .map(|f| f["check"].as_str().unwrap())
            .collect();
        checks.sort_unstable();
        checks
    };
    assert_eq!(checks("/shop-dev"), ["container-review-overdue"]);
    assert_eq!(
        checks("/billing-prod"),
        ["container-review-date-unreadable"]
    );
    // What lives in it is not reported again.
    assert!(
        !checks("/shop-dev/deployer")
            .iter()
            .any(|c| c.contains("review"))
    );
}

#[test]
fn accounts_projects_and_stacks() {
    let report = report("clouds", &[]);
    let containers = |id, wanted, parts: &[&str]| expect(&report, "containers", id, wanted, parts);
    containers(
        "aws:111122223333",
        ("owned", "mail:shop@example.com", "high"),
        &["tag `Owner`"],
    );
    // An account without tags is the unit's around it.
    containers(
        "aws:444455556666",
        ("owned", "team:research", "medium"),
        &["tag `team` of aws:ou-ab12-cdefghij"],
    );
    containers(
        "aws:111122223333/stack/checkout",
        ("owned", "mail:checkout@example.com", "medium"),
        &["`OwnerEmail`"],
    );
    containers(
        "gcp:shop-prod",
        ("owned", "mail:jane.doe@example.com", "high"),
        &["label `owner`"],
    );
    containers(
        "gcp:lab-1",
        ("owned", "team:research", "medium"),
        &["of gcp:folders/88"],
    );
    containers("gcp:made-1", ("owned", "team:makers", "high"), &["main.tf"]);
    containers(
        "/group/shop-rg",
        ("owned", "mail:shop@example.com", "high"),
        &["tag `OWNER`"],
    );
    let identities = |id, wanted, parts: &[&str]| expect(&report, "identities", id, wanted, parts);
    identities(
        ":user/probe",
        ("owned", "team:research", "medium"),
        &["in which aws:444455556666 lies"],
    );
    identities(
        "gcp:ci@shop-prod.iam.gserviceaccount.com",
        ("owned", "team:checkout-team", "high"),
        &["field `Owned by`"],
    );
    identities(
        "gcp:lab@lab-1.iam.gserviceaccount.com",
        ("owned", "team:research", "medium"),
        &["in which gcp:lab-1 lies"],
    );
}

#[test]
fn deployers() {
    let report = report(
        "deployers",
        &[("deployers/deploy", "git@github.com:acme/deploy.git")],
    );
    let identities = |id, wanted, parts: &[&str]| expect(&report, "identities", id, wanted, parts);
    identities(
        "/shop/web",
        ("owned", "team:acme/shop", "medium"),
        &[
            "annotation `argocd.argoproj.io/tracking-id`",
            "Argo CD Application argocd/shop",
            "which deploys apps/shop of github.com/acme/deploy",
            "deploy/CODEOWNERS:1",
        ],
    );
    // The label that Argo CD tracks by unless it is told otherwise.
    identities(
        "/shop/front",
        ("owned", "team:acme/shop", "medium"),
        &[
            "label `app.kubernetes.io/instance`",
            "Argo CD Application argocd/shop",
        ],
    );
    identities(
        "/shop/batch",
        ("owned", "team:acme/batch", "medium"),
        &["Flux Kustomization flux-system/batch", "CODEOWNERS:2"],
    );
    identities(
        "/shop/cache",
        ("owned", "team:team-cache", "medium"),
        &[
            "annotation `meta.helm.sh/release-name`",
            "HelmRelease shop/cache",
        ],
    );
}
