//! Which catalog entities speak of a subject, and who owns those.
//!
//! An entity is tied to a subject by an id, a Kubernetes id, a container, a directory, a repository or a
//! name. Every tie is one look-up, so an estate costs its own size. Of each sort of tie the nearest entity of
//! each catalog speaks; which of them counts is judged by [`CatalogClaim::rank`].

use super::claims::Place;
use super::entities::{self, Entities, Group};
use super::named::Names;
use crate::model::{
    CatalogEntity, CatalogSource, Identity, IdentityId, Inventory, LabelSource, Method, Origin,
    Owner, Platform, Str, Tie,
};
use std::collections::{BTreeSet, HashMap};

/// How many entities of the same id are looked at.
const MAX_TIED: usize = 32;
/// How many entities speak of one subject by what runs as it.
const MAX_RUNNING: usize = 64;
/// What one sort of tie outweighs: more than any distance within it.
const SORT: u32 = 1 << 12;

const KUBERNETES_ID: &str = "backstage.io/kubernetes-id";
/// What an identity serves, where a repository's workflows sign in as it.
const SERVES: [(&str, &str); 2] = [
    ("github-actions:", "github.com/"),
    ("gitlab-ci:", "gitlab.com/"),
];

/// How an entity is tied to a subject, the closest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Basis {
    Id,
    KubernetesId,
    Namespace,
    Directory,
    Folder,
    Repository,
    Workload,
    Serves,
    Name,
    Container,
}

impl Basis {
    /// The rank of the closest tie of this sort.
    pub(super) const fn rank(self) -> u32 {
        (self as u32) * SORT
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Id => "by its id",
            Self::KubernetesId => "by its Kubernetes id",
            Self::Namespace => "by its namespace",
            Self::Directory => "by its directory",
            Self::Folder => "by the name of its folder",
            Self::Repository => "by its repository",
            Self::Workload => "by what runs as it",
            Self::Serves => "by the repository that it serves",
            Self::Name => "by its name",
            Self::Container => "by what it lives in",
        }
    }
}

/// An entity that speaks of a subject, and its owner.
#[derive(Clone, Debug)]
pub(super) struct CatalogClaim<'a> {
    /// How closely it is tied to the subject; 0 is most.
    pub rank: u32,
    /// By what.
    pub basis: Basis,
    /// The entity.
    pub entity: &'a CatalogEntity,
    /// What it is part of, up to the entity that states the owner. Empty where it states it itself.
    pub through: Vec<&'a CatalogEntity>,
    /// The owner.
    pub owner: Owner,
    /// Its spelling.
    pub raw: Str,
}

impl<'a> CatalogClaim<'a> {
    /// The entity that states the owner.
    pub(super) fn owned_by(&self) -> &'a CatalogEntity {
        self.through.last().copied().unwrap_or(self.entity)
    }

    /// How the claim is made.
    pub(super) fn method(&self) -> Method {
        self.entity.source.method()
    }

    /// A sentence that the owner's name ends: `Backstage entity component:default/x, tied by its directory,
    /// is part of system:default/pay, which is`; and what follows the name.
    pub(super) fn statement(&self) -> (Str, &'static str) {
        let entity = self.entity;
        let mut text = format!(
            "{} entity {}, tied {},",
            entity.source.as_str(),
            entity.reference,
            self.basis.words()
        );
        for part in &self.through {
            text.push_str(&format!(" is part of {}, which", part.reference));
        }
        let (verb, end) = match entity.source {
            CatalogSource::PagerDuty => ("has on call", ""),
            CatalogSource::Package => ("names as author", ""),
            _ => ("is", "'s"),
        };
        (format!("{text} {verb}").into(), end)
    }
}

/// The catalog, indexed by what ties an entity to what there is.
#[derive(Debug, Default)]
pub(super) struct CatalogIndex<'a> {
    entities: Entities<'a>,
    by_id: HashMap<&'a str, Vec<&'a CatalogEntity>>,
    by_kubernetes_id: HashMap<&'a str, Vec<&'a CatalogEntity>>,
    by_container: HashMap<&'a str, Group<'a>>,
    by_namespace: HashMap<&'a str, Group<'a>>,
    by_directory: HashMap<&'a str, Group<'a>>,
    by_folder: HashMap<&'a str, Group<'a>>,
    by_repository: HashMap<&'a str, Group<'a>>,
    /// Whether any entity speaks of a folder of a repository.
    folders: bool,
    names: Names<'a>,
    /// What runs as an identity, as far as an entity speaks of that by its id.
    running: HashMap<&'a IdentityId, Vec<&'a CatalogEntity>>,
    /// Whether a catalog, and whether a configuration database, was read.
    declares: (bool, bool),
}

