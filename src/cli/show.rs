//! `tenure show`.

use super::Context;
use super::args::ShowArguments;
use super::error::Error;
use super::exit::Status;
use super::{inputs, report, scan};
use crate::report::Format;
use crate::report::show::{self, Lookup};

/// Shows one identity whole.
pub fn run(context: &Context, arguments: ShowArguments) -> Result<Status, Error> {
    let snapshot = match &arguments.snapshot {
        Some(path) => scan::read_snapshot(path)?,
        None => inputs::scan(context, arguments.input)?.0,
    };
    let identity = match show::identity(&snapshot, &arguments.identity) {
        Lookup::Found(identity) => identity,
        Lookup::Ambiguous(candidates) => {
            let list = candidates.join("\n  ");
            return Err(Error::Usage(format!("`{}` could be any of:\n  {list}", arguments.identity)));
        }
        Lookup::Missing(near) => {
            let hint = if near.is_empty() { String::new() } else { format!("; near it:\n  {}", near.join("\n  ")) };
            return Err(Error::Usage(format!("no identity `{}` was found{hint}", arguments.identity)));
        }
    };
    let json = match arguments.format {
        Format::Terminal => false,
        Format::Json => true,
        _ => return Err(Error::Usage("`show` prints as terminal or json".to_owned())),
    };
    report::stdout(|out, style| {
        if json { show::write_json(&snapshot, identity, out) } else { show::write(&snapshot, identity, out, &style) }
    })?;
    Ok(Status::Clean)
}
