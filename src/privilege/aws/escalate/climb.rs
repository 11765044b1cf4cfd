//! The search: from those that are wide by themselves to all that can become as wide.

use super::super::set::Boundary;
use super::super::world::World;
use super::onto::{Asked, Step, Who};
use super::rules::RuleSet;
use super::{Engine, Entry, Found, Rise, Way};
use crate::model::{Certainty, Goal};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// Longest chain of principals that is followed.
pub(super) const MAX_DEPTH: u32 = 32;

/// The rounds: what is certain is followed to its end first.
const ROUNDS: [Certainty; 3] = [
    Certainty::Certain,
    Certainty::Conditional,
    Certainty::Unresolved,
];

/// Finds who is wide, and every way to become so.
pub(in super::super) fn climb<'i>(engine: &Engine<'_, 'i, '_>) -> Found<'i> {
    let world = engine.world;
    let cohorts = &engine.cohorts;
    let mut climb = Climb {
        engine,
        found: Found {
            wide: vec![None; world.nodes.len()],
            depth: vec![0; world.nodes.len()],
            shared: vec![Vec::new(); cohorts.all.len()],
            own: HashMap::new(),
            data: vec![None; world.nodes.len()],
        },
        done: vec![RuleSet::default(); cohorts.all.len()],
        assumes: vec![false; world.nodes.len()],
        low: cohorts.all.iter().map(|c| c.members.len()).collect(),
        levels: BTreeMap::new(),
    };
    let admins: Vec<_> = world.sets.iter().map(|set| set.admin()).collect();
    let alone = engine.alone();
    for limit in ROUNDS {
        for (position, node) in world.nodes.iter().enumerate() {
            if node.sovereign {
                climb.rise(position, Rise::Root, 0);
            } else if let Some(Some(admin)) = admins.get(node.set)
                && admin.certainty <= limit
            {
                climb.rise(position, Rise::Admin(admin.clone()), 0);
            }
        }
        for step in alone.iter().filter(|s| s.way.certainty == limit) {
            climb.take(step, limit, 1);
        }
        climb.follow(limit);
    }
    climb.found
}

struct Climb<'e, 'x, 'i, 'w> {
    engine: &'e Engine<'x, 'i, 'w>,
    found: Found<'i>,
    /// The rows that are found for each cohort.
    done: Vec<RuleSet>,
    /// Whether a role to assume is found for each principal.
    assumes: Vec<bool>,
    /// How many members of each cohort are not wide yet.
    low: Vec<usize>,
    /// The wide ones, by the length of their chain.
    levels: BTreeMap<u32, BTreeSet<usize>>,
}

impl<'i> Climb<'_, '_, 'i, '_> {
    fn rise(&mut self, position: usize, rise: Rise<'i>, depth: u32) {
        let Some(slot @ None) = self.found.wide.get_mut(position) else {
            return;
        };
        *slot = Some(rise);
        if let Some(slot) = self.found.depth.get_mut(position) {
            *slot = depth;
        }
        let cohort = self.engine.cohorts.of.get(position).copied();
        if let Some(left) = cohort.and_then(|c| self.low.get_mut(c)) {
            *left = left.saturating_sub(1);
        }
        self.levels.entry(depth).or_default().insert(position);
    }

    /// Follows steps from wide targets to those that can take them, the nearest first.
    fn follow(&mut self, limit: Certainty) {
        let mut level = Some(0);
        while let Some(depth) = level {
            let targets: Vec<usize> = self
                .levels
                .get(&depth)
                .into_iter()
                .flatten()
                .copied()
                .collect();
            for target in targets {
                let done = &self.done;
                let assumes = &self.assumes;
                let cohorts = &self.engine.cohorts;
                let asked = Asked {
                    done,
                    cohort: &|cohort| cohorts.get(cohort).is_some_and(|c| !c.full),
                    node: &|position| assumes.get(position) == Some(&false),
                    limit,
                };
                for step in self.engine.towards(target, &asked) {
                    self.take(&step, limit, depth + 1);
                }
            }
            level = (depth < MAX_DEPTH)
                .then(|| self.levels.range(depth + 1..).next().map(|(d, _)| *d))
                .flatten();
        }
    }

    /// Records a step and lets those rise that can take it.
    fn take(&mut self, step: &Step<'i>, certainty: Certainty, depth: u32) {
        let way = &step.way;
        let entry = Entry {
            goal: Goal::Admin,
            way: Rc::clone(way),
            certainty,
            depth,
        };
        match step.who {
            Who::Cohort(cohort) => {
                if self
                    .done
                    .get(cohort)
                    .is_none_or(|done| done.has(way.number))
                    || !wider(self.engine.world, self.engine, cohort, way, &self.found)
                {
                    return;
                }
                if let Some(done) = self.done.get_mut(cohort) {
                    done.add(way.number);
                }
                if let Some(entries) = self.found.shared.get_mut(cohort) {
                    entries.push(entry);
                }
                if self.low.get(cohort) == Some(&0) {
                    return;
                }
                let members = self.engine.cohorts.get(cohort).map(|c| c.members.clone());
                for member in members.into_iter().flatten() {
                    if way.on != Some(member) {
                        self.rise(member, Rise::Way(Rc::clone(way)), depth);
                    }
                }
            }
            Who::Node(position) => {
                let entries = self.found.own.entry(position).or_default();
                if entries.iter().any(|e| e.way.number == way.number) {
                    return;
                }
                if way.number == *super::rules::STS {
                    if through(&self.found.wide, way, position) {
                        return;
                    }
                    if let Some(slot) = self.assumes.get_mut(position) {
                        *slot = true;
                    }
                }
                entries.push(entry);
                self.rise(position, Rise::Way(Rc::clone(way)), depth);
            }
        }
    }
}

/// Whether the chain behind a step comes through a principal: a way that leads back is none.
pub(super) fn through(wide: &[Option<Rise<'_>>], way: &Way<'_>, position: usize) -> bool {
    let mut next = way.target;
    for _ in 0..=MAX_DEPTH {
        match next {
            None => return false,
            Some(target) if target == position => return true,
            Some(target) => {
                next = match wide.get(target) {
                    Some(Some(Rise::Way(way))) => way.target,
                    _ => None,
                };
            }
        }
    }
    true
}

/// Whether the target of a step is wider than a cohort: not what it is by policies that the cohort holds as
/// well, and not through the cohort itself.
fn wider(
    world: &World<'_, '_>,
    engine: &Engine<'_, '_, '_>,
    cohort: usize,
    way: &Way<'_>,
    found: &Found<'_>,
) -> bool {
    let Some(who) = engine.cohorts.get(cohort) else {
        return false;
    };
    let mut next = way.target;
    for _ in 0..=MAX_DEPTH {
        let Some(target) = next else {
            return true;
        };
        let (Some(node), Some(Some(rise))) = (world.nodes.get(target), found.wide.get(target))
        else {
            return true;
        };
        let Rise::Way(step) = rise else {
            return true;
        };
        // A trust that names the target is no power that its policies give.
        let by_policies = step.trust.is_none_or(|_| step.rule.id != "sts-001");
        if by_policies
            && let (Some(own), Some(theirs)) = (world.sets.get(who.set), world.sets.get(node.set))
            && own.boundary == Boundary::None
            && node.account
                == world
                    .nodes
                    .get(*who.members.first().unwrap_or(&target))
                    .map_or_else(Default::default, |n| n.account.clone())
            && node.kind == who.kind
            && theirs.grants.iter().all(|g| own.grants.contains(g))
        {
            return false;
        }
        next = step.target;
    }
    false
}
