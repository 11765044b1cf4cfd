//! The only place that talks to a person: arguments, configuration, progress, messages, exit status.

mod adopt;
mod args;
mod cache;
mod can;
mod checks;
mod collect;
mod config;
mod diff;
mod error;
mod exit;
mod init;
mod inputs;
mod output;
mod owners;
mod progress;
mod registry_edit;
mod report;
mod scan;
mod show;

use args::{Arguments, Color, Command};
use clap::Parser;
use error::Error;
use exit::Status;
use std::io::Write;
use std::process::ExitCode;

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    quiet_panics();
    no_core_dumps();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output and are no failure; everything else is usage.
            let status = if error.use_stderr() {
                Status::Failed
            } else {
                Status::Clean
            };
            return if error.print().is_err() {
                Status::Failed.into()
            } else {
                status.into()
            };
        }
    };
    choose_color(arguments.color);
    let context = Context {
        quiet: arguments.quiet,
    };
    let result = match arguments.command {
        Command::Scan(arguments) => scan::run(&context, arguments),
        Command::Diff(arguments) => diff::run(&context, &arguments),
        Command::Report(arguments) => report::run(&context, &arguments),
        Command::Show(arguments) => show::run(&context, arguments),
        Command::Can(arguments) => can::run(&context, arguments),
        Command::Checks(arguments) => checks::run(&arguments),
        Command::Collect(arguments) => collect::run(&context, arguments),
        Command::Init(arguments) => init::run(&context, arguments),
        Command::Owners(arguments) => owners::run(&context, *arguments),
        Command::Adopt(arguments) => adopt::run(&context, *arguments),
        Command::Schema(arguments) => schema(arguments.of),
    };
    match result {
        Ok(status) => status.into(),
        // A closed pipe is a polite good-bye: `tenure … | head` is not a failure.
        Err(Error::BrokenPipe) => Status::Clean.into(),
        Err(error) => {
            context.error(&error);
            Status::Failed.into()
        }
    }
}

/// What every command knows about how to speak.
struct Context {
    quiet: bool,
}

impl Context {
    /// Says something on standard error, unless quiet.
    fn say(&self, message: impl std::fmt::Display) {
        if !self.quiet {
            // Nobody is left to be told when standard error is gone.
            // Messages name files, and what input calls itself.
            let message = crate::report::safe(&message.to_string());
            let _ = writeln!(anstream::stderr(), "{message}");
        }
    }

    fn error(&self, error: &Error) {
        let style = anstyle::Style::new()
            .bold()
            .fg_color(Some(anstyle::AnsiColor::Red.into()));
        let mut stderr = anstream::stderr();
        let error_text = crate::report::safe(&error.to_string());
        let _ = writeln!(stderr, "{style}error{style:#}: {error_text}");
        if let Some(hint) = error.hint() {
            let hint = crate::report::safe(hint);
            let _ = writeln!(stderr, "  hint: {hint}");
        }
    }
}

/// A panic's message can quote the text that it happened on, and so a secret: only the place is printed.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            std::io::stderr(),
            "internal error at {place}; please report it"
        );
    }));
}

/// A core dump holds what was in memory, and so secrets: none is written. Where the system hands dumps to a program
/// instead of a file, it asks no limit; there the filter leaves the memory out.
fn no_core_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        // Where the system refuses, nothing is lost but the precaution.
        let _ = setrlimit(Resource::Core, none);
    }
    #[cfg(target_os = "linux")]
    let _ = std::fs::write("/proc/self/coredump_filter", "0");
}

fn choose_color(color: Color) {
    match color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

fn schema(of: args::Schema) -> Result<Status, Error> {
    let text = match of {
        args::Schema::Snapshot => crate::snapshot::schema(),
        args::Schema::Registry => include_str!("../../rules/nhi-registry.schema.json").to_owned(),
        args::Schema::Vendors => include_str!("../../rules/vendors.schema.json").to_owned(),
    };
    let mut out = anstream::stdout();
    writeln!(out, "{}", text.trim_end()).map_err(|e| Error::output("-".as_ref(), e))?;
    Ok(Status::Clean)
}
