//! From answers to changes of a registry, and from changes to a registry that holds them.

use super::super::error::Error;
use super::super::registry_edit::{Change, Changed, Field, Registry, Stub, Value};
use super::gate::Gate;
use super::judge::{Answer, Known, Target};
use super::refused;
use super::sheet::Sheet;
use super::stub::notes;
use crate::snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    row: usize,
    subject: String,
    why: String,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, subject, why } = self;
        match subject.as_str() {
            "" => write!(f, "row {row}: {why}"),
            subject => write!(f, "row {row} ({subject}): {why}"),
        }
    }
}

/// Fields to set, and the row that asks for it.
struct Edit {
    entry: usize,
    fields: Vec<(&'static str, String)>,
    row: usize,
    subject: String,
}

/// What is to be done.
#[derive(Default)]
pub(super) struct Outcome {
    edits: Vec<Edit>,
    stubs: Vec<Stub>,
    rejected: Vec<Rejection>,
    /// Owners whom no source knows.
    pub(super) strangers: BTreeSet<String>,
}

impl Outcome {
    /// Only further entries.
    pub(super) fn of_stubs(stubs: Vec<Stub>) -> Self {
        Self {
            stubs,
            ..Self::default()
        }
    }
}

/// What was done.
pub(super) struct Applied {
    pub changed: Changed,
    pub added: usize,
    pub set: usize,
}

/// What the rows of a sheet ask for.
pub(super) fn outcome(
    sheet: &Sheet,
    snapshot: &Snapshot,
    registry: &Registry,
    path: &Path,
    gate: &Gate,
) -> Outcome {
    let known = Known::new(snapshot);
    let entries = Entries::new(registry, snapshot, path);
    let mut outcome = Outcome::default();
    let mut answered: BTreeMap<Target, (usize, Answer)> = BTreeMap::new();
    let mut order = Vec::new();
    let mut edited: Vec<(Target, Rejection)> = Vec::new();
    for row in &sheet.rows {
        let answer = match known.answer(row) {
            Ok(None) => continue,
            Ok(Some(answer)) if fields(&answer).iter().any(|(_, text)| gate.stops(text)) => {
                Err("a secret stands in what it attests; nothing of it was taken".to_owned())
            }
            Ok(Some(answer)) => Ok(answer),
            Err(why) => Err(why),
        };
        let subject = match row.cell("subject_id") {
            "" => row.cell("ref_id"),
            id => id,
        };
        // Cut behind the gate, which does not know a part of a secret for one.
        let subject: String = gate.passed(subject).chars().take(200).collect();
        let reject = |why: String| Rejection {
            row: row.number,
            subject: subject.clone(),
            why,
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(why) => {
                match known.unattested(row) {
                    Some(target) => edited.push((target, reject(why))),
                    None => outcome.rejected.push(reject(why)),
                }
                continue;
            }
        };
        match answered.get(&answer.target) {
            // An identity has rows for itself and for what it signs in with.
            Some((_, before)) if *before == answer => {}
            Some((first, _)) => outcome.rejected.push(reject(format!(
                "row {first} answers for the same identity, and otherwise"
            ))),
            None => {
                let owner = answer.owner.iter().filter(|owner| known.stranger(owner));
                outcome.strangers.extend(owner.cloned());
                order.push((row.number, subject, answer.target.clone()));
                answered.insert(answer.target.clone(), (row.number, answer));
            }
        }
    }
    // An entry can be answered for by its own row and by its identity's.
    let mut set: BTreeMap<usize, (usize, Answer)> = BTreeMap::new();
    let targets: BTreeSet<Target> = answered.keys().cloned().collect();
    for (row, subject, target) in order {
        let Some((_, answer)) = answered.remove(&target) else {
            continue;
        };
        match entries.find(&target) {
            Ok(Some(entry)) => {
                if let Some((first, before)) = set.get(&entry) {
                    if fields(before) != fields(&answer) {
                        let why = format!("row {first} answers for the same entry, and otherwise");
                        outcome.rejected.push(Rejection { row, subject, why });
                    }
                    continue;
                }
                set.insert(entry, (row, answer.clone()));
                let fields = fields(&answer);
                let fields: Vec<_> = fields
                    .into_iter()
                    .filter(|(key, text)| registry.text(entry, key) != Some(text.as_str()))
                    .collect();
                if !fields.is_empty() {
                    outcome.edits.push(Edit {
                        entry,
                        fields,
                        row,
                        subject,
                    });
                }
            }
            Ok(None) => outcome.stubs.push(attested(&target, &answer, &known)),
            Err(why) => outcome.rejected.push(Rejection { row, subject, why }),
        }
    }
    // What was exported differs from what is known today where another row of the same subject was taken since.
    for (target, rejection) in edited {
        let of_entry = matches!(entries.find(&target), Ok(Some(entry)) if set.contains_key(&entry));
        if !of_entry && !targets.contains(&target) {
            outcome.rejected.push(rejection);
        }
    }
    outcome
}

fn fields(answer: &Answer) -> Vec<(&'static str, String)> {
    let said = [
        ("owner", answer.owner.clone()),
        ("purpose", answer.purpose.clone()),
        ("attested_by", Some(answer.by.clone())),
        ("attested_on", Some(answer.on.clone())),
    ];
    let said = said.into_iter();
    said.filter_map(|(key, text)| Some((key, text?))).collect()
}

/// An entry for what an answer is the first to speak of.
fn attested(target: &Target, answer: &Answer, known: &Known<'_>) -> Stub {
    let (Target::Subject(id) | Target::Entry(id)) = target;
    let identity = known.identities.get(id.as_str());
    Stub {
        id: id.clone(),
        notes: identity.map(|i| notes(i)).unwrap_or_default(),
        fields: fields(answer)
            .into_iter()
            .map(|(key, text)| Field {
                key,
                value: match key {
                    "attested_on" => Value::Date(text),
                    _ => Value::Text(text),
                },
                note: None,
            })
            .collect(),
    }
}

/// The registry's entries by what they are called and speak of.
struct Entries<'a> {
    by_name: BTreeMap<String, Vec<usize>>,
    /// By subject, what the entries that speak of it by id are called; and in which file.
    speaking: BTreeMap<&'a str, Vec<(&'a str, &'a str)>>,
    path: &'a Path,
}

