//! Registers of vendors and other third parties: `vendors.yaml` of our own form, CSV exports with the headers that
//! registers usually have, and CISO Assistant's third parties as a workbook or as one CSV a sheet.
//!
//! The published schema of the first is `rules/vendors.schema.json`; a test keeps it and this reader in step.
//! CISO Assistant's sheets are those of its export and of its template (`tprm/views.py`, `data_wizard`).

mod columns;
mod file;
mod table;
mod workbook;

use super::Reader;
use crate::model::{Document, Facts, Probe, Problem, ProblemKind};

const NAME: &str = "vendors";
/// The directory of a register in several files.
const DIRECTORY: &str = "vendors.d";
/// What files that hold registers are called.
const WORDS: [&str; 8] = [
    "vendor",
    "supplier",
    "thirdpart",
    "third-part",
    "third_part",
    "third part",
    "tprm",
    "ciso",
];
/// Largest part of a workbook that is read.
const LARGEST_PART: usize = 32 << 20;

/// Reads registers of vendors.
#[derive(Debug)]
pub struct Vendors;

impl Reader for Vendors {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let path = &probe.origin.path;
        if let Some((book, part)) = workbook::part(path) {
            return named(book) && workbook::wanted(part);
        }
        if probe.binary {
            return false;
        }
        if probe.has_extension(&["csv", "tsv"]) {
            let columns = columns::Columns::of_head(probe.head);
            let name = probe.origin.file_name();
            let contracts = || name.to_lowercase().contains("contract");
            return columns.is_some_and(|(columns, _)| {
                let register = named(name) || contracts() && columns.names_vendors();
                columns.is_exchange() || register && columns.is_register()
            });
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some((stem, "yaml" | "yml")) = name.rsplit_once('.') else {
            return false;
        };
        let stem = stem.to_lowercase();
        let ours = matches!(stem.as_str(), "vendors" | "vendor-register" | "suppliers")
            || stem.ends_with(".vendors")
            || folder.rsplit('/').next() == Some(DIRECTORY);
        // Others keep lists under such names, too.
        ours && (probe.head.starts_with(b"vendors:") || probe.head_contains("\nvendors:"))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        if workbook::part(&document.origin.path).is_some() {
            let problem = problem(
                document,
                None,
                "the part of the workbook is too large to be read",
            );
            return (Facts::default(), vec![problem]);
        }
        let name = document.origin.file_name().to_lowercase();
        if name.ends_with(".csv") || name.ends_with(".tsv") {
            return table::csv(document);
        }
        file::read(document)
    }

    fn gathers(&self, document: &Document<'_>) -> bool {
        workbook::part(&document.origin.path).is_some() && document.bytes.len() <= LARGEST_PART
    }

    fn read_together(&self, documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
        workbook::read(documents)
    }
}

/// Whether a file is called as registers of vendors are.
fn named(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

fn problem(document: &Document<'_>, line: Option<u32>, message: &str) -> Problem {
    Problem {
        path: document.origin.path.clone(),
        line,
        column: None,
        kind: ProblemKind::Malformed,
        reader: NAME,
        message: message.into(),
    }
}
