//! `uses`: whose code, at which version.

use crate::model::{Evidence, Set, Used};
use crate::reader::pipeline::{self, commit_like};

/// What a `uses` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A directory or a workflow of the same repository, at the same commit.
    Local(String),
    /// An image.
    Image(String),
    /// An action or workflow of a repository: `owner/repo`, the path in it, the version.
    Remote {
        owner: String,
        repository: String,
        path: String,
        version: Option<String>,
    },
    /// Nothing that GitHub would accept.
    Unknown,
}

/// Whether a path is that of a workflow.
fn is_workflow(path: &str) -> bool {
    path.contains("/workflows/") && (path.ends_with(".yml") || path.ends_with(".yaml"))
}

impl Target {
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim();
        if let Some(local) = text.strip_prefix("./") {
            let local = local.split('@').next().unwrap_or_default();
            return Self::Local(local.trim_end_matches('/').to_owned());
        }
        if text == "." {
            return Self::Local(String::new());
        }
        if let Some(image) = text.strip_prefix("docker://") {
            return Self::Image(image.to_owned());
        }
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(version.trim().to_owned())),
            None => (text, None),
        };
        let mut parts = name.splitn(3, '/');
        match (parts.next(), parts.next()) {
            (Some(owner), Some(repository)) if !owner.is_empty() && !repository.is_empty() => {
                Self::Remote {
                    owner: owner.to_owned(),
                    repository: repository.to_owned(),
                    path: parts.next().unwrap_or_default().to_owned(),
                    version: version.filter(|v| !v.is_empty()),
                }
            }
            _ => Self::Unknown,
        }
    }

    /// `owner/repo` in lower case, of what is remote.
    pub(super) fn slug(&self) -> String {
        match self {
            Self::Remote {
                owner, repository, ..
            } => format!("{owner}/{repository}").to_ascii_lowercase(),
            _ => String::new(),
        }
    }

    /// As code that a job runs; `None` for what is of the same repository.
    pub(super) fn used(&self, own: Option<&str>, evidence: Evidence) -> Option<Used> {
        match self {
            Self::Local(_) | Self::Unknown => None,
            Self::Image(image) => Some(pipeline::image(image, own, evidence)),
            Self::Remote {
                owner,
                repository,
                path,
                version,
            } => {
                let own_or_platform = |name: &str| {
                    matches!(name, "actions" | "github")
                        || own.is_some_and(|own| own.eq_ignore_ascii_case(name))
                };
                let third_party = if own_or_platform(&owner.to_ascii_lowercase()) {
                    Some(false)
                } else {
                    own.map(|_| true)
                };
                let kind = if is_workflow(&format!("/{path}")) {
                    "reusable-workflow"
                } else {
                    "action"
                };
                let name = if path.is_empty() {
                    format!("{owner}/{repository}")
                } else {
                    format!("{owner}/{repository}/{path}")
                };
                Some(Used {
                    kind: kind.into(),
                    name: name.into(),
                    pinned: version.as_deref().is_some_and(commit_like),
                    version: version.as_deref().map(Into::into),
                    third_party,
                    secrets: Set::new(),
                    ambient: Set::new(),
                    evidence,
                })
            }
        }
    }
}
