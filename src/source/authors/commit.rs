//! What a commit tells of those who wrote it.

use super::person::{behind, shown};
use crate::model::{Owner, Timestamp};
use crate::source::history::commits::Parts;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// Characters of a name and of an address that are kept.
const SIGNED: usize = 400;
/// Trailers of one commit that are looked at.
const TRAILERS: usize = 32;
/// Bytes at the end of a message that trailers are looked for in.
const TAIL: usize = 16 << 10;
/// Words in subjects of commits that change how files look, and not what they say.
const COSMETIC: [&str; 14] = [
    "terraform fmt",
    "terraform-fmt",
    "tofu fmt",
    "gofmt",
    "rustfmt",
    "cargo fmt",
    "prettier",
    "yamlfmt",
    "yamllint",
    "reformat",
    "format code",
    "fix formatting",
    "whitespace",
    "line endings",
];

/// Somebody who wrote a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Writer {
    pub(super) owner: Owner,
    /// Name and address, as they may be shown.
    pub(super) raw: String,
    /// The name alone.
    pub(super) name: String,
}

/// A name and an address as a commit has them.
pub(super) type Signature = (String, String);

/// A commit, as far as it tells of people.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) id: String,
    pub(super) when: Timestamp,
    /// Those who signed as authors, the first of them first.
    pub(super) signed: Vec<Signature>,
    /// Whether it takes back another.
    pub(super) revert: bool,
    /// The commits it takes back.
    pub(super) reverted: Vec<String>,
    /// Whether it says of itself that it changes only how files look.
    pub(super) cosmetic: bool,
}

impl Written {
    pub(super) fn of(id: String, bytes: &[u8]) -> Self {
        let parts = Parts::of(bytes);
        let (name, mail, written) = parts.author().unwrap_or_default();
        // Of two clocks one may be wrong; what was made later was written earlier.
        let when = parts.committed().map_or(written, |at| written.min(at));
        let message = String::from_utf8_lossy(parts.message);
        let short = |text: &str| text.chars().take(SIGNED).collect::<String>();
        let trailers = co_authors(&message).map(|(name, mail)| (short(name), short(mail)));
        let subject = message.lines().next().unwrap_or_default();
        let subject: String = subject.chars().take(200).collect::<String>().to_lowercase();
        let reverted: Vec<String> = reverted(&message).collect();
        Self {
            id,
            when: Timestamp::from_seconds(when),
            signed: std::iter::once((short(&name), short(&mail)))
                .chain(trailers)
                .collect(),
            revert: subject.starts_with("revert \"") || !reverted.is_empty(),
            reverted,
            cosmetic: COSMETIC.iter().any(|word| subject.contains(word)),
        }
    }
}

/// Who stands behind names and addresses, after the repository's `.mailmap`.
pub(super) struct Names {
    mailmap: Option<git2::Mailmap>,
    known: HashMap<Signature, Option<Rc<Writer>>>,
}

impl Names {
    pub(super) fn new(mailmap: Option<Vec<u8>>) -> Self {
        let text = mailmap.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', ""));
        Self {
            mailmap: text.and_then(|text| git2::Mailmap::from_buffer(&text).ok()),
            known: HashMap::new(),
        }
    }

    /// The people who wrote a commit, its author first; nobody where machines did. Each once.
    pub(super) fn writers(&mut self, signed: &[Signature]) -> Vec<Rc<Writer>> {
        let mut writers: Vec<Rc<Writer>> = Vec::new();
        for signature in signed {
            let writer = match self.known.get(signature) {
                Some(known) => known.clone(),
                None => {
                    let writer = self.writer(signature).map(Rc::new);
                    self.known.insert(signature.clone(), writer.clone());
                    writer
                }
            };
            let new = |w: &Rc<Writer>| writers.iter().all(|known| known.owner != w.owner);
            let writer = writer.filter(new);
            writers.extend(writer);
        }
        writers
    }

    fn writer(&self, (name, mail): &Signature) -> Option<Writer> {
        let (name, mail) = self.resolve(name, mail);
        let owner = behind(&name, &mail)?;
        let name = shown(&name);
        Some(Writer {
            owner,
            raw: format!("{name} <{}>", shown(&mail.to_lowercase()))
                .trim_start()
                .to_owned(),
            name,
        })
    }

    /// The name and address that stand for these.
    fn resolve(&self, name: &str, mail: &str) -> Signature {
        let mapped = self.mailmap.as_ref().and_then(|map| {
            let made = git2::Signature::new(name, mail, &git2::Time::new(0, 0)).ok()?;
            let mapped = map.resolve_signature(&made).ok()?;
            let (name, mail) = (mapped.name().ok()?, mapped.email().ok()?);
            Some((name.to_owned(), mail.to_owned()))
        });
        mapped.unwrap_or_else(|| (name.to_owned(), mail.to_owned()))
    }

    /// Every name with the logins and addresses that it signed with, as far as people did.
    pub(super) fn people(&self) -> BTreeMap<String, BTreeSet<Owner>> {
        let mut people: BTreeMap<String, BTreeSet<Owner>> = BTreeMap::new();
        for writer in self.known.values().flatten() {
            let owners = people.entry(writer.name.clone()).or_default();
            owners.insert(writer.owner.clone());
        }
        people
    }
}

/// `Co-authored-by: Jane Doe <jane@example.com>`, wherever in the end of a message: some tools put other lines
/// behind.
fn co_authors(message: &str) -> impl Iterator<Item = (&str, &str)> {
    let start = message.len().saturating_sub(TAIL);
    let start = (start..=message.len()).find(|at| message.is_char_boundary(*at));
    let tail = message.get(start.unwrap_or(0)..).unwrap_or_default();
    let lines = tail.lines().rev().take(2_000);
    let trailers = lines.filter_map(|line| {
        let (key, value) = line.trim().split_once(':')?;
        let (name, mail) = value.trim().strip_suffix('>')?.rsplit_once('<')?;
        key.eq_ignore_ascii_case("co-authored-by")
            .then_some((name.trim(), mail.trim()))
    });
    let mut found: Vec<(&str, &str)> = trailers.take(TRAILERS).collect();
    found.reverse();
    found.into_iter()
}

/// The commits that a message says it takes back.
fn reverted(message: &str) -> impl Iterator<Item = String> {
    let said = message.match_indices("This reverts commit ");
    let ids = said.filter_map(|(at, words)| message.get(at + words.len()..));
    ids.take(TRAILERS).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_hexdigit());
        let id = rest.get(..end.unwrap_or(rest.len()))?;
        (7..=40)
            .contains(&id.len())
            .then(|| id.to_ascii_lowercase())
    })
}
