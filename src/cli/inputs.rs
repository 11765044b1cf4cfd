//! From what the user typed to what a scan needs.

use super::args::{HistoryArguments, InputArguments};
use super::config::{self, Config};
use super::error::Error;
use super::progress::Progress;
use super::{Context, cache};
use crate::model::{Fingerprinter, Timestamp};
use crate::platform::tree;
use crate::scan::{
    self, CheckError, CheckSet, Detector, HistoryOptions, Input, OwnershipOptions, ScanError,
    ScanOptions,
};
use crate::snapshot::Snapshot;
use crate::source::open;
use crate::source::tree::TreeOptions;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Environment variable that holds the organisation's fingerprint key.
const KEY_VARIABLE: &str = "TENURE_FINGERPRINT_KEY";
/// Largest rule file that is read.
const RULE_LIMIT: u64 = 4 << 20;

/// Reads configuration and rules, runs the scan, and says what was used.
pub(super) fn scan(
    context: &Context,
    arguments: InputArguments,
) -> Result<(Snapshot, Config), Error> {
    let config_path = config_path(&arguments);
    let mut config = match &config_path {
        Some(path) => config::load(path)?,
        None => Config::default(),
    };
    let base = config_path
        .as_deref()
        .and_then(Path::parent)
        .unwrap_or(Path::new(""))
        .to_path_buf();
    let mut rule_paths: Vec<PathBuf> = config.rules.iter().map(|rule| base.join(rule)).collect();
    rule_paths.extend(arguments.rules.iter().cloned());
    let rules = Rules::load(&rule_paths)?;
    let checks = scan::checks(&rules.checks, &arguments.only).map_err(rule_errors)?;
    let reveal = arguments.reveal_prefix.map(usize::from);
    let detector = rules.detector()?.revealing(reveal);
    let cache = arguments
        .cache
        .as_deref()
        .map(|path| cache::open(context, path, &detector))
        .transpose()?;
    let config_name = config_path
        .as_deref()
        .map(|p| p.display().to_string())
        .unwrap_or_default();
    let parameters = checks
        .bind(&config_name, &config.parameters)
        .map_err(rule_errors)?;
    let now = now(arguments.now.as_deref())?;
    if let Some(threads) = arguments.threads {
        // Fails only when a pool was built before, which nothing else does.
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(|e| Error::Internal(e.to_string()))?;
    }
    if let Some(path) = &config_path {
        context.say(format_args!("configuration: {}", path.display()));
    }
    let mut exclude = std::mem::take(&mut config.exclude);
    exclude.extend(arguments.exclude);
    let options = ScanOptions {
        inputs: arguments
            .paths
            .into_iter()
            .map(input)
            .collect::<Result<_, _>>()?,
        tree: TreeOptions {
            exclude,
            respect_gitignore: arguments.respect_gitignore,
        },
        history: history(arguments.history)?,
        text_limit: arguments.max_file_size,
        archives: !arguments.no_archives,
        detector,
        checks,
        parameters,
        waivers: std::mem::take(&mut config.waivers),
        path_rules: std::mem::take(&mut config.path_rules),
        clusters: std::mem::take(&mut config.clusters),
        allows: !arguments.no_config,
        only: arguments.only,
        cache: cache.clone(),
        ownership: OwnershipOptions {
            owner_keys: std::mem::take(&mut config.owner_keys),
            now: Some(now),
            aliases: std::mem::take(&mut config.aliases),
            domains: std::mem::take(&mut config.domains),
            ..Default::default()
        },
        fingerprinter: fingerprinter(),
        now,
    };
    let progress = Progress::new(context.quiet);
    let snapshot = scan::run(options, &progress).map_err(|error| match error {
        ScanError::Input(path, error) => Error::Input(path, error.to_string()),
        ScanError::History(why) => Error::Usage(why),
        ScanError::Glob(glob) => {
            Error::Usage(format!("exclude: `{}` is not a glob: {}", glob.0, glob.1))
        }
    })?;
    if let (Some(path), Some(cache)) = (&arguments.cache, &cache) {
        cache::save(path, cache)?;
    }
    Ok((snapshot, config))
}

/// The time to judge by: the one named, or the clock's.
pub(super) fn now(named: Option<&str>) -> Result<Timestamp, Error> {
    let Some(text) = named else {
        return Ok(clock());
    };
    Timestamp::parse(text).ok_or_else(|| {
        Error::Usage(format!(
            "--now: `{text}` is not a time; write 2026-03-31 or 2026-03-31T09:00:00Z"
        ))
    })
}

