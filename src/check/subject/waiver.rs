//! Waivers as conditions see them.

use super::columns;
use crate::check::schema::{Basis, Column, Subject, SubjectKind, Type};
use crate::check::value::Value;
use crate::model::{Confidence, Evidence, Str, SubjectId, Timestamp, Waiver};

/// A waiver with what came of it.
pub(in crate::check) struct WaiverView<'a> {
    pub waiver: &'a Waiver,
    /// How many findings it matches.
    pub matched: usize,
    pub now: Timestamp,
}

/// Whether a waiver no longer covers anything. The day it names is still covered.
pub(in crate::check) fn expired(waiver: &Waiver, now: Timestamp) -> bool {
    now.days_since(waiver.expires) >= 1
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
    "owner": Type::Text, Record, |v| Value::text(Some(&v.waiver.owner)), "Who answers for it.";
    "approver": Type::Text, Record, |v| Value::text(Some(&v.waiver.approver)), "Who approved it.";
    "reason": Type::Text, Record, |v| Value::text(Some(&v.waiver.reason)), "Why.";
    "expires": Type::Time, Record, |v| Value::Int(v.waiver.expires.seconds()), "The last day it covers.";
    "expires_in_days": Type::Int, Record, |v| Value::Int(v.waiver.expires.days_since(v.now)), "Whole days until then; negative when past.";
    "expired": Type::Bool, Record, |v| Value::Bool(expired(v.waiver, v.now)), "That day is past.";
    "matched_count": Type::Int, Record, |v| Value::count(v.matched), "How many findings of this scan it matches.";
    "used": Type::Bool, Record, |v| Value::Bool(v.matched > 0), "It matches at least one.";
}
