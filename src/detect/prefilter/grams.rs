//! Any number of literals of five bytes or more in one pass whose cost hardly depends on their number.
//!
//! Every second position of the text is tested: the four bytes there, with upper case folded to lower, are
//! hashed into a bitmap that fits the first-level cache. Of each literal two neighbouring groups of four
//! bytes are in the bitmap, of which one falls on an even position wherever the literal stands; they are
//! taken where the literal has its rarest bytes, so that common text seldom passes.
//!
//! Measured against groups of the vectorised searcher on program text: that one is faster below two
//! hundred literals and ten times slower at two thousand.

use super::{Action, Literal};
use std::fmt;

/// Bits of a hash. The bitmap takes 32 KiB.
const BITS: u32 = 18;
/// Words of the bitmap.
const WORDS: usize = 1 << (BITS - 6);
/// The leading bits of a hash that index the table of entries.
const INDEX: u32 = 12;
/// How many bytes are hashed.
pub(super) const GRAM: usize = 4;

/// A place in a literal whose four bytes are in the bitmap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    hash: u32,
    literal: u32,
    offset: u32,
}

/// The literals and their index.
pub(super) struct Grams {
    bitmap: Box<[u64; WORDS]>,
    /// Sorted by hash.
    entries: Vec<Entry>,
    /// Where the entries begin whose hash has these leading bits; one more at the end.
    index: Vec<u32>,
    literals: Vec<(Literal, Vec<Action>)>,
}

impl fmt::Debug for Grams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Grams({} literals)", self.literals.len())
    }
}

impl Grams {
    /// Over these, each longer than [`GRAM`] bytes.
    pub(super) fn new(literals: Vec<(Literal, Vec<Action>)>) -> Self {
        let mut entries = Vec::with_capacity(literals.len() * 2);
        for (number, (literal, _)) in (0..).zip(&literals) {
            let rarity = |at: usize| {
                let around = literal.text.get(at..=at + GRAM).unwrap_or_default();
                around.iter().map(|b| commonness(*b)).sum::<u32>()
            };
            let Some(best) =
                (0..literal.text.len().saturating_sub(GRAM)).min_by_key(|at| rarity(*at))
            else {
                continue;
            };
            for offset in [best, best + 1] {
                if let Some(gram) = gram(&literal.text, offset) {
                    entries.push(Entry {
                        hash: hash(gram),
                        literal: number,
                        offset: u32::try_from(offset).unwrap_or(u32::MAX),
                    });
                }
            }
        }
        entries.sort_unstable();
        let mut bitmap = Box::new([0; WORDS]);
        for entry in &entries {
            if let Some(word) = bitmap.get_mut(entry.hash as usize >> 6) {
                *word |= 1 << (entry.hash & 63);
            }
        }
        let index = (0..=1_u32 << INDEX)
            .map(|lead| {
                let at = entries.partition_point(|e| e.hash >> (BITS - INDEX) < lead);
                u32::try_from(at).unwrap_or(u32::MAX)
            })
            .collect();
        Self {
            bitmap,
            entries,
            index,
            literals,
        }
    }

    /// Calls back for every literal at every place.
    pub(super) fn each_hit(&self, text: &[u8], found: &mut impl FnMut(usize, Action)) {
        if self.literals.is_empty() {
            return;
        }
        let bitmap = &*self.bitmap;
        let mut at = 0;
        // Four tests a turn and one branch on them all: most turns have nothing.
        while let Some(window) = text.get(at..at + 10) {
            let [a, b, c, d, e, f, g, h, i, j] = *window else {
                break;
            };
            let eight = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
            let last = u32::from_le_bytes([g, h, i, j]);
            #[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
            let grams = [
                eight as u32,
                (eight >> 16) as u32,
                (eight >> 32) as u32,
                last,
            ];
            let hits = grams.map(|gram| holds(bitmap, hash(gram)));
            if hits.contains(&true) {
                for (k, (gram, hit)) in grams.into_iter().zip(hits).enumerate() {
                    if hit {
                        self.verify(text, at + 2 * k, gram, found);
                    }
                }
            }
            at += 8;
        }
        while let Some(gram) = gram(text, at) {
            if holds(bitmap, hash(gram)) {
                self.verify(text, at, gram, found);
            }
            at += 2;
        }
    }

    #[inline(never)]
    fn verify(&self, text: &[u8], at: usize, gram: u32, found: &mut impl FnMut(usize, Action)) {
        let hash = hash(gram);
        let lead = (hash >> (BITS - INDEX)) as usize;
        let bound = |i: usize| self.index.get(i).map_or(0, |at| *at as usize);
        let entries = self.entries.get(bound(lead)..bound(lead + 1));
        for entry in entries.unwrap_or_default() {
            if entry.hash != hash {
                continue;
            }
            let Some(start) = at.checked_sub(entry.offset as usize) else {
                continue;
            };
            let Some((literal, actions)) = self.literals.get(entry.literal as usize) else {
                continue;
            };
            if literal.stands_at(text, start) {
                for action in actions {
                    found(start, *action);
                }
            }
        }
    }
}

#[inline(always)]
fn holds(bitmap: &[u64; WORDS], hash: u32) -> bool {
    bitmap
        .get(hash as usize >> 6)
        .is_some_and(|word| word >> (hash & 63) & 1 == 1)
}

/// Four bytes of a text.
#[inline(always)]
fn gram(text: &[u8], at: usize) -> Option<u32> {
    let bytes = text.get(at..at.checked_add(GRAM)?)?;
    bytes.try_into().ok().map(u32::from_le_bytes)
}

/// Multiplicative hashing, by the golden ratio, of the folded bytes.
#[inline(always)]
const fn hash(gram: u32) -> u32 {
    (gram | 0x2020_2020).wrapping_mul(0x9E37_79B1) >> (32 - BITS)
}

/// How common a byte is in program text and prose, roughly in bits.
const fn commonness(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b' ' => 10,
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 9,
        b'h' | b'l' | b'd' | b'c' | b'u' | b'm' | b'p' | b'f' => 8,
        b'g' | b'y' | b'b' | b'w' | b'v' | b'k' | b'_' => 7,
        b'0'..=b'9' | b'-' | b'.' | b'"' | b'/' => 6,
        _ => 4,
    }
}
