//! Credentials as conditions see them.

use super::identity::{self, IdentityView};
use super::{columns, days_ago, days_until, listed, past};
use crate::check::accounts::Accounts;
use crate::check::schema::{
    Basis, CONFIDENCE, Column, HUMANITY, IDENTITY_KIND, OWNER_STATE, STATUS, Subject, SubjectKind,
    TIER, Type, word,
};
use crate::check::value::Value;
use crate::model::{
    ClaimName, Confidence, Credential, Evidence, Exposure, Moment, Ownership, OwnershipState, Str,
    SubjectId, Timestamp,
};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A credential with the identity it authenticates as.
pub(in crate::check) struct CredentialView<'a> {
    pub credential: &'a Credential,
    pub identity: Option<&'a IdentityView<'a>>,
    pub ownership: Option<&'a Ownership>,
    pub accounts: &'a Accounts<'a>,
    pub now: Timestamp,
}

/// The kind.
pub(in crate::check) struct OfCredential;

impl Subject for OfCredential {
    type View<'a> = CredentialView<'a>;

    const KIND: SubjectKind = SubjectKind::Credential;

    fn table() -> &'static [Column<Self>] {
        TABLE
    }

    fn id(view: &CredentialView<'_>) -> SubjectId {
        SubjectId::Credential(view.credential.id.clone())
    }

    fn name(view: &CredentialView<'_>) -> Str {
        label(view.credential).into()
    }

    fn evidence<'a>(view: &'a CredentialView<'a>, basis: Basis) -> Vec<&'a Evidence> {
        let credential = view.credential;
        match basis {
            Basis::Exposure => credential.exposures.iter().map(|e| &e.evidence).collect(),
            Basis::Privilege | Basis::Identity | Basis::Declaration => {
                view.identity.map_or_else(Vec::new, |identity| {
                    identity::OfIdentity::evidence(identity, basis)
                })
            }
            Basis::Ownership => view
                .ownership
                .map_or(&[][..], |o| &o.claims)
                .iter()
                .map(|c| &c.evidence)
                .collect(),
            _ => {
                let links = credential.links.iter().map(|l| &l.evidence);
                let exposures = credential.exposures.iter().map(|e| &e.evidence);
                credential
                    .records
                    .iter()
                    .chain(links)
                    .chain(exposures)
                    .collect()
            }
        }
    }

    fn confidence(view: &CredentialView<'_>, basis: Basis) -> Confidence {
        match basis {
            Basis::Exposure => view.credential.confidence().unwrap_or(Confidence::High),
            Basis::Privilege => view.identity.map_or(Confidence::High, |identity| {
                identity::OfIdentity::confidence(identity, basis)
            }),
            _ => Confidence::High,
        }
    }
}

/// `AWS access key AKIA…WXYZ`, or the last part of the id where nothing may be shown.
fn label(credential: &Credential) -> String {
    match credential.display.as_deref() {
        Some(display) if display != "…" => format!("{} {display}", credential.title),
        // Of some secrets nothing may be shown.
        _ => {
            let id = &*credential.id.0;
            let tail = match id.strip_prefix("secret:") {
                // A fingerprint says nothing to a person; its start is enough to tell two apart.
                Some(fingerprint) => fingerprint.get(..8).unwrap_or(fingerprint),
                None => id.rsplit(['/', ':']).next().unwrap_or(id),
            };
            format!("{} {tail}", credential.title)
        }
    }
}

fn legacy(credential: &Credential) -> bool {
    // A token found in a file may be a bound one, which ends; only the Secret is known not to.
    credential.id.0.starts_with("k8s:secret:") && &*credential.issuer == "kubernetes"
}

fn environments<'a>(view: &CredentialView<'a>) -> Value<'a> {
    let named: BTreeSet<&str> = view
        .credential
        .exposures
        .iter()
        .filter_map(|e| e.environment.as_deref())
        .collect();
    Value::list(named)
}

/// The places, each with the commits of its history: `app/.env:3 and old/config.py:12 (removed by John Roe,
/// 2023-05-01; commit 1a2b3c4d by Jane Doe, 2023-04-01)`.
fn exposed(exposures: &BTreeSet<Exposure>) -> String {
    let all: Vec<String> = exposures.iter().map(place).collect();
    listed(&all, 2, "place")
}

