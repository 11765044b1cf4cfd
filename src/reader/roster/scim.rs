//! SCIM 2.0 (RFC 7643, RFC 7644) and 1.1: users and groups as any provisioning endpoint lists them, in list
//! responses, as single resources, as arrays or line by line.

use super::json::{Place, Record};
use super::names;
use super::reading::{At, Reading, named};
use super::status::human;
use crate::model::{Document, Facts, Person, Probe, Problem, ProblemKind, Str, Team};
use crate::reader::Reader;
use crate::reader::aws_answer::Head;
use std::collections::BTreeMap;

const NAME: &str = "scim";
const ENTERPRISE: [&str; 2] = [
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "urn:scim:schemas:extension:enterprise:1.0",
];

/// Reads users and groups of SCIM.
#[derive(Debug)]
pub struct Scim;

impl Reader for Scim {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let telling = [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:core:2.0:Group",
            "urn:ietf:params:scim:api:messages:2.0:ListResponse",
            "urn:scim:schemas:core:1.0",
        ];
        Head::of(probe, &telling).is_some_and(|keys| {
            ["Resources", "userName", "displayName", "totalResults", "id"]
                .iter()
                .any(|key| keys.together(&["schemas", key], 4))
        })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading::new(document, NAME);
        let mut pages = Pages::default();
        reading.walk(&mut |reading, place| resource(reading, &mut pages, place));
        if pages.iter().any(|(total, held)| held < total) {
            reading.partial();
        }
        reading.done()
    }
}

/// How many resources pages hold, by how many there are by the endpoint's count: pages of one list give the same.
type Pages = BTreeMap<u64, u64>;

fn resource(reading: &mut Reading<'_>, pages: &mut Pages, place: &Place<'_, '_>) -> bool {
    let record = place.record;
    let at = At::Pointer(place.pointer);
    if let Some(total) = record.number("totalResults")
        && record.has("Resources")
    {
        let held = record.list("Resources").map_or(0, <[_]>::len) as u64;
        *pages.entry(total).or_default() += held;
        return false;
    }
    let schemas: Vec<String> = record
        .texts("schemas")
        .iter()
        .map(|schema| schema.to_lowercase())
        .collect();
    let of = |kind: &str| schemas.iter().any(|schema| schema.ends_with(kind));
    let listed = place.key().eq_ignore_ascii_case("Resources");
    let meta = record
        .map("meta")
        .and_then(|meta| meta.text("resourceType"))
        .unwrap_or_default();
    let user = of(":core:2.0:user") || meta.eq_ignore_ascii_case("user");
    let group = of(":core:2.0:group") || meta.eq_ignore_ascii_case("group");
    // Both kinds have one schema in SCIM 1.1; and servers leave schemas out of resources in lists.
    let plain = listed || of(":core:1.0");
    if record.has("userName") && (user || plain) {
        person(reading, record, at);
        return true;
    }
    if record.has("displayName") && !record.has("userName") && (group || plain && !user) {
        team(reading, record, at);
        return true;
    }
    // Schemas and resource types are described in lists, too.
    listed || user || group
}

fn person(reading: &mut Reading<'_>, record: &Record<'_>, at: At<'_>) {
    let mut person = reading.person(at);
    let enterprise = ENTERPRISE.iter().find_map(|urn| record.map(urn));
    let (main, others) = addresses(record);
    let user_name = record.text("userName");
    let mail = main.or_else(|| {
        user_name
            .and_then(names::address)
            .map(|mail| mail.to_string())
    });
    named(&mut person, mail.as_deref(), &[]);
    person.names.extend(user_name.and_then(names::login));
    person
        .names
        .extend(others.iter().filter_map(|mail| names::address(mail)));
    let ids = ["id", "externalId"];
    let ids = ids.iter().filter_map(|key| record.text(key));
    if !person.names.is_empty() {
        person
            .names
            .extend(ids.filter_map(|id| names::id(reading.document, id)));
    }
    let name = record.map("name");
    let part = |key| name.and_then(|name| name.text(key));
    let whole = part("givenName").zip(part("familyName"));
    let whole = whole.map(|(given, family)| format!("{given} {family}"));
    let display = [
        record.text("displayName"),
        part("formatted"),
        whole.as_deref(),
        record.text("nickName"),
    ];
    let display = display.into_iter().flatten();
    person.display.extend(display.filter_map(names::display));
    person.active = match record.text("active") {
        // Servers that write `"False"` mean it.
        Some(_) | None if record.flag("active").is_some() => record.flag("active"),
        Some(text) => reading.status(text, at),
        None => None,
    };
    person.human = record.text("userType").and_then(human);
    person.teams = record
        .records("groups")
        .filter_map(|(_, group)| {
            let value = group
                .text("value")
                .and_then(|id| names::id(reading.document, id));
            value.or_else(|| group.text("display").and_then(names::team))
        })
        .collect();
    person.manager = enterprise.and_then(|enterprise| manager(reading, enterprise));
    reading.add_person(person, at, ProblemKind::Malformed);
}

