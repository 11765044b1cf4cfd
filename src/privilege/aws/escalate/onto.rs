//! The steps by which somebody takes over a principal: from the target outwards.

use super::super::set::{Allowed, On, PolicySet};
use super::super::statement::{Probe, REGISTER, probe, spelling};
use super::super::world::{Kind, Node};
use super::cohort::{Cohort, name};
use super::rules::{ASSUME, PASS, RULES, Rule, RuleSet, SERVED, STS, with};
use super::{Engine, Way};
use crate::model::Certainty;
use crate::platform::aws::arn::Arn;
use crate::platform::aws::tables::Target;
use std::rc::Rc;

/// Who can take a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Who {
    /// Everybody of a cohort.
    Cohort(usize),
    /// One principal.
    Node(usize),
}

/// A step onto a target.
pub(in super::super) struct Step<'i> {
    pub who: Who,
    pub way: Rc<Way<'i>>,
}

/// Which steps are still asked for.
pub(in super::super) struct Asked<'a> {
    /// The rows that are found, by cohort.
    pub done: &'a [RuleSet],
    /// Of which cohorts, for this target.
    pub cohort: &'a dyn Fn(usize) -> bool,
    /// By principal, of the row by which roles are assumed.
    pub node: &'a dyn Fn(usize) -> bool,
    /// How firm they must be.
    pub limit: Certainty,
}

impl Asked<'_> {
    /// Whether a row is still asked for.
    fn wants(&self, rule: usize, cohort: usize) -> bool {
        let open = self.done.get(cohort).is_some_and(|done| !done.has(rule));
        open && (self.cohort)(cohort)
    }
}

impl<'i> Engine<'_, 'i, '_> {
    /// The steps by which others take over a principal.
    pub(in super::super) fn towards(&self, target: usize, asked: &Asked<'_>) -> Vec<Step<'i>> {
        let mut steps = Vec::new();
        let Some(node) = self.world.nodes.get(target) else {
            return steps;
        };
        let managed = node.identity.is_some_and(|i| i.provider_managed.is_some());
        match node.kind {
            Kind::Root => {}
            Kind::User => {
                for rule in with(Target::WideUser) {
                    if self.signs_in(target, node, rule) {
                        self.onto(target, node, rule, asked, &mut steps);
                    }
                }
            }
            Kind::Group => {
                for rule in with(Target::WideGroup) {
                    self.onto(target, node, rule, asked, &mut steps);
                }
            }
            Kind::Role => {
                self.assumed(target, asked, &mut steps);
                if !managed {
                    for rule in with(Target::WideRole).filter(|rule| rule.number != *STS) {
                        self.onto(target, node, rule, asked, &mut steps);
                    }
                    self.served(target, node, asked, &mut steps);
                    self.federated(target, node, asked, &mut steps);
                }
            }
        }
        steps.retain(|step| step.way.certainty <= asked.limit);
        steps
    }

    fn assumed(&self, target: usize, asked: &Asked<'_>, steps: &mut Vec<Step<'i>>) {
        let open = |cohort: usize| asked.wants(*STS, cohort);
        for from in self.candidates(target, &open, asked.node) {
            if let Some(way) = self.assume(from, target) {
                steps.push(Step {
                    who: Who::Node(from),
                    way: Rc::new(way),
                });
            }
        }
    }

    /// Steps all of whose actions are done to the target.
    fn onto(
        &self,
        target: usize,
        node: &Node<'i>,
        rule: &'static Rule,
        asked: &Asked<'_>,
        steps: &mut Vec<Step<'i>>,
    ) {
        let (Some(first), Some(account)) =
            (rule.others().next(), self.cohorts.account(&node.account))
        else {
            return;
        };
        let open = |c: usize| {
            let able = self
                .cohorts
                .get(c)
                .is_some_and(|c| c.rules.has(rule.number));
            able && asked.wants(rule.number, c)
        };
        for cohort in self.cohorts.acting_on(account, first, &node.id.0, &open) {
            let way = self
                .cohorts
                .get(cohort)
                .and_then(|who| self.acted(target, node, rule, who));
            if let Some(way) = way {
                steps.push(Step {
                    who: Who::Cohort(cohort),
                    way: Rc::new(way),
                });
            }
        }
    }

    fn acted(
        &self,
        target: usize,
        node: &Node<'i>,
        rule: &'static Rule,
        who: &Cohort,
    ) -> Option<Way<'i>> {
        let set = self.set(who)?;
        let on = On::Arn(&node.id.0);
        let mut way = Way::new(rule.number, rule.row, &node.id.0);
        (way.on, way.target) = (Some(target), Some(target));
        for &probe in &rule.probes {
            way.take(self.asked(set, probe, on, &[])?);
        }
        match node.kind {
            // What adds users to groups helps a user by itself; a role, or a user whom something caps, needs
            // to be free in whom it adds to what.
            Kind::Group if who.kind != Kind::User || !self.uncapped(who) => {
                let free = |a: &Allowed| name(&a.scope).is_none();
                way.allowed.iter().all(free).then_some(way)
            }
            // Whoever rewrites a trust to name itself still has to get in.
            Kind::Role => {
                let keys = set.barred(*ASSUME, on, who.kind == Kind::Role)?;
                way.depends(keys);
                Some(way)
            }
            _ => Some(way),
        }
    }

