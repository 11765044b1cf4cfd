//! From commits to candidates: who did how much of what counts, how lately.

use super::commit::{Names, Writer, Written};
use super::{Candidate, shorten};
use crate::model::{Owner, Timestamp};
use crate::source::history::touches::{Act, Past, Touch};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// Days after which a day's work counts half.
pub(super) const HALF_LIFE: i64 = 180;
/// A commit that touches more files than this sweeps over them; it says nothing about any of them.
const SWEEP: u32 = 100;
/// Bringing a thing in counts as so many days' work on it.
const INTRODUCTION: u64 = 3;
/// What a day's work counts today.
const DAY: u64 = 1_000_000;
/// Candidates for one subject.
const CANDIDATES: usize = 5;

/// What somebody did to some files.
#[derive(Clone, Debug, Default)]
struct Work {
    raw: String,
    /// Days, and whether as the author (rather than beside one).
    days: BTreeMap<i64, bool>,
    commits: u64,
    /// The last commit that counted, by rank, with the file.
    last: Option<(Timestamp, u32, usize)>,
}

/// What everybody did to some files.
#[derive(Clone, Debug, Default)]
struct Tally {
    people: BTreeMap<Owner, Work>,
    /// Commits that counted, and when the first of them was made.
    commits: u64,
    since: Option<Timestamp>,
}

/// Weighs who did what.
pub(super) struct Weigher<'a> {
    past: &'a Past,
    written: BTreeMap<u32, (Written, Vec<Rc<Writer>>)>,
    names: Names,
    ignored: HashSet<String>,
    reverted: BTreeSet<String>,
    now: Timestamp,
    tallies: HashMap<Vec<usize>, Rc<Tally>>,
}

impl<'a> Weigher<'a> {
    pub(super) fn new(
        past: &'a Past,
        written: BTreeMap<u32, Written>,
        mut names: Names,
        ignored: &[u8],
        now: Timestamp,
    ) -> Self {
        let ignored = String::from_utf8_lossy(ignored);
        let ids = ignored
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        let ids = ids.filter(|id| id.len() == 40).map(str::to_ascii_lowercase);
        let reverted = written.values().flat_map(|w| w.reverted.iter().cloned());
        Self {
            past,
            ignored: ids.collect(),
            reverted: reverted.collect(),
            written: written
                .into_iter()
                .map(|(rank, written)| {
                    let writers = names.writers(&written.signed);
                    (rank, (written, writers))
                })
                .collect(),
            names,
            now,
            tallies: HashMap::new(),
        }
    }

    /// The best candidates for what stands in these files (each with the place it is), brought in by a
    /// commit.
    pub(super) fn weigh(
        &mut self,
        files: &[(usize, usize)],
        introduced: Option<u32>,
    ) -> Vec<Candidate> {
        let numbers: Vec<usize> = files.iter().map(|(_, file)| *file).collect();
        let tally = self.tally(&numbers, true);
        let introduced = introduced.filter(|rank| !self.past.cut(*rank));
        let mut candidates = self.candidates(&tally, introduced, files);
        if candidates.is_empty() {
            // Better those who swept over it than nobody.
            let swept = self.tally(&numbers, false);
            candidates = self.candidates(&swept, None, files);
            for candidate in &mut candidates {
                candidate.score /= DAY;
                candidate
                    .why
                    .push_str("; those commits touch very many files");
            }
        }
        candidates.sort_by(|a, b| {
            let key = |c: &Candidate| (c.score, c.when);
            key(b).cmp(&key(a)).then_with(|| a.owner.cmp(&b.owner))
        });
        shorten(&mut candidates, CANDIDATES, |candidate| candidate);
        candidates
    }

    /// Names with several logins and addresses.
    pub(super) fn namesakes(&self) -> BTreeMap<String, BTreeSet<Owner>> {
        let mut people = self.names.people();
        people.retain(|name, owners| owners.len() > 1 && name.contains(' '));
        people
    }

    fn tally(&mut self, files: &[usize], strict: bool) -> Rc<Tally> {
        if strict && let Some(known) = self.tallies.get(files) {
            return Rc::clone(known);
        }
        let mut tally = Tally::default();
        let mut seen = HashSet::new();
        for file in files {
            for touch in self.past.files.get(*file).into_iter().flatten() {
                if self.counts(touch, strict) && seen.insert(touch.commit) {
                    self.add(&mut tally, touch, *file);
                }
            }
        }
        let tally = Rc::new(tally);
        if strict {
            self.tallies.insert(files.to_vec(), Rc::clone(&tally));
        }
        tally
    }

    /// Whether a commit says anything about who knows a file.
    fn counts(&self, touch: &Touch, strict: bool) -> bool {
        let Some((written, _)) = self.written.get(&touch.commit) else {
            return false;
        };
        let cut = self.past.cut(touch.commit) && touch.act == Act::Came;
        if cut || touch.act == Act::Moved || self.past.merges(touch.commit) {
            return false;
        }
        let size = self.past.sizes.get(&touch.commit).copied().unwrap_or(0);
        !strict || (size <= SWEEP && !self.passed_over(written))
    }

    fn passed_over(&self, written: &Written) -> bool {
        // A message may name a commit by the start of its id.
        let until = self.reverted.range(..=written.id.clone()).next_back();
        let reverted = until.is_some_and(|id| written.id.starts_with(id.as_str()));
        written.revert || written.cosmetic || reverted || self.ignored.contains(&written.id)
    }

