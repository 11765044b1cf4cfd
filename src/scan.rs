//! The only place that knows the order of the stages.

mod authors;
mod gate;
mod history;
mod intake;

pub use crate::check::{
    Check, CheckError, CheckSet, Controls, Parameters, Setting, Settings,
    reference as check_attributes,
};
pub use crate::detect::{Detector, RuleError};
pub use crate::drift::against_baseline;
pub use crate::ownership::OwnershipOptions;
pub use history::HistoryOptions;

use crate::check::{self, EvaluateOptions};
use crate::model::{Assessed, Fingerprinter, Str, Timestamp, Waiver};
use crate::platform::embedded;
use crate::snapshot::Snapshot;
use crate::source::tree::{BadGlob, TreeOptions};
use crate::{link, ownership, privilege, reader};
use intake::Intake;
use std::path::PathBuf;
use std::sync::Arc;

/// Size beyond which text is not searched for secrets, unless configured otherwise.
pub const DEFAULT_TEXT_LIMIT: u64 = 25_000_000;

/// Something to scan, as the user named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A directory or a file.
    Path(PathBuf),
    /// Bytes that were handed in, such as standard input, under this name.
    Bytes(Str, Vec<u8>),
}

/// Everything that a scan depends on.
pub struct ScanOptions {
    /// What to scan.
    pub inputs: Vec<Input>,
    /// Which files of trees are looked at.
    pub tree: TreeOptions,
    /// How much of histories is looked at.
    pub history: HistoryOptions,
    /// Size in bytes beyond which text is not searched for secrets.
    pub text_limit: u64,
    /// The secret detector.
    pub detector: Detector,
    /// The checks.
    pub checks: CheckSet,
    /// Parameters of the checks, from [`CheckSet::bind`].
    pub parameters: Parameters,
    /// Accepted findings.
    pub waivers: Vec<Waiver>,
    /// Ownership configuration.
    pub ownership: OwnershipOptions,
    /// Makes finding fingerprints.
    pub fingerprinter: Fingerprinter,
    /// The time that ages and expiries are judged at.
    pub now: Timestamp,
}

/// Why a scan could not run at all.
#[derive(Debug)]
pub enum ScanError {
    /// An input named by the user does not exist or cannot be read.
    Input(PathBuf, std::io::Error),
    /// What was asked of a history is not there.
    History(String),
    /// An exclude glob is not valid.
    Glob(BadGlob),
}

/// Told what a scan is doing, for a progress display.
pub trait Observer: Sync {
    /// A file was read.
    fn file(&self, bytes: u64);
    /// A stage begins.
    fn stage(&self, name: &'static str);
}

/// Runs all stages.
///
/// # Errors
/// When an input that the user named cannot be read at all. Trouble inside inputs is data, in the coverage.
pub fn run(options: ScanOptions, observer: &dyn Observer) -> Result<Snapshot, ScanError> {
    let ScanOptions {
        inputs,
        tree,
        history: past,
        text_limit,
        detector,
        checks,
        parameters,
        waivers,
        mut ownership,
        fingerprinter,
        now,
    } = options;
    let detector = Arc::new(detector);
    let readers = reader::readers(Arc::clone(&detector));
    let intake = Intake {
        readers: &readers,
        text_limit,
        observer,
    };

    observer.stage("reading");
    let (mut inventory, mut coverage, met) = if past.only_changes() {
        history::around(&inputs, &tree)?
    } else {
        intake::read_all(&inputs, &tree, &intake)?
    };
    let reading = history::Reading {
        detector: &detector,
        tree: &tree,
        text_limit,
        roots: roots(&inputs),
        observer,
    };
    history::read_all(met, &past, &reading, &mut inventory, &mut coverage)?;
    observer.stage("joining");
    link::link(&mut inventory);
    observer.stage("weighing privileges");
    let privilege = privilege::assess(&inventory);
    observer.stage("finding owners");
    let mut resolved = ownership::resolve(&inventory, &ownership);
    // History is expensive and only ever suggests: it is asked only where nobody is declared.
    let authors = authors::commit_authors(&inventory, &coverage, &resolved, !past.only_changes());
    if !authors.is_empty() {
        ownership.suggestions.extend(authors);
        resolved = ownership::resolve(&inventory, &ownership);
    }
    let assessed = Assessed {
        inventory,
        privilege,
        ownership: resolved.ownership,
        registered: resolved.registered,
    };
    observer.stage("checking");
    let evaluation = check::evaluate(
        &checks,
        &assessed,
        &EvaluateOptions {
            now,
            waivers: &waivers,
            parameters: &parameters,
            fingerprinter: &fingerprinter,
        },
    );
    let snapshot = Snapshot::new(
        &assessed,
        &coverage,
        &evaluation.summaries,
        &evaluation.findings,
        now,
    );
    Ok(gate::without_secrets(snapshot, &detector))
}

/// The directories that the user named, resolved: what lies below is the user's to give.
fn roots(inputs: &[Input]) -> Vec<PathBuf> {
    let paths = inputs.iter().filter_map(|input| match input {
        Input::Path(path) => std::fs::canonicalize(path).ok(),
        Input::Bytes(..) => None,
    });
    paths.collect()
}

/// The detector with the rules that ship with the program and the user's own, given as name and text.
///
/// # Errors
/// What is wrong with a rule file, with its place.
pub fn detector(
    files: &[(&str, &str)],
    fingerprinter: Fingerprinter,
) -> Result<Detector, RuleError> {
    let all: Vec<(&str, &str)> = embedded::DETECTORS.iter().chain(files).copied().collect();
    Detector::new(&all, fingerprinter)
}
