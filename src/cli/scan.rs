//! `tenure scan`.

use super::args::ScanArguments;
use super::error::Error;
use super::exit::{Policy, Status};
use super::{Context, inputs, output, report};
use crate::scan;
use crate::snapshot::Snapshot;
use std::io::Write;
use std::path::Path;

/// Scans, compares, writes.
pub(super) fn run(context: &Context, arguments: ScanArguments) -> Result<Status, Error> {
    // What can fail at once is tried before the long work.
    if let Some(path) = &arguments.snapshot {
        output::check_writable(path)?;
    }
    report::prepare(&arguments.output)?;
    let baseline = arguments
        .baseline
        .as_deref()
        .map(read_snapshot)
        .transpose()?;

    let (mut snapshot, config) = inputs::scan(context, arguments.input)?;
    if let Some(baseline) = &baseline {
        scan::against_baseline(&mut snapshot, baseline);
    }
    if let Some(path) = &arguments.snapshot {
        output::file(path, |out| write_json(&snapshot, out))?;
    }
    report::write(context, &snapshot, &arguments.output)?;
    let policy = Policy {
        fail_on: arguments.fail_on.map(Into::into).or(config.fail_on),
        new_only: arguments.new_only,
        allow_incomplete: arguments.allow_incomplete,
    };
    let status = policy.status(&snapshot);
    // The process ends here; to free a million records one by one first helps nobody.
    std::mem::forget(snapshot);
    Ok(status)
}

fn write_json(snapshot: &Snapshot, out: &mut dyn Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, snapshot)?;
    out.write_all(b"\n")
}

/// Reads a snapshot file; `-` is standard input.
pub(super) fn read_snapshot(path: &Path) -> Result<Snapshot, Error> {
    use std::io::Read;
    let error = |why: String| Error::Input(path.to_path_buf(), why);
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|e| error(e.to_string()))?;
    } else {
        bytes = std::fs::read(path).map_err(|e| error(e.to_string()))?;
    }
    Snapshot::parse(&bytes).map_err(|e| error(e.to_string()))
}
