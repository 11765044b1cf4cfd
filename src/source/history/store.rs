//! All objects of a repository: its packs, its loose objects, and those of the alternates it may use.

use super::inflate::{self, Buffer, Fault};
use super::pack::{Codec, NONE, Pack};
use super::walk::{Bits, walk};
use super::{Id, Kind};
use crate::source::open;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Alternates of alternates that are followed.
const ALTERNATES: usize = 16;
/// Largest list of alternates that is read.
const LIST_LIMIT: u64 = 1 << 16;
/// Deltas upon deltas that are followed for one object.
const CHAIN: usize = 10_000;
/// Most packs of one repository.
const PACKS: usize = 10_000;

/// Objects by number: those of the first pack, of the second, …, then loose ones.
pub(super) struct Store {
    packs: Vec<(u32, Pack)>,
    loose: Vec<(Id, u16)>,
    loose_first: u32,
    directories: Vec<PathBuf>,
}

/// What was not as it should be when the store was opened.
#[derive(Default)]
pub(super) struct Trouble {
    /// Packs and directories that could not be used, with the reason.
    pub(super) unreadable: Vec<(PathBuf, String)>,
    /// Alternates that lie elsewhere.
    pub(super) outside: usize,
    /// Entries of packs that are no objects, or made from nothing.
    pub(super) broken: u64,
    /// Objects made from such that are not there.
    pub(super) absent: u64,
}

impl Store {
    /// Opens the objects below `objects`. Alternates are used where `allowed` says so of their real path.
    pub(super) fn open(objects: &Path, allowed: impl Fn(&Path) -> bool) -> (Self, Trouble) {
        let mut trouble = Trouble::default();
        let directories = directories(objects, allowed, &mut trouble);
        let mut names = Vec::new();
        let mut loose = Vec::new();
        for (number, directory) in (0u16..).zip(&directories) {
            names.extend(pack_names(&directory.join("pack"), &mut trouble));
            loose.extend(loose_ids(directory).into_iter().map(|id| (id, number)));
        }
        names.truncate(PACKS);
        let opened: Vec<_> = names.par_iter().map(|name| Pack::open(name)).collect();
        let mut packs = Vec::new();
        let mut first = 0u32;
        for (name, pack) in names.into_iter().zip(opened) {
            match pack {
                Ok(pack) => match first.checked_add(pack.len()).filter(|sum| *sum < NONE / 2) {
                    Some(sum) => {
                        packs.push((first, pack));
                        first = sum;
                    }
                    None => trouble
                        .unreadable
                        .push((name, "too many objects".to_owned())),
                },
                Err(why) => trouble.unreadable.push((name, why)),
            }
        }
        loose.sort_unstable();
        loose.dedup_by_key(|(id, _)| *id);
        loose.truncate((NONE / 2) as usize);
        let mut store = Self {
            packs,
            loose,
            loose_first: first,
            directories,
        };
        store.adopt(&mut trouble);
        (store, trouble)
    }

    /// Objects made from one in another pack are of its kind.
    fn adopt(&mut self, trouble: &mut Trouble) {
        let mut found = Vec::new();
        // Bases can be such objects themselves; one round more than there are packs settles all.
        for _ in 0..=self.packs.len().min(32) {
            found.clear();
            for (number, (_, pack)) in self.packs.iter().enumerate() {
                for (position, id) in &pack.external {
                    let unknown = pack.kind(*position).is_none();
                    let base = unknown.then(|| self.find(id)).flatten();
                    if let Some(kind) = base.and_then(|base| self.kind(base)) {
                        found.push((number, *position, kind));
                    }
                }
            }
            if found.is_empty() {
                break;
            }
            for (number, position, kind) in &found {
                if let Some((_, pack)) = self.packs.get_mut(*number) {
                    pack.adopt(*position, *kind);
                }
            }
        }
        for (_, pack) in &self.packs {
            let unknown = (0..pack.len()).filter(|position| pack.kind(*position).is_none());
            let absent = pack.external.iter();
            let absent = absent
                .filter(|(position, _)| pack.kind(*position).is_none())
                .count();
            trouble.absent += absent as u64;
            trouble.broken += (unknown.count() - absent) as u64;
        }
    }

