//! Joins of AWS exports: a key in a listing and the same key in the credential report, a user name and the
//! user, a leaked key and the listing that confirms it; and what only shows once all of them are there.

mod nature;
mod serves;
mod subject;
mod words;

use crate::model::{
    Confidence, Credential, CredentialId, IdentityId, IdentityKind, Inventory, Membership, Moment,
    ONLY_PUBLIC_HALF, Origin, Platform, Presence, Str,
};
use crate::platform::aws::arn::Arn;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Prefix of the ids of users of whom only the name is known.
const PROVISIONAL: &str = "aws:user-name:";
/// Prefix of the ids of access keys.
const KEY: &str = "aws:access-key:";
/// Prefix of the ids of signing certificates.
const CERTIFICATE: &str = "aws:signing-certificate:";
/// How far apart two exports' dates of the same key's creation may be, in seconds.
const SAME_TIME: u64 = 5;

/// What is said of a leaked key of an account of which some listing was read, but none that has the key.
const ABSENT: &str = "no key listing that was read of its account holds this id";

/// Joins the AWS facts. Idempotent.
pub fn link(inventory: &mut Inventory) {
    resolve_groups(inventory);
    resolve_names(inventory);
    join_reported_keys(inventory);
    note_leaks(inventory);
    conclude(inventory);
}

/// Says of every identity who acts through it, once everything else is joined. Idempotent.
pub fn identify(inventory: &mut Inventory) {
    serves::tell(inventory);
    nature::tell(inventory);
}

/// Users name their groups without path. A page that has the user may not have the group, so names that
/// no group answers to are matched again over all pages.
fn resolve_groups(inventory: &mut Inventory) {
    let mut groups: BTreeMap<(Str, Str), BTreeSet<IdentityId>> = BTreeMap::new();
    for entitlement in &inventory.entitlements {
        let id = &entitlement.principal;
        if let Some(arn) = Arn::parse(&id.0).filter(|arn| arn.kind() == "group") {
            let key = (arn.account.into(), arn.name().into());
            groups.entry(key).or_default().insert(id.clone());
        }
    }
    let memberships = std::mem::take(&mut inventory.memberships);
    let resolved = memberships.into_iter().map(|membership| {
        let arn = Arn::parse(&membership.group.0).filter(|arn| arn.kind() == "group");
        let named = arn.and_then(|arn| groups.get(&(arn.account.into(), arn.name().into())));
        match named {
            Some(ids) if ids.len() == 1 && !ids.contains(&membership.group) => Membership {
                group: ids.first().unwrap_or(&membership.group).clone(),
                ..membership
            },
            _ => membership,
        }
    });
    inventory.memberships = resolved.collect();
}

