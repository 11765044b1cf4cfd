//! The evaluation logic: how the layers make one answer (IAM user guide, "Policy evaluation logic",
//! "Cross-account policy evaluation logic", "Permissions boundaries").

use super::caller::{CallerKind, Grant};
use super::explain::Reasons;
use super::tally::{Hit, Open, Tally, Tri};
use super::{Cap, Question, Stack, assumes, is_controlled, takes_part};
use crate::model::{Answer, DecidingStatement, Decision, Layer, Str};
use std::collections::BTreeSet;

/// Most statements that an answer lists.
const LISTED: usize = 20;

/// What each layer says.
pub(super) struct Layers<'a> {
    pub identity: Tally<'a>,
    pub boundary: Option<Tally<'a>>,
    pub session: Option<Tally<'a>>,
    pub endpoint: Option<Tally<'a>>,
    pub service_control: Vec<Tally<'a>>,
    pub resource_control: Tally<'a>,
    pub resource: Tally<'a>,
}

impl<'a> Layers<'a> {
    fn all(&self) -> impl Iterator<Item = &Tally<'a>> {
        let caps = [&self.boundary, &self.session, &self.endpoint];
        [&self.identity]
            .into_iter()
            .chain([&self.resource])
            .chain(caps.into_iter().flatten())
            .chain(&self.service_control)
            .chain([&self.resource_control])
    }
}

/// Decides a request.
pub(super) fn decide(question: &Question<'_>, stack: &Stack<'_>) -> Decision {
    let caller = question.caller;
    let own = caller.has_policies();
    let controlled = own && !caller.is_service_linked();
    let resource_layer = if assumes(question.action) {
        Layer::Trust
    } else {
        Layer::Resource
    };
    let rooted = caller.kind == CallerKind::Root;
    let personal = own && !rooted;
    let layers = Layers {
        identity: if personal {
            Tally::of(Layer::Identity, stack.identity.iter().copied(), question)
        } else {
            Tally::default()
        },
        boundary: capped(Layer::Boundary, &stack.boundary, question).filter(|_| personal),
        session: capped(Layer::Session, &stack.session, question).filter(|_| personal),
        endpoint: capped(Layer::Endpoint, &stack.endpoint, question),
        service_control: if controlled {
            let levels = stack.service_control.iter();
            levels
                .map(|level| Tally::of(Layer::ServiceControl, level.iter().copied(), question))
                .collect()
        } else {
            Vec::new()
        },
        resource_control: if is_controlled(question.action) && !caller.is_service_linked() {
            let policies = stack.resource_control.iter().copied();
            Tally::of(Layer::ResourceControl, policies, question)
        } else {
            Tally::default()
        },
        resource: match &stack.resource {
            Cap::Policies(list) => Tally::of(resource_layer, list.iter().copied(), question),
            Cap::None | Cap::Unread(_) => Tally::default(),
        },
    };

    // What may allow.
    let unread = |name: &Str| Tri::missing(name.clone());
    let cap = |cap: &Cap<'_>, tally: &Option<Tally<'_>>| match (cap, tally) {
        (Cap::Unread(name), _) if personal => unread(name),
        (_, Some(tally)) => tally.allowed(),
        _ => Tri::Yes,
    };
    let mut identity = if rooted {
        Tri::Yes
    } else {
        layers.identity.allowed()
    };
    if personal {
        for name in &stack.unread {
            identity = identity.or(unread(name));
        }
    }
    let boundary = cap(&stack.boundary, &layers.boundary);
    let session = cap(&stack.session, &layers.session);
    let within = boundary.clone().and(session.clone());
    let endpoint = layers.endpoint.as_ref().map_or(Tri::Yes, Tally::allowed);
    let levels = layers.service_control.iter().map(Tally::allowed);
    let mut control = levels.fold(Tri::Yes, Tri::and);
    if controlled {
        for name in &stack.uncapped {
            control = control.and(unread(name));
        }
    }
    // What of the resource's policy was not read may let the caller in in any way.
    let silent = match &stack.resource {
        Cap::Unread(name) => Some(unread(name)),
        _ => None,
    };
    let lets = |grants: &[Grant]| {
        let told = layers.resource.allows(grants);
        match &silent {
            Some(silent) => told.or(silent.clone()),
            None => told,
        }
    };
    let same = match (&caller.account, question.owner) {
        (Some(account), Some(owner)) => account == owner,
        _ => true,
    };
    let direct = lets(&[Grant::Direct]);
    let role = lets(&[Grant::Role]);
    let delegated = lets(&[Grant::Account]);
    let granted = if rooted && question.action == "sts:assumerole" {
        // AWS refuses root users.
        Tri::No
    } else if !own {
        direct.clone()
    } else if !same {
        let anyhow = direct.clone().or(role.clone()).or(delegated.clone());
        identity.clone().and(within.clone()).and(anyhow)
    } else if takes_part(question.action, question.resource) {
        let by_policies = delegated.clone().and(identity.clone());
        direct
            .clone()
            .or(role.clone().or(by_policies).and(within.clone()))
    } else {
        // A policy that was not read is no grant to count on inside the account.
        let direct = layers.resource.allows(&[Grant::Direct]);
        let role = layers.resource.allows(&[Grant::Role]);
        direct.or(identity.clone().or(role).and(within.clone()))
    };
    let allowed = granted.clone().and(endpoint.clone()).and(control.clone());

    // What may deny.
    let mut denied = layers.all().fold(Tri::No, |all, t| all.or(t.denied()));
    if personal {
        for name in &stack.unread {
            denied = denied.or(unread(name));
        }
        for cap in [&stack.boundary, &stack.session] {
            if let Cap::Unread(name) = cap {
                denied = denied.or(unread(name));
            }
        }
    }

    let reasons = Reasons {
        question,
        layers: &layers,
        same,
        rooted,
        identity: &identity,
        boundary: &boundary,
        session: &session,
        endpoint: &endpoint,
        granted: &granted,
        let_in: &direct.or(role).or(delegated),
    };
    let (outcome, open) = match (&denied, &allowed) {
        (Tri::Yes, _) => (Answer::ExplicitlyDenied, Open::default()),
        (_, Tri::No) => (Answer::ImplicitlyDenied, Open::default()),
        (Tri::No, Tri::Yes) => (Answer::Allowed, Open::default()),
        _ => {
            let Tri::Maybe(open) = allowed.clone().and(not(denied.clone())) else {
                return finish(Answer::Allowed, Open::default(), &layers, stack, &reasons);
            };
            let outcome = if open.missing.is_empty() {
                Answer::Conditional
            } else {
                Answer::Unresolved
            };
            (outcome, open)
        }
    };
    finish(outcome, open, &layers, stack, &reasons)
}

