//! What every Kubernetes object carries: name, namespace, labels, annotations, and signs of having been
//! read from a cluster.

use super::{Node, Sink};
use crate::model::Set;
use crate::model::{Label, LabelSource, Presence, Str, Timestamp};
use crate::platform::kubernetes::names;

/// Longest label or annotation value that is kept: longer ones are data, not names, and may hold secrets.
const MAX_VALUE: usize = 256;

/// Annotation that repeats the whole object, a Secret's data included.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// One object with its place in the document.
pub(super) struct Object<'n> {
    pub(super) node: &'n Node,
    pub(super) kind: &'n str,
    pub(super) name: Str,
    /// The namespace, `default` when it names none; meaningless for objects outside namespaces.
    pub(super) namespace: Str,
    /// JSON pointer of the object.
    pub(super) pointer: &'n str,
}

impl<'n> Object<'n> {
    /// `None` without a name, or when name or namespace is something other than text.
    pub(super) fn new(node: &'n Node, kind: &'n str, pointer: &'n str) -> Option<Self> {
        let metadata = node.get("metadata")?;
        let name: Str = match (metadata.str("name"), metadata.str("generateName")) {
            (Some(name), _) if !name.is_empty() => name.into(),
            (None, Some(prefix)) if metadata.get("name").is_none() => format!("{prefix}*").into(),
            _ => return None,
        };
        let namespace = match metadata.get("namespace") {
            Some(namespace) if namespace.is_map() => return None,
            Some(namespace) => namespace.text().filter(|text| !text.is_empty()),
            None => None,
        };
        Some(Self {
            node,
            kind,
            name,
            namespace: namespace.unwrap_or(names::DEFAULT_NAMESPACE).into(),
            pointer,
        })
    }

    /// Whether the name or namespace is filled in only by rendering.
    pub(super) fn templated(&self) -> bool {
        self.name.contains("{{") || self.namespace.contains("{{")
    }

    /// Observed when the API server's own fields are there, else declared.
    pub(super) fn presence(&self) -> Presence {
        let server_set = ["uid", "creationTimestamp", "resourceVersion"];
        let observed = server_set.iter().any(|field| {
            self.node
                .at(&["metadata", field])
                .and_then(Node::text)
                .is_some()
        });
        if observed {
            Presence::Observed
        } else {
            Presence::Declared
        }
    }

    /// When the API server created it.
    pub(super) fn created(&self) -> Option<Timestamp> {
        Timestamp::parse(self.node.at(&["metadata", "creationTimestamp"])?.text()?)
    }

    /// An annotation's value.
    pub(super) fn annotation(&self, key: &str) -> Option<&'n Node> {
        self.node.at(&["metadata", "annotations", key])
    }

    /// A label's value.
    pub(super) fn label(&self, key: &str) -> Option<&'n str> {
        self.node.at(&["metadata", "labels", key])?.text()
    }

    /// Labels and annotations, without those that may hold more than names.
    pub(super) fn labels(&self, sink: &Sink<'_>) -> Set<Label> {
        let mut labels = Set::new();
        for (member, source) in [
            ("labels", LabelSource::Label),
            ("annotations", LabelSource::Annotation),
        ] {
            let Some(entries) = self.node.at(&["metadata", member]) else {
                continue;
            };
            for (key, value) in entries.entries() {
                let Some(text) = value.text() else { continue };
                if key == LAST_APPLIED || text.len() > MAX_VALUE {
                    continue;
                }
                let pointer = format!("{}/metadata/{member}/{}", self.pointer, escaped(key));
                labels.insert(Label {
                    source,
                    key: key.as_str().into(),
                    value: text.into(),
                    evidence: sink.evidence(value, pointer),
                });
            }
        }
        labels
    }
}

/// A member's name as a segment of a JSON pointer (RFC 6901).
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
