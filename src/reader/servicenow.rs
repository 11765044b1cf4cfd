//! Exports of ServiceNow's configuration management database: CSV lists, and JSON of the Table API.
//!
//! Columns may be called by their internal names or by their labels. A person or group is read from the
//! column's readable form; a bare `sys_id` names nobody that could be asked.

use super::Reader;
use super::catalog_entry::{account, by_value};
use super::columns::{Row, header, rows};
use crate::model::{
    CatalogEntity, CatalogSource, Document, Facts, Probe, Problem, ProblemKind, Str, Tie,
};
use crate::platform::located;
use std::collections::BTreeSet;

const NAME: &str = "servicenow";
/// How many doubtful records are named one by one.
const MAX_NOTES: usize = 20;

/// Who answers for a configuration item, the most accountable first, and whether the column holds a group.
const OWNERS: [(&[&str], bool); 7] = [
    (&["ownedby", "owner"], false),
    (&["managedby"], false),
    (&["managedbygroup"], true),
    (&["supportgroup"], true),
    (&["assignmentgroup", "changecontrol", "changegroup"], true),
    (&["assignedto"], false),
    (&["ownedbygroup"], true),
];
/// Columns that a list of configuration items has one of.
const MARKS: [&str; 10] = [
    "sysclassname",
    "class",
    "sysid",
    "operationalstatus",
    "installstatus",
    "correlationid",
    "managedbygroup",
    "supportgroup",
    "discoverysource",
    "assettag",
];
/// Columns that only this database has.
const INTERNAL: [&str; 6] = [
    "sysclassname",
    "sysid",
    "operationalstatus",
    "managedbygroup",
    "supportgroup",
    "installstatus",
];
/// Columns that name what the item is elsewhere: ids of clouds, names in the network.
const IDS: [&str; 9] = [
    "correlationid",
    "objectid",
    "resourceid",
    "arn",
    "awsarn",
    "clientid",
    "applicationid",
    "appid",
    "nativeid",
];
/// Words in the name of a group.
const SEVERAL: [&str; 8] = [
    "team",
    "group",
    "dept",
    "department",
    "ops",
    "operations",
    "squad",
    "desk",
];
const NAMES: [&str; 5] = ["name", "fqdn", "dnsname", "hostname", "displayname"];

/// Reads exports of a CMDB.
#[derive(Debug)]
pub struct ServiceNow;

impl Reader for ServiceNow {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        if probe.binary {
            return false;
        }
        if probe.has_extension(&["json"]) {
            let records = ["\"result\"", "\"records\"", "\"sys_id\""];
            return probe.head_contains("\"sys_class_name\"")
                && records.iter().any(|mark| probe.head_contains(mark))
                || probe.head_contains("\"sys_id\"")
                    && (probe.head_contains("\"owned_by\"")
                        || probe.head_contains("\"support_group\"")
                        || probe.head_contains("\"managed_by_group\""));
        }
        probe.has_extension(&["csv", "tsv"]) && is_header(probe)
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut reading = Reading {
            document,
            facts: Facts::default(),
            problems: Vec::new(),
            unnamed: 0,
        };
        if document
            .origin
            .file_name()
            .to_lowercase()
            .ends_with(".json")
        {
            match located::json(document.bytes) {
                Ok(node) => {
                    let listed = ["result", "records", "items"]
                        .iter()
                        .find_map(|key| node.get(key))
                        .unwrap_or(&node);
                    match listed.is_map() {
                        true => reading.item(&Row::of_json(listed)),
                        false => listed
                            .items()
                            .iter()
                            .for_each(|node| reading.item(&Row::of_json(node))),
                    }
                }
                Err(error) => reading.problems.push(error.problem(document, NAME)),
            }
        } else {
            rows(document, &mut |row| reading.item(row));
        }
        reading.facts.sources.push(("cmdb".into(), "*".into()));
        reading.finish()
    }
}

fn is_header(probe: &Probe<'_>) -> bool {
    let Some((_, headers)) = header(probe.head) else {
        return false;
    };
    let has = |column: &&str| headers.iter().any(|header| header == column);
    // `owned_by.email` speaks of an owner as well.
    let owned = headers.iter().any(|header| {
        let column = header.split('.').next().unwrap_or(header);
        OWNERS.iter().any(|(names, _)| names.contains(&column))
    });
    let file = probe.origin.file_name().to_lowercase();
    let called = ["cmdb", "servicenow", "service-now", "snow_"]
        .iter()
        .any(|name| file.contains(name));
    let marks = MARKS.iter().filter(|mark| has(mark)).count();
    let internal = headers.iter().any(|h| INTERNAL.contains(&h.as_str()));
    has(&"name") && owned && marks >= 1 && (called || internal)
}

