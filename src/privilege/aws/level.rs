//! Whether a set of policies changes anything or only looks.

use super::condition::Verdict;
use super::set::{Allowed, Boundary, On, PolicySet};
use super::statement::{Patterns, Statement};
use crate::model::{Certainty, Str};
use crate::platform::aws::access_level::{self, AccessLevel};
use crate::platform::aws::pattern::{covers, overlaps};
use std::collections::BTreeSet;

impl PolicySet<'_> {
    /// The highest access level that the set gives, with the statement that gives it. Assuming roles
    /// counts for what the roles may do, not here.
    pub(super) fn level(&self) -> Option<(AccessLevel, Allowed)> {
        let mut best: Option<(AccessLevel, Allowed)> = None;
        for &index in &self.grants {
            let Some(policy) = self.policies.get(index) else {
                continue;
            };
            for (number, statement) in policy.statements.iter().enumerate() {
                // What speaks of no resource at all gives nothing.
                if !statement.allow || self.scopes(statement).is_empty() {
                    continue;
                }
                for (pattern, level, mut keys) in self.effective(statement) {
                    match statement.condition.as_ref().map(|c| self.decide(c, &[])) {
                        Some(Verdict::Depends(open)) => keys.extend(open),
                        Some(Verdict::Fails) => continue,
                        Some(Verdict::Holds) | None => {}
                    }
                    let certainty = match self.boundary {
                        Boundary::Unread => Certainty::Unresolved,
                        _ if keys.is_empty() => Certainty::Certain,
                        _ => Certainty::Conditional,
                    };
                    if best.as_ref().is_some_and(|(l, b)| {
                        (*l, std::cmp::Reverse(b.certainty))
                            >= (level, std::cmp::Reverse(certainty))
                    }) {
                        continue;
                    }
                    let scope = self
                        .scopes(statement)
                        .first()
                        .map(|s| s.to_string())
                        .unwrap_or_default();
                    best = Some((
                        level,
                        Allowed {
                            policy: index,
                            statement: number,
                            claim: format!("{} on {scope}", statement.spelt(&pattern)),
                            scope,
                            certainty,
                            keys,
                        },
                    ));
                    if (level, certainty) == (AccessLevel::Write, Certainty::Certain) {
                        return best;
                    }
                }
            }
        }
        best
    }

    /// The action patterns of a statement that are left after denials and boundary, with their level.
    fn effective(&self, statement: &Statement) -> Vec<Part> {
        let scopes = self.scopes(statement);
        let start: Vec<Str> = if statement.actions.negated {
            vec!["*".into()]
        } else {
            statement.actions.list.clone()
        };
        let mut left: Vec<_> = start
            .into_iter()
            .filter(|pattern| !assumes(pattern))
            .map(|p| (p.clone(), access_level::of_pattern(&p), BTreeSet::new()))
            .collect();
        let boundary = match self.boundary {
            Boundary::Policy(index) => self.policies.get(index),
            _ => None,
        };
        let policies = self.grants.iter().filter_map(|&i| self.policies.get(i));
        for denial in policies
            .chain(boundary)
            .flat_map(|policy| &policy.statements)
            .filter(|s| !s.allow)
        {
            if !scopes
                .iter()
                .all(|s| self.shuts_out(denial, On::Any, s, None))
            {
                continue;
            }
            let open = match denial.condition.as_ref().map(|c| self.decide(c, &[])) {
                None | Some(Verdict::Holds) => None,
                Some(Verdict::Fails) => continue,
                Some(Verdict::Depends(open)) => Some(open),
            };
            left = left
                .into_iter()
                .flat_map(|(pattern, level, mut keys)| {
                    if let Some(open) = &open {
                        if denial.touches(&pattern) {
                            keys.extend(open.iter().cloned());
                        }
                        return vec![(pattern, level, keys)];
                    }
                    if denial.actions.negated {
                        return narrowed(&denial.actions, &pattern, level, &keys);
                    }
                    let gone = denial.actions.near(&pattern).any(|d| covers(d, &pattern));
                    if gone {
                        Vec::new()
                    } else {
                        vec![(pattern, level, keys)]
                    }
                })
                .collect();
            // Parts repeat where lists overlap; without this their number would multiply.
            left.sort_by(|a: &Part, b: &Part| (&a.0, a.1, a.2.len()).cmp(&(&b.0, b.1, b.2.len())));
            left.dedup_by(|a, b| a.0 == b.0);
        }
        let Some(boundary) = boundary else {
            return left;
        };
        let caps = boundary.statements.iter().filter(|cap| {
            cap.allow
                && self
                    .scopes(cap)
                    .iter()
                    .any(|c| scopes.iter().any(|s| overlaps(c, s)))
        });
        let caps: Vec<_> = caps.collect();
        let mut capped = Vec::new();
        for (pattern, level, keys) in left {
            for cap in &caps {
                let mut keys = keys.clone();
                match cap.condition.as_ref().map(|c| self.decide(c, &[])) {
                    None | Some(Verdict::Holds) => {}
                    Some(Verdict::Fails) => continue,
                    Some(Verdict::Depends(open)) => keys.extend(open),
                }
                if cap.actions.negated {
                    if !cap.actions.near(&pattern).any(|c| covers(c, &pattern)) {
                        capped.push((pattern.clone(), level, keys));
                    }
                } else {
                    capped.extend(narrowed(&cap.actions, &pattern, level, &keys));
                }
            }
        }
        capped
    }
}

/// An action pattern, the level of what it matches, and the condition keys it depends on.
type Part = (Str, AccessLevel, BTreeSet<String>);

/// The parts of a pattern that a list of patterns leaves.
fn narrowed(
    list: &Patterns,
    pattern: &Str,
    level: AccessLevel,
    keys: &BTreeSet<String>,
) -> Vec<Part> {
    let parts = list.near(pattern).filter(|part| overlaps(part, pattern));
    parts
        .map(|part| {
            let narrow = if covers(part, pattern) { pattern } else { part };
            let level = level.min(access_level::of_pattern(part));
            (narrow.clone(), level, keys.clone())
        })
        .collect()
}

/// Whether an action is but the means of assuming a role.
fn assumes(pattern: &str) -> bool {
    matches!(
        pattern,
        "sts:assumerole" | "sts:tagsession" | "sts:setsourceidentity" | "sts:assumerole*"
    )
}
