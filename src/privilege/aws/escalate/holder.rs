//! What a principal would be worth if it held other policies, or nothing capped it.

use super::super::set::{Boundary, On, PolicySet};
use super::super::statement::{CORE, probe};
use super::super::world::{Kind, Node};
use super::Engine;

impl<'w> Engine<'_, '_, 'w> {
    /// Whether policies give a principal everything, or the right to write itself everything.
    fn worth(&self, set: &PolicySet<'w>, node: &Node<'_>) -> bool {
        let own = On::Arn(&node.id.0);
        let verbs = match node.kind {
            Kind::User => ["iam:AttachUserPolicy", "iam:PutUserPolicy"],
            Kind::Role => ["iam:AttachRolePolicy", "iam:PutRolePolicy"],
            Kind::Group | Kind::Root => return set.admin().is_some(),
        };
        let mut writes = verbs.iter().filter_map(|verb| probe(verb));
        set.admin().is_some() || writes.any(|p| set.allowed(p, own, &[]).is_some())
    }

    /// Whether what is written on a principal makes it wide: nothing caps it, and no denial of everything
    /// stands against whatever it is given.
    pub(super) fn raisable(&self, node: &Node<'_>) -> bool {
        let Some(set) = self.world.sets.get(node.set) else {
            return false;
        };
        let mut core = CORE.iter().filter_map(|action| probe(action));
        node.uncapped
            && (set.plain() || core.any(|p| set.barred(p, On::Everything, false).is_some()))
    }

    /// Whether more lies beneath the boundary of a principal.
    pub(super) fn beneath(&self, node: &Node<'_>) -> bool {
        let Some(set) = self.world.sets.get(node.set) else {
            return false;
        };
        if set.boundary == Boundary::None || node.uncapped {
            return false;
        }
        let free = PolicySet {
            boundary: Boundary::None,
            ..set.clone()
        };
        self.worth(&free, node)
    }

    /// The version of a policy which, in the place of the one in effect, would make its holder wide.
    pub(super) fn dormant(&self, policy: usize, node: &Node<'_>) -> Option<&str> {
        let versions = self.world.dormant.get(&policy)?;
        let set = self.world.sets.get(node.set)?;
        let others: Vec<usize> = set
            .grants
            .iter()
            .copied()
            .filter(|&g| g != policy)
            .collect();
        let mut wider = versions.iter().filter(|(_, version)| {
            let mut grants = others.clone();
            grants.push(*version);
            let then = PolicySet {
                grants,
                ..set.clone()
            };
            self.worth(&then, node)
        });
        wider.next().map(|(version, _)| &**version)
    }
}
