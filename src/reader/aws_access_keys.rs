//! Access key listings (`aws iam list-access-keys`) and last-use answers (`get-access-key-last-used`).
//!
//! Neither names an account. Newer key ids carry theirs; where it stays unknown, the key is linked to a
//! provisional identity `aws:user-name:<UserName>`, which the join resolves against the other exports.

use super::Reader;
use super::aws_json::{Date, Item, pages, utf8};
use crate::model::{
    Credential, CredentialId, CredentialLink, CredentialStatus, Document, Evidence, Facts,
    Identity, IdentityId, IdentityKind, Moment, Platform, Presence, Probe, Problem, ProblemKind,
    Str,
};
use crate::platform::aws::arn::is_name;
use crate::platform::aws::key_id;
use serde::Deserialize;
use serde_json::value::RawValue;

const NAME: &str = "aws-access-keys";

/// Reads access key listings.
pub struct AwsAccessKeys;

impl Reader for AwsAccessKeys {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let head = utf8(probe.head);
        let has = |text: &str| memchr::memmem::find(&head, text.as_bytes()).is_some();
        matches!(head.trim_ascii_start().first(), Some(b'{' | b'['))
            && (has("\"AccessKeyMetadata\"") || has("\"AccessKeyLastUsed\""))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut listing = Listing {
            document,
            facts: Facts::default(),
            problems: Vec::new(),
        };
        let bytes = utf8(document.bytes);
        let mut page = Page::default();
        let mut more = false;
        let end = pages(&bytes, &["AccessKeyMetadata"], &mut |item| match item {
            Item::Element { raw, pointer, .. } => listing.element(raw, &pointer),
            Item::NotAList { pointer } => {
                listing.problem(ProblemKind::Malformed, format!("{pointer}: not a list"))
            }
            Item::Member { key, raw } => match key {
                "IsTruncated" => page.truncated = raw.get() == "true",
                "UserName" => page.user = serde_json::from_str(raw.get()).ok(),
                "AccessKeyId" => page.key = serde_json::from_str(raw.get()).ok(),
                "AccessKeyLastUsed" => page.used = serde_json::from_str(raw.get()).ok(),
                _ => {}
            },
            Item::PageEnd => {
                let page = std::mem::take(&mut page);
                more = page.truncated;
                listing.last_used(page);
            }
        });
        if let Err(stop) = end {
            let message = format!("{}; what stands before it was kept", stop.message);
            listing.problem(ProblemKind::Malformed, message);
            if let Some(problem) = listing.problems.last_mut() {
                problem.line = Some(stop.line);
                problem.column = Some(stop.column);
            }
        } else if more {
            let message = "the listing says that more pages exist after its last one (IsTruncated)";
            listing.problem(ProblemKind::Note, message.to_owned());
        }
        listing.facts.sources.sort();
        listing.facts.sources.dedup();
        (listing.facts, listing.problems)
    }
}

/// What a page says outside its list: the answer of `get-access-key-last-used`.
#[derive(Default)]
struct Page {
    truncated: bool,
    user: Option<String>,
    key: Option<String>,
    used: Option<LastUsed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    access_key_id: String,
    user_name: Option<String>,
    status: Option<String>,
    create_date: Option<Date>,
    /// Some dumps put the answer of the other call here.
    access_key_last_used: Option<LastUsed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LastUsed {
    last_used_date: Option<Date>,
    service_name: Option<String>,
}

impl LastUsed {
    /// An answer without a date is that of a key that was never used.
    fn moment(&self) -> Moment {
        match self.last_used_date {
            Some(Date(Some(time))) => Moment::At(time),
            Some(Date(None)) => Moment::Unknown,
            None if self.service_name.as_deref() == Some("N/A") => Moment::Never,
            None => Moment::Unknown,
        }
    }
}

struct Listing<'a> {
    document: &'a Document<'a>,
    facts: Facts,
    problems: Vec<Problem>,
}

