//! One object on its way through a build, with the names that it had.

use super::Node;
use super::edit::{self, Mark};

/// Group, kind, namespace and name: what other objects and patches know an object by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Id {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Id {
    pub(super) fn of(node: &Node) -> Self {
        let version = node.str("apiVersion").unwrap_or_default();
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let metadata = |key| node.at(&["metadata", key]).and_then(Node::text);
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: node.str("kind").unwrap_or_default().to_owned(),
            namespace: metadata("namespace").unwrap_or_default().to_owned(),
            name: metadata("name").unwrap_or_default().to_owned(),
        }
    }

    /// The namespace that it comes to lie in; nothing for objects outside namespaces.
    pub(super) fn effective_namespace(&self) -> &str {
        if of_cluster(&self.group, &self.kind) {
            ""
        } else if self.namespace.is_empty() {
            "default"
        } else {
            &self.namespace
        }
    }

    /// Whether two mean one object. Versions of a group hold the same objects.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.alike(other) && self.effective_namespace() == other.effective_namespace()
    }

    /// The same but for the namespace.
    pub(super) fn alike(&self, other: &Self) -> bool {
        self.kind == other.kind && self.name == other.name && self.group == other.group
    }
}

/// An object, and what has become of it so far.
#[derive(Clone)]
pub(super) struct Resource {
    /// The file it was read in.
    pub(super) file: usize,
    /// Its JSON pointer there, where it stands in a list.
    pub(super) pointer: String,
    pub(super) node: Node,
    /// What it was known by before each change of name or namespace, the first first.
    pub(super) previous: Vec<Id>,
    pub(super) prefixes: Vec<String>,
    pub(super) suffixes: Vec<String>,
    /// What changed its identity, in words.
    pub(super) derivation: Vec<String>,
    /// Values of a generated Secret.
    pub(super) generated: Vec<Generated>,
}

/// A value that a kustomization generates a Secret with, by its key.
#[derive(Clone)]
pub(super) struct Generated {
    pub(super) key: String,
    pub(super) from: From,
    /// Where it is said.
    pub(super) place: Mark,
}

/// Where a generated value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// In the kustomization itself.
    Literal,
    /// In a file beside it: the key is that of a value, or the name of a file of many.
    File,
}

impl Resource {
    pub(super) fn new(file: usize, pointer: String, node: Node) -> Self {
        Self {
            file,
            pointer,
            node,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            derivation: Vec::new(),
            generated: Vec::new(),
        }
    }

    pub(super) fn id(&self) -> Id {
        Id::of(&self.node)
    }

    /// All that it is and was known by.
    pub(super) fn ids(&self) -> impl Iterator<Item = Id> + '_ {
        self.previous.iter().cloned().chain([self.id()])
    }

    pub(super) fn original(&self) -> Id {
        self.previous.first().cloned().unwrap_or_else(|| self.id())
    }

    pub(super) fn kind(&self) -> &str {
        self.node.str("kind").unwrap_or_default()
    }

    /// Keeps what it is known by, before that changes.
    pub(super) fn remember(&mut self) {
        let id = self.id();
        self.previous.push(id);
    }

    /// Gives it back the name and kind that it had before a patch that is not to change them.
    pub(super) fn keep_names(&mut self, before: &Node, name: bool, kind: bool) {
        if name && let Some(old) = before.at(&["metadata", "name"]) {
            edit::set(&mut self.node, &["metadata", "name"], old.clone());
        }
        if kind {
            for key in ["apiVersion", "kind"] {
                if let Some(old) = before.get(key) {
                    edit::set(&mut self.node, &[key], old.clone());
                }
            }
        }
        // The namespace is a name's part: a patch finds its object by it, and does not move it.
        if name {
            match before.at(&["metadata", "namespace"]) {
                Some(old) => edit::set(&mut self.node, &["metadata", "namespace"], old.clone()),
                None => {
                    if let Some(metadata) = edit::member(&mut self.node, "metadata") {
                        edit::remove(metadata, "namespace");
                    }
                }
            }
        }
    }
}

/// Whether objects of a kind lie outside namespaces. Kinds that Kubernetes does not itself serve are taken to
/// lie in one, as kustomize takes them.
pub(super) fn of_cluster(group: &str, kind: &str) -> bool {
    match group {
        "" => matches!(
            kind,
            "Namespace" | "Node" | "PersistentVolume" | "ComponentStatus"
        ),
        "rbac.authorization.k8s.io" => matches!(kind, "ClusterRole" | "ClusterRoleBinding"),
        "admissionregistration.k8s.io" => true,
        "apiextensions.k8s.io" => kind == "CustomResourceDefinition",
        "apiregistration.k8s.io" => kind == "APIService",
        "authentication.k8s.io" => true,
        "authorization.k8s.io" => kind != "LocalSubjectAccessReview",
        "certificates.k8s.io" => matches!(kind, "CertificateSigningRequest" | "ClusterTrustBundle"),
        "flowcontrol.apiserver.k8s.io" | "internal.apiserver.k8s.io" | "scheduling.k8s.io" => true,
        "networking.k8s.io" => matches!(kind, "IngressClass" | "IPAddress" | "ServiceCIDR"),
        "node.k8s.io" => kind == "RuntimeClass",
        "policy" => kind == "PodSecurityPolicy",
        "resource.k8s.io" => matches!(kind, "DeviceClass" | "ResourceSlice"),
        "storage.k8s.io" => kind != "CSIStorageCapacity",
        _ => false,
    }
}
