//! Who wrote what: asked of git where nobody is declared, or where both are to be compared.

use super::history::OwnersAsked;
use crate::model::{
    Attribution, Container, Coverage, Evidence, Identity, Inventory, Method, Owner, OwnerHistory,
    Presence, Problem, ProblemKind, Str, SubjectId, Timestamp,
};
use crate::ownership::{Agreement, OwnershipOptions, Resolved};
use crate::source::authors::{self, Candidate, Place, Sought};
use crate::source::history;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Readers whose documents list or mention things but do not declare them: who commits an export says
/// nothing about what it lists. So do those of every AWS export (`aws-…`).
const LISTING: [&str; 8] = [
    "backstage",
    "cloud-containers",
    "codeowners",
    "entra",
    "google-cloud",
    "registry",
    "roster",
    "secrets",
];
/// Candidates that are told for one subject.
const TOLD: usize = 5;
/// What is said of a copy of a repository whose beginning is missing, here as where secrets are looked for.
const SHALLOW: &str = "history is shallow: what is older than its first commits is not there";

/// What is asked, and how.
pub(super) struct Asking<'a> {
    pub(super) wanted: OwnersAsked,
    pub(super) roots: &'a [PathBuf],
    pub(super) now: Timestamp,
    pub(super) ownership: &'a OwnershipOptions,
}

/// What is asked of one repository: subjects, each with its places and where those were read.
type Asked = Vec<(SubjectId, Vec<(Place, Evidence)>)>;

/// Whom commits suggest for identities, containers and leaked credentials.
pub(super) fn commit_authors(
    inventory: &Inventory,
    coverage: &mut Coverage,
    declared: &Resolved,
    asking: &Asking<'_>,
) -> Vec<Attribution> {
    if coverage.repositories.is_empty() && coverage.history.repositories == 0 {
        return Vec::new();
    }
    let sources = Sources::new(inventory);
    let mut wanted: BTreeMap<Str, Asked> = BTreeMap::new();
    let mut found: BTreeMap<SubjectId, Vec<(Candidate, Evidence)>> = BTreeMap::new();
    let mut owners = OwnerHistory::default();
    for (subject, ownership) in &declared.ownership {
        let undeclared = ownership.owner.is_none();
        if undeclared {
            let introduced = sources.introduced(subject, asking.now);
            if !introduced.is_empty() {
                found.insert(subject.clone(), introduced);
            }
        }
        let due = match asking.wanted {
            OwnersAsked::All => true,
            OwnersAsked::Undeclared => undeclared,
            OwnersAsked::None => false,
        };
        if !due {
            continue;
        }
        let mut by_root: BTreeMap<&Str, Vec<(Place, Evidence)>> = BTreeMap::new();
        for (root, place, evidence) in sources.places(subject) {
            by_root.entry(root).or_default().push((place, evidence));
        }
        owners.asked += u64::from(!by_root.is_empty());
        for (root, places) in by_root {
            let asked = wanted.entry(root.clone()).or_default();
            asked.push((subject.clone(), places));
        }
    }
    for (root, asked) in wanted {
        let places = |places: &[(Place, Evidence)]| places.iter().map(|(p, _)| p.clone()).collect();
        let subjects: Vec<Vec<Place>> = asked.iter().map(|(_, own)| places(own)).collect();
        let note = |kind, why: String| Problem {
            path: root.clone(),
            line: None,
            column: None,
            kind,
            reader: "history",
            message: why.into(),
        };
        let answers = match authors::ask(Path::new(&*root), asking.roots, &subjects, asking.now) {
            Ok(answers) => answers,
            Err(why) => {
                let why = format!("{why}; nobody is suggested from it");
                coverage.problems.insert(note(ProblemKind::Note, why));
                continue;
            }
        };
        owners.commits += answers.commits;
        if answers.shallow {
            coverage
                .problems
                .insert(note(ProblemKind::Note, SHALLOW.to_owned()));
        }
        if answers.limited {
            let why = "the histories of its files were not all followed to their beginnings";
            coverage
                .problems
                .insert(note(ProblemKind::Limited, why.to_owned()));
        }
        for ((subject, places), candidates) in asked.into_iter().zip(answers.candidates) {
            let of_subject = found.entry(subject).or_default();
            for candidate in candidates {
                if let Some((_, evidence)) = places.get(candidate.place) {
                    of_subject.push((candidate, evidence.clone()));
                }
            }
        }
    }
    found.retain(|_, candidates| !candidates.is_empty());
    found.values_mut().for_each(settle);
    compare(inventory, declared, asking, &found, &mut owners);
    coverage.history.owners = owners;
    let claims = found.into_iter().flat_map(|(subject, candidates)| {
        let ranked = (0u32..).zip(candidates);
        let claim = move |(rank, (candidate, evidence)): (u32, (Candidate, Evidence))| {
            claim(subject.clone(), rank, candidate, evidence)
        };
        ranked.map(claim)
    });
    claims.collect()
}

