//! What an identity holds: the sum of its bindings and its groups' bindings, scope by scope.

use super::held::{Held, Match, Table, matches, proof};
use super::judge::{Compiled, Judge, Need, PRIMITIVES, Span};
use super::list::Way;
use super::paths::{Edge, Surroundings, Target};
use super::roles::{RoleIndex, Roles, title};
use crate::model::{
    Capability, Certainty, Entitlement, EntitlementRole, Evidence, Hop, Identity, IdentityKind,
    Privilege, Proof, Reach, Scope, Str, Tier,
};
use crate::platform::kubernetes::names;
use crate::platform::kubernetes::primitives::Named;
use crate::platform::kubernetes::system::SYSTEM_NAMESPACE;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// How many unread roles of one group are named to each of its members.
const MAX_UNRESOLVED: usize = 20;

/// Grants by principal.
type Grants<'a> = BTreeMap<&'a str, Vec<&'a Entitlement>>;

/// An identity's privilege in the making.
pub(super) struct Draft<'a> {
    pub(super) identity: &'a Identity,
    pub(super) cluster: &'a str,
    pub(super) privilege: Privilege,
    /// Whom it can become.
    pub(super) edges: Vec<Edge>,
    /// The ways in which it makes itself stronger by its own rights.
    pub(super) ways: Vec<Way>,
    /// The groups that something which was read puts it in, with where it does.
    pub(super) member_of: Vec<(&'a str, &'a Evidence)>,
    /// What the strongest one it can become reaches, once it is known.
    pub(super) gained: Option<Rc<crate::model::Set<Reach>>>,
}

impl Draft<'_> {
    /// Takes into account that it is strong on another platform, for those who can become it.
    pub(super) fn is_elsewhere(&mut self, there: &Privilege) {
        if let Some(proof) = &there.proof {
            self.offer(there.tier.min(Tier::Escalate), proof);
            self.privilege.reach.extend(there.reach.iter().cloned());
        }
    }

    /// Notes that a row of the table is met, with the better of two proofs.
    fn has_power(&mut self, id: &str, proof: &Proof) {
        let key = |p: &Proof| (p.certainty, p.breadth(), p.hops.len());
        let old = self.privilege.powers.get(id);
        if old.is_none_or(|old| key(proof) < key(old)) {
            let proof = proof.clone().into();
            self.privilege.powers.insert(id.into(), proof);
        }
    }

    /// The privilege, once all paths have been followed.
    pub(super) fn finish(mut self) -> Privilege {
        self.place_memberships();
        if !self.privilege.unresolved.is_empty() && self.privilege.tier < Tier::Admin {
            self.privilege.certainty = Certainty::Unresolved;
            if self.privilege.tier == Tier::None {
                self.privilege.tier = Tier::Unknown;
            }
        }
        self.privilege
    }

    /// Says in each proof where it was put into the group by which it holds what it holds: what a group gives is
    /// worked out once for all of its members.
    fn place_memberships(&mut self) {
        for &(group, at) in &self.member_of {
            let what = by_group(group);
            let privilege = &mut self.privilege;
            let proofs = privilege.capabilities.values_mut();
            let proofs = proofs.chain(privilege.powers.values_mut());
            let proofs = proofs.chain(&mut privilege.proof);
            for proof in proofs.chain(&mut privilege.wildcard) {
                let first = |proof: &Proof| {
                    let hop = proof.hops.first();
                    hop.is_some_and(|hop| hop.evidence.is_none() && *hop.what == *what)
                };
                if first(proof) {
                    let proof = Arc::make_mut(proof);
                    if let Some(hop) = proof.hops.first_mut() {
                        Arc::make_mut(hop).evidence = Some(at.clone());
                    }
                }
            }
            for path in &mut privilege.paths {
                let first = path.hops.first();
                if first.is_some_and(|hop| hop.evidence.is_none() && *hop.what == *what)
                    && let Some(hop) = Arc::make_mut(path).hops.first_mut()
                {
                    hop.evidence = Some(at.clone());
                }
            }
        }
    }

    /// Raises the tier, or keeps the better of two proofs of the same one.
    pub(super) fn offer(&mut self, tier: Tier, proof: &Proof) {
        let key = |p: &Proof| (p.certainty, p.breadth(), p.hops.len());
        let better = match &self.privilege.proof {
            Some(old) if self.privilege.tier == tier => key(proof) < key(old),
            _ => self.privilege.tier < tier,
        };
        if better {
            self.privilege.tier = tier;
            self.privilege.proof = Some(proof.clone().into());
        }
    }
}

