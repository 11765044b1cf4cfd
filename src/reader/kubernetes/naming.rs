//! What all kinds of objects need to name others: identities, secrets, places.

use super::object::Object;
use super::{Node, Sink, account};
use crate::model::{
    Credential, CredentialLink, CredentialStatus, Evidence, Humanity, Identity, IdentityId,
    IdentityKind, Platform, Presence, SecretUse, Str, Token, Workload,
};
use crate::platform::kubernetes::names::{self, CLUSTER};

/// Longest name, host or path that is taken over: longer ones are data.
const LONGEST: usize = 512;

/// A text that can be a name: not empty, not long, and without anything that a terminal could stumble over.
pub(super) fn name_of(node: Option<&Node>) -> Option<&str> {
    let text = node?.text()?.trim();
    let plain = !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control);
    plain.then_some(text)
}

/// The text of a member that can be a name.
pub(super) fn named<'n>(node: &'n Node, member: &str) -> Option<&'n str> {
    name_of(node.get(member))
}

/// The host of a URL or of `host:port`, without user names and passwords.
pub(super) fn host(address: &str) -> Option<&str> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let place = authority.rsplit_once('@').map_or(authority, |(_, p)| p);
    let host = match place.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => place.split(':').next()?,
    };
    (!host.is_empty() && host.len() <= 253 && !host.chars().any(char::is_control)).then_some(host)
}

/// Whether files do not decide a text: an action of a template or a variable that a tool substitutes.
pub(super) fn symbolic(text: &str) -> bool {
    text.contains("{{") || text.contains("${") || text.contains("$(")
}

impl Sink<'_> {
    /// A place inside an object; `path` is a JSON pointer below it, which only JSON needs.
    pub(super) fn spot(&self, object: &Object<'_>, node: &Node, path: &str) -> Evidence {
        if node.line > 0 {
            return self.evidence(node, "");
        }
        self.evidence(node, format!("{}{path}", object.pointer))
    }

    /// The object itself.
    pub(super) fn place(&self, object: &Object<'_>) -> Evidence {
        self.evidence(object.node, object.pointer)
    }

    /// An identity that something names; see `refer_account`.
    pub(super) fn refer_identity(
        &mut self,
        id: String,
        platform: Platform,
        kind: IdentityKind,
        name: &str,
        why: &str,
        evidence: &Evidence,
    ) -> IdentityId {
        let id = IdentityId::from(id);
        let mut identity = Identity::new(id.clone(), platform, kind, name);
        identity.presence.insert(Presence::Referenced);
        if !why.is_empty() {
            identity.humanity = (Humanity::NonHuman, why.into());
        }
        if platform == Platform::Kubernetes {
            identity.account = Some(CLUSTER.into());
        }
        if symbolic(&id.0) {
            identity
                .derivation
                .insert("not resolved: its name is filled in elsewhere".into());
        }
        identity.evidence.insert(evidence.clone());
        self.facts.identities.push(identity);
        id
    }

    /// Notes that an account becomes somebody else.
    pub(super) fn becomes(
        &mut self,
        namespace: &str,
        name: &str,
        target: IdentityId,
        evidence: Evidence,
    ) {
        let mut identity = account::account(namespace, name);
        identity.presence.insert(Presence::Referenced);
        if symbolic(&target.0) {
            identity
                .derivation
                .insert(format!("not resolved: {target}").into());
        }
        identity.becomes.insert((target, evidence));
        self.facts.identities.push(identity);
    }

    /// Notes that an account is given a token for somebody.
    pub(super) fn token(
        &mut self,
        namespace: &str,
        name: &str,
        audience: Option<&str>,
        evidence: Evidence,
    ) {
        let mut identity = account::account(namespace, name);
        identity.presence.insert(Presence::Referenced);
        identity.tokens.insert(Token {
            issuer: None,
            subject: format!("system:serviceaccount:{namespace}:{name}").into(),
            audience: audience.map(Into::into),
            claims: std::collections::BTreeMap::new(),
            evidence,
        });
        self.facts.identities.push(identity);
    }

    /// Notes that somebody is handed a Secret of a namespace.
    pub(super) fn uses_secret(
        &mut self,
        user: &IdentityId,
        (namespace, name): (&str, &str),
        workload: &str,
        how: String,
        evidence: Evidence,
    ) {
        self.facts.secret_uses.push(SecretUse {
            user: user.clone(),
            secret: names::secret(CLUSTER, namespace, name).into(),
            name: name.into(),
            workload: workload.into(),
            how: how.into(),
            receiver: None,
            evidence,
        });
    }

    /// The id of what an object runs or configures: `k8s:<cluster>/<namespace>/<Kind>/<name>`.
    pub(super) fn workload_id(object: &Object<'_>) -> Str {
        let container = names::container(CLUSTER, &object.namespace);
        format!("{container}/{}/{}", object.kind, object.name).into()
    }

    /// The same for an object outside namespaces.
    pub(super) fn cluster_id(object: &Object<'_>) -> Str {
        format!("k8s:{CLUSTER}#{}:{}", object.kind, object.name).into()
    }

    /// Something that acts as an identity, but is given no token of it by being there.
    pub(super) fn acts(
        &mut self,
        object: &Object<'_>,
        id: Str,
        runs_as: IdentityId,
        traits: impl IntoIterator<Item = String>,
    ) {
        self.facts.workloads.push(Workload {
            id,
            kind: object.kind.into(),
            name: Str::clone(&object.name),
            runs_as,
            automount: Some(false),
            traits: traits.into_iter().map(Str::from).collect(),
            evidence: self.place(object),
        });
    }

    /// A credential that an object holds, without its value. `part` names it where the object holds several.
    pub(super) fn held(
        &mut self,
        object: &Object<'_>,
        part: &str,
        (kind, issuer, title): (&'static str, &'static str, &'static str),
    ) -> Credential {
        let (namespace, name) = (&object.namespace, &object.name);
        let mut id = names::secret(CLUSTER, namespace, name);
        if !part.is_empty() {
            id = format!("{id}#{part}");
        }
        let mut credential = Credential::new(id.into(), kind, issuer, title);
        credential.created = object.created();
        credential.status = if object.presence() == Presence::Observed {
            CredentialStatus::Active
        } else {
            CredentialStatus::Unknown
        };
        credential.display = Some(if part.is_empty() {
            format!("{namespace}/{name}").into()
        } else {
            format!("{namespace}/{name} ({part})").into()
        });
        credential.records.insert(self.place(object));
        credential
    }
}

/// Says whose credential it is.
pub(super) fn belongs(
    credential: &mut Credential,
    identity: IdentityId,
    basis: &str,
    evidence: Evidence,
) {
    credential.links.insert(CredentialLink {
        identity,
        basis: basis.into(),
        evidence,
    });
}

#[cfg(test)]
mod tests {
    use super::{host, symbolic};

    #[test]
    fn hosts_without_what_stands_around_them() {
        for (address, expected) in [
            (
                "https://user:pw@registry.acme.io:5000/v2/",
                Some("registry.acme.io"),
            ),
            ("registry.acme.io:5000", Some("registry.acme.io")),
            ("https://[2001:db8::1]:6443", Some("2001:db8::1")),
            ("https://index.docker.io/v1/", Some("index.docker.io")),
            ("https://", None),
        ] {
            assert_eq!(host(address), expected, "{address}");
        }
        assert!(symbolic("arn:aws:iam::${ACCOUNT}:role/x") && !symbolic("$cost"));
    }
}
