//! Zip: members anywhere, with a directory of them at the end.
//!
//! Read here rather than with a library, since a map of names would lose all but one of the members that
//! share one, and would hold a hostile directory in memory whatever its size.

use super::stream::Zstd;
use flate2::read::DeflateDecoder;
use std::io::{self, Read, Seek, SeekFrom};

/// Directories larger than this are not read whole.
const DIRECTORY: u64 = 16 << 20;
/// The end record is at most this far from the end: it closes with a comment of up to 65,535 bytes.
const END: u64 = 22 + 65_535;

/// A file that can be read anywhere.
pub(super) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// One line of the directory.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) encrypted: bool,
    pub(super) crc: u32,
    method: u16,
    compressed: u64,
    offset: u64,
    /// Where the local header does not say how long the member is.
    open: bool,
}

/// A directory as far as it could be read.
pub(super) struct Directory {
    bytes: Vec<u8>,
    at: usize,
    /// What stands before the archive, which its offsets do not count.
    prefix: u64,
    /// Whether it was cut at the limit.
    pub(super) limited: bool,
}

impl Directory {
    /// Finds and reads the directory. `None` where there is none, as in an archive that was cut off.
    pub(super) fn read(file: &mut dyn ReadSeek) -> io::Result<Option<Self>> {
        let size = file.seek(SeekFrom::End(0))?;
        let start = size.saturating_sub(END);
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        file.take(END).read_to_end(&mut tail)?;
        let Some(at) = memchr::memmem::rfind(&tail, b"PK\x05\x06") else {
            return Ok(None);
        };
        let end = start + at as u64;
        let record = Fields(tail.get(at..).unwrap_or_default());
        let (Some(mut length), Some(mut offset)) = (record.u32(12), record.u32(16)) else {
            return Ok(None);
        };
        let mut behind = end;
        if offset == 0xffff_ffff || length == 0xffff_ffff {
            // The larger record of zip64, and before this one its locator.
            let locator = at
                .checked_sub(20)
                .and_then(|from| tail.get(from..at))
                .filter(|locator| locator.starts_with(b"PK\x06\x07"));
            let Some(place) = locator.and_then(|locator| Fields(locator).u64(8)) else {
                return Ok(None);
            };
            let mut large = [0; 56];
            file.seek(SeekFrom::Start(place))?;
            file.read_exact(&mut large)?;
            let large = Fields(&large);
            let (Some(l), Some(o)) = (large.u64(40), large.u64(48)) else {
                return Ok(None);
            };
            (length, offset, behind) = (l, o, place);
        }
        // Something may stand before the archive: then the directory lies later than it says.
        let Some(from) = behind.checked_sub(length) else {
            return Ok(None);
        };
        let prefix = from.saturating_sub(offset);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.take(length.min(DIRECTORY)).read_to_end(&mut bytes)?;
        Ok(Some(Self {
            bytes,
            at: 0,
            prefix,
            limited: length > DIRECTORY,
        }))
    }

    /// The next member. `None` at the end, or where the directory is broken.
    pub(super) fn next(&mut self) -> Option<Entry> {
        let rest = self.bytes.get(self.at..)?;
        if !rest.starts_with(b"PK\x01\x02") {
            return None;
        }
        let record = Fields(rest);
        let name = 46 + usize::from(record.u16(28)?);
        let extra = name + usize::from(record.u16(30)?);
        let comment = extra + usize::from(record.u16(32)?);
        let mut entry = Entry {
            name: rest.get(46..name)?.to_vec(),
            encrypted: record.u16(8)? & 1 != 0,
            crc: u32::try_from(record.u32(16)?).ok()?,
            method: record.u16(10)?,
            compressed: record.u32(20)?,
            offset: record.u32(42)?,
            open: false,
        };
        let plain = record.u32(24)?;
        large_sizes(rest.get(name..extra)?, plain, &mut entry);
        entry.offset = entry.offset.saturating_add(self.prefix);
        self.at += comment;
        Some(entry)
    }

    /// Whether everything was understood.
    pub(super) fn complete(&self) -> bool {
        self.limited || self.at >= self.bytes.len()
    }
}

