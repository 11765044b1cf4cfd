//! `tenure can`.

use super::error::Error;
use super::exit::Status;
use super::inputs::{self, Rules};
use super::progress::Progress;
use super::{Context, args, report};
use crate::model::{Answer, Inventory};
use crate::platform::aws::actions;
use crate::report::Format;
use crate::report::can::{self as answers, Asked};
use crate::scan::ScanError;
use crate::scan::can::{self, Estate, Inquiry, Terms};
use crate::source::tree::TreeOptions;
use clap::Args;
use rayon::prelude::*;
use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};

/// Requests that are answered together.
const BATCH: usize = 4096;
/// Longest line of a request, in bytes.
const LONGEST: u64 = 4 << 20;

/// `tenure can`.
#[derive(Args, Debug)]
#[command(after_help = "\
The answer is `allowed`, `conditional` (it depends on condition keys), `unresolved` (a document was not read), \
`implicitly-denied` or `explicitly-denied`. It is no failure: the exit code is 0 whatever it is, unless --check is given.

--requests reads one JSON object a line and writes one answer a line. Only `action` is needed:

  {\"id\": 1, \"principal\": \"arn:aws:iam::111122223333:user/ann\",
   \"action\": \"s3:GetObject\", \"resource\": \"arn:aws:s3:::bucket/key\",
   \"context\": {\"aws:SourceIp\": \"203.0.113.7\"}, \"complete\": true,
   \"identity_policies\": [{…}], \"permissions_boundary\": {…},
   \"session_policies\": [{…}], \"service_control_policies\": [[{…}]],
   \"resource_control_policies\": [[{…}]], \"resource_policy\": {…},
   \"trust_policy\": {…}, \"endpoint_policy\": {…}}

Policies that a request does not bring are those of the exports that --input names. A request that brings policies \
and a context is taken to tell all its condition keys; `complete` says otherwise. A line that cannot be understood is \
answered by one with `error`, and the exit code is 3.")]
pub(super) struct CanArguments {
    /// <PRINCIPAL> <ACTION> [RESOURCE]; with --who-can <ACTION> [RESOURCE]. The principal is an ARN, a unique id, an
    /// account, a service or a name.
    #[arg(value_name = "PRINCIPAL ACTION [RESOURCE]", num_args = 0..=3)]
    pub question: Vec<String>,
    /// Ask it of every principal of the exports.
    #[arg(long, conflicts_with = "requests")]
    pub who_can: bool,
    /// Answer requests, a JSON object a line (`-` for standard input).
    #[arg(long, value_name = "FILE", conflicts_with = "question")]
    pub requests: Option<PathBuf>,
    /// Directories and files with exports, or `-` for standard input. May be repeated. Default: here, and
    /// none with --requests.
    #[arg(long, short, value_name = "PATH")]
    pub input: Vec<PathBuf>,
    /// What a condition key has: `aws:SourceIp=203.0.113.7`. May be repeated, also for several values.
    #[arg(long, value_name = "KEY=VALUE")]
    pub context: Vec<String>,
    /// Take condition keys that are not given for absent rather than unknown.
    #[arg(long)]
    pub complete_context: bool,
    /// Exit with 1 unless the answer is `allowed`.
    #[arg(long, conflicts_with_all = ["requests", "who_can"])]
    pub check: bool,
    /// `terminal` or `json`.
    #[arg(long, short, value_name = "FORMAT", value_parser = args::format, default_value = "terminal")]
    pub format: Format,
    /// With --who-can, principals of each verdict before the rest is counted.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// Leave out what matches this glob (gitignore syntax, relative to each PATH). May be repeated.
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Do not open archives.
    #[arg(long)]
    pub no_archives: bool,
    /// Judge dates as of this time (ISO 8601). Default: the clock.
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// Threads. Default: one a core. Results do not depend on it.
    #[arg(long, short = 'j', value_name = "N")]
    pub threads: Option<usize>,
}

/// Answers what was asked.
pub(super) fn run(context: &Context, arguments: CanArguments) -> Result<Status, Error> {
    let json = match arguments.format {
        Format::Terminal => false,
        Format::Json => true,
        _ => return Err(Error::Usage("`can` prints as terminal or json".to_owned())),
    };
    if let Some(threads) = arguments.threads {
        // Fails only when a pool was built before, which nothing else does.
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(|e| Error::Internal(e.to_string()))?;
    }
    let now = inputs::now(arguments.now.as_deref())?;
    let terms = Terms {
        complete: arguments.complete_context,
        now: Some(now),
    };
    let (inventory, complete) = match (&arguments.requests, arguments.input.is_empty()) {
        (Some(_), true) => (None, true),
        (None, true) => {
            let (inventory, complete) = read(context, vec![".".into()], &arguments)?;
            (Some(inventory), complete)
        }
        (_, false) => {
            let (inventory, complete) = read(context, arguments.input.clone(), &arguments)?;
            (Some(inventory), complete)
        }
    };
    let estate = inventory.as_ref().map(|inventory| {
        let mut estate = Estate::new(inventory);
        estate.at(now);
        estate
    });
    let done = if complete {
        Status::Clean
    } else {
        context.say("some input could not be read; `tenure scan` says which");
        Status::Incomplete
    };
    if let Some(path) = &arguments.requests {
        return Ok(match requests(path, terms, estate.as_ref())? {
            true => done,
            false => Status::Incomplete,
        });
    }
    let Some(estate) = estate else {
        return Err(Error::Internal("no exports to ask".to_owned()));
    };
    let question: Vec<&str> = arguments.question.iter().map(String::as_str).collect();
    let (principal, action, resource) = match (arguments.who_can, question.as_slice()) {
        (true, [action]) => (None, *action, None),
        (true, [action, resource]) => (None, *action, Some(*resource)),
        (false, [principal, action]) => (Some(*principal), *action, None),
        (false, [principal, action, resource]) => (Some(*principal), *action, Some(*resource)),
        (true, _) => {
            return Err(Error::Usage(
                "--who-can takes an action and a resource".to_owned(),
            ));
        }
        (false, _) => {
            return Err(Error::Usage(
                "name a principal, an action and, if you will, a resource".to_owned(),
            ));
        }
    };
    if !action.contains(['*', '?']) && matches!(actions::known(action), actions::Known::Unknown) {
        context.say(format_args!(
            "AWS is not known to have an action `{action}`"
        ));
    }
    let principal = match principal {
        Some(text) => Some(found(&estate, text)?),
        None => None,
    };
    let mut inquiry = Inquiry::new(principal.as_deref(), action, resource, terms)
        .map_err(|e| Error::Usage(e.to_string()))?;
    for pair in &arguments.context {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            Error::Usage(format!("--context: `{pair}` is not of the form KEY=VALUE"))
        })?;
        inquiry.tell(key, value);
    }
    let asked = Asked {
        principal: principal.as_deref(),
        action,
        resource,
    };
    if arguments.who_can {
        let (verdicts, others) = can::who_can(&inquiry, &estate);
        report::stdout(|out, style| {
            if json {
                answers::write_all_json(asked, &verdicts, others, out)
            } else {
                answers::write_all(asked, &verdicts, others, arguments.limit, out, &style)
            }
        })?;
        return Ok(done);
    }
    let decision = can::decide(&inquiry, Some(&estate)).map_err(|e| Error::Usage(e.to_string()))?;
    report::stdout(|out, style| {
        if json {
            answers::write_json(asked, &decision, out)
        } else {
            answers::write(asked, &decision, out, &style)
        }
    })?;
    if arguments.check && decision.outcome != Answer::Allowed {
        return Ok(Status::Findings);
    }
    Ok(done)
}

