//! `~/.aws/config` and `~/.aws/credentials`: profiles, whom each signs in as, and whom it goes on to become.
//!
//! Both files speak of the same profiles, so they are read together, folder by folder.

use super::Reader;
use super::keeping::{Keeping, Secret, folder, part, settings, short};
use crate::detect::Detector;
use crate::model::{
    Claim, ClaimName, Document, Evidence, Facts, Identity, IdentityId, IdentityKind, Moment,
    Platform, Presence, Probe, Problem, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const NAME: &str = "profiles";

/// Reads profiles of AWS's command line.
pub struct Profiles(Arc<Detector>);

impl Profiles {
    /// With the detector that names their keys.
    pub fn new(detector: Arc<Detector>) -> Self {
        Self(detector)
    }
}

impl Reader for Profiles {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let path = &*probe.origin.path;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let file = probe.origin.file_name();
        let place = matches!(file, "config" | "credentials")
            && matches!(folder.rsplit('/').next(), Some(".aws" | "aws" | "dot-aws"));
        let elsewhere = || {
            let name = file.to_ascii_lowercase();
            (name.starts_with("aws") || name.starts_with(".aws") || name.starts_with("credentials"))
                && !probe
                    .has_extension(&["json", "yaml", "yml", "tf", "py", "js", "ts", "md", "go"])
        };
        !probe.binary
            && (place || elsewhere())
            && starts_with_section(probe.head)
            && (probe.head_contains("aws_access_key_id")
                || probe.head_contains("role_arn")
                || probe.head_contains("sso_")
                || probe.head_contains("credential_process")
                || place && probe.head_contains("region"))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        read(&self.0, std::slice::from_ref(document))
    }

    fn gathers(&self, _: &Document<'_>) -> bool {
        true
    }

    fn read_together(&self, documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
        let mut folders: BTreeMap<String, Vec<Document<'_>>> = BTreeMap::new();
        for document in documents {
            folders
                .entry(folder(&document.origin.path))
                .or_default()
                .push(*document);
        }
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        for documents in folders.values() {
            let (read, trouble) = read(&self.0, documents);
            facts.append(read);
            problems.extend(trouble);
        }
        (facts, problems)
    }
}

fn starts_with_section(head: &[u8]) -> bool {
    let mut lines = head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let first =
        lines.find(|line| !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b";"));
    first.is_some_and(|line| line.starts_with(b"["))
}

/// Settings of one profile, from both files.
#[derive(Default)]
struct Profile {
    settings: BTreeMap<String, (String, Evidence)>,
    /// The identity, without what follows from other profiles.
    identity: Option<Identity>,
}

impl Profile {
    fn get(&self, key: &str) -> Option<&str> {
        let (value, _) = self.settings.get(key)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }
}

/// What is said under one name about several: `[sso-session acme]`.
type Sessions = BTreeMap<String, BTreeMap<String, String>>;

/// The files of one folder.
fn read(detector: &Detector, documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
    let mut facts = Facts::default();
    let mut problems = Vec::new();
    let mut profiles: BTreeMap<String, Profile> = BTreeMap::new();
    let mut sessions = Sessions::new();
    for document in documents {
        let mut keeping = Keeping::new(document, NAME, detector);
        one(&mut keeping, &mut profiles, &mut sessions);
        let (read, trouble) = keeping.finish();
        facts.append(read);
        problems.extend(trouble);
    }
    // Copying names first: profiles speak of each other.
    let names: Vec<String> = profiles.keys().cloned().collect();
    let sources: BTreeSet<String> = profiles
        .values()
        .filter(|p| p.get("role_arn").is_some())
        .filter_map(|p| p.get("source_profile").map(str::to_owned))
        .collect();
    for name in names {
        let chain = chain(&profiles, &name);
        let Some(profile) = profiles.get_mut(&name) else {
            continue;
        };
        let Some(mut identity) = profile.identity.take() else {
            continue;
        };
        if sources.contains(&name) {
            identity.traits.insert("source-of-role".into());
        }
        describe(profile, &sessions, &mut identity);
        for (role, evidence) in &chain.roles {
            // What a script fills in names nobody yet.
            if crate::platform::aws::arn::Arn::parse(role).is_none() {
                identity
                    .derivation
                    .insert(short(&format!("not resolved: {role}")));
                continue;
            }
            identity
                .becomes
                .insert((IdentityId::from(&**role), evidence.clone()));
        }
        identity
            .traits
            .extend(chain.traits.iter().map(|t| (*t).into()));
        if let Some(line) = chain.line() {
            identity.derivation.insert(line.into());
        }
        // Later profiles still ask for its settings, which stay.
        facts.identities.push(identity);
    }
    (facts, problems)
}

