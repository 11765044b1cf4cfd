//! The list of an identity's ways to get further: what it can do by its own rights, and whom it can become.

use super::holdings::Draft;
use super::judge::Compiled;
use super::paths::{Level, Surroundings, Target, called};
use crate::model::{Goal, Hop, Path, Proof, Str, Tier};
use crate::platform::kubernetes::names;
use crate::platform::kubernetes::system::SYSTEM_NAMESPACE;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many paths of one identity are listed.
const MAX_PATHS: usize = 32;

/// How many identities are told that one and the same permission lets its holder become.
const MAX_TARGETS: usize = 4;

/// Longest path that is written out.
const MAX_HOPS: usize = 40;

/// An account that every control plane has, and that may give itself anything.
const CONTROLLER: &str = "clusterrole-aggregation-controller";

/// A way to make oneself stronger by one's own rights.
pub(super) struct Way {
    /// What permits it.
    pub(super) by: &'static Compiled,
    /// The namespace, or the whole cluster.
    pub(super) place: Option<Str>,
    /// What it is done with: a role that can be bound.
    pub(super) subject: Option<Str>,
    pub(super) proof: Proof,
}

/// Writes the paths of all who are not admin anyway.
pub(super) fn list(drafts: &mut [Draft<'_>], surroundings: &Surroundings<'_>) {
    let mut strong: BTreeMap<Target, Vec<(usize, Option<Hop>)>> = BTreeMap::new();
    let mut order: Vec<(usize, Level)> = drafts
        .iter()
        .enumerate()
        .filter_map(|(i, draft)| Some((i, Level::of(draft)?)))
        .filter(|(_, level)| *level > Level::Issue)
        .collect();
    // The strongest first; those that are admin before those that can make themselves admin.
    order.sort_by_key(|(i, level)| {
        let tier = drafts.get(*i).map(|d| d.privilege.tier);
        (std::cmp::Reverse((*level, tier)), *i)
    });
    for (i, _) in order {
        let Some(draft) = drafts.get(i) else { continue };
        for (target, by) in surroundings.targets(draft.identity, draft.cluster) {
            let slot = strong.entry(target).or_default();
            // One more than are told, for whoever is among them.
            if slot.len() <= MAX_TARGETS {
                slot.push((i, by));
            }
        }
    }
    let told: Vec<_> = (0..drafts.len())
        .map(|i| of_one(i, drafts, &strong))
        .collect();
    for (draft, (paths, left_out)) in drafts.iter_mut().zip(told) {
        draft.privilege.paths = paths;
        draft.privilege.paths_left_out = left_out;
    }
}

fn of_one(
    position: usize,
    drafts: &[Draft<'_>],
    strong: &BTreeMap<Target, Vec<(usize, Option<Hop>)>>,
) -> (Vec<Arc<Path>>, usize) {
    let Some(draft) = drafts.get(position) else {
        return (Vec::new(), 0);
    };
    if draft.privilege.tier == Tier::Admin {
        return (Vec::new(), 0);
    }
    let mut paths: BTreeSet<(crate::model::Certainty, usize, Path)> = BTreeSet::new();
    let mut led: BTreeSet<(&str, Option<&str>)> = BTreeSet::new();
    for edge in &draft.edges {
        let targets = strong.get(&edge.target).map_or(&[][..], Vec::as_slice);
        let others = targets.iter().filter(|(i, _)| *i != position);
        for (i, by) in others.take(MAX_TARGETS) {
            let Some(target) = drafts.get(*i) else {
                continue;
            };
            if let Target::Place(_, place, _) = &edge.target {
                led.insert((edge.by.id, place.as_deref()));
            }
            let theirs = target.privilege.proof.as_ref();
            let mut hops: Vec<Hop> = edge.proof.hops.iter().map(|h| Hop::clone(h)).collect();
            hops.extend(by.clone());
            hops.push(Hop {
                what: format!(
                    "{}, whose tier is {}",
                    called(target.identity),
                    target.privilege.tier.as_str()
                )
                .into(),
                evidence: target.identity.evidence.first().cloned(),
            });
            let end = theirs.into_iter().flat_map(|proof| &proof.hops);
            let room = MAX_HOPS.saturating_sub(hops.len());
            hops.extend(end.take(room).map(|h| Hop::clone(h)));
            let certainty = theirs.map_or(edge.proof.certainty, |p| p.certainty);
            let path = path(
                edge.by,
                Str::clone(&target.identity.id.0),
                &edge.proof,
                hops,
            );
            let certainty = certainty.max(edge.proof.certainty);
            let path = Path { certainty, ..path };
            paths.insert((certainty, path.hops.len(), path));
        }
    }
    for way in &draft.ways {
        let place = way.place.as_deref();
        // Told already, with the account that it leads to.
        if way.by.becomes.is_some() && led.contains(&(way.by.id, place)) {
            continue;
        }
        let mut hops: Vec<Hop> = way.proof.hops.iter().map(|h| Hop::clone(h)).collect();
        let subject = match (&way.subject, place) {
            (Some(name), Some(place)) => format!("{place}/{name}"),
            (Some(name), None) => name.to_string(),
            (None, _) if way.by.becomes.is_some() => {
                hops.push(Hop {
                    what: format!(
                        "ServiceAccount {SYSTEM_NAMESPACE}/{CONTROLLER} of the control plane: \
                         escalate on clusterroles"
                    )
                    .into(),
                    evidence: None,
                });
                names::account(draft.cluster, SYSTEM_NAMESPACE, CONTROLLER)
            }
            (None, Some(place)) => format!("namespace {place}"),
            (None, None) => format!("cluster {}", draft.cluster),
        };
        let path = path(way.by, subject.as_str().into(), &way.proof, hops);
        paths.insert((path.certainty, path.hops.len(), path));
    }
    let left_out = paths.len().saturating_sub(MAX_PATHS);
    let listed = paths.into_iter().take(MAX_PATHS);
    (
        listed.map(|(_, _, path)| Arc::new(path)).collect(),
        left_out,
    )
}

fn path(by: &Compiled, subject: Str, proof: &Proof, hops: Vec<Hop>) -> Path {
    Path {
        goal: Goal::Admin,
        certainty: proof.certainty,
        rule: by.id.into(),
        also: BTreeSet::new(),
        title: if by.title.is_empty() {
            Str::clone(&proof.claim)
        } else {
            by.title.into()
        },
        subject,
        conditions: BTreeSet::new(),
        missing: BTreeSet::new(),
        hops,
    }
}
