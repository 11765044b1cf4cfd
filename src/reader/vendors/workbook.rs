//! Workbooks (ECMA-376, Office Open XML): the parts that a sheet's cells are told by. The archive around them is
//! opened, and bounded, by whoever opens all archives; here are only its parts.

use super::columns::Columns;
use super::table::Rows;
use super::{NAME, problem};
use crate::model::{Document, Facts, Problem, Timestamp};
use crate::reader::markup::{self, Element};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Where in an archive the parts of a workbook stand.
const INSIDE: &str = "!/xl/";
/// How many columns of a sheet are read.
const MAX_COLUMNS: usize = 256;
/// How many first rows may stand above the header.
const ABOVE_HEADER: usize = 10;
/// Longest text of a cell that is kept: what a spreadsheet allows.
const MAX_CELL: usize = 32_767;
/// How many bytes of texts the cells of one sheet may come to: shared ones count each time.
const MAX_SHEET: usize = 64 << 20;
/// Days from the first day of spreadsheets to that of Unix. The 1900 system takes 1900 for a leap year, so that from
/// March of that year on its day 0 is 1899-12-30.
const EPOCH: f64 = 25_569.0;
/// What the 1904 system begins later.
const LATER: f64 = 1_462.0;

/// The workbook and the part of it that a path is of.
pub(super) fn part(path: &str) -> Option<(&str, &str)> {
    let (book, part) = path.rsplit_once(INSIDE)?;
    let lower = book.to_lowercase();
    (lower.ends_with(".xlsx") || lower.ends_with(".xlsm")).then_some((book, part))
}

/// Whether a part tells of cells.
pub(super) fn wanted(part: &str) -> bool {
    matches!(
        part,
        "workbook.xml" | "_rels/workbook.xml.rels" | "sharedStrings.xml" | "styles.xml"
    ) || part.starts_with("worksheets/") && part.ends_with(".xml")
}

/// All workbooks whose parts these are.
pub(super) fn read(documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
    let mut books: BTreeMap<&str, BTreeMap<&str, Document<'_>>> = BTreeMap::new();
    for document in documents {
        if let Some((book, part)) = part(&document.origin.path) {
            books.entry(book).or_default().insert(part, *document);
        }
    }
    let mut facts = Facts::default();
    let mut problems = Vec::new();
    for parts in books.values() {
        let book = Book::new(parts, &mut problems);
        for (name, document) in &book.sheets {
            book.sheet(name, document, &mut facts, &mut problems);
        }
    }
    (facts, problems)
}

/// What the sheets of a workbook have in common.
struct Book<'d> {
    strings: Vec<String>,
    /// Which styles of cells show dates.
    dates: Vec<bool>,
    since_1904: bool,
    /// By name.
    sheets: Vec<(String, Document<'d>)>,
}

/// A name without the prefix of its namespace.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn children<'e>(element: &'e Element, name: &str) -> impl Iterator<Item = &'e Element> {
    let name = name.to_owned();
    let mut children = element.children.iter();
    std::iter::from_fn(move || children.find(|child| local(&child.name) == name))
}

fn attribute<'e>(element: &'e Element, name: &str) -> Option<&'e str> {
    let found = element.attributes.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

fn parse(document: &Document<'_>, problems: &mut Vec<Problem>) -> Element {
    let bytes = document.bytes;
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let parsed = match std::str::from_utf8(bytes) {
        Ok(text) => markup::parse(text),
        Err(_) => Err((1, "the part of the workbook is not UTF-8")),
    };
    parsed.unwrap_or_else(|(line, message)| {
        problems.push(problem(document, Some(line), message));
        Element::default()
    })
}

