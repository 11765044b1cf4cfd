//! Whether whom something suggests is who is declared.

use super::OwnershipOptions;
use super::roster::Roster;
use crate::model::{Inventory, Owner};
use std::collections::BTreeSet;

/// Compares suggestions with declared owners.
pub struct Agreement<'a> {
    roster: Roster<'a>,
    /// Names of people, and of teams whose members are known.
    known: BTreeSet<String>,
    /// Who is known to be a person, since commits are theirs.
    people: BTreeSet<&'a Owner>,
}

impl<'a> Agreement<'a> {
    /// With the roster of the inventory, and those who wrote commits.
    pub fn new(
        inventory: &'a Inventory,
        options: &OwnershipOptions,
        people: BTreeSet<&'a Owner>,
    ) -> Self {
        let persons = inventory.people.iter().flat_map(|person| &person.names);
        let listed = inventory.teams.iter().filter(|team| team.members.is_some());
        let joined = inventory.people.iter().flat_map(|person| &person.teams);
        let names = persons
            .chain(listed.flat_map(|team| &team.names))
            .chain(joined);
        Self {
            roster: Roster::new(inventory, options.now),
            known: names.map(|name| name.to_lowercase()).collect(),
            people,
        }
    }

    /// Whether somebody suggested is the declared owner, or in that team. `None` where it is not known who is
    /// behind the owner: a team or mailbox whose members nothing lists.
    pub fn says(&mut self, declared: &Owner, suggested: &Owner) -> Option<bool> {
        if self.roster.same_party(declared, suggested) {
            return Some(true);
        }
        let name = declared.name();
        let last = name.rsplit('/').next().unwrap_or(name);
        let listed = self.known.contains(name) || self.known.contains(last);
        let person = matches!(declared, Owner::User(_)) || self.people.contains(declared);
        (listed || person).then_some(false)
    }
}
