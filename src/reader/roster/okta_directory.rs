//! Users and groups of Okta as its API answers: `/api/v1/users`, `/api/v1/groups`, with the members of a group
//! where somebody saved them beside it.

use super::json::{Place, Record};
use super::names;
use super::reading::{At, Reading, named};
use super::status::human;
use crate::model::{Document, Facts, Person, Probe, Problem, ProblemKind};
use crate::reader::Reader;
use crate::reader::aws_answer::Head;

const NAME: &str = "okta-directory";

/// Reads users and groups of Okta.
#[derive(Debug)]
pub struct OktaDirectory;

impl Reader for OktaDirectory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let telling = [
            "\"profile\"",
            "okta:user_group",
            "OKTA_GROUP",
            "APP_GROUP",
            "BUILT_IN",
        ];
        Head::of(probe, &telling).is_some_and(|keys| {
            keys.together(&["profile", "objectClass"], 4)
                || keys.together(&["id", "profile", "status"], 4)
                    && keys.under(Some(&["profile"]), &["login"], 5)
                || keys.together(&["profile", "id", "type"], 4)
                    && keys.begins("type", 4, &|value| {
                        [&b"\"OKTA_GROUP"[..], b"\"APP_GROUP", b"\"BUILT_IN"]
                            .iter()
                            .any(|kind| value.starts_with(kind))
                    })
        })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading::new(document, NAME);
        reading.walk(&mut |reading, place| object(reading, place));
        reading.done()
    }
}

fn object(reading: &mut Reading<'_>, place: &Place<'_, '_>) -> bool {
    let record = place.record;
    let at = At::Pointer(place.pointer);
    let Some(profile) = record.map("profile") else {
        return false;
    };
    if profile.has("login") {
        if let Some(person) = person(reading, record, profile, at) {
            reading.add_person(person, at, ProblemKind::Malformed);
        }
        return true;
    }
    let kind = record.text("type").unwrap_or_default();
    let group = matches!(kind, "OKTA_GROUP" | "APP_GROUP" | "BUILT_IN")
        || record
            .texts("objectClass")
            .iter()
            .any(|class| class.ends_with("_group"));
    if group {
        team(reading, record, profile, at);
        return true;
    }
    false
}

fn person(
    reading: &mut Reading<'_>,
    record: &Record<'_>,
    profile: &Record<'_>,
    at: At<'_>,
) -> Option<Person> {
    let mut person = reading.person(at);
    let login = profile.text("login")?;
    let main = profile.text("email").or(Some(login));
    named(&mut person, main, &[login]);
    let second = profile.text("secondEmail").and_then(names::address);
    person.names.extend(second);
    person.names.extend(
        record
            .text("id")
            .and_then(|id| names::id(reading.document, id)),
    );
    let full = profile.text("firstName").zip(profile.text("lastName"));
    let full = full.map(|(first, last)| format!("{first} {last}"));
    let display = [
        profile.text("displayName"),
        profile.text("nickName"),
        full.as_deref(),
    ];
    person
        .display
        .extend(display.into_iter().flatten().filter_map(names::display));
    // STAGED, PROVISIONED, RECOVERY, LOCKED_OUT and PASSWORD_EXPIRED are states of people who are there.
    person.active = record
        .text("status")
        .and_then(|status| reading.status(status, at));
    if person.active == Some(false) {
        let since = record
            .text("statusChanged")
            .map(|text| reading.leaving(text, at).left);
        person.left = since
            .flatten()
            .filter(|_| record.text("status") == Some("DEPROVISIONED"));
    }
    person.human = profile.text("userType").and_then(human);
    let manager = profile.first(&["managerEmail", "managerId", "manager"]);
    person.manager = manager.and_then(|text| {
        names::login(text).or_else(|| Some(names::display(text)?.to_lowercase().into()))
    });
    Some(person)
}

fn team(reading: &mut Reading<'_>, record: &Record<'_>, profile: &Record<'_>, at: At<'_>) {
    let mut team = reading.team(at);
    let name = profile.text("name").unwrap_or_default();
    team.names.extend(names::team(name));
    team.display.extend(names::display(name));
    for key in ["samAccountName", "windowsDomainQualifiedName"] {
        let name = profile
            .text(key)
            .map(|name| name.rsplit('\\').next().unwrap_or(name));
        team.names.extend(name.and_then(names::team));
    }
    team.mail = profile.text("email").and_then(names::address);
    team.names.extend(team.mail.clone());
    team.names.extend(
        record
            .text("id")
            .and_then(|id| names::id(reading.document, id)),
    );
    let embedded = record.map("_embedded");
    let count = embedded
        .and_then(|embedded| embedded.map("stats"))
        .and_then(|stats| stats.number("usersCount"));
    let lists = [
        (embedded, "users", "/_embedded/users"),
        (embedded, "members", "/_embedded/members"),
        (Some(record), "members", "/members"),
        (Some(record), "users", "/users"),
    ];
    for (around, key, path) in lists {
        let Some(around) = around.filter(|around| around.list(key).is_some()) else {
            continue;
        };
        let members = team.members.get_or_insert_default();
        for (index, member) in around.records(key) {
            let id = member
                .text("id")
                .and_then(|id| names::id(reading.document, id));
            if let (Some(profile), At::Pointer(pointer)) = (member.map("profile"), at) {
                let pointer = format!("{pointer}{path}/{index}");
                if let Some(person) = person(reading, &member, profile, At::Pointer(&pointer)) {
                    members.extend(id.clone().or_else(|| person.names.first().cloned()));
                    reading.facts.people.push(person);
                }
            }
            members.extend(id);
        }
        members.extend(
            around
                .texts(key)
                .iter()
                .filter_map(|text| names::login(text)),
        );
    }
    match count {
        Some(0) => _ = team.members.get_or_insert_default(),
        Some(count) => {
            team.partial = team
                .members
                .as_ref()
                .is_some_and(|members| (members.len() as u64) < count);
        }
        None => {}
    }
    reading.add_team(team, at);
}
