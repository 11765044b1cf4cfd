//! Who comes to data or secrets that the own rights do not reach, through somebody who may read them.

use super::super::set::{Allowed, On};
use super::super::statement::{Probe, probe};
use super::super::world::Kind;
use super::climb::MAX_DEPTH;
use super::onto::{Asked, Step, Who};
use super::rules::{RuleSet, STS};
use super::{Engine, Entry, Found, Rise, Way};
use crate::model::{Certainty, Goal};
use crate::platform::aws::pattern::covers;
use crate::platform::aws::tables::MEANINGS;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::LazyLock;

/// How many patterns of one action are looked at.
const MAX_PATTERNS: usize = 64;

/// What gives neither data nor secrets by itself: it needs the ciphertext, the volume or a mount as well.
const MEANS: [&str; 5] = [
    "kms:Decrypt",
    "ecr:BatchGetImage",
    "rds:CreateDBSnapshot",
    "ec2:CreateSnapshot",
    "elasticfilesystem:ClientMount",
];

/// Actions that read data or secrets.
static READS: LazyLock<BTreeSet<Probe>> = LazyLock::new(|| {
    let meanings = MEANINGS.iter();
    let reads = meanings.filter(|m| matches!(&*m.capability, "read-data" | "read-secrets"));
    reads
        .flat_map(|meaning| &meaning.actions)
        .filter(|action| !MEANS.contains(&action.as_str()))
        .filter_map(|action| probe(action))
        .collect()
});

/// What a set reads.
pub(super) struct Reads {
    /// By action, what it is allowed on.
    parts: BTreeMap<Probe, Vec<Allowed>>,
}

impl Reads {
    /// The firmest part that another set does not reach.
    fn beyond(&self, other: &Self) -> Option<&Allowed> {
        let parts = self.parts.iter().flat_map(|(probe, parts)| {
            let known = other.parts.get(probe);
            parts.iter().filter(move |part| {
                let mut known = known.into_iter().flatten();
                !known.any(|k| k.certainty <= part.certainty && covers(&k.scope, &part.scope))
            })
        });
        parts.min_by_key(|part| part.certainty)
    }
}

/// Finds every way to data.
pub(in super::super) fn reach_data<'i>(engine: &Engine<'_, 'i, '_>, found: &mut Found<'i>) {
    let world = engine.world;
    let cohorts = &engine.cohorts;
    let mut search = Search {
        engine,
        found,
        gains: RefCell::new(HashMap::new()),
        done: vec![RuleSet::default(); cohorts.all.len()],
        assumes: vec![false; world.nodes.len()],
        ends: vec![None; world.nodes.len()],
    };
    for limit in [Certainty::Certain, Certainty::Conditional] {
        let mut level: Vec<(usize, usize)> = Vec::new();
        for (position, node) in world.nodes.iter().enumerate() {
            let wide = search.found.wide.get(position).and_then(Option::as_ref);
            // Whoever becomes an admin is a target already.
            let admin = matches!(wide, Some(Rise::Root | Rise::Admin(_)));
            let reads = || {
                READS
                    .iter()
                    .any(|&p| world.sets.get(node.set).is_some_and(|s| s.mentions(p)))
            };
            if !admin && node.kind != Kind::Group && reads() {
                level.push((position, position));
            }
            if let Some(Some(end)) = search.ends.get(position) {
                level.push((position, *end));
            }
        }
        let mut depth = 0;
        while !level.is_empty() && depth < MAX_DEPTH {
            depth += 1;
            let mut next = Vec::new();
            for (target, end) in level {
                search.towards(target, end, limit, depth, &mut next);
            }
            level = next;
        }
    }
}

struct Search<'e, 'x, 'i, 'w, 'f> {
    engine: &'e Engine<'x, 'i, 'w>,
    found: &'f mut Found<'i>,
    /// Whether one set reads what another does not.
    gains: RefCell<HashMap<(usize, usize), Option<Certainty>>>,
    done: Vec<RuleSet>,
    assumes: Vec<bool>,
    /// Whose data each principal comes to that has a step towards some.
    ends: Vec<Option<usize>>,
}

