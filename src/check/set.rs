//! Checks that are known to be right, and the set of them.

use super::compile::Condition;
use super::controls::Controls;
use super::error::{CheckError, did_you_mean};
use super::file::CheckFile;
use super::load::Loader;
use super::message::Message;
use super::parameter::{self, Parameter, Parameters, Settings};
use super::schema::{Basis, SubjectKind};
use super::value::Value;
use crate::model::{Confidence, Outcome, Severity, Str, Timestamp};
use crate::platform::embedded;
use std::collections::{BTreeMap, BTreeSet};

/// A check, ready to be evaluated.
#[derive(Debug)]
pub struct Check {
    /// Its id.
    pub id: Str,
    /// The finding in a few words.
    pub title: Str,
    /// Why it matters.
    pub description: Str,
    /// How bad a finding is.
    pub severity: Severity,
    /// How sure a finding is at most.
    pub confidence: Confidence,
    /// What it speaks of.
    pub applies_to: SubjectKind,
    /// Its thresholds, by name.
    pub parameters: Vec<Parameter>,
    /// Of which subjects it speaks, as written.
    pub when: Option<Str>,
    /// What is a finding, as written.
    pub condition: Str,
    /// The template of its message.
    pub message: Str,
    /// What to do.
    pub remediation: Str,
    /// Control ids, the most telling first.
    pub controls: Vec<Str>,
    /// Where to read more.
    pub references: Vec<Str>,
    /// Earlier ids.
    pub aliases: Vec<Str>,
    /// The file it was read from.
    pub file: Str,
    /// What runs.
    pub(super) compiled: Compiled,
}

/// The parts of a check that run.
#[derive(Debug)]
pub(super) struct Compiled {
    pub when: Option<Condition>,
    pub condition: Condition,
    pub message: Message,
    /// Where the condition's attributes come from, in the order of their first mention.
    pub bases: Vec<Basis>,
    /// The parameters' defaults, by position.
    pub defaults: Vec<Value<'static>>,
    pub cases: Vec<Case>,
}

/// An example, with its values typed.
#[derive(Debug)]
pub(super) struct Case {
    pub name: String,
    pub line: u32,
    pub row: Vec<Value<'static>>,
    pub parameters: Vec<Value<'static>>,
    pub now: Timestamp,
    pub outcome: Outcome,
}

impl Check {
    /// Whether its condition asks for something of this source.
    pub fn rests_on(&self, basis: Basis) -> bool {
        self.compiled.bases.contains(&basis)
    }
}

/// Checks, by id.
#[derive(Debug, Default)]
pub struct CheckSet {
    checks: Vec<Check>,
    /// Ids, also earlier ones, of checks that there are but that are not part of this scan.
    aside: BTreeSet<Str>,
}

impl CheckSet {
    /// The checks that ship with the program.
    pub fn builtin() -> Result<Self, Vec<CheckError>> {
        Self::load::<&str, &str>(&[])
    }

    /// The checks that ship with the program and those of the files, given as name and text. Every error
    /// of every file is reported.
    pub fn load<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Result<Self, Vec<CheckError>> {
        let own = embedded::CHECKS.iter().map(|(name, text)| (*name, *text));
        Self::read(own.chain(files.iter().map(|(n, t)| (n.as_ref(), t.as_ref()))))
    }

    /// As [`load`](Self::load), for a scan: the built-in checks come read already, without their cases, and
    /// checks of other kinds of subject than these are set aside.
    pub fn ready<N: AsRef<str>, T: AsRef<str>>(
        files: &[(N, T)],
        wanted: &dyn Fn(SubjectKind) -> bool,
    ) -> Result<Self, Vec<CheckError>> {
        let own = match files {
            [] => Self::default(),
            files => Self::only(files)?,
        };
        let mut all = Self::default();
        let (mut names, mut errors) = (BTreeMap::new(), Vec::new());
        for ((file, text), ready) in embedded::CHECKS.iter().zip(embedded::CHECKS_READY) {
            let loader = Loader::new(file, text, None);
            let read = match serde_json::from_str::<CheckFile>(ready) {
                Ok(read) if !SubjectKind::named(&read.applies_to).is_some_and(wanted) => {
                    let ids = read.aliases.iter().chain([&read.id]);
                    all.aside.extend(ids.map(|id| Str::from(id.as_str())));
                    continue;
                }
                Ok(read) => loader.compile(read),
                // A test forbids it; the text says what is wrong.
                Err(_) => loader.load(),
            };
            match read {
                Ok(check) => all.checks.push(check),
                Err(found) => errors.extend(found),
            }
        }
        for check in &all.checks {
            let ids = check.aliases.iter().chain([&check.id]);
            names.extend(ids.map(|id| (id.clone(), check.file.clone())));
        }
        for check in own.checks {
            let ids: Vec<Str> = check.aliases.iter().chain([&check.id]).cloned().collect();
            for id in &ids {
                let other = names.get(id).cloned();
                let other = other.or_else(|| all.aside.get(id).map(|_| "a built-in check".into()));
                if let Some(other) = other {
                    let text = files.iter().find(|(name, _)| name.as_ref() == &*check.file);
                    let text = text.map_or("", |(_, text)| text.as_ref());
                    let message = format!("check id `{id}` is taken by {other}");
                    errors.push(Loader::new(&check.file, text, None).error("id", message, None));
                }
            }
            if wanted(check.applies_to) {
                all.checks.push(check);
            } else {
                all.aside.extend(ids);
            }
        }
        if errors.is_empty() {
            all.checks.sort_by(|a, b| a.id.cmp(&b.id));
            Ok(all)
        } else {
            errors.sort();
            Err(errors)
        }
    }

