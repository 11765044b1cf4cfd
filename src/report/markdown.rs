//! Markdown for a pull request or a ticket. Bounded, so that it fits into a comment; everything from
//! inputs is escaped, and nobody is pinged by a name in it.

use super::fold::{Folded, fold};
use super::text::{self, clean, count, cut, number, place};
use super::view::{FindingRow, Gap};
use super::{Report, label, paint};
use crate::model::{Severity, Timestamp};
use crate::snapshot::Finding;
use std::io::{self, Write};

/// GitHub takes 65,536 characters in a comment. These bounds keep well below it.
const GAPS: usize = 25;
const DETAILS: usize = 15;
const CHANGES: usize = 20;
const PROBLEMS: usize = 10;
const CELL: usize = 90;
const SENTENCE: usize = 400;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    summary(report, out)?;
    gaps(report, out)?;
    changes(report, CHANGES, out)?;
    details(report, out)?;
    problems(report, out)?;
    scores(report, out)?;
    writeln!(
        out,
        "\n<sub>{} {} · as of {}</sub>",
        prose(&report.snapshot.tool.name),
        prose(&report.snapshot.tool.version),
        prose(&report.snapshot.scanned_at)
    )
}

fn summary(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let totals = &report.totals;
    writeln!(out, "## Non-human identities\n")?;
    let open = count(totals.open, "open finding", "open findings");
    let mut line = format!(
        "**{open}** on {} and {}",
        count(totals.identities, "identity", "identities"),
        count(totals.credentials, "credential", "credentials")
    );
    if let (Some(new), Some(baseline)) = (totals.new, &report.snapshot.baseline) {
        let since = prose(text::day(&baseline.scanned_at));
        let gone = report.gone.len();
        line.push_str(&format!(", **{new} new** and {gone} gone since {since}"));
    }
    writeln!(out, "{line}.")?;
    let coverage = &report.snapshot.coverage;
    let mut read = count(coverage.files as usize, "file", "files");
    if let Some(history) = coverage.history.as_ref().filter(|h| h.repositories > 0) {
        let commits = count(history.commits as usize, "commit", "commits");
        read.push_str(&format!(" and the history of {commits}"));
    }
    match (totals.unread, coverage.complete) {
        (0, true) => writeln!(out, "Read {read}; coverage is complete.\n")?,
        (unread, _) => writeln!(
            out,
            "Read {read}; :warning: **coverage is incomplete**: {} could not be read.\n",
            count(unread, "input", "inputs")
        )?,
    }
    writeln!(out, "| severity | open | new | waived |")?;
    writeln!(out, "| :-- | --: | --: | --: |")?;
    for s in &totals.severities {
        let new = totals.new.map_or("–".to_owned(), |_| s.new.to_string());
        let mark = mark(Some(s.severity));
        let name = s.severity.as_str();
        writeln!(out, "| {mark} {name} | {} | {new} | {} |", s.open, s.waived)?;
    }
    if let Some(all) = report.ownership.first() {
        let others = |s: &str, n: usize| n > 0 && s != "owned";
        let states = all.states.iter().filter(|(s, n)| others(s, *n));
        let states: Vec<_> = states.map(|(s, n)| format!("{n} {s}")).collect();
        let of = count(all.total, "identity", "identities");
        let states = match &*states {
            [] => String::new(),
            states => format!(" ({})", states.join(", ")),
        };
        writeln!(out, "\nOwners: {} of {of} owned{states}.", all.owned)?;
    }
    Ok(())
}

fn gaps(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    if report.gaps.is_empty() {
        let totals = &report.totals;
        let hidden = report.hidden.human + report.hidden.provider_managed;
        if totals.identities + totals.credentials + hidden == 0 {
            let none = "No identities and no credentials were found in what was read.";
            return writeln!(out, "\n{none}");
        }
        let checks = count(totals.evaluated, "check", "checks");
        return writeln!(out, "\nNothing to report; {checks} could be evaluated.");
    }
    writeln!(out, "\n### Look at these first\n")?;
    writeln!(out, "| | who | owner | may | ends | why | where |")?;
    writeln!(out, "| :-- | :-- | :-- | :-- | :-- | :-- | :-- |")?;
    for gap in report.gaps.iter().take(GAPS) {
        row(gap, out)?;
    }
    more(report.gaps.len(), GAPS, "subject", "subjects", out)
}

