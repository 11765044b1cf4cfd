//! Jobs of CI systems in one form, whatever file declares them: what their readers say of one, and the facts
//! that it makes.

mod script;

pub(super) use script::{of_script, secret_like, shell_variables};

use super::tree::Node;
use crate::model::{
    Assumed, Document, Evidence, Facts, Humanity, Identity, IdentityId, IdentityKind, Job, Origin,
    Platform, Presence, SecretUse, Set, Str, Token, Used,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many places, secrets, … of one job are kept.
const MANY: usize = 4096;

/// The project that a file of a CI system belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Project {
    /// `acme/payments`, as the remote says; else `./<directory>`.
    pub(super) path: String,
    /// Everything of the document's path before the file's path in the project, without a last slash.
    pub(super) root: String,
    /// The file's path in the project.
    pub(super) file: String,
    /// The checked-out branch, where the project's own work tree was read.
    pub(super) branch: Option<Str>,
}

impl Project {
    /// The project whose file stands at a path in it; `below` is how many bytes at the path's end that is.
    pub(super) fn of(origin: &Origin, below: usize) -> Self {
        let path = &*origin.path;
        let at = path.len().saturating_sub(below);
        let file = path.get(at..).unwrap_or(path);
        let root = path.get(..at).unwrap_or_default();
        let root = root.strip_suffix('/').unwrap_or(root);
        let repository = origin.repository.as_deref();
        let top =
            origin.archive.is_none() && origin.below_repository().is_some_and(|it| it == file);
        let remote = repository.filter(|_| top).and_then(|r| r.remote.as_deref());
        let named = match remote.and_then(|remote| remote.split_once('/')) {
            Some((_, path)) if !path.is_empty() => path.to_owned(),
            _ => format!("./{}", directory(origin, root)),
        };
        Self {
            path: named,
            root: root.to_owned(),
            file: file.to_owned(),
            branch: repository.filter(|_| top).and_then(|r| r.branch.clone()),
        }
    }

    /// The organisation or person that the project belongs to, where the remote tells.
    pub(super) fn owner(&self) -> Option<&str> {
        if self.path.starts_with('.') {
            return None;
        }
        self.path.split('/').next()
    }
}

/// What to call a directory: its path below what the user named, or the name of that.
fn directory<'o>(origin: &'o Origin, root: &'o str) -> &'o str {
    let below = root.get(origin.named..).unwrap_or_default();
    let below = below.trim_start_matches('/');
    let whole = root.trim_end_matches('/');
    let name = if below.is_empty() {
        whole.rsplit('/').next().unwrap_or_default()
    } else {
        below
    };
    if name.is_empty() { "." } else { name }
}

/// A job as its reader builds it.
pub(super) struct Build {
    pub(super) identity: Identity,
    pub(super) job: Job,
    pub(super) secrets: BTreeSet<SecretUse>,
    pub(super) images: BTreeSet<Used>,
}

impl Build {
    /// A job of which only id, name and file are known.
    pub(super) fn new(
        platform: Platform,
        id: &str,
        name: &str,
        project: &Project,
        evidence: Evidence,
    ) -> Self {
        let id: Str = id.into();
        let shown = if project.file.contains('/') {
            project.file.rsplit('/').next().unwrap_or_default()
        } else {
            &project.path
        };
        let mut identity = Identity::new(
            IdentityId(id.clone()),
            platform,
            IdentityKind::CiJob,
            format!("{shown}/{name}"),
        );
        identity.account = Some(project.path.as_str().into());
        identity.presence.insert(Presence::Declared);
        identity.humanity = (Humanity::NonHuman, "job of a CI system".into());
        identity.evidence.insert(evidence.clone());
        let job = Job {
            id: id.clone(),
            platform,
            name: name.into(),
            workflow: project.file.as_str().into(),
            runs_as: IdentityId(id),
            triggers: Set::new(),
            runners: Set::new(),
            self_hosted: None,
            environment: None,
            permissions_stated: false,
            permissions_from: "default".into(),
            permissions: BTreeMap::new(),
            stated: None,
            assumes: Set::new(),
            all_secrets: false,
            runs_foreign_code: None,
            uses: Set::new(),
            traits: Set::new(),
            evidence,
        };
        Self {
            identity,
            job,
            secrets: BTreeSet::new(),
            images: BTreeSet::new(),
        }
    }

    /// Notes something by the name that checks ask for.
    pub(super) fn mark(&mut self, what: impl Into<Str>) {
        if self.job.traits.len() < MANY {
            self.job.traits.insert(what.into());
        }
    }

    /// Notes what could not be worked out, or what had to be.
    pub(super) fn derive(&mut self, what: impl Into<Str>) {
        if self.identity.derivation.len() < 64 {
            self.identity.derivation.insert(what.into());
        }
    }

    /// A secret that the job is handed. `place` is what its id begins with: `github:acme/app/secret/`.
    pub(super) fn secret(
        &mut self,
        place: &str,
        name: &str,
        how: &str,
        receiver: Option<&str>,
        evidence: &Evidence,
    ) {
        if self.secrets.len() >= MANY {
            return;
        }
        self.secrets.insert(SecretUse {
            user: self.identity.id.clone(),
            secret: format!("{place}{name}").into(),
            name: name.into(),
            workload: self.job.id.clone(),
            how: how.into(),
            receiver: receiver.map(Into::into),
            evidence: evidence.clone(),
        });
    }

    /// Code of others that it runs.
    pub(super) fn uses(&mut self, used: Used) {
        if self.job.uses.len() < MANY {
            self.job.uses.insert(used);
        }
    }

