//! The registry beside what was found, end to end: `fixtures/registry/estate`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed; clippy knows only functions marked as tests"
)]

mod support;

use serde_json::Value;
use support::{NOW, copy, fixture, put, room, run, stdout};

fn scan() -> Value {
    let room = room();
    copy(&fixture("registry/estate"), room.path());
    let out = run(
        room.path(),
        &["scan", ".", "--now", NOW, "--format", "json"],
    );
    serde_json::from_str(&stdout(&out)).unwrap()
}

fn kinds(gaps: &Value) -> Vec<&str> {
    let gaps = gaps.as_array().map_or(&[][..], Vec::as_slice);
    gaps.iter()
        .map(|gap| gap["kind"].as_str().unwrap())
        .collect()
}

fn declaration<'s>(snapshot: &'s Value, id: &str) -> &'s Value {
    let mut all = snapshot["declarations"].as_array().unwrap().iter();
    all.find(|d| d["id"] == id)
        .unwrap_or_else(|| panic!("no entry {id}"))
}

fn identity<'s>(snapshot: &'s Value, name: &str) -> &'s Value {
    let mut all = snapshot["identities"].as_array().unwrap().iter();
    all.find(|i| i["name"] == name)
        .unwrap_or_else(|| panic!("no identity {name}"))
}

const ROLE: &str = "aws:iam-role:111122223333/";

#[test]
fn every_entry_has_its_state_and_its_gaps() {
    let snapshot = scan();
    for (id, state, gaps) in [
        (
            "svc-orders",
            "both",
            &["environment-differs", "actions-beyond-approval"][..],
        ),
        (
            "svc-billing",
            "both",
            &[
                "owner-differs",
                "backup-owner-same",
                "purpose-generic",
                "tenants-missing",
                "accountability-collapsed",
                "data-categories-missing",
                "approver-missing",
                "expiry-empty",
                "review-malformed",
                "revocation-test-old",
                "attestation-stale",
            ],
        ),
        (
            "svc-reports",
            "both",
            &[
                "backup-owner-missing",
                "environment-missing",
                "tenants-missing",
                "accountability-incomplete",
                "data-categories-missing",
                "approver-missing",
                "expiry-past",
                "review-malformed",
                "revocation-untested",
                "attestation-missing",
            ],
        ),
        (
            "svc-gone",
            "declared-only",
            &[
                "entry-repeated",
                "backup-owner-missing",
                "purpose-missing",
                "environment-missing",
                "tenants-missing",
                "accountability-incomplete",
                "data-categories-missing",
                "approver-missing",
                "expiry-absent",
                "review-absent",
                "revocation-missing",
                "attestation-missing",
            ],
        ),
    ] {
        let found = declaration(&snapshot, &format!("{ROLE}{id}"));
        assert_eq!(
            (found["state"].as_str().unwrap(), kinds(&found["gaps"])),
            (state, gaps.to_vec()),
            "{id}"
        );
    }
    let elsewhere = declaration(&snapshot, "aws:iam-role:999999999999/svc-elsewhere");
    assert_eq!(elsewhere["state"], "not-evaluable");
}

#[test]
fn every_field_of_an_entry_is_in_the_snapshot() {
    let snapshot = scan();
    let orders = declaration(&snapshot, &format!("{ROLE}svc-orders"));
    for (field, value) in [
        ("owner", "team:payments"),
        ("backup_owner", "mail:ops@example.com"),
        ("role", "workload"),
        ("environment", "dev"),
        ("approver", "mail:ciso@example.com"),
        ("approved_tier", "write"),
        ("review_by", "2027-01-31"),
        ("expires", "2027-03-31"),
        ("revocation", "docs/revoke.md"),
        ("revocation_tested", "2026-05-01"),
        ("attested_by", "mail:jane@example.com"),
        ("attested_on", "2026-10-01"),
    ] {
        assert_eq!(orders[field], value, "{field}");
    }
    assert_eq!(orders["allowed_actions"], serde_json::json!(["s3:Get*"]));
    assert_eq!(
        orders["accountability"],
        serde_json::json!({
            "workflow_owner": "team:platform", "policy_owner": "team:iam", "operator": "team:payments",
            "model": "customer", "others": {"auditor": "team:internal-audit"},
        })
    );
}

#[test]
fn identities_are_matched_by_glob_label_and_kind_in_every_file() {
    let snapshot = scan();
    for (name, entry) in [
        ("checkout", "k8s:shop/check*"),
        ("worker", "id=k8s:cluster/shop/worker,provider=kubernetes"),
        ("tagged", "kind=aws-role,team:sea*"),
    ] {
        assert_eq!(identity(&snapshot, name)["declaration"], entry);
    }
    let batch = &identity(&snapshot, "batch")["registration"];
    assert_eq!(
        (&batch["state"], &batch["needs_entry"]),
        (&"found-only".into(), &true.into())
    );
    assert!(kinds(&batch["gaps"]).contains(&"entry-missing"));
}

