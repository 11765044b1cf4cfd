//! Which names are one party's: sets that grow together, and why.

use crate::model::{Evidence, Owner};
use std::collections::{HashMap, HashSet};

/// Names, numbered as they come, and the sets they form.
#[derive(Debug, Default)]
pub(super) struct Ties<'a> {
    owners: Vec<Owner>,
    numbers: HashMap<Owner, usize>,
    /// The way to the one that stands for the set.
    up: Vec<usize>,
    size: Vec<usize>,
    /// Of the set's first: the roster's person and team.
    known: Vec<Known>,
    pub(super) edges: Vec<Edge<'a>>,
}

/// What the roster knows of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub person: Option<usize>,
    pub team: Option<usize>,
}

/// Why two names are one party's.
#[derive(Debug)]
pub(super) struct Edge<'a> {
    pub one: usize,
    pub other: usize,
    pub why: &'static str,
    pub evidence: Option<&'a Evidence>,
}

impl<'a> Ties<'a> {
    /// The number of a name.
    pub(super) fn number(&mut self, owner: &Owner) -> usize {
        if let Some(&known) = self.numbers.get(owner) {
            return known;
        }
        let number = self.owners.len();
        self.owners.push(owner.clone());
        self.numbers.insert(owner.clone(), number);
        self.up.push(number);
        self.size.push(1);
        self.known.push(Known::default());
        number
    }

    pub(super) fn get(&self, owner: &Owner) -> Option<usize> {
        self.numbers.get(owner).copied()
    }

    /// All names, by number.
    pub(super) fn owners(&self) -> &[Owner] {
        &self.owners
    }

    /// The one that stands for the set.
    pub(super) fn root(&mut self, number: usize) -> usize {
        let mut at = number;
        while let Some(&up) = self.up.get(at) {
            if up == at {
                break;
            }
            let above = self.up.get(up).copied().unwrap_or(up);
            if let Some(slot) = self.up.get_mut(at) {
                *slot = above;
            }
            at = above;
        }
        at
    }

    pub(super) fn known(&mut self, number: usize) -> Known {
        let root = self.root(number);
        self.known.get(root).copied().unwrap_or_default()
    }

    /// Says that a name is that of a person of the roster.
    pub(super) fn mark(&mut self, number: usize, person: Option<usize>, team: Option<usize>) {
        let root = self.root(number);
        if let Some(known) = self.known.get_mut(root) {
            known.person = known.person.or(person);
            known.team = known.team.or(team);
        }
    }

    /// Makes two names one party's because somebody says so.
    pub(super) fn tie(
        &mut self,
        one: usize,
        other: usize,
        why: &'static str,
        evidence: Option<&'a Evidence>,
    ) {
        let (a, b) = (self.root(one), self.root(other));
        if a == b {
            return;
        }
        let size = |at: usize| self.size.get(at).copied().unwrap_or_default();
        let (high, low) = if size(a) >= size(b) { (a, b) } else { (b, a) };
        let total = size(a) + size(b);
        if let Some(up) = self.up.get_mut(low) {
            *up = high;
        }
        if let Some(size) = self.size.get_mut(high) {
            *size = total;
        }
        let lower = self.known.get(low).copied().unwrap_or_default();
        if let Some(known) = self.known.get_mut(high) {
            known.person = known.person.or(lower.person);
            known.team = known.team.or(lower.team);
        }
        self.edges.push(Edge {
            one,
            other,
            why,
            evidence,
        });
    }

    /// Makes two names one party's because they look it, unless the roster knows them for two.
    pub(super) fn liken(
        &mut self,
        one: usize,
        other: usize,
        why: &'static str,
        evidence: Option<&'a Evidence>,
    ) {
        let (a, b) = (self.known(one), self.known(other));
        let two = |x: Option<usize>, y: Option<usize>| x.is_some() && y.is_some() && x != y;
        let mixed = (a.person.is_some() && b.team.is_some() && a.team.is_none())
            || (b.person.is_some() && a.team.is_some() && b.team.is_none());
        if !two(a.person, b.person) && !two(a.team, b.team) && !mixed {
            self.tie(one, other, why, evidence);
        }
    }

    /// The distinct sets that some names are in, up to two.
    pub(super) fn sets(&mut self, numbers: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut seen = HashSet::new();
        let mut sets = Vec::new();
        for number in numbers {
            let root = self.root(number);
            if seen.insert(root) {
                sets.push(root);
                if sets.len() > 1 {
                    break;
                }
            }
        }
        sets
    }
}
