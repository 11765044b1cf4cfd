//! Everything that the exports of Entra say, brought together: which records are one identity, of which tenant, and
//! whose.

use super::NAME;
use super::grants::{self, Book, Grant, Roles};
use super::owners::{self, Party, PartySort};
use super::principal::{self, Federated, MICROSOFT, Principal};
use super::record::{self, Relation, Sort};
use crate::model::{
    Attribution, Document, Effect, Evidence, Facts, Humanity, Identity, IdentityId, IdentityKind,
    Method, Platform, Presence, Str, SubjectId, Trust, TrustPrincipal,
};
use crate::platform::federation;
use crate::reader::records::{Record, guid, text};
use std::collections::{BTreeMap, BTreeSet};

/// What exports of Entra say.
#[derive(Default)]
pub(super) struct Estate {
    principals: Vec<(Str, Principal)>,
    /// Pages about one object: whose they are, what they are to it, and who they list.
    lists: Vec<(Str, Relation, Vec<Party>)>,
    federated: Vec<(Str, Federated)>,
    grants: Vec<(Str, Grant)>,
    people: Vec<Party>,
    /// Which tenant the exports of a folder are of, as what says so surely.
    stated: BTreeMap<Str, BTreeMap<Str, usize>>,
}

/// What is known of one identity.
#[derive(Default)]
struct Known {
    /// Whether its application's record was read, and whether with its owners.
    registered: Option<bool>,
    /// Owners, or that some list of them was read.
    owners: Option<Vec<Party>>,
    sponsors: Option<Vec<Party>>,
    told: Vec<(Str, Evidence)>,
}

impl Estate {
    /// Takes in a record. `false` where it is somebody's owner and nothing says whose.
    pub(super) fn take(&mut self, document: &Document<'_>, found: &Record<'_>) -> bool {
        let path = &document.origin.path;
        let folder: Str = path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .into();
        let about = record::about(found, path);
        let Some(sort) = record::sort(found) else {
            // Owners may come without their type: `$select=id`.
            return match about {
                Some((of, relation @ (Relation::Owners | Relation::Sponsors))) => {
                    self.list(of, relation, document, found);
                    true
                }
                _ => true,
            };
        };
        let listed = matches!(
            sort,
            Sort::User | Sort::Group | Sort::ServicePrincipal | Sort::Application
        );
        match (sort, about) {
            (_, Some((of, relation @ (Relation::Owners | Relation::Sponsors)))) if listed => {
                self.list(of, relation, document, found);
            }
            (Sort::User | Sort::Group, _) => {
                let page = text(found.page, "@odata.context").unwrap_or_default();
                if page.ends_with("directoryObjects") {
                    return false;
                }
                self.people
                    .extend(owners::party(found.map, &found.at(document, NAME)));
            }
            (Sort::Federated, about) => {
                let evidence = found.at(document, NAME);
                // `…/userAssignedIdentities/name/federatedIdentityCredentials/of-github`
                let id = found.text("id").filter(|id| id.starts_with('/'));
                let resource = id.and_then(|id| {
                    let at = id
                        .to_ascii_lowercase()
                        .find("/federatedidentitycredentials/")?;
                    id.get(..at)
                });
                let of = resource.or(about.map(|(of, _)| of));
                if let (Some(of), Some(read)) = (of, principal::federated(found.map, &evidence)) {
                    self.federated.push((of.to_ascii_lowercase().into(), read));
                }
            }
            (Sort::Tenant, _) => {
                let tenant = found.text("tenantId").or_else(|| found.text("id"));
                self.state(&folder, tenant);
            }
            (Sort::AppRole | Sort::Delegated | Sort::DirectoryRole | Sort::AzureRole, _) => {
                let grant = grants::read(document, found, sort);
                self.grants.extend(grant.map(|grant| (folder, grant)));
            }
            (sort, _) => {
                for key in ["appRoleAssignments", "oauth2PermissionGrants"] {
                    self.inner(document, found, key, &folder);
                }
                let read = principal::read(document, found, sort);
                self.state(&folder, read.tenant.as_deref());
                self.principals.push((folder, read));
            }
        }
        true
    }