    /// Sets aside what the test does not let through: such a check is known, but not part of the scan.
    pub fn set_aside(&mut self, mut test: impl FnMut(&Check) -> bool) {
        let aside = &mut self.aside;
        self.checks.retain(|check| {
            let stays = test(check);
            if !stays {
                aside.extend(check.aliases.iter().chain([&check.id]).cloned());
            }
            stays
        });
    }

    /// The ids, also earlier ones, of the checks that were set aside.
    pub(super) fn aside(&self) -> impl Iterator<Item = &Str> {
        self.aside.iter()
    }

    /// The checks of the files alone.
    pub fn only<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Result<Self, Vec<CheckError>> {
        Self::read(files.iter().map(|(n, t)| (n.as_ref(), t.as_ref())))
    }

    fn read<'f>(files: impl Iterator<Item = (&'f str, &'f str)>) -> Result<Self, Vec<CheckError>> {
        let controls = Controls::builtin().map_err(|message| {
            vec![CheckError {
                file: "controls.yaml".to_owned(),
                line: 0,
                column: 0,
                message,
                hint: None,
            }]
        })?;
        let (mut checks, mut errors) = (Vec::<Check>::new(), Vec::new());
        let mut names: BTreeMap<Str, Str> = BTreeMap::new();
        for (file, text) in files {
            let loader = Loader::new(file, text, Some(&controls));
            match loader.load() {
                Ok(check) => {
                    for id in check.aliases.iter().chain([&check.id]) {
                        if let Some(other) = names.insert(id.clone(), check.file.clone()) {
                            let message = format!("check id `{id}` is taken by {other}");
                            errors.push(loader.error("id", message, None));
                        }
                    }
                    checks.push(check);
                }
                Err(mut found) => errors.append(&mut found),
            }
        }
        if errors.is_empty() {
            checks.sort_by(|a, b| a.id.cmp(&b.id));
            Ok(Self {
                checks,
                aside: BTreeSet::new(),
            })
        } else {
            errors.sort();
            Err(errors)
        }
    }

    /// The checks, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.checks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.checks.is_empty()
    }

    /// A check by its id or an earlier one.
    pub fn get(&self, id: &str) -> Option<&Check> {
        self.checks
            .iter()
            .find(|c| &*c.id == id || c.aliases.iter().any(|a| &**a == id))
    }

    /// Keeps only the checks that the test lets through.
    pub fn retain(&mut self, test: impl FnMut(&Check) -> bool) {
        self.checks.retain(test);
    }

    /// Fits a user's settings to the checks' parameters. `file` is where the settings were written.
    pub fn bind(&self, file: &str, settings: &Settings) -> Result<Parameters, Vec<CheckError>> {
        let mut bound = Parameters::default();
        let mut errors = Vec::new();
        let mut refuse = |message: String, hint: Option<String>| {
            errors.push(CheckError {
                file: file.to_owned(),
                line: 0,
                column: 0,
                message,
                hint,
            });
        };
        for (id, values) in settings {
            let Some(check) = self.get(id) else {
                if self.aside.contains(id.as_str()) {
                    continue;
                }
                let hint = did_you_mean(id, self.checks.iter().map(|c| &*c.id));
                refuse(format!("there is no check `{id}`"), hint);
                continue;
            };
            let mut row = check.compiled.defaults.clone();
            for (name, written) in values {
                let found = check.parameters.iter().position(|p| &*p.name == name);
                let parameter = found.and_then(|at| check.parameters.get(at));
                let (Some(at), Some(parameter)) = (found, parameter) else {
                    let known = check.parameters.iter().map(|p| &*p.name);
                    let hint = did_you_mean(name, known);
                    refuse(format!("check `{id}` has no parameter `{name}`"), hint);
                    continue;
                };
                match parameter::value(parameter.kind, written) {
                    Ok(value) => {
                        if let Some(slot) = row.get_mut(at) {
                            *slot = value;
                        }
                    }
                    Err((message, hint)) => {
                        refuse(format!("check `{id}`, parameter `{name}`: {message}"), hint);
                    }
                }
            }
            bound.0.insert(check.id.clone(), row);
        }
        if errors.is_empty() {
            Ok(bound)
        } else {
            Err(errors)
        }
    }
}
