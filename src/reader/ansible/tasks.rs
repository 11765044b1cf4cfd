//! Plays and tasks: whom a play signs in as, and the users, keys and roles that modules make.

use super::variables::{self, Variables};
use super::{cloud, estate, name, text};
use crate::detect::Stored;
use crate::model::{
    Credential, CredentialLink, Humanity, Identity, IdentityKind, JoinForm, JoinKey, Platform,
    Presence,
};
use crate::reader::keeping::{Keeping, MOST, Secret, part, short};
use crate::reader::tree::{Node, Value};
use base64::Engine;
use sha2::{Digest, Sha256};

/// How many tasks of one file are looked at, loops counted out.
const TASKS: usize = 20_000;

/// What a task's module is told.
pub(super) struct Call<'c> {
    /// The module's last word: `iam_user`.
    pub(super) module: &'c str,
    pub(super) arguments: &'c Node,
    pub(super) line: u32,
    /// The hosts of the play; of a role's tasks `all`.
    pub(super) hosts: &'c str,
    /// What ids are unique in.
    pub(super) estate: &'c str,
}

impl Call<'_> {
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        text(self.arguments, key)
    }

    /// The first of several names of one argument.
    pub(super) fn any(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.get(key))
    }
}

pub(super) fn file(keeping: &mut Keeping<'_>) {
    let estate = estate(&keeping.document.origin.path);
    let mut left = TASKS;
    for tree in keeping.trees() {
        variables::vaulted(keeping, &tree, &mut Vec::new());
        for item in tree.items() {
            match text(item, "hosts").or(item.get("hosts").map(|_| "several")) {
                Some(hosts) => play(keeping, item, hosts, &estate, &mut left),
                None => task(keeping, item, "all", &estate, &mut left),
            }
        }
    }
    if left == 0 {
        keeping.note(0, "too many tasks: not all were looked at");
    }
}

fn play(keeping: &mut Keeping<'_>, play: &Node, hosts: &str, estate: &str, left: &mut usize) {
    let mut variables: Variables<'_> = variables::of(play);
    variables.retain(|key, _| matches!(*key, "remote_user" | "become_user"));
    if let Some(vars) = play.get("vars") {
        variables.extend(variables::of(vars));
    }
    variables::scoped(keeping, hosts, &variables);
    for section in ["pre_tasks", "tasks", "post_tasks", "handlers"] {
        for item in play.list(section) {
            task(keeping, item, hosts, estate, left);
        }
    }
}

/// One task, or a block of them; the tree's depth is bounded by its parser.
fn task(keeping: &mut Keeping<'_>, node: &Node, hosts: &str, estate: &str, left: &mut usize) {
    for section in ["block", "rescue", "always"] {
        for item in node.list(section) {
            task(keeping, item, hosts, estate, left);
        }
    }
    let Some((module, arguments)) = node.entries().iter().find_map(|(key, value)| {
        let module = key.rsplit('.').next().unwrap_or(key);
        known(module).then_some((module, value))
    }) else {
        return;
    };
    let line = node.line;
    let arguments = if arguments.is_map() {
        arguments.clone()
    } else if let Some(text) = arguments.text() {
        words(text, arguments.line)
    } else {
        return;
    };
    let items = ["loop", "with_items", "with_list"]
        .iter()
        .find_map(|key| node.get(key))
        .map_or(&[][..], Node::items);
    let symbolic = [Node {
        line,
        value: Value::Null,
    }];
    let items = if items.is_empty() { &symbolic } else { items };
    for item in items.iter().take(MOST) {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let arguments = filled(&arguments, item);
        let call = Call {
            module,
            arguments: &arguments,
            line,
            hosts,
            estate,
        };
        if call
            .get("state")
            .is_some_and(|state| matches!(state, "absent" | "deleted"))
        {
            continue;
        }
        read(keeping, &call);
    }
}

/// Modules whose calls are read.
fn known(module: &str) -> bool {
    MODULES.contains(&module) || cloud::known(module)
}

const MODULES: [&str; 18] = [
    "user",
    "win_user",
    "authorized_key",
    "mysql_user",
    "postgresql_user",
    "mssql_script",
    "mongodb_user",
    "rabbitmq_user",
    "redis_acl",
    "github_deploy_key",
    "gitlab_deploy_key",
    "github_key",
    "gitlab_user",
    "gitlab_runner",
    "grafana_user",
    "k8s",
    "docker_login",
    "htpasswd",
];

