//! An inventory, indexed for requests: policies compiled once, and who holds which.

use super::caller::{Caller, CallerKind};
use super::policy::{Clause, Opening, Policy};
use super::{Cap, Stack, Tags, Told, assumes, is_controlled, takes_part};
use crate::model::{
    ControlTarget, EntitlementRole, Identity, IdentityId, IdentityKind, Inventory, OrgNode,
    Platform, PolicyId, PolicyKind, Str, Timestamp, Trust,
};
use crate::platform::aws::arn::Arn;
use crate::platform::aws::managed;
use crate::platform::glob;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What exports tell of the principals, resources and accounts that requests are about.
pub struct Estate<'i> {
    inventory: &'i Inventory,
    policies: Vec<Policy>,
    /// What principals and groups hold, by their id.
    held: HashMap<&'i str, Held<'i>>,
    /// The groups of members, by their id.
    groups: HashMap<&'i str, Vec<&'i str>>,
    /// Identities by unique id, and by `<account>/<role name>` as sessions name roles.
    aliases: HashMap<String, Vec<&'i Identity>>,
    /// Principals by name.
    names: HashMap<&'i str, Vec<&'i Identity>>,
    /// Resources' policies and roles' trusts.
    resources: HashMap<&'i str, Policy>,
    owners: HashMap<&'i str, &'i str>,
    /// Roles whose sessions may bring tags of their own.
    taggable: HashSet<&'i str>,
    org: Organization<'i>,
}

#[derive(Default)]
struct Held<'i> {
    grants: Vec<usize>,
    boundary: Option<(&'i str, Option<usize>)>,
    unread: Vec<Str>,
}

/// The tree of accounts, with the control policies at each node.
#[derive(Default)]
struct Organization<'i> {
    nodes: BTreeMap<&'i str, Node<'i>>,
    service: BTreeMap<&'i str, Vec<usize>>,
    resource: BTreeMap<&'i str, Vec<usize>>,
    /// Control policies that are attached and were not read, by node.
    unread: BTreeMap<&'i str, Vec<Str>>,
    /// Whether some export tells where the policy that allows everything is attached.
    tells_default: bool,
    /// Position of a policy that allows everything.
    everything: usize,
    controlled: bool,
}

#[derive(Default)]
struct Node<'i> {
    parent: Option<&'i str>,
    organization: Option<&'i str>,
    management: bool,
}

/// The policy that allows everything and is attached everywhere unless somebody takes it away.
const FULL: &str = "p-FullAWSAccess";
const RESOURCE_FULL: &str = "p-RCPFullAWSAccess";
/// No organisation is deeper.
const DEEPEST: usize = 16;

impl<'i> Estate<'i> {
    /// Indexes an inventory.
    pub fn new(inventory: &'i Inventory) -> Self {
        let mut estate = Self {
            inventory,
            policies: Vec::new(),
            held: HashMap::new(),
            groups: HashMap::new(),
            aliases: HashMap::new(),
            names: HashMap::new(),
            resources: HashMap::new(),
            owners: HashMap::new(),
            taggable: HashSet::new(),
            org: Organization::default(),
        };
        estate.hold();
        estate.name();
        estate.guard();
        estate.organize();
        estate
    }

    fn hold(&mut self) {
        let mut positions: HashMap<&PolicyId, Option<usize>> = HashMap::new();
        let inventory = self.inventory;
        for entitlement in &inventory.entitlements {
            if !entitlement.principal.0.starts_with("arn:") {
                continue;
            }
            let id = &entitlement.policy;
            let policies = &mut self.policies;
            let position = *positions
                .entry(id)
                .or_insert_with(|| compiled(inventory, id, policies));
            let held = self.held.entry(&entitlement.principal.0).or_default();
            if entitlement.role == EntitlementRole::Boundary {
                held.boundary = Some((&id.0, position));
            } else if let Some(position) = position {
                if !held.grants.contains(&position) {
                    held.grants.push(position);
                }
            } else {
                held.unread.push(format!("policy {id}").into());
            }
        }
        for membership in &inventory.memberships {
            let groups = self.groups.entry(&membership.member.0).or_default();
            groups.push(&membership.group.0);
        }
    }

