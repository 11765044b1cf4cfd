//! Identities as conditions see them.

use super::{columns, container, days_ago, days_until, join, past, places, support};
use crate::check::accounts::Accounts;
use crate::check::estate::distinct;
use crate::check::grants::{Excess, describe};
use crate::check::schema::{
    Basis, CAPABILITY, CERTAINTY, CLAIM_METHOD, CONFIDENCE, CONTRACT, Column, DATE_STATE, HUMANITY,
    IDENTITY_KIND, OWNER_STATE, PLATFORM, REGISTRATION, REVIEW_SOURCE, REVIEW_STATE, Subject,
    SubjectKind, TIER, Type, word,
};
use crate::check::value::Value;
use crate::model::{
    Certainty, Confidence, Credential, CredentialStatus, DateField, Effect, Evidence, GapKind,
    Goal, Granularity, Hop, Identity, IdentityKind, Moment, Ownership, OwnershipState, Path,
    Platform, Presence, Privilege, Proof, Reach, Registration, RegistryEntry, Review, Str,
    SubjectId, Supplier, Tier, Timestamp, TrustPrincipal, Unused, VendorTie, Workload,
};
use crate::platform::aws::arn::Arn;
use std::sync::Arc;

/// An identity with what belongs to it.
pub(in crate::check) struct IdentityView<'a> {
    pub identity: &'a Identity,
    pub privilege: Option<&'a Privilege>,
    pub ownership: Option<&'a Ownership>,
    pub review: Option<&'a Review>,
    pub entries: &'a [RegistryEntry],
    pub credentials: Vec<&'a Credential>,
    pub workloads: Vec<&'a Workload>,
    /// Names of the policies it holds itself.
    pub policies: Vec<&'a str>,
    pub becomes_missing: Option<bool>,
    /// Its account's access keys were listed.
    pub keys_listed: bool,
    pub registry_present: bool,
    /// How it stands to the registry.
    pub registration: Option<&'a Registration>,
    /// The vendors that hold it.
    pub ties: &'a [VendorTie],
    /// All vendors, by id.
    pub suppliers: &'a [Supplier],
    pub accounts: &'a Accounts<'a>,
    pub now: Timestamp,
}

/// How many places of paths a finding names.
const MOST_HOPS: usize = 20;

/// What stands between the identity and whom it is to become; empty when nothing is known to.
fn becomes_fault(view: &IdentityView<'_>) -> String {
    let refused = view.privilege.map(|p| &p.shut_out);
    match refused.and_then(|refused| refused.first()) {
        Some(role) => {
            let name = role.0.rsplit('/').next().unwrap_or(&role.0);
            format!("the trust policy of {name} does not let it in")
        }
        None if view.becomes_missing == Some(true) => {
            "the export of that account lists no such role".to_owned()
        }
        None => String::new(),
    }
}

/// The kind.
pub(in crate::check) struct OfIdentity;

impl Subject for OfIdentity {
    type View<'a> = IdentityView<'a>;

    const KIND: SubjectKind = SubjectKind::Identity;

    fn table() -> &'static [Column<Self>] {
        TABLE
    }

    fn id(view: &IdentityView<'_>) -> SubjectId {
        SubjectId::Identity(view.identity.id.clone())
    }

    fn name(view: &IdentityView<'_>) -> Str {
        view.identity.name.clone()
    }

    fn evidence<'a>(view: &'a IdentityView<'a>, basis: Basis) -> Vec<&'a Evidence> {
        match basis {
            Basis::Privilege => view
                .privilege
                .and_then(|p| p.proof.as_ref())
                .map_or_else(Vec::new, |proof| proof_evidence(proof)),
            Basis::Wildcard => view
                .privilege
                .and_then(|p| p.wildcard.as_ref())
                .map_or_else(Vec::new, |proof| proof_evidence(proof)),
            Basis::Grants => view.accounts.grants.evidence(&view.identity.id),
            Basis::Paths => view
                .privilege
                .map_or(&[][..], |p| &p.paths)
                .iter()
                .flat_map(|path| path.hops.iter().filter_map(|hop| hop.evidence.as_ref()))
                .take(MOST_HOPS)
                .collect(),
            Basis::Exposure => exposures(view).collect(),
            Basis::Ownership => view
                .ownership
                .map_or(&[][..], |o| &o.claims)
                .iter()
                .map(|c| &c.evidence)
                .collect(),
            Basis::Declaration => {
                let review = view.review.map(|r| &r.evidence);
                let entries = view.entries.iter().map(|e| &e.evidence);
                let own = review.filter(|own| view.entries.iter().all(|e| e.evidence != **own));
                own.into_iter().chain(entries).collect()
            }
            Basis::Credentials => view
                .credentials
                .iter()
                .flat_map(|c| c.records.iter().chain(c.links.iter().map(|l| &l.evidence)))
                .collect(),
            Basis::Workloads => view.workloads.iter().map(|w| &w.evidence).collect(),
            Basis::Usage => unused(view).map_or_else(Vec::new, |u| vec![&u.evidence]),
            Basis::Becomes => view.identity.becomes.iter().map(|(_, e)| e).collect(),
            Basis::Record | Basis::Identity | Basis::Code | Basis::Secrets => {
                let mut records: Vec<_> = view.identity.evidence.iter().collect();
                // A list of keys names the identity in passing; the record that describes it comes first.
                records.sort_by_key(|e| e.reader == "aws-access-keys");
                records
            }
        }
    }

    fn confidence(view: &IdentityView<'_>, basis: Basis) -> Confidence {
        let firm = |certainty: Certainty| match certainty {
            Certainty::Certain => Confidence::High,
            Certainty::Conditional | Certainty::Unresolved => Confidence::Medium,
        };
        match basis {
            Basis::Privilege => view
                .privilege
                .map_or(Confidence::High, |p| firm(p.certainty)),
            Basis::Wildcard => view
                .privilege
                .and_then(|p| p.wildcard.as_ref())
                .map_or(Confidence::High, |p| firm(p.certainty)),
            Basis::Exposure => leak_confidence(view).unwrap_or(Confidence::High),
            _ => Confidence::High,
        }
    }
}

