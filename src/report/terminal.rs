//! The terminal report: what was looked at, what was found, and what to look at first.

use super::paint::{self, BOLD, DIM, GREEN, PLAIN, Pen, RED, YELLOW};
use super::text::{self, bytes, clean, count, cut, cut_start, number, place, wrap_to};
use super::view::{Gap, Hidden};
use super::{Report, Style};
use crate::model::Severity;
use anstyle::Style as Ansi;
use comfy_table::{Cell, ContentArrangement, Table, presets};
use std::io;

/// How many problems, changes and reasons are listed before the rest is counted.
const PROBLEMS: usize = 8;
const CHANGES: usize = 15;
const REASONS: usize = 4;

pub(super) fn write(report: &Report<'_>, out: &mut dyn io::Write, style: &Style) -> io::Result<()> {
    let pen = &mut Pen::new(out, style);
    heading(report, pen)?;
    changes(report, CHANGES, pen)?;
    gaps(report, pen)?;
    waived(report, pen)?;
    problems(report, pen)?;
    nothing(report, pen)?;
    footer(report, pen)
}

fn heading(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    let (snapshot, totals) = (report.snapshot, &report.totals);
    let tool = format!(
        "{} {}",
        clean(&snapshot.tool.name),
        clean(&snapshot.tool.version)
    );
    let at = clean(&snapshot.scanned_at);
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
    let readers = c.readers.iter();
    parts.extend(readers.map(|(name, n)| format!("{} {}", clean(name), number(*n))));
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
    }
    if let (Some(new), Some(baseline)) = (totals.new, &report.snapshot.baseline) {
        let since = clean(text::day(&baseline.scanned_at));
        parts.push((PLAIN, format!("{} new since {since}", number(new as u64))));
    }
    if totals.waived > 0 {
        parts.push((PLAIN, format!("{} waived", number(totals.waived as u64))));
    }
    pen.parts("findings", &parts)
}

fn owners(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    for (index, row) in report.ownership.iter().enumerate() {
        let states = row.states.iter().filter(|(_, n)| *n > 0);
        let states: Vec<_> = states
            .map(|(state, n)| format!("{} {state}", number(*n as u64)))
            .collect();
        let text = match row.platform {
            None => format!(
                "{} of {} owned: {}",
                number(row.owned as u64),
                count(row.total, "identity", "identities"),
                states.join(" · ")
            ),
            Some(platform) => format!("{:<12} {}", cut(&clean(platform), 12), states.join(" · ")),
        };
        // One platform is the whole.
        if report.ownership.len() == 2 && index == 1 {
            break;
        }
        pen.field(if index == 0 { "owners" } else { "" }, PLAIN, &text)?;
    }
    Ok(())
}

/// What changed since the baseline, at most so many changes.
pub(super) fn changes(report: &Report<'_>, most: usize, pen: &mut Pen<'_>) -> io::Result<()> {
    let Some(baseline) = &report.snapshot.baseline else {
        return Ok(());
    };
    let totals = &report.totals;
    pen.blank()?;
    let since = clean(text::day(&baseline.scanned_at));
    let title = pen.paint(BOLD, &format!("CHANGES SINCE {since}"));
    let summary = match report.changes.len() {
        0 => "none".to_owned(),
        n => format!(
            "{} · {} for the worse · {} for the better · {} gone",
            number(n as u64),
            number(totals.worse as u64),
            number(totals.better as u64),
            count(report.gone.len(), "finding", "findings"),
        ),
    };
    pen.line(&format!("{title}  {summary}"))?;
    let subject_width = if pen.width >= 100 { 34 } else { 22 };
    let rest = pen.width - 2 - 2 - 19 - subject_width - 2;
    for row in report.changes.iter().take(most) {
        let change = row.change;
        let (style, mark) = paint::bearing(row.bearing);
        let kind = format!("{:<18}", cut(&clean(&change.kind), 18));
        let subject = pad(
            &cut(&clean(&change.subject.name), subject_width),
            subject_width,
        );
        let what = match (&change.before, &change.after) {
            (Some(before), Some(after)) => format!("{} → {}", clean(before), clean(after)),
            (None, Some(after)) => clean(after),
            (Some(before), None) => format!("was {}", clean(before)),
            (None, None) => String::new(),
        };
        let head = format!(
            "  {} {} {subject}  ",
            pen.paint(style, mark),
            pen.paint(style, &kind)
        );
        for (index, line) in wrap_to(&what, rest, 2).iter().enumerate() {
            match index {
                0 => pen.line(format!("{head}{line}").trim_end())?,
                _ => pen.line(&format!("{}{line}", " ".repeat(pen.width - rest)))?,
            }
        }
    }
    more(report.changes.len(), most, "change", "changes", pen)
}

