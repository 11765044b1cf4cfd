//! Joins of what AWS exports say without saying of whom: an answer that is named after an identity, a
//! workload that names its role or instance profile, a summary of the only account.

use crate::model::{
    Identity, IdentityId, IdentityKind, Inventory, Moment, Platform, Presence, Problem,
    ProblemKind, Str, Usage, UsageWindow, Workload,
};
use crate::platform::aws::arn::{Arn, is_account};
use crate::platform::aws::hint;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The root user of an account that no file names.
const SOME_ROOT: &str = "aws:root-user";
/// Prefix of roles of whom only the name is known, and perhaps the account.
const ROLE_NAME: &str = "aws:role-name:";
/// Prefix of the ids of access keys.
const KEY: &str = "aws:access-key:";

/// Joins. Idempotent.
pub(super) fn link(inventory: &mut Inventory) {
    bind_usage(inventory);
    note_use(inventory);
    bind_root(inventory);
    drop_reported_root_keys(inventory);
    bind_workloads(inventory);
    drop_repeated_workloads(inventory);
    drop_repeated_trusts(inventory);
}

/// What was read and could not be given to anybody: use that is named after nobody there is, or after
/// several.
pub fn unbound(inventory: &Inventory) -> Vec<Problem> {
    let windows = inventory.usage_windows.iter();
    let nameless = windows.filter(|w| hint::parts(&w.identity.0).is_some());
    let mut problems: Vec<Problem> = nameless
        .map(|window| Problem {
            path: window.evidence.origin.path.clone(),
            line: None,
            column: None,
            kind: ProblemKind::Malformed,
            reader: window.evidence.reader,
            message: "the answer does not name whom it is about, and not exactly one identity of the inventory is called as the file is; add a member `Arn`".into(),
        })
        .collect();
    let roots = inventory.identities.get(&IdentityId::from(SOME_ROOT));
    for evidence in roots.iter().flat_map(|root| &root.evidence) {
        problems.push(Problem {
            path: evidence.origin.path.clone(),
            line: None,
            column: None,
            kind: ProblemKind::Malformed,
            reader: evidence.reader,
            message: "the account summary does not name its account, and more or fewer than one account was read; add a member `AccountId`".into(),
        });
    }
    problems.sort();
    problems.dedup();
    problems
}

/// Gives use to the identity that the file was named after, if there is exactly one.
fn bind_usage(inventory: &mut Inventory) {
    let hints: BTreeSet<Str> = inventory
        .usage
        .iter()
        .map(|u| &u.identity)
        .chain(inventory.usage_windows.iter().map(|w| &w.identity))
        .filter(|id| hint::parts(&id.0).is_some())
        .map(|id| id.0.clone())
        .collect();
    if hints.is_empty() {
        return;
    }
    let mut called: HashMap<String, BTreeSet<&IdentityId>> = HashMap::new();
    for identity in inventory.identities.values() {
        for name in names(identity) {
            called.entry(name).or_default().insert(&identity.id);
        }
    }
    let mut found: BTreeMap<Str, IdentityId> = BTreeMap::new();
    for id in &hints {
        let Some((name, folders)) = hint::parts(id) else {
            continue;
        };
        let whole = called.get(&hint::folded(name));
        let Some(candidates) = whole.or_else(|| called.get(&hint::bare(name))) else {
            continue;
        };
        // Two of a name are told apart by the folders, where these are named after accounts or kinds.
        let around: Vec<String> = folders.split('/').map(hint::folded).collect();
        let inside = |id: &&&IdentityId| {
            let account = |f: &String| is_account(f).then(|| f.clone());
            let kind = |f: &String| {
                let one = f.strip_suffix('s').unwrap_or(f);
                matches!(one, "user" | "role").then(|| one.to_owned())
            };
            let account = around.iter().rev().find_map(account);
            let kind = around.iter().rev().find_map(kind);
            let told = account.is_some() || kind.is_some();
            let arn = Arn::parse(&id.0).filter(|_| told);
            arn.is_some_and(|arn| {
                account.is_none_or(|a| a == arn.account) && kind.is_none_or(|k| k == arn.kind())
            })
        };
        let narrowed: Vec<_> = candidates.iter().filter(inside).collect();
        let only = match (candidates.len(), &*narrowed) {
            (1, _) => candidates.first(),
            (_, [one]) => Some(*one),
            _ => None,
        };
        if let Some(only) = only {
            found.insert(id.clone(), (*only).clone());
        }
    }
    let known = |id: IdentityId| found.get(&id.0).cloned().unwrap_or(id);
    let usage = std::mem::take(&mut inventory.usage).into_iter();
    inventory.usage = usage
        .map(|usage| Usage {
            identity: known(usage.identity),
            ..usage
        })
        .collect();
    let windows = std::mem::take(&mut inventory.usage_windows).into_iter();
    inventory.usage_windows = windows
        .map(|window| UsageWindow {
            identity: known(window.identity),
            ..window
        })
        .collect();
}

