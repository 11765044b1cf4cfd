//! Workloads as conditions see them.

use super::columns;
use super::identity::{self, IdentityView};
use crate::check::schema::{
    Basis, Column, HUMANITY, OWNER_STATE, PLATFORM, Subject, SubjectKind, TIER, Type, word,
};
use crate::check::value::Value;
use crate::model::{Confidence, Evidence, Platform, Str, SubjectId, Workload};

/// A workload with the identity it runs as.
pub(in crate::check) struct WorkloadView<'a> {
    pub workload: &'a Workload,
    pub identity: Option<&'a IdentityView<'a>>,
}

/// The kind.
pub(in crate::check) struct OfWorkload;

impl Subject for OfWorkload {
    type View<'a> = WorkloadView<'a>;

    const KIND: SubjectKind = SubjectKind::Workload;

    fn table() -> &'static [Column<Self>] {
        TABLE
    }

    fn id(view: &WorkloadView<'_>) -> SubjectId {
        SubjectId::Workload(view.workload.id.clone())
    }

    fn name(view: &WorkloadView<'_>) -> Str {
        format!("{} {}", view.workload.kind, view.workload.name).into()
    }

    fn evidence<'a>(view: &'a WorkloadView<'a>, basis: Basis) -> Vec<&'a Evidence> {
        match (basis, view.identity) {
            (Basis::Privilege | Basis::Identity | Basis::Declaration, Some(identity)) => {
                identity::OfIdentity::evidence(identity, basis)
            }
            _ => vec![&view.workload.evidence],
        }
    }

    fn confidence(view: &WorkloadView<'_>, basis: Basis) -> Confidence {
        match (basis, view.identity) {
            (Basis::Privilege, Some(identity)) => identity::OfIdentity::confidence(identity, basis),
            _ => Confidence::High,
        }
    }
}

fn stated(view: &WorkloadView<'_>) -> Option<bool> {
    view.workload
        .automount
        .or(view.identity.and_then(|i| i.identity.automount))
}

/// Whether a token is mounted; only Kubernetes mounts any.
fn automount(view: &WorkloadView<'_>) -> Option<bool> {
    let mounts = view.workload.platform() == Platform::Kubernetes;
    mounts.then(|| stated(view).unwrap_or(true))
}

fn of<'a>(view: &WorkloadView<'a>, read: fn(&IdentityView<'a>) -> Value<'a>) -> Value<'a> {
    view.identity.map_or(Value::Unknown, read)
}

/// What follows a word and a colon in one of its traits: `outside:` of `outside:hooks.acme.example`.
fn named<'a>(view: &WorkloadView<'a>, word: &str) -> Value<'a> {
    let mut traits = view.workload.traits.iter();
    let found = traits.find_map(|t| t.strip_prefix(word)?.strip_prefix(':'));
    Value::text(found)
}

/// How it can become its node, in words; unknown where nothing says that it can.
fn takeover<'a>(view: &WorkloadView<'a>) -> Value<'a> {
    let has = |name: &str| view.workload.traits.iter().any(|t| &**t == name);
    let adds = |name: &str| has(&format!("adds:{name}"));
    let ways = [
        (
            has("container-socket"),
            "it can talk to the container runtime",
        ),
        (has("privileged"), "a container is privileged"),
        (has("host-files"), "it mounts the node's own files"),
        (
            has("cluster-keys"),
            "it mounts the keys of the control plane",
        ),
        (
            has("kubelet-files"),
            "it mounts what the kubelet keeps, tokens of other pods among it",
        ),
        (
            adds("SYS_ADMIN") || adds("ALL"),
            "a container has the capability SYS_ADMIN",
        ),
        (
            adds("SYS_MODULE"),
            "a container can load modules into the kernel",
        ),
        (
            has("host-pid") && adds("SYS_PTRACE"),
            "it can trace the node's processes",
        ),
    ];
    let words: Vec<&str> = ways
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, way)| *way)
        .collect();
    Value::owned(super::join(&words))
}

