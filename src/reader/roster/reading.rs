//! A reader of a roster at work on one document: what it has found, and what it could not understand.

use super::json::{self, Place, Stop};
use super::names;
use super::status::{Said, status, yes_or_no};
use crate::model::{
    Alias, DateField, Document, Evidence, Facts, Person, Problem, ProblemKind, Str, Team, Timestamp,
};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// How many doubtful records are named one by one.
const MAX_NOTES: usize = 50;
/// Dates before this (1971) are what systems write where there is none: `0001-01-01`, `1970-01-01`.
const NO_DATE: i64 = 365 * Timestamp::DAY;

/// Where in a document something stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum At<'p> {
    /// A row of a table, as a spreadsheet counts them, and the line that it begins at.
    Row(u32, u32),
    /// A line.
    Line(u32),
    /// A JSON pointer.
    Pointer(&'p str),
}

/// What a roster says of whether somebody is there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    pub active: Option<bool>,
    pub left: Option<Timestamp>,
}

impl Standing {
    /// One word for gone outweighs all others.
    pub(super) fn and(&mut self, active: Option<bool>) {
        self.active = match (self.active, active) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (one, other) => one.or(other),
        };
    }
}

pub(super) struct Reading<'a> {
    pub document: &'a Document<'a>,
    pub name: &'static str,
    pub facts: Facts,
    pub problems: Vec<Problem>,
    notes: usize,
    partial: bool,
}

impl<'a> Reading<'a> {
    pub(super) fn new(document: &'a Document<'a>, name: &'static str) -> Self {
        Self {
            document,
            name,
            facts: Facts::default(),
            problems: Vec::new(),
            notes: 0,
            partial: false,
        }
    }

    pub(super) fn evidence(&self, at: At<'_>) -> Evidence {
        match at {
            At::Row(row, _) => self.document.at_record(self.name, format!("row {row}")),
            At::Line(line) => self.document.at_line(self.name, line.max(1)),
            At::Pointer("") => self.document.whole(self.name),
            At::Pointer(pointer) => self.document.at_record(self.name, pointer),
        }
    }

    pub(super) fn person(&self, at: At<'_>) -> Person {
        Person::new(self.evidence(at))
    }

    pub(super) fn team(&self, at: At<'_>) -> Team {
        Team::new(self.evidence(at))
    }

    /// Takes a person who has a name.
    pub(super) fn add_person(&mut self, person: Person, at: At<'_>, kind: ProblemKind) {
        if person.names.is_empty() {
            let what = match at {
                At::Row(..) => "a row",
                _ => "a person",
            };
            self.say(
                at,
                kind,
                &format!("{what} without address and login was left out"),
            );
        } else {
            self.facts.people.push(person);
        }
    }

    /// Takes a team that has a name.
    pub(super) fn add_team(&mut self, team: Team, at: At<'_>) {
        if team.names.is_empty() {
            let message = "a team without a name was left out";
            self.say(at, ProblemKind::Malformed, message);
        } else {
            self.facts.teams.push(team);
        }
    }

    /// Takes names of one party: there is nothing to say when there is but one.
    pub(super) fn add_alias(&mut self, name: Str, names: BTreeSet<Str>, at: At<'_>) {
        if names.len() > 1 || names.first().is_some_and(|only| *only != name) {
            self.facts.aliases.push(Alias {
                name,
                names,
                evidence: self.evidence(at),
            });
        }
    }

    /// What a status says.
    pub(super) fn status(&mut self, text: &str, at: At<'_>) -> Option<bool> {
        match status(text) {
            Said::There => Some(true),
            Said::Gone => Some(false),
            Said::Nothing => None,
            Said::Unclear => {
                let message = "the status is none that is known (active, inactive, left, terminated, …); \
                               taken as not stated";
                self.say(at, ProblemKind::Note, message);
                None
            }
        }
    }

    /// What a field says in which the day stands that somebody left, or whether somebody did.
    pub(super) fn leaving(&mut self, text: &str, at: At<'_>) -> Standing {
        let mut standing = Standing::default();
        if let Some(gone) = yes_or_no(text) {
            standing.active = Some(!gone);
            return standing;
        }
        match DateField::read(Some(text)) {
            DateField::Absent | DateField::Empty => {}
            DateField::At(date) => {
                standing.left = Some(date).filter(|date| date.seconds() >= NO_DATE);
            }
            DateField::Ambiguous(_) => {
                let message = "the end date can be read in two ways; write it as YYYY-MM-DD";
                self.say(at, ProblemKind::Note, message);
            }
            DateField::Malformed(text) => {
                if text.starts_with("0000-00-00") {
                    return standing;
                }
                let message = "the end date is not a date that can be read (YYYY-MM-DD)";
                self.say(at, ProblemKind::Note, message);
            }
        }
        standing
    }

