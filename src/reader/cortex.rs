//! Cortex entity descriptors (`cortex.yaml`): services, resources, domains and teams with their owners.
//!
//! Format: <https://docs.cortex.io/ingesting-data-into-cortex/entities-overview/entities>.

use super::catalog_entry::{account, below, by_value, in_repository};
use super::{Reader, tree};
use crate::model::{
    CatalogEntity, CatalogSource, Document, Facts, Owner, Probe, Problem, ProblemKind, Str, Team,
    Tie,
};
use std::collections::BTreeSet;

const NAME: &str = "cortex";
const TAG: &str = "x-cortex-tag";
/// How deep the infrastructure of an entity is searched for ARNs.
const MAX_DEPTH: usize = 8;

/// Reads `cortex.yaml` and what else describes entities of Cortex.
#[derive(Debug)]
pub struct Cortex;

impl Reader for Cortex {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        !probe.binary && probe.has_extension(&["yaml", "yml"]) && probe.head_contains(TAG)
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        for read in tree::documents(document.bytes) {
            match read {
                Ok(node) => descriptor(&node, document, &mut facts, &mut problems),
                Err(error) => problems.push(error.problem(document, NAME)),
            }
        }
        if !facts.catalog.is_empty() {
            facts.sources.push(("catalog".into(), "*".into()));
        }
        if !facts.teams.is_empty() {
            facts.sources.push(("roster".into(), "*".into()));
        }
        (facts, problems)
    }
}

fn descriptor(
    node: &tree::Node,
    document: &Document<'_>,
    facts: &mut Facts,
    problems: &mut Vec<Problem>,
) {
    let Some(info) = node.get("info") else {
        return;
    };
    let tag = info.str(TAG).or_else(|| node.str(TAG));
    let Some(tag) = tag.filter(|tag| !tag.contains("{{")) else {
        return;
    };
    let sort = info.str("x-cortex-type").unwrap_or("service");
    if sort == "team" || info.get("x-cortex-team").is_some() {
        facts.teams.push(team(info, tag, document));
        return;
    }
    let listed = info.get("x-cortex-owners");
    let owners = owners(listed);
    if owners.is_empty() && listed.is_some_and(|listed| !listed.items().is_empty()) {
        problems.push(Problem {
            path: document.origin.path.clone(),
            line: listed.map(|listed| listed.line.max(1)),
            column: None,
            kind: ProblemKind::Note,
            reader: NAME,
            message: "the owners are chat channels or nobody: they name no party".into(),
        });
    }
    // A whole may name its parts.
    for child in info.list("x-cortex-children") {
        let Some(child) = child.str("tag").or_else(|| child.text()) else {
            continue;
        };
        facts.catalog.push(CatalogEntity {
            source: CatalogSource::Cortex,
            reference: child.to_lowercase().into(),
            kind: "".into(),
            name: child.into(),
            owners: Vec::new(),
            parents: vec![tag.to_lowercase().into()],
            ties: BTreeSet::new(),
            evidence: document.at_line(NAME, info.line.max(1)),
        });
    }
    let first = listed.and_then(|listed| listed.items().first());
    let parents = ["x-cortex-parents", "x-cortex-domain-parents"];
    let parents = parents.into_iter().flat_map(|key| info.list(key));
    facts.catalog.push(CatalogEntity {
        source: CatalogSource::Cortex,
        reference: tag.to_lowercase().into(),
        kind: sort.into(),
        name: tag.into(),
        owners,
        parents: parents
            .filter_map(|parent| parent.str("tag").or_else(|| parent.text()))
            .map(|tag| tag.to_lowercase().into())
            .collect(),
        ties: ties(info, (tag, sort), document),
        evidence: document.at_line(NAME, first.map_or(info.line, |first| first.line).max(1)),
    });
}

/// Groups first: a team answers for longer than a person.
fn owners(listed: Option<&tree::Node>) -> Vec<Str> {
    let listed = listed.map_or(&[][..], tree::Node::items);
    let of = |sort: &'static str| {
        listed.iter().filter(move |owner| {
            owner
                .str("type")
                .is_some_and(|t| t.eq_ignore_ascii_case(sort))
        })
    };
    let groups = of("group").filter_map(|owner| {
        let name = owner.str("name")?;
        // `acme/payments` of GitHub, a name of a directory or of Cortex itself.
        Some(Str::from(match name.contains('@') {
            true => name.to_owned(),
            false => format!("team:{name}"),
        }))
    });
    let people = of("email").filter_map(|owner| Some(owner.str("email")?.into()));
    groups.chain(people).collect()
}

