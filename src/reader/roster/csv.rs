//! Tables: exports of personnel systems and directories, lists of teams and of their members, maps of aliases.

use super::columns::{Column, Columns, Hint};
use super::names;
use super::reading::{At, Reading, Standing, text};
use super::status::human;
use crate::model::{Person, Probe, ProblemKind, Str};
use std::collections::BTreeSet;

/// Whether a table is a roster.
pub(super) fn accepts(probe: &Probe<'_>) -> bool {
    let hint = Hint::of(probe.origin.file_name());
    if !probe.has_extension(&["csv", "tsv"]) {
        // A text needs the name, too.
        let named = matches!(hint, Hint::Roster | Hint::Aliases);
        if !(named && probe.has_extension(&["txt"])) {
            return false;
        }
    }
    Columns::of(probe.head).is_some_and(|columns| Table::of(&columns, hint).is_some())
}

/// What the rows of a table are.
#[derive(Clone, Copy)]
enum Table {
    People,
    Teams,
    Aliases,
}

impl Table {
    fn of(columns: &Columns, hint: Hint) -> Option<Self> {
        if columns.of_people(hint) || columns.of_members(hint) {
            Some(Self::People)
        } else if columns.of_teams() {
            Some(Self::Teams)
        } else {
            columns.of_aliases(hint).then_some(Self::Aliases)
        }
    }
}

/// A record of known columns, and where it stands.
pub(super) struct Row<'r> {
    cells: Vec<(Column, &'r str)>,
    at: At<'r>,
}

impl<'r> Row<'r> {
    pub(super) const fn new(cells: Vec<(Column, &'r str)>, at: At<'r>) -> Self {
        Self { cells, at }
    }

    /// The cells of the columns of a kind that are not empty.
    fn all(&self, kind: Column) -> impl Iterator<Item = &'r str> + '_ {
        let cells = self.cells.iter().filter(move |(column, _)| *column == kind);
        cells
            .map(|(_, cell)| cell.trim())
            .filter(|cell| !cell.is_empty())
    }

    fn first(&self, kind: Column) -> Option<&'r str> {
        self.all(kind).next()
    }

    pub(super) fn has(&self, kind: Column) -> bool {
        self.cells.iter().any(|(column, _)| *column == kind)
    }
}

/// Reads a table.
pub(super) fn read(reading: &mut Reading<'_>) {
    let bytes = text(reading.document.bytes);
    let hint = Hint::of(reading.document.origin.file_name());
    let columns = Columns::of(bytes.as_bytes());
    let table = columns
        .as_ref()
        .and_then(|columns| Table::of(columns, hint));
    let (Some(columns), Some(table)) = (columns, table) else {
        let message = "no header with an e-mail or login column and a status or end-date column";
        return reading.problem(Some(1), ProblemKind::Malformed, message);
    };
    let rows = bytes.as_bytes().get(columns.skip..).unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(columns.delimiter)
        .trim(csv::Trim::All)
        .from_reader(rows);
    let mut record = csv::StringRecord::new();
    let mut lines = Lines {
        rows,
        at: 0,
        line: columns.lines.saturating_add(1),
    };
    // Rows are counted as a spreadsheet shows them: the header is row 1.
    let mut row = columns.lines.saturating_add(1);
    // Reading text from memory fails only by way of a defect; the rows before it stand.
    while reader.read_record(&mut record).unwrap_or(false) {
        row = row.saturating_add(1);
        let start = record.position().map_or(0, |position| position.byte());
        let line = lines.at(usize::try_from(start).unwrap_or(usize::MAX));
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let row = Row::new(columns.cells(&record), At::Row(row, line));
        match table {
            Table::People => person(reading, &row),
            Table::Teams => team(reading, &row),
            Table::Aliases => alias(reading, &row),
        }
    }
}

/// Counts lines up to positions that only grow. (The parser's own count lags behind where lines end in CR LF.)
struct Lines<'a> {
    rows: &'a [u8],
    at: usize,
    line: u32,
}

