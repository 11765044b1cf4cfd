//! What a record of an export is.

use crate::reader::records::{Record, guid, text};
use serde_json::{Map, Value};

/// What sort of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// An application registration.
    Application,
    /// The blueprint of agents: an application registration.
    Blueprint,
    /// A service principal, also of a managed identity.
    ServicePrincipal,
    /// The service principal of a blueprint.
    BlueprintPrincipal,
    /// An agent.
    Agent,
    /// A managed identity as Resource Manager knows it.
    ManagedIdentity,
    /// A user.
    User,
    /// A group.
    Group,
    /// An application permission that was given.
    AppRole,
    /// A delegated permission that was consented to.
    Delegated,
    /// A role of Azure on a scope.
    AzureRole,
    /// A role of the directory.
    DirectoryRole,
    /// A federated identity credential.
    Federated,
    /// The tenant itself, or a subscription, which says whose it is.
    Tenant,
}

/// What a page's records are to the one object that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// They own it.
    Owners,
    /// They answer for it.
    Sponsors,
    /// They let others in as it.
    Federated,
}

/// The names that a page's context and path have for it.
const RELATIONS: [(&str, Relation); 7] = [
    ("federatedidentitycredentials", Relation::Federated),
    ("federated-credentials", Relation::Federated),
    ("federated-credential", Relation::Federated),
    ("sponsors", Relation::Sponsors),
    ("sponsor", Relation::Sponsors),
    ("owners", Relation::Owners),
    ("owner", Relation::Owners),
];

/// The object and the relation in `$metadata#applications('<id>')/owners`, or in `applications/<id>/owners.json`,
/// `owners-<id>.json`: the last id and the last relation that it names.
pub(super) fn list_of(path: &str) -> Option<(&str, Relation)> {
    // Lower case keeps positions: only ASCII is changed.
    let lower = path.to_ascii_lowercase();
    let (_, relation) = RELATIONS
        .iter()
        .filter_map(|(name, relation)| {
            let at = lower.rfind(name)?;
            let before = lower.get(..at)?.chars().next_back();
            let apart = before.is_none_or(|c| !c.is_alphanumeric());
            apart.then_some((at, *relation))
        })
        .max_by_key(|(at, _)| *at)?;
    // `owners-<id>`: what stands around an id may look like a part of it.
    path.split(|c: char| !c.is_ascii_hexdigit() && c != '-')
        .filter_map(at_an_end)
        .next_back()
        .map(|id| (id, relation))
}

/// The id that a text begins or ends with.
fn at_an_end(part: &str) -> Option<&str> {
    let tail = part.len().checked_sub(36).and_then(|at| part.get(at..));
    [part.get(..36), tail]
        .into_iter()
        .flatten()
        .rfind(|id| guid(id))
}

/// The object and the relation that a record's page is about.
pub(super) fn about<'r>(record: &Record<'r>, path: &'r str) -> Option<(&'r str, Relation)> {
    let context = text(record.page, "@odata.context").or_else(|| record.text("@odata.context"));
    let named = context
        .filter(|context| context.contains("('"))
        .and_then(list_of);
    named.or_else(|| list_of(path))
}

/// What a record is; `None` where it is something else.
pub(super) fn sort(record: &Record<'_>) -> Option<Sort> {
    let context = text(record.page, "@odata.context").or_else(|| record.text("@odata.context"));
    let context = context
        .and_then(|context| context.split_once("$metadata#"))
        .map(|(_, of)| of);
    if let Some(kind) = record
        .text("@odata.type")
        .and_then(|kind| kind.rsplit_once('.'))
    {
        return match kind.1 {
            "application" => Some(Sort::Application),
            "agentIdentityBlueprint" => Some(Sort::Blueprint),
            "agentIdentityBlueprintPrincipal" => Some(Sort::BlueprintPrincipal),
            "agentIdentity" => Some(Sort::Agent),
            "servicePrincipal" => Some(Sort::ServicePrincipal),
            "user" | "agentUser" => Some(Sort::User),
            "group" => Some(Sort::Group),
            "organization" => Some(Sort::Tenant),
            _ => None,
        };
    }
    let has = |keys: &[&str]| record.all(keys);
    if has(&["appRoleId", "principalId"]) {
        return Some(Sort::AppRole);
    }
    if has(&["consentType", "clientId"]) {
        return Some(Sort::Delegated);
    }
    if has(&["roleDefinitionId", "principalId", "directoryScopeId"]) {
        return Some(Sort::DirectoryRole);
    }
    if has(&["principalId", "roleDefinitionId"]) || assigned(record.inside("properties")) {
        return Some(Sort::AzureRole);
    }
    if has(&["issuer", "audiences"]) && (has(&["subject"]) || has(&["claimsMatchingExpression"])) {
        return Some(Sort::Federated);
    }
    if has(&["agentIdentityBlueprintId", "id"]) {
        return Some(Sort::Agent);
    }
    let managed = |map: &Map<String, Value>| {
        text(map, "clientId").is_some() && text(map, "principalId").is_some()
    };
    let resource = record.text("id").is_some_and(|id| {
        id.to_ascii_lowercase()
            .contains("/providers/microsoft.managedidentity/userassignedidentities/")
    });
    if resource && (managed(record.map) || record.inside("properties").is_some_and(managed)) {
        return Some(Sort::ManagedIdentity);
    }
    if has(&["verifiedDomains", "id"]) || has(&["homeTenantId", "tenantId"]) {
        return Some(Sort::Tenant);
    }
    let of = |collection: &str| {
        record.list == collection || context.is_some_and(|context| context.starts_with(collection))
    };
    if record.text("appId").is_some_and(guid) {
        let principal = [
            "servicePrincipalType",
            "servicePrincipalNames",
            "appOwnerOrganizationId",
            "accountEnabled",
        ];
        return Some(
            match principal.iter().any(|key| record.has(key)) || of("servicePrincipals") {
                true if record.list == "agentIdentities" => Sort::Agent,
                true => Sort::ServicePrincipal,
                false => Sort::Application,
            },
        );
    }
    if has(&["userPrincipalName"]) {
        return Some(Sort::User);
    }
    of("groups").then_some(Sort::Group)
}

/// Whether the properties of a Resource Manager object are those of a role assignment.
fn assigned(properties: Option<&Map<String, Value>>) -> bool {
    properties.is_some_and(|p| p.contains_key("roleDefinitionId") && p.contains_key("principalId"))
}

#[cfg(test)]
mod tests {
    use super::{Relation, list_of};

    #[test]
    fn whose_list_a_page_is() {
        let id = "8706aca4-94e9-4783-a23d-7dae1599a6e0";
        for (path, expected) in [
            (
                format!("https://graph.microsoft.com/v1.0/$metadata#applications('{id}')/owners"),
                Some(Relation::Owners),
            ),
            (
                format!("export/applications/{id}/owners.json"),
                Some(Relation::Owners),
            ),
            (
                format!("export/sponsors-{id}.json"),
                Some(Relation::Sponsors),
            ),
            (
                format!("é/{id}/federatedIdentityCredentials.json"),
                Some(Relation::Federated),
            ),
            (format!("export/{id}.json"), None),
            ("export/owners.json".to_owned(), None),
            (format!("homeowners/{id}.json"), None),
        ] {
            assert_eq!(
                list_of(&path),
                expected.map(|relation| (id, relation)),
                "{path}"
            );
        }
    }
}
