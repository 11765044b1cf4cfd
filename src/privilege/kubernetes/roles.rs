//! Roles as they are in the cluster: those that the input defines, those that the platform defines, and
//! what aggregation adds to either.

use crate::model::{
    AggregationTerm, Evidence, Hop, Inventory, Platform, PolicyKind, RbacRule, RuleBody, Scope, Str,
};
use crate::platform::kubernetes::names;
use crate::platform::kubernetes::roles::{BuiltinRole, builtin};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// How many roles aggregation may visit in all. Real clusters need hundreds; a hostile input in which
/// every role takes over every other would need their square.
const MAX_AGGREGATED: usize = 2_000_000;

/// One rule with what to call it and where it was read.
pub(super) struct RoleRule<'a> {
    pub(super) rule: &'a RbacRule,
    pub(super) label: Str,
    pub(super) evidence: Option<&'a Evidence>,
}

impl RoleRule<'_> {
    /// The rule as a step of a proof: `rules[2]: create, get on pods/exec`.
    pub(super) fn hop(&self) -> Hop {
        let on = if self.rule.resources.is_empty() {
            &self.rule.non_resource_urls
        } else {
            &self.rule.resources
        };
        let (verbs, on) = (some(&self.rule.verbs), some(on));
        Hop {
            what: format!("{}: {verbs} on {on}", self.label).into(),
            evidence: self.evidence.cloned(),
        }
    }
}

/// The first few of a list.
fn some(list: &[Str]) -> String {
    let shown: Vec<&str> = list.iter().take(6).map(|text| &**text).collect();
    let more = if list.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}

/// A role.
pub(super) struct Role<'a> {
    /// `ClusterRole edit`, `Role ci/deployer`.
    pub(super) title: Str,
    pub(super) evidence: Option<&'a Evidence>,
    pub(super) rules: Vec<RoleRule<'a>>,
    cluster: &'a str,
    labels: BTreeMap<&'a str, &'a str>,
    selectors: Vec<Vec<Term<'a>>>,
    of_cluster: bool,
}

struct Term<'a> {
    key: &'a str,
    operator: &'a str,
    values: Vec<&'a str>,
}

/// Index of a role.
pub(super) type RoleIndex = usize;

/// All roles of the inventory's clusters.
pub(super) struct Roles<'a> {
    roles: Vec<Role<'a>>,
    by_id: BTreeMap<String, RoleIndex>,
    /// ClusterRoles by cluster, label and value, for aggregation.
    by_label: BTreeMap<(&'a str, &'a str, &'a str), Vec<RoleIndex>>,
    masters: Option<RoleIndex>,
}

