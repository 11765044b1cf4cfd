//! Azure Pipelines: each job an identity with its service connections, variable groups, key vaults and pools.
//!
//! Local templates are followed; their parameters stay as written.

use super::Reader;
use super::pipeline::{self, Build, Project, secret_like};
use super::tree::{self, Node};
use crate::model::{
    Assumed, Document, Evidence, Facts, Humanity, Identity, IdentityId, IdentityKind, Platform,
    Presence, Probe, Problem, Set, Str, Used,
};
use std::collections::{BTreeMap, BTreeSet};

/// Reads Azure Pipelines.
pub struct AzurePipelines;

/// The name in evidence and coverage.
const NAME: &str = "azure-pipelines";
/// How deep templates are followed, and how many in one pipeline (Azure DevOps: 100 nested, 250 in all).
const MAX_DEPTH: usize = 20;
/// As many steps, jobs and stages of one pipeline are read.
const MAX_PARTS: usize = 10_000;

impl Reader for AzurePipelines {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        if probe.binary || !probe.has_extension(&["yml", "yaml"]) {
            return false;
        }
        let path = probe.origin.path.to_ascii_lowercase();
        let named = [
            "azure-pipelines",
            "azure_pipelines",
            "azurepipelines",
            "/.azure-pipelines/",
            "/.azuredevops/",
            "/.pipelines/",
            "/.ado/",
        ]
        .iter()
        .any(|part| path.contains(part));
        if path.contains("/.github/") || path.contains("/.gitlab") {
            return false;
        }
        named
            || key(probe.head, "pool") && (key(probe.head, "steps") || key(probe.head, "jobs"))
            || key(probe.head, "stages") && probe.head_contains("- stage:")
            || key(probe.head, "steps")
                && probe.head_contains("- task: ")
                && probe.head_contains("@")
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        self.read_together(std::slice::from_ref(document))
    }

    fn gathers(&self, _: &Document<'_>) -> bool {
        true
    }

    fn read_together(&self, documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        let mut files: BTreeMap<&str, (Node, &Document<'_>)> = BTreeMap::new();
        for document in documents {
            for part in tree::documents(document.bytes) {
                match part {
                    Ok(node) if node.is_map() => {
                        files.insert(&document.origin.path, (node, document));
                    }
                    Ok(_) => {}
                    Err(error) => problems.push(error.problem(document, NAME)),
                }
            }
        }
        let mut followed = BTreeSet::new();
        let mut parts = Vec::new();
        for (path, (node, document)) in &files {
            let mut walk = Walk::new(document, node, &files);
            walk.pipeline(path, node);
            followed.extend(walk.followed.iter().map(|it| (*it).to_owned()));
            parts.push((*path, node.get("parameters").is_some(), walk.facts));
        }
        for (path, _, part) in parts {
            // A template's jobs are those of the pipelines that use it.
            if !followed.contains(path) {
                facts.append(part);
            }
        }
        (facts, problems)
    }
}

fn key(head: &[u8], name: &str) -> bool {
    head.split(|byte| *byte == b'\n').any(|line| {
        line.strip_prefix(name.as_bytes())
            .is_some_and(|rest| rest.starts_with(b":"))
    })
}

/// One pipeline.
struct Walk<'w> {
    document: &'w Document<'w>,
    files: &'w BTreeMap<&'w str, (Node, &'w Document<'w>)>,
    project: Project,
    triggers: BTreeSet<&'static str>,
    /// Templates of other repositories by their alias, with the version.
    repositories: BTreeMap<&'w str, (&'w str, Option<&'w str>)>,
    followed: BTreeSet<&'w str>,
    facts: Facts,
    parts: usize,
}

/// What surrounds a job.
#[derive(Clone, Default)]
struct Around<'w> {
    stage: String,
    /// Variable groups and variables.
    variables: Vec<(&'w Node, &'w str)>,
    pool: Option<&'w Node>,
    templates: Vec<Used>,
    path: &'w str,
    depth: usize,
}

