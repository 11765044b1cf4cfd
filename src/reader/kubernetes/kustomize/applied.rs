//! What Flux and Argo CD apply from directories of the same repository, and what they change on the way.

use super::Node;
use super::edit::{self, Mark};
use super::estate::{self, Estate};
use super::resource::{Resource, of_cluster};
use crate::model::Str;
use crate::reader::tree::Value;
use memchr::memmem;

const FLUX: &str = "kustomize.toolkit.fluxcd.io";
const SOURCES: &str = "source.toolkit.fluxcd.io";
const ARGO: &str = "argoproj.io";

/// One object that applies a directory.
#[derive(Clone)]
pub(super) struct Applied {
    /// The directory, as paths of this scan are written.
    pub(super) directory: String,
    /// Whether manifests in directories below count, where the directory holds no kustomization.
    pub(super) recurse: bool,
    /// Members to set in the directory's kustomization, and lists to append to.
    fields: Vec<(&'static str, Node)>,
    /// The namespace of objects that name none.
    fallback: Option<Node>,
    /// Values of `${NAME}`; nothing where none are put in.
    substitutes: Option<Substitutes>,
    /// What to say of identities.
    pub(super) words: String,
    /// The cluster that the object itself is of.
    pub(super) cluster: Option<Str>,
}

#[derive(Clone)]
struct Substitutes {
    values: Vec<(String, String)>,
    /// Whether values may come from elsewhere: then names that are not known stay.
    open: bool,
}

/// Every object that applies a directory which was read.
pub(super) fn all(estate: &Estate<'_>) -> Vec<Applied> {
    let mut found = Vec::new();
    let mut repositories: Vec<(String, String)> = Vec::new();
    for (index, document) in estate.documents.iter().enumerate() {
        let holds = |text: &str| memmem::find(document.bytes, text.as_bytes()).is_some();
        let (flux, argo) = (holds(FLUX), holds(ARGO) && holds("Application"));
        if !(flux || argo || holds(SOURCES)) {
            continue;
        }
        for node in estate.stamped(index) {
            let version = node.str("apiVersion").unwrap_or_default();
            match (
                version.split('/').next().unwrap_or_default(),
                node.str("kind"),
            ) {
                (FLUX, Some("Kustomization")) => found.push((index, node)),
                (ARGO, Some("Application")) => found.push((index, node)),
                (SOURCES, Some("GitRepository")) => {
                    let name = node.at(&["metadata", "name"]).and_then(Node::text);
                    let url = node.at(&["spec", "url"]).and_then(Node::text);
                    if let (Some(name), Some(url)) = (name, url) {
                        repositories.push((name.to_owned(), url.to_owned()));
                    }
                }
                _ => {}
            }
        }
    }
    found
        .iter()
        .flat_map(|(index, node)| match node.str("kind") {
            Some("Kustomization") => flux(estate, *index, node, &repositories)
                .into_iter()
                .collect(),
            _ => argo(estate, *index, node),
        })
        .collect()
}

fn flux(
    estate: &Estate<'_>,
    index: usize,
    node: &Node,
    repositories: &[(String, String)],
) -> Option<Applied> {
    let spec = node.get("spec")?;
    let source = spec.get("sourceRef");
    if source
        .and_then(|s| s.str("kind"))
        .is_some_and(|kind| kind != "GitRepository")
    {
        return None;
    }
    let name = source.and_then(|s| s.str("name")).unwrap_or_default();
    let urls: Vec<&str> = repositories
        .iter()
        .filter(|(known, _)| known == name)
        .map(|(_, url)| url.as_str())
        .collect();
    if !urls.is_empty() && !urls.iter().any(|url| same_repository(estate, index, url)) {
        return None;
    }
    let directory = directory(estate, index, spec.str("path").unwrap_or("."))?;
    let mut fields: Vec<(&'static str, Node)> = Vec::new();
    for (from, to) in [
        ("targetNamespace", "namespace"),
        ("namePrefix", "namePrefix"),
        ("nameSuffix", "nameSuffix"),
        ("components", "components"),
        ("patches", "patches"),
    ] {
        if let Some(value) = spec.get(from) {
            fields.push((to, value.clone()));
        }
    }
    for (from, to) in [
        ("labels", "commonLabels"),
        ("annotations", "commonAnnotations"),
    ] {
        if let Some(value) = spec.at(&["commonMetadata", from]) {
            fields.push((to, value.clone()));
        }
    }
    let substitutes = spec.get("postBuild").map(|build| Substitutes {
        values: build
            .get("substitute")
            .map_or(&[][..], Node::entries)
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.text()?.to_owned())))
            .collect(),
        open: !build.list("substituteFrom").is_empty(),
    });
    Some(Applied {
        directory,
        recurse: true,
        fields,
        fallback: None,
        substitutes,
        words: words(
            estate,
            index,
            node,
            "Flux Kustomization",
            spec.get("kubeConfig").is_some(),
        ),
        cluster: estate.documents.get(index)?.origin.cluster.clone(),
    })
}