fn row(gap: &Gap<'_>, out: &mut dyn Write) -> io::Result<()> {
    let s = &gap.subject;
    let why: Vec<_> = gap.reasons.iter().take(4).map(|r| cell(r.title)).collect();
    let others = match gap.reasons.len().saturating_sub(4) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    let place = gap
        .locations
        .first()
        .map_or(String::new(), |e| code(&place(e)));
    let ends = match (s.expires.map(text::when), s.registered_end) {
        (None | Some("unknown" | "never"), Some(day)) if s.past_registered_end => {
            format!("{} (registered, past)", cell(day))
        }
        (None | Some("unknown" | "never"), Some(day)) => format!("{} (registered)", cell(day)),
        (None, None) => "–".to_owned(),
        (Some(day), _) if s.expired => format!("{} (past)", cell(day)),
        (Some(day), _) => cell(day),
    };
    let tier = match s.tier() {
        "" => "–",
        tier => tier,
    };
    writeln!(
        out,
        "| {} | {} {} | {} | {} | {ends} | {}{others} | {place} |",
        mark(gap.severity),
        code(&label::title(s)),
        cell(&label::what(s)),
        owner(s),
        cell(tier),
        why.join("; "),
    )
}

/// Whose it is, and who says so.
fn owner(s: &super::subject::Subject<'_>) -> String {
    let owner = cell(&text::owner_of(s));
    match text::how_known(s) {
        Some(how) => format!("{owner} ({})", code(&how)),
        None => owner,
    }
}

/// What changed since the baseline, at most so many changes.
pub(super) fn changes(report: &Report<'_>, most: usize, out: &mut dyn Write) -> io::Result<()> {
    let Some(baseline) = &report.snapshot.baseline else {
        return Ok(());
    };
    let since = prose(text::day(&baseline.scanned_at));
    if report.changes.is_empty() {
        return writeln!(out, "\nNo changes since {since}.");
    }
    writeln!(out, "\n### Changes since {since}\n")?;
    let folded = fold(&report.changes);
    let told = folded.iter().take(most);
    for folded in told.clone() {
        let (_, mark) = paint::bearing(folded.row.bearing);
        let change = folded.row.change;
        let what = sides(folded);
        let (kind, name) = (cell(&change.kind), code(&change.subject.name));
        writeln!(out, "- {mark} **{kind}** {name}{what}")?;
    }
    let told = told.map(|f| f.count).sum();
    more(report.changes.len(), told, "change", "changes", out)
}

/// Findings as a list under a heading; nothing when there are none.
pub(super) fn findings(title: &str, findings: &[&Finding], out: &mut dyn Write) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n### {title}\n")?;
    for finding in findings {
        let (severity, title) = (cell(&finding.severity), cell(title_of(finding)));
        writeln!(
            out,
            "- **{severity}** {title}: {}",
            code(&finding.subject.name)
        )?;
    }
    Ok(())
}

/// What a finding is called; a snapshot made by hand may know only the check's id.
fn title_of(finding: &Finding) -> &str {
    match &*finding.title {
        "" => &finding.check,
        title => title,
    }
}

fn sides(change: &Folded<'_, '_>) -> String {
    // Of an instant the day is enough.
    let side = |text: &str| match Timestamp::parse(text) {
        Some(at) => code(&at.date()),
        None => code(text),
    };
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!(": {} → {}", side(before), side(after)),
        (None, Some(after)) => format!(": {}", side(after)),
        (Some(before), None) => format!(": was {}", side(before)),
        (None, None) => String::new(),
    }
}

fn details(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    if report.findings.is_empty() {
        return Ok(());
    }
    let all = report.findings.len();
    writeln!(out, "\n<details>\n<summary>What to do ({all})</summary>\n")?;
    for row in report.findings.iter().take(DETAILS) {
        detail(row, out)?;
    }
    more(all, DETAILS, "finding", "findings", out)?;
    writeln!(out, "\n</details>")
}