fn place(exposure: &Exposure) -> String {
    let mut place = exposure.evidence.origin.path.to_string();
    if let Some(line) = exposure.evidence.line {
        place.push_str(&format!(":{line}"));
    }
    let mut history = Vec::new();
    let mut pointer = exposure.evidence.pointer_text();
    // In a file of today it may say where in the line's cell or record; in history it names the commit.
    let commit = pointer.as_deref().is_some_and(|p| p.starts_with("commit "));
    if exposure.in_tree && !commit {
        history.extend(pointer.take().map(Cow::into_owned));
    }
    match &exposure.removed {
        Some(by) => history.push(format!("removed by {}, {}", by.author, by.when.date())),
        None if !exposure.in_tree && commit => history.push("in a branch or tag".to_owned()),
        None => {}
    }
    match &exposure.introduced {
        Some(by) => {
            let own = format!("commit {}", by.short());
            let what = pointer.as_deref().unwrap_or(&own);
            history.push(format!("{what} by {}, {}", by.author, by.when.date()));
        }
        None => history.extend(pointer.map(Cow::into_owned)),
    }
    if !history.is_empty() {
        place.push_str(&format!(" ({})", history.join("; ")));
    }
    place
}

fn in_tree<'a>(view: &CredentialView<'a>) -> Value<'a> {
    Value::Bool(view.credential.exposures.iter().any(|e| e.in_tree))
}

fn history_only(credential: &Credential) -> bool {
    !credential.exposures.is_empty() && !credential.exposures.iter().any(|e| e.in_tree)
}

fn authors<'a>(view: &CredentialView<'a>) -> Value<'a> {
    let commits = view
        .credential
        .exposures
        .iter()
        .filter_map(|e| e.introduced.as_ref());
    let named: BTreeSet<&str> = commits.map(|commit| &*commit.mail).collect();
    Value::list(named)
}

/// When the first commit brought it in.
fn first(credential: &Credential) -> Option<Timestamp> {
    let commits = credential
        .exposures
        .iter()
        .filter_map(|e| e.introduced.as_ref());
    commits.map(|commit| commit.when).min()
}

/// When it was last seen: now, if it stands in a file or nobody took it out.
fn last(view: &CredentialView<'_>) -> Option<Timestamp> {
    let exposures = &view.credential.exposures;
    let ends = exposures.iter().map(|e| match &e.removed {
        Some(commit) => commit.when,
        None => view.now,
    });
    ends.max()
}

fn repositories(credential: &Credential) -> usize {
    let named: BTreeSet<&str> = credential
        .exposures
        .iter()
        .filter_map(|e| e.evidence.origin.repository.as_deref())
        .map(|r| r.remote.as_deref().unwrap_or(&r.root))
        .collect();
    named.len()
}

fn of<'a>(view: &CredentialView<'a>, read: fn(&IdentityView<'a>) -> Value<'a>) -> Value<'a> {
    view.identity.map_or(Value::Unknown, read)
}

/// What the credential says under one name; unknown where it says nothing, which is not the same as nothing.
fn said<'a>(view: &CredentialView<'a>, name: ClaimName) -> Value<'a> {
    let values: Vec<&str> = view.credential.claims.of(name).collect();
    if values.is_empty() {
        Value::Unknown
    } else {
        Value::list(values)
    }
}

/// `it was last used 12 days ago`.
fn last_use<'a>(view: &CredentialView<'a>) -> Value<'a> {
    let used = |moment: Moment, whose: &str| match moment {
        Moment::At(time) => match view.now.days_since(time) {
            0 => Some(format!("{whose} last used today")),
            1 => Some(format!("{whose} last used 1 day ago")),
            days => Some(format!("{whose} last used {days} days ago")),
        },
        Moment::Never => Some(format!("{whose} never used")),
        Moment::Unknown => None,
    };
    let own = used(view.credential.last_used, "it was");
    let words = own.or_else(|| used(view.identity?.identity.last_used, "its identity was"));
    Value::owned(words.unwrap_or_default())
}