    fn add(&self, tally: &mut Tally, touch: &Touch, file: usize) {
        let Some((written, writers)) = self.written.get(&touch.commit) else {
            return;
        };
        let when = written.when.min(self.now);
        for (number, writer) in writers.iter().enumerate() {
            let work = tally.people.entry(writer.owner.clone()).or_default();
            // Of several spellings the latest, which is met first.
            if work.raw.is_empty() {
                work.raw.clone_from(&writer.raw);
            }
            *work.days.entry(day(when)).or_default() |= number == 0;
            work.commits += 1;
            let last = (when, touch.commit, file);
            work.last = Some(work.last.map_or(last, |known| known.max(last)));
        }
        if !writers.is_empty() {
            tally.commits += 1;
            tally.since = Some(tally.since.map_or(when, |since| since.min(when)));
        }
    }

    fn candidates(
        &self,
        tally: &Tally,
        introduced: Option<u32>,
        files: &[(usize, usize)],
    ) -> Vec<Candidate> {
        let brought = introduced.and_then(|rank| Some((rank, self.written.get(&rank)?)));
        let mut people: BTreeMap<&Owner, Option<&Work>> = tally
            .people
            .iter()
            .map(|(owner, work)| (owner, Some(work)))
            .collect();
        for writer in brought.iter().flat_map(|(_, (_, writers))| writers) {
            people.entry(&writer.owner).or_default();
        }
        let candidate = |(owner, work): (&Owner, Option<&Work>)| {
            let own = brought.and_then(|(rank, (written, writers))| {
                let at = writers.iter().position(|writer| writer.owner == *owner)?;
                Some((rank, written, at, writers.get(at)?))
            });
            let mut score: u64 = work.map_or(0, |work| self.score(&work.days));
            let mut reasons = Vec::new();
            if let Some((rank, written, at, _)) = own {
                let when = written.when.min(self.now);
                let size = self.past.sizes.get(&rank).copied().unwrap_or(0);
                let share = if at == 0 { 1 } else { 2 };
                if size <= SWEEP && !self.passed_over(written) {
                    score += INTRODUCTION * self.weight(day(when)) / share;
                }
                let with = if at == 0 { "" } else { "helped to bring" };
                let verb = if with.is_empty() { "brought" } else { with };
                reasons.push(format!("{verb} it in on {}", when.date()));
            }
            if let Some(work) = work
                && let (Some((last, ..)), Some(since)) = (work.last, tally.since)
            {
                reasons.push(share(
                    work.commits,
                    tally.commits,
                    since,
                    last,
                    own.is_some(),
                ));
            }
            let (when, rank, file) = match (work.and_then(|work| work.last), own) {
                (Some(last), _) => last,
                (None, Some((rank, written, ..))) => {
                    let file = files.first().map(|(_, file)| *file);
                    (written.when.min(self.now), rank, file.unwrap_or_default())
                }
                (None, None) => return None,
            };
            let raw = work
                .map(|work| &work.raw)
                .or(own.map(|(.., writer)| &writer.raw));
            let place = files.iter().find(|(_, other)| *other == file);
            Some(Candidate {
                owner: owner.clone(),
                raw: raw.cloned().unwrap_or_default(),
                commit: self.written.get(&rank).map(|(w, _)| w.id.clone())?,
                when,
                score,
                place: place.map(|(place, _)| *place).unwrap_or_default(),
                introduced: own.is_some_and(|(_, _, at, _)| at == 0),
                why: reasons.join(" and "),
            })
        };
        people.into_iter().filter_map(candidate).collect()
    }

    fn score(&self, days: &BTreeMap<i64, bool>) -> u64 {
        let weights = days.iter().map(|(day, author)| {
            let weight = self.weight(*day);
            if *author { weight } else { weight / 2 }
        });
        weights.sum()
    }

    fn weight(&self, worked: i64) -> u64 {
        weight(day(self.now) - worked)
    }
}

/// By how much history speaks for who brought something in.
pub fn introduction(when: Timestamp, now: Timestamp) -> u64 {
    INTRODUCTION * weight(day(now) - day(when))
}

/// What a day's work counts so many days later: halved for each half-life that has passed, with straight
/// lines between.
fn weight(age: i64) -> u64 {
    let age = age.max(0);
    let halved = u32::try_from(age / HALF_LIFE).unwrap_or(u32::MAX);
    let rest = (age % HALF_LIFE) as u64;
    let whole = DAY.checked_shr(halved).unwrap_or(0);
    (whole - whole * rest / (2 * HALF_LIFE as u64)).max(1)
}

fn day(when: Timestamp) -> i64 {
    when.seconds().div_euclid(Timestamp::DAY)
}

/// ``wrote 7 of its file's 9 commits since 2026-03-02, the last on 2026-10-05``.
fn share(own: u64, all: u64, since: Timestamp, last: Timestamp, brought: bool) -> String {
    let last = last.date();
    match (own, all) {
        (1, 1) if brought => "nobody has changed its file since".to_owned(),
        (1, 1) => format!("wrote the only commit to its file that counts, on {last}"),
        (1, _) => format!(
            "wrote 1 of the {all} commits to its file since {}, on {last}",
            since.date()
        ),
        (own, all) if own == all => {
            format!(
                "wrote all {all} commits to its file since {}, the last on {last}",
                since.date()
            )
        }
        _ => format!(
            "wrote {own} of the {all} commits to its file since {}, the last on {last}",
            since.date()
        ),
    }
}
