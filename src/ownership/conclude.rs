//! From what was found to one answer and the sentence that explains it.

use super::claims::{Declaration, Found, What};
use super::roster::{Roster, Standing};
use crate::model::{
    Attribution, Credential, Inventory, Method, Owner, Ownership, OwnershipState, Str, SubjectId,
};
use std::collections::BTreeMap;

/// How many of the parties to a dispute are named.
const MAX_NAMED: usize = 4;

/// Whose a subject is, as what was found about it says.
pub(super) fn conclude(subject: &SubjectId, found: Found, roster: &mut Roster<'_>) -> Ownership {
    let mut declarations = found.declarations;
    declarations.sort_by(|a, b| {
        let key = |d: &Declaration| (d.method, d.fallback, d.rank);
        key(a)
            .cmp(&key(b))
            .then_with(|| a.evidence.cmp(&b.evidence))
            .then_with(|| a.owners.cmp(&b.owners))
    });
    let claims = claims(subject, &declarations);
    let Some(best) = declarations.first().filter(|d| d.method.declared()) else {
        return undeclared(&found.asked, found.left_unowned, &declarations, claims);
    };
    let rivals = rivals(best, &declarations, roster);
    let (owner, standing) = spokesman(best, roster);
    let statement = sentence(best, &owner);
    if !rivals.is_empty() {
        let others: Vec<String> = rivals
            .iter()
            .take(MAX_NAMED)
            .map(|rival| sentence(rival, &spokesman(rival, roster).0))
            .collect();
        let anybody = standing.there() || rivals.iter().any(|r| spokesman(r, roster).1.there());
        let reason = format!(
            "declared sources disagree: {statement}; {}",
            others.join("; ")
        );
        return if anybody {
            declared(OwnershipState::Disputed, owner, claims, reason)
        } else {
            let reason = format!("{reason}; none of them is there any more");
            declared(OwnershipState::Orphaned, owner, claims, reason)
        };
    }
    let Some(gone) = absence(&standing) else {
        return declared(OwnershipState::Owned, owner, claims, statement);
    };
    let mut reason = format!("{statement}, {gone}");
    if let Some(backup) = found.backup
        && backup != owner
        && roster.standing(&backup).there()
    {
        reason.push_str(&format!("; the backup owner is {backup}"));
    }
    declared(OwnershipState::Orphaned, owner, claims, reason)
}

fn declared(
    state: OwnershipState,
    owner: Owner,
    claims: Vec<Attribution>,
    reason: String,
) -> Ownership {
    Ownership {
        state,
        owner: Some(owner),
        suggestion: None,
        claims,
        reason: reason.into(),
    }
}

/// The answer for an identity that belongs to the platform's provider.
pub(super) fn provider_managed(why: &str) -> Ownership {
    Ownership {
        state: OwnershipState::Unowned,
        reason: format!("provider-managed: {why}").into(),
        ..Ownership::default()
    }
}

/// A credential is whose the identity is that it authenticates as. Where that is not known, what is said
/// of the credential itself counts.
pub(super) fn inherited(
    inventory: &Inventory,
    credential: &Credential,
    known: &BTreeMap<SubjectId, Ownership>,
    own: Ownership,
) -> Ownership {
    let of_identities = credential.links.iter().filter_map(|link| {
        let ownership = known.get(&SubjectId::Identity(link.identity.clone()))?;
        let identity = inventory.identities.get(&link.identity)?;
        Some((ownership, identity))
    });
    let Some((ownership, identity)) = of_identities.min_by_key(|(o, i)| (o.state, &i.id)) else {
        return own;
    };
    // The registry may speak of the very credential. Otherwise its identity's owner comes first, unless
    // nobody declared that one.
    let registered = own.claims.iter().any(|c| c.method == Method::Registry);
    let better = own.owner.is_some() || own.state < ownership.state;
    if registered || (ownership.owner.is_none() && better) {
        return own;
    }
    let mut inherited = ownership.clone();
    inherited.reason = format!("authenticates as {}: {}", identity.name, ownership.reason).into();
    for claim in own.claims {
        if !inherited.claims.contains(&claim) {
            inherited.claims.push(claim);
        }
    }
    inherited
}

fn claims(subject: &SubjectId, declarations: &[Declaration]) -> Vec<Attribution> {
    let mut claims: Vec<Attribution> = Vec::new();
    for declaration in declarations {
        for (owner, raw) in &declaration.owners {
            claims.push(Attribution {
                method: declaration.method,
                subject: subject.clone(),
                rank: declaration.rank,
                owner: owner.clone(),
                raw: raw.clone(),
                as_of: declaration.as_of,
                evidence: declaration.evidence.clone(),
                why: match &declaration.what {
                    What::Suggestion(why) => why.clone(),
                    _ => None,
                },
            });
        }
    }
    claims
}

