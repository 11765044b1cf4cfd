//! The published JSON schema, generated from the wire types.

use super::Snapshot;

/// The JSON schema of a snapshot, pretty-printed with a final newline.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Snapshot);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
