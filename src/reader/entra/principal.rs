//! Applications, service principals, managed identities and agents, as their records tell of them.

use super::NAME;
use super::credentials::{self, Key};
use super::owners::{self, Party};
use super::record::Sort;
use crate::model::{Document, Evidence, Label, LabelSource, Str, Timestamp};
use crate::reader::records::{Record, guid, objects, text, texts};
use crate::reader::resource::told;
use std::collections::BTreeMap;

/// The tenants that Microsoft's own applications are of (Microsoft documentation, "Verify first-party Microsoft
/// applications in sign-in reports").
pub(super) const MICROSOFT: [&str; 2] = [
    "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
    "72f988bf-86f1-41af-91ab-2d7cd011db47",
];

/// How many characters a label's value has at most.
const MAX_VALUE: usize = 512;

/// One record of a principal.
pub(super) struct Principal {
    pub sort: Sort,
    /// The directory's id of the object; of a managed identity the id of its service principal.
    pub object: Option<Str>,
    /// The application id, by which application and service principal are one.
    pub app: Option<Str>,
    pub name: Str,
    pub enabled: Option<bool>,
    pub created: Option<Timestamp>,
    /// The tenant that it is of, where the record says.
    pub tenant: Option<Str>,
    /// The tenant that its application is of.
    pub owner_tenant: Option<Str>,
    /// Who publishes the application.
    pub publisher: Option<Str>,
    /// The domain that the application was registered with.
    pub domain: Option<Str>,
    /// Whether a managed identity stands behind it.
    pub managed: bool,
    /// The resource that a managed identity is, or is of.
    pub resource: Option<Str>,
    /// The application of the blueprint that an agent was made by.
    pub blueprint: Option<Str>,
    pub labels: Vec<Label>,
    pub keys: Vec<Key>,
    pub federated: Vec<Federated>,
    /// Permissions that it asks for: the application that grants them, and the permission.
    pub requested: Vec<(Str, Str)>,
    /// The names of the permissions that it grants, by id.
    pub roles: BTreeMap<Str, Str>,
    /// `None` where the export has no such list.
    pub owners: Option<Vec<Party>>,
    pub sponsors: Option<Vec<Party>>,
    /// Whom the directory tells when a certificate ends.
    pub told: Vec<Str>,
    pub evidence: Evidence,
}

/// A federated identity credential.
pub(super) struct Federated {
    pub name: Str,
    pub issuer: Str,
    pub subject: Option<Str>,
    pub expression: Option<Str>,
    pub audiences: Vec<Str>,
    pub evidence: Evidence,
}

/// Reads a record of a principal.
pub(super) fn read(document: &Document<'_>, record: &Record<'_>, sort: Sort) -> Principal {
    let evidence = record.at(document, NAME);
    let properties = record.inside("properties").unwrap_or(record.map);
    let azure = sort == Sort::ManagedIdentity;
    let any = |key: &str| record.text(key).or_else(|| text(properties, key));
    let (object, app) = match azure {
        true => (any("principalId"), any("clientId")),
        // An older module writes `objectId`.
        false => (record.first(&["id", "objectId"]), record.text("appId")),
    };
    let names = record.first(&["displayName", "appDisplayName", "name"]);
    let name = names.or(app).or(object).unwrap_or_default();
    let alternative = record.texts("alternativeNames");
    let resource = match azure {
        true => record.text("id"),
        false => alternative
            .iter()
            .copied()
            .find(|name| name.starts_with("/subscriptions/")),
    };
    let publisher = record
        .inside("verifiedPublisher")
        .and_then(|publisher| text(publisher, "displayName"))
        .or_else(|| record.text("publisherName"));
    let own = |text: Option<&str>| text.map(Str::from);
    let lower = |text: Option<&str>| text.map(|id| Str::from(id.to_ascii_lowercase()));
    let managed = azure
        || record.text("servicePrincipalType") == Some("ManagedIdentity")
        || resource.is_some();
    // What is in the directory's deleted items can be brought back for 30 days, and signs in nowhere meanwhile.
    let disabled = record.flag("isDisabled") == Some(true)
        || record.text("deletedDateTime").is_some()
        || record
            .text("disabledByMicrosoftStatus")
            .is_some_and(|s| s != "NotDisabled");
    Principal {
        sort,
        object: lower(object),
        app: lower(app),
        name: name.into(),
        enabled: if disabled {
            Some(false)
        } else {
            record.flag("accountEnabled")
        },
        created: record.time("createdDateTime"),
        tenant: lower(any("tenantId").filter(|_| azure)),
        owner_tenant: lower(record.text("appOwnerOrganizationId").filter(|id| guid(id))),
        publisher: own(publisher),
        domain: lower(record.text("publisherDomain")),
        managed,
        resource: own(resource),
        blueprint: lower(record.text("agentIdentityBlueprintId")),
        labels: labels(record, &evidence),
        // Those of managed identities are Azure's, which replaces them.
        keys: if managed {
            Vec::new()
        } else {
            credentials::of(record)
        },
        federated: objects(record.map, "federatedIdentityCredentials")
            .filter_map(|credential| federated(credential, &evidence))
            .collect(),
        requested: requested(record),
        roles: roles(record),
        owners: owners::list(record, "owners", &evidence),
        sponsors: owners::list(record, "sponsors", &evidence),
        told: record
            .texts("notificationEmailAddresses")
            .into_iter()
            .map(Str::from)
            .collect(),
        evidence,
    }
}

