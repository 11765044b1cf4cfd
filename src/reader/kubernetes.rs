//! Kubernetes manifests and cluster dumps (`kubectl get … -o json|yaml`).
//!
//! Documents of other API groups are left alone: a file may mix what is ours with what is not.

use super::Reader;
use super::tree::{self, Node};
use crate::model::{Document, Evidence, Facts, Probe, Problem, ProblemKind};
use crate::platform::kubernetes::names;

mod account;
mod admission;
mod annotations;
mod argocd;
mod aws_auth;
mod cloud;
mod cluster;
mod deployments;
mod external_secrets;
mod helm;
mod issued;
mod kinds;
pub(super) mod kubeconfig;
mod kustomize;
mod naming;
mod object;
mod pod;
mod pull;
mod rbac;
mod runners;
mod secret;
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
        is_manifest(probe) || helm::claims(probe) || kustomize::accepts(probe)
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

/// Whether a document may hold objects.
fn is_manifest(probe: &Probe<'_>) -> bool {
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

/// First bytes by which a document is judged, as when it was met.
const HEAD: usize = 8 * 1024;

/// Whether a document that was kept may hold objects of its own, rather than being kept for a chart's sake.
fn stands_alone(document: &Document<'_>) -> bool {
    let head = document.bytes.get(..HEAD).unwrap_or(document.bytes);
    is_manifest(&Probe {
        origin: document.origin,
        head,
        complete: head.len() == document.bytes.len(),
        binary: false,
    })
}

/// What a file states that belongs to no other.
fn read_alone(document: &Document<'_>) -> (Facts, Vec<Problem>) {
    if !stands_alone(document) {
        return (Facts::default(), broken_frame(document));
    }
    let mut sink = Sink::new(document);
    for part in tree::documents(document.bytes) {
        match part {
            // What `jq .items` leaves of a list.
            Ok(node) if !node.items().is_empty() => {
                for (i, item) in node.items().iter().enumerate() {
                    sink.document(item, &format!("/{i}"), None);
                }
            }
            Ok(node) => sink.document(&node, "", None),
            Err(error) => sink.broken(error),
        }
    }
    if sink.templated.is_some()
        && let Some(read) = helm::loose(document)
    {
        return read;
    }
    sink.finish()
}

/// Why the file that holds a chart or an overlay together is none, where it cannot be read.
fn broken_frame(document: &Document<'_>) -> Vec<Problem> {
    let frames = [
        "Chart.yaml",
        "kustomization.yaml",
        "kustomization.yml",
        "Kustomization",
    ];
    if !frames.contains(&document.origin.file_name()) {
        return Vec::new();
    }
    let parts = tree::documents(document.bytes).into_iter();
    parts
        .filter_map(|part| Some(part.err()?.problem(document, NAME)))
        .collect()
}

/// What objects state that were made from a document, rather than stand in it. What is still open in them stands as
/// `{{ … }}` and is a symbol.
fn read_made(document: &Document<'_>, nodes: &[Node]) -> (Facts, Vec<Problem>) {
    let mut sink = Sink::new(document);
    sink.has_actions = false;
    sink.made = true;
    for node in nodes {
        sink.document(node, "", None);
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
    /// The files that nodes name by number, where an object is put together from several.
    others: &'d [&'d Document<'d>],
    /// The cluster, where something tells its name.
    cluster: Option<crate::model::Str>,
    facts: Facts,
    problems: Vec<Problem>,
    /// Whether the file holds `{{`, and so may be a template. Alone that means nothing: alerting rules do.
    has_actions: bool,
    /// Whether objects were made from the file, so that `{{` in a name is a symbol.
    made: bool,
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
            others: &[],
            cluster: document.origin.cluster.clone(),
            facts: Facts::default(),
            problems: Vec::new(),
            has_actions: memchr::memmem::find(document.bytes, b"{{").is_some(),
            made: false,
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
        let core: Option<fn(&mut Self, &Object<'_>)> = match (group, kind) {
            ("", "Namespace") => Some(Self::namespace),
            ("", "ServiceAccount") => Some(Self::account),
            ("", "Secret") => Some(Self::any_secret),
            ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => Some(Self::role),
            ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
                Some(Self::binding)
            }
            ("", "Pod" | "ReplicationController")
            | ("apps" | "extensions", "Deployment" | "DaemonSet" | "ReplicaSet")
            | ("apps", "StatefulSet")
            | ("batch", "Job" | "CronJob") => Some(Self::workload),
            _ => None,
        };
        let access = || (group.is_empty() && kind == "ConfigMap").then_some(Self::config_map as _);
        let Some(read) = core.or_else(access).or_else(|| Self::reads(group, kind)) else {
            return;
        };
        let before = self.facts.len();
        match Object::new(node, kind, pointer) {
            Some(object) if self.made || !object.templated() => read(self, &object),
            _ if self.has_actions => self.template(node.line),
            // Of kinds that nobody here knows, not all are objects of a cluster.
            None if core.is_none() => return,
            _ => self.note(node.line, format!("{kind} without metadata.name: not read")),
        }
        self.any |= core.is_some() || self.facts.len() > before;
    }

    /// Evidence at a line, or in JSON, which has none here, at a pointer.
    fn evidence(&self, node: &Node, pointer: impl Into<crate::model::Str>) -> Evidence {
        let other = usize::try_from(node.file).ok().and_then(|file| {
            let document = *self.others.get(file.checked_sub(1)?)?;
            Some(document)
        });
        let document = other.unwrap_or(self.document);
        if node.line > 0 {
            return document.at_line(NAME, node.line);
        }
        if other.is_some() {
            return document.whole(NAME);
        }
        let pointer = pointer.into();
        if pointer.is_empty() {
            self.document.whole(NAME)
        } else {
            self.document.at_record(NAME, pointer)
        }
    }

    /// A document of a stream that could not be read.
    fn broken(&mut self, error: tree::TreeError) {
        if self.has_actions && !error.limit {
            self.template(error.line);
        } else {
            self.problems.push(error.problem(self.document, NAME));
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
        if let Some(name) = &self.cluster {
            cluster::place(&mut self.facts, name);
        }
        (self.facts, self.problems)
    }
}
