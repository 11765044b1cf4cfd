//! Variables by which Ansible signs in, of a group, a host or a play; and those that a vault has encrypted.

use super::{encrypted, estate, name};
use crate::detect::Stored;
use crate::model::{IdentityKind, Platform, Presence};
use crate::reader::keeping::{Keeping, Secret, owner, part, short};
use crate::reader::tree::Node;
use std::collections::BTreeMap;

/// Values of variables with their lines.
pub(super) type Variables<'a> = BTreeMap<&'a str, (&'a str, u32)>;

/// A file of `group_vars` or `host_vars`, or of a role.
pub(super) fn file(keeping: &mut Keeping<'_>) {
    let path = keeping.document.origin.path.clone();
    let mut parts: Vec<&str> = path.split('/').collect();
    let file = parts.pop().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let at = parts
        .iter()
        .rposition(|part| matches!(*part, "group_vars" | "host_vars"));
    let scope = match at.and_then(|at| parts.get(at + 1)) {
        // `group_vars/web/main.yml`
        Some(folder) => (*folder).to_owned(),
        None if at.is_some() => stem.to_owned(),
        None => {
            let roles = parts.iter().rposition(|part| *part == "roles");
            let role = roles.and_then(|at| parts.get(at + 1));
            role.map_or_else(|| "all".to_owned(), |role| format!("role {role}"))
        }
    };
    for tree in keeping.trees() {
        vaulted(keeping, &tree, &mut Vec::new());
        scoped(keeping, &scope, &of(&tree));
    }
}

/// The texts of a mapping.
pub(super) fn of(node: &Node) -> Variables<'_> {
    let entries = node.entries().iter();
    entries
        .filter_map(|(key, value)| Some((key.as_str(), (value.text()?, value.line))))
        .collect()
}

/// Everything in a tree that a vault has encrypted, by the name of its variable.
pub(super) fn vaulted<'n>(keeping: &mut Keeping<'_>, node: &'n Node, path: &mut Vec<&'n str>) {
    for (key, value) in node.entries() {
        path.push(key);
        match value.text() {
            Some(text) if text.starts_with("$ANSIBLE_VAULT;") => {
                let place = part(&keeping.document.origin.path);
                let id = format!("ansible:vault/{place}#{}", name(&path.join(".")));
                encrypted(
                    keeping,
                    id,
                    (text, value.line),
                    "variable",
                    "variable encrypted by Ansible Vault",
                );
            }
            Some(_) => {}
            None => vaulted(keeping, value, path),
        }
        path.pop();
    }
    for item in node.items() {
        vaulted(keeping, item, path);
    }
}

const USERS: [&str; 3] = ["ansible_user", "ansible_ssh_user", "remote_user"];
const PASSWORDS: [&str; 3] = [
    "ansible_password",
    "ansible_ssh_pass",
    "ansible_ssh_password",
];
const BECOME_USERS: [&str; 4] = [
    "ansible_become_user",
    "become_user",
    "ansible_sudo_user",
    "ansible_su_user",
];
const BECOME_PASSWORDS: [&str; 7] = [
    "ansible_become_password",
    "ansible_become_pass",
    "ansible_sudo_pass",
    "ansible_sudo_password",
    "ansible_su_pass",
    "ansible_su_password",
    "ansible_enable_password",
];
const KEYS: [&str; 2] = ["ansible_ssh_private_key_file", "ansible_private_key_file"];
const SSH: [&str; 4] = [
    "ansible_ssh_common_args",
    "ansible_ssh_extra_args",
    "ansible_ssh_args",
    "ansible_sftp_extra_args",
];

fn first<'a>(variables: &Variables<'a>, names: &[&str]) -> Option<(&'a str, u32)> {
    names.iter().find_map(|name| variables.get(name).copied())
}

