//! Backstage catalog files: what is owned, and the groups and users who own.
//!
//! Formats: <https://backstage.io/docs/features/software-catalog/descriptor-format>.

use super::{Reader, tree};
use crate::model::{
    CatalogEntity, CatalogSource, Document, Facts, Owner, Person, Probe, Problem, Str, Team, Tie,
};
use std::collections::BTreeSet;

const NAME: &str = "backstage";
const KUBERNETES_ID: &str = "backstage.io/kubernetes-id";
const KUBERNETES_NAMESPACE: &str = "backstage.io/kubernetes-namespace";
const PROJECT_SLUG: &str = "github.com/project-slug";

/// Reads `catalog-info.yaml` and every other YAML of API version `backstage.io/…`.
#[derive(Debug)]
pub struct Backstage;

impl Reader for Backstage {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        probe.has_extension(&["yaml", "yml"])
            && !probe.binary
            && (probe.origin.file_name().starts_with("catalog-info.")
                || probe.head_contains("backstage.io/v1"))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        for read in tree::documents(document.bytes) {
            match read {
                Ok(node) => entity(&node, document, &mut facts),
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

fn entity(node: &tree::Node, document: &Document<'_>, facts: &mut Facts) {
    if !node
        .str("apiVersion")
        .is_some_and(|version| version.starts_with("backstage.io/"))
    {
        return;
    }
    let (Some(kind), Some(metadata)) = (node.str("kind"), node.get("metadata")) else {
        return;
    };
    // The skeleton of a software template is not an entity yet.
    let Some(name) = metadata.str("name").filter(|name| !name.contains("${{")) else {
        return;
    };
    match kind.to_lowercase().as_str() {
        "group" => facts.teams.push(group(node, metadata, name, document)),
        "user" => facts.people.push(user(node, metadata, name, document)),
        "location" | "template" => {}
        _ => facts
            .catalog
            .push(owned(node, metadata, kind, name, document)),
    }
}

fn owned(
    node: &tree::Node,
    metadata: &tree::Node,
    kind: &str,
    name: &str,
    document: &Document<'_>,
) -> CatalogEntity {
    let namespace = namespace(metadata);
    let spec = |key| {
        node.at(&["spec", key])
            .and_then(tree::Node::text)
            .filter(|value| !value.contains("${{"))
    };
    let parents = [
        ("system", "system"),
        ("subcomponentOf", "component"),
        ("domain", "domain"),
        ("subdomainOf", "domain"),
    ]
    .into_iter()
    .filter_map(|(key, kind)| Some(reference(spec(key)?, kind, &namespace)))
    .collect();
    CatalogEntity {
        source: CatalogSource::Backstage,
        reference: reference(name, kind, &namespace),
        kind: kind.into(),
        name: name.into(),
        owners: spec("owner").map(Str::from).into_iter().collect(),
        parents,
        ties: ties(metadata, kind, document),
        evidence: document.at_line(NAME, node.line.max(1)),
    }
}

/// What the entity speaks of: by its annotations, and by where it stands.
fn ties(metadata: &tree::Node, kind: &str, document: &Document<'_>) -> BTreeSet<Tie> {
    let mut ties = BTreeSet::new();
    let annotations = annotations(metadata);
    let value = |wanted: &str| {
        let mut annotations = annotations.iter();
        annotations
            .find(|(key, _)| &**key == wanted)
            .map(|(_, value)| value.clone())
    };
    let arns = annotations.iter().filter(|(_, v)| v.starts_with("arn:"));
    ties.extend(arns.map(|(_, arn)| Tie::Id(arn.clone())));
    ties.extend(value(KUBERNETES_ID).map(Tie::KubernetesId));
    ties.extend(value(KUBERNETES_NAMESPACE).map(Tie::Namespace));
    // APIs, systems and domains run nothing themselves; what runs belongs to components and resources.
    if matches!(
        kind.to_lowercase().as_str(),
        "component" | "resource" | "airesource"
    ) {
        let slug = value(PROJECT_SLUG).map(|slug| format!("github.com/{}", slug.to_lowercase()));
        ties.extend(slug.map(|slug| Tie::Repository(slug.into())));
        let path = &document.origin.path;
        let directory = path
            .rsplit_once('/')
            .map_or_else(String::new, |(folder, _)| format!("{folder}/"));
        ties.insert(Tie::Directory(directory.into()));
    }
    ties
}

fn group(node: &tree::Node, metadata: &tree::Node, name: &str, document: &Document<'_>) -> Team {
    let namespace = namespace(metadata);
    let mut names = names(node, metadata, name, &namespace);
    names.extend(
        annotations(metadata)
            .iter()
            .filter(|(key, _)| key.ends_with("/team-slug"))
            .map(|(_, slug)| slug.to_lowercase().into()),
    );
    let members = node.at(&["spec", "members"]);
    let children = node.at(&["spec", "children"]);
    let listed = members.is_some() || children.is_some_and(|c| !c.items().is_empty());
    let texts = |list: Option<&tree::Node>| -> Vec<String> {
        list.map_or(&[][..], tree::Node::items)
            .iter()
            .filter_map(tree::Node::text)
            .map(str::to_lowercase)
            .collect()
    };
    Team {
        names,
        members: listed.then(|| {
            let people = texts(members).into_iter().map(|m| match m.contains(':') {
                true => Str::from(m),
                false => format!("user:{m}").into(),
            });
            let groups = texts(children).into_iter().map(|c| match c.contains(':') {
                true => Str::from(c),
                false => format!("group:{c}").into(),
            });
            people.chain(groups).collect()
        }),
        ..Team::new(document.at_line(NAME, node.line.max(1)))
    }
}

fn user(node: &tree::Node, metadata: &tree::Node, name: &str, document: &Document<'_>) -> Person {
    let mut names = names(node, metadata, name, &namespace(metadata));
    names.extend(
        annotations(metadata)
            .iter()
            .filter(|(key, _)| {
                key.ends_with("/user-login") || key.ends_with("/email") || key.ends_with("/mail")
            })
            .map(|(_, value)| value.to_lowercase().into()),
    );
    let teams = node
        .at(&["spec", "memberOf"])
        .map_or(&[][..], tree::Node::items)
        .iter()
        .filter_map(tree::Node::text)
        .filter_map(Owner::parse)
        .map(|team| Str::from(team.name()))
        .collect();
    Person {
        names,
        teams,
        // A catalog lists people; it does not say that they are still there.
        ..Person::new(document.at_line(NAME, node.line.max(1)))
    }
}

/// Name, `namespace/name` where that is not the default one, and the profile's address.
fn names(node: &tree::Node, metadata: &tree::Node, name: &str, namespace: &str) -> BTreeSet<Str> {
    let name = name.to_lowercase();
    let mut names = BTreeSet::new();
    if namespace != "default" {
        names.insert(format!("{namespace}/{name}").into());
    } else {
        names.insert(name.into());
    }
    let mail = node
        .at(&["spec", "profile", "email"])
        .and_then(|n| n.text());
    names.extend(mail.map(|mail| Str::from(mail.to_lowercase())));
    // People write a group's title where its name belongs.
    if node
        .str("kind")
        .is_some_and(|k| k.eq_ignore_ascii_case("group"))
    {
        let title = node
            .at(&["spec", "profile", "displayName"])
            .or_else(|| metadata.get("title"))
            .and_then(tree::Node::text);
        names.extend(
            title
                .and_then(Owner::parse)
                .map(|title| Str::from(title.name())),
        );
    }
    names
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
        .collect()
}
