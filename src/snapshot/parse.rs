//! From bytes that claim to be a snapshot to a snapshot, or to a clear reason why not.

use super::{SCHEMA_VERSION, Snapshot};
use crate::model::Severity;
use serde::Deserialize;
use std::fmt;

/// The largest snapshot that is read, in bytes (1 GiB). Memory grows with it, so a wrong file named as a
/// baseline must not take the machine down.
pub const MAX_BYTES: usize = 1 << 30;

/// Why bytes are not a snapshot that can be used. Messages never quote content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// More than [`MAX_BYTES`].
    TooLarge {
        /// How many bytes there are.
        bytes: usize,
    },
    /// Not JSON, or cut off.
    NotJson {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
        /// Whether the text ends too early.
        truncated: bool,
    },
    /// JSON nested deeper than any snapshot is.
    TooDeep {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
    },
    /// JSON, but not a snapshot: it has no `schema_version`.
    NotASnapshot,
    /// A snapshot of another major version.
    UnsupportedVersion {
        /// Its version, made safe to print.
        found: String,
    },
    /// A snapshot of this version with a field that is missing or of the wrong type.
    Invalid {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
    },
    /// A value outside its vocabulary.
    UnknownValue {
        /// JSON pointer of the value.
        pointer: String,
        /// What is allowed.
        expected: &'static str,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes } => {
                write!(f, "{bytes} bytes are more than a snapshot may have ({MAX_BYTES})")
            }
            Self::NotJson {
                line,
                column,
                truncated: true,
            } => write!(f, "the JSON is cut off at line {line}, column {column}"),
            Self::NotJson { line, column, .. } => {
                write!(f, "not JSON: line {line}, column {column}")
            }
            Self::TooDeep { line, column } => {
                write!(f, "JSON nested too deeply: line {line}, column {column}")
            }
            Self::NotASnapshot => f.write_str(
                "JSON, but not a tenure snapshot (it has no schema_version): write one with `--format json`",
            ),
            Self::UnsupportedVersion { found } => write!(
                f,
                "snapshot of schema version {found}; this program reads version {}.x",
                major(SCHEMA_VERSION)
            ),
            Self::Invalid { line, column } => write!(
                f,
                "not a valid snapshot: a field is missing or of the wrong type at line {line}, column {column}"
            ),
            Self::UnknownValue { pointer, expected } => {
                write!(f, "not a valid snapshot: {pointer} is none of {expected}")
            }
        }
    }
}

impl std::error::Error for SnapshotError {}

/// The fields that say what a file is, and nothing else of it.
#[derive(Deserialize)]
struct Header {
    schema_version: Option<String>,
}

impl Snapshot {
    /// Reads a snapshot. Versions with the same major number are read; fields of a later minor version
    /// are skipped.
    pub fn parse(bytes: &[u8]) -> Result<Self, SnapshotError> {
        if bytes.len() > MAX_BYTES {
            return Err(SnapshotError::TooLarge { bytes: bytes.len() });
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let header: Header = serde_json::from_slice(bytes).map_err(|e| match e.classify() {
            // Valid JSON of another shape: a list, or a version that is not a text.
            serde_json::error::Category::Data => SnapshotError::NotASnapshot,
            _ => syntax(&e),
        })?;
        let version = header.schema_version.ok_or(SnapshotError::NotASnapshot)?;
        if major(&version) != major(SCHEMA_VERSION) {
            let safe = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
            let found: String = version.chars().filter(|c| safe(*c)).take(20).collect();
            return Err(SnapshotError::UnsupportedVersion { found });
        }
        let snapshot: Self = serde_json::from_slice(bytes).map_err(|e| syntax(&e))?;
        severities(&snapshot)?;
        Ok(snapshot)
    }
}

/// Reports are ordered by severity, so a severity that nobody knows must not slip through as harmless.
fn severities(snapshot: &Snapshot) -> Result<(), SnapshotError> {
    let known = |name: &str| Severity::ALL.iter().any(|s| s.as_str() == name);
    let fail = |pointer| SnapshotError::UnknownValue {
        pointer,
        expected: "info, low, medium, high, critical",
    };
    for (index, check) in snapshot.checks.iter().enumerate() {
        if !known(&check.severity) {
            return Err(fail(format!("/checks/{index}/severity")));
        }
    }
    for (index, finding) in snapshot.findings.iter().enumerate() {
        if !known(&finding.severity) {
            return Err(fail(format!("/findings/{index}/severity")));
        }
    }
    let gone = snapshot.baseline.iter().flat_map(|b| &b.gone);
    for (index, finding) in gone.enumerate() {
        if !known(&finding.severity) {
            return Err(fail(format!("/baseline/gone/{index}/severity")));
        }
    }
    Ok(())
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}

fn syntax(e: &serde_json::Error) -> SnapshotError {
    let (line, column) = (e.line(), e.column());
    match e.classify() {
        serde_json::error::Category::Data => SnapshotError::Invalid { line, column },
        // serde_json has no category of its own for its depth limit.
        _ if e.to_string().starts_with("recursion limit") => {
            SnapshotError::TooDeep { line, column }
        }
        category => SnapshotError::NotJson {
            line,
            column,
            truncated: category == serde_json::error::Category::Eof,
        },
    }
}
