//! IAM credential report: every user's password, access keys and certificates, without key ids.
//!
//! The CSV as the console gives it, the same in base64, or the API's JSON answer around that.

use super::Reader;
use super::aws_json::utf8;
use crate::model::{
    Credential, CredentialId, CredentialLink, CredentialStatus, Document, Evidence, Facts,
    Humanity, Identity, IdentityId, IdentityKind, Moment, Platform, Presence, Probe, Problem,
    ProblemKind, Str, Timestamp,
};
use crate::platform::aws::arn::{Arn, is_name};
use base64::Engine as _;
use std::borrow::Cow;
use std::collections::HashMap;

const NAME: &str = "aws-credential-report";
/// `user,arn,user_creation_time` in base64, up to the last whole group of three bytes.
const ENCODED: &str = "dXNlcixhcm4sdXNlcl9jcmVhdGlvbl90aW1l";
/// IAM tracks the use of passwords since 2014-10-20 and of access keys since 2015-04-22; an older
/// credential without a record of use may have been used before.
const PASSWORDS_TRACKED: Timestamp = Timestamp::from_seconds(1_413_763_200);
const KEYS_TRACKED: Timestamp = Timestamp::from_seconds(1_429_660_800);

/// Reads credential reports.
pub struct AwsCredentialReport;

impl Reader for AwsCredentialReport {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let head = utf8(probe.head);
        let first = head.split(|&b| b == b'\n').next().unwrap_or_default();
        let has = |text: &str| memchr::memmem::find(first, text.as_bytes()).is_some();
        has("arn") && has("user_creation_time") && has("password_enabled")
            || head.trim_ascii_start().starts_with(ENCODED.as_bytes())
            || head.trim_ascii_start().starts_with(b"{")
                && memchr::memmem::find(&head, ENCODED.as_bytes()).is_some()
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut report = Report {
            document,
            facts: Facts::default(),
            problems: Vec::new(),
        };
        let bytes = utf8(document.bytes);
        match unwrapped(&bytes) {
            Ok(csv) => report.csv(&csv),
            Err(message) => report.malformed(message.to_owned()),
        }
        report.facts.sources.sort();
        report.facts.sources.dedup();
        (report.facts, report.problems)
    }
}

#[derive(serde::Deserialize)]
struct Answer {
    #[serde(rename = "Content")]
    content: String,
}

/// The CSV inside whatever is around it.
fn unwrapped(bytes: &[u8]) -> Result<Cow<'_, [u8]>, &'static str> {
    let start = bytes.trim_ascii_start();
    let encoded = if start.starts_with(b"{") {
        let answer: Answer = serde_json::from_slice(start)
            .map_err(|_| "not the API's answer: no text member `Content`, or cut off")?;
        Cow::Owned(answer.content.into_bytes())
    } else {
        Cow::Borrowed(start)
    };
    if !encoded.starts_with(ENCODED.as_bytes()) {
        return Ok(encoded);
    }
    let encoded: Vec<u8> = encoded
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    match base64::engine::general_purpose::STANDARD.decode(encoded) {
        Ok(csv) => Ok(Cow::Owned(csv)),
        Err(_) => Err("the report's base64 is broken or cut off"),
    }
}

struct Report<'a> {
    document: &'a Document<'a>,
    facts: Facts,
    problems: Vec<Problem>,
}

/// A row by column name.
struct Row<'a> {
    columns: &'a HashMap<String, usize>,
    record: &'a csv::StringRecord,
}

impl Row<'_> {
    fn get(&self, column: &str) -> &str {
        let value = self.columns.get(column).and_then(|&i| self.record.get(i));
        value.unwrap_or_default().trim()
    }

    fn flag(&self, column: &str) -> Option<bool> {
        let value = self.get(column);
        if value.eq_ignore_ascii_case("true") {
            Some(true)
        } else if value.eq_ignore_ascii_case("false") {
            Some(false)
        } else {
            None
        }
    }

    fn time(&self, column: &str) -> Option<Timestamp> {
        Timestamp::parse(self.get(column))
    }

    fn is(&self, column: &str, value: &str) -> bool {
        self.get(column).eq_ignore_ascii_case(value)
    }
}

