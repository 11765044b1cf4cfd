//! From what was found to one answer and the sentence that explains it.

use super::claims::{Declaration, Found, What};
use super::directory;
use super::roster::{Roster, Standing};
use crate::model::{
    Attribution, Confidence, Credential, Evidence, Inventory, Method, Owner, Ownership,
    OwnershipState, Str, SubjectId,
};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// How many of the parties to a dispute are named.
const MAX_NAMED: usize = 4;
/// How many statements of less weight are named that contradict the one that decides.
const MAX_OTHERWISE: usize = 2;
/// How many owners of one statement are compared with those of another by what the roster knows of them. All are
/// compared by name.
const MAX_COMPARED: usize = 100;
/// How many suggestions are compared with each other.
const MAX_SUGGESTED: usize = 64;

/// Whose a subject is, as what was found about it says.
pub(super) fn conclude(subject: &SubjectId, found: Found, roster: &mut Roster<'_>) -> Ownership {
    let mut declarations = found.declarations;
    declarations.sort_by(|a, b| {
        a.method
            .cmp(&b.method)
            .then_with(|| (a.fallback, a.rank).cmp(&(b.fallback, b.rank)))
            .then_with(|| Reverse(a.as_of).cmp(&Reverse(b.as_of)))
            .then_with(|| a.evidence.cmp(&b.evidence))
            .then_with(|| a.owners.cmp(&b.owners))
    });
    let guesses = declarations.partition_point(|d| d.method.declared());
    let suggested = rank(declarations.split_off(guesses), roster);
    declarations.extend(suggested);
    let claims = claims(subject, &declarations);
    let declarations = directory::together(declarations);
    let Some(best) = declarations.first().filter(|d| d.method.declared()) else {
        return undeclared(
            &found.asked,
            found.left_unowned,
            &declarations,
            claims,
            roster,
        );
    };
    let rivals = rivals(best, &declarations, roster);
    let (owner, standing) = spokesman(best, roster);
    let statement = sentence(best, &owner);
    let concluded = |state, owner, reason: String| Ownership {
        state,
        owner: Some(owner),
        suggestion: None,
        rivals: Vec::new(),
        confidence: Some(best.method.confidence()),
        claims,
        reason: reason.into(),
    };
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
        let sides = rivals.iter().map(|rival| spokesman(rival, roster).0);
        let sides: Vec<Owner> = sides.collect();
        return if anybody {
            Ownership {
                rivals: sides,
                ..concluded(OwnershipState::Disputed, owner, reason)
            }
        } else {
            let reason = format!("{reason}; none of them is there any more");
            concluded(OwnershipState::Orphaned, owner, reason)
        };
    }
    let otherwise = otherwise(best, &declarations, roster);
    let Some(gone) = standing.absence() else {
        let doubt = standing.doubt().map(|doubt| format!(", {doubt}"));
        let reason = format!("{statement}{}{otherwise}", doubt.unwrap_or_default());
        return concluded(OwnershipState::Owned, owner, reason);
    };
    let mut reason = format!("{statement}, {gone}");
    if let Some(backup) = found.backup
        && backup != owner
        && roster.standing(&backup).there()
    {
        reason.push_str(&format!("; the backup owner is {backup}"));
    }
    reason.push_str(&otherwise);
    concluded(OwnershipState::Orphaned, owner, reason)
}

/// What weighs the same: statements about the very subject, then those about what it belongs to, then those about
/// the files it is made from and what databases keep. The last are about other things in the first place (who
/// reviews a file need not own what it makes), so they are said and dispute nothing.
const fn standing(method: Method) -> u8 {
    match method {
        Method::Registry | Method::Label | Method::Provider => 0,
        Method::Definition | Method::Container | Method::Catalog => 1,
        Method::Codeowners | Method::Deployer | Method::Cmdb => 2,
        Method::Creator
        | Method::OnCall
        | Method::CommitAuthor
        | Method::Package
        | Method::Unit
        | Method::NamePattern => 3,
    }
}

