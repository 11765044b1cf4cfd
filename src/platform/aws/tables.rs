//! The tables under `rules/aws/`: escalation paths, and what single actions amount to.

use super::rows::{self, Row, Rows};
use serde::Deserialize;
use std::collections::BTreeSet;
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
    OwnBoundary,
    OtherUser,
    OtherRole,
    OtherGroup,
    AttachedPolicy,
    SameUser,
    AssumableRole,
    AnyRole,
    RolePolicy,
    UserPolicy,
    BoundedRole,
    BoundedUser,
    JoinedGroup,
    NewRole,
    NewUser,
    NewGroup,
    WideUser,
    WideGroup,
    WideRole,
    PassedRole,
    WrittenRole,
    RunningRole,
    FederatedRole,
    PermissionSet,
}

/// A set of actions that together let a principal become more powerful.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// The path's number in the public catalogue.
    pub id: String,
    /// Other numbers of the same set: `number@catalogue`.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What is done, after "can".
    pub title: String,
    /// All must be allowed.
    pub actions: Vec<String>,
    /// Any may be met.
    pub targets: Vec<Target>,
    /// The services one of which the role must trust.
    #[serde(default)]
    pub services: Vec<String>,
    /// What it is that exists already and runs as the role: `a Lambda function`.
    #[serde(default)]
    pub existing: Option<String>,
    /// The actions that must hold on one and the same such thing; empty for all.
    #[serde(default)]
    pub same: Vec<String>,
    /// What else must exist already and no export of IAM shows.
    #[serde(default)]
    pub needs: Option<String>,
    /// When the service was withdrawn.
    #[serde(default)]
    pub retired: Option<String>,
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

/// How many rows the table of escalation paths may have: what sets of them are kept in.
pub const MAX_ESCALATIONS: usize = 256;

static PATHS: LazyLock<Rows<Escalation>> = LazyLock::new(|| {
    let text = include_str!("../../../rules/aws/escalation.yaml");
    distinct(rows::read("rules/aws/escalation.yaml", text))
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

/// Leaves out rows whose actions stand in an earlier row, and what is too much.
fn distinct(mut table: Rows<Escalation>) -> Rows<Escalation> {
    let mut seen = BTreeSet::new();
    for row in std::mem::take(&mut table.rows) {
        let set: BTreeSet<String> = row.actions.iter().map(|a| a.to_ascii_lowercase()).collect();
        let id = &row.id;
        if table.rows.len() >= MAX_ESCALATIONS {
            let fault = format!("rules/aws/escalation.yaml: {id} is one too many and is not used");
            table.faults.push(fault);
        } else if seen.insert(set) {
            table.rows.push(row);
        } else {
            let fault = format!(
                "rules/aws/escalation.yaml: the actions of {id} stand in a row above; it is not used"
            );
            table.faults.push(fault);
        }
    }
    table
}

impl Row for Escalation {
    fn title(&self) -> String {
        self.id.clone()
    }

    fn actions(&self) -> &[String] {
        &self.actions
    }

    fn usable(&self) -> Result<(), &'static str> {
        let served = |t: &Target| {
            use Target::{FederatedRole, PassedRole, RunningRole, WrittenRole};
            matches!(t, PassedRole | WrittenRole | RunningRole | FederatedRole)
        };
        let running = self.targets.contains(&Target::RunningRole);
        if self.actions.is_empty() || self.targets.is_empty() {
            Err("no actions or no targets")
        } else if self.targets.iter().any(served) == self.services.is_empty() {
            Err("services belong to roles that a service runs as, and only to these")
        } else if running && self.existing.is_none() {
            Err("what exists already is not named")
        } else if self.same.iter().any(|a| !self.actions.contains(a)) {
            Err("`same` names another action")
        } else {
            Ok(())
        }
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
        assert!(ESCALATIONS.len() >= 115);
        assert!(MEANINGS.len() > 8);
        assert_eq!(faults().collect::<Vec<_>>(), [""; 0]);
    }
}
