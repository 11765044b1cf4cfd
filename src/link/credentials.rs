//! Joins of credentials that stand in the open: to their entry in a listing of their issuer, and to the
//! identity they stand for. What is compared, and how far it can be trusted, is said in one table,
//! [`JoinForm::TABLE`](crate::model::JoinForm::TABLE); this file only matches.
//!
//! A value that several entries share joins nothing, and that is said.

use crate::model::{
    Certificate, Confidence, Credential, CredentialId, CredentialLink, Evidence, IdentityId,
    Inventory, JoinForm, JoinKey, ONLY_PUBLIC_HALF, Str,
};
use crate::platform::kubernetes::names;
use std::collections::{BTreeMap, BTreeSet};

/// Prefix of the ids of access keys.
const ACCESS_KEY: &str = "aws:access-key:";

/// Joins everything that can be joined. Idempotent.
pub fn link(inventory: &mut Inventory) {
    to_certificates(inventory);
    to_listings(inventory);
    to_signers(inventory);
    to_holders(inventory);
}

fn listed(credential: &Credential) -> bool {
    !credential.records.is_empty()
}

fn leaked(credential: &Credential) -> bool {
    !credential.exposures.is_empty() && !listed(credential)
}

/// A private key stands for whom its certificate names, wherever the certificate was read. Of several, such
/// as the old and the renewed one, the one that ends last counts.
fn to_certificates(inventory: &mut Inventory) {
    let mut index: BTreeMap<&Str, &Certificate> = BTreeMap::new();
    for certificate in &inventory.certificates {
        let best = index.entry(&certificate.public).or_insert(certificate);
        if (best.expires, *best) < (certificate.expires, certificate) {
            *best = certificate;
        }
    }
    if index.is_empty() {
        return;
    }
    for credential in inventory.credentials.values_mut() {
        let mut keys = credential.join_keys.iter();
        let public = keys.find(|key| key.form == JoinForm::PublicKeyFingerprint);
        let Some(certificate) = public.and_then(|key| index.get(&key.value)) else {
            continue;
        };
        let mut said = Credential::new(
            credential.id.clone(),
            credential.kind.clone(),
            credential.issuer.clone(),
            credential.title.clone(),
        );
        said.expires = certificate.expires;
        said.created = certificate.created;
        said.claims = certificate.claims.clone();
        said.implied_tier = certificate.implied_tier.clone();
        said.join_keys = certificate.join_keys.clone();
        credential.merge(said);
    }
}

/// By which a listed credential is found: what its reader gave it, and its natural id.
fn known_by(credential: &Credential) -> impl Iterator<Item = JoinKey> {
    let own = JoinKey::new(JoinForm::CredentialId, &credential.issuer, &credential.id.0);
    credential
        .join_keys
        .iter()
        .cloned()
        .chain(std::iter::once(own))
}

/// What was concluded for one leaked credential.
enum Match {
    /// The entry, the field that says so, and whether that field is exact.
    One(CredentialId, JoinForm, bool),
    /// So many entries share the field.
    Several(usize, JoinForm),
}

fn to_listings(inventory: &mut Inventory) {
    let mut index: BTreeMap<JoinKey, BTreeSet<CredentialId>> = BTreeMap::new();
    for credential in inventory.credentials.values().filter(|c| listed(c)) {
        for key in known_by(credential) {
            index.entry(key).or_default().insert(credential.id.clone());
        }
    }
    let mut matches: BTreeMap<CredentialId, Match> = BTreeMap::new();
    for leak in inventory.credentials.values().filter(|c| leaked(c)) {
        if let Some(found) = find(inventory, &index, leak) {
            matches.insert(leak.id.clone(), found);
        }
    }
    // Two leaks with the same last characters cannot both be the one entry.
    let mut claimed: BTreeMap<CredentialId, usize> = BTreeMap::new();
    for found in matches.values() {
        if let Match::One(id, _, false) = found {
            *claimed.entry(id.clone()).or_default() += 1;
        }
    }
    for (id, found) in matches {
        match found {
            Match::One(entry, _, false) if claimed.get(&entry).is_some_and(|n| *n > 1) => {
                note(
                    inventory,
                    &id,
                    "several credentials in the open may be the listed one",
                );
            }
            Match::One(entry, form, exact) => join(inventory, &id, entry, form, exact),
            Match::Several(count, form) => {
                let name = form.name();
                let reason = format!("{count} entries of its issuer's listing share its {name}");
                note(inventory, &id, &reason);
            }
        }
    }
}

