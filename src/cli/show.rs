//! `tenure show`.

use super::Context;
use super::args::ShowArguments;
use super::error::Error;
use super::exit::Status;
use super::{inputs, report, scan};
use crate::report::Format;
use crate::report::show::{self, Lookup};

/// Shows one identity, credential or container whole.
pub(super) fn run(context: &Context, arguments: ShowArguments) -> Result<Status, Error> {
    let snapshot = match &arguments.snapshot {
        Some(path) => scan::read_snapshot(path)?,
        None => inputs::scan(context, arguments.input)?.0,
    };
    let mut found = show::identity(&snapshot, &arguments.identity);
    if let Lookup::Identity(view) = &mut found {
        view.proposal = arguments.proposal;
    }
    let json = match arguments.format {
        Format::Terminal => false,
        Format::Json => true,
        _ => return Err(Error::Usage("`show` prints as terminal or json".to_owned())),
    };
    if let (Lookup::Unknown(like), false) = (&found, json)
        && like.is_empty()
    {
        return Err(unknown(&arguments.identity));
    }
    report::stdout(|out, style| {
        if json {
            show::write_json(&found, out)
        } else {
            show::write(&found, out, &style)
        }
    })?;
    match found {
        Lookup::Identity(_) | Lookup::Credential(_) | Lookup::Container(_) => Ok(Status::Clean),
        Lookup::Several(..) => Err(Error::Usage(format!(
            "`{}` names more than one",
            arguments.identity
        ))),
        Lookup::Unknown(_) => Err(unknown(&arguments.identity)),
    }
}

fn unknown(name: &str) -> Error {
    Error::Usage(format!(
        "no identity, credential or container is named `{name}`; `tenure scan --format csv-inventory` lists them"
    ))
}
