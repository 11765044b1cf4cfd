//! Since which commit a file holds a name.

use super::touches::Past;
use super::walk::Bits;
use aho_corasick::AhoCorasick;
use std::collections::{BTreeMap, HashMap};

/// Largest version that is read.
const LIMIT: u64 = 4 << 20;
/// Versions of all files that are read at most.
const VERSIONS: usize = 2_000_000;
/// Names that are looked for in one file at most.
const NAMES: usize = 20_000;

/// A name that stands in a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::source) struct Held {
    /// The file, by number.
    pub(in crate::source) file: u32,
    /// What stands there: a name, or what it takes to find a secret again. Never shown.
    pub(in crate::source) name: Vec<u8>,
    /// The word that the line begins with, where what stands in other lines is not it.
    key: Option<Vec<u8>>,
}

/// The names of one file that are still looked for, with their numbers.
struct Sought<'h> {
    search: AhoCorasick,
    held: Vec<(usize, &'h Held)>,
}

impl Past {
    /// The name as it stands in the version of a file that is checked out, nearest to a line: the first of
    /// these names that does.
    pub(in crate::source) fn held(
        file: u32,
        names: &[String],
        line: Option<u32>,
        newest: &[u8],
    ) -> Option<Held> {
        let line = line.unwrap_or(1) as i64;
        names
            .iter()
            .filter(|name| !name.is_empty())
            .find_map(|name| {
                let name = name.as_bytes();
                let places = memchr::memmem::find_iter(newest, name).take(1_000);
                let places = places.filter(|at| stands_alone(newest, *at, name.len()));
                let mut passed = (0, 1i64);
                let numbered = places.map(|at| {
                    let between = newest.get(passed.0..at).unwrap_or_default();
                    let lines = memchr::memchr_iter(b'\n', between).count() as i64;
                    passed = (at, passed.1 + lines);
                    ((passed.1 - line).abs(), at)
                });
                let (_, at) = numbered.min()?;
                Some(Held {
                    file,
                    name: name.to_vec(),
                    key: Some(key(newest, at).to_vec()),
                })
            })
    }