/// The declared statements that weigh as much as the best one and name other parties.
///
/// Equal weight is: of the same confidence, none closer to the subject by the same method, and not a
/// default for everything.
fn rivals<'d>(
    best: &Declaration,
    declarations: &'d [Declaration],
    roster: &mut Roster<'_>,
) -> Vec<&'d Declaration> {
    let closest: BTreeMap<_, u32> = declarations
        .iter()
        .rev()
        .filter(|d| d.fallback == best.fallback || !d.fallback)
        .map(|d| (d.method, d.rank))
        .collect();
    let mut rivals: Vec<&Declaration> = Vec::new();
    for other in declarations {
        let equal = other.method.declared()
            && other.method.confidence() == best.method.confidence()
            && closest.get(&other.method) == Some(&other.rank)
            && (!other.fallback || (best.fallback && other.method == best.method));
        if !equal || agree(best, other, roster) {
            continue;
        }
        if !rivals.iter().any(|rival| rival.owners == other.owners) {
            rivals.push(other);
        }
    }
    rivals
}

fn agree(a: &Declaration, b: &Declaration, roster: &mut Roster<'_>) -> bool {
    a.owners
        .iter()
        .any(|(a, _)| b.owners.iter().any(|(b, _)| roster.same_party(a, b)))
}

/// The first of the parties who is still there, else the first.
fn spokesman(declaration: &Declaration, roster: &mut Roster<'_>) -> (Owner, Standing) {
    let mut first = None;
    for (owner, _) in &declaration.owners {
        let standing = roster.standing(owner);
        if standing.there() {
            return (owner.clone(), standing);
        }
        first.get_or_insert((owner.clone(), standing));
    }
    // A declaration always names somebody.
    first.unwrap_or((Owner::Team("".into()), Standing::NoSuchTeam))
}

fn undeclared(
    asked: &[&'static str],
    left_unowned: Option<(Str, crate::model::Evidence)>,
    declarations: &[Declaration],
    claims: Vec<Attribution>,
) -> Ownership {
    let refused = left_unowned
        .map(|(path, evidence)| format!("{evidence} leaves {path} without an owner on purpose"));
    if let Some(best) = declarations.first()
        && let Some((owner, _)) = best.owners.first()
    {
        let reason = format!("nobody is declared; {}", sentence(best, owner));
        return Ownership {
            state: OwnershipState::Suggested,
            owner: None,
            suggestion: Some(owner.clone()),
            claims,
            reason: reason.into(),
        };
    }
    let (state, reason) = match (refused, asked) {
        (Some(reason), _) => (OwnershipState::Unowned, reason),
        (None, []) => (
            OwnershipState::Unknown,
            "no source that could name an owner was read".to_owned(),
        ),
        (None, [only]) => (OwnershipState::Unowned, format!("{only} named no owner")),
        (None, [first @ .., last]) => {
            let list = first.join(", ");
            let reason = format!("neither {list} nor {last} named an owner");
            (OwnershipState::Unowned, reason)
        }
    };
    Ownership {
        state,
        owner: None,
        suggestion: None,
        claims,
        reason: reason.into(),
    }
}

/// ``tag `Owner` names team:payments (users.json#/UserDetailList/3)``.
fn sentence(declaration: &Declaration, owner: &Owner) -> String {
    let evidence = &declaration.evidence;
    match &declaration.what {
        What::Registry(id) => format!("registry entry {id} names {owner} ({evidence})"),
        What::Label(sort, key) => format!("{sort} `{key}` names {owner} ({evidence})"),
        What::Container(id, sort, key) => {
            format!("{sort} `{key}` of {id} names {owner} ({evidence})")
        }
        What::Catalog(reference) => format!("catalog entity {reference} is {owner}'s ({evidence})"),
        What::Codeowners(path) => format!("CODEOWNERS gives {path} to {owner} ({evidence})"),
        What::Suggestion(why) => {
            let method = declaration.method.as_str();
            let why = why.as_ref().map(|why| format!(", who {why}"));
            let why = why.unwrap_or_default();
            format!("{method} suggests {owner}{why} ({evidence})")
        }
    }
}

/// Why an owner is not there, as the end of a sentence; `None` for one who is.
fn absence(standing: &Standing) -> Option<String> {
    Some(match standing {
        Standing::There => return None,
        Standing::Left(Some(date), evidence) => {
            format!("who left on {} ({evidence})", date.date())
        }
        Standing::Left(None, evidence) => format!("who has left ({evidence})"),
        Standing::NoSuchTeam => "a team that the roster does not list".to_owned(),
        Standing::NoMembers(evidence) => format!("a team without members ({evidence})"),
        Standing::AllLeft(evidence) => format!("a team whose members have all left ({evidence})"),
    })
}
