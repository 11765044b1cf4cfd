//! Exports of PagerDuty's services: answers of its REST API, and CSV.
//!
//! Who is on call for a service need not own it: what is read here only suggests an owner.

use super::Reader;
use super::columns::{header, rows};
use super::tree::Node;
use crate::model::{CatalogEntity, CatalogSource, Document, Facts, Probe, Problem, Str, Tie};
use crate::platform::located;
use std::collections::BTreeSet;

const NAME: &str = "pagerduty";
const SERVICE: [&str; 3] = ["servicename", "service", "name"];
const TEAM: [&str; 4] = ["teams", "team", "teamname", "teamnames"];
const POLICY: [&str; 3] = ["escalationpolicyname", "escalationpolicy", "policy"];
const ID: [&str; 2] = ["serviceid", "id"];

/// Reads lists of services.
#[derive(Debug)]
pub struct PagerDuty;

impl Reader for PagerDuty {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        if probe.binary {
            return false;
        }
        if probe.has_extension(&["json"]) {
            return probe.head_contains("\"escalation_policy\"")
                && (probe.head_contains("\"services\"") || probe.head_contains("\"service\""));
        }
        probe.has_extension(&["csv"])
            && memchr::memmem::find(probe.head, b"scalation").is_some()
            && header(probe.head).is_some_and(|(_, headers)| {
                let has = |names: &[&str]| headers.iter().any(|h| names.contains(&h.as_str()));
                has(&SERVICE) && has(&POLICY)
            })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        if !document
            .origin
            .file_name()
            .to_lowercase()
            .ends_with(".json")
        {
            rows(document, &mut |row| {
                let Some(name) = row.get(&SERVICE) else {
                    return;
                };
                let teams = row.get(&TEAM).unwrap_or_default().split([',', ';']);
                let mut owners: Vec<Str> = teams.filter_map(team).collect();
                owners.extend(row.get(&POLICY).and_then(team));
                let id = row.get(&ID);
                facts
                    .catalog
                    .extend(service(document, (name, id), owners, row.line));
            });
            return (facts, Vec::new());
        }
        let node = match located::json(document.bytes) {
            Ok(node) => node,
            Err(error) => return (facts, vec![error.problem(document, NAME)]),
        };
        let single = node.get("service").filter(|one| one.is_map());
        for item in node.list("services").iter().chain(single) {
            let Some(name) = item.str("name").or_else(|| item.str("summary")) else {
                continue;
            };
            // A service that is switched off calls nobody.
            if item.str("status") == Some("disabled") {
                continue;
            }
            let teams = item.list("teams").iter().filter_map(shown).filter_map(team);
            let mut owners: Vec<Str> = teams.collect();
            if let Some(policy) = item.get("escalation_policy") {
                let teams = policy.list("teams").iter().filter_map(shown);
                owners.extend(teams.filter_map(team));
                if owners.is_empty() {
                    owners.extend(policy.text().or_else(|| shown(policy)).and_then(team));
                }
            }
            facts
                .catalog
                .extend(service(document, (name, item.str("id")), owners, item.line));
        }
        (facts, Vec::new())
    }
}

fn shown(node: &Node) -> Option<&str> {
    node.str("name").or_else(|| node.str("summary"))
}

/// A team, or the policy by whose name people call one.
fn team(name: &str) -> Option<Str> {
    let name = name.trim();
    (!name.is_empty()).then(|| match name.contains('@') {
        true => name.into(),
        false => format!("team:{name}").into(),
    })
}

fn service(
    document: &Document<'_>,
    (name, id): (&str, Option<&str>),
    owners: Vec<Str>,
    line: u32,
) -> Option<CatalogEntity> {
    let mut ties = BTreeSet::from([Tie::Name(name.into())]);
    ties.extend(id.map(|id| Tie::Id(format!("pagerduty:{id}").into())));
    (!owners.is_empty()).then(|| CatalogEntity {
        source: CatalogSource::PagerDuty,
        reference: format!("service:{}", id.unwrap_or(name))
            .to_lowercase()
            .into(),
        kind: "service".into(),
        name: name.into(),
        owners,
        parents: Vec::new(),
        ties,
        evidence: document.at_line(NAME, line.max(1)),
    })
}