/// Who was seen to use a service, acted.
fn note_use(inventory: &mut Inventory) {
    let used = inventory.usage.iter().map(|u| (&u.identity, u.last));
    let kinds = ["UnusedIAMRole", "UnusedIAMUserPassword"];
    let found = inventory.analyzer_findings.iter();
    let found = found.filter(|f| kinds.contains(&&*f.kind));
    let found: Vec<(IdentityId, Moment)> = found
        .filter_map(|f| Some((f.resource.clone().into(), Moment::At(f.last_used?))))
        .collect();
    for (id, last) in used.chain(found.iter().map(|(id, last)| (id, *last))) {
        if let (Moment::At(_), Some(identity)) = (last, inventory.identities.get_mut(id)) {
            identity.last_used.merge(last);
        }
    }
}

/// What a file about an identity may be called, folded.
fn names(identity: &Identity) -> BTreeSet<String> {
    let Some(arn) = Arn::parse(&identity.id.0).filter(|_| identity.platform == Platform::Aws)
    else {
        return BTreeSet::new();
    };
    let (kind, account, name) = (arn.kind(), arn.account, &*identity.name);
    let path = arn.resource;
    let mut names: BTreeSet<String> = [
        identity.id.0.to_string(),
        name.to_owned(),
        path.to_owned(),
        format!("{kind} {name}"),
        format!("{name} {kind}"),
        format!("{account} {name}"),
        format!("{account} {kind} {name}"),
        format!("{account} {path}"),
    ]
    .iter()
    .map(|name| hint::folded(name))
    .collect();
    names.extend(identity.aliases.iter().map(|alias| hint::folded(alias)));
    names.remove("");
    names
}

/// A summary that names no account is of the only one there is.
fn bind_root(inventory: &mut Inventory) {
    let some = IdentityId::from(SOME_ROOT);
    if !inventory.identities.contains_key(&some) {
        return;
    }
    let accounts: BTreeSet<&str> = inventory
        .identities
        .values()
        .filter(|i| i.platform == Platform::Aws && i.presence.contains(&Presence::Observed))
        .filter_map(|i| Arn::parse(&i.id.0)?.customer())
        .collect();
    let (Some(account), 1) = (accounts.first(), accounts.len()) else {
        return;
    };
    let account: Str = (*account).into();
    let id = IdentityId::from(format!("arn:aws:iam::{account}:root"));
    if let Some(mut root) = inventory.identities.remove(&some) {
        root.id = id.clone();
        root.account = Some(account.clone());
        inventory.add_identity(root);
    }
    let key = format!("{KEY}{SOME_ROOT}#summary");
    if let Some(mut credential) = inventory.credentials.remove(&key.as_str().into()) {
        credential.id = format!("{KEY}{id}#summary").into();
        credential.account = Some(account);
        let links = std::mem::take(&mut credential.links).into_iter();
        credential.links = links
            .map(|mut link| {
                link.identity = id.clone();
                link
            })
            .collect();
        inventory.add_credential(credential);
    }
}

/// A credential report tells which of the root user's keys there are; a summary only that there is one.
fn drop_reported_root_keys(inventory: &mut Inventory) {
    let summaries: Vec<_> = inventory
        .credentials
        .values()
        .filter(|c| c.id.0.starts_with(KEY) && c.id.0.ends_with("#summary"))
        .filter(|c| {
            let account = c.account.as_deref();
            account.is_some_and(|a| inventory.has_source("aws-credential-report", a))
        })
        .map(|c| c.id.clone())
        .collect();
    for id in summaries {
        inventory.credentials.remove(&id);
    }
}

