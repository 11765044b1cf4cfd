//! Namespace, prefix, suffix, labels and annotations that a kustomization gives to all that it takes in.

use super::Node;
use super::edit::{self, Mark};
use super::resource::{Resource, of_cluster};

/// Puts an object into a namespace.
pub(super) fn namespace(resource: &mut Resource, value: &Node) {
    let Some(name) = value.text().filter(|name| !name.is_empty()) else {
        return;
    };
    resource.remember();
    let mark = Mark::of(value);
    let id = resource.id();
    if id.kind == "Namespace" && id.group.is_empty() {
        rename(resource, name);
        return;
    }
    if !of_cluster(&id.group, &id.kind) {
        edit::set(
            &mut resource.node,
            &["metadata", "namespace"],
            mark.text(name),
        );
    }
    if matches!(id.kind.as_str(), "RoleBinding" | "ClusterRoleBinding") {
        // Only `default` is moved outright; other accounts are, where they are part of the build.
        if let Some(subjects) = edit::member(&mut resource.node, "subjects") {
            for subject in edit::items(subjects) {
                if subject.str("name") == Some("default") {
                    edit::set(subject, &["namespace"], mark.text(name));
                }
            }
        }
    }
}

fn rename(resource: &mut Resource, name: &str) {
    let metadata = edit::member(&mut resource.node, "metadata");
    if let Some(node) = metadata.and_then(|metadata| edit::member(metadata, "name")) {
        edit::set_text(node, name);
    }
}

/// Puts something before and behind an object's name.
pub(super) fn affix(resource: &mut Resource, prefix: &str, suffix: &str) {
    let id = resource.id();
    let kept = match id.kind.as_str() {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => id.group == "apiregistration.k8s.io",
        _ => false,
    };
    if kept || id.name.is_empty() {
        return;
    }
    resource.remember();
    for (list, text) in [
        (&mut resource.prefixes, prefix),
        (&mut resource.suffixes, suffix),
    ] {
        if !text.is_empty() {
            list.push(text.to_owned());
        }
    }
    rename(resource, &format!("{prefix}{}{suffix}", id.name));
}

/// Where pods are described in an object of a kind.
pub(super) fn template_of(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "Deployment"
        | "DaemonSet"
        | "ReplicaSet"
        | "StatefulSet"
        | "ReplicationController"
        | "Job" => &["spec", "template"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template"],
        "PodTemplate" => &["template"],
        "Pod" => &[],
        _ => return None,
    })
}

/// Sets labels or annotations, of the object and where `inside` of the pods that it makes.
pub(super) fn marks(resource: &mut Resource, member: &str, pairs: &Node, inside: bool) {
    let template = template_of(resource.kind()).filter(|path| inside && !path.is_empty());
    let mut places: Vec<Vec<&str>> = vec![vec!["metadata", member]];
    if let Some(path) = template
        && resource.node.at(path).is_some()
    {
        places.push([path, &["metadata", member]].concat());
    }
    for path in places {
        for (key, value) in pairs.entries() {
            if let Some(place) = edit::made(&mut resource.node, &path, Mark::of(value)) {
                edit::set(place, &[key], value.clone());
            }
        }
    }
}
