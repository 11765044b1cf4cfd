//! OpsLevel's `opslevel.yml`: who owns the component, service or repository that it stands in.
//!
//! Format: <https://docs.opslevel.com/docs/opslevel-yml>. Owners are aliases of teams.

use super::catalog_entry::{below, by_value, in_repository, of_address};
use super::{Reader, tree};
use crate::model::{
    CatalogEntity, CatalogSource, Document, Facts, Probe, Problem, ProblemKind, Str, Tie,
};
use std::collections::BTreeSet;

const NAME: &str = "opslevel";
/// What a document may describe.
const KINDS: [&str; 6] = [
    "component",
    "service",
    "repository",
    "system",
    "domain",
    "infrastructure",
];
/// Tags that name what runs the component on Kubernetes.
const KUBERNETES: [&str; 4] = ["app", "k8s-app", "kubernetes-id", "app.kubernetes.io/name"];

/// Reads `opslevel.yml`, and nothing of another name: OpsLevel does neither.
#[derive(Debug)]
pub struct OpsLevel;

impl Reader for OpsLevel {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        probe.origin.file_name() == "opslevel.yml" && !probe.binary
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        for read in tree::documents(document.bytes) {
            let node = match read {
                Ok(node) => node,
                Err(error) => {
                    problems.push(error.problem(document, NAME));
                    continue;
                }
            };
            let before = facts.catalog.len();
            for kind in KINDS {
                let described = node.get(kind).filter(|described| described.is_map());
                let new = described.and_then(|described| entity(kind, described, document));
                facts.catalog.extend(new);
            }
            if facts.catalog.len() == before && !KINDS.iter().any(|kind| node.get(kind).is_some()) {
                problems.push(Problem {
                    path: document.origin.path.clone(),
                    line: Some(node.line.max(1)),
                    column: None,
                    kind: ProblemKind::Malformed,
                    reader: NAME,
                    message: "no `component`, `service` or `repository` is described".into(),
                });
            }
        }
        behind_components(&mut facts.catalog, document);
        facts.sources.push(("catalog".into(), "*".into()));
        (facts, problems)
    }
}

/// Whose the repository is says less than whose the component is that the same file describes: it then speaks of the
/// repository at large, and no longer of the directory.
fn behind_components(catalog: &mut [CatalogEntity], document: &Document<'_>) {
    let runs = |kind: &str| matches!(kind, "component" | "service" | "infrastructure");
    if !(catalog.iter()).any(|entity| runs(&entity.kind) && !entity.owners.is_empty()) {
        return;
    }
    let here = below(document);
    let remote = (document.origin.repository.as_ref()).and_then(|r| r.remote.as_deref());
    for entity in catalog.iter_mut().filter(|e| &*e.kind == "repository") {
        entity.ties.remove(&here);
        let large = remote.map(|remote| in_repository(remote, ""));
        entity.ties.extend(large);
    }
}

fn entity(kind: &str, node: &tree::Node, document: &Document<'_>) -> Option<CatalogEntity> {
    let owner = node.get("owner").filter(|owner| owner.text().is_some());
    let system = node.str("system").or_else(|| node.str("domain"));
    if owner.is_none() && system.is_none() {
        return None;
    }
    let origin = &document.origin;
    let name = match node.str("name") {
        Some(name) => name,
        // A repository is named by where the file stands.
        None => (origin.repository.as_ref())
            .and_then(|r| r.remote.as_deref())
            .and_then(|remote| remote.rsplit('/').next())
            .unwrap_or(kind),
    };
    let mut ties = BTreeSet::new();
    // A system or domain runs nothing itself.
    if !matches!(kind, "system" | "domain") {
        ties.insert(below(document));
        for repository in node.list("repositories") {
            let path = repository.str("path").unwrap_or_default();
            let named = repository.str("name").or_else(|| repository.text());
            ties.extend(named.filter(|n| n.contains('/')).map(|named| {
                let host = match repository.str("provider") {
                    Some(provider) if provider.contains("gitlab") => "gitlab.com",
                    Some(provider) if provider.contains("bitbucket") => "bitbucket.org",
                    _ => "github.com",
                };
                of_address(named).unwrap_or_else(|| in_repository(&format!("{host}/{named}"), path))
            }));
        }
        if kind != "repository" {
            ties.insert(Tie::Name(name.into()));
            ties.extend(node.strings("aliases").into_iter().map(Tie::Name));
        }
        for tool in node.list("tools") {
            // `https://acme.pagerduty.com/services/P88H2N0`
            let service = tool
                .str("url")
                .and_then(|url| url.split_once(".pagerduty.com/"))
                .and_then(|(_, path)| path.trim_end_matches('/').rsplit_once('/'))
                .filter(|(folder, _)| matches!(*folder, "services" | "service-directory"));
            ties.extend(service.map(|(_, id)| Tie::Id(format!("pagerduty:{id}").into())));
        }
        for tag in node.list("tags") {
            let (Some(key), Some(value)) = (tag.str("key"), tag.str("value")) else {
                continue;
            };
            by_value(value, &mut ties);
            match key {
                "namespace" | "kubernetes-namespace" | "k8s-namespace" => {
                    ties.insert(Tie::Namespace(value.into()));
                }
                key if KUBERNETES.contains(&key) => {
                    ties.insert(Tie::KubernetesId(value.into()));
                }
                _ => {}
            }
        }
    }
    let parent = |kind: &str| {
        let name = node.str(kind)?;
        Some(Str::from(format!("{kind}:{}", alias(name))))
    };
    Some(CatalogEntity {
        source: CatalogSource::OpsLevel,
        reference: format!("{kind}:{}", alias(name)).into(),
        kind: kind.into(),
        name: name.into(),
        owners: owner
            .and_then(tree::Node::text)
            .map(Str::from)
            .into_iter()
            .collect(),
        parents: ["system", "domain"]
            .into_iter()
            .filter_map(parent)
            .collect(),
        ties,
        evidence: document.at_line(NAME, owner.map_or(node.line, |o| o.line).max(1)),
    })
}

/// The alias that OpsLevel makes of a name.
fn alias(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}
