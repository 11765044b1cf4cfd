//! Teams and people of a GitHub organisation: answers of the REST API (`/orgs/{org}/teams`, `…/members`) and of
//! GraphQL queries, and the identities that single sign-on ties logins to.

use super::json::{Place, Record};
use super::names;
use super::reading::{At, Reading, named};
use crate::model::{Document, Facts, Person, Probe, Problem, Str};
use crate::reader::Reader;
use crate::reader::aws_answer::Head;
use std::collections::BTreeSet;

const NAME: &str = "github-teams";

/// Reads teams, members and single sign-on identities of GitHub organisations.
#[derive(Debug)]
pub struct GithubTeams;

impl Reader for GithubTeams {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let telling = [
            "\"slug\"",
            "\"site_admin\"",
            "\"externalIdentities\"",
            "\"membersWithRole\"",
            "\"saml_name_id\"",
            "\"samlIdentity\"",
        ];
        // A list of people, or one of pages.
        let depth = match probe.head.trim_ascii_start().starts_with(b"[[") {
            true => 3,
            false => 2,
        };
        Head::of(probe, &telling).is_some_and(|keys| {
            let any = |first: &str, others: &[&str], deepest| {
                others
                    .iter()
                    .any(|other| keys.together(&[first, other], deepest))
            };
            any("slug", &["members_url", "members", "parentTeam", "members_count", "childTeams"], 6)
                || keys.together(&["slug", "privacy", "permission"], 4)
                // Users stand inside almost every answer: here they are its elements.
                || keys.together(&["login", "node_id", "site_admin"], depth)
                    && probe.head.trim_ascii_start().first() == Some(&b'[')
                    && !keys.together(&["login", "contributions"], 3)
                || any("samlIdentity", &["user", "guid"], 8)
                || keys.begins("externalIdentities", 6, &|value| value.starts_with(b"{"))
                || keys.begins("membersWithRole", 5, &|value| value.starts_with(b"{"))
                || keys.together(&["login", "saml_name_id"], 3)
        })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading::new(document, NAME);
        let mut goes_on = false;
        let mut members = BTreeSet::new();
        reading.walk(&mut |reading, place| {
            let record = place.record;
            // The last page says whether the list is whole; pages inside a team are of its members.
            if let Some(page) = record.map("pageInfo") {
                goes_on = page.flag("hasNextPage") == Some(true);
            }
            object(reading, &mut members, place)
        });
        if goes_on {
            reading.partial();
        }
        // `/orgs/{org}/teams/{slug}/members` saved under its own path says whose members they are.
        if let Some(slug) = team_of_path(&document.origin.path) {
            let mut team = reading.team(At::Pointer(""));
            team.names.extend(names::team(slug));
            team.members = Some(members);
            reading.add_team(team, At::Pointer(""));
        }
        reading.done()
    }
}

fn object(reading: &mut Reading<'_>, members: &mut BTreeSet<Str>, place: &Place<'_, '_>) -> bool {
    let record = place.record;
    let at = At::Pointer(place.pointer);
    if record.map("samlIdentity").is_some()
        || record.has("saml_name_id")
        || record.map("scimIdentity").is_some()
    {
        identity(reading, record, at);
        return true;
    }
    // Payloads of events name a team, too; lists of teams are what says which there are.
    let listed = matches!(place.key(), "" | "teams" | "childTeams" | "data");
    let team = listed
        && record.has("slug")
        && record.has_any(&[
            "members",
            "members_url",
            "parentTeam",
            "members_count",
            "privacy",
            "childTeams",
            "combinedSlug",
        ]);
    if team {
        self::team(reading, place, at);
        return true;
    }
    let listed = matches!(place.key(), "" | "members" | "membersWithRole" | "users");
    if record.has("login")
        && listed
        && !record.has_any(&[
            "contributions",
            "organization",
            "teams",
            "membersWithRole",
            "description",
        ])
    {
        let person = member(reading, record, at);
        if place.top()
            && let Some(login) = record.text("login").and_then(names::login)
        {
            members.insert(login);
        }
        reading.facts.people.extend(person);
        return true;
    }
    // Other objects of the answer have users in them who are no members: authors, owners of repositories.
    record.has_any(&["full_name", "pull_request", "html_url", "sha"]) && !record.has("login")
}

/// `…/teams/<slug>/members.json`, `…/teams/<slug>/members-2.json`.
fn team_of_path(path: &str) -> Option<&str> {
    let mut parts = path.rsplit('/');
    let file = parts.next()?;
    let slug = parts.next()?;
    let org_teams = parts.next()? == "teams";
    (org_teams && file.starts_with("members")).then_some(slug)
}

/// The organisation's login: named around a team, or in its addresses.
fn organization(place: &Place<'_, '_>) -> Option<String> {
    let record = place.record;
    let own = record.map("organization").and_then(|org| org.text("login"));
    let combined = record
        .text("combinedSlug")
        .and_then(|slug| slug.split_once('/'))
        .map(|(org, _)| org);
    let url = ["html_url", "url"].iter().find_map(|key| {
        let (_, rest) = record.text(key)?.split_once("/orgs/")?;
        rest.split('/').next()
    });
    let around = place
        .around
        .iter()
        .rev()
        .find_map(|around| around.text("login"));
    let org = own.or(combined).or(url).or(around)?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    (!org.is_empty() && org.chars().all(plain)).then(|| org.to_lowercase())
}

