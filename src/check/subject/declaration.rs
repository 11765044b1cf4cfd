//! Registry entries as conditions see them.

use super::columns;
use super::identity::{approved_tier, date_state, overdue};
use crate::check::schema::{
    Basis, Column, DATE_STATE, REGISTRATION, Subject, SubjectKind, TIER, Type, word,
};
use crate::check::value::Value;
use crate::model::{
    Accountability, Confidence, DateField, Evidence, GapKind, Owner, Registration, RegistryEntry,
    Selector, Str, SubjectId, Timestamp,
};

/// A registry entry with what was found of it.
pub(in crate::check) struct DeclarationView<'a> {
    pub entry: &'a RegistryEntry,
    /// How it stands to what was found.
    pub registration: &'a Registration,
    pub now: Timestamp,
}

/// The kind.
pub(in crate::check) struct OfDeclaration;

impl Subject for OfDeclaration {
    type View<'a> = DeclarationView<'a>;

    const KIND: SubjectKind = SubjectKind::Declaration;

    fn table() -> &'static [Column<Self>] {
        TABLE
    }

    fn id(view: &DeclarationView<'_>) -> SubjectId {
        SubjectId::Declaration(view.entry.id.clone())
    }

    fn name(view: &DeclarationView<'_>) -> Str {
        view.entry.id.clone()
    }

    fn evidence<'a>(view: &'a DeclarationView<'a>, _basis: Basis) -> Vec<&'a Evidence> {
        vec![&view.entry.evidence]
    }

    fn confidence(_view: &DeclarationView<'_>, _basis: Basis) -> Confidence {
        Confidence::High
    }
}

fn date<'a>(date: &DateField) -> Value<'a> {
    match date {
        DateField::At(t) => Value::Int(t.seconds()),
        _ => Value::Unknown,
    }
}

fn matched<'a>(view: &DeclarationView<'_>) -> Value<'a> {
    if view.registration.matched == 0 && !view.registration.covered {
        Value::Unknown
    } else {
        Value::count(view.registration.matched)
    }
}

/// What is said of a gap; unknown where it is none.
fn detail<'a>(view: &DeclarationView<'a>, kind: GapKind) -> Value<'a> {
    let gap = view.registration.gap(kind);
    gap.map_or(Value::Unknown, |gap| Value::text(gap.detail.as_deref()))
}

fn has<'a>(view: &DeclarationView<'a>, kind: GapKind) -> Value<'a> {
    Value::Bool(view.registration.gap(kind).is_some())
}

fn party<'a>(party: &Option<(Owner, Str)>) -> Value<'a> {
    let name = party.as_ref().map(|(owner, _)| owner.to_string());
    Value::owned(name.unwrap_or_default())
}

/// Fields of the entry whose dates cannot be read, and why.
fn unreadable<'a>(view: &DeclarationView<'a>) -> Value<'a> {
    let entry = view.entry;
    let fields = [
        ("review_by", &entry.review_by),
        ("expires", &entry.expires),
        ("revocation.last_tested", &entry.revocation_tested),
        ("attested_on", &entry.attested_on),
    ];
    let wrong = fields.iter().filter_map(|(name, date)| match date {
        DateField::Ambiguous(_) => Some(format!("{name} (ambiguous)")),
        DateField::Malformed(_) => Some(format!("{name} (malformed)")),
        DateField::Absent | DateField::Empty | DateField::At(_) => None,
    });
    Value::owned_list(wrong)
}