impl Lines<'_> {
    /// The line of a record that begins here, or behind the ends of lines that stand here.
    fn at(&mut self, position: usize) -> u32 {
        let rest = self.rows.get(position..).unwrap_or_default();
        let ends = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
        let position = position.saturating_add(ends.count());
        let between = self.rows.get(self.at..position).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', between).count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(0));
        self.at = position.max(self.at);
        self.line
    }
}

/// Takes a row for a person.
pub(super) fn person(reading: &mut Reading<'_>, row: &Row<'_>) {
    // A list of members has groups in groups, too.
    let nested = row.first(Column::Kind).is_some_and(|kind| {
        let kind = kind.to_lowercase();
        matches!(kind.as_str(), "group" | "#microsoft.graph.group")
    });
    if nested {
        return nested_group(reading, row);
    }
    let mut cells = row.all(Column::Mail).chain(row.all(Column::Login));
    if cells.any(|cell| cell.contains('\n')) {
        let message = "an address or login goes over several lines: a quotation mark may not be closed; the row was \
                       left out";
        return reading.say(row.at, ProblemKind::Malformed, message);
    }
    let mut person = reading.person(row.at);
    names_of(&mut person, row);
    let ids = row.all(Column::Id);
    let ids: Vec<Str> = ids
        .filter_map(|id| names::id(reading.document, id))
        .collect();
    let standing = standing(reading, row);
    person.active = standing.active;
    person.left = standing.left;
    // In a list of members it is the membership that is active.
    let membership = row.has(Column::Team) && !row.has(Column::Gone) && row.has(Column::Role);
    if membership && person.active == Some(true) {
        person.active = None;
    }
    person.human = row.all(Column::Kind).find_map(human);
    if row.all(Column::Status).any(machine) {
        person.human = Some(false);
    }
    person.teams = row.all(Column::Team).flat_map(names::teams).collect();
    let managers = || row.all(Column::Manager);
    person.manager = row
        .all(Column::ManagerMail)
        .find_map(names::address)
        .or_else(|| managers().find_map(names::login))
        .or_else(|| managers().find_map(|name| Some(names::display(name)?.to_lowercase().into())));
    // An id alone names nobody that anyone would write down.
    if !person.names.is_empty() {
        person.names.extend(ids);
    }
    reading.add_person(person, row.at, ProblemKind::Note);
}

/// Chats list programs among their members, with this for a status.
fn machine(status: &str) -> bool {
    matches!(status.to_lowercase().as_str(), "bot" | "app")
}

fn names_of(person: &mut Person, row: &Row<'_>) {
    for cell in row.all(Column::Mail) {
        for name in cell.split([';', '|', ',', '\n']) {
            let mail = names::address(name);
            person.names.extend(names::guest(name));
            person.names.extend(mail.clone());
            person.mail = person.mail.take().or(mail);
        }
    }
    let others = row.all(Column::OtherMail);
    let others = others.flat_map(|cell| cell.split([';', '|', ',', ' ', '\n']));
    person.names.extend(others.filter_map(names::address));
    for kind in [Column::Login, Column::Aliases] {
        // Lists in columns begin with their length.
        let cells = row.all(kind);
        let cells = cells.filter(|cell| kind != Column::Aliases || cell.parse::<u32>().is_err());
        person.names.extend(cells.flat_map(names::people));
    }
    let mut display = |name: &str| person.display.extend(names::display(name));
    for name in row.all(Column::Name).chain(row.all(Column::Preferred)) {
        display(name);
        // `Doe, Jane`
        if let Some((last, first)) = name.split_once(',') {
            display(&format!("{first} {last}"));
        }
    }
    let last: Vec<&str> = row.all(Column::Last).collect();
    // `Nombre` beside `Apellidos` is a first name.
    for kind in [Column::First, Column::Preferred, Column::Name] {
        let first = row.all(kind).next();
        let first = first.filter(|first| kind != Column::Name || !first.contains(' '));
        if let (Some(first), Some(last)) = (first, last.first())
            && !first.contains(last)
        {
            display(&format!("{first} {last}"));
        }
    }
}

