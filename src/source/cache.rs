//! The cache: which contents were read before with the same rules and found to hold nothing.
//!
//! It holds digests only, sorted, under the digest of the rules, and ends in a seal. What is damaged, foreign or of
//! other rules counts as empty: a cache can make a scan faster, never different. The digests are of 256 bits and
//! keyed, so that nobody can make a file that passes for another one; whoever can *write* the cache, and knows
//! the organisation's fingerprint key, could hide files from the scan, so it belongs where the scanner itself lies.

use super::open;
use crate::model::{Fingerprinter, Secret};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

const MAGIC: &[u8; 16] = b"tenure-cache v1\n";
/// Contents that are remembered at most: 64 MiB.
const ENTRIES: usize = 1 << 21;
/// Magic, digest of the rules, seal.
const FRAME: usize = MAGIC.len() + 2 * SIZE;
const SIZE: usize = 32;

/// What a content is remembered by.
pub type CacheId = [u8; SIZE];

/// Contents that hold nothing, from earlier runs and from this one. Shared by all threads of a scan.
#[derive(Debug)]
pub struct Cache {
    rules: [u8; SIZE],
    key: [u8; SIZE],
    /// Sorted.
    known: Vec<CacheId>,
    /// Which of them this run met: the others go first when there are too many.
    met: Vec<AtomicBool>,
    marked: Mutex<Vec<CacheId>>,
}

impl Cache {
    /// An empty cache for these rules. The key of fingerprints keys it, too.
    pub fn new(rules: &[u8; SIZE], fingerprinter: &Fingerprinter) -> Self {
        // A digest of a secret text, so not a digest without key.
        let text = Secret::new(b"tenure 2026 cache of contents");
        let keyed = fingerprinter.secret(&text).to_string();
        Self {
            rules: *rules,
            key: blake3::derive_key("tenure 2026 cache of contents", keyed.as_bytes()),
            known: Vec::new(),
            met: Vec::new(),
            marked: Mutex::new(Vec::new()),
        }
    }

