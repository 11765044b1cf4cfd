//! A platform's own catalogue of environments: one JSON file for each application, with its tags, its
//! environments (an account each) and who may enter them.
//!
//! Such a file is any JSON object with `environments[]` and an owner in `tags` or in `codeowners[]`. The
//! accounts are called `<file>-<environment>`, the code stands in a folder `environments/<file>`.

use super::Reader;
use super::catalog_entry::{account, directory, in_repository};
use super::tree::{Node, Value};
use crate::model::{CatalogEntity, CatalogSource, Document, Facts, Probe, Problem, Str, Tie};
use crate::platform::located;
use std::collections::BTreeSet;

const NAME: &str = "environments";
/// Tags that name who answers, the most accountable first; without case and separators.
const OWNER_TAGS: [&str; 8] = [
    "owner",
    "owners",
    "serviceowner",
    "team",
    "teamname",
    "infrastructuresupport",
    "support",
    "contact",
];
/// Members that list repositories.
const REPOSITORIES: [&str; 4] = [
    "github-oidc-team-repositories",
    "repositories",
    "repository",
    "source-code",
];
/// Members that hold an account's id.
const ACCOUNTS: [&str; 6] = [
    "account-id",
    "account_id",
    "accountId",
    "project-id",
    "project_id",
    "subscription-id",
];

/// Reads catalogues of environments.
#[derive(Debug)]
pub struct Environments;

impl Reader for Environments {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        probe.has_extension(&["json"])
            && !probe.binary
            && probe.head_contains("\"environments\"")
            && (probe.head_contains("\"tags\"")
                || probe.head_contains("\"codeowners\"")
                || probe.head_contains("\"access\""))
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let node = match located::json(document.bytes) {
            Ok(node) => node,
            // Many a file has members of these names; only one that stands where such do is broken.
            Err(error) => {
                let mut folders = directory(document.origin).trim_end_matches('/').rsplit('/');
                let ours = folders.next() == Some("environments");
                let problems = ours.then(|| error.problem(document, NAME));
                return (facts, problems.into_iter().collect());
            }
        };
        let environments = node.list("environments");
        let known = node.get("tags").is_some() || node.get("codeowners").is_some();
        if environments.is_empty() || !known || !environments.iter().any(|e| name_of(e).is_some()) {
            return (facts, Vec::new());
        }
        facts.catalog = application(&node, document);
        facts.sources.push(("catalog".into(), "*".into()));
        (facts, Vec::new())
    }
}

fn name_of(environment: &Node) -> Option<&str> {
    let name = environment.str("name").or_else(|| environment.text());
    name.filter(|name| !name.trim().is_empty())
}

fn application(node: &Node, document: &Document<'_>) -> Vec<CatalogEntity> {
    let file = document.origin.file_name();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let owners = owners(node);
    let reference: Str = format!("application:{}", stem.to_lowercase()).into();
    let mut entities = vec![CatalogEntity {
        source: CatalogSource::Environments,
        reference: reference.clone(),
        kind: "application".into(),
        name: stem.into(),
        owners: texts(&owners),
        parents: Vec::new(),
        ties: ties(node, stem, document),
        evidence: document.at_line(NAME, line(&owners, node)),
    }];
    for environment in node.list("environments") {
        let Some(name) = name_of(environment) else {
            continue;
        };
        let name = format!("{stem}-{name}");
        let own = self::owners(environment);
        let mut ties = BTreeSet::from([Tie::Name(name.as_str().into())]);
        let ids = ACCOUNTS.iter().filter_map(|key| environment.str(key));
        ties.extend(ids.filter_map(account));
        entities.push(CatalogEntity {
            source: CatalogSource::Environments,
            reference: format!("environment:{}", name.to_lowercase()).into(),
            kind: "environment".into(),
            name: name.into(),
            owners: texts(&own),
            parents: vec![reference.clone()],
            ties,
            evidence: document.at_line(NAME, line(&own, environment)),
        });
    }
    entities
}

/// The owners in the tags, then the owners of the code.
fn owners(node: &Node) -> Vec<&Node> {
    let plain = |key: &str| -> String {
        let letters = key.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let tags = node.get("tags").map_or(&[][..], Node::entries);
    let tagged = OWNER_TAGS.iter().flat_map(|wanted| {
        tags.iter()
            .filter(move |(key, _)| plain(key) == *wanted)
            .flat_map(|(_, value)| values(value))
    });
    let code = node.get("codeowners").into_iter().flat_map(values);
    tagged
        .chain(code)
        .filter(|owner| owner.text().is_some_and(|text| !text.trim().is_empty()))
        .collect()
}

fn values(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::List(items) => items.iter().collect(),
        _ => vec![node],
    }
}

fn texts(owners: &[&Node]) -> Vec<Str> {
    owners
        .iter()
        .filter_map(|o| o.text())
        .map(Str::from)
        .collect()
}

fn line(owners: &[&Node], node: &Node) -> u32 {
    owners.first().map_or(node.line, |owner| owner.line).max(1)
}

/// Where the application's code stands, and which repositories act for it.
fn ties(node: &Node, stem: &str, document: &Document<'_>) -> BTreeSet<Tie> {
    let here = directory(document.origin);
    let mut ties = BTreeSet::from([
        Tie::Directory(format!("{here}{stem}/").into()),
        Tie::Folder(format!("environments/{stem}").into()),
    ]);
    let organization = (document.origin.repository.as_ref())
        .and_then(|repository| repository.remote.as_deref())
        .and_then(|remote| remote.rsplit_once('/'))
        .map_or("github.com", |(organization, _)| organization);
    let host = organization.split('/').next().unwrap_or(organization);
    for repository in REPOSITORIES
        .iter()
        .filter_map(|key| node.get(key))
        .flat_map(values)
    {
        let Some(name) = repository
            .text()
            .map(str::trim)
            .filter(|name| !name.is_empty())
        else {
            continue;
        };
        if let Some(tie) = super::catalog_entry::of_address(name) {
            ties.insert(tie);
            continue;
        }
        // `owner/name`, with what of it may sign in behind a colon.
        let path = name.strip_prefix("repo:").unwrap_or(name);
        let path = path.split(':').next().unwrap_or(path);
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        if path.split('/').count() == 2 && path.chars().all(plain) {
            ties.insert(in_repository(&format!("{host}/{path}"), ""));
        }
    }
    ties
}
