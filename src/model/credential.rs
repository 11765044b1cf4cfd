//! Credentials: what authenticates as an identity, known or not yet known.

use super::id::natural_id;
use super::identity::merge_option;
use super::{
    Claims, Commit, Confidence, Evidence, Fingerprint, IdentityId, ImpliedTier, JoinKey, Moment,
    Str, Timestamp,
};
use std::collections::BTreeSet;

natural_id! {
    /// The natural id of a credential: the issuer's where there is one (`aws:access-key:AKIA…`,
    /// `k8s:secret:<cluster>/<namespace>/<name>`), else `secret:<fingerprint>`.
    CredentialId
}

/// Whether the issuer accepts the credential. Ordered for merging: the most alive wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CredentialStatus {
    /// No source says.
    #[default]
    Unknown,
    /// The issuer lists it as expired.
    Expired,
    /// The issuer lists it as switched off.
    Inactive,
    /// The issuer lists it as usable.
    Active,
}

impl CredentialStatus {
    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Inactive => "inactive",
            Self::Active => "active",
        }
    }
}

/// The reason that an exposure carries when only the issuer's public id stands there, and not the secret:
/// worth knowing, but nobody can sign in with it.
pub const ONLY_PUBLIC_HALF: &str = "only the key id is here, not the secret";

/// How the kinds begin of credentials of which only the place where they are kept is known, not the sort:
/// `stored-password`.
pub const STORED: &str = "stored-";

/// One place where the credential's value (or its issuer's id next to the value) stands in the open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exposure {
    /// Where.
    pub evidence: Evidence,
    /// How sure the detector is that this is a real credential.
    pub confidence: Confidence,
    /// What raised or lowered the confidence: `checksum valid`, `path is a test`.
    pub reasons: BTreeSet<Str>,
    /// The environment that the place belongs to, as its path tells: `prod`, `staging`, `dev`, `test`.
    pub environment: Option<Str>,
    /// Whether it stands there now: in a file that was scanned, not only in the history of one.
    pub in_tree: bool,
    /// The commit that brought it in, where history tells.
    pub introduced: Option<Commit>,
    /// The commit that took it out, where no branch and no tag holds it there any more.
    pub removed: Option<Commit>,
}

impl Exposure {
    /// A place in a file as it is now, of which no history is known.
    pub fn in_tree(
        evidence: Evidence,
        confidence: Confidence,
        reasons: BTreeSet<Str>,
        environment: Option<Str>,
    ) -> Self {
        Self {
            evidence,
            confidence,
            reasons,
            environment,
            in_tree: true,
            introduced: None,
            removed: None,
        }
    }
}

/// The identity a credential authenticates as, and how that was concluded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialLink {
    /// The identity.
    pub identity: IdentityId,
    /// How: `access key listing names the user`, `annotation kubernetes.io/service-account.name`.
    pub basis: Str,
    /// Where that is said.
    pub evidence: Evidence,
}

