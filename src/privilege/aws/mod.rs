//! What AWS principals may do.
//!
//! Policies are compiled once, principals that hold the same policies are judged once, and what one
//! principal can do to another is followed over an index. What files cannot decide is never rounded: a
//! condition makes an answer conditional, a document that was not read makes it unresolved.
//!
//! Not in an authorization-details export, and so not in the answer: resource policies other than trust,
//! session policies; and service and resource control policies where no export of the organisation was read.

mod condition;
mod control;
mod escalate;
mod level;
mod proof;
pub mod request;
mod scope;
mod set;
mod statement;
mod trust;
mod used;
pub(super) mod web_identity;
mod world;

use crate::model::{
    Breadth, Capability, Certainty, IdentityId, Inventory, Privilege, Proof, Reach, Str, Tier,
    Timestamp,
};
use crate::platform::aws::access_level::AccessLevel;
use crate::platform::aws::arn::Arn;
use crate::platform::aws::pattern::is_everything;
use crate::platform::aws::tables::MEANINGS;
use escalate::{Asked, Engine, Rise, Way, Who, climb, listed, reach_data};
use set::{Allowed, Boundary, On, PolicySet};
use statement::probe;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, LazyLock};
use world::{Kind, Node, World, compile};

/// Judges every AWS identity of the inventory, as of a time if one is given.
pub fn assess(
    inventory: &Inventory,
    now: Option<Timestamp>,
    out: &mut BTreeMap<IdentityId, Privilege>,
) {
    let (policies, positions) = compile(inventory, now);
    let world = World::new(inventory, &policies, &positions, now);
    let engine = Engine::new(&world, inventory);
    let mut found = climb(&engine);
    reach_data(&engine, &mut found);
    let mut known = Known::new(&world);
    let sources = inventory.sources.iter();
    let read = sources.filter(|(kind, _)| &**kind == "aws-authorization-details");
    let read: BTreeSet<&str> = read.map(|(_, account)| &**account).collect();
    let sets: Vec<Judged> = world
        .sets
        .iter()
        .map(|set| {
            let mut judged = judge(set, &mut known);
            judged.foreign = foreign(set, &read);
            judged
        })
        .collect();
    let mut answers: Vec<Privilege> = world
        .nodes
        .iter()
        .enumerate()
        .map(|(position, node)| match sets.get(node.set) {
            Some(judged) => answer(&world, &found.wide, position, node, judged),
            None => Privilege::default(),
        })
        .collect();
    drop((sets, known));
    handed_on(&engine, &mut answers);
    let paths = listed(&engine, &found);
    for (answer, paths) in answers.iter_mut().zip(paths) {
        answer.paths_left_out = paths.left_out;
        answer.paths = paths.paths;
    }
    for (node, answer) in world.nodes.iter().zip(&mut answers) {
        name_missing(&world, node, answer);
    }
    for (node, answer) in world.nodes.iter().zip(answers) {
        if node.kind != Kind::Group {
            out.insert(node.id.clone(), answer);
        }
    }
    used::assess(inventory, &world, out);
    // Users of whom only the name is known hold what no export says.
    for identity in inventory.identities.values() {
        if identity.platform == crate::model::Platform::Aws && !out.contains_key(&identity.id) {
            let unread = Privilege {
                certainty: Certainty::Unresolved,
                unresolved: BTreeSet::from(["the account of this user is not known".into()]),
                ..Privilege::default()
            };
            out.insert(identity.id.clone(), unread);
        }
    }
}

/// Names the control policies that were not read and that the answer depends on: they only take away, so an
/// answer without rights does not.
fn name_missing(world: &World<'_, '_>, node: &Node<'_>, answer: &mut Privilege) {
    let Some(set) = world.sets.get(node.set) else {
        return;
    };
    let mut proofs = answer.capabilities.values().chain(&answer.proof);
    let depends = proofs.any(|proof| proof.certainty == Certainty::Unresolved);
    if depends && !set.caps.missing.is_empty() {
        answer.unresolved.extend(set.caps.missing.iter().cloned());
        answer.certainty = Certainty::Unresolved;
    }
}

/// What was not read of the control policies of the accounts of which principals were, in sentences.
pub fn unread(inventory: &Inventory) -> Vec<String> {
    let sources = inventory.sources.iter();
    let read = sources.filter(|(kind, _)| &**kind == "aws-authorization-details");
    control::unread(inventory, &read.map(|(_, account)| &**account).collect())
}