    fn name(&mut self) {
        for identity in self.principals() {
            self.names.entry(&identity.name).or_default().push(identity);
            for alias in &identity.aliases {
                let named = self.aliases.entry(alias.to_string()).or_default();
                named.push(identity);
            }
            if let (IdentityKind::AwsRole, Some(arn)) = (identity.kind, Arn::parse(&identity.id.0))
            {
                let session = format!("{}/{}", arn.account, arn.name());
                self.aliases.entry(session).or_default().push(identity);
            }
        }
    }

    /// Resources' policies, and trusts as the policies of roles.
    fn guard(&mut self) {
        for statement in &self.inventory.resource_statements {
            let policy = self
                .resources
                .entry(&statement.resource)
                .or_insert_with(|| empty(&statement.resource));
            policy.clauses.push(Clause::of_resource(statement));
            if let Some(account) = &statement.account {
                self.owners.insert(&statement.resource, account);
            }
        }
        // The records of one statement stand apart, one for each principal.
        let mut statements: BTreeMap<_, Vec<&'i Trust>> = BTreeMap::new();
        for trust in &self.inventory.trusts {
            let key = (&trust.target, &trust.evidence, &trust.label, trust.effect);
            statements.entry(key).or_default().push(trust);
        }
        for ((target, ..), trusts) in statements {
            let policy = self
                .resources
                .entry(&target.0)
                .or_insert_with(|| empty(&target.0));
            policy.clauses.extend(Clause::of_trusts(&trusts));
        }
        for trust in &self.inventory.trusts {
            let tags = |action: &Str| {
                let action = action.to_ascii_lowercase();
                action.starts_with("not ") || glob::matches(&action, "sts:tagsession")
            };
            if trust.actions.iter().any(tags) {
                self.taggable.insert(&trust.target.0);
            }
        }
    }

    fn organize(&mut self) {
        let inventory = self.inventory;
        let mut org = Organization {
            everything: self.policies.len(),
            ..Organization::default()
        };
        self.policies
            .push(Policy::everything("FullAWSAccess".into()));
        for node in &inventory.org_nodes {
            let OrgNode { id, .. } = node;
            let known = org.nodes.entry(id).or_default();
            known.parent = known.parent.or(node.parent.as_deref());
            known.organization = known.organization.or(node.organization.as_deref());
            known.management |= node.management == Some(true);
        }
        let mut positions: HashMap<&PolicyId, Option<usize>> = HashMap::new();
        for ControlTarget { policy, target, .. } in &inventory.control_targets {
            let last = policy.0.rsplit('/').next().unwrap_or_default();
            if last == RESOURCE_FULL {
                continue;
            }
            if last == FULL {
                org.tells_default = true;
                org.controlled = true;
                org.service.entry(target).or_default().push(org.everything);
                continue;
            }
            let kind = inventory.policies.get(policy).map(|p| p.kind);
            let policies = &mut self.policies;
            let position = *positions
                .entry(policy)
                .or_insert_with(|| compiled(inventory, policy, policies));
            match (kind, position) {
                (Some(PolicyKind::ServiceControl), Some(position)) => {
                    org.controlled = true;
                    org.service.entry(target).or_default().push(position);
                }
                (Some(PolicyKind::ResourceControl), Some(position)) => {
                    org.resource.entry(target).or_default().push(position);
                }
                (None, _) => {
                    let name = format!("control policy {policy}");
                    org.unread.entry(target).or_default().push(name.into());
                }
                _ => {}
            }
        }
        self.org = org;
    }

    /// The users, roles and root users.
    pub(super) fn principals(&self) -> impl Iterator<Item = &'i Identity> + use<'i> {
        let identities = self.inventory.identities.values();
        identities.filter(|identity| {
            identity.platform == Platform::Aws && Arn::parse(&identity.id.0).is_some()
        })
    }

