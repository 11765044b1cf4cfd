//! Compose files: what each service is handed, what of the host it can reach, and the users that its image makes
//! of the variables it is given.
//!
//! Services go by folder and name, so that a file and what overrides it speak of one service.

use super::Reader;
use super::keeping::{Keeping, MOST, owner, part, short};
use super::tree::Node;
use crate::detect::{Detector, Stored};
use crate::model::{
    Credential, Document, Facts, Identity, IdentityKind, Label, LabelSource, Platform, Presence,
    Probe, Problem, SecretUse, Workload,
};
use std::collections::BTreeSet;
use std::sync::Arc;

mod mounts;
mod users;
mod variables;

const NAME: &str = "compose";

/// Reads Compose files.
pub struct Compose(Arc<Detector>);

impl Compose {
    /// With the detector that names their secrets.
    pub fn new(detector: Arc<Detector>) -> Self {
        Self(detector)
    }
}

impl Reader for Compose {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let name = probe.origin.file_name().to_ascii_lowercase();
        let named = name.contains("compose") || name.contains("stack") || name.contains("swarm");
        !probe.binary
            && named
            && probe.has_extension(&["yml", "yaml", "json"])
            && (at_line_start(probe.head, b"services:")
                || at_line_start(probe.head, b"include:")
                || probe.head_contains("\"services\"")
                || !probe.complete && name.contains("compose"))
            && !probe.head_contains("AWSTemplateFormatVersion")
            && !at_line_start(probe.head, b"apiVersion:")
    }

    fn unlimited(&self) -> bool {
        false
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut keeping = Keeping::new(document, NAME, &self.0);
        for tree in keeping.trees() {
            file(&mut keeping, &tree);
        }
        keeping.finish()
    }
}

fn at_line_start(head: &[u8], key: &[u8]) -> bool {
    memchr::memmem::find_iter(head, key)
        .any(|at| at == 0 || at.checked_sub(1).and_then(|before| head.get(before)) == Some(&b'\n'))
}

fn file(keeping: &mut Keeping<'_>, tree: &Node) {
    let Some(services) = tree.get("services") else {
        return;
    };
    let folder = keeping.folder();
    for section in ["secrets", "configs"] {
        for (name, entry) in tree
            .get(section)
            .map_or(&[][..], Node::entries)
            .iter()
            .take(MOST)
        {
            kept(keeping, &folder, section, name, entry);
        }
    }
    for (name, node) in services.entries().iter().take(MOST) {
        if node.is_map() {
            service(keeping, tree, &folder, name, node);
        }
    }
}

/// A secret of the file's own: where it comes from.
fn kept(keeping: &mut Keeping<'_>, folder: &str, section: &str, name: &str, entry: &Node) {
    // Configurations are no secrets.
    if section != "secrets" {
        return;
    }
    let mut credential = Credential::new(
        secret(folder, name).into(),
        "compose-secret",
        "compose",
        "secret of a Compose file",
    );
    credential.display = Some(short(name));
    credential.records.insert(keeping.at(entry.line));
    let external = entry.bool("external") == Some(true)
        || entry
            .get("external")
            .is_some_and(|external| external.is_map());
    let from = if external {
        "external"
    } else if entry.get("environment").is_some() {
        "from-environment"
    } else if entry.get("file").is_some() {
        "from-file"
    } else {
        "unspecified"
    };
    credential.traits.insert(from.into());
    keeping.facts.credentials.push(credential);
}

fn secret(folder: &str, name: &str) -> String {
    format!("compose:{folder}/secret/{}", part(name))
}

/// One service, with what it inherits from another of the file.
struct Service<'a> {
    name: &'a str,
    folder: &'a str,
    identity: Identity,
    /// The service and what it extends, nearest first.
    nodes: Vec<&'a Node>,
}

impl<'a> Service<'a> {
    /// A setting of the service, or of what it extends.
    fn get(&self, key: &str) -> Option<&'a Node> {
        self.nodes.iter().find_map(|node| node.get(key))
    }

    /// Settings of all of them, the nearest first: lists that add up.
    fn all(&self, key: &str) -> Vec<&'a Node> {
        self.nodes.iter().filter_map(|node| node.get(key)).collect()
    }

    fn note(&mut self, name: &str) {
        self.identity.traits.insert(name.into());
    }
}

