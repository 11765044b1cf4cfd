//! kubeconfig: who signs in to which cluster, and by what. Stands in files of its own, and inside Secrets by which
//! one cluster is let into another.

mod exec;

use super::naming::{belongs, host, named, symbolic};
use super::object::Object;
use super::secret::{certified, value};
use super::{Node, Sink, tree};
use crate::detect;
use crate::model::{
    Certificate, ClaimName, Credential, Evidence, Facts, Humanity, Identity, IdentityId,
    IdentityKind, Membership, Moment, Platform, Presence, Str, Workload,
};
use crate::platform::kubernetes::names::{self, CLUSTER};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// More users or contexts of one file are not read.
const MOST: usize = 10_000;

/// Keys under which tools keep a kubeconfig in a Secret.
const KEYS: &[&str] = &[
    "kubeconfig",
    "value",
    "config",
    "kubeconfig.yaml",
    "kubeConfig",
];

/// Whether a Secret has a value where a kubeconfig could stand.
pub(super) fn may_hold(object: &Object<'_>) -> bool {
    KEYS.iter().any(|key| super::secret::has(object, key))
}

/// Whether a document is one.
pub(in crate::reader) fn is_one(node: &Node) -> bool {
    let kind = node.str("kind");
    let lists = ["clusters", "contexts", "users"];
    let listed = lists
        .iter()
        .filter(|key| !node.list(key).is_empty())
        .count();
    node.str("apiVersion").is_none_or(|version| version == "v1")
        && match kind {
            Some("Config") => listed > 0,
            None => listed == 3,
            _ => false,
        }
}

impl Sink<'_> {
    /// The kubeconfigs inside a Secret.
    pub(super) fn kubeconfigs(&mut self, object: &Object<'_>) {
        for key in KEYS {
            let Some((text, node)) = value(object, key) else {
                continue;
            };
            if memchr::memmem::find(&text, b"clusters").is_none() {
                continue;
            }
            let evidence = self.spot(object, node, &format!("/data/{key}"));
            let scope = names::secret(CLUSTER, &object.namespace, &object.name);
            for config in tree::documents(&text).iter().flatten() {
                if is_one(config) {
                    let at = |_: &Node, _: &str| evidence.clone();
                    let facts = read(config, &scope, &at);
                    self.facts.append(facts);
                }
            }
        }
    }
}

/// What a kubeconfig states. `scope` names the file or the Secret; `at` says where a node stands.
pub(in crate::reader) fn read(
    config: &Node,
    scope: &str,
    at: &dyn Fn(&Node, &str) -> Evidence,
) -> Facts {
    let mut reading = Reading {
        scope,
        at,
        facts: Facts::default(),
    };
    let contexts: Vec<Context<'_>> = contexts(config);
    for (i, entry) in config.list("users").iter().take(MOST).enumerate() {
        let Some(name) = named(entry, "name") else {
            continue;
        };
        let place = at(entry, &format!("/users/{i}"));
        let empty = Node {
            line: entry.line,
            file: 0,
            value: tree::Value::Null,
        };
        let mine: Vec<&Context<'_>> = contexts.iter().filter(|c| c.user == Some(name)).collect();
        let user = User {
            name,
            body: entry.get("user").unwrap_or(&empty),
            place,
            contexts: mine,
        };
        reading.user(&user);
    }
    reading.facts
}

/// A context with the cluster that it names.
struct Context<'n> {
    name: &'n str,
    user: Option<&'n str>,
    namespace: Option<&'n str>,
    cluster: Option<&'n str>,
    body: Option<&'n Node>,
    node: &'n Node,
    index: usize,
}

fn contexts(config: &Node) -> Vec<Context<'_>> {
    let clusters: std::collections::HashMap<&str, &Node> = config
        .list("clusters")
        .iter()
        .take(MOST)
        .filter_map(|entry| Some((named(entry, "name")?, entry.get("cluster")?)))
        .collect();
    let entries = config.list("contexts").iter().take(MOST).enumerate();
    let of = entries.filter_map(|(index, node)| {
        let context = node.get("context")?;
        let cluster = named(context, "cluster");
        Some(Context {
            name: named(node, "name")?,
            user: named(context, "user"),
            namespace: named(context, "namespace"),
            cluster,
            body: cluster.and_then(|name| clusters.get(name).copied()),
            node,
            index,
        })
    });
    of.collect()
}

struct User<'n> {
    name: &'n str,
    body: &'n Node,
    place: Evidence,
    contexts: Vec<&'n Context<'n>>,
}

/// By what a user signs in, and as whom.
pub(super) struct SignsIn {
    identity: IdentityId,
    how: Vec<String>,
}

struct Reading<'r> {
    scope: &'r str,
    at: &'r dyn Fn(&Node, &str) -> Evidence,
    facts: Facts,
}

