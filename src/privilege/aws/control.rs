//! What organisations let their accounts do: service control policies, which cap principals, and resource
//! control policies, which guard resources.
//!
//! A service control policy must allow at every level from the root down to the account, and may deny at any.
//! It speaks neither of the management account nor of service-linked roles. Resource control policies only
//! deny, whoever calls, on the services that take part ([`resource_controlled`]). Where no organisation was read that has
//! an account, nothing is assumed; where one was read in part, answers that depend on the rest are
//! unresolved.
//!
//! [`resource_controlled`]: crate::platform::aws::actions::resource_controlled

use super::statement::Compiled;
use crate::model::{
    ControlListing, Inventory, Matcher, OrgNodeKind, Policy, PolicyId, PolicyKind, RuleBody, Str,
};
use crate::platform::aws::arn::Arn;
use crate::platform::aws::organization::{FULL_ACCESS, FULL_RESOURCE_ACCESS, is_root};
use crate::platform::aws::pattern::is_everything;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Deepest tree that is followed; the API allows units five levels deep.
const MAX_DEPTH: usize = 32;

/// What an organisation lets the principals of an account do. Accounts with the same policies share it.
#[derive(Debug, Default)]
pub(super) struct Caps {
    /// For each level that lets through less than everything: the policies one of which must allow.
    pub levels: Vec<Level>,
    /// Policies that deny.
    pub denials: Vec<usize>,
    /// Policies that guard the account's own resources.
    pub guards: Vec<usize>,
    /// Whether something that may take away was not read.
    pub unread: bool,
    /// Whether something that may guard the account's resources was not read.
    pub unread_guards: bool,
    /// What that is.
    pub missing: BTreeSet<Str>,
    /// The organisation's id.
    pub organization: Option<Str>,
    /// Condition keys that the organisation tells the values of, for every principal of the account.
    pub known: Vec<(&'static str, String)>,
    /// Positions of all policies that cap the principals or guard any resource.
    pub capping: BTreeSet<usize>,
    /// Statements whose conditions ask who the caller is: policy and statement.
    pub personal: Vec<(usize, usize)>,
    /// Whether answers differ between accounts in other ways than `personal` tells.
    pub local: bool,
    /// Whether they differ between principals in other ways.
    pub variables: bool,
    /// What is known of all accounts.
    pub estate: Arc<Estate>,
}

/// One level of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Level {
    /// Positions of the policies attached there.
    pub policies: Vec<usize>,
    /// Whether there may be others.
    pub unread: bool,
}

/// What is known of resources by their account.
#[derive(Debug, Default)]
pub(super) struct Estate {
    /// The organisation of each account.
    pub organizations: HashMap<Str, Str>,
    /// The policies that guard an account's resources.
    pub guards: HashMap<Str, Vec<usize>>,
    /// Accounts whose guards were not all read.
    pub unread: HashSet<Str>,
}

impl Caps {
    fn key(&self) -> Key {
        let guards = &self.guards;
        (
            (self.levels.clone(), self.denials.clone(), guards.clone()),
            (
                self.unread,
                self.unread_guards,
                self.local,
                self.missing.clone(),
                self.capping.is_empty(),
            ),
            (self.organization.clone(), self.known.clone()),
        )
    }

    /// Whether a policy is one of those that cap or guard.
    pub(super) fn has(&self, policy: usize) -> bool {
        self.capping.contains(&policy)
    }

    /// Whether it takes nothing away from the account's principals.
    pub(super) fn open(&self) -> bool {
        self.levels.is_empty() && self.denials.is_empty() && self.guards.is_empty() && !self.unread
    }
}

