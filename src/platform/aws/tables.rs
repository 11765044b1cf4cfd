//! The tables under `rules/aws/`: escalation paths, what single actions amount to, and the documents of
//! the AWS-managed policies that exports most often name without including them.

use super::policy::{self, Document};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
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

/// The table of escalation paths, read row by row: a row that cannot be used is left out, with the reason,
/// and costs no other row.
#[derive(Debug, Default)]
pub struct Escalations {
    /// The rows, in the order in which they are tried.
    pub rows: Vec<Escalation>,
    /// Rows left out: the id, or the row's number, and why.
    pub left_out: Vec<(String, String)>,
}

impl Escalations {
    /// Reads a table.
    pub fn read(yaml: &str) -> Self {
        let mut table = Self::default();
        let rows: Vec<serde_yaml::Value> = match serde_yaml::from_str(yaml) {
            Ok(rows) => rows,
            Err(error) => {
                table.left_out.push(("all".to_owned(), error.to_string()));
                return table;
            }
        };
        let mut seen = BTreeSet::new();
        for (number, row) in rows.into_iter().enumerate() {
            let id = row.get("id").and_then(serde_yaml::Value::as_str);
            let id = id.map_or_else(|| format!("row {number}"), str::to_owned);
            let read = serde_yaml::from_value::<Escalation>(row).map_err(|e| e.to_string());
            match read.and_then(|row| row.usable().map(|()| row)) {
                Ok(row) => {
                    let mut set: Vec<String> =
                        row.actions.iter().map(|a| a.to_ascii_lowercase()).collect();
                    set.sort();
                    if table.rows.len() >= MAX_ESCALATIONS {
                        table.left_out.push((id, "the table is full".to_owned()));
                    } else if seen.insert(set) {
                        table.rows.push(row);
                    } else {
                        let why = "the same actions stand above".to_owned();
                        table.left_out.push((id, why));
                    }
                }
                Err(why) => table.left_out.push((id, why)),
            }
        }
        table
    }
}

impl Escalation {
    fn usable(&self) -> Result<(), String> {
        let served = |t: &Target| {
            use Target::{FederatedRole, PassedRole, RunningRole, WrittenRole};
            matches!(t, PassedRole | WrittenRole | RunningRole | FederatedRole)
        };
        let running = self.targets.contains(&Target::RunningRole);
        if self.actions.is_empty() || self.targets.is_empty() {
            Err("no actions or no targets".to_owned())
        } else if self.targets.iter().any(served) == self.services.is_empty() {
            Err("services belong to roles that a service runs as, and only to these".to_owned())
        } else if running && self.existing.is_none() {
            Err("what exists already is not named".to_owned())
        } else if self.same.iter().any(|a| !self.actions.contains(a)) {
            Err("`same` names another action".to_owned())
        } else {
            Ok(())
        }
    }
}

/// The table of escalation paths as it ships.
pub static ESCALATION_TABLE: LazyLock<Escalations> =
    LazyLock::new(|| Escalations::read(include_str!("../../../rules/aws/escalation.yaml")));

/// Escalation paths, in the order in which they are tried.
pub static ESCALATIONS: LazyLock<&'static [Escalation]> = LazyLock::new(|| &ESCALATION_TABLE.rows);

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
        assert_eq!(ESCALATION_TABLE.left_out, []);
        assert!(ESCALATIONS.len() >= 115);
        assert!(MEANINGS.len() > 8);
        assert!(MANAGED.len() > 80);
        for arn in MANAGED.keys() {
            let document = managed_policy(arn).unwrap();
            assert!(!document.statements.is_empty(), "{arn}");
        }
        assert!(managed_policy("arn:aws-cn:iam::aws:policy/AdministratorAccess").is_some());
    }

    #[test]
    fn a_row_that_cannot_be_used_costs_no_other() {
        let table = Escalations::read(
            "- {id: a, title: t, actions: [iam:PassRole, x:Run], targets: [passed-role], services: [x]}\n\
             - {id: b, title: t, actions: [x:run, iam:passrole], targets: [passed-role], services: [x]}\n\
             - {id: c, title: t, actions: [x:Run], targets: [passed-role]}\n\
             - {id: d, title: t, actions: [x:Run], targets: [no-such-target]}\n\
             - seven\n\
             - {id: e, title: t, actions: [iam:PutUserPolicy], targets: [self-user]}\n",
        );
        let ids: Vec<_> = table.rows.iter().map(|row| &*row.id).collect();
        assert_eq!(ids, ["a", "e"]);
        let left: Vec<_> = table.left_out.iter().map(|(id, _)| &**id).collect();
        assert_eq!(left, ["b", "c", "d", "row 4"]);
    }
}