fn team(reading: &mut Reading<'_>, place: &Place<'_, '_>, at: At<'_>) {
    let record = place.record;
    let mut team = reading.team(at);
    let org = organization(place);
    let full = |slug: &str| match &org {
        Some(org) => format!("{org}/{slug}"),
        None => slug.to_owned(),
    };
    if let Some(slug) = record.text("slug").and_then(names::team) {
        team.names.extend([slug.clone(), full(&slug).into()]);
    }
    let name = record.text("name").unwrap_or_default();
    team.names.extend(names::team(name));
    team.display.extend(names::display(name));
    let parent = record.map("parent").or_else(|| record.map("parentTeam"));
    let parent = parent.and_then(|parent| parent.first(&["slug", "name"]));
    let parent = parent.or_else(|| record.first(&["parent", "parentTeam"]));
    if let Some(slug) = parent.and_then(names::team) {
        team.parents.insert(full(&slug).into());
    }
    let (mut members, mut listed, mut more) = (BTreeSet::new(), false, false);
    match record.map("members") {
        Some(page) => {
            listed = page.list("nodes").is_some() || page.list("edges").is_some();
            people(reading, page, "members/nodes", at, &mut members);
            people(reading, page, "members/edges", at, &mut members);
            more |= page
                .map("pageInfo")
                .and_then(|info| info.flag("hasNextPage"))
                == Some(true);
            if let Some(count) = page.number("totalCount") {
                listed |= count == 0;
                more |= listed && (members.len() as u64) < count;
            }
        }
        None => {
            listed |= record.list("members").is_some();
            people(reading, record, "members", at, &mut members);
        }
    }
    match record.number("members_count") {
        Some(0) => listed = true,
        Some(count) => more |= (members.len() as u64) < count,
        None => {}
    }
    let children = record.map("childTeams");
    if let Some(children) = children {
        for (_, child) in children.records("nodes") {
            let slug = child.text("slug").and_then(names::team);
            members.extend(slug.map(|slug| Str::from(format!("group:{}", full(&slug)))));
        }
    }
    team.members = listed.then_some(members);
    team.partial = listed && more;
    reading.add_team(team, at);
}

/// Members of a team: objects, edges around them, or plain logins.
fn people(
    reading: &mut Reading<'_>,
    around: &Record<'_>,
    path: &str,
    at: At<'_>,
    members: &mut BTreeSet<Str>,
) {
    let At::Pointer(pointer) = at else { return };
    let key = path.rsplit('/').next().unwrap_or(path);
    for (index, found) in around.records(key) {
        let pointer = format!("{pointer}/{path}/{index}");
        let person = member(
            reading,
            found.map("node").unwrap_or(&found),
            At::Pointer(&pointer),
        );
        if let Some(person) = person {
            let login = found.map("node").unwrap_or(&found).text("login");
            members.extend(login.and_then(names::login));
            // A login alone says no more than the list does.
            if person.names.len() > 1 || !person.display.is_empty() {
                reading.facts.people.push(person);
            }
        }
    }
    members.extend(
        around
            .texts(key)
            .iter()
            .filter_map(|text| names::login(text)),
    );
}

fn member(reading: &Reading<'_>, record: &Record<'_>, at: At<'_>) -> Option<Person> {
    let login = record.text("login")?;
    let mut person = reading.person(at);
    named(&mut person, record.text("email"), &[login]);
    let verified = record.texts("organizationVerifiedDomainEmails");
    person
        .names
        .extend(verified.iter().filter_map(|text| names::address(text)));
    person
        .display
        .extend(record.text("name").and_then(names::display));
    person.human = match record.first(&["type", "__typename"]) {
        Some("Bot") => Some(false),
        _ if login.ends_with("[bot]") => Some(false),
        _ => None,
    };
    // Since when an account is suspended on an enterprise server.
    if record.text("suspended_at").is_some() {
        person.active = Some(false);
    }
    (!person.names.is_empty()).then_some(person)
}

/// A login and who signs in with it.
fn identity(reading: &mut Reading<'_>, record: &Record<'_>, at: At<'_>) {
    let saml = record.map("samlIdentity");
    let scim = record.map("scimIdentity");
    let user = record.map("user").and_then(|user| user.text("login"));
    let login = user.or_else(|| record.text("login")).and_then(names::login);
    let mut names: BTreeSet<Str> = BTreeSet::new();
    let own = [
        saml.and_then(|saml| saml.text("nameId")),
        saml.and_then(|saml| saml.text("username")),
        scim.and_then(|scim| scim.text("username")),
        record.text("saml_name_id"),
        record.map("user").and_then(|user| user.text("email")),
    ];
    names.extend(own.into_iter().flatten().filter_map(self::names::login));
    for identity in [saml, scim].into_iter().flatten() {
        for (_, mail) in identity.records("emails") {
            names.extend(mail.text("value").and_then(self::names::address));
        }
    }
    // Somebody who was invited has no login yet.
    let Some(login) = login else {
        return;
    };
    let mut mails = own.into_iter().flatten();
    let main = mails.find_map(self::names::address);
    names.insert(login.clone());
    reading.add_alias(main.unwrap_or(login), names, at);
}
