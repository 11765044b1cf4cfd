//! What the configuration and comments in the inputs say about findings, beside waivers.

use crate::check::CheckSet;
use crate::model::{
    Allow, Coverage, Inventory, Origin, PathRule, Platform, Problem, ProblemKind, Str, Timestamp,
};
use crate::platform::aws::tables;
use crate::platform::paths::PathPattern;

/// The reason that an exposure gives for its confidence.
const REASON: &str = "a path rule of the configuration";

/// Makes leaks in the files of each rule at most as sure as the rule says.
pub(super) fn apply(rules: &[PathRule], inventory: &mut Inventory, now: Timestamp) {
    let mut active = Vec::new();
    for rule in rules {
        let ended = rule.expires.is_some_and(|end| now.days_since(end) >= 1);
        // What is no pattern was refused where it was written.
        if let (false, Ok(pattern)) = (ended, PathPattern::new(&rule.paths)) {
            active.push((pattern, rule.confidence));
        }
    }
    if active.is_empty() {
        return;
    }
    for credential in inventory.credentials.values_mut() {
        credential.exposures = std::mem::take(&mut credential.exposures)
            .into_iter()
            .map(|mut exposure| {
                let origin = &exposure.evidence.origin;
                let most = active
                    .iter()
                    .filter(|(pattern, _)| lies_in(pattern, origin))
                    .map(|(_, most)| *most)
                    .min();
                if let Some(most) = most.filter(|most| *most < exposure.confidence) {
                    exposure.confidence = most;
                    exposure.reasons.insert(Str::from(REASON));
                }
                exposure
            })
            .collect();
    }
}

/// Whether a document's path matches: from the root that the user named, or from its repository's root.
pub(super) fn lies_in(pattern: &PathPattern, origin: &Origin) -> bool {
    pattern.matches(origin.below_root())
        || origin
            .below_repository()
            .is_some_and(|path| pattern.matches(path))
}

/// Says of comments that accept findings of checks that there are not that they do nothing.
pub(super) fn note_unknown(allows: &[Allow], checks: &CheckSet, coverage: &mut Coverage) {
    for allow in allows {
        let near = checks
            .iter()
            .map(|check| (strsim::jaro(&check.id, &allow.check), &check.id))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(near, _)| *near > 0.8);
        let hint = match near {
            Some((_, id)) => format!("did you mean `{id}`?"),
            None => "`tenure checks list` names all".to_owned(),
        };
        coverage.problems.insert(Problem {
            path: allow.evidence.origin.path.clone(),
            line: allow.evidence.line,
            column: None,
            kind: ProblemKind::Note,
            reader: allow.evidence.reader,
            message: format!("accepts nothing: there is no such check; {hint}").into(),
        });
    }
}

/// Says what of the AWS rule tables was left out; asked only where they were used.
pub(super) fn note_tables(inventory: &Inventory, coverage: &mut Coverage) {
    let mut identities = inventory.identities.values();
    if !identities.any(|identity| identity.platform == Platform::Aws) {
        return;
    }
    for fault in tables::faults() {
        let (path, message) = fault.split_once(": ").unwrap_or(("rules/aws", fault));
        coverage.problems.insert(Problem {
            path: path.into(),
            line: None,
            column: None,
            kind: ProblemKind::Note,
            reader: "rules",
            message: message.into(),
        });
    }
}

/// Says which control policies of accounts were not read: what accounts' own exports allow may be less by them.
pub(super) fn note_unread(inventory: &Inventory, coverage: &mut Coverage) {
    let evidence = inventory.identities.values().flat_map(|i| &i.evidence);
    let mut details = evidence.filter(|e| e.reader == "aws-authorization-details");
    let Some(first) = details.next() else {
        return;
    };
    for message in crate::privilege::aws::unread(inventory) {
        coverage.problems.insert(Problem {
            path: first.origin.path.clone(),
            line: None,
            column: None,
            kind: ProblemKind::Note,
            reader: first.reader,
            message: message.into(),
        });
    }
}