fn service(keeping: &mut Keeping<'_>, tree: &Node, folder: &str, name: &str, node: &Node) {
    let mut nodes = vec![node];
    let mut met = BTreeSet::from([name]);
    let mut elsewhere = None;
    let mut at = node;
    while let Some(extends) = at.get("extends") {
        let base = extends
            .text()
            .or(extends.str("service"))
            .unwrap_or_default();
        if let Some(file) = extends.str("file") {
            elsewhere = Some(format!("extends {base} of {file}, which is not followed"));
            break;
        }
        let Some(next) = tree.at(&["services", base]).filter(|_| met.insert(base)) else {
            break;
        };
        nodes.push(next);
        at = next;
    }
    let id = format!("compose:{folder}/{}", part(name));
    let mut identity = keeping.identity(
        id.as_str(),
        Platform::Host,
        IdentityKind::HostUser,
        name,
        Presence::Referenced,
        node.line,
    );
    identity.humanity = (
        crate::model::Humanity::NonHuman,
        "service of a Compose file".into(),
    );
    if let Some(text) = elsewhere {
        identity.derivation.insert(short(&text));
    }
    let mut service = Service {
        name,
        folder,
        identity,
        nodes,
    };
    let handed_before = keeping.facts.secret_uses.len();
    labels(keeping, &mut service);
    rights(&mut service);
    mounts::read(keeping, &mut service);
    variables::read(keeping, &mut service);
    secrets(keeping, &mut service);
    if keeping.facts.secret_uses.len() == handed_before && !notable(&service.identity) {
        return;
    }
    let evidence = keeping.at(node.line);
    keeping.facts.workloads.push(Workload {
        id: id.into(),
        kind: "ComposeService".into(),
        name: short(name),
        runs_as: service.identity.id.clone(),
        traits: crate::model::Set::new(),
        automount: None,
        evidence,
    });
    keeping.facts.identities.push(service.identity);
}

/// Whether a service is more than a program beside others: it reaches what is its host's, somebody is said to own
/// it, or what it is handed stands in another file. Listing every cache and proxy would hide those that matter.
fn notable(identity: &Identity) -> bool {
    let plain = ["example", "in-repository", "published"];
    identity.traits.iter().any(|name| !plain.contains(&&**name))
        || !identity.labels.is_empty()
        || !identity.derivation.is_empty()
}

/// What the service may do on its host.
fn rights(service: &mut Service<'_>) {
    let yes = |key: &str| service.nodes.iter().find_map(|node| node.bool(key)) == Some(true);
    let mut found = Vec::new();
    if yes("privileged") {
        found.push("privileged");
    }
    let text = |key: &str| service.get(key).and_then(Node::text).unwrap_or_default();
    if text("network_mode") == "host" {
        found.push("host-network");
    }
    if text("pid") == "host" {
        found.push("host-processes");
    }
    let user = text("user").split(':').next().unwrap_or_default();
    if matches!(user, "root" | "0") {
        found.push("root");
    }
    for capability in service.all("cap_add").iter().flat_map(|list| list.items()) {
        let name = capability.text().unwrap_or_default().to_ascii_uppercase();
        let name = name.strip_prefix("CAP_").unwrap_or(&name).to_owned();
        if matches!(
            &*name,
            "ALL" | "SYS_ADMIN" | "SYS_MODULE" | "SYS_PTRACE" | "DAC_READ_SEARCH"
        ) {
            found.push("host-capabilities");
        }
    }
    if published(service) {
        found.push("published");
    }
    for name in found {
        service.note(name);
    }
}

/// Whether others than the host itself reach a port of the service.
fn published(service: &Service<'_>) -> bool {
    let local = |ip: &str| {
        let ip = ip.trim_matches(['[', ']']);
        ip == "localhost" || ip == "::1" || ip.starts_with("127.")
    };
    let ports = service.all("ports");
    let open = |port: &Node| match port.text() {
        Some(text) => {
            let parts = text.rsplitn(3, ':').count();
            parts < 3 || !local(text.rsplitn(3, ':').last().unwrap_or_default())
        }
        None => port.is_map() && !port.str("host_ip").is_some_and(local),
    };
    ports.iter().flat_map(|list| list.items()).any(open)
        || service.get("network_mode").and_then(Node::text) == Some("host")
}

