//! Trusts as conditions see them.

use super::identity::{self, IdentityView};
use super::{columns, party};
use crate::check::accounts::Accounts;
use crate::check::schema::{
    Basis, Column, EFFECT, EXPOSURE, HUMANITY, OWNER_STATE, PLATFORM, PRINCIPAL_KIND, STANDING,
    Subject, SubjectKind, TIER, Type, word,
};
use crate::check::value::Value;
use crate::model::{Confidence, Effect, Evidence, Str, SubjectId, Trust, TrustPrincipal};

/// A trust with the identity that can be assumed.
pub(in crate::check) struct TrustView<'a> {
    pub trust: &'a Trust,
    pub id: Str,
    pub target: Option<&'a IdentityView<'a>>,
    pub accounts: &'a Accounts<'a>,
}

/// The kind.
pub(in crate::check) struct OfTrust;

impl Subject for OfTrust {
    type View<'a> = TrustView<'a>;

    const KIND: SubjectKind = SubjectKind::Trust;

    fn table() -> &'static [Column<Self>] {
        TABLE
    }

    fn id(view: &TrustView<'_>) -> SubjectId {
        SubjectId::Trust(view.id.clone())
    }

    fn name(view: &TrustView<'_>) -> Str {
        let target = view
            .target
            .map_or(&*view.trust.target.0, |t| &*t.identity.name);
        format!("trust of {target} in {}", view.trust.principal.describe()).into()
    }

    fn evidence<'a>(view: &'a TrustView<'a>, basis: Basis) -> Vec<&'a Evidence> {
        match (basis, view.target) {
            (Basis::Privilege | Basis::Identity, Some(target)) => {
                identity::OfIdentity::evidence(target, basis)
            }
            _ => vec![&view.trust.evidence],
        }
    }

    fn confidence(view: &TrustView<'_>, basis: Basis) -> Confidence {
        match (basis, view.target) {
            (Basis::Privilege, Some(target)) => identity::OfIdentity::confidence(target, basis),
            _ => Confidence::High,
        }
    }
}

fn principal_kind<'a>(principal: &TrustPrincipal) -> Value<'a> {
    let name = match principal {
        TrustPrincipal::Anyone => "anyone",
        TrustPrincipal::Account(_) => "account",
        TrustPrincipal::Principal(_) => "principal",
        TrustPrincipal::Service(_) => "service",
        TrustPrincipal::Federated(_) => "federated",
        TrustPrincipal::Other(_) => "other",
    };
    word(&PRINCIPAL_KIND, name)
}

fn principal<'a>(principal: &'a TrustPrincipal) -> Value<'a> {
    Value::text(Some(match principal {
        TrustPrincipal::Anyone => "*",
        TrustPrincipal::Account(text)
        | TrustPrincipal::Principal(text)
        | TrustPrincipal::Service(text)
        | TrustPrincipal::Federated(text)
        | TrustPrincipal::Other(text) => text,
    }))
}

fn of<'a>(view: &TrustView<'a>, read: fn(&IdentityView<'a>) -> Value<'a>) -> Value<'a> {
    view.target.map_or(Value::Unknown, read)
}

/// The condition keys that some value does not satisfy. `"StringLike": {"…:sub": "*"}` keeps nobody out.
fn limiting(trust: &Trust) -> Vec<&str> {
    let block: serde_json::Value = trust
        .condition
        .as_deref()
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    let tests = || {
        let operators = block.as_object().into_iter().flatten();
        operators.flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, values)| (operator, key, values))
        })
    };
    let limits = |key: &&str| {
        let mut named = tests().filter(|(_, k, _)| k.eq_ignore_ascii_case(key));
        let mut seen = false;
        let closed = named.any(|(operator, _, values)| {
            seen = true;
            let operator = operator.to_ascii_lowercase();
            let open = match values {
                serde_json::Value::Array(values) => values.iter().any(open),
                value => open(value),
            };
            !(open && operator.contains("like") && !operator.contains("not"))
        });
        closed || !seen
    };
    let keys = trust.condition_keys.iter().map(|key| &**key);
    keys.filter(limits).collect()
}

/// Whether any value, or any subject of a forge with repositories, is like this one.
fn open(value: &serde_json::Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    let rest = text.strip_prefix("repo:").unwrap_or(text);
    rest.contains('*') && rest.bytes().all(|b| b"*:/".contains(&b))
}

