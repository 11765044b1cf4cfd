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
    let mut last = "";
    for row in rows {
        // One platform is the whole.
        let alone = rows.iter().filter(|r| r.of == row.of).count() == 2;
        if alone && row.group.is_some() {
            continue;
        }
        if row.of != last {
            if !last.is_empty() {
                pen.blank()?;
            }
            last = row.of;
            let states = row
                .states
                .iter()
                .map(|s| right(&s.state.to_uppercase(), CELL));
            let head = format!(
                "{}{}{}",
                left(
                    &row.of.to_uppercase(),
                    pen.width.saturating_sub(7 + 6 * CELL + 2).min(24)
                ),
                right("ALL", 7),
                states.collect::<String>()
            );
            let head = pen.paint(DIM, &head);
            pen.line(&format!("  {head}"))?;
        }
        let name = row.group.map_or("all".to_owned(), clean);
        let width = pen.width.saturating_sub(7 + 6 * CELL + 2).min(24);
        let mut line = format!(
            "  {}{}",
            left(&name, width),
            right(&number(row.total as u64), 7)
        );
        for state in &row.states {
            let cell = match state.count {
                0 => "–".to_owned(),
                n => format!("{n} {}", share(state.percent)),
            };
            line.push_str(&pen.paint(paint::ownership(state.state), &right(&cell, CELL)));
        }
        pen.line(&line)?;
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
    let name = pen.width.saturating_sub(2 + 7 + 2 + 22 + 9 + 13);
    let head = format!(
        "{}{}  {}{}{}",
        left("OWNER", name),
        right("OWNS", 7),
        left("MAY", 22),
        right("OVERDUE", 9),
        right("OPEN", 13)
    );
    let head = pen.paint(DIM, &head);
    pen.line(&format!("  {head}"))?;
    for row in owners.owners.iter().take(limit) {
        let style = if row.standing.is_some() { RED } else { BOLD };
        let owner = pen.paint(style, &left(&clean(row.owner), name));
        let overdue = counted(row.reviews_overdue);
        let overdue = pen.paint(
            if row.reviews_overdue > 0 { RED } else { DIM },
            &right(&overdue, 9),
        );
        let open = match row.worst_severity {
            Some(worst) => format!("{} {worst}", row.open_findings),
            None => counted(row.open_findings),
        };
        pen.line(
            format!(
                "  {owner}{}  {}{overdue}{}",
                right(&counted(row.count("owned")), 7),
                left(&may(row), 22),
                right(&open, 13)
            )
            .trim_end(),
        )?;
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
    if row.standing == Some("gone") {
        parts.push("gone".to_owned());
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
    let known = row.known_by.iter().take(3);
    let known: Vec<_> = known
        .map(|k| format!("{} {} ({})", k.claims, clean(&k.method), clean(&k.evidence)))
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
    if row.standing == Some("gone") {
        pen.field("standing", RED, "gone, as the roster says")?;
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
