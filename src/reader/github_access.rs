//! What GitHub records of apps, deploy keys and personal tokens: who let them in, what they may do, when they end.
//!
//! | export | shape (REST reference) |
//! |---|---|
//! | `GET /orgs/{org}/installations` | `{total_count, installations: [{id, app_id, app_slug, client_id, account, repository_selection, permissions, created_at, suspended_at, contact_email}]}` |
//! | `GET /repos/{owner}/{repo}/keys` | list of `{id, key, title, url, created_at, read_only, added_by, last_used, enabled}` |
//! | `GET /orgs/{org}/personal-access-tokens` | list of `{id, owner, repository_selection, permissions, access_granted_at, token_id, token_name, token_expired, token_expires_at, token_last_used_at}` |
//! | `GET /orgs/{org}/credential-authorizations` | list of `{login, credential_id, credential_type, token_last_eight, scopes, fingerprint, credential_authorized_at, credential_accessed_at, authorized_credential_expires_at}` |
//!
//! Whoever added a deploy key need not answer for it: that is a suggestion. A personal token is its holder's.

use super::Reader;
use super::aws_answer::Head;
use super::records::{self, Record, text};
use crate::model::{
    Attribution, Credential, CredentialId, CredentialLink, CredentialStatus, Document, Effect,
    Entitlement, EntitlementRole, Evidence, Facts, Humanity, Identity, IdentityId, IdentityKind,
    JoinForm, JoinKey, Method, Moment, Owner, Platform, Policy, PolicyId, PolicyKind, Presence,
    Probe, Problem, Rule, RuleBody, Scope, Str, SubjectId,
};
use base64::Engine as _;
use sha2::{Digest, Sha256};

const NAME: &str = "github";
const LISTS: [&str; 2] = ["installations", "value"];

/// Reads exports of GitHub.
#[derive(Debug)]
pub struct GitHubAccess;

impl Reader for GitHubAccess {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, probe: &Probe<'_>) -> bool {
        let telling = [
            "app_slug",
            "read_only",
            "token_id",
            "credential_authorized_at",
        ];
        Head::of(probe, &telling).is_some_and(|head| {
            head.together(&["app_slug", "permissions"], 4)
                || head.together(&["read_only", "title", "key"], 3)
                || head.together(&["token_id", "owner", "permissions"], 3)
                || head.together(&["credential_id", "credential_authorized_at"], 3)
        })
    }

    fn read(&self, document: &Document<'_>) -> (Facts, Vec<Problem>) {
        let mut facts = Facts::default();
        let stop = records::each(document, NAME, &LISTS, &mut |record| {
            let evidence = record.at(document, NAME);
            if record.has("app_slug") {
                installation(&mut facts, record, &evidence);
            } else if record.has("read_only") {
                deploy_key(&mut facts, document, record, &evidence);
            } else if record.has("token_id") {
                personal_token(&mut facts, record, &evidence);
            } else if record.has("credential_authorized_at") {
                authorization(&mut facts, record, &evidence);
            }
        });
        facts.sources.push((NAME.into(), "*".into()));
        (facts, stop.into_iter().collect())
    }
}

fn installation(facts: &mut Facts, record: &Record<'_>, evidence: &Evidence) {
    let Some(slug) = record.text("app_slug") else {
        return;
    };
    let organization = record
        .inside("account")
        .and_then(|account| text(account, "login"));
    let place = organization.map_or_else(|| "organization".to_owned(), str::to_lowercase);
    let id = IdentityId::from(format!("github:{place}/app/{slug}"));
    let mut identity = Identity::new(id.clone(), Platform::GitHub, IdentityKind::App, slug);
    identity.account = organization.map(Str::from);
    identity.presence.insert(Presence::Observed);
    identity.humanity = (Humanity::NonHuman, "a GitHub App".into());
    identity.created = record.time("created_at");
    identity.enabled = Some(record.text("suspended_at").is_none());
    let client = record.text("client_id").map(Str::from);
    let number = record.map.get("app_id").and_then(|id| id.as_u64());
    identity.aliases.extend(
        client
            .into_iter()
            .chain(number.map(|id| format!("github:app:{id}").into())),
    );
    // An address of the app's maker, not of whoever installed it.
    let contact = record.text("contact_email");
    let maker = contact.and_then(|mail| mail.rsplit_once('@'));
    identity
        .serves
        .extend(maker.map(|(_, domain)| Str::from(format!("vendor:{}", domain.to_lowercase()))));
    identity.evidence.insert(evidence.clone());
    facts.identities.push(identity);
    let scope = match record.text("repository_selection") {
        Some("selected") => format!("github:{place}/(selected repositories)"),
        _ => format!("github:{place}"),
    };
    permissions(
        facts,
        record.inside("permissions"),
        &id,
        &scope,
        "installation",
        evidence,
    );
}

