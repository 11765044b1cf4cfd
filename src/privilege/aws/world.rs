//! The principals of an inventory, the policies they hold and the groups they are in, indexed.

use super::condition::Verdict;
use super::control::{Caps, Controls, controls};
use super::set::{ALL_TAGS, Boundary, Member, PolicySet};
use super::statement::{Compiled, probe};
use super::trust::Gate;
use crate::model::{
    Effect, Entitlement, EntitlementRole, Hop, Identity, IdentityId, IdentityKind, Inventory,
    Platform, PolicyId, PolicyKind, Presence, Str, Timestamp,
};
use crate::platform::aws::arn::Arn;
use crate::platform::aws::managed;
use crate::platform::aws::policy::{Document, Selection, Statement};
use crate::platform::glob;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What sort of principal a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// Whether nothing caps what it is given: no boundary, or one that lets everything through, and no
    /// control policies that take away what makes an admin.
    pub uncapped: bool,
    /// Whether it is a root user whom no control policy speaks of.
    pub sovereign: bool,
    /// Who may assume it, for roles.
    pub gate: Gate<'i>,
}

/// Most statements of one principal that are judged. AWS lets nobody hold near as many, and the work grows with
/// the product of what allows and what denies.
const MOST_STATEMENTS: usize = 4_000;

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
    /// Roles whose sessions may bring tags of their own.
    taggable: BTreeSet<&'i IdentityId>,
    /// The organisation of each account that an export tells it of.
    organizations: BTreeMap<&'i str, &'i str>,
    /// Customer policies that principals hold, by ARN, with their holders.
    pub attached: BTreeMap<&'w str, Vec<usize>>,
    /// By policy, the versions without effect that could be made the one in effect, compiled.
    pub dormant: HashMap<usize, Vec<(Str, usize)>>,
    /// Position of the policy that allows everything.
    everything: Option<usize>,
}

/// Every policy that principals of the inventory hold, compiled; by id.
/// With the time of the question, conditions that a date decides are decided.
pub(super) fn compile(
    inventory: &Inventory,
    now: Option<Timestamp>,
) -> (Vec<Compiled>, HashMap<Str, usize>) {
    let mut compiled = Vec::new();
    let mut positions = HashMap::new();
    let iam = |e: &&Entitlement| e.principal.0.starts_with("arn:");
    for entitlement in inventory.entitlements.iter().filter(iam) {
        let id = &entitlement.policy.0;
        if positions.contains_key(id) {
            continue;
        }
        let mut policy = match inventory.policies.get(&entitlement.policy) {
            Some(policy) => Compiled::of_rules(
                id.clone(),
                policy.name.clone(),
                policy.kind == PolicyKind::IamManaged
                    && Arn::parse(id).is_some_and(|arn| arn.customer().is_some()),
                policy.rules.iter(),
            ),
            None => match managed::policy(id) {
                Some(policy) => {
                    let name = id.rsplit('/').next().unwrap_or_default();
                    let (version, date) = (policy.version, policy.date);
                    let name = format!("{name} {version} (AWS-managed, as of {date})");
                    Compiled::of_document(id.clone(), name.into(), &policy.document)
                }
                None => continue,
            },
        };
        let known = inventory.policies.get(&entitlement.policy);
        policy.version = known.and_then(|policy| policy.version.clone());
        positions.insert(id.clone(), compiled.len());
        compiled.push(policy);
    }
    bring_back(inventory, &mut compiled);
    let control = inventory.policies.values().filter(|p| controls(p.kind));
    for policy in control {
        let id = &policy.id.0;
        positions.insert(id.clone(), compiled.len());
        let name = policy.name.clone();
        let rules = policy.rules.iter();
        compiled.push(Compiled::of_rules(id.clone(), name, false, rules));
    }
    // A root user holds no policies, and may do everything that its organisation leaves it.
    positions.insert(ROOT.into(), compiled.len());
    compiled.push(Compiled::of_document(
        ROOT.into(),
        ROOT.into(),
        &everything(),
    ));
    if let Some(now) = now {
        let statements = compiled.iter_mut().flat_map(|p| &mut p.statements);
        for condition in statements.filter_map(|s| s.condition.as_mut()) {
            condition.at(now);
        }
    }
    (compiled, positions)
}

