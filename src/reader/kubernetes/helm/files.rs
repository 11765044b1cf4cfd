//! Which files belong to which chart.

use super::super::tree::{self, Node};
use super::release::{self, Release};
use crate::model::{Document, Probe};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The files of one chart, without those of charts inside it.
pub(super) struct Files<'d> {
    /// The chart's directory; empty where it is the place that paths begin at.
    pub(super) dir: String,
    /// The name in `Chart.yaml`.
    pub(super) name: String,
    /// Whether it only lends its definitions to others.
    pub(super) library: bool,
    pub(super) meta: &'d Document<'d>,
    pub(super) requirements: Option<&'d Document<'d>>,
    pub(super) values: Option<&'d Document<'d>>,
    /// Other files of values, by their path in the chart.
    pub(super) variants: Vec<(String, &'d Document<'d>)>,
    /// Templates by their path in the chart.
    pub(super) templates: Vec<(String, &'d Document<'d>)>,
    /// What else was read, by its path in the chart.
    pub(super) others: Vec<(String, &'d Document<'d>)>,
    /// Charts in its `charts` folder.
    pub(super) children: Vec<usize>,
    pub(super) child: bool,
}

/// All charts of a scan.
pub(super) struct Estate<'d> {
    pub(super) charts: Vec<Files<'d>>,
    pub(super) by_dir: BTreeMap<String, usize>,
    /// Files that may hold values, by path.
    pub(super) values: BTreeMap<&'d str, &'d Document<'d>>,
}

/// One chart that is read, with how it is released.
pub(in super::super) struct Chart<'d> {
    pub(super) estate: Arc<Estate<'d>>,
    pub(super) index: usize,
    pub(super) releases: Vec<Release>,
}

/// Whether a file may belong to a chart, as its path tells.
pub(in super::super) fn claims(probe: &Probe<'_>) -> bool {
    let path = probe.origin.path.as_ref();
    let name = probe.origin.file_name();
    if probe.binary {
        return false;
    }
    matches!(name, "Chart.yaml" | "requirements.yaml")
        || is_yaml(name) && (is_values(path, name) || in_templates(path))
        || name.ends_with(".tpl") && in_templates(path)
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

fn in_templates(path: &str) -> bool {
    path.starts_with("templates/") || path.contains("/templates/")
}

/// Whether a file holds values, as its name or its folder says.
fn is_values(path: &str, name: &str) -> bool {
    let folder = path.rsplit('/').nth(1).unwrap_or_default();
    name.to_ascii_lowercase().contains("values")
        || matches!(
            folder,
            "environments" | "environment" | "envs" | "env" | "values"
        )
}

/// Takes the files of charts out of the documents.
pub(in super::super) fn charts<'d>(
    documents: &'d [Document<'d>],
) -> (Vec<Chart<'d>>, Vec<&'d Document<'d>>) {
    let mut found: BTreeMap<String, (&Document<'_>, Node)> = BTreeMap::new();
    for document in documents {
        if document.origin.file_name() == "Chart.yaml"
            && !in_templates(&document.origin.path)
            && let Some(Ok(node)) = tree::documents(document.bytes).into_iter().next()
            && node.str("name").is_some()
        {
            let dir = document.origin.path.strip_suffix("Chart.yaml");
            let dir = dir.unwrap_or_default().trim_end_matches('/').to_owned();
            found.insert(dir, (document, node));
        }
    }
    if found.is_empty() {
        return (Vec::new(), documents.iter().collect());
    }
    let mut charts = Vec::new();
    let mut by_dir = BTreeMap::new();
    for (dir, (meta, node)) in found {
        by_dir.insert(dir.clone(), charts.len());
        charts.push(Files {
            name: node.str("name").unwrap_or_default().to_owned(),
            library: node.str("type") == Some("library"),
            dir,
            meta,
            requirements: None,
            values: None,
            variants: Vec::new(),
            templates: Vec::new(),
            others: Vec::new(),
            children: Vec::new(),
            child: false,
        });
    }
    let rest = sort(documents, &mut charts, &by_dir);
    for index in 0..charts.len() {
        let parent = charts
            .get(index)
            .and_then(|chart| parent(&chart.dir))
            .and_then(|dir| by_dir.get(dir).copied());
        if let Some(parent) = parent.filter(|parent| *parent != index) {
            if let Some(chart) = charts.get_mut(index) {
                chart.child = true;
            }
            if let Some(parent) = charts.get_mut(parent) {
                parent.children.push(index);
            }
        }
    }
    let values = documents
        .iter()
        .filter(|document| is_yaml(document.origin.file_name()))
        .map(|document| (document.origin.path.as_ref(), document))
        .collect();
    let estate = Arc::new(Estate {
        charts,
        by_dir,
        values,
    });
    let mut releases = release::releases(&rest, &estate);
    let charts = (0..estate.charts.len())
        .filter(|index| estate.charts.get(*index).is_some_and(|chart| !chart.child))
        .map(|index| Chart {
            estate: Arc::clone(&estate),
            index,
            releases: releases.remove(&index).unwrap_or_default(),
        })
        .collect();
    (charts, rest)
}

/// Hands each document to the chart around it; gives back those that no chart reads.
fn sort<'d>(
    documents: &'d [Document<'d>],
    charts: &mut [Files<'d>],
    by_dir: &BTreeMap<String, usize>,
) -> Vec<&'d Document<'d>> {
    let dirs: BTreeSet<&str> = by_dir.keys().map(String::as_str).collect();
    let mut rest = Vec::new();
    for document in documents {
        let path = document.origin.path.as_ref();
        let mut dir = path;
        let around = loop {
            match dir.rsplit_once('/') {
                Some((up, _)) => dir = up,
                None if dir.is_empty() => break None,
                None => dir = "",
            }
            if dirs.contains(dir) {
                break Some(dir);
            }
        };
        let chart = around
            .and_then(|dir| by_dir.get(dir))
            .and_then(|index| charts.get_mut(*index));
        let Some(chart) = chart else {
            rest.push(document);
            continue;
        };
        let inside = path
            .get(chart.dir.len()..)
            .unwrap_or_default()
            .trim_start_matches('/')
            .to_owned();
        let name = document.origin.file_name();
        match inside.as_str() {
            "Chart.yaml" => {}
            "requirements.yaml" => chart.requirements = Some(document),
            "values.yaml" => chart.values = Some(document),
            _ if inside.starts_with("templates/") => chart.templates.push((inside, document)),
            _ => {
                chart.others.push((inside.clone(), document));
                let top = inside.split('/').next().unwrap_or_default();
                let tests = matches!(top, "ci" | "tests" | "test" | "crds" | "examples");
                if is_yaml(name) && is_values(&inside, name) && !tests {
                    chart.variants.push((inside, document));
                } else {
                    rest.push(document);
                }
            }
        }
    }
    rest
}

/// The chart that a directory is a subchart of: `<parent>/charts/<name>`, also packed as
/// `<parent>/charts/<name>-1.2.3.tgz!/<name>`.
fn parent(dir: &str) -> Option<&str> {
    let (parent, inside) = match dir.strip_prefix("charts/") {
        Some(inside) if !inside.contains("/charts/") => ("", inside),
        _ => dir.rsplit_once("/charts/")?,
    };
    let packed = inside
        .split_once(".tgz!/")
        .is_some_and(|(file, rest)| !file.contains('/') && !rest.contains('/'));
    (packed || !inside.contains('/')).then_some(parent)
}