    /// What it takes to find a secret again that stands at a place of the version that is checked out.
    pub(in crate::source) fn held_at(
        file: u32,
        line: u32,
        column: Option<u32>,
        newest: &[u8],
    ) -> Option<Held> {
        let mut lines = newest.split(|byte| *byte == b'\n');
        let whole = lines.nth((line as usize).checked_sub(1)?)?;
        let from = column.map_or(0, |column| column.saturating_sub(1) as usize);
        let rest = whole.get(from..).unwrap_or(whole);
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`,;<>".contains(byte);
        let token = rest
            .split(ends)
            .find(|part| !part.is_empty())
            .unwrap_or_default();
        let name = if memchr::memmem::find(whole, b"-----BEGIN").is_some() {
            lines
                .map(<[u8]>::trim_ascii)
                .find(|line| line.len() >= 16)?
        } else if token.len() >= 12 {
            token
        } else {
            whole.trim_ascii()
        };
        (name.len() >= 8).then(|| Held {
            file,
            name: name.to_vec(),
            key: None,
        })
    }

    /// The newest version of each of these files, unless it never had another.
    pub(in crate::source) fn newest(
        &self,
        files: impl IntoIterator<Item = u32>,
    ) -> HashMap<u32, Vec<u8>> {
        let mut objects: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut wanted = Bits::new(self.store.len());
        for file in files {
            if let Some([latest, _, ..]) = self.files.get(file as usize).map(Vec::as_slice)
                && let Some(object) = self.store.find(&latest.version)
            {
                wanted.set(object);
                objects.entry(object).or_default().push(file);
            }
        }
        let parts = self
            .store
            .walk(&wanted, LIMIT, Vec::new, |read, object, _, outcome| {
                let files = objects.get(&object).into_iter().flatten();
                if let Ok(bytes) = outcome {
                    read.extend(files.map(|file| (*file, bytes.to_vec())));
                }
            });
        parts.into_iter().flatten().collect()
    }

    /// The first commit in the life of each file whose version holds the name; `None` where none does.
    pub(in crate::source) fn first_holding(&self, names: &[Held]) -> Vec<Option<u32>> {
        let mut found: Vec<Option<u32>> = vec![None; names.len()];
        let mut by_file: BTreeMap<u32, Vec<(usize, &Held)>> = BTreeMap::new();
        for (number, held) in names.iter().enumerate() {
            let of_file = by_file.entry(held.file).or_default();
            if of_file.len() < NAMES {
                of_file.push((number, held));
            }
        }
        // Most stand in the first version already.
        for first_only in [true, false] {
            let sought: HashMap<u32, Sought<'_>> = by_file
                .iter()
                .filter_map(|(file, held)| {
                    let open = |(number, _): &&(usize, &Held)| found.get(*number) == Some(&None);
                    Some((
                        *file,
                        Sought::new(held.iter().filter(open).copied().collect())?,
                    ))
                })
                .collect();
            for (number, rank) in self.look(&sought, first_only) {
                if let Some(slot) = found.get_mut(number) {
                    *slot = Some(slot.map_or(rank, |known| known.min(rank)));
                }
            }
        }
        found
    }

    /// Looks for names in the first version of each file, or in all others.
    fn look(&self, sought: &HashMap<u32, Sought<'_>>, first_only: bool) -> Vec<(usize, u32)> {
        let mut versions: Vec<(u32, u32, u32)> = Vec::new();
        let mut files: Vec<&u32> = sought.keys().collect();
        files.sort_unstable();
        for file in files {
            let touches = self.files.get(*file as usize).map(Vec::as_slice);
            let Some((first, others)) = touches.and_then(<[_]>::split_last) else {
                continue;
            };
            let chosen = if first_only {
                std::slice::from_ref(first)
            } else {
                others
            };
            for touch in chosen {
                if let Some(object) = self.store.find(&touch.version) {
                    versions.push((object, *file, touch.commit));
                }
            }
        }
        versions.truncate(VERSIONS);
        versions.sort_unstable();
        let mut wanted = Bits::new(self.store.len());
        versions.iter().for_each(|(object, ..)| wanted.set(*object));
        let parts = self
            .store
            .walk(&wanted, LIMIT, Vec::new, |found, object, _, outcome| {
                let Ok(bytes) = outcome else { return };
                let from = versions.partition_point(|(other, ..)| *other < object);
                let own = versions.get(from..).unwrap_or_default();
                for (_, file, rank) in own.iter().take_while(|(other, ..)| *other == object) {
                    if let Some(sought) = sought.get(file) {
                        found.extend(
                            sought
                                .within(bytes)
                                .into_iter()
                                .map(|number| (number, *rank)),
                        );
                    }
                }
            });
        parts.into_iter().flatten().collect()
    }
}

impl<'h> Sought<'h> {
    fn new(held: Vec<(usize, &'h Held)>) -> Option<Self> {
        if held.is_empty() {
            return None;
        }
        let search = AhoCorasick::new(held.iter().map(|(_, held)| &held.name)).ok()?;
        Some(Self { search, held })
    }

    /// The names that stand in these bytes.
    fn within(&self, bytes: &[u8]) -> Vec<usize> {
        let mut here = vec![false; self.held.len()];
        let mut left = here.len();
        for hit in self.search.find_overlapping_iter(bytes) {
            let at = hit.pattern().as_usize();
            let (Some(mark @ false), Some((_, held))) = (here.get_mut(at), self.held.get(at))
            else {
                continue;
            };
            let start = hit.start();
            let keyed = |word: &Vec<u8>| key(bytes, start) == *word;
            if stands_alone(bytes, start, held.name.len()) && held.key.as_ref().is_none_or(keyed) {
                *mark = true;
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
        let both = self.held.iter().zip(here);
        both.filter(|(_, here)| *here)
            .map(|((number, _), _)| *number)
            .collect()
    }
}

/// Whether what stands at a place is no part of a longer word.
fn stands_alone(bytes: &[u8], at: usize, length: usize) -> bool {
    let joins = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    !joins(before) && !joins(bytes.get(at + length))
}

/// The first word of the line around a place, however the line is written.
fn key(bytes: &[u8], at: usize) -> &[u8] {
    let before = bytes.get(..at).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let line = bytes.get(start..).unwrap_or_default();
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let skipped = line.iter().take(4_096).position(word).unwrap_or(0);
    let line = line.get(skipped..).unwrap_or_default();
    let end = line.iter().take(64).position(|byte| !word(byte));
    line.get(..end.unwrap_or(line.len().min(64)))
        .unwrap_or_default()
}
