//! Kustomize's built-in plugins, where they are called by files of their own: each does what a field of a
//! kustomization does.

use super::Node;
use super::edit::{self, Mark};
use crate::reader::tree::Value;

/// The kustomization that does what a plugin's configuration says; `None` of those that are not built in.
pub(super) fn as_kustomization(plugin: &Node) -> Option<Node> {
    if plugin.str("apiVersion") != Some("builtin") {
        return None;
    }
    let mark = Mark::of(plugin);
    let mut node = mark.node(Value::Map(Vec::new()));
    let mut set = |key: &str, value: Option<Node>| {
        if let Some(value) = value {
            edit::set(&mut node, &[key], value);
        }
    };
    let field = |key: &str| plugin.get(key).cloned();
    let alone = |value: Node| mark.node(Value::List(vec![value]));
    match plugin.str("kind")? {
        "NamespaceTransformer" => set("namespace", plugin.at(&["metadata", "namespace"]).cloned()),
        "PrefixTransformer" => set("namePrefix", field("prefix")),
        "SuffixTransformer" => set("nameSuffix", field("suffix")),
        "PrefixSuffixTransformer" => {
            set("namePrefix", field("prefix"));
            set("nameSuffix", field("suffix"));
        }
        "LabelTransformer" => set("commonLabels", field("labels")),
        "AnnotationsTransformer" => set("commonAnnotations", field("annotations")),
        "PatchTransformer" => set("patches", Some(alone(plugin.clone()))),
        "PatchJson6902Transformer" => {
            let mut entry = plugin.clone();
            if let Some(text) = edit::remove(&mut entry, "jsonOp") {
                edit::set(&mut entry, &["patch"], text);
            }
            set("patchesJson6902", Some(alone(entry)));
        }
        "PatchStrategicMergeTransformer" => set("patchesStrategicMerge", field("paths")),
        "ReplacementTransformer" => set("replacements", field("replacements")),
        kind @ ("SecretGenerator" | "ConfigMapGenerator") => {
            let mut entry = plugin.clone();
            if let Some(metadata) = plugin.get("metadata") {
                for key in ["name", "namespace"] {
                    if let Some(value) = metadata.get(key) {
                        edit::set(&mut entry, &[key], value.clone());
                    }
                }
            }
            let key = if kind == "SecretGenerator" {
                "secretGenerator"
            } else {
                "configMapGenerator"
            };
            set(key, Some(alone(entry)));
        }
        "HashTransformer" | "ImageTagTransformer" | "ReplicaCountTransformer" => {}
        _ => return None,
    }
    Some(node)
}
