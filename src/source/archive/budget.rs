//! What may come out of one outermost archive, all depths together.

use super::Limits;
use std::cell::Cell;
use std::io::{self, Read};

/// What is left.
pub(super) struct Budget {
    bytes: Cell<u64>,
    members: Cell<u64>,
    spent: Cell<bool>,
}

impl Budget {
    /// For an archive of this many bytes.
    pub(super) fn new(limits: &Limits, size: u64) -> Self {
        Self {
            bytes: Cell::new(
                limits
                    .base
                    .saturating_add(size.saturating_mul(limits.ratio)),
            ),
            members: Cell::new(limits.members),
            spent: Cell::new(false),
        }
    }

    /// Whether the archive has had its share: nothing more of it is read.
    pub(super) fn spent(&self) -> bool {
        self.spent.get()
    }

    /// Takes one member from the budget. `false` when there is none left.
    pub(super) fn member(&self) -> bool {
        match self.members.get().checked_sub(1) {
            Some(left) => self.members.set(left),
            None => self.spent.set(true),
        }
        !self.spent.get()
    }

    /// Counts what a decompressor gives against the budget.
    pub(super) fn metered<R: Read>(&self, inner: R) -> Metered<'_, R> {
        Metered {
            inner,
            budget: self,
        }
    }
}

/// A stream whose bytes are counted.
pub(super) struct Metered<'a, R> {
    inner: R,
    budget: &'a Budget,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.budget.spent() {
            return Err(io::Error::other("expands too far"));
        }
        let count = self.inner.read(buffer)?;
        match self.budget.bytes.get().checked_sub(count as u64) {
            Some(left) => self.budget.bytes.set(left),
            None => self.budget.spent.set(true),
        }
        Ok(count)
    }
}
