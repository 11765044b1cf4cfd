//! Gathers what every source says of a subject.

use super::OwnershipOptions;
use super::catalog::{CatalogClaim, CatalogIndex};
use super::codeowners::{CodeownersIndex, Verdict};
use super::contained::{Level, Surroundings};
use super::deployers::Deployers;
use super::directory;
use super::labels::{KeyClass, LabelClaim, OwnerKeys, sort};
use super::names::Names;
use super::registry::{RegistryIndex, Selected};
use crate::model::{
    Attribution, Container, Credential, DateField, Evidence, Identity, Inventory, LabelSource,
    Method, Origin, Owner, Platform, Presence, RegistryEntry, Str, SubjectId, Timestamp,
};
use std::collections::{BTreeSet, HashMap};

/// Readers whose documents list or mention identities but do not declare them: who owns such a file says
/// nothing about whose the identity is. So do those of every AWS export (`aws-…`).
const NOT_DECLARING: [&str; 6] = [
    "backstage",
    "cloud-containers",
    "codeowners",
    "registry",
    "roster",
    "secrets",
];

/// What one level of containers outweighs: more than any rank of a key.
const LEVEL: u32 = 1 << 20;

/// How many owners one line of CODEOWNERS gives to everything that it speaks of.
const MAX_OWNERS: usize = 100;
/// How many records of one container are asked by each thing in it: manifests may state one namespace in every
/// folder.
const MAX_RECORDS: usize = 32;

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
    /// Where each of the parties is named, where that is not the same place.
    pub places: Vec<Evidence>,
    /// Whom the same object names by other keys: an owner's address beside a team. By the object's word they
    /// are one party.
    pub together: Vec<Owner>,
    pub as_of: Option<Timestamp>,
    pub evidence: Evidence,
    /// The subject of a sentence that goes on "names team:payments": ``tag `Owner` ``.
    pub what: What,
    /// What else is to be said of the statement, as the end of a sentence.
    pub note: Option<Str>,
}

impl Declaration {
    /// A statement that one sort of source makes in one place.
    pub(super) fn new(
        method: Method,
        owners: Vec<(Owner, Str)>,
        evidence: Evidence,
        what: What,
    ) -> Self {
        Self {
            method,
            rank: 0,
            fallback: false,
            owners,
            places: Vec::new(),
            together: Vec::new(),
            as_of: None,
            evidence,
            what,
            note: None,
        }
    }

    fn ranked(self, rank: u32) -> Self {
        Self { rank, ..self }
    }
}

