//! The nouns: plain data that every stage is handed, one file each.
//!
//! Nothing here does I/O, knows a file format or a platform's rules, or is serialised directly (the
//! wire form lives in [`crate::snapshot`]). This module imports nothing else of ours.
//!
//! Strings that repeat (paths, ids, names) are [`Str`]: reference-counted, so that an inventory of
//! hundreds of thousands of facts shares them.

mod id;

pub mod encoding;

pub mod set;

pub mod origin;

pub mod pointer;

pub mod time;

pub mod secret;

pub mod identity;

pub mod certificate;

pub mod claim;

pub mod credential;

pub mod policy;

pub mod trust;

pub mod workload;

pub mod job;

pub mod secret_use;

pub mod resource;

pub mod organization;

pub mod identity_center;

pub mod provider;

pub mod usage;

pub mod unused;

pub mod analyzer;

pub mod owner;

pub mod spelling;

pub mod attribution;

pub mod container;

pub mod catalog;

pub mod codeowners;

pub mod roster;

pub mod party;

pub mod date_field;

mod date_text;

mod typography;

pub mod deployment;

pub mod registry;

pub mod registration;

pub mod vendor;

pub mod facts;

pub mod inventory;

pub mod privilege;

pub mod decision;

pub mod ownership;

pub mod finding;

pub mod waiver;

pub mod commit;

pub mod coverage;

pub mod change;

pub use analyzer::AnalyzerFinding;
pub use attribution::{Attribution, Method};
pub use catalog::{CatalogEntity, CatalogSource, Tie};
pub use certificate::Certificate;
pub use change::{Bearing, ChangeKind};
pub use claim::{Claim, ClaimName, Claims, ImpliedTier, JoinForm, JoinKey, JoinRule};
pub use codeowners::{Codeowners, CodeownersDialect, CodeownersRule};
pub use commit::Commit;
pub use container::{Container, ContainerKind};
pub use coverage::{Coverage, HistoryCoverage, OwnerHistory, Problem, ProblemKind};
pub use credential::{
    Credential, CredentialId, CredentialLink, CredentialStatus, Exposure, ONLY_PUBLIC_HALF, STORED,
};
pub use date_field::{DateField, Review};
pub use decision::{Answer, DecidingStatement, Decision, Layer, PrincipalDecision};
pub use deployment::Deployment;
pub use encoding::Wide;
pub use facts::Facts;
pub use finding::{CheckSummary, Confidence, Finding, Outcome, Severity, SubjectId};
pub use identity::{
    Humanity, Identity, IdentityId, IdentityKind, Label, LabelSource, Platform, Presence, Token,
    UNREAD_MODULE,
};
pub use identity_center::{Assignment, DirectoryEntry, PermissionSet};
pub use inventory::{Assessed, Inventory};
pub use job::{Assumed, Job, Used};
pub use organization::{ControlListing, ControlTarget, OrgNode, OrgNodeKind};
pub use origin::{Document, Evidence, Origin, Probe, Repository};
pub use owner::Owner;
pub use ownership::{Ownership, OwnershipState};
pub use party::{Party, PartyStanding, Sameness};
pub use pointer::{Place, Pointer};
pub use policy::{
    AggregationTerm, Effect, Entitlement, EntitlementRole, IamRule, Matcher, Membership, Policy,
    PolicyId, PolicyKind, RbacRule, Rule, RuleBody, Scope,
};
pub use privilege::{
    Breadth, Capability, Certainty, Goal, Hop, Path, Privilege, Proof, Reach, Tier,
};
pub use provider::{Federation, IdentityProvider};
pub use registration::{Gap, GapKind, Reconciled, Registration, RegistrationState};
pub use registry::{Accountability, RegistryEntry, Selector};
pub use resource::ResourceStatement;
pub use roster::{Alias, Person, Team};
pub use secret::{Fingerprint, Fingerprinter, Secret};
pub use secret_use::SecretUse;
pub use set::Set;
pub use spelling::Spelling;
pub use time::{Moment, Timestamp};
pub use trust::{TokenGrade, Trust, TrustPrincipal};
pub use unused::{Proposal, ServiceUse, Unused};
pub use usage::{Granularity, Usage, UsageWindow};
pub use vendor::{Contract, ContractState, DataCategory, Supplier, Vendor, VendorTie};
pub use waiver::{Allow, PathRule, Waiver, WaiverScope};
pub use workload::Workload;

/// A shared, immutable string.
pub type Str = std::sync::Arc<str>;
