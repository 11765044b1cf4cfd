//! What Google Cloud records of service accounts: their descriptions, keys, and who holds which role.
//!
//! | export | shape |
//! |---|---|
//! | `gcloud iam service-accounts list --format=json` | list of `{name, email, displayName, description, disabled, uniqueId, oauth2ClientId, projectId}` (IAM reference, "ServiceAccount") |
//! | `gcloud iam service-accounts keys list --iam-account=… --format=json` | list of `{name: projects/P/serviceAccounts/E/keys/K, validAfterTime, validBeforeTime, keyType, keyOrigin, disabled}` ("ServiceAccountKey") |
//! | `gcloud asset search-all-iam-policies --format=json` | list of `{resource, project, policy: {bindings: [{role, members, condition}]}}` (Cloud Asset reference) |
//! | `gcloud projects get-iam-policy P --format=json` | `{bindings: [{role, members, condition}], etag, version}`; the project is in the path at most |
//!
//! Google keeps no owners of service accounts: people write them into the description, where labels are not allowed.

use super::Reader;
use super::aws_answer::Head;
use super::records::{self, Record, objects, text, texts};
use super::resource::told;
use crate::model::{
    Credential, CredentialId, CredentialLink, CredentialStatus, Document, Effect, Entitlement,
    EntitlementRole, Evidence, Facts, Humanity, Identity, IdentityId, IdentityKind, JoinForm,
    JoinKey, Label, LabelSource, Moment, Platform, Policy, PolicyId, PolicyKind, Presence, Probe,
    Problem, Rule, RuleBody, Scope, Str,
};
use serde_json::{Map, Value};

const NAME: &str = "google-cloud";
const LISTS: [&str; 4] = ["accounts", "keys", "results", "value"];

/// Reads exports of Google Cloud.
#[derive(Debug)]
pub struct GoogleCloud;

impl Reader for GoogleCloud {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let telling = [
            "uniqueId",
            "validAfterTime",
            "//cloudresourcemanager.",
            "\"bindings\"",
        ];
        Head::of(probe, &telling).is_some_and(|head| {
            head.together(&["email", "uniqueId", "projectId"], 3)
                || head.together(&["keyType", "validAfterTime", "name"], 3)
                || head.together(&["policy", "resource"], 3)
                    && head.together(&["role", "members"], 6)
                || head.together(&["bindings", "etag"], 2) && head.together(&["role", "members"], 4)
        })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let stop = records::each(document, NAME, &LISTS, &mut |record| {
            let evidence = record.at(document, NAME);
            let account = record.text("email").or_else(|| {
                let name = record.text("name")?;
                name.split_once("/serviceAccounts/").map(|(_, email)| email)
            });
            match account {
                Some(email) if record.has("uniqueId") => {
                    service_account(&mut facts, record, email, &evidence);
                }
                _ if record.has("validAfterTime") => key(&mut facts, record, &evidence),
                _ if record.has("policy") => {
                    if let Some(policy) = record.inside("policy") {
                        let resource = record.text("resource").unwrap_or("*");
                        bindings(&mut facts, policy, place(resource), &evidence);
                    }
                }
                _ if record.has("bindings") => {
                    let project = project_of(&document.origin.path);
                    let on = project.map(|project| format!("projects/{project}"));
                    let on = on.unwrap_or_else(|| "*".to_owned());
                    bindings(&mut facts, record.map, on, &evidence);
                }
                _ => {}
            }
        });
        facts.sources.push((NAME.into(), "*".into()));
        (facts, stop.into_iter().collect())
    }
}

/// An account that Google makes for a service, by the domain of its address (documentation, "Service account types").
fn made_by_google(email: &str) -> bool {
    let domain = email.split_once('@').map_or("", |(_, domain)| domain);
    domain.starts_with("gcp-sa-")
        || matches!(
            domain,
            "cloudservices.gserviceaccount.com"
                | "system.gserviceaccount.com"
                | "cloudbuild.gserviceaccount.com"
                | "container-engine-robot.iam.gserviceaccount.com"
                | "containerregistry.iam.gserviceaccount.com"
                | "compute-system.iam.gserviceaccount.com"
                | "gcf-admin-robot.iam.gserviceaccount.com"
                | "serverless-robot-prod.iam.gserviceaccount.com"
                | "dataflow-service-producer-prod.iam.gserviceaccount.com"
        )
}

fn service_account(facts: &mut Facts, record: &Record<'_>, email: &str, evidence: &Evidence) {
    let mut identity = account(email, record.text("projectId"));
    identity.presence.insert(Presence::Observed);
    identity.humanity = (
        Humanity::NonHuman,
        "a service account of Google Cloud".into(),
    );
    identity.enabled = match record.flag("disabled") {
        Some(disabled) => Some(!disabled),
        None => Some(true),
    };
    let ids = [record.text("uniqueId"), record.text("oauth2ClientId")];
    identity
        .aliases
        .extend(ids.into_iter().flatten().map(Str::from));
    let address = JoinKey::new(JoinForm::ServiceAccount, "gcp", email);
    identity.aliases.insert(address.alias());
    for key in ["description", "displayName"] {
        identity
            .labels
            .extend(record.text(key).and_then(told).map(|(key, value)| Label {
                source: LabelSource::Field,
                key: key.into(),
                value: value.into(),
                evidence: evidence.clone(),
            }));
    }
    if made_by_google(email) {
        identity.provider_managed = Some("made by Google for a service".into());
    }
    identity.evidence.insert(evidence.clone());
    facts.identities.push(identity);
}