fn answerable<'a>(view: &CredentialView<'a>) -> Value<'a> {
    let ownership = view.identity.and_then(|i| i.ownership).or(view.ownership);
    let Some(ownership) = ownership else {
        return Value::Unknown;
    };
    Value::owned(match (ownership.state, &ownership.owner) {
        (OwnershipState::Unknown, _) => String::new(),
        (OwnershipState::Orphaned, Some(owner)) => {
            format!("{owner}, who owns it, is not there any more")
        }
        (OwnershipState::Disputed, _) => "who owns it is disputed".to_owned(),
        (_, Some(owner)) => format!("{owner} owns it"),
        (_, None) => match &ownership.suggestion {
            Some(maybe) => format!("nobody owns it, perhaps {maybe}"),
            None => "nobody owns it".to_owned(),
        },
    })
}

fn account_words<'a>(view: &CredentialView<'a>) -> Value<'a> {
    let account = view.credential.account.as_deref();
    let Some(account) =
        account.filter(|_| view.identity.is_none() && &*view.credential.issuer == "aws")
    else {
        return Value::Unknown;
    };
    Value::owned(match view.accounts.read(account) {
        true => format!("account {account}, of which no export lists it"),
        false => format!("account {account}, which was not read"),
    })
}

/// A password is one user's: whom else it opens shares it. Profiles and platforms' own users are two names of one.
fn opens<'a>(view: &CredentialView<'a>) -> Value<'a> {
    let users = view.credential.links.iter().map(|link| &*link.identity.0);
    let users = users.filter(|id| {
        ["host:", "database:", "registry:"]
            .iter()
            .any(|platform| id.starts_with(platform))
    });
    Value::list(users.collect::<BTreeSet<_>>())
}

/// Whole days from its making to its end, or as long as it says such a one lives.
fn lifetime<'a>(view: &CredentialView<'a>) -> Value<'a> {
    let credential = view.credential;
    let stated = credential.expires.at().zip(credential.created);
    let days = stated.map(|(end, start)| end.days_since(start));
    let said = credential
        .claims
        .of(ClaimName::ValidFor)
        .filter_map(|text| {
            let (number, unit) = text.split_once(' ')?;
            let number: i64 = number.parse().ok()?;
            Some(if unit == "d" { number } else { number / 24 })
        });
    let declared = credential.lifetime.map(|seconds| seconds / Timestamp::DAY);
    Value::int(days.or_else(|| said.max()).or(declared))
}

fn genuine<'a>(view: &CredentialView<'a>) -> Value<'a> {
    let words: Vec<&str> = view.credential.claims.of(ClaimName::Genuine).collect();
    match words.as_slice() {
        [] => Value::Unknown,
        // One place can hold it cut short.
        words => Value::Bool(words.contains(&"yes")),
    }
}

