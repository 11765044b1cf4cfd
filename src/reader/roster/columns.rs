//! What the columns of a table say, by their headers: in whatever order, spelling and language they come.

use super::headers::{
    ALIASES, COUNT, FIRST, FOREIGN, GONE, ID, KIND, LAST, LOGIN, MAIL, MANAGER, MANAGER_MAIL,
    MEMBERS, NAME, OTHER_MAIL, PERSONNEL, PREFERRED, STATUS, TEAM,
};
use super::reading::text;

/// What a column says of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// The main address.
    Mail,
    /// Further addresses.
    OtherMail,
    Login,
    /// Names of the same party, in any form.
    Aliases,
    /// An id of the directory.
    Id,
    /// A status, or whether somebody is active.
    Status,
    /// Whether or when somebody left.
    Gone,
    Team,
    Manager,
    ManagerMail,
    /// A display name.
    Name,
    Preferred,
    First,
    Last,
    /// What kind of worker or account it is.
    Kind,
    /// Members, which make the row a team.
    Members,
    /// How many members there are, which make the row a team.
    Count,
    /// What somebody is in a group.
    Role,
    /// Something that only personnel systems and directories have.
    Personnel,
    /// Flags of an account in Active Directory.
    Control,
    /// Something that rosters do not have.
    Foreign,
}

/// The kind of a column by its header.
pub(super) fn kind(header: &str) -> Option<Column> {
    // `Termination Date (YYYY-MM-DD)`, `name.fullName`, `aliases.0`, `Work › Team`.
    let header = header.split('(').next().unwrap_or_default();
    let plain: String = header
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    // `Employee #`
    if header.trim_end().ends_with('#') {
        return Some(Column::Personnel);
    }
    let letters: String = plain.chars().filter(|c| !c.is_ascii_digit()).collect();
    let by = |name: &str| {
        [
            (MAIL, Column::Mail),
            (OTHER_MAIL, Column::OtherMail),
            (LOGIN, Column::Login),
            (ALIASES, Column::Aliases),
            (ID, Column::Id),
            (STATUS, Column::Status),
            (GONE, Column::Gone),
            (TEAM, Column::Team),
            (MANAGER, Column::Manager),
            (MANAGER_MAIL, Column::ManagerMail),
            (PREFERRED, Column::Preferred),
            (FIRST, Column::First),
            (LAST, Column::Last),
            (KIND, Column::Kind),
            (MEMBERS, Column::Members),
            (COUNT, Column::Count),
            (NAME, Column::Name),
            (FOREIGN, Column::Foreign),
            (PERSONNEL, Column::Personnel),
            (&["useraccountcontrol"], Column::Control),
            (
                &["role", "grouprole", "memberrole", "accesslevel"],
                Column::Role,
            ),
        ]
        .into_iter()
        .find(|(names, _)| names.contains(&name))
        .map(|(_, kind)| kind)
    };
    by(&plain).or_else(|| by(&letters))
}

/// What a file's name says of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// That it is a roster.
    Roster,
    /// Users of something.
    Users,
    /// Names of the same people.
    Aliases,
    Nothing,
}

impl Hint {
    pub(super) fn of(file_name: &str) -> Self {
        let name = file_name.to_lowercase();
        let words = || name.split(|c: char| !c.is_alphanumeric());
        let any = |parts: &[&str], wanted: &[&str]| {
            parts.iter().any(|part| name.contains(part)) || words().any(|w| wanted.contains(&w))
        };
        let roster = [
            "roster",
            "employee",
            "people",
            "personnel",
            "mitarbeiter",
            "headcount",
            "empleados",
            "leavers",
            "workforce",
            "colaboradores",
            "medewerkers",
            "dipendenti",
        ];
        let words = ["hr", "hris", "staff", "workers", "salariés", "personal"];
        if any(
            &["aliases", "mailmap", "loginmap", "usermap"],
            &["alias", "identities", "logins"],
        ) {
            Self::Aliases
        } else if any(&roster, &words) {
            Self::Roster
        } else if any(
            &[],
            &[
                "users",
                "user",
                "members",
                "accounts",
                "benutzer",
                "directory",
            ],
        ) {
            Self::Users
        } else {
            Self::Nothing
        }
    }
}

/// A table's header.
pub(super) struct Columns {
    pub delimiter: u8,
    /// How many bytes stand before the header.
    pub skip: usize,
    /// How many lines.
    pub lines: u32,
    kinds: Vec<Option<Column>>,
}

