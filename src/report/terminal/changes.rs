//! What changed since the baseline.

use super::super::Report;
use super::super::fold::fold;
use super::super::paint::{self, BOLD, PLAIN, Pen};
use super::super::text::{self, clean, count, cut, cut_start, number, wrap_to};
use super::{more, pad};
use crate::model::Timestamp;
use std::io;

/// What changed since the baseline, at most so many changes.
pub(in crate::report) fn changes(
    report: &Report<'_>,
    most: usize,
    pen: &mut Pen<'_>,
) -> io::Result<()> {
    let Some(baseline) = &report.snapshot.baseline else {
        return Ok(());
    };
    let totals = &report.totals;
    pen.blank()?;
    let since = cut(&clean(text::day(&baseline.scanned_at)), 10);
    let title = format!("CHANGES SINCE {since}");
    let summary = match report.changes.len() {
        0 => "none".to_owned(),
        n => {
            let changes = count(n, "change", "changes");
            let (worse, better) = (number(totals.worse as u64), number(totals.better as u64));
            let gone = totals.new.map_or_else(String::new, |_| {
                format!(
                    " · {} gone",
                    count(report.gone.len(), "finding", "findings")
                )
            });
            format!("{changes}, {worse} worse, {better} better{gone}")
        }
    };
    pen.item(0, (BOLD, &format!("{title} ")), PLAIN, &summary)?;
    let subject_width = if pen.width >= 100 { 34 } else { 22 };
    let rest = pen.width - 2 - 2 - 19 - subject_width - 2;
    let folded = fold(&report.changes);
    let told = folded.iter().take(most);
    for folded in told.clone() {
        let change = folded.row.change;
        let (style, mark) = paint::bearing(folded.row.bearing);
        let kind = format!("{:<18}", cut(&clean(&change.kind), 18));
        let name = clean(&change.subject.name);
        // Of a credential the end of its name tells it from others.
        let name = match &*change.subject.kind {
            "credential" => cut_start(&name, subject_width),
            _ => cut(&name, subject_width),
        };
        let subject = pad(&name, subject_width);
        let what = match (&folded.before, &folded.after) {
            (Some(before), Some(after)) => format!("{} → {}", side(before), side(after)),
            (None, Some(after)) => side(after),
            (Some(before), None) => format!("was {}", side(before)),
            (None, None) => String::new(),
        };
        let head = format!(
            "  {} {} {subject}  ",
            pen.paint(style, mark),
            pen.paint(style, &kind)
        );
        for (index, line) in wrap_to(&what, rest, 3).iter().enumerate() {
            match index {
                0 => pen.line(format!("{head}{line}").trim_end())?,
                _ => pen.line(&format!("{}{line}", " ".repeat(pen.width - rest)))?,
            }
        }
    }
    let told = told.map(|f| f.count).sum();
    more(report.changes.len(), told, "change", "changes", pen)
}

/// One side of a change; of an instant the day is enough.
fn side(text: &str) -> String {
    match Timestamp::parse(text) {
        Some(at) => at.date(),
        None => clean(text),
    }
}
