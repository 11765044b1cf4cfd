//! Access to EKS clusters: entries, associated policies, pod identities, and the ConfigMap `aws-auth`.

use super::Resource;
use crate::model::Facts;
use crate::platform::tree::Node;
use crate::reader::eks::{self, Mapped};

/// What a resource states about who is whom in a cluster; whether it is one that does.
pub(super) fn facts(resource: &Resource, facts: &mut Facts) -> bool {
    let it = &resource.attributes;
    let text = |key: &str| it.str(key).filter(|text| !text.is_empty());
    let evidence = &resource.evidence;
    let cluster = text("cluster_name").unwrap_or(crate::platform::kubernetes::names::CLUSTER);
    match resource.kind.as_str() {
        "aws_eks_access_entry" => {
            if let Some(principal) = text("principal_arn") {
                let groups = it.strings("kubernetes_groups");
                let user = text("user_name");
                let entry = mapped(cluster, principal, user, groups, text("type"));
                eks::mapped(&entry, evidence, facts);
            }
            true
        }
        "aws_eks_access_policy_association" => {
            if let (Some(principal), Some(policy)) = (text("principal_arn"), text("policy_arn")) {
                let entry = mapped(cluster, principal, None, Vec::new(), None);
                let user = eks::mapped(&entry, evidence, facts);
                let scope = it.list("access_scope").first().or(it.get("access_scope"));
                let namespaces = scope.map(|s| s.strings("namespaces")).unwrap_or_default();
                eks::associated(cluster, &user, policy, &namespaces, evidence, facts);
            }
            true
        }
        "aws_eks_pod_identity_association" => {
            if let (Some(namespace), Some(account), Some(role)) =
                (text("namespace"), text("service_account"), text("role_arn"))
            {
                eks::pod_identity(cluster, namespace, account, role, evidence, facts);
            }
            true
        }
        "kubernetes_config_map" | "kubernetes_config_map_v1" | "kubernetes_config_map_v1_data" => {
            let metadata = it.list("metadata").first().or(it.get("metadata"));
            let is = |key, wanted: &str| metadata.and_then(|m| m.str(key)) == Some(wanted);
            let found = is("name", "aws-auth") && is("namespace", "kube-system");
            if let (true, Some(data)) = (found, it.get("data")) {
                let cluster = crate::platform::kubernetes::names::CLUSTER;
                eks::aws_auth(cluster, data, &mut |_: &Node| evidence.clone(), facts);
            }
            found
        }
        _ => false,
    }
}

fn mapped<'a>(
    cluster: &'a str,
    principal: &'a str,
    user: Option<&'a str>,
    mut groups: Vec<crate::model::Str>,
    kind: Option<&str>,
) -> Mapped<'a> {
    let node = kind.is_some_and(|kind| !kind.is_empty() && kind != "STANDARD");
    if node {
        groups.push("system:nodes".into());
    }
    Mapped {
        cluster,
        principal,
        user: user.or(node.then_some("system:node:{{EC2PrivateDNSName}}")),
        groups,
    }
}
