//! `tenure collect`.

use super::Context;
use super::args::{CollectArguments, CollectSource};
use super::error::Error;
use super::exit::Status;

/// Collects, and says what is missing.
pub(super) fn run(context: &Context, arguments: CollectArguments) -> Result<Status, Error> {
    match arguments.source {
        CollectSource::Aws(arguments) => aws(context, *arguments),
    }
}

#[cfg(not(feature = "live"))]
fn aws(_: &Context, _: super::args::CollectAwsArguments) -> Result<Status, Error> {
    Err(Error::Usage(
        "this tenure was built without live collection: build it with `cargo build --release --features live`"
            .to_owned(),
    ))
}

#[cfg(feature = "live")]
fn aws(context: &Context, arguments: super::args::CollectAwsArguments) -> Result<Status, Error> {
    use super::progress::Progress;
    use crate::source::live::{Failure, Options, collect, policy};
    use std::io::Write;

    let options = Options {
        profile: arguments.profile,
        region: arguments.region,
        endpoint: arguments.endpoint_url,
        output: arguments.output,
        resume: arguments.resume,
        last_accessed: arguments.last_accessed,
        organization: arguments.organization,
        accounts: arguments.accounts,
        role_name: arguments.role_name,
        external_id: arguments.external_id,
        concurrency: arguments.concurrency.into(),
        attempts: arguments.attempts.into(),
    };
    if arguments.print_policy {
        return anstream::stdout()
            .write_all(policy(&options).as_bytes())
            .map(|()| Status::Clean)
            .map_err(|error| Error::output("-".as_ref(), error));
    }
    let progress = std::sync::Arc::new(Progress::new(context.quiet));
    let collected = collect(&options, progress.clone());
    // What is said after this stands on lines of its own.
    drop(progress);
    let outcome = collected.map_err(|failure| match failure {
        Failure::Usage(why) | Failure::Start(why) => Error::Usage(why),
        Failure::Folder(path, error) => Error::Output(path, error),
    })?;
    for missing in &outcome.missing {
        context.say(format_args!(
            "missing: {} {}: {}",
            missing.account, missing.part, missing.why
        ));
    }
    let accounts = match outcome.accounts {
        1 => "1 account".to_owned(),
        count => format!("{count} accounts"),
    };
    let folder = outcome.folder.display();
    context.say(format_args!("wrote {folder} ({accounts})"));
    if let Some(why) = &outcome.stopped {
        context.say(format_args!("ended early: {why}"));
    }
    if outcome.missing.is_empty() && outcome.stopped.is_none() {
        context.say(format_args!("next: tenure scan {folder}"));
        Ok(Status::Clean)
    } else {
        context.say(format_args!("--resume asks for what is missing"));
        Ok(Status::Incomplete)
    }
}
