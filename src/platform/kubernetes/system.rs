//! Names that belong to the platform itself.

use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The namespace of the control plane.
pub const SYSTEM_NAMESPACE: &str = "kube-system";

/// Whether a ClusterRoleBinding that gives a ClusterRole to a group is one that the platform creates.
pub fn is_default_binding(binding: &str, cluster_role: &str, group: &str) -> bool {
    FILE.bindings.iter().any(|known| {
        known.name == binding
            && known.role == cluster_role
            && known.groups.iter().any(|g| g == group)
    })
}

/// Whether a user name is what requests without credentials get.
pub fn is_open_user(name: &str) -> bool {
    FILE.open_users.contains(name)
}

/// Whether this ServiceAccount of `kube-system` is one that the controller manager creates for itself.
pub fn is_controller(name: &str) -> bool {
    FILE.controllers.contains(name)
}

static FILE: LazyLock<File> = LazyLock::new(|| super::load("system.yaml"));

/// `rules/kubernetes/system.yaml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    bindings: Vec<Binding>,
    open_users: BTreeSet<String>,
    controllers: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Binding {
    name: String,
    role: String,
    groups: Vec<String>,
}
