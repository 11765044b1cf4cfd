//! Joins across platforms: who becomes whom by the tokens of its own platform. From the side of whoever shows the
//! token (annotations of ServiceAccounts, what jobs sign in as) and from that of whoever accepts it (subjects
//! that a trust names).

use crate::model::{
    Effect, Evidence, Humanity, Identity, IdentityId, IdentityKind, Inventory, Platform, Presence,
    Set, Str, TrustPrincipal,
};
use crate::platform::glob;
use crate::platform::kubernetes::names;
use std::collections::{BTreeMap, BTreeSet};

/// Annotation by which GKE gives a ServiceAccount a Google service account.
const GOOGLE: &str = "iam.gke.io/gcp-service-account";
/// Annotations by which Entra's workload identity gives a ServiceAccount an application or managed identity.
const ENTRA_CLIENT: &str = "azure.workload.identity/client-id";
const ENTRA_TENANT: &str = "azure.workload.identity/tenant-id";

/// A step from one identity to another.
type Step = (IdentityId, (IdentityId, Evidence));

/// Joins. Idempotent.
pub fn link(inventory: &mut Inventory) {
    one_cluster(inventory);
    let mut steps = annotations(inventory);
    steps.extend(subjects(inventory));
    take(inventory, steps);
    clients(inventory);
    for (role, alias) in resolved(inventory) {
        if let Some(role) = inventory.identities.get_mut(&role) {
            role.aliases.insert(alias);
        }
    }
    name_targets(inventory);
}

/// Manifests do not say which cluster they are of. Where access to one cluster is told, and manifests of one were
/// read, they are of that one: who is put into a group is in the group that their bindings name, and what is handed
/// to a ServiceAccount is handed to the one that they declare.
fn one_cluster(inventory: &mut Inventory) {
    let read = |cluster: &str| inventory.has_source("kubernetes", cluster);
    let sources = inventory.sources.iter();
    let read_ones = sources.filter(|(kind, _)| &**kind == "kubernetes").count();
    if read_ones != 1 || !read(names::CLUSTER) {
        return;
    }
    let others: BTreeSet<Str> = inventory
        .identities
        .values()
        .filter(|i| i.platform == Platform::Kubernetes)
        .filter_map(|i| i.account.clone())
        .filter(|cluster| !read(cluster))
        .collect();
    let Some(other) = others.first().filter(|_| others.len() == 1) else {
        return;
    };
    let prefix = names::group(other, "");
    let memberships: Vec<_> = inventory
        .memberships
        .iter()
        .filter_map(|it| {
            let group = it.group.0.strip_prefix(prefix.as_str())?;
            let mut here = it.clone();
            here.group = names::group(names::CLUSTER, group).into();
            Some(here)
        })
        .collect();
    inventory.memberships.extend(memberships);
    let handed: Vec<_> = inventory
        .identities
        .values()
        .filter(|i| i.account.as_ref() == Some(other))
        .filter(|i| i.kind == IdentityKind::KubernetesServiceAccount)
        .filter_map(|i| {
            let namespace = i.namespace.as_deref()?;
            let here = names::account(names::CLUSTER, namespace, &i.name);
            let only_named = i.presence.iter().all(|p| *p == Presence::Referenced);
            only_named.then(|| (IdentityId::from(here), i.id.clone()))
        })
        .collect();
    for (here, there) in handed {
        if !inventory.identities.contains_key(&here) {
            continue;
        }
        // It is the same account, of which nothing but what it is handed is known there.
        let Some(known) = inventory.identities.remove(&there) else {
            continue;
        };
        if let Some(account) = inventory.identities.get_mut(&here) {
            account.aliases.insert(Str::clone(&there.0));
            account.becomes.extend(known.becomes);
            account.tokens.extend(known.tokens);
            account.evidence.extend(known.evidence);
        }
    }
}

fn take(inventory: &mut Inventory, steps: Vec<Step>) {
    for (who, step) in steps {
        if let Some(identity) = inventory.identities.get_mut(&who) {
            identity.becomes.insert(step);
        }
    }
}

/// What ServiceAccounts say of themselves.
fn annotations(inventory: &Inventory) -> Vec<Step> {
    let mut steps = Vec::new();
    for identity in inventory.identities.values() {
        if identity.kind != IdentityKind::KubernetesServiceAccount {
            continue;
        }
        let labels = |key: &'static str| identity.labels.iter().filter(move |l| *l.key == *key);
        for label in labels(GOOGLE) {
            let email = label.value.trim();
            if email.contains('@') {
                let target = format!("gcp:{email}").as_str().into();
                steps.push((identity.id.clone(), (target, label.evidence.clone())));
            }
        }
        for label in labels(ENTRA_CLIENT) {
            let client = label.value.trim();
            let said = |(target, _): &(IdentityId, Evidence)| target.0.starts_with("entra:");
            if client.is_empty() || identity.becomes.iter().any(said) {
                continue;
            }
            let tenant = labels(ENTRA_TENANT).next();
            let tenant = tenant.map_or("unknown", |label| label.value.trim());
            let target = format!("entra:{tenant}/{client}").as_str().into();
            steps.push((identity.id.clone(), (target, label.evidence.clone())));
        }
    }
    steps
}

