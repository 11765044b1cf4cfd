//! Users, groups and members of Google Workspace as the Admin SDK's Directory API answers. GAM's tables are read as
//! every other table is.

use super::json::{Place, Record};
use super::names;
use super::reading::{At, Reading, named};
use crate::model::{Document, Facts, Probe, Problem, ProblemKind, Str, Team};
use crate::reader::Reader;
use crate::reader::aws_answer::Head;
use std::collections::BTreeSet;

const NAME: &str = "google-directory";

/// Reads users and groups of Google Workspace.
#[derive(Debug)]
pub struct GoogleDirectory;

impl Reader for GoogleDirectory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let telling = ["admin#directory#", "\"primaryEmail\""];
        Head::of(probe, &telling).is_some_and(|keys| {
            let kinds: [&[u8]; 3] = [
                b"\"admin#directory#user",
                b"\"admin#directory#group",
                b"\"admin#directory#member",
            ];
            keys.begins("kind", 4, &|value| {
                kinds.iter().any(|kind| value.starts_with(kind))
            }) || ["suspended", "id", "name", "isAdmin"]
                .iter()
                .any(|key| keys.together(&["primaryEmail", key], 4))
        })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading::new(document, NAME);
        let mut goes_on = false;
        let mut nameless = false;
        reading.walk(&mut |reading, place| {
            let record = place.record;
            if ["users", "groups", "members"]
                .iter()
                .any(|key| record.list(key).is_some())
            {
                goes_on = record.text("nextPageToken").is_some();
            }
            object(reading, &mut nameless, place)
        });
        if goes_on {
            reading.partial();
        }
        if nameless {
            let message = "a list of members does not say of which group it is: name the file by the group's address, \
                           or save it as `members` of the group";
            reading.note(At::Pointer(""), message);
        }
        reading.done()
    }
}

fn object(reading: &mut Reading<'_>, nameless: &mut bool, place: &Place<'_, '_>) -> bool {
    let record = place.record;
    let at = At::Pointer(place.pointer);
    let kind = record.text("kind").unwrap_or_default();
    if record.has("primaryEmail") {
        person(reading, record, at);
        return true;
    }
    let group = kind == "admin#directory#group"
        || record.has("email") && record.has_any(&["directMembersCount", "adminCreated"]);
    if group {
        let mut team = team(reading, record, at);
        if record.list("members").is_some() {
            let members = members(record);
            let count = record.number("directMembersCount").unwrap_or(0);
            team.partial = record.has("nextPageToken") || (members.len() as u64) < count;
            team.members = Some(members);
        } else if record.number("directMembersCount") == Some(0) {
            team.members = Some(BTreeSet::new());
        }
        reading.add_team(team, at);
        return true;
    }
    // A page of members: the group is named by whoever saved it, as a member beside the list, around it or as the
    // file's name.
    if record.list("members").is_some()
        && (kind == "admin#directory#members"
            || record.has_any(&["group", "groupKey", "groupEmail"]))
    {
        let beside = record.first(&["groupEmail", "groupKey", "group", "email"]);
        let around = || place.keys.iter().rev().find_map(|key| names::address(key));
        let file = || {
            let name = reading.document.origin.file_name();
            names::address(name.strip_suffix(".json").unwrap_or(name))
        };
        let Some(group) = beside
            .and_then(names::address)
            .or_else(around)
            .or_else(file)
        else {
            *nameless = true;
            return true;
        };
        let mut team = reading.team(at);
        team.mail = Some(group.clone());
        team.names.insert(group);
        team.partial = record.has("nextPageToken");
        team.members = Some(members(record));
        reading.add_team(team, at);
        return true;
    }
    false
}

fn person(reading: &mut Reading<'_>, record: &Record<'_>, at: At<'_>) {
    let mut person = reading.person(at);
    named(&mut person, record.text("primaryEmail"), &[]);
    for key in ["aliases", "nonEditableAliases"] {
        let texts = record.texts(key);
        person
            .names
            .extend(texts.iter().filter_map(|text| names::address(text)));
    }
    // `emails` also holds private addresses: people commit under them.
    for (_, mail) in record.records("emails") {
        person
            .names
            .extend(mail.text("address").and_then(names::address));
    }
    if !person.names.is_empty() {
        person.names.extend(
            record
                .text("id")
                .and_then(|id| names::id(reading.document, id)),
        );
    }
    if let Some(name) = record.map("name") {
        let full = name.text("givenName").zip(name.text("familyName"));
        let full = full.map(|(given, family)| format!("{given} {family}"));
        let display = [
            name.text("fullName"),
            name.text("displayName"),
            full.as_deref(),
        ];
        person
            .display
            .extend(display.into_iter().flatten().filter_map(names::display));
    }
    let suspended = record.flag("suspended");
    let archived = record.flag("archived");
    person.active = match (suspended, archived) {
        (Some(true), _) | (_, Some(true)) => Some(false),
        (None, None) => None,
        _ => Some(true),
    };
    if let Some(text) = record.text("deletionTime") {
        person.left = reading.leaving(text, at).left;
        person.active = person.left.map_or(person.active, |_| Some(false));
    }
    for (_, relation) in record.records("relations") {
        if relation.text("type") == Some("manager") {
            person.manager = relation.text("value").and_then(names::login);
        }
    }
    reading.add_person(person, at, ProblemKind::Malformed);
}

fn team(reading: &Reading<'_>, record: &Record<'_>, at: At<'_>) -> Team {
    let mut team = reading.team(at);
    team.mail = record.text("email").and_then(names::address);
    team.names.extend(team.mail.clone());
    team.names.extend(record.text("name").and_then(names::team));
    team.display
        .extend(record.text("name").and_then(names::display));
    for key in ["aliases", "nonEditableAliases"] {
        let texts = record.texts(key);
        team.names
            .extend(texts.iter().filter_map(|text| names::address(text)));
    }
    team.names.extend(
        record
            .text("id")
            .and_then(|id| names::id(reading.document, id)),
    );
    team
}

/// Members by address, groups among them as groups. Suspended ones are in the group, and told by the users.
fn members(record: &Record<'_>) -> BTreeSet<Str> {
    let mut members = BTreeSet::new();
    for (_, member) in record.records("members") {
        let group = member.text("type") == Some("GROUP");
        // A customer is everybody: whoever they are, they are there.
        let name = match member.text("type") {
            Some("CUSTOMER") => member.text("id").map(|id| id.to_lowercase().into()),
            _ => member.text("email").and_then(names::address),
        };
        members.extend(name.map(|name| match group {
            true => Str::from(format!("group:{name}")),
            false => name,
        }));
    }
    let texts = record.texts("members");
    members.extend(texts.iter().filter_map(|text| names::address(text)));
    members
}
