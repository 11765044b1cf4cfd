//! Users and groups of Microsoft Entra as the Graph API, `az ad` and the PowerShell modules write them:
//! <https://learn.microsoft.com/graph/api/resources/user>, `…/group`.

use super::json::{Place, Record};
use super::names;
use super::reading::{At, Reading, named};
use super::status::human;
use crate::model::{Document, Facts, Person, Probe, Problem, ProblemKind, Str};
use crate::reader::Reader;
use crate::reader::aws_answer::Head;

const NAME: &str = "entra-directory";

/// Reads users and groups of Microsoft Entra.
#[derive(Debug)]
pub struct EntraDirectory;

impl Reader for EntraDirectory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let telling = [
            "$metadata#users",
            "$metadata#groups",
            "$metadata#directoryObjects",
            "$metadata#microsoft.graph.user",
            "$metadata#microsoft.graph.group",
            "serPrincipalName\"",
            "ecurityEnabled\"",
            "#microsoft.graph.user\"",
        ];
        Head::of(probe, &telling).is_some_and(|keys| {
            let both = |a: &str, b: &str| keys.together(&[a, b], 4);
            let context = keys.begins("@odata.context", 1, &|value| {
                value.starts_with(b"\"https://graph")
            });
            let listed = [
                "$metadata#users",
                "$metadata#groups",
                "$metadata#directory",
                "$metadata#microsoft.graph.",
            ];
            context && listed.iter().any(|list| probe.head_contains(list))
                || both("userPrincipalName", "id")
                || both("UserPrincipalName", "Id")
                || both("UserPrincipalName", "ObjectId")
                || both("userPrincipalName", "objectId")
                || both("userPrincipalName", "accountEnabled")
                || both("securityEnabled", "mailEnabled")
                || both("SecurityEnabled", "MailEnabled")
        })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading::new(document, NAME);
        let mut met = Met::default();
        reading.walk(&mut |reading, place| object(reading, &mut met, place));
        // Pages that are kept together end with one that has no next.
        if met.goes_on {
            reading.partial();
        }
        // Owners of an application are no members of a group: what they are is told where they are read as owners.
        if met.members_of_nothing && !crate::reader::entra::of_an_object(&document.origin.path) {
            let message = "a list of members does not say of which group it is: save groups with their members \
                           (`groups?$expand=members`), or the list as `members` of an object with the group's \
                           `displayName`";
            reading.note(At::Pointer(""), message);
        }
        reading.done()
    }
}

#[derive(Default)]
struct Met {
    goes_on: bool,
    members_of_nothing: bool,
}

/// What records of other kinds that name users have, and users do not.
const OTHERS: [&str; 12] = [
    "userDisplayName",
    "appId",
    "activity",
    "activityDateTime",
    "riskLevel",
    "riskState",
    "principalId",
    "userId",
    "deviceName",
    "roleDefinitionId",
    "servicePrincipalId",
    "ipAddress",
];

