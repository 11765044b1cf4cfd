//! From the policy language to the model's words, for readers of policies.

use crate::model::{Effect, Matcher, TrustPrincipal};
use crate::platform::aws::arn::{Arn, is_account};
use crate::platform::aws::policy::{Principal, Selection, Statement};

pub(super) fn effect(statement: &Statement) -> Effect {
    if statement.allow {
        Effect::Allow
    } else {
        Effect::Deny
    }
}

pub(super) fn matcher(selection: &Selection) -> Matcher {
    let patterns = selection.patterns.iter();
    let patterns = patterns.map(|p| p.as_str().into()).collect();
    if selection.negated {
        Matcher::NotIn(patterns)
    } else {
        Matcher::In(patterns)
    }
}

/// What a principal of a resource's or a trust policy means.
pub(super) fn principal(principal: &Principal) -> TrustPrincipal {
    let value = principal.value.as_str();
    let text = || value.into();
    match principal.kind.as_str() {
        "*" => TrustPrincipal::Anyone,
        "AWS" if value == "*" => TrustPrincipal::Anyone,
        "AWS" if is_account(value) => TrustPrincipal::Account(text()),
        "AWS" => match Arn::parse(value) {
            Some(arn) if arn.resource == "root" && arn.customer().is_some() => {
                TrustPrincipal::Account(arn.account.into())
            }
            _ => TrustPrincipal::Principal(text()),
        },
        "Service" => TrustPrincipal::Service(text()),
        "Federated" => TrustPrincipal::Federated(text()),
        kind => TrustPrincipal::Other(format!("{kind}:{value}").into()),
    }
}

/// Whether a principal is of another account than the role it is let into.
pub(super) fn crosses(principal: &TrustPrincipal, account: &str) -> Option<bool> {
    match principal {
        TrustPrincipal::Anyone => Some(true),
        TrustPrincipal::Account(id) => Some(&**id != account),
        TrustPrincipal::Principal(id) | TrustPrincipal::Federated(id) => {
            Some(Arn::parse(id)?.customer()? != account)
        }
        TrustPrincipal::Service(_) => Some(false),
        TrustPrincipal::Other(_) => None,
    }
}