/// Suggestions in the order in which they are worth asking: whom more methods suggest comes first, then the better
/// method, then the more recent. Those who have left come last.
fn rank(mut suggested: Vec<Declaration>, roster: &mut Roster<'_>) -> Vec<Declaration> {
    if suggested.len() < 2 {
        return suggested;
    }
    let parties: Vec<(Method, Owner)> = suggested
        .iter()
        .take(MAX_SUGGESTED)
        .filter_map(|d| Some((d.method, d.owners.first()?.0.clone())))
        .collect();
    suggested.sort_by_cached_key(|d| {
        let Some((owner, _)) = d.owners.first() else {
            return (true, Reverse(0));
        };
        let mut methods: Vec<Method> = parties
            .iter()
            .filter(|(_, other)| roster.same_party(owner, other))
            .map(|(method, _)| *method)
            .collect();
        methods.dedup();
        (!roster.standing(owner).there(), Reverse(methods.len()))
    });
    suggested
}

/// What statements of less weight say that contradicts the one that decides.
fn otherwise(best: &Declaration, declarations: &[Declaration], roster: &mut Roster<'_>) -> String {
    let mut text = String::new();
    let mut named = 0;
    let mut said: Vec<Method> = vec![best.method];
    for other in declarations {
        if named == MAX_OTHERWISE
            || !other.method.declared()
            || other.fallback
            || said.contains(&other.method)
        {
            continue;
        }
        // The closest of each method speaks for it.
        said.push(other.method);
        if agree(best, other, roster) {
            continue;
        }
        named += 1;
        let source = match other.method {
            Method::Registry => "the registry",
            Method::Label => "a label",
            Method::Provider => "its platform",
            Method::Definition => "its code",
            Method::Container => "what it lies in",
            Method::Catalog => "the catalog",
            Method::Codeowners => "CODEOWNERS",
            Method::Deployer => "what deploys it",
            _ => "the database of what is run",
        };
        let (owner, _) = spokesman(other, roster);
        let said = sentence(other, &owner);
        let said = said
            .strip_prefix("CODEOWNERS ")
            .map(|rest| format!("it {rest}"))
            .unwrap_or(said);
        text.push_str(&format!("; {source} says otherwise: {said}"));
    }
    text
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
    let mut told = BTreeSet::new();
    for declaration in declarations {
        for (at, (owner, raw)) in declaration.owners.iter().enumerate() {
            let place = declaration.places.get(at);
            let evidence = place.unwrap_or(&declaration.evidence);
            let why = match &declaration.what {
                What::Suggestion(why) => why.as_ref(),
                _ => None,
            };
            let (method, rank, as_of) = (declaration.method, declaration.rank, declaration.as_of);
            // Two keys may lead to one place: a tag and the variable that it hands on.
            if !told.insert((method, rank, as_of, owner, raw, evidence, why)) {
                continue;
            }
            claims.push(Attribution {
                method,
                subject: subject.clone(),
                rank,
                owner: owner.clone(),
                raw: raw.clone(),
                as_of,
                evidence: evidence.clone(),
                why: why.cloned(),
            });
        }
    }
    claims
}

/// The declared statements that weigh as much as the best one and name other parties.
///
/// Equal weight is: of the same standing, none closer to the subject by the same method, and not a default for
/// everything. What a container says is a default for what is in it: what the code that defines a thing says
/// takes its place and disputes nothing.
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
        let overridden = best.method == Method::Definition && other.method == Method::Container;
        let equal = other.method.declared()
            && standing(other.method) == standing(best.method)
            && closest.get(&other.method) == Some(&other.rank)
            && (!other.fallback || (best.fallback && other.method == best.method))
            && !overridden;
        if !equal || agree(best, other, roster) {
            continue;
        }
        if !rivals.iter().any(|rival| rival.owners == other.owners) {
            rivals.push(other);
        }
    }
    rivals
}

