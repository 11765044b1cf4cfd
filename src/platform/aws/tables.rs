//! The tables under `rules/aws/`: escalation paths, and what single actions amount to.

use super::rows::{self, Row, Rows};
use serde::Deserialize;
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

static PATHS: LazyLock<Rows<Escalation>> = LazyLock::new(|| {
    let text = include_str!("../../../rules/aws/escalation.yaml");
    rows::read("rules/aws/escalation.yaml", text)
});

static SINGLE: LazyLock<Rows<Meaning>> = LazyLock::new(|| {
    let text = include_str!("../../../rules/aws/capabilities.yaml");
    rows::read("rules/aws/capabilities.yaml", text)
});

/// Escalation paths, in the order in which they are tried.
pub static ESCALATIONS: LazyLock<&'static [Escalation]> = LazyLock::new(|| &PATHS.rows);

/// What single actions amount to.
pub static MEANINGS: LazyLock<&'static [Meaning]> = LazyLock::new(|| &SINGLE.rows);

/// What of the tables is not used and why, a sentence each: nothing, unless somebody broke them.
pub fn faults() -> impl Iterator<Item = &'static str> {
    let all = PATHS.faults.iter().chain(&SINGLE.faults);
    all.map(String::as_str)
}

/// The withdrawn actions that rows of the tables still name, with the rows' titles.
pub fn withdrawn() -> impl Iterator<Item = &'static (String, String)> {
    PATHS.withdrawn.iter().chain(&SINGLE.withdrawn)
}

impl Row for Escalation {
    fn title(&self) -> String {
        self.id.clone()
    }

    fn actions(&self) -> &[String] {
        &self.actions
    }

    /// All are needed, so nothing is left.
    fn without(&mut self, _: &str) -> bool {
        false
    }
}

impl Row for Meaning {
    fn title(&self) -> String {
        self.capability.clone()
    }

    fn actions(&self) -> &[String] {
        &self.actions
    }

    /// Any suffices, so the others are left.
    fn without(&mut self, action: &str) -> bool {
        self.actions.retain(|a| a != action);
        !self.actions.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_can_be_read() {
        assert!(ESCALATIONS.len() > 50);
        assert!(MEANINGS.len() > 8);
        assert_eq!(faults().collect::<Vec<_>>(), [""; 0]);
        for rule in ESCALATIONS.iter() {
            let passes = rule.targets.contains(&Target::PassedRole);
            assert_eq!(passes, !rule.services.is_empty(), "{}", rule.id);
        }
    }
}
