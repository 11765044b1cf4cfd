//! States and plans of Terraform and OpenTofu: what was made, and what is about to be.
//!
//! A state holds the secrets of what it describes in the clear. Their values are compared here and go nowhere else:
//! what leaves is that they stand there.

use super::Reader;
use super::resource::{self, Resource};
use super::tree::Node;
use crate::model::{Document, Evidence, Facts, Presence, Probe, Problem, ProblemKind, Str};
use crate::platform::aws::arn::Arn;
use crate::platform::located;
use std::collections::BTreeSet;

mod flat;
mod outputs;
mod plan;

const NAME: &str = "terraform-state";
/// More instances are not read: no state that anybody works with has as many.
const MOST: usize = 1_000_000;

/// Reads states and plans.
pub struct TerraformState;

impl Reader for TerraformState {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        if probe.binary || !crate::platform::tree::looks_like_json(probe.head) {
            return false;
        }
        let name = probe.origin.file_name();
        // `.terraform/terraform.tfstate` speaks of the backend, and is another reader's.
        if probe.origin.path.contains("/.terraform/")
            || probe.head_contains("\"backend\":") && name == "terraform.tfstate"
        {
            return false;
        }
        let state = probe.head_contains("\"terraform_version\"")
            && (probe.head_contains("\"version\"") || probe.head_contains("\"format_version\""));
        let named = name.ends_with(".tfstate") || name.contains(".tfstate.");
        state || named && probe.head_contains("\"version\"")
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let root = match located::json(document.bytes) {
            Ok(root) => root,
            Err(error) => return (Facts::default(), vec![error.problem(document, NAME)]),
        };
        let mut state = State {
            document,
            estate: estate(document.origin),
            resources: Vec::new(),
            problems: Vec::new(),
        };
        if root.get("format_version").is_some() {
            plan::read(&mut state, &root);
        } else {
            match root.str("version") {
                Some("4") => state.fourth(&root),
                Some("1" | "2" | "3") => flat::read(&mut state, &root),
                _ => state.problem(root.line, "a state of a version that is not known"),
            }
        }
        state.accounts();
        let (mut facts, problems) = resource::facts(&state.resources);
        outputs::read(&state, &root, &mut facts);
        state.problems.extend(problems);
        facts.sources.push((NAME.into(), state.estate.clone()));
        (facts, state.problems)
    }
}

/// What is being read.
struct State<'d> {
    document: &'d Document<'d>,
    estate: Str,
    resources: Vec<Resource>,
    problems: Vec<Problem>,
}

/// The root module's directory, where a state lies in it; else the path of the file.
fn estate(origin: &crate::model::Origin) -> Str {
    let path = origin.below_root();
    let (directory, name) = path.rsplit_once('/').unwrap_or_else(|| {
        // Of what lies at the top the root's own name tells most.
        let above = origin.path.rsplit_once('/').map_or(".", |(above, _)| above);
        (above.rsplit('/').next().unwrap_or(above), path)
    });
    let own = matches!(
        name,
        "terraform.tfstate"
            | "errored.tfstate"
            | "tfplan.json"
            | "plan.json"
            | "terraform.tfplan.json"
    ) || name.starts_with("terraform.tfstate.");
    // Workspaces have their states in folders of their own.
    let workspace = directory
        .rsplit_once('/')
        .filter(|(above, _)| above.ends_with("terraform.tfstate.d"));
    match (own, workspace) {
        (true, Some((above, workspace))) => {
            let root = above
                .trim_end_matches("terraform.tfstate.d")
                .trim_end_matches('/');
            format!("{root}@{workspace}").into()
        }
        (true, None) => directory.into(),
        (false, _) => path.into(),
    }
}

impl State<'_> {
    fn evidence(&self, line: u32) -> Evidence {
        self.document.at_line(NAME, line)
    }

    fn problem(&mut self, line: u32, message: &str) {
        // One hostile file is not to fill the list.
        if self.problems.len() < 100 {
            self.problems.push(Problem {
                path: self.document.origin.path.clone(),
                line: (line > 0).then_some(line),
                column: None,
                kind: ProblemKind::Malformed,
                reader: NAME,
                message: message.into(),
            });
        }
    }

    fn push(&mut self, made: Made<'_>) {
        if self.resources.len() >= MOST {
            return;
        }
        self.resources.push(Resource {
            kind: made.kind.to_owned(),
            address: made.address,
            estate: self.estate.clone(),
            account: None,
            attributes: made.attributes,
            presence: made.presence,
            data: made.data,
            defaults: Vec::new(),
            modules: made.module.into_iter().map(Str::from).collect(),
            evidence: self.evidence(made.line),
        });
    }

    /// `resources[].instances[].attributes`.
    fn fourth(&mut self, root: &Node) {
        for resource in root.list("resources") {
            let (Some(kind), Some(name)) = (resource.str("type"), resource.str("name")) else {
                self.problem(resource.line, "a resource without type or name; left out");
                continue;
            };
            let data = resource.str("mode") == Some("data");
            let module = resource.str("module");
            for instance in resource.list("instances") {
                let attributes = match (instance.get("attributes"), instance.get("attributes_flat"))
                {
                    (Some(node), _) if node.is_map() => node.clone(),
                    (_, Some(node)) => flat::unfolded(node),
                    _ => {
                        self.problem(instance.line, "an instance without attributes; left out");
                        continue;
                    }
                };
                let line = instance.line;
                self.push(Made {
                    kind,
                    address: address(module, data, kind, name, index(instance.get("index_key"))),
                    attributes,
                    presence: Presence::Observed,
                    data,
                    module: module.map(str::to_owned),
                    line,
                });
            }
        }
    }

    /// Gives resources the account that all ARNs of the file agree on; of Google's, each tells its project.
    fn accounts(&mut self) {
        let mut accounts = BTreeSet::new();
        for resource in self.resources.iter().filter(|r| r.kind.starts_with("aws_")) {
            let arn = resource.attributes.str("arn").and_then(Arn::parse);
            let told = match resource.kind.as_str() {
                "aws_caller_identity" => resource.attributes.str("account_id"),
                _ => None,
            };
            // What others own is referred to, not made.
            let own = arn
                .filter(|_| !resource.data)
                .and_then(|arn| arn.customer());
            accounts.extend(told.or(own).map(Str::from));
        }
        let only = accounts.first().filter(|_| accounts.len() == 1).cloned();
        for resource in &mut self.resources {
            if resource.kind.starts_with("aws_") {
                let arn = resource.attributes.str("arn").and_then(Arn::parse);
                let own = arn.and_then(|arn| arn.customer()).map(Str::from);
                resource.account = own.or_else(|| only.clone());
            } else if resource.kind.starts_with("google_") {
                resource.account = resource.attributes.str("project").map(Str::from);
            }
        }
    }
}

/// An instance.
struct Made<'n> {
    kind: &'n str,
    address: String,
    attributes: Node,
    presence: Presence,
    data: bool,
    module: Option<String>,
    line: u32,
}

/// `["a"]` or `[0]`, where an instance is one of several.
fn index(key: Option<&Node>) -> String {
    let Some(text) = key.and_then(Node::text) else {
        return String::new();
    };
    match key.map(|key| &key.value) {
        Some(super::tree::Value::Scalar { plain: true, .. }) => format!("[{text}]"),
        _ => format!("[\"{text}\"]"),
    }
}

fn address(module: Option<&str>, data: bool, kind: &str, name: &str, index: String) -> String {
    let module = module
        .map(|module| format!("{module}."))
        .unwrap_or_default();
    let data = if data { "data." } else { "" };
    format!("{module}{data}{kind}.{name}{index}")
}