/// Where a proof was read: the rule that grants first, then the way to it. Of a way over other accounts that is the
/// identity's own rule: what those hold is not what is wrong with it.
fn proof_evidence(proof: &Proof) -> Vec<&Evidence> {
    let rule = |hop: &Arc<Hop>| hop.what.starts_with("rules[");
    let own = proof.hops.iter().position(rule);
    let own = own.map_or(proof.hops.len(), |rule| rule.saturating_add(1));
    let (own, others) = proof
        .hops
        .split_at_checked(own)
        .unwrap_or((&proof.hops, &[]));
    own.iter()
        .rev()
        .chain(others)
        .filter_map(|h| h.evidence.as_ref())
        .collect()
}

/// A proof in words: the claim, and by what.
fn proof_text(proof: Option<&Proof>) -> Value<'_> {
    let Some(proof) = proof else {
        return Value::Unknown;
    };
    let hops: Vec<&str> = proof.hops.iter().map(|h| &*h.what).collect();
    if hops.is_empty() {
        Value::Text((&*proof.claim).into())
    } else {
        Value::owned(format!("{}, by {}", proof.claim, hops.join(" → ")))
    }
}

fn exposures<'v, 'a>(view: &'v IdentityView<'a>) -> impl Iterator<Item = &'a Evidence> + 'v {
    let all = view.credentials.iter().flat_map(|c| &c.exposures);
    all.map(|e| &e.evidence)
}

fn leak_confidence(view: &IdentityView<'_>) -> Option<Confidence> {
    view.credentials.iter().filter_map(|c| c.confidence()).max()
}

fn entry<'a>(view: &IdentityView<'a>) -> Option<&'a RegistryEntry> {
    view.entries.first()
}

/// The highest privilege, by rank; unknown when it could not be told.
pub(in crate::check) fn tier<'a>(view: &IdentityView<'a>) -> Value<'a> {
    view.privilege
        .map_or(Value::Unknown, |p| word(&TIER, p.tier.as_str()))
}

pub(in crate::check) fn own_tier<'a>(view: &IdentityView<'a>) -> Value<'a> {
    view.privilege
        .map_or(Value::Unknown, |p| word(&TIER, p.own_tier.as_str()))
}

pub(in crate::check) fn tier_proof<'a>(view: &IdentityView<'a>) -> Value<'a> {
    proof_text(view.privilege.and_then(|p| p.proof.as_deref()))
}

pub(in crate::check) fn name<'a>(view: &IdentityView<'a>) -> Value<'a> {
    Value::text(Some(&view.identity.name))
}

pub(in crate::check) fn human<'a>(view: &IdentityView<'a>) -> Value<'a> {
    word(&HUMANITY, view.identity.humanity.0.as_str())
}

pub(in crate::check) fn kind<'a>(view: &IdentityView<'a>) -> Value<'a> {
    word(&IDENTITY_KIND, view.identity.kind.as_str())
}

pub(in crate::check) fn provider_managed<'a>(view: &IdentityView<'a>) -> Value<'a> {
    Value::Bool(view.identity.provider_managed.is_some())
}

pub(in crate::check) fn owner_state<'a>(view: &IdentityView<'a>) -> Value<'a> {
    owner_state_of(view.ownership)
}

pub(in crate::check) fn owner_state_of<'a>(ownership: Option<&Ownership>) -> Value<'a> {
    ownership.map_or(Value::Unknown, |o| word(&OWNER_STATE, o.state.as_str()))
}

pub(in crate::check) fn owner<'a>(view: &IdentityView<'a>) -> Value<'a> {
    let owner = view.ownership.and_then(|o| o.owner.as_ref());
    Value::owned(owner.map(ToString::to_string).unwrap_or_default())
}

pub(in crate::check) fn purpose_stated<'a>(view: &IdentityView<'a>) -> Value<'a> {
    Value::Bool(view.entries.iter().any(|e| e.purpose.is_some()))
}

pub(in crate::check) fn ends<'a>(view: &IdentityView<'a>) -> Value<'a> {
    let at = |date: &DateField| matches!(date, DateField::At(_));
    Value::Bool(
        view.entries
            .iter()
            .any(|e| at(&e.expires) || at(&e.review_by)),
    )
}

pub(in crate::check) fn last_used_days<'a>(view: &IdentityView<'a>) -> Value<'a> {
    Value::int(days_ago(view.identity.last_used, view.now))
}

/// The state of a date in the registry.
pub(in crate::check) fn date_state<'a>(date: &DateField) -> Value<'a> {
    word(&DATE_STATE, date.state())
}

/// Whole days since a date of the registry; the day itself counts as zero.
pub(in crate::check) fn overdue<'a>(date: &DateField, now: Timestamp) -> Value<'a> {
    match date {
        DateField::At(t) => Value::Int(now.days_since(*t)),
        _ => Value::Unknown,
    }
}

pub(in crate::check) fn approved_tier<'a>(entry: &RegistryEntry) -> Value<'a> {
    let tier = entry.approved_tier.as_deref().map(str::trim);
    tier.map_or(Value::Unknown, |t| word(&TIER, &t.to_ascii_lowercase()))
}

fn active_keys(view: &IdentityView<'_>) -> Option<i64> {
    // Without a listing that speaks of keys, the absence of records says nothing.
    let holds_keys = matches!(
        view.identity.kind,
        IdentityKind::AwsUser | IdentityKind::AwsRoot
    );
    let known = view.keys_listed || !holds_keys;
    let keys: Vec<CredentialStatus> = view
        .credentials
        .iter()
        .filter(|c| &*c.issuer == "aws" && c.id.0.starts_with("aws:access-key:"))
        .map(|c| c.status)
        .collect();
    let active = keys
        .iter()
        .filter(|s| **s == CredentialStatus::Active)
        .count();
    if active > 0 || (known && !keys.contains(&CredentialStatus::Unknown)) {
        i64::try_from(active).ok()
    } else {
        None
    }
}

