//! Who works here, in which team, and under which names.

use super::{Evidence, Str, Timestamp};
use std::collections::BTreeSet;

/// A person in a roster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person {
    /// Every login, address and directory id that means this person, lower case.
    pub names: BTreeSet<Str>,
    /// Names that others may have, too: display names, nicknames; as written, with single blanks.
    pub display: BTreeSet<Str>,
    /// The main address, lower case; also among `names`.
    pub mail: Option<Str>,
    /// The manager's address, login, directory id or name as the roster has it, lower case.
    pub manager: Option<Str>,
    /// Teams, lower case.
    pub teams: BTreeSet<Str>,
    /// Whether the person is still there; `None` when the roster does not say.
    pub active: Option<bool>,
    /// When the person left or will leave.
    pub left: Option<Timestamp>,
    /// Whether it is a person at all: rosters also list bots, shared mailboxes and service accounts. `None` when
    /// not said.
    pub human: Option<bool>,
    /// Where it was read.
    pub evidence: Evidence,
}

impl Person {
    /// A person of whom nothing is said yet.
    pub const fn new(evidence: Evidence) -> Self {
        Self {
            names: BTreeSet::new(),
            display: BTreeSet::new(),
            mail: None,
            manager: None,
            teams: BTreeSet::new(),
            active: None,
            left: None,
            human: None,
            evidence,
        }
    }
}

/// A team in a roster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Team {
    /// Its name, slug, directory id, address and aliases, lower case.
    pub names: BTreeSet<Str>,
    /// Its name as people write it.
    pub display: BTreeSet<Str>,
    /// Its address, lower case; also among `names`.
    pub mail: Option<Str>,
    /// Teams that it is a part of, lower case.
    pub parents: BTreeSet<Str>,
    /// Members as written, lower case; `None` when the roster does not list members, an empty set when it says
    /// that there are none.
    pub members: Option<BTreeSet<Str>>,
    /// Whether it has members that are not listed: a page that ends early, a count above the list's length.
    pub partial: bool,
    /// Where it was read.
    pub evidence: Evidence,
}

impl Team {
    /// A team of which nothing is said yet.
    pub const fn new(evidence: Evidence) -> Self {
        Self {
            names: BTreeSet::new(),
            display: BTreeSet::new(),
            mail: None,
            parents: BTreeSet::new(),
            members: None,
            partial: false,
            evidence,
        }
    }
}

/// Names that mean one party, as a map of aliases says: `.mailmap`, `aliases` of the configuration.
///
/// It says nothing about whether the party is still there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alias {
    /// The name that stands for all, as an owner's name is written.
    pub name: Str,
    /// Every login, address and spelling that means the same party, lower case.
    pub names: BTreeSet<Str>,
    /// Where it was read.
    pub evidence: Evidence,
}
