//! What the registry says beside what was found: both ways, with what is missing.

use super::{IdentityId, RegistryEntry, Str};
use std::collections::{BTreeMap, BTreeSet};

/// How what is declared and what was found meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegistrationState {
    /// Declared and found.
    Both,
    /// Declared, and not found where it would have been.
    DeclaredOnly,
    /// Found, and not declared.
    FoundOnly,
    /// Declared; nothing that was read could show it.
    #[default]
    NotEvaluable,
}

impl RegistrationState {
    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::DeclaredOnly => "declared-only",
            Self::FoundOnly => "found-only",
            Self::NotEvaluable => "not-evaluable",
        }
    }
}

macro_rules! gaps {
    ($($name:ident $text:literal $doc:literal;)*) => {
        /// What is missing or amiss between the registry and what was found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum GapKind {
            $(#[doc = $doc] $name,)*
        }

        impl GapKind {
            /// All, in the order in which they are listed.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name used in reports and checks.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

gaps! {
    EntryMissing "entry-missing" "No entry speaks of it, and one should.";
    EntryRepeated "entry-repeated" "Another entry has the same id.";
    OwnerMissing "owner-missing" "No owner.";
    OwnerDiffers "owner-differs" "Its labels name another owner.";
    BackupOwnerMissing "backup-owner-missing" "Nobody answers when the owner does not.";
    BackupOwnerSame "backup-owner-same" "The second owner is the first.";
    PurposeMissing "purpose-missing" "It is not said what it is for.";
    PurposeGeneric "purpose-generic" "The purpose says nothing: `test`, `support`, a word or two.";
    EnvironmentMissing "environment-missing" "No environment.";
    EnvironmentDiffers "environment-differs" "Its labels, or those around it, say another environment.";
    TenantsMissing "tenants-missing" "It is not said whose data it may touch.";
    AccountabilityIncomplete "accountability-incomplete" "Workflow owner, policy owner or operator is not named.";
    AccountabilityCollapsed "accountability-collapsed" "Workflow owner, policy owner and operator are one person.";
    DataCategoriesMissing "data-categories-missing" "It is not said which data it may touch.";
    ApproverMissing "approver-missing" "Nobody approved it.";
    ExpiryAbsent "expiry-absent" "No end is given.";
    ExpiryEmpty "expiry-empty" "The field for the end is empty.";
    ExpiryAmbiguous "expiry-ambiguous" "The end can be read in two ways.";
    ExpiryMalformed "expiry-malformed" "The end is not a date.";
    ExpiryPast "expiry-past" "The end is past.";
    ReviewAbsent "review-absent" "No review date.";
    ReviewEmpty "review-empty" "The field for the review date is empty.";
    ReviewAmbiguous "review-ambiguous" "The review date can be read in two ways.";
    ReviewMalformed "review-malformed" "The review date is not a date.";
    ReviewOverdue "review-overdue" "The review date is past.";
    RevocationMissing "revocation-missing" "It is not said how it is revoked.";
    RevocationUntested "revocation-untested" "It is not said when its revocation was tried.";
    RevocationTestUnreadable "revocation-test-unreadable" "The date of the trial of its revocation cannot be read.";
    RevocationTestOld "revocation-test-old" "Its revocation was last tried more than a year ago.";
    PrivilegeBeyondApproval "privilege-beyond-approval" "Its privilege is higher than was approved.";
    ActionsBeyondApproval "actions-beyond-approval" "It is granted actions beyond those that it is meant to do.";
    AttestationMissing "attestation-missing" "Nobody confirmed the entry.";
    AttestationUnreadable "attestation-unreadable" "The date of its confirmation cannot be read.";
    AttestationStale "attestation-stale" "The entry was last confirmed more than a year ago.";
}

/// One gap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gap {
    /// Which.
    pub kind: GapKind,
    /// What in particular, where the kind does not say all.
    pub detail: Option<Str>,
}

/// How an entry or an identity stands between the registry and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// The state.
    pub state: RegistrationState,
    /// Of what no entry speaks of: whether one should.
    pub needs_entry: bool,
    /// What is missing or amiss, in the order of [`GapKind::ALL`].
    pub gaps: BTreeSet<Gap>,
    /// What could not be told for want of a source.
    pub open: BTreeSet<GapKind>,
    /// Of an entry: how many existing identities it speaks of.
    pub matched: usize,
    /// Of an entry: whether exports were read that could show what it speaks of.
    pub covered: bool,
}

impl Registration {
    /// What is said of a gap, where it is one.
    pub fn gap(&self, kind: GapKind) -> Option<&Gap> {
        self.gaps.iter().find(|gap| gap.kind == kind)
    }

    /// Adds a gap.
    pub fn add(&mut self, kind: GapKind, detail: Option<String>) {
        let detail = detail.map(Str::from);
        self.gaps.insert(Gap { kind, detail });
    }
}

/// The registry beside what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Every entry.
    pub entries: BTreeMap<RegistryEntry, Registration>,
    /// Every existing identity, and every other that an entry speaks of; empty when no registry was read.
    pub identities: BTreeMap<IdentityId, Registration>,
}
