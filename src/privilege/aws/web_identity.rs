//! Whether a role lets a Kubernetes ServiceAccount in that presents a token of its cluster.

use super::condition::{Condition, Verdict};
use crate::model::{Certainty, Effect, IdentityId, Inventory, Trust, TrustPrincipal};
use crate::platform::glob;
use std::collections::BTreeSet;

/// The action by which a token of an OIDC provider is exchanged for a role.
const ACTION: &str = "sts:assumerolewithwebidentity";
/// The audience that clusters ask tokens for unless an annotation says otherwise.
const AUDIENCE: &str = "sts.amazonaws.com";

/// What a role's trust policy says to a ServiceAccount.
pub(in crate::privilege) enum Entrance<'i> {
    /// No export says who may assume the role.
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
}

impl Entrance<'_> {
    /// How firmly it is open.
    pub(in crate::privilege) fn certainty(&self) -> Certainty {
        match self {
            Self::Open { keys, .. } if keys.is_empty() => Certainty::Certain,
            Self::Open { .. } => Certainty::Conditional,
            Self::Unread | Self::Shut => Certainty::Unresolved,
        }
    }
}

/// What the trust policies of these roles say to a ServiceAccount. Which of an account's OIDC providers is
/// the cluster's, manifests do not tell: any will do.
pub(in crate::privilege) fn entrance<'i>(
    inventory: &'i Inventory,
    role: &IdentityId,
    namespace: &str,
    name: &str,
) -> Entrance<'i> {
    let subject = format!("system:serviceaccount:{namespace}:{name}");
    let mut read = false;
    let mut barred = BTreeSet::new();
    let mut best: Option<(&Trust, BTreeSet<String>)> = None;
    for trust in inventory.trusts.iter().filter(|t| t.target == *role) {
        read = true;
        let mut actions = trust.actions.iter().map(|a| a.to_ascii_lowercase());
        if !actions.any(|a| glob::matches(&a, ACTION)) {
            continue;
        }
        let keys = match judge(trust, &subject) {
            Verdict::Holds => BTreeSet::new(),
            Verdict::Fails => continue,
            Verdict::Depends(keys) => keys,
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

/// Whether a statement speaks of a bearer of the subject's token.
fn judge(trust: &Trust, subject: &str) -> Verdict {
    let provider = match &trust.principal {
        TrustPrincipal::Anyone => None,
        TrustPrincipal::Federated(arn) => match arn.split_once(":oidc-provider/") {
            Some((_, provider)) => Some(provider.to_ascii_lowercase()),
            None => return Verdict::Fails,
        },
        _ => return Verdict::Fails,
    };
    let condition = trust.condition.as_deref().map(Condition::new);
    let Some(provider) = provider else {
        // Anybody's provider: what its tokens' claims are called is not known.
        return match condition {
            Some(condition) => condition.judge(&[]),
            None => Verdict::Holds,
        };
    };
    let Some(condition) = condition else {
        return Verdict::Holds;
    };
    let (sub, aud) = (format!("{provider}:sub"), format!("{provider}:aud"));
    let known = [(sub.as_str(), subject)];
    // An audience other than the usual one may have been asked for.
    let usual = condition.judge(&[(&sub, subject), (&aud, AUDIENCE)]);
    match usual {
        Verdict::Fails => condition.judge(&known),
        other => other,
    }
}
