//! Whose an identity is, as concluded from the claims.

use super::{Attribution, Confidence, Owner, Str};

/// The state of ownership.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnershipState {
    /// A declared owner who exists.
    Owned,
    /// Declared sources of equal standing name different parties.
    Disputed,
    /// The declared owner has left, or the team does not exist or is empty.
    Orphaned,
    /// Nobody is declared; something suggests who it could be.
    Suggested,
    /// Sources that would name an owner were read, and none does.
    Unowned,
    /// No source that could name an owner was read.
    #[default]
    Unknown,
}

impl OwnershipState {
    /// All states, best first.
    pub const ALL: [Self; 6] = [
        Self::Owned,
        Self::Disputed,
        Self::Orphaned,
        Self::Suggested,
        Self::Unowned,
        Self::Unknown,
    ];

    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owned => "owned",
            Self::Disputed => "disputed",
            Self::Orphaned => "orphaned",
            Self::Suggested => "suggested",
            Self::Unowned => "unowned",
            Self::Unknown => "unknown",
        }
    }
}

/// Whose a subject is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    /// The conclusion.
    pub state: OwnershipState,
    /// The owner (also of an orphaned subject: the one who left); `None` unless declared.
    pub owner: Option<Owner>,
    /// The other sides, where declared sources disagree.
    pub rivals: Vec<Owner>,
    /// The best suggestion, when there is no declared owner.
    pub suggestion: Option<Owner>,
    /// How much the claim that decides is worth; `None` where none does.
    pub confidence: Option<Confidence>,
    /// Every claim, strongest first.
    pub claims: Vec<Attribution>,
    /// One sentence: how this was concluded.
    pub reason: Str,
}

impl Ownership {
    /// The claim that decides: the strongest for the owner, or for the one who is suggested.
    pub fn deciding(&self) -> Option<&Attribution> {
        let named = self.owner.as_ref().or(self.suggestion.as_ref())?;
        self.claims.iter().find(|claim| claim.owner == *named)
    }
}
