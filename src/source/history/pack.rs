//! One pack: what stands in it, and what is made from what.

use super::index::Index;
use super::inflate::{self, Buffer, Fault};
use super::{Id, Kind};
use crate::source::open;
use libdeflater::Decompressor;
use std::fs::File;
use std::io;
use std::path::Path;

/// No object.
pub(super) const NONE: u32 = u32::MAX;
/// The longest header of an entry: size, and offset or id of the base.
const HEADER: usize = 40;
/// How much is read at once when headers are looked at.
const WINDOW: usize = 1 << 18;
/// The sum at the end of a pack.
const TRAILER: u64 = 20;
/// Largest index that is read.
const INDEX_LIMIT: u64 = 2 << 30;
/// Marks a kind that is not known: the base is missing, or the entry is not one.
const UNKNOWN: u8 = 0;

/// A pack with the shape of its deltas. Objects are named by their position in the index.
pub(super) struct Pack {
    file: File,
    pub(super) index: Index,
    /// Bytes that each entry takes in the pack.
    lengths: Vec<u32>,
    kinds: Vec<u8>,
    /// What each object is made from; `NONE` when it stands alone.
    bases: Vec<u32>,
    first: Vec<u32>,
    next: Vec<u32>,
    /// Objects made from what is not in this pack, by position.
    pub(super) external: Vec<(u32, Id)>,
    /// Entries that are none.
    pub(super) broken: Vec<u32>,
}

/// The start of an entry.
pub(super) struct Header {
    kind: u8,
    /// Bytes of the object, or of the delta, once inflated; as claimed.
    pub(super) size: u64,
    base: Base,
    /// Where the zlib stream begins in the entry.
    data: usize,
}

enum Base {
    None,
    Back(u64),
    Named(Id),
}

impl Header {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut at = 0;
        let mut byte = || {
            let byte = bytes.get(at).copied();
            at += 1;
            byte
        };
        let first = byte()?;
        let kind = (first >> 4) & 7;
        let mut size = u64::from(first & 15);
        let mut shift = 4;
        let mut more = first & 0x80 != 0;
        while more {
            let next = byte()?;
            if shift > 56 {
                return None;
            }
            size |= u64::from(next & 0x7f) << shift;
            shift += 7;
            more = next & 0x80 != 0;
        }
        let base = match kind {
            1..=4 => Base::None,
            6 => {
                let mut next = byte()?;
                let mut back = u64::from(next & 0x7f);
                while next & 0x80 != 0 {
                    next = byte()?;
                    back = back.checked_add(1)?.checked_mul(128)? + u64::from(next & 0x7f);
                }
                Base::Back(back)
            }
            7 => {
                let id = bytes.get(at..)?.first_chunk::<20>()?;
                at += 20;
                Base::Named(*id)
            }
            _ => return None,
        };
        Some(Self {
            kind,
            size,
            base,
            data: at,
        })
    }
}

impl Pack {
    /// Opens a pack by its index.
    ///
    /// # Errors
    /// Why it cannot be used at all. Entries that are broken are counted, not errors.
    pub(super) fn open(index: &Path) -> Result<Self, String> {
        let reason = |error: io::Error| crate::source::tree::reason(&error);
        let bytes = open::small(index, INDEX_LIMIT).map_err(reason)?;
        let index_of = Index::parse(&bytes)?;
        drop(bytes);
        let (file, length) = open::regular(&index.with_extension("pack")).map_err(reason)?;
        let mut head = [0; 12];
        read_at(&file, &mut head, 0).map_err(reason)?;
        if !matches!(head, [b'P', b'A', b'C', b'K', 0, 0, 0, 2 | 3, ..]) {
            return Err("not a pack of a known version".to_owned());
        }
        let count = index_of.ids.len();
        let mut pack = Self {
            file,
            index: index_of,
            lengths: vec![0; count],
            kinds: vec![UNKNOWN; count],
            bases: vec![NONE; count],
            first: vec![NONE; count],
            next: vec![NONE; count],
            external: Vec::new(),
            broken: Vec::new(),
        };
        pack.headers(length.saturating_sub(TRAILER));
        pack.shape();
        Ok(pack)
    }

