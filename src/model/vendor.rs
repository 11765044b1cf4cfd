//! Vendors and other third parties, and what they hold.

use super::{DateField, Evidence, IdentityId, Owner, Selector, Str, Timestamp};
use std::collections::BTreeSet;

/// A category of data that a vendor may see, and who in the business answers for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataCategory {
    /// `customer-pii`, `payments`, …
    pub name: Str,
    /// Who in the business answers for it.
    pub owner: Option<(Owner, Str)>,
}

/// A contract with a vendor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Contract {
    /// What the register calls it.
    pub reference: Str,
    /// `active`, `ended`, … as written, lower case.
    pub status: Option<Str>,
    /// When it begins.
    pub start: DateField,
    /// When it ends.
    pub end: DateField,
    /// Where it was read.
    pub evidence: Evidence,
}

/// A vendor or other third party, as a register has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vendor {
    /// What the register calls it.
    pub id: Str,
    /// Its name.
    pub name: Str,
    /// Other names, lower case.
    pub aliases: BTreeSet<Str>,
    /// Domains of its mail and services, lower case.
    pub domains: BTreeSet<Str>,
    /// Its accounts and tenants at platforms: AWS account ids, Entra tenant ids, GitHub organisations and apps.
    pub accounts: BTreeSet<Str>,
    /// Identities that it holds, as the register says.
    pub identities: Vec<Selector>,
    /// Who in the organisation answers for it.
    pub owner: Option<(Owner, Str)>,
    /// Who in the organisation approves what it does.
    pub approver: Option<(Owner, Str)>,
    /// How accountability is shared: `customer`, `shared`, `vendor`, `agent`.
    pub accountability: Option<Str>,
    /// Categories of data that it may see; `None` where the register does not say.
    pub data: Option<Vec<DataCategory>>,
    /// Its contracts.
    pub contracts: Vec<Contract>,
    /// Where it was read.
    pub evidence: Evidence,
}

/// A vendor that holds an identity, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VendorTie {
    /// The vendor: the id in the register, or the name that a tie states where no register has it.
    pub vendor: Str,
    /// Whether a register has it.
    pub registered: bool,
    /// How it is known, as the end of a sentence: `its trust lets account 464622532012 in`.
    pub why: Str,
    /// Where.
    pub evidence: Evidence,
}

impl Vendor {
    /// A vendor of which only the id and its place are known.
    pub fn new(id: impl Into<Str>, evidence: Evidence) -> Self {
        Self {
            id: id.into(),
            name: "".into(),
            aliases: BTreeSet::new(),
            domains: BTreeSet::new(),
            accounts: BTreeSet::new(),
            identities: Vec::new(),
            owner: None,
            approver: None,
            accountability: None,
            data: None,
            contracts: Vec::new(),
            evidence,
        }
    }
}

/// Whether a contract with a vendor is in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContractState {
    /// At least one is.
    Active,
    /// None is, and at least one has yet to begin.
    NotBegun,
    /// All have ended.
    Ended,
    /// No register tells.
    #[default]
    Unknown,
}

impl ContractState {
    /// The name used in reports and checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NotBegun => "not-begun",
            Self::Ended => "ended",
            Self::Unknown => "unknown",
        }
    }
}

/// A vendor with what all records of the register say together, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supplier {
    /// The register's id, or the name that ties state where no register has it.
    pub id: Str,
    /// Its name.
    pub name: Str,
    /// Whether a register has it.
    pub registered: bool,
    /// Whether a contract is in force.
    pub contract: ContractState,
    /// What says so, as the end of a sentence: `contract C-1 ended on 2026-01-31`.
    pub contract_reason: Str,
    /// The last day of the contract in force or of the last that was; `None` where none is known.
    pub contract_end: Option<Timestamp>,
    /// Who in the organisation answers for it.
    pub owner: Option<Owner>,
    /// Whether the owner is still there, as far as a roster tells.
    pub owner_there: bool,
    /// Who in the organisation approves what it does.
    pub approver: Option<Owner>,
    /// How accountability is shared.
    pub accountability: Option<Str>,
    /// Categories of data that it may see, with who answers for each; `None` where the register does not say.
    pub data: Option<Vec<DataCategory>>,
    /// The identities that it holds, each with how that is known.
    pub identities: Vec<(IdentityId, Vec<VendorTie>)>,
    /// Where it was read; of an unregistered one the places of its ties.
    pub evidence: Vec<Evidence>,
}
