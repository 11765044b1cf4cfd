//! Files in which programs keep whom they sign in as: `.env`, `.npmrc`, `.netrc`, Docker's `config.json` and
//! their like. Each is known by its name, and where that is a common one, by what stands in it.

use super::Reader;
use super::keeping::{Keeping, Secret};
use crate::detect::{Detector, Stored};
use crate::model::{
    Document, Facts, Identity, IdentityId, IdentityKind, Platform, Presence, Probe, Problem,
};
use std::sync::Arc;

mod cloud;
mod docker;
mod env;
mod logins;
mod packages;
mod xml;

const NAME: &str = "dotfiles";

/// Reads the files in which programs keep whom they sign in as.
pub struct Dotfiles(Arc<Detector>);

impl Dotfiles {
    /// With the detector that names their secrets.
    pub fn new(detector: Arc<Detector>) -> Self {
        Self(detector)
    }
}

impl Reader for Dotfiles {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        !probe.binary && format(&probe.origin.path, probe.head).is_some()
    }

    fn unlimited(&self) -> bool {
        false
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut keeping = Keeping::new(document, NAME, &self.0);
        let head = document.bytes.get(..8192).unwrap_or(document.bytes);
        if let Some(read) = format(&document.origin.path, head) {
            read(&mut keeping);
        }
        keeping.finish()
    }
}

type Format = fn(&mut Keeping<'_>);

/// What reads a file of this name that begins so.
fn format(path: &str, head: &[u8]) -> Option<Format> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let parent = folder.rsplit('/').next().unwrap_or_default();
    let has = |text: &str| memchr::memmem::find(head, text.as_bytes()).is_some();
    let lower = file.to_ascii_lowercase();
    let read: Format = match &*lower {
        ".npmrc" | "npmrc" => packages::npmrc,
        ".pypirc" | "pypirc" => packages::pypirc,
        "pip.conf" | "pip.ini" => packages::pip,
        ".yarnrc.yml" => packages::yarnrc,
        "bunfig.toml" | ".bunfig.toml" => packages::bunfig,
        "credentials.toml" | "credentials" if parent == ".cargo" => packages::cargo,
        ".condarc" | "condarc" => packages::condarc,
        "auth.json"
            if has("\"http-basic\"")
                || has("\"github-oauth\"")
                || has("\"gitlab-token\"")
                || has("\"bearer\"") =>
        {
            packages::composer
        }
        "gradle.properties" => packages::gradle,
        ".terraformrc" | "terraform.rc" | "credentials.tfrc.json" => packages::terraform,
        "nuget.config" => xml::nuget,
        "settings.xml" | "settings-security.xml" if has("<servers") || has("<server>") => {
            xml::maven
        }
        "config.json" if has("\"auths\"") || has("\"credHelpers\"") || has("\"credsStore\"") => {
            docker::config
        }
        ".dockerconfigjson" => docker::config,
        ".dockercfg" => docker::config,
        ".netrc" | "_netrc" => logins::netrc,
        ".git-credentials" => logins::git_credentials,
        "credentials" if parent == "git" && has("://") => logins::git_credentials,
        ".pgpass" | "pgpass.conf" => logins::pgpass,
        ".my.cnf" => logins::mysql,
        ".s3cfg" => logins::s3cfg,
        ".boto" => logins::boto,
        "rclone.conf" => logins::rclone,
        "config" if parent == ".ssh" => logins::ssh,
        "ssh_config" if has("Host ") => logins::ssh,
        "accesstokens.json" if has("\"tokenType\"") || has("\"refreshToken\"") => cloud::azure,
        "msal_token_cache.json" => cloud::azure,
        "serviceprincipal.json" | "service_principal_entries.json" if has("client_secret") => {
            cloud::azure_principals
        }
        _ if env::named(&lower) => env::read,
        _ if lower.ends_with(".json") && cloud::google_named(&lower, &has) => cloud::google,
        _ => return None,
    };
    Some(read)
}

/// One sign-in that a file holds: whom, where, and with what.
struct Login<'a> {
    /// Where one signs in: a host, with a path where several live on it.
    host: &'a str,
    /// As whom, where the file tells.
    user: Option<&'a str>,
    /// What stands where the secret belongs.
    secret: &'a str,
    line: u32,
    /// What sort of secret.
    what: Secret<'a>,
    kind: IdentityKind,
    platform: Platform,
    /// What its id begins with: `registry`, `database`, `host`.
    realm: &'a str,
}

impl Keeping<'_> {
    /// The identity of a sign-in with its credential. Who is unknown is told apart by the secret's digest, or
    /// by what the secret is filled in from.
    fn login(&mut self, login: &Login<'_>) -> IdentityId {
        let judged = self.judge(login.secret);
        let user = match (login.user.filter(|u| !u.trim().is_empty()), judged) {
            (Some(user), _) => super::keeping::part(user),
            (None, Stored::Value) => format!("token-{}", self.digest(login.secret)),
            (None, Stored::Reference) => super::keeping::part(login.secret),
            (None, _) => "unnamed".to_owned(),
        };
        let host = login.host.trim().trim_end_matches('/').to_ascii_lowercase();
        let id = format!("{}:{}/{user}", login.realm, super::keeping::part(&host));
        let name = format!("{user} at {host}");
        let mut identity = self.identity(
            id,
            login.platform,
            login.kind,
            &name,
            Presence::Referenced,
            login.line,
        );
        let id = identity.id.clone();
        self.judged(&mut identity, login.secret, judged, login.line, &login.what);
        self.facts.identities.push(identity);
        id
    }

    /// Records a secret of an identity by what it was judged to be.
    fn judged(
        &mut self,
        identity: &mut Identity,
        secret: &str,
        judged: Stored,
        line: u32,
        what: &Secret<'_>,
    ) {
        let id = identity.id.clone();
        match judged {
            Stored::Value => {
                identity.traits.insert("secret-in-file".into());
                self.secret(secret, line, what, &id);
            }
            Stored::Encrypted => self.encrypted(secret, line, what, &id),
            Stored::Reference => {
                identity.traits.insert("secret-elsewhere".into());
            }
            Stored::Default => {
                identity.traits.insert("default-password".into());
            }
            Stored::Placeholder | Stored::Nothing => {}
        }
    }
}
