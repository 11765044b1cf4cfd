//! `tenure checks`.

use super::args::{ChecksAction, ChecksArguments};
use super::error::Error;
use super::exit::Status;
use super::inputs::Rules;
use super::report;
use crate::scan::{self, CheckSet, Controls, Detector, Kind};
use std::io::{self, Write};

/// Lists, shows or tests checks.
pub(super) fn run(arguments: &ChecksArguments) -> Result<Status, Error> {
    let rules = Rules::load(&arguments.rules)?;
    let checks = rules.checks()?;
    match &arguments.action {
        ChecksAction::List { like } => {
            report::stdout(|out, _| list(&checks, like.as_deref(), out))?;
        }
        ChecksAction::Show { id } => {
            let controls = Controls::builtin().map_err(Error::Internal)?;
            let check = checks.get(id).ok_or_else(|| unknown(&checks, id))?;
            report::stdout(|out, _| show(check, &controls, out))?;
        }
        ChecksAction::Test => return test(&checks, &rules.detector_with_examples()?),
        ChecksAction::Kinds { like } => {
            let detector = rules.detector()?;
            report::stdout(|out, _| kinds(&detector, like.as_deref(), out))?;
        }
        ChecksAction::Attributes => {
            report::stdout(|out, _| out.write_all(scan::check_attributes().as_bytes()))?
        }
    }
    Ok(Status::Clean)
}

fn list(checks: &CheckSet, like: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let like = like.unwrap_or_default().to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&like);
    let mut checks: Vec<_> = checks.iter().collect();
    checks.retain(|c| holds(&c.id) || holds(&c.title));
    let widest = |text: fn(&scan::Check) -> &str| {
        let widths = checks.iter().map(|c| text(c).len());
        widths.max().unwrap_or_default()
    };
    let (width, of) = (widest(|c| &c.id), widest(|c| c.applies_to.as_str()));
    for check in &checks {
        writeln!(
            out,
            "{:width$}  {:8}  {:of$}  {}",
            check.id,
            check.severity.as_str(),
            check.applies_to.as_str(),
            check.title
        )?;
    }
    Ok(())
}

fn kinds(detector: &Detector, like: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let like = like.unwrap_or_default().to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&like);
    let mut kinds: Vec<_> = detector.kinds().collect();
    kinds.retain(|k| holds(k.id()) || holds(k.issuer()) || holds(k.title()));
    kinds.sort_unstable_by_key(|k| k.id());
    let wide = |text: fn(&Kind) -> &str| {
        let widths = kinds.iter().map(|k| text(k).len());
        widths.max().unwrap_or_default()
    };
    let (id, issuer) = (wide(Kind::id), wide(Kind::issuer));
    for kind in &kinds {
        writeln!(
            out,
            "{:id$}  {:8}  {:issuer$}  {}",
            kind.id(),
            kind.severity().as_str(),
            kind.issuer(),
            kind.title()
        )?;
    }
    Ok(())
}

fn show(check: &scan::Check, controls: &Controls, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {}", check.id, check.title)?;
    writeln!(
        out,
        "severity: {}   confidence: {}   of: {}",
        check.severity.as_str(),
        check.confidence.as_str(),
        check.applies_to.as_str()
    )?;
    writeln!(out, "\n{}", check.description.trim_end())?;
    if let Some(when) = &check.when {
        writeln!(out, "\nspeaks of subjects where\n{}", indented(when))?;
    }
    writeln!(out, "\ncondition\n{}", indented(&check.condition))?;
    if !check.parameters.is_empty() {
        writeln!(out, "\nparameters")?;
        for parameter in &check.parameters {
            let kind = parameter.kind.describe();
            writeln!(
                out,
                "  {} = {} ({kind}): {}",
                parameter.name, parameter.default, parameter.description
            )?;
        }
    }
    writeln!(out, "\nwhat to do\n{}", indented(&check.remediation))?;
    writeln!(out, "\ncontrols")?;
    for id in &check.controls {
        writeln!(
            out,
            "  {id}  {}",
            controls
                .get(id)
                .map(|c| c.title.as_str())
                .unwrap_or_default()
        )?;
    }
    for reference in &check.references {
        writeln!(out, "\nsee {reference}")?;
    }
    writeln!(out, "\nfrom {}", check.file)
}

fn indented(text: &str) -> String {
    text.trim_end()
        .lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn unknown(checks: &CheckSet, id: &str) -> Error {
    let near = checks
        .iter()
        .map(|c| (strsim::jaro_winkler(&c.id, id), c))
        .filter(|(near, _)| *near >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = near
        .map(|(_, c)| format!("; did you mean `{}`?", c.id))
        .unwrap_or_else(|| "; `tenure checks list` lists them".to_owned());
    Error::Usage(format!("no check `{id}`{hint}"))
}

fn test(checks: &CheckSet, detector: &Detector) -> Result<Status, Error> {
    let failures = checks.run_cases();
    let misses = detector.check_examples();
    report::stdout(|out, _| {
        for failure in &failures {
            writeln!(out, "{failure}")?;
        }
        writeln!(
            out,
            "{} checks, {} cases, {} failed",
            checks.len(),
            checks.case_count(),
            failures.len()
        )?;
        for miss in &misses {
            let (kind, list, index) = (&miss.kind, miss.list, miss.index);
            writeln!(out, "{kind}: {list} example {index} {}", miss.problem)?;
        }
        writeln!(
            out,
            "{} kinds of credential, {} examples failed",
            detector.kinds().count(),
            misses.len()
        )
    })?;
    Ok(if failures.is_empty() && misses.is_empty() {
        Status::Clean
    } else {
        Status::Findings
    })
}