fn automounts(view: &IdentityView<'_>, workload: &Workload) -> bool {
    let mounts = workload.platform() == Platform::Kubernetes;
    mounts
        && workload
            .automount
            .or(view.identity.automount)
            .unwrap_or(true)
}

fn reaches(view: &IdentityView<'_>, of: fn(&Reach) -> bool) -> Option<i64> {
    let reach = &view.privilege?.reach;
    i64::try_from(reach.iter().filter(|r| of(r)).count()).ok()
}

fn has(view: &IdentityView<'_>, presence: Presence) -> Value<'static> {
    Value::Bool(view.identity.presence.contains(&presence))
}

fn group_of(name: &str) -> Option<&'static str> {
    match name {
        "system:unauthenticated" | "system:anonymous" => Some("anonymous"),
        "system:authenticated" => Some("authenticated"),
        _ => None,
    }
}

fn by_name(view: &IdentityView<'_>, group: &str) -> Value<'static> {
    Value::Bool(
        view.identity.platform == Platform::Kubernetes
            && group_of(&view.identity.name) == Some(group),
    )
}

/// What is said of a gap between it and its entry; empty where there is none, unknown where that cannot be told.
fn gap<'a>(view: &IdentityView<'a>, kind: GapKind) -> Value<'a> {
    let Some(registration) = view.registration.filter(|_| !view.entries.is_empty()) else {
        return Value::Unknown;
    };
    match registration.gap(kind) {
        Some(gap) => Value::text(gap.detail.as_deref()),
        None => Value::Unknown,
    }
}

/// Whether there is such a gap; unknown where no entry speaks of it or not all that it takes was read.
fn has_gap<'a>(view: &IdentityView<'a>, kind: GapKind) -> Value<'a> {
    let Some(registration) = view.registration.filter(|_| !view.entries.is_empty()) else {
        return Value::Unknown;
    };
    match registration.gap(kind) {
        Some(_) => Value::Bool(true),
        None if registration.open.contains(&kind) => Value::Unknown,
        None => Value::Bool(false),
    }
}

/// The vendor that holds it, the best known first.
fn supplier<'a>(view: &IdentityView<'a>) -> Option<&'a Supplier> {
    let tie = view.ties.first()?;
    let at = view.suppliers.binary_search_by(|s| s.id.cmp(&tie.vendor));
    view.suppliers.get(at.ok()?)
}

