//! Putting a kustomization together: what it takes in, and what it makes of that.

use super::applied::Applied;
use super::edit::{self, Mark};
use super::estate::{self, Estate};
use super::generate::{self, Behaviour};
use super::merge::{self, Merged};
use super::references::{self, Extra};
use super::replace::{self, Variable};
use super::resource::Resource;
use super::select::Selector;
use super::{Node, json_patch, transform};
use crate::model::{Problem, ProblemKind};
use crate::reader::tree::{self, Value};

/// Deepest chain of kustomizations that is followed.
const MAX_DEPTH: usize = 64;
/// How often objects of one build are asked whether a patch is for them: patches times objects.
const MAX_ASKS: usize = 1_000_000;

/// A build on its way.
pub(super) struct Build<'e, 'd> {
    pub(super) estate: &'e Estate<'d>,
    pub(super) problems: Vec<Problem>,
    /// How many nodes may still be taken in.
    budget: usize,
    /// How many kustomizations may still be.
    visits: usize,
    /// How often an object may still be asked whether a patch is for it.
    asks: usize,
    exhausted: bool,
    /// The kustomizations that are being put together, the outermost first.
    stack: Vec<usize>,
    variables: Vec<Variable>,
    extra: Vec<Extra>,
}

impl<'e, 'd> Build<'e, 'd> {
    pub(super) fn new(estate: &'e Estate<'d>, budget: usize, visits: usize) -> Self {
        Self {
            estate,
            problems: Vec::new(),
            budget,
            visits,
            asks: MAX_ASKS,
            exhausted: false,
            stack: Vec::new(),
            variables: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// What is done last, and once: names followed into references, then variables.
    pub(super) fn finish(&mut self, resources: &mut Vec<Resource>) {
        references::follow(resources, &self.extra);
        replace::variables(resources, &self.variables);
        resources.retain(|resource| {
            let local = &[
                "metadata",
                "annotations",
                "config.kubernetes.io/local-config",
            ];
            resource.node.at(local).and_then(Node::text) != Some("true")
        });
    }

    /// What a kustomization makes of what it takes in and, for a component, of what was there before.
    pub(super) fn kustomization(&mut self, index: usize, before: Vec<Resource>) -> Vec<Resource> {
        let Some(mut node) = self.estate.kustomization(index).cloned() else {
            return before;
        };
        edit::stamp(&mut node, estate::number(index), 0);
        // Kustomizations can take each other in by the power of many.
        if self.visits == 0 || !self.affords(1) {
            self.affords(usize::MAX);
            return before;
        }
        self.visits -= 1;
        if self.stack.contains(&index) || self.stack.len() >= MAX_DEPTH {
            let message = "kustomization takes itself in: not followed".to_owned();
            self.problem(&node, ProblemKind::Malformed, message);
            return before;
        }
        self.stack.push(index);
        let resources = self.put_together(&node, index, before);
        self.stack.pop();
        resources
    }

    /// A kustomization that is built on its own, with what applies it.
    pub(super) fn root(&mut self, index: usize, applied: Option<&Applied>) -> Vec<Resource> {
        let Some(mut node) = self.estate.kustomization(index).cloned() else {
            return Vec::new();
        };
        edit::stamp(&mut node, estate::number(index), 0);
        if let Some(applied) = applied {
            applied.over(&mut node);
        }
        self.stack.push(index);
        let resources = self.put_together(&node, index, Vec::new());
        self.stack.pop();
        resources
    }

    /// A directory without a kustomization: the manifests in it, and the kustomizations below it.
    pub(super) fn directory(
        &mut self,
        files: &[usize],
        inner: &[usize],
        applied: Option<&Applied>,
    ) -> Vec<Resource> {
        let mut resources = Vec::new();
        for file in files {
            self.manifests(*file, &mut resources);
        }
        for index in inner {
            let built = self.kustomization(*index, Vec::new());
            resources.extend(built);
        }
        let first = files.first().or(inner.first()).copied();
        if let (Some(applied), Some(first)) = (applied, first) {
            let mut node = Node::new(0, Value::Map(Vec::new()));
            node.file = estate::number(first);
            applied.over(&mut node);
            self.transform(&node, &applied.directory, first, &mut resources);
        }
        resources
    }

    /// As [`Self::kustomization`], of one that a node says and that lies where a file does.
    pub(super) fn put_together(
        &mut self,
        node: &Node,
        index: usize,
        mut resources: Vec<Resource>,
    ) -> Vec<Resource> {
        let directory = self.estate.directory(index);
        for key in ["resources", "bases"] {
            for entry in node.list(key) {
                self.take(entry, &directory, &mut resources);
            }
        }
        self.configurations(node, &directory);
        for (key, kind) in [
            ("configMapGenerator", "ConfigMap"),
            ("secretGenerator", "Secret"),
        ] {
            for generator in node.list(key) {
                let options = node.get("generatorOptions");
                generate_into(&mut resources, generator, kind, index, options);
            }
        }
        self.plugins(node, "generators", &directory, index, &mut resources);
        for key in ["helmCharts", "helmChartInflationGenerator"] {
            for chart in node.list(key) {
                let message = "kustomization renders a Helm chart: what the chart makes is not part of the build";
                self.problem(chart, ProblemKind::Note, message.to_owned());
            }
        }
        for entry in node.list("components") {
            let Some(path) = self.local(entry, &directory) else {
                continue;
            };
            match self.estate.directories.get(&path).copied() {
                Some(component) => resources = self.kustomization(component, resources),
                None => self.missing(entry, &path),
            }
        }
        self.transform(node, &directory, index, &mut resources);
        self.plugins(node, "transformers", &directory, index, &mut resources);
        self.variables
            .extend(node.list("vars").iter().filter_map(Variable::new));
        resources
    }

    /// Takes in what an entry of `resources` names.
    fn take(&mut self, entry: &Node, directory: &str, into: &mut Vec<Resource>) {
        let Some(path) = self.local(entry, directory) else {
            return;
        };
        if let Some(base) = self.estate.directories.get(&path).copied() {
            let built = self.kustomization(base, Vec::new());
            into.extend(built);
            return;
        }
        match self.estate.file(&path) {
            Some(file)
                if self.estate.kustomization(file).is_some()
                    && super::is_kustomization(
                        self.estate
                            .documents
                            .get(file)
                            .map_or("", |d| d.origin.file_name()),
                    ) =>
            {
                let built = self.kustomization(file, Vec::new());
                into.extend(built);
            }
            Some(file) => self.manifests(file, into),
            None => self.missing(entry, &path),
        }
    }

    /// Takes in the objects of a file.
    pub(super) fn manifests(&mut self, file: usize, into: &mut Vec<Resource>) {
        for part in self.estate.parts(file).iter().flatten() {
            self.object(file, part, String::new(), into);
        }
    }

    fn object(&mut self, file: usize, node: &Node, pointer: String, into: &mut Vec<Resource>) {
        let list = node.str("kind").is_some_and(|kind| kind.ends_with("List"));
        if list && node.get("items").is_some() {
            let inherited = node.str("kind").and_then(|kind| kind.strip_suffix("List"));
            for (i, item) in node.list("items").iter().enumerate() {
                let mut item = item.clone();
                if let (Some(kind), None) = (inherited.filter(|k| !k.is_empty()), item.get("kind"))
                {
                    let mark = Mark::of(&item);
                    edit::set(&mut item, &["kind"], mark.text(kind));
                    if let Some(version) = node.get("apiVersion") {
                        edit::set(&mut item, &["apiVersion"], version.clone());
                    }
                }
                self.object(file, &item, format!("{pointer}/items/{i}"), into);
            }
            return;
        }
        let node = if node.str("kind") == Some("CustomResourceDefinition") {
            // Its schema tells nothing of identities, and is larger than all the rest.
            outline(node)
        } else {
            node.clone()
        };
        if self.affords(edit::weight(&node)) {
            into.push(Resource::new(file, pointer, node));
        }
    }

    /// Whether as much more may be taken in; says once when not.
    fn affords(&mut self, weight: usize) -> bool {
        if !self.exhausted && weight <= self.budget {
            self.budget -= weight;
            return true;
        }
        if !self.exhausted {
            self.exhausted = true;
            let message = "kustomization takes in more than is put together: the rest was left out";
            let first = self.stack.first().copied().unwrap_or(0);
            self.problems.push(self.estate.problem(
                first,
                0,
                ProblemKind::Limited,
                message.to_owned(),
            ));
        }
        false
    }

    /// The local path that an entry names; notes of those that are not.
    fn local(&mut self, entry: &Node, directory: &str) -> Option<String> {
        let text = entry.text().filter(|text| !text.is_empty())?;
        if super::remote::is_one(text) {
            let message = match super::remote::pinned(text) {
                true => "takes in a remote base, pinned to a commit: what it holds was not read",
                false => {
                    "takes in a remote base by a reference that can move: what it holds was not read"
                }
            };
            self.problem(entry, ProblemKind::Note, message.to_owned());
            return None;
        }
        if text.starts_with('/') {
            let message = "kustomization names an absolute path: not followed".to_owned();
            self.problem(entry, ProblemKind::Malformed, message);
            return None;
        }
        self.estate.resolve(directory, text)
    }

    fn missing(&mut self, entry: &Node, path: &str) {
        let within = self
            .stack
            .last()
            .and_then(|index| self.estate.documents.get(*index))
            .is_none_or(|document| {
                let root = document.origin.path.get(..document.origin.named);
                let root = root.and_then(estate::normal).unwrap_or_default();
                !path.starts_with("..") && path.starts_with(&root)
            });
        let message = if within {
            "kustomization takes in what was not found among the manifests: the build lacks it"
        } else {
            "kustomization leads out of what was scanned: not followed"
        };
        self.problem(entry, ProblemKind::Note, message.to_owned());
    }

    pub(super) fn problem(&mut self, node: &Node, kind: ProblemKind, message: String) {
        let index = usize::try_from(node.file).unwrap_or(0).checked_sub(1);
        if let Some(index) = index.or_else(|| self.stack.last().copied()) {
            let problem = self.estate.problem(index, node.line, kind, message);
            self.problems.push(problem);
        }
    }

    /// What a kustomization does to all that it has taken in, in the order that kustomize does it.
    pub(super) fn transform(
        &mut self,
        node: &Node,
        directory: &str,
        index: usize,
        resources: &mut Vec<Resource>,
    ) {
        for patch in node.list("patchesStrategicMerge") {
            for (patch, by) in self.patches(patch, None, directory) {
                self.patch(resources, &patch, None, None, &by);
            }
        }
        for entry in node.list("patches") {
            // Once, `patches` was a list of paths.
            let (inline, path) = match entry.text() {
                Some(_) => (None, Some(entry)),
                None => (entry.get("patch"), entry.get("path")),
            };
            let Some(source) = inline.or(path) else {
                continue;
            };
            for (patch, by) in self.patches(source, Some(inline.is_some()), directory) {
                self.patch(
                    resources,
                    &patch,
                    entry.get("target"),
                    entry.get("options"),
                    &by,
                );
            }
        }
        if let Some(namespace) = node.get("namespace")
            && let Some(name) = namespace.text().filter(|name| !name.is_empty())
        {
            let path = self.path_of(namespace, index);
            for resource in resources.iter_mut() {
                transform::namespace(resource, namespace);
                resource
                    .derivation
                    .push(format!("{path}: namespace {name}"));
            }
        }
        let affix = |key| node.str(key).unwrap_or_default();
        let (prefix, suffix) = (affix("namePrefix"), affix("nameSuffix"));
        if !(prefix.is_empty() && suffix.is_empty()) {
            let said = node.get("namePrefix").or_else(|| node.get("nameSuffix"));
            let path = self.path_of(said.unwrap_or(node), index);
            for resource in resources.iter_mut() {
                transform::affix(resource, prefix, suffix);
                resource
                    .derivation
                    .push(format!("{path}: name {prefix}*{suffix}"));
            }
        }
        if let Some(labels) = node.get("commonLabels") {
            for resource in resources.iter_mut() {
                transform::marks(resource, "labels", labels, true);
            }
        }
        for labels in node.list("labels") {
            let inside = ["includeSelectors", "includeTemplates"]
                .iter()
                .any(|key| labels.bool(key) == Some(true));
            if let Some(pairs) = labels.get("pairs") {
                for resource in resources.iter_mut() {
                    transform::marks(resource, "labels", pairs, inside);
                }
            }
        }
        if let Some(annotations) = node.get("commonAnnotations") {
            for resource in resources.iter_mut() {
                transform::marks(resource, "annotations", annotations, true);
            }
        }
        for entry in node.list("patchesJson6902") {
            let inline = entry.get("patch");
            let Some(source) = inline.or_else(|| entry.get("path")) else {
                continue;
            };
            for (patch, by) in self.patches(source, Some(inline.is_some()), directory) {
                self.patch(resources, &patch, entry.get("target"), None, &by);
            }
        }
        for entry in node.list("replacements") {
            let rules = match entry.get("path") {
                Some(path) => self.read(path, directory),
                None => vec![entry.clone()],
            };
            let rules = rules.iter().flat_map(|rule| match rule.items() {
                [] => std::slice::from_ref(rule),
                items => items,
            });
            for rule in rules {
                if let Err(why) = replace::replacement(resources, rule) {
                    self.problem(rule, ProblemKind::Note, format!("{why}: not applied"));
                }
            }
        }
    }

    /// The path of the file that something stands in, or else of this one.
    fn path_of(&self, node: &Node, index: usize) -> String {
        let file = usize::try_from(node.file).unwrap_or(0).checked_sub(1);
        self.estate.path(file.unwrap_or(index)).to_owned()
    }

    /// The documents of a file that is named beside a kustomization.
    fn read(&mut self, path: &Node, directory: &str) -> Vec<Node> {
        let Some(resolved) = self.local(path, directory) else {
            return Vec::new();
        };
        match self.estate.file(&resolved) {
            Some(file) => self.estate.stamped(file),
            None => {
                self.missing(path, &resolved);
                Vec::new()
            }
        }
    }

    /// The patches that a path or a text holds, with where they stand. `inline` is not known of lists that take both.
    fn patches(
        &mut self,
        source: &Node,
        inline: Option<bool>,
        directory: &str,
    ) -> Vec<(Node, String)> {
        let Some(text) = source.text() else {
            return Vec::new();
        };
        let inline = inline.unwrap_or_else(|| text.contains('\n'));
        let by = format!(
            "patch in {}",
            if inline {
                let index = usize::try_from(source.file).unwrap_or(0).saturating_sub(1);
                self.estate.path(index)
            } else {
                text
            }
        );
        let nodes = if inline {
            self.inline(source, text)
        } else {
            self.read(source, directory)
        };
        nodes
            .into_iter()
            .flat_map(|node| {
                let list = node.str("kind").is_some_and(|kind| kind.ends_with("List"));
                match (&node.value, list && node.get("items").is_some()) {
                    (_, true) => node.list("items").to_vec(),
                    _ => vec![node],
                }
            })
            .map(|node| (node, by.clone()))
            .collect()
    }

    /// A tree that is written as a text inside another.
    fn inline(&mut self, source: &Node, text: &str) -> Vec<Node> {
        let mut nodes = Vec::new();
        for part in tree::documents(text.as_bytes()) {
            match part {
                Ok(mut node) => {
                    // A text's line is that of its first character.
                    edit::stamp(&mut node, source.file, source.line.saturating_sub(1));
                    nodes.push(node);
                }
                Err(_) => {
                    let message = "patch that is no YAML: not applied".to_owned();
                    self.problem(source, ProblemKind::Malformed, message);
                }
            }
        }
        nodes
    }

    fn patch(
        &mut self,
        resources: &mut Vec<Resource>,
        patch: &Node,
        target: Option<&Node>,
        options: Option<&Node>,
        by: &str,
    ) {
        match self.asks.checked_sub(resources.len()) {
            Some(left) => self.asks = left,
            None => {
                let message =
                    "more patches of more objects than are tried: the rest was not applied";
                self.problem(
                    target.unwrap_or(patch),
                    ProblemKind::Limited,
                    message.to_owned(),
                );
                return;
            }
        }
        let json = json_patch::is_one(patch);
        let chosen: Vec<usize> = match target {
            Some(target) => {
                let Some(selector) = Selector::new(target) else {
                    let message = "a target that is none: patch not applied".to_owned();
                    self.problem(target, ProblemKind::Malformed, message);
                    return;
                };
                let all = resources.iter().enumerate();
                all.filter(|(_, r)| selector.selects(r))
                    .map(|(i, _)| i)
                    .collect()
            }
            None if json => {
                let message = "JSON patch without a target: not applied".to_owned();
                self.problem(patch, ProblemKind::Note, message);
                return;
            }
            None => meant(resources, patch),
        };
        if chosen.is_empty() && target.is_none() {
            // A component that nobody takes in has nothing to change.
            if !self
                .stack
                .iter()
                .any(|index| self.estate.is_component(*index))
            {
                let message = "patch of an object that is not in the build: not applied".to_owned();
                self.problem(patch, ProblemKind::Note, message);
            }
            return;
        }
        let allowed = |key| options.and_then(|o| o.bool(key)).unwrap_or(false);
        let mut gone = Vec::new();
        for index in chosen {
            let Some(resource) = resources.get_mut(index) else {
                continue;
            };
            let before = resource.node.clone();
            if json {
                if let Err(line) = json_patch::apply(&mut resource.node, patch) {
                    let mut at = patch.clone();
                    at.line = line;
                    let message = "operation of a JSON patch that does not fit: the rest of it was not applied";
                    self.problem(&at, ProblemKind::Note, message.to_owned());
                }
                let Some(resource) = resources.get_mut(index) else {
                    continue;
                };
                let old = super::resource::Id::of(&before);
                if !resource.id().same(&old) {
                    resource.previous.push(old);
                }
                resource.derivation.push(by.to_owned());
                continue;
            }
            match merge::object(&mut resource.node, patch) {
                Merged::Deleted => gone.push(index),
                Merged::Changed => {
                    let (name, kind) = (allowed("allowNameChange"), allowed("allowKindChange"));
                    resource.keep_names(&before, !name, !kind);
                    if name || kind {
                        resource.previous.push(super::resource::Id::of(&before));
                    }
                    resource.derivation.push(by.to_owned());
                }
            }
        }
        for index in gone.into_iter().rev() {
            resources.remove(index);
        }
    }

    /// Transformers and generators that stand in files of their own, as far as kustomize has them built in.
    fn plugins(
        &mut self,
        node: &Node,
        key: &str,
        directory: &str,
        index: usize,
        resources: &mut Vec<Resource>,
    ) {
        for entry in node.list(key) {
            let Some(text) = entry.text() else { continue };
            let plugins = if text.contains('\n') {
                self.inline(entry, text)
            } else {
                match self.local(entry, directory) {
                    Some(path) => match self.estate.directories.get(&path).copied() {
                        Some(inner) => {
                            let built = self.kustomization(inner, Vec::new());
                            built.into_iter().map(|resource| resource.node).collect()
                        }
                        None => self.read(entry, directory),
                    },
                    None => Vec::new(),
                }
            };
            for plugin in plugins {
                match super::plugin::as_kustomization(&plugin) {
                    Some(node) if key == "transformers" => {
                        self.transform(&node, directory, index, resources);
                    }
                    Some(node) => {
                        for (key, kind) in [
                            ("configMapGenerator", "ConfigMap"),
                            ("secretGenerator", "Secret"),
                        ] {
                            for generator in node.list(key) {
                                generate_into(resources, generator, kind, index, None);
                            }
                        }
                    }
                    None => {
                        let message = "plugin of kustomize that is not built in: not applied";
                        self.problem(entry, ProblemKind::Note, message.to_owned());
                    }
                }
            }
        }
    }

    /// Places of references that a transformer configuration adds.
    fn configurations(&mut self, node: &Node, directory: &str) {
        for entry in node.list("configurations") {
            for configuration in self.read(entry, directory) {
                for reference in configuration.list("nameReference") {
                    let kind = reference.str("kind").unwrap_or_default();
                    for spec in reference.list("fieldSpecs") {
                        let path = spec.str("path").unwrap_or_default();
                        self.extra.push((
                            spec.str("kind").unwrap_or_default().to_owned(),
                            kind.to_owned(),
                            path.split('/').map(str::to_owned).collect(),
                        ));
                    }
                }
            }
        }
    }
}

/// The objects that a patch without a target names.
fn meant(resources: &[Resource], patch: &Node) -> Vec<usize> {
    let wanted = super::resource::Id::of(patch);
    let all = || resources.iter().enumerate();
    let exact: Vec<usize> = all()
        .filter(|(_, r)| r.id().same(&wanted))
        .map(|(i, _)| i)
        .collect();
    if !exact.is_empty() {
        return exact;
    }
    let known: Vec<usize> = all()
        .filter(|(_, r)| r.previous.iter().any(|id| id.same(&wanted)))
        .map(|(i, _)| i)
        .collect();
    if !known.is_empty() {
        return known;
    }
    // Without the namespace, where that leaves one.
    let alike: Vec<usize> = all()
        .filter(|(_, r)| r.ids().any(|id| id.alike(&wanted)))
        .map(|(i, _)| i)
        .collect();
    if alike.len() == 1 { alike } else { Vec::new() }
}

/// Adds a generated object, or puts its contents into the one that it says it changes.
fn generate_into(
    resources: &mut Vec<Resource>,
    generator: &Node,
    kind: &str,
    file: usize,
    options: Option<&Node>,
) {
    let Some((resource, behaviour)) = generate::object(generator, kind, file, options) else {
        return;
    };
    let id = resource.id();
    let old = resources
        .iter_mut()
        .find(|old| old.ids().any(|known| known.same(&id)));
    match (behaviour, old) {
        (Behaviour::Create, _) | (_, None) => resources.push(resource),
        (Behaviour::Merge, Some(old)) => {
            merge::object(&mut old.node, &resource.node);
            old.generated.extend(resource.generated);
        }
        (Behaviour::Replace, Some(old)) => {
            for data in ["data", "stringData", "binaryData"] {
                edit::remove(&mut old.node, data);
            }
            merge::object(&mut old.node, &resource.node);
            old.generated = resource.generated;
        }
    }
}

/// An object without anything but its name.
fn outline(node: &Node) -> Node {
    let kept = ["apiVersion", "kind", "metadata"];
    let entries = node.entries().iter();
    let entries = entries.filter(|(key, _)| kept.contains(&key.as_str()));
    Node {
        file: node.file,
        ..Node::new(node.line, Value::Map(entries.cloned().collect()))
    }
}
