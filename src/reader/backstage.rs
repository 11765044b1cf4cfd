//! Backstage catalog files and dumps of its catalog API: what is owned, and the groups and users who own.
//!
//! Formats: <https://backstage.io/docs/features/software-catalog/descriptor-format>,
//! <https://backstage.io/docs/features/software-catalog/well-known-annotations>.

mod org;

use super::catalog_entry::{
    account, below, by_value, documents, in_repository, is_guid, of_address,
};
use super::{Reader, tree};
use crate::model::{CatalogEntity, CatalogSource, Document, Facts, Probe, Problem, Str, Tie};
use std::collections::BTreeSet;

const NAME: &str = "backstage";
/// Labels that a selector of a component's objects names it by.
const SELECTED_BY: [&str; 6] = [
    "app",
    "name",
    "k8s-app",
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "backstage.io/kubernetes-id",
];
/// Fields that say what an entity is part of, the nearest first, with the kind that each means.
const PARENTS: [(&str, &str); 4] = [
    ("subcomponentOf", "component"),
    ("system", "system"),
    ("domain", "domain"),
    ("subdomainOf", "domain"),
];

/// Reads `catalog-info.yaml`, every other YAML of API version `backstage.io/…`, and lists of entities as the
/// catalog's API gives them.
#[derive(Debug)]
pub struct Backstage;

impl Reader for Backstage {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        !probe.binary
            && (probe.has_extension(&["yaml", "yml"])
                && (is_catalog_info(probe.origin.file_name())
                    || probe.head_contains("backstage.io/v1"))
                || probe.has_extension(&["json"])
                    && probe.head_contains("backstage.io/v1")
                    && probe.head_contains("\"apiVersion\""))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        for read in documents(document) {
            match read {
                Ok(node) => entities(&node, document, &mut facts),
                Err(error) => problems.push(error.problem(document, NAME)),
            }
        }
        if !facts.catalog.is_empty() {
            facts.sources.push(("catalog".into(), "*".into()));
        }
        if !facts.people.is_empty() || !facts.teams.is_empty() {
            facts.sources.push(("roster".into(), "*".into()));
        }
        (facts, problems)
    }
}

fn is_catalog_info(name: &str) -> bool {
    name.starts_with("catalog-info.")
}

/// One entity, or a list of them: the API answers with an array or with `items`.
fn entities(node: &tree::Node, document: &Document<'_>, facts: &mut Facts) {
    let listed = match &node.value {
        tree::Value::List(items) => items.as_slice(),
        _ if node.get("kind").is_none() => match node.get("items").or(node.get("entities")) {
            Some(items) => items.items(),
            None => return,
        },
        _ => {
            entity(node, document, false, facts);
            return;
        }
    };
    for item in listed {
        // A query that filters by relation answers with the entity in a member of its own.
        entity(item.get("entity").unwrap_or(item), document, true, facts);
    }
}

fn entity(node: &tree::Node, document: &Document<'_>, dumped: bool, facts: &mut Facts) {
    let Some(version) = node.str("apiVersion") else {
        return;
    };
    // Kinds of one's own have API versions of one's own.
    let custom = (dumped || is_catalog_info(document.origin.file_name()))
        && node.at(&["spec", "owner"]).is_some();
    if !version.starts_with("backstage.io/") && !custom {
        return;
    }
    let (Some(kind), Some(metadata)) = (node.str("kind"), node.get("metadata")) else {
        return;
    };
    // The skeleton of a software template is not an entity yet.
    let Some(name) = metadata.str("name").filter(|name| !is_template(name)) else {
        return;
    };
    match kind.to_lowercase().as_str() {
        "group" => facts
            .teams
            .extend(org::group(node, metadata, name, document)),
        "user" => facts.people.push(org::user(node, metadata, name, document)),
        "location" | "template" => {}
        _ => facts
            .catalog
            .push(owned(node, metadata, (kind, name), dumped, document)),
    }
}

