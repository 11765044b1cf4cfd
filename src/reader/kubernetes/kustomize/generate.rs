//! Secrets and ConfigMaps that a kustomization generates. The suffix that kustomize makes from their contents is
//! not worked out: the name is the one that is written.

use super::Node;
use super::edit::{self, Mark};
use super::resource::Resource;
use crate::reader::tree::Value;

/// What becomes of a generated object.
pub(super) enum Behaviour {
    Create,
    Merge,
    Replace,
}

/// A generated object. Values of literals are carried as those of a manifest are, and go no further; of files, only
/// the key is known.
pub(super) fn object(
    generator: &Node,
    kind: &str,
    file: usize,
    options: Option<&Node>,
) -> Option<(Resource, Behaviour)> {
    let name = generator.str("name").filter(|name| !name.is_empty())?;
    let mark = Mark::of(generator);
    let mut node = mark.node(Value::Map(Vec::new()));
    edit::set(&mut node, &["apiVersion"], mark.text("v1"));
    edit::set(&mut node, &["kind"], mark.text(kind));
    edit::set(&mut node, &["metadata", "name"], mark.text(name));
    if let Some(namespace) = generator.get("namespace") {
        edit::set(&mut node, &["metadata", "namespace"], namespace.clone());
    }
    for options in options.into_iter().chain(generator.get("options")) {
        for member in ["labels", "annotations"] {
            for (key, value) in options.get(member).map_or(&[][..], Node::entries) {
                edit::set(&mut node, &["metadata", member, key], value.clone());
            }
        }
    }
    let secret = kind == "Secret";
    if secret {
        let of = generator.str("type").unwrap_or("Opaque");
        edit::set(&mut node, &["type"], mark.text(of));
    }
    let data = if secret { "stringData" } else { "data" };
    for literal in generator.list("literals") {
        if let Some((key, value)) = literal.text().and_then(|text| text.split_once('=')) {
            let value = unquoted(value);
            edit::set(
                &mut node,
                &[data, key.trim()],
                Mark::of(literal).text(value),
            );
        }
    }
    for entry in generator.list("files") {
        if let Some(text) = entry.text() {
            let key = match text.split_once('=') {
                Some((key, _)) => key.trim(),
                None => text.rsplit('/').next().unwrap_or(text),
            };
            edit::set(&mut node, &[data, key], Mark::of(entry).text(""));
        }
    }
    let behaviour = match generator.str("behavior") {
        Some("merge") => Behaviour::Merge,
        Some("replace") => Behaviour::Replace,
        _ => Behaviour::Create,
    };
    let mut resource = Resource::new(file, String::new(), node);
    // Its name ends in a hash: kustomize follows it into what refers to it, and so it is renamed.
    resource.remember();
    Some((resource, behaviour))
}

/// The names of files whose lines are keys and values.
pub(super) fn environment_files(generator: &Node) -> impl Iterator<Item = &Node> {
    generator
        .get("env")
        .into_iter()
        .chain(generator.list("envs"))
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
}
