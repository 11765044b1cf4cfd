//! Inflating and un-deltaing: claimed sizes are not trusted, results are bounded.

use libdeflater::{DecompressionError, Decompressor};

/// How many bytes one packed byte can stand for in a deflate stream; a claim of more is a lie.
const RATIO: u64 = 1040;

/// Why an object could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// Its bytes are not what they should be.
    Corrupt,
    /// It, or what it is made from, is larger than is looked at.
    Large,
    /// What it is made from is not there.
    Absent,
    /// The objects made from each other unpack to far more than they are packed in.
    Bomb,
}

/// Bytes of which only the first are meaningful, so that reuse does not clear what is overwritten anyway.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    length: usize,
}

impl Buffer {
    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// How much memory it holds.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// So many bytes to be overwritten.
    pub(super) fn sized(&mut self, length: usize) -> &mut [u8] {
        if self.bytes.len() < length {
            self.bytes.resize(length, 0);
        }
        self.length = length;
        self.bytes.get_mut(..length).unwrap_or_default()
    }

    fn cleared(&mut self, expected: usize) -> &mut Vec<u8> {
        self.bytes.clear();
        self.bytes.reserve(expected);
        &mut self.bytes
    }
}

/// Inflates a zlib stream that is said to hold exactly `size` bytes.
pub(super) fn exactly(
    inflater: &mut Decompressor,
    packed: &[u8],
    size: u64,
    limit: u64,
    out: &mut Buffer,
) -> Result<(), Fault> {
    if size > limit {
        return Err(Fault::Large);
    }
    if size > packed.len() as u64 * RATIO + 64 {
        return Err(Fault::Corrupt);
    }
    let size = usize::try_from(size).map_err(|_| Fault::Large)?;
    match inflater.zlib_decompress(packed, out.sized(size)) {
        Ok(length) if length == size => Ok(()),
        _ => {
            out.length = 0;
            Err(Fault::Corrupt)
        }
    }
}

/// Inflates a zlib stream of unknown size, up to `limit` bytes.
pub(super) fn whole(
    inflater: &mut Decompressor,
    packed: &[u8],
    limit: u64,
    out: &mut Buffer,
) -> Result<(), Fault> {
    let most = (packed.len() as u64 * RATIO + 64).min(limit);
    let mut room = (packed.len() as u64 * 8).max(4096).min(most);
    loop {
        let size = usize::try_from(room).map_err(|_| Fault::Large)?;
        match inflater.zlib_decompress(packed, out.sized(size)) {
            Ok(length) => {
                out.length = length;
                return Ok(());
            }
            Err(DecompressionError::InsufficientSpace) if room < most => {
                room = (room * 4).min(most);
            }
            Err(error) => {
                out.length = 0;
                return Err(match error {
                    DecompressionError::InsufficientSpace if most == limit => Fault::Large,
                    _ => Fault::Corrupt,
                });
            }
        }
    }
}

/// Makes an object from the one it is a delta against.
pub(super) fn apply(base: &[u8], delta: &[u8], limit: u64, out: &mut Buffer) -> Result<(), Fault> {
    out.length = 0;
    let mut delta = Instructions(delta);
    let from = delta.size()?;
    let size = delta.size()?;
    if from != base.len() as u64 {
        return Err(Fault::Corrupt);
    }
    if size > limit {
        return Err(Fault::Large);
    }
    let size = usize::try_from(size).map_err(|_| Fault::Large)?;
    let bytes = out.cleared(size);
    while let Some(part) = delta.next(base)? {
        if bytes.len() + part.len() > size {
            return Err(Fault::Corrupt);
        }
        bytes.extend_from_slice(part);
    }
    if bytes.len() != size {
        return Err(Fault::Corrupt);
    }
    out.length = size;
    Ok(())
}

/// What is left of a delta.
struct Instructions<'d>(&'d [u8]);

impl<'d> Instructions<'d> {
    fn byte(&mut self) -> Result<u8, Fault> {
        let (first, rest) = self.0.split_first().ok_or(Fault::Corrupt)?;
        self.0 = rest;
        Ok(*first)
    }

    fn size(&mut self) -> Result<u64, Fault> {
        let mut size = 0u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            size |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(size);
            }
        }
        Err(Fault::Corrupt)
    }

    /// The next part of the result: bytes of the base, or of the delta itself.
    fn next<'b>(&mut self, base: &'b [u8]) -> Result<Option<&'b [u8]>, Fault>
    where
        'd: 'b,
    {
        let Some((&code, rest)) = self.0.split_first() else {
            return Ok(None);
        };
        self.0 = rest;
        if code & 0x80 == 0 {
            // Zero is reserved.
            let length = usize::from(code);
            let (part, rest) = self.0.split_at_checked(length).ok_or(Fault::Corrupt)?;
            self.0 = rest;
            return if length > 0 {
                Ok(Some(part))
            } else {
                Err(Fault::Corrupt)
            };
        }
        let mut offset = 0usize;
        let mut length = 0usize;
        for bit in 0..4 {
            if code & (1 << bit) != 0 {
                offset |= usize::from(self.byte()?) << (8 * bit);
            }
        }
        for bit in 0..3 {
            if code & (0x10 << bit) != 0 {
                length |= usize::from(self.byte()?) << (8 * bit);
            }
        }
        if length == 0 {
            length = 0x10000;
        }
        let part = base.get(offset..offset.saturating_add(length));
        part.map(Some).ok_or(Fault::Corrupt)
    }
}
