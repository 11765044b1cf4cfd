//! The step of assuming a role.

use super::super::set::On;
use super::super::trust::resolve;
use super::super::world::Kind;
use super::rules::{ASSUME, RULES, STS};
use super::{Engine, Way};
use crate::model::{Certainty, TrustPrincipal};
use std::collections::BTreeSet;

impl<'i> Engine<'_, 'i, '_> {
    /// Those that might assume a role: whom its trust names, and whom the policies of accounts that it
    /// lets in allow to, of those cohorts and principals that are wanted.
    pub(super) fn candidates(
        &self,
        role: usize,
        cohorts: &dyn Fn(usize) -> bool,
        wanted: &dyn Fn(usize) -> bool,
    ) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let Some(node) = self.world.nodes.get(role) else {
            return found;
        };
        let open =
            |p: usize| {
                p != role
                    && wanted(p)
                    && self.cohorts.of.get(p).is_some_and(|&c| {
                        cohorts(c) && self.cohorts.get(c).is_some_and(|c| !c.full)
                    })
            };
        for entry in &node.gate.named {
            if let TrustPrincipal::Principal(id) = &entry.trust.principal {
                found.extend(resolve(self.world, id).filter(|&p| open(p)));
            }
        }
        let accounts: Vec<usize> = match node.gate.delegates() {
            Some(ids) => ids
                .into_iter()
                .filter_map(|id| self.cohorts.account(id))
                .collect(),
            None => self.cohorts.accounts().collect(),
        };
        for account in accounts {
            let able = self
                .cohorts
                .acting_on(account, *ASSUME, &node.id.0, cohorts);
            for cohort in able.into_iter().filter_map(|c| self.cohorts.get(c)) {
                let members = cohort.members.iter().copied();
                found.extend(members.filter(|&p| p != role && wanted(p)));
            }
        }
        found
    }

    /// The step of one principal into a role, where the role lets it in and its own rights do not stand
    /// against it.
    pub(super) fn assume(&self, from: usize, role: usize) -> Option<Way<'i>> {
        let world = self.world;
        let (actor, target) = (world.nodes.get(from)?, world.nodes.get(role)?);
        let admitted = target.gate.admits(world, from)?;
        let set = world.sets.get(actor.set)?;
        let on = On::Arn(&target.id.0);
        let own = self.asked(set, *ASSUME, on, &[]);
        let rule = RULES.get(*STS)?;
        let mut way = Way::new(rule.number, rule.row, &target.id.0);
        way.on = Some(role);
        way.target = Some(role);
        way.trust = Some(admitted.trust);
        way.keys = admitted.keys;
        way.certainty = admitted.certainty;
        let named = admitted.direct && actor.account == target.account;
        match own {
            Some(own) if !named || own.certainty <= Certainty::Certain => way.take(own),
            // A trust that names the principal is enough inside one account, unless a denial says otherwise
            // or a role's boundary does not let it through.
            _ if named => {
                let keys = set.barred(*ASSUME, on, actor.kind == Kind::Role)?;
                way.depends(keys);
                if set.uncertain(*ASSUME, on) {
                    way.certainty = Certainty::Unresolved;
                }
            }
            _ => return None,
        }
        Some(way)
    }
}