    /// How many objects it has.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.index.ids.len()).unwrap_or(NONE)
    }

    /// What sort of object it is, deltas being what they are made from.
    pub(super) fn kind(&self, position: u32) -> Option<Kind> {
        Kind::of(*self.kinds.get(position as usize)?)
    }

    /// Bytes that an object takes in the pack.
    pub(super) fn packed(&self, position: u32) -> u32 {
        self.lengths
            .get(position as usize)
            .copied()
            .unwrap_or_default()
    }

    /// What an object is made from, in this pack.
    pub(super) fn base(&self, position: u32) -> Option<u32> {
        let base = *self.bases.get(position as usize)?;
        (base != NONE).then_some(base)
    }

    /// What is made from an object, the largest part last.
    pub(super) fn children(&self, position: u32) -> impl Iterator<Item = u32> {
        let step = |list: &[u32], at: u32| list.get(at as usize).copied().filter(|n| *n != NONE);
        std::iter::successors(step(&self.first, position), move |at| step(&self.next, *at))
    }

    /// The objects that are made from nothing in this pack.
    pub(super) fn roots(&self) -> impl Iterator<Item = u32> {
        (0..self.len()).filter(|position| self.base(*position).is_none())
    }

    /// Reads every entry's header, in the order of the pack.
    fn headers(&mut self, end: u64) {
        let mut order: Vec<u32> = (0..self.len()).collect();
        let offset = |position: &u32| self.index.offsets.get(*position as usize).copied();
        order.sort_unstable_by_key(offset);
        let mut window = Window {
            file: &self.file,
            bytes: Vec::new(),
            start: 0,
            end,
        };
        for (rank, position) in order.iter().enumerate() {
            let start = offset(position).unwrap_or(u64::MAX);
            let after = order.get(rank + 1).and_then(offset).unwrap_or(end).min(end);
            let at = *position as usize;
            let header = (start >= 12 && start < after)
                .then(|| Header::parse(window.at(start)?))
                .flatten();
            let (Some(header), Ok(length)) = (header, u32::try_from(after.saturating_sub(start)))
            else {
                self.broken.push(*position);
                continue;
            };
            let base = match header.base {
                Base::None => NONE,
                Base::Back(back) => {
                    let found = start
                        .checked_sub(back)
                        .filter(|_| back > 0)
                        .and_then(|base| {
                            let rank = order.binary_search_by_key(&Some(base), offset).ok()?;
                            order.get(rank).copied()
                        });
                    let Some(base) = found else {
                        self.broken.push(*position);
                        continue;
                    };
                    base
                }
                Base::Named(id) => match self.index.find(&id) {
                    Some(base) => base,
                    None => {
                        self.external.push((*position, id));
                        NONE
                    }
                },
            };
            let slots = (
                self.lengths.get_mut(at),
                self.kinds.get_mut(at),
                self.bases.get_mut(at),
            );
            if let (Some(slot), Some(kind), Some(of)) = slots {
                *slot = length;
                *kind = if header.kind <= 4 {
                    header.kind
                } else {
                    UNKNOWN
                };
                *of = base;
            }
        }
        self.external.sort_unstable();
        self.broken.sort_unstable();
    }

    /// Links bases to what is made from them, with the largest part last: then all other parts are done
    /// with before it, their bytes let go of, and few are held at any time however long the chains.
    fn shape(&mut self) {
        self.link(&[]);
        let mut order = Vec::with_capacity(self.bases.len());
        let mut open: Vec<u32> = self.roots().collect();
        while let Some(position) = open.pop() {
            order.push(position);
            let kind = self
                .kinds
                .get(position as usize)
                .copied()
                .unwrap_or(UNKNOWN);
            let children: Vec<u32> = self.children(position).collect();
            for child in &children {
                if let Some(of) = self.kinds.get_mut(*child as usize) {
                    *of = kind;
                }
            }
            open.extend(children);
        }
        let mut sizes = vec![1u32; self.bases.len()];
        let mut heaviest: Vec<(u32, u32)> = vec![(0, NONE); self.bases.len()];
        for position in order.iter().rev() {
            let size = sizes.get(*position as usize).copied().unwrap_or_default();
            let Some(base) = self.base(*position) else {
                continue;
            };
            if let Some(of) = sizes.get_mut(base as usize) {
                *of = of.saturating_add(size);
            }
            if let Some(most) = heaviest.get_mut(base as usize)
                && size > most.0
            {
                *most = (size, *position);
            }
        }
        self.link(&heaviest);
    }

    fn link(&mut self, last: &[(u32, u32)]) {
        self.first.fill(NONE);
        self.next.fill(NONE);
        let heavy = |base: u32| last.get(base as usize).map_or(NONE, |(_, heavy)| *heavy);
        let firsts = (0..self.len()).filter(|position| {
            let base = self.bases.get(*position as usize);
            base.is_some_and(|base| *base != NONE && heavy(*base) == *position)
        });
        let others = (0..self.len()).filter(|position| {
            let base = self.bases.get(*position as usize);
            base.is_some_and(|base| *base != NONE && heavy(*base) != *position)
        });
        for position in firsts.chain(others) {
            let base = self.bases.get(position as usize).copied().unwrap_or(NONE);
            let (Some(first), Some(next)) = (
                self.first.get_mut(base as usize),
                self.next.get_mut(position as usize),
            ) else {
                continue;
            };
            *next = std::mem::replace(first, position);
        }
    }

    /// Gives kind to the objects made from one outside of this pack.
    pub(super) fn adopt(&mut self, position: u32, kind: Kind) {
        let mut open = vec![position];
        let mut steps = self.bases.len();
        while let (Some(position), Some(left)) = (open.pop(), steps.checked_sub(1)) {
            steps = left;
            if let Some(of) = self.kinds.get_mut(position as usize) {
                *of = kind as u8;
            }
            open.extend(self.children(position).collect::<Vec<_>>());
        }
    }

    /// Inflates an object's entry: the object itself, or its delta.
    pub(super) fn inflate(
        &self,
        position: u32,
        limit: u64,
        codec: &mut Codec,
        out: &mut Buffer,
    ) -> Result<(), Fault> {
        let offset = self.index.offsets.get(position as usize).copied();
        let (Some(offset), length @ 1..) = (offset, self.packed(position)) else {
            return Err(Fault::Corrupt);
        };
        // More than this cannot be the packed form of what is within the limit.
        if u64::from(length) > limit.saturating_mul(2).saturating_add(1 << 16) {
            return Err(Fault::Large);
        }
        let packed = codec.packed.sized(length as usize);
        read_at(&self.file, packed, offset).map_err(|_| Fault::Corrupt)?;
        let header = Header::parse(packed).ok_or(Fault::Corrupt)?;
        let data = packed.get(header.data..).ok_or(Fault::Corrupt)?;
        inflate::exactly(&mut codec.inflater, data, header.size, limit, out)
    }
}

