//! Ownership, through the public surface: each folder of `fixtures/ownership` is an estate with a
//! `case.yaml` that lists the identities found elsewhere and says whose they are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed; clippy knows only functions marked as tests"
)]

use proptest::prelude::*;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tenure::model::*;
use tenure::ownership::{OwnershipOptions, Resolved, resolve};
use tenure::reader::{self, Reader};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case shows.
    about: String,
    now: Option<String>,
    #[serde(default)]
    owner_keys: Vec<String>,
    /// Git work trees, by root, with their remote.
    #[serde(default)]
    repositories: BTreeMap<String, Option<String>>,
    #[serde(default)]
    sources: Vec<(String, String)>,
    #[serde(default)]
    identities: BTreeMap<String, Subject>,
    #[serde(default)]
    containers: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    credentials: BTreeMap<String, Leaked>,
    #[serde(default)]
    suggestions: BTreeMap<String, String>,
    #[serde(default)]
    expect: BTreeMap<String, Expected>,
    /// Ids of the registry entries that speak of each identity, best first.
    #[serde(default)]
    registered: BTreeMap<String, Vec<String>>,
    /// A part of each problem, `path:line: kind: message`, in order.
    #[serde(default)]
    problems: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Subject {
    name: Option<String>,
    labels: BTreeMap<String, String>,
    /// Files that state it.
    files: Vec<String>,
    presence: Vec<String>,
    /// Whether those files are an AWS export.
    exported: bool,
    provider_managed: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Leaked {
    authenticates_as: Vec<String>,
    exposed_in: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    state: String,
    owner: Option<String>,
    suggestion: Option<String>,
    /// Parts of the reason.
    reason: Vec<String>,
    /// All claims, strongest first, as `method owner`.
    claims: Option<Vec<String>>,
}

#[test]
fn every_case_resolves_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ownership");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 15, "the folder holds the cases");
    let faults: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let fault = check(case).err()?;
            Some(format!("{}: {fault}", case.display()))
        })
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn check(folder: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(folder.join("case.yaml")).map_err(|e| e.to_string())?;
    let case: Case = serde_yaml::from_str(&text).map_err(|e| e.to_string())?;
    assert!(!case.about.is_empty());
    let (inventory, problems) = inventory(folder, &case);
    let resolved = resolve(&inventory, &options(&case));
    let containers: BTreeSet<&Str> = inventory.containers.iter().map(|c| &c.id).collect();
    assert_eq!(
        resolved.ownership.len(),
        inventory.identities.len() + inventory.credentials.len() + containers.len()
    );
    for (id, expected) in &case.expect {
        judge(id, expected, &resolved)?;
    }
    for (id, expected) in &case.registered {
        let found: Vec<String> = resolved
            .registered
            .get(&IdentityId::from(id.as_str()))
            .into_iter()
            .flatten()
            .map(|entry| entry.id.to_string())
            .collect();
        if found != *expected {
            return Err(format!("{id} is registered as {found:?}"));
        }
    }
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let same = problems.len() == case.problems.len()
        && (problems.iter().zip(&case.problems)).all(|(found, part)| found.contains(part.as_str()));
    if same {
        Ok(())
    } else {
        Err(format!("problems are {problems:#?}"))
    }
}

fn judge(id: &str, expected: &Expected, resolved: &Resolved) -> Result<(), String> {
    let found = [
        SubjectId::Identity(id.into()),
        SubjectId::Credential(id.into()),
    ]
    .iter()
    .find_map(|subject| resolved.ownership.get(subject))
    .ok_or_else(|| format!("{id} has no ownership"))?;
    let text = |owner: &Option<Owner>| owner.as_ref().map(ToString::to_string);
    let claims: Vec<String> = found
        .claims
        .iter()
        .map(|c| format!("{} {}", c.method.as_str(), c.owner))
        .collect();
    let same = found.state.as_str() == expected.state
        && text(&found.owner) == expected.owner
        && text(&found.suggestion) == expected.suggestion
        && expected.claims.as_ref().is_none_or(|c| *c == claims)
        && (expected.reason.iter()).all(|part| found.reason.contains(part.as_str()));
    if same {
        return Ok(());
    }
    Err(format!(
        "{id} is {} {:?} {:?}: {:?} {claims:?}",
        found.state.as_str(),
        text(&found.owner),
        text(&found.suggestion),
        found.reason
    ))
}

