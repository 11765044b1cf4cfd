//! Kustomizations: overlays with what they take in, put together as kustomize would.

use super::tree::Node;
use super::{NAME, Sink};
use crate::model::{Document, Facts, Presence, Probe, Problem, Str};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod applied;
mod build;
mod edit;
mod estate;
mod generate;
mod graph;
mod json_patch;
mod merge;
mod plugin;
mod references;
mod remote;
mod replace;
mod resource;
mod select;
mod transform;

use applied::Applied;
use build::Build;
use estate::Estate;
use graph::Root;
use resource::Resource;

/// How many nodes all builds may take in together, and how many each may at least.
const BUDGET: usize = 60_000_000;
const LEAST: usize = 20_000;
/// The same of kustomizations.
const VISITS: usize = 1_000_000;
const LEAST_VISITS: usize = 300;

/// Whether a file of this name is a kustomization.
fn is_kustomization(name: &str) -> bool {
    matches!(
        name,
        "kustomization.yaml" | "kustomization.yml" | "Kustomization"
    )
}

/// Whether a file that is no manifest may be part of a kustomization: the kustomization itself, a JSON patch,
/// replacements, a transformer configuration.
pub(super) fn accepts(probe: &Probe<'_>) -> bool {
    if probe.binary {
        return false;
    }
    if is_kustomization(probe.origin.file_name()) {
        return true;
    }
    if !probe.has_extension(&["yaml", "yml", "json"]) {
        return false;
    }
    let head = probe.head.trim_ascii_start();
    let operations = head.starts_with(b"- ")
        || head.starts_with(b"[")
        || head.starts_with(b"#")
        || head.starts_with(b"---");
    operations && probe.head_contains("op") && probe.head_contains("path") && is_patch(probe)
        || probe.head_contains("fieldPaths")
        || probe.head_contains("nameReference") && probe.head_contains("fieldSpecs")
}

/// Whether a head has an operation of a JSON patch.
fn is_patch(probe: &Probe<'_>) -> bool {
    let operations: [&[u8]; 6] = [b"add", b"remove", b"replace", b"move", b"copy", b"test"];
    let head = probe.head;
    memchr::memmem::find_iter(head, b"op").any(|at| {
        let rest = head.get(at + 2..).unwrap_or_default();
        let quote: &[u8] = b"\"' \t";
        let skipped = rest.iter().take_while(|b| quote.contains(b)).count();
        let Some(rest) = rest.get(skipped..).and_then(|rest| rest.strip_prefix(b":")) else {
            return false;
        };
        let skipped = rest.iter().take_while(|b| quote.contains(b)).count();
        let rest = rest.get(skipped..).unwrap_or_default();
        operations
            .iter()
            .any(|operation| rest.starts_with(operation))
    })
}

/// What is put together from a kustomization that no other takes in.
pub(super) struct Overlay<'d> {
    estate: Arc<Estate<'d>>,
    root: Root,
    budget: usize,
    visits: usize,
}

/// Takes out of the documents the kustomizations, and the files that they take in.
pub(super) fn overlays<'d>(
    documents: Vec<&'d Document<'d>>,
) -> (Vec<Overlay<'d>>, Vec<&'d Document<'d>>) {
    let estate = Arc::new(Estate::new(documents));
    let (roots, taken) = graph::roots(&estate);
    let rest = estate
        .documents
        .iter()
        .enumerate()
        .filter(|(index, _)| !taken.contains(index))
        .map(|(_, document)| *document)
        .collect();
    let budget = (BUDGET / roots.len().max(1)).max(LEAST);
    let visits = (VISITS / roots.len().max(1)).clamp(LEAST_VISITS, 20_000);
    let overlays = roots
        .into_iter()
        .map(|root| Overlay {
            estate: Arc::clone(&estate),
            root,
            budget,
            visits,
        })
        .collect();
    (overlays, rest)
}

/// What an overlay states once it is put together.
pub(super) fn read(overlay: &Overlay<'_>) -> (Facts, Vec<Problem>) {
    let estate = &*overlay.estate;
    let mut build = Build::new(estate, overlay.budget, overlay.visits);
    let root = &overlay.root;
    let mut resources = match root.kustomization {
        Some(index) => build.root(index, root.applied.as_ref()),
        None => build.directory(&root.files, &root.inner, root.applied.as_ref()),
    };
    build.finish(&mut resources);
    if let Some(applied) = &root.applied {
        applied.finish(&mut resources);
    }
    let mut facts = Facts::default();
    let mut problems = std::mem::take(&mut build.problems);
    let mut by_file: BTreeMap<usize, Vec<Resource>> = BTreeMap::new();
    for resource in resources {
        by_file.entry(resource.file).or_default().push(resource);
    }
    let built = root
        .kustomization
        .map(|index| format!("kustomization {}", estate.path(index)));
    let first = root.kustomization.or(root.files.first().copied());
    let home = first.and_then(|index| estate.documents.get(index));
    let cluster = match &root.applied {
        Some(Applied {
            cluster: Some(cluster),
            ..
        }) => Some(Str::clone(cluster)),
        _ => home.and_then(|document| document.origin.cluster.clone()),
    };
    for (file, resources) in by_file {
        let Some(document) = estate.documents.get(file) else {
            continue;
        };
        let mut sink = Sink::new(document);
        sink.others = &estate.documents;
        sink.cluster = cluster.clone();
        for resource in &resources {
            let before = sink.facts.identities.len();
            sink.document(&resource.node, &resource.pointer, None);
            generate::credentials(&mut sink, resource);
            let new = sink.facts.identities.get_mut(before..).unwrap_or_default();
            for identity in new {
                // What only names an identity says nothing of how that came to be.
                if !identity.presence.iter().all(|p| *p == Presence::Referenced) {
                    let lines = resource
                        .derivation
                        .iter()
                        .map(|line| Str::from(line.as_str()));
                    identity
                        .derivation
                        .extend(lines.chain(built.as_deref().map(Str::from)));
                }
            }
        }
        let (read, trouble) = sink.finish();
        facts.append(read);
        problems.extend(trouble);
    }
    let read: BTreeSet<usize> = root.files.iter().copied().collect();
    for file in read {
        problems.extend(unreadable(estate, file));
    }
    (facts, problems)
}

/// What in a file that is part of a build could not be read.
fn unreadable(estate: &Estate<'_>, file: usize) -> Vec<Problem> {
    let Some(document) = estate.documents.get(file) else {
        return Vec::new();
    };
    let broken = estate
        .parts(file)
        .iter()
        .filter_map(|part| part.as_ref().err());
    let mut sink = Sink::new(document);
    for error in broken {
        sink.broken(error.clone());
    }
    sink.finish().1
}
