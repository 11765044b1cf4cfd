//! Who can become an admin, or make another one: the paths of `rules/aws/escalation.yaml`, followed over
//! groups, users, and the roles that can be assumed or passed to a service.
//!
//! *Wide* principals are admins and those who can escalate. Paths to a wide target are found from the
//! target outwards, through an index of who may do what to whom, so the work grows with the paths and not
//! with the square of the principals. Certain paths are followed to their end before conditional ones
//! are looked at, so that a principal gets its firmest proof.

use super::set::{Allowed, Boundary, On, PolicySet};
use super::statement::{Probe, probe};
use super::trust::resolve;
use super::world::{Kind, Node, World};
use crate::model::{Certainty, Trust, TrustPrincipal};
use crate::platform::aws::pattern::literal_prefix;
use crate::platform::aws::tables::{ESCALATIONS, Escalation, Target};
use crate::platform::glob;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

/// How many principals a wildcard pattern is tried on before it counts as matching none.
const MAX_TRIED: usize = 10_000;

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// Why a principal is wide.
#[derive(Clone, Debug)]
pub(super) enum Rise<'i> {
    /// It is the account's root user.
    Root,
    /// Its policies allow everything.
    Admin(Allowed),
    /// It can take a path.
    Way(Way<'i>),
}

/// A path that a principal can take.
#[derive(Clone, Debug)]
pub(super) struct Way<'i> {
    /// What it can do: `assume a wider role`.
    pub title: &'static str,
    /// The path's number.
    pub rule: &'static str,
    /// On whom or what.
    pub subject: String,
    /// The position of that principal, where its own power is what makes the path one.
    pub target: Option<usize>,
    /// What allows it.
    pub allowed: Vec<Allowed>,
    /// The trust that lets it in.
    pub trust: Option<&'i Trust>,
    /// Condition keys it depends on.
    pub keys: BTreeSet<String>,
    pub certainty: Certainty,
}

/// Why each principal is wide, by position; `None` for those that are not.
pub(super) fn climb<'i>(world: &World<'i, '_>) -> Vec<Option<Rise<'i>>> {
    let applicable = world.sets.iter().map(|set| {
        let all = |rule: &&Escalation| {
            let mut probes = rule.actions.iter().filter_map(|a| probe(a));
            // What is denied or capped on anything at all need not be asked of each principal.
            probes.all(|p| set.mentions(p) && set.allowed(p, On::Any, &[]).is_some())
        };
        ESCALATIONS.iter().filter(all).collect()
    });
    let mut climb = Climb {
        world,
        wide: vec![None; world.nodes.len()],
        remaining: world.members.iter().map(Vec::len).collect(),
        applicable: applicable.collect(),
        limit: Certainty::Certain,
    };
    let admins: Vec<_> = world.sets.iter().map(|set| set.admin()).collect();
    for limit in [
        Certainty::Certain,
        Certainty::Conditional,
        Certainty::Unresolved,
    ] {
        climb.limit = limit;
        for (position, node) in world.nodes.iter().enumerate() {
            if node.kind == Kind::Root {
                climb.rise(position, Rise::Root);
            } else if let Some(Some(admin)) = admins.get(node.set)
                && admin.certainty <= limit
            {
                climb.rise(position, Rise::Admin(admin.clone()));
            }
        }
        for position in 0..world.nodes.len() {
            climb.alone(position);
        }
        climb.follow();
    }
    climb.wide
}

