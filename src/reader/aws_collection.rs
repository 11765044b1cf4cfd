//! The manifest of `tenure collect aws`: which answers of an account are missing, so that "not found" is not taken for
//! "not there".

use super::Reader;
use super::aws_json::utf8;
use crate::model::{Document, Facts, Probe, Problem, ProblemKind};
use crate::platform::aws::arn::is_account;
use serde::Deserialize;
use std::collections::BTreeMap;

const NAME: &str = "aws-collection";
/// Longest reason that is repeated.
const REASON: usize = 300;

/// Reads manifests of collections.
pub struct AwsCollection;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Manifest {
    tenure_collection: u32,
    #[serde(rename = "AccountId")]
    account: String,
    finished: Option<String>,
    parts: BTreeMap<String, Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    state: String,
    error: Option<String>,
}

impl Reader for AwsCollection {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let head = utf8(probe.head);
        head.trim_ascii_start().starts_with(b"{")
            && memchr::memmem::find(&head, b"\"TenureCollection\"").is_some()
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let problem = |kind, message: String| Problem {
            path: document.origin.path.clone(),
            line: None,
            column: None,
            kind,
            reader: NAME,
            message: message.into(),
        };
        let manifest = match serde_json::from_slice::<Manifest>(&utf8(document.bytes)) {
            Ok(manifest) if manifest.tenure_collection == 1 && is_account(&manifest.account) => {
                manifest
            }
            _ => {
                let message = "not the manifest of a collection by this version";
                let problem = problem(ProblemKind::Malformed, message.to_owned());
                return (Facts::default(), vec![problem]);
            }
        };
        let account = &manifest.account;
        let mut problems = Vec::new();
        if manifest.finished.is_none() {
            let message =
                format!("the collection of account {account} did not end; --resume goes on");
            problems.push(problem(ProblemKind::Note, message));
        }
        for (part, Part { state, error }) in &manifest.parts {
            if state == "complete" {
                continue;
            }
            let why = error.as_deref().unwrap_or("not asked");
            let why: String = why
                .chars()
                .filter(|c| !c.is_control())
                .take(REASON)
                .collect();
            let part: String = part.chars().filter(|c| !c.is_control()).take(80).collect();
            let message = format!(
                "account {account} was not asked for, or did not tell, all of {part}: {why}"
            );
            problems.push(problem(ProblemKind::Note, message));
        }
        (Facts::default(), problems)
    }
}
