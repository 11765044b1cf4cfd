//! Objects of Kubernetes that infrastructure code declares: brought into the form of manifests, and read as these.

use super::super::kubernetes;
use super::super::tree::{self, Node, Value};
use super::Resource;
use super::sink::{Sink, Sort};
use super::value::text_at;
use crate::model::{Document, IdentityId, Moment, Presence, Set, Str};
use crate::platform::kubernetes::names::{self, CLUSTER, DEFAULT_NAMESPACE};

/// Types, without their version, and the kind that they make with its API version.
const KINDS: [(&str, &str, &str); 16] = [
    ("service_account", "v1", "ServiceAccount"),
    ("default_service_account", "v1", "ServiceAccount"),
    ("namespace", "v1", "Namespace"),
    ("secret", "v1", "Secret"),
    ("role", "rbac.authorization.k8s.io/v1", "Role"),
    (
        "cluster_role",
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
    ),
    (
        "role_binding",
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
    ),
    (
        "cluster_role_binding",
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
    ),
    ("pod", "v1", "Pod"),
    ("replication_controller", "v1", "ReplicationController"),
    ("deployment", "apps/v1", "Deployment"),
    ("daemonset", "apps/v1", "DaemonSet"),
    ("stateful_set", "apps/v1", "StatefulSet"),
    ("job", "batch/v1", "Job"),
    ("cron_job", "batch/v1", "CronJob"),
    (
        "certificate_signing_request",
        "certificates.k8s.io/v1",
        "CertificateSigningRequest",
    ),
];

/// Blocks that are lists in a manifest, and what they are called there.
const LISTS: [(&str, &str); 14] = [
    ("rule", "rules"),
    ("subject", "subjects"),
    ("secret", "secrets"),
    ("image_pull_secret", "imagePullSecrets"),
    ("image_pull_secrets", "imagePullSecrets"),
    ("container", "containers"),
    ("init_container", "initContainers"),
    ("volume", "volumes"),
    ("volume_mount", "volumeMounts"),
    ("env", "env"),
    ("env_from", "envFrom"),
    ("port", "ports"),
    ("sources", "sources"),
    ("cluster_role_selectors", "clusterRoleSelectors"),
];

/// Members whose keys are the user's own.
const VERBATIM: [&str; 6] = [
    "labels",
    "annotations",
    "match_labels",
    "data",
    "binary_data",
    "node_selector",
];

fn kind(resource: &Resource) -> Option<(&'static str, &'static str)> {
    let rest = resource.kind.strip_prefix("kubernetes_")?;
    let rest = ["_v1beta1", "_v1"]
        .iter()
        .find_map(|version| rest.strip_suffix(version))
        .unwrap_or(rest);
    let row = KINDS.iter().find(|(name, ..)| *name == rest)?;
    Some((row.1, row.2))
}

/// Name and namespace of an object.
fn named(resource: &Resource) -> Option<(&str, &str)> {
    let name = match text_at(&resource.attributes, "metadata.name") {
        Some(name) => name,
        None if resource.kind.contains("default_service_account") => "default",
        None => return None,
    };
    let namespace = text_at(&resource.attributes, "metadata.namespace");
    Some((namespace.unwrap_or(DEFAULT_NAMESPACE), name))
}

/// The id of a ServiceAccount.
pub(super) fn identity(resource: &Resource) -> Option<IdentityId> {
    let (_, kind) = kind(resource)?;
    let (namespace, name) = named(resource)?;
    (kind == "ServiceAccount").then(|| names::account(CLUSTER, namespace, name).into())
}

/// The value of an attribute that the cluster works out.
pub(super) fn computed(resource: &Resource, attribute: &str) -> Option<String> {
    kind(resource)?;
    let (namespace, name) = named(resource)?;
    match attribute {
        "id" if text_at(&resource.attributes, "metadata.namespace").is_some() => {
            Some(format!("{namespace}/{name}"))
        }
        "id" => Some(name.to_owned()),
        _ => None,
    }
}