fn options(case: &Case) -> OwnershipOptions {
    OwnershipOptions {
        owner_keys: case.owner_keys.iter().map(|k| k.as_str().into()).collect(),
        now: case.now.as_deref().and_then(Timestamp::parse),
        suggestions: case
            .suggestions
            .iter()
            .map(|(id, raw)| Attribution {
                method: Method::CommitAuthor,
                subject: SubjectId::Identity(id.as_str().into()),
                rank: 0,
                why: None,
                owner: Owner::parse(raw).unwrap(),
                raw: raw.as_str().into(),
                as_of: None,
                evidence: evidence("git", "git log", case),
            })
            .collect(),
        ..OwnershipOptions::default()
    }
}

fn readers() -> [Box<dyn Reader>; 4] {
    [
        Box::new(reader::backstage::Backstage),
        Box::new(reader::codeowners::Codeowners),
        Box::new(reader::registry::Registry),
        Box::new(reader::roster::Roster),
    ]
}

/// The files of a case as the readers read them, and the identities that the case lists.
fn inventory(folder: &Path, case: &Case) -> (Inventory, Vec<Problem>) {
    let mut inventory = Inventory::default();
    let mut problems = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.unwrap();
        if !entry.file_type().is_file() || entry.file_name() == "case.yaml" {
            continue;
        }
        let path = entry.path().strip_prefix(folder).unwrap();
        let path = path.to_str().unwrap().replace('\\', "/");
        let bytes = std::fs::read(entry.path()).unwrap();
        let mut found = read(&origin(&path, case), &bytes, &mut inventory);
        problems.append(&mut found);
    }
    let mut facts = Facts::default();
    for (id, subject) in &case.identities {
        facts.identities.push(identity(id, subject, case));
    }
    for (id, labels) in &case.containers {
        facts.containers.push(Container {
            id: id.as_str().into(),
            kind: match id.starts_with("k8s:") {
                true => ContainerKind::Namespace,
                false => ContainerKind::Account,
            },
            name: id.rsplit(['/', ':']).next().unwrap().into(),
            parent: None,
            labels: self::labels(labels, LabelSource::Label, case).into(),
            evidence: evidence("kubernetes", "namespaces.yaml", case),
        });
    }
    for (id, leaked) in &case.credentials {
        facts.credentials.push(credential(id, leaked, case));
    }
    for (kind, account) in &case.sources {
        let source = (kind.as_str().into(), account.as_str().into());
        facts.sources.push(source);
    }
    inventory.absorb(facts);
    (inventory, problems)
}

fn read(origin: &Arc<Origin>, bytes: &[u8], inventory: &mut Inventory) -> Vec<Problem> {
    let probe = Probe {
        origin,
        head: &bytes[..bytes.len().min(8192)],
        complete: bytes.len() <= 8192,
        binary: false,
    };
    let mut problems = Vec::new();
    for reader in readers() {
        if reader.accepts(&probe) {
            let (facts, mut found) = reader.read(&Document { origin, bytes });
            inventory.absorb(facts);
            problems.append(&mut found);
        }
    }
    problems
}

fn origin(path: &str, case: &Case) -> Arc<Origin> {
    let inside =
        |root: &str| root.is_empty() || path.strip_prefix(root).is_some_and(|p| p.starts_with('/'));
    let repository = case
        .repositories
        .iter()
        .filter(|(root, _)| inside(root))
        .max_by_key(|(root, _)| root.len())
        .map(|(root, remote)| {
            Arc::new(Repository {
                root: root.as_str().into(),
                remote: remote.as_deref().map(Into::into),
                branch: None,
                head: None,
            })
        });
    Arc::new(Origin {
        named: 0,
        archive: None,
        path: path.into(),
        repository,
        cluster: None,
    })
}

