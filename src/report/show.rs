//! One identity, one container, or one credential that nobody is known to hold: whose, what, when, and how that is
//! known.

use super::container::{self, ContainerView};
use super::details;
use super::subject::{Subject, Subjects};
use super::view::severity;
use super::{Style, text};
use crate::snapshot::{
    Change, Credential, Declaration, Evidence, Finding, Identity, Job, SecretUse, Snapshot, Trust,
    Workload,
};
use serde::Serialize;
use std::cmp::Reverse;
use std::io;

/// How many candidates are offered.
const CANDIDATES: usize = 20;

/// What a query names.
#[derive(Clone, Debug)]
pub enum Lookup<'a> {
    /// One identity.
    Identity(Box<IdentityView<'a>>),
    /// One credential of which no identity is known.
    Credential(Box<CredentialView<'a>>),
    /// One namespace, account, project, …
    Container(Box<ContainerView<'a>>),
    /// Several: their ids, at most 20, and how many there are.
    Several(Vec<&'a str>, usize),
    /// None; ids that look like it, which may be none either.
    Unknown(Vec<&'a str>),
}

/// An identity with everything that belongs to it.
#[derive(Clone, Debug, Serialize)]
pub struct IdentityView<'a> {
    /// The time of the scan.
    pub scanned_at: &'a str,
    /// The identity.
    pub identity: &'a Identity,
    /// What its account is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_name: Option<&'a str>,
    /// Its credentials.
    pub credentials: Vec<&'a Credential>,
    /// Who may become it.
    pub trusts: Vec<&'a Trust>,
    /// Ids of the identities that become it by design.
    pub become_by: Vec<&'a str>,
    /// What runs as it.
    pub workloads: Vec<&'a Workload>,
    /// The jobs of CI systems that act as it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<&'a Job>,
    /// The secrets that it is handed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secret_uses: Vec<&'a SecretUse>,
    /// What the registry says of it.
    pub declarations: Vec<&'a Declaration>,
    /// Its findings and those of its credentials, trusts and workloads, the worst first.
    pub findings: Vec<&'a Finding>,
    /// What changed about these since the baseline.
    pub changes: Vec<&'a Change>,
    /// Whether a person asked for the smaller policy, too.
    #[serde(skip)]
    pub proposal: bool,
    /// What it is as a row of a report.
    #[serde(skip)]
    pub subject: Subject<'a>,
}

/// A credential with everything that belongs to it.
#[derive(Clone, Debug, Serialize)]
pub struct CredentialView<'a> {
    /// The time of the scan.
    pub scanned_at: &'a str,
    /// The credential.
    pub credential: &'a Credential,
    /// Its findings, the worst first.
    pub findings: Vec<&'a Finding>,
    /// What changed about it since the baseline.
    pub changes: Vec<&'a Change>,
    /// What it is as a row of a report.
    #[serde(skip)]
    pub subject: Subject<'a>,
}

/// Looks a subject up: by id; else by the id of a credential it holds; else by a name, an issuer's key
/// id, what is shown of a secret's end or the start of its fingerprint, the file (and line) in which a
/// credential stands, or the end of an id that only one has.
pub fn identity<'a>(snapshot: &'a Snapshot, query: &str) -> Lookup<'a> {
    let subjects = Subjects::new(snapshot);
    let query = query.trim();
    let found = |id: &str| found(snapshot, &subjects, id);
    if let Some(view) = found(query) {
        return view;
    }
    if query.is_empty() {
        return Lookup::Unknown(Vec::new());
    }
    for matches in [
        named(snapshot, query),
        shown(snapshot, query),
        standing(snapshot, query),
        ending(snapshot, query),
        containing(snapshot, query),
    ] {
        match &*matches {
            [] => {}
            [only] => {
                if let Some(view) = found(only) {
                    return view;
                }
            }
            several => {
                let few = several.iter().take(CANDIDATES).copied().collect();
                return Lookup::Several(few, several.len());
            }
        }
    }
    Lookup::Unknown(similar(snapshot, query))
}

/// Writes what a query named, for a person.
pub fn write(lookup: &Lookup<'_>, out: &mut dyn io::Write, style: &Style) -> io::Result<()> {
    match lookup {
        Lookup::Identity(view) => details::identity(view, out, style),
        Lookup::Credential(view) => details::credential(view, out, style),
        Lookup::Container(view) => container::write(view, out, style),
        Lookup::Several(ids, all) => {
            writeln!(out, "{all} match; name one by its id:")?;
            list(ids, out)?;
            match all - ids.len() {
                0 => Ok(()),
                n => writeln!(out, "  … and {n} more"),
            }
        }
        Lookup::Unknown(ids) if ids.is_empty() => {
            writeln!(out, "no such identity, credential or container")
        }
        Lookup::Unknown(ids) => {
            writeln!(out, "these are like it:")?;
            list(ids, out)
        }
    }
}

