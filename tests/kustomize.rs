//! Estates as repositories keep them: overlays put together, what Flux and Argo CD apply, several clusters. Each
//! case is a directory of `fixtures/kustomize` with what it states in `<case>.expected`, line by line.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers may fail as a test does"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use tenure::model::{
    Document, Evidence, Facts, IdentityKind, Inventory, Origin, Presence, Probe, Problem, Scope,
};
use tenure::reader::{Reader, kubernetes::Kubernetes};

/// What the reader makes of files, in whatever order they come, each with its path and contents.
fn read(
    files: &[(String, Vec<u8>)],
    cluster: &dyn Fn(&str) -> Option<&'static str>,
) -> (Facts, Vec<Problem>) {
    let origins: Vec<Arc<Origin>> = files
        .iter()
        .map(|(path, _)| {
            let origin = Origin::file(path.as_str());
            Arc::new(Origin {
                cluster: cluster(path).map(Into::into),
                ..(*origin).clone()
            })
        })
        .collect();
    let mut kept = Vec::new();
    let mut facts = Facts::default();
    let mut problems = Vec::new();
    for ((_, bytes), origin) in files.iter().zip(&origins) {
        let probe = Probe {
            origin,
            head: &bytes[..bytes.len().min(8192)],
            complete: bytes.len() <= 8192,
            binary: false,
        };
        if !Kubernetes.accepts(&probe) {
            continue;
        }
        let document = Document { origin, bytes };
        if Kubernetes.gathers(&document) {
            kept.push(document);
        } else {
            let (read, trouble) = Kubernetes.read(&document);
            facts.append(read);
            problems.extend(trouble);
        }
    }
    let (read, trouble) = Kubernetes.read_together(&kept);
    facts.append(read);
    problems.extend(trouble);
    (facts, problems)
}

fn files(case: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = walkdir::WalkDir::new(case).sort_by_file_name();
    entries
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let below = entry.path().strip_prefix(case).unwrap();
            let path = below.to_str().unwrap().to_owned();
            (path, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn place(evidence: &Evidence) -> String {
    evidence.to_string()
}

/// The facts, one a line.
fn lines(facts: Facts, problems: &[Problem]) -> BTreeSet<String> {
    let mut inventory = Inventory::default();
    inventory.absorb(facts);
    let mut lines = BTreeSet::new();
    for identity in inventory.identities.values() {
        let declared = identity.presence.iter().any(|p| *p != Presence::Referenced);
        if identity.kind != IdentityKind::KubernetesServiceAccount || !declared {
            continue;
        }
        lines.insert(format!("account {}", identity.id));
        for evidence in identity.evidence.iter() {
            lines.insert(format!("account {} at {}", identity.id, place(evidence)));
        }
        for why in identity.derivation.iter() {
            lines.insert(format!("account {} by {why}", identity.id));
        }
        for label in identity.labels.iter() {
            lines.insert(format!(
                "account {} says {}={} at {}",
                identity.id,
                label.key,
                label.value,
                place(&label.evidence)
            ));
        }
        for (role, evidence) in identity.becomes.iter() {
            lines.insert(format!(
                "account {} becomes {role} at {}",
                identity.id,
                place(evidence)
            ));
        }
    }
    for grant in &inventory.entitlements {
        let scope = match &grant.scope {
            Scope::Cluster(cluster) => cluster.to_string(),
            Scope::Namespace(cluster, namespace) => format!("{cluster}/{namespace}"),
            other => format!("{other:?}"),
        };
        lines.insert(format!(
            "grant {} to {} in {scope} at {}",
            grant.policy,
            grant.principal,
            place(&grant.evidence)
        ));
    }
    for policy in inventory.policies.values() {
        for rule in policy.rules.iter() {
            let tenure::model::RuleBody::Rbac(body) = &rule.body else {
                continue;
            };
            lines.insert(format!(
                "role {} {:?} {:?} {:?} at {}",
                policy.id,
                body.resources,
                body.verbs,
                body.resource_names,
                place(&rule.evidence)
            ));
        }
    }
    for workload in &inventory.workloads {
        lines.insert(format!("workload {} as {}", workload.id, workload.runs_as));
    }
    for credential in inventory.credentials.values() {
        let at: Vec<String> = credential.records.iter().map(place).collect();
        lines.insert(format!(
            "credential {} {} at {}",
            credential.kind,
            credential.id,
            at.join(" ")
        ));
    }
    for problem in problems {
        lines.insert(format!("problem {problem}"));
    }
    lines
}

fn by_directory(path: &str) -> Option<&'static str> {
    match path.split('/').next()? {
        "eu" => Some("prod-eu"),
        "us" => Some("prod-us"),
        _ => None,
    }
}

#[test]
fn every_case_states_what_is_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kustomize");
    let mut failures = Vec::new();
    let mut cases = 0;
    for entry in std::fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        cases += 1;
        let input = files(&path);
        let (facts, problems) = read(&input, &by_directory);
        let found = lines(facts, &problems);
        let expected = path.with_extension("expected");
        let text = std::fs::read_to_string(&expected).unwrap_or_default();
        let expected: BTreeSet<String> = text.lines().map(str::to_owned).collect();
        for line in found.difference(&expected) {
            failures.push(format!("{}: too much: {line}", path.display()));
        }
        for line in expected.difference(&found) {
            failures.push(format!("{}: missing: {line}", path.display()));
        }
    }
    assert!(cases >= 7);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_same_object_in_many_places_is_one() {
    let account = |name: &str| {
        format!("apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n").into_bytes()
    };
    let mut input = Vec::new();
    for place in 0..4 {
        for name in 0..25 {
            input.push((
                format!("install-{place}/{name}.yaml"),
                account(&format!("account-{name}")),
            ));
        }
    }
    let (facts, problems) = read(&input, &|_| None);
    assert_eq!(problems, []);
    let mut inventory = Inventory::default();
    inventory.absorb(facts);
    assert_eq!(inventory.identities.len(), 25);
    assert!(
        inventory
            .identities
            .values()
            .all(|identity| identity.evidence.len() == 4)
    );
}

#[test]
fn kustomizations_that_take_each_other_in_by_the_power_of_many_end() {
    let mut input = Vec::new();
    for level in 0..40 {
        let next = format!("resources: [../l{0}, ../m{0}, ../n{0}]\n", level + 1);
        for name in ["l", "m", "n"] {
            input.push((
                format!("{name}{level}/kustomization.yaml"),
                next.clone().into_bytes(),
            ));
        }
    }
    let account = b"apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n";
    for name in ["l", "m", "n"] {
        input.push((
            format!("{name}40/kustomization.yaml"),
            b"resources: [a.yaml]\n".to_vec(),
        ));
        input.push((format!("{name}40/a.yaml"), account.to_vec()));
    }
    let (_, problems) = read(&input, &|_| None);
    assert!(
        problems.iter().any(|p| p.kind.as_str() == "limited"),
        "{problems:?}"
    );
}
