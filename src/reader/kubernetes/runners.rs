//! Objects of other products that run as a ServiceAccount: pipelines, workflows, releases; and any kind nobody here
//! has heard of whose specification says so.

use super::naming::{host, name_of, named, symbolic};
use super::object::Object;
use super::pod::Pod;
use super::workload::is_empty;
use super::{Node, Sink};
use crate::model::{IdentityId, IdentityKind, Platform, Str, Workload};
use crate::platform::kubernetes::names::CLUSTER;

/// How deep below `spec` a kind nobody knows may keep a pod.
const DEPTH: usize = 8;
/// How many pods of one object are looked at.
const MOST: usize = 1000;

impl Sink<'_> {
    /// Argo `Workflow`, `CronWorkflow`, `WorkflowTemplate`, `ClusterWorkflowTemplate`, and what embeds one.
    pub(super) fn workflow(&mut self, object: &Object<'_>) {
        let path: &[&str] = match object.kind {
            "CronWorkflow" => &["spec", "workflowSpec"],
            _ => &["spec"],
        };
        let Some(spec) = object.node.at(path) else {
            return;
        };
        let pointer = format!("/{}", path.join("/"));
        let templates = spec.list("templates");
        // A workflow that only refers to a template runs as that template says.
        let account = self.account_in(spec, &["serviceAccountName"]);
        if account.is_none() && templates.is_empty() {
            return;
        }
        // A template is run as whoever runs it says; one of the cluster even in whose namespace it is run.
        let template = object.kind.ends_with("WorkflowTemplate");
        let account = match account {
            Some(None) => return,
            _ if object.kind == "ClusterWorkflowTemplate" => return,
            Some(Some(name)) => name,
            None if template => return,
            None => "default".to_owned(),
        };
        let automount = spec.bool("automountServiceAccountToken");
        self.run(
            object,
            spec,
            &pointer,
            &account,
            "",
            automount,
            &["container", "script"],
        );
        for (i, template) in templates.iter().enumerate().take(MOST) {
            let name = named(template, "name").unwrap_or_default();
            let path = format!("{pointer}/templates/{i}");
            let own = self.account_in(template, &["serviceAccountName"]).flatten();
            let runs_as = own.as_deref().unwrap_or(&account);
            if own.is_some() {
                let automount = template.bool("automountServiceAccountToken").or(automount);
                self.run(
                    object,
                    template,
                    &path,
                    runs_as,
                    name,
                    automount,
                    &["container", "script"],
                );
            } else {
                self.steps(object, template, &path, runs_as, &["container", "script"]);
            }
            if let Some(executor) = template
                .get("executor")
                .and_then(|e| named(e, "serviceAccountName"))
            {
                let executor = executor.to_owned();
                self.run(
                    object,
                    &EMPTY,
                    &path,
                    &executor,
                    &format!("{name}/executor"),
                    None,
                    &[],
                );
            }
        }
        if let Some(executor) = spec
            .get("executor")
            .and_then(|e| named(e, "serviceAccountName"))
        {
            let executor = executor.to_owned();
            self.run(object, &EMPTY, &pointer, &executor, "executor", None, &[]);
        }
    }

    /// The ServiceAccount that a node names: `None` where it names none, `Some(None)` where that is filled in
    /// elsewhere.
    fn account_in(&mut self, node: &Node, members: &[&str]) -> Option<Option<String>> {
        let found = members
            .iter()
            .find_map(|member| node.get(member).filter(|n| !is_empty(n)))?;
        match found.text() {
            Some(text)
                if text.contains("{{") && self.has_actions && !text.contains("{{workflow.") =>
            {
                self.template(found.line);
                Some(None)
            }
            Some(_) => Some(name_of(Some(found)).map(str::to_owned)),
            None => Some(None),
        }
    }

    /// Something that runs as an account, with what its containers are handed.
    #[allow(clippy::too_many_arguments, reason = "one fact has so many parts")]
    fn run(
        &mut self,
        object: &Object<'_>,
        spec: &Node,
        pointer: &str,
        account: &str,
        part: &str,
        automount: Option<bool>,
        lone: &[&str],
    ) {
        let runs_as = self.refer_account(&object.namespace, account);
        let mut id = Self::workload_id(object);
        if !part.is_empty() {
            id = format!("{id}/{part}").into();
        }
        let pod = Pod {
            object,
            spec,
            path: pointer,
            workload: &id,
            user: &runs_as,
            account: Some(account),
        };
        let mut traits = self.pod(&pod);
        traits.extend(self.lone(&pod, lone));
        self.facts.workloads.push(Workload {
            id: Str::clone(&id),
            kind: object.kind.into(),
            name: Str::clone(&object.name),
            runs_as,
            automount,
            traits,
            evidence: self.place(object),
        });
    }

    /// What the containers of a part are handed that runs as the whole does.
    fn steps(
        &mut self,
        object: &Object<'_>,
        spec: &Node,
        pointer: &str,
        account: &str,
        lone: &[&str],
    ) {
        let runs_as = self.refer_account(&object.namespace, account);
        let id = Self::workload_id(object);
        let pod = Pod {
            object,
            spec,
            path: pointer,
            workload: &id,
            user: &runs_as,
            account: Some(account),
        };
        let mut traits = self.pod(&pod);
        traits.extend(self.lone(&pod, lone));
        let workload = self.facts.workloads.iter_mut().rev().find(|w| w.id == id);
        if let Some(workload) = workload {
            workload.traits.extend(traits);
        }
    }

    /// Containers that stand alone rather than in a list: `container`, `script`.
    fn lone(&mut self, pod: &Pod<'_, '_>, members: &[&str]) -> Vec<Str> {
        let mut traits = Vec::new();
        for member in members {
            if let Some(container) = pod.spec.get(member).filter(|c| c.is_map()) {
                traits.extend(self.container(pod, container, &format!("{}/{member}", pod.path)));
            }
        }
        for list in ["steps", "sidecars"] {
            for (i, step) in pod.spec.list(list).iter().enumerate() {
                traits.extend(self.container(pod, step, &format!("{}/{list}/{i}", pod.path)));
            }
        }
        traits
    }

    /// Tekton: `TaskRun`, `PipelineRun`, and tasks and pipelines that say nothing of whom they run as.
    pub(super) fn tekton(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        let template = spec
            .get("taskRunTemplate")
            .or_else(|| spec.get("podTemplate"));
        let named_here = self
            .account_in(spec, &["serviceAccountName"])
            .or_else(|| self.account_in(template?, &["serviceAccountName"]));
        let account = match named_here {
            Some(None) => return,
            Some(Some(name)) => name,
            // Tekton's own default, unless its configuration says another.
            None => "default".to_owned(),
        };
        self.run(object, spec, "/spec", &account, "", None, &[]);
        if let Some(task) = spec.get("taskSpec") {
            self.steps(object, task, "/spec/taskSpec", &account, &[]);
        }
        for (i, task) in spec
            .at(&["pipelineSpec"])
            .map_or(&[][..], |p| p.list("tasks"))
            .iter()
            .enumerate()
        {
            if let Some(inner) = task.get("taskSpec") {
                let path = format!("/spec/pipelineSpec/tasks/{i}/taskSpec");
                self.steps(object, inner, &path, &account, &[]);
            }
        }
        for (i, of) in spec
            .list("taskRunSpecs")
            .iter()
            .chain(spec.list("serviceAccountNames"))
            .enumerate()
        {
            let task = named(of, "pipelineTaskName").or_else(|| named(of, "taskName"));
            let own =
                named(of, "serviceAccountName").or_else(|| named(of, "taskServiceAccountName"));
            if let (Some(task), Some(own)) = (task, own) {
                let (task, own) = (task.to_owned(), own.to_owned());
                self.run(
                    object,
                    &EMPTY,
                    &format!("/spec/taskRunSpecs/{i}"),
                    &own,
                    &task,
                    None,
                    &[],
                );
            }
        }
        self.workspaces(object, spec, &account);
    }

    /// Secrets that a run is given as workspaces.
    fn workspaces(&mut self, object: &Object<'_>, spec: &Node, account: &str) {
        for (i, workspace) in spec.list("workspaces").iter().enumerate() {
            let Some(secret) = workspace.get("secret").and_then(|s| named(s, "secretName")) else {
                continue;
            };
            let user = self.refer_account(&object.namespace, account);
            let name = named(workspace, "name").unwrap_or_default();
            let evidence = self.spot(object, workspace, &format!("/spec/workspaces/{i}"));
            let how = format!("workspace {name}");
            let id = Self::workload_id(object);
            self.uses_secret(&user, (&object.namespace, secret), &id, how, evidence);
        }
    }

    /// Tekton `TriggerTemplate`: the runs that it makes.
    pub(super) fn trigger_template(&mut self, object: &Object<'_>) {
        let templates = object
            .node
            .get("spec")
            .map_or(&[][..], |s| s.list("resourcetemplates"));
        for (i, template) in templates.iter().enumerate().take(MOST) {
            let pointer = format!("{}/spec/resourcetemplates/{i}", object.pointer);
            self.document(template, &pointer, None);
        }
    }

    /// Flux `Kustomization` and `HelmRelease`: applied as a ServiceAccount, or else with all that the controller may.
    pub(super) fn flux(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        self.deployed_by_flux(object, spec);
        let mut traits = vec!["applies".to_owned()];
        let runs_as = match self.account_in(spec, &["serviceAccountName"]) {
            Some(None) => return,
            Some(Some(name)) => self.refer_account(&object.namespace, &name),
            None => {
                traits.push("as-controller".to_owned());
                self.flux_controller(object)
            }
        };
        let id = Self::workload_id(object);
        let secrets: [(&[&str], &str); 2] = [
            (&["decryption", "secretRef", "name"], "decrypts with it"),
            (
                &["kubeConfig", "secretRef", "name"],
                "kubeconfig of the cluster that it is applied to",
            ),
        ];
        for (path, how) in secrets {
            let pointer = format!("/spec/{}", path.join("/"));
            self.names_secret(object, spec.at(path), &runs_as, &id, how, &pointer);
        }
        if spec.at(&["kubeConfig", "secretRef"]).is_some() {
            traits.push("other-cluster".to_owned());
        }
        if let Some(provider) = spec.get("decryption").and_then(|d| named(d, "provider")) {
            traits.push(format!("decrypts:{provider}"));
        }
        let values = spec.list("valuesFrom");
        let replaced = spec
            .at(&["postBuild"])
            .map_or(&[][..], |b| b.list("substituteFrom"));
        for (list, how) in [(values, "values"), (replaced, "variables")] {
            for (i, from) in list.iter().enumerate() {
                if from.str("kind") == Some("Secret") {
                    let pointer = format!("/spec/{how}/{i}");
                    self.names_secret(object, from.get("name"), &runs_as, &id, how, &pointer);
                }
            }
        }
        self.acts(object, id, runs_as, traits);
    }

    fn flux_controller(&mut self, object: &Object<'_>) -> IdentityId {
        let name = if object.kind == "HelmRelease" {
            "helm-controller"
        } else {
            "kustomize-controller"
        };
        let evidence = self.place(object);
        self.refer_identity(
            format!("k8s:{CLUSTER}#controller:flux-{name}"),
            Platform::Kubernetes,
            IdentityKind::App,
            &format!("Flux {name}"),
            "a controller applies what is in repositories",
            &evidence,
        )
    }

    /// Flux sources and notifications, and whatever else keeps its credential in `spec.secretRef`.
    pub(super) fn flux_source(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        self.source_of_flux(object, spec);
        let evidence = self.place(object);
        let mut traits = Vec::new();
        let address = named(spec, "url").or_else(|| named(spec, "endpoint"));
        let address = address.or_else(|| named(spec, "address"));
        traits.extend(address.and_then(host).map(|host| format!("from:{host}")));
        if address.is_some_and(|url| url.starts_with("http://")) {
            traits.push("plain-http".to_owned());
        }
        if spec.bool("insecure") == Some(true) {
            traits.push("insecure-skip-tls-verify".to_owned());
        }
        let runs_as = match self.account_in(spec, &["serviceAccountName"]) {
            Some(Some(name)) => self.refer_account(&object.namespace, &name),
            _ => self.refer_identity(
                format!("k8s:{CLUSTER}#controller:flux-source-controller"),
                Platform::Kubernetes,
                IdentityKind::App,
                "Flux source-controller",
                "a controller reads repositories",
                &evidence,
            ),
        };
        let id = Self::workload_id(object);
        for path in [
            &["secretRef", "name"][..],
            &["certSecretRef", "name"],
            &["verify", "secretRef", "name"],
        ] {
            let how = path.first().copied().unwrap_or_default();
            self.names_secret(object, spec.at(path), &runs_as, &id, how, "/spec/secretRef");
        }
        if spec.get("secretRef").is_some() {
            traits.push("static-key".to_owned());
        } else if let Some(provider) = named(spec, "provider").filter(|p| *p != "generic") {
            traits.push(format!("by:{provider}"));
        }
        self.acts(object, id, runs_as, traits);
    }

    fn names_secret(
        &mut self,
        object: &Object<'_>,
        node: Option<&Node>,
        user: &IdentityId,
        workload: &str,
        how: &str,
        pointer: &str,
    ) {
        let Some((node, name)) = node.and_then(|node| Some((node, name_of(Some(node))?))) else {
            return;
        };
        let evidence = self.spot(object, node, pointer);
        self.uses_secret(
            user,
            (&object.namespace, name),
            workload,
            how.to_owned(),
            evidence,
        );
    }

    /// A kind that nobody here knows: a pod's template, or the name of a ServiceAccount, anywhere below `spec`.
    pub(super) fn unknown(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        let mut found = Vec::new();
        seek(spec, &mut vec!["spec".to_owned()], &mut found);
        let several = found.len() > 1;
        for path in found {
            let steps: Vec<&str> = path.iter().map(String::as_str).collect();
            // `spec.driver` and `spec.executor` are told apart; `spec.template.spec` needs no name.
            let part: Vec<&str> = steps
                .iter()
                .copied()
                .filter(|step| !matches!(*step, "spec" | "template" | "podTemplate"))
                .collect();
            let part = if several || steps.len() < 2 {
                part.join("/")
            } else {
                String::new()
            };
            let Some(node) = object.node.at(&steps) else {
                continue;
            };
            if let Some(Some(account)) =
                self.account_in(node, &["serviceAccountName", "serviceAccount"])
            {
                if !symbolic(&account) || !self.has_actions {
                    let pointer = format!("/{}", path.join("/"));
                    let automount = node.bool("automountServiceAccountToken");
                    self.run(object, node, &pointer, &account, &part, automount, &[]);
                }
            } else {
                self.pod_at(object, &steps, &part);
            }
        }
    }
}

/// Nothing: something whose containers stand elsewhere.
static EMPTY: Node = Node {
    line: 0,
    file: 0,
    value: super::tree::Value::Null,
};

/// Where below a specification pods are described: a mapping with containers, or with a ServiceAccount by name.
fn seek(node: &Node, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if path.len() > DEPTH || found.len() >= MOST {
        return;
    }
    let text = |member: &str| node.str(member).is_some_and(|text| !text.is_empty());
    let containers = node
        .list("containers")
        .iter()
        .any(|c| c.get("image").is_some() && c.get("name").is_some());
    if containers || text("serviceAccountName") || text("serviceAccount") {
        found.push(path.clone());
        // What stands inside a pod is no other pod.
        if containers {
            return;
        }
    }
    for (key, value) in node.entries() {
        if value.is_map() {
            path.push(key.clone());
            seek(value, path, found);
            path.pop();
        }
    }
}