/// A federated identity credential, of the directory or of Resource Manager.
pub(super) fn federated(
    map: &serde_json::Map<String, serde_json::Value>,
    evidence: &Evidence,
) -> Option<Federated> {
    let properties = map
        .get("properties")
        .and_then(|p| p.as_object())
        .unwrap_or(map);
    let expression = properties.get("claimsMatchingExpression");
    let expression = expression
        .and_then(|e| e.as_object())
        .and_then(|e| text(e, "value"));
    Some(Federated {
        name: text(map, "name").unwrap_or("federated credential").into(),
        issuer: text(properties, "issuer")?.into(),
        subject: text(properties, "subject").map(Str::from),
        expression: expression.map(Str::from),
        audiences: texts(properties, "audiences")
            .into_iter()
            .map(Str::from)
            .collect(),
        evidence: evidence.clone(),
    })
}

fn requested(record: &Record<'_>) -> Vec<(Str, Str)> {
    let mut found = Vec::new();
    for api in record.objects("requiredResourceAccess") {
        let of = text(api, "resourceAppId").unwrap_or("*");
        for access in objects(api, "resourceAccess") {
            if text(access, "type") == Some("Role") {
                found.extend(
                    text(access, "id").map(|id| (of.to_ascii_lowercase().into(), id.into())),
                );
            }
        }
    }
    found
}

fn roles(record: &Record<'_>) -> BTreeMap<Str, Str> {
    let named = record.objects("appRoles").filter_map(|role| {
        let id = text(role, "id")?.to_ascii_lowercase();
        Some((id.into(), text(role, "value")?.into()))
    });
    named.collect()
}

/// What says of whom it is, what for, and by which record of other systems.
fn labels(record: &Record<'_>, evidence: &Evidence) -> Vec<Label> {
    let mut found = Vec::new();
    let mut add = |source: LabelSource, key: &str, value: &str| {
        if !key.is_empty() && value.len() <= MAX_VALUE {
            found.push(Label {
                source,
                key: key.into(),
                value: value.into(),
                evidence: evidence.clone(),
            });
        }
    };
    for key in ["notes", "description"] {
        // `Owner: payments` somewhere in a free text.
        if let Some((key, value)) = record.text(key).and_then(told) {
            add(LabelSource::Field, key, value);
        }
    }
    let key = "serviceManagementReference";
    if let Some(value) = record.text(key) {
        add(LabelSource::Field, key, value);
    }
    // The directory's tags are words; people write `team:payments` among them. Azure's are names with values.
    for tag in record.texts("tags") {
        if let Some((key, value)) = tag.split_once([':', '=']) {
            add(LabelSource::Tag, key.trim(), value.trim());
        }
    }
    for (key, value) in record.inside("tags").into_iter().flatten() {
        if let Some(value) = value.as_str() {
            add(LabelSource::Tag, key, value);
        }
    }
    // `customSecurityAttributes` are sets of attributes, which only some may read.
    for (_, set) in record
        .inside("customSecurityAttributes")
        .into_iter()
        .flatten()
    {
        for (key, value) in set.as_object().into_iter().flatten() {
            if let Some(value) = value.as_str().filter(|_| !key.starts_with('@')) {
                add(LabelSource::Tag, key, value);
            }
        }
    }
    found
}
