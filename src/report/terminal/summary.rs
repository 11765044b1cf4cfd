//! What was read, how far that reaches, and the counts.

use super::super::Report;
use super::super::paint::{self, BOLD, GREEN, PLAIN, Pen, YELLOW};
use super::super::text::{self, bytes, clean, count, cut, number};
use anstyle::Style as Ansi;
use std::io;

pub(super) fn heading(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    let (snapshot, totals) = (report.snapshot, &report.totals);
    let tool = format!(
        "{} {}",
        cut(&clean(&snapshot.tool.name), 12),
        cut(&clean(&snapshot.tool.version), 12)
    );
    let at = cut(&clean(&snapshot.scanned_at), 24);
    let title = format!("{} · as of {at}", pen.paint(BOLD, &tool));
    pen.line(&title)?;
    pen.blank()?;
    pen.field("read", PLAIN, &read(report))?;
    let (style, complete) = coverage(report);
    pen.field("coverage", style, &complete)?;
    let leaked = match totals.leaked {
        0 => String::new(),
        n => format!(", {n} of them in the open"),
    };
    let inventory = format!(
        "{}, {}{leaked}",
        count(totals.identities, "identity", "identities"),
        count(totals.credentials, "credential", "credentials"),
    );
    pen.field("inventory", PLAIN, &inventory)?;
    findings_line(report, pen)?;
    owners(report, pen)
}

fn read(report: &Report<'_>) -> String {
    let c = &report.snapshot.coverage;
    let mut parts = vec![format!(
        "{} ({})",
        count(c.files as usize, "file", "files"),
        bytes(c.bytes)
    )];
    if !c.repositories.is_empty() {
        let n = c.repositories.len();
        parts.push(count(n, "repository", "repositories"));
    }
    if let Some(history) = &c.history {
        parts.push(format!(
            "history of {}, {} ({})",
            count(history.commits as usize, "commit", "commits"),
            count(history.blobs as usize, "version", "versions"),
            bytes(history.bytes)
        ));
    }
    let readers = c.readers.iter();
    parts.extend(readers.map(|(name, n)| format!("{} {}", cut(&clean(name), 40), number(*n))));
    parts.join(" · ")
}

fn coverage(report: &Report<'_>) -> (Ansi, String) {
    let (totals, c) = (&report.totals, &report.snapshot.coverage);
    let mut parts = Vec::new();
    if totals.unread > 0 {
        let inputs = count(totals.unread, "input", "inputs");
        parts.push(format!("INCOMPLETE: {inputs} could not be read (below)"));
    } else if !c.complete {
        parts.push("INCOMPLETE".to_owned());
    } else {
        parts.push("complete".to_owned());
    }
    if totals.limited > 0 {
        parts.push(format!("{} not read whole", number(totals.limited as u64)));
    }
    let skipped = [
        (c.excluded, "excluded"),
        (c.binary, "binary"),
        (c.oversized, "oversized"),
        (c.special, "special"),
    ];
    let skipped = skipped.into_iter().filter(|(n, _)| *n > 0);
    parts.extend(skipped.map(|(n, what)| format!("{} {what}", number(n))));
    if !report.blind_checks.is_empty() {
        let n = report.blind_checks.len();
        let checks = count(n, "check", "checks");
        parts.push(format!("{checks} without the data to judge"));
    }
    let incomplete = totals.unread > 0 || !c.complete;
    let style = if incomplete { YELLOW } else { PLAIN };
    (style, parts.join(" · "))
}

fn findings_line(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    let totals = &report.totals;
    let mut parts: Vec<(Ansi, String)> = totals
        .severities
        .iter()
        .filter(|s| s.open > 0)
        .map(|s| {
            let text = format!("{} {}", number(s.open as u64), s.severity.as_str());
            (paint::severity(s.severity), text)
        })
        .collect();
    if parts.is_empty() {
        parts.push((GREEN, "none open".to_owned()));
    } else {
        // The table lists each subject once, under the worst of its findings.
        let subjects = totals.severities.iter().map(|s| s.subjects).sum();
        let text = format!(
            "{} on {}",
            number(totals.open as u64),
            count(subjects, "subject", "subjects")
        );
        parts.insert(0, (PLAIN, text));
    }
    if let (Some(new), Some(baseline)) = (totals.new, &report.snapshot.baseline) {
        let since = cut(&clean(text::day(&baseline.scanned_at)), 10);
        parts.push((PLAIN, format!("{} new since {since}", number(new as u64))));
    }
    if totals.waived > 0 {
        parts.push((PLAIN, format!("{} waived", number(totals.waived as u64))));
    }
    pen.parts("findings", &parts)
}

fn owners(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    // One platform is the whole.
    let shown = if report.ownership.len() == 2 {
        1
    } else {
        usize::MAX
    };
    for row in report.ownership.iter().take(shown) {
        let states = row.states.iter().filter(|(_, n)| *n > 0);
        let mut parts: Vec<_> = states
            .map(|(state, n)| {
                let text = format!("{} {state}", number(*n as u64));
                (paint::ownership(state), text)
            })
            .collect();
        match row.platform {
            None => {
                parts.retain(|(_, text)| !text.ends_with(" owned"));
                let all = count(row.total, "identity", "identities");
                let text = format!("{} of {all} owned", number(row.owned as u64));
                parts.insert(0, (PLAIN, text));
                pen.parts("owners", &parts)?;
            }
            Some(platform) => pen.parts(&format!(" {}", cut(&clean(platform), 10)), &parts)?,
        }
    }
    Ok(())
}