/// Compiles versions without effect, where somebody may be able to bring them back. They have no position by
/// id, so that nobody holds them; their version tells them apart.
fn bring_back(inventory: &Inventory, compiled: &mut Vec<Compiled>) {
    let restores = probe("iam:SetDefaultPolicyVersion");
    let may = |policy: &Compiled| restores.is_some_and(|p| policy.allow.has(p));
    if !compiled.iter().any(may) {
        return;
    }
    let held: Vec<Str> = compiled
        .iter()
        .filter(|policy| policy.customer)
        .map(|policy| policy.id.clone())
        .collect();
    for id in held {
        let Some(policy) = inventory.policies.get(&PolicyId(id.clone())) else {
            continue;
        };
        for (version, rules) in &policy.dormant {
            let name = policy.name.clone();
            let mut old = Compiled::of_rules(id.clone(), name, true, rules.iter());
            old.version = Some(version.clone());
            compiled.push(old);
        }
    }
}

/// By policy in effect, its versions without effect.
fn dormant(
    inventory: &Inventory,
    policies: &[Compiled],
    positions: &HashMap<Str, usize>,
) -> HashMap<usize, Vec<(Str, usize)>> {
    let mut versions: HashMap<usize, Vec<(Str, usize)>> = HashMap::new();
    for (index, policy) in policies.iter().enumerate() {
        let Some(&effect) = positions.get(&policy.id) else {
            continue;
        };
        let known = inventory.policies.get(&PolicyId(policy.id.clone()));
        let version = policy.version.clone().unwrap_or_default();
        if effect != index && known.is_some_and(|p| p.dormant.contains_key(&version)) {
            versions.entry(effect).or_default().push((version, index));
        }
    }
    versions
}

/// The id of what stands for a root user's rights.
const ROOT: &str = "root user of the account";

fn everything() -> Document {
    let all = || Selection {
        negated: false,
        patterns: vec!["*".to_owned()],
    };
    Document {
        version: None,
        statements: vec![Statement {
            index: 0,
            sid: None,
            allow: true,
            actions: all(),
            resources: Some(all()),
            principals: Vec::new(),
            not_principals: Vec::new(),
            condition: None,
            condition_keys: Vec::new(),
        }],
    }
}

