//! Vendors as conditions see them.

use super::identity::{IdentityView, overdue};
use super::{columns, listed};
use crate::check::schema::{Basis, CONTRACT, Column, Subject, SubjectKind, Type, word};
use crate::check::value::Value;
use crate::model::{
    Assessed, Confidence, DateField, Evidence, IdentityId, Str, SubjectId, Supplier, Tier,
    Timestamp,
};

/// A vendor with the identities that it holds.
pub(in crate::check) struct VendorView<'a> {
    pub supplier: &'a Supplier,
    pub held: Vec<&'a IdentityView<'a>>,
    /// A register of vendors was read.
    pub register_present: bool,
    pub now: Timestamp,
}

impl<'a> VendorView<'a> {
    /// All vendors.
    pub(in crate::check) fn all(
        assessed: &'a Assessed,
        find: &dyn Fn(&IdentityId) -> Option<&'a IdentityView<'a>>,
        now: Timestamp,
    ) -> Vec<Self> {
        let inventory = &assessed.inventory;
        let register_present =
            !inventory.vendors.is_empty() || inventory.has_source("vendors", "*");
        let view = |supplier: &'a Supplier| Self {
            supplier,
            held: supplier
                .identities
                .iter()
                .filter_map(|(id, _)| find(id))
                .collect(),
            register_present,
            now,
        };
        assessed.suppliers.iter().map(view).collect()
    }
}

/// The kind.
pub(in crate::check) struct OfVendor;

impl Subject for OfVendor {
    type View<'a> = VendorView<'a>;

    const KIND: SubjectKind = SubjectKind::Vendor;

    fn table() -> &'static [Column<Self>] {
        TABLE
    }

    fn id(view: &VendorView<'_>) -> SubjectId {
        SubjectId::Vendor(view.supplier.id.clone())
    }

    fn name(view: &VendorView<'_>) -> Str {
        view.supplier.name.clone()
    }

    fn evidence<'a>(view: &'a VendorView<'a>, basis: Basis) -> Vec<&'a Evidence> {
        match basis {
            Basis::Identity => {
                let ties = view.supplier.identities.iter();
                let first = ties.filter_map(|(_, ties)| ties.first());
                first.map(|tie| &tie.evidence).take(20).collect()
            }
            _ => view.supplier.evidence.iter().collect(),
        }
    }

    fn confidence(_view: &VendorView<'_>, _basis: Basis) -> Confidence {
        Confidence::High
    }
}

/// Categories of data for which nobody in the business answers; unknown where the register names none.
fn unowned<'a>(view: &VendorView<'a>) -> Value<'a> {
    view.supplier.data.as_ref().map_or(Value::Unknown, |data| {
        let unowned = data.iter().filter(|c| c.owner.is_none());
        Value::list(unowned.map(|c| &*c.name))
    })
}

/// Whether an identity can do more than change things within its own work.
fn powerful(view: &IdentityView<'_>) -> bool {
    let tier = view.privilege.map_or(Tier::Unknown, |p| p.own_tier);
    matches!(tier, Tier::Admin | Tier::Escalate | Tier::Issue)
}

fn names<'a, 'i>(held: impl Iterator<Item = &'i &'i IdentityView<'i>>) -> Value<'a> {
    let all: Vec<&str> = held.map(|view| &*view.identity.name).collect();
    Value::owned(listed(&all, 3, "identity").replace("identitys", "identities"))
}

/// Those with a high privilege that no registry entry says who approved.
fn unapproved<'i>(view: &'i VendorView<'i>) -> impl Iterator<Item = &'i &'i IdentityView<'i>> {
    let held = view.held.iter();
    held.filter(|held| powerful(held) && !held.entries.iter().any(|e| e.approver.is_some()))
}

/// Somebody of the customer approves what it does: the register says who, or every entry of what it holds does.
fn approved<'a>(view: &VendorView<'a>) -> Value<'a> {
    let entries = !view.held.is_empty()
        && view
            .held
            .iter()
            .all(|held| held.entries.iter().any(|e| e.approver.is_some()));
    Value::Bool(view.supplier.approver.is_some() || entries)
}

