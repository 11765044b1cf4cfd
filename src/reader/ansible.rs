//! Ansible: whom it signs in as (inventories, variables), and the identities and keys that its tasks make.
//!
//! Jinja stays as it is written: `{{ user }}` is decided by a run. What a vault has encrypted is recorded as kept
//! well.

use super::Reader;
use super::keeping::{Keeping, part, short};
use super::tree::Node;
use crate::detect::Detector;
use crate::model::{Credential, Document, Facts, Probe, Problem, STORED};
use std::sync::Arc;

mod cloud;
mod inventory;
mod tasks;
mod variables;

const NAME: &str = "ansible";

/// Reads inventories, variables, playbooks and tasks.
pub struct Ansible(Arc<Detector>);

impl Ansible {
    /// With the detector that names their secrets.
    pub fn new(detector: Arc<Detector>) -> Self {
        Self(detector)
    }
}

/// What a file is to Ansible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Encrypted as a whole.
    Vault,
    /// `group_vars`, `host_vars`, a role's `vars` and `defaults`.
    Variables,
    /// An inventory in sections.
    Sections,
    /// An inventory in YAML.
    Inventory,
    /// Plays, or tasks of a role.
    Tasks,
    /// `ansible.cfg`.
    Settings,
}

/// What a file of this path that begins so is; `None` where it is not Ansible's.
fn form(path: &str, head: &[u8]) -> Option<Form> {
    if head.starts_with(b"$ANSIBLE_VAULT;") {
        return Some(Form::Vault);
    }
    let has = |text: &[u8]| memchr::memmem::find(head, text).is_some();
    let file = path.rsplit('/').next().unwrap_or_default();
    let extension = file.rsplit_once('.').map(|(_, extension)| extension);
    let yaml = matches!(extension, Some("yml" | "yaml"));
    let within = |folder: &str| path.split('/').rev().skip(1).any(|part| part == folder);
    if file == "ansible.cfg" {
        return Some(Form::Settings);
    }
    if (within("group_vars") || within("host_vars")) && (yaml || extension.is_none()) {
        return Some(Form::Variables);
    }
    if yaml {
        if plays(head) {
            return Some(Form::Tasks);
        }
        if (within("tasks") || within("handlers")) && starts_list(head) {
            return Some(Form::Tasks);
        }
        let role = within("roles") && (within("vars") || within("defaults"));
        if role || (within("vars") || within("defaults")) && has(b"ansible_") {
            return Some(Form::Variables);
        }
        if has(b"ansible_") && has(b"hosts:") && !starts_list(head) {
            return Some(Form::Inventory);
        }
        return None;
    }
    let inventory = file == "hosts"
        || file.starts_with("inventory")
        || matches!(extension, Some("ini")) && (within("inventory") || within("inventories"))
        || within("inventory") && extension.is_none()
        || within("inventories") && extension.is_none()
        || matches!(extension, Some("ini" | "inventory"));
    (inventory && has(b"ansible_")).then_some(Form::Sections)
}

/// Lines that are neither empty nor comments nor the mark of a document.
fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|b| *b == b'\n').filter(|line| {
        let line = line.trim_ascii();
        !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b"---")
    })
}

fn starts_list(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    lines(head)
        .next()
        .is_some_and(|line| line.trim_ascii_start().starts_with(b"- "))
}

/// A list whose items have `hosts` and what is to be done there.
fn plays(head: &[u8]) -> bool {
    if !starts_list(head) {
        return false;
    }
    let key = |key: &[u8]| {
        lines(head).any(|line| {
            let line = line.trim_ascii_start();
            let line = line.strip_prefix(b"- ").unwrap_or(line).trim_ascii_start();
            line.starts_with(key)
        })
    };
    key(b"hosts:")
        && [
            &b"tasks:"[..],
            b"roles:",
            b"pre_tasks:",
            b"gather_facts:",
            b"vars:",
            b"become:",
            b"vars_files:",
            b"remote_user:",
        ]
        .into_iter()
        .any(key)
        || key(b"import_playbook:")
        || key(b"ansible.builtin.import_playbook:")
}

