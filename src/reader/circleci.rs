//! CircleCI: each job of a workflow an identity with its contexts, orbs, images and tokens.

use super::Reader;
use super::pipeline::{self, Build, Project, of_script, secret_like, shell_variables, texts};
use super::tree::{self, Node};
use crate::model::{
    Assumed, Document, Evidence, Facts, Platform, Probe, Problem, Set, Str, Token, Used,
};
use std::collections::{BTreeMap, BTreeSet};

/// Reads CircleCI's configuration.
pub struct CircleCi;

/// The name in evidence and coverage.
const NAME: &str = "circleci";
/// How deep commands may use each other.
const MAX_DEPTH: usize = 10;
/// As many steps of one job are read.
const MAX_STEPS: usize = 5_000;

impl Reader for CircleCi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let path = &probe.origin.path;
        !probe.binary
            && probe.has_extension(&["yml", "yaml"])
            && (path.contains("/.circleci/") || path.starts_with(".circleci/"))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        for part in tree::documents(document.bytes) {
            match part {
                Ok(node) => Configuration::new(document, &node).read(&mut facts),
                Err(error) => problems.push(error.problem(document, NAME)),
            }
        }
        (facts, problems)
    }
}

struct Configuration<'c> {
    document: &'c Document<'c>,
    node: &'c Node,
    project: Project,
    /// Orbs by the name that the file gives them.
    orbs: BTreeMap<&'c str, Used>,
}

/// What the steps of a job amount to.
#[derive(Default)]
struct Walk {
    steps: usize,
    handed: BTreeSet<String>,
    orbs: BTreeSet<String>,
    token: bool,
}

impl<'c> Configuration<'c> {
    fn new(document: &'c Document<'c>, node: &'c Node) -> Self {
        let path = &document.origin.path;
        let below = path.rfind(".circleci/").map_or(0, |at| path.len() - at);
        let project = Project::of(document.origin, below);
        let mut orbs = BTreeMap::new();
        for (name, orb) in node.get("orbs").map_or(&[][..], Node::entries) {
            if let Some(text) = orb.text() {
                let evidence = pipeline::at(document, NAME, orb);
                orbs.insert(name.as_str(), orb_used(text, &project, evidence));
            }
        }
        Self {
            document,
            node,
            project,
            orbs,
        }
    }

    fn read(&self, facts: &mut Facts) {
        let jobs = self.node.get("jobs").map_or(&[][..], Node::entries);
        if jobs.is_empty() && self.node.get("workflows").is_none() {
            return;
        }
        facts
            .sources
            .push((NAME.into(), self.project.path.as_str().into()));
        let mut calls: BTreeMap<&str, Vec<Option<&Node>>> = BTreeMap::new();
        for (_, workflow) in self.node.get("workflows").map_or(&[][..], Node::entries) {
            for call in workflow.list("jobs") {
                if let Some(name) = call.text() {
                    calls.entry(name).or_default().push(None);
                }
                for (name, how) in call.entries() {
                    if how.str("type") != Some("approval") {
                        calls.entry(name).or_default().push(Some(how));
                    }
                }
            }
        }
        for (name, node) in jobs {
            let called = calls.remove(name.as_str()).unwrap_or_default();
            self.job(name, Some(node), &called, facts);
        }
        // Jobs of orbs.
        for (name, called) in calls {
            if name.contains('/') {
                self.job(name, None, &called, facts);
            }
        }
    }