/// Entra's identities that are named by their client id, without their tenant or without any source that knows
/// them: if exactly one that is known has this client id, it is meant.
fn clients(inventory: &mut Inventory) {
    let unknown = |identity: &Identity| {
        identity.platform == Platform::Entra
            && identity.presence.iter().all(|p| *p == Presence::Referenced)
    };
    let mut known: BTreeMap<&str, Option<&IdentityId>> = BTreeMap::new();
    for identity in inventory.identities.values() {
        if identity.platform != Platform::Entra || unknown(identity) {
            continue;
        }
        let own = identity.id.0.rsplit('/').next().unwrap_or_default();
        let aliases = identity.aliases.iter();
        let clients = aliases.filter_map(|alias| match alias.rsplit_once(':') {
            Some((head, client))
                if head.ends_with("client_id") || head.ends_with("application_id") =>
            {
                Some(client)
            }
            Some(_) => None,
            None => Some(&**alias),
        });
        for name in clients.chain([own]).collect::<BTreeSet<_>>() {
            let slot = known.entry(name).or_insert(Some(&identity.id));
            if *slot != Some(&identity.id) {
                *slot = None;
            }
        }
    }
    let mut meant: BTreeMap<IdentityId, IdentityId> = BTreeMap::new();
    let named = inventory.identities.values().filter(|i| unknown(i));
    let becomes = inventory.identities.values().flat_map(|i| &i.becomes);
    let unnamed = becomes
        .map(|(id, _)| id)
        .filter(|id| id.0.starts_with("entra:") && !inventory.identities.contains_key(*id));
    for named in named.map(|i| &i.id).chain(unnamed) {
        let client = named.0.rsplit('/').next().unwrap_or_default();
        if let Some(Some(id)) = known.get(client) {
            meant.insert(named.clone(), IdentityId::clone(id));
        }
    }
    if meant.is_empty() {
        return;
    }
    for (id, target) in &meant {
        let named = inventory.identities.remove(id);
        if let Some(identity) = inventory.identities.get_mut(target) {
            identity.aliases.insert(Str::clone(&id.0));
            identity
                .evidence
                .extend(named.into_iter().flat_map(|i| i.evidence));
            identity.presence.insert(Presence::Referenced);
        }
    }
    for identity in inventory.identities.values_mut() {
        if identity
            .becomes
            .iter()
            .any(|(id, _)| meant.contains_key(id))
        {
            identity.becomes = identity
                .becomes
                .iter()
                .map(|(id, evidence)| (meant.get(id).unwrap_or(id).clone(), evidence.clone()))
                .collect();
        }
    }
}

/// ServiceAccounts that trusts name, literally: they can show such a token, whether or not an annotation says that
/// they are to.
fn subjects(inventory: &Inventory) -> Vec<Step> {
    let mut accounts: BTreeMap<(&str, &str), Vec<&IdentityId>> = BTreeMap::new();
    for identity in inventory.identities.values() {
        let exists = identity.presence.iter().any(|p| *p != Presence::Referenced);
        if identity.kind == IdentityKind::KubernetesServiceAccount && exists {
            let namespace = identity.namespace.as_deref().unwrap_or_default();
            let slot = accounts.entry((namespace, &identity.name)).or_default();
            slot.push(&identity.id);
        }
    }
    let mut steps = Vec::new();
    if accounts.is_empty() {
        return steps;
    }
    for trust in &inventory.trusts {
        if trust.effect != Effect::Allow || !matches!(trust.principal, TrustPrincipal::Federated(_))
        {
            continue;
        }
        // An annotation that already says so is the better place.
        for (namespace, name) in trust.named_accounts() {
            for id in accounts
                .get(&(namespace.as_str(), name.as_str()))
                .into_iter()
                .flatten()
            {
                let known = inventory.identities.get(*id);
                let said = known
                    .is_some_and(|i| i.becomes.iter().any(|(target, _)| *target == trust.target));
                if !said {
                    let step = (trust.target.clone(), trust.evidence.clone());
                    steps.push((IdentityId::clone(id), step));
                }
            }
        }
    }
    steps
}

