//! Files in which programs keep whom they sign in as: what is read from each fixture, that readers leave each
//! other's files alone, that a secret is one credential wherever it stands, and that no value comes out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test's helpers may fail as a test does"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use support::{findings, fixture, put, report, room};
use tenure::model::{Document, Fingerprinter, Inventory, Origin, Presence, Probe, Problem};
use tenure::reader::{Reader, readers};

const OURS: [&str; 5] = [
    "ansible",
    "compose",
    "dotfiles",
    "jenkins-credentials",
    "profiles",
];

fn all() -> Vec<Box<dyn Reader>> {
    let detector = tenure::scan::detector(&[], Fingerprinter::new(None)).unwrap();
    readers(Arc::new(detector))
}

fn ours() -> Vec<Box<dyn Reader>> {
    let mut readers = all();
    readers.retain(|reader| OURS.contains(&reader.name()));
    readers
}

fn accepts(reader: &dyn Reader, path: &str, bytes: &[u8]) -> bool {
    let origin = Origin::file(path);
    let head = &bytes[..bytes.len().min(8192)];
    reader.accepts(&Probe {
        origin: &origin,
        head,
        complete: head.len() == bytes.len(),
        binary: head.contains(&0),
    })
}

/// Reads the files of a folder with all readers of ours, and joins what they say.
fn read(folder: &Path, detect: bool) -> (Inventory, Vec<Problem>) {
    let files: Vec<(Arc<Origin>, Vec<u8>)> = walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file() && entry.file_name() != "expected.yaml")
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).unwrap();
            let path = path.to_string_lossy().into_owned();
            (Origin::file(path), fs::read(entry.path()).unwrap())
        })
        .collect();
    let mut inventory = Inventory::default();
    let mut problems = Vec::new();
    let mut readers = all();
    readers.retain(|r| OURS.contains(&r.name()) || detect && r.name() == "secrets");
    for reader in &readers {
        let documents: Vec<Document<'_>> = files
            .iter()
            .filter(|(origin, bytes)| accepts(&**reader, &origin.path, bytes))
            .map(|(origin, bytes)| Document { origin, bytes })
            .collect();
        let (facts, trouble) = reader.read_together(&documents);
        inventory.absorb(facts);
        problems.extend(trouble);
    }
    tenure::link::link(&mut inventory);
    (inventory, problems)
}

/// Everything that the fixtures' expectations speak of, one line each.
fn described(inventory: &Inventory) -> BTreeMap<String, Vec<String>> {
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for identity in inventory.identities.values() {
        let mut say = vec![format!("kind {}", identity.kind.as_str())];
        let known = identity.presence.iter().any(|p| *p != Presence::Referenced);
        say.extend(known.then(|| "declared".to_owned()));
        say.extend(identity.traits.iter().map(|t| format!("trait {t}")));
        say.extend(
            identity
                .becomes
                .iter()
                .map(|(id, _)| format!("becomes {id}")),
        );
        say.extend(
            identity
                .derivation
                .iter()
                .map(|d| format!("derivation {d}")),
        );
        say.extend(identity.serves.iter().map(|s| format!("serves {s}")));
        let labels = identity.labels.iter();
        say.extend(labels.map(|l| format!("label {}={}", l.key, l.value)));
        for credential in inventory.credentials.values() {
            let held = credential.links.iter().any(|l| l.identity == identity.id);
            if held {
                let traits: Vec<&str> = credential.traits.iter().map(|t| &**t).collect();
                say.push(format!("holds {} [{}]", credential.kind, traits.join(", ")));
            }
        }
        for used in inventory
            .secret_uses
            .iter()
            .filter(|u| u.user == identity.id)
        {
            let digest = used.secret.contains("/value/");
            let secret = if digest { "a value" } else { &used.secret };
            say.push(format!("is handed {secret} as {}", used.how));
        }
        lines.insert(identity.id.to_string(), say);
    }
    lines
}

