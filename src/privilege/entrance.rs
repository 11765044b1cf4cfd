//! Whether an identity lets another one in that shows a token of its own platform: an IAM role a ServiceAccount, a
//! Google service account a job of a CI system.
//!
//! All trusts have one form (`model::Trust`), so one evaluator serves every pair of platforms. What of a token only
//! a run decides is `*` in it; where that decides, the answer names the claim.

use super::aws::web_identity::asked;
use crate::model::{
    Certainty, Effect, Identity, IdentityId, IdentityKind, Inventory, Platform, Token, Trust,
    TrustPrincipal,
};
use crate::platform::federation::{self, ANY_ISSUER};
use crate::platform::glob;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// The action by which a token of an OIDC provider is exchanged for a role.
const ACTION: &str = "sts:assumerolewithwebidentity";
/// The action by which a service acts as a role.
const BY_SERVICE: &str = "sts:assumerole";
/// The audience that clusters ask tokens for unless an annotation says otherwise.
const AUDIENCE: &str = "sts.amazonaws.com";
/// The service that hands roles to pods by associations.
pub(super) const POD_IDENTITY: &str = "pods.eks.amazonaws.com";

/// What an identity's trust says to somebody.
pub(super) enum Entrance<'i> {
    /// Nothing that was read says who is let in.
    Unread,
    /// It does not let it in.
    Shut,
    /// It does, by this statement, if these condition keys are met.
    Open {
        /// The statement.
        trust: &'i Trust,
        /// Condition keys that files do not decide.
        keys: BTreeSet<String>,
    },
    /// The target takes it for granted: a cluster's own list of who is whom.
    Given,
}

impl Entrance<'_> {
    /// How firmly it is open.
    pub(super) fn certainty(&self) -> Certainty {
        match self {
            Self::Open { keys, .. } if keys.is_empty() => Certainty::Certain,
            Self::Given => Certainty::Certain,
            Self::Open { .. } => Certainty::Conditional,
            Self::Unread | Self::Shut => Certainty::Unresolved,
        }
    }
}

/// The trusts of an inventory by whose they are.
pub(super) struct Doors<'i>(BTreeMap<&'i IdentityId, Vec<Door<'i>>>);

/// A trust, and how the subjects begin that it asks for, once that is asked. One target may have as many trusts as
/// there are identities that become it, and each is asked of each: most are told apart by that alone.
struct Door<'i> {
    trust: &'i Trust,
    beginnings: OnceCell<Option<Vec<String>>>,
}

impl Door<'_> {
    /// Whether the trust can let in a token whose subject begins so. A yes says nothing.
    fn may_take(&self, subject: Option<&str>) -> bool {
        let Some(subject) = subject else { return true };
        let beginnings = self.beginnings.get_or_init(|| beginnings(self.trust));
        beginnings.as_ref().is_none_or(|beginnings| {
            let same = |b: &String| b.bytes().zip(subject.bytes()).all(|(a, b)| a == b);
            beginnings.iter().any(same)
        })
    }
}

/// How the subjects begin that a trust asks for; `None` where it may take any.
fn beginnings(trust: &Trust) -> Option<Vec<String>> {
    let TrustPrincipal::Federated(name) = &trust.principal else {
        return None;
    };
    let provider = match name.split_once(":oidc-provider/") {
        Some((_, provider)) => provider,
        None => name,
    };
    let subject = format!("{}:sub", provider.to_ascii_lowercase());
    let block: serde_json::Value = serde_json::from_str(trust.condition.as_deref()?).ok()?;
    for (operator, tests) in block.as_object()? {
        let operator = operator.to_ascii_lowercase();
        if !matches!(&*operator, "stringequals" | "stringlike") {
            continue;
        }
        for (key, values) in tests.as_object().into_iter().flatten() {
            if key.to_ascii_lowercase() != subject {
                continue;
            }
            let values = match values {
                serde_json::Value::Array(values) => values.as_slice(),
                one => std::slice::from_ref(one),
            };
            return values.iter().map(|v| beginning(v.as_str()?)).collect();
        }
    }
    None
}

