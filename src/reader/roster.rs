//! Rosters: who works here, and in which team. A CSV export of a directory or personnel system, or
//! `roster.yaml`.

use super::{Reader, tree};
use crate::model::{
    Document, Facts, Owner, Person, Probe, Problem, ProblemKind, Str, Team, Timestamp,
};
use std::collections::BTreeSet;

const NAME: &str = "roster";
/// How many doubtful rows are named one by one.
const MAX_NOTES: usize = 50;

/// Header names, without case, blanks, dashes and underscores.
const ADDRESS: [&str; 9] = [
    "email",
    "mail",
    "emailaddress",
    "primaryemail",
    "workemail",
    "mailaddress",
    "emails",
    "userprincipalname",
    "upn",
];
const LOGIN: [&str; 10] = [
    "login",
    "github",
    "githublogin",
    "gitlab",
    "username",
    "user",
    "userid",
    "uid",
    "handle",
    "aliases",
];
const STATUS: [&str; 8] = [
    "status",
    "state",
    "active",
    "isactive",
    "enabled",
    "accountenabled",
    "employmentstatus",
    "employeestatus",
];
const TEAM: [&str; 6] = ["team", "teams", "group", "groups", "squad", "memberof"];
const LEFT: [&str; 13] = [
    "enddate",
    "end",
    "left",
    "lefton",
    "leavedate",
    "leavingdate",
    "lastday",
    "terminated",
    "terminationdate",
    "departuredate",
    "exitdate",
    "employeeleavedatetime",
    "offboarded",
];

/// Reads rosters of people and teams.
#[derive(Debug)]
pub struct Roster;

impl Reader for Roster {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        if probe.binary {
            return false;
        }
        let name = probe.origin.file_name().to_lowercase();
        if matches!(name.as_str(), "roster.yaml" | "roster.yml") {
            return true;
        }
        let words = || name.split(|c: char| !c.is_alphanumeric());
        let named = ["roster", "employees", "people"]
            .iter()
            .any(|n| name.contains(n))
            || words().any(|word| word == "hr");
        named && probe.has_extension(&["csv", "tsv"]) && Columns::of_head(probe.head).is_some()
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading {
            document,
            facts: Facts::default(),
            problems: Vec::new(),
            dropped: 0,
        };
        if document.origin.file_name().to_lowercase().ends_with(".csv")
            || document.origin.file_name().to_lowercase().ends_with(".tsv")
        {
            reading.csv();
        } else {
            reading.yaml();
        }
        if reading.dropped > 0 {
            let message = format!("{} more such rows", reading.dropped);
            reading
                .problems
                .push(reading.problem(None, ProblemKind::Note, &message));
        }
        reading.facts.sources.push((NAME.into(), "*".into()));
        (reading.facts, reading.problems)
    }
}

/// Which column says what.
struct Columns {
    delimiter: u8,
    names: Vec<usize>,
    status: Option<usize>,
    team: Vec<usize>,
    left: Option<usize>,
}

impl Columns {
    /// From a document's first line; `None` when that is not a roster's header.
    fn of_head(head: &[u8]) -> Option<Self> {
        let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        let line = head.split(|&b| matches!(b, b'\n' | b'\r')).next()?;
        let count = |delimiter| memchr::memchr_iter(delimiter, line).count();
        let delimiter = [b',', b';', b'\t']
            .into_iter()
            .rev()
            .max_by_key(|&d| count(d))?;
        let mut record = csv::ByteRecord::new();
        csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter)
            .from_reader(line)
            .read_byte_record(&mut record)
            .ok()?;
        let headers: Vec<String> = record
            .iter()
            .map(|header| {
                String::from_utf8_lossy(header)
                    .chars()
                    .filter(|c| c.is_alphanumeric())
                    .flat_map(char::to_lowercase)
                    .collect()
            })
            .collect();
        let all = |wanted: &[&str]| -> Vec<usize> {
            (0..)
                .zip(&headers)
                .filter(|(_, header)| wanted.contains(&header.as_str()))
                .map(|(at, _)| at)
                .collect()
        };
        let mut names = all(&ADDRESS);
        names.extend(all(&LOGIN));
        let (status, left) = (all(&STATUS).first().copied(), all(&LEFT).first().copied());
        (!names.is_empty() && (status.is_some() || left.is_some())).then(|| Self {
            delimiter,
            names,
            status,
            team: all(&TEAM),
            left,
        })
    }
}

