//! Kubernetes end to end through the library's public surface: what is read from each fixture and what is
//! concluded about privilege; and the rule matching against an oracle that enumerates.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test's helpers may fail as a test does"
)]

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use tenure::model::{Document, Hop, Inventory, Moment, Origin, Privilege, Probe, Problem, Reach};
use tenure::reader::{Reader, kubernetes::Kubernetes};

mod oracle;

/// What a fixture expects. What is not stated is not compared, but for problems.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    #[serde(default)]
    identities: BTreeMap<String, Identity>,
    /// How many identities there are in all.
    count: Option<usize>,
    #[serde(default)]
    credentials: BTreeMap<String, Credential>,
    workloads: Option<Vec<String>>,
    containers: Option<Vec<String>>,
    #[serde(default)]
    problems: Vec<String>,
    /// For problems whose wording is the parser's.
    problem_kinds: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    presence: Option<Vec<String>>,
    humanity: Option<String>,
    automount: Option<bool>,
    created: Option<String>,
    labels: Option<Vec<String>>,
    evidence: Option<Vec<String>>,
    becomes: Option<Vec<String>>,
    provider_managed: Option<bool>,
    tier: Option<String>,
    certainty: Option<String>,
    reach: Option<Vec<String>>,
    capabilities: Option<Vec<String>>,
    capability_hops: Option<BTreeMap<String, Vec<String>>>,
    claim: Option<String>,
    hops: Option<Vec<String>>,
    wildcard: Option<bool>,
    unresolved: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credential {
    identity: String,
    basis: String,
    expires: String,
    created: String,
    last_used: String,
    status: String,
}

#[test]
fn fixtures() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kubernetes");
    let mut failures = Vec::new();
    let mut cases: Vec<_> = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(case.join("expected.yaml")).unwrap();
        let expected: Expected =
            serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut check = Check {
            name,
            failures: &mut failures,
        };
        let (inventory, problems) = load(&case);
        check.all(&expected, &inventory, &problems);
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// Reads a fixture's inputs in order, joins them, and says what went wrong.
fn load(case: &Path) -> (Inventory, Vec<Problem>) {
    let mut files: Vec<_> = std::fs::read_dir(case)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().is_some_and(|name| name != "expected.yaml"))
        .collect();
    files.sort();
    let mut inventory = Inventory::default();
    let mut problems = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&file).unwrap();
        problems.extend(read_into(&mut inventory, &name, &bytes));
    }
    tenure::link::link(&mut inventory);
    let once = inventory.clone();
    tenure::link::link(&mut inventory);
    assert_eq!(inventory, once, "linking is idempotent");
    (inventory, problems)
}

fn read_into(inventory: &mut Inventory, name: &str, bytes: &[u8]) -> Vec<Problem> {
    let origin = Origin::file(name);
    let probe = Probe {
        origin: &origin,
        head: &bytes[..bytes.len().min(8192)],
        complete: bytes.len() <= 8192,
        binary: false,
    };
    if !Kubernetes.accepts(&probe) {
        return Vec::new();
    }
    let document = Document {
        origin: &origin,
        bytes,
    };
    let (facts, problems) = Kubernetes.read(&document);
    inventory.absorb(facts);
    problems
}

fn inventory_of(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    let problems = read_into(&mut inventory, "test.yaml", text.as_bytes());
    assert_eq!(problems, []);
    tenure::link::link(&mut inventory);
    inventory
}

struct Check<'f> {
    name: String,
    failures: &'f mut Vec<String>,
}

