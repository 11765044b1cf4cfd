//! Tar: members one after the other, each behind a header of 512 bytes.
//!
//! Read here rather than with a library, since the common one holds long names and extended headers in
//! memory whatever their size.

use std::io::{self, Read};

const BLOCK: usize = 512;
/// Long names and extended headers larger than this are hostile.
const EXTENSION: u64 = 1 << 20;

/// A tar stream.
pub(super) struct Tar<'a> {
    stream: &'a mut dyn Read,
    /// Bytes of the member that were not read yet, and of the padding behind it.
    left: u64,
    padding: u64,
}

/// A regular file in a tar.
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
}

/// What extended headers said about the member behind them.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    pax: bool,
}

impl<'a> Tar<'a> {
    pub(super) fn new(stream: &'a mut dyn Read) -> Self {
        Self {
            stream,
            left: 0,
            padding: 0,
        }
    }

    /// Goes on to the next regular file; its content is what can be read from `self` then.
    pub(super) fn next(&mut self) -> io::Result<Option<Entry>> {
        let mut extended = Extended::default();
        let mut empty = 0;
        loop {
            self.skip()?;
            let mut header = [0; BLOCK];
            if !self.block(&mut header)? {
                return Ok(None);
            }
            if header.iter().all(|b| *b == 0) {
                empty += 1;
                if empty == 2 {
                    return Ok(None);
                }
                continue;
            }
            let field = |from: usize, length: usize| {
                let field = header.get(from..from + length).unwrap_or_default();
                field.split(|b| *b == 0).next().unwrap_or_default()
            };
            if !checksum_fits(&header) {
                return Err(invalid("a header's checksum is wrong"));
            }
            let stated = number(header.get(124..136).unwrap_or_default());
            let size = stated.ok_or_else(|| invalid("a size is no number"))?;
            let kind = header.get(156).copied().unwrap_or_default();
            match kind {
                b'L' => extended.name = Some(until_nul(self.extension(size)?)),
                b'x' | b'X' => {
                    extended.pax = true;
                    pax(&self.extension(size)?, &mut extended);
                }
                b'K' | b'g' | b'V' | b'M' | b'N' => self.content(size),
                0 | b'0' | b'7' | b'S' => {
                    if kind == b'S' {
                        self.sparse_headers(&header)?;
                    }
                    self.content(extended.size.unwrap_or(size));
                    let name = extended.name.take().unwrap_or_else(|| {
                        let (name, prefix) = (field(0, 100), field(345, 155));
                        if prefix.is_empty() || header.get(257..263) != Some(b"ustar\0") {
                            name.to_vec()
                        } else {
                            [prefix, b"/", name].concat()
                        }
                    });
                    if name.ends_with(b"/") {
                        continue;
                    }
                    return Ok(Some(Entry { name }));
                }
                // Links, devices and directories have no content, whatever they say; hard links may in pax.
                b'2'..=b'6' => extended = Extended::default(),
                b'1' if !extended.pax => extended = Extended::default(),
                _ => {
                    self.content(extended.size.unwrap_or(size));
                    extended = Extended::default();
                }
            }
        }
    }

    fn content(&mut self, size: u64) {
        self.left = size;
        self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    }

    /// Passes over what was not read of the member.
    fn skip(&mut self) -> io::Result<()> {
        let wanted = self.left.saturating_add(self.padding);
        if wanted == 0 {
            return Ok(());
        }
        let passed = io::copy(&mut (&mut *self.stream).take(wanted), &mut io::sink())?;
        // Many writers leave out the padding behind the last member.
        if passed < self.left {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        (self.left, self.padding) = (0, 0);
        Ok(())
    }

    /// Fills a block. `false` at the end of the stream.
    fn block(&mut self, block: &mut [u8; BLOCK]) -> io::Result<bool> {
        let mut filled = 0;
        while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.stream.read(rest) {
                Ok(0) if filled == 0 => return Ok(false),
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn extension(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > EXTENSION {
            return Err(invalid("an extended header is too long"));
        }
        self.content(size);
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Old GNU sparse files: more headers follow while a flag says so.
    fn sparse_headers(&mut self, header: &[u8; BLOCK]) -> io::Result<()> {
        let mut more = header.get(482).is_some_and(|flag| *flag != 0);
        while more {
            let mut next = [0; BLOCK];
            if !self.block(&mut next)? {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            more = next.get(504).is_some_and(|flag| *flag != 0);
        }
        Ok(())
    }
}

impl Read for Tar<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let Some(part) = buffer.get_mut(..most).filter(|part| !part.is_empty()) else {
            return Ok(0);
        };
        let count = self.stream.read(part)?;
        if count == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The sum of all bytes, with the field itself taken as spaces. Old writers summed signed bytes.
fn checksum_fits(header: &[u8; BLOCK]) -> bool {
    let Some(stated) = number(header.get(148..156).unwrap_or_default()) else {
        return false;
    };
    let bytes = header.iter().enumerate().map(|(at, byte)| {
        if (148..156).contains(&at) {
            b' '
        } else {
            *byte
        }
    });
    let (mut unsigned, mut signed) = (0_i64, 0_i64);
    for byte in bytes {
        unsigned += i64::from(byte);
        signed += i64::from(byte.cast_signed());
    }
    let stated = i64::try_from(stated).unwrap_or(-1);
    stated == unsigned || stated == signed
}

/// Octal digits, or a big-endian number with the first bit set.
fn number(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        let mut value = u64::from(first & 0x3f);
        for byte in rest {
            value = value.checked_mul(256)?.checked_add(u64::from(*byte))?;
        }
        return Some(value);
    }
    let digits = field.trim_ascii();
    let digits = digits.split(|b| *b == 0 || *b == b' ').next()?;
    digits.iter().try_fold(0_u64, |value, byte| match byte {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = memchr::memchr(0, &bytes) {
        bytes.truncate(end);
    }
    bytes
}

/// Records `<length> <key>=<value>\n`.
fn pax(mut records: &[u8], extended: &mut Extended) {
    while let Some(space) = memchr::memchr(b' ', records) {
        let length = records
            .get(..space)
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
        let Some(record) = length.and_then(|length| records.get(space + 1..length)) else {
            return;
        };
        if let Some(name) = record.strip_prefix(b"path=") {
            extended.name = Some(name.trim_ascii_end().to_vec());
        } else if let Some(size) = record.strip_prefix(b"size=") {
            let size = std::str::from_utf8(size.trim_ascii_end()).ok();
            extended.size = size.and_then(|size| size.parse().ok());
        }
        records = length
            .and_then(|length| records.get(length..))
            .unwrap_or_default();
    }
}
