//! Secrets of every type: whose credential each holds and when it ends. Values are decoded only where they say
//! that themselves (a certificate's end, a registry's user), and never kept.

use super::naming::{belongs, host, name_of};
use super::object::Object;
use super::{Node, Sink, pull};
use crate::detect;
use crate::model::{ClaimName, Credential, IdentityKind, Moment, Platform, Presence, Timestamp};
use crate::platform::kubernetes::names::{self, CLUSTER};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// Longer values of a Secret are not looked into; the API server allows 1 MiB for the whole.
const LONGEST: usize = 1 << 20;

/// A value of a Secret, decoded.
pub(super) type Value = Zeroizing<Vec<u8>>;

/// A value of a Secret and the node that it stands in: `stringData` goes before `data`, as in the API server.
pub(super) fn value<'n>(object: &Object<'n>, key: &str) -> Option<(Value, &'n Node)> {
    if let Some(node) = object.node.at(&["stringData", key]) {
        let text = node.text().filter(|text| text.len() <= LONGEST)?;
        return Some((Zeroizing::new(text.as_bytes().to_vec()), node));
    }
    let node = object.node.at(&["data", key])?;
    let text = node.text().filter(|text| text.len() <= 2 * LONGEST)?;
    let letters: Zeroizing<Vec<u8>> = Zeroizing::new(
        text.bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect(),
    );
    let plain = BASE64_STANDARD.decode(&*letters).ok()?;
    Some((Zeroizing::new(plain), node))
}

/// The same as text.
pub(super) fn text(object: &Object<'_>, key: &str) -> Option<Zeroizing<String>> {
    let (value, _) = value(object, key)?;
    let text = std::str::from_utf8(&value).ok()?.trim();
    (!text.is_empty()).then(|| Zeroizing::new(text.to_owned()))
}

/// Whether a Secret says a value for this key, readable or not.
pub(super) fn has(object: &Object<'_>, key: &str) -> bool {
    let member = |of: &str| object.node.at(&[of, key]).and_then(Node::text);
    member("stringData")
        .or_else(|| member("data"))
        .is_some_and(|text| !text.is_empty())
}