/// Writes what a query named, for a program.
pub fn write_json(lookup: &Lookup<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Candidates<'a> {
        candidates: &'a [&'a str],
    }
    match lookup {
        Lookup::Identity(view) => serde_json::to_writer_pretty(&mut *out, view)?,
        Lookup::Credential(view) => serde_json::to_writer_pretty(&mut *out, view)?,
        Lookup::Container(view) => serde_json::to_writer_pretty(&mut *out, view)?,
        Lookup::Several(ids, _) | Lookup::Unknown(ids) => {
            serde_json::to_writer_pretty(&mut *out, &Candidates { candidates: ids })?;
        }
    }
    out.write_all(b"\n")
}

fn list(ids: &[&str], out: &mut dyn io::Write) -> io::Result<()> {
    ids.iter()
        .try_for_each(|id| writeln!(out, "  {}", text::clean(id)))
}

fn found<'a>(snapshot: &'a Snapshot, subjects: &Subjects<'a>, id: &str) -> Option<Lookup<'a>> {
    if let Some(identity) = subjects.identities.get(id) {
        let view = identity_view(snapshot, subjects, identity);
        return Some(Lookup::Identity(Box::new(view)));
    }
    if let Some(container) = subjects.containers.get(id) {
        let belongs = |s: &crate::snapshot::Subject| s.kind == "container" && *s.id == *id;
        return Some(Lookup::Container(Box::new(ContainerView {
            scanned_at: &snapshot.scanned_at,
            container,
            inherited_by: container::inherited_by(snapshot, container),
            findings: findings(snapshot, belongs),
            changes: changes(snapshot, belongs),
        })));
    }
    let credential = subjects.credentials.get(id)?;
    let holder = credential.identity.as_deref();
    Some(match holder.and_then(|id| subjects.identities.get(id)) {
        Some(identity) => {
            let view = identity_view(snapshot, subjects, identity);
            Lookup::Identity(Box::new(view))
        }
        None => Lookup::Credential(Box::new(CredentialView {
            scanned_at: &snapshot.scanned_at,
            credential,
            findings: findings(snapshot, |f| {
                f.kind == "credential" && f.id == credential.id
            }),
            changes: changes(snapshot, |c| {
                c.kind == "credential" && c.id == credential.id
            }),
            subject: subjects.credential(credential),
        })),
    })
}

fn identity_view<'a>(
    snapshot: &'a Snapshot,
    subjects: &Subjects<'a>,
    identity: &'a Identity,
) -> IdentityView<'a> {
    let id = &*identity.id;
    let holds = |c: &&Credential| c.identity.as_deref() == Some(id);
    let credentials: Vec<_> = snapshot.credentials.iter().filter(holds).collect();
    let trusts: Vec<_> = snapshot
        .trusts
        .iter()
        .filter(|t| *t.target == *id)
        .collect();
    let runs = |w: &&Workload| w.runs_as == id;
    let workloads: Vec<_> = snapshot.workloads.iter().filter(runs).collect();
    let jobs: Vec<_> = snapshot.jobs.iter().filter(|j| *j.runs_as == *id).collect();
    let secret_uses = snapshot.secret_uses.iter().filter(|s| *s.user == *id);
    let speaks = |d: &&Declaration| d.identities.iter().any(|i| **i == *id);
    let declarations: Vec<_> = snapshot.declarations.iter().filter(speaks).collect();
    let becoming = snapshot.identities.iter();
    let becoming = becoming.filter(|i| i.becomes.iter().any(|other| **other == *id));
    let belongs = |s: &crate::snapshot::Subject| match &*s.kind {
        "identity" => *s.id == *id,
        "credential" => credentials.iter().any(|c| c.id == s.id),
        "trust" => trusts.iter().any(|t| t.id == s.id),
        "workload" => workloads.iter().any(|w| *w.id == *s.id),
        "job" => jobs.iter().any(|j| *j.id == *s.id),
        "declaration" => declarations.iter().any(|d| *d.id == *s.id),
        _ => false,
    };
    IdentityView {
        proposal: false,
        account_name: identity.account.as_ref().and_then(|account| {
            let name = snapshot.account_names.get(&**account)?;
            Some(&**name)
        }),
        scanned_at: &snapshot.scanned_at,
        identity,
        findings: findings(snapshot, belongs),
        changes: changes(snapshot, belongs),
        become_by: becoming.map(|i| &*i.id).collect(),
        subject: subjects.identity(identity),
        credentials,
        trusts,
        workloads,
        secret_uses: secret_uses.collect(),
        jobs,
        declarations,
    }
}

