//! Gathers what every source says of a subject.

use super::OwnershipOptions;
use super::catalog::{CatalogClaim, CatalogIndex};
use super::codeowners::{CodeownersIndex, Verdict};
use super::labels::{OwnerKeys, sort};
use super::registry::{RegistryIndex, Selected};
use crate::model::{
    Attribution, Container, Credential, Evidence, Identity, Inventory, LabelSource, Method, Origin,
    Owner, Platform, Presence, Str, SubjectId, Timestamp,
};
use std::collections::{BTreeSet, HashMap};

/// Readers whose documents list or mention identities but do not declare them: who owns such a file says
/// nothing about whose the identity is. So do those of every AWS export (`aws-…`).
const NOT_DECLARING: [&str; 5] = ["backstage", "codeowners", "registry", "roster", "secrets"];

/// What one level of containers outweighs: more than any rank of a key.
const LEVEL: u32 = 1 << 20;

/// One statement of one source: the parties it names own the subject together.
#[derive(Clone, Debug)]
pub(super) struct Declaration {
    pub method: Method,
    /// How closely it speaks of the subject among statements of its method; 0 is most.
    pub rank: u32,
    /// A default for everything, rather than a statement about this subject.
    pub fallback: bool,
    /// The parties with their spellings, the most important first. Never empty.
    pub owners: Vec<(Owner, Str)>,
    pub as_of: Option<Timestamp>,
    pub evidence: Evidence,
    /// The subject of a sentence that goes on "names team:payments": ``tag `Owner` ``.
    pub what: What,
}

/// What makes a statement.
#[derive(Clone, Debug)]
pub(super) enum What {
    Registry(Str),
    Label(&'static str, Str),
    Container(Str, &'static str, Str),
    Catalog(Str),
    /// The file that CODEOWNERS speaks of.
    Codeowners(Str),
    /// What suggests, and why.
    Suggestion(Option<Str>),
}

/// Everything that was found about a subject.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub declarations: Vec<Declaration>,
    /// Sources that could have named an owner, in words.
    pub asked: Vec<&'static str>,
    /// A CODEOWNERS line that leaves the subject's file without an owner.
    pub left_unowned: Option<(Str, Evidence)>,
    /// Who is named in case the owner does not answer.
    pub backup: Option<Owner>,
}

/// A file that a subject stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub origin: &'a Origin,
}

/// The sources of a scan.
pub(super) struct Claims<'a> {
    inventory: &'a Inventory,
    pub(super) registry: RegistryIndex<'a>,
    keys: OwnerKeys,
    containers: HashMap<&'a str, Vec<&'a Container>>,
    catalog: CatalogIndex<'a>,
    codeowners: CodeownersIndex<'a>,
    suggestions: HashMap<&'a SubjectId, Vec<&'a Attribution>>,
}

impl<'a> Claims<'a> {
    pub(super) fn new(inventory: &'a Inventory, options: &'a OwnershipOptions) -> Self {
        let mut containers: HashMap<&str, Vec<&Container>> = HashMap::new();
        for container in &inventory.containers {
            containers.entry(&container.id).or_default().push(container);
        }
        let mut suggestions: HashMap<&SubjectId, Vec<&Attribution>> = HashMap::new();
        for claim in inventory.attributions.iter().chain(&options.suggestions) {
            suggestions.entry(&claim.subject).or_default().push(claim);
        }
        Self {
            inventory,
            registry: RegistryIndex::new(&inventory.registry),
            keys: OwnerKeys::new(&options.owner_keys),
            containers,
            catalog: CatalogIndex::new(&inventory.catalog),
            codeowners: CodeownersIndex::new(&inventory.codeowners),
            suggestions,
        }
    }

