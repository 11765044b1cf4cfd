//! Argo CD: the clusters and repositories it keeps credentials for, the tokens of projects' roles, and as whom its
//! applications are applied.

use super::naming::{belongs, host, name_of, named, symbolic};
use super::object::Object;
use super::secret::{certified, has, text};
use super::{Node, Sink, tree};
use crate::detect;
use crate::model::{
    ClaimName, Credential, Effect, Entitlement, EntitlementRole, Evidence, Humanity, Identity,
    IdentityId, IdentityKind, Moment, Platform, Policy, PolicyId, PolicyKind, Rule, RuleBody,
    Scope, Timestamp,
};
use crate::platform::kubernetes::names;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// The label by which Argo CD knows its Secrets.
const SECRET_TYPE: &str = "argocd.argoproj.io/secret-type";

impl Sink<'_> {
    /// Reads a Secret of Argo CD's; whether it is one.
    pub(super) fn argocd_secret(&mut self, object: &Object<'_>) -> bool {
        match object.label(SECRET_TYPE) {
            Some("cluster") => self.cluster_secret(object),
            Some("repository" | "repo-creds" | "repository-write") => self.repository(object),
            _ => return false,
        }
        true
    }

    /// A cluster that Argo CD deploys to, and by what it is let in.
    fn cluster_secret(&mut self, object: &Object<'_>) {
        let evidence = self.place(object);
        let server = text(object, "server");
        let server = server.as_deref().map(String::as_str).unwrap_or_default();
        let cluster = text(object, "name");
        let cluster = cluster.as_deref().map_or(&*object.name, String::as_str);
        let mut traits = vec![format!("cluster:{cluster}")];
        traits.extend(host(server).map(|host| format!("server:{host}")));
        let mut identity = Identity::new(
            format!("argocd:{}/cluster/{}", object.namespace, object.name).into(),
            Platform::ArgoCd,
            IdentityKind::ServiceConnection,
            cluster,
        );
        identity.account = Some(object.namespace.clone());
        identity.presence.insert(object.presence());
        identity.created = object.created();
        identity.humanity = (
            Humanity::NonHuman,
            "Argo CD deploys to a cluster by it".into(),
        );
        identity.labels = object.labels(self);
        identity.evidence.insert(evidence.clone());
        let connection = identity.id.clone();
        self.facts.identities.push(identity);
        let config = text(object, "config");
        let config = config.as_ref().and_then(|text| {
            let parsed = tree::documents(text.as_bytes()).into_iter().next();
            parsed.and_then(Result::ok)
        });
        let tell = |credential: &mut Credential| {
            credential.claims.add(ClaimName::Cluster, cluster);
            credential
                .claims
                .add(ClaimName::Host, host(server).unwrap_or_default());
        };
        let basis = "the Secret of the connection";
        let mut runs_as = connection.clone();
        if let Some(config) = &config {
            if let Some(token) = config.str("bearerToken").filter(|t| !t.is_empty()) {
                traits.push("by:token".to_owned());
                let title = (
                    "argocd-cluster-token",
                    "kubernetes",
                    "token by which Argo CD deploys to a cluster",
                );
                let mut credential = self.held(object, "bearerToken", title);
                tell(&mut credential);
                if let Some(token) = detect::web_token(token.trim().as_bytes()) {
                    credential.expires = token.expires;
                    credential.created = token.created.or(credential.created);
                    credential.claims.merge(token.claims);
                    credential.implied_tier = token.implied_tier;
                    credential.join_keys = token.join_keys;
                }
                belongs(&mut credential, connection.clone(), basis, evidence.clone());
                self.facts.credentials.push(credential);
            }
            if config.str("password").is_some_and(|t| !t.is_empty()) {
                traits.push("by:password".to_owned());
                let title = (
                    "argocd-cluster-password",
                    "kubernetes",
                    "password by which Argo CD deploys to a cluster",
                );
                let mut credential = self.held(object, "password", title);
                tell(&mut credential);
                credential.expires = Moment::Never;
                belongs(&mut credential, connection.clone(), basis, evidence.clone());
                self.facts.credentials.push(credential);
            }
            if let Some(tls) = config.get("tlsClientConfig") {
                if tls.bool("insecure") == Some(true) {
                    traits.push("insecure-skip-tls-verify".to_owned());
                }
                if let Some(data) = tls.str("certData").filter(|t| !t.is_empty()) {
                    traits.push("by:client-certificate".to_owned());
                    let title = (
                        "argocd-cluster-certificate",
                        "kubernetes",
                        "client certificate by which Argo CD deploys to a cluster",
                    );
                    let mut credential = self.held(object, "certData", title);
                    tell(&mut credential);
                    let armour = BASE64_STANDARD.decode(data.trim()).unwrap_or_default();
                    if let Some(certificate) = detect::certificate(&armour, true, evidence.clone())
                    {
                        certified(&mut credential, &certificate);
                    }
                    belongs(&mut credential, connection.clone(), basis, evidence.clone());
                    self.facts.credentials.push(credential);
                }
            }
            if let Some(arn) = config
                .at(&["awsAuthConfig", "roleARN"])
                .and_then(|n| name_of(Some(n)))
            {
                traits.push("by:aws-role".to_owned());
                if let Some(role) = self.aws_role(arn, &evidence) {
                    runs_as = role;
                }
            }
            if let Some(exec) = config.get("execProviderConfig") {
                traits.push("by:exec".to_owned());
                traits.extend(named(exec, "command").map(|command| format!("exec:{command}")));
            }
        }
        let id = Self::workload_id(object);
        self.acts_as(object, "ArgoCD cluster", id, runs_as, traits);
    }

    /// An IAM role that something names; `None` for what is no role's ARN.
    pub(super) fn aws_role(&mut self, arn: &str, evidence: &Evidence) -> Option<IdentityId> {
        let plain = names::iam_role(arn).map(|(account, _)| account.to_owned());
        let open = symbolic(arn) && arn.starts_with("arn:") && arn.contains(":role/");
        if plain.is_none() && !open {
            return None;
        }
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let (platform, kind) = (Platform::Aws, IdentityKind::AwsRole);
        let id = self.refer_identity(arn.to_owned(), platform, kind, name, "", evidence);
        if let Some(last) = self.facts.identities.last_mut() {
            last.account = plain.map(Into::into);
        }
        Some(id)
    }

    /// A repository that Argo CD reads, and by what.
    fn repository(&mut self, object: &Object<'_>) {
        let url = text(object, "url");
        let place = url.as_deref().and_then(|url| host(url));
        for (key, title) in [
            (
                "password",
                (
                    "argocd-repository-password",
                    "unknown",
                    "password or token by which Argo CD reads a repository",
                ),
            ),
            (
                "bearerToken",
                (
                    "argocd-repository-password",
                    "unknown",
                    "password or token by which Argo CD reads a repository",
                ),
            ),
            (
                "sshPrivateKey",
                (
                    "argocd-repository-key",
                    "ssh",
                    "SSH key by which Argo CD reads a repository",
                ),
            ),
            (
                "githubAppPrivateKey",
                (
                    "argocd-github-app-key",
                    "github",
                    "private key of a GitHub App by which Argo CD reads repositories",
                ),
            ),
            (
                "gcpServiceAccountKey",
                (
                    "argocd-gcp-key",
                    "gcp",
                    "key of a Google service account by which Argo CD reads a repository",
                ),
            ),
        ] {
            if !has(object, key) {
                continue;
            }
            let mut credential = self.held(object, key, title);
            credential
                .claims
                .add(ClaimName::Host, place.unwrap_or_default());
            if let Some(user) = text(object, "username") {
                credential.claims.add(ClaimName::User, &user);
            }
            if key == "githubAppPrivateKey"
                && let Some(app) = text(object, "githubAppID")
            {
                credential.expires = Moment::Never;
                credential.claims.add(ClaimName::App, &app);
                let evidence = self.place(object);
                let identity = self.refer_identity(
                    format!("github:app/{}", &*app),
                    Platform::GitHub,
                    IdentityKind::App,
                    &format!("GitHub App {}", &*app),
                    "a GitHub App",
                    &evidence,
                );
                belongs(
                    &mut credential,
                    identity,
                    "the Secret names the app",
                    evidence,
                );
            }
            self.facts.credentials.push(credential);
        }
    }

    /// `AppProject`: its roles are identities of Argo CD, with tokens that may never end.
    pub(super) fn app_project(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        self.deploys(object);
        for to in spec.list("destinationServiceAccounts") {
            if let Some(account) = named(to, "defaultServiceAccount") {
                let (namespace, name) = account
                    .split_once(':')
                    .unwrap_or((named(to, "namespace").unwrap_or("*"), account));
                if namespace.contains('*') {
                    continue;
                }
                let runs_as = self.refer_account(namespace, name);
                let id = format!("{}/{namespace}", Self::workload_id(object));
                self.acts(object, id.into(), runs_as, Vec::new());
            }
        }
        for (i, role) in spec.list("roles").iter().enumerate() {
            let Some(name) = named(role, "name") else {
                continue;
            };
            let path = format!("/spec/roles/{i}");
            let evidence = self.spot(object, role, &path);
            let subject = format!("proj:{}:{name}", object.name);
            let mut identity = Identity::new(
                format!("argocd:{}/{subject}", object.namespace).into(),
                Platform::ArgoCd,
                IdentityKind::ServiceAccount,
                subject.as_str(),
            );
            identity.account = Some(object.namespace.clone());
            identity.presence.insert(object.presence());
            identity.humanity = if role.list("groups").is_empty() {
                (
                    Humanity::NonHuman,
                    "role of an Argo CD project that tokens are for".into(),
                )
            } else {
                (
                    Humanity::Undetermined,
                    "role of an Argo CD project that groups have, too".into(),
                )
            };
            identity.labels = object.labels(self);
            identity.assigned = role
                .strings("groups")
                .iter()
                .map(|group| format!("group {group}").into())
                .collect();
            identity.evidence.insert(evidence.clone());
            let id = identity.id.clone();
            self.facts.identities.push(identity);
            self.project_tokens(object, role, &path, &id);
            self.project_policies(object, role, &path, &id);
        }
    }

    fn project_tokens(&mut self, object: &Object<'_>, role: &Node, path: &str, id: &IdentityId) {
        for (i, token) in role.list("jwtTokens").iter().enumerate() {
            let evidence = self.spot(object, token, &format!("{path}/jwtTokens/{i}"));
            let seconds = |key: &str| {
                token
                    .str(key)?
                    .parse::<i64>()
                    .ok()
                    .filter(|s| (0..=253_402_300_799).contains(s))
            };
            let issued = seconds("iat");
            let token_id = named(token, "id");
            let name = token_id
                .map(str::to_owned)
                .or_else(|| issued.map(|s| s.to_string()));
            let Some(name) = name else { continue };
            let mut credential = Credential::new(
                format!("{id}#token:{name}").into(),
                "argocd-project-token",
                "argocd",
                "token of a role of an Argo CD project",
            );
            credential.created = issued.map(Timestamp::from_seconds);
            credential.expires = match (token.get("exp").and_then(Node::text), seconds("exp")) {
                // Argo CD's own form of "no end".
                (None, _) | (_, Some(0)) => Moment::Never,
                (_, Some(at)) => Moment::At(Timestamp::from_seconds(at)),
                (Some(_), None) => Moment::Unknown,
            };
            credential.display = Some(name.as_str().into());
            credential.claims.add(ClaimName::TokenId, &name);
            credential.claims.add(ClaimName::Project, &object.name);
            let role = named(role, "name").unwrap_or_default();
            credential.revocation = Some(
                format!(
                    "argocd proj role delete-token {} {role} {}",
                    object.name,
                    issued.unwrap_or_default()
                )
                .into(),
            );
            credential.records.insert(evidence.clone());
            belongs(
                &mut credential,
                id.clone(),
                "the project lists it under the role",
                evidence,
            );
            self.facts.credentials.push(credential);
        }
    }

    /// `p, proj:<project>:<role>, applications, sync, <project>/*, allow`.
    fn project_policies(&mut self, object: &Object<'_>, role: &Node, path: &str, id: &IdentityId) {
        let policies = role.list("policies");
        if policies.is_empty() {
            return;
        }
        let evidence = self.spot(object, role, path);
        let policy = PolicyId::from(format!("{id}#policies"));
        let name = named(role, "name").unwrap_or_default();
        let mut record = Policy::new(policy.clone(), Platform::ArgoCd, PolicyKind::Named, name);
        record.account = Some(object.namespace.clone());
        record.evidence.insert(evidence.clone());
        for (i, node) in policies.iter().enumerate() {
            let Some(line) = name_of(Some(node)) else {
                continue;
            };
            let parts: Vec<&str> = line.split(',').map(str::trim).collect();
            let ["p", _, resource, action, what, effect] = parts.as_slice() else {
                continue;
            };
            let place = self.spot(object, node, &format!("{path}/policies/{i}"));
            record.rules.insert(Rule {
                effect: if *effect == "deny" {
                    Effect::Deny
                } else {
                    Effect::Allow
                },
                body: RuleBody::Named(format!("{}:{}", any(resource), any(action)).into()),
                label: format!("policies[{i}] on {what}").into(),
                evidence: place,
            });
        }
        self.facts.policies.push(record);
        self.facts.entitlements.push(Entitlement {
            principal: id.clone(),
            policy,
            scope: Scope::Resource(format!("argocd:{}/{}", object.namespace, object.name).into()),
            role: EntitlementRole::Grant,
            via: format!("AppProject {}", object.name).into(),
            evidence,
        });
    }

    /// What acts as an identity under another word than the object's kind.
    pub(super) fn acts_as(
        &mut self,
        object: &Object<'_>,
        kind: &str,
        id: crate::model::Str,
        runs_as: IdentityId,
        traits: Vec<String>,
    ) {
        self.acts(object, id, runs_as, traits);
        if let Some(last) = self.facts.workloads.last_mut() {
            last.kind = kind.into();
        }
    }

    /// `Application`: Argo CD's controller applies it to a cluster, with all that the controller may.
    pub(super) fn application(&mut self, object: &Object<'_>) {
        let Some(spec) = object.node.get("spec") else {
            return;
        };
        self.deployed_by_argo(object, spec);
        let mut traits = Vec::new();
        let project = named(spec, "project").unwrap_or("default");
        traits.push(format!("project:{project}"));
        if let Some(destination) = spec.get("destination") {
            for member in ["server", "name", "namespace"] {
                traits.extend(named(destination, member).map(|to| format!("to-{member}:{to}")));
            }
        }
        let sources = spec.get("source").into_iter().chain(spec.list("sources"));
        for source in sources {
            traits.extend(
                named(source, "repoURL")
                    .and_then(host)
                    .map(|from| format!("from:{from}")),
            );
        }
        if spec
            .at(&["syncPolicy", "automated"])
            .is_some_and(Node::is_map)
        {
            traits.push("automatic".to_owned());
        }
        let evidence = self.place(object);
        let controller = self.refer_identity(
            format!("argocd:{}/controller", object.namespace),
            Platform::ArgoCd,
            IdentityKind::App,
            "Argo CD application controller",
            "a controller applies what Applications name",
            &evidence,
        );
        self.acts(object, Self::workload_id(object), controller, traits);
    }
}

/// `*` by a word: in a table of names it would stand for any text.
fn any(part: &str) -> &str {
    match part {
        "*" => "any",
        part => part,
    }
}
