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
    Document, EntitlementRole, Facts, Fingerprinter, Humanity, IdentityId, Inventory, Moment,
    Origin, Privilege, Probe, Problem, Str,
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
    let (principal, rest) = line.split_once(':').map_or((line, ""), |_| {
        let (principal, rest) = line
            .rsplit_once(": ")
            .unwrap_or((line.trim_end_matches(':'), ""));
        (principal, rest)
    });
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
        if identity.id.0.contains("/aws-reserved/") {
            assert_eq!(identity.humanity.0, Humanity::Human);
        }
    }
}

#[test]
fn permission_sets_hold_what_the_answers_say() {
    let readers = readers();
    let case = cases()
        .into_iter()
        .find(|case| case.ends_with("single-sign-on"));
    let inventory = inventory(&readers, &files(&case.unwrap()));
    let set = "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-";
    let (admin, read_only) = (
        format!("{set}0123456789abcdef"),
        format!("{set}fedcba9876543210"),
    );
    let held: Vec<(&str, &str, EntitlementRole)> = inventory
        .entitlements
        .iter()
        .filter(|e| e.principal.0.starts_with(set))
        .map(|e| (&*e.principal.0, &*e.policy.0, e.role))
        .collect();
    let inline = format!("{read_only}#inline");
    assert_eq!(
        held,
        [
            (
                &*admin,
                "arn:aws:iam::aws:policy/AdministratorAccess",
                EntitlementRole::Grant
            ),
            (
                &*admin,
                "arn:aws:iam::aws:policy/PowerUserAccess",
                EntitlementRole::Boundary
            ),
            (
                &*read_only,
                "arn:aws:iam::*:policy/team/logs",
                EntitlementRole::Grant
            ),
            (&*read_only, &*inline, EntitlementRole::Grant),
        ]
    );
    assert_eq!(inventory.policies[&inline.as_str().into()].rules.len(), 1);
    let sessions = inventory
        .permission_sets
        .iter()
        .filter_map(|set| set.session.as_deref());
    assert_eq!(sessions.collect::<Vec<_>>(), ["PT8H", "PT1H"]);
}

#[test]
fn providers_and_profiles() {
    let readers = readers();
    let case = cases()
        .into_iter()
        .find(|case| case.ends_with("federation"));
    let inventory = inventory(&readers, &files(&case.unwrap()));
    let oidc = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com");
    let saml = format!("arn:aws:iam::{ACCOUNT}:saml-provider/corp");
    for provider in &inventory.identity_providers {
        assert!([&*oidc, &*saml].contains(&&*provider.id), "{}", provider.id);
        assert_eq!(provider.account.as_deref(), Some(ACCOUNT));
    }
    let all = inventory.identity_providers.iter();
    let audiences: Vec<_> = all.clone().filter_map(|p| p.audiences.as_deref()).collect();
    assert_eq!(audiences, [[Str::from("sts.amazonaws.com")]]);
    let issuers: Vec<_> = all.clone().filter_map(|p| p.issuer.as_deref()).collect();
    assert!(
        issuers.contains(&"https://idp.example.com/saml"),
        "{issuers:?}"
    );
    let ends = all.filter(|p| matches!(p.expires, Moment::At(_))).count();
    assert_eq!(ends, 2);
    let profile = inventory.workloads.first().unwrap();
    assert_eq!((&*profile.kind, &*profile.name), ("InstanceProfile", "web"));
    assert_eq!(profile.runs_as, id("role/ci"));
}

#[test]
fn what_does_not_say_what_was_asked_is_a_problem() {
    let readers = readers();
    for (name, text, wanted) in [
        (
            "a.json",
            r#"{"Children":[{"Id":"111122223333","Type":"ACCOUNT"}]}"#,
            "ParentId",
        ),
        (
            "a.json",
            r#"{"Parents":[{"Id":"r-ab12","Type":"ROOT"}]}"#,
            "ChildId",
        ),
        (
            "a.json",
            r#"{"Targets":[{"TargetId":"r-ab12","Name":"Root","Type":"ROOT"}]}"#,
            "PolicyId",
        ),
        (
            "list-policies-for-target.json",
            r#"{"Policies":[{"Id":"p-FullAWSAccess","Type":"SERVICE_CONTROL_POLICY"}]}"#,
            "TargetId",
        ),
        (
            "a.json",
            r#"{"InlinePolicy":"{\"Statement\":[]}"}"#,
            "PermissionSetArn",
        ),
        (
            "a.json",
            r#"{"SAMLMetadataDocument":"<x/>"}"#,
            "SAMLProviderArn",
        ),
    ] {
        let read = read(&readers, name, text.as_bytes());
        let problems: Vec<&Problem> = read.iter().flat_map(|(_, problems)| problems).collect();
        assert!(
            problems.iter().any(|p| p.message.contains(wanted)),
            "{text}: {problems:?}"
        );
    }
    // Empty answers are known by their names.
    let (facts, problems) =
        read(&readers, "r-ab12/list-children.json", br#"{"Children":[]}"#).remove(0);
    assert!(facts.is_empty() && problems.is_empty());
}

#[test]
fn what_is_cut_off_or_odd_keeps_the_rest() {
    let readers = readers();
    let whole = fs::read(cases()[0].join("organization.json")).unwrap();
    for end in (0..whole.len()).step_by(61) {
        for reader in &readers {
            let origin = Origin::file("organization.json");
            let bytes = &whole[..end];
            let document = Document {
                origin: &origin,
                bytes,
            };
            let _ = reader.read(&document);
        }
    }
    let text = br#"{"Accounts":[{"Id":"111122223333","Arn":"arn:aws:organizations::999900001111:account/o-exampleorg1/111122223333"},{"Id":7},{"Id":"222233334444""#;
    let (facts, problems) = read(&readers, "a.json", text).remove(0);
    assert!(facts.org_nodes.iter().any(|n| &*n.id == "111122223333"));
    assert!(facts.sources.is_empty(), "the list was not read to its end");
    assert_eq!(problems.len(), 2);
}
