//! The registry beside what was found, and the register of vendors, in the wire form.

use super::{Evidence, VendorTie, Word};
use crate::model::{self, Str};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is missing or amiss between the registry and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// `owner-missing`, `purpose-generic`, `expiry-past`, `actions-beyond-approval`, …
    pub kind: Word,
    /// What in particular, where the kind does not say all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Str>,
}

/// How an identity stands to the registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Registration {
    /// `both` (declared and found), `found-only`, `declared-only`, or `not-evaluable`: declared, and nothing that was
    /// read could show it.
    pub state: Word,
    /// Of one that is found only: whether it should have an entry.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_entry: bool,
    /// What is missing or amiss, with the entry or with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Gaps that may be there and could not be told for want of a source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<Word>,
}

/// Who answers for which part of what an identity does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accountability {
    /// Who designed the workflow that it acts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_owner: Option<String>,
    /// Who decides what it may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_owner: Option<String>,
    /// Who runs it day by day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// How accountability is shared with a supplier: `customer`, `shared`, `vendor`, `agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Other parts, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, String>,
}

impl Accountability {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A category of data, and who answers for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataCategory {
    /// The category.
    pub name: Str,
    /// Who in the business answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// An identity that a vendor holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Held {
    /// The identity's id.
    pub identity: Str,
    /// How that is known.
    pub why: Vec<VendorTie>,
}

/// A vendor or other third party.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Vendor {
    /// The register's id, or the name that it is known by where no register has it.
    pub id: Str,
    /// Its name.
    pub name: Str,
    /// Whether a register has it.
    pub registered: bool,
    /// `active`, `ended`, `not-begun` or `unknown`.
    pub contract: Word,
    /// What says so.
    pub contract_reason: Str,
    /// The last day of the contract, `YYYY-MM-DD`, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_end: Option<String>,
    /// Who in the organisation answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Whether that party is still there, as far as a roster tells.
    pub owner_there: bool,
    /// Who in the organisation approves what it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
    /// How accountability is shared: `customer`, `shared`, `vendor`, `agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accountability: Option<Str>,
    /// Categories of data that it may see; absent where the register does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Vec<DataCategory>>,
    /// The identities that it holds and that can act.
    pub identities: Vec<Held>,
    /// Where it was read.
    pub evidence: Vec<Evidence>,
}

impl From<&model::Gap> for Gap {
    fn from(gap: &model::Gap) -> Self {
        Self {
            kind: gap.kind.as_str().into(),
            detail: gap.detail.clone(),
        }
    }
}

impl From<model::Registration> for Registration {
    fn from(r: model::Registration) -> Self {
        Self {
            state: r.state.as_str().into(),
            needs_entry: r.needs_entry,
            gaps: r.gaps.iter().map(Into::into).collect(),
            open: r.open.iter().map(|kind| kind.as_str().into()).collect(),
        }
    }
}

impl From<&model::Accountability> for Accountability {
    fn from(a: &model::Accountability) -> Self {
        let party = |party: &Option<(model::Owner, Str)>| {
            party.as_ref().map(|(owner, _)| owner.to_string())
        };
        let others = a.others.iter();
        Self {
            workflow_owner: party(&a.workflow_owner),
            policy_owner: party(&a.policy_owner),
            operator: party(&a.operator),
            model: a.model.as_deref().map(str::to_owned),
            others: others
                .map(|(part, party)| (part.to_string(), party.to_string()))
                .collect(),
        }
    }
}

impl From<model::Supplier> for Vendor {
    fn from(v: model::Supplier) -> Self {
        let category = |c: model::DataCategory| DataCategory {
            name: c.name,
            owner: c.owner.map(|(owner, _)| owner.to_string()),
        };
        let held = |(id, ties): (model::IdentityId, Vec<model::VendorTie>)| Held {
            identity: id.0,
            why: ties.into_iter().map(Into::into).collect(),
        };
        Self {
            id: v.id,
            name: v.name,
            registered: v.registered,
            contract: v.contract.as_str().into(),
            contract_reason: v.contract_reason,
            contract_end: v.contract_end.map(model::Timestamp::date),
            owner: v.owner.map(|owner| owner.to_string()),
            owner_there: v.owner_there,
            approver: v.approver.map(|owner| owner.to_string()),
            accountability: v.accountability,
            data: v.data.map(|data| data.into_iter().map(category).collect()),
            identities: v.identities.into_iter().map(held).collect(),
            evidence: v.evidence.iter().map(Into::into).collect(),
        }
    }
}
