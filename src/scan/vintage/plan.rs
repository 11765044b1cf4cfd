//! What goes into which side, and what the user is told of it.

use super::rank::{Export, Ranked, Set, rank};
use super::{LISTINGS, Record, name};
use crate::model::{Facts, IdentityId, Problem, ProblemKind, Str, Timestamp};
use crate::platform::aws::arn::Arn;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The sides that facts go into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::scan) struct Sides {
    /// What there is.
    pub(in crate::scan) now: bool,
    /// What there was.
    pub(in crate::scan) before: bool,
}

impl Sides {
    const BOTH: Self = Self {
        now: true,
        before: true,
    };

    fn of(rank: Option<usize>) -> Self {
        match rank {
            None => Self::BOTH,
            Some(rank) => Self {
                now: rank == 0,
                before: rank == 1,
            },
        }
    }
}

/// Where the exports of a scan go that holds several snapshots of an account.
pub(in crate::scan) struct Plan {
    routes: HashMap<(Str, &'static str), Route>,
    files: HashSet<Str>,
    /// The time of the oldest snapshot that is compared with.
    pub(in crate::scan) since: Timestamp,
    /// Documents by reader in what there is and in what there was.
    pub(in crate::scan) now: BTreeMap<String, u64>,
    pub(in crate::scan) before: BTreeMap<String, u64>,
}

#[derive(Debug, Default)]
struct Route {
    accounts: BTreeMap<Str, Sides>,
    /// For what names no account.
    other: Sides,
}

impl Plan {
    /// Whether the file holds exports of AWS at all.
    pub(in crate::scan) fn concerns(&self, file: &str) -> bool {
        self.files.contains(file)
    }

    /// Facts of a document, for what there is and for what there was.
    pub(in crate::scan) fn split(
        &self,
        record: &Record,
        facts: Facts,
    ) -> (Option<Facts>, Option<Facts>) {
        let Some(route) = self
            .routes
            .get(&(record.origin.path.clone(), record.reader))
        else {
            return (Some(facts.clone()), Some(facts));
        };
        let mut sides: Vec<Sides> = route.accounts.values().copied().collect();
        sides.push(route.other);
        let some = |of: fn(&Sides) -> bool| sides.iter().any(of);
        let all = |of: fn(&Sides) -> bool| sides.iter().all(of);
        let side = |of: fn(&Sides) -> bool, facts: Facts| match (some(of), all(of)) {
            (false, _) => None,
            (_, true) => Some(facts),
            _ => Some(route.only(facts, of)),
        };
        match (some(|s| s.now), some(|s| s.before)) {
            (false, false) => (None, None),
            (true, false) => (side(|s| s.now, facts), None),
            (false, true) => (None, side(|s| s.before, facts)),
            (true, true) => (side(|s| s.now, facts.clone()), side(|s| s.before, facts)),
        }
    }
}

impl Route {
    /// What speaks of accounts that go into one side. What is not said of one account stays.
    fn only(&self, mut facts: Facts, of: fn(&Sides) -> bool) -> Facts {
        let stays = |account: Option<&str>| {
            let sides = account.and_then(|account| self.accounts.get(account));
            of(sides.unwrap_or(&self.other))
        };
        let whose = |id: &IdentityId| {
            let account = Arn::parse(&id.0).and_then(|arn| arn.customer());
            stays(account)
        };
        facts.identities.retain(|i| stays(i.account.as_deref()));
        facts.credentials.retain(|c| stays(c.account.as_deref()));
        facts
            .policies
            .retain(|p| p.account.is_none() || stays(p.account.as_deref()));
        facts.entitlements.retain(|e| whose(&e.principal));
        facts.memberships.retain(|m| whose(&m.member));
        facts.trusts.retain(|t| whose(&t.target));
        facts.workloads.retain(|w| whose(&w.runs_as));
        facts.usage.retain(|u| whose(&u.identity));
        facts.sources.retain(|(_, account)| stays(Some(account)));
        facts
    }
}

/// A snapshot of an account, by the exports that decide.
struct Snapshot {
    date: Timestamp,
    folders: BTreeSet<String>,
}

/// What was made of every record.
struct Work<'a> {
    records: &'a [Record],
    places: Vec<(String, Option<Timestamp>)>,
    /// By record and account; what has none belongs to both sides.
    ranks: BTreeMap<(usize, Str), usize>,
    problems: BTreeSet<Problem>,
    since: Option<Timestamp>,
}