impl Listing<'_> {
    fn problem(&mut self, kind: ProblemKind, message: String) {
        self.problems.push(Problem {
            path: self.document.origin.path.clone(),
            line: None,
            column: None,
            kind,
            reader: NAME,
            message: message.into(),
        });
    }

    fn element(&mut self, raw: &RawValue, pointer: &str) {
        let key = serde_json::from_str::<Key>(raw.get()).ok();
        let Some(key) = key.filter(|key| plausible(&key.access_key_id)) else {
            let message = format!("{pointer}: not an access key record; left out");
            return self.problem(ProblemKind::Malformed, message);
        };
        let evidence = self.document.at_record(NAME, pointer);
        let mut found = self.credential(&key.access_key_id, key.user_name.as_deref(), &evidence);
        found.status = match key.status.as_deref() {
            Some(s) if s.eq_ignore_ascii_case("active") => CredentialStatus::Active,
            Some(s) if s.eq_ignore_ascii_case("inactive") => CredentialStatus::Inactive,
            Some(s) if s.eq_ignore_ascii_case("expired") => CredentialStatus::Expired,
            _ => CredentialStatus::Unknown,
        };
        found.created = key.create_date.and_then(|date| date.0);
        if let Some(used) = &key.access_key_last_used {
            found.last_used = used.moment();
        }
        if let Some(account) = &found.account {
            self.facts.sources.push((NAME.into(), account.clone()));
        }
        self.facts.credentials.push(found);
    }

    /// The answer about one key's last use. It names the user; the key only in dumps that add its id.
    fn last_used(&mut self, page: Page) {
        let Some(used) = page.used else {
            return;
        };
        let evidence = self.document.at_record(NAME, "/AccessKeyLastUsed");
        if let Some(id) = page.key.filter(|id| plausible(id)) {
            let mut found = self.credential(&id, page.user.as_deref(), &evidence);
            found.last_used = used.moment();
            self.facts.credentials.push(found);
        } else if let Some(user) = page.user {
            let id = provisional(&user, None);
            self.mention(&id, &user, None, &evidence);
            // One key's silence says nothing about the user's other keys.
            if let (Moment::At(_), Some(identity)) =
                (used.moment(), self.facts.identities.last_mut())
            {
                identity.last_used = used.moment();
            }
        }
    }

    fn credential(&mut self, key: &str, user: Option<&str>, evidence: &Evidence) -> Credential {
        let account: Option<Str> = key_id::account(key).map(Str::from);
        let id = CredentialId::from(format!("aws:access-key:{key}"));
        let mut found = Credential::new(id, "aws-access-key", "aws", "AWS access key");
        found.display = Some(key.into());
        found.expires = Moment::Never;
        if let Some(user) = user.filter(|user| !user.is_empty()) {
            let id = provisional(user, account.as_deref());
            self.mention(&id, user, account.clone(), evidence);
            found.links.insert(CredentialLink {
                identity: id,
                basis: "access key listing names the user".into(),
                evidence: evidence.clone(),
            });
            found.revocation = is_name(user).then(|| {
                format!("aws iam delete-access-key --user-name {user} --access-key-id {key}").into()
            });
        }
        found.account = account;
        found.records.insert(evidence.clone());
        found
    }

    fn mention(&mut self, id: &IdentityId, user: &str, account: Option<Str>, at: &Evidence) {
        let mut identity = Identity::new(id.clone(), Platform::Aws, IdentityKind::AwsUser, user);
        identity.account = account;
        identity.presence.insert(Presence::Referenced);
        identity.evidence.insert(at.clone());
        self.facts.identities.push(identity);
    }
}

/// The id of a user of whom only the name is known, and perhaps the account.
fn provisional(user: &str, account: Option<&str>) -> IdentityId {
    match account {
        Some(account) => format!("aws:user-name:{account}/{user}").into(),
        None => format!("aws:user-name:{user}").into(),
    }
}

/// Whether a text can be a key id: 16 to 128 word characters, as the API's own model says.
fn plausible(id: &str) -> bool {
    (16..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
