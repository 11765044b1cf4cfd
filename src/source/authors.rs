//! Who wrote what, as git's history tells: a hint at an owner, never more.
//!
//! The history of each wanted file is followed back from the commit checked out, through moves, to the
//! commit that brought it in. Those who wrote its commits are weighed by how lately and on how many days
//! they did; who brought in the very thing that is asked about counts as three more days. What says
//! little about who knows a thing counts for nothing: merges, commits that sweep over very many files, those
//! that take others back and the ones they take back, moves without change, changes of form.

mod commit;
mod person;
mod weigh;

pub use person::{behind, shown};
pub use weigh::introduction;

use super::history::holds::Held;
use super::history::touches::{Act, Past, Touch};
use super::open;
use crate::model::{Owner, Timestamp};
use commit::{Names, Written};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use weigh::Weigher;

/// Largest `.mailmap` and largest list of commits to ignore that are honoured.
const LIST: u64 = 4 << 20;
/// Files of one subject that are looked at.
const FILES: usize = 8;

/// What is asked about.
#[derive(Clone, Debug)]
pub enum Sought {
    /// A thing by the names that it may go by in the file, best first.
    Named(Vec<String>),
    /// What stands at the line, from this column on.
    Here(Option<u32>),
}

/// One place of a subject: a file of a repository.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file, relative to the repository's root.
    pub file: String,
    /// The line.
    pub line: Option<u32>,
    /// What stands there.
    pub sought: Sought,
}

/// Somebody whom history suggests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub owner: Owner,
    /// Name and address.
    pub raw: String,
    /// The candidate's last commit that counted.
    pub commit: String,
    /// When that was, no later than now.
    pub when: Timestamp,
    /// By how much history speaks for the candidate: days of work, each halved for every half-life that
    /// it lies back, in millionths.
    pub score: u64,
    /// Which of the places the commit speaks of.
    pub place: usize,
    /// Whether it is the author of the commit that brought the thing in.
    pub introduced: bool,
    /// Why, as what a sentence says of the candidate: "brought it in on 2025-11-02 and …".
    pub why: String,
}

/// So many of the candidates, the best first. Whoever brought the thing in keeps a place, however many have worked on
/// it since: nobody else knows what it is for.
pub fn shorten<T>(candidates: &mut Vec<T>, most: usize, of: impl Fn(&T) -> &Candidate) {
    let introducer = candidates.iter().position(|c| of(c).introduced);
    if let (Some(at), Some(last)) = (introducer, most.checked_sub(1))
        && at > last
    {
        let kept = candidates.remove(at);
        candidates.insert(last, kept);
    }
    candidates.truncate(most);
}

/// What a repository's history answered.
#[derive(Debug, Default)]
pub struct Answers {
    /// For each subject that was asked about, the best candidates first.
    pub candidates: Vec<Vec<Candidate>>,
    /// Every name with the logins and addresses that it signed with, where these are several. The same name is
    /// only a hint that it is the same person.
    pub namesakes: BTreeMap<String, BTreeSet<Owner>>,
    /// Commits that were compared.
    pub commits: u64,
    /// Whether history is cut off, so that who brought in what is older is not known.
    pub shallow: bool,
    /// Whether not all was compared that should have been.
    pub limited: bool,
}

/// Asks the history of one repository about subjects, each with its places.
///
/// # Errors
/// Why the repository was not looked into.
pub fn ask(
    directory: &Path,
    roots: &[PathBuf],
    subjects: &[Vec<Place>],
    now: Timestamp,
) -> Result<Answers, String> {
    let places = || subjects.iter().flat_map(|places| places.iter().take(FILES));
    let files: BTreeSet<&str> = places().map(|place| place.file.as_str()).collect();
    let files: Vec<&str> = files.into_iter().collect();
    let past = Past::of(directory, roots, &files)?;
    let written = past.commits(Written::of);
    // The work tree's own map may be newer than what is checked in.
    let list = |name: &str| {
        let own = open::small(&directory.join(name), LIST).ok();
        own.or_else(|| past.at_root(name, LIST))
    };
    let names = Names::new(list(".mailmap"));
    let ignored = list(".git-blame-ignore-revs").unwrap_or_default();
    let first = first_holding(&past, subjects, &files);
    let mut weigher = Weigher::new(&past, written, names, &ignored, now);
    let number = |place: &Place| files.binary_search(&place.file.as_str()).ok();
    let mut answers = Answers {
        commits: past.compared,
        shallow: past.shallow,
        limited: past.limited,
        ..Answers::default()
    };
    for (subject, places) in subjects.iter().enumerate() {
        let numbered = places.iter().take(FILES).enumerate();
        let numbered = numbered.filter_map(|(at, place)| Some((at, number(place)?)));
        let introduced = numbered.clone().map(|(at, file)| {
            let touches = past.files.get(file)?;
            // A file that had one version only was not looked into.
            let only = (touches.len() == 1).then(|| touches.first());
            let only = only.flatten().map(|touch| touch.commit);
            let rank = first.get(&(subject, at)).copied().or(only)?;
            let begun = |touch: &Touch| touch.commit == rank && touch.act != Act::Came;
            // Of a history that was not followed to its beginning, the oldest part tells nothing.
            (!touches.last().is_some_and(begun)).then_some(rank)
        });
        let introduced = introduced.flatten().min();
        let files: Vec<(usize, usize)> = numbered.collect();
        answers.candidates.push(weigher.weigh(&files, introduced));
    }
    answers.namesakes = weigher.namesakes();
    Ok(answers)
}

/// The first commit whose version of a file holds what is asked about, by subject and place. Where that
/// cannot be told, as where the name is put together from parts, nothing.
fn first_holding(
    past: &Past,
    subjects: &[Vec<Place>],
    files: &[&str],
) -> BTreeMap<(usize, usize), u32> {
    let mut wanted: Vec<(usize, usize, u32, &Place)> = Vec::new();
    for (subject, places) in subjects.iter().enumerate() {
        for (at, place) in places.iter().take(FILES).enumerate() {
            if let Ok(file) = files.binary_search(&place.file.as_str()) {
                wanted.push((subject, at, file as u32, place));
            }
        }
    }
    let newest = past.newest(
        wanted
            .iter()
            .map(|(.., file, _)| *file)
            .collect::<BTreeSet<_>>(),
    );
    let mut keys = Vec::new();
    let mut held = Vec::new();
    for (subject, at, file, place) in wanted {
        let Some(bytes) = newest.get(&file) else {
            continue;
        };
        let found = match &place.sought {
            Sought::Named(names) => Past::held(file, names, place.line, bytes),
            Sought::Here(column) => {
                let line = place.line;
                line.and_then(|line| Past::held_at(file, line, *column, bytes))
            }
        };
        if let Some(found) = found {
            keys.push((subject, at));
            held.push(found);
        }
    }
    let held: Vec<Held> = held;
    let first = past.first_holding(&held);
    let known = keys.into_iter().zip(first);
    known.filter_map(|(key, rank)| Some((key, rank?))).collect()
}
