//! Jenkins: the credentials that a controller keeps (`credentials.xml`, folders' `config.xml`, Configuration as Code)
//! and whether the key that opens them lies beside them.
//!
//! Values in braces (`{AQAA…}`) are encrypted with the controller's `secrets/master.key`. They are never
//! decrypted.

use super::Reader;
use super::keeping::{Keeping, Secret, owner, part, short};
use crate::detect::{Detector, Stored};
use crate::model::{
    Document, Facts, Humanity, Identity, IdentityKind, Platform, Presence, Probe, Problem,
};
use std::collections::BTreeMap;
use std::sync::Arc;

mod casc;
mod store;

const NAME: &str = "jenkins-credentials";

/// Reads what a Jenkins controller keeps.
pub struct JenkinsCredentials(Arc<Detector>);

impl JenkinsCredentials {
    /// With the detector that names what is not encrypted.
    pub fn new(detector: Arc<Detector>) -> Self {
        Self(detector)
    }
}

/// What a file is to a controller.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A store of credentials.
    Store,
    /// Configuration as Code.
    Code,
    /// The key that opens the store, or a half of it.
    Key,
}

fn part_of(path: &str, head: &[u8]) -> Option<Part> {
    let has = |text: &str| memchr::memmem::find(head, text.as_bytes()).is_some();
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    match file {
        "master.key" | "hudson.util.Secret" if folder.ends_with("secrets") => Some(Part::Key),
        _ if extension == "xml"
            && (has("com.cloudbees.plugins.credentials.SystemCredentialsProvider")
                || has("FolderCredentialsProvider_-FolderCredentialsProperty")
                || has("com.cloudbees.plugins.credentials.UserCredentialsProvider")) =>
        {
            Some(Part::Store)
        }
        // A folder's properties come after its views.
        "config.xml" if has("com.cloudbees.hudson.plugins.folder.Folder") => Some(Part::Store),
        _ if matches!(extension, "yaml" | "yml")
            && (has("domainCredentials:") || has("jenkins:") && has("credentials:")) =>
        {
            Some(Part::Code)
        }
        "jenkins.yaml" | "jenkins.yml" => Some(Part::Code),
        _ => None,
    }
}

impl Reader for JenkinsCredentials {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        match part_of(&probe.origin.path, probe.head) {
            // One of the halves is random bytes.
            Some(Part::Key) => true,
            Some(_) => !probe.binary,
            None => false,
        }
    }

    fn unlimited(&self) -> bool {
        false
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        self.read_together(std::slice::from_ref(document))
    }

    fn gathers(&self, _: &Document<'_>) -> bool {
        true
    }

    fn read_together(&self, documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        // Which halves of the key lie in which home.
        let mut keys: BTreeMap<String, Vec<&Document<'_>>> = BTreeMap::new();
        let mut stores = Vec::new();
        for document in documents {
            let head = document.bytes.get(..8192).unwrap_or(document.bytes);
            match part_of(&document.origin.path, head) {
                Some(Part::Key) => keys
                    .entry(home_of_key(&document.origin.path))
                    .or_default()
                    .push(document),
                Some(part) => stores.push((part, document)),
                None => {}
            }
        }
        let mut opened: BTreeMap<&str, usize> = BTreeMap::new();
        for (part, document) in stores {
            let path = &*document.origin.path;
            let whole = |found: &[&Document<'_>]| {
                let named = |name: &str| found.iter().any(|d| d.origin.file_name() == name);
                named("master.key") && named("hudson.util.Secret")
            };
            // The nearest home above the store is its own.
            let home = keys
                .iter()
                .filter(|(home, found)| below(path, home) && whole(found))
                .max_by_key(|(home, _)| home.len());
            let mut keeping = Keeping::new(document, NAME, &self.0);
            let mut entries = Entries {
                keeping: &mut keeping,
                decryptable: home.is_some(),
                encrypted: 0,
                estate: String::new(),
            };
            entries.estate = estate(path);
            match part {
                Part::Store => store::read(&mut entries),
                Part::Code => casc::read(&mut entries),
                Part::Key => {}
            }
            if let Some((home, _)) = home {
                *opened.entry(home.as_str()).or_default() += entries.encrypted;
            }
            let (read, trouble) = keeping.finish();
            facts.append(read);
            problems.extend(trouble);
        }
        for (home, count) in opened {
            let master = keys.get(home).into_iter().flatten();
            let master = master.filter(|d| d.origin.file_name() == "master.key");
            for document in master.filter(|_| count > 0) {
                let mut keeping = Keeping::new(document, NAME, &self.0);
                key(&mut keeping, home);
                let (read, trouble) = keeping.finish();
                facts.append(read);
                problems.extend(trouble);
            }
        }
        (facts, problems)
    }
}