impl<'w> Walk<'w> {
    fn new(
        document: &'w Document<'w>,
        node: &'w Node,
        files: &'w BTreeMap<&'w str, (Node, &'w Document<'w>)>,
    ) -> Self {
        let project = Project::of(document.origin, document.origin.file_name().len());
        let mut triggers = BTreeSet::new();
        match node.get("pr") {
            Some(pr) if pr.text() == Some("none") => {}
            Some(_) => {
                triggers.insert("pull_request");
            }
            None => {}
        }
        if node.get("trigger").and_then(Node::text) != Some("none") {
            triggers.insert("push");
        }
        if node.get("schedules").is_some() {
            triggers.insert("schedule");
        }
        let mut repositories = BTreeMap::new();
        for repository in node
            .at(&["resources", "repositories"])
            .map_or(&[][..], Node::items)
        {
            if let (Some(alias), Some(name)) =
                (repository.str("repository"), repository.str("name"))
            {
                repositories.insert(alias, (name, repository.str("ref")));
            }
        }
        Self {
            document,
            files,
            project,
            triggers,
            repositories,
            followed: BTreeSet::new(),
            facts: Facts::default(),
            parts: 0,
        }
    }

    fn pipeline(&mut self, path: &'w str, node: &'w Node) {
        let mut around = Around {
            path,
            ..Around::default()
        };
        if let Some(extends) = node.get("extends") {
            self.template(extends, &around, |walk, node, around| {
                walk.body(node, around)
            });
        }
        around.pool = node.get("pool");
        self.body(node, &around);
    }

    /// Stages, jobs or steps of a pipeline or template.
    fn body(&mut self, node: &'w Node, around: &Around<'w>) {
        let around = &self.with_variables(node, around);
        self.stages(node.list("stages"), around);
        self.jobs(node.list("jobs"), around);
        if node.get("steps").is_some() {
            self.job("job", node, around);
        }
    }