/// The best first, each party once.
fn settle(candidates: &mut Vec<(Candidate, Evidence)>) {
    candidates.sort_by(|(a, at), (b, there)| {
        let key = |c: &Candidate| (c.score, c.when);
        let order = key(b).cmp(&key(a)).then_with(|| a.owner.cmp(&b.owner));
        order.then_with(|| at.cmp(there))
    });
    let mut seen = BTreeSet::new();
    candidates.retain(|(candidate, _)| seen.insert(candidate.owner.clone()));
    authors::shorten(candidates, TOLD, |(candidate, _)| candidate);
}

fn claim(subject: SubjectId, rank: u32, candidate: Candidate, evidence: Evidence) -> Attribution {
    Attribution {
        method: Method::CommitAuthor,
        subject,
        rank,
        owner: candidate.owner,
        raw: candidate.raw.into(),
        as_of: Some(candidate.when),
        evidence: Evidence {
            pointer: Some(format!("commit {}", candidate.commit).into()),
            reader: "git",
            ..evidence
        },
        why: Some(candidate.why.into()),
    }
}

/// Counts how often suggestions agree with declared owners.
fn compare(
    inventory: &Inventory,
    declared: &Resolved,
    asking: &Asking<'_>,
    found: &BTreeMap<SubjectId, Vec<(Candidate, Evidence)>>,
    owners: &mut OwnerHistory,
) {
    let people: BTreeSet<&Owner> = found.values().flatten().map(|(c, _)| &c.owner).collect();
    let mut agreement = Agreement::new(inventory, asking.ownership, people);
    for (subject, candidates) in found {
        owners.answered += 1;
        let ownership = declared.ownership.get(subject);
        let Some(owner) = ownership.and_then(|ownership| ownership.owner.as_ref()) else {
            continue;
        };
        let mut said = candidates
            .iter()
            .map(|(c, _)| agreement.says(owner, &c.owner));
        match said.next().flatten() {
            Some(true) => owners.agree += 1,
            first => {
                if said.any(|said| said == Some(true)) {
                    owners.differ += 1;
                    owners.among += 1;
                } else if first.is_some() {
                    owners.differ += 1;
                } else {
                    owners.not_comparable += 1;
                }
            }
        }
    }
}

/// Where subjects were brought in by commits.
struct Sources<'a> {
    inventory: &'a Inventory,
    containers: BTreeMap<&'a str, Vec<&'a Container>>,
}