impl<'a> Entries<'a> {
    fn new(registry: &Registry, snapshot: &'a Snapshot, path: &'a Path) -> Self {
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, entry) in registry.entries().into_iter().enumerate() {
            by_name.entry(entry.name).or_default().push(at);
        }
        let mut speaking: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for declaration in snapshot.declarations.iter().filter(|d| !is_pattern(&d.id)) {
            for id in &declaration.identities {
                let place = (&*declaration.id, &*declaration.evidence.path);
                speaking.entry(id).or_default().push(place);
            }
        }
        Self {
            by_name,
            speaking,
            path,
        }
    }

    /// The entry that is to hold an answer; `None` where one is to be added.
    fn find(&self, target: &Target) -> Result<Option<usize>, String> {
        let (Target::Subject(id) | Target::Entry(id)) = target;
        let mut names = vec![id.as_str()];
        let mut elsewhere = None;
        for (name, path) in self.speaking.get(id.as_str()).into_iter().flatten() {
            names.push(name);
            if !same(Path::new(path), self.path) {
                elsewhere = Some(*path);
            }
        }
        let found = names.iter().find_map(|name| self.by_name.get(*name));
        match (found.map(Vec::as_slice), elsewhere, target) {
            (Some([only]), ..) => Ok(Some(*only)),
            (Some(_), ..) => Err("the registry has several entries of this id".to_owned()),
            (None, Some(path), _) => Err(format!(
                "it is declared in {path}; name that with --registry"
            )),
            (None, None, Target::Entry(_)) => {
                Err("the entry is in another registry; name that with --registry".to_owned())
            }
            (None, None, Target::Subject(_)) => Ok(None),
        }
    }
}

/// Whether an entry's name is that of a pattern: `name=svc-*,provider=aws`.
fn is_pattern(name: &str) -> bool {
    ["name=", "provider=", "account=", "namespace="]
        .iter()
        .any(|key| name.starts_with(key))
}

fn same(a: &Path, b: &Path) -> bool {
    let plain = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    a == b || plain(a) == plain(b)
}

/// Makes the changes; a row whose entry cannot be changed is refused, and the others are made.
pub(super) fn apply(
    registry: &Registry,
    outcome: Outcome,
    path: &Path,
) -> Result<(Applied, Vec<Rejection>), Error> {
    let Outcome {
        edits,
        stubs,
        mut rejected,
        strangers: _,
    } = outcome;
    let added = stubs.len();
    let (mut changes, mut set) = (Vec::new(), 0);
    for edit in edits {
        match registry.can_set(edit.entry, &edit.fields) {
            Ok(()) => {
                changes.push(Change::Set(edit.entry, edit.fields));
                set += 1;
            }
            Err(refusal) => rejected.push(Rejection {
                row: edit.row,
                subject: edit.subject,
                why: format!("{}:{}: {}", path.display(), refusal.line, refusal.why),
            }),
        }
    }
    changes.push(Change::Append(stubs));
    rejected.sort_by_key(|r| r.row);
    let changed = registry.change(&changes).map_err(|refusals| {
        let first = refusals.first();
        let (line, why) = first.map_or((0, "cannot be changed"), |(_, r)| (r.line, r.why));
        refused(path, line, why)
    })?;
    let applied = Applied {
        changed,
        added,
        set,
    };
    Ok((applied, rejected))
}