impl<'d> Book<'d> {
    fn new(parts: &BTreeMap<&str, Document<'d>>, problems: &mut Vec<Problem>) -> Self {
        let mut tree = |part: &str| parts.get(part).map(|document| parse(document, problems));
        let strings = tree("sharedStrings.xml").unwrap_or_default();
        let strings = children(&strings, "si").map(text).collect();
        let dates = tree("styles.xml")
            .map(|styles| date_styles(&styles))
            .unwrap_or_default();
        let workbook = tree("workbook.xml").unwrap_or_default();
        let links = tree("_rels/workbook.xml.rels").unwrap_or_default();
        let targets: HashMap<&str, &str> = children(&links, "Relationship")
            .filter_map(|link| Some((attribute(link, "Id")?, attribute(link, "Target")?)))
            .collect();
        let since_1904 = children(&workbook, "workbookPr")
            .any(|p| matches!(attribute(p, "date1904"), Some("1" | "true")));
        let mut sheets: Vec<(String, Document<'d>)> = Vec::new();
        // A sheet is read once, however many names of the workbook lead to it.
        let mut read = BTreeSet::new();
        for sheet in children(&workbook, "sheets").flat_map(|all| children(all, "sheet")) {
            let link = sheet
                .attributes
                .iter()
                .find(|(key, _)| local(key) == "id" && key.contains(':'));
            let target = link.and_then(|(_, id)| targets.get(id.as_str()));
            let target = target.map(|target| {
                let target = target.trim_start_matches("/xl/");
                target.trim_start_matches("./")
            });
            if let Some((part, document)) = target.and_then(|target| parts.get_key_value(target))
                && read.insert(*part)
            {
                let name = attribute(sheet, "name").unwrap_or_default();
                sheets.push((name.chars().take(64).collect(), *document));
            }
        }
        if sheets.is_empty() {
            let loose = parts
                .iter()
                .filter(|(part, _)| part.starts_with("worksheets/"));
            sheets = loose
                .map(|(part, document)| ((*part).to_owned(), *document))
                .collect();
        }
        Self {
            strings,
            dates,
            since_1904,
            sheets,
        }
    }

    fn sheet(
        &self,
        name: &str,
        document: &Document<'_>,
        facts: &mut Facts,
        problems: &mut Vec<Problem>,
    ) {
        let sheet = parse(document, problems);
        let mut rows: Option<Rows> = None;
        let mut left = MAX_SHEET;
        let all = children(&sheet, "sheetData").flat_map(|data| children(data, "row"));
        for (at, row) in all.enumerate() {
            let cells = self.cells(row, &mut left);
            if left == 0 {
                problems.push(problem(
                    document,
                    None,
                    "the sheet is too long; its end was not read",
                ));
                break;
            }
            let number = attribute(row, "r").and_then(|r| r.parse::<u32>().ok());
            let number = number.unwrap_or(u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1));
            match &mut rows {
                Some(rows) => {
                    let place = document.at_record(NAME, format!("{name} row {number}"));
                    rows.row(&cells, place, None);
                }
                None if at < ABOVE_HEADER => {
                    rows = Columns::of(cells.iter().map(String::as_str)).map(Rows::new);
                }
                None => break,
            }
        }
        // A sheet of something else is none of a register.
        if let Some(rows) = rows {
            let (read, wrong) = rows.finish(document);
            facts.append(read);
            problems.extend(wrong);
        }
    }

    /// The texts of a row, by column.
    fn cells(&self, row: &Element, left: &mut usize) -> Vec<String> {
        let mut cells: Vec<String> = Vec::new();
        for cell in children(row, "c") {
            let column = attribute(cell, "r").and_then(column).unwrap_or(cells.len());
            if column >= MAX_COLUMNS {
                continue;
            }
            if cells.len() <= column {
                cells.resize(column + 1, String::new());
            }
            let text: String = self.cell(cell).chars().take(MAX_CELL).collect();
            *left = left.saturating_sub(text.len() + 1);
            if let Some(slot) = cells.get_mut(column) {
                *slot = text;
            }
        }
        cells
    }

    fn cell(&self, cell: &Element) -> String {
        let value = || {
            children(cell, "v")
                .next()
                .map(|v| v.text.as_str())
                .unwrap_or_default()
        };
        match attribute(cell, "t").unwrap_or("n") {
            "s" => {
                let at = value().parse::<usize>().ok();
                let text = at.and_then(|at| self.strings.get(at));
                text.cloned().unwrap_or_default()
            }
            "inlineStr" => children(cell, "is").map(text).collect(),
            "b" => match value() {
                "1" => "true".to_owned(),
                "0" => "false".to_owned(),
                _ => String::new(),
            },
            "e" => String::new(),
            "n" => {
                let style = attribute(cell, "s").and_then(|s| s.parse::<usize>().ok());
                let date = style
                    .and_then(|s| self.dates.get(s))
                    .copied()
                    .unwrap_or(false);
                let number = value().parse::<f64>().ok();
                let shown = match number {
                    Some(number) if date => self.date(number),
                    // Account numbers are shown in full.
                    Some(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                        Some(format!("{number:.0}"))
                    }
                    _ => None,
                };
                shown.unwrap_or_else(|| value().to_owned())
            }
            // `str`, the result of a formula, and `d`, a date as text.
            _ => value().to_owned(),
        }
    }