columns! { OfIdentity;
    "id": Type::Text, Record, |v| Value::text(Some(&v.identity.id.0)), "The natural id: an ARN, `k8s:<cluster>/<namespace>/<name>`.";
    "name": Type::Text, Record, name, "The name people use.";
    "platform": Type::Enum(&PLATFORM), Record, |v| word(&PLATFORM, v.identity.platform.as_str()), "The platform that authenticates it.";
    "kind": Type::Enum(&IDENTITY_KIND), Record, kind, "What sort of principal; `declared` is known only from a registry or catalog.";
    "account": Type::Text, Record, |v| Value::text(v.identity.account.as_deref()), "The account, cluster or tenant.";
    "namespace": Type::Text, Record, |v| Value::text(v.identity.namespace.as_deref()), "The Kubernetes namespace.";
    "declared": Type::Bool, Record, |v| has(v, Presence::Declared), "A manifest or infrastructure code declares it.";
    "observed": Type::Bool, Record, |v| has(v, Presence::Observed), "An export of the running system lists it.";
    "referenced": Type::Bool, Record, |v| has(v, Presence::Referenced), "A binding, trust or leaked key names it.";
    "exists": Type::Bool, Record, |v| Value::Bool(v.identity.presence.iter().any(|p| *p != Presence::Referenced)), "Declared or observed, rather than only referenced.";
    "human": Type::Enum(&HUMANITY), Record, human, "Whether a person acts through it.";
    "human.reason": Type::Text, Record, |v| Value::text(Some(&*v.identity.humanity.1).filter(|r| !r.is_empty())), "Why it is taken to be that.";
    "provider_managed": Type::Bool, Record, provider_managed, "It belongs to the platform's provider and the customer cannot change it.";
    "enabled": Type::Bool, Record, |v| Value::bool(v.identity.enabled), "Whether it can act at all; unknown when no source says.";
    "age_days": Type::Int, Record, |v| Value::int(v.identity.created.map(|t| v.now.days_since(t))), "Whole days since it was created.";
    "last_used_days": Type::Int, Record, last_used_days, "Whole days since it last acted; unknown when it never did or no source says.";
    "never_used": Type::Bool, Record, |v| Value::never(v.identity.last_used), "A source says that it never acted.";
    "expires_in_days": Type::Int, Record, |v| Value::int(days_until(v.identity.expires, v.now)), "Whole days until the identity itself ends; negative when past.";
    "never_expires": Type::Bool, Record, |v| Value::never(v.identity.expires), "A source says that it never ends.";
    "expired": Type::Bool, Record, |v| Value::bool(past(v.identity.expires, v.now)), "Its end is past.";
    "console_access": Type::Bool, Record, |v| Value::bool(v.identity.console_access), "A password lets somebody sign in interactively.";
    "mfa": Type::Bool, Record, |v| Value::bool(v.identity.mfa), "A second factor is enrolled.";
    "automount": Type::Bool, Record, |v| Value::bool(v.identity.automount), "`automountServiceAccountToken` of the ServiceAccount; unknown when it does not say.";
    "is_default": Type::Bool, Record, |v| Value::Bool(v.identity.kind == IdentityKind::KubernetesServiceAccount && &*v.identity.name == "default"), "The `default` ServiceAccount that every namespace has.";
    "anonymous": Type::Bool, Record, |v| by_name(v, "anonymous"), "Whoever does not sign in: `system:unauthenticated` or `system:anonymous`.";
    "authenticated": Type::Bool, Record, |v| by_name(v, "authenticated"), "Whoever signs in, by whatever means: `system:authenticated`.";
    "is_support": Type::Bool, Record, |v| Value::Bool(support::reason(v.identity, v.entries).is_some()), "It serves support work, as the registry's role, its name or a label says.";
    "is_support.reason": Type::Text, Record, |v| Value::owned(support::reason(v.identity, v.entries).unwrap_or_default()), "What says so.";
    "owner.state": Type::Enum(&OWNER_STATE), Ownership, owner_state, "Whose it is; unknown when no source that could name an owner was read.";
    "owner": Type::Text, Ownership, owner, "The declared owner; unknown when there is none.";
    "owner.suggestion": Type::Text, Ownership, |v| Value::owned(v.ownership.and_then(|o| o.suggestion.as_ref()).map(ToString::to_string).unwrap_or_default()), "Who could own it, when nobody is declared.";
    "owner.reason": Type::Text, Ownership, |v| Value::text(v.ownership.map(|o| &*o.reason).filter(|r| !r.is_empty())), "How that was concluded.";
    "owner.claimants": Type::Texts, Ownership, claimants, "Everybody a declared source names as owner.";
    "owner.confidence": Type::Enum(&CONFIDENCE), Ownership, |v| container::worth(v.ownership), "How much the claim that decides is worth.";
    "owner.method": Type::Enum(&CLAIM_METHOD), Ownership, |v| container::method(v.ownership), "How the claim that decides was made.";
    "owner.evidence": Type::Text, Ownership, |v| container::place(v.ownership), "Where that claim stands.";
    "review.state": Type::Enum(&REVIEW_STATE), Declaration, |v| container::review_state(v.review, v.now), "Whether anything names a review date for it, and whether that is past.";
    "review.source": Type::Enum(&REVIEW_SOURCE), Declaration, review_source, "What names the review date: its registry entry, a label of its own, or the container that it lives in.";
    "review.date": Type::Text, Declaration, |v| container::review_text(v.review), "The review date; as written where it cannot be read.";
    "review.overdue_days": Type::Int, Declaration, |v| container::review_overdue(v.review, v.now), "Whole days since the review was due; unknown without a date.";
    "tier": Type::Enum(&TIER), Privilege, tier, "The highest privilege it holds; unknown when that cannot be told.";
    "own_tier": Type::Enum(&TIER), Privilege, own_tier, "The highest privilege it holds itself, without what everybody who has signed in is given.";
    "tier.certainty": Type::Enum(&CERTAINTY), Privilege, |v| v.privilege.map_or(Value::Unknown, |p| word(&CERTAINTY, p.certainty.as_str())), "How firm the tier is.";
    "tier.proof": Type::Text, Privilege, tier_proof, "What gives it that privilege, in words.";
    "capabilities": Type::Words(&CAPABILITY), Privilege, |v| match v.privilege { Some(p) if p.tier != crate::model::Tier::Unknown || !p.capabilities.is_empty() => Value::list(p.capabilities.keys().map(|c| c.as_str())), _ => Value::Unknown }, "The particular things it can do.";
    "policies": Type::Texts, Privilege, |v| Value::list(distinct(&v.policies)), "The names of the policies and roles granted to it by name.";
    "wildcard": Type::Bool, Wildcard, |v| match v.privilege { Some(p) if p.wildcard.is_some() => Value::Bool(true), Some(p) if p.tier != crate::model::Tier::Unknown => Value::Bool(false), _ => Value::Unknown }, "A rule grants every action, or every action on every resource.";
    "wildcard.proof": Type::Text, Wildcard, |v| proof_text(v.privilege.and_then(|p| p.wildcard.as_deref())), "Which rule, in words.";
    "boundary": Type::Text, Record, |v| boundary(v).map_or(Value::Unknown, |(name, _)| Value::text(Some(name))), "The name of its permissions boundary.";
    "boundary.present": Type::Bool, Record, |v| Value::Bool(boundary(v).is_some()), "It has a permissions boundary.";
    "boundary.unread": Type::Bool, Record, |v| Value::Bool(boundary(v).is_some_and(|(_, read)| !read)), "The document of its permissions boundary was not read.";
    "policies.inline": Type::Texts, Record, |v| policies(v, true), "Policies that are embedded in it.";
    "policies.attached": Type::Texts, Record, |v| policies(v, false), "Managed policies that are attached to it, not to a group of it.";
    "policies.dormant": Type::Text, Grants, dormant, "A policy of it of which an older version, which could be made the one in effect, allows everything.";
    "groups": Type::Int, Record, |v| Value::count(v.accounts.groups.get(&v.identity.id).copied().unwrap_or_default()), "In how many groups it is.";
    "serves": Type::Texts, Record, |v| Value::list(v.identity.serves.iter().map(|s| &**s)), "What acts through it: `ec2`, `github-actions:acme/payments`, `vendor:Datadog`.";
    "trusted_by": Type::Texts, Record, trusted, "Sorts of parties that its trust lets in: `service:ec2.amazonaws.com`, `account`, `principal`, `saml`, `oidc`, `anyone`.";
    "grant.inline_admin": Type::Text, Grants, |v| given(v, Excess::InlineAdmin), "The statement of an embedded policy that allows everything.";
    "grant.not_action": Type::Text, Grants, |v| given(v, Excess::NotAction), "A statement of one's own policies that allows everything but some actions.";
    "grant.pass_role": Type::Text, Grants, |v| given(v, Excess::PassRole), "The statement that lets it pass any role to any service.";
    "grant.iam": Type::Text, Grants, |v| given(v, Excess::Iam), "The statement that allows `iam:*` everywhere.";
    "grant.assume": Type::Text, Grants, |v| given(v, Excess::Assume), "The statement that lets it assume any role that lets it in.";
    "grant.decrypt": Type::Text, Grants, |v| given(v, Excess::Decrypt), "The statement that lets it decrypt with any key, without a condition.";
    "grant.secrets": Type::Text, Grants, |v| given(v, Excess::Secrets), "The statement that lets it read any secret or parameter.";
    "grant.share": Type::Text, Grants, |v| given(v, Excess::Share), "The statement that lets it share snapshots, images or buckets with other accounts.";
    "grant.services": Type::Texts, Grants, services, "Services that hold data and of which it may do everything everywhere, as statements name them: `s3:*`.";
    "paths.count": Type::Int, Paths, |v| Value::int(v.privilege.filter(|p| p.tier != crate::model::Tier::Unknown).map(|p| i64::try_from(p.paths.len()).unwrap_or(i64::MAX))), "How many ways it has to get further than its own rights.";
    "paths.certain": Type::Int, Paths, |v| paths(v, |p| p.certainty == Certainty::Certain), "How many of them depend on nothing.";
    "paths.to_data": Type::Int, Paths, |v| paths(v, |p| p.goal == Goal::Data), "How many of them lead to data or secrets.";
    "paths.to_admin": Type::Int, Paths, |v| paths(v, |p| p.goal == Goal::Admin), "How many of them lead to doing anything.";
    "paths.on_itself": Type::Int, Paths, |v| paths(v, |p| *p.subject == *v.identity.id.0), "How many of them begin by changing itself.";
    "paths.rules": Type::Texts, Paths, |v| v.privilege.map_or(Value::Unknown, |p| Value::list(p.paths.iter().map(|p| &*p.rule).collect::<std::collections::BTreeSet<_>>())), "The numbers of their first steps: `iam-007`.";
    "paths.accounts": Type::Texts, Paths, other_accounts, "Other accounts in which they begin.";
    "paths.first": Type::Text, Paths, first_path, "The firmest and shortest of them, in words.";
    "unresolved": Type::Texts, Privilege, |v| v.privilege.map_or(Value::Unknown, |p| Value::list(p.unresolved.iter().map(|u| &**u))), "Documents that its privilege depends on and that were not read.";
    "usage.known": Type::Bool, Usage, |v| Value::Bool(unused(v).is_some()), "A record of what it used of what it is granted was read.";
    "usage.window": Type::Text, Usage, usage_window, "The time that the record looks at, and how finely it tells, in words.";
    "usage.window_days": Type::Int, Usage, usage_days, "How many days of that time it was there.";
    "usage.everything": Type::Bool, Usage, |v| about(v, |u| Value::Bool(u.everything)), "It is granted all services, by wildcard or by naming what is not.";
    "usage.stalest_days": Type::Int, Usage, stalest, "Whole days since it used the one of its used services that it used longest ago.";
    "usage.smaller_policy": Type::Bool, Usage, |v| about(v, |u| Value::Bool(u.proposal.is_some())), "A smaller policy would do for what it used.";
    "unused_services": Type::Texts, Usage, |v| about(v, |u| Value::list(u.never_used().map(|s| &*s.service))), "Services that it is granted and did not use in that time; only those that the record speaks of.";
    "unused_services.count": Type::Int, Usage, |v| about(v, |u| Value::count(u.never_used().count())), "How many these are.";
    "unused_services.privileged": Type::Texts, Usage, unused_privileged, "Of those services that it did not use, actions that it is granted and that give rights, become others, read secrets or run code: `iam:CreateAccessKey`.";
    "unused_actions": Type::Texts, Usage, unused_actions, "Granted actions that the record follows and that it did not use, of services that it used; unknown where the record tells of services only.";
    "reach.accounts": Type::Int, Privilege, |v| Value::int(reaches(v, |r| matches!(r, Reach::Account(_)))), "How many cloud accounts its grants reach.";
    "reach.clusters": Type::Int, Privilege, |v| Value::int(reaches(v, |r| matches!(r, Reach::Cluster(_)))), "How many whole clusters its grants reach.";
    "reach.namespaces": Type::Int, Privilege, |v| Value::int(reaches(v, |r| matches!(r, Reach::Namespace(..)))), "How many single namespaces its grants reach.";
    "cluster_wide": Type::Bool, Privilege, |v| Value::bool(reaches(v, |r| matches!(r, Reach::Cluster(_))).map(|n| n > 0)), "A grant holds in a whole cluster.";
    "traits": Type::Texts, Record, |v| Value::list(v.identity.traits.iter().map(|t| &**t)), "What else is notable about how it is set up or kept: `docker-socket`, `static-keys`.";
    "credentials.count": Type::Int, Credentials, |v| Value::count(v.credentials.len()), "How many credentials are known to authenticate as it.";
    "keys.inactive": Type::Int, Credentials, |v| Value::int(keys(v, CredentialStatus::Inactive)), "How many AWS access keys of it are switched off but still there.";
    "keys.expired": Type::Int, Credentials, |v| Value::int(keys(v, CredentialStatus::Expired)), "How many AWS access keys of it have expired and are still there.";
    "keys.newest_age_days": Type::Int, Credentials, |v| Value::int(newest(v)), "Whole days since the newest of its active AWS access keys was made.";
    "active_keys": Type::Int, Credentials, |v| Value::int(active_keys(v)), "How many AWS access keys of it are active; unknown when its keys were not listed.";
    "leaked": Type::Bool, Exposure, |v| Value::Bool(exposures(v).next().is_some()), "A credential of it stands in the open.";
    "leak.places": Type::Text, Exposure, |v| Value::owned(places(exposures(v))), "Where.";
    "workload_count": Type::Int, Workloads, |v| Value::count(v.workloads.len()), "How many workloads run as it.";
    "automounting_workloads": Type::Int, Workloads, |v| Value::count(v.workloads.iter().filter(|w| automounts(v, w)).count()), "How many of them have its token mounted.";
    "becomes": Type::Texts, Becomes, |v| Value::list(v.identity.becomes.iter().map(|(id, _)| &*id.0).collect::<std::collections::BTreeSet<_>>()), "Identities of other platforms that it becomes by design.";
    "becomes.missing": Type::Bool, Becomes, |v| Value::bool(v.becomes_missing), "One of them is in no export although its account was exported; unknown when its account was not exported.";
    "becomes.refused": Type::Bool, Becomes, |v| Value::bool(v.privilege.map(|p| !p.shut_out.is_empty())), "The trust of one of them was read and does not let it in.";
    "becomes.fault": Type::Text, Becomes, |v| Value::owned(becomes_fault(v)), "Why it cannot become one of them: no export lists the role, or the role does not let it in.";
    "power.bind": Type::Text, Privilege, |v| power(v, &["bind-cluster-role-everywhere", "bind-cluster-role", "bind-role"]), "Which rules let it bind roles that it does not hold, in words.";
    "power.certificates": Type::Text, Privilege, |v| power(v, &["sign-client-certificates", "approve-certificates"]), "Which rules let it have client certificates signed.";
    "power.deliver": Type::Text, Privilege, |v| power(v, &["deploy-by-controller"]), "Which rule lets it have a delivery controller apply manifests.";
    "power.enter": Type::Text, Privilege, |v| power(v, &["enter-pods"]), "Which rule lets it run commands in pods.";
    "power.escalate": Type::Text, Privilege, |v| power(v, &["edit-own-cluster-role", "edit-own-role"]), "Which rules let it write more into a role than it holds.";
    "power.host_path": Type::Text, Privilege, |v| power(v, &["host-path-volumes"]), "Which rules let it mount the file system of a node.";
    "power.impersonate": Type::Text, Privilege, |v| power(v, &["impersonate-users", "impersonate-groups"]), "Which rules let it act as other users and groups.";
    "power.kubelet": Type::Text, Privilege, |v| power(v, &["kubelet-api"]), "Which rule lets it use the nodes' own API.";
    "power.mapping": Type::Text, Privilege, |v| power(v, &["aws-auth"]), "Which rule lets it say who of IAM is whom in the cluster.";
    "power.mutate": Type::Text, Privilege, |v| power(v, &["mutating-webhooks", "mutating-policies"]), "Which rules let it rewrite objects on their way in.";
    "power.namespaces": Type::Text, Privilege, |v| power(v, &["relabel-namespaces"]), "Which rule lets it change labels of namespaces.";
    "power.run": Type::Text, Privilege, |v| power(v, &["run-workloads", "run-custom-workloads"]), "Which rules let it run pods as other accounts.";
    "power.secrets": Type::Text, Privilege, |v| power(v, &["read-secrets"]), "Which rule lets it read secrets.";
    "power.tokens": Type::Text, Privilege, |v| power(v, &["mint-tokens", "token-secrets"]), "Which rules let it have tokens of other accounts.";
    "powers": Type::Texts, Privilege, |v| powers(v, false), "What its permissions in a cluster amount to, by the names of `rules/kubernetes/primitives.yaml`: `mint-tokens`.";
    "powers.everywhere": Type::Texts, Privilege, |v| powers(v, true), "Those of them that hold in the whole cluster and for every object.";
    "became_by": Type::Texts, Record, |v| Value::list(v.accounts.became_by.get(&*v.identity.id.0).into_iter().flatten().copied()), "Identities of other platforms that become it by design.";
    "cluster_groups": Type::Texts, Record, |v| Value::list(v.accounts.cluster_groups.get(&v.identity.id).into_iter().flatten().copied()), "Groups of a cluster that a certificate, access entry or the like puts it in.";
    "registry_present": Type::Bool, Declaration, |v| Value::Bool(v.registry_present), "A registry was read.";
    "registered": Type::Bool, Declaration, |v| Value::Bool(!v.entries.is_empty()), "A registry entry speaks of it.";
    "declaration.purpose": Type::Text, Declaration, |v| Value::text(entry(v).and_then(|e| e.purpose.as_deref())), "What it is for, as registered.";
    "declaration.role": Type::Text, Declaration, |v| Value::text(entry(v).and_then(|e| e.role.as_deref())), "What sort of work it does, as registered.";
    "declaration.human": Type::Bool, Declaration, |v| Value::bool(entry(v).and_then(|e| e.human)), "Whether a person uses it, as registered.";
    "declaration.environment": Type::Text, Declaration, |v| Value::text(entry(v).and_then(|e| e.environment.as_deref())), "Its environment, as registered.";
    "declaration.approver": Type::Text, Declaration, |v| Value::text(entry(v).and_then(|e| e.approver.as_deref())), "Who approved it.";
    "declaration.tenants": Type::Texts, Declaration, |v| entry(v).map_or(Value::Unknown, |e| Value::list(e.tenants.iter().map(|t| &**t))), "Whose data it may touch, as registered.";
    "declaration.data_categories": Type::Texts, Declaration, |v| entry(v).map_or(Value::Unknown, |e| Value::list(e.data_categories.iter().map(|t| &**t))), "Which data it may touch, as registered.";
    "declaration.revocation": Type::Text, Declaration, |v| Value::text(entry(v).and_then(|e| e.revocation.as_deref())), "How it is revoked, as registered.";
    "declaration.review_by": Type::Enum(&DATE_STATE), Declaration, |v| entry(v).map_or(Value::Unknown, |e| date_state(&e.review_by)), "Whether its entry names a review date.";
    "declaration.review_overdue_days": Type::Int, Declaration, |v| entry(v).map_or(Value::Unknown, |e| overdue(&e.review_by, v.now)), "Whole days since the review was due.";
    "declaration.expires": Type::Enum(&DATE_STATE), Declaration, |v| entry(v).map_or(Value::Unknown, |e| date_state(&e.expires)), "Whether its entry names an end.";
    "declaration.overdue_days": Type::Int, Declaration, |v| entry(v).map_or(Value::Unknown, |e| overdue(&e.expires, v.now)), "Whole days since its registered end.";
    "declaration.ends": Type::Bool, Declaration, ends, "The registry names an end or a review date for it.";
    "registration": Type::Enum(&REGISTRATION), Declaration, |v| v.registration.map_or(Value::Unknown, |r| word(&REGISTRATION, r.state.as_str())), "Whether it is declared, found or both; unknown where no registry was read.";
    "registration.gaps": Type::Texts, Declaration, |v| v.registration.map_or(Value::Unknown, |r| Value::list(r.gaps.iter().map(|g| g.kind.as_str()))), "What is missing or amiss between it and the registry.";
    "actions_beyond": Type::Bool, Declaration, |v| has_gap(v, GapKind::ActionsBeyondApproval), "It is granted actions beyond those that its entry allows; unknown where not all grants were read.";
    "actions_beyond.what": Type::Text, Declaration, |v| gap(v, GapKind::ActionsBeyondApproval), "Which.";
    "environment_differs": Type::Bool, Declaration, |v| has_gap(v, GapKind::EnvironmentDiffers), "Its labels, or those around it, say another environment than its entry.";
    "environment_differs.how": Type::Text, Declaration, |v| gap(v, GapKind::EnvironmentDiffers), "How.";
    "owner_differs": Type::Bool, Declaration, |v| has_gap(v, GapKind::OwnerDiffers), "Its labels name another owner than its entry.";
    "vendor": Type::Text, Record, |v| Value::text(v.ties.first().map(|t| &*t.vendor)), "The vendor that holds it: the register's id, or its name.";
    "vendor.registered": Type::Bool, Record, |v| v.ties.first().map_or(Value::Unknown, |t| Value::Bool(t.registered)), "A register has that vendor.";
    "vendor.contract": Type::Enum(&CONTRACT), Record, |v| supplier(v).map_or(Value::Unknown, |s| word(&CONTRACT, s.contract.as_str())), "Whether that vendor's contract is in force; unknown where no register tells.";
    "vendor.why": Type::Text, Record, |v| Value::text(v.ties.first().map(|t| &*t.why)), "How it is known that the vendor holds it.";
    "approved_tier": Type::Enum(&TIER), Declaration, |v| entry(v).map_or(Value::Unknown, approved_tier), "The highest privilege it was approved for, as registered.";
}