fn evidence(reader: &'static str, path: &str, case: &Case) -> Evidence {
    Evidence {
        origin: origin(path, case),
        line: Some(1),
        column: None,
        pointer: None,
        reader,
    }
}

fn labels(labels: &BTreeMap<String, String>, source: LabelSource, case: &Case) -> BTreeSet<Label> {
    labels
        .iter()
        .map(|(key, value)| Label {
            source,
            key: key.as_str().into(),
            value: value.as_str().into(),
            evidence: evidence("kubernetes", "labels.yaml", case),
        })
        .collect()
}

fn identity(id: &str, subject: &Subject, case: &Case) -> Identity {
    let (platform, kind, source) = match id.split(':').next() {
        Some("arn") => (Platform::Aws, IdentityKind::AwsUser, LabelSource::Tag),
        Some("k8s") => (
            Platform::Kubernetes,
            IdentityKind::KubernetesServiceAccount,
            LabelSource::Annotation,
        ),
        // An id of no known form: whatever kind it is of, only its exact id selects it.
        _ => (Platform::Other, IdentityKind::AwsUser, LabelSource::Tag),
    };
    let name = id.rsplit(['/', ':']).next().unwrap();
    let name = subject.name.as_deref().unwrap_or(name);
    let mut identity = Identity::new(id.into(), platform, kind, name);
    if platform == Platform::Aws {
        identity.account = id.split(':').nth(4).map(Into::into);
    } else if let Some(rest) = id.strip_prefix("k8s:") {
        let mut parts = rest.split('/');
        identity.account = parts.next().map(Into::into);
        identity.namespace = parts.next().map(Into::into);
    }
    identity.labels = labels(&subject.labels, source, case).into();
    identity.provider_managed = subject.provider_managed.as_deref().map(Into::into);
    let reader = match subject.exported {
        true => "aws-authorization-details",
        false => "kubernetes",
    };
    let files = subject.files.iter();
    identity.evidence = files.map(|path| evidence(reader, path, case)).collect();
    let presence = subject.presence.iter().map(|p| match p.as_str() {
        "referenced" => Presence::Referenced,
        "declared" => Presence::Declared,
        "observed" => Presence::Observed,
        other => panic!("unknown presence {other}"),
    });
    identity.presence = presence.collect();
    if identity.presence.is_empty() {
        identity.presence.insert(Presence::Declared);
    }
    identity
}

fn credential(id: &str, leaked: &Leaked, case: &Case) -> Credential {
    let mut credential = Credential::new(id.into(), "aws-access-key", "aws", "AWS access key");
    credential.links = leaked
        .authenticates_as
        .iter()
        .map(|identity| CredentialLink {
            identity: identity.as_str().into(),
            basis: "listing".into(),
            evidence: evidence("aws-access-keys", "keys.json", case),
        })
        .collect();
    credential.exposures = leaked
        .exposed_in
        .iter()
        .map(|path| {
            let evidence = evidence("secrets", path, case);
            Exposure::in_tree(evidence, Confidence::High, BTreeSet::new(), None)
        })
        .collect();
    credential
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// No reader falls over hostile bytes.
    #[test]
    fn readers_survive_anything(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in "\\PC{0,200}") {
        for name in ["CODEOWNERS", "nhi-registry.yaml", "catalog-info.yaml", "roster.csv", "roster.yaml"] {
            let origin = Origin::file(name);
            for bytes in [&bytes[..], text.as_bytes()] {
                for reader in readers() {
                    let _ = reader.read(&Document { origin: &origin, bytes });
                }
            }
        }
        let _ = Owner::parse(&text);
    }
}

