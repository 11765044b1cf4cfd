//! The files that were kept, by path, and read once each.

use super::edit;
use super::{NAME, Node};
use crate::model::Document;
use crate::reader::tree::{self, TreeError};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::OnceLock;

/// A document's parts as they were read.
type Parts = Vec<Result<Node, TreeError>>;

/// All files that were kept.
pub(super) struct Estate<'d> {
    pub(super) documents: Vec<&'d Document<'d>>,
    parsed: Vec<OnceLock<Parts>>,
    paths: HashMap<String, usize>,
    /// The same, in order.
    sorted: Vec<(String, usize)>,
    /// Kustomizations, by the directory that they lie in.
    pub(super) directories: HashMap<String, usize>,
    /// Every kustomization, in the order of the documents.
    pub(super) kustomizations: Vec<usize>,
}

impl<'d> Estate<'d> {
    pub(super) fn new(documents: Vec<&'d Document<'d>>) -> Self {
        let mut paths = HashMap::with_capacity(documents.len());
        for (index, document) in documents.iter().enumerate() {
            let path = normal(&document.origin.path).unwrap_or_default();
            paths.entry(path).or_insert(index);
        }
        let mut sorted: Vec<(String, usize)> = paths.clone().into_iter().collect();
        sorted.sort();
        let parsed = documents.iter().map(|_| OnceLock::new()).collect();
        let mut it = Self {
            documents,
            parsed,
            paths,
            sorted,
            directories: HashMap::new(),
            kustomizations: Vec::new(),
        };
        for index in 0..it.documents.len() {
            if it.names_kustomization(index) && it.kustomization(index).is_some() {
                let directory = it.directory(index);
                if let Entry::Vacant(slot) = it.directories.entry(directory) {
                    slot.insert(index);
                    it.kustomizations.push(index);
                }
            }
        }
        it
    }

    fn names_kustomization(&self, index: usize) -> bool {
        self.documents
            .get(index)
            .is_some_and(|document| super::is_kustomization(document.origin.file_name()))
    }

    pub(super) fn path(&self, index: usize) -> &str {
        self.documents
            .get(index)
            .map_or("", |document| &document.origin.path)
    }

    /// The directory that a file lies in, without a slash at its end; nothing for the one the scan ran in.
    pub(super) fn directory(&self, index: usize) -> String {
        let path = normal(self.path(index)).unwrap_or_default();
        match path.rsplit_once('/') {
            Some((directory, _)) => directory.to_owned(),
            None => String::new(),
        }
    }

    /// What a path that stands in a file of a directory leads to; `None` when out of all that was named.
    pub(super) fn resolve(&self, directory: &str, path: &str) -> Option<String> {
        let path = path.trim_end_matches('/');
        if directory.is_empty() {
            return normal(path);
        }
        normal(&format!("{directory}/{path}"))
    }

    pub(super) fn file(&self, path: &str) -> Option<usize> {
        self.paths.get(path).copied()
    }

    /// Whether any file that was kept lies in a directory or below it.
    pub(super) fn holds(&self, directory: &str) -> bool {
        self.below(directory).next().is_some()
    }

    /// The files in a directory and below it, by path.
    pub(super) fn below(&self, directory: &str) -> impl Iterator<Item = (&str, usize)> {
        let prefix = match directory {
            "" | "/" => directory.to_owned(),
            directory => format!("{directory}/"),
        };
        let start = self
            .sorted
            .partition_point(|(path, _)| path.as_str() < prefix.as_str());
        let rest = self.sorted.get(start..).unwrap_or_default();
        rest.iter()
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, index)| (path.as_str(), *index))
    }

    /// The parts of a file.
    pub(super) fn parts(&self, index: usize) -> &[Result<Node, TreeError>] {
        match (self.parsed.get(index), self.documents.get(index)) {
            (Some(parts), Some(document)) => parts.get_or_init(|| tree::documents(document.bytes)),
            _ => &[],
        }
    }

    /// The parts of a file that could be read, said to stand in it.
    pub(super) fn stamped(&self, index: usize) -> Vec<Node> {
        let mut parts: Vec<Node> = self.parts(index).iter().flatten().cloned().collect();
        for part in &mut parts {
            edit::stamp(part, number(index), 0);
        }
        parts
    }

    /// What a kustomization says; `None` where the file holds something else.
    pub(super) fn kustomization(&self, index: usize) -> Option<&Node> {
        let node = self.parts(index).iter().flatten().next()?;
        let version = node.str("apiVersion").unwrap_or_default();
        let ours = version.is_empty() || version.starts_with("kustomize.config.k8s.io/");
        let kind = node.str("kind");
        (ours && node.is_map() && matches!(kind, None | Some("Kustomization" | "Component")))
            .then_some(node)
    }

    pub(super) fn is_component(&self, index: usize) -> bool {
        let node = self.kustomization(index);
        node.is_some_and(|node| node.str("kind") == Some("Component"))
    }

    /// A problem of a file.
    pub(super) fn problem(
        &self,
        index: usize,
        line: u32,
        kind: crate::model::ProblemKind,
        message: String,
    ) -> crate::model::Problem {
        crate::model::Problem {
            path: self.path(index).into(),
            line: (line > 0).then_some(line),
            column: None,
            kind,
            reader: NAME,
            message: message.into(),
        }
    }
}

/// How nodes name a file.
pub(super) fn number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(0)
}

/// A path without `.` and `..`; `None` when it leads above where it begins.
pub(super) fn normal(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    // What the user named may itself begin above the working directory.
    let mut above = 0usize;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    above += 1;
                }
            }
            part => parts.push(part),
        }
    }
    if above > 0 {
        parts.splice(0..0, std::iter::repeat_n("..", above));
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    (root.is_empty() || above == 0).then(|| format!("{root}{}", parts.join("/")))
}
