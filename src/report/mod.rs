//! Reports: one file per output format.
//!
//! A [`Report`] is a view of a snapshot, sorted, filtered and counted. Writers only write: they take
//! what the view holds, in its order, and know no platform. What comes from inputs (names, paths,
//! messages) is hostile, so each writer passes it through [`text`] or its own format's escaping.

pub mod view;

pub mod subject;

mod label;

mod fold;

pub mod show;

pub mod can;

mod text;
pub use text::{count as counted, safe};

mod terminal;

mod csv;

mod json;

mod sarif;

mod markdown;

mod details;

pub mod container;

pub mod owners;

pub mod scorecard;

mod reconciliation;

mod jobs;

mod unused;

mod paint;

pub mod changes;

pub use owners::sides;
pub use subject::{ref_id, tier as own_tier};
pub use view::{Report, ViewOptions};

use std::fmt;
use std::io;
use std::str::FromStr;

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Terminal,
    /// One table as comma-separated values.
    Csv(Table),
    /// The snapshot itself.
    Json,
    /// SARIF 2.1.0, as code hosts take it.
    Sarif,
    /// For a pull request or a ticket.
    Markdown,
}

/// A table that can be written as CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// One row for each subject with an open finding or without an owner.
    OwnershipGaps,
    /// One row for each identity and each credential.
    Inventory,
    /// One row for each finding, waived ones included.
    Findings,
    /// One row for each owner.
    Owners,
    /// The registry beside what was found: one row for each entry and identity it speaks of, and for each identity
    /// that none speaks of.
    Registry,
}

impl Format {
    /// Every format with its name.
    pub const ALL: [(&'static str, Self); 9] = [
        ("terminal", Self::Terminal),
        ("csv", Self::Csv(Table::OwnershipGaps)),
        ("csv-inventory", Self::Csv(Table::Inventory)),
        ("csv-findings", Self::Csv(Table::Findings)),
        ("csv-owners", Self::Csv(Table::Owners)),
        ("csv-registry", Self::Csv(Table::Registry)),
        ("json", Self::Json),
        ("sarif", Self::Sarif),
        ("markdown", Self::Markdown),
    ];
}

/// The files of a whole report directory.
pub const FILES: [(&str, Format); 8] = [
    ("ownership-gaps.csv", Format::Csv(Table::OwnershipGaps)),
    ("inventory.csv", Format::Csv(Table::Inventory)),
    ("findings.csv", Format::Csv(Table::Findings)),
    ("owners.csv", Format::Csv(Table::Owners)),
    ("registry.csv", Format::Csv(Table::Registry)),
    ("report.json", Format::Json),
    ("report.sarif", Format::Sarif),
    ("report.md", Format::Markdown),
];

/// A format name that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownFormat;

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = Format::ALL.iter().map(|(name, _)| *name).collect();
        write!(f, "no such format; there are {}", names.join(", "))
    }
}

impl std::error::Error for UnknownFormat {}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let mut all = Self::ALL.into_iter();
        all.find(|(known, _)| *known == name)
            .map(|(_, format)| format)
            .ok_or(UnknownFormat)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = Self::ALL.iter();
        let name = all.find(|(_, format)| format == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

/// How to write, where a format leaves a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether the terminal formats use colour.
    pub color: bool,
    /// How many columns the terminal has.
    pub width: usize,
    /// Whether CSV cells are left as they are, for machines, instead of being made harmless to
    /// spreadsheets.
    pub raw_csv: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            color: false,
            width: 100,
            raw_csv: false,
        }
    }
}

/// Writes a report.
pub fn write(
    format: Format,
    report: &Report<'_>,
    out: &mut dyn io::Write,
    style: &Style,
) -> io::Result<()> {
    match format {
        Format::Terminal => terminal::write(report, out, style),
        Format::Csv(table) => csv::write(table, report, out, style),
        Format::Json => json::write(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Markdown => markdown::write(report, out),
    }
}
