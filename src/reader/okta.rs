//! What Okta records of its applications, service accounts, agents and API tokens: whose they are, what they may do,
//! when they end.
//!
//! | export | shape (models of Okta's SDK of the same names) |
//! |---|---|
//! | `GET /privileged-access/api/v1/service-accounts` | list of `AppServiceAccount`: `id, name, username, containerOrn, ownerUserIds, ownerGroupIds, status, statusDetail` |
//! | `GET /privileged-resource/api/v1/service-accounts` | list of `ServiceAccount`: `accountType, details.{oktaUserId,oktaApplicationId}`, owners as above |
//! | `GET /api/v1/apps` | list of `Application`: `id, label, status, created, signOnMode, credentials.oauthClient, settings.{notes,oauthClient}` |
//! | `GET /api/v1/api-tokens` | list of `ApiToken`: `id, name, userId, clientName, created, expiresAt, tokenWindow, network` |
//! | `GET /api/v1/apps/{id}/credentials/secrets`, `…/jwks` | lists of `OAuth2ClientSecret` and keys: `id, status, created` |
//! | `GET /api/v1/apps/{id}/grants` | list of `OAuth2ScopeConsentGrant`: `scopeId, issuer, clientId, status` |
//! | `GET /oauth2/v1/clients/{id}/roles`, `GET /api/v1/users/{id}/roles` | list of `StandardRole`, `CustomRole`: `type, label, status` |
//! | `GET /integrations/api/v1/api-services` | list of `APIServiceIntegrationInstance`: `id, name, grantedScopes, createdBy` |
//!
//! Applications of people's single sign-on are left out: they authenticate nobody to Okta. An export names its
//! organisation only in links (`https://acme.okta.com/…`).

use super::Reader;
use super::aws_answer::Head;
use super::records::{self, Record, text, texts};
use super::resource::told;
use crate::model::{
    Attribution, Credential, CredentialId, CredentialLink, CredentialStatus, Document, Effect,
    Entitlement, EntitlementRole, Evidence, Facts, Humanity, Identity, IdentityId, IdentityKind,
    Label, LabelSource, Method, Moment, Owner, Platform, Policy, PolicyId, PolicyKind, Presence,
    Probe, Problem, Rule, RuleBody, Scope, Str, SubjectId, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

const NAME: &str = "okta";
const LISTS: [&str; 4] = ["value", "items", "data", "jwks"];

/// Sets of members that one record of an export has.
const TOGETHER: [&[&str]; 8] = [
    &["ownerUserIds", "name"],
    &["ownerGroupIds", "name"],
    &["containerOrn", "username"],
    &["accountType", "statusDetail", "name"],
    &["userId", "tokenWindow", "name"],
    &["signOnMode", "label", "status"],
    &["scopeId", "issuer", "clientId"],
    &["grantedScopes", "id", "name"],
];

/// Names of administrators' roles, which a role of an assignment has.
const ROLES: [&str; 13] = [
    "ACCESS_CERTIFICATIONS_ADMIN",
    "ACCESS_REQUESTS_ADMIN",
    "API_ACCESS_MANAGEMENT_ADMIN",
    "APP_ADMIN",
    "CUSTOM",
    "GROUP_MEMBERSHIP_ADMIN",
    "HELP_DESK_ADMIN",
    "ORG_ADMIN",
    "READ_ONLY_ADMIN",
    "REPORT_ADMIN",
    "SUPER_ADMIN",
    "USER_ADMIN",
    "WORKFLOWS_ADMIN",
];

/// Reads exports of Okta.
#[derive(Debug)]
pub struct Okta;

impl Reader for Okta {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let telling = [
            "ownerUserIds",
            "ownerGroupIds",
            "containerOrn",
            "statusDetail",
            "tokenWindow",
            "signOnMode",
            "scopeId",
            "grantedScopes",
            "secret_hash",
            "assignmentType",
        ];
        let Some(head) = Head::of(probe, &telling) else {
            return false;
        };
        let role = |value: &[u8]| {
            let value = String::from_utf8_lossy(value);
            let name = value.trim_start_matches('"');
            ROLES
                .iter()
                .any(|role| name.starts_with(role.get(..role.len().min(20)).unwrap_or(role)))
        };
        // Secrets and roles say nothing of whose they are but in their links or the path.
        let of_one = of_one(&probe.origin.path).is_some()
            || probe.head_contains("/apps/")
            || probe.head_contains("/clients/");
        TOGETHER.iter().any(|names| head.together(names, 3))
            || head.together(&["secret_hash", "status"], 3) && of_one
            || head.together(&["assignmentType", "type"], 3)
                && head.begins("type", 3, &role)
                && of_one
    }

    /// Some lists have no links, and so do not say which organisation they are of; others of the same export do.
    fn gathers(&self, _: &Document<'_>) -> bool {
        true
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        self.read_together(std::slice::from_ref(document))
    }

    fn read_together(&self, documents: &[Document<'_>]) -> (Facts, Vec<Problem>) {
        let named: Vec<Option<Str>> = documents.iter().map(organization).collect();
        let all: BTreeSet<&Str> = named.iter().flatten().collect();
        let only = all
            .first()
            .filter(|_| all.len() == 1)
            .map(|name| (*name).clone());
        let folder = |of: &Document<'_>| {
            let path = of.origin.path.rsplit_once('/');
            path.map(|(folder, _)| folder.to_owned())
                .unwrap_or_default()
        };
        let mut beside: BTreeMap<String, BTreeSet<&Str>> = BTreeMap::new();
        for (document, name) in documents.iter().zip(&named) {
            beside.entry(folder(document)).or_default().extend(name);
        }
        let mut facts = Facts::default();
        let mut problems = Vec::new();
        for (document, own) in documents.iter().zip(&named) {
            let near = beside
                .get(&folder(document))
                .filter(|names| names.len() == 1);
            let near = near
                .and_then(|names| names.first())
                .map(|name| (*name).clone());
            let mut reading = Reading {
                document,
                organization: own.clone().or(near).or_else(|| only.clone()),
                facts: Facts::default(),
            };
            let stop = records::each(document, NAME, &LISTS, &mut |record| reading.record(record));
            facts.append(reading.facts);
            problems.extend(stop);
        }
        facts.sources.push((NAME.into(), "*".into()));
        (facts, problems)
    }
}

