//! Access to EKS clusters as AWS tells it: `aws eks describe-access-entry`, `list-associated-access-policies`,
//! `describe-pod-identity-association`.

use super::Reader;
use super::eks::{self, Mapped};
use super::tree::{self, Node};
use crate::model::{Document, Facts, Probe, Problem, Str};

const NAME: &str = "aws-eks";

/// Reads access entries, associated policies and pod identities.
pub struct AwsEks;

impl Reader for AwsEks {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let opens = matches!(probe.head.trim_ascii_start().first(), Some(b'{' | b'['));
        opens
            && [
                "\"accessEntry\"",
                "\"associatedAccessPolicies\"",
                "\"association\"",
            ]
            .into_iter()
            .any(|key| probe.head_contains(key))
            && (probe.head_contains("\"clusterName\"") || !probe.complete)
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        for part in tree::documents(document.bytes) {
            match part {
                // Answers may have been gathered into a list.
                Ok(node) if !node.items().is_empty() => {
                    for (i, answer) in node.items().iter().enumerate() {
                        read(answer, document, &format!("/{i}"), &mut facts);
                    }
                }
                Ok(node) => read(&node, document, "", &mut facts),
                Err(error) => problems.push(error.problem(document, NAME)),
            }
        }
        (facts, problems)
    }
}

fn read(answer: &Node, document: &Document<'_>, pointer: &str, facts: &mut Facts) {
    if let Some(entry) = answer.get("accessEntry") {
        let (Some(cluster), Some(principal)) =
            (entry.str("clusterName"), entry.str("principalArn"))
        else {
            return;
        };
        let evidence = document.at_record(NAME, format!("{pointer}/accessEntry"));
        let entry = Mapped {
            cluster,
            principal,
            user: entry.str("username"),
            groups: entry.strings("kubernetesGroups"),
        };
        eks::mapped(&entry, &evidence, facts);
    }
    if let (Some(cluster), Some(principal)) =
        (answer.str("clusterName"), answer.str("principalArn"))
    {
        let entry = Mapped {
            cluster,
            principal,
            user: None,
            groups: Vec::new(),
        };
        for (i, policy) in answer.list("associatedAccessPolicies").iter().enumerate() {
            let Some(arn) = policy.str("policyArn") else {
                continue;
            };
            let at = format!("{pointer}/associatedAccessPolicies/{i}");
            let evidence = document.at_record(NAME, at);
            let user = eks::mapped(&entry, &evidence, facts);
            let scope = policy.get("accessScope");
            let namespaces: Vec<Str> = scope.map(|s| s.strings("namespaces")).unwrap_or_default();
            eks::associated(cluster, &user, arn, &namespaces, &evidence, facts);
        }
    }
    if let Some(it) = answer.get("association")
        && let (Some(cluster), Some(namespace), Some(account), Some(role)) = (
            it.str("clusterName"),
            it.str("namespace"),
            it.str("serviceAccount"),
            it.str("roleArn"),
        )
    {
        let evidence = document.at_record(NAME, format!("{pointer}/association"));
        eks::pod_identity(cluster, namespace, account, role, &evidence, facts);
    }
}
