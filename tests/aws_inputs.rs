//! What AWS tells besides authorization details, from file to fact: every folder of `fixtures/aws-inputs`
//! is read whole, and `expected.txt` in it states everything that must come of it, line by line. With
//! `TENURE_BLESS` set the test writes these files instead, for a person to look over.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should stop"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tenure::detect::Detector;
use tenure::model::{
    Document, Facts, Fingerprinter, Inventory, Matcher, Moment, Origin, Probe, Problem,
    ResourceStatement, Timestamp,
};
use tenure::reader::{Family, Reader, readers};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/aws-inputs")
}

fn aws() -> Vec<Box<dyn Reader>> {
    let detector = Detector::new(&[], Fingerprinter::new(None)).unwrap();
    let mut all = readers(Arc::new(detector));
    all.retain(|reader| Family::of(reader.name()) == Family::Aws);
    all
}

/// Which readers accept a document, and what they say.
fn read(name: &str, bytes: &[u8]) -> (Vec<&'static str>, Facts, Vec<Problem>) {
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
    let (mut names, mut facts, mut problems) = (Vec::new(), Facts::default(), Vec::new());
    for reader in aws().iter().filter(|reader| reader.accepts(&probe)) {
        let (more, trouble) = reader.read(&document);
        names.push(reader.name());
        facts.append(more);
        problems.extend(trouble);
    }
    (names, facts, problems)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.file_name().unwrap() != "expected.txt" {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Everything that a folder says, joined; and what was said about each of its files.
fn joined(folder: &Path, backwards: bool) -> (Inventory, BTreeSet<String>) {
    let mut inventory = Inventory::default();
    let mut lines = BTreeSet::new();
    let mut all = files(folder);
    if backwards {
        all.reverse();
    }
    for path in all {
        let name = path
            .strip_prefix(folder)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let (names, facts, problems) = read(&name, &fs::read(&path).unwrap());
        lines.insert(format!("reader {name}: {}", names.join(", ")));
        lines.extend(problems.iter().map(|problem| format!("problem {problem}")));
        inventory.absorb(facts);
    }
    tenure::link::link(&mut inventory);
    let once = inventory.clone();
    tenure::link::link(&mut inventory);
    assert_eq!(once, inventory, "joining twice changes nothing");
    let unbound = tenure::link::unbound(&inventory);
    lines.extend(unbound.iter().map(|problem| format!("problem {problem}")));
    (inventory, lines)
}

fn moment(moment: Moment) -> String {
    match moment {
        Moment::Unknown => "unknown".to_owned(),
        Moment::Never => "never".to_owned(),
        Moment::At(time) => time.to_string(),
    }
}

fn day(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "?".to_owned(), |time| time.date())
}

fn list(matcher: &Matcher) -> String {
    match matcher {
        Matcher::In(list) => list.join(","),
        Matcher::NotIn(list) => format!("not {}", list.join(",")),
    }
}

fn statement(s: &ResourceStatement) -> String {
    let principals: Vec<String> = s.principals.iter().map(|p| p.describe()).collect();
    format!(
        "statement {} of {} ({:?}): {:?} {}{} {} on {} if {}",
        s.label,
        s.resource,
        s.account.as_deref().unwrap_or("?"),
        s.effect,
        if s.others { "all but " } else { "" },
        principals.join("|"),
        list(&s.actions),
        list(&s.resources),
        s.condition.as_deref().unwrap_or("-"),
    )
}

/// Everything of the new sorts that the inventory holds, and what was concluded, as lines.
fn facts(folder: &Path, inventory: &Inventory) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let used = folder.ends_with("used");
    if !used {
        lines.extend(inventory.usage.iter().map(|u| {
            let action = u.action.as_deref().unwrap_or("*");
            format!(
                "usage {:?} {}:{action} {}",
                u.identity.0,
                u.service,
                moment(u.last)
            )
        }));
        lines.extend(inventory.usage_windows.iter().map(|w| {
            let (from, until) = (day(w.from), day(w.until));
            format!(
                "window {:?} {from} to {until} by {}",
                w.identity.0,
                w.granularity.as_str()
            )
        }));
    }
    lines.extend(inventory.analyzer_findings.iter().map(|f| {
        format!(
            "analyser {} {} {} {} service {} key {} public {:?} last {} by {} may {} if {}",
            f.id,
            f.kind,
            f.resource,
            f.status.as_deref().unwrap_or("?"),
            f.service.as_deref().unwrap_or("-"),
            f.access_key.as_deref().unwrap_or("-"),
            f.public,
            day(f.last_used),
            f.principals.join(","),
            f.actions.join(","),
            f.condition.as_deref().unwrap_or("-"),
        )
    }));
    lines.extend(inventory.credentials.values().map(|c| {
        format!(
            "credential {} {} {:?} of {} created {} ends {} ({})",
            c.id,
            c.kind,
            c.status,
            c.identity().map_or("?", |id| &*id.0),
            day(c.created),
            moment(c.expires),
            c.title
        )
    }));
    for identity in inventory.identities.values() {
        lines.insert(format!(
            "identity {} mfa {:?} console {:?} used {} presence {:?} {:?}",
            identity.id,
            identity.mfa,
            identity.console_access,
            moment(identity.last_used),
            identity.presence,
            identity.humanity.0,
        ));
    }
    lines.extend(inventory.resource_statements.iter().map(statement));
    lines.extend(inventory.trusts.iter().map(|t| {
        let at = t.evidence.origin.file_name();
        format!("trust {} ({at})", t.id())
    }));
    lines.extend(
        inventory
            .workloads
            .iter()
            .map(|w| format!("workload {} {} {} as {}", w.kind, w.name, w.id, w.runs_as)),
    );
    for (id, privilege) in tenure::privilege::assess(inventory) {
        let Some(unused) = privilege.unused else {
            continue;
        };
        let name = id.0.rsplit(':').next().unwrap().to_owned();
        for s in &unused.services {
            let rest: Vec<&str> = s.unused_actions.iter().map(|a| &**a).collect();
            lines.insert(format!(
                "used {name} {}: {}, {} of it granted, mighty {}; not used {}",
                s.service,
                moment(s.last),
                if s.granted > 3 {
                    "much".to_owned()
                } else {
                    s.granted.to_string()
                },
                s.privileged.as_deref().unwrap_or("-"),
                rest.join(","),
            ));
        }
        let untold: Vec<&str> = unused.untold.iter().map(|s| &**s).collect();
        lines.insert(format!(
            "compared {name}: {} to {} by {}, all {}, not told {}",
            day(unused.from),
            day(unused.until),
            unused.granularity.as_str(),
            unused.everything,
            untold.join(",")
        ));
        match &unused.proposal {
            None => {
                lines.insert(format!("proposal {name}: none"));
            }
            Some(proposal) => {
                lines.insert(format!("proposal {name}: {}", proposal.document));
                let notes = proposal.notes.iter();
                lines.extend(notes.map(|note| format!("note {name}: {note}")));
            }
        }
    }
    lines
}

