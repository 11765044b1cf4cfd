//! Access to EKS clusters: entries, associated policies, pod identities, and the ConfigMap `aws-auth`.

use super::Resource;
use super::sink::Sink;
use crate::platform::kubernetes::names::CLUSTER;
use crate::platform::tree::Node;
use crate::reader::eks::{self, Mapped};

/// What a resource states about who is whom in a cluster; whether it is one that does.
pub(super) fn read(sink: &mut Sink<'_>, resource: &Resource) -> bool {
    let it = &resource.attributes;
    let text = |key: &str| it.str(key).filter(|text| !text.is_empty());
    let evidence = &resource.evidence;
    let cluster = text("cluster_name").map(|name| {
        let declared = sink.resource(resource, name);
        declared.and_then(|it| it.text("name")).unwrap_or(name)
    });
    let cluster = &cluster.unwrap_or(CLUSTER).to_owned();
    let principal = |key: &str| {
        let named = text(key)?;
        let declared = sink.index.identity(&resource.estate, "aws_iam_role", named);
        Some(declared.map_or_else(|| named.to_owned(), |id| id.0.to_string()))
    };
    let (who, role) = (principal("principal_arn"), principal("role_arn"));
    let facts = &mut sink.facts;
    match resource.kind.as_str() {
        "aws_eks_access_entry" => {
            if let Some(principal) = &who {
                let groups = it.strings("kubernetes_groups");
                let user = text("user_name").or(text("username"));
                let entry = mapped(cluster, principal, user, groups, text("type"));
                let user = eks::mapped(&entry, evidence, facts);
                // CloudFormation says both in one place.
                for policy in it.list("access_policies") {
                    if let Some(arn) = policy.str("policy_arn") {
                        let namespaces = namespaces(policy);
                        eks::associated(cluster, &user, arn, &namespaces, evidence, facts);
                    }
                }
            }
            true
        }
        "aws_eks_access_policy_association" => {
            if let (Some(principal), Some(policy)) = (&who, text("policy_arn")) {
                let entry = mapped(cluster, principal, None, Vec::new(), None);
                let user = eks::mapped(&entry, evidence, facts);
                let namespaces = namespaces(it);
                eks::associated(cluster, &user, policy, &namespaces, evidence, facts);
            }
            true
        }
        "aws_eks_pod_identity_association" => {
            if let (Some(namespace), Some(account), Some(role)) =
                (text("namespace"), text("service_account"), &role)
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
                eks::aws_auth(CLUSTER, data, &mut |_: &Node| evidence.clone(), facts);
            }
            found
        }
        _ => false,
    }
}

/// The namespaces that an access scope names.
fn namespaces(of: &Node) -> Vec<crate::model::Str> {
    let scope = of.list("access_scope").first().or(of.get("access_scope"));
    scope.map(|s| s.strings("namespaces")).unwrap_or_default()
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