fn findings(
    snapshot: &Snapshot,
    belongs: impl Fn(&crate::snapshot::Subject) -> bool,
) -> Vec<&Finding> {
    let all = snapshot.findings.iter();
    let mut findings: Vec<_> = all.filter(|f| belongs(&f.subject)).collect();
    findings.sort_by(|a, b| {
        let key = |f: &&Finding| (f.waiver.is_some(), Reverse(severity(&f.severity)));
        (key(a), &a.check, &a.subject).cmp(&(key(b), &b.check, &b.subject))
    });
    findings
}

fn changes(
    snapshot: &Snapshot,
    belongs: impl Fn(&crate::snapshot::Subject) -> bool,
) -> Vec<&Change> {
    let all = snapshot.baseline.iter().flat_map(|b| &b.changes);
    all.filter(|c| belongs(&c.subject)).collect()
}

/// Ids of identities with this name, and of credentials with this public id.
fn named<'a>(snapshot: &'a Snapshot, query: &str) -> Vec<&'a str> {
    let same = |text: &str| text.eq_ignore_ascii_case(query);
    let identities = snapshot.identities.iter();
    let identities = identities.filter(|i| same(&i.name)).map(|i| &*i.id);
    let credentials = snapshot.credentials.iter();
    let shown = |c: &&Credential| c.display.as_deref().is_some_and(same);
    sorted(identities.chain(credentials.filter(shown).map(|c| &*c.id)))
}

/// Ids of containers with this name, or that end in it.
fn containing<'a>(snapshot: &'a Snapshot, query: &str) -> Vec<&'a str> {
    let ends = |id: &str| {
        let rest = id.strip_suffix(query);
        rest.is_some_and(|rest| rest.ends_with(['/', ':']))
    };
    let containers = snapshot.containers.iter();
    let found = containers.filter(|c| c.name.eq_ignore_ascii_case(query) || ends(&c.id));
    sorted(found.map(|c| &*c.id))
}

/// Ids of secrets of which this is what reports show: the end behind `…`, or the start of the fingerprint.
fn shown<'a>(snapshot: &'a Snapshot, query: &str) -> Vec<&'a str> {
    let shows = |c: &&Credential| {
        let end = c.display.as_deref().and_then(|d| d.rsplit_once('…'));
        let fingerprint = c.id.strip_prefix("secret:").unwrap_or_default();
        end.is_some_and(|(_, end)| end == query)
            || (query.len() >= 8 && fingerprint.starts_with(query))
    };
    let credentials = snapshot.credentials.iter().filter(shows);
    sorted(credentials.map(|c| &*c.id))
}

/// Ids of credentials that stand in the open in this file, or in this line of it: `app/.env:3`.
fn standing<'a>(snapshot: &'a Snapshot, query: &str) -> Vec<&'a str> {
    let stands = |e: &Evidence| match query.strip_prefix(&*e.path) {
        Some("") => true,
        Some(rest) => match (rest.strip_prefix(':'), e.line) {
            (Some(line), Some(is)) => line.parse() == Ok(is),
            _ => false,
        },
        None => false,
    };
    let credentials = snapshot.credentials.iter();
    let found = credentials.filter(|c| c.exposures.iter().any(|e| stands(&e.evidence)));
    sorted(found.map(|c| &*c.id))
}

/// Ids that end in this after a separator: `payments/api`, `user/ci-deploy`.
fn ending<'a>(snapshot: &'a Snapshot, query: &str) -> Vec<&'a str> {
    sorted(ids(snapshot).filter(|id| {
        id.strip_suffix(query)
            .is_some_and(|rest| rest.ends_with(['/', ':', '#']))
    }))
}

/// Ids that contain this or whose names are almost this.
fn similar<'a>(snapshot: &'a Snapshot, query: &str) -> Vec<&'a str> {
    // The cost of a comparison is the product of the lengths, and both come from strangers.
    if query.len() > 200 {
        return Vec::new();
    }
    let lower = query.to_lowercase();
    let like = |id: &&str| {
        let name = id.rsplit(['/', ':', '#']).next().unwrap_or_default();
        id.to_lowercase().contains(&lower)
            || (name.len() <= 200 && strsim::jaro_winkler(&name.to_lowercase(), &lower) > 0.85)
    };
    let mut similar = sorted(
        ids(snapshot)
            .chain(snapshot.containers.iter().map(|c| &*c.id))
            .filter(like),
    );
    similar.truncate(CANDIDATES);
    similar
}

fn ids(snapshot: &Snapshot) -> impl Iterator<Item = &str> {
    let identities = snapshot.identities.iter().map(|i| &*i.id);
    identities.chain(snapshot.credentials.iter().map(|c| &*c.id))
}

fn sorted<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
