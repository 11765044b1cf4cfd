//! `ownership-gaps.csv` as it comes back from a spreadsheet: any delimiter, encoding, order of rows and columns.

use super::super::error::Error;
use std::collections::HashMap;
use std::path::Path;

/// Largest sheet that is read, in bytes.
const LIMIT: u64 = 256 << 20;
/// The columns that count; others may be there.
pub(super) const COLUMNS: [&str; 11] = [
    "ref_id",
    "subject_type",
    "subject_id",
    "identity",
    "owner",
    "owner_evidence",
    "purpose",
    "attested_owner",
    "attested_purpose",
    "attested_by",
    "attested_on",
];

/// The rows of a sheet.
#[derive(Debug)]
pub(super) struct Sheet {
    pub rows: Vec<Row>,
}

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    /// As spreadsheets count: 1 is the first line.
    pub number: usize,
    /// Or why it cannot be read.
    pub broken: Option<&'static str>,
    cells: HashMap<&'static str, String>,
}

impl Row {
    /// What stands in a column, without the mark that keeps spreadsheets from running it; empty where there is none.
    pub(super) fn cell(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

/// Reads a sheet.
pub(super) fn read(path: &Path) -> Result<Sheet, Error> {
    let error = |why: &str| Error::Input(path.to_path_buf(), why.to_owned());
    let bytes = if path.as_os_str() == "-" {
        use std::io::Read;
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().take(LIMIT).read_to_end(&mut bytes);
        read.map_err(|e| error(&e.to_string()))?;
        bytes
    } else {
        crate::source::open::small(path, LIMIT).map_err(|e| error(&e.to_string()))?
    };
    parse(&bytes).map_err(error)
}

fn parse(bytes: &[u8]) -> Result<Sheet, &'static str> {
    let text = decoded(bytes)?;
    let mut text = text.as_str();
    let mut before = 0;
    let mut delimiter = None;
    // Excel writes which delimiter it means into a line of its own.
    if let Some((first, rest)) = text.split_once('\n')
        && let Some(named) = first.trim().trim_matches('"').strip_prefix("sep=")
    {
        delimiter = named.bytes().next().or(Some(b'\t'));
        before = 1;
        text = rest;
    }
    let delimiter = delimiter.unwrap_or_else(|| sniffed(text));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut columns: Option<Vec<Option<&'static str>>> = None;
    let mut rows = Vec::new();
    // Line breaks within cells are lines of the file and no rows.
    let mut within = 0;
    let (mut lines, mut counted) = (1, 0);
    for record in reader.records() {
        let record = record.map_err(|_| "not a table of comma-separated values")?;
        // The parser's own count of lines lags behind where lines end in two characters.
        let at = record.position().map_or(0, csv::Position::byte);
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let gap = text.get(at..).unwrap_or_default();
        let start = at + gap.len() - gap.trim_start_matches(['\r', '\n']).len();
        lines += text
            .get(counted..start)
            .map_or(0, |skipped| skipped.matches('\n').count());
        counted = start;
        let number = before + lines - within;
        within += record
            .iter()
            .map(|cell| cell.matches('\n').count())
            .sum::<usize>();
        let Some(columns) = &columns else {
            columns = Some(header(&record)?);
            continue;
        };
        let mut cells = HashMap::new();
        let mut broken = None;
        for (cell, column) in record.iter().zip(columns) {
            let Some(column) = column else { continue };
            let cell = unguarded(cell.trim());
            if cells.insert(*column, cell.to_owned()).is_some() {
                broken = Some("a column is there twice");
            }
        }
        if cells.values().all(String::is_empty) {
            continue;
        }
        rows.push(Row {
            number,
            broken,
            cells,
        });
    }
    if columns.is_none() {
        return Err("the sheet is empty");
    }
    Ok(Sheet { rows })
}

fn header(record: &csv::StringRecord) -> Result<Vec<Option<&'static str>>, &'static str> {
    let columns: Vec<Option<&'static str>> = record
        .iter()
        .map(|cell| {
            let name = cell.trim().to_lowercase();
            COLUMNS.into_iter().find(|column| *column == name)
        })
        .collect();
    let has = |name| columns.contains(&Some(name));
    if !has("subject_id") && !has("ref_id") {
        return Err(
            "no column `subject_id` or `ref_id`: this is no ownership-gaps.csv, or its first row is gone",
        );
    }
    if !has("attested_by") || !has("attested_on") {
        return Err(
            "no columns `attested_by` and `attested_on`: an attestation needs who and when",
        );
    }
    Ok(columns)
}

/// The text, from what spreadsheets save as.
fn decoded(bytes: &[u8]) -> Result<String, &'static str> {
    const NOT_TEXT: &str = "not UTF-8 or UTF-16 text: save it as \"CSV UTF-8\"";
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks(2).map(|pair| match pair {
            [a, b] => unit([*a, *b]),
            _ => 0xFFFD,
        });
        char::decode_utf16(units)
            .collect::<Result<String, _>>()
            .map_err(|_| NOT_TEXT)
    };
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes)?,
        [_, 0, _, 0, ..] => wide(bytes, u16::from_le_bytes)?,
        [0, _, 0, _, ..] => wide(bytes, u16::from_be_bytes)?,
        [0xEF, 0xBB, 0xBF, rest @ ..] => text(rest).ok_or(NOT_TEXT)?,
        _ => text(bytes).ok_or(NOT_TEXT)?,
    };
    match text.contains('\0') {
        true => Err(NOT_TEXT),
        false => Ok(text),
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

/// What stands most often between the names of the first row.
fn sniffed(text: &str) -> u8 {
    let first = text
        .split(['\r', '\n'])
        .find(|line| !line.trim().is_empty());
    let count = |delimiter: &u8| {
        let first = first.unwrap_or_default().bytes();
        first.filter(|b| b == delimiter).count()
    };
    // The first of those that are equal counts.
    [b',', b';', b'\t', b'|']
        .into_iter()
        .rev()
        .max_by_key(count)
        .unwrap_or(b',')
}

/// Undoes the mark before what a spreadsheet takes for a formula.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest)
            if rest
                .trim_start()
                .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) =>
        {
            rest
        }
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8]) -> Vec<(usize, String, String)> {
        let sheet = parse(bytes).unwrap_or_else(|why| panic!("{why}"));
        let of = |row: &Row| {
            (
                row.number,
                row.cell("subject_id").into(),
                row.cell("owner").into(),
            )
        };
        sheet.rows.iter().map(of).collect()
    }

    #[test]
    fn spreadsheets_may_save_as_they_like() {
        let plain = "subject_id,owner,attested_by,attested_on\r\n\"a\",\"'=b\",,\r\n\"c\r\nd\",e,,\r\n\r\nf,g\r\n,,,\r\n";
        let wanted = vec![
            (2, "a".into(), "=b".into()),
            (3, "c\r\nd".into(), "e".into()),
            (5, "f".into(), "g".into()),
        ];
        assert_eq!(rows(plain.as_bytes()), wanted);
        let semicolons = plain.replace(',', ";");
        assert_eq!(rows(semicolons.as_bytes()), wanted);
        assert_eq!(rows(format!("\u{feff}{semicolons}").as_bytes()), wanted);
        let wide = |from: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
            let mark = if mark { "\u{feff}" } else { "" };
            let text = format!("{mark}{}", plain.replace(',', "\t"));
            text.encode_utf16().flat_map(from).collect()
        };
        for mark in [true, false] {
            assert_eq!(rows(&wide(u16::to_le_bytes, mark)), wanted);
            assert_eq!(rows(&wide(u16::to_be_bytes, mark)), wanted);
        }
        let named = rows(format!("sep=;\r\n{semicolons}").as_bytes());
        assert_eq!(named.first().map(|r| r.0), Some(3));
    }

    #[test]
    fn what_is_no_sheet_is_said_to_be_none() {
        for bytes in [
            &b""[..],
            b"a,b\n1,2\n",
            b"subject_id,owner\nx,y\n",
            b"subject_id,attested_by,attested_on\nM\xFCller,,\n",
            b"PK\x03\x04\x00\x00",
        ] {
            assert!(parse(bytes).is_err());
        }
    }
}
