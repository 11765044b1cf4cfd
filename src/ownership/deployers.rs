//! What deploys an identity and from where: from its annotations to the deployer's object, from there to a repository
//! and a directory, and to the line of CODEOWNERS that speaks of that.

use super::codeowners::{CodeownersIndex, directory};
use crate::model::{Deployment, Evidence, Identity, Inventory, Origin, Owner, Repository, Str};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

const TRACKING: &str = "argocd.argoproj.io/tracking-id";
const INSTANCE: &str = "argocd.argoproj.io/instance";
/// What Argo CD marks its objects with unless it is told otherwise, and Helm's charts theirs.
const COMMON_INSTANCE: &str = "app.kubernetes.io/instance";
const RELEASE: &str = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";

/// How many objects of one name are gone into.
const MOST: usize = 8;

/// The deployers' objects of a scan.
#[derive(Debug, Default)]
pub(super) struct Deployers<'a> {
    by_name: HashMap<(&'a str, &'a str), Vec<&'a Deployment>>,
    by_release: HashMap<&'a str, Vec<&'a Deployment>>,
    /// The repositories that hold a CODEOWNERS file, by remote.
    roots: HashMap<String, Arc<Repository>>,
}

/// What deploys an identity.
#[derive(Clone, Debug)]
pub(super) struct Chain<'a> {
    /// The object by which it is deployed.
    pub deployment: &'a Deployment,
    /// The object that it refers to.
    pub parent: Option<&'a Deployment>,
    /// The chain in words: `annotation … names Argo CD Application argocd/shop (…), which …`.
    pub text: String,
}

/// Who owns the directory that something is deployed from.
pub(super) struct PathOwners {
    /// The parties with their spellings.
    pub owners: Vec<(Owner, Str)>,
    /// Whether only a line for everything speaks of it.
    pub fallback: bool,
    /// The line.
    pub evidence: Evidence,
}

