//! The only place that knows the order of the stages.

mod authors;
pub mod can;
mod gate;
mod history;
mod intake;
mod rules;
mod vintage;

pub use crate::check::{
    Check, CheckError, CheckSet, Controls, Parameters, Setting, Settings,
    reference as check_attributes,
};
pub use crate::detect::{Detector, Kind, RuleError};
pub use crate::drift::against_baseline;
pub use crate::ownership::{OwnershipOptions, everybodys_domain};
pub use crate::reader::Family;
pub use crate::source::cache::Cache;
pub use history::{HistoryOptions, OwnersAsked};

use crate::check::{self, Basis, EvaluateOptions, SubjectKind};
use crate::model::{Assessed, Fingerprinter, PathRule, Str, Timestamp, Waiver};
use crate::platform::paths::PathPattern;
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
    /// Whether archives are opened and their members read like files.
    pub archives: bool,
    /// The secret detector.
    pub detector: Detector,
    /// The checks.
    pub checks: CheckSet,
    /// Parameters of the checks, from [`CheckSet::bind`].
    pub parameters: Parameters,
    /// Accepted findings.
    pub waivers: Vec<Waiver>,
    /// What leaks in some files are taken for.
    pub path_rules: Vec<PathRule>,
    /// Which Kubernetes cluster files are of, by their paths: the first that matches counts.
    pub clusters: Vec<(PathPattern, Str)>,
    /// Whether comments in the inputs may accept findings; not in inputs that nobody trusts.
    pub allows: bool,
    /// The families of readers that read; all when empty.
    pub only: Vec<Family>,
    /// What was read before and held nothing.
    pub cache: Option<Arc<Cache>>,
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
        archives,
        detector,
        checks,
        parameters,
        waivers,
        path_rules,
        clusters,
        allows,
        only,
        cache,
        mut ownership,
        fingerprinter,
        now,
    } = options;
    let detector = Arc::new(detector);
    let wanted = |family| only.is_empty() || only.contains(&family);
    let mut readers = reader::readers(Arc::clone(&detector));
    readers.retain(|reader| wanted(Family::of(reader.name())));
    let intake = Intake {
        readers: &readers,
        text_limit,
        cache: cache.as_deref(),
        allows,
        archives,
        clusters: &clusters,
        plan: None,
        observer,
    };

    observer.stage("reading");
    let mut read = if past.only_changes() {
        let (inventory, coverage, met) = history::around(&inputs, &tree)?;
        intake::Part {
            inventory,
            coverage,
            met,
            ..Default::default()
        }
    } else {
        intake::read_all(&inputs, &tree, &intake)?
    };
    let older = vintage::apart(&mut read, &inputs, &tree, &intake)?;
    let intake::Part {
        mut inventory,
        mut coverage,
        met,
        ..
    } = read;
    let roots = roots(&inputs);
    let reading = history::Reading {
        detector: &detector,
        cache: cache.as_deref(),
        allows,
        tree: &tree,
        text_limit,
        roots: roots.clone(),
        observer,
    };
    if wanted(Family::Secrets) {
        history::read_all(met, &past, &reading, &mut inventory, &mut coverage)?;
    }
    rules::apply(&path_rules, &mut inventory, now);
    let before = older.map(|older| older.join(&mut inventory));
    observer.stage("joining");
    link::link(&mut inventory);
    coverage.problems.extend(link::unbound(&inventory));
    observer.stage("weighing privileges");
    let privilege = privilege::assess_at(&inventory, now);
    rules::note_tables(&inventory, &mut coverage);
    rules::note_unread(&inventory, &mut coverage);
    observer.stage("finding owners");
    let mut resolved = ownership::resolve(&inventory, &ownership);
    let asking = authors::Asking {
        wanted: match past.only_changes() {
            true => OwnersAsked::None,
            false => past.owners,
        },
        roots: &roots,
        now,
        ownership: &ownership,
    };
    let authors = match wanted(Family::Ownership) {
        true => authors::commit_authors(&inventory, &mut coverage, &resolved, &asking),
        false => Vec::new(),
    };
    if !authors.is_empty() {
        ownership.suggestions.extend(authors);
        resolved = ownership::resolve(&inventory, &ownership);
    }
    let before = before.map(|before| before.assess(&ownership, now, &coverage, &detector));
    let mut assessed = Assessed {
        inventory,
        privilege,
        ownership: resolved.ownership,
        registered: resolved.registered,
        vendors: resolved.vendors,
        reviews: resolved.reviews,
        parties: resolved.parties,
        ..Assessed::default()
    };
    ownership::settle(&mut assessed, Some(now));
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
    rules::note_unknown(&evaluation.unknown_allows, &checks, &mut coverage);
    let snapshot = Snapshot::new(
        assessed,
        &coverage,
        &evaluation.summaries,
        evaluation.findings,
        now,
    );
    let mut snapshot = gate::without_secrets(snapshot, &detector);
    if let Some(before) = before {
        before.compare(&mut snapshot);
    }
    Ok(snapshot)
}

/// The checks that a scan of these families of readers evaluates: those of subjects that the families tell of. What
/// nobody was asked is not missing, so what is said of owners needs the family that knows them.
///
/// # Errors
/// What is wrong with the user's own checks, given as name and text.
pub fn checks<N: AsRef<str>, T: AsRef<str>>(
    files: &[(N, T)],
    only: &[Family],
) -> Result<CheckSet, Vec<CheckError>> {
    let wanted = |family| only.is_empty() || only.contains(&family);
    let platforms = [
        Family::Aws,
        Family::Kubernetes,
        Family::Infrastructure,
        Family::Ci,
    ]
    .into_iter()
    .any(wanted);
    let mut checks = CheckSet::ready(files, &|kind| match kind {
        SubjectKind::Waiver => true,
        SubjectKind::Credential => platforms || wanted(Family::Secrets),
        SubjectKind::Declaration | SubjectKind::Vendor => platforms && wanted(Family::Ownership),
        SubjectKind::Identity
        | SubjectKind::Trust
        | SubjectKind::Workload
        | SubjectKind::Container => platforms,
        SubjectKind::Job => wanted(Family::Ci),
        SubjectKind::Account
        | SubjectKind::Provider
        | SubjectKind::PermissionSet
        | SubjectKind::AnalyzerFinding => wanted(Family::Aws),
    })?;
    if !wanted(Family::Ownership) {
        checks.set_aside(|check| {
            let needs = |basis| check.rests_on(basis);
            check.applies_to == SubjectKind::Waiver
                || !(needs(Basis::Ownership) || needs(Basis::Declaration))
        });
    }
    Ok(checks)
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
    Detector::ready(files, fingerprinter)
}

/// As [`detector`], but every rule with its examples, for testing them; this takes longer to read.
///
/// # Errors
/// What is wrong with a rule file, with its place.
pub fn detector_with_examples(
    files: &[(&str, &str)],
    fingerprinter: Fingerprinter,
) -> Result<Detector, RuleError> {
    let all: Vec<(&str, &str)> = crate::platform::embedded::DETECTORS
        .iter()
        .chain(files)
        .copied()
        .collect();
    Detector::new(&all, fingerprinter)
}
