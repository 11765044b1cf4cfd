//! The form in which every platform's trust in tokens of others is written down, so that one evaluator serves
//! all of them: an issuer, and a condition on the claims as IAM writes conditions.
//!
//! AWS's own trusts are already in it. The others' are made here, by whoever reads them; `model::Trust` says what
//! goes where.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The issuer where files do not tell it.
pub const ANY_ISSUER: &str = "*";

/// The key of what a platform asks beside the token's claims and what no file decides: CEL of a Google provider.
pub const GOOGLE_CONDITION: &str = "gcp:attributecondition";

/// The key of a Vault role's choice of namespaces by their labels.
pub const VAULT_NAMESPACES: &str = "vault:bound_service_account_namespace_selector";

/// The audience that Entra's credentials ask for unless told otherwise.
pub const ENTRA_AUDIENCE: &str = "api://AzureADTokenExchange";

/// A trust's provider and condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// For `TrustPrincipal::Federated`: the issuer without scheme, or [`ANY_ISSUER`].
    pub issuer: String,
    /// For `Trust::condition`: canonical JSON; `None` where nothing is asked.
    pub condition: Option<String>,
    /// For `Trust::condition_keys`: lower case, sorted.
    pub keys: Vec<String>,
}

/// How a claim is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compare {
    /// Literally.
    Equals,
    /// `*` and `?` stand for any text.
    Like,
}

/// An issuer as it is compared: without scheme and last slash. Case is kept, as paths have it.
pub fn issuer(url: &str) -> &str {
    let url = url.trim();
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    rest.unwrap_or(url).trim_end_matches('/')
}

/// The subject of a ServiceAccount's token.
pub fn service_account(namespace: &str, name: &str) -> String {
    format!("system:serviceaccount:{namespace}:{name}")
}

/// A trust's condition as it grows: each claim asked for must have one of the values given for it.
#[derive(Clone, Debug)]
pub struct Builder {
    issuer: String,
    asked: BTreeMap<(Compare, String), BTreeSet<String>>,
}

impl Builder {
    /// Nothing is asked yet of tokens of this issuer (with or without scheme).
    pub fn new(of: &str) -> Self {
        Self {
            issuer: issuer(of).to_owned(),
            asked: BTreeMap::new(),
        }
    }

    /// One more value that will do for a claim: `sub`, `aud`, `repository`.
    pub fn claim(&mut self, name: &str, compare: Compare, value: &str) -> &mut Self {
        let key = format!("{}:{name}", self.issuer);
        self.key(&key, compare, value)
    }

    /// One more value that will do for something that is no claim: [`GOOGLE_CONDITION`].
    pub fn key(&mut self, key: &str, compare: Compare, value: &str) -> &mut Self {
        let values = self.asked.entry((compare, key.to_owned())).or_default();
        values.insert(value.to_owned());
        self
    }

    /// The form.
    pub fn build(&self) -> Form {
        let mut block: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        let mut keys = BTreeSet::new();
        for ((compare, key), values) in &self.asked {
            let operator = match compare {
                Compare::Equals => "StringEquals",
                Compare::Like => "StringLike",
            };
            let values = values.iter().cloned().map(Value::String).collect();
            let of_operator = block.entry(operator).or_default();
            of_operator.insert(key.clone(), Value::Array(values));
            keys.insert(key.to_ascii_lowercase());
        }
        let text = serde_json::to_string(&block).ok();
        Form {
            issuer: self.issuer.clone(),
            condition: text.filter(|_| !block.is_empty()),
            keys: keys.into_iter().collect(),
        }
    }
}

/// Google: a member of a binding that gives `roles/iam.workloadIdentityUser` (or another role by which one acts as
/// a service account), if it is one of another platform: `serviceAccount:acme.svc.id.goog[ns/name]`,
/// `principal://iam.googleapis.com/…/workloadIdentityPools/ci/subject/repo:acme/app`, `principalSet://…`.
///
/// The issuer of the former is `acme.svc.id.goog`; of the latter the pool's path, whose claims are the attributes
/// that its providers map (`sub`, `attribute.repository`, `group`).
pub fn google_member(member: &str) -> Option<Form> {
    if let Some(rest) = member.strip_prefix("serviceAccount:") {
        let (pool, account) = rest.strip_suffix(']')?.split_once('[')?;
        if !pool.ends_with(".svc.id.goog") {
            return None;
        }
        let (namespace, name) = account.split_once('/')?;
        let subject = service_account(namespace, name);
        let mut form = Builder::new(pool);
        return Some(form.claim("sub", Compare::Equals, &subject).build());
    }
    let set = member.strip_prefix("principalSet://");
    let rest = set.or_else(|| member.strip_prefix("principal://"))?;
    let (before, after) = rest.split_once("/workloadIdentityPools/")?;
    let (pool, of) = after.split_once('/')?;
    let mut form = Builder::new(&format!("{before}/workloadIdentityPools/{pool}"));
    if let Some(subject) = of.strip_prefix("subject/") {
        form.claim("sub", Compare::Equals, subject);
    } else if let Some((name, value)) = of.split_once('/') {
        // `attribute.<name>/<value>`, `group/<id>`, `namespace/<ns>`, `kubernetes.serviceaccount.uid/<uid>`.
        form.claim(name, Compare::Equals, value);
    }
    Some(form.build())
}

