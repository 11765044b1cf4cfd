//! `tenure diff`.

use super::Context;
use super::args::DiffArguments;
use super::error::Error;
use super::exit::Status;
use super::report::{self, view_options};
use super::scan::read_snapshot;
use crate::report::{Format, Report, changes};
use crate::scan;

/// Compares two snapshots: what changed on standard output, whole reports in the output directory.
pub(super) fn run(context: &Context, arguments: &DiffArguments) -> Result<Status, Error> {
    let output = &arguments.output;
    let format = output.format.unwrap_or(Format::Terminal);
    changes::check(format)
        .map_err(|_| Error::Usage("`diff` prints as terminal, json or markdown".to_owned()))?;
    report::prepare(output)?;
    let old = read_snapshot(&arguments.old)?;
    let mut new = read_snapshot(&arguments.new)?;
    scan::against_baseline(&mut new, &old);
    if output.out.is_some() {
        report::write_directory(context, &new, output)?;
    }
    let view = Report::new(&new, &view_options(output));
    report::stdout(|out, style| changes::write(format, &view, out, &style))?;
    Ok(Status::Clean)
}
