//! What the statements of a layer say to a request.

use super::Question;
use super::caller::Grant;
use super::policy::{Clause, Fit, Policy};
use crate::model::{DecidingStatement, Effect, Layer, Str};
use crate::privilege::aws::condition::Verdict;
use std::collections::BTreeSet;

/// What an undecided answer depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Open {
    /// Condition keys.
    pub keys: BTreeSet<Str>,
    /// Documents that were not read.
    pub missing: BTreeSet<Str>,
}

/// No, yes, or that depends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tri {
    No,
    Maybe(Open),
    Yes,
}

impl Tri {
    pub(super) fn missing(document: impl Into<Str>) -> Self {
        Self::Maybe(Open {
            keys: BTreeSet::new(),
            missing: BTreeSet::from([document.into()]),
        })
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, other) | (other, Self::Yes) => other,
            (Self::Maybe(a), Self::Maybe(b)) => Self::Maybe(a.with(b)),
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, other) | (other, Self::No) => other,
            (Self::Maybe(a), Self::Maybe(b)) => Self::Maybe(a.with(b)),
        }
    }
}

impl Open {
    fn with(mut self, other: Self) -> Self {
        self.keys.extend(other.keys);
        self.missing.extend(other.missing);
        self
    }
}

/// A statement that speaks of the request.
#[derive(Clone, Debug)]
pub(super) struct Hit<'a> {
    pub layer: Layer,
    pub policy: &'a Policy,
    pub clause: &'a Clause,
    pub grant: Grant,
    /// Whether it applies, or what that depends on.
    pub holds: Tri,
}

impl Hit<'_> {
    pub(super) fn deciding(&self) -> DecidingStatement {
        DecidingStatement {
            layer: self.layer,
            policy: self.policy.id.clone(),
            version: self.policy.version.clone(),
            statement: self.clause.label.clone(),
            effect: if self.clause.allow {
                Effect::Allow
            } else {
                Effect::Deny
            },
            conditions: match &self.holds {
                Tri::Maybe(open) => open.keys.clone(),
                _ => BTreeSet::new(),
            },
            evidence: self.clause.evidence.clone(),
        }
    }
}

/// What a layer's policies say.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally<'a> {
    /// Statements that apply or may.
    pub hits: Vec<Hit<'a>>,
    /// A statement that would allow the request if its condition did not fail.
    pub failed: Option<Hit<'a>>,
}

impl<'a> Tally<'a> {
    /// Asks policies of one layer.
    pub(super) fn of(
        layer: Layer,
        policies: impl IntoIterator<Item = &'a Policy>,
        question: &Question<'_>,
    ) -> Self {
        let mut tally = Self::default();
        for policy in policies {
            for clause in &policy.clauses {
                if !clause.does(question.action) {
                    continue;
                }
                let (about, grant) = clause.about(question.caller, question.capped);
                let on = clause.on(question.resource, question);
                let mut keys = BTreeSet::new();
                let mut no = false;
                for fit in [about, on] {
                    match fit {
                        Fit::No => no = true,
                        Fit::Yes => {}
                        Fit::Depends(key) => {
                            keys.insert(Str::from(key));
                        }
                    }
                }
                if no {
                    continue;
                }
                let hit = |holds| Hit {
                    layer,
                    policy,
                    clause,
                    grant,
                    holds,
                };
                match clause.condition.as_ref().map(|c| c.ask(question)) {
                    None | Some(Verdict::Holds) => {}
                    Some(Verdict::Fails) => {
                        if clause.allow {
                            tally.failed.get_or_insert_with(|| hit(Tri::No));
                        }
                        continue;
                    }
                    Some(Verdict::Depends(open)) => keys.extend(open.into_iter().map(Str::from)),
                }
                let holds = if keys.is_empty() {
                    Tri::Yes
                } else {
                    let missing = BTreeSet::new();
                    Tri::Maybe(Open { keys, missing })
                };
                tally.hits.push(hit(holds));
            }
        }
        tally
    }

    /// Whether something allows it, in one of some ways.
    pub(super) fn allows(&self, grants: &[Grant]) -> Tri {
        let hits = self.hits.iter();
        hits.filter(|h| h.clause.allow && grants.contains(&h.grant))
            .fold(Tri::No, |all, hit| all.or(hit.holds.clone()))
    }

    /// Whether something allows it.
    pub(super) fn allowed(&self) -> Tri {
        self.allows(&[Grant::Direct, Grant::Role, Grant::Account])
    }

    /// Whether something denies it.
    pub(super) fn denied(&self) -> Tri {
        let hits = self.hits.iter();
        hits.filter(|h| !h.clause.allow)
            .fold(Tri::No, |all, hit| all.or(hit.holds.clone()))
    }
}