/// The home that a key in `secrets/` belongs to.
fn home_of_key(path: &str) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder
        .rsplit_once('/')
        .map_or("", |(home, _)| home)
        .to_owned()
}

fn below(path: &str, home: &str) -> bool {
    home.is_empty()
        || path
            .strip_prefix(home)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// What ids of a controller are unique in: the folder of its home.
fn estate(path: &str) -> String {
    let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
    // A folder's own file lies in `jobs/<name>`.
    part(if folder.is_empty() { "/" } else { folder })
}

/// The controller's key, which opens what lies beside it.
fn key(keeping: &mut Keeping<'_>, home: &str) {
    let text = keeping.text().trim();
    if text.is_empty() {
        return;
    }
    let home = if home.is_empty() { "." } else { home };
    let mut identity = keeping.identity(
        format!("jenkins:{}/controller", part(home)),
        Platform::Jenkins,
        IdentityKind::ServiceAccount,
        &format!("Jenkins controller {home}"),
        Presence::Referenced,
        1,
    );
    identity.humanity = (Humanity::NonHuman, "Jenkins controller".into());
    let id = identity.id.clone();
    keeping.facts.identities.push(identity);
    let what = Secret {
        kind: "master-key",
        title: "master key of Jenkins",
        issuer: "jenkins",
        basis: "the controller encrypts its credentials with it",
        traits: &["opens-jenkins-credentials"],
    };
    keeping.secret(text, 1, &what, &id);
}

/// One entry of a store, however it is written.
struct Entry<'a> {
    /// What implements it: `UsernamePasswordCredentialsImpl`, `usernamePassword`.
    class: &'a str,
    id: &'a str,
    scope: &'a str,
    description: &'a str,
    username: Option<&'a str>,
    /// The public id of an AWS key.
    access_key: Option<&'a str>,
    /// What stands where secrets belong, with its line.
    secrets: Vec<(&'a str, u32)>,
    /// The domain that it is limited to.
    domain: Option<&'a str>,
    line: u32,
}

/// Collects entries.
struct Entries<'k, 'd> {
    keeping: &'k mut Keeping<'d>,
    /// The key that opens them lies beside them.
    decryptable: bool,
    /// How many values are encrypted.
    encrypted: usize,
    estate: String,
}

impl Entries<'_, '_> {
    fn add(&mut self, entry: &Entry<'_>, folder: bool) {
        let keeping = &mut *self.keeping;
        let shown = if entry.id.is_empty() {
            entry.username.unwrap_or(entry.class)
        } else {
            entry.id
        };
        let mut identity = keeping.identity(
            format!("jenkins:{}/credential/{}", self.estate, part(shown)),
            Platform::Jenkins,
            IdentityKind::ServiceConnection,
            shown,
            Presence::Declared,
            entry.line,
        );
        identity.account = Some(self.estate.as_str().into());
        identity.humanity = (Humanity::NonHuman, "credential of a CI system".into());
        describe(keeping, &mut identity, entry, folder);
        let id = identity.id.clone();
        let (kind, title) = sort(entry.class);
        let what = Secret {
            kind,
            title,
            issuer: "jenkins",
            basis: "entry of the credential store",
            traits: &["jenkins-store"],
        };
        if let Some(key) = entry.access_key.map(str::trim)
            && matches!(key.get(..4), Some("AKIA" | "ASIA"))
            && key
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        {
            let named = Secret {
                kind: "aws-access-key",
                title: "AWS access key",
                issuer: "aws",
                basis: "entry of Jenkins' credential store",
                traits: &[],
            };
            identity.traits.insert("static-keys".into());
            keeping.named(
                format!("aws:access-key:{key}"),
                entry.line,
                &named,
                key,
                &id,
            );
        }
        for (value, line) in &entry.secrets {
            match keeping.judge(value) {
                Stored::Encrypted => {
                    self.encrypted += 1;
                    identity.traits.insert("encrypted".into());
                    if self.decryptable {
                        identity.traits.insert("decryptable".into());
                    }
                    keeping.encrypted(value, *line, &what, &id);
                }
                Stored::Reference => {
                    identity.traits.insert("secret-elsewhere".into());
                }
                Stored::Value => {
                    identity.traits.insert("plain".into());
                    keeping.secret(value, *line, &what, &id);
                }
                Stored::Default => {
                    identity.traits.insert("default-password".into());
                }
                Stored::Placeholder | Stored::Nothing => {}
            }
        }
        keeping.facts.identities.push(identity);
    }
}

fn describe(keeping: &Keeping<'_>, identity: &mut Identity, entry: &Entry<'_>, folder: bool) {
    let scope = match entry.scope.to_ascii_uppercase().as_str() {
        "GLOBAL" => Some("scope-global"),
        "SYSTEM" => Some("scope-system"),
        "USER" => Some("scope-user"),
        _ => None,
    };
    // What a folder keeps is for the folder, whatever it is called.
    if let Some(scope) = scope {
        identity
            .traits
            .insert(if folder { "scope-folder" } else { scope }.into());
    }
    if entry.domain.is_some() {
        identity.traits.insert("domain".into());
    }
    if !entry.description.is_empty() {
        let label = keeping.field("description", entry.description, entry.line);
        identity.labels.insert(label);
        if let Some(who) = owner(entry.description) {
            identity
                .labels
                .insert(keeping.field("owner", who, entry.line));
        }
    }
    if let Some(user) = entry.username.filter(|user| !user.is_empty()) {
        identity
            .derivation
            .insert(short(&format!("signs in as {user}")));
    }
    if let Some(domain) = entry.domain {
        identity.serves.insert(short(&format!("domain {domain}")));
    }
}

/// The sort of an entry by what implements it.
fn sort(class: &str) -> (&'static str, &'static str) {
    let class = class
        .rsplit('.')
        .next()
        .unwrap_or(class)
        .to_ascii_lowercase();
    let found = [
        ("sshuserprivatekey", "ssh-key", "SSH key in Jenkins"),
        ("usernamepassword", "password", "password in Jenkins"),
        ("string", "secret-text", "secret text in Jenkins"),
        ("file", "secret-file", "secret file in Jenkins"),
        ("cert", "key-store", "key store in Jenkins"),
        ("aws", "aws-secret-key", "AWS secret key in Jenkins"),
        (
            "googlerobot",
            "google-key",
            "Google service account key in Jenkins",
        ),
        ("azure", "azure-secret", "Azure secret in Jenkins"),
        ("githubapp", "github-app-key", "GitHub App key in Jenkins"),
        ("gitlab", "gitlab-token", "GitLab token in Jenkins"),
        ("vault", "vault-credential", "Vault credential in Jenkins"),
        (
            "docker",
            "docker-certificate",
            "Docker certificate in Jenkins",
        ),
        ("kubeconfig", "kubeconfig", "kubeconfig in Jenkins"),
        ("openshift", "openshift-token", "OpenShift token in Jenkins"),
        ("token", "token", "token in Jenkins"),
    ];
    let sort = found.iter().find(|(part, _, _)| class.contains(part));
    sort.map_or(
        ("credential", "credential in Jenkins"),
        |(_, kind, title)| (kind, title),
    )
}
