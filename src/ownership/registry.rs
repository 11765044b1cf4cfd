//! Which registry entries speak of an identity.

use crate::model::{Identity, RegistryEntry, Selector, Str};
use crate::platform::glob;
use crate::platform::literal::Literals;
use std::collections::{BTreeSet, HashMap};

/// How many entries of one identity are gone into, the narrowest first. No registry that people keep comes
/// near; one with thousands of `*` would otherwise say everything of everybody.
const MAX_SELECTED: usize = 32;

/// The registry, indexed so that an identity meets only the entries that can speak of it.
#[derive(Debug, Default)]
pub(super) struct RegistryIndex<'a> {
    exact: HashMap<&'a str, Vec<&'a RegistryEntry>>,
    /// `registry:<entry id>` is an identity known only from its entry.
    by_entry_id: HashMap<&'a str, Vec<&'a RegistryEntry>>,
    /// Entries with a pattern, from narrow to wide; the indexes below say where in this list.
    patterns: Vec<&'a RegistryEntry>,
    by_name: HashMap<&'a str, Vec<usize>>,
    by_namespace: HashMap<&'a str, Vec<usize>>,
    /// By a label that it asks for: key, lower case, and value.
    by_label: HashMap<(&'a str, &'a str), Vec<usize>>,
    globs: Literals,
    id_globs: Literals,
}

/// An entry that speaks of an identity.
#[derive(Clone, Debug)]
pub(super) struct Selected<'a> {
    /// How closely: 0 by id, then patterns from narrow to wide. Equal ranks are equally close.
    pub rank: u32,
    /// The entry.
    pub entry: &'a RegistryEntry,
}

impl<'a> RegistryIndex<'a> {
    pub(super) fn new(entries: &'a BTreeSet<RegistryEntry>) -> Self {
        let mut index = Self::default();
        for entry in entries {
            index.by_entry_id.entry(&entry.id).or_default().push(entry);
            match &entry.selector {
                Selector::Exact(id) => index.exact.entry(id).or_default().push(entry),
                Selector::Pattern { .. } => index.patterns.push(entry),
            }
        }
        let key = |entry: &&'a RegistryEntry| (std::cmp::Reverse(narrowness(entry)), *entry);
        index.patterns.sort_by_key(key);
        let (mut globs, mut id_globs) = (Vec::new(), Vec::new());
        for (at, entry) in index.patterns.iter().enumerate() {
            let Selector::Pattern {
                name,
                namespace,
                id,
                labels,
                ..
            } = &entry.selector
            else {
                continue;
            };
            let of_id = id.as_deref().map(longest).unwrap_or_default();
            let literal = |(_, value): &&(Str, Str)| !value.contains(['*', '?']);
            match (longest(name), namespace, labels.iter().find(literal)) {
                _ if !of_id.is_empty() => id_globs.push((of_id, at)),
                ("", Some(namespace), _) => {
                    index.by_namespace.entry(namespace).or_default().push(at);
                }
                ("", None, Some((key, value))) => {
                    index.by_label.entry((key, value)).or_default().push(at);
                }
                (literal, ..) if literal.len() == name.len() && !name.is_empty() => {
                    index.by_name.entry(literal).or_default().push(at);
                }
                (literal, ..) => globs.push((literal, at)),
            }
        }
        index.id_globs = Literals::new(id_globs);
        index.globs = Literals::new(globs);
        index
    }

    /// The entries of exactly this id.
    pub(super) fn by_id(&self, id: &str) -> &[&'a RegistryEntry] {
        self.exact.get(id).map_or(&[], Vec::as_slice)
    }

