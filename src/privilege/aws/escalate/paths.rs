//! The list of a principal's paths: the firmest first, each told step by step.

use super::super::set::Allowed;
use super::super::statement::Probe;
use super::super::world::World;
use super::climb::{MAX_DEPTH, through};
use super::rules::RULES;
use super::{Engine, Entry, Found, Rise, Way};
use crate::model::{Certainty, Goal, Hop, Path, Str};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// How many paths of one principal are listed.
pub(in super::super) const MAX_PATHS: usize = 64;

/// Longest chain of principals that is written out.
const MAX_CHAIN: usize = 8;

/// The paths of one principal.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Listed {
    pub paths: Vec<Arc<Path>>,
    /// How many more there are.
    pub left_out: usize,
}

/// The paths of every principal that is no admin, by position.
pub(in super::super) fn listed<'i>(engine: &Engine<'_, 'i, '_>, found: &Found<'i>) -> Vec<Listed> {
    let mut list = List {
        engine,
        found,
        known: HashSet::new(),
    };
    let mut paths: Vec<Listed> = vec![Listed::default(); engine.world.nodes.len()];
    for (number, cohort) in engine.cohorts.all.iter().enumerate() {
        let shared = found.shared.get(number).map_or(&[][..], Vec::as_slice);
        // What all have in common is told once.
        let common: Listed = match cohort.members.first() {
            Some(&first) if !shared.is_empty() => list.tell(first, &folded(shared.to_vec())),
            _ => Listed::default(),
        };
        for &member in &cohort.members {
            let own = found.own.get(&member).map_or(&[][..], Vec::as_slice);
            let mut reachable = shared.iter().filter(|e| list.leads_on(e, member));
            let all = reachable.by_ref().count() == shared.len();
            if matches!(
                found.wide.get(member),
                Some(Some(Rise::Root | Rise::Admin(_)))
            ) {
                continue;
            }
            let told = if own.is_empty() && all {
                common.clone()
            } else {
                let shared = shared.iter().filter(|e| list.leads_on(e, member));
                let entries: Vec<Entry<'i>> = own.iter().chain(shared).cloned().collect();
                list.tell(member, &folded(entries))
            };
            if let Some(slot) = paths.get_mut(member) {
                *slot = told;
            }
        }
    }
    paths
}

struct List<'e, 'x, 'i, 'w> {
    engine: &'e Engine<'x, 'i, 'w>,
    found: &'e Found<'i>,
    /// Paths told before: principals share what is the same.
    known: HashSet<Arc<Path>>,
}