    /// How many deltas an object is made through, as far as `most`.
    pub(super) fn chain(&self, object: u32, most: u32) -> u32 {
        let mut at = object;
        for length in 0..most {
            let base = self
                .packed(at)
                .map(|(pack, position)| self.base(pack, position, at));
            match base {
                Some(Ok(Some(base))) => at = base,
                _ => return length,
            }
        }
        most
    }

    /// How many objects there are, copies included.
    pub(super) fn len(&self) -> u32 {
        self.loose_first + u32::try_from(self.loose.len()).unwrap_or_default()
    }

    /// The number of an object.
    pub(super) fn find(&self, id: &Id) -> Option<u32> {
        for (first, pack) in &self.packs {
            if let Some(position) = pack.index.find(id) {
                return Some(first + position);
            }
        }
        let at = self.loose.binary_search_by_key(id, |(id, _)| *id).ok()?;
        Some(self.loose_first + u32::try_from(at).ok()?)
    }

    /// The pack that an object stands in, and where in it.
    pub(super) fn packed(&self, object: u32) -> Option<(&Pack, u32)> {
        let after = self.packs.partition_point(|(first, _)| *first <= object);
        let (first, pack) = self.packs.get(after.checked_sub(1)?)?;
        let position = object - first;
        (position < pack.len()).then_some((pack, position))
    }

    /// The id of an object.
    pub(super) fn id(&self, object: u32) -> Id {
        let id = match self.packed(object) {
            Some((pack, position)) => pack.index.ids.get(position as usize),
            None => self.loose_at(object).map(|(id, _)| id),
        };
        id.copied().unwrap_or_default()
    }

    fn loose_at(&self, object: u32) -> Option<&(Id, u16)> {
        self.loose
            .get(object.checked_sub(self.loose_first)? as usize)
    }

    /// What sort of object it is; of loose ones that is known only once they were read.
    pub(super) fn kind(&self, object: u32) -> Option<Kind> {
        match self.packed(object) {
            Some((pack, position)) => pack.kind(position),
            None => self.read(object, 1 << 20).ok().map(|(kind, _)| kind),
        }
    }

    /// Reads one object, whatever it is made from.
    pub(super) fn read(&self, object: u32, limit: u64) -> Result<(Kind, Vec<u8>), Fault> {
        let mut codec = Codec::new();
        let mut chain = Vec::new();
        let mut at = object;
        let (kind, mut bytes) = loop {
            let Some((pack, position)) = self.packed(at) else {
                break self.loose_object(at, limit, &mut codec)?;
            };
            let Some(base) = self.base(pack, position, at)? else {
                let kind = pack.kind(position).ok_or(Fault::Corrupt)?;
                let mut out = Buffer::default();
                pack.inflate(position, limit, &mut codec, &mut out)?;
                break (kind, out);
            };
            chain.push((pack, position));
            if chain.len() > CHAIN {
                return Err(Fault::Corrupt);
            }
            at = base;
        };
        let mut delta = Buffer::default();
        let mut next = Buffer::default();
        for (pack, position) in chain.into_iter().rev() {
            pack.inflate(position, limit, &mut codec, &mut delta)?;
            inflate::apply(bytes.bytes(), delta.bytes(), limit, &mut next)?;
            std::mem::swap(&mut bytes, &mut next);
        }
        Ok((kind, bytes.bytes().to_vec()))
    }

