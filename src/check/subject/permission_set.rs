//! Permission sets of single sign-on as conditions see them.

use super::columns;
use crate::check::schema::{Basis, Column, Subject, SubjectKind, Type};
use crate::check::value::Value;
use crate::model::{
    Assignment, Confidence, Effect, Entitlement, EntitlementRole, Evidence, Inventory, Matcher,
    PermissionSet, RuleBody, Str, SubjectId,
};
use std::collections::{BTreeMap, BTreeSet};

/// A permission set with what it gives and to whom.
pub(in crate::check) struct PermissionSetView<'a> {
    pub arn: &'a str,
    pub records: Vec<&'a PermissionSet>,
    pub assignments: Vec<&'a Assignment>,
    pub entitlements: Vec<&'a Entitlement>,
    pub inventory: &'a Inventory,
}

impl<'a> PermissionSetView<'a> {
    /// All permission sets.
    pub(in crate::check) fn all(inventory: &'a Inventory) -> Vec<Self> {
        let mut views: BTreeMap<&str, Self> = BTreeMap::new();
        for record in &inventory.permission_sets {
            let view = views.entry(&record.arn).or_insert_with(|| Self {
                arn: &record.arn,
                records: Vec::new(),
                assignments: Vec::new(),
                entitlements: Vec::new(),
                inventory,
            });
            view.records.push(record);
        }
        if views.is_empty() {
            return Vec::new();
        }
        for assignment in &inventory.assignments {
            if let Some(view) = views.get_mut(&*assignment.permission_set) {
                view.assignments.push(assignment);
            }
        }
        for entitlement in &inventory.entitlements {
            if let Some(view) = views.get_mut(&*entitlement.principal.0) {
                view.entitlements.push(entitlement);
            }
        }
        views.into_values().collect()
    }
}

/// The kind.
pub(in crate::check) struct OfPermissionSet;

impl Subject for OfPermissionSet {
    type View<'a> = PermissionSetView<'a>;

    const KIND: SubjectKind = SubjectKind::PermissionSet;

    fn table() -> &'static [Column<Self>] {
        TABLE
    }

    fn id(view: &PermissionSetView<'_>) -> SubjectId {
        SubjectId::PermissionSet(view.arn.into())
    }

    fn name(view: &PermissionSetView<'_>) -> Str {
        let name = view.records.iter().find_map(|r| r.name.as_deref());
        let name = name.unwrap_or_else(|| view.arn.rsplit('/').next().unwrap_or(view.arn));
        format!("permission set {name}").into()
    }

    fn evidence<'a>(view: &'a PermissionSetView<'a>, basis: Basis) -> Vec<&'a Evidence> {
        let records = view.records.iter().map(|r| &r.evidence);
        match basis {
            Basis::Grants => view.entitlements.iter().map(|e| &e.evidence).collect(),
            _ => records
                .chain(view.assignments.iter().map(|a| &a.evidence))
                .collect(),
        }
    }

    fn confidence(_: &PermissionSetView<'_>, _: Basis) -> Confidence {
        Confidence::High
    }
}

/// Whole hours of an ISO 8601 duration, rounded up: `PT8H`, `PT1H30M`, `P1D`.
fn hours(text: &str) -> Option<i64> {
    let rest = text.trim().strip_prefix('P')?;
    let (mut seconds, mut number, mut time) = (0_i64, None::<i64>, false);
    for c in rest.chars() {
        if let Some(digit) = c.to_digit(10) {
            let so_far = number.unwrap_or(0).checked_mul(10)?;
            number = Some(so_far.checked_add(i64::from(digit))?);
            continue;
        }
        if c == 'T' && !time {
            time = true;
            continue;
        }
        let unit = match (c, time) {
            ('W', false) => 604_800,
            ('D', false) => 86_400,
            ('H', true) => 3_600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    (number.is_none() && seconds > 0).then(|| seconds.saturating_add(3_599) / 3_600)
}

/// Whether one of its policies allows everything.
fn admin(view: &PermissionSetView<'_>) -> bool {
    let granted = view
        .entitlements
        .iter()
        .filter(|e| e.role == EntitlementRole::Grant);
    let all = |matcher: &Matcher| match matcher {
        Matcher::In(patterns) => patterns.iter().any(|p| matches!(&**p, "*" | "*:*")),
        Matcher::NotIn(_) => false,
    };
    granted.into_iter().any(|e| {
        e.policy.0.ends_with("::aws:policy/AdministratorAccess")
            || view
                .inventory
                .policies
                .get(&e.policy)
                .is_some_and(|policy| {
                    policy.rules.iter().any(|rule| match &rule.body {
                        RuleBody::Iam(body) => {
                            rule.effect == Effect::Allow
                                && body.condition.is_none()
                                && all(&body.actions)
                                && all(&body.resources)
                        }
                        RuleBody::Rbac(_) | RuleBody::Named(_) => false,
                    })
                })
    })
}

fn distinct<'a>(view: &PermissionSetView<'a>, of: fn(&'a Assignment) -> &'a str) -> usize {
    let all: BTreeSet<&str> = view.assignments.iter().map(|a| of(a)).collect();
    all.len()
}

columns! { OfPermissionSet;
    "id": Type::Text, Record, |v| Value::text(Some(v.arn)), "Its ARN.";
    "name": Type::Text, Record, |v| Value::owned(OfPermissionSet::name(v).to_string()), "What a person calls it.";
    "session_hours": Type::Int, Record, |v| Value::int(v.records.iter().filter_map(|r| r.session.as_deref()).find_map(hours)), "How long a session lasts, in hours.";
    "assignments": Type::Int, Record, |v| Value::count(v.assignments.len()), "How often it is given.";
    "assigned_to": Type::Int, Record, |v| Value::count(distinct(v, |a| &a.principal)), "To how many users and groups.";
    "assigned_users": Type::Int, Record, |v| Value::count(v.assignments.iter().filter(|a| !a.group).count()), "How often it is given to a single user rather than a group.";
    "accounts": Type::Int, Record, |v| Value::count(distinct(v, |a| &a.account)), "In how many accounts.";
    "admin": Type::Bool, Grants, |v| if v.entitlements.is_empty() { Value::Unknown } else { Value::Bool(admin(v)) }, "One of its policies allows everything; unknown where its policies were not read.";
}

#[cfg(test)]
mod tests {
    use super::hours;

    #[test]
    fn durations_are_read_and_nonsense_is_not() {
        for (text, expected) in [
            ("PT8H", Some(8)),
            ("PT1H30M", Some(2)),
            ("P1D", Some(24)),
            ("P1DT12H", Some(36)),
            ("PT", None),
            ("8H", None),
            ("PT8", None),
            ("P8H", None),
            ("PT99999999999999999999H", None),
        ] {
            assert_eq!(hours(text), expected, "{text}");
        }
    }
}
