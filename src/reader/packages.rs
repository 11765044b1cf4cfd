//! Manifests of packages and charts, which name authors and maintainers: a hint at who looks after what stands
//! beside them, and no more.
//!
//! These files are everywhere, so whether one is read is decided by its name alone. Those of other people's
//! packages, kept in a tree as they were fetched, say nothing about whose its identities are.

mod texts;

use super::Reader;
use super::catalog_entry::{below, documents};
use super::tree::Node;
use crate::model::{CatalogEntity, CatalogSource, Document, Facts, Probe, Problem, Str};
use std::collections::BTreeSet;

const NAME: &str = "packages";
/// No manifest that people keep is larger.
const LIMIT: usize = 256 * 1024;
/// How many people one manifest suggests.
const MAX_PEOPLE: usize = 8;
/// Folders that hold what others wrote.
const VENDORED: [&str; 12] = [
    "node_modules",
    "vendor",
    "vendored",
    "third_party",
    "third-party",
    "thirdparty",
    "site-packages",
    "dist-packages",
    "bower_components",
    ".terraform",
    "external",
    "Godeps",
];

/// What sort of manifest a file is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manifest {
    Chart,
    Npm,
    Cargo,
    Pyproject,
    SetupCfg,
    Composer,
    Maven,
}

impl Manifest {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "Chart.yaml" => Self::Chart,
            "package.json" => Self::Npm,
            "Cargo.toml" => Self::Cargo,
            "pyproject.toml" => Self::Pyproject,
            "setup.cfg" => Self::SetupCfg,
            "composer.json" => Self::Composer,
            "pom.xml" => Self::Maven,
            _ => return None,
        })
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Chart => "chart",
            Self::Npm => "npm",
            Self::Cargo => "cargo",
            Self::Pyproject | Self::SetupCfg => "python",
            Self::Composer => "composer",
            Self::Maven => "maven",
        }
    }
}

/// Who a manifest names, and where.
#[derive(Debug, Default, PartialEq, Eq)]
struct Named {
    /// The package.
    name: Option<String>,
    /// As written, the most responsible first, with the line.
    people: Vec<(String, u32)>,
}

impl Named {
    fn add(&mut self, person: Option<String>, line: u32) {
        let Some(person) = person else { return };
        let person = person.trim();
        let new = !self.people.iter().any(|(known, _)| known == person);
        if !person.is_empty() && new && self.people.len() < MAX_PEOPLE {
            self.people.push((person.to_owned(), line));
        }
    }
}

/// Reads manifests of packages and charts.
#[derive(Debug)]
pub struct Packages;

impl Reader for Packages {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        Manifest::of(probe.origin.file_name()).is_some()
            && !probe.binary
            && probe.origin.archive.is_none()
            && !is_vendored(&probe.origin.path)
    }

    fn unlimited(&self) -> bool {
        false
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let manifest = Manifest::of(document.origin.file_name());
        let Some(manifest) = manifest.filter(|_| document.bytes.len() <= LIMIT) else {
            return (facts, Vec::new());
        };
        // That a manifest is broken is its own tool's business to say.
        let named = match manifest {
            Manifest::Chart => chart(document),
            Manifest::Npm => npm(document),
            Manifest::Composer => composer(document),
            Manifest::Cargo => texts::cargo(document.bytes),
            Manifest::Pyproject => texts::pyproject(document.bytes),
            Manifest::SetupCfg => texts::setup_cfg(document.bytes),
            Manifest::Maven => texts::maven(document.bytes),
        };
        let Some(&(_, line)) = named.people.first() else {
            return (facts, Vec::new());
        };
        let kind = manifest.kind();
        let name = named.name.unwrap_or_else(|| "package".to_owned());
        facts.catalog.push(CatalogEntity {
            source: CatalogSource::Package,
            reference: format!("{kind}:{}", name.to_lowercase()).into(),
            kind: kind.into(),
            name: name.into(),
            owners: named
                .people
                .into_iter()
                .map(|(p, _)| Str::from(p))
                .collect(),
            parents: Vec::new(),
            ties: BTreeSet::from([below(document)]),
            evidence: document.at_line(NAME, line.max(1)),
        });
        (facts, Vec::new())
    }
}

fn is_vendored(path: &str) -> bool {
    path.split('/').any(|part| VENDORED.contains(&part))
}

fn chart(document: &Document<'_>) -> Named {
    let mut named = Named::default();
    if let Some(Ok(node)) = documents(document).first() {
        named.name = node.str("name").map(str::to_owned);
        for maintainer in node.list("maintainers") {
            named.add(person(maintainer), maintainer.line);
        }
    }
    named
}

fn npm(document: &Document<'_>) -> Named {
    let mut named = Named::default();
    if let Some(Ok(node)) = documents(document).first() {
        named.name = node.str("name").map(str::to_owned);
        for key in ["maintainers", "author", "authors", "contributors"] {
            let Some(people) = node.get(key) else {
                continue;
            };
            for one in std::slice::from_ref(people).iter().chain(people.items()) {
                named.add(person(one), one.line);
            }
        }
    }
    named
}

fn composer(document: &Document<'_>) -> Named {
    let mut named = Named::default();
    if let Some(Ok(node)) = documents(document).first() {
        named.name = node.str("name").map(str::to_owned);
        for author in node.list("authors") {
            named.add(person(author), author.line);
        }
    }
    named
}

/// `Jane Doe <jane@example.com> (https://…)`, or the same in members.
fn person(node: &Node) -> Option<String> {
    if let Some(text) = node.text() {
        let text = text.split(" (").next().unwrap_or(text);
        return Some(text.to_owned());
    }
    let (name, mail) = (node.str("name"), node.str("email"));
    let url = node.str("url").or_else(|| node.str("homepage"));
    spelled(name, mail, url)
}

/// One spelling of a person of whom a manifest tells these. A page on a forge is a login there.
fn spelled(name: Option<&str>, mail: Option<&str>, url: Option<&str>) -> Option<String> {
    let login = url.and_then(|url| {
        let login = url.split("://github.com/").nth(1)?.trim_end_matches('/');
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (!login.is_empty() && login.chars().all(plain)).then_some(login)
    });
    match (name, mail.filter(|mail| mail.contains('@')), login) {
        (Some(name), Some(mail), _) if !name.contains('@') => Some(format!("{name} <{mail}>")),
        (_, Some(mail), _) => Some(mail.to_owned()),
        (_, None, Some(login)) => Some(format!("@{login}")),
        (name, None, None) => name.map(str::to_owned),
    }
}
