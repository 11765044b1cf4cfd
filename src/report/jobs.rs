//! What an identity's jobs run, are handed and sign in with, for the terminal.

use super::paint::{DIM, PLAIN, Pen, RED, YELLOW};
use super::show::IdentityView;
use super::text::{clean, number, place};
use crate::snapshot::{Job, Used};
use std::io;

/// How many of a kind are listed before the rest is counted.
const MANY: usize = 12;

/// The lines about jobs, secrets and tokens; nothing where there are none.
pub(super) fn section(view: &IdentityView<'_>, pen: &mut Pen<'_>) -> io::Result<()> {
    for job in view.jobs.iter().take(MANY) {
        one(job, pen)?;
    }
    more(view.jobs.len(), pen)?;
    for (index, used) in view.secret_uses.iter().take(MANY).enumerate() {
        let label = if index == 0 { "handed" } else { "" };
        let to = match used.receiver.as_deref() {
            Some(receiver) => format!(", and so is {}", clean(receiver)),
            None => String::new(),
        };
        let how = clean(&used.how);
        let text = format!(
            "{} ({how}){to}: {}",
            clean(&used.name),
            place(&used.evidence)
        );
        pen.field(label, PLAIN, &text)?;
    }
    more(view.secret_uses.len(), pen)?;
    let tokens = &view.identity.tokens;
    for (index, token) in tokens.iter().take(MANY).enumerate() {
        let label = if index == 0 { "shows" } else { "" };
        let audience = token.audience.as_deref().unwrap_or("whomever it asks for");
        let text = format!("{} to {}", clean(&token.subject), clean(audience));
        pen.field(label, PLAIN, &text)?;
    }
    more(tokens.len(), pen)
}

fn one(job: &Job, pen: &mut Pen<'_>) -> io::Result<()> {
    let triggers: Vec<String> = job.triggers.iter().map(|t| clean(t)).collect();
    let text = format!("{}: {}", clean(&job.workflow), triggers.join(", "));
    pen.field("started by", PLAIN, &text)?;
    let runners: Vec<String> = job.runners.iter().map(|r| clean(r)).collect();
    if !runners.is_empty() {
        let own = match job.self_hosted {
            Some(true) => " (a machine of one's own)",
            _ => "",
        };
        pen.field("runs on", PLAIN, &format!("{}{own}", runners.join(", ")))?;
    }
    if let Some(environment) = &job.environment {
        pen.field("deploys to", PLAIN, &clean(environment))?;
    }
    let all: Vec<&Used> = job.uses.iter().collect();
    for (index, used) in all.iter().take(MANY).enumerate() {
        let label = if index == 0 { "runs code" } else { "" };
        let version = used.version.as_deref().unwrap_or("any version");
        let open = !used.pinned && used.third_party != Some(false);
        let style = match (open, used.secrets.is_empty()) {
            (true, false) => RED,
            (true, true) => YELLOW,
            _ => PLAIN,
        };
        let given: Vec<String> = used.secrets.iter().map(|s| clean(s)).collect();
        let given = if given.is_empty() {
            String::new()
        } else {
            format!(", handed {}", given.join(", "))
        };
        let text = format!("{} {}{given}", clean(&used.name), clean(version));
        pen.field(label, style, &text)?;
    }
    more(all.len(), pen)?;
    for assumed in job.assumes.iter().take(MANY) {
        let text = format!(
            "{} ({}, by {})",
            clean(&assumed.target),
            clean(&assumed.cloud),
            clean(&assumed.by)
        );
        pen.field("signs in as", PLAIN, &text)?;
    }
    more(job.assumes.len(), pen)
}

fn more(all: usize, pen: &mut Pen<'_>) -> io::Result<()> {
    match all.saturating_sub(MANY) {
        0 => Ok(()),
        left => pen.text(15, DIM, &format!("and {} more", number(left as u64))),
    }
}
