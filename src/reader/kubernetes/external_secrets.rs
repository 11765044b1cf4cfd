//! Secrets that come from elsewhere: who reads which vault, and by what. External Secrets Operator, Secrets Store
//! CSI driver, Sealed Secrets, HashiCorp's operator.

use super::naming::{host, named};
use super::object::Object;
use super::{Node, Sink};
use crate::model::{
    Evidence, Humanity, Identity, IdentityId, IdentityKind, Platform, SecretUse, Str,
};
use crate::platform::kubernetes::names::{self, CLUSTER};

/// More references of one store or secret are not told.
const MOST: usize = 10_000;

/// Fields, in lower case, of what is no secret: whom one is, what one trusts.
const PUBLIC: &[&str] = &[
    "accesskeyid",
    "accountid",
    "ca",
    "caprovider",
    "clientid",
    "roleref",
    "tenantid",
    "url",
    "username",
];

/// What a store's authentication names.
#[derive(Default)]
struct Auth<'n> {
    /// ServiceAccounts whose tokens are shown, with their namespace where it is said.
    accounts: Vec<(&'n Node, Option<&'n str>, &'n str)>,
    /// Secrets in which something that does not end by itself is kept: path of the field, namespace, name.
    secrets: Vec<(String, &'n Node, Option<&'n str>, &'n str)>,
}

impl<'n> Auth<'n> {
    /// Gathers references to ServiceAccounts and Secrets, whatever the provider calls them. The parser bounds the
    /// depth.
    fn gather(&mut self, node: &'n Node, path: &str) {
        if self.accounts.len() + self.secrets.len() >= MOST {
            return;
        }
        for (key, value) in node.entries() {
            let below = format!("{path}/{key}");
            let lower = key.to_ascii_lowercase();
            if lower.ends_with("serviceaccountref") || lower == "serviceaccount" {
                if let Some(name) = named(value, "name") {
                    self.accounts.push((value, named(value, "namespace"), name));
                }
            } else if value.is_map() && value.get("key").is_some() && named(value, "name").is_some()
                || lower.ends_with("secretref") && named(value, "name").is_some()
            {
                if let Some(name) = named(value, "name") {
                    let namespace = named(value, "namespace");
                    self.secrets.push((below, value, namespace, name));
                }
            } else if value.is_map() {
                self.gather(value, &below);
            }
            for (i, item) in value.items().iter().enumerate() {
                self.gather(item, &format!("{path}/{key}/{i}"));
            }
        }
    }
}

/// A store's id, from where its name is used.
fn store_id(kind: &str, namespace: &str, name: &str) -> String {
    match kind {
        "ClusterSecretStore" => format!("k8s:{CLUSTER}#ClusterSecretStore:{name}"),
        _ => format!("k8s:{CLUSTER}/{namespace}#{kind}:{name}"),
    }
}

impl Sink<'_> {
    fn store(
        &mut self,
        kind: &str,
        namespace: &str,
        name: &str,
        evidence: &Evidence,
    ) -> IdentityId {
        let id = store_id(kind, namespace, name);
        let (platform, app) = (Platform::Kubernetes, IdentityKind::App);
        let why = "reads secrets of another system for the cluster";
        let id = self.refer_identity(id, platform, app, name, why, evidence);
        if let (Some(last), true) = (
            self.facts.identities.last_mut(),
            kind != "ClusterSecretStore",
        ) {
            last.namespace = Some(namespace.into());
        }
        id
    }

    /// `SecretStore`, `ClusterSecretStore`: by whom an upstream vault is read.
    pub(super) fn secret_store(&mut self, object: &Object<'_>) {
        let Some(providers) = object.node.at(&["spec", "provider"]) else {
            return;
        };
        let Some((provider, body)) = providers.entries().iter().find(|(_, body)| body.is_map())
        else {
            return;
        };
        let evidence = self.place(object);
        let id = self.store(object.kind, &object.namespace, &object.name, &evidence);
        let mut identity = Identity::new(
            id.clone(),
            Platform::Kubernetes,
            IdentityKind::App,
            Str::clone(&object.name),
        );
        identity.account = Some(CLUSTER.into());
        identity.presence.insert(object.presence());
        identity.created = object.created();
        identity.humanity = (
            Humanity::NonHuman,
            "reads secrets of another system for the cluster".into(),
        );
        identity.labels = object.labels(self);
        identity.evidence.insert(evidence.clone());
        let mut traits = vec![format!("provider:{provider}")];
        let mut auth = Auth::default();
        auth.gather(body, &format!("/spec/provider/{provider}"));
        let namespace = &object.namespace;
        for (node, of, name) in &auth.accounts {
            let account = self.refer_account(of.unwrap_or(namespace), name);
            identity
                .becomes
                .insert((account, self.spot(object, node, "")));
            traits.push("by:service-account".to_owned());
        }
        let workload = match object.kind {
            "ClusterSecretStore" => Self::cluster_id(object),
            _ => Self::workload_id(object),
        };
        for (path, node, of, name) in &auth.secrets {
            let evidence = self.spot(object, node, path);
            let field = path.rsplit('/').next().unwrap_or_default().to_owned();
            let secret = (of.unwrap_or(namespace), *name);
            // What is trusted is not what one signs in by.
            let name = field.to_ascii_lowercase();
            if !PUBLIC
                .iter()
                .any(|part| name.trim_end_matches("secretref") == *part)
            {
                traits.push(format!("static:{field}"));
            }
            self.uses_secret(&id, secret, &workload, field, evidence);
        }
        if traits.iter().any(|word| word.starts_with("static:")) {
            traits.push("static-key".to_owned());
        }
        let upstream = [
            "server",
            "vaultUrl",
            "url",
            "apiUrl",
            "hostname",
            "connectHost",
        ];
        let address = upstream.iter().find_map(|member| named(body, member));
        traits.extend(address.and_then(host).map(|host| format!("server:{host}")));
        if address.is_some_and(|url| url.starts_with("http://")) {
            traits.push("plain-http".to_owned());
        }
        let mut runs_as = id.clone();
        for (target, node) in self.upstream(object, provider, body) {
            if target.0.starts_with("arn:") {
                // The role is assumed with whatever signs in; which account's token that is, is said above.
                runs_as = target;
            } else {
                identity.becomes.insert((target, node));
            }
        }
        if auth.accounts.is_empty() && auth.secrets.is_empty() {
            traits.push("by:surroundings".to_owned());
        }
        self.facts.identities.push(identity);
        self.acts(object, workload, runs_as, traits);
    }

    /// Roles and applications of the upstream system that a store names.
    fn upstream(
        &mut self,
        object: &Object<'_>,
        provider: &str,
        body: &Node,
    ) -> Vec<(IdentityId, Evidence)> {
        let mut found = Vec::new();
        match provider {
            "aws" => {
                if let (Some(arn), Some(node)) = (named(body, "role"), body.get("role")) {
                    let evidence = self.spot(object, node, "");
                    found.extend(self.aws_role(arn, &evidence).map(|id| (id, evidence)));
                }
            }
            "vault" => {
                for (method, settings) in body.get("auth").map_or(&[][..], Node::entries) {
                    let role = named(settings, "role").or_else(|| named(settings, "vaultRole"));
                    let Some(role) = role else { continue };
                    let mount = named(settings, "mountPath")
                        .or_else(|| named(settings, "path"))
                        .unwrap_or(match method.as_str() {
                            "kubernetes" => "kubernetes",
                            "jwt" => "jwt",
                            "iam" => "aws",
                            other => other,
                        });
                    let evidence = self.spot(object, settings, "");
                    let id = self.vault_role(mount, role, &evidence);
                    found.push((id, evidence));
                }
            }
            "azurekv" => {
                let tenant = named(body, "tenantId").unwrap_or("unknown");
                if let (Some(client), Some(node)) =
                    (named(body, "identityId"), body.get("identityId"))
                {
                    let evidence = self.spot(object, node, "");
                    let (platform, kind) = (Platform::Entra, IdentityKind::EntraManagedIdentity);
                    let id = self.refer_identity(
                        format!("entra:{tenant}/{client}"),
                        platform,
                        kind,
                        client,
                        "",
                        &evidence,
                    );
                    found.push((id, evidence));
                }
            }
            _ => {}
        }
        found
    }

    /// A role of an auth method of Vault that something names.
    pub(super) fn vault_role(
        &mut self,
        mount: &str,
        role: &str,
        evidence: &Evidence,
    ) -> IdentityId {
        let mount = mount.trim_matches('/');
        let mount = mount.strip_prefix("auth/").unwrap_or(mount);
        let (platform, kind) = (Platform::Vault, IdentityKind::VaultRole);
        let why = "role of an auth method of Vault";
        self.refer_identity(
            format!("vault:{mount}/role/{role}"),
            platform,
            kind,
            role,
            why,
            evidence,
        )
    }

    /// `ExternalSecret`, `ClusterExternalSecret`, `PushSecret`: which upstream secret is copied.
    pub(super) fn external_secret(&mut self, object: &Object<'_>) {
        let spec = match object.kind {
            "ClusterExternalSecret" => object.node.at(&["spec", "externalSecretSpec"]),
            _ => object.node.get("spec"),
        };
        let Some(spec) = spec else { return };
        let own = spec.get("secretStoreRef");
        let all = own.into_iter().chain(spec.list("secretStoreRefs"));
        let stores: Vec<&Node> = all.collect();
        let workload = Self::workload_id(object);
        // What a PushSecret copies out is a Secret of the cluster.
        let out = spec.at(&["selector", "secret"]);
        if let Some((node, name)) = out.and_then(|node| Some((node, named(node, "name")?))) {
            let evidence = self.spot(object, node, "/spec/selector/secret");
            for store in &stores {
                let Some(store_name) = named(store, "name") else {
                    continue;
                };
                let kind = named(store, "kind").unwrap_or("SecretStore");
                let user = self.store(kind, &object.namespace, store_name, &evidence);
                let how = "pushed to the store".to_owned();
                let secret = (&*object.namespace, name);
                self.uses_secret(&user, secret, &workload, how, evidence.clone());
            }
        }
        for (i, entry) in spec.list("data").iter().take(MOST).enumerate() {
            let own = entry.at(&["sourceRef", "storeRef"]);
            let Some(remote) = entry
                .get("remoteRef")
                .or_else(|| entry.at(&["match", "remoteRef"]))
            else {
                continue;
            };
            let path = format!("/spec/data/{i}");
            let key = named(remote, "key").or_else(|| named(remote, "remoteKey"));
            let from: Vec<&Node> = own.map_or_else(|| stores.clone(), |own| vec![own]);
            self.copied(
                object,
                &workload,
                &from,
                key,
                named(remote, "property"),
                entry,
                &path,
            );
        }
        for (i, entry) in spec.list("dataFrom").iter().take(MOST).enumerate() {
            let own = entry.at(&["sourceRef", "storeRef"]);
            let path = format!("/spec/dataFrom/{i}");
            let from: Vec<&Node> = own.map_or_else(|| stores.clone(), |own| vec![own]);
            let key = entry
                .get("extract")
                .and_then(|e| named(e, "key"))
                .or_else(|| named(entry, "key"));
            let found = entry.get("find").map(|_| "whatever its search finds");
            self.copied(object, &workload, &from, key.or(found), None, entry, &path);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "one fact has so many parts")]
    fn copied(
        &mut self,
        object: &Object<'_>,
        workload: &Str,
        stores: &[&Node],
        key: Option<&str>,
        property: Option<&str>,
        entry: &Node,
        path: &str,
    ) {
        let Some(key) = key else { return };
        let evidence = self.spot(object, entry, path);
        for store in stores {
            let Some(name) = named(store, "name") else {
                continue;
            };
            let kind = named(store, "kind").unwrap_or("SecretStore");
            let user = self.store(kind, &object.namespace, name, &evidence);
            let secret = match property {
                Some(property) => format!("{user}/{key}#{property}"),
                None => format!("{user}/{key}"),
            };
            self.facts.secret_uses.push(SecretUse {
                user,
                secret: secret.into(),
                name: key.into(),
                workload: Str::clone(workload),
                how: format!("copied by {} {}", object.kind, object.name).into(),
                receiver: None,
                evidence: evidence.clone(),
            });
        }
    }

    /// `SecretProviderClass`: what the CSI driver mounts, and as whom it reads it.
    pub(super) fn secret_provider(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        let provider = named(spec, "provider").unwrap_or("unknown");
        let parameters = spec.get("parameters");
        let parameter = |name: &str| parameters.and_then(|p| named(p, name));
        let evidence = self.place(object);
        let id = self.store(object.kind, &object.namespace, &object.name, &evidence);
        let mut traits = vec![format!("provider:{provider}")];
        let mut becomes = Vec::new();
        if let Some(role) = parameter("roleName").filter(|_| provider == "vault") {
            becomes.push(self.vault_role(
                parameter("vaultKubernetesMountPath").unwrap_or("kubernetes"),
                role,
                &evidence,
            ));
        }
        let client = parameter("clientID").or_else(|| parameter("userAssignedIdentityID"));
        if let Some(client) = client.filter(|_| provider == "azure") {
            let tenant = parameter("tenantId")
                .or_else(|| parameter("tenantID"))
                .unwrap_or("unknown");
            let (platform, kind) = (Platform::Entra, IdentityKind::EntraManagedIdentity);
            becomes.push(self.refer_identity(
                format!("entra:{tenant}/{client}"),
                platform,
                kind,
                client,
                "",
                &evidence,
            ));
        }
        let address = parameter("vaultAddress").and_then(host);
        traits.extend(address.map(|host| format!("server:{host}")));
        if let Some(last) = self.facts.identities.iter_mut().rev().find(|i| i.id == id) {
            last.presence.insert(object.presence());
            last.becomes
                .extend(becomes.into_iter().map(|target| (target, evidence.clone())));
        }
        self.acts(object, Self::workload_id(object), id, traits);
    }

    /// `SealedSecret`: a Secret that only the controller's key opens. Its value stands nowhere.
    pub(super) fn sealed_secret(&mut self, object: &Object<'_>) {
        let sealed = object.node.at(&["spec", "encryptedData"]);
        if sealed.is_none_or(|data| data.entries().is_empty()) {
            return;
        }
        let evidence = self.place(object);
        let annotations = object.node.at(&["metadata", "annotations"]);
        let on = |key: &str| annotations.and_then(|a| a.str(key)) == Some("true");
        let scope = if on("sealedsecrets.bitnami.com/cluster-wide") {
            "scope:cluster"
        } else if on("sealedsecrets.bitnami.com/namespace-wide") {
            "scope:namespace"
        } else {
            "scope:strict"
        };
        let id = self.refer_identity(
            format!("k8s:{CLUSTER}#controller:sealed-secrets"),
            Platform::Kubernetes,
            IdentityKind::App,
            "Sealed Secrets controller",
            "a controller that opens sealed secrets",
            &evidence,
        );
        let secret = names::secret(CLUSTER, &object.namespace, &object.name);
        for (key, _) in sealed.map_or(&[][..], Node::entries).iter().take(MOST) {
            self.facts.secret_uses.push(SecretUse {
                user: id.clone(),
                secret: secret.as_str().into(),
                name: format!("{}/{key}", object.name).into(),
                workload: Self::workload_id(object),
                how: "sealed".into(),
                receiver: None,
                evidence: evidence.clone(),
            });
        }
        self.acts(object, Self::workload_id(object), id, [scope.to_owned()]);
    }

    /// `VaultAuth` of HashiCorp's operator.
    pub(super) fn vault_auth(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        let method = named(spec, "method").unwrap_or("kubernetes");
        let mount = named(spec, "mount").unwrap_or(method);
        let Some(settings) = spec
            .entries()
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(method))
        else {
            return;
        };
        let evidence = self.spot(object, &settings.1, "/spec");
        let role = named(&settings.1, "role");
        let account = named(&settings.1, "serviceAccount");
        if let (Some(role), Some(account)) = (role, account) {
            let target = self.vault_role(mount, role, &evidence);
            self.becomes(&object.namespace, account, target, evidence.clone());
            for audience in settings.1.strings("audiences") {
                let audience = Some(&*audience);
                self.token(&object.namespace, account, audience, evidence.clone());
            }
        }
        let secret = named(&settings.1, "secretRef");
        let user = match account {
            Some(account) => self.refer_account(&object.namespace, account),
            None => self.store(object.kind, &object.namespace, &object.name, &evidence),
        };
        let mut traits = vec![format!("provider:vault"), format!("by:{method}")];
        let workload = Self::workload_id(object);
        if let Some(secret) = secret {
            traits.push("static-key".to_owned());
            self.uses_secret(
                &user,
                (&object.namespace, secret),
                &workload,
                "secretRef".to_owned(),
                evidence,
            );
        }
        self.acts(object, workload, user, traits);
    }
}
