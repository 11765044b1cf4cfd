//! Organisations and single sign-on, from file to verdict: every folder of `fixtures/aws-organization` is a
//! small organisation with the verdicts that are expected of its accounts' principals.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should stop"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tenure::model::{
    Document, Facts, Fingerprinter, Humanity, IdentityId, Inventory, Origin, Privilege, Probe,
    Problem,
};
use tenure::reader::Reader;

const ACCOUNT: &str = "111122223333";

fn readers() -> Vec<Box<dyn Reader>> {
    let detector = tenure::scan::detector(&[], Fingerprinter::new(None)).unwrap();
    let all = tenure::reader::readers(Arc::new(detector));
    all.into_iter()
        .filter(|r| r.name().starts_with("aws-"))
        .collect()
}

/// Reads a document with every reader that accepts it; there must be one.
fn read(readers: &[Box<dyn Reader>], name: &str, bytes: &[u8]) -> Vec<(Facts, Vec<Problem>)> {
    let origin = Origin::file(name);
    let head = &bytes[..bytes.len().min(8192)];
    let probe = Probe {
        origin: &origin,
        head,
        complete: head.len() == bytes.len(),
        binary: false,
    };
    let document = Document {
        origin: &origin,
        bytes,
    };
    let accepting = readers.iter().filter(|r| r.accepts(&probe));
    let read: Vec<_> = accepting.map(|r| r.read(&document)).collect();
    assert!(!read.is_empty(), "{name}: no reader accepts it");
    read
}