impl Columns {
    /// From the first lines of a text; `None` when no header can be told.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let head = text(bytes.get(..bytes.len().min(8 * 1024)).unwrap_or_default());
        // Counted in the text's own bytes: the caller cuts the same text.
        let (mut skip, mut lines) = (0, 0);
        let mut told = None;
        for line in head.split_inclusive('\n').take(4) {
            let trimmed = line.trim();
            match trimmed.strip_prefix("sep=") {
                // What spreadsheets and PowerShell write above a table.
                Some(given) => told = given.bytes().next(),
                None if trimmed.is_empty() || trimmed.starts_with("#TYPE") => {}
                None => {
                    let columns = Self::header(trimmed, told)?;
                    return Some(Self {
                        skip,
                        lines,
                        ..columns
                    });
                }
            }
            skip += line.len();
            lines += 1;
        }
        None
    }

    fn header(line: &str, told: Option<u8>) -> Option<Self> {
        let line = line.trim_start_matches('#').trim_start();
        let count = |delimiter: u8| memchr::memchr_iter(delimiter, line.as_bytes()).count();
        let most = [b'|', b',', b';', b'\t']
            .into_iter()
            .rev()
            .max_by_key(|&delimiter| count(delimiter))?;
        let delimiter = told.unwrap_or(most);
        let mut record = csv::StringRecord::new();
        csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter)
            .from_reader(line.as_bytes())
            .read_record(&mut record)
            .ok()?;
        let mut kinds: Vec<Option<Column>> = record.iter().map(kind).collect();
        // Beside another status, a state is one of a country.
        let other = |record: &csv::StringRecord, state: &str| {
            record.iter().any(|header| {
                let told = matches!(kind(header), Some(Column::Status))
                    || state == "state" && matches!(kind(header), Some(Column::Gone));
                told && !header.trim().eq_ignore_ascii_case(state)
            })
        };
        for (slot, header) in kinds.iter_mut().zip(&record) {
            let state = header.trim().to_lowercase();
            if matches!(state.as_str(), "state" | "estado" | "stato") && other(&record, &state) {
                *slot = None;
            }
        }
        Some(Self {
            delimiter,
            skip: 0,
            lines: 0,
            kinds,
        })
    }

    /// The cells of a row whose columns are known.
    pub(super) fn cells<'r>(&self, row: &'r csv::StringRecord) -> Vec<(Column, &'r str)> {
        let cells = self.kinds.iter().zip(row);
        cells
            .filter_map(|(kind, cell)| Some(((*kind)?, cell)))
            .collect()
    }

    pub(super) fn has(&self, wanted: Column) -> bool {
        self.kinds.contains(&Some(wanted))
    }

    fn any(&self, wanted: &[Column]) -> bool {
        wanted.iter().any(|kind| self.has(*kind))
    }

    /// How many columns there are.
    pub(super) fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether a row names somebody.
    fn names(&self) -> bool {
        self.any(&[Column::Mail, Column::Login])
    }

    /// Whether the table says who is there and who is not. Where the file's name does not say that it is a roster,
    /// more than two columns must.
    pub(super) fn of_people(&self, hint: Hint) -> bool {
        let named = hint == Hint::Roster;
        let told = self.any(&[Column::Status, Column::Gone, Column::Control]);
        let personnel = [
            Column::First,
            Column::Last,
            Column::Preferred,
            Column::Manager,
            Column::ManagerMail,
            Column::Personnel,
            Column::Team,
        ];
        let more = personnel.iter().filter(|kind| self.has(**kind)).count()
            + usize::from(hint == Hint::Users);
        let left = self.has(Column::Status) && self.has(Column::Gone);
        self.names()
            && !self.of_teams()
            && match named {
                true => {
                    told && !self.has(Column::Foreign) || told && self.has(Column::Mail) && more > 0
                }
                false => {
                    told && self.has(Column::Mail)
                        && !self.has(Column::Foreign)
                        && (more > 0 || left)
                }
            }
    }

    /// Whether the table says who is in which team, one row for each of them: GAM's and Entra's lists of members.
    pub(super) fn of_members(&self, hint: Hint) -> bool {
        let named = hint == Hint::Roster;
        let kinds = self.any(&[Column::Kind, Column::Personnel, Column::Id, Column::Name]);
        self.names()
            && self.has(Column::Team)
            && !self.has(Column::Foreign)
            && (named || self.has(Column::Mail) && kinds)
    }

    /// Whether each row is a team.
    pub(super) fn of_teams(&self) -> bool {
        self.any(&[Column::Members, Column::Count])
            && self.any(&[Column::Mail, Column::Team, Column::Name])
            && !self.has(Column::Foreign)
    }

    /// Whether each row gives the names of one party, and nothing else.
    pub(super) fn of_aliases(&self, hint: Hint) -> bool {
        let named = hint == Hint::Aliases;
        let names = [
            Column::Mail,
            Column::OtherMail,
            Column::Login,
            Column::Aliases,
            Column::Name,
            Column::Team,
            Column::Id,
        ];
        let only = self
            .kinds
            .iter()
            .all(|kind| kind.is_some_and(|kind| names.contains(&kind)));
        let pairs = self.has(Column::Aliases)
            && self.any(&[Column::Mail, Column::Login, Column::Name, Column::Team])
            || self.has(Column::Login) && self.has(Column::Mail);
        only && pairs && self.len() >= 2 && (named || self.len() == 2 && self.has(Column::Mail))
    }
}
