//! Whether a set of policies changes anything or only looks.

use super::condition::Verdict;
use super::scope::loosened;
use super::set::{Allowed, Boundary, On, PolicySet};
use super::statement::{Patterns, Statement};
use crate::model::{Certainty, Str};
use crate::platform::aws::access_level::{self, AccessLevel};
use crate::platform::aws::actions::resource_controlled;
use crate::platform::aws::pattern::{covers, overlaps};
use std::borrow::Cow;
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
                    match statement.condition.as_ref().map(|c| self.weigh(c, false)) {
                        Some(Verdict::Depends(open)) => keys.extend(open),
                        Some(Verdict::Fails) => continue,
                        Some(Verdict::Holds) | None => {}
                    }
                    let certainty = match self.boundary {
                        Boundary::Unread => Certainty::Unresolved,
                        _ if self.caps.unread => Certainty::Unresolved,
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
        let start: Vec<Str> = if statement.actions.negated {
            vec!["*".into()]
        } else {
            statement.actions.list.clone()
        };
        let start = start.into_iter().filter(|pattern| !assumes(pattern));
        self.left_of(statement, start.collect())
    }

    /// What is left of these (lower-case) action patterns of a statement after denials and boundary.
    pub(super) fn left_of(&self, statement: &Statement, start: Vec<Str>) -> Vec<Part> {
        let mut scopes = self.scopes(statement);
        for scope in &mut scopes {
            if let Some(loose) = loosened(scope) {
                *scope = loose.into();
            }
        }
        let mut left: Vec<_> = start
            .into_iter()
            .filter_map(|p| {
                // What can be done to none of the resources gives nothing.
                let mut level = access_level::on(&p, |a| scopes.iter().any(|s| a.works_on(s)))?;
                if self.only_reads(&p, statement) {
                    level = AccessLevel::Read;
                }
                Some((p, level, BTreeSet::new()))
            })
            .collect();
        let boundary = match self.boundary {
            Boundary::Policy(index) => self.policies.get(index),
            _ => None,
        };
        let policies = self.grants.iter().filter_map(|&i| self.policies.get(i));
        let of = |list: &'_ [usize]| {
            let list: Vec<_> = list.iter().filter_map(|&i| self.policies.get(i)).collect();
            list
        };
        let own = policies
            .chain(boundary)
            .map(|policy| (policy, false, false));
        let caps = of(&self.caps.denials).into_iter();
        let guards = of(&self.caps.guards).into_iter();
        for (denial, capping, guard) in own
            .chain(caps.map(|policy| (policy, true, false)))
            .chain(guards.map(|policy| (policy, true, true)))
            .flat_map(|(policy, capping, guard)| {
                let statements = policy.statements.iter();
                statements.map(move |s| (s, capping, guard))
            })
            .filter(|(s, ..)| !s.allow)
        {
            if !scopes
                .iter()
                .all(|s| self.shuts_out(denial, On::Any, s, None))
            {
                continue;
            }
            let open = match denial.condition.as_ref().map(|c| self.weigh(c, capping)) {
                None | Some(Verdict::Holds) => None,
                Some(Verdict::Fails) => continue,
                Some(Verdict::Depends(open)) => Some(open),
            };
            left = left
                .into_iter()
                .flat_map(|(pattern, level, mut keys)| {
                    // Of other services, resource control policies say nothing.
                    if guard && !resource_controlled(&pattern) {
                        return vec![(pattern, level, keys)];
                    }
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
        let levels = self.caps.levels.iter().filter(|level| !level.unread);
        let levels = levels.map(|level| (of(&level.policies), true));
        let boundary = boundary.map(|boundary| (vec![boundary], false));
        for (level, capping) in boundary.into_iter().chain(levels) {
            let allows = level.iter().flat_map(|policy| &policy.statements);
            left = self.capped(left, &scopes, allows.filter(|s| s.allow), capping);
        }
        left
    }

    /// The parts that some of the statements of a boundary, or of a level of control policies, let through.
    fn capped<'s>(
        &self,
        left: Vec<Part>,
        scopes: &[Cow<'_, str>],
        allows: impl Iterator<Item = &'s Statement>,
        capping: bool,
    ) -> Vec<Part> {
        let caps: Vec<&Statement> = allows
            .filter(|cap| {
                let own = self.scopes(cap);
                own.iter().any(|c| scopes.iter().any(|s| overlaps(c, s)))
            })
            .collect();
        let mut capped = Vec::new();
        for (pattern, level, keys) in left {
            for cap in &caps {
                let mut keys = keys.clone();
                match cap.condition.as_ref().map(|c| self.weigh(c, capping)) {
                    None | Some(Verdict::Holds) => {}
                    Some(Verdict::Fails) => continue,
                    Some(Verdict::Depends(open)) => keys.extend(open),
                }
                if cap.actions.negated {
                    if !cap.actions.near(&pattern).any(|c| covers(c, &pattern)) {
                        capped.push((pattern.clone(), level, keys));
                    }
                } else {
                    let mut parts = narrowed(&cap.actions, &pattern, level, &keys);
                    for part in parts.iter_mut().filter(|p| self.only_reads(&p.0, cap)) {
                        part.1 = AccessLevel::Read;
                    }
                    capped.extend(parts);
                }
            }
        }
        // What several levels let through in parts would multiply.
        capped.sort_by_key(|part: &Part| (part.0.clone(), std::cmp::Reverse(part.1), part.2.len()));
        capped.dedup_by(|a, b| a.0 == b.0);
        capped
    }

    /// Whether a statement's condition makes a read of an action that may write: a session with directory
    /// buckets writes unless its mode is held to reading.
    fn only_reads(&self, pattern: &str, statement: &Statement) -> bool {
        let writing = [("s3express:sessionmode", "ReadWrite")];
        let condition = statement.condition.as_ref();
        pattern == "s3express:createsession"
            && condition.is_some_and(|c| matches!(self.decide(c, &writing), Verdict::Fails))
    }
}

/// An action pattern, the level of what it matches, and the condition keys it depends on.
pub(super) type Part = (Str, AccessLevel, BTreeSet<String>);

/// The parts of a pattern that a list of patterns leaves.
fn narrowed(
    list: &Patterns,
    pattern: &Str,
    level: AccessLevel,
    keys: &BTreeSet<String>,
) -> Vec<Part> {
    let parts = list.numbered(pattern);
    parts
        .filter(|(_, part)| overlaps(part, pattern))
        .filter_map(|(position, part)| {
            let narrow = if covers(part, pattern) { pattern } else { part };
            let level = level.min(list.level(position)?);
            Some((narrow.clone(), level, keys.clone()))
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