fn detail(row: &FindingRow<'_>, out: &mut dyn Write) -> io::Result<()> {
    let f = row.finding;
    let (mark, name) = (mark(Some(row.severity)), code(&label::title(&row.subject)));
    let name = format!("{name} {}", cell(&label::what(&row.subject)));
    writeln!(out, "- {mark} **{}** {name}  ", cell(&f.title))?;
    writeln!(out, "  {}  ", prose(&f.message))?;
    if !f.remediation.is_empty() {
        writeln!(out, "  *What to do:* {}  ", prose(&f.remediation))?;
    }
    let places: Vec<_> = f.evidence.iter().take(3).map(|e| code(&place(e))).collect();
    let others = f.evidence.len().saturating_sub(3);
    let others = if others > 0 {
        format!(" and {others} more")
    } else {
        String::new()
    };
    let controls: Vec<_> = f.controls.iter().take(5).map(|c| cell(c)).collect();
    let controls = if controls.is_empty() {
        String::new()
    } else {
        format!(" · {}", controls.join(", "))
    };
    let sure = match &*f.confidence {
        "" | "high" => String::new(),
        confidence => format!(" · {} confidence", cell(confidence)),
    };
    writeln!(
        out,
        "  {}{others} · {}{sure}{controls}",
        places.join(", "),
        code(&f.check)
    )
}

/// The estate's figures beside published ones, folded away: they are context.
fn scores(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let scores = super::scorecard::scorecard(report);
    if scores.iter().all(|score| score.estate.is_none()) {
        return Ok(());
    }
    writeln!(out, "\n<details>\n<summary>Scorecard</summary>")?;
    super::owners::markdown_scores(&scores, out)?;
    writeln!(out, "\n</details>")
}

fn problems(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    if report.problems.is_empty() {
        return Ok(());
    }
    let all = report.problems.len();
    writeln!(
        out,
        "\n<details>\n<summary>Inputs with problems ({all})</summary>\n"
    )?;
    for problem in report.problems.iter().take(PROBLEMS) {
        let line = problem.line.map(|n| format!(":{n}")).unwrap_or_default();
        let path = code(&format!("{}{line}", problem.path));
        let (kind, message) = (cell(&problem.kind), prose(&problem.message));
        writeln!(out, "- {path}: {kind}: {message}")?;
    }
    more(all, PROBLEMS, "problem", "problems", out)?;
    writeln!(out, "\n</details>")
}

pub(super) fn more(
    all: usize,
    shown: usize,
    one: &str,
    many: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    if all > shown {
        let left = all - shown;
        let what = if left == 1 { one } else { many };
        writeln!(out, "\n… and {} more {what}.", number(left as u64))?;
    }
    Ok(())
}

const fn mark(severity: Option<Severity>) -> &'static str {
    match severity {
        Some(Severity::Critical) => "🟥",
        Some(Severity::High) => "🟧",
        Some(Severity::Medium) => "🟨",
        Some(Severity::Low) => "🟦",
        Some(Severity::Info) => "⬜",
        None => "▫️",
    }
}

/// A short text with nothing in it that Markdown or HTML would act on.
pub(super) fn cell(text: &str) -> String {
    escape(&cut(&clean(text), CELL))
}

/// A sentence, likewise.
pub(super) fn prose(text: &str) -> String {
    escape(&cut(&clean(text), SENTENCE))
}

/// A code span: nothing in it is rendered, linked or pinged.
pub(super) fn code(text: &str) -> String {
    let text = cut(&clean(text), CELL);
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    // A pipe ends a table cell even inside a code span, unless it is escaped; outside of tables the
    // backslash would show, so a look-alike stands in.
    let text = text.replace('|', "❘");
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            // Zero-width spaces: no mention, no issue reference, no automatic link.
            '@' | '#' => {
                safe.push(c);
                safe.push('\u{200B}');
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '|' | '~' | '!' | '$' => {
                safe.push('\\');
                safe.push(c);
            }
            c => safe.push(c),
        }
    }
    safe.replace("://", ":\u{200B}//")
        .replace("www.", "www\u{200B}.")
}
