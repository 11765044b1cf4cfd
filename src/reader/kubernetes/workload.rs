//! Pods and their controllers: what runs as which ServiceAccount.

use super::object::Object;
use super::{Node, Sink};
use crate::model::{Str, Workload};
use crate::platform::kubernetes::names::{self, CLUSTER};

impl Sink<'_> {
    pub(super) fn workload(&mut self, object: &Object<'_>) {
        let path: &[&str] = match object.kind {
            "Pod" => &["spec"],
            "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
            _ => &["spec", "template", "spec"],
        };
        // A patch of an overlay that does not touch the pod says nothing about whom it runs as.
        let Some(pod) = object.node.at(path) else {
            return;
        };
        let field = |name| pod.get(name).filter(|node| !is_empty(node));
        let named = field("serviceAccountName").or_else(|| field("serviceAccount"));
        let account = match named.map(|node| (node, node.text())) {
            Some((node, None)) => {
                if self.has_actions {
                    self.template(node.line);
                }
                return;
            }
            Some((node, Some(name))) if !self.made && name.contains("{{") => {
                self.template(node.line);
                return;
            }
            Some((_, Some(name))) => name,
            // A fragment without containers is a patch; whom the workload runs as stands elsewhere.
            None if pod.list("containers").is_empty() => return,
            None => "default",
        };
        let runs_as = self.refer_account(&object.namespace, account);
        let (namespace, kind, name) = (&object.namespace, object.kind, &object.name);
        self.facts.workloads.push(Workload {
            id: format!("{}/{kind}/{name}", names::container(CLUSTER, namespace)).into(),
            kind: kind.into(),
            name: Str::clone(name),
            runs_as,
            automount: pod.bool("automountServiceAccountToken"),
            evidence: self.evidence(object.node, object.pointer),
        });
    }
}

fn is_empty(node: &Node) -> bool {
    node.text()
        .map_or_else(|| !node.is_map() && node.items().is_empty(), str::is_empty)
}
