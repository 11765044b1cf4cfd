//! The terminal text for what is granted and not used.

use super::paint::{BOLD, DIM, GREEN, PLAIN, Pen, YELLOW};
use super::text::{clean, count, day, place};
use crate::snapshot::{ServiceUse, Unused, When};
use serde_json::Value;
use std::io;

/// How many of a kind are listed before the rest is counted.
const MANY: usize = 12;

/// One section, with the proposed policy if it was asked for.
pub(super) fn section(unused: &Unused, proposal: bool, pen: &mut Pen<'_>) -> io::Result<()> {
    pen.blank()?;
    pen.text(0, BOLD, "GRANTED BUT NOT USED")?;
    let by = match &*unused.granularity {
        "action" => "by action, where the service tells",
        _ => "by service",
    };
    let from = unused.from.as_deref().map_or("an unknown day", day);
    let until = unused.until.as_deref().map_or("an unknown day", day);
    let window = format!(
        "{} to {}, {by} ({})",
        clean(from),
        clean(until),
        place(&unused.evidence)
    );
    pen.field("looked at", PLAIN, &window)?;
    let never: Vec<&ServiceUse> = unused.never_used().collect();
    for (index, service) in never.iter().take(MANY).enumerate() {
        let label = if index == 0 { "never used" } else { "" };
        let mut text = clean(&service.service);
        match service.granted_actions {
            0 => {}
            n => text.push_str(&format!(
                ", of which it is granted {}",
                count(
                    usize::try_from(n).unwrap_or(usize::MAX),
                    "action",
                    "actions"
                )
            )),
        }
        if let Some(privileged) = &service.privileged {
            text.push_str(&format!(", among them {}", clean(privileged)));
        }
        pen.field(label, YELLOW, &text)?;
    }
    more(never.len(), pen)?;
    if never.is_empty() {
        pen.field(
            "never used",
            GREEN,
            "none of the services that the record speaks of",
        )?;
    }
    let used: Vec<&ServiceUse> = unused
        .services
        .iter()
        .filter(|s| s.last_used != When::Never)
        .collect();
    for (index, service) in used.iter().take(MANY).enumerate() {
        let label = if index == 0 { "used" } else { "" };
        let last = service.last_used.at().map_or("at an unknown time", day);
        let mut text = format!("{}, last {}", clean(&service.service), clean(last));
        if !service.unused_actions.is_empty() {
            let shown: Vec<String> = service
                .unused_actions
                .iter()
                .take(MANY)
                .map(|a| clean(a))
                .collect();
            let left = service.unused_actions.len() - shown.len();
            let rest = if left > 0 {
                format!(" and {left} more")
            } else {
                String::new()
            };
            text.push_str(&format!("; not used of it: {}{rest}", shown.join(", ")));
        }
        pen.field(label, PLAIN, &text)?;
    }
    more(used.len(), pen)?;
    if !unused.untold.is_empty() {
        let shown: Vec<String> = unused.untold.iter().take(MANY).map(|s| clean(s)).collect();
        let left = unused.untold.len() - shown.len();
        let rest = if left > 0 {
            format!(" and {left} more")
        } else {
            String::new()
        };
        pen.field("not told", DIM, &format!("{}{rest}", shown.join(", ")))?;
    }
    let Some(smaller) = &unused.proposal else {
        return Ok(());
    };
    if !proposal {
        return pen.field(
            "smaller",
            PLAIN,
            "a policy that keeps what was used: --proposal prints it",
        );
    }
    pen.field("smaller", PLAIN, "this policy keeps what was used:")?;
    let mut lines = Vec::new();
    pretty(&smaller.policy, "", 2, "", &mut lines);
    for line in lines {
        pen.line(&line)?;
    }
    for note in &smaller.notes {
        pen.text(2, YELLOW, &clean(note))?;
    }
    Ok(())
}

/// The members of policies in the order in which people write them.
const ORDER: [&str; 8] = [
    "Version",
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// JSON in lines, members in the usual order, lists of one on one line. Policies are not deep.
fn pretty(value: &Value, key: &str, indent: usize, comma: &str, lines: &mut Vec<String>) {
    let key = match key {
        "" => String::new(),
        key => format!("{}: ", clean(&Value::from(key).to_string())),
    };
    let margin = " ".repeat(indent);
    let last = |at: usize, all: usize| if at + 1 < all { "," } else { "" };
    match value {
        Value::Object(map) if !map.is_empty() => {
            lines.push(format!("{margin}{key}{{"));
            let mut members: Vec<_> = map.iter().collect();
            let rank = |key: &str| ORDER.iter().position(|k| *k == key).unwrap_or(ORDER.len());
            members.sort_by_key(|(key, _)| (rank(key), key.as_str()));
            for (at, (key, value)) in members.iter().enumerate() {
                pretty(value, key, indent + 2, last(at, members.len()), lines);
            }
            lines.push(format!("{margin}}}{comma}"));
        }
        Value::Array(items) if items.len() > 1 || items.iter().any(Value::is_object) => {
            lines.push(format!("{margin}{key}["));
            for (at, item) in items.iter().enumerate() {
                pretty(item, "", indent + 2, last(at, items.len()), lines);
            }
            lines.push(format!("{margin}]{comma}"));
        }
        plain => lines.push(format!("{margin}{key}{}{comma}", clean(&plain.to_string()))),
    }
}

fn more(all: usize, pen: &mut Pen<'_>) -> io::Result<()> {
    match all.saturating_sub(MANY) {
        0 => Ok(()),
        left => pen.text(15, DIM, &format!("and {left} more")),
    }
}
