//! Names of renamed and moved objects, followed into what refers to them.

use super::Node;
use super::edit::{self, Mark};
use super::resource::{Id, Resource, of_cluster};
use super::transform::template_of;
use std::collections::{BTreeSet, HashMap};

const RBAC: &str = "rbac.authorization.k8s.io";

/// Where pods name Secrets and ConfigMaps, below the pod.
const IN_PODS: &[(&str, &[&str])] = &[
    ("ServiceAccount", &["serviceAccountName"]),
    ("Secret", &["volumes", "secret", "secretName"]),
    (
        "Secret",
        &["containers", "env", "valueFrom", "secretKeyRef", "name"],
    ),
    (
        "Secret",
        &["initContainers", "env", "valueFrom", "secretKeyRef", "name"],
    ),
    ("Secret", &["containers", "envFrom", "secretRef", "name"]),
    (
        "Secret",
        &["initContainers", "envFrom", "secretRef", "name"],
    ),
    ("Secret", &["imagePullSecrets", "name"]),
    (
        "Secret",
        &["volumes", "projected", "sources", "secret", "name"],
    ),
    ("ConfigMap", &["volumes", "configMap", "name"]),
    (
        "ConfigMap",
        &["containers", "env", "valueFrom", "configMapKeyRef", "name"],
    ),
    (
        "ConfigMap",
        &[
            "initContainers",
            "env",
            "valueFrom",
            "configMapKeyRef",
            "name",
        ],
    ),
    (
        "ConfigMap",
        &["containers", "envFrom", "configMapRef", "name"],
    ),
    (
        "ConfigMap",
        &["initContainers", "envFrom", "configMapRef", "name"],
    ),
    (
        "ConfigMap",
        &["volumes", "projected", "sources", "configMap", "name"],
    ),
];

/// Other places: the kind that refers, the kind referred to, and where.
const ELSEWHERE: &[(&str, &str, &[&str])] = &[
    ("ClusterRole", "ConfigMap", &["rules", "resourceNames"]),
    (
        "ClusterRole",
        "PersistentVolume",
        &["rules", "resourceNames"],
    ),
    ("ClusterRole", "Secret", &["rules", "resourceNames"]),
    ("ClusterRoleBinding", "ClusterRole", &["roleRef", "name"]),
    ("ClusterRoleBinding", "ServiceAccount", &["subjects"]),
    ("Ingress", "Secret", &["spec", "tls", "secretName"]),
    (
        "MutatingWebhookConfiguration",
        "Service",
        &["webhooks", "clientConfig", "service"],
    ),
    (
        "PersistentVolume",
        "Secret",
        &["spec", "azureFile", "secretName"],
    ),
    ("Role", "ConfigMap", &["rules", "resourceNames"]),
    ("Role", "Secret", &["rules", "resourceNames"]),
    ("RoleBinding", "ClusterRole", &["roleRef", "name"]),
    ("RoleBinding", "Role", &["roleRef", "name"]),
    ("RoleBinding", "ServiceAccount", &["subjects"]),
    ("ServiceAccount", "Secret", &["imagePullSecrets", "name"]),
    (
        "ValidatingWebhookConfiguration",
        "Service",
        &["webhooks", "clientConfig", "service"],
    ),
];

/// A place that a transformer configuration adds: referring kind (empty: any), kind referred to, path.
pub(super) type Extra = (String, String, Vec<String>);

/// Follows all renamed and moved objects.
pub(super) fn follow(resources: &mut [Resource], extra: &[Extra]) {
    if resources
        .iter()
        .all(|resource| resource.previous.is_empty())
    {
        return;
    }
    let targets: Vec<Target> = resources.iter().map(Target::new).collect();
    let mut index: HashMap<(&str, &str), Vec<&Target>> = HashMap::new();
    for target in &targets {
        let mut names: Vec<(&str, &str)> = target
            .previous
            .iter()
            .map(|id| (id.kind.as_str(), id.name.as_str()))
            .collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            index.entry(name).or_default().push(target);
        }
    }
    let nothing = BTreeSet::new();
    let mut originals: HashMap<(Option<String>, Vec<String>), BTreeSet<String>> = HashMap::new();
    for resource in resources {
        let referrer = Target::new(resource);
        let kind = referrer.now.kind.clone();
        let role = role_of(&resource.node);
        let mut scope = Scope {
            namespace: (!of_cluster(&referrer.now.group, &referrer.now.kind))
                .then(|| referrer.now.effective_namespace().to_owned()),
            subjects: namespaces_of(&resource.node),
            originals: &nothing,
        };
        // Only bindings name namespaces, and only RoleBindings see less than all.
        let originals = originals
            .entry((scope.namespace.clone(), scope.subjects.clone()))
            .or_insert_with(|| {
                let all = targets.iter().filter(|target| scope.reaches(target));
                all.map(|t| t.original().effective_namespace().to_owned())
                    .collect()
            });
        scope.originals = originals;
        let follow = Follow {
            scope,
            index: &index,
            referrer: &referrer,
            role: role
                .as_ref()
                .map(|(group, kind)| (group.as_str(), kind.as_str())),
        };
        if let Some(template) = template_of(&kind) {
            let pod = [template, &["spec"]].concat();
            for (target, path) in IN_PODS {
                let path = [pod.as_slice(), path].concat();
                follow.field(&mut resource.node, target, &path);
            }
        }
        for (from, target, path) in ELSEWHERE {
            if *from == kind {
                follow.field(&mut resource.node, target, path);
            }
        }
        for (from, target, path) in extra {
            if from.is_empty() || *from == kind {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                follow.field(&mut resource.node, target, &path);
            }
        }
    }
}

