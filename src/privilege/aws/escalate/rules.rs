//! The table's rows, prepared for the search.

use super::super::statement::{Probe, probe};
use crate::platform::aws::tables::{ESCALATIONS, Escalation, MAX_ESCALATIONS, Target};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const WORDS: usize = MAX_ESCALATIONS / 64;

/// A set of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RuleSet([u64; WORDS]);

impl RuleSet {
    pub(super) fn has(&self, rule: usize) -> bool {
        let word = self.0.get(rule / 64).copied().unwrap_or_default();
        word >> (rule % 64) & 1 == 1
    }

    pub(super) fn add(&mut self, rule: usize) {
        if let Some(word) = self.0.get_mut(rule / 64) {
            *word |= 1 << (rule % 64);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..MAX_ESCALATIONS).filter(|&rule| self.has(rule))
    }
}

/// A row with its actions looked up.
pub(super) struct Rule {
    pub number: usize,
    pub row: &'static Escalation,
    pub probes: Vec<Probe>,
    /// Whether `sts:AssumeRole` is among the actions, which a trust that names the principal grants as well.
    pub assumes: bool,
}

impl Rule {
    /// The actions without the assuming of a role.
    pub(super) fn others(&self) -> impl Iterator<Item = Probe> + '_ {
        let assume = *ASSUME;
        self.probes.iter().copied().filter(move |p| *p != assume)
    }

    pub(super) fn has(&self, target: Target) -> bool {
        self.row.targets.contains(&target)
    }
}

/// All rows whose actions are known.
pub(super) static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let rules = ESCALATIONS.iter().enumerate();
    rules
        .map(|(number, row)| {
            let probes: Vec<Probe> = row.actions.iter().filter_map(|a| probe(a)).collect();
            Rule {
                number,
                row,
                assumes: probes.contains(&*ASSUME),
                probes,
            }
        })
        .collect()
});

/// `sts:AssumeRole`.
pub(super) static ASSUME: LazyLock<Probe> =
    LazyLock::new(|| probe("sts:AssumeRole").unwrap_or(Probe::MAX));

/// `iam:PassRole`.
pub(super) static PASS: LazyLock<Probe> =
    LazyLock::new(|| probe("iam:PassRole").unwrap_or(Probe::MAX));

/// The row by which roles are assumed.
pub(super) static STS: LazyLock<usize> = LazyLock::new(|| {
    let assume = *ASSUME;
    let mut rules = RULES.iter();
    rules
        .position(|rule| rule.probes == [assume])
        .unwrap_or(usize::MAX)
});

/// The rows with a kind of target.
pub(super) fn with(target: Target) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(move |rule| rule.has(target))
}

/// The rows that a role serves which trusts a service, by service.
#[derive(Default)]
pub(super) struct Served {
    pub passed: Vec<usize>,
    pub running: Vec<usize>,
}

pub(super) static SERVED: LazyLock<BTreeMap<&'static str, Served>> = LazyLock::new(|| {
    let mut served: BTreeMap<&'static str, Served> = BTreeMap::new();
    for rule in RULES.iter() {
        for service in &rule.row.services {
            let entry = served.entry(service).or_default();
            if rule.has(Target::PassedRole) {
                entry.passed.push(rule.number);
            }
            if rule.has(Target::RunningRole) {
                entry.running.push(rule.number);
            }
        }
    }
    served
});
