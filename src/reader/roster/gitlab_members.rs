//! Users, groups and members of groups as GitLab's API answers: `/users`, `/groups`, `/groups/:id/members`.

use super::json::{Place, Record};
use super::names;
use super::reading::{At, Reading, named};
use crate::model::{Document, Facts, Person, Probe, Problem, Str};
use crate::reader::Reader;
use crate::reader::aws_answer::Head;
use std::collections::BTreeSet;

const NAME: &str = "gitlab-members";

/// Reads users, groups and members of GitLab.
#[derive(Debug)]
pub struct GitlabMembers;

impl Reader for GitlabMembers {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let telling = ["\"access_level\"", "\"state\"", "\"full_path\""];
        Head::of(probe, &telling).is_some_and(|keys| {
            keys.together(&["username", "access_level"], 4)
                // Users stand inside almost every answer: here they are its elements.
                || keys.together(&["username", "state", "web_url", "name"], 2)
                || keys.together(&["full_path", "full_name", "web_url"], 2)
                || keys.together(&["full_path", "members"], 3)
        })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading::new(document, NAME);
        let mut members = BTreeSet::new();
        reading.walk(&mut |reading, place| object(reading, &mut members, place));
        if !members.is_empty() {
            let mut team = reading.team(At::Pointer(""));
            match group_of_path(&document.origin.path) {
                Some(group) => {
                    team.names.extend(names::team(&group));
                    team.members = Some(members);
                    reading.add_team(team, At::Pointer(""));
                }
                None => {
                    let message = "a list of members does not say of which group it is: save it as \
                                   `groups/<path>/members.json`, or as `members` of an object with the group's \
                                   `full_path`";
                    reading.note(At::Pointer(""), message);
                }
            }
        }
        reading.done()
    }
}

/// `…/groups/<path>/members.json`, with the group's subgroups as folders or as it is encoded in addresses.
fn group_of_path(path: &str) -> Option<String> {
    let (folder, file) = path.rsplit_once('/')?;
    let group = match folder.rsplit_once("/groups/") {
        Some((_, group)) => group,
        None => folder.strip_prefix("groups/")?,
    };
    let group = group.strip_suffix("/members").unwrap_or(group);
    let members = file.starts_with("members") || file.starts_with("all.");
    members.then(|| group.replace("%2F", "/").replace("%2f", "/"))
}

fn object(reading: &mut Reading<'_>, members: &mut BTreeSet<Str>, place: &Place<'_, '_>) -> bool {
    let record = place.record;
    let at = At::Pointer(place.pointer);
    if record.has("full_path") && record.has_any(&["members", "full_name", "parent_id", "web_url"])
    {
        group(reading, record, at);
        return true;
    }
    if record.has("username") && record.has_any(&["state", "access_level"]) {
        let person = person(reading, record, at);
        if record.has("access_level") && place.top() && belongs(record) {
            members.extend(record.text("username").and_then(names::login));
        }
        reading.facts.people.extend(person);
        return true;
    }
    !place.top() && !matches!(place.key(), "members" | "users" | "groups" | "data")
}

/// Whether a membership is awake: those that wait, and guests of a request, are not.
fn belongs(record: &Record<'_>) -> bool {
    !matches!(
        record.text("membership_state"),
        Some("awaiting" | "invited")
    )
}

fn person(reading: &mut Reading<'_>, record: &Record<'_>, at: At<'_>) -> Option<Person> {
    let mut person = reading.person(at);
    let login = record.text("username")?;
    named(
        &mut person,
        record.first(&["email", "public_email"]),
        &[login],
    );
    for key in ["email", "public_email", "commit_email"] {
        let text = record.text(key).filter(|text| !text.contains("noreply"));
        person.names.extend(text.and_then(names::address));
    }
    if let Some(saml) = record.map("group_saml_identity") {
        person
            .names
            .extend(saml.text("extern_uid").and_then(names::address));
    }
    for (_, identity) in record.records("identities") {
        person
            .names
            .extend(identity.text("extern_uid").and_then(names::address));
    }
    person
        .display
        .extend(record.text("name").and_then(names::display));
    if let Some(state) = record.text("state") {
        // An account that was never blocked does not say that its owner is still there.
        person.active = reading.status(state, at).filter(|active| !active);
    }
    // The users of projects' and groups' access tokens.
    let token = |login: &str| {
        let rest = login
            .strip_prefix("project_")
            .or_else(|| login.strip_prefix("group_"));
        rest.is_some_and(|rest| {
            rest.contains("_bot") && rest.starts_with(|c: char| c.is_ascii_digit())
        })
    };
    person.human = match record.flag("bot") {
        Some(true) => Some(false),
        _ => token(&login.to_lowercase()).then_some(false),
    };
    (!person.names.is_empty()).then_some(person)
}

fn group(reading: &mut Reading<'_>, record: &Record<'_>, at: At<'_>) {
    let mut team = reading.team(at);
    let path = record.text("full_path").unwrap_or_default();
    team.names.extend(names::team(path));
    team.display
        .extend(record.text("name").and_then(names::display));
    if let Some((parent, _)) = path.rsplit_once('/') {
        team.parents.extend(names::team(parent));
    }
    if record.list("members").is_some() {
        let At::Pointer(pointer) = at else { return };
        let mut members = BTreeSet::new();
        for (index, member) in record.records("members") {
            let pointer = format!("{pointer}/members/{index}");
            if belongs(&member) {
                members.extend(member.text("username").and_then(names::login));
            }
            let person = person(reading, &member, At::Pointer(&pointer));
            reading.facts.people.extend(person);
        }
        members.extend(
            record
                .texts("members")
                .iter()
                .filter_map(|text| names::login(text)),
        );
        team.members = Some(members);
    }
    reading.add_team(team, at);
}
