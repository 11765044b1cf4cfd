//! Tables of records by the names of their columns, whichever way an export spells those: CSV with a header,
//! or JSON records.

use super::tree::Node;
use crate::model::Document;
use std::collections::HashMap;

/// Header names as internal names or labels write them: `managed_by_group`, `Managed By Group`, `u_owner`.
pub(super) fn plain(header: &str) -> String {
    let header = header.trim().trim_start_matches('\u{FEFF}').to_lowercase();
    let header = header.strip_prefix("u_").unwrap_or(&header);
    // What follows a dot belongs to the record that the column points to.
    header
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '.')
        .collect()
}

/// The header of a CSV document, and what separates its columns.
pub(super) fn header(head: &[u8]) -> Option<(u8, Vec<String>)> {
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
    let headers = record
        .iter()
        .map(|header| plain(&String::from_utf8_lossy(header)))
        .collect();
    Some((delimiter, headers))
}

/// One record.
pub(super) struct Row {
    /// By plain column name: the value, and the line that it stands on.
    cells: HashMap<String, (String, u32)>,
    /// The line that the record starts on, 1-based.
    pub(super) line: u32,
}

impl Row {
    /// The first of these columns that says something.
    pub(super) fn get(&self, columns: &[&str]) -> Option<&str> {
        self.cell(columns).map(|(value, _)| value)
    }

    /// As [`Row::get`], with the line.
    pub(super) fn cell(&self, columns: &[&str]) -> Option<(&str, u32)> {
        columns.iter().find_map(|column| {
            let (value, line) = self.cells.get(*column)?;
            let value = value.trim();
            let empty = matches!(
                value.to_lowercase().as_str(),
                "" | "null" | "(empty)" | "n/a"
            );
            (!empty).then_some((value, *line))
        })
    }

    /// Every value.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.cells.values().map(|(value, _)| value.as_str())
    }

    /// A JSON record. A column that points to another record may be an object: its readable form is the value.
    pub(super) fn of_json(node: &Node) -> Self {
        let mut cells = HashMap::new();
        for (key, value) in node.entries() {
            let key = plain(key);
            let line = value.line.max(1);
            if let Some(text) = value.text() {
                cells.insert(key, (text.to_owned(), line));
                continue;
            }
            for inner in ["email", "user_name", "name"] {
                if let Some(text) = value.str(inner) {
                    cells.insert(format!("{key}.{}", plain(inner)), (text.to_owned(), line));
                }
            }
            let shown = ["display_value", "summary", "name", "value"];
            if let Some(text) = shown.iter().find_map(|shown| value.str(shown)) {
                cells.insert(key, (text.to_owned(), line));
            }
        }
        Self {
            cells,
            line: node.line.max(1),
        }
    }
}

/// Hands over the records of a CSV document, in order. What stands before a defect is handed over.
pub(super) fn rows(document: &Document<'_>, with: &mut dyn FnMut(&Row)) {
    let bytes = document.bytes;
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let Some((delimiter, headers)) = header(bytes) else {
        return;
    };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let line = record.position().map_or(1, csv::Position::line);
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let cells = headers
            .iter()
            .zip(record.iter())
            .filter(|(_, value)| !value.is_empty())
            .map(|(header, value)| {
                let value = String::from_utf8_lossy(value).into_owned();
                (header.clone(), (value, line))
            })
            .collect();
        with(&Row { cells, line });
    }
}
