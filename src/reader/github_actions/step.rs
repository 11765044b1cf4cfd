//! Steps of a job, those of composite actions of its own repository included.

use super::expression::{self, Handed};
use super::uses::Target;
use super::values::Values;
use super::{NAME, Node, Repository, foreign, sign_in};
use crate::model::{Assumed, Document, Evidence, Str, Used};
use crate::reader::pipeline::{self, Build};
use std::collections::{BTreeMap, BTreeSet};

/// How deep composite actions may use each other (GitHub documentation: ten levels).
const MAX_DEPTH: usize = 10;
/// As many steps of one job are read, those of composite actions counted as often as they are used.
const MAX_STEPS: usize = 5_000;

/// What the steps of one job have in common, and what they amount to.
pub(super) struct Walk<'w, 'r> {
    pub(super) repository: &'r Repository<'r>,
    pub(super) own: Option<&'w str>,
    /// What the id of a secret begins with.
    pub(super) place: &'w str,
    /// Names of secrets in the environment of all steps.
    pub(super) ambient: BTreeSet<String>,
    pub(super) steps: usize,
    pub(super) full: bool,
    /// Any step that may ask for a token of the job's own.
    pub(super) may_ask_token: bool,
    pub(super) assumed: BTreeSet<Assumed>,
    pub(super) apps: Vec<(sign_in::AppToken, Evidence)>,
    /// Whether code of a proposed change is fetched: `Some(true)` wins over `None` over `Some(false)`.
    pub(super) foreign: Option<bool>,
    /// Conditions of the steps that fetch it.
    pub(super) guarded: bool,
}

/// Where a list of steps stands.
#[derive(Clone)]
pub(super) struct Place<'p> {
    pub(super) document: &'p Document<'p>,
    pub(super) values: Values,
    /// What inputs of a composite action hand on.
    pub(super) inputs: BTreeMap<String, Handed>,
    pub(super) depth: usize,
    /// Directories of the actions around it.
    pub(super) above: Vec<String>,
}

impl Walk<'_, '_> {
    /// What a text hands on, inputs of composite actions followed.
    fn handed(&self, text: &str, place: &Place<'_>) -> Handed {
        let mut out = expression::handed(text);
        for input in std::mem::take(&mut out.inputs) {
            if let Some(given) = place.inputs.get(&input) {
                out.extend(given.clone());
            }
        }
        out
    }

    /// Notes the secrets that something is handed.
    pub(super) fn note(
        &self,
        build: &mut Build,
        handed: &Handed,
        how: &str,
        receiver: Option<&str>,
        evidence: &Evidence,
    ) {
        for name in &handed.secrets {
            build.secret(self.place, name, how, receiver, evidence);
        }
        if let Some(all) = handed.all {
            build.job.all_secrets = true;
            build.mark(format!("all-secrets:{all}"));
        }
    }

    /// Variables of an environment: what they hand on, and lasting keys of clouds by their names.
    pub(super) fn environment(
        &self,
        build: &mut Build,
        holder: &Node,
        place: &Place<'_>,
        level: &str,
        receiver: Option<&str>,
    ) -> Handed {
        let mut all = Handed::default();
        for (name, value) in holder.get("env").map_or(&[][..], Node::entries) {
            let Some(text) = value.text() else {
                continue;
            };
            let handed = self.handed(text, place);
            let evidence = pipeline::at(place.document, NAME, value);
            self.note(
                build,
                &handed,
                &format!("env {name}{level}"),
                receiver,
                &evidence,
            );
            if !handed.is_empty() {
                if let Some(cloud) = pipeline::cloud_key(name) {
                    build.mark(format!("static-cloud-key:{cloud}"));
                }
                if matches!(name.as_str(), "GITHUB_TOKEN" | "GH_TOKEN" | "GITHUB_PAT") {
                    personal(build, &handed);
                }
            }
            if matches!(name.as_str(), "ACTIONS_ALLOW_UNSECURE_COMMANDS")
                && text.eq_ignore_ascii_case("true")
            {
                build.mark("unsecure-commands");
            }
            if name == "AWS_ROLE_ARN" {
                for role in place.values.resolve(text) {
                    if let Some(identity) = pipeline::role_arn(&role) {
                        build.assume(Assumed {
                            cloud: "aws".into(),
                            target: role.into(),
                            identity: Some(identity),
                            by: "oidc".into(),
                            audience: Some("sts.amazonaws.com".into()),
                            seconds: None,
                            evidence: evidence.clone(),
                        });
                    }
                }
            }
            all.extend(handed);
        }
        if let Some(text) = holder.get("env").and_then(Node::text) {
            // `env: ${{ secrets }}` hands on all there is.
            let handed = self.handed(text, place);
            self.note(
                build,
                &handed,
                "env",
                receiver,
                &pipeline::at(place.document, NAME, holder),
            );
            all.extend(handed);
        }
        all
    }

