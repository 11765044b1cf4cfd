//! Rosters and maps of aliases that people keep by hand, in YAML or JSON.

use super::columns::{Column, kind};
use super::csv::{spelling, spellings};
use super::names;
use super::reading::{At, Reading, Standing, text};
use super::status::human;
use crate::model::{Owner, Probe, ProblemKind, Str};
use crate::reader::tree;
use std::collections::BTreeSet;

/// Whether a file is one, by its name.
pub(super) fn accepts(probe: &Probe<'_>) -> bool {
    let name = probe.origin.file_name().to_lowercase();
    let (stem, extension) = name.rsplit_once('.').unwrap_or_default();
    let roster = stem == "roster" || stem.ends_with(".roster") || stem.ends_with("-roster");
    match extension {
        "yaml" | "yml" => roster || stem == "aliases" && Map::of(probe.head),
        // Exports of directories are told by their content.
        "json" => roster && sections(probe.head),
        _ => false,
    }
}

/// Whether the sections of a roster stand at the beginning of JSON.
pub(super) fn sections(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(8192)).unwrap_or_default();
    let sections: [&[u8]; 3] = [b"\"people\"", b"\"teams\"", b"\"aliases\""];
    let mut sections = sections.iter();
    sections.any(|section| memchr::memmem::find(head, section).is_some())
}

/// A file called `aliases.yaml` may be of a shell or a search index: addresses tell that it is of people.
struct Map;

impl Map {
    fn of(head: &[u8]) -> bool {
        let mut at = memchr::memchr_iter(b'@', head);
        at.any(|at| {
            let before = at.checked_sub(1).and_then(|before| head.get(before));
            let after = head.get(at + 1);
            before.is_some_and(u8::is_ascii_alphanumeric)
                && after.is_some_and(u8::is_ascii_alphanumeric)
        })
    }
}

/// Reads every document of a file.
pub(super) fn read(reading: &mut Reading<'_>) {
    let bytes = text(reading.document.bytes);
    let aliases = reading.document.origin.file_name().to_lowercase();
    let aliases = aliases.starts_with("aliases.");
    for read in tree::documents(bytes.as_bytes()) {
        let node = match read {
            Ok(node) => node,
            Err(error) => {
                let problem = error.problem(reading.document, reading.name);
                reading.problems.push(problem);
                continue;
            }
        };
        let known = ["people", "teams", "aliases"];
        if known.iter().any(|key| node.get(key).is_some()) {
            node.list("people")
                .iter()
                .for_each(|item| person(reading, item));
            node.list("teams")
                .iter()
                .for_each(|item| team(reading, item));
            node.get("aliases")
                .into_iter()
                .for_each(|map| alias_map(reading, map));
        } else if aliases {
            alias_map(reading, &node);
        } else {
            let message = "a roster is a mapping with `people`, `teams` or `aliases`";
            reading.problem(Some(node.line), ProblemKind::Malformed, message);
        }
    }
}

/// The texts of the members of a kind.
fn of_kind(item: &tree::Node, wanted: &[Column]) -> Vec<String> {
    let entries = item.entries().iter();
    entries
        .filter(|(key, _)| kind(key).is_some_and(|kind| wanted.contains(&kind)))
        .flat_map(|(_, value)| texts(value))
        .collect()
}

