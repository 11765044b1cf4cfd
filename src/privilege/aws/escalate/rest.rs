//! The actions of a row that speak of no principal: on what they must hold.

use super::super::set::{Allowed, On, PolicySet};
use super::super::statement::{Probe, spelling};
use super::super::world::Node;
use super::Engine;
use super::rules::{PASS, RULES, Rule, SERVED};
use crate::platform::aws::arn::Arn;
use crate::platform::aws::tables::Target;
use crate::platform::glob;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How many resource patterns are tried to find one that several actions hold on.
const MAX_SHARED: usize = 64;

impl Engine<'_, '_, '_> {
    /// Whether a cohort was given what it takes to start such a thing as the role itself, in so many words,
    /// and some of it was taken away again. That something runs as the role already is only a guess then,
    /// against what somebody decided about just this.
    pub(super) fn withdrawn(
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
        let passed = served.into_iter().flat_map(|served| served.passed.iter());
        let larger = passed
            .filter(|&number| who.rules.has(number))
            .filter_map(|number| RULES.get(number))
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
        let of_iam = |p: Probe| spelling(p).starts_with("iam:");
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
                || glob::matches(arn.account, account)
        }
        None => true,
    }
}

/// Whether a pattern can match what an action of a service works on: a resource of that service, or of
/// those that it reaches into.
fn spoken(pattern: &str, probe: Probe) -> bool {
    let action = spelling(probe);
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
    of.iter().any(|service| glob::matches(arn.service, service))
}
