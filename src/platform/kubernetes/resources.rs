//! Facts about API resources that rules do not carry themselves.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Whether a permission has an effect when it is given in one namespace (by a RoleBinding).
///
/// Resources outside namespaces are out of its reach, but for two things: a namespace itself, and the
/// verb `bind` on `clusterroles`, which the API server asks about in the namespace of the new binding.
/// The group may be `*`; resources that no table knows (custom ones) count as namespaced.
pub fn effective_in_namespace(verb: &str, group: &str, resource: &str) -> bool {
    let base = resource.split('/').next().unwrap_or_default();
    if base == "clusterroles" && matches!(verb, "bind" | "*") {
        return true;
    }
    let outside = |resources: &BTreeSet<String>| resources.contains(base);
    if group == "*" {
        !FILE.cluster_scoped.values().any(outside)
    } else {
        !FILE.cluster_scoped.get(group).is_some_and(outside)
    }
}

/// Whether creating this only asks about the caller itself, as everybody may.
pub fn is_self_review(resource: &str) -> bool {
    FILE.self_reviews.contains(resource)
}

/// Whether creating this only asks a question.
pub fn is_review(resource: &str) -> bool {
    FILE.reviews.contains(resource)
}

/// Whether a path, or every path below one, is open to everybody by default.
pub fn is_public_url(path: &str) -> bool {
    let path = path.trim_end_matches('*').trim_end_matches('/');
    FILE.public_urls.iter().any(|public| {
        path.strip_prefix(public.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Whether a verb alone changes nothing: see `primitives.yaml` for what it adds to.
pub fn is_inert(verb: &str) -> bool {
    FILE.inert_verbs.contains(verb)
}

static FILE: LazyLock<File> = LazyLock::new(|| super::load("resources.yaml"));

/// `rules/kubernetes/resources.yaml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    cluster_scoped: BTreeMap<String, BTreeSet<String>>,
    self_reviews: BTreeSet<String>,
    reviews: BTreeSet<String>,
    public_urls: BTreeSet<String>,
    inert_verbs: BTreeSet<String>,
}