    fn job(&self, name: &str, node: Option<&Node>, calls: &[Option<&Node>], facts: &mut Facts) {
        let place = node
            .or_else(|| calls.iter().find_map(|call| *call))
            .unwrap_or(self.node);
        let evidence = pipeline::at(self.document, NAME, place);
        let id = format!("circleci:{}/job/{name}", self.project.path);
        let mut build = Build::new(
            Platform::CircleCi,
            &id,
            name,
            &self.project,
            evidence.clone(),
        );
        build.job.triggers.insert("push".into());
        let mut walk = Walk::default();
        let mut every_branch = calls.is_empty();
        let mut contexts = 0;
        for call in calls {
            let filters = call.and_then(|call| call.get("filters"));
            let only = filters.and_then(|f| f.at(&["branches", "only"]));
            let tags = filters
                .and_then(|f| f.at(&["branches", "ignore"]))
                .and_then(Node::text);
            every_branch |= only.is_none() && tags != Some("/.*/");
            let Some(call) = call else {
                continue;
            };
            let context = call.get("context");
            for context in texts(context) {
                contexts += 1;
                let at = pipeline::at(self.document, NAME, call);
                let place = format!("circleci:{}/context/", self.project.owner().unwrap_or("."));
                build.secret(&place, &context, "context", None, &at);
            }
            // Arguments of an orb's job.
            for (key, value) in call.entries() {
                if !matches!(
                    key.as_str(),
                    "context" | "filters" | "requires" | "matrix" | "name"
                ) {
                    self.arguments(&mut build, &mut walk, name, key, value);
                }
            }
        }
        if contexts > 0 && every_branch {
            build.mark("context-on-every-branch");
        }
        if let Some((orb, _)) = name.split_once('/') {
            walk.orbs.insert(orb.to_owned());
        }
        if let Some(node) = node {
            self.body(&mut build, &mut walk, node);
        }
        for orb in &walk.orbs {
            if let Some(used) = self.orbs.get(orb.as_str()) {
                let mut used = used.clone();
                used.ambient = walk.handed.iter().map(|n| Str::from(n.as_str())).collect();
                build.uses(used);
            }
        }
        if walk.token {
            let claims = BTreeMap::new();
            build.token(Token {
                issuer: None,
                subject: "org/*/project/*/user/*".into(),
                audience: None,
                claims,
                evidence,
            });
        }
        build.finish(facts);
    }

    fn body(&self, build: &mut Build, walk: &mut Walk, node: &Node) {
        let executor = node.get("executor");
        let executor = executor.and_then(|e| e.text().or_else(|| e.str("name")));
        let named = executor.and_then(|name| self.node.at(&["executors", name]));
        for holder in [Some(node), named].into_iter().flatten() {
            for (name, value) in holder.get("environment").map_or(&[][..], Node::entries) {
                let text = value.text().unwrap_or_default();
                let at = pipeline::at(self.document, NAME, value);
                self.text(build, walk, text, &format!("environment {name}"), &at);
            }
            for image in holder.list("docker") {
                self.image(build, walk, image);
            }
            let class = holder.str("resource_class").unwrap_or_default();
            if !class.is_empty() {
                build.job.runners.insert(class.into());
            }
            if class.contains('/') {
                build.job.self_hosted = Some(true);
            } else if build.job.self_hosted.is_none()
                && ["docker", "machine", "macos"]
                    .iter()
                    .any(|key| holder.get(key).is_some())
            {
                build.job.self_hosted = Some(false);
            }
        }
        self.steps(build, walk, node.list("steps"), 0);
    }

    fn image(&self, build: &mut Build, walk: &mut Walk, node: &Node) {
        let at = pipeline::at(self.document, NAME, node);
        let mut names = BTreeSet::new();
        for key in ["auth", "aws_auth"] {
            for (_, value) in node.get(key).map_or(&[][..], Node::entries) {
                for name in shell_variables(value.text().unwrap_or_default()) {
                    build.secret(&self.place(), &name, "image credentials", None, &at);
                    if let Some(cloud) = pipeline::cloud_key(&name) {
                        build.mark(format!("static-cloud-key:{cloud}"));
                    }
                }
            }
            if let Some(role) = node.get(key).and_then(|auth| auth.str("oidc_role_arn")) {
                walk.token = true;
                self.role(build, role, &at);
            }
        }
        for (_, value) in node.get("environment").map_or(&[][..], Node::entries) {
            names.extend(shell_variables(value.text().unwrap_or_default()));
        }
        if let Some(image) = node.str("image") {
            let mut used = pipeline::image(image, self.project.owner(), at);
            if used.name.starts_with("cimg/") || used.name.starts_with("circleci/") {
                used.third_party = Some(false);
            }
            used.secrets = names.iter().map(|n| Str::from(n.as_str())).collect();
            build.uses(used);
        }
    }

    fn place(&self) -> String {
        format!("circleci:{}/variable/", self.project.path)
    }

    fn role(&self, build: &mut Build, role: &str, at: &Evidence) {
        build.assume(Assumed {
            cloud: "aws".into(),
            identity: pipeline::role_arn(role),
            target: role.into(),
            by: "oidc".into(),
            audience: None,
            seconds: None,
            evidence: at.clone(),
        });
    }