/// Decides where exports go; `None` when no account has two snapshots. What is to be known is said.
pub(in crate::scan) fn plan(mut records: Vec<Record>) -> (Option<Plan>, BTreeSet<Problem>) {
    records.sort_by(|a, b| (&a.origin.path, a.reader).cmp(&(&b.origin.path, b.reader)));
    let mut work = Work {
        places: places(&records),
        records: &records,
        ranks: BTreeMap::new(),
        problems: BTreeSet::new(),
        since: None,
    };
    let mut accounts: BTreeMap<&Str, BTreeMap<usize, Vec<usize>>> = BTreeMap::new();
    for (index, record) in records.iter().enumerate() {
        let kind = LISTINGS.iter().position(|name| *name == record.reader);
        for account in record.accounts.keys() {
            let kinds = accounts.entry(account).or_default();
            kinds
                .entry(kind.unwrap_or(LISTINGS.len()))
                .or_default()
                .push(index);
        }
    }
    for (account, kinds) in accounts {
        work.account(account, &kinds);
    }
    let plan = (!work.ranks.is_empty()).then(|| {
        work.rest();
        work.plan()
    });
    (plan, work.problems)
}

/// The folder and the date of every record.
fn places(records: &[Record]) -> Vec<(String, Option<Timestamp>)> {
    let mut collections: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for record in records.iter().filter(|r| r.reader == super::COLLECTION) {
        let folder = record.origin.path.rsplit_once('/').map_or("", |(f, _)| f);
        if let Some(date) = record.stated {
            collections.insert(folder, date);
        }
    }
    let place = |record: &Record| {
        let path = &*record.origin.path;
        let mut folder = path;
        // A collection speaks for what lies in and below its folder.
        while let Some((around, _)) = folder.rsplit_once('/') {
            folder = around;
            if let Some(date) = collections.get(folder) {
                return (folder.to_owned(), record.stated.or(Some(*date)));
            }
        }
        if let Some(date) = collections.get("") {
            return (String::new(), record.stated.or(Some(*date)));
        }
        let (folder, date) = name::dated(path);
        (folder.to_owned(), record.stated.or(date))
    };
    records.iter().map(place).collect()
}