    /// Ids of the principals that a text names: by ARN, unique id or name.
    pub fn named(&self, text: &str) -> Vec<&'i str> {
        let mut found = self.known_as(text);
        if found.is_empty() {
            let named = self.names.get(text).into_iter().flatten();
            found.extend(named.map(|i| &*i.id.0));
        }
        found
    }

    /// Ids of the principals that have an id.
    fn known_as(&self, text: &str) -> Vec<&'i str> {
        let id = IdentityId::from(text);
        if let Some(identity) = self.inventory.identities.get(&id) {
            return vec![&identity.id.0];
        }
        let identities = self.aliases.get(text).into_iter().flatten();
        identities.map(|i| &*i.id.0).collect()
    }

    /// The identity that a caller is, and what is known of it filled in.
    pub(super) fn meet(&self, caller: &mut Caller) -> Option<&'i Identity> {
        let identity = match caller.kind {
            CallerKind::Session if caller.account.is_some() => {
                let account = caller.account.as_deref().unwrap_or_default();
                let key = format!("{account}/{}", caller.name);
                self.aliases
                    .get(&key)
                    .and_then(|known| known.first().copied())
            }
            CallerKind::Role | CallerKind::User | CallerKind::Root | CallerKind::Session => {
                let id = IdentityId::from(caller.arn.as_str());
                let mut ids = caller.unique.iter();
                self.inventory.identities.get(&id).or_else(|| {
                    let known = ids.find_map(|id| self.aliases.get(id))?;
                    known.first().copied()
                })
            }
            _ => None,
        }?;
        let arn = Arn::parse(&identity.id.0)?;
        caller.account = Some(arn.account.to_owned());
        caller.name = arn.name().to_owned();
        match caller.kind {
            CallerKind::Session => caller.role = Some(identity.id.to_string()),
            _ => caller.arn = identity.id.to_string(),
        }
        if caller.unique.is_empty() {
            caller.unique = identity.aliases.iter().map(ToString::to_string).collect();
        }
        Some(identity)
    }

    /// What the estate says of the two parties of a request.
    pub(super) fn tell(
        &self,
        identity: Option<&'i Identity>,
        caller: &Caller,
        resource: Option<&str>,
        owner: Option<&str>,
    ) -> Told<'_> {
        let tags = |identity: Option<&'i Identity>| match identity {
            Some(identity) if is_read(identity) => Tags::Known(&identity.labels),
            _ => Tags::Unknown,
        };
        let brings = identity.is_some_and(|i| self.taggable.contains(&*i.id.0));
        let about = resource.and_then(|r| self.inventory.identities.get(&IdentityId::from(r)));
        Told {
            caller_tags: if brings || caller.kind == CallerKind::FederatedUser {
                Tags::Unknown
            } else {
                tags(identity)
            },
            resource_tags: tags(about),
            caller_org: caller.account.as_deref().and_then(|a| self.member(a)),
            resource_org: owner.and_then(|a| self.member(a)),
        }
    }

    /// The organisation of an account, and its path as `aws:PrincipalOrgPaths` has it.
    fn member(&self, account: &str) -> Option<(&str, String)> {
        let way = self.way(account);
        let id = way
            .iter()
            .find_map(|id| self.org.nodes.get(id)?.organization)?;
        let units: Vec<&str> = way.iter().copied().filter(|id| *id != account).collect();
        Some((id, format!("{id}/{}/", units.join("/"))))
    }

    /// The nodes from the root down to an account.
    fn way<'a>(&'a self, account: &str) -> Vec<&'a str> {
        let mut way = Vec::new();
        let mut at = self.org.nodes.get_key_value(account);
        while let Some((id, node)) = at {
            if way.len() >= DEEPEST || way.contains(id) {
                break;
            }
            way.push(*id);
            at = node.parent.and_then(|p| self.org.nodes.get_key_value(p));
        }
        way.reverse();
        way
    }

    /// The account that owns a resource.
    pub(super) fn owner<'q>(&'q self, resource: &'q str) -> Option<&'q str> {
        if let Some(account) = Arn::parse(resource).and_then(|arn| arn.customer()) {
            return Some(account);
        }
        let (id, _) = self.guarded(resource)?;
        self.owners.get(id).copied()
    }

    /// The policy of a resource, or of what it lies in: an object's bucket, a function's version.
    pub(super) fn guarded(&self, resource: &str) -> Option<(&'i str, &Policy)> {
        let mut at = resource;
        let fixed = resource.splitn(6, ':').take(5).map(|p| p.len() + 1).sum();
        loop {
            if let Some((id, policy)) = self.resources.get_key_value(at) {
                return Some((*id, policy));
            }
            let cut = at.rfind([':', '/'])?;
            if cut < fixed {
                return None;
            }
            at = at.get(..cut)?;
        }
    }

    /// Puts everything that has a say about a request together: the one place where control policies
    /// enter.
    pub(super) fn stack<'a>(
        &'a self,
        identity: Option<&Identity>,
        caller: &Caller,
        action: &str,
        resource: Option<&str>,
        owner: Option<&str>,
    ) -> Stack<'a> {
        let mut stack = Stack {
            identity: Vec::new(),
            unread: Vec::new(),
            uncapped: Vec::new(),
            boundary: Cap::None,
            session: Cap::None,
            endpoint: Cap::None,
            service_control: Vec::new(),
            resource_control: Vec::new(),
            resource: Cap::None,
            assumptions: BTreeSet::new(),
        };
        match identity {
            Some(identity) => self.own(identity, action, &mut stack),
            None if caller.has_policies() && caller.kind != CallerKind::Root => {
                let name = format!("the policies of {}", caller.arn);
                stack.unread.push(name.into());
            }
            None => {}
        }
        if let (Some(account), true) = (caller.account.as_deref(), caller.has_policies()) {
            self.control(account, &mut stack);
        }
        self.resource_side(caller, action, resource, owner, &mut stack);
        stack
    }

    fn own<'a>(&'a self, identity: &Identity, action: &str, stack: &mut Stack<'a>) {
        let id: &str = &identity.id.0;
        let policy = |&position: &usize| {
            let policy = self.policies.get(position)?;
            policy.mentions(action).then_some(policy)
        };
        let groups = self.groups.get(id).into_iter().flatten();
        for holder in std::iter::once(&id).chain(groups) {
            let Some(held) = self.held.get(holder) else {
                continue;
            };
            stack.identity.extend(held.grants.iter().filter_map(policy));
            stack.unread.extend(held.unread.iter().cloned());
        }
        if let Some((name, position)) = self.held.get(id).and_then(|h| h.boundary) {
            stack.boundary = match position.and_then(|p| self.policies.get(p)) {
                Some(policy) => Cap::Policies(vec![policy]),
                None => Cap::Unread(format!("policy {name} (permissions boundary)").into()),
            };
        }
        if !is_read(identity) && identity.kind != IdentityKind::AwsRoot {
            stack.unread.push(format!("the policies of {id}").into());
        }
    }

    /// The service control policies over an account, level by level.
    fn control<'a>(&'a self, account: &str, stack: &mut Stack<'a>) {
        let org = &self.org;
        if !org.controlled {
            stack
                .assumptions
                .insert("no service control policies were read".into());
            return;
        }
        let way = self.way(account);
        if way.is_empty() {
            stack
                .assumptions
                .insert(format!("account {account} is in no organisation that was read").into());
            return;
        }
        if org.nodes.get(account).is_some_and(|n| n.management) {
            return;
        }
        for node in way {
            let mut level: Vec<&Policy> = Vec::new();
            let positions = org.service.get(node).into_iter().flatten();
            level.extend(positions.filter_map(|&p| self.policies.get(p)));
            let unread = org.unread.get(node).into_iter().flatten();
            stack.uncapped.extend(unread.cloned());
            if !org.tells_default && !level.iter().any(|p| p.clauses.iter().any(|c| c.allow)) {
                stack
                    .assumptions
                    .insert("FullAWSAccess is attached where no other policy allows".into());
                level.extend(self.policies.get(org.everything));
            }
            stack.service_control.push(level);
        }
    }

    fn resource_side<'a>(
        &'a self,
        caller: &Caller,
        action: &str,
        resource: Option<&str>,
        owner: Option<&str>,
        stack: &mut Stack<'a>,
    ) {
        if let (Some(owner), true) = (owner, is_controlled(action)) {
            let managed = self.org.nodes.get(owner).is_some_and(|n| n.management);
            for node in self.way(owner).into_iter().filter(|_| !managed) {
                let positions = self.org.resource.get(node).into_iter().flatten();
                let policies = positions.filter_map(|&p| self.policies.get(p));
                stack.resource_control.extend(policies);
            }
        }
        let Some(resource) = resource.filter(|r| *r != "*") else {
            if assumes(action) {
                stack.resource = Cap::Unread("the role's trust policy".into());
            }
            return;
        };
        if let Some((_, policy)) = self.guarded(resource) {
            stack.resource = Cap::Policies(vec![policy]);
            return;
        }
        let arn = Arn::parse(resource);
        let iam = arn.is_some_and(|arn| arn.service == "iam");
        if iam && assumes(action) {
            let known = self.inventory.identities.get(&IdentityId::from(resource));
            stack.resource = match known {
                // It was read, and its trust policy says nothing.
                Some(role) if is_read(role) => Cap::Policies(Vec::new()),
                _ => Cap::Unread(format!("the trust policy of {resource}").into()),
            };
        } else if !iam {
            let foreign = match (&caller.account, owner) {
                (Some(account), Some(owner)) => account != owner,
                _ => !caller.has_policies(),
            };
            let name = format!("the policy of {resource}");
            if foreign || takes_part(action, Some(resource)) {
                stack.resource = Cap::Unread(name.into());
            } else {
                stack
                    .assumptions
                    .insert(format!("{name} was not read and denies nothing").into());
            }
        }
        if owner.is_none() {
            stack
                .assumptions
                .insert(format!("{resource} belongs to the caller's account").into());
        }
    }

    /// Whom a role's trust policy may let in: principals that it names one by one, and accounts.
    pub(super) fn trusted(&self, role: &str) -> (Vec<&'i str>, Opening) {
        let (mut names, mut opening) = (Vec::new(), Opening::default());
        let policy = self.resources.get(role);
        let clauses = policy.into_iter().flat_map(|p| &p.clauses);
        for clause in clauses.filter(|c| c.allow) {
            let named = clause.names(&mut opening);
            names.extend(named.iter().flat_map(|name| self.known_as(name)));
        }
        (names, opening)
    }

    /// Roles that were read.
    pub(super) fn roles(&self) -> impl Iterator<Item = &'i Identity> + use<'i, '_> {
        self.principals()
            .filter(|i| i.kind == IdentityKind::AwsRole)
    }

    /// Whether some policy of a principal's own speaks of an action.
    pub(super) fn may_speak(
        &self,
        identity: &Identity,
        action: &str,
        known: &mut HashMap<usize, bool>,
    ) -> bool {
        let id: &str = &identity.id.0;
        let groups = self.groups.get(id).into_iter().flatten();
        let mut holders = std::iter::once(&id).chain(groups);
        holders.any(|holder| {
            let Some(held) = self.held.get(holder) else {
                return false;
            };
            !held.unread.is_empty()
                || held.grants.iter().any(|&position| {
                    *known.entry(position).or_insert_with(|| {
                        let policy = self.policies.get(position);
                        policy.is_some_and(|p| p.mentions(action))
                    })
                })
        })
    }

    /// Tells all conditions the time of the question.
    pub fn at(&mut self, now: Timestamp) {
        let policies = self.policies.iter_mut().chain(self.resources.values_mut());
        let clauses = policies.flat_map(|p| &mut p.clauses);
        for condition in clauses.filter_map(|c| c.condition.as_mut()) {
            condition.at(now);
        }
    }
}

/// Whether an export says what an identity holds.
fn is_read(identity: &Identity) -> bool {
    let mut evidence = identity.evidence.iter();
    evidence.any(|e| e.reader == "aws-authorization-details")
}

fn empty(id: &Str) -> Policy {
    Policy {
        id: id.clone(),
        version: None,
        clauses: Vec::new(),
    }
}

/// Compiles a policy that is held or attached, from an export or from what ships with the program.
fn compiled(inventory: &Inventory, id: &PolicyId, policies: &mut Vec<Policy>) -> Option<usize> {
    let policy = match inventory.policies.get(id) {
        Some(policy) => Policy::of_rules(id.0.clone(), policy.version.clone(), policy.rules.iter()),
        None => Policy::of_document(id.0.clone(), &managed::policy(&id.0)?.document, false),
    };
    policies.push(policy);
    Some(policies.len() - 1)
}