/// Finds the users that access key listings name. What cannot be told apart stays provisional.
fn resolve_names(inventory: &mut Inventory) {
    let mut users: HashMap<Str, Vec<IdentityId>> = HashMap::new();
    for identity in inventory.identities.values() {
        if identity.kind == IdentityKind::AwsUser && !provisional(&identity.id) {
            let known = users.entry(identity.name.clone()).or_default();
            known.push(identity.id.clone());
        }
    }
    if !inventory.identities.keys().any(provisional) {
        return;
    }
    // By user, the creation times of the keys its credential report holds.
    let mut reported: HashMap<IdentityId, Vec<i64>> = HashMap::new();
    for credential in inventory.credentials.values().filter(|c| slot(c)) {
        if let (Some(user), Some(created)) = (credential.identity(), credential.created) {
            let times = reported.entry(user.clone()).or_default();
            times.push(created.seconds());
        }
    }
    let find = |name: &str, account: Option<&str>, created: Option<i64>| -> Option<IdentityId> {
        let all = users.get(name)?.iter();
        let of_account = |id: &&IdentityId| {
            account.is_none_or(|a| Arn::parse(&id.0).is_some_and(|arn| arn.account == a))
        };
        let candidates: Vec<_> = all.filter(of_account).collect();
        let born = |id: &&&IdentityId| {
            let times = reported.get(**id).into_iter().flatten();
            created.is_some_and(|created| {
                let mut times = times.copied();
                times.any(|time| time.abs_diff(created) <= SAME_TIME)
            })
        };
        let twins: Vec<_> = candidates.iter().filter(born).collect();
        match (&*twins, &*candidates) {
            ([one], _) => Some((**one).clone()),
            ([], [one]) => Some((*one).clone()),
            _ => None,
        }
    };
    let mut sources = BTreeSet::new();
    for credential in inventory.credentials.values_mut() {
        if !credential.links.iter().any(|l| provisional(&l.identity)) {
            continue;
        }
        let created = credential.created.map(|t| t.seconds());
        let links = std::mem::take(&mut credential.links);
        for mut link in links {
            if let Some((account, name)) = named(&link.identity)
                && let Some(user) = find(name, account, created)
            {
                let arn = Arn::parse(&user.0);
                if let Some(account) = arn.and_then(|arn| arn.customer()) {
                    credential.account.get_or_insert_with(|| account.into());
                    // What was listed beside access keys says nothing of access keys.
                    if credential.id.0.starts_with(KEY) {
                        sources.insert((Str::from("aws-access-keys"), Str::from(account)));
                    }
                }
                link.identity = user;
            }
            credential.links.insert(link);
        }
    }
    inventory.sources.extend(sources);
    let open: BTreeSet<IdentityId> = inventory
        .credentials
        .values()
        .flat_map(|c| c.links.iter().map(|l| l.identity.clone()))
        .filter(provisional)
        .collect();
    let names = inventory.identities.keys().filter(|id| provisional(id));
    let ids: Vec<IdentityId> = names.cloned().collect();
    for id in ids {
        let user = named(&id).and_then(|(account, name)| find(name, account, None));
        if open.contains(&id) {
            continue;
        }
        let Some(mut known) = inventory.identities.remove(&id) else {
            continue;
        };
        match user {
            Some(user) => {
                if let Some(target) = inventory.identities.get_mut(&user) {
                    // All but what stands for the name alone.
                    known.id = target.id.clone();
                    known.name = target.name.clone();
                    known.presence.clear();
                    target.merge(known);
                }
            }
            // Nobody's keys point at it any more, but two users of the name exist: what the record says of
            // its use cannot be given to either.
            None if known.last_used != Moment::Unknown
                || known.mfa.is_some()
                || known.console_access.is_some() =>
            {
                known.presence.insert(Presence::Referenced);
                inventory.identities.insert(id, known);
            }
            None => {}
        }
    }
}

/// A key (or certificate) of a listing and a slot of the credential report are the same when user and
/// creation agree.
fn join_reported_keys(inventory: &mut Inventory) {
    for prefix in [KEY, CERTIFICATE] {
        join_reported(inventory, prefix);
    }
}

fn join_reported(inventory: &mut Inventory, prefix: &str) {
    let slot = |credential: &Credential| slot_of(credential, prefix);
    let mut listed: HashMap<IdentityId, Vec<(i64, CredentialId)>> = HashMap::new();
    for credential in inventory.credentials.values() {
        let key = credential.id.0.starts_with(prefix) && !slot(credential);
        if let (true, Some(created)) = (key && !credential.records.is_empty(), credential.created) {
            for link in &credential.links {
                let keys = listed.entry(link.identity.clone()).or_default();
                keys.push((created.seconds(), credential.id.clone()));
            }
        }
    }
    // The closest pairs first, each key and each slot at most once.
    let mut pairs = Vec::new();
    for credential in inventory.credentials.values().filter(|c| slot(c)) {
        let (Some(user), Some(created)) = (credential.identity(), credential.created) else {
            continue;
        };
        for (time, key) in listed.get(user).into_iter().flatten() {
            let apart = time.abs_diff(created.seconds());
            if apart <= SAME_TIME {
                pairs.push((apart, credential.id.clone(), key.clone()));
            }
        }
    }
    pairs.sort();
    let mut joined = BTreeSet::new();
    for (_, reported, key) in pairs {
        if joined.contains(&key) {
            continue;
        }
        if let Some(mut credential) = inventory.credentials.remove(&reported) {
            credential.id = key.clone();
            inventory.add_credential(credential);
            joined.insert(key);
        }
    }
}

