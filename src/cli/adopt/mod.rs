//! `tenure adopt`: closes ownership gaps in the registry: entries for what was found and not declared, and the answers
//! that came back in `ownership-gaps.csv`.

mod attest;
mod gate;
mod judge;
mod select;
mod sheet;
mod stub;

pub(super) use select::declarable;
pub(super) use stub::{Accept, stub};

use super::args::InputArguments;
use super::error::Error;
use super::exit::Status;
use super::registry_edit::{Change, Changed, Registry, Stub};
use super::{Context, inputs, output, scan};
use crate::model::Tier;
use crate::snapshot::Snapshot;
use crate::source::open;
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The registry's file name; scans read no other.
pub(super) const REGISTRY: &str = "nhi-registry.yaml";
const NAMES: [&str; 2] = [REGISTRY, "nhi-registry.yml"];

/// `tenure adopt`.
#[derive(Args, Debug)]
#[command(after_help = "\
Entries are added at the end of `identities:`, and answers are put into the entries they speak of; nothing else in the \
file changes, comments, order, quotes and line endings included. A second run adds nothing.

Exit codes:
  0  done
  2  could not run: usage, or a registry that cannot be changed safely
  3  done, but some rows of --attest FILE were refused; they are listed")]
pub(super) struct AdoptArguments {
    /// What to read.
    #[command(flatten)]
    pub input: InputArguments,
    /// Take identities from this snapshot rather than scanning.
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub snapshot: Option<PathBuf>,
    /// The registry, named nhi-registry.yaml; it is made where there is none. Default: the one here, at the root of
    /// the first PATH, or the only one that was read.
    #[arg(long, value_name = "FILE")]
    pub registry: Option<PathBuf>,
    /// Print what would change as a unified diff, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Take answers from this copy of ownership-gaps.csv: rows with `attested_by` and `attested_on`, and the owner or
    /// purpose they attest. Adds no other entries.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only_gaps", "min_tier", "platform", "container", "namespace", "accept_suggestions"])]
    pub attest: Option<PathBuf>,
    /// Add only identities without an undisputed owner who exists.
    #[arg(long)]
    pub only_gaps: bool,
    /// Add only identities of this privilege and above: read, write, issue, escalate, admin.
    #[arg(long, value_name = "TIER", value_parser = tier)]
    pub min_tier: Option<Tier>,
    /// Add only identities of this platform (aws, kubernetes, …). May be repeated.
    #[arg(long, value_name = "NAME")]
    pub platform: Vec<String>,
    /// Add only identities in this account, cluster or namespace (aws:111122223333, k8s:prod/shop; * and ?). May be
    /// repeated.
    #[arg(long, value_name = "ID")]
    pub container: Vec<String>,
    /// Add only identities in this Kubernetes namespace (* and ?). May be repeated.
    #[arg(long, value_name = "NAME")]
    pub namespace: Vec<String>,
    /// Fill in the owner that the best declared source names; `inferred` also takes suggestions, from commit
    /// authors and the like. Disputed and departed owners are never filled in. Without this all owners are left
    /// to fill in, with what is known as comments.
    #[arg(long, value_enum, value_name = "WHICH", num_args = 0..=1, default_missing_value = "declared")]
    pub accept_suggestions: Option<Accept>,
}

fn tier(text: &str) -> Result<Tier, String> {
    let mut known = Tier::ALL.into_iter().filter(|t| *t != Tier::Unknown);
    known
        .find(|t| t.as_str() == text)
        .ok_or_else(|| "not one of none, read, write, issue, escalate, admin".to_owned())
}

/// Scans or reads the snapshot, works out the changes, and writes or shows them.
pub(super) fn run(context: &Context, arguments: AdoptArguments) -> Result<Status, Error> {
    let sheet = arguments.attest.as_deref().map(sheet::read).transpose()?;
    let gate = gate::Gate::new()?;
    let picked = select::Selection::new(&arguments);
    let Place { path, text } = place(&arguments)?;
    let given = arguments.registry.is_some() || text.is_some();
    let mut input = arguments.input;
    let snapshot = match &arguments.snapshot {
        Some(file) => scan::read_snapshot(file)?,
        None => {
            // What the registry says counts, wherever it lies.
            if text.is_some() && !input.paths.iter().any(|p| within(&path, p)) {
                input.paths.push(path.clone());
            }
            inputs::scan(context, input)?.0
        }
    };
    let (path, text) = match (given, only_registry(&snapshot)) {
        (false, Some(only)) => (only.clone(), read(&only)?),
        _ => (path, text),
    };
    if !arguments.dry_run {
        output::check_writable(&path)?;
    }
    let existed = text.is_some();
    let old = text.unwrap_or_else(|| super::init::REGISTRY_HEAD.as_bytes().to_vec());
    let registry = Registry::read(&old).map_err(|r| refused(&path, r.line, r.why))?;

    let answers = match &sheet {
        None => attest::Outcome::of_stubs(picked.stubs(&snapshot, &registry)),
        Some(sheet) => attest::outcome(sheet, &snapshot, &registry, &path, &gate),
    };
    if !answers.strangers.is_empty() {
        let some: Vec<&str> = answers
            .strangers
            .iter()
            .take(5)
            .map(String::as_str)
            .collect();
        context.say(format_args!(
            "note: no roster or other source knows {}{}; if somebody known is meant, use that spelling or an alias",
            crate::report::safe(&some.join(", ")),
            if answers.strangers.len() > 5 { ", …" } else { "" },
        ));
    }
    let (changed, rejected) = attest::apply(&registry, answers, &path)?;
    let before = existed.then_some(&*old);
    report(context, &path, &changed, arguments.dry_run, before, &gate)?;
    if rejected.is_empty() {
        return Ok(Status::Clean);
    }
    let mut stderr = anstream::stderr();
    for rejection in &rejected {
        // These are the result, so they are said even when quiet.
        let _ = writeln!(stderr, "{}", crate::report::safe(&rejection.to_string()));
    }
    Ok(Status::Incomplete)
}