    /// With what a file remembers; the error says why that is nothing. A file that is not there is no error.
    ///
    /// # Errors
    /// Why the file is not used. The cache is then empty, and works.
    pub fn load(&mut self, path: &Path) -> Result<(), String> {
        let limit = (FRAME + ENTRIES * SIZE) as u64;
        let bytes = match open::small(path, limit) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.to_string()),
        };
        let (head, rest) = bytes
            .split_first_chunk::<16>()
            .filter(|(head, _)| *head == MAGIC)
            .ok_or("it is not a cache of this version")?;
        let (body, seal) = rest.split_last_chunk::<SIZE>().ok_or("it is cut short")?;
        let (rules, body) = body.split_first_chunk::<SIZE>().ok_or("it is cut short")?;
        let (entries, []) = body.as_chunks::<SIZE>() else {
            return Err("it is cut short".to_owned());
        };
        if self.seal(head, rules, entries) != *seal {
            return Err("it is damaged, or was made under another fingerprint key".to_owned());
        }
        if *rules != self.rules {
            return Err("it was made with other rules".to_owned());
        }
        if !entries.is_sorted_by(|a, b| a < b) {
            return Err("it is damaged".to_owned());
        }
        self.known = entries.to_vec();
        self.met = entries.iter().map(|_| AtomicBool::new(false)).collect();
        Ok(())
    }

    /// What a content is remembered by: its parts, such as where it stands and what it holds, which decide
    /// together what is found in it. Part boundaries count.
    pub fn id(&self, parts: &[&[u8]]) -> CacheId {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        *hasher.finalize().as_bytes()
    }

    /// Whether it was read before and held nothing.
    pub fn clean(&self, id: &CacheId) -> bool {
        let Ok(at) = self.known.binary_search(id) else {
            return false;
        };
        if let Some(met) = self.met.get(at) {
            met.store(true, Ordering::Relaxed);
        }
        true
    }

    /// Remembers that it was read and held nothing.
    pub fn mark_clean(&self, id: CacheId) {
        // A thread that panicked in here had only added a digest.
        let mut marked = self.marked.lock().unwrap_or_else(|e| e.into_inner());
        marked.push(id);
    }

    /// Whether this run learned anything.
    pub fn changed(&self) -> bool {
        let marked = self.marked.lock().unwrap_or_else(|e| e.into_inner());
        !marked.is_empty()
    }

    /// Writes everything down, sorted and sealed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let entries = self.entries(ENTRIES);
        out.write_all(MAGIC)?;
        out.write_all(&self.rules)?;
        out.write_all(entries.as_flattened())?;
        out.write_all(&self.seal(MAGIC, &self.rules, &entries))
    }

    /// What is to be remembered: what this run met or learned, then the rest as far as there is room.
    fn entries(&self, room: usize) -> Vec<CacheId> {
        let marked = self.marked.lock().unwrap_or_else(|e| e.into_inner());
        let met = |wanted: bool| {
            let all = self.known.iter().zip(&self.met);
            all.filter(move |(_, met)| met.load(Ordering::Relaxed) == wanted)
                .map(|(id, _)| *id)
        };
        let mut entries: BTreeSet<CacheId> = marked.iter().copied().chain(met(true)).collect();
        while entries.len() > room {
            entries.pop_last();
        }
        let left = room - entries.len();
        entries.extend(met(false).take(left));
        entries.into_iter().collect()
    }

    fn seal(&self, magic: &[u8; 16], rules: &[u8; SIZE], entries: &[CacheId]) -> [u8; SIZE] {
        self.id(&[magic, rules, entries.as_flattened()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(rules: u8) -> Cache {
        Cache::new(&[rules; SIZE], &Fingerprinter::new(None))
    }

    fn written(cache: &Cache) -> Vec<u8> {
        let mut out = Vec::new();
        cache.write(&mut out).unwrap();
        out
    }

    fn loaded(bytes: &[u8], mut into: Cache) -> Result<Cache, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        into.load(file.path()).map(|()| into)
    }

    #[test]
    fn what_was_marked_is_clean_the_next_time() {
        let first = cache(1);
        let ids: Vec<CacheId> = [b"b", b"a", b"c"].map(|part| first.id(&[part])).into();
        for id in &ids {
            assert!(!first.clean(id));
            first.mark_clean(*id);
            first.mark_clean(*id);
        }
        let bytes = written(&first);
        assert_eq!(bytes.len(), FRAME + 3 * SIZE);
        let second = loaded(&bytes, cache(1)).unwrap();
        assert!(ids.iter().all(|id| second.clean(id)) && !second.changed());
        assert!(!second.clean(&second.id(&[b"a", b""])));
        assert_eq!(written(&second), bytes);
    }

    #[test]
    fn damaged_foreign_and_truncated_files_are_refused() {
        let first = cache(1);
        first.mark_clean(first.id(&[b"a"]));
        first.mark_clean(first.id(&[b"b"]));
        let bytes = written(&first);
        for length in 0..bytes.len() {
            assert!(loaded(&bytes[..length], cache(1)).is_err(), "{length}");
            let mut damaged = bytes.clone();
            damaged[length] ^= 1;
            assert!(loaded(&damaged, cache(1)).is_err(), "{length}");
        }
        let other = Cache::new(&[1; SIZE], &Fingerprinter::new(Some(b"ours")));
        assert!(loaded(&bytes, other).is_err());
        assert_eq!(
            loaded(&bytes, cache(2)).unwrap_err(),
            "it was made with other rules"
        );
    }

    #[test]
    fn what_is_no_longer_met_goes_first() {
        let first = cache(1);
        let ids: Vec<CacheId> = (0..10_u8).map(|n| first.id(&[&[n]])).collect();
        ids.iter().take(8).for_each(|id| first.mark_clean(*id));
        let second = loaded(&written(&first), cache(1)).unwrap();
        assert!(second.clean(&ids[0]));
        second.mark_clean(ids[9]);
        let kept = second.entries(3);
        assert!(kept.contains(&ids[0]) && kept.contains(&ids[9]) && kept.len() == 3);
        assert!(kept.is_sorted());
    }
}
