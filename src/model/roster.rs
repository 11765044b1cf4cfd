//! Who works here, in which team, and under which names.

use super::{Evidence, Str, Timestamp};
use std::collections::BTreeSet;

/// A person in a roster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person {
    /// Every login and address that means this person, lower case.
    pub names: BTreeSet<Str>,
    /// Teams, lower case.
    pub teams: BTreeSet<Str>,
    /// Whether the person is still there; `None` when the roster does not say.
    pub active: Option<bool>,
    /// When the person left or will leave.
    pub left: Option<Timestamp>,
    /// Where it was read.
    pub evidence: Evidence,
}

/// A team in a roster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Team {
    /// Its name and aliases, lower case.
    pub names: BTreeSet<Str>,
    /// Members as written, lower case; `None` when the roster does not list members.
    pub members: Option<BTreeSet<Str>>,
    /// Where it was read.
    pub evidence: Evidence,
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