    /// Steps through the services that a role trusts.
    fn served(&self, target: usize, node: &Node<'i>, asked: &Asked<'_>, steps: &mut Vec<Step<'i>>) {
        let Some(account) = self.cohorts.account(&node.account) else {
            return;
        };
        for (service, serves) in node.gate.serves(&node.account) {
            let Some(rules) = SERVED.get(service) else {
                continue;
            };
            let wanted = |c: usize, of: &RuleSet| match (self.cohorts.get(c), asked.done.get(c)) {
                (Some(cohort), Some(done)) => cohort.rules.open(of, done),
                _ => RuleSet::default(),
            };
            if !rules.passed.is_empty() {
                let open = |c: usize| !wanted(c, &rules.passed).is_empty() && (asked.cohort)(c);
                for cohort in self.cohorts.acting_on(account, *PASS, &node.id.0, &open) {
                    let Some(pass) = self.pass(cohort, node, service) else {
                        continue;
                    };
                    let open = wanted(cohort, &rules.passed);
                    for rule in open.iter().filter_map(|rule| RULES.get(rule)) {
                        let Some(rest) = self.rest(cohort, rule) else {
                            continue;
                        };
                        let mut way = Way::new(rule.number, rule.row, &node.id.0);
                        (way.on, way.target) = (Some(target), Some(target));
                        way.trust = Some(serves.trust);
                        way.depends(serves.keys.iter().cloned());
                        way.take(pass.clone());
                        rest.iter().for_each(|allowed| way.take(allowed.clone()));
                        steps.push(Step {
                            who: Who::Cohort(cohort),
                            way: Rc::new(way),
                        });
                    }
                }
            }
            // What nobody saw running is conditional at best.
            let seen = self.runs.contains_key(node.id);
            if asked.limit == Certainty::Certain && !seen {
                continue;
            }
            for &cohort in self.cohorts.runners(account, service) {
                let open = wanted(cohort, &rules.running);
                if open.is_empty() || !(asked.cohort)(cohort) {
                    continue;
                }
                for rule in open.iter().filter_map(|rule| RULES.get(rule)) {
                    let Some(mut way) = self.running(cohort, node, rule) else {
                        continue;
                    };
                    let guessed = way.missing.len() > usize::from(rule.row.needs.is_some());
                    if guessed && self.withdrawn(cohort, node, service, rule) {
                        continue;
                    }
                    (way.on, way.target) = (Some(target), Some(target));
                    way.trust = Some(serves.trust);
                    way.depends(serves.keys.iter().cloned());
                    steps.push(Step {
                        who: Who::Cohort(cohort),
                        way: Rc::new(way),
                    });
                }
            }
        }
    }

    /// That a role may be passed to a service.
    pub(super) fn pass(&self, cohort: usize, role: &Node<'_>, service: &str) -> Option<Allowed> {
        let set = self.set(self.cohorts.get(cohort)?)?;
        let context = [("iam:passedtoservice", service)];
        self.asked(set, *PASS, On::Arn(&role.id.0), &context)
    }

