//! Which catalog entities speak of an identity, and who owns those.

use super::claims::Place;
use crate::model::{CatalogEntity, Identity, Owner, Platform, Str, Tie};
use std::collections::{BTreeSet, HashMap};

/// How many entities of the same ARN or Kubernetes id are looked at.
const MAX_TIED: usize = 32;
/// How far ownership is inherited: component, system, domain, and their nesting.
const MAX_PARENTS: usize = 16;

const KUBERNETES_ID: &str = "backstage.io/kubernetes-id";

/// The catalog, indexed by what ties an entity to what runs.
#[derive(Debug, Default)]
pub(super) struct CatalogIndex<'a> {
    by_reference: HashMap<&'a str, &'a CatalogEntity>,
    by_arn: HashMap<&'a str, Vec<&'a CatalogEntity>>,
    by_kubernetes_id: HashMap<&'a str, Vec<&'a CatalogEntity>>,
    by_namespace: HashMap<&'a str, Group<'a>>,
    by_directory: HashMap<&'a str, Group<'a>>,
    by_slug: HashMap<String, Group<'a>>,
}

/// Entities that share a namespace, a directory or a repository, and so say whose a subject in it is
/// only where they agree or one of them bears its name.
#[derive(Debug, Default)]
struct Group<'a> {
    entities: Vec<&'a CatalogEntity>,
    by_name: HashMap<&'a str, CatalogClaim<'a>>,
    /// The claim of all of them, if they have one owner.
    sole: Option<CatalogClaim<'a>>,
}

/// An entity that speaks of a subject, and its owner.
#[derive(Clone, Debug)]
pub(super) struct CatalogClaim<'a> {
    /// How closely it is tied to the subject; 0 is most.
    pub rank: u32,
    /// The entity.
    pub entity: &'a CatalogEntity,
    /// The entity that states the owner: itself or one it belongs to.
    pub owned_by: &'a CatalogEntity,
    /// The owner.
    pub owner: Owner,
    /// Its spelling.
    pub raw: Str,
}

impl<'a> CatalogIndex<'a> {
    pub(super) fn new(catalog: &'a BTreeSet<CatalogEntity>) -> Self {
        let mut index = Self::default();
        for entity in catalog {
            index
                .by_reference
                .entry(&entity.reference)
                .or_insert(entity);
            // An entity that also states an id means that one in the namespace.
            let by_id = entity
                .ties
                .iter()
                .any(|t| matches!(t, Tie::KubernetesId(_)));
            for tie in &entity.ties {
                let (tied, group) = match tie {
                    Tie::Id(id) => (Some(index.by_arn.entry(id).or_default()), None),
                    Tie::KubernetesId(id) => {
                        (Some(index.by_kubernetes_id.entry(id).or_default()), None)
                    }
                    Tie::Namespace(_) if by_id => continue,
                    Tie::Namespace(name) => {
                        (None, Some(index.by_namespace.entry(name).or_default()))
                    }
                    Tie::Directory(directory) => {
                        let folder = super::codeowners::directory(directory);
                        (None, Some(index.by_directory.entry(folder).or_default()))
                    }
                    Tie::Repository(slug) => (
                        None,
                        Some(index.by_slug.entry(slug.to_string()).or_default()),
                    ),
                    Tie::Container(_) | Tie::Name(_) => continue,
                };
                if let Some(tied) = tied {
                    tied.extend((tied.len() < MAX_TIED).then_some(entity));
                }
                if let Some(group) = group {
                    group.entities.push(entity);
                }
            }
        }
        let by_reference = &index.by_reference;
        let complete = |group: &mut Group<'a>, rank| group.complete(rank, by_reference);
        index.by_namespace.values_mut().for_each(|g| complete(g, 2));
        index.by_directory.values_mut().for_each(|g| complete(g, 3));
        index.by_slug.values_mut().for_each(|g| complete(g, 4));
        index
    }

    /// The entities most closely tied to an identity.
    pub(super) fn of_identity(
        &self,
        identity: &Identity,
        places: &[Place<'_>],
    ) -> Vec<CatalogClaim<'a>> {
        if self.by_reference.is_empty() {
            return Vec::new();
        }
        let by_arn = self
            .by_arn
            .get(&*identity.id.0)
            .map_or(&[][..], Vec::as_slice);
        let claims = self.owned(0, by_arn.iter().copied());
        if !claims.is_empty() {
            return claims;
        }
        if identity.platform == Platform::Kubernetes {
            let claims = self.owned(1, self.by_kubernetes_id(identity));
            if !claims.is_empty() {
                return claims;
            }
            let namespace = identity.namespace.as_deref();
            let group = namespace.and_then(|namespace| self.by_namespace.get(namespace));
            if let Some(claim) = group.and_then(|group| group.claim(Some(&identity.name))) {
                return vec![claim.clone()];
            }
        }
        self.of_places(places, Some(&identity.name))
    }