    /// What is said of an identity.
    pub(super) fn of_identity(
        &mut self,
        subject: &SubjectId,
        identity: &Identity,
        entries: &[Selected<'a>],
    ) -> Found {
        let mut found = self.registered(entries);
        for claim in self.keys.claims(&identity.labels) {
            let method = match claim.label.source {
                LabelSource::DefaultTag | LabelSource::ModuleInput => Method::Definition,
                _ => Method::Label,
            };
            found.declarations.push(Declaration {
                method,
                rank: claim.rank,
                fallback: false,
                owners: claim.owners,
                as_of: None,
                evidence: claim.label.evidence.clone(),
                what: What::Label(sort(claim.label), claim.label.key.clone()),
            });
        }
        self.contained(identity, &mut found);
        let places = places(identity);
        found.declarations.extend(
            self.catalog
                .of_identity(identity, &places)
                .into_iter()
                .map(cataloged),
        );
        // Where some file merely mentions the identity, its files cannot be told apart; the first that
        // has an owner stands for all, and their disagreement is none.
        let mentioned = identity.presence.contains(&Presence::Referenced);
        self.owned_files(&places, mentioned, &mut found);
        self.suggested(subject, &mut found);
        if self.labels_read(identity) {
            found.asked.push("labels");
        }
        self.asked(&places, &mut found);
        found
    }

    /// The records of a container.
    pub(super) fn containers(&self, id: &str) -> impl Iterator<Item = &'a Container> + use<'a> {
        let records = self.containers.get(id).cloned().unwrap_or_default();
        records.into_iter()
    }

    /// What is said of a namespace, account or stack, and of those it lies in.
    pub(super) fn of_container(&mut self, subject: &SubjectId, id: &str) -> Found {
        let entries: Vec<Selected<'a>> = self
            .registry
            .by_id(id)
            .iter()
            .map(|entry| Selected { rank: 0, entry })
            .collect();
        let mut found = self.registered(&entries);
        let records: Vec<&'a Container> = self.containers(id).collect();
        for container in &records {
            for claim in self.keys.claims(&container.labels) {
                found.declarations.push(Declaration {
                    method: Method::Label,
                    rank: claim.rank,
                    fallback: false,
                    owners: claim.owners,
                    as_of: None,
                    evidence: claim.label.evidence.clone(),
                    what: What::Label(sort(claim.label), claim.label.key.clone()),
                });
            }
        }
        let places = distinct(records.iter().map(|c| &c.evidence).filter(|e| declares(e)));
        found.declarations.extend(
            self.catalog
                .of_places(&places, None)
                .into_iter()
                .map(cataloged),
        );
        self.owned_files(&places, false, &mut found);
        self.suggested(subject, &mut found);
        found.asked.push("labels");
        self.asked(&places, &mut found);
        found
    }

    /// What is said of a credential by itself, not by way of the identity it authenticates as.
    pub(super) fn of_credential(&mut self, subject: &SubjectId, credential: &Credential) -> Found {
        let entries: Vec<Selected<'a>> = self
            .registry
            .by_id(&credential.id.0)
            .iter()
            .map(|entry| Selected { rank: 0, entry })
            .collect();
        let mut found = self.registered(&entries);
        // A file with a leaked value is its owner's business, whichever reader found it.
        let exposed = credential.exposures.iter().map(|e| &e.evidence);
        let declared = credential.records.iter().filter(|e| declares(e));
        let places = distinct(exposed.chain(declared));
        found.declarations.extend(
            self.catalog
                .of_places(&places, None)
                .into_iter()
                .map(cataloged),
        );
        self.owned_files(&places, true, &mut found);
        self.suggested(subject, &mut found);
        self.asked(&places, &mut found);
        found
    }

    fn registered(&self, entries: &[Selected<'a>]) -> Found {
        let mut found = Found::default();
        for Selected { rank, entry } in entries {
            let Some(owner) = &entry.owner else { continue };
            found.declarations.push(Declaration {
                method: Method::Registry,
                rank: *rank,
                fallback: false,
                owners: vec![owner.clone()],
                as_of: None,
                evidence: entry.evidence.clone(),
                what: What::Registry(entry.id.clone()),
            });
        }
        found.backup = entries
            .iter()
            .find_map(|selected| selected.entry.backup_owner.as_ref())
            .map(|(owner, _)| owner.clone());
        found
    }

    fn contained(&mut self, identity: &Identity, found: &mut Found) {
        for (level, id) in (0u32..).zip(identity.containers()) {
            for container in self.containers.get(&*id).into_iter().flatten() {
                for claim in self.keys.claims(&container.labels) {
                    found.declarations.push(Declaration {
                        method: Method::Container,
                        // The nearest container counts, and in it the key that speaks most directly.
                        rank: level.saturating_mul(LEVEL).saturating_add(claim.rank),
                        fallback: false,
                        owners: claim.owners,
                        as_of: None,
                        evidence: claim.label.evidence.clone(),
                        what: What::Container(
                            id.clone(),
                            sort(claim.label),
                            claim.label.key.clone(),
                        ),
                    });
                }
            }
        }
    }

    fn owned_files(&mut self, places: &[Place<'_>], first_only: bool, found: &mut Found) {
        let mut verdicts: Vec<(Str, Verdict<'a>)> = places
            .iter()
            .filter_map(|place| {
                let verdict = self.codeowners.verdict(place.origin)?;
                Some((place.origin.on_disk().into(), verdict))
            })
            .collect();
        verdicts.sort_by_key(|(_, verdict)| verdict.fallback);
        let mut rank = 0;
        for (path, verdict) in verdicts {
            let evidence = |line: u32| Evidence {
                line: Some(line),
                ..verdict.file.evidence.clone()
            };
            let mut owners: Vec<(Owner, Str)> = Vec::new();
            let mut line = None;
            for rule in &verdict.rules {
                for raw in &rule.owners {
                    if let Some(owner) = Owner::parse(raw)
                        && !owners.iter().any(|(o, _)| *o == owner)
                    {
                        line = line.or(Some(rule.line));
                        owners.push((owner, raw.clone()));
                    }
                }
            }
            match (line, verdict.rules.first()) {
                (Some(line), _) => {
                    found.declarations.push(Declaration {
                        method: Method::Codeowners,
                        rank,
                        fallback: verdict.fallback,
                        owners,
                        as_of: None,
                        evidence: evidence(line),
                        what: What::Codeowners(path),
                    });
                    rank += u32::from(first_only);
                }
                (None, Some(rule)) => {
                    found
                        .left_unowned
                        .get_or_insert((path, evidence(rule.line)));
                }
                (None, None) => {}
            }
        }
    }

    fn suggested(&self, subject: &SubjectId, found: &mut Found) {
        for claim in self.suggestions.get(subject).into_iter().flatten() {
            found.declarations.push(Declaration {
                method: claim.method,
                rank: claim.rank,
                fallback: false,
                owners: vec![(claim.owner.clone(), claim.raw.clone())],
                as_of: claim.as_of,
                evidence: claim.evidence.clone(),
                what: What::Suggestion(claim.why.clone()),
            });
        }
    }

    fn labels_read(&self, identity: &Identity) -> bool {
        let mut containers = identity.containers().into_iter();
        let listed = identity.presence.contains(&Presence::Declared)
            || identity.presence.contains(&Presence::Observed);
        !identity.labels.is_empty()
            || containers.any(|id| self.containers.contains_key(&*id))
            // A manifest shows all labels; of the AWS exports only this one lists tags.
            || match (identity.platform, identity.account.as_deref()) {
                (Platform::Kubernetes, _) => listed,
                (Platform::Aws, Some(account)) => {
                    listed && self.inventory.has_source("aws-authorization-details", account)
                }
                _ => false,
            }
    }

    fn asked(&self, places: &[Place<'_>], found: &mut Found) {
        let read = |kind| self.inventory.has_source(kind, "*");
        if !self.inventory.registry.is_empty() || read("registry") {
            found.asked.push("the registry");
        }
        if !self.inventory.catalog.is_empty() || read("catalog") {
            found.asked.push("the catalog");
        }
        if !places.is_empty() && (!self.codeowners.is_empty() || read("codeowners")) {
            found.asked.push("CODEOWNERS");
        }
    }
}

fn cataloged(claim: CatalogClaim<'_>) -> Declaration {
    Declaration {
        method: Method::Catalog,
        rank: claim.rank,
        fallback: false,
        owners: vec![(claim.owner, claim.raw)],
        as_of: None,
        evidence: claim.owned_by.evidence.clone(),
        what: What::Catalog(claim.entity.reference.clone()),
    }
}

/// The files that declare an identity. One that is only referenced is declared nowhere that was read.
fn places(identity: &Identity) -> Vec<Place<'_>> {
    if !identity.presence.contains(&Presence::Declared) {
        return Vec::new();
    }
    distinct(identity.evidence.iter().filter(|e| declares(e)))
}

fn declares(evidence: &Evidence) -> bool {
    !evidence.reader.starts_with("aws-") && !NOT_DECLARING.contains(&evidence.reader)
}

fn distinct<'e>(evidence: impl Iterator<Item = &'e Evidence>) -> Vec<Place<'e>> {
    let mut seen = BTreeSet::new();
    evidence
        .filter(|e| seen.insert(&e.origin.path))
        .map(|e| Place { origin: &e.origin })
        .collect()
}