/// One file: settings into the profiles, keys into facts.
fn one(
    keeping: &mut Keeping<'_>,
    profiles: &mut BTreeMap<String, Profile>,
    sessions: &mut Sessions,
) {
    let base = keeping.folder();
    let text = keeping.text();
    let mut keys: BTreeMap<String, (String, u32)> = BTreeMap::new();
    for setting in settings(text, false) {
        let (sort, name) = match setting.section.split_once(char::is_whitespace) {
            Some((sort @ ("profile" | "sso-session" | "services" | "plugins"), name)) => {
                (sort, name.trim().trim_matches('"'))
            }
            _ => ("profile", setting.section.trim_matches('"')),
        };
        let key = setting.key.to_ascii_lowercase();
        match sort {
            "profile" => {}
            "sso-session" => {
                let session = sessions.entry(name.to_owned()).or_default();
                session.insert(key, setting.value.to_owned());
                continue;
            }
            _ => continue,
        }
        if name.is_empty() {
            continue;
        }
        let profile = profiles.entry(name.to_owned()).or_default();
        let id = IdentityId::from(format!("aws:{base}/profile/{}", part(name)));
        let identity = profile.identity.get_or_insert_with(|| {
            let line = setting.line;
            keeping.identity(
                id.clone(),
                Platform::Aws,
                IdentityKind::Profile,
                name,
                Presence::Referenced,
                line,
            )
        });
        let evidence = keeping.at(setting.line);
        if identity
            .evidence
            .iter()
            .all(|e| e.origin != evidence.origin)
        {
            identity.evidence.insert(evidence.clone());
        }
        if let Some(comment) = setting.comment {
            identity
                .labels
                .insert(keeping.field("comment", comment, setting.line));
        }
        match key.as_str() {
            "aws_access_key_id" => {
                keys.insert(name.to_owned(), (setting.value.to_owned(), setting.line));
            }
            "aws_secret_access_key" => continue,
            "aws_session_token" | "aws_security_token" => {
                identity.traits.insert("session-keys".into());
                continue;
            }
            _ => {}
        }
        profile
            .settings
            .insert(key, (setting.value.to_owned(), evidence));
    }
    for (name, (value, line)) in keys {
        let Some(profile) = profiles.get_mut(&name) else {
            continue;
        };
        let Some(identity) = &mut profile.identity else {
            continue;
        };
        let temporary =
            identity.traits.contains(&"session-keys".into()) || value.starts_with("ASIA");
        let shape = |v: &str| {
            matches!(v.get(..4), Some("AKIA" | "ASIA"))
                && (16..=32).contains(&v.len())
                && v.bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        };
        if !shape(&value) {
            identity
                .derivation
                .insert("its access key is filled in elsewhere".into());
            continue;
        }
        identity.traits.insert(
            if temporary {
                "session-keys"
            } else {
                "static-keys"
            }
            .into(),
        );
        let what = Secret {
            kind: "aws-access-key",
            title: "AWS access key",
            issuer: "aws",
            basis: "the profile signs in with it",
            traits: &["in-profile"],
        };
        let id = identity.id.clone();
        keeping.named(format!("aws:access-key:{value}"), line, &what, &value, &id);
    }
}

