//! The terminal report: what was looked at, what was found, and what to look at first.

mod summary;

mod changes;

mod gaps;

mod place;

mod closing;

pub(super) use changes::changes;

use super::paint::{DIM, Pen};
use super::text::{columns, number};
use super::{Report, Style};
use std::io;

/// How many changes are listed before the rest is counted.
const CHANGES: usize = 15;

pub(super) fn write(report: &Report<'_>, out: &mut dyn io::Write, style: &Style) -> io::Result<()> {
    let pen = &mut Pen::new(out, style);
    summary::heading(report, pen)?;
    changes(report, CHANGES, pen)?;
    gaps::gaps(report, pen)?;
    closing::waived(report, pen)?;
    closing::problems(report, pen)?;
    closing::nothing(report, pen)?;
    closing::footer(report, pen)
}

fn more(all: usize, shown: usize, one: &str, many: &str, pen: &mut Pen<'_>) -> io::Result<()> {
    if all <= shown {
        return Ok(());
    }
    let left = all - shown;
    let what = if left == 1 { one } else { many };
    let text = format!("and {} more {what}", number(left as u64));
    pen.item(2, (DIM, "…"), DIM, &text)
}

fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(columns(text));
    format!("{text}{}", " ".repeat(missing))
}
