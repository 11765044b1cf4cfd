//! What starts a workflow, and how a token of its jobs then names itself.

use super::Node;
use crate::reader::pipeline::texts;
use std::collections::BTreeSet;

/// One event that starts a workflow, with its filters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Trigger {
    /// `push`.
    pub(super) event: String,
    /// `branches`; `None` where every branch does.
    pub(super) branches: Option<Vec<String>>,
    /// `tags`, likewise.
    pub(super) tags: Option<Vec<String>>,
    /// Whether the names of excluded branches or tags are given: then others of that kind do.
    ignoring: (bool, bool),
}

/// Reads `on`. Readers of YAML 1.1 write the key `true`.
pub(super) fn triggers(workflow: &Node) -> BTreeSet<Trigger> {
    let Some(on) = ["on", "true", "True", "TRUE"]
        .iter()
        .find_map(|key| workflow.get(key))
    else {
        return BTreeSet::new();
    };
    let plain = |event: String| Trigger {
        event,
        branches: None,
        tags: None,
        ignoring: (false, false),
    };
    let mut out: BTreeSet<Trigger> = texts(Some(on)).into_iter().map(plain).collect();
    for (event, filter) in on.entries() {
        let named = |key: &str| filter.get(key).map(|node| texts(Some(node)));
        out.insert(Trigger {
            event: event.clone(),
            branches: named("branches"),
            tags: named("tags"),
            ignoring: (
                filter.get("branches-ignore").is_some(),
                filter.get("tags-ignore").is_some(),
            ),
        });
    }
    out
}

/// Events by which whoever has an account starts a run that has the repository's own power.
pub(super) const OUTSIDE: [&str; 13] = [
    "pull_request_target",
    "workflow_run",
    "issue_comment",
    "issues",
    "discussion",
    "discussion_comment",
    "fork",
    "watch",
    "gollum",
    "pull_request_review_target",
    "pull_request_comment",
    "star",
    "commit_comment",
];

/// A pattern of branches as the glob of a subject: `release/**` → `release/*`.
fn glob(pattern: &str) -> String {
    let mut out = String::new();
    for c in pattern.chars() {
        let c = if matches!(c, '?' | '+' | '[' | ']') {
            '*'
        } else {
            c
        };
        if !(c == '*' && out.ends_with('*')) {
            out.push(c);
        }
    }
    out
}

fn refs(kind: &str, patterns: Option<&Vec<String>>, out: &mut BTreeSet<String>) {
    match patterns {
        Some(patterns) => out.extend(
            patterns
                .iter()
                .filter(|pattern| !pattern.starts_with('!'))
                .map(|pattern| format!("ref:refs/{kind}/{}", glob(pattern))),
        ),
        None => {
            out.insert(format!("ref:refs/{kind}/*"));
        }
    }
}

impl Trigger {
    /// What the subject of a token says after `repo:<owner>/<name>:` where the job names no environment.
    pub(super) fn subjects(&self) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        match self.event.as_str() {
            "push" => {
                let (branches, tags) = (self.branches.is_some(), self.tags.is_some());
                if branches || self.ignoring.0 || !(tags || self.ignoring.1) {
                    refs("heads", self.branches.as_ref(), &mut out);
                }
                if tags || self.ignoring.1 || !(branches || self.ignoring.0) {
                    refs("tags", self.tags.as_ref(), &mut out);
                }
            }
            "pull_request" | "pull_request_review" | "pull_request_review_comment" => {
                out.insert("pull_request".to_owned());
            }
            "pull_request_target" => refs("heads", self.branches.as_ref(), &mut out),
            "release" => refs("tags", None, &mut out),
            "workflow_dispatch" | "create" | "deployment" | "deployment_status" => {
                refs("heads", None, &mut out);
                refs("tags", None, &mut out);
            }
            "merge_group" => {
                out.insert("ref:refs/heads/gh-readonly-queue/*".to_owned());
            }
            "workflow_call" => {}
            // The others run on the default branch, whose name files do not tell.
            _ => refs("heads", None, &mut out),
        }
        out
    }
}
