//! Whether a scan looked where a fact had been read. What was not looked at has not vanished.

use crate::snapshot::{Evidence, Snapshot};
use std::collections::BTreeSet;

/// What one scan looked at.
pub(super) struct Seen<'a> {
    /// Readers that read something in the other scan and nothing in this one. What neither scan counts
    /// (settings, say) is not a reader of inputs, and was always looked at.
    idle: BTreeSet<&'a str>,
    unread: BTreeSet<&'a str>,
    accounts: BTreeSet<&'a str>,
}

impl<'a> Seen<'a> {
    /// What `snapshot` looked at, by the measure of another scan.
    pub(super) fn new(snapshot: &'a Snapshot, other: &'a Snapshot) -> Self {
        let busy = |s: &'a Snapshot| {
            let readers = s.coverage.readers.iter();
            readers.filter(|(_, n)| **n > 0).map(|(name, _)| &**name)
        };
        let here: BTreeSet<_> = busy(snapshot).collect();
        let problems = snapshot.coverage.problems.iter();
        let identities = snapshot.identities.iter().map(|i| i.account.as_deref());
        let credentials = snapshot.credentials.iter().map(|c| c.account.as_deref());
        let accounts = identities.chain(credentials);
        Self {
            idle: busy(other).filter(|name| !here.contains(name)).collect(),
            // A note says that everything was read; the other kinds that something was not.
            unread: problems
                .filter(|p| p.kind != "note")
                .map(|p| &*p.path)
                .collect(),
            accounts: accounts.flatten().collect(),
        }
    }

    /// Whether the source of a piece of evidence was looked at: its reader was not idle, and the
    /// file, if it was met, could be read. A record of an export speaks of one account, so the export
    /// was looked at only if something of that account was found. (By any reader: when the last key of an
    /// account is deleted, its listing is empty, but its users are still there.)
    pub(super) fn source(&self, evidence: &Evidence, account: Option<&str>) -> bool {
        let account_seen = match account {
            // What the detector points at is a commit.
            Some(account) if evidence.pointer.is_some() && evidence.reader != "secrets" => {
                self.accounts.contains(account)
            }
            _ => true,
        };
        !self.idle.contains(&*evidence.reader)
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