/// The entries that have a key in common: those that exact fields name, else those that hints leave.
fn find(
    inventory: &Inventory,
    index: &BTreeMap<JoinKey, BTreeSet<CredentialId>>,
    leak: &Credential,
) -> Option<Match> {
    for exact in [true, false] {
        let mut candidates: BTreeSet<&CredentialId> = BTreeSet::new();
        let mut by = None;
        for key in &leak.join_keys {
            let fits = |rule: &crate::model::JoinRule| !rule.holder && rule.exact == exact;
            if !key.form.rule().is_some_and(fits) {
                continue;
            }
            let entries = index.get(key).into_iter().flatten();
            let entries = entries.filter(|id| {
                let entry = inventory.credentials.get(id);
                entry.is_some_and(|entry| exact || !contradicts(leak, entry))
            });
            for id in entries {
                candidates.insert(id);
                by.get_or_insert(key.form);
            }
        }
        let form = by.unwrap_or(JoinForm::CredentialId);
        match candidates.len() {
            0 => {}
            1 => {
                return candidates
                    .first()
                    .map(|id| Match::One((*id).clone(), form, exact));
            }
            n => return Some(Match::Several(n, form)),
        }
    }
    None
}

/// Whether a hint cannot be right: another account, or a life that does not meet the other's.
fn contradicts(leak: &Credential, entry: &Credential) -> bool {
    let account = match (&leak.account, &entry.account) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    };
    let ended = match (leak.created, entry.expires.at()) {
        (Some(made), Some(end)) => made > end,
        _ => false,
    };
    account || ended
}

fn join(
    inventory: &mut Inventory,
    leak: &CredentialId,
    entry: CredentialId,
    form: JoinForm,
    exact: bool,
) {
    let Some(mut leak) = inventory.credentials.remove(leak) else {
        return;
    };
    let reason: Str = format!("its issuer's listing holds it ({})", form.name()).into();
    let exposures = std::mem::take(&mut leak.exposures);
    leak.exposures = exposures
        .into_iter()
        .map(|mut exposure| {
            if exact && !exposure.reasons.contains(ONLY_PUBLIC_HALF) {
                exposure.confidence = Confidence::High;
            }
            exposure.reasons.insert(reason.clone());
            exposure
        })
        .collect();
    leak.id = entry;
    inventory.add_credential(leak);
}

fn note(inventory: &mut Inventory, id: &CredentialId, reason: &str) {
    if let Some(credential) = inventory.credentials.get_mut(id) {
        let exposures = std::mem::take(&mut credential.exposures);
        credential.exposures = exposures
            .into_iter()
            .map(|mut exposure| {
                exposure.reasons.insert(reason.into());
                exposure
            })
            .collect();
    }
}

/// A signed URL does what the holder of the key that signed it may.
fn to_signers(inventory: &mut Inventory) {
    let mut links: Vec<(CredentialId, BTreeSet<CredentialLink>)> = Vec::new();
    for credential in inventory.credentials.values() {
        let signer = credential
            .join_keys
            .iter()
            .find(|key| key.form == JoinForm::SignedBy);
        let key = signer.and_then(|key| {
            let id = CredentialId::from(format!("{ACCESS_KEY}{}", key.value));
            inventory.credentials.get(&id)
        });
        let Some(key) = key.filter(|key| !key.links.is_empty()) else {
            continue;
        };
        let signed = key.links.iter().map(|link| CredentialLink {
            basis: "signed with that identity's access key".into(),
            ..link.clone()
        });
        links.push((credential.id.clone(), signed.collect()));
    }
    add(inventory, links);
}

