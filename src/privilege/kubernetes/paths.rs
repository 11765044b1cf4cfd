//! Who can become whom: running pods as a stronger account, or getting its token, makes as strong.

use super::holdings::Draft;
use super::judge::Compiled;
use crate::model::Set;
use crate::model::{
    Capability, Credential, CredentialStatus, Hop, Identity, IdentityKind, Inventory, Platform,
    Proof, Reach, Str, Tier, Workload,
};
use crate::platform::kubernetes::names;
use crate::platform::kubernetes::primitives::Becomes;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// Longest chain that is written out; further steps are found in the proof of the account it ends at.
const MAX_HOPS: usize = 32;

/// Whom a permission lets its holder become.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// Certain accounts of a namespace, or of the whole cluster.
    Place(Str, Option<Str>, Becomes),
    /// One identity.
    Identity(Str),
}

/// A permission to become somebody.
pub(super) struct Edge {
    /// What permits it.
    pub(super) by: &'static Compiled,
    pub(super) target: Target,
    pub(super) proof: Proof,
}

/// What runs, and which tokens lie about.
pub(super) struct Surroundings<'a> {
    /// A workload of each account that runs one.
    running: BTreeMap<&'a str, &'a Workload>,
    /// Accounts by the credential id of their token Secrets.
    tokens: BTreeMap<&'a str, Vec<&'a str>>,
    /// A token Secret of each account that has one.
    with_token: BTreeMap<&'a str, &'a Credential>,
    named: BTreeMap<(&'a str, &'a str), Vec<&'a str>>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut it = Self {
            running: BTreeMap::new(),
            tokens: BTreeMap::new(),
            with_token: BTreeMap::new(),
            named: BTreeMap::new(),
        };
        for workload in &inventory.workloads {
            it.running.entry(&workload.runs_as.0).or_insert(workload);
        }
        for credential in inventory.credentials.values() {
            if &*credential.kind != "kubernetes-service-account-token"
                || credential.status == CredentialStatus::Inactive
            {
                continue;
            }
            for link in &credential.links {
                let slot = it.tokens.entry(&credential.id.0).or_default();
                slot.push(&link.identity.0);
                it.with_token.entry(&link.identity.0).or_insert(credential);
            }
        }
        for identity in inventory.identities.values() {
            if identity.platform == Platform::Kubernetes
                && identity.kind == IdentityKind::KubernetesServiceAccount
            {
                let cluster = identity.account.as_deref().unwrap_or(names::CLUSTER);
                let slot = it.named.entry((cluster, &identity.name)).or_default();
                slot.push(&identity.id.0);
            }
        }
        it
    }

    /// Every ServiceAccount of this name, in whatever namespace.
    pub(super) fn accounts_named<'s>(&'s self, cluster: &'s str, name: &'s str) -> &'s [&'s str] {
        self.named.get(&(cluster, name)).map_or(&[], |it| it)
    }

    /// The accounts whose token a Secret holds.
    pub(super) fn accounts_of<'s>(&'s self, secret: &'s str) -> &'s [&'s str] {
        self.tokens.get(secret).map_or(&[], |it| it)
    }

    /// Every target that the identity is part of, with the step that leads to it, if that is worth a word.
    pub(super) fn targets(&self, identity: &Identity, cluster: &str) -> Vec<(Target, Option<Hop>)> {
        let id = &identity.id.0;
        let mut targets = vec![(Target::Identity(Str::clone(id)), None)];
        let place = |namespace: Option<&str>, becomes| {
            Target::Place(cluster.into(), namespace.map(Into::into), becomes)
        };
        match identity.kind {
            IdentityKind::KubernetesServiceAccount => {
                let namespace = identity.namespace.as_deref();
                targets.push((place(namespace, Becomes::Accounts), None));
                let running = self.running.get(&**id).map(|workload| Hop {
                    what: format!("{} {} runs", workload.kind, workload.name).into(),
                    evidence: Some(workload.evidence.clone()),
                });
                let token = self.with_token.get(&**id).map(|credential| Hop {
                    what: format!(
                        "token Secret {}",
                        credential.display.as_deref().unwrap_or_default()
                    )
                    .into(),
                    evidence: credential.records.first().cloned(),
                });
                for (hop, becomes) in [(running, Becomes::Running), (token, Becomes::Tokens)] {
                    if hop.is_some() {
                        targets.push((place(namespace, becomes), hop.clone()));
                        targets.push((place(None, becomes), hop));
                    }
                }
            }
            // Whoever can run as any account of the namespace is in its group.
            IdentityKind::KubernetesGroup => {
                if let Some(namespace) = identity.name.strip_prefix("system:serviceaccounts:") {
                    targets.push((place(Some(namespace), Becomes::Accounts), None));
                }
            }
            _ => {}
        }
        targets
    }
}