    /// A list of steps.
    pub(super) fn steps(&mut self, build: &mut Build, steps: &[Node], place: &Place<'_>) {
        for step in steps {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                self.full = true;
                return;
            }
            self.step(build, step, place);
        }
    }

    fn step(&mut self, build: &mut Build, step: &Node, place: &Place<'_>) {
        let uses = step.get("uses").filter(|node| node.text().is_some());
        let target = uses.and_then(Node::text).map(Target::parse);
        let line = uses.or_else(|| step.get("run")).unwrap_or(step);
        let evidence = pipeline::at(place.document, NAME, line);
        let mut used = target
            .as_ref()
            .and_then(|target| target.used(self.own, evidence.clone()));
        let receiver = used
            .as_ref()
            .filter(|u| u.third_party != Some(false))
            .map(label);
        let receiver = receiver.as_deref();
        let inner;
        let place_here = match step.get("env") {
            Some(env) => {
                let mut with_env = place.clone();
                with_env.values.env(Some(env));
                inner = with_env;
                &inner
            }
            None => place,
        };
        let mut handed = self.environment(build, step, place_here, "", receiver);
        let slug = target.as_ref().map(Target::slug).unwrap_or_default();
        let inputs = self.inputs(build, step, place_here, used.as_ref(), &slug, receiver);
        for given in inputs.values() {
            handed.extend(given.clone());
        }
        if let Some(run) = step.get("run") {
            self.run(build, run, step, place_here);
        }
        if let Some(condition) = step.get("if") {
            let text = condition.text().unwrap_or_default();
            let bare = expression::of_references(&expression::references(text));
            let given = pipeline::at(place.document, NAME, condition);
            self.note(build, &bare, "if", None, &given);
        }
        for assumed in sign_in::of_step(&slug, step, &place_here.values, &evidence) {
            self.assumed.insert(assumed);
        }
        if let Some(app) = sign_in::app_token(&slug, step, &place_here.values) {
            self.apps.push((app, evidence.clone()));
        }
        self.strangers(build, step);
        if let Some(used) = &mut used {
            used.secrets = handed
                .secrets
                .iter()
                .map(|name| Str::from(name.as_str()))
                .collect();
            if handed.all.is_some() {
                used.secrets.insert("*".into());
            }
            let ambient = self
                .ambient
                .iter()
                .filter(|name| !handed.secrets.contains(*name));
            used.ambient = ambient.map(|name| Str::from(name.as_str())).collect();
            let path = match &target {
                Some(Target::Remote { path, .. }) => path.as_str(),
                _ => "",
            };
            if &*used.kind == "image" || !sign_in::asks_no_token(&slug, path, step) {
                self.may_ask_token = true;
            }
            build.uses(used.clone());
        } else if let Some(Target::Local(path)) = &target {
            self.local(build, path, step, &inputs, place_here);
        } else if !sign_in::asks_no_token("", "", step) {
            self.may_ask_token = true;
        }
    }

    /// Inputs of an action, each with what it hands on.
    fn inputs(
        &self,
        build: &mut Build,
        step: &Node,
        place: &Place<'_>,
        used: Option<&Used>,
        slug: &str,
        receiver: Option<&str>,
    ) -> BTreeMap<String, Handed> {
        let mut out = BTreeMap::new();
        for (name, value) in step.get("with").map_or(&[][..], Node::entries) {
            let Some(text) = value.text() else {
                continue;
            };
            let handed = self.handed(text, place);
            let evidence = pipeline::at(place.document, NAME, value);
            let how = match used {
                Some(used) => format!("with {name} of {}", label(used)),
                None => format!("with {name}"),
            };
            self.note(build, &handed, &how, receiver, &evidence);
            if !handed.is_empty() {
                let named = name.to_ascii_lowercase().replace('_', "-");
                let cloud = pipeline::cloud_key(name).or(match (slug, named.as_str()) {
                    ("google-github-actions/auth", "credentials-json") => Some("gcp"),
                    (_, "service-account-key" | "gcp-credentials" | "gcp-sa-key") => Some("gcp"),
                    ("azure/login" | "azure/cli", "creds") => Some("azure"),
                    (_, "publish-profile" | "azure-credentials") => Some("azure"),
                    _ => None,
                });
                if let Some(cloud) = cloud {
                    build.mark(format!("static-cloud-key:{cloud}"));
                }
                let tokens = [
                    "token",
                    "github-token",
                    "repo-token",
                    "gh-token",
                    "github-pat",
                ];
                if tokens.contains(&named.as_str()) && takes_github_token(slug, &named) {
                    personal(build, &handed);
                }
            }
            if slug == "actions/github-script" && name == "script" {
                for context in foreign::injections(text) {
                    build.mark(format!("injection:{context}"));
                }
            }
            out.insert(name.to_ascii_lowercase(), handed);
        }
        if slug == "actions/checkout" {
            let with = step.get("with");
            let kept = with.and_then(|with| with.get("persist-credentials"));
            if kept.and_then(Node::text) != Some("false") {
                build.mark("persists-token");
            }
        }
        out
    }

    fn run(&self, build: &mut Build, run: &Node, step: &Node, place: &Place<'_>) {
        let Some(text) = run.text() else {
            return;
        };
        let handed = self.handed(text, place);
        let evidence = pipeline::at(place.document, NAME, run);
        self.note(build, &handed, "run", None, &evidence);
        for line in text.lines().filter(|line| line.contains("${{")) {
            let lower = line.to_ascii_lowercase();
            if lower.contains("aws_secret_access_key") && !self.handed(line, place).is_empty() {
                build.mark("static-cloud-key:aws");
            }
        }
        for context in foreign::injections(text) {
            build.mark(format!("injection:{context}"));
        }
        if text.contains("ACTIONS_ALLOW_UNSECURE_COMMANDS=true") {
            build.mark("unsecure-commands");
        }
        let _ = step;
    }

    fn strangers(&mut self, build: &mut Build, step: &Node) {
        let condition = step.str("if").unwrap_or_default();
        match foreign::checks_out(step) {
            Some(true) if foreign::only_own(condition) => self.guarded = true,
            Some(true) => self.foreign = Some(true),
            None if self.foreign == Some(false) => self.foreign = None,
            _ => {}
        }
        if foreign::takes_artefact(step) {
            build.mark("takes-artefact");
        }
    }

    /// An action of the same repository: its steps are the job's.
    fn local(
        &mut self,
        build: &mut Build,
        path: &str,
        step: &Node,
        given: &BTreeMap<String, Handed>,
        place: &Place<'_>,
    ) {
        let Some(action) = self.repository.actions.get(path) else {
            self.may_ask_token = true;
            build.derive(format!("not read: action ./{path}"));
            return;
        };
        let runs = action.node.get("runs");
        let using = runs.and_then(|runs| runs.str("using")).unwrap_or_default();
        if using == "docker" {
            self.may_ask_token = true;
            let image = runs.and_then(|runs| runs.get("image"));
            if let Some((node, text)) = image.and_then(|i| Some((i, i.text()?)))
                && text.starts_with("docker://")
            {
                let evidence = pipeline::at(action.document, NAME, node);
                let mut used = pipeline::image(text, self.own, evidence);
                let names = given.values().flat_map(|handed| &handed.secrets);
                used.secrets = names.map(|name| Str::from(name.as_str())).collect();
                build.uses(used);
            }
            return;
        }
        if using != "composite" {
            self.may_ask_token = true;
            return;
        }
        if place.depth >= MAX_DEPTH || place.above.iter().any(|above| above == path) {
            build.derive(format!("action ./{path} uses itself: not followed"));
            return;
        }
        let mut inner = Place {
            document: action.document,
            values: place.values.clone(),
            inputs: given.clone(),
            depth: place.depth + 1,
            above: place.above.clone(),
        };
        inner.above.push(path.to_owned());
        for (name, input) in action.node.get("inputs").map_or(&[][..], Node::entries) {
            if let Some(default) = input.str("default")
                && !given.contains_key(&name.to_ascii_lowercase())
            {
                inner.values.input(name, default);
            }
        }
        for (name, value) in step.get("with").map_or(&[][..], Node::entries) {
            if let Some(text) = value.text() {
                inner.values.set_input(name, &place.values.single(text));
            }
        }
        let steps = runs.map_or(&[][..], |runs| runs.list("steps"));
        build.derive(format!("with the steps of ./{path}"));
        self.steps(build, steps, &inner);
    }
}

/// Whether an input of this name is a token of GitHub: of the platform's own actions, and by a name that says so.
fn takes_github_token(slug: &str, input: &str) -> bool {
    input != "token"
        || slug.starts_with("actions/")
        || matches!(
            slug,
            "peter-evans/create-pull-request"
                | "peter-evans/repository-dispatch"
                | "softprops/action-gh-release"
                | "googleapis/release-please-action"
                | "google-github-actions/release-please-action"
                | "peter-evans/enable-pull-request-automerge"
                | "peter-evans/create-or-update-comment"
                | "ncipollo/release-action"
        )
}

/// A secret that stands where the job's own token would.
fn personal(build: &mut Build, handed: &Handed) {
    for name in &handed.secrets {
        build.mark(format!("personal-token:{name}"));
    }
}

/// `acme/deploy@v1`.
pub(super) fn label(used: &Used) -> String {
    match &used.version {
        Some(version) if &*used.kind == "image" && used.pinned => {
            format!("{}@{version}", used.name)
        }
        Some(version) if &*used.kind == "image" => format!("{}:{version}", used.name),
        Some(version) => format!("{}@{version}", used.name),
        None => used.name.to_string(),
    }
}