/// The numbers that do not fit their fields stand in an extra one, in this order.
fn large_sizes(mut extra: &[u8], plain: u64, entry: &mut Entry) {
    while let (Some(id), Some(length)) = (Fields(extra).u16(0), Fields(extra).u16(2)) {
        let field = extra.get(4..4 + usize::from(length)).unwrap_or_default();
        if id == 1 {
            let mut at = if plain == 0xffff_ffff { 8 } else { 0 };
            for value in [&mut entry.compressed, &mut entry.offset] {
                if *value == 0xffff_ffff
                    && let Some(large) = Fields(field).u64(at)
                {
                    *value = large;
                    at += 8;
                }
            }
            return;
        }
        extra = extra.get(4 + usize::from(length)..).unwrap_or_default();
    }
}

/// The local header at an offset, as an entry, and where its content begins. For archives without a directory.
pub(super) fn local(file: &mut dyn ReadSeek, offset: u64) -> io::Result<Option<(Entry, u64)>> {
    let mut header = [0; 30];
    file.seek(SeekFrom::Start(offset))?;
    if file.read_exact(&mut header).is_err() || !header.starts_with(b"PK\x03\x04") {
        return Ok(None);
    }
    let fields = Fields(&header);
    let flags = fields.u16(6).unwrap_or_default();
    let lengths = [fields.u16(26), fields.u16(28)].map(Option::unwrap_or_default);
    let mut name = vec![0; usize::from(lengths[0])];
    let mut extra = vec![0; usize::from(lengths[1])];
    if file.read_exact(&mut name).is_err() || file.read_exact(&mut extra).is_err() {
        return Ok(None);
    }
    let behind = offset + 30 + u64::from(lengths[0]) + u64::from(lengths[1]);
    let mut entry = Entry {
        name,
        encrypted: flags & 1 != 0,
        crc: fields
            .u32(14)
            .and_then(|crc| u32::try_from(crc).ok())
            .unwrap_or_default(),
        method: fields.u16(8).unwrap_or_default(),
        compressed: fields.u32(18).unwrap_or_default(),
        offset: 0,
        open: flags & 8 != 0,
    };
    large_sizes(&extra, fields.u32(22).unwrap_or_default(), &mut entry);
    entry.offset = offset;
    Ok(Some((entry, behind)))
}

/// Where a member's content begins: behind its own header, which repeats the name.
fn content(file: &mut dyn ReadSeek, entry: &Entry) -> io::Result<u64> {
    let mut header = [0; 30];
    file.seek(SeekFrom::Start(entry.offset))?;
    file.read_exact(&mut header)?;
    let fields = Fields(&header);
    match (fields.u16(26), fields.u16(28)) {
        (Some(name), Some(extra)) if header.starts_with(b"PK\x03\x04") => {
            Ok(entry.offset + 30 + u64::from(name) + u64::from(extra))
        }
        _ => Err(io::Error::from(io::ErrorKind::InvalidData)),
    }
}

/// A member's content. `None` when it is compressed in a way that is not read.
pub(super) fn open<'a>(
    file: &'a mut dyn ReadSeek,
    entry: &Entry,
) -> io::Result<Option<Box<dyn Read + 'a>>> {
    let start = content(file, entry)?;
    file.seek(SeekFrom::Start(start))?;
    // Of an open-ended member the compressed stream says where it ends.
    let length = if entry.open {
        u64::MAX
    } else {
        entry.compressed
    };
    let raw = file.take(length);
    Ok(Some(match entry.method {
        0 if !entry.open => Box::new(raw),
        8 => Box::new(DeflateDecoder::new(raw)),
        12 => Box::new(bzip2::read::BzDecoder::new(raw)),
        93 => Box::new(Zstd::new(raw)),
        _ => return Ok(None),
    }))
}

impl Entry {
    /// Where the next header can stand, when this member's content begins at `start`.
    pub(super) fn end(&self, start: u64) -> Option<u64> {
        (!self.open).then(|| start.saturating_add(self.compressed))
    }
}

/// Little-endian numbers.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at + N)?.try_into().ok()
    }

    fn u16(&self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_le_bytes)
    }

    fn u32(&self, at: usize) -> Option<u64> {
        self.array(at).map(u32::from_le_bytes).map(u64::from)
    }

    fn u64(&self, at: usize) -> Option<u64> {
        self.array(at).map(u64::from_le_bytes)
    }
}