    /// The day of a serial number.
    fn date(&self, serial: f64) -> Option<String> {
        let serial = if self.since_1904 {
            serial + LATER
        } else {
            serial
        };
        // 1900-03-01 to 9999-12-31; what is before is off by a day that never was.
        if !(61.0..2_958_466.0).contains(&serial) {
            return None;
        }
        let days: i64 = format!("{:.0}", (serial - EPOCH).floor()).parse().ok()?;
        Some(Timestamp::from_seconds(days.saturating_mul(Timestamp::DAY)).date())
    }
}

/// The text of a string: its own and those of its runs, without how it is pronounced.
fn text(string: &Element) -> String {
    let own = children(string, "t").map(|t| t.text.as_str());
    let runs = children(string, "r")
        .flat_map(|run| children(run, "t"))
        .map(|t| t.text.as_str());
    own.chain(runs).collect()
}

/// The column of a cell's reference: `B7` is 1.
fn column(reference: &str) -> Option<usize> {
    let mut column = 0usize;
    for letter in reference
        .bytes()
        .take_while(u8::is_ascii_alphabetic)
        .take(4)
    {
        column = column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1;
    }
    column.checked_sub(1)
}

/// Which styles of cells show dates: the built-in formats of ECMA-376 (18.8.30), and others by their letters.
fn date_styles(styles: &Element) -> Vec<bool> {
    let own: HashMap<&str, bool> = children(styles, "numFmts")
        .flat_map(|all| children(all, "numFmt"))
        .filter_map(|format| {
            let code = attribute(format, "formatCode")?;
            Some((attribute(format, "numFmtId")?, is_date(code)))
        })
        .collect();
    let cells = children(styles, "cellXfs").flat_map(|all| children(all, "xf"));
    cells
        .map(|style| {
            let id = attribute(style, "numFmtId").unwrap_or("0");
            own.get(id).copied().unwrap_or_else(|| {
                matches!(
                    id.parse::<u32>(),
                    Ok(14..=17 | 22 | 27..=31 | 36 | 50..=54 | 57 | 58)
                )
            })
        })
        .collect()
}

/// Whether a format shows a day: `yyyy-mm-dd`, `[$-409]d-mmm-yy`, without what is quoted or in brackets.
fn is_date(code: &str) -> bool {
    let mut quoted = false;
    let mut bracket = false;
    let mut escaped = false;
    let mut letters = String::new();
    for c in code.chars().take(255) {
        match c {
            _ if std::mem::take(&mut escaped) => {}
            '\\' | '_' => escaped = true,
            '"' => quoted = !quoted,
            '[' if !quoted => bracket = true,
            ']' if !quoted => bracket = false,
            c if !quoted && !bracket => letters.extend(c.to_lowercase()),
            _ => {}
        }
    }
    !letters.contains("general") && (letters.contains('y') || letters.contains('d'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_of_dates() {
        for code in [
            "yyyy-mm-dd",
            "[$-409]d-mmm-yy;@",
            "dd/mm/yyyy hh:mm",
            "m/d/yy",
        ] {
            assert!(is_date(code), "{code}");
        }
        for code in [
            "General",
            "0.00",
            "#,##0 \"days\"",
            "[Red]0",
            "h:mm",
            "@",
            "0\\d",
        ] {
            assert!(!is_date(code), "{code}");
        }
    }

    #[test]
    fn serial_numbers_and_columns() {
        let mut book = Book {
            strings: Vec::new(),
            dates: Vec::new(),
            since_1904: false,
            sheets: Vec::new(),
        };
        assert_eq!(book.date(46_022.0).as_deref(), Some("2025-12-31"));
        assert_eq!(book.date(46_022.75).as_deref(), Some("2025-12-31"));
        assert_eq!(book.date(-1.0), None);
        assert_eq!(book.date(f64::NAN), None);
        book.since_1904 = true;
        assert_eq!(book.date(44_560.0).as_deref(), Some("2025-12-31"));
        assert_eq!(
            (column("A1"), column("AB12"), column("7")),
            (Some(0), Some(27), None)
        );
    }
}