/// Adds holdings up.
pub(super) struct Assessor<'a, 'r> {
    roles: &'r Roles<'a>,
    judge: Judge<'a, 'r>,
    surroundings: &'r Surroundings<'a>,
    /// What binding one role alone would give, by role and scope.
    powers: BTreeMap<(RoleIndex, Option<&'a str>), Privilege>,
    /// What each group gives its members, by its id: everybody is in some group with many bindings.
    groups: BTreeMap<String, Rc<Given<'a>>>,
}

/// What one principal is granted.
#[derive(Default)]
struct Given<'a> {
    held: Vec<Held<'a>>,
    /// Roles that are bound but were not read.
    unresolved: BTreeSet<Str>,
}

impl<'a, 'r> Assessor<'a, 'r> {
    pub(super) fn new(roles: &'r Roles<'a>, surroundings: &'r Surroundings<'a>) -> Self {
        Self {
            roles,
            judge: Judge::new(roles),
            surroundings,
            powers: BTreeMap::new(),
            groups: BTreeMap::new(),
        }
    }

    /// What the identity holds; unknown when no Kubernetes source was read.
    pub(super) fn draft(
        &mut self,
        identity: &'a Identity,
        cluster: &'a str,
        grants: &Grants<'a>,
        member_of: &[(&'a str, &'a Evidence)],
        read: bool,
    ) -> Draft<'a> {
        let mut draft = Draft {
            identity,
            cluster,
            privilege: Privilege::default(),
            edges: Vec::new(),
            ways: Vec::new(),
            member_of: Vec::new(),
            gained: None,
        };
        if !read && member_of.is_empty() && !grants.contains_key(&*identity.id.0) {
            return draft;
        }
        draft.privilege.tier = Tier::None;
        // What it is given itself is given in its own cluster, whatever that is called elsewhere.
        let own_cluster = identity.account.as_deref().unwrap_or(cluster);
        let mut own = self.collect(&identity.id.0, None, own_cluster, grants);
        if !read {
            let unread = format!("roles and bindings of cluster {cluster}");
            own.unresolved.insert(unread.into());
        }
        let by_name = names::user(cluster, &identity.name);
        if identity.kind == IdentityKind::KubernetesUser && *by_name != *identity.id.0 {
            let more = self.collect(&by_name, None, cluster, grants);
            own.held.extend(more.held);
            own.unresolved.extend(more.unresolved);
        }
        let is_master = identity.kind == IdentityKind::KubernetesGroup
            && &*identity.name == names::MASTERS
            || member_of.iter().any(|(group, _)| *group == names::MASTERS);
        if is_master && let Some(role) = self.roles.masters() {
            let hop = Hop {
                what: "group system:masters: the API server refuses it nothing".into(),
                evidence: None,
            };
            let member = (identity.kind != IdentityKind::KubernetesGroup).then(|| Hop {
                what: by_group(names::MASTERS).into(),
                evidence: None,
            });
            let hops = member.into_iter().chain([hop]).collect();
            let held = self.hold(hops, role, None);
            own.held.splice(..0, held);
        }
        let mut given = vec![Rc::new(own)];
        let mut groups: BTreeSet<String> = groups(identity).into_iter().collect();
        groups.extend(member_of.iter().map(|(group, _)| (*group).to_owned()));
        draft.member_of = member_of.to_vec();
        for group in groups {
            given.push(self.of_group(&group, cluster, grants));
        }
        for it in &given {
            let unresolved = it.unresolved.iter().cloned();
            draft.privilege.unresolved.extend(unresolved);
        }
        let held: Vec<&Held<'a>> = given.iter().flat_map(|it| &it.held).collect();
        self.evaluate(&held, &mut draft, true);
        draft
    }

    /// What a group gives to each of its members, without what could not matter to any.
    fn of_group(&mut self, group: &str, cluster: &'a str, grants: &Grants<'a>) -> Rc<Given<'a>> {
        let id = names::group(cluster, group);
        if let Some(known) = self.groups.get(&id) {
            return Rc::clone(known);
        }
        let mut given = self.collect(&id, Some(group), cluster, grants);
        // Of several that meet a need in one place, the first without limit to names is the one that counts.
        let mut met = BTreeSet::new();
        given.held.retain(|it| {
            let mut counts = false;
            for hit in it.hits.iter() {
                let key = (it.namespace, hit.need);
                counts |= match hit.names {
                    None => met.insert(key),
                    Some(_) => !met.contains(&key),
                };
            }
            counts
        });
        let more = given.unresolved.len().saturating_sub(MAX_UNRESOLVED);
        if more > 0 {
            given.unresolved = given.unresolved.into_iter().take(MAX_UNRESOLVED).collect();
            let more = format!("{more} more roles bound to group {group}");
            given.unresolved.insert(more.into());
        }
        let given = Rc::new(given);
        self.groups.insert(id, Rc::clone(&given));
        given
    }

    /// What one principal is granted.
    fn collect(
        &mut self,
        principal: &str,
        group: Option<&str>,
        cluster: &str,
        grants: &Grants<'a>,
    ) -> Given<'a> {
        let mut given = Given::default();
        for &grant in grants.get(principal).into_iter().flatten() {
            let namespace = match &grant.scope {
                Scope::Cluster(own) if **own == *cluster => None,
                Scope::Namespace(own, namespace) if **own == *cluster => Some(&**namespace),
                _ => continue,
            };
            if grant.role != EntitlementRole::Grant {
                continue;
            }
            let id = &*grant.policy.0;
            let Some(role) = self.roles.find(id) else {
                given.unresolved.insert(described(id, cluster));
                continue;
            };
            let binding = Hop {
                what: Str::clone(&grant.via),
                evidence: Some(grant.evidence.clone()),
            };
            let member = group.map(|group| Hop {
                what: by_group(group).into(),
                evidence: None,
            });
            let hops = member.into_iter().chain([binding]).collect();
            match self.hold(hops, role, namespace) {
                Some(it) => given.held.push(it),
                None => {
                    let what = format!("{}: aggregates too many roles", described(id, cluster));
                    given.unresolved.insert(what.into());
                }
            }
        }
        given
    }

    fn hold(
        &mut self,
        hops: Vec<Hop>,
        role: RoleIndex,
        namespace: Option<&'a str>,
    ) -> Option<Held<'a>> {
        let span = if namespace.is_some() {
            Span::Namespace
        } else {
            Span::Cluster
        };
        let hits = self.judge.judge(role, span)?;
        Some(Held {
            hops,
            role,
            namespace,
            hits,
        })
    }

    /// Concludes from roles held. `bind` of named roles is followed one step only (`follow`).
    fn evaluate(&mut self, held: &[&Held<'a>], draft: &mut Draft<'a>, follow: bool) {
        let mut tables: BTreeMap<Option<&'a str>, Table<'_, 'a>> = BTreeMap::new();
        for &it in held {
            for hit in it.hits.iter() {
                let table = tables.entry(it.namespace).or_default();
                let slot = table.entry(hit.need).or_default();
                if hit.names.is_some() || slot.first().is_none_or(|(_, h)| h.names.is_some()) {
                    let at = if hit.names.is_none() { 0 } else { slot.len() };
                    slot.insert(at, (it, hit));
                }
            }
        }
        let none = Table::new();
        let everywhere = tables.get(&None).unwrap_or(&none);
        for (&namespace, table) in &tables {
            let mut counts = self.general(table, namespace, draft);
            for (p, primitive) in PRIMITIVES.iter().enumerate() {
                for matched in matches(p, primitive, table, everywhere) {
                    self.conclude(primitive, &matched, namespace, draft, follow);
                    counts = true;
                }
            }
            if counts {
                let cluster: Str = draft.cluster.into();
                draft.privilege.reach.insert(match namespace {
                    Some(namespace) => Reach::Namespace(cluster, namespace.into()),
                    None => Reach::Cluster(cluster),
                });
            }
        }
    }

    /// Reading, writing, deleting, and wildcards; whether there was any.
    fn general(
        &self,
        table: &Table<'_, 'a>,
        namespace: Option<&str>,
        draft: &mut Draft<'a>,
    ) -> bool {
        let mut any = false;
        for (need, tier, capability) in [
            (Need::Everything, Tier::Admin, Some(Capability::Administer)),
            (Need::Read, Tier::Read, Some(Capability::ReadData)),
            (Need::Write, Tier::Write, Some(Capability::WriteData)),
            (Need::Delete, Tier::Write, Some(Capability::DeleteData)),
            (Need::Look, Tier::Read, None),
            (Need::Custom, Tier::Write, None),
        ] {
            let Some(&first) = table.get(&need).and_then(|met| met.first()) else {
                continue;
            };
            let proof = proof(self.roles, &[first], namespace);
            any = true;
            draft.offer(tier, &proof);
            if let Some(capability) = capability {
                draft.privilege.add(capability, proof);
            }
        }
        if let Some(&first) = table.get(&Need::Wildcard).and_then(|met| met.first()) {
            let proof = proof(self.roles, &[first], namespace);
            let old = draft.privilege.wildcard.as_ref();
            if old.is_none_or(|old| (proof.hops.len(), &proof) < (old.hops.len(), old)) {
                draft.privilege.wildcard = Some(proof.into());
            }
        }
        any
    }

    /// What a primitive amounts to here.
    fn conclude(
        &mut self,
        primitive: &'static Compiled,
        matched: &Match<'_, 'a>,
        namespace: Option<&'a str>,
        draft: &mut Draft<'a>,
        follow: bool,
    ) {
        let proof = proof(self.roles, &matched.met, namespace);
        let limited = matched.names.is_some() && !primitive.explicit;
        let at_large = namespace.is_none_or(|namespace| namespace == SYSTEM_NAMESPACE);
        let tier = match primitive.named {
            _ if !limited && at_large => primitive.at_large.unwrap_or(primitive.tier),
            Some(Named::User | Named::Group) if limited => Tier::Issue,
            Some(Named::Role | Named::ClusterRole | Named::ClusterRoleEverywhere) if limited => {
                Tier::Write
            }
            _ => primitive.tier,
        };
        draft.offer(tier, &proof);
        draft.has_power(primitive.id, &proof);
        if tier == Tier::Escalate {
            draft.privilege.add(Capability::Escalate, proof.clone());
            draft.ways.push(Way {
                by: primitive,
                place: namespace.map(Into::into),
                subject: None,
                proof: proof.clone(),
            });
            if at_large {
                let cluster = Reach::Cluster(draft.cluster.into());
                draft.privilege.reach.insert(cluster);
            }
        }
        for &capability in &primitive.capabilities {
            if capability != Capability::Escalate {
                draft.privilege.add(capability, proof.clone());
            }
        }
        match (primitive.named, matched.names) {
            (Some(named), Some(names)) => {
                for name in names {
                    self.one_name((primitive, named), name, &proof, namespace, draft, follow);
                }
            }
            // Limited to objects that are not the accounts themselves: over the whole cluster that
            // says too little about whose namespace they are in.
            (None, Some(_)) if namespace.is_none() => {}
            _ => {
                if let Some(becomes) = primitive.becomes {
                    draft.edges.push(Edge {
                        by: primitive,
                        target: Target::Place(
                            draft.cluster.into(),
                            namespace.map(Into::into),
                            becomes,
                        ),
                        proof,
                    });
                }
            }
        }
    }

    /// What power over one named object amounts to.
    fn one_name(
        &mut self,
        (primitive, named): (&'static Compiled, Named),
        name: &Str,
        proof: &Proof,
        namespace: Option<&'a str>,
        draft: &mut Draft<'a>,
        follow: bool,
    ) {
        let cluster = draft.cluster;
        let mut edge = |id: &str| {
            draft.edges.push(Edge {
                by: primitive,
                target: Target::Identity(id.into()),
                proof: proof.clone(),
            });
        };
        let role = match (named, namespace) {
            (Named::Account, Some(namespace)) => {
                return edge(&names::account(cluster, namespace, name));
            }
            (Named::Account, None) => {
                let accounts = self.surroundings.accounts_named(cluster, name);
                return accounts.iter().for_each(|id| edge(id));
            }
            (Named::User, _) => {
                return edge(&match names::account_of_user(name) {
                    Some((namespace, name)) => names::account(cluster, namespace, name),
                    None => names::user(cluster, name),
                });
            }
            (Named::Group, _) => {
                edge(&names::group(cluster, name));
                if &**name == names::MASTERS {
                    draft.ways.push(Way {
                        by: primitive,
                        place: None,
                        subject: Some(Str::clone(name)),
                        proof: proof.clone(),
                    });
                    draft.offer(Tier::Escalate, proof);
                    draft.privilege.add(Capability::Escalate, proof.clone());
                }
                return;
            }
            (Named::Secret, Some(namespace)) => {
                let secret = names::secret(cluster, namespace, name);
                let accounts = self.surroundings.accounts_of(&secret);
                return accounts.iter().for_each(|id| edge(id));
            }
            (Named::Secret | Named::Role, None) => return,
            (Named::Role, Some(namespace)) => names::role(cluster, namespace, name),
            (Named::ClusterRole | Named::ClusterRoleEverywhere, _) => {
                names::cluster_role(cluster, name)
            }
        };
        if !follow {
            return;
        }
        let scope = match (named, namespace) {
            (Named::ClusterRole, None) => Some(SYSTEM_NAMESPACE),
            _ => namespace,
        };
        let Some(index) = self.roles.find(&role) else {
            draft.privilege.unresolved.insert(described(&role, cluster));
            return;
        };
        let power = self.power(index, scope, draft);
        let tier = power.tier.min(Tier::Escalate);
        let Some(end) = power.proof.as_ref().filter(|_| tier > Tier::None) else {
            return;
        };
        let proof = Proof {
            claim: format!("{}, and so {}", proof.claim, end.claim).into(),
            hops: proof.hops.iter().chain(&end.hops).cloned().collect(),
            certainty: proof.certainty,
            scope: end.scope.clone(),
        };
        draft.offer(tier, &proof);
        if tier == Tier::Escalate {
            draft.ways.push(Way {
                by: primitive,
                place: scope.map(Into::into),
                subject: Some(Str::clone(name)),
                proof: proof.clone(),
            });
            draft.privilege.add(Capability::Escalate, proof);
        }
        let reach = power.reach.iter().cloned();
        draft.privilege.reach.extend(reach);
    }

    /// What binding this role alone would give.
    fn power(
        &mut self,
        role: RoleIndex,
        namespace: Option<&'a str>,
        like: &Draft<'a>,
    ) -> Privilege {
        if let Some(known) = self.powers.get(&(role, namespace)) {
            return known.clone();
        }
        let mut draft = Draft {
            identity: like.identity,
            cluster: like.cluster,
            privilege: Privilege {
                tier: Tier::None,
                ..Privilege::default()
            },
            edges: Vec::new(),
            ways: Vec::new(),
            member_of: Vec::new(),
            gained: None,
        };
        let held: Vec<_> = self.hold(Vec::new(), role, namespace).into_iter().collect();
        self.evaluate(&held.iter().collect::<Vec<_>>(), &mut draft, false);
        let power = draft.privilege;
        self.powers.insert((role, namespace), power.clone());
        power
    }
}

/// The groups that the API server puts an identity in.
fn groups(identity: &Identity) -> Vec<String> {
    match identity.kind {
        IdentityKind::KubernetesServiceAccount => {
            names::account_groups(identity.namespace.as_deref().unwrap_or_default()).into()
        }
        IdentityKind::KubernetesUser if &*identity.name == "system:anonymous" => {
            vec![names::UNAUTHENTICATED.to_owned()]
        }
        IdentityKind::KubernetesGroup
            if matches!(
                &*identity.name,
                names::UNAUTHENTICATED | names::AUTHENTICATED
            ) =>
        {
            Vec::new()
        }
        IdentityKind::KubernetesGroup if identity.name.starts_with("system:serviceaccounts:") => {
            vec![
                names::ALL_ACCOUNTS.to_owned(),
                names::AUTHENTICATED.to_owned(),
            ]
        }
        _ => vec![names::AUTHENTICATED.to_owned()],
    }
}

/// The step from a member to what a group holds.
fn by_group(group: &str) -> String {
    format!("member of group {group}")
}

/// What a person would call the role that a policy's id means.
fn described(id: &str, cluster: &str) -> Str {
    match id.strip_prefix(&format!("k8s:{cluster}/clusterrole/")) {
        Some(name) => title(id, cluster, true, name),
        None => {
            let name = id.split_once("/role/").map_or(id, |(_, name)| name);
            title(id, cluster, false, name)
        }
    }
}
