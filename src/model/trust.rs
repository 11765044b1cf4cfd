//! Who may become or act for whom.

use super::{Effect, Evidence, IdentityId, Str};
use std::sync::Arc;

/// The outside party of a trust.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrustPrincipal {
    /// Everyone: `*`.
    Anyone,
    /// Every principal of an account that its own administrators allow: `arn:…:root` or the account id.
    Account(Str),
    /// One principal, by ARN or unique id.
    Principal(Str),
    /// A service of the platform: `lambda.amazonaws.com`.
    Service(Str),
    /// An identity provider: an OIDC or SAML provider's ARN or host.
    Federated(Str),
    /// Anything else the document says, as `type:value`.
    Other(Str),
}

/// One principal of one statement of a trust policy, or one party that another platform's identity lets in by its
/// tokens.
///
/// Every platform's trust in tokens of others has IAM's form, so that one evaluator serves all. Readers make it with
/// the functions of `platform::federation`, one `Trust` a member, credential or role:
///
/// | what is read | `target` | `principal` | `condition` on |
/// |---|---|---|---|
/// | IAM trust policy | the role's ARN | `Federated` of the provider's ARN | as written |
/// | Google: `serviceAccount:P.svc.id.goog[ns/sa]` holds `roles/iam.workloadIdentityUser` on a service account | `gcp:<email>` | `Federated("P.svc.id.goog")` | `P.svc.id.goog:sub` |
/// | Google: `principal(Set)://…/workloadIdentityPools/POOL/…` does | `gcp:<email>` | `Federated` of the provider's issuer, or of the pool's path where no provider was read | `<issuer>:<claim>`, `gcp:attributecondition`; or `<pool>:sub`, `<pool>:attribute.<name>` |
/// | Entra: a federated identity credential | the application or managed identity | `Federated(issuer)` | `<issuer>:sub`, `<issuer>:aud` |
/// | Vault: a role of a Kubernetes auth method | `vault:<mount>/role/<name>` | `Federated("*")` | `*:sub` (`StringLike`), `*:aud` |
/// | Vault: a role of a JWT auth method | `vault:<mount>/role/<name>` | `Federated` of the method's issuer, or `"*"` | `<issuer>:sub`, `:aud`, `:<claim>` |
///
/// Issuers are without scheme and last slash. `actions` of others than IAM hold one word that says how it is let in:
/// `roles/iam.workloadIdentityUser`, `federatedIdentityCredential`, `login`. `label` tells statements of one
/// target apart: the credential's name, the member. A subject that is symbolic (`${…}`, `{{ … }}`) stays as it is in
/// the condition: it is not decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trust {
    /// The identity that can be assumed.
    pub target: IdentityId,
    /// Who is let in.
    pub principal: TrustPrincipal,
    /// Lets in or shuts out.
    pub effect: Effect,
    /// The actions: `sts:AssumeRole`.
    pub actions: Vec<Str>,
    /// The `Condition` block as canonical JSON; `None` when absent.
    pub condition: Option<Str>,
    /// The condition keys named, lower case.
    pub condition_keys: Vec<Str>,
    /// Whether the principal belongs to another account than the target; `None` when that cannot be told.
    pub cross_account: Option<bool>,
    /// Whether the principal's account belongs to the target's organisation, as the organisation's own
    /// records say; `None` when no organisation was read that has the target, or when the principal is of no
    /// one account. Joining fills it in.
    pub inside_organization: Option<bool>,
    /// How far a trust in an OIDC provider goes; `None` for others. Joining fills it in.
    pub grade: Option<Arc<TokenGrade>>,
    /// The statement's `Sid` or index.
    pub label: Str,
    /// Where it was read.
    pub evidence: Evidence,
}

/// Whose tokens a trust in an OIDC provider lets in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenGrade {
    /// Who gets in: `nobody`, `pinned`, `project`, `organization`, `platform`, `anyone`.
    pub exposure: &'static str,
    /// What the provider is called: `GitHub Actions`.
    pub platform: &'static str,
    /// What is wrong with the condition, each by its name and in words.
    pub flaws: Vec<(&'static str, &'static str)>,
    /// Who gets in, by name, where it is known: `github-actions:acme/payments`.
    pub serves: Vec<Str>,
    /// An audience is asked for.
    pub audience: bool,
}

impl Trust {
    /// A stable id: target and principal and statement.
    pub fn id(&self) -> Str {
        format!(
            "{}<-{}#{}",
            self.target,
            self.principal.describe(),
            self.label
        )
        .into()
    }
}

impl Trust {
    /// The subjects that it asks for, as written: with whether `*` and `?` are wildcards in them.
    pub fn subjects(&self) -> Vec<(String, bool)> {
        let block: serde_json::Value = self
            .condition
            .as_deref()
            .and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default();
        let mut found = Vec::new();
        for (operator, tests) in block.as_object().into_iter().flatten() {
            let operator = operator.to_ascii_lowercase();
            let operator = operator
                .trim_start_matches("foranyvalue:")
                .trim_end_matches("ifexists");
            let like = operator == "stringlike";
            if !like && !matches!(operator, "stringequals" | "stringequalsignorecase") {
                continue;
            }
            for (key, values) in tests.as_object().into_iter().flatten() {
                if !key.to_ascii_lowercase().ends_with(":sub") {
                    continue;
                }
                let values = match values {
                    serde_json::Value::Array(values) => values.as_slice(),
                    one => std::slice::from_ref(one),
                };
                let texts = values.iter().filter_map(serde_json::Value::as_str);
                found.extend(texts.map(|text| (text.to_owned(), like)));
            }
        }
        found
    }

    /// Namespace and name of each ServiceAccount that it asks for literally.
    pub fn named_accounts(&self) -> Vec<(String, String)> {
        let literal = |(subject, like): (String, bool)| {
            let rest = subject.strip_prefix("system:serviceaccount:")?;
            let open = like && rest.contains(['*', '?']) || rest.contains(['$', '{']);
            let (namespace, name) = rest.split_once(':').filter(|_| !open)?;
            Some((namespace.to_owned(), name.to_owned()))
        };
        self.subjects().into_iter().filter_map(literal).collect()
    }
}

impl TrustPrincipal {
    /// What a person would call it.
    pub fn describe(&self) -> String {
        match self {
            Self::Anyone => "*".to_owned(),
            Self::Account(id) => format!("account {id}"),
            Self::Principal(id) => id.to_string(),
            Self::Service(name) => format!("service {name}"),
            Self::Federated(name) => format!("provider {name}"),
            Self::Other(text) => text.to_string(),
        }
    }
}
