//! Helm charts end to end through the library's public surface: which identities a chart declares, what its values,
//! other files of values and releases make of them, and what becomes of templates that cannot be run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers may fail as a test does"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tenure::model::{Document, Facts, Identity, Origin, Presence, Probe, Problem, ProblemKind};
use tenure::reader::{Reader, kubernetes::Kubernetes};

/// Reads files as a scan does: those that the reader claims and keeps, all together, in the order of their paths.
fn read(files: &BTreeMap<String, Vec<u8>>) -> (Facts, Vec<Problem>) {
    let origins: Vec<(Arc<Origin>, &[u8])> = files
        .iter()
        .map(|(path, bytes)| (Origin::file(path.as_str()), bytes.as_slice()))
        .filter(|(origin, bytes)| {
            Kubernetes.accepts(&Probe {
                origin,
                head: bytes.get(..8192).unwrap_or(bytes),
                complete: bytes.len() < 8192,
                binary: false,
            })
        })
        .collect();
    let documents: Vec<Document<'_>> = origins
        .iter()
        .map(|(origin, bytes)| Document { origin, bytes })
        .filter(|document| Kubernetes.gathers(document))
        .collect();
    Kubernetes.read_together(&documents)
}

fn fixture(name: &str) -> (Facts, Vec<Problem>) {
    fn collect(dir: &Path, root: &Path, into: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, into);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                into.insert(name.to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/helm");
    let mut files = BTreeMap::new();
    collect(&root.join(name), &root, &mut files);
    read(&files)
}

fn text(files: &[(&str, &str)]) -> (Facts, Vec<Problem>) {
    let files = files.iter();
    read(
        &files
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect(),
    )
}

/// The declared accounts: `namespace/name`, and `off` where disabled.
fn accounts(facts: &Facts) -> Vec<String> {
    let declared = |identity: &&Identity| !identity.presence.contains(&Presence::Referenced);
    let mut names: Vec<String> = facts
        .identities
        .iter()
        .filter(declared)
        .map(|identity| {
            let namespace = identity.namespace.as_deref().unwrap_or_default();
            let off = if identity.presence.contains(&Presence::SwitchedOff) {
                " off"
            } else {
                ""
            };
            format!("{namespace}/{}{off}", identity.name)
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

fn named<'f>(facts: &'f Facts, name: &str) -> Vec<&'f Identity> {
    let declared = facts.identities.iter().filter(|identity| {
        &*identity.name == name && !identity.presence.contains(&Presence::Referenced)
    });
    declared.collect()
}

fn derivations(facts: &Facts, name: &str) -> Vec<String> {
    let mut all: Vec<String> = named(facts, name)
        .iter()
        .flat_map(|identity| identity.derivation.iter().map(ToString::to_string))
        .collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn a_chart_with_subcharts_conditions_and_ranges() {
    let (facts, problems) = fixture("payments");
    assert_eq!(problems, []);
    assert_eq!(
        accounts(&facts),
        [
            "default/payments",
            "default/payments-backup",
            "default/payments-ledger-writer",
            "default/payments-mail",
            "default/payments-refunds",
            "default/payments-trail off",
        ]
    );
    let derivation = derivations(&facts, "payments");
    assert_eq!(
        derivation,
        [
            "chart payments, default values",
            "chart payments, values-prod.yaml"
        ]
    );
    // Only production has it.
    assert_eq!(
        derivations(&facts, "payments-backup"),
        ["chart payments, values-prod.yaml"]
    );
    assert_eq!(
        derivations(&facts, "payments-trail"),
        [
            "chart payments, default values",
            "off by default values: .Values.trail.enabled"
        ]
    );
    let one = named(&facts, "payments")[0];
    let (role, _) = one.becomes.iter().next().unwrap();
    assert_eq!(role.to_string(), "arn:aws:iam::111122223333:role/payments");
}

#[test]
fn evidence_points_into_the_template() {
    let (facts, _) = fixture("payments");
    let lines: Vec<String> = facts
        .policies
        .iter()
        .flat_map(|policy| &policy.rules)
        .map(|rule| rule.evidence.to_string())
        .collect();
    // Rules from values stand at the action that writes them; the other one is in the template.
    for expected in [
        "payments/templates/rbac.yaml:8",
        "payments/templates/rbac.yaml:10",
    ] {
        assert!(
            lines.iter().any(|line| line.contains(expected)),
            "{expected} in {lines:?}"
        );
    }
}

#[test]
fn what_default_values_switch_off_is_declared_and_disabled() {
    let (facts, problems) = text(&[
        ("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        (
            "c/values.yaml",
            "admin: {create: false}\nmode: none\nused: {create: false, name: there}\n",
        ),
        (
            "c/templates/a.yaml",
            "{{- if and .Values.admin.create (eq .Values.mode \"full\") }}\napiVersion: v1\nkind: ServiceAccount\n\
             metadata: {name: admin}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\n\
             metadata: {name: admin}\nroleRef: {kind: ClusterRole, name: cluster-admin}\n\
             subjects: [{kind: ServiceAccount, name: admin, namespace: default}]\n{{- end }}\n",
        ),
        (
            "c/templates/b.yaml",
            "{{ if .Values.used.create }}\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: {{ .Values.used.name }}}\n\
             {{ end }}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  serviceAccountName: there\n  containers: [{name: x}]\n",
        ),
    ]);
    assert_eq!(problems, []);
    // One that something runs as is somewhere else declared, and not disabled.
    assert_eq!(accounts(&facts), ["default/admin off"]);
    assert!(facts.entitlements.is_empty());
    assert_eq!(
        derivations(&facts, "admin")[1],
        "off by default values: and .Values.admin.create (eq .Values.mode \"full\")"
    );
}

#[test]
fn releases_say_values_names_and_namespaces() {
    let (facts, problems) = fixture("apps");
    assert_eq!(problems, []);
    assert_eq!(accounts(&facts), ["shop/shop-api", "store/store-api off"]);
    assert_eq!(
        derivations(&facts, "shop-api"),
        ["chart api, HelmRelease flux-system/shop"]
    );
    let bound: Vec<_> = facts
        .entitlements
        .iter()
        .map(|held| held.principal.to_string())
        .collect();
    assert_eq!(bound, ["k8s:cluster/shop/shop-api"]);
}

#[test]
fn templates_outside_charts_are_read_leniently() {
    let (facts, problems) = fixture("loose");
    assert_eq!(
        accounts(&facts),
        [
            "ci/{{ .Values.name }}-runner",
            "default/alerts",
            "jinja/{{ app_name }}"
        ]
    );
    let paths: Vec<_> = problems.iter().map(|problem| &*problem.path).collect();
    assert_eq!(paths, ["loose/hopeless.yaml"]);
    assert!(problems[0].kind.incomplete());
    assert!(derivations(&facts, "alerts").is_empty());
    assert_eq!(
        derivations(&facts, "{{ app_name }}"),
        [
            "not resolved: {{ app_name }}",
            "template, read without rendering"
        ]
    );
}

#[test]
fn a_template_that_fails_loses_nothing_else() {
    let (facts, problems) = fixture("broken");
    assert_eq!(
        accounts(&facts),
        [
            "default/fine",
            "default/forever",
            "default/syntax",
            "default/unknown-{{ frobnicate .Values.x }}",
            "default/{{ required \"say who\" .Values.who }}",
        ]
    );
    let found: Vec<_> = problems
        .iter()
        .map(|problem| (&*problem.path, problem.kind))
        .collect();
    assert_eq!(
        found,
        [
            ("broken/templates/forever.yaml", ProblemKind::Limited),
            ("broken/templates/syntax.yaml", ProblemKind::Note),
        ]
    );
}

#[test]
fn what_is_no_chart_is_left_alone() {
    let (facts, problems) = text(&[
        (
            "roles/x/templates/app.yaml",
            "port: {{ port }}\n{% for x in y %}\n",
        ),
        ("site/values.yaml", "a: [\n"),
        ("z/Chart.yaml", "{{ no chart }}\n"),
    ]);
    assert!(facts.is_empty(), "{facts:?}");
    assert_eq!(problems, []);
}
