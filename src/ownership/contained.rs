//! What identities lie in, the nearest first: the containers their ids name, those around these, and the namespace
//! in whose folder the files stand that declare them.

use super::claims::Place;
use super::codeowners::relative;
use crate::model::{Container, ContainerKind, Identity, IdentityKind, Inventory, Platform, Str};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many containers around something are asked.
const MAX_LEVELS: usize = 12;
/// How many folders below a namespace's own its files are looked for.
const MAX_DEPTH: usize = 3;

/// The containers of a scan and how they lie in each other.
#[derive(Debug, Default)]
pub(super) struct Surroundings<'a> {
    by_id: HashMap<&'a str, Vec<&'a Container>>,
    /// The namespaces that files directly in a folder declare.
    by_folder: HashMap<String, BTreeSet<&'a str>>,
    /// The root modules of infrastructure code, by their folders.
    estates: BTreeMap<String, BTreeSet<&'a str>>,
}

/// A container around something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Level {
    /// Its id.
    pub id: Str,
    /// How it is known that the thing lies in it, as the end of a sentence; `None` where its id says so.
    pub why: Option<Str>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut all = Self::default();
        for container in &inventory.containers {
            all.by_id.entry(&container.id).or_default().push(container);
            let origin = &container.evidence.origin;
            let path = relative(origin.on_disk());
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            match container.kind {
                ContainerKind::Namespace => {
                    let root = origin.repository.as_ref().map(|r| relative(&r.root));
                    // What stands at the top of a repository speaks of all of it, or of nothing in particular.
                    let top = root.is_some_and(|root| folder == root.trim_end_matches("/."));
                    let top = top || root == Some(".") && folder.is_empty();
                    if !top && !container.id.contains("{{") && !container.id.contains("${") {
                        let known = all.by_folder.entry(folder.to_owned()).or_default();
                        known.insert(&container.id);
                    }
                }
                ContainerKind::Estate => {
                    let known = all.estates.entry(folder.to_owned()).or_default();
                    known.insert(&container.id);
                }
                _ => {}
            }
        }
        all
    }

    /// The records of a container.
    pub(super) fn records(&self, id: &str) -> &[&'a Container] {
        self.by_id.get(id).map_or(&[], Vec::as_slice)
    }

    /// The containers around an identity.
    pub(super) fn of_identity(&self, identity: &Identity, places: &[Place<'_>]) -> Vec<Level> {
        let own = identity.containers();
        let mut levels: Vec<Level> = own.into_iter().map(named).collect();
        let elsewhere = match identity.platform {
            Platform::Kubernetes => {
                let open = |namespace: &str| namespace.contains("${") || namespace.contains("{{");
                identity.kind != IdentityKind::KubernetesServiceAccount
                    || !identity.namespace.as_deref().is_some_and(open)
            }
            _ => false,
        };
        if !elsewhere && let Some(level) = self.by_folder(places) {
            // Behind the code that makes it, before whole accounts.
            let code = |level: &Level| level.id.starts_with("terraform:");
            let behind = levels.iter().rposition(code).map(|at| at + 1);
            let at = behind.unwrap_or(levels.len().saturating_sub(1));
            levels.insert(at, level);
        }
        self.with_parents(levels)
    }

    /// The containers around what files say that stand in these places.
    pub(super) fn of_places(&self, places: &[Place<'_>]) -> Vec<Level> {
        self.with_parents(self.by_folder(places).into_iter().collect())
    }

    /// The containers around a container.
    pub(super) fn of_container(&self, id: &str) -> Vec<Level> {
        let mut levels = self.with_parents(vec![named(id.into())]);
        levels.remove(0);
        let estates = self.records(id).iter().copied();
        let estates = estates.filter(|c| c.kind == ContainerKind::Estate);
        let places: Vec<Place<'_>> = estates
            .map(|c| Place {
                origin: &c.evidence.origin,
            })
            .collect();
        levels.extend(self.by_folder(&places));
        let cluster = id
            .strip_prefix("k8s:")
            .and_then(|rest| rest.split_once('/'));
        if let Some((cluster, _)) = cluster {
            let cluster = named(format!("k8s:{cluster}").into());
            if !levels.contains(&cluster) {
                levels.push(cluster);
            }
        }
        levels
    }

    /// The root modules of infrastructure code in a namespace's folder, which are for it.
    pub(super) fn estates_of(&self, namespace: &Container) -> Vec<&'a Container> {
        let path = relative(namespace.evidence.origin.on_disk());
        let Some((folder, _)) = path.rsplit_once('/') else {
            return Vec::new();
        };
        let sole = self.by_folder.get(folder).is_some_and(|all| all.len() == 1);
        if namespace.kind != ContainerKind::Namespace || !sole {
            return Vec::new();
        }
        let below = format!("{folder}/");
        let inside = self.estates.range(below.clone()..);
        inside
            .take_while(|(path, _)| path.starts_with(&below))
            .filter(|(path, _)| path.matches('/').count() <= below.matches('/').count() + 1)
            .flat_map(|(_, ids)| ids)
            .flat_map(|id| self.records(id))
            .filter(|estate| {
                // One that says which namespace it is for is for no other.
                let mut said = estate.labels.iter().filter(|l| &*l.key == "namespace");
                said.all(|label| label.value == namespace.name)
            })
            .copied()
            .collect()
    }

    /// The namespace in whose folder the files stand, if they stand in one's only.
    fn by_folder(&self, places: &[Place<'_>]) -> Option<Level> {
        if self.by_folder.is_empty() {
            return None;
        }
        let mut found: BTreeSet<&str> = BTreeSet::new();
        for place in places {
            let mut folder = relative(place.origin.on_disk());
            for _ in 0..=MAX_DEPTH {
                folder = folder.rsplit_once('/')?.0;
                if let Some(namespaces) = self.by_folder.get(folder) {
                    found.extend(namespaces);
                    break;
                }
            }
        }
        let mut found = found.into_iter();
        let (Some(id), None) = (found.next(), found.next()) else {
            return None;
        };
        let record = self.records(id).first()?;
        let why = format!("in whose folder it stands ({})", record.evidence);
        Some(Level {
            id: id.into(),
            why: Some(why.into()),
        })
    }

    /// What these lie in comes behind them, the nearer the earlier.
    fn with_parents(&self, mut levels: Vec<Level>) -> Vec<Level> {
        let mut at = 0;
        while let Some(level) = levels.get(at).filter(|_| levels.len() < MAX_LEVELS) {
            let mut records = self.records(&level.id).iter();
            let parent = records.find_map(|record| record.parent.clone());
            if let Some(parent) = parent
                && !levels.iter().any(|known| known.id == parent)
            {
                let why = format!("in which {} lies", level.id);
                levels.push(Level {
                    id: parent,
                    why: Some(why.into()),
                });
            }
            at += 1;
        }
        levels
    }
}

fn named(id: Str) -> Level {
    Level { id, why: None }
}
