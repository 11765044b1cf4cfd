//! What principals are given: permissions of applications, delegated permissions, roles of the directory and of Azure.

use super::NAME;
use super::record::Sort;
use crate::model::{
    Document, Effect, Entitlement, EntitlementRole, Evidence, Facts, IdentityId, Platform, Policy,
    PolicyId, PolicyKind, Rule, RuleBody, Scope, Str,
};
use crate::platform::named;
use crate::reader::records::{Record, guid, text};
use std::collections::{BTreeMap, BTreeSet};

/// One grant, as a record tells of it.
pub(super) struct Grant {
    pub sort: Sort,
    /// The directory's id of who is given it.
    pub principal: Str,
    /// What else the record calls that one: an application's id.
    pub principal_name: Option<Str>,
    /// The resource or scope.
    pub on: Str,
    pub on_name: Option<Str>,
    /// Ids or names of what is given.
    pub roles: Vec<Str>,
    /// Whether it is in effect only sometimes, and when.
    pub condition: Option<&'static str>,
    pub evidence: Evidence,
}

/// Application permissions by their resource's id and their own.
pub(super) type Roles = BTreeMap<Str, BTreeMap<Str, Str>>;

/// APIs of Microsoft whose permissions the table knows by name.
const KNOWN: [&str; 6] = [
    "Microsoft Graph",
    "Windows Azure Active Directory",
    "Office 365 Exchange Online",
    "Office 365 SharePoint Online",
    "Office 365 Management APIs",
    "Azure Key Vault",
];

/// The role that stands for having any access at all, of applications that define none.
const DEFAULT_ACCESS: &str = "00000000-0000-0000-0000-000000000000";

/// Reads a grant; `None` where it is a person's, or names nobody.
pub(super) fn read(document: &Document<'_>, record: &Record<'_>, sort: Sort) -> Option<Grant> {
    let map = match sort {
        Sort::AzureRole => record.inside("properties").unwrap_or(record.map),
        _ => record.map,
    };
    let of = |key: &str| text(map, key).map(Str::from);
    let kind = text(map, "principalType").unwrap_or_default();
    if kind.eq_ignore_ascii_case("user") || kind.eq_ignore_ascii_case("group") {
        return None;
    }
    let (principal, on, on_name, roles, condition) = match sort {
        Sort::AppRole => {
            let role = of("appRoleId").filter(|role| &**role != DEFAULT_ACCESS)?;
            let on = of("resourceId").unwrap_or_else(|| "*".into());
            (
                of("principalId")?,
                on,
                of("resourceDisplayName"),
                vec![role],
                None,
            )
        }
        Sort::Delegated => {
            let scopes = text(map, "scope")?
                .split_whitespace()
                .map(Str::from)
                .collect();
            let condition = match text(map, "consentType") {
                Some("AllPrincipals") => "for every user who signs in",
                _ => "for one user who signs in",
            };
            let on = of("resourceId").unwrap_or_else(|| "*".into());
            (of("clientId")?, on, None, scopes, Some(condition))
        }
        Sort::DirectoryRole => {
            let role = of("roleDefinitionId")?;
            let on = of("directoryScopeId").unwrap_or_else(|| "/".into());
            (of("principalId")?, on, None, vec![role], None)
        }
        _ => {
            let scope = of("scope").filter(|scope| scope.starts_with('/'))?;
            let id = of("roleDefinitionId");
            let id = id.and_then(|id| id.rsplit('/').next().map(Str::from));
            let role = of("roleDefinitionName").or(id)?;
            let condition = of("condition").map(|_| "the assignment's condition");
            (of("principalId")?, scope, None, vec![role], condition)
        }
    };
    let principal = principal.to_ascii_lowercase();
    guid(&principal).then(|| Grant {
        sort,
        principal: principal.into(),
        principal_name: of("principalName").filter(|name| guid(name)),
        on,
        on_name,
        roles,
        condition,
        evidence: record.at(document, NAME),
    })
}

/// Writes down what is given, each role of a tenant as one policy.
#[derive(Default)]
pub(super) struct Book {
    stated: BTreeSet<PolicyId>,
}

impl Book {
    /// Notes that a principal is given what a grant says.
    pub(super) fn enter(
        &mut self,
        facts: &mut Facts,
        grant: &Grant,
        principal: &IdentityId,
        tenant: Option<&Str>,
        roles: &Roles,
        names: &BTreeMap<Str, Str>,
    ) {
        let resource = grant
            .on_name
            .as_ref()
            .or_else(|| names.get(grant.on.to_ascii_lowercase().as_str()));
        for role in &grant.roles {
            let known = roles
                .get(grant.on.to_ascii_lowercase().as_str())
                .and_then(|of| of.get(role.to_ascii_lowercase().as_str()));
            let name: Str = match known.filter(|_| grant.sort == Sort::AppRole) {
                Some(name) => name.clone(),
                None => role.clone(),
            };
            let api = matches!(grant.sort, Sort::AppRole | Sort::Delegated);
            // What an application's own interface calls a permission need not mean what Microsoft's does.
            let foreign = api
                && !(known.is_none() && named_exactly(role))
                && resource.is_some_and(|resource| !KNOWN.contains(&&**resource));
            let name: Str = match resource.filter(|_| foreign) {
                Some(resource) => format!("{resource}: {name}").into(),
                None => name,
            };
            let (label, via): (Str, String) = match grant.sort {
                Sort::AppRole => (name.clone(), "application permission".to_owned()),
                Sort::Delegated => (
                    format!("delegated {name}").into(),
                    "delegated permission".to_owned(),
                ),
                Sort::DirectoryRole => (name.clone(), "role of the directory".to_owned()),
                _ => (name.clone(), "role assignment".to_owned()),
            };
            let on = match resource {
                Some(resource) => format!("entra:{resource}"),
                None if grant.sort == Sort::DirectoryRole => {
                    format!("entra:{}{}", tenant.map_or("*", |tenant| tenant), grant.on)
                }
                None => format!("entra:{}", grant.on),
            };
            self.hold(
                facts,
                principal,
                tenant,
                &label,
                &name,
                Scope::Resource(on.into()),
                via,
                grant,
            );
        }
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "the parts of one statement, each of its own type"
    )]
    fn hold(
        &mut self,
        facts: &mut Facts,
        principal: &IdentityId,
        tenant: Option<&Str>,
        label: &Str,
        permission: &Str,
        scope: Scope,
        via: String,
        grant: &Grant,
    ) {
        let place = tenant.map_or("*", |tenant| tenant);
        let id = PolicyId::from(format!("entra:{place}/role/{label}"));
        if self.stated.insert(id.clone()) {
            let mut policy = Policy::new(
                id.clone(),
                Platform::Entra,
                PolicyKind::Named,
                label.clone(),
            );
            policy.account = tenant.cloned();
            policy.rules.insert(Rule {
                effect: Effect::Allow,
                body: RuleBody::Named(permission.clone()),
                label: label.clone(),
                evidence: grant.evidence.clone(),
            });
            policy.evidence.insert(grant.evidence.clone());
            facts.policies.push(policy);
        }
        let (role, via) = match grant.condition {
            Some(condition) => (EntitlementRole::Conditional, format!("{via}, {condition}")),
            None => (EntitlementRole::Grant, via),
        };
        facts.entitlements.push(Entitlement {
            principal: principal.clone(),
            policy: id,
            scope,
            role,
            via: via.into(),
            evidence: grant.evidence.clone(),
        });
    }
}

/// Whether the table has this very name or id, rather than a pattern that it meets.
fn named_exactly(role: &str) -> bool {
    guid(role) && named::role("entra", role).is_some()
}