/// A label of its own names the date, if neither its registry entry nor a container does.
fn review_source<'a>(view: &IdentityView<'a>) -> Value<'a> {
    let Some(review) = view.review else {
        return Value::Unknown;
    };
    let registered = view.entries.iter().any(|e| e.evidence == review.evidence);
    let mut labels = view.identity.labels.iter();
    let own = labels.any(|label| label.evidence == review.evidence);
    let source = match (registered, own) {
        (true, _) => "registry",
        (false, true) => "own",
        (false, false) => "container",
    };
    word(&REVIEW_SOURCE, source)
}

fn unused<'a>(view: &IdentityView<'a>) -> Option<&'a Unused> {
    view.privilege?.unused.as_deref()
}

/// Something about granted and used; unknown where no record of use was read.
fn about<'a>(view: &IdentityView<'a>, read: impl FnOnce(&'a Unused) -> Value<'a>) -> Value<'a> {
    unused(view).map_or(Value::Unknown, read)
}

/// `2025-10-18 to 2026-11-22, by service`.
fn usage_window<'a>(view: &IdentityView<'a>) -> Value<'a> {
    about(view, |u| {
        let day =
            |t: Option<Timestamp>| t.map_or_else(|| "an unknown day".to_owned(), |t| t.date());
        Value::owned(format!(
            "{} to {}, by {}",
            day(u.from),
            day(u.until),
            u.granularity.as_str()
        ))
    })
}

