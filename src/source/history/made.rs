//! Objects read one by one, with those made lately at hand: what comes next in a history is mostly a delta
//! against one of them.

use super::Kind;
use super::inflate::{self, Buffer, Fault};
use super::pack::{Codec, Pack};
use super::store::Store;
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes of objects that one reader keeps in each of its two generations.
const KEPT: usize = 24 << 20;
/// Deltas upon deltas that are followed for one object: git makes at most 4,095.
const CHAIN: usize = 4_095;

/// Reads objects with a memory for those read lately.
pub(super) struct Maker<'a> {
    store: &'a Store,
    codec: Codec,
    young: HashMap<u32, (Kind, Arc<Buffer>)>,
    old: HashMap<u32, (Kind, Arc<Buffer>)>,
    kept: usize,
}

impl<'a> Maker<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        Self {
            store,
            codec: Codec::new(),
            young: HashMap::new(),
            old: HashMap::new(),
            kept: 0,
        }
    }

    /// Reads an object of at most `limit` bytes.
    pub(super) fn read(&mut self, object: u32, limit: u64) -> Result<(Kind, Arc<Buffer>), Fault> {
        let mut chain: Vec<(u32, &'a Pack, u32)> = Vec::new();
        let mut at = object;
        let (kind, mut bytes) = loop {
            if let Some(known) = self.known(at) {
                break known;
            }
            let store = self.store;
            let Some((pack, position)) = store.packed(at) else {
                let (kind, bytes) = store.loose_object(at, limit, &mut self.codec)?;
                break (kind, self.keep(at, kind, bytes));
            };
            let Some(base) = store.base(pack, position, at)? else {
                let kind = pack.kind(position).ok_or(Fault::Corrupt)?;
                let mut out = Buffer::default();
                pack.inflate(position, limit, &mut self.codec, &mut out)?;
                break (kind, self.keep(at, kind, out));
            };
            chain.push((at, pack, position));
            if chain.len() > CHAIN {
                return Err(Fault::Corrupt);
            }
            at = base;
        };
        while let Some((at, pack, position)) = chain.pop() {
            let mut delta = std::mem::take(&mut self.codec.delta);
            let mut out = Buffer::default();
            let inflated = pack.inflate(position, limit, &mut self.codec, &mut delta);
            let made = inflated
                .and_then(|()| inflate::apply(bytes.bytes(), delta.bytes(), limit, &mut out));
            self.codec.delta = delta;
            made?;
            bytes = self.keep(at, kind, out);
        }
        Ok((kind, bytes))
    }

    fn known(&mut self, object: u32) -> Option<(Kind, Arc<Buffer>)> {
        if let Some((kind, bytes)) = self.young.get(&object) {
            return Some((*kind, Arc::clone(bytes)));
        }
        let (kind, bytes) = self.old.remove(&object)?;
        self.remember(object, kind, &bytes);
        Some((kind, bytes))
    }

    fn keep(&mut self, object: u32, kind: Kind, bytes: Buffer) -> Arc<Buffer> {
        let bytes = Arc::new(bytes);
        self.remember(object, kind, &bytes);
        bytes
    }

    fn remember(&mut self, object: u32, kind: Kind, bytes: &Arc<Buffer>) {
        self.kept += bytes.capacity() + 64;
        if self.kept > KEPT {
            self.old = std::mem::take(&mut self.young);
            self.kept = bytes.capacity() + 64;
        }
        self.young.insert(object, (kind, Arc::clone(bytes)));
    }
}