/// What all members of a set have in common.
#[derive(Clone, Default)]
struct Judged {
    level: Option<(AccessLevel, Allowed)>,
    wildcard: Option<Allowed>,
    capabilities: Vec<(Capability, Allowed)>,
    /// Tables' rows that depend on which user asks.
    personal: Vec<(Capability, Vec<usize>)>,
    /// Roles that may be assumed in accounts that were not read.
    foreign: Vec<Str>,
}

/// What is known of policies by themselves, by class of caps and policy.
struct Known {
    judged: HashMap<(usize, usize), Judged>,
    /// Those that several sets hold: of others nobody asks again.
    common: HashSet<(usize, usize)>,
}

impl Known {
    fn new(world: &World<'_, '_>) -> Self {
        let mut once = HashSet::new();
        let mut common = HashSet::new();
        for set in world.sets.iter().filter(|set| set.plain()) {
            for &policy in &set.grants {
                if !once.insert((set.class, policy)) {
                    common.insert((set.class, policy));
                }
            }
        }
        Self {
            judged: HashMap::new(),
            common,
        }
    }
}

/// Judges a set: where nothing is taken away, from what is known of each of its policies.
fn judge(set: &PolicySet<'_>, known: &mut Known) -> Judged {
    if !set.plain() {
        return judge_whole(set);
    }
    let mut judged = Judged::default();
    for &policy in &set.grants {
        let one = || set.only(policy);
        let varies = !set.variables.is_empty()
            && (set.caps.variables || set.policies.get(policy).is_some_and(|p| p.variables));
        let key = (set.class, policy);
        if varies || !known.common.contains(&key) {
            judged.join(judge_whole(&one()));
        } else {
            let part = known.judged.entry(key);
            judged.join(part.or_insert_with(|| judge_whole(&one())).clone());
        }
    }
    judged
}

impl Judged {
    /// Adds what another policy gives.
    fn join(&mut self, other: Self) {
        let rank = |(level, by): &(AccessLevel, Allowed)| (*level, Reverse(by.certainty));
        if other.level.as_ref().map(rank) > self.level.as_ref().map(rank) {
            self.level = other.level;
        }
        let rank = |by: &Allowed| (Reverse(by.certainty), by.claim.starts_with('*'));
        if other.wildcard.as_ref().map(rank) > self.wildcard.as_ref().map(rank) {
            self.wildcard = other.wildcard;
        }
        self.capabilities.extend(other.capabilities);
        self.personal.extend(other.personal);
    }
}

/// A row of the table of meanings, looked up once.
struct Sought {
    capability: Capability,
    probes: Vec<usize>,
    /// Whether it depends on which user asks.
    personal: bool,
}

static SOUGHT: LazyLock<Vec<Sought>> = LazyLock::new(|| {
    let known = MEANINGS.iter().filter_map(|meaning| {
        let mut named = Capability::ALL.into_iter();
        let capability = named.find(|c| c.as_str() == meaning.capability)?;
        Some(Sought {
            capability,
            probes: meaning.actions.iter().filter_map(|a| probe(a)).collect(),
            personal: meaning.others.is_some(),
        })
    });
    known.collect()
});

fn judge_whole(set: &PolicySet<'_>) -> Judged {
    let mut capabilities = Vec::new();
    let mut personal = Vec::new();
    for meaning in SOUGHT.iter() {
        let probes = meaning.probes.iter().copied().filter(|&p| set.mentions(p));
        if meaning.personal {
            let probes: Vec<usize> = probes.collect();
            if !probes.is_empty() {
                personal.push((meaning.capability, probes));
            }
            continue;
        }
        let best = firmest(probes.filter_map(|p| set.allowed(p, On::Any, &[])));
        capabilities.extend(best.map(|allowed| (meaning.capability, allowed)));
    }
    // Acting as others: the right to assume roles that is not confined to one.
    let broad = probe("sts:AssumeRole")
        .and_then(|p| set.allowed(p, On::Any, &[]))
        .filter(|allowed| allowed.scope.contains('*'));
    capabilities.extend(broad.map(|allowed| (Capability::Impersonate, allowed)));
    Judged {
        level: set.level(),
        wildcard: set.wildcard(),
        capabilities,
        personal,
        foreign: Vec::new(),
    }
}

