//! Rosters through the public surface: each folder of `fixtures/roster` holds exports as vendors document them, and
//! in `expected.txt` the people, teams, aliases and problems that are read from them. With `TENURE_BLESS` set the
//! test writes these files instead, for a person to look over.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed; clippy knows only functions marked as tests"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tenure::model::*;
use tenure::ownership::{OwnershipOptions, resolve};
use tenure::reader::{Reader, roster};

fn readers() -> Vec<Box<dyn Reader>> {
    vec![
        Box::new(roster::EntraDirectory),
        Box::new(roster::GithubTeams),
        Box::new(roster::GitlabMembers),
        Box::new(roster::GoogleDirectory),
        Box::new(roster::OktaDirectory),
        Box::new(roster::Roster),
        Box::new(roster::Scim),
    ]
}

/// What every reader that claims a document says of it.
fn read(path: &str, bytes: &[u8]) -> (Vec<&'static str>, Facts, Vec<Problem>) {
    let origin = Origin::file(path);
    // As the scan does: readers know no UTF-16.
    let decoded = Wide::of(bytes).map(|wide| wide.decode(bytes));
    let bytes = decoded.as_ref().map_or(bytes, |text| text.as_slice());
    let head = bytes.get(..8192).unwrap_or(bytes);
    let probe = Probe {
        origin: &origin,
        head,
        complete: head.len() == bytes.len(),
        binary: head.contains(&0),
    };
    let (mut names, mut facts, mut problems) = (Vec::new(), Facts::default(), Vec::new());
    for reader in readers() {
        if reader.accepts(&probe) {
            let document = Document {
                origin: &origin,
                bytes,
            };
            let (found, mut trouble) = reader.read(&document);
            names.push(reader.name());
            facts.append(found);
            problems.append(&mut trouble);
        }
    }
    (names, facts, problems)
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() && entry.file_name() != "expected.txt" {
            let path = entry.path().strip_prefix(folder).unwrap();
            let path = path.to_str().unwrap().replace('\\', "/");
            found.push((path, std::fs::read(entry.path()).unwrap()));
        }
    }
    found
}

fn list(names: &BTreeSet<Str>) -> String {
    names.iter().map(|n| &**n).collect::<Vec<_>>().join(" | ")
}

fn told(facts: &Facts, problems: &[Problem]) -> String {
    let mut text = String::new();
    let mut put = |key: &str, value: &str| {
        if !value.is_empty() {
            write!(text, " {key}[{value}]").unwrap();
        }
        std::mem::take(&mut text)
    };
    let mut lines = Vec::new();
    let yes = |flag: Option<bool>| flag.map_or("", |flag| if flag { "yes" } else { "no" });
    for p in &facts.people {
        let left = p.left.map(Timestamp::date).unwrap_or_default();
        let parts = [
            put("mail", p.mail.as_deref().unwrap_or_default()),
            put("display", &list(&p.display)),
            put("manager", p.manager.as_deref().unwrap_or_default()),
            put("teams", &list(&p.teams)),
            put("active", yes(p.active)),
            put("left", &left),
            put("human", yes(p.human)),
        ];
        lines.push(format!(
            "person {}{} <{}>",
            list(&p.names),
            parts.concat(),
            p.evidence
        ));
    }
    for t in &facts.teams {
        let members = match &t.members {
            None => "?".to_owned(),
            Some(members) if members.is_empty() => "nobody".to_owned(),
            Some(members) => list(members),
        };
        let parts = [
            put("mail", t.mail.as_deref().unwrap_or_default()),
            put("display", &list(&t.display)),
            put("parents", &list(&t.parents)),
            put("members", &members),
            put("partial", if t.partial { "yes" } else { "" }),
        ];
        lines.push(format!(
            "team {}{} <{}>",
            list(&t.names),
            parts.concat(),
            t.evidence
        ));
    }
    for a in &facts.aliases {
        lines.push(format!(
            "alias {} = {} <{}>",
            a.name,
            list(&a.names),
            a.evidence
        ));
    }
    for (kind, _) in facts.sources.iter().filter(|(kind, _)| &**kind != "roster") {
        lines.push(format!("source {kind}"));
    }
    lines.extend(problems.iter().map(|problem| format!("problem {problem}")));
    lines.into_iter().map(|line| line + "\n").collect()
}

#[test]
fn every_format_says_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/roster");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 12, "the folder holds the cases");
    let mut stale = Vec::new();
    for case in cases {
        let mut text = String::new();
        for (path, bytes) in files(&case) {
            let (names, facts, problems) = read(&path, &bytes);
            writeln!(text, "== {path}: {}", names.join(" ")).unwrap();
            text += &told(&facts, &problems);
        }
        let expected = case.join("expected.txt");
        if std::env::var_os("TENURE_BLESS").is_some() {
            std::fs::write(&expected, &text).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != text {
            stale.push(format!("{}\n{text}", case.display()));
        }
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn what_only_looks_like_a_roster_is_none() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/roster/look-alikes");
    for (path, bytes) in files(&folder) {
        let (names, facts, _) = read(&path, &bytes);
        assert!(names.is_empty() || facts.is_empty(), "{path}: {names:?}");
    }
}

/// Whatever is cut off or torn out of an export: no reader falls over, and what they say stays small.
#[test]
fn damage_is_survived() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/roster");
    for (path, bytes) in files(&folder) {
        let step = (bytes.len() / 60).max(1);
        for cut in (0..bytes.len()).step_by(step) {
            let (start, end) = bytes.split_at(cut);
            read(&path, start);
            let torn = [start, end.get(step..).unwrap_or_default()].concat();
            read(&path, &torn);
        }
    }
}

