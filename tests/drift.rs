//! Two snapshots compared, through the public surface.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail like tests"
)]

use proptest::prelude::*;
use std::collections::BTreeSet;
use tenure::drift::{against_baseline, compare};
use tenure::model::ChangeKind;
use tenure::snapshot::*;

fn fixture(name: &str) -> Snapshot {
    let path = format!(
        "{}/fixtures/snapshots/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    Snapshot::parse(&std::fs::read(path).unwrap()).unwrap()
}

/// `kind subject: before → after`, one line a change.
fn lines(changes: &[Change]) -> String {
    let side = |s: &Option<String>| s.clone().unwrap_or_else(|| "-".to_owned());
    changes
        .iter()
        .map(|c| {
            let (before, after) = (side(&c.before), side(&c.after));
            format!("{} {}: {before} → {after}\n", c.kind, c.subject.name)
        })
        .collect()
}

fn evidence(reader: &str, path: &str, pointer: Option<&str>) -> Evidence {
    Evidence {
        path: path.into(),
        line: pointer.is_none().then_some(1),
        pointer: pointer.map(Into::into),
        reader: reader.to_owned().into(),
        ..Evidence::default()
    }
}

/// A snapshot with one identity that one manifest declares.
fn one(change: impl FnOnce(&mut Identity)) -> Snapshot {
    let mut identity = Identity {
        id: "k8s:cluster/a/b".to_owned().into(),
        platform: "kubernetes".to_owned().into(),
        kind: "kubernetes-service-account".to_owned().into(),
        name: "b".to_owned().into(),
        account: Some("cluster".to_owned().into()),
        evidence: vec![evidence("kubernetes", "a.yaml", None)],
        ..Identity::default()
    };
    identity.privilege.tier = "read".to_owned().into();
    identity.ownership.state = "unowned".to_owned().into();
    change(&mut identity);
    let mut snapshot = Snapshot {
        identities: vec![identity],
        ..Snapshot::default()
    };
    for reader in ["kubernetes", "secrets", "aws-access-keys"] {
        snapshot.coverage.readers.insert(reader.to_owned(), 1);
    }
    snapshot
}

fn owner(state: &str, owner: Option<&str>) -> Snapshot {
    one(|i| {
        i.ownership.state = state.to_owned().into();
        i.ownership.owner = owner.map(Into::into);
    })
}

fn tier(tier: &str) -> Snapshot {
    one(|i| i.privilege.tier = tier.to_owned().into())
}

fn ends(at: &str) -> When {
    When::At {
        at: at.to_owned().into(),
    }
}

fn kinds(before: &Snapshot, after: &Snapshot) -> String {
    let kinds: Vec<_> = compare(before, after).into_iter().map(|c| c.kind).collect();
    kinds.join(" ")
}

#[test]
fn the_estate_of_two_months() {
    insta::assert_snapshot!(lines(&compare(&fixture("before"), &fixture("after"))));
}

#[test]
fn the_estate_backwards() {
    insta::assert_snapshot!(lines(&compare(&fixture("after"), &fixture("before"))));
}

#[test]
fn every_change_names_its_evidence() {
    for change in compare(&fixture("before"), &fixture("after")) {
        let told = !change.before_evidence.is_empty() || !change.after_evidence.is_empty();
        assert!(told, "{change:?}");
        assert!(ChangeKind::from_name(&change.kind).is_some());
    }
}

#[test]
fn nothing_changes_against_itself_in_any_order() {
    let snapshot = fixture("after");
    let mut shuffled = snapshot.clone();
    shuffled.identities.reverse();
    shuffled.credentials.reverse();
    shuffled.trusts.reverse();
    assert_eq!(lines(&compare(&snapshot, &shuffled)), "");
    let before = fixture("before");
    assert_eq!(compare(&before, &snapshot), compare(&before, &shuffled));
}

#[test]
fn owners() {
    let a = || owner("owned", Some("team:a"));
    let cases = [
        (a(), owner("owned", Some("team:b")), "owner-changed"),
        (a(), owner("orphaned", Some("team:a")), "owner-lost"),
        (a(), owner("unowned", None), "owner-lost"),
        (a(), owner("disputed", None), "owner-disputed"),
        (a(), owner("unknown", None), "owner-unknown"),
        (owner("unowned", None), a(), "owner-gained"),
        (owner("unknown", None), a(), "owner-gained"),
        (owner("unknown", None), owner("unowned", None), ""),
        (owner("suggested", None), owner("unowned", None), ""),
    ];
    for (before, after, expected) in cases {
        assert_eq!(kinds(&before, &after), expected);
    }
}

#[test]
fn unknown_is_not_a_fall() {
    assert_eq!(kinds(&tier("read"), &tier("admin")), "tier-rose");
    assert_eq!(kinds(&tier("admin"), &tier("read")), "tier-fell");
    assert_eq!(kinds(&tier("read"), &tier("none")), "tier-fell");
    assert_eq!(kinds(&tier("admin"), &tier("unknown")), "tier-unknown");
    assert_eq!(kinds(&tier("unknown"), &tier("admin")), "tier-known");
    // Less was found because less was read.
    let unread = one(|i| i.privilege.unresolved = vec!["policy p".to_owned().into()]);
    let all = one(|i| {
        i.privilege.tier = "admin".to_owned().into();
        i.privilege.reach = vec!["cluster:cluster".to_owned().into()];
        i.privilege.capabilities = vec![Capability {
            name: "administer".to_owned().into(),
            ..Capability::default()
        }];
    });
    assert_eq!(kinds(&all, &unread), "tier-unknown");
    assert_eq!(
        kinds(&unread, &all),
        "tier-rose capability-gained reach-widened"
    );
    assert_eq!(
        kinds(&all, &tier("read")),
        "tier-fell capability-lost reach-narrowed"
    );
}

#[test]
fn ends_move() {
    let with = |expires: When| one(move |i| i.expires = expires);
    let (early, late) = (ends("2026-01-01T00:00:00Z"), ends("2027-01-01T00:00:00Z"));
    let cases = [
        (early.clone(), late.clone(), "expiry-extended"),
        (late, early.clone(), "expiry-shortened"),
        (early.clone(), When::Never, "expiry-removed"),
        (early.clone(), When::Unknown, "expiry-unknown"),
        (When::Never, early.clone(), "expiry-set"),
        (When::Unknown, When::Never, ""),
        // The same instant written differently.
        (early, ends("2026-01-01T01:00:00+01:00"), ""),
    ];
    for (before, after, expected) in cases {
        assert_eq!(kinds(&with(before), &with(after)), expected);
    }
}

#[test]
fn what_was_not_looked_at_has_not_vanished() {
    let before = one(|_| {});
    let mut after = Snapshot {
        coverage: before.coverage.clone(),
        ..Snapshot::default()
    };
    assert_eq!(kinds(&before, &after), "identity-vanished");
    after.coverage.problems.push(Problem {
        path: "a.yaml".to_owned(),
        kind: "malformed".to_owned(),
        ..Problem::default()
    });
    assert_eq!(kinds(&before, &after), "identity-unseen");
    after.coverage.problems.clear();
    after.coverage.readers.clear();
    assert_eq!(kinds(&before, &after), "identity-unseen");
}

#[test]
fn an_export_of_another_account_says_nothing_of_this_one() {
    let before = one(|i| i.evidence = vec![evidence("aws-access-keys", "a.json", Some("/0"))]);
    let mut after = one(|i| {
        i.id = "other".to_owned().into();
        i.account = Some("elsewhere".to_owned().into());
        i.evidence = vec![evidence("aws-access-keys", "b.json", Some("/0"))];
    });
    assert_eq!(kinds(&before, &after), "identity-appeared identity-unseen");
    after.identities[0].account = Some("cluster".to_owned().into());
    assert_eq!(
        kinds(&before, &after),
        "identity-appeared identity-vanished"
    );
}

fn key(id: &str, change: impl FnOnce(&mut Credential)) -> Credential {
    let mut key = Credential {
        id: id.to_owned().into(),
        kind: "key".to_owned(),
        title: "key".to_owned(),
        display: Some(id.to_owned()),
        identity: Some("k8s:cluster/a/b".to_owned().into()),
        status: "active".to_owned(),
        records: vec![evidence("kubernetes", "k.yaml", None)],
        ..Credential::default()
    };
    change(&mut key);
    key
}

fn keys(keys: Vec<Credential>) -> Snapshot {
    let mut snapshot = one(|_| {});
    snapshot.credentials = keys;
    snapshot
}

#[test]
fn the_last_key_of_an_account_is_removed_and_not_unseen() {
    let listed = |k: &mut Credential| {
        k.account = Some("cluster".to_owned().into());
        k.records = vec![evidence("aws-access-keys", "keys.json", Some("/0"))];
    };
    let before = keys(vec![key("a", listed)]);
    assert_eq!(kinds(&before, &keys(vec![])), "credential-removed");
}

fn exposed(credential: &mut Credential) {
    credential.exposures = vec![Exposure {
        evidence: evidence("secrets", "x", None),
        in_tree: true,
        ..Exposure::default()
    }];
}

#[test]
fn credentials_come_turn_and_go() {
    let a = || key("a", |_| {});
    let old = key("a", |k| k.created = Some("2025-01-01T00:00:00Z".to_owned()));
    let renewed = key("a", |k| k.created = Some("2026-01-01T00:00:00Z".to_owned()));
    let off = || key("a", |k| k.status = "inactive".to_owned());
    let password = key("p", |k| k.kind = "password".to_owned());
    // Known only from the open.
    let stray = || {
        key("secret:1", |k| {
            k.records.clear();
            exposed(k);
        })
    };
    let cases = [
        (vec![], vec![a()], "credential-added"),
        (vec![a()], vec![], "credential-removed"),
        (vec![a()], vec![key("b", |_| {})], "credential-rotated"),
        (
            vec![a()],
            vec![password],
            "credential-added credential-removed",
        ),
        (vec![old], vec![renewed], "credential-rotated"),
        (vec![off()], vec![a()], "credential-revived"),
        (vec![a()], vec![off()], "credential-disabled"),
        (vec![a()], vec![key("a", exposed)], "credential-leaked"),
        (vec![key("a", exposed)], vec![a()], "exposure-removed"),
        (vec![], vec![stray()], "credential-leaked"),
        (vec![stray()], vec![], "exposure-removed"),
    ];
    for (before, after, expected) in cases {
        assert_eq!(kinds(&keys(before), &keys(after)), expected);
    }
}

#[test]
fn moved_lines_are_no_new_leak() {
    let at = |line| {
        keys(vec![key("a", |k| {
            exposed(k);
            k.exposures[0].evidence.line = Some(line);
        })])
    };
    assert_eq!(kinds(&at(1), &at(99)), "");
}

#[test]
fn trusts_open_and_close() {
    let trust = |effect: &str, keys: &[&str]| Trust {
        id: "t".to_owned().into(),
        target: "k8s:cluster/a/b".to_owned().into(),
        principal_kind: "account".to_owned().into(),
        principal: "1".to_owned().into(),
        effect: effect.to_owned().into(),
        actions: vec!["sts:AssumeRole".to_owned().into()],
        condition_keys: keys.iter().map(|k| (*k).into()).collect(),
        evidence: evidence("kubernetes", "t.yaml", None),
        ..Trust::default()
    };
    let with = |trusts: Vec<Trust>| {
        let mut snapshot = one(|_| {});
        snapshot.trusts = trusts;
        snapshot
    };
    let open = || vec![trust("allow", &[])];
    let guarded = || vec![trust("allow", &["k"])];
    let shut = || vec![trust("deny", &[])];
    let otherwise = vec![trust("allow", &["j"])];
    let cases = [
        (vec![], open(), "trust-widened"),
        (open(), vec![], "trust-narrowed"),
        (guarded(), open(), "trust-widened"),
        (open(), guarded(), "trust-narrowed"),
        (guarded(), otherwise, "trust-widened trust-narrowed"),
        (shut(), vec![], "trust-widened"),
        (vec![], shut(), "trust-narrowed"),
        (vec![trust("deny", &["k"])], shut(), "trust-narrowed"),
    ];
    for (before, after, expected) in cases {
        assert_eq!(kinds(&with(before), &with(after)), expected);
    }
}

#[test]
fn a_baseline_gives_status_and_first_sighting() {
    let before = fixture("before");
    let mut now = fixture("after");
    against_baseline(&mut now, &before);
    let known: BTreeSet<_> = before.findings.iter().map(|f| &f.fingerprint).collect();
    for finding in &now.findings {
        let (status, seen) = match known.contains(&finding.fingerprint) {
            true => ("persisting", &before.scanned_at),
            false => ("new", &now.scanned_at),
        };
        assert_eq!(finding.status.as_deref(), Some(status));
        assert_eq!(*finding.first_seen, **seen);
    }
    let baseline = now.baseline.clone().unwrap();
    let gone: Vec<_> = baseline.gone.iter().map(|f| &*f.subject.name).collect();
    assert_eq!(gone, ["old-importer", "old-importer"]);
    assert!(
        baseline
            .gone
            .iter()
            .all(|f| f.status.as_deref() == Some("gone"))
    );
    let once = now.clone();
    against_baseline(&mut now, &before);
    assert_eq!(now, once);
}

#[test]
fn a_first_sighting_that_is_no_time_or_lies_ahead_is_not_taken_over() {
    for hostile in ["", "soon", "2999-01-01T00:00:00Z"] {
        let mut before = fixture("before");
        for finding in &mut before.findings {
            finding.first_seen = hostile.to_owned().into();
        }
        let mut now = fixture("after");
        against_baseline(&mut now, &before);
        assert!(
            now.findings
                .iter()
                .all(|f| *f.first_seen == *now.scanned_at)
        );
    }
}

#[test]
fn a_finding_whose_source_was_not_read_is_unverified() {
    let before = fixture("before");
    let mut now = fixture("after");
    now.coverage.readers.remove("aws-authorization-details");
    against_baseline(&mut now, &before);
    let gone = now.baseline.unwrap().gone;
    let status = |check: &str| {
        gone.iter()
            .find(|f| *f.check == *check)
            .unwrap()
            .status
            .clone()
    };
    assert_eq!(status("owner-missing").as_deref(), Some("unverified"));
    assert_eq!(status("identity-unused").as_deref(), Some("gone"));
}

#[test]
fn files_that_are_no_snapshots_are_refused_with_a_reason() {
    let error = |text: &str| Snapshot::parse(text.as_bytes()).unwrap_err().to_string();
    let after = serde_json::to_string(&fixture("after")).unwrap();
    let deep = "[".repeat(1_000_000);
    let odd = format!(r#"{{"schema_version": "9{}\u001b[31m"}}"#, "9".repeat(100));
    let errors = [
        error(""),
        error("not json"),
        error("[]"),
        error("{}"),
        error("null"),
        error(r#"{"schema_version": 1}"#),
        error(r#"{"schema_version": "2.0", "x": 1}"#),
        error(&odd),
        error(r#"{"schema_version": "1.0"}"#),
        error(after.get(..after.len() / 2).unwrap()),
        error(&format!(r#"{{"schema_version": "1.0", "x": {deep}"#)),
        error(&after.replacen(r#"{"state":"never"}"#, &format!(r#"{{"a":{deep}"#), 1)),
        error(&after.replacen(r#""severity":"critical""#, r#""severity":"dire""#, 1)),
    ];
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn later_minor_versions_and_byte_order_marks_are_read() {
    let text = serde_json::to_string(&fixture("after")).unwrap();
    let (now, later) = (
        r#""schema_version":"1.0""#,
        r#""schema_version":"1.7","added":[{}]"#,
    );
    let later = text.replacen(now, later, 1);
    assert_eq!(
        Snapshot::parse(later.as_bytes()).unwrap().schema_version,
        "1.7"
    );
    let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    assert_eq!(Snapshot::parse(&marked).unwrap(), fixture("after"));
}

/// The estate without what these bits leave out.
fn part(bits: u64) -> Snapshot {
    let mut snapshot = fixture("after");
    let mut index = 0;
    let mut keep = || {
        index += 1;
        bits >> (index % 64) & 1 == 1
    };
    snapshot.identities.retain(|_| keep());
    snapshot.credentials.retain(|_| keep());
    snapshot.trusts.retain(|_| keep());
    snapshot.findings.retain(|_| keep());
    snapshot
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What appears one way vanishes, or is not seen, the other way.
    #[test]
    fn any_two_parts_of_an_estate(left in any::<u64>(), right in any::<u64>()) {
        let (a, b) = (part(left), part(right));
        let (there, back) = (compare(&a, &b), compare(&b, &a));
        prop_assert!(compare(&a, &a).is_empty());
        let named = |changes: &[Change], kinds: &[&str]| -> BTreeSet<String> {
            let of_kinds = changes.iter().filter(|c| kinds.contains(&&*c.kind));
            of_kinds.map(|c| c.subject.id.to_string()).collect()
        };
        prop_assert_eq!(
            named(&there, &["identity-appeared"]),
            named(&back, &["identity-vanished", "identity-unseen"])
        );
    }

    #[test]
    fn any_bytes_are_a_snapshot_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Snapshot::parse(&bytes);
    }
}
