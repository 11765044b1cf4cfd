//! Every wanted object of a pack, each made once from the one it is a delta against: the trees of deltas
//! are walked depth first, in parallel, and few objects are held at any time.

use super::inflate::{self, Buffer, Fault};
use super::pack::{Codec, Pack};
use super::store::Store;
use rayon::prelude::*;

/// Bytes that the objects of one tree of deltas may unpack to, beside so many for each packed byte. What
/// is beyond is made to exhaust its reader.
const UNPACKED: u64 = 64 << 20;
const UNPACKED_PER_BYTE: u64 = 4_000;
/// Bytes of objects of one tree of deltas that are held at once.
const HELD: usize = 192 << 20;

/// A set of objects.
#[derive(Clone, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn new(count: u32) -> Self {
        Self(vec![0; (count as usize).div_ceil(64)])
    }

    pub(super) fn get(&self, at: u32) -> bool {
        let word = self.0.get(at as usize / 64);
        word.is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    pub(super) fn set(&mut self, at: u32) {
        if let Some(word) = self.0.get_mut(at as usize / 64) {
            *word |= 1 << (at % 64);
        }
    }
}

/// What became of a wanted object.
pub(super) type Outcome<'b> = Result<&'b [u8], Fault>;

/// A base whose last delta has not been met.
struct Frame {
    bytes: Buffer,
    children: Vec<u32>,
}

/// Hands every wanted object of a pack to `visit`, with its position. What the threads have gathered is
/// returned in no particular order.
pub(super) fn walk<S: Send>(
    store: &Store,
    pack: &Pack,
    wanted: &Bits,
    limit: u64,
    start: impl Fn() -> S + Sync + Send,
    visit: impl Fn(&mut S, u32, Outcome<'_>) + Sync + Send,
) -> Vec<S> {
    let needed = needed(pack, wanted);
    let roots: Vec<u32> = pack.roots().filter(|root| needed.get(*root)).collect();
    roots
        .into_par_iter()
        .fold(
            || (start(), Codec::new()),
            |(mut state, mut codec), root| {
                let mut family = Family {
                    store,
                    pack,
                    wanted,
                    needed: &needed,
                    limit,
                    budget: UNPACKED,
                    exhausted: false,
                    held: 0,
                };
                family.walk(root, &mut codec, &mut |position, outcome| {
                    visit(&mut state, position, outcome);
                });
                (state, codec)
            },
        )
        .map(|(state, _)| state)
        .collect()
}

/// The wanted objects and all that they are made from.
fn needed(pack: &Pack, wanted: &Bits) -> Bits {
    let mut needed = Bits::new(pack.len());
    for position in (0..pack.len()).filter(|position| wanted.get(*position)) {
        let mut at = Some(position);
        while let Some(position) = at.filter(|at| !needed.get(*at)) {
            needed.set(position);
            at = pack.base(position);
        }
    }
    needed
}

/// One tree of deltas.
struct Family<'a> {
    store: &'a Store,
    pack: &'a Pack,
    wanted: &'a Bits,
    needed: &'a Bits,
    limit: u64,
    budget: u64,
    /// Whether more was unpacked than may be: nothing more of it is made.
    exhausted: bool,
    held: usize,
}

impl Family<'_> {
    fn walk(&mut self, root: u32, codec: &mut Codec, visit: &mut impl FnMut(u32, Outcome<'_>)) {
        let mut open = Vec::new();
        let made = self.root(root, codec);
        self.meet(root, made, &mut open, codec, visit);
        while let Some(frame) = open.last_mut() {
            let Some(child) = frame.children.pop() else {
                if let Some(done) = open.pop() {
                    self.drop(done.bytes, codec);
                }
                continue;
            };
            let made = self.child(child, frame.bytes.bytes(), codec);
            // The last one needs its base no more.
            if frame.children.is_empty()
                && let Some(done) = open.pop()
            {
                self.drop(done.bytes, codec);
            }
            self.meet(child, made, &mut open, codec, visit);
        }
    }

    fn meet(
        &mut self,
        position: u32,
        made: Result<Buffer, Fault>,
        open: &mut Vec<Frame>,
        codec: &mut Codec,
        visit: &mut impl FnMut(u32, Outcome<'_>),
    ) {
        let bytes = match made {
            Ok(bytes) => bytes,
            Err(fault) => return self.lose(position, fault, visit),
        };
        if self.wanted.get(position) {
            visit(position, Ok(bytes.bytes()));
        }
        let mut children: Vec<u32> = self.needed_children(position).collect();
        if children.is_empty() {
            return codec.release(bytes);
        }
        // Taken from the end: the largest part, which is given last, must be met last.
        children.reverse();
        self.held += bytes.capacity();
        open.push(Frame { bytes, children });
    }

    fn needed_children(&self, position: u32) -> impl Iterator<Item = u32> {
        let children = self.pack.children(position);
        children.filter(|child| self.needed.get(*child))
    }

    fn drop(&mut self, bytes: Buffer, codec: &mut Codec) {
        self.held = self.held.saturating_sub(bytes.capacity());
        codec.release(bytes);
    }

    /// The object that a tree of deltas begins with.
    fn root(&mut self, position: u32, codec: &mut Codec) -> Result<Buffer, Fault> {
        let mut out = codec.buffer();
        let external = &self.pack.external;
        match external.binary_search_by_key(&position, |(at, _)| *at) {
            Err(_) => self.pack.inflate(position, self.limit, codec, &mut out)?,
            Ok(at) => {
                let id = external.get(at).map(|(_, id)| *id).unwrap_or_default();
                let base = self.store.find(&id).ok_or(Fault::Absent)?;
                let base = self.store.read(base, self.limit)?;
                self.delta(position, &base.1, codec, &mut out)?;
            }
        }
        self.spend(position, out.bytes().len())?;
        Ok(out)
    }

    fn child(&mut self, position: u32, base: &[u8], codec: &mut Codec) -> Result<Buffer, Fault> {
        if self.exhausted || self.held > HELD {
            return Err(Fault::Bomb);
        }
        let mut out = codec.buffer();
        self.delta(position, base, codec, &mut out)?;
        self.spend(position, out.bytes().len())?;
        Ok(out)
    }

    fn delta(
        &self,
        position: u32,
        base: &[u8],
        codec: &mut Codec,
        out: &mut Buffer,
    ) -> Result<(), Fault> {
        let mut delta = std::mem::take(&mut codec.delta);
        let inflated = self.pack.inflate(position, self.limit, codec, &mut delta);
        let applied = inflated.and_then(|()| inflate::apply(base, delta.bytes(), self.limit, out));
        codec.delta = delta;
        applied
    }

    fn spend(&mut self, position: u32, unpacked: usize) -> Result<(), Fault> {
        let packed = u64::from(self.pack.packed(position));
        self.budget = self.budget.saturating_add(packed * UNPACKED_PER_BYTE);
        let left = self.budget.checked_sub(unpacked as u64);
        self.exhausted = left.is_none();
        self.budget = left.ok_or(Fault::Bomb)?;
        Ok(())
    }

    /// What cannot be made takes with it what is made from it.
    fn lose(&self, position: u32, fault: Fault, visit: &mut impl FnMut(u32, Outcome<'_>)) {
        let mut open = vec![position];
        while let Some(position) = open.pop() {
            if self.wanted.get(position) {
                visit(position, Err(fault));
            }
            open.extend(self.needed_children(position));
        }
    }
}
