//! Catalog entities: whose each is, by itself or by what it is part of, and what several of one place say
//! together.

use super::catalog::{Basis, CatalogClaim};
use crate::model::{CatalogEntity, CatalogSource, Evidence, Owner, Str, Tie};
use std::collections::{BTreeSet, HashMap, HashSet};

/// In how many entities an owner is looked for: component, system, domain, and their nesting.
const MAX_PARENTS: usize = 16;

/// Words that make the name in a package's manifest that of several people or of a company.
const SEVERAL: [&str; 22] = [
    "team",
    "teams",
    "squad",
    "group",
    "inc",
    "inc.",
    "ltd",
    "llc",
    "gmbh",
    "corp",
    "corporation",
    "foundation",
    "company",
    "engineering",
    "platform",
    "community",
    "department",
    "labs",
    "project",
    "organization",
    "organisation",
    "ops",
];

/// Names in manifests that mean nobody in particular.
const EVERYBODY: [&str; 5] = [
    "authors",
    "contributors",
    "developers",
    "maintainers",
    "others",
];

/// All entities, by what others call them.
#[derive(Debug, Default)]
pub(super) struct Entities<'a> {
    by_reference: HashMap<(CatalogSource, &'a str), &'a CatalogEntity>,
    /// What each is part of, by all records of it: a whole may name its parts.
    parents: HashMap<(CatalogSource, &'a str), Vec<&'a str>>,
    /// Where charts stand: a chart in the folder `charts` of another is its dependency.
    charts: HashSet<&'a str>,
}

impl<'a> Entities<'a> {
    pub(super) fn new(catalog: &'a BTreeSet<CatalogEntity>) -> Self {
        let mut entities = Self::default();
        for entity in catalog {
            let known = entities
                .by_reference
                .entry((entity.source, &entity.reference))
                .or_insert(entity);
            // Of two records of one entity, that counts which says more.
            if known.owners.is_empty() && !entity.owners.is_empty() {
                *known = entity;
            }
            if !entity.parents.is_empty() {
                let key = (entity.source, &*entity.reference);
                let parents = entities.parents.entry(key).or_default();
                for parent in &entity.parents {
                    if parents.len() < MAX_PARENTS && !parents.contains(&&**parent) {
                        parents.push(parent);
                    }
                }
            }
            if is_chart(entity) {
                entities.charts.extend(directories(entity));
            }
        }
        entities
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_reference.is_empty()
    }

    /// Whether a chart is kept inside another as its dependency: whoever wrote it owns nothing here.
    pub(super) fn is_vendored(&self, entity: &CatalogEntity) -> bool {
        is_chart(entity)
            && directories(entity).any(|directory| {
                directory
                    .trim_end_matches('/')
                    .rsplit_once('/')
                    .and_then(|(above, _)| above.strip_suffix("charts"))
                    .is_some_and(|chart| self.charts.contains(chart))
            })
    }

    /// The owner that an entity states, or inherits from what it is part of.
    pub(super) fn claim(
        &self,
        basis: Basis,
        entity: &'a CatalogEntity,
    ) -> Option<CatalogClaim<'a>> {
        // What it is part of, the nearest first: each with where it was come to from.
        let mut open: Vec<(&'a CatalogEntity, Option<usize>)> = vec![(entity, None)];
        let mut at = 0;
        while let Some(&(here, _)) = open.get(at) {
            let mut owners = here.owners.iter();
            if let Some((owner, raw)) = owners.find_map(|raw| Some((party(here.source, raw)?, raw)))
            {
                let mut through = Vec::new();
                let mut step = Some(at);
                while let Some((part, from)) = step.and_then(|step| open.get(step)) {
                    through.extend(from.is_some().then_some(*part));
                    step = *from;
                }
                through.reverse();
                return Some(CatalogClaim {
                    rank: basis.rank(),
                    basis,
                    entity,
                    through,
                    owner,
                    raw: spelling(here.source, raw),
                });
            }
            let parents = self.parents.get(&(here.source, &*here.reference));
            for parent in parents.into_iter().flatten() {
                let parent = self.by_reference.get(&(entity.source, *parent));
                if let Some(&parent) = parent
                    && open.len() < MAX_PARENTS
                    && !open.iter().any(|(known, _)| std::ptr::eq(*known, parent))
                {
                    open.push((parent, Some(at)));
                }
            }
            at += 1;
        }
        None
    }
}

fn is_chart(entity: &CatalogEntity) -> bool {
    entity.source == CatalogSource::Package && &*entity.kind == "chart"
}

fn directories(entity: &CatalogEntity) -> impl Iterator<Item = &str> {
    entity.ties.iter().filter_map(|tie| match tie {
        Tie::Directory(directory) => Some(&**directory),
        _ => None,
    })
}

/// The party that an entity's owner is. A name without address in a package's manifest is a person's.
fn party(source: CatalogSource, raw: &str) -> Option<Owner> {
    let owner = Owner::parse(raw)?;
    match (source, owner) {
        (CatalogSource::Package, Owner::Team(name)) if !name.contains('/') => {
            let words: Vec<&str> = name.split('-').collect();
            let any = |known: &[&str]| words.iter().any(|word| known.contains(word));
            match (any(&EVERYBODY), any(&SEVERAL)) {
                (true, _) => None,
                (_, true) => Some(Owner::Team(name)),
                _ => Some(Owner::User(name)),
            }
        }
        (_, owner) => Some(owner),
    }
}

/// An owner as its source writes it: readers of tables put the kind of party in front, which the column tells.
fn spelling(source: CatalogSource, raw: &Str) -> Str {
    let plain = match source {
        CatalogSource::ServiceNow | CatalogSource::PagerDuty | CatalogSource::Cortex => raw
            .strip_prefix("user:")
            .or_else(|| raw.strip_prefix("team:")),
        _ => None,
    };
    plain.map_or_else(|| raw.clone(), |plain| plain.trim().into())
}

/// Claims that all name one party; none where they do not.
pub(super) fn agreed(claims: Vec<CatalogClaim<'_>>) -> Vec<CatalogClaim<'_>> {
    let mut owners = claims.iter().map(|claim| &claim.owner);
    let first = owners.next();
    match owners.all(|owner| Some(owner) == first) {
        true => claims,
        false => Vec::new(),
    }
}

/// Entities that share a namespace, a directory, a repository or a name.
#[derive(Debug, Default)]
pub(super) struct Group<'a> {
    sides: Vec<Side<'a>>,
}

/// Those of one catalog. They say whose a subject is only where they agree or one of them bears its name.
#[derive(Debug)]
pub(super) struct Side<'a> {
    pub(super) source: CatalogSource,
    entities: Vec<&'a CatalogEntity>,
    by_name: HashMap<&'a str, Vec<CatalogClaim<'a>>>,
    /// What all of them say.
    sole: Vec<CatalogClaim<'a>>,
}

