//! Parties: everybody who is named as an owner anywhere, each once, with every spelling.

use super::{Evidence, Owner, Str};

/// Whether a party is still there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartyStanding {
    /// A roster knows it, and that it is there.
    There,
    /// The person has left, or every member of the team has.
    Left,
    /// The team has no members.
    Empty,
    /// No roster knows it.
    #[default]
    Unknown,
}

impl PartyStanding {
    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::There => "there",
            Self::Left => "left",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
        }
    }
}

/// Why two names are one party's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sameness {
    /// One name.
    pub one: Owner,
    /// The other.
    pub other: Owner,
    /// Why they are one party's, as a sentence's end: `the roster lists both`.
    pub why: Str,
    /// Where that was read, where it was read at a place of its own.
    pub evidence: Option<Evidence>,
}

/// A person, team or mailbox that is named as an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The name that stands for all.
    pub owner: Owner,
    /// What people call it, as it is most often written; absent where only addresses and logins are known.
    pub name: Option<Str>,
    /// Every name it goes by, normalised, those of rosters and alias maps included.
    pub names: Vec<Owner>,
    /// Every spelling in the sources, with how many claims are spelled so, the most frequent first.
    pub spellings: Vec<(Str, u64)>,
    /// Why its names are one party's.
    pub ties: Vec<Sameness>,
    /// Whether it is still there.
    pub standing: PartyStanding,
    /// How that is known, in words.
    pub reason: Str,
    /// Where.
    pub evidence: Option<Evidence>,
    /// Who is in it, where a roster lists a team's members.
    pub members: Option<Vec<Owner>>,
}
