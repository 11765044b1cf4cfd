//! Which workflow calls which, and what that leaves a called job: at most what its caller has, started by what
//! starts the caller.

use super::permissions::{self, Grants, Stated};
use super::trigger::{Trigger, triggers};
use super::uses::Target;
use super::{File, Node, Repository, job, note};
use crate::model::{Facts, Problem};
use crate::reader::pipeline::Project;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// How deep workflows may call each other (GitHub documentation, "Reuse workflows": ten levels).
const MAX_DEPTH: usize = 10;

/// A job by file and name.
pub(super) type Key<'k> = (&'k str, &'k str);

/// What a job's token may do, and where that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Granted {
    /// `None` where it is a setting that was not read, or a caller that was not.
    pub(super) grants: Option<Grants>,
    /// `job`, `workflow`, `caller`, `repository`, `default`.
    pub(super) from: &'static str,
    /// Callers cap it, and of one it is not known what it has.
    pub(super) capped_unknown: bool,
}

/// A call of one workflow by a job of another.
#[derive(Clone, Copy)]
pub(super) struct Call<'r> {
    pub(super) file: &'r str,
    pub(super) job: &'r str,
    pub(super) node: &'r Node,
}

/// The calls inside of a repository.
pub(super) struct Calls<'r, 'd> {
    pub(super) repository: &'r Repository<'d>,
    pub(super) project: &'r Project,
    /// Who calls a workflow, by its file.
    callers: BTreeMap<&'r str, Vec<Call<'r>>>,
    granted: RefCell<BTreeMap<Key<'r>, Granted>>,
    started: RefCell<BTreeMap<&'r str, BTreeSet<Trigger>>>,
}

/// What a job or its workflow states, and which of both.
pub(super) fn stated(workflow: &Node, job: &Node) -> Option<(Stated, &'static str)> {
    permissions::stated(job)
        .map(|stated| (stated, "job"))
        .or_else(|| permissions::stated(workflow).map(|stated| (stated, "workflow")))
}

impl<'r, 'd> Calls<'r, 'd> {
    pub(super) fn new(repository: &'r Repository<'d>, project: &'r Project) -> Self {
        let mut callers: BTreeMap<&str, Vec<Call<'_>>> = BTreeMap::new();
        for (path, file) in &repository.workflows {
            for (name, node) in file.node.get("jobs").map_or(&[][..], Node::entries) {
                let Some(uses) = node.str("uses") else {
                    continue;
                };
                if let Some((called, _)) = local(repository, project, uses) {
                    callers.entry(called).or_default().push(Call {
                        file: path,
                        job: name,
                        node,
                    });
                }
            }
        }
        Self {
            repository,
            project,
            callers,
            granted: RefCell::default(),
            started: RefCell::default(),
        }
    }

    /// Who calls a workflow.
    pub(super) fn of(&self, file: &str) -> &[Call<'r>] {
        self.callers.get(file).map_or(&[], Vec::as_slice)
    }

    /// Reads every job.
    pub(super) fn read(&self, facts: &mut Facts, problems: &mut Vec<Problem>) {
        for (path, file) in &self.repository.workflows {
            let jobs = file.node.get("jobs");
            if jobs.is_none_or(|jobs| !jobs.is_map()) {
                problems.push(note(
                    file.document,
                    file.node.line,
                    "`jobs` is no mapping: nothing was read",
                ));
            }
            for (name, node) in jobs.map_or(&[][..], Node::entries) {
                if node.is_map() {
                    job::read(self, path, file, (name, node), facts, problems);
                } else {
                    problems.push(note(
                        file.document,
                        node.line,
                        "a job that is no mapping: not read",
                    ));
                }
            }
        }
    }

    /// What starts a workflow, also by way of those that call it.
    pub(super) fn started(&self, file: &'r str) -> BTreeSet<Trigger> {
        self.started_below(file, &mut Vec::new())
    }

    fn started_below(&self, file: &'r str, above: &mut Vec<&'r str>) -> BTreeSet<Trigger> {
        if let Some(known) = self.started.borrow().get(file) {
            return known.clone();
        }
        let mut out = match self.repository.workflows.get(file) {
            Some(found) => triggers(&found.node),
            None => BTreeSet::new(),
        };
        if above.len() < MAX_DEPTH && !above.contains(&file) {
            above.push(file);
            for call in self.of(file) {
                out.extend(self.started_below(call.file, above));
            }
            above.pop();
        }
        // What was cut short by a circle is not the whole answer for others.
        if above.is_empty() {
            self.started.borrow_mut().insert(file, out.clone());
        }
        out
    }

