//! `tenure owners`.

use super::Context;
use super::args::{InputArguments, format};
use super::error::Error;
use super::exit::Status;
use super::{inputs, report, scan};
use crate::model::OwnershipState;
use crate::report::owners::{self, Filter, Owners};
use crate::report::{Format, Report, ViewOptions};
use clap::Args;
use std::path::PathBuf;

/// `tenure owners`.
#[derive(Args, Debug)]
#[command(after_help = "\
Shares are of the machine identities and containers shown. The scorecard sets the estate's figures beside published \
survey figures; it is context, and no exit code depends on it.")]
pub(super) struct OwnersArguments {
    /// What to read.
    #[command(flatten)]
    pub input: InputArguments,
    /// Look in this snapshot rather than scanning.
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// Show this owner whole: everything it has to do with, and how that is known. As `team:payments`, or as it
    /// is spelt anywhere.
    #[arg(long, short, value_name = "NAME")]
    pub owner: Option<String>,
    /// Count owners only for what is in this state: owned, disputed, orphaned, suggested. May be repeated.
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub state: Vec<String>,
    /// Only what is of this platform (aws, kubernetes, …). May be repeated.
    #[arg(long, value_name = "NAME")]
    pub platform: Vec<String>,
    /// Show the scorecard alone.
    #[arg(long, conflicts_with = "owner")]
    pub scorecard: bool,
    /// `terminal`, `markdown`, `json` or `csv`.
    #[arg(long, short, value_name = "FORMAT", value_parser = format, default_value = "terminal")]
    pub format: Format,
    /// Owners before the rest is counted.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// Include identities that people act through.
    #[arg(long)]
    pub include_human: bool,
    /// Include identities that belong to the platform's provider.
    #[arg(long)]
    pub include_provider_managed: bool,
}

fn state(text: &str) -> Result<String, String> {
    let mut known = OwnershipState::ALL.iter().map(|s| s.as_str());
    match known.any(|known| known == text) {
        true => Ok(text.to_owned()),
        false => {
            Err("not one of owned, disputed, orphaned, suggested, unowned, unknown".to_owned())
        }
    }
}

/// Lists owners, or shows one.
pub(super) fn run(context: &Context, mut arguments: OwnersArguments) -> Result<Status, Error> {
    if matches!(arguments.format, Format::Sarif) {
        let message = "`owners` prints as terminal, markdown, json or csv";
        return Err(Error::Usage(message.to_owned()));
    }
    // A name that is no path is an owner's, so that `tenure owners team:payments` does what it says.
    if arguments.owner.is_none() && !arguments.scorecard {
        arguments.owner = named(&mut arguments.input.paths);
    }
    let paths = &arguments.input.paths;
    let snapshot = match &arguments.snapshot {
        Some(_) if paths.iter().any(|path| path.as_os_str() != ".") => {
            let message = "with --snapshot nothing is scanned: name no PATH";
            return Err(Error::Usage(message.to_owned()));
        }
        Some(path) => scan::read_snapshot(path)?,
        None => inputs::scan(context, arguments.input)?.0,
    };
    let view = Report::new(
        &snapshot,
        &ViewOptions {
            include_human: arguments.include_human,
            include_provider_managed: arguments.include_provider_managed,
            ..ViewOptions::default()
        },
    );
    let platforms = arguments.platform.iter().map(|p| match &*p.to_lowercase() {
        "k8s" => "kubernetes".to_owned(),
        p => p.to_owned(),
    });
    let filter = Filter {
        states: arguments.state,
        platforms: platforms.collect(),
    };
    let all = Owners::new(&view, &filter);
    let (format, limit) = (arguments.format, arguments.limit);
    let Some(name) = arguments.owner else {
        report::stdout(|out, style| match arguments.scorecard {
            true => owners::write_scorecard(&all, format, out, &style),
            false => owners::write(&all, format, limit, out, &style),
        })?;
        return Ok(Status::Clean);
    };
    match owners::view(&view, &all, &name) {
        Ok(one) => {
            report::stdout(|out, style| owners::write_one(&one, format, out, &style))?;
            Ok(Status::Clean)
        }
        Err(like) if like.is_empty() => Err(Error::Usage(format!(
            "nobody is known as `{name}`; `tenure owners` lists all"
        ))),
        Err(like) => Err(Error::Usage(format!(
            "`{name}` is none, or several; there are {}",
            like.join(", ")
        ))),
    }
}

/// Takes the first argument for a name where it cannot be a path: it is none that exists, and looks like a party.
fn named(paths: &mut Vec<PathBuf>) -> Option<String> {
    let first = paths.first()?;
    let text = first.to_str()?;
    let party = text.starts_with('@')
        || text.contains('@')
        || ["team:", "user:", "mail:"]
            .iter()
            .any(|kind| text.starts_with(kind))
        || !text.contains(['/', '.', '\\']);
    if text == "-" || !party || first.exists() {
        return None;
    }
    let name = text.to_owned();
    paths.remove(0);
    if paths.is_empty() {
        paths.push(PathBuf::from("."));
    }
    Some(name)
}
