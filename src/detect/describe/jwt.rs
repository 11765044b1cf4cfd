//! JSON web tokens: who issued them, for whom, until when, and what they say may be done with them.

use super::encoding::{json, list, member, seconds};
use super::{Decoded, dns_label};
use crate::model::{ClaimName, Confidence, IdentityId, JoinForm, Moment, Tier, Timestamp};
use crate::platform::kubernetes::names;
use serde_json::Value;

/// Directory roles that Entra names by template id, from its reference of built-in roles.
const ENTRA_ROLES: [(&str, Tier); 4] = [
    // Global Administrator
    ("62e90394-69f5-4237-9190-012177145e10", Tier::Admin),
    // Privileged Role Administrator
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", Tier::Escalate),
    // Privileged Authentication Administrator
    ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", Tier::Escalate),
    // Application Administrator
    ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", Tier::Escalate),
];

/// Application permissions of Microsoft Graph with which a tenant is taken over.
const GRAPH: [&str; 4] = [
    "RoleManagement.ReadWrite.Directory",
    "AppRoleAssignment.ReadWrite.All",
    "Application.ReadWrite.All",
    "Directory.ReadWrite.All",
];

/// Reads a token; `kubernetes` is whether it must be a ServiceAccount's, or must not.
pub(super) fn jwt(token: &[u8], kubernetes: bool) -> Option<Decoded> {
    let mut parts = token.split(|b| *b == b'.');
    let header = json(parts.next()?)?;
    let claims = json(parts.next()?)?;
    let algorithm = header.get("alg")?.as_str()?;
    let time = |name: &str| seconds(claims.get(name)?).map(Timestamp::from_seconds);
    let expires = match (claims.get("exp"), time("exp")) {
        (None | Some(Value::Null), _) => Moment::Never,
        (Some(_), Some(time)) => Moment::At(time),
        (Some(_), None) => Moment::Unknown,
    };
    let subject = claims
        .get("sub")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let account = names::account_of_user(subject)
        .filter(|(namespace, name)| dns_label(namespace) && dns_label(name));
    if kubernetes != account.is_some() {
        return None;
    }
    let mut decoded = Decoded {
        expires,
        created: time("iat"),
        ..Decoded::default()
    };
    common(&claims, &mut decoded);
    if let Some((namespace, name)) = account {
        let id = names::account(names::CLUSTER, namespace, name);
        decoded.holder = Some((IdentityId::from(id), "the token's sub claim"));
        service_account(&claims, namespace, &mut decoded);
    } else {
        decoded.account = member(&claims, "tid");
        tenants(&claims, &mut decoded);
        privilege(&claims, &mut decoded);
    }
    cluster(&claims, &mut decoded);
    if ["sub", "iss", "aud", "exp"]
        .iter()
        .all(|name| claims.get(name).is_none())
    {
        decoded = decoded.doubt(Confidence::Low, "token names neither issuer nor subject");
    }
    // The token that jwt.io shows, which half of all texts about them repeat.
    if subject == "1234567890" {
        decoded = decoded.doubt(Confidence::Low, "subject is that of a well-known example");
    }
    if algorithm.eq_ignore_ascii_case("none") {
        decoded = decoded.doubt(Confidence::Low, "token is not signed");
    }
    if claims.get("role").and_then(Value::as_str) == Some("anon") {
        decoded = decoded.doubt(Confidence::Low, "token is for anonymous use");
    }
    Some(decoded)
}

/// What the standard names.
fn common(claims: &Value, decoded: &mut Decoded) {
    let to = &mut decoded.claims;
    for (name, claim) in [
        (ClaimName::Issuer, "iss"),
        (ClaimName::Subject, "sub"),
        (ClaimName::TokenId, "jti"),
    ] {
        if let Some(text) = member(claims, claim) {
            to.add(name, &text);
        }
    }
    for audience in claims.get("aud").map(list).unwrap_or_default() {
        to.add(ClaimName::Audience, &audience);
    }
    if let Some(time) = claims.get("nbf").and_then(seconds) {
        to.add(
            ClaimName::ValidFrom,
            &Timestamp::from_seconds(time).to_string(),
        );
    }
}

/// What Kubernetes adds, in the form of bound tokens and in that of legacy ones.
fn service_account(claims: &Value, namespace: &str, decoded: &mut Decoded) {
    decoded.claims.add(ClaimName::Namespace, namespace);
    let bound = claims.get("kubernetes.io");
    let legacy = "kubernetes.io/serviceaccount/secret.name";
    let kind = if bound.is_none() && claims.get(legacy).is_some() {
        "legacy"
    } else {
        "bound"
    };
    decoded.claims.add(ClaimName::Kind, kind);
    let named = |part: &str| member(bound?.get(part)?, "name");
    if let Some(pod) = named("pod") {
        decoded.claims.add(ClaimName::Pod, &pod);
    }
    if let Some(node) = named("node") {
        decoded.claims.add(ClaimName::Host, &node);
    }
    if let Some(time) = bound.and_then(|b| b.get("warnafter")).and_then(seconds) {
        let time = Timestamp::from_seconds(time).to_string();
        decoded.claims.add(ClaimName::WarnAfter, &time);
    }
    let uid = bound
        .and_then(|b| b.get("serviceaccount"))
        .and_then(|account| member(account, "uid"))
        .or_else(|| member(claims, "kubernetes.io/serviceaccount/service-account.uid"));
    if let Some(uid) = uid {
        decoded.claims.add(ClaimName::User, &uid);
        decoded.join(JoinForm::KubernetesUser, "kubernetes", &uid);
    }
    if let Some(secret) = named("secret").or_else(|| member(claims, legacy)) {
        decoded.claims.add(ClaimName::TokenId, &secret);
        let id = names::secret(names::CLUSTER, namespace, &secret);
        decoded.join(JoinForm::CredentialId, "kubernetes", &id);
    }
}

