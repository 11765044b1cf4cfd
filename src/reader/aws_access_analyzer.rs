//! Findings of IAM Access Analyzer: access from outside and from inside, and access that is not used
//! (`aws accessanalyzer list-findings`, `list-findings-v2`, `get-finding`, `get-finding-v2`).

use super::Reader;
use super::aws_answer::{Head, Keep, Place, Reading, text, time};
use crate::model::{
    AnalyzerFinding, Credential, CredentialId, CredentialLink, Document, Facts, Granularity,
    IdentityId, Moment, Probe, Problem, Str, Timestamp, Usage, UsageWindow,
};
use crate::platform::aws::arn::Arn;
use serde_json::{Map, Value};

const NAME: &str = "aws-access-analyzer";

const KEEP: Keep = Keep {
    keys: &[
        "accessKeyId",
        "action",
        "actions",
        "analyzedAt",
        "externalAccessDetails",
        "findingDetails",
        "findingType",
        "findings",
        "id",
        "internalAccessDetails",
        "isPublic",
        "lastAccessed",
        "resource",
        "resourceOwnerAccount",
        "resourceType",
        "serviceNamespace",
        "status",
        "unusedAccessAge",
        "unusedIamRoleDetails",
        "unusedIamUserAccessKeyDetails",
        "unusedIamUserPasswordDetails",
        "unusedPermissionDetails",
        "updatedAt",
    ],
    whole: &["condition", "principal"],
};

/// Members that every finding has, of either version.
const EVERY: [&str; 5] = [
    "id",
    "resourceType",
    "resourceOwnerAccount",
    "status",
    "analyzedAt",
];

/// Reads findings of Access Analyzer.
pub struct AwsAccessAnalyzer;

impl Reader for AwsAccessAnalyzer {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        Head::of(probe, &["\"resourceOwnerAccount\""]).is_some_and(|head| head.together(&EVERY, 6))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading::new(document, NAME);
        reading.walk(&KEEP, &mut |reading, place| {
            let whole = EVERY.iter().all(|key| place.has(key));
            let part = place.has("resourceOwnerAccount") && place.has("status");
            if whole {
                finding(reading, place);
            } else if part {
                reading.malformed(place.pointer, "not a whole finding; left out");
            }
            whole || part
        });
        reading.done()
    }
}

fn finding(reading: &mut Reading<'_>, place: &Place<'_>) {
    let map = place.map;
    // What is shared with nobody in particular has no name; its id stands for it.
    let Some(id) = place.text("id") else {
        return reading.malformed(place.pointer, "a finding without an id; left out");
    };
    let resource = place.text("resource").unwrap_or_default();
    let updated = time(map, "analyzedAt").max(time(map, "updatedAt"));
    let base = AnalyzerFinding {
        id: id.into(),
        kind: place.text("findingType").unwrap_or("ExternalAccess").into(),
        resource: resource.into(),
        resource_type: place.text("resourceType").map(Str::from),
        status: place.text("status").map(Str::from),
        principals: Vec::new(),
        actions: Vec::new(),
        service: None,
        access_key: None,
        condition: None,
        public: None,
        last_used: None,
        updated,
        evidence: reading.at(place.pointer),
    };
    let details = place.list("findingDetails");
    if details.is_empty() {
        let found = access(base, map);
        reading.facts.analyzer_findings.push(found);
        return;
    }
    for (detail, pointer) in details {
        for (kind, body) in detail {
            let Some(body) = body.as_object() else {
                continue;
            };
            let mut found = AnalyzerFinding {
                evidence: reading.at(&format!("{pointer}/{kind}")),
                ..base.clone()
            };
            found.last_used = time(body, "lastAccessed");
            found.kind = match kind.as_str() {
                "externalAccessDetails" | "internalAccessDetails" => {
                    let kind = match kind.as_str() {
                        "internalAccessDetails" => "InternalAccess",
                        _ => "ExternalAccess",
                    };
                    found = access(found, body);
                    kind.into()
                }
                "unusedPermissionDetails" => {
                    found.service = text(body, "serviceNamespace").map(Str::from);
                    found.actions = unused(reading, place, &found, body);
                    "UnusedPermission".into()
                }
                "unusedIamUserAccessKeyDetails" => {
                    found.access_key = text(body, "accessKeyId").map(Str::from);
                    key(reading, &found);
                    "UnusedIAMUserAccessKey".into()
                }
                "unusedIamRoleDetails" => "UnusedIAMRole".into(),
                "unusedIamUserPasswordDetails" => "UnusedIAMUserPassword".into(),
                _ => continue,
            };
            reading.facts.analyzer_findings.push(found);
        }
    }
}