/// What two accounts have in common that share caps.
type Key = (
    (Vec<Level>, Vec<usize>, Vec<usize>),
    (bool, bool, bool, BTreeSet<Str>, bool),
    (Option<Str>, Vec<(&'static str, String)>),
);

/// The caps of all accounts.
#[derive(Debug)]
pub(super) struct Controls {
    all: Vec<Arc<Caps>>,
    /// By account: caps, and those of what service control policies do not speak of.
    by_account: HashMap<Str, (usize, usize)>,
}

/// The caps of accounts of which no organisation was read.
const UNKNOWN: usize = 0;

impl Controls {
    pub(super) fn new(
        inventory: &Inventory,
        policies: &[Compiled],
        positions: &HashMap<Str, usize>,
    ) -> Self {
        let tree = Tree::new(inventory);
        let mut estate = Estate::default();
        let mut found = Vec::new();
        for (account, organization) in &tree.accounts {
            let mut caps = Caps::default();
            let chain = tree.chain(account);
            let switched = |kind| tree.switched(kind, chain.nodes.first().copied(), *organization);
            let management = tree.management.contains(account);
            let on = |kind| !management && tree.touched(kind) && switched(kind) != Some(false);
            if on(PolicyKind::ServiceControl) {
                tree.service_control(&chain, policies, positions, &mut caps);
            }
            let mut guards = Caps::default();
            if on(PolicyKind::ResourceControl) {
                tree.resource_control(&chain, policies, positions, &mut guards);
            }
            caps.guards = guards.denials;
            caps.unread_guards = guards.unread;
            caps.missing.extend(guards.missing);
            if let Some(organization) = organization {
                estate
                    .organizations
                    .insert((*account).into(), (*organization).into());
                caps.organization = Some((*organization).into());
                caps.known
                    .push(("aws:principalorgid", (*organization).to_owned()));
                if chain.whole {
                    let above = chain.nodes.iter().filter(|node| *node != account);
                    let path = above.fold((*organization).to_owned(), |path, node| {
                        format!("{path}/{node}")
                    });
                    caps.known
                        .push(("aws:principalorgpaths", format!("{path}/")));
                }
            }
            if !caps.guards.is_empty() {
                estate.guards.insert((*account).into(), caps.guards.clone());
            }
            if caps.unread_guards {
                estate.unread.insert((*account).into());
            }
            found.push((*account, caps));
        }
        // Of service-linked roles, resource control policies do not speak either.
        let bare = Arc::new(Estate {
            organizations: estate.organizations.clone(),
            ..Estate::default()
        });
        let estate = Arc::new(estate);
        let capping = |caps: &Caps| -> BTreeSet<usize> {
            let own = caps.levels.iter().flat_map(|level| &level.policies);
            let all = own.chain(&caps.denials);
            all.chain(estate.guards.values().flatten())
                .copied()
                .collect()
        };
        let personal = |capping: &BTreeSet<usize>| {
            let mut personal = Vec::new();
            for &index in capping {
                let statements = policies.get(index).map(|policy| &policy.statements);
                for (number, statement) in statements.into_iter().flatten().enumerate() {
                    if statement.condition.as_ref().is_some_and(|c| c.asks_who()) {
                        personal.push((index, number));
                    }
                }
            }
            personal
        };
        let mut by_account = HashSet::new();
        let mut by_principal = HashSet::new();
        for policy in inventory.policies.values().filter(|p| controls(p.kind)) {
            let (account, principal) = local(policy);
            let position = positions.get(&policy.id.0).copied();
            by_account.extend(position.filter(|_| account));
            by_principal.extend(position.filter(|_| principal));
        }
        let mut controls = Self {
            all: Vec::new(),
            by_account: HashMap::new(),
        };
        let mut numbers = HashMap::new();
        let mut shared = |caps: Caps| -> usize {
            let next = controls.all.len();
            let number = *numbers.entry(caps.key()).or_insert(next);
            if number == next {
                controls.all.push(Arc::new(caps));
            }
            number
        };
        let mut pairs = HashMap::new();
        let mut finished = |caps: Caps, exempt: bool| {
            let (capping, estate) = match exempt {
                true => (BTreeSet::new(), Arc::clone(&bare)),
                false => (capping(&caps), Arc::clone(&estate)),
            };
            shared(Caps {
                local: capping.iter().any(|policy| by_account.contains(policy)),
                variables: capping.iter().any(|policy| by_principal.contains(policy)),
                personal: personal(&capping),
                capping,
                estate,
                ..caps
            })
        };
        // Of accounts of no organisation that was read.
        finished(Caps::default(), false);
        for (account, caps) in found {
            let exempt = Caps {
                organization: caps.organization.clone(),
                known: caps.known.clone(),
                ..Caps::default()
            };
            let pair = (finished(caps, false), finished(exempt, true));
            pairs.insert(account.into(), pair);
        }
        controls.by_account = pairs;
        controls
    }

    /// What caps a principal, with its number: none of it speaks of service-linked roles.
    pub(super) fn of(&self, account: &str, service_linked: bool) -> (usize, Arc<Caps>) {
        let pair = self.by_account.get(account);
        let index = match (pair, service_linked) {
            (Some((_, exempt)), true) => *exempt,
            (Some((caps, _)), false) => *caps,
            (None, _) => UNKNOWN,
        };
        (index, self.all.get(index).cloned().unwrap_or_default())
    }
}

/// Whether what a control policy says depends on the account, and on the principal, in ways that
/// [`Caps::personal`] does not hold: by policy variables, and by the account of the resource.
fn local(policy: &Policy) -> (bool, bool) {
    let (mut account, mut principal) = (false, false);
    for rule in &policy.rules {
        let RuleBody::Iam(body) = &rule.body else {
            continue;
        };
        let (Matcher::In(resources) | Matcher::NotIn(resources)) = &body.resources;
        let condition = body.condition.as_deref().unwrap_or_default();
        let condition = condition.to_ascii_lowercase();
        let named = |text: &Str| Arn::parse(text).is_some_and(|arn| arn.customer().is_some());
        account |= resources.iter().any(named);
        account |= condition.contains("aws:resourceaccount");
        let texts = resources.iter().map(|pattern| pattern.to_ascii_lowercase());
        for text in texts.chain([condition]) {
            for variable in text.split("${").skip(1) {
                let name = variable.split(['}', ',']).next().unwrap_or_default().trim();
                account = true;
                principal |= !matches!(
                    name,
                    "*" | "?"
                        | "$"
                        | "aws:principalaccount"
                        | "aws:principalorgid"
                        | "aws:resourceaccount"
                        | "aws:resourceorgid"
                );
            }
        }
    }
    (account, principal)
}

/// Whether policies of a kind control accounts.
pub(super) fn controls(kind: PolicyKind) -> bool {
    matches!(
        kind,
        PolicyKind::ServiceControl | PolicyKind::ResourceControl
    )
}

/// What the records of organisations say, indexed.
struct Tree<'i> {
    inventory: &'i Inventory,
    /// Accounts with their organisation's id, where known.
    accounts: BTreeMap<&'i str, Option<&'i str>>,
    management: BTreeSet<&'i str>,
    /// By node, what is above it; several where records disagree.
    above: HashMap<&'i str, BTreeSet<&'i str>>,
    /// By node, the policies attached to it.
    attached: HashMap<&'i str, BTreeSet<&'i PolicyId>>,
    /// Kinds of policies.
    kinds: HashMap<&'i PolicyId, PolicyKind>,
    /// Whether policies of a kind are in force, by root or organisation.
    switches: HashMap<(&'i str, PolicyKind), bool>,
    /// Kinds of which anything was read.
    touched: BTreeSet<PolicyKind>,
    /// Kinds of which all policies are known, with all that they are attached to.
    listed: BTreeSet<PolicyKind>,
}

/// The nodes from the top down to an account.
struct Chain<'i> {
    nodes: Vec<&'i str>,
    /// Whether it begins at the root.
    whole: bool,
}

impl<'i> Tree<'i> {
    fn new(inventory: &'i Inventory) -> Self {
        let mut tree = Self {
            inventory,
            accounts: BTreeMap::new(),
            management: BTreeSet::new(),
            above: HashMap::new(),
            attached: HashMap::new(),
            kinds: HashMap::new(),
            switches: HashMap::new(),
            touched: BTreeSet::new(),
            listed: BTreeSet::new(),
        };
        let mut organizations: HashMap<&str, &str> = HashMap::new();
        for node in &inventory.org_nodes {
            if let Some(parent) = &node.parent {
                tree.above.entry(&node.id).or_default().insert(parent);
            }
            if let Some(organization) = &node.organization {
                organizations.entry(&node.id).or_insert(organization);
            }
            if node.kind == OrgNodeKind::Account {
                tree.accounts.entry(&node.id).or_default();
                if node.management == Some(true) {
                    tree.management.insert(&node.id);
                }
            }
        }
        let all: BTreeSet<&str> = organizations.values().copied().collect();
        let only = match all.first() {
            Some(one) if all.len() == 1 => Some(*one),
            _ => None,
        };
        let accounts: Vec<&str> = tree.accounts.keys().copied().collect();
        for account in accounts {
            let chain = tree.chain(account);
            let mut near = chain.nodes.iter().rev();
            let found = near.find_map(|node| organizations.get(node).copied());
            tree.accounts.insert(account, found.or(only));
        }
        for target in &inventory.control_targets {
            let attached = tree.attached.entry(&target.target).or_default();
            attached.insert(&target.policy);
        }
        for policy in inventory.policies.values().filter(|p| controls(p.kind)) {
            tree.kinds.insert(&policy.id, policy.kind);
        }
        for listing in &inventory.control_listings {
            match listing {
                ControlListing::Exists(policy, kind) => {
                    tree.kinds.insert(policy, *kind);
                }
                ControlListing::OfNode(_, kind) | ControlListing::OfKind(kind) => {
                    tree.touched.insert(*kind);
                }
                ControlListing::Switch(id, kind, on) => {
                    let known = tree.switches.entry((id, *kind)).or_insert(*on);
                    *known |= *on;
                    // That they are in force is enough: every level has some.
                    if *on && *kind == PolicyKind::ServiceControl {
                        tree.touched.insert(*kind);
                    }
                }
                ControlListing::OfPolicy(_) => {}
            }
        }
        tree.touched.extend(tree.kinds.values());
        let attached = tree.attached.values().flatten();
        let unnamed: BTreeSet<PolicyKind> = attached.map(|id| tree.kind(id)).collect();
        tree.touched.extend(unnamed);
        for kind in [PolicyKind::ServiceControl, PolicyKind::ResourceControl] {
            let listings = &inventory.control_listings;
            let of = |id: &PolicyId| listings.contains(&ControlListing::OfPolicy(id.clone()));
            let mut all = tree.kinds.iter().filter(|(_, of)| **of == kind);
            if listings.contains(&ControlListing::OfKind(kind)) && all.all(|(id, _)| of(id)) {
                tree.listed.insert(kind);
            }
        }
        tree
    }

    fn chain(&self, account: &'i str) -> Chain<'i> {
        let mut nodes = vec![account];
        let mut whole = false;
        let mut at = account;
        while nodes.len() < MAX_DEPTH {
            let above = self.above.get(at).map(|above| above.iter().copied());
            let mut above = above.into_iter().flatten();
            // Records that disagree place it nowhere.
            let (Some(next), None) = (above.next(), above.next()) else {
                break;
            };
            nodes.push(next);
            at = next;
            if is_root(at) {
                whole = true;
                break;
            }
        }
        nodes.reverse();
        Chain { nodes, whole }
    }

    /// Whether policies of the kind are in force; `None` when that is not said.
    fn switched(
        &self,
        kind: PolicyKind,
        root: Option<&str>,
        organization: Option<&str>,
    ) -> Option<bool> {
        let said = |id: Option<&str>| self.switches.get(&(id?, kind)).copied();
        said(root).max(said(organization))
    }

    fn touched(&self, kind: PolicyKind) -> bool {
        self.touched.contains(&kind)
    }

    /// What kind a policy is. What is attached and nowhere described may well be a service control policy.
    fn kind(&self, policy: &PolicyId) -> PolicyKind {
        match &*policy.0 {
            FULL_ACCESS => PolicyKind::ServiceControl,
            FULL_RESOURCE_ACCESS => PolicyKind::ResourceControl,
            _ => {
                let kind = self.kinds.get(policy).copied();
                kind.unwrap_or(PolicyKind::ServiceControl)
            }
        }
    }

    /// Whether all policies of the kind that are attached to a node are known.
    fn complete(&self, node: &str, kind: PolicyKind) -> bool {
        self.listed.contains(&kind) || {
            let listing = ControlListing::OfNode(node.into(), kind);
            self.inventory.control_listings.contains(&listing)
        }
    }

    /// The policies of the kind that are attached to a node.
    fn at(&self, node: &str, kind: PolicyKind) -> impl Iterator<Item = &'i PolicyId> {
        let attached = self.attached.get(node).into_iter().flatten().copied();
        attached.filter(move |policy| self.kind(policy) == kind)
    }

    fn misplaced(chain: &Chain<'_>, caps: &mut Caps) {
        if !chain.whole {
            let account = chain.nodes.last().copied().unwrap_or_default();
            let what = format!("position of account {account} in its organisation");
            caps.missing.insert(what.into());
            caps.unread = true;
        }
    }

    fn service_control(
        &self,
        chain: &Chain<'i>,
        policies: &[Compiled],
        positions: &HashMap<Str, usize>,
        caps: &mut Caps,
    ) {
        let kind = PolicyKind::ServiceControl;
        Self::misplaced(chain, caps);
        let mut denials = BTreeSet::new();
        for node in &chain.nodes {
            let mut level = Level {
                policies: Vec::new(),
                unread: !self.complete(node, kind),
            };
            if level.unread {
                let what = format!("service control policies attached to {node}");
                caps.missing.insert(what.into());
            }
            let mut full = false;
            for id in self.at(node, kind) {
                if &*id.0 == FULL_ACCESS {
                    full = true;
                } else if let Some(&position) = positions.get(&id.0)
                    && let Some(policy) = policies.get(position)
                {
                    full |= allows_all(policy);
                    level.policies.push(position);
                    if policy.denies {
                        denials.insert(position);
                    }
                } else {
                    let what = format!("service control policy {id} (attached to {node})");
                    caps.missing.insert(what.into());
                    level.unread = true;
                }
            }
            caps.unread |= level.unread;
            if !full && !caps.levels.contains(&level) {
                caps.levels.push(level);
            }
        }
        caps.denials = denials.into_iter().collect();
    }

    fn resource_control(
        &self,
        chain: &Chain<'i>,
        policies: &[Compiled],
        positions: &HashMap<Str, usize>,
        caps: &mut Caps,
    ) {
        let kind = PolicyKind::ResourceControl;
        Self::misplaced(chain, caps);
        let mut denials = BTreeSet::new();
        for node in &chain.nodes {
            if !self.complete(node, kind) {
                let what = format!("resource control policies attached to {node}");
                caps.missing.insert(what.into());
                caps.unread = true;
            }
            for id in self
                .at(node, kind)
                .filter(|id| &*id.0 != FULL_RESOURCE_ACCESS)
            {
                if let Some(&position) = positions.get(&id.0)
                    && let Some(policy) = policies.get(position)
                {
                    if policy.denies {
                        denials.insert(position);
                    }
                } else {
                    let what = format!("resource control policy {id} (attached to {node})");
                    caps.missing.insert(what.into());
                    caps.unread = true;
                }
            }
        }
        caps.denials = denials.into_iter().collect();
    }
}

/// Whether some statement allows every action on everything, whatever else is the case.
fn allows_all(policy: &Compiled) -> bool {
    policy.statements.iter().any(|statement| {
        let every = |list: &[Str]| list.iter().any(|pattern| matches!(&**pattern, "*" | "*:*"));
        statement.allow
            && statement.condition.is_none()
            && !statement.actions.negated
            && every(&statement.actions.list)
            && !statement.resources.negated
            && statement.resources.list.iter().any(|p| is_everything(p))
    })
}

/// What was not read of the control policies that accounts of which principals were read are under, as
/// sentences for the coverage.
pub(super) fn unread(inventory: &Inventory, accounts: &BTreeSet<&str>) -> Vec<String> {
    let tree = Tree::new(inventory);
    let unread = |kind: PolicyKind| -> Vec<&str> {
        let accounts = accounts.iter().copied();
        accounts
            .filter(|account| {
                let Some(organization) = tree.accounts.get(account) else {
                    return true;
                };
                let root = tree.chain(account).nodes.first().copied();
                !tree.touched(kind)
                    && !tree.management.contains(account)
                    && tree.switched(kind, root, *organization) != Some(false)
            })
            .collect()
    };
    let service = unread(PolicyKind::ServiceControl);
    let resource = unread(PolicyKind::ResourceControl);
    let notes = match service == resource {
        true => vec![("service and resource control policies", service)],
        false => vec![
            ("service control policies", service),
            ("resource control policies", resource),
        ],
    };
    let notes = notes.into_iter().filter_map(|(name, of)| {
        let first = of.first()?;
        let others = match of.len() {
            1 => String::new(),
            n => format!(" and {} others", n - 1),
        };
        Some(format!(
            "{name} of account {first}{others} were not read; what they take away is not taken off"
        ))
    });
    notes.collect()
}