impl Work<'_> {
    fn note(&mut self, index: usize, message: String) {
        let Some(record) = self.records.get(index) else {
            return;
        };
        self.problems.insert(Problem {
            path: record.origin.path.clone(),
            line: None,
            column: None,
            kind: ProblemKind::Note,
            reader: record.reader,
            message: message.into(),
        });
    }

    fn place(&self, index: usize) -> (&str, Option<Timestamp>) {
        let place = self.places.get(index);
        place.map_or(("", None), |(folder, date)| (folder, *date))
    }

    fn account(&mut self, account: &Str, kinds: &BTreeMap<usize, Vec<usize>>) {
        let mut sets: BTreeMap<usize, Vec<Set>> = BTreeMap::new();
        for (&kind, indices) in kinds {
            let Some(reader) = LISTINGS.get(kind) else {
                continue;
            };
            let export = |&index: &usize| {
                let record = self.records.get(index)?;
                let (folder, date) = self.place(index);
                Some(Export {
                    index,
                    path: &record.origin.path,
                    folder,
                    date,
                    held: record.accounts.get(account)?,
                })
            };
            let exports: Vec<Export<'_>> = indices.iter().filter_map(export).collect();
            match rank(reader, &exports) {
                Ranked::One => {}
                Ranked::Several(found) => {
                    sets.insert(kind, found);
                }
                Ranked::Unclear(places) => {
                    // Single answers beside a list say again what the list says, and that is as it should be.
                    if *reader == super::NEVER_GUESSED {
                        continue;
                    }
                    let indices: Vec<usize> = places
                        .iter()
                        .filter_map(|&place| Some(exports.get(place)?.index))
                        .collect();
                    let message = format!(
                        "{} exports{} list the same principals and no date tells which is newer; they are read as one. \
                         A date in the name of the file or folder tells",
                        indices.len(),
                        of(account)
                    );
                    for index in indices {
                        self.note(index, message.clone());
                    }
                }
            }
        }
        let Some(decides) = sets.values().next() else {
            return;
        };
        let snapshots: Vec<Snapshot> = decides
            .iter()
            .map(|set| Snapshot {
                date: set.date,
                folders: set
                    .members
                    .iter()
                    .map(|&index| self.place(index).0.to_owned())
                    .collect(),
            })
            .collect();
        for found in sets.values() {
            self.in_order(account, &snapshots, found);
        }
        for &index in kinds.values().flatten() {
            let key = (index, account.clone());
            if self.ranks.contains_key(&key) {
                continue;
            }
            let (folder, date) = self.place(index);
            let rank = aligned(&snapshots, folder, date).unwrap_or(0);
            if rank > 0 {
                let message = format!(
                    "goes with an older snapshot{}, of {}, and is not taken for what there is",
                    of(account),
                    snapshots
                        .get(rank)
                        .map_or_else(String::new, |s| s.date.date())
                );
                self.note(index, message);
            }
            self.ranks.insert(key, rank);
        }
    }

    /// Exports of one kind, the newest first: each goes with the snapshot it is of, and no two with the same.
    fn in_order(&mut self, account: &Str, snapshots: &[Snapshot], sets: &[Set]) {
        let mut next = 0;
        let newest = sets.first().map(|set| set.date.date()).unwrap_or_default();
        for set in sets {
            let near = set
                .members
                .iter()
                .filter_map(|&index| aligned(snapshots, self.place(index).0, Some(set.date)));
            let rank = near.min().unwrap_or(0).max(next);
            next = rank + 1;
            let guess = match set.guessed {
                true => {
                    " (the latest date in it: neither it nor its name says when it was written)"
                }
                false => "",
            };
            let date = set.date.date();
            let message = match rank {
                0 => format!(
                    "taken as the newest snapshot{}, of {date}{guess}",
                    of(account)
                ),
                1 => {
                    let since = self.since.map_or(set.date, |since| since.min(set.date));
                    self.since = Some(since);
                    format!(
                        "taken as the snapshot{} before the newest one, of {date}{guess}; what changed since is in the \
                         list of changes",
                        of(account)
                    )
                }
                _ => format!(
                    "an older snapshot{}, of {date}{guess}; not used, for there are newer ones up to {newest}",
                    of(account)
                ),
            };
            for &index in &set.members {
                self.ranks.insert((index, account.clone()), rank);
                self.note(index, message.clone());
            }
        }
    }

    /// What names no account goes with the listings in its folder.
    fn rest(&mut self) {
        let mut folders: BTreeMap<String, usize> = BTreeMap::new();
        for (index, record) in self.records.iter().enumerate() {
            let folder = self.place(index).0.to_owned();
            for account in record.accounts.keys() {
                let rank = self.ranks.get(&(index, account.clone()));
                let rank = rank.copied().unwrap_or(0);
                let known = folders.entry(folder.clone()).or_insert(rank);
                *known = rank.min(*known);
            }
        }
        let mut found = Vec::new();
        for (index, record) in self.records.iter().enumerate() {
            let folder = self.place(index).0;
            let names = record.accounts.keys().any(|account| !account.is_empty());
            match folders.get(folder) {
                Some(&rank) if rank > 0 && !names => found.push((index, rank)),
                _ => {}
            }
        }
        // The same answer from a newer folder speaks for the present; one that is in no other is kept.
        for (index, rank) in found {
            self.ranks.entry((index, "".into())).or_insert(rank);
        }
    }

    fn plan(&self) -> Plan {
        let mut routes: HashMap<(Str, &'static str), Route> = HashMap::new();
        let mut count = [BTreeMap::new(), BTreeMap::new()];
        let mut files = HashSet::new();
        for (index, record) in self.records.iter().enumerate() {
            files.insert(Str::from(record.origin.on_disk()));
            let sides = |account: &Str| {
                let rank = self.ranks.get(&(index, account.clone()));
                Sides::of(rank.copied())
            };
            let mut route = Route::default();
            for account in record.accounts.keys() {
                let sides = sides(account);
                route.other.now |= sides.now;
                route.other.before |= sides.before;
                route.accounts.insert(account.clone(), sides);
            }
            if record.accounts.is_empty() {
                route.other = sides(&"".into());
            }
            let [now, before] = &mut count;
            for (side, count) in [(route.other.now, now), (route.other.before, before)] {
                if side {
                    *count.entry(record.reader.to_owned()).or_default() += 1;
                }
            }
            routes.insert((record.origin.path.clone(), record.reader), route);
        }
        let [now, before] = count;
        Plan {
            routes,
            files,
            since: self.since.unwrap_or(Timestamp::from_seconds(0)),
            now,
            before,
        }
    }
}

fn of(account: &str) -> String {
    match account {
        "" => String::new(),
        account => format!(" of account {account}"),
    }
}

/// The snapshot that an export goes with: the one in the same folder, else the one of the nearest date.
fn aligned(snapshots: &[Snapshot], folder: &str, date: Option<Timestamp>) -> Option<usize> {
    let mut inside = (0..snapshots.len()).filter(|&rank| {
        snapshots
            .get(rank)
            .is_some_and(|s| s.folders.contains(folder))
    });
    if let (Some(rank), None) = (inside.next(), inside.next()) {
        return Some(rank);
    }
    let date = date?.seconds();
    let distance = |s: &Snapshot| (s.date.seconds().saturating_sub(date)).unsigned_abs();
    let nearest = snapshots
        .iter()
        .enumerate()
        .min_by_key(|(_, s)| distance(s));
    nearest.map(|(rank, _)| rank)
}