impl<'i, 'w> World<'i, 'w> {
    pub(super) fn new(
        inventory: &'i Inventory,
        policies: &'w [Compiled],
        positions: &HashMap<Str, usize>,
        now: Option<Timestamp>,
    ) -> Self {
        let mut world = Self {
            nodes: Vec::new(),
            by_arn: BTreeMap::new(),
            by_alias: HashMap::new(),
            policies,
            sets: Vec::new(),
            members: Vec::new(),
            taggable: taggable(inventory),
            organizations: inventory
                .org_nodes
                .iter()
                .filter_map(|node| Some((&*node.id, node.organization.as_deref()?)))
                .collect(),
            attached: BTreeMap::new(),
            dormant: HashMap::new(),
            everything: positions.get(ROOT).copied(),
        };
        world.dormant = dormant(inventory, policies, positions);
        world.collect(inventory);
        world.hold(inventory, positions);
        world.share();
        let mut gates = Gate::all(inventory);
        for node in &mut world.nodes {
            if let Some(gate) = gates.remove(node.id) {
                node.gate = gate;
            }
            if let Some(now) = now {
                node.gate.at(now);
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
            let code = identity.presence.contains(&Presence::Declared);
            // What code declares is judged as it is declared; what a module makes whose files are not there may be
            // given more in them.
            evidence.any(|e| e.reader == "aws-authorization-details")
                || code && !identity.is_of_unread_module()
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
            sovereign: false,
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
        type Key = (Vec<usize>, Boundary, Option<usize>, usize);
        let mut sets: HashMap<Key, usize> = HashMap::new();
        let table = Controls::new(inventory, self.policies, positions);
        let mut classes = Classes::default();
        let mut ceilings: HashMap<(Boundary, usize), bool> = HashMap::new();
        let root = self.everything;
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
                let held = self.policies.get(policy);
                let open = held.into_iter().flat_map(Compiled::open_actions);
                let open = open.map(|action| format!("action {action} of policy {name}").into());
                node.unresolved.extend(open);
                let what = held.map_or_else(String::new, |p| {
                    format!("{} policy {}", entitlement.via, p.name)
                });
                let mut hops: Vec<Arc<Hop>> = group.into_iter().cloned().collect();
                hops.push(Arc::new(Hop {
                    what: what.into(),
                    evidence: Some(entitlement.evidence.clone()),
                }));
                node.holdings.push((policy, hops));
            }
            let mut room = MOST_STATEMENTS;
            let held_count = grants.len();
            grants.retain(|&grant| {
                let policy = self.policies.get(grant);
                let left = room.checked_sub(policy.map_or(0, |p| p.statements.len()));
                room = left.unwrap_or(room);
                left.is_some()
            });
            if grants.len() < held_count {
                let why = format!("policies of more than {MOST_STATEMENTS} statements together");
                node.unresolved.insert(why.into());
            }
            node.holdings
                .sort_by(|a, b| (a.0, a.1.len(), &a.1).cmp(&(b.0, b.1.len(), &b.1)));
            node.holdings.dedup_by(|a, b| a.0 == b.0);
            node.groups = groups
                .filter_map(|(group, _)| self.by_arn.get(group).copied())
                .collect();
            let linked = id.contains(":role/aws-service-role/");
            let (number, caps) = table.of(&node.account, linked);
            let cap = match boundary {
                Boundary::Policy(policy) => Some(policy),
                _ => None,
            };
            let variable = caps.variables
                || grants
                    .iter()
                    .copied()
                    .chain(cap)
                    .any(|i| self.policies.get(i).is_some_and(|p| p.variables));
            // Only where something asks for it; most principals share what does not.
            let own = match variable || !caps.capping.is_empty() {
                true => variables(node, &self.taggable, &self.organizations),
                false => BTreeMap::new(),
            };
            let class = classes.of(number, &caps, &own, self.policies);
            let caller = match caps.capping.is_empty() {
                true => BTreeMap::new(),
                false => own.clone(),
            };
            node.sovereign = node.kind == Kind::Root && caps.open();
            if let (Kind::Root, false, Some(root)) = (node.kind, node.sovereign, root) {
                grants.insert(root);
                let evidence = node.identity.and_then(|i| i.evidence.first().cloned());
                let what = ROOT.into();
                node.holdings
                    .push((root, vec![Arc::new(Hop { what, evidence })]));
            }
            let grants: Vec<usize> = grants.into_iter().collect();
            let set = |grants: Vec<usize>, boundary: Boundary| PolicySet {
                policies: self.policies,
                grants,
                boundary,
                variables: if variable {
                    own.clone()
                } else {
                    BTreeMap::new()
                },
                caps: Arc::clone(&caps),
                class,
                caller: caller.clone(),
            };
            // The most that it could be given.
            let ceiling = || match (boundary, root) {
                (Boundary::Unread, _) | (_, None) => false,
                (Boundary::None, _) if caps.open() => true,
                (_, Some(root)) => set(vec![root], boundary).admin().is_some(),
            };
            node.uncapped = match variable {
                true => ceiling(),
                false => *ceilings.entry((boundary, class)).or_insert_with(ceiling),
            };
            let key = (
                grants.clone(),
                boundary,
                variable.then_some(position),
                class,
            );
            let next = sets.len();
            let found = *sets.entry(key).or_insert(next);
            if found == next {
                let held = set(grants, boundary);
                self.sets.push(held);
            }
            node.set = found;
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

    /// What an export tells of a principal as a caller, by condition key in lower case.
    pub(super) fn caller(&self, node: &Node<'_>) -> BTreeMap<String, String> {
        variables(node, &self.taggable, &self.organizations)
    }

    /// Whether the organisation would let a new principal of a node's account, with this ARN, be an admin.
    pub(super) fn leaves_everything(&self, node: &Node<'_>, arn: &str) -> bool {
        let (Some(set), Some(root)) = (self.sets.get(node.set), self.everything) else {
            return true;
        };
        if set.caps.open() {
            return true;
        }
        let role = arn.contains(":role/");
        let caller: BTreeMap<String, String> = [
            ("aws:principalarn", arn),
            ("aws:principalaccount", &*node.account),
            (
                "aws:principaltype",
                if role { "AssumedRole" } else { "User" },
            ),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
        let free = PolicySet {
            policies: self.policies,
            grants: vec![root],
            boundary: Boundary::None,
            variables: caller.clone(),
            caps: Arc::clone(&set.caps),
            class: set.class,
            caller,
        };
        free.admin().is_some()
    }
}

/// Numbers for what caps say to principals: those of one number are told the same.
#[derive(Default)]
struct Classes {
    numbers: HashMap<(usize, String), usize>,
}

impl Classes {
    fn of(
        &mut self,
        number: usize,
        caps: &Caps,
        own: &BTreeMap<String, String>,
        policies: &[Compiled],
    ) -> usize {
        let mut told = String::new();
        if caps.local {
            told.extend(own.get("aws:principalaccount").map(String::as_str));
        }
        if !caps.personal.is_empty() {
            let asked = Member { own, context: &[] };
            for (policy, statement) in &caps.personal {
                let policy = policies.get(*policy);
                let statement = policy.and_then(|p| p.statements.get(*statement));
                let condition = statement.and_then(|s| s.condition.as_ref());
                match condition.map(|condition| condition.ask(&asked)) {
                    None | Some(Verdict::Holds) => told.push('+'),
                    Some(Verdict::Fails) => told.push('-'),
                    Some(Verdict::Depends(keys)) => {
                        told.push('?');
                        told.extend(keys.iter().flat_map(|key| [key.as_str(), ","]));
                    }
                }
            }
        }
        let next = self.numbers.len();
        *self.numbers.entry((number, told)).or_insert(next)
    }
}

/// Roles whose sessions may bring tags of their own.
fn taggable(inventory: &Inventory) -> BTreeSet<&IdentityId> {
    let tags = |action: &Str| {
        let action = action.to_ascii_lowercase();
        action.starts_with("not ") || glob::matches(&action, "sts:tagsession")
    };
    let trusts = inventory.trusts.iter();
    let trusts = trusts.filter(|t| t.effect == Effect::Allow && t.actions.iter().any(tags));
    trusts.map(|trust| &trust.target).collect()
}

/// The policy variables that an export tells the values of. Tags are told whole unless sessions bring others.
fn variables(
    node: &Node<'_>,
    taggable: &BTreeSet<&IdentityId>,
    organizations: &BTreeMap<&str, &str>,
) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    if let Some(id) = organizations.get(&*node.account) {
        values.insert("aws:principalorgid".to_owned(), (*id).to_owned());
    }
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
        if node.known && !taggable.contains(node.id) {
            values.insert(ALL_TAGS.to_owned(), String::new());
        }
        for label in &identity.labels {
            let key = format!("aws:principaltag/{}", label.key.to_ascii_lowercase());
            values.insert(key, label.value.to_string());
        }
    }
    values
}
