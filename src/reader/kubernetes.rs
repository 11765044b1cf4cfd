//! Kubernetes manifests and cluster dumps (`kubectl get … -o json|yaml`).
//!
//! Documents of other API groups are left alone: a file may mix what is ours with what is not.

use super::Reader;
use super::tree::{self, Node};
use crate::model::{Document, Evidence, Facts, Probe, Problem, ProblemKind};
use crate::platform::kubernetes::names;

mod account;
mod aws_auth;
mod helm;
mod kustomize;
mod object;
mod rbac;
mod together;
mod workload;

use object::Object;

/// Reads manifests and dumps.
pub struct Kubernetes;

/// The name in evidence and coverage, and the kind of source.
const NAME: &str = "kubernetes";

impl Reader for Kubernetes {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let named = if probe.origin.file_name().contains('.') {
            probe.has_extension(&["yaml", "yml", "json"])
        } else {
            opens_like_an_object(probe.head)
        };
        !probe.binary
            && named
            && probe.head_contains("apiVersion")
            // A dump's keys are sorted: an object's data can push its kind out of the head.
            && (probe.head_contains("kind") || !probe.complete)
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        read_alone(document)
    }

    fn gathers(&self, document: &Document<'_>) -> bool {
        together::concerns(document)
    }

    fn read_together(&self, documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
        together::read(documents)
    }
}

/// What a file states that belongs to no other.
fn read_alone(document: &Document<'_>) -> (Facts, Vec<Problem>) {
    let mut sink = Sink::new(document);
    for part in tree::documents(document.bytes) {
        match part {
            Ok(node) => sink.document(&node, "", None),
            Err(error) if sink.has_actions && !error.limit => sink.template(error.line),
            Err(error) => sink.problems.push(error.problem(document, NAME)),
        }
    }
    sink.finish()
}

/// What one object states that another format holds, in the form of a manifest.
pub(super) fn object(document: &Document<'_>, node: &Node) -> (Facts, Vec<Problem>) {
    let mut sink = Sink::new(document);
    sink.document(node, "", None);
    sink.finish()
}

/// Whether text whose name tells nothing (standard input) starts as manifests do; a script that carries
/// one does not.
fn opens_like_an_object(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let first = head
        .split(|&byte| byte == b'\n')
        .map(<[u8]>::trim_ascii_end)
        .find(|line| !line.is_empty() && !line.starts_with(b"#"));
    let starts: [&[u8]; 6] = [
        b"{",
        b"---",
        b"apiVersion:",
        b"kind:",
        b"items:",
        b"metadata:",
    ];
    first.is_some_and(|line| starts.iter().any(|start| line.starts_with(start)))
}

/// Collects what one file states.
struct Sink<'d> {
    document: &'d Document<'d>,
    facts: Facts,
    problems: Vec<Problem>,
    /// Whether the file holds `{{`, and so may be a template. Alone that means nothing: alerting rules do.
    has_actions: bool,
    /// The first line that only rendering would make sense of.
    templated: Option<u32>,
    /// Whether any object of ours was found.
    any: bool,
}

/// Kind and API version that a typed list (`RoleList`) gives to items that say neither.
type Inherited<'a> = Option<(&'a str, &'a str)>;

impl<'d> Sink<'d> {
    fn new(document: &'d Document<'d>) -> Self {
        Self {
            document,
            facts: Facts::default(),
            problems: Vec::new(),
            has_actions: memchr::memmem::find(document.bytes, b"{{").is_some(),
            templated: None,
            any: false,
        }
    }

    /// One object, or a list of them.
    fn document(&mut self, node: &Node, pointer: &str, inherited: Inherited<'_>) {
        let (kind, version) = match (node.str("kind"), node.str("apiVersion"), inherited) {
            (Some(kind), Some(version), _) => (kind, version),
            (None, None, Some(inherited)) => inherited,
            _ => return,
        };
        if let (Some(item_kind), true) = (kind.strip_suffix("List"), node.get("items").is_some()) {
            let inherited = (!item_kind.is_empty()).then_some((item_kind, version));
            // The parser bounds nesting, and so this recursion.
            for (i, item) in node.list("items").iter().enumerate() {
                self.document(item, &format!("{pointer}/items/{i}"), inherited);
            }
            return;
        }
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let read: fn(&mut Self, &Object<'_>) = match (group, kind) {
            ("", "ConfigMap") => Self::config_map,
            ("", "Namespace") => Self::namespace,
            ("", "ServiceAccount") => Self::account,
            ("", "Secret") => Self::secret,
            ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => Self::role,
            ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => Self::binding,
            ("", "Pod" | "ReplicationController")
            | ("apps" | "extensions", "Deployment" | "DaemonSet" | "ReplicaSet")
            | ("apps", "StatefulSet")
            | ("batch", "Job" | "CronJob") => Self::workload,
            _ => return,
        };
        self.any = true;
        match Object::new(node, kind, pointer) {
            Some(object) if !object.templated() => read(self, &object),
            _ if self.has_actions => self.template(node.line),
            _ => self.note(node.line, format!("{kind} without metadata.name: not read")),
        }
    }

    /// Evidence at a line, or in JSON, which has none here, at a pointer.
    fn evidence(&self, node: &Node, pointer: impl Into<crate::model::Str>) -> Evidence {
        if node.line > 0 {
            return self.document.at_line(NAME, node.line);
        }
        let pointer = pointer.into();
        if pointer.is_empty() {
            self.document.whole(NAME)
        } else {
            self.document.at_record(NAME, pointer)
        }
    }

    fn template(&mut self, line: u32) {
        self.templated = Some(self.templated.map_or(line, |first| first.min(line)));
    }

    fn note(&mut self, line: u32, message: String) {
        self.problem(line, ProblemKind::Note, message);
    }

    fn problem(&mut self, line: u32, kind: ProblemKind, message: String) {
        self.problems.push(Problem {
            path: self.document.origin.path.clone(),
            line: (line > 0).then_some(line),
            column: None,
            kind,
            reader: NAME,
            message: message.into(),
        });
    }

    fn finish(mut self) -> (Facts, Vec<Problem>) {
        if let Some(line) = self.templated {
            let message =
                "Helm template, not rendered: render it (`helm template`) and scan the result";
            self.problem(line, ProblemKind::Malformed, message.to_owned());
        }
        if self.any {
            self.facts
                .sources
                .push((NAME.into(), names::CLUSTER.into()));
        }
        (self.facts, self.problems)
    }
}