    /// Every entry that speaks of the identity: those by id, then patterns, the narrower the earlier.
    pub(super) fn entries(&self, identity: &Identity) -> Vec<Selected<'a>> {
        let mut exact: BTreeSet<&'a RegistryEntry> = BTreeSet::new();
        for id in std::iter::once(&identity.id.0).chain(&identity.aliases) {
            exact.extend(self.by_id(id));
        }
        for id in other_spellings(&identity.id.0) {
            exact.extend(self.by_id(&id));
        }
        if let Some(id) = identity.id.0.strip_prefix("registry:") {
            exact.extend(self.by_entry_id.get(id).into_iter().flatten());
        }
        let name: &str = &identity.name;
        let mut candidates = self.globs.candidates(name);
        candidates.extend(self.by_name.get(name).into_iter().flatten());
        candidates.extend(self.id_globs.candidates(&identity.id.0));
        let namespace = identity.namespace.as_deref();
        candidates.extend(
            namespace
                .and_then(|namespace| self.by_namespace.get(namespace))
                .into_iter()
                .flatten(),
        );
        if !self.by_label.is_empty() {
            for label in &identity.labels {
                let key = label.key.to_lowercase();
                let asked = self.by_label.get(&(key.as_str(), &*label.value));
                candidates.extend(asked.into_iter().flatten());
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        let patterns = candidates
            .into_iter()
            .filter_map(|at| self.patterns.get(at).copied())
            .filter(|entry| matches(&entry.selector, identity))
            .take(MAX_SELECTED);
        let mut selected: Vec<Selected<'a>> = exact
            .into_iter()
            .take(MAX_SELECTED)
            .map(|entry| Selected { rank: 0, entry })
            .collect();
        let (mut rank, mut last) = (0, None);
        for entry in patterns {
            let narrow = narrowness(entry);
            if last != Some(narrow) {
                rank += 1;
                last = Some(narrow);
            }
            selected.push(Selected { rank, entry });
        }
        selected
    }
}

/// The longest part of a glob without wildcards.
fn longest(glob: &str) -> &str {
    let literals = glob.split(['*', '?']);
    literals
        .max_by_key(|literal| literal.len())
        .unwrap_or_default()
}

/// Ids under which people may name the same IAM principal: names are unique in an account whatever the
/// path, and account numbers are unique across partitions.
fn other_spellings(id: &str) -> Vec<Str> {
    let Some((partition, rest)) = id
        .strip_prefix("arn:")
        .and_then(|rest| rest.split_once(":iam::"))
    else {
        return Vec::new();
    };
    let short = rest.split_once('/').and_then(|(kind, path)| {
        let (_, name) = path.rsplit_once('/')?;
        Some(format!("{kind}/{name}"))
    });
    let mut spellings = Vec::new();
    if partition != "aws" {
        spellings.push(format!("arn:aws:iam::{rest}").into());
    }
    if let Some(short) = short {
        spellings.push(format!("arn:{partition}:iam::{short}").into());
        spellings.push(format!("arn:aws:iam::{short}").into());
    }
    spellings
}

fn matches(selector: &Selector, identity: &Identity) -> bool {
    let Selector::Pattern {
        name,
        platform,
        account,
        namespace,
        id,
        kind,
        labels,
    } = selector
    else {
        return false;
    };
    let labelled = |(key, value): &(Str, Str)| {
        let mut all = identity.labels.iter();
        all.any(|l| l.key.to_lowercase() == **key && glob::matches(value, &l.value))
    };
    let same = |wanted: &Option<Str>, actual: Option<&str>| match wanted {
        Some(wanted) => Some(&**wanted) == actual,
        None => true,
    };
    same(platform, Some(identity.platform.as_str()))
        && same(account, identity.account.as_deref())
        && same(namespace, identity.namespace.as_deref())
        && same(kind, Some(identity.kind.as_str()))
        && id
            .as_deref()
            .is_none_or(|id| glob::matches(id, &identity.id.0))
        && labels.iter().all(labelled)
        && glob::matches(name, &identity.name)
}

/// How narrow a pattern is: how many things it states, then how much of the name.
fn narrowness(entry: &RegistryEntry) -> (usize, usize) {
    match &entry.selector {
        Selector::Exact(_) => (usize::MAX, 0),
        Selector::Pattern {
            name,
            platform,
            account,
            namespace,
            id,
            kind,
            labels,
        } => {
            let wild = name.contains(['*', '?']);
            let stated = [platform, account, namespace, id, kind]
                .iter()
                .filter(|s| s.is_some())
                .count()
                + labels.len();
            let literals = name
                .chars()
                .chain(id.as_deref().unwrap_or_default().chars());
            let literal = literals.filter(|c| !matches!(c, '*' | '?')).count();
            // A name in full is narrower than any glob.
            (stated + if wild { 0 } else { 4 }, literal)
        }
    }
}