/// Days that were looked at and that it was there.
fn usage_days<'a>(view: &IdentityView<'a>) -> Value<'a> {
    about(view, |u| {
        let from = u.from.max(view.identity.created);
        Value::int(
            u.until
                .zip(from)
                .map(|(until, from)| until.days_since(from)),
        )
    })
}

/// Services that were never used and whose granted actions can give rights, with one of these.
fn unused_privileged<'a>(view: &IdentityView<'a>) -> Value<'a> {
    about(view, |u| {
        let named = u.never_used().filter_map(|s| s.privileged.as_deref());
        Value::list(named)
    })
}

fn unused_actions<'a>(view: &IdentityView<'a>) -> Value<'a> {
    about(view, |u| {
        if u.granularity == Granularity::Service {
            return Value::Unknown;
        }
        let named = u.services.iter().flat_map(|s| {
            let names = s.unused_actions.iter();
            names.map(|name| format!("{}:{name}", s.service).into())
        });
        Value::List(named.collect())
    })
}

/// Days since the use of the used service that was used longest ago.
fn stalest<'a>(view: &IdentityView<'a>) -> Value<'a> {
    about(view, |u| {
        let times = u.services.iter().filter_map(|s| s.last.at());
        Value::int(times.min().map(|t| view.now.days_since(t)))
    })
}

