//! Sets of few members, kept small: an estate has millions of them, and most hold one thing or none.

use std::collections::{BTreeSet, btree_set};
use std::fmt;

/// More members than this are held in a tree, so that adding one by one stays cheap whatever the input.
const FEW: usize = 32;

/// An ordered set without duplicates.
#[derive(Clone)]
pub struct Set<T>(Members<T>);

#[derive(Clone)]
enum Members<T> {
    /// Sorted.
    Few(Vec<T>),
    Many(BTreeSet<T>),
}

impl<T> Set<T> {
    /// A set without members.
    pub const fn new() -> Self {
        Self(Members::Few(Vec::new()))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Members::Few(few) => few.len(),
            Members::Many(many) => many.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The members, in order.
    pub fn iter(&self) -> Iter<'_, T> {
        match &self.0 {
            Members::Few(few) => Iter::Few(few.iter()),
            Members::Many(many) => Iter::Many(many.iter()),
        }
    }

    /// The first member.
    pub fn first(&self) -> Option<&T> {
        self.iter().next()
    }
}

impl<T: Ord> Set<T> {
    /// Whether something is a member.
    pub fn contains(&self, value: &T) -> bool {
        match &self.0 {
            Members::Few(few) => few.binary_search(value).is_ok(),
            Members::Many(many) => many.contains(value),
        }
    }

    /// Adds a member; `false` when it was one already.
    pub fn insert(&mut self, value: T) -> bool {
        match &mut self.0 {
            Members::Few(few) => {
                let Err(place) = few.binary_search(&value) else {
                    return false;
                };
                if few.len() >= FEW {
                    let mut many: BTreeSet<T> = std::mem::take(few).into_iter().collect();
                    many.insert(value);
                    self.0 = Members::Many(many);
                } else {
                    // Most have one member; the usual growth would reserve room for four.
                    if few.len() == few.capacity() {
                        few.reserve_exact(if few.is_empty() { 1 } else { few.len() });
                    }
                    few.insert(place, value);
                }
                true
            }
            Members::Many(many) => many.insert(value),
        }
    }
}

impl<T> Set<T> {
    /// Takes all members out.
    pub fn clear(&mut self) {
        self.0 = Members::Few(Vec::new());
    }

    /// Takes out the member that equals something; `false` when there was none.
    pub fn remove<Q: Ord + ?Sized>(&mut self, value: &Q) -> bool
    where
        T: std::borrow::Borrow<Q> + Ord,
    {
        match &mut self.0 {
            Members::Few(few) => match few.binary_search_by(|member| member.borrow().cmp(value)) {
                Ok(place) => {
                    few.remove(place);
                    true
                }
                Err(_) => false,
            },
            Members::Many(many) => many.remove(value),
        }
    }
}

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Set<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}

impl<T: PartialEq> PartialEq for Set<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other)
    }
}

impl<T: Eq> Eq for Set<T> {}

impl<T: PartialOrd> PartialOrd for Set<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.iter().partial_cmp(other)
    }
}

impl<T: Ord> Ord for Set<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.iter().cmp(other)
    }
}

impl<T: std::hash::Hash> std::hash::Hash for Set<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.iter().for_each(|value| value.hash(state));
    }
}

impl<T: Ord> Extend<T> for Set<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        for value in values {
            self.insert(value);
        }
    }
}

impl<T: Ord> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut few: Vec<T> = values.into_iter().collect();
        few.sort_unstable();
        few.dedup();
        if few.len() > FEW {
            return Self(Members::Many(few.into_iter().collect()));
        }
        few.shrink_to_fit();
        Self(Members::Few(few))
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for Set<T> {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Ord> From<BTreeSet<T>> for Set<T> {
    fn from(values: BTreeSet<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<'a, T> IntoIterator for &'a Set<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Set<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        match self.0 {
            Members::Few(few) => IntoIter::Few(few.into_iter()),
            Members::Many(many) => IntoIter::Many(many.into_iter()),
        }
    }
}

/// The members by reference, in order.
#[derive(Debug)]
pub enum Iter<'a, T> {
    /// Of a small set.
    Few(std::slice::Iter<'a, T>),
    /// Of a large one.
    Many(btree_set::Iter<'a, T>),
}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        match self {
            Self::Few(few) => Self::Few(few.clone()),
            Self::Many(many) => Self::Many(many.clone()),
        }
    }
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        match self {
            Self::Few(few) => few.next(),
            Self::Many(many) => many.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Few(few) => few.size_hint(),
            Self::Many(many) => many.size_hint(),
        }
    }
}

impl<T> DoubleEndedIterator for Iter<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            Self::Few(few) => few.next_back(),
            Self::Many(many) => many.next_back(),
        }
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}

/// The members, in order.
#[derive(Debug)]
pub enum IntoIter<T> {
    /// Of a small set.
    Few(std::vec::IntoIter<T>),
    /// Of a large one.
    Many(btree_set::IntoIter<T>),
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match self {
            Self::Few(few) => few.next(),
            Self::Many(many) => many.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Few(few) => few.size_hint(),
            Self::Many(many) => many.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_or_large_it_is_the_same_set() {
        for count in [0_usize, 1, 5, FEW, FEW + 1, 200] {
            let values = (0..count).map(|i| i * 7919 % 251);
            let one_by_one = values.clone().fold(Set::new(), |mut set, value| {
                set.insert(value);
                assert!(!set.insert(value));
                set
            });
            let tree: BTreeSet<usize> = values.clone().collect();
            let at_once: Set<usize> = values.chain(tree.clone()).collect();
            assert_eq!(one_by_one, at_once);
            assert!(at_once.iter().eq(&tree) && at_once.clone().into_iter().eq(tree.clone()));
            assert!(at_once.iter().rev().eq(tree.iter().rev()));
            assert_eq!(at_once.contains(&3), tree.contains(&3));
        }
    }
}
