//! From versions of files that could hold something to the commits that brought it in and took it out.

use super::changes::{Change, Changes};
use super::commits::Commits;
use super::pack::NONE;
use super::people::People;
use super::trees::{Gathered, Hits, Trees};
use super::walk::Bits;
use super::{Archive, Attributed, CUT, Id, Kind, Searcher};
use crate::model::{
    Credential, CredentialId, Document, Exposure, Origin, Problem, ProblemKind, Str,
};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Versions of files, each at one path, that are read again at most.
const VERSIONS: usize = 2_000_000;
/// Paths at which one version is read again at most.
const COPIES: usize = 256;

/// What attribution of files needs.
pub(super) struct Files<'a> {
    pub(super) archive: &'a Archive<'a>,
    pub(super) commits: &'a Commits,
    pub(super) tags: &'a HashMap<u32, Id>,
    pub(super) tips: &'a BTreeSet<Id>,
    /// Whether objects are missing because the copy was made without them.
    pub(super) partial: bool,
}

/// Which secrets stand in each version of a file, by number.
#[derive(Default)]
struct Held {
    ids: Vec<CredentialId>,
    versions: HashMap<(u32, u32), Vec<u32>>,
}

impl Held {
    fn at(&self, path: u32, blob: u32) -> &[u32] {
        if blob == NONE {
            return &[];
        }
        self.versions.get(&(path, blob)).map_or(&[], Vec::as_slice)
    }
}

/// A secret at a path.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Place {
    path: u32,
    secret: u32,
}

/// The life of a secret at a path.
#[derive(Clone, Copy)]
struct Life {
    /// The commit, by rank, and the version of the file.
    introduced: (u32, u32),
    removed: Option<u32>,
}