fn capped<'a>(layer: Layer, cap: &Cap<'a>, question: &Question<'_>) -> Option<Tally<'a>> {
    match cap {
        Cap::Policies(list) => Some(Tally::of(layer, list.iter().copied(), question)),
        Cap::None | Cap::Unread(_) => None,
    }
}

fn not(tri: Tri) -> Tri {
    match tri {
        Tri::No => Tri::Yes,
        Tri::Yes => Tri::No,
        maybe @ Tri::Maybe(_) => maybe,
    }
}

fn finish(
    outcome: Answer,
    open: Open,
    layers: &Layers<'_>,
    stack: &Stack<'_>,
    reasons: &Reasons<'_, '_>,
) -> Decision {
    let deciding = deciding(outcome, layers);
    let explanation = reasons.explain(outcome, &open, &deciding);
    // An answer that nothing could change takes nothing for granted.
    let firm = outcome == Answer::ExplicitlyDenied;
    Decision {
        outcome,
        conditions: open.keys,
        missing: open.missing,
        assumptions: if firm {
            BTreeSet::new()
        } else {
            stack.assumptions.clone()
        },
        deciding,
        explanation,
    }
}

/// The statements that decide: those that deny, or of each layer one that allows; where it depends, all
/// that it depends on, too.
fn deciding(outcome: Answer, layers: &Layers<'_>) -> Vec<DecidingStatement> {
    let mut found: Vec<DecidingStatement> = Vec::new();
    let mut add = |hit: &Hit<'_>| {
        let one = hit.deciding();
        if found.len() < LISTED && !found.contains(&one) {
            found.push(one);
        }
    };
    let denies = |hit: &&Hit<'_>| !hit.clause.allow;
    match outcome {
        Answer::ImplicitlyDenied => {}
        Answer::ExplicitlyDenied => {
            let hits = layers.all().flat_map(|t| &t.hits);
            hits.filter(denies)
                .filter(|h| h.holds == Tri::Yes)
                .for_each(&mut add);
        }
        Answer::Allowed | Answer::Conditional | Answer::Unresolved => {
            for tally in layers.all() {
                let allows = || tally.hits.iter().filter(|h| h.clause.allow);
                let mut certain: Vec<_> = allows().filter(|h| h.holds == Tri::Yes).collect();
                certain.sort_by_key(|h| h.grant);
                match certain.first() {
                    Some(hit) => add(hit),
                    None => allows().for_each(&mut add),
                }
                tally.hits.iter().filter(denies).for_each(&mut add);
            }
        }
    }
    found
}
