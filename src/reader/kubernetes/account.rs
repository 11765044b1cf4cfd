//! Namespaces, ServiceAccounts, and the Secrets that hold their tokens.

use super::object::{Object, escaped};
use super::{Node, Sink, naming};
use crate::model::{
    Container, ContainerKind, Credential, CredentialLink, CredentialStatus, Humanity, Identity,
    IdentityId, IdentityKind, Moment, Platform, Presence, Str, Timestamp,
};
use crate::platform::kubernetes::names::{self, CLUSTER};

/// Annotation that names the ServiceAccount of a token Secret.
const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
/// Label with the day a token was last used.
const LAST_USED: &str = "kubernetes.io/legacy-token-last-used";
/// Label with the day since which a token is no longer accepted.
const INVALID_SINCE: &str = "kubernetes.io/legacy-token-invalid-since";

impl Sink<'_> {
    pub(super) fn namespace(&mut self, object: &Object<'_>) {
        self.facts.containers.push(Container {
            id: names::container(CLUSTER, &object.name).into(),
            kind: ContainerKind::Namespace,
            name: object.name.clone(),
            parent: None,
            labels: object.labels(self),
            evidence: self.evidence(object.node, object.pointer),
        });
    }

    pub(super) fn account(&mut self, object: &Object<'_>) {
        let evidence = self.evidence(object.node, object.pointer);
        let mut identity = account(&object.namespace, &object.name);
        identity.presence.insert(object.presence());
        identity.created = object.created();
        identity.automount = object.node.bool("automountServiceAccountToken");
        identity.labels = object.labels(self);
        identity.evidence.insert(evidence);
        if let Some(uid) = object.node.at(&["metadata", "uid"]).and_then(Node::text) {
            identity.aliases.insert(uid.into());
        }
        let clouds = self.clouds(object);
        identity.becomes = clouds.becomes.into_iter().collect();
        identity.tokens = clouds.tokens.into_iter().collect();
        identity.derivation = clouds.open.into_iter().collect();
        let id = identity.id.clone();
        self.facts.identities.push(identity);
        for (member, how) in [
            ("secrets", "mountable secret of the account"),
            ("imagePullSecrets", "pulls images"),
        ] {
            for (i, reference) in object.node.list(member).iter().enumerate() {
                if let Some(secret) = naming::named(reference, "name") {
                    let evidence = self.spot(object, reference, &format!("/{member}/{i}"));
                    let secret = (&*object.namespace, secret);
                    let workload = Self::workload_id(object);
                    self.uses_secret(&id, secret, &workload, how.to_owned(), evidence);
                }
            }
        }
    }

    /// A Secret that holds a ServiceAccount's token. The value is never looked at.
    pub(super) fn secret(&mut self, object: &Object<'_>) {
        if object.node.str("type") != Some("kubernetes.io/service-account-token") {
            return;
        }
        let evidence = self.evidence(object.node, object.pointer);
        let (namespace, name) = (&object.namespace, &object.name);
        let mut credential = Credential::new(
            names::secret(CLUSTER, namespace, name).into(),
            "kubernetes-service-account-token",
            "kubernetes",
            "Kubernetes ServiceAccount token Secret",
        );
        credential.account = Some(CLUSTER.into());
        credential.created = object.created();
        credential.expires = Moment::Never;
        if let Some(day) = object.label(LAST_USED).and_then(Timestamp::parse) {
            credential.last_used = Moment::At(day);
        }
        credential.status = if object.label(INVALID_SINCE).is_some() {
            CredentialStatus::Inactive
        } else if object.presence() == Presence::Observed {
            CredentialStatus::Active
        } else {
            CredentialStatus::Unknown
        };
        credential.display = Some(format!("{namespace}/{name}").into());
        credential.revocation =
            Some(format!("kubectl delete secret {name} --namespace {namespace}").into());
        credential.records.insert(evidence);
        if let Some(value) = object.annotation(ACCOUNT_NAME)
            && let Some(account) = value.text().filter(|text| !text.is_empty())
            && (self.made || !account.contains("{{"))
        {
            let key = escaped(ACCOUNT_NAME);
            let pointer = format!("{}/metadata/annotations/{key}", object.pointer);
            credential.links.insert(CredentialLink {
                identity: self.refer_account(namespace, account),
                basis: format!("annotation {ACCOUNT_NAME}").into(),
                evidence: self.evidence(value, pointer),
            });
        }
        self.facts.credentials.push(credential);
    }

    /// Notes that something names a ServiceAccount. Where that was is written on what names it; a record
    /// of the account itself is not to inherit the places of all that use it.
    pub(super) fn refer_account(&mut self, namespace: &str, name: &str) -> IdentityId {
        let mut identity = account(namespace, name);
        identity.presence.insert(Presence::Referenced);
        let id = identity.id.clone();
        self.facts.identities.push(identity);
        id
    }
}

pub(super) fn account(namespace: &str, name: &str) -> Identity {
    let mut identity = Identity::new(
        names::account(CLUSTER, namespace, name).into(),
        Platform::Kubernetes,
        IdentityKind::KubernetesServiceAccount,
        name,
    );
    identity.account = Some(CLUSTER.into());
    identity.namespace = Some(Str::from(namespace));
    identity.humanity = (Humanity::NonHuman, "Kubernetes ServiceAccount".into());
    identity
}