/// Labels that say whose it is. The others steer programs.
fn labels(keeping: &Keeping<'_>, service: &mut Service<'_>) {
    let mut found: Vec<(String, String, u32)> = Vec::new();
    for labels in service.all("labels") {
        for (key, value) in labels.entries() {
            let text = value.text().unwrap_or_default();
            found.push((key.clone(), text.to_owned(), value.line));
        }
        for item in labels.items() {
            if let Some((key, value)) = item.text().and_then(|text| text.split_once('=')) {
                found.push((key.to_owned(), value.to_owned(), item.line));
            }
        }
    }
    for (key, value, line) in found {
        let lower = key.to_ascii_lowercase();
        let tells = ["owner", "team", "contact", "maintainer"];
        if tells.iter().any(|word| lower.contains(word)) {
            service.identity.labels.insert(Label {
                source: LabelSource::Label,
                key: short(&key),
                value: short(&value),
                evidence: keeping.at(line),
            });
        }
    }
    if let Some(who) = service.get("x-owner").and_then(Node::text).or(None) {
        let line = service.get("x-owner").map_or(0, |node| node.line);
        let who = owner(who).unwrap_or(who);
        service
            .identity
            .labels
            .insert(keeping.field("owner", who, line));
    }
}

/// The secrets of the file that the service is handed.
fn secrets(keeping: &mut Keeping<'_>, service: &mut Service<'_>) {
    let mut uses = Vec::new();
    for list in service.all("secrets") {
        for item in list.items() {
            let Some(name) = item.text().or(item.str("source")) else {
                continue;
            };
            let target = item.str("target").unwrap_or(name);
            let file = if target.starts_with('/') {
                target.to_owned()
            } else {
                format!("/run/secrets/{target}")
            };
            uses.push((
                secret(service.folder, name),
                name.to_owned(),
                format!("file {file}"),
                item.line,
            ));
        }
    }
    for list in service.all("env_file") {
        let single = list.text().map(|_| list);
        for item in list.items().iter().chain(single) {
            let Some(path) = item.text().or(item.str("path")) else {
                continue;
            };
            let id = format!("compose:{}/env-file/{}", service.folder, part(path));
            uses.push((
                id,
                path.to_owned(),
                "variables of the file".to_owned(),
                item.line,
            ));
        }
    }
    for (secret, name, how, line) in uses {
        handed(keeping, service, secret, &name, &how, line);
    }
}

/// Notes that the service is handed something.
fn handed(
    keeping: &mut Keeping<'_>,
    service: &Service<'_>,
    secret: String,
    name: &str,
    how: &str,
    line: u32,
) {
    let evidence = keeping.at(line);
    keeping.facts.secret_uses.push(SecretUse {
        user: service.identity.id.clone(),
        secret: secret.into(),
        name: short(name),
        workload: service.identity.id.0.clone(),
        how: short(how),
        receiver: None,
        evidence,
    });
}

/// What is left of a text when variables that are not set take their defaults; and whether any had one.
fn defaulted(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("${")?.strip_suffix('}')?;
    let (name, default) = inside.split_once(":-").or_else(|| inside.split_once('-'))?;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (name.chars().all(word) && !default.contains("${")).then_some(default)
}

/// The name of the variable that a text is filled in from.
fn variable(text: &str) -> Option<&str> {
    let rest = text.trim().strip_prefix('$')?;
    let rest = rest.strip_prefix('{').unwrap_or(rest);
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let name = rest.get(..end.unwrap_or(rest.len()))?;
    (!name.is_empty()).then_some(name)
}

/// Whether a value is one that everybody tries first. `changeme` asks to be replaced, and is none.
fn well_known(judged: Stored, value: &str, user: &str) -> bool {
    const KNOWN: [&str; 12] = [
        "password",
        "passw0rd",
        "password1",
        "password123",
        "123456",
        "12345678",
        "1234",
        "12345",
        "letmein",
        "qwerty",
        "toor",
        "rootpassword",
    ];
    judged == Stored::Default
        || value.eq_ignore_ascii_case(user)
        || KNOWN.iter().any(|known| value.eq_ignore_ascii_case(known))
}