fn boundary<'v>(view: &'v IdentityView<'_>) -> Option<(&'v str, bool)> {
    let (policy, read) = view.accounts.boundaries.get(&view.identity.id)?;
    Some((policy.0.rsplit('/').next().unwrap_or(&policy.0), *read))
}

fn policies<'v>(view: &'v IdentityView<'_>, embedded: bool) -> Value<'v> {
    let held = view.accounts.held.get(&view.identity.id);
    let of = held.into_iter().flatten().filter(|(_, e)| *e == embedded);
    let names = of.map(|(id, _)| id.0.rsplit('/').next().unwrap_or(&id.0));
    Value::list(names.collect::<std::collections::BTreeSet<_>>())
}

fn dormant<'v>(view: &'v IdentityView<'_>) -> Value<'v> {
    let found = view.accounts.grants.dormant(&view.identity.id);
    Value::owned(found.map_or_else(String::new, |(policy, version)| {
        format!("version {version} of {policy}")
    }))
}

fn given<'v>(view: &'v IdentityView<'_>, excess: Excess) -> Value<'v> {
    let given = view.accounts.grants.of(&view.identity.id, excess);
    Value::owned(given.as_ref().map(describe).unwrap_or_default())
}

/// The best proof of a row of the platform's table.
fn power<'v>(view: &'v IdentityView<'_>, ids: &[&str]) -> Value<'v> {
    let powers = view.privilege.map(|p| &p.powers);
    let proofs = ids.iter().filter_map(|id| powers?.get(*id));
    let best = proofs.min_by_key(|p| (p.certainty, p.breadth(), p.hops.len()));
    proof_text(best.map(|proof| &**proof))
}

