//! Changes: the one vocabulary in which two sides of anything are compared.

/// What changed. The order is that of reports: what to look at first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// A credential stands in the open in a place where it did not.
    CredentialLeaked,
    /// The privilege tier is higher.
    TierRose,
    /// A capability was gained.
    CapabilityGained,
    /// More parties may become the identity, or on weaker conditions.
    TrustWidened,
    /// It reaches more accounts, clusters, namespaces or other identities.
    ReachWidened,
    /// It had an owner and has none.
    OwnerLost,
    /// It had an owner, and now declared sources disagree.
    OwnerDisputed,
    /// An end was taken away.
    ExpiryRemoved,
    /// An end was moved to a later time.
    ExpiryExtended,
    /// A credential that was switched off or expired is usable again.
    CredentialRevived,
    /// An identity that was switched off can act again.
    IdentityEnabled,
    /// It may touch another tenant.
    TenantAdded,
    /// An identity that was not there.
    IdentityAppeared,
    /// A credential that was not there.
    CredentialAdded,
    /// The owner is another party.
    OwnerChanged,
    /// The tier was unknown and is known.
    TierKnown,
    /// The tier was known and is not, or only a lower bound of it is. Not a fall.
    TierUnknown,
    /// There was an owner, and no source that could name one was read. Not a loss.
    OwnerUnknown,
    /// There was a known end, and no source says any more. Not a removal.
    ExpiryUnknown,
    /// The identity is not there, but neither is the source that told of it.
    IdentityUnseen,
    /// The credential is not there, but neither is the source that told of it.
    CredentialUnseen,
    /// A credential was replaced by a new one, or renewed.
    CredentialRotated,
    /// The privilege tier is lower.
    TierFell,
    /// A capability was lost.
    CapabilityLost,
    /// Fewer parties may become the identity, or on stronger conditions.
    TrustNarrowed,
    /// It reaches less.
    ReachNarrowed,
    /// It has an owner now.
    OwnerGained,
    /// An end was set where there was none.
    ExpirySet,
    /// An end was moved to an earlier time.
    ExpiryShortened,
    /// A credential was switched off or expired.
    CredentialDisabled,
    /// The issuer lists the credential no more.
    CredentialRemoved,
    /// A credential's value is gone from a place. Whether it was revoked is another question.
    ExposureRemoved,
    /// An identity was switched off.
    IdentityDisabled,
    /// It may not touch a tenant any more.
    TenantRemoved,
    /// An identity is gone; the source that told of it was read.
    IdentityVanished,
}

/// Which way a change points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bearing {
    /// Risk went up.
    Worse,
    /// Neither, or it cannot be told.
    Neutral,
    /// Risk went down.
    Better,
}

impl Bearing {
    /// The name used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Neutral => "neutral",
            Self::Better => "better",
        }
    }
}

impl ChangeKind {
    /// All kinds, in order.
    pub const ALL: [Self; 35] = [
        Self::CredentialLeaked,
        Self::TierRose,
        Self::CapabilityGained,
        Self::TrustWidened,
        Self::ReachWidened,
        Self::OwnerLost,
        Self::OwnerDisputed,
        Self::ExpiryRemoved,
        Self::ExpiryExtended,
        Self::CredentialRevived,
        Self::IdentityEnabled,
        Self::TenantAdded,
        Self::IdentityAppeared,
        Self::CredentialAdded,
        Self::OwnerChanged,
        Self::TierKnown,
        Self::TierUnknown,
        Self::OwnerUnknown,
        Self::ExpiryUnknown,
        Self::IdentityUnseen,
        Self::CredentialUnseen,
        Self::CredentialRotated,
        Self::TierFell,
        Self::CapabilityLost,
        Self::TrustNarrowed,
        Self::ReachNarrowed,
        Self::OwnerGained,
        Self::ExpirySet,
        Self::ExpiryShortened,
        Self::CredentialDisabled,
        Self::CredentialRemoved,
        Self::ExposureRemoved,
        Self::IdentityDisabled,
        Self::TenantRemoved,
        Self::IdentityVanished,
    ];

    /// The name used in snapshots and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CredentialLeaked => "credential-leaked",
            Self::TierRose => "tier-rose",
            Self::CapabilityGained => "capability-gained",
            Self::TrustWidened => "trust-widened",
            Self::ReachWidened => "reach-widened",
            Self::OwnerLost => "owner-lost",
            Self::OwnerDisputed => "owner-disputed",
            Self::ExpiryRemoved => "expiry-removed",
            Self::ExpiryExtended => "expiry-extended",
            Self::CredentialRevived => "credential-revived",
            Self::IdentityEnabled => "identity-enabled",
            Self::TenantAdded => "tenant-added",
            Self::IdentityAppeared => "identity-appeared",
            Self::CredentialAdded => "credential-added",
            Self::OwnerChanged => "owner-changed",
            Self::TierKnown => "tier-known",
            Self::TierUnknown => "tier-unknown",
            Self::OwnerUnknown => "owner-unknown",
            Self::ExpiryUnknown => "expiry-unknown",
            Self::IdentityUnseen => "identity-unseen",
            Self::CredentialUnseen => "credential-unseen",
            Self::CredentialRotated => "credential-rotated",
            Self::TierFell => "tier-fell",
            Self::CapabilityLost => "capability-lost",
            Self::TrustNarrowed => "trust-narrowed",
            Self::ReachNarrowed => "reach-narrowed",
            Self::OwnerGained => "owner-gained",
            Self::ExpirySet => "expiry-set",
            Self::ExpiryShortened => "expiry-shortened",
            Self::CredentialDisabled => "credential-disabled",
            Self::CredentialRemoved => "credential-removed",
            Self::ExposureRemoved => "exposure-removed",
            Self::IdentityDisabled => "identity-disabled",
            Self::TenantRemoved => "tenant-removed",
            Self::IdentityVanished => "identity-vanished",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Which way it points.
    pub fn bearing(self) -> Bearing {
        // The order of the kinds already tells.
        if self <= Self::TenantAdded {
            Bearing::Worse
        } else if self < Self::TierFell {
            Bearing::Neutral
        } else {
            Bearing::Better
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_listed_in_order_with_names_of_their_own() {
        assert!(ChangeKind::ALL.is_sorted());
        for kind in ChangeKind::ALL {
            assert_eq!(ChangeKind::from_name(kind.as_str()), Some(kind));
        }
        assert_eq!(ChangeKind::TierRose.bearing(), Bearing::Worse);
        assert_eq!(ChangeKind::TierUnknown.bearing(), Bearing::Neutral);
        assert_eq!(ChangeKind::TierFell.bearing(), Bearing::Better);
    }
}