/// Raises everybody who can become somebody stronger. Strongest first and breadth first, so that each
/// identity is raised at most once a level, by a shortest path.
pub(super) fn follow(drafts: &mut [Draft<'_>], surroundings: &Surroundings<'_>) {
    let mut takers: BTreeMap<Target, Vec<(usize, usize)>> = BTreeMap::new();
    for (i, draft) in drafts.iter().enumerate() {
        for (e, edge) in draft.edges.iter().enumerate() {
            takers.entry(edge.target.clone()).or_default().push((i, e));
        }
    }
    for level in [Level::Cluster, Level::Somewhere, Level::Issue] {
        let mut queue: VecDeque<usize> = (0..drafts.len())
            .filter(|&i| drafts.get(i).is_some_and(|d| Level::of(d) == Some(level)))
            .collect();
        while let Some(strong) = queue.pop_front() {
            let Some(draft) = drafts.get(strong) else {
                continue;
            };
            let gain = Gain::of(draft, level);
            for (target, by) in surroundings.targets(draft.identity, draft.cluster) {
                for (weak, edge) in takers.remove(&target).unwrap_or_default() {
                    let Some(draft) = drafts.get_mut(weak) else {
                        continue;
                    };
                    if Level::of(draft).is_some_and(|own| own >= level) {
                        continue;
                    }
                    if gain.give(draft, edge, by.as_ref()) {
                        queue.push_back(weak);
                    }
                }
            }
        }
    }
}

/// How strong an identity is, as far as becoming it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// It can mint credentials for others.
    Issue,
    /// It is or can make itself admin of some namespace.
    Somewhere,
    /// It is or can make itself admin, and reaches the whole cluster.
    Cluster,
}

impl Level {
    pub(super) fn of(draft: &Draft<'_>) -> Option<Self> {
        let privilege = &draft.privilege;
        match privilege.tier {
            Tier::Admin | Tier::Escalate => {
                let over_all = privilege
                    .reach
                    .iter()
                    .any(|reach| matches!(reach, Reach::Cluster(_)));
                Some(if over_all {
                    Self::Cluster
                } else {
                    Self::Somewhere
                })
            }
            Tier::Issue => Some(Self::Issue),
            _ => None,
        }
    }
}

/// What a person calls an identity of a cluster.
pub(super) fn called(identity: &Identity) -> String {
    match (identity.kind, &identity.namespace) {
        (IdentityKind::KubernetesServiceAccount, Some(namespace)) => {
            format!("ServiceAccount {namespace}/{}", identity.name)
        }
        (IdentityKind::KubernetesUser, _) => format!("user {}", identity.name),
        _ => format!("group {}", identity.name),
    }
}

/// What becoming an identity gives.
struct Gain {
    tier: Tier,
    capability: Capability,
    who: String,
    hops: Vec<Arc<Hop>>,
    reach: Rc<Set<Reach>>,
    everywhere: bool,
}

impl Gain {
    fn of(draft: &Draft<'_>, level: Level) -> Self {
        let identity = draft.identity;
        let (tier, capability) = match level {
            Level::Issue => (Tier::Issue, Capability::IssueCredentials),
            _ => (Tier::Escalate, Capability::Escalate),
        };
        let what = called(identity);
        let who = format!("{what}, whose tier is {}", draft.privilege.tier.as_str());
        let mut hops = vec![Arc::new(Hop {
            what: who.as_str().into(),
            evidence: identity.evidence.first().cloned(),
        })];
        if let Some(proof) = &draft.privilege.proof {
            hops.extend(proof.hops.iter().take(MAX_HOPS).cloned());
        }
        Self {
            tier,
            capability,
            who,
            hops,
            everywhere: level == Level::Cluster,
            // That of the end of the path: adding up all of it would cost the square of its length.
            reach: match &draft.gained {
                Some(gained) => Rc::clone(gained),
                None => Rc::new(draft.privilege.reach.clone()),
            },
        }
    }

    /// Gives it to whoever has this edge; whether that made them stronger.
    fn give(&self, draft: &mut Draft<'_>, edge: usize, by: Option<&Hop>) -> bool {
        let Some(edge) = draft.edges.get(edge) else {
            return false;
        };
        let proof = Proof {
            claim: format!("{}, and so act as {}", edge.proof.claim, self.who).into(),
            hops: edge
                .proof
                .hops
                .iter()
                .cloned()
                .chain(by.cloned().map(Arc::new))
                .chain(self.hops.iter().cloned())
                .collect(),
            certainty: edge.proof.certainty,
            scope: if self.everywhere {
                Some("*".into())
            } else {
                edge.proof.scope.clone()
            },
        };
        draft.offer(self.tier, &proof);
        draft.privilege.add(self.capability, proof);
        draft.privilege.reach.extend(self.reach.iter().cloned());
        draft.gained = Some(Rc::clone(&self.reach));
        true
    }
}