fn person(reading: &mut Reading<'_>, item: &tree::Node) {
    let at = At::Line(item.line);
    let mut person = reading.person(at);
    let mails = of_kind(item, &[Column::Mail]);
    person.mail = mails.iter().find_map(|mail| names::address(mail));
    let others = of_kind(item, &[Column::OtherMail, Column::Login, Column::Aliases]);
    let own = item.text().map(str::to_owned);
    let all = mails.iter().chain(&others).chain(&own);
    person
        .names
        .extend(all.flat_map(|text| names::people(text)));
    let display = of_kind(item, &[Column::Name, Column::Preferred]);
    person
        .display
        .extend(display.iter().filter_map(|name| names::display(name)));
    let teams = of_kind(item, &[Column::Team]);
    person
        .teams
        .extend(teams.iter().flat_map(|text| names::teams(text)));
    let manager = of_kind(item, &[Column::ManagerMail, Column::Manager]);
    person.manager = manager.iter().find_map(|name| spelling(name));
    person.human = of_kind(item, &[Column::Kind])
        .iter()
        .find_map(|kind| human(kind));
    let mut standing = Standing::default();
    for text in of_kind(item, &[Column::Status]) {
        standing.and(reading.status(&text, at));
    }
    for text in of_kind(item, &[Column::Gone]) {
        let left = reading.leaving(&text, at);
        standing.and(left.active);
        standing.left = standing.left.or(left.left);
    }
    person.active = standing.active;
    person.left = standing.left;
    reading.add_person(person, at, ProblemKind::Malformed);
}

fn team(reading: &mut Reading<'_>, item: &tree::Node) {
    let at = At::Line(item.line);
    let mut team = reading.team(at);
    let own = item.text().map(str::to_owned);
    let named = of_kind(item, &[Column::Name, Column::Team]);
    let slugs = of_keys(item, &["slug"]);
    let others = of_kind(item, &[Column::Aliases]);
    let mails = of_kind(item, &[Column::Mail]);
    let all = own
        .iter()
        .chain(&named)
        .chain(&slugs)
        .chain(&others)
        .chain(&mails);
    team.names.extend(all.flat_map(|text| names::teams(text)));
    team.display
        .extend(named.iter().filter_map(|name| names::display(name)));
    team.mail = mails.iter().find_map(|mail| names::address(mail));
    let parents = of_keys(item, &["parent", "parents"]);
    team.parents
        .extend(parents.iter().flat_map(|text| names::teams(text)));
    team.members = item.get("members").map(|members| {
        let members = texts(members);
        let member = |text: &String| match text.starts_with("group:") || text.starts_with("team:") {
            true => vec![text.to_lowercase().into()],
            false => names::people(text),
        };
        members.iter().flat_map(member).collect()
    });
    reading.add_team(team, at);
}

fn of_keys(item: &tree::Node, wanted: &[&str]) -> Vec<String> {
    let keys = wanted.iter().filter_map(|key| item.get(key));
    keys.flat_map(texts).collect()
}

/// `name: [alias, …]`, or a list of `{name, aliases}` and of `{login, email}`.
fn alias_map(reading: &mut Reading<'_>, map: &tree::Node) {
    for (name, value) in map.entries() {
        let at = At::Line(value.line);
        let names: BTreeSet<Str> = texts(value)
            .iter()
            .flat_map(|text| spellings(text))
            .collect();
        let known = Owner::parse(name).and_then(|_| spelling(name));
        match known.filter(|_| !names.is_empty()) {
            Some(name) => reading.add_alias(name, names, at),
            None => reading.note(at, "an alias without a name and other names was left out"),
        }
    }
    for item in map.items() {
        let at = At::Line(item.line);
        let first = of_kind(item, &[Column::Name, Column::Team]);
        let mails = of_kind(item, &[Column::Mail, Column::OtherMail]);
        let others = of_kind(item, &[Column::Login, Column::Aliases]);
        let all = first.iter().chain(&mails).chain(&others);
        let names: BTreeSet<Str> = all.flat_map(|text| spellings(text)).collect();
        let name = first.iter().chain(&mails).find_map(|name| spelling(name));
        match name.or_else(|| names.first().cloned()) {
            Some(name) => reading.add_alias(name, names, at),
            None => reading.note(at, "an alias without a name and other names was left out"),
        }
    }
}

/// A scalar, or the scalars of a list.
fn texts(node: &tree::Node) -> Vec<String> {
    let own = node.text().into_iter();
    own.chain(node.items().iter().filter_map(tree::Node::text))
        .map(|text| text.trim().to_owned())
        .collect()
}