/// Writes or shows what changed, and says so.
fn report(
    context: &Context,
    path: &Path,
    outcome: &attest::Applied,
    dry_run: bool,
    before: Option<&[u8]>,
    gate: &gate::Gate,
) -> Result<(), Error> {
    let (added, set) = (outcome.added, outcome.set);
    let counts = format!(
        "{} added, {} changed",
        crate::report::counted(added, "entry", "entries"),
        set
    );
    if !outcome.changed.differs() {
        context.say(format_args!("{}: nothing to change", path.display()));
        return Ok(());
    }
    if dry_run {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = path.to_str().unwrap_or(&name);
        let diff = if before.is_some() {
            outcome.changed.diff(name.trim_start_matches("./"), true)
        } else {
            fresh_diff(name.trim_start_matches("./"), &outcome.changed)
        };
        context.say(format_args!(
            "{}: {counts}; nothing written",
            path.display()
        ));
        let diff = gate.shown(&diff);
        return super::report::stdout(|out, _| out.write_all(diff.as_bytes()));
    }
    // What somebody wrote meanwhile is not overwritten.
    let now = read(path)?;
    if now.as_deref() != before {
        return Err(Error::Input(
            path.to_path_buf(),
            "it was changed while it was worked on; nothing was written".to_owned(),
        ));
    }
    output::file(path, |out| out.write_all(&outcome.changed.bytes()))?;
    context.say(format_args!("wrote {}: {counts}", path.display()));
    Ok(())
}

/// A new file is all new lines, the head included.
fn fresh_diff(name: &str, changed: &Changed) -> String {
    let bytes = changed.bytes();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let mut diff = format!(
        "--- /dev/null\n+++ b/{name}\n@@ -0,0 +1,{} @@\n",
        lines.len()
    );
    for line in lines {
        diff.push('+');
        diff.push_str(line);
        diff.push('\n');
    }
    diff
}

struct Place {
    path: PathBuf,
    text: Option<Vec<u8>>,
}

/// Whether a file has the name of a registry.
fn named(path: &Path) -> bool {
    let name = path.file_name().and_then(|n| n.to_str());
    name.is_some_and(|name| NAMES.contains(&name))
}

/// The registry that is named, or the one where registries lie.
fn place(arguments: &AdoptArguments) -> Result<Place, Error> {
    if let Some(path) = &arguments.registry {
        if !named(path) {
            return Err(Error::Usage(format!(
                "{}: scans read registries of the name {REGISTRY} only",
                path.display()
            )));
        }
        return Ok(Place {
            text: read(path)?,
            path: path.clone(),
        });
    }
    let root = match (&arguments.snapshot, arguments.input.paths.first()) {
        (None, Some(path)) if path.is_dir() => path.clone(),
        _ => PathBuf::new(),
    };
    let candidates = NAMES
        .iter()
        .map(PathBuf::from)
        .chain(NAMES.iter().map(|name| root.join(name)));
    for path in candidates {
        if path.is_file() {
            return Ok(Place {
                text: read(&path)?,
                path,
            });
        }
    }
    let root = if root.as_os_str() == "." {
        PathBuf::new()
    } else {
        root
    };
    Ok(Place {
        path: root.join(REGISTRY),
        text: None,
    })
}

/// The bytes of a registry; `None` where there is no such file.
fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let error = |why: String| Error::Input(path.to_path_buf(), why);
    match std::fs::symlink_metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(error(e.to_string())),
        Ok(meta) if meta.is_symlink() => {
            return Err(error("a link; name the file that it leads to".to_owned()));
        }
        Ok(_) => {}
    }
    open::small(path, super::registry_edit::LIMIT)
        .map(Some)
        .map_err(|e| error(e.to_string()))
}

/// The registry that the scan read, when it read just one that is still there.
fn only_registry(snapshot: &Snapshot) -> Option<PathBuf> {
    let paths = snapshot.declarations.iter().map(|d| &*d.evidence.path);
    let paths: std::collections::BTreeSet<&str> = paths.collect();
    let mut paths = paths.into_iter().map(PathBuf::from);
    let only = paths.next()?;
    // A snapshot may come from somebody else, and is not to lead to any other file.
    (paths.next().is_none() && named(&only) && only.is_file()).then_some(only)
}

fn within(path: &Path, folder: &Path) -> bool {
    match (path.canonicalize(), folder.canonicalize()) {
        (Ok(path), Ok(folder)) => path.starts_with(folder),
        _ => false,
    }
}

fn refused(path: &Path, line: usize, why: &str) -> Error {
    let line = match line {
        0 => String::new(),
        line => format!("line {line}: "),
    };
    Error::Input(
        path.to_path_buf(),
        format!("{line}{why}; nothing was written"),
    )
}

/// The text of a new registry.
pub(super) fn fresh(stubs: Vec<Stub>) -> Result<Vec<u8>, Error> {
    let head = super::init::REGISTRY_HEAD;
    if stubs.is_empty() {
        return Ok(format!("{head}identities: []\n").into_bytes());
    }
    let registry =
        Registry::read(head.as_bytes()).map_err(|r| Error::Internal(r.why.to_owned()))?;
    let changed = registry.change(&[Change::Append(stubs)]);
    let changed = changed.map_err(|_| Error::Internal("the registry cannot be made".to_owned()))?;
    Ok(changed.bytes())
}