/// Those that can assume a role, with the way, no less firm than `limit`, among those that pass `wanted`.
/// `open` says of a set whether any member may pass.
pub(super) fn assumers<'i>(
    world: &World<'i, '_>,
    role: usize,
    limit: Certainty,
    open: &dyn Fn(usize) -> bool,
    wanted: &dyn Fn(usize) -> bool,
) -> Vec<(usize, Way<'i>)> {
    let (Some(node), Some(assume)) = (world.nodes.get(role), probe("sts:AssumeRole")) else {
        return Vec::new();
    };
    let mut candidates = BTreeSet::new();
    for entry in &node.gate.named {
        if let TrustPrincipal::Principal(id) = &entry.trust.principal {
            candidates.extend(resolve(world, id));
        }
    }
    let delegates = node.gate.delegates();
    if delegates.as_ref().is_none_or(|d| !d.is_empty()) {
        for set in world.sets_for(assume, &node.id.0, open) {
            let members = world.members.get(set).into_iter().flatten().copied();
            candidates.extend(members.filter(|&m| wanted(m)).filter(|&m| {
                let account = world.nodes.get(m).map_or("", |n| &*n.account);
                delegates.as_ref().is_none_or(|d| d.contains(account))
            }));
        }
    }
    candidates
        .into_iter()
        .filter(|&p| p != role && wanted(p))
        .filter_map(|p| Some((p, edge(world, p, role, assume)?)))
        .filter(|(_, way)| way.certainty <= limit)
        .collect()
}

fn edge<'i>(world: &World<'i, '_>, from: usize, role: usize, assume: Probe) -> Option<Way<'i>> {
    let (actor, target) = (world.nodes.get(from)?, world.nodes.get(role)?);
    let admitted = target.gate.admits(world, from)?;
    let set = world.sets.get(actor.set)?;
    let on = On::Arn(&target.id.0);
    let own = set.allowed(assume, on, &[]);
    let mut way = Way {
        title: "assume",
        rule: "sts-001",
        subject: target.id.to_string(),
        target: Some(role),
        allowed: Vec::new(),
        trust: Some(admitted.trust),
        keys: admitted.keys,
        certainty: admitted.certainty,
    };
    let named = admitted.direct && actor.account == target.account;
    match own {
        Some(own) if !named || own.certainty <= Certainty::Certain => way.take(own),
        // A trust that names the principal is enough inside one account, unless a denial says otherwise
        // or a role's boundary does not let it through.
        _ if named => {
            let keys = set.barred(assume, on, actor.kind == Kind::Role)?;
            if !keys.is_empty() {
                way.certainty = way.certainty.max(Certainty::Conditional);
                way.keys.extend(keys);
            }
        }
        _ => return None,
    }
    Some(way)
}

impl Way<'_> {
    fn take(&mut self, allowed: Allowed) {
        self.certainty = self.certainty.max(allowed.certainty);
        self.keys.extend(allowed.keys.iter().cloned());
        self.allowed.push(allowed);
    }
}

struct Climb<'x, 'i, 'w> {
    world: &'x World<'i, 'w>,
    wide: Vec<Option<Rise<'i>>>,
    /// How many members of each set are not wide yet.
    remaining: Vec<usize>,
    /// The paths all of whose actions a set may allow on something.
    applicable: Vec<Vec<&'static Escalation>>,
    /// How firm a path must be in this round.
    limit: Certainty,
}

impl<'i> Climb<'_, 'i, '_> {
    fn is_wide(&self, position: usize) -> bool {
        self.wide.get(position).is_some_and(Option::is_some)
    }

    fn rise(&mut self, position: usize, rise: Rise<'i>) -> bool {
        let Some(slot @ None) = self.wide.get_mut(position) else {
            return false;
        };
        *slot = Some(rise);
        let set = self.world.nodes.get(position).map_or(0, |node| node.set);
        if let Some(left) = self.remaining.get_mut(set) {
            *left = left.saturating_sub(1);
        }
        true
    }

    /// Paths that need no wide target.
    fn alone(&mut self, position: usize) {
        let Some(node) = self.world.nodes.get(position) else {
            return;
        };
        if self.is_wide(position) {
            return;
        }
        let rules = self.applicable.get(node.set).cloned().unwrap_or_default();
        for rule in rules {
            for &target in &rule.targets {
                if let Some(way) = self.path(position, node, rule, target)
                    && way.certainty <= self.limit
                {
                    self.rise(position, Rise::Way(way));
                    return;
                }
            }
        }
    }