fn is_template(text: &str) -> bool {
    text.contains("${{") || text.contains("{{")
}

fn owned(
    node: &tree::Node,
    metadata: &tree::Node,
    (kind, name): (&str, &str),
    dumped: bool,
    document: &Document<'_>,
) -> CatalogEntity {
    let namespace = namespace(metadata);
    let spec = |key| {
        node.at(&["spec", key])
            .filter(|node| node.text().is_some_and(|text| !is_template(text)))
    };
    let owner = spec("owner").filter(|owner| owner.text().is_some_and(|t| !t.trim().is_empty()));
    let mut owners: Vec<Str> = owner
        .and_then(tree::Node::text)
        .map(Str::from)
        .into_iter()
        .collect();
    let mut parents: Vec<Str> = PARENTS
        .into_iter()
        .filter_map(|(key, kind)| Some(reference(spec(key)?.text()?, kind, &namespace)))
        .collect();
    // A dump says the same, resolved, as relations; and there alone what a processor added.
    for relation in node.list("relations") {
        let target = relation.str("targetRef").map(str::to_owned).or_else(|| {
            let target = relation.get("target")?;
            let part = |key| target.str(key);
            let namespace = part("namespace").unwrap_or("default");
            Some(format!("{}:{namespace}/{}", part("kind")?, part("name")?))
        });
        match (relation.str("type"), target) {
            (Some("ownedBy"), Some(target)) if owners.is_empty() => owners.push(target.into()),
            (Some("partOf"), Some(target)) => {
                let parent = reference(&target, "system", &namespace);
                if !parents.contains(&parent) {
                    parents.push(parent);
                }
            }
            _ => {}
        }
    }
    let line = owner.map_or(node.line, |owner| owner.line.max(node.line));
    CatalogEntity {
        source: CatalogSource::Backstage,
        reference: reference(name, kind, &namespace),
        kind: kind.into(),
        name: name.into(),
        owners,
        parents,
        ties: ties(node, metadata, (kind, name), dumped, document),
        evidence: document.at_line(NAME, line.max(1)),
    }
}

/// What the entity speaks of: by its annotations, and by where it stands.
fn ties(
    node: &tree::Node,
    metadata: &tree::Node,
    (kind, name): (&str, &str),
    dumped: bool,
    document: &Document<'_>,
) -> BTreeSet<Tie> {
    let mut ties = BTreeSet::new();
    let kind = kind.to_lowercase();
    let sort = node
        .at(&["spec", "type"])
        .and_then(tree::Node::text)
        .unwrap_or_default()
        .to_lowercase();
    let annotations = annotations(metadata);
    let value = |wanted: &str| {
        let mut annotations = annotations.iter();
        let found = annotations.find(|(key, _)| &**key == wanted);
        found
            .map(|(_, value)| value.trim())
            .filter(|v| !v.is_empty())
    };
    for (key, value) in &annotations {
        by_value(value, &mut ties);
        cloud(key, value, &sort, &mut ties);
    }
    ties.extend(value("backstage.io/kubernetes-id").map(|id| Tie::KubernetesId(id.into())));
    ties.extend(selected(
        value("backstage.io/kubernetes-label-selector").unwrap_or_default(),
    ));
    if let Some(namespace) = value("backstage.io/kubernetes-namespace") {
        ties.insert(match value("backstage.io/kubernetes-cluster") {
            Some(cluster) => Tie::Container(format!("k8s:{cluster}/{namespace}").into()),
            None => Tie::Namespace(namespace.into()),
        });
    }
    ties.extend(value("argocd/app-name").map(|app| Tie::Id(format!("argocd:{app}").into())));
    ties.extend(
        value("pagerduty.com/service-id").map(|id| Tie::Id(format!("pagerduty:{id}").into())),
    );
    ties.extend(value("aws.com/lambda-function-name").map(|name| Tie::Name(name.into())));
    // A server of tools is an API that runs, at these addresses.
    let remotes = node
        .at(&["spec", "remotes"])
        .map_or(&[][..], tree::Node::items);
    ties.extend(
        remotes
            .iter()
            .filter_map(|remote| remote.str("url"))
            .map(|url| Tie::Id(url.trim_end_matches('/').into())),
    );
    // Other APIs, systems and domains run nothing themselves; what runs belongs to components and resources.
    let runs = !matches!(kind.as_str(), "api" | "system" | "domain") || sort == "mcp-server";
    if !runs {
        return ties;
    }
    for (key, host) in [
        ("github.com/project-slug", "github.com"),
        ("gitlab.com/project-slug", "gitlab.com"),
        ("bitbucket.org/project-slug", "bitbucket.org"),
    ] {
        let host = match key {
            "gitlab.com/project-slug" => value("gitlab.com/instance").unwrap_or(host),
            _ => host,
        };
        ties.extend(value(key).map(|slug| in_repository(&format!("{host}/{slug}"), "")));
    }
    // Where the sources are, else where the entry itself came from.
    let located = value("backstage.io/source-location").or_else(|| {
        let locations = [
            "backstage.io/managed-by-location",
            "backstage.io/managed-by-origin-location",
        ];
        locations.into_iter().find_map(value).filter(|_| dumped)
    });
    ties.extend(located.and_then(of_address));
    if !dumped {
        ties.insert(below(document));
    }
    if matches!(kind.as_str(), "component" | "resource" | "airesource") || sort == "mcp-server" {
        ties.insert(Tie::Name(name.into()));
    }
    ties
}