/// The id of the one principal that a text names; what names one by itself stays as it is.
fn found(estate: &Estate<'_>, text: &str) -> Result<String, Error> {
    match estate.named(text).as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Ok(text.to_owned()),
        several => Err(Error::Usage(format!(
            "`{text}` names more than one; name one by its ARN:\n  {}",
            several.join("\n  ")
        ))),
    }
}

fn read(
    context: &Context,
    paths: Vec<PathBuf>,
    arguments: &CanArguments,
) -> Result<(Inventory, bool), Error> {
    let inputs = paths
        .into_iter()
        .map(inputs::input)
        .collect::<Result<Vec<_>, _>>()?;
    let tree = TreeOptions {
        exclude: arguments.exclude.clone(),
        respect_gitignore: false,
    };
    let progress = Progress::new(context.quiet);
    let detector = Rules::default().detector()?;
    let (inventory, coverage) =
        can::exports(&inputs, &tree, !arguments.no_archives, detector, &progress).map_err(
            |error| match error {
                ScanError::Input(path, error) => Error::Input(path, error.to_string()),
                ScanError::History(why) => Error::Usage(why),
                ScanError::Glob(glob) => {
                    Error::Usage(format!("exclude: `{}` is not a glob: {}", glob.0, glob.1))
                }
            },
        )?;
    let complete = !coverage.incomplete();
    Ok((inventory, complete))
}