#[test]
fn every_form_says_what_is_expected() {
    let mut failures = String::new();
    let mut cases: Vec<PathBuf> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 10);
    for case in cases {
        let (inventory, mut lines) = joined(&case, false);
        let (reverse, others) = joined(&case, true);
        assert_eq!(inventory, reverse, "{}: in any order", case.display());
        assert_eq!(lines, others);
        lines.extend(facts(&case, &inventory));
        let lines: Vec<String> = lines.into_iter().map(|l| l.replace('\n', "|")).collect();
        let path = case.join("expected.txt");
        if std::env::var_os("TENURE_BLESS").is_some() {
            fs::write(&path, lines.join("\n") + "\n").unwrap();
            continue;
        }
        let expected = fs::read_to_string(&path).unwrap();
        let expected: BTreeSet<&str> = expected.lines().collect();
        let found: BTreeSet<&str> = lines.iter().map(String::as_str).collect();
        for missing in expected.difference(&found) {
            failures.push_str(&format!("{}\n  missing {missing}\n", case.display()));
        }
        for more in found.difference(&expected) {
            failures.push_str(&format!("{}\n  beyond  {more}\n", case.display()));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn look_alikes_are_nobodys() {
    for path in files(&root().join("look-alikes")) {
        let (names, _, _) = read("x.json", &fs::read(&path).unwrap());
        assert!(names.is_empty(), "{}: {names:?}", path.display());
    }
}

/// Whatever a file is called and wherever it is cut, nothing panics, what stands before the cut is kept, and
/// the cut is said.
#[test]
fn cut_and_broken_files_lose_only_what_is_broken() {
    for case in [
        "workloads",
        "user-credentials",
        "analyzer",
        "resource-policies",
        "last-accessed",
        "used",
    ] {
        for path in files(&root().join(case)) {
            let bytes = fs::read(&path).unwrap();
            let step = (bytes.len() / 40).max(1);
            for end in (0..bytes.len()).step_by(step) {
                let (_, facts, _) = read("cut.json", &bytes[..end]);
                let mut inventory = Inventory::default();
                inventory.absorb(facts);
                tenure::link::link(&mut inventory);
                tenure::privilege::assess(&inventory);
            }
            // Members of other types than they should be.
            let text = String::from_utf8(bytes).unwrap();
            for (from, to) in [
                ("\": \"", "\": [\""),
                ("\": [", "\": {"),
                ("{", "["),
                ("\"20", "7e999,\""),
                ("true", "null"),
            ] {
                read("odd.json", text.replace(from, to).as_bytes());
            }
        }
    }
    let functions = fs::read(root().join("workloads/functions.json")).unwrap();
    let text = String::from_utf8(functions).unwrap();
    let one = text
        .trim()
        .trim_end_matches('}')
        .trim_end()
        .trim_end_matches(']');
    let cut = format!("{one},{{\"FunctionName\":\"c");
    let (names, facts, problems) = read("cut.json", cut.as_bytes());
    assert_eq!(names, ["aws-workloads"]);
    assert_eq!(
        (facts.workloads.len(), problems.len()),
        (1, 1),
        "{problems:?}"
    );
    assert!(problems[0].message.contains("truncated"), "{problems:?}");
}

#[test]
fn deep_and_wide_files_do_no_harm() {
    for open in [
        "[",
        "{\"Functions\":",
        "{\"a\":[",
        "{\"Policy\":{\"Statement\":",
    ] {
        let deep = open.repeat(100_000);
        read("deep.json", deep.as_bytes());
        let known =
            format!("{{\"ServicesLastAccessed\":[{{\"ServiceNamespace\":\"s3\",\"x\":{deep}");
        let (names, _, problems) = read("deep.json", known.as_bytes());
        assert_eq!(names, ["aws-last-accessed"]);
        assert!(!problems.is_empty());
    }
    let policy = format!(
        "{{\"Policy\":\"{{\\\"Statement\\\":{}\"}}",
        "[".repeat(100_000)
    );
    read("deep.json", policy.as_bytes());
    // A long pattern of wildcards in a proposal.
    let arn = "arn:aws:iam::111122223333:role/x";
    let stars = "*a".repeat(5_000);
    let details = format!(
        r#"{{"RoleDetailList":[{{"RoleName":"x","Arn":"{arn}","RolePolicyList":[{{"PolicyName":"p","PolicyDocument":{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["s3:{stars}","{stars}"],"Resource":"*"}},{{"Effect":"Allow","NotAction":"s3:{stars}","Resource":"*"}}]}}}}]}}]}}"#
    );
    let usage = format!(
        r#"{{"Arn":"{arn}","JobStatus":"COMPLETED","JobCreationDate":"2026-01-01T00:00:00Z","JobCompletionDate":"2026-01-01T00:00:00Z","ServicesLastAccessed":[{{"ServiceNamespace":"s3","LastAuthenticated":"2026-01-01T00:00:00Z"}}]}}"#
    );
    let mut inventory = Inventory::default();
    inventory.absorb(read("a.json", details.as_bytes()).1);
    inventory.absorb(read("b.json", usage.as_bytes()).1);
    let answers = tenure::privilege::assess(&inventory);
    assert!(answers.values().any(|p| p.unused.is_some()));
}

/// Secrets that stand in these answers do not get into facts or problems.
#[test]
fn nothing_secret_is_kept() {
    for case in ["workloads", "user-credentials", "moto"] {
        for path in files(&root().join(case)) {
            let (_, facts, problems) = read("x.json", &fs::read(&path).unwrap());
            let text = format!("{facts:?}{problems:?}");
            for canary in ["never-to-be-kept", "not-for-us", "BEGIN CERTIFICATE"] {
                assert!(!text.contains(canary), "{}", path.display());
            }
        }
    }
}

fn tenure(arguments: &[&str]) -> String {
    let run = assert_cmd::Command::cargo_bin("tenure")
        .unwrap()
        .args(arguments)
        .args(["--no-config", "--now", "2026-11-22T00:00:00Z"])
        .output()
        .unwrap();
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn show_says_what_is_not_used_and_prints_the_smaller_policy_on_request() {
    let folder = root().join("used");
    let folder = folder.to_str().unwrap();
    let plain = tenure(&["show", "role/plain", folder]);
    for text in [
        "GRANTED BUT NOT USED",
        "2025-10-16 to 2026-11-20, by service",
        "never used   sqs",
        "--proposal",
        "[unused-services]",
    ] {
        assert!(plain.contains(text), "{text} in\n{plain}");
    }
    assert!(!plain.contains("\"Statement\""));
    let whole = tenure(&["show", "role/plain", folder, "--proposal"]);
    let lines = "\"Sid\": \"Main\",\n      \"Effect\": \"Allow\",";
    assert!(
        whole.replace("        ", "      ").contains(lines),
        "{whole}"
    );
    let json = tenure(&["show", "role/plain", folder, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let unused = &json["identity"]["privilege"]["unused"];
    assert_eq!(unused["services"][1]["service"], "sqs");
    let policy = &unused["proposal"]["policy"];
    assert_eq!(policy["Statement"][0]["Action"][0], "s3:GetObject");
    let mighty = tenure(&["show", "role/iamstar", folder]);
    assert!(mighty.contains("[unused-privileged-services]"), "{mighty}");
    let none = tenure(&["show", "role/no-record", folder]);
    assert!(
        !none.contains("NOT USED") && !none.contains("[unused-"),
        "{none}"
    );
    let csv = tenure(&["scan", folder, "--format", "csv-inventory"]);
    assert!(csv.contains("2025-10-16/2026-11-20"), "{csv}");
}

#[test]
fn the_usual_checks_judge_service_specific_credentials() {
    let folder = root().join("user-credentials");
    let json = tenure(&["scan", folder.to_str().unwrap(), "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let findings: BTreeSet<(&str, &str)> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            (
                f["check"].as_str().unwrap(),
                f["subject"]["id"].as_str().unwrap(),
            )
        })
        .collect();
    let id = |n: u8| format!("aws:service-specific-credential:ACCAFIXTURE0000000{n}");
    let has = |check: &str, n: u8| findings.contains(&(check, &*id(n)));
    assert!(has("credential-without-expiry", 1), "{findings:?}");
    assert!(has("credential-rotation-overdue", 1), "{findings:?}");
    // Switched off, and one that ends.
    assert!(!has("credential-without-expiry", 2) && !has("credential-without-expiry", 3));
}

#[test]
fn cloud_workloads_mount_nothing() {
    let folder = root().join("workloads");
    let json = tenure(&["scan", folder.to_str().unwrap(), "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json["workloads"].as_array().unwrap().len() > 8);
    let findings = json["findings"].as_array().unwrap();
    assert!(findings.iter().all(|f| f["subject"]["kind"] != "workload"));
    let mut checks = json["checks"].as_array().unwrap().iter();
    let mounted = checks.find(|c| c["id"] == "token-automounted").unwrap();
    assert_eq!(mounted["not_evaluable"], 0);
}

/// A proposal allows nothing that the policies do not allow.
#[test]
fn proposals_are_no_wider() {
    use tenure::platform::aws::{actions, pattern, policy};
    let (inventory, _) = joined(&root().join("used"), false);
    let mut seen = 0;
    for (id, privilege) in tenure::privilege::assess(&inventory) {
        let Some(proposal) = privilege.unused.as_ref().and_then(|u| u.proposal.as_ref()) else {
            continue;
        };
        let value = serde_json::from_str(&proposal.document).unwrap();
        let (document, problems) = policy::document(&value);
        assert_eq!(problems, [], "{id}");
        let held = |action: &str, resource: &str| {
            let groups = inventory.memberships.iter().filter(|m| m.member == id);
            let holders: Vec<_> = groups.map(|m| &m.group).chain([&id]).collect();
            let policies = inventory
                .entitlements
                .iter()
                .filter(|e| holders.contains(&&e.principal));
            policies
                .filter_map(|e| inventory.policies.get(&e.policy))
                .any(|p| {
                    p.rules.iter().any(|rule| {
                        let tenure::model::RuleBody::Iam(body) = &rule.body else {
                            return false;
                        };
                        let (not, list) = match &body.actions {
                            Matcher::In(list) => (false, list),
                            Matcher::NotIn(list) => (true, list),
                        };
                        let Matcher::In(resources) = &body.resources else {
                            return false;
                        };
                        let hit = list.iter().any(|p| pattern::action_matches(p, action));
                        rule.effect == tenure::model::Effect::Allow
                            && hit != not
                            && resources
                                .iter()
                                .any(|r| **r == *resource.replace("${$}{", "${"))
                    })
                })
                || inventory.entitlements.iter().any(|e| {
                    e.principal == id && e.policy.0.ends_with("policy/AdministratorAccess")
                })
        };
        for statement in document.statements.iter().filter(|s| s.allow) {
            assert!(!statement.actions.negated);
            for granted in &statement.actions.patterns {
                let lower = pattern::normalise_action(granted);
                for action in actions::matching(&lower) {
                    let name = format!("{}:{}", action.service(), action.name);
                    for resource in &statement.resources.as_ref().unwrap().patterns {
                        assert!(held(&name, resource), "{id}: {name} on {resource}");
                        seen += 1;
                    }
                }
            }
        }
    }
    assert!(seen > 500, "{seen}");
}
