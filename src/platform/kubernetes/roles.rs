//! The roles that every cluster defines for itself.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A ClusterRole or Role of the platform.
#[derive(Debug)]
pub struct BuiltinRole {
    /// Its name.
    pub name: String,
    /// The namespace of a Role; `None` for a ClusterRole.
    pub namespace: Option<String>,
    /// Labels that aggregation selects by, all with the value `true`, and the bootstrapping mark.
    pub labels: BTreeMap<String, String>,
    /// The label whose carriers' rules it takes over.
    pub aggregates: Option<String>,
    /// Its own rules.
    pub rules: Vec<BuiltinRule>,
}

/// A rule of such a role, verbs spelt out.
#[derive(Debug)]
pub struct BuiltinRule {
    /// `apiGroups`.
    pub api_groups: Vec<String>,
    /// `resources`.
    pub resources: Vec<String>,
    /// `verbs`.
    pub verbs: Vec<String>,
    /// `resourceNames`.
    pub resource_names: Vec<String>,
    /// `nonResourceURLs`.
    pub non_resource_urls: Vec<String>,
}

/// The roles of the platform, in the order of the file.
pub fn builtin() -> &'static [BuiltinRole] {
    &ROLES
}

static ROLES: LazyLock<Vec<BuiltinRole>> = LazyLock::new(|| {
    let file: File = super::load("roles.yaml");
    file.roles.into_iter().map(Into::into).collect()
});

/// `rules/kubernetes/roles.yaml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    roles: Vec<RoleForm>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleForm {
    name: String,
    namespace: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
    aggregates: Option<String>,
    #[serde(default)]
    rules: Vec<RuleForm>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    groups: Option<Vec<String>>,
    #[serde(default)]
    resources: Vec<String>,
    verbs: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    urls: Vec<String>,
}

impl From<RoleForm> for BuiltinRole {
    fn from(form: RoleForm) -> Self {
        let mut labels: BTreeMap<_, _> = form
            .labels
            .into_iter()
            .map(|label| (label, "true".to_owned()))
            .collect();
        labels.insert(
            "kubernetes.io/bootstrapping".to_owned(),
            "rbac-defaults".to_owned(),
        );
        Self {
            name: form.name,
            namespace: form.namespace,
            labels,
            aggregates: form.aggregates,
            rules: form.rules.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<RuleForm> for BuiltinRule {
    fn from(form: RuleForm) -> Self {
        let spelt_out = |verb: String| -> Vec<String> {
            let short: &[&str] = match verb.as_str() {
                "read" => &["get", "list", "watch"],
                "write" => &["create", "update", "patch", "delete", "deletecollection"],
                _ => return vec![verb],
            };
            short.iter().map(|&verb| verb.to_owned()).collect()
        };
        Self {
            api_groups: match form.groups {
                Some(groups) => groups,
                None if form.resources.is_empty() => Vec::new(),
                None => vec![String::new()],
            },
            resources: form.resources,
            verbs: form.verbs.into_iter().flat_map(spelt_out).collect(),
            resource_names: form.names,
            non_resource_urls: form.urls,
        }
    }
}
