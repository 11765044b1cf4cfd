//! Third parties in the control path: webhooks that see or change what is asked of the API server, and servers that
//! answer for parts of the API.

use super::naming::{host, named, symbolic};
use super::object::Object;
use super::{Node, Sink};
use crate::model::{IdentityId, IdentityKind, Platform, Str, Workload};
use crate::platform::kubernetes::names::CLUSTER;

/// Resources whose content is a secret or gives rights.
const SENSITIVE: &[&str] = &["secrets", "serviceaccounts/token", "tokenreviews"];

/// Hosts inside every cluster.
fn inside(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host.ends_with(".svc")
        || host.ends_with(".svc.cluster.local")
        || host.ends_with(".cluster.local")
        || host == "localhost"
        || host == "127.0.0.1"
        || host == "::1"
}

impl Sink<'_> {
    /// `ValidatingWebhookConfiguration`, `MutatingWebhookConfiguration`.
    pub(super) fn webhooks(&mut self, object: &Object<'_>) {
        let changes = object.kind.starts_with("Mutating");
        for (i, hook) in object.node.list("webhooks").iter().enumerate() {
            let Some(name) = named(hook, "name") else {
                continue;
            };
            let mut traits = vec![
                if changes {
                    "admission:mutating"
                } else {
                    "admission:validating"
                }
                .to_owned(),
            ];
            // The API's default.
            let policy = named(hook, "failurePolicy").unwrap_or("Fail");
            traits.push(format!("on-failure:{}", policy.to_ascii_lowercase()));
            if covers(hook) {
                traits.push("sees-secrets".to_owned());
            }
            let Some(client) = hook.get("clientConfig") else {
                continue;
            };
            let path = format!("/webhooks/{i}/clientConfig");
            if let Some(party) = self.party(object, client, &path, &mut traits) {
                self.in_path(object, name, party, traits, hook, &format!("/webhooks/{i}"));
            }
        }
    }

    /// `APIService`: a server that answers for a group of the API.
    pub(super) fn api_service(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        if !spec.get("service").is_some_and(Node::is_map) {
            return; // answered by the API server itself
        }
        let mut traits = vec!["api-server".to_owned()];
        if spec.bool("insecureSkipTLSVerify") == Some(true) {
            traits.push("insecure-skip-tls-verify".to_owned());
        }
        if let Some(party) = self.party(object, spec, "/spec", &mut traits) {
            self.in_path(object, &object.name.clone(), party, traits, object.node, "");
        }
    }

    /// A CustomResourceDefinition whose objects a webhook converts.
    pub(super) fn conversion(&mut self, object: &Object<'_>) {
        let conversion = object.node.at(&["spec", "conversion"]);
        let new = conversion.and_then(|c| c.at(&["webhook", "clientConfig"]));
        let old = conversion.and_then(|c| c.get("webhookClientConfig"));
        let Some(client) = new.or(old).filter(|client| client.is_map()) else {
            return;
        };
        let mut traits = vec!["conversion".to_owned()];
        if let Some(party) = self.party(object, client, "/spec/conversion", &mut traits) {
            self.in_path(
                object,
                &object.name.clone(),
                party,
                traits,
                client,
                "/spec/conversion",
            );
        }
    }

    /// `ValidatingAdmissionPolicyBinding`, `MutatingAdmissionPolicyBinding`: rules of the cluster's own; what they
    /// do when they are not met.
    pub(super) fn admission_binding(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        let mut traits: Vec<String> = spec
            .strings("validationActions")
            .iter()
            .map(|action| format!("on-violation:{}", action.to_ascii_lowercase()))
            .collect();
        traits.extend(named(spec, "policyName").map(|name| format!("policy:{name}")));
        let evidence = self.place(object);
        let party = self.refer_identity(
            format!("k8s:{CLUSTER}#api-server"),
            Platform::Kubernetes,
            IdentityKind::App,
            "the API server",
            "the control plane itself",
            &evidence,
        );
        self.provided();
        self.acts(object, Self::cluster_id(object), party, traits);
    }

    /// Marks the identity that was noted last as the platform's own.
    fn provided(&mut self) {
        if let Some(last) = self.facts.identities.last_mut() {
            last.provider_managed = Some("the control plane itself".into());
        }
    }

    /// Who is asked: a service of the cluster, or an address.
    fn party(
        &mut self,
        object: &Object<'_>,
        client: &Node,
        path: &str,
        traits: &mut Vec<String>,
    ) -> Option<IdentityId> {
        let (platform, kind) = (Platform::Kubernetes, IdentityKind::App);
        if let Some(url) = named(client, "url") {
            let address = host(url)?;
            let evidence = self.spot(object, client, path);
            let place = if inside(address) {
                "inside"
            } else if symbolic(address) {
                "unresolved"
            } else {
                "outside"
            };
            traits.push(format!("{place}:{address}"));
            if place == "outside" {
                traits.push("outside".to_owned());
            }
            let id = format!("k8s:{CLUSTER}#party:{address}");
            let why = "the API server asks it";
            let platform = if place == "outside" {
                Platform::Other
            } else {
                platform
            };
            return Some(self.refer_identity(id, platform, kind, address, why, &evidence));
        }
        let service = client.get("service")?;
        let name = named(service, "name")?;
        let namespace = named(service, "namespace").unwrap_or(&object.namespace);
        let evidence = self.spot(object, service, path);
        traits.push(format!("service:{namespace}/{name}"));
        let id = format!("k8s:{CLUSTER}/{namespace}#service:{name}");
        let why = "the API server asks the service";
        let id = self.refer_identity(id, platform, kind, name, why, &evidence);
        if let Some(last) = self.facts.identities.last_mut() {
            last.namespace = Some(namespace.into());
        }
        Some(id)
    }

    fn in_path(
        &mut self,
        object: &Object<'_>,
        name: &str,
        party: IdentityId,
        traits: Vec<String>,
        node: &Node,
        path: &str,
    ) {
        let evidence = self.spot(object, node, path);
        self.facts.workloads.push(Workload {
            id: format!("{}/{name}", Self::cluster_id(object)).into(),
            kind: object.kind.into(),
            name: name.into(),
            runs_as: party,
            automount: Some(false),
            traits: traits.into_iter().map(Str::from).collect(),
            evidence,
        });
    }
}

/// Whether a webhook's rules send it Secrets or tokens.
fn covers(hook: &Node) -> bool {
    hook.list("rules").iter().any(|rule| {
        let groups = rule.list("apiGroups");
        let group = groups
            .iter()
            .any(|g| matches!(g.text(), None | Some("" | "*")));
        let resources = rule.strings("resources");
        let operations = rule.strings("operations");
        let writes = operations
            .iter()
            .any(|o| matches!(&**o, "*" | "CREATE" | "UPDATE"));
        let named = resources
            .iter()
            .any(|r| matches!(&**r, "*" | "*/*") || SENSITIVE.contains(&&**r));
        group && writes && named
    })
}
