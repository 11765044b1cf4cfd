//! The principals of an inventory, the policies they hold and the groups they are in, indexed.

use super::set::{Boundary, PolicySet};
use super::statement::{Compiled, Probe};
use super::trust::Gate;
use crate::model::{
    Entitlement, EntitlementRole, Hop, Identity, IdentityId, IdentityKind, Inventory, Platform,
    PolicyKind, Str,
};
use crate::platform::aws::arn::Arn;
use crate::platform::aws::tables;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What sort of principal a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Root,
    User,
    Role,
    Group,
}

/// A user, role, root user or group.
#[derive(Debug)]
pub(super) struct Node<'i> {
    pub id: &'i IdentityId,
    pub kind: Kind,
    pub account: Str,
    /// `None` for groups, which are no identities.
    pub identity: Option<&'i Identity>,
    /// What it holds, the shortest way first: the policy's position and the hops to it.
    pub holdings: Vec<(usize, Vec<Arc<Hop>>)>,
    /// Positions of the nodes of the groups it is in.
    pub groups: Vec<usize>,
    /// What its answer depends on and was not read.
    pub unresolved: BTreeSet<Str>,
    /// Position of its set.
    pub set: usize,
    /// Whether some export says what it holds.
    pub known: bool,
    /// The id of its permissions boundary.
    pub boundary: Option<&'i str>,
    /// Whether nothing caps what it is given: no boundary, or one that lets everything through.
    pub uncapped: bool,
    /// Who may assume it, for roles.
    pub gate: Gate<'i>,
}

/// Everything, compiled and indexed.
pub(super) struct World<'i, 'w> {
    pub nodes: Vec<Node<'i>>,
    /// Positions of nodes by ARN, in order.
    pub by_arn: BTreeMap<&'i str, usize>,
    /// Positions by unique id and by the name a session has (`<account>/<role name>`).
    pub by_alias: HashMap<String, usize>,
    pub policies: &'w [Compiled],
    pub sets: Vec<PolicySet<'w>>,
    /// The nodes of each set.
    pub members: Vec<Vec<usize>>,
    /// Sets that may allow an action on resources of this name only (`…:user/${aws:username}`).
    named: HashMap<(Probe, String), Vec<usize>>,
    /// Sets that may allow an action on what a wildcard matches.
    wild: HashMap<Probe, Vec<usize>>,
    /// Customer policies that principals hold, by ARN, with their holders.
    pub attached: BTreeMap<&'w str, Vec<usize>>,
}

/// Every policy that principals of the inventory hold, compiled; by id.
pub(super) fn compile(inventory: &Inventory) -> (Vec<Compiled>, HashMap<Str, usize>) {
    let mut compiled = Vec::new();
    let mut positions = HashMap::new();
    let iam = |e: &&Entitlement| e.principal.0.starts_with("arn:");
    for entitlement in inventory.entitlements.iter().filter(iam) {
        let id = &entitlement.policy.0;
        if positions.contains_key(id) {
            continue;
        }
        let policy = match inventory.policies.get(&entitlement.policy) {
            Some(policy) => Compiled::of_rules(
                id.clone(),
                policy.name.clone(),
                policy.kind == PolicyKind::IamManaged
                    && Arn::parse(id).is_some_and(|arn| arn.customer().is_some()),
                policy.rules.iter(),
            ),
            None => match tables::managed_policy(id) {
                Some(document) => {
                    let name = id.rsplit('/').next().unwrap_or_default();
                    Compiled::of_document(id.clone(), name.into(), &document)
                }
                None => continue,
            },
        };
        positions.insert(id.clone(), compiled.len());
        compiled.push(policy);
    }
    (compiled, positions)
}

impl<'i, 'w> World<'i, 'w> {
    pub(super) fn new(
        inventory: &'i Inventory,
        policies: &'w [Compiled],
        positions: &HashMap<Str, usize>,
    ) -> Self {
        let mut world = Self {
            nodes: Vec::new(),
            by_arn: BTreeMap::new(),
            by_alias: HashMap::new(),
            policies,
            sets: Vec::new(),
            members: Vec::new(),
            named: HashMap::new(),
            wild: HashMap::new(),
            attached: BTreeMap::new(),
        };
        world.collect(inventory);
        world.hold(inventory, positions);
        world.share();
        world.index();
        let mut gates = Gate::all(inventory);
        for node in &mut world.nodes {
            if let Some(gate) = gates.remove(node.id) {
                node.gate = gate;
            }
        }
        world
    }