/// Whom Ansible signs in as at a group, host or play, and whom it becomes there.
pub(super) fn scoped(keeping: &mut Keeping<'_>, scope: &str, variables: &Variables<'_>) {
    let user = first(variables, &USERS);
    let password = first(variables, &PASSWORDS);
    let key = first(variables, &KEYS);
    let place = match variables.get("ansible_host") {
        Some((host, _)) => part(&host.to_ascii_lowercase()),
        None => format!("{}/{}", estate(&keeping.document.origin.path), name(scope)),
    };
    let unchecked = SSH.iter().any(|name| {
        variables.get(name).is_some_and(|(text, _)| {
            let text = text.to_ascii_lowercase().replace([' ', '='], "");
            text.contains("stricthostkeycheckingno")
        })
    }) || variables
        .get("ansible_host_key_checking")
        .is_some_and(|(text, _)| matches!(text.to_ascii_lowercase().as_str(), "false" | "no"))
        || variables
            .get("ansible_winrm_server_cert_validation")
            .is_some_and(|(text, _)| *text == "ignore");
    if let Some((_, line)) = user.or(password).or(key) {
        let shown = user.map_or("unnamed", |(user, _)| user);
        let mut identity = keeping.identity(
            format!("host:{place}/{}", name(shown)),
            Platform::Host,
            IdentityKind::HostUser,
            &format!("{shown} at {scope}"),
            Presence::Referenced,
            line,
        );
        if shown == "root" {
            identity.traits.insert("root".into());
        }
        if unchecked {
            identity.traits.insert("host-keys-unchecked".into());
        }
        if let Some((file, _)) = key {
            identity.traits.insert("ssh-key-file".into());
            identity
                .derivation
                .insert(short(&format!("signs in with the key {file}")));
        }
        if let Some((connection, _)) = variables.get("ansible_connection") {
            identity
                .derivation
                .insert(short(&format!("signs in by {connection}")));
        }
        if let Some((says, line)) = variables.get("owner").or(variables.get("contact")) {
            let who = owner(says).unwrap_or(says);
            identity.labels.insert(keeping.field("owner", who, *line));
        }
        secret(
            keeping,
            &mut identity,
            password,
            "password",
            "variable by which Ansible signs in",
        );
        keeping.facts.identities.push(identity);
    }
    let Some(password) = first(variables, &BECOME_PASSWORDS) else {
        return;
    };
    let into = first(variables, &BECOME_USERS).map_or("root", |(user, _)| user);
    let mut identity = keeping.identity(
        format!("host:{place}/{}", name(into)),
        Platform::Host,
        IdentityKind::HostUser,
        &format!("{into} at {scope}"),
        Presence::Referenced,
        password.1,
    );
    identity.traits.insert("become".into());
    if into == "root" {
        identity.traits.insert("root".into());
    }
    secret(
        keeping,
        &mut identity,
        Some(password),
        "become-password",
        "variable by which Ansible becomes the user",
    );
    keeping.facts.identities.push(identity);
}

/// A password of an identity.
fn secret(
    keeping: &mut Keeping<'_>,
    identity: &mut crate::model::Identity,
    value: Option<(&str, u32)>,
    kind: &str,
    basis: &str,
) {
    let Some((value, line)) = value else {
        return;
    };
    let what = Secret {
        kind,
        title: if kind == "password" {
            "password for Ansible"
        } else {
            "become password for Ansible"
        },
        issuer: "unknown",
        basis,
        traits: &["ansible"],
    };
    let id = identity.id.clone();
    let plain = format!("plain-{kind}");
    match keeping.judge(value) {
        Stored::Encrypted => {
            identity.traits.insert("encrypted".into());
            keeping.encrypted(value, line, &what, &id);
        }
        Stored::Reference => {
            identity.traits.insert("secret-elsewhere".into());
        }
        Stored::Default => {
            identity.traits.insert("default-password".into());
            identity.traits.insert(plain.into());
        }
        Stored::Value => {
            identity.traits.insert("secret-in-file".into());
            identity.traits.insert(plain.into());
            keeping.secret(value, line, &what, &id);
        }
        Stored::Placeholder | Stored::Nothing => {}
    }
}