/// How accountability is shared: by the register, or by the entries of what it holds where they agree.
fn model<'a>(view: &VendorView<'a>) -> Option<&'a str> {
    let stated = view.supplier.accountability.as_deref();
    stated.or_else(|| {
        let mut models = view.held.iter().map(|held| {
            let mut entries = held.entries.iter();
            entries.find_map(|e| e.accountability.model.as_deref())
        });
        let first = models.next()??;
        models.all(|model| model == Some(first)).then_some(first)
    })
}

fn why<'a>(view: &VendorView<'a>) -> Value<'a> {
    let first = view.supplier.identities.first();
    let tie = first.and_then(|(_, ties)| ties.first());
    Value::text(tie.map(|tie| &*tie.why))
}

fn end(view: &VendorView<'_>) -> DateField {
    view.supplier
        .contract_end
        .map_or(DateField::Absent, DateField::At)
}

columns! { OfVendor;
    "id": Type::Text, Record, |v| Value::text(Some(&v.supplier.id)), "What the register calls it, or its name where no register has it.";
    "name": Type::Text, Record, |v| Value::text(Some(&v.supplier.name)), "Its name.";
    "register_present": Type::Bool, Record, |v| Value::Bool(v.register_present), "A register of vendors was read.";
    "registered": Type::Bool, Record, |v| Value::Bool(v.supplier.registered), "A register has it.";
    "contract": Type::Enum(&CONTRACT), Record, |v| word(&CONTRACT, v.supplier.contract.as_str()), "Whether its contract is in force; unknown where no register tells.";
    "contract.known": Type::Bool, Record, |v| Value::Bool(v.supplier.contract != crate::model::ContractState::Unknown), "A register tells.";
    "contract.reason": Type::Text, Record, |v| Value::text(Some(&v.supplier.contract_reason)), "What says so.";
    "contract.end_known": Type::Bool, Record, |v| Value::Bool(v.supplier.contract_end.is_some()), "The last day of its contract is known.";
    "contract.ended_days": Type::Int, Record, |v| overdue(&end(v), v.now), "Whole days since its last day; negative when to come, unknown where none is known.";
    "owner_present": Type::Bool, Record, |v| Value::Bool(v.supplier.owner.is_some()), "Somebody in the organisation answers for it.";
    "owner": Type::Text, Record, |v| Value::owned(v.supplier.owner.as_ref().map(ToString::to_string).unwrap_or_default()), "Who.";
    "owner_there": Type::Bool, Record, |v| Value::Bool(v.supplier.owner_there), "That party is still there, as far as a roster tells.";
    "approved": Type::Bool, Record, approved, "Somebody in the organisation approves what it does, as the register or the registry entries of all that it holds say.";
    "accountability": Type::Text, Record, |v| Value::text(model(v)), "How accountability is shared: `customer`, `shared`, `vendor`, `agent`; unknown where nothing says.";
    "accountability_present": Type::Bool, Record, |v| Value::Bool(model(v).is_some()), "Something says how.";
    "data_categories": Type::Texts, Record, |v| v.supplier.data.as_ref().map_or(Value::Unknown, |d| Value::list(d.iter().map(|c| &*c.name))), "Categories of data that it may see; unknown where the register does not say.";
    "data_unowned": Type::Texts, Record, unowned, "Those of them that nobody in the business answers for.";
    "identities": Type::Int, Identity, |v| Value::count(v.held.len()), "How many identities it holds that can act.";
    "identities.names": Type::Text, Identity, |v| names(v.held.iter()), "The first of them.";
    "identities.why": Type::Text, Identity, why, "How it is known that it holds the first of them.";
    "powerful": Type::Int, Identity, |v| Value::count(v.held.iter().filter(|h| powerful(h)).count()), "How many of them can administer, escalate or issue credentials.";
    "powerful_unapproved": Type::Int, Identity, |v| Value::count(unapproved(v).count()), "How many of those no registry entry says who approved.";
    "powerful_unapproved.names": Type::Text, Identity, |v| names(unapproved(v)), "The first of them.";
}
