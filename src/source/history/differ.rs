//! What differs between two trees as git writes them, without looking closely at what is the same.

use super::Id;
use super::trees::entries;
use std::cmp::Ordering;

/// What a name stands for in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// A folder.
    Tree(Id),
    /// A file or a link.
    Blob(Id),
}

/// A name that stands for other things in two trees.
#[derive(Debug)]
pub(super) struct Difference<'b> {
    pub(super) name: &'b [u8],
    pub(super) before: Option<Slot>,
    pub(super) after: Option<Slot>,
}

/// An entry, or `None` inside for another repository's commit, which is nothing of ours.
type Entry<'b> = (&'b [u8], bool, Option<Slot>);

/// The names that stand for other objects. Trees that are not in git's order give more than differs,
/// never something that is not there.
pub(super) fn differences<'b>(before: &'b [u8], after: &'b [u8]) -> Vec<Difference<'b>> {
    let (before, after) = unlike(before, after);
    let end = common_end(before, after);
    let mut found = Vec::new();
    let (mut olds, mut news) = (Cursor(before), Cursor(after));
    let (mut old, mut new) = (olds.next(), news.next());
    loop {
        let order = match (&old, &new) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => order(a, b),
        };
        let gone = old.filter(|_| order.is_le());
        let come = new.filter(|_| order.is_ge());
        let (before, after) = (gone.and_then(|e| e.2), come.and_then(|e| e.2));
        if before != after
            && let Some((name, ..)) = come.or(gone)
        {
            found.push(Difference {
                name,
                before,
                after,
            });
        }
        if order.is_eq() && olds.0.len() == news.0.len() && olds.0.len() <= end {
            break;
        }
        if order.is_le() {
            old = olds.next();
        }
        if order.is_ge() {
            new = news.next();
        }
    }
    found
}

/// Two trees without the entries in front that they share byte by byte.
fn unlike<'b>(before: &'b [u8], after: &'b [u8]) -> (&'b [u8], &'b [u8]) {
    const BLOCK: usize = 256;
    let blocks = before.chunks_exact(BLOCK).zip(after.chunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(a, b)| a == b).count();
    let mut cursor = Cursor(before);
    let mut skipped = 0;
    while cursor.next().is_some() {
        let passed = before.len() - cursor.0.len();
        if passed > same {
            break;
        }
        skipped = passed;
    }
    let rest = |bytes: &'b [u8]| bytes.get(skipped..).unwrap_or_default();
    (rest(before), rest(after))
}

/// How many bytes at the end are the same.
fn common_end(before: &[u8], after: &[u8]) -> usize {
    const BLOCK: usize = 256;
    let blocks = before.rchunks_exact(BLOCK).zip(after.rchunks_exact(BLOCK));
    BLOCK * blocks.take_while(|(a, b)| a == b).count()
}

/// As git sorts them: a folder as if its name ended in a slash.
fn order(a: &Entry<'_>, b: &Entry<'_>) -> Ordering {
    let common = a.0.len().min(b.0.len());
    let (start_a, rest_a) = a.0.split_at(common);
    let (start_b, rest_b) = b.0.split_at(common);
    let next = |rest: &[u8], folder: bool| match rest.first() {
        Some(byte) => u16::from(*byte) + 1,
        None if folder => u16::from(b'/') + 1,
        None => 0,
    };
    start_a
        .cmp(start_b)
        .then_with(|| next(rest_a, a.1).cmp(&next(rest_b, b.1)))
        .then_with(|| rest_a.cmp(rest_b))
        .then_with(|| a.1.cmp(&b.1))
}

/// What is left of a tree.
struct Cursor<'b>(&'b [u8]);

impl<'b> Cursor<'b> {
    fn next(&mut self) -> Option<Entry<'b>> {
        let (mode, name, id) = entries(self.0).next()?;
        let length = mode.len() + 1 + name.len() + 1 + id.len();
        self.0 = self.0.get(length..)?;
        let slot = match mode {
            b"40000" | b"040000" => Some(Slot::Tree(*id)),
            b"160000" => None,
            _ => Some(Slot::Blob(*id)),
        };
        Some((name, matches!(slot, Some(Slot::Tree(_))), slot))
    }
}

#[cfg(test)]
mod tests {
    use super::{Difference, Slot, differences};

    fn tree(entries: &[(&str, &str, u8)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            bytes.extend_from_slice(&[*id; 20]);
        }
        bytes
    }

    fn told(before: &[u8], after: &[u8]) -> Vec<String> {
        let sign = |slot: &Option<Slot>| match slot {
            None => "-".to_owned(),
            Some(Slot::Tree([first, ..])) => format!("t{first}"),
            Some(Slot::Blob([first, ..])) => format!("b{first}"),
        };
        let line = |d: &Difference<'_>| {
            let name = String::from_utf8_lossy(d.name);
            format!("{name} {} {}", sign(&d.before), sign(&d.after))
        };
        differences(before, after).iter().map(line).collect()
    }

    #[test]
    fn only_what_differs_is_told() {
        let old = tree(&[("100644", "a", 1), ("40000", "b", 2), ("100644", "c", 3)]);
        let new = tree(&[("100755", "a", 1), ("40000", "b", 9), ("100644", "d", 3)]);
        assert_eq!(told(&old, &new), ["b t2 t9", "c b3 -", "d - b3"]);
        assert_eq!(told(&[], &old), ["a - b1", "b - t2", "c - b3"]);
        assert_eq!(told(&old, &old), [""; 0]);
        // A file becomes a folder, and a folder sorts behind what a file of that name comes before.
        let file = tree(&[("100644", "x", 1), ("100644", "x.y", 2)]);
        let folder = tree(&[("100644", "x.y", 2), ("40000", "x", 3)]);
        assert_eq!(told(&file, &folder), ["x b1 -", "x - t3"]);
        let link = tree(&[("160000", "m", 1)]);
        assert_eq!(told(&[], &link), [""; 0]);
    }

    #[test]
    fn one_among_very_many_is_found_wherever_it_stands() {
        let names: Vec<String> = (0..1470).map(|n| format!("namespace-{n:05}")).collect();
        let with = |changed: Option<usize>, gone: Option<usize>| {
            let list = names.iter().enumerate().filter(|(n, _)| Some(*n) != gone);
            let list: Vec<(&str, &str, u8)> = list
                .map(|(n, name)| {
                    let id = if Some(n) == changed {
                        200
                    } else {
                        (n % 90) as u8
                    };
                    ("40000", name.as_str(), id)
                })
                .collect();
            tree(&list)
        };
        let whole = with(None, None);
        for at in [0, 1, 700, 1468, 1469] {
            assert_eq!(told(&whole, &with(Some(at), None)).len(), 1, "{at}");
            assert_eq!(told(&whole, &with(None, Some(at))).len(), 1, "{at}");
            assert_eq!(told(&with(None, Some(at)), &whole).len(), 1, "{at}");
            assert_eq!(told(&with(Some(3), Some(at)), &whole).len(), 2, "{at}");
        }
        // What is broken off ends there.
        assert!(told(&whole, whole.split_at(5_000).0).len() > 1_000);
    }
}
