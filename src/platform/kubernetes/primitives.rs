//! What particular permissions amount to: the escalation and capability primitives, as data.

use serde::Deserialize;
use std::sync::LazyLock;

/// Permissions that together amount to something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Primitive {
    /// Its name in the file.
    pub id: String,
    /// What its holder does with it, in words: `create pods that run as any account of the namespace`.
    #[serde(default)]
    pub title: String,
    /// All must be met in one scope; each by any one of its permissions.
    pub needs: Vec<Vec<Permission>>,
    /// The tier it gives, as the model spells it.
    pub tier: String,
    /// The tier instead over the whole cluster or in `kube-system`.
    pub at_large: Option<String>,
    /// Whose power the holder gains within the namespace.
    pub becomes: Option<Becomes>,
    /// What `resourceNames` of the first need are names of.
    pub named: Option<Named>,
    /// Capabilities, as the model spells them.
    pub capabilities: Vec<String>,
}

/// Any of the verbs on any of the resources in any of the groups.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// Verbs.
    pub verbs: Vec<String>,
    /// API groups.
    #[serde(default = "core")]
    pub groups: Vec<String>,
    /// Resources, with subresource.
    pub resources: Vec<String>,
    /// When not empty, the object names that count for a rule limited by `resourceNames`.
    #[serde(default)]
    pub names: Vec<String>,
    /// Only a rule that is limited to such names counts.
    #[serde(default)]
    pub explicit: bool,
}

/// Whose power a primitive gives.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Becomes {
    /// Every ServiceAccount of the namespace.
    Accounts,
    /// Those that workloads there run as.
    Running,
    /// Those with a token Secret there.
    Tokens,
}

/// What object names of a primitive are names of.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Named {
    /// ServiceAccounts.
    Account,
    /// Users.
    User,
    /// Groups.
    Group,
    /// Roles of the namespace.
    Role,
    /// ClusterRoles, which the holder may bind in a namespace.
    ClusterRole,
    /// ClusterRoles, which the holder may bind over the whole cluster.
    ClusterRoleEverywhere,
    /// Secrets of the namespace.
    Secret,
}

/// All primitives, in the order of the file.
pub fn primitives() -> &'static [Primitive] {
    &FILE.primitives
}

static FILE: LazyLock<File> = LazyLock::new(|| super::load("primitives.yaml"));

/// `rules/kubernetes/primitives.yaml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    primitives: Vec<Primitive>,
}

fn core() -> Vec<String> {
    vec![String::new()]
}