    fn path(
        &self,
        position: usize,
        node: &Node<'i>,
        rule: &'static Escalation,
        target: Target,
    ) -> Option<Way<'i>> {
        let own = &*node.id.0;
        let user = node.kind == Kind::User;
        let role = node.kind == Kind::Role;
        match target {
            Target::SelfUser if user && node.uncapped => self.all_on(node, rule, own),
            Target::SelfRole if role && node.uncapped => self.all_on(node, rule, own),
            Target::OwnGroup if node.uncapped => {
                let nodes = node.groups.iter().filter_map(|&g| self.world.nodes.get(g));
                let mut ways = nodes.filter_map(|g| self.all_on(node, rule, &g.id.0));
                ways.next()
            }
            Target::HeldPolicy if node.uncapped && node.kind != Kind::Group => {
                let held = node.holdings.iter();
                let held = held.filter_map(|(p, _)| self.world.policies.get(*p));
                let mut ways = held
                    .filter(|p| p.customer)
                    .filter_map(|p| self.all_on(node, rule, &p.id));
                ways.next()
            }
            Target::AttachedPolicy => {
                let first = rule.actions.first().and_then(|a| probe(a))?;
                self.found(
                    node,
                    first,
                    &self.world.attached,
                    |arn, holders: &Vec<usize>| {
                        let other = |&h: &usize| {
                            h != position && self.world.nodes.get(h).is_some_and(|n| n.uncapped)
                        };
                        if !holders.iter().any(other) {
                            return None;
                        }
                        let mut way = self.start(rule, arn);
                        for (index, action) in rule.actions.iter().enumerate() {
                            let on = if index == 0 { On::Arn(arn) } else { On::Any };
                            way.take(self.ask(node, action, on)?);
                        }
                        Some(way)
                    },
                )
            }
            Target::OtherUser | Target::SameUser => {
                self.other(position, node, rule, Kind::User, false)
            }
            Target::OtherRole | Target::AnyRole => {
                self.other(position, node, rule, Kind::Role, false)
            }
            Target::OtherGroup => self.other(position, node, rule, Kind::Group, false),
            Target::AssumableRole => self.other(position, node, rule, Kind::Role, true),
            Target::OwnBoundary if user || role => self.boundary(node, rule),
            Target::NewRole => self.made(node, rule, "role"),
            Target::NewUser => self.made(node, rule, "user"),
            _ => None,
        }
    }

    /// A principal that does not exist yet: all actions must hold on one and the same name.
    fn made(&self, node: &Node<'i>, rule: &'static Escalation, kind: &str) -> Option<Way<'i>> {
        let set = self.world.sets.get(node.set)?;
        let probes = rule.actions.iter().filter_map(|a| probe(a));
        let patterns: BTreeSet<String> = probes.flat_map(|p| set.patterns(p)).collect();
        let mut ways = patterns.iter().filter_map(|pattern| {
            let arn = sample(pattern, &node.account, kind)?;
            let mut way = self.all_on(node, rule, &arn)?;
            way.subject.clone_from(pattern);
            Some(way)
        });
        ways.find(|way| way.certainty <= self.limit)
    }

    fn start(&self, rule: &'static Escalation, subject: &str) -> Way<'i> {
        Way {
            title: &rule.title,
            rule: &rule.id,
            subject: subject.to_owned(),
            target: None,
            allowed: Vec::new(),
            trust: None,
            keys: BTreeSet::new(),
            certainty: Certainty::Certain,
        }
    }

    fn ask(&self, node: &Node<'i>, action: &str, on: On<'_>) -> Option<Allowed> {
        let set = self.world.sets.get(node.set)?;
        // To become an admin, AdministratorAccess has to be among the policies that may be attached.
        let mut context = vec![("iam:policyarn", ADMINISTRATOR)];
        // The boundary that the target has, or is made with; what a new boundary is to be, the caller says.
        if let On::Arn(arn) = on
            && !action.ends_with("PermissionsBoundary")
        {
            let target = self.world.by_arn.get(arn);
            let target = target.and_then(|&position| self.world.nodes.get(position));
            let boundary = target.and_then(|node| node.boundary).unwrap_or_default();
            context.push(("iam:permissionsboundary", boundary));
        }
        set.allowed(probe(action)?, on, &context)
    }

    fn all_on(&self, node: &Node<'i>, rule: &'static Escalation, arn: &str) -> Option<Way<'i>> {
        let mut way = self.start(rule, arn);
        for action in &rule.actions {
            way.take(self.ask(node, action, On::Arn(arn))?);
        }
        Some(way)
    }

    /// Another principal of the same account on which all actions hold, and which nothing caps.
    fn other(
        &self,
        position: usize,
        node: &Node<'i>,
        rule: &'static Escalation,
        kind: Kind,
        assumable: bool,
    ) -> Option<Way<'i>> {
        let first = rule.actions.first().and_then(|a| probe(a))?;
        self.found(node, first, &self.world.by_arn, |arn, &target| {
            let other = self.world.nodes.get(target)?;
            let managed = other.identity.is_some_and(|i| i.provider_managed.is_some());
            if target == position
                || other.kind != kind
                || other.account != node.account
                || !other.uncapped
                || managed
            {
                return None;
            }
            let mut way = self.all_on(node, rule, arn)?;
            if assumable {
                let admitted = other.gate.admits(self.world, position)?;
                way.trust = Some(admitted.trust);
                way.certainty = way.certainty.max(admitted.certainty);
                way.keys.extend(admitted.keys);
            }
            Some(way)
        })
    }

    /// The first entry of an ordered index that some pattern of the action matches and that passes.
    fn found<V>(
        &self,
        node: &Node<'i>,
        action: Probe,
        index: &BTreeMap<&str, V>,
        test: impl Fn(&str, &V) -> Option<Way<'i>>,
    ) -> Option<Way<'i>> {
        for pattern in self.world.sets.get(node.set)?.patterns(action) {
            let prefix = literal_prefix(&pattern);
            let from = (Bound::Included(prefix), Bound::Unbounded);
            let near = index.range::<str, _>(from);
            let found = near
                .take_while(|(arn, _)| arn.starts_with(prefix))
                .take(MAX_TRIED)
                .filter(|(arn, _)| glob::matches(&pattern, arn))
                .filter_map(|(arn, value)| test(arn, value))
                .find(|way| way.certainty <= self.limit);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Dropping the own boundary helps if the policies under it allow everything, or allow to write more.
    fn boundary(&self, node: &Node<'i>, rule: &'static Escalation) -> Option<Way<'i>> {
        let set = self.world.sets.get(node.set)?;
        let own = &*node.id.0;
        let kind = if node.kind == Kind::User {
            "User"
        } else {
            "Role"
        };
        let mine = rule.actions.iter().all(|a| a.contains(kind));
        if set.boundary == Boundary::None || node.uncapped || !mine {
            return None;
        }
        let way = self.all_on(node, rule, own)?;
        let free = PolicySet {
            boundary: Boundary::None,
            ..set.clone()
        };
        let writes = ["Attach", "Put"].iter().any(|verb| {
            probe(&format!("iam:{verb}{kind}Policy"))
                .is_some_and(|p| free.allowed(p, On::Arn(own), &[]).is_some())
        });
        (writes || free.admin().is_some()).then_some(way)
    }

    /// Follows paths from wide targets to those that can take them, until nobody new is found.
    fn follow(&mut self) {
        let mut queue: VecDeque<usize> =
            (0..self.wide.len()).filter(|&p| self.is_wide(p)).collect();
        while let Some(target) = queue.pop_front() {
            for (position, way) in self.towards(target) {
                if self.rise(position, Rise::Way(way)) {
                    queue.push_back(position);
                }
            }
        }
    }

    /// The paths that others can take to a wide target, in the order of the table.
    fn towards(&self, target: usize) -> Vec<(usize, Way<'i>)> {
        let Some(node) = self.world.nodes.get(target) else {
            return Vec::new();
        };
        let managed = node.identity.is_some_and(|i| i.provider_managed.is_some());
        let mut ways = Vec::new();
        for rule in ESCALATIONS.iter() {
            for &kind in &rule.targets {
                let fits = match kind {
                    Target::WideUser => node.kind == Kind::User && signs_in(node, rule),
                    Target::WideGroup => node.kind == Kind::Group,
                    Target::WideRole => node.kind == Kind::Role,
                    Target::PassedRole => node.kind == Kind::Role && !managed,
                    _ => false,
                };
                if !fits {
                    continue;
                }
                if rule.id == "sts-001" {
                    let fresh = |p: usize| !self.is_wide(p);
                    let open = |set: usize| self.remaining.get(set) != Some(&0);
                    let found = assumers(self.world, target, self.limit, &open, &fresh);
                    ways.extend(found.into_iter().map(|(p, mut way)| {
                        way.title = &rule.title;
                        (p, way)
                    }));
                } else if !managed {
                    self.onto(target, node, rule, kind, &mut ways);
                }
            }
        }
        ways
    }

    fn onto(
        &self,
        target: usize,
        node: &Node<'i>,
        rule: &'static Escalation,
        kind: Target,
        ways: &mut Vec<(usize, Way<'i>)>,
    ) {
        let Some(first) = rule.actions.first().and_then(|a| probe(a)) else {
            return;
        };
        // A role that is passed is passed to one of the services that it trusts; which one, conditions
        // may care.
        let passed = kind == Target::PassedRole;
        let services = rule.services.iter();
        let services = services.filter(|s| node.gate.services.contains_key(s.as_str()));
        let services: Vec<Option<&'static String>> = if passed {
            services.map(Some).collect()
        } else {
            vec![None]
        };
        let able = |set: usize| {
            let rules = self.applicable.get(set).into_iter().flatten();
            self.remaining.get(set) != Some(&0) && rules.into_iter().any(|r| std::ptr::eq(*r, rule))
        };
        for set in self.world.sets_for(first, &node.id.0, &able) {
            let ways_in = services.iter();
            let ways_in = ways_in.filter_map(|&s| self.shared(set, target, node, rule, s));
            let Some(way) = ways_in.min_by_key(|way| way.certainty) else {
                continue;
            };
            if way.certainty > self.limit {
                continue;
            }
            let members = self.world.members.get(set).into_iter().flatten();
            for &member in members {
                let same = self.world.nodes.get(member).map(|n| &n.account) == Some(&node.account);
                if same && member != target && !self.is_wide(member) {
                    ways.push((member, way.clone()));
                }
            }
        }
    }

    /// The path of all members of a set onto a target.
    fn shared(
        &self,
        set: usize,
        target: usize,
        node: &Node<'i>,
        rule: &'static Escalation,
        service: Option<&'static String>,
    ) -> Option<Way<'i>> {
        let set = self.world.sets.get(set)?;
        let mut way = self.start(rule, &node.id.0);
        way.target = Some(target);
        let passed = service.map(|service| [("iam:passedtoservice", service.as_str())]);
        for (index, action) in rule.actions.iter().enumerate() {
            // The first action speaks of the target; of a passed role, the others speak of other things.
            let on = if index > 0 && service.is_some() {
                On::Any
            } else {
                On::Arn(&node.id.0)
            };
            let context = passed.as_ref().map_or(&[][..], |passed| &passed[..]);
            way.take(set.allowed(probe(action)?, on, context)?);
        }
        Some(way)
    }
}

/// The ARN of a user or role of the account that a pattern matches, with any name; `None` when it matches
/// none.
fn sample(pattern: &str, account: &str, kind: &str) -> Option<String> {
    let plain = format!("arn:aws:iam::{account}:{kind}/new-{kind}");
    if glob::matches(pattern, &plain) {
        return Some(plain);
    }
    let named = pattern.split_once(&format!(":{kind}/"))?.1;
    let name = named.replace(['*', '?'], "x");
    let arn = format!("arn:aws:iam::{account}:{kind}/{name}");
    (!name.is_empty() && glob::matches(pattern, &arn)).then_some(arn)
}

/// Whether the path fits what is known of the user's password.
fn signs_in(node: &Node<'_>, rule: &Escalation) -> bool {
    let password = node.identity.and_then(|identity| identity.console_access);
    let has = |action: &str| rule.actions.iter().any(|a| a == action);
    match password {
        Some(true) => !has("iam:CreateLoginProfile"),
        Some(false) => !has("iam:UpdateLoginProfile"),
        None => true,
    }
}