fn object(reading: &mut Reading<'_>, met: &mut Met, place: &Place<'_, '_>) -> bool {
    let record = place.record;
    let at = At::Pointer(place.pointer);
    if record.list("value").is_some() {
        met.goes_on = record.text("@odata.nextLink").is_some();
        let context = record.text("@odata.context").unwrap_or_default();
        // Lists of deleted or owned objects have this context, too, and hold applications.
        let mut elements = record.records("value");
        let people = elements.any(|(_, element)| {
            let kind = element.text("@odata.type").unwrap_or_default();
            kind.is_empty() || kind.to_lowercase().ends_with("graph.user")
        });
        met.members_of_nothing |=
            people && context.contains("$metadata#directoryObjects") && place.top();
        // A member list that names its group, as some versions answer.
        if let Some(group) = context
            .split("groups('")
            .nth(1)
            .and_then(|rest| rest.split_once("')/members"))
        {
            members_alone(reading, record, group.0, at);
        }
        return false;
    }
    let kind = record
        .text("@odata.type")
        .unwrap_or_default()
        .to_lowercase();
    let other =
        record.has_any(&OTHERS) || kind.ends_with(".serviceprincipal") || kind.ends_with(".device");
    let user = kind.ends_with("graph.user")
        || kind.is_empty() && record.has("userPrincipalName") && !other;
    if user {
        // `az ad group member list` is an array whose elements say their type.
        met.members_of_nothing |= !kind.is_empty() && place.top();
        let deleted = deleted(place, record);
        if let Some(person) = person(reading, record, at, deleted) {
            reading.add_person(person, at, ProblemKind::Malformed);
        }
        return true;
    }
    let group = kind.ends_with("graph.group")
        || kind.is_empty()
            && record.has("displayName")
            && !record.has("userPrincipalName")
            && (record.has_any(&["securityEnabled", "groupTypes", "mailEnabled"])
                || record.list("members").is_some())
            && !record.has_any(&["appId", "appDisplayName", "isPrimary"]);
    if group {
        team(reading, record, at, deleted(place, record));
        return true;
    }
    // Records of other kinds have users in them that say less than the directory's own.
    other
}

/// What lies among the deleted items is gone.
fn deleted(place: &Place<'_, '_>, record: &Record<'_>) -> bool {
    let among = place
        .around
        .iter()
        .filter_map(|around| around.text("@odata.context"))
        .any(|context| context.to_lowercase().contains("deleteditems"));
    let among = among
        || place
            .keys
            .iter()
            .any(|key| key.eq_ignore_ascii_case("deletedItems"));
    among || record.text("deletedDateTime").is_some()
}

fn person(
    reading: &mut Reading<'_>,
    record: &Record<'_>,
    at: At<'_>,
    deleted: bool,
) -> Option<Person> {
    let mut person = reading.person(at);
    let id = record.first(&["id", "objectId"]);
    let principal = record.text("userPrincipalName").map(|name| plain(name, id));
    let mail = record.text("mail").or(principal);
    named(
        &mut person,
        mail,
        &principal.into_iter().collect::<Vec<_>>(),
    );
    for key in ["otherMails", "proxyAddresses"] {
        let texts = record.texts(key);
        person
            .names
            .extend(texts.iter().filter_map(|text| names::address(text)));
    }
    let account = record.text("onPremisesSamAccountName");
    person.names.extend(account.and_then(names::login));
    for key in ["onPremisesUserPrincipalName", "employeeId"] {
        // An employee's number is no name by which owners are written.
        let text = record.text(key).filter(|text| text.contains('@'));
        person.names.extend(text.and_then(names::login));
    }
    person
        .names
        .extend(id.and_then(|id| names::id(reading.document, id)));
    let given = record.text("givenName").zip(record.text("surname"));
    let given = given.map(|(given, surname)| format!("{given} {surname}"));
    let display = [
        record.text("displayName"),
        record.text("mailNickname"),
        given.as_deref(),
    ];
    person
        .display
        .extend(display.into_iter().flatten().filter_map(names::display));
    person.active = record.flag("accountEnabled");
    if let Some(text) = record.text("employeeLeaveDateTime") {
        person.left = reading.leaving(text, at).left;
    }
    if deleted {
        person.active = Some(false);
        let when = record
            .text("deletedDateTime")
            .map(|text| reading.leaving(text, at).left);
        person.left = when.flatten().or(person.left);
    }
    person.human = ["employeeType", "userType"]
        .iter()
        .find_map(|key| record.text(key).and_then(human));
    if let Some(manager) = record.map("manager") {
        let name = manager
            .first(&["mail", "userPrincipalName"])
            .and_then(names::login);
        person.manager = name.or_else(|| {
            manager
                .text("id")
                .and_then(|id| names::id(reading.document, id))
        });
    }
    person.teams = record
        .records("memberOf")
        .chain(record.records("transitiveMemberOf"))
        .filter(|(_, group)| {
            let kind = group
                .text("@odata.type")
                .unwrap_or("#microsoft.graph.group");
            kind.to_lowercase().ends_with("graph.group")
        })
        .filter_map(|(_, group)| {
            let id = group
                .text("id")
                .and_then(|id| names::id(reading.document, id));
            id.or_else(|| group.text("displayName").and_then(names::team))
        })
        .collect();
    (!person.names.is_empty() || record.has("userPrincipalName")).then_some(person)
}