/// Workloads that name their role by name, or by the instance profile around it.
fn bind_workloads(inventory: &mut Inventory) {
    let profile = |id: &IdentityId| id.0.contains(":instance-profile/");
    let named = |id: &IdentityId| id.0.starts_with(ROLE_NAME);
    if !inventory
        .workloads
        .iter()
        .any(|w| profile(&w.runs_as) || named(&w.runs_as))
    {
        return;
    }
    let mut by_name: HashMap<String, Vec<&IdentityId>> = HashMap::new();
    let mut by_alias: HashMap<&str, Vec<&IdentityId>> = HashMap::new();
    for identity in inventory.identities.values() {
        if identity.kind != IdentityKind::AwsRole {
            continue;
        }
        let account = identity.account.as_deref().unwrap_or_default();
        by_name
            .entry(identity.name.to_string())
            .or_default()
            .push(&identity.id);
        by_name
            .entry(format!("{account}/{}", identity.name))
            .or_default()
            .push(&identity.id);
        for alias in &identity.aliases {
            by_alias.entry(alias).or_default().push(&identity.id);
        }
    }
    // Profiles that were read themselves say what acts through them, and as whom.
    for workload in inventory
        .workloads
        .iter()
        .filter(|w| w.id.contains(":instance-profile/"))
    {
        let roles = by_alias.entry(&workload.id).or_default();
        if !roles.contains(&&workload.runs_as) {
            roles.push(&workload.runs_as);
        }
    }
    let find = |id: &IdentityId| -> Option<IdentityId> {
        let candidates = match id.0.strip_prefix(ROLE_NAME) {
            Some(name) => by_name.get(name)?,
            None => by_alias.get(&*id.0)?,
        };
        match &**candidates {
            [one] => Some((*one).clone()),
            _ => None,
        }
    };
    let bound: BTreeMap<IdentityId, IdentityId> = inventory
        .workloads
        .iter()
        .map(|w| &w.runs_as)
        .filter(|id| profile(id) || named(id))
        .filter_map(|id| Some((id.clone(), find(id)?)))
        .collect();
    let workloads = std::mem::take(&mut inventory.workloads).into_iter();
    inventory.workloads = workloads
        .map(|mut workload| {
            if let Some(role) = bound.get(&workload.runs_as) {
                workload.runs_as = role.clone();
            }
            workload
        })
        .collect();
}

/// One resource stands in the answers of several commands; one of them is enough, and of an instance the
/// one that tells the region.
fn drop_repeated_workloads(inventory: &mut Inventory) {
    let aws = |w: &Workload| w.platform() == Platform::Aws;
    if !inventory.workloads.iter().any(aws) {
        return;
    }
    let bare = |w: &Workload| -> Option<(Str, Str, IdentityId)> {
        let arn = Arn::parse(&w.id)?;
        let rest = format!("{}:{}:{}", arn.service, arn.account, arn.resource);
        Some((rest.into(), w.kind.clone(), w.runs_as.clone()))
    };
    let placed: BTreeSet<_> = inventory
        .workloads
        .iter()
        .filter(|w| Arn::parse(&w.id).is_some_and(|arn| !arn.region.is_empty()))
        .filter_map(bare)
        .collect();
    let mut seen = BTreeSet::new();
    inventory.workloads.retain(|w| {
        let region = Arn::parse(&w.id).map(|arn| arn.region.to_owned());
        match (aws(w), bare(w), region) {
            (true, Some(key), Some(region)) => {
                !(region.is_empty() && placed.contains(&key)) && seen.insert((key, region))
            }
            _ => true,
        }
    });
}

/// A role that is exported whole and listed singly states its trust twice; once is enough.
fn drop_repeated_trusts(inventory: &mut Inventory) {
    let single = |reader: &str| reader == "aws-principals";
    let mut seen = BTreeSet::new();
    if !inventory.trusts.iter().any(|t| single(t.evidence.reader)) {
        return;
    }
    let whole: BTreeSet<IdentityId> = inventory
        .trusts
        .iter()
        .filter(|t| !single(t.evidence.reader))
        .map(|t| t.target.clone())
        .collect();
    inventory.trusts.retain(|t| {
        let says = || (t.id(), t.effect, t.actions.clone(), t.condition.clone());
        !single(t.evidence.reader) || !whole.contains(&t.target) && seen.insert(says())
    });
}