fn read(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    match call.module {
        "user" | "win_user" => host_user(keeping, call),
        "authorized_key" => authorized_key(keeping, call),
        "mysql_user" | "postgresql_user" | "mongodb_user" | "rabbitmq_user" => {
            database_user(keeping, call);
        }
        "github_deploy_key" | "gitlab_deploy_key" => deploy_key(keeping, call),
        "github_key" | "gitlab_user" | "gitlab_runner" | "grafana_user" => account(keeping, call),
        "docker_login" => docker_login(keeping, call),
        "k8s" => cloud::kubernetes(keeping, call),
        _ => cloud::read(keeping, call),
    }
}

/// `name=deploy groups="a b"`.
fn words(text: &str, line: u32) -> Node {
    let mut entries = Vec::new();
    for word in text.split_whitespace() {
        if let Some((key, value)) = word.split_once('=') {
            let value = value.trim_matches(['"', '\'']);
            let value = Value::Scalar {
                text: value.to_owned(),
                plain: true,
            };
            entries.push((key.to_owned(), Node { line, value }));
        }
    }
    Node {
        line,
        value: Value::Map(entries),
    }
}

/// Arguments with `{{ item }}` and `{{ item.name }}` filled in, where the loop's items are written out.
fn filled(node: &Node, item: &Node) -> Node {
    let value = match &node.value {
        Value::Scalar { text, plain } if text.contains("item") => Value::Scalar {
            text: substituted(text, item),
            plain: *plain,
        },
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), filled(value, item)))
                .collect(),
        ),
        Value::List(items) => Value::List(items.iter().map(|node| filled(node, item)).collect()),
        other => other.clone(),
    };
    Node {
        line: node.line,
        value,
    }
}