/// What the issuer's address says of a managed cluster.
fn cluster(claims: &Value, decoded: &mut Decoded) {
    let Some(issuer) = member(claims, "iss") else {
        return;
    };
    let Some(address) = issuer.strip_prefix("https://") else {
        return;
    };
    let parts: Vec<&str> = address.split('/').collect();
    let to = &mut decoded.claims;
    match parts.as_slice() {
        // https://oidc.eks.<region>.amazonaws.com/id/<id>
        [host, "id", id] if host.starts_with("oidc.eks.") => {
            to.add(ClaimName::Cluster, id);
            to.add(ClaimName::Region, host.split('.').nth(2).unwrap_or(""));
        }
        // https://container.googleapis.com/v1/projects/<p>/locations/<l>/clusters/<c>
        [
            "container.googleapis.com",
            "v1",
            "projects",
            project,
            _,
            location,
            "clusters",
            name,
        ] => {
            to.add(ClaimName::Cluster, name);
            to.add(ClaimName::Project, project);
            to.add(ClaimName::Region, location);
        }
        // https://<region>.oic.prod-aks.azure.com/<tenant>/<id>/
        [host, tenant, id, ..] if host.ends_with(".oic.prod-aks.azure.com") => {
            to.add(ClaimName::Cluster, id);
            to.add(ClaimName::Tenant, tenant);
            to.add(ClaimName::Region, host.split('.').next().unwrap_or(""));
        }
        _ => {}
    }
}

/// Tenants, applications and people as Entra, Google, Okta, Auth0 and Supabase write them.
fn tenants(claims: &Value, decoded: &mut Decoded) {
    let text = |name: &str| member(claims, name);
    let issuer = text("iss").unwrap_or_default();
    let entra =
        issuer.contains("login.microsoftonline.com/") || issuer.contains("sts.windows.net/");
    let to = &mut decoded.claims;
    for (name, claim) in [
        (ClaimName::Tenant, "tid"),
        (ClaimName::Tenant, "org_id"),
        (ClaimName::Tenant, "hd"),
        (ClaimName::Project, "ref"),
        (ClaimName::Project, "project_id"),
        (ClaimName::User, "oid"),
        (ClaimName::User, "uid"),
        (ClaimName::User, "preferred_username"),
        (ClaimName::User, "upn"),
        (ClaimName::App, "appid"),
        (ClaimName::App, "azp"),
        (ClaimName::App, "cid"),
        (ClaimName::App, "client_id"),
        (ClaimName::Email, "email"),
        (ClaimName::Kind, "role"),
        (ClaimName::Kind, "idtyp"),
        (ClaimName::Kind, "gty"),
    ] {
        if let Some(text) = text(claim) {
            to.add(name, &text);
        }
    }
    // Scopes that other products call something else: `scope` is the standard's, `scp` Entra's and Okta's.
    for name in ["scope", "scp", "permissions", "roles"] {
        for scope in claims.get(name).map(list).unwrap_or_default() {
            to.add(ClaimName::Scope, &scope);
        }
    }
    for group in claims.get("groups").map(list).unwrap_or_default() {
        to.add(ClaimName::Group, &group);
    }
    if entra {
        for (form, claim) in [
            (JoinForm::EntraObject, "oid"),
            (JoinForm::EntraApp, "appid"),
        ] {
            if let Some(id) = text(claim) {
                decoded.join(form, "azure", &id);
            }
        }
    }
    if let Some(email) = text("email").filter(|e| e.ends_with(".gserviceaccount.com")) {
        decoded.join(JoinForm::ServiceAccount, "gcp", &email);
    }
}

/// What a token says that may be done with it.
fn privilege(claims: &Value, decoded: &mut Decoded) {
    let words = |names: &[&str]| -> Vec<String> {
        let values = names.iter().filter_map(|name| claims.get(name));
        values.flat_map(list).collect()
    };
    // Supabase: the one goes past row level security, the other is what browsers are given.
    match claims.get("role").and_then(Value::as_str) {
        Some("service_role") => decoded.implies(Tier::Admin, "role service_role in the token"),
        Some("anon") => decoded.implies(Tier::Read, "role anon in the token"),
        _ => {}
    }
    for role in words(&["roles", "role", "groups", "wids"]) {
        let entra = ENTRA_ROLES.iter().find(|(id, _)| *id == role);
        if let Some((_, tier)) = entra {
            decoded.implies(*tier, "directory role in the token");
        } else if GRAPH.contains(&role.as_str()) {
            decoded.implies(Tier::Escalate, "application permission in the token");
        } else if role == names::MASTERS {
            decoded.implies(Tier::Admin, "group system:masters in the token");
        } else if matches!(
            role.to_ascii_lowercase().as_str(),
            "admin" | "administrator" | "superadmin" | "superuser" | "root"
        ) {
            decoded.implies(Tier::Admin, "role of an administrator in the token");
        }
    }
    for scope in words(&["scope", "scp", "permissions"]) {
        if matches!(scope.as_str(), "admin" | "*" | "*:*" | "okta.roles.manage") {
            decoded.implies(Tier::Admin, "scope of an administrator in the token");
        }
    }
}
