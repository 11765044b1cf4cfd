//! The party that a trust lets in, and what the statement demands of it.

use super::trust::TrustView;
use crate::check::accounts::Accounts;
use crate::check::schema::{EXPOSURE, STANDING, word};
use crate::check::value::Value;
use crate::model::{TokenGrade, Trust, TrustPrincipal};
use crate::platform::aws::oidc::Flaw;
use crate::platform::aws::vendors::{Vendor, vendor};
use crate::platform::glob;
use serde_json::Value as Json;

/// The account of the party, of whatever sort it is.
pub(super) fn account<'a>(view: &TrustView<'a>) -> Value<'a> {
    let account = Accounts::account_of(&view.trust.principal);
    Value::owned(account.unwrap_or_default())
}

fn known(view: &TrustView<'_>) -> Option<&'static Vendor> {
    vendor(&Accounts::account_of(&view.trust.principal)?)
}

/// The vendor's name.
pub(super) fn vendor_name<'a>(view: &TrustView<'a>) -> Value<'a> {
    Value::text(known(view).filter(|v| !v.aws).map(|v| &*v.name))
}

/// Whose the party's account is.
pub(super) fn standing<'a>(view: &TrustView<'a>) -> Value<'a> {
    let Some(account) = Accounts::account_of(&view.trust.principal) else {
        return Value::Unknown;
    };
    let trust = view.trust;
    let name = if trust.cross_account == Some(false) || view.accounts.read(&account) {
        "own"
    } else if trust.inside_organization == Some(true) || view.accounts.member(&account).is_some() {
        "organization"
    } else {
        match vendor(&account) {
            Some(vendor) if vendor.aws => "aws",
            Some(_) => "vendor",
            None => "unknown-party",
        }
    };
    word(&STANDING, name)
}

/// Whether the party's account was closed.
pub(super) fn suspended<'a>(view: &TrustView<'a>) -> Value<'a> {
    let account = Accounts::account_of(&view.trust.principal);
    let status = account
        .and_then(|account| view.accounts.member(&account))
        .and_then(|node| node.status);
    Value::bool(status.map(|status| !status.eq_ignore_ascii_case("active")))
}

/// Whether the party, one principal, is no longer there.
pub(super) fn missing<'a>(view: &TrustView<'a>) -> Value<'a> {
    match &view.trust.principal {
        TrustPrincipal::Principal(id) => Value::bool(view.accounts.missing(id)),
        _ => Value::Bool(false),
    }
}

/// Whether the role trusts itself.
pub(super) fn itself<'a>(view: &TrustView<'a>) -> Value<'a> {
    let named = |id: &str| {
        id == &*view.trust.target.0
            || view
                .target
                .is_some_and(|t| t.identity.aliases.iter().any(|alias| &**alias == id))
    };
    Value::Bool(matches!(&view.trust.principal, TrustPrincipal::Principal(id) if named(id)))
}

/// Whether the statement demands one of these keys of whoever comes: a test that fails without the key, and that
/// not every value satisfies. A name may end with `*`.
fn demands(trust: &Trust, keys: &[&str]) -> bool {
    let block: Json = trust
        .condition
        .as_deref()
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    for (operator, tests) in block.as_object().into_iter().flatten() {
        let operator = operator.to_ascii_lowercase();
        let positive = !operator.contains("not")
            && !operator.ends_with("ifexists")
            && !operator.starts_with("forallvalues:")
            && operator != "null";
        for (key, values) in tests.as_object().into_iter().flatten() {
            let key = key.to_ascii_lowercase();
            if !keys.iter().any(|wanted| glob::matches(wanted, &key)) {
                continue;
            }
            let open = |value: &Json| {
                let text = value.as_str().unwrap_or_default();
                text.is_empty() || text.chars().all(|c| c == '*')
            };
            let like = operator.contains("like") || operator.contains("arn");
            let any = match values {
                Json::Array(values) => values.is_empty() || values.iter().any(open),
                value => open(value),
            };
            if positive && !(like && any) {
                return true;
            }
        }
    }
    false
}

pub(super) fn external_id<'a>(view: &TrustView<'a>) -> Value<'a> {
    Value::Bool(demands(view.trust, &["sts:externalid"]))
}

pub(super) fn bound_to_organization<'a>(view: &TrustView<'a>) -> Value<'a> {
    let keys = [
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceorgid",
    ];
    Value::Bool(demands(view.trust, &keys))
}

pub(super) fn bound_to_principal<'a>(view: &TrustView<'a>) -> Value<'a> {
    let keys = [
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principaltag/*",
        "aws:userid",
        "aws:username",
    ];
    Value::Bool(demands(view.trust, &keys))
}

pub(super) fn bound_to_source<'a>(view: &TrustView<'a>) -> Value<'a> {
    let keys = [
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
    ];
    Value::Bool(demands(view.trust, &keys))
}

pub(super) fn bound_to_certificate<'a>(view: &TrustView<'a>) -> Value<'a> {
    Value::Bool(demands(view.trust, &["aws:principaltag/x509*"]))
}

pub(super) fn saml_audience<'a>(view: &TrustView<'a>) -> Value<'a> {
    match &view.trust.principal {
        TrustPrincipal::Federated(provider) if provider.contains(":saml-provider/") => {
            Value::Bool(demands(view.trust, &["saml:aud"]))
        }
        _ => Value::Unknown,
    }
}

/// How far a trust in an OIDC provider goes; `None` for other trusts.
fn grade<'v>(view: &'v TrustView<'_>) -> Option<&'v TokenGrade> {
    view.trust.grade.as_deref()
}

pub(super) fn exposure<'v>(view: &'v TrustView<'_>) -> Value<'v> {
    grade(view).map_or(Value::Unknown, |g| word(&EXPOSURE, g.exposure))
}

pub(super) fn flaws<'v>(view: &'v TrustView<'_>) -> Value<'v> {
    grade(view).map_or(Value::Unknown, |g| {
        Value::list(g.flaws.iter().map(|(name, _)| *name))
    })
}

pub(super) fn reason<'v>(view: &'v TrustView<'_>) -> Value<'v> {
    // What is missing beside is told by its own attribute.
    let why = |g: &TokenGrade| {
        let beside = [Flaw::NoAudience.as_str(), Flaw::MutableSubject.as_str()];
        let all = g.flaws.iter().filter(|(name, _)| !beside.contains(name));
        let all: Vec<&str> = all.map(|(_, meaning)| *meaning).collect();
        all.join("; ")
    };
    Value::owned(grade(view).map(why).unwrap_or_default())
}

pub(super) fn platform<'v>(view: &'v TrustView<'_>) -> Value<'v> {
    Value::text(grade(view).map(|g| g.platform))
}

pub(super) fn audience<'v>(view: &'v TrustView<'_>) -> Value<'v> {
    grade(view).map_or(Value::Unknown, |g| Value::Bool(g.audience))
}

pub(super) fn workloads<'v>(view: &'v TrustView<'_>) -> Value<'v> {
    grade(view).map_or(Value::Unknown, |g| {
        Value::list(g.serves.iter().map(|name| &**name))
    })
}
