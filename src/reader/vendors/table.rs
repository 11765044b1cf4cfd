//! Rows of registers: a vendor, a contract, a solution or a representative each.

use super::columns::{Columns, Sort};
use super::{NAME, problem};
use crate::model::{
    Contract, DataCategory, DateField, Document, Evidence, Facts, Owner, Problem, ProblemKind, Str,
    Vendor,
};
use crate::reader::registry::{MEANT, MODELS};
use crate::reader::selector;
use std::collections::BTreeSet;

/// How many doubtful rows are named one by one.
const MAX_NOTES: usize = 50;
/// How many rows of a table are read.
const MAX_ROWS: usize = 500_000;
/// Domains of mail that anybody can have.
const FREE_MAIL: [&str; 12] = [
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "yahoo.com",
    "icloud.com",
    "me.com",
    "proton.me",
    "protonmail.com",
    "gmx.de",
    "web.de",
];

/// A CSV file.
pub(super) fn csv(document: &Document<'_>) -> (Facts, Vec<Problem>) {
    let bytes = document.bytes;
    let Some((columns, delimiter)) = Columns::of_head(bytes) else {
        let message = "no header with a vendor's name and anything about it";
        return (Facts::default(), vec![problem(document, Some(1), message)]);
    };
    let mut rows = Rows::new(columns);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes));
    let mut record = csv::ByteRecord::new();
    // Rows are counted as a spreadsheet shows them: the header is row 1.
    let mut row = 1u32;
    // Reading from memory fails only by way of a defect; the rows before it stand.
    while reader.read_byte_record(&mut record).unwrap_or(false) && rows.read < MAX_ROWS {
        row = row.saturating_add(1);
        let line = record.position().and_then(|p| u32::try_from(p.line()).ok());
        let cells: Vec<String> = record
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).into_owned())
            .collect();
        rows.row(&cells, document.at_record(NAME, format!("row {row}")), line);
    }
    rows.finish(document)
}

/// Reads rows under known columns.
pub(super) struct Rows {
    columns: Columns,
    vendors: Vec<Vendor>,
    notes: Vec<(Option<u32>, &'static str)>,
    dropped: usize,
    read: usize,
}

impl Rows {
    pub(super) const fn new(columns: Columns) -> Self {
        Self {
            columns,
            vendors: Vec::new(),
            notes: Vec::new(),
            dropped: 0,
            read: 0,
        }
    }

    pub(super) fn finish(self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let note = |(line, message): (Option<u32>, &'static str)| Problem {
            kind: ProblemKind::Note,
            ..problem(document, line, message)
        };
        let mut problems: Vec<Problem> = self.notes.into_iter().map(note).collect();
        if self.dropped > 0 {
            let message = format!("{} more such rows", self.dropped);
            problems.push(problem(document, None, &message));
        }
        let facts = Facts {
            vendors: self.vendors,
            sources: vec![(NAME.into(), "*".into())],
            ..Facts::default()
        };
        (facts, problems)
    }

    fn note(&mut self, line: Option<u32>, message: &'static str) {
        match self.notes.len() < MAX_NOTES {
            true => self.notes.push((line, message)),
            false => self.dropped += 1,
        }
    }

    /// One row.
    pub(super) fn row(&mut self, row: &[String], evidence: Evidence, line: Option<u32>) {
        self.read += 1;
        if row.iter().all(|cell| cell.trim().is_empty()) {
            return;
        }
        let of = |sort| self.columns.first(row, sort);
        if self.columns.has(Sort::Provider) {
            let Some(provider) = of(Sort::Provider).map(str::to_owned) else {
                self.note(line, "a row without `provider_entity_ref_id` was left out");
                return;
            };
            let vendor = self.of_provider(&provider, row, evidence, line);
            self.vendors.push(vendor);
            return;
        }
        let (id, name) = (of(Sort::Id), of(Sort::Name));
        let Some(called) = id.or(name).map(str::to_owned) else {
            self.note(line, "a row without the name of a vendor was left out");
            return;
        };
        let mut vendor = Vendor::new(called, evidence);
        vendor.name = name.unwrap_or_default().into();
        // CISO Assistant calls its own folders domains.
        if !self.columns.has(Sort::Entity) {
            vendor.domains = self
                .columns
                .all(row, Sort::Domain)
                .flat_map(domains)
                .collect();
            vendor
                .domains
                .extend(self.columns.first(row, Sort::Mail).and_then(mail_domain));
        }
        vendor.aliases = self
            .list(row, Sort::Aliases)
            .map(|a| a.to_lowercase().into())
            .collect();
        vendor.accounts = self.list(row, Sort::Accounts).map(Str::from).collect();
        vendor.identities = self
            .list(row, Sort::Identities)
            .map(selector::by_id)
            .collect();
        vendor.owner = of(Sort::Owner).and_then(party);
        vendor.approver = of(Sort::Approver).and_then(party);
        vendor.accountability = of(Sort::Accountability).and_then(model);
        let owner = of(Sort::DataOwner).and_then(party);
        let names = self.list(row, Sort::Data).filter(|name| !says_none(name));
        let data: Vec<DataCategory> = names
            .map(|name| DataCategory {
                name: name.into(),
                owner: owner.clone(),
            })
            .collect();
        vendor.data = of(Sort::Data).map(|_| data);
        let reference = of(Sort::Contract).unwrap_or_default();
        if let Some(contract) = self.contract(reference, row, &vendor.evidence) {
            vendor.contracts.push(contract);
        }
        self.doubtful(&vendor.contracts.clone(), line);
        self.vendors.push(vendor);
    }