    /// What a job's token may do.
    pub(super) fn granted(&self, file: &'r str, name: &'r str, node: &'r Node) -> Granted {
        self.granted_below(file, name, node, &mut Vec::new())
    }

    fn granted_below(
        &self,
        path: &'r str,
        name: &'r str,
        node: &'r Node,
        above: &mut Vec<Key<'r>>,
    ) -> Granted {
        if let Some(known) = self.granted.borrow().get(&(path, name)) {
            return known.clone();
        }
        let nothing = Granted {
            grants: None,
            from: "default",
            capped_unknown: true,
        };
        let Some(file) = self.repository.workflows.get(path) else {
            return nothing;
        };
        if above.len() >= MAX_DEPTH || above.contains(&(path, name)) {
            return nothing;
        }
        let own = triggers(&file.node);
        let callable = own.iter().any(|trigger| trigger.event == "workflow_call");
        let called_only = callable && own.len() == 1;
        let mine = stated(&file.node, node);
        // Started by its own events.
        let direct = match &mine {
            Some((stated, from)) => Granted {
                grants: Some(stated.grants.clone()),
                from,
                capped_unknown: false,
            },
            None => match self.repository.default_write {
                Some(write) => Granted {
                    grants: Some(permissions::default(write)),
                    from: "repository",
                    capped_unknown: false,
                },
                None => Granted {
                    grants: None,
                    from: "default",
                    capped_unknown: false,
                },
            },
        };
        let callers = self.of(path);
        let answer = if !called_only {
            direct
        } else if callers.is_empty() {
            // Called from elsewhere, which caps it.
            Granted {
                grants: direct.grants.filter(|_| mine.is_some()),
                from: if mine.is_some() {
                    direct.from
                } else {
                    "caller"
                },
                capped_unknown: true,
            }
        } else {
            above.push((path, name));
            let answer = self.by_callers(&direct, mine.is_some(), callers, above);
            above.pop();
            answer
        };
        if above.is_empty() {
            let mut known = self.granted.borrow_mut();
            known.insert((path, name), answer.clone());
        }
        answer
    }

    fn by_callers(
        &self,
        direct: &Granted,
        states: bool,
        callers: &[Call<'r>],
        above: &mut Vec<Key<'r>>,
    ) -> Granted {
        let mut sum: Option<Grants> = None;
        let mut unknown = false;
        for call in callers {
            let theirs = self.granted_below(call.file, call.job, call.node, above);
            let given = match (&theirs.grants, &direct.grants) {
                (Some(cap), Some(mine)) if states => permissions::both(mine, cap),
                (Some(cap), _) => cap.clone(),
                (None, Some(mine)) if states => {
                    unknown = true;
                    mine.clone()
                }
                (None, _) => {
                    unknown = true;
                    continue;
                }
            };
            unknown |= theirs.capped_unknown;
            permissions::either(sum.get_or_insert_default(), &given);
        }
        // Where one caller's share is not known, that of the others is only a part.
        let grants = sum.filter(|_| states || !unknown);
        Granted {
            grants,
            from: if states { direct.from } else { "caller" },
            capped_unknown: unknown,
        }
    }
}

/// The workflow of this repository that a job calls, and whether by a path rather than by the repository's name.
pub(super) fn local<'r>(
    repository: &'r Repository<'_>,
    project: &Project,
    uses: &str,
) -> Option<(&'r str, &'r File<'r>)> {
    let path = match Target::parse(uses) {
        Target::Local(path) => path,
        target @ Target::Remote { .. } => {
            let own = target.slug() == project.path.to_ascii_lowercase();
            match target {
                Target::Remote { path, .. } if own => path,
                _ => return None,
            }
        }
        _ => return None,
    };
    let found = repository.workflows.get_key_value(path.as_str());
    // Files that do not stand where a forge looks are known by their names.
    let found = found.or_else(|| {
        let name = path.rsplit('/').next()?;
        let found = repository.workflows.get_key_value(name)?;
        (!found.1.placed).then_some(found)
    })?;
    Some((found.0.as_str(), shorten(found.1)))
}

/// A file for as long as its repository is borrowed.
fn shorten<'r>(file: &'r File<'_>) -> &'r File<'r> {
    file
}
