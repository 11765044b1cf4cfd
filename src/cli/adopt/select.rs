//! Which identities entries are written for.

use super::super::registry_edit::{Registry, Stub};
use super::{Accept, AdoptArguments, stub};
use crate::model::Tier;
use crate::platform::glob;
use crate::snapshot::{Identity, Snapshot};
use std::collections::BTreeSet;

/// What the user asked for.
pub(super) struct Selection {
    only_gaps: bool,
    least: Option<Tier>,
    platforms: Vec<String>,
    containers: Vec<String>,
    namespaces: Vec<String>,
    accept: Option<Accept>,
}

impl Selection {
    pub(super) fn new(arguments: &AdoptArguments) -> Self {
        Self {
            only_gaps: arguments.only_gaps,
            least: arguments.min_tier,
            platforms: arguments.platform.clone(),
            containers: arguments.container.clone(),
            namespaces: arguments.namespace.clone(),
            accept: arguments.accept_suggestions,
        }
    }

    /// An entry for each that was found, is asked for, and stands in no registry: in the order of their ids.
    pub(super) fn stubs(&self, snapshot: &Snapshot, registry: &Registry) -> Vec<Stub> {
        let there: BTreeSet<String> = registry.entries().into_iter().map(|e| e.name).collect();
        let found = snapshot.identities.iter();
        let found = found.filter(|i| declarable(i) && i.declaration.is_none());
        found
            .filter(|i| !there.contains(&*i.id) && self.asks_for(i))
            .map(|identity| stub(identity, self.accept))
            .collect()
    }

    fn asks_for(&self, identity: &Identity) -> bool {
        let one_of = |patterns: &[String], texts: &[String]| {
            patterns.is_empty()
                || patterns
                    .iter()
                    .any(|pattern| texts.iter().any(|text| glob::matches(pattern, text)))
        };
        let tier = Tier::ALL
            .into_iter()
            .find(|t| t.as_str() == crate::report::own_tier(&identity.privilege));
        let namespace: Vec<String> = identity.namespace.iter().map(ToString::to_string).collect();
        let gap = !self.only_gaps || identity.ownership.state != "owned";
        // A tier that is not known may be any: whoever asks for the mighty wants to see it.
        let enough = self
            .least
            .is_none_or(|least| matches!(tier, None | Some(Tier::Unknown)) || tier >= Some(least));
        let platform = self.platforms.is_empty()
            || self.platforms.iter().any(|p| {
                let p = p.to_lowercase();
                let p = if p == "k8s" { "kubernetes" } else { p.as_str() };
                p == identity.platform
            });
        gap && enough
            && platform
            && one_of(&self.containers, &containers(identity))
            && (self.namespaces.is_empty() || one_of(&self.namespaces, &namespace))
    }
}

/// Whether a registry is the place to declare it: a machine's, the customer's own, known by more than a mention.
pub(in crate::cli) fn declarable(identity: &Identity) -> bool {
    identity.humanity != "human"
        && identity.provider_managed.is_none()
        && identity.presence.iter().any(|p| p != "referenced")
        // These come and go with the files that declare them; `found-not-declared` does not ask for them, either.
        && !matches!(&*identity.kind, "ci-job" | "host-user" | "database-user")
        // Known from a registry entry only.
        && !identity.id.starts_with("registry:")
}

/// Its account or cluster, and its namespace, as containers are named.
fn containers(identity: &Identity) -> Vec<String> {
    let Some(account) = identity.account.as_deref() else {
        return Vec::new();
    };
    let prefix = match &*identity.platform {
        "kubernetes" => "k8s",
        platform => platform,
    };
    let namespace = identity.namespace.iter();
    let namespace = namespace.map(|namespace| format!("{prefix}:{account}/{namespace}"));
    std::iter::once(format!("{prefix}:{account}"))
        .chain(namespace)
        .collect()
}
