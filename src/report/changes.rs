//! What `tenure diff` prints: changes, new findings, findings that are gone; nothing cut short.

use super::paint::{self, BOLD, DIM, Pen};
use super::text::{clean, place, wrap_to};
use super::{Format, Report, Style, UnknownFormat, markdown, terminal, view};
use crate::snapshot::{Change, Finding};
use serde::Serialize;
use std::io;

/// The comparison as a program reads it.
#[derive(Serialize)]
struct Comparison<'a> {
    before: &'a str,
    after: &'a str,
    changes: Vec<&'a Change>,
    new: Vec<&'a Finding>,
    gone: &'a [&'a Finding],
}

/// Whether changes alone can be written in a format: as terminal text, JSON or Markdown.
pub fn check(format: Format) -> Result<(), UnknownFormat> {
    match format {
        Format::Terminal | Format::Json | Format::Markdown => Ok(()),
        Format::Csv(_) | Format::Sarif => Err(UnknownFormat),
    }
}

/// Writes what changed since the baseline. A format that [`check`] refuses is written as terminal text.
pub fn write(
    format: Format,
    report: &Report<'_>,
    out: &mut dyn io::Write,
    style: &Style,
) -> io::Result<()> {
    let fresh = |finding: &&Finding| finding.status.as_deref() == Some("new");
    let new: Vec<&Finding> = report
        .findings
        .iter()
        .map(|row| row.finding)
        .filter(fresh)
        .collect();
    match format {
        Format::Json => {
            let comparison = Comparison {
                before: report
                    .snapshot
                    .baseline
                    .as_ref()
                    .map_or("", |b| &b.scanned_at),
                after: &report.snapshot.scanned_at,
                changes: report.changes.iter().map(|row| row.change).collect(),
                new,
                gone: &report.gone,
            };
            serde_json::to_writer_pretty(&mut *out, &comparison)?;
            out.write_all(b"\n")
        }
        Format::Markdown => {
            markdown::changes(report, usize::MAX, out)?;
            markdown::findings("New findings", &new, out)?;
            markdown::findings("Findings gone", &report.gone, out)
        }
        Format::Terminal | Format::Csv(_) | Format::Sarif => {
            let pen = &mut Pen::new(out, style);
            terminal::changes(report, usize::MAX, pen)?;
            section("NEW FINDINGS", &new, pen)?;
            section("FINDINGS GONE", &report.gone, pen)
        }
    }
}

fn section(title: &str, findings: &[&Finding], pen: &mut Pen<'_>) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    pen.blank()?;
    let title = pen.paint(BOLD, title);
    pen.line(&format!("{title}  {}", findings.len()))?;
    for finding in findings {
        let severity = pen.paint(
            paint::severity(view::severity(&finding.severity)),
            &format!("{:8}", clean(&finding.severity)),
        );
        let title = match &*finding.title {
            "" => &finding.check,
            title => title,
        };
        let what = format!("{}: {}", clean(title), clean(&finding.subject.name));
        for (index, line) in wrap_to(&what, pen.width - 11, 3).iter().enumerate() {
            let mark = if index == 0 { &severity } else { "        " };
            pen.line(&format!("  {mark} {line}"))?;
        }
        if let Some(evidence) = finding.evidence.first() {
            pen.text(11, DIM, &place(evidence))?;
        }
    }
    Ok(())
}