impl Reading<'_> {
    fn user(&mut self, user: &User<'_>) {
        let body = user.body;
        let mut how = Vec::new();
        let mut identity = None;
        if body.get("client-key-data").is_some() || body.get("client-certificate-data").is_some() {
            identity = self.certificate(user);
            how.push("by:client-certificate".to_owned());
        } else if body.get("client-certificate").is_some() || body.get("client-key").is_some() {
            how.push("by:certificate-file".to_owned());
        }
        if body.str("token").is_some_and(|token| !token.is_empty()) {
            let holder = self.token(user);
            identity = identity.or(holder);
            how.push("by:token".to_owned());
        } else if body.str("tokenFile").is_some() {
            how.push("by:token-file".to_owned());
        }
        if body.str("password").is_some_and(|text| !text.is_empty()) {
            let holder = self.password(user);
            identity = identity.or(Some(holder));
            how.push("by:password".to_owned());
        }
        if let Some(exec) = body.get("exec").filter(|exec| exec.is_map()) {
            how.push("by:exec".to_owned());
            let signs = self.exec(user, exec);
            how.extend(signs.how);
            identity = identity.or(Some(signs.identity));
        }
        if let Some(provider) = body.get("auth-provider").filter(|p| p.is_map()) {
            how.push("by:auth-provider".to_owned());
            let name = named(provider, "name").unwrap_or("unknown");
            how.push(format!("auth-provider:{name}"));
        }
        for (member, trait_of) in [("as", "impersonates"), ("as-uid", "impersonates-uid")] {
            if let Some(whom) = named(body, member) {
                how.push(format!("{trait_of}:{whom}"));
            }
        }
        for group in body.strings("as-groups") {
            how.push(format!("impersonates-group:{group}"));
        }
        let identity = identity.unwrap_or_else(|| self.profile(user, &[]));
        for context in &user.contexts {
            let traits = how.iter().cloned().chain(server_traits(context));
            let evidence = (self.at)(context.node, &format!("/contexts/{}", context.index));
            self.facts.workloads.push(Workload {
                id: format!("k8s:kubeconfig:{}#{}", self.scope, context.name).into(),
                kind: "kubeconfig".into(),
                name: context.name.into(),
                runs_as: identity.clone(),
                automount: Some(false),
                traits: traits.map(Str::from).collect(),
                evidence,
            });
        }
    }

    /// Notes an identity that the file names.
    fn add(&mut self, mut identity: Identity, evidence: &Evidence) -> IdentityId {
        identity.presence.insert(Presence::Referenced);
        if identity.platform == Platform::Kubernetes {
            identity.account = Some(CLUSTER.into());
        }
        identity.evidence.insert(evidence.clone());
        let id = identity.id.clone();
        self.facts.identities.push(identity);
        id
    }

    /// The user of the file itself, where nothing tells whom the cluster takes it for.
    fn profile(&mut self, user: &User<'_>, derivation: &[String]) -> IdentityId {
        let id = format!("kubeconfig:{}#{}", self.scope, user.name);
        let mut identity = Identity::new(
            id.into(),
            Platform::Kubernetes,
            IdentityKind::Profile,
            user.name,
        );
        identity.humanity = (
            Humanity::Undetermined,
            "a kubeconfig's user tells neither person nor machine".into(),
        );
        identity.derivation = derivation.iter().map(|text| text.as_str().into()).collect();
        self.add(identity, &user.place)
    }

    /// A user that the cluster knows by this name, which may be a ServiceAccount's.
    fn cluster_user(&mut self, name: &str, evidence: &Evidence) -> IdentityId {
        if let Some((namespace, account)) = names::account_of_user(name) {
            return self.add(super::account::account(namespace, account), evidence);
        }
        let mut identity = Identity::new(
            names::user(CLUSTER, name).into(),
            Platform::Kubernetes,
            IdentityKind::KubernetesUser,
            name,
        );
        identity.humanity = if name.starts_with("system:") {
            let why = "user name has the control plane's prefix";
            (Humanity::NonHuman, why.into())
        } else {
            let why = "user name tells neither person nor machine";
            (Humanity::Undetermined, why.into())
        };
        self.add(identity, evidence)
    }

    fn member(&mut self, member: &IdentityId, group: &str, evidence: &Evidence) {
        let id = names::group(CLUSTER, group);
        let kind = IdentityKind::KubernetesGroup;
        let group = Identity::new(id.into(), Platform::Kubernetes, kind, group);
        let group = self.add(group, evidence);
        self.facts.memberships.push(Membership {
            member: member.clone(),
            group,
            evidence: evidence.clone(),
        });
    }

    /// A credential of a user, without its value.
    fn held(&self, user: &User<'_>, kind: &'static str, title: &'static str) -> Credential {
        let sort = kind.strip_prefix("kubeconfig-").unwrap_or(kind);
        let id = format!("kubeconfig:{}#{}/{sort}", self.scope, user.name);
        let mut credential = Credential::new(id.into(), kind, "kubernetes", title);
        credential.display = Some(format!("of user {}", user.name).into());
        credential.records.insert(user.place.clone());
        for context in &user.contexts {
            if let Some(cluster) = context.cluster {
                credential.claims.add(ClaimName::Cluster, cluster);
            }
            if let Some(server) = context.server().and_then(host) {
                credential.claims.add(ClaimName::Host, server);
            }
        }
        credential
    }

    /// A client certificate: whom it names is who one is, until it ends.
    fn certificate(&mut self, user: &User<'_>) -> Option<IdentityId> {
        let kind = "kubeconfig-client-certificate";
        let mut credential = self.held(user, kind, "client certificate in a kubeconfig");
        let node = user.body.get("client-certificate-data");
        let evidence = node.map_or_else(
            || user.place.clone(),
            |node| (self.at)(node, "/users/client-certificate-data"),
        );
        let certificate = node.and_then(Node::text).and_then(armour);
        let certificate =
            certificate.and_then(|armour| detect::certificate(&armour, true, evidence.clone()));
        let mut holder = None;
        if let Some(certificate) = &certificate {
            certified(&mut credential, certificate);
            holder = self.certified(certificate, &evidence);
        }
        if let Some(identity) = &holder {
            let basis = "the certificate's common name";
            belongs(&mut credential, identity.clone(), basis, evidence);
        }
        credential.revocation = Some(
            "a client certificate cannot be revoked: remove what its user and groups are granted, or change \
             the cluster's certificate authority"
                .into(),
        );
        self.facts.credentials.push(credential);
        holder
    }

    /// The user and the groups that a client certificate names.
    fn certified(&mut self, certificate: &Certificate, evidence: &Evidence) -> Option<IdentityId> {
        let subject = certificate.claims.of(ClaimName::Subject).next()?;
        let user = self.cluster_user(subject, evidence);
        let groups: Vec<&str> = certificate.claims.of(ClaimName::Group).collect();
        for group in groups {
            self.member(&user, group, evidence);
        }
        Some(user)
    }

    fn token(&mut self, user: &User<'_>) -> Option<IdentityId> {
        let mut credential = self.held(user, "kubeconfig-token", "token in a kubeconfig");
        let text = user.body.str("token").unwrap_or_default().trim();
        let token = detect::web_token(text.as_bytes());
        let mut holder = None;
        match token {
            Some(token) => {
                credential.expires = token.expires;
                credential.created = token.created;
                credential.claims.merge(token.claims);
                credential.implied_tier = token.implied_tier;
                credential.join_keys = token.join_keys;
                holder = token.holder.and_then(|id| {
                    let mut parts = id.0.strip_prefix("k8s:")?.splitn(3, '/').skip(1);
                    let (namespace, name) = (parts.next()?, parts.next()?);
                    Some(self.add(super::account::account(namespace, name), &user.place))
                });
            }
            None if symbolic(text) || text.starts_with('<') => {
                credential
                    .claims
                    .add(ClaimName::Kind, "filled in elsewhere");
            }
            // What says nothing of itself may end or not.
            None => credential.expires = Moment::Unknown,
        }
        if let Some(identity) = &holder {
            let basis = "the token's sub claim";
            belongs(&mut credential, identity.clone(), basis, user.place.clone());
        }
        self.facts.credentials.push(credential);
        holder
    }

    fn password(&mut self, user: &User<'_>) -> IdentityId {
        let mut credential = self.held(user, "kubeconfig-password", "password in a kubeconfig");
        let name = named(user.body, "username").unwrap_or(user.name);
        credential.claims.add(ClaimName::User, name);
        credential.expires = Moment::Never;
        let identity = self.cluster_user(name, &user.place);
        let basis = "the user name beside it";
        belongs(&mut credential, identity.clone(), basis, user.place.clone());
        self.facts.credentials.push(credential);
        identity
    }
}