impl Check<'_> {
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: Option<T>, found: T) {
        if let Some(expected) = expected
            && expected != found
        {
            self.failures.push(format!(
                "{}: {what}\n  expected {expected:?}\n  found    {found:?}",
                self.name
            ));
        }
    }

    fn all(&mut self, expected: &Expected, inventory: &Inventory, problems: &[Problem]) {
        let privileges = tenure::privilege::assess(inventory);
        for (id, expected) in &expected.identities {
            let Some(found) = inventory.identities.get(&id.as_str().into()) else {
                self.same(id, Some("an identity"), "none");
                continue;
            };
            self.identity(id, expected, found);
            match privileges.get(&found.id) {
                Some(privilege) => self.privilege(id, expected, privilege),
                None => self.same(id, expected.tier.as_deref(), "not assessed"),
            }
        }
        self.same("identities", expected.count, inventory.identities.len());
        for (id, expected) in &expected.credentials {
            match inventory.credentials.get(&id.as_str().into()) {
                Some(found) => self.credential(id, expected, found),
                None => self.same(id, Some("a credential"), "none"),
            }
        }
        let workloads = inventory.workloads.iter().map(|it| {
            let automount = match it.automount {
                Some(true) => " automount",
                Some(false) => " no automount",
                None => "",
            };
            format!("{} as {}{automount}", it.id, it.runs_as)
        });
        self.same("workloads", expected.workloads.clone(), workloads.collect());
        let containers = inventory.containers.iter().map(|it| it.id.to_string());
        self.same(
            "containers",
            expected.containers.clone(),
            containers.collect(),
        );
        if let Some(kinds) = &expected.problem_kinds {
            let found = problems.iter().map(|it| it.kind.as_str().to_owned());
            self.same("problems", Some(kinds.clone()), found.collect());
        } else {
            let found = problems.iter().map(ToString::to_string).collect();
            self.same("problems", Some(expected.problems.clone()), found);
        }
    }

    fn identity(&mut self, id: &str, expected: &Identity, found: &tenure::model::Identity) {
        let presence = found
            .presence
            .iter()
            .map(|it| format!("{it:?}").to_lowercase());
        self.same(id, expected.presence.clone(), presence.collect());
        let humanity = found.humanity.0.as_str().to_owned();
        self.same(id, expected.humanity.clone(), humanity);
        self.same(id, expected.automount.map(Some), found.automount);
        let created = found.created.map(|it| it.to_string());
        self.same(id, expected.created.clone().map(Some), created);
        let labels = found
            .labels
            .iter()
            .map(|it| format!("{}={}", it.key, it.value));
        self.same(id, expected.labels.clone(), sorted(labels));
        let evidence = found.evidence.iter().map(ToString::to_string).collect();
        self.same(id, expected.evidence.clone(), evidence);
        let becomes = found.becomes.iter().map(|it| it.0.to_string()).collect();
        self.same(id, expected.becomes.clone(), becomes);
        let managed = found.provider_managed.is_some();
        self.same(id, expected.provider_managed, managed);
        self.same(
            id,
            Some("has evidence"),
            match found.evidence.len() {
                0 => "has no evidence",
                _ => "has evidence",
            },
        );
    }

    fn privilege(&mut self, id: &str, expected: &Identity, found: &Privilege) {
        self.same(id, expected.tier.clone(), found.tier.as_str().to_owned());
        let certainty = found.certainty.as_str().to_owned();
        self.same(id, expected.certainty.clone(), certainty);
        let reach = found.reach.iter().map(Reach::to_string).collect();
        self.same(id, expected.reach.clone(), reach);
        let capabilities = found.capabilities.keys().map(|it| it.as_str().to_owned());
        self.same(id, expected.capabilities.clone(), capabilities.collect());
        for (capability, wanted) in expected.capability_hops.iter().flatten() {
            let proof = found
                .capabilities
                .iter()
                .find(|(it, _)| it.as_str() == capability)
                .map(|(_, proof)| proof.hops.iter().map(|h| hop(h)).collect());
            self.same(id, Some(Some(wanted.clone())), proof);
        }
        let claim = found.proof.as_ref().map(|proof| proof.claim.to_string());
        self.same(id, expected.claim.clone().map(Some), claim);
        let hops = found
            .proof
            .iter()
            .flat_map(|proof| &proof.hops)
            .map(|h| hop(h));
        self.same(id, expected.hops.clone(), hops.collect());
        self.same(id, expected.wildcard, found.wildcard.is_some());
        let unresolved = found.unresolved.iter().map(ToString::to_string).collect();
        self.same(id, expected.unresolved.clone(), unresolved);
    }

    fn credential(&mut self, id: &str, expected: &Credential, found: &tenure::model::Credential) {
        let moment = |it: Moment| match it {
            Moment::Unknown => "unknown".to_owned(),
            Moment::Never => "never".to_owned(),
            Moment::At(at) => at.to_string(),
        };
        let link = found.links.first();
        let identity = link.map(|it| it.identity.to_string());
        self.same(id, Some(Some(expected.identity.clone())), identity);
        let basis = link.map(|it| it.basis.to_string());
        self.same(id, Some(Some(expected.basis.clone())), basis);
        self.same(id, Some(expected.expires.clone()), moment(found.expires));
        let last_used = moment(found.last_used);
        self.same(id, Some(expected.last_used.clone()), last_used);
        let created = found.created.map(|it| it.to_string());
        self.same(id, Some(Some(expected.created.clone())), created);
        let status = found.status.as_str().to_owned();
        self.same(id, Some(expected.status.clone()), status);
        assert!(found.fingerprint.is_none(), "the value is never looked at");
    }
}

fn sorted(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut items: Vec<_> = items.collect();
    items.sort();
    items
}

fn hop(hop: &Hop) -> String {
    match &hop.evidence {
        Some(evidence) => format!("{} @ {evidence}", hop.what),
        None => hop.what.to_string(),
    }
}