/// The roles of accounts not read that a set lets its members assume: what they may do is not known.
fn foreign(set: &PolicySet<'_>, read: &BTreeSet<&str>) -> Vec<Str> {
    let Some(assume) = probe("sts:AssumeRole") else {
        return Vec::new();
    };
    let patterns = set.patterns(assume).into_iter();
    let unread = patterns.filter(|pattern| {
        // `arn:aws:iam::*:role/monitoring` names roles of accounts that nobody read, too. A bare `*` is
        // not held against a principal whose other rights tell its tier.
        let elsewhere = match Arn::parse(pattern) {
            Some(arn) => !read.contains(arn.account),
            None => is_everything(pattern) && set.level().is_none(),
        };
        elsewhere && set.allowed(assume, On::Arn(pattern), &[]).is_some()
    });
    unread
        .map(|pattern| format!("role {pattern} (may be assumed)").into())
        .collect()
}

fn firmest(candidates: impl Iterator<Item = Allowed>) -> Option<Allowed> {
    let mut best: Option<Allowed> = None;
    for candidate in candidates {
        let rank = |a: &Allowed| (a.certainty, Breadth::of(&a.scope));
        if best.as_ref().is_none_or(|b| rank(&candidate) < rank(b)) {
            best = Some(candidate);
        }
    }
    best
}

