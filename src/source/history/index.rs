//! Pack indexes: which object stands where in a pack. Hints at best: an index that lies costs objects,
//! never more.

use super::Id;

/// First bytes of an index of version 2; version 1 has none.
const MAGIC: [u8; 8] = [0xff, b't', b'O', b'c', 0, 0, 0, 2];
/// Entries of the table by first byte.
const FANOUT: usize = 256;

/// The objects of one pack, by id.
pub(super) struct Index {
    /// How many ids begin with each byte or a smaller one.
    fanout: Vec<u32>,
    /// Ascending, where the index tells the truth.
    pub(super) ids: Vec<Id>,
    /// Where each object's entry begins in the pack.
    pub(super) offsets: Vec<u64>,
}

impl Index {
    /// Reads an index of either version.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let short = "the pack index ends too early";
        let (second, body) = match bytes.strip_prefix(&MAGIC) {
            Some(body) => (true, body),
            None if bytes.starts_with(&[0xff, b't', b'O', b'c']) => {
                return Err("a pack index of an unknown version");
            }
            None => (false, bytes),
        };
        let (table, body) = body.split_at_checked(FANOUT * 4).ok_or(short)?;
        let fanout: Vec<u32> = table
            .as_chunks()
            .0
            .iter()
            .map(|b| u32::from_be_bytes(*b))
            .collect();
        if !fanout.is_sorted() {
            return Err("the pack index counts backwards");
        }
        let count = fanout.last().copied().unwrap_or_default() as usize;
        if second {
            Self::second(fanout, count, body).ok_or(short)
        } else {
            Self::first(fanout, count, body).ok_or(short)
        }
    }

    fn first(fanout: Vec<u32>, count: usize, body: &[u8]) -> Option<Self> {
        let (entries, _) = body.split_at_checked(count.checked_mul(24)?)?;
        let mut index = Self {
            fanout,
            ids: Vec::with_capacity(count),
            offsets: Vec::with_capacity(count),
        };
        for entry in entries.as_chunks::<24>().0 {
            let (offset, id) = entry.split_first_chunk::<4>()?;
            index.offsets.push(u32::from_be_bytes(*offset).into());
            index.ids.push(*id.first_chunk()?);
        }
        Some(index)
    }

    fn second(fanout: Vec<u32>, count: usize, body: &[u8]) -> Option<Self> {
        let (ids, body) = body.split_at_checked(count.checked_mul(20)?)?;
        let (_checksums, body) = body.split_at_checked(count * 4)?;
        let (offsets, large) = body.split_at_checked(count * 4)?;
        let large = large.as_chunks::<8>().0;
        let offsets = offsets.as_chunks().0.iter().map(|bytes| {
            let offset = u32::from_be_bytes(*bytes);
            match offset.checked_sub(1 << 31) {
                None => offset.into(),
                // Beyond every pack when it is not there.
                Some(place) => large
                    .get(place as usize)
                    .map_or(u64::MAX, |bytes| u64::from_be_bytes(*bytes)),
            }
        });
        Some(Self {
            fanout,
            offsets: offsets.collect(),
            ids: ids.as_chunks().0.to_vec(),
        })
    }

    /// The position of an object.
    pub(super) fn find(&self, id: &Id) -> Option<u32> {
        let byte = usize::from(*id.first()?);
        let end = *self.fanout.get(byte)?;
        let start = match byte.checked_sub(1) {
            Some(before) => *self.fanout.get(before)?,
            None => 0,
        };
        let ids = self.ids.get(start as usize..end as usize)?;
        let at = ids.binary_search(id).ok()?;
        u32::try_from(start as usize + at).ok()
    }
}
