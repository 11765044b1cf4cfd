//! The terminal report: what was looked at, what was found, and what to look at first.

use super::paint::{self, BOLD, DIM, GREEN, PLAIN, Pen, RED, YELLOW};
use super::text::{self, bytes, clean, count, cut, cut_start, number, wrap, wrap_to};
use super::view::{Gap, Hidden};
use super::{Report, Style};
use crate::model::{Severity, Timestamp};
use crate::snapshot::Evidence;
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

/// What changed since the baseline, at most so many changes.
pub(super) fn changes(report: &Report<'_>, most: usize, pen: &mut Pen<'_>) -> io::Result<()> {
    let Some(baseline) = &report.snapshot.baseline else {
        return Ok(());
    };
    let totals = &report.totals;
    pen.blank()?;
    let since = cut(&clean(text::day(&baseline.scanned_at)), 10);
    let title = format!("CHANGES SINCE {since}");
    let summary = match report.changes.len() {
        0 => "none".to_owned(),
        n => format!(
            "{} ({} worse, {} better) · {} gone",
            number(n as u64),
            number(totals.worse as u64),
            number(totals.better as u64),
            count(report.gone.len(), "finding", "findings"),
        ),
    };
    pen.item(0, (BOLD, &title), PLAIN, &summary)?;
    let subject_width = if pen.width >= 100 { 34 } else { 22 };
    let rest = pen.width - 2 - 2 - 19 - subject_width - 2;
    for row in report.changes.iter().take(most) {
        let change = row.change;
        let (style, mark) = paint::bearing(row.bearing);
        let kind = format!("{:<18}", cut(&clean(&change.kind), 18));
        let name = clean(&change.subject.name);
        // Of a credential the end of its name tells it from others.
        let name = match &*change.subject.kind {
            "credential" => cut_start(&name, subject_width),
            _ => cut(&name, subject_width),
        };
        let subject = pad(&name, subject_width);
        let what = match (&change.before, &change.after) {
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
    more(report.changes.len(), most, "change", "changes", pen)
}

/// One side of a change; of an instant the day is enough.
fn side(text: &str) -> String {
    match Timestamp::parse(text) {
        Some(at) => at.date(),
        None => clean(text),
    }
}

fn gaps(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
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
    let mut lines: Vec<String> = wrap_to(&clean(&s.name), w.who, 2)
        .iter()
        .map(|line| pen.paint(BOLD, line))
        .collect();
    let mut dim = |text: &str| {
        let text = wrap_to(&clean(text), w.who, 2);
        lines.extend(text.iter().map(|line| pen.paint(DIM, line)));
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
            let whose = if i.humanity == "human" {
                "person's "
            } else {
                ""
            };
            let home = match (&i.namespace, i.account.as_deref()) {
                // What manifests belong to is not said in them; the default says nothing.
                (Some(namespace), None | Some("cluster")) => format!(" in {namespace}"),
                (Some(namespace), Some(cluster)) => format!(" in {cluster}/{namespace}"),
                (None, Some(account)) => format!(" in {account}"),
                (None, None) => String::new(),
            };
            dim(&format!("{whose}{}{home}", short(&i.kind)));
        }
        ("credential", Some(i)) => dim(&format!("of {}", i.name)),
        ("credential", None) => match s.credential.and_then(|c| c.identity.as_deref()) {
            Some(id) => dim(&format!("of {id}")),
            None => dim("of nobody known"),
        },
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
            let day = pen.paint(style, &cut(&clean(day), 10));
            match s.expired {
                true => format!("{day}\n{}", pen.paint(RED, "past")),
                false => day,
            }
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
        let at = Place::new(first);
        // As much as fits two lines.
        let fitted = (0..=w.why * 2)
            .rev()
            .map(|room| wrap(&format!("{}{others}", at.fit(room)), w.why))
            .find(|lines| lines.len() <= 2);
        lines.extend(fitted.unwrap_or_default());
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

/// Where: of a path the end tells most, and so does that of a pointer in it.
struct Place {
    path: String,
    pointer: Option<String>,
}

impl Place {
    fn new(evidence: &Evidence) -> Self {
        // More than this never fits, and a hostile path may be long.
        const MOST: usize = 300;
        let line = evidence.line.map(|n| format!(":{n}")).unwrap_or_default();
        let pointer = evidence.pointer.as_deref().map(clean);
        Self {
            path: cut_start(&format!("{}{line}", clean(&evidence.path)), MOST),
            pointer: pointer.map(|p| cut_start(&p, MOST)),
        }
    }

    fn fit(&self, room: usize) -> String {
        let Some(pointer) = &self.pointer else {
            return cut_start(&self.path, room);
        };
        let whole = format!("{}#{pointer}", self.path);
        if text::columns(&whole) <= room {
            return whole;
        }
        let half = room / 2;
        let (path, pointer) = (
            cut_start(&self.path, half),
            cut_start(pointer, half.saturating_sub(1)),
        );
        format!("{path}#{pointer}")
    }
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
        pen.item(2, (PLAIN, "·"), PLAIN, &what)?;
        let how = format!(
            "until {} by {} (approved by {}): {}",
            clean(&waiver.expires),
            clean(&waiver.owner),
            clean(&waiver.approver),
            clean(&waiver.reason)
        );
        pen.text(4, DIM, &how)?;
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

fn footer(report: &Report<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
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
    let missing = width.saturating_sub(text::columns(text));
    format!("{text}{}", " ".repeat(missing))
}