/// What an object is and was known by.
struct Target {
    now: Id,
    previous: Vec<Id>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

impl Target {
    fn new(resource: &Resource) -> Self {
        Self {
            now: resource.id(),
            previous: resource.previous.clone(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
        }
    }
}

impl Target {
    fn original(&self) -> &Id {
        self.previous.first().unwrap_or(&self.now)
    }
}

fn role_of(node: &Node) -> Option<(String, String)> {
    let role = node.get("roleRef")?;
    Some((
        role.str("apiGroup")?.to_owned(),
        role.str("kind")?.to_owned(),
    ))
}

/// Where an object that refers may look.
struct Scope<'a> {
    /// The namespace it lies in; `None` outside namespaces, from where all is seen.
    namespace: Option<String>,
    /// Namespaces that the subjects of a RoleBinding name.
    subjects: Vec<String>,
    /// The namespaces in which what it may refer to once lay.
    originals: &'a BTreeSet<String>,
}

impl Scope<'_> {
    fn reaches(&self, target: &Target) -> bool {
        let Some(namespace) = &self.namespace else {
            return true;
        };
        of_cluster(&target.now.group, &target.now.kind)
            || target.now.effective_namespace() == namespace
            || self.subjects.contains(&target.now.namespace)
    }
}

/// The namespaces of the accounts that a RoleBinding names.
fn namespaces_of(node: &Node) -> Vec<String> {
    if node.str("kind") != Some("RoleBinding") {
        return Vec::new();
    }
    let subjects = node.list("subjects").iter();
    let accounts = subjects.filter(|subject| subject.str("kind") == Some("ServiceAccount"));
    let mut names: Vec<String> = accounts
        .filter_map(|subject| Some(subject.str("namespace")?.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}

struct Follow<'a> {
    scope: Scope<'a>,
    index: &'a HashMap<(&'a str, &'a str), Vec<&'a Target>>,
    referrer: &'a Target,
    role: Option<(&'a str, &'a str)>,
}

impl<'a> Follow<'a> {
    fn field(&self, node: &mut Node, kind: &str, path: &[&str]) {
        let of_role = path.ends_with(&["roleRef", "name"]);
        edit::visit(node, path, &mut |found| {
            if found.is_map() {
                self.map(found, kind);
            } else if let Some(name) = found.text() {
                let new = self
                    .pick(name, kind, of_role, None)
                    .map(|target| target.now.name.clone());
                if let Some(new) = new.filter(|new| Some(new.as_str()) != found.text()) {
                    edit::set_text(found, &new);
                }
            } else {
                for item in edit::items(found) {
                    self.item(item, kind);
                }
            }
        });
    }

    fn item(&self, item: &mut Node, kind: &str) {
        if item.is_map() {
            self.map(item, kind);
        } else if let Some(name) = item.text() {
            let new = self.pick(name, kind, false, None);
            if let Some(new) = new.map(|target| target.now.name.clone()) {
                edit::set_text(item, &new);
            }
        }
    }

    /// A reference with a name and perhaps a namespace, both of which follow.
    fn map(&self, node: &mut Node, kind: &str) {
        let Some(name) = node.str("name") else {
            return;
        };
        let Some(target) = self.pick(name, kind, false, node.str("namespace")) else {
            return;
        };
        let now = target.now.clone();
        if let Some(place) = edit::member(node, "name") {
            edit::set_text(place, &now.name);
        }
        if !now.namespace.is_empty() {
            let mark = Mark::of(node);
            edit::set(node, &["namespace"], mark.text(now.namespace));
        }
    }

    /// The one object that a name means, as kustomize narrows them down; none where several are left.
    fn pick(
        &self,
        name: &str,
        kind: &str,
        of_role: bool,
        namespace: Option<&str>,
    ) -> Option<&'a Target> {
        let mut found: Vec<&Target> = self.index.get(&(kind, name))?.clone();
        found.retain(|target| self.scope.reaches(target));
        if let Some(namespace) = namespace {
            if self.scope.originals.contains(namespace) {
                found.retain(|t| t.original().effective_namespace() == namespace);
            } else {
                found.retain(|t| t.now.effective_namespace() == namespace);
            }
        }
        if of_role && let Some((group, of)) = self.role {
            found.retain(|t| t.now.kind == of && t.now.group == group);
        }
        if kind.ends_with("Role") {
            found.retain(|t| t.now.group == RBAC);
        }
        if found.len() > 1 {
            found.retain(|t| {
                same_end(&t.prefixes, &self.referrer.prefixes)
                    && same_end(&t.suffixes, &self.referrer.suffixes)
            });
        }
        let first = *found.first()?;
        let one = found.iter().all(|t| {
            t.now.name == first.now.name
                && (!kind.starts_with("Serv") || t.now.namespace == first.now.namespace)
        });
        one.then_some(first)
    }
}

/// Whether two lists end alike, as far as the shorter goes; an empty one is like no other.
fn same_end(a: &[String], b: &[String]) -> bool {
    a.is_empty() == b.is_empty() && a.iter().rev().zip(b.iter().rev()).all(|(a, b)| a == b)
}
