//! Drift: two snapshots compared.
//!
//! *Unknown is not a change for the better.* A tier, an owner or an end that was known and is not known
//! any more is reported as exactly that (`tier-unknown`, `owner-unknown`, `expiry-unknown`), never as a
//! fall, a loss or a removal. An identity or credential that is missing only because its source was not
//! read this time is `identity-unseen` or `credential-unseen`, and a finding about it is not gone but
//! unverified.

mod credentials;
mod identities;
mod seen;
mod trusts;

use crate::model::{ChangeKind, Timestamp};
use crate::snapshot::{Baseline, Change, Evidence, Finding, Snapshot, Subject};
use seen::Seen;
use std::collections::BTreeMap;

/// Everything that changed from one snapshot to another, what to look at first first.
///
/// Comparing a snapshot with itself gives nothing; the order of the lists in a snapshot does not matter.
pub fn compare(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let sides = Sides {
        before,
        after,
        seen_before: Seen::new(before, after),
        seen_after: Seen::new(after, before),
        histories: after.coverage.history.is_some(),
    };
    let mut changes = Changes(Vec::new());
    identities::compare(&sides, &mut changes);
    trusts::compare(&sides, &mut changes);
    credentials::compare(&sides, &mut changes);
    let mut changes = changes.0;
    changes.sort_by(|(a_kind, a), (b_kind, b)| (a_kind, a).cmp(&(b_kind, b)));
    changes.dedup();
    changes.into_iter().map(|(_, change)| change).collect()
}

/// Writes the comparison with an earlier snapshot into the present one: each finding's status and first
/// sighting, the changes, and the findings that are gone (or unverified, where their source was not
/// read). Doing it again gives the same.
pub fn against_baseline(now: &mut Snapshot, before: &Snapshot) {
    let mut earlier: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in &before.findings {
        let first = earlier.entry(&finding.fingerprint).or_insert(finding);
        if sighting(finding) < sighting(first) {
            *first = finding;
        }
    }
    for finding in &mut now.findings {
        let known = earlier.remove(&*finding.fingerprint);
        let status = if known.is_some() { "persisting" } else { "new" };
        finding.status = Some(status.into());
        // A first sighting that cannot be read, or lies in the future, is not taken over.
        if let Some(known) = known
            && let Some(first) = sighting(known)
            && sighting(finding).is_none_or(|own| first < own)
        {
            finding.first_seen.clone_from(&known.first_seen);
        }
    }
    let changes = compare(before, now);
    let seen = Seen::new(now, before);
    let accounts = accounts(before);
    let gone = earlier
        .into_values()
        .map(|finding| {
            let account = accounts.get(&*finding.subject.id).copied();
            let read = seen.all(&finding.evidence, account);
            Finding {
                status: Some(if read { "gone" } else { "unverified" }.into()),
                ..finding.clone()
            }
        })
        .collect();
    now.baseline = Some(Baseline {
        scanned_at: before.scanned_at.clone(),
        changes,
        gone,
    });
}

/// The account that each identity and credential belongs to.
fn accounts(snapshot: &Snapshot) -> BTreeMap<&str, &str> {
    let identities = snapshot.identities.iter().map(|i| (&i.id, &i.account));
    let credentials = snapshot.credentials.iter().map(|c| (&c.id, &c.account));
    identities
        .chain(credentials)
        .filter_map(|(id, account)| Some((&**id, account.as_deref()?)))
        .collect()
}

fn sighting(finding: &Finding) -> Option<Timestamp> {
    Timestamp::parse(&finding.first_seen)
}

/// What the comparisons are handed.
struct Sides<'a> {
    before: &'a Snapshot,
    after: &'a Snapshot,
    seen_before: Seen<'a>,
    seen_after: Seen<'a>,
    /// Whether the later scan looked at histories.
    histories: bool,
}

/// What the comparisons append to.
struct Changes(Vec<(ChangeKind, Change)>);

/// One side of a change: what held, and where that was read.
#[derive(Default)]
struct Side(Option<String>, Vec<Evidence>);

impl Side {
    fn new(text: impl Into<String>, evidence: Vec<Evidence>) -> Self {
        Self(Some(text.into()), evidence)
    }
}

impl Changes {
    fn push(&mut self, kind: ChangeKind, subject: &Subject, before: Side, after: Side) {
        self.0.push((
            kind,
            Change {
                kind: kind.as_str().to_owned(),
                subject: subject.clone(),
                before: before.0,
                after: after.0,
                before_evidence: before.1,
                after_evidence: after.1,
            },
        ));
    }
}

/// Items by key; of two with the same key (only a broken snapshot has them) the first counts.
fn by_key<'a, T, K: Ord>(items: &'a [T], key: impl Fn(&'a T) -> K) -> BTreeMap<K, &'a T> {
    let mut map = BTreeMap::new();
    for item in items {
        map.entry(key(item)).or_insert(item);
    }
    map
}
