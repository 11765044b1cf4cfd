//! What identities used of what they may do (`aws iam get-service-last-accessed-details`, the same
//! `-with-entities`, and `get-organizations-access-report`).
//!
//! The answer does not name whom it is about. That is said by a wrapper (`Arn`), by the entity that each
//! service was last used by, if they agree, or by the file's name, which the join holds against the
//! identities that there are. Nothing is guessed: an answer that stays nameless is a problem.

use super::Reader;
use super::aws_answer::{Head, Keep, Place, Reading, text, time};
use crate::model::{
    Document, Facts, Granularity, IdentityId, Moment, Probe, Problem, ProblemKind, Str, Timestamp,
    Usage, UsageWindow,
};
use crate::platform::aws::arn::{Arn, is_account};
use crate::platform::aws::hint;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const NAME: &str = "aws-last-accessed";

/// How many days IAM looks back (IAM user guide, "Refine permissions using last accessed information").
const TRACKED_DAYS: i64 = 400;

const KEEP: Keep = Keep {
    keys: &[
        "AccessDetails",
        "ActionName",
        "Arn",
        "ARN",
        "arn",
        "Entity",
        "EntityArn",
        "EntityDetailsList",
        "EntityInfo",
        "EntityPath",
        "Identity",
        "IdentityArn",
        "IsTruncated",
        "JobCompletionDate",
        "JobCreationDate",
        "JobStatus",
        "JobType",
        "LastAccessedTime",
        "LastAuthenticated",
        "LastAuthenticatedEntity",
        "LastAuthenticatedTime",
        "NumberOfServicesNotAccessed",
        "Principal",
        "PrincipalArn",
        "ResourceArn",
        "RoleArn",
        "RoleName",
        "ServiceNamespace",
        "ServicesLastAccessed",
        "TotalAuthenticatedEntities",
        "TrackedActionsLastAccessed",
        "UserArn",
        "UserName",
    ],
    whole: &[],
};

/// Members of wrappers that name the identity.
const NAMES: [&str; 12] = [
    "Arn",
    "ARN",
    "arn",
    "ResourceArn",
    "EntityArn",
    "PrincipalArn",
    "IdentityArn",
    "RoleArn",
    "UserArn",
    "Principal",
    "Entity",
    "Identity",
];

/// Reads service-last-accessed answers.
pub struct AwsLastAccessed;

impl Reader for AwsLastAccessed {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let telling = [
            "\"JobStatus\"",
            "\"ServicesLastAccessed\"",
            "\"AccessDetails\"",
            "\"EntityDetailsList\"",
        ];
        Head::of(probe, &telling).is_some_and(|head| {
            head.together(&["JobStatus", "JobCreationDate"], 4)
                || head.together(&["ServicesLastAccessed"], 4)
                || head.under(Some(&["ServicesLastAccessed"]), &["ServiceNamespace"], 7)
                || head.under(
                    Some(&["AccessDetails"]),
                    &["ServiceName", "ServiceNamespace"],
                    7,
                )
                || head.under(Some(&["EntityDetailsList"]), &["EntityInfo"], 7)
        })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading::new(document, NAME);
        let mut nameless = Vec::new();
        let mut more = false;
        reading.walk(&KEEP, &mut |reading, place| {
            let services = place.has("ServicesLastAccessed");
            let organisation = place.has("AccessDetails");
            let entities = place.has("EntityDetailsList");
            let job = place.has("JobStatus") && place.has("JobCreationDate");
            if !(services || organisation || entities || job) {
                return false;
            }
            more = place.map.get("IsTruncated") == Some(&Value::Bool(true));
            match place.text("JobStatus") {
                Some("FAILED") => {
                    note(
                        reading,
                        place,
                        "the job failed; it says nothing of what was used",
                    );
                    return true;
                }
                Some("IN_PROGRESS") => {
                    note(
                        reading,
                        place,
                        "the job was not done when this was fetched; fetch it again",
                    );
                    return true;
                }
                _ => {}
            }
            if services {
                answer(reading, place, &mut nameless);
            } else if organisation {
                organisation_report(reading, place);
            } else if entities {
                with_entities(reading, place);
            }
            true
        });
        bind(&mut reading, nameless);
        if more && reading.problems.is_empty() {
            let message = "the answer says that more pages exist after its last one (IsTruncated)";
            reading.problem(ProblemKind::Note, message);
        }
        reading.done()
    }
}

fn note(reading: &mut Reading<'_>, place: &Place<'_>, message: &str) {
    let at = if place.pointer.is_empty() {
        "/"
    } else {
        place.pointer
    };
    reading.problem(ProblemKind::Note, format!("{at}: {message}"));
}

/// An answer of which neither it nor what is around it says whom it is about.
struct Nameless {
    pointer: String,
    /// When its job began: pages of one job have the same.
    job: Option<Timestamp>,
    /// Who used the services.
    entities: BTreeSet<Str>,
    /// Whether somebody else did, too: it is about a policy or a group.
    shared: bool,
    facts: Facts,
}

