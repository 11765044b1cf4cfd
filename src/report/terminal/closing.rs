//! What follows the table: waived findings, inputs with problems, what is not shown, what to do next.

use super::super::Report;
use super::super::paint::{BOLD, DIM, PLAIN, Pen, YELLOW};
use super::super::text::{accepted, clean, count, cut, number, wrap_to};
use super::super::view::Hidden;
use super::more;
use crate::model::Severity;
use std::io;

/// How many problems are listed before the rest is counted.
const PROBLEMS: usize = 8;

pub(super) fn waived(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    if !report.options.show_waived || report.waived.is_empty() {
        return Ok(());
    }
    pen.blank()?;
    let title = pen.paint(BOLD, "WAIVED");
    let n = count(report.waived.len(), "finding", "findings");
    pen.line(&format!("{title}  {n}"))?;
    for row in report.waived.iter().take(report.options.limit) {
        let Some(waiver) = &row.finding.waiver else {
            continue;
        };
        let what = format!(
            "{} {}: {}",
            row.severity.as_str(),
            clean(&row.subject.name),
            clean(&row.finding.title)
        );
        pen.item(2, (PLAIN, "·"), PLAIN, &what)?;
        pen.text(4, DIM, &accepted(waiver))?;
    }
    let shown = report.options.limit;
    more(
        report.waived.len(),
        shown,
        "waived finding",
        "waived findings",
        pen,
    )
}

pub(super) fn problems(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    if report.problems.is_empty() {
        return Ok(());
    }
    pen.blank()?;
    let title = pen.paint(BOLD, "INPUTS WITH PROBLEMS");
    let n = number(report.problems.len() as u64);
    pen.line(&format!("{title}  {n}"))?;
    for problem in report.problems.iter().take(PROBLEMS) {
        let line = problem.line.map(|n| format!(":{n}")).unwrap_or_default();
        let style = match &*problem.kind {
            "unreadable" | "malformed" => YELLOW,
            _ => DIM,
        };
        let text = format!(
            "{}{line}: {}",
            clean(&problem.path),
            clean(&problem.message)
        );
        let mark = pen.paint(style, &format!("{:<10}", cut(&clean(&problem.kind), 10)));
        for (index, line) in wrap_to(&text, pen.width - 13, 3).iter().enumerate() {
            let mark = if index == 0 { &mark } else { "          " };
            pen.line(&format!("  {mark} {line}"))?;
        }
    }
    more(report.problems.len(), PROBLEMS, "problem", "problems", pen)
}

pub(super) fn nothing(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    if !report.gaps.is_empty() {
        return Ok(());
    }
    let totals = &report.totals;
    pen.blank()?;
    let text = match (totals.identities + totals.credentials, report.hidden) {
        (
            0,
            Hidden {
                human: 0,
                provider_managed: 0,
                ..
            },
        ) => "No identities and no credentials were found in what was read.".to_owned(),
        _ => format!(
            "Nothing to report: {} and {} were held against {}.",
            count(totals.identities, "identity", "identities"),
            count(totals.credentials, "credential", "credentials"),
            count(totals.evaluated, "check", "checks"),
        ),
    };
    pen.text(0, BOLD, &text)?;
    if totals.unread > 0 {
        let text = "Coverage is incomplete, so this is not the whole picture.";
        pen.text(0, YELLOW, text)?;
    }
    Ok(())
}

pub(super) fn footer(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    let hidden = hidden(&report.hidden, report.options.minimum);
    if !hidden.is_empty() {
        pen.blank()?;
        pen.text(0, DIM, &format!("Not shown: {}.", hidden.join(", ")))?;
    }
    let Some(first) = report.gaps.first() else {
        return Ok(());
    };
    pen.blank()?;
    let id = first.subject.identity.map_or(first.subject.id, |i| &i.id);
    let show = format!("tenure show {}", shell(id));
    pen.text(0, PLAIN, &format!("Next: {show}"))?;
    let text = "whose it is, what it may do, when it ends, and how that is known";
    pen.text(6, DIM, text)
}

fn hidden(hidden: &Hidden, minimum: Severity) -> Vec<String> {
    let mut parts = Vec::new();
    let about = |n: usize| match n {
        0 => String::new(),
        n => format!(" with {}", count(n, "finding", "findings")),
    };
    if hidden.human > 0 || hidden.human_findings > 0 {
        let who = count(hidden.human, "person's identity", "people's identities");
        let with = about(hidden.human_findings);
        parts.push(format!("{who}{with} (--include-human)"));
    }
    if hidden.provider_managed > 0 || hidden.provider_managed_findings > 0 {
        let who = count(
            hidden.provider_managed,
            "identity of the provider's own",
            "identities of the provider's own",
        );
        let with = about(hidden.provider_managed_findings);
        parts.push(format!("{who}{with} (--include-provider-managed)"));
    }
    if hidden.below_minimum > 0 {
        let n = count(hidden.below_minimum, "finding", "findings");
        parts.push(format!("{n} below {} (--min-severity)", minimum.as_str()));
    }
    if hidden.waived > 0 {
        let n = count(hidden.waived, "waived finding", "waived findings");
        parts.push(format!("{n} (--show-waived)"));
    }
    parts
}

/// A word that a shell takes as it stands, or a placeholder where that cannot be said safely.
fn shell(id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@,+=".contains(c);
    if id.chars().all(plain) && !id.starts_with('-') && id.len() <= 160 {
        id.to_owned()
    } else if id.len() <= 160 && id.chars().all(|c| c.is_ascii_graphic() && c != '\'') {
        format!("'{id}'")
    } else {
        "<id>".to_owned()
    }
}