fn history(arguments: HistoryArguments) -> Result<HistoryOptions, Error> {
    let since = match &arguments.since {
        Some(text) => Some(Timestamp::parse(text).ok_or_else(|| {
            Error::Usage(format!("--since: `{text}` is not a time; write 2026-03-31"))
        })?),
        None => None,
    };
    Ok(HistoryOptions {
        wanted: !arguments.no_history,
        since,
        branches: arguments.branch,
        commits: arguments.commits,
        staged: arguments.staged,
        owners: arguments.owner_history,
    })
}

/// The configuration file to use: the one named, the one here, or the one at the root of what is scanned.
fn config_path(arguments: &InputArguments) -> Option<PathBuf> {
    if arguments.no_config {
        return None;
    }
    if let Some(path) = &arguments.config {
        return Some(path.clone());
    }
    let here = PathBuf::from(config::FILE_NAME);
    let there = arguments
        .paths
        .first()
        .filter(|p| p.is_dir())
        .map(|p| p.join(config::FILE_NAME));
    std::iter::once(here)
        .chain(there)
        .find(|path| path.is_file())
}

pub(super) fn input(path: PathBuf) -> Result<Input, Error> {
    if path.as_os_str() != "-" {
        return Ok(Input::Path(path));
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|e| Error::Input(path, e.to_string()))?;
    Ok(Input::Bytes("-".into(), bytes))
}

pub(super) fn fingerprinter() -> Fingerprinter {
    let key = std::env::var_os(KEY_VARIABLE).filter(|key| !key.is_empty());
    Fingerprinter::new(key.as_deref().map(std::ffi::OsStr::as_encoded_bytes))
}

fn clock() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_seconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

fn rule_errors(errors: Vec<CheckError>) -> Error {
    Error::Configuration(errors.iter().map(ToString::to_string).collect())
}

/// The user's own rule files, told apart by what they hold.
#[derive(Debug, Default)]
pub(super) struct Rules {
    checks: Vec<(String, String)>,
    detectors: Vec<(String, String)>,
}

impl Rules {
    /// Reads files, and the `.yaml` and `.yml` files of directories and the directories below them.
    pub(super) fn load(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut rules = Self::default();
        for path in paths {
            std::fs::metadata(path).map_err(|e| Error::Input(path.clone(), e.to_string()))?;
            for entry in walkdir::WalkDir::new(path).sort_by_file_name().max_depth(3) {
                let entry = entry.map_err(|e| Error::Input(path.clone(), e.to_string()))?;
                let yaml = entry
                    .path()
                    .extension()
                    .is_some_and(|e| e == "yaml" || e == "yml");
                if entry.file_type().is_file() && (yaml || entry.depth() == 0) {
                    rules.add(entry.path())?;
                }
            }
        }
        Ok(rules)
    }

    fn add(&mut self, path: &Path) -> Result<(), Error> {
        let error = |why: String| Error::Input(path.to_path_buf(), why);
        let bytes = open::small(path, RULE_LIMIT).map_err(|e| error(e.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| error("not valid UTF-8".to_owned()))?;
        let has = |key: &str| {
            text.lines().any(|line| {
                line.strip_prefix(key)
                    .is_some_and(|rest| rest.starts_with(':'))
            })
        };
        let name = path.to_string_lossy().into_owned();
        if has("condition") {
            self.checks.push((name, text));
        } else if has("kinds") {
            self.detectors.push((name, text));
        } else {
            // What is no YAML at all has no keys to be told by.
            let broken = tree::yaml(&text).into_iter().find_map(Result::err);
            let broken = broken.map(|e| format!("{name}:{}:{}: {}", e.line, e.column, e.message));
            return Err(Error::Configuration(vec![broken.unwrap_or_else(|| {
                format!("{name}: neither a check (no `condition:`) nor a detector (no `kinds:`)")
            })]));
        }
        Ok(())
    }

    /// The built-in checks and the user's.
    pub(super) fn checks(&self) -> Result<CheckSet, Error> {
        CheckSet::load(&self.checks).map_err(rule_errors)
    }

    /// The built-in detectors and the user's.
    pub(super) fn detector(&self) -> Result<Detector, Error> {
        scan::detector(&self.detector_files(), fingerprinter()).map_err(rule_error)
    }

    /// The detector with the examples of all rules, to be tested.
    pub(super) fn detector_with_examples(&self) -> Result<Detector, Error> {
        scan::detector_with_examples(&self.detector_files(), fingerprinter()).map_err(rule_error)
    }

    fn detector_files(&self) -> Vec<(&str, &str)> {
        let files = self.detectors.iter();
        files.map(|(n, t)| (n.as_str(), t.as_str())).collect()
    }
}

fn rule_error(error: scan::RuleError) -> Error {
    Error::Configuration(vec![error.to_string()])
}
