//! The tables under `rules/aws/`: escalation paths, what single actions amount to, and the documents of
//! the AWS-managed policies that exports most often name without including them.

use super::policy::{self, Document};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What the actions of an escalation path must hold on. The words are explained in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each is explained at the head of the table")]
pub enum Target {
    SelfUser,
    SelfRole,
    OwnGroup,
    HeldPolicy,
    OtherUser,
    OtherRole,
    OtherGroup,
    AttachedPolicy,
    OwnBoundary,
    AssumableRole,
    AnyRole,
    SameUser,
    WideUser,
    WideGroup,
    WideRole,
    PassedRole,
    NewRole,
    NewUser,
}

/// A set of actions that together let a principal become more powerful.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// The path's number in the public catalogue.
    pub id: String,
    /// What is done, after "can".
    pub title: String,
    /// All must be allowed.
    pub actions: Vec<String>,
    /// Any may be met.
    pub targets: Vec<Target>,
    /// For `passed-role`: the services one of which the role must trust.
    #[serde(default)]
    pub services: Vec<String>,
}

/// What single actions amount to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meaning {
    /// The name of the capability, as reports write it.
    pub capability: String,
    /// `user`: the action counts only if it holds on another user than the principal itself.
    #[serde(default)]
    pub others: Option<String>,
    /// Any suffices.
    pub actions: Vec<String>,
}

/// Escalation paths, in the order in which they are tried.
pub static ESCALATIONS: LazyLock<Vec<Escalation>> = LazyLock::new(|| {
    serde_yaml::from_str(include_str!("../../../rules/aws/escalation.yaml")).unwrap_or_default()
});

/// What single actions amount to.
pub static MEANINGS: LazyLock<Vec<Meaning>> = LazyLock::new(|| {
    serde_yaml::from_str(include_str!("../../../rules/aws/capabilities.yaml")).unwrap_or_default()
});

#[derive(Deserialize)]
struct ManagedFile {
    policies: BTreeMap<String, ManagedEntry>,
}

#[derive(Deserialize)]
struct ManagedEntry {
    document: Box<serde_json::value::RawValue>,
}

static MANAGED: LazyLock<BTreeMap<String, ManagedEntry>> = LazyLock::new(|| {
    serde_json::from_str::<ManagedFile>(include_str!("../../../rules/aws/managed-policies.json"))
        .map(|file| file.policies)
        .unwrap_or_default()
});

/// The document of an AWS-managed policy, where it is one of those that ship with the program. The ARN of
/// any partition will do.
pub fn managed_policy(arn: &str) -> Option<Document> {
    let name = arn.split_once("::aws:policy/")?.1;
    let entry = MANAGED.get(&format!("arn:aws:iam::aws:policy/{name}"))?;
    let value = serde_json::from_str(entry.document.get()).ok()?;
    Some(policy::document(&value).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_can_be_read() {
        assert!(ESCALATIONS.len() > 50);
        assert!(MEANINGS.len() > 8);
        assert!(MANAGED.len() > 80);
        for arn in MANAGED.keys() {
            let document = managed_policy(arn).unwrap();
            assert!(!document.statements.is_empty(), "{arn}");
        }
        assert!(managed_policy("arn:aws-cn:iam::aws:policy/AdministratorAccess").is_some());
        for rule in ESCALATIONS.iter() {
            let passes = rule.targets.contains(&Target::PassedRole);
            assert_eq!(passes, !rule.services.is_empty(), "{}", rule.id);
        }
    }
}