fn argo(estate: &Estate<'_>, index: usize, node: &Node) -> Vec<Applied> {
    let Some(spec) = node.get("spec") else {
        return Vec::new();
    };
    let sources = spec.get("source").into_iter().chain(spec.list("sources"));
    let destination = spec.get("destination");
    let elsewhere = destination.is_some_and(|d| {
        d.str("name")
            .is_some_and(|name| !name.is_empty() && name != "in-cluster")
            || d.str("server")
                .is_some_and(|s| s != "https://kubernetes.default.svc")
    });
    let one = |source: &Node| -> Option<Applied> {
        if source.get("chart").is_some() || source.get("helm").is_some() {
            return None;
        }
        if !same_repository(estate, index, source.str("repoURL")?) {
            return None;
        }
        let directory = directory(estate, index, source.str("path")?)?;
        let mut fields: Vec<(&'static str, Node)> = Vec::new();
        if let Some(options) = source.get("kustomize") {
            for key in [
                "namespace",
                "namePrefix",
                "nameSuffix",
                "commonLabels",
                "commonAnnotations",
                "components",
                "patches",
            ] {
                if let Some(value) = options.get(key) {
                    fields.push((key, value.clone()));
                }
            }
        }
        let recurse = source.get("directory").and_then(|d| d.bool("recurse"));
        Some(Applied {
            directory,
            recurse: recurse.unwrap_or(false),
            fields,
            fallback: destination
                .and_then(|d| d.get("namespace"))
                .filter(|node| node.text().is_some_and(|text| !text.is_empty()))
                .cloned(),
            substitutes: None,
            words: words(estate, index, node, "Argo CD Application", elsewhere),
            cluster: estate.documents.get(index)?.origin.cluster.clone(),
        })
    };
    sources.filter_map(one).collect()
}

fn words(estate: &Estate<'_>, index: usize, node: &Node, kind: &str, elsewhere: bool) -> String {
    let name = node.at(&["metadata", "name"]).and_then(Node::text);
    let to = if elsewhere {
        ", to another cluster"
    } else {
        ""
    };
    format!(
        "applied by {kind} {} ({}){to}",
        name.unwrap_or_default(),
        estate.path(index)
    )
}

/// The directory that a path from the root of the repository around a file leads to, where anything of it was read.
fn directory(estate: &Estate<'_>, index: usize, path: &str) -> Option<String> {
    let origin = estate.documents.get(index)?.origin;
    let named = origin.path.get(..origin.named).unwrap_or_default();
    let roots = [origin.repository.as_deref().map(|r| &*r.root), Some(named)];
    roots.into_iter().flatten().find_map(|root| {
        let directory = estate.resolve(root, path.trim_start_matches('/'))?;
        let inside = estate::normal(root)?;
        let within = inside.is_empty()
            || directory == inside
            || directory.strip_prefix(&inside)?.starts_with('/');
        (within && !directory.starts_with("..") && estate.holds(&directory)).then_some(directory)
    })
}

/// Whether an address means the repository around a file. Where that is not known, what has the directory is
/// taken to be it.
fn same_repository(estate: &Estate<'_>, index: usize, url: &str) -> bool {
    let repository = estate
        .documents
        .get(index)
        .and_then(|d| d.origin.repository.as_deref());
    let Some(remote) = repository.and_then(|r| r.remote.as_deref()) else {
        return true;
    };
    plain(url) == plain(remote)
}

/// An address without scheme, user and `.git`.
fn plain(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.trim_end_matches('/').trim_end_matches(".git");
    rest.replacen(':', "/", 1).to_ascii_lowercase()
}

impl Applied {
    /// Whether anything comes out otherwise than the directory alone says.
    pub(super) fn changes(&self) -> bool {
        !self.fields.is_empty() || self.fallback.is_some() || self.substitutes.is_some()
    }

    /// The directory's kustomization with what is set in it; Flux and Argo CD write into it.
    pub(super) fn over(&self, node: &mut Node) {
        for (key, value) in &self.fields {
            let list = matches!(value.value, Value::List(_));
            let map = value.is_map();
            match edit::made(node, &[key], Mark::of(value)) {
                Some(place) if list || map => match (&mut place.value, &value.value) {
                    (Value::List(old), Value::List(new)) => old.extend(new.iter().cloned()),
                    (Value::Map(_), Value::Map(new)) => {
                        for (key, value) in new {
                            edit::set(place, &[key], value.clone());
                        }
                    }
                    _ => *place = value.clone(),
                },
                Some(place) => *place = value.clone(),
                None => {}
            }
        }
    }

    /// What is done to objects once they are built.
    pub(super) fn finish(&self, resources: &mut [Resource]) {
        for resource in resources {
            if let Some(values) = &self.substitutes {
                let disabled = &[
                    "metadata",
                    "annotations",
                    "kustomize.toolkit.fluxcd.io/substitute",
                ];
                if resource.node.at(disabled).and_then(Node::text) != Some("disabled") {
                    edit::texts(&mut resource.node, &mut |text| values.put(text));
                }
            }
            let id = resource.id();
            if let Some(namespace) = &self.fallback
                && id.namespace.is_empty()
                && !of_cluster(&id.group, &id.kind)
            {
                edit::set(
                    &mut resource.node,
                    &["metadata", "namespace"],
                    namespace.clone(),
                );
            }
            resource.derivation.push(self.words.clone());
        }
    }
}

impl Substitutes {
    /// Puts values where `${NAME}`, `${NAME:=default}` or `${NAME:-default}` stands.
    fn put(&self, text: &mut String) {
        if !text.contains("${") {
            return;
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            // `$${` is how a `${` is written that is to stay.
            if let Some(before) = before.strip_suffix('$') {
                out.push_str(before);
                out.push_str("${");
                rest = after;
                continue;
            }
            let Some((inner, behind)) = after.split_once('}') else {
                break;
            };
            out.push_str(before);
            let (name, default) = match inner.split_once(":=").or_else(|| inner.split_once(":-")) {
                Some((name, default)) => (name, Some(default)),
                None => (inner, None),
            };
            let known = self.values.iter().find(|(key, _)| key == name);
            match (known, default) {
                (Some((_, value)), _) => out.push_str(value),
                (None, Some(default)) if !self.open => out.push_str(default),
                (None, _) => {
                    out.push_str("${");
                    out.push_str(inner);
                    out.push('}');
                }
            }
            rest = behind;
        }
        out.push_str(rest);
        *text = out;
    }
}