    pub(super) fn note(&mut self, at: At<'_>, message: &str) {
        self.say(at, ProblemKind::Note, message);
    }

    /// Says something of a record, unless it was said of many already.
    pub(super) fn say(&mut self, at: At<'_>, kind: ProblemKind, message: &str) {
        self.notes += 1;
        if self.notes > MAX_NOTES {
            return;
        }
        let (line, message) = match at {
            At::Row(row, line) => (Some(line), format!("row {row}: {message}")),
            At::Line(line) => (Some(line), message.to_owned()),
            At::Pointer("") => (None, message.to_owned()),
            At::Pointer(pointer) => (None, format!("{pointer}: {message}")),
        };
        self.problem(line, kind, &message);
    }

    pub(super) fn problem(&mut self, line: Option<u32>, kind: ProblemKind, message: &str) {
        self.problems.push(Problem {
            path: self.document.origin.path.clone(),
            line: line.filter(|&line| line > 0),
            column: None,
            kind,
            reader: self.name,
            message: message.into(),
        });
    }

    /// The list goes on elsewhere: that somebody or a team is not in it says nothing.
    pub(super) fn partial(&mut self) {
        self.partial = true;
    }

    /// Goes through the records of a JSON document.
    pub(super) fn walk(&mut self, visit: &mut dyn FnMut(&mut Self, &Place<'_, '_>) -> bool) {
        let text = text(self.document.bytes);
        let mut stops = Vec::new();
        json::walk(&text, &mut |place| visit(self, place), &mut |stop| {
            stops.push(stop);
        });
        for stop in stops {
            self.stopped(stop);
        }
    }

    fn stopped(&mut self, stop: Stop) {
        self.notes += 1;
        if self.notes > MAX_NOTES {
            return;
        }
        // A list that is cut off is not whole.
        self.partial = true;
        let message = format!("{}; what stands before it was kept", stop.message);
        self.problem(Some(stop.line), ProblemKind::Malformed, &message);
        if let Some(problem) = self.problems.last_mut() {
            problem.column = Some(stop.column);
        }
    }

    pub(super) fn done(mut self) -> (Facts, Vec<Problem>) {
        if self.notes > MAX_NOTES {
            let message = format!("{} more such rows", self.notes - MAX_NOTES);
            self.problem(None, ProblemKind::Note, &message);
        }
        let path = self.document.origin.path.clone();
        if self.partial {
            let teams = !self.facts.teams.is_empty()
                || self
                    .facts
                    .people
                    .iter()
                    .any(|person| !person.teams.is_empty());
            let message = match teams {
                true => {
                    self.facts.sources.push(("roster-partial".into(), path));
                    "the list goes on elsewhere (a page of several, or cut off): that a team is not in it is not held \
                     against anybody"
                }
                false => "the list goes on elsewhere (a page of several, or cut off)",
            };
            self.problem(None, ProblemKind::Note, message);
        }
        if !self.facts.people.is_empty() || !self.facts.teams.is_empty() {
            self.facts.sources.push(("roster".into(), "*".into()));
        }
        (self.facts, self.problems)
    }
}

/// A person's main address and other names.
pub(super) fn named(person: &mut Person, main: Option<&str>, others: &[&str]) {
    person.mail = main.and_then(names::address).or(person.mail.take());
    person.names.extend(main.and_then(names::login));
    person.names.extend(person.mail.clone());
    person
        .names
        .extend(others.iter().filter_map(|name| names::login(name)));
}

/// The text of a document in whatever encoding it came: UTF-8 with and without mark, UTF-16, or the code page that
/// spreadsheets write in Western Europe.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = crate::reader::aws_json::utf8(bytes);
    match bytes {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            // Letters before the first fault show that it is UTF-8 with a fault.
            Err(error) => match bytes
                .get(..error.valid_up_to())
                .is_some_and(<[u8]>::is_ascii)
            {
                true => Cow::Owned(bytes.iter().map(|&byte| western(byte)).collect()),
                false => String::from_utf8_lossy(bytes),
            },
        },
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Windows-1252, whose letters are those of Latin-1.
fn western(byte: u8) -> char {
    match byte {
        0x80 => '€',
        0x8a => 'Š',
        0x8c => 'Œ',
        0x8e => 'Ž',
        0x91 | 0x92 => '\'',
        0x93 | 0x94 => '"',
        0x96 => '–',
        0x97 => '—',
        0x9a => 'š',
        0x9c => 'œ',
        0x9e => 'ž',
        0x9f => 'Ÿ',
        byte => char::from(byte),
    }
}