fn gaps(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    let shown = report.gaps.len().min(report.options.limit);
    let mut rest = report.gaps.iter().take(shown).peekable();
    while let Some(first) = rest.peek().map(|gap| gap.severity) {
        let mut section = Vec::new();
        while let Some(gap) = rest.next_if(|gap| gap.severity == first) {
            section.push(gap);
        }
        let all = report.gaps.iter().filter(|g| g.severity == first).count();
        let (style, name) = match first {
            Some(severity) => (paint::severity(severity), severity.as_str().to_uppercase()),
            None => (DIM, "WITHOUT AN OWNER".to_owned()),
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
            _ => (width * 5 / 16, width / 5, 10),
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
    let mut lines: Vec<String> = wrap_to(&clean(&s.name), w.who, 2)
        .iter()
        .map(|line| pen.paint(BOLD, line))
        .collect();
    let mut dim = |text: &str| {
        let text = cut(&clean(text), w.who);
        lines.push(pen.paint(DIM, &text));
    };
    let short = |sort: &str| {
        let prefix = s.platform.len() + 1;
        let of_platform = sort.starts_with(s.platform) && sort.len() > prefix;
        sort.chars()
            .skip(if of_platform { prefix } else { 0 })
            .collect::<String>()
            .replace('-', " ")
    };
    match (s.kind, s.identity) {
        ("identity", Some(i)) => {
            let kind = short(&i.kind);
            dim(&match &i.namespace {
                Some(namespace) => format!("{kind} in {namespace}"),
                None => kind,
            });
            if let Some(account) = &s.account {
                dim(account);
            }
        }
        ("credential", Some(i)) => dim(&format!("of {}", i.name)),
        ("credential", None) => dim("of nobody known"),
        (kind, Some(i)) => dim(&format!("{kind} of {}", i.name)),
        (kind, None) => dim(kind),
    }
    lines.join("\n")
}

fn owner(gap: &Gap<'_>, w: &Widths, pen: &Pen<'_>) -> String {
    let style = paint::ownership(gap.subject.owner_state());
    let text = text::owner(gap.subject.ownership);
    let lines = wrap_to(&text, w.owner, 4);
    let lines: Vec<_> = lines.iter().map(|line| pen.paint(style, line)).collect();
    lines.join("\n")
}

fn may(gap: &Gap<'_>, pen: &Pen<'_>) -> String {
    match gap.subject.tier() {
        "" => pen.paint(DIM, "–"),
        tier => pen.paint(paint::tier(tier), &cut(&clean(tier), 9)),
    }
}

fn ends(gap: &Gap<'_>, pen: &Pen<'_>) -> String {
    let s = &gap.subject;
    match s.expires.map(text::when) {
        None => pen.paint(DIM, "–"),
        Some("unknown") => pen.paint(DIM, "unknown"),
        Some("never") => pen.paint(YELLOW, "never"),
        Some(day) => {
            let style = if s.expired { RED } else { PLAIN };
            pen.paint(style, &cut(&clean(day), 10))
        }
    }
}

fn why(gap: &Gap<'_>, w: &Widths, pen: &Pen<'_>) -> String {
    let mut lines = Vec::new();
    if let Some(first) = gap.locations.first() {
        let others = match gap.locations.len() - 1 {
            0 => String::new(),
            n => format!(" +{}", number(n as u64)),
        };
        let room = w.why.saturating_sub(text::columns(&others));
        let shown = cut_start(&place(first), room);
        lines.push(format!("{shown}{}", pen.paint(DIM, &others)));
    }
    for reason in gap.reasons.iter().take(REASONS) {
        let new = if reason.new { " (new)" } else { "" };
        let title = format!("{}{new}", clean(reason.title));
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

fn waived(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
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
        pen.item(2, "·", PLAIN, &what)?;
        let how = format!(
            "until {} by {} (approved by {}): {}",
            clean(&waiver.expires),
            clean(&waiver.owner),
            clean(&waiver.approver),
            clean(&waiver.reason)
        );
        pen.item(4, "", DIM, &how)?;
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

fn problems(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
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

fn nothing(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    if !report.gaps.is_empty() {
        return Ok(());
    }
    let totals = &report.totals;
    pen.blank()?;
    let evaluated = report.snapshot.checks.len() - report.blind_checks.len();
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
            count(evaluated, "check", "checks"),
        ),
    };
    pen.item(0, "", BOLD, &text)?;
    if totals.unread > 0 {
        let text = "Coverage is incomplete, so this is not the whole picture.";
        pen.item(0, "", YELLOW, text)?;
    }
    Ok(())
}

fn footer(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    let hidden = hidden(&report.hidden, report.options.minimum);
    if !hidden.is_empty() {
        pen.blank()?;
        pen.item(0, "", DIM, &format!("Not shown: {}.", hidden.join(", ")))?;
    }
    let Some(first) = report.gaps.first() else {
        return Ok(());
    };
    pen.blank()?;
    let id = first.subject.identity.map_or(first.subject.id, |i| &i.id);
    let show = format!("tenure show {}", shell(id));
    pen.item(0, "", PLAIN, &format!("Next: {show}"))?;
    let text = "whose it is, what it may do, when it ends, and how that is known";
    pen.item(6, "", DIM, text)
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

fn more(all: usize, shown: usize, one: &str, many: &str, pen: &mut Pen<'_>) -> io::Result<()> {
    if all <= shown {
        return Ok(());
    }
    let text = format!("and {} more", count(all - shown, one, many));
    pen.item(2, "…", DIM, &text)
}

fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text::columns(text));
    format!("{text}{}", " ".repeat(missing))
}