fn answer(reading: &mut Reading<'_>, place: &Place<'_>, nameless: &mut Vec<Nameless>) {
    let mut facts = Facts::default();
    // Filled in below, when it is known.
    let nobody = IdentityId::from("");
    let until = time(place.map, "JobCompletionDate").or_else(|| time(place.map, "JobCreationDate"));
    let mut granularity = match place.text("JobType") {
        Some("ACTION_LEVEL") => Granularity::Action,
        _ => Granularity::Service,
    };
    let mut entities = BTreeSet::new();
    let mut shared = false;
    for (service, pointer) in place.list("ServicesLastAccessed") {
        let Some(namespace) = text(service, "ServiceNamespace").filter(|n| is_service(n)) else {
            reading.malformed(&pointer, "a service without its namespace; left out");
            continue;
        };
        let namespace: Str = namespace.to_ascii_lowercase().into();
        let evidence = reading.at(&pointer);
        let total = service
            .get("TotalAuthenticatedEntities")
            .and_then(Value::as_u64);
        shared |= total.is_some_and(|total| total > 1);
        entities.extend(text(service, "LastAuthenticatedEntity").map(Str::from));
        let last = moment(service, "LastAuthenticated", reading, &pointer);
        let mut newest = last;
        let actions = service
            .get("TrackedActionsLastAccessed")
            .and_then(Value::as_array);
        for action in actions.into_iter().flatten().filter_map(Value::as_object) {
            let Some(name) = text(action, "ActionName").filter(|n| is_action(n)) else {
                reading.malformed(&pointer, "an action without its name; left out");
                continue;
            };
            granularity = Granularity::Action;
            // Some exports write the service before it.
            let name = name.split_once(':').map_or(name, |(_, name)| name);
            let last = moment(action, "LastAccessedTime", reading, &pointer);
            newest.merge(last);
            facts.usage.push(Usage {
                identity: nobody.clone(),
                service: namespace.clone(),
                action: Some(name.into()),
                last,
                evidence: evidence.clone(),
            });
        }
        facts.usage.push(Usage {
            identity: nobody.clone(),
            service: namespace,
            action: None,
            last: newest,
            evidence,
        });
    }
    facts
        .usage_windows
        .push(window(nobody, until, granularity, reading, place.pointer));
    match said(place) {
        Some(identity) => claim(reading, facts, &identity),
        None => nameless.push(Nameless {
            pointer: place.pointer.to_owned(),
            job: time(place.map, "JobCreationDate").or(until),
            entities,
            shared,
            facts,
        }),
    }
}

fn window(
    identity: IdentityId,
    until: Option<Timestamp>,
    granularity: Granularity,
    reading: &Reading<'_>,
    pointer: &str,
) -> UsageWindow {
    let back = TRACKED_DAYS * Timestamp::DAY;
    UsageWindow {
        identity,
        from: until.map(|t| Timestamp::from_seconds(t.seconds().saturating_sub(back))),
        until,
        granularity,
        evidence: reading.at(pointer),
    }
}

/// No date means that the service was not used in the window.
fn moment(map: &Map<String, Value>, key: &str, reading: &mut Reading<'_>, pointer: &str) -> Moment {
    match (map.get(key), time(map, key)) {
        (_, Some(time)) => Moment::At(time),
        (None | Some(Value::Null), None) => Moment::Never,
        (Some(_), None) => {
            reading.malformed(pointer, "a date that cannot be read; it counts as unknown");
            Moment::Unknown
        }
    }
}

fn claim(reading: &mut Reading<'_>, mut facts: Facts, identity: &IdentityId) {
    for usage in &mut facts.usage {
        usage.identity = identity.clone();
    }
    for window in &mut facts.usage_windows {
        window.identity = identity.clone();
    }
    if let Some(account) = Arn::parse(&identity.0).and_then(|arn| arn.customer()) {
        reading.facts.sources.push((NAME.into(), account.into()));
    }
    reading.facts.append(facts);
}

/// Whom the wrapper says that the answer is about: an ARN of IAM, or a name.
fn said(place: &Place<'_>) -> Option<IdentityId> {
    let iam = |text: &&str| Arn::parse(text).is_some_and(|arn| arn.service == "iam");
    let named = NAMES.iter().find_map(|key| place.named(&[key]).filter(iam));
    let keyed = place.keys.iter().rev().copied().find(|key| iam(key));
    if let Some(arn) = named.or(keyed) {
        return Some(arn.into());
    }
    let role = place
        .named(&["RoleName"])
        .map(|name| format!("role/{name}"));
    let user = || {
        place
            .named(&["UserName"])
            .map(|name| format!("user/{name}"))
    };
    let hint = role.or_else(user)?;
    Some(hint::provisional(&hint, "").into())
}

