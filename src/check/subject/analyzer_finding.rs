//! Findings of the platform's own analyser as conditions see them.

use super::columns;
use super::identity::{self, IdentityView};
use crate::check::schema::{Basis, Column, Subject, SubjectKind, TIER, Type};
use crate::check::value::Value;
use crate::model::{
    AnalyzerFinding, Confidence, Evidence, IdentityId, Inventory, Str, SubjectId, Timestamp,
};
use crate::platform::aws::arn::Arn;

/// A finding with the identity that it speaks of, where it is one.
pub(in crate::check) struct AnalyzerFindingView<'a> {
    pub finding: &'a AnalyzerFinding,
    pub identity: Option<&'a IdentityView<'a>>,
    pub now: Timestamp,
}

impl<'a> AnalyzerFindingView<'a> {
    /// All findings; of those with one id, the one that was looked at last.
    pub(in crate::check) fn all(
        inventory: &'a Inventory,
        find: &dyn Fn(&IdentityId) -> Option<&'a IdentityView<'a>>,
        now: Timestamp,
    ) -> Vec<Self> {
        let mut latest: std::collections::BTreeMap<&str, &AnalyzerFinding> =
            std::collections::BTreeMap::new();
        for finding in &inventory.analyzer_findings {
            let known = latest.entry(&finding.id).or_insert(finding);
            if (known.updated, *known) < (finding.updated, finding) {
                *known = finding;
            }
        }
        let views = latest.into_values().map(|finding| Self {
            finding,
            identity: find(&IdentityId(finding.resource.clone())),
            now,
        });
        views.collect()
    }
}

/// The kind.
pub(in crate::check) struct OfAnalyzerFinding;

impl Subject for OfAnalyzerFinding {
    type View<'a> = AnalyzerFindingView<'a>;

    const KIND: SubjectKind = SubjectKind::AnalyzerFinding;

    fn table() -> &'static [Column<Self>] {
        TABLE
    }

    fn id(view: &AnalyzerFindingView<'_>) -> SubjectId {
        SubjectId::AnalyzerFinding(view.finding.id.clone())
    }

    fn name(view: &AnalyzerFindingView<'_>) -> Str {
        format!("{} of {}", view.finding.kind, view.finding.resource).into()
    }

    fn evidence<'a>(view: &'a AnalyzerFindingView<'a>, _: Basis) -> Vec<&'a Evidence> {
        vec![&view.finding.evidence]
    }

    fn confidence(_: &AnalyzerFindingView<'_>, _: Basis) -> Confidence {
        Confidence::High
    }
}

fn active(finding: &AnalyzerFinding) -> Option<bool> {
    let status = finding.status.as_deref()?;
    Some(status.eq_ignore_ascii_case("active"))
}

fn of<'a>(view: &AnalyzerFindingView<'a>, read: fn(&IdentityView<'a>) -> Value<'a>) -> Value<'a> {
    view.identity.map_or(Value::Unknown, read)
}

columns! { OfAnalyzerFinding;
    "id": Type::Text, Record, |v| Value::text(Some(&v.finding.id)), "Its id.";
    "name": Type::Text, Record, |v| Value::owned(OfAnalyzerFinding::name(v).to_string()), "What it found, and of what.";
    "kind": Type::Text, Record, |v| Value::text(Some(&v.finding.kind)), "`ExternalAccess`, `InternalAccess`, `UnusedIAMRole`, `UnusedIAMUserAccessKey`, `UnusedIAMUserPassword`, `UnusedPermission`.";
    "active": Type::Bool, Record, |v| Value::bool(active(v.finding)), "Neither archived nor resolved.";
    "resource": Type::Text, Record, |v| Value::text(Some(&v.finding.resource)), "The ARN of what it speaks of.";
    "resource_type": Type::Text, Record, |v| Value::text(v.finding.resource_type.as_deref()), "`AWS::S3::Bucket`.";
    "account": Type::Text, Record, |v| Value::text(Arn::parse(&v.finding.resource).and_then(|a| a.customer())), "The account of that.";
    "public": Type::Bool, Record, |v| Value::bool(v.finding.public), "Everybody is let in.";
    "conditioned": Type::Bool, Record, |v| Value::Bool(v.finding.condition.is_some()), "A condition limits the access.";
    "principals": Type::Texts, Record, |v| Value::list(v.finding.principals.iter().map(|p| &**p)), "Who is let in, as `type:value`.";
    "actions": Type::Texts, Record, |v| Value::list(v.finding.actions.iter().map(|a| &**a)), "The actions that the outside may take, or that were not used.";
    "service": Type::Text, Record, |v| Value::text(v.finding.service.as_deref()), "The service whose permissions are not used.";
    "access_key": Type::Text, Record, |v| Value::text(v.finding.access_key.as_deref()), "The id of the key that is not used.";
    "last_used_days": Type::Int, Record, |v| Value::int(v.finding.last_used.map(|t| v.now.days_since(t))), "Whole days since its last use.";
    "identity.known": Type::Bool, Record, |v| Value::Bool(v.identity.is_some()), "It speaks of an identity that is known.";
    "identity.name": Type::Text, Record, |v| of(v, identity::name), "The identity's name.";
    "identity.provider_managed": Type::Bool, Record, |v| of(v, identity::provider_managed), "It belongs to the platform's provider.";
    "identity.tier": Type::Enum(&TIER), Privilege, |v| of(v, identity::tier), "Its highest privilege.";
}
