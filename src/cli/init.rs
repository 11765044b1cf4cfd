//! `tenure init`: a starter configuration, and a registry filled with what was found.

use super::adopt::{self, Accept, REGISTRY};
use super::args::InitArguments;
use super::error::Error;
use super::exit::Status;
use super::{Context, inputs, output};
use crate::snapshot::Snapshot;
use std::path::Path;

const CONFIG: &str = include_str!("init/tenure.yaml");
pub(super) const REGISTRY_HEAD: &str = include_str!("init/nhi-registry.yaml");

/// Scans, then writes both files; one that exists is left alone without `--force`.
pub(super) fn run(context: &Context, arguments: InitArguments) -> Result<Status, Error> {
    let (config, registry) = (
        arguments.dir.join(super::config::FILE_NAME),
        arguments.dir.join(REGISTRY),
    );
    let wanted: Vec<&Path> = [config.as_path(), registry.as_path()]
        .into_iter()
        .filter(|path| arguments.force || !path.exists())
        .collect();
    if wanted.is_empty() {
        return Err(Error::Usage(format!(
            "{} and {} exist; --force overwrites them",
            config.display(),
            registry.display()
        )));
    }
    for path in &wanted {
        output::check_writable(path)?;
    }
    let (snapshot, _) = inputs::scan(context, arguments.input)?;
    for path in wanted {
        let text = if path == config {
            CONFIG.as_bytes().to_vec()
        } else {
            registry_text(&snapshot)?
        };
        output::file(path, |out| out.write_all(&text))?;
        context.say(format_args!("wrote {}", path.display()));
    }
    Ok(Status::Clean)
}

/// A registry with an entry for every machine identity that the customer can change and no entry speaks of.
fn registry_text(snapshot: &Snapshot) -> Result<Vec<u8>, Error> {
    let identities = snapshot.identities.iter();
    let undeclared = identities.filter(|i| i.declaration.is_none() && adopt::declarable(i));
    adopt::fresh(
        undeclared
            .map(|identity| adopt::stub(identity, Some(Accept::Declared)))
            .collect(),
    )
}
