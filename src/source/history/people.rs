//! Who made a commit, after the repository's own `.mailmap`.

use super::commits::Parts;
use super::store::Store;
use super::{Id, hex};
use crate::model::{Commit, Timestamp};
use std::collections::HashMap;

/// Largest `.mailmap` and largest tree on the way to it that are read.
const LIMIT: u64 = 1 << 20;

/// Authors of commits, each read once.
pub(super) struct People<'a> {
    store: &'a Store,
    mailmap: Option<git2::Mailmap>,
    known: HashMap<u32, Commit>,
}

impl<'a> People<'a> {
    /// With the `.mailmap` of the commit that is checked out.
    pub(super) fn new(store: &'a Store, head: Option<&Id>) -> Self {
        Self {
            store,
            mailmap: head.and_then(|head| mailmap(store, head)),
            known: HashMap::new(),
        }
    }

    /// The commit that is this object.
    pub(super) fn commit(&mut self, object: u32) -> Commit {
        if let Some(known) = self.known.get(&object) {
            return known.clone();
        }
        let bytes = self.store.read(object, 32 << 20).map(|(_, bytes)| bytes);
        let commit = self.author(object, &Parts::of(&bytes.unwrap_or_default()));
        self.known.insert(object, commit.clone());
        commit
    }

    /// The commit of which these are the parts.
    pub(super) fn author(&self, object: u32, parts: &Parts<'_>) -> Commit {
        let (mut name, mut mail, time) = parts.author().unwrap_or_default();
        if let Some(map) = &self.mailmap
            && let Ok(made) = git2::Signature::new(&name, &mail, &git2::Time::new(time, 0))
            && let Ok(mapped) = map.resolve_signature(&made)
            && let (Ok(to_name), Ok(to_mail)) = (mapped.name(), mapped.email())
        {
            (name, mail) = (to_name.to_owned(), to_mail.to_owned());
        }
        Commit {
            when: Timestamp::from_seconds(time),
            id: hex(&self.store.id(object)).into(),
            author: name.into(),
            mail: mail.to_ascii_lowercase().into(),
        }
    }
}

fn mailmap(store: &Store, head: &Id) -> Option<git2::Mailmap> {
    let (_, commit) = store.read(store.find(head)?, LIMIT).ok()?;
    let tree = Parts::of(&commit).tree()?;
    let (_, tree) = store.read(store.find(&tree)?, 16 * LIMIT).ok()?;
    let at = memchr::memmem::find(&tree, b" .mailmap\0")?;
    let id = tree.get(at + 10..)?.first_chunk::<20>()?;
    let (_, text) = store.read(store.find(id)?, LIMIT).ok()?;
    git2::Mailmap::from_buffer(std::str::from_utf8(&text).ok()?).ok()
}
