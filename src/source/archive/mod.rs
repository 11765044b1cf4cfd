//! Archives: what stands inside zip, tar and compressed files, handed on member by member.
//!
//! An archive is known by its first bytes, never by its name, and is read as a stream: no member is held
//! whole here, nothing is written, and names of members (absolute, with `..`, of links) are only names.
//! What comes out is bounded by depth, by number and by a multiple of what went in.

mod budget;
mod expand;
mod stream;
mod tar;
mod zip;

pub use expand::expand;

use crate::model::{Origin, Problem};
use std::io::{self, Read};
use std::sync::Arc;

/// The name under which archives report problems.
const READER: &str = "archive";

/// How many first bytes tell the format: the mark of tar stands at 257.
pub const HEAD: usize = 512;

/// A format that holds other files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One compressed stream (or several in a row), RFC 1952.
    Gzip,
    /// One compressed stream, by `BZh`.
    Bzip2,
    /// One compressed stream, by `.xz`'s mark.
    Xz,
    /// One compressed stream, RFC 8878.
    Zstd,
    /// Members one after the other: POSIX ustar, pax and GNU.
    Tar,
    /// Members with a directory at the end: also jar, war, whl, nupkg, apk, vsix, docx.
    Zip,
}

/// The archive format of a file that begins with these bytes.
pub fn detect(head: &[u8]) -> Option<Format> {
    match head {
        // The method is always deflate, and three of the flags are reserved.
        [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => Some(Format::Gzip),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Format::Zip),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => Some(Format::Bzip2),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Format::Xz),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Format::Zstd),
        _ if head.get(257..262) == Some(b"ustar") => Some(Format::Tar),
        _ => None,
    }
}

/// What an archive may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Archives inside archives are opened down to this depth; the outermost is 1. A compressed tar is one.
    pub depth: u32,
    /// Members of one outermost archive, all depths together.
    pub members: u64,
    /// Bytes that one outermost archive may expand to, however small it is …
    pub base: u64,
    /// … and for each of its own bytes this many more.
    pub ratio: u64,
    /// A zip inside another archive is held in memory up to this many bytes.
    pub nested_zip: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 4,
            members: 500_000,
            base: 64 << 20,
            ratio: 64,
            nested_zip: 64 << 20,
        }
    }
}

/// Takes what an archive holds.
pub trait Sink {
    /// One member, as a stream. Its first bytes, as many as [`Sink::head`] asks for, are given; it is whole
    /// with them when there are fewer.
    ///
    /// # Errors
    /// What reading the rest gave; everything that was read counts all the same.
    fn member(
        &mut self,
        origin: &Arc<Origin>,
        head: Vec<u8>,
        rest: &mut dyn Read,
    ) -> io::Result<()>;

    /// Trouble with an archive.
    fn problem(&mut self, problem: Problem);

    /// How many first bytes of each member are wanted.
    fn head(&self) -> usize;
}
