//! Ties by name: an entity speaks of what bears its name, where exactly one thing in the estate does.

use super::catalog::CatalogClaim;
use super::entities::Group;
use crate::model::{CatalogSource, ContainerKind, Inventory, OrgNodeKind};
use std::collections::{BTreeSet, HashMap};

/// A shorter name tells nothing.
const MIN_NAME: usize = 3;
/// Names that platforms and everybody give, and so tell nothing.
const GIVEN: [&str; 20] = [
    "admin", "api", "app", "backend", "build", "ci", "default", "demo", "deploy", "example",
    "frontend", "main", "root", "runner", "server", "service", "system", "test", "web", "worker",
];

/// Entities by name, and which names mean one thing.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    groups: HashMap<String, Group<'a>>,
    /// Names, in lower case, that exactly one identity bears.
    identities: BTreeSet<String>,
    /// The names of each container that no other bears.
    containers: HashMap<String, BTreeSet<String>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(mut groups: HashMap<String, Group<'a>>, inventory: &Inventory) -> Self {
        groups.retain(|name, _| name.len() >= MIN_NAME && !GIVEN.contains(&name.as_str()));
        let mut names = Self {
            groups,
            ..Self::default()
        };
        if names.groups.is_empty() {
            return names;
        }
        let mut often = BTreeSet::new();
        for identity in inventory.identities.values() {
            let name = identity.name.to_lowercase();
            if names.groups.contains_key(&name) && !names.identities.insert(name.clone()) {
                often.insert(name);
            }
        }
        names.identities.retain(|name| !often.contains(name));
        // An account and a namespace of one name are told apart by what sort of thing they are.
        let mut by_name: HashMap<(String, ContainerKind), BTreeSet<String>> = HashMap::new();
        let accounts = inventory
            .org_nodes
            .iter()
            .filter(|node| node.kind == OrgNodeKind::Account)
            .filter_map(|node| {
                let id = format!("aws:{}", node.id);
                Some((node.name.as_deref()?, ContainerKind::Account, id))
            });
        let containers = inventory
            .containers
            .iter()
            .map(|container| (&*container.name, container.kind, container.id.to_string()));
        for (name, kind, id) in accounts.chain(containers) {
            let name = name.to_lowercase();
            if names.groups.contains_key(&name) {
                by_name.entry((name, kind)).or_default().insert(id);
            }
        }
        for ((name, _), mut ids) in by_name {
            if ids.len() == 1
                && let Some(id) = ids.pop_first()
            {
                names.containers.entry(id).or_default().insert(name);
            }
        }
        names
    }

    /// What is said of the only identity of this name.
    pub(super) fn of_identity(&self, name: &str) -> impl Iterator<Item = CatalogClaim<'a>> {
        let name = match self.identities.is_empty() {
            true => None,
            false => self.identities.get(&name.to_lowercase()),
        };
        let group = name.and_then(|name| self.groups.get(name));
        group
            .into_iter()
            .flat_map(|group| group.claims(None))
            .filter(|claim| claim.entity.source != CatalogSource::Environments)
    }

    /// What is said of a container by a name that no other bears.
    pub(super) fn of_container(&self, id: &str) -> impl Iterator<Item = CatalogClaim<'a>> {
        let is_account = !id.contains('/') && !id.starts_with("k8s:");
        let names = self.containers.get(id).into_iter().flatten();
        names
            .filter_map(|name| self.groups.get(name))
            .flat_map(|group| group.claims(None))
            // An environment is an account, whatever else is called so.
            .filter(move |claim| is_account || claim.entity.source != CatalogSource::Environments)
    }
}