/// Google: the same for a pool whose OIDC provider was read: its members are bearers of the issuer's tokens.
/// `mapping` is `attribute_mapping` (`google.subject` → `assertion.sub`), `condition` is `attribute_condition`.
pub fn google_provider(
    pool: &Form,
    issued_by: &str,
    audiences: &[&str],
    mapping: &BTreeMap<String, String>,
    condition: Option<&str>,
) -> Form {
    let mut form = Builder::new(issued_by);
    let block: Value = (pool.condition.as_deref())
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    let asked = block.get("StringEquals").and_then(Value::as_object);
    for (key, values) in asked.into_iter().flatten() {
        let name = key
            .strip_prefix(&pool.issuer)
            .and_then(|rest| rest.strip_prefix(':'))
            .unwrap_or(key);
        let mapped = match name {
            "sub" => "google.subject",
            "group" => "google.groups",
            other => other,
        };
        let by = mapping.get(mapped).map(|text| text.trim());
        for value in values.as_array().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            match by.and_then(|by| by.strip_prefix("assertion.")) {
                Some(claim) if plain(claim) => form.claim(claim, Compare::Equals, value),
                // Something is worked out of the claims: it is not decided here.
                _ => form.key(&format!("gcp:{mapped}"), Compare::Equals, value),
            };
        }
    }
    for audience in audiences {
        form.claim("aud", Compare::Equals, audience);
    }
    for part in condition.into_iter().flat_map(|text| text.split("&&")) {
        let part = part.trim();
        match equality(part) {
            Some((claim, Compare::Equals, value)) => form.claim(claim, Compare::Equals, value),
            Some((claim, Compare::Like, value)) => {
                form.claim(claim, Compare::Like, &format!("{value}*"))
            }
            None if part.is_empty() => continue,
            None => form.key(GOOGLE_CONDITION, Compare::Equals, part),
        };
    }
    form.build()
}

fn plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `assertion.claim == 'value'`, either way round, or `assertion.claim.startsWith('value')`.
fn equality(text: &str) -> Option<(&str, Compare, &str)> {
    if let Some((left, right)) = text.split_once("==") {
        let (claim, value) = match left.trim().strip_prefix("assertion.") {
            Some(claim) => (claim, right),
            None => (right.trim().strip_prefix("assertion.")?, left),
        };
        return plain(claim).then_some((claim, Compare::Equals, literal(value)?));
    }
    let rest = text.strip_prefix("assertion.")?;
    let (claim, argument) = rest.strip_suffix(')')?.split_once(".startsWith(")?;
    plain(claim).then_some((claim, Compare::Like, literal(argument)?))
}

/// The inside of a quoted text without anything special in it.
fn literal(text: &str) -> Option<&str> {
    let text = text.trim();
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inside.contains(['\'', '"', '\\', '*', '?'])).then_some(inside)
}

/// Entra: a federated identity credential of an application or a managed identity. `expression` is
/// `claimsMatchingExpression.value` of a flexible one: `claims['sub'] matches 'repo:acme/*'`.
pub fn entra(
    issued_by: &str,
    subject: Option<&str>,
    expression: Option<&str>,
    audiences: &[&str],
) -> Form {
    let mut form = Builder::new(issued_by);
    if let Some(subject) = subject {
        form.claim("sub", Compare::Equals, subject);
    }
    for part in expression.into_iter().flat_map(|text| text.split(" and ")) {
        match flexible(part.trim()) {
            Some((claim, compare, value)) => form.claim(claim, compare, value),
            None => form.key(
                "entra:claimsmatchingexpression",
                Compare::Equals,
                part.trim(),
            ),
        };
    }
    for audience in audiences {
        form.claim("aud", Compare::Equals, audience);
    }
    form.build()
}

/// `claims['sub'] matches 'repo:acme/*'`, `claims['job_workflow_ref'] eq '…'`.
fn flexible(text: &str) -> Option<(&str, Compare, &str)> {
    let (claim, rest) = text.strip_prefix("claims[")?.split_once(']')?;
    let claim = literal(claim)?;
    let rest = rest.trim();
    let (compare, value) = match rest.strip_prefix("matches ") {
        Some(value) => (Compare::Like, value),
        None => (Compare::Equals, rest.strip_prefix("eq ")?),
    };
    let value = value.trim();
    let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
    (!value.contains('\'')).then_some((claim, compare, value))
}

