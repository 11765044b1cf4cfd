//! Owners for a pull request or a ticket.

use super::{OwnerView, Owners};
use crate::report::markdown::{cell, code, more, prose};
use crate::report::scorecard::Score;
use std::io::{self, Write};

/// Rows that fit into a comment.
const MOST: usize = 100;

pub(super) fn owners(owners: &Owners<'_>, limit: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Owners\n")?;
    if let Some(first) = owners.coverage.first() {
        let names: Vec<_> = first.states.iter().map(|s| s.state).collect();
        writeln!(out, "| | all | {} |", names.join(" | "))?;
        writeln!(out, "| :-- | --: |{}", " --: |".repeat(names.len()))?;
    }
    let teams = owners.coverage.iter().filter(|row| row.of == "teams");
    let (mut shown, teams) = (0, teams.count());
    for row in &owners.coverage {
        if row.of == "teams" {
            shown += 1;
            if shown > limit.min(MOST) {
                continue;
            }
            if shown == 1 {
                let blank = " |".repeat(row.states.len());
                writeln!(out, "| **teams** | |{blank}")?;
            }
        }
        let group = match row.group {
            None => format!("**{}**", row.of),
            Some(group) => cell(group),
        };
        let states = row.states.iter().map(|s| match s.count {
            0 => "–".to_owned(),
            n => format!("{n} ({} %)", s.percent),
        });
        let states: Vec<_> = states.collect();
        writeln!(out, "| {group} | {} | {} |", row.total, states.join(" | "))?;
    }
    let most = limit.min(MOST);
    more(teams, most, "team", "teams", out)?;
    if !owners.owners.is_empty() {
        writeln!(
            out,
            "\n| owner | owns | not settled | may | overdue | open | known by |"
        )?;
        writeln!(out, "| :-- | --: | :-- | :-- | --: | :-- | :-- |")?;
    }
    for row in owners.owners.iter().take(most) {
        let unsettled = ["disputed", "orphaned", "suggested"]
            .iter()
            .filter(|s| row.count(s) > 0)
            .map(|s| format!("{} {s}", row.count(s)));
        let unsettled: Vec<_> = unsettled.collect();
        let tiers: Vec<_> = row.tiers.iter().map(|(t, n)| format!("{n} {t}")).collect();
        let known: Vec<_> = row
            .known_by
            .iter()
            .take(3)
            .map(|k| format!("{} {} {}", k.claims, cell(&k.method), code(&k.evidence)))
            .collect();
        let open = match row.worst_severity {
            Some(worst) => format!("{}, worst {worst}", row.open_findings),
            None => "–".to_owned(),
        };
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {open} | {} |",
            code(row.owner),
            row.count("owned"),
            unsettled.join(", "),
            tiers.join(", "),
            row.reviews_overdue,
            known.join("; ")
        )?;
    }
    more(owners.owners.len(), most, "owner", "owners", out)?;
    scores(&owners.scorecard, out)
}

/// The scorecard, under a heading.
pub(in crate::report) fn scores(scores: &[Score], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n### Beside published surveys\n")?;
    writeln!(
        out,
        "Context, no threshold: surveys ask organisations, this counts identities.\n"
    )?;
    writeln!(out, "| | here | counted here | published | asked there |")?;
    writeln!(out, "| :-- | :-- | :-- | --: | :-- |")?;
    for score in scores {
        let p = &score.published;
        let here = match (&score.estate, score.not_computable) {
            (Some(share), _) => {
                let unknown = match share.unknown {
                    0 => String::new(),
                    n => format!(", {n} not known"),
                };
                format!(
                    "{} % ({} of {}{unknown})",
                    share.percent, share.numerator, share.denominator
                )
            }
            (None, why) => format!("not computable: {}", why.unwrap_or_default()),
        };
        let asked = match (p.respondents, p.year) {
            (Some(n), Some(year)) => format!(", {year}, n={n}"),
            (None, Some(year)) => format!(", {year}"),
            _ => String::new(),
        };
        writeln!(
            out,
            "| {} | {here} | {} | {} % | {} ({}{asked}) |",
            p.title, p.ours, p.percent, p.definition, p.who
        )?;
    }
    Ok(())
}

pub(super) fn one(view: &OwnerView<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## {}\n", code(view.row.owner))?;
    writeln!(out, "| what | state | may | review | open | known by |")?;
    writeln!(out, "| :-- | :-- | :-- | :-- | --: | :-- |")?;
    for h in view.holdings.iter().take(MOST) {
        let known: Vec<_> = h
            .claims
            .iter()
            .take(3)
            .map(|c| {
                format!(
                    "{} says {} {}",
                    cell(&c.method),
                    cell(&c.owner),
                    code(&c.evidence.to_string())
                )
            })
            .collect();
        let why = match (h.state, known.is_empty()) {
            ("owned", false) => known.join("; "),
            _ => format!("{}: {}", prose(h.reason), known.join("; ")),
        };
        writeln!(
            out,
            "| {} {} | {} | {} | {} | {} | {why} |",
            code(h.id),
            cell(h.kind),
            h.state,
            cell(&h.tier),
            cell(h.review.as_deref().unwrap_or("–")),
            h.open_findings
        )?;
    }
    more(view.holdings.len(), MOST, "subject", "subjects", out)
}
