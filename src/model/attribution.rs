//! Claims that a party owns something: who, by what source, where.

use super::{Confidence, Evidence, Owner, Str, SubjectId, Timestamp};

/// How a claim of ownership was made, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// An entry of the identity registry.
    Registry,
    /// A tag, label, annotation or field for owners on the identity itself.
    Label,
    /// An owner or sponsor that the platform's directory records: Entra owners and sponsors, Okta owner ids.
    Provider,
    /// The code that defines it: a module's argument, a provider's default tags.
    Definition,
    /// The owner of its namespace, stack, project or account.
    Container,
    /// A service catalog.
    Catalog,
    /// The CODEOWNERS entry for the file that declares it.
    Codeowners,
    /// The CODEOWNERS entry for the path that a deployer (Helm, Argo CD, Flux) deploys it from.
    Deployer,
    /// A configuration management database.
    Cmdb,
    /// Who created it, as a record of the platform or an `added_by` field says.
    Creator,
    /// The team that is on call for it.
    OnCall,
    /// The authors of the commits that brought it in and kept it up.
    CommitAuthor,
    /// The author or maintainer that a package's or chart's manifest beside it names.
    Package,
    /// The part of the organisation that it is in: nobody in particular answers there.
    Unit,
    /// A part of its name that is a party's name.
    NamePattern,
}

impl Method {
    /// All, strongest first.
    pub const ALL: [Self; 15] = [
        Self::Registry,
        Self::Label,
        Self::Provider,
        Self::Definition,
        Self::Container,
        Self::Catalog,
        Self::Codeowners,
        Self::Deployer,
        Self::Cmdb,
        Self::Creator,
        Self::OnCall,
        Self::CommitAuthor,
        Self::Package,
        Self::Unit,
        Self::NamePattern,
    ];

    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Label => "label",
            Self::Provider => "provider",
            Self::Definition => "definition",
            Self::Container => "container",
            Self::Catalog => "catalog",
            Self::Codeowners => "codeowners",
            Self::Deployer => "deployer",
            Self::Cmdb => "cmdb",
            Self::Creator => "creator",
            Self::OnCall => "on-call",
            Self::CommitAuthor => "commit-author",
            Self::Package => "package",
            Self::Unit => "unit",
            Self::NamePattern => "name-pattern",
        }
    }

    /// Whether somebody declared the ownership, rather than it being inferred. Only declared claims close a gap.
    pub const fn declared(self) -> bool {
        matches!(self.confidence(), Confidence::High | Confidence::Medium)
    }

    /// How much such a claim is worth.
    pub const fn confidence(self) -> Confidence {
        match self {
            Self::Registry | Self::Label | Self::Provider => Confidence::High,
            Self::Definition
            | Self::Container
            | Self::Catalog
            | Self::Codeowners
            | Self::Deployer
            | Self::Cmdb => Confidence::Medium,
            Self::Creator
            | Self::OnCall
            | Self::CommitAuthor
            | Self::Package
            | Self::Unit
            | Self::NamePattern => Confidence::Low,
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
    /// How closely the claim speaks of the subject among claims of its method; 0 is most.
    pub rank: u32,
    /// Who.
    pub owner: Owner,
    /// The spelling in the source.
    pub raw: Str,
    /// When the claim was made, where the source says.
    pub as_of: Option<Timestamp>,
    /// Where it was read.
    pub evidence: Evidence,
    /// What a sentence says of the owner to tell why, where the method alone does not: "wrote 7 of the 9 commits
    /// to its file since 2026-03-02, the last on 2026-10-05".
    pub why: Option<Str>,
}
