//! Workflows, reusable workflows and composite actions of GitHub Actions: each job an identity with what its
//! token may do, the secrets it is handed, whose code it runs and whom it signs in as.
//!
//! Files of a repository mean what they mean together: a called workflow has at most what its caller has, and a
//! composite action's steps are the calling job's.

use super::Reader;
use super::pipeline::Project;
use super::tree::{self, Node};
use crate::model::{Document, Facts, Probe, Problem, ProblemKind};
use rayon::prelude::*;
use std::collections::BTreeMap;

mod calls;
mod expression;
mod foreign;
mod job;
mod permissions;
mod settings;
mod sign_in;
mod step;
mod trigger;
mod uses;
mod values;

/// Reads GitHub Actions.
pub struct GithubActions;

/// The name in evidence and coverage.
const NAME: &str = "github-actions";

/// The directories that forges with this syntax read workflows from.
const FOLDERS: [&str; 3] = [
    ".github/workflows/",
    ".gitea/workflows/",
    ".forgejo/workflows/",
];

impl Reader for GithubActions {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        if probe.binary {
            return false;
        }
        if probe.has_extension(&["json"]) {
            return settings::concerns(probe);
        }
        if !probe.has_extension(&["yml", "yaml"]) {
            return false;
        }
        if workflow_path(&probe.origin.path).is_some() {
            return true;
        }
        let action = matches!(probe.origin.file_name(), "action.yml" | "action.yaml");
        if action {
            return has_key(probe.head, &["runs"]) || !probe.complete;
        }
        has_key(probe.head, &["on", "'on'", "\"on\"", "true"])
            && (has_key(probe.head, &["jobs", "\"jobs\"", "'jobs'"]) || !probe.complete)
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        self.read_together(std::slice::from_ref(document))
    }

    fn gathers(&self, _: &Document<'_>) -> bool {
        true
    }

    fn read_together(&self, documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
        let parsed: Vec<_> = documents.par_iter().map(parse).collect();
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        let mut repositories: BTreeMap<String, Repository<'_>> = BTreeMap::new();
        let mut found_settings = Vec::new();
        for (file, trouble) in parsed {
            problems.extend(trouble);
            match file {
                Some(Part::Settings(settings)) => found_settings.push(settings),
                Some(Part::File(file)) => {
                    let root = file.project.root.clone();
                    repositories.entry(root).or_default().add(file);
                }
                None => {}
            }
        }
        // A composite action may stand anywhere in a repository of workflows.
        adopt(&mut repositories);
        settings::apply(&mut repositories, &found_settings, &mut problems);
        let all: Vec<&Repository<'_>> = repositories.values().collect();
        let read: Vec<_> = all.par_iter().map(|repository| repository.read()).collect();
        for (part, trouble) in read {
            facts.append(part);
            problems.extend(trouble);
        }
        (facts, problems)
    }
}

/// Whether a top-level key of a mapping stands in the text.
fn has_key(head: &[u8], keys: &[&str]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    head.split(|byte| *byte == b'\n').any(|line| {
        keys.iter().any(|key| {
            let rest = line
                .strip_prefix(key.as_bytes())
                .map(<[u8]>::trim_ascii_start);
            rest.is_some_and(|rest| rest.starts_with(b":"))
        })
    })
}

/// The path in its repository of a file that a forge reads as a workflow.
fn workflow_path(path: &str) -> Option<&str> {
    let at = FOLDERS.iter().find_map(|folder| {
        let at = path.rfind(folder)?;
        let before = path.get(..at)?;
        let file = path.get(at + folder.len()..)?;
        ((before.is_empty() || before.ends_with('/')) && !file.contains('/')).then_some(at)
    })?;
    path.get(at..)
}

/// A file that was understood.
struct File<'d> {
    project: Project,
    document: &'d Document<'d>,
    node: Node,
    workflow: bool,
    /// Whether it stands where the forge looks for workflows.
    placed: bool,
}

enum Part<'d> {
    File(File<'d>),
    Settings(settings::Setting),
}

