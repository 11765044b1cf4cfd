//! Any number of literals in one pass whose cost hardly depends on their number.
//!
//! Every second position of the text is tested: the four bytes there, with upper case folded to lower, are
//! hashed into a bitmap that fits the second-level cache. Of each literal two neighbouring groups of four
//! bytes are in the bitmap, of which one falls on an even position wherever the literal stands; they are
//! taken where the literal has its rarest bytes, so that common text seldom passes. A literal of three or
//! four bytes has no two such groups: it is entered once with every byte that may stand
//! beside it.
//!
//! Measured against groups of the vectorised searcher (`aho_corasick::packed`) on program text: that one is
//! faster below two hundred literals and many times slower at two thousand.

use super::{Action, Literal};
use std::fmt;

/// Bits of a hash. The bitmap takes 256 KiB; with fewer bits the many entries of short literals would fill
/// it, and more would leave the cache.
const BITS: u32 = 21;
/// Words of the bitmap.
const WORDS: usize = 1 << (BITS - 6);
/// The leading bits of a hash that index the table of entries.
const INDEX: u32 = 15;
/// How many bytes are hashed.
const GRAM: usize = 4;

/// A place in a literal whose four bytes are in the bitmap. Small, for there are tens of thousands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// The four bytes, folded.
    gram: u32,
    literal: u32,
    /// Where the four bytes begin, counted from the literal's beginning; -1 is the byte before it.
    offset: i16,
}

/// The literals and their index.
pub(super) struct Grams {
    bitmap: Box<[u64; WORDS]>,
    /// Sorted by the hash of the four bytes.
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
    /// Over these, of three bytes or more.
    pub(super) fn new(literals: Vec<(Literal, Vec<Action>)>) -> Self {
        let mut entries = Vec::with_capacity(literals.len() * 16);
        for (number, (literal, _)) in (0..).zip(&literals) {
            enter(literal, |gram, offset| {
                entries.push(Entry {
                    gram: fold(u32::from_le_bytes(gram)),
                    literal: number,
                    offset,
                });
            });
        }
        entries.sort_unstable_by_key(|entry| (hash(entry.gram), *entry));
        entries.dedup();
        let mut bitmap = Box::new([0; WORDS]);
        for entry in &entries {
            let hash = hash(entry.gram);
            if let Some(word) = bitmap.get_mut(hash as usize >> 6) {
                *word |= 1 << (hash & 63);
            }
        }
        let index = (0..=1_u32 << INDEX)
            .map(|lead| {
                let at = entries.partition_point(|e| hash(e.gram) >> (BITS - INDEX) < lead);
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
    pub(super) fn each_hit(&self, text: &[u8], mut found: impl FnMut(usize, Action)) {
        if self.literals.is_empty() {
            return;
        }
        let bitmap = &*self.bitmap;
        let mut at = 0;
        // Four tests a turn and one branch on them all: most turns have nothing.
        while let Some(&[a, b, c, d, e, f, g, h, i, j]) = text.get(at..at + 10) {
            let eight = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
            let last = u32::from_le_bytes([g, h, i, j]);
            #[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
            let (g0, g1, g2, g3) = (
                eight as u32,
                (eight >> 16) as u32,
                (eight >> 32) as u32,
                last,
            );
            let (h0, h1) = (holds(bitmap, hash(g0)), holds(bitmap, hash(g1)));
            let (h2, h3) = (holds(bitmap, hash(g2)), holds(bitmap, hash(g3)));
            if h0 | h1 | h2 | h3 {
                if h0 {
                    self.verify(text, at, g0, &mut found);
                }
                if h1 {
                    self.verify(text, at + 2, g1, &mut found);
                }
                if h2 {
                    self.verify(text, at + 4, g2, &mut found);
                }
                if h3 {
                    self.verify(text, at + 6, g3, &mut found);
                }
            }
            at += 8;
        }
        while at < text.len() {
            // At the very end a short literal has nothing behind it: any byte will do.
            let byte = |k: usize| text.get(at + k).copied().unwrap_or_default();
            let gram = u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)]);
            if holds(bitmap, hash(gram)) {
                self.verify(text, at, gram, &mut found);
            }
            at += 2;
        }
    }

