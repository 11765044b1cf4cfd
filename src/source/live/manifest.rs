//! What a collection has and what it lacks, beside the answers in the same folder. `reader::aws_collection` reads it.

use super::trouble::Failure;
use crate::model::Timestamp;
use crate::source::open;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// The file's name.
pub(super) const NAME: &str = "tenure-collection.json";
/// The form that is written here.
const FORM: u32 = 1;
/// Larger ones are not this program's.
const LIMIT: u64 = 16 << 20;
/// Answers of one collection are of one day, in seconds.
const DAY: i64 = 86_400;

/// The whole file. It holds no credentials.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Manifest {
    /// The form.
    pub tenure_collection: u32,
    /// Whose answers these are.
    #[serde(rename = "AccountId")]
    pub account: String,
    /// Who asked.
    pub caller: String,
    /// When the first question was asked.
    pub started: String,
    /// When everything had been asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// By name of the question.
    pub parts: BTreeMap<String, Part>,
}

/// One question, and how far it is answered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Part {
    /// How far.
    pub state: State,
    /// Why it is not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Pages, or things asked about, that are written.
    #[serde(default)]
    pub done: usize,
    /// How long the file is with these.
    #[serde(default)]
    pub bytes: u64,
    /// Where the next page begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// A digest of the list of things to ask about: a changed list is begun anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subjects: Option<String>,
}

/// How far a question is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// Not asked yet.
    #[default]
    Pending,
    /// In part.
    Partial,
    /// Whole.
    Complete,
    /// The caller may not ask.
    Denied,
    /// Refused or failed otherwise.
    Failed,
}

impl Manifest {
    /// A new one.
    pub(super) fn new(account: &str, caller: &str) -> Self {
        Self {
            tenure_collection: FORM,
            account: account.to_owned(),
            caller: caller.to_owned(),
            started: now().to_string(),
            finished: None,
            parts: BTreeMap::new(),
        }
    }

    /// Reads the one in a folder; `None` where there is none.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join(NAME);
        let bytes = match open::small(&path, LIMIT) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::Folder(path, error)),
        };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(manifest) if manifest.tenure_collection == FORM => Ok(Some(manifest)),
            _ => Err(Failure::Usage(format!(
                "{}: not the state of a collection by this version of tenure; collect into another folder",
                path.display()
            ))),
        }
    }

    /// Whether a collection from this account may go on now.
    pub(super) fn goes_on(&self, folder: &Path, account: &str) -> Result<(), Failure> {
        let refuse = |why: String| Err(Failure::Usage(format!("{}: {why}", folder.display())));
        if self.account != account {
            return refuse(format!(
                "holds answers of account {}, and the credentials are of account {account}",
                self.account
            ));
        }
        let age = Timestamp::parse(&self.started).map(|start| now().seconds() - start.seconds());
        match age {
            Some(age) if (0..DAY).contains(&age) => Ok(()),
            _ => refuse(format!(
                "was begun at {}, more than a day ago: accounts change; collect into another folder",
                self.started
            )),
        }
    }
}

/// The time of asking.
pub(super) fn now() -> Timestamp {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    Timestamp::from_seconds(i64::try_from(seconds).unwrap_or_default())
}
