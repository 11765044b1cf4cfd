//! The steps by which somebody takes over a principal: from the target outwards.

use super::super::set::{Allowed, On, PolicySet};
use super::super::statement::Probe;
use super::super::world::{Kind, Node};
use super::cohort::{Cohort, name};
use super::rules::{ASSUME, PASS, RULES, Rule, SERVED, STS, with};
use super::{Engine, Way};
use crate::model::Certainty;
use crate::platform::aws::arn::Arn;
use crate::platform::aws::tables::Target;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How many resource patterns are tried to find one that several actions hold on.
const MAX_SHARED: usize = 64;

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
    /// By row and cohort.
    pub cohort: &'a dyn Fn(usize, usize) -> bool,
    /// By principal, of the row by which roles are assumed.
    pub node: &'a dyn Fn(usize) -> bool,
    /// How firm they must be.
    pub limit: Certainty,
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
        let open = |cohort: usize| (asked.cohort)(*STS, cohort);
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
            able && (asked.cohort)(rule.number, c)
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
            way.take(set.allowed(probe, on, &[])?);
        }
        match node.kind {
            // What adds users to groups helps a user by itself; a role needs to be free in whom it adds
            // to what.
            Kind::Group if who.kind != Kind::User => {
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
            let wanted = |rule: usize, c: usize| {
                let able = self.cohorts.get(c).is_some_and(|c| c.rules.has(rule));
                able && (asked.cohort)(rule, c)
            };
            if !rules.passed.is_empty() {
                let open = |c: usize| rules.passed.iter().any(|&rule| wanted(rule, c));
                for cohort in self.cohorts.acting_on(account, *PASS, &node.id.0, &open) {
                    let Some(pass) = self.pass(cohort, node, service) else {
                        continue;
                    };
                    let open = rules.passed.iter().filter(|&&rule| wanted(rule, cohort));
                    for rule in open.filter_map(|&rule| RULES.get(rule)) {
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
            for rule in rules.running.iter().filter_map(|&rule| RULES.get(rule)) {
                for &cohort in self.cohorts.able(account, rule.number) {
                    if !(asked.cohort)(rule.number, cohort) {
                        continue;
                    }
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

    /// Whether a cohort was given what it takes to start such a thing as the role itself, in so many words,
    /// and some of it was taken away again. That something runs as the role already is only a guess then,
    /// against what somebody decided about just this.
    fn withdrawn(
        &self,
        cohort: usize,
        role: &Node<'_>,
        service: &str,
        rule: &'static Rule,
    ) -> bool {
        let Some(who) = self.cohorts.get(cohort) else {
            return false;
        };
        let Some(set) = self.set(who) else {
            return false;
        };
        let served = SERVED.get(service);
        let passed = served.into_iter().flat_map(|served| &served.passed);
        let larger = passed
            .filter(|&&number| who.rules.has(number))
            .filter_map(|&number| RULES.get(number))
            .filter(|larger| rule.probes.iter().all(|p| larger.probes.contains(p)));
        let mut larger = larger.filter(|larger| {
            let mut named = larger.probes.iter();
            named.all(|&probe| {
                let on = (probe == *PASS).then_some(&*role.id.0);
                set.names(probe, on)
            })
        });
        larger.any(|larger| {
            self.pass(cohort, role, service).is_none() || self.rest(cohort, larger).is_none()
        })
    }

    /// That a role may be passed to a service.
    pub(super) fn pass(&self, cohort: usize, role: &Node<'_>, service: &str) -> Option<Allowed> {
        let set = self.set(self.cohorts.get(cohort)?)?;
        let context = [("iam:passedtoservice", service)];
        set.allowed(*PASS, On::Arn(&role.id.0), &context)
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
                let action = super::super::statement::spelling(probe);
                let own = action.split(':').next().unwrap_or_default();
                let fits = service(thing).is_some_and(|s| own.starts_with(&s));
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
                    able && (asked.cohort)(rule.number, c)
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

    pub(super) fn set(&self, cohort: &Cohort) -> Option<&PolicySet<'_>> {
        self.world.sets.get(cohort.set)
    }

    /// What a cohort may do, of a row's actions that speak of no IAM resource; `None` unless all of it.
    pub(super) fn rest(&self, cohort: usize, rule: &'static Rule) -> Option<Rc<[Allowed]>> {
        let key = (cohort, rule.number);
        if let Some(known) = self.rest.borrow().get(&key) {
            return known.clone();
        }
        let found = self.find_rest(cohort, rule).map(Rc::from);
        self.rest.borrow_mut().insert(key, found.clone());
        found
    }

    fn find_rest(&self, cohort: usize, rule: &'static Rule) -> Option<Vec<Allowed>> {
        let who = self.cohorts.get(cohort)?;
        let set = self.set(who)?;
        let account = &*self.world.nodes.get(*who.members.first()?)?.account;
        let of_iam = |p: Probe| super::super::statement::spelling(p).starts_with("iam:");
        let passed = rule.has(Target::PassedRole);
        let elsewhere: Vec<Probe> = rule
            .others()
            .filter(|&p| if passed { p != *PASS } else { !of_iam(p) })
            .collect();
        if rule.row.existing.is_none() {
            return elsewhere
                .into_iter()
                .map(|probe| anywhere(set, account, probe))
                .collect();
        }
        let same: Vec<Probe> = rule.same().collect();
        let mut found = together(set, account, &same)?;
        for probe in elsewhere.into_iter().filter(|p| !same.contains(p)) {
            found.push(anywhere(set, account, probe)?);
        }
        Some(found)
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

impl Rule {
    /// The actions that must hold on one and the same thing that exists.
    pub(super) fn same(&self) -> impl Iterator<Item = Probe> + '_ {
        let named = |action: &str| {
            let same = &self.row.same;
            !action.starts_with("iam:") && (same.is_empty() || same.iter().any(|s| s == action))
        };
        let actions = self.row.actions.iter().zip(&self.probes);
        actions
            .filter(move |(action, _)| named(action))
            .map(|(_, probe)| *probe)
    }
}

/// That an action is allowed on something that can be of this account.
fn anywhere(set: &PolicySet<'_>, account: &str, probe: Probe) -> Option<Allowed> {
    let best = set.allowed(probe, On::Any, &[])?;
    if own(&best.scope, account) && spoken(&best.scope, probe) {
        return Some(best);
    }
    let patterns = set.patterns(probe).into_iter().take(MAX_SHARED);
    let mine = patterns.filter(|p| own(p, account) && spoken(p, probe));
    mine.filter_map(|p| set.allowed(probe, On::Arn(&p), &[]))
        .min_by_key(|allowed| allowed.certainty)
}

/// That several actions are allowed on one and the same thing: the firmest way.
fn together(set: &PolicySet<'_>, account: &str, probes: &[Probe]) -> Option<Vec<Allowed>> {
    let each: Option<Vec<Allowed>> = probes.iter().map(|&p| anywhere(set, account, p)).collect();
    let each = each?;
    let scopes: BTreeSet<&str> = each.iter().map(|allowed| &*allowed.scope).collect();
    if scopes.len() == 1 {
        return Some(each);
    }
    let mut tried: BTreeSet<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
    for &probe in probes {
        let patterns = set.patterns(probe).into_iter();
        tried.extend(
            patterns
                .filter(|p| own(p, account) && spoken(p, probe))
                .take(MAX_SHARED),
        );
    }
    let ways = tried.iter().filter_map(|arn| {
        let probes = probes.iter();
        let all: Option<Vec<Allowed>> =
            probes.map(|&p| set.allowed(p, On::Arn(arn), &[])).collect();
        all
    });
    ways.min_by_key(|all| all.iter().map(|a| a.certainty).max())
}

/// Whether a pattern can match something of the account.
fn own(pattern: &str, account: &str) -> bool {
    match Arn::parse(pattern) {
        Some(arn) => {
            arn.account.is_empty()
                || arn.account == account
                || arn.account == "aws"
                || crate::platform::glob::matches(arn.account, account)
        }
        None => true,
    }
}

/// Whether a pattern can match what an action of a service works on: a resource of that service, or of
/// those that it reaches into.
fn spoken(pattern: &str, probe: Probe) -> bool {
    let action = super::super::statement::spelling(probe);
    let (service, _) = action.split_once(':').unwrap_or_default();
    let Some(arn) = Arn::parse(pattern) else {
        return true;
    };
    let of: &[&str] = match service {
        "ssm" => &["ssm", "ec2", "ecs", "s3"],
        "ec2-instance-connect" => &["ec2"],
        "elasticmapreduce" => &["elasticmapreduce", "elastic-mapreduce"],
        "apigateway" => &["apigateway"],
        "sts" => &["iam", "sts"],
        "autoscaling" => &["autoscaling", "ec2"],
        "batch" | "ecs" | "lambda" | "glue" | "codebuild" | "states" | "ec2" | "sagemaker"
        | "cloudformation" | "apprunner" | "dynamodb" | "s3" | "iam" | "braket" | "omics"
        | "scheduler" | "bedrock-agentcore" => &[service],
        _ => return true,
    };
    of.iter()
        .any(|service| crate::platform::glob::matches(arn.service, service))
}
