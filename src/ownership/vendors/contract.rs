//! Whether a contract is in force, by its dates and by what its status says.

use crate::model::{Contract, ContractState, DateField, Timestamp};
use std::collections::BTreeSet;

/// Statuses of contracts that are over.
const ENDED: [&str; 17] = [
    "archived",
    "cancelled",
    "canceled",
    "ceased",
    "closed",
    "decommissioned",
    "deprecated",
    "ended",
    "expired",
    "former",
    "inactive",
    "lapsed",
    "offboarded",
    "past",
    "retired",
    "revoked",
    "terminated",
];
/// Of those that are not yet.
const BEFORE: [&str; 10] = [
    "draft",
    "future",
    "in negotiation",
    "negotiation",
    "not started",
    "onboarding",
    "pending",
    "planned",
    "proposed",
    "prospective",
];
/// Of those that are.
const ACTIVE: [&str; 15] = [
    "active",
    "approved",
    "current",
    "enabled",
    "executed",
    "in effect",
    "in force",
    "live",
    "ok",
    "ongoing",
    "onboarded",
    "open",
    "renewed",
    "signed",
    "valid",
];

/// The state of all together, what says so, and the last day that is known.
pub(super) fn state(
    contracts: &BTreeSet<Contract>,
    now: Option<Timestamp>,
) -> (ContractState, String, Option<Timestamp>) {
    let judged: Vec<(ContractState, String, Option<Timestamp>)> = contracts
        .iter()
        .map(|contract| judge(contract, now))
        .collect();
    for wanted in [
        ContractState::Active,
        ContractState::Unknown,
        ContractState::NotBegun,
        ContractState::Ended,
    ] {
        // Of several, the one that lasts longest; one without a known end lasts longest of all.
        let of_state = judged.iter().filter(|(state, ..)| *state == wanted);
        let last = of_state.max_by_key(|(_, _, end)| (end.is_none(), *end));
        if let Some((state, why, end)) = last {
            return (*state, why.clone(), *end);
        }
    }
    (
        ContractState::Unknown,
        "no contract is registered".to_owned(),
        None,
    )
}

fn judge(
    contract: &Contract,
    now: Option<Timestamp>,
) -> (ContractState, String, Option<Timestamp>) {
    let called = match contract.reference.is_empty() {
        true => "its contract".to_owned(),
        false => format!("contract {}", contract.reference),
    };
    let end = contract.end.at();
    let passed = |date: Option<Timestamp>, days: i64| {
        let date = date.zip(now);
        date.is_some_and(|(date, now)| now.days_since(date) >= days)
    };
    let status = contract.status.as_deref().unwrap_or_default();
    let status: String = status.to_lowercase().replace(['_', '-'], " ");
    let status = status.trim();
    if let Some(end) = end.filter(|end| passed(Some(*end), 1)) {
        let contrary = if ACTIVE.contains(&status) {
            " (its status still says active)"
        } else {
            ""
        };
        let why = format!("{called} ended on {}{contrary}", end.date());
        return (ContractState::Ended, why, Some(end));
    }
    if ENDED.contains(&status) {
        return (
            ContractState::Ended,
            format!("the status of {called} says that it has ended"),
            end,
        );
    }
    if let Some(start) = contract
        .start
        .at()
        .filter(|start| now.is_some_and(|now| *start > now))
    {
        let why = format!("{called} begins on {}", start.date());
        return (ContractState::NotBegun, why, end);
    }
    if BEFORE.contains(&status) {
        let why = format!("the status of {called} says that it has not begun");
        return (ContractState::NotBegun, why, end);
    }
    if let Some(end) = end {
        let why = format!("{called} runs until {}", end.date());
        return (ContractState::Active, why, Some(end));
    }
    let told = match contract.end {
        DateField::Ambiguous(_) => " with an end that can be read in two ways",
        DateField::Malformed(_) => " with an end that is no date",
        _ => " without an end",
    };
    match ACTIVE.contains(&status) {
        true => (
            ContractState::Active,
            format!("{called} is in force{told}"),
            None,
        ),
        false => (
            ContractState::Unknown,
            format!("{called} is registered{told}"),
            None,
        ),
    }
}
