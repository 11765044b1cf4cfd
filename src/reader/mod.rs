//! Readers: one file per input format. A reader says whether a document is its own and what it states.

pub use family::Family;

use crate::detect::Detector;
use crate::model::{Document, Facts, Probe, Problem};
use std::sync::Arc;

pub mod allow;
pub mod aws_access_keys;
pub mod aws_authorization_details;
pub mod aws_collection;
pub mod aws_credential_report;
mod aws_json;
pub mod backstage;
pub mod certificates;
pub mod codeowners;
mod family;
pub mod kubernetes;
pub mod registry;
pub mod roster;
pub mod secrets;
mod tree;

/// One input format.
///
/// A reader is a question and an answer, pure and without I/O, so that the scan can run all readers on
/// all documents in parallel and merge in canonical order. Walking, opening, size limits and panics
/// belong to the scan. The alternative, readers that pull what they need from a file system, was turned
/// down: it hides which files were looked at, and coverage could no longer be stated.
pub trait Reader: Sync + Send {
    /// The name used in evidence and coverage: `kubernetes`, `aws-credential-report`.
    fn name(&self) -> &'static str;

    /// Whether the document is of this format, as its name and first bytes tell. Must be cheap: it is
    /// asked of every file.
    fn accepts(&self, probe: &Probe<'_>) -> bool;

    /// Whether documents of this format are read whole whatever their size. The text detector says no.
    fn unlimited(&self) -> bool {
        true
    }

    /// What the document states, and what in it could not be understood.
    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>);
}

/// Every reader, sorted by name (the secret detector, which claims every text, is last).
pub fn readers(detector: Arc<Detector>) -> Vec<Box<dyn Reader>> {
    vec![
        Box::new(aws_access_keys::AwsAccessKeys),
        Box::new(aws_authorization_details::AwsAuthorizationDetails),
        Box::new(aws_collection::AwsCollection),
        Box::new(aws_credential_report::AwsCredentialReport),
        Box::new(backstage::Backstage),
        Box::new(certificates::Certificates),
        Box::new(codeowners::Codeowners),
        Box::new(kubernetes::Kubernetes),
        Box::new(registry::Registry),
        Box::new(roster::Roster),
        Box::new(secrets::Secrets::new(detector)),
    ]
}