/// Targets whose account is not known on one side: `arn:aws:iam::${{ vars.ACCOUNT }}:role/deploy`, or a role that
/// code declares without saying in which account. If exactly one role goes by the rest of the name, that is another
/// name of it.
fn resolved(inventory: &Inventory) -> Vec<(IdentityId, Str)> {
    let mut roles: BTreeMap<&str, Vec<&IdentityId>> = BTreeMap::new();
    for identity in inventory.identities.values() {
        let exists = identity.presence.iter().any(|p| *p != Presence::Referenced);
        if identity.kind == IdentityKind::AwsRole
            && exists
            && let Some((_, path)) = role_parts(&identity.id.0)
        {
            roles.entry(path).or_default().push(&identity.id);
        }
    }
    let mut found = Vec::new();
    for identity in inventory.identities.values() {
        for (target, _) in &identity.becomes {
            let known = inventory.identities.get(target);
            let exists = |i: &Identity| i.presence.iter().any(|p| *p != Presence::Referenced);
            if known.is_some_and(exists) {
                continue;
            }
            let Some((account, path)) = role_parts(&target.0) else {
                continue;
            };
            let read = inventory.has_source("aws-authorization-details", account);
            let candidates: Vec<_> = roles
                .get(path)
                .into_iter()
                .flatten()
                .filter(|id| {
                    let Some((theirs, _)) = role_parts(&id.0) else {
                        return false;
                    };
                    let number =
                        |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
                    // Of two known accounts that differ, one is not the other.
                    let comparable = !number(theirs) || !number(account) && fits(account, theirs);
                    !read && comparable
                })
                .collect();
            if let [only] = candidates.as_slice() {
                found.push((IdentityId::clone(only), Str::clone(&target.0)));
            }
        }
    }
    found
}

/// Whether an account that is written with an expression may be this one.
fn fits(symbolic: &str, account: &str) -> bool {
    let Some(start) = symbolic.find(['$', '{']) else {
        return symbolic == account;
    };
    let (before, rest) = symbolic.split_at(start);
    let after = rest.rsplit('}').next().unwrap_or_default();
    glob::matches(&format!("{before}*{after}"), account)
}

/// Account and path of a role's ARN, whatever stands for the account. An expression may hold colons.
fn role_parts(arn: &str) -> Option<(&str, &str)> {
    let rest = arn.strip_prefix("arn:")?;
    let (_, rest) = rest.split_once(":iam::")?;
    let (account, path) = rest.rsplit_once(":role/")?;
    (!path.is_empty() && !path.contains(['$', '{'])).then_some((account, path))
}

/// Whom somebody becomes is an identity, even when nothing else that was read speaks of it.
fn name_targets(inventory: &mut Inventory) {
    let mut found: BTreeMap<IdentityId, Identity> = BTreeMap::new();
    let aliases: BTreeSet<&str> = inventory
        .identities
        .values()
        .flat_map(|identity| identity.aliases.iter().map(|alias| &**alias))
        .collect();
    for identity in inventory.identities.values() {
        for (id, evidence) in &identity.becomes {
            if inventory.identities.contains_key(id) || aliases.contains(&*id.0) {
                continue;
            }
            let Some(mut target) = named(id) else {
                continue;
            };
            target.presence.insert(Presence::Referenced);
            let by = match identity.kind {
                IdentityKind::KubernetesServiceAccount => "a Kubernetes ServiceAccount becomes it",
                IdentityKind::CiJob => "a job of a CI system becomes it",
                _ => "another identity becomes it",
            };
            target.humanity = (Humanity::NonHuman, by.into());
            let slot = found.entry(id.clone()).or_insert(target);
            slot.evidence.insert(evidence.clone());
        }
    }
    inventory.identities.extend(found);
}

/// An identity of which only the id is known.
fn named(id: &IdentityId) -> Option<Identity> {
    let text = &*id.0;
    let last = || text.rsplit('/').next().unwrap_or(text).to_owned();
    let new = |platform, kind, name: String| Identity::new(id.clone(), platform, kind, name);
    if let Some((account, path)) = names::iam_role(text) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let mut role = new(Platform::Aws, IdentityKind::AwsRole, name.to_owned());
        role.account = Some(account.into());
        return Some(role);
    }
    if let Some((account, path)) = role_parts(text) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let mut role = new(Platform::Aws, IdentityKind::AwsRole, name.to_owned());
        let number = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        if number {
            role.account = Some(account.into());
        } else {
            let why = format!("not resolved: the account {account}");
            role.derivation = Set::from_iter([Str::from(why)]);
        }
        return Some(role);
    }
    if let Some(email) = text.strip_prefix("gcp:") {
        let mut account = new(
            Platform::Gcp,
            IdentityKind::GcpServiceAccount,
            email.to_owned(),
        );
        let project = email
            .split_once('@')
            .and_then(|(_, domain)| domain.strip_suffix(".iam.gserviceaccount.com"));
        account.account = project.map(Into::into);
        return Some(account);
    }
    if let Some(rest) = text.strip_prefix("entra:") {
        let mut app = new(Platform::Entra, IdentityKind::EntraApplication, last());
        let tenant = rest.split('/').next().filter(|tenant| *tenant != "-");
        app.account = tenant.map(Into::into);
        return Some(app);
    }
    if text.starts_with("vault:") {
        return Some(new(Platform::Vault, IdentityKind::VaultRole, last()));
    }
    None
}