    fn with_variables(&self, node: &'w Node, around: &Around<'w>) -> Around<'w> {
        let mut around = around.clone();
        if let Some(variables) = node.get("variables") {
            around.variables.push((variables, around.path));
        }
        around
    }

    fn full(&mut self) -> bool {
        self.parts += 1;
        self.parts > MAX_PARTS
    }

    fn stages(&mut self, stages: &'w [Node], around: &Around<'w>) {
        for stage in conditional(stages) {
            if self.full() {
                return;
            }
            if stage.get("template").is_some() {
                self.template(stage, around, |walk, node, around| walk.body(node, around));
                continue;
            }
            let mut inner = self.with_variables(stage, around);
            inner.stage = stage.str("stage").unwrap_or_default().to_owned();
            inner.pool = stage.get("pool").or(inner.pool);
            self.jobs(stage.list("jobs"), &inner);
            if stage.get("steps").is_some() {
                self.job("job", stage, &inner);
            }
        }
    }

    fn jobs(&mut self, jobs: &'w [Node], around: &Around<'w>) {
        for (index, job) in conditional(jobs).into_iter().enumerate() {
            if self.full() {
                return;
            }
            if job.get("template").is_some() {
                self.template(job, around, |walk, node, around| walk.body(node, around));
                continue;
            }
            let name = job.str("job").or_else(|| job.str("deployment"));
            let name = name.map_or_else(|| format!("job{}", index + 1), str::to_owned);
            let inner = self.with_variables(job, around);
            self.job(&name, job, &inner);
        }
    }

    /// Follows a template of the same repository; one of another is code of others.
    fn template(
        &mut self,
        node: &'w Node,
        around: &Around<'w>,
        then: fn(&mut Self, &'w Node, &Around<'w>),
    ) {
        let Some(text) = node.str("template") else {
            return;
        };
        if around.depth >= MAX_DEPTH {
            return;
        }
        let mut inner = around.clone();
        inner.depth += 1;
        if let Some((file, alias)) = text.rsplit_once('@').filter(|(_, alias)| *alias != "self") {
            let used = self.elsewhere(file, alias, node);
            inner.templates.push(used.clone());
            // What it makes is not known; the job that it is stands for it.
            self.job(&format!("template {file}"), node, &inner);
            return;
        }
        if let Some((path, found)) = self.find(text, around.path) {
            self.followed.insert(path);
            inner.path = path;
            then(self, found, &inner);
        }
    }

    fn find(&self, text: &str, from: &str) -> Option<(&'w str, &'w Node)> {
        let text = text.strip_suffix("@self").unwrap_or(text);
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let root = &self.project.root;
        let wanted = match text.strip_prefix('/') {
            Some(rooted) => format!("{root}/{rooted}"),
            None => format!("{folder}/{text}"),
        };
        let wanted = pipeline::normalised(&wanted);
        let (path, (node, _)) = self.files.get_key_value(wanted.as_str())?;
        Some((path, node))
    }

    fn elsewhere(&self, file: &str, alias: &str, node: &Node) -> Used {
        let known = self.repositories.get(alias);
        let name = known.map_or(alias, |(name, _)| name);
        let version = known.and_then(|(_, version)| *version);
        Used {
            kind: "template".into(),
            name: format!("{name}/{file}").into(),
            version: version.map(Into::into),
            pinned: version.is_some_and(pipeline::commit_like),
            third_party: None,
            secrets: Set::new(),
            ambient: Set::new(),
            evidence: pipeline::at(self.document, NAME, node),
        }
    }

    fn job(&mut self, name: &str, node: &'w Node, around: &Around<'w>) {
        let document = self
            .files
            .get(around.path)
            .map_or(self.document, |(_, d)| d);
        let evidence = pipeline::at(document, NAME, node);
        let whole = if around.stage.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", around.stage)
        };
        let id = format!(
            "azure-devops:{}/job/{}/{whole}",
            self.project.path, self.project.file
        );
        let mut build = Build::new(Platform::AzureDevOps, &id, &whole, &self.project, evidence);
        build.job.triggers = self.triggers.iter().map(|t| Str::from(*t)).collect();
        build.derive("what its job token may do is a setting of the project");
        let environment = node.get("environment");
        let environment = environment.and_then(|e| e.text().or_else(|| e.str("name")));
        build.job.environment = environment.map(Into::into);
        pool(&mut build, node.get("pool").or(around.pool));
        for used in &around.templates {
            build.uses(used.clone());
        }
        for (variables, path) in &around.variables {
            let document = self.files.get(path).map_or(self.document, |(_, d)| d);
            self.variables(&mut build, variables, document);
        }
        let container = node.get("container");
        if let Some(container) = container
            && let Some(image) = container.text().or_else(|| container.str("image"))
        {
            let at = pipeline::at(document, NAME, container);
            build.uses(pipeline::image(image, self.project.owner(), at));
        }
        self.steps(&mut build, node.list("steps"), around);
        // `strategy.<kind>.<phase>.steps` of a deployment.
        for (_, strategy) in node.get("strategy").map_or(&[][..], Node::entries) {
            for (phase, body) in strategy.entries() {
                self.steps(&mut build, body.list("steps"), around);
                if phase == "on" {
                    for (_, body) in body.entries() {
                        self.steps(&mut build, body.list("steps"), around);
                    }
                }
            }
        }
        build.finish(&mut self.facts);
    }

    fn variables(&self, build: &mut Build, node: &Node, document: &Document<'_>) {
        for item in conditional(node.items()) {
            if let Some(group) = item.str("group") {
                let at = pipeline::at(document, NAME, item);
                let place = format!("azure-devops:{}/variable-group/", self.project.path);
                build.secret(&place, group, "variable group", None, &at);
                build.mark("variable-group");
            }
        }
    }

    fn steps(&mut self, build: &mut Build, steps: &'w [Node], around: &Around<'w>) {
        let document = self
            .files
            .get(around.path)
            .map_or(self.document, |(_, d)| d);
        for step in conditional(steps) {
            if self.full() {
                return;
            }
            if let Some(text) = step.str("template") {
                if around.depth >= MAX_DEPTH {
                    continue;
                }
                if let Some((file, alias)) = text.rsplit_once('@').filter(|(_, a)| *a != "self") {
                    build.uses(self.elsewhere(file, alias, step));
                } else if let Some((path, found)) = self.find(text, around.path) {
                    self.followed.insert(path);
                    let mut inner = around.clone();
                    inner.depth += 1;
                    inner.path = path;
                    self.steps(build, found.list("steps"), &inner);
                }
                continue;
            }
            self.step(build, step, document);
        }
    }

    fn step(&mut self, build: &mut Build, step: &Node, document: &Document<'_>) {
        let task = step.str("task").unwrap_or_default();
        let inputs = step.get("inputs").map_or(&[][..], Node::entries);
        let of = |key: &str| {
            let mut found = inputs
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case(key));
            found.find_map(|(_, node)| node.text())
        };
        for (name, node) in inputs {
            let text = node.text().unwrap_or_default();
            let at = pipeline::at(document, NAME, node);
            if connects(name) && !text.is_empty() {
                self.connection(build, text, &at);
            }
            self.macros(build, text, &format!("{name} of {task}"), &at);
        }
        let spn = of("addSpnToEnvironment").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        if spn {
            build.mark("service-principal-in-environment");
        }
        if task.starts_with("AzureKeyVault@") {
            let vault = of("KeyVaultName").unwrap_or("*");
            let at = pipeline::at(document, NAME, step);
            for name in of("SecretsFilter").unwrap_or("*").split(',') {
                let name = name.trim();
                if name == "*" {
                    build.job.all_secrets = true;
                    build.mark("all-secrets:vault");
                }
                build.secret(&format!("azure_key_vault:{vault}/"), name, task, None, &at);
            }
        }
        if step.get("checkout").is_some() && step.bool("persistCredentials") == Some(true) {
            build.mark("persists-token");
        }
        for key in ["script", "bash", "powershell", "pwsh"] {
            if let Some(node) = step.get(key) {
                let at = pipeline::at(document, NAME, node);
                self.macros(build, node.text().unwrap_or_default(), key, &at);
            }
        }
        for (name, node) in step.get("env").map_or(&[][..], Node::entries) {
            let at = pipeline::at(document, NAME, node);
            self.macros(
                build,
                node.text().unwrap_or_default(),
                &format!("env {name}"),
                &at,
            );
        }
        let publisher = task.split('@').next().unwrap_or_default();
        if publisher.contains('.') {
            // An extension's task by its full name.
            let version = task.split_once('@').map(|(_, v)| v);
            build.uses(Used {
                kind: "task".into(),
                name: publisher.into(),
                version: version.map(Into::into),
                pinned: false,
                third_party: Some(true),
                secrets: Set::new(),
                ambient: Set::new(),
                evidence: pipeline::at(document, NAME, step),
            });
        }
    }

    /// `$(NAME)` in a text.
    fn macros(&self, build: &mut Build, text: &str, how: &str, at: &Evidence) {
        let mut rest = text;
        while let Some(start) = rest.find("$(") {
            rest = rest.get(start + 2..).unwrap_or_default();
            let name = rest.split(')').next().unwrap_or_default();
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
            if name.is_empty() || name.len() > 200 || !name.chars().all(plain) {
                continue;
            }
            if name.eq_ignore_ascii_case("System.AccessToken") {
                build.mark("job-token");
                continue;
            }
            let provided = [
                "System.",
                "Build.",
                "Agent.",
                "Pipeline.",
                "Release.",
                "Environment.",
            ]
            .iter()
            .any(|start| name.starts_with(start));
            let spelled = name.replace(['.', '-'], "_");
            let upper = separated(&spelled);
            if provided || !secret_like(&upper) {
                continue;
            }
            let place = format!("azure-devops:{}/variable/", self.project.path);
            build.secret(&place, name, how, None, at);
            if let Some(cloud) = pipeline::cloud_key(&spelled).or(pipeline::cloud_key(&upper)) {
                build.mark(format!("static-cloud-key:{cloud}"));
            }
            if matches!(
                upper.as_str(),
                "GITHUB_TOKEN"
                    | "GITHUB_PAT"
                    | "GH_TOKEN"
                    | "AZURE_DEVOPS_EXT_PAT"
                    | "PAT"
                    | "ADO_PAT"
            ) {
                build.mark(format!("personal-token:{name}"));
            }
        }
    }

    fn connection(&mut self, build: &mut Build, name: &str, at: &Evidence) {
        let id = IdentityId::from(format!(
            "azure-devops:{}/service-connection/{name}",
            self.project.path
        ));
        let symbolic = name.contains("$(") || name.contains("${{") || name.contains("$[");
        let mut identity = Identity::new(
            id.clone(),
            Platform::AzureDevOps,
            IdentityKind::ServiceConnection,
            name,
        );
        identity.account = Some(self.project.path.as_str().into());
        identity.presence.insert(Presence::Referenced);
        identity.humanity = (Humanity::NonHuman, "service connection".into());
        if symbolic {
            identity
                .derivation
                .insert(format!("not resolved: {name}").into());
        }
        self.facts.identities.push(identity);
        build.mark(format!("service-connection:{name}"));
        build.assume(Assumed {
            cloud: "azure-devops".into(),
            target: name.into(),
            identity: Some(id),
            by: "connection".into(),
            audience: None,
            seconds: None,
            evidence: at.clone(),
        });
    }
}

