//! What a token may do where files state nothing: `GET /repos|orgs/…/actions/permissions/workflow`.

use super::{NAME, Repository};
use crate::model::{Document, Probe, Problem, ProblemKind, Str};
use crate::reader::tree;
use std::collections::BTreeMap;

/// The member that the answer is known by.
const KEY: &str = "default_workflow_permissions";

/// One answer.
pub(super) struct Setting {
    path: Str,
    write: bool,
}

pub(super) fn concerns(probe: &Probe<'_>) -> bool {
    probe.head_contains(KEY)
}

pub(super) fn read(document: &Document<'_>) -> (Option<Setting>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut found = None;
    for part in tree::documents(document.bytes) {
        match part {
            Ok(node) => {
                let write = match node.str(KEY) {
                    Some("write") => true,
                    Some("read") => false,
                    _ => continue,
                };
                found = Some(Setting {
                    path: document.origin.path.clone(),
                    write,
                });
            }
            Err(error) => problems.push(error.problem(document, NAME)),
        }
    }
    (found, problems)
}

/// Whether the parts of a path name this project one after the other, or joined.
fn names(path: &str, project: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let wanted: Vec<&str> = project.split('/').collect();
    parts.windows(wanted.len()).any(|window| window == wanted)
        || ["-", "_", "__", "."].iter().any(|joint| {
            let joined = wanted.join(joint);
            parts.iter().any(|part| {
                part.strip_prefix(joined.as_str())
                    .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
            })
        })
}

/// Gives the repositories what the answers say. The answer does not say whose it is: its path does, or there
/// is only one of both.
pub(super) fn apply(
    repositories: &mut BTreeMap<String, Repository<'_>>,
    settings: &[Setting],
    problems: &mut Vec<Problem>,
) {
    let count = repositories
        .values()
        .filter(|repository| !repository.workflows.is_empty())
        .count();
    for setting in settings {
        let mut met = false;
        for repository in repositories.values_mut() {
            let Some(project) = repository.project.as_ref() else {
                continue;
            };
            let own = names(&setting.path, project.path.trim_start_matches("./"));
            let organisation = setting.path.contains("orgs/")
                && project
                    .owner()
                    .is_some_and(|owner| names(&setting.path, owner));
            if organisation && !own {
                met = true;
                // An organisation that gives little binds its repositories; one that gives more does not.
                if !setting.write && repository.default_write.is_none() {
                    repository.default_write = Some(false);
                }
            } else if own || (count == 1 && settings.len() == 1) {
                met = true;
                repository.default_write = Some(setting.write);
            }
        }
        if !met {
            problems.push(Problem {
                path: setting.path.clone(),
                line: None,
                column: None,
                kind: ProblemKind::Note,
                reader: NAME,
                message: "setting of a repository that neither the answer nor its path names, or \
                          that no workflow was read of"
                    .into(),
            });
        }
    }
}
