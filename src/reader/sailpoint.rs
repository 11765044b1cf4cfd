//! What SailPoint's identity governance records of machine identities and machine accounts: who owns them.
//!
//! | export | shape (models of SailPoint's SDK) |
//! |---|---|
//! | `GET /v2024/machine-identities` and later | list of `MachineIdentityResponse`: `id, name, nativeIdentity, subtype, sourceId, source, owners.{primaryIdentity,secondaryIdentities}`; later versions `owners.{primary,secondary}`, `environment`, `existsOnSource` |
//! | `GET /v2024/machine-accounts` and later | list of `MachineAccount`: `id, name, nativeIdentity, ownerIdentity, machineIdentity, subtype, environment, enabled, locked, lastUsedAt, source` |
//! | `GET /v3/public-identities`, `/v2024/identities` | list of `PublicIdentity`, `Identity`: `id, name, alias, email` or `emailAddress`, `identityState` or `identityStatus`: the people whom the ids of owners mean |
//!
//! `nativeIdentity` is what the source calls the account: by it, it becomes the identity that the source's own export
//! lists. An ARN of IAM is one already.

use super::Reader;
use super::aws_answer::Head;
use super::records::{self, Record, flag, guid, text, texts};
use crate::model::{
    Attribution, Document, Evidence, Facts, Humanity, Identity, IdentityId, IdentityKind, Label,
    LabelSource, Method, Moment, Owner, Person, Platform, Presence, Probe, Problem, Str, SubjectId,
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const NAME: &str = "sailpoint";
const LISTS: [&str; 3] = ["value", "items", "data"];
/// Where the tool says whether a person is there, and their address.
const STATES: [&str; 2] = ["identityState", "identityStatus"];
const ADDRESSES: [&str; 2] = ["email", "emailAddress"];

/// Reads exports of SailPoint.
#[derive(Debug)]
pub struct SailPoint;

impl Reader for SailPoint {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let telling = ["nativeIdentity", "identityState", "identityStatus"];
        Head::of(probe, &telling).is_some_and(|head| {
            let person = |keys: &[&str]| head.together(keys, 3);
            person(&["identityState", "alias", "email"])
                || person(&["identityStatus", "alias", "emailAddress"])
                || [
                    "owners",
                    "ownerIdentity",
                    "machineIdentity",
                    "classificationMethod",
                    "manuallyCreated",
                ]
                .iter()
                .any(|beside| head.together(&["nativeIdentity", beside], 3))
        })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let stop = records::each(document, NAME, &LISTS, &mut |found| {
            record(&mut facts, found, &found.at(document, NAME));
        });
        facts.sources.push((NAME.into(), "*".into()));
        (facts, stop.into_iter().collect())
    }
}

fn record(facts: &mut Facts, record: &Record<'_>, evidence: &Evidence) {
    let account = record.has("ownerIdentity")
        || record.has("machineIdentity")
        || record.has("classificationMethod");
    let Some(native) = record.text("nativeIdentity") else {
        if record.first(&STATES).is_some() && record.first(&ADDRESSES).is_some() {
            facts.people.extend(listed(record, evidence));
        }
        return;
    };
    // Accounts of people have a native identity as well.
    if !account && !record.has("owners") && !record.has("subtype") {
        return;
    }
    let source = record
        .inside("source")
        .and_then(|source| text(source, "id"));
    let source = source.or(record.text("sourceId")).unwrap_or("source");
    let name = record.text("name").unwrap_or(native);
    let mut identity = match of_iam(native) {
        Some(kind) => {
            let mut identity = Identity::new(native.into(), Platform::Aws, kind, last(native));
            identity.account = native.split(':').nth(4).map(Str::from);
            // The governance tool saw it in its source; the account's own export decides what it is.
            identity.presence.insert(Presence::Referenced);
            identity
        }
        None => {
            let id = IdentityId::from(format!("sailpoint:{source}/{native}"));
            let kind = IdentityKind::ServiceAccount;
            let mut identity = Identity::new(id, Platform::Other, kind, name);
            identity.presence.insert(Presence::Observed);
            let lower = guid(native).then(|| Str::from(native.to_ascii_lowercase()));
            identity
                .aliases
                .extend(lower.into_iter().chain([Str::from(native)]));
            identity.aliases.extend(record.text("uuid").map(Str::from));
            identity
        }
    };
    let what = match account {
        true => "SailPoint classifies it as a machine account",
        false => "SailPoint lists it as a machine identity",
    };
    identity.humanity = (Humanity::NonHuman, what.into());
    identity.enabled = record.flag("enabled");
    if record.flag("locked") == Some(true) {
        identity.traits.insert("locked".into());
    }
    // `created` is when the tool took it in, not when it was made.
    identity.last_used = record
        .time("lastUsedAt")
        .map_or(Moment::Unknown, Moment::At);
    for (key, value) in [
        ("environment", record.text("environment")),
        ("subtype", record.text("subtype")),
        (
            "source",
            record
                .inside("source")
                .and_then(|source| text(source, "name")),
        ),
    ] {
        identity.labels.extend(value.map(|value| Label {
            source: LabelSource::Field,
            key: key.into(),
            value: value.into(),
            evidence: evidence.clone(),
        }));
    }
    owned(facts, record, &mut identity, evidence);
    identity.evidence.insert(evidence.clone());
    facts.identities.push(identity);
}