/// The primary address, or that of work, or the first; and all of them.
fn addresses(record: &Record<'_>) -> (Option<String>, Vec<String>) {
    let mut all = Vec::new();
    let mut main: Option<(u8, String)> = None;
    for (_, mail) in record.records("emails") {
        let Some(value) = mail.text("value") else {
            continue;
        };
        let kind = mail.text("type").unwrap_or_default();
        let rank = match mail.flag("primary") {
            Some(true) => 3,
            _ if kind.eq_ignore_ascii_case("work") => 2,
            _ => 1,
        };
        if main.as_ref().is_none_or(|(best, _)| rank > *best) {
            main = Some((rank, value.to_owned()));
        }
        all.push(value.to_owned());
    }
    // A list of plain texts is not of the standard, and found.
    all.extend(record.texts("emails").iter().map(ToString::to_string));
    (main.map(|(_, mail)| mail).or(all.first().cloned()), all)
}

fn manager(reading: &Reading<'_>, enterprise: &Record<'_>) -> Option<Str> {
    let id = |text: &str| names::address(text).or_else(|| names::id(reading.document, text));
    match enterprise.map("manager") {
        Some(manager) => manager
            .first(&["value", "managerId"])
            .and_then(id)
            .or_else(|| {
                Some(
                    names::display(manager.text("displayName")?)?
                        .to_lowercase()
                        .into(),
                )
            }),
        None => enterprise.text("manager").and_then(id),
    }
}

fn team(reading: &mut Reading<'_>, record: &Record<'_>, at: At<'_>) {
    let mut team: Team = reading.team(at);
    let display = record.text("displayName").unwrap_or_default();
    team.names.extend(names::team(display));
    team.display.extend(names::display(display));
    team.mail = names::address(display);
    let ids = ["id", "externalId"]
        .iter()
        .filter_map(|key| record.text(key));
    team.names
        .extend(ids.filter_map(|id| names::id(reading.document, id)));
    team.members = record.list("members").is_some().then(Default::default);
    let mut known: Vec<Person> = Vec::new();
    for (index, member) in record.records("members") {
        let Some(id) = member
            .text("value")
            .and_then(|id| names::id(reading.document, id))
        else {
            continue;
        };
        let kind = member.text("type").unwrap_or_default();
        let reference = member.first(&["$ref", "ref"]).unwrap_or_default();
        let group =
            kind.eq_ignore_ascii_case("group") || reference.to_lowercase().contains("/groups/");
        let name = match group {
            true => format!("group:{id}"),
            false => id.to_string(),
        };
        // A display that is an address says who it is even where the users are not at hand.
        if let (false, Some(mail)) = (group, member.text("display").and_then(names::address)) {
            let mut person = match at {
                At::Pointer(pointer) => {
                    reading.person(At::Pointer(&format!("{pointer}/members/{index}")))
                }
                at => reading.person(at),
            };
            person.names.extend([id, mail.clone()]);
            person.mail = Some(mail);
            known.push(person);
        }
        team.members.get_or_insert_default().insert(name.into());
    }
    reading.facts.people.append(&mut known);
    reading.add_team(team, at);
}