/// What a resource states.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) {
    if resource.data {
        return;
    }
    let manifests: Vec<Node> = match (resource.kind.as_str(), kind(resource)) {
        (_, Some((version, kind))) => vec![object(resource, version, kind)],
        ("kubernetes_manifest", None) => match resource.attributes.get("manifest") {
            Some(node) if node.is_map() => vec![node.clone()],
            Some(node) => written(node),
            None => return,
        },
        ("kubectl_manifest", None) => match resource.attributes.get("yaml_body") {
            Some(node) => written(node),
            None => return,
        },
        ("kubernetes_token_request_v1", None) => return,
        _ => return,
    };
    for manifest in manifests {
        one(sink, resource, manifest);
    }
}

/// The objects of a text.
fn written(node: &Node) -> Vec<Node> {
    let text = node.text().unwrap_or_default();
    let read = tree::documents(text.as_bytes()).into_iter().flatten();
    read.collect()
}

fn one(sink: &mut Sink<'_>, resource: &Resource, mut manifest: Node) {
    // Everything of it stands where the resource does.
    manifest.line = resource.evidence.line.unwrap_or(0);
    let line = manifest.line;
    place(&mut manifest, line, 0);
    let document = Document {
        origin: &resource.evidence.origin,
        bytes: b"",
    };
    let (mut facts, problems) = kubernetes::object(&document, &manifest);
    resolve(sink, resource, &mut facts);
    for identity in &mut facts.identities {
        if identity.evidence.is_empty() {
            continue;
        }
        identity.aliases.insert(resource.alias().into());
        identity.derivation.extend(resource.modules.iter().cloned());
        let own: Set<crate::model::Label> = identity.labels.clone();
        let more = resource
            .defaults
            .iter()
            .filter(|l| !own.iter().any(|o| o.key == l.key));
        identity.labels.extend(more.cloned());
        if resource.presence == Presence::Observed {
            identity.presence = Set::new();
            identity.presence.insert(Presence::Observed);
        }
        if let Some(reason) = resource.switched_off() {
            identity.presence = Set::from_iter([Presence::SwitchedOff]);
            identity.derivation.insert(Str::from(reason));
        }
    }
    if resource.switched_off().is_some() {
        // Nobody is granted anything by what is not made.
        facts.identities.retain(|identity| {
            let own = |p: &Presence| *p != Presence::Referenced;
            identity.presence.iter().any(own)
        });
        facts.entitlements.clear();
        facts.workloads.clear();
        facts.secret_uses.clear();
        facts.trusts.clear();
    }
    sink.facts.append(facts);
    sink.problems.extend(problems);
    if manifest.str("kind") == Some("Secret") {
        secret(sink, resource, &manifest);
    }
}

/// Identities of clouds that annotations name by a reference to their resource: `azurerm_….client_id`.
fn resolve(sink: &Sink<'_>, resource: &Resource, facts: &mut crate::model::Facts) {
    let declared = |id: &IdentityId| {
        let (class, text) = match id.0.strip_prefix("gcp:") {
            Some(rest) => ("google", rest),
            None => ("azuread", id.0.strip_prefix("entra:")?.split_once('/')?.1),
        };
        if !text.contains("${") {
            return None;
        }
        sink.index.identity(&resource.estate, class, text)
    };
    let mut replaced = Vec::new();
    for identity in &mut facts.identities {
        let becomes = std::mem::take(&mut identity.becomes);
        let becomes = becomes.iter().map(|(id, evidence)| {
            let target = declared(id);
            if let Some(target) = &target {
                let open = Str::from(format!("not resolved: {id}"));
                identity.derivation = identity
                    .derivation
                    .iter()
                    .filter(|line| **line != open)
                    .cloned()
                    .collect();
                replaced.push(id.clone());
                return (target.clone(), evidence.clone());
            }
            (id.clone(), evidence.clone())
        });
        identity.becomes = becomes.collect();
    }
    facts.identities.retain(|i| !replaced.contains(&i.id));
}