/// `clientSecret` → `CLIENT_SECRET`.
fn separated(name: &str) -> String {
    let mut out = String::new();
    let mut lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && lower {
            out.push('_');
        }
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(c.to_ascii_uppercase());
    }
    out
}

/// Whether an input names a service connection.
fn connects(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("azuresubscription")
        || name.contains("connectedservicename")
        || name.contains("serviceconnection")
        || name.contains("serviceendpoint")
        || name.contains("environmentservicename")
        || matches!(
            name.as_str(),
            "containerregistry"
                | "awscredentials"
                | "backendservicearm"
                | "kubernetescluster"
                | "githubconnection"
                | "sonarqube"
                | "sonarcloud"
                | "nugetserviceconnections"
                | "publishvstsfeed"
                | "serverendpoint"
        ) && name != "kubernetescluster"
            && name != "publishvstsfeed"
}

/// Where a job runs: a pool by name is one's own, unless it is Microsoft's.
fn pool(build: &mut Build, pool: Option<&Node>) {
    let Some(pool) = pool else {
        build.job.self_hosted = Some(false);
        return;
    };
    let name = pool.text().or_else(|| pool.str("name"));
    let image = pool.str("vmImage");
    build.job.self_hosted = match (name, image) {
        (Some(name), _) if name.contains("$") || name.contains("${{") => None,
        (Some(name), _) => Some(!(name == "Azure Pipelines" || name.starts_with("Hosted"))),
        (None, Some(_)) => Some(false),
        // `pool: server` is no machine at all.
        (None, None) => None,
    };
    let labels = name.into_iter().chain(image);
    build.job.runners = labels.map(Str::from).collect();
}

/// Items of a list, those below `${{ if … }}` and `${{ each … }}` among them.
fn conditional(items: &[Node]) -> Vec<&Node> {
    let mut out = Vec::new();
    let mut waiting: Vec<(&Node, usize)> = items.iter().rev().map(|item| (item, 0)).collect();
    while let Some((item, depth)) = waiting.pop() {
        let inserted = item.entries().first();
        let inserted = inserted.filter(|(key, _)| key.trim_start().starts_with("${{"));
        match inserted {
            Some(_) if depth < 20 => {
                for (_, value) in item.entries().iter().rev() {
                    waiting.extend(value.items().iter().rev().map(|item| (item, depth + 1)));
                    if value.items().is_empty() && value.is_map() {
                        waiting.push((value, depth + 1));
                    }
                }
            }
            _ => out.push(item),
        }
    }
    out
}