    /// What a packed object is made from, wherever that is; `None` for one that stands alone.
    pub(super) fn base(
        &self,
        pack: &Pack,
        position: u32,
        object: u32,
    ) -> Result<Option<u32>, Fault> {
        if let Some(base) = pack.base(position) {
            return Ok(Some(object - position + base));
        }
        let external = pack.external.binary_search_by_key(&position, |(at, _)| *at);
        let id = external.ok().and_then(|index| pack.external.get(index));
        match id {
            Some((_, id)) => self.find(id).ok_or(Fault::Absent).map(Some),
            None => Ok(None),
        }
    }

    /// Reads a loose object.
    pub(super) fn loose_object(
        &self,
        object: u32,
        limit: u64,
        codec: &mut Codec,
    ) -> Result<(Kind, Buffer), Fault> {
        let mut whole = Buffer::default();
        let (kind, body) = self.inflate_loose(object, limit, codec, &mut whole)?;
        let mut out = Buffer::default();
        out.sized(body.len()).copy_from_slice(body);
        Ok((kind, out))
    }

    fn inflate_loose<'b>(
        &self,
        object: u32,
        limit: u64,
        codec: &mut Codec,
        out: &'b mut Buffer,
    ) -> Result<(Kind, &'b [u8]), Fault> {
        let (id, directory) = self.loose_at(object).ok_or(Fault::Absent)?;
        let name = super::hex(id);
        let (folder, file) = name.split_at_checked(2).unwrap_or_default();
        let directory = self
            .directories
            .get(usize::from(*directory))
            .ok_or(Fault::Absent)?;
        let path = directory.join(folder).join(file);
        let packed =
            open::small(&path, limit.saturating_add(1 << 16)).map_err(|error| {
                match error.kind() {
                    std::io::ErrorKind::FileTooLarge => Fault::Large,
                    _ => Fault::Corrupt,
                }
            })?;
        inflate::whole(&mut codec.inflater, &packed, limit.saturating_add(64), out)?;
        let bytes = out.bytes();
        let end = memchr::memchr(0, bytes.get(..32).unwrap_or(bytes)).ok_or(Fault::Corrupt)?;
        let (head, body) = bytes.split_at_checked(end).ok_or(Fault::Corrupt)?;
        let head = std::str::from_utf8(head).map_err(|_| Fault::Corrupt)?;
        let body = body.get(1..).unwrap_or_default();
        let (kind, size) = head.split_once(' ').ok_or(Fault::Corrupt)?;
        let kind = Kind::named(kind).ok_or(Fault::Corrupt)?;
        if size.parse() != Ok(body.len()) {
            return Err(Fault::Corrupt);
        }
        Ok((kind, body))
    }

    /// Every object of these kinds once, whatever packs hold copies of it. Loose ones are of any kind.
    pub(super) fn unique(&self, kinds: &[Kind]) -> Bits {
        let mut unique = self.unique_packed(kinds);
        for (number, (id, _)) in (self.loose_first..).zip(&self.loose) {
            if !self
                .packs
                .iter()
                .any(|(_, pack)| pack.index.find(id).is_some())
            {
                unique.set(number);
            }
        }
        unique
    }

    /// Every packed object of this kind once.
    pub(super) fn packed_of(&self, kind: Kind) -> Bits {
        self.unique_packed(&[kind])
    }

    fn unique_packed(&self, kinds: &[Kind]) -> Bits {
        let mut unique = Bits::new(self.len());
        for (number, (first, pack)) in self.packs.iter().enumerate() {
            let earlier = self.packs.get(..number).unwrap_or_default();
            for position in 0..pack.len() {
                if pack
                    .kind(position)
                    .is_some_and(|kind| kinds.contains(&kind))
                {
                    let id = pack.index.ids.get(position as usize);
                    let known = earlier.iter().any(|(_, before)| {
                        id.and_then(|id| before.index.find(id))
                            .is_some_and(|at| before.kind(at).is_some())
                    });
                    if !known {
                        unique.set(first + position);
                    }
                }
            }
        }
        unique
    }

    /// Hands every wanted object to `visit`, with its number. Of loose objects the kind is not known
    /// before, so those of other kinds than wanted are met, too.
    pub(super) fn walk<S: Send>(
        &self,
        wanted: &Bits,
        limit: u64,
        start: impl Fn() -> S + Sync + Send,
        visit: impl Fn(&mut S, u32, Option<Kind>, Result<&[u8], Fault>) + Sync + Send,
    ) -> Vec<S> {
        let mut gathered = Vec::new();
        for (first, pack) in &self.packs {
            let mut own = Bits::new(pack.len());
            for position in (0..pack.len()).filter(|position| wanted.get(first + position)) {
                own.set(position);
            }
            let visit = |state: &mut S, position: u32, outcome: Result<&[u8], Fault>| {
                visit(state, first + position, pack.kind(position), outcome);
            };
            gathered.extend(walk(self, pack, &own, limit, &start, visit));
        }
        let loose = self.loose_first..self.len();
        let loose: Vec<u32> = loose.filter(|object| wanted.get(*object)).collect();
        let parts: Vec<_> = loose
            .into_par_iter()
            .fold(
                || (start(), Codec::new(), Buffer::default()),
                |(mut state, mut codec, mut out), object| {
                    match self.inflate_loose(object, limit, &mut codec, &mut out) {
                        Ok((kind, body)) => visit(&mut state, object, Some(kind), Ok(body)),
                        Err(fault) => visit(&mut state, object, None, Err(fault)),
                    }
                    (state, codec, out)
                },
            )
            .map(|(state, ..)| state)
            .collect();
        gathered.extend(parts);
        gathered
    }
}