struct Reading<'a> {
    document: &'a Document<'a>,
    facts: Facts,
    problems: Vec<Problem>,
    unnamed: usize,
}

impl Reading<'_> {
    fn item(&mut self, row: &Row) {
        let Some(name) = row.get(&["name", "displayname"]) else {
            return;
        };
        // What is retired has no owner to ask.
        if is_retired(row) {
            return;
        }
        let mut owners = Vec::new();
        let mut line = row.line;
        let mut bare = false;
        for (columns, group) in OWNERS {
            for column in columns {
                let Some((owner, at)) = owner(row, column, group, &mut bare) else {
                    continue;
                };
                if owners.is_empty() {
                    line = at;
                }
                if !owners.contains(&owner) {
                    owners.push(owner);
                }
            }
        }
        if owners.is_empty() {
            if bare {
                self.unnamed += 1;
                if self.unnamed <= MAX_NOTES {
                    let message = "the owner is a bare sys_id: export with display values";
                    self.note(Some(row.line), message);
                }
            }
            return;
        }
        let class = row.get(&["sysclassname", "class"]).unwrap_or("cmdb_ci");
        let id = row.get(&["sysid"]).unwrap_or(name);
        self.facts.catalog.push(CatalogEntity {
            source: CatalogSource::ServiceNow,
            reference: format!("{class}:{id}").to_lowercase().into(),
            kind: class.into(),
            name: name.into(),
            owners,
            parents: Vec::new(),
            ties: ties(row, class),
            evidence: self.document.at_line(NAME, line.max(1)),
        });
    }

    fn note(&mut self, line: Option<u32>, message: &str) {
        self.problems.push(Problem {
            path: self.document.origin.path.clone(),
            line,
            column: None,
            kind: ProblemKind::Note,
            reader: NAME,
            message: message.into(),
        });
    }

    fn finish(mut self) -> (Facts, Vec<Problem>) {
        if self.unnamed > MAX_NOTES {
            let message = format!("{} more such records", self.unnamed - MAX_NOTES);
            self.note(None, &message);
        }
        (self.facts, self.problems)
    }
}

/// The party in a column, with the kind that the column tells in front: a name alone does not tell a person
/// from a team. The person's address says more than the name.
fn owner(row: &Row, column: &str, group: bool, bare: &mut bool) -> Option<(Str, u32)> {
    let of = |part: &str| {
        let column = format!("{column}.{part}");
        row.cell(&[&*column])
            .map(|(text, line)| (text.to_owned(), line))
    };
    let named = row
        .cell(&[column])
        .map(|(text, line)| (text.to_owned(), line));
    if let Some((mail, line)) = of("email").filter(|(mail, _)| mail.contains('@')) {
        return Some(match named {
            Some((name, _)) if !name.contains('@') && !is_sys_id(&name) => {
                (format!("{name} <{mail}>").into(), line)
            }
            _ => (mail.into(), line),
        });
    }
    let (name, line) = named
        .filter(|(name, _)| {
            let id = is_sys_id(name);
            *bare |= id;
            !id
        })
        .or_else(|| of("name"))
        .or_else(|| of("username"))?;
    if name.contains('@') {
        return Some((name.into(), line));
    }
    // Columns of people hold groups as well.
    let several = name
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| SEVERAL.contains(&word.to_lowercase().as_str()));
    let kind = if group || several { "team" } else { "user" };
    Some((format!("{kind}:{name}").into(), line))
}

fn is_sys_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// By label or by the number that stands for it.
fn is_retired(row: &Row) -> bool {
    let says = |column: &str, values: &[&str]| {
        row.get(&[column])
            .is_some_and(|value| values.contains(&value.to_lowercase().as_str()))
    };
    says(
        "operationalstatus",
        &["6", "retired", "decommissioned", "disposed"],
    ) || says(
        "installstatus",
        &["7", "8", "100", "retired", "stolen", "absent", "disposed"],
    ) || says("status", &["retired", "absent", "disposed"])
        || says("lifecyclestage", &["end of life"])
        || says("lifecyclestagestatus", &["retired", "disposed", "sold"])
}

fn ties(row: &Row, class: &str) -> BTreeSet<Tie> {
    let mut ties = BTreeSet::new();
    for value in row.values() {
        by_value(value, &mut ties);
    }
    for column in IDS {
        ties.extend(row.get(&[column]).map(|id| Tie::Id(id.into())));
    }
    for column in NAMES {
        ties.extend(row.get(&[column]).map(|name| Tie::Name(name.into())));
    }
    // `fqdn` of a host and its short name are both names of it; an account's id is its container's.
    let class = class.to_lowercase();
    if ["account", "project", "subscription"]
        .iter()
        .any(|word| class.contains(word))
    {
        let id = row.get(&["accountid", "objectid", "projectid", "subscriptionid"]);
        ties.extend(id.and_then(account));
    }
    ties
}