    fn text(&self, build: &mut Build, walk: &mut Walk, text: &str, how: &str, at: &Evidence) {
        for name in shell_variables(text) {
            if name.starts_with("CIRCLE_OIDC_TOKEN") {
                walk.token = true;
                continue;
            }
            if name.starts_with("CIRCLE_") || !secret_like(&name) {
                continue;
            }
            if let Some(cloud) = pipeline::cloud_key(&name) {
                build.mark(format!("static-cloud-key:{cloud}"));
            }
            build.secret(&self.place(), &name, how, None, at);
            walk.handed.insert(name);
        }
    }

    /// An argument of an orb's command or job.
    fn arguments(&self, build: &mut Build, walk: &mut Walk, command: &str, key: &str, node: &Node) {
        let at = pipeline::at(self.document, NAME, node);
        if let Some(text) = node.text() {
            if matches!(key, "role_arn" | "role-arn") {
                walk.token = true;
                self.role(build, text, &at);
            }
            // Orbs take names of variables as well as variables.
            let bare = text
                .chars()
                .all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit());
            let asked = if bare && secret_like(text) {
                format!("${text}")
            } else {
                text.to_owned()
            };
            self.text(build, walk, &asked, &format!("{key} of {command}"), &at);
        }
        for item in node.items() {
            for (name, value) in item.entries() {
                if name.contains('/') {
                    self.steps(build, walk, std::slice::from_ref(item), 1);
                    let _ = value;
                }
            }
        }
        for (name, value) in node.entries() {
            self.arguments(build, walk, command, name, value);
        }
    }

    fn steps(&self, build: &mut Build, walk: &mut Walk, steps: &[Node], depth: usize) {
        for step in steps {
            walk.steps += 1;
            if walk.steps > MAX_STEPS || depth > MAX_DEPTH {
                return;
            }
            let one = step.text().map(|name| (name, None));
            let many = step
                .entries()
                .iter()
                .map(|(name, node)| (name.as_str(), Some(node)));
            for (name, node) in one.into_iter().chain(many) {
                self.step(build, walk, name, node, depth);
            }
        }
    }

    fn step(
        &self,
        build: &mut Build,
        walk: &mut Walk,
        name: &str,
        node: Option<&Node>,
        depth: usize,
    ) {
        match (name, node) {
            ("run", Some(node)) => {
                let command = node.get("command").unwrap_or(node);
                let at = pipeline::at(self.document, NAME, command);
                let text = command.text().unwrap_or_default();
                self.text(build, walk, text, "run", &at);
                for assumed in of_script(text, &|text| [text.to_owned()].into(), &at) {
                    build.assume(assumed);
                }
                for (name, value) in node.get("environment").map_or(&[][..], Node::entries) {
                    let text = value.text().unwrap_or_default();
                    self.text(build, walk, text, &format!("environment {name}"), &at);
                }
            }
            ("when" | "unless", Some(node)) => {
                self.steps(build, walk, node.list("steps"), depth + 1);
            }
            (name, node) => {
                if let Some((orb, command)) = name.split_once('/') {
                    walk.orbs.insert(orb.to_owned());
                    let aws = self
                        .orbs
                        .get(orb)
                        .is_some_and(|o| &*o.name == "circleci/aws-cli");
                    let role = node.is_some_and(|n| n.get("role_arn").is_some());
                    if aws && command == "setup" && !role {
                        // Its defaults are the variables of a lasting key.
                        build.mark("static-cloud-key:aws");
                    }
                    for (key, value) in node.map_or(&[][..], Node::entries) {
                        self.arguments(build, walk, name, key, value);
                    }
                } else if let Some(command) = self.node.at(&["commands", name]) {
                    self.steps(build, walk, command.list("steps"), depth + 1);
                    for (key, value) in node.map_or(&[][..], Node::entries) {
                        self.arguments(build, walk, name, key, value);
                    }
                }
            }
        }
    }
}

/// An orb: only a whole version names content that nobody can replace.
fn orb_used(text: &str, project: &Project, evidence: Evidence) -> Used {
    let (name, version) = match text.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (text, None),
    };
    let whole = version.is_some_and(|version| {
        let parts: Vec<&str> = version.split('.').collect();
        parts.len() == 3
            && parts
                .iter()
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    });
    let namespace = name.split('/').next().unwrap_or_default();
    let third_party = if namespace == "circleci" {
        Some(false)
    } else {
        project
            .owner()
            .map(|owner| !owner.eq_ignore_ascii_case(namespace))
    };
    Used {
        kind: "orb".into(),
        name: name.into(),
        version: version.map(Into::into),
        pinned: whole,
        third_party,
        secrets: Set::new(),
        ambient: Set::new(),
        evidence,
    }
}