#[test]
fn fixtures_say_what_is_expected_of_them() {
    let mut cases = 0;
    let mut wrong = String::new();
    for entry in fs::read_dir(fixture("files")).unwrap() {
        let folder = entry.unwrap().path();
        let (inventory, problems) = read(&folder, false);
        assert!(problems.is_empty(), "{}: {problems:?}", folder.display());
        let found = described(&inventory);
        let expected = fs::read_to_string(folder.join("expected.yaml")).unwrap_or_default();
        let expected: BTreeMap<String, Vec<String>> =
            serde_yaml::from_str(&expected).unwrap_or_default();
        if found != expected {
            let found = serde_yaml::to_string(&found).unwrap();
            wrong.push_str(&format!("# {}\n{found}\n", folder.display()));
        }
        cases += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(cases >= 8, "{cases}");
}

#[test]
fn each_file_belongs_to_at_most_one_of_these_readers() {
    let readers = ours();
    let mut met = BTreeSet::new();
    for entry in walkdir::WalkDir::new(fixture("files")) {
        let entry = entry.unwrap();
        if !entry.file_type().is_file() || entry.file_name() == "expected.yaml" {
            continue;
        }
        let bytes = fs::read(entry.path()).unwrap();
        let path = entry.path().to_string_lossy();
        let names: Vec<&str> = readers
            .iter()
            .filter(|reader| accepts(&***reader, &path, &bytes))
            .map(|reader| reader.name())
            .collect();
        assert!(names.len() <= 1, "{path}: {names:?}");
        met.extend(names);
    }
    assert_eq!(met.into_iter().collect::<Vec<_>>(), OURS);
}

#[test]
fn what_is_not_theirs_is_left_alone() {
    let readers = ours();
    for (path, text) in [
        ("values.yaml", "services:\n  a: 1\n"),
        (
            "k8s/stack.yaml",
            "apiVersion: v1\nkind: Service\nservices: []\n",
        ),
        ("config.json", "{\"auth\": true, \"authors\": []}"),
        ("package.json", "{\"type\": \"module\"}"),
        ("settings.xml", "<configuration><a/></configuration>"),
        ("config.xml", "<project><scm/></project>"),
        ("src/config", "[core]\nbare = false\n"),
        (".git/config", "[core]\nbare = false\n"),
        ("credentials", "user:password\n"),
        ("hosts", "127.0.0.1 localhost\n"),
        ("tasks/main.yml", "version: 3\ntasks:\n  a: {}\n"),
        (
            ".github/workflows/ci.yml",
            "on: push\njobs:\n  a:\n    services: {}\n",
        ),
        ("ingress.yaml", "- hosts:\n  - a\n"),
        ("app.env.d.ts", "export {}\n"),
        ("environment.ts", "export const a = 1\n"),
        ("aws.py", "[x]\naws_access_key_id\n"),
        ("Cargo.toml", "[package]\nname = \"a\"\n"),
        ("auth.json", "{\"user\": 1}"),
    ] {
        for reader in &readers {
            assert!(
                !accepts(&**reader, path, text.as_bytes()),
                "{} takes {path}",
                reader.name()
            );
        }
    }
}

#[test]
fn a_secret_is_one_credential_whoever_reads_it() {
    let (inventory, _) = read(&fixture("files"), true);
    // Where the detector finds a value, nothing else speaks of a credential of that line.
    let found: BTreeSet<(String, u32)> = inventory
        .credentials
        .values()
        .flat_map(|c| &c.exposures)
        .filter_map(|e| Some((e.evidence.origin.path.to_string(), e.evidence.line?)))
        .collect();
    for credential in inventory.credentials.values() {
        if !credential.exposures.is_empty() || !credential.kind.starts_with("stored-") {
            continue;
        }
        for link in &credential.links {
            let Some(line) = link.evidence.line else {
                continue;
            };
            let place = (link.evidence.origin.path.to_string(), line);
            assert!(!found.contains(&place), "{}: {place:?}", credential.id);
        }
    }
}

#[test]
fn problems_are_said_and_lose_nothing_else() {
    let room = room();
    put(
        room.path(),
        "jenkins/credentials.xml",
        "<com.cloudbees.plugins.credentials.SystemCredentialsProvider><a>",
    );
    put(
        room.path(),
        "a/compose.yaml",
        "services:\n  a: {image: b\n---\nservices:\n  c: {image: d, env_file: .env}\n",
    );
    put(
        room.path(),
        "b/.npmrc",
        b"//npm.acme.internal/:_authToken=\xff\xfe\n",
    );
    put(
        room.path(),
        "c/.docker/config.json",
        "{\"auths\": {\"a\": {\"auth\": ",
    );
    put(room.path(), "d/group_vars/all.yml", "a: [\n");
    put(
        room.path(),
        "e/.aws/config",
        "[profile\nrole_arn\n=\n[]\n= x\nrole_arn = y\n",
    );
    put(
        room.path(),
        "f/.netrc",
        "machine\nlogin\npassword\nmachine a login\n",
    );
    let (inventory, problems) = read(room.path(), false);
    let told: BTreeSet<&str> = problems.iter().map(|p| &*p.path).collect();
    for path in [
        "jenkins/credentials.xml",
        "a/compose.yaml",
        "b/.npmrc",
        "c/.docker/config.json",
        "d/group_vars/all.yml",
    ] {
        assert!(told.contains(path), "{path}: {told:?}");
    }
    assert!(
        inventory
            .identities
            .keys()
            .any(|id| &*id.0 == "compose:a/c")
    );
}

#[test]
fn checks_find_what_is_kept_badly_and_nothing_in_what_is_kept_well() {
    let room = room();
    let estate = room.path().join("estate");
    support::copy(&fixture("files"), &estate);
    support::copy(&fixture("files/clean"), &room.path().join("clean"));
    for folder in ["estate", "clean"] {
        git2::Repository::init(room.path().join(folder)).unwrap();
    }
    let found = report(room.path(), &["estate"]);
    for (check, least) in [
        ("ansible-become-password-plain", 1),
        ("ansible-root-by-password", 0),
        ("aws-profile-chain-broken", 3),
        ("aws-profile-keys-begin-role-chain", 1),
        ("aws-profile-runs-program-of-repository", 2),
        ("compose-secret-as-default", 1),
        ("compose-service-mounts-credentials", 1),
        ("compose-service-reaches-daemon", 1),
        ("compose-service-without-isolation", 1),
        ("database-default-password-published", 1),
        ("database-open-without-password", 1),
        ("database-user-made-superuser", 1),
        ("docker-login-kept-plain", 1),
        ("git-password-kept-plain", 1),
        ("host-keys-unchecked", 1),
        ("jenkins-credential-for-every-job", 1),
        ("jenkins-credential-unencrypted", 2),
        ("jenkins-key-beside-credentials", 1),
        ("login-file-in-repository", 2),
        ("password-of-several-accounts", 1),
        ("registry-login-in-repository", 3),
        ("registry-login-unprotected", 1),
    ] {
        let count = findings(&found, check).len();
        assert!(count >= least, "{check}: {count}");
    }
    let clean = report(room.path(), &["clean"]);
    let ours: Vec<&str> = clean["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    assert!(ours.is_empty(), "{ours:?}");
}

#[test]
fn services_that_are_handed_nothing_are_no_identities() {
    let room = room();
    put(
        room.path(),
        "web/compose.yml",
        "services:\n  proxy: {image: nginx, ports: ['80:80']}\n  cache: {image: redis}\n  \
         app: {image: a, environment: {API_TOKEN: '${API_TOKEN:?}'}}\n  \
         agent: {image: b, volumes: ['/var/run/docker.sock:/var/run/docker.sock']}\n  \
         mail: {image: c, labels: {owner: post@acme.example}}\n  \
         job: {extends: {file: base.yml, service: job}}\n",
    );
    let (inventory, _) = read(room.path(), false);
    let ids: Vec<&str> = inventory.identities.keys().map(|id| &*id.0).collect();
    assert_eq!(
        ids,
        [
            "compose:web/agent",
            "compose:web/app",
            "compose:web/job",
            "compose:web/mail"
        ]
    );
}

#[test]
fn examples_are_no_findings() {
    let room = room();
    support::copy(
        &fixture("files/compose"),
        &room.path().join("examples/compose"),
    );
    support::copy(
        &fixture("files/packages"),
        &room.path().join("docs/packages"),
    );
    put(
        room.path(),
        ".env.example",
        "DB_HOST=db\nDB_USER=app\nDB_PASSWORD=changeme\n",
    );
    git2::Repository::init(room.path()).unwrap();
    let found = report(room.path(), &["."]);
    for finding in found["findings"].as_array().unwrap() {
        let check = finding["check"].as_str().unwrap();
        let about = [
            "compose-",
            "registry-",
            "database-",
            "login-",
            "docker-",
            "password-",
        ];
        assert!(
            !about.iter().any(|start| check.starts_with(start)),
            "{check}"
        );
    }
}

#[test]
fn no_value_of_these_files_comes_out() {
    let room = room();
    support::copy(&fixture("files"), &room.path().join("estate"));
    let found = report(room.path(), &["estate"]).to_string();
    for value in [
        "Zk3vQ9pLm2Xs",
        "Hq7Lm3Vt9Zx2",
        "Yt5Nw8Kc4Rb6",
        "Wq4Rt7Yp2Mz9",
        "Bn6Vc3Xz8Lk1",
        "Qw8Er5Ty2Ui9",
        "qV8rT2qZ7mLk",
        "AQAAABAAAAAQ2jhg",
        "wJalrXUtnFEMI",
        "6231336539",
    ] {
        assert!(!found.contains(value), "{value}");
    }
}
