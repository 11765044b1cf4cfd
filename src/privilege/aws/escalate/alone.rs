//! Steps that need nobody wide: policies written where the writer can use them, boundaries dropped, new
//! principals.

use super::super::condition::RESOURCE_TAGS;
use super::super::set::{Allowed, On, PolicySet};
use super::super::statement::{Probe, spelling};
use super::super::world::{Kind, Node};
use super::cohort::name;
use super::onto::{Step, Who};
use super::rules::{RULES, Rule};
use super::{Engine, Way};
use crate::platform::aws::arn::Arn;
use crate::platform::aws::pattern::literal_prefix;
use crate::platform::aws::tables::Target;
use crate::platform::glob;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::Rc;

/// How many principals a pattern of names is tried on.
const MAX_TRIED: usize = 1_000;

/// AWS's own policies that make an admin, or let their holder make itself one.
const WIDE: [&str; 2] = [
    "arn:aws:iam::aws:policy/AdministratorAccess",
    "arn:aws:iam::aws:policy/IAMFullAccess",
];

impl<'i> Engine<'_, 'i, '_> {
    /// All such steps.
    pub(super) fn alone(&self) -> Vec<Step<'i>> {
        let mut steps = Vec::new();
        for (number, cohort) in self.cohorts.all.iter().enumerate() {
            if cohort.full || cohort.kind == Kind::Root || cohort.rules.is_empty() {
                continue;
            }
            let Some(&first) = cohort.members.first() else {
                continue;
            };
            for rule in cohort.rules.iter().filter_map(|rule| RULES.get(rule)) {
                for &member in &cohort.members {
                    let mut ways = rule.row.targets.iter();
                    if let Some(way) =
                        ways.find_map(|&target| self.done_to_self(member, rule, target))
                    {
                        steps.push(Step {
                            who: Who::Node(member),
                            way: Rc::new(way),
                        });
                    }
                }
                for &target in &rule.row.targets {
                    if let Some(way) = self.together_done(first, rule, target) {
                        steps.push(Step {
                            who: Who::Cohort(number),
                            way: Rc::new(way),
                        });
                        break;
                    }
                }
            }
        }
        self.by_assuming(&mut steps);
        steps
    }

    /// What a principal does to itself.
    fn done_to_self(
        &self,
        position: usize,
        rule: &'static Rule,
        target: Target,
    ) -> Option<Way<'i>> {
        let node = self.world.nodes.get(position)?;
        let own = &*node.id.0;
        let user = node.kind == Kind::User;
        let role = node.kind == Kind::Role;
        match target {
            Target::SelfUser if user && node.uncapped => self.all_on(node, rule, own),
            Target::SelfRole if role && node.uncapped => self.all_on(node, rule, own),
            Target::OwnGroup if user && node.uncapped => {
                let nodes = node.groups.iter().filter_map(|&g| self.world.nodes.get(g));
                let ways = nodes.filter_map(|g| self.all_on(node, rule, &g.id.0));
                ways.min_by_key(|way| way.certainty)
            }
            Target::HeldPolicy if user || role => self.held(node, rule),
            Target::OwnBoundary if user || role => {
                let kind = if user { "User" } else { "Role" };
                let mine = rule.row.actions.iter().all(|a| a.contains(kind));
                if !mine || !self.beneath(node) {
                    return None;
                }
                self.all_on(node, rule, own)
            }
            _ => None,
        }
        .map(|mut way| {
            way.on = Some(position);
            way
        })
    }

    fn held(&self, node: &Node<'i>, rule: &'static Rule) -> Option<Way<'i>> {
        let restores = restores(rule);
        let held = node.holdings.iter();
        let ways = held.filter_map(|(number, _)| {
            let policy = self.world.policies.get(*number)?;
            if !policy.customer || *account(&policy.id) != *node.account {
                return None;
            }
            if restores {
                let version = self.dormant(*number, node)?;
                let mut way = self.all_on(node, rule, &policy.id)?;
                way.subject = format!("{} {version}", policy.id);
                return Some(way);
            }
            node.uncapped
                .then(|| self.all_on(node, rule, &policy.id))
                .flatten()
        });
        ways.min_by_key(|way| way.certainty)
    }

    /// What all of a cohort can do to others, or make.
    fn together_done(
        &self,
        position: usize,
        rule: &'static Rule,
        target: Target,
    ) -> Option<Way<'i>> {
        let node = self.world.nodes.get(position)?;
        match target {
            Target::OtherUser => self.any(position, node, rule, Kind::User),
            Target::OtherRole => self.any(position, node, rule, Kind::Role),
            Target::OtherGroup => self.any(position, node, rule, Kind::Group),
            Target::AttachedPolicy => self.any_policy(position, node, rule),
            Target::SameUser => self.other(position, node, rule, Kind::User, &|at, other| {
                self.raisable(other) && self.signs_in(at, other, rule)
            }),
            Target::BoundedUser => self.other(position, node, rule, Kind::User, &|at, other| {
                self.beneath(other) && self.signs_in(at, other, rule)
            }),
            Target::AnyRole => {
                let way = self.other(position, node, rule, Kind::Role, &|_, role| {
                    self.raisable(role) && self.enters(node, role).is_some()
                })?;
                self.entered(node, way)
            }
            Target::JoinedGroup if node.kind == Kind::User && node.uncapped => {
                self.other(position, node, rule, Kind::Group, &|_, _| true)
            }
            Target::RolePolicy if !rule.assumes => self.policy_of(position, node, rule, Kind::Role),
            Target::UserPolicy => self.policy_of(position, node, rule, Kind::User),
            Target::WrittenRole => self.written(position, node, rule),
            Target::NewRole => self.made(node, rule, "role"),
            Target::NewUser => self.made(node, rule, "user"),
            Target::NewGroup if node.kind == Kind::User && node.uncapped => {
                self.made(node, rule, "group")
            }
            Target::PermissionSet => self.permission_set(position, node, rule),
            _ => None,
        }
    }

    pub(super) fn ask(&self, node: &Node<'i>, probe: Probe, on: On<'_>) -> Option<Allowed> {
        let set = self.world.sets.get(node.set)?;
        let mut context = Vec::new();
        // The boundary that the target has, or is made with; what a new boundary is to be, the caller says.
        if let On::Arn(arn) = on
            && !spelling(probe).ends_with("PermissionsBoundary")
        {
            let target = self.world.by_arn.get(arn);
            let target = target.and_then(|&position| self.world.nodes.get(position));
            let boundary = target.and_then(|node| node.boundary).unwrap_or_default();
            context.push(("iam:permissionsboundary", boundary));
        }
        // To become an admin, a policy that makes one has to be among those that may be attached. Which one
        // matters only where the first is not.
        let mut answers = WIDE.iter().map(|policy| {
            let mut context = context.clone();
            context.push(("iam:policyarn", policy));
            self.asked(set, probe, on, &context)
        });
        let first = answers.next()?;
        match first {
            None if spelling(probe).starts_with("iam:Attach") => answers.flatten().next(),
            first => first,
        }
    }

    /// Whether an action on a principal is allowed, its tags considered.
    pub(super) fn asked(
        &self,
        set: &PolicySet<'_>,
        probe: Probe,
        on: On<'_>,
        context: &[(&str, &str)],
    ) -> Option<Allowed> {
        let target = match on {
            On::Arn(arn) if set.asks_tags() => self.world.by_arn.get(arn),
            _ => None,
        };
        let target = target.and_then(|&position| self.world.nodes.get(position));
        let Some((node, identity)) = target.and_then(|node| Some((node, node.identity?))) else {
            return set.allowed(probe, on, context);
        };
        let labels = identity.labels.iter();
        let tags: Vec<(String, &str)> = labels
            .map(|label| {
                let key = label.key.to_ascii_lowercase();
                (format!("{RESOURCE_TAGS}/{key}"), &*label.value)
            })
            .collect();
        let mut whole = context.to_vec();
        whole.extend(tags.iter().map(|(key, value)| (&**key, *value)));
        if node.known {
            whole.push((RESOURCE_TAGS, ""));
        }
        set.allowed(probe, on, &whole)
    }

    pub(super) fn all_on(
        &self,
        node: &Node<'i>,
        rule: &'static Rule,
        arn: &str,
    ) -> Option<Way<'i>> {
        let mut way = Way::new(rule.number, rule.row, arn);
        for probe in rule.others() {
            way.take(self.ask(node, probe, On::Arn(arn))?);
        }
        Some(way)
    }

    /// Any other principal, by a pattern that names none: whoever may write on anybody can make an
    /// accomplice. A single one that is named is whom the right is meant for.
    fn any(
        &self,
        position: usize,
        node: &Node<'i>,
        rule: &'static Rule,
        kind: Kind,
    ) -> Option<Way<'i>> {
        let found = self.other(position, node, rule, kind, &|_, other| self.raisable(other));
        let mut way = found.filter(|way| way.allowed.iter().all(|a| name(&a.scope).is_none()))?;
        if let Some(allowed) = way.allowed.first() {
            way.subject.clone_from(&allowed.scope);
        }
        Some(way)
    }

    fn any_policy(&self, position: usize, node: &Node<'i>, rule: &'static Rule) -> Option<Way<'i>> {
        let first = rule.others().next()?;
        for (arn, holders) in self.policies(node, first) {
            let other =
                |&h: &usize| h != position && self.world.nodes.get(h).is_some_and(|n| n.uncapped);
            if !holders.iter().any(other) {
                continue;
            }
            let way = self.all_on(node, rule, arn);
            let wild = |a: &Allowed| name(&a.scope).is_none();
            if let Some(mut way) = way.filter(|way| way.allowed.iter().all(wild)) {
                if let Some(allowed) = way.allowed.first() {
                    way.subject.clone_from(&allowed.scope);
                }
                return Some(way);
            }
        }
        None
    }

    /// Another principal of the same account on which all actions hold and that passes: the firmest, and
    /// rather one that is not asked for itself.
    pub(super) fn other(
        &self,
        position: usize,
        node: &Node<'i>,
        rule: &'static Rule,
        kind: Kind,
        passes: &dyn Fn(usize, &Node<'i>) -> bool,
    ) -> Option<Way<'i>> {
        let first = rule.others().next()?;
        let mut best: Option<Way<'i>> = None;
        for (arn, at) in self.near(node, first, kind) {
            let Some(other) = self.world.nodes.get(at) else {
                continue;
            };
            let managed = other.identity.is_some_and(|i| i.provider_managed.is_some());
            if at == position || managed || !passes(at, other) {
                continue;
            }
            let Some(mut way) = self.all_on(node, rule, arn) else {
                continue;
            };
            way.on = Some(at);
            let rank = |way: &Way<'_>| {
                let own = way.on.and_then(|at| self.cohorts.of.get(at));
                (way.certainty, own == self.cohorts.of.get(position))
            };
            if best.as_ref().is_none_or(|b| rank(&way) < rank(b)) {
                let done = rank(&way) == (crate::model::Certainty::Certain, false);
                best = Some(way);
                if done {
                    break;
                }
            }
        }
        best
    }

    /// Principals of the actor's account that some pattern of an action matches.
    pub(super) fn near(
        &self,
        node: &Node<'i>,
        action: Probe,
        kind: Kind,
    ) -> impl Iterator<Item = (&'i str, usize)> {
        let kind = match kind {
            Kind::User => "user",
            Kind::Role => "role",
            Kind::Group => "group",
            Kind::Root => "root",
        };
        let base = format!("{}{kind}/", root(&node.id.0));
        self.matching(node, action, base, &self.world.by_arn)
            .map(|(arn, at)| (arn, *at))
    }

    /// Customer policies of the actor's account that some pattern of an action matches, with their holders.
    pub(super) fn policies(
        &self,
        node: &Node<'i>,
        action: Probe,
    ) -> impl Iterator<Item = (&str, &Vec<usize>)> {
        let base = format!("{}policy/", root(&node.id.0));
        self.matching(node, action, base, &self.world.attached)
    }

    /// The entries of an index below a prefix that some pattern of an action matches, as they are asked for.
    fn matching<'a, 'k: 'a, V>(
        &self,
        node: &Node<'i>,
        action: Probe,
        base: String,
        index: &'a BTreeMap<&'k str, V>,
    ) -> impl Iterator<Item = (&'k str, &'a V)> + use<'a, 'k, 'i, V> {
        let set = self.world.sets.get(node.set);
        let patterns = set.map(|set| set.patterns(action)).unwrap_or_default();
        patterns.into_iter().flat_map(move |pattern| {
            let prefix = literal_prefix(&pattern);
            let start = match (prefix.starts_with(&base), base.starts_with(prefix)) {
                (true, _) => Some(prefix.to_owned()),
                (_, true) => Some(base.clone()),
                _ => None,
            };
            start.into_iter().flat_map(move |start| {
                let from = (Bound::Included(start.as_str()), Bound::Unbounded);
                let near = index.range::<str, _>(from);
                let pattern = pattern.clone();
                near.take_while(move |(arn, _)| arn.starts_with(&start))
                    .take(MAX_TRIED)
                    .filter(move |(arn, _)| glob::matches(&pattern, arn))
                    .map(|(arn, value)| (*arn, value))
            })
        })
    }
}

/// Whether a row brings a dormant version of a policy back.
pub(super) fn restores(rule: &Rule) -> bool {
    let first = rule.row.actions.first();
    first.is_some_and(|action| action == "iam:SetDefaultPolicyVersion")
}

/// `arn:aws:iam::<account>:` of an ARN.
pub(super) fn root(arn: &str) -> &str {
    let mut colons = arn.match_indices(':');
    let end = colons.nth(4).map_or(0, |(at, _)| at + 1);
    arn.get(..end).unwrap_or_default()
}

pub(super) fn account(arn: &str) -> &str {
    Arn::parse(arn).map_or("", |arn| arn.account)
}