    /// Grants that are expanded in the object that holds them.
    fn inner(&mut self, document: &Document<'_>, found: &Record<'_>, key: &str, folder: &Str) {
        let sort = match key {
            "appRoleAssignments" => Sort::AppRole,
            _ => Sort::Delegated,
        };
        for map in found.objects(key) {
            let inner = Record {
                map,
                list: "",
                page: found.page,
                pointer: found.pointer,
            };
            let grant = grants::read(document, &inner, sort);
            self.grants
                .extend(grant.map(|grant| (folder.clone(), grant)));
        }
    }

    fn list(&mut self, of: &str, relation: Relation, document: &Document<'_>, found: &Record<'_>) {
        let party = owners::party(found.map, &found.at(document, NAME));
        let of = of.to_ascii_lowercase();
        self.lists
            .push((of.into(), relation, party.into_iter().collect()));
    }

    fn state(&mut self, folder: &Str, tenant: Option<&str>) {
        if let Some(tenant) = tenant.filter(|tenant| guid(tenant)) {
            let of = self.stated.entry(folder.clone()).or_default();
            let count = of.entry(tenant.to_ascii_lowercase().into()).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// What it all comes to.
    pub(super) fn facts(mut self) -> Facts {
        let tenants = self.tenants();
        let mut facts = Facts::default();
        let mut named = Names::default();
        let mut known: BTreeMap<IdentityId, Known> = BTreeMap::new();
        let principals = std::mem::take(&mut self.principals);
        for (folder, principal) in &principals {
            let tenant = principal.tenant.clone().or_else(|| tenants.of(folder));
            named.learn(principal, &id_of(principal, tenant.as_ref()));
        }
        // Whether anything tells what was consented to, rather than only what is asked for.
        let consented: BTreeSet<Option<Str>> = self
            .grants
            .iter()
            .filter(|(_, grant)| grant.sort == Sort::AppRole)
            .map(|(folder, _)| tenants.of(folder))
            .collect();
        let mut book = Book::default();
        for (folder, principal) in principals {
            let tenant = principal.tenant.clone().or_else(|| tenants.of(&folder));
            let id = id_of(&principal, tenant.as_ref());
            facts
                .identities
                .push(identity(&principal, &id, tenant.as_ref()));
            for key in &principal.keys {
                facts
                    .credentials
                    .push(key.credential(&id, tenant.as_ref(), &principal.evidence));
            }
            for credential in &principal.federated {
                facts.trusts.push(trust(&id, credential));
            }
            if !consented.contains(&tenant) {
                for (api, role) in &principal.requested {
                    let grant = Grant {
                        sort: Sort::AppRole,
                        principal: "".into(),
                        principal_name: None,
                        on: named
                            .by_app
                            .get(api)
                            .cloned()
                            .unwrap_or_else(|| api.clone()),
                        on_name: None,
                        roles: vec![role.clone()],
                        condition: Some("once an administrator has consented to what it asks for"),
                        evidence: principal.evidence.clone(),
                    };
                    book.enter(
                        &mut facts,
                        &grant,
                        &id,
                        tenant.as_ref(),
                        &named.roles,
                        &named.names,
                    );
                }
            }
            let about = known.entry(id).or_default();
            if matches!(principal.sort, Sort::Application | Sort::Blueprint) {
                let listed = about.registered.unwrap_or(false) || principal.owners.is_some();
                about.registered = Some(listed);
            }
            for told in principal.told {
                about.told.push((told, principal.evidence.clone()));
            }
            if let Some(owners) = principal.owners {
                about.owners.get_or_insert_default().extend(owners);
            }
            if let Some(sponsors) = principal.sponsors {
                about.sponsors.get_or_insert_default().extend(sponsors);
            }
        }
        for (of, relation, parties) in std::mem::take(&mut self.lists) {
            let Some(id) = named.objects.get(&of) else {
                continue;
            };
            let about = known.entry(id.clone()).or_default();
            match relation {
                Relation::Sponsors => about.sponsors.get_or_insert_default().extend(parties),
                _ => {
                    about.registered = about.registered.map(|_| true);
                    about.owners.get_or_insert_default().extend(parties);
                }
            }
        }
        for (of, credential) in &self.federated {
            if let Some(id) = named.objects.get(of) {
                facts.trusts.push(trust(id, credential));
            }
        }
        for (folder, grant) in &self.grants {
            let tenant = tenants.of(folder);
            let id = named.holder(grant, tenant.as_ref(), &mut facts);
            book.enter(
                &mut facts,
                grant,
                &id,
                tenant.as_ref(),
                &named.roles,
                &named.names,
            );
        }
        owned(&known, &named, &mut facts);
        facts
            .people
            .extend(self.people.iter().filter_map(Party::person));
        facts.sources.push((NAME.into(), "*".into()));
        facts
    }

    /// Which tenant each folder's exports are of.
    fn tenants(&mut self) -> Tenants {
        // An application that has its record here is registered here, so its service principal's says the tenant.
        let registered: BTreeSet<(&Str, &Str)> = self
            .principals
            .iter()
            .filter(|(_, p)| matches!(p.sort, Sort::Application | Sort::Blueprint))
            .filter_map(|(folder, p)| Some((folder, p.app.as_ref()?)))
            .collect();
        let anywhere: BTreeSet<&Str> = registered.iter().map(|(_, app)| *app).collect();
        let mut found: Vec<(Str, Str)> = Vec::new();
        for (folder, principal) in &self.principals {
            let (Some(app), Some(owner)) = (&principal.app, &principal.owner_tenant) else {
                continue;
            };
            // Folders of one export: applications in one, service principals in another.
            if registered.contains(&(folder, app)) || anywhere.contains(app) {
                found.push((folder.clone(), owner.clone()));
            }
        }
        let mut domains: BTreeMap<Str, usize> = BTreeMap::new();
        for (_, principal) in &self.principals {
            if let Some(domain) = &principal.domain {
                let count = domains.entry(domain.clone()).or_default();
                *count = count.saturating_add(1);
            }
        }
        let mut by_folder: BTreeMap<Str, Str> = BTreeMap::new();
        let mut guessed: BTreeMap<Str, BTreeMap<Str, usize>> = BTreeMap::new();
        for (folder, tenant) in found {
            let count = guessed
                .entry(folder)
                .or_default()
                .entry(tenant)
                .or_default();
            *count = count.saturating_add(1);
        }
        for counts in [&guessed, &self.stated] {
            for (folder, tenants) in counts {
                by_folder.extend(most(tenants).map(|tenant| (folder.clone(), tenant)));
            }
        }
        let all: BTreeSet<&Str> = by_folder.values().collect();
        let only = match (all.len(), all.first()) {
            (1, Some(only)) => Some((*only).clone()),
            (0, _) => most(&domains),
            _ => None,
        };
        Tenants { by_folder, only }
    }
}

/// The one that is counted most often; of several the first.
fn most(counts: &BTreeMap<Str, usize>) -> Option<Str> {
    let best = counts.values().max()?;
    counts
        .iter()
        .find(|(_, count)| *count == best)
        .map(|(name, _)| name.clone())
}

/// Which tenant folders are of.
struct Tenants {
    by_folder: BTreeMap<Str, Str>,
    only: Option<Str>,
}

impl Tenants {
    /// By the folder or the nearest around it that says so; else the only tenant of the scan.
    fn of(&self, folder: &str) -> Option<Str> {
        let mut folder = folder;
        loop {
            if let Some(tenant) = self.by_folder.get(folder) {
                return Some(tenant.clone());
            }
            match folder.rsplit_once('/') {
                Some((around, _)) => folder = around,
                None => return self.only.clone(),
            }
        }
    }
}

/// `entra:<tenant>/<appId>`; agents, which share their blueprint's application, by their own id.
fn id_of(principal: &Principal, tenant: Option<&Str>) -> IdentityId {
    let tenant = tenant.map_or("unknown", |tenant| tenant);
    let own = match principal.sort {
        Sort::Agent => principal.object.as_ref().or(principal.app.as_ref()),
        _ => principal.app.as_ref().or(principal.object.as_ref()),
    };
    let own = own.unwrap_or(&principal.name);
    format!("entra:{tenant}/{own}").into()
}

/// Which identity ids of the directory mean.
#[derive(Default)]
struct Names {
    /// By object id, application id and resource id.
    objects: BTreeMap<Str, IdentityId>,
    /// The object of an application that grants permissions.
    by_app: BTreeMap<Str, Str>,
    roles: Roles,
    names: BTreeMap<Str, Str>,
}

impl Names {
    fn learn(&mut self, principal: &Principal, id: &IdentityId) {
        let app = principal
            .app
            .as_ref()
            .filter(|_| principal.sort != Sort::Agent);
        let resource = principal
            .resource
            .as_ref()
            .map(|r| Str::from(r.to_ascii_lowercase()));
        for name in principal.object.iter().chain(app).cloned().chain(resource) {
            self.objects.entry(name).or_insert_with(|| id.clone());
        }
        if principal.sort == Sort::ServicePrincipal
            && let Some(object) = &principal.object
        {
            self.names.insert(object.clone(), principal.name.clone());
            if let Some(app) = app {
                self.by_app.insert(app.clone(), object.clone());
            }
            if !principal.roles.is_empty() {
                self.roles.insert(object.clone(), principal.roles.clone());
            }
        }
    }

    /// Who holds a grant. One that no export lists is referred to.
    fn holder(&self, grant: &Grant, tenant: Option<&Str>, facts: &mut Facts) -> IdentityId {
        if let Some(id) = self.objects.get(&grant.principal) {
            return id.clone();
        }
        let name = grant
            .principal_name
            .as_ref()
            .map(|n| Str::from(n.to_ascii_lowercase()));
        if let Some(id) = name.as_ref().and_then(|name| self.objects.get(name)) {
            return id.clone();
        }
        let own = name.clone().unwrap_or_else(|| grant.principal.clone());
        let id = IdentityId::from(format!("entra:{}/{own}", tenant.map_or("unknown", |t| t)));
        let kind = match name {
            Some(_) => IdentityKind::EntraApplication,
            None => IdentityKind::EntraPrincipal,
        };
        let mut identity = Identity::new(id.clone(), Platform::Entra, kind, own);
        identity.account = tenant.cloned();
        identity.presence.insert(Presence::Referenced);
        identity.aliases.insert(grant.principal.clone());
        identity.evidence.insert(grant.evidence.clone());
        facts.identities.push(identity);
        id
    }
}

fn identity(principal: &Principal, id: &IdentityId, tenant: Option<&Str>) -> Identity {
    let kind = match principal.sort {
        Sort::Agent => IdentityKind::EntraAgentIdentity,
        _ if principal.managed => IdentityKind::EntraManagedIdentity,
        _ => IdentityKind::EntraApplication,
    };
    let mut identity = Identity::new(id.clone(), Platform::Entra, kind, principal.name.clone());
    identity.account = tenant.cloned();
    identity.presence.insert(Presence::Observed);
    let what = match kind {
        IdentityKind::EntraAgentIdentity => "an agent of Entra",
        IdentityKind::EntraManagedIdentity => "a managed identity of Azure",
        _ => "an application of Entra",
    };
    identity.humanity = (Humanity::NonHuman, what.into());
    identity.enabled = principal.enabled;
    identity.created = principal.created;
    identity.labels.extend(principal.labels.iter().cloned());
    let app = principal
        .app
        .as_ref()
        .filter(|_| principal.sort != Sort::Agent);
    identity.aliases.extend(
        principal
            .object
            .iter()
            .chain(app)
            .chain(&principal.resource)
            .cloned(),
    );
    identity.evidence.insert(principal.evidence.clone());
    if let Some(owner) = &principal.owner_tenant {
        if MICROSOFT.contains(&&**owner) {
            identity.provider_managed = Some("an application of Microsoft".into());
        } else if tenant.is_some_and(|tenant| guid(tenant) && tenant != owner) {
            identity.traits.insert("third-party".into());
            identity.serves.insert(format!("tenant:{owner}").into());
            let publisher = principal.publisher.as_ref();
            identity
                .serves
                .extend(publisher.map(|name| Str::from(format!("vendor:{name}"))));
        }
    }
    if matches!(principal.sort, Sort::Blueprint | Sort::BlueprintPrincipal) {
        identity.traits.insert("agent-blueprint".into());
    }
    if let Some(blueprint) = &principal.blueprint {
        identity
            .derivation
            .insert(format!("agent of blueprint {blueprint}").into());
    }
    if let Some(resource) = principal
        .resource
        .as_ref()
        .filter(|_| principal.sort == Sort::ServicePrincipal)
    {
        identity
            .derivation
            .insert(format!("managed identity of {resource}").into());
    }
    identity
}

fn trust(target: &IdentityId, credential: &Federated) -> Trust {
    let audiences: Vec<&str> = credential
        .audiences
        .iter()
        .map(|audience| &**audience)
        .collect();
    let form = federation::entra(
        &credential.issuer,
        credential.subject.as_deref(),
        credential.expression.as_deref(),
        &audiences,
    );
    Trust {
        target: target.clone(),
        principal: TrustPrincipal::Federated(form.issuer.as_str().into()),
        effect: Effect::Allow,
        actions: vec!["federatedIdentityCredential".into()],
        condition: form.condition.as_deref().map(Str::from),
        condition_keys: form.keys.iter().map(|key| key.as_str().into()).collect(),
        cross_account: None,
        inside_organization: None,
        grade: None,
        label: credential.name.clone(),
        evidence: credential.evidence.clone(),
    }
}

/// Whose the identities are, and of which the directory says that they are nobody's.
fn owned(known: &BTreeMap<IdentityId, Known>, named: &Names, facts: &mut Facts) {
    let mut traits: BTreeMap<&IdentityId, BTreeSet<Str>> = BTreeMap::new();
    for (id, about) in known {
        let subject = SubjectId::Identity(id.clone());
        let mut noted = BTreeSet::new();
        let mut claim =
            |method: Method, (owner, raw): (crate::model::Owner, Str), evidence: &Evidence| {
                facts.attributions.push(Attribution {
                    rank: 0,
                    why: None,
                    method,
                    subject: subject.clone(),
                    owner,
                    raw,
                    as_of: None,
                    evidence: evidence.clone(),
                });
            };
        let (mut answerable, mut machines) = (false, false);
        for party in about.owners.iter().chain(&about.sponsors).flatten() {
            if let Some(owner) = party.owner().filter(|_| !is_machine(party, named)) {
                answerable = true;
                claim(Method::Provider, owner, &party.evidence);
            } else {
                machines = true;
                // A machine answers for nothing, but somebody owns that one: a lead.
                let behind = party.id.as_ref().and_then(|id| named.objects.get(id));
                let behind = behind
                    .filter(|behind| *behind != id)
                    .and_then(|id| known.get(id));
                for lead in behind.into_iter().flat_map(|b| b.owners.iter().flatten()) {
                    if let Some(owner) = lead.owner().filter(|_| !is_machine(lead, named)) {
                        claim(Method::Creator, owner, &party.evidence);
                    }
                }
            }
        }
        for (address, evidence) in &about.told {
            if let Some(owner) = crate::model::Owner::parse(address) {
                claim(Method::OnCall, (owner, address.clone()), evidence);
            }
        }
        let listed = about.owners.is_some() && about.registered != Some(false);
        if listed || about.sponsors.is_some() {
            noted.insert(Str::from("owners-listed"));
        }
        if listed && !answerable {
            noted.insert(
                if machines {
                    "owned-by-machines"
                } else {
                    "no-owner-recorded"
                }
                .into(),
            );
        }
        if about.sponsors.as_ref().is_some_and(Vec::is_empty) {
            noted.insert("no-sponsor-recorded".into());
        }
        if !noted.is_empty() {
            traits.insert(id, noted);
        }
        let parties = about.owners.iter().chain(&about.sponsors).flatten();
        facts.people.extend(parties.filter_map(Party::person));
    }
    for identity in &mut facts.identities {
        if let Some(noted) = traits.get(&identity.id) {
            identity.traits.extend(noted.iter().cloned());
        }
    }
}

/// Whether an owner is a machine: by its type, or because its id is a service principal's.
fn is_machine(party: &Party, named: &Names) -> bool {
    party.sort == PartySort::Machine
        || party.sort == PartySort::Unknown
            && party
                .id
                .as_ref()
                .is_some_and(|id| named.objects.contains_key(id))
}