columns! { OfWorkload;
    "id": Type::Text, Record, |v| Value::text(Some(&v.workload.id)), "The natural id: `k8s:…`, an ARN.";
    "platform": Type::Enum(&PLATFORM), Record, |v| word(&PLATFORM, v.workload.platform().as_str()), "The platform that it runs on.";
    "name": Type::Text, Record, |v| Value::text(Some(&v.workload.name)), "Its name.";
    "kind": Type::Text, Record, |v| Value::text(Some(&v.workload.kind)), "`Deployment`, `CronJob`, …; `AWS::Lambda::Function`, …";
    "runs_as": Type::Text, Record, |v| Value::text(Some(&v.workload.runs_as.0)), "The id of the identity it runs as.";
    "automount": Type::Bool, Record, |v| Value::bool(automount(v)), "The identity's token is mounted: as the pod says, else the account, else yes; unknown outside Kubernetes.";
    "automount_stated": Type::Bool, Record, |v| Value::Bool(stated(v).is_some()), "The pod or the account says whether it is to be mounted.";
    "traits": Type::Texts, Record, |v| Value::list(v.workload.traits.iter().map(|t| &**t)), "What else is notable of it: `privileged`, `host-path:/etc`, `static-key`, `outside:hooks.acme.example`.";
    "node_takeover": Type::Text, Record, takeover, "How it can become the node that it runs on, in words; unknown where nothing says that it can.";
    "outside": Type::Text, Record, |v| named(v, "outside"), "Of a webhook: the host outside the cluster that the API server asks.";
    "cluster": Type::Text, Record, |v| named(v, "cluster"), "Of a context of a kubeconfig or a cluster of Argo CD: the cluster's name.";
    "server": Type::Text, Record, |v| named(v, "server"), "The host that it talks to: an API server, a vault.";
    "provider": Type::Text, Record, |v| named(v, "provider"), "Of a secret store: the system that it reads: `aws`, `vault`.";
    "impersonates": Type::Text, Record, |v| named(v, "impersonates"), "Of a context of a kubeconfig: the user that it acts as.";
    "token_days": Type::Int, Record, |v| Value::int(v.workload.traits.iter().filter_map(|t| t.strip_prefix("token-for-days:")?.parse().ok()).max()), "Whole days that the longest-lived token is good for that it asks for; unknown where none is for more than one.";
    "identity.is_default": Type::Bool, Record, |v| Value::bool(v.identity.map(|i| &*i.identity.name == "default" && i.identity.kind == crate::model::IdentityKind::KubernetesServiceAccount)), "It is the `default` ServiceAccount, which everything has that names none.";
    "identity.known": Type::Bool, Record, |v| Value::Bool(v.identity.is_some()), "A record of the identity it runs as was read.";
    "identity.name": Type::Text, Record, |v| of(v, identity::name), "The identity's name.";
    "identity.human": Type::Enum(&HUMANITY), Identity, |v| of(v, identity::human), "Whether a person acts through it.";
    "identity.provider_managed": Type::Bool, Record, |v| of(v, identity::provider_managed), "It belongs to the platform's provider.";
    "identity.owner": Type::Text, Identity, |v| of(v, identity::owner), "Its declared owner.";
    "identity.owner.state": Type::Enum(&OWNER_STATE), Identity, |v| of(v, identity::owner_state), "Whose it is.";
    "identity.tier": Type::Enum(&TIER), Privilege, |v| of(v, identity::tier), "Its highest privilege.";
    "identity.own_tier": Type::Enum(&TIER), Privilege, |v| of(v, identity::own_tier), "Its highest privilege without what everybody is given.";
    "identity.tier.proof": Type::Text, Privilege, |v| of(v, identity::tier_proof), "What gives it that privilege, in words.";
    "identity.purpose_stated": Type::Bool, Declaration, |v| of(v, identity::purpose_stated), "The registry says what the identity is for.";
}