/// The files of a case, but for what is expected of it.
fn files(case: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![case.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("expected.txt") {
                let name = path
                    .strip_prefix(case)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn joined(facts: impl IntoIterator<Item = Facts>) -> Inventory {
    let mut inventory = Inventory::default();
    for facts in facts {
        inventory.absorb(facts);
    }
    tenure::link::link(&mut inventory);
    let once = inventory.clone();
    tenure::link::link(&mut inventory);
    assert_eq!(once, inventory, "joining twice changes nothing");
    inventory
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/aws-organization");
    let mut cases: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}

fn inventory(readers: &[Box<dyn Reader>], files: &[(String, Vec<u8>)]) -> Inventory {
    let read = files
        .iter()
        .flat_map(|(name, bytes)| read(readers, name, bytes));
    joined(read.map(|(facts, problems)| {
        assert_eq!(problems, []);
        facts
    }))
}

#[test]
fn verdicts() {
    let readers = readers();
    let mut failures = String::new();
    let cases = cases();
    assert!(cases.len() > 20);
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let inventory = inventory(&readers, &files(&case));
        let answers = tenure::privilege::assess(&inventory);
        let expected = fs::read_to_string(case.join("expected.txt")).unwrap();
        let lines = expected.lines().map(str::trim);
        for line in lines.filter(|l| !l.is_empty() && !l.starts_with('#')) {
            if let Err(found) = holds(line, &inventory, &answers) {
                failures.push_str(&format!("{name}: {line}\n    {found}\n"));
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

fn id(principal: &str) -> IdentityId {
    match principal.starts_with("arn:") {
        true => IdentityId::from(principal),
        false => IdentityId::from(format!("arn:aws:iam::{ACCOUNT}:{principal}")),
    }
}

/// One line of an `expected.txt`: `<principal>: <tier> <certainty> | claim`,
/// `<principal> unresolved: <document>`, `<role> assigned: <who>; <who>`, `<role> trust: inside, outside`.
fn holds(
    line: &str,
    inventory: &Inventory,
    answers: &BTreeMap<IdentityId, Privilege>,
) -> Result<(), String> {
    let (principal, rest) = line.split_once(": ").ok_or("no verdict")?;
    let (principal, what) = principal.split_once(' ').unwrap_or((principal, ""));
    let id = id(principal);
    let equal = |found: String| (found == rest).then_some(()).ok_or(found);
    match what {
        "assigned" => {
            let identity = inventory.identities.get(&id).ok_or("no such identity")?;
            let all: Vec<&str> = identity.assigned.iter().map(|s| &**s).collect();
            return equal(all.join("; "));
        }
        "trust" => {
            let of = inventory.trusts.iter().filter(|t| t.target == id);
            let places = of.map(|t| match t.inside_organization {
                Some(true) => "inside",
                Some(false) => "outside",
                None => "unknown",
            });
            return equal(places.collect::<Vec<_>>().join(", "));
        }
        _ => {}
    }
    let answer = answers.get(&id).ok_or("no such identity")?;
    if what == "unresolved" {
        let named = answer.unresolved.iter().any(|missing| &**missing == rest);
        return named
            .then_some(())
            .ok_or(format!("{:?}", answer.unresolved));
    }
    let claim = answer.proof.as_ref().map_or("", |p| &*p.claim);
    let found = format!("{} {}", answer.tier.as_str(), answer.certainty.as_str());
    let (verdict, wanted) = rest.split_once(" | ").unwrap_or((rest, ""));
    if found == verdict && claim.contains(wanted) {
        Ok(())
    } else {
        Err(format!("{found} | {claim} | {:?}", answer.unresolved))
    }
}

#[test]
fn order_and_pages_change_nothing() {
    let readers = readers();
    for case in cases() {
        let files = files(&case);
        let whole = inventory(&readers, &files);
        let reversed = joined(files.iter().rev().flat_map(|(name, bytes)| {
            let read = read(&readers, name, bytes);
            read.into_iter().map(|(facts, _)| facts)
        }));
        assert_eq!(whole, reversed, "{}", case.display());
        // Every document of a file in a file of its own, one on a line, the last first.
        let split = joined(files.iter().flat_map(|(name, bytes)| {
            let values = serde_json::Deserializer::from_slice(bytes).into_iter();
            let values: Vec<serde_json::Value> = values.filter_map(Result::ok).collect();
            let mut lines: Vec<String> = values.iter().map(ToString::to_string).collect();
            if lines.is_empty() {
                lines.push(String::from_utf8(bytes.clone()).unwrap());
            }
            lines.reverse();
            let parts: Vec<String> = match name.as_str() {
                "organization.json" => lines,
                _ => vec![lines.join("\n")],
            };
            let read = parts
                .into_iter()
                .flat_map(|part| read(&readers, name, part.as_bytes()));
            read.map(|(facts, _)| facts).collect::<Vec<_>>()
        }));
        let answers = |inventory: &Inventory| -> Vec<(IdentityId, String)> {
            let answers = tenure::privilege::assess(inventory);
            let told = |p: Privilege| {
                let claim = p.proof.map(|proof| proof.claim.to_string());
                format!(
                    "{:?} {:?} {claim:?} {:?}",
                    p.tier, p.certainty, p.unresolved
                )
            };
            answers.into_iter().map(|(id, p)| (id, told(p))).collect()
        };
        assert_eq!(answers(&whole), answers(&split), "{}", case.display());
        let plain = |i: &Inventory| i.control_listings.clone();
        assert_eq!(plain(&whole), plain(&split), "{}", case.display());
    }
}

#[test]
fn people_of_single_sign_on_are_no_identities() {
    let readers = readers();
    let case = cases()
        .into_iter()
        .find(|case| case.ends_with("single-sign-on"));
    let inventory = inventory(&readers, &files(&case.unwrap()));
    assert!(!inventory.directory.is_empty() && !inventory.assignments.is_empty());
    for identity in inventory.identities.values() {
        let arn = identity.id.0.starts_with("arn:aws:iam:");
        assert!(arn, "{} is no principal of an account", identity.id);
        if identity.id.0.contains("AWSReservedSSO_") {
            assert_eq!(identity.humanity.0, Humanity::Human);
        }
    }
}
