//! The fuzz targets' entry functions over the stored corpus, with mutations that are the same on every run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]
#![allow(
    unreachable_pub,
    reason = "the entry functions are a library to the fuzz targets"
)]

#[path = "../fuzz/entry.rs"]
mod entry;

use std::fs;
use std::path::Path;

/// Mutations of each file.
const ROUNDS: u64 = 40;

/// What means something to a decoder.
const MARKS: &[u8] = b"\"'\\%&=\n{}[]:\0\xff";

/// xorshift: enough to place mutations.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        if bytes.is_empty() {
            bytes.push(random.below(256) as u8);
            continue;
        }
        match random.below(6) {
            0 => bytes[at] = random.below(256) as u8,
            1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes.truncate(at),
            3 => bytes.insert(at, MARKS[random.below(MARKS.len())]),
            4 => {
                let end = (at + random.below(64)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => {
                let end = (at + random.below(16)).min(bytes.len());
                bytes.drain(at..end);
            }
        }
    }
}

fn run(target: &str, entry: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|found| found.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 3, "{target} has a corpus");
    for (number, path) in (1..).zip(paths) {
        let original = fs::read(&path).unwrap();
        entry(&original);
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ number);
        for _ in 0..ROUNDS {
            let mut bytes = original.clone();
            mutate(&mut bytes, &mut random);
            entry(&bytes);
        }
    }
}

#[test]
fn archives() {
    run("archive", entry::archive);
}

#[test]
fn layers() {
    run("layers", entry::layers);
}

#[test]
fn the_detector_as_a_whole() {
    run("detector", entry::whole);
}

#[test]
fn decoders() {
    run("decoders", entry::decoders);
}

#[test]
fn exports() {
    run("exports", entry::exports);
}
