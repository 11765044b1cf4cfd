//! Who last changed what: asked of git only where nobody is declared.

use crate::model::{
    Attribution, Coverage, Evidence, Inventory, Method, Owner, Presence, Str, SubjectId,
};
use crate::ownership::Resolved;
use crate::source::authors;
use std::collections::BTreeMap;
use std::path::Path;

/// Files whose last author is looked up at most, when nobody is declared.
const MAX_AUTHORED: usize = 5_000;

/// Who last changed the files that brought in identities and leaked credentials for which nobody is
/// declared; git is asked for what is not known yet only where that is wanted.
pub(super) fn commit_authors(
    inventory: &Inventory,
    coverage: &Coverage,
    declared: &Resolved,
    ask: bool,
) -> Vec<Attribution> {
    if coverage.repositories.is_empty() && coverage.history.repositories == 0 {
        return Vec::new();
    }
    let mut from_history = Vec::new();
    let undeclared = declared
        .ownership
        .iter()
        .filter(|(_, o)| o.owner.is_none())
        .map(|(subject, _)| subject);
    // Repository root, file below it → the subjects that the file brought in, with where.
    let mut wanted: BTreeMap<Str, BTreeMap<String, Vec<(SubjectId, Evidence)>>> = BTreeMap::new();
    let mut count = 0;
    for subject in undeclared {
        from_history.extend(introduced(inventory, subject));
        for evidence in committed_evidence(inventory, subject)
            .into_iter()
            .filter(|_| ask)
        {
            let Some(repository) = &evidence.origin.repository else {
                continue;
            };
            let Some(file) = below(&repository.root, evidence.origin.on_disk()) else {
                continue;
            };
            let files = wanted.entry(repository.root.clone()).or_default();
            if count >= MAX_AUTHORED && !files.contains_key(file) {
                continue;
            }
            count += usize::from(!files.contains_key(file));
            files
                .entry(file.to_owned())
                .or_default()
                .push((subject.clone(), evidence));
        }
    }
    let mut claims = from_history;
    for (root, files) in wanted {
        let names = files.keys().cloned().collect();
        for (file, author) in authors::last(Path::new(&*root), &names) {
            for (subject, evidence) in files.get(&file).into_iter().flatten() {
                claims.push(Attribution {
                    method: Method::CommitAuthor,
                    subject: subject.clone(),
                    owner: Owner::Mail(author.mail.as_str().into()),
                    raw: format!("{} <{}>", author.name, author.mail).into(),
                    as_of: Some(author.when),
                    evidence: Evidence {
                        pointer: Some(format!("commit {}", author.commit).into()),
                        reader: "git",
                        ..evidence.clone()
                    },
                });
            }
        }
    }
    claims
}

/// Who brought a leaked credential in, as its history told already.
fn introduced(inventory: &Inventory, subject: &SubjectId) -> Vec<Attribution> {
    let SubjectId::Credential(id) = subject else {
        return Vec::new();
    };
    let exposures = inventory.credentials.get(id).map(|c| &c.exposures);
    let exposures = exposures.into_iter().flatten();
    exposures
        .filter_map(|exposure| Some((exposure, exposure.introduced.as_ref()?)))
        .filter(|(_, commit)| !authors::unattended(&commit.author, &commit.mail))
        .map(|(exposure, commit)| Attribution {
            method: Method::CommitAuthor,
            subject: subject.clone(),
            owner: Owner::Mail(commit.mail.clone()),
            raw: format!("{} <{}>", commit.author, commit.mail).into(),
            as_of: Some(commit.when),
            evidence: Evidence {
                pointer: Some(format!("commit {}", commit.id).into()),
                reader: "git",
                ..exposure.evidence.clone()
            },
        })
        .collect()
}

/// Where a subject was brought in by a commit: the manifests that declare an identity, the places where a
/// credential stands in the open. Who commits an export says nothing about what it lists.
fn committed_evidence(inventory: &Inventory, subject: &SubjectId) -> Vec<Evidence> {
    match subject {
        SubjectId::Identity(id) => inventory
            .identities
            .get(id)
            .filter(|identity| identity.presence.contains(&Presence::Declared))
            .map(|identity| identity.evidence.iter().cloned().collect())
            .unwrap_or_default(),
        SubjectId::Credential(id) => inventory
            .credentials
            .get(id)
            .map(|credential| {
                credential
                    .exposures
                    .iter()
                    // Who brought it in was found with it, and is not asked for again.
                    .filter(|e| e.in_tree && e.introduced.is_none())
                    .map(|e| e.evidence.clone())
                    .collect()
            })
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// A path relative to a root that is written in the same way.
fn below<'a>(root: &str, path: &'a str) -> Option<&'a str> {
    if root == "." {
        return (!path.starts_with('/') && !path.starts_with("../")).then_some(path);
    }
    path.strip_prefix(root)?.strip_prefix('/')
}