impl<'a> CatalogIndex<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let catalog = &inventory.catalog;
        let mut index = Self {
            entities: Entities::new(catalog),
            ..Self::default()
        };
        if catalog.is_empty() {
            return index;
        }
        let mut by_name: HashMap<String, Group<'a>> = HashMap::new();
        for entity in catalog {
            match entity.source.method() {
                Method::Catalog => index.declares.0 = true,
                Method::Cmdb => index.declares.1 = true,
                _ => {}
            }
            if index.entities.is_vendored(entity) {
                continue;
            }
            // An entity that also states an id means that one in the namespace.
            let mut ties = entity.ties.iter();
            let by_id = ties.any(|t| matches!(t, Tie::KubernetesId(_)));
            for tie in &entity.ties {
                let group = match tie {
                    Tie::Id(id) => {
                        tied(index.by_id.entry(id).or_default(), entity);
                        continue;
                    }
                    Tie::KubernetesId(id) => {
                        tied(index.by_kubernetes_id.entry(id).or_default(), entity);
                        continue;
                    }
                    Tie::Container(_) | Tie::Namespace(_) if by_id => continue,
                    Tie::Container(id) => index.by_container.entry(id).or_default(),
                    Tie::Namespace(name) => index.by_namespace.entry(name).or_default(),
                    Tie::Directory(directory) => {
                        let folder = super::codeowners::directory(directory);
                        index.by_directory.entry(folder).or_default()
                    }
                    Tie::Folder(folder) => index.by_folder.entry(folder).or_default(),
                    Tie::Repository(slug) => index.by_repository.entry(slug).or_default(),
                    Tie::Name(name) => by_name.entry(name.to_lowercase()).or_default(),
                };
                group.add(entity);
            }
        }
        index.folders = index.by_repository.keys().any(|key| key.contains("//"));
        let entities = &index.entities;
        let groups = [
            (&mut index.by_container, Basis::Container),
            (&mut index.by_namespace, Basis::Namespace),
            (&mut index.by_directory, Basis::Directory),
            (&mut index.by_folder, Basis::Folder),
            (&mut index.by_repository, Basis::Repository),
        ];
        for (groups, basis) in groups {
            groups
                .values_mut()
                .for_each(|group| group.complete(basis, entities));
        }
        by_name
            .values_mut()
            .for_each(|group| group.complete(Basis::Name, entities));
        index.names = Names::new(by_name, inventory);
        index.run(inventory);
        index
    }

    /// Whether a catalog that could have named an owner was read.
    pub(super) fn is_catalog(&self) -> bool {
        self.declares.0
    }

    /// Whether a configuration database was read.
    pub(super) fn is_cmdb(&self) -> bool {
        self.declares.1
    }

    /// Finds what runs as an identity and is spoken of by its own id or Kubernetes id.
    fn run(&mut self, inventory: &'a Inventory) {
        if self.by_id.is_empty() && self.by_kubernetes_id.is_empty() {
            return;
        }
        for workload in &inventory.workloads {
            let addresses = workload
                .traits
                .iter()
                .filter_map(|t| t.strip_prefix("url:"));
            let ids = [&*workload.id].into_iter().chain(addresses);
            let by_id = ids.filter_map(|id| self.by_id.get(id.trim_end_matches('/')));
            let by_id = by_id.flatten();
            let namespace = workload
                .id
                .strip_prefix("k8s:")
                .map(|rest| rest.split('/').nth(1).unwrap_or_default());
            let by_name = namespace
                .and_then(|_| self.by_kubernetes_id.get(&*workload.name))
                .into_iter()
                .flatten()
                .filter(|entity| in_namespace(entity, namespace));
            let found: Vec<&'a CatalogEntity> = by_id.chain(by_name).copied().collect();
            if found.is_empty() {
                continue;
            }
            let running = self.running.entry(&workload.runs_as).or_default();
            for entity in found {
                if running.len() < MAX_RUNNING && !running.contains(&entity) {
                    running.push(entity);
                }
            }
        }
    }

    /// The entities tied to an identity: of each sort of tie the nearest of each catalog.
    pub(super) fn of_identity(
        &self,
        identity: &Identity,
        places: &[Place<'_>],
    ) -> Vec<CatalogClaim<'a>> {
        let mut claims = Vec::new();
        if self.entities.is_empty() {
            return claims;
        }
        let name = Some(&*identity.name);
        self.by_ids(identity, &mut claims);
        if identity.platform == Platform::Kubernetes {
            let tied = self.kubernetes(identity);
            claims.extend(self.owned(Basis::KubernetesId, tied));
            let namespace = identity.namespace.as_deref();
            let group = namespace.and_then(|namespace| self.by_namespace.get(namespace));
            claims.extend(group.into_iter().flat_map(|group| group.claims(name)));
        }
        for (level, id) in (0u32..).zip(identity.containers()) {
            let basis = match level == 0 && identity.namespace.is_some() {
                true => Basis::Namespace,
                false => Basis::Container,
            };
            let rank = basis.rank() + level.min(SORT - 1);
            let by_id = self.by_container.get(&*id).into_iter();
            let tied = by_id
                .flat_map(|group| group.claims(name))
                .chain(self.names.of_container(&id));
            claims.extend(tied.map(|claim| CatalogClaim {
                rank,
                basis,
                ..claim
            }));
        }
        claims.extend(self.of_places(places, name));
        if let Some(group) = repository(identity).and_then(|r| self.by_repository.get(&*r)) {
            claims.extend(group.claims(name));
        }
        if let Some(running) = self.running.get(&identity.id) {
            let found = self.owned(Basis::Workload, running.iter().copied());
            // Where different parties run something as it, none of them is its owner.
            claims.extend(entities::agreed(found));
        }
        if let Some(group) = served(identity).and_then(|r| self.by_repository.get(&*r)) {
            claims.extend(group.claims(name).map(|claim| CatalogClaim {
                rank: Basis::Serves.rank(),
                basis: Basis::Serves,
                ..claim
            }));
        }
        claims.extend(self.names.of_identity(&identity.name));
        self.finish(claims)
    }

    /// The entities tied to a container, beside those of the containers around it.
    pub(super) fn of_container(&self, id: &str, places: &[Place<'_>]) -> Vec<CatalogClaim<'a>> {
        if self.entities.is_empty() {
            return Vec::new();
        }
        let by_id = self.by_id.get(id).into_iter().flatten().copied();
        let mut claims = self.owned(Basis::Id, by_id);
        let group = self.by_container.get(id).into_iter();
        claims.extend(
            group
                .flat_map(|group| group.claims(None))
                .map(|claim| CatalogClaim {
                    rank: Basis::Id.rank(),
                    basis: Basis::Id,
                    ..claim
                }),
        );
        let namespace = id
            .strip_prefix("k8s:")
            .and_then(|rest| rest.split_once('/'))
            .and_then(|(_, namespace)| self.by_namespace.get(namespace));
        claims.extend(namespace.into_iter().flat_map(|group| group.claims(None)));
        claims.extend(self.names.of_container(id));
        claims.extend(self.of_places(places, None));
        self.finish(claims)
    }

    /// The entities tied to a credential by its id and by where it stands.
    pub(super) fn of_credential(&self, id: &str, places: &[Place<'_>]) -> Vec<CatalogClaim<'a>> {
        if self.entities.is_empty() {
            return Vec::new();
        }
        let by_id = self.by_id.get(id).into_iter().flatten().copied();
        let mut claims = self.owned(Basis::Id, by_id);
        claims.extend(self.of_places(places, None));
        self.finish(claims)
    }

    /// The entities that own the places where something stands: those of the nearest catalog file upward,
    /// and those of the repository.
    fn of_places(&self, places: &[Place<'_>], name: Option<&str>) -> Vec<CatalogClaim<'a>> {
        let mut claims: Vec<CatalogClaim<'a>> = Vec::new();
        for place in places {
            self.upward(place, name, &mut claims);
            let remote = (place.origin.repository.as_ref()).and_then(|r| r.remote.as_deref());
            let group = remote.and_then(|remote| self.by_repository.get(&*remote.to_lowercase()));
            claims.extend(group.into_iter().flat_map(|group| group.claims(name)));
            self.inside_repository(place, name, &mut claims);
        }
        claims
    }

    /// Goes up from a file inside its repository, for entities that speak of a folder of it.
    fn inside_repository(
        &self,
        place: &Place<'_>,
        name: Option<&str>,
        claims: &mut Vec<CatalogClaim<'a>>,
    ) {
        if !self.folders {
            return;
        }
        let remote = (place.origin.repository.as_ref()).and_then(|r| r.remote.as_deref());
        let (Some(remote), Some(mut folder)) = (remote, place.origin.below_repository()) else {
            return;
        };
        let remote = remote.to_lowercase();
        let mut spoken: BTreeSet<CatalogSource> = BTreeSet::new();
        for distance in 0..SORT {
            let Some((up, _)) = folder.rsplit_once('/') else {
                return;
            };
            folder = up;
            let group = self.by_repository.get(&*format!("{remote}//{folder}"));
            for side in group.into_iter().flat_map(Group::sides) {
                if spoken.insert(side.source) {
                    let rank = Basis::Directory.rank() + distance;
                    let claimed = side.claims(name).iter().cloned();
                    claims.extend(claimed.map(|claim| CatalogClaim {
                        rank,
                        basis: Basis::Directory,
                        ..claim
                    }));
                }
            }
        }
    }

    /// Goes up from a file; of each catalog the first directory counts that it speaks of.
    fn upward(&self, place: &Place<'_>, name: Option<&str>, claims: &mut Vec<CatalogClaim<'a>>) {
        if self.by_directory.is_empty() && self.by_folder.is_empty() {
            return;
        }
        let path = super::codeowners::relative(place.origin.on_disk());
        let elsewhere = path.starts_with('/') || path.starts_with("../");
        let mut spoken: BTreeSet<(Basis, CatalogSource)> = BTreeSet::new();
        // Only what is found from one file is nearer or farther; files are not compared with each other.
        let mut nearest: Option<u32> = None;
        let mut folder = path;
        for distance in 0u32.. {
            folder = match folder.rsplit_once('/') {
                Some((up, _)) => up,
                None if folder.is_empty() => return,
                None => "",
            };
            if folder.is_empty() && elsewhere {
                return;
            }
            let found = [
                (Basis::Directory, self.by_directory.get(folder)),
                (Basis::Folder, self.by_folder.get(last_two(folder))),
            ];
            for (basis, group) in found {
                for side in group.into_iter().flat_map(Group::sides) {
                    // A catalog file in a directory speaks for its own repository only.
                    let here = basis == Basis::Folder
                        || side
                            .evidence()
                            .is_some_and(|e| root(&e.origin) == root(place.origin));
                    if here && spoken.insert((basis, side.source)) {
                        let spoken = side.claims(name);
                        if spoken.is_empty() {
                            continue;
                        }
                        let farther = distance - *nearest.get_or_insert(distance);
                        let rank = basis.rank() + farther.min(SORT - 1);
                        let spoken = spoken.iter().cloned();
                        claims.extend(spoken.map(|claim| CatalogClaim { rank, ..claim }));
                    }
                }
            }
        }
    }

    fn by_ids(&self, identity: &Identity, claims: &mut Vec<CatalogClaim<'a>>) {
        let id = &*identity.id.0;
        let own = match identity.platform {
            // `gcp:<address>`, `entra:<tenant>/<application id>`.
            Platform::Gcp => id.strip_prefix("gcp:"),
            Platform::Entra => id.rsplit_once('/').map(|(_, application)| application),
            _ => None,
        };
        let aliases = identity.aliases.iter().map(|alias| &**alias);
        let ids: BTreeSet<&str> = [id].into_iter().chain(own).chain(aliases).collect();
        for id in ids {
            let tied = self.by_id.get(id).into_iter().flatten().copied();
            claims.extend(self.owned(Basis::Id, tied));
        }
    }

    fn kubernetes(&self, identity: &Identity) -> impl Iterator<Item = &'a CatalogEntity> {
        let labelled = identity
            .labels
            .iter()
            .filter(|label| {
                &*label.key == KUBERNETES_ID && label.source != LabelSource::ModuleInput
            })
            .map(|label| &*label.value);
        let ids: BTreeSet<&str> = labelled.chain([&*identity.name]).collect();
        let applications = identity
            .labels
            .iter()
            .filter_map(|label| match &*label.key {
                "argocd.argoproj.io/instance" => Some(&*label.value),
                "argocd.argoproj.io/tracking-id" => label.value.split(':').next(),
                _ => None,
            });
        let applications: BTreeSet<String> = applications.map(|a| format!("argocd:{a}")).collect();
        let entities: Vec<&'a CatalogEntity> = ids
            .into_iter()
            .filter_map(|id| self.by_kubernetes_id.get(id))
            .chain(applications.iter().filter_map(|id| self.by_id.get(&**id)))
            .flatten()
            .copied()
            .filter(|entity| in_namespace(entity, identity.namespace.as_deref()))
            .collect();
        entities.into_iter()
    }

    fn owned(
        &self,
        basis: Basis,
        entities: impl Iterator<Item = &'a CatalogEntity>,
    ) -> Vec<CatalogClaim<'a>> {
        entities
            .filter_map(|entity| self.entities.claim(basis, entity))
            .collect()
    }

    /// Each entity once, by its closest tie; and who is on call for what they speak of.
    fn finish(&self, mut claims: Vec<CatalogClaim<'a>>) -> Vec<CatalogClaim<'a>> {
        let mut called = Vec::new();
        for claim in &claims {
            for tie in &claim.entity.ties {
                let Tie::Id(id) = tie else { continue };
                if claim.entity.source == CatalogSource::PagerDuty || !id.starts_with("pagerduty:")
                {
                    continue;
                }
                let services = self.by_id.get(&**id).into_iter().flatten().copied();
                let on_call = services.filter(|s| s.source == CatalogSource::PagerDuty);
                called.extend(self.owned(claim.basis, on_call).into_iter().map(|on_call| {
                    CatalogClaim {
                        rank: claim.rank,
                        ..on_call
                    }
                }));
            }
        }
        claims.append(&mut called);
        claims.sort_by_key(|claim| claim.rank);
        let mut seen = BTreeSet::new();
        claims.retain(|claim| seen.insert(claim.entity));
        claims
    }
}

fn tied<'a>(list: &mut Vec<&'a CatalogEntity>, entity: &'a CatalogEntity) {
    list.extend((list.len() < MAX_TIED).then_some(entity));
}

/// An entity that also states a namespace means its Kubernetes id there.
fn in_namespace(entity: &CatalogEntity, namespace: Option<&str>) -> bool {
    let mut stated = entity
        .ties
        .iter()
        .filter_map(|tie| match tie {
            Tie::Namespace(namespace) => Some(&**namespace),
            Tie::Container(id) => id.strip_prefix("k8s:")?.split_once('/').map(|(_, n)| n),
            _ => None,
        })
        .peekable();
    stated.peek().is_none() || stated.any(|stated| Some(stated) == namespace)
}

fn root(origin: &Origin) -> Option<&Str> {
    origin.repository.as_ref().map(|r| &r.root)
}

/// `environments/payments` of `terraform/environments/payments`.
fn last_two(folder: &str) -> &str {
    let mut slashes = folder.rmatch_indices('/').map(|(at, _)| at);
    let (_, second) = (slashes.next(), slashes.next());
    second.and_then(|at| folder.get(at + 1..)).unwrap_or(folder)
}

/// The repository that an identity of a forge is in, as its id tells.
fn repository(identity: &Identity) -> Option<String> {
    let (host, rest) = match identity.platform {
        Platform::GitHub => ("github.com", identity.id.0.strip_prefix("github:")?),
        Platform::GitLab => ("gitlab.com", identity.id.0.strip_prefix("gitlab:")?),
        Platform::Bitbucket => ("bitbucket.org", identity.id.0.strip_prefix("bitbucket:")?),
        _ => return None,
    };
    let path = ["/job/", "/deploy-key/", "/secret/", "/environment/"]
        .iter()
        .find_map(|part| rest.split_once(part))
        .map(|(path, _)| path)?;
    let plain = path.contains('/') && !path.starts_with(['.', '/']);
    plain.then(|| format!("{host}/{}", path.to_lowercase()))
}

/// The one repository whose workflows sign in as an identity.
fn served(identity: &Identity) -> Option<String> {
    let mut served: BTreeSet<String> = BTreeSet::new();
    for serves in &identity.serves {
        let found = SERVES
            .iter()
            .find_map(|(sort, host)| Some((*host, serves.strip_prefix(sort)?)));
        if let Some((host, path)) = found {
            let path = path.split(':').next().unwrap_or(path);
            served.insert(format!("{host}{}", path.to_lowercase()));
        }
    }
    let only = served.len() == 1;
    served
        .pop_first()
        .filter(|path| only && !path.contains('*'))
}
