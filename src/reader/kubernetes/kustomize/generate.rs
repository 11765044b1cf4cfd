//! Secrets and ConfigMaps that a kustomization generates. The suffix that kustomize makes from their contents is
//! not worked out: the name is the one that is written.

use super::Node;
use super::edit::{self, Mark};
use super::resource::{From, Generated, Resource};
use crate::model::Credential;
use crate::platform::kubernetes::names;
use crate::reader::kubernetes::Sink;
use crate::reader::tree::Value;

/// The sort of a value that stands in the kustomization.
const LITERAL: &str = "kustomize-secret-literal";
/// The sort of a value that stands in a file beside it.
const FILE: &str = "kustomize-secret-file";

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
    let mut generated = Vec::new();
    let mut value = |key: &str, from: From, node: &Node| {
        generated.push(Generated {
            key: key.to_owned(),
            from,
            place: Mark::of(node),
        });
    };
    let data = if secret { "stringData" } else { "data" };
    for literal in generator.list("literals") {
        if let Some((key, value_of)) = literal.text().and_then(|text| text.split_once('=')) {
            let text = unquoted(value_of);
            // What is filled in elsewhere is none yet.
            if !text.is_empty()
                && !text.starts_with("${")
                && !text.starts_with("$(")
                && !text.contains("{{")
            {
                value(key.trim(), From::Literal, literal);
            }
            edit::set(&mut node, &[data, key.trim()], Mark::of(literal).text(text));
        }
    }
    for entry in generator.list("files") {
        if let Some(text) = entry.text() {
            let key = match text.split_once('=') {
                Some((key, _)) => key.trim(),
                None => text.rsplit('/').next().unwrap_or(text),
            };
            value(key, From::File, entry);
            edit::set(&mut node, &[data, key], Mark::of(entry).text(""));
        }
    }
    // Lines of keys and values: the file is no manifest, and so only its name is known here.
    for entry in generator
        .get("env")
        .into_iter()
        .chain(generator.list("envs"))
    {
        if let Some(path) = entry.text() {
            value(path.rsplit('/').next().unwrap_or(path), From::File, entry);
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
    if secret {
        resource.generated = generated;
    }
    Some((resource, behaviour))
}

/// The credentials that a generated Secret holds, by their keys.
pub(super) fn credentials(sink: &mut Sink<'_>, resource: &Resource) {
    let id = resource.id();
    let (namespace, name) = (id.effective_namespace(), &id.name);
    for value in &resource.generated {
        let key = &value.key;
        let (kind, title) = match value.from {
            From::Literal => (LITERAL, "Secret value in a kustomization"),
            From::File => (FILE, "Secret value in a file of a kustomization"),
        };
        let secret = names::secret(names::CLUSTER, namespace, name);
        let mut credential =
            Credential::new(format!("{secret}#{key}").into(), kind, "unknown", title);
        credential.account = Some(names::CLUSTER.into());
        credential.display = Some(format!("{key} of {namespace}/{name}").into());
        let place = sink.evidence(&value.place.node(Value::Null), "");
        credential.records.insert(place);
        sink.facts.credentials.push(credential);
    }
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
}
