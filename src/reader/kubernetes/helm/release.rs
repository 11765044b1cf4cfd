//! Who installs a chart, and with which values: `HelmRelease` of Flux, `Application` of Argo CD, `helmCharts` of kustomize.

use super::super::tree::{self, Node};
use super::files::Estate;
use super::values::joined;
use crate::model::Document;
use std::collections::BTreeMap;

/// One way in which a chart is installed.
#[derive(Clone)]
pub(super) struct Release {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    /// Whose values: `HelmRelease payments/api`.
    pub(super) said_by: String,
    /// Values, the later over the earlier.
    pub(super) values: Vec<Node>,
    /// Single values by path, over all.
    pub(super) parameters: Vec<(String, String, bool)>,
}

/// The releases that documents declare, by the chart that they are of.
pub(super) fn releases(
    documents: &[&Document<'_>],
    estate: &Estate<'_>,
) -> BTreeMap<usize, Vec<Release>> {
    let mut found: BTreeMap<usize, Vec<Release>> = BTreeMap::new();
    for document in documents {
        let mentions = |text: &str| memchr::memmem::find(document.bytes, text.as_bytes()).is_some();
        if mentions("helmCharts") {
            for (chart, release) in kustomization(document, estate) {
                let all = found.entry(chart).or_default();
                if all.len() < 32 {
                    all.push(release);
                }
            }
        }
        let application = mentions("argoproj.io") && mentions("Application");
        if !application && !mentions("HelmRelease") {
            continue;
        }
        for node in tree::documents(document.bytes).into_iter().flatten() {
            let group = node.str("apiVersion").unwrap_or_default();
            let group = group.split('/').next().unwrap_or_default();
            let read = match (group, node.str("kind")) {
                ("helm.toolkit.fluxcd.io", Some("HelmRelease")) => flux(&node, document, estate),
                ("argoproj.io", Some("Application")) => argo(&node, document, estate),
                _ => continue,
            };
            if let Some((chart, release)) = read {
                let all = found.entry(chart).or_default();
                if all.len() < 32 {
                    all.push(release);
                }
            }
        }
    }
    found
}

fn flux(node: &Node, document: &Document<'_>, estate: &Estate<'_>) -> Option<(usize, Release)> {
    let spec = node.get("spec")?;
    let chart = spec.at(&["chart", "spec"])?;
    if chart
        .at(&["sourceRef", "kind"])
        .and_then(Node::text)
        .is_some_and(|kind| kind == "HelmRepository")
    {
        return None;
    }
    let index = local(chart.str("chart")?, document, estate)?;
    let (name, namespace) = named(node)?;
    let target = spec.str("targetNamespace").map(str::to_owned);
    let release = match (spec.str("releaseName"), &target) {
        (Some(name), _) => name.to_owned(),
        (None, Some(target)) => format!("{target}-{name}"),
        (None, None) => name.to_owned(),
    };
    let files = chart.strings("valuesFiles");
    let mut values: Vec<Node> = files
        .iter()
        .filter_map(|file| {
            // Such paths are those of the repository.
            let place = local_file(file, document, estate)?;
            estate
                .values
                .get(place.as_str())
                .and_then(|file| first(file.bytes))
        })
        .collect();
    values.extend(spec.get("values").cloned());
    let whose = namespace.map_or_else(String::new, |namespace| format!("{namespace}/"));
    Some((
        index,
        Release {
            name: release,
            namespace: target.or_else(|| namespace.map(str::to_owned)),
            said_by: format!("HelmRelease {whose}{name}"),
            values,
            parameters: Vec::new(),
        },
    ))
}

fn argo(node: &Node, document: &Document<'_>, estate: &Estate<'_>) -> Option<(usize, Release)> {
    let spec = node.get("spec")?;
    let sources = spec.get("source").into_iter().chain(spec.list("sources"));
    let (name, _) = named(node)?;
    for source in sources {
        let Some(path) = source.str("path") else {
            continue;
        };
        let Some(index) = local(path, document, estate) else {
            continue;
        };
        let dir = estate.charts.get(index).map(|chart| chart.dir.as_str())?;
        let helm = source.get("helm");
        let mut values = Vec::new();
        let files = helm.map(|helm| helm.strings("valueFiles"));
        for file in files.unwrap_or_default() {
            let place = match file.split_once('/') {
                Some((source, rest)) if source.starts_with('$') => {
                    local_file(rest, document, estate).unwrap_or_default()
                }
                _ => joined(dir, &file),
            };
            let found = estate.values.get(place.as_str());
            values.extend(found.and_then(|file| first(file.bytes)));
        }
        if let Some(helm) = helm {
            values.extend(helm.str("values").and_then(|text| first(text.as_bytes())));
            values.extend(helm.get("valuesObject").cloned());
        }
        let parameters = helm.map_or(&[][..], |helm| helm.list("parameters"));
        let parameters = parameters.iter().filter_map(|parameter| {
            let forced = parameter.bool("forceString").unwrap_or(false);
            let value = parameter.str("value").unwrap_or_default();
            Some((parameter.str("name")?.to_owned(), value.to_owned(), forced))
        });
        let release = helm.and_then(|helm| helm.str("releaseName"));
        return Some((
            index,
            Release {
                name: release.unwrap_or(name).to_owned(),
                namespace: spec
                    .at(&["destination", "namespace"])
                    .and_then(Node::text)
                    .map(str::to_owned),
                said_by: format!("Application {name}"),
                values,
                parameters: parameters.collect(),
            },
        ));
    }
    None
}

/// `helmCharts` of a kustomization: charts that stand beside it, with values of its own.
fn kustomization(document: &Document<'_>, estate: &Estate<'_>) -> Vec<(usize, Release)> {
    let name = document.origin.file_name();
    if !matches!(
        name,
        "kustomization.yaml" | "kustomization.yml" | "Kustomization"
    ) {
        return Vec::new();
    }
    let Some(node) = first(document.bytes) else {
        return Vec::new();
    };
    let path = &*document.origin.path;
    let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
    let home = node.at(&["helmGlobals", "chartHome"]).and_then(Node::text);
    let home = joined(dir, home.unwrap_or("charts"));
    let mut found = Vec::new();
    for entry in node.list("helmCharts") {
        let Some(chart) = entry.str("name") else {
            continue;
        };
        let versioned = entry
            .str("version")
            .map(|version| format!("{chart}-{version}/{chart}"));
        let places = [Some(chart.to_owned()), versioned];
        let index = places
            .iter()
            .flatten()
            .find_map(|place| estate.by_dir.get(&joined(&home, place)));
        let Some(index) = index else { continue };
        let files = entry.str("valuesFile").map(str::to_owned).into_iter();
        let more = entry.strings("additionalValuesFiles");
        let files = files.chain(more.iter().map(ToString::to_string));
        let mut values: Vec<Node> = files
            .filter_map(|file| {
                let place = joined(dir, &file);
                estate
                    .values
                    .get(place.as_str())
                    .and_then(|file| first(file.bytes))
            })
            .collect();
        values.extend(entry.get("valuesInline").cloned());
        // Its own namespace is put on everything, whatever the chart's is.
        let namespace = node.str("namespace").or_else(|| entry.str("namespace"));
        found.push((
            *index,
            Release {
                name: entry.str("releaseName").unwrap_or(chart).to_owned(),
                namespace: namespace.map(str::to_owned),
                said_by: format!("kustomization {dir}"),
                values,
                parameters: Vec::new(),
            },
        ));
    }
    found
}

fn first(bytes: &[u8]) -> Option<Node> {
    tree::documents(bytes).into_iter().next()?.ok()
}

fn named(node: &Node) -> Option<(&str, Option<&str>)> {
    let metadata = node.get("metadata")?;
    let name = metadata.str("name").filter(|name| !name.contains("{{"))?;
    Some((name, metadata.str("namespace")))
}

/// The chart at a path of the repository around a document; where nothing tells the repository's root, the chart whose
/// directory ends so, if there is one only.
fn local(path: &str, document: &Document<'_>, estate: &Estate<'_>) -> Option<usize> {
    let path = joined("", path);
    if path.is_empty() || path.starts_with("..") {
        return None;
    }
    for root in roots(document) {
        if let Some(index) = estate.by_dir.get(&joined(&root, &path)) {
            return Some(*index);
        }
    }
    let end = format!("/{path}");
    let mut ends = estate
        .by_dir
        .iter()
        .filter(|(dir, _)| **dir == path || dir.ends_with(&end));
    match (ends.next(), ends.next()) {
        (Some((_, index)), None) => Some(*index),
        _ => None,
    }
}

fn local_file(path: &str, document: &Document<'_>, estate: &Estate<'_>) -> Option<String> {
    let places = roots(document).into_iter().map(|root| joined(&root, path));
    let mut places = places.filter(|place| estate.values.contains_key(place.as_str()));
    places.next()
}

/// Where paths of the repository begin: its root, and the root that the user named.
fn roots(document: &Document<'_>) -> Vec<String> {
    let origin = &document.origin;
    let repository = origin.repository.as_ref();
    let repository =
        repository.map(|repository| repository.root.trim_start_matches('.').to_owned());
    let named = origin.path.get(..origin.named).unwrap_or_default();
    repository.into_iter().chain([named.to_owned()]).collect()
}
