//! What reports say of containers and vendors, and `tenure show` of a container.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use support::{NOW, put, room, status, stdout, tenure};

const NAMESPACE: &str = "apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {owner: payments, example.com/business-unit: retail}
  annotations: {review-after: \"2026-01-31\"}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: api, namespace: shop}
---
apiVersion: v1
kind: Namespace
metadata:
  name: web
  labels: {owner: payments}
  annotations: {owner: search, example.com/business-unit: retail}
";

const ROSTER: &str = "teams:
  - {name: search, members: [jane@example.com]}
  - {name: payments, members: []}
people:
  - {email: jane@example.com, name: Jane Doe, status: active}
";

const VENDORS: &str = "version: 1
vendors:
  - id: helpdesk
    name: Helpdesk Ltd
    owner: team:search
    identities: [\"k8s:*shop/api\"]
    contracts: [{id: C-1, status: active, start: 2025-01-01, end: 2026-01-31}]
";

fn estate() -> tempfile::TempDir {
    let room = room();
    put(room.path(), "k8s.yaml", NAMESPACE);
    put(room.path(), "roster.yaml", ROSTER);
    put(room.path(), "vendors.yaml", VENDORS);
    room
}

#[test]
fn rows_of_containers_and_vendors_name_their_owners() {
    let room = estate();
    let output = tenure(room.path())
        .args(["scan", ".", "--no-history", "--now", NOW, "-q", "-f", "csv"])
        .output()
        .unwrap();
    let text = stdout(&output);
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let header = rows.headers().unwrap().clone();
    let of = |wanted: &str| {
        let at = |name: &str| header.iter().position(|h| h == name).unwrap();
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        let row = rows
            .records()
            .map(Result::unwrap)
            .find(|row| row.get(at("subject_id")) == Some(wanted))
            .unwrap_or_else(|| panic!("{wanted}: {text}"));
        ["owner_state", "owner", "owner_method"].map(|name| row.get(at(name)).unwrap().to_owned())
    };
    assert_eq!(
        of("k8s:cluster/shop"),
        ["orphaned", "team:payments", "label"]
    );
    assert_eq!(
        of("helpdesk"),
        ["unknown", "team:search", "vendor register"]
    );
}

#[test]
fn containers_are_shown_whole() {
    let room = estate();
    for name in ["shop", "k8s:cluster/shop", "cluster/shop"] {
        let output = tenure(room.path())
            .args(["show", name, ".", "--no-history", "--now", NOW, "-q"])
            .output()
            .unwrap();
        assert_eq!(status(&output), 0, "{name}");
        let text = stdout(&output);
        for said in [
            "k8s:cluster/shop\n",
            "team:payments (gone)",
            "label `owner` names team:payments (k8s.yaml:5)",
            "passes on    to 1 identity",
            "overdue 2026-01-31",
            "container-owner-orphaned",
        ] {
            assert!(text.contains(said), "{name}: {said}: {text}");
        }
    }
}

#[test]
fn a_dispute_shows_its_sides_and_no_other() {
    let room = estate();
    let output = tenure(room.path())
        .args(["show", "web", ".", "--no-history", "--now", NOW, "-q"])
        .output()
        .unwrap();
    let text = stdout(&output);
    let sides = [
        "disputed: team:payments or team:search",
        "disputed: team:search or team:payments",
    ];
    assert!(sides.iter().any(|s| text.contains(s)), "{text}");
}
