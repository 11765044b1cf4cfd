//! The table of subjects with something open, the worst first.

use super::super::Report;
use super::super::label;
use super::super::paint::{self, BOLD, DIM, PLAIN, Pen, RED, YELLOW};
use super::super::text::{self, clean, count, cut, number, wrap_to};
use super::super::view::Gap;
use super::place::Place;
use super::{more, pad};
use comfy_table::{Cell, ContentArrangement, Table, presets};
use std::io;

/// How many reasons are listed before the rest is counted.
const REASONS: usize = 4;

pub(super) fn gaps(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    let shown = report.gaps.len().min(report.options.limit);
    let mut rest = report.gaps.iter().take(shown).peekable();
    while let Some(first) = rest.peek().map(|gap| gap.severity) {
        let mut section = Vec::new();
        while let Some(gap) = rest.next_if(|gap| gap.severity == first) {
            section.push(gap);
        }
        let totals = &report.totals;
        let mut counts = totals.severities.iter();
        let all = match counts.find(|s| Some(s.severity) == first) {
            Some(counted) => counted.subjects,
            None => totals.ownerless,
        };
        let (style, name) = match first {
            Some(severity) => (paint::severity(severity), severity.as_str().to_uppercase()),
            None => (DIM, "NO FINDING, BUT NO OWNER".to_owned()),
        };
        pen.blank()?;
        let title = pen.paint(style.bold(), &name);
        pen.line(&format!("{title}  {}", count(all, "subject", "subjects")))?;
        table(&section, pen)?;
    }
    more(report.gaps.len(), shown, "subject", "subjects", pen)
}

/// Widths of the columns who, owner, privilege, end and why.
struct Widths {
    who: usize,
    owner: usize,
    tier: usize,
    /// 0: the end stands under the privilege.
    end: usize,
    why: usize,
}

impl Widths {
    const GAP: usize = 2;

    fn new(width: usize) -> Self {
        let wide = width >= 100;
        let (end, columns) = if wide { (10, 5) } else { (0, 4) };
        let (who, owner, tier) = match width {
            100.. => (width / 4, width / 6, 9),
            _ => (width / 4, width / 5, 10),
        };
        let taken = 2 + who + owner + tier + end + Self::GAP * (columns - 1);
        Self {
            who,
            owner,
            tier,
            end,
            why: width.saturating_sub(taken),
        }
    }
}

fn table(gaps: &[&Gap<'_>], pen: &mut Pen<'_>) -> io::Result<()> {
    let w = Widths::new(pen.width);
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    let head = |text: &str, width: usize| pen.paint(DIM, &pad(text, width));
    let mut header = vec![head("WHO", w.who), head("OWNER", w.owner)];
    match w.end {
        0 => header.push(head("MAY / ENDS", w.tier)),
        end => header.extend([head("MAY", w.tier), head("ENDS", end)]),
    }
    header.push(head("WHERE AND WHY", w.why));
    table.set_header(header);
    for gap in gaps {
        let mut cells = vec![who(gap, &w, pen), owner(gap, &w, pen)];
        let (tier, end) = (may(gap, pen), ends(gap, pen));
        match w.end {
            0 => cells.push(format!("{tier}\n{end}")),
            _ => cells.extend([tier, end]),
        }
        cells.push(why(gap, &w, pen));
        table.add_row(cells.into_iter().map(Cell::new).collect::<Vec<_>>());
    }
    let count = table.column_count();
    for (index, column) in table.column_iter_mut().enumerate() {
        let right = if index + 1 == count {
            0
        } else {
            Widths::GAP as u16
        };
        column.set_padding((if index == 0 { 2 } else { 0 }, right));
    }
    let text = table.trim_fmt();
    pen.line(&text)
}

fn who(gap: &Gap<'_>, w: &Widths, pen: &Pen<'_>) -> String {
    let s = &gap.subject;
    // What is shown of a secret stands at the end.
    let most = if s.kind == "credential" { 4 } else { 2 };
    let mut lines: Vec<String> = wrap_to(&clean(&label::title(s)), w.who, most)
        .iter()
        .map(|line| pen.paint(BOLD, line))
        .collect();
    let what = wrap_to(&clean(&label::what(s)), w.who, 2);
    lines.extend(what.iter().map(|line| pen.paint(DIM, line)));
    lines.join("\n")
}

fn owner(gap: &Gap<'_>, w: &Widths, pen: &Pen<'_>) -> String {
    let style = paint::ownership(gap.subject.owner_state());
    let text = text::owner_of(&gap.subject);
    let lines = wrap_to(&text, w.owner, 4);
    let mut lines: Vec<_> = lines.iter().map(|line| pen.paint(style, line)).collect();
    if let Some(how) = text::how_known(&gap.subject) {
        let how = wrap_to(&how, w.owner, 3);
        lines.extend(how.iter().map(|line| pen.paint(DIM, line)));
    }
    lines.join("\n")
}

fn may(gap: &Gap<'_>, pen: &Pen<'_>) -> String {
    match gap.subject.tier() {
        "" => pen.paint(DIM, "–"),
        tier => pen.paint(paint::tier(tier), &cut(&clean(tier), 9)),
    }
}

/// When it ends by itself; else when it was registered to end.
fn ends(gap: &Gap<'_>, pen: &Pen<'_>) -> String {
    let s = &gap.subject;
    let dated = |day: &str, past: bool, note: &str| {
        let style = if past { RED } else { PLAIN };
        let note = if past { "past" } else { note };
        let day = pen.paint(style, &cut(&clean(day), 10));
        match note {
            "" => day,
            note => format!("{day}\n{}", pen.paint(if past { RED } else { DIM }, note)),
        }
    };
    match (s.expires.map(text::when), s.registered_end) {
        (None | Some("unknown" | "never"), Some(day)) => {
            dated(day, s.past_registered_end, "registered")
        }
        (None, None) => pen.paint(DIM, "–"),
        (Some("unknown"), None) => pen.paint(DIM, "unknown"),
        (Some("never"), None) => pen.paint(YELLOW, "never"),
        (Some(day), _) => dated(day, s.expired, ""),
    }
}

fn why(gap: &Gap<'_>, w: &Widths, pen: &Pen<'_>) -> String {
    let mut lines = Vec::new();
    if let Some(first) = gap.locations.first() {
        let others = gap.locations.len() - 1;
        lines.extend(Place::new(&gap.subject, first).lines(w.why, others));
        if let Some(lineage) = gap.subject.exposure(first).and_then(text::lineage) {
            let wrapped = wrap_to(&lineage, w.why, 2);
            lines.extend(wrapped.iter().map(|line| pen.paint(DIM, line)));
        }
    }
    for reason in gap.reasons.iter().take(REASONS) {
        let new = if reason.new { " (new)" } else { "" };
        // Of a credential it says how likely it is one.
        let sure = match reason.confidence {
            "medium" | "low" if gap.subject.kind == "credential" => {
                format!(" ({} confidence)", reason.confidence)
            }
            _ => String::new(),
        };
        let title = format!("{}{sure}{new}", clean(reason.title));
        for (index, line) in wrap_to(&title, w.why.saturating_sub(2), 3)
            .iter()
            .enumerate()
        {
            let mark = if index == 0 { "·" } else { " " };
            lines.push(format!("{} {line}", pen.paint(DIM, mark)));
        }
    }
    if gap.reasons.len() > REASONS {
        let left = number((gap.reasons.len() - REASONS) as u64);
        lines.push(pen.paint(DIM, &format!("  and {left} more")));
    }
    lines.join("\n")
}