    fn collect(&mut self, inventory: &'i Inventory) {
        for identity in inventory.identities.values() {
            let kind = match identity.kind {
                IdentityKind::AwsRoot => Kind::Root,
                IdentityKind::AwsUser => Kind::User,
                IdentityKind::AwsRole => Kind::Role,
                _ => continue,
            };
            if identity.platform == Platform::Aws && Arn::parse(&identity.id.0).is_some() {
                self.node(&identity.id, kind, Some(identity));
            }
        }
        let groups = inventory.memberships.iter().map(|m| &m.group);
        for id in groups.chain(inventory.entitlements.iter().map(|e| &e.principal)) {
            let group = Arn::parse(&id.0).is_some_and(|arn| arn.kind() == "group");
            if group && !self.by_arn.contains_key(&*id.0) {
                self.node(id, Kind::Group, None);
            }
        }
    }

    fn node(&mut self, id: &'i IdentityId, kind: Kind, identity: Option<&'i Identity>) {
        let position = self.nodes.len();
        let account = Arn::parse(&id.0).map_or("", |arn| arn.account);
        self.by_arn.insert(&id.0, position);
        if let Some(identity) = identity {
            for alias in &identity.aliases {
                self.by_alias.insert(alias.to_string(), position);
            }
            if kind == Kind::Role {
                let session = format!("{account}/{}", identity.name);
                self.by_alias.insert(session, position);
            }
        }
        let known = identity.is_none_or(|identity| {
            let mut evidence = identity.evidence.iter();
            evidence.any(|e| e.reader == "aws-authorization-details")
        });
        self.nodes.push(Node {
            id,
            kind,
            account: account.into(),
            identity,
            holdings: Vec::new(),
            groups: Vec::new(),
            unresolved: BTreeSet::new(),
            set: 0,
            known,
            boundary: None,
            uncapped: true,
            gate: Gate::default(),
        });
    }

