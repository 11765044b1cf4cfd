//! Vendors and other third parties, and what they hold.

use super::{DateField, Evidence, Owner, Selector, Str};
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