struct Reading<'a> {
    document: &'a Document<'a>,
    facts: Facts,
    problems: Vec<Problem>,
    dropped: usize,
}

impl Reading<'_> {
    fn csv(&mut self) {
        let bytes = self.document.bytes;
        let Some(columns) = Columns::of_head(bytes) else {
            let message =
                "no header with an e-mail or login column and a status or end-date column";
            self.problems
                .push(self.problem(Some(1), ProblemKind::Malformed, message));
            return;
        };
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .delimiter(columns.delimiter)
            .trim(csv::Trim::All)
            .from_reader(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes));
        let mut record = csv::ByteRecord::new();
        // Rows are counted as a spreadsheet shows them: the header is row 1.
        let mut row = 1u32;
        // Reading from memory fails only by way of a defect; the rows before it stand.
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            row = row.saturating_add(1);
            let line = record.position().and_then(|p| u32::try_from(p.line()).ok());
            let text = |at: usize| {
                let value = String::from_utf8_lossy(record.get(at).unwrap_or_default());
                value.trim().to_lowercase()
            };
            let names: BTreeSet<Str> = columns
                .names
                .iter()
                .flat_map(|&at| people(&text(at)))
                .collect();
            if names.is_empty() {
                self.note(
                    line,
                    ProblemKind::Note,
                    "a row without address and login was left out",
                );
                continue;
            }
            let teams = columns
                .team
                .iter()
                .flat_map(|&at| teams(&text(at)))
                .collect();
            let status = columns.status.map(&text).unwrap_or_default();
            let left = columns.left.map(&text).unwrap_or_default();
            let (active, left) = self.standing(&status, &left, line);
            self.facts.people.push(Person {
                names,
                teams,
                active,
                left,
                evidence: self.document.at_record(NAME, format!("row {row}")),
            });
        }
    }

    fn yaml(&mut self) {
        for read in tree::documents(self.document.bytes) {
            let node = match read {
                Ok(node) => node,
                Err(error) => {
                    self.problems.push(error.problem(self.document, NAME));
                    continue;
                }
            };
            let Some((people, teams)) = sections(&node) else {
                let message = "a roster is a mapping with `people` or `teams`, both lists";
                self.problems
                    .push(self.problem(Some(node.line), ProblemKind::Malformed, message));
                continue;
            };
            for item in people {
                self.person(item);
            }
            for item in teams {
                self.team(item);
            }
        }
    }

    fn person(&mut self, item: &tree::Node) {
        let names: BTreeSet<Str> = item
            .entries()
            .iter()
            .filter(|(key, _)| {
                let key = plain(key);
                ADDRESS.contains(&key.as_str()) || LOGIN.contains(&key.as_str())
            })
            .flat_map(|(_, value)| texts(value))
            .flat_map(|text| people(&text))
            .chain(
                item.text()
                    .into_iter()
                    .flat_map(|t| people(&t.to_lowercase())),
            )
            .collect();
        if names.is_empty() {
            let message = "a person without address and login was left out";
            self.note(Some(item.line), ProblemKind::Malformed, message);
            return;
        }
        let first = |wanted: &[&str]| {
            item.entries()
                .iter()
                .find(|(key, _)| wanted.contains(&plain(key).as_str()))
                .and_then(|(_, value)| value.text())
                .unwrap_or_default()
                .to_lowercase()
        };
        let (status, left) = (first(&STATUS), first(&LEFT));
        let (active, left) = self.standing(&status, &left, Some(item.line));
        let teams = item
            .entries()
            .iter()
            .filter(|(key, _)| TEAM.contains(&plain(key).as_str()))
            .flat_map(|(_, value)| texts(value))
            .flat_map(|text| teams(&text))
            .collect();
        self.facts.people.push(Person {
            names,
            teams,
            active,
            left,
            evidence: self.document.at_line(NAME, item.line),
        });
    }

    fn team(&mut self, item: &tree::Node) {
        let names: BTreeSet<Str> = item
            .entries()
            .iter()
            .filter(|(key, _)| {
                let key = plain(key);
                matches!(key.as_str(), "name" | "slug" | "aliases")
                    || ADDRESS.contains(&key.as_str())
            })
            .flat_map(|(_, value)| texts(value))
            .chain(item.text().map(str::to_lowercase))
            .flat_map(|text| teams(&text))
            .collect();
        if names.is_empty() {
            let message = "a team without a name was left out";
            self.note(Some(item.line), ProblemKind::Malformed, message);
            return;
        }
        self.facts.teams.push(Team {
            names,
            members: item
                .get("members")
                .map(|members| texts(members).iter().flat_map(|m| people(m)).collect()),
            evidence: self.document.at_line(NAME, item.line),
        });
    }

    /// Whether somebody is still there, and until when. A date in the status column is a leaving date.
    fn standing(
        &mut self,
        status: &str,
        left: &str,
        line: Option<u32>,
    ) -> (Option<bool>, Option<Timestamp>) {
        let (mut active, known) =
            match status {
                "" => (None, true),
                "active" | "true" | "yes" | "y" | "1" | "enabled" | "employed" | "current"
                | "present" | "on leave" | "leave" | "leave of absence" | "probation"
                | "notice" => (Some(true), true),
                "inactive" | "false" | "no" | "n" | "0" | "disabled" | "left" | "terminated"
                | "departed" | "deactivated" | "suspended" | "former" | "offboarded"
                | "resigned" | "retired" | "dismissed" | "deleted" | "blocked"
                | "deprovisioned" => (Some(false), true),
                _ => (None, false),
            };
        if !known {
            let message = "the status is none that is known (active, inactive, left, terminated, …); \
                           taken as not stated";
            self.note(line, ProblemKind::Note, message);
        }
        let none = ["", "-", "n/a", "na", "none", "null", "never"].contains(&left);
        let date = Timestamp::parse(left);
        match left {
            _ if none || date.is_some() => {}
            "true" | "yes" | "y" | "1" => active = Some(false),
            "false" | "no" | "n" | "0" => active = active.or(Some(true)),
            _ => {
                let message = "the end date is not a date that can be read (YYYY-MM-DD)";
                self.note(line, ProblemKind::Note, message);
            }
        }
        (active, date)
    }

    fn note(&mut self, line: Option<u32>, kind: ProblemKind, message: &str) {
        if self.problems.len() < MAX_NOTES {
            self.problems.push(self.problem(line, kind, message));
        } else {
            self.dropped += 1;
        }
    }

    fn problem(&self, line: Option<u32>, kind: ProblemKind, message: &str) -> Problem {
        Problem {
            path: self.document.origin.path.clone(),
            line: line.filter(|&line| line > 0),
            column: None,
            kind,
            reader: NAME,
            message: message.into(),
        }
    }
}

fn sections(node: &tree::Node) -> Option<(&[tree::Node], &[tree::Node])> {
    let (people, teams) = (node.get("people"), node.get("teams"));
    (people.is_some() || teams.is_some()).then(|| {
        (
            people.map_or(&[][..], tree::Node::items),
            teams.map_or(&[][..], tree::Node::items),
        )
    })
}

fn plain(key: &str) -> String {
    key.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// A scalar, or the scalars of a list, lower case.
fn texts(node: &tree::Node) -> Vec<String> {
    node.text()
        .into_iter()
        .chain(node.items().iter().filter_map(tree::Node::text))
        .map(|text| text.trim().to_lowercase())
        .collect()
}

/// Logins and addresses in a cell.
fn people(cell: &str) -> Vec<Str> {
    cell.split([';', '|', ','])
        .map(|name| {
            name.trim()
                .trim_start_matches('@')
                .trim_start_matches("user:")
        })
        .filter(|name| Owner::parse(name).is_some())
        .map(Str::from)
        .collect()
}

/// Teams in a cell.
fn teams(cell: &str) -> Vec<Str> {
    cell.split([';', '|', ','])
        .filter_map(Owner::parse)
        .map(|team| Str::from(team.name()))
        .collect()
}