#[test]
fn a_hundred_thousand_users_take_linear_time() {
    let export = |count: usize| {
        let users: Vec<String> = (0..count)
            .map(|i| {
                format!(
                    r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"00000000-0000-0000-0000-{i:012}","userName":"user{i}@example.com","active":true,"emails":[{{"value":"user{i}@example.com","primary":true}}],"name":{{"formatted":"User {i}"}}}}"#
                )
            })
            .collect();
        format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":{count},"Resources":[{}]}}"#,
            users.join(",")
        )
    };
    let time = |count| {
        let text = export(count);
        let start = Instant::now();
        let (_, facts, problems) = read("users.json", text.as_bytes());
        assert_eq!((facts.people.len(), problems.len()), (count, 0));
        start.elapsed()
    };
    let (few, many) = (time(10_000), time(100_000));
    assert!(
        many < few * 30 + Duration::from_millis(200),
        "{few:?} {many:?}"
    );
}

#[test]
fn groups_are_known_by_what_their_members_are_in_other_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/roster/scim");
    let mut inventory = Inventory::default();
    for (path, bytes) in files(&folder) {
        inventory.absorb(read(&path, &bytes).1);
    }
    let names: BTreeSet<&Str> = inventory.people.iter().flat_map(|p| &p.names).collect();
    let team = inventory
        .teams
        .iter()
        .find(|team| team.names.contains("tour-guides"))
        .unwrap();
    let known = |member: &Str| names.contains(member) || member.starts_with("group:");
    assert!(team.members.iter().flatten().all(known), "{team:?}");
}

/// Evidence names the record, so that everybody can look it up.
#[test]
fn everything_says_where_it_stands() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/roster");
    for (path, bytes) in files(&folder) {
        let (_, facts, _) = read(&path, &bytes);
        for person in &facts.people {
            let at = &person.evidence;
            let whole = at.pointer.is_none() && at.line.is_none();
            assert!(!whole || path.contains("one-user"), "{path}: {person:?}");
            assert_eq!(&*at.origin.path, path);
            assert!(Arc::strong_count(&at.origin) > 0);
        }
    }
}

fn identity(name: &str, owner: &str) -> Identity {
    let id = IdentityId::from(format!("k8s:cluster/n/{name}"));
    let mut identity = Identity::new(
        id,
        Platform::Kubernetes,
        IdentityKind::KubernetesServiceAccount,
        name,
    );
    let origin = Origin::file("manifests.yaml");
    let evidence = Document {
        origin: &origin,
        bytes: b"",
    }
    .at_line("kubernetes", 1);
    identity.labels = BTreeSet::from([Label {
        source: LabelSource::Label,
        key: "owner".into(),
        value: owner.into(),
        evidence,
    }])
    .into();
    identity
}

/// Owners in whatever spelling, told by rosters of all vendors: those who left leave orphans, and nobody else does.
#[test]
fn exactly_the_identities_of_those_who_left_are_orphaned() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/roster");
    let mut inventory = Inventory::default();
    for case in [
        "scim", "entra", "okta", "google", "github", "gitlab", "tables",
    ] {
        for (path, bytes) in files(&folder.join(case)) {
            inventory.absorb(read(&format!("{case}/{path}"), &bytes).1);
        }
    }
    let left = [
        "john.smith@example.com",
        "c75ad752-64ae-4823-840d-ffa80929976c",
        "JohannaL@contoso.com",
        "626cbf8c-5dde-46b0-8385-9e40d64736fe",
        "gone@example.com",
        "susp@example.com",
        "arch@example.com",
        "user:john_doe",
        "hans.weg@example.de",
        "luc@example.fr",
        "jose@example.es",
        "Store Leads",
        "acme/hollow",
        "00g2emptyZTWRYYRRTS2",
    ];
    let there = [
        "bjensen@example.com",
        "2819c223-7f76-453a-919d-413861904646",
        "adele.vance@contoso.com",
        "Jane <jane@fabrikam.com>",
        "lock@example.com",
        "isaac@private.example",
        "vendite@example.com",
        "back@example.com",
        "odd@example.com",
        "eva@example.de",
        "somebody@else.example",
        "acme/payments",
        "Tour Guides",
        "long-list",
    ];
    let mut facts = Facts::default();
    for (kind, owners) in [("left", &left), ("there", &there)] {
        for (at, owner) in owners.iter().enumerate() {
            facts
                .identities
                .push(identity(&format!("{kind}-{at}"), owner));
        }
    }
    inventory.absorb(facts);
    let options = OwnershipOptions {
        now: Timestamp::parse("2026-06-01"),
        ..OwnershipOptions::default()
    };
    let resolved = resolve(&inventory, &options);
    let mut wrong = Vec::new();
    for identity in inventory.identities.values() {
        let ownership = resolved
            .ownership
            .get(&SubjectId::Identity(identity.id.clone()));
        let ownership = ownership.unwrap();
        let orphaned = ownership.state == OwnershipState::Orphaned;
        if orphaned != identity.id.0.contains("/left-") {
            wrong.push(format!(
                "{} {:?}: {}",
                identity.id.0, ownership.owner, ownership.reason
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
