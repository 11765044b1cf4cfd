//! What deployers keep of what they apply: which repository and which directory in it.

use super::naming::named;
use super::object::Object;
use super::{Node, Sink};
use crate::model::{Deployment, Str};
use crate::platform::kubernetes::names::CLUSTER;

/// A repository's address as `host/owner/name`, lower case: without scheme, user, port and `.git`.
pub(super) fn repository(address: &str) -> Option<Str> {
    let address = address.trim().to_lowercase();
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let rest = match address.split_once("://") {
        Some((_, rest)) => rest
            .split_once('@')
            .map_or(rest, |(_, rest)| rest)
            .to_owned(),
        // git@github.com:acme/payments.git
        None => {
            let (user, rest) = address.split_once('@')?;
            let plain = !user.contains('/');
            plain.then(|| rest.replacen(':', "/", 1))?
        }
    };
    let (host, path) = rest.split_once('/')?;
    let host = host.split(':').next().unwrap_or(host);
    let path = path.trim_matches('/').trim_end_matches(".git");
    (!host.is_empty() && !path.is_empty()).then(|| format!("{host}/{path}").into())
}

impl Sink<'_> {
    fn deployment(&self, object: &Object<'_>, kind: &str) -> Deployment {
        Deployment {
            kind: kind.into(),
            cluster: CLUSTER.into(),
            namespace: object.namespace.clone(),
            name: object.name.clone(),
            release: None,
            repository: None,
            path: None,
            parent: None,
            labels: object.labels(self),
            evidence: self.evidence(object.node, object.pointer),
        }
    }

    /// An Application: one for each source that it has.
    pub(super) fn deployed_by_argo(&mut self, object: &Object<'_>, spec: &Node) {
        let project = named(spec, "project").unwrap_or("default");
        let parent = Some((
            "AppProject".into(),
            object.namespace.clone(),
            project.into(),
        ));
        let sources = spec.get("source").into_iter().chain(spec.list("sources"));
        let mut sources = sources.peekable();
        if sources.peek().is_none() {
            let deployment = self.deployment(object, "Application");
            self.facts.deployments.push(Deployment {
                parent: parent.clone(),
                ..deployment
            });
        }
        for source in sources {
            let deployment = self.deployment(object, "Application");
            self.facts.deployments.push(Deployment {
                release: source
                    .get("helm")
                    .and_then(|helm| named(helm, "releaseName"))
                    .map(Into::into),
                repository: named(source, "repoURL").and_then(repository),
                path: named(source, "path").map(Into::into),
                parent: parent.clone(),
                ..deployment
            });
        }
    }

    /// A project of Argo CD's.
    pub(super) fn deploys(&mut self, object: &Object<'_>) {
        let deployment = self.deployment(object, object.kind);
        self.facts.deployments.push(deployment);
    }

    /// A Kustomization or HelmRelease of Flux's.
    pub(super) fn deployed_by_flux(&mut self, object: &Object<'_>, spec: &Node) {
        let chart = spec.at(&["chart", "spec"]);
        let source = spec
            .get("sourceRef")
            .or_else(|| chart.and_then(|chart| chart.get("sourceRef")))
            .or_else(|| spec.get("chartRef"));
        let parent = source.and_then(|source| {
            let namespace = named(source, "namespace").unwrap_or(&object.namespace);
            Some((
                named(source, "kind")?.into(),
                namespace.into(),
                named(source, "name")?.into(),
            ))
        });
        let path = match object.kind {
            "HelmRelease" => chart.and_then(|chart| named(chart, "chart")),
            _ => named(spec, "path"),
        };
        let deployment = self.deployment(object, object.kind);
        self.facts.deployments.push(Deployment {
            release: named(spec, "releaseName").map(Into::into),
            path: path.map(Into::into),
            parent,
            ..deployment
        });
    }

    /// A source of Flux's.
    pub(super) fn source_of_flux(&mut self, object: &Object<'_>, spec: &Node) {
        let deployment = self.deployment(object, object.kind);
        self.facts.deployments.push(Deployment {
            repository: named(spec, "url").and_then(repository),
            ..deployment
        });
    }
}

#[cfg(test)]
mod tests {
    use super::repository;

    #[test]
    fn addresses_become_repositories() {
        for (address, expected) in [
            (
                "https://github.com/Acme/Deploy.git",
                Some("github.com/acme/deploy"),
            ),
            (
                "ssh://git@github.com:22/acme/deploy",
                Some("github.com/acme/deploy"),
            ),
            ("git@gitlab.com:acme/a/b.git", Some("gitlab.com/acme/a/b")),
            ("https://user:pw@host.example/x/", Some("host.example/x")),
            ("https://charts.example.com", None),
            ("./local/path", None),
            ("", None),
        ] {
            assert_eq!(repository(address).as_deref(), expected, "{address}");
        }
    }
}