/// A text up to what may stand for something else; `None` for one that is too long to be compared.
fn beginning(text: &str) -> Option<String> {
    let literal = text.split(['*', '?', '$', '{']).next().unwrap_or_default();
    (text.len() <= glob::MAX_COMPARED).then(|| literal.to_owned())
}

/// How a token's subject begins, where nothing else decides what is known of it.
fn begins(token: &Token) -> Option<String> {
    let other = |claim: &str| claim.eq_ignore_ascii_case("sub");
    let plain = !token.subject.is_empty() && !token.claims.keys().any(|claim| other(claim));
    plain.then(|| beginning(&token.subject)).flatten()
}

impl<'i> Doors<'i> {
    pub(super) fn new(inventory: &'i Inventory) -> Self {
        let mut of: BTreeMap<&IdentityId, Vec<Door<'_>>> = BTreeMap::new();
        for trust in &inventory.trusts {
            let beginnings = OnceCell::new();
            let door = Door { trust, beginnings };
            of.entry(&trust.target).or_default().push(door);
        }
        Self(of)
    }

    /// What a target's trusts say to an identity.
    pub(super) fn entrance(&self, who: &Identity, target: &IdentityId) -> Entrance<'i> {
        if target.0.starts_with("k8s:") {
            return Entrance::Given;
        }
        let tokens = tokens(who);
        if tokens.is_empty() {
            // It comes with something else, of which nothing here tells whether it is let in.
            return Entrance::Unread;
        }
        let trusts = self.0.get(target).map_or(&[][..], Vec::as_slice);
        let answers = tokens.iter().map(|token| of_token(trusts, token, target));
        answers
            .min_by_key(|answer| match answer {
                Entrance::Open { keys, .. } => (0, keys.len()),
                Entrance::Given => (1, 0),
                Entrance::Unread => (2, 0),
                Entrance::Shut => (3, 0),
            })
            .unwrap_or(Entrance::Unread)
    }
}

/// The tokens that an identity can show: those that are known, and those that its platform gives everybody.
fn tokens(who: &Identity) -> Vec<Cow<'_, Token>> {
    let mut tokens: Vec<_> = who.tokens.iter().map(Cow::Borrowed).collect();
    if who.kind == IdentityKind::KubernetesServiceAccount
        && who.platform == Platform::Kubernetes
        && let Some(evidence) = who.evidence.first()
    {
        let namespace = who.namespace.as_deref().unwrap_or_default();
        // Whatever audience is asked for: which it is, only the pod says.
        tokens.push(Cow::Owned(Token {
            issuer: None,
            subject: federation::service_account(namespace, &who.name).into(),
            audience: None,
            claims: BTreeMap::new(),
            evidence: evidence.clone(),
        }));
    }
    tokens
}

fn of_token<'i>(doors: &[Door<'i>], token: &Token, target: &IdentityId) -> Entrance<'i> {
    let mut read = false;
    let mut barred = BTreeSet::new();
    let mut best: Option<(&Trust, BTreeSet<String>)> = None;
    let subject = begins(token);
    for door in doors {
        read = true;
        if !door.may_take(subject.as_deref()) {
            continue;
        }
        let trust = door.trust;
        let Some(keys) = judge(trust, token, target) else {
            continue;
        };
        if trust.effect == Effect::Deny {
            if keys.is_empty() {
                return Entrance::Shut;
            }
            barred.extend(keys);
        } else if best.as_ref().is_none_or(|(_, b)| keys.len() < b.len()) {
            best = Some((trust, keys));
        }
    }
    match best {
        Some((trust, mut keys)) => {
            keys.extend(barred);
            Entrance::Open { trust, keys }
        }
        None if read => Entrance::Shut,
        None => Entrance::Unread,
    }
}