fn owned(facts: &mut Facts, record: &Record<'_>, identity: &mut Identity, evidence: &Evidence) {
    let owners = record.inside("owners");
    let of_owners = [
        "primaryIdentity",
        "primary",
        "secondaryIdentities",
        "secondary",
    ];
    let named = of_owners.into_iter().flat_map(|key| {
        let lists = owners.into_iter();
        lists.flat_map(move |owners| records::objects(owners, key))
    });
    let account = record.objects("ownerIdentity");
    let mut any = false;
    for reference in named.chain(account) {
        let Some((owner, raw)) = owner(reference) else {
            continue;
        };
        any = true;
        facts.attributions.push(Attribution {
            rank: 0,
            why: None,
            method: Method::Provider,
            subject: SubjectId::Identity(identity.id.clone()),
            owner,
            raw,
            as_of: None,
            evidence: evidence.clone(),
        });
        facts.people.extend(person(reference, evidence));
    }
    if owners.is_some() || record.has("owners") || record.has("ownerIdentity") {
        identity.traits.insert("owners-listed".into());
        if !any {
            identity.traits.insert("no-owner-recorded".into());
        }
    }
}

/// A reference to an identity of the tool: `{type: IDENTITY, id, name}`; governance groups own as well.
fn owner(reference: &Map<String, Value>) -> Option<(Owner, Str)> {
    let name = text(reference, "name");
    if text(reference, "type").is_some_and(|kind| kind.ends_with("GROUP")) {
        let name = name.or(text(reference, "id"))?;
        return match Owner::parse(&format!("team:{name}")) {
            Some(Owner::Team(team)) => Some((Owner::Team(team), name.into())),
            _ => None,
        };
    }
    let addresses = texts(reference, "email");
    let mail = addresses
        .first()
        .copied()
        .or(name.filter(|name| name.contains('@')));
    if let Some(mail) = mail {
        return Some((Owner::parse(mail)?, mail.into()));
    }
    let id = text(reference, "id").or(name)?;
    Some((Owner::User(id.to_lowercase().into()), id.into()))
}

/// What else the tool calls the owner.
fn person(reference: &Map<String, Value>, evidence: &Evidence) -> Option<Person> {
    let kind = text(reference, "type");
    if kind.is_some_and(|kind| kind != "IDENTITY") {
        return None;
    }
    // Two people may have one display name; an address in its place means one.
    let name = text(reference, "name");
    let (mail, display): (Option<&str>, Option<&str>) = match name {
        Some(name) if name.contains('@') => (Some(name), None),
        name => (None, name),
    };
    let names = ["id", "email"]
        .iter()
        .filter_map(|key| text(reference, key))
        .chain(mail);
    let names: BTreeSet<Str> = names.map(|name| Str::from(name.to_lowercase())).collect();
    (!names.is_empty() && names.len() + usize::from(display.is_some()) > 1).then(|| Person {
        names,
        display: display.map(Str::from).into_iter().collect(),
        active: flag(reference, "active"),
        ..Person::new(evidence.clone())
    })
}

/// A person as the tool lists them: `GET /v3/public-identities`, `/identities`. Its owners are ids of these.
fn listed(record: &Record<'_>, evidence: &Evidence) -> Option<Person> {
    let mail = record
        .first(&ADDRESSES)
        .filter(|mail| mail.contains('@'))
        .map(str::to_lowercase);
    let names = ["id", "alias"].iter().filter_map(|key| record.text(key));
    let names = names.map(str::to_lowercase).chain(mail.clone());
    let status = record.first(&STATES).or(record.text("status"));
    Some(Person {
        names: names.map(Str::from).collect(),
        display: record.text("name").map(Str::from).into_iter().collect(),
        mail: mail.map(Str::from),
        // `ACTIVE`, `INACTIVE_SHORT_TERM`, `INACTIVE_LONG_TERM`; a status of its own may have any other name.
        active: status.and_then(|status| match status.to_ascii_lowercase() {
            status if status == "active" => Some(true),
            status if status.starts_with("inactive") => Some(false),
            _ => None,
        }),
        ..Person::new(evidence.clone())
    })
    .filter(|person| person.names.len() > 1)
}

/// What sort of principal of IAM an ARN names.
fn of_iam(native: &str) -> Option<IdentityKind> {
    let resource = native
        .strip_prefix("arn:aws")
        .and_then(|rest| rest.split(':').nth(4))?;
    match resource.split('/').next()? {
        "user" => Some(IdentityKind::AwsUser),
        "role" => Some(IdentityKind::AwsRole),
        _ => None,
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
