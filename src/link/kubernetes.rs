//! Joins of Kubernetes identities: to the places that name them, and to
//! the platform when they are its own.

use crate::model::{Evidence, IdentityId, IdentityKind, Inventory, Platform, Scope};
use crate::platform::kubernetes::system;
use std::collections::BTreeMap;

/// Joins everything of Kubernetes that can be joined. Idempotent.
pub fn link(inventory: &mut Inventory) {
    place_references(inventory);
    mark_platform(inventory);
}

/// Identities that are only named get the first place that does so as their evidence.
fn place_references(inventory: &mut Inventory) {
    let mut places: BTreeMap<&IdentityId, &Evidence> = BTreeMap::new();
    let links = inventory
        .credentials
        .values()
        .flat_map(|credential| &credential.links);
    let named = inventory
        .entitlements
        .iter()
        .map(|it| (&it.principal, &it.evidence))
        .chain(links.map(|it| (&it.identity, &it.evidence)))
        .chain(
            inventory
                .workloads
                .iter()
                .map(|it| (&it.runs_as, &it.evidence)),
        );
    for (id, evidence) in named {
        let first = places.entry(id).or_insert(evidence);
        *first = (*first).min(evidence);
    }
    for (id, identity) in &mut inventory.identities {
        if identity.platform == Platform::Kubernetes
            && identity.evidence.is_empty()
            && let Some(&evidence) = places.get(id)
        {
            identity.evidence.insert(evidence.clone());
        }
    }
}

/// Marks what the control plane made for itself. A group, or the anonymous user, that any binding but the
/// platform's own names is the customer's doing and is not marked.
fn mark_platform(inventory: &mut Inventory) {
    let mut by_default: BTreeMap<&IdentityId, bool> = BTreeMap::new();
    for it in &inventory.entitlements {
        let (Scope::Cluster(cluster) | Scope::Namespace(cluster, _)) = &it.scope else {
            continue;
        };
        let prefixes = (
            format!("k8s:{cluster}/clusterrole/"),
            format!("k8s:{cluster}#group:"),
        );
        let known = it
            .via
            .strip_prefix("ClusterRoleBinding ")
            .is_some_and(|binding| {
                let role = it.policy.0.strip_prefix(prefixes.0.as_str());
                let group = it.principal.0.strip_prefix(prefixes.1.as_str());
                role.zip(group)
                    .is_some_and(|(role, group)| system::is_default_binding(binding, role, group))
            });
        *by_default.entry(&it.principal).or_insert(true) &= known;
    }
    for (id, identity) in &mut inventory.identities {
        if identity.platform != Platform::Kubernetes {
            continue;
        }
        let name = &*identity.name;
        let reason = match identity.kind {
            IdentityKind::KubernetesServiceAccount => (identity.namespace.as_deref()
                == Some(system::SYSTEM_NAMESPACE)
                && system::is_controller(name))
            .then_some("ServiceAccount of a controller of the control plane"),
            IdentityKind::KubernetesUser => (name.starts_with("system:")
                && !system::is_open_user(name))
            .then_some("user of the control plane"),
            IdentityKind::KubernetesGroup => (by_default.get(id) == Some(&true))
                .then_some("group that only the platform's default bindings name"),
            _ => None,
        };
        if let Some(reason) = reason {
            identity.provider_managed = Some(reason.into());
        }
    }
}
