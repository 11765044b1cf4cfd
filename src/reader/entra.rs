//! What Microsoft Entra's directory records of applications, service principals, managed identities and agents: who
//! owns or sponsors them, which credentials they have, what they are given.
//!
//! | export | shape |
//! |---|---|
//! | Graph `GET /applications`, `/servicePrincipals` (v1.0, beta; with `$expand=owners`) | pages `{"@odata.context", "value": […]}`, bare lists or single objects (Graph reference, "application", "servicePrincipal") |
//! | Graph `GET /applications/{id}/owners`, `…/sponsors` | pages whose context, or whose path, has the object's id |
//! | Graph `GET /servicePrincipals/microsoft.graph.agentIdentity` (with `$expand=sponsors,owners`) | "agentIdentity", "agentIdentityBlueprint", "agentIdentityBlueprintPrincipal" |
//! | Graph `…/appRoleAssignments`, `/oauth2PermissionGrants`, `/roleManagement/directory/roleAssignments`, `…/federatedIdentityCredentials` | pages, or expanded in the object |
//! | `az ad app list`, `az ad sp list`, `az ad app owner list`, `az identity list`, `az role assignment list`, `az account show` | the Graph's or Resource Manager's objects as a list |
//! | `Get-MgApplication`, `Get-MgServicePrincipal`, … `\| ConvertTo-Json` or `\| Export-Csv` | the same with names begun large; tables have no lists |
//!
//! Documents tell what they tell only together: an application's owners may be in another file than the application,
//! the names of permissions stand at the resource that grants them, and an application does not say which tenant it
//! is of. So they are kept and read together. An application and its service principal are one identity, as
//! Terraform's are: `entra:<tenant>/<appId>`.

mod credentials;
mod estate;
mod grants;
mod owners;
mod principal;
mod record;

use super::Reader;
use super::aws_answer::Head;
use super::records;
use crate::model::{Document, Facts, Probe, Problem};

const NAME: &str = "entra";

/// Lists that hold records: `value` of pages, and the names that wrappers of several exports give.
const LISTS: [&str; 10] = [
    "value",
    "applications",
    "servicePrincipals",
    "agentIdentities",
    "managedIdentities",
    "users",
    "groups",
    "organization",
    "appRoleAssignments",
    "roleAssignments",
];

/// Names that one of the exports has in its first bytes.
const TELLING: [&str; 10] = [
    "ppId\"",
    "rincipalId\"",
    "consentType\"",
    "ConsentType\"",
    "gentIdentityBlueprintId\"",
    "microsoft.graph.",
    "graph.microsoft.com/",
    "federatedIdentityCredentials",
    "verifiedDomains",
    "homeTenantId\"",
];

/// Collections of the Graph whose pages are read, as the context of a page names them.
const COLLECTIONS: [&str; 9] = [
    "$metadata#applications",
    "$metadata#servicePrincipals",
    "$metadata#oauth2PermissionGrants",
    "$metadata#roleManagement/directory/roleAssignments",
    "$metadata#organization",
    "agentIdentity",
    "appRoleAssignments",
    "appRoleAssignedTo",
    "federatedIdentityCredentials",
];

/// Sets of members that one record of an export has.
const TOGETHER: [&[&str]; 12] = [
    &["appRoleId", "principalId", "resourceId"],
    &["AppRoleId", "PrincipalId", "ResourceId"],
    &["clientId", "consentType", "resourceId"],
    &["ClientId", "ConsentType", "ResourceId"],
    &["agentIdentityBlueprintId"],
    &["principalId", "roleDefinitionId", "scope"],
    &["principalId", "roleDefinitionId", "directoryScopeId"],
    &["clientId", "principalId", "tenantId", "resourceGroup"],
    &["audiences", "issuer", "subject", "name"],
    &["homeTenantId", "tenantId"],
    &["verifiedDomains", "id"],
    &["servicePrincipalType", "id"],
];

/// Reads exports of Entra.
#[derive(Debug)]
pub struct Entra;

impl Reader for Entra {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        if probe.binary {
            return false;
        }
        if probe.has_extension(&["csv"]) {
            return table(probe.head);
        }
        let Some(head) = Head::of(probe, &TELLING) else {
            return false;
        };
        let collection = || COLLECTIONS.iter().any(|name| probe.head_contains(name));
        if probe.head_contains("graph.microsoft.com/") && probe.head_contains("$metadata#") {
            return collection() || of_one_object(probe);
        }
        if probe.head_contains("#microsoft.graph.") && of_one_object(probe) {
            return true;
        }
        let quoted_guid = |value: &[u8]| {
            value.first() == Some(&b'"')
                && value.get(9) == Some(&b'-')
                && value.get(14) == Some(&b'-')
        };
        let named = head.together(&["appId", "displayName"], 3)
            || head.together(&["AppId", "DisplayName"], 3);
        let application = named
            && (head.begins("appId", 3, &quoted_guid) || head.begins("AppId", 3, &quoted_guid));
        application || TOGETHER.iter().any(|names| head.together(names, 3))
    }

    fn gathers(&self, _: &Document<'_>) -> bool {
        true
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        self.read_together(std::slice::from_ref(document))
    }

    fn read_together(&self, documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
        let mut estate = estate::Estate::default();
        let mut problems = Vec::new();
        for document in documents {
            let mut dropped = 0_usize;
            let stop = records::each(document, NAME, &LISTS, &mut |found| {
                if !estate.take(document, found) {
                    dropped = dropped.saturating_add(1);
                }
            });
            problems.extend(stop);
            if dropped > 0 {
                problems.push(Problem {
                    path: document.origin.path.clone(),
                    line: None,
                    column: None,
                    kind: crate::model::ProblemKind::Note,
                    reader: NAME,
                    message: format!(
                        "{dropped} owners or sponsors were left out: neither the page's context nor its path says whose \
                         they are (`applications/<object id>/owners.json`)"
                    )
                    .into(),
                });
            }
        }
        (estate.facts(), problems)
    }
}

/// Whether the path says that the page lists the owners, sponsors or credentials of one object.
fn of_one_object(probe: &Probe<'_>) -> bool {
    of_an_object(&probe.origin.path)
}

/// Whether a path says that a page lists the owners or sponsors of one object.
pub(super) fn of_an_object(path: &str) -> bool {
    record::list_of(path).is_some()
}

/// Whether a table is one of applications or service principals: it has their two ids, or the one and a name.
fn table(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let mut lines = head.split(|byte| *byte == b'\n');
    let line = lines
        .find(|line| !line.starts_with(b"#TYPE"))
        .unwrap_or_default();
    let line = String::from_utf8_lossy(line).to_lowercase();
    let names: Vec<&str> = line
        .split(',')
        .map(|name| name.trim().trim_matches('"'))
        .collect();
    let has = |wanted: &[&str]| names.iter().any(|name| wanted.contains(name));
    has(&["appid"]) && has(&["displayname"]) && has(&["id", "objectid", "serviceprincipaltype"])
}