fn permissions(
    facts: &mut Facts,
    given: Option<&serde_json::Map<String, serde_json::Value>>,
    holder: &IdentityId,
    scope: &str,
    via: &str,
    evidence: &Evidence,
) {
    for (permission, level) in given.into_iter().flatten() {
        if let Some(level) = level.as_str() {
            let name = format!("{}:{level}", permission.replace('_', "-"));
            grant(facts, holder, &name, scope, via, evidence);
        } else if let Some(inner) = level.as_object() {
            // Tokens of persons: `{organization: {…}, repository: {…}}`.
            for (permission, level) in inner {
                if let Some(level) = level.as_str() {
                    let name = format!("{}:{level}", permission.replace('_', "-"));
                    grant(facts, holder, &name, scope, via, evidence);
                }
            }
        }
    }
}

fn grant(
    facts: &mut Facts,
    holder: &IdentityId,
    name: &str,
    scope: &str,
    via: &str,
    evidence: &Evidence,
) {
    let id = PolicyId::from(format!("github:permission/{name}"));
    let mut policy = Policy::new(id.clone(), Platform::GitHub, PolicyKind::Named, name);
    policy.rules.insert(Rule {
        effect: Effect::Allow,
        body: RuleBody::Named(name.into()),
        label: name.into(),
        evidence: evidence.clone(),
    });
    facts.policies.push(policy);
    facts.entitlements.push(Entitlement {
        principal: holder.clone(),
        policy: id,
        scope: Scope::Resource(scope.into()),
        role: EntitlementRole::Grant,
        via: via.into(),
        evidence: evidence.clone(),
    });
}

/// `acme/payments` in `https://api.github.com/repos/acme/payments/keys/1`, or in a path `repos/acme/payments/keys.json`.
fn repository(text: &str) -> Option<&str> {
    let (_, rest) = text.rsplit_once("repos/")?;
    let mut ends = rest.match_indices('/').map(|(at, _)| at);
    let _ = ends.next()?;
    rest.get(..ends.next()?)
}

fn deploy_key(
    facts: &mut Facts,
    document: &Document<'_>,
    record: &Record<'_>,
    evidence: &Evidence,
) {
    let (Some(number), Some(title)) = (
        record.map.get("id").and_then(|id| id.as_u64()),
        record.text("title"),
    ) else {
        return;
    };
    let place = record.text("url").and_then(repository);
    let place = place.or_else(|| repository(&document.origin.path));
    let place = place.map_or_else(|| "repository".to_owned(), str::to_lowercase);
    let id = IdentityId::from(format!("github:{place}/deploy-key/{number}"));
    let mut identity = Identity::new(id.clone(), Platform::GitHub, IdentityKind::DeployKey, title);
    identity.account = place.split('/').next().map(Str::from);
    identity.presence.insert(Presence::Observed);
    identity.humanity = (Humanity::NonHuman, "a deploy key".into());
    identity.created = record.time("created_at");
    identity.enabled = record.flag("enabled");
    identity.last_used = record.time("last_used").map_or(Moment::Unknown, Moment::At);
    identity.evidence.insert(evidence.clone());
    facts.identities.push(identity);
    let name = match record.flag("read_only") {
        Some(true) => "deploy-key:read",
        _ => "deploy-key:write",
    };
    grant(
        facts,
        &id,
        name,
        &format!("github:{place}"),
        "deploy key",
        evidence,
    );
    let mut key = Credential::new(
        CredentialId::from(format!("github:deploy-key:{number}")),
        "github-deploy-key",
        NAME,
        "GitHub deploy key",
    );
    key.display = Some(title.into());
    key.status = match record.flag("enabled") {
        Some(false) => CredentialStatus::Inactive,
        _ => CredentialStatus::Active,
    };
    key.created = record.time("created_at");
    // There is no way to give one an end.
    key.expires = Moment::Never;
    key.last_used = record.time("last_used").map_or(Moment::Unknown, Moment::At);
    key.records.insert(evidence.clone());
    let print = record.text("key").and_then(fingerprint);
    key.join_keys
        .extend(print.map(|print| JoinKey::new(JoinForm::SshFingerprint, "", &print)));
    link(&mut key, &id, "the repository's list of keys", evidence);
    facts.credentials.push(key);
    if let Some(login) = record.text("added_by") {
        claim(
            facts,
            Method::Creator,
            SubjectId::Identity(id),
            login,
            record.time("created_at"),
            evidence,
        );
    }
}

/// The fingerprint of a public key as OpenSSH prints it.
fn fingerprint(line: &str) -> Option<String> {
    let body = line.split_whitespace().nth(1)?;
    let blob = base64::engine::general_purpose::STANDARD
        .decode(body)
        .ok()?;
    let digest = Sha256::digest(&blob);
    let text = base64::engine::general_purpose::STANDARD_NO_PAD.encode(digest);
    Some(format!("SHA256:{text}"))
}

fn link(credential: &mut Credential, holder: &IdentityId, basis: &str, evidence: &Evidence) {
    credential.links.insert(CredentialLink {
        identity: holder.clone(),
        basis: basis.into(),
        evidence: evidence.clone(),
    });
}