    /// The entities that own the places where something stands: those of the nearest catalog file
    /// upward, else those of the repository.
    pub(super) fn of_places(
        &self,
        places: &[Place<'_>],
        name: Option<&str>,
    ) -> Vec<CatalogClaim<'a>> {
        let mut claims: Vec<CatalogClaim<'a>> = Vec::new();
        for place in places {
            let by_remote = || {
                let remote = place.origin.repository.as_ref()?.remote.as_deref()?;
                self.by_slug.get(&remote.to_lowercase())?.claim(name)
            };
            let nearest = self.nearest(place).and_then(|group| group.claim(name));
            if let Some(claim) = nearest.or_else(by_remote)
                && !claims.iter().any(|c| c.entity == claim.entity)
            {
                claims.push(claim.clone());
            }
        }
        claims
    }

    fn by_kubernetes_id(&self, identity: &Identity) -> impl Iterator<Item = &'a CatalogEntity> {
        let labelled = identity
            .labels
            .iter()
            .filter(|label| &*label.key == KUBERNETES_ID)
            .map(|label| &*label.value);
        let ids: BTreeSet<&str> = labelled.chain([&*identity.name]).collect();
        let entities: Vec<&'a CatalogEntity> = ids
            .into_iter()
            .filter_map(|id| self.by_kubernetes_id.get(id))
            .flatten()
            .copied()
            .filter(|entity| {
                // An entity that also states a namespace means the id there.
                let mut stated = entity
                    .ties
                    .iter()
                    .filter_map(|tie| match tie {
                        Tie::Namespace(namespace) => Some(&**namespace),
                        _ => None,
                    })
                    .peekable();
                stated.peek().is_none()
                    || stated.any(|namespace| Some(namespace) == identity.namespace.as_deref())
            })
            .collect();
        entities.into_iter()
    }

    fn nearest(&self, place: &Place<'_>) -> Option<&Group<'a>> {
        let path = super::codeowners::relative(place.origin.on_disk());
        let root =
            |origin: &crate::model::Origin| origin.repository.as_ref().map(|r| r.root.clone());
        let elsewhere = path.starts_with('/') || path.starts_with("../");
        let mut folder = path;
        loop {
            folder = match folder.rsplit_once('/') {
                Some((up, _)) => up,
                None if folder.is_empty() => return None,
                None => "",
            };
            if folder.is_empty() && elsewhere {
                return None;
            }
            if let Some(group) = self.by_directory.get(folder) {
                // A catalog file speaks for its own repository only.
                let same = group
                    .entities
                    .first()
                    .is_some_and(|e| root(&e.evidence.origin) == root(place.origin));
                return same.then_some(group);
            }
        }
    }

    fn owned(
        &self,
        rank: u32,
        entities: impl Iterator<Item = &'a CatalogEntity>,
    ) -> Vec<CatalogClaim<'a>> {
        entities
            .filter_map(|entity| claim(rank, entity, &self.by_reference))
            .collect()
    }
}

impl<'a> Group<'a> {
    fn complete(&mut self, rank: u32, by_reference: &HashMap<&'a str, &'a CatalogEntity>) {
        let claims: Vec<CatalogClaim<'a>> = self
            .entities
            .iter()
            .filter_map(|entity| claim(rank, entity, by_reference))
            .collect();
        let first = claims.first();
        let agreed = claims
            .iter()
            .all(|claim| Some(&claim.owner) == first.map(|first| &first.owner));
        self.sole = first.filter(|_| agreed).cloned();
        for claim in claims {
            self.by_name.entry(&claim.entity.name).or_insert(claim);
        }
    }

    fn claim(&self, name: Option<&str>) -> Option<&CatalogClaim<'a>> {
        name.and_then(|name| self.by_name.get(name))
            .or(self.sole.as_ref())
    }
}

/// The owner an entity states, or inherits from what it is part of.
fn claim<'a>(
    rank: u32,
    entity: &'a CatalogEntity,
    by_reference: &HashMap<&'a str, &'a CatalogEntity>,
) -> Option<CatalogClaim<'a>> {
    let mut owned_by = entity;
    for _ in 0..MAX_PARENTS {
        let mut owners = owned_by.owners.iter();
        if let Some((owner, raw)) = owners.find_map(|raw| Some((Owner::parse(raw)?, raw))) {
            return Some(CatalogClaim {
                rank,
                entity,
                owned_by,
                owner,
                raw: raw.clone(),
            });
        }
        let mut parents = owned_by.parents.iter();
        owned_by = parents.find_map(|parent| by_reference.get(&**parent))?;
    }
    None
}
