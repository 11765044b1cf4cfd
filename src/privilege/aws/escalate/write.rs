//! Policies written on a principal that one can act as.

use super::super::set::On;
use super::super::world::{Kind, Node};
use super::alone::{account, restores};
use super::onto::{Step, Who};
use super::rules::{ASSUME, PASS, Rule, with};
use super::{Engine, Way};
use crate::model::Certainty;
use crate::platform::aws::tables::Target;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How many holders of one policy are looked at.
const MAX_HOLDERS: usize = 1_000;

impl<'i> Engine<'_, 'i, '_> {
    /// Whether a principal that a role's trust is made to name gets in: the keys that it depends on.
    pub(super) fn enters(&self, node: &Node<'i>, role: &Node<'i>) -> Option<BTreeSet<String>> {
        let set = self.world.sets.get(node.set)?;
        set.barred(*ASSUME, On::Arn(&role.id.0), node.kind == Kind::Role)
    }

    pub(super) fn entered(&self, node: &Node<'i>, mut way: Way<'i>) -> Option<Way<'i>> {
        let role = way.on.and_then(|at| self.world.nodes.get(at))?;
        way.depends(self.enters(node, role)?);
        Some(way)
    }

    /// A customer policy of another principal, on which the first action holds, and the others on the
    /// principal.
    pub(super) fn policy_of(
        &self,
        position: usize,
        node: &Node<'i>,
        rule: &'static Rule,
        kind: Kind,
    ) -> Option<Way<'i>> {
        let first = rule.others().next()?;
        let mut best: Option<Way<'i>> = None;
        for (arn, holders) in self.policies(node, first) {
            for &at in holders.iter().take(MAX_HOLDERS) {
                let Some(holder) = self.world.nodes.get(at) else {
                    continue;
                };
                let fits = at != position
                    && holder.kind == kind
                    && holder.account == node.account
                    && self.written_worth(rule, arn, holder)
                    && (kind == Kind::Role || self.signs_in(at, holder, rule));
                if !fits {
                    continue;
                }
                let way = self.on_policy(node, rule, arn, holder).and_then(|mut way| {
                    way.on = Some(at);
                    if kind == Kind::Role {
                        self.entered(node, way)
                    } else {
                        Some(way)
                    }
                });
                if let Some(way) = way
                    && best.as_ref().is_none_or(|b| way.certainty < b.certainty)
                {
                    best = Some(way);
                }
                if best
                    .as_ref()
                    .is_some_and(|b| b.certainty == Certainty::Certain)
                {
                    return best;
                }
            }
        }
        best
    }

    /// Whether another version of a policy makes its holder wide.
    pub(super) fn written_worth(&self, rule: &Rule, policy: &str, holder: &Node<'i>) -> bool {
        if !restores(rule) {
            return self.raisable(holder);
        }
        let mut held = holder.holdings.iter();
        let number = held.find(|(n, _)| {
            self.world
                .policies
                .get(*n)
                .is_some_and(|p| &*p.id == policy)
        });
        number.is_some_and(|(n, _)| self.dormant(*n, holder).is_some())
    }

    fn on_policy(
        &self,
        node: &Node<'i>,
        rule: &'static Rule,
        policy: &str,
        holder: &Node<'i>,
    ) -> Option<Way<'i>> {
        let mut way = Way::new(rule.number, rule.row, policy);
        for (index, probe) in rule.others().enumerate() {
            let arn = if index == 0 { policy } else { &*holder.id.0 };
            way.take(self.ask(node, probe, On::Arn(arn))?);
        }
        Some(way)
    }

    /// A role that is written on and then run as by a service.
    pub(super) fn written(
        &self,
        position: usize,
        node: &Node<'i>,
        rule: &'static Rule,
    ) -> Option<Way<'i>> {
        let cohort = *self.cohorts.of.get(position)?;
        let rest = self.rest(cohort, rule)?;
        let first = rule.others().next()?;
        let passes = rule.probes.contains(&*PASS);
        let mut best: Option<Way<'i>> = None;
        for (arn, at) in self.near(node, first, Kind::Role) {
            let Some(role) = self.world.nodes.get(at) else {
                continue;
            };
            let managed = role.identity.is_some_and(|i| i.provider_managed.is_some());
            if at == position || managed || !self.raisable(role) {
                continue;
            }
            let mut services = role.gate.serves(&role.account).into_iter();
            let Some((service, serves)) =
                services.find(|(s, _)| rule.row.services.iter().any(|r| r == s))
            else {
                continue;
            };
            let way = || {
                let mut way = Way::new(rule.number, rule.row, arn);
                (way.on, way.trust) = (Some(at), Some(serves.trust));
                way.depends(serves.keys.iter().cloned());
                way.take(self.ask(node, first, On::Arn(arn))?);
                if passes {
                    way.take(self.pass(cohort, role, service)?);
                }
                rest.iter().for_each(|allowed| way.take(allowed.clone()));
                if let Some(what) = &rule.row.existing {
                    way.lacks(format!("{what} that runs as {arn}"));
                }
                Some(way)
            };
            if let Some(way) = way()
                && best.as_ref().is_none_or(|b| way.certainty < b.certainty)
            {
                best = Some(way);
            }
            // What nobody saw running is conditional at best.
            let firmest = match rule.row.existing {
                Some(_) => Certainty::Conditional,
                None => Certainty::Certain,
            };
            if best.as_ref().is_some_and(|b| b.certainty <= firmest) {
                break;
            }
        }
        best
    }

    /// Steps that end in assuming the role that was written on: from the roles outwards.
    pub(super) fn by_assuming(&self, steps: &mut Vec<Step<'i>>) {
        let rules: Vec<&'static Rule> = [
            Target::AssumableRole,
            Target::RolePolicy,
            Target::BoundedRole,
        ]
        .into_iter()
        .flat_map(with)
        .filter(|rule| rule.assumes)
        .collect();
        let able = |cohort: usize| {
            let cohort = self.cohorts.get(cohort);
            cohort.is_some_and(|c| rules.iter().any(|rule| c.rules.has(rule.number)))
        };
        let mut found: BTreeSet<(usize, usize)> = BTreeSet::new();
        for (at, role) in self.world.nodes.iter().enumerate() {
            let managed = role.identity.is_some_and(|i| i.provider_managed.is_some());
            if role.kind != Kind::Role || managed {
                continue;
            }
            let open = |p: usize| {
                let same = self
                    .world
                    .nodes
                    .get(p)
                    .is_some_and(|n| n.account == role.account);
                same && rules.iter().any(|rule| !found.contains(&(p, rule.number)))
            };
            for from in self.candidates(at, &able, &open) {
                let Some(node) = self.world.nodes.get(from) else {
                    continue;
                };
                let Some(entry) = self.assume(from, at) else {
                    continue;
                };
                let cohort = self.cohorts.of.get(from).and_then(|&c| self.cohorts.get(c));
                for &rule in &rules {
                    let able = cohort.is_some_and(|c| c.rules.has(rule.number));
                    if !able || found.contains(&(from, rule.number)) {
                        continue;
                    }
                    let Some(mut way) = self.write_on(node, rule, role) else {
                        continue;
                    };
                    way.on = Some(at);
                    way.trust = entry.trust;
                    way.allowed.extend(entry.allowed.iter().cloned());
                    way.keys.extend(entry.keys.iter().cloned());
                    way.certainty = way.certainty.max(entry.certainty);
                    if way.certainty == Certainty::Certain {
                        found.insert((from, rule.number));
                    }
                    steps.push(Step {
                        who: Who::Node(from),
                        way: Rc::new(way),
                    });
                }
            }
        }
    }

    fn write_on(&self, node: &Node<'i>, rule: &'static Rule, role: &Node<'i>) -> Option<Way<'i>> {
        if rule.has(Target::AssumableRole) && self.raisable(role)
            || rule.has(Target::BoundedRole) && self.beneath(role)
        {
            return self.all_on(node, rule, &role.id.0);
        }
        if !rule.has(Target::RolePolicy) {
            return None;
        }
        let held = role.holdings.iter();
        let policies = held.filter_map(|(number, _)| self.world.policies.get(*number));
        let mut own = policies.filter(|p| p.customer && *account(&p.id) == *role.account);
        own.find_map(|policy| {
            self.written_worth(rule, &policy.id, role)
                .then(|| self.on_policy(node, rule, &policy.id, role))
                .flatten()
        })
    }
}
