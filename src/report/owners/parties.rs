//! Who is who: the snapshot's parties by any of their names, and whose team a person is in.

use crate::snapshot::{Ownership, Party, Snapshot};
use std::collections::BTreeMap;

/// What has an owner of whom no team is known: a person in none or several, a mailbox.
pub(super) const NO_TEAM: &str = "(no team known)";
/// What has no owner and no suggestion.
pub(super) const NOBODY: &str = "(nobody)";

/// The parties of a snapshot.
#[derive(Default)]
pub(super) struct Parties<'a> {
    by_name: BTreeMap<&'a str, &'a Party>,
    /// The teams that list a person.
    teams: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Parties<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        let mut parties = Self::default();
        for party in &snapshot.owners {
            for name in &party.names {
                parties.by_name.entry(name).or_insert(party);
            }
        }
        for party in &snapshot.owners {
            // What stands for a party is its name before anybody else's.
            parties.by_name.insert(&party.owner, party);
            for member in party.members.iter().flatten() {
                parties.teams.entry(member).or_default().push(&party.owner);
            }
        }
        parties
    }

    /// The party of a name.
    pub(super) fn get(&self, name: &str) -> Option<&'a Party> {
        self.by_name.get(name).copied()
    }

    /// The team that something counts for: its owner's, or, where nobody is declared, that of whom is suggested.
    pub(super) fn team(&self, ownership: Option<&'a Ownership>) -> &'a str {
        let named = ownership.and_then(|o| o.owner.as_deref().or(o.suggestion.as_deref()));
        let Some(name) = named else {
            return NOBODY;
        };
        let party = self.get(name);
        let name = party.map_or(name, |party| &party.owner);
        if name.starts_with("team:") || party.is_some_and(|p| p.members.is_some()) {
            return name;
        }
        match self.teams.get(name).map(Vec::as_slice) {
            Some([only]) => return only,
            Some([_, ..]) => return NO_TEAM,
            _ => {}
        }
        // A team's mailbox has names of a team and none of a person.
        let names = || party.iter().flat_map(|party| &party.names);
        let mailbox = name.starts_with("mail:")
            && names().any(|name| name.starts_with("team:"))
            && !names().any(|name| name.starts_with("user:"));
        if mailbox { name } else { NO_TEAM }
    }
}