impl Files<'_> {
    pub(super) fn attribute(&self, people: &mut People<'_>, searcher: &dyn Searcher) -> Attributed {
        let mut attributed = Attributed::default();
        if self.archive.seen.hits.is_empty() {
            return attributed;
        }
        let trees = self.trees(&mut attributed.problems);
        let mut changes = Changes::new(self.commits, &trees);
        let held = self.read_again(&trees, &changes, searcher, &mut attributed.problems);
        let lives = self.lives(&trees, &mut changes, &held);
        if changes.limited {
            let why = "its trees expand without bound: not every commit was compared";
            attributed
                .problems
                .push(self.problem(ProblemKind::Limited, why));
        }
        let known = self.places(&trees, &changes, &held, &lives, people, searcher);
        let mut seen: BTreeSet<CredentialId> = known.iter().map(|c| c.id.clone()).collect();
        attributed.credentials = known;
        let dangling = self.dangling(&changes, searcher, &mut seen, &mut attributed.problems);
        attributed.credentials.extend(dangling);
        attributed
    }

    fn problem(&self, kind: ProblemKind, message: &str) -> Problem {
        self.archive.met.problem(kind, message)
    }

    /// All trees, as far as they lead to what could hold something.
    fn trees(&self, problems: &mut Vec<Problem>) -> Trees {
        let Archive { store, seen, .. } = self.archive;
        let hits = Hits::new(store, &seen.hits);
        let mut wanted = store.packed_of(Kind::Tree);
        seen.trees.iter().for_each(|tree| wanted.set(*tree));
        let limit = self.archive.limit();
        let parts = store.walk(
            &wanted,
            limit,
            Gathered::new,
            |gathered, object, _, outcome| match outcome {
                Ok(bytes) => gathered.tree(store, &hits, object, bytes),
                Err(fault) => gathered.lost.push((object, fault)),
            },
        );
        let lost: usize = parts.iter().map(|part| part.lost.len()).sum();
        if lost > 0 {
            let why = format!("{lost} of its directories are corrupt; files in them have no path");
            problems.push(self.problem(ProblemKind::Malformed, &why));
        }
        // Of partial copies that has been said.
        if !self.partial && parts.iter().any(|part| part.absent > 0) {
            let why = "some of its directories are not there";
            problems.push(self.problem(ProblemKind::Malformed, why));
        }
        Trees::new(parts)
    }

    /// Reads the versions again, each at every path where it ever stood.
    fn read_again(
        &self,
        trees: &Trees,
        changes: &Changes,
        searcher: &dyn Searcher,
        problems: &mut Vec<Problem>,
    ) -> Held {
        let mut versions: Vec<(u32, u32)> = changes
            .list
            .iter()
            .flat_map(|change| {
                let blobs = changes.before(change).iter().copied().chain([change.after]);
                blobs.map(|blob| (blob, change.path))
            })
            .filter(|(blob, _)| *blob != NONE)
            .collect();
        versions.sort_unstable();
        versions.dedup();
        let all = versions.len();
        let mut copies = (NONE, 0);
        versions.retain(|(blob, _)| {
            copies = if copies.0 == *blob {
                (*blob, copies.1 + 1)
            } else {
                (*blob, 1)
            };
            copies.1 <= COPIES
        });
        if all > versions.len() {
            let why = format!("some files stood at more than {COPIES} paths: the first were read");
            problems.push(self.problem(ProblemKind::Limited, &why));
        }
        if versions.len() > VERSIONS {
            versions.truncate(VERSIONS);
            let why = "too many versions of files could hold something: not all were read";
            problems.push(self.problem(ProblemKind::Limited, why));
        }
        let paths: BTreeSet<u32> = versions.iter().map(|(_, path)| *path).collect();
        let origins: HashMap<u32, Arc<Origin>> = paths
            .into_iter()
            .map(|path| {
                (
                    path,
                    self.archive.met.origin(&changes.paths.text(trees, path)),
                )
            })
            .filter(|(_, origin)| !self.archive.options.excluded(origin))
            .collect();
        let Archive { store, .. } = self.archive;
        let mut wanted = Bits::new(store.len());
        versions.iter().for_each(|(blob, _)| wanted.set(*blob));
        type Read = (Vec<(u32, u32, Vec<CredentialId>)>, Vec<Problem>);
        let parts: Vec<Read> = store.walk(
            &wanted,
            self.archive.limit(),
            Read::default,
            |(read, problems), blob, _, outcome| {
                let Ok(bytes) = outcome else { return };
                let from = versions.partition_point(|(other, _)| *other < blob);
                let own = versions.get(from..).unwrap_or_default();
                for (_, path) in own.iter().take_while(|(other, _)| *other == blob) {
                    let Some(origin) = origins.get(path) else {
                        continue;
                    };
                    let (credentials, noted) = searcher.read(&Document { origin, bytes });
                    problems.extend(noted);
                    if !credentials.is_empty() {
                        let ids = credentials.into_iter().map(|credential| credential.id);
                        read.push((*path, blob, ids.collect()));
                    }
                }
            },
        );
        let mut ids = BTreeSet::new();
        for (read, noted) in &parts {
            problems.extend(noted.iter().cloned());
            ids.extend(read.iter().flat_map(|(.., ids)| ids.iter().cloned()));
        }
        let ids: Vec<CredentialId> = ids.into_iter().collect();
        let number = |id: &CredentialId| ids.binary_search(id).ok().map(|at| at as u32);
        let versions = parts
            .iter()
            .flat_map(|(read, _)| read)
            .map(|(path, blob, own)| ((*path, *blob), own.iter().filter_map(number).collect()))
            .collect();
        Held { ids, versions }
    }

    /// When each secret came in and went at each path.
    fn lives(&self, trees: &Trees, changes: &mut Changes, held: &Held) -> BTreeMap<Place, Life> {
        let mut lives: BTreeMap<Place, Life> = BTreeMap::new();
        for change in &changes.list {
            let Change {
                commit,
                path,
                after,
                ..
            } = *change;
            let now = held.at(path, after);
            let before: Vec<&[u32]> = changes
                .before(change)
                .iter()
                .map(|blob| held.at(path, *blob))
                .collect();
            for secret in now {
                if !before.iter().any(|secrets| secrets.contains(secret)) {
                    let place = Place {
                        path,
                        secret: *secret,
                    };
                    lives.entry(place).or_insert(Life {
                        introduced: (commit, after),
                        removed: None,
                    });
                }
            }
            // What some parent had removed already was not removed by joining it.
            let Some((first, others)) = before.split_first() else {
                continue;
            };
            for secret in *first {
                if !now.contains(secret)
                    && others.iter().all(|secrets| secrets.contains(secret))
                    && let Some(life) = lives.get_mut(&Place {
                        path,
                        secret: *secret,
                    })
                    && (self.commits.reaches(commit) || !self.commits.reaches(life.introduced.0))
                {
                    life.removed = Some(commit);
                }
            }
        }
        let mut still: HashSet<Place> = HashSet::new();
        let ranks: BTreeSet<u32> = self
            .tips
            .iter()
            .filter_map(|tip| self.commits.rank(&self.archive.store, self.tags, tip))
            .collect();
        let roots: BTreeSet<u32> = ranks
            .iter()
            .filter_map(|rank| self.commits.list.get(*rank as usize)?.tree)
            .collect();
        for root in roots {
            changes.held(trees, root, |path, blob| {
                let secrets = held.at(path, blob).iter();
                still.extend(secrets.map(|secret| Place {
                    path,
                    secret: *secret,
                }));
            });
        }
        for (place, life) in &mut lives {
            if still.contains(place) {
                life.removed = None;
            } else if life.removed.is_none() && self.commits.reaches(life.introduced.0) {
                life.removed = self.dropped(trees, changes, held, *place);
            }
        }
        lives
    }

    /// The last merge that let go of what one of its parents held.
    fn dropped(&self, trees: &Trees, changes: &Changes, held: &Held, place: Place) -> Option<u32> {
        let holds = |rank: u32| {
            let commit = self.commits.list.get(rank as usize);
            let blob = changes.at(trees, commit.and_then(|c| c.tree), place.path);
            held.at(place.path, blob).contains(&place.secret)
        };
        let merges = self.commits.list.iter().enumerate().rev();
        let merges = merges.map(|(rank, commit)| (rank as u32, commit));
        let mut merges = merges
            .filter(|(rank, _)| self.commits.reaches(*rank))
            .map(|(rank, commit)| (rank, self.commits.parents(commit)))
            .filter(|(_, parents)| parents.len() > 1);
        merges
            .find(|(rank, parents)| !holds(*rank) && parents.iter().any(|parent| holds(*parent)))
            .map(|(rank, _)| rank)
    }

    /// The secrets with the places where they stood, as the commit that introduced them has it.
    fn places(
        &self,
        trees: &Trees,
        changes: &Changes,
        held: &Held,
        lives: &BTreeMap<Place, Life>,
        people: &mut People<'_>,
        searcher: &dyn Searcher,
    ) -> Vec<Credential> {
        let mut versions: BTreeMap<(u32, u32), Vec<(CredentialId, Life)>> = BTreeMap::new();
        for (place, life) in lives {
            let key = (place.path, life.introduced.1);
            if let Some(id) = held.ids.get(place.secret as usize) {
                versions.entry(key).or_default().push((id.clone(), *life));
            }
        }
        let versions: Vec<_> = versions.into_iter().collect();
        let read: Vec<Vec<Credential>> = versions
            .par_iter()
            .map(|((path, blob), _)| {
                let origin = self.archive.met.origin(&changes.paths.text(trees, *path));
                let read = self.archive.store.read(*blob, self.archive.limit());
                let Ok((_, bytes)) = read else {
                    return Vec::new();
                };
                let document = Document {
                    origin: &origin,
                    bytes: &bytes,
                };
                searcher.read(&document).0
            })
            .collect();
        let noted = self
            .commits
            .from(self.ranks(&self.archive.references.notes));
        let plain = self.commits.from(self.ranks(&self.archive.references.tips));
        let is = |list: &[bool], rank: u32| list.get(rank as usize).copied().unwrap_or_default();
        let mut credentials = Vec::new();
        for (((path, _), lives), read) in versions.iter().zip(read) {
            for mut credential in read {
                let Some((_, life)) = lives.iter().find(|(id, _)| *id == credential.id) else {
                    continue;
                };
                let rank = life.introduced.0;
                let Some(commit) = self.commits.list.get(rank as usize) else {
                    continue;
                };
                let introduced = people.commit(commit.object);
                let removed = life
                    .removed
                    .and_then(|rank| self.commits.list.get(rank as usize));
                let mut pointer = format!("commit {}", introduced.short());
                let mut origin = None;
                if !self.commits.reaches(rank) {
                    pointer = format!("unreachable {pointer}");
                } else if is(&noted, rank) && !is(&plain, rank) {
                    let name = changes.paths.text(trees, *path).replace('/', "");
                    pointer = format!("note on {}", name.get(..8).unwrap_or(&name));
                    origin = Some(self.archive.met.origin(""));
                }
                let Some(mut exposure) = best(&mut credential) else {
                    continue;
                };
                exposure.evidence.pointer = Some(pointer.into());
                exposure.evidence.origin = origin.unwrap_or(exposure.evidence.origin);
                exposure.in_tree = false;
                exposure.introduced = Some(introduced);
                exposure.removed = removed.map(|commit| people.commit(commit.object));
                if commit.cut {
                    exposure.reasons.insert(Str::from(CUT));
                }
                credential.exposures.insert(exposure);
                credentials.push(credential);
            }
        }
        credentials
    }

    fn ranks(&self, ids: &BTreeSet<Id>) -> impl Iterator<Item = u32> {
        ids.iter()
            .filter_map(|id| self.commits.rank(&self.archive.store, self.tags, id))
    }

    /// What stands in versions that no commit leads to: those that were staged once, or whose commits are
    /// gone. Only secrets that are nowhere else are worth telling.
    fn dangling(
        &self,
        changes: &Changes,
        searcher: &dyn Searcher,
        seen: &mut BTreeSet<CredentialId>,
        problems: &mut Vec<Problem>,
    ) -> Vec<Credential> {
        let Archive { store, met, .. } = self.archive;
        let placed: HashSet<u32> = changes.list.iter().map(|change| change.after).collect();
        let hits = self.archive.seen.hits.iter();
        let mut left: Vec<(Id, u32)> = hits
            .filter(|hit| !placed.contains(hit))
            .map(|hit| (store.id(*hit), *hit))
            .collect();
        // By id, so that the same one is told however they are packed.
        left.sort_unstable();
        let origin = met.origin("");
        let mut credentials = Vec::new();
        for (id, object) in left {
            let Ok((_, bytes)) = store.read(object, self.archive.limit()) else {
                continue;
            };
            let document = Document {
                origin: &origin,
                bytes: &bytes,
            };
            let (found, noted) = searcher.read(&document);
            problems.extend(noted);
            for mut credential in found {
                if !seen.insert(credential.id.clone()) {
                    continue;
                }
                let Some(mut exposure) = best(&mut credential) else {
                    continue;
                };
                exposure.evidence.pointer =
                    Some(format!("unreachable object {}", super::hex(&id)).into());
                exposure.in_tree = false;
                credential.exposures.insert(exposure);
                credentials.push(credential);
            }
        }
        credentials
    }
}

/// The surest of a credential's places in one document, the first among equals; the others are let go.
pub(super) fn best(credential: &mut Credential) -> Option<Exposure> {
    let all = std::mem::take(&mut credential.exposures).into_iter().rev();
    all.max_by_key(|exposure| exposure.confidence)
}
