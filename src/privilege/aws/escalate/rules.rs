//! The table's rows, prepared for the search.

use super::super::statement::{Probe, probe};
use crate::platform::aws::tables::{ESCALATIONS, Escalation, MAX_ESCALATIONS, Target};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const WORDS: usize = MAX_ESCALATIONS / 64;

/// A set of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct RuleSet([u64; WORDS]);

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

    /// All rows but one.
    pub(in super::super) fn all_but(rule: usize) -> Self {
        let mut all = Self([u64::MAX; WORDS]);
        if let Some(word) = all.0.get_mut(rule / 64) {
            *word &= !(1 << (rule % 64));
        }
        all
    }

    /// The rows that are in this and in another set, and not in a third.
    pub(super) fn open(&self, also: &Self, done: &Self) -> Self {
        let mut open = *self;
        for ((word, also), done) in open.0.iter_mut().zip(also.0).zip(done.0) {
            *word &= also & !done;
        }
        open
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The rows in it, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + use<> {
        self.0.into_iter().enumerate().flat_map(|(index, word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(index * 64 + bit)
            })
        })
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
    pub passed: RuleSet,
    pub running: RuleSet,
}

pub(super) static SERVED: LazyLock<BTreeMap<&'static str, Served>> = LazyLock::new(|| {
    let mut served: BTreeMap<&'static str, Served> = BTreeMap::new();
    for rule in RULES.iter() {
        for service in &rule.row.services {
            let entry = served.entry(service).or_default();
            if rule.has(Target::PassedRole) {
                entry.passed.add(rule.number);
            }
            if rule.has(Target::RunningRole) {
                entry.running.add(rule.number);
            }
        }
    }
    served
});