/// Says of leaked keys whether a listing confirms them.
fn note_leaks(inventory: &mut Inventory) {
    let listings: BTreeSet<Str> = inventory
        .sources
        .iter()
        .filter(|(kind, _)| &**kind == "aws-access-keys")
        .map(|(_, account)| account.clone())
        .collect();
    for credential in inventory.credentials.values_mut() {
        let id = &credential.id.0;
        if !id.starts_with(KEY) || credential.exposures.is_empty() {
            continue;
        }
        let listed = credential
            .records
            .iter()
            .any(|e| e.reader.starts_with("aws-"));
        let account = credential.account.as_ref();
        let reason: Str = if listed {
            "the account's key listing holds this id".into()
        } else if account.is_some_and(|account| listings.contains(account)) {
            ABSENT.into()
        } else {
            continue;
        };
        let exposures = std::mem::take(&mut credential.exposures);
        // The export that lists a key names it, too; that is no leak.
        let listing: BTreeSet<&Origin> = credential.records.iter().map(|e| &*e.origin).collect();
        let open = exposures
            .into_iter()
            .filter(|e| !listing.contains(&*e.evidence.origin));
        let noted = open.map(|mut exposure| {
            if listed {
                if !exposure.reasons.contains(ONLY_PUBLIC_HALF) {
                    exposure.confidence = Confidence::High;
                }
                exposure.reasons.remove(ABSENT);
            }
            exposure.reasons.insert(reason.clone());
            exposure
        });
        let noted = noted.collect();
        credential.exposures = noted;
    }
}

/// What follows for users from all their credentials: when they were last used.
fn conclude(inventory: &mut Inventory) {
    let mut held: HashMap<IdentityId, Vec<&Credential>> = HashMap::new();
    for credential in inventory.credentials.values() {
        for link in &credential.links {
            held.entry(link.identity.clone())
                .or_default()
                .push(credential);
        }
    }
    for identity in inventory.identities.values_mut() {
        let account_user = matches!(identity.kind, IdentityKind::AwsUser | IdentityKind::AwsRoot);
        if identity.platform != Platform::Aws || !account_user {
            continue;
        }
        let credentials = held.get(&identity.id).map_or(&[][..], Vec::as_slice);
        let reported = identity
            .evidence
            .iter()
            .any(|e| e.reader == "aws-credential-report");
        let uses = credentials.iter().map(|c| c.last_used);
        match uses.clone().max() {
            Some(Moment::At(time)) => identity.last_used.merge(Moment::At(time)),
            // Never only if all credentials are known and each says so.
            Some(Moment::Never) if reported && uses.clone().all(|m| m == Moment::Never) => {
                identity.last_used.merge(Moment::Never);
            }
            _ => {}
        }
    }
}

/// Whether a credential is a slot of the credential report, whose id is not known.
fn slot(credential: &Credential) -> bool {
    slot_of(credential, KEY)
}

fn slot_of(credential: &Credential, prefix: &str) -> bool {
    let id = credential.id.0.strip_prefix(prefix);
    id.is_some_and(|id| id.starts_with("arn:"))
}

fn provisional(id: &IdentityId) -> bool {
    id.0.starts_with(PROVISIONAL)
}

/// Account, where known, and name of a provisional user.
fn named(id: &IdentityId) -> Option<(Option<&str>, &str)> {
    let rest = id.0.strip_prefix(PROVISIONAL)?;
    Some(match rest.split_once('/') {
        Some((account, name)) => (Some(account), name),
        None => (None, rest),
    })
}
