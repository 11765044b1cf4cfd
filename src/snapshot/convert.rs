//! From the model to the wire form: short, visible functions, one per noun.

use super as wire;
use super::{containers, jobs};
use crate::model;
use std::collections::{BTreeMap, BTreeSet, HashMap, btree_map, btree_set};
use std::iter::Peekable;
use std::sync::Arc;

impl wire::Snapshot {
    /// The wire form of a scan. `findings` are given in the order in which they are to be reported.
    ///
    /// The inventory is used up record by record: an estate need not fit into the memory twice.
    pub fn new(
        assessed: model::Assessed,
        coverage: &model::Coverage,
        checks: &[model::CheckSummary],
        findings: Vec<model::Finding>,
        now: model::Timestamp,
    ) -> Self {
        let model::Assessed {
            mut inventory,
            privilege,
            ownership,
            registered,
            vendors,
            reviews,
            parties,
            suppliers,
            mut reconciled,
        } = assessed;
        let (mut ownership, mut reviews) = (ownership, reviews);
        let declarations = declarations(&inventory, &registered, &mut reconciled);
        let account_names = account_names(&inventory);
        let containers = std::mem::take(&mut inventory.containers);
        let containers = containers::convert(containers, &mut ownership, &mut reviews, now);
        let identities = std::mem::take(&mut inventory.identities);
        let mut records = Records::new(&mut inventory, privilege, ownership, registered);
        (records.vendors, records.reviews, records.now) = (vendors, reviews, Some(now));
        records.registrations = reconciled.identities;
        let identities = identities.into_values();
        let identities = identities.map(|identity| records.identity(identity));
        let identities = identities.collect();
        let credentials = inventory.credentials.into_values();
        let credentials = credentials.map(|c| credential(&mut records.ownership, &c));
        let credentials = credentials.collect();
        drop(records);
        let scanned_at = now.to_string();
        let first_seen: model::Str = scanned_at.as_str().into();
        let findings = findings.into_iter();
        Self {
            schema_version: wire::SCHEMA_VERSION.to_owned(),
            tool: wire::Tool {
                name: "tenure".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            scanned_at,
            coverage: coverage.into(),
            identities,
            credentials,
            trusts: inventory.trusts.into_iter().map(Into::into).collect(),
            workloads: inventory.workloads.iter().map(Into::into).collect(),
            jobs: jobs::convert(&inventory.jobs, &inventory.secret_uses),
            secret_uses: jobs::secret_uses(&inventory.secret_uses),
            account_names,
            containers,
            owners: parties.into_iter().map(Into::into).collect(),
            declarations,
            vendors: suppliers.into_iter().map(Into::into).collect(),
            checks: checks.iter().map(Into::into).collect(),
            findings: findings.map(|f| finding(f, &first_seen)).collect(),
            baseline: None,
        }
    }
}

/// The names of accounts; of several, the first.
fn account_names(
    inventory: &model::Inventory,
) -> std::collections::BTreeMap<model::Str, model::Str> {
    let mut names = std::collections::BTreeMap::new();
    for node in &inventory.org_nodes {
        if let (model::OrgNodeKind::Account, Some(name)) = (&node.kind, &node.name) {
            let id: &model::Str = &node.id;
            names.entry(id.clone()).or_insert_with(|| name.clone());
        }
    }
    names
}

/// What belongs to each identity: taken from streams in the order of the identities where there is much
/// of it, else gathered once.
struct Records {
    privilege: Peekable<btree_map::IntoIter<model::IdentityId, model::Privilege>>,
    ownership: BTreeMap<model::SubjectId, model::Ownership>,
    registered: BTreeMap<model::IdentityId, Vec<model::RegistryEntry>>,
    /// By principal.
    entitlements: Peekable<btree_set::IntoIter<model::Entitlement>>,
    memberships: Peekable<btree_set::IntoIter<model::Membership>>,
    /// What groups hold: their members hold it, too.
    of_groups: HashMap<model::IdentityId, Vec<model::Entitlement>>,
    /// Names and kinds of policies, by id.
    policies: Vec<(model::PolicyId, model::Str, &'static str)>,
    credentials: BTreeMap<model::Str, Vec<model::Str>>,
    workloads: BTreeMap<model::Str, Vec<model::Str>>,
    vendors: BTreeMap<model::IdentityId, Vec<model::VendorTie>>,
    reviews: BTreeMap<model::SubjectId, model::Review>,
    registrations: BTreeMap<model::IdentityId, model::Registration>,
    /// The time that reviews are judged at.
    now: Option<model::Timestamp>,
    shared: Shared,
}

impl Records {
    fn new(
        inventory: &mut model::Inventory,
        privilege: BTreeMap<model::IdentityId, model::Privilege>,
        ownership: BTreeMap<model::SubjectId, model::Ownership>,
        registered: BTreeMap<model::IdentityId, Vec<model::RegistryEntry>>,
    ) -> Self {
        let mut credentials: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for credential in inventory.credentials.values() {
            if let Some(identity) = credential.identity() {
                let of: &mut Vec<_> = credentials.entry(identity.0.clone()).or_default();
                of.push(credential.id.0.clone());
            }
        }
        let mut workloads: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for workload in &inventory.workloads {
            let of: &mut Vec<_> = workloads.entry(workload.runs_as.0.clone()).or_default();
            of.push(workload.id.clone());
        }
        let policies = std::mem::take(&mut inventory.policies).into_values();
        let policies = policies.map(|p| (p.id, p.name, p.kind.as_str())).collect();
        let memberships = std::mem::take(&mut inventory.memberships);
        let entitlements = std::mem::take(&mut inventory.entitlements);
        let groups: BTreeSet<_> = memberships.iter().map(|m| &m.group).collect();
        let mut of_groups: HashMap<_, Vec<_>> = HashMap::new();
        for entitlement in &entitlements {
            if groups.contains(&entitlement.principal) {
                let of: &mut Vec<_> = of_groups.entry(entitlement.principal.clone()).or_default();
                of.push(entitlement.clone());
            }
        }
        Self {
            privilege: privilege.into_iter().peekable(),
            ownership,
            registered,
            entitlements: entitlements.into_iter().peekable(),
            memberships: memberships.into_iter().peekable(),
            of_groups,
            policies,
            credentials,
            workloads,
            vendors: BTreeMap::new(),
            reviews: BTreeMap::new(),
            registrations: BTreeMap::new(),
            now: None,
            shared: Shared::default(),
        }
    }

