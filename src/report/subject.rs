//! What a finding, a change or a row speaks of, with what the inventory knows of it.

use crate::model::{Fingerprinter, Timestamp};
use crate::snapshot::{
    Container, Credential, Declaration, Evidence, Exposure, Identity, Job, Ownership, Privilege,
    Snapshot, Trust, Vendor, When, Workload,
};
use std::collections::BTreeMap;

/// A subject and everything that is known of it.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// Stable over scans and safe in every tool: `nhi-` and 16 hexadecimal digits. The prefix keeps
    /// spreadsheets from reading it as a number.
    pub ref_id: String,
    /// `identity`, `credential`, `declaration`, `trust`, `workload`, `account`, `provider`,
    /// `permission-set`, `analyzer-finding`, `container`, `vendor`, `waiver`.
    pub kind: &'a str,
    /// Id.
    pub id: &'a str,
    /// What a person calls it.
    pub name: String,
    /// The identity it is, authenticates as, opens or runs as.
    pub identity: Option<&'a Identity>,
    /// The credential it is.
    pub credential: Option<&'a Credential>,
    /// `aws`, `kubernetes`, `other`; the issuer of a credential.
    pub platform: &'a str,
    /// `aws-user`, `slack-bot-token`, …
    pub sort: &'a str,
    /// `aws:111122223333`, `k8s:prod`: with its platform, so that no tool reads it as a number.
    pub account: Option<String>,
    /// Where it belongs, as declared or as the places of a credential tell.
    pub environments: Vec<&'a str>,
    /// Whose it is.
    pub ownership: Option<&'a Ownership>,
    /// What it may do.
    pub privilege: Option<&'a Privilege>,
    /// When it was created.
    pub created: Option<&'a str>,
    /// When it ends.
    pub expires: Option<&'a When>,
    /// Whether that was before the scan.
    pub expired: bool,
    /// When it was last used.
    pub last_used: Option<&'a When>,
    /// The day it was registered to end.
    pub registered_end: Option<&'a str>,
    /// Whether that was before the day of the scan.
    pub past_registered_end: bool,
    /// The day by which its need is to be reviewed, as registered.
    pub review_by: Option<&'a str>,
    /// The owner that a registry entry, or of a vendor its register, names, where no identity tells of one.
    pub named_owner: Option<&'a str>,
    /// What it is for.
    pub purpose: Option<&'a str>,
    /// Where it was read.
    pub evidence: Vec<&'a Evidence>,
}

impl<'a> Subject<'a> {
    /// The state of ownership; `unknown` where nothing was concluded.
    pub fn owner_state(&self) -> &str {
        owner_state(self.ownership)
    }

    /// What is known of the credential at one of its places.
    pub fn exposure(&self, place: &Evidence) -> Option<&'a Exposure> {
        let mut exposures = self.credential.into_iter().flat_map(|c| &c.exposures);
        exposures.find(|exposure| exposure.evidence == *place)
    }

    /// Its tier; empty for what has no privilege of its own.
    pub fn tier(&self) -> &str {
        self.privilege.map_or("", tier)
    }
}

/// The state of ownership; `unknown` where nothing was concluded.
pub(super) fn owner_state(ownership: Option<&Ownership>) -> &str {
    match ownership.map_or("", |o| &*o.state) {
        "" => "unknown",
        state => state,
    }
}

/// The reference of a subject of this kind and id in every report: `nhi-` and 16 hexadecimal digits.
pub fn ref_id(kind: &str, id: &str) -> String {
    reference(&Fingerprinter::new(None), kind, id)
}

fn reference(fingerprinter: &Fingerprinter, kind: &str, id: &str) -> String {
    let digest = fingerprinter.bytes(&[kind.as_bytes(), id.as_bytes()]);
    let short: String = digest.to_string().chars().take(16).collect();
    format!("nhi-{short}")
}

/// The tier that it holds itself: what everybody is given is told once, of everybody. `unknown` where
/// nothing was concluded.
pub fn tier(privilege: &Privilege) -> &str {
    match (&*privilege.own_tier, &*privilege.tier) {
        ("", "") => "unknown",
        ("", tier) => tier,
        (own, _) => own,
    }
}

