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

columns! { OfWorkload;
    "id": Type::Text, Record, |v| Value::text(Some(&v.workload.id)), "The natural id: `k8s:…`, an ARN.";
    "platform": Type::Enum(&PLATFORM), Record, |v| word(&PLATFORM, v.workload.platform().as_str()), "The platform that it runs on.";
    "name": Type::Text, Record, |v| Value::text(Some(&v.workload.name)), "Its name.";
    "kind": Type::Text, Record, |v| Value::text(Some(&v.workload.kind)), "`Deployment`, `CronJob`, …; `AWS::Lambda::Function`, …";
    "runs_as": Type::Text, Record, |v| Value::text(Some(&v.workload.runs_as.0)), "The id of the identity it runs as.";
    "automount": Type::Bool, Record, |v| Value::bool(automount(v)), "The identity's token is mounted: as the pod says, else the account, else yes; unknown outside Kubernetes.";
    "automount_stated": Type::Bool, Record, |v| Value::Bool(stated(v).is_some()), "The pod or the account says whether it is to be mounted.";
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
