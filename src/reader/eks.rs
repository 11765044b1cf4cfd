//! Who of IAM is whom in an EKS cluster: access entries, the policies associated with them, associations of pod
//! identities, and the ConfigMap `aws-auth`, whichever file says so.

use super::tree::{self, Node};
use crate::model::{
    Entitlement, EntitlementRole, Evidence, Facts, Humanity, Identity, IdentityId, IdentityKind,
    Membership, Platform, Presence, Scope, Str, Token,
};
use crate::platform::federation;
use crate::platform::kubernetes::names;
use std::collections::BTreeMap;

/// The service that hands roles to pods by associations.
const POD_IDENTITY: &str = "pods.eks.amazonaws.com";

/// The principal that a cluster knows as one of its users.
pub(super) struct Mapped<'a> {
    /// The cluster.
    pub(super) cluster: &'a str,
    /// The IAM user's or role's ARN, which may be symbolic.
    pub(super) principal: &'a str,
    /// The user name, where one is given.
    pub(super) user: Option<&'a str>,
    /// The groups.
    pub(super) groups: Vec<Str>,
}

/// Notes a mapping, and gives the id of the user.
pub(super) fn mapped(mapped: &Mapped<'_>, evidence: &Evidence, facts: &mut Facts) -> IdentityId {
    let default = user_name(mapped.principal);
    let name = mapped.user.filter(|name| !name.is_empty());
    let name = name.unwrap_or(&default);
    let id = IdentityId::from(names::user(mapped.cluster, name));
    let mut user = referred(&id, IdentityKind::KubernetesUser, name, mapped.cluster);
    user.presence.insert(Presence::Declared);
    user.humanity = (
        Humanity::Undetermined,
        "user name of an IAM principal in the cluster".into(),
    );
    user.evidence.insert(evidence.clone());
    facts.identities.push(user);
    for group in &mapped.groups {
        let group_id = IdentityId::from(names::group(mapped.cluster, group));
        let mut identity = referred(
            &group_id,
            IdentityKind::KubernetesGroup,
            group,
            mapped.cluster,
        );
        identity.humanity = (Humanity::Undetermined, "group of unknown members".into());
        identity.evidence.insert(evidence.clone());
        facts.identities.push(identity);
        facts.memberships.push(Membership {
            member: id.clone(),
            group: group_id,
            evidence: evidence.clone(),
        });
    }
    if let Some(mut principal) = principal(mapped.principal) {
        principal.becomes.insert((id.clone(), evidence.clone()));
        principal.evidence.insert(evidence.clone());
        facts.identities.push(principal);
    }
    id
}

/// Reads the data of the ConfigMap `aws-auth`: lists of roles and users as YAML in texts. `place` says where one of
/// its texts stands.
pub(super) fn aws_auth(
    cluster: &str,
    data: &Node,
    place: &mut dyn FnMut(&Node) -> Evidence,
    facts: &mut Facts,
) {
    for (key, field) in [("mapRoles", "rolearn"), ("mapUsers", "userarn")] {
        let Some(node) = data.get(key) else { continue };
        let evidence = place(node);
        let parsed;
        let list = match node.text() {
            Some(text) => {
                parsed = tree::yaml(text);
                let first = parsed.iter().find_map(|part| part.as_ref().ok());
                first.map_or(&[][..], Node::items)
            }
            None => node.items(),
        };
        for entry in list {
            let Some(principal) = entry.str(field).filter(|arn| !arn.is_empty()) else {
                continue;
            };
            let entry = Mapped {
                cluster,
                principal,
                user: entry.str("username"),
                groups: entry.strings("groups"),
            };
            mapped(&entry, &evidence, facts);
        }
    }
}

/// Notes that an access policy is associated with a principal, in these namespaces or, if there are none, everywhere.
pub(super) fn associated(
    cluster: &str,
    user: &IdentityId,
    policy: &str,
    namespaces: &[Str],
    evidence: &Evidence,
    facts: &mut Facts,
) {
    let name = policy.rsplit('/').next().unwrap_or(policy);
    // AWS documents these as the roles of the same purpose that every cluster has.
    let role = match name {
        "AmazonEKSClusterAdminPolicy" => "cluster-admin",
        "AmazonEKSAdminPolicy" => "admin",
        "AmazonEKSEditPolicy" => "edit",
        "AmazonEKSViewPolicy" => "view",
        other => &format!("eks:{other}"),
    };
    let entitlement = |scope| Entitlement {
        principal: user.clone(),
        policy: names::cluster_role(cluster, role).into(),
        scope,
        role: EntitlementRole::Grant,
        via: format!("EKS access policy {name}").into(),
        evidence: evidence.clone(),
    };
    if namespaces.is_empty() {
        let scope = Scope::Cluster(cluster.into());
        facts.entitlements.push(entitlement(scope));
    }
    for namespace in namespaces {
        let scope = Scope::Namespace(cluster.into(), Str::clone(namespace));
        facts.entitlements.push(entitlement(scope));
    }
}

/// Notes an association of a pod identity: a ServiceAccount is given a role by the cluster.
pub(super) fn pod_identity(
    cluster: &str,
    namespace: &str,
    account: &str,
    role: &str,
    evidence: &Evidence,
    facts: &mut Facts,
) {
    let id = IdentityId::from(names::account(cluster, namespace, account));
    let kind = IdentityKind::KubernetesServiceAccount;
    let mut identity = referred(&id, kind, account, cluster);
    identity.namespace = Some(namespace.into());
    identity.humanity = (Humanity::NonHuman, "Kubernetes ServiceAccount".into());
    identity.evidence.insert(evidence.clone());
    let claims = BTreeMap::from([("eks-cluster-name".into(), Str::from(cluster))]);
    identity.tokens.insert(Token {
        issuer: Some(POD_IDENTITY.into()),
        subject: federation::service_account(namespace, account).into(),
        audience: None,
        claims,
        evidence: evidence.clone(),
    });
    if role.starts_with("arn:") {
        identity.becomes.insert((role.into(), evidence.clone()));
    }
    facts.identities.push(identity);
}

/// The user name that an access entry gives unless it says another: that of the role's sessions, or the ARN.
fn user_name(principal: &str) -> String {
    let role = principal.split_once(":iam::").and_then(|(head, rest)| {
        let (account, path) = rest.split_once(":role/")?;
        let name = path.rsplit('/').next()?;
        let partition = head.rsplit(':').next()?;
        Some(format!(
            "arn:{partition}:sts::{account}:assumed-role/{name}/{{{{SessionName}}}}"
        ))
    });
    role.unwrap_or_else(|| principal.to_owned())
}

fn referred(id: &IdentityId, kind: IdentityKind, name: &str, cluster: &str) -> Identity {
    let mut identity = Identity::new(id.clone(), Platform::Kubernetes, kind, name);
    identity.account = Some(cluster.into());
    identity.presence.insert(Presence::Referenced);
    identity
}

/// The IAM principal, if the text is the ARN of one.
fn principal(arn: &str) -> Option<Identity> {
    let (_, rest) = arn.strip_prefix("arn:")?.split_once(":iam::")?;
    let (account, path, kind) = match rest.split_once(":role/") {
        Some((account, path)) => (account, path, IdentityKind::AwsRole),
        None => {
            let (account, path) = rest.split_once(":user/")?;
            (account, path, IdentityKind::AwsUser)
        }
    };
    if path.is_empty() || path.contains(['$', '{', '*']) {
        return None;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut identity = Identity::new(arn.into(), Platform::Aws, kind, name);
    identity.account = Some(account.into());
    identity.presence.insert(Presence::Referenced);
    Some(identity)
}