impl<'i> List<'_, '_, 'i, '_> {
    /// Whether a shared way is one for this member: it is not itself acted on, and the way does not come
    /// back to it.
    fn leads_on(&self, entry: &Entry<'i>, member: usize) -> bool {
        entry.way.on != Some(member)
            && !(entry.goal == Goal::Admin && through(&self.found.wide, &entry.way, member))
    }

    fn tell(&mut self, member: usize, entries: &[(Entry<'i>, BTreeSet<Str>)]) -> Listed {
        let mut paths = Vec::new();
        for (entry, also) in entries.iter().take(MAX_PATHS) {
            let path = Arc::new(self.path(member, entry, also.clone()));
            let path = match self.known.get(&path) {
                Some(known) => Arc::clone(known),
                None => {
                    self.known.insert(Arc::clone(&path));
                    path
                }
            };
            paths.push(path);
        }
        Listed {
            paths,
            left_out: entries.len().saturating_sub(MAX_PATHS),
        }
    }

    fn path(&self, member: usize, entry: &Entry<'i>, also: BTreeSet<Str>) -> Path {
        let world = self.engine.world;
        let mut hops = Vec::new();
        let mut conditions: BTreeSet<Str> = BTreeSet::new();
        let mut missing: BTreeSet<Str> = BTreeSet::new();
        let mut way = Some(Rc::clone(&entry.way));
        let mut actor = member;
        let mut end = member;
        for step in 0..MAX_DEPTH as usize {
            let Some(now) = way.take() else {
                break;
            };
            conditions.extend(now.keys.iter().map(|key| Str::from(key.as_str())));
            missing.extend(now.missing.iter().map(|what| Str::from(what.as_str())));
            if step < MAX_CHAIN {
                walk(world, actor, &now, step > 0, &mut hops);
            }
            let Some(target) = now.target else {
                break;
            };
            (actor, end) = (target, target);
            way = match entry.goal {
                Goal::Admin => match self.found.wide.get(target) {
                    Some(Some(Rise::Way(way))) => Some(Rc::clone(way)),
                    _ => None,
                },
                // Who reads by itself is the end, but for whom that is nothing new.
                Goal::Data if self.engine.prize(member, target).is_some() => None,
                Goal::Data => self.found.data.get(target).cloned().flatten(),
            };
        }
        match entry.goal {
            Goal::Admin => {
                if let Some(Some(Rise::Admin(allowed))) = self.found.wide.get(end) {
                    conditions.extend(allowed.keys.iter().map(|key| Str::from(key.as_str())));
                    let what = format!("{}: {}", world_name(world, end), allowed.claim);
                    hops.push(by(world, allowed, what));
                }
            }
            Goal::Data => {
                if let Some(allowed) = self.engine.prize(member, end) {
                    conditions.extend(allowed.keys.iter().map(|key| Str::from(key.as_str())));
                    let what = format!("{}: {}", world_name(world, end), allowed.claim);
                    hops.push(by(world, &allowed, what));
                }
            }
        }
        let itself = entry.way.on == Some(member) && entry.way.target.is_none();
        Path {
            goal: entry.goal,
            certainty: entry.certainty,
            rule: entry.way.rule.id.as_str().into(),
            also,
            title: entry.way.rule.title.as_str().into(),
            subject: if itself {
                "itself".into()
            } else {
                entry.way.subject.as_str().into()
            },
            conditions,
            missing,
            hops,
        }
    }
}

/// The steps of a way: each action with the statement that allows it, then the trust that lets in.
fn walk(world: &World<'_, '_>, actor: usize, way: &Way<'_>, named: bool, hops: &mut Vec<Hop>) {
    let who = if named {
        format!(
            "{} can {} ({}): ",
            world_name(world, actor),
            way.rule.title,
            way.rule.id
        )
    } else {
        String::new()
    };
    for (index, allowed) in way.allowed.iter().enumerate() {
        let action = allowed.claim.split(' ').next().unwrap_or_default();
        let lead = if index == 0 { &*who } else { "" };
        let what = format!("{lead}{action} on {}", allowed.scope);
        hops.push(by(world, allowed, what));
    }
    if let Some(trust) = way.trust {
        let lead = if way.allowed.is_empty() { &*who } else { "" };
        hops.push(Hop {
            what: format!(
                "{lead}trust policy of {}, statement {}, lets in {}",
                short(&trust.target.0),
                trust.label,
                trust.principal.describe()
            )
            .into(),
            evidence: Some(trust.evidence.clone()),
        });
    }
}

/// What a statement of a policy allows.
fn by(world: &World<'_, '_>, allowed: &Allowed, what: String) -> Hop {
    let policy = world.policies.get(allowed.policy);
    let statement = policy.and_then(|p| p.statements.get(allowed.statement));
    let mut text = what;
    if let Some(policy) = policy {
        text.push_str(&format!(" by policy {}", policy.name));
        if let Some(version) = &policy.version {
            text.push_str(&format!(" {version}"));
        }
    }
    if let Some(statement) = statement {
        text.push_str(&format!(", {}", statement.hop.what));
    }
    Hop {
        what: text.into(),
        evidence: statement.and_then(|s| s.hop.evidence.clone()),
    }
}

fn world_name(world: &World<'_, '_>, position: usize) -> String {
    let node = world.nodes.get(position);
    node.map_or_else(String::new, |node| node.id.to_string())
}

/// `role/ci` of an ARN.
fn short(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// One entry a row and goal, the best; a row whose actions hold another listed row's, or are held by them, to
/// the same effect is named with that one. Data that an equally firm way to everything comes to is left out.
fn folded<'i>(mut entries: Vec<Entry<'i>>) -> Vec<(Entry<'i>, BTreeSet<Str>)> {
    let rank = |e: &Entry<'_>| {
        (
            e.certainty,
            e.way.missing.len(),
            e.way.keys.len(),
            e.goal,
            e.depth,
            // The row that says most of what is held needs the least that is there already.
            Reverse(e.way.rule.actions.len()),
        )
    };
    entries.sort_by(|a, b| (rank(a), &a.way.rule.id).cmp(&(rank(b), &b.way.rule.id)));
    let mut best: BTreeMap<(Goal, usize), Certainty> = BTreeMap::new();
    entries.retain(|e| {
        let admin = best.get(&(Goal::Admin, e.way.number));
        if e.goal == Goal::Data && admin.is_some_and(|&firm| firm <= e.certainty) {
            return false;
        }
        match best.entry((e.goal, e.way.number)) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(e.certainty);
                true
            }
            std::collections::btree_map::Entry::Occupied(_) => false,
        }
    });
    let mut kept: Vec<(Entry<'i>, BTreeSet<Str>)> = Vec::new();
    for entry in entries {
        let holder = kept.iter_mut().find(|(other, _)| related(other, &entry));
        match holder {
            Some((_, also)) => {
                also.insert(entry.way.rule.id.as_str().into());
            }
            None => {
                let also = by_trust_alone(&entry.way);
                kept.push((entry, also.into_iter().collect()));
            }
        }
    }
    kept
}

/// The row without the assuming of a role, where the trust alone grants that.
fn by_trust_alone(way: &Way<'_>) -> Option<Str> {
    let rule = RULES.get(way.number).filter(|rule| rule.assumes)?;
    let assumed = way
        .allowed
        .iter()
        .any(|a| a.claim.starts_with("sts:AssumeRole "));
    if assumed {
        return None;
    }
    let others: Vec<Probe> = rule.others().collect();
    let mut rows = RULES.iter().filter(|other| other.probes == others);
    rows.next().map(|other| other.row.id.as_str().into())
}

/// Whether one row's actions hold all of the other's, towards the same end.
fn related(a: &Entry<'_>, b: &Entry<'_>) -> bool {
    if a.goal != b.goal || a.way.on != b.way.on || a.way.target != b.way.target {
        return false;
    }
    let (a, b) = (&a.way.rule.actions, &b.way.rule.actions);
    a.iter().all(|x| b.contains(x)) || b.iter().all(|x| a.contains(x))
}
