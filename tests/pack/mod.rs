//! Archives made here, right and wrong ones, and what comes out of them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]
#![allow(dead_code, reason = "each test crate uses its own part")]

use std::io::{Cursor, Read, Write};
use std::sync::Arc;
use tenure::model::{Origin, Problem};
use tenure::source::archive::{self, Limits, Sink};

/// What an archive gave.
#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) members: Vec<(String, Vec<u8>)>,
    pub(crate) problems: Vec<Problem>,
}

impl Sink for Collected {
    fn member(
        &mut self,
        origin: &Arc<Origin>,
        mut head: Vec<u8>,
        rest: &mut dyn Read,
    ) -> std::io::Result<()> {
        let result = rest.read_to_end(&mut head);
        self.members.push((origin.path.to_string(), head));
        result.map(|_| ())
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn head(&self) -> usize {
        512
    }
}

/// Everything in an archive of this name.
pub(crate) fn collect(name: &str, bytes: &[u8]) -> Collected {
    let mut collected = Collected::default();
    let origin = Origin::file(name);
    let size = bytes.len() as u64;
    archive::expand(
        &mut Cursor::new(bytes),
        size,
        &origin,
        &Limits::default(),
        &mut collected,
    );
    collected
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(members, 1)
}

/// A zip whose directory names each member this many times.
pub(crate) fn zip_with(members: &[(&str, &[u8])], times: usize) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in members {
        let packed = deflate(content);
        let offset = archive.len() as u32;
        let mut fields = Vec::new();
        // Version, flags, method, time, date.
        for value in [20_u16, 0, 8, 0, 0] {
            fields.extend(value.to_le_bytes());
        }
        for value in [
            crc32fast::hash(content),
            packed.len() as u32,
            content.len() as u32,
        ] {
            fields.extend(value.to_le_bytes());
        }
        fields.extend((name.len() as u16).to_le_bytes());
        fields.extend([0, 0]);
        archive.extend(b"PK\x03\x04");
        archive.extend(&fields);
        archive.extend(name.as_bytes());
        archive.extend(&packed);
        for _ in 0..times {
            directory.extend(b"PK\x01\x02\x14\0");
            directory.extend(&fields);
            // Comment, disk, attributes.
            directory.extend([0; 10]);
            directory.extend(offset.to_le_bytes());
            directory.extend(name.as_bytes());
        }
    }
    let start = archive.len() as u32;
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    let count = (members.len() * times).min(65_535) as u16;
    archive.extend(count.to_le_bytes());
    archive.extend(count.to_le_bytes());
    archive.extend((directory.len() as u32).to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend([0, 0]);
    archive
}

fn tar_header(name: &str, size: u64) -> Vec<u8> {
    let mut header = vec![0_u8; 512];
    let name = &name.as_bytes()[..name.len().min(100)];
    header[..name.len()].copy_from_slice(name);
    header[100..108].copy_from_slice(b"0000644\0");
    header[124..136].copy_from_slice(format!("{size:011o} ").as_bytes());
    header[148..156].fill(b' ');
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

pub(crate) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, content) in members {
        archive.extend(tar_header(name, content.len() as u64));
        archive.extend(*content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// A tar whose only member says that it is larger than it is.
pub(crate) fn tar_lying(name: &str, content: &[u8], size: u64) -> Vec<u8> {
    let mut archive = tar_header(name, size);
    archive.extend(content);
    archive
}