fn answer(
    world: &World<'_, '_>,
    wide: &[Option<Rise<'_>>],
    position: usize,
    node: &Node<'_>,
    judged: &Judged,
) -> Privilege {
    let mut answer = Privilege {
        unresolved: node
            .unresolved
            .iter()
            .chain(&judged.foreign)
            .cloned()
            .collect(),
        ..Privilege::default()
    };
    for (capability, allowed) in &judged.capabilities {
        answer.add(*capability, proof::of_allowed(world, node, allowed));
    }
    if let Some(set) = world.sets.get(node.set) {
        for (capability, probes) in &judged.personal {
            let on = On::OtherUser(&node.id.0);
            let best = firmest(probes.iter().filter_map(|&p| set.allowed(p, on, &[])));
            if let Some(allowed) = best {
                answer.add(*capability, proof::of_allowed(world, node, &allowed));
            }
        }
        if set.boundary == Boundary::Unread && node.unresolved.is_empty() {
            answer.unresolved.insert("permissions boundary".into());
        }
    }
    let wildcard = judged.wildcard.as_ref();
    answer.wildcard = wildcard.map(|allowed| proof::of_allowed(world, node, allowed).into());
    match wide.get(position).and_then(Option::as_ref) {
        Some(rise) => {
            let proof = Arc::new(proof::of_rise(world, wide, position));
            let (tier, capability) = match rise {
                Rise::Root | Rise::Admin(_) => (Tier::Admin, Capability::Administer),
                Rise::Way(_) => (Tier::Escalate, Capability::Escalate),
            };
            if let Rise::Way(way) = rise
                && let Some(target) = way.target
            {
                if way.rule.id == "sts-001" {
                    answer.add(Capability::Impersonate, proof.clone());
                }
                reach(world, target, &mut answer);
            }
            answer.add(capability, proof.clone());
            raise(&mut answer, tier, proof);
        }
        None => lower_tiers(world, node, judged, &mut answer),
    }
    if answer.tier > Tier::None {
        answer.reach.insert(Reach::Account(node.account.clone()));
    }
    answer
}

/// The tier of a principal that cannot become an admin.
fn lower_tiers(world: &World<'_, '_>, node: &Node<'_>, judged: &Judged, answer: &mut Privilege) {
    let issues = [Capability::IssueCredentials, Capability::RecoverAccounts];
    let mut issue: Option<&Arc<Proof>> = None;
    for proof in issues.iter().filter_map(|c| answer.capabilities.get(c)) {
        if issue.is_none_or(|best| proof.certainty < best.certainty) {
            issue = Some(proof);
        }
    }
    if let Some(proof) = issue.cloned() {
        raise(answer, Tier::Issue, proof);
    } else if let Some((level, allowed)) = &judged.level {
        let tier = match level {
            AccessLevel::Write => Tier::Write,
            AccessLevel::Read => Tier::Read,
        };
        raise(answer, tier, proof::of_allowed(world, node, allowed).into());
    } else if node.known || node.kind == Kind::Root {
        answer.tier = Tier::None;
    } else {
        let account = &node.account;
        let module = node.identity.is_some_and(|i| i.is_of_unread_module());
        let missing = match module {
            true => "the files of the module that makes it".to_owned(),
            false => format!("authorization details of account {account}"),
        };
        answer.unresolved.insert(missing.into());
    }
    // What was not read may give more.
    if !answer.unresolved.is_empty() {
        answer.certainty = Certainty::Unresolved;
        if answer.tier == Tier::None {
            answer.tier = Tier::Unknown;
        }
    }
}

fn raise(answer: &mut Privilege, tier: Tier, proof: Arc<Proof>) {
    answer.tier = tier;
    answer.certainty = proof.certainty;
    answer.proof = Some(proof);
}

fn reach(world: &World<'_, '_>, target: usize, answer: &mut Privilege) {
    if let Some(target) = world.nodes.get(target) {
        answer.reach.insert(Reach::Account(target.account.clone()));
    }
}

/// Who can become somebody can do what that one can do: tiers below `escalate` are handed on, too. What is
/// below `issue` only by assuming roles, for whoever may do more to others changes things already.
fn handed_on(engine: &Engine<'_, '_, '_>, answers: &mut [Privilege]) {
    let world = engine.world;
    for tier in [Tier::Issue, Tier::Write, Tier::Read] {
        let done = engine.asked_for(tier == Tier::Issue);
        // How many members of each cohort are below the tier.
        let mut below: Vec<usize> = engine
            .cohorts
            .members()
            .map(|members| {
                let low = |p: &&usize| answers.get(**p).is_some_and(|a| a.tier < tier);
                members.iter().filter(low).count()
            })
            .collect();
        let mut queue: VecDeque<usize> = answers
            .iter()
            .enumerate()
            .filter(|(p, a)| {
                let kind = world.nodes.get(*p).map(|n| n.kind);
                let fits =
                    kind == Some(Kind::Role) || kind == Some(Kind::User) && tier == Tier::Issue;
                a.tier == tier && fits
            })
            .map(|(p, _)| p)
            .collect();
        while let Some(target) = queue.pop_front() {
            let steps = {
                let lower = |p: usize| {
                    answers.get(p).is_some_and(|a| a.tier < tier)
                        && world.nodes.get(p).is_some_and(|n| n.kind != Kind::Group)
                };
                let asked = Asked {
                    done: &done,
                    cohort: &|cohort| below.get(cohort).is_some_and(|&low| low > 0),
                    node: &lower,
                    limit: Certainty::Unresolved,
                };
                engine.towards(target, &asked)
            };
            for step in steps {
                let members = match step.who {
                    Who::Node(position) => vec![position],
                    Who::Cohort(cohort) => engine.cohorts.members_of(cohort).to_vec(),
                };
                for position in members {
                    if position == target
                        || !hand(engine, target, position, &step.way, tier, answers)
                    {
                        continue;
                    }
                    let cohort = engine.cohorts.of.get(position).copied();
                    if let Some(left) = cohort.and_then(|c| below.get_mut(c)) {
                        *left = left.saturating_sub(1);
                    }
                    let kind = world.nodes.get(position).map(|n| n.kind);
                    if kind == Some(Kind::Role) || tier == Tier::Issue {
                        queue.push_back(position);
                    }
                }
            }
        }
    }
}

/// Gives one principal what another one, whom it can become, may do.
fn hand(
    engine: &Engine<'_, '_, '_>,
    from: usize,
    to: usize,
    way: &Way<'_>,
    tier: Tier,
    answers: &mut [Privilege],
) -> bool {
    let world = engine.world;
    let (Some(source), Some(node)) = (answers.get(from), world.nodes.get(to)) else {
        return false;
    };
    if node.kind == Kind::Group || answers.get(to).is_none_or(|a| a.tier >= tier) {
        return false;
    }
    let handed = |p: &Arc<Proof>| Arc::new(proof::of_hop(world, node, way, p));
    let Some(proof) = source.proof.as_ref().map(handed) else {
        return false;
    };
    let given: Vec<(Capability, Arc<Proof>)> =
        [Capability::IssueCredentials, Capability::RecoverAccounts]
            .into_iter()
            .filter_map(|c| Some((c, handed(source.capabilities.get(&c)?))))
            .collect();
    let Some(answer) = answers.get_mut(to) else {
        return false;
    };
    for (capability, proof) in given {
        answer.add(capability, proof);
    }
    if way.rule.id == "sts-001" {
        answer.add(Capability::Impersonate, proof.clone());
    }
    raise(answer, tier, proof);
    if !answer.unresolved.is_empty() {
        answer.certainty = Certainty::Unresolved;
    }
    answer.reach.insert(Reach::Account(node.account.clone()));
    reach(world, from, answer);
    true
}
