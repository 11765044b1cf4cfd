//! Trusts as conditions see them.

use super::columns;
use super::identity::{self, IdentityView};
use crate::check::schema::{
    Basis, Column, EFFECT, HUMANITY, OWNER_STATE, PRINCIPAL_KIND, Subject, SubjectKind, TIER, Type,
    word,
};
use crate::check::value::Value;
use crate::model::{Confidence, Effect, Evidence, Str, SubjectId, Trust, TrustPrincipal};

/// A trust with the identity that can be assumed.
pub(in crate::check) struct TrustView<'a> {
    pub trust: &'a Trust,
    pub id: Str,
    pub target: Option<&'a IdentityView<'a>>,
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

columns! { OfTrust;
    "id": Type::Text, Record, |v| Value::owned(v.id.to_string()), "Target, principal and statement.";
    "name": Type::Text, Record, |v| Value::owned(OfTrust::name(v).to_string()), "What a person calls it.";
    "principal_kind": Type::Enum(&PRINCIPAL_KIND), Record, |v| principal_kind(&v.trust.principal), "What sort of party is let in.";
    "principal": Type::Text, Record, |v| principal(&v.trust.principal), "Who: an account id, an ARN, a service, a provider; `*` for everyone.";
    "effect": Type::Enum(&EFFECT), Record, |v| word(&EFFECT, match v.trust.effect { Effect::Allow => "allow", Effect::Deny => "deny" }), "Lets in or shuts out.";
    "actions": Type::Texts, Record, |v| Value::list(v.trust.actions.iter().map(|a| &**a)), "The actions: `sts:AssumeRole`.";
    "cross_account": Type::Bool, Record, |v| Value::bool(v.trust.cross_account), "The party belongs to another account; unknown when that cannot be told.";
    "conditioned": Type::Bool, Record, |v| Value::Bool(v.trust.condition.is_some()), "The statement has a condition.";
    "condition_keys": Type::Texts, Record, |v| Value::list(v.trust.condition_keys.iter().map(|k| &**k)), "The condition keys it names, lower case.";
    "label": Type::Text, Record, |v| Value::text(Some(&v.trust.label)), "The statement's `Sid` or index.";
    "target": Type::Text, Record, |v| Value::text(Some(&v.trust.target.0)), "The id of the identity that can be assumed.";
    "target.name": Type::Text, Record, |v| of(v, identity::name), "Its name.";
    "target.human": Type::Enum(&HUMANITY), Identity, |v| of(v, identity::human), "Whether a person acts through it.";
    "target.provider_managed": Type::Bool, Record, |v| of(v, identity::provider_managed), "It belongs to the platform's provider.";
    "target.owner": Type::Text, Identity, |v| of(v, identity::owner), "Its declared owner.";
    "target.owner.state": Type::Enum(&OWNER_STATE), Identity, |v| of(v, identity::owner_state), "Whose it is.";
    "target.tier": Type::Enum(&TIER), Privilege, |v| of(v, identity::tier), "Its highest privilege.";
}