/// Vault: a role of a Kubernetes auth method. The method trusts one cluster, of which files tell an address at
/// most: the issuer is any. `namespace_selector` is there when it chooses namespaces by label.
pub fn vault_kubernetes(
    names: &[&str],
    namespaces: &[&str],
    namespace_selector: Option<&str>,
    audience: Option<&str>,
) -> Form {
    let mut form = Builder::new(ANY_ISSUER);
    let selected = namespace_selector.filter(|text| !text.is_empty());
    let namespaces = match (namespaces, selected) {
        ([], Some(_)) => &["*"],
        (given, _) => given,
    };
    for namespace in namespaces.iter().take(MOST) {
        for name in names.iter().take(MOST) {
            let subject = service_account(namespace, name);
            form.claim("sub", Compare::Like, &subject);
        }
    }
    if let Some(selector) = selected {
        form.key(VAULT_NAMESPACES, Compare::Equals, selector);
    }
    if let Some(audience) = audience.filter(|text| !text.is_empty()) {
        form.claim("aud", Compare::Equals, audience);
    }
    form.build()
}

/// How many names and namespaces of one role count.
const MOST: usize = 200;

/// Vault: a role of a JWT auth method. `issued_by` is the method's `bound_issuer` or `oidc_discovery_url`, where it
/// was read; `glob` is `bound_claims_type: glob`. Claims may be paths (`/nested/claim`).
pub fn vault_jwt(
    issued_by: Option<&str>,
    subject: Option<&str>,
    audiences: &[&str],
    claims: &BTreeMap<String, Vec<String>>,
    glob: bool,
) -> Form {
    let compare = if glob { Compare::Like } else { Compare::Equals };
    let mut form = Builder::new(issued_by.unwrap_or(ANY_ISSUER));
    if let Some(subject) = subject.filter(|text| !text.is_empty()) {
        // A subject is compared literally, whatever is said of claims.
        form.claim("sub", Compare::Equals, subject);
    }
    for audience in audiences {
        form.claim("aud", Compare::Equals, audience);
    }
    for (claim, values) in claims {
        for value in values.iter().take(MOST) {
            form.claim(claim.trim_start_matches('/'), compare, value);
        }
    }
    form.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(form: Form) -> String {
        format!("{} {}", form.issuer, form.condition.unwrap_or_default())
    }

    #[test]
    fn forms() {
        let gke = google_member("serviceAccount:acme.svc.id.goog[ci/deployer]").map(said);
        assert_eq!(
            gke.as_deref(),
            Some(
                r#"acme.svc.id.goog {"StringEquals":{"acme.svc.id.goog:sub":["system:serviceaccount:ci:deployer"]}}"#
            )
        );
        assert_eq!(
            google_member("serviceAccount:a@b.iam.gserviceaccount.com"),
            None
        );
        assert_eq!(google_member("user:jane@example.com"), None);
        let pool = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci";
        let set = format!("principalSet://{pool}/attribute.repository/acme/app");
        let set = google_member(&set).unwrap();
        assert_eq!(
            said(set.clone()),
            format!(r#"{pool} {{"StringEquals":{{"{pool}:attribute.repository":["acme/app"]}}}}"#)
        );
        let all = google_member(&format!("principalSet://{pool}/*")).unwrap();
        assert_eq!((all.issuer.as_str(), all.condition), (pool, None));
        let mapping = BTreeMap::from([(
            "attribute.repository".to_owned(),
            "assertion.repository".to_owned(),
        )]);
        let joined = google_provider(
            &set,
            "https://token.actions.githubusercontent.com",
            &[],
            &mapping,
            Some("assertion.repository_owner == 'acme' && size(assertion.x) > 1"),
        );
        assert_eq!(
            joined.condition.as_deref(),
            Some(
                r#"{"StringEquals":{"gcp:attributecondition":["size(assertion.x) > 1"],"token.actions.githubusercontent.com:repository":["acme/app"],"token.actions.githubusercontent.com:repository_owner":["acme"]}}"#
            )
        );
        let form = entra(
            "https://gitlab.com/",
            None,
            Some("claims['sub'] matches 'project_path:acme/*'"),
            &[ENTRA_AUDIENCE],
        );
        assert_eq!(
            said(form),
            r#"gitlab.com {"StringEquals":{"gitlab.com:aud":["api://AzureADTokenExchange"]},"StringLike":{"gitlab.com:sub":["project_path:acme/*"]}}"#
        );
        let form = vault_kubernetes(&["app"], &["a", "b"], None, None);
        assert_eq!(
            said(form),
            r#"* {"StringLike":{"*:sub":["system:serviceaccount:a:app","system:serviceaccount:b:app"]}}"#
        );
        let claims = BTreeMap::from([("project_id".to_owned(), vec!["22".to_owned()])]);
        let form = vault_jwt(Some("https://gitlab.com"), None, &[], &claims, false);
        assert_eq!(
            said(form),
            r#"gitlab.com {"StringEquals":{"gitlab.com:project_id":["22"]}}"#
        );
    }
}
