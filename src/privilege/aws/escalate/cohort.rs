//! Principals of one kind and account that hold the same policies, and the index of whom they may act on.

use super::super::set::PolicySet;
use super::super::statement::{Probe, probe_count, spelling};
use super::super::world::{Kind, World};
use super::rules::{RULES, RuleSet, SERVED};
use crate::model::{Certainty, Str};
use crate::platform::aws::pattern::literal_prefix;
use crate::platform::glob;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Principals that are asked once for all.
#[derive(Debug)]
pub(super) struct Cohort {
    pub set: usize,
    pub account: usize,
    pub kind: Kind,
    pub members: Vec<usize>,
    /// The rows all of whose actions its policies allow on something.
    pub rules: RuleSet,
    /// Whether its policies allow everything, so that no path leads further.
    pub full: bool,
}

/// All cohorts.
#[derive(Default)]
pub(in super::super) struct Cohorts {
    pub(super) all: Vec<Cohort>,
    /// The cohort of each principal.
    pub(in super::super) of: Vec<usize>,
    accounts: HashMap<Str, usize>,
    reach: HashMap<(usize, Probe), Reach>,
    /// By account and service, the cohorts that have all actions of a row about what runs already.
    runners: HashMap<(usize, &'static str), Vec<usize>>,
}

/// Which cohorts of an account may do something to which resource.
#[derive(Debug, Default)]
struct Reach {
    /// By the last part of the only resources that a pattern matches.
    named: HashMap<String, Vec<usize>>,
    /// By pattern.
    wild: BTreeMap<String, Vec<usize>>,
}

impl Cohorts {
    pub(super) fn new(world: &World<'_, '_>) -> Self {
        let mut cohorts = Self::default();
        let rules = applicable(world);
        let full: Vec<bool> = world
            .sets
            .iter()
            .map(|set| {
                set.admin()
                    .is_some_and(|a| a.certainty == Certainty::Certain)
            })
            .collect();
        let mut known: HashMap<(usize, usize, Kind), usize> = HashMap::new();
        for (position, node) in world.nodes.iter().enumerate() {
            let next = cohorts.accounts.len();
            let account = *cohorts.accounts.entry(node.account.clone()).or_insert(next);
            let next = cohorts.all.len();
            let cohort = *known.entry((node.set, account, node.kind)).or_insert(next);
            if cohort == next {
                cohorts.all.push(Cohort {
                    set: node.set,
                    account,
                    kind: node.kind,
                    members: Vec::new(),
                    rules: rules.get(node.set).copied().unwrap_or_default(),
                    full: full.get(node.set).copied().unwrap_or_default(),
                });
            }
            if let Some(cohort) = cohorts.all.get_mut(cohort) {
                cohort.members.push(position);
            }
            cohorts.of.push(cohort);
        }
        cohorts.index(world);
        cohorts
    }

    fn index(&mut self, world: &World<'_, '_>) {
        let mut patterns: HashMap<usize, Vec<(Probe, BTreeSet<String>)>> = HashMap::new();
        for (number, cohort) in self.all.iter().enumerate() {
            if cohort.full || cohort.kind == Kind::Root {
                continue;
            }
            for (service, served) in SERVED.iter() {
                let able = cohort.rules.open(&served.running, &RuleSet::default());
                if !able.is_empty() {
                    let key = (cohort.account, *service);
                    self.runners.entry(key).or_default().push(number);
                }
            }
            let Some(set) = world.sets.get(cohort.set) else {
                continue;
            };
            let spoken = patterns.entry(cohort.set).or_insert_with(|| acting(set));
            for (probe, patterns) in spoken {
                let reach = self.reach.entry((cohort.account, *probe)).or_default();
                for pattern in patterns.iter() {
                    let held = match name(pattern) {
                        Some(name) => reach.named.entry(name.to_owned()).or_default(),
                        None => reach.wild.entry(pattern.clone()).or_default(),
                    };
                    if held.last() != Some(&number) {
                        held.push(number);
                    }
                }
            }
        }
    }

    pub(super) fn account(&self, id: &str) -> Option<usize> {
        self.accounts.get(id).copied()
    }

    /// The numbers of all accounts.
    pub(super) fn accounts(&self) -> impl Iterator<Item = usize> {
        0..self.accounts.len()
    }

