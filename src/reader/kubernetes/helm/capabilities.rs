//! The cluster that charts are rendered for where nobody tells which: as Helm assumes one.

use super::value::Value;
use std::collections::BTreeMap;

/// Version of Kubernetes.
const VERSION: (&str, &str, &str) = ("v1.34.0", "1", "34");

/// API versions that Helm takes for given without a cluster: those its client library knows
/// (`chartutil.DefaultVersionSet`).
const API_VERSIONS: &[&str] = &[
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
    "apiextensions.k8s.io/v1beta1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "autoscaling/v2beta1",
    "autoscaling/v2beta2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "coordination.k8s.io/v1beta1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1alpha1",
    "rbac.authorization.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "scheduling.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1beta1",
];

/// Whether `.Capabilities.APIVersions.Has` says so.
pub(super) fn has(version: &str) -> bool {
    API_VERSIONS.contains(&version)
}

/// `.Capabilities`.
pub(super) fn value() -> Value {
    let text = |text: &str| Value::str(text);
    let entries = |entries: Vec<(&str, Value)>| {
        Value::map(
            entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect::<BTreeMap<_, _>>(),
        )
    };
    let (version, major, minor) = VERSION;
    let kubernetes = entries(vec![
        ("Version", text(version)),
        ("GitVersion", text(version)),
        ("Major", text(major)),
        ("Minor", text(minor)),
    ]);
    let helm = entries(vec![
        ("Version", text("v3.19.0")),
        ("GitCommit", text("")),
        ("GoVersion", text("go1.24")),
    ]);
    entries(vec![
        ("APIVersions", Value::ApiVersions),
        ("KubeVersion", kubernetes),
        ("HelmVersion", helm),
    ])
}