    #[inline(never)]
    fn verify(&self, text: &[u8], at: usize, gram: u32, found: &mut impl FnMut(usize, Action)) {
        let lead = (hash(gram) >> (BITS - INDEX)) as usize;
        let gram = fold(gram);
        let bound = |i: usize| self.index.get(i).map_or(0, |at| *at as usize);
        let entries = self.entries.get(bound(lead)..bound(lead + 1));
        for entry in entries.unwrap_or_default() {
            if entry.gram != gram {
                continue;
            }
            let start = at.checked_add_signed(-(entry.offset as isize));
            let literal = self.literals.get(entry.literal as usize);
            if let (Some(start), Some((literal, actions))) = (start, literal)
                && literal.stands_at(text, start)
            {
                for action in actions {
                    found(start, *action);
                }
            }
        }
    }
}

/// Names every group of four bytes by which a literal is found, and where it begins.
fn enter(literal: &Literal, mut add: impl FnMut([u8; GRAM], i16)) {
    match *literal.text {
        [a, b, c] => {
            for beside in 0..=u8::MAX {
                add([a, b, c, beside], 0);
                if literal.may_follow(beside) {
                    add([beside, a, b, c], -1);
                }
            }
        }
        [a, b, c, d] => {
            add([a, b, c, d], 0);
            // At an odd place three of the four are seen, with what stands before or behind: the rarer ones.
            if commonness(d) < commonness(a) {
                for beside in 0..=u8::MAX {
                    add([b, c, d, beside], 1);
                }
            } else {
                for beside in (0..=u8::MAX).filter(|beside| literal.may_follow(*beside)) {
                    add([beside, a, b, c], -1);
                }
            }
        }
        ref long => {
            let rarity = |at: &usize| {
                let around = long.get(*at..=at + GRAM).unwrap_or_default();
                let repeated = around.windows(2).filter(|pair| pair.first() == pair.last());
                let each: u32 = around.iter().map(|b| commonness(*b)).sum();
                // Lines and rows of one character are everywhere.
                each + 4 * u32::try_from(repeated.count()).unwrap_or_default()
            };
            // The beginning of a long literal is enough.
            let last = long.len().saturating_sub(GRAM).min(usize::from(u8::MAX));
            let best = (0..last).min_by_key(rarity);
            for offset in best.into_iter().flat_map(|best| [best, best + 1]) {
                if let Some(&[a, b, c, d]) = long.get(offset..offset + GRAM) {
                    add([a, b, c, d], i16::try_from(offset).unwrap_or_default());
                }
            }
        }
    }
}

#[inline(always)]
fn holds(bitmap: &[u64; WORDS], hash: u32) -> bool {
    // The remainder costs nothing, and tells the compiler that the index is in bounds.
    match bitmap.get((hash >> 6) as usize % WORDS) {
        Some(word) => word >> (hash & 63) & 1 == 1,
        None => false,
    }
}

/// Four bytes with upper case folded to lower, and some other signs to one another.
#[inline(always)]
const fn fold(gram: u32) -> u32 {
    gram | 0x2020_2020
}

/// Multiplicative hashing, by the golden ratio, of the folded bytes.
#[inline(always)]
const fn hash(gram: u32) -> u32 {
    fold(gram).wrapping_mul(0x9E37_79B1) >> (32 - BITS)
}

/// How common a byte is in program text and prose, roughly in bits.
const fn commonness(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b' ' | b'\t' | b'\n' => 10,
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 9,
        b'h' | b'l' | b'd' | b'c' | b'u' | b'm' | b'p' | b'f' => 8,
        b'_' | b'-' | b'=' | b'(' | b')' | b',' | b';' => 8,
        b'g' | b'y' | b'b' | b'w' | b'v' | b'k' | b'0'..=b'9' => 7,
        b'.' | b'"' | b'/' | b'*' | b'>' => 7,
        _ => 4,
    }
}
