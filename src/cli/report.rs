//! `tenure report`, and the writing of results for every command that has some.

use super::args::{OutputArguments, ReportArguments};
use super::error::Error;
use super::exit::Status;
use super::scan::read_snapshot;
use super::{Context, output};
use crate::report::{self, Format, Report, Style, ViewOptions};
use crate::snapshot::Snapshot;
use std::io::{IsTerminal, Write};

/// Renders a snapshot again.
pub(super) fn run(context: &Context, arguments: &ReportArguments) -> Result<Status, Error> {
    prepare(&arguments.output)?;
    write(
        context,
        &read_snapshot(&arguments.snapshot)?,
        &arguments.output,
    )?;
    Ok(Status::Clean)
}

/// Creates the output directory, so that a bad path fails before the long work.
pub(super) fn prepare(arguments: &OutputArguments) -> Result<(), Error> {
    match &arguments.out {
        Some(directory) => {
            std::fs::create_dir_all(directory).map_err(|e| Error::output(directory, e))
        }
        None => Ok(()),
    }
}

/// What the user wants to see.
pub(super) fn view_options(arguments: &OutputArguments) -> ViewOptions {
    ViewOptions {
        include_human: arguments.include_human,
        include_provider_managed: arguments.include_provider_managed,
        minimum: arguments.min_severity.into(),
        show_waived: arguments.show_waived,
        limit: arguments.limit,
    }
}

/// Writes a snapshot to standard output and to the output directory, as asked.
pub(super) fn write(
    context: &Context,
    snapshot: &Snapshot,
    arguments: &OutputArguments,
) -> Result<(), Error> {
    if arguments.out.is_some() {
        write_directory(context, snapshot, arguments)?;
    }
    let format = match (arguments.format, &arguments.out) {
        (Some(format), _) => format,
        (None, Some(_)) => return Ok(()),
        (None, None) => Format::Terminal,
    };
    let view = Report::new(snapshot, &view_options(arguments));
    stdout(|out, style| {
        report::write(
            format,
            &view,
            out,
            &Style {
                raw_csv: arguments.csv_raw,
                ..style
            },
        )
    })
}

/// Writes every report to the output directory, if there is one.
pub(super) fn write_directory(
    context: &Context,
    snapshot: &Snapshot,
    arguments: &OutputArguments,
) -> Result<(), Error> {
    let Some(directory) = &arguments.out else {
        return Ok(());
    };
    let view = Report::new(snapshot, &view_options(arguments));
    let style = Style {
        raw_csv: arguments.csv_raw,
        ..Style::default()
    };
    for (name, format) in report::FILES {
        output::file(&directory.join(name), |out| {
            report::write(format, &view, out, &style)
        })?;
    }
    context.say(format_args!(
        "wrote {} reports to {}",
        report::FILES.len(),
        directory.display()
    ));
    Ok(())
}

/// Writes to standard output, in colour when that is wanted there.
pub(super) fn stdout(
    write: impl FnOnce(&mut dyn Write, Style) -> std::io::Result<()>,
) -> Result<(), Error> {
    let style = terminal_style();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    write(&mut out, style)
        .and_then(|()| out.flush())
        .map_err(|e| Error::output("standard output".as_ref(), e))
}

/// How wide standard output is and whether it takes colour.
fn terminal_style() -> Style {
    let choice = anstream::AutoStream::choice(&std::io::stdout());
    let width = std::env::var("COLUMNS")
        .ok()
        .and_then(|c| c.parse().ok())
        .or_else(terminal_width);
    Style {
        color: !matches!(choice, anstream::ColorChoice::Never),
        width: width.unwrap_or(120),
        ..Style::default()
    }
}

fn terminal_width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(terminal_size::Width(width), _)| usize::from(width))
}