fn ties(info: &tree::Node, (tag, sort): (&str, &str), document: &Document<'_>) -> BTreeSet<Tie> {
    let mut ties = BTreeSet::new();
    if let Some(infrastructure) = info.get("x-cortex-infra") {
        arns(infrastructure, 0, &mut ties);
    }
    if let Some(pagerduty) = info.at(&["x-cortex-oncall", "pagerduty"])
        && pagerduty.str("type").is_none_or(|t| t == "SERVICE")
    {
        let id = pagerduty.str("id");
        ties.extend(id.map(|id| Tie::Id(format!("pagerduty:{id}").into())));
    }
    for controller in info
        .get("x-cortex-k8s")
        .map_or(&[][..], tree::Node::entries)
        .iter()
        .flat_map(|(_, list)| list.items())
    {
        // `namespace/name`, or the two apart.
        let identifier = controller.str("identifier").unwrap_or_default();
        let (namespace, name) = match identifier.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (controller.str("namespace"), identifier),
        };
        if name.is_empty() {
            continue;
        }
        ties.insert(Tie::KubernetesId(name.into()));
        ties.extend(namespace.map(|namespace| match controller.str("cluster") {
            Some(cluster) => Tie::Container(format!("k8s:{cluster}/{namespace}").into()),
            None => Tie::Namespace(namespace.into()),
        }));
    }
    let mut at_home = true;
    for (key, host) in [
        ("github", "github.com"),
        ("gitlab", "gitlab.com"),
        ("bitbucket", "bitbucket.org"),
    ] {
        let Some(repository) = info.at(&["x-cortex-git", key]) else {
            continue;
        };
        let folder = repository.str("basepath").unwrap_or_default();
        let Some(path) = repository.str("repository").filter(|p| p.contains('/')) else {
            continue;
        };
        let tie = in_repository(&format!("{host}/{path}"), folder);
        // Descriptors may be kept together in a repository of their own.
        let here = document.origin.repository.as_ref();
        let here = here.and_then(|r| r.remote.as_deref());
        at_home &= here.is_none_or(
            |here| matches!(&tie, Tie::Repository(slug) if slug.split("//").next() == Some(here)),
        );
        ties.insert(tie);
    }
    if sort == "domain" {
        return ties;
    }
    let name = document.origin.file_name();
    if at_home && matches!(name, "cortex.yaml" | "cortex.yml") {
        ties.insert(below(document));
    }
    if let Some(definition) = info.at(&["x-cortex-definition", "account_id"]) {
        ties.extend(
            definition
                .text()
                .filter(|_| sort.contains("account"))
                .and_then(account),
        );
    }
    ties.insert(Tie::Name(tag.into()));
    ties
}

/// The ARNs below a node.
fn arns(node: &tree::Node, depth: usize, ties: &mut BTreeSet<Tie>) {
    if depth > MAX_DEPTH {
        return;
    }
    if let Some(text) = node.text() {
        by_value(text, ties);
    }
    let entries = node.entries().iter().map(|(_, value)| value);
    for inner in entries.chain(node.items()) {
        arns(inner, depth + 1, ties);
    }
}

fn team(info: &tree::Node, tag: &str, document: &Document<'_>) -> Team {
    let described = info.get("x-cortex-team");
    let groups = described.map_or(&[][..], |team| team.list("groups"));
    let members = described.and_then(|team| team.get("members"));
    let title = info.str("title").and_then(Owner::parse);
    let groups = groups.iter().filter_map(|group| group.str("name"));
    let names = [tag]
        .into_iter()
        .chain(groups)
        .map(|n| n.to_lowercase().into());
    let children = info.list("x-cortex-children").iter();
    let children: Vec<Str> = children
        .filter_map(|child| child.str("tag"))
        .map(|child| format!("group:{}", child.to_lowercase()).into())
        .collect();
    let people = members.map_or(&[][..], tree::Node::items).iter();
    let people = people
        .filter_map(|member| member.str("email").or_else(|| member.str("name")))
        .map(|member| Str::from(member.to_lowercase()));
    let listed = members.is_some() || !children.is_empty();
    Team {
        names: names
            .chain(title.map(|title| Str::from(title.name())))
            .collect(),
        members: listed.then(|| people.chain(children).collect()),
        ..Team::new(document.at_line(NAME, info.line.max(1)))
    }
}