fn claim(
    facts: &mut Facts,
    method: Method,
    subject: SubjectId,
    login: &str,
    as_of: Option<crate::model::Timestamp>,
    evidence: &Evidence,
) {
    facts.attributions.push(Attribution {
        rank: 0,
        why: None,
        method,
        subject,
        owner: Owner::User(login.to_lowercase().into()),
        raw: login.into(),
        as_of,
        evidence: evidence.clone(),
    });
}

/// The account that holds a token: a person, or a user who is kept for a machine.
fn holder(facts: &mut Facts, login: &str, number: Option<u64>, evidence: &Evidence) -> IdentityId {
    let login = login.to_lowercase();
    let id = IdentityId::from(format!("github:user/{login}"));
    let mut identity = Identity::new(
        id.clone(),
        Platform::GitHub,
        IdentityKind::ServiceAccount,
        login,
    );
    identity.presence.insert(Presence::Referenced);
    let number =
        number.map(|number| JoinKey::new(JoinForm::GithubUser, "github", &number.to_string()));
    identity.aliases.extend(number.map(|key| key.alias()));
    identity.evidence.insert(evidence.clone());
    facts.identities.push(identity);
    id
}

fn personal_token(facts: &mut Facts, record: &Record<'_>, evidence: &Evidence) {
    let number = |key: &str| record.map.get(key).and_then(|id| id.as_u64());
    let (Some(token), Some(owner)) = (number("token_id"), record.inside("owner")) else {
        return;
    };
    let Some(login) = text(owner, "login") else {
        return;
    };
    let user = holder(
        facts,
        login,
        owner.get("id").and_then(|id| id.as_u64()),
        evidence,
    );
    let mut found = Credential::new(
        CredentialId::from(format!("github:token:{token}")),
        "github-fine-grained-pat",
        NAME,
        "GitHub fine-grained personal access token",
    );
    found.display = record.text("token_name").map(Str::from);
    found.status = match record.flag("token_expired") {
        Some(true) => CredentialStatus::Expired,
        _ => CredentialStatus::Active,
    };
    found.created = record.time("access_granted_at");
    found.expires = match (
        record.time("token_expires_at"),
        record.has("token_expires_at"),
    ) {
        (Some(end), _) => Moment::At(end),
        (None, true) => Moment::Never,
        (None, false) => Moment::Unknown,
    };
    found.last_used = record
        .time("token_last_used_at")
        .map_or(Moment::Unknown, Moment::At);
    found.records.insert(evidence.clone());
    link(
        &mut found,
        &user,
        "the organisation's list of tokens names the user",
        evidence,
    );
    claim(
        facts,
        Method::Provider,
        SubjectId::Credential(found.id.clone()),
        login,
        found.created,
        evidence,
    );
    facts.credentials.push(found);
    permissions(
        facts,
        record.inside("permissions"),
        &user,
        "github:organization",
        "personal access token",
        evidence,
    );
}

fn authorization(facts: &mut Facts, record: &Record<'_>, evidence: &Evidence) {
    let (Some(login), Some(number)) = (
        record.text("login"),
        record.map.get("credential_id").and_then(|id| id.as_u64()),
    ) else {
        return;
    };
    let user = holder(facts, login, None, evidence);
    let ssh = record
        .text("credential_type")
        .is_some_and(|kind| kind.contains("SSH"));
    let (kind, title) = match ssh {
        true => ("github-ssh-key", "GitHub user's SSH key"),
        false => ("github-pat", "GitHub personal access token"),
    };
    let id = CredentialId::from(format!("github:credential:{number}"));
    let mut found = Credential::new(id, kind, NAME, title);
    found.display = record
        .first(&["authorized_credential_note", "authorized_credential_title"])
        .map(Str::from);
    found.status = CredentialStatus::Active;
    found.created = record.time("credential_authorized_at");
    found.last_used = record
        .time("credential_accessed_at")
        .map_or(Moment::Unknown, Moment::At);
    found.expires = match (
        record.time("authorized_credential_expires_at"),
        record.has("authorized_credential_expires_at"),
    ) {
        (Some(end), _) => Moment::At(end),
        (None, true) => Moment::Never,
        (None, false) => Moment::Unknown,
    };
    found.records.insert(evidence.clone());
    let last = record
        .text("token_last_eight")
        .map(|last| JoinKey::new(JoinForm::GithubLastEight, NAME, last));
    let print = record
        .text("fingerprint")
        .filter(|print| print.starts_with("SHA256:"));
    let print =
        print.map(|print| JoinKey::new(JoinForm::SshFingerprint, "", print.trim_end_matches('=')));
    found.join_keys.extend(last.into_iter().chain(print));
    link(
        &mut found,
        &user,
        "the organisation's list of credentials names the user",
        evidence,
    );
    claim(
        facts,
        Method::Provider,
        SubjectId::Credential(found.id.clone()),
        login,
        found.created,
        evidence,
    );
    facts.credentials.push(found);
}