#[test]
fn without_a_cluster_source_nothing_is_known() {
    let mut inventory =
        inventory_of("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: b}\n");
    let tier = |inventory: &Inventory| {
        let found = tenure::privilege::assess(inventory);
        found[&"k8s:cluster/b/a".into()].tier.as_str()
    };
    assert_eq!(tier(&inventory), "none");
    inventory.sources.clear();
    assert_eq!(tier(&inventory), "unknown");
}

#[test]
fn any_order_of_files_gives_the_same_inventory() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kubernetes/overlays");
    let mut forth = Inventory::default();
    let mut back = Inventory::default();
    let names = ["base.yaml", "copy.yml", "patches.yaml"];
    for name in names {
        read_into(&mut forth, name, &std::fs::read(root.join(name)).unwrap());
    }
    for name in names.into_iter().rev() {
        read_into(&mut back, name, &std::fs::read(root.join(name)).unwrap());
    }
    assert_eq!(forth, back);
}

#[test]
fn long_chains_stay_linear() {
    // Each account may run pods in the next namespace; the last is admin.
    const N: usize = 2_000;
    let mut text = String::new();
    for i in 0..N {
        let next = i + 1;
        text.push_str(&format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n\
             metadata: {{name: run, namespace: n{next}}}\nroleRef: {{kind: ClusterRole, name: run}}\n\
             subjects: [{{kind: ServiceAccount, name: a, namespace: n{i}}}]\n---\n"
        ));
    }
    text.push_str(&format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: run}}\n\
         rules: [{{apiGroups: [''], resources: [pods], verbs: [create]}}]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: top}}\n\
         roleRef: {{kind: ClusterRole, name: cluster-admin}}\n\
         subjects: [{{kind: ServiceAccount, name: a, namespace: n{N}}}]\n"
    ));
    let inventory = inventory_of(&text);
    let privileges = tenure::privilege::assess(&inventory);
    let first = &privileges[&"k8s:cluster/n0/a".into()];
    assert_eq!(first.tier.as_str(), "escalate");
    let proof = first.proof.as_ref().unwrap();
    assert!(proof.hops.len() < 100, "{} hops", proof.hops.len());
    assert!(proof.claim.len() < 500);
    assert!(first.reach.len() < 100, "{} places", first.reach.len());
}

#[test]
fn roles_that_all_take_each_other_over_do_not_hang() {
    let mut text = String::new();
    for i in 0..3_000 {
        text.push_str(&format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n\
             metadata: {{name: r{i}, labels: {{x: y}}}}\n\
             aggregationRule: {{clusterRoleSelectors: [{{matchLabels: {{x: y}}}}]}}\n---\n"
        ));
    }
    text.push_str(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\n\
         roleRef: {kind: ClusterRole, name: r1}\n\
         subjects: [{kind: ServiceAccount, name: a, namespace: n}]\n",
    );
    let inventory = inventory_of(&text);
    let privileges = tenure::privilege::assess(&inventory);
    let found = &privileges[&"k8s:cluster/n/a".into()];
    assert_eq!(found.tier.as_str(), "unknown");
    assert_eq!(found.unresolved.len(), 1);
}

#[test]
fn documents_are_claimed_by_name_and_content() {
    let object = "apiVersion: v1\nkind: ServiceAccount\n";
    let script = format!("#!/bin/sh\nkubectl apply -f - <<E\n{object}E\n");
    for (name, text, expected) in [
        ("a.yaml", object, true),
        ("a.YML", object, true),
        (
            "dump.json",
            "{\"apiVersion\": \"v1\", \"kind\": \"List\"}",
            true,
        ),
        ("-", "# a comment\n---\napiVersion: v1\nkind: List\n", true),
        ("dir/manifest", object, true),
        ("dir/install", &script, false),
        ("notes.md", object, false),
        ("a.yaml", "kind: nothing of ours\n", false),
    ] {
        let origin = Origin::file(name);
        let probe = Probe {
            origin: &origin,
            head: text.as_bytes(),
            complete: true,
            binary: false,
        };
        assert_eq!(Kubernetes.accepts(&probe), expected, "{name}");
    }
}

#[test]
fn secrets_of_any_kind_leave_no_trace() {
    let value = concat!("c2VjcmV0", "LXZhbHVl");
    let long = "x".repeat(300);
    let mut inventory = Inventory::default();
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata: {{token: {value}}}\n\
         type: kubernetes.io/service-account-token\n---\n\
         apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: b\n  annotations:\n    \
         kubectl.kubernetes.io/last-applied-configuration: '{value}'\n    blob: {value}{long}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {{name: [{value}\n"
    );
    let problems = read_into(&mut inventory, "a.yaml", text.as_bytes());
    assert_eq!(problems.len(), 1);
    assert_eq!(inventory.credentials.len(), 1);
    assert!(!format!("{inventory:?}{problems:?}").contains(value));
}
