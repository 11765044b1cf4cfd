//! Which catalog entities speak of an identity, and who owns those.

use super::claims::Place;
use crate::model::{CatalogEntity, Identity, Owner, Platform, Str};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How far ownership is inherited: component, system, domain, and their nesting.
const MAX_PARENTS: usize = 16;

const KUBERNETES_ID: &str = "backstage.io/kubernetes-id";
const KUBERNETES_NAMESPACE: &str = "backstage.io/kubernetes-namespace";
const PROJECT_SLUG: &str = "github.com/project-slug";

/// The catalog, indexed by what ties an entity to what runs.
#[derive(Debug, Default)]
pub(super) struct CatalogIndex<'a> {
    by_reference: HashMap<&'a str, &'a CatalogEntity>,
    by_arn: HashMap<&'a str, Vec<&'a CatalogEntity>>,
    by_kubernetes_id: HashMap<&'a str, Vec<&'a CatalogEntity>>,
    by_namespace: HashMap<&'a str, Vec<&'a CatalogEntity>>,
    by_directory: BTreeMap<&'a str, Vec<&'a CatalogEntity>>,
    by_slug: HashMap<String, Vec<&'a CatalogEntity>>,
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
            // APIs, systems and domains run nothing themselves; what runs belongs to components and resources.
            let runs = matches!(
                entity.reference.split(':').next().unwrap_or_default(),
                "component" | "resource" | "airesource"
            );
            if runs {
                let folder = super::codeowners::directory(&entity.directory);
                index.by_directory.entry(folder).or_default().push(entity);
            }
            let value = |wanted: &str| {
                let mut annotations = entity.annotations.iter();
                annotations
                    .find(|(key, _)| &**key == wanted)
                    .map(|(_, v)| &**v)
            };
            for (_, value) in &entity.annotations {
                if value.starts_with("arn:") {
                    index.by_arn.entry(value).or_default().push(entity);
                }
            }
            match (value(KUBERNETES_ID), value(KUBERNETES_NAMESPACE)) {
                (Some(id), _) => index.by_kubernetes_id.entry(id).or_default().push(entity),
                (None, Some(namespace)) => {
                    index
                        .by_namespace
                        .entry(namespace)
                        .or_default()
                        .push(entity);
                }
                (None, None) => {}
            }
            if let (Some(slug), true) = (value(PROJECT_SLUG), runs) {
                let remote = format!("github.com/{}", slug.to_lowercase());
                index.by_slug.entry(remote).or_default().push(entity);
            }
        }
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
            let in_namespace = namespace
                .and_then(|namespace| self.by_namespace.get(namespace))
                .map_or(&[][..], Vec::as_slice);
            let claims = self.unanimous(2, in_namespace, Some(&identity.name));
            if !claims.is_empty() {
                return claims;
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
            let mut found = self.unanimous(3, self.nearest(place), name);
            if found.is_empty() {
                let remote = place
                    .origin
                    .repository
                    .as_ref()
                    .and_then(|r| r.remote.as_deref());
                let listed = remote.and_then(|remote| self.by_slug.get(&remote.to_lowercase()));
                found = self.unanimous(4, listed.map_or(&[][..], Vec::as_slice), name);
            }
            for claim in found {
                if !claims.iter().any(|c| c.entity == claim.entity) {
                    claims.push(claim);
                }
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
                    .annotations
                    .iter()
                    .filter(|(key, _)| &**key == KUBERNETES_NAMESPACE)
                    .peekable();
                stated.peek().is_none()
                    || stated.any(|(_, ns)| Some(&**ns) == identity.namespace.as_deref())
            })
            .collect();
        entities.into_iter()
    }

    fn nearest(&self, place: &Place<'_>) -> &[&'a CatalogEntity] {
        let path = super::codeowners::relative(&place.origin.path);
        let root =
            |origin: &crate::model::Origin| origin.repository.as_ref().map(|r| r.root.clone());
        let elsewhere = path.starts_with('/') || path.starts_with("../");
        let mut folder = path;
        loop {
            folder = match folder.rsplit_once('/') {
                Some((up, _)) => up,
                None if folder.is_empty() => return &[],
                None => "",
            };
            if folder.is_empty() && elsewhere {
                return &[];
            }
            if let Some(entities) = self.by_directory.get(folder) {
                // A catalog file speaks for its own repository only.
                let same = entities
                    .first()
                    .is_some_and(|e| root(&e.evidence.origin) == root(place.origin));
                return if same { entities } else { &[] };
            }
        }
    }

    /// Entities that only share a place with the subject: the one of its name, else all of them if they
    /// have one owner. Where they have several, the place does not tell whose the subject is.
    fn unanimous(
        &self,
        rank: u32,
        entities: &[&'a CatalogEntity],
        name: Option<&str>,
    ) -> Vec<CatalogClaim<'a>> {
        let named = entities
            .iter()
            .copied()
            .filter(|entity| Some(&*entity.name) == name);
        let claims = self.owned(rank, named);
        if !claims.is_empty() {
            return claims;
        }
        let mut claims = self.owned(rank, entities.iter().copied());
        let first = claims.first().map(|claim| claim.owner.clone());
        if claims
            .iter()
            .any(|claim| Some(&claim.owner) != first.as_ref())
        {
            return Vec::new();
        }
        claims.truncate(1);
        claims
    }

    fn owned(
        &self,
        rank: u32,
        entities: impl Iterator<Item = &'a CatalogEntity>,
    ) -> Vec<CatalogClaim<'a>> {
        entities
            .filter_map(|entity| {
                let (owned_by, owner, raw) = self.owner(entity)?;
                Some(CatalogClaim {
                    rank,
                    entity,
                    owned_by,
                    owner,
                    raw,
                })
            })
            .collect()
    }

    /// The owner an entity states, or inherits from what it is part of.
    fn owner(&self, entity: &'a CatalogEntity) -> Option<(&'a CatalogEntity, Owner, Str)> {
        let mut entity = entity;
        for _ in 0..MAX_PARENTS {
            if let Some(raw) = &entity.owner
                && let Some(owner) = Owner::parse(raw)
            {
                return Some((entity, owner, raw.clone()));
            }
            entity = self.by_reference.get(entity.parent.as_deref()?)?;
        }
        None
    }
}
