//! Everybody who is named as an owner, in the wire form.

use super::{Evidence, Word};
use crate::model::{self, Str};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A person, team or mailbox that is named as an owner anywhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Party {
    /// The name that stands for all of its names, as `ownership.owner` has it: `team:…`, `user:…` or `mail:…`.
    pub owner: Str,
    /// What people call it, as it is most often written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Str>,
    /// Every name it goes by, normalised.
    pub names: Vec<Str>,
    /// Every spelling in the sources, the most frequent first.
    pub spellings: Vec<PartySpelling>,
    /// Why its names are one party's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ties: Vec<PartyTie>,
    /// `there`, `left`, `empty` (a team without members) or `unknown`, as the roster says.
    pub standing: Word,
    /// How that is known.
    pub reason: Str,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Who is in it, where a roster lists a team's members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Str>>,
}

/// A spelling of a party.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PartySpelling {
    /// As written.
    pub raw: Str,
    /// How many claims are spelled so.
    pub claims: u64,
}

/// Why two names are one party's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PartyTie {
    /// One name.
    pub one: Str,
    /// The other.
    pub other: Str,
    /// Why.
    pub why: Str,
    /// Where that was read, where it was read at a place of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

impl From<model::Party> for Party {
    fn from(party: model::Party) -> Self {
        let text = |owner: &model::Owner| -> Str { owner.to_string().into() };
        Self {
            owner: text(&party.owner),
            name: party.name,
            names: party.names.iter().map(text).collect(),
            spellings: party
                .spellings
                .into_iter()
                .map(|(raw, claims)| PartySpelling { raw, claims })
                .collect(),
            ties: party
                .ties
                .into_iter()
                .map(|tie| PartyTie {
                    one: text(&tie.one),
                    other: text(&tie.other),
                    why: tie.why,
                    evidence: tie.evidence.as_ref().map(Into::into),
                })
                .collect(),
            standing: party.standing.as_str().into(),
            reason: party.reason,
            evidence: party.evidence.as_ref().map(Into::into),
            members: party
                .members
                .map(|members| members.iter().map(text).collect()),
        }
    }
}