/// Finds who the answers are about that nothing around them names.
fn bind(reading: &mut Reading<'_>, nameless: Vec<Nameless>) {
    let jobs: BTreeSet<_> = nameless.iter().map(|n| n.job).collect();
    let path = reading.document.origin.path.clone();
    let stem = hint::stem(&path);
    for answer in nameless {
        let Nameless {
            pointer,
            entities,
            shared,
            facts,
            ..
        } = answer;
        // Groups and policies are used by others, who then stand as entities.
        let others = shared || hint::speaks_of(stem, &["group", "policy", "policies", "groups"]);
        let entity = match (entities.first(), entities.len()) {
            (Some(one), 1) if !others && Arn::parse(one).is_some() => Some(one.clone()),
            _ => None,
        };
        match entity {
            Some(entity) => claim(reading, facts, &IdentityId(entity)),
            // A file's name tells of one job only.
            None if jobs.len() == 1 && !others && !stem.is_empty() && &*path != "-" => {
                let parents = path.rsplit_once('/').map_or("", |(parents, _)| parents);
                let id = hint::provisional(stem, parents);
                claim(reading, facts, &id.into());
            }
            None => reading.malformed(
                &pointer,
                "the answer does not name whom it is about; add a member `Arn`, or name the file after the identity",
            ),
        }
    }
}

/// The organisation's form: which services were used in an account or a unit. It tells of accounts.
fn organisation_report(reading: &mut Reading<'_>, place: &Place<'_>) {
    let until = time(place.map, "JobCompletionDate").or_else(|| time(place.map, "JobCreationDate"));
    let account = |path: &str| {
        let last = path.trim_end_matches('/').rsplit('/').next()?;
        is_account(last).then(|| last.to_owned())
    };
    let stem = hint::stem(&reading.document.origin.path);
    let digits = stem
        .split(|c: char| !c.is_ascii_digit())
        .find(|part| is_account(part));
    let asked = place
        .named(&["EntityPath"])
        .and_then(account)
        .or_else(|| digits.map(str::to_owned));
    let services = place.list("AccessDetails");
    // Without being told, the account is known if all that was used was used there.
    let used: BTreeSet<String> = services
        .iter()
        .filter_map(|(service, _)| account(text(service, "EntityPath")?))
        .collect();
    let shared = services.iter().any(|(service, _)| {
        let total = service
            .get("TotalAuthenticatedEntities")
            .and_then(Value::as_u64);
        total.is_some_and(|total| total > 1)
    });
    let account = match (asked, used.first(), used.len()) {
        (Some(account), ..) => account,
        (None, Some(only), 1) if !shared => only.clone(),
        _ => {
            let message = "the answer does not name the account it is about; add a member `EntityPath`, or name the file after the account";
            return reading.malformed(place.pointer, message);
        }
    };
    let identity = IdentityId::from(format!("aws:account:{account}"));
    for (service, pointer) in services {
        let Some(namespace) = text(service, "ServiceNamespace").filter(|n| is_service(n)) else {
            reading.malformed(&pointer, "a service without its namespace; left out");
            continue;
        };
        let last = moment(service, "LastAuthenticatedTime", reading, &pointer);
        let evidence = reading.at(&pointer);
        reading.facts.usage.push(Usage {
            identity: identity.clone(),
            service: namespace.to_ascii_lowercase().into(),
            action: None,
            last,
            evidence,
        });
    }
    let window = window(
        identity,
        until,
        Granularity::Service,
        reading,
        place.pointer,
    );
    reading.facts.usage_windows.push(window);
    reading.facts.sources.push((NAME.into(), account.into()));
}

/// Which entities used one service. It is one record of use for each, and no window: other services may
/// have been used as well.
fn with_entities(reading: &mut Reading<'_>, place: &Place<'_>) {
    let service = place
        .named(&["ServiceNamespace"])
        .map(str::to_ascii_lowercase)
        .or_else(|| hint::service(hint::stem(&reading.document.origin.path)))
        .filter(|service| is_service(service));
    let Some(service) = service else {
        let message =
            "the answer does not name the service it is about; add a member `ServiceNamespace`";
        return reading.malformed(place.pointer, message);
    };
    for (detail, pointer) in place.list("EntityDetailsList") {
        let info = detail.get("EntityInfo").and_then(Value::as_object);
        let arn = info.and_then(|info| text(info, "Arn"));
        let Some(arn) = arn.filter(|arn| Arn::parse(arn).is_some()) else {
            reading.malformed(&pointer, "an entity without a usable ARN; left out");
            continue;
        };
        let last = moment(detail, "LastAuthenticated", reading, &pointer);
        let evidence = reading.at(&pointer);
        reading.facts.usage.push(Usage {
            identity: arn.into(),
            service: service.as_str().into(),
            action: None,
            last,
            evidence,
        });
    }
}

/// Whether a text can be a service's name in actions.
fn is_service(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Whether a text can be an action's name, with or without its service.
fn is_action(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
}