/// Ties by annotations that name an account or application of a cloud.
fn cloud(key: &str, value: &str, sort: &str, ties: &mut BTreeSet<Tie>) {
    let key = key.to_lowercase();
    let (domain, name) = key.rsplit_once('/').unwrap_or(("", &key));
    let of_cloud = ["aws", "amazon", "google", "gcp", "azure", "microsoft"]
        .iter()
        .any(|cloud| domain.contains(cloud));
    if !of_cloud {
        return;
    }
    // What merely runs in an account is not its owner; an entity for the account itself is.
    let is_account = ["account", "project", "subscription"]
        .iter()
        .any(|word| sort.contains(word));
    if is_account
        && matches!(
            name,
            "account-id" | "project-id" | "subscription-id" | "account"
        )
    {
        ties.extend(account(value));
    }
    let application = matches!(
        name,
        "client-id" | "app-id" | "application-id" | "appid" | "object-id"
    );
    if application && is_guid(value) {
        ties.insert(Tie::Id(value.into()));
    }
}

/// `app=payments,tier!=web`: what equals is a name of what is selected.
fn selected(selector: &str) -> Vec<Tie> {
    selector
        .split(',')
        .filter_map(|term| term.split_once('='))
        .filter(|(key, _)| SELECTED_BY.contains(&key.trim()))
        .map(|(_, value)| value.trim_start_matches('=').trim())
        .filter(|value| !value.is_empty())
        .map(|value| Tie::KubernetesId(value.into()))
        .collect()
}

fn namespace(metadata: &tree::Node) -> String {
    metadata
        .str("namespace")
        .unwrap_or("default")
        .to_lowercase()
}

/// `[kind:][namespace/]name` in full, lower case.
fn reference(text: &str, kind: &str, namespace: &str) -> Str {
    let text = text.trim();
    let (kind, rest) = text.split_once(':').unwrap_or((kind, text));
    let (namespace, name) = rest.split_once('/').unwrap_or((namespace, rest));
    format!("{kind}:{namespace}/{name}").to_lowercase().into()
}

fn annotations(metadata: &tree::Node) -> BTreeSet<(Str, Str)> {
    metadata
        .get("annotations")
        .map_or(&[][..], tree::Node::entries)
        .iter()
        .filter_map(|(key, value)| Some((key.as_str().into(), value.text()?.into())))
        .filter(|(_, value): &(Str, Str)| !is_template(value))
        .collect()
}
