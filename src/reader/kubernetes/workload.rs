//! Pods and their controllers: what runs as which ServiceAccount.

use super::object::Object;
use super::pod::Pod;
use super::{Node, Sink};
use crate::model::{Str, Workload};

impl Sink<'_> {
    pub(super) fn workload(&mut self, object: &Object<'_>) {
        let path: &[&str] = match object.kind {
            "Pod" => &["spec"],
            "PodTemplate" => &["template", "spec"],
            "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
            _ => &["spec", "template", "spec"],
        };
        self.pod_at(object, path, "");
    }

    /// A pod's specification at a path of an object. `part` names it where the object holds several. Whether there
    /// is one that says whom it runs as.
    pub(super) fn pod_at(&mut self, object: &Object<'_>, path: &[&str], part: &str) -> bool {
        // A patch of an overlay that does not touch the pod says nothing about whom it runs as.
        let Some(pod) = object.node.at(path) else {
            return false;
        };
        let field = |name| pod.get(name).filter(|node| !is_empty(node));
        let named = field("serviceAccountName").or_else(|| field("serviceAccount"));
        let account = match named.map(|node| (node, node.text())) {
            Some((node, None)) => {
                if self.has_actions {
                    self.template(node.line);
                }
                return false;
            }
            Some((node, Some(name))) if !self.made && name.contains("{{") => {
                self.template(node.line);
                return false;
            }
            Some((_, Some(name))) => name,
            // A fragment without containers is a patch; whom the workload runs as stands elsewhere.
            None if pod.list("containers").is_empty() => return false,
            None => "default",
        };
        let runs_as = self.refer_account(&object.namespace, account);
        let mut id = Self::workload_id(object);
        if !part.is_empty() {
            id = format!("{id}/{part}").into();
        }
        let pointer = format!("/{}", path.join("/"));
        let traits = self.pod(&Pod {
            object,
            spec: pod,
            path: &pointer,
            workload: &id,
            user: &runs_as,
            account: Some(account),
        });
        self.facts.workloads.push(Workload {
            id,
            kind: object.kind.into(),
            name: Str::clone(&object.name),
            runs_as,
            automount: pod.bool("automountServiceAccountToken"),
            traits,
            evidence: self.place(object),
        });
        true
    }
}

pub(super) fn is_empty(node: &Node) -> bool {
    node.text()
        .map_or_else(|| !node.is_map() && node.items().is_empty(), str::is_empty)
}
