//! Grades every trust in an OIDC provider, with the denials of the same document.

use crate::model::{Effect, IdentityId, Inventory, Str, TokenGrade, Trust, TrustPrincipal};
use crate::platform::aws::oidc;
use crate::platform::federation::ANY_ISSUER;
use crate::platform::glob;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Joins. Idempotent.
pub fn link(inventory: &mut Inventory) {
    let mut denials: BTreeMap<&IdentityId, Vec<&Trust>> = BTreeMap::new();
    for trust in &inventory.trusts {
        if trust.effect == Effect::Deny && takes_tokens(trust) {
            denials.entry(&trust.target).or_default().push(trust);
        }
    }
    let grades: Vec<_> = inventory
        .trusts
        .iter()
        .map(|trust| {
            let beside = denials.get(&trust.target).map_or(&[][..], Vec::as_slice);
            grade(trust, beside).map(Arc::new)
        })
        .collect();
    if grades.iter().all(Option::is_none) {
        return;
    }
    let trusts = std::mem::take(&mut inventory.trusts);
    let graded = trusts
        .into_iter()
        .zip(grades)
        .map(|(trust, grade)| Trust { grade, ..trust });
    inventory.trusts = graded.collect();
}

/// The action by which tokens are taken; other platforms' trusts are about nothing else.
const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

fn takes_tokens(trust: &Trust) -> bool {
    if !of_aws(trust) {
        return true;
    }
    let mut actions = trust.actions.iter();
    actions.any(|a| glob::matches(&a.to_ascii_lowercase(), "sts:assumerolewithwebidentity"))
}

fn of_aws(trust: &Trust) -> bool {
    trust.target.0.starts_with("arn:")
}

fn grade(trust: &Trust, denials: &[&Trust]) -> Option<TokenGrade> {
    if trust.effect != Effect::Allow {
        return None;
    }
    let provider: &str = match &trust.principal {
        TrustPrincipal::Federated(provider) if !provider.contains(":saml-provider/") => provider,
        // Everybody, also with any provider's token: whose claims are asked for tells which is meant.
        TrustPrincipal::Anyone if takes_tokens(trust) => {
            let mut keys = trust.condition_keys.iter();
            keys.find_map(|key| {
                let (provider, claim) = key.rsplit_once(':')?;
                (claim == "sub" || claim == "aud").then_some(provider)
            })?
        }
        _ => return None,
    };
    let of_provider = denials.iter().filter(|deny| match &deny.principal {
        TrustPrincipal::Anyone => true,
        TrustPrincipal::Federated(id) => **id == *provider,
        _ => false,
    });
    let denies: Vec<Option<&str>> = of_provider.map(|deny| deny.condition.as_deref()).collect();
    let condition = trust.condition.as_deref();
    let mut grade = if of_aws(trust) {
        oidc::grade(provider, &trust.actions, condition, &denies)
    } else {
        // Nothing tells whose tokens they are: those of a cluster have their own form.
        let clusters = provider == ANY_ISSUER;
        let accounts = || {
            let subjects = trust.subjects();
            let mut subjects = subjects.iter();
            subjects.any(|(subject, _)| subject.starts_with("system:serviceaccount:"))
        };
        if clusters && !accounts() {
            return None;
        }
        oidc::grade(provider, &[Str::from(ACTION)], condition, &denies)
    };
    if trust.target.0.starts_with("gcp:") {
        // The pool's own audience is asked for in any case.
        grade.audience = true;
        grade.flaws.remove(&oidc::Flaw::NoAudience);
    }
    let flaws = grade.flaws.iter();
    Some(TokenGrade {
        exposure: grade.exposure.as_str(),
        platform: grade.platform,
        flaws: flaws.map(|flaw| (flaw.as_str(), flaw.describe())).collect(),
        serves: grade
            .serves
            .iter()
            .map(|name| name.as_str().into())
            .collect(),
        audience: grade.audience,
    })
}