/// What makes a statement.
#[derive(Clone, Debug)]
pub(super) enum What {
    Registry(Str),
    Label(&'static str, Str),
    Container(Str, &'static str, Str),
    /// A sentence that the owner's name ends, and what follows the name.
    Catalog(Str, &'static str),
    /// The file that CODEOWNERS speaks of.
    Codeowners(Str),
    /// What deploys it and from where, in words.
    Deployer(Str),
    /// A record of a platform, a person's guess, or history: and why, where that is said.
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

impl Found {
    /// Calls every party by the name that stands for all of its names.
    pub(super) fn rename(&mut self, canonical: impl Fn(&Owner) -> Option<Owner>) {
        for declaration in &mut self.declarations {
            for (owner, _) in &mut declaration.owners {
                *owner = canonical(owner).unwrap_or_else(|| owner.clone());
            }
            for owner in &mut declaration.together {
                *owner = canonical(owner).unwrap_or_else(|| owner.clone());
            }
        }
        self.backup = self.backup.take().map(|b| canonical(&b).unwrap_or(b));
    }
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
    names: Names,
    surroundings: Surroundings<'a>,
    catalog: CatalogIndex<'a>,
    codeowners: CodeownersIndex<'a>,
    deployers: Deployers<'a>,
    /// What is claimed elsewhere, and whether the order in which that is given tells which counts more.
    suggestions: HashMap<&'a SubjectId, Vec<&'a Attribution>>,
    now: Option<Timestamp>,
}

impl<'a> Claims<'a> {
    pub(super) fn new(inventory: &'a Inventory, options: &'a OwnershipOptions) -> Self {
        let mut suggestions: HashMap<&SubjectId, Vec<&Attribution>> = HashMap::new();
        for claim in inventory.attributions.iter().chain(&options.suggestions) {
            suggestions.entry(&claim.subject).or_default().push(claim);
        }
        let mut keys = OwnerKeys::new(&options.owner_keys);
        Self {
            inventory,
            names: Names::new(inventory, &mut keys),
            registry: RegistryIndex::new(&inventory.registry),
            keys,
            surroundings: Surroundings::new(inventory),
            deployers: Deployers::new(inventory),
            catalog: CatalogIndex::new(inventory),
            codeowners: CodeownersIndex::new(&inventory.codeowners),
            suggestions,
            now: options.now,
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
        let said = labelled(self.keys.claims(&identity.labels), Saying::Own);
        found.declarations.extend(said);
        let places = places(identity);
        let around = self.surroundings.of_identity(identity, &places);
        self.contained(&around, &mut found);
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
        self.deployed(identity, &mut found);
        self.suggested(subject, &mut found);
        self.called(identity, &mut found);
        if self.labels_read(identity) {
            found.asked.push("labels");
        }
        found.asked.extend(directory::asked(identity));
        self.asked(&places, &mut found);
        found
    }

    /// The records of a container.
    pub(super) fn containers(&self, id: &str) -> impl Iterator<Item = &'a Container> + use<'a> {
        self.surroundings.records(id).to_vec().into_iter()
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
            let said = labelled(self.keys.claims(&container.labels), Saying::Own);
            found.declarations.extend(said);
        }
        for estate in records.iter().flat_map(|c| self.surroundings.estates_of(c)) {
            let around = Saying::Inside(&estate.id);
            let said = labelled(self.keys.claims(&estate.labels), around);
            found.declarations.extend(said);
        }
        let around = self.surroundings.of_container(id);
        self.contained(&around, &mut found);
        let places = distinct(records.iter().map(|c| &c.evidence).filter(|e| declares(e)));
        found.declarations.extend(
            self.catalog
                .of_container(id, &places)
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
                .of_credential(&credential.id.0, &places)
                .into_iter()
                .map(cataloged),
        );
        let around = self.surroundings.of_places(&places);
        self.contained(&around, &mut found);
        self.owned_files(&places, true, &mut found);
        self.suggested(subject, &mut found);
        self.asked(&places, &mut found);
        found
    }

    fn registered(&self, entries: &[Selected<'a>]) -> Found {
        let mut found = Found::default();
        for Selected { rank, entry } in entries {
            let Some(owner) = &entry.owner else { continue };
            let what = What::Registry(entry.id.clone());
            let owners = vec![owner.clone()];
            let evidence = entry.evidence.clone();
            found.declarations.push(Declaration {
                rank: *rank,
                note: self.ended(entry),
                ..Declaration::new(Method::Registry, owners, evidence, what)
            });
        }
        found.backup = entries
            .iter()
            .find_map(|selected| selected.entry.backup_owner.as_ref())
            .map(|(owner, _)| owner.clone());
        found
    }

    /// That an entry's end is past: it still names whose the identity was meant to be.
    fn ended(&self, entry: &RegistryEntry) -> Option<Str> {
        let (DateField::At(end), Some(now)) = (&entry.expires, self.now) else {
            return None;
        };
        let past = now.days_since(*end) >= 1;
        past.then(|| format!("in an entry that ended on {}", end.date()).into())
    }

    /// What the objects say by which it is deployed, and who owns the directory that it is deployed from.
    fn deployed(&mut self, identity: &Identity, found: &mut Found) {
        for chain in self.deployers.of(identity) {
            let objects = [Some(chain.deployment), chain.parent];
            for (level, object) in (0u32..).zip(objects.into_iter().flatten()) {
                let what = match level {
                    0 => chain.text.clone(),
                    _ => format!("{} {}, which {}", object.kind, object.name, chain.text),
                };
                let claims = self.keys.claims(&object.labels);
                for claim in claims.into_iter().filter(|c| c.class <= KeyClass::Contact) {
                    let label = claim.label;
                    let said = format!("whose {} `{}`", sort(label), label.key);
                    let what = What::Deployer(format!("{what}, {said}").into());
                    let evidence = label.evidence.clone();
                    let claim = (claim.rank, claim.owners);
                    let declaration = Declaration::new(Method::Deployer, claim.1, evidence, what);
                    let rank = level.saturating_mul(LEVEL).saturating_add(claim.0);
                    found.declarations.push(declaration.ranked(rank));
                }
            }
            if let Some(by) = self.deployers.path_owners(&chain, &mut self.codeowners) {
                let what = What::Deployer(format!("{}; CODEOWNERS there", chain.text).into());
                found.declarations.push(Declaration {
                    fallback: by.fallback,
                    rank: LEVEL.saturating_mul(2),
                    ..Declaration::new(Method::Deployer, by.owners, by.evidence, what)
                });
            }
        }
    }

    /// What the containers around say, the nearest first.
    fn contained(&mut self, around: &[Level], found: &mut Found) {
        for (at, level) in (0u32..).zip(around) {
            let records = self.surroundings.records(&level.id).iter();
            let records: Vec<&Container> = records.take(MAX_RECORDS).copied().collect();
            for container in records {
                let said = Saying::Around(at, level);
                let said = labelled(self.keys.claims(&container.labels), said);
                // Who made the container says nothing about what is in it.
                let said = said.into_iter().filter(|d| d.method != Method::Creator);
                found.declarations.extend(said);
                // What is in a namespace is whose the namespace is, also where only the code in its folder says so.
                for estate in self.surroundings.estates_of(container) {
                    let inside = Saying::Around(at, level);
                    let said = labelled(self.keys.claims(&estate.labels), inside);
                    let said = said.into_iter().filter(|d| d.method == Method::Container);
                    let said = said.map(|d| Declaration {
                        rank: d.rank.saturating_add(LEVEL / 2),
                        note: Some(format!("as {} says in its folder", estate.id).into()),
                        ..d
                    });
                    found.declarations.extend(said);
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
                for raw in rule.owners.iter().take(MAX_OWNERS) {
                    if owners.len() < MAX_OWNERS
                        && let Some(owner) = Owner::parse(raw)
                        && !owners.iter().any(|(o, _)| *o == owner)
                    {
                        line = line.or(Some(rule.line));
                        owners.push((owner, raw.clone()));
                    }
                }
            }
            match (line, verdict.rules.first()) {
                (Some(line), _) => {
                    let what = What::Codeowners(path);
                    found.declarations.push(Declaration {
                        rank,
                        fallback: verdict.fallback,
                        ..Declaration::new(Method::Codeowners, owners, evidence(line), what)
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

    /// What platforms record, and what is inferred. Those whom one document names by one method own it together.
    fn suggested(&self, subject: &SubjectId, found: &mut Found) {
        let first = found.declarations.len();
        for claim in self.suggestions.get(subject).into_iter().flatten() {
            let party = (claim.owner.clone(), claim.raw.clone());
            let mut own = found.declarations.iter_mut().skip(first);
            let same = |d: &&mut Declaration| {
                d.method == claim.method && d.evidence.origin == claim.evidence.origin
            };
            if claim.method.declared()
                && let Some(known) = own.find(same)
            {
                known.owners.push(party);
                known.places.push(claim.evidence.clone());
                continue;
            }
            let what = What::Suggestion(claim.why.clone());
            let evidence = claim.evidence.clone();
            found.declarations.push(Declaration {
                as_of: claim.as_of,
                places: vec![evidence.clone()],
                rank: claim.rank,
                ..Declaration::new(claim.method, vec![party], evidence, what)
            });
        }
    }

    /// Whose name it bears, where nobody is declared.
    fn called(&self, identity: &Identity, found: &mut Found) {
        let declared = found.declarations.iter().any(|d| d.method.declared());
        if !declared
            && let Some(evidence) = identity.evidence.iter().next()
            && let Some((owner, raw)) = self.names.of(identity)
        {
            let (method, owners) = (Method::NamePattern, vec![(owner, raw)]);
            let what = What::Suggestion(None);
            let declaration = Declaration::new(method, owners, evidence.clone(), what);
            found.declarations.push(declaration);
        }
    }

    fn labels_read(&self, identity: &Identity) -> bool {
        let mut containers = identity.containers().into_iter();
        let listed = identity.presence.contains(&Presence::Declared)
            || identity.presence.contains(&Presence::Observed);
        !identity.labels.is_empty()
            || containers.any(|id| !self.surroundings.records(&id).is_empty())
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
        if self.catalog.is_catalog() || read("catalog") {
            found.asked.push("the catalog");
        }
        if self.catalog.is_cmdb() || read("cmdb") {
            found.asked.push("the configuration database");
        }
        if !places.is_empty() && (!self.codeowners.is_empty() || read("codeowners")) {
            found.asked.push("CODEOWNERS");
        }
    }
}

fn cataloged(claim: CatalogClaim<'_>) -> Declaration {
    let (statement, end) = claim.statement();
    let (method, rank) = (claim.method(), claim.rank);
    let evidence = claim.owned_by().evidence.clone();
    let owners = vec![(claim.owner, claim.raw)];
    let what = What::Catalog(statement, end);
    Declaration::new(method, owners, evidence, what).ranked(rank)
}

/// Whose labels speak.
#[derive(Clone, Copy)]
enum Saying<'s> {
    /// The subject's own.
    Own,
    /// Those of a container around it, so many levels further out.
    Around(u32, &'s Level),
    /// Those of code that makes what is in it.
    Inside(&'s Str),
}

/// What labels of one object say.
fn labelled(claims: Vec<LabelClaim<'_>>, saying: Saying<'_>) -> Vec<Declaration> {
    let parties: Vec<Owner> = claims
        .iter()
        .filter(|claim| claim.class <= KeyClass::Contact)
        .flat_map(|claim| claim.owners.iter().map(|(owner, _)| owner.clone()))
        .collect();
    claims
        .into_iter()
        .map(|claim| {
            let label = claim.label;
            let (sort, key) = (sort(label), label.key.clone());
            let defined = matches!(
                label.source,
                LabelSource::DefaultTag | LabelSource::ModuleInput
            );
            let method = match (claim.class, saying) {
                (KeyClass::Creator, _) => Method::Creator,
                (KeyClass::Unit, _) => Method::Unit,
                (_, Saying::Around(..)) => Method::Container,
                (_, Saying::Inside(_)) => Method::Definition,
                (_, Saying::Own) if defined => Method::Definition,
                (_, Saying::Own) => Method::Label,
            };
            // The nearest container counts, and in it the key that speaks most directly.
            let rank = match saying {
                Saying::Around(level, _) => level.saturating_mul(LEVEL).saturating_add(claim.rank),
                _ => claim.rank,
            };
            let (what, note) = match saying {
                Saying::Own => (What::Label(sort, key), None),
                Saying::Around(_, level) => (
                    What::Container(level.id.clone(), sort, key),
                    level.why.clone(),
                ),
                Saying::Inside(id) => (
                    What::Container(id.clone(), sort, key),
                    Some("which stands in its folder".into()),
                ),
            };
            let together = match claim.class <= KeyClass::Contact {
                true => parties.clone(),
                false => Vec::new(),
            };
            Declaration {
                rank,
                together,
                note,
                ..Declaration::new(method, claim.owners, label.evidence.clone(), what)
            }
        })
        .collect()
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