    /// Whom it signs in as.
    pub(super) fn assume(&mut self, assumed: Assumed) {
        if self.job.assumes.len() >= MANY {
            return;
        }
        if let Some(id) = &assumed.identity {
            let to = (id.clone(), assumed.evidence.clone());
            self.identity.becomes.insert(to);
        } else {
            self.derive(format!(
                "not resolved: {} sign-in as {}",
                assumed.cloud, assumed.target
            ));
        }
        self.job.assumes.insert(assumed);
    }

    /// A token of its own system.
    pub(super) fn token(&mut self, token: Token) {
        if self.identity.tokens.len() < 256 {
            self.identity.tokens.insert(token);
        }
    }

    /// Its facts.
    pub(super) fn finish(mut self, facts: &mut Facts) {
        for image in std::mem::take(&mut self.images) {
            self.uses(image);
        }
        facts.identities.push(self.identity);
        facts.jobs.push(self.job);
        facts.secret_uses.extend(self.secrets);
    }
}

/// An image, and what it is handed. `own` is the organisation whose images are one's own.
pub(super) fn image(reference: &str, own: Option<&str>, evidence: Evidence) -> Used {
    let reference = reference.trim();
    let reference = reference.strip_prefix("docker://").unwrap_or(reference);
    let (name, version, pinned) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest), digest_like(digest)),
        None => {
            let last = reference.rfind('/').map_or(0, |at| at + 1);
            let tag = reference.get(last..).and_then(|rest| rest.find(':'));
            match tag.map(|at| (reference.get(..last + at), reference.get(last + at + 1..))) {
                Some((Some(name), tag)) => (name, tag, false),
                _ => (reference, None, false),
            }
        }
    };
    let symbolic = name.contains('$') || name.contains("<<") || name.contains("{{");
    let host = name.split('/').next().filter(|host| {
        name.contains('/') && (host.contains('.') || host.contains(':') || *host == "localhost")
    });
    let public = host.is_none_or(|host| {
        matches!(
            host,
            "docker.io"
                | "index.docker.io"
                | "ghcr.io"
                | "quay.io"
                | "gcr.io"
                | "public.ecr.aws"
                | "registry.k8s.io"
                | "mcr.microsoft.com"
        )
    });
    let mine = own.is_some_and(|own| name.split('/').any(|part| part.eq_ignore_ascii_case(own)));
    let third_party = if symbolic {
        None
    } else if mine {
        Some(false)
    } else {
        // A private registry may mirror what others make.
        public.then_some(true)
    };
    Used {
        kind: "image".into(),
        name: name.into(),
        version: version.filter(|v| !v.is_empty()).map(Into::into),
        pinned,
        third_party,
        secrets: Set::new(),
        ambient: Set::new(),
        evidence,
    }
}

/// Whether this is the digest of a manifest.
pub(super) fn digest_like(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether this is a whole commit id.
pub(super) fn commit_like(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Evidence at a node's line.
pub(super) fn at(document: &Document<'_>, reader: &'static str, node: &Node) -> Evidence {
    if node.line > 0 {
        document.at_line(reader, node.line)
    } else {
        document.whole(reader)
    }
}

/// Every scalar below a node, with its path's last key. The parser bounds nesting.
pub(super) fn scalars<'n>(node: &'n Node, key: &'n str, to: &mut Vec<(&'n str, &'n Node)>) {
    if node.text().is_some() {
        to.push((key, node));
    }
    for item in node.items() {
        scalars(item, key, to);
    }
    for (key, item) in node.entries() {
        scalars(item, key, to);
    }
}

/// A scalar, or a list of them, as texts.
pub(super) fn texts(node: Option<&Node>) -> Vec<String> {
    let Some(node) = node else {
        return Vec::new();
    };
    let one = node.text().map(str::to_owned);
    let many = node.items().iter().filter_map(Node::text);
    one.into_iter().chain(many.map(str::to_owned)).collect()
}

/// The IAM role that a text names whole.
pub(super) fn role_arn(text: &str) -> Option<IdentityId> {
    let text = text.trim();
    let mut parts = text.splitn(6, ':');
    let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (_, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let clean = !text.contains(['$', '{', ' ', '<', '*']);
    let ok = arn == "arn"
        && partition.starts_with("aws")
        && service == "iam"
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && resource.starts_with("role/");
    (ok && clean).then(|| IdentityId::from(text))
}

/// The cloud whose lasting key a variable of this name holds: `aws`, `gcp` or `azure`.
pub(super) fn cloud_key(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_uppercase().replace('-', "_");
    let is = |names: &[&str]| names.contains(&name.as_str());
    if name.ends_with("AWS_SECRET_ACCESS_KEY") || is(&["AWS_SECRET_KEY", "AWS_SECRET"]) {
        return Some("aws");
    }
    if is(&[
        "GOOGLE_CREDENTIALS",
        "GOOGLE_APPLICATION_CREDENTIALS_JSON",
        "GCLOUD_SERVICE_KEY",
        "GCP_SA_KEY",
        "GCP_CREDENTIALS",
        "GCP_SERVICE_ACCOUNT_KEY",
        "GOOGLE_CLOUD_KEYFILE_JSON",
        "GCLOUD_KEYFILE_JSON",
        "CLOUDSDK_AUTH_CREDENTIAL_FILE_JSON",
    ]) {
        return Some("gcp");
    }
    if is(&[
        "ARM_CLIENT_SECRET",
        "AZURE_CLIENT_SECRET",
        "AZURE_CREDENTIALS",
        "AZURE_SP_PASSWORD",
        "AZURE_SERVICE_PRINCIPAL_KEY",
    ]) {
        return Some("azure");
    }
    None
}

/// A path without `.` and `..`.
pub(super) fn normalised(path: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." if out
                .last()
                .is_some_and(|last| !last.is_empty() && *last != "..") =>
            {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out.join("/")
}