/// What inflating needs again and again.
pub(super) struct Codec {
    pub(super) inflater: Decompressor,
    packed: Buffer,
    pub(super) delta: Buffer,
    spare: Vec<Buffer>,
}

/// Buffers above this size are given back to the system after use.
const KEEP: usize = 4 << 20;

impl Codec {
    pub(super) fn new() -> Self {
        Self {
            inflater: Decompressor::new(),
            packed: Buffer::default(),
            delta: Buffer::default(),
            spare: Vec::new(),
        }
    }

    pub(super) fn buffer(&mut self) -> Buffer {
        self.spare.pop().unwrap_or_default()
    }

    pub(super) fn release(&mut self, buffer: Buffer) {
        if buffer.capacity() <= KEEP && self.spare.len() < 32 {
            self.spare.push(buffer);
        }
        for own in [&mut self.packed, &mut self.delta] {
            if own.capacity() > KEEP {
                *own = Buffer::default();
            }
        }
    }
}

/// A part of the pack that moves forward.
struct Window<'f> {
    file: &'f File,
    bytes: Vec<u8>,
    start: u64,
    end: u64,
}

impl Window<'_> {
    /// The bytes at an offset: as many as a header can take, if the pack has them.
    fn at(&mut self, offset: u64) -> Option<&[u8]> {
        let wanted = HEADER.min(usize::try_from(self.end.checked_sub(offset)?).unwrap_or(HEADER));
        let inside = |window: &Self| {
            let at = usize::try_from(offset.checked_sub(window.start)?).ok()?;
            window.bytes.get(at..at + wanted)?;
            Some(at)
        };
        if inside(self).is_none() {
            let left = usize::try_from(self.end - offset).unwrap_or(WINDOW);
            self.bytes.resize(WINDOW.min(left), 0);
            self.start = offset;
            read_at(self.file, &mut self.bytes, offset).ok()?;
        }
        let at = inside(self)?;
        self.bytes.get(at..at + wanted)
    }
}

/// Reads at a place without moving the file's own, which threads share.
#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

/// Reads at a place; what the file's own place is afterwards nobody relies on.
#[cfg(windows)]
fn read_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, buffer, offset)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = buffer.get_mut(count..).unwrap_or_default();
        offset += count as u64;
    }
    Ok(())
}