/// A key that is not used, with its user and its last use, where there was one.
fn key(reading: &mut Reading<'_>, found: &AnalyzerFinding) {
    let plausible =
        |id: &&Str| (16..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    let user = Arn::parse(&found.resource).filter(|arn| arn.kind() == "user");
    let (Some(id), Some(user)) = (found.access_key.as_ref().filter(plausible), user) else {
        return;
    };
    let id_of = CredentialId::from(format!("aws:access-key:{id}"));
    let mut key = Credential::new(id_of, "aws-access-key", "aws", "AWS access key");
    key.display = Some(id.clone());
    key.account = user.customer().map(Str::from);
    key.expires = Moment::Never;
    key.last_used = found.last_used.map_or(Moment::Unknown, Moment::At);
    key.records.insert(found.evidence.clone());
    key.links.insert(CredentialLink {
        identity: found.resource.clone().into(),
        basis: "the analyser's finding names the user".into(),
        evidence: found.evidence.clone(),
    });
    reading.facts.credentials.push(key);
}

/// Who is let in, to do what, under which conditions.
fn access(mut found: AnalyzerFinding, map: &Map<String, Value>) -> AnalyzerFinding {
    let principal = map.get("principal").and_then(Value::as_object);
    let mut principals: Vec<Str> = principal
        .into_iter()
        .flatten()
        .filter_map(|(kind, value)| Some(format!("{kind}:{}", value.as_str()?).into()))
        .collect();
    principals.sort();
    found.principals = principals;
    let actions = map.get("action").and_then(Value::as_array);
    let mut actions: Vec<Str> = actions
        .into_iter()
        .flatten()
        .filter_map(|action| action.as_str().map(Str::from))
        .collect();
    actions.sort();
    found.actions = actions;
    // A map of names to texts: serialised with sorted keys, it is canonical.
    found.condition = map
        .get("condition")
        .filter(|c| c.as_object().is_some_and(|c| !c.is_empty()))
        .map(|condition| sorted(condition).into());
    found.public = map.get("isPublic").and_then(Value::as_bool);
    found
}

fn sorted(value: &Value) -> String {
    let mut entries: Vec<(String, String)> = value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (Value::from(key.as_str()).to_string(), value.to_string()))
        .collect();
    entries.sort();
    let entries: Vec<String> = entries
        .into_iter()
        .map(|(k, v)| format!("{k}:{v}"))
        .collect();
    format!("{{{}}}", entries.join(","))
}

/// What an identity was not seen to use, as records of use. The analyser's window ends when it looked; where
/// it begins is a setting of the analyser, which only a wrapper tells (`unusedAccessAge`, in days).
fn unused(
    reading: &mut Reading<'_>,
    place: &Place<'_>,
    found: &AnalyzerFinding,
    body: &Map<String, Value>,
) -> Vec<Str> {
    let mut names = Vec::new();
    let arn = Arn::parse(&found.resource).filter(|arn| arn.service == "iam");
    let Some(service) = found.service.as_deref().map(str::to_ascii_lowercase) else {
        reading.malformed(
            place.pointer,
            "unused permissions without their service; left out",
        );
        return names;
    };
    let identity = IdentityId::from(&*found.resource);
    let mut granularity = Granularity::Service;
    let actions = body.get("actions").and_then(Value::as_array);
    for action in actions.into_iter().flatten().filter_map(Value::as_object) {
        let Some(name) = text(action, "action") else {
            continue;
        };
        granularity = Granularity::Action;
        names.push(name.into());
        let name = name.split_once(':').map_or(name, |(_, name)| name);
        reading.facts.usage.push(Usage {
            identity: identity.clone(),
            service: service.as_str().into(),
            action: Some(name.into()),
            last: last(action),
            evidence: found.evidence.clone(),
        });
    }
    // With actions named, the service as a whole may well be used.
    if names.is_empty() {
        reading.facts.usage.push(Usage {
            identity: identity.clone(),
            service: service.as_str().into(),
            action: None,
            last: last(body),
            evidence: found.evidence.clone(),
        });
    }
    let age = place
        .around
        .iter()
        .rev()
        .find_map(|map| map.get("unusedAccessAge")?.as_i64());
    let until = found.updated;
    let from = age.zip(until).map(|(days, until)| {
        let back = days.clamp(0, 3650) * Timestamp::DAY;
        Timestamp::from_seconds(until.seconds().saturating_sub(back))
    });
    if arn.is_some() {
        reading.facts.usage_windows.push(UsageWindow {
            identity,
            from,
            until,
            granularity,
            evidence: found.evidence.clone(),
        });
    }
    names.sort();
    names
}

fn last(map: &Map<String, Value>) -> Moment {
    match (map.get("lastAccessed"), time(map, "lastAccessed")) {
        (_, Some(time)) => Moment::At(time),
        (None | Some(Value::Null), None) => Moment::Never,
        (Some(_), None) => Moment::Unknown,
    }
}
