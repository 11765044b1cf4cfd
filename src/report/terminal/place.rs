//! Where a row's evidence stands, short enough for a column: the file, and the record in it by its name.

use super::super::subject::Subject;
use super::super::text::{clean, columns, cut, cut_path, cut_start, wrap};
use crate::snapshot::{Evidence, Proof};
use std::sync::Arc;

/// A place in two parts. Other formats carry paths and pointers whole.
pub(super) struct Place {
    file: String,
    record: Option<String>,
}

impl Place {
    pub(super) fn new(subject: &Subject<'_>, evidence: &Evidence) -> Self {
        // More than this never fits, and a hostile path may be long.
        const MOST: usize = 300;
        let line = evidence.line.map(|n| format!(":{n}")).unwrap_or_default();
        Self {
            file: cut_start(&format!("{}{line}", clean(&evidence.path)), MOST),
            record: record(subject, evidence).map(|text| cut(&clean(&text), MOST)),
        }
    }

    /// One line, if all fits; else the file in one or two and the record in one or two; then how many
    /// other places there are.
    pub(super) fn lines(&self, width: usize, others: usize) -> Vec<String> {
        let more = match others {
            0 => String::new(),
            n => format!(" +{n}"),
        };
        let Some(record) = &self.record else {
            // As much as fits two lines.
            let whole = wrap(&format!("{}{more}", self.file), width);
            return match whole.len() {
                0..=2 => whole,
                _ => vec![format!(
                    "{}{more}",
                    cut_path(&self.file, width.saturating_sub(columns(&more)))
                )],
            };
        };
        let whole = format!("{} {record}{more}", self.file);
        if columns(&whole) <= width {
            return vec![whole];
        }
        let mut lines = vec![cut_path(&self.file, width)];
        // As much as fits two lines.
        let fitted = (1..=width * 2).rev().map(|room| {
            let record = cut(record, room);
            wrap(&format!("{record}{more}"), width)
        });
        lines.extend(
            fitted
                .into_iter()
                .find(|l| l.len() <= 2)
                .unwrap_or_default(),
        );
        lines
    }
}

/// The record's name: the step of the subject's proof that stands there, or the end of the pointer. `None`
/// where the record is the subject itself, which has been named.
fn record(subject: &Subject<'_>, evidence: &Evidence) -> Option<String> {
    let pointer = &*evidence.pointer_text()?;
    if evidence.reader == "secrets" {
        // A commit, without which the file may not even be found.
        return Some(format!("({pointer})"));
    }
    if let Some(step) = proofs(subject).find_map(|proof| step(proof, evidence)) {
        return Some(step);
    }
    let same = |e: &Evidence| e.path == evidence.path && e.pointer == evidence.pointer;
    let own = subject.identity.map_or(&[][..], |i| &i.evidence);
    if own.iter().any(same) || subject.evidence.iter().any(|e| same(e)) {
        return None;
    }
    Some(tail(pointer))
}

fn proofs<'a>(subject: &Subject<'a>) -> impl Iterator<Item = &'a Arc<Proof>> + use<'a> {
    let privilege = subject.privilege.into_iter();
    privilege.flat_map(|p| {
        let capabilities = p.capabilities.iter().map(|c| &c.proof);
        p.proof.iter().chain(&p.wildcard).chain(capabilities)
    })
}

/// The step of a proof that stands there; of a rule, whose number says little, with what holds it.
fn step(proof: &Proof, evidence: &Evidence) -> Option<String> {
    let at = |e: &Evidence| e.path == evidence.path && e.pointer == evidence.pointer;
    let found = proof
        .hops
        .iter()
        .position(|hop| hop.evidence.as_ref().is_some_and(at))?;
    let what = &proof.hops.get(found)?.what;
    let rule = what
        .strip_prefix("statement ")
        .or_else(|| what.strip_prefix("rules[").and(Some(what)));
    let (Some(rule), Some(holder)) = (rule, found.checked_sub(1).and_then(|i| proof.hops.get(i)))
    else {
        return Some(what.to_string());
    };
    // What a rule says stands in the finding; here its place is wanted.
    let rule = rule.split(": ").next().unwrap_or(rule);
    let policy = ["attached policy ", "inline policy "];
    let name = policy.iter().find_map(|p| holder.what.strip_prefix(p));
    Some(format!("{} › {rule}", name.unwrap_or(&holder.what)))
}

/// The last two steps of a JSON pointer, or the whole of what is none (`row 5`).
fn tail(pointer: &str) -> String {
    let mut steps = pointer.rsplit('/');
    let (last, before) = (steps.next().unwrap_or(pointer), steps.next());
    let last = last.replace("~1", "/").replace("~0", "~");
    match before {
        Some(before) if !before.is_empty() && last.len() < 20 => format!("{before}/{last}"),
        _ => last,
    }
}