/// Whether two statements name the same party. What one object names by several keys is one party by its word.
fn agree(a: &Declaration, b: &Declaration, roster: &mut Roster<'_>) -> bool {
    // Two values for one key of one object agree only by themselves.
    let alone = a.method == b.method;
    let parties = |d: &Declaration| -> Vec<Owner> {
        let together = d.together.iter().filter(|_| !alone);
        let named = d.owners.iter().map(|(owner, _)| owner);
        named.chain(together).cloned().collect()
    };
    let (own_a, own_b) = (parties(a), parties(b));
    let names: BTreeSet<&Owner> = own_a.iter().collect();
    let mut pairs = own_a.iter().take(MAX_COMPARED);
    own_b.iter().any(|b| names.contains(b))
        || pairs.any(|a| {
            let mut others = own_b.iter().take(MAX_COMPARED);
            others.any(|b| roster.same_party(a, b))
        })
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
    left_unowned: Option<(Str, Evidence)>,
    declarations: &[Declaration],
    claims: Vec<Attribution>,
    roster: &mut Roster<'_>,
) -> Ownership {
    let refused = left_unowned
        .map(|(path, evidence)| format!("{evidence} leaves {path} without an owner on purpose"));
    // Nobody is well advised to turn to somebody who has left.
    let there = declarations.iter().find_map(|d| {
        let (owner, standing) = spokesman(d, roster);
        standing.there().then_some((d, owner))
    });
    if let Some((best, owner)) = &there {
        let reason = format!("nobody is declared; {}", sentence(best, owner));
        return Ownership {
            state: OwnershipState::Suggested,
            owner: None,
            suggestion: Some(owner.clone()),
            rivals: Vec::new(),
            confidence: Some(Confidence::Low),
            claims,
            reason: reason.into(),
        };
    }
    let gone = declarations.first().and_then(|d| {
        let (owner, standing) = spokesman(d, roster);
        Some(format!("{}, {}", sentence(d, &owner), standing.absence()?))
    });
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
    let reason = match gone {
        Some(gone) => format!("{reason}; {gone}"),
        None => reason,
    };
    Ownership {
        state,
        owner: None,
        suggestion: None,
        rivals: Vec::new(),
        confidence: None,
        claims,
        reason: reason.into(),
    }
}

/// ``tag `Owner` names team:payments (users.json#/UserDetailList/3)``.
fn sentence(declaration: &Declaration, owner: &Owner) -> String {
    let named = declaration.owners.iter().position(|(o, _)| o == owner);
    let place = named.and_then(|at| declaration.places.get(at));
    let evidence = place.unwrap_or(&declaration.evidence);
    let verb = match declaration.method {
        Method::Creator => "says as who made it",
        Method::Unit => "says as the part of the organisation",
        _ => "names",
    };
    let note = declaration.note.as_deref();
    let said = match &declaration.what {
        What::Registry(id) => format!("registry entry {id} names {owner} ({evidence})"),
        What::Label(sort, key) => format!("{sort} `{key}` {verb} {owner} ({evidence})"),
        What::Container(id, sort, key) => {
            format!("{sort} `{key}` of {id} {verb} {owner} ({evidence})")
        }
        What::Catalog(statement, end) => format!("{statement} {owner}{end} ({evidence})"),
        What::Codeowners(path) => format!("CODEOWNERS gives {path} to {owner} ({evidence})"),
        What::Deployer(chain) => format!("{chain} names {owner} ({evidence})"),
        What::Suggestion(why) => match declaration.method {
            Method::Provider => {
                let directory = directory::name(evidence.reader);
                format!("{directory} names {owner} ({evidence})")
            }
            Method::Creator => format!("its platform records that {owner} made it ({evidence})"),
            Method::OnCall => format!("{owner} is on call for it ({evidence})"),
            Method::NamePattern => format!("its name begins with that of {owner} ({evidence})"),
            Method::Cmdb => format!("the database of what is run names {owner} ({evidence})"),
            method => {
                let why = why.as_ref().map(|why| format!(", who {why}"));
                let why = why.unwrap_or_default();
                format!("{} suggests {owner}{why} ({evidence})", method.as_str())
            }
        },
    };
    match note {
        Some(note) => format!("{said}, {note}"),
        None => said,
    }
}