/// Answers requests, in their order; `false` when some could not be understood.
fn requests(path: &Path, terms: Terms, estate: Option<&Estate<'_>>) -> Result<bool, Error> {
    let failed = |e: std::io::Error| Error::Input(path.to_path_buf(), e.to_string());
    let mut input: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        Box::new(std::io::BufReader::with_capacity(1 << 16, file))
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let written = |e| Error::output("standard output".as_ref(), e);
    let mut number = 0;
    let mut good = true;
    loop {
        let mut batch = Vec::with_capacity(BATCH);
        let mut size = 0;
        while batch.len() < BATCH && size < LONGEST as usize {
            let mut line = Vec::new();
            let read = input.by_ref().take(LONGEST).read_until(b'\n', &mut line);
            if read.map_err(failed)? == 0 {
                break;
            }
            number += 1;
            if line.len() as u64 == LONGEST && !line.ends_with(b"\n") {
                // Nothing of it is kept but that it was there.
                skip_line(&mut *input).map_err(failed)?;
                line = b"too long".to_vec();
            }
            size += line.len();
            batch.push((number, line));
        }
        if batch.is_empty() {
            break;
        }
        let lines: Vec<Option<(String, bool)>> = batch
            .par_iter()
            .map(|(number, line)| one(*number, line, terms, estate))
            .collect();
        for (text, fine) in lines.into_iter().flatten() {
            good &= fine;
            writeln!(out, "{text}").map_err(written)?;
        }
    }
    out.flush().map_err(written)?;
    Ok(good)
}

fn skip_line(input: &mut dyn BufRead) -> std::io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|b| *b == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// The answer to one line, and whether it could be understood; `None` for an empty line.
fn one(
    number: usize,
    line: &[u8],
    terms: Terms,
    estate: Option<&Estate<'_>>,
) -> Option<(String, bool)> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return None;
    }
    let mut id = None;
    let mut answer = || -> Result<String, String> {
        // The parser's message may quote what it met; its place may not.
        let value: serde_json::Value = serde_json::from_slice(line)
            .map_err(|e| format!("not JSON, at column {}", e.column()))?;
        id = value.get("id").cloned();
        let find = |text: &str| match estate {
            Some(estate) => estate.named(text).into_iter().map(str::to_owned).collect(),
            None => Vec::new(),
        };
        let inquiry = Inquiry::read(&value, terms, &find).map_err(|e| e.to_string())?;
        let decision = can::decide(&inquiry, estate).map_err(|e| e.to_string())?;
        let asked = Asked {
            principal: inquiry.principal(),
            action: inquiry.action(),
            resource: inquiry.resource(),
        };
        Ok(answers::line(asked, &decision, number, inquiry.id.as_ref()))
    };
    match answer() {
        Ok(text) => Some((text, true)),
        Err(why) => {
            let error = match id {
                Some(id) => serde_json::json!({"line": number, "id": id, "error": why}),
                None => serde_json::json!({"line": number, "error": why}),
            };
            Some((error.to_string(), false))
        }
    }
}