/// Whether objects are borrowed from where they may not be looked for.
pub(super) fn borrows(objects: &Path, allowed: impl Fn(&Path) -> bool) -> bool {
    let mut trouble = Trouble::default();
    directories(objects, allowed, &mut trouble);
    trouble.outside > 0
}

/// The object directory and its alternates.
fn directories(
    objects: &Path,
    allowed: impl Fn(&Path) -> bool,
    trouble: &mut Trouble,
) -> Vec<PathBuf> {
    let mut known: Vec<PathBuf> = Vec::new();
    let mut open = vec![(objects.to_path_buf(), true)];
    while let Some((directory, own)) = open.pop() {
        let real = match directory.canonicalize() {
            Ok(real) if real.is_dir() => real,
            _ => {
                trouble
                    .unreadable
                    .push((directory, "no such directory".to_owned()));
                continue;
            }
        };
        // The repository's own may be a link to elsewhere just as well.
        if !own && !allowed(&real) || own && directory.is_symlink() && !allowed(&real) {
            trouble.outside += 1;
            continue;
        }
        if known.contains(&real) || known.len() >= ALTERNATES {
            continue;
        }
        let list = open::small(&real.join("info/alternates"), LIST_LIMIT).unwrap_or_default();
        let list = String::from_utf8_lossy(&list);
        let lines = list.lines().map(str::trim);
        let named: Vec<&str> = lines
            .filter(|l| !l.is_empty() && !l.starts_with('#'))
            .collect();
        open.extend(named.into_iter().rev().map(|line| (real.join(line), false)));
        known.push(real);
    }
    known
}

fn pack_names(directory: &Path, trouble: &mut Trouble) -> Vec<PathBuf> {
    match directory.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => {
            let why = "not a directory; not followed".to_owned();
            trouble.unreadable.push((directory.to_path_buf(), why));
            return Vec::new();
        }
        Err(_) => return Vec::new(),
    }
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let mut names: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "idx"))
        .collect();
    names.sort();
    names
}

fn loose_ids(directory: &Path) -> Vec<Id> {
    let mut ids = Vec::new();
    for byte in 0..=255u8 {
        let folder = directory.join(format!("{byte:02x}"));
        if !folder.symlink_metadata().is_ok_and(|m| m.is_dir()) {
            continue;
        }
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let id = name
                .to_str()
                .and_then(|name| super::id(&format!("{byte:02x}{name}")));
            ids.extend(id);
        }
    }
    ids
}