    pub(super) fn get(&self, cohort: usize) -> Option<&Cohort> {
        self.all.get(cohort)
    }

    /// The members of each cohort.
    pub(in super::super) fn members(&self) -> impl Iterator<Item = &[usize]> {
        self.all.iter().map(|cohort| &*cohort.members)
    }

    /// The members of one.
    pub(in super::super) fn members_of(&self, cohort: usize) -> &[usize] {
        self.all.get(cohort).map_or(&[], |cohort| &cohort.members)
    }

    /// The cohorts of an account that may do something to a resource, in order, of those that are wanted.
    pub(super) fn acting_on(
        &self,
        account: usize,
        probe: Probe,
        arn: &str,
        wanted: &dyn Fn(usize) -> bool,
    ) -> Vec<usize> {
        let Some(reach) = self.reach.get(&(account, probe)) else {
            return Vec::new();
        };
        let named = name(arn).and_then(|name| reach.named.get(name));
        let wild = reach.wild.iter().filter(|(pattern, _)| {
            arn.starts_with(literal_prefix(pattern)) && glob::matches(pattern, arn)
        });
        let all = named.into_iter().chain(wild.map(|(_, held)| held));
        let mut found: Vec<usize> = all.flatten().copied().filter(|&c| wanted(c)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The cohorts of an account that have all actions of some row about what a service runs already.
    pub(super) fn runners(&self, account: usize, service: &str) -> &[usize] {
        let service = SERVED.get_key_value(service).map(|(name, _)| *name);
        let held = service.and_then(|service| self.runners.get(&(account, service)));
        held.map_or(&[], Vec::as_slice)
    }
}

/// What a set allows that is done to IAM's own resources: by action, the resource patterns.
fn acting(set: &PolicySet<'_>) -> Vec<(Probe, BTreeSet<String>)> {
    let policies = set.grants.iter().filter_map(|&i| set.policies.get(i));
    let probes: BTreeSet<Probe> = policies
        .flat_map(|policy| policy.allow.probes())
        .filter(|&probe| {
            let action = spelling(probe);
            action.starts_with("iam:") || action == "sts:AssumeRole"
        })
        .collect();
    let patterns = probes.into_iter();
    patterns.map(|probe| (probe, set.patterns(probe))).collect()
}

/// The rows that each set has all actions for. `sts:AssumeRole` is not asked for, but where nothing else is:
/// a trust can grant it.
fn applicable(world: &World<'_, '_>) -> Vec<RuleSet> {
    let words = probe_count().div_ceil(64);
    let mask = |probes: &mut dyn Iterator<Item = Probe>| {
        let mut mask = vec![0u64; words];
        for probe in probes {
            if let Some(word) = mask.get_mut(probe / 64) {
                *word |= 1 << (probe % 64);
            }
        }
        mask
    };
    let rules: Vec<_> = RULES
        .iter()
        .map(|rule| {
            let known = rule.probes.len() == rule.row.actions.len();
            let alone = rule.probes.len() == 1;
            let mut asked = rule
                .probes
                .iter()
                .copied()
                .filter(|p| alone || *p != *super::rules::ASSUME);
            (known, mask(&mut asked))
        })
        .collect();
    let policies: Vec<_> = world
        .policies
        .iter()
        .map(|policy| mask(&mut policy.allow.probes()))
        .collect();
    let sets = world.sets.iter().map(|set| {
        let mut has = vec![0u64; words];
        for policy in set.grants.iter().filter_map(|&i| policies.get(i)) {
            for (word, more) in has.iter_mut().zip(policy) {
                *word |= more;
            }
        }
        let mut able = RuleSet::default();
        for (number, (known, rule)) in rules.iter().enumerate() {
            if *known && rule.iter().zip(&has).all(|(rule, has)| rule & !has == 0) {
                able.add(number);
            }
        }
        able
    });
    sets.collect()
}

/// The name that everything a pattern matches has: what is behind the last slash, if no wildcard is in it.
pub(super) fn name(pattern: &str) -> Option<&str> {
    let (_, name) = pattern.rsplit_once('/')?;
    (!name.contains(['*', '?'])).then_some(name)
}
