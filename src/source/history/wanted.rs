//! The paths whose history is wanted, folder by folder.

use std::collections::HashMap;

/// What a name in a wanted folder leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Leaf {
    /// A wanted file, by its number.
    pub(super) file: Option<u32>,
    /// A folder that holds wanted files.
    pub(super) folder: Option<usize>,
}

/// Wanted paths. The first folder is the root.
pub(super) struct Wanted {
    folders: Vec<HashMap<Box<[u8]>, Leaf>>,
    /// The file names, by number.
    names: HashMap<u32, Box<[u8]>>,
}

impl Wanted {
    pub(super) const ROOT: usize = 0;

    pub(super) fn new<'p>(paths: impl Iterator<Item = (&'p [u8], u32)>) -> Self {
        let mut wanted = Self {
            folders: vec![HashMap::new()],
            names: HashMap::new(),
        };
        for (path, number) in paths {
            wanted.add(path, number);
        }
        wanted
    }

    fn add(&mut self, path: &[u8], number: u32) {
        let mut at = Self::ROOT;
        let mut names = path.split(|byte| *byte == b'/').peekable();
        while let Some(name) = names.next() {
            let next = self.folders.len();
            let Some(folder) = self.folders.get_mut(at) else {
                return;
            };
            let leaf = folder.entry(name.into()).or_default();
            if names.peek().is_none() {
                leaf.file = Some(number);
                self.names.insert(number, name.into());
                return;
            }
            at = *leaf.folder.get_or_insert(next);
            if at == next {
                self.folders.push(HashMap::new());
            }
        }
    }

    /// The last part of a wanted path.
    pub(super) fn name(&self, number: u32) -> &[u8] {
        self.names
            .get(&number)
            .map(|name| &**name)
            .unwrap_or_default()
    }

    /// What a name in a folder leads to, if anything there is wanted.
    pub(super) fn leaf(&self, folder: usize, name: &[u8]) -> Option<Leaf> {
        self.folders.get(folder)?.get(name).copied()
    }
}