fn substituted(text: &str, item: &Node) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let Some(close) = from.find("}}") else {
            rest = from;
            break;
        };
        let inside = from.get(2..close).unwrap_or_default().trim();
        let value = match inside.split_once('.') {
            None if inside == "item" => item.text(),
            Some(("item", path)) => item.str(path),
            _ => None,
        };
        match value {
            Some(value) => out.push_str(value),
            None => out.push_str(from.get(..close + 2).unwrap_or_default()),
        }
        rest = from.get(close + 2..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// An identity that a task makes.
pub(super) fn made(
    keeping: &Keeping<'_>,
    call: &Call<'_>,
    id: String,
    platform: Platform,
    kind: IdentityKind,
    shown: &str,
) -> Identity {
    let mut identity = keeping.identity(id, platform, kind, shown, Presence::Declared, call.line);
    identity.humanity = (Humanity::Undetermined, "".into());
    if shown.contains("{{") {
        identity
            .derivation
            .insert(short(&format!("not resolved: {shown}")));
    }
    identity
}

fn host_user(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    let Some(user) = call.any(&["name", "user"]) else {
        return;
    };
    let id = format!("host:{}/{}/{}", call.estate, name(call.hosts), name(user));
    let shown = format!("{user} at {}", call.hosts);
    let mut identity = made(
        keeping,
        call,
        id,
        Platform::Host,
        IdentityKind::HostUser,
        &shown,
    );
    if call.arguments.bool("system") == Some(true) {
        identity.humanity = (Humanity::NonHuman, "system user".into());
    }
    if call
        .get("shell")
        .is_some_and(|shell| shell.ends_with("nologin") || shell.ends_with("/false"))
    {
        identity.humanity = (Humanity::NonHuman, "user without a shell".into());
        identity.console_access = Some(false);
    }
    if let Some(who) = call.get("comment") {
        let label = keeping.field("comment", who, call.line);
        identity.labels.insert(label);
    }
    keeping.facts.identities.push(identity);
}

fn authorized_key(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    let (Some(user), Some(keys)) = (call.get("user"), call.get("key")) else {
        return;
    };
    let id = format!("host:{}/{}/{}", call.estate, name(call.hosts), name(user));
    let shown = format!("{user} at {}", call.hosts);
    let identity = keeping.identity(
        id,
        Platform::Host,
        IdentityKind::HostUser,
        &shown,
        Presence::Referenced,
        call.line,
    );
    for key in keys.lines() {
        let Some((fingerprint, comment)) = public_key(key) else {
            continue;
        };
        let mut credential = Credential::new(
            format!("ssh:{fingerprint}").into(),
            "ssh-public-key",
            "ssh",
            "SSH key",
        );
        credential.display = Some(fingerprint.as_str().into());
        credential.records.insert(keeping.at(call.line));
        credential
            .join_keys
            .insert(JoinKey::new(JoinForm::SshFingerprint, "", &fingerprint));
        credential
            .claims
            .add(crate::model::ClaimName::SshFingerprint, &fingerprint);
        if let Some(comment) = comment {
            credential
                .claims
                .add(crate::model::ClaimName::Comment, comment);
        }
        credential.links.insert(CredentialLink {
            identity: identity.id.clone(),
            basis: "a task lets the key in".into(),
            evidence: keeping.at(call.line),
        });
        keeping.facts.credentials.push(credential);
    }
    keeping.facts.identities.push(identity);
}

/// The fingerprint of a public key as OpenSSH prints it, and the key's comment.
fn public_key(line: &str) -> Option<(String, Option<&str>)> {
    let mut words = line.split_whitespace();
    // Options may stand before the sort.
    words.find(|word| {
        word.starts_with("ssh-") || word.starts_with("ecdsa-") || word.starts_with("sk-")
    })?;
    let blob = base64::engine::general_purpose::STANDARD
        .decode(words.next()?)
        .ok()?;
    let digest = Sha256::digest(&blob);
    let text = base64::engine::general_purpose::STANDARD_NO_PAD.encode(digest);
    Some((format!("SHA256:{text}"), words.next()))
}

fn database_user(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    let Some(user) = call.any(&["name", "user"]) else {
        return;
    };
    let here = format!("{}/{}", call.estate, name(call.hosts));
    let host = call
        .any(&["login_host", "node"])
        .map_or(here, |host| name(&host.to_ascii_lowercase()));
    let id = format!("database:{host}/{}", name(user));
    let shown = format!("{user} of {host}");
    let mut identity = made(
        keeping,
        call,
        id,
        Platform::Host,
        IdentityKind::DatabaseUser,
        &shown,
    );
    identity.humanity = (Humanity::NonHuman, "user of a database".into());
    if let Some(expires) = call.get("expires").and_then(crate::model::Timestamp::parse) {
        identity.expires = crate::model::Moment::At(expires);
    }
    // The widest right there is.
    let rights = ["priv", "role_attr_flags", "tags", "roles"];
    for right in rights.iter().filter_map(|key| call.get(key)) {
        let upper = right.to_ascii_uppercase();
        if upper.contains("*.*:ALL")
            || upper.contains("SUPERUSER") && !upper.contains("NOSUPERUSER")
            || upper.contains("ADMINISTRATOR")
        {
            identity.traits.insert("database-superuser".into());
        }
    }
    password(
        keeping,
        &mut identity,
        call,
        &["password", "login_password"][..1],
        "database password",
    );
    keeping.facts.identities.push(identity);
    login(keeping, call, &host);
}

/// Whom the task itself signs in to the database as.
fn login(keeping: &mut Keeping<'_>, call: &Call<'_>, host: &str) {
    let Some(user) = call.get("login_user") else {
        return;
    };
    let mut identity = keeping.identity(
        format!("database:{host}/{}", name(user)),
        Platform::Host,
        IdentityKind::DatabaseUser,
        &format!("{user} of {host}"),
        Presence::Referenced,
        call.line,
    );
    password(
        keeping,
        &mut identity,
        call,
        &["login_password"],
        "database password",
    );
    keeping.facts.identities.push(identity);
}

/// The password that a task gives or signs in with.
fn password(
    keeping: &mut Keeping<'_>,
    identity: &mut Identity,
    call: &Call<'_>,
    keys: &[&str],
    title: &str,
) {
    let found = keys.iter().find_map(|key| {
        let node = call.arguments.get(key)?;
        Some((node.text()?, node.line))
    });
    let Some((value, line)) = found else {
        return;
    };
    let id = identity.id.clone();
    let what = Secret {
        kind: "password",
        title,
        issuer: "unknown",
        basis: "argument of the task",
        traits: &["ansible"],
    };
    match keeping.judge(value) {
        Stored::Value => {
            identity.traits.insert("secret-in-file".into());
            keeping.secret(value, line, &what, &id);
        }
        Stored::Encrypted => {
            identity.traits.insert("encrypted".into());
            keeping.encrypted(value, line, &what, &id);
        }
        Stored::Reference => {
            identity.traits.insert("secret-elsewhere".into());
        }
        Stored::Default => {
            identity.traits.insert("default-password".into());
        }
        Stored::Placeholder | Stored::Nothing => {}
    }
}

fn deploy_key(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    let github = call.module == "github_deploy_key";
    let repository = match (call.get("owner"), call.any(&["repo", "project"])) {
        (Some(owner), Some(repository)) => format!("{owner}/{repository}"),
        (None, Some(repository)) => repository.to_owned(),
        _ => return,
    };
    let title = call.any(&["name", "title"]).unwrap_or("unnamed");
    let (prefix, platform) = if github {
        ("github", Platform::GitHub)
    } else {
        ("gitlab", Platform::GitLab)
    };
    let id = format!("{prefix}:{}/deploy-key/{}", part(&repository), name(title));
    let mut identity = made(keeping, call, id, platform, IdentityKind::DeployKey, title);
    identity.humanity = (Humanity::NonHuman, "deploy key".into());
    identity.expires = crate::model::Moment::Never;
    // GitHub's module says whether it may only read, GitLab's whether it may push.
    let writes = match github {
        true => call.arguments.bool("read_only") == Some(false),
        false => call.arguments.bool("can_push") == Some(true),
    };
    if writes {
        identity.traits.insert("can-push".into());
    }
    let id = identity.id.clone();
    keeping.facts.identities.push(identity);
    let Some((fingerprint, _)) = call.get("key").and_then(public_key) else {
        return;
    };
    let mut credential = Credential::new(
        format!("ssh:{fingerprint}").into(),
        "ssh-public-key",
        "ssh",
        "SSH key",
    );
    credential.display = Some(fingerprint.as_str().into());
    credential.records.insert(keeping.at(call.line));
    credential
        .join_keys
        .insert(JoinKey::new(JoinForm::SshFingerprint, "", &fingerprint));
    credential.links.insert(CredentialLink {
        identity: id,
        basis: "a task makes it a deploy key".into(),
        evidence: keeping.at(call.line),
    });
    keeping.facts.credentials.push(credential);
}

/// Accounts of services.
fn account(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    let (prefix, platform, kind) = match call.module {
        "github_key" => ("github", Platform::GitHub, IdentityKind::ServiceAccount),
        "grafana_user" => ("grafana", Platform::Grafana, IdentityKind::ServiceAccount),
        _ => ("gitlab", Platform::GitLab, IdentityKind::ServiceAccount),
    };
    let Some(shown) = call.any(&["username", "login", "name", "description"]) else {
        return;
    };
    let id = format!("{prefix}:{}/{}/{}", call.estate, call.module, name(shown));
    let mut identity = made(keeping, call, id, platform, kind, shown);
    if call.arguments.bool("isadmin") == Some(true) || call.arguments.bool("is_admin") == Some(true)
    {
        identity.traits.insert("administrator".into());
    }
    password(
        keeping,
        &mut identity,
        call,
        &["password", "login_password", "api_token"],
        "password",
    );
    keeping.facts.identities.push(identity);
}

fn docker_login(keeping: &mut Keeping<'_>, call: &Call<'_>) {
    let Some(user) = call.any(&["username", "user"]) else {
        return;
    };
    let host = call
        .any(&["registry_url", "registry", "url"])
        .unwrap_or("docker.io");
    let host = host
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    let host = host.trim_end_matches('/').to_ascii_lowercase();
    let mut identity = keeping.identity(
        format!("registry:{}/{}", name(&host), name(user)),
        Platform::Registry,
        IdentityKind::RegistryAccount,
        &format!("{user} at {host}"),
        Presence::Referenced,
        call.line,
    );
    password(
        keeping,
        &mut identity,
        call,
        &["password"],
        "registry password",
    );
    keeping.facts.identities.push(identity);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_that_are_written_out_are_filled_in() {
        let item = Node {
            line: 1,
            value: Value::Scalar {
                text: "bot".to_owned(),
                plain: true,
            },
        };
        assert_eq!(
            substituted("ci-{{ item }}-{{ env }}", &item),
            "ci-bot-{{ env }}"
        );
        assert_eq!(substituted("{{ item", &item), "{{ item");
    }
}
