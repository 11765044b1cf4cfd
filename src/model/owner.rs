//! Owners and the claims that name them.

use super::{Confidence, Evidence, Str, SubjectId, Timestamp};
use std::collections::BTreeSet;
use std::fmt;

/// Who answers for an identity, normalised so that every spelling of a party is one value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// `team:payments`, `team:acme/payments`.
    Team(Str),
    /// `user:jdoe`.
    User(Str),
    /// `mail:jane@example.com`.
    Mail(Str),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Team(name) => write!(f, "team:{name}"),
            Self::User(name) => write!(f, "user:{name}"),
            Self::Mail(address) => write!(f, "mail:{address}"),
        }
    }
}

/// How a claim of ownership was made, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// An entry of the identity registry.
    Registry,
    /// A tag, label or annotation on the identity itself.
    Label,
    /// The owner of its namespace or account.
    Container,
    /// A service catalog.
    Catalog,
    /// The CODEOWNERS entry for the file that declares it.
    Codeowners,
    /// The author of the commit that brought it in.
    CommitAuthor,
}

impl Method {
    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Label => "label",
            Self::Container => "container",
            Self::Catalog => "catalog",
            Self::Codeowners => "codeowners",
            Self::CommitAuthor => "commit-author",
        }
    }

    /// Whether somebody declared the ownership, rather than it being inferred.
    pub const fn declared(self) -> bool {
        !matches!(self, Self::CommitAuthor)
    }

    /// How much such a claim is worth.
    pub const fn confidence(self) -> Confidence {
        match self {
            Self::Registry | Self::Label => Confidence::High,
            Self::Container | Self::Catalog | Self::Codeowners => Confidence::Medium,
            Self::CommitAuthor => Confidence::Low,
        }
    }
}

/// A claim that a party owns a subject. The order puts the strongest claim first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attribution {
    /// How the claim was made.
    pub method: Method,
    /// Whose.
    pub subject: SubjectId,
    /// Who.
    pub owner: Owner,
    /// The spelling in the source.
    pub raw: Str,
    /// When the claim was made, where the source says.
    pub as_of: Option<Timestamp>,
    /// Where it was read.
    pub evidence: Evidence,
}

/// A namespace or an account, whose labels speak for what is inside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Container {
    /// `k8s:<cluster>/<namespace>` or `aws:<account>`.
    pub id: Str,
    /// Its labels.
    pub labels: BTreeSet<super::Label>,
    /// Where it was read.
    pub evidence: Evidence,
}

/// One line of a CODEOWNERS file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeownersRule {
    /// The pattern as written.
    pub pattern: Str,
    /// The owners as written; none means explicitly unowned.
    pub owners: Vec<Str>,
    /// Line, 1-based.
    pub line: u32,
}

/// A CODEOWNERS file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Codeowners {
    /// The directory its patterns are relative to, written as the paths of this scan are; `""` for the
    /// scan's working directory. Ends in `/` otherwise.
    pub root: Str,
    /// Which of the host's places it was found in; the lowest is the one that counts.
    pub rank: u8,
    /// The lines, in order: the last match wins.
    pub rules: Vec<CodeownersRule>,
    /// The file.
    pub evidence: Evidence,
}

/// A Backstage entity that owns or is owned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CatalogEntity {
    /// `component:default/payments-api`, lower case.
    pub reference: Str,
    /// `Component`, `Resource`, `System`, …
    pub kind: Str,
    /// `metadata.name`.
    pub name: Str,
    /// `spec.owner` as written.
    pub owner: Option<Str>,
    /// Reference of the entity whose owner is inherited (`spec.system`, then `spec.domain`).
    pub parent: Option<Str>,
    /// Annotations and other keys that tie the entity to what it runs as: an ARN, a Kubernetes
    /// namespace or id, a repository slug.
    pub annotations: BTreeSet<(Str, Str)>,
    /// The directory of the file, ending in `/` unless empty; what is declared below it belongs to it.
    pub directory: Str,
    /// Where it was read.
    pub evidence: Evidence,
}

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

/// The author of the last commit that changed a file: a hint at an owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileAuthor {
    /// The file, written as the paths of this scan are.
    pub path: Str,
    /// Name, after `.mailmap`.
    pub name: Str,
    /// Address, lower case.
    pub mail: Str,
    /// When the commit was made.
    pub when: Timestamp,
    /// The commit.
    pub commit: Str,
}