columns! { OfDeclaration;
    "id": Type::Text, Declaration, |v| Value::text(Some(&v.entry.id)), "The entry's id or pattern, as written.";
    "name": Type::Text, Declaration, |v| Value::text(Some(&v.entry.id)), "The same.";
    "is_pattern": Type::Bool, Declaration, |v| Value::Bool(matches!(v.entry.selector, Selector::Pattern { .. })), "It speaks of every identity that matches a pattern.";
    "matched_count": Type::Int, Declaration, matched, "How many existing identities it speaks of; unknown when none was found and no export was read that could show one.";
    "sources_present": Type::Bool, Declaration, |v| Value::Bool(v.registration.covered), "Exports that could show what it speaks of were read.";
    "owner_present": Type::Bool, Declaration, |v| Value::Bool(v.entry.owner.is_some()), "It names an owner.";
    "owner": Type::Text, Declaration, |v| Value::owned(v.entry.owner.as_ref().map(|(o, _)| o.to_string()).unwrap_or_default()), "The owner it names.";
    "backup_owner_present": Type::Bool, Declaration, |v| Value::Bool(v.entry.backup_owner.is_some()), "It names a second owner.";
    "purpose_present": Type::Bool, Declaration, |v| Value::Bool(v.entry.purpose.as_deref().is_some_and(|p| !p.trim().is_empty())), "It says what the identity is for.";
    "purpose": Type::Text, Declaration, |v| Value::text(v.entry.purpose.as_deref()), "What the identity is for.";
    "role": Type::Text, Declaration, |v| Value::text(v.entry.role.as_deref()), "What sort of work it does.";
    "environment": Type::Text, Declaration, |v| Value::text(v.entry.environment.as_deref()), "Its environment.";
    "human": Type::Bool, Declaration, |v| Value::bool(v.entry.human), "Whether a person uses it, where stated.";
    "approver_present": Type::Bool, Declaration, |v| Value::Bool(v.entry.approver.is_some()), "It says who approved the identity.";
    "approver": Type::Text, Declaration, |v| Value::text(v.entry.approver.as_deref()), "Who approved it.";
    "approved_tier": Type::Enum(&TIER), Declaration, |v| approved_tier(v.entry), "The highest privilege it was approved for.";
    "tenants": Type::Texts, Declaration, |v| Value::list(v.entry.tenants.iter().map(|t| &**t)), "Whose data it may touch.";
    "data_categories": Type::Texts, Declaration, |v| Value::list(v.entry.data_categories.iter().map(|t| &**t)), "Which data it may touch.";
    "review_by.state": Type::Enum(&DATE_STATE), Declaration, |v| date_state(&v.entry.review_by), "Whether a review date is given and can be read.";
    "review_by": Type::Time, Declaration, |v| date(&v.entry.review_by), "When its need is to be reviewed.";
    "review_overdue_days": Type::Int, Declaration, |v| overdue(&v.entry.review_by, v.now), "Whole days since the review was due; unknown without a date.";
    "expires.state": Type::Enum(&DATE_STATE), Declaration, |v| date_state(&v.entry.expires), "Whether an end is given and can be read.";
    "expires": Type::Time, Declaration, |v| date(&v.entry.expires), "When it ends.";
    "overdue_days": Type::Int, Declaration, |v| overdue(&v.entry.expires, v.now), "Whole days since its end; unknown without one.";
    "revocation_present": Type::Bool, Declaration, |v| Value::Bool(v.entry.revocation.as_deref().is_some_and(|r| !r.trim().is_empty())), "It says how the identity is revoked.";
    "revocation": Type::Text, Declaration, |v| Value::text(v.entry.revocation.as_deref()), "How.";
    "revocation_tested.state": Type::Enum(&DATE_STATE), Declaration, |v| date_state(&v.entry.revocation_tested), "Whether it says when that was last tried.";
    "revocation_tested_days": Type::Int, Declaration, |v| overdue(&v.entry.revocation_tested, v.now), "Whole days since that was last tried.";
    "state": Type::Enum(&REGISTRATION), Declaration, |v| word(&REGISTRATION, v.registration.state.as_str()), "Whether what it declares was found.";
    "gaps": Type::Texts, Declaration, |v| Value::list(v.registration.gaps.iter().map(|g| g.kind.as_str())), "What is missing or amiss: `owner-missing`, `purpose-generic`, `expiry-past`.";
    "purpose_generic": Type::Bool, Declaration, |v| has(v, GapKind::PurposeGeneric), "Its purpose says nothing: `test`, `support`, fewer than ten characters.";
    "backup_owner": Type::Text, Declaration, |v| party(&v.entry.backup_owner), "The second owner it names.";
    "accountability.complete": Type::Bool, Declaration, |v| Value::Bool(v.registration.gap(GapKind::AccountabilityIncomplete).is_none()), "It names a workflow owner, a policy owner and an operator.";
    "accountability.missing": Type::Text, Declaration, |v| detail(v, GapKind::AccountabilityIncomplete), "Which of these it leaves out.";
    "accountability.stated": Type::Bool, Declaration, |v| Value::Bool(v.entry.accountability != Accountability::default()), "It says anything of accountability.";
    "accountability.collapsed": Type::Bool, Declaration, |v| has(v, GapKind::AccountabilityCollapsed), "These three are one person.";
    "accountability.party": Type::Text, Declaration, |v| detail(v, GapKind::AccountabilityCollapsed), "That person.";
    "accountability.model": Type::Text, Declaration, |v| Value::text(v.entry.accountability.model.as_deref()), "How accountability is shared with a supplier: `customer`, `shared`, `vendor`, `agent`.";
    "allowed_actions": Type::Texts, Declaration, |v| Value::list(v.entry.allowed_actions.iter().map(|a| &**a)), "The actions that it is meant to do.";
    "dates_unreadable": Type::Texts, Declaration, unreadable, "Fields whose dates cannot be read, and why.";
    "vendor": Type::Text, Declaration, |v| Value::text(v.entry.vendor.as_deref()), "The vendor that holds the identity.";
    "attested_by": Type::Text, Declaration, |v| Value::text(v.entry.attested_by.as_deref()), "Who confirmed the entry.";
    "attested_on.state": Type::Enum(&DATE_STATE), Declaration, |v| date_state(&v.entry.attested_on), "Whether it says when that was.";
    "attested_days": Type::Int, Declaration, |v| overdue(&v.entry.attested_on, v.now), "Whole days since the entry was confirmed; unknown without a date.";
    "environment_differs": Type::Text, Declaration, |v| detail(v, GapKind::EnvironmentDiffers), "Which identity's labels say another environment.";
}
