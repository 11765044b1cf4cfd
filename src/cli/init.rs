//! `tenure init`: a starter configuration, and a registry filled with what was found.

use super::args::InitArguments;
use super::error::Error;
use super::exit::Status;
use super::{Context, inputs, output};
use crate::snapshot::{Identity, Snapshot};
use std::fmt::Write as _;
use std::path::Path;

const CONFIG: &str = include_str!("init/tenure.yaml");
const REGISTRY_HEAD: &str = include_str!("init/nhi-registry.yaml");
/// The registry's file name.
const REGISTRY: &str = "nhi-registry.yaml";

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
            CONFIG.to_owned()
        } else {
            registry_text(&snapshot)
        };
        output::file(path, |out| out.write_all(text.as_bytes()))?;
        context.say(format_args!("wrote {}", path.display()));
    }
    Ok(Status::Clean)
}

/// A registry stub for every machine identity that the customer can change and no entry speaks of.
fn registry_text(snapshot: &Snapshot) -> String {
    let mut text = REGISTRY_HEAD.to_owned();
    let undeclared: Vec<&Identity> = snapshot
        .identities
        .iter()
        .filter(|i| {
            i.humanity != "human" && i.provider_managed.is_none() && i.declaration.is_none()
        })
        .filter(|i| i.presence.iter().any(|p| p != "referenced"))
        // These come and go with the files that declare them; `found-not-declared` does not ask for them, either.
        .filter(|i| !matches!(&*i.kind, "ci-job" | "host-user" | "database-user"))
        .collect();
    text.push_str(if undeclared.is_empty() {
        "identities: []\n"
    } else {
        "identities:\n"
    });
    for identity in undeclared {
        // Writing to a String cannot fail.
        let _ = stub(&mut text, identity);
    }
    text
}

fn stub(text: &mut String, identity: &Identity) -> std::fmt::Result {
    writeln!(text)?;
    writeln!(text, "  - id: {}", quoted(&identity.id))?;
    let place = identity
        .evidence
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    writeln!(
        text,
        "    # {} · privilege: {} · {}",
        identity.kind,
        identity.privilege.tier,
        comment(&place)
    )?;
    let ownership = &identity.ownership;
    let claim = ownership.claims.first();
    match (&ownership.owner, &ownership.suggestion) {
        (Some(owner), _) => {
            writeln!(
                text,
                "    owner: {}  # {}: {}",
                quoted(owner),
                ownership.state,
                comment(&ownership.reason)
            )?;
        }
        (None, Some(suggestion)) => {
            let why = claim
                .map(|c| format!("{}, {}", c.method, c.evidence))
                .unwrap_or_default();
            writeln!(
                text,
                "    owner: \"\"  # suggested: {} ({})",
                comment(suggestion),
                comment(&why)
            )?;
        }
        (None, None) => writeln!(text, "    owner: \"\"  # {}", comment(&ownership.reason))?,
    }
    writeln!(text, "    purpose: \"\"")?;
    writeln!(text, "    review_by: \"\"")?;
    writeln!(text, "    expires: \"\"")?;
    writeln!(text, "    revocation: {{runbook: \"\", last_tested: \"\"}}")
}

/// A YAML double-quoted scalar; JSON's strings are a subset of them.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Text that is safe behind a `#`: on one line, without control characters.
fn comment(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
