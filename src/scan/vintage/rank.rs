//! Which exports of one kind and one account are pages of one snapshot, and which snapshot is the newest.

use super::{Held, NEVER_GUESSED};
use crate::model::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// More undated snapshots than this in one folder are not told apart.
const MOST: usize = 32;

/// One export, as far as the order goes.
pub(super) struct Export<'a> {
    /// Its place among all records.
    pub index: usize,
    pub path: &'a str,
    pub folder: &'a str,
    /// The date that it or its path states.
    pub date: Option<Timestamp>,
    pub held: &'a Held,
}

/// Exports of one time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Set {
    pub date: Timestamp,
    /// Whether the date is only that of the latest event in it.
    pub guessed: bool,
    /// Places of its exports.
    pub members: Vec<usize>,
}

/// The exports of one kind and account.
pub(super) enum Ranked {
    /// No two of them speak of the same principal.
    One,
    /// The newest first. Exports that overlap with none are in no set.
    Several(Vec<Set>),
    /// Some overlap and cannot be told apart in time; these.
    Unclear(Vec<usize>),
}

/// Puts the exports of one kind and account in order.
pub(super) fn rank(reader: &str, exports: &[Export<'_>]) -> Ranked {
    let overlapping = overlapping(exports, |a, b| a != b);
    if overlapping.is_empty() {
        return Ranked::One;
    }
    let unclear = || Ranked::Unclear(overlapping.iter().copied().collect());
    let mut dated: BTreeMap<Timestamp, (bool, Vec<usize>)> = BTreeMap::new();
    let mut folders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, export) in exports.iter().enumerate() {
        match export.date {
            Some(date) => dated.entry(date).or_default().1.push(place),
            None => folders.entry(export.folder).or_default().push(place),
        }
    }
    let mut undated = Vec::new();
    for places in folders.into_values() {
        match apart(exports, places) {
            Some(sets) => undated.extend(sets),
            None => return unclear(),
        }
    }
    for places in undated {
        // What overlaps with nothing needs no date.
        if !places.iter().any(|place| overlapping.contains(place)) {
            continue;
        }
        let newest = places.iter().filter_map(|&p| exports.get(p)?.held.newest);
        let Some(date) = newest.max().filter(|_| reader != NEVER_GUESSED) else {
            return unclear();
        };
        match dated.get_mut(&date) {
            // Whether two of the same date are copies or pages of one makes no difference.
            Some((_, known)) => known.extend(places),
            None => {
                dated.insert(date, (true, places));
            }
        }
    }
    dated.retain(|_, (_, places)| places.iter().any(|place| overlapping.contains(place)));
    if dated.len() < 2 {
        return unclear();
    }
    let sorts = |places: &[usize]| {
        let held = places.iter().filter_map(|&p| exports.get(p));
        held.fold(0, |all, export| all | export.held.sorts)
    };
    // An export of the users alone is not the newer snapshot of one of users and roles only because a user's date is
    // the latest.
    let newest = dated.last_key_value().map_or(0, |(_, (_, p))| sorts(p));
    let guesses = dated.values().any(|(guessed, _)| *guessed);
    if guesses
        && dated
            .values()
            .any(|(_, places)| sorts(places) & !newest != 0)
    {
        return unclear();
    }
    let sets = dated.into_iter().rev();
    let sets = sets.map(|(date, (guessed, places))| Set {
        date,
        guessed,
        members: places
            .iter()
            .filter_map(|&place| Some(exports.get(place)?.index))
            .collect(),
    });
    Ranked::Several(sets.collect())
}

/// The exports that hold what another one holds too, of pairs that count.
fn overlapping(exports: &[Export<'_>], counts: impl Fn(usize, usize) -> bool) -> BTreeSet<usize> {
    let mut keys: Vec<(u64, usize)> = Vec::new();
    for (place, export) in exports.iter().enumerate() {
        keys.extend(export.held.keys.iter().map(|&key| (key, place)));
    }
    keys.sort_unstable();
    keys.dedup();
    let mut found = BTreeSet::new();
    for pair in keys.windows(2) {
        if let [(a, left), (b, right)] = pair
            && a == b
            && counts(*left, *right)
        {
            found.extend([*left, *right]);
        }
    }
    found
}

/// Undated exports of one folder in snapshots: what is disjoint goes together, what is numbered alike first.
fn apart(exports: &[Export<'_>], places: Vec<usize>) -> Option<Vec<Vec<usize>>> {
    let mut stems: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &place in &places {
        let path = exports.get(place)?.path;
        stems.entry(stem(path)).or_default().push(place);
    }
    let mut items = Vec::new();
    for group in stems.into_values() {
        let inside: HashSet<usize> = group.iter().copied().collect();
        let both = |a: usize, b: usize| a != b && inside.contains(&a) && inside.contains(&b);
        if overlapping(exports, both).is_empty() {
            items.push(group);
        } else {
            items.extend(group.into_iter().map(|place| vec![place]));
        }
    }
    let newest = |item: &[usize]| {
        let held = item.iter().filter_map(|&p| exports.get(p));
        held.filter_map(|export| export.held.newest).max()
    };
    let first = |item: &[usize]| item.first().and_then(|&p| Some(exports.get(p)?.path));
    items.sort_by(|a, b| newest(b).cmp(&newest(a)).then(first(a).cmp(&first(b))));
    let mut sets: Vec<(HashSet<u64>, Vec<usize>)> = Vec::new();
    for item in items {
        let held = item.iter().filter_map(|&p| exports.get(p));
        let keys: Vec<u64> = held.flat_map(|e| e.held.keys.iter().copied()).collect();
        let fits = |known: &HashSet<u64>| !keys.iter().any(|key| known.contains(key));
        match sets.iter_mut().find(|(known, _)| fits(known)) {
            Some((known, set)) => {
                known.extend(keys);
                set.extend(item);
            }
            None => sets.push((keys.into_iter().collect(), item)),
        }
        if sets.len() > MOST {
            return None;
        }
    }
    Some(sets.into_iter().map(|(_, set)| set).collect())
}

/// The path without its ending and the number of a page.
fn stem(path: &str) -> &str {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = name.split('.').next().unwrap_or_default();
    let start = if folder.is_empty() {
        0
    } else {
        folder.len() + 1
    };
    let whole = path.get(..start + name.len()).unwrap_or(path);
    whole.trim_end_matches(|c: char| c.is_ascii_digit())
}
