//! The policies that AWS manages, as they ship with the program.
//!
//! Exports often name them without their documents. They are kept compressed
//! (`rules/aws/managed-policies.bin`, made by the script beside it) in blocks, and a block is opened when a policy in it
//! is asked for. What an export itself says of a policy goes before what stands here.

use super::policy::{self, Document};
use std::sync::{LazyLock, OnceLock};

static FILE: &[u8] = include_bytes!("../../../rules/aws/managed-policies.bin");

/// No block unpacks to more than this.
const MAX_BLOCK: usize = 1 << 22;

/// A policy that AWS manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Managed {
    /// What it says.
    pub document: Document,
    /// The version that was the default: `v3`.
    pub version: &'static str,
    /// The day on which that version was published: `2025-03-11`.
    pub date: &'static str,
}

struct Entry {
    /// `service-role/AWSLambdaRole`.
    name: &'static str,
    version: &'static str,
    date: &'static str,
    block: usize,
    start: usize,
    end: usize,
}

struct Library {
    index: Vec<Entry>,
    /// Compressed, and unpacked once asked for.
    blocks: Vec<(&'static [u8], OnceLock<Vec<u8>>)>,
}

static LIBRARY: LazyLock<Library> = LazyLock::new(|| open(FILE).unwrap_or_default());

impl Default for Library {
    fn default() -> Self {
        let (index, blocks) = (Vec::new(), Vec::new());
        Self { index, blocks }
    }
}

fn open(file: &'static [u8]) -> Option<Library> {
    let mut rest = file;
    let line = loop {
        let end = memchr::memchr(b'\n', rest)?;
        let (line, tail) = rest.split_at_checked(end)?;
        rest = tail.get(1..)?;
        if !line.starts_with(b"#") {
            break std::str::from_utf8(line).ok()?;
        }
    };
    let mut parts = Vec::new();
    for length in line.split(' ') {
        let (part, tail) = rest.split_at_checked(length.parse().ok()?)?;
        parts.push(part);
        rest = tail;
    }
    let (index, blocks) = parts.split_first()?;
    // The names are needed as long as the program runs, and there are few.
    let index: &'static str = Box::leak(String::from_utf8(unpacked(index)?).ok()?.into_boxed_str());
    let entry = |line: &'static str| {
        let mut fields = line.split('\t');
        let mut field = || fields.next();
        Some(Entry {
            name: field()?,
            version: field()?,
            date: field()?,
            block: field()?.parse().ok()?,
            start: field()?.parse().ok()?,
            end: field()?.parse().ok()?,
        })
    };
    Some(Library {
        index: index.lines().map(entry).collect::<Option<_>>()?,
        blocks: blocks.iter().map(|b| (*b, OnceLock::new())).collect(),
    })
}

fn unpacked(block: &[u8]) -> Option<Vec<u8>> {
    let mut size = block.len() * 12;
    // The size is not known beforehand: it is doubled until it does.
    while size <= MAX_BLOCK * 2 {
        let mut bytes = vec![0; size];
        match libdeflater::Decompressor::new().deflate_decompress(block, &mut bytes) {
            Ok(length) => {
                bytes.truncate(length);
                return Some(bytes);
            }
            Err(libdeflater::DecompressionError::InsufficientSpace) => size *= 2,
            Err(libdeflater::DecompressionError::BadData) => return None,
        }
    }
    None
}

/// What AWS says in a policy that it manages. The ARN of any partition will do.
pub fn policy(arn: &str) -> Option<Managed> {
    let library = &*LIBRARY;
    let name = arn.split_once("::aws:policy/")?.1;
    let at = library.index.binary_search_by(|e| e.name.cmp(name)).ok()?;
    let entry = library.index.get(at)?;
    let (packed, open) = library.blocks.get(entry.block)?;
    let block = open.get_or_init(|| unpacked(packed).unwrap_or_default());
    let text = block.get(entry.start..entry.end)?;
    let value = serde_json::from_slice(text).ok()?;
    Some(Managed {
        document: policy::document(&value).0,
        version: entry.version,
        date: entry.date,
    })
}

/// The ARNs of the policies that ship with the program, in order.
pub fn arns() -> impl Iterator<Item = String> {
    let names = LIBRARY.index.iter().map(|entry| entry.name);
    names.map(|name| format!("arn:aws:iam::aws:policy/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_can_be_opened() {
        let arns: Vec<_> = arns().collect();
        assert!(arns.len() > 1_500);
        for arn in &arns {
            let managed = policy(arn);
            let statements = managed.as_ref().map_or(0, |m| m.document.statements.len());
            assert!(statements > 0, "{arn}");
        }
        let admin = policy("arn:aws-cn:iam::aws:policy/AdministratorAccess");
        let admin = admin.map(|m| (m.version, m.date, m.document.statements.len()));
        assert_eq!(admin, Some(("v1", "2015-02-06", 1)));
        assert_eq!(policy("arn:aws:iam::aws:policy/NoSuch"), None);
        assert_eq!(
            policy("arn:aws:iam::111122223333:policy/AdministratorAccess"),
            None
        );
    }
}
