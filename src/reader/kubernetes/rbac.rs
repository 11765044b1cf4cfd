//! Roles and bindings.

use super::object::Object;
use super::{Node, Sink};
use crate::model::{
    AggregationTerm, Effect, Entitlement, EntitlementRole, Humanity, Identity, IdentityId,
    IdentityKind, Platform, Policy, PolicyId, PolicyKind, Presence, RbacRule, Rule, RuleBody,
    Scope, Str,
};
use crate::platform::kubernetes::names::{self, CLUSTER};
use std::collections::BTreeSet;

impl Sink<'_> {
    pub(super) fn role(&mut self, object: &Object<'_>) {
        // A patch of an overlay names a role without saying what it holds; that must not read as "nothing".
        if object.node.get("rules").is_none() && object.node.get("aggregationRule").is_none() {
            return;
        }
        let (id, kind) = if object.kind == "ClusterRole" {
            let id = names::cluster_role(CLUSTER, &object.name);
            (id, PolicyKind::ClusterRole)
        } else {
            let id = names::role(CLUSTER, &object.namespace, &object.name);
            (id, PolicyKind::Role)
        };
        let mut policy = Policy::new(
            id.into(),
            Platform::Kubernetes,
            kind,
            Str::clone(&object.name),
        );
        policy.account = Some(CLUSTER.into());
        let evidence = self.evidence(object.node, object.pointer);
        policy.evidence.insert(evidence);
        for (i, rule) in object.node.list("rules").iter().enumerate() {
            if !rule.is_map() {
                continue;
            }
            policy.rules.insert(Rule {
                effect: Effect::Allow,
                body: RuleBody::Rbac(RbacRule {
                    api_groups: rule.list("apiGroups").iter().map(text_or_empty).collect(),
                    resources: rule.strings("resources"),
                    verbs: rule.strings("verbs"),
                    resource_names: rule.strings("resourceNames"),
                    non_resource_urls: rule.strings("nonResourceURLs"),
                }),
                label: format!("rules[{i}]").into(),
                evidence: self.evidence(rule, format!("{}/rules/{i}", object.pointer)),
            });
        }
        if kind == PolicyKind::ClusterRole {
            if let Some(labels) = object.node.at(&["metadata", "labels"]) {
                policy.labels = labels
                    .entries()
                    .iter()
                    .filter_map(|(key, value)| Some((key.as_str().into(), value.text()?.into())))
                    .collect();
            }
            policy.aggregation = aggregation(object.node);
        }
        self.facts.policies.push(policy);
    }

    pub(super) fn binding(&mut self, object: &Object<'_>) {
        // A patch of an overlay may lack the role or the subjects; the rest of it is elsewhere.
        let Some(reference) = object.node.get("roleRef") else {
            return;
        };
        let (Some(role), Some(role_kind)) = (reference.str("name"), reference.str("kind")) else {
            if self.has_actions {
                self.template(reference.line);
            }
            return;
        };
        if !self.made && role.contains("{{") {
            self.template(reference.line);
            return;
        }
        let of_cluster = object.kind == "ClusterRoleBinding";
        let (policy, scope, via) = match (role_kind, of_cluster) {
            ("ClusterRole", true) => (
                names::cluster_role(CLUSTER, role),
                Scope::Cluster(CLUSTER.into()),
                format!("ClusterRoleBinding {}", object.name),
            ),
            ("ClusterRole" | "Role", false) => (
                if role_kind == "Role" {
                    names::role(CLUSTER, &object.namespace, role)
                } else {
                    names::cluster_role(CLUSTER, role)
                },
                Scope::Namespace(CLUSTER.into(), Str::clone(&object.namespace)),
                format!("RoleBinding {}/{}", object.namespace, object.name),
            ),
            _ => {
                let message = format!(
                    "{} with a roleRef of a kind it cannot have: it gives nothing",
                    object.kind
                );
                self.note(reference.line, message);
                return;
            }
        };
        let (policy, via): (PolicyId, Str) = (policy.into(), via.into());
        for (i, subject) in object.node.list("subjects").iter().enumerate() {
            let Some(principal) = self.subject(subject, object) else {
                continue;
            };
            self.facts.entitlements.push(Entitlement {
                principal,
                policy: policy.clone(),
                scope: scope.clone(),
                role: EntitlementRole::Grant,
                via: Str::clone(&via),
                evidence: self.evidence(subject, format!("{}/subjects/{i}", object.pointer)),
            });
        }
    }

    /// The identity that a subject means, noted as referenced.
    fn subject(&mut self, subject: &Node, binding: &Object<'_>) -> Option<IdentityId> {
        let name = subject.str("name").filter(|name| !name.is_empty());
        let namespace = subject.str("namespace").filter(|name| !name.is_empty());
        let (Some(name), Some(kind)) = (name, subject.str("kind")) else {
            if self.has_actions {
                self.template(subject.line);
            } else {
                let message = format!("subject of a {} without kind or name", binding.kind);
                self.note(subject.line, message);
            }
            return None;
        };
        if !self.made && (name.contains("{{") || namespace.is_some_and(|text| text.contains("{{")))
        {
            self.template(subject.line);
            return None;
        }
        match kind {
            "ServiceAccount" => {
                // Overlays fill the namespace in; until then it is that of the binding.
                let namespace = namespace.unwrap_or(if binding.kind == "RoleBinding" {
                    &binding.namespace
                } else {
                    names::DEFAULT_NAMESPACE
                });
                Some(self.refer_account(namespace, name))
            }
            "User" => match names::account_of_user(name) {
                Some((namespace, name)) => Some(self.refer_account(namespace, name)),
                None => Some(self.refer(
                    names::user(CLUSTER, name),
                    IdentityKind::KubernetesUser,
                    name,
                )),
            },
            "Group" => Some(self.refer(
                names::group(CLUSTER, name),
                IdentityKind::KubernetesGroup,
                name,
            )),
            _ => {
                let message = format!("subject of a {} of a kind RBAC does not know", binding.kind);
                self.note(subject.line, message);
                None
            }
        }
    }

    /// Notes that a binding names a user or group; see `refer_account`.
    fn refer(&mut self, id: String, kind: IdentityKind, name: &str) -> IdentityId {
        let id = IdentityId::from(id);
        let mut identity = Identity::new(id.clone(), Platform::Kubernetes, kind, name);
        identity.account = Some(CLUSTER.into());
        identity.presence.insert(Presence::Referenced);
        identity.humanity = match kind {
            IdentityKind::KubernetesUser if name.starts_with("system:") => (
                Humanity::NonHuman,
                "user name has the control plane's prefix".into(),
            ),
            IdentityKind::KubernetesUser if name.ends_with(".gserviceaccount.com") => (
                Humanity::NonHuman,
                "user name is the address of a Google service account".into(),
            ),
            IdentityKind::KubernetesUser if is_mail(name) => {
                (Humanity::Human, "user name is an e-mail address".into())
            }
            IdentityKind::KubernetesUser => (
                Humanity::Undetermined,
                "user name tells neither person nor machine".into(),
            ),
            _ => (Humanity::Undetermined, "group of unknown members".into()),
        };
        self.facts.identities.push(identity);
        id
    }
}

/// `apiGroups: [""]` may also be written without the quotes, which is null.
fn text_or_empty(node: &Node) -> Str {
    node.text().unwrap_or_default().into()
}

fn is_mail(name: &str) -> bool {
    name.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.contains('@')
    })
}

fn aggregation(role: &Node) -> BTreeSet<Vec<AggregationTerm>> {
    let Some(rule) = role.get("aggregationRule") else {
        return BTreeSet::new();
    };
    rule.list("clusterRoleSelectors")
        .iter()
        .map(selector)
        .collect()
}

fn selector(node: &Node) -> Vec<AggregationTerm> {
    let labels = node.get("matchLabels").map_or(&[][..], Node::entries);
    let mut terms: Vec<_> = labels
        .iter()
        .map(|(key, value)| AggregationTerm {
            key: key.as_str().into(),
            operator: "In".into(),
            values: vec![text_or_empty(value)],
        })
        .collect();
    terms.extend(
        node.list("matchExpressions")
            .iter()
            .map(|term| AggregationTerm {
                key: term.str("key").unwrap_or_default().into(),
                operator: term.str("operator").unwrap_or_default().into(),
                values: term.strings("values"),
            }),
    );
    terms.sort();
    terms
}