/// The identities that keys name, by natural id or by what their readers know them by besides.
fn to_holders(inventory: &mut Inventory) {
    let mut index: BTreeMap<Str, BTreeSet<IdentityId>> = BTreeMap::new();
    for identity in inventory.identities.values() {
        for alias in &identity.aliases {
            index
                .entry(alias.clone())
                .or_default()
                .insert(identity.id.clone());
        }
    }
    let mut links: Vec<(CredentialId, BTreeSet<CredentialLink>)> = Vec::new();
    let mut notes: Vec<(CredentialId, String)> = Vec::new();
    for credential in inventory.credentials.values() {
        let Some(evidence) = place(credential) else {
            continue;
        };
        let mut found = BTreeSet::new();
        let holders = credential.join_keys.iter().filter(|key| {
            let holder = key.form.rule().is_some_and(|rule| rule.holder);
            holder && key.form != JoinForm::SignedBy
        });
        for key in holders {
            // A group is who one is only where nothing says who one is.
            if key.form == JoinForm::KubernetesGroup
                && !(found.is_empty() && credential.links.is_empty())
            {
                continue;
            }
            let named: BTreeSet<&IdentityId> = ids(key)
                .iter()
                .flat_map(|id| {
                    let own = inventory
                        .identities
                        .get_key_value(&IdentityId::from(&**id))
                        .map(|(id, _)| id);
                    index.get(id).into_iter().flatten().chain(own)
                })
                .collect();
            let name = key.form.name();
            match (named.len(), named.first()) {
                (1, Some(identity)) => {
                    found.insert(CredentialLink {
                        identity: (*identity).clone(),
                        basis: format!("the credential's {name} names the identity").into(),
                        evidence: evidence.clone(),
                    });
                }
                (0, _) | (_, None) => {}
                (several, _) => notes.push((
                    credential.id.clone(),
                    format!("{several} identities share its {name}"),
                )),
            }
        }
        if !found.is_empty() {
            links.push((credential.id.clone(), found));
        }
    }
    add(inventory, links);
    for (id, reason) in notes {
        note(inventory, &id, &reason);
    }
    rename(inventory, &index);
}

/// Links to a name that no identity has, but one is also called, lead to that one.
fn rename(inventory: &mut Inventory, index: &BTreeMap<Str, BTreeSet<IdentityId>>) {
    if index.is_empty() {
        return;
    }
    for credential in inventory.credentials.values_mut() {
        let unknown = |link: &CredentialLink| !inventory.identities.contains_key(&link.identity);
        if !credential.links.iter().any(unknown) {
            continue;
        }
        let links = std::mem::take(&mut credential.links);
        credential.links = links
            .into_iter()
            .map(|mut link| {
                let named = index.get(&link.identity.0).filter(|ids| ids.len() == 1);
                if let (true, Some(id)) = (unknown(&link), named.and_then(|ids| ids.first())) {
                    link.identity = id.clone();
                }
                link
            })
            .collect();
    }
}

fn add(inventory: &mut Inventory, links: Vec<(CredentialId, BTreeSet<CredentialLink>)>) {
    for (id, links) in links {
        if let Some(credential) = inventory.credentials.get_mut(&id) {
            credential.links.extend(links);
        }
    }
}

fn place(credential: &Credential) -> Option<Evidence> {
    let exposure = credential.exposures.first().map(|e| &e.evidence);
    exposure.or_else(|| credential.records.first()).cloned()
}

/// What an identity that the key names is called: by platforms' own ids, and by the key itself.
fn ids(key: &JoinKey) -> Vec<Str> {
    let mut ids = vec![key.alias()];
    match key.form {
        JoinForm::KubernetesUser => ids.push(names::user(names::CLUSTER, &key.value).into()),
        JoinForm::KubernetesGroup => ids.push(names::group(names::CLUSTER, &key.value).into()),
        JoinForm::ServiceAccount | JoinForm::EntraObject | JoinForm::EntraApp => {
            ids.push(key.value.clone());
        }
        _ => {}
    }
    ids
}
