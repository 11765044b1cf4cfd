//! Snapshots of one account: exports of the same kind that hold a record of the same principal were taken at
//! different times. The newest tells what there is; the one before it what has changed.
//!
//! While documents are read, only this is kept of each: whom it speaks of (as digests) and what dates it. Where
//! nothing overlaps, and that is the rule, nothing else happens. Where it does, the exports of AWS are read again,
//! each into the side that it belongs to: facts merge field by field and cannot be told apart afterwards.

mod compare;
mod name;
mod plan;
mod rank;

pub(super) use compare::apart;
pub(super) use plan::Plan;

use crate::model::{Document, Facts, Moment, Origin, Platform, Presence, Str, Timestamp};
use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Listings of whole accounts, in the order in which they decide which snapshots there are.
const LISTINGS: [&str; 5] = [
    "aws-authorization-details",
    "aws-credential-report",
    "aws-principals",
    "aws-access-keys",
    "aws-user-credentials",
];
/// Lists that are asked for one principal at a time overlap with the answer about one of them: the dates inside tell
/// nothing of when they were written.
const NEVER_GUESSED: &str = "aws-principals";
const COLLECTION: &str = "aws-collection";

/// What is kept of a document that a reader of AWS's exports has read.
#[derive(Debug)]
pub(super) struct Record {
    origin: Arc<Origin>,
    reader: &'static str,
    accounts: BTreeMap<Str, Held>,
    /// When it was written, as it says itself.
    stated: Option<Timestamp>,
}

/// What a document holds of one account.
#[derive(Debug, Default)]
struct Held {
    /// Digests of the principals or credentials listed.
    keys: Vec<u64>,
    /// The sorts of records there are.
    sorts: u8,
    /// The latest date of any record.
    newest: Option<Timestamp>,
}

impl Record {
    pub(super) fn new(document: &Document<'_>, reader: &'static str) -> Self {
        let stated = match reader {
            COLLECTION => text_member(document.bytes, "Finished")
                .or_else(|| text_member(document.bytes, "Started")),
            "aws-credential-report" => text_member(document.bytes, "GeneratedTime"),
            _ => None,
        };
        Self {
            origin: Arc::clone(document.origin),
            reader,
            accounts: BTreeMap::new(),
            stated,
        }
    }

    /// Whether it is worth keeping.
    pub(super) fn tells(&self) -> bool {
        !self.accounts.is_empty() || self.stated.is_some() || self.reader != COLLECTION
    }

    fn held(&mut self, account: Option<&Str>) -> &mut Held {
        let account = account.map_or("", |account| &**account);
        if !self.accounts.contains_key(account) {
            self.accounts.insert(account.into(), Held::default());
        }
        self.accounts.entry(account.into()).or_default()
    }

    /// Takes note of facts of the document.
    pub(super) fn note(&mut self, facts: &Facts) {
        let credentials_only = matches!(self.reader, "aws-access-keys" | "aws-user-credentials");
        let listing = LISTINGS.contains(&self.reader);
        for (_, account) in &facts.sources {
            if account.len() == 12 {
                self.held(Some(account));
            }
        }
        for identity in &facts.identities {
            if identity.platform != Platform::Aws
                || !identity.presence.contains(&Presence::Observed)
                || credentials_only
            {
                continue;
            }
            let held = self.held(identity.account.as_ref());
            held.newest = held
                .newest
                .max(identity.created)
                .max(identity.last_used.at());
            held.sorts |= 1 << (identity.kind as u8).min(6);
            if listing {
                held.keys.push(digest(&identity.id.0));
            }
        }
        for credential in &facts.credentials {
            let held = self.held(credential.account.as_ref());
            held.newest = held
                .newest
                .max(credential.created)
                .max(credential.last_used.at());
            // The answer about a key's last use is no listing of it, nor is a listing that has both in one.
            if credentials_only && credential.created.is_some() {
                let used = credential.last_used != Moment::Unknown;
                held.keys.push(digest(&(&credential.id.0, used)));
            }
        }
        for policy in &facts.policies {
            if policy.account.as_deref().is_some_and(|a| a.len() == 12) {
                let held = self.held(policy.account.as_ref());
                held.sorts |= 1 << 7;
                held.newest = held.newest.max(policy.as_of);
            }
        }
    }
}

/// The same on every machine and in every run.
fn digest(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// A date that is a text member of a JSON document, wherever it stands.
fn text_member(bytes: &[u8], key: &str) -> Option<Timestamp> {
    let quoted = format!("\"{key}\"");
    let at = memchr::memmem::rfind(bytes, quoted.as_bytes())?;
    let rest = bytes.get(at + quoted.len()..)?.trim_ascii_start();
    let rest = rest.strip_prefix(b":")?.trim_ascii_start();
    let text = rest.strip_prefix(b"\"")?;
    let end = memchr::memchr(b'"', text.get(..64).unwrap_or(text))?;
    Timestamp::parse(std::str::from_utf8(text.get(..end)?).ok()?)
}
