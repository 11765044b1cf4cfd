//! Who may do this to that: every principal of an estate, and those who would do it as a role that they may
//! assume.

use super::caller::Caller;
use super::{Estate, Inquiry};
use crate::model::{Answer, Decision, Identity, IdentityKind, PrincipalDecision, Str};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// How many roles a chain of assumed roles may have.
const LONGEST: usize = 8;

/// The verdicts of those that are not simply denied, directly and through roles, and how many others there
/// are.
pub(super) fn who_can(inquiry: &Inquiry, estate: &Estate<'_>) -> (Vec<PrincipalDecision>, usize) {
    let principals: Vec<&Identity> = estate.principals().collect();
    let mut verdicts: Vec<PrincipalDecision> = principals
        .par_iter()
        .filter_map(|identity| {
            let decision = ask(inquiry, estate, identity)?;
            let denied = matches!(
                decision.outcome,
                Answer::ImplicitlyDenied | Answer::ExplicitlyDenied
            );
            (!denied).then(|| PrincipalDecision {
                principal: identity.id.0.clone(),
                decision,
                through: Vec::new(),
            })
        })
        .collect();
    let others = principals.len() - verdicts.len();
    let chains = through_roles(inquiry, estate, &principals, &verdicts);
    verdicts.extend(chains);
    verdicts.sort_by(|a, b| {
        let rank = |v: &PrincipalDecision| (!v.through.is_empty(), v.decision.outcome);
        (rank(a), &a.principal).cmp(&(rank(b), &b.principal))
    });
    (verdicts, others)
}

fn ask(inquiry: &Inquiry, estate: &Estate<'_>, identity: &Identity) -> Option<Decision> {
    let caller = Caller::parse(&identity.id.0)?;
    inquiry.answer(caller, Some(estate)).ok()
}

/// Those who cannot do it themselves but may assume a role that can, or a role that may assume it: the
/// shortest chain of each.
fn through_roles(
    inquiry: &Inquiry,
    estate: &Estate<'_>,
    principals: &[&Identity],
    direct: &[PrincipalDecision],
) -> Vec<PrincipalDecision> {
    let assume = "sts:assumerole";
    let mut known = HashMap::new();
    // Whoever no policy of its own lets assume anything, only a trust that names it lets in.
    let active: Vec<&Identity> = principals
        .iter()
        .copied()
        .filter(|p| p.kind != IdentityKind::AwsRoot && estate.may_speak(p, assume, &mut known))
        .collect();
    // A trust that names accounts lets in theirs only.
    let mut by_account: BTreeMap<&str, Vec<&Identity>> = BTreeMap::new();
    for identity in &active {
        let account = identity.account.as_deref().unwrap_or_default();
        by_account.entry(account).or_default().push(identity);
    }
    let by_id: BTreeMap<&str, &Identity> = principals.iter().map(|p| (&*p.id.0, *p)).collect();
    let mut done: HashSet<Str> = direct.iter().map(|v| v.principal.clone()).collect();
    let roles: BTreeSet<&str> = estate.roles().map(|r| &*r.id.0).collect();
    let mut queue: VecDeque<(Str, Vec<Str>, Answer)> = direct
        .iter()
        .filter(|v| roles.contains(&*v.principal))
        .map(|v| (v.principal.clone(), Vec::new(), v.decision.outcome))
        .collect();
    let mut found = Vec::new();
    while let Some((role, beyond, outcome)) = queue.pop_front() {
        if beyond.len() >= LONGEST {
            continue;
        }
        let Ok(step) = Inquiry::new(None, assume, Some(&role), inquiry.terms()) else {
            continue;
        };
        let (named, opening) = estate.trusted(&role);
        let named = named.into_iter().filter_map(|id| by_id.get(id).copied());
        let mut candidates: Vec<&Identity> = named.collect();
        if opening.anyone {
            candidates.extend(&active);
        } else {
            let accounts = opening.accounts.iter();
            let of = accounts.filter_map(|account| by_account.get(account.as_str()));
            candidates.extend(of.flatten());
        }
        candidates.retain(|p| !done.contains(&p.id.0));
        candidates.sort_by(|a, b| a.id.cmp(&b.id));
        candidates.dedup_by(|a, b| a.id == b.id);
        let admitted: Vec<(&Identity, Decision)> = candidates
            .par_iter()
            .filter_map(|identity| {
                let decision = ask(&step, estate, identity)?;
                let open = matches!(
                    decision.outcome,
                    Answer::Allowed | Answer::Conditional | Answer::Unresolved
                );
                open.then_some((*identity, decision))
            })
            .collect();
        for (identity, mut decision) in admitted {
            if !done.insert(identity.id.0.clone()) {
                continue;
            }
            decision.outcome = decision.outcome.max(outcome);
            let mut through = vec![role.clone()];
            through.extend(beyond.iter().cloned());
            if roles.contains(&*identity.id.0) {
                queue.push_back((identity.id.0.clone(), through.clone(), decision.outcome));
            }
            found.push(PrincipalDecision {
                principal: identity.id.0.clone(),
                decision,
                through,
            });
        }
    }
    found
}