fn parse<'d>(document: &'d Document<'d>) -> (Option<Part<'d>>, Vec<Problem>) {
    let path = &document.origin.path;
    if path.ends_with(".json") {
        let (found, problems) = settings::read(document);
        return (found.map(Part::Settings), problems);
    }
    let mut problems = Vec::new();
    let mut found = None;
    for part in tree::documents(document.bytes) {
        match part {
            Ok(node) if found.is_none() => found = Some(node),
            // GitHub reads one document a file.
            Ok(_) => {}
            Err(error) => problems.push(error.problem(document, NAME)),
        }
    }
    let Some(node) = found else {
        return (None, problems);
    };
    let placed = workflow_path(path);
    let name = document.origin.file_name();
    let action = placed.is_none() && matches!(name, "action.yml" | "action.yaml");
    let workflow = !action && node.get("jobs").is_some();
    if !workflow && !(action && node.get("runs").is_some()) {
        if placed.is_some() {
            let message = "workflow without jobs: nothing was read";
            problems.push(note(document, node.line, message));
        }
        return (None, problems);
    }
    let below = placed.map_or(name.len(), str::len);
    let file = File {
        project: Project::of(document.origin, below),
        document,
        node,
        workflow,
        placed: placed.is_some(),
    };
    (Some(Part::File(file)), problems)
}

fn note(document: &Document<'_>, line: u32, message: &str) -> Problem {
    Problem {
        path: document.origin.path.clone(),
        line: (line > 0).then_some(line),
        column: None,
        kind: ProblemKind::Note,
        reader: NAME,
        message: message.into(),
    }
}

/// The workflows and actions of one repository.
#[derive(Default)]
struct Repository<'d> {
    project: Option<Project>,
    /// By path in the repository.
    workflows: BTreeMap<String, File<'d>>,
    /// By directory in the repository.
    actions: BTreeMap<String, File<'d>>,
    /// What a token may do where files state nothing: whether it may write; `None` where nobody told.
    default_write: Option<bool>,
}

impl<'d> Repository<'d> {
    fn add(&mut self, file: File<'d>) {
        if file.workflow {
            self.project.get_or_insert_with(|| file.project.clone());
            self.workflows.insert(file.project.file.clone(), file);
        } else {
            self.actions.insert(String::new(), file);
        }
    }

    fn read(&self) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        if let Some(project) = &self.project {
            facts
                .sources
                .push((NAME.into(), project.path.as_str().into()));
            calls::Calls::new(self, project).read(&mut facts, &mut problems);
        }
        (facts, problems)
    }
}

/// Gives every repository of workflows the actions that stand below its root.
fn adopt(repositories: &mut BTreeMap<String, Repository<'_>>) {
    let roots: Vec<String> = repositories
        .iter()
        .filter(|(_, repository)| !repository.workflows.is_empty())
        .map(|(root, _)| root.clone())
        .collect();
    let keys: Vec<String> = repositories
        .iter()
        .filter(|(_, repository)| !repository.actions.is_empty())
        .map(|(root, _)| root.clone())
        .collect();
    for key in keys {
        // The innermost repository around it.
        let mut around = Some(key.as_str());
        let mut home = None;
        while let Some(folder) = around {
            if roots
                .binary_search_by(|root| root.as_str().cmp(folder))
                .is_ok()
            {
                home = Some(folder.to_owned());
                break;
            }
            around = match folder.rsplit_once('/') {
                Some((parent, _)) => Some(parent),
                None if folder.is_empty() => None,
                None => Some(""),
            };
        }
        let Some(home) = home else {
            continue;
        };
        let Some(file) = repositories
            .get_mut(&key)
            .and_then(|repository| repository.actions.remove(""))
        else {
            continue;
        };
        let below = key.strip_prefix(home.as_str()).unwrap_or(&key);
        let below = below.trim_start_matches('/').to_owned();
        if let Some(repository) = repositories.get_mut(&home) {
            repository.actions.insert(below, file);
        }
    }
}
