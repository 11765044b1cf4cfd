//! `tenure diff`.

use super::Context;
use super::args::DiffArguments;
use super::error::Error;
use super::exit::Status;
use super::report;
use super::scan::read_snapshot;
use crate::scan;

/// Compares two snapshots and writes the later one's report with what changed.
pub fn run(context: &Context, arguments: &DiffArguments) -> Result<Status, Error> {
    report::prepare(&arguments.output)?;
    let old = read_snapshot(&arguments.old)?;
    let mut new = read_snapshot(&arguments.new)?;
    scan::against_baseline(&mut new, &old);
    report::write_changes(context, &new, &arguments.output)?;
    Ok(Status::Clean)
}