/// Not a benchmark: it fails when every identity meets every pattern, which takes minutes at this size.
#[test]
fn a_large_estate_resolves_in_linear_time() {
    let mut inventory = Inventory::default();
    let mut registry = "version: 1\nidentities:\n".to_owned();
    let mut codeowners = String::new();
    for i in 0..10_000 {
        registry.push_str(&format!(
            "  - {{match: {{name: \"svc-{i}-*\"}}, owner: \"team:t{i}\"}}\n"
        ));
        codeowners.push_str(&format!("/services/s{i}/ @acme/t{i}\n*.e{i} @acme/e{i}\n"));
    }
    read(
        &Origin::file("nhi-registry.yaml"),
        registry.as_bytes(),
        &mut inventory,
    );
    read(
        &Origin::file("CODEOWNERS"),
        codeowners.as_bytes(),
        &mut inventory,
    );
    for i in 0..20_000 {
        let name = format!("svc-{}-{i}", i % 20_000);
        let mut identity = Identity::new(
            format!("k8s:cluster/ns{}/{name}", i % 500).into(),
            Platform::Kubernetes,
            IdentityKind::KubernetesServiceAccount,
            name,
        );
        identity.account = Some("cluster".into());
        identity.namespace = Some(format!("ns{}", i % 500).into());
        identity.presence.insert(Presence::Declared);
        identity.evidence.insert(Evidence {
            origin: Origin::file(format!("services/s{}/deploy/{i}.yaml", i % 15_000)),
            line: Some(1),
            column: None,
            pointer: None,
            reader: "kubernetes",
        });
        inventory.add_identity(identity);
    }
    // Quadratic work would not end in anybody's patience; how long it takes is a benchmark's business.
    let resolved = resolve(&inventory, &OwnershipOptions::default());
    assert_eq!(resolved.ownership.len(), 20_000);
    assert_eq!(resolved.registered.len(), 10_000);
}

/// Lists made to repeat names as often as they can: everybody is everybody, every team is one team.
#[test]
fn a_hostile_roster_costs_no_more_than_its_length() {
    let mut roster = "email,login,status,teams\n".to_owned();
    let mut catalog = String::new();
    for i in 0..20_000 {
        roster.push_str(&format!("p{i}@example.com,same,left,same;o{i}/tail\n"));
        catalog.push_str(&format!(
            "---\napiVersion: backstage.io/v1alpha1\nkind: Component\n\
             metadata: {{name: c{i}}}\nspec: {{owner: \"group:o{i}/tail\"}}\n"
        ));
    }
    let mut inventory = Inventory::default();
    read(
        &Origin::file("roster.csv"),
        roster.as_bytes(),
        &mut inventory,
    );
    read(
        &Origin::file("catalog-info.yaml"),
        catalog.as_bytes(),
        &mut inventory,
    );
    for i in 0..20_000 {
        let mut identity = Identity::new(
            format!("k8s:cluster/n/{i}").into(),
            Platform::Kubernetes,
            IdentityKind::KubernetesServiceAccount,
            format!("c{i}"),
        );
        let evidence = Evidence {
            origin: Origin::file("k8s/all.yaml"),
            line: Some(i + 1),
            column: None,
            pointer: None,
            reader: "kubernetes",
        };
        for (key, value) in [
            ("owner", "same".to_owned()),
            ("x/owner", format!("p{i}@example.com")),
        ] {
            identity.labels.insert(Label {
                source: LabelSource::Tag,
                key: key.into(),
                value: value.into(),
                evidence: evidence.clone(),
            });
        }
        identity.presence.insert(Presence::Declared);
        identity.evidence.insert(evidence);
        inventory.add_identity(identity);
    }
    let resolved = resolve(&inventory, &OwnershipOptions::default());
    let mut states = resolved.ownership.values().map(|o| o.state);
    assert!(states.all(|state| state == OwnershipState::Orphaned));
}
