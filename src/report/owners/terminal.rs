//! Owners for a person at a terminal.

use super::{Coverage, Holding, OwnerRow, OwnerView, Owners};
use crate::report::Style;
use crate::report::paint::{self, BOLD, DIM, PLAIN, Pen, RED, YELLOW};
use crate::report::scorecard::Score;
use crate::report::text::{self, clean, columns, count, cut, number, wrap_to};
use anstyle::Style as Ansi;
use std::io;

/// Columns of a count with its share, and the blank before it: `1470 100%`.
const CELL: usize = 10;
/// Teams before the rest is counted.
const TEAMS: usize = 15;

pub(super) fn owners(
    owners: &Owners<'_>,
    limit: usize,
    out: &mut dyn io::Write,
    style: &Style,
) -> io::Result<()> {
    let pen = &mut Pen::new(out, style);
    coverage(&owners.coverage, pen)?;
    if owners.owners.is_empty() {
        pen.blank()?;
        pen.text(2, DIM, "No source named an owner of what is shown.")?;
    } else {
        table(owners, limit, pen)?;
    }
    scores(&owners.scorecard, pen)
}

pub(super) fn scorecard(
    owners: &Owners<'_>,
    out: &mut dyn io::Write,
    style: &Style,
) -> io::Result<()> {
    scores(&owners.scorecard, &mut Pen::new(out, style))
}

