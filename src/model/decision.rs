//! The answer to "may this principal do this to that?", with what decides it.

use super::{Effect, Evidence, Str};
use std::collections::BTreeSet;

/// What a request comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// Something allows it, and nothing stands against it.
    Allowed,
    /// It depends on condition keys of which nothing is known.
    Conditional,
    /// It depends on a document that was not read.
    Unresolved,
    /// Nothing that must allow it does.
    ImplicitlyDenied,
    /// A statement denies it.
    ExplicitlyDenied,
}

impl Answer {
    /// Every outcome, the most permissive first.
    pub const ALL: [Self; 5] = [
        Self::Allowed,
        Self::Conditional,
        Self::Unresolved,
        Self::ImplicitlyDenied,
        Self::ExplicitlyDenied,
    ];

    /// The name used in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Conditional => "conditional",
            Self::Unresolved => "unresolved",
            Self::ImplicitlyDenied => "implicitly-denied",
            Self::ExplicitlyDenied => "explicitly-denied",
        }
    }

    /// How sure the answer is: `certain`, `conditional` or `unresolved`.
    pub const fn certainty(self) -> &'static str {
        match self {
            Self::Allowed | Self::ImplicitlyDenied | Self::ExplicitlyDenied => "certain",
            Self::Conditional => "conditional",
            Self::Unresolved => "unresolved",
        }
    }
}

/// The part that a policy plays for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// It is the principal's own, or a group's that it is in.
    Identity,
    /// It caps the principal.
    Boundary,
    /// It was passed when the session began.
    Session,
    /// It is the resource's.
    Resource,
    /// It says who may assume the role.
    Trust,
    /// It caps the principals of accounts.
    ServiceControl,
    /// It caps what may be done to resources of accounts.
    ResourceControl,
    /// It is that of the network endpoint that the request goes through.
    Endpoint,
}

impl Layer {
    /// The name used in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Resource => "resource policy",
            Self::Trust => "trust policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::Endpoint => "endpoint policy",
        }
    }
}

/// A statement that decides, or would if its conditions were known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DecidingStatement {
    /// What its policy is to the request.
    pub layer: Layer,
    /// The policy's id or name.
    pub policy: Str,
    /// The id of the version that was read: `v3`.
    pub version: Option<Str>,
    /// The `Sid`, or `Statement[2]`.
    pub statement: Str,
    /// Gives or takes away.
    pub effect: Effect,
    /// Condition keys that it depends on.
    pub conditions: BTreeSet<Str>,
    /// Where it was read.
    pub evidence: Option<Evidence>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What the request comes to.
    pub outcome: Answer,
    /// Condition keys that it depends on.
    pub conditions: BTreeSet<Str>,
    /// Documents that it depends on and that were not read.
    pub missing: BTreeSet<Str>,
    /// What was taken for granted where nothing says otherwise.
    pub assumptions: BTreeSet<Str>,
    /// The statements that decide.
    pub deciding: Vec<DecidingStatement>,
    /// Why, in a sentence or two.
    pub explanation: String,
}

/// One principal's answer among those of an estate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalDecision {
    /// The principal's id.
    pub principal: Str,
    /// Its answer.
    pub decision: Decision,
    /// Roles that it assumes first, in order; empty where it needs none.
    pub through: Vec<Str>,
}
