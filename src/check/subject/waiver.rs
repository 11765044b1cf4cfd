//! Waivers as conditions see them.

use super::columns;
use crate::check::schema::{Basis, Column, Subject, SubjectKind, Type};
use crate::check::value::Value;
use crate::model::{Confidence, Evidence, Str, SubjectId, Timestamp, Waiver};

/// A waiver with what came of it.
pub(in crate::check) struct WaiverView<'a> {
    pub waiver: &'a Waiver,
    /// How many findings it matches; `None` where checks that it names are not part of the scan.
    pub matched: Option<usize>,
    pub now: Timestamp,
}

/// Whether a waiver no longer covers anything. The day it names is still covered.
pub(in crate::check) fn expired(waiver: &Waiver, now: Timestamp) -> bool {
    waiver
        .expires
        .is_some_and(|expires| now.days_since(expires) >= 1)
}

/// The kind.
pub(in crate::check) struct OfWaiver;

impl Subject for OfWaiver {
    type View<'a> = WaiverView<'a>;

    const KIND: SubjectKind = SubjectKind::Waiver;

    fn table() -> &'static [Column<Self>] {
        TABLE
    }

    fn id(view: &WaiverView<'_>) -> SubjectId {
        SubjectId::Waiver(view.waiver.id.clone())
    }

    fn name(view: &WaiverView<'_>) -> Str {
        view.waiver.id.clone()
    }

    fn evidence<'a>(view: &'a WaiverView<'a>, _basis: Basis) -> Vec<&'a Evidence> {
        vec![&view.waiver.evidence]
    }

    fn confidence(_view: &WaiverView<'_>, _basis: Basis) -> Confidence {
        Confidence::High
    }
}

columns! { OfWaiver;
    "id": Type::Text, Record, |v| Value::text(Some(&v.waiver.id)), "What a person calls it.";
    "name": Type::Text, Record, |v| Value::text(Some(&v.waiver.id)), "The same.";
    "check": Type::Text, Record, |v| Value::text(Some(&v.waiver.check)), "The check it speaks of, or a pattern.";
    "subject": Type::Text, Record, |v| Value::text(Some(&v.waiver.subject)), "The subject it speaks of, or a pattern.";
    "owner": Type::Text, Record, |v| Value::text(Some(&v.waiver.owner)), "Who answers for it; empty for comments and path rules that do not say.";
    "approver": Type::Text, Record, |v| Value::text(Some(&v.waiver.approver)), "Who approved it.";
    "reason": Type::Text, Record, |v| Value::text(Some(&v.waiver.reason)), "Why.";
    "expires": Type::Time, Record, |v| Value::int(v.waiver.expires.map(|t| t.seconds())), "The last day it covers; unknown where it has no end, as comments have none.";
    "expires_in_days": Type::Int, Record, |v| Value::int(v.waiver.expires.map(|t| t.days_since(v.now))), "Whole days until then; negative when past.";
    "expired": Type::Bool, Record, |v| Value::Bool(expired(v.waiver, v.now)), "That day is past.";
    "matched_count": Type::Int, Record, |v| v.matched.map_or(Value::Unknown, Value::count), "How many findings of this scan it matches; unknown when checks that it names are not part of the scan.";
    "used": Type::Bool, Record, |v| Value::bool(v.matched.map(|n| n > 0)), "It matches at least one.";
}