/// The name without the id that deletion puts in front of it.
fn plain<'t>(principal: &'t str, id: Option<&str>) -> &'t str {
    let id = id.unwrap_or_default().replace('-', "");
    match principal.get(..id.len()) {
        Some(start) if !id.is_empty() && start.eq_ignore_ascii_case(&id) => {
            principal.get(id.len()..).unwrap_or(principal)
        }
        _ => principal,
    }
}

fn team(reading: &mut Reading<'_>, record: &Record<'_>, at: At<'_>, deleted: bool) {
    let mut team = reading.team(at);
    let id = record.first(&["id", "objectId"]);
    for key in ["displayName", "mailNickname"] {
        team.names.extend(record.text(key).and_then(names::team));
    }
    team.display
        .extend(record.text("displayName").and_then(names::display));
    team.mail = record.text("mail").and_then(names::address);
    team.names.extend(team.mail.clone());
    let proxies = record.texts("proxyAddresses");
    team.names
        .extend(proxies.iter().filter_map(|text| names::address(text)));
    team.names
        .extend(id.and_then(|id| names::id(reading.document, id)));
    let parents = record.records("memberOf");
    team.parents.extend(parents.filter_map(|(_, group)| {
        group
            .text("id")
            .and_then(|id| names::id(reading.document, id))
    }));
    if deleted {
        // A group that was deleted has nobody in it.
        team.members = Some(Default::default());
        return reading.add_team(team, at);
    }
    if record.list("members").is_some() {
        team.members = Some(members(reading, record, "members", at));
    }
    team.partial = record.has("members@odata.nextLink");
    reading.add_team(team, at);
}

/// The members of a group; what is said of people among them is kept, too.
fn members(
    reading: &mut Reading<'_>,
    record: &Record<'_>,
    key: &str,
    at: At<'_>,
) -> std::collections::BTreeSet<Str> {
    let mut members = std::collections::BTreeSet::new();
    let pointer = match at {
        At::Pointer(pointer) => pointer,
        _ => "",
    };
    for (index, member) in record.records(key) {
        let kind = member
            .text("@odata.type")
            .unwrap_or_default()
            .to_lowercase();
        let Some(id) = member
            .first(&["id", "objectId"])
            .and_then(|id| names::id(reading.document, id))
        else {
            continue;
        };
        if kind.ends_with("graph.group") {
            members.insert(format!("group:{id}").into());
            continue;
        }
        members.insert(id);
        // Devices and programs can be members; they answer for nothing, and are not looked up.
        if kind.ends_with("graph.user")
            || kind.is_empty() && member.has_any(&["userPrincipalName", "mail"])
        {
            let pointer = format!("{pointer}/{key}/{index}");
            let at = At::Pointer(&pointer);
            let person = person(reading, &member, at, false);
            reading
                .facts
                .people
                .extend(person.filter(|person| person.names.len() > 1));
        }
    }
    // Lists of addresses or ids, as scripts save them.
    let texts = record.texts(key);
    members.extend(texts.iter().filter_map(|text| names::login(text)));
    members
}

fn members_alone(reading: &mut Reading<'_>, record: &Record<'_>, group: &str, at: At<'_>) {
    let mut team = reading.team(at);
    team.names.extend(names::id(reading.document, group));
    team.partial = record.text("@odata.nextLink").is_some();
    team.members = Some(members(reading, record, "value", at));
    reading.add_team(team, at);
}