    /// A row of contracts, solutions or representatives: part of what is known of its vendor.
    fn of_provider(
        &mut self,
        provider: &str,
        row: &[String],
        evidence: Evidence,
        line: Option<u32>,
    ) -> Vendor {
        let mut vendor = Vendor::new(provider, evidence);
        let of = |sort| self.columns.first(row, sort);
        if let Some(address) = of(Sort::Mail) {
            vendor.domains.extend(mail_domain(address));
        } else if self.columns.has(Sort::End) || self.columns.has(Sort::Start) {
            let reference = of(Sort::Id).or(of(Sort::Name)).unwrap_or_default();
            vendor
                .contracts
                .extend(self.contract(reference, row, &vendor.evidence));
            self.doubtful(&vendor.contracts.clone(), line);
        } else {
            // What it sells is what people call it by.
            vendor
                .aliases
                .extend(of(Sort::Name).map(|name| Str::from(name.to_lowercase())));
        }
        vendor
    }

    fn contract(&self, reference: &str, row: &[String], evidence: &Evidence) -> Option<Contract> {
        let date = |sort| match self.columns.has(sort) {
            true => DateField::read(Some(self.columns.first(row, sort).unwrap_or_default())),
            false => DateField::Absent,
        };
        let status = self.columns.first(row, Sort::Status).map(status);
        let contract = Contract {
            reference: reference.into(),
            status,
            start: date(Sort::Start),
            end: date(Sort::End),
            evidence: evidence.clone(),
        };
        let said = |date: &DateField| !matches!(date, DateField::Absent | DateField::Empty);
        let any = contract.status.is_some() || said(&contract.start) || said(&contract.end);
        (any || !reference.is_empty()).then_some(contract)
    }

    fn doubtful(&mut self, contracts: &[Contract], line: Option<u32>) {
        let unread =
            |date: &DateField| matches!(date, DateField::Ambiguous(_) | DateField::Malformed(_));
        if contracts.iter().any(|c| unread(&c.start) || unread(&c.end)) {
            self.note(
                line,
                "a date of a contract cannot be read, or in two ways; write it as YYYY-MM-DD",
            );
        }
    }

    /// The parts of a list in a cell.
    fn list<'r>(&self, row: &'r [String], sort: Sort) -> impl Iterator<Item = &'r str> {
        let cells = self.columns.all(row, sort);
        let parts = cells.flat_map(|cell| cell.split([',', ';', '|', '\n']));
        parts.map(str::trim).filter(|part| !part.is_empty())
    }
}

fn party(text: &str) -> Option<(Owner, Str)> {
    Some((Owner::parse(text)?, text.into()))
}

/// A status as registers write it; `active: true` is one, too.
pub(super) fn status(text: &str) -> Str {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" => "active".into(),
        "false" | "no" | "n" | "0" => "inactive".into(),
        other => other.into(),
    }
}

fn model(text: &str) -> Option<Str> {
    let word = text.trim().to_lowercase().replace([' ', '_'], "-");
    let own = MODELS.into_iter().find(|model| *model == word);
    let meant = || MEANT.into_iter().find(|(other, _)| *other == word);
    own.or_else(|| meant().map(|(_, model)| model))
        .map(Str::from)
}

fn says_none(text: &str) -> bool {
    matches!(
        text.to_lowercase().as_str(),
        "none" | "no" | "n/a" | "na" | "-" | "no data"
    )
}

/// The hosts of a list of domains or addresses of pages.
pub(super) fn domains(text: &str) -> BTreeSet<Str> {
    let parts = text.split([',', ';', '|', '\n', ' ']);
    parts
        .filter_map(|part| {
            let rest = part.split_once("://").map_or(part, |(_, rest)| rest);
            let host = rest.split(['/', '?', '#', ':']).next()?;
            let host = host.rsplit('@').next()?.trim_start_matches(['*', '.']);
            let host = host.strip_prefix("www.").unwrap_or(host).to_lowercase();
            let plain = host
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'));
            (plain
                && host.contains('.')
                && host.len() <= 253
                && !FREE_MAIL.contains(&host.as_str()))
            .then(|| host.into())
        })
        .collect()
}

fn mail_domain(address: &str) -> Option<Str> {
    domains(address.rsplit_once('@')?.1).into_iter().next()
}
