//! JSON: the snapshot itself.

use super::Report;
use std::io;

pub(super) fn write(report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report.snapshot)?;
    out.write_all(b"\n")
}