impl<'n> Context<'n> {
    fn server(&self) -> Option<&'n str> {
        named(self.body?, "server")
    }
}

/// What the cluster's entry tells: its server, and whether that is verified.
fn server_traits(context: &Context<'_>) -> Vec<String> {
    let mut traits = Vec::new();
    let mut say = |key: &str, value: Option<&str>| {
        traits.extend(value.map(|value| format!("{key}:{value}")));
    };
    say("cluster", context.cluster);
    say("namespace", context.namespace);
    let server = context.server();
    let address = server.and_then(host);
    say("server", address);
    let provider = address.and_then(|host| {
        let ends = |end: &str| host.ends_with(end);
        if ends(".eks.amazonaws.com") || ends(".eks.amazonaws.com.cn") {
            Some("eks")
        } else if ends(".azmk8s.io") || ends(".azmk8s.us") || ends(".azmk8s.cn") {
            Some("aks")
        } else if ends(".gke.goog") || context.cluster.is_some_and(|c| c.starts_with("gke_")) {
            Some("gke")
        } else {
            None
        }
    });
    say("provider", provider);
    if server.is_some_and(|url| url.starts_with("http://")) {
        traits.push("plain-http".to_owned());
    }
    if context
        .body
        .and_then(|b| b.bool("insecure-skip-tls-verify"))
        == Some(true)
    {
        traits.push("insecure-skip-tls-verify".to_owned());
    }
    traits
}

/// Armour in base64.
fn armour(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    const LONGEST: usize = 256 << 10;
    if text.len() > LONGEST {
        return None;
    }
    let letters: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(letters).ok().map(Zeroizing::new)
}