/// The organisation that links of an export lead to: `acme.okta.com`. Linear, and of the first bytes only.
fn organization(document: &Document<'_>) -> Option<Str> {
    let head = document.bytes.get(..64 << 10).unwrap_or(document.bytes);
    let text = String::from_utf8_lossy(head);
    text.split("https://").skip(1).find_map(|rest| {
        let host = rest.split(['/', '"', '\\']).next()?.to_ascii_lowercase();
        let okta = [
            "okta.com",
            "oktapreview.com",
            "okta-emea.com",
            "okta-gov.com",
        ];
        let own = okta.iter().any(|domain| {
            host.strip_suffix(domain)
                .is_some_and(|name| name.len() > 1 && name.ends_with('.'))
        });
        let product = ["developer.", "help.", "support.", "www.", "api."];
        (own && !product.iter().any(|name| host.starts_with(name)))
            .then(|| host.replace("-admin.", ".").into())
    })
}

/// The application, client or user that a path is about: `apps/0oa…/credentials/secrets.json`, `users-00u…-roles.json`.
fn of_one(path: &str) -> Option<&str> {
    let mut words = path.split(|c: char| !c.is_ascii_alphanumeric());
    words.rfind(|word| id(word))
}

/// Ids of Okta have twenty characters, `00` or `0o` first.
fn id(word: &str) -> bool {
    word.len() == 20 && (word.starts_with("00u") || word.starts_with("0oa"))
}

struct Reading<'a> {
    document: &'a Document<'a>,
    organization: Option<Str>,
    facts: Facts,
}