#[test]
fn actions_are_compared_three_valued() {
    let snapshot = scan();
    let of = |name: &str| {
        let registration = &identity(&snapshot, name)["registration"];
        let beyond = kinds(&registration["gaps"]).contains(&"actions-beyond-approval");
        let open = registration["open"]
            .to_string()
            .contains("actions-beyond-approval");
        (beyond, open)
    };
    assert_eq!(of("svc-orders"), (true, false), "sqs:* is not meant");
    assert_eq!(of("svc-billing"), (false, false));
    assert_eq!(
        of("svc-reports"),
        (false, false),
        "a denial takes the rest away"
    );
    assert_eq!(of("svc-unread"), (false, true), "a policy was not read");
    assert_eq!(of("checkout"), (false, false));
    assert_eq!(of("worker"), (true, false));
}

#[test]
fn checks_speak_where_it_matters_and_not_of_every_gap() {
    let snapshot = scan();
    let findings = snapshot["findings"].as_array().unwrap();
    let of = |check: &str| -> Vec<&str> {
        let mine = findings.iter().filter(|f| f["check"] == check);
        mine.map(|f| f["subject"]["name"].as_str().unwrap())
            .collect()
    };
    let role = |name: &str| format!("{ROLE}{name}");
    assert_eq!(of("accountability-collapsed"), [role("svc-billing")]);
    assert_eq!(of("accountability-incomplete"), [role("svc-reports")]);
    assert_eq!(of("purpose-generic"), [role("svc-billing")]);
    assert_eq!(of("attestation-stale"), [role("svc-billing")]);
    assert_eq!(of("revocation-untested"), [role("svc-billing")]);
    assert_eq!(
        of("registry-entry-date-unreadable"),
        [role("svc-billing"), role("svc-reports")]
    );
    assert_eq!(of("allow-actions-exceeded"), ["svc-orders", "worker"]);
    assert_eq!(of("environment-mismatch"), ["svc-orders"]);
    assert_eq!(of("declared-not-found"), [role("svc-gone")]);
    assert_eq!(of("found-not-declared"), ["batch"]);
}

#[test]
fn without_a_registry_nothing_is_said_of_it() {
    let room = room();
    put(
        room.path(),
        "sa.yaml",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: b}\n",
    );
    let out = run(
        room.path(),
        &["scan", ".", "--now", NOW, "--format", "json"],
    );
    let snapshot: Value = serde_json::from_str(&stdout(&out)).unwrap();
    assert!(identity(&snapshot, "a").get("registration").is_none());
}

#[test]
fn a_registry_with_many_patterns_and_identities_is_compared_in_time() {
    let room = room();
    let (mut registry, mut manifests) = ("version: 1\nidentities:\n".to_owned(), String::new());
    for n in 0..3000 {
        registry.push_str(&format!(
            "  - id: \"k8s:shop/worker-{n}-*\"\n    owner: team:t{n}\n"
        ));
        registry.push_str(&format!(
            "  - match: {{labels: {{app: a{n}}}}}\n    owner: team:t{n}\n"
        ));
        manifests.push_str(&format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: worker-{n}-x, namespace: shop, labels: {{app: a{n}}}}}\n---\n"
        ));
    }
    put(room.path(), "nhi-registry.yaml", registry);
    put(room.path(), "all.yaml", manifests);
    let started = std::time::Instant::now();
    let out = run(
        room.path(),
        &["scan", ".", "--now", NOW, "--format", "json"],
    );
    let snapshot: Value = serde_json::from_str(&stdout(&out)).unwrap();
    assert_eq!(
        identity(&snapshot, "worker-17-x")["ownership"]["owner"],
        "team:t17"
    );
    // An unoptimised build on a loaded machine; quadratic work would take minutes.
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
}

#[test]
fn schemas_are_printed() {
    let room = room();
    for (of, id) in [
        ("registry", "urn:tenure:schema:nhi-registry:1"),
        ("vendors", "urn:tenure:schema:vendors:1"),
    ] {
        let schema: Value =
            serde_json::from_str(&stdout(&run(room.path(), &["schema", of]))).unwrap();
        assert_eq!(schema["$id"], id);
    }
    let snapshot: Value = serde_json::from_str(&stdout(&run(room.path(), &["schema"]))).unwrap();
    assert_eq!(snapshot["title"], "Snapshot");
}