/// What a profile's own settings say of how it signs in.
fn describe(profile: &Profile, sessions: &Sessions, identity: &mut Identity) {
    let mut note = |name: &str| {
        identity.traits.insert(name.into());
    };
    let session = profile
        .get("sso_session")
        .and_then(|name| sessions.get(name));
    let single = |key: &str| {
        profile
            .get(key)
            .or_else(|| session.and_then(|s| s.get(key)).map(String::as_str))
    };
    if profile.get("credential_process").is_some() {
        note("credential-process");
    }
    if profile.get("web_identity_token_file").is_some() {
        note("web-identity");
    }
    if profile.get("mfa_serial").is_some() {
        note("mfa");
    }
    if profile.get("external_id").is_some() {
        note("external-id");
    }
    if single("sso_start_url").is_some() {
        note("single-sign-on");
        let account = single("sso_account_id").unwrap_or_default();
        let role = single("sso_role_name").unwrap_or_default();
        if !role.is_empty() {
            let text = format!("signs in by single sign-on as {role} in account {account}");
            identity.derivation.insert(short(&text));
            identity.humanity = (
                crate::model::Humanity::Human,
                "single sign-on opens a browser".into(),
            );
        }
        if !account.is_empty() {
            identity.account = Some(short(account));
        }
    }
    if let Some(program) = profile.get("credential_process") {
        // Arguments may hold anything; the program's name is what matters.
        let program = program.trim_matches('"').split_whitespace().next();
        let program = program.unwrap_or_default().rsplit('/').next();
        let text = format!(
            "credentials come from the program {}",
            program.unwrap_or_default()
        );
        identity.derivation.insert(short(&text));
    }
    if let Some(expires) = profile
        .get("aws_expiration")
        .or_else(|| profile.get("x_security_token_expires"))
        .or_else(|| profile.get("expiration"))
        .and_then(Timestamp::parse)
    {
        identity.expires = Moment::At(expires);
    }
    if let Some(serial) = profile.get("mfa_serial")
        && Claim::new(ClaimName::User, serial).is_some()
        && serial.starts_with("arn:")
        && serial.contains(":mfa/")
    {
        identity
            .derivation
            .insert(short(&format!("asks for the second factor {serial}")));
    }
}

/// How a profile comes to its last role.
#[derive(Default)]
struct Chain {
    /// The roles in the order in which they are assumed.
    roles: Vec<(String, Evidence)>,
    /// Whose credentials begin it.
    start: String,
    traits: BTreeSet<&'static str>,
}

impl Chain {
    fn line(&self) -> Option<String> {
        if self.roles.is_empty() {
            return None;
        }
        let roles: Vec<&str> = self.roles.iter().map(|(role, _)| role.as_str()).collect();
        Some(format!(
            "begins with {}, then assumes {}",
            self.start,
            roles.join(", then ")
        ))
    }
}

/// Profiles that one chain is followed through; nobody's is as long.
const LONGEST_CHAIN: usize = 32;

/// Follows `source_profile` to the end.
fn chain(profiles: &BTreeMap<String, Profile>, name: &str) -> Chain {
    let mut chain = Chain::default();
    let mut met: BTreeSet<&str> = BTreeSet::new();
    let mut at = name;
    loop {
        let Some(profile) = profiles.get(at) else {
            chain.start = format!("profile {}, which is not there", short(at));
            chain.traits.insert("missing-source");
            break;
        };
        if met.len() >= LONGEST_CHAIN {
            chain.start = format!("more than {LONGEST_CHAIN} other profiles");
            chain.traits.insert("long-chain");
            break;
        }
        if !met.insert(at) {
            chain.start = format!("profile {}, which leads back to itself", short(at));
            chain.traits.insert("cycle");
            break;
        }
        let keys = profile.get("aws_access_key_id").is_some();
        let Some(role) = profile.get("role_arn") else {
            chain.start = format!("profile {}", short(at));
            if met.len() > 1 && keys {
                chain.traits.insert("begins-with-keys");
            }
            break;
        };
        if let Some((_, evidence)) = profile.settings.get("role_arn") {
            chain.roles.push((role.to_owned(), evidence.clone()));
        }
        if profile.get("web_identity_token_file").is_some() {
            chain.start = "a token of an OIDC provider".to_owned();
            break;
        }
        if let Some(source) = profile.get("credential_source") {
            chain.start = match source {
                "Ec2InstanceMetadata" => "the role of the machine".to_owned(),
                "EcsContainer" => "the role of the container".to_owned(),
                "Environment" => "keys in the environment".to_owned(),
                _ => "a source of the machine".to_owned(),
            };
            chain.traits.insert("machine-source");
            break;
        }
        match profile.get("source_profile") {
            // A profile may be its own source, if it has keys: the role is assumed with them.
            Some(source) if source == at => {
                chain.start = format!("profile {}", short(at));
                chain
                    .traits
                    .insert(if keys { "begins-with-keys" } else { "cycle" });
                break;
            }
            Some(source) => at = source,
            None => {
                chain.start = format!("profile {}, which names no source", short(at));
                chain.traits.insert("missing-source");
                break;
            }
        }
    }
    chain.roles.reverse();
    chain
}