    /// A step onto something that runs as a role: certain where that is seen.
    pub(super) fn running(
        &self,
        cohort: usize,
        role: &Node<'_>,
        rule: &'static Rule,
    ) -> Option<Way<'i>> {
        let who = self.cohorts.get(cohort)?;
        let set = self.set(who)?;
        let mut way = Way::new(rule.number, rule.row, &role.id.0);
        let service = |arn: &str| Arn::parse(arn).map(|arn| arn.service.to_owned());
        let seen = self.runs.get(role.id).into_iter().flatten();
        for thing in seen {
            let same = rule.same().all(|probe| {
                let action = spelling(probe);
                let own = action.split(':').next().unwrap_or_default();
                let fits = service(thing).is_some_and(|s| {
                    own.starts_with(&s) || s == "ec2" && self.managed(set, probe, role)
                });
                fits && set.allowed(probe, On::Arn(thing), &[]).is_some()
            });
            if same {
                way.subject = (*thing).to_owned();
                for probe in rule.others() {
                    let on = if rule.same().any(|p| p == probe) {
                        On::Arn(thing)
                    } else {
                        On::Any
                    };
                    way.take(set.allowed(probe, on, &[])?);
                }
                return Some(way);
            }
        }
        let rest = self.rest(cohort, rule)?;
        rest.iter().for_each(|allowed| way.take(allowed.clone()));
        let what = rule.row.existing.as_deref().unwrap_or("something");
        way.lacks(format!("{what} that runs as {}", role.id));
        Some(way)
    }

    /// Whether an action of Systems Manager reaches the instances that run as a role: their agent may register,
    /// and the principal may run the document that runs what it likes.
    fn managed(&self, set: &PolicySet<'_>, asked: Probe, role: &Node<'_>) -> bool {
        const RUN: &str = "arn:aws:ssm:us-east-1::document/AWS-RunShellScript";
        let action = spelling(asked);
        let registers = probe(REGISTER);
        let registers = || {
            let set = self.world.sets.get(role.set)?;
            set.allowed(registers?, On::Any, &[])
        };
        let runs = || match action {
            "ssm:SendCommand" => set.allowed(asked, On::Arn(RUN), &[]).is_some(),
            action => action == "ssm:StartSession",
        };
        runs() && registers().is_some()
    }

    /// Steps through the identity providers that a role trusts.
    fn federated(
        &self,
        target: usize,
        node: &Node<'i>,
        asked: &Asked<'_>,
        steps: &mut Vec<Step<'i>>,
    ) {
        let Some(account) = self.cohorts.account(&node.account) else {
            return;
        };
        for (provider, trust) in &node.gate.federated {
            let own = Arn::parse(provider).filter(|arn| arn.account == &*node.account);
            let Some(kind) = own.map(|arn| arn.kind()) else {
                continue;
            };
            let there = self.providers.contains(provider);
            let gone = !there && self.provided.contains(&*node.account);
            let rules = with(Target::FederatedRole);
            for rule in rules.filter(|r| r.row.services.iter().any(|s| s == kind)) {
                let creates = rule.row.actions.iter().any(|a| a.contains(":Create"));
                let Some(first) = rule.others().next() else {
                    continue;
                };
                if creates && !gone || !creates && gone {
                    continue;
                }
                let open = |c: usize| {
                    let able = self
                        .cohorts
                        .get(c)
                        .is_some_and(|c| c.rules.has(rule.number));
                    able && asked.wants(rule.number, c)
                };
                for cohort in self.cohorts.acting_on(account, first, provider, &open) {
                    let Some(set) = self.cohorts.get(cohort).and_then(|c| self.set(c)) else {
                        continue;
                    };
                    let Some(allowed) = set.allowed(first, On::Arn(provider), &[]) else {
                        continue;
                    };
                    let mut way = Way::new(rule.number, rule.row, provider);
                    way.target = Some(target);
                    way.trust = Some(trust);
                    way.take(allowed);
                    steps.push(Step {
                        who: Who::Cohort(cohort),
                        way: Rc::new(way),
                    });
                }
            }
        }
    }

    fn uncapped(&self, cohort: &Cohort) -> bool {
        let first = cohort.members.first();
        let first = first.and_then(|&position| self.world.nodes.get(position));
        first.is_some_and(|node| node.uncapped)
    }

    pub(super) fn set(&self, cohort: &Cohort) -> Option<&PolicySet<'_>> {
        self.world.sets.get(cohort.set)
    }

    /// Whether the path fits what is known of the user's password and keys.
    pub(super) fn signs_in(&self, position: usize, node: &Node<'_>, rule: &Rule) -> bool {
        let password = node.identity.and_then(|identity| identity.console_access);
        let has = |action: &str| rule.row.actions.iter().any(|a| a == action);
        let fits = match password {
            Some(true) => !has("iam:CreateLoginProfile"),
            Some(false) => !has("iam:UpdateLoginProfile"),
            None => true,
        };
        let full = self.keys.get(&position).is_some_and(|&keys| keys >= 2);
        fits && !(full && has("iam:CreateAccessKey") && !has("iam:DeleteAccessKey"))
    }
}
