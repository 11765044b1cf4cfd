//! Whole small organisations, end to end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use support::{NOW, copy, fixture, room, run, status, stderr, stdout};

use tenure::platform::glob;

fn report(directory: &std::path::Path, arguments: &[&str]) -> serde_json::Value {
    let mut all = vec!["scan", "--now", NOW, "--format", "json"];
    all.extend(arguments);
    let output = run(directory, &all);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn acme_tells_all_its_stories_and_nothing_false() {
    let text = fs::read_to_string(fixture("estates/acme.expected.yaml")).unwrap();
    let expected: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    // In a place of its own, outside any repository, whose authors could be suggested as owners.
    let room = room();
    copy(&fixture("estates/acme"), &room.path().join("acme"));
    let report = report(room.path(), &["acme"]);
    let found = report["findings"].as_array().unwrap();
    let mut told = BTreeSet::new();
    let mut wrong = Vec::new();
    for story in expected["stories"].as_sequence().unwrap() {
        for wanted in story["findings"].as_sequence().unwrap() {
            let (check, subject) = (
                wanted["check"].as_str().unwrap(),
                wanted["subject"].as_str().unwrap(),
            );
            let hits: Vec<usize> = (0..found.len())
                .filter(|&i| {
                    let id = found[i]["subject"]["id"].as_str().unwrap();
                    // Globs stand only for fingerprints; other ids may hold a star of their own.
                    let same =
                        id == subject || (subject.ends_with(":*") && glob::matches(subject, id));
                    found[i]["check"] == check && same
                })
                .collect();
            if hits.len() != 1 {
                wrong.push(format!("{check} {subject}: found {} times", hits.len()));
            }
            for &hit in &hits {
                told.insert(hit);
                let waived = !found[hit]["waiver"].is_null();
                if waived != wanted["waived"].as_bool().unwrap_or(false) {
                    wrong.push(format!("{check} {subject}: waived is {waived}"));
                }
                for place in wanted["at"].as_sequence().into_iter().flatten() {
                    let path = format!("acme/{}", place.as_str().unwrap());
                    let evidence = found[hit]["evidence"].as_array().unwrap();
                    if !evidence.iter().any(|e| e["path"] == path.as_str()) {
                        wrong.push(format!("{check} {subject}: nothing about {path}"));
                    }
                }
            }
        }
    }
    for (i, finding) in found.iter().enumerate() {
        let serious = matches!(
            finding["severity"].as_str().unwrap(),
            "medium" | "high" | "critical"
        );
        if serious && !told.contains(&i) {
            wrong.push(format!(
                "not planted: {} {}",
                finding["check"], finding["subject"]["id"]
            ));
        }
    }
    for subject in expected["clean"].as_sequence().unwrap() {
        let subject = subject.as_str().unwrap();
        wrong.extend(
            found
                .iter()
                .filter(|f| f["subject"]["id"] == subject)
                .map(|f| format!("{subject} is clean, but {}", f["check"])),
        );
    }
    for path in expected["no_credentials_in"].as_sequence().unwrap() {
        let path = format!("acme/{}", path.as_str().unwrap());
        for credential in report["credentials"].as_array().unwrap() {
            let there = credential["exposures"].as_array().unwrap().iter().any(|e| {
                e["confidence"] != "low"
                    && e["evidence"]["path"].as_str().unwrap().starts_with(&path)
            });
            if there {
                wrong.push(format!("a credential in {path}: {}", credential["title"]));
            }
        }
    }
    let problems = report["coverage"]["problems"].as_array().unwrap();
    assert_eq!(
        problems.len(),
        expected["problems"].as_sequence().unwrap().len(),
        "{problems:?}"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn where_an_estate_lies_does_not_matter() {
    let room = room();
    copy(&fixture("estates/acme"), &room.path().join("acme"));
    let checks = |report: &serde_json::Value| -> BTreeSet<(String, String)> {
        let findings = report["findings"].as_array().unwrap().iter();
        findings
            .map(|f| (f["check"].to_string(), f["subject"]["name"].to_string()))
            .collect()
    };
    // The words `fixtures` and `tests` above the root that the user named say nothing about what is in it.
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let here = report(root, &["fixtures/estates/acme"]);
    assert_eq!(checks(&here), checks(&report(room.path(), &["acme"])));
}

#[test]
fn order_and_threads_do_not_matter() {
    let acme = fixture("estates/acme");
    let paths = ["exports", "nhi-registry.yaml", "repos"];
    let run_with = |arguments: &[&str]| {
        let mut all = vec!["scan", "--now", NOW, "--format", "json"];
        all.extend(arguments);
        stdout(&run(&acme, &all))
    };
    let reference = run_with(&[paths[0], paths[1], paths[2], "--threads", "1"]);
    assert!(reference.len() > 10_000);
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        for threads in ["1", "2", "8"] {
            let again = run_with(&[
                paths[order[0]],
                paths[order[1]],
                paths[order[2]],
                "--threads",
                threads,
            ]);
            assert!(again == reference, "order {order:?}, {threads} threads");
        }
    }
}

#[test]
fn every_statement_has_its_evidence() {
    let report = report(&fixture("estates/acme"), &["."]);
    for finding in report["findings"].as_array().unwrap() {
        assert!(
            !finding["evidence"].as_array().unwrap().is_empty(),
            "{finding}"
        );
        assert!(
            !finding["controls"].as_array().unwrap().is_empty(),
            "{finding}"
        );
    }
    for identity in report["identities"].as_array().unwrap() {
        let privilege = &identity["privilege"];
        if !matches!(privilege["tier"].as_str().unwrap(), "none" | "unknown") {
            assert!(
                !privilege["proof"]["hops"].as_array().unwrap().is_empty(),
                "{}",
                identity["id"]
            );
        }
        let ownership = &identity["ownership"];
        if ownership["owner"].is_string() {
            assert!(
                !ownership["claims"].as_array().unwrap().is_empty(),
                "{}",
                identity["id"]
            );
        }
        assert!(
            !ownership["reason"].as_str().unwrap().is_empty(),
            "{}",
            identity["id"]
        );
    }
}

#[test]
fn harbour_says_whose_everything_is_and_how_it_knows() {
    let text = fs::read_to_string(fixture("estates/harbour.expected.yaml")).unwrap();
    let expected: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    let room = room();
    copy(&fixture("estates/harbour"), &room.path().join("harbour"));
    let report = report(room.path(), &["harbour", "--config", "harbour/tenure.yaml"]);
    let all = || {
        let list = |key: &str| report[key].as_array().unwrap().iter();
        list("identities").chain(list("containers"))
    };
    let mut wrong = Vec::new();
    for wanted in expected["owners"].as_sequence().unwrap() {
        let is = |key: &str, value: &serde_json::Value| {
            wanted[key]
                .as_str()
                .is_some_and(|w| value.as_str() == Some(w))
        };
        let of = wanted["of"].as_str().or(wanted["name"].as_str()).unwrap();
        let Some(found) = all().find(|r| is("of", &r["id"]) || is("name", &r["name"])) else {
            wrong.push(format!("{of}: not found"));
            continue;
        };
        let ownership = &found["ownership"];
        let named = [&ownership["owner"], &ownership["suggestion"]];
        let named = named.into_iter().find_map(|o| o.as_str());
        let claim = &ownership["claims"][0];
        let (method, place) = (&claim["method"], claim["evidence"]["path"].as_str());
        let place = place.unwrap_or_default().trim_start_matches("harbour/");
        let fits = ownership["state"].as_str() == wanted["state"].as_str()
            && wanted["owner"].as_str().is_none_or(|o| named == Some(o))
            && wanted["by"].as_str().is_none_or(|by| method == by)
            && wanted["at"].as_str().is_none_or(|at| place == at);
        if !fits {
            wrong.push(format!(
                "{of}: {}",
                serde_json::to_string_pretty(ownership).unwrap()
            ));
        }
        // Whoever is named, the reason and a place say how that is known.
        let known = named.is_none()
            || (!ownership["reason"].as_str().unwrap().is_empty() && !place.is_empty());
        if !known {
            wrong.push(format!("{of}: nothing says how that is known"));
        }
    }
    for (id, state) in expected["reviews"].as_mapping().unwrap() {
        let (id, state) = (id.as_str().unwrap(), state.as_str().unwrap());
        let found = all().find(|r| r["id"] == id).map(|r| &r["review"]["state"]);
        let found = found.map(|s| s.as_str().unwrap_or("absent"));
        if found != Some(state) {
            wrong.push(format!("the review of {id} is {found:?}, not {state}"));
        }
    }
    for finding in expected["findings"].as_sequence().unwrap() {
        let hit = report["findings"].as_array().unwrap().iter().any(|f| {
            f["check"].as_str() == finding["check"].as_str()
                && finding["subject"]
                    .as_str()
                    .is_none_or(|s| f["subject"]["id"] == s)
        });
        if !hit {
            wrong.push(format!("no finding {:?}", finding["check"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
