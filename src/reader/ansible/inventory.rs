//! Inventories: hosts and groups with the variables by which Ansible signs in; and `ansible.cfg`.

use super::variables::{self, Variables};
use super::{estate, name};
use crate::model::{IdentityKind, Platform, Presence};
use crate::reader::keeping::{Keeping, MOST, settings, short};
use crate::reader::tree::Node;

/// `[group]`, `[group:vars]`, and hosts with `key=value` words.
pub(super) fn sections(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    let mut section = "all";
    let mut sort = "";
    let mut groups: Vec<(&str, Variables<'_>)> = Vec::new();
    let mut hosts: Vec<(&str, Variables<'_>)> = Vec::new();
    for (line, raw) in (1u32..).zip(text.lines()).take(MOST * 10) {
        let raw = raw.trim();
        if raw.is_empty() || raw.starts_with(['#', ';']) {
            continue;
        }
        if let Some(head) = raw.strip_prefix('[') {
            let head = head.split(']').next().unwrap_or_default();
            (section, sort) = head.split_once(':').unwrap_or((head, ""));
            continue;
        }
        match sort {
            "vars" => {
                let Some((key, value)) = raw.split_once('=') else {
                    continue;
                };
                let value = unquoted(value.trim());
                if groups.last().is_none_or(|(group, _)| *group != section) {
                    groups.push((section, Variables::new()));
                }
                if let Some((_, variables)) = groups.last_mut() {
                    variables.insert(key.trim(), (value, line));
                }
            }
            "children" => {}
            _ => {
                let mut words = words(raw).into_iter();
                let Some(host) = words.next() else {
                    continue;
                };
                let variables: Variables<'_> = words
                    .filter_map(|word| word.split_once('='))
                    .map(|(key, value)| (key, (unquoted(value), line)))
                    .collect();
                hosts.push((host, variables));
            }
        }
    }
    for (scope, variables) in groups.into_iter().chain(hosts) {
        variables::scoped(keeping, scope, &variables);
    }
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inside) = value
            .strip_prefix(quote)
            .and_then(|v| v.strip_suffix(quote))
        {
            return inside;
        }
    }
    value
}

/// Words between blanks; what stands in quotes holds together.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => {
                quote = Some(c);
                start.get_or_insert(at);
            }
            (None, c) if c.is_whitespace() => {
                if let Some(from) = start.take() {
                    words.extend(line.get(from..at));
                }
            }
            (None, '#') if start.is_none() => return words,
            _ => {
                start.get_or_insert(at);
            }
        }
    }
    words.extend(start.and_then(|from| line.get(from..)));
    words
}

/// `all: {hosts: …, children: …, vars: …}`.
pub(super) fn tree(keeping: &mut Keeping<'_>) {
    for tree in keeping.trees() {
        variables::vaulted(keeping, &tree, &mut Vec::new());
        for (group, node) in tree.entries() {
            walk(keeping, group, node);
        }
    }
}

/// One group with those inside it; the tree's depth is bounded by its parser.
fn walk(keeping: &mut Keeping<'_>, group: &str, node: &Node) {
    if let Some(found) = node.get("vars") {
        variables::scoped(keeping, group, &variables::of(found));
    }
    for (host, found) in node.get("hosts").map_or(&[][..], Node::entries) {
        variables::scoped(keeping, host, &variables::of(found));
    }
    for (child, found) in node.get("children").map_or(&[][..], Node::entries) {
        walk(keeping, child, found);
    }
}

/// `ansible.cfg`: whom one signs in as where nothing else says, and what guards it.
pub(super) fn settings_file(keeping: &mut Keeping<'_>) {
    let text = keeping.text();
    let settings = settings(text, true);
    let get = |section: &str, key: &str| {
        let found = settings
            .iter()
            .find(|s| s.section == section && s.key == key);
        found
            .map(|s| (s.value, s.line))
            .filter(|(value, _)| !value.is_empty())
    };
    let user = get("defaults", "remote_user");
    let key = get("defaults", "private_key_file");
    let Some((_, line)) = user.or(key) else {
        return;
    };
    let shown = user.map_or("unnamed", |(user, _)| user);
    let place = estate(&keeping.document.origin.path);
    let mut identity = keeping.identity(
        format!("host:{place}/all/{}", name(shown)),
        Platform::Host,
        IdentityKind::HostUser,
        &format!("{shown} at all hosts"),
        Presence::Referenced,
        line,
    );
    if let Some((file, _)) = key {
        identity.traits.insert("ssh-key-file".into());
        identity
            .derivation
            .insert(short(&format!("signs in with the key {file}")));
    }
    let off = |value: &str| {
        value.eq_ignore_ascii_case("false") || value == "0" || value.eq_ignore_ascii_case("no")
    };
    if get("defaults", "host_key_checking").is_some_and(|(value, _)| off(value)) {
        identity.traits.insert("host-keys-unchecked".into());
    }
    if shown == "root" {
        identity.traits.insert("root".into());
    }
    keeping.facts.identities.push(identity);
}
