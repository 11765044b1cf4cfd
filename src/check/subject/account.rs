//! Accounts of an organisation as conditions see them.

use super::columns;
use crate::check::accounts::{Accounts, Node};
use crate::check::schema::{Basis, Column, Subject, SubjectKind, Type};
use crate::check::value::Value;
use crate::model::{Confidence, Evidence, Inventory, OrgNodeKind, Str, SubjectId};

/// An account with what its organisation's records say of it.
pub(in crate::check) struct AccountView<'a> {
    pub id: &'a str,
    pub node: &'a Node<'a>,
    pub accounts: &'a Accounts<'a>,
    pub identities: usize,
}

impl<'a> AccountView<'a> {
    /// All accounts that records of organisations name.
    pub(in crate::check) fn all(inventory: &'a Inventory, accounts: &'a Accounts<'a>) -> Vec<Self> {
        let mut counts = std::collections::HashMap::<&str, usize>::new();
        if !accounts.nodes.is_empty() {
            for identity in inventory.identities.values() {
                if let Some(account) = identity.account.as_deref() {
                    *counts.entry(account).or_default() += 1;
                }
            }
        }
        let nodes = accounts.nodes.iter();
        nodes
            .filter(|(_, node)| node.kind == OrgNodeKind::Account)
            .map(|(id, node)| Self {
                id,
                node,
                accounts,
                identities: counts.get(id).copied().unwrap_or_default(),
            })
            .collect()
    }
}

/// The kind.
pub(in crate::check) struct OfAccount;

impl Subject for OfAccount {
    type View<'a> = AccountView<'a>;

    const KIND: SubjectKind = SubjectKind::Account;

    fn table() -> &'static [Column<Self>] {
        TABLE
    }

    fn id(view: &AccountView<'_>) -> SubjectId {
        SubjectId::Account(view.id.into())
    }

    fn name(view: &AccountView<'_>) -> Str {
        match view.node.name {
            Some(name) => format!("account {name} ({})", view.id).into(),
            None => format!("account {}", view.id).into(),
        }
    }

    fn evidence<'a>(view: &'a AccountView<'a>, _: Basis) -> Vec<&'a Evidence> {
        view.node.records.iter().map(|r| &r.evidence).collect()
    }

    fn confidence(_: &AccountView<'_>, _: Basis) -> Confidence {
        Confidence::High
    }
}

fn controls<'v>(view: &'v AccountView<'_>) -> Value<'v> {
    view.accounts
        .controls(view.id)
        .map_or(Value::Unknown, Value::list)
}

columns! { OfAccount;
    "id": Type::Text, Record, |v| Value::text(Some(v.id)), "Twelve digits.";
    "name": Type::Text, Record, |v| Value::owned(OfAccount::name(v).to_string()), "What a person calls it.";
    "status": Type::Text, Record, |v| Value::text(v.node.status), "`ACTIVE`, `SUSPENDED`, …";
    "management": Type::Bool, Record, |v| Value::bool(v.node.management), "It manages the organisation, and no control policy holds for it.";
    "exported": Type::Bool, Record, |v| Value::Bool(v.accounts.read(v.id)), "Its users and roles were read.";
    "identities": Type::Int, Record, |v| Value::count(v.identities), "How many identities of it are known.";
    "controls": Type::Texts, Record, controls, "The control policies that hold for it, from the organisation's root down, without those that allow everything; unknown where attachments were not read.";
}