impl Report<'_> {
    fn malformed(&mut self, message: String) {
        self.problems.push(Problem {
            path: self.document.origin.path.clone(),
            line: None,
            column: None,
            kind: ProblemKind::Malformed,
            reader: NAME,
            message: message.into(),
        });
    }

    fn csv(&mut self, bytes: &[u8]) {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let header = match reader.headers() {
            Ok(header) => header,
            Err(_) => return self.malformed("the header is not valid CSV in UTF-8".to_owned()),
        };
        let columns: HashMap<String, usize> = header
            .iter()
            .enumerate()
            .map(|(index, name)| (name.trim().to_ascii_lowercase(), index))
            .collect();
        let width = header.len();
        for (number, record) in (1_usize..).zip(reader.into_records()) {
            let record = match record {
                Ok(record) => record,
                Err(_) => {
                    self.malformed(format!("row {number} is not valid CSV in UTF-8; left out"));
                    continue;
                }
            };
            let row = Row {
                columns: &columns,
                record: &record,
            };
            if !self.row(&row, number) {
                self.malformed(format!("row {number} has no usable ARN; left out"));
            } else if record.len() < width {
                self.malformed(format!(
                    "row {number} has {} of {width} columns; the rest counts as unknown",
                    record.len()
                ));
            }
        }
    }

    fn row(&mut self, row: &Row<'_>, number: usize) -> bool {
        let text = row.get("arn");
        let Some(arn) = Arn::parse(text) else {
            return false;
        };
        let Some(account) = arn.customer().map(Str::from) else {
            return false;
        };
        let kind = match arn.kind() {
            "root" => IdentityKind::AwsRoot,
            "user" => IdentityKind::AwsUser,
            _ => return false,
        };
        let evidence = self.document.at_record(NAME, format!("row {number}"));
        self.facts.sources.push((NAME.into(), account.clone()));
        let id = IdentityId::from(text);
        let name = match (kind, row.get("user")) {
            (IdentityKind::AwsRoot, _) => "<root_account>",
            (_, "") => arn.name(),
            (_, name) => name,
        };
        let mut identity = Identity::new(id.clone(), Platform::Aws, kind, name);
        identity.account = Some(account.clone());
        identity.presence.insert(Presence::Observed);
        identity.created = row.time("user_creation_time");
        identity.console_access = row.flag("password_enabled");
        identity.mfa = row.flag("mfa_active");
        if let Some(used) = row.time("password_last_used") {
            identity.last_used = Moment::At(used);
        }
        if kind == IdentityKind::AwsRoot {
            identity.humanity = (Humanity::Undetermined, "root user of the account".into());
        }
        identity.evidence.insert(evidence.clone());
        let maker = Maker {
            row,
            id: &id,
            name,
            account: &account,
            evidence: &evidence,
        };
        let found = [
            maker.password(),
            maker.access_key(1),
            maker.access_key(2),
            maker.certificate(1),
            maker.certificate(2),
        ];
        self.facts.credentials.extend(found.into_iter().flatten());
        self.facts.identities.push(identity);
        true
    }
}

/// Makes the credentials of one row.
struct Maker<'a> {
    row: &'a Row<'a>,
    id: &'a IdentityId,
    name: &'a str,
    account: &'a Str,
    evidence: &'a Evidence,
}

impl Maker<'_> {
    fn password(&self) -> Option<Credential> {
        if self.row.flag("password_enabled") != Some(true) {
            return None;
        }
        let mut found = self.credential(
            format!("aws:password:{}", self.id),
            "aws-console-password",
            "AWS console password",
        );
        found.status = CredentialStatus::Active;
        found.created = self.row.time("password_last_changed");
        let since = self.row.time("user_creation_time");
        found.last_used = match self.row.time("password_last_used") {
            Some(time) => Moment::At(time),
            // For a user younger than the tracking, no information means no sign-in.
            None if self.row.is("password_last_used", "no_information")
                && since.is_some_and(|since| since >= PASSWORDS_TRACKED) =>
            {
                Moment::Never
            }
            None => Moment::Unknown,
        };
        found.expires = match self.row.time("password_next_rotation") {
            Some(time) => Moment::At(time),
            None if self.row.is("password_next_rotation", "N/A") => Moment::Never,
            None => Moment::Unknown,
        };
        found.revocation = is_name(self.name)
            .then(|| format!("aws iam delete-login-profile --user-name {}", self.name).into());
        Some(found)
    }

    fn access_key(&self, slot: u8) -> Option<Credential> {
        let column = |name: &str| format!("access_key_{slot}_{name}");
        let active = self.row.flag(&column("active"))?;
        let created = self.row.time(&column("last_rotated"));
        // A slot that holds no key is inactive without a date.
        if !active && created.is_none() {
            return None;
        }
        let mut found = self.credential(
            format!("aws:access-key:{}#{slot}", self.id),
            "aws-access-key",
            "AWS access key",
        );
        found.status = status(active);
        found.created = created;
        found.expires = Moment::Never;
        let used = column("last_used_date");
        found.last_used = match self.row.time(&used) {
            Some(time) => Moment::At(time),
            None if self.row.is(&used, "N/A")
                && created.is_some_and(|created| created >= KEYS_TRACKED) =>
            {
                Moment::Never
            }
            None => Moment::Unknown,
        };
        Some(found)
    }

    fn certificate(&self, slot: u8) -> Option<Credential> {
        let active = self.row.flag(&format!("cert_{slot}_active"))?;
        let created = self.row.time(&format!("cert_{slot}_last_rotated"));
        if !active && created.is_none() {
            return None;
        }
        let mut found = self.credential(
            format!("aws:signing-certificate:{}#{slot}", self.id),
            "aws-signing-certificate",
            "AWS signing certificate",
        );
        found.status = status(active);
        found.created = created;
        Some(found)
    }

    fn credential(&self, id: String, kind: &str, title: &str) -> Credential {
        let mut found = Credential::new(CredentialId::from(id), kind, "aws", title);
        found.account = Some(self.account.clone());
        found.links.insert(CredentialLink {
            identity: self.id.clone(),
            basis: "credential report names the user".into(),
            evidence: self.evidence.clone(),
        });
        found.records.insert(self.evidence.clone());
        found
    }
}

fn status(active: bool) -> CredentialStatus {
    if active {
        CredentialStatus::Active
    } else {
        CredentialStatus::Inactive
    }
}