impl Reader for Ansible {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        !probe.binary && form(&probe.origin.path, probe.head).is_some()
    }

    fn unlimited(&self) -> bool {
        false
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let head = document.bytes.get(..8192).unwrap_or(document.bytes);
        let mut keeping = Keeping::new(document, NAME, &self.0);
        match form(&document.origin.path, head) {
            Some(Form::Vault) => vault(&mut keeping),
            Some(Form::Variables) => variables::file(&mut keeping),
            Some(Form::Sections) => inventory::sections(&mut keeping),
            Some(Form::Inventory) => inventory::tree(&mut keeping),
            Some(Form::Tasks) => tasks::file(&mut keeping),
            Some(Form::Settings) => inventory::settings_file(&mut keeping),
            None => {}
        }
        keeping.finish()
    }
}

/// A file that is encrypted as a whole.
fn vault(keeping: &mut Keeping<'_>) {
    let id = format!("ansible:vault/{}", part(&keeping.document.origin.path));
    encrypted(
        keeping,
        id,
        ("", 1),
        "file",
        "file encrypted by Ansible Vault",
    );
}

/// Something that a vault has encrypted, which is as it should be.
fn encrypted(keeping: &mut Keeping<'_>, id: String, value: (&str, u32), kind: &str, title: &str) {
    let (value, line) = value;
    // The detector knows it as something that a password opens.
    let mut credential = keeping.find(value, line).unwrap_or_else(|| {
        let kind = format!("{STORED}encrypted-{kind}");
        Credential::new(id.into(), kind, "ansible-vault", title)
    });
    if credential.exposures.is_empty() {
        credential.records.insert(keeping.at(line));
    }
    credential.traits.insert("encrypted".into());
    keeping.facts.credentials.push(credential);
}

/// The folder that a project's files are below: what stands above the folders that Ansible gives a meaning.
fn estate(path: &str) -> String {
    const FOLDERS: [&str; 12] = [
        "group_vars",
        "host_vars",
        "roles",
        "tasks",
        "handlers",
        "playbooks",
        "inventory",
        "inventories",
        "vars",
        "defaults",
        "files",
        "templates",
    ];
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let kept: Vec<&str> = folder
        .split('/')
        .take_while(|part| !FOLDERS.contains(part))
        .collect();
    let kept = kept.join("/");
    part(if kept.is_empty() { "." } else { &kept })
}

/// Text of a node, or `None` of what is no text or empty.
fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.str(key).filter(|text| !text.trim().is_empty())
}

/// A text of a file as it stands in an id. Jinja stays.
fn name(text: &str) -> String {
    part(&short(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_place_and_beginning() {
        for (path, head, expected) in [
            (
                "a/secret.yml",
                "$ANSIBLE_VAULT;1.1;AES256\n3132",
                Some(Form::Vault),
            ),
            ("a/group_vars/all.yml", "x: 1\n", Some(Form::Variables)),
            ("a/group_vars/web/main", "x: 1\n", Some(Form::Variables)),
            (
                "site.yml",
                "---\n- hosts: all\n  roles: [a]\n",
                Some(Form::Tasks),
            ),
            (
                "roles/a/tasks/main.yml",
                "- name: x\n  user:\n",
                Some(Form::Tasks),
            ),
            ("hosts", "[web]\na ansible_user=b\n", Some(Form::Sections)),
            (
                "inventory.yml",
                "all:\n  hosts:\n    a:\n      ansible_user: b\n",
                Some(Form::Inventory),
            ),
            ("k8s/deploy.yaml", "apiVersion: v1\nkind: List\n", None),
            ("ingress.yaml", "- hosts:\n  - a\n", None),
            ("values.yaml", "hosts: [a]\n", None),
            ("hosts", "127.0.0.1 localhost\n", None),
            ("tasks/main.yml", "version: 3\ntasks: {}\n", None),
        ] {
            assert_eq!(form(path, head.as_bytes()), expected, "{path}");
        }
    }

    #[test]
    fn estates_end_where_ansible_begins() {
        assert_eq!(estate("ops/group_vars/web.yml"), "ops");
        assert_eq!(estate("ops/roles/a/tasks/main.yml"), "ops");
        assert_eq!(estate("site.yml"), ".");
    }
}