impl<'a> Deployers<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut index = Self::default();
        for deployment in &inventory.deployments {
            let key = (&*deployment.kind, &*deployment.name);
            index.by_name.entry(key).or_default().push(deployment);
            if matches!(&*deployment.kind, "HelmRelease" | "Application") {
                let release = deployment.release.as_ref().unwrap_or(&deployment.name);
                index
                    .by_release
                    .entry(release)
                    .or_default()
                    .push(deployment);
            }
        }
        if index.by_name.is_empty() {
            return index;
        }
        for file in &inventory.codeowners {
            if let Some(repository) = &file.evidence.origin.repository
                && let Some(remote) = &repository.remote
            {
                let roots = index.roots.entry(remote.to_lowercase());
                roots.or_insert_with(|| Arc::clone(repository));
            }
        }
        index
    }

    /// What deploys an identity, as its labels say; nothing where that could be several things.
    pub(super) fn of(&self, identity: &Identity) -> Vec<Chain<'a>> {
        if self.by_name.is_empty() {
            return Vec::new();
        }
        let label = |key: &str| {
            let mut labels = identity.labels.iter();
            labels.find(|label| &*label.key == key)
        };
        let cluster = identity.account.as_deref();
        let mut found: Vec<(&'a Deployment, String)> = Vec::new();
        let mut add = |all: &[&'a Deployment],
                       by: &crate::model::Label,
                       namespace: Option<&str>| {
            let fits =
                |d: &&&'a Deployment| namespace.is_none_or(|namespace| namespace == &*d.namespace);
            // Objects of the same cluster come first; a central Argo CD deploys to others.
            let all: Vec<&'a Deployment> = all.iter().take(MOST).filter(fits).copied().collect();
            let own = |d: &&&'a Deployment| cluster == Some(&*d.cluster);
            let near: Vec<&'a Deployment> = all.iter().filter(own).copied().collect();
            let all = if near.is_empty() { all } else { near };
            let places: BTreeSet<(&str, &str)> =
                all.iter().map(|d| (&*d.cluster, &*d.namespace)).collect();
            if places.len() == 1 && found.is_empty() {
                let named = format!("{} `{}` ({})", super::labels::sort(by), by.key, by.evidence);
                found.extend(all.into_iter().map(|d| (d, named.clone())));
            }
        };
        if let Some(by) = label(TRACKING) {
            let name = by.value.split(':').next().unwrap_or_default();
            // Of an application in a namespace of its own that stands before the name.
            match (self.known("Application", name), name.split_once('_')) {
                ([], Some((namespace, name))) => {
                    add(self.known("Application", name), by, Some(namespace));
                }
                (all, _) => add(all, by, None),
            }
        }
        if let Some(by) = label(INSTANCE) {
            add(self.known("Application", &by.value), by, None);
        }
        for (kind, group) in [
            ("Kustomization", "kustomize.toolkit.fluxcd.io"),
            ("HelmRelease", "helm.toolkit.fluxcd.io"),
        ] {
            if let Some(by) = label(&format!("{group}/name")) {
                let namespace = label(&format!("{group}/namespace"));
                add(
                    self.known(kind, &by.value),
                    by,
                    namespace.map(|label| &*label.value),
                );
            }
        }
        if let Some(by) = label(RELEASE) {
            let all = self
                .by_release
                .get(&*by.value)
                .map_or(&[][..], Vec::as_slice);
            let namespace = label(RELEASE_NAMESPACE);
            let here = |d: &&&'a Deployment| {
                d.evidence.reader == "kubernetes"
                    && (d.kind.as_ref() == "Application"
                        || namespace.is_none_or(|n| n.value == d.namespace))
            };
            let near: Vec<&'a Deployment> = all.iter().filter(here).copied().collect();
            add(if near.is_empty() { all } else { &near }, by, None);
        }
        if let Some(by) = label(COMMON_INSTANCE) {
            add(self.known("Application", &by.value), by, None);
        }
        let chains = found.into_iter().map(|(deployment, named)| {
            let parent = self.parent(deployment);
            Chain {
                deployment,
                parent,
                text: text(deployment, parent, &named),
            }
        });
        chains.collect()
    }

    /// The objects of a kind and name.
    fn known<'s>(&'s self, kind: &'s str, name: &'s str) -> &'s [&'a Deployment] {
        let all = self.by_name.get(&(kind, name));
        all.map_or(&[], Vec::as_slice)
    }

    fn parent(&self, deployment: &Deployment) -> Option<&'a Deployment> {
        let (kind, namespace, name) = deployment.parent.as_ref()?;
        let mut all = self
            .known(kind, name)
            .iter()
            .filter(|d| d.namespace == *namespace && d.cluster == deployment.cluster);
        all.next().copied()
    }

    /// Whom CODEOWNERS of the repository gives the directory to that something is deployed from.
    pub(super) fn path_owners(
        &self,
        chain: &Chain<'_>,
        codeowners: &mut CodeownersIndex<'a>,
    ) -> Option<PathOwners> {
        let source = chain.repository()?;
        let root = self.roots.get(&**source)?;
        let path = directory(chain.deployment.path.as_deref().unwrap_or("."));
        // Lines speak of files: some file in that directory.
        let inside = format!("{}/_", path.trim_matches('/'));
        let below = directory(&root.root);
        let inside = inside.trim_start_matches('/');
        let path = match below {
            "" => inside.to_owned(),
            below => format!("{below}/{inside}"),
        };
        let origin = Origin {
            repository: Some(Arc::clone(root)),
            ..Origin::clone(&*Origin::file(path))
        };
        let verdict = codeowners.verdict(&origin)?;
        let mut owners: Vec<(Owner, Str)> = Vec::new();
        let mut line = None;
        for rule in &verdict.rules {
            for raw in &rule.owners {
                if let Some(owner) = Owner::parse(raw) {
                    line = line.or(Some(rule.line));
                    owners.push((owner, raw.clone()));
                }
            }
        }
        Some(PathOwners {
            owners,
            fallback: verdict.fallback,
            evidence: Evidence {
                line: Some(line?),
                ..verdict.file.evidence.clone()
            },
        })
    }
}

impl Chain<'_> {
    /// The repository that it is deployed from.
    fn repository(&self) -> Option<&Str> {
        let own = self.deployment.repository.as_ref();
        own.or_else(|| self.parent?.repository.as_ref())
    }
}

/// What the kind of object is of.
fn tool(kind: &str) -> &'static str {
    match kind {
        "Application" | "AppProject" => "Argo CD",
        _ => "Flux",
    }
}

fn text(deployment: &Deployment, parent: Option<&Deployment>, named: &str) -> String {
    let Deployment {
        kind,
        namespace,
        name,
        evidence,
        ..
    } = deployment;
    let mut text = format!(
        "{named} names {} {kind} {namespace}/{name} ({evidence})",
        tool(kind)
    );
    let repository = deployment.repository.as_ref();
    let repository = repository.or_else(|| parent?.repository.as_ref());
    if let Some(repository) = repository {
        let path = deployment.path.as_deref().unwrap_or(".");
        text.push_str(&format!(", which deploys {path} of {repository}"));
        if deployment.repository.is_none()
            && let Some(parent) = parent
        {
            text.push_str(&format!(" ({})", parent.evidence));
        }
    }
    text
}