/// The rows of the platform's table that it meets; all, or those that it meets everywhere.
fn powers<'v>(view: &'v IdentityView<'_>, everywhere: bool) -> Value<'v> {
    let Some(privilege) = view
        .privilege
        .filter(|p| p.tier != crate::model::Tier::Unknown)
    else {
        return Value::Unknown;
    };
    let all = privilege.powers.iter();
    let met = all.filter(|(_, p)| !everywhere || p.breadth() == Some(crate::model::Breadth::All));
    Value::list(met.map(|(id, _)| &**id))
}

fn services<'v>(view: &'v IdentityView<'_>) -> Value<'v> {
    let all = view.accounts.grants.all(&view.identity.id, Excess::Service);
    Value::list(
        all.map(|given| given.what)
            .collect::<std::collections::BTreeSet<_>>(),
    )
}

/// Sorts of parties that its trust lets in.
fn trusted<'v>(view: &'v IdentityView<'_>) -> Value<'v> {
    let trusts = view.accounts.trusts(&view.identity.id).iter();
    let allowing = trusts.filter(|t| t.effect == Effect::Allow);
    let sorts = allowing.map(|trust| match &trust.principal {
        TrustPrincipal::Anyone => "anyone".to_owned(),
        TrustPrincipal::Account(_) => "account".to_owned(),
        TrustPrincipal::Principal(_) => "principal".to_owned(),
        TrustPrincipal::Service(name) => format!("service:{name}"),
        TrustPrincipal::Federated(id) if id.contains(":saml-provider/") => "saml".to_owned(),
        TrustPrincipal::Federated(_) => "oidc".to_owned(),
        TrustPrincipal::Other(_) => "other".to_owned(),
    });
    let sorts: std::collections::BTreeSet<String> = sorts.collect();
    Value::List(sorts.into_iter().map(Into::into).collect())
}

fn paths(view: &IdentityView<'_>, of: impl Fn(&Path) -> bool) -> Value<'static> {
    let known = view.privilege.filter(|p| p.tier != Tier::Unknown);
    known.map_or(Value::Unknown, |p| {
        Value::count(p.paths.iter().filter(|path| of(path)).count())
    })
}

fn other_accounts<'v>(view: &'v IdentityView<'_>) -> Value<'v> {
    let Some(privilege) = view.privilege else {
        return Value::Unknown;
    };
    let own = view.identity.account.as_deref();
    let subjects = privilege.paths.iter().map(|path| &*path.subject);
    let accounts = subjects.filter_map(|subject| Arn::parse(subject)?.customer());
    Value::list(
        accounts
            .filter(|account| own != Some(*account))
            .collect::<std::collections::BTreeSet<_>>(),
    )
}

fn first_path<'v>(view: &'v IdentityView<'_>) -> Value<'v> {
    let Some(path) = view.privilege.and_then(|p| p.paths.first()) else {
        return Value::Unknown;
    };
    let mut text = format!("{} on {}", path.title, path.subject);
    let open: Vec<&str> = path
        .conditions
        .iter()
        .chain(&path.missing)
        .map(|key| &**key)
        .collect();
    if !open.is_empty() {
        text.push_str(&format!(", which depends on {}", join(&open)));
    }
    Value::owned(text)
}

fn newest(view: &IdentityView<'_>) -> Option<i64> {
    let keys = view
        .credentials
        .iter()
        .filter(|c| c.id.0.starts_with("aws:access-key:") && c.status == CredentialStatus::Active);
    let newest = keys.filter_map(|c| c.created).max()?;
    Some(view.now.days_since(newest))
}

fn keys(view: &IdentityView<'_>, status: CredentialStatus) -> Option<i64> {
    let keys = view
        .credentials
        .iter()
        .filter(|c| c.id.0.starts_with("aws:access-key:") && c.status == status);
    let count = i64::try_from(keys.count()).ok()?;
    (count > 0 || view.keys_listed).then_some(count)
}

fn claimants<'a>(view: &IdentityView<'a>) -> Value<'a> {
    let Some(ownership) = view.ownership else {
        return Value::Unknown;
    };
    if ownership.state == OwnershipState::Unknown {
        return Value::Unknown;
    }
    let mut named: Vec<String> = Vec::new();
    for claim in ownership.claims.iter().filter(|c| c.method.declared()) {
        let text = format!("{} ({})", claim.owner, claim.method.as_str());
        if !named.contains(&text) {
            named.push(text);
        }
    }
    Value::List(named.into_iter().map(Into::into).collect())
}

/// Text for messages about a moment.
pub(in crate::check) fn moment_text(moment: Moment) -> Value<'static> {
    Value::time(moment.at())
}

/// `a, b and c`, for messages.
pub(in crate::check) fn list_text(items: &[std::borrow::Cow<'_, str>]) -> String {
    join(items)
}