impl Reading<'_> {
    fn record(&mut self, record: &Record<'_>) {
        let evidence = record.at(self.document, NAME);
        if record.has("ownerUserIds")
            || record.has("ownerGroupIds")
            || record.has("containerOrn")
            || record.all(&["accountType", "statusDetail"])
        {
            self.service_account(record, evidence);
        } else if record.all(&["userId", "tokenWindow"]) {
            self.api_token(record, evidence);
        } else if record.has("signOnMode") {
            self.application(record, evidence);
        } else if record.has("scopeId") {
            self.scopes(
                record,
                record.text("clientId"),
                record.text("scopeId").into_iter().collect(),
                evidence,
            );
        } else if record.has("grantedScopes") {
            self.integration(record, evidence);
        } else if record.has("secret_hash") || record.has("kty") {
            self.secret(record, evidence);
        } else if record
            .text("type")
            .is_some_and(|role| ROLES.contains(&role))
        {
            self.role(record, evidence);
        }
    }

    fn place(&self) -> &str {
        self.organization.as_deref().unwrap_or("organization")
    }

    fn identity(&self, kind: IdentityKind, own: &str, name: &str, evidence: &Evidence) -> Identity {
        let word = match kind {
            IdentityKind::App => "app",
            _ => "service-account",
        };
        let id = IdentityId::from(format!("okta:{}/{word}/{own}", self.place()));
        let mut identity = Identity::new(id, Platform::Okta, kind, name);
        identity.account = self.organization.clone();
        identity.presence.insert(Presence::Observed);
        identity.aliases.insert(own.into());
        identity.evidence.insert(evidence.clone());
        identity
    }

    fn service_account(&mut self, record: &Record<'_>, evidence: Evidence) {
        let Some(own) = record.first(&["id", "name"]) else {
            return;
        };
        let name = record.first(&["name", "username"]).unwrap_or(own);
        let mut identity = self.identity(IdentityKind::ServiceAccount, own, name, &evidence);
        identity.humanity = (Humanity::NonHuman, "a service account of Okta".into());
        identity.created = record.time("created");
        let details = record.inside("details");
        let detail = |key: &str| details.and_then(|details| text(details, key));
        let also = [
            detail("oktaUserId"),
            detail("email"),
            record.text("username"),
        ];
        identity
            .aliases
            .extend(also.into_iter().flatten().map(Str::from));
        describe(record, &mut identity, &evidence);
        // Its password is kept by nobody, or outside.
        let state = record.text("statusDetail").or(record.text("status"));
        match state {
            Some("UNMANAGED" | "UNSECURED") => {
                identity.traits.insert("password-unmanaged".into());
            }
            Some("MISSING_PASSWORD") => {
                identity.traits.insert("password-missing".into());
            }
            Some("ROTATION_FAILED") => {
                identity.traits.insert("rotation-failed".into());
            }
            _ => {}
        }
        if record.has("ownerUserIds") || record.has("ownerGroupIds") {
            let users = record
                .texts("ownerUserIds")
                .into_iter()
                .map(|id| (Owner::User(id.to_lowercase().into()), id));
            let groups = record
                .texts("ownerGroupIds")
                .into_iter()
                .map(|id| (Owner::Team(id.to_lowercase().into()), id));
            let before = self.facts.attributions.len();
            for (owner, raw) in users.chain(groups) {
                self.claim(Method::Provider, &identity.id, owner, raw, &evidence);
            }
            identity.traits.insert("owners-listed".into());
            if self.facts.attributions.len() == before {
                identity.traits.insert("no-owner-recorded".into());
            }
        }
        self.facts.identities.push(identity);
    }

    fn claim(
        &mut self,
        method: Method,
        id: &IdentityId,
        owner: Owner,
        raw: &str,
        evidence: &Evidence,
    ) {
        self.facts.attributions.push(Attribution {
            rank: 0,
            why: None,
            method,
            subject: SubjectId::Identity(id.clone()),
            owner,
            raw: raw.into(),
            as_of: None,
            evidence: evidence.clone(),
        });
    }

    /// A token acts as the user who made it, with all that this one may do.
    fn api_token(&mut self, record: &Record<'_>, evidence: Evidence) {
        let Some(own) = record.text("id") else { return };
        let name = record.text("name").unwrap_or(own);
        let id = CredentialId::from(format!("okta:api-token:{own}"));
        let mut token = Credential::new(id, "okta-api-token", NAME, "Okta API token");
        token.account = self.organization.clone();
        token.display = Some(name.into());
        token.status = CredentialStatus::Active;
        token.created = record.time("created");
        // It ends when it is not used for the window's length; each use puts the end off.
        token.expires = record.time("expiresAt").map_or(Moment::Unknown, Moment::At);
        token.lifetime = record.text("tokenWindow").and_then(window);
        let network = record
            .inside("network")
            .and_then(|network| text(network, "connection"));
        if network.is_some_and(|connection| connection.eq_ignore_ascii_case("ANYWHERE")) {
            token.traits.insert("from-anywhere".into());
        }
        token.records.insert(evidence.clone());
        let Some(user) = record.text("userId") else {
            self.facts.credentials.push(token);
            return;
        };
        let holder = self.user(user, &evidence);
        token.links.insert(CredentialLink {
            identity: holder,
            basis: "the listing of tokens names the user".into(),
            evidence: evidence.clone(),
        });
        self.facts.attributions.push(Attribution {
            rank: 0,
            why: None,
            method: Method::Provider,
            subject: SubjectId::Credential(token.id.clone()),
            owner: Owner::User(user.to_lowercase().into()),
            raw: user.into(),
            as_of: record.time("created"),
            evidence,
        });
        self.facts.credentials.push(token);
    }

    /// A user who holds a token. Whether a person is behind it, the export does not say.
    fn user(&mut self, user: &str, evidence: &Evidence) -> IdentityId {
        let id = IdentityId::from(format!("okta:{}/user/{user}", self.place()));
        let mut identity = Identity::new(
            id.clone(),
            Platform::Okta,
            IdentityKind::ServiceAccount,
            user,
        );
        identity.account = self.organization.clone();
        identity.presence.insert(Presence::Referenced);
        identity.aliases.insert(user.into());
        identity.evidence.insert(evidence.clone());
        self.facts.identities.push(identity);
        id
    }

    /// An application that signs in to Okta by itself; those that people sign in to by Okta are none of machines.
    fn application(&mut self, record: &Record<'_>, evidence: Evidence) {
        let settings = record.inside("settings");
        let client = settings
            .and_then(|s| s.get("oauthClient"))
            .and_then(|c| c.as_object());
        let credentials = record.inside("credentials");
        let credential = credentials
            .and_then(|c| c.get("oauthClient"))
            .and_then(|c| c.as_object());
        let service = client.is_some_and(|client| {
            text(client, "application_type") == Some("service")
                || texts(client, "grant_types").contains(&"client_credentials")
        });
        let (true, Some(own)) = (service, record.text("id")) else {
            return;
        };
        let name = record.text("label").unwrap_or(own);
        let mut identity = self.identity(IdentityKind::App, own, name, &evidence);
        identity.humanity = (Humanity::NonHuman, "a service application of Okta".into());
        identity.created = record.time("created");
        identity.enabled = record.text("status").map(|status| status == "ACTIVE");
        let client_id = credential.and_then(|c| text(c, "client_id"));
        identity.aliases.extend(client_id.map(Str::from));
        describe(record, &mut identity, &evidence);
        let notes = settings
            .and_then(|s| s.get("notes"))
            .and_then(|n| n.as_object());
        for key in ["admin", "enduser"] {
            let note = notes.and_then(|notes| text(notes, key)).and_then(told);
            label(&mut identity, note, &evidence);
        }
        let method = credential.and_then(|c| text(c, "token_endpoint_auth_method"));
        if method == Some("none") {
            identity
                .traits
                .insert("client-without-authentication".into());
        } else if method.is_some_and(|method| method.starts_with("client_secret")) {
            identity.traits.insert("client-secret".into());
        }
        let keys = client
            .and_then(|client| client.get("jwks"))
            .and_then(|jwks| jwks.as_object());
        let id = identity.id.clone();
        self.facts.identities.push(identity);
        for key in keys
            .into_iter()
            .flat_map(|jwks| records::objects(jwks, "keys"))
        {
            let kid = text(key, "id").or_else(|| text(key, "kid"));
            if let Some(kid) = kid {
                self.keep(
                    &id,
                    kid,
                    "okta-client-key",
                    "Okta client key",
                    text(key, "status"),
                    records::time(key, "created"),
                    &evidence,
                );
            }
        }
    }

    /// A client's secret or public key, in a list of its own.
    fn secret(&mut self, record: &Record<'_>, evidence: Evidence) {
        let (Some(own), Some(app)) = (record.first(&["id", "kid"]), self.of(record)) else {
            return;
        };
        let (kind, title) = match record.has("kty") {
            true => ("okta-client-key", "Okta client key"),
            false => ("okta-client-secret", "Okta client secret"),
        };
        self.keep(
            &app,
            own,
            kind,
            title,
            record.text("status"),
            record.time("created"),
            &evidence,
        );
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "the parts of one credential, each of its own type"
    )]
    fn keep(
        &mut self,
        holder: &IdentityId,
        own: &str,
        kind: &str,
        title: &str,
        status: Option<&str>,
        created: Option<Timestamp>,
        evidence: &Evidence,
    ) {
        let id = CredentialId::from(format!("okta:client-credential:{own}"));
        let mut found = Credential::new(id, kind, NAME, title);
        found.account = self.organization.clone();
        found.display = Some(own.into());
        found.status = match status {
            Some("INACTIVE") => CredentialStatus::Inactive,
            _ => CredentialStatus::Active,
        };
        found.created = created;
        // Neither secrets nor keys of clients have an end.
        found.expires = Moment::Never;
        found.records.insert(evidence.clone());
        found.links.insert(CredentialLink {
            identity: holder.clone(),
            basis: "it is listed at the application".into(),
            evidence: evidence.clone(),
        });
        self.facts.credentials.push(found);
    }

    fn scopes(
        &mut self,
        record: &Record<'_>,
        client: Option<&str>,
        scopes: Vec<&str>,
        evidence: Evidence,
    ) {
        if record
            .text("status")
            .is_some_and(|status| status != "ACTIVE")
        {
            return;
        }
        let holder = client
            .map(|client| self.called(client))
            .or_else(|| self.of(record));
        let Some(holder) = holder else { return };
        for scope in scopes {
            self.grant(&holder, scope, "scope", &evidence);
        }
    }

    /// A role of an administrator, given to a client or to a user.
    fn role(&mut self, record: &Record<'_>, evidence: Evidence) {
        if record
            .text("status")
            .is_some_and(|status| status != "ACTIVE")
        {
            return;
        }
        let Some(holder) = self.of(record) else {
            return;
        };
        let role = match record.text("type") {
            Some("CUSTOM") => record.first(&["label", "role"]).unwrap_or("CUSTOM"),
            Some(role) => role,
            None => return,
        };
        self.grant(&holder, role, "role of an administrator", &evidence);
    }

    fn integration(&mut self, record: &Record<'_>, evidence: Evidence) {
        let Some(own) = record.text("id") else { return };
        let name = record.text("name").unwrap_or(own);
        let mut identity = self.identity(IdentityKind::App, own, name, &evidence);
        identity.humanity = (
            Humanity::NonHuman,
            "an API service integration of Okta".into(),
        );
        identity.created = record.time("createdAt");
        identity.traits.insert("third-party".into());
        identity
            .labels
            .extend(record.text("type").map(|kind| Label {
                source: LabelSource::Field,
                key: "integration".into(),
                value: kind.into(),
                evidence: evidence.clone(),
            }));
        let id = identity.id.clone();
        self.facts.identities.push(identity);
        if let Some(by) = record.text("createdBy") {
            self.claim(
                Method::Creator,
                &id,
                Owner::User(by.to_lowercase().into()),
                by,
                &evidence,
            );
        }
        for scope in record.texts("grantedScopes") {
            self.grant(&id, scope, "scope", &evidence);
        }
    }

    /// The application or user that a record of a list is of, as its links or the path say.
    fn of(&mut self, record: &Record<'_>) -> Option<IdentityId> {
        let links = record.inside("_links");
        let hrefs = links
            .into_iter()
            .flatten()
            .filter_map(|(_, link)| text(link.as_object()?, "href"));
        let named = hrefs.filter_map(of_one).next_back().map(str::to_owned);
        let named = named.or_else(|| of_one(&self.document.origin.path).map(str::to_owned))?;
        Some(match named.starts_with("00u") {
            true => {
                let evidence = record.at(self.document, NAME);
                self.user(&named, &evidence)
            }
            false => self.called(&named),
        })
    }

    fn called(&self, app: &str) -> IdentityId {
        format!("okta:{}/app/{app}", self.place()).into()
    }

    fn grant(&mut self, holder: &IdentityId, role: &str, via: &str, evidence: &Evidence) {
        let id = PolicyId::from(format!("okta:{}/role/{role}", self.place()));
        let mut policy = Policy::new(id.clone(), Platform::Okta, PolicyKind::Named, role);
        policy.account = self.organization.clone();
        policy.rules.insert(Rule {
            effect: Effect::Allow,
            body: RuleBody::Named(role.into()),
            label: role.into(),
            evidence: evidence.clone(),
        });
        self.facts.policies.push(policy);
        self.facts.entitlements.push(Entitlement {
            principal: holder.clone(),
            policy: id,
            scope: Scope::Resource(format!("okta:{}", self.place()).into()),
            role: EntitlementRole::Grant,
            via: via.into(),
            evidence: evidence.clone(),
        });
    }
}

/// `Owner: payments` in a description.
fn describe(record: &Record<'_>, identity: &mut Identity, evidence: &Evidence) {
    label(
        identity,
        record.text("description").and_then(told),
        evidence,
    );
}

fn label(identity: &mut Identity, found: Option<(&str, &str)>, evidence: &Evidence) {
    identity.labels.extend(found.map(|(key, value)| Label {
        source: LabelSource::Field,
        key: key.into(),
        value: value.into(),
        evidence: evidence.clone(),
    }));
}

/// `P30D`, `PT12H`: a token's window in seconds.
fn window(text: &str) -> Option<i64> {
    let text = text.strip_prefix('P')?;
    let (days, hours) = match text.split_once('T') {
        Some((days, hours)) => (days, hours),
        None => (text, ""),
    };
    let number = |text: &str, unit: char| -> Option<i64> {
        match text {
            "" => Some(0),
            text => text.strip_suffix(unit)?.parse().ok(),
        }
    };
    number(days, 'D')?
        .checked_mul(Timestamp::DAY)?
        .checked_add(number(hours, 'H')?.checked_mul(3600)?)
}
