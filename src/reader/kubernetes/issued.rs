//! Certificates that are asked for: cert-manager's, and the cluster's own signing requests.

use super::naming::{belongs, named};
use super::object::Object;
use super::secret::certified;
use super::{Node, Sink};
use crate::detect;
use crate::model::{
    ClaimName, Credential, CredentialStatus, Evidence, Humanity, Identity, IdentityId,
    IdentityKind, ImpliedTier, Moment, Platform, Presence, Tier, Timestamp,
};
use crate::platform::kubernetes::names::{self, CLUSTER};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

impl Sink<'_> {
    /// cert-manager `Certificate`: lasts `duration`, is renewed before, and stands in a Secret.
    pub(super) fn certificate_object(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        let Some(secret) = named(spec, "secretName") else {
            return;
        };
        let evidence = self.place(object);
        let id = names::secret(CLUSTER, &object.namespace, secret);
        let mut credential = Credential::new(
            id.into(),
            "kubernetes-tls-certificate",
            "x509",
            "TLS certificate",
        );
        credential.display = Some(format!("{}/{secret}", object.namespace).into());
        credential.records.insert(evidence.clone());
        let moment = |path: &[&str]| {
            object
                .node
                .at(path)
                .and_then(Node::text)
                .and_then(Timestamp::parse)
        };
        if let Some(end) = moment(&["status", "notAfter"]) {
            credential.expires = Moment::At(end);
            credential.status = CredentialStatus::Active;
        }
        credential.created = moment(&["status", "notBefore"]);
        // cert-manager's own default is 90 days.
        let duration = named(spec, "duration").unwrap_or("2160h");
        if let Some(hours) = go_hours(duration) {
            credential.claims.add(ClaimName::ValidFor, &words(hours));
        }
        if spec.bool("isCA") == Some(true) {
            credential
                .claims
                .add(ClaimName::Kind, "certificate authority");
        }
        for usage in spec.strings("usages") {
            credential.claims.add(ClaimName::Scope, &usage);
        }
        for member in ["dnsNames", "uris"] {
            for name in spec.strings(member) {
                credential.claims.add(ClaimName::Host, &name);
            }
        }
        if let Some(issuer) = spec
            .get("issuerRef")
            .and_then(|issuer| named(issuer, "name"))
        {
            credential.claims.add(ClaimName::Issuer, issuer);
        }
        let common_name = named(spec, "commonName");
        if let Some(name) = common_name {
            credential.claims.add(ClaimName::Subject, name);
        }
        let groups = spec
            .get("subject")
            .map(|s| s.strings("organizations"))
            .unwrap_or_default();
        self.grouped(&mut credential, common_name, &groups, &evidence);
        self.facts.credentials.push(credential);
    }

    /// What organisations mean to an API server that trusts the issuer.
    fn grouped(
        &mut self,
        credential: &mut Credential,
        user: Option<&str>,
        groups: &[std::sync::Arc<str>],
        evidence: &Evidence,
    ) {
        let ours = groups.iter().any(|group| group.starts_with("system:"));
        for group in groups {
            let name = if ours {
                ClaimName::Group
            } else {
                ClaimName::Tenant
            };
            credential.claims.add(name, group);
        }
        if groups.iter().any(|group| &**group == names::MASTERS) {
            credential.implied_tier = ImpliedTier {
                tier: Tier::Admin,
                basis: "it is for O=system:masters".into(),
            };
        }
        if let (true, Some(user)) = (ours, user) {
            let identity = self.cluster_user(user, evidence);
            for group in groups {
                self.member(&identity, group, evidence);
            }
            belongs(
                credential,
                identity,
                "the certificate's common name",
                evidence.clone(),
            );
        }
    }

    /// A user by name, who may be a ServiceAccount.
    pub(super) fn cluster_user(&mut self, name: &str, evidence: &Evidence) -> IdentityId {
        if let Some((namespace, account)) = names::account_of_user(name) {
            return self.refer_account(namespace, account);
        }
        let mut identity = Identity::new(
            names::user(CLUSTER, name).into(),
            Platform::Kubernetes,
            IdentityKind::KubernetesUser,
            name,
        );
        identity.account = Some(CLUSTER.into());
        identity.presence.insert(Presence::Referenced);
        identity.evidence.insert(evidence.clone());
        identity.humanity = if name.starts_with("system:") {
            (
                Humanity::NonHuman,
                "user name has the control plane's prefix".into(),
            )
        } else {
            (
                Humanity::Undetermined,
                "user name tells neither person nor machine".into(),
            )
        };
        let id = identity.id.clone();
        self.facts.identities.push(identity);
        id
    }

    /// cert-manager `Issuer` and `ClusterIssuer`: by what they sign in to whom they ask.
    pub(super) fn issuer(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        let evidence = self.place(object);
        let cluster = object.kind == "ClusterIssuer";
        let (id, workload) = if cluster {
            (
                format!("k8s:{CLUSTER}#ClusterIssuer:{}", object.name),
                Self::cluster_id(object),
            )
        } else {
            let id = format!("k8s:{CLUSTER}/{}#Issuer:{}", object.namespace, object.name);
            (id, Self::workload_id(object))
        };
        // A ClusterIssuer's Secrets stand in the namespace that cert-manager is told, by default its own.
        let namespace = if cluster {
            "cert-manager"
        } else {
            &*object.namespace
        };
        let why = "issues certificates for the cluster";
        let (platform, kind) = (Platform::Kubernetes, IdentityKind::App);
        let user = self.refer_identity(id, platform, kind, &object.name, why, &evidence);
        let mut traits = Vec::new();
        if let Some((sort, _)) = spec.entries().iter().find(|(_, body)| body.is_map()) {
            traits.push(format!("issuer:{sort}"));
        }
        if let Some(secret) = spec.get("ca").and_then(|ca| named(ca, "secretName")) {
            let how = "signs with the authority's key".to_owned();
            self.uses_secret(&user, (namespace, secret), &workload, how, evidence.clone());
        }
        if let Some(vault) = spec.get("vault") {
            for (method, settings) in vault.get("auth").map_or(&[][..], Node::entries) {
                if let Some(role) = named(settings, "role") {
                    let mount = named(settings, "mountPath").unwrap_or("kubernetes");
                    let target = self.vault_role(mount, role, &evidence);
                    let account = settings
                        .get("serviceAccountRef")
                        .and_then(|a| named(a, "name"));
                    if let Some(account) = account.filter(|_| !cluster) {
                        self.becomes(&object.namespace, account, target, evidence.clone());
                    }
                }
                let secret = settings.get("secretRef").and_then(|s| named(s, "name"));
                let secret = secret
                    .or_else(|| named(settings, "name").filter(|_| method == "tokenSecretRef"));
                if let Some(secret) = secret {
                    traits.push("static-key".to_owned());
                    let how = format!("signs in to Vault by {method}");
                    self.uses_secret(&user, (namespace, secret), &workload, how, evidence.clone());
                }
            }
        }
        for solver in spec
            .get("acme")
            .map_or(&[][..], |acme| acme.list("solvers"))
        {
            for (provider, settings) in solver.get("dns01").map_or(&[][..], Node::entries) {
                for (field, reference) in settings.entries() {
                    let Some(secret) = named(reference, "name")
                        .filter(|_| field.to_ascii_lowercase().ends_with("secretref"))
                    else {
                        continue;
                    };
                    traits.push("static-key".to_owned());
                    let evidence = self.spot(object, reference, "/spec/acme/solvers");
                    let how = format!("{provider} {field}");
                    self.uses_secret(&user, (namespace, secret), &workload, how, evidence);
                }
                if let Some(role) = named(settings, "role") {
                    let evidence = self.spot(object, settings, "/spec/acme/solvers");
                    let _ = self.aws_role(role, &evidence);
                }
            }
        }
        self.acts(object, workload, user, traits);
    }

    /// `CertificateSigningRequest`: whom a client certificate is asked or was issued for.
    pub(super) fn signing_request(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        let evidence = self.place(object);
        let signer = named(spec, "signerName").unwrap_or("kubernetes.io/legacy-unknown");
        let client = matches!(
            signer,
            "kubernetes.io/kube-apiserver-client" | "kubernetes.io/kube-apiserver-client-kubelet"
        );
        let decode = |node: Option<&Node>| {
            let text = node
                .and_then(Node::text)
                .filter(|text| text.len() <= 256 << 10)?;
            let letters: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            BASE64_STANDARD.decode(letters).ok()
        };
        let id = format!("k8s:{CLUSTER}#csr:{}", object.name);
        let mut credential = Credential::new(
            id.into(),
            "kubernetes-client-certificate",
            "kubernetes",
            if client {
                "client certificate of a signing request"
            } else {
                "certificate of a signing request"
            },
        );
        credential.account = Some(CLUSTER.into());
        credential.display = Some(object.name.clone());
        credential.created = object.created();
        credential.records.insert(evidence.clone());
        credential.claims.add(ClaimName::Issuer, signer);
        if let Some(seconds) = named(spec, "expirationSeconds").and_then(|s| s.parse::<u64>().ok())
        {
            credential
                .claims
                .add(ClaimName::ValidFor, &words(seconds / 3600));
        }
        if let Some(requestor) = named(spec, "username") {
            credential.claims.add(ClaimName::User, requestor);
        }
        credential.status = state(object);
        let issued = decode(object.node.at(&["status", "certificate"]));
        let certificate =
            issued.and_then(|armour| detect::certificate(&armour, client, evidence.clone()));
        if let Some(certificate) = &certificate {
            certified(&mut credential, certificate);
        }
        let request =
            decode(spec.get("request")).and_then(|armour| detect::certificate_request(&armour));
        if let Some(request) = request {
            let short = |text: &&String| text.len() <= 256 && !text.chars().any(char::is_control);
            let groups: Vec<std::sync::Arc<str>> = request
                .organisations
                .iter()
                .filter(short)
                .map(|g| g.as_str().into())
                .collect();
            let user = request.common_name.as_ref().filter(short);
            if let Some(user) = user {
                credential.claims.add(ClaimName::Subject, user);
            }
            if client {
                self.requested(&mut credential, user, &groups, &evidence);
            }
        } else if let (true, Some(certificate)) = (client, &certificate) {
            let groups: Vec<std::sync::Arc<str>> = certificate
                .claims
                .of(ClaimName::Group)
                .map(Into::into)
                .collect();
            let user = certificate
                .claims
                .of(ClaimName::Subject)
                .next()
                .map(str::to_owned);
            self.requested(&mut credential, user.as_ref(), &groups, &evidence);
        }
        self.facts.credentials.push(credential);
    }

    fn requested(
        &mut self,
        credential: &mut Credential,
        user: Option<&String>,
        groups: &[std::sync::Arc<str>],
        evidence: &Evidence,
    ) {
        for group in groups {
            credential.claims.add(ClaimName::Group, group);
        }
        if groups.iter().any(|group| &**group == names::MASTERS) {
            credential.implied_tier = ImpliedTier {
                tier: Tier::Admin,
                basis: "it is for O=system:masters".into(),
            };
        }
        let Some(user) = user else { return };
        let identity = self.cluster_user(user, evidence);
        for group in groups {
            self.member(&identity, group, evidence);
        }
        belongs(
            credential,
            identity,
            "the request's common name",
            evidence.clone(),
        );
    }
}

/// Whether a request was granted.
fn state(object: &Object<'_>) -> CredentialStatus {
    let conditions = object
        .node
        .get("status")
        .map_or(&[][..], |s| s.list("conditions"));
    let is = |kind: &str| conditions.iter().any(|c| c.str("type") == Some(kind));
    if is("Denied") || is("Failed") {
        CredentialStatus::Inactive
    } else if object.node.at(&["status", "certificate"]).is_some() {
        CredentialStatus::Active
    } else {
        CredentialStatus::Unknown
    }
}

/// The hours of a duration as Go writes it: `2160h0m0s`.
fn go_hours(text: &str) -> Option<u64> {
    let (hours, rest) = text.split_once('h')?;
    let fine = rest
        .chars()
        .all(|c| c.is_ascii_digit() || "ms.".contains(c));
    hours.parse().ok().filter(|_| fine)
}

/// `90 d`, `12 h`.
fn words(hours: u64) -> String {
    if hours >= 48 {
        format!("{} d", hours / 24)
    } else {
        format!("{hours} h")
    }
}