fn coverage(rows: &[Coverage<'_>], pen: &mut Pen<'_>) -> io::Result<()> {
    for of in ["identities", "teams", "containers"] {
        let rows: Vec<&Coverage<'_>> = rows.iter().filter(|row| row.of == of).collect();
        let Some(first) = rows.first() else { continue };
        if of != "identities" {
            pen.blank()?;
        }
        let teams = of == "teams";
        // Teams have long names, and shares of few are no news.
        let cell = |state: &str| if teams { columns(state) + 2 } else { CELL };
        let cells: usize = first.states.iter().map(|s| cell(s.state)).sum();
        let width = pen.width.saturating_sub(7 + cells + 2).min(40);
        let states = first.states.iter();
        let states = states.map(|s| right(&s.state.to_uppercase(), cell(s.state)));
        let title = if teams { "IDENTITIES BY TEAM" } else { of };
        let head = format!(
            "{}{}{}",
            left(&title.to_uppercase(), width),
            right("ALL", 7),
            states.collect::<String>()
        );
        let head = pen.paint(DIM, &head);
        pen.line(&format!("  {head}"))?;
        // One platform is the whole.
        let alone = !teams && rows.len() == 2;
        let most = if teams { TEAMS } else { usize::MAX };
        for row in rows.iter().take(if alone { 1 } else { most }) {
            let name = clean(row.group.unwrap_or("all"));
            let name = match name.strip_prefix("team:").or(name.strip_prefix("mail:")) {
                Some(short) if teams => short,
                _ => &name,
            };
            let mut line = format!(
                "  {}{}",
                left(name, width),
                right(&number(row.total as u64), 7)
            );
            for state in &row.states {
                let text = match state.count {
                    0 => "–".to_owned(),
                    n if teams => number(n as u64),
                    n => format!("{n} {}", share(state.percent)),
                };
                let style = paint::ownership(state.state);
                line.push_str(&pen.paint(style, &right(&text, cell(state.state))));
            }
            pen.line(&line)?;
        }
        let more = rows.len().saturating_sub(TEAMS);
        if teams && more > 0 {
            let text = format!(
                "and {} (--format json)",
                count(more, "more team", "more teams")
            );
            pen.item(2, (DIM, "…"), DIM, &text)?;
        }
    }
    Ok(())
}

/// A share without decimals that is never rounded to none or all.
fn share(percent: f64) -> String {
    match percent {
        p if p > 0.0 && p < 1.0 => "<1%".to_owned(),
        p if p > 99.0 && p < 100.0 => "99%".to_owned(),
        p => format!("{}%", p.round()),
    }
}

fn table(owners: &Owners<'_>, limit: usize, pen: &mut Pen<'_>) -> io::Result<()> {
    pen.blank()?;
    let name = pen.width.saturating_sub(2 + 6 + 2 + 20 + 9 + 10 + 10);
    let head = format!(
        "{}{}  {}{}{}  WORST",
        left("OWNER", name),
        right("OWNS", 6),
        left("WHICH MAY", 20),
        right("OVERDUE", 9),
        right("FINDINGS", 10)
    );
    let head = pen.paint(DIM, &head);
    pen.line(&format!("  {head}"))?;
    for row in owners.owners.iter().take(limit) {
        let style = if row.gone { RED } else { BOLD };
        let owner = clean(row.owner);
        // A name is what somebody looks for: it is not cut.
        let fits = columns(&owner) < name;
        let first = if fits { left(&owner, name) } else { owner };
        let first = pen.paint(style, &first);
        let first = if fits {
            first
        } else {
            pen.line(&format!("  {first}"))?;
            " ".repeat(name)
        };
        let overdue = counted(row.reviews_overdue);
        let overdue = pen.paint(
            if row.reviews_overdue > 0 { RED } else { DIM },
            &right(&overdue, 9),
        );
        let line = format!(
            "  {first}{}  {}{overdue}{}  {}",
            right(&counted(row.count("owned")), 6),
            left(&may(row), 20),
            right(&counted(row.open_findings), 10),
            row.worst_severity.unwrap_or_default()
        );
        pen.line(line.trim_end())?;
        for line in wrap_to(&about(row), pen.width.saturating_sub(4), 3) {
            let line = pen.paint(DIM, &line);
            pen.line(&format!("    {line}"))?;
        }
    }
    let left = owners.owners.len().saturating_sub(limit);
    if left > 0 {
        let text = format!("and {} (--limit)", count(left, "more owner", "more owners"));
        pen.item(2, (DIM, "…"), DIM, &text)?;
    }
    Ok(())
}

fn may(row: &OwnerRow<'_>) -> String {
    let known = row.tiers.iter().filter(|(tier, _)| *tier != "none");
    let tiers: Vec<String> = known
        .take(2)
        .map(|(tier, n)| format!("{n} {tier}"))
        .collect();
    match &*tiers {
        [] => "–".to_owned(),
        tiers => tiers.join(", "),
    }
}

/// What else there is, how it is known, and how it is spelt.
fn about(row: &OwnerRow<'_>) -> String {
    let mut parts = Vec::new();
    if row.gone || matches!(row.standing, Some("left" | "empty")) {
        parts.push(gone(row));
    }
    for state in ["orphaned", "disputed", "suggested"] {
        match row.count(state) {
            0 => {}
            n => parts.push(format!("{n} {state}")),
        }
    }
    if row.containers > 0 {
        parts.push(count(row.containers, "container", "containers"));
    }
    if row.credentials > 0 {
        parts.push(count(row.credentials, "credential", "credentials"));
    }
    // One place proves it; `tenure owners NAME` has them all.
    let known = row.known_by.iter().take(3).enumerate();
    let known: Vec<_> = known
        .map(|(at, k)| match at {
            0 => format!(
                "{} {}× ({})",
                clean(&k.method),
                k.claims,
                clean(&k.evidence)
            ),
            _ => format!("{} {}×", clean(&k.method), k.claims),
        })
        .collect();
    if !known.is_empty() {
        parts.push(format!("known by {}", known.join(", ")));
    }
    let others = row
        .spellings
        .iter()
        .map(|s| s.raw)
        .filter(|raw| *raw != row.owner);
    let spelt: Vec<_> = others
        .clone()
        .take(3)
        .map(|raw| format!("“{}”", cut(&clean(raw), 40)))
        .collect();
    if !spelt.is_empty() {
        let more = others.count().saturating_sub(3);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        parts.push(format!("spelt {}{more}", spelt.join(", ")));
    }
    parts.join(" · ")
}

/// Why nobody is there any more.
fn gone(row: &OwnerRow<'_>) -> String {
    let why = row.standing_reason.map(clean).unwrap_or_default();
    match why.is_empty() {
        true => "gone".to_owned(),
        false => format!("gone: {why}"),
    }
}

fn scores(scores: &[Score], pen: &mut Pen<'_>) -> io::Result<()> {
    pen.blank()?;
    let head = pen.paint(DIM, "BESIDE PUBLISHED SURVEYS (context, no threshold)");
    pen.line(&format!("  {head}"))?;
    for score in scores {
        let p = &score.published;
        let (style, ours) = match (&score.estate, score.not_computable) {
            (Some(share), _) => {
                let unknown = match share.unknown {
                    0 => String::new(),
                    n => format!(", {} not known", number(n as u64)),
                };
                (
                    PLAIN,
                    format!(
                        "here {}% ({} of {}{unknown})",
                        share.percent,
                        number(share.numerator as u64),
                        number(share.denominator as u64)
                    ),
                )
            }
            (None, why) => (
                YELLOW,
                format!("here not computable: {}", why.unwrap_or_default()),
            ),
        };
        let asked = match (p.respondents, p.year) {
            (Some(n), Some(year)) => format!(", {year}, n={n}"),
            (None, Some(year)) => format!(", {year}"),
            _ => String::new(),
        };
        pen.item(
            2,
            (BOLD, p.title.as_str()),
            PLAIN,
            &format!("(published {}%)", p.percent),
        )?;
        pen.text(4, style, &ours)?;
        pen.text(6, DIM, &format!("here: {}", p.ours))?;
        pen.text(
            6,
            DIM,
            &format!("there: {} ({}{asked})", p.definition, p.who),
        )?;
    }
    Ok(())
}

pub(super) fn one(view: &OwnerView<'_>, out: &mut dyn io::Write, style: &Style) -> io::Result<()> {
    let pen = &mut Pen::new(out, style);
    let row = &view.row;
    let title = pen.paint(BOLD, &clean(row.owner));
    pen.line(&title)?;
    if let Some(name) = row.name.filter(|name| *name != row.owner) {
        pen.field("called", PLAIN, &clean(name))?;
    }
    if row.gone || matches!(row.standing, Some("left" | "empty")) {
        pen.field("standing", RED, &gone(row))?;
    } else if let (Some(standing), Some(why)) = (row.standing, row.standing_reason) {
        let text = format!("{}: {}", clean(standing), clean(why));
        pen.field("standing", PLAIN, &text)?;
    }
    if let Some(members) = row.members.filter(|members| !members.is_empty()) {
        let named = members.iter().take(20).map(|m| clean(m));
        let mut text = named.collect::<Vec<_>>().join(", ");
        if members.len() > 20 {
            text.push_str(&format!(" and {} more", members.len() - 20));
        }
        pen.field("members", PLAIN, &text)?;
    }
    let owns: Vec<(Ansi, String)> = row
        .identities
        .iter()
        .filter(|s| s.count > 0)
        .map(|s| {
            (
                paint::ownership(s.state),
                format!("{} {}", s.count, s.state),
            )
        })
        .collect();
    if !owns.is_empty() {
        pen.parts("identities", &owns)?;
    }
    let tiers: Vec<(Ansi, String)> = row
        .tiers
        .iter()
        .map(|(tier, n)| (paint::tier(tier), format!("{n} {tier}")))
        .collect();
    if !tiers.is_empty() {
        pen.parts("may", &tiers)?;
    }
    if row.reviews_overdue > 0 {
        let text = count(row.reviews_overdue, "review", "reviews");
        pen.field("overdue", RED, &text)?;
    }
    for known in &row.known_by {
        let text = format!(
            "{} {}, first {}",
            known.claims,
            clean(&known.method),
            clean(&known.evidence)
        );
        pen.field("known by", PLAIN, &text)?;
    }
    let spelt: Vec<_> = row
        .spellings
        .iter()
        .map(|s| format!("“{}” {}×", clean(s.raw), s.claims))
        .collect();
    if !spelt.is_empty() {
        pen.field("spelt", PLAIN, &spelt.join(", "))?;
    }
    for holding in &view.holdings {
        self::holding(holding, pen)?;
    }
    Ok(())
}

fn holding(h: &Holding<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    pen.blank()?;
    let name = pen.paint(BOLD, &cut(&clean(h.id), pen.width.saturating_sub(2)));
    pen.line(&format!("  {name}"))?;
    let mut parts = vec![
        (DIM, clean(h.kind)),
        (paint::ownership(h.state), h.state.to_owned()),
    ];
    if !h.tier.is_empty() {
        parts.push((paint::tier(&h.tier), format!("may {}", clean(&h.tier))));
    }
    if let Some(review) = &h.review {
        let style = if review.starts_with("overdue") {
            RED
        } else {
            PLAIN
        };
        parts.push((style, format!("review {}", clean(review))));
    }
    if let Some(worst) = h.worst_severity {
        parts.push((
            PLAIN,
            format!(
                "{}, worst {worst}",
                count(h.open_findings, "finding", "findings")
            ),
        ));
    }
    pen.parts("", &parts)?;
    if h.state != "owned" {
        pen.field("because", PLAIN, &clean(h.reason))?;
    }
    for (at, claim) in h.claims.iter().take(6).enumerate() {
        let label = if at == 0 { "known by" } else { "" };
        let day = claim
            .as_of
            .as_deref()
            .map(|d| format!(", {}", clean(d)))
            .unwrap_or_default();
        let text = format!(
            "{} says {} ({} confidence{day}): {}",
            clean(&claim.method),
            clean(&claim.owner),
            clean(&claim.confidence),
            text::place(&claim.evidence)
        );
        pen.field(label, PLAIN, &text)?;
    }
    Ok(())
}

fn counted(n: usize) -> String {
    match n {
        0 => "–".to_owned(),
        n => number(n as u64),
    }
}

fn left(text: &str, width: usize) -> String {
    let text = cut(text, width.saturating_sub(1));
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(&text))))
}

fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(text))))
}