impl<'a> Group<'a> {
    pub(super) fn add(&mut self, entity: &'a CatalogEntity) {
        match self.sides.iter_mut().find(|s| s.source == entity.source) {
            Some(side) => side.entities.push(entity),
            None => self.sides.push(Side {
                source: entity.source,
                entities: vec![entity],
                by_name: HashMap::new(),
                sole: Vec::new(),
            }),
        }
    }

    pub(super) fn complete(&mut self, basis: Basis, entities: &Entities<'a>) {
        for side in &mut self.sides {
            let claims: Vec<CatalogClaim<'a>> = side
                .entities
                .iter()
                .filter_map(|entity| entities.claim(basis, entity))
                .collect();
            let mut by_name: HashMap<&'a str, Vec<&CatalogClaim<'a>>> = HashMap::new();
            for claim in &claims {
                by_name.entry(&claim.entity.name).or_default().push(claim);
            }
            if side.entities.len() > 1 {
                side.by_name = by_name
                    .into_iter()
                    .map(|(name, claims)| (name, together(claims)))
                    .collect();
            }
            side.sole = together(claims.iter().collect());
        }
    }

    pub(super) fn sides(&self) -> impl Iterator<Item = &Side<'a>> {
        self.sides.iter()
    }

    /// What each catalog says of a subject of this name.
    pub(super) fn claims<'s>(
        &'s self,
        name: Option<&str>,
    ) -> impl Iterator<Item = CatalogClaim<'a>> + use<'a, 's> {
        let sides = self.sides.iter();
        let claims: Vec<&'s [CatalogClaim<'a>]> = sides.map(|side| side.claims(name)).collect();
        claims.into_iter().flatten().cloned()
    }
}

impl<'a> Side<'a> {
    pub(super) fn claims(&self, name: Option<&str>) -> &[CatalogClaim<'a>] {
        let named = name.and_then(|name| self.by_name.get(name));
        named.unwrap_or(&self.sole)
    }

    pub(super) fn evidence(&self) -> Option<&'a Evidence> {
        self.entities.first().map(|entity| &entity.evidence)
    }
}

/// What claims of one catalog come to: one, where all name one party; where records of one entity name
/// different ones, one for each; else nothing.
fn together<'a>(claims: Vec<&CatalogClaim<'a>>) -> Vec<CatalogClaim<'a>> {
    let Some(first) = claims.first() else {
        return Vec::new();
    };
    let one = claims
        .iter()
        .all(|claim| claim.entity.reference == first.entity.reference);
    let mut distinct: Vec<CatalogClaim<'a>> = Vec::new();
    let mut owners = HashSet::new();
    for claim in &claims {
        if owners.insert(&claim.owner) {
            if !one && !distinct.is_empty() {
                return Vec::new();
            }
            distinct.push((*claim).clone());
        }
    }
    distinct
}