impl Sink<'_> {
    /// A Secret of whatever type.
    pub(super) fn any_secret(&mut self, object: &Object<'_>) {
        match object.node.str("type").unwrap_or("Opaque") {
            "kubernetes.io/service-account-token" => self.secret(object),
            "kubernetes.io/dockerconfigjson" => {
                pull::registries(self, object, ".dockerconfigjson", true);
            }
            "kubernetes.io/dockercfg" => pull::registries(self, object, ".dockercfg", false),
            "kubernetes.io/tls" => self.tls(object),
            "bootstrap.kubernetes.io/token" => self.bootstrap_token(object),
            "kubernetes.io/ssh-auth" => self.ssh_key(object),
            "kubernetes.io/basic-auth" => self.basic(object),
            _ => {
                if !self.argocd_secret(object) {
                    self.opaque(object);
                }
            }
        }
    }

    /// A certificate with its key: it ends when the certificate does.
    fn tls(&mut self, object: &Object<'_>) {
        let title = ("kubernetes-tls-certificate", "x509", "TLS certificate");
        self.certificate(object, "tls.crt", "", title);
    }

    /// The certificate of a key of a Secret, as a credential.
    fn certificate(
        &mut self,
        object: &Object<'_>,
        key: &str,
        part: &str,
        title: (&'static str, &'static str, &'static str),
    ) {
        let Some((armour, node)) = value(object, key) else {
            return;
        };
        let evidence = self.spot(
            object,
            node,
            &format!("/data/{}", super::object::escaped(key)),
        );
        let Some(certificate) = detect::certificate(&armour, false, evidence.clone()) else {
            return;
        };
        let mut credential = self.held(object, part, title);
        credential.records.insert(evidence);
        certified(&mut credential, &certificate);
        self.facts.credentials.push(credential);
    }

    /// `bootstrap.kubernetes.io/token`: lets a machine join the cluster until `expiration`; without, for ever.
    fn bootstrap_token(&mut self, object: &Object<'_>) {
        let title = (
            "kubernetes-bootstrap-token",
            "kubernetes",
            "Kubernetes bootstrap token",
        );
        let mut credential = self.held(object, "", title);
        credential.account = Some(CLUSTER.into());
        credential.expires = match text(object, "expiration") {
            Some(at) => Timestamp::parse(&at).map_or(Moment::Unknown, Moment::At),
            None if has(object, "expiration") => Moment::Unknown,
            None => Moment::Never,
        };
        let on = |key: &str| text(object, key).is_some_and(|value| *value == "true");
        for (key, use_of) in [
            ("usage-bootstrap-authentication", "authentication"),
            ("usage-bootstrap-signing", "signing"),
        ] {
            if on(key) {
                credential.claims.add(ClaimName::Scope, use_of);
            }
        }
        let id = text(object, "token-id")
            .map(|id| id.to_string())
            .or_else(|| {
                object
                    .name
                    .strip_prefix("bootstrap-token-")
                    .map(str::to_owned)
            })
            .filter(|id| id.len() <= 16 && id.bytes().all(|b| b.is_ascii_alphanumeric()));
        let evidence = self.place(object);
        if let Some(id) = &id {
            credential.claims.add(ClaimName::TokenId, id);
            credential.display = Some(id.as_str().into());
        }
        if on("usage-bootstrap-authentication")
            && let Some(id) = id
        {
            let user = format!("system:bootstrap:{id}");
            let identity = self.refer_identity(
                names::user(CLUSTER, &user),
                Platform::Kubernetes,
                IdentityKind::KubernetesUser,
                &user,
                "user of a bootstrap token",
                &evidence,
            );
            let more = text(object, "auth-extra-groups");
            let more = more.as_deref().map(String::as_str).unwrap_or_default();
            let groups = more.split(',').map(str::trim);
            for group in groups.filter(|g| g.starts_with("system:bootstrappers:")) {
                credential.claims.add(ClaimName::Group, group);
                self.member(&identity, group, &evidence);
            }
            credential
                .claims
                .add(ClaimName::Group, "system:bootstrappers");
            self.member(&identity, "system:bootstrappers", &evidence);
            belongs(&mut credential, identity, "the token's id", evidence);
        }
        credential.revocation = Some(
            format!(
                "kubectl delete secret {} --namespace {}",
                object.name, object.namespace
            )
            .into(),
        );
        self.facts.credentials.push(credential);
    }

    fn ssh_key(&mut self, object: &Object<'_>) {
        if has(object, "ssh-privatekey") {
            let title = ("kubernetes-ssh-key", "ssh", "SSH key in a Secret");
            let credential = self.held(object, "", title);
            self.facts.credentials.push(credential);
        }
    }

    fn basic(&mut self, object: &Object<'_>) {
        if !has(object, "password") {
            return;
        }
        let title = (
            "kubernetes-basic-auth",
            "unknown",
            "user name and password in a Secret",
        );
        let mut credential = self.held(object, "", title);
        if let Some(user) = text(object, "username") {
            credential.claims.add(ClaimName::User, &user);
        }
        // Tekton says by annotation which host they are for.
        let annotations = object.node.at(&["metadata", "annotations"]);
        for (key, value) in annotations.map_or(&[][..], Node::entries) {
            let git = key.starts_with("tekton.dev/git-") || key.starts_with("tekton.dev/docker-");
            if let (true, Some(host)) = (git, name_of(Some(value)).and_then(host)) {
                credential.claims.add(ClaimName::Host, host);
            }
        }
        self.facts.credentials.push(credential);
    }

    /// What a Secret without a type of its own holds that is known by its keys: kubeconfigs, certificates, keys of
    /// clouds.
    fn opaque(&mut self, object: &Object<'_>) {
        if super::kubeconfig::may_hold(object) {
            self.kubeconfigs(object);
        }
        if has(object, "tls.crt") && has(object, "tls.key") {
            self.tls(object);
        }
        for (keys, title) in CLOUD_KEYS {
            if keys.iter().all(|key| has(object, key)) {
                let part = keys.last().copied().unwrap_or_default();
                let mut credential = self.held(object, part, *title);
                for (key, claim) in [
                    ("tenantId", ClaimName::Tenant),
                    ("clientId", ClaimName::App),
                    ("ClientID", ClaimName::App),
                ] {
                    if let (true, Some(value)) = (keys.contains(&key), text(object, key)) {
                        credential.claims.add(claim, &value);
                    }
                }
                self.facts.credentials.push(credential);
                break;
            }
        }
    }
}

/// Keys by which tools that talk to clouds know what a Secret holds.
type CloudKeys = (
    &'static [&'static str],
    (&'static str, &'static str, &'static str),
);

const AWS_KEY: (&str, &str, &str) = (
    "kubernetes-aws-access-key",
    "aws",
    "AWS access key in a Secret",
);

const CLOUD_KEYS: &[CloudKeys] = &[
    (&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], AWS_KEY),
    (&["aws_access_key_id", "aws_secret_access_key"], AWS_KEY),
    (&["access-key-id", "secret-access-key"], AWS_KEY),
    (&["access-key", "secret-access-key"], AWS_KEY),
    (
        &["tenantId", "clientId", "clientSecret"],
        (
            "kubernetes-azure-client-secret",
            "azure",
            "Entra client secret in a Secret",
        ),
    ),
];

/// What a certificate tells of the credential that it makes with its key.
pub(super) fn certified(credential: &mut Credential, certificate: &crate::model::Certificate) {
    credential.expires = certificate.expires;
    if certificate.created.is_some() {
        credential.created = certificate.created;
    }
    credential.claims.merge(certificate.claims.clone());
    credential.join_keys.extend(certificate.join_keys.clone());
    if credential.implied_tier < certificate.implied_tier {
        credential.implied_tier = certificate.implied_tier.clone();
    }
}

impl Sink<'_> {
    /// Notes that a user is in a group.
    pub(super) fn member(
        &mut self,
        member: &crate::model::IdentityId,
        group: &str,
        evidence: &crate::model::Evidence,
    ) {
        let id = names::group(CLUSTER, group);
        let mut identity = crate::model::Identity::new(
            id.into(),
            Platform::Kubernetes,
            IdentityKind::KubernetesGroup,
            group,
        );
        identity.account = Some(CLUSTER.into());
        identity.presence.insert(Presence::Referenced);
        identity.evidence.insert(evidence.clone());
        let group = identity.id.clone();
        self.facts.identities.push(identity);
        self.facts.memberships.push(crate::model::Membership {
            member: member.clone(),
            group,
            evidence: evidence.clone(),
        });
    }
}
