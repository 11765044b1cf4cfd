//! The party that a trust lets in, and what the statement demands of it.

use super::trust::TrustView;
use crate::check::accounts::Accounts;
use crate::check::schema::{EXPOSURE, STANDING, word};
use crate::check::value::Value;
use crate::model::{Effect, Trust, TrustPrincipal};
use crate::platform::aws::oidc::{self, Flaw, Grade};
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
pub(super) fn grade<'v>(view: &'v TrustView<'_>) -> Option<&'v Grade> {
    view.grade.get_or_init(|| graded(view)).as_ref()
}

fn graded(view: &TrustView<'_>) -> Option<Grade> {
    let trust = view.trust;
    if trust.effect != Effect::Allow {
        return None;
    }
    let web = |trust: &Trust| {
        let action = |a: &crate::model::Str| {
            glob::matches(&a.to_ascii_lowercase(), "sts:assumerolewithwebidentity")
        };
        trust.actions.iter().any(action)
    };
    let provider = match &trust.principal {
        TrustPrincipal::Federated(provider) if !provider.contains(":saml-provider/") => {
            provider.to_string()
        }
        // Everybody, also with any provider's token: whose claims are asked for tells which is meant.
        TrustPrincipal::Anyone if web(trust) => {
            let mut keys = trust.condition_keys.iter();
            let key = keys.find_map(|key| {
                let (provider, claim) = key.rsplit_once(':')?;
                (claim == "sub" || claim == "aud").then(|| provider.to_owned())
            });
            key?
        }
        _ => return None,
    };
    let of_provider = |other: &&&Trust| {
        other.effect == Effect::Deny
            && web(other)
            && match &other.principal {
                TrustPrincipal::Anyone => true,
                TrustPrincipal::Federated(id) => **id == *provider,
                _ => false,
            }
    };
    let all = view.accounts.trusts(&trust.target);
    let denies: Vec<Option<&str>> = all
        .iter()
        .filter(of_provider)
        .map(|deny| deny.condition.as_deref())
        .collect();
    Some(oidc::grade(
        &provider,
        &trust.actions,
        trust.condition.as_deref(),
        &denies,
    ))
}

pub(super) fn exposure<'v>(view: &'v TrustView<'_>) -> Value<'v> {
    grade(view).map_or(Value::Unknown, |g| word(&EXPOSURE, g.exposure.as_str()))
}

pub(super) fn flaws<'v>(view: &'v TrustView<'_>) -> Value<'v> {
    grade(view).map_or(Value::Unknown, |g| {
        Value::list(g.flaws.iter().map(|flaw| flaw.as_str()))
    })
}

pub(super) fn reason<'v>(view: &'v TrustView<'_>) -> Value<'v> {
    // What is missing beside is told by its own attribute.
    let why = |g: &Grade| {
        let all = g
            .flaws
            .iter()
            .filter(|flaw| !matches!(flaw, Flaw::NoAudience | Flaw::MutableSubject));
        let all: Vec<&str> = all.map(|flaw| flaw.describe()).collect();
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
        Value::list(g.serves.iter().map(String::as_str))
    })
}