/// Something that authenticates as an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Natural id.
    pub id: CredentialId,
    /// Kind, as the detector's rule or the reader names it: `aws-access-key`, `slack-bot-token`.
    pub kind: Str,
    /// Who issued it: `aws`, `github`, `slack`; `unknown` for generic passwords.
    pub issuer: Str,
    /// What to call the kind in a sentence: `AWS access key`.
    pub title: Str,
    /// The account, cluster or tenant it belongs to, where the credential itself or an export tells.
    pub account: Option<Str>,
    /// The identities it authenticates as, with the basis.
    pub links: BTreeSet<CredentialLink>,
    /// Whether the issuer accepts it.
    pub status: CredentialStatus,
    /// When it was created or last rotated.
    pub created: Option<Timestamp>,
    /// When it ends.
    pub expires: Moment,
    /// When it was last used.
    pub last_used: Moment,
    /// What may be shown of the value, or the issuer's public id.
    pub display: Option<Str>,
    /// Keyed digest of the value, where the value was seen.
    pub fingerprint: Option<Fingerprint>,
    /// Where the value stands in the open.
    pub exposures: BTreeSet<Exposure>,
    /// Where an export lists it or a manifest declares it.
    pub records: BTreeSet<Evidence>,
    /// For how long it is good, in seconds, where its declaration says.
    pub lifetime: Option<i64>,
    /// What replaces it on a schedule, where its declaration says: `keepers follow time_rotating`.
    pub rotation: Option<Str>,
    /// Where to revoke it: a page or a command.
    pub revocation: Option<Str>,
    /// What it says about itself, or what its listing says in the same words.
    pub claims: Claims,
    /// What it may do by its own account or by its kind, whoever holds it.
    pub implied_tier: ImpliedTier,
    /// By what it and its entry in a listing are brought together; never reported.
    pub join_keys: BTreeSet<JoinKey>,
    /// What is notable about how it is kept, by the name that checks ask for: `encrypted`, `plain`.
    pub traits: BTreeSet<Str>,
}

impl Credential {
    /// A new credential of which only id and kind are known.
    pub fn new(
        id: CredentialId,
        kind: impl Into<Str>,
        issuer: impl Into<Str>,
        title: impl Into<Str>,
    ) -> Self {
        Self {
            id,
            kind: kind.into(),
            issuer: issuer.into(),
            title: title.into(),
            account: None,
            links: BTreeSet::new(),
            status: CredentialStatus::Unknown,
            created: None,
            expires: Moment::Unknown,
            last_used: Moment::Unknown,
            display: None,
            fingerprint: None,
            exposures: BTreeSet::new(),
            records: BTreeSet::new(),
            lifetime: None,
            rotation: None,
            revocation: None,
            claims: Claims::default(),
            implied_tier: ImpliedTier::default(),
            join_keys: BTreeSet::new(),
            traits: BTreeSet::new(),
        }
    }

    /// The identity it authenticates as, when known.
    pub fn identity(&self) -> Option<&IdentityId> {
        self.links.first().map(|link| &link.identity)
    }

    /// The highest confidence of any exposure.
    pub fn confidence(&self) -> Option<Confidence> {
        self.exposures.iter().map(|e| e.confidence).max()
    }

    /// Takes over what another record of the same credential knows. The id stays.
    pub fn merge(&mut self, other: Self) {
        // What only the place tells gives way to what the value itself tells.
        let placed = |kind: &Str| kind.starts_with(STORED);
        let (mine, theirs) = (
            (placed(&self.kind), &self.kind, &self.issuer, &self.title),
            (
                placed(&other.kind),
                &other.kind,
                &other.issuer,
                &other.title,
            ),
        );
        if theirs < mine {
            self.kind = other.kind;
            self.issuer = other.issuer;
            self.title = other.title;
        }
        merge_option(&mut self.account, other.account, std::cmp::min);
        self.links.extend(other.links);
        self.status = self.status.max(other.status);
        merge_option(&mut self.created, other.created, std::cmp::max);
        self.expires.merge(other.expires);
        self.last_used.merge(other.last_used);
        merge_option(&mut self.display, other.display, std::cmp::min);
        merge_option(&mut self.fingerprint, other.fingerprint, std::cmp::min);
        self.exposures.extend(other.exposures);
        self.records.extend(other.records);
        merge_option(&mut self.lifetime, other.lifetime, std::cmp::max);
        merge_option(&mut self.rotation, other.rotation, std::cmp::min);
        merge_option(&mut self.revocation, other.revocation, std::cmp::min);
        self.claims.merge(other.claims);
        if self.implied_tier < other.implied_tier {
            self.implied_tier = other.implied_tier;
        }
        self.traits.extend(other.traits);
        self.join_keys.extend(other.join_keys);
        // The first in order are kept, so that merging in any order comes to the same.
        while self.join_keys.len() > JoinKey::MOST {
            self.join_keys.pop_last();
        }
    }
}