columns! { OfTrust;
    "id": Type::Text, Record, |v| Value::owned(v.id.to_string()), "Target, principal and statement.";
    "name": Type::Text, Record, |v| Value::owned(OfTrust::name(v).to_string()), "What a person calls it.";
    "principal_kind": Type::Enum(&PRINCIPAL_KIND), Record, |v| principal_kind(&v.trust.principal), "What sort of party is let in.";
    "principal": Type::Text, Record, |v| principal(&v.trust.principal), "Who: an account id, an ARN, a service, a provider; `*` for everyone.";
    "effect": Type::Enum(&EFFECT), Record, |v| word(&EFFECT, match v.trust.effect { Effect::Allow => "allow", Effect::Deny => "deny" }), "Lets in or shuts out.";
    "actions": Type::Texts, Record, |v| Value::list(v.trust.actions.iter().map(|a| &**a)), "The actions: `sts:AssumeRole`.";
    "cross_account": Type::Bool, Record, |v| Value::bool(v.trust.cross_account), "The party belongs to another account; unknown when that cannot be told.";
    "conditioned": Type::Bool, Record, |v| Value::Bool(v.trust.condition.is_some() && (v.trust.condition_keys.is_empty() || !limiting(v.trust).is_empty())), "The statement has a condition that keeps somebody out.";
    "condition_keys": Type::Texts, Record, |v| Value::list(limiting(v.trust)), "The condition keys that keep somebody out, lower case: one that any value satisfies is none.";
    "inside_organization": Type::Bool, Record, |v| Value::bool(v.trust.inside_organization), "The party's account belongs to the same organisation, as that organisation's records say.";
    "party.account": Type::Text, Record, party::account, "The account of the party, also that which a unique id carries.";
    "party.standing": Type::Enum(&STANDING), Record, party::standing, "Whose that account is: one's own (it is the same, or its export was read), of the organisation, of a service of AWS, of a known vendor, of an unknown party.";
    "party.vendor": Type::Text, Record, party::vendor_name, "The vendor whose account that is, where it is known.";
    "party.suspended": Type::Bool, Record, party::suspended, "The organisation lists that account as suspended or closed.";
    "party.missing": Type::Bool, Record, party::missing, "The party is one user or role that does not exist any more; unknown when its account was not read.";
    "party.itself": Type::Bool, Record, party::itself, "The role lets itself in.";
    "external_id": Type::Bool, Record, party::external_id, "`sts:ExternalId` is demanded.";
    "bound.organization": Type::Bool, Record, party::bound_to_organization, "The caller's organisation is demanded.";
    "bound.principal": Type::Bool, Record, party::bound_to_principal, "The caller's ARN, account, organisation or tags are demanded.";
    "bound.source": Type::Bool, Record, party::bound_to_source, "`aws:SourceArn`, `aws:SourceAccount` or the like is demanded.";
    "bound.certificate": Type::Bool, Record, party::bound_to_certificate, "Fields of the caller's certificate are demanded (Roles Anywhere).";
    "saml.audience": Type::Bool, Record, party::saml_audience, "`SAML:aud` is demanded; unknown for others than SAML providers.";
    "oidc.exposure": Type::Enum(&EXPOSURE), Record, party::exposure, "Whom tokens of an OIDC provider let in; unknown for other trusts.";
    "oidc.platform": Type::Text, Record, party::platform, "What the provider is called: `GitHub Actions`.";
    "oidc.flaws": Type::Texts, Record, party::flaws, "What is wrong with the condition on the tokens: `any-owner`, `no-subject`, `mutable-subject`, …";
    "oidc.reason": Type::Text, Record, party::reason, "The same in words.";
    "oidc.audience": Type::Bool, Record, party::audience, "The tokens' audience is demanded.";
    "oidc.workloads": Type::Texts, Record, party::workloads, "Who gets in, by name: `github-actions:acme/payments`.";
    "subjects": Type::Texts, Record, |v| Value::owned_list(v.trust.subjects().into_iter().map(|(s, _)| s)), "The subjects that are demanded of a token, as written.";
    "subjects.missing": Type::Texts, Record, |v| Value::owned_list(v.accounts.missing_subjects(v.trust)), "ServiceAccounts that it names and that are not there, of namespaces of which something was read.";
    "label": Type::Text, Record, |v| Value::text(Some(&v.trust.label)), "The statement's `Sid` or index.";
    "target": Type::Text, Record, |v| Value::text(Some(&v.trust.target.0)), "The id of the identity that can be assumed.";
    "target.name": Type::Text, Record, |v| of(v, identity::name), "Its name.";
    "target.platform": Type::Enum(&PLATFORM), Record, |v| v.target.map_or(Value::Unknown, |t| word(&PLATFORM, t.identity.platform.as_str())), "The platform of that identity.";
    "target.human": Type::Enum(&HUMANITY), Identity, |v| of(v, identity::human), "Whether a person acts through it.";
    "target.provider_managed": Type::Bool, Record, |v| of(v, identity::provider_managed), "It belongs to the platform's provider.";
    "target.owner": Type::Text, Identity, |v| of(v, identity::owner), "Its declared owner.";
    "target.owner.state": Type::Enum(&OWNER_STATE), Identity, |v| of(v, identity::owner_state), "Whose it is.";
    "target.tier": Type::Enum(&TIER), Privilege, |v| of(v, identity::tier), "Its highest privilege.";
    "target.tier.proof": Type::Text, Privilege, |v| of(v, identity::tier_proof), "What gives it that privilege, in words.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Document, IdentityId, Origin};

    #[test]
    fn a_condition_that_anything_satisfies_keeps_nobody_out() {
        let limited = |operator: &str, value: &str| {
            let document = Document {
                origin: &Origin::file("details.json"),
                bytes: b"",
            };
            let trust = Trust {
                target: IdentityId::from("arn:aws:iam::111122223333:role/deploy"),
                principal: TrustPrincipal::Anyone,
                effect: Effect::Allow,
                actions: Vec::new(),
                condition: Some(format!(r#"{{"{operator}":{{"x:sub":{value}}}}}"#).into()),
                condition_keys: vec!["x:sub".into()],
                cross_account: None,
                inside_organization: None,
                grade: None,
                label: "Statement[0]".into(),
                evidence: document.whole("x"),
            };
            !limiting(&trust).is_empty()
        };
        assert!(limited("StringEquals", r#""*""#));
        assert!(limited("StringLike", r#""repo:acme/*""#));
        assert!(limited("StringNotLike", r#""*""#));
        assert!(!limited("StringLike", r#""*""#));
        assert!(!limited(
            "ForAnyValue:StringLike",
            r#"["repo:acme/api:*","repo:*"]"#
        ));
    }
}