/// Where the values of a Secret stand in the open.
fn secret(sink: &mut Sink<'_>, resource: &Resource, manifest: &Node) {
    let sort = Sort {
        kind: "kubernetes-secret",
        issuer: "kubernetes",
        title: "Kubernetes Secret",
    };
    let Some(name) = text_at(manifest, "metadata.name") else {
        return;
    };
    let namespace = text_at(manifest, "metadata.namespace").unwrap_or(DEFAULT_NAMESPACE);
    let id = names::secret(CLUSTER, namespace, name);
    let mut found = sink.credential(resource, Some(id), sort, None);
    found.account = Some(CLUSTER.into());
    found.display = Some(format!("{namespace}/{name}").into());
    found.expires = Moment::Unknown;
    sink.expose(
        resource,
        &["data", "manifest.data", "manifest.stringData"],
        &mut found,
    );
    if !found.exposures.is_empty() {
        sink.facts.credentials.push(found);
    }
}

/// Gives every node of a manifest the line of its resource, as far down as anything is read.
fn place(node: &mut Node, line: u32, depth: usize) {
    node.line = line;
    if depth > 100 {
        return;
    }
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|n| place(n, line, depth + 1)),
        Value::Map(entries) => entries
            .iter_mut()
            .for_each(|(_, n)| place(n, line, depth + 1)),
        _ => {}
    }
}

fn scalar(text: &str) -> Node {
    Node {
        line: 0,
        file: 0,
        value: Value::Scalar {
            text: text.to_owned(),
            plain: false,
        },
    }
}

fn object(resource: &Resource, version: &str, kind: &str) -> Node {
    let mut entries = vec![
        ("apiVersion".to_owned(), scalar(version)),
        ("kind".to_owned(), scalar(kind)),
    ];
    let converted = manifest(&resource.attributes, 0);
    if let Value::Map(members) = converted.value {
        entries.extend(
            members
                .into_iter()
                .filter(|(key, _)| key != "apiVersion" && key != "kind"),
        );
    }
    Node {
        line: 0,
        file: 0,
        value: Value::Map(entries),
    }
}

/// Blocks as a manifest writes them: names in camel case, single blocks as objects, repeated ones as lists.
fn manifest(node: &Node, depth: usize) -> Node {
    if depth > 60 {
        return scalar("");
    }
    let value = match &node.value {
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, value)| {
                    // What a manifest calls data is encoded; the provider encodes it.
                    match key.as_str() {
                        "data" if depth == 0 => return ("stringData".to_owned(), value.clone()),
                        "binary_data" if depth == 0 => return ("data".to_owned(), value.clone()),
                        // A volume's secret is one.
                        "secret" if depth > 0 => return (key.clone(), manifest(value, depth + 1)),
                        _ => {}
                    }
                    if VERBATIM.contains(&key.as_str()) {
                        return (key.clone(), value.clone());
                    }
                    if let Some((_, plural)) = LISTS.iter().find(|(one, _)| one == key) {
                        let items = match &value.value {
                            Value::List(items) => {
                                items.iter().map(|n| manifest(n, depth + 1)).collect()
                            }
                            Value::Map(_) => vec![manifest(value, depth + 1)],
                            _ => Vec::new(),
                        };
                        let list = Node {
                            line: value.line,
                            file: 0,
                            value: Value::List(items),
                        };
                        return ((*plural).to_owned(), list);
                    }
                    let inner = match &value.value {
                        Value::List(items) if items.iter().all(Node::is_map) => {
                            match items.first() {
                                Some(first) => manifest(first, depth + 1),
                                None => Node {
                                    line: value.line,
                                    file: 0,
                                    value: Value::Null,
                                },
                            }
                        }
                        _ => manifest(value, depth + 1),
                    };
                    (camel(key), inner)
                })
                .collect(),
        ),
        Value::List(items) => Value::List(items.iter().map(|n| manifest(n, depth + 1)).collect()),
        other => other.clone(),
    };
    Node {
        line: node.line,
        file: 0,
        value,
    }
}

/// `service_account_name` as `serviceAccountName`.
fn camel(name: &str) -> String {
    if name == "non_resource_urls" {
        return "nonResourceURLs".to_owned();
    }
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else if upper {
            out.extend(c.to_uppercase());
            upper = false;
        } else {
            out.push(c);
        }
    }
    out
}