fn account(email: &str, project: Option<&str>) -> Identity {
    let email = email.to_ascii_lowercase();
    let (name, domain) = email.split_once('@').unwrap_or((&email, ""));
    let own = domain.strip_suffix(".iam.gserviceaccount.com");
    let mut identity = Identity::new(
        format!("gcp:{email}").into(),
        Platform::Gcp,
        IdentityKind::GcpServiceAccount,
        name,
    );
    identity.account = project.or(own).map(Str::from);
    identity
}

fn key(facts: &mut Facts, record: &Record<'_>, evidence: &Evidence) {
    // Google keeps and rotates those of its own; nobody holds them.
    if record.text("keyType") == Some("SYSTEM_MANAGED") {
        return;
    }
    let name = record.text("name").unwrap_or_default();
    let Some((of, id)) = name.rsplit_once("/keys/") else {
        return;
    };
    let email = of.rsplit('/').next().unwrap_or(of);
    let project = of.split('/').nth(1).filter(|project| *project != "-");
    let mut holder = account(email, project);
    holder.presence.insert(Presence::Referenced);
    holder.evidence.insert(evidence.clone());
    let mut key = Credential::new(
        CredentialId::from(format!("gcp:service-account-key:{id}")),
        "gcp-service-account-key",
        "gcp",
        "Google Cloud service account key",
    );
    key.account = holder.account.clone();
    key.display = Some(id.into());
    key.status = match record.flag("disabled") {
        Some(true) => CredentialStatus::Inactive,
        _ => CredentialStatus::Active,
    };
    key.created = record.time("validAfterTime");
    key.expires = match record.text("validBeforeTime") {
        // What Google writes for keys without an end.
        Some(text) if text.starts_with("9999-") => Moment::Never,
        _ => record
            .time("validBeforeTime")
            .map_or(Moment::Unknown, Moment::At),
    };
    key.records.insert(evidence.clone());
    key.join_keys
        .insert(JoinKey::new(JoinForm::CredentialId, "gcp", id));
    key.links.insert(CredentialLink {
        identity: holder.id.clone(),
        basis: "the listing of keys names the service account".into(),
        evidence: evidence.clone(),
    });
    facts.identities.push(holder);
    facts.credentials.push(key);
}

/// `projects/acme` of `//cloudresourcemanager.googleapis.com/projects/acme`, `serviceAccounts/<email>` of an account.
fn place(resource: &str) -> String {
    if let Some((_, email)) = resource.rsplit_once("/serviceAccounts/") {
        return format!("serviceAccounts/{email}");
    }
    let rest = resource.trim_start_matches("//");
    rest.split_once('/')
        .map_or(rest, |(_, path)| path)
        .to_owned()
}

/// The project in `projects/acme/iam-policy.json` or `acme-iam-policy.json`.
fn project_of(path: &str) -> Option<&str> {
    let (folders, file) = path.rsplit_once('/').unwrap_or(("", path));
    let named = ["-iam-policy.json", ".iam-policy.json", "_iam_policy.json"];
    let of_file = named.iter().find_map(|ending| file.strip_suffix(ending));
    let of_folder = folders
        .rsplit_once("projects/")
        .map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    of_file.or(of_folder).filter(|project| !project.is_empty())
}

/// Service accounts' roles. People, groups and what is let in from outside are not an inventory of machines; who may
/// act as a service account is told by whoever declares it.
fn bindings(facts: &mut Facts, policy: &Map<String, Value>, on: String, evidence: &Evidence) {
    for binding in objects(policy, "bindings") {
        let Some(role) = text(binding, "role") else {
            continue;
        };
        let condition = binding.get("condition").and_then(Value::as_object);
        let members = texts(binding, "members");
        let mut accounts = members
            .iter()
            .filter_map(|member| member.strip_prefix("serviceAccount:"))
            .filter(|email| !email.ends_with(']') && email.contains('@'))
            .peekable();
        if accounts.peek().is_none() {
            continue;
        }
        let id = PolicyId::from(format!("gcp:role/{role}"));
        let mut named = Policy::new(id.clone(), Platform::Gcp, PolicyKind::Named, role);
        named.rules.insert(Rule {
            effect: Effect::Allow,
            body: RuleBody::Named(role.into()),
            label: role.into(),
            evidence: evidence.clone(),
        });
        facts.policies.push(named);
        for email in accounts {
            let mut holder = account(email, None);
            holder.presence.insert(Presence::Referenced);
            if made_by_google(email) {
                holder.provider_managed = Some("made by Google for a service".into());
            }
            holder.evidence.insert(evidence.clone());
            let via = match condition.map(|condition| text(condition, "title")) {
                Some(title) => format!(
                    "IAM policy of {on} (condition {})",
                    title.unwrap_or("of the binding")
                ),
                None => format!("IAM policy of {on}"),
            };
            facts.entitlements.push(Entitlement {
                principal: IdentityId(holder.id.0.clone()),
                policy: id.clone(),
                scope: Scope::Resource(format!("gcp:{on}").into()),
                role: match condition {
                    Some(_) => EntitlementRole::Conditional,
                    None => EntitlementRole::Grant,
                },
                via: via.into(),
                evidence: evidence.clone(),
            });
            facts.identities.push(holder);
        }
    }
}
