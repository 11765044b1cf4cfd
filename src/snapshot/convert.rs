//! From the model to the wire form: short, visible functions, one per noun.

use super as wire;
use crate::model;
use std::collections::{BTreeMap, BTreeSet};

impl wire::Snapshot {
    /// The wire form of a scan. `findings` are given in the order in which they are to be reported.
    pub fn new(
        assessed: &model::Assessed,
        coverage: &model::Coverage,
        checks: &[model::CheckSummary],
        findings: &[model::Finding],
        now: model::Timestamp,
    ) -> Self {
        let inventory = &assessed.inventory;
        let index = Index::new(assessed);
        Self {
            schema_version: wire::SCHEMA_VERSION.to_owned(),
            tool: wire::Tool {
                name: "tenure".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            scanned_at: now.to_string(),
            coverage: coverage.into(),
            identities: inventory
                .identities
                .values()
                .map(|identity| index.identity(assessed, identity))
                .collect(),
            credentials: inventory
                .credentials
                .values()
                .map(|c| credential(assessed, c))
                .collect(),
            trusts: inventory.trusts.iter().map(Into::into).collect(),
            workloads: inventory.workloads.iter().map(Into::into).collect(),
            declarations: inventory
                .registry
                .iter()
                .map(|entry| index.declaration(entry))
                .collect(),
            checks: checks.iter().map(Into::into).collect(),
            findings: findings.iter().map(|f| finding(f, now)).collect(),
            baseline: None,
        }
    }
}

/// What belongs to each identity, gathered once.
struct Index<'a> {
    credentials: BTreeMap<&'a str, Vec<String>>,
    workloads: BTreeMap<&'a str, Vec<String>>,
    entitlements: BTreeMap<&'a str, Vec<&'a model::Entitlement>>,
    memberships: BTreeMap<&'a str, Vec<&'a str>>,
    declared: BTreeMap<&'a model::RegistryEntry, Vec<String>>,
}

impl<'a> Index<'a> {
    fn new(assessed: &'a model::Assessed) -> Self {
        let inventory = &assessed.inventory;
        let mut index = Self {
            credentials: BTreeMap::new(),
            workloads: BTreeMap::new(),
            entitlements: BTreeMap::new(),
            memberships: BTreeMap::new(),
            declared: BTreeMap::new(),
        };
        for credential in inventory.credentials.values() {
            if let Some(identity) = credential.identity() {
                index
                    .credentials
                    .entry(&identity.0)
                    .or_default()
                    .push(credential.id.to_string());
            }
        }
        for workload in &inventory.workloads {
            index
                .workloads
                .entry(&workload.runs_as.0)
                .or_default()
                .push(workload.id.to_string());
        }
        for entitlement in &inventory.entitlements {
            index
                .entitlements
                .entry(&entitlement.principal.0)
                .or_default()
                .push(entitlement);
        }
        for membership in &inventory.memberships {
            index
                .memberships
                .entry(&membership.member.0)
                .or_default()
                .push(&membership.group.0);
        }
        for (id, entries) in &assessed.registered {
            for entry in entries {
                index
                    .declared
                    .entry(entry)
                    .or_default()
                    .push(id.to_string());
            }
        }
        index
    }