columns! { OfCredential;
    "id": Type::Text, Record, |v| Value::text(Some(&v.credential.id.0)), "The natural id.";
    "name": Type::Text, Record, |v| Value::owned(label(v.credential)), "What a person calls it: its sort and what may be shown of it.";
    "kind": Type::Text, Record, |v| Value::text(Some(&v.credential.kind)), "The sort, as the detector or reader names it: `aws-access-key`.";
    "title": Type::Text, Record, |v| Value::text(Some(&v.credential.title)), "The sort in words: `AWS access key`.";
    "issuer": Type::Text, Record, |v| Value::text(Some(&v.credential.issuer)), "Who issued it: `aws`, `github`; `unknown` for generic passwords.";
    "account": Type::Text, Record, |v| Value::text(v.credential.account.as_deref()), "The account, cluster or tenant it belongs to.";
    "display": Type::Text, Record, |v| Value::text(v.credential.display.as_deref()), "What may be shown of it.";
    "status": Type::Enum(&STATUS), Record, |v| word(&STATUS, v.credential.status.as_str()), "Whether its issuer accepts it; unknown when no listing was read.";
    "age_days": Type::Int, Record, |v| Value::int(v.credential.created.map(|t| v.now.days_since(t))), "Whole days since it was created or rotated.";
    "last_used_days": Type::Int, Record, |v| Value::int(days_ago(v.credential.last_used, v.now)), "Whole days since its last use; unknown when it was never used or no source says.";
    "never_used": Type::Bool, Record, |v| Value::never(v.credential.last_used), "A source says that it was never used.";
    "expires_in_days": Type::Int, Record, |v| Value::int(days_until(v.credential.expires, v.now)), "Whole days until it ends; negative when past.";
    "expires": Type::Time, Record, |v| identity::moment_text(v.credential.expires), "When it ends.";
    "never_expires": Type::Bool, Record, |v| Value::never(v.credential.expires), "A source says that it never ends.";
    "lifetime_days": Type::Int, Record, lifetime, "Whole days from when it was made to its end, or that it or its declaration says such a one lives.";
    "expired": Type::Bool, Record, |v| Value::bool(past(v.credential.expires, v.now)), "Its end is past.";
    "legacy": Type::Bool, Record, |v| Value::Bool(legacy(v.credential)), "A Kubernetes service account token kept in a Secret, which never ends.";
    "leaked": Type::Bool, Exposure, |v| Value::Bool(!v.credential.exposures.is_empty()), "Its value stands in the open.";
    "leak_count": Type::Int, Exposure, |v| Value::count(v.credential.exposures.len()), "In how many places.";
    "leak_confidence": Type::Enum(&CONFIDENCE), Exposure, |v| v.credential.confidence().map_or(Value::Unknown, |c| word(&CONFIDENCE, c.as_str())), "How sure it is that this is a real credential.";
    "leak.places": Type::Text, Exposure, |v| Value::owned(exposed(&v.credential.exposures)), "Where, in words.";
    "leak.in_tree": Type::Bool, Exposure, in_tree, "It stands in a file as it is now.";
    "leak.history_only": Type::Bool, Exposure, |v| Value::Bool(history_only(v.credential)), "It stands in the history of a repository only.";
    "leak.first_seen": Type::Time, Exposure, |v| Value::time(first(v.credential)), "When the first commit brought it in; unknown where no history was read.";
    "leak.last_seen": Type::Time, Exposure, |v| Value::time(last(v)), "When the last commit took it out; now, while it still stands in a file.";
    "leak.first_seen_days": Type::Int, Exposure, |v| Value::int(first(v.credential).map(|t| v.now.days_since(t))), "Whole days since the first commit brought it in.";
    "leak.authors": Type::Texts, Exposure, authors, "The addresses of those whose commits brought it in.";
    "leak.reasons": Type::Texts, Exposure, |v| Value::list(v.credential.exposures.iter().flat_map(|e| e.reasons.iter().map(|r| &**r)).collect::<BTreeSet<_>>()), "What is said of those places: `attribute secret in a state`.";
    "environments": Type::Texts, Exposure, environments, "The environments that those places belong to, as their paths tell.";
    "repositories": Type::Int, Exposure, |v| Value::count(repositories(v.credential)), "In how many repositories.";
    "owner.state": Type::Enum(&OWNER_STATE), Ownership, |v| identity::owner_state_of(v.ownership), "Whose the credential is.";
    "owner": Type::Text, Ownership, |v| Value::owned(v.ownership.and_then(|o| o.owner.as_ref()).map(ToString::to_string).unwrap_or_default()), "Its declared owner.";
    "recorded_by": Type::Texts, Record, |v| Value::list(v.credential.records.iter().map(|e| e.reader).collect::<BTreeSet<_>>()), "The readers of the records that speak of it: `terraform`, `terraform-state`, `aws-access-keys`.";
    "rotated": Type::Bool, Record, |v| Value::Bool(v.credential.rotation.is_some()), "Its declaration replaces it on a schedule.";
    "revocation": Type::Text, Record, |v| Value::text(v.credential.revocation.as_deref()), "Where to revoke it.";
    "implied_tier": Type::Enum(&TIER), Record, |v| word(&TIER, v.credential.implied_tier.tier.as_str()), "What it may do by its own account or by its kind, whoever holds it.";
    "implied_tier.basis": Type::Text, Record, |v| Value::text(Some(&*v.credential.implied_tier.basis).filter(|b| !b.is_empty())), "What says so.";
    "traits": Type::Texts, Record, |v| Value::list(v.credential.traits.iter().map(|t| &**t)), "What is notable about how it is kept: `encrypted`, `plain`.";
    "opens": Type::Texts, Record, opens, "The users of hosts, databases and registries that it signs in as.";
    "genuine": Type::Bool, Record, genuine, "A checksum inside it proves that its issuer made it; false where it is wrong, unknown where there is none.";
    "says.kind": Type::Texts, Record, |v| said(v, ClaimName::Kind), "Which sort of its kind it says it is: `service-account`, `live restricted`.";
    "says.cluster": Type::Texts, Record, |v| said(v, ClaimName::Cluster), "The clusters that it is good for.";
    "says.scope": Type::Texts, Record, |v| said(v, ClaimName::Scope), "The rights that it says it has.";
    "says.tenant": Type::Texts, Record, |v| said(v, ClaimName::Tenant), "The organisation or tenant that it names.";
    "says.user": Type::Texts, Record, |v| said(v, ClaimName::User), "The user that it names, by name or id.";
    "says.group": Type::Texts, Record, |v| said(v, ClaimName::Group), "The groups that it puts its holder in.";
    "says.project": Type::Texts, Record, |v| said(v, ClaimName::Project), "The projects or repositories that it is limited to.";
    "says.host": Type::Texts, Record, |v| said(v, ClaimName::Host), "The hosts that it is good for.";
    "says.region": Type::Texts, Record, |v| said(v, ClaimName::Region), "The region that it is good for.";
    "says.issuer": Type::Texts, Record, |v| said(v, ClaimName::Issuer), "The issuer that it names.";
    "says.subject": Type::Texts, Record, |v| said(v, ClaimName::Subject), "Whom it says it stands for.";
    "says.audience": Type::Texts, Record, |v| said(v, ClaimName::Audience), "For whom it says it is meant.";
    "says.app": Type::Texts, Record, |v| said(v, ClaimName::App), "The application that it names.";
    "says.email": Type::Texts, Record, |v| said(v, ClaimName::Email), "The address that it names.";
    "says.token_id": Type::Texts, Record, |v| said(v, ClaimName::TokenId), "The issuer's public id of it.";
    "says.thumbprint": Type::Texts, Record, |v| said(v, ClaimName::Thumbprint), "The SHA-1 of its certificate.";
    "says.ssh_fingerprint": Type::Texts, Record, |v| said(v, ClaimName::SshFingerprint), "The fingerprint of its public half.";
    "identity.known": Type::Bool, Record, |v| Value::Bool(v.identity.is_some()), "It is known whom it authenticates as.";
    "identity.name": Type::Text, Record, |v| of(v, identity::name), "The identity's name.";
    "identity.kind": Type::Enum(&IDENTITY_KIND), Record, |v| of(v, identity::kind), "What sort of principal.";
    "identity.human": Type::Enum(&HUMANITY), Record, |v| of(v, identity::human), "Whether a person acts through the identity.";
    "identity.provider_managed": Type::Bool, Record, |v| of(v, identity::provider_managed), "The identity belongs to the platform's provider.";
    "identity.tier": Type::Enum(&TIER), Privilege, |v| of(v, identity::tier), "The highest privilege of the identity.";
    "identity.tier.proof": Type::Text, Privilege, |v| of(v, identity::tier_proof), "What gives it that privilege, in words.";
    "identity.owner": Type::Text, Identity, |v| of(v, identity::owner), "The identity's declared owner.";
    "identity.owner.state": Type::Enum(&OWNER_STATE), Identity, |v| of(v, identity::owner_state), "Whose the identity is.";
    "identity.last_used_days": Type::Int, Identity, |v| of(v, identity::last_used_days), "Whole days since the identity last acted.";
    "identity.never_used": Type::Bool, Identity, |v| of(v, |i| Value::never(i.identity.last_used)), "A source says that the identity never acted.";
    "identity.console_access": Type::Bool, Identity, |v| of(v, |i| Value::bool(i.identity.console_access)), "A password lets somebody sign in as the identity.";
    "identity.age_days": Type::Int, Identity, |v| of(v, |i| Value::int(i.identity.created.map(|t| i.now.days_since(t)))), "Whole days since the identity was created.";
    "use": Type::Text, Record, last_use, "When it, or else the identity, was last used, in words; unknown when no source says.";
    "answerable": Type::Text, Ownership, answerable, "Who answers for the identity, or else the credential, in words: an owner, or that there is none.";
    "account.words": Type::Text, Record, account_words, "What is known of its account when nobody knows whom it authenticates as.";
    "account.read": Type::Bool, Record, |v| Value::bool(v.credential.account.as_deref().map(|a| v.accounts.read(a))), "Users and roles of its account were read; unknown where no account is known.";
    "identity.ends": Type::Bool, Declaration, |v| of(v, identity::ends), "The registry names an end or a review date for the identity.";
}
