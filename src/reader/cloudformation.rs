//! CloudFormation templates, SAM's and those that the CDK writes: brought into the common form of resources.
//!
//! Intrinsic functions are evaluated as far as the template and the defaults of its parameters decide them. What
//! a deployment decides stays symbolic (`${Parameter}`).

use super::Reader;
use super::resource::{self, Resource};
use super::tree::{self, Node};
use crate::model::{Document, Evidence, Facts, Probe, Problem, ProblemKind, Str};
use std::collections::BTreeMap;

mod assembly;
mod declared;
mod intrinsic;
mod policies;
mod sam;
mod types;

use declared::Declared;

/// Reads templates.
pub struct CloudFormation;

/// The name in evidence and coverage, and the kind of source.
const NAME: &str = "cloudformation";

impl Reader for CloudFormation {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        if probe.binary || !probe.has_extension(&["yaml", "yml", "json", "template"]) {
            return false;
        }
        if assembly::is_manifest(probe) {
            return true;
        }
        probe.head_contains("AWSTemplateFormatVersion")
            || probe.head_contains("AWS::Serverless")
            || probe.head_contains("Resources") && probe.head_contains("AWS::")
            // Long parameters and mappings can push the resources out of the head.
            || !probe.complete && probe.head_contains("AWS::") && probe.head_contains("Parameters")
    }

    fn gathers(&self, _document: &Document<'_>) -> bool {
        true
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        self.read_together(std::slice::from_ref(document))
    }

    fn read_together(&self, documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
        let accounts = assembly::accounts(documents);
        let mut resources = Vec::new();
        let mut problems = Vec::new();
        for document in documents {
            if assembly::names_manifest(document.origin.file_name()) {
                continue;
            }
            let account = accounts.get(&*document.origin.path);
            template(document, account, &mut resources, &mut problems);
        }
        let (facts, trouble) = resource::facts(&resources);
        problems.extend(trouble);
        (facts, problems)
    }
}

/// A template: its document, what its sections say, and where its resources live.
struct Template<'d> {
    document: &'d Document<'d>,
    root: &'d Node,
    /// What logical ids are unique in.
    estate: Str,
    /// The account's id, where the assembly names it, else the estate.
    account: Str,
    parameters: BTreeMap<&'d str, &'d Node>,
    conditions: BTreeMap<&'d str, &'d Node>,
    resources: BTreeMap<&'d str, &'d Node>,
}

fn template(
    document: &Document<'_>,
    account: Option<&Str>,
    resources: &mut Vec<Resource>,
    problems: &mut Vec<Problem>,
) {
    for part in tree::tagged_documents(document.bytes) {
        let root = match part {
            Ok(root) => root,
            Err(error) => {
                problems.push(error.problem(document, NAME));
                continue;
            }
        };
        let typed = |node: &&Node| {
            let mut all = node.entries().iter();
            all.any(|(id, it)| {
                it.str("Type").is_some_and(|t| t.contains("::")) || id.starts_with("Fn::ForEach::")
            })
        };
        if root.get("Resources").filter(typed).is_none() {
            continue;
        }
        let estate: Str = document.origin.path.replace(':', "_").into();
        let template = Template {
            document,
            root: &root,
            account: account.unwrap_or(&estate).clone(),
            estate,
            parameters: section(&root, "Parameters"),
            conditions: section(&root, "Conditions"),
            resources: section(&root, "Resources"),
        };
        let mut own = declared::outputs(&template);
        for (id, node) in &template.resources {
            if id.starts_with("Fn::ForEach::") {
                let message = "resources made by `Fn::ForEach`: not read";
                problems.push(Problem {
                    path: document.origin.path.clone(),
                    line: (node.line > 0).then_some(node.line),
                    column: None,
                    kind: ProblemKind::Note,
                    reader: NAME,
                    message: message.into(),
                });
                continue;
            }
            own.extend(Declared::new(&template, id, node).resources());
        }
        declared::refer(&mut own);
        resources.append(&mut own);
    }
}

fn section<'n>(root: &'n Node, name: &str) -> BTreeMap<&'n str, &'n Node> {
    let entries = root.get(name).map_or(&[][..], Node::entries);
    let entries = entries.iter();
    entries.map(|(key, value)| (key.as_str(), value)).collect()
}

impl Template<'_> {
    /// Evidence at a node: its line, or in JSON, which has none here, a pointer.
    fn at(&self, node: &Node, pointer: &str) -> Evidence {
        if node.line > 0 {
            self.document.at_line(NAME, node.line)
        } else {
            self.document.at_record(NAME, pointer)
        }
    }
}