impl<'a> Roles<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut it = Self {
            roles: Vec::new(),
            by_id: BTreeMap::new(),
            by_label: BTreeMap::new(),
            masters: None,
        };
        let mut clusters = BTreeSet::from([names::CLUSTER]);
        for policy in inventory.policies.values() {
            if policy.platform != Platform::Kubernetes {
                continue;
            }
            let cluster = policy.account.as_deref().unwrap_or(names::CLUSTER);
            clusters.insert(cluster);
            let of_cluster = policy.kind == PolicyKind::ClusterRole;
            it.by_id.insert(policy.id.to_string(), it.roles.len());
            it.roles.push(Role {
                title: title(&policy.id.0, cluster, of_cluster, &policy.name),
                evidence: policy.evidence.first(),
                rules: policy
                    .rules
                    .iter()
                    .filter_map(|rule| match &rule.body {
                        RuleBody::Rbac(body) => Some(RoleRule {
                            rule: body,
                            label: Str::clone(&rule.label),
                            evidence: Some(&rule.evidence),
                        }),
                        RuleBody::Iam(_) | RuleBody::Named(_) => None,
                    })
                    .collect(),
                cluster,
                labels: policy.labels.iter().map(|(k, v)| (&**k, &**v)).collect(),
                selectors: policy.aggregation.iter().map(|s| terms(s)).collect(),
                of_cluster,
            });
        }
        for entitlement in &inventory.entitlements {
            if let Scope::Cluster(cluster) | Scope::Namespace(cluster, _) = &entitlement.scope {
                clusters.insert(cluster);
            }
        }
        for cluster in clusters {
            for (role, rules) in builtin().iter().zip(RULES.iter()) {
                it.add_builtin(role, rules, cluster);
            }
        }
        for (index, role) in it.roles.iter().enumerate() {
            if role.of_cluster {
                for (&key, &value) in &role.labels {
                    let slot = it.by_label.entry((role.cluster, key, value)).or_default();
                    slot.push(index);
                }
            }
        }
        it
    }

    /// The role that a policy's id means.
    pub(super) fn find(&self, id: &str) -> Option<RoleIndex> {
        self.by_id.get(id).copied()
    }

    /// The platform's own `cluster-admin`, whatever the input says: what `system:masters` amounts to.
    pub(super) fn masters(&self) -> Option<RoleIndex> {
        self.masters
    }

    pub(super) fn get(&self, index: RoleIndex) -> Option<&Role<'a>> {
        self.roles.get(index)
    }

    /// A role and all whose rules it takes over by aggregation, itself first. `None` when the budget,
    /// which counts down over all calls, is used up.
    pub(super) fn closure(&self, role: RoleIndex, budget: &mut usize) -> Option<Vec<RoleIndex>> {
        let mut found = vec![role];
        let mut seen = BTreeSet::from([role]);
        let mut next = 0;
        while let Some(&index) = found.get(next) {
            next += 1;
            let Some(role) = self.get(index) else {
                continue;
            };
            for selector in &role.selectors {
                for candidate in self.candidates(role.cluster, selector) {
                    *budget = budget.checked_sub(1)?;
                    let matches = self
                        .get(candidate)
                        .is_some_and(|c| selector.iter().all(|term| term.matches(&c.labels)));
                    if matches && seen.insert(candidate) {
                        found.push(candidate);
                    }
                }
            }
        }
        Some(found)
    }

    /// The budget that all calls of `closure` share.
    pub(super) const fn budget() -> usize {
        MAX_AGGREGATED
    }

    /// ClusterRoles that may match a selector: those with the first label it wants, else all.
    fn candidates(&self, cluster: &str, selector: &[Term<'a>]) -> Vec<RoleIndex> {
        let wanted = selector.iter().find(|term| term.operator == "In");
        match wanted {
            Some(term) => {
                let values: BTreeSet<&str> = term.values.iter().copied().collect();
                values
                    .into_iter()
                    .filter_map(|value| self.by_label.get(&(cluster, term.key, value)))
                    .flatten()
                    .copied()
                    .collect()
            }
            None => self
                .roles
                .iter()
                .enumerate()
                .filter(|(_, role)| role.of_cluster && role.cluster == cluster)
                .map(|(index, _)| index)
                .collect(),
        }
    }

    fn add_builtin(
        &mut self,
        builtin: &'static BuiltinRole,
        rules: &'static [RbacRule],
        cluster: &'a str,
    ) {
        let name = &builtin.name;
        let (id, title) = match &builtin.namespace {
            Some(namespace) => (
                names::role(cluster, namespace, name),
                format!("Role {namespace}/{name} (of the platform)"),
            ),
            None => (
                names::cluster_role(cluster, name),
                format!("ClusterRole {name} (of the platform)"),
            ),
        };
        let known = self.by_id.contains_key(&id);
        let is_admin = name == "cluster-admin";
        if known && !is_admin {
            return;
        }
        let index = self.roles.len();
        if is_admin {
            self.masters.get_or_insert(index);
        }
        if !known {
            self.by_id.insert(id, index);
        }
        self.roles.push(Role {
            title: title.into(),
            evidence: None,
            rules: rules
                .iter()
                .enumerate()
                .map(|(i, rule)| RoleRule {
                    rule,
                    label: format!("rules[{i}]").into(),
                    evidence: None,
                })
                .collect(),
            cluster,
            labels: if known {
                BTreeMap::new()
            } else {
                let labels = builtin.labels.iter();
                labels.map(|(k, v)| (k.as_str(), v.as_str())).collect()
            },
            selectors: builtin
                .aggregates
                .iter()
                .map(|label| {
                    vec![Term {
                        key: label,
                        operator: "In",
                        values: vec!["true"],
                    }]
                })
                .collect(),
            of_cluster: builtin.namespace.is_none(),
        });
    }
}

impl Term<'_> {
    /// As the API server's label selectors: `NotIn` holds for an absent label, too.
    fn matches(&self, labels: &BTreeMap<&str, &str>) -> bool {
        let value = labels.get(self.key);
        match self.operator {
            "In" => value.is_some_and(|v| self.values.contains(v)),
            "NotIn" => value.is_none_or(|v| !self.values.contains(v)),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}

fn terms(selector: &[AggregationTerm]) -> Vec<Term<'_>> {
    selector
        .iter()
        .map(|term| Term {
            key: &term.key,
            operator: &term.operator,
            values: term.values.iter().map(|value| &**value).collect(),
        })
        .collect()
}

/// `ClusterRole edit`, `Role ci/deployer`.
pub(super) fn title(id: &str, cluster: &str, of_cluster: bool, name: &str) -> Str {
    if of_cluster {
        return format!("ClusterRole {name}").into();
    }
    let namespace = id
        .strip_prefix("k8s:")
        .and_then(|rest| rest.strip_prefix(cluster))
        .and_then(|rest| rest.strip_prefix('/'))
        .and_then(|rest| rest.split_once("/role/"))
        .map(|(namespace, _)| namespace);
    match namespace {
        Some(namespace) => format!("Role {namespace}/{name}").into(),
        None => format!("Role {name}").into(),
    }
}

/// The rules of the platform's roles as the model has them, role by role.
static RULES: LazyLock<Vec<Vec<RbacRule>>> = LazyLock::new(|| {
    let shared = |list: &[String]| list.iter().map(|text| text.as_str().into()).collect();
    let rules = |role: &BuiltinRole| {
        let rules = role.rules.iter().map(|rule| RbacRule {
            api_groups: shared(&rule.api_groups),
            resources: shared(&rule.resources),
            verbs: shared(&rule.verbs),
            resource_names: shared(&rule.resource_names),
            non_resource_urls: shared(&rule.non_resource_urls),
        });
        rules.collect()
    };
    builtin().iter().map(rules).collect()
});