/// Subjects of a snapshot by id.
pub(super) struct Subjects<'a> {
    pub(super) identities: BTreeMap<&'a str, &'a Identity>,
    pub(super) credentials: BTreeMap<&'a str, &'a Credential>,
    trusts: BTreeMap<&'a str, &'a Trust>,
    workloads: BTreeMap<&'a str, &'a Workload>,
    jobs: BTreeMap<&'a str, &'a Job>,
    declarations: BTreeMap<&'a str, &'a Declaration>,
    pub(super) containers: BTreeMap<&'a str, &'a Container>,
    vendors: BTreeMap<&'a str, &'a Vendor>,
    fingerprinter: Fingerprinter,
    now: Option<Timestamp>,
}

impl<'a> Subjects<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            identities: index(&snapshot.identities, |i| &i.id),
            credentials: index(&snapshot.credentials, |c| &c.id),
            trusts: index(&snapshot.trusts, |t| &t.id),
            workloads: index(&snapshot.workloads, |w| &w.id),
            jobs: index(&snapshot.jobs, |j| &j.id),
            declarations: index(&snapshot.declarations, |d| &d.id),
            containers: index(&snapshot.containers, |c| &c.id),
            vendors: index(&snapshot.vendors, |v| &v.id),
            fingerprinter: Fingerprinter::new(None),
            now: Timestamp::parse(&snapshot.scanned_at),
        }
    }

    pub(super) fn identity(&self, identity: &'a Identity) -> Subject<'a> {
        let mut subject = self.blank("identity", &identity.id, identity.name.to_string());
        self.of_identity(&mut subject, identity);
        subject.sort = &identity.kind;
        let declaration = identity.declaration.as_deref();
        if let Some(declaration) = declaration.and_then(|id| self.declarations.get(id)) {
            self.registered(&mut subject, declaration);
        }
        subject.created = identity.created.as_deref();
        subject.expires = Some(&identity.expires);
        subject.last_used = Some(&identity.last_used);
        subject.evidence = identity.evidence.iter().collect();
        self.judge_end(subject)
    }

    pub(super) fn credential(&self, credential: &'a Credential) -> Subject<'a> {
        let mut subject = self.blank("credential", &credential.id, credential_name(credential));
        let identity = credential.identity.as_deref();
        if let Some(identity) = identity.and_then(|id| self.identities.get(id)) {
            self.of_identity(&mut subject, identity);
        }
        subject.credential = Some(credential);
        subject.platform = &credential.issuer;
        subject.sort = &credential.kind;
        if owner_state(Some(&credential.ownership)) != "unknown" || subject.ownership.is_none() {
            subject.ownership = Some(&credential.ownership);
        }
        for exposure in &credential.exposures {
            if let Some(environment) = exposure.environment.as_deref()
                && !subject.environments.contains(&environment)
            {
                subject.environments.push(environment);
            }
        }
        subject.created = credential.created.as_deref();
        subject.expires = Some(&credential.expires);
        subject.last_used = Some(&credential.last_used);
        let exposures = credential.exposures.iter().map(|e| &e.evidence);
        subject.evidence = exposures.chain(&credential.records).collect();
        self.judge_end(subject)
    }

    /// What a finding or a change names; known only by its name where the inventory lacks it.
    pub(super) fn find(&self, named: &'a crate::snapshot::Subject) -> Subject<'a> {
        let id = &*named.id;
        // A job and the identity that it acts as are one to whoever reads of them.
        let acting = (&*named.kind == "job").then(|| self.jobs.get(id)).flatten();
        if let Some((job, identity)) =
            acting.and_then(|job| Some((job, self.identities.get(&*job.runs_as)?)))
        {
            let mut subject = self.identity(identity);
            if subject.environments.is_empty() {
                subject.environments.extend(job.environment.as_deref());
            }
            return subject;
        }
        let mut subject = match &*named.kind {
            "identity" => match self.identities.get(id) {
                Some(identity) => self.identity(identity),
                None => self.blank("identity", id, named.name.to_string()),
            },
            "credential" => match self.credentials.get(id) {
                Some(credential) => self.credential(credential),
                None => self.blank("credential", id, named.name.to_string()),
            },
            kind => self.blank(kind, id, named.name.to_string()),
        };
        match &*named.kind {
            "trust" => {
                if let Some(trust) = self.trusts.get(id) {
                    self.behind(&mut subject, &trust.target);
                    subject.evidence = vec![&trust.evidence];
                }
            }
            "workload" => {
                if let Some(workload) = self.workloads.get(id) {
                    self.behind(&mut subject, &workload.runs_as);
                    subject.sort = &workload.kind;
                    subject.evidence = vec![&workload.evidence];
                }
            }
            "job" => {
                if let Some(job) = self.jobs.get(id) {
                    subject.platform = &job.platform;
                    subject.environments.extend(job.environment.as_deref());
                    subject.evidence = vec![&job.evidence];
                }
            }
            "declaration" => {
                if let Some(declaration) = self.declarations.get(id) {
                    if let [only] = &*declaration.identities {
                        self.behind(&mut subject, only);
                        subject.expires = subject.identity.map(|i| &i.expires);
                    }
                    self.registered(&mut subject, declaration);
                    subject.named_owner = declaration.owner.as_deref();
                    subject.purpose = declaration.purpose.as_deref();
                    subject.evidence = vec![&declaration.evidence];
                }
            }
            "container" => {
                if let Some(container) = self.containers.get(id) {
                    subject.platform = super::owners::platform_of(container);
                    subject.sort = &container.kind;
                    subject.ownership = Some(&container.ownership);
                    subject.review_by = container.review.as_ref().and_then(|r| r.date.as_deref());
                    subject.evidence = container.evidence.iter().collect();
                }
            }
            "vendor" => {
                if let Some(vendor) = self.vendors.get(id) {
                    subject.named_owner = vendor.owner.as_deref();
                    subject.evidence = vendor.evidence.iter().collect();
                }
            }
            _ => {}
        }
        if !named.name.is_empty() {
            subject.name = named.name.to_string();
        }
        self.judge_end(subject)
    }

    fn registered(&self, subject: &mut Subject<'a>, declaration: &'a Declaration) {
        // What cannot be read as a date is told as a problem of the registry.
        let date = |text: &'a Option<String>| {
            let text = text.as_deref();
            text.filter(|t| Timestamp::parse(t).is_some())
        };
        subject.review_by = date(&declaration.review_by);
        subject.registered_end = date(&declaration.expires);
        let today = self.now.map(|now| now.date());
        subject.past_registered_end = match (subject.registered_end, &today) {
            (Some(end), Some(today)) => end < today.as_str(),
            _ => false,
        };
    }

    fn behind(&self, subject: &mut Subject<'a>, id: &str) {
        if let Some(identity) = self.identities.get(id) {
            self.of_identity(subject, identity);
        }
    }

    fn of_identity(&self, subject: &mut Subject<'a>, identity: &'a Identity) {
        let prefix = match &*identity.platform {
            "kubernetes" => "k8s",
            platform => platform,
        };
        subject.identity = Some(identity);
        subject.platform = &identity.platform;
        subject.account = identity.account.as_ref().map(|a| format!("{prefix}:{a}"));
        subject.environments = identity.environment.as_deref().into_iter().collect();
        subject.ownership = Some(&identity.ownership);
        subject.privilege = Some(&identity.privilege);
        subject.purpose = identity.purpose.as_deref();
    }

    fn judge_end(&self, mut subject: Subject<'a>) -> Subject<'a> {
        let end = subject.expires.and_then(When::at);
        subject.expired = match (end.and_then(Timestamp::parse), self.now) {
            (Some(end), Some(now)) => end <= now,
            _ => false,
        };
        subject
    }

    fn blank(&self, kind: &'a str, id: &'a str, name: String) -> Subject<'a> {
        Subject {
            ref_id: reference(&self.fingerprinter, kind, id),
            kind,
            id,
            name: if name.is_empty() { id.to_owned() } else { name },
            identity: None,
            credential: None,
            platform: "",
            sort: kind,
            account: None,
            environments: Vec::new(),
            ownership: None,
            privilege: None,
            created: None,
            expires: None,
            expired: false,
            last_used: None,
            registered_end: None,
            past_registered_end: false,
            review_by: None,
            named_owner: None,
            purpose: None,
            evidence: Vec::new(),
        }
    }
}

/// What to call a credential: `AWS access key AKIA…`.
pub(super) fn credential_name(credential: &Credential) -> String {
    match credential.display.as_deref() {
        Some(display) if display != "…" => format!("{} {display}", credential.title),
        // Of some secrets nothing may be shown; the start of a fingerprint tells two apart.
        _ => match credential.id.strip_prefix("secret:") {
            Some(fingerprint) => {
                let start = fingerprint.get(..8).unwrap_or(fingerprint);
                format!("{} {start}", credential.title)
            }
            None => credential.title.clone(),
        },
    }
}

fn index<'a, T>(items: &'a [T], id: impl Fn(&'a T) -> &'a str) -> BTreeMap<&'a str, &'a T> {
    items.iter().map(|item| (id(item), item)).collect()
}