    fn identity(&self, assessed: &model::Assessed, identity: &model::Identity) -> wire::Identity {
        let id = &*identity.id.0;
        let mut entitlements = self.entitlements_of(assessed, id, None);
        for group in self.memberships.get(id).into_iter().flatten() {
            entitlements.extend(self.entitlements_of(assessed, group, Some(group)));
        }
        let subject = model::SubjectId::Identity(identity.id.clone());
        let declaration = assessed
            .registered
            .get(&identity.id)
            .and_then(|entries| entries.first());
        wire::Identity {
            id: id.to_owned(),
            platform: identity.platform.as_str().to_owned(),
            kind: identity.kind.as_str().to_owned(),
            name: identity.name.to_string(),
            account: text(&identity.account),
            namespace: text(&identity.namespace),
            presence: identity
                .presence
                .iter()
                .map(|p| presence(*p).to_owned())
                .collect(),
            humanity: identity.humanity.0.as_str().to_owned(),
            humanity_reason: identity.humanity.1.to_string(),
            provider_managed: text(&identity.provider_managed),
            enabled: identity.enabled,
            created: identity.created.map(|t| t.to_string()),
            last_used: identity.last_used.into(),
            expires: identity.expires.into(),
            console_access: identity.console_access,
            mfa: identity.mfa,
            ownership: assessed
                .ownership
                .get(&subject)
                .map(Into::into)
                .unwrap_or_default(),
            privilege: assessed
                .privilege
                .get(&identity.id)
                .map(Into::into)
                .unwrap_or_default(),
            entitlements,
            credentials: self.credentials.get(id).cloned().unwrap_or_default(),
            workloads: self.workloads.get(id).cloned().unwrap_or_default(),
            becomes: identity
                .becomes
                .iter()
                .map(|(id, _)| id.to_string())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            serves: identity.serves.iter().map(ToString::to_string).collect(),
            assigned: identity.assigned.iter().map(ToString::to_string).collect(),
            declaration: declaration.map(|e| e.id.to_string()),
            purpose: declaration.and_then(|e| text(&e.purpose)),
            environment: declaration.and_then(|e| text(&e.environment)),
            tenants: declaration
                .map(|e| e.tenants.iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            evidence: identity.evidence.iter().map(Into::into).collect(),
        }
    }

    fn entitlements_of(
        &self,
        assessed: &model::Assessed,
        id: &str,
        group: Option<&str>,
    ) -> Vec<wire::Entitlement> {
        let held = self.entitlements.get(id).into_iter().flatten();
        held.map(|e| {
            let policy = assessed.inventory.policies.get(&e.policy);
            wire::Entitlement {
                policy: e.policy.to_string(),
                policy_name: policy.map_or_else(|| e.policy.to_string(), |p| p.name.to_string()),
                policy_kind: policy.map_or("unread", |p| p.kind.as_str()).to_owned(),
                scope: match &e.scope {
                    model::Scope::Account(id) => format!("account:{id}"),
                    model::Scope::Cluster(id) => format!("cluster:{id}"),
                    model::Scope::Namespace(cluster, name) => format!("namespace:{cluster}/{name}"),
                },
                boundary: e.role == model::EntitlementRole::Boundary,
                via: e.via.to_string(),
                group: group.map(str::to_owned),
                evidence: (&e.evidence).into(),
            }
        })
        .collect()
    }

    fn declaration(&self, entry: &model::RegistryEntry) -> wire::Declaration {
        wire::Declaration {
            id: entry.id.to_string(),
            owner: entry.owner.as_ref().map(|(owner, _)| owner.to_string()),
            purpose: text(&entry.purpose),
            review_by: date(&entry.review_by),
            expires: date(&entry.expires),
            revocation: text(&entry.revocation),
            identities: self.declared.get(entry).cloned().unwrap_or_default(),
            evidence: (&entry.evidence).into(),
        }
    }
}

fn text(value: &Option<model::Str>) -> Option<String> {
    value.as_deref().map(str::to_owned)
}

fn texts(values: &[model::Str]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn date(field: &model::DateField) -> Option<String> {
    match field {
        model::DateField::Absent => None,
        model::DateField::At(t) => Some(t.date()),
        // What stands there instead of a date can be anything, also a secret.
        model::DateField::Malformed(_) => Some("malformed".to_owned()),
    }
}

const fn presence(presence: model::Presence) -> &'static str {
    match presence {
        model::Presence::Referenced => "referenced",
        model::Presence::Declared => "declared",
        model::Presence::Observed => "observed",
    }
}

fn credential(assessed: &model::Assessed, c: &model::Credential) -> wire::Credential {
    let subject = model::SubjectId::Credential(c.id.clone());
    let link = c.links.first();
    let implied = c.implied_tier.tier != model::Tier::Unknown;
    wire::Credential {
        id: c.id.to_string(),
        kind: c.kind.to_string(),
        issuer: c.issuer.to_string(),
        title: c.title.to_string(),
        account: text(&c.account),
        identity: link.map(|l| l.identity.to_string()),
        identity_basis: link.map(|l| format!("{} ({})", l.basis, l.evidence)),
        status: c.status.as_str().to_owned(),
        created: c.created.map(|t| t.to_string()),
        expires: c.expires.into(),
        last_used: c.last_used.into(),
        display: text(&c.display),
        fingerprint: c.fingerprint.map(|f| f.to_string()),
        confidence: c.confidence().map(|level| level.as_str().to_owned()),
        ownership: assessed
            .ownership
            .get(&subject)
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

fn finding(f: &model::Finding, now: model::Timestamp) -> wire::Finding {
    wire::Finding {
        fingerprint: f.fingerprint.to_string(),
        check: f.check.to_string(),
        title: f.title.to_string(),
        severity: f.severity.as_str().to_owned(),
        confidence: f.confidence.as_str().to_owned(),
        subject: wire::Subject {
            kind: f.subject.kind().to_owned(),
            id: f.subject.id().to_owned(),
            name: f.subject_name.to_string(),
        },
        message: f.message.to_string(),
        evidence: f.evidence.iter().map(Into::into).collect(),
        remediation: f.remediation.to_string(),
        controls: texts(&f.controls),
        waiver: f.waiver.as_ref().map(|w| wire::Waiver {
            source: w.scope.as_str().to_owned(),
            owner: w.owner.to_string(),
            approver: w.approver.to_string(),
            reason: w.reason.to_string(),
            expires: w.expires.map(|t| t.date()).unwrap_or_default(),
            evidence: (&w.evidence).into(),
        }),
        status: None,
        first_seen: now.to_string(),
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
            model::Moment::At(t) => Self::At { at: t.to_string() },
        }
    }
}

impl From<&model::Ownership> for wire::Ownership {
    fn from(o: &model::Ownership) -> Self {
        Self {
            state: o.state.as_str().to_owned(),
            owner: o.owner.as_ref().map(ToString::to_string),
            suggestion: o.suggestion.as_ref().map(ToString::to_string),
            reason: o.reason.to_string(),
            claims: o
                .claims
                .iter()
                .map(|c| wire::Claim {
                    method: c.method.as_str().to_owned(),
                    declared: c.method.declared(),
                    confidence: c.method.confidence().as_str().to_owned(),
                    owner: c.owner.to_string(),
                    raw: c.raw.to_string(),
                    evidence: (&c.evidence).into(),
                })
                .collect(),
        }
    }
}

impl From<&model::Proof> for wire::Proof {
    fn from(p: &model::Proof) -> Self {
        Self {
            claim: p.claim.clone(),
            certainty: p.certainty.as_str().to_owned(),
            scope: p.scope.clone(),
            breadth: p.breadth().map(|b| b.as_str().to_owned()),
            hops: hops(&p.hops),
        }
    }
}

fn hops(hops: &[model::Hop]) -> Vec<wire::Hop> {
    let hops = hops.iter().map(|h| wire::Hop {
        what: h.what.clone(),
        evidence: h.evidence.as_ref().map(Into::into),
    });
    hops.collect()
}

impl From<&model::Path> for wire::Path {
    fn from(p: &model::Path) -> Self {
        Self {
            goal: p.goal.as_str().to_owned(),
            certainty: p.certainty.as_str().to_owned(),
            rule: p.rule.clone(),
            also: p.also.iter().cloned().collect(),
            title: p.title.clone(),
            subject: p.subject.clone(),
            conditions: p.conditions.iter().cloned().collect(),
            missing: p.missing.iter().cloned().collect(),
            hops: hops(&p.hops),
        }
    }
}

impl From<&model::Privilege> for wire::Privilege {
    fn from(p: &model::Privilege) -> Self {
        Self {
            tier: p.tier.as_str().to_owned(),
            own_tier: p.own_tier.as_str().to_owned(),
            certainty: p.certainty.as_str().to_owned(),
            proof: p.proof.as_ref().map(Into::into),
            capabilities: p
                .capabilities
                .iter()
                .map(|(c, proof)| wire::Capability {
                    name: c.as_str().to_owned(),
                    proof: proof.into(),
                })
                .collect(),
            reach: p.reach.iter().map(ToString::to_string).collect(),
            paths: p.paths.iter().map(|path| (&**path).into()).collect(),
            wildcard: p.wildcard.as_ref().map(Into::into),
            unresolved: p.unresolved.iter().map(ToString::to_string).collect(),
            unused: p.unused.as_deref().map(Into::into),
        }
    }
}

impl From<&model::Trust> for wire::Trust {
    fn from(t: &model::Trust) -> Self {
        use model::TrustPrincipal as P;
        let (kind, principal) = match &t.principal {
            P::Anyone => ("anyone", "*"),
            P::Account(id) => ("account", &**id),
            P::Principal(id) => ("principal", &**id),
            P::Service(name) => ("service", &**name),
            P::Federated(name) => ("federated", &**name),
            P::Other(text) => ("other", &**text),
        };
        Self {
            id: t.id().to_string(),
            target: t.target.to_string(),
            principal_kind: kind.to_owned(),
            principal: principal.to_owned(),
            effect: match t.effect {
                model::Effect::Allow => "allow",
                model::Effect::Deny => "deny",
            }
            .to_owned(),
            actions: texts(&t.actions),
            condition_keys: texts(&t.condition_keys),
            cross_account: t.cross_account,
            inside_organization: t.inside_organization,
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