impl<'i> Search<'_, '_, 'i, '_, '_> {
    fn towards(
        &mut self,
        target: usize,
        end: usize,
        limit: Certainty,
        depth: u32,
        next: &mut Vec<(usize, usize)>,
    ) {
        let nodes = &self.engine.world.nodes;
        let Some(theirs) = nodes.get(end).map(|node| node.set) else {
            return;
        };
        let gains = |cohort: usize| {
            let own = self.engine.cohorts.get(cohort).map(|c| c.set);
            own.is_some_and(|own| self.gain(own, theirs).is_some_and(|firm| firm <= limit))
        };
        let (done, assumes) = (&self.done, &self.assumes);
        let cohort_of = &self.engine.cohorts.of;
        let asked = Asked {
            done,
            cohort: &|cohort| {
                let full = self.engine.cohorts.get(cohort).is_none_or(|c| c.full);
                !full && gains(cohort)
            },
            node: &|position| {
                assumes.get(position) == Some(&false)
                    && cohort_of.get(position).is_some_and(|&c| gains(c))
            },
            limit,
        };
        let steps = self.engine.towards(target, &asked);
        for step in steps {
            self.take(&step, end, limit, depth, next);
        }
    }

    fn take(
        &mut self,
        step: &Step<'i>,
        end: usize,
        certainty: Certainty,
        depth: u32,
        next: &mut Vec<(usize, usize)>,
    ) {
        let entry = Entry {
            goal: Goal::Data,
            way: Rc::clone(&step.way),
            certainty,
            depth,
        };
        let number = step.way.number;
        match step.who {
            Who::Cohort(cohort) => {
                if self.done.get(cohort).is_none_or(|done| done.has(number)) {
                    return;
                }
                if let Some(done) = self.done.get_mut(cohort) {
                    done.add(number);
                }
                if let Some(entries) = self.found.shared.get_mut(cohort) {
                    entries.push(entry);
                }
                let members = self.engine.cohorts.get(cohort).map(|c| c.members.clone());
                for member in members.into_iter().flatten() {
                    self.raise(member, step, end, next);
                }
            }
            Who::Node(position) => {
                if self.through(&step.way, position) {
                    return;
                }
                if number == *STS
                    && let Some(slot) = self.assumes.get_mut(position)
                {
                    if *slot {
                        return;
                    }
                    *slot = true;
                }
                self.found.own.entry(position).or_default().push(entry);
                self.raise(position, step, end, next);
            }
        }
    }

    fn raise(
        &mut self,
        position: usize,
        step: &Step<'i>,
        end: usize,
        next: &mut Vec<(usize, usize)>,
    ) {
        if position == end || step.way.on == Some(position) {
            return;
        }
        if let Some(slot @ None) = self.found.data.get_mut(position) {
            *slot = Some(Rc::clone(&step.way));
            if let Some(slot) = self.ends.get_mut(position) {
                *slot = Some(end);
            }
            next.push((position, end));
        }
    }

    fn through(&self, way: &Way<'_>, position: usize) -> bool {
        let mut next = way.target;
        for _ in 0..=MAX_DEPTH {
            match next {
                None => return false,
                Some(target) if target == position => return true,
                Some(target) => {
                    next = self
                        .found
                        .data
                        .get(target)
                        .and_then(|way| way.as_ref()?.target);
                }
            }
        }
        true
    }

    fn gain(&self, own: usize, theirs: usize) -> Option<Certainty> {
        if own == theirs {
            return None;
        }
        let key = (own, theirs);
        if let Some(known) = self.gains.borrow().get(&key) {
            return *known;
        }
        let (mine, other) = (self.engine.reads(own), self.engine.reads(theirs));
        let gain = other.beyond(&mine).map(|allowed| allowed.certainty);
        self.gains.borrow_mut().insert(key, gain);
        gain
    }
}

impl Engine<'_, '_, '_> {
    /// What a set reads, pattern by pattern.
    fn reads(&self, set: usize) -> Rc<Reads> {
        if let Some(known) = self.reads.borrow().get(&set) {
            return Rc::clone(known);
        }
        let mut parts: BTreeMap<Probe, Vec<Allowed>> = BTreeMap::new();
        if let Some(held) = self.world.sets.get(set) {
            for &probe in READS.iter().filter(|&&p| held.mentions(p)) {
                for pattern in held.patterns(probe).into_iter().take(MAX_PATTERNS) {
                    let on = if pattern == "*" {
                        On::Any
                    } else {
                        On::Arn(&pattern)
                    };
                    let allowed = held.allowed(probe, on, &[]);
                    parts.entry(probe).or_default().extend(allowed);
                }
            }
        }
        let found = Rc::new(Reads { parts });
        self.reads.borrow_mut().insert(set, Rc::clone(&found));
        found
    }

    /// The part of what somebody reads that another does not, for a proof: the action and on what.
    pub(super) fn prize(&self, own: usize, end: usize) -> Option<Allowed> {
        let nodes = &self.world.nodes;
        let (own, end) = (nodes.get(own)?.set, nodes.get(end)?.set);
        let mut prize = self.reads(end).beyond(&self.reads(own))?.clone();
        let action = prize.claim.split(' ').next().unwrap_or_default();
        prize.claim = format!("{action} on {}", prize.scope);
        Some(prize)
    }
}