/// The keys on which it depends whether a statement speaks of the bearer of a token; `None` if it does not.
fn judge(trust: &Trust, token: &Token, target: &IdentityId) -> Option<BTreeSet<String>> {
    if let (TrustPrincipal::Service(name), Some(issuer)) = (&trust.principal, &token.issuer)
        && **issuer == *POD_IDENTITY
    {
        return (**name == *POD_IDENTITY && takes(trust, BY_SERVICE))
            .then(|| by_pod_identity(trust, token, target))
            .flatten();
    }
    if target.0.starts_with("arn:") && !takes(trust, ACTION) {
        return None;
    }
    let provider = match &trust.principal {
        TrustPrincipal::Anyone => None,
        TrustPrincipal::Federated(name) => match name.split_once(":oidc-provider/") {
            Some((_, provider)) => Some(provider),
            None if name.starts_with("arn:") => return None,
            None => Some(&**name),
        },
        _ => return None,
    };
    let Some(provider) = provider else {
        // Anybody's provider: what its tokens' claims are called is not known.
        return asked(trust, &[]);
    };
    let provider = provider.to_ascii_lowercase();
    if !issues(&provider, trust, token) {
        return None;
    }
    let mut keys = of_claims(&provider, trust, token)?;
    if provider.starts_with("iam.googleapis.com/") {
        // Whose tokens the pool takes and what it makes of their claims was not read.
        keys.insert("gcp:attributemapping".to_owned());
    }
    Some(keys)
}

fn takes(trust: &Trust, action: &str) -> bool {
    let mut actions = trust.actions.iter().map(|a| a.to_ascii_lowercase());
    actions.any(|a| glob::matches(&a, action))
}

/// Whether a token may be one of a provider's.
fn issues(provider: &str, trust: &Trust, token: &Token) -> bool {
    let account = token.subject.starts_with("system:serviceaccount:");
    if provider == ANY_ISSUER || provider.starts_with("iam.googleapis.com/") {
        return token.issuer.as_deref() != Some(POD_IDENTITY);
    }
    let of_google_clusters = provider.ends_with(".svc.id.goog");
    match token.issuer.as_deref() {
        Some(issuer) => {
            let issuer = federation::issuer(issuer).to_ascii_lowercase();
            issuer == provider
                || of_google_clusters
                    && account
                    && (issuer == "kubernetes.default.svc"
                        || issuer.starts_with("container.googleapis.com"))
        }
        // Which provider is the cluster's, manifests do not tell: any will do that is not known to be another's.
        None if account => {
            let platform = trust.grade.as_ref().map(|grade| grade.platform);
            of_google_clusters
                || platform.is_none_or(|name| {
                    matches!(name, "Amazon EKS" | "Kubernetes" | "an OIDC provider")
                })
        }
        None => !of_google_clusters,
    }
}

fn of_claims(provider: &str, trust: &Trust, token: &Token) -> Option<BTreeSet<String>> {
    let mut known: Vec<(String, &str)> = vec![(format!("{provider}:sub"), &*token.subject)];
    for (claim, value) in &token.claims {
        known.push((format!("{provider}:{}", claim.to_ascii_lowercase()), value));
        let attribute = format!("{provider}:attribute.{}", claim.to_ascii_lowercase());
        known.push((attribute, value));
    }
    let audience = token.audience.as_deref().map(|audience| {
        let audience: &str = audience;
        audience
    });
    // What only a run decides is compared as a pattern.
    let (open, firm): (Vec<_>, Vec<_>) = known.iter().partition(|(_, value)| undecided(value));
    let firm: Vec<(&str, &str)> = firm.iter().map(|(k, v)| (k.as_str(), *v)).collect();
    let open: Vec<(&str, String)> = open
        .iter()
        .map(|(key, value)| (key.as_str(), pattern(value)))
        .collect();
    let aud = format!("{provider}:aud");
    let with = |audience: Option<&str>| {
        let mut firm = firm.clone();
        if let Some(audience) = audience.filter(|a| !undecided(a)) {
            firm.push((&aud, audience));
        }
        asked(trust, &firm)
    };
    let keys = match audience {
        Some(audience) => with(Some(audience)),
        // An audience other than the usual one may have been asked for.
        None => with(Some(AUDIENCE)).or_else(|| with(None)),
    }?;
    settle(trust, &open, keys)
}

