//! Exports of personnel systems as JSON: records whose members are named as the columns of tables are. Custom reports
//! of Workday, BambooHR's and Personio's answers.

use super::columns::{Column, Hint, kind};
use super::csv::{Row, person};
use super::json::{Record, Value};
use super::reading::{At, Reading};
use crate::model::Probe;
use std::collections::BTreeSet;

/// Whether a file's name says that it is a roster, and its first bytes have what one has.
pub(super) fn accepts(probe: &Probe<'_>) -> bool {
    let named = Hint::of(probe.origin.file_name()) == Hint::Roster;
    if !named || !probe.has_extension(&["json", "jsonl", "ndjson"]) {
        return false;
    }
    let head = String::from_utf8_lossy(probe.head);
    let mut kinds = BTreeSet::new();
    let mut texts = head.split('"').peekable();
    while let Some(text) = texts.next() {
        let key = texts
            .peek()
            .is_some_and(|next| next.trim_start().starts_with(':'));
        kinds.extend(kind(text).filter(|_| key).map(|kind| kind as u8));
    }
    let has = |kind: Column| kinds.contains(&(kind as u8));
    has(Column::Mail)
        && (has(Column::Status) || has(Column::Gone))
        && !has(Column::Foreign)
        && head.trim_start().starts_with(['{', '['])
}

/// Reads every record that is of a person.
pub(super) fn read(reading: &mut Reading<'_>) {
    reading.walk(&mut |reading, place| {
        let cells = cells(place.record);
        let row = Row::new(cells, At::Pointer(place.pointer));
        let told = [Column::Status, Column::Gone, Column::First, Column::Last];
        let found = row.has(Column::Mail) && told.iter().any(|kind| row.has(*kind));
        if found {
            person(reading, &row);
        }
        found
    });
}

/// The members of a record that say something, in order; `{"email": {"label": "Email", "value": …}}` is Personio's way.
fn cells<'r>(record: &'r Record<'_>) -> Vec<(Column, &'r str)> {
    let state = |key: &str| key.eq_ignore_ascii_case("state");
    let told = |key: &str| !state(key) && kind(key) == Some(Column::Status);
    // Beside a status, a state is one of a country.
    let status = record.members().any(|(key, _)| told(key));
    let members = record.members();
    members
        .filter(|(key, _)| !(status && state(key)))
        .filter_map(|(key, value)| {
            let text = match value {
                Value::Text(text) => text,
                Value::Bool(true) => "true",
                Value::Bool(false) => "false",
                Value::Map(map) => map.text("value")?,
                _ => return None,
            };
            Some((kind(key)?, text))
        })
        .collect()
}
