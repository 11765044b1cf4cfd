//! Records of people, brought together: several that share an address are one person.

use crate::model::{Evidence, Person, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many records may share a login that tells something.
const MAX_SHARING: usize = 64;

/// A person, by all records of one.
#[derive(Debug)]
pub(crate) struct Human<'a> {
    /// Logins and addresses that mean nobody else.
    pub names: BTreeSet<&'a str>,
    /// Names as people speak them; others may have them as well.
    pub display: BTreeSet<&'a str>,
    pub standing: Stay,
    pub evidence: &'a Evidence,
}

/// Whether a person is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stay {
    There,
    /// When, where that is said.
    Left(Option<Timestamp>, Evidence),
}

/// A name with a blank in it is one that people speak; it is not given out only once, as logins and addresses are.
pub(crate) fn spoken(name: &str) -> bool {
    !name.contains('@') && name.contains(char::is_whitespace)
}

/// The people, and which of them each record is of.
pub(super) fn gather<'a>(
    records: &[&'a Person],
    now: Option<Timestamp>,
) -> (Vec<Human<'a>>, Vec<usize>) {
    let mut by_name: HashMap<&'a str, Vec<usize>> = HashMap::new();
    for (at, record) in records.iter().enumerate() {
        for name in record.names.iter().filter(|name| !spoken(name)) {
            by_name.entry(name).or_default().push(at);
        }
    }
    let mut humans: Vec<Human<'a>> = Vec::new();
    let mut of_record: Vec<Option<usize>> = vec![None; records.len()];
    for start in 0..records.len() {
        if of_record.get(start).is_none_or(Option::is_some) {
            continue;
        }
        let human = humans.len();
        let mut mine: BTreeSet<usize> = BTreeSet::new();
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            let (Some(slot @ None), Some(record)) = (of_record.get_mut(at), records.get(at)) else {
                continue;
            };
            *slot = Some(human);
            mine.insert(at);
            for name in record.names.iter().filter(|name| !spoken(name)) {
                let Some(sharing) = by_name.get_mut(&**name) else {
                    continue;
                };
                // An address leads to its records once. A login may be two people's in two systems.
                if name.contains('@') {
                    open.append(sharing);
                } else if sharing.len() <= MAX_SHARING {
                    let same = |other: &usize| {
                        records
                            .get(*other)
                            .is_some_and(|other| alike(record, other))
                    };
                    open.extend(sharing.iter().copied().filter(same));
                    sharing.retain(|other| !same(other));
                }
            }
        }
        let mine: Vec<&'a Person> = mine
            .iter()
            .filter_map(|&at| records.get(at).copied())
            .collect();
        let Some(first) = mine.first() else { continue };
        let all = mine
            .iter()
            .flat_map(|record| &record.names)
            .map(|name| &**name);
        let (display, names) = all.partition(|name| spoken(name));
        humans.push(Human {
            names,
            display,
            standing: stay(mine.iter().copied(), now),
            evidence: &first.evidence,
        });
    }
    // What two people are called tells of neither.
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for name in humans.iter().flat_map(|human| &human.names) {
        *owners.entry(name).or_default() += 1;
    }
    let shared: BTreeSet<&str> = owners
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|(name, _)| name)
        .collect();
    if !shared.is_empty() {
        for human in &mut humans {
            human.names.retain(|name| !shared.contains(name));
        }
    }
    (humans, of_record.into_iter().flatten().collect())
}

/// Whether two records that share a login are one person's: those of one file are, and those whose addresses do
/// not speak against it.
fn alike(a: &Person, b: &Person) -> bool {
    let addresses = |person: &Person| -> BTreeSet<String> {
        let all = person.names.iter().filter_map(|name| name.split_once('@'));
        all.map(|(local, _)| local.to_owned()).collect()
    };
    if a.evidence.origin.path == b.evidence.origin.path {
        return true;
    }
    let (a, b) = (addresses(a), addresses(b));
    a.is_empty() || b.is_empty() || !a.is_disjoint(&b)
}

fn stay<'p>(records: impl Iterator<Item = &'p Person>, now: Option<Timestamp>) -> Stay {
    let mut left = None;
    for record in records {
        let gone = record
            .left
            .zip(now)
            .is_some_and(|(left, now)| now.days_since(left) >= 1);
        if gone || record.active == Some(false) {
            let date = record.left.filter(|_| gone);
            left.get_or_insert(Stay::Left(date, record.evidence.clone()));
        } else if record.active == Some(true) {
            // Somebody who left and came back has two rows.
            return Stay::There;
        }
    }
    left.unwrap_or(Stay::There)
}
