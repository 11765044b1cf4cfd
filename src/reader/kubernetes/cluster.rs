//! Which cluster objects are of. Manifests and dumps do not say it; the configuration may, by the path.
//!
//! What reads objects speaks of the one cluster that has no name. Where a document's cluster has one, it is put
//! in here, at one place, once its facts are known: so what reads a kind cannot forget it.

use crate::model::{Facts, IdentityId, PolicyId, Scope, Str, TrustPrincipal};
use crate::platform::kubernetes::names::CLUSTER;

/// Says of facts that were read as of the cluster without a name that they are of this one.
pub(super) fn place(facts: &mut Facts, cluster: &str) {
    if cluster == CLUSTER {
        return;
    }
    let place = Place { cluster };
    for identity in &mut facts.identities {
        place.identity(&mut identity.id);
        place.account(&mut identity.account);
        let aliases = std::mem::take(&mut identity.aliases);
        identity.aliases = aliases.iter().map(|alias| place.renamed(alias)).collect();
        let becomes = std::mem::take(&mut identity.becomes);
        identity.becomes = becomes
            .iter()
            .map(|(id, evidence)| (IdentityId(place.renamed(&id.0)), evidence.clone()))
            .collect();
    }
    for credential in &mut facts.credentials {
        credential.id.0 = place.renamed(&credential.id.0);
        place.account(&mut credential.account);
        credential.links = std::mem::take(&mut credential.links)
            .into_iter()
            .map(|mut link| {
                place.identity(&mut link.identity);
                link
            })
            .collect();
    }
    for policy in &mut facts.policies {
        policy.id = PolicyId(place.renamed(&policy.id.0));
        place.account(&mut policy.account);
    }
    for entitlement in &mut facts.entitlements {
        place.identity(&mut entitlement.principal);
        entitlement.policy = PolicyId(place.renamed(&entitlement.policy.0));
        match &mut entitlement.scope {
            Scope::Cluster(name) | Scope::Namespace(name, _) => place.name(name),
            Scope::Resource(id) => place.text(id),
            Scope::Account(_) => {}
        }
    }
    for membership in &mut facts.memberships {
        place.identity(&mut membership.member);
        place.identity(&mut membership.group);
    }
    for trust in &mut facts.trusts {
        place.identity(&mut trust.target);
        if let TrustPrincipal::Principal(id) | TrustPrincipal::Other(id) = &mut trust.principal {
            place.text(id);
        }
    }
    for workload in &mut facts.workloads {
        place.text(&mut workload.id);
        place.identity(&mut workload.runs_as);
    }
    for job in &mut facts.jobs {
        place.text(&mut job.id);
        place.identity(&mut job.runs_as);
    }
    for used in &mut facts.secret_uses {
        place.identity(&mut used.user);
        place.text(&mut used.secret);
        place.text(&mut used.workload);
    }
    for statement in &mut facts.resource_statements {
        place.text(&mut statement.resource);
        place.account(&mut statement.account);
    }
    for deployment in &mut facts.deployments {
        place.name(&mut deployment.cluster);
    }
    for container in &mut facts.containers {
        place.text(&mut container.id);
    }
    for (_, account) in &mut facts.sources {
        place.name(account);
    }
}

struct Place<'a> {
    cluster: &'a str,
}

impl Place<'_> {
    /// An id with the cluster's name where ids have it.
    fn renamed(&self, id: &Str) -> Str {
        let (head, rest) = match id.strip_prefix("k8s:secret:") {
            Some(rest) => ("k8s:secret:", rest),
            None => match id.strip_prefix("k8s:") {
                Some(rest) => ("k8s:", rest),
                None => return Str::clone(id),
            },
        };
        match rest.strip_prefix(CLUSTER) {
            Some(tail) if tail.is_empty() || tail.starts_with(['/', '#', ':']) => {
                format!("{head}{}{tail}", self.cluster).into()
            }
            _ => Str::clone(id),
        }
    }

    fn text(&self, id: &mut Str) {
        *id = self.renamed(id);
    }

    fn identity(&self, id: &mut IdentityId) {
        self.text(&mut id.0);
    }

    fn name(&self, name: &mut Str) {
        if &**name == CLUSTER {
            *name = self.cluster.into();
        }
    }

    fn account(&self, account: &mut Option<Str>) {
        if let Some(name) = account {
            self.name(name);
        }
    }
}