impl<'a> Sources<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let mut containers: BTreeMap<&str, Vec<&Container>> = BTreeMap::new();
        for container in &inventory.containers {
            containers.entry(&container.id).or_default().push(container);
        }
        Self {
            inventory,
            containers,
        }
    }

    /// The places of a subject with the roots of their repositories: manifests that declare it, and where a
    /// credential stands in the open.
    fn places(&self, subject: &SubjectId) -> Vec<(&'a Str, Place, Evidence)> {
        match subject {
            SubjectId::Identity(id) => {
                let identity = self.inventory.identities.get(id);
                let declared = |i: &&Identity| i.presence.contains(&Presence::Declared);
                let identity = identity.filter(declared);
                let places = identity.iter().flat_map(|identity| {
                    let names = names(identity);
                    let own = identity.evidence.iter().filter(|e| declares(e));
                    own.filter_map(move |e| place(e, Sought::Named(names.clone())))
                });
                places.collect()
            }
            SubjectId::Container(id) => {
                let containers = self.containers.get(&**id).into_iter().flatten();
                let places = containers
                    .filter(|c| declares(&c.evidence))
                    .filter_map(|c| place(&c.evidence, Sought::Named(vec![c.name.to_string()])));
                places.collect()
            }
            SubjectId::Credential(id) => {
                let exposures = self.inventory.credentials.get(id).map(|c| &c.exposures);
                // Who brought it in was found with it, and is not asked for again.
                let open = exposures.into_iter().flatten();
                let open = open.filter(|e| e.in_tree && e.introduced.is_none());
                let places =
                    open.filter_map(|e| place(&e.evidence, Sought::Here(e.evidence.column)));
                places.collect()
            }
            _ => Vec::new(),
        }
    }

    /// Who brought a leaked credential in, as its history told already.
    fn introduced(&self, subject: &SubjectId, now: Timestamp) -> Vec<(Candidate, Evidence)> {
        let SubjectId::Credential(id) = subject else {
            return Vec::new();
        };
        let exposures = self.inventory.credentials.get(id).map(|c| &c.exposures);
        let told = exposures.into_iter().flatten().filter_map(|exposure| {
            let commit = exposure.introduced.as_ref()?;
            // Where history is cut off, the first commit that holds it need not have brought it in.
            if exposure
                .reasons
                .iter()
                .any(|reason| **reason == *history::CUT)
            {
                return None;
            }
            let owner = authors::behind(&commit.author, &commit.mail)?;
            let when = commit.when.min(now);
            let (name, mail) = (authors::shown(&commit.author), authors::shown(&commit.mail));
            let candidate = Candidate {
                owner,
                raw: format!("{name} <{mail}>"),
                commit: commit.id.to_string(),
                when,
                score: authors::introduction(when, now),
                place: 0,
                introduced: true,
                why: format!("brought it in on {}", when.date()),
            };
            Some((candidate, exposure.evidence.clone()))
        });
        told.collect()
    }
}

/// What an identity may be called where it is declared: its name, and the last part of that and of its id.
fn names(identity: &Identity) -> Vec<String> {
    let last = |text: &str| text.rsplit(['/', ':']).next().unwrap_or(text).to_owned();
    let mut names = vec![
        identity.name.to_string(),
        last(&identity.name),
        last(&identity.id.0),
    ];
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

fn declares(evidence: &Evidence) -> bool {
    !evidence.reader.starts_with("aws-") && !LISTING.contains(&evidence.reader)
}

/// A place in a file of a repository, with the root of that.
fn place(evidence: &Evidence, sought: Sought) -> Option<(&Str, Place, Evidence)> {
    let origin = &evidence.origin;
    let root = &origin.repository.as_ref()?.root;
    let file = below(root, origin.on_disk())?.to_owned();
    // Versions of an archive are not looked into.
    let sought = match origin.archive {
        Some(_) => Sought::Named(Vec::new()),
        None => sought,
    };
    let line = evidence.line;
    Some((root, Place { file, line, sought }, evidence.clone()))
}

/// A path relative to a root that is written in the same way.
fn below<'a>(root: &str, path: &'a str) -> Option<&'a str> {
    if root == "." {
        return (!path.starts_with('/') && !path.starts_with("../")).then_some(path);
    }
    path.strip_prefix(root)?.strip_prefix('/')
}
