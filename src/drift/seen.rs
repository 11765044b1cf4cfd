//! Whether a scan looked where a fact had been read. What was not looked at has not vanished.

use crate::snapshot::{Evidence, Snapshot};
use std::collections::BTreeSet;

/// What one scan looked at.
pub(super) struct Seen<'a> {
    readers: BTreeSet<&'a str>,
    unread: BTreeSet<&'a str>,
    accounts: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Seen<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        let read = snapshot.coverage.readers.iter();
        let problems = snapshot.coverage.problems.iter();
        let mut accounts = BTreeSet::new();
        for identity in &snapshot.identities {
            if let Some(account) = identity.account.as_deref() {
                accounts.extend(
                    identity
                        .evidence
                        .iter()
                        .map(|e| (e.reader.as_str(), account)),
                );
            }
        }
        Self {
            readers: read.filter(|(_, n)| **n > 0).map(|(r, _)| &**r).collect(),
            // A note says that everything was read; the other kinds that something was not.
            unread: problems
                .filter(|p| p.kind != "note")
                .map(|p| &*p.path)
                .collect(),
            accounts,
        }
    }

    /// Whether the source of a piece of evidence was looked at: its reader read something, and the
    /// file, if it was met, could be read. A record of an export speaks of one account, so the export
    /// was looked at only if it spoke of that account.
    pub(super) fn source(&self, evidence: &Evidence, account: Option<&str>) -> bool {
        let account_seen = match account {
            Some(account) if evidence.pointer.is_some() => {
                self.accounts.contains(&(evidence.reader.as_str(), account))
            }
            _ => true,
        };
        self.readers.contains(&*evidence.reader)
            && !self.unread.contains(&*evidence.path)
            && account_seen
    }

    /// Whether all sources were looked at. Facts without evidence do not exist; to be told of none is
    /// to be told nothing.
    pub(super) fn all<'e>(
        &self,
        evidence: impl IntoIterator<Item = &'e Evidence>,
        account: Option<&str>,
    ) -> bool {
        let mut evidence = evidence.into_iter().peekable();
        evidence.peek().is_some() && evidence.all(|e| self.source(e, account))
    }
}
