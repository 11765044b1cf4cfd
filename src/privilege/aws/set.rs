//! A set of policies that principals hold together, and the question it answers: is this action allowed,
//! on what, and how firmly?
//!
//! Allowed is what some statement allows, no statement denies and the boundary, if there is one, allows
//! too. A denial under a condition that files cannot decide does not protect, but the answer says so.

use super::condition::{Condition, Context, Verdict};
use super::scope::{blankets, own_only, speaks_of, substituted};
use super::statement::{CORE, Compiled, Patterns, Probe, Statement, probe, spelling};
use crate::model::Certainty;
use crate::platform::aws::pattern::{covers, is_everything, overlaps};
use crate::platform::glob;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What caps a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Boundary {
    None,
    /// The policy at this position.
    Policy(usize),
    /// One whose document was not read.
    Unread,
}

/// Policies held together. Principals that hold the same ones share a set.
#[derive(Clone, Debug)]
pub(super) struct PolicySet<'w> {
    pub policies: &'w [Compiled],
    /// Positions of those that give.
    pub grants: Vec<usize>,
    pub boundary: Boundary,
    /// Values of policy variables, for a set that belongs to one principal because it uses them.
    pub variables: BTreeMap<String, String>,
}

/// On what an action is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) enum On<'a> {
    /// Anything at all.
    Any,
    /// Every resource.
    Everything,
    /// This one.
    Arn(&'a str),
    /// Any user but this one.
    OtherUser(&'a str),
}

/// That an action is allowed, and by what.
#[derive(Clone, Debug)]
pub(super) struct Allowed {
    /// Position of the policy.
    pub policy: usize,
    /// Position of the statement in it.
    pub statement: usize,
    /// What is allowed on what: `iam:CreateAccessKey on *`.
    pub claim: String,
    /// The resource pattern it is allowed on.
    pub scope: String,
    pub certainty: Certainty,
    /// Condition keys it depends on.
    pub keys: BTreeSet<String>,
}

impl<'w> PolicySet<'w> {
    /// Whether the action is allowed: the firmest answer.
    pub(super) fn allowed(
        &self,
        probe: Probe,
        on: On<'_>,
        context: Context<'_>,
    ) -> Option<Allowed> {
        let mut best: Option<Allowed> = None;
        for &index in &self.grants {
            let Some(policy) = self.policies.get(index) else {
                continue;
            };
            for &number in policy.allow.get(&probe).into_iter().flatten() {
                let Some(statement) = policy.statements.get(number) else {
                    continue;
                };
                for pattern in self.scopes(statement) {
                    let Some((scope, certainty, keys)) =
                        self.holds(probe, on, context, statement, &pattern)
                    else {
                        continue;
                    };
                    if best.as_ref().is_some_and(|b| b.certainty <= certainty) {
                        continue;
                    }
                    best = Some(Allowed {
                        policy: index,
                        statement: number,
                        claim: match on {
                            On::Arn(arn) => format!("{} on {arn}", spelling(probe)),
                            _ => format!("{} on {scope}", spelling(probe)),
                        },
                        scope,
                        certainty,
                        keys,
                    });
                    if certainty == Certainty::Certain {
                        return best;
                    }
                }
            }
        }
        best
    }

    /// Judges a condition by what is known of the request and, for a set of one principal's, of its caller.
    pub(super) fn decide(&self, condition: &Condition, context: Context<'_>) -> Verdict {
        if self.variables.is_empty() || !condition.asks_who() {
            return condition.judge(context);
        }
        let own = self.variables.iter();
        let own = own.filter(|(key, _)| !key.starts_with("aws:principaltag/"));
        let mut all: Vec<(&str, &str)> = own.map(|(k, v)| (&**k, &**v)).collect();
        all.extend(context);
        condition.judge(&all)
    }

    /// For a grant that comes from elsewhere (a role's trust): `None` when a denial, or for a role the
    /// boundary, stands against it, else the condition keys of denials that may apply.
    pub(super) fn barred(&self, probe: Probe, on: On<'_>, role: bool) -> Option<BTreeSet<String>> {
        let mut keys = BTreeSet::new();
        if self.denied(probe, on, &[], "*", &mut keys) {
            return None;
        }
        if let (true, Boundary::Policy(index)) = (role, self.boundary) {
            self.within(index, probe, on, &[], "*", &mut keys)?;
        }
        Some(keys)
    }

    /// Whether its answers are but those of its policies put together: nothing denies and nothing caps.
    pub(super) fn plain(&self) -> bool {
        let mut policies = self.grants.iter().filter_map(|&i| self.policies.get(i));
        self.boundary == Boundary::None && !policies.any(|policy| policy.denies)
    }

    /// One of its policies as a set of its own.
    pub(super) fn only(&self, policy: usize) -> Self {
        Self {
            policies: self.policies,
            grants: vec![policy],
            boundary: Boundary::None,
            variables: self.variables.clone(),
        }
    }

    /// Whether some statement may allow the action at all; a quick first question.
    pub(super) fn mentions(&self, probe: Probe) -> bool {
        let mut policies = self.grants.iter().filter_map(|&i| self.policies.get(i));
        policies.any(|policy| policy.allow.contains_key(&probe))
    }

    /// The resource patterns of the statements that allow the action, before denials and boundary.
    pub(super) fn patterns(&self, probe: Probe) -> BTreeSet<String> {
        let policies = self.grants.iter().filter_map(|&i| self.policies.get(i));
        policies
            .flat_map(|policy| {
                let numbers = policy.allow.get(&probe).into_iter().flatten();
                numbers.filter_map(|&n| policy.statements.get(n))
            })
            .flat_map(|statement| self.scopes(statement))
            .map(Cow::into_owned)
            .collect()
    }

    fn holds(
        &self,
        probe: Probe,
        on: On<'_>,
        context: Context<'_>,
        statement: &Statement,
        pattern: &str,
    ) -> Option<(String, Certainty, BTreeSet<String>)> {
        let mut keys = match &statement.condition {
            None => BTreeSet::new(),
            Some(condition) => match self.decide(condition, context) {
                Verdict::Holds => BTreeSet::new(),
                Verdict::Fails => return None,
                Verdict::Depends(keys) => keys,
            },
        };
        let fits = match on {
            On::Any => speaks_of(probe, pattern) && !self.pares(statement, probe),
            On::Everything => is_everything(pattern) && !self.pares(statement, probe),
            On::Arn(arn) => glob::matches(pattern, arn) && !self.excluded(statement, arn),
            On::OtherUser(own) => {
                overlaps(pattern, "arn:*:iam::*:user/*")
                    && !own_only(pattern, own)
                    && !self.pares(statement, probe)
            }
        };
        if !fits || self.denied(probe, on, context, pattern, &mut keys) {
            return None;
        }
        let mut unread = false;
        let scope = match self.boundary {
            Boundary::None => pattern.to_owned(),
            Boundary::Unread => {
                unread = true;
                pattern.to_owned()
            }
            Boundary::Policy(index) => {
                self.within(index, probe, on, context, pattern, &mut keys)?
            }
        };
        let certainty = if unread {
            Certainty::Unresolved
        } else if keys.is_empty() {
            Certainty::Certain
        } else {
            Certainty::Conditional
        };
        Some((scope, certainty, keys))
    }

    /// Whether a denial shuts the pattern (or the one resource asked about) out. Keys of denials that
    /// may or may not apply are added.
    fn denied(
        &self,
        probe: Probe,
        on: On<'_>,
        context: Context<'_>,
        pattern: &str,
        keys: &mut BTreeSet<String>,
    ) -> bool {
        let boundary = match self.boundary {
            Boundary::Policy(index) => Some(index),
            _ => None,
        };
        for index in self.grants.iter().copied().chain(boundary) {
            let Some(policy) = self.policies.get(index) else {
                continue;
            };
            for &number in policy.deny.get(&probe).into_iter().flatten() {
                let Some(statement) = policy.statements.get(number) else {
                    continue;
                };
                if !self.shuts_out(statement, on, pattern, Some(probe)) {
                    continue;
                }
                match statement
                    .condition
                    .as_ref()
                    .map(|c| self.decide(c, context))
                {
                    None | Some(Verdict::Holds) => return true,
                    Some(Verdict::Fails) => {}
                    Some(Verdict::Depends(open)) => keys.extend(open),
                }
            }
        }
        false
    }

    /// Whether a denial speaks of all that the pattern (or the one resource asked about) can mean, for
    /// this action if it is about one.
    pub(super) fn shuts_out(
        &self,
        statement: &Statement,
        on: On<'_>,
        pattern: &str,
        probe: Option<Probe>,
    ) -> bool {
        let list = || self.expanded(&statement.resources, statement.variables);
        let all = |p: &str| probe.is_some_and(|probe| blankets(p, probe));
        match (on, statement.resources.negated) {
            (On::Arn(arn), negated) => list().any(|p| glob::matches(&p, arn)) != negated,
            (On::OtherUser(own), true) => {
                !list().any(|p| overlaps(&p, pattern) && !own_only(&p, own))
            }
            // What is left must be worth the name of everything.
            (On::Everything, true) => !list().any(|p| all(&p)),
            (_, true) => !list().any(|p| overlaps(&p, pattern)),
            (_, false) => list().any(|p| covers(&p, pattern) || all(&p)),
        }
    }

    /// The part of the pattern that the boundary lets through.
    fn within(
        &self,
        boundary: usize,
        probe: Probe,
        on: On<'_>,
        context: Context<'_>,
        pattern: &str,
        keys: &mut BTreeSet<String>,
    ) -> Option<String> {
        let policy = self.policies.get(boundary)?;
        let mut conditional: Option<(String, BTreeSet<String>)> = None;
        for &number in policy.allow.get(&probe)? {
            let Some(statement) = policy.statements.get(number) else {
                continue;
            };
            let open = match statement
                .condition
                .as_ref()
                .map(|c| self.decide(c, context))
            {
                None | Some(Verdict::Holds) => BTreeSet::new(),
                Some(Verdict::Fails) => continue,
                Some(Verdict::Depends(open)) => open,
            };
            for cap in self.scopes(statement) {
                let fits = match on {
                    On::Any => overlaps(&cap, pattern) && speaks_of(probe, &cap),
                    On::Everything => is_everything(&cap) && !self.pares(statement, probe),
                    On::Arn(arn) => glob::matches(&cap, arn) && !self.excluded(statement, arn),
                    On::OtherUser(own) => overlaps(&cap, pattern) && !own_only(&cap, own),
                };
                if !fits {
                    continue;
                }
                let scope = if covers(&cap, pattern) {
                    pattern.to_owned()
                } else {
                    cap.into_owned()
                };
                if open.is_empty() {
                    return Some(scope);
                }
                conditional.get_or_insert((scope, open.clone()));
            }
        }
        let (scope, open) = conditional?;
        keys.extend(open);
        Some(scope)
    }

    /// What a statement speaks of: its patterns, or everything where it says what it does not speak of.
    pub(super) fn scopes<'s>(&'s self, statement: &'s Statement) -> Vec<Cow<'s, str>> {
        if statement.resources.negated {
            let none = self.expanded(&statement.resources, statement.variables);
            if none.into_iter().any(|p| is_everything(&p)) {
                return Vec::new();
            }
            vec![Cow::Borrowed("*")]
        } else {
            self.expanded(&statement.resources, statement.variables)
                .collect()
        }
    }

    /// Whether a statement by `NotResource` leaves the action nothing to work on.
    fn pares(&self, statement: &Statement, probe: Probe) -> bool {
        statement.resources.negated
            && self
                .expanded(&statement.resources, statement.variables)
                .any(|p| blankets(&p, probe))
    }

    fn excluded(&self, statement: &Statement, arn: &str) -> bool {
        statement.resources.negated
            && self
                .expanded(&statement.resources, statement.variables)
                .any(|p| glob::matches(&p, arn))
    }

    fn expanded<'s>(
        &'s self,
        patterns: &'s Patterns,
        variables: bool,
    ) -> impl Iterator<Item = Cow<'s, str>> {
        patterns.list.iter().filter_map(move |pattern| {
            if variables && pattern.contains("${") {
                substituted(pattern, &self.variables).map(Cow::Owned)
            } else {
                Some(Cow::Borrowed(&**pattern))
            }
        })
    }

    /// Whether the set amounts to doing anything: every action by wildcard, and nothing that matters
    /// taken away again.
    pub(super) fn admin(&self) -> Option<Allowed> {
        let (policy, statement) = self.broad()?;
        let mut answer: Option<Allowed> = None;
        for action in CORE {
            let allowed = self.allowed(probe(action)?, On::Everything, &[])?;
            match &mut answer {
                None => answer = Some(allowed),
                Some(worst) => {
                    worst.certainty = worst.certainty.max(allowed.certainty);
                    worst.keys.extend(allowed.keys);
                }
            }
        }
        let mut answer = answer?;
        answer.policy = policy;
        answer.statement = statement;
        answer.claim = "every action on every resource".to_owned();
        Some(answer)
    }

    /// A statement that allows every action on every resource; one without a condition first.
    fn broad(&self) -> Option<(usize, usize)> {
        let mut found = None;
        for &index in &self.grants {
            let Some(policy) = self.policies.get(index) else {
                continue;
            };
            for (number, statement) in policy.statements.iter().enumerate() {
                if !statement.allow || !statement.broad {
                    continue;
                }
                if self.scopes(statement).iter().any(|p| is_everything(p)) {
                    if statement.condition.is_none() {
                        return Some((index, number));
                    }
                    found.get_or_insert((index, number));
                }
            }
        }
        found
    }

    /// A statement that grants by wildcard: every action, or all of a service's, on every resource.
    pub(super) fn wildcard(&self) -> Option<Allowed> {
        let mut best: Option<Allowed> = None;
        for &index in &self.grants {
            let Some(policy) = self.policies.get(index) else {
                continue;
            };
            for (number, statement) in policy.statements.iter().enumerate() {
                let everything = self.scopes(statement).iter().any(|p| is_everything(p));
                if !statement.allow || !everything || statement.actions.negated {
                    continue;
                }
                let wild = statement.actions.list.iter().find(|p| {
                    matches!(&***p, "*" | "*:*")
                        || p.strip_suffix(":*")
                            .is_some_and(|s| !s.contains(['*', '?']))
                });
                let Some(wild) = wild.filter(|wild| self.lets_through(wild)) else {
                    continue;
                };
                let keys: BTreeSet<String> = match &statement.condition {
                    None => BTreeSet::new(),
                    Some(condition) => match self.decide(condition, &[]) {
                        Verdict::Depends(keys) => keys,
                        Verdict::Holds => BTreeSet::new(),
                        Verdict::Fails => continue,
                    },
                };
                let certainty = if keys.is_empty() {
                    Certainty::Certain
                } else {
                    Certainty::Conditional
                };
                let all = matches!(&**wild, "*" | "*:*");
                let better = match &best {
                    None => true,
                    Some(b) => (certainty, !all) < (b.certainty, !b.claim.starts_with('*')),
                };
                if better {
                    best = Some(Allowed {
                        policy: index,
                        statement: number,
                        claim: format!("{} on *", statement.spelt(wild)),
                        scope: "*".to_owned(),
                        certainty,
                        keys,
                    });
                }
            }
        }
        best
    }

    /// Whether no denial and no boundary makes less of an action pattern granted on everything.
    fn lets_through(&self, wild: &str) -> bool {
        let whole = |s: &&Statement| self.scopes(s).iter().any(|p| is_everything(p));
        let spoken = |s: &Statement| s.actions.list.iter().any(|p| covers(p, wild));
        let boundary = match self.boundary {
            Boundary::Policy(index) => self.policies.get(index),
            _ => None,
        };
        let policies = self.grants.iter().filter_map(|&i| self.policies.get(i));
        let mut denials = policies
            .chain(boundary)
            .flat_map(|policy| &policy.statements)
            .filter(|s| !s.allow && s.condition.is_none())
            .filter(whole);
        if denials.any(|s| spoken(s) != s.actions.negated) {
            return false;
        }
        boundary.is_none_or(|cap| {
            let mut allows = cap.statements.iter().filter(|s| s.allow).filter(whole);
            allows.any(|s| spoken(s) != s.actions.negated)
        })
    }
}
