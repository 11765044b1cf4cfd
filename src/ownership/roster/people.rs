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
    /// A record that says otherwise, and is believed less.
    pub otherwise: Option<&'a Evidence>,
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
        let (mut display, names): (BTreeSet<&str>, _) = all.partition(|name| spoken(name));
        let called = mine.iter().flat_map(|record| &record.display);
        display.extend(called.map(|name| &**name).filter(|name| spoken(name)));
        let (standing, here, otherwise) = stay(&mine, now);
        humans.push(Human {
            names,
            display,
            standing,
            otherwise,
            evidence: here.unwrap_or(&first.evidence),
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

/// Whose word counts on who is there; 0 is most. Personnel's tables and one's own know who works here. Directories
/// know who can log in: they keep accounts of leavers open, and suspend those of people on leave. Hosting services
/// know least.
fn authority(reader: &str) -> u8 {
    match reader {
        "roster" => 0,
        "github-teams" | "gitlab-members" => 2,
        _ => 1,
    }
}

/// Whether a person is there, the record that says so, and one that says otherwise.
///
/// The source with the most authority that says anything decides. Somebody who left and came back has two rows in
/// one file; of two files that are worth the same, the one that says that somebody is gone counts.
fn stay<'a>(
    records: &[&'a Person],
    now: Option<Timestamp>,
) -> (Stay, Option<&'a Evidence>, Option<&'a Evidence>) {
    /// The records of one file: one that says that somebody is gone, and one that says the contrary.
    type Said<'a> = (
        Option<(Option<Timestamp>, &'a Evidence)>,
        Option<&'a Evidence>,
    );
    let mut files: BTreeMap<(u8, &str), Said<'a>> = BTreeMap::new();
    for record in records {
        let gone = record
            .left
            .zip(now)
            .is_some_and(|(left, now)| now.days_since(left) >= 1);
        let evidence = &record.evidence;
        let key = (authority(evidence.reader), &*evidence.origin.path);
        if gone || record.active == Some(false) {
            let date = record.left.filter(|_| gone);
            let (known, _) = files.entry(key).or_default();
            if known.is_none_or(|(known, _)| known.is_none() && date.is_some()) {
                *known = Some((date, evidence));
            }
        } else if record.active == Some(true) {
            files.entry(key).or_default().1.get_or_insert(evidence);
        }
    }
    let Some((&(best, _), _)) = files.first_key_value() else {
        return (Stay::There, None, None);
    };
    let left = |(gone, here): &Said<'a>| gone.filter(|_| here.is_none());
    let deciding = files
        .iter()
        .filter(|((authority, _), _)| *authority == best);
    let gone = deciding
        .filter_map(|(_, said)| left(said))
        .min_by_key(|(date, _)| date.is_none());
    match gone {
        Some((date, evidence)) => {
            let here = files.values().find_map(|(_, here)| *here);
            (Stay::Left(date, evidence.clone()), None, here)
        }
        None => {
            let here = files.values().find_map(|(_, here)| *here);
            let gone = files.values().find_map(left);
            (Stay::There, here, gone.map(|(_, evidence)| evidence))
        }
    }
}