    fn identity(&mut self, identity: model::Identity) -> wire::Identity {
        let key = identity.id;
        let id = key.0.clone();
        let mut entitlements = Vec::new();
        // What goes before is of groups, which are no identities.
        while self.entitlements.next_if(|e| e.principal < key).is_some() {}
        while let Some(held) = self.entitlements.next_if(|e| e.principal == key) {
            entitlements.push(entitlement(&self.policies, &mut self.shared, &held, None));
        }
        while self.memberships.next_if(|m| m.member < key).is_some() {}
        while let Some(member) = self.memberships.next_if(|m| m.member == key) {
            for held in self.of_groups.get(&member.group).into_iter().flatten() {
                let group = Some(&member.group.0);
                entitlements.push(entitlement(&self.policies, &mut self.shared, held, group));
            }
        }
        entitlements.shrink_to_fit();
        while self.privilege.next_if(|(of, _)| *of < key).is_some() {}
        let privilege = self.privilege.next_if(|(of, _)| *of == key);
        let entries = self.registered.get(&key);
        let declaration = entries.and_then(|entries| entries.first());
        let declared = |field: fn(&model::RegistryEntry) -> &Option<model::Str>| {
            declaration.and_then(|entry| field(entry).clone())
        };
        wire::Identity {
            platform: identity.platform.as_str().into(),
            kind: identity.kind.as_str().into(),
            name: identity.name,
            account: identity.account,
            namespace: identity.namespace,
            presence: identity
                .presence
                .iter()
                .map(|p| presence(*p).into())
                .collect(),
            humanity: identity.humanity.0.as_str().into(),
            humanity_reason: identity.humanity.1,
            provider_managed: identity.provider_managed,
            enabled: identity.enabled,
            created: identity.created.map(time),
            last_used: identity.last_used.into(),
            expires: identity.expires.into(),
            console_access: identity.console_access,
            mfa: identity.mfa,
            declaration: declaration.map(|e| e.id.as_ref().into()),
            purpose: declared(|entry| &entry.purpose),
            environment: declared(|entry| &entry.environment),
            tenants: declaration.map(|e| e.tenants.to_vec()).unwrap_or_default(),
            registration: self.registrations.remove(&key).map(Into::into),
            vendors: self
                .vendors
                .remove(&key)
                .unwrap_or_default()
                .into_iter()
                .map(Into::into)
                .collect(),
            review: self
                .reviews
                .remove(&model::SubjectId::Identity(key.clone()))
                .zip(self.now)
                .map(|(review, now)| containers::review(&review, now)),
            ownership: self
                .ownership
                .remove(&model::SubjectId::Identity(key))
                .map(Into::into)
                .unwrap_or_default(),
            privilege: privilege
                .map(|(_, privilege)| self.shared.privilege(privilege))
                .unwrap_or_default(),
            entitlements,
            credentials: self.credentials.remove(&id).unwrap_or_default(),
            workloads: self.workloads.remove(&id).unwrap_or_default(),
            becomes: identity
                .becomes
                .into_iter()
                .map(|(id, _)| id.0)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            serves: identity.serves.into_iter().collect(),
            assigned: identity.assigned.into_iter().collect(),
            tokens: jobs::tokens(&identity.tokens),
            derivation: identity.derivation.into_iter().collect(),
            traits: identity.traits.into_iter().collect(),
            evidence: identity.evidence.iter().map(Into::into).collect(),
            id,
        }
    }
}

fn entitlement(
    policies: &[(model::PolicyId, model::Str, &'static str)],
    shared: &mut Shared,
    e: &model::Entitlement,
    group: Option<&model::Str>,
) -> wire::Entitlement {
    let place = policies.binary_search_by(|(id, ..)| id.cmp(&e.policy));
    let policy = place.ok().and_then(|place| policies.get(place));
    // Documents of policies that AWS manages ship with the program; those too new for it are named among
    // what is unresolved.
    let managed: Option<model::Str> = e
        .policy
        .0
        .split_once(":iam::aws:policy/")
        .map(|(_, path)| path.rsplit('/').next().unwrap_or(path).into());
    let unread = match managed {
        Some(_) => model::PolicyKind::IamManaged.as_str(),
        None => "unread",
    };
    wire::Entitlement {
        policy: e.policy.0.clone(),
        policy_name: policy.map_or_else(
            || managed.clone().unwrap_or_else(|| e.policy.0.clone()),
            |(_, name, _)| name.clone(),
        ),
        policy_kind: policy.map_or(unread, |(.., kind)| kind).into(),
        scope: shared.scope(&e.scope),
        boundary: e.role == model::EntitlementRole::Boundary,
        via: e.via.clone(),
        group: group.cloned(),
        evidence: (&e.evidence).into(),
    }
}

/// What many records have in common is converted once.
#[derive(Default)]
struct Shared {
    scopes: HashMap<model::Scope, model::Str>,
    reach: HashMap<model::Reach, model::Str>,
    /// By address; the key lives as long as the entry.
    hops: HashMap<usize, (Arc<model::Hop>, Arc<wire::Hop>)>,
    /// The same of one identity.
    own: Vec<(Arc<model::Hop>, Arc<wire::Hop>)>,
    proofs: Vec<(Arc<model::Proof>, Arc<wire::Proof>)>,
    /// Ways that several can take, by address; the key lives as long as the entry.
    paths: HashMap<usize, (Arc<model::Path>, Arc<wire::Path>)>,
}

/// A step that so many proofs have is of a policy that many hold.
const MANY: usize = 32;

impl Shared {
    fn scope(&mut self, scope: &model::Scope) -> model::Str {
        if let Some(known) = self.scopes.get(scope) {
            return known.clone();
        }
        let text: model::Str = match scope {
            model::Scope::Account(id) => format!("account:{id}"),
            model::Scope::Cluster(id) => format!("cluster:{id}"),
            model::Scope::Namespace(cluster, name) => format!("namespace:{cluster}/{name}"),
            model::Scope::Resource(place) => place.to_string(),
        }
        .into();
        self.scopes.insert(scope.clone(), text.clone());
        text
    }

    fn reach(&mut self, reach: model::Reach) -> model::Str {
        let text = self.reach.entry(reach);
        let text = text.or_insert_with_key(|reach| reach.to_string().into());
        text.clone()
    }

    fn hop(&mut self, hop: &Arc<model::Hop>) -> Arc<wire::Hop> {
        let address = Arc::as_ptr(hop).addr();
        let own = self.own.iter().find(|(known, _)| Arc::ptr_eq(known, hop));
        let known = self.hops.get(&address).or(own);
        if let Some((_, known)) = known {
            return Arc::clone(known);
        }
        let made = Arc::new(wire::Hop {
            what: hop.what.clone(),
            evidence: hop.evidence.as_ref().map(Into::into),
        });
        let entry = (Arc::clone(hop), Arc::clone(&made));
        if Arc::strong_count(hop) > MANY {
            self.hops.insert(address, entry);
        } else {
            self.own.push(entry);
        }
        made
    }

    fn proof(&mut self, proof: &Arc<model::Proof>) -> Arc<wire::Proof> {
        let mut proofs = self.proofs.iter();
        if let Some((_, known)) = proofs.find(|(known, _)| Arc::ptr_eq(known, proof)) {
            return Arc::clone(known);
        }
        let made = Arc::new(wire::Proof {
            claim: proof.claim.clone(),
            certainty: proof.certainty.as_str().into(),
            scope: proof.scope.clone(),
            breadth: proof.breadth().map(|b| b.as_str().into()),
            hops: proof.hops.iter().map(|hop| self.hop(hop)).collect(),
        });
        self.proofs.push((Arc::clone(proof), Arc::clone(&made)));
        made
    }

    fn path(&mut self, path: &Arc<model::Path>) -> Arc<wire::Path> {
        let address = Arc::as_ptr(path).addr();
        if let Some((_, known)) = self.paths.get(&address) {
            return Arc::clone(known);
        }
        let hops = path.hops.iter().map(|hop| wire::Hop {
            what: hop.what.clone(),
            evidence: hop.evidence.as_ref().map(Into::into),
        });
        let made = Arc::new(wire::Path {
            goal: path.goal.as_str().into(),
            certainty: path.certainty.as_str().into(),
            rule: path.rule.clone(),
            also: path.also.iter().cloned().collect(),
            title: path.title.clone(),
            subject: path.subject.clone(),
            conditions: path.conditions.iter().cloned().collect(),
            missing: path.missing.iter().cloned().collect(),
            hops: hops.collect(),
        });
        if Arc::strong_count(path) > 1 {
            let entry = (Arc::clone(path), Arc::clone(&made));
            self.paths.insert(address, entry);
        }
        made
    }

    fn privilege(&mut self, p: model::Privilege) -> wire::Privilege {
        let privilege = wire::Privilege {
            tier: p.tier.as_str().into(),
            own_tier: p.own_tier.as_str().into(),
            certainty: p.certainty.as_str().into(),
            proof: p.proof.as_ref().map(|proof| self.proof(proof)),
            capabilities: p
                .capabilities
                .iter()
                .map(|(c, proof)| wire::Capability {
                    name: c.as_str().into(),
                    proof: self.proof(proof),
                })
                .collect(),
            reach: p.reach.into_iter().map(|reach| self.reach(reach)).collect(),
            paths: p.paths.iter().map(|path| self.path(path)).collect(),
            paths_left_out: p.paths_left_out as u64,
            wildcard: p.wildcard.as_ref().map(|proof| self.proof(proof)),
            unresolved: p.unresolved.into_iter().collect(),
            unused: p.unused.as_deref().map(Into::into),
        };
        self.own.clear();
        self.proofs.clear();
        privilege
    }
}

fn declarations(
    inventory: &model::Inventory,
    registered: &BTreeMap<model::IdentityId, Vec<model::RegistryEntry>>,
    reconciled: &mut model::Reconciled,
) -> Vec<wire::Declaration> {
    let mut declared: BTreeMap<&model::RegistryEntry, Vec<model::Str>> = BTreeMap::new();
    for (id, entries) in registered {
        for entry in entries {
            declared.entry(entry).or_default().push(id.0.clone());
        }
    }
    let party = |party: &Option<(model::Owner, model::Str)>| {
        party.as_ref().map(|(owner, _)| owner.to_string())
    };
    let entries = inventory.registry.iter();
    entries
        .map(|entry| {
            let registration = reconciled
                .entries
                .remove(entry)
                .map(wire::Registration::from);
            let (state, gaps) = registration.map(|r| (r.state, r.gaps)).unwrap_or_default();
            wire::Declaration {
                id: entry.id.to_string(),
                owner: party(&entry.owner),
                purpose: text(&entry.purpose),
                review_by: date(&entry.review_by),
                expires: date(&entry.expires),
                revocation: text(&entry.revocation),
                revocation_tested: date(&entry.revocation_tested),
                backup_owner: party(&entry.backup_owner),
                role: text(&entry.role),
                human: entry.human,
                environment: text(&entry.environment),
                tenants: entry.tenants.clone(),
                approver: text(&entry.approver),
                approved_tier: text(&entry.approved_tier),
                data_categories: entry.data_categories.clone(),
                allowed_actions: entry.allowed_actions.clone(),
                accountability: (&entry.accountability).into(),
                vendor: text(&entry.vendor),
                attested_by: text(&entry.attested_by),
                attested_on: date(&entry.attested_on),
                state,
                gaps,
                identities: declared.remove(entry).unwrap_or_default(),
                evidence: (&entry.evidence).into(),
            }
        })
        .collect()
}

fn time(time: model::Timestamp) -> model::Str {
    time.to_string().into()
}

fn text(value: &Option<model::Str>) -> Option<String> {
    value.as_deref().map(str::to_owned)
}

fn texts(values: &[model::Str]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn date(field: &model::DateField) -> Option<String> {
    match field {
        model::DateField::Absent | model::DateField::Empty => None,
        model::DateField::At(t) => Some(t.date()),
        // What stands there instead of a date can be anything, also a secret.
        model::DateField::Ambiguous(_) | model::DateField::Malformed(_) => {
            Some(field.state().to_owned())
        }
    }
}

const fn presence(presence: model::Presence) -> &'static str {
    match presence {
        model::Presence::Referenced => "referenced",
        model::Presence::SwitchedOff | model::Presence::Declared => "declared",
        model::Presence::Observed => "observed",
    }
}

fn credential(
    ownership: &mut BTreeMap<model::SubjectId, model::Ownership>,
    c: &model::Credential,
) -> wire::Credential {
    let subject = model::SubjectId::Credential(c.id.clone());
    let link = c.links.first();
    let implied = c.implied_tier.tier != model::Tier::Unknown;
    wire::Credential {
        id: c.id.0.clone(),
        kind: c.kind.to_string(),
        issuer: c.issuer.to_string(),
        title: c.title.to_string(),
        account: c.account.clone(),
        identity: link.map(|l| l.identity.0.clone()),
        identity_basis: link.map(|l| format!("{} ({})", l.basis, l.evidence)),
        status: c.status.as_str().to_owned(),
        created: c.created.map(|t| t.to_string()),
        expires: c.expires.into(),
        last_used: c.last_used.into(),
        display: text(&c.display),
        fingerprint: c.fingerprint.map(|f| f.to_string()),
        confidence: c.confidence().map(|level| level.as_str().to_owned()),
        ownership: ownership
            .remove(&subject)
            .map(Into::into)
            .unwrap_or_default(),
        exposures: c
            .exposures
            .iter()
            .map(|e| wire::Exposure {
                evidence: (&e.evidence).into(),
                confidence: e.confidence.as_str().to_owned(),
                reasons: e.reasons.iter().map(ToString::to_string).collect(),
                environment: text(&e.environment),
                in_tree: e.in_tree,
                introduced: e.introduced.as_ref().map(Into::into),
                removed: e.removed.as_ref().map(Into::into),
            })
            .collect(),
        records: c.records.iter().map(Into::into).collect(),
        revocation: text(&c.revocation),
        claims: claims(&c.claims),
        traits: c.traits.iter().cloned().collect(),
        implied_tier: implied.then(|| c.implied_tier.tier.as_str().to_owned()),
        implied_tier_basis: implied.then(|| c.implied_tier.basis.to_string()),
    }
}

fn claims(claims: &model::Claims) -> BTreeMap<String, Vec<String>> {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for claim in claims.iter() {
        let values = out.entry(claim.name.as_str().to_owned()).or_default();
        values.push(claim.value.to_string());
    }
    out
}

fn finding(f: model::Finding, now: &model::Str) -> wire::Finding {
    use model::SubjectId as Id;
    let kind = f.subject.kind();
    let id = match f.subject {
        Id::Identity(id) => id.0,
        Id::Credential(id) => id.0,
        Id::Declaration(id)
        | Id::Trust(id)
        | Id::Workload(id)
        | Id::Job(id)
        | Id::Container(id)
        | Id::Vendor(id)
        | Id::Account(id)
        | Id::Provider(id)
        | Id::PermissionSet(id)
        | Id::AnalyzerFinding(id)
        | Id::Waiver(id) => id,
    };
    wire::Finding {
        fingerprint: f.fingerprint.to_string().into(),
        check: f.check,
        title: f.title,
        severity: f.severity.as_str().into(),
        confidence: f.confidence.as_str().into(),
        subject: wire::Subject {
            kind: kind.into(),
            id,
            name: f.subject_name,
        },
        message: f.message,
        evidence: f.evidence.iter().map(Into::into).collect(),
        remediation: f.remediation,
        controls: f.controls,
        waiver: f.waiver.as_ref().map(|w| wire::Waiver {
            source: w.scope.as_str().to_owned(),
            owner: w.owner.to_string(),
            approver: w.approver.to_string(),
            reason: w.reason.to_string(),
            expires: w.expires.map(|t| t.date()).unwrap_or_default(),
            evidence: (&w.evidence).into(),
        }),
        status: None,
        first_seen: now.clone(),
    }
}

impl From<&model::Evidence> for wire::Evidence {
    /// Shares the texts: an inventory has many more statements than places.
    fn from(e: &model::Evidence) -> Self {
        Self {
            path: e.origin.path.clone(),
            line: e.line,
            column: e.column,
            pointer: e.pointer.clone(),
            repository: e.origin.repository.as_ref().and_then(|r| r.remote.clone()),
            reader: e.reader.into(),
        }
    }
}

impl From<&model::Commit> for wire::Commit {
    fn from(commit: &model::Commit) -> Self {
        Self {
            date: commit.when.to_string(),
            id: commit.id.to_string(),
            author: commit.author.to_string(),
            mail: commit.mail.to_string(),
        }
    }
}

impl From<model::Moment> for wire::When {
    fn from(moment: model::Moment) -> Self {
        match moment {
            model::Moment::Unknown => Self::Unknown,
            model::Moment::Never => Self::Never,
            model::Moment::At(t) => Self::At { at: time(t) },
        }
    }
}

impl From<model::Ownership> for wire::Ownership {
    fn from(o: model::Ownership) -> Self {
        let owner = |owner: model::Owner| model::Str::from(owner.to_string());
        Self {
            state: o.state.as_str().into(),
            owner: o.owner.map(owner),
            rivals: o.rivals.into_iter().map(owner).collect(),
            suggestion: o.suggestion.map(owner),
            confidence: o.confidence.map(|confidence| confidence.as_str().into()),
            reason: o.reason,
            claims: o
                .claims
                .into_iter()
                .map(|c| wire::Claim {
                    method: c.method.as_str().into(),
                    declared: c.method.declared(),
                    confidence: c.method.confidence().as_str().into(),
                    owner: owner(c.owner),
                    raw: c.raw,
                    as_of: c.as_of.map(model::Timestamp::date),
                    why: c.why,
                    evidence: (&c.evidence).into(),
                })
                .collect(),
        }
    }
}

impl From<model::Trust> for wire::Trust {
    fn from(t: model::Trust) -> Self {
        use model::TrustPrincipal as P;
        let id = t.id();
        let grade = t.grade.as_deref();
        let flaws = || grade.into_iter().flat_map(|g| &g.flaws);
        let reasons: Vec<&str> = flaws().map(|(_, meaning)| *meaning).collect();
        let (kind, principal) = match t.principal {
            P::Anyone => ("anyone", "*".into()),
            P::Account(id) => ("account", id),
            P::Principal(id) => ("principal", id),
            P::Service(name) => ("service", name),
            P::Federated(name) => ("federated", name),
            P::Other(text) => ("other", text),
        };
        Self {
            id,
            target: t.target.0,
            principal_kind: kind.into(),
            principal,
            effect: match t.effect {
                model::Effect::Allow => "allow",
                model::Effect::Deny => "deny",
            }
            .into(),
            actions: t.actions,
            condition_keys: t.condition_keys,
            cross_account: t.cross_account,
            inside_organization: t.inside_organization,
            exposure: grade.map(|g| g.exposure.into()),
            flaws: flaws().map(|(name, _)| (*name).into()).collect(),
            exposure_reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
            evidence: (&t.evidence).into(),
        }
    }
}

impl From<&model::Workload> for wire::Workload {
    fn from(w: &model::Workload) -> Self {
        Self {
            id: w.id.to_string(),
            kind: w.kind.to_string(),
            name: w.name.to_string(),
            runs_as: w.runs_as.to_string(),
            traits: w.traits.iter().cloned().collect(),
            evidence: (&w.evidence).into(),
        }
    }
}

impl From<&model::CheckSummary> for wire::Check {
    fn from(c: &model::CheckSummary) -> Self {
        Self {
            id: c.id.to_string(),
            title: c.title.to_string(),
            description: c.description.to_string(),
            severity: c.severity.as_str().to_owned(),
            remediation: c.remediation.to_string(),
            controls: texts(&c.controls),
            fail: c.fail,
            pass: c.pass,
            not_applicable: c.not_applicable,
            not_evaluable: c.not_evaluable,
        }
    }
}

impl From<&model::Coverage> for wire::Coverage {
    fn from(c: &model::Coverage) -> Self {
        Self {
            complete: !c.incomplete(),
            files: c.files,
            bytes: c.bytes,
            binary: c.binary,
            oversized: c.oversized,
            excluded: c.excluded,
            special: c.special,
            readers: c
                .readers
                .iter()
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect(),
            history: (c.history.repositories > 0).then_some(wire::HistoryCoverage {
                repositories: c.history.repositories,
                commits: c.history.commits,
                blobs: c.history.blobs,
                bytes: c.history.bytes,
            }),
            owner_history: Some(&c.history.owners)
                .filter(|owners| owners.asked > 0)
                .map(|owners| wire::OwnerHistory {
                    asked: owners.asked,
                    answered: owners.answered,
                    agree: owners.agree,
                    differ: owners.differ,
                    among: owners.among,
                    not_comparable: owners.not_comparable,
                    commits: owners.commits,
                }),
            repositories: c
                .repositories
                .iter()
                .map(|r| wire::Repository {
                    root: r.root.to_string(),
                    remote: text(&r.remote),
                    branch: text(&r.branch),
                    head: text(&r.head),
                })
                .collect(),
            problems: c
                .problems
                .iter()
                .map(|p| wire::Problem {
                    path: p.path.to_string(),
                    line: p.line,
                    column: p.column,
                    kind: p.kind.as_str().to_owned(),
                    reader: p.reader.to_owned(),
                    message: p.message.to_string(),
                })
                .collect(),
        }
    }
}