    /// Gives every node its policies and its groups' policies, and finds the set it shares.
    fn hold(&mut self, inventory: &'i Inventory, positions: &HashMap<Str, usize>) {
        let mut held: HashMap<&str, Vec<&'i Entitlement>> = HashMap::new();
        for entitlement in &inventory.entitlements {
            held.entry(&entitlement.principal.0)
                .or_default()
                .push(entitlement);
        }
        let mut joined: HashMap<&str, Vec<(&'i str, Arc<Hop>)>> = HashMap::new();
        for membership in &inventory.memberships {
            let name = membership.group.0.rsplit('/').next().unwrap_or_default();
            let hop = Arc::new(Hop {
                what: format!("member of group {name}").into(),
                evidence: Some(membership.evidence.clone()),
            });
            joined
                .entry(&membership.member.0)
                .or_default()
                .push((&membership.group.0, hop));
        }
        type Key = (Vec<usize>, Boundary, Option<usize>);
        let mut sets: HashMap<Key, usize> = HashMap::new();
        for position in 0..self.nodes.len() {
            let Some(node) = self.nodes.get_mut(position) else {
                continue;
            };
            let id: &'i str = &node.id.0;
            let own = held.get(id).into_iter().flatten().map(|e| (*e, None));
            let groups = joined.get(id).into_iter().flatten();
            let through = groups.clone().flat_map(|(group, hop)| {
                let entitlements = held.get(group).into_iter().flatten();
                entitlements.map(move |e| (*e, Some(hop)))
            });
            let mut boundary = Boundary::None;
            let mut grants = BTreeSet::new();
            for (entitlement, group) in own.chain(through) {
                let policy = positions.get(&entitlement.policy.0).copied();
                let name = &entitlement.policy;
                if entitlement.role == EntitlementRole::Boundary {
                    node.boundary = Some(&name.0);
                    boundary = match policy {
                        Some(policy) => Boundary::Policy(policy),
                        None => Boundary::Unread,
                    };
                    if policy.is_none() {
                        node.unresolved
                            .insert(format!("policy {name} (permissions boundary)").into());
                    }
                    continue;
                }
                let Some(policy) = policy else {
                    node.unresolved
                        .insert(format!("policy {name} ({})", entitlement.via).into());
                    continue;
                };
                grants.insert(policy);
                let what = self.policies.get(policy).map_or_else(String::new, |p| {
                    format!("{} policy {}", entitlement.via, p.name)
                });
                let mut hops: Vec<Arc<Hop>> = group.into_iter().cloned().collect();
                hops.push(Arc::new(Hop {
                    what: what.into(),
                    evidence: Some(entitlement.evidence.clone()),
                }));
                node.holdings.push((policy, hops));
            }
            node.holdings
                .sort_by(|a, b| (a.0, a.1.len(), &a.1).cmp(&(b.0, b.1.len(), &b.1)));
            node.holdings.dedup_by(|a, b| a.0 == b.0);
            node.groups = groups
                .filter_map(|(group, _)| self.by_arn.get(group).copied())
                .collect();
            let cap = match boundary {
                Boundary::Policy(policy) => Some(policy),
                _ => None,
            };
            let variable = grants
                .iter()
                .copied()
                .chain(cap)
                .any(|i| self.policies.get(i).is_some_and(|p| p.variables));
            let grants: Vec<usize> = grants.into_iter().collect();
            node.uncapped = match boundary {
                Boundary::None => true,
                Boundary::Unread => false,
                Boundary::Policy(policy) => {
                    let alone = PolicySet {
                        policies: self.policies,
                        grants: vec![policy],
                        boundary: Boundary::None,
                        variables: BTreeMap::new(),
                    };
                    alone.admin().is_some()
                }
            };
            let key = (grants.clone(), boundary, variable.then_some(position));
            let next = sets.len();
            let set = *sets.entry(key).or_insert(next);
            node.set = set;
            if set == next {
                self.sets.push(PolicySet {
                    policies: self.policies,
                    grants,
                    boundary,
                    variables: if variable {
                        variables(node)
                    } else {
                        BTreeMap::new()
                    },
                });
            }
        }
    }

    fn share(&mut self) {
        self.members = vec![Vec::new(); self.sets.len()];
        for (position, node) in self.nodes.iter().enumerate() {
            if let Some(members) = self.members.get_mut(node.set) {
                members.push(position);
            }
            for (policy, _) in &node.holdings {
                let Some(policy) = self.policies.get(*policy) else {
                    continue;
                };
                if policy.customer {
                    self.attached.entry(&policy.id).or_default().push(position);
                }
            }
        }
    }

    /// Indexes the sets by the IAM actions they allow and on what, so that the question "who may do this
    /// to that one?" does not go through all of them.
    fn index(&mut self) {
        for (position, set) in self.sets.iter().enumerate() {
            let policies = set.grants.iter().filter_map(|&i| self.policies.get(i));
            let probes: BTreeSet<Probe> = policies
                .flat_map(|policy| policy.allow.keys().copied())
                .filter(|&probe| {
                    let action = super::statement::spelling(probe);
                    action.starts_with("iam:") || action == "sts:AssumeRole"
                })
                .collect();
            for probe in probes {
                for pattern in set.patterns(probe) {
                    match name(&pattern) {
                        Some(name) => {
                            let key = (probe, name.to_owned());
                            self.named.entry(key).or_default().push(position);
                        }
                        None => self.wild.entry(probe).or_default().push(position),
                    }
                }
            }
        }
    }

    /// The sets that may allow an action on a resource, in order, of those that are wanted.
    pub(super) fn sets_for(
        &self,
        probe: Probe,
        arn: &str,
        wanted: &dyn Fn(usize) -> bool,
    ) -> Vec<usize> {
        let named = name(arn).and_then(|name| self.named.get(&(probe, name.to_owned())));
        let wild = self.wild.get(&probe);
        let all = named.into_iter().chain(wild).flatten().copied();
        let mut sets: Vec<usize> = all.filter(|&set| wanted(set)).collect();
        sets.sort_unstable();
        sets.dedup();
        sets
    }
}

/// The name that everything a pattern matches has: what is behind the last slash, if no wildcard is in it.
fn name(pattern: &str) -> Option<&str> {
    let (_, name) = pattern.rsplit_once('/')?;
    (!name.contains(['*', '?'])).then_some(name)
}

/// The policy variables that an export tells the values of.
fn variables(node: &Node<'_>) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    values.insert("aws:principalaccount".to_owned(), node.account.to_string());
    if let Some(identity) = node.identity {
        let kind = match node.kind {
            Kind::Root => "Account",
            Kind::Role => "AssumedRole",
            Kind::User | Kind::Group => "User",
        };
        // A group is no caller; its members are.
        if node.kind != Kind::Group {
            values.insert("aws:principaltype".to_owned(), kind.to_owned());
            values.insert("aws:principalarn".to_owned(), node.id.to_string());
        }
        if node.kind == Kind::User {
            values.insert("aws:username".to_owned(), identity.name.to_string());
        }
        for label in &identity.labels {
            let key = format!("aws:principaltag/{}", label.key.to_ascii_lowercase());
            values.insert(key, label.value.to_string());
        }
    }
    values
}