/// Whether only a run, or what was not read, decides the text.
fn undecided(text: &str) -> bool {
    text.contains('*') || text.contains("${") || text.contains("{{")
}

/// A text with `*` for what is not decided.
fn pattern(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${").into_iter().chain(rest.find("{{")).min() {
        let (before, inside) = rest.split_at(at);
        out.push_str(before);
        out.push('*');
        let end = if inside.starts_with("${{") || inside.starts_with("{{") {
            inside.find("}}").map(|end| end + 2)
        } else {
            inside.find('}').map(|end| end + 1)
        };
        rest = end.and_then(|end| inside.get(end..)).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Compares claims that are patterns with what is asked of them, and takes those from the keys that are met in any
/// case. `None` where one cannot be met.
fn settle(
    trust: &Trust,
    open: &[(&str, String)],
    mut keys: BTreeSet<String>,
) -> Option<BTreeSet<String>> {
    if open.is_empty() || keys.is_empty() {
        return Some(keys);
    }
    let block: serde_json::Value = trust
        .condition
        .as_deref()
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    let mut met: BTreeMap<String, bool> = BTreeMap::new();
    for (operator, tests) in block.as_object().into_iter().flatten() {
        let operator = operator.to_ascii_lowercase();
        let operator = operator
            .strip_prefix("foranyvalue:")
            .unwrap_or(&operator)
            .trim_end_matches("ifexists");
        let like = match operator {
            "stringlike" => true,
            "stringequals" => false,
            _ => continue,
        };
        for (key, values) in tests.as_object().into_iter().flatten() {
            let key = key.to_ascii_lowercase();
            let Some((_, token)) = open.iter().find(|(name, _)| *name == key) else {
                continue;
            };
            let values = match values {
                serde_json::Value::Array(values) => values.as_slice(),
                one => std::slice::from_ref(one),
            };
            let mut values = values.iter().map(|v| v.as_str().unwrap_or_default());
            let mut covered = false;
            let mut possible = false;
            for value in &mut values {
                let symbolic = value.contains("${") || value.contains("{{");
                let text = if symbolic {
                    pattern(value)
                } else {
                    value.to_owned()
                };
                possible |= if like || symbolic {
                    glob::overlap(&text, token)
                } else {
                    glob::matches(token, &text)
                };
                covered |= like && !symbolic && covers(&text, token);
            }
            if !possible {
                return None;
            }
            *met.entry(key).or_insert(true) &= covered;
        }
    }
    keys.retain(|key| met.get(key) != Some(&true));
    Some(keys)
}

/// Whether a pattern matches whatever a token's pattern stands for.
fn covers(pattern: &str, token: &str) -> bool {
    // A sign that no claim holds stands for any text, and only `*` takes it in; `?` is one sign at least.
    let token = token.replace('*', "\u{1}\u{1}");
    glob::matches(pattern, &token) && {
        let shorter = token.replace("\u{1}\u{1}", "");
        glob::matches(pattern, &shorter)
    }
}

/// An association hands the role out by a service: what is asked of the session's tags is known.
fn by_pod_identity(trust: &Trust, token: &Token, target: &IdentityId) -> Option<BTreeSet<String>> {
    let mut fields = token.subject.splitn(4, ':').skip(2);
    let (namespace, name) = (
        fields.next().unwrap_or_default(),
        fields.next().unwrap_or_default(),
    );
    let account = target.0.split(':').nth(4).unwrap_or_default();
    let mut known = vec![
        ("aws:requesttag/kubernetes-namespace", namespace),
        ("aws:requesttag/kubernetes-service-account", name),
    ];
    if !account.is_empty() {
        known.push(("aws:sourceaccount", account));
    }
    if let Some(cluster) = token.claims.get("eks-cluster-name") {
        known.push(("aws:requesttag/eks-cluster-name", cluster));
    }
    known.retain(|(_, value)| !undecided(value));
    asked(trust, &known)
}