fn standing(reading: &mut Reading<'_>, row: &Row<'_>) -> Standing {
    let mut standing = Standing::default();
    for cell in row.all(Column::Status) {
        if !machine(cell) {
            standing.and(reading.status(cell, row.at));
        }
    }
    for cell in row.all(Column::Control) {
        // ACCOUNTDISABLE
        standing.and(cell.parse::<u32>().ok().map(|flags| flags & 2 == 0));
    }
    for cell in row.all(Column::Gone) {
        let left = reading.leaving(cell, row.at);
        standing.and(left.active);
        standing.left = standing.left.min(left.left).or(standing.left).or(left.left);
    }
    standing
}

/// A row of a list of members that is a group.
fn nested_group(reading: &mut Reading<'_>, row: &Row<'_>) {
    let inner = row.first(Column::Mail).and_then(names::address);
    let inner = inner.or_else(|| {
        row.first(Column::Id)
            .and_then(|id| names::id(reading.document, id))
    });
    for outer in row.all(Column::Team).flat_map(names::teams) {
        let mut team = reading.team(row.at);
        team.names.insert(outer);
        let member = inner
            .as_ref()
            .map(|name| Str::from(format!("group:{name}")));
        team.members = Some(member.into_iter().collect());
        reading.add_team(team, row.at);
    }
}

fn team(reading: &mut Reading<'_>, row: &Row<'_>) {
    let mut team = reading.team(row.at);
    team.mail = row.all(Column::Mail).find_map(names::address);
    team.names.extend(team.mail.clone());
    for name in row.all(Column::Name).chain(row.all(Column::Team)) {
        team.names.extend(names::team(name));
        team.display.extend(names::display(name));
    }
    team.names
        .extend(row.all(Column::Aliases).flat_map(names::teams));
    if !team.names.is_empty() {
        let ids = row.all(Column::Id);
        team.names
            .extend(ids.filter_map(|id| names::id(reading.document, id)));
    }
    let members = row.all(Column::Members).flat_map(|cell| {
        let cells = cell.split([';', '|', ',', '\n', ' ']);
        cells.filter_map(names::login)
    });
    let members: BTreeSet<Str> = members.collect();
    let count = row
        .all(Column::Count)
        .find_map(|cell| cell.parse::<usize>().ok());
    let listed = row.has(Column::Members);
    team.partial = listed && count.is_some_and(|count| count > members.len());
    team.members = (listed || count == Some(0)).then_some(members);
    reading.add_team(team, row.at);
}

/// One party a row: the first column's name stands for all.
fn alias(reading: &mut Reading<'_>, row: &Row<'_>) {
    let mut names = BTreeSet::new();
    let mail = row.all(Column::Mail).find_map(names::address);
    for kind in [Column::Mail, Column::OtherMail] {
        names.extend(row.all(kind).filter_map(names::address));
    }
    names.extend(row.all(Column::Login).filter_map(names::login));
    // A name and its aliases may be a team's or a display name: kept as spelt.
    for cell in row.all(Column::Aliases) {
        names.extend(spellings(cell));
    }
    let written = row.first(Column::Name).or(row.first(Column::Team));
    names.extend(written.into_iter().flat_map(spelling));
    let first = written.and_then(spelling);
    let name = first.or(mail).or_else(|| names.first().cloned());
    match name {
        Some(name) => reading.add_alias(name, names, row.at),
        None => reading.note(row.at, "a row without a name was left out"),
    }
}

/// Spellings of a party in one cell.
pub(super) fn spellings(cell: &str) -> impl Iterator<Item = Str> + '_ {
    cell.split([';', '|', ',', '\n']).filter_map(spelling)
}

/// A spelling of a party, lower case: an address, a login, a team or a display name.
pub(super) fn spelling(text: &str) -> Option<Str> {
    let text = text.trim();
    names::address(text).or_else(|| Some(names::display(text)?.to_lowercase().into()))
}
